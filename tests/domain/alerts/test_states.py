"""What lasts at a site has one alert until it is over; alerts that are chosen are mailed, each once."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actors import Caller, Role, command_line_at
from domain.alerts.letters import A_SITE, WORDS, mail_alerts, readers_of, set_alert_mail
from domain.alerts.service import State, mark_alerts_seen, raise_state, settle_states
from domain.alerts.tables import Alert, AlertKind
from domain.database import use_case
from domain.errors import InvalidInput, NotFound
from domain.installation import Installation
from domain.mail.outbox import deliver_due
from domain.mail.tables import WaitingLetter
from domain.people.tables import Account, Member
from domain.security.keys import Keyring
from tests.databases import Database, only_sqlite
from tests.domain.alerts.test_alerts import site
from tests.domain.mail.post_office import PostOffice

NOW = datetime(2026, 12, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def office() -> tuple[Installation, PostOffice]:
    nothing: Any = None
    mailer = PostOffice()
    keys = Keyring.from_secret(secrets.token_bytes(32))
    return Installation(keys, nothing, nothing, mailer, "https://doors.example"), mailer


@use_case
async def member(site_id: UUID, email: str = "", role: Role = Role.OWNER, **other: Any) -> Member:
    """A member, with an account if an address is given."""
    account = None
    if email:
        account = await Account.create(email=email, password_hash="", created_at=NOW)
    return await Member.create(
        site_id=site_id,
        account=account,
        name="Ada",
        role=role,
        can_edit=True,
        accepted_at=NOW if account else None,
        created_at=NOW,
        **other,
    )


async def shown(kind: AlertKind = AlertKind.LOCK_SILENT) -> list[tuple[datetime, datetime | None]]:
    rows = await Alert.filter(kind=kind).order_by("id")
    return [(each.at, each.ended_at) for each in rows]


async def test_one_alert_from_its_beginning_to_its_end(database: Database) -> None:
    """However often and from however many sides it is found; one more when it comes again; other states beside it."""
    here = await site()
    silent, other = (State(here, uuid4(), lock_id=uuid4()) for _ in range(2))
    await asyncio.gather(
        *(settle_states(AlertKind.LOCK_SILENT, [silent], NOW) for _ in range(4)),
        *(raise_state(AlertKind.LOCK_SILENT, silent, NOW) for _ in range(4)),
    )
    assert await shown() == [(NOW, None)]
    await settle_states(AlertKind.LOCK_SILENT, [silent, other], NOW + MINUTE)
    await settle_states(AlertKind.LOCKOUT, [], NOW + MINUTE)
    await settle_states(AlertKind.LOCK_SILENT, [other], NOW + 2 * MINUTE)
    assert await shown() == [(NOW, NOW + 2 * MINUTE), (NOW + MINUTE, None)]
    await settle_states(AlertKind.LOCK_SILENT, [silent, other], NOW + 3 * MINUTE)
    assert (await shown())[2] == (NOW + 3 * MINUTE, None)


async def test_seen_up_to_one_and_all(database: Database) -> None:
    """Those that came meanwhile stay unseen; another site's are not touched; an id of another site names nothing."""
    (installation, _), here, there = office(), await site(), await site()
    for number in range(3):
        for each in (here, there):
            await raise_state(AlertKind.LOCKOUT, State(each, uuid4()), NOW + number * MINUTE)
    first, second, _ = await Alert.filter(site_id=here).order_by("id")
    foreign = await Alert.filter(site_id=there).first()
    assert foreign is not None

    async def mark(up_to: UUID | None) -> int:
        by = command_line_at(here)
        return await mark_alerts_seen(installation, by, alert_id=up_to, now=NOW)

    assert [await mark(second.id), await mark(first.id)] == [2, 0]
    assert await Alert.filter(seen_at=None).count() == 4
    for wrong in (foreign.id, uuid4()):
        with pytest.raises(NotFound):
            await mark(wrong)
    assert [await mark(None), await mark(None)] == [1, 0]
    assert await Alert.filter(seen_at=None, site_id=there).count() == 3


async def chosen(installation: Installation, site_id: UUID, *members: Member) -> None:
    await set_alert_mail(
        installation,
        command_line_at(site_id),
        kinds=[AlertKind.LOCKOUT, AlertKind.LOCK_SILENT],
        member_ids=[each.id for each in members],
        now=NOW,
    )


async def test_chosen_alerts_are_mailed_once_to_whom_the_site_chose(database: Database) -> None:
    """Several in one letter, in words; others not; none to whoever may not read the site any more; a letter that was
    not posted because the server died is posted by the next."""
    (installation, mailer), here = office(), await site()
    ada = await member(here, "ada@example.com")
    bea = await member(here, "bea@example.com", Role.LIMITED_ADMIN)
    await raise_state(AlertKind.LOCKOUT, State(here, uuid4()), NOW - MINUTE)
    await chosen(installation, here, ada, bea)
    for kind in (AlertKind.LOCKOUT, AlertKind.LOCK_SILENT, AlertKind.SEATS_NEARLY_USED):
        await raise_state(kind, State(here, uuid4()), NOW)
    posted = await asyncio.gather(*(mail_alerts(installation, NOW) for _ in range(4)))
    assert sum(posted) == 2
    assert await mail_alerts(installation, NOW) == 0
    await deliver_due(installation, lambda: NOW)
    assert sorted(mailer.recipients) == ["ada@example.com", "bea@example.com"]
    letter = mailer.taken[0][1]
    assert letter.subject == "House: 2 alerts"
    assert WORDS[AlertKind.LOCKOUT] in letter.text
    assert WORDS[AlertKind.SEATS_NEARLY_USED] not in letter.text

    await Member.filter(id=bea.id).update(role=Role.USER)
    assert [each.id for each in await readers_of(here)] == [ada.id]
    await raise_state(AlertKind.LOCKOUT, State(here, uuid4()), NOW)
    await mail_alerts(installation, NOW)
    await deliver_due(installation, lambda: NOW)
    assert mailer.recipients[2:] == ["ada@example.com"]


@only_sqlite
async def test_letters_of_an_hour_end_and_the_next_tells_all(database: Database) -> None:
    """An attack makes six letters an hour and loses no alert."""
    (installation, mailer), here = office(), await site()
    await chosen(installation, here, await member(here, "ada@example.com"))
    for _ in range(A_SITE.tries + 3):
        await raise_state(AlertKind.LOCKOUT, State(here, uuid4()), NOW)
        await mail_alerts(installation, NOW)
    later = NOW + A_SITE.window
    assert await mail_alerts(installation, later) == 1
    await deliver_due(installation, lambda: later)
    assert len(mailer.taken) == A_SITE.tries + 1
    assert {letter.subject for _, letter in mailer.taken} == {"House: an alert", "House: 3 alerts"}
    assert await WaitingLetter.all().count() == 0


@only_sqlite
async def test_who_and_what_may_be_chosen(database: Database) -> None:
    """Nobody of another site, nobody who was removed, no USER, nobody without an account, no letters about letters."""
    (installation, _), here, there = office(), await site(), await site()
    by: Caller = command_line_at(here)
    wrong: list[tuple[list[AlertKind], list[Member], type[Exception]]] = [
        ([], [await member(there, "a@example.com")], NotFound),
        ([], [await member(here, "b@example.com", removed_at=NOW)], NotFound),
        ([], [await member(here, "c@example.com", Role.USER)], InvalidInput),
        ([], [await member(here)], InvalidInput),
        ([AlertKind.LETTER_NOT_SENT], [], InvalidInput),
        ([], [Member(id=uuid4()) for _ in range(21)], InvalidInput),
    ]
    for kinds, members, refusal in wrong:
        with pytest.raises(refusal):
            await set_alert_mail(
                installation, by, kinds=kinds, member_ids=[each.id for each in members], now=NOW
            )
    assert set(WORDS) == set(AlertKind) - {AlertKind.LETTER_NOT_SENT}
