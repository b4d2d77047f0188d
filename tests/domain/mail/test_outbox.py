"""The outbox: no letter is lost, none is sent twice by two servers, and what waits is nobody's to read."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import structlog

from domain.actors import COMMAND_LINE
from domain.alerts.tables import Alert, AlertKind
from domain.database import TransactionMisuse, drain, transaction, use_case
from domain.database.rows import new_id
from domain.errors import MailNotSent
from domain.installation import Installation
from domain.mail import outbox
from domain.mail.outbox import (
    FIRST_PAUSE,
    GIVEN_UP_AFTER,
    LONGEST_PAUSE,
    TAKEN_FOR,
    deliver_due,
    deliver_letters,
    end_letters,
    post,
    take_letter,
)
from domain.mail.tables import WaitingLetter
from tests.databases import Database
from tests.domain.alerts.test_alerts import site
from tests.domain.mail.post_office import NOW, Killed, PostOffice, a_letter, admin_of, posted
from tests.waiting import becomes


async def delivered(installation: Installation, now: datetime) -> int:
    return await deliver_due(installation, lambda: now)


async def test_a_letter_is_sent_once_and_then_gone(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves that posting sends nothing by itself, and that what is sent leaves no row behind."""
    await posted(installation, a_letter())
    assert office.tried == 0
    assert await delivered(installation, NOW) == 1
    assert await delivered(installation, NOW + timedelta(days=1)) == 0
    assert office.recipients == ["ada@example.com"]
    assert not await WaitingLetter.exists()


async def test_a_letter_belongs_to_the_change_that_it_tells_of(
    database: Database, installation: Installation
) -> None:
    """Proves that a change which is undone takes its letter back, and that none is posted beside a change."""

    @use_case
    async def fails() -> None:
        async with transaction():
            await post(installation, COMMAND_LINE, a_letter(), now=NOW)
            raise KeyError

    @use_case
    async def beside() -> None:
        await post(installation, COMMAND_LINE, a_letter(), now=NOW)

    with pytest.raises(KeyError):
        await fails()
    with pytest.raises(TransactionMisuse):
        await beside()
    assert not await WaitingLetter.exists()


async def test_what_waits_is_sealed(database: Database, installation: Installation) -> None:
    """Proves that neither the address nor the text of a waiting letter is in its row, and no row opens another's."""
    await posted(installation, a_letter())
    row = await WaitingLetter.get()
    columns = " ".join(str(getattr(row, name)) for name in row._meta.fields_map)
    for part in ("ada", "example.com", "swordfish", "Hello"):
        assert part not in columns
        assert part.encode() not in row.sealed
    await posted(installation, a_letter("eve@example.com"))
    eves = (await WaitingLetter.exclude(id=row.id).get()).sealed

    @use_case
    async def put_over() -> None:
        await WaitingLetter.filter(id=row.id).update(sealed=eves)

    await put_over()
    with structlog.testing.capture_logs() as logs:
        await delivered(installation, NOW)
    assert [each["fault"] for each in logs] == ["sealed under a key that is not here"]


async def test_no_letter_is_lost_while_the_mail_server_is_down(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves ever longer pauses up to an hour, at most a few tries a letter, and delivery once the server is back."""
    for number in range(3):
        await posted(installation, a_letter(f"{number}@example.com"))
    office.down = True
    now, pauses = NOW, []
    with structlog.testing.capture_logs() as logs:
        while now < NOW + timedelta(days=1):
            assert await delivered(installation, now) == 3
            due = [row.due_at for row in await WaitingLetter.all()]
            assert len(due) == 3
            pauses.append(min(due) - now)
            now = max(due)
    assert FIRST_PAUSE * 0.7 < pauses[0] < FIRST_PAUSE * 1.3
    assert max(pauses) <= LONGEST_PAUSE * 1.25
    assert office.tried < 3 * 60
    assert "example.com" not in str(logs)
    office.down = False
    assert await delivered(installation, now) == 3
    assert sorted(office.recipients) == [f"{number}@example.com" for number in range(3)]


async def test_a_letter_is_given_up_after_days_with_an_alert(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves three days, one alert for the site whose admin asked for it, and a line in the log that names nobody."""
    site_id, admin = await site(), new_id()
    await posted(installation, a_letter(), admin_of(site_id, admin))
    office.down = True
    await delivered(installation, NOW + GIVEN_UP_AFTER - timedelta(seconds=1))
    assert await WaitingLetter.exists()
    with structlog.testing.capture_logs() as logs:
        await delivered(installation, NOW + GIVEN_UP_AFTER + LONGEST_PAUSE)
    assert not await WaitingLetter.exists()
    assert [each["log_level"] for each in logs] == ["error"]
    assert "example.com" not in str(logs)
    alert = await Alert.get()
    assert (alert.kind, alert.site_id, alert.actor_id) == (
        AlertKind.LETTER_NOT_SENT,
        site_id,
        admin,
    )


async def test_a_recipient_that_the_server_refuses_keeps_no_other_letter_back(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves that what is refused for good is tried once, and the others go."""
    office.refused = {"1@example.com"}
    for number in range(3):
        await posted(
            installation, a_letter(f"{number}@example.com"), admin_of(await site(), new_id())
        )
    assert await delivered(installation, NOW) == 3
    assert sorted(office.recipients) == ["0@example.com", "2@example.com"]
    assert not await WaitingLetter.exists()
    assert await Alert.all().count() == 1


async def test_a_fault_that_nobody_expects_ends_no_worker_and_loses_no_letter(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves that the worker sends the others, tries this one again later, and logs the kind of the fault alone."""
    office.breaks_on = {"broken@example.com"}
    await posted(installation, a_letter("broken@example.com"))
    await posted(installation, a_letter("0@example.com"))
    with structlog.testing.capture_logs() as logs:
        worker = asyncio.create_task(deliver_letters(installation, lambda: NOW))
        try:
            await becomes(lambda: office.recipients == ["0@example.com"] and office.tried == 2)
            await posted(installation, a_letter("1@example.com"))
            await becomes(lambda: len(office.recipients) == 2)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            await drain(30)
    assert [each["fault"] for each in logs] == ["ValueError"]
    assert "example.com" not in str(logs)
    (waiting,) = await WaitingLetter.all()
    office.breaks_on = set()
    assert await delivered(installation, waiting.due_at) == 1
    assert not await WaitingLetter.exists()


async def test_several_servers_share_the_letters(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves that of eight workers at once each letter is sent by one."""
    for number in range(40):
        await posted(installation, a_letter(f"{number}@example.com"))
    tried = await asyncio.gather(*(delivered(installation, NOW) for _ in range(8)))
    assert sum(tried) == 40
    assert sorted(office.recipients) == sorted({f"{number}@example.com" for number in range(40)})


async def test_the_letter_of_a_server_that_was_killed_is_sent_by_another(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves it for one killed before sending and one killed between sending and marking, which keeps its Message-ID."""
    await posted(installation, a_letter())
    taken = await take_letter(NOW)
    assert taken is not None, "and then it is killed"
    assert await delivered(installation, NOW + TAKEN_FOR - timedelta(seconds=1)) == 0
    office.killed_after = True
    with pytest.raises(Killed):
        await delivered(installation, NOW + TAKEN_FOR)
    office.killed_after = False
    assert await delivered(installation, NOW + TAKEN_FOR + timedelta(seconds=1)) == 0
    assert await delivered(installation, NOW + 2 * TAKEN_FOR) == 1
    assert [letter_id for letter_id, _ in office.taken] == [taken.id, taken.id]
    assert not await WaitingLetter.exists()


async def test_a_letter_ends_with_what_it_carries(
    database: Database, installation: Installation, office: PostOffice
) -> None:
    """Proves that a letter whose link or invitation ended is not sent, and neither is one that would come too late."""
    ended, other = new_id(), new_id()
    await posted(installation, a_letter("a@example.com"), about=ended)
    await posted(installation, a_letter("b@example.com"), about=other)
    await posted(installation, a_letter("c@example.com"), until=NOW + timedelta(hours=2))

    @use_case
    async def end(ids: list[UUID]) -> None:
        async with transaction():
            await end_letters(ids)

    await end([ended])
    await end([])
    await delivered(installation, NOW + timedelta(hours=2))
    assert office.recipients == ["b@example.com"]
    assert not await WaitingLetter.exists()


async def test_a_site_cannot_fill_the_outbox(
    database: Database, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proves that more than the most is refused, that other sites are not, and that there is room again once one left."""
    monkeypatch.setattr(outbox, "MOST_WAITING_AT_SITE", 2)
    full, other = await site(), await site()
    for _ in range(2):
        await posted(installation, a_letter(), admin_of(full, new_id()))
    with pytest.raises(MailNotSent):
        await posted(installation, a_letter(), admin_of(full, new_id()))
    await posted(installation, a_letter(), admin_of(other, new_id()))
    assert await delivered(installation, NOW) == 3
    await posted(installation, a_letter(), admin_of(full, new_id()))
