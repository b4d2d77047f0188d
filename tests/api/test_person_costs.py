"""What a person asks of all their sites at once costs a constant number of SQL statements."""

from tests.api.member_steps import rule
from tests.counting import counted
from tests.serving import Served

SITES = "{ sites { nodes { id name seats { used limit } } } }"
HOMES = """{ homes { site { name } member { name } pinsOffered pins { id kind }
  doors { lock { name } schedules { weekdays } } } }"""


async def test_a_persons_sites_and_homes_cost_a_constant_number_of_statements(
    served: Served,
) -> None:
    """Proves that one site and five cost the same, with seats, doors and PINs of each."""
    console, sizes, costs = served.browser(), [], []
    names = [f"House {number}" for number in range(5)]
    for name in names:
        house = await served.site(name)
        member = await house.member("Ada", email="ada@example.com")
        lock = (await house.lock())["lockId"]
        await rule(house, member, lock)
        if name == names[0]:
            await console.sign_in("ada@example.com")
        made = await console.change("assignMyPin", "", siteId=house.id, kind="AUTO")
        assert made["__typename"] == "AssignedPin", made
        if name in (names[0], names[-1]):
            with counted() as sent:
                shown = await console.ask(SITES)
            with counted() as sent_for_homes:
                homes = (await console.ask(HOMES))["homes"]
            sizes.append((len(shown["sites"]["nodes"]), len(homes)))
            costs.append((len(sent), len(sent_for_homes)))

    assert sizes == [(1, 1), (5, 5)]
    assert costs[0] == costs[1]
    assert {each["seats"]["used"] for each in shown["sites"]["nodes"]} == {2}
    assert [each["site"]["name"] for each in homes] == names
    assert all(each["pinsOffered"] and each["pins"] and each["doors"] for each in homes)
