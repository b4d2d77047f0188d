"""The names that the schema had before its first version: a document that still uses one is told the new one.

The same table, for people, is in docs/api.md.
"""

from typing import Final

NAMES: Final = {
    "BlockedAtDoor": "SmartPinBlockedAtDoor",
    "LockTooOld.locks": "locks { name }",
    "LockWithoutKeypad.locks": "locks { name }",
    "LockZoneUnknown": "LockTimezoneUnknown",
    "Throttled.retryAfter": "retryAfterSeconds",
    "TotpRequired": "RequestedTotp",
}
"""By places as `api.protocol.renaming` writes them."""
