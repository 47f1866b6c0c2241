"""What a sink can do is asked with isinstance() and a protocol, on every version of Python."""

from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "photonctl"


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: path.name)
def test_no_class_passes_on_the_attributes_of_another_one(path):
    # Since Python 3.12 isinstance() doesn't see what __getattr__ gives.
    assert "    def __getattr__" not in path.read_text()
