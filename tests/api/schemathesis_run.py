"""Documents that schemathesis draws from the schema, as the owner's script, a guest's phone and nobody: no fault of ours.

Run by `make schemathesis` and not with the tests, since it takes minutes. A third of the ids are of things that are there.
The draws are the same each time for a number of EXAMPLES, so what fails fails again.
"""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.graphql import nodes

from tests.api.every_mutation import Furniture
from tests.serving import Served

SCHEMA = Path(__file__).parents[2] / "schema.graphql"
EXAMPLES = int(os.environ.get("EXAMPLES", "10"))
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
KINDS = (
    "site", "lock", "member", "pin", "smart pin", "invitation", "access rule", "lock tag", "member tag", "hub", "reader",
)  # fmt: skip
LEFT_OUT = {"lockFeed", "reportLock"}
"""What a lock alone may say on its socket."""


def _texts(values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return values.map(nodes.String)


def _scalars(ids: list[str]) -> None:
    moments = st.integers(-400, 400).map(lambda hours: (NOW + timedelta(hours=hours)).isoformat())
    odd = st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00"])
    schemathesis.graphql.scalar("ID", _texts(st.sampled_from([*ids, "lock_0", "made up", ""])))
    schemathesis.graphql.scalar("DateTime", _texts(moments | odd))
    schemathesis.graphql.scalar("Date", _texts(st.dates().map(str)))
    schemathesis.graphql.scalar("Time", _texts(st.times().map(lambda each: each.isoformat())))
    schemathesis.graphql.scalar("Int64", st.integers(-(2**63), 2**63 - 1).map(nodes.Int))
    schemathesis.graphql.scalar("LockEventInput", _texts(st.just("{}")))


async def test_no_document_is_a_fault_of_the_server(served: Served) -> None:
    """Proves of each operation and each caller: no 5xx, no masked error, and JSON in every answer."""
    house = await served.site(seat_limit=10_000)
    things = Furniture(house)
    ids = [await things.the(kind) for kind in KINDS]
    guest = served.phone()
    await guest.redeem((await house.invitation(await things.the("lock")))["code"])
    _scalars(ids * 3)
    seen, faults = await asyncio.to_thread(_run, served.url, house.token)
    print(seen)
    assert not faults, faults[:3]


def _run(url: str, token: str) -> tuple[Counter[str], list[Any]]:
    schema = schemathesis.graphql.from_path(SCHEMA)
    seen: Counter[str] = Counter()
    faults: list[Any] = []
    with httpx.Client(timeout=60) as client:
        for result in schema.get_all_operations():
            assert isinstance(result, Ok), result
            operation = result.ok()
            if operation.label.rpartition(".")[2] in LEFT_OUT:
                continue

            @settings(
                max_examples=EXAMPLES, database=None, derandomize=True, deadline=None,
                phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy())
            def ask(case: Any) -> None:
                for headers in ({"authorization": f"Bearer {token}"}, {}):
                    response = client.post(
                        f"{url}/graphql",
                        content=orjson.dumps({"query": case.body}),
                        headers={"content-type": "application/json", **headers},
                    )
                    answer = response.json()
                    codes = [e["extensions"]["code"] for e in answer.get("errors", ())]
                    seen.update(codes or ["answered"])
                    if response.status_code >= 500 or "INTERNAL" in codes:
                        faults.append((case.body, answer))

            ask()
    return seen, faults
