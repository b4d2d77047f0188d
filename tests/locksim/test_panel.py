"""The keypad page's server side: what it shows, what it does, and whom it refuses."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import httpx
import orjson
import pytest_asyncio

from domain.access.schedule import ALWAYS
from domain.link.digests import pin_digest
from domain.link.entries import Entry, EntryKind, PinPayload
from domain.security import base64url
from domain.security.passwords import derive_verifier
from locksim.clock import moment
from locksim.connection import ServerAddress
from locksim.fleet import Fleet
from locksim.panel.server import bind, serve
from locksim.provisioning import FittedKeypad
from tests.locksim.at_the_door import PHONE, SOON, THUMBPRINT
from tests.locksim.rig import CARD, CHEAP, SALT, Pen
from tests.locksim.test_fleet import as_json, lock
from tests.locksim.tiny_server import Feed, Stage, TinyServer, serving
from tests.waiting import becomes, eventually

PIN = "40718263"


@dataclass
class Browser:
    """A client of the page, and the server behind the lock."""

    http: httpx.AsyncClient
    server: TinyServer
    fleet: Fleet
    pen: Pen
    feed: Feed
    panel: asyncio.Task[None]
    """The serving of the page: cancelled, it is gone, and the locks go on."""

    async def locks(self) -> list[dict[str, Any]]:
        """The locks as the page shows them."""
        return cast("list[dict[str, Any]]", (await self.http.get("/locks")).json())

    async def act(self, action: str, **body: object) -> dict[str, Any]:
        """Do something to the first lock; the lock as it is then."""
        answer = await self.post(action, body)
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json())

    async def post(self, action: str, body: object, **headers: str) -> httpx.Response:
        """The answer to an action."""
        key = (await self.locks())[0]["key"]
        return await self.http.post(
            f"/locks/{key}/{action}",
            content=body if isinstance(body, bytes) else orjson.dumps(body),
            headers={"content-type": "application/json", **headers},
        )

    async def type(self, digits: str) -> dict[str, Any]:
        """Type digits and Enter."""
        return await self.act("keys", keys=[*digits, "ENTER"])

    async def until(self, **wanted: object) -> dict[str, Any]:
        """The first lock, as soon as it looks like this."""

        async def look() -> dict[str, Any]:
            return (await self.locks())[0]

        return await eventually(look, lambda lock: wanted.items() <= lock.items())

    @contextlib.asynccontextmanager
    async def changes(self) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """What the stream of changes says."""

        async def events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, Any]]:
            async for line in lines:
                if line.startswith("data: "):
                    yield orjson.loads(line.removeprefix("data: "))

        async with asyncio.timeout(5), self.http.stream("GET", "/changes") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield events(answer.aiter_lines())


@pytest_asyncio.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """Three locks and their page; the first holds a PIN and a card, the third has no keypad."""
    locks_file = tmp_path / "locks.json"
    locks_file.touch(0o600)
    locks_file.write_bytes(
        orjson.dumps([as_json(lock(1)), as_json(lock(2)), as_json(lock(3)) | {"keypad": False}])
    )
    async with serving(Stage()) as stage:
        server = stage.server
        server.locks = {own.lock_id: own for own in (lock(1), lock(2), lock(3))}
        rng = random.Random(1)
        fleet = Fleet(locks_file, tmp_path / "disks", ServerAddress(stage.url), rng=rng, sync=False)
        listener = bind(0)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        panel = asyncio.create_task(serve(fleet, listener))
        tasks = [asyncio.create_task(fleet.run()), panel]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            await server.feed(2)
            (feed,) = [each for each in server.feeds if each.variables["lock"] == "lock-1"]
            browser = Browser(http, server, fleet, Pen(lock(1)), feed, panel)
            digest = pin_digest(browser.pen.keys, derive_verifier(PIN, SALT, CHEAP))
            pin = Entry("a", EntryKind.PIN, 1, PinPayload(digest, (ALWAYS,)).to_payload())
            feed.send(browser.pen.snapshot(1, browser.pen.settings(), browser.pen.card(), pin))
            while not any(report["ack"] for report in server.reports):
                await server.report(len(server.reports))
            yield browser
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_page_shows_each_lock_and_no_secret(browser: Browser) -> None:
    """Name, door, lights, switches, clock; the page loads nothing from elsewhere."""
    first, second, third = await browser.locks()
    assert [each["name"] for each in (first, second, third)] == ["Door 1", "Door 2", "Door 3"]
    assert [each["hasKeypad"] for each in (first, second, third)] == [True, True, False]
    assert [each["pinEnabled"] for each in (first, second, third)] == [True, False, False]
    assert first["online"]
    assert first["zone"] == "Europe/Berlin"
    assert set(first) == {
        *("key", "lockId", "name", "zone", "power", "network", "silent", "driftPpm", "online"),
        *("running", "doorOpen", "typed", "hasKeypad", "pinEnabled", "smartPinEnabled"),
        *("lockedOut", "nowMs", "keypads"),
    }
    page = await browser.http.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("panel.js", "panel.css", "icon.svg"):
        assert f"/static/{name}" in page.text
        assert (await browser.http.get(f"/static/{name}")).status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")


async def test_keys_reach_the_lock_and_its_answer_reaches_the_page(browser: Browser) -> None:
    """Digits show as a number of dots; the right PIN opens the door; the stream tells both."""
    async with browser.changes() as changes:
        assert len((await anext(changes))["locks"]) == 3
        assert (await browser.act("keys", keys=["4", "0", "BACKSPACE"]))["typed"] == 1
        assert (await browser.act("keys", keys=["CANCEL"]))["typed"] == 0
        assert (await browser.type(PIN))["doorOpen"]
        signals = []
        async for change in changes:
            if change.get("signal"):
                signals.append(change["signal"])
            if "GRANTED" in signals:
                break
        assert signals == ["KEY"] * 3 + ["CLEARED"] + ["KEY"] * len(PIN) + ["GRANTED"]
        assert change["lock"]["doorOpen"]


async def test_keys_go_to_the_keypad_that_is_named_and_to_no_other(browser: Browser) -> None:
    """What is typed at one stands at that one; one that the lock does not have is refused."""
    simulated = next(iter(browser.fleet.locks.values()))
    keypads = (FittedKeypad("reader_a", "Street"), FittedKeypad("reader_b", "Yard"))
    simulated.power.turn(on=False)
    await becomes(lambda: simulated.view is None)
    simulated.provisioning = replace(simulated.provisioning, keypads=keypads)
    simulated.power.turn(on=True)
    await becomes(lambda: simulated.view is not None)
    await browser.act("keys", keys=["4"])
    shown = await browser.act("keys", keys=["4", "0"], reader="reader_b")
    assert [(each["name"], each["typed"]) for each in shown["keypads"]] == [
        ("Street", 1),
        ("Yard", 2),
    ]
    for reader in ("reader_c", "", 7, ["reader_a"]):
        refused = await browser.post("keys", {"keys": ["1"], "reader": reader})
        assert refused.status_code == 409
    assert (await browser.locks())[0]["typed"] == 1


async def test_a_wrong_entry_is_denied_and_the_card_ends_a_lockout(browser: Browser) -> None:
    """Ten of them disable PIN entry; another card does not enable it."""
    for _ in range(10):
        shown = await browser.type("5555")
    assert shown["lockedOut"]
    assert not (await browser.type(PIN))["doorOpen"]
    assert (await browser.act("card", uid="00000000"))["lockedOut"]
    shown = await browser.act("card", uid=CARD.hex())
    assert (shown["lockedOut"], shown["doorOpen"]) == (False, False)
    assert (await browser.type(PIN))["doorOpen"]


async def test_the_switches_cut_power_and_network(browser: Browser) -> None:
    """Without power keys are refused; without network they work."""
    await browser.act("network", on=False)
    await browser.until(online=False, network=False)
    assert (await browser.type(PIN))["doorOpen"]
    await browser.act("power", on=False)
    shown = await browser.until(running=False)
    assert (shown["doorOpen"], shown["nowMs"]) == (False, None)
    refused = await browser.post("keys", {"keys": ["1"]})
    assert (refused.status_code, refused.json()) == (409, {"error": "the lock has no power"})
    await browser.act("network", on=True)
    await browser.act("power", on=True)
    await browser.until(running=True, online=True)


async def test_the_power_goes_in_the_middle_of_a_write(browser: Browser) -> None:
    """At a byte that is chosen: what was typed opens nothing, and the lock starts as it was."""
    await browser.act("power", cutAfterBytes=100)
    answer = await browser.post("keys", {"keys": [*PIN, "ENTER"]})
    assert (answer.status_code, answer.json()) == (409, {"error": "the lock has no power"})
    assert not (await browser.until(running=False))["doorOpen"]
    await browser.act("power", on=True)
    await browser.until(running=True, online=True)
    assert (await browser.type(PIN))["doorOpen"]


async def test_the_clock_can_be_bent_and_the_lock_notices_when_it_starts(browser: Browser) -> None:
    """An empty battery is no time."""
    assert (await browser.act("clock", driftPpm=120))["driftPpm"] == 120
    await browser.act("clock", stepMs=-3_600_000)
    await browser.act("clock", batteryEmpty=True)
    await browser.act("power", on=False)
    await browser.until(running=False)
    await browser.act("power", on=True)
    assert (await browser.until(running=True))["nowMs"] is None


async def test_a_lock_without_a_keypad_has_no_keys_to_press(browser: Browser) -> None:
    """Nothing is typed there, also not by somebody who does without the page."""
    key = (await browser.locks())[2]["key"]
    answer = await browser.http.post(f"/locks/{key}/keys", json={"keys": ["1"]})
    assert (answer.status_code, answer.json()) == (409, {"error": "this lock has no keypad"})
    assert (await browser.locks())[2]["typed"] == 0


async def test_a_lock_can_be_made_deaf(browser: Browser) -> None:
    """For whoever wants to see a command that is not answered."""
    assert (await browser.act("silent", on=True))["silent"]
    assert not (await browser.act("silent", on=False))["silent"]


NONSENSE: list[tuple[str, object, int]] = [
    ("keys", {"keys": ["12"]}, 422),
    ("keys", {"keys": "1234"}, 422),
    ("keys", {"keys": []}, 422),
    ("keys", {"keys": ["1"] * 65}, 422),
    ("keys", {"keys": [1]}, 422),
    ("keys", b"{", 422),
    ("keys", b"[]", 422),
    ("keys", b"x" * 5000, 413),
    ("card", {"uid": "04"}, 422),
    ("card", {"uid": "no hex"}, 422),
    ("power", {"on": "yes"}, 422),
    ("power", {"cutAfterBytes": -1}, 422),
    ("power", {"cutAfterBytes": "all"}, 422),
    ("clock", {}, 422),
    ("clock", {"stepMs": 10**15}, 422),
    ("explode", {}, 404),
]


async def test_what_makes_no_sense_is_refused_and_not_quoted(browser: Browser) -> None:
    """With a message that says what is expected; nothing reaches the lock."""
    for action, body, status in NONSENSE:
        answer = await browser.post(action, body)
        assert (action, body, answer.status_code) == (action, body, status)
        assert set(answer.json()) == {"error"}
        assert "1234" not in answer.text
    assert (await browser.locks())[0]["typed"] == 0


async def test_another_page_cannot_press_the_keys(browser: Browser) -> None:
    """A foreign Origin, a form's content type, and a name that only points here are refused."""
    body = {"keys": ["1"]}
    assert (await browser.post("keys", body, origin="http://evil.example")).status_code == 403
    assert (await browser.post("keys", body, **{"content-type": "text/plain"})).status_code == 415
    assert (await browser.post("keys", body, host="evil.example")).status_code == 400
    assert (await browser.locks())[0]["typed"] == 0
    own = str(browser.http.base_url).rstrip("/")
    assert (await browser.post("keys", body, origin=own)).status_code == 200


async def test_an_unknown_lock_is_not_found(browser: Browser) -> None:
    """And the page says so in JSON."""
    answer = await browser.http.post("/locks/none/keys", json={"keys": ["1"]})
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no such lock"})


async def test_a_phone_of_another_page_is_held_to_the_door(browser: Browser) -> None:
    """Hello, lease and receipt by a page of another origin; what is nonsense, and a lock without power, is said."""
    app = {"origin": "http://127.0.0.1:8400"}
    asked = await browser.http.options("/locks/lock-1/phone", headers=app)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (
        204,
        app["origin"],
    )
    said = await browser.post("phone/hello", {}, **app)
    assert said.headers["access-control-allow-origin"] == app["origin"]
    hello = base64url.decode(said.json()["hello"])
    now_ms = (await browser.locks())[0]["nowMs"]
    lease = browser.pen.lease(THUMBPRINT, moment(now_ms) + SOON)
    presented = PHONE.presented(hello, lease, None)
    body = {
        "nonce": presented.nonce,
        "lease": base64url.encode(lease),
        "bundle": None,
        "publicKey": base64url.encode(presented.public_key),
        "signature": base64url.encode(presented.signature),
    }
    answer = (await browser.post("phone", body, **app)).json()
    assert (answer["opened"], answer["reasons"]) == (True, [])
    assert browser.pen.read_receipt(base64url.decode(answer["receipts"][0]))[1].events
    assert (await browser.locks())[0]["doorOpen"]
    again = (await browser.post("phone", body, **app)).json()
    assert (again["opened"], again["reasons"], again["receipts"]) == (False, ["STALE_NONCE"], [])
    for wrong in ({}, {**body, "nonce": 1}, {**body, "lease": "?"}, {**body, "lease": 5}, b"[]"):
        assert (await browser.post("phone", wrong, **app)).status_code == 422
    await browser.act("power", on=False)
    await browser.until(running=False)
    assert (await browser.post("phone/hello", {}, **app)).status_code == 409
