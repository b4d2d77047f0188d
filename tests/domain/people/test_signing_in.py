"""What signing in spends and when it decides: the same for everybody, and by what is true at the end."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pyotp
import pytest

from domain.actors import AccountActor, ActorKind, Caller
from domain.database import drain, use_case
from domain.errors import SignInFailed, Throttled
from domain.installation import Installation
from domain.mail.outbox import deliver_due
from domain.people.confirming import confirm_password
from domain.people.passwords import (
    RESETS_BY_ACCOUNT,
    change_password,
    request_password_reset,
    reset_password,
)
from domain.people.second_factor import confirm_totp, enroll_totp
from domain.people.sign_in import BY_STRANGERS, RequestedTotp, SignedIn, sign_in, sign_in_with_totp
from domain.people.tables import Account, Session, SignInTicket
from domain.security.passwords import PasswordHasher, PasswordProfile
from tests.databases import Database
from tests.domain.people.conftest import Outbox
from tests.domain.people.counting import CountingHasher

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EMAIL = "anna@example.com"
OLD, NEW = "correct horse battery staple", "an entirely new password of mine"
THIRD = "and now quite another one, too"
SOMEBODY = Caller(ActorKind.ANONYMOUS, None, address="192.0.2.1")


@use_case
async def account(
    installation: Installation, email: str = EMAIL, password: str | None = OLD
) -> Account:
    encoded = await PasswordHasher(installation.pin_profile).hash(password) if password else None
    return await Account.create(email=email, password_hash=encoded, created_at=NOW)


async def signs_in(installation: Installation, email: str = EMAIL, password: str = OLD) -> SignedIn:
    done = await first_step(installation, email, password)
    assert isinstance(done, SignedIn)
    return done


async def first_step(
    installation: Installation, email: str = EMAIL, password: str = OLD
) -> SignedIn | RequestedTotp:
    return await sign_in(
        installation, SOMEBODY, email=email, password=password, phone=None, known="", now=NOW
    )


def hasher(installation: Installation) -> CountingHasher:
    assert isinstance(installation.passwords, CountingHasher)
    return installation.passwords


async def asks_for_a_reset(
    installation: Installation, email: str = EMAIL, now: datetime = NOW
) -> None:
    """Asks, and waits until the letter is sent, if there is one."""
    await request_password_reset(installation, SOMEBODY, email=email, now=now)
    assert await drain(10) == 0
    await deliver_due(installation, lambda: now)


async def reset_link(installation: Installation, outbox: Outbox, now: datetime = NOW) -> str:
    """The token of a reset that was asked for and mailed."""
    await asks_for_a_reset(installation, now=now)
    return str(outbox.letters[-1].text.partition("#")[2].split()[0])


async def test_every_failure_spends_one_hash(
    database: Database, installation: Installation
) -> None:
    """Proves that a wrong password, an unknown account and one without a password cost the same single argon2 run."""
    await account(installation)
    await account(installation, "invited@example.com", None)
    for email, password in (
        (EMAIL, NEW),
        ("nobody@example.com", NEW),
        ("invited@example.com", NEW),
        ("\x00", NEW),
        ("x" * 1000, NEW),
        (EMAIL, "x" * 5000),
        ("nobody@example.com", "x" * 5000),
    ):
        before = hasher(installation).spent
        with pytest.raises(SignInFailed):
            await signs_in(installation, email, password)
        assert hasher(installation).spent == before + 1, email[:20]


async def test_what_is_over_the_budget_spends_nothing(
    database: Database, installation: Installation
) -> None:
    """Proves that a throttled try is not judged: no hash, whether the password was right or the account known."""
    await account(installation)
    for email in (EMAIL, "nobody@example.com"):
        for _ in range(BY_STRANGERS.tries):
            with pytest.raises(SignInFailed):
                await signs_in(installation, email, NEW)
        before = hasher(installation).spent
        for password in (OLD, NEW):
            with pytest.raises(Throttled):
                await signs_in(installation, email, password)
        assert hasher(installation).spent == before


async def test_being_right_gives_the_tries_back(
    database: Database, installation: Installation
) -> None:
    """Proves that somebody who mistypes now and then is never locked out by the sum of it."""
    await account(installation)
    for _ in range(3):
        for _ in range(BY_STRANGERS.tries - 1):
            with pytest.raises(SignInFailed):
                await signs_in(installation, EMAIL, NEW)
        assert (await signs_in(installation)).session is not None


async def test_a_hash_of_another_profile_is_made_anew_after_a_right_password(
    database: Database, installation: Installation
) -> None:
    """Proves that no old hash stays for long that takes another time to check than the password of nobody."""
    row = await account(installation)
    stronger = PasswordProfile(time_cost=2, memory_kib=16, parallelism=1)
    old = await PasswordHasher(stronger).hash(OLD)
    await change_stored_hash(row, old)
    with pytest.raises(SignInFailed):
        await signs_in(installation, password=NEW)
    assert (await Account.get(id=row.id)).password_hash == old

    assert (await signs_in(installation)).session is not None

    new = (await Account.get(id=row.id)).password_hash
    assert new is not None
    assert new != old
    assert not installation.passwords.needs_rehash(new)
    assert (await signs_in(installation)).session is not None
    assert (await Account.get(id=row.id)).password_hash == new


@use_case
async def change_stored_hash(row: Account, encoded: str) -> None:
    await Account.filter(id=row.id).update(password_hash=encoded)


async def test_too_many_hashes_at_once_are_an_answer_to_everybody(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that a full pool throttles signing in, changing and resetting alike, and uses no link up."""
    row = await account(installation)
    link = await reset_link(installation, outbox)
    hasher(installation).full = True
    with pytest.raises(Throttled):
        await signs_in(installation)
    with pytest.raises(Throttled):
        await change_password(
            installation, SOMEBODY, AccountActor(row.id, EMAIL), old=OLD, new=NEW, now=NOW
        )
    with pytest.raises(Throttled):
        await reset_password(installation, SOMEBODY, token=link, password=NEW, now=NOW)
    hasher(installation).full = False
    await reset_password(installation, SOMEBODY, token=link, password=NEW, now=NOW)
    assert (await signs_in(installation, password=NEW)).session is not None


async def test_a_password_reset_meanwhile_wins(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that whoever is being checked against a password when it is reset neither gets in nor sets another."""
    row = await account(installation)
    actor = AccountActor(row.id, EMAIL, session_id=None)
    link = await reset_link(installation, outbox)

    hasher(installation).meanwhile = resets_to(installation, link, NEW)
    with pytest.raises(SignInFailed):
        await signs_in(installation)
    assert await Session.all().count() == 0
    link = await reset_link(installation, outbox)
    hasher(installation).meanwhile = resets_to(installation, link, THIRD)
    with pytest.raises(SignInFailed):
        await change_password(
            installation, SOMEBODY, actor, old=NEW, new="the thief's own new password", now=NOW
        )
    assert (await signs_in(installation, password=THIRD)).session is not None


def resets_to(
    installation: Installation, link: str, password: str
) -> Callable[[], Awaitable[None]]:
    async def resets() -> None:
        await reset_password(installation, SOMEBODY, token=link, password=password, now=NOW)

    return resets


async def test_a_reset_touches_nothing_but_the_password(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that a second factor put in force while a reset is under way stays in force, with its last step."""
    row = await account(installation)
    session = (await signs_in(installation)).session
    assert session is not None
    actor = AccountActor(row.id, EMAIL, session_id=session.id)
    await confirm_password(installation, SOMEBODY, actor, password=OLD, now=NOW)
    enrolment = await enroll_totp(installation, SOMEBODY, actor, now=NOW)
    code = pyotp.TOTP(enrolment.secret).at(NOW)
    await confirm_totp(installation, SOMEBODY, actor, code=code, now=NOW)
    step = (await Account.get(id=row.id)).totp_last_step
    link = await reset_link(installation, outbox)
    await reset_password(installation, SOMEBODY, token=link, password="9 chars k!", now=NOW)
    after = await Account.get(id=row.id)
    assert (after.totp_last_step, after.totp_confirmed_at) == (step, NOW)
    requested = await first_step(installation, password="9 chars k!")
    assert isinstance(requested, RequestedTotp)
    with pytest.raises(SignInFailed):
        await sign_in_with_totp(
            installation,
            SOMEBODY,
            ticket=requested.ticket,
            code=code,
            phone=None,
            known="",
            now=NOW,
        )
    assert await SignInTicket.filter(used_at=None).count() == 1


async def test_resets_are_counted_and_unknown_addresses_get_no_letter(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that nobody's mailbox is flooded, silently, and that nothing is written for who has no account."""
    await account(installation)
    for _ in range(RESETS_BY_ACCOUNT.tries + 2):
        await asks_for_a_reset(installation)
    assert len(outbox.letters) == RESETS_BY_ACCOUNT.tries
    assert "#lwl_" not in repr(outbox.letters)
    await asks_for_a_reset(installation, "nobody@example.com")
    assert len(outbox.letters) == RESETS_BY_ACCOUNT.tries
    later = NOW + RESETS_BY_ACCOUNT.window
    assert (await reset_link(installation, outbox, later)).startswith("lwl_")
