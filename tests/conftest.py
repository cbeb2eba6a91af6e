"""Shared fixtures: where the corpus and the seeds are, how much of the corpus is read, and no network for anyone."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORPUS = Path(os.environ.get("CLEANER_CORPUS", ROOT / "../shared/corpus"))
SEEDS = Path(os.environ.get("CLEANER_SEEDS", ROOT / "../shared/seeds"))
STEP = 8
"""Of so many pages of the corpus one is read, unless all are asked for."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole-corpus", action="store_true", help=f"invariants over every page, not one in {STEP}")


@pytest.fixture
def step(pytestconfig: pytest.Config) -> int:
    """Of how many pages of the corpus a test reads one."""
    return 1 if pytestconfig.getoption("whole_corpus") else STEP


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, folder, variable in (("corpus", CORPUS, "CLEANER_CORPUS"), ("seeds", SEEDS, "CLEANER_SEEDS")):
            if item.get_closest_marker(marker) and not folder.is_dir():
                item.add_marker(pytest.mark.skip(reason=f"{folder} is not there; set {variable}"))


def need_formats() -> None:
    """Skip a test or a module where the extra `formats` is not installed; fail where somebody said that it is."""
    for name in ("fastwarc", "pyarrow", "zstandard"):
        if find_spec(name) is None:
            reason = f"{name} is not installed (the extra `formats`)"
            if os.environ.get("CLEANER_NEED_FORMATS"):
                pytest.fail(reason)
            pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    # `make test-browser` has installed what it takes: there a skip would hide that nothing was tested.
    give_up = pytest.fail if os.environ.get("CLEANER_NEED_BROWSER") else pytest.skip
    try:
        api = importlib.import_module("playwright.sync_api")
    except ImportError:
        give_up("playwright is not installed (the extra `browser`)")
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        give_up("Chromium is not installed (on Debian: apt install chromium)")
    flags = ["--no-sandbox", "--disable-background-networking"]
    with api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield launched
        launched.close()


def need(extra: str, module: str) -> None:
    """Skip a module whose extra is not installed; fail where somebody said that it is (CLEANER_NEED_RAY=1)."""
    need_formats()
    if find_spec(module) is None:
        reason = f"{module} is not installed (the extra `{extra}`)"
        if os.environ.get(f"CLEANER_NEED_{extra.upper()}"):
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)


def children_of(pid: int) -> list[int]:
    """Return the processes that any thread of `pid` has started and that still run (Linux)."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended since they were listed
            found += map(int, thread.read_text().split())
    return found


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if self.family != socket.AF_UNIX and host not in ("::1", "localhost") and not host.startswith("127."):
            raise AssertionError(f"a test tried to reach {address!r}")
        real(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect)
