"""Limits on letters: for each person or script, for each site, and for each address, from whichever site.

Every try counts, before anything is checked; what a person's tokens ask for counts as theirs. Asking for a new password
has budgets of its own: otherwise a flood of invitations to an address would keep its owner from getting that letter.
"""

from datetime import datetime, timedelta

from domain.actors import Caller
from domain.installation import Installation
from domain.throttling.service import Budget, count_try

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
BY_PERSON = Budget("letters by person", 100, _HOUR)
BY_SCRIPT = Budget("letters by script", 500, _HOUR)
BY_SITE = Budget("letters by site", 200, _HOUR)
TO_ADDRESS = Budget("letters to address", 10, _HOUR)
TO_ADDRESS_A_DAY = Budget("letters to address a day", 30, _DAY)


async def count_letter(installation: Installation, by: Caller, address: str, now: datetime) -> None:
    """Counts a letter to the address that the caller asks for, whatever the site. Raises Throttled."""
    if by.account_id is not None:
        await count_try(installation, BY_PERSON, str(by.account_id), now)
    elif by.actor is not None:
        await count_try(installation, BY_SCRIPT, str(by.actor_id), now)
    await count_try(installation, BY_SITE, str(by.site_id), now)
    await count_try(installation, TO_ADDRESS, address, now)
    await count_try(installation, TO_ADDRESS_A_DAY, address, now)
