"""Runs in shards, as engines hand them out, without any engine: same rows, poison, what is done and what is not."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import need_formats

need_formats()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from cleaner import Cleaner  # noqa: E402
from cleaner.batch import Summary, run  # noqa: E402
from cleaner.cli import main  # noqa: E402
from cleaner.cli.common import Exit  # noqa: E402
from cleaner.errors import InputError, OutputError  # noqa: E402
from cleaner.integrations.shards import Digested, Done, Shard, Work, Worker, begin, plan  # noqa: E402
from cleaner.model import Page  # noqa: E402
from cleaner.pool import Limits  # noqa: E402
from cleaner.storage import Input, TableFile, find_pages  # noqa: E402
from cleaner.storage.written import find_records  # noqa: E402
from cleaner.workbench.suggest import Surveyor, rows  # noqa: E402
from tests.crawl import crawl, html, parquet, url, warc  # noqa: E402
from tests.crawl import rows as rows_of  # noqa: E402
from tests.plugs import POISON, Plugged  # noqa: E402
from tests.test_workbench_suggest import SIGHTINGS, added  # noqa: E402


def go(
    paths: list[Path],
    out: Path,
    cleaner: Digested,
    *,
    size: int = 2_000,
    most: int = 999,
    limits: Limits | None = None,
) -> list[Done]:
    """Do all shards that are not done, here, `most` at most; return what became of them."""
    work = Work.of(cleaner, out, limits, counts=False)
    todo, _ = begin(plan(paths, out, size), out, work.digest, work.key, work.limits)
    worker = Worker(work)
    try:
        return [worker(shard) for shard in todo[:most]]
    finally:
        worker.close()


def page(number: int) -> Page:
    return Page(html(number), url(number))


def surveyed(numbers: range, rules: Any = False) -> Surveyor:
    surveyor = Surveyor(Cleaner(rules))
    for number in numbers:
        surveyor.clean(page(number))
    return surveyor


class TestRows:
    def test_they_are_those_of_a_local_run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        crawl(Path("crawl"))
        done = go([Path("crawl")], Path("parts"), Cleaner("generic"))
        arguments = "clean crawl -o whole --format parquet --no-site-rules --quiet --jobs 1"
        assert main(arguments.split()) == Exit.FAILED  # the line that is no JSON
        assert len(done) > 8
        assert rows_of(Path("parts")) == rows_of(Path("whole"))
        assert [place for shard in done for place, *_ in shard.failed] == ["crawl/c.jsonl:11"]

    @pytest.mark.parametrize("size", [1, 700, 2_000, 10**6])
    def test_parts_of_a_file_make_up_the_whole(self, tmp_path: Path, size: int) -> None:
        warc(tmp_path / "a.warc.gz", range(30))
        parquet(tmp_path / "b.parquet", range(30), group=4)
        lines = [json.dumps({"html": html(number), "url": url(number)}) for number in range(30)]
        lines[7:7] = ["", "no JSON", "\x1f\x8b no gzip"]
        (tmp_path / "c.jsonl").write_text("\n".join(lines))
        shards = plan([tmp_path], tmp_path / "out", size)
        assert len(shards) > 2 or size == 10**6

        def said(page: Input) -> tuple[str, str | None, object]:
            return page.location, page.url, page.trouble or page.read().content

        found = [said(page) for shard in shards for page in shard.pages()]
        whole = [said(page) for page in find_pages([tmp_path])]
        assert found == whole
        assert len(whole) == 92

    def test_a_file_packed_as_a_whole_has_no_parts(self, tmp_path: Path) -> None:
        import gzip

        warc(tmp_path / "a.warc.gz", range(30))
        plain = gzip.decompress((tmp_path / "a.warc.gz").read_bytes())
        (tmp_path / "a.warc.gz").write_bytes(gzip.compress(plain))
        shards = plan([tmp_path], tmp_path / "out", 100)
        assert [shard.part for shard in shards if shard.part and shard.part.begin] == []
        assert sum(1 for shard in shards for _ in shard.pages()) == 30

    def test_a_broken_record_costs_itself(self, tmp_path: Path) -> None:
        warc(tmp_path / "a.warc.gz", range(30))
        content = bytearray((tmp_path / "a.warc.gz").read_bytes())
        content[len(content) // 2 : len(content) // 2 + 40] = bytes(40)
        (tmp_path / "a.warc.gz").write_bytes(content)
        whole = [page.location for page in find_pages([tmp_path]) if not page.trouble]
        shards = plan([tmp_path], tmp_path / "out", 2_000)
        assert [page.location for shard in shards for page in shard.pages() if not page.trouble] == whole
        assert len(whole) == 29

    def test_a_broken_record_at_a_cut_is_told_once(self, tmp_path: Path) -> None:
        warc(tmp_path / "a.warc.gz", range(9))
        content = (tmp_path / "a.warc.gz").read_bytes()
        (tmp_path / "a.warc.gz").write_bytes(content[: content.rindex(b"\x1f\x8b\x08") + 140])
        whole = [(page.location, page.trouble) for page in find_pages([tmp_path])]
        shards = plan([tmp_path], tmp_path / "out", 1)
        assert [(page.location, page.trouble) for shard in shards for page in shard.pages()] == whole
        assert [bool(trouble) for _, trouble in whole] == [False] * 8 + [True]
        assert len(shards) == 9

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.sampled_from([b"", b"   ", b"no", b"[]", b"\0\xff", b'{"html": "a\rb"}', b'{"html": "c"}']), max_size=9
        ),
        st.sampled_from([b"\n", b"\r\n"]),
        st.sampled_from([b"", b"\n"]),
        st.integers(1, 60),
    )
    def test_any_lines_are_those_of_the_whole(
        self, tmp_path: Path, lines: list[bytes], end: bytes, last: bytes, size: int
    ) -> None:
        file = tmp_path / "a.jsonl"
        file.write_bytes(end.join([b'{"html": "first"}', *lines]) + last)
        whole = [(page.location, page.trouble) for page in find_pages([file])]
        shards = plan([file], tmp_path / "out", size)
        assert [(page.location, page.trouble) for shard in shards for page in shard.pages()] == whole

    def test_small_files_are_done_together(self, tmp_path: Path) -> None:
        for at in range(10):
            (tmp_path / f"{at}.html").write_text("x" * 100)
        assert [len(shard.files) for shard in plan([tmp_path], tmp_path / "out", 400)] == [4, 4, 2]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_each_poison_costs_one_page(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    places = dict(zip(range(1, 40, 6), POISON, strict=False))
    for at in range(40):
        (tmp_path / "in" / f"{at:02}.html").write_bytes(places.get(at, b"A page."))
    go([tmp_path / "in"], tmp_path / "out", Plugged(), size=70, limits=Limits(seconds=5, megabytes=400))
    found = [(row["location"][-7:-5], row["status"]) for row in rows_of(tmp_path / "out")]
    assert found == [(f"{at:02}", POISON[places[at]].value if at in places else "ok") for at in range(40)]


def test_a_page_that_fails_keeps_its_address(tmp_path: Path) -> None:
    source = Input(None, PurePosixPath("a"), page=Page(b"bug", "https://a.example/1"))
    run(Plugged(), [source], TableFile(tmp_path / "a.parquet"))
    assert [(row["status"], row["url"]) for row in rows_of(tmp_path)] == [("crashed", "https://a.example/1")]


class TestResuming:
    @pytest.fixture
    def paths(self, tmp_path: Path) -> list[Path]:
        (tmp_path / "in").mkdir()
        for at in range(6):
            (tmp_path / "in" / f"{at}.html").write_text(f"Page {at}.")
        return [tmp_path / "in"]

    def test_what_is_done_is_passed_over(self, paths: list[Path], tmp_path: Path) -> None:
        out = tmp_path / "out"
        assert [done.number for done in go(paths, out, Plugged(), size=14, most=2)] == [0, 1]
        assert [done.number for done in go(paths, out, Plugged(), size=14)] == [2]
        assert [row["text"] for row in rows_of(out)] == [f"Page {at}." for at in range(6)]
        assert go(paths, out, Plugged(), size=14) == []

    def test_what_has_changed_is_done_again(self, paths: list[Path], tmp_path: Path) -> None:
        out = tmp_path / "out"
        go(paths, out, Plugged(), size=14)
        (paths[0] / "3.html").write_text("Page Three.")
        assert [done.number for done in go(paths, out, Plugged(), size=14)] == [1]
        assert [row["text"] for row in rows_of(out)][3] == "Page Three."

    def test_so_is_what_belongs_to_a_page(self, paths: list[Path], tmp_path: Path) -> None:
        (shard,) = plan([paths[0] / "0.html"], tmp_path / "out")
        keys = {shard.key("x")}
        (paths[0] / "0.html.json").write_text('{"pages": ["0.page-2.html"], "rendered": "0.rendered.html"}')
        keys.add(shard.key("x"))
        for name in ("0.page-2.html", "0.page-2.html.json", "0.rendered.html"):
            (paths[0] / name).write_text("{}")
            keys.add(shard.key("x"))
        assert len(keys) == 5

    def test_limits_notes_and_reports(self, paths: list[Path], tmp_path: Path) -> None:
        out = tmp_path / "out"
        (paths[0] / "3.html").write_text("bug")
        go(paths, out, Plugged(), size=14)
        found = [found.record["location"] for found in find_records([out]) if found.record]
        assert found == [str(paths[0] / f"{at}.html") for at in range(6)]
        shards = plan(paths, out, 14)
        work = Work.of(Plugged(), out, None, counts=False)
        # What failed under other limits is done anew; how long a worker lasts is no limit on a page.
        assert begin(shards, out, work.digest, work.key, Limits(pages=7))[0] == []
        failed = [shard for shard in shards if paths[0] / "3.html" in [file.path for file in shard.files]]
        assert begin(shards, out, work.digest, work.key, Limits(seconds=70))[0] == failed
        # A note goes with its file: else a run that is killed between the two leaves a file with the note of another.
        assert len([*(out / ".cleaner").iterdir()]) == len(shards) - 1 == len([*out.glob("part-*")])
        begin(shards[:1], out, "another run", work.key)
        assert [*(out / ".cleaner").iterdir()] == [*out.glob("part-*")] == []

    def test_other_rules_begin_anew(self, paths: list[Path], tmp_path: Path) -> None:
        class Other(Plugged):
            def digest(self) -> str:
                return "other"

        out = tmp_path / "out"
        go(paths, out, Plugged(), size=14)
        work = Work.of(Other(), out, None, counts=False)
        todo, done = begin(plan(paths, out, 14), out, work.digest, work.key)
        assert (len(todo), done) == (3, [])
        assert not [*out.glob("*.parquet")]

    def test_fewer_shards_leave_nothing_behind(self, paths: list[Path], tmp_path: Path) -> None:
        out = tmp_path / "out"
        go(paths, out, Plugged(), size=14)
        go(paths, out, Plugged(), size=1_000)
        assert len(rows_of(out)) == 6

    def test_files_of_others_are_not_touched(self, paths: list[Path], tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        parquet(tmp_path / "out" / "part-00001.parquet", range(3))
        with pytest.raises(OutputError, match=r"part-00001\.parquet: exists and is none of cleaner's"):
            go(paths, tmp_path / "out", Plugged(), size=14)
        assert len(rows_of(tmp_path / "out")) == 3

    def test_a_shard_that_kills_all_its_workers_ends_the_run(self, paths: list[Path], tmp_path: Path) -> None:
        work = Work.of(Plugged(), tmp_path / "out", None, counts=False)
        (shard,) = plan(paths, work.out, 1_000)
        begin([shard], work.out, work.digest, work.key)
        for at in range(20):
            (work.out / ".cleaner" / f"part-00000.{at}.part").touch()
        worker = Worker(work)
        done = worker(shard)
        worker.close()
        assert "20 workers died" in done.trouble
        with pytest.raises(OutputError):
            done.count(Summary())


class TestTrouble:
    def test_other_rules_on_another_machine(self, tmp_path: Path) -> None:
        worker = Worker(Work(Plugged(), tmp_path, digest="records-x"))
        assert "other rules or another version" in worker(Shard(0, ())).trouble
        worker.close()

    def test_an_output_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "a.html").write_text("Page.")
        work = Work.of(Plugged(), tmp_path / "gone", None, counts=False)
        worker = Worker(work)
        (shard,) = plan([tmp_path / "a.html"], work.out)
        assert "cannot be written" in worker(shard).trouble
        worker.close()

    def test_what_nobody_foresaw(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.html").write_text("Page.")
        worker = Worker(Work.of(Plugged(), tmp_path, None, counts=False))
        (shard,) = plan([tmp_path / "a.html"], tmp_path / "out")
        monkeypatch.setattr(Shard, "key", lambda *_: 1 / 0)
        assert worker(shard).trouble.endswith("a.html: ZeroDivisionError: division by zero; this is a bug in cleaner")
        worker.close()

    def test_a_stream_has_no_shards(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InputError, match="stream"):
            plan([tmp_path / "pipe"], tmp_path / "out")

    def test_no_pages(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no pages"):
            plan([tmp_path], tmp_path / "out")


class TestSums:
    @settings(max_examples=25, deadline=None)
    @given(
        st.lists(SIGHTINGS, max_size=12, unique_by=lambda sighting: sighting.page),
        st.integers(1, 5),
        st.integers(1, 4),
    )
    def test_they_do_not_depend_on_how_pages_are_divided(self, sightings, parts, groups):
        tables = [rows.table_of(added(sightings[at::parts])) for at in range(parts)]
        table = pa.concat_tables(tables)
        buckets = table.column("bucket").to_pylist()
        by_group = [
            rows.merged(table.filter(pa.array([bucket % groups == group for bucket in buckets], pa.bool_())))
            for group in range(groups)
        ]
        assert rows.sitepass_of(by_group).as_json() == added(sightings).as_json()

    def test_the_keys_of_a_large_site_spread_over_all_groups(self) -> None:
        buckets = rows.table_of(surveyed(range(0, 150, 3)).sitepass).column("bucket").to_pylist()
        groups = [bucket * 8 // rows.BUCKETS for bucket in buckets]
        assert max(groups.count(group) for group in range(8)) < 2 * len(groups) / 8

    def test_memory_does_not_grow_with_the_pages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rows, "_MOST_ROWS", 60)
        surveyor = Surveyor(Cleaner(False))
        render = rows.Rendering(surveyor)
        sink = rows.SumFile(tmp_path / "sums.parquet", render)
        held = []
        for at in range(0, 180, 3):  # pages of one site
            sink.put(PurePosixPath(str(at)), render(surveyor.clean(page(at)), page(at)))
            held.append(sink.held)
        sink.close()
        whole = surveyed(range(0, 180, 3)).sitepass
        table = pq.read_table(tmp_path / "sums.parquet")
        assert max(held) < 60 < len(rows.table_of(whole))
        assert rows.sitepass_of([table]).as_json() == whole.as_json()

    def test_a_folder_is_read_for_one_site(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = surveyed(range(12)).sitepass
        (tmp_path / "pass").mkdir()
        pq.write_table(rows.table_of(whole), tmp_path / "pass" / "part-00000.parquet")
        found = rows.load(tmp_path / "pass", "a.example")
        assert found.of("a.example", ["html"]) == whole.of("a.example", ["html"])
        assert set(found.sites) == {"a.example"}
        assert rows.load(tmp_path / "pass").sites == whole.sites
        monkeypatch.setattr(rows, "MAX_KEYS", 15)
        tallies = rows.load(tmp_path / "pass", "a.example").of("a.example", ["html"]).tallies
        most = sorted((tally.pages for tally in whole.of("a.example", ["html"]).tallies.values()), reverse=True)
        assert 0 < len(tallies) <= 15
        assert min(tally.pages for tally in tallies.values()) > most[15]

    def test_suggest_reads_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        sitepass = surveyed(range(60), "generic").sitepass
        (tmp_path / "pass").mkdir()
        pq.write_table(rows.table_of(sitepass), tmp_path / "pass" / "part-00000.parquet")
        sitepass.save(tmp_path / "pass.json")
        said = []
        for name in ("pass", "pass.json"):
            assert main(["rules", "suggest", "--merge", str(tmp_path / name), "--site", "a.example"]) == Exit.OK
            said.append(capsys.readouterr())
        assert said[0] == said[1]
        assert "20 html pages" in said[0].err
        assert main(["rules", "suggest", "--merge", str(tmp_path / "pass")]) == Exit.USAGE
        assert "pages of 3 sites" in capsys.readouterr().err

    def test_what_is_no_pass(self, tmp_path: Path) -> None:
        parquet(tmp_path / "part-00000.parquet", range(3))
        with pytest.raises(InputError, match="lacks the column"):
            rows.load(tmp_path, "a.example")
