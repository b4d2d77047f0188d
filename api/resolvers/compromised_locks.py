"""Operations on a lock that may have been opened up."""

from api.context import Call
from api.operations import AtSite, mutation
from api.schema.compromised_locks import (
    MarkedLockCompromised,
    MarkLockCompromisedInput,
    ReplacedPin,
)
from api.schema.errors import PasswordNotConfirmed, PinTooShort
from api.schema.locks import lock_type
from api.schema.nodes import key_of
from api.schema.pins import pin_type
from domain.locks.tables import Lock
from domain.people.rules import Permission
from domain.pins import compromised


@mutation(AtSite(Permission.DOORS, "lock_id", "lock", Lock), PasswordNotConfirmed, PinTooShort)
async def mark_lock_compromised(
    call: Call, input: MarkLockCompromisedInput
) -> MarkedLockCompromised:
    """Says that somebody may have opened the lock up and read what it holds. Its secret, its pending kits and its SmartPINs
    end at once, and every PIN that it may hold gets other digits, generated, in this answer and never again; they are to be
    handed out anew. A person confirms their password first. Then provision it anew: until it has proven that secret it opens
    with what it holds. An answer that was lost: reassignPin gives a PIN digits again, and the audit names those that were
    replaced."""
    done = await compromised.mark_lock_compromised(
        call.installation,
        call.by,
        lock_id=key_of("lock", input.lock_id, "lock_id"),
        now=call.now,
    )
    return MarkedLockCompromised(
        lock=lock_type(done.lock, call.context.clock),
        replaced_pins=[
            ReplacedPin(digits=each.digits, pin=pin_type(each.pin)) for each in done.replaced
        ],
        pins_left=done.left,
    )
