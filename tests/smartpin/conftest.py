"""What the SmartPIN tests share: the vectors, the second implementation, and locks in zones."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from smartpin import Codec, LockTime, fixed_offset

HERE = Path(__file__).parent
VECTORS = HERE.parents[1] / "docs" / "smartpin-vectors.json"


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def reference() -> ModuleType:
    """``reference.py``: a second implementation on another FF1. Fails where fastfpe is missing."""
    name = "smartpin_reference"
    spec = importlib.util.spec_from_file_location(name, HERE / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def secret() -> bytes:
    return bytes(range(32))


@pytest.fixture(scope="session")
def codec(secret: bytes) -> Codec:
    return Codec(secret)


@pytest.fixture(scope="session")
def lock_in() -> Callable[[str], LockTime]:
    """The time settings of a lock provisioned in a zone in 2026."""

    def build(zone: str) -> LockTime:
        return LockTime(fixed_offset(ZoneInfo(zone), 2026), ZoneInfo(zone))

    return build
