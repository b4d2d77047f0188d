"""A change of the schema that breaks somebody's document is named, and is passed only when the manual announces it."""

import pytest

from tests.api.schema_changes import breaking

BEFORE = """
type Query { site(id: ID!): Site  me: Site! }
type Site { name(short: Boolean): String!  kind: Kind  thing: Thing }
enum Kind { OLD NEW }
union Thing = Site | Lock
type Lock { name: String! }
input Making { name: String! }
type Mutation { make(input: Making): Lock }
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("type Lock { name: String! }", "type Lock { label: String! }", "Lock.name"),
        ("me: Site!", "me: Site", "Query.me"),
        ("enum Kind { OLD NEW }", "enum Kind { NEW }", "Kind.OLD"),
        ("union Thing = Site | Lock", "union Thing = Site", "Thing.Lock"),
        ("name(short: Boolean)", "name", "Site.name(short:)"),
        ("site(id: ID!)", "site(id: ID!, day: Int!)", "Query.site(day:)"),
        ("input Making { name: String! }", "input Making { name: String! by: ID! }", "Making.by"),
        ("input: Making)", "input: Making!)", "Mutation.make(input:)"),
    ],
)
def test_a_change_that_breaks_is_named_by_its_old_place(old: str, new: str, place: str) -> None:
    """Alone in the first column of a table, or with all that its type had, it is announced; elsewhere it is not."""
    after = BEFORE.replace(old, new)
    whole = place.split(".", maxsplit=1)[0]

    def known(manual: str) -> list[tuple[str, bool]]:
        return [(said.rsplit(": ", 1)[0], each) for said, each in breaking(BEFORE, after, manual)]

    assert known("") == known(f"It is called `{place}`.") == [(place, False)]
    assert known(f"| `Some.other` | `{place}` |\n") == [(place, False)]
    assert known(f"| `{place}` | gone |\n") == [(place, True)]
    assert known(f"| `A`, `{whole}.*` | gone |\n") == [(place, True)]
    assert known(f"| `{whole}` | gone |\n") == [(place, True)]


def test_what_is_added_breaks_nobody() -> None:
    """A field, a value, an optional argument."""
    more = BEFORE.replace("OLD NEW", "OLD NEW NEWEST").replace("kind: Kind", "kind: Kind at: Int")
    assert (
        list(breaking(BEFORE, more.replace("short: Boolean", "short: Boolean, cut: Int"), "")) == []
    )
