"""The benchmark of long runs goes through on a few pages: its figures are read too seldom to notice that it does not."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

import pytest

from tests.conftest import ROOT, need_formats

sys.path.insert(0, str(ROOT / "bench"))

import scale

PAGES = 6


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    need_formats()
    pages = sorted((ROOT / "raw").rglob("*.html"))[:PAGES]
    records = (scale._record(f"https://example.com/{page.name}", page.read_bytes()) for page in pages)
    path = tmp_path / "pages.warc.gz"
    path.write_bytes(b"".join(map(gzip.compress, records)))
    return path


def told(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> Any:
    assert scale.main([str(word) for word in argv]) == 0
    return json.loads(capsys.readouterr().out)


def test_steps_of_a_page_take_their_time(warc: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "cost", warc)
    assert said["pages"] == PAGES
    spent = said["milliseconds_a_page"]
    assert spent["kernel"] > spent["read"] > 0
    assert said["bytes_a_page"]["html"] > said["bytes_a_page"]["clean_bytes_packed"] > 0
    assert said["keys_a_page"] > 1


def test_kernels_and_the_command_take_turns(warc: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(capsys, "rate", warc, "--rounds", "2", "--pages", "3")
    assert all(len(said[what]) == 2 for what in ("kernel_alone", "kernels_together", "command"))
    assert all(rate > 0 for what in ("kernel_alone", "kernels_together", "command") for rate in said[what])
    rates = harmonic_mean(said["command"]) / harmonic_mean(said["kernels_together"])
    assert said["command_to_kernels_together"] == pytest.approx(rates, rel=0.05)


def test_two_runs_have_the_same_rows(warc: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        said = told(capsys, "run", warc, "--output", tmp_path / name)
        assert (said["exit"], said["rows"]) == (0, PAGES)
        assert max(said["parent_mb_peak_by_quarter"]) > 10
    assert told(capsys, "same", tmp_path / "one", tmp_path / "two")["same"] == PAGES
