"""From what somebody asks for to digits that may be a PIN, and to the verifier that is all that is kept of them.

Digits live as long as the request that sets or shows them: no function keeps them, and no exception quotes them.

Length is a policy that everyone may know. Weak and taken get one answer, after the same work. Since each refusal is a
guess at somebody's PIN, tries are counted in the database before they are judged, and given back when they are accepted:
a USER has 5 refusals in 24 hours, a LIMITED_ADMIN 20, others 500. An acceptance tells that nobody has the digits, so that
whoever goes through the numbers finds the taken ones all the same: digits of one's own choice, taken or refused, are 20
in 24 hours for a USER, 50 for a LIMITED_ADMIN, 1,000 for others. Generated digits never meet a refusal; each costs
hashes, so a USER has 10 in 24 hours, a LIMITED_ADMIN 500, and OWNERs, SUPER_ADMINs and tokens as many as they ask for.
What a person's tokens choose is theirs: else a new token would be a new budget.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.actors import ActorKind, Caller, Role
from domain.alerts.service import raise_alert
from domain.alerts.tables import AlertKind
from domain.errors import FeatureNotInPlan, PinNotAcceptable, PinTooShort, Throttled
from domain.installation import Installation
from domain.pins.guess_budget import check_room, lengths_to_generate
from domain.pins.reservations import is_taken
from domain.pins.rules import check_length, generate, is_weak
from domain.pins.tables import Pin, PinKind
from domain.security.passwords import HasherBusy, PasswordProfile
from domain.sites.tables import Site
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
    """Digits and their verifier, for the length of one use case."""

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
    `give_try_back`, when the PIN is there. Raises InvalidPin, PinTooShort, PolicyViolation, PinNotAcceptable, Throttled;
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
        taken = await is_taken(installation, site, verifier)
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


async def give_try_back(installation: Installation, by: Caller) -> None:
    """The digits asked for are a PIN now, or would have been: it was no refusal."""
    await give_back(installation, refusals_of(by), _spender(by))


def check_custom_allowed(site: Site) -> None:
    """Whether personal PINs may be chosen at this site. Raises FeatureNotInPlan."""
    if not site.custom_pins_enabled:
        raise FeatureNotInPlan("custom PINs")


def _identity(pin: Pin) -> str:
    return f"pin-verifier:{pin.site_id}:{pin.id}"


def seal_verifier(installation: Installation, pin: Pin, verifier: bytes) -> bytes:
    """The verifier for the row of this very PIN."""
    return installation.keys.seal(verifier, _identity(pin))


def open_verifier(installation: Installation, pin: Pin) -> bytes:
    """The verifier of this PIN. Raises SealBroken for one that was copied from another row."""
    assert pin.verifier_sealed is not None
    return installation.keys.open(pin.verifier_sealed, _identity(pin))
