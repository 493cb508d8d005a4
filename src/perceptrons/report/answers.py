"""Cells that answer a question: what they say, and how they look."""

from __future__ import annotations

from dataclasses import dataclass

_WORDS = {True: "yes", False: "no", None: "not decidable"}


@dataclass(frozen=True)
class Answer:
    """Whether the report's numbers and ours say the same, and why.

    Parameters
    ----------
    holds : bool or None
        None: not decidable.
    why : str
    """

    holds: bool | None
    why: str

    def __str__(self) -> str:
        """Write it as the page and its files do."""
        return f"{_WORDS[self.holds]}: {self.why}"


@dataclass(frozen=True)
class Ending:
    """How the runs of a row ended.

    Parameters
    ----------
    words : str
    diverged : bool
        Whether one of them did.
    """

    words: str
    diverged: bool

    def __str__(self) -> str:
        """Write it as the page and its files do."""
        return self.words


def same(theirs: bool | None, here: bool | None, what: str) -> Answer:
    """Say whether a question has the same answer in the report and here.

    Parameters
    ----------
    theirs, here : bool or None
        The answers of both; None for a tie.
    what : str
        What is asked, after "both", "neither" or "only ours".
    """
    if theirs is None or here is None:
        return Answer(None, "the printed ties" if theirs is None else "ours ties")
    if theirs == here:
        return Answer(True, f"{'both' if here else 'neither'} {what}")
    return Answer(False, f"only {'ours' if here else 'the printed'} {what}")
