"""What upper floors give to lower ones, which do not know them: the one place where such floors are tied.

Who follows which facts, and in which order; who makes the payloads of which entries; who says which commands still stand.
"""

from collections.abc import Mapping, Sequence

from domain.access_rules.facts import GrantsChanged
from domain.installation import CommandCheck, Follower, PayloadMaker
from domain.link.entries import EntryKind
from domain.locks.cards import card_payloads
from domain.pins.following import follow_grants, forget_digits_of_incarnation, free_settled_digits
from domain.pins.payloads import pin_payloads
from domain.smartpins.lives import end_codes_of_other_incarnations
from domain.smartpins.reported import note_events
from domain.sync.facts import EntriesSettled, EventsRecorded, IncarnationBegan
from domain.unlocking.service import standing_commands

FOLLOWERS: Mapping[type, Sequence[Follower]] = {
    GrantsChanged: [follow_grants],
    IncarnationBegan: [end_codes_of_other_incarnations, forget_digits_of_incarnation],
    EntriesSettled: [free_settled_digits],
    EventsRecorded: [note_events],
}
"""Every kind of fact; one that nobody follows stands here with an empty list."""

PAYLOAD_MAKERS: Mapping[EntryKind, PayloadMaker] = {
    EntryKind.PIN: pin_payloads,
    EntryKind.CARD: card_payloads,
}

COMMAND_CHECK: CommandCheck = standing_commands
