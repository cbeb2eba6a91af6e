"""Ray: the rows of a local run, workers that are killed, poison, sums; on a Ray of two processors on this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import children_of, need

need("ray", "ray")

import pyarrow as pa  # noqa: E402

from cleaner import Cleaner  # noqa: E402
from cleaner.cli import main  # noqa: E402
from cleaner.cli.common import Exit  # noqa: E402
from cleaner.errors import OutputError  # noqa: E402
from cleaner.integrations import ray as engine  # noqa: E402
from cleaner.integrations.shards import Done  # noqa: E402
from cleaner.model import Status  # noqa: E402
from cleaner.pool import Limits  # noqa: E402
from cleaner.storage import find_pages  # noqa: E402
from cleaner.workbench.suggest import Surveyor, rows  # noqa: E402
from tests.conftest import ROOT  # noqa: E402
from tests.crawl import crawl, html  # noqa: E402
from tests.crawl import rows as rows_of  # noqa: E402
from tests.plugs import POISON, Plugged  # noqa: E402

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.filterwarnings(r"ignore::DeprecationWarning:ray\.data\.context"),  # where it copies its own settings
]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[Any]:
    """One Ray for all tests: to start it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'src'}")
        patch.setattr(os, "cpu_count", lambda: 2)
        with engine._ray(None) as ray:
            yield ray


def test_rows_are_those_of_a_local_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    crawl(Path("crawl"))
    summary = engine.clean_files(["crawl"], Path("parts"), Cleaner("generic"), shard_bytes=3_000, workers=2)
    arguments = "clean crawl -o whole --format parquet --no-site-rules --quiet --jobs 1"
    assert main(arguments.split()) == Exit.FAILED  # the line that is no JSON
    assert rows_of(Path("parts")) == rows_of(Path("whole"))
    assert len([*Path("parts").glob("*.parquet")]) > 8
    assert summary.statuses.total() == 64
    assert summary.statuses[Status.UNREADABLE] == 1


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    for at in range(3):
        Path(f"raw/{at}.html").write_text(html(at))
    assert main(["ray", "raw", "clean", "--workers", "1"]) == Exit.OK
    assert "3 pages in" in capsys.readouterr().err
    assert [row["location"] for row in rows_of(Path("clean"))] == [f"raw/{at}.html" for at in range(3)]
    assert main(["ray", "raw", "clean"]) == Exit.OK
    assert "3 pages (3 of them before)" in capsys.readouterr().err
    assert main(["ray", "nowhere", "clean"]) == Exit.USAGE


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes by /proc; memory is limited on Linux only")
def test_killed_workers_lose_nothing_and_poison_costs_itself(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    said = [*POISON, *(poison for poison, status in POISON.items() if status is Status.CRASHED)]
    places = dict(zip(range(4, 200, 19), said, strict=False))
    for at in range(200):
        (tmp_path / "in" / f"{at:03}.html").write_bytes(places.get(at, b"A page."))
    kills = 0

    def kill(_: Done) -> None:
        nonlocal kills
        workers = [pid for pid, name in _below(os.getpid()) if "MapWorker" in name]
        if kills < 5 and workers:
            os.kill(workers[0], signal.SIGKILL)
            kills += 1

    summary = engine.clean_files(
        [tmp_path / "in"],
        tmp_path / "out",
        Plugged(0.01),
        workers=2,
        limits=Limits(seconds=3, megabytes=400),
        shard_bytes=100,
        observe=kill,
    )
    assert kills == 5
    found = [(row["location"][-8:-5], row["status"]) for row in rows_of(tmp_path / "out")]
    assert found == [(f"{at:03}", POISON[places[at]].value if at in places else "ok") for at in range(200)]
    assert summary.statuses.total() == 200
    assert summary.failed == len(places) >= 10
    assert not [*(tmp_path / "out" / ".cleaner").glob("*.part")]


def _below(pid: int) -> Iterator[tuple[int, str]]:
    """Yield the processes below one, with what they are called."""
    for child in children_of(pid):
        with suppress(OSError):  # it has ended since
            yield child, Path(f"/proc/{child}/cmdline").read_text()
            yield from _below(child)


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for at in range(20):
        (tmp_path / "in" / f"{at:02}.html").write_text(f"Page {at}.")

    def stop(_: Done) -> None:
        raise KeyboardInterrupt

    go = [tmp_path / "in"], tmp_path / "out", Plugged()
    assert engine.clean_files(*go, workers=1, shard_bytes=24, observe=stop).interrupted
    rest: list[Done] = []
    summary = engine.clean_files(*go, workers=1, shard_bytes=24, observe=rest.append)
    assert summary.before
    assert summary.statuses.total() == 20
    assert sum(sum(done.statuses.values()) for done in rest) == 20 - summary.before.total()
    assert [row["text"] for row in rows_of(tmp_path / "out")] == [f"Page {at}." for at in range(20)]


def test_sums_are_those_of_a_local_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crawl(tmp_path / "crawl")
    monkeypatch.setattr(engine, "_SUMS_BYTES", 10_000)  # several groups
    summary = engine.count_files([tmp_path / "crawl"], tmp_path / "pass", Cleaner("generic"), shard_bytes=8_000)
    assert len([*(tmp_path / "pass").glob("*.parquet")]) > 1
    assert summary.statuses.total() == 64
    surveyor = Surveyor(Cleaner("generic"))
    for source in find_pages([tmp_path / "crawl"]):
        if not source.trouble:
            surveyor.clean(source.read())
    for host in ("a.example", "b.example", "c.example"):
        found = rows.load(tmp_path / "pass", host)
        assert found.of(host, ["html"]) == surveyor.sitepass.of(host, ["html"])
        assert found.of(host, ["html"]).tallies


def test_sums_are_not_written_over_records(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(html(1))
    engine.clean_files([tmp_path / "a.html"], tmp_path / "out", Plugged(), workers=1)
    with pytest.raises(OutputError, match="is no site pass"):
        engine.count_files([tmp_path / "a.html"], tmp_path / "out", Cleaner(False))


def test_batches_of_a_pipeline(cluster: Any) -> None:
    pages = [{"html": html(at).encode()} for at in range(6)] + [{"html": None}]
    records = cluster.data.from_items(pages, override_num_blocks=2).map_batches(
        engine.Clean,
        fn_constructor_kwargs={"rules": "generic"},
        batch_format="pyarrow",
        batch_size=4,
        compute=cluster.data.ActorPoolStrategy(size=1),
    )
    found = sorted((row["status"], row["text"]) for row in records.take_all())
    expected = Cleaner("generic").clean_batch(pa.Table.from_pylist(pages)).to_pylist()
    assert found == sorted((row["status"], row["text"]) for row in expected)
