"""The first picture: all that the API says of a site, asked for by walking the schema."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeGuard

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
)

from tests.serving import House
from tests.sim.mutations import kinds, mutations

LEFT_OUT = {"account", "code", "shareLinks", "qrSvg", "devices", "seats"}
"""What is dear to make and says nothing of doors."""
PAGE = 40
PAGE_WITHIN = 20


@dataclass
class Told:
    """Everything by its id: plain fields as they are, whatever has an id of its own as that id, lists of such as sets."""

    site: dict[str, Any]
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """All of one kind that are there, in the order of their making."""
        found = {
            key: each
            for key, each in self.nodes.items()
            if kind_in(key) == kind and each.get("state") != "REMOVED"
        }
        return dict(sorted(found.items()))


def kind_in(name: str) -> str:
    """The kind that an id begins with."""
    return name.rpartition("_")[0]


@cache
def listed() -> dict[str, str]:
    """The site's lists of what mutations name: kind by field."""
    named = {kind for each in mutations().values() for one in each.ids.values() for kind in one}
    kind_of = {each.name: kind for kind, each in kinds().items()}
    found = {}
    for name, shape in kinds()["site"].fields.items():
        connection = get_named_type(shape.type)
        if _is_page(connection):
            kind = kind_of.get(get_named_type(connection.fields["nodes"].type).name, "")
            if kind in named:
                found[name] = kind
    return found


def shown(of: GraphQLObjectType) -> str:
    """A selection of every field: things with a list of their own by their ids, others with all that is in them.

    Of the site without its lists: each of them is a question of its own.
    """
    return " ".join(_selected(of))


def _selected(of: GraphQLObjectType) -> Iterator[str]:
    for name, shape in of.fields.items():
        inner = get_named_type(shape.type)
        if name in LEFT_OUT:
            continue
        if _is_page(inner):
            if of.name != "Site":
                nodes = _inside(get_named_type(inner.fields["nodes"].type))
                yield f"{name}(first: {PAGE_WITHIN}) {{ nodes {{ {nodes} }} }}"
        elif isinstance(inner, GraphQLInterfaceType | GraphQLUnionType):
            yield f"{name} {{ ... on Node {{ id }} }}"
        elif not shape.args:
            yield f"{name} {{ {_inside(inner)} }}" if isinstance(inner, GraphQLObjectType) else name


def _is_page(of: Any) -> TypeGuard[GraphQLObjectType]:
    return isinstance(of, GraphQLObjectType) and of.name.endswith("Connection")


def _inside(of: GraphQLObjectType) -> str:
    kind_of = {each.name: kind for kind, each in kinds().items()}
    return "id" if kind_of.get(of.name) in {*listed().values(), "site"} else shown(of)


@cache
def _questions() -> list[str]:
    """One of the site itself, one of each of its lists, and one of its removed PINs, which may still be somewhere."""
    lists = {name: (name, "") for name in listed()}
    lists["removed"] = ("pins", ", states: [REMOVED]")
    asked = [shown(kinds()["site"])]
    for alias, (name, more) in lists.items():
        nodes = shown(kinds()[listed()[name]])
        asked.append(f"{alias}: {name}(first: {PAGE}{more}) {{ nodes {{ {nodes} }} }}")
    return [f"query($id: ID!) {{ site(id: $id) {{ {each} }} }}" for each in asked]


async def asked(house: House) -> Told:
    """What the API says of the site now."""
    told = Told({})
    for question in _questions():
        for name, value in (await house.ask(question, id=house.id))["site"].items():
            if isinstance(value, dict) and "nodes" in value:
                assert len(value["nodes"]) < PAGE, f"too many {name} for one page"
                for each in value["nodes"]:
                    _note(told, each)
            else:
                told.site[name] = value
    told.nodes[told.site["id"]] = told.site
    return told


def flat(shape: GraphQLObjectType, node: dict[str, Any]) -> dict[str, Any]:
    """A thing with whatever has an id of its own as that id, and pages as the lists that they are of."""
    things = {each.name for each in kinds().values()}
    found = {}
    for name, value in _unpaged(node).items():
        inner = get_nullable_type(shape.fields[name].type)
        page = get_named_type(inner)
        if _is_page(page):
            inner = get_nullable_type(page.fields["nodes"].type)
        if get_named_type(inner).name not in things:
            found[name] = value
        elif isinstance(inner, GraphQLList):
            found[name] = {each["id"] for each in value or []}
        else:
            found[name] = value and value["id"]
    return found


def _unpaged(node: dict[str, Any]) -> dict[str, Any]:
    """With the items of each page in its place."""
    found = dict(node)
    for name, value in node.items():
        if isinstance(value, dict) and "nodes" in value:
            assert len(value["nodes"]) < PAGE_WITHIN, f"too many {name} for one page"
            found[name] = value["nodes"]
    return found


def _note(told: Told, node: dict[str, Any]) -> None:
    kind = kind_in(node["id"])
    told.nodes[node["id"]] = flat(kinds()[kind], node)
    for value in _unpaged(node).values():
        for inner in value if isinstance(value, list) else []:
            if isinstance(inner, dict) and len(inner) > 1 and "id" in inner:
                _note(told, inner)
