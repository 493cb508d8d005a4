"""Types of the compiled kernels (kernels/module.cpp)."""

from typing import Any

def codes() -> dict[str, dict[str, int]]:
    """Return the codes of each table, by name."""

def instruction_sets() -> list[str]:
    """Return what this processor can run, best first."""

def interrupt(on: bool) -> None:
    """End every epoch under way, while on."""

Features32: Any
Features64: Any
Network32: Any
Network64: Any
