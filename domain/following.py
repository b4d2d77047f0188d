"""What upper rooms provide to lower ones, which do not import them: all of it is wired here.

The followers of each kind of fact, in their order; the makers of payloads for each kind of entry; the check of unlock
commands; the count of used seats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.access_rules.facts import GrantsChanged
from domain.access_rules.following import end_rules_of_member, wake_members_at_lock
from domain.alerts.service import alert_of_letter
from domain.installation import Follower, Installation, PayloadMaker
from domain.invitations.following import wake_guests_at_lock
from domain.invitations.seats import seats_used
from domain.link.entries import EntryKind
from domain.locks.cards import card_payloads
from domain.locks.facts import (
    CardPaired,
    KeypadsChanged,
    KitEnded,
    LockGone,
    LockMade,
    LockRenamed,
    LockSettingsChanged,
)
from domain.locks.kits import end_kits_of_account, end_kits_of_token
from domain.mail.facts import LetterGivenUp
from domain.people.facts import DoorsLost, MemberGone, MemberMade, MemberRenamed, TokenEnded
from domain.pins.entries import pin_payloads
from domain.pins.following import (
    follow_grants,
    follow_keypads,
    follow_tag,
    forget_held_digits,
    free_settled_digits,
    withdraw_pins_of_member,
)
from domain.sites.facts import SiteSettingsChanged, ZoneChanged
from domain.smartpins.following import (
    check_zone_may_change,
    end_codes_of_kit,
    end_codes_of_other_incarnations,
    note_events,
)
from domain.sync.facts import EntriesSettled, EventsRecorded, IncarnationBegan
from domain.sync.lock_settings import tell_card, tell_settings, tell_settings_of_site
from domain.sync.status import wake_followers_of_pins
from domain.tags.default_tags import drop_default_tag, make_default_tag, rename_default_tag
from domain.tags.facts import TagHolds
from domain.unlocking.service import standing_commands
from domain.watching.events import alert_of_events

FOLLOWERS: Mapping[type, Sequence[Follower]] = {
    LetterGivenUp: [alert_of_letter],
    ZoneChanged: [check_zone_may_change],
    SiteSettingsChanged: [tell_settings_of_site],
    MemberMade: [make_default_tag],
    MemberRenamed: [rename_default_tag],
    MemberGone: [drop_default_tag, withdraw_pins_of_member, end_rules_of_member],
    DoorsLost: [end_kits_of_account],
    TokenEnded: [end_kits_of_token],
    LockMade: [make_default_tag],
    LockRenamed: [rename_default_tag, wake_guests_at_lock, wake_members_at_lock],
    LockGone: [
        wake_followers_of_pins,
        wake_guests_at_lock,
        wake_members_at_lock,  # some rules reach the lock by its tags alone, which let go of it next
        drop_default_tag,
        forget_held_digits,
    ],
    LockSettingsChanged: [tell_settings],
    KeypadsChanged: [follow_keypads],
    CardPaired: [tell_card],
    KitEnded: [end_codes_of_kit],
    TagHolds: [follow_tag],
    GrantsChanged: [follow_grants],
    IncarnationBegan: [end_codes_of_other_incarnations, forget_held_digits],
    EntriesSettled: [free_settled_digits],
    EventsRecorded: [note_events, alert_of_events],
}
"""Every kind of fact; one that nobody follows stands here with an empty list."""

PAYLOAD_MAKERS: Mapping[EntryKind, PayloadMaker] = {
    EntryKind.PIN: pin_payloads,
    EntryKind.CARD: card_payloads,
}


def wired(installation: Installation) -> Installation:
    """The installation with all that upper rooms provide to lower ones."""
    return replace(
        installation,
        followers=FOLLOWERS,
        payload_makers=PAYLOAD_MAKERS,
        standing_commands=standing_commands,
        seats_used=seats_used,
    )
