"""From what somebody asks for to digits that may be a PIN; refusals tell nothing and are budgeted.

Length is a policy that everyone may know. Weak and taken get one answer, after the same work. Since each refusal is a
guess at somebody's PIN, tries are counted in the database before they are judged, and given back when they are accepted:
a USER has 5 refusals in 24 hours, a LIMITED_ADMIN 20, others 500. Accepted ones tell something too, namely that nobody has
them, so a USER chooses at most 20 PINs in 24 hours. Generated digits never meet a refusal.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.alerts.service import raise_alert
from domain.alerts.tables import AlertKind
from domain.errors import PinNotAcceptable, PinTooShort, Throttled
from domain.installation import Installation
from domain.people.actors import Caller, Role
from domain.pins.guess_budget import check_room, lengths_to_generate
from domain.pins.reservations import is_taken
from domain.pins.rules import check_length, generate, is_weak
from domain.pins.tables import PinKind
from domain.pins.verifiers import derive
from domain.sites.tables import Site
from domain.throttling.service import Budget, count_try, give_back

GENERATED_TRIES = 10
_DAY = timedelta(hours=24)
_TRIES = {Role.USER: 5, Role.LIMITED_ADMIN: 20}
_TRIES_OF_OTHERS = 500
_CHOICES_OF_A_USER = Budget("PINs chosen by a USER", 20, _DAY)
"""Refused or not: else somebody could try one free PIN after the other and learn which ones are taken."""


@dataclass(frozen=True, slots=True)
class AcceptableDigits:
    """Digits and their verifier, for the length of one use case."""

    digits: str
    verifier: bytes
    kind: PinKind

    def __repr__(self) -> str:
        return "AcceptableDigits()"


def _refusals(by: Caller) -> tuple[Budget, str]:
    """The budget of refusals and whose it is: a person's at this site, whatever member or role they are today."""
    role = by.standing.role if by.standing else Role.OWNER
    tries = _TRIES.get(role, _TRIES_OF_OTHERS)
    return Budget("refused PINs", tries, _DAY), f"{by.site_id} {by.actor_id}"


async def generated_digits(
    here: Installation,
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
    for length in await lengths_to_generate(site, lock_ids, now, instead_of):
        for _ in range(GENERATED_TRIES):
            digits = generate(length)
            verifier = await derive(here, site, digits)
            if not await is_taken(here, site, verifier):
                return AcceptableDigits(digits, verifier, PinKind.AUTO)
    raise PinTooShort(
        site.pin_max_length + 1,
        "Nearly all PINs of the lengths that this site allows are taken. Let its PIN policy allow longer ones.",
    )


async def chosen_digits(
    here: Installation,
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
    budget, subject = _refusals(by)
    counted = {}
    if by.standing is not None and by.standing.role is Role.USER:
        counted[_CHOICES_OF_A_USER] = AlertKind.PIN_CHOICES_SPENT
    counted[budget] = AlertKind.PIN_REFUSALS_SPENT
    for each, kind in counted.items():
        try:
            await count_try(here, each, subject, now)
        except Throttled:
            await raise_alert(by, kind, now)
            raise
    try:
        verifier = await derive(here, site, asked)
    except Throttled:  # the server is busy: nothing was judged
        for each in counted:
            await give_back(here, each, subject)
        raise
    taken = await is_taken(here, site, verifier)
    if is_weak(asked) or taken:
        raise PinNotAcceptable
    return AcceptableDigits(asked, verifier, PinKind.CUSTOM)


async def give_try_back(here: Installation, by: Caller) -> None:
    """The digits asked for are somebody's PIN now: it was no refusal."""
    budget, subject = _refusals(by)
    await give_back(here, budget, subject)
