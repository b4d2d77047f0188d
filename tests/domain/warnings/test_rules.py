"""What is in the way at a door, by the way in which a credential opens it; a list of it names each thing once."""

from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

from domain.warnings.rules import NAMED_AT_MOST, Door, WarningCode, Way, findings, lacks

LIFE = "a" * 32
EVERYTHING = Door(
    lock_id=UUID(int=1),
    name="Front",
    has_keypad=True,
    has_network=True,
    set_up=True,
    takes_pins=True,
    smart_pins_of=frozenset({LIFE}),
)


def codes(way: Way, incarnation: str | None, **door: Any) -> list[str]:
    """The codes for a door that is as given and has all else."""
    found = lacks(replace(EVERYTHING, **door), way, incarnation=incarnation)
    return [code.value for code, _ in found]


def test_a_door_with_all_that_is_asked_for_lacks_nothing() -> None:
    """By PIN, by SmartPIN, by phone."""
    assert codes(Way.PIN, None) == codes(Way.SMART_PIN, LIFE) == codes(Way.PHONE, None) == []


def test_each_way_asks_what_it_needs_and_nothing_else() -> None:
    """A phone needs no keypad and no setting, a SmartPIN no network; a code for another secret is not taken."""
    nothing = {"has_network": False, "set_up": False, "takes_pins": False, "has_keypad": False}
    for lacking in product((True, False), repeat=len(nothing)):
        door = dict(zip(nothing, lacking, strict=True))
        pin = [] if door["set_up"] else ["LOCK_NEVER_SET_UP"]
        phone = [*pin, *([] if door["has_network"] else ["LOCK_HAS_NO_NETWORK"])]
        typed = [*phone, *([] if door["takes_pins"] else ["SETTING_NOT_ON_LOCK"])]
        no_keypad = ["LOCK_WITHOUT_KEYPAD"]
        assert codes(Way.PHONE, None, **door) == phone
        assert codes(Way.PIN, None, **door) == (typed if door["has_keypad"] else no_keypad)
        assert codes(Way.SMART_PIN, LIFE, **door) == (pin if door["has_keypad"] else no_keypad)
    assert codes(Way.SMART_PIN, "b" * 32) == ["SETTING_NOT_ON_LOCK"]


def test_each_thing_is_said_once_with_all_its_doors() -> None:
    """Twice the same door is once; of many the first five are named in words, and all in the list."""
    doors = [
        Door(UUID(int=number), f"Door {number}", False, True, True, False, frozenset())
        for number in range(8)
    ]
    lacking = [lack for door in [*doors, *doors] for lack in lacks(door, Way.PIN)]

    (found,) = findings(lacking)

    assert found.code is WarningCode.LOCK_WITHOUT_KEYPAD
    assert found.lock_ids == {door.lock_id for door in doors}
    assert found.message.endswith(": Door 0, Door 1, Door 2, Door 3, Door 4 and 3 more.")
    assert NAMED_AT_MOST == 5


def test_what_is_over_is_said_also_where_there_is_no_door() -> None:
    """A PIN for a tag that holds nothing just now."""
    (found,) = findings([(WarningCode.ALREADY_OVER, None)])
    assert (found.lock_ids, found.message) == (frozenset(), "No time is left at which this opens.")
