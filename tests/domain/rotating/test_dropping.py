"""Dropping a key names what ends, ends it, and leaves the key without any use: for us, and for whoever has stolen it."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.actors import COMMAND_LINE, Role
from domain.audit.chains import walk
from domain.audit.rows import Said, content, row_mac
from domain.audit.tables import AuditHead, AuditRow
from domain.people.api_tokens import create_api_token
from domain.people.ending_with_key import EndsWithKey
from domain.people.identities import (
    API_TOKEN_PREFIX,
    SESSION_PREFIX,
    api_token_actor,
    device_actor,
    device_token,
    session_actor,
)
from domain.people.tables import Account, ApiToken, Device, Platform, RecoveryCode, Session
from domain.pins.digits import open_verifier, tag_of
from domain.pins.tables import Pin, PinReservation
from domain.recorded_keys.rotation import announce_key
from domain.recorded_keys.service import KeysMissing, open_keyring
from domain.recorded_keys.tables import RecordedKey
from domain.rotating.columns import CHECKED, REMADE_TAGS, SEALED
from domain.rotating.dropping import Ending, KeyNotDroppable, drop
from domain.rotating.service import rotate
from domain.security.keys import KeyLabel, Keyring, SealBroken, key_of_tag
from domain.security.tokens import new_token
from tests.databases import Database, only_sqlite
from tests.domain.sync.yard import Yard

NEW = secrets.token_urlsafe(32)
NEW_ID = Keyring.from_text(NEW).current_id


@pytest.fixture
def old(yard: Yard, tmp_path: Path) -> Keyring:
    """What a thief of the secret of before has."""
    return Keyring.from_text((tmp_path / "secret.key").read_text().strip())


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> AsyncIterator[Yard]:
    """A site with a PIN; its process knows the new secret, too."""
    made = await Yard.make(tmp_path)
    text = (tmp_path / "secret.key").read_text()
    keys = await open_keyring(lambda fresh: Keyring.from_text(f"{text} {NEW}"), made.now)
    made.installation = replace(made.installation, keys=keys)
    await made.pin(await made.lock("Front"))
    yield made
    made.installation.passwords.close()


async def token_of(yard: Yard, name: str) -> str:
    _, token = await create_api_token(
        yard.installation,
        COMMAND_LINE,
        site_ids=[yard.site.id],
        name=name,
        role=Role.OWNER,
        can_edit=True,
        expires_at=None,
        now=yard.now,
    )
    return token


async def rotated(yard: Yard) -> None:
    yard.now += timedelta(minutes=1)
    await rotate(yard.installation, lambda: NEW_ID, lambda line: None, yard.clock, patience=5)


async def dropped(yard: Yard, old: Keyring, *, agreed: bool = True) -> Ending:
    """What was named before the key went."""
    named: list[Ending] = []

    def ask(ending: Ending) -> bool:
        named.append(ending)
        return agreed

    await drop(yard.installation, old.current_id, ask, yard.clock)
    return named[0]


async def signed_in(yard: Yard) -> tuple[Account, dict[str, str]]:
    """A person with two consoles, a phone, and recovery codes."""
    keys, now = yard.installation.keys, yard.now
    account = await Account.create(email="a@example.com", created_at=now)
    tokens = {}
    for name in ("used", "unused"):
        tokens[name] = new_token(SESSION_PREFIX)
        await Session.create(
            account=account,
            tag=keys.tag(KeyLabel.TOKENS, SESSION_PREFIX, tokens[name]),
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
    for number in range(2):
        tag = keys.tag(KeyLabel.TOKENS, "recovery", str(account.id), str(number))
        await RecoveryCode.create(account=account, tag=tag, used_at=now if number else None)
    device = await Device.create(
        account=account, thumbprint="t" * 43, name="P", platform=Platform.IOS, redeemed_at=now
    )
    tokens["phone"] = device_token(yard.installation, device)
    return account, tokens


async def test_what_ends_is_named_and_ends_and_the_rest_goes_on(yard: Yard, old: Keyring) -> None:
    """Scripts and consoles that were there in between keep their tokens; a refusal to go on changes nothing."""
    account, tokens = await signed_in(yard)
    tokens["script"], tokens["idle script"] = await token_of(yard, "s"), await token_of(yard, "i")
    await rotated(yard)
    here = yard.installation
    assert await api_token_actor(here, tokens["script"], yard.now)
    assert await session_actor(here, tokens["used"], yard.now)
    assert await device_actor(here, tokens["phone"], "t" * 43, yard.now)

    named = EndsWithKey(1, 1, 1, 0, 0, 1, 0)
    assert (await dropped(yard, old, agreed=False)).shown == named
    assert await session_actor(here, tokens["used"], yard.now)
    ended = await dropped(yard, old)
    assert (ended.shown, len(ended.lines())) == (named, 4)
    assert here.keys.ids == (NEW_ID,)
    assert await api_token_actor(here, tokens["script"], yard.now)
    assert await session_actor(here, tokens["used"], yard.now)
    assert await api_token_actor(here, tokens["idle script"], yard.now) is None
    assert await session_actor(here, tokens["unused"], yard.now) is None
    assert await device_actor(here, tokens["phone"], "t" * 43, yard.now) is None
    device = await Device.get()
    assert await device_actor(here, device_token(here, device), "t" * 43, yard.now)
    assert await RecoveryCode.all().count() == 0
    for chain in (yard.site.id, account.id):
        assert await AuditRow.filter(chain=chain, action="dropKey").exists()
        assert (await walk(here.keys, chain)).finding is None


async def test_the_old_key_and_the_database_give_nothing(yard: Yard, old: Keyring) -> None:
    """Nothing opens, no tag can be compared, nothing made with it is taken for ours."""
    await signed_in(yard)
    await rotated(yard)
    await dropped(yard, old)
    here, thief = yard.installation, replace(yard.installation, keys=old)
    for sealed in SEALED:
        for row in await sealed.model.exclude(**{sealed.column: None}):
            with pytest.raises(SealBroken):
                old.open(getattr(row, sealed.column), sealed.identity(row))
    for model, name in REMADE_TAGS:
        for each in await model.all():
            assert key_of_tag(getattr(each, name)) != old.current_id
    verifier = open_verifier(here, await Pin.get())
    tag = tag_of(thief, yard.site.id, verifier)
    assert not await PinReservation.filter(tag=tag).exists()
    for table, column in CHECKED:
        rows = [
            row for row in await table.all() if key_of_tag(getattr(row, column)) == old.current_id
        ]
        assert all(
            getattr(row, "ended_at", None) or getattr(row, "revoked_at", None) for row in rows
        )

    token = new_token(API_TOKEN_PREFIX)
    await ApiToken.create(
        name="thief",
        tag=old.tag(KeyLabel.TOKENS, API_TOKEN_PREFIX, token),
        role=Role.OWNER,
        created_at=yard.now,
    )
    assert await api_token_actor(here, token, yard.now) is None
    await forged_row(yard, old)
    found = (await walk(here.keys, yard.site.id)).finding
    assert found is not None
    assert "not here" in found.what


async def forged_row(yard: Yard, old: Keyring) -> None:
    """A row at the end of the chain, right by the old key."""
    head = await AuditHead.get(id=yard.site.id)
    last = await AuditRow.get(chain=head.id, number=head.number)
    row = AuditRow(
        chain=head.id,
        number=head.number + 1,
        at=yard.now,
        actor_kind=last.actor_kind,
        actor_id=None,
        action="deleteLock",
        target_kind="Lock",
        target_id=UUID(int=1),
        changes={},
        mac="",
    )
    row.mac = row_mac(old, None, head.mac, content(head.id, Said.of(row)))
    await row.save(force_create=True)
    await AuditHead.filter(id=head.id).update(number=row.number, mac=row.mac)


async def test_a_closed_part_of_the_audit_that_is_changed_is_found_without_its_key(
    yard: Yard, old: Keyring
) -> None:
    """The signature of the closing stands for the MACs of the rows."""
    await rotated(yard)
    await dropped(yard, old)
    await AuditRow.filter(chain=yard.site.id, number=2).update(action="deleteLock")
    found = (await walk(yard.installation.keys, yard.site.id)).finding
    assert found is not None
    assert found.number <= 2


@only_sqlite
async def test_a_key_that_is_needed_is_not_dropped(yard: Yard, old: Keyring) -> None:
    """The one in front, one that is announced, one whose rotation did not end, and one that never was."""
    await announce_key(NEW_ID, yard.now)
    for key_id in (old.current_id, NEW_ID, "00000000"):
        with pytest.raises(KeyNotDroppable):
            await drop(yard.installation, key_id, lambda ending: True, yard.clock)
    await rotated(yard)
    await RecordedKey.filter(id=old.current_id).update(left_at=None)
    with pytest.raises(KeyNotDroppable, match="run rotate-keys"):
        await dropped(yard, old)


@only_sqlite
async def test_a_dropped_key_is_not_used_again_and_dropping_it_twice_is_nothing(
    yard: Yard, old: Keyring, tmp_path: Path
) -> None:
    """Whether it still lies in the file, or alone."""
    await rotated(yard)
    await dropped(yard, old)
    assert await drop(yard.installation, old.current_id, lambda ending: False, yard.clock)
    text = (tmp_path / "secret.key").read_text()
    again = await open_keyring(lambda fresh: Keyring.from_text(f"{text} {NEW}"), yard.now)
    assert again.ids == (NEW_ID,)
    with pytest.raises(KeysMissing, match=NEW_ID):
        await open_keyring(lambda fresh: Keyring.from_text(text), yard.now)
