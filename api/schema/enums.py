"""The domain's enums, registered once each, with what every value means."""

from enum import Enum

import strawberry

from api.schema.activity_kinds import ActivityKind
from api.schema.growth import GROWS
from domain.access.decision import DenialReason
from domain.access.schedule import Weekday
from domain.actors import ActorKind, Role
from domain.erasing.service import Remainder
from domain.explaining.rules import AccessReasonCode
from domain.link.events import EventRefusal, OpeningMethod
from domain.locks.rules import Connectivity, Propagation
from domain.people.tables import Platform
from domain.pins.tables import PinKind
from domain.schedules.changes import AccessLimit
from domain.schedules.states import CredentialState
from domain.sites.rules import SiteFeature, SystemType
from domain.smartpins.rules import NoSmartPins
from domain.sync.rules import SyncStatus
from domain.tags.tables import TagKind, TagTarget
from domain.warnings.rules import WarningCode
from smartpin import WindowFault


def _enum(kind: type[Enum], description: str, **values: str) -> None:
    """Registers an enum to which values may be added; a value that is not described here is found by the schema's test."""
    _closed(kind, f"{description} {GROWS}", **values)


def _closed(kind: type[Enum], description: str, **values: str) -> None:
    """As `_enum`, for one that is complete."""
    strawberry.enum(kind, description=description)
    for value in kind.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = values.get(value.name)


_closed(
    Weekday,
    "A day of the week in the site's time zone.",
    MONDAY="The first day of the week.",
    TUESDAY="The second.",
    WEDNESDAY="The third.",
    THURSDAY="The fourth.",
    FRIDAY="The fifth.",
    SATURDAY="The sixth.",
    SUNDAY="The seventh.",
)
_enum(
    SystemType,
    "A site's plan; it sets the default connectivity of new locks.",
    EASY="Locks without a network; phones carry what they should hold.",
    STANDARD="Locks on a network, by cable or behind a hub.",
    ENTERPRISE="As STANDARD, for larger sites.",
)
_enum(
    SiteFeature,
    "An add-on of a site's plan.",
    INVITATIONS="Invitations for guests without an account.",
    CUSTOM_PINS="Personal PINs whose digits their member chooses.",
)
_enum(
    Role,
    "What a member is at a site.",
    OWNER="May do everything, settings and owners included; a site always has one.",
    SUPER_ADMIN="Manages doors, people and credentials, and reads the audit.",
    LIMITED_ADMIN="Manages people and credentials, or only reads them without `canEdit`.",
    USER="Opens doors and manages their own PIN.",
)
_enum(
    Connectivity,
    "How a lock is connected.",
    ONLINE_WIRED="By cable, with a socket of its own.",
    WIRELESS_GATEWAY="By radio behind a hub, with a socket of its own.",
    WIRELESS_OFFLINE="Not at all: phones at the door carry what is new.",
)
_enum(
    Propagation,
    "How changes reach a lock: over its socket, or carried by a phone.",
    REAL_TIME="Over its own socket, at once.",
    OPPORTUNISTIC="With the next phone that comes to the door.",
)
_enum(
    DenialReason,
    "Why a door stays closed.",
    **{reason.name: reason.meaning for reason in DenialReason},
)
_enum(
    AccessReasonCode,
    "What speaks for or against a door opening. A code never changes its meaning.",
    **{code.name: code.meaning for code in AccessReasonCode},
)
_enum(
    CredentialState,
    "Where a PIN, SmartPIN, invitation or access rule is in its life: the first in the order REMOVED, VOID, ENDED, BLOCKED, "
    "UPCOMING, ACTIVE that holds.",
    UPCOMING="Its first day or moment is to come.",
    ACTIVE="It may open, within its schedule, where a lock has heard of it.",
    ENDED="Its last day or moment has passed.",
    BLOCKED="It is kept and is to open nothing.",
    REMOVED="It is gone for good.",
    VOID="Its lock got a new secret, so it opens nothing any more.",
)
_enum(
    AccessLimit,
    "What limits when and where something opens.",
    VALID_FROM="The first day.",
    VALID_UNTIL="The last day.",
    SLOT="The hours of a day.",
    WEEKDAYS="The days of the week.",
    LOCKS="The locks.",
)
_enum(
    Remainder,
    "What of somebody who was erased is still somewhere.",
    RECORDS_BY_ID="Events, alerts and the audit: ids, moments, what was done; they name nobody.",
    ACCOUNT_ELSEWHERE="The person's own account, since they are a member of another site.",
    DIGITS_AT_LOCKS="PINs at locks that have not connected since: they open there until then.",
    BACKUPS="Backups that were made before; they go by their own rule.",
)
_enum(
    ActivityKind,
    "What happened: what a lock reports, what the admins of a site should know, or CHANGED for whatever a mutation did.",
    OPENED="The door opened.",
    DENIED="Somebody tried, and the door stayed closed.",
    LOCKOUT_STARTED="Too many wrong entries: the keypad takes no PINs.",
    LOCKOUT_ENDED="The keypad takes PINs again.",
    CLOCK_SET="The server's time was taken over, forwards or backwards.",
    CLOCK_LOST="The lock restarted without a time that it could trust.",
    STARTED="The lock was switched on.",
    COMMAND_REFUSED="An order from afar was not carried out.",
    CARD_PRESENTED="A card was held to the reader.",
    SHORT_PIN_SET="Somebody chose a short PIN at the door for their SmartPIN.",
    SHORT_PIN_DROPPED="A short PIN set at the door is gone.",
    SMARTPIN_BLOCKED="A SmartPIN was blocked at the door.",
    OUT_OF_STEP="The lock had something that the server did not know of; it gets everything anew.",
    DELIVERY_REFUSED="What the server sent could not be applied.",
    EVENTS_DROPPED="The lock had no room for `count` events, so they are not here.",
    EVENTS_MISSING="Before the next event the lock left out `count` numbers: it never reported what they stand for.",
    EVENT_REFUSED="The lock reported something that could not be read; `refusal` says why.",
    PIN_REFUSALS_SPENT="Somebody was refused so many PINs that they may be looking for other people's.",
    PIN_CHOICES_SPENT="Somebody chose, or had made, so many PINs that they may be finding out which ones are free.",
    LOCK_REPLACED="A lock has proven a new secret in place of the one in force; the actor is who took the provisioning kit.",
    LETTER_NOT_SENT="A letter was never sent: the mail server refuses it, or was tried in vain for days.",
    LOCK_TOO_OLD="A lock has connected whose firmware cannot hold what is wanted of it: see `Lock.linkLacks`.",
    LOCKOUT="So many wrong entries were typed at a lock that its keypad takes no PINs; until `endedAt`.",
    LOCK_SILENT="Nothing was heard of a lock for an hour; until `endedAt`.",
    OLD_PIN_OPENS="A lock has lacked a change for a day, so that an old PIN opens it; until `endedAt`.",
    SEATS_NEARLY_USED="Nine in ten of the plan's seats are used; until `endedAt`.",
    SMARTPIN_NOT_ACTIVATED="A SmartPIN has died because it was not used within a day of its start.",
    WRONG_ENTRIES="Ten wrong PINs or more were typed at the site's doors within an hour; `lock` is where the last was.",
    RECORDS_TAMPERED="What stands in the database is not what was written: an audit row, or a PIN's sealed part.",
    CHANGED="Somebody changed something; an audit entry, whose `action` says which mutation it was.",
)
_enum(
    EventRefusal,
    "Why an event of a lock is not taken.",
    MALFORMED="A field is not what it must be.",
    UNKNOWN_NAME="A kind, method or reason that this server does not know.",
    SERVER_KIND="A kind that only the server writes.",
    OTHER_STATE="It has another state id than the report's first event.",
)
_enum(
    OpeningMethod,
    "With what somebody tried to open.",
    PIN="A PIN at the keypad.",
    SMARTPIN="A SmartPIN at the keypad.",
    SHORT_PIN="A short PIN that was set at the door.",
    PHONE="A phone at the door.",
    REMOTE="An order over the lock's socket.",
)
_closed(
    PinKind,
    "CUSTOM digits were chosen by a person, AUTO ones generated.",
    CUSTOM="The digits were chosen by a person.",
    AUTO="The digits were generated.",
)
_enum(
    SyncStatus,
    "Whether a lock holds what it should.",
    NOT_UPDATED="The lock has not acknowledged what is wanted.",
    UPDATED="What is wanted is what the lock acknowledged.",
    UNKNOWN="The lock and the server disagree until a snapshot is acknowledged.",
    REMOVED="The lock has acknowledged the removal.",
)
_enum(
    Platform,
    "What kind of phone.",
    IOS="An iPhone.",
    ANDROID="An Android phone.",
    WEB="A browser.",
    OTHER="Anything else.",
)
_closed(
    TagKind,
    "DEFAULT is made with its one member or lock; SPECIAL is a named group.",
    DEFAULT="Stands for its one member or lock.",
    SPECIAL="A named group.",
)
_closed(TagTarget, "What a tag holds.", MEMBER="Members.", LOCK="Locks.")
_enum(
    ActorKind,
    "What kind of caller did something.",
    ACCOUNT="A person who had signed in.",
    INVITED_DEVICE="A phone with an invitation.",
    LOCK="A lock.",
    TOKEN="A script with an API token.",  # noqa: S106 - a description
    COMMAND_LINE="Somebody at the server's own command line.",
    ANONYMOUS="Somebody who had not signed in, by a link or a code.",
)
_enum(
    NoSmartPins,
    "Why a lock takes no SmartPINs.",
    SWITCHED_OFF="They are not enabled on the lock.",
    NOT_PROVISIONED="The lock was never given a secret.",
)
_enum(
    WindowFault,
    "Why a start and an end make no SmartPIN window.",
    **{fault.name: f"{fault.value[0].upper()}{fault.value[1:]}." for fault in WindowFault},
)
_enum(
    WarningCode,
    "Why something may not work although it was done. A code never changes its meaning.",
    LOCK_WITHOUT_KEYPAD="The lock has no keypad: a PIN or SmartPIN cannot be typed there.",
    LOCK_NEVER_SET_UP="The lock has not proven a secret yet, or has none: it knows of nothing.",
    LOCK_HAS_NO_NETWORK="The lock has no network of its own: it hears of nothing until a phone is held to it, and opens for "
    "such phones alone.",
    LOCK_TOO_OLD="The firmware of the lock cannot hold what is wanted of its keypads: PINs open at none.",
    LOCK_MAY_BE_TOO_OLD="The lock has not said whether it can hold what is wanted of its keypads; it gets nothing before.",
    SETTING_NOT_ON_LOCK="PIN mode, or the use of SmartPINs, is off or not known to have reached the lock.",
    ALREADY_OVER="No time is left at which it opens.",
    LEASE_STILL_OPENS="A phone was given a lease for the lock: until its end it may open there, though the access is gone.",
)
