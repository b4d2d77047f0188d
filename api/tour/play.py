"""The tour: the main job, chapter by chapter, over real HTTP and websockets. Each step says what it asked and got."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import orjson
import typer
from websockets.exceptions import WebSocketException

from api.tour import courier, invitation, my_pin, pin, smartpin
from api.tour.console import Console
from api.tour.socket import SocketRefused
from api.tour.stage import Say, Stage, TourFailed, expect

__all__ = ["TourFailed", "play"]

CHAPTERS = (
    ("An invitation opens a door", invitation),
    ("A PIN that is on the door", pin),
    ("Choose your own PIN", my_pin),
    ("A SmartPIN opens a lock without network", smartpin),
    ("A phone carries to a door without network", courier),
)


async def play(url: str, data_dir: Path, panel_url: str, say: Say) -> None:
    """Plays every chapter; `url` is the server's public URL. Raises TourFailed at the first step that goes wrong."""
    demo_file = data_dir / "demo.json"
    if not demo_file.exists():
        raise TourFailed(
            f"there is no {demo_file.name} in the data directory: run `latchwork seed`"
        )
    demo = orjson.loads(demo_file.read_bytes())
    async with AsyncExitStack() as stack:
        console = Console(url)
        stack.push_async_callback(console.close)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        stage = Stage(console, http, demo, panel_url, say)
        try:
            await _sign_in(stage, demo_file)
            await _set(stage)
            for number, (title, chapter) in enumerate(CHAPTERS, start=1):
                say("\n" + typer.style(f"{number}. {title}", bold=True))
                await chapter.play(stage)
        except httpx.RequestError as error:
            raise TourFailed(
                f"no answer from {error.request.url} ({type(error).__name__})"
            ) from None
        except TimeoutError:
            raise TourFailed(f"what follows this step took too long: {stage.last}") from None
        except (httpx.HTTPStatusError, OSError, WebSocketException, SocketRefused) as error:
            raise TourFailed(
                f"after this step the connection failed ({type(error).__name__} {error}): {stage.last}"
            ) from None
        except RuntimeError as error:
            raise TourFailed(
                f"after this step the server refused ({error}): {stage.last}"
            ) from None


async def _sign_in(stage: Stage, demo_file: Path) -> None:
    """The owner signs in on the console and sees the doors."""
    email, password = next(iter(stage.sign_ins.items()))
    answer = await stage.console.sign_in(email, password)
    if answer["__typename"] == "SignInFailed":
        raise TourFailed(
            f"the server does not know the sign-in of {demo_file}: either it belongs to another database, "
            "or the password was changed. A database and its data directory belong together"
        )
    if answer["__typename"] == "WrongAddress":
        raise TourFailed(
            f"the server takes no sign-in from {stage.console.url}: that is not its "
            "LATCHWORK_PUBLIC_URL. Give that address with --url"
        )
    expect(answer, "SignedIn")
    stage.say(
        f"signIn {email}: {answer['account']['members']['nodes'][0]['role']} until {answer['expiresAt']}"
    )
    data = await stage.console.ask(
        "query($id: ID!) { site(id: $id) { locks { nodes { id name online propagation } } } }",
        id=stage.site,
    )
    for lock in data["site"]["locks"]["nodes"]:
        stage.locks[lock["name"]] = lock["id"]
        stage.say(f"   {lock['name']}: {lock['propagation']}")


async def _set(stage: Stage) -> None:
    """Doors as the chapters need them, whatever an interrupted tour or a curious hand has left."""
    for door in (invitation.DOOR, pin.DOOR):
        if door not in stage.locks:
            raise TourFailed(f"the site has no lock {door} any more: begin anew with `make clean`")
        keypad = await stage.keypad(door)
        if keypad is not None:
            await keypad.network(on=True)
        await stage.until_online(door)
        if keypad is not None and await keypad.locked_out():
            opened = await stage.console.change("openLockRemotely", lockId=stage.locks[door])
            expect(opened, "OpenedLock")
            stage.say(f"openLockRemotely: the keypad of {door} takes PINs again")
        if keypad is not None:
            await keypad.wait_closed()
