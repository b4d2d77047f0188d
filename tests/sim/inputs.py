"""Inputs of mutations, at random under a seed: on a few things that all of them like to choose, so that they meet."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    get_named_type,
)

from tests.api.every_mutation import AT_A_SITE
from tests.sim.api_picture import Told, listed
from tests.sim.mutations import Mutation, is_list, is_required

OFTEN = 0.8
"""How likely an id is that of the thing at which this crossing happens."""
RARELY = 0.2
"""How likely a tag is emptied."""
MENTIONED = 0.4
"""How likely a field is mentioned that need not be."""
DIGITS = [f"4917{each}" for each in range(2630, 2640)]
ZONES = ["Europe/Rome", "Asia/Tokyo", "America/Lima"]
SLOTS = [("06:00", "22:00"), ("22:00", "06:00"), ("00:30", "12:15")]


@dataclass
class Scene:
    """What stands at the site, and of each kind the one thing at which this crossing happens."""

    rng: random.Random
    number: int
    told: Told
    site: str
    at: dict[str, str] = field(default_factory=dict)
    drawn: int = 0

    def __post_init__(self) -> None:
        for kind in dict.fromkeys(listed().values()):
            self.at[kind] = self._one_of(self.things(kind))
        self.at["reader"] = self._one_of(sorted(self.told.nodes[self.at["lock"]]["readers"]))
        self.at["site"] = self.site

    def things(self, kind: str, target: str | None = None) -> list[str]:
        """The ids of all of a kind; of tags, of those that hold members or locks."""
        found = self.told.of(kind)
        if kind == "member":
            return [key for key, each in found.items() if each["role"] != "OWNER"]
        if kind == "api_token":
            return [key for key, each in found.items() if each["name"] != "OWNER"]
        if kind == "tag":
            return [
                key
                for key, each in found.items()
                if (each["kind"] == "SPECIAL" or target == "owner")
                and (target is None or each["target"] == ("LOCK" if target == "lock" else "MEMBER"))
            ]
        return list(found)

    def _one_of(self, ids: list[str]) -> str:
        return self.rng.choice(ids) if ids else ""

    def one(self, kind: str, target: str | None = None) -> str:
        """The thing at which this happens, mostly; another of its kind else; where there is none, one that never was."""
        ids = self.things(kind, target)
        if self.at[kind] in ids and self.rng.random() < OFTEN:
            return self.at[kind]
        return self._one_of(ids) or f"{kind}_{0:032x}"

    def word(self, what: str) -> str:
        """A name that nothing has."""
        self.drawn += 1
        return f"{what} {self.number}.{self.drawn}"


def an_input(scene: Scene, mutation: Mutation) -> dict[str, Any]:
    """One input of this mutation: every field that must be, of the others some."""
    rng = scene.rng
    example = AT_A_SITE[mutation.name].asked
    made: dict[str, Any] = {}
    for name, shape in mutation.fields.items():
        usual = name in example and rng.random() < OFTEN
        if is_required(shape) or usual or rng.random() < MENTIONED:
            made[name] = _value(scene, mutation, name, shape)
    _agree(scene, mutation, made)
    return {name: value for name, value in made.items() if value not in ("", [""])}


def _agree(scene: Scene, mutation: Mutation, made: dict[str, Any]) -> None:
    """What belongs together comes together; without it nearly all would be refused."""
    rng = scene.rng
    if {"slotStart", "slotEnd"} <= mutation.fields.keys() and {
        "slotStart",
        "slotEnd",
    } & made.keys():
        made["slotStart"], made["slotEnd"] = rng.choice(SLOTS)
    if {"validFrom", "validUntil"} <= made.keys() and made["validFrom"] > made["validUntil"]:
        made["validFrom"], made["validUntil"] = made["validUntil"], made["validFrom"]
    if "connectivity" in mutation.fields:
        behind = rng.random() < 0.5
        made["connectivity"] = "WIRELESS_GATEWAY" if behind else "ONLINE_WIRED"
        made["hubId"] = scene.one("hub") if behind else None
        if mutation.name == "updateLock" and rng.random() < 0.6:
            del made["connectivity"], made["hubId"]
    if "target" in made:
        made.pop("lockIds" if made["target"] == "MEMBER" else "memberIds", None)
    if mutation.name == "updateTag" and made["tagId"]:
        holds = scene.told.nodes[made["tagId"]]["target"]
        made.pop("lockIds" if holds == "MEMBER" else "memberIds", None)


def _value(scene: Scene, mutation: Mutation, name: str, shape: GraphQLInputField) -> Any:
    rng, inner = scene.rng, get_named_type(shape.type)
    if name in mutation.ids:
        kind = rng.choice(sorted(mutation.ids[name]))
        target = _held(name) if kind == "tag" and "Tag" in name else None
        if not is_list(shape):
            return scene.one(kind, target)
        least = 0 if "Tag" in mutation.name and rng.random() < RARELY else 1
        return sorted({scene.one(kind, target) for _ in range(rng.randint(least, 2))} - {""})
    if isinstance(inner, GraphQLEnumType):
        values = [each for each in inner.values if each != "OWNER"]
        return rng.sample(values, rng.randint(1, 7)) if is_list(shape) else rng.choice(values)
    if isinstance(inner, GraphQLInputObjectType) and inner.is_one_of:
        (one,) = rng.sample(list(inner.fields), 1)
        return {one: _value(scene, mutation, f"{name}.{one}", inner.fields[one])}
    if isinstance(inner, GraphQLInputObjectType):
        return _object(scene, inner, name)
    return _scalar(scene, inner.name, name)


def _held(name: str) -> str:
    """What a tag holds that an id names: `lock` of `lockTagIds`; one member, who owns a PIN."""
    if name.startswith("owner."):
        return "owner"
    return name.rpartition(".")[2].split("Tag", maxsplit=1)[0]


def _object(scene: Scene, inner: GraphQLInputObjectType, name: str) -> Any:
    if name == "readers":
        keypads = range(scene.rng.randint(1, 2))
        return [{"name": scene.word("Reader"), "hasKeypad": not each} for each in keypads]
    assert name == "pinPolicy", f"an example of {inner.name} is missing"
    return {"autoLength": scene.rng.choice([6, 7])}


def _scalar(scene: Scene, kind: str, name: str) -> Any:
    rng, now = scene.rng, datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    def hours(least: int, most: int) -> str:
        return (now + timedelta(hours=rng.randint(least, most))).isoformat()

    by_name: dict[str, Callable[[], Any]] = {
        "digits": lambda: rng.choice(DIGITS),
        "timezone": lambda: rng.choice(ZONES),
        "cardUid": lambda: rng.randbytes(7).hex(),
        "email": lambda: f"{scene.word('m').replace(' ', '')}@example.com",
        "incarnation": str,
        "startsAt": lambda: hours(1, 3),
        "endsAt": lambda: hours(4, 8),
    }
    by_kind: dict[str, Callable[[], Any]] = {
        "String": lambda: scene.word(name),
        "Boolean": lambda: rng.random() < 0.5,
        "Int": lambda: rng.choice([5, 10, 60]),
        "Date": lambda: str((now + timedelta(days=rng.randint(-3, 3))).date()),
        "DateTime": lambda: hours(2, 48),
        "Time": lambda: rng.choice(SLOTS)[0],
    }
    return by_name.get(name, by_kind[kind])()
