"""The domain's enums, registered once each."""

import strawberry

from domain.access.decision import DenialReason
from domain.access.schedule import Weekday
from domain.alerts.tables import AlertKind
from domain.invitations.rules import InvitationStatus
from domain.link.events import LockEventKind, OpeningMethod
from domain.locks.rules import Connectivity, Propagation
from domain.people.actors import ActorKind, Role
from domain.people.tables import Platform
from domain.pins.tables import PinKind, PinStatus
from domain.sites.rules import SystemType
from domain.smartpins.rules import NoSmartPins, SmartPinStatus
from domain.sync.rules import SyncStatus
from domain.tags.tables import TagKind, TagTarget
from smartpin import WindowFault

strawberry.enum(Weekday, description="A day of the week in the site's time zone.")
strawberry.enum(
    SystemType, description="A site's plan; it sets the default connectivity of new locks."
)
strawberry.enum(Role, description="What a member is at a site.")
strawberry.enum(Connectivity, description="How a lock is connected.")
strawberry.enum(
    Propagation, description="How changes reach a lock: over its socket, or carried by a phone."
)
strawberry.enum(DenialReason, description="Why a door stays closed.")
strawberry.enum(InvitationStatus, description="Where an invitation is in its life.")
strawberry.enum(LockEventKind, description="What a lock reports.")
strawberry.enum(OpeningMethod, description="With what somebody tried to open.")
strawberry.enum(PinKind, description="CUSTOM digits were chosen by a person, AUTO ones generated.")
strawberry.enum(
    PinStatus, description="BLOCKED keeps a PIN without its opening anything; REMOVED is for good."
)
strawberry.enum(SyncStatus, description="Whether a lock holds what it should.")
strawberry.enum(AlertKind, description="What the admins of a site should know.")
strawberry.enum(Platform, description="What kind of phone.")
strawberry.enum(
    TagKind, description="DEFAULT is made with its one member or lock; SPECIAL is a named group."
)
strawberry.enum(TagTarget, description="What a tag holds.")
strawberry.enum(ActorKind, description="What kind of caller did something.")
strawberry.enum(
    SmartPinStatus, description="DEAD: the lock got a new secret; otherwise by time, and BLOCKED."
)
strawberry.enum(NoSmartPins, description="Why a lock takes no SmartPINs.")
strawberry.enum(WindowFault, description="Why a start and an end make no SmartPIN window.")
