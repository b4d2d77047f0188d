"""Secrets as canaries: what people type and what is shown once is found in no database file, log or error answer."""

import logging
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pyotp
import pytest

from tests.api.every_mutation import Furniture
from tests.api.letters import Letters
from tests.databases import Database
from tests.serving import House, Served

EMAIL = "owner-house@example.com"
FIRST, SECOND, THIRD = (
    "canary password the first of all",
    "canary password that came second",
    "canary password for the third time",
)


async def content(database: Database) -> str:
    """Everything that the database holds: the file with its write-ahead log, or every row of every table."""
    if not database.is_postgresql:
        path = Path(database.url.removeprefix("sqlite://"))
        files = [path, path.with_name(path.name + "-wal")]
        return "\n".join(file.read_bytes().decode("latin-1") for file in files if file.exists())
    session = await asyncpg.connect(database.url.partition("?")[0])
    try:
        tables = await session.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [
            await session.fetch(f'SELECT t::text FROM "{table["tablename"]}" t') for table in tables
        ]
    finally:
        await session.close()
    return "\n".join(str(row[0]) for table in rows for row in table)


async def play(served: Served, house: House) -> dict[str, str]:
    """Uses every secret that there is, rightly and wrongly; what they were, by name."""
    browser, phone, letters = served.browser(), served.phone(), Letters(served)
    secrets: dict[str, str] = {"first": FIRST, "second": SECOND, "third": THIRD}
    entry = await house.lock()
    await house.device(entry)
    secrets |= {"lock secret": entry["secret"], "programming code": entry["programmingCode"]}
    made = await house.invitation(entry["lockId"])
    secrets["invitation code"] = made["code"]
    secrets["bare code"] = made["code"].replace("-", "")
    await phone.redeem(made["code"])
    secrets["device token"] = str(phone.token)
    await phone.open(entry["lockId"])
    await house.change("createMember", "", siteId=house.id, name="Ada", email="ada@example.com")
    secrets["membership link"] = await letters.link_to("ada@example.com")
    await browser.change("acceptMembership", "", token=secrets["membership link"], password=FIRST)
    await browser.sign_in("ada@example.com", FIRST)
    await browser.sign_in("ada@example.com", THIRD)
    secrets["session"] = browser.cookie("latchwork_session")
    await browser.change("confirmPassword", "", password=FIRST)
    query = "mutation { enrollTotp { ... on EnrolledTotp { secret } } }"
    secrets["totp secret"] = (await browser.ask(query))["enrollTotp"]["secret"]
    app = pyotp.TOTP(secrets["totp secret"])
    confirmed = await browser.change(
        "confirmTotp", "... on ConfirmedTotp { recoveryCodes }", code=app.at(served.clock())
    )
    secrets |= {f"recovery {n}": code for n, code in enumerate(confirmed["recoveryCodes"])}
    secrets |= {
        f"bare recovery {n}": code.replace("-", "")
        for n, code in enumerate(confirmed["recoveryCodes"])
    }
    await browser.change("changePassword", "", oldPassword=FIRST, newPassword=SECOND)
    query = "mutation { createSocketTicket { ... on CreatedSocketTicket { ticket } } }"
    secrets["socket ticket"] = (await browser.ask(query))["createSocketTicket"]["ticket"]
    selected = "... on RequestedTotp { ticket }"
    required = await browser.change("signIn", selected, email="ada@example.com", password=SECOND)
    secrets["sign-in ticket"] = required["ticket"]
    await browser.change(
        "signInWithTotp", "", ticket=required["ticket"], code=confirmed["recoveryCodes"][0]
    )
    await browser.change("requestPasswordReset", "", email="ada@example.com")
    secrets["reset link"] = await letters.link_to("ada@example.com")
    secrets["api token"] = house.token
    selected = "... on CreatedPin { digits }"
    pin = await house.change("createPin", selected, **await Furniture(house).filled(PIN))
    assert pin["digits"] == PIN["digits"]
    return secrets


PIN: dict[str, Any] = {
    "siteId": "<site>",
    "owner": {"memberId": "<member>"},
    "lockIds": ["<lock>"],
    "digits": "40718263",
}


async def test_no_secret_is_at_rest_or_in_a_log(
    served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Proves it for passwords, codes, tokens, tickets, links, TOTP secrets, recovery codes and lock secrets."""
    caplog.set_level(logging.INFO)
    house = await served.site()
    secrets = await play(served, house)
    held = await content(served.database)
    out, err = capfd.readouterr()
    logged = f"{caplog.text}{out}{err}"

    assert EMAIL in held, "the search does find what is there"
    for name, secret in secrets.items():
        assert len(secret) >= 8, name
        assert secret not in held, f"{name} is in the database"
        assert secret not in logged, f"{name} is in the logs"
    for token in ("lwt_", "lws_", "lwd_", "lwl_", "lwk_", "lwf_"):
        assert token not in held
    assert PIN["digits"] not in logged
    assert PIN["digits"] not in held.replace("\\x", "")


async def test_no_error_answer_repeats_what_was_typed(
    served: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Proves it for refusals, for documents and values that do not fit, and for what is logged of them."""
    caplog.set_level(logging.INFO)
    await served.site()
    canary = "canary4071826359"
    bearer = {"authorization": f"Bearer {canary}"}
    message = "{ ... on Error { message } }"
    typed = {
        "signIn": f'email: "{EMAIL}", password: "{canary}"',
        "redeemInvitation": f'code: "{canary}", deviceName: "x"',
        "resetPassword": f'token: "{canary}", password: "{canary}"',
        "acceptMembership": f'token: "{canary}"',
        "signInWithTotp": f'ticket: "{canary}", code: "{canary}"',
    }
    queries = [
        f"mutation {{ {name}(input: {{ {fields} }}) {message} }}" for name, fields in typed.items()
    ]
    queries += [f'{{ {name}(id: "{canary}") {{ id }} }}' for name in ("node", "site")]
    answers = [await served.post(query) for query in queries]
    answers.append(await served.post("{ me { ... on Node { id } } }", bearer))
    answers.append(await served.post("{ me { ... on Node { id } } }", {"dpop": canary}))
    answers.append(
        await served.post(
            "{ me { ... on Node { id } } }", {"cookie": f"latchwork_session={canary}"}
        )
    )
    broken = b'{"query": "' + canary.encode()
    answers.append(await served.http.post(f"{served.url}/graphql", content=broken))
    out, err = capfd.readouterr()

    assert not [answer.text for answer in answers if canary in answer.text]
    assert canary not in f"{caplog.text}{out}{err}"
