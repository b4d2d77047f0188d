"""Alerts by mail: for the kinds and to the admins that a site has chosen, several alerts in one letter.

An alert is marked as due in the transaction that makes it; a worker posts the letters and takes the mark off in another, so
that none is lost with a server and none is told twice. Where a site's letters of an hour are spent, the marks wait, and the
next letter tells them all.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from domain.actors import ActorKind, Caller, Role, Standing
from domain.alerts.tables import Alert, AlertKind, AlertReader
from domain.audit.service import recorded
from domain.database import Queue, Work, lock_row, lock_rows, transaction, use_case
from domain.database.rows import column
from domain.errors import InvalidInput, MailNotSent, NotFound, Throttled
from domain.installation import Installation
from domain.letters.letter import Letter
from domain.locks.tables import Lock
from domain.mail.outbox import post
from domain.people.rules import Permission, allows
from domain.people.tables import Member
from domain.sites.rules import name_in_letters
from domain.sites.tables import Site
from domain.throttling.service import Budget, count_try

log = structlog.get_logger(__name__)
A_SITE = Budget("letters about alerts of one site", 6, timedelta(hours=1))
MOST_READERS = 20
MOST_TOLD = 50
"""Alerts of one letter; more are counted."""
NEVER_MAILED = frozenset({AlertKind.LETTER_NOT_SENT})
"""A letter about a letter that could not be sent would be the next."""
WORDS = {
    AlertKind.PIN_REFUSALS_SPENT: "Somebody was refused so many PINs that they may be looking for other people's",
    AlertKind.PIN_CHOICES_SPENT: "Somebody chose so many PINs that they may be finding out which ones are free",
    AlertKind.LOCK_REPLACED: "A lock was set up anew and has replaced the one before",
    AlertKind.LOCK_TOO_OLD: "A lock's firmware is too old for what it should hold",
    AlertKind.LOCKOUT: "So many wrong PINs were typed that the keypad takes none any more",
    AlertKind.LOCK_SILENT: "Nothing was heard of a lock for an hour",
    AlertKind.OLD_PIN_OPENS: "A lock has not heard of a change for a day, so that an old PIN may still open it",
    AlertKind.SEATS_NEARLY_USED: "Nearly all seats of the plan are used",
    AlertKind.SMARTPIN_NOT_ACTIVATED: "A SmartPIN was not used within a day of its start and opens nothing any more",
    AlertKind.WRONG_ENTRIES: "Ten wrong PINs or more were typed at the doors within an hour",
    AlertKind.RECORDS_TAMPERED: "What stands in the database is not what was written. Tell the people who run the server",
}


def gets_alerts(member: Member) -> bool:
    """Whether letters about alerts may go to this member: one who has accepted and may read the site."""
    standing = Standing(member.site_id, member.role, member.can_edit, member.id)
    there = member.removed_at is None and member.accepted_at is not None
    return there and member.account_id is not None and allows(standing, Permission.READ)


@use_case
async def set_alert_mail(
    installation: Installation,
    by: Caller,
    *,
    kinds: Collection[AlertKind],
    member_ids: Collection[UUID],
    now: datetime,
) -> Site:
    """From now on alerts of these kinds are mailed to these members; none of either: nothing is mailed.

    Raises InvalidInput, NotFound.
    """
    if NEVER_MAILED & set(kinds):
        raise InvalidInput("kinds", "A letter about letters that were not sent would not arrive.")
    if len(set(member_ids)) > MOST_READERS:
        raise InvalidInput("member_ids", f"Give at most {MOST_READERS} members.")
    async with recorded(installation, by, "setAlertMail", now) as change:
        site = await lock_row(Site, by.site_id)
        assert site is not None
        members = [
            each for each in await lock_rows(Member, set(member_ids)) if each.site_id == site.id
        ]
        if len({each.id for each in members if each.removed_at is None}) != len(set(member_ids)):
            raise NotFound("member_ids")
        if not all(gets_alerts(each) for each in members):
            raise InvalidInput(
                "member_ids", "Choose members who have accepted and may read the site."
            )
        site.alert_mail_kinds = sorted({each.value for each in kinds})
        await site.save(update_fields=["alert_mail_kinds"])
        await AlertReader.filter(site_id=site.id).delete()
        await AlertReader.bulk_create(
            [AlertReader(site_id=site.id, member_id=each.id) for each in members]
        )
        change.note(
            "Site",
            site.id,
            alertMailKinds=site.alert_mail_kinds,
            alertMailTo=sorted(str(each.id) for each in members),
        )
        return site


async def readers_of(site_id: UUID) -> list[Member]:
    """The members to whom a site's alerts are mailed now, in id order."""
    ids = await column(AlertReader.filter(site_id=site_id), "member_id")
    rows = await Member.filter(id__in=ids).order_by("id").select_related("account")
    return [each for each in rows if gets_alerts(each)]


async def mail_alerts(installation: Installation, now: datetime) -> int:
    """Posts letters about all alerts that are due; how many letters."""
    due = Alert.filter(mail_due=True).distinct()
    posted = 0
    for site_id in await column(due, "site_id"):
        try:
            await count_try(installation, A_SITE, str(site_id), now)
            posted += await _mail(installation, site_id, now)
        except Throttled:
            continue  # the next letter tells these too
        except MailNotSent:
            log.warning("alerts not mailed", site=str(site_id))
    return posted


@use_case
async def _mail(installation: Installation, site_id: UUID, now: datetime) -> int:
    by = Caller(ActorKind.ANONYMOUS, None, Standing(site_id, Role.USER, False, None))
    async with transaction(Queue(Work.CHANGES, site_id)):
        site = await lock_row(Site, site_id)
        assert site is not None
        alerts = await Alert.filter(site_id=site_id, mail_due=True).order_by("id")
        readers = await readers_of(site_id) if alerts else []
        for reader in readers:
            assert reader.account is not None
            letter = Letter(
                reader.account.email,
                f"{name_in_letters(site.name)}: {_count(len(alerts))}",
                [*await _lines(alerts), "You get this because the site's owner chose so."],
            )
            await post(installation, by, letter, about=reader.id, now=now)
        await Alert.filter(id__in=[each.id for each in alerts]).update(mail_due=False)
        return len(readers)


def _count(alerts: int) -> str:
    return "an alert" if alerts == 1 else f"{alerts} alerts"


async def _lines(alerts: Sequence[Alert]) -> list[str]:
    ids = list({each.lock_id for each in alerts if each.lock_id is not None})
    named = await Lock.filter(id__in=ids).values_list("id", "name")
    names = {key: name for key, name in named if name_in_letters(name) == name}
    told = []
    for each in alerts[:MOST_TOLD]:
        where = f" ({names[each.lock_id]})" if each.lock_id in names else ""
        told.append(f"{each.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {WORDS[each.kind]}{where}.")
    if len(alerts) > MOST_TOLD:
        told.append(f"And {len(alerts) - MOST_TOLD} more.")
    return told
