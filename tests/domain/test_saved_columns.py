"""What is saved was decided on a row that nobody else changes meanwhile: each save names its columns, and the row is held.

A row that is saved whole writes back what somebody else has changed since it was read; one that was read and not held says
what was so, not what is.
"""

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


def saves_of_rows_not_held(source: str) -> Iterator[int]:
    """The lines that save a row which the same function has asked a table for, in place of `lock_row` or what calls it."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.AsyncFunctionDef):
            read = set(_read(function))
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "save"
                    and "update_fields" in {each.arg for each in node.keywords}
                    and _root(node.func.value) in read
                ):
                    yield node.lineno


def _read(function: ast.AsyncFunctionDef) -> Iterator[str]:
    """The names that are given what a table answers, and those that go through such an answer."""
    given: list[tuple[ast.expr, ast.expr]] = []
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            given += [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.For | ast.AsyncFor):
            given.append((node.target, node.iter))
    for target, value in given:
        if isinstance(target, ast.Name) and _asks_a_table(value):
            yield target.id
            for other, source in given:
                if isinstance(source, ast.Name) and source.id == target.id:
                    yield _root(other)


def _asks_a_table(value: ast.expr) -> bool:
    asked = value.value if isinstance(value, ast.Await) else value
    return isinstance(asked, ast.Call) and _root(asked)[:1].isupper() and _root(asked) != ""


def _root(node: ast.expr) -> str:
    """The name at the beginning of `name.attribute(...).attribute`; empty for anything else."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", SOURCES)
def test_every_row_that_is_saved_was_held(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    lines = [f"{path}:{line}" for line in saves_of_rows_not_held(source)]
    assert lines == [], "hold the row with lock_row or lock_rows, and decide on what they return"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["row = await Reader.get(id=1)", "await row.save(update_fields=['name'])"], True),
        (["row = await Reader.get_or_none(id=1)", "await row.save(update_fields=['name'])"], True),
        (["row = await Reader.filter(id=1).first()", "await row.save(update_fields=[])"], True),
        (
            [
                "rows = await Reader.all()",
                "for row in rows:",
                "  await row.save(update_fields=['name'])",
            ],
            True,
        ),
        (
            ["for row in await Reader.all():", "  await row.save(update_fields=['name'])"],
            True,
        ),
        (["row = await lock_row(Reader, 1)", "await row.save(update_fields=['name'])"], False),
        (["row = await _held_reader(by)", "await row.save(update_fields=['name'])"], False),
        (["row = Reader(id=1)", "await row.save(force_create=True)"], False),
    ],
)
def test_what_counts_as_saving_a_row_that_is_not_held(lines: list[str], found: bool) -> None:
    source = "\n  ".join(["async def change():", *lines])
    assert bool([*saves_of_rows_not_held(source)]) is found


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
