"""What tests of members do again and again: sign in on a phone, get rules, choose PINs, follow what they may open."""

from collections.abc import AsyncIterator
from typing import Any

from domain.actors import Role
from tests.api.pin_steps import REFUSED_DIGITS
from tests.serving import PASSWORD, House, PhoneInTime

SIGN_IN = """mutation($input: SignInInput!) { answer: signIn(input: $input) {
  __typename ... on SignedIn { accessToken account { id } } ... on Error { message } } }"""
ASSIGNED = f"""... on AssignedPin {{ digits pin {{ id kind state }} }} ... on Throttled {{ retryAfterSeconds }}
  ... on FeatureNotInPlan {{ feature }} {REFUSED_DIGITS}"""
HOMES = """id site { id name timezone } expiresAt pinsOffered customPinsAllowed pins { id kind state }
  doors { lock { id name } schedules { startsAt endsAt validFrom validUntil slotStart slotEnd weekdays } }"""
MY_ACCESS = f"subscription {{ myAccess {{ active homes {{ {HOMES} }} }} }}"


class MembersPhone(PhoneInTime):
    """A member's phone."""

    async def sign_in(self, email: str) -> dict[str, Any]:
        """Signs in and keeps the token; the answer."""
        asked = {"email": email, "password": PASSWORD, "deviceName": "Mine", "platform": "ANDROID"}
        answer: dict[str, Any] = (await self.ask(SIGN_IN, input=asked))["answer"]
        self.token = answer.get("accessToken")
        return answer

    async def change(self, mutation: str, fields: str = "", **asked: Any) -> dict[str, Any]:
        """The answer of a mutation with one input; `fields` selects from its result."""
        document = changing(mutation, fields)
        answer: dict[str, Any] = (await self.ask(document, input=asked))["answer"]
        return answer

    async def homes(self) -> list[dict[str, Any]]:
        """`homes`."""
        found: list[dict[str, Any]] = (await self.ask(f"{{ homes {{ {HOMES} }} }}"))["homes"]
        return found

    async def access(self) -> AsyncIterator[dict[str, Any]]:
        """What `myAccess` says, item by item."""
        async for item in self.follow(MY_ACCESS):
            yield item["myAccess"]


def changing(mutation: str, fields: str = "") -> str:
    """The document of a mutation with one input."""
    kind = mutation[0].upper() + mutation[1:]
    return (
        f"mutation($input: {kind}Input!) {{ answer: {mutation}(input: $input) "
        f"{{ __typename {fields} ... on Error {{ message }} }} }}"
    )


async def member_phone(
    house: House,
    email: str = "emma@example.com",
    role: Role = Role.USER,
    *,
    can_edit: bool = False,
) -> tuple[MembersPhone, str]:
    """A member who has signed in on a phone, and their id."""
    member = await house.member(
        email.partition("@")[0].title(), role, can_edit=can_edit, email=email
    )
    phone = MembersPhone(house.served)
    await phone.sign_in(email)
    assert phone.token is not None
    return phone, member


async def rule(house: House, member: str | None, *lock_ids: str, **fields: Any) -> str:
    """The id of a new access rule, for a member, or for the tag that `memberTagId` names."""
    whom = {"memberTagId": fields.pop("memberTagId")} if member is None else {"memberId": member}
    if lock_ids:
        fields["lockIds"] = list(lock_ids)
    made = await house.change(
        "createAccessRule",
        "... on CreatedAccessRule { accessRule { id } }",
        siteId=house.id,
        grantee=whom,
        **fields,
    )
    assert made["__typename"] == "CreatedAccessRule", made
    return str(made["accessRule"]["id"])


async def member_tag(house: House, *members: str, name: str = "Cleaners") -> str:
    """A special tag that holds these members."""
    made = await house.change(
        "createTag",
        "... on CreatedTag { tag { id } }",
        siteId=house.id,
        name=name,
        target="MEMBER",
        memberIds=list(members),
    )
    return str(made["tag"]["id"])


async def assign(phone: MembersPhone, house: House, digits: str | None = None) -> dict[str, Any]:
    """`assignMyPin`: CUSTOM with digits, AUTO without."""
    chosen = {"kind": "AUTO"} if digits is None else {"kind": "CUSTOM", "digits": digits}
    return await phone.change("assignMyPin", ASSIGNED, siteId=house.id, **chosen)


async def alerts(house: House) -> list[dict[str, Any]]:
    """`Site.alerts`, newest first."""
    query = (
        "query($id: ID!) { site(id: $id) { alerts { nodes { kind actorKind member { id } } } } }"
    )
    found: list[dict[str, Any]] = (await house.ask(query, id=house.id))["site"]["alerts"]["nodes"]
    return found
