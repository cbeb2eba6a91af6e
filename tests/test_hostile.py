"""Hostile input: a status or a clear error, in bounded time and memory, and nothing outside the output folder.

The inputs, what must come of each and its limits are in `bench/hostile.py`, which prints the table of docs/SECURITY.md.
Elsewhere: pages by their shape (test_parse, test_bench_speed), broken files of every format (test_readers, test_fuzz),
caps of the readers one by one (test_readers), surrogates in names and records (test_storage, test_sinks), pages that
hang or kill their process (test_runner).
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import hostile

from tests.conftest import ROOT, need_formats


@pytest.mark.filterwarnings("ignore:Duplicate name")  # of zipfile, which is asked to write such an archive here
@pytest.mark.parametrize("name", hostile.CASES)
def test_endured(name: str, tmp_path: Path) -> None:
    needs = hostile.CASES[name].needs
    if needs and find_spec(needs) is None:
        need_formats()
    assert hostile.endure(name, tmp_path).faults == ()


def test_what_is_not_endured_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def waste(_: object) -> str:
        return "fine" if b"x" * (99 << 20) and sum(range(10**7)) else ""

    monkeypatch.setitem(hostile.CASES, "x", hostile.Case(lambda folder: folder, waste, "refused", 0.001, 50))
    outcome, seconds, memory = hostile.endure("x", tmp_path).faults
    assert outcome == "outcome 'fine', not 'refused'"
    assert seconds.endswith(" s, not 0.0")
    assert memory.endswith(" MB, not 50")


def test_the_document_tells_of_each() -> None:
    told = (ROOT / "docs" / "SECURITY.md").read_text("utf-8")
    assert [name for name in hostile.CASES if f"| {name} " not in told] == []
