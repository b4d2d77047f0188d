"""Every folder of the program is a package: import-linter sees no other, and its contracts hold nothing there."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("package", ["api", "domain", "locksim", "smartpin"])
def test_every_folder_is_a_package(package: str) -> None:
    """Folders with Python files have an `__init__.py`, which says what is in them."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [
        each for each in sorted(folders) if not (each / "__init__.py").read_text().strip()
    ] == []
