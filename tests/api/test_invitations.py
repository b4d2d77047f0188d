"""Invitations as admins make, see and delete them: never modified, counted in seats, gated, sealed."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from api.whole_schema import build_schema
from tests.serving import House, Served

SEEN = """query($id: ID!) { site(id: $id) { seats { used limit }
  invitations { nodes { id } } auditLog { nodes { action } } } }"""
STATE = "query($id: ID!) { node(id: $id) { ... on Invitation { state codeHint } } }"
REFUSED = """... on InvalidSchedule { field } ... on InvalidInput { field } ... on NotFound { field }
  ... on SeatLimitReached { limit } ... on FeatureNotInPlan { feature }"""


async def _seen(house: House) -> tuple[int, int, list[str]]:
    """Seats used, invitations listed, and what the audit has of them."""
    site = (await house.ask(SEEN, id=house.id))["site"]
    audit = [row["action"] for row in site["auditLog"]["nodes"] if "nvitation" in row["action"]]
    return site["seats"]["used"], len(site["invitations"]["nodes"]), audit


async def _create(house: House, **fields: Any) -> dict[str, Any]:
    return await house.change("createInvitation", REFUSED, siteId=house.id, **fields)


async def test_an_invitation_goes_through_its_life(served: Served) -> None:
    """Proves the states by the clock alone, and that a deleted one leaves the list and is found as such by node."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    now = served.clock()
    made = await house.invitation(
        lock,
        startsAt=(now + timedelta(hours=1)).isoformat(),
        endsAt=(now + timedelta(hours=3)).isoformat(),
    )
    invitation = made["invitation"]

    hint = made["code"][-5:]

    async def state() -> Any:
        return (await house.ask(STATE, id=invitation["id"]))["node"]

    assert invitation["state"] == "UPCOMING"
    served.clock.advance(timedelta(hours=1, seconds=1))
    assert await state() == {"state": "ACTIVE", "codeHint": hint}
    served.clock.advance(timedelta(hours=2))
    assert await state() == {"state": "ENDED", "codeHint": hint}
    deleted = await house.change(
        "deleteInvitation",
        "... on DeletedInvitation { invitation { state codeHint } }",
        invitationId=invitation["id"],
    )
    assert deleted["invitation"] == {"state": "REMOVED", "codeHint": None}
    assert await state() == {"state": "REMOVED", "codeHint": None}
    again = await house.change("deleteInvitation", invitationId=invitation["id"])
    assert again["__typename"] == "NotFound"
    assert await _seen(house) == (1, 0, ["deleteInvitation", "createInvitation"])


def test_no_operation_modifies_an_invitation() -> None:
    """Proves row 14 on the schema: what takes an invitation's id deletes it, or gives its code out, nothing else."""
    schema = build_schema(development=True)._schema
    assert schema.mutation_type is not None
    named = {name for name in schema.mutation_type.fields if "nvitation" in name}
    taking = {
        name
        for name, field in schema.mutation_type.fields.items()
        for argument in field.args.values()
        if "invitationId" in getattr(argument.type.of_type, "fields", {})
    }

    assert named == {
        "createInvitation",
        "deleteInvitation",
        "revealInvitationCode",
        "sendInvitation",
        "redeemInvitation",
    }
    assert taking == {"deleteInvitation", "revealInvitationCode", "sendInvitation"}


async def test_what_cannot_be_meant_is_refused_and_leaves_nothing(served: Served) -> None:
    """Proves a typed error with its field for each impossible input, and no invitation, seat or audit row."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    other = await served.site("Other")
    foreign = (await other.lock())["lockId"]
    now = served.clock()
    hour = timedelta(hours=1)
    good: dict[str, Any] = {
        "name": "Guest",
        "lockIds": [lock],
        "startsAt": now.isoformat(),
        "endsAt": (now + hour).isoformat(),
    }
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"endsAt": (now - hour).isoformat()}, "InvalidSchedule", "endsAt"),
        ({"startsAt": (now + 2 * hour).isoformat()}, "InvalidSchedule", "endsAt"),
        ({"startsAt": (now + hour).isoformat()}, "InvalidSchedule", "endsAt"),
        ({"endsAt": (now + 3700 * 24 * hour).isoformat()}, "InvalidSchedule", "endsAt"),
        ({"endsAt": "2999-01-01T00:00:00"}, "InvalidSchedule", "endsAt"),
        ({"startsAt": "0001-01-01T00:00:00+14:00"}, "InvalidSchedule", "startsAt"),
        ({"slotStart": "08:00"}, "InvalidSchedule", "slotEnd"),
        ({"slotEnd": "08:00"}, "InvalidSchedule", "slotStart"),
        ({"slotStart": "08:00", "slotEnd": "08:00"}, "InvalidSchedule", "slotEnd"),
        ({"weekdays": []}, "InvalidSchedule", "weekdays"),
        ({"deviceLimit": 0}, "InvalidInput", "deviceLimit"),
        ({"deviceLimit": 101}, "InvalidInput", "deviceLimit"),
        ({"name": "  "}, "InvalidInput", "name"),
        ({"name": "two\nlines"}, "InvalidInput", "name"),
        ({"lockIds": None}, "InvalidInput", "lockIds"),
        ({"lockIds": []}, "InvalidInput", "lockIds"),
        ({"lockIds": [lock] * 1001}, "InvalidInput", "lockIds"),
        ({"lockTagIds": []}, "InvalidInput", "lockTagIds"),
        ({"lockIds": [lock, foreign]}, "NotFound", "lockIds"),
        ({"lockIds": [house.id]}, "NotFound", "lockIds"),
    ]
    before = await _seen(house)

    for fields, kind, field in cases:
        answer = await _create(house, **{**good, **fields})
        assert (answer["__typename"], answer.get("field")) == (kind, field), (fields, answer)

    assert await _seen(house) == before
    assert (await _create(house, **good))["__typename"] == "CreatedInvitation"


async def test_the_add_on_gates_new_invitations_only(served: Served) -> None:
    """Proves FeatureNotInPlan without the add-on, and that invitations made before go on working."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    made = await house.invitation(lock)
    await house.row.filter(id=house.row.id).update(invitations_enabled=False)
    before = await _seen(house)

    refused = await _create(
        house,
        name="Guest",
        lockIds=[lock],
        endsAt=(served.clock() + timedelta(hours=1)).isoformat(),
    )
    redeemed = await served.phone().redeem(made["code"])

    assert (refused["__typename"], refused["feature"]) == ("FeatureNotInPlan", "INVITATIONS")
    assert redeemed["__typename"] == "RedeemedInvitation"
    assert (await _seen(house))[:2] == before[:2]


async def test_seats_are_members_and_invitations_that_have_not_ended(served: Served) -> None:
    """Proves row 16: one seat an invitation whatever its devices; deleting and ending free it."""
    house = await served.site(seat_limit=3)
    lock = (await house.lock())["lockId"]
    first = await house.invitation(lock, deviceLimit=5)
    second = await house.invitation(lock)
    for _ in range(3):
        await served.phone().redeem(first["code"])

    full = await house.invitation(lock)
    member = await house.change(
        "createMember",
        "... on SeatLimitReached { limit }",
        siteId=house.id,
        name="Emma",
        role="USER",
        canEdit=False,
    )
    assert full["__typename"] == member["__typename"] == "SeatLimitReached"
    assert member["limit"] == 3

    await house.change("deleteInvitation", invitationId=second["invitation"]["id"])
    third = await house.invitation(lock, endsAt=(served.clock() + timedelta(days=1)).isoformat())
    assert third["__typename"] == "CreatedInvitation"
    assert (await house.invitation(lock))["__typename"] == "SeatLimitReached"
    served.clock.advance(timedelta(hours=3))
    assert (await house.invitation(lock))["__typename"] == "CreatedInvitation"
    assert (await _seen(house))[0] == 3


async def test_the_code_is_nowhere_in_the_clear(
    served: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    """Proves that neither the database, its journal, the data directory nor a log holds a code."""
    house = await served.site()
    made = await house.invitation((await house.lock())["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])
    await phone.redeem(made["code"].lower())
    await house.change(
        "revealInvitationCode",
        "... on RevealedInvitationCode { invitationCode { code qrSvg } }",
        invitationId=made["invitation"]["id"],
    )
    # A document that fails and quotes the code must not bring it into a log either.
    await served.post(
        f'mutation {{ redeemInvitation(input: {{ code: "{made["code"]}" }}) {{ x }} }}'
    )
    said = capfd.readouterr()

    stored = await _everything_stored(served) + (said.out + said.err).encode()
    plain = made["code"].replace("-", "")
    for text in (made["code"], plain, plain.lower()):
        assert text.encode() not in stored
        assert text.encode().hex().encode() not in stored
    assert b"Guest" in stored


async def _everything_stored(served: Served) -> bytes:
    """All bytes of the database and of the data directory."""
    folder = served.folder.parent
    data = await asyncio.to_thread(_bytes_under, folder)
    if not served.database.is_postgresql:
        path = Path(served.database.url.removeprefix("sqlite://"))
        return data + await asyncio.to_thread(_bytes_under, path.parent, path.name)
    session = await asyncpg.connect(served.database.url.partition("?")[0])
    try:
        tables = await session.fetch("SELECT relname FROM pg_stat_user_tables")
        for table in tables:
            rows = await session.fetch(f'SELECT t::text AS line FROM "{table["relname"]}" t')
            data += "\n".join(row["line"] for row in rows).encode()
    finally:
        await session.close()
    return data


def _bytes_under(folder: Path, beginning: str = "") -> bytes:
    """The database file and its journal are read while the server holds them: what is on disk is what counts."""
    return b"".join(
        path.read_bytes()
        for path in sorted(folder.rglob(f"{beginning}*"))
        if path.is_file() and "locks" not in path.parts
    )
