"""Members: who may give which role, who accepts, and that a site keeps an owner."""

import asyncio
from datetime import timedelta
from typing import Any

from domain.actors import Role
from domain.audit.tables import AuditRow
from domain.database.rows import column
from domain.node_ids import read_node_id
from domain.people.tables import Account, MailedLink, Member
from tests.api.every_mutation import GRADES
from tests.api.letters import Letters
from tests.serving import PASSWORD, House, Served

NEW = "an entirely new password of mine"
MAY_GIVE = {
    "OWNER": set(GRADES),
    "SUPER_ADMIN": set(GRADES[2:]),
    "LIMITED_ADMIN + can_edit": {"USER"},
}
"""credentials.md, "give roles": any; up to LIMITED_ADMIN; USER only."""


def role(grade: str) -> dict[str, Any]:
    name, _, can_edit = grade.partition(" + ")
    return {"role": name, "canEdit": bool(can_edit)}


async def accept(served: Served, token: str, password: str | None = None) -> dict[str, Any]:
    document = (
        "mutation($input: AcceptMembershipInput!) { answer: acceptMembership(input: $input)"
        " { __typename ... on AcceptedMembership { member { id role } } ... on PolicyViolation { field } } }"
    )
    asked = {"token": token, "password": password}
    answer: dict[str, Any] = (await served.post(document, input=asked)).json()["data"]["answer"]
    return answer


async def invite(house: House, email: str, **fields: Any) -> dict[str, Any]:
    selected = "... on CreatedMember { member { id name role acceptedAt email } } ... on InvalidInput { field }"
    asked = {"siteId": house.id, "name": "Ada", "email": email, **fields}
    return await house.change("createMember", selected, **asked)


async def signs_in(served: Served, email: str, password: str) -> bool:
    answer = await served.browser().sign_in(email, password)
    return bool(answer["__typename"] == "SignedIn")


async def test_whoever_may_not_give_a_role_edits_nothing_of_its_holder(served: Served) -> None:
    """Proves it grade by grade for each field alone, by people and by scripts; nothing changes and no link is made."""
    house = await served.site(seat_limit=1000)
    for giver, given in MAY_GIVE.items():
        name, _, can_edit = giver.partition(" + ")
        token = await house.make_token(Role(name), can_edit=bool(can_edit))
        for number, held in enumerate(GRADES):
            fields = role(held)
            email = f"h{len(giver)}{name.lower()}{number}@example.com"
            asked = {"siteId": house.id, "name": "Ada", "email": email, **fields}
            waiting = await house.change(
                "createMember", "... on CreatedMember { member { id } }", **asked
            )
            member_id = waiting["member"]["id"]
            links = set(await column(MailedLink.all(), "id"))
            edits: list[dict[str, Any]] = [{"name": "Eve"}, {"email": f"eve-{email}"}, {}]
            for edit in edits:
                answer = await house.change(
                    "updateMember", "", token=token, memberId=member_id, **edit
                )
                expected = "UpdatedMember" if held in given else "NotAllowed"
                assert answer["__typename"] == expected, (giver, held, edit, answer)
            linked = set(await column(MailedLink.all(), "id"))
            assert (linked != links) == (held in given)
            row = await Member.get(id=read_node_id("member", member_id))
            assert (row.name == "Eve") == (held in given)
            assert (row.invited_email or "").startswith("eve-") == (held in given)


async def test_nobody_gives_or_takes_more_than_they_may(served: Served) -> None:
    """Proves the row "give roles" for making, promoting, demoting and removing, and that the refused change nothing."""
    house = await served.site(seat_limit=1000)
    wrong = []
    for giver, given in MAY_GIVE.items():
        name, _, can_edit = giver.partition(" + ")
        token = await house.make_token(Role(name), can_edit=bool(can_edit))
        for number, grade in enumerate(GRADES):
            fields = role(grade)
            held = {"role": Role(fields["role"]), "can_edit": fields["canEdit"]}
            email = f"{name.lower()}{len(giver)}{number}@example.com"
            asked = {"siteId": house.id, "name": "Ada", "email": email, **fields}
            user = await house.member("User")
            other = await house.member("Other", email=f"o-{email}", **held)
            before = await AuditRow.all().count()
            raised = {"memberId": user, "email": f"u-{email}", **fields}
            lowered = {"memberId": other, "role": "USER", "canEdit": False}
            answers = {
                "made": await house.change("createMember", "", token=token, **asked),
                "raised": await house.change("updateMember", "", token=token, **raised),
                "lowered": await house.change("updateMember", "", token=token, **lowered),
            }
            if grade in given:
                other = await house.member("Other", **held)
            answers["removed"] = await house.change("removeMember", "", token=token, memberId=other)
            for what, answer in answers.items():
                if (answer["__typename"] != "NotAllowed") != (grade in given):
                    wrong.append((giver, what, grade, answer))
            if grade not in given and await AuditRow.all().count() != before:
                wrong.append((giver, "audit", grade, {}))
    assert not wrong
    invited = Member.filter(invited_email__startswith="limited_admin")
    assert await invited.count() == 1
    assert not await Account.filter(email__startswith="limited_admin").exists()


async def test_the_last_owner_stays(served: Served) -> None:
    """Proves that the last owner is neither removed nor demoted, and that two cannot remove each other at once."""
    house = await served.site()
    (first,) = await Member.filter(role=Role.OWNER)
    mine = f"member_{first.id.hex}"
    await invite(house, "unaccepted@example.com", role="OWNER")

    for mutation, change in (("updateMember", {"role": "SUPER_ADMIN"}), ("removeMember", {})):
        answer = await house.change(mutation, "", memberId=mine, **change)
        assert answer["__typename"] == "NotAllowed"
    second = await house.member("Second", Role.OWNER, can_edit=True, email="second@example.com")
    answers = await asyncio.gather(
        *(house.change("removeMember", "", memberId=each) for each in (mine, second))
    )
    assert sorted(each["__typename"] for each in answers) == ["NotAllowed", "RemovedMember"]
    left = Member.filter(role=Role.OWNER, removed_at=None, accepted_at__isnull=False)
    assert await left.count() == 1


async def test_a_new_person_accepts_once_with_a_password_of_their_own(served: Served) -> None:
    """Proves that nothing is given before acceptance, that a bad password does not use the link up, and once of 16."""
    house = await served.site()
    made = (await invite(house, "Ada@Example.com", role="SUPER_ADMIN"))["member"]
    token = await Letters(served).link_to("ada@example.com")

    assert (made["acceptedAt"], made["email"]) == (None, "ada@example.com")
    assert not await signs_in(served, "ada@example.com", NEW)
    assert (await accept(served, token))["__typename"] == "PolicyViolation"
    assert (await accept(served, token, "too short"))["field"] == "password"
    assert (await accept(served, token.swapcase(), NEW))["__typename"] == "LinkNotUsable"
    answers = await asyncio.gather(*(accept(served, token, f"{NEW} {n}") for n in range(16)))
    names = [answer["__typename"] for answer in answers]
    assert sorted(names) == ["AcceptedMembership"] + ["LinkNotUsable"] * 15
    winner = names.index("AcceptedMembership")
    assert answers[winner]["member"] == {"id": made["id"], "role": "SUPER_ADMIN"}
    assert await signs_in(served, "ada@example.com", f"{NEW} {winner}")
    assert await AuditRow.filter(action="acceptMembership").count() == 1


async def test_an_account_that_exists_answers_the_same_and_keeps_its_password(
    served: Served,
) -> None:
    """Proves that an admin learns nothing of accounts, and that accepting changes nobody's password."""
    house, _ = await served.site("House"), await served.site("Other")
    new = await invite(house, "nobody@example.com")
    known = await invite(house, "owner-other@example.com")
    for answer in (new, known):
        answer["member"].pop("id")
        answer["member"].pop("email")
    assert new == known
    browser = served.browser()
    await browser.sign_in("owner-other@example.com")
    seen = "{ sites { nodes { name } } }"
    assert (await browser.ask(seen))["sites"]["nodes"] == [{"name": "Other"}]
    token = await Letters(served).link_to("owner-other@example.com")
    assert (await accept(served, token, NEW))["__typename"] == "AcceptedMembership"
    assert [each["name"] for each in (await browser.ask(seen))["sites"]["nodes"]] == [
        "House",
        "Other",
    ]
    assert not await signs_in(served, "owner-other@example.com", NEW)
    assert await signs_in(served, "owner-other@example.com", PASSWORD)
    again = await invite(house, "owner-other@example.com")
    assert (again["__typename"], again["field"]) == ("InvalidInput", "email")


async def test_a_link_ends_with_its_membership_its_address_and_its_time(served: Served) -> None:
    """Proves that no link outlives the member's removal, another address, a newer link, or seven days."""
    house = await served.site()
    letters = Letters(served)

    async def invited(email: str) -> tuple[str, str]:
        made = (await invite(house, email))["member"]["id"]
        return made, await letters.link_to(email)

    removed, first = await invited("removed@example.com")
    await house.change("removeMember", "", memberId=removed)
    moved, second = await invited("old@example.com")
    done = await house.change("updateMember", "", memberId=moved, email="new@example.com")
    assert done["__typename"] == "UpdatedMember"
    third = await letters.link_to("new@example.com")
    await house.change("updateMember", "", memberId=moved, email="new@example.com")
    fourth = await letters.link_to("new@example.com")

    for dead in (first, second, third):
        assert (await accept(served, dead, NEW))["__typename"] == "LinkNotUsable"
    assert await Account.filter(password_hash__isnull=False).count() == 1, "the owner's alone"
    assert (await accept(served, fourth, NEW))["member"]["id"] == moved
    _, late = await invited("late@example.com")
    served.clock.advance(timedelta(days=7, seconds=1))
    assert (await accept(served, late, NEW))["__typename"] == "LinkNotUsable"
    assert await MailedLink.filter(used_at=None).count() == 1


async def test_a_member_needs_no_account_and_an_admin_does(served: Served) -> None:
    """Proves a name is enough for a USER, what a name may be, and the limits of seats and addresses."""
    house = await served.site(seat_limit=3)
    asked = {"siteId": house.id, "name": "Ada"}
    selected = "... on InvalidInput { field } ... on SeatLimitReached { limit }"
    admin = await house.change("createMember", selected, **asked, role="SUPER_ADMIN")
    assert (admin["__typename"], admin["field"]) == ("InvalidInput", "email")
    for name in ("", "  ", "x" * 101, "a\x00b", "a\nb"):
        answer = await house.change("createMember", selected, **asked | {"name": name})
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", "name")
    for email in (
        "",
        "ada",
        "a@b",
        "a b@example.com",
        "a@example.com\nBcc: x@example.com",
        "\x00@a.b",
    ):
        answer = await house.change("createMember", selected, **asked, email=email)
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", "email")
    for _ in range(2):
        assert (await house.change("createMember", "", **asked))["__typename"] == "CreatedMember"
    full = await house.change("createMember", selected, **asked)
    assert (full["__typename"], full["limit"]) == ("SeatLimitReached", 3)
