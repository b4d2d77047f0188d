"""The password again before a second factor: a stolen sign-in locks nobody out of their own account."""

import asyncio
from datetime import datetime, timedelta

import pyotp
import pytest

from domain.actors import COMMAND_LINE, AccountActor
from domain.audit.tables import AuditRow
from domain.errors import (
    InvalidInput,
    NotAllowed,
    NotSignedIn,
    PasswordNotConfirmed,
    PolicyViolation,
    SignInFailed,
    Throttled,
)
from domain.installation import Installation
from domain.mail.outbox import deliver_due
from domain.people.confirming import confirm_password
from domain.people.lifetimes import CONFIRMED_FOR, SESSION_LIFETIME
from domain.people.passwords import OWN_PASSWORD, change_password, reset_password
from domain.people.second_factor import (
    SECOND_FACTOR,
    confirm_totp,
    disable_totp,
    end_second_factor,
    enroll_totp,
    renew_recovery_codes,
    second_factor_of,
)
from domain.people.sign_in import (
    Phone,
    RequestedTotp,
    SignedIn,
    sign_in,
    sign_in_with_totp,
    sign_out,
)
from domain.people.sign_in_state import sign_in_state
from domain.people.tables import Account, Device, Platform, RecoveryCode, Session, SignInTicket
from tests.databases import Database
from tests.domain.people.conftest import Outbox
from tests.domain.people.test_signing_in import (
    EMAIL,
    NEW,
    NOW,
    OLD,
    SOMEBODY,
    account,
    first_step,
    hasher,
    reset_link,
    signs_in,
)


async def on_console(installation: Installation, password: str = OLD) -> AccountActor:
    """Somebody who has signed in on a console."""
    done = await signs_in(installation, password=password)
    assert done.session is not None
    return AccountActor(done.account.id, EMAIL, session_id=done.session.id)


async def on_phone(installation: Installation, thumbprint: str = "t" * 43) -> AccountActor:
    phone = Phone(thumbprint, "Phone", Platform.IOS)
    done = await sign_in(
        installation, SOMEBODY, email=EMAIL, password=OLD, phone=phone, known="", now=NOW
    )
    assert isinstance(done, SignedIn)
    assert done.device is not None
    return AccountActor(done.account.id, EMAIL, device_id=done.device.id)


async def confirms(
    installation: Installation, actor: AccountActor, password: str = OLD, now: datetime = NOW
) -> datetime:
    done = await confirm_password(installation, SOMEBODY, actor, password=password, now=now)
    return done.expires_at


async def enrols(installation: Installation, actor: AccountActor, now: datetime = NOW) -> list[str]:
    """Puts a second factor in force; the recovery codes."""
    enrolment = await enroll_totp(installation, SOMEBODY, actor, now=now)
    code = pyotp.TOTP(enrolment.secret).at(now)
    return await confirm_totp(installation, SOMEBODY, actor, code=code, now=now)


async def ticket(installation: Installation, password: str = OLD) -> str:
    requested = await first_step(installation, password=password)
    assert isinstance(requested, RequestedTotp)
    return requested.ticket


async def second(installation: Installation, shown: str, code: str) -> SignedIn:
    return await sign_in_with_totp(
        installation, SOMEBODY, ticket=shown, code=code, phone=None, known="", now=NOW
    )


async def told(installation: Installation, outbox: Outbox) -> list[str]:
    """The subjects of the letters that waited."""
    before = len(outbox.letters)
    await deliver_due(installation, lambda: NOW)
    assert {letter.to for letter in outbox.letters[before:]} <= {EMAIL}
    return [letter.subject for letter in outbox.letters[before:]]


async def test_a_stolen_sign_in_cannot_enrol(
    database: Database, installation: Installation
) -> None:
    """Proves that each sign-in confirms for itself, for a quarter of an hour, and that both steps ask for it."""
    await account(installation)
    owner, thief = await on_console(installation), await on_console(installation)
    with pytest.raises(PasswordNotConfirmed):
        await enroll_totp(installation, SOMEBODY, thief, now=NOW)
    with pytest.raises(SignInFailed):
        await confirms(installation, thief, NEW)
    await confirms(installation, owner)
    with pytest.raises(PasswordNotConfirmed):
        await enroll_totp(installation, SOMEBODY, thief, now=NOW)
    enrolment = await enroll_totp(installation, SOMEBODY, owner, now=NOW)
    code = pyotp.TOTP(enrolment.secret).at(NOW)
    for actor, now in ((thief, NOW), (owner, NOW + CONFIRMED_FOR)):
        with pytest.raises(PasswordNotConfirmed):
            await confirm_totp(installation, SOMEBODY, actor, code=code, now=now)
    assert (await Account.get()).totp_confirmed_at is None
    assert len(await confirm_totp(installation, SOMEBODY, owner, code=code, now=NOW)) == 10


async def test_confirming_prolongs_the_sign_in_that_asks(
    database: Database, installation: Installation
) -> None:
    """Proves it for consoles and phones, for no other sign-in, and not for one that has ended."""
    await account(installation)
    console, other, phone = (
        await on_console(installation),
        await on_console(installation),
        await on_phone(installation),
    )
    later = NOW + timedelta(hours=11)
    assert await confirms(installation, console, now=later) == later + SESSION_LIFETIME
    ends = {row.id: row.expires_at for row in await Session.all()}
    assert ends[console.session_id] == later + SESSION_LIFETIME  # type: ignore[index]
    assert ends[other.session_id] == NOW + SESSION_LIFETIME  # type: ignore[index]
    assert (await Device.get()).expires_at != await confirms(installation, phone, now=later)
    await sign_out(installation, SOMEBODY, other, now=NOW)
    with pytest.raises(NotSignedIn):
        await confirms(installation, other)


async def test_passwords_are_not_to_be_guessed_by_confirming(
    database: Database, installation: Installation
) -> None:
    """Proves one budget for confirming and changing, whatever the sign-in, counted before the hash; being right is free."""
    await account(installation)
    for _ in range(OWN_PASSWORD.tries + 1):
        await confirms(installation, await on_console(installation))
    actor = await on_console(installation)
    outcomes = await asyncio.gather(
        *(
            confirms(installation, actor, f"{NEW} {number}")
            for number in range(OWN_PASSWORD.tries * 2)
        ),
        return_exceptions=True,
    )
    kinds = [type(each) for each in outcomes]
    assert kinds.count(SignInFailed) == OWN_PASSWORD.tries
    assert kinds.count(Throttled) == OWN_PASSWORD.tries
    before = hasher(installation).spent
    with pytest.raises(Throttled):
        await confirms(installation, await on_phone(installation))
    with pytest.raises(Throttled):
        await change_password(installation, SOMEBODY, actor, old=OLD, new=NEW, now=NOW)
    assert hasher(installation).spent == before + 1, "the phone's sign-in"


async def test_a_second_factor_ends_the_other_sign_ins_and_is_told(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves it for consoles and phones of the account, and that the one that enrolled goes on."""
    await account(installation)
    owner = await on_console(installation)
    await on_console(installation)
    await on_phone(installation)
    await confirms(installation, owner)
    await enrols(installation, owner)
    assert [row.id for row in await Session.filter(ended_at=None)] == [owner.session_id]
    assert not await Device.filter(removed_at=None).exists()
    assert await told(installation, outbox) == ["Your account has a second factor"]


async def test_a_password_alone_that_was_checked_before_does_not_get_in(
    database: Database, installation: Installation
) -> None:
    """Proves that a sign-in under way while the second factor is put in force fails, on the way of both kinds."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)

    async def meanwhile() -> None:
        await enrols(installation, owner)

    hasher(installation).meanwhile = meanwhile
    with pytest.raises(SignInFailed):
        await signs_in(installation)
    assert await Session.filter(ended_at=None).count() == 1


async def test_a_ticket_ends_with_the_password_that_earned_it(
    database: Database, installation: Installation
) -> None:
    """Proves it for a ticket given out before the change, and for one whose password was checked before it."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)
    codes = await enrols(installation, owner)
    before = await ticket(installation)

    async def meanwhile() -> None:
        await change_password(installation, SOMEBODY, owner, old=OLD, new=NEW, now=NOW)

    hasher(installation).meanwhile = meanwhile
    with pytest.raises(SignInFailed):
        await signs_in(installation)
    assert not await SignInTicket.exists()
    with pytest.raises(SignInFailed):
        await second(installation, before, codes[0])
    assert (
        await second(installation, await ticket(installation, NEW), codes[0])
    ).session is not None


async def test_one_ticket_spends_one_recovery_code(
    database: Database, installation: Installation
) -> None:
    """Proves that of ten codes sent at once with one ticket one is spent, and that a wrong one spends nothing."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)
    codes = await enrols(installation, owner)
    shown = await ticket(installation)
    with pytest.raises(SignInFailed):
        await second(installation, shown, "AAAA-AAAA-AAAA-AAAA")
    outcomes = await asyncio.gather(
        *(second(installation, shown, code) for code in codes[:8]), return_exceptions=True
    )
    assert sum(isinstance(each, SignedIn) for each in outcomes) == 1
    assert await RecoveryCode.filter(used_at=None).count() == 9
    assert await SignInTicket.filter(used_at=None).count() == 0


async def test_a_mailed_reset_does_not_get_round_the_second_factor(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that who reads the mail sets a password, still needs the second factor, and cannot set another."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)
    codes = await enrols(installation, owner)
    await told(installation, outbox)
    link = await reset_link(installation, outbox)
    await reset_password(installation, SOMEBODY, token=link, password=NEW, now=NOW)
    assert await told(installation, outbox) == ["Your password was changed"]
    shown = await ticket(installation, NEW)
    with pytest.raises(SignInFailed):
        await second(installation, shown, "000000")
    done = await second(installation, shown, codes[0])
    assert done.session is not None
    actor = AccountActor(done.account.id, EMAIL, session_id=done.session.id)
    await confirms(installation, actor, NEW)
    with pytest.raises(NotAllowed):
        await enroll_totp(installation, SOMEBODY, actor, now=NOW)


async def test_the_operator_ends_a_second_factor(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves that all sign-ins, half-way ones too, and all codes end, that it is audited and told, and what is shown."""
    row = await account(installation)
    with pytest.raises(NotAllowed):
        await end_second_factor(installation, COMMAND_LINE, email=EMAIL, now=NOW)
    with pytest.raises(InvalidInput):
        await end_second_factor(installation, COMMAND_LINE, email="nobody@example.com", now=NOW)
    with pytest.raises(InvalidInput):
        await sign_in_state("nobody@example.com", NOW)
    owner = await on_console(installation)
    await confirms(installation, owner)
    codes = await enrols(installation, owner)
    await told(installation, outbox)
    shown = await ticket(installation)
    state = await sign_in_state(EMAIL, NOW)
    assert (state.has_password, state.recovery_codes_left, len(state.sessions)) == (True, 10, 1)
    assert state.second_factor_since is not None

    await end_second_factor(installation, COMMAND_LINE, email=EMAIL, now=NOW)

    with pytest.raises(SignInFailed):
        await second(installation, shown, codes[0])
    state = await sign_in_state(EMAIL, NOW)
    assert (state.second_factor_since, state.recovery_codes_left, state.sessions) == (None, 0, ())
    audited = await AuditRow.get(action="endSecondFactor")
    assert (audited.chain, audited.actor_kind) == (row.id, COMMAND_LINE.actor_kind)
    assert await told(installation, outbox) == ["Your account has no second factor any more"]
    again = await on_console(installation)
    await confirms(installation, again)
    assert len(await enrols(installation, again)) == 10


async def test_a_changed_password_is_told(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Proves one letter to the account's own address, without a link in it that could be good for anybody."""
    await account(installation)
    owner = await on_console(installation)
    await change_password(installation, SOMEBODY, owner, old=OLD, new=NEW, now=NOW)
    assert await told(installation, outbox) == ["Your password was changed"]
    assert "://" not in outbox.letters[-1].text


async def disables(
    installation: Installation, actor: AccountActor, code: str, password: str = NEW
) -> None:
    await disable_totp(installation, SOMEBODY, actor, password=password, code=code, now=NOW)


async def test_the_second_factor_ends_by_password_and_code_together(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Neither alone; all other sign-ins end with it, the recovery codes are gone, and a letter tells."""
    await account(installation, EMAIL, NEW)
    owner = await on_console(installation, NEW)
    with pytest.raises(NotAllowed):
        await disables(installation, owner, "000000")
    await confirms(installation, owner, NEW)
    codes = await enrols(installation, owner)
    other = await second(installation, await ticket(installation, NEW), codes[0])
    await told(installation, outbox)
    with pytest.raises(SignInFailed):
        await disables(installation, owner, codes[1], password=OLD)
    for wrong in ("000000", codes[0], "", "x" * 9_000):
        with pytest.raises(InvalidInput) as refused:
            await disables(installation, owner, wrong)
        assert refused.value.field == "code"

    await disables(installation, owner, codes[1])

    assert await second_factor_of(await Account.get()) is None
    assert await RecoveryCode.all().count() == 0
    assert other.session is not None
    open_sessions = await Session.filter(ended_at=None).values_list("id", flat=True)
    assert open_sessions == [owner.session_id]
    assert await told(installation, outbox) == ["Your account has no second factor any more"]
    assert await AuditRow.filter(action="disableTotp").count() == 1
    await signs_in(installation, password=NEW)


async def test_a_password_that_needs_a_second_factor_keeps_it(
    database: Database, installation: Installation
) -> None:
    """Eight characters are enough beside a second factor only: it is taken off after a longer one is set."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)
    codes = await enrols(installation, owner)
    short = "kelp-59-moss"
    await change_password(installation, SOMEBODY, owner, old=OLD, new=short, now=NOW)

    with pytest.raises(PolicyViolation, match="change it first"):
        await disables(installation, owner, codes[0], password=short)

    kept = await second_factor_of(await Account.get())
    assert kept is not None
    assert kept.recovery_codes_left == 10


async def test_recovery_codes_are_renewed_by_password_and_code(
    database: Database, installation: Installation, outbox: Outbox
) -> None:
    """Those before open nothing any more; a stolen sign-in gets none."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)
    old = await enrols(installation, owner)
    await second(installation, await ticket(installation), old[0])
    thief = await second(installation, await ticket(installation), old[1])
    assert thief.session is not None
    stolen = AccountActor(owner.account_id, EMAIL, session_id=thief.session.id)
    await told(installation, outbox)
    with pytest.raises(PasswordNotConfirmed):
        await renew_recovery_codes(installation, SOMEBODY, stolen, code=old[2], now=NOW)

    new = await renew_recovery_codes(installation, SOMEBODY, owner, code=old[2], now=NOW)

    assert (len(set(new)), set(new) & set(old)) == (10, set())
    kept = await second_factor_of(await Account.get())
    assert kept is not None
    assert kept.recovery_codes_left == 10
    with pytest.raises(SignInFailed):
        await second(installation, await ticket(installation), old[3])
    await second(installation, await ticket(installation), new[0])
    assert await told(installation, outbox) == ["Your recovery codes were renewed"]


@pytest.mark.parametrize("racing", [16])
async def test_one_recovery_code_changes_the_second_factor_once(
    database: Database, installation: Installation, racing: int
) -> None:
    """However many use it at once: one gets new codes, the others are refused, and guesses are counted."""
    await account(installation)
    owner = await on_console(installation)
    await confirms(installation, owner)
    codes = await enrols(installation, owner)

    done = await asyncio.gather(
        *(
            renew_recovery_codes(installation, SOMEBODY, owner, code=codes[0], now=NOW)
            for _ in range(racing)
        ),
        return_exceptions=True,
    )

    assert len([each for each in done if isinstance(each, list)]) == 1
    refused = [each for each in done if not isinstance(each, list)]
    assert all(isinstance(each, (InvalidInput, Throttled)) for each in refused)
    # The one that succeeds is forgiven what was tried before it.
    assert (
        len([each for each in refused if isinstance(each, InvalidInput)]) < 2 * SECOND_FACTOR.tries
    )
