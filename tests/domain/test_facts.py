"""What lower floors announce reaches the floors above them: every fact is wired, announced, and refused where it is not."""

import ast
import importlib
from dataclasses import replace
from pathlib import Path

import pytest

import domain
from domain.errors import PolicyViolation
from domain.facts import Fact, FactNotWired
from domain.following import FOLLOWERS
from domain.locks.tables import Lock
from domain.tags.tables import Tag
from tests.databases import Database
from tests.domain.sync.yard import Yard

ROOT = Path(domain.__path__[0])


def _all_facts() -> set[type[Fact]]:
    """Every kind of fact that any module of the domain defines."""
    modules = [
        importlib.import_module(".".join(path.relative_to(ROOT.parent).with_suffix("").parts))
        for path in ROOT.rglob("*.py")
        if path.name != "__init__.py"
    ]
    return {
        found
        for module in modules
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Fact) and found is not Fact
    }


def _called(function: ast.AST) -> set[str]:
    return {
        each.func.id
        for each in ast.walk(function)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
    }


def _announced() -> set[str]:
    """The names of what functions that announce something make."""
    functions = [
        each
        for path in ROOT.rglob("*.py")
        for each in ast.walk(ast.parse(path.read_text()))
        if isinstance(each, ast.AsyncFunctionDef)
    ]
    return set().union(*(each for each in map(_called, functions) if "announce" in each))


def test_every_fact_is_wired() -> None:
    """A kind that is not would refuse the first change that announces it."""
    assert set(FOLLOWERS) == _all_facts()


def test_every_fact_is_announced_somewhere() -> None:
    """What nobody announces nobody follows: floors above would wait for it in vain."""
    assert {fact.__name__ for fact in _all_facts()} <= _announced()


def test_facts_are_announced_below_those_who_follow() -> None:
    """Nobody follows a fact of the room that announces it: it would call its own function."""
    for fact, followers in FOLLOWERS.items():
        room = fact.__module__.split(".")[1]
        assert room not in {follower.__module__.split(".")[1] for follower in followers}


async def test_a_fact_that_is_not_wired_refuses_the_change(
    database: Database, tmp_path: Path
) -> None:
    """With all that was written before it was announced."""
    yard = await Yard.make(tmp_path)
    wired = yard.installation
    yard.installation = replace(wired, followers={})
    with pytest.raises(FactNotWired):
        await yard.lock("Front")
    assert not await Lock.exists()

    yard.installation = wired
    await yard.lock("Front")
    assert await Lock.all().count() == 1
    wired.passwords.close()


async def test_a_follower_that_refuses_refuses_the_whole_change(
    database: Database, tmp_path: Path
) -> None:
    """And the followers before it have written nothing."""
    yard = await Yard.make(tmp_path)

    async def refuse(*_: object) -> None:
        raise PolicyViolation("name", "Not today.")

    followers = {
        kind: [*following, refuse] if kind.__name__ == "LockMade" else following
        for kind, following in FOLLOWERS.items()
    }
    tags = await Tag.all().count()
    yard.installation = replace(yard.installation, followers=followers)
    with pytest.raises(PolicyViolation):
        await yard.lock("Front")
    assert (await Lock.all().count(), await Tag.all().count()) == (0, tags)
    yard.installation.passwords.close()
