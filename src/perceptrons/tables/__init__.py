"""Tables as people have them: read right, or a sentence that says why not.

>>> from perceptrons.tables import TableEncoder, read  # doctest: +SKIP
>>> houses = read("houses.csv")  # doctest: +SKIP
>>> Z = TableEncoder().fit_transform(houses.frame)  # doctest: +SKIP
"""

from perceptrons.tables.column import Column
from perceptrons.tables.encoder import TableEncoder
from perceptrons.tables.errors import DataError
from perceptrons.tables.read import Table, read
from perceptrons.tables.surprises import TableWarning

__all__ = ["Column", "DataError", "Table", "TableEncoder", "TableWarning", "read"]
