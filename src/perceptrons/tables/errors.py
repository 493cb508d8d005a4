"""What cannot be used of a table, said in a sentence."""

from __future__ import annotations


class DataError(ValueError):
    """Data that is refused; the message names what, why and the remedy."""
