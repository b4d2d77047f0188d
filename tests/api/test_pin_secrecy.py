"""Digits leave no trace: not in the database, its log, events, the server's log, or any answer but the one."""

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import orjson
import pytest

from tests.api.pin_steps import CREATED, pin_of, typed, until_all
from tests.serving import Served

CHOSEN, CHANGED, REFUSED_ONE, TYPED = "49172638", "58203917", "60314028", "71425139"


def spellings(digits: str) -> Iterator[bytes]:
    """The digits as they might be found: as text, as numbers, as codes, hashed without a key."""
    plain = digits.encode()
    yield plain
    yield digits.encode("utf-16-le")
    yield plain.hex().encode()
    yield base64.b64encode(plain).rstrip(b"=")
    yield " ".join(digits).encode()
    yield b",".join(str(byte).encode() for byte in plain)
    yield bytes(int(digit) for digit in digits)
    yield bytes.fromhex(digits)
    for name in ("md5", "sha1", "sha256"):
        yield hashlib.new(name, plain).hexdigest().encode()
        yield hashlib.new(name, plain).digest()


def files(served: Served) -> dict[str, bytes]:
    """The database with its log, and whatever else lies in the data directory."""
    paths = [path for path in served.folder.parent.rglob("*") if path.is_file()]
    if not served.database.is_postgresql:
        own = Path(served.database.url.removeprefix("sqlite://"))
        paths += own.parent.glob(f"{own.name}*")
    return {str(path): path.read_bytes() for path in paths}


async def rows(served: Served) -> dict[str, bytes]:
    """Every row of every table, as text."""
    if not served.database.is_postgresql:
        with sqlite3.connect(served.database.url.removeprefix("sqlite://")) as database:
            return {"rows": "\n".join(database.iterdump()).encode()}
    session = await asyncpg.connect(served.database.url)
    try:
        tables = await session.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for (table,) in tables:
            lines = await session.fetch(f'SELECT t::text AS row FROM "{table}" t')
            found[table] = "\n".join(line["row"] for line in lines).encode()
        return found
    finally:
        await session.close()


async def test_digits_are_found_nowhere(
    served: Served, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Chosen, changed, generated, refused, misspelt and typed digits, searched for in many spellings."""
    caplog.set_level("DEBUG")
    house = await served.site()
    entry = await house.lock()
    made = await pin_of(house, entry["lockId"], digits=CHOSEN)
    pin_id = made["pin"]["id"]
    device = await house.device(entry)
    await until_all(house, pin_id, Front_door="UPDATED")
    opened = await typed(house, device, CHOSEN)
    denied = await typed(house, device, TYPED)
    await house.change("updatePin", pinId=pin_id, digits=CHANGED)
    generated = (
        await house.change("reassignPin", "... on ReassignedPin { digits }", pinId=pin_id)
    )["digits"]
    answers: list[Any] = [opened, denied]
    owner = await house.member("Other")
    asked: dict[str, Any] = {
        "siteId": house.id,
        "owner": {"memberId": owner},
        "lockIds": [entry["lockId"]],
    }
    answers += [
        await house.change("createPin", CREATED, **asked, digits=digits)
        for digits in (REFUSED_ONE * 2, f"{REFUSED_ONE}x", f" {REFUSED_ONE}")
    ]
    bearer = {"authorization": f"Bearer {house.token}"}
    # What does not match the schema is quoted in development only: tests/api/protocol/test_masking.py.
    for query in (
        f'mutation {{ createPin(input: {{ siteId: "x", owner: {{ memberId: "y" }}, digits: "{REFUSED_ONE}" }})'
        " { nonsense } }",
        f"mutation {{ createPin(input: {{ digits: {REFUSED_ONE} ",
    ):
        answers.append((await served.post(query, bearer)).json())
    await house.change("deletePin", pinId=pin_id)
    audit = await house.ask(
        "query($id: ID!) { site(id: $id) { auditLog(first: 100) { nodes { action } } } }",
        id=house.id,
    )

    places = {**await rows(served), **files(served)}
    places["log"] = caplog.text.encode()
    out, err = capfd.readouterr()
    places["output"] = (out + err).encode()
    places.update({f"answer {n}": orjson.dumps(each) for n, each in enumerate(answers)})
    places["audit"] = orjson.dumps(audit)

    for digits in (CHOSEN, CHANGED, REFUSED_ONE, TYPED, generated):
        for spelling in spellings(digits):
            for place, content in places.items():
                assert spelling not in content, f"{place} holds {spelling!r}"
