"""A row that is saved whole writes back what somebody else has changed meanwhile: so each save names its columns."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    file.relative_to(ROOT).as_posix()
    for folder in ("domain", "api")
    for file in (ROOT / folder).rglob("*.py")
)
NAMED = {"update_fields", "force_create"}


def saves_of_whole_rows(source: str) -> Iterator[int]:
    """The lines that save a row without saying which columns, nor that it is new.

    A call with an argument by position is not a row's: it writes a picture to a file.
    """
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "save"
            and not node.args
            and not NAMED & {each.arg for each in node.keywords}
        ):
            yield node.lineno


@pytest.mark.parametrize("path", SOURCES)
def test_every_save_names_its_columns_or_creates(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    lines = [f"{path}:{line}" for line in saves_of_whole_rows(source)]
    assert lines == [], "name update_fields, or force_create for a new row"


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("row.save()", True),
        ("row.update_from_dict(given).save()", True),
        ("row.save(force_update=True)", True),
        ("row.save(update_fields=['name'])", False),
        ("row.save(force_create=True)", False),
        ("code.save(file, border=4)", False),
    ],
)
def test_what_counts_as_saving_a_whole_row(call: str, found: bool) -> None:
    assert bool([*saves_of_whole_rows(call)]) is found


def test_the_sources_are_found() -> None:
    assert "domain/locks/readers.py" in SOURCES
    assert "api/app.py" in SOURCES
