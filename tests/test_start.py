"""Starting is quick: what is slow to import waits until a page needs it."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Final

import pytest

SLOW: Final = ("bs4", "dateparser", "numpy", "requests", "rich", "trafilatura", "urllib3")
ROUNDS: Final = 5

IMPORT: Final = "import cleaner"
ENTRY: Final = "import cleaner; cleaner.clean; cleaner.Cleaner"
"""The names of the package load on first use: this has loaded what `cleaner.clean` needs before it sees a page."""
HELP: Final = "import sys; sys.argv = ['cleaner', '--help']\nfrom cleaner.cli import main\ntry:\n    main()\nexcept SystemExit: pass"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def seconds(code: str) -> float:
    """Return the least of a few runs: what else the machine does only ever adds."""
    spans = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        run(code)
        spans.append(time.perf_counter() - begun)
    return min(spans)


def test_importing_takes_little_more_than_lxml() -> None:
    assert seconds(IMPORT) - seconds("import lxml.html") <= 0.25


def test_help_is_there_at_once() -> None:
    assert seconds(HELP) < 0.4


@pytest.mark.parametrize("code", [IMPORT, ENTRY, HELP], ids=["import", "entry", "help"])
def test_nothing_slow_is_imported(code: str) -> None:
    listing = run(f"{code}\nimport sys\nprint('loaded:', *sys.modules)").rpartition("loaded:")[2].split()
    assert "cleaner" in listing
    needed = {"numpy"} if code == ENTRY else set()  # the scorer's
    assert [name for name in SLOW if name in listing and name not in needed] == []
