"""Long runs: processes that die, kills at any moment, and what is left to do afterwards."""

from __future__ import annotations

import gc
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cleaner.batch import Row, Summary, run
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import Article, Page, Status
from cleaner.pool import DoubtfulError, Failure, Limits, Pool, stream
from cleaner.state import Entry, RunKey, State
from cleaner.storage import Folder, Format, Input, Lines, find_pages
from cleaner.storage.inspection import inspect
from tests.conftest import ROOT, children_of, need_formats
from tests.plugs import MISCHIEF, POISON, Plugged, sink_of

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
KEY = RunKey("command", "options", "rules")
FORMS = ["jsonl", "folder", "jsonl.zst", "parquet"]


def need(form: str) -> None:
    if form in ("jsonl.zst", "parquet"):
        need_formats()


def pages(folder: Path, number: int, poison: dict[int, bytes] | None = None) -> list[Input]:
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(number):
        (folder / f"{at:05}.html").write_bytes((poison or {}).get(at, f"Page {at}.".encode()))
    return list(find_pages([folder]))


def files(folder: Path) -> dict[str, bytes]:
    """Return all files of an output but the state."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cleaner" not in path.relative_to(folder).parts
    }


@LINUX
def test_each_poison_costs_one_page(tmp_path: Path) -> None:
    places = dict(zip(range(3, 60, 6), POISON, strict=False))
    assert len(places) == len(POISON)
    rows: list[Row] = []
    inputs = pages(tmp_path / "in", 60, places)
    limits = Limits(seconds=5, megabytes=400)
    summary = run(Plugged(), inputs, Folder(tmp_path / "out"), rows.append, jobs=2, limits=limits)
    assert [row.location for row in rows] == [source.location for source in inputs]
    assert {at: row.status for at, row in enumerate(rows) if row.status is not Status.OK} == {
        at: POISON[said] for at, said in places.items()
    }
    reasons = {said: rows[at].reason for at, said in places.items()}
    assert reasons[b"hang"] == "not done after 5 s"
    assert reasons[b"eat"] == "MemoryError"
    assert "exit code 3" in reasons[b"exit"]
    assert "SIGABRT" in reasons[b"abort"]
    assert "SIGSEGV" in reasons[b"segfault"]
    assert reasons[b"recurse"].startswith("RecursionError")
    assert reasons[b"quit"] == "SystemExit: 0"
    assert reasons[b"bug"] == "KeyError: 'x'"
    records = [
        json.loads(content)["status"] for name, content in files(tmp_path / "out").items() if name.endswith(".json")
    ]
    assert records == [row.status.value for row in rows]
    assert summary.pages == 60


def test_mischief_costs_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Threads that stay, standard output written to or closed: no page is lost for it, and nothing gets among records."""
    inputs = pages(tmp_path / "in", 30, dict(zip(range(0, 30, 5), MISCHIEF, strict=False)))
    summary = run(Plugged(), inputs, Lines(sys.stdout.buffer), jobs=2)
    assert summary.statuses == {Status.OK: 30}
    assert [json.loads(line)["status"] for line in capfd.readouterr().out.splitlines()] == ["ok"] * 30


def test_ctrl_c_does_not_wait_for_a_page_that_hangs(tmp_path: Path) -> None:
    pages(tmp_path / "in", 10, {4: b"hang"})
    out = tmp_path / "out"
    with started(tmp_path, "jsonl", seconds=0.3) as process:  # so the fourth comes when what is done is written
        deadline = time.monotonic() + 60
        while not lines_in(out / "pages.jsonl.part") and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0  # `run` returns, long before the page's time is over: it was interrupted
    assert lines_in(out / "pages.jsonl.part") == 4
    (tmp_path / "in" / "00004.html").write_text("Page 4.")
    finish(tmp_path, "jsonl")


def lines_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_an_error_of_our_own_keeps_what_was_done(tmp_path: Path) -> None:
    inputs = pages(tmp_path / "in", 10)

    def fail(row: Row) -> None:
        if row.location.endswith("00005.html"):
            raise ZeroDivisionError

    state = State(tmp_path / "out", KEY)
    with pytest.raises(ZeroDivisionError):
        run(Plugged(), inputs, Lines(tmp_path / "out" / "pages.jsonl"), fail, state=state)
    state = State(tmp_path / "out", KEY)  # the old one is closed, else it would be locked
    assert (state.resumes, state.statuses().total()) == (True, 6)


def numbers(many: int, end: str = "") -> Iterator[int]:
    yield from range(many)
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif end:
        raise InputError(end)


def test_a_stream_from_another_process() -> None:
    assert list(stream(numbers, 50)) == list(range(50))
    seen: list[int] = []
    with pytest.raises(InputError, match="broken"):
        seen.extend(stream(numbers, 3, "broken"))
    with pytest.raises(ChildProcessError, match="SIGKILL"):
        seen.extend(stream(numbers, 3, "killed"))
    assert seen == [0, 1, 2] * 2
    endless = stream(numbers, 10**9)
    assert next(endless) == 0
    endless.close()  # type: ignore[attr-defined]


@LINUX
def test_a_process_that_reads_has_a_limit_of_memory(tmp_path: Path) -> None:
    need_formats()
    case = Path(__file__).parent / "fuzz" / "cases" / "parquet" / "states-a-page-of-700-mb.bin"
    stated, more = (bytes.fromhex(size) for size in ("cae280ae05", "f0ffffff0f"))  # as Thrift has them: zigzag, varint
    assert case.read_bytes().count(stated) == 1
    lie = tmp_path / "a.parquet"
    lie.write_bytes(case.read_bytes().replace(stated, more))
    [page] = find_pages([lie], apart=stream)
    assert "takes too much memory" in page.trouble
    inspection = inspect(lie, io.BytesIO(), apart=stream)
    assert "takes too much memory" in (inspection.error or "")


def test_the_order_is_that_of_the_pages(tmp_path: Path) -> None:
    inputs = pages(tmp_path / "in", 40)
    run(Plugged(), inputs, Lines(tmp_path / "a.jsonl"), jobs=3)
    run(Plugged(), inputs, Lines(tmp_path / "b.jsonl"))
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_a_worker_is_replaced_after_its_pages() -> None:
    with Pool(process_number, 1, Limits(pages=3)) as pool:
        seen = [result for _, result in pool.map(range(7))]
    assert [len({*seen[at : at + 3]}) for at in (0, 3, 6)] == [1, 1, 1]
    assert len(set(seen)) == 3


def process_number(_: int) -> int:
    return os.getpid()


BEFORE: list[str] = []


def spoilt(task: str) -> str:
    """Do what goes well in a new process only, what goes well never, or what one foresees."""
    if task == "new" and BEFORE:
        raise RuntimeError("can't start new thread")
    if task == "never":
        raise MemoryError
    if task == "made":
        raise DoubtfulError(f"made after {len(BEFORE)}")
    BEFORE.append(task)
    if task == "foreseen":
        raise InputError("foreseen")
    return f"{task} {len(BEFORE)}"


def test_what_may_be_the_doing_of_others_is_tried_in_a_new_worker() -> None:
    tasks = ["any", "new", "any", "never", "never", "any", "made", "any", "foreseen", "any"]
    with Pool(spoilt, 1) as pool:
        results = [result for _, result in pool.map(tasks)]
    reasons = [result.reason if isinstance(result, Failure) else result for result in results]
    never = "MemoryError"
    foreseen = "InputError: foreseen"
    assert reasons == ["any 1", "new 1", "any 2", never, never, "any 1", "made after 0", "any 1", foreseen, "any 3"]


class Leaky:
    """Has memory for one page only, and never for that which is `large`."""

    pages = 0

    def clean(self, page: Page) -> Article:
        self.pages += 1
        if self.pages > 1 or page.content == b"large":
            raise MemoryError
        return Plugged().clean(page)


@pytest.mark.parametrize("jobs", [0, 1])
def test_a_page_does_not_pay_for_the_memory_of_others(tmp_path: Path, jobs: int) -> None:
    inputs = pages(tmp_path / "in", 4, {2: b"large"})
    seen: list[str] = []
    run(Leaky(), inputs, Folder(tmp_path / "out", Format.JSON), lambda row: seen.append(row.status.value), jobs=jobs)
    assert seen == (["ok", "ok", "crashed", "ok"] if jobs else ["ok", "crashed", "crashed", "crashed"])
    record = json.loads((tmp_path / "out" / f"{inputs[2].name}.json").read_bytes())
    assert record["reason"] == "MemoryError"


class Unwelcome:
    """Cannot be made anew in a worker, as a cleaner whose rule files have gone meanwhile."""

    def __reduce__(self) -> Any:
        return next, (iter(()),)

    def __call__(self, task: int) -> int:
        raise AssertionError(task)


def test_a_worker_that_cannot_start_ends_the_run_and_fails_no_page() -> None:
    with Pool(Unwelcome(), 2) as pool, pytest.raises(OutputError, match=r"before their first page \(exit code 1\)"):
        list(pool.map(range(9)))


def test_what_the_tasks_raise_comes_after_all_before_it() -> None:
    def tasks() -> Iterator[int]:
        yield from range(9)
        raise InputError("no more")

    got: list[int] = []
    with pytest.raises(InputError, match="no more"), Pool(abs, 2) as pool:
        got.extend(task for task, _ in pool.map(tasks()))
    assert got == list(range(9))


def test_a_worker_that_somebody_kills_costs_nothing() -> None:
    killed = False
    results: list[int | Failure] = []
    with Pool(slowly, 2) as pool:
        for _, result in pool.map(range(30)):
            results.append(result)
            if len(results) == 5 and isinstance(result, int):
                os.kill(result, signal.SIGKILL)
                killed = True
    assert killed
    assert [result for result in results if isinstance(result, Failure)] == []


@pytest.mark.parametrize("content", ['{"html": "<p>a crawl"}\n', "not JSON"])
def test_lines_of_others_are_not_written_over(tmp_path: Path, content: str) -> None:
    target = tmp_path / "pages.jsonl"
    target.write_text(content)
    with pytest.raises(OutputError, match="no records of cleaner"):
        Lines(target)
    assert target.read_text() == content


def test_nor_is_the_input_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pages.jsonl").write_text('{"cleaner": "0", "html": "<p>a crawl"}\n')
    before = Path("pages.jsonl").read_bytes()
    assert main(["clean", "pages.jsonl", "-o", ".", "--format", "jsonl"]) == Exit.USAGE
    assert Path("pages.jsonl").read_bytes() == before


def slowly(_: int) -> int:
    time.sleep(0.02)
    return os.getpid()


class TestState:
    def test_a_stopped_run_is_gone_on_with(self, tmp_path: Path) -> None:
        inputs = pages(tmp_path / "in", 10)
        state = State(tmp_path / "out", KEY)
        sink = Lines(tmp_path / "out" / "pages.jsonl")

        def stop(row: Row) -> None:
            if row.location.endswith("00004.html"):
                raise KeyboardInterrupt

        assert run(Plugged(), inputs, sink, stop, state=state).interrupted
        assert list(files(tmp_path / "out")) == ["pages.jsonl.part"]
        state = State(tmp_path / "out", KEY)
        assert state.resumes
        rows: list[Row] = []
        sink = Lines(tmp_path / "out" / "pages.jsonl", state.position)
        summary = run(Plugged(), inputs, sink, rows.append, state=state)
        assert [row.location[-10:] for row in rows] == [f"{at:05}.html" for at in range(5, 10)]
        assert (summary.pages, summary.before.total()) == (10, 5)
        run(Plugged(), inputs, Lines(tmp_path / "whole.jsonl"))
        assert files(tmp_path / "out") == {"pages.jsonl": (tmp_path / "whole.jsonl").read_bytes()}

    def test_a_run_that_is_done_begins_anew(self, tmp_path: Path) -> None:
        inputs = pages(tmp_path / "in", 3)
        for _ in range(2):
            rows: list[Row] = []
            run(Plugged(), inputs, Folder(tmp_path / "out"), rows.append, state=State(tmp_path / "out", KEY))
            assert len(rows) == 3

    @pytest.mark.parametrize(
        "key", [RunKey("x", "options", "rules"), RunKey("command", "x", "rules"), RunKey("command", "options", "x")]
    )
    def test_so_does_another_run(self, tmp_path: Path, key: RunKey) -> None:
        state = State(tmp_path, KEY)
        state.enter([Entry(PurePosixPath("a.html"), "ok", "h", "r")], 5)
        state.close(complete=False)
        other = State(tmp_path, key)
        assert (other.resumes, other.position, other.is_done(Path("a.html"))) == (False, 0, False)

    def test_one_run_at_a_time(self, tmp_path: Path) -> None:
        state = State(tmp_path, KEY)
        with pytest.raises(OutputError, match="another run writes here"):
            State(tmp_path, KEY)
        state.close(complete=True)
        State(tmp_path, KEY).close(complete=True)

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / ".cleaner").mkdir()
        (tmp_path / ".cleaner" / "state.sqlite").write_bytes(b"no database, but long enough to look like one" * 99)
        with pytest.raises(OutputError, match="delete it"):
            State(tmp_path, KEY)

    def test_the_same_words_elsewhere_are_another_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for day in ("monday", "tuesday"):
            pages(tmp_path / day / "raw", 4, dict.fromkeys(range(4), day.encode()))
        for day, stops in (("monday", True), ("tuesday", False)):
            monkeypatch.chdir(tmp_path / day)
            self.clean("raw", tmp_path / "out", monkeypatch, stops=stops)
        assert "going on" not in capsys.readouterr().err
        assert [json.loads(line)["text"] for line in (tmp_path / "out/pages.jsonl").read_text().splitlines()] == [
            "tuesday"
        ] * 4

    def test_a_stream_is_read_from_its_beginning(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What comes through a pipe the next time may be anything."""
        for day, stops in (("monday", True), ("tuesday", False)):
            lines = "".join(json.dumps({"html": f"{day} {at}"}) + "\n" for at in range(4))
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
            self.clean("-", tmp_path / "out", monkeypatch, stops=stops)
        texts = [json.loads(line)["text"] for line in (tmp_path / "out/pages.jsonl").read_text().splitlines()]
        assert texts == [f"tuesday {at}" for at in range(4)]

    def clean(self, source: str, out: Path, monkeypatch: pytest.MonkeyPatch, *, stops: bool) -> None:
        """Run the command; it may be stopped behind the first page."""

        def stop(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            if stops:
                patch.setattr("cleaner.cli.clean.tell", stop)
            code = main(["clean", source, "-o", str(out), "--format", "jsonl", "--jobs", "0", "--quiet"])
        assert code == (Exit.INTERRUPTED if stops else Exit.OK)

    def test_odd_names(self, tmp_path: Path) -> None:
        state = State(tmp_path, KEY)
        name = Path(os.fsdecode(b"\xff\n.html"))
        state.enter([Entry(PurePosixPath(name), "ok", None, None)], 0)
        assert state.is_done(name)


class TestChanged:
    """`--changed` cleans only what would give something else."""

    @pytest.fixture
    def again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Iterator[object]:
        monkeypatch.chdir(tmp_path)
        for site in ("mill", "lake"):
            Path("raw").mkdir(exist_ok=True)
            prose = "The wheel turned for the first time in forty years, and the whole village had come to see it. " * 3
            Path(f"raw/{site}.html").write_text(
                f"<article><p>{prose}</p><p class=teaser>Read on at {site}</p></article>"
            )
            Path(f"raw/{site}.html.json").write_text(json.dumps({"url": f"https://{site}.example/a"}))
        Path("rules/sites").mkdir(parents=True)
        self.rule("mill", "other")

        def again(*arguments: str) -> str:
            assert main(["clean", "raw", "-o", "out", "--rules", "rules", "--jobs", "0", *arguments]) == Exit.OK
            return capsys.readouterr().err.splitlines()[-1]

        again()
        yield again

    def rule(self, site: str, token: str) -> None:
        text = f'schema = 1\nsite = "{site}.example"\n[[rule]]\nid = "a"\nkind = "related"\ntoken = "{token}"\n'
        Path(f"rules/sites/{site}.example.toml").write_text(text)

    def test_nothing_changed(self, again: Any) -> None:
        before = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.html.*")}
        told = again("--changed")
        assert told.startswith("0 pages written to out in ") and told.endswith("2 left as they are")
        assert {path: path.stat().st_mtime_ns for path in Path("out").glob("*.html.*")} == before

    def test_a_page_changed(self, again: Any) -> None:
        Path("raw/mill.html").write_text(
            "<article><p>The mill is closed, and its wheel has been taken to the museum.</p></article>"
        )
        assert again("--changed").endswith("1 left as they are")
        assert "museum" in Path("out/mill.html.txt").read_text()

    def test_rules_changed_that_hold_for_one_page(self, again: Any) -> None:
        self.rule("mill", "teaser")
        assert again("--changed").endswith("1 left as they are")
        assert "Read on" not in Path("out/mill.html.txt").read_text()

    def test_a_new_site_file(self, again: Any) -> None:
        self.rule("lake", "teaser")
        assert again("--changed").endswith("1 left as they are")
        assert "Read on" not in Path("out/lake.html.txt").read_text()
        assert again("--changed").endswith("2 left as they are")

    def test_a_sidecar_changed(self, again: Any) -> None:
        Path("raw/mill.html.json").write_text(json.dumps({"url": "https://mill.example/b"}))
        assert again("--changed").endswith("1 left as they are")
        assert json.loads(Path("out/mill.html.json").read_text())["url"] == "https://mill.example/b"

    def test_a_sidecar_broke_that_said_nothing(self, again: Any) -> None:
        Path("raw/lake.html.json").write_text("{}")
        again()
        Path("raw/lake.html.json").write_text("{")
        assert again("--changed").endswith("1 left as they are")
        assert json.loads(Path("out/lake.html.json").read_text())["notes"]

    def test_an_output_that_a_killed_run_wrote_over(self, again: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """It was killed before it could enter the page, whose input is now what it was before that."""
        before = Path("raw/lake.html").read_text()
        Path("raw/lake.html").write_text("<p>The lake has been drained, and there is nothing to be seen of it.</p>")
        with monkeypatch.context() as patch:
            patch.setattr("cleaner.batch._Ledger.enter", lambda *_: 1 / 0)
            patch.setattr("cleaner.batch._Ledger.close", lambda *_, **__: None)
            assert main("clean raw -o out --rules rules --jobs 0 --judge none".split()) == Exit.BUG
            gc.collect()  # a kill would close the state
        assert "drained" in Path("out/lake.html.txt").read_text()
        Path("raw/lake.html").write_text(before)
        assert again("--changed").endswith("1 left as they are")
        assert "drained" not in Path("out/lake.html.txt").read_text()

    def test_an_output_is_gone(self, again: Any) -> None:
        Path("out/mill.html.txt").unlink()
        assert again("--changed").endswith("1 left as they are")
        assert Path("out/mill.html.txt").exists()

    def test_other_options(self, again: Any) -> None:
        assert "left as they are" not in again("--changed", "--judge", "none")

    def test_not_without_a_folder(self, again: Any, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["clean", "raw", "-o", "out", "--format", "jsonl", "--changed"]) == Exit.USAGE
        assert main(["clean", "raw/mill.html", "--changed"]) == Exit.USAGE


class TestDisk:
    """What can happen to files while a run is at it. The same command afterwards gives what it would have given."""

    @pytest.fixture
    def whole(self, tmp_path: Path) -> list[Input]:
        return pages(tmp_path / "in", 60)

    def check(self, tmp_path: Path, form: str) -> None:
        """Run to the end, and compare."""
        inputs = list(find_pages([tmp_path / "in"]))
        state = State(tmp_path / "out", KEY)
        summary = run(Plugged(), inputs, sink_of(form, tmp_path / "out", state.position), state=state)
        assert (summary.stopped, summary.pages, summary.failed) == (None, 60, 0)
        run(Plugged(), inputs, sink_of(form, tmp_path / "whole"))
        assert files(tmp_path / "out") == files(tmp_path / "whole")

    @pytest.mark.parametrize("form", FORMS)
    def test_full_disk(self, tmp_path: Path, form: str, whole: list[Input]) -> None:
        """A limit on how large a file may be stands for the disk: a write ends in the middle, as there."""
        resource = pytest.importorskip("resource")
        need(form)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        full = {"folder": 900, "jsonl": 30_000, "jsonl.zst": 12_000, "parquet": 30_000}[form]
        state = State(tmp_path / "out", KEY)
        try:
            sink = sink_of(form, tmp_path / "out", state.position)
            resource.setrlimit(resource.RLIMIT_FSIZE, (full, hard))
            summary = run(Plugged(), whole, sink, state=state)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, before)
        assert isinstance(summary.stopped, OutputError)
        assert "cannot be written" in str(summary.stopped)
        assert "delete" not in str(summary.stopped)
        self.check(tmp_path, form)

    @pytest.mark.parametrize("form", FORMS)
    def test_the_state_is_full(self, tmp_path: Path, form: str, whole: list[Input], monkeypatch: Any) -> None:
        need(form)
        monkeypatch.setattr("cleaner.batch._SETTLE_SECONDS", 0.0)
        state = State(tmp_path / "out", KEY)
        (now,) = state._db.execute("PRAGMA page_count").fetchone()
        state._db.execute(f"PRAGMA max_page_count = {now}")
        summary = run(Plugged(), [*whole], sink_of(form, tmp_path / "out"), state=state)
        assert "state.sqlite: cannot be written: database or disk is full" in str(summary.stopped)
        assert 0 < summary.pages < 60
        self.check(tmp_path, form)

    @pytest.mark.parametrize("form", FORMS)
    def test_output_folder_taken_away(self, tmp_path: Path, form: str, whole: list[Input], monkeypatch: Any) -> None:
        need(form)
        monkeypatch.setattr("cleaner.batch._SETTLE_SECONDS", 0.0)

        def remove(row: Row) -> None:
            if row.location.endswith("00020.html"):
                shutil.rmtree(tmp_path / "out")

        state = State(tmp_path / "out", KEY)
        summary = run(Plugged(), whole, sink_of(form, tmp_path / "out"), remove, state=state)
        assert re.search(r"(cannot be written: (No such file|it was taken away)|cannot be made)", str(summary.stopped))
        assert summary.pages < 30  # not at the end of a long run
        self.check(tmp_path, form)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_output_that_may_not_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir(mode=0o500)
        with pytest.raises(OutputError, match="Permission denied"):
            State(tmp_path / "out", KEY)

    def test_output_that_is_a_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pages(tmp_path / "in", 1)
        (tmp_path / "out").write_text("x")
        assert main(["clean", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "-q"]) == Exit.USAGE
        assert "out: cannot be made a folder" in capsys.readouterr().err

    def test_input_cut_short_or_replaced(self, tmp_path: Path) -> None:
        """Another container of the same name has other pages at the same places: no run mixes the two."""
        source = tmp_path / "pages.jsonl"
        lines = [json.dumps({"html": f"Page {at}."}) + "\n" for at in range(60)]
        source.write_text("".join(lines))

        def stop(row: Row) -> None:
            if row.location.endswith(":20"):
                raise KeyboardInterrupt

        def attempt(observe: Any = None) -> Summary:
            state = State(tmp_path / "out", KEY)
            sink = Lines(tmp_path / "out" / "pages.jsonl", state.position)
            return run(Plugged(), find_pages([source]), sink, observe, state=state)

        assert attempt(stop).interrupted
        for other in (lines[:40], [*reversed(lines)]):
            source.write_text("".join(other))
            summary = attempt()
            assert "pages.jsonl: has changed since the run was stopped" in str(summary.stopped)
            assert summary.pages == 20
        source.write_text("".join(lines))
        assert attempt().pages == 60
        run(Plugged(), find_pages([source]), Lines(tmp_path / "whole.jsonl"))
        assert files(tmp_path / "out") == {"pages.jsonl": (tmp_path / "whole.jsonl").read_bytes()}
        source.write_text("".join(lines[:40]))  # a new run may read what it likes
        assert attempt().pages == 40

    def test_container_truncated_while_it_is_read(self, tmp_path: Path) -> None:
        source = tmp_path / "pages.tar.gz"
        with tarfile.open(source, "w:gz") as archive:
            for at in range(60):
                content = random.Random(at).randbytes(30_000).hex().encode()
                info = tarfile.TarInfo(f"{at:05}.txt")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))

        def cut(row: Row) -> None:
            if row.location.endswith("00005.txt"):
                os.truncate(source, source.stat().st_size // 2)

        before = source.read_bytes()
        out = tmp_path / "out"
        summary = run(Plugged(), find_pages([source]), Lines(out / "pages.jsonl"), cut, state=State(out, KEY))
        assert 5 < summary.statuses[Status.OK] < 60
        assert summary.statuses[Status.UNREADABLE] == 1
        source.write_bytes(before)
        run(Plugged(), find_pages([source]), Lines(out / "pages.jsonl"), state=State(out, KEY))
        assert lines_in(out / "pages.jsonl") == 60


@contextmanager
def started(folder: Path, form: str, out: str = "out", seconds: float = 0.01) -> Iterator[subprocess.Popen[bytes]]:
    """Run `SCRIPT`; what is left of it is killed."""
    script = folder / "go.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    command = [sys.executable, str(script), str(folder / "in"), str(folder / out), form, str(seconds)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def finish(folder: Path, form: str) -> None:
    """Run to the end, and compare with a run that nothing disturbed."""
    with started(folder, form) as process:
        assert process.wait(120) == 0
    run(Plugged(), find_pages([folder / "in"]), sink_of(form, folder / "whole"))
    assert files(folder / "out") == files(folder / "whole")


SCRIPT = """
import signal
import sys
from pathlib import Path
from typing import Any
from cleaner.batch import run
from cleaner.pool import Limits
from cleaner.state import RunKey, State
from cleaner.storage import find_pages
from tests.plugs import Plugged, sink_of

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts behind it ignores Ctrl-C
    out, form = Path(sys.argv[2]), sys.argv[3]
    state = State(out, RunKey("c", "o", "r"))
    run(Plugged(float(sys.argv[4])), find_pages([sys.argv[1]]), sink_of(form, out, state.position), jobs=2, limits=Limits(600), state=state)
"""


@pytest.mark.parametrize(("form", "victim"), [*((form, "parent") for form in FORMS), ("jsonl", "worker")])
def test_killed_at_any_moment(tmp_path: Path, form: str, victim: str) -> None:
    """Some kills, then a run that gets to its end: the output is as if nothing had happened."""
    need(form)
    pages(tmp_path / "in", 300)
    begun = time.monotonic()
    with started(tmp_path, form, "whole") as process:
        assert process.wait(300) == 0
    seconds = time.monotonic() - begun  # machines are busy: the moments are shares of a run, not of a second
    moments = random.Random(7)
    kills = 0
    while True:
        with started(tmp_path, form) as process:
            while process.poll() is None:
                try:
                    process.wait(moments.uniform(0.2, 0.8) * seconds if kills < 6 else 300)
                except subprocess.TimeoutExpired:
                    victims = [process.pid] if victim == "parent" else workers_of(process.pid)
                    if victims:
                        os.kill(moments.choice(victims), signal.SIGKILL)
                        kills += 1
            assert process.stderr is not None
            said = process.stderr.read().decode()
        if process.returncode == 0 and kills:
            break
        if process.returncode == 0:  # done before the first moment: the machine was busier before
            seconds /= 2
            shutil.rmtree(tmp_path / "out")
            continue
        assert (victim, process.returncode) == ("parent", -signal.SIGKILL), said
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def workers_of(pid: int) -> list[int]:
    """Return the processes that clean for `pid`: the children of its fork server."""
    return [worker for server in children_of(pid) for worker in children_of(server)]


@pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])
def test_where_no_page_is_found_the_last_output_stays(tmp_path: Path, form: str) -> None:
    """As where a disk is not mounted."""
    need(form)
    raw, out = tmp_path / "in", tmp_path / "out"
    pages(raw, 3)
    command = ["clean", str(raw), "-o", str(out), "--format", form, "--jobs", "1", "--quiet"]
    assert main(command) == Exit.OK
    written = files(out)
    assert written
    away = raw.rename(tmp_path / "away")
    raw.mkdir()
    assert main(command) == Exit.USAGE
    assert files(out).items() >= written.items()
    raw.rmdir()
    away.rename(raw)
    assert main(command) == Exit.OK
    assert files(out) == written


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_and_the_run_can_go_on(tmp_path: Path) -> None:
    inputs = pages(tmp_path / "in", 5)
    with Path("/dev/full").open("wb", buffering=0) as full:
        summary = run(Plugged(), inputs, Lines(full))
    assert "No space left" in str(summary.stopped)


def test_an_input_that_is_deleted_meanwhile_is_a_row(tmp_path: Path) -> None:
    inputs = pages(tmp_path / "in", 5)

    def delete(row: Row) -> None:
        (tmp_path / "in" / "00004.html").unlink(missing_ok=True)

    summary = run(Plugged(), inputs, Folder(tmp_path / "out", Format.JSON), delete)
    assert summary.statuses == {Status.OK: 4, Status.UNREADABLE: 1}
