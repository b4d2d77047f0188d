"""A PIN's digits: asked for or generated, judged, taken while the PIN has them, free again when no lock holds them.

Digits live as long as the request that sets or shows them: no function keeps them, and no exception quotes them. What stays
is a sealed verifier, of which locks get digests, and a keyed tag that is unique at the site.

Length is a policy that everyone may know. Weak and taken get one answer, after the same work. Since each refusal is a
guess at somebody's PIN, tries are counted in the database before they are judged, and given back when they are accepted:
a USER has 5 refusals in 24 hours, a LIMITED_ADMIN 20, others 500. An acceptance tells that nobody has the digits, so that
whoever goes through the numbers finds the taken ones all the same: digits of one's own choice, taken or refused, are 20
in 24 hours for a USER, 50 for a LIMITED_ADMIN, 1,000 for others. Generated digits never meet a refusal; each costs
hashes, so a USER has 10 in 24 hours, a LIMITED_ADMIN 500, and OWNERs, SUPER_ADMINs and tokens as many as they ask for.
What a person's tokens choose is theirs: else a new token would be a new budget.

Digits that a PIN gives up stay taken while a lock may hold them. Were they free at once, somebody else's new PIN would
open, at a lock that still holds the old one, what the old one opened.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.actors import ActorKind, Caller, Role
from domain.alerts.service import raise_alert
from domain.alerts.tables import AlertKind
from domain.audit.service import RecordedChange, changing_access
from domain.database import Conflict, DatabaseUnavailable, DuplicateRow, lock_rows
from domain.database.rows import column
from domain.database.statements import Select
from domain.errors import PinNotAcceptable, PinTooShort, Throttled
from domain.installation import Installation
from domain.pins.guess_budget import check_room, lengths_to_generate
from domain.pins.rules import check_length, generate, is_weak
from domain.pins.tables import HeldDigits, Pin, PinKind, PinReservation
from domain.security.keys import KeyLabel, SealBroken
from domain.security.passwords import HasherBusy, PasswordProfile
from domain.sites.tables import Site
from domain.sync.status import may_hold
from domain.sync.tables import LockEntry
from domain.throttling.service import Budget, count_try, give_back

GENERATED_TRIES = 10
_DAY = timedelta(hours=24)
_REFUSED = {Role.USER: 5, Role.LIMITED_ADMIN: 20}
_REFUSED_TO_OTHERS = 500
_CHOSEN = {Role.USER: 20, Role.LIMITED_ADMIN: 50}
_CHOSEN_BY_OTHERS = 1_000
_GENERATED = {Role.USER: 10, Role.LIMITED_ADMIN: 500}


@dataclass(frozen=True, slots=True)
class AcceptableDigits:
    """Digits that may be a PIN, for the length of one use case."""

    digits: str
    verifier: bytes
    kind: PinKind

    @property
    def chosen(self) -> bool:
        """Whether somebody asked for these."""
        return self.kind is PinKind.CUSTOM

    def __repr__(self) -> str:
        return "AcceptableDigits()"


def refusals_of(by: Caller) -> Budget:
    """The budget of refusals, by the role of today."""
    return Budget("refused PINs", _REFUSED.get(_role(by), _REFUSED_TO_OTHERS), _DAY)


def choices_of(by: Caller) -> Budget:
    """The budget of digits of one's own choice, refused or not."""
    return Budget("chosen PINs", _CHOSEN.get(_role(by), _CHOSEN_BY_OTHERS), _DAY)


def generations_of(by: Caller) -> tuple[Budget, ...]:
    """The budget of digits that are made for the caller; none for scripts and those who run the site."""
    most = _GENERATED.get(_role(by))
    if most is None or by.actor_kind is ActorKind.TOKEN:
        return ()
    return (Budget("generated PINs", most, _DAY),)


def _role(by: Caller) -> Role:
    return by.standing.role if by.standing else Role.OWNER


def _spender(by: Caller) -> str:
    """Whose budget it is: a person's at this site, whatever member or role they are today; what their tokens ask for too."""
    return f"{by.site_id} {by.account_id or by.actor_id}"


async def acceptable_digits(
    installation: Installation,
    by: Caller,
    site: Site,
    asked: str | None,
    lock_ids: Collection[UUID],
    now: datetime,
    *,
    instead_of: UUID | None = None,
) -> AcceptableDigits:
    """The digits asked for, or generated ones where none are, for a PIN at these locks.

    `instead_of` is the PIN that gets them in place of its own. To be called when all else that can be refused has been:
    what is refused after the digits were judged tells that nobody has them. The try at chosen digits stays counted until
    they are written, with `writing_digits`. Raises InvalidPin, PinTooShort, PolicyViolation, PinNotAcceptable, Throttled;
    of generated digits PinTooShort and Throttled alone.
    """
    candidates: Iterable[str]
    if asked is not None:
        check_length(asked, site.pin_min_length, site.pin_max_length)
        await check_room(site, lock_ids, len(asked), now, instead_of)
        alerts = {
            choices_of(by): AlertKind.PIN_CHOICES_SPENT,
            refusals_of(by): AlertKind.PIN_REFUSALS_SPENT,
        }
        kind, candidates = PinKind.CUSTOM, [asked]
    else:
        lengths = await lengths_to_generate(site, lock_ids, now, instead_of)
        alerts = dict.fromkeys(generations_of(by), AlertKind.PIN_CHOICES_SPENT)
        kind = PinKind.AUTO
        candidates = (generate(length) for length in lengths for _ in range(GENERATED_TRIES))
    await _count(installation, by, alerts, now)
    for digits in candidates:
        verifier = await _verifier(installation, by, site, digits, alerts)
        taken = await _is_taken(site.id, _tags(installation, site.id, verifier))
        if not (is_weak(digits) or taken):
            return AcceptableDigits(digits, verifier, kind)
    if asked is not None:
        raise PinNotAcceptable  # weak and taken alike, after the same work
    raise PinTooShort(
        site.pin_max_length + 1,
        "Nearly all PINs of the lengths that this site allows are taken. Let its PIN policy allow longer ones.",
    )


async def _count(
    installation: Installation, by: Caller, alerts: Mapping[Budget, AlertKind], now: datetime
) -> None:
    """One more of the caller's in each of these budgets. Raises Throttled where one is spent, and alerts the admins."""
    for budget, alert in alerts.items():
        try:
            await count_try(installation, budget, _spender(by), now)
        except Throttled:
            await raise_alert(by, alert, now)
            raise


async def _verifier(
    installation: Installation, by: Caller, site: Site, digits: str, counted: Collection[Budget]
) -> bytes:
    """The verifier of digits at a site: 32 bytes of Argon2id (RFC 9106), one salt and profile a site, on purpose.

    Raises Throttled when too many hashes wait: nothing was judged then, so what was counted is given back.
    """
    profile = PasswordProfile(site.pin_time_cost, site.pin_memory_kib, site.pin_parallelism)
    try:
        return await installation.passwords.verifier(digits, site.pin_salt, profile, str(site.id))
    except HasherBusy:
        for each in counted:
            await give_back(installation, each, _spender(by))
        raise Throttled(2, "Too many PINs are being set at this moment. Try again.") from None


@asynccontextmanager
async def writing_digits(
    installation: Installation, by: Caller, action: str, accepted: AcceptableDigits, now: datetime
) -> AsyncIterator[RecordedChange]:
    """As `changing_access`, for a use case that reserves digits.

    Whoever commits second is refused like anybody else; generated digits are made anew, since they meet no refusal. The
    try at chosen ones is given back when they are set, and when the database could not do it.
    """
    try:
        async with changing_access(installation, by, action, now) as change:
            yield change
    except (DuplicateRow, PinNotAcceptable, PinTooShort) as refusal:
        if not accepted.chosen:
            raise Conflict("somebody else was first") from None  # done again by `use_case`
        raise (refusal if isinstance(refusal, PinTooShort) else PinNotAcceptable()) from None
    except DatabaseUnavailable:  # a deadlock, too, after which `use_case` does all of it again
        if accepted.chosen:
            await _give_try_back(installation, by)
        raise
    if accepted.chosen:
        await _give_try_back(installation, by)


async def _give_try_back(installation: Installation, by: Caller) -> None:
    """The digits asked for are a PIN now, or would have been: it was no refusal."""
    await give_back(installation, refusals_of(by), _spender(by))


def verifier_identity(pin: Pin) -> str:
    """The associated data of a PIN's sealed verifier: a row copied over another does not open."""
    return f"pin-verifier:{pin.site_id}:{pin.id}"


def given_up_identity(reservation: PinReservation) -> str:
    """The associated data of the sealed verifier of digits that were given up."""
    return f"given-up-verifier:{reservation.site_id}:{reservation.id}"


def tag_of(
    installation: Installation, site_id: UUID, verifier: bytes, key_id: str | None = None
) -> str:
    """The tag under which digits are taken at a site, under the key in front or the named one."""
    return installation.keys.tag(KeyLabel.PIN_INDEX, str(site_id), verifier, key_id=key_id)


def _tags(installation: Installation, site_id: UUID, verifier: bytes) -> list[str]:
    """Those under which digits may be taken, while keys rotate."""
    return installation.keys.candidate_tags(KeyLabel.PIN_INDEX, str(site_id), verifier)


def seal_verifier(installation: Installation, pin: Pin, verifier: bytes) -> bytes:
    """The verifier for the row of this very PIN."""
    return installation.keys.seal(verifier, verifier_identity(pin))


def open_verifier(installation: Installation, pin: Pin) -> bytes:
    """The verifier of this PIN. Raises SealBroken for one that was copied from another row."""
    assert pin.verifier_sealed is not None
    return installation.keys.open(pin.verifier_sealed, verifier_identity(pin))


async def _is_taken(site_id: UUID, tags: Sequence[str]) -> bool:
    """Whether some PIN of the site has the digits of these tags, or some lock still holds them."""
    return await PinReservation.filter(site_id=site_id, tag__in=tags).exists()


async def reserve(installation: Installation, pin: Pin, accepted: AcceptableDigits) -> None:
    """Within a transaction. Raises PinNotAcceptable when the digits are taken, also by one who commits first."""
    tags = _tags(installation, pin.site_id, accepted.verifier)
    if await _is_taken(pin.site_id, tags):
        raise PinNotAcceptable
    await PinReservation.create(site_id=pin.site_id, pin=pin, tag=tags[0])


def verifier_to_give_up(installation: Installation, pin: Pin) -> bytes | None:
    """The verifier that the PIN has now, for `retire`; None where its row is not what was written."""
    if pin.verifier_sealed is None:
        return None
    with suppress(SealBroken):
        return open_verifier(installation, pin)
    return None


async def retire(
    installation: Installation, pin: Pin, verifier: bytes | None, now: datetime
) -> None:
    """Within a transaction, after the PIN's entries were rewritten: gives up the digits of this verifier.

    The locks that may hold them keep them reserved, each until it acknowledges its entry as it is wanted now. So long the
    verifier is kept, sealed: their tag is made anew of it when keys are changed.
    """
    present = PinReservation.filter(pin_id=pin.id, retired_at=None)
    rows = await lock_rows(PinReservation, await column(present, "id"))
    holders = await may_hold(await LockEntry.filter(pin_id=pin.id))
    for reservation in rows:
        reservation.retired_at = now
        if verifier is not None:
            reservation.verifier_sealed = installation.keys.seal(
                verifier, given_up_identity(reservation)
            )
        await reservation.save(update_fields=["retired_at", "verifier_sealed"])
        await HeldDigits.bulk_create(
            [
                HeldDigits(reservation=reservation, entry_id=entry.id, until_version=entry.version)
                for entry in holders
            ]
        )
    await free_unheld([reservation.id for reservation in rows])


_NO_LONGER_HELD = Select(
    HeldDigits,
    "entry_id IN [?1] AND until_version <="
    " (SELECT applied_version FROM lock_entries WHERE lock_entries.id = entry_id)",
)


async def release(entry_ids: Collection[UUID]) -> None:
    """Within a transaction: these entries were acknowledged; frees the digits that nobody holds any more."""
    await _drop(await _NO_LONGER_HELD(list(entry_ids)))


async def forget_lock(lock_id: UUID) -> None:
    """Within a transaction: the lock was deleted or reset, so it holds nothing."""
    await _drop(await HeldDigits.filter(entry__lock_id=lock_id))


async def _drop(held: Sequence[HeldDigits]) -> None:
    """Takes these holders off. The last one frees the digits, so two that go at once wait for each other, at the
    reservation's row: each would see the other's holder, and nobody free them.
    """
    if held:
        await lock_rows(PinReservation, {each.reservation_id for each in held})
        await HeldDigits.filter(id__in=[each.id for each in held]).delete()
        await free_unheld([each.reservation_id for each in held])


async def free_unheld(reservation_ids: Collection[UUID]) -> None:
    """Under the rows of these reservations: deletes those of the given-up ones that no lock holds."""
    still = set(
        await HeldDigits.filter(reservation_id__in=list(reservation_ids)).values_list(
            "reservation_id", flat=True
        )
    )
    free = [each for each in reservation_ids if each not in still]
    await PinReservation.filter(id__in=free, retired_at__isnull=False).delete()
