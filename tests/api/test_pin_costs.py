"""What PINs cost in SQL statements: as much for thirty as for three; on both databases."""

from tests.api.firmware_lock import installed
from tests.api.pin_steps import pin_of
from tests.counting import counted
from tests.domain.sync.crowd import crowd
from tests.serving import Served

PINS = """query($id: ID!) { site(id: $id) { pins(first: 100) { nodes {
  id kind state notes owner { id name } locks(first: 10) { nodes { id name readers { id } } }
  lockSync(first: 10) { nodes { lock { id online } status wantedVersion opensNow pendingSince } } } } } }"""


async def test_a_list_of_pins_costs_a_constant_number_of_statements(served: Served) -> None:
    """With owners, locks, readers and the state at every lock: three PINs at two locks and thirty at three."""
    house = await served.site()
    locks = [(await house.lock(f"Door {number}"))["lockId"] for number in range(3)]
    owner = await house.member("Emil")
    for _ in range(3):
        await pin_of(house, *locks[:2], owner={"memberId": owner})
    with counted() as few:
        small = await house.ask(PINS, id=house.id)
    for lock in locks:
        await crowd(served.installation, house.by, house.row, lock, 9, served.clock())
    with counted() as many:
        large = await house.ask(PINS, id=house.id)

    assert [len(each["site"]["pins"]["nodes"]) for each in (small, large)] == [3, 30]
    assert len(many) == len(few), "\n".join(many[len(few) :])
    assert len(many) <= 16


async def test_a_pin_for_twenty_locks_costs_hardly_more_statements_than_for_one(
    served: Served,
) -> None:
    """Entries, revisions and choices are written together, so the locks' rows are held for a short time."""
    house = await served.site()
    locks = [(await house.lock(f"Door {number}"))["lockId"] for number in range(20)]
    owner = await house.member("Emil")
    costs = []
    for chosen in (locks[:1], locks):
        with counted() as statements:
            made = await pin_of(
                house, *chosen, owner={"memberId": owner}, digits=f"491726{len(chosen):02}"
            )
        costs.append(len(statements))
        assert len(made["pin"]["lockSync"]["nodes"]) == len(chosen)
        with counted() as statements:
            await house.change("updatePin", pinId=made["pin"]["id"], weekdays=["MONDAY"])
        costs.append(len(statements))

    assert costs[2] - costs[0] <= 4, costs
    assert costs[3] - costs[1] <= 4, costs
    assert max(costs) <= 60, costs


async def test_a_report_costs_a_constant_number_of_statements(served: Served) -> None:
    """An acknowledgement of one PIN and of forty, at a lock with few and with many, costs the same."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    costs = []
    for count in (1, 40):
        await crowd(served.installation, house.by, house.row, lock.id, count, served.clock())
        delivery = await lock.next_delivery()
        lock.hear(delivery)
        (report,) = lock.reports
        with counted() as statements:
            await lock.say(dict(report.to_input(lock.id)))
        lock.reports.clear()
        await lock.disconnect()
        await lock.connect()
        await lock.settled()
        costs.append(len(statements))

    assert costs[1] - costs[0] <= 3, costs
    assert max(costs) <= 30, costs
