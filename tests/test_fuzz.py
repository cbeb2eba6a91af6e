"""Every fuzz target: what it found once stays mended, and a second's worth of new inputs breaks nothing.

Hours of it: `python -m tests.fuzz` (docs/SECURITY.md).
"""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest

from tests.conftest import need_formats
from tests.fuzz import bend
from tests.fuzz.promises import BrokenPromiseError, allow, bounded, broken, small_limits
from tests.fuzz.targets import TARGETS

CASES = Path(__file__).resolve().parent / "fuzz" / "cases"
SECONDS = 1.0
MOST = 150
"""Inputs: so a fast machine tries the same ones as a slow one, or a few more."""


@pytest.fixture(autouse=True)
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    small_limits(monkeypatch.setattr)


def ready(name: str) -> None:
    needs = TARGETS[name].needs
    if needs and find_spec(needs) is None:
        need_formats()


@pytest.mark.parametrize("path", sorted(CASES.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_once(path: Path) -> None:
    ready(path.parent.name)
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.filterwarnings("ignore:Duplicate name")  # of zipfile, which is asked to write such archives here
@pytest.mark.parametrize("name", TARGETS)
def test_a_second_s_worth(name: str) -> None:
    ready(name)
    target, random = TARGETS[name], Random(0)
    seeds = target.seeds()
    for seed in seeds:
        target(seed)
    end = time.monotonic() + SECONDS
    for _ in range(MOST):
        data = random.choice(seeds)
        for _ in range(random.choice((1, 1, 3))):
            data = target.bend(data, random)
        target(data)
        if time.monotonic() > end:
            break


# ── The promises themselves ───────────────────────────────────────────────────────────────────────────────────────────


def test_every_case_belongs_to_a_target() -> None:
    assert {folder.name for folder in CASES.iterdir()} <= TARGETS.keys()


def test_errors_of_others_are_told_with_their_place() -> None:
    with pytest.raises(BrokenPromiseError, match=r"^IndexError outside of cleaner\n"), allow():
        [].pop()
    with pytest.raises(BrokenPromiseError, match=r"^mine"), allow(ValueError):
        raise broken("mine")


def touched(size: int) -> None:
    """Take memory from the system, whatever this process has freed and still holds."""
    with mmap.mmap(-1, size) as memory:
        for at in range(0, size, 4096):
            memory[at] = 1


@pytest.mark.parametrize(
    ("waste", "why"),
    [(lambda: sum(range(10**6)), "too long"), (lambda: touched(400 << 20), "memory")],
    ids=["time", "memory"],
)
def test_waste_is_told(waste: Callable[[], object], why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.promises.SECONDS", 0.001 if why == "too long" else 60)
    with pytest.raises(BrokenPromiseError, match=why), bounded(0):
        waste()


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_bent_is_mostly_still_what_it_was(name: str) -> None:
    """An input that breaks at the first byte tests the first byte."""
    ready(name)
    random = Random(1)
    seed = TARGETS[name].seeds()[0]
    made = [TARGETS[name].bend(seed, random) for _ in range(60)]
    assert len({*made}) > 30
    assert sum(one[:2] in (seed[:2], b'"s') for one in made) > 25  # keys of TOML may be quoted


def test_files_in_one_input_come_back() -> None:
    files = {"a.html": b"x\ny", "a.html.json": b""}
    assert dict(bend.unbundled(bend.bundled(files))) == files
