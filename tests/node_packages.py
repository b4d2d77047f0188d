"""Programs of others, in JavaScript: a folder with a package-lock.json, installed once and kept outside of the checkout.

They need Node and, the first time, an npm registry. Where either is missing the test is skipped with a warning in
pytest's summary, except where the environment variable CI is set: there it fails. A suite that silently left them out
would pass with nothing proved.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import NoReturn

import pytest

_PACKAGE = ("package.json", "package-lock.json")


def _cannot_run(folder: Path, reason: str) -> NoReturn:
    message = f"the programs in tests/**/{folder.name} did not run: {reason}"
    if os.environ.get("CI"):
        pytest.fail(message)
    warnings.warn(message, stacklevel=2)
    pytest.skip(message)


def installed(folder: Path) -> Path:
    """A copy of the folder beside its installed packages, kept for as long as its lock file stays the same."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _cannot_run(folder, "Node.js or npm is missing")
    key = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = Path(tempfile.gettempdir()) / f"latchwork-{folder.name}-{os.getuid()}-{key}"
    if not (home / "node_modules").is_dir():
        _install(folder, npm, home)
    for program in folder.iterdir():
        if program.suffix in {".js", ".mjs"}:
            shutil.copy(program, home)
    return home


def _install(folder: Path, npm: str, home: Path) -> None:
    building = Path(tempfile.mkdtemp(prefix=f"latchwork-{folder.name}-"))
    for name in _PACKAGE:
        shutil.copy(folder / name, building)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(command, cwd=building, check=True, capture_output=True, timeout=120)
    except subprocess.SubprocessError as fault:
        shutil.rmtree(building)
        output = getattr(fault, "stderr", None) or b""
        _cannot_run(folder, f"npm could not install: {output[-300:].decode(errors='replace')}")
    shutil.rmtree(home, ignore_errors=True)
    try:
        building.rename(home)
    except OSError:  # another process was faster; its directory is as good
        shutil.rmtree(building)
