"""The package as somebody lifts it out: its README tells the truth, and a wheel holds all of it."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import smartpin

ROOT = Path(__file__).parents[2]
README = ROOT / "smartpin" / "README.md"


def test_the_example_runs_and_every_link_leads_somewhere() -> None:
    """As it stands, with no import but those it shows."""
    text = README.read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example is not None
    subprocess.run([sys.executable, "-c", example[1]], cwd=ROOT, check=True, timeout=60)
    links = re.findall(r"\]\((.*?)\)", text)
    assert links
    for link in links:
        assert (README.parent / link).is_file(), link


def test_it_names_what_the_package_offers() -> None:
    """Whatever the example imports is public."""
    names = re.findall(r"from smartpin import (.*)", README.read_text(encoding="utf-8"))
    assert set(names[0].split(", ")) <= set(smartpin.__all__)


def test_a_wheel_holds_the_readme_and_says_that_it_is_typed(tmp_path: Path) -> None:
    """Type checkers of those who install it read its annotations."""
    build = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)],
        cwd=ROOT,
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    with zipfile.ZipFile(tmp_path / done.stdout.split()[-1]) as wheel:
        assert {"smartpin/README.md", "smartpin/py.typed"} <= set(wheel.namelist())
