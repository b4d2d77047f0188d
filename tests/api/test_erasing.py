"""An erased person: their names and addresses are nowhere in the database, what was done is read all the same, and the
audit is whole; on both databases."""

import contextlib
import sqlite3
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.actors import Role
from domain.audit.service import first_broken_row
from domain.audit.tables import AuditRow
from domain.node_ids import read_node_id
from domain.people.erased import ERASED_PERSON
from domain.people.tables import Account
from domain.sync.tables import OpenLease
from tests.api.letters import Letters
from tests.api.pin_steps import events, pin_of, typed, until_all
from tests.api.test_canaries import content
from tests.databases import Database
from tests.serving import PASSWORD, House, Served

EMAIL = "zenobia.quux@example.com"
ERASED = """... on ErasedMember { member { id name email erasedAt } remains
  invitations { id name state } }"""
SEARCHED = "zenobia", "quux", "Zenobia", "Xanthippe"
RECORDS = """query($id: ID!) { site(id: $id) {
  auditLog { nodes { action actorKind actor { __typename ... on Account { email } } } }
  alerts { nodes { member { name } actor { ... on Account { email } } } }
  events { nodes { kind member { name } } }
  members { nodes { name } } pins(states: [REMOVED]) { nodes { notes owner { name } } } } }"""


MEMBERS = "query($id: ID!) { site(id: $id) { members { nodes { id email } } } }"


async def rows(database: Database) -> str:
    """Every row of every table."""
    if database.is_postgresql:
        return await content(database)
    with contextlib.closing(sqlite3.connect(database.url.removeprefix("sqlite://"))) as file:
        return "\n".join(file.iterdump())


WARNED = "... on ErasedMember { warnings { code locks { name } } }"


async def leased(served: Served, house: House, member: str) -> None:
    """A phone of theirs carries a lease for a door that no network reaches."""
    entry, now = await house.lock(), served.clock()
    await OpenLease.create(
        lock_id=read_node_id("lock", entry["lockId"]),
        incarnation=entry["incarnation"],
        member_id=read_node_id("member", member),
        device_id=uuid4(),
        created_at=now,
        expires_at=now + timedelta(minutes=10),
    )


async def erased(house: House, member: str, **more: Any) -> dict[str, Any]:
    """The answer of erasing them, by the owner's script."""
    return await house.change("eraseMember", ERASED, memberId=member, **more)


async def test_names_go_everywhere_and_records_stay(served: Served) -> None:
    """A member with an account, sign-ins, a PIN that opened, an invitation of theirs and its phone, and letters that wait:
    nothing of it is in the database any more; events, PINs and the audit read as an erased person's."""
    house = await served.site(seat_limit=100)
    entry = await house.lock()
    device = await house.device(entry)
    member = await house.member("Zenobia Quux", Role.SUPER_ADMIN, email=EMAIL)
    browser = served.browser()
    await browser.sign_in(EMAIL)
    made = await browser.change(
        "createInvitation",
        "... on CreatedInvitation { invitationCode { code } invitation { id } }",
        siteId=house.id,
        name="Zenobia's flat",
        lockIds=[entry["lockId"]],
        endsAt=(served.clock() + timedelta(hours=5)).isoformat(),
    )
    phone = served.phone()
    await phone.redeem(made["invitationCode"]["code"], "Zenobia's phone")
    pin = await pin_of(
        house, entry["lockId"], owner={"memberId": member}, notes="Xanthippe, for the cat"
    )
    await until_all(house, pin["pin"]["id"], Front_door="UPDATED")
    assert (await typed(house, device, pin["digits"]))["member"] == {"id": member}
    await browser.post(
        "mutation($e: String!) { requestPasswordReset(input: { email: $e }) { __typename } }",
        e=EMAIL,
    )
    link = await Letters(served).link_to(EMAIL)

    answer = await erased(house, member, invitationIds=[made["invitation"]["id"]])
    assert answer["member"]["name"] == ERASED_PERSON
    assert answer["member"]["email"] is None
    assert answer["member"]["erasedAt"] is not None
    (invitation,) = answer["invitations"]
    assert (invitation["name"], invitation["state"]) == (ERASED_PERSON, "REMOVED")
    assert {"RECORDS_BY_ID", "BACKUPS"} <= set(answer["remains"])
    assert "ACCOUNT_ELSEWHERE" not in answer["remains"]

    kept = await rows(served.database)
    assert not [word for word in SEARCHED if word in kept]
    assert await first_broken_row(served.installation, house.row.id) is None
    account = await Account.all().order_by("-id").first()
    assert account is not None
    assert await first_broken_row(served.installation, account.id) is None
    site = (await house.ask(RECORDS, id=house.id))["site"]
    assert not [word for word in SEARCHED if word in str(site)]
    assert ERASED_PERSON in {
        each["member"]["name"] for each in site["events"]["nodes"] if each["member"]
    }
    (gone,) = site["pins"]["nodes"]
    assert gone["owner"] == {"name": ERASED_PERSON}
    theirs = [each for each in site["auditLog"]["nodes"] if each["action"] == "createInvitation"]
    assert theirs == [{"action": "createInvitation", "actorKind": "ACCOUNT", "actor": None}]
    assert await events(house)

    signed_out = await browser.post("{ me { __typename } }")
    assert signed_out["data"] == {"me": None}
    reset = await browser.change("resetPassword", token=link, password=PASSWORD)
    assert reset["__typename"] == "LinkNotUsable"
    assert (await browser.sign_in(EMAIL))["__typename"] == "SignInFailed"
    again = await erased(house, member)
    assert (again["member"]["name"], again["invitations"]) == (ERASED_PERSON, [])


async def test_what_a_person_is_elsewhere_is_theirs(served: Served) -> None:
    """A member of two sites keeps the account, and is an erased person at the one alone, in what they did there too; an
    earlier membership of the same account at the site goes with this one."""
    house, other = await served.site(), await served.site("Other")
    before = await house.member("Zenobia Q.", email=EMAIL)
    await house.change("removeMember", memberId=before)
    member = await house.member("Zenobia Quux", Role.SUPER_ADMIN, email=EMAIL)
    await other.member("Zenobia Quux", Role.SUPER_ADMIN, email=EMAIL)
    browser = served.browser()
    await browser.sign_in(EMAIL)
    for each in (house, other):
        await browser.change("createHub", siteId=each.id, name="Hub")

    answer = await erased(house, member)
    assert "ACCOUNT_ELSEWHERE" in answer["remains"]
    query = "query($id: ID!) { node(id: $id) { ... on Member { name email erasedAt } } }"
    earlier = (await house.ask(query, id=before))["node"]
    assert (earlier["name"], earlier["email"]) == (ERASED_PERSON, None)
    shown = [str(await each.ask(RECORDS, id=each.id)) for each in (house, other)]
    assert [EMAIL in each for each in shown] == [False, True]
    assert (await browser.sign_in(EMAIL))["__typename"] == "SignedIn"
    refused = await browser.change("createHub", siteId=house.id, name="Hub")
    assert refused["__typename"] == "NotFound"

    third = await served.site("Third")
    once = await third.member("Zenobia Quux", email=EMAIL)
    await third.change("removeMember", memberId=once)
    (there,) = [
        each["id"]
        for each in (await other.ask(MEMBERS, id=other.id))["site"]["members"]["nodes"]
        if each["email"] == EMAIL
    ]
    assert "ACCOUNT_ELSEWHERE" not in (await erased(other, there))["remains"]
    assert (await third.ask(query, id=once))["node"]["email"] is None
    assert ".invalid" not in str([await each.ask(RECORDS, id=each.id) for each in (house, third)])


async def test_who_may_and_what_is_refused(served: Served) -> None:
    """A person confirms their password first; the last owner stays; foreign members and invitations are as if they were
    not, and nothing is half done."""
    house, other = await served.site(), await served.site("Other")
    ada, theirs = await house.member("Ada"), await other.member("Zoe")
    door = await other.lock()
    foreign = (await other.invitation(door["lockId"]))["invitation"]["id"]
    browser = served.browser()
    await browser.sign_in("owner-house@example.com")
    assert (await browser.change("eraseMember", memberId=ada))["__typename"] == (
        "PasswordNotConfirmed"
    )
    await browser.change("confirmPassword", password=PASSWORD)
    noted = await AuditRow.filter(chain=house.row.id).count()
    for asked, refusal in (
        ({"memberId": theirs}, "NotFound"),
        ({"memberId": f"member_{0:032x}"}, "NotFound"),
        ({"memberId": "member_?"}, "NotFound"),
        ({"memberId": ada, "invitationIds": [foreign]}, "NotFound"),
        ({"memberId": ada, "invitationIds": [ada]}, "NotFound"),
        ({"memberId": ada, "invitationIds": [foreign] * 101}, "InvalidInput"),
    ):
        assert (await browser.change("eraseMember", **asked))["__typename"] == refusal, asked
    owner = await house.ask(
        "query($id: ID!) { site(id: $id) { members(roles: [OWNER]) { nodes { id } } } }",
        id=house.id,
    )
    (last,) = owner["site"]["members"]["nodes"]
    assert (await browser.change("eraseMember", memberId=last["id"]))["__typename"] == "NotAllowed"
    assert await AuditRow.filter(chain=house.row.id).count() == noted
    await leased(served, house, ada)
    done = await browser.change("eraseMember", WARNED, memberId=ada)
    assert [each["code"] for each in done["warnings"]] == ["LEASE_STILL_OPENS"]
    row = await AuditRow.filter(chain=house.row.id, action="eraseMember").get()
    assert (row.target_id, row.changes) == (read_node_id("member", ada), {"account": True})
    assert isinstance(row.target_id, UUID)
