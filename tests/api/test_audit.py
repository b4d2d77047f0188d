"""The audit: every mutation leaves its row in its transaction, a failed one leaves none, and no row holds a secret."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp

from domain.audit.service import first_broken_row
from domain.audit.tables import AuditRow
from domain.locks.tables import Lock
from domain.people.tables import Member, Session
from tests.api.every_mutation import AT_A_SITE, EVERY, LIVE_LOCK, Furniture
from tests.api.letters import Letters
from tests.browser import Browser
from tests.serving import PASSWORD, House, Served

EMAIL = "owner-house@example.com"
NEW, NEWER = "an entirely new password of mine", "and now quite another one, too"
EXEMPT = {
    "reportLock",  # what locks report is in the event log
    "submitReceipt",  # and what they say through phones
    "createSocketTicket",  # opens one socket for thirty seconds, as somebody who may anyway, and changes nothing
}
SECRETS = {
    "createApiToken": "CreatedApiToken { token }",
    "provisionLock": "ProvisionedLock { secret programmingCode }",
    "createInvitation": "CreatedInvitation { invitationCode { code } }",
    "createPin": "CreatedPin { digits }",
    "reassignPin": "ReassignedPin { digits }",
    "createSmartPin": "CreatedSmartPin { digits }",
}
"""What of a result is a secret, by mutation."""


async def test_every_mutation_on_a_site_writes_its_row(served: Served) -> None:
    """Proves action, actor and chain of each, that the chain is whole after all of them, and no secrets in it."""
    house = await served.site(seat_limit=1000)
    entry = await house.lock()
    await house.device(entry)
    things = Furniture(house)
    me = (await house.ask("{ me { ... on Node { id } } }"))["me"]["id"].removeprefix("api_token_")
    secrets: list[str] = []
    for name, case in AT_A_SITE.items():
        asked = await things.filled(case.asked)
        if name in LIVE_LOCK:
            asked["lockId"] = entry["lockId"]
        done = await AuditRow.all().count()
        selected = f"... on {SECRETS[name]}" if name in SECRETS else ""
        answer = await house.change(name, selected, **asked)
        assert "message" not in answer, (name, answer)
        rows = await AuditRow.all().order_by("id").offset(done)
        assert rows, f"{name} left no row"
        for row in rows:
            assert row.action == name
            assert (row.chain, row.actor_kind.value) == (house.row.id, "TOKEN")
            assert row.actor_id == UUID(me)
            assert json.dumps(row.changes), "plain values"
        if name in SECRETS:
            secrets += [str(value) for key, value in answer.items() if key != "__typename"]
    assert await first_broken_row(served.installation, house.row.id) is None
    assert len(secrets) > len(SECRETS)
    text = str(await AuditRow.all().values())
    assert not [secret for secret in secrets if secret in text]


async def own_pins(house: House, browser: Browser) -> set[str]:
    """What a member does with a PIN of their own, each with its row."""
    selected = "... on AssignedPin { digits pin { id } }"
    made = await browser.change("assignMyPin", selected, siteId=house.id, kind="AUTO")
    for name in ("blockMyPin", "deleteMyPin"):
        answer = await browser.change(name, "", pinId=made["pin"]["id"])
        assert "message" not in answer, answer
    rows = await AuditRow.all().order_by("id").offset(await AuditRow.all().count() - 3)
    assert made["digits"] not in str([row.changes for row in rows])
    return {row.action for row in rows}


async def test_every_mutation_about_oneself_writes_its_row(served: Served) -> None:
    """Proves the same for signing in, passwords, second factors, links, phones and new sites: all of the rest."""
    house = await served.site()
    entry = await house.lock()
    await house.device(entry)
    letters, browser, phone = Letters(served), served.browser(), served.phone()
    seen: set[str] = set()
    made = await house.invitation(entry["lockId"])
    done = await AuditRow.all().count()

    async def wrote(*actions: str) -> None:
        nonlocal done
        rows = await AuditRow.all().order_by("id").offset(done)
        done += len(rows)
        assert {row.action for row in rows} == set(actions)
        seen.update(actions)

    async def does(mutation: str, fields: str = "", **asked: Any) -> dict[str, Any]:
        answer = await browser.change(mutation, fields, **asked)
        refused = ("Failed", "NotUsable", "Violation", "Throttled", "NotAllowed", "NotConfirmed")
        assert not answer["__typename"].endswith(refused), answer
        return answer

    await browser.sign_in(EMAIL)
    await wrote("signIn")
    await does("changePassword", oldPassword=PASSWORD, newPassword=NEW)
    await wrote("changePassword")
    await does("confirmPassword", password=NEW)
    await wrote("confirmPassword")
    query = "mutation { enrollTotp { ... on EnrolledTotp { secret } } }"
    app = pyotp.TOTP((await browser.ask(query))["enrollTotp"]["secret"])
    shown = "... on ConfirmedTotp { recoveryCodes }"
    old = (await does("confirmTotp", shown, code=app.at(served.clock())))["recoveryCodes"]
    await wrote("enrollTotp", "confirmTotp")
    await does("createSite", name="New", timezone="Europe/Rome", systemType="EASY")
    await wrote("createSite")
    session = await Session.get(ended_at=None)
    await does("endSession", sessionId=f"session_{session.id.hex}")
    await wrote("endSession")
    ticket = await does("signIn", "... on RequestedTotp { ticket }", email=EMAIL, password=NEW)
    await wrote()
    code = app.at(served.clock() + timedelta(seconds=30))
    await does("signInWithTotp", ticket=ticket["ticket"], code=code)
    await wrote("signIn")
    seen.add("signInWithTotp")
    await does("confirmPassword", password=NEW)
    shown = "... on RenewedRecoveryCodes { recoveryCodes }"
    new = (await does("renewRecoveryCodes", shown, code=old[0]))["recoveryCodes"]
    await does("disableTotp", password=NEW, code=new[0])
    await wrote("confirmPassword", "renewRecoveryCodes", "disableTotp")
    await browser.ask("mutation { signOut { __typename } }")
    await wrote("signOut")
    await does("requestPasswordReset", email=EMAIL)
    link = await letters.link_to(EMAIL)
    await wrote("requestPasswordReset")
    await does("resetPassword", token=link, password=NEWER)
    await wrote("resetPassword")
    await house.change("createMember", "", siteId=house.id, name="Ada", email="ada@example.com")
    await does("acceptMembership", token=await letters.link_to("ada@example.com"), password=NEW)
    await wrote("createMember", "acceptMembership")
    device = (await phone.redeem(made["code"]))["device"]["id"]
    opened = await phone.open(entry["lockId"])
    assert opened["__typename"] == "OpenedLock", opened
    await wrote("redeemInvitation", "openLock")
    assert (await phone.lease(entry["lockId"]))["__typename"] == "RequestedOpenLease"
    await wrote("requestOpenLease")
    await phone.redeem(made["code"])
    await wrote()
    await house.change("removeDevice", "", deviceId=device)
    await wrote("removeDevice")
    await browser.sign_in("ada@example.com", NEW)
    seen |= await own_pins(house, browser)

    assert seen | set(AT_A_SITE) | EXEMPT == EVERY
    for chain in {row.chain for row in await AuditRow.all()}:
        assert await first_broken_row(served.installation, chain) is None
    text = str(await AuditRow.all().values())
    secrets = [PASSWORD, NEW, NEWER, link, code, made["code"], app.secret, str(phone.token), EMAIL]
    assert not [secret for secret in secrets if secret in text]


async def test_a_failure_in_the_middle_leaves_neither_change_nor_row(served: Served) -> None:
    """Proves that a use case which fails after it has written takes its writing and its row back."""
    house = await served.site(seat_limit=2)
    await house.lock()
    before = await AuditRow.all().count(), await Lock.all().count(), await Member.all().count()
    at = {"siteId": house.id, "name": "N"}
    failed = [
        await house.change("createLock", "", **at, readers=[{"name": "Keypad"}, {"name": ""}]),
        await house.change("createLock", "", **at, connectivity="WIRELESS_GATEWAY"),
        await house.change("updateSite", "", **at, timezone="Mars/Base"),
        await house.change("createMember", "", **at, email=EMAIL),
        await house.change("updateSite", "", **at, pinPolicy={"minLength": 2}),
    ]
    assert {answer["__typename"] for answer in failed} == {"InvalidInput", "PolicyViolation"}
    after = await AuditRow.all().count(), await Lock.all().count(), await Member.all().count()
    assert after == before
    site = await house.ask("query($id: ID!) { site(id: $id) { name timezone } }", id=house.id)
    assert site["site"] == {"name": "House", "timezone": "Europe/Rome"}


async def test_admins_read_the_audit_page_by_page(served: Served) -> None:
    """Proves newest first, complete over cursors, and that people appear by id only."""
    house = await served.site()
    things = Furniture(house)
    for kind in ("hub", "lock", "member"):
        await things.the(kind)
    query = """query($id: ID!, $after: String) { site(id: $id) { auditLog(first: 2, after: $after) {
      nodes { number action actorKind actor { ... on Node { id } } targetKind targetId recordedAt }
      pageInfo { hasNextPage endCursor } } } }"""
    numbers: list[int] = []
    more, after = True, None
    while more:
        page = (await house.ask(query, id=house.id, after=after))["site"]["auditLog"]
        numbers += [node["number"] for node in page["nodes"]]
        assert "Ada" not in str(page)
        more, after = page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]
    assert numbers == list(range(len(numbers), 0, -1))
    assert len(numbers) == await AuditRow.filter(chain=house.row.id).count()
