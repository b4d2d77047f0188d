"""docs/phone.md is true: its requests and its Python are played, as they stand there, against a running server."""

import asyncio
import json
import os
import re
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from domain.security import base64url
from locksim.panel.server import bind, serve
from locksim.phone_link import Presented
from tests.serving import PASSWORD, House, Served
from tests.watched_lock import WatchedLock

DOCUMENT = Path(__file__).parents[2] / "docs" / "phone.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


async def furnished(served: Served) -> tuple[House, WatchedLock, str, str]:
    """A house with a connected lock; an invitation's code and id."""
    house = await served.site()
    entry = await house.lock()
    device = await house.device(entry)
    made = await house.invitation(entry["lockId"], deviceLimit=2)
    return house, device, made["code"], made["invitation"]["id"]


def shape(answer: object) -> object:
    """The names in an answer, without the values: lists by their first item, so that filled and empty are told apart."""
    if isinstance(answer, dict):
        return {name: shape(value) for name, value in answer.items()}
    return [shape(each) for each in answer[:1]] if isinstance(answer, list) else None


async def test_the_requests_get_the_answers_that_are_shown(served: Served) -> None:
    """Proves each HTTP block: sent with these headers and this body it gets an answer of the type and shape shown."""
    _, device, code, _ = await furnished(served)
    email, lock = "owner-house@example.com", device.provisioning.lock_id
    values = {"code": code, "lock": lock, "email": email, "password": PASSWORD, "token": ""}
    pairs = [
        (request, answer) for (kind, request), (_, answer) in pairwise(BLOCKS) if kind == "http"
    ]
    guest = served.phone()
    for request, expected in pairs:
        head, _, body = request.partition("\n\n")
        first, *lines = head.split("\n")
        if "<hello>" in body:
            values["hello"] = base64url.encode(await device.hello())
        assert first == "POST /graphql HTTP/1.1"
        content = fill(body.strip(), values).encode()
        # A person who signs in does so on a phone of their own; a receipt is anybody's to hand in.
        phone = (
            served.phone()
            if {"signIn(", "submitReceipt("} & set(re.findall(r"\w+\(", body))
            else guest
        )
        values["proof"] = phone.proof(content)
        headers = dict(fill(line, values).split(": ", 1) for line in lines)
        answer = await served.http.post(f"{served.url}/graphql", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        shown, got = json.loads(expected)["data"], answer.json()["data"]
        assert typename(got) == typename(shown)
        assert shape(got) == shape(shown) or "weekdays" in expected, got
        if "redeemInvitation" in got:
            values["token"] = guest.token = got["redeemInvitation"]["accessToken"]
        if "requestOpenLease" in got:
            handed = guest.presented(values["hello"], got["requestOpenLease"])
            presented = Presented(
                handed["nonce"],
                *(
                    base64url.decode(handed[each])
                    for each in ("lease", "bundle", "publicKey", "signature")
                ),
            )
            answer_of_lock = await device.present(presented)
            assert answer_of_lock.opened
            values["receipt"] = base64url.encode(answer_of_lock.receipts[0])
    assert len(pairs) == 6


def fill(text: str, values: dict[str, str]) -> str:
    """The text with `<name>` replaced."""
    return re.sub(r"<(\w+)>", lambda found: values[found[1]], text)


def typename(data: dict[str, dict[str, str]]) -> str:
    (answer,) = data.values()
    return answer["__typename"]


async def test_the_python_redeems_opens_and_follows(served: Served, tmp_path: Path) -> None:
    """Proves the Python blocks, run together as one program on a phone whose clock is an hour behind."""
    served.clock.advance(timedelta(hours=1))
    house, device, code, invitation = await furnished(served)
    listener = bind(0)
    fleet: Any = SimpleNamespace(locks={"": device}, watchers=set())
    page = asyncio.create_task(serve(fleet, listener))
    running = await started(served, tmp_path, code, listener.getsockname()[1])
    assert running.stdout is not None

    async def says() -> str:
        assert running.stdout is not None
        return (await asyncio.wait_for(running.stdout.readline(), 30)).decode().strip()

    try:
        assert await says() == "redeemed: House ['Front door']"
        assert await says() == "opened: OpenedLock"
        assert await says() == "held to the door: True []"
        assert await says() == "active: True"
        await house.change("deleteInvitation", "", invitationId=invitation)
        assert await says() == "closed: 4403"
        await asyncio.wait_for(running.wait(), 10)
        assert running.returncode == 0
    finally:
        page.cancel()
        if running.returncode is None:
            running.kill()
            await running.wait()


async def started(
    served: Served, folder: Path, code: str, locks_port: int = 0
) -> asyncio.subprocess.Process:
    """The document's Python, run as one program with this invitation code."""
    program = folder / "phone.py"
    program.write_text("\n".join(text for kind, text in BLOCKS if kind == "python"))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ
        | {
            "LATCHWORK_URL": served.url,
            "INVITATION_CODE": code,
            "LOCKS_URL": f"http://127.0.0.1:{locks_port}",
        },
    )


async def test_the_python_tells_a_refusal_in_plain_words(served: Served, tmp_path: Path) -> None:
    """Proves that with a deleted invitation's code the program ends with the API's message, and nothing else."""
    house, _, code, invitation = await furnished(served)
    await house.change("deleteInvitation", "", invitationId=invitation)
    running = await started(served, tmp_path, code)
    out, err = await asyncio.wait_for(running.communicate(), 30)
    assert (running.returncode, out) == (1, b"")
    message = "This invitation code cannot be redeemed. Check it, or ask your host for another."
    assert err.decode().strip() == message


async def test_the_refusals_are_as_the_document_says(served: Served) -> None:
    """Proves the codes of the 401 table, and the end of a phone's access as the last paragraph tells it."""
    house, _, code, invitation = await furnished(served)
    phone = served.phone()
    await phone.redeem(code)
    body = json.dumps({"query": "{ me { ... on Node { id } } }"}).encode()

    async def knock(proof: str) -> httpx.Response:
        headers = {"content-type": "application/json", "dpop": proof}
        headers["authorization"] = f"DPoP {phone.token}"
        return await served.http.post(f"{served.url}/graphql", content=body, headers=headers)

    used = phone.proof(body)
    assert (await knock(used)).status_code == 200
    parts = [
        (await knock(proof)).json()["errors"][0]["extensions"]
        for proof in (phone.proof(body, iat=1), used, phone.proof(body, bdh="x"))
    ]
    assert [each["code"] for each in parts] == ["INVALID_DPOP_PROOF"] * 3
    assert [each["part"] for each in parts] == ["iat", "jti", "bdh"]
    assert all("serverTime" in each for each in parts)
    await house.change("deleteInvitation", "", invitationId=invitation)
    ended = await knock(phone.proof(body))
    assert ended.status_code == 401
    assert ended.json()["errors"][0]["extensions"]["code"] == "INVALID_TOKEN"
