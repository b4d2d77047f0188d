"""An update changes what it mentions and nothing else. The rules are the same on both databases: one is asked."""

from itertools import combinations
from typing import Any

from tests.api.pin_steps import pin, pin_of
from tests.databases import only_sqlite
from tests.serving import Served

FIRST: dict[str, dict[str, Any]] = {
    "VALID_FROM": {"validFrom": "2026-01-01"},
    "VALID_UNTIL": {"validUntil": "2031-06-30"},
    "SLOT": {"slotStart": "08:00", "slotEnd": "12:00"},
    "WEEKDAYS": {"weekdays": ["MONDAY", "TUESDAY"]},
    "notes": {"notes": "Cleaner"},
}
WIDER: dict[str, dict[str, Any]] = {
    "VALID_FROM": {"validFrom": None},
    "VALID_UNTIL": {"validUntil": "2032-06-30"},
    "SLOT": {"slotStart": "07:00", "slotEnd": "12:00"},
    "WEEKDAYS": {"weekdays": None},
    "notes": {"notes": "Gardener"},
}


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One input of several parts."""
    return {name: value for part in parts for name, value in part.items()}


@only_sqlite
async def test_an_update_of_any_subset_of_fields_loosens_nothing_else(served: Served) -> None:
    """For each of the 32 subsets: the mentioned limits are as asked and named, the others are as they were."""
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"], **joined(list(FIRST.values())))
    pin_id = made["pin"]["id"]
    limits = set(FIRST) - {"notes"}
    first = await pin(house, pin_id)

    for size in range(len(FIRST) + 1):
        for names in combinations(FIRST, size):
            widened = await house.change(
                "updatePin",
                "... on UpdatedPin { widened narrowed digits }",
                pinId=pin_id,
                **joined([WIDER[name] for name in names]),
            )
            after = await pin(house, pin_id)
            back = await house.change(
                "updatePin",
                "... on UpdatedPin { widened narrowed }",
                pinId=pin_id,
                **joined([FIRST[name] for name in names]),
            )

            assert set(widened["widened"]) == limits & set(names), names
            assert (widened["narrowed"], widened["digits"]) == ([], None), names
            for name, fields in FIRST.items():
                for field in fields:
                    before = first["schedule"].get(field, first["notes"])
                    now = after["schedule"].get(field, after["notes"])
                    assert (now == before) == (name not in names or field == "slotEnd"), (
                        names,
                        field,
                    )
            assert set(back["narrowed"]) == limits & set(names), names
            assert back["widened"] == []
    assert {**await pin(house, pin_id), "lockSync": 0} == {**first, "lockSync": 0}
