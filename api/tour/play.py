"""The tour: the main job, chapter by chapter, over real HTTP and websockets. Each step says what it asked and got."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import orjson

from api.tour import invitation, my_pin, pin, smartpin
from api.tour.console import Console
from api.tour.stage import Say, Stage, TourFailed, expect

__all__ = ["TourFailed", "play"]

CHAPTERS = (
    ("An invitation opens a door", invitation),
    ("A PIN that is on the door", pin),
    ("Choose your own PIN", my_pin),
    ("A SmartPIN opens a lock without network", smartpin),
)


async def play(url: str, data_dir: Path, panel_url: str, say: Say) -> None:
    """Plays every chapter. Raises TourFailed at the first step that goes wrong."""
    demo_file = data_dir / "demo.json"
    if not demo_file.exists():
        raise TourFailed(
            f"there is no {demo_file.name} in the data directory: run `latchwork seed`"
        )
    demo = orjson.loads(demo_file.read_bytes())
    try:
        async with AsyncExitStack() as stack:
            console = Console(url)
            stack.push_async_callback(console.close)
            http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
            stage = Stage(console, http, demo, panel_url, say)
            await _sign_in(stage)
            for number, (title, chapter) in enumerate(CHAPTERS, start=1):
                say(f"\n{number}. {title}")
                await chapter.play(stage)
    except (httpx.HTTPError, OSError) as error:
        raise TourFailed(f"no answer from {url} ({type(error).__name__})") from None
    except (RuntimeError, TimeoutError) as error:
        raise TourFailed(str(error) or "something took too long") from None


async def _sign_in(stage: Stage) -> None:
    """The owner signs in on the console and sees the doors."""
    email, password = next(iter(stage.sign_ins.items()))
    answer = expect(await stage.console.sign_in(email, password), "SignedIn")
    stage.say(f"signIn {email}: {answer['member']['role']} until {answer['expiresAt']}")
    data = await stage.console.ask(
        "query($id: ID!) { site(id: $id) { locks { nodes { id name online propagation } } } }",
        id=stage.site,
    )
    for lock in data["site"]["locks"]["nodes"]:
        stage.locks[lock["name"]] = lock["id"]
        stage.say(f"   {lock['name']}: {lock['propagation']}")
    for door in (invitation.DOOR, pin.DOOR):
        await stage.until_online(door)
