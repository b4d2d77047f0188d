"""The doors of a site: hubs, locks, readers, and secrets that are pending until the lock itself proves them."""

import asyncio
import base64
from datetime import timedelta
from typing import Any

import pytest

from api.tour.socket import SocketRefused
from tests.api.bare_lock import BareLock
from tests.serving import House, Served

LOCK = "{ id name connectivity propagation pinSupported hub { id name } readers { id name hasKeypad } }"
KIT = """... on ProvisionedLock { incarnation secret programmingCode
  settings { zone fixedOffsetMinutes pinSalt pinProfile { timeCost memoryKib parallelism } } }"""
FIELD = "... on InvalidInput { field } ... on NotFound { field }"


async def _create(house: House, **fields: Any) -> dict[str, Any]:
    shown = f"... on CreatedLock {{ lock {LOCK} }} {FIELD}"
    return await house.change("createLock", shown, siteId=house.id, **{"name": "Door", **fields})


async def _update(house: House, lock_id: str, **fields: Any) -> dict[str, Any]:
    shown = f"... on UpdatedLock {{ lock {LOCK} }} {FIELD}"
    return await house.change("updateLock", shown, lockId=lock_id, **fields)


async def test_hubs_are_made_renamed_and_deleted_once_empty(served: Served) -> None:
    """Proves that a hub with locks stays (StillInUse), that its locks know it, and that another site's is unknown."""
    house, other = await served.site(), await served.site("Other")
    hub = (
        await house.change(
            "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name="Cellar"
        )
    )["hub"]["id"]
    await house.change("updateHub", hubId=hub, name="Attic")
    lock = (await _create(house, hubId=hub))["lock"]
    assert lock["hub"] == {"id": hub, "name": "Attic"}
    assert (lock["connectivity"], lock["propagation"]) == ("WIRELESS_GATEWAY", "REAL_TIME")

    assert (await house.change("deleteHub", hubId=hub))["__typename"] == "StillInUse"
    assert (await other.change("deleteHub", hubId=hub))["__typename"] == "NotFound"
    foreign = await _create(other, hubId=hub)
    assert (foreign["__typename"], foreign["field"]) == ("NotFound", "hubId")
    for empty in (
        await _create(house, hubId=""),
        await _update(house, lock["id"], hubId="", connectivity="ONLINE_WIRED"),
    ):
        assert (empty["__typename"], empty["field"]) == ("NotFound", "hubId"), "no id is not null"
    await house.change("deleteLock", lockId=lock["id"])
    assert (await house.change("deleteHub", hubId=hub))["__typename"] == "DeletedHub"
    assert (await _create(house, hubId=hub))["__typename"] == "NotFound"


async def test_locks_and_readers_are_made_changed_and_deleted(served: Served) -> None:
    """Proves defaults by system type, that omitted fields keep and null clears, and that refusals leave nothing."""
    house, other = await served.site(), await served.site("Other")
    easy = await served.site("Easy", system_type="EASY")
    plain = (await _create(easy))["lock"]
    assert (plain["connectivity"], plain["propagation"]) == ("WIRELESS_OFFLINE", "OPPORTUNISTIC")
    assert (plain["readers"], plain["pinSupported"]) == ([], False)

    readers = [{"name": "Outside"}, {"name": "Inside", "hasKeypad": False}]
    lock = (await _create(house, name="Front", readers=readers))["lock"]
    assert lock["connectivity"] == "ONLINE_WIRED"
    assert [(r["name"], r["hasKeypad"]) for r in lock["readers"]] == [
        ("Outside", True),
        ("Inside", False),
    ]
    hub = (
        await house.change(
            "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name="Hub"
        )
    )["hub"]["id"]
    moved = await _update(house, lock["id"], connectivity="WIRELESS_GATEWAY", hubId=hub)
    assert (moved["lock"]["name"], moved["lock"]["hub"]["id"]) == ("Front", hub)
    back = await _update(house, lock["id"], name="Main", connectivity="ONLINE_WIRED", hubId=None)
    assert (back["lock"]["name"], back["lock"]["hub"]) == ("Main", None)

    for fields, kind, field in (
        ({"connectivity": "WIRELESS_GATEWAY"}, "InvalidInput", "hubId"),
        ({"hubId": hub}, "InvalidInput", "hubId"),
        ({"connectivity": None}, "InvalidInput", "connectivity"),
        ({"name": None}, "InvalidInput", "name"),
        ({"name": "x" * 101}, "InvalidInput", "name"),
        ({"hubId": "hub_x"}, "NotFound", "hubId"),
    ):
        answer = await _update(house, lock["id"], **fields)
        assert (answer["__typename"], answer["field"]) == (kind, field), fields
    assert (await _update(house, lock["id"]))["lock"] == back["lock"]
    assert (await _update(other, lock["id"], name="Mine"))["__typename"] == "NotFound"

    for reader in lock["readers"]:
        await house.change("updateReader", readerId=reader["id"], name=f"{reader['name']} face")
    await house.change("deleteReader", readerId=lock["readers"][0]["id"])
    added = await house.change("createReader", lockId=lock["id"], name="Antenna", hasKeypad=False)
    assert added["__typename"] == "CreatedReader"
    now = (await _update(house, lock["id"]))["lock"]
    assert [r["name"] for r in now["readers"]] == ["Inside face", "Antenna"]
    assert now["pinSupported"] is False
    gone = await other.change("deleteReader", readerId=lock["readers"][1]["id"])
    assert gone["__typename"] == "NotFound"


async def test_a_kit_is_complete_and_never_given_twice(served: Served) -> None:
    """Proves what an installer gets: 32 secret bytes, eight digits, first settings; the next kit is another."""
    house = await served.site(timezone="Asia/Kolkata")
    lock = (await house.lock())["lockId"]
    first, second = [await house.change("provisionLock", KIT, lockId=lock) for _ in range(2)]

    assert len(base64.urlsafe_b64decode(first["secret"] + "=")) == 32
    assert len(first["programmingCode"]) == 8
    assert first["programmingCode"].isdigit()
    settings = first["settings"]
    assert (settings["zone"], settings["fixedOffsetMinutes"]) == ("Asia/Kolkata", 330)
    assert second["settings"] == settings
    for once in ("secret", "incarnation"):
        assert first[once] != second[once]
    other = await served.site("Other")
    assert (await other.change("provisionLock", lockId=lock))["__typename"] == "NotFound"


async def test_a_slip_with_a_new_secret_does_not_deafen_a_working_lock(served: Served) -> None:
    """Proves pending until proven: the old secret opens until the new one is used, and is void from then on."""
    house = await served.site()
    entry = await house.lock()
    made = await house.invitation(entry["lockId"])
    phone = served.phone()
    await phone.redeem(made["code"])
    async with BareLock(served, entry) as old:
        slip = {**entry, **await house.change("provisionLock", KIT, lockId=entry["lockId"])}
        used = {**entry, **await house.change("provisionLock", KIT, lockId=entry["lockId"])}
        assert (await old.report())["__typename"] == "LockReported"
    async with BareLock(served, entry) as old:
        feed = await old.online()
        opening = asyncio.create_task(phone.open(entry["lockId"]))
        command = old.read_command(await anext(feed))
        await old.report(old.opened(command))
        assert (await opening)["__typename"] == "OpenedLock"

        async with BareLock(served, used) as new:
            assert (await old.socket.closed(within_seconds=15))[0] == 4403
            assert (await new.report(new.event()))["__typename"] == "LockReported"
            for void in (entry, slip):
                with pytest.raises(SocketRefused):
                    await BareLock(served, void).connect()


async def test_only_a_fresh_proof_of_the_right_lock_opens_a_socket(served: Served) -> None:
    """Proves that another lock's secret, an unknown lock, a proof shown twice or late are refused alike."""
    house = await served.site()
    entry, other = await house.lock("Front"), await house.lock("Flat")
    refusals = []
    for wrong in ({**entry, "secret": other["secret"]}, {**entry, "lockId": f"lock_{'0' * 32}"}):
        with pytest.raises(SocketRefused) as refused:
            await BareLock(served, wrong).connect()
        refusals.append((refused.value.code, refused.value.reason))
    proof = await BareLock(served, entry).proof()
    async with await served.socket({"lock": {"id": entry["lockId"], "proof": proof}}):
        with pytest.raises(SocketRefused) as refused:
            await served.socket({"lock": {"id": entry["lockId"], "proof": proof}})
        refusals.append((refused.value.code, refused.value.reason))
    late = await BareLock(served, entry).proof()
    served.clock.advance(timedelta(seconds=62))
    with pytest.raises(SocketRefused) as refused:
        await served.socket({"lock": {"id": entry["lockId"], "proof": late}})
    refusals.append((refused.value.code, refused.value.reason))
    assert {code for code, _ in refusals} == {4403}
    assert len(set(refusals)) == 1


async def test_pin_mode_where_there_is_no_keypad_names_the_locks(served: Served) -> None:
    """Locks by their names, whether a lock, its reader or a hub was meant; a hub without locks says just that."""
    house = await served.site()

    async def hub(name: str) -> str:
        made = await house.change(
            "createHub", "... on CreatedHub { hub { id } }", siteId=house.id, name=name
        )
        return str(made["hub"]["id"])

    busy, idle = await hub("Busy hub"), await hub("Idle hub")
    blind = await house.change(
        "createLock",
        "... on CreatedLock { lock { id readers { id } } }",
        siteId=house.id,
        name="Cellar",
        connectivity="WIRELESS_GATEWAY",
        hubId=busy,
        readers=[{"name": "Card reader", "hasKeypad": False}],
    )
    lock, (reader,) = blind["lock"]["id"], [each["id"] for each in blind["lock"]["readers"]]
    shown = "... on LockWithoutKeypad { locks { name } } ... on InvalidInput { field message }"

    for target in ({"lockId": lock}, {"readerId": reader}, {"hubId": busy}):
        answer = await house.change("setPinMode", shown, target=target, enabled=True)
        assert (answer["__typename"], answer["locks"]) == (
            "LockWithoutKeypad",
            [{"name": "Cellar"}],
        )
    nothing = await house.change("setPinMode", shown, target={"hubId": idle}, enabled=True)
    assert nothing == {
        "__typename": "InvalidInput",
        "field": "target.hubId",
        "message": "This hub connects no lock.",
    }
    await house.change("deleteReader", readerId=reader)
    for target in ({"readerId": reader}, {"lockId": busy}, {"hubId": ""}):
        gone = await house.change("setPinMode", FIELD, target=target, enabled=True)
        (field,) = target
        assert (gone["__typename"], gone["field"]) == ("NotFound", f"target.{field}")


async def test_pin_mode_has_one_target(served: Served) -> None:
    """None, two or null: the document is refused before anything looks at it, in variables and in the text alike."""
    house = await served.site()
    lock = (await house.lock())["lockId"]
    document = "mutation($input: SetPinModeInput!) { setPinMode(input: $input) { __typename } }"
    headers = {"authorization": f"Bearer {house.token}"}
    for target in (
        {},
        {"lockId": lock, "hubId": lock},
        {"lockId": None},
        {"lockId": lock, "hubId": None},
    ):
        wrong = await served.post(document, headers, input={"target": target, "enabled": False})
        assert wrong.json()["errors"][0]["extensions"]["code"] == "VARIABLES_INVALID", target
    for text in ("{}", f'{{ lockId: "{lock}", hubId: "{lock}" }}', "{ lockId: null }"):
        written = f"mutation {{ setPinMode(input: {{ target: {text}, enabled: false }}) {{ __typename }} }}"
        wrong = await served.post(written, headers)
        assert wrong.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED", text
