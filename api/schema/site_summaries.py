"""A site at a glance."""

import strawberry


def _count(text: str) -> int:
    count: int = strawberry.field(description=text)
    return count


@strawberry.type(description="Counts of a site, at one moment.")
class SiteSummary:
    locks: int = _count("Its locks.")
    locks_offline: int = _count(
        "Locks with a network of their own that have been set up and are not online."
    )
    locks_not_updated: int = _count("Locks that lack something, and what they hold is known.")
    locks_unknown: int = _count("Locks of which it is not known what they hold.")
    locks_locked_out: int = _count("Locks whose keypad is locked out.")
    locks_never_set_up: int = _count("Locks that have not proven a secret yet.")
    pins: int = _count("Its PINs, but for removed ones.")
    pins_not_updated: int = _count(
        "PINs of which some lock has not acknowledged the latest version, or the removal."
    )
    pins_older_version_opens: int = _count(
        "PINs of which some lock has acknowledged a version that opens and is not the latest: "
        "what was changed opens there as before; removed PINs that have not left a lock count too."
    )
    pins_unknown: int = _count("PINs at locks of which it is not known what they hold.")
    invitations_active: int = _count("Invitations in the state ACTIVE.")
    invitations_upcoming: int = _count("Invitations in the state UPCOMING.")
    smart_pins_active: int = _count("SmartPINs in the state ACTIVE.")
    members: int = _count("Its members.")
    members_invited: int = _count("Members who were sent a link and have not accepted yet.")
