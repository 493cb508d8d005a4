"""Real tables are read as their collection says that they are."""

import json
import os
from pathlib import Path

import pytest

from perceptrons.tables import TableEncoder, read

FOLDER = Path(os.environ.get("PERCEPTRONS_DATA", "../shared/data"))
SPLITS = FOLDER / "collection" / "splits.json"
SETS = json.loads(SPLITS.read_text())["sets"] if SPLITS.exists() else {}
#: Columns, cells that are missing, and columns of words.
TABLES = {
    "concrete": (9, 0, 0),
    "energy": (9, 0, 0),
    "mpg": (9, 6, 2),
    "penguins": (7, 19, 3),
    "titanic": (15, 869, 7),
    "wine-quality-red": (12, 0, 0),
}


@pytest.mark.skipif(not SETS, reason="set PERCEPTRONS_DATA to a folder of tables")
@pytest.mark.parametrize("name", SETS)
def test_a_table_of_the_collection_is_what_its_account_says(name):
    said = SETS[name]
    codes = said["categories"]
    table = read(FOLDER / "collection" / f"{name}.csv.gz", as_written=codes)
    X = table.frame.drop(columns=said["target"])
    assert table.told == []
    assert X.shape == (said["rows"], said["columns"])
    assert X.isna().sum().sum() == said["missing_cells"]
    assert [X[code].nunique() for code in codes] == said["category_levels"]
    kinds = {c.name: c.kind for c in TableEncoder(category=codes).fit(X).account_}
    assert kinds == {n: "category" if n in codes else "number" for n in X}


@pytest.mark.parametrize("name", TABLES)
def test_a_small_table_is_what_it_is_known_to_be(name):
    path = FOLDER / "tables" / f"{name}.csv"
    if not path.exists():
        pytest.skip("set PERCEPTRONS_DATA to a folder with tables/")
    frame = read(path).frame
    n_columns, n_missing, n_words = TABLES[name]
    assert frame.shape[1] == n_columns
    assert frame.isna().sum().sum() == n_missing
    assert sum(own.kind not in "iufb" for own in frame.dtypes) == n_words
