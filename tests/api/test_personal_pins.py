"""PINs that people choose themselves, following access rules; from the member's own phone, on both databases."""

from typing import Any

from locksim.device import Device
from tests.api.test_pin_sync import typed, until
from tests.serving import PASSWORD, House, Served

ASSIGNED = "... on AssignedPin { digits pin { id kind status } } ... on PinTooShort { minLength }"
ASSIGN = f"""mutation($input: AssignMyPinInput!) {{ answer: assignMyPin(input: $input) {{
  __typename {ASSIGNED} ... on Error {{ message }} }} }}"""


async def member_phone(served: Served, house: House, email: str = "emma@example.com") -> Any:
    """A member who has signed in on a phone; returns the phone and the member's id."""
    member = await house.member("Emma", email=email)
    phone = served.phone()
    answer = await phone.ask(
        """mutation($input: SignInInput!) { signIn(input: $input) {
             __typename ... on SignedIn { accessToken } ... on Error { message } } }""",
        input={"email": email, "password": PASSWORD, "deviceName": "Emma's", "platform": "ANDROID"},
    )
    phone.token = answer["signIn"]["accessToken"]
    return phone, member


async def rule(house: House, member: str, *lock_ids: str, **fields: Any) -> dict[str, Any]:
    """An access rule for a member."""
    return await house.change(
        "createAccessRule",
        "... on CreatedAccessRule { accessRule { id locks { id } } }",
        siteId=house.id,
        memberId=member,
        lockIds=list(lock_ids),
        **fields,
    )


async def assign(phone: Any, house: House, **fields: Any) -> dict[str, Any]:
    """`assignMyPin` from the phone."""
    answer: dict[str, Any] = (await phone.ask(ASSIGN, input={"siteId": house.id, **fields}))["answer"]
    return answer


async def ready(served: Served) -> tuple[House, dict[str, Any], Device, Any, str]:
    """A site with an online lock, and a member with a phone and a rule for it."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    phone, member = await member_phone(served, house)
    await rule(house, member, entry["lockId"])
    return house, entry, device, phone, member


async def test_a_member_gives_themselves_a_pin_and_it_opens_what_the_rules_grant(
    served: Served,
) -> None:
    """CUSTOM and AUTO live side by side, reach the lock, and open; the digits are shown in the one answer."""
    house, _, device, phone, _ = await ready(served)

    custom = await assign(phone, house, kind="CUSTOM", digits="40718263")
    auto = await assign(phone, house, kind="AUTO")
    await until(house, custom["pin"]["id"], "UPDATED")
    await until(house, auto["pin"]["id"], "UPDATED")

    assert custom["digits"] == "40718263"
    assert len(auto["digits"]) >= 6
    assert (await typed(house, device, "40718263"))["kind"] == "OPENED"
    assert (await typed(house, device, auto["digits"]))["kind"] == "OPENED"


async def test_a_second_custom_pin_takes_the_place_of_the_first(served: Served) -> None:
    """One of each kind at a time: the same PIN gets other digits, and the AUTO one is left alone."""
    house, _, device, phone, _ = await ready(served)
    first = await assign(phone, house, kind="CUSTOM", digits="40718263")
    await until(house, first["pin"]["id"], "UPDATED")

    second = await assign(phone, house, kind="CUSTOM", digits="51829374")
    await until(house, second["pin"]["id"], "UPDATED")

    assert second["pin"]["id"] == first["pin"]["id"]
    assert (await typed(house, device, "40718263"))["kind"] == "DENIED"
    assert (await typed(house, device, "51829374"))["kind"] == "OPENED"


async def test_a_removed_rule_takes_the_personal_pin_off_the_lock(served: Served) -> None:
    """Also while the lock is offline: the removal is pending, opensNow says so, and it arrives on reconnecting."""
    house, entry, device, phone, member = await ready(served)
    made = await assign(phone, house, kind="AUTO")
    await until(house, made["pin"]["id"], "UPDATED")
    rules = await house.ask(
        "query($id: ID!) { site(id: $id) { accessRules { nodes { id } } } }", id=house.id
    )
    device.network.turn(on=False)
    await house.until_online(entry["lockId"], online=False)

    rule_id = rules["site"]["accessRules"]["nodes"][0]["id"]
    await house.change("deleteAccessRule", accessRuleId=rule_id)
    pending = await house.ask(
        "query($id: ID!) { node(id: $id) { ... on Pin { lockSync { status opensNow } } } }",
        id=made["pin"]["id"],
    )
    device.network.turn(on=True)
    await until(house, made["pin"]["id"], "REMOVED")

    assert pending["node"]["lockSync"] == [{"status": "NOT_UPDATED", "opensNow": [1]}]
    assert (await typed(house, device, made["digits"]))["kind"] == "DENIED"


async def test_a_member_opens_by_rules_from_the_phone(served: Served) -> None:
    """openLock follows the member's rules: opened with one, denied with NO_RULE without."""
    house, entry, _, phone, _ = await ready(served)
    other = await house.lock("Cellar")

    opened = await phone.open(entry["lockId"])
    denied = await phone.open(other["lockId"])

    assert opened["__typename"] == "OpenedLock"
    assert denied["__typename"] == "AccessDenied"
    assert denied["reasons"] == ["NO_RULE"]


async def test_weak_and_taken_digits_get_the_same_answer(served: Served) -> None:
    """Byte for byte: a refusal does not tell whether somebody has the PIN. The sixth refusal in a day is Throttled."""
    house, _, _, phone, _ = await ready(served)
    other, _ = await member_phone(served, house, "otto@example.com")
    assert (await assign(other, house, kind="CUSTOM", digits="40718263"))["digits"] == "40718263"
    body = {"siteId": house.id, "kind": "CUSTOM"}

    weak = await phone.send(ASSIGN, input={**body, "digits": "12345678"})
    taken = await phone.send(ASSIGN, input={**body, "digits": "40718263"})
    for _ in range(3):
        await phone.send(ASSIGN, input={**body, "digits": "12345678"})
    sixth = await assign(phone, house, kind="CUSTOM", digits="90817263")
    alerts = await house.ask(
        "query($id: ID!) { site(id: $id) { alerts { nodes { kind } } } }", id=house.id
    )

    assert weak.json()["data"]["answer"]["__typename"] == "PinNotAcceptable"
    assert weak.content == taken.content
    assert sixth["__typename"] == "Throttled"
    assert alerts["site"]["alerts"]["nodes"] == [{"kind": "PIN_REFUSALS_SPENT"}]
