"""Erasing a member: removed first, if they were not, then forgotten, in one transaction.

What was done stays, by ids that name nobody any more: the audit chain holds no names, so that it stays whole, and events
and alerts are read with "Erased person" where the name was.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tortoise.expressions import Q

from domain.actors import AccountActor, Caller
from domain.audit.service import changing_access
from domain.database import lock_row, lock_rows, use_case
from domain.database.rows import column
from domain.errors import NotFound
from domain.installation import Installation
from domain.invitations.erasing import erase_invitations
from domain.invitations.tables import Invitation
from domain.mail.outbox import end_letters
from domain.people.confirming import check_confirmed
from domain.people.erased import erase_account, erase_members
from domain.people.members import end_membership
from domain.people.rules import Permission
from domain.people.standings import still_standing
from domain.people.tables import Member
from domain.pins.tables import Pin
from domain.sites.tables import Site
from domain.sync.status import may_hold
from domain.sync.tables import LockEntry


class Remainder(StrEnum):
    """What of an erased person is still somewhere."""

    RECORDS_BY_ID = "RECORDS_BY_ID"
    """Events, alerts and the audit, which name nobody: ids, moments, what was done."""
    ACCOUNT_ELSEWHERE = "ACCOUNT_ELSEWHERE"
    """The person's own account, since they are a member of another site."""
    DIGITS_AT_LOCKS = "DIGITS_AT_LOCKS"
    """PINs at locks that have not connected since: they open there until then."""
    BACKUPS = "BACKUPS"
    """Backups that were made before; they go by their own rule."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The member and the invitations as they read from now on, and what stays."""

    member: Member
    invitations: Sequence[Invitation]
    remains: Sequence[Remainder]


@use_case
async def erase_member(
    installation: Installation,
    by: Caller,
    *,
    member_id: UUID,
    invitation_ids: Collection[UUID],
    now: datetime,
) -> Erased:
    """Takes names, addresses and notes about a person out of the site for good: the member and every earlier membership
    of the same account or address, their PINs' notes, the named invitations with their phones, and the account, if the
    person is no member elsewhere. Said again of one who is erased already, it finds nothing more.

    Raises PasswordNotConfirmed for a person who has not just confirmed theirs, NotAllowed, NotFound.
    """
    async with changing_access(installation, by, "eraseMember", now) as change:
        await lock_row(Site, by.site_id)  # before the member's row, as everywhere: no deadlock
        by = await still_standing(by, Permission.SITE_SETTINGS, now)
        if isinstance(by.actor, AccountActor):
            await check_confirmed(by.actor, now)
        member = await lock_row(Member, member_id)
        if member is None or member.site_id != by.site_id:
            raise NotFound("member_id")
        rows = await _same_person(member)
        account_id = member.account_id
        for row in rows:
            if row.removed_at is None:
                await end_membership(installation, change, row, now)
        await erase_members(rows, now)
        ids = [row.id for row in rows]
        pins = Pin.filter(owner_id__in=ids)
        await pins.update(notes="", search_text="")
        await end_letters(ids)
        invitations = await erase_invitations(change, by, invitation_ids, now)
        gone = account_id is None or await erase_account(change, account_id, now)
        change.note("Member", member.id, account=gone)
        (erased,) = [row for row in rows if row.id == member.id]
        return Erased(erased, invitations, await _remains(await column(pins, "id"), gone))


async def _same_person(member: Member) -> list[Member]:
    """The member and earlier ones of the same account or address at the site, their rows held."""
    same = Q(id=member.id)
    if member.account_id is not None:
        same |= Q(account_id=member.account_id)
    if member.invited_email is not None:
        same |= Q(invited_email=member.invited_email)
    ids = await column(Member.filter(same, site_id=member.site_id), "id")
    return list(await lock_rows(Member, ids))


async def _remains(pin_ids: Sequence[UUID], account_gone: bool) -> list[Remainder]:
    found = [Remainder.RECORDS_BY_ID, Remainder.BACKUPS]
    if not account_gone:
        found.append(Remainder.ACCOUNT_ELSEWHERE)
    entries = await LockEntry.filter(pin_id__in=list(pin_ids))
    if await may_hold(entries):
        found.append(Remainder.DIGITS_AT_LOCKS)
    return found
