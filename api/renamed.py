"""The names that the schema had before its first version: a document that still uses one is told the new one.

The same table, for people, is in docs/api.md.
"""

from typing import Final

NAMES: Final = {
    "AccessRule.locks": "locks { nodes { name } }",
    "AccessRule.member": "grantee { ... on Member { name } }",
    "AccessRule.memberTag": "grantee { ... on Tag { name } }",
    "BlockedAtDoor": "SmartPinBlockedAtDoor",
    "CreateAccessRuleInput.memberId": "grantee: { memberId }",
    "CreateAccessRuleInput.memberTagId": "grantee: { memberTagId }",
    "CreatePinInput.ownerId": "owner: { memberId }",
    "CreatePinInput.ownerTagId": "owner: { memberTagId }",
    "DateSchedule": "Schedule",
    "LockTooOld.locks": "locks { name }",
    "LockWithoutKeypad.locks": "locks { name }",
    "LockZoneUnknown": "LockTimezoneUnknown",
    "MomentSchedule": "Schedule",
    "Pin.lockSync": "lockSync { nodes { status } }",
    "Pin.locks": "locks { nodes { name } }",
    "Pin.status": "state",
    "PinStatus": "CredentialState",
    "Site.accessRules(lockId)": "lockIds",
    "Site.accessRules(memberId)": "memberIds",
    "Site.pins(lockId)": "lockIds",
    "Site.pins(ownerId)": "ownerIds",
    "Site.pins(status)": "states",
    "Throttled.retryAfter": "retryAfterSeconds",
    "TotpRequired": "RequestedTotp",
}
"""By places as `api.protocol.renaming` writes them."""
