"""A network as plain values, JSON and arrays, and back: what files and pickles hold.

The vocabulary is closed (:mod:`perceptrons.state.words`). An estimator hands over its
arguments and a record, :class:`Learned`, and gets the same back.
"""

from perceptrons.state.labels import Labels
from perceptrons.state.networks import FITTED, Learned, describe, restore
from perceptrons.state.training import Arrays, Header
from perceptrons.state.words import StateError

__all__ = [
    "FITTED",
    "Arrays",
    "Header",
    "Labels",
    "Learned",
    "StateError",
    "describe",
    "restore",
]
