"""The command ``perceptrons``, in installations with and without its packages."""

from __future__ import annotations

import sys

from perceptrons import extras


def main() -> None:
    """Run the command line, or say in one sentence what installs it."""
    try:
        with extras.study("The command perceptrons"):
            from perceptrons.cli import app
    except ModuleNotFoundError as error:
        sys.exit(str(error))
    app()


if __name__ == "__main__":
    main()
