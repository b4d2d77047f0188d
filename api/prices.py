"""What every computed field and every list of the schema costs, as the documents that ask for them are charged.

The unit is what a plain field costs, some ten microseconds of processor time; measured on SQLite with twenty items, a
batch's share of its statement included. A test holds that no computed field and no list is missing.
"""

from api.operations import DECLARED, OperationKind
from api.protocol import Prices

MUTATION = 200
"""A transaction with an audit row. What is hashed on the way waits in a queue of its own."""

_FIELDS = {
    30_000: "Site.calendar",  # 300 ms for a busy site and two months
    2_000: "Calendar.bars Calendar.days Calendar.occurrences",
    2_500: "Subscription.siteSync",  # 220 ms for 160 locks, at its start
    40_000: "Query.explainAccessGrid",  # 400 ms for fifty members and fifty locks
    400: "InvitationCode.qrSvg LockEvent.explanation",
    300: "Query.explainAccess",
    250: "Subscription.pinSync",
    1_000: "Site.summary",  # nine statements
    200: """Site.accessRules Site.alerts Site.apiTokens Site.auditLog Site.events Site.hubs Site.invitations Site.locks
        Site.members Site.pins Site.seats Site.smartPins Site.tags
        Site.alertMail Site.unseenAlerts""",
    100: """Query.homes Query.me Query.node Query.site Query.sites Subscription.lockEvents Subscription.lockFeed
        Subscription.myAccess Subscription.siteAlerts""",
    50: "Door.nextChangeAt InvitationCode.shareLinks",
    25: "Invitation.codeHint",
    10: """CreatedReader.warnings Invitation.devices Lock.linkLacks
        Lock.readers Lock.sync Lock.tags Member.email Pin.lockSync Pin.locks
        Account.devices Account.members Account.secondFactor Account.sessions Alert.actor
        ApiToken.createdBy ApiToken.sites AuditEntry.actor
        Device.account Device.invitation ProvisioningKit.takenBy Session.account
        AssignedPin.shareLinks CreatedPin.shareLinks ReassignedPin.shareLinks
        AccessRule.warnings AssignedPin.warnings CreatedAccessRule.warnings CreatedInvitation.warnings CreatedPin.warnings
        CreatedSmartPin.warnings DeletedReader.warnings DeletedInvitation.warnings
        ErasedMember.warnings RemovedMember.warnings RemovedDevice.warnings DeletedAccessRule.warnings
        Invitation.warnings Pin.warnings SetPinMode.warnings
        ReassignedPin.warnings ReplacedPin.shareLinks ReplacedPin.warnings SmartPin.warnings UnblockedPin.warnings
        UnblockedSmartPin.warnings
        Lock.provisioningKits ProvisioningKit.lock Site.provisioningKits
        UpdatedAccessRule.warnings UpdatedLock.warnings UpdatedPin.warnings UpdatedTag.warnings Credential.warnings""",
    5: """Alert.credential Site.eventRetentionDays Hub.site Lock.site ProvisioningKit.site Reader.lock Reader.site Tag.site
        Site.features Site.leaseMinutes Site.lockoutReleaseMinutes Site.pinPolicy Site.smartPinActivation Site.systemType
        Activity.site Alert.lock Alert.member Alert.site ApiToken.canEdit ApiToken.expiresAt ApiToken.lastUsedAt
        ApiToken.role AuditEntry.site Lock.incarnation LockEvent.device LockEvent.member LockEvent.site
        AccessRule.chosenLocks AccessRule.grantee AccessRule.label AccessRule.lockTags AccessRule.locks AccessRule.site
        AccessRule.state Credential.label Credential.locks Credential.site Credential.state Lock.hub
        Lock.compromisedAt Lock.lastContactAt Lock.leasesOpenUntil Lock.linkReads Lock.linkVersion
        Invitation.label Invitation.locks Invitation.site Invitation.state
        Lock.pinEnabled Lock.pinLockout Lock.pinSupported LockEvent.lock LockEvent.credential
        AccessReason.basis AccessWay.credential Door.opens
        Member.site Member.tags Home.member Home.pins Home.site Door.lock Pin.chosenLocks Pin.lockTags Pin.notes Pin.owner
        Pin.label Pin.site Pin.state
        PinPolicy.guessBudget Query.lockChallenge SmartPin.activationDueAt SmartPin.activationMissed SmartPin.blockSync
        SmartPin.label SmartPin.lock SmartPin.locks SmartPin.secretProven SmartPin.site SmartPin.state
        Tag.locks Tag.members""",
}

_COUNT = 50
"""Of a whole list, by a statement more."""
_COUNTED = """AccessRule Alert ApiToken AuditEntry Device Hub Invitation Lock LockEvent Member Pin PinLockSync
    ProvisioningKit Session Site SmartPin Tag"""

_LISTS = {
    1_000: "bars",
    62: "days",
    3_000: "occurrences",
    50: "cells replacedPins rows",
    3: "path",
    10: """chosenLocks devices features guessBudget doors homes lockTags locks narrowed nearest opensNow pins
        earliest linkLacks linkReads needs invitations kinds members remains
        reasonCodes readers reasons refused recoveryCodes schedules sites warnings ways weekdays widened""",
}


def prices() -> Prices:
    """The price list. The operations must have been declared."""
    fields = {name: price for price, names in _FIELDS.items() for name in names.split()}
    fields |= {f"{name}Connection.totalCount": _COUNT for name in _COUNTED.split()}
    for name, operation in DECLARED.items():
        if operation.kind is OperationKind.MUTATION:
            fields[f"Mutation.{name}"] = MUTATION
    return Prices(fields, {name: size for size, names in _LISTS.items() for name in names.split()})
