"""The domain names its own parameters in what it raises; their spelling is for the API (`api.schema.errors.spelled`)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import domain
from domain import errors

ROOT = Path(domain.__file__).parent
OF_A_FIELD = {"NotFound"} | {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.InvalidInput)
}


def named_fields() -> Iterator[tuple[str, str]]:
    """Each field that an error of the domain is given as a literal, with the place."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(field)), *_]):
                    if name in OF_A_FIELD:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", field


def test_errors_name_parameters_in_the_domains_own_spelling() -> None:
    """Lower case with underscores, a dot before what is inside another."""
    found = dict(named_fields())

    assert len(found) > 50
    assert {place: field for place, field in found.items() if field != field.lower()} == {}
