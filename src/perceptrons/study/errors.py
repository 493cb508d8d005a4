"""What a study may end with."""

from __future__ import annotations


class ExperimentError(ValueError):
    """An experiment, or what was asked of it, cannot be run; the text says why."""
