"""markLockCompromised over the API: who may, what is refused, what the answer shows."""

from tests.serving import PASSWORD, Served

MARKED = """... on MarkedLockCompromised { pinsLeft lock { compromisedAt incarnation } replacedPins { digits pin { id }
    shareLinks { email } } }"""


async def test_a_person_confirms_first_and_a_foreign_lock_is_none(served: Served) -> None:
    """Nothing is cut off by a refusal; afterwards the lock says since when."""
    house, other = await served.site(), await served.site("Other")
    lock, foreign = (await house.lock())["lockId"], (await other.lock())["lockId"]
    browser = served.browser()
    await browser.sign_in("owner-house@example.com")
    refused = await browser.change("markLockCompromised", lockId=lock)
    assert refused["__typename"] == "PasswordNotConfirmed"
    await browser.change("confirmPassword", password=PASSWORD)
    for wrong in (foreign, f"lock_{0:032x}", "lock_?"):
        answer = await browser.change("markLockCompromised", lockId=wrong)
        assert answer["__typename"] == "NotFound", wrong
    query = "query($id: ID!) { node(id: $id) { ... on Lock { compromisedAt } } }"
    assert (await house.ask(query, id=lock))["node"]["compromisedAt"] is None
    done = await house.change("markLockCompromised", MARKED, lockId=lock)
    assert (done["pinsLeft"], done["replacedPins"]) == (0, [])
    assert done["lock"]["incarnation"] is None
    assert (await house.ask(query, id=lock))["node"] == {
        "compromisedAt": done["lock"]["compromisedAt"]
    }
