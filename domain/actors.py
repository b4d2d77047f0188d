"""Who is asking: the four kinds of callers, and the role that one of them has at a site (its standing).

None of these is stored, so that none outlives its sign-in, token or role: each is read from the database for one request,
one operation, or one item of a stream.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from domain.link.claims import SILENT, Claim


class Role(StrEnum):
    """What a member is at a site."""

    OWNER = "OWNER"
    SUPER_ADMIN = "SUPER_ADMIN"
    LIMITED_ADMIN = "LIMITED_ADMIN"
    USER = "USER"


class ActorKind(StrEnum):
    """How an actor appears in the audit."""

    ACCOUNT = "ACCOUNT"
    INVITED_DEVICE = "INVITED_DEVICE"
    LOCK = "LOCK"
    TOKEN = "TOKEN"  # noqa: S105 - a kind of caller
    COMMAND_LINE = "COMMAND_LINE"
    ANONYMOUS = "ANONYMOUS"


@dataclass(frozen=True, slots=True)
class AccountActor:
    """A person who signed in: on the console (`session_id`) or on a phone (`device_id`)."""

    account_id: UUID
    email: str
    session_id: UUID | None = None
    device_id: UUID | None = None
    ends_at: datetime | None = None
    kind = ActorKind.ACCOUNT

    @property
    def id(self) -> UUID:
        return self.account_id


@dataclass(frozen=True, slots=True)
class InvitedDeviceActor:
    """A phone without an account, bound by its key to one invitation; ends with it at `ends_at`."""

    device_id: UUID
    invitation_id: UUID
    site_id: UUID
    name: str
    ends_at: datetime
    kind = ActorKind.INVITED_DEVICE

    @property
    def id(self) -> UUID:
        return self.device_id


@dataclass(frozen=True, slots=True)
class LockActor:
    """A lock that proved its secret on a socket; `connection` is the socket's number, and the newest has the highest."""

    lock_id: UUID
    site_id: UUID
    name: str
    incarnation: str
    connection: int
    claim: Claim = SILENT
    """What it said of its firmware on this socket."""
    kind = ActorKind.LOCK

    @property
    def id(self) -> UUID:
        return self.lock_id


@dataclass(frozen=True, slots=True)
class TokenActor:
    """A script with an API token: never more than `role` (with or without `can_edit`), only at its own sites.

    `account_id` is the person for whom it acts, whose role limits it too; None for one that the command line made.
    """

    token_id: UUID
    name: str
    role: Role
    can_edit: bool
    ends_at: datetime | None = None
    account_id: UUID | None = None
    kind = ActorKind.TOKEN

    @property
    def id(self) -> UUID:
        return self.token_id


Actor = AccountActor | InvitedDeviceActor | LockActor | TokenActor


@dataclass(frozen=True, slots=True)
class Standing:
    """What an actor is at one site. `member_id` is None for a token."""

    site_id: UUID
    role: Role
    can_edit: bool
    member_id: UUID | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a use case acts for: `actor_kind` and `actor_id` go into the audit; `standing` is set for a site's operations.

    `address` is the network address, for throttling only; it is never stored.
    """

    actor_kind: ActorKind
    actor_id: UUID | None
    standing: Standing | None = None
    actor: Actor | None = None
    address: str = ""

    @property
    def site_id(self) -> UUID:
        """The site that the operation is about. Raises AssertionError where an operation has none."""
        assert self.standing is not None
        return self.standing.site_id

    @property
    def account_id(self) -> UUID | None:
        """The person who acts, or for whom a token acts; None for the command line and its tokens, guests and locks."""
        match self.actor:
            case AccountActor(account_id=account_id) | TokenActor(account_id=account_id):
                return account_id
            case _:
                return None


COMMAND_LINE = Caller(ActorKind.COMMAND_LINE, None)
"""Somebody with the machine's own shell: may do everything, and appears as such in the audit."""


def command_line_at(site_id: UUID) -> Caller:
    """The command line, for the operations of one site."""
    return replace(COMMAND_LINE, standing=Standing(site_id, Role.OWNER, True, None))
