"""Every mutation on a site with an input that works and, from credentials.md, who may send it.

A mutation that is missing here fails the tests of permissions and of the audit: whoever adds one adds its line.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.serving import House

Input = dict[str, Any]
GRADES = ("OWNER", "SUPER_ADMIN", "LIMITED_ADMIN + can_edit", "LIMITED_ADMIN", "USER")
OWNERS, ADMINS, EDITORS = set(GRADES[:1]), set(GRADES[:2]), set(GRADES[:3])


class Furniture:
    """A house and what stands in it, made by its owner's token when it is first asked for.

    `present` are the ids of what is there already, by kind.
    """

    def __init__(self, house: House, **present: str) -> None:
        self.house = house
        self._ids = {"site": house.id, **present}

    async def the(self, kind: str) -> str:
        """The id of the one thing of this kind that everybody may use and nobody deletes."""
        if kind not in self._ids:
            self._ids[kind] = await self.fresh(kind)
        return self._ids[kind]

    async def fresh(self, kind: str) -> str:
        """The id of a new thing of this kind, to be deleted perhaps."""
        mutation, noun, asked = _MAKING[kind]
        result = _RESULTS.get(mutation) or mutation.replace("create", "Created")
        answer = await self.house.change(
            mutation, f"... on {result} {{ {noun} {{ id }} }}", **await self.filled(asked)
        )
        assert answer["__typename"] == result, (kind, answer)
        made: str = answer[noun]["id"]
        for change, more in _READYING.get(kind, ()):
            ready = await self.house.change(change, "", lockId=made, **more)
            assert "message" not in ready, (kind, ready)
        return made

    def _on_the_hour(self, hours: int) -> str:
        now = self.house.served.clock().replace(minute=0, second=0, microsecond=0)
        return (now + timedelta(hours=hours)).isoformat()

    async def filled(self, asked: Input) -> Input:
        """The input with ids in the places of `<kind>` (the shared one) and `<new kind>`, and times in theirs."""
        return {name: await self._value(value) for name, value in asked.items()}

    async def _value(self, value: Any) -> Any:
        match value:
            case [each]:
                return [await self._value(each)]
            case dict():
                return await self.filled(value)
            case str() if value in _HOURS:
                return self._on_the_hour(_HOURS[value])
            case str() if value.startswith("<new "):
                return await self.fresh(value[5:-1])
            case str() if value.startswith("<"):
                return await self.the(value[1:-1])
            case _:
                return value


_HOURS = {"<next hour>": 1, "<in four hours>": 4}
_LOCK = {"siteId": "<site>", "name": "Door", "connectivity": "ONLINE_WIRED"}
_DOORS = {"siteId": "<site>", "name": "Doors", "target": "LOCK", "lockIds": ["<lock>"]}
_TEAM = {"siteId": "<site>", "name": "Team", "target": "MEMBER", "memberIds": ["<member>"]}
_CHOSEN = {"lockIds": ["<lock>"], "lockTagIds": ["<lock tag>"]}
_INVITATION = {"siteId": "<site>", "name": "Guest", "endsAt": "<in four hours>", **_CHOSEN}
_RULE = {"siteId": "<site>", "grantee": {"memberId": "<member>"}, **_CHOSEN}
_SMART_PIN = {
    "lockId": "<smart lock>",
    "guestName": "Gus",
    "startsAt": "<next hour>",
    "endsAt": "<in four hours>",
}
_PIN = {"siteId": "<site>", "owner": {"memberId": "<member>"}, **_CHOSEN}
_MAKING: dict[str, tuple[str, str, Input]] = {
    "hub": ("createHub", "hub", {"siteId": "<site>", "name": "Hub"}),
    "lock": ("createLock", "lock", {**_LOCK, "readers": [{"name": "Keypad"}]}),
    "reader": ("createReader", "reader", {"lockId": "<lock>", "name": "Reader"}),
    "member": ("createMember", "member", {"siteId": "<site>", "name": "Ada"}),
    "lock tag": ("createTag", "tag", _DOORS),
    "member tag": ("createTag", "tag", _TEAM),
    "invitation": ("createInvitation", "invitation", _INVITATION),
    "pin": ("createPin", "pin", _PIN),
    "access rule": ("createAccessRule", "accessRule", _RULE),
    "smart lock": ("createLock", "lock", {**_LOCK, "readers": [{"name": "Keypad"}]}),
    "smart pin": ("createSmartPin", "smartPin", _SMART_PIN),
    "kit": ("provisionLock", "provisioningKit", {"lockId": "<new lock>"}),
    "token": ("createApiToken", "apiToken", {"siteId": "<site>", "name": "Script", "role": "USER"}),
}
_RESULTS = {"provisionLock": "ProvisionedLock"}
"""What a mutation answers that is not named after a thing which it creates."""
_READYING: dict[str, list[tuple[str, Input]]] = {
    "smart lock": [("provisionLock", {}), ("updateLock", {"smartPinEnabled": True})],
}
"""What is done with a new lock before it can be used as such."""


@dataclass(frozen=True)
class Case:
    """`allowed` of the grades, and an input: `<kind>` stands for the id of such a thing, `<new kind>` of a new one."""

    allowed: set[str]
    asked: Input


AT_A_SITE: dict[str, Case] = {
    "updateSite": Case(OWNERS, {"siteId": "<site>", "name": "Home"}),
    "setAlertMail": Case(OWNERS, {"siteId": "<site>", "kinds": ["LOCKOUT"]}),
    "markAlertsSeen": Case(EDITORS, {"siteId": "<site>"}),
    "createApiToken": Case(OWNERS, {"siteId": "<site>", "name": "Script", "role": "USER"}),
    "revokeApiToken": Case(OWNERS, {"siteId": "<site>", "apiTokenId": "<new token>"}),
    "createHub": Case(ADMINS, {"siteId": "<site>", "name": "Hub"}),
    "updateHub": Case(ADMINS, {"hubId": "<hub>", "name": "Gate"}),
    "deleteHub": Case(ADMINS, {"hubId": "<new hub>"}),
    "createLock": Case(ADMINS, _LOCK | {"connectivity": "WIRELESS_GATEWAY", "hubId": "<hub>"}),
    "updateLock": Case(
        ADMINS,
        {
            "lockId": "<lock>",
            "name": "Gate",
            "connectivity": "WIRELESS_GATEWAY",
            "hubId": "<hub>",
        },
    ),
    "deleteLock": Case(ADMINS, {"lockId": "<new lock>"}),
    "provisionLock": Case(ADMINS, {"lockId": "<lock>"}),
    "markLockCompromised": Case(ADMINS, {"lockId": "<new lock>"}),
    "cancelProvisioningKit": Case(ADMINS, {"provisioningKitId": "<new kit>"}),
    "createReader": Case(ADMINS, {"lockId": "<lock>", "name": "Reader"}),
    "updateReader": Case(ADMINS, {"readerId": "<reader>", "name": "Keypad"}),
    "deleteReader": Case(ADMINS, {"readerId": "<new reader>"}),
    "pairCard": Case(ADMINS, {"lockId": "<lock>", "cardUid": "04A2B3C4D5E6F7"}),
    "setPinMode": Case(EDITORS, {"target": {"lockId": "<lock>"}, "enabled": False}),
    "createMember": Case(EDITORS, {"siteId": "<site>", "name": "Ada"}),
    "updateMember": Case(EDITORS, {"memberId": "<member>", "name": "Bea"}),
    "removeMember": Case(EDITORS, {"memberId": "<new member>"}),
    "eraseMember": Case(
        OWNERS, {"memberId": "<new member>", "invitationIds": ["<new invitation>"]}
    ),
    "createTag": Case(EDITORS, _DOORS),
    "updateTag": Case(EDITORS, {"tagId": "<member tag>", "memberIds": ["<member>"]}),
    "deleteTag": Case(EDITORS, {"tagId": "<new lock tag>"}),
    "createInvitation": Case(EDITORS, _INVITATION),
    "deleteInvitation": Case(EDITORS, {"invitationId": "<new invitation>"}),
    "revealInvitationCode": Case(EDITORS, {"invitationId": "<invitation>"}),
    "sendInvitation": Case(EDITORS, {"invitationId": "<invitation>", "email": "guest@example.com"}),
    "createPin": Case(EDITORS, _PIN),
    "updatePin": Case(EDITORS, {"pinId": "<pin>", **_CHOSEN}),
    "reassignPin": Case(EDITORS, {"pinId": "<pin>"}),
    "blockPin": Case(EDITORS, {"pinId": "<pin>"}),
    "unblockPin": Case(EDITORS, {"pinId": "<pin>"}),
    "deletePin": Case(EDITORS, {"pinId": "<new pin>"}),
    "createAccessRule": Case(EDITORS, _RULE),
    "updateAccessRule": Case(
        EDITORS,
        {"accessRuleId": "<access rule>", "slotStart": "06:00", "slotEnd": "22:00", **_CHOSEN},
    ),
    "deleteAccessRule": Case(EDITORS, {"accessRuleId": "<new access rule>"}),
    "createSmartPin": Case(EDITORS, _SMART_PIN),
    "blockSmartPin": Case(EDITORS, {"smartPinId": "<smart pin>"}),
    "unblockSmartPin": Case(EDITORS, {"smartPinId": "<smart pin>"}),
    "openLockRemotely": Case(EDITORS, {"lockId": "<lock>"}),
}
"""The rows of the role table; the lock of `openLockRemotely` is not connected, which is an answer of its own."""

LIVE_LOCK = {"openLockRemotely"}
"""What needs a connected lock to succeed."""

OWN_PINS = {"assignMyPin", "blockMyPin", "deleteMyPin"}
"""For every member, about their own PINs."""
PERSONS = {
    "signOut",
    "changePassword",
    "confirmPassword",
    "enrollTotp",
    "confirmTotp",
    "disableTotp",
    "renewRecoveryCodes",
    "endSession",
}
"""For people who have signed in, about themselves."""
PERSONS_AND_SCRIPTS = {"createSite", "removeDevice"}
ANYONE = {
    "signIn",
    "signInWithTotp",
    "requestPasswordReset",
    "resetPassword",
    "acceptMembership",
    "redeemInvitation",
    "submitReceipt",
}
PHONES = {"openLock", "requestOpenLease"}
LOCKS = {"reportLock"}
ALL_BUT_LOCKS = {"createSocketTicket"}
EVERY = {
    *AT_A_SITE,
    *OWN_PINS,
    *PERSONS,
    *PERSONS_AND_SCRIPTS,
    *ANYONE,
    *PHONES,
    *LOCKS,
    *ALL_BUT_LOCKS,
}

DOCUMENTS = {
    "signOut": "mutation { answer: signOut { __typename } }",
    "enrollTotp": "mutation { answer: enrollTotp { __typename } }",
    "createSocketTicket": "mutation { answer: createSocketTicket { __typename } }",
    "changePassword": 'mutation { answer: changePassword(input: { oldPassword: "x", newPassword: "y" })'
    " { __typename } }",
    "confirmPassword": 'mutation { answer: confirmPassword(input: { password: "x" }) { __typename } }',
    "confirmTotp": 'mutation { answer: confirmTotp(input: { code: "000000" }) { __typename } }',
    "disableTotp": 'mutation { answer: disableTotp(input: { password: "x", code: "000000" }) { __typename } }',
    "renewRecoveryCodes": 'mutation { answer: renewRecoveryCodes(input: { code: "000000" }) { __typename } }',
    "endSession": 'mutation { answer: endSession(input: { sessionId: "session_0" }) { __typename } }',
    "createSite": 'mutation { answer: createSite(input: { name: "New", timezone: "Europe/Rome", systemType: EASY })'
    " { __typename } }",
    "removeDevice": 'mutation { answer: removeDevice(input: { deviceId: "device_0" }) { __typename } }',
    "openLock": 'mutation { answer: openLock(input: { lockId: "lock_0" }) { __typename } }',
    "requestOpenLease": 'mutation { answer: requestOpenLease(input: { lockId: "lock_0" }) { __typename } }',
    "reportLock": 'mutation { answer: reportLock(input: { lockId: "lock_0", appliedRevision: 0 }) { __typename } }',
}
"""The mutations that are about the caller and not about a site, as written by somebody."""
