"""What a mutation's answer has promised: what it says of what it was asked for is so afterwards.

Unless the other one of the two was asked for the same, or for the end of it. So a change that is lost, and one that brings
back what was gone, are seen even where all pictures agree with each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLList, GraphQLObjectType, get_named_type, get_nullable_type

from tests.sim.api_picture import Told, flat, kind_in, listed, shown
from tests.sim.mutations import Mutation, kinds

DECIDED_WITH = {"canEdit": "role", "state": "validUntil"}
"""What one field of a mutation decides of another."""


@dataclass
class Done:
    """A mutation, what it was asked, and what it answered: the name of the type, and the things in it as they are now."""

    mutation: Mutation
    asked: dict[str, Any]
    answer: str = ""
    error: str = ""
    seconds: float = 0.0
    things: list[dict[str, Any]] = field(default_factory=list)

    @property
    def took_place(self) -> bool:
        """Whether it was not refused."""
        return self.answer == self.mutation.result.name

    def __str__(self) -> str:
        return f"{self.mutation.name}({self.asked}) -> {self.answer or self.error}"


def selected(result: GraphQLObjectType) -> str:
    """A selection of the things in a result."""
    found = [f"{name} {{ {shown(of)} }}" for name, of, _ in _things(result)]
    return f"... on {result.name} {{ {' '.join(found)} }}" if found else ""


def _things(result: GraphQLObjectType) -> Iterator[tuple[str, GraphQLObjectType, bool]]:
    for name, shape in result.fields.items():
        inner = get_named_type(shape.type)
        if isinstance(inner, GraphQLObjectType) and inner in kinds().values():
            yield name, inner, isinstance(get_nullable_type(shape.type), GraphQLList)


def read(result: GraphQLObjectType, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The things in an answer."""
    found = []
    for name, of, several in _things(result):
        values = answer[name] if several else [answer[name]]
        found += [flat(of, each) for each in values if each is not None]
    return found


def broken(crossed: Sequence[Done], told: Told) -> Iterator[str]:
    """Promises that do not hold, in words."""
    took_place = [each for each in crossed if each.took_place]
    for one in took_place:
        others = [each for each in took_place if each is not one]
        for thing in one.things:
            if kind_in(thing["id"]) in _listed():
                yield from _broken(one, thing, others, told)


def _broken(one: Done, thing: dict[str, Any], others: Sequence[Done], told: Told) -> Iterator[str]:
    key = thing["id"]
    now = told.nodes.get(key)
    gone = now is None or now.get("state") == "REMOVED"
    if one.mutation.ends:
        if not gone and key in one.asked.values():
            yield f"{one.mutation.name} took {key} away, and it is there"
        return
    if now is None or gone:
        if not any(each.mutation.ends or _cuts_off(each, key) for each in others):
            yield f"{one.mutation.name} answered with {key}, and it is gone"
        return
    theirs = {name for each in others for name in _asked_of(each, key)}
    for name, mine in _asked_of(one, key).items():
        if name in theirs or DECIDED_WITH.get(name) in theirs:
            continue
        if _at(now, mine) == "VOID" and any(_cuts_off(each, key) for each in others):
            continue
        promised, is_now = _present(_at(thing, mine), told), _present(_at(now, mine), told)
        if promised != is_now:
            yield f"{one.mutation.name} answered {name} {promised} of {key}, and it is {is_now}"


def _listed() -> set[str]:
    """The kinds of what the API's picture shows."""
    return {*listed().values(), "site", "reader"}


def _asked_of(done: Done, key: str) -> dict[str, tuple[str, ...]]:
    """The fields of this thing that it was asked for: by name, and where each stands in the thing."""
    if not done.took_place or key not in {each["id"] for each in done.things}:
        return {}
    of = kinds()[kind_in(key)]
    given = [each for each in done.asked if done.mutation.ids.keys() != {each}]
    found = {each: _place(of, each) for each in given}
    if not given:
        return {name: (name,) for name in ("state", "status") if name in of.fields}
    return {name: place for name, place in found.items() if place}


def _place(of: GraphQLObjectType, name: str) -> tuple[str, ...]:
    """Where a field of an input stands in what it is about; nowhere for what is not shown."""
    if name == "enabled":
        return ("pinEnabled",)
    stem = name.removesuffix("Id").removesuffix("Ids")
    plural = f"{stem}s"
    for place in (name, f"chosen{plural[0].upper()}{plural[1:]}", plural, stem):
        if place in of.fields and (place == name or name != stem):
            return (place,)
    schedule = of.fields.get("schedule")
    if schedule is not None and name in get_named_type(schedule.type).fields:
        return ("schedule", name)
    return ()


def _at(thing: Any, place: tuple[str, ...]) -> Any:
    for name in place:
        thing = thing and thing[name]
    return thing


def _present(value: Any, told: Told) -> Any:
    """Without what has gone since; and time passes, by which what is to come becomes what is there."""
    if isinstance(value, set):
        return value & told.nodes.keys()
    return "ACTIVE" if value == "UPCOMING" else value


def _cuts_off(one: Done, key: str) -> bool:
    """Whether it ends the kits and the SmartPINs of its lock, of which this is one."""
    ended = {"provisioning_kit", "smart_pin"}
    return one.mutation.name == "markLockCompromised" and kind_in(key) in ended
