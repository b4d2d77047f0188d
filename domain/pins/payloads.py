"""What a lock holds of a PIN: the digest of its verifier under the lock's own key, and its schedules there."""

import contextlib
from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.installation import EntryToFill, Installation
from domain.link.digests import pin_digest
from domain.link.entries import Payload, PinPayload
from domain.link.schedules import schedule_from_wire
from domain.pins.digits import open_verifier
from domain.pins.tables import Pin
from domain.security.keys import SealBroken


async def pin_payloads(
    installation: Installation, entries: Sequence[EntryToFill]
) -> Mapping[UUID, Payload]:
    """The payloads of these entries, by id, without those whose verifier does not open."""
    verifiers = {}
    for pin in await Pin.filter(id__in=list({entry.pin_id for entry in entries})):
        with contextlib.suppress(SealBroken):
            verifiers[pin.id] = open_verifier(installation, pin)
    return {
        entry.id: PinPayload(
            pin_digest(entry.keys, verifiers[entry.pin_id]),
            tuple(schedule_from_wire(each, "schedules") for each in entry.content["schedules"]),
        )
        for entry in entries
        if entry.pin_id in verifiers
    }
