"""The topics of the bus, each made by one function: a misspelt one would be a wake-up that never comes.

A topic names the thing of which something changed, never the change.
"""

from typing import Final
from uuid import UUID

OUTGOING_MAIL: Final = "outgoing-mail"
"""Letters that wait to be sent."""


def lock(lock_id: UUID) -> str:
    """What a lock should get: entries, commands, its state."""
    return f"lock:{lock_id}"


def lock_life(lock_id: UUID) -> str:
    """Whether a lock is there, and which secret it has proven."""
    return f"lock-life:{lock_id}"


def site_sync(site_id: UUID, lock_id: UUID | None = None) -> str:
    """What an admin sees of the sync of a site's locks; to wake for one of them, that lock."""
    return f"site-sync:{site_id}{_part(lock_id)}"


def pin_sync(pin_id: UUID, lock_id: UUID | None = None) -> str:
    """What an admin sees of one PIN's way to its locks; to wake for one of them, that lock."""
    return f"pin-sync:{pin_id}{_part(lock_id)}"


def events(site_id: UUID) -> str:
    """New rows in a site's event log."""
    return f"events:{site_id}"


def alerts(site_id: UUID) -> str:
    """New alerts of a site."""
    return f"alerts:{site_id}"


def command(command_id: UUID) -> str:
    """A lock's answer to one unlock command."""
    return f"command:{command_id}"


def homes(site_id: UUID) -> str:
    """What all who have access at a site see of it: its name, its locks' names."""
    return f"home:{site_id}"


def invitation(invitation_id: UUID) -> str:
    """An invitation, and what its devices may."""
    return f"invitation:{invitation_id}"


def member(member_id: UUID) -> str:
    """A member's role and access."""
    return f"member:{member_id}"


def account(account_id: UUID) -> str:
    """An account's sign-ins, memberships and second factor."""
    return f"account:{account_id}"


def session(session_id: UUID) -> str:
    """One browser's sign-in."""
    return f"session:{session_id}"


def device(device_id: UUID) -> str:
    """One phone's access."""
    return f"device:{device_id}"


def api_token(token_id: UUID) -> str:
    """One API token's rights."""
    return f"token:{token_id}"


def _part(part: UUID | None) -> str:
    """What follows a topic where only one part of the thing has changed: its listeners need look at that alone."""
    return "" if part is None else f"#{part}"
