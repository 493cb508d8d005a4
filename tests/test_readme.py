"""The README: its examples print what it says, its commands exist, and it is short."""

import doctest
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perceptrons.cli import app

README = Path(__file__).parents[1] / "README.md"

pytestmark = pytest.mark.skipif(
    not README.exists(), reason="no README beside the tests"
)


def test_examples_print_what_the_readme_says():
    outcome = doctest.testfile(str(README), module_relative=False)
    assert outcome.attempted >= 10
    assert outcome.failed == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_page_on_quantiles_prints_what_it_says():
    page = README.parent / "docs" / "quantiles.md"
    outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted > 10
    assert outcome.failed == 0


def test_readme_has_at_most_100_lines():
    assert len(README.read_text().splitlines()) <= 100


def test_commands_of_the_readme_exist():
    used = set(re.findall(r"perceptrons (list|[a-z]+)", README.read_text()))
    known = {
        command.name or command.callback.__name__ for command in app.registered_commands
    }
    named = {word for word in used if f"`perceptrons {word}" in README.read_text()}
    assert named
    assert named <= known


@pytest.mark.parametrize("command", ["list", "report"])
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output
