"""`siteSync`: what is said of a lock is of one moment."""

from types import SimpleNamespace
from typing import Any

import strawberry

from api.context import Context, Identity
from api.operations import DECLARED
from api.schema.pins import LockSync
from api.schema.scalars import SCALARS
from domain.people.identities import api_token_actor
from tests.api.firmware_lock import installed
from tests.api.pin_steps import pin_of
from tests.serving import House, Served


@strawberry.type
class Query:
    """Shows an item of a stream that was taken earlier."""

    item: LockSync


async def _next_item(house: House, context: Context) -> LockSync:
    stream = DECLARED["siteSync"].field.base_resolver
    assert stream is not None
    info = SimpleNamespace(context=context)
    follow: Any = stream.wrapped_func
    items = follow(info, site_id=strawberry.ID(house.id))
    async for item in items:
        found: LockSync = item
        return found
    raise AssertionError("the stream ended")


async def test_an_item_is_of_one_moment_though_the_lock_answers_meanwhile(served: Served) -> None:
    """Proves that revisions, the count and the status belong together: all from before the acknowledgement."""
    house = await served.site()
    entry = await house.lock()
    lock = await installed(house, entry)
    await pin_of(house, entry["lockId"])
    actor = await api_token_actor(served.installation, house.token, served.clock())
    context = Context(served.installation, served.clock, Identity(actor, ""))

    item = await _next_item(house, context)
    await lock.settled()
    shown = await strawberry.Schema(Query, scalar_overrides=SCALARS).execute(
        "{ item { lock { sync { wantedRevision appliedRevision pending pendingSince status } } } }",
        root_value=Query(item=item),
        context_value=context,
    )

    assert shown.errors is None
    assert shown.data is not None
    sync = shown.data["item"]["lock"]["sync"]
    assert (sync["pending"], sync["status"]) == (1, "NOT_UPDATED")
    assert sync["appliedRevision"] < sync["wantedRevision"]
    assert sync["pendingSince"][:16] == served.clock().isoformat()[:16]
    assert (await lock.sync())["status"] == "UPDATED"
