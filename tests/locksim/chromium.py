"""A headless Chromium, driven over its own DevTools protocol; nothing else has to be installed."""

import asyncio
import base64
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect

from tests.waiting import eventually

PROGRAM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_NAMED_KEYS = {"Enter": 13, "Backspace": 8, "Escape": 27, "Tab": 9}


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        """One command of the DevTools protocol. Raises RuntimeError if the browser refuses it."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        await self._socket.send(orjson.dumps(command).decode())
        while True:
            answer = orjson.loads(await self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                result: dict[str, Any] = answer["result"]
                return result

    async def see(self, script: str) -> Any:
        """The value of an expression in the page. Raises RuntimeError for an exception there."""
        answer = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    async def until(self, script: str, wanted: object) -> None:
        """Wait until an expression has this value; on a page that is still coming it has none."""

        async def seen() -> tuple[Any, ...]:
            try:
                return (await self.see(script),)
            except RuntimeError:
                return ()

        await eventually(seen, lambda found: found == (wanted,))

    async def open(self, url: str, *, width: int, height: int) -> None:
        """Open an address on a screen of this size."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        await self.call("Page.navigate", url=url)

    async def press(self, *keys: str) -> None:
        """Press keys of the keyboard, named as in KeyboardEvent.key."""
        for key in keys:
            code = _NAMED_KEYS.get(key) or ord(key.upper())
            # A button takes Enter for a click only if it comes with its character.
            text = {"text": "\r"} if key == "Enter" else {} if key in _NAMED_KEYS else {"text": key}
            for kind in ("keyDown", "keyUp"):
                await self.call(
                    "Input.dispatchKeyEvent",
                    type=kind,
                    key=key,
                    windowsVirtualKeyCode=code,
                    **(text if kind == "keyDown" else {}),
                )

    async def tap(self, selector: str) -> None:
        """Press the mouse in the middle of an element."""
        place = await self.see(
            f"(() => {{ const e = document.querySelector({orjson.dumps(selector).decode()});"
            " e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent",
                type=kind,
                x=place[0],
                y=place[1],
                button="left",
                clickCount=1,
            )

    async def fill(self, selector: str, value: str) -> None:
        """Write into a field and leave it, as a person does."""
        field = f"document.querySelector({orjson.dumps(selector).decode()})"
        await self.see(f"{field}.focus(); {field}.select()")
        await self.call("Input.insertText", text=value)
        await self.see(f"{field}.blur()")

    async def picture(self) -> bytes:
        """A picture of the page, as PNG."""
        answer = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(answer["data"])


@contextlib.asynccontextmanager
async def page(folder: Path) -> AsyncIterator[Page]:
    """A fresh tab of a fresh browser, which is ended with the block."""
    assert PROGRAM is not None
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *options,
        "--disable-gpu",
        "--no-first-run",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            port = await _port(folder / "DevToolsActivePort")
            async with httpx.AsyncClient(trust_env=False) as http:
                tab = (await http.put(f"http://127.0.0.1:{port}/json/new?about:blank")).json()
        url = tab["webSocketDebuggerUrl"]
        async with connect(url, proxy=None, max_size=64 * 1024 * 1024) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        await process.wait()


async def _port(file: Path) -> int:
    while (port := _read_port(file)) is None:
        await asyncio.sleep(0.05)
    return port


def _read_port(file: Path) -> int | None:
    """The port that the browser has chosen, once it has written it."""
    try:
        return int(file.read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None
