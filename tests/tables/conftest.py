"""What the tests of tables share."""

import pytest


@pytest.fixture
def write(tmp_path):
    """Return what writes a file, by its content, and returns its path."""

    def to(content, name="table.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return to
