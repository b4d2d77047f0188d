"""A PIN at rest: an Argon2id verifier, sealed with the row's identity, and a keyed tag for uniqueness.

The dangerous direction: digits that outlive the request which sets or shows them. No function here keeps them, and no
exception quotes them.
"""

from domain.errors import Throttled
from domain.installation import Installation
from domain.pins.tables import Pin
from domain.security.keys import KeyLabel
from domain.security.passwords import HasherBusy, PasswordProfile
from domain.security.sealing import open_sealed, seal
from domain.security.tags import candidate_tags, keyed_tag
from domain.sites.tables import Site


async def derive(installation: Installation, site: Site, digits: str) -> bytes:
    """The verifier of digits at a site: 32 bytes of Argon2id (RFC 9106), one salt and profile a site, on purpose.

    Raises Throttled when too many hashes wait.
    """
    profile = PasswordProfile(site.pin_time_cost, site.pin_memory_kib, site.pin_parallelism)
    try:
        return await installation.passwords.verifier(digits, site.pin_salt, profile, str(site.id))
    except HasherBusy:
        raise Throttled(2, "Too many PINs are being set at this moment. Try again.") from None


def _identity(pin: Pin) -> str:
    return f"pin-verifier:{pin.site_id}:{pin.id}"


def seal_verifier(installation: Installation, pin: Pin, verifier: bytes) -> bytes:
    """The verifier for the row of this very PIN."""
    return seal(installation.keys, verifier, _identity(pin))


def open_verifier(installation: Installation, pin: Pin) -> bytes:
    """The verifier of this PIN. Raises SealBroken for one that was copied from another row."""
    assert pin.verifier_sealed is not None
    return open_sealed(installation.keys, pin.verifier_sealed, _identity(pin))


def uniqueness_tag(installation: Installation, site: Site, verifier: bytes) -> str:
    """What is unique with the site in the database; it can be made anew when keys rotate, though the digits are gone."""
    return keyed_tag(installation.keys, KeyLabel.PIN_INDEX, str(site.id), verifier)


def possible_tags(installation: Installation, site: Site, verifier: bytes) -> list[str]:
    """The tags under which these digits may be reserved, while keys rotate."""
    return candidate_tags(installation.keys, KeyLabel.PIN_INDEX, str(site.id), verifier)
