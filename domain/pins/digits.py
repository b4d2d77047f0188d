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
from domain.pins.guess_budget import lengths_to_generate
from domain.pins.reservations import is_taken
from domain.pins.rules import check_length, generate, is_weak
from domain.pins.tables import PinKind
from domain.pins.verifiers import derive
from domain.sites.tables import Site
from domain.throttling.service import Budget, count_try, give_back

GENERATED_TRIES = 10
_DAY = timedelta(hours=24)
_REFUSALS = {Role.USER: 5, Role.LIMITED_ADMIN: 20}
_REFUSALS_OF_OTHERS = 500
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


def _budget(by: Caller) -> tuple[Budget, str]:
    role = by.standing.role if by.standing else Role.OWNER
    tries = _REFUSALS.get(role, _REFUSALS_OF_OTHERS)
    member = by.standing.member_id if by.standing else None
    return Budget(
        f"refused PINs of {role.value}", tries, _DAY
    ), f"{by.site_id} {member or by.actor_id}"


async def generated_digits(
    here: Installation, site: Site, lock_ids: Collection[UUID], now: datetime
) -> AcceptableDigits:
    """Random digits, long enough for these locks' guess budgets, that nobody at the site has.

    Longer ones where the shorter are nearly all taken. Raises PinTooShort when the locks are full, Throttled.
    """
    for length in await lengths_to_generate(site, lock_ids, now):
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
    here: Installation, by: Caller, site: Site, asked: str, now: datetime
) -> AcceptableDigits:
    """The digits asked for. Raises InvalidPin, PinTooShort, PolicyViolation, PinNotAcceptable, Throttled."""
    check_length(asked, site.pin_min_length, site.pin_max_length)
    budget, subject = _budget(by)
    try:
        if by.standing is not None and by.standing.role is Role.USER:
            await count_try(here, _CHOICES_OF_A_USER, subject, now)
        await count_try(here, budget, subject, now)
    except Throttled:
        await raise_alert(here, by, AlertKind.PIN_REFUSALS_SPENT, now)
        raise
    verifier = await derive(here, site, asked)
    taken = await is_taken(here, site, verifier)
    if is_weak(asked) or taken:
        raise PinNotAcceptable
    await give_back(here, budget, subject)
    return AcceptableDigits(asked, verifier, PinKind.CUSTOM)


async def count_late_refusal(here: Installation, by: Caller, now: datetime) -> None:
    """Somebody else committed the same digits first: a refusal like any other."""
    budget, subject = _budget(by)
    await count_try(here, budget, subject, now)
