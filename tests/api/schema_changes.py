"""What a change of the schema breaks for those who wrote against the last commit of main, and whether that was meant.

`python -m tests.api.schema_changes` is a part of `make check`: it names each breaking change, and fails for one whose
old place is not in the first column of a table in docs/api.md.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from graphql import BreakingChange, build_schema, find_breaking_changes

ROOT = Path(__file__).parents[2]
BASES = ("main", "origin/main", "HEAD")
"""What is compared with: the first of these that there is."""
_PLACE = re.compile(
    r"(?:Field |Argument |Enum value |Standard scalar |Directive |A required (?:argument|field) )?"
    r"(@?\w+(?:\.\w+)?(?:\(\w+:\))?)"
)
_OF_UNION = re.compile(r"(\w+) was removed from union type (\w+)")


def place_of(change: BreakingChange) -> str:
    """What it is about, as a schema coordinate: `Lock`, `Lock.name`, `Site.pins(status:)`; of a union, its member."""
    member = _OF_UNION.match(change.description)
    if member:
        return f"{member[2]}.{member[1]}"
    found = _PLACE.match(change.description)
    return found[1] if found else change.description


def announced(manual: str) -> list[str]:
    """The old places in the first columns of the manual's tables; `*` stands for any name."""
    firsts = re.findall(r"^\| (.+?) \|", manual, re.MULTILINE)
    return [name for first in firsts for name in re.findall(r"`([^`]+)`", first)]


def breaking(old: str, new: str, manual: str) -> Iterator[tuple[str, bool]]:
    """Each breaking change in words, and whether the manual announces it."""
    names = announced(manual)
    for change in find_breaking_changes(build_schema(old), build_schema(new)):
        place = place_of(change)
        known = any(fnmatchcase(place, name) for name in names)
        known = known or any(fnmatchcase(place.split(".")[0], name) for name in names)
        yield f"{place}: {change.description}", known


def _last() -> str | None:
    """The schema of the last commit of main; None where there is no repository."""
    for base in BASES:
        shown = subprocess.run(
            ["git", "show", f"{base}:schema.graphql"],
            cwd=ROOT,
            capture_output=True,
            check=False,
            text=True,
        )
        if shown.returncode == 0:
            return shown.stdout
    return None


def main() -> int:
    """Prints the breaking changes; the exit code is 1 where one is not announced."""
    last = _last()
    if last is None:
        print("no commit to compare the schema with")
        return 0
    manual = (ROOT / "docs" / "api.md").read_text("utf-8")
    found = list(breaking(last, (ROOT / "schema.graphql").read_text("utf-8"), manual))
    for said, known in found:
        print(f"breaks {said}" + ("" if known else " Not in docs/api.md: say what to write now."))
    return 0 if all(known for _, known in found) else 1


if __name__ == "__main__":
    sys.exit(main())
