"""Which code a number comes from."""

import subprocess
import types

import pytest

from perceptrons import provenance


@pytest.fixture
def checkout(tmp_path):
    """Return a new checkout with one committed module."""
    module = tmp_path / "src" / "perceptrons" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("*.so\n")
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run(["git", *author, *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_checkout_is_its_commit(checkout):
    head = provenance.checked_out(checkout)
    assert len(head) == 12
    assert provenance.checked_out(checkout) == head
    (checkout / "notes.txt").write_text("outside src")
    (checkout / "src" / "built.so").write_text("ignored")
    assert provenance.checked_out(checkout) == head


@pytest.mark.parametrize("name", ["__init__.py", "new.py"])
def test_every_edit_is_a_commit_of_its_own(checkout, name):
    head = provenance.checked_out(checkout)
    path = checkout / "src" / "perceptrons" / name
    before = path.read_text() if path.exists() else None
    found = set()
    for text in ("x = 2\n", "x = 3\n"):
        path.write_text(text)
        found.add(provenance.checked_out(checkout))
    assert len(found) == 2
    assert all(words.startswith(f"{head} with local changes ") for words in found)
    if before is None:
        path.unlink()
    else:
        path.write_text(before)
    assert provenance.checked_out(checkout) == head


def test_a_folder_git_does_not_know_is_unknown(tmp_path):
    assert provenance.checked_out(tmp_path) == "unknown"


def test_git_wins_over_the_commit_of_an_older_build(checkout, monkeypatch):
    built = types.SimpleNamespace(commit_id="gfeedbeef")
    monkeypatch.setattr(provenance, "import_module", lambda name: built)
    module = checkout / "src" / "perceptrons" / "__init__.py"
    monkeypatch.setattr(provenance, "__file__", str(module))
    assert provenance.commit.__wrapped__() == provenance.checked_out(checkout)
    installed = checkout / "site-packages" / "perceptrons" / "__init__.py"
    monkeypatch.setattr(provenance, "__file__", str(installed))
    assert provenance.commit.__wrapped__() == "feedbeef"


def test_code_is_all_that_numbers_come_from_and_nothing_that_shows_them(tmp_path):
    for name in ("network.py", "engine/_kernels.so", "study/networks.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    before = provenance.hash_of_code(tmp_path)
    (tmp_path / "report" / "sections").mkdir(parents=True)
    (tmp_path / "cli").mkdir()
    for name in ("cli/options.py", "report/sections/rates.py", "study/README.md"):
        (tmp_path / name).write_text("other words")
    assert provenance.hash_of_code(tmp_path) == before
    for name in ("network.py", "engine/_kernels.so", "study/networks.py"):
        (tmp_path / name).write_text("2")
        after = provenance.hash_of_code(tmp_path)
        assert after != before
        before = after
