"""The speed benchmark's own arithmetic: ratios, spread, size groups, stages that add up, slopes, floors."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import speed
from speed import Stopwatch, Times

# -- times -----------------------------------------------------------------------------------------------------------

# Two pages, three rounds. Medians: ours 1 and 2, theirs 6 and 6.
TIMES = Times({"cleaner": [[1, 2], [1, 8], [4, 2]], "peer": [[5, 6], [6, 6], [90, 6]]})


def test_a_slow_round_does_not_show_in_the_medians():
    assert TIMES.of("cleaner") == [1, 2]
    assert TIMES.mean("peer") == 6
    assert TIMES.ratio("peer") == pytest.approx(12 / 3)
    assert TIMES.ratio("cleaner") == 1


def test_the_spread_is_that_of_whole_rounds():
    assert TIMES.spread("peer") == pytest.approx((12 / 9, 96 / 6))


def test_pages_count_alike_in_their_quartiles():
    ours = [[1.0] * 4]
    assert Times({"cleaner": ours, "peer": [[2.0, 4.0, 6.0, 8.0]]}).page_ratios("peer")[1] == pytest.approx(5)
    assert Times({"cleaner": [[2.0]], "peer": [[3.0]]}).page_ratios("peer") == [1.5] * 3


def test_every_system_meets_every_page_and_goes_first_in_turn():
    calls: list[tuple[str, bytes]] = []
    systems = {name: (lambda html, _url, name=name: calls.append((name, html))) for name in ("cleaner", "peer")}
    times = speed.measure(systems, [(b"1", ""), (b"2", "")], rounds=2)
    in_a_round = [("cleaner", b"1"), ("peer", b"1"), ("peer", b"2"), ("cleaner", b"2")]
    assert [call for call in calls if len(call[1]) == 1] == in_a_round * 2
    assert {name: [len(row) for row in rows] for name, rows in times.ms.items()} == {"cleaner": [2, 2], "peer": [2, 2]}


# -- groups by size --------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 50)), st.integers(1, 12))
def test_size_groups_hold_every_page_once_in_order_of_size(sizes, parts):
    groups = speed.deciles(sizes, parts)
    assert sorted(itertools.chain(*groups)) == list(range(len(sizes)))
    assert [sizes[index] for group in groups for index in group] == sorted(sizes)
    assert all(groups)
    lengths = [len(group) for group in groups]
    assert not lengths or max(lengths) - min(lengths) <= 1


# -- stages ----------------------------------------------------------------------------------------------------------


def test_a_stage_excludes_the_stages_within_it():
    ticks = iter(range(100))
    watch = Stopwatch(clock=lambda: next(ticks))
    inner = watch.timing("inner", lambda: None)  # starts and ends on neighbouring ticks: 1

    def work() -> None:
        inner()
        inner()

    watch.timing("outer", work)()
    assert watch.seconds == {"inner": 2, "outer": 3}  # ticks 0 to 5, two of those within


def test_a_stage_that_raises_is_timed_and_does_not_spoil_those_around_it():
    ticks = iter(range(100))
    watch = Stopwatch(clock=lambda: next(ticks))

    def fail() -> None:
        raise ValueError

    def work() -> None:
        with pytest.raises(ValueError):
            watch.timing("inner", fail)()

    watch.timing("outer", work)()
    assert watch.seconds == {"inner": 1, "outer": 2}


def test_every_stage_is_reached_and_put_back():
    """A function that was renamed, or is not on the main path any more, would be missing from the table."""
    from cleaner import pipeline

    before = pipeline.segment
    assert all(ms > 0 for ms in speed.stages([(speed.HOSTILE["bytes"][1](5_000), "https://example.com/")]).values())
    assert pipeline.segment is before


# -- memory ----------------------------------------------------------------------------------------------------------


def test_slope_is_what_is_gained_from_sample_to_sample():
    assert speed.slope([10, 12, 14, 16]) == pytest.approx(2)
    assert speed.slope([5, 5, 5]) == 0
    assert speed.slope([7]) == speed.slope([]) == 0


def test_warm_up_does_not_count_as_growth():
    assert speed.slope(speed.steady([100, 150, 200, 200, 200, 200, 200, 200])) == 0


# -- hostile pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", speed.HOSTILE)
def test_a_hostile_page_grows_with_its_size_and_is_cleaned(name):
    from cleaner import Cleaner
    from cleaner.model import Status

    _, make = speed.HOSTILE[name]
    small, large = make(200), make(2_000)
    # What does not depend on the size is small beside what does, at full size; here it may be most.
    assert len(large) >= len(small)
    article = Cleaner(rules=False).clean(large)
    assert article.status not in (Status.CRASHED, Status.UNREADABLE)


# -- floors ----------------------------------------------------------------------------------------------------------


def test_a_ratio_may_be_a_little_below_its_floor():
    assert speed.below_floors({"peer": 5.2}, {"peer": 6.0}) == []
    (fault,) = speed.below_floors({"peer": 5.0}, {"peer": 6.0})
    assert "peer" in fault
    assert "5.00" in fault


def test_a_floor_that_nobody_measured_is_a_fault():
    (fault,) = speed.below_floors({}, {"peer": 6.0})
    assert "not measured" in fault


# -- the command -----------------------------------------------------------------------------------------------------


def test_usage_is_checked(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CLEANER_CORPUS", str(tmp_path / "none"))
    assert speed.main(["--pages", "3"]) == 2
    assert "CLEANER_CORPUS" in capsys.readouterr().err
    assert speed.main(["--systems", "parse"]) == 2
    assert "cleaner" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        speed.main(["--hostile", "no such page"])


@pytest.mark.corpus
def test_pages_are_chosen_alike_and_from_every_set():
    first, again = speed.chosen(10, 1), speed.chosen(10, 1)
    assert [page.id for page in first] == [page.id for page in again]
    assert {page.set_name for page in first} == {"aeb", "wcxb", "news"}
    assert len(first) == 10
