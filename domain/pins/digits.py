"""From what somebody asks for to digits that may be a PIN; refusals tell nothing and are budgeted.

Length is a policy that everyone may know. Weak and taken get one answer, after the same work. Since each refusal is a
guess at somebody's PIN, tries are counted in the database before they are judged, and given back when they are accepted:
a USER has 5 refusals in 24 hours, a LIMITED_ADMIN 20, others 500. An acceptance tells that nobody has the digits, so that
whoever goes through the numbers finds the taken ones all the same: digits of one's own choice, taken or refused, are 20
in 24 hours for a USER, 50 for a LIMITED_ADMIN, 1,000 for others. Generated digits never meet a refusal; each costs
hashes, so a USER has 10 in 24 hours, a LIMITED_ADMIN 500, and OWNERs, SUPER_ADMINs and tokens as many as they ask for.
What a person's tokens choose is theirs: else a new token would be a new budget.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.actors import ActorKind, Caller, Role
from domain.alerts.service import raise_alert
from domain.alerts.tables import AlertKind
from domain.errors import PinNotAcceptable, PinTooShort, Throttled
from domain.installation import Installation
from domain.pins.guess_budget import check_room, lengths_to_generate
from domain.pins.reservations import is_taken
from domain.pins.rules import check_length, generate, is_weak
from domain.pins.tables import PinKind
from domain.pins.verifiers import derive
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


async def _derived(
    installation: Installation, by: Caller, site: Site, digits: str, counted: Collection[Budget]
) -> bytes:
    """The verifier. Where the server is too busy to make it nothing was judged, so what was counted is given back."""
    try:
        return await derive(installation, site, digits)
    except Throttled:
        for each in counted:
            await give_back(installation, each, _spender(by))
        raise


def _role(by: Caller) -> Role:
    return by.standing.role if by.standing else Role.OWNER


def _spender(by: Caller) -> str:
    """Whose budget it is: a person's at this site, whatever member or role they are today; what their tokens ask for too."""
    return f"{by.site_id} {by.account_id or by.actor_id}"


async def generated_digits(
    installation: Installation,
    by: Caller,
    site: Site,
    lock_ids: Collection[UUID],
    now: datetime,
    *,
    instead_of: UUID | None = None,
) -> AcceptableDigits:
    """Random digits, long enough for these locks' guess budgets, that nobody at the site has.

    `instead_of` is the PIN that gets them in place of its own. Longer ones where the shorter are nearly all taken.
    Raises PinTooShort when the locks are full, Throttled.
    """
    lengths = await lengths_to_generate(site, lock_ids, now, instead_of)
    budgets = generations_of(by)
    for each in budgets:
        await _count(installation, by, each, AlertKind.PIN_CHOICES_SPENT, now)
    for length in lengths:
        for _ in range(GENERATED_TRIES):
            digits = generate(length)
            verifier = await _derived(installation, by, site, digits, budgets)
            if not await is_taken(installation, site, verifier):
                return AcceptableDigits(digits, verifier, PinKind.AUTO)
    raise PinTooShort(
        site.pin_max_length + 1,
        "Nearly all PINs of the lengths that this site allows are taken. Let its PIN policy allow longer ones.",
    )


async def chosen_digits(
    installation: Installation,
    by: Caller,
    site: Site,
    asked: str,
    lock_ids: Collection[UUID],
    now: datetime,
    *,
    instead_of: UUID | None = None,
) -> AcceptableDigits:
    """The digits asked for, at these locks. Raises InvalidPin, PinTooShort, PolicyViolation, PinNotAcceptable, Throttled.

    `instead_of` is the PIN that gets them in place of its own. To be called when all else that can be refused has been:
    what is refused after the digits were judged tells that nobody has them. The try stays counted until `give_try_back`,
    when the PIN is there.
    """
    check_length(asked, site.pin_min_length, site.pin_max_length)
    await check_room(site, lock_ids, len(asked), now, instead_of)
    choices, refusals = choices_of(by), refusals_of(by)
    await _count(installation, by, choices, AlertKind.PIN_CHOICES_SPENT, now)
    await _count(installation, by, refusals, AlertKind.PIN_REFUSALS_SPENT, now)
    verifier = await _derived(installation, by, site, asked, (choices, refusals))
    taken = await is_taken(installation, site, verifier)
    if is_weak(asked) or taken:
        raise PinNotAcceptable
    return AcceptableDigits(asked, verifier, PinKind.CUSTOM)


async def _count(
    installation: Installation, by: Caller, budget: Budget, kind: AlertKind, now: datetime
) -> None:
    """One more of the caller's. Raises Throttled, and alerts the site's admins, when the budget is spent."""
    try:
        await count_try(installation, budget, _spender(by), now)
    except Throttled:
        await raise_alert(by, kind, now)
        raise


async def give_try_back(installation: Installation, by: Caller) -> None:
    """The digits asked for are a PIN now, or would have been: it was no refusal."""
    await give_back(installation, refusals_of(by), _spender(by))
