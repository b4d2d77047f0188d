"""docs/security.md names for each promise the tests that show it: they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_test_that_the_threat_model_names_is_there() -> None:
    """And each promise names at least one; so do the two documents at the root."""
    told = (ROOT / "docs/security.md").read_text()
    promises = told.partition("## What is promised")[2].partition("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 14
    assert all("`tests/" in row for row in rows)
    named = {
        name
        for document in ("docs/security.md", "SECURITY.md", "CONTRIBUTING.md", "docs/operating.md")
        for name in re.findall(r"`((?:tests|docs)/[\w/.-]+)`", (ROOT / document).read_text())
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
