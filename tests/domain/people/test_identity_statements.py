"""The statements that find out who a caller is read what the tables' columns hold, on both databases."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.actors import Role
from domain.database.rows import Row
from domain.database.statements import Found, row_by_id
from domain.invitations.tables import Invitation
from domain.people import identities
from domain.people.tables import Account, ApiToken, Device, Platform, Session
from domain.sites.rules import SystemType
from domain.sites.tables import Site
from tests.databases import Database

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)


def same(found: Found, *rows: Row) -> None:
    """Each column is what the first of these rows that has such a column says."""
    for column in found._places:
        expected: Any = next((getattr(row, column) for row in rows if hasattr(row, column)), None)
        read: Any = found[column]
        if re.search(r"(^|_)id$", column):
            read = found.key_or_none(column)
        elif re.search(r"_(at|until)$", column):
            read = found.moment_or_none(column)
        assert read == expected, column


async def test_each_column_is_the_tables(database: Database) -> None:
    account = await Account.create(email="eve@example.com", created_at=NOW)
    site = await Site.create(
        name="House",
        timezone="Europe/Rome",
        system_type=SystemType.STANDARD,
        pin_salt=b"salt",
        pin_time_cost=1,
        pin_memory_kib=8,
        pin_parallelism=1,
        created_at=NOW,
    )
    invitation = await Invitation.create(
        site=site,
        name="Guest",
        code_tag="code",
        code_sealed=b"",
        valid_until=NOW + timedelta(days=1),
        device_limit=1,
        deleted_at=NOW + timedelta(hours=1),
        created_at=NOW,
    )
    session = await Session.create(
        account=account, tag="session", created_at=NOW, expires_at=NOW, ended_at=NOW
    )
    phone: dict[str, Any] = {"thumbprint": "key", "platform": Platform.IOS, "redeemed_at": NOW}
    own = await Device.create(account=account, name="Own", generation=7, expires_at=NOW, **phone)
    guest = await Device.create(invitation=invitation, name="Guest's", **phone)
    token = await ApiToken.create(
        account=account,
        name="Script",
        tag="token",
        role=Role.OWNER,
        can_edit=False,
        created_at=NOW,
        revoked_at=NOW,
        last_used_at=NOW,
    )

    for statement, parameter in (
        (identities.SESSION_BY_TAG, "session"),
        (identities.SESSION_BY_ID, session.id),
    ):
        (found,) = await statement.rows(parameter)
        same(found, session, account)
    for statement, parameter in (
        (identities.TOKEN_BY_TAG, "token"),
        (identities.TOKEN_BY_ID, token.id),
    ):
        (found,) = await statement.rows(parameter)
        same(found, token)
    by_key = {each.key("id"): each for each in await identities.DEVICES_BY_THUMBPRINT.rows("key")}
    for device, rest in ((own, [account]), (guest, [invitation])):
        same(by_key[device.id], device, *rest)
        (found,) = await identities.DEVICE_BY_ID.rows(device.id)
        same(found, device, *rest)
    assert await row_by_id(Device, own.id) == own
    assert await row_by_id(Account, own.id) is None


async def test_a_removed_phone_is_not_found_by_its_key(database: Database) -> None:
    account = await Account.create(email="eve@example.com", created_at=NOW)
    await Device.create(
        account=account,
        thumbprint="key",
        name="Gone",
        platform=Platform.IOS,
        redeemed_at=NOW,
        removed_at=NOW,
    )

    assert await identities.DEVICES_BY_THUMBPRINT.rows("key") == []
