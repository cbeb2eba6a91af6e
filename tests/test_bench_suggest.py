"""The arithmetic of the benchmark of proposed rules, on sums worked by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import suggest
from suggest import Sums

from cleaner.model import Zone
from cleaner.pipeline import Cleaner
from cleaner.workbench.suggest import Sighting
from cleaner.workbench.suggest.counts import Line, hash_of


def test_precision_counts_what_only_the_proposals_remove():
    sums = Sums(pages=2, held=500, noise=300, left=40, caught_held=250, caught=120, caught_left=10, harm=30)
    found = sums.figures()
    assert found["precision"] == pytest.approx(120 / 150)
    assert found["recall"] == pytest.approx(120 / 300)
    assert found["recall_held"] == pytest.approx(250 / 500)
    assert found["recall_left"] == pytest.approx(10 / 40)
    assert Sums().figures()["precision"] == 1


def test_sums_add_up():
    total = Sums(pages=1, harm=3)
    total.add(Sums(pages=2, harm=4, noise=5))
    assert (total.pages, total.harm, total.noise) == (3, 7, 5)


def sighting(*said: str) -> Sighting:
    lines = [Line(hash_of(text), Zone.MAIN, 1, 1, 1, 0, 1, 0, False, False, False, text, ()) for text in said]
    return Sighting("a.example", "text", "0" * 16, "0" * 16, lines)


def test_a_page_is_accompanied_by_two_that_share_lines():
    lines = [f"line {'x' * number}" for number in range(10)]
    mine, near, far = sighting(*lines), sighting(*lines[1:9]), sighting(*lines[:7])
    assert suggest.accompanied(mine, [near, near, far])
    assert not suggest.accompanied(mine, [near, far, far])


def test_removed_words_are_told_apart(tmp_path):
    prose = (
        "The tram stops at the old bridge for a quarter of an hour, and then it goes on to the depot beyond the hill."
    )
    text = f"{prose}\n\n{prose[4:]}\n\nTicket window\n\nBehind the scenes\n"
    page = suggest.Page(text, url="https://tram.example/1", media_type="text/plain")
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "tram.example.toml").write_text(
        'schema = 1\nsite = "tram.example"\n[[rule]]\nid = "x"\nkind = "other"\n'
        'phrase = ["Ticket window", "Behind the scenes"]\n'
    )
    truth = suggest.Truth(
        starts=[0, 1, 2, 3],
        words=[23, 22, 2, 3],
        gold=[True, True, False, True],
        free=[False] * 4,
        open=[True] * 4,
        left=[True, True, True, False],
    )
    sums, harmed = suggest._compare(truth, Cleaner([tmp_path]), "tram.example", page)
    assert (sums.noise, sums.caught, sums.caught_left, sums.harm) == (2, 2, 2, 3)
    assert len(harmed) == 1
    assert "Behind the scenes" in harmed[0]
