"""`cleaner report`: records back in, in every form; their sums; the page that shows them."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cleaner.batch import run
from cleaner.census import Census, Entry, Flag, Frequent, Histogram, Least, Site
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import Status
from cleaner.pipeline import Cleaner
from cleaner.report import write_corpus
from cleaner.state import Entry as Done
from cleaner.state import RunKey, State, last_run
from cleaner.storage import Folder, find_pages, record
from cleaner.storage.written import find_records
from cleaner.text import word_count
from tests.browsing import CONTRAST, Elements, Tab, texts
from tests.conftest import ROOT, need_formats

ATTACK = "</script><script>window.hit=1</script><img src=x onerror=window.hit=2><!--{{index}}{{script}}"


def article(**changes: Any) -> dict[str, Any]:
    """Return a record, made of that of a real page."""
    page = ROOT / "raw/trillmag.com/radio.html"
    if not _RADIO:
        _RADIO.append(json.dumps(record(Cleaner().clean(page))))
    made: dict[str, Any] = json.loads(_RADIO[0])
    for name, value in changes.items():
        (made["metadata"] if name in made["metadata"] and name != "url" else made)[name] = value
    return made


_RADIO: list[str] = []


def census_of(*records: dict[str, Any]) -> Census:
    census = Census()
    for one in records:
        census.add(Entry.of(one))
    return census


def index_of(html: str) -> dict[str, Any]:
    (text,) = (text for attributes, text in Elements(html).all("script") if attributes.get("id") == "index")
    index: dict[str, Any] = json.loads(text)
    return index


def report(*arguments: str | Path) -> int:
    return main(["report", *map(str, arguments)])


class TestRecords:
    """Whatever `clean` writes is read."""

    @pytest.mark.parametrize("form", ["text", "markdown", "json", "jsonl", "jsonl.zst", "parquet"])
    def test_every_form_gives_the_same_report(self, form: str, tmp_path: Path) -> None:
        if form in ("jsonl.zst", "parquet"):
            need_formats()
        raw = ROOT / "raw"
        assert main(["clean", str(raw), "-o", str(tmp_path / "out"), "--format", form, "-q", "-j", "0"]) == Exit.OK
        assert report(tmp_path / "out", "-o", tmp_path / "a.html") == Exit.OK
        index = index_of((tmp_path / "a.html").read_text("utf-8"))
        summary = run(Cleaner(), find_pages([raw]), Folder(tmp_path / "again"))
        assert index["pages"] == summary.pages
        assert dict(index["statuses"]) == summary.statuses
        left_out = {index["kinds"][kind]: (blocks, words) for kind, _, blocks, words in index["left_out"]}
        assert left_out.pop("metadata") == (summary.metadata.blocks, summary.metadata.words)
        assert left_out == {kind: (tally.blocks, tally.words) for kind, tally in summary.noise.items()}
        assert sum(words for *_, words in index["rules"]) == index["words"] - index["body"]
        assert index["total_seconds"] > 0 and len(index["slowest"]) == summary.pages

    def test_files_may_be_named(self, tmp_path: Path) -> None:
        line = json.dumps(article()) + "\n"
        for name in ("a.jsonl", "b.jsonl"):
            (tmp_path / name).write_text(line * 3)
        (tmp_path / "c.json").write_text(json.dumps(article(), indent=2))
        assert len(list(find_records([tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.json")]))) == 7

    def test_two_forms_in_a_folder_are_not_counted_twice(self, tmp_path: Path) -> None:
        (tmp_path / "pages.jsonl").write_text(json.dumps(article()) + "\n")
        (tmp_path / "a.html.json").write_text(json.dumps(article(), indent=2))
        with pytest.raises(InputError, match=r"pages\.jsonl, a\.html\.json"):
            list(find_records([tmp_path]))

    @pytest.mark.parametrize(
        ("name", "content", "told"),
        [
            ("a.txt", "", "holds nothing that"),
            ("pages.jsonl.part", "", "the same command goes on"),
            ("pages.jsonl", '{"html": "<p>a crawl"}\n', "holds no records of cleaner"),
            ("a.json", '{"mine": 1}', "holds nothing that"),
        ],
    )
    def test_what_is_none_is_an_error(self, name: str, content: str, told: str, tmp_path: Path) -> None:
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=told):
            list(find_records([tmp_path]))
        with pytest.raises(InputError, match="nowhere"):
            list(find_records([tmp_path / "nowhere"]))

    def test_tables_of_others_are_an_error(self, tmp_path: Path) -> None:
        need_formats()
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"html": ["x"]}), tmp_path / "pages-00000.parquet")
        with pytest.raises(InputError, match="no records of cleaner"):
            list(find_records([tmp_path]))
        (tmp_path / "pages-00000.parquet").write_bytes(b"PAR1 and nothing of the kind")
        with pytest.raises(InputError, match="broken Parquet"):
            list(find_records([tmp_path]))

    def test_links_are_not_followed_and_hidden_folders_not_entered(self, tmp_path: Path) -> None:
        text = json.dumps(article())
        for folder in ("out/.cleaner", "elsewhere"):
            (tmp_path / folder).mkdir(parents=True)
            (tmp_path / folder / "a.json").write_text(text)
        (tmp_path / "out/b.json").write_text(text)
        (tmp_path / "out/loop").symlink_to(tmp_path / "out")
        (tmp_path / "out/away").symlink_to(tmp_path / "elsewhere")
        os.mkfifo(tmp_path / "out/pipe.json")
        assert [Path(found.where).name for found in find_records([tmp_path / "out"])] == ["b.json"]

    def test_a_broken_record_costs_itself(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        broken = [
            "no json", "[1]", '{"cleaner": "0.1.0"}', json.dumps(article(status="fine")), json.dumps(article(title=["x"])),
            json.dumps(article(confidence=float("nan"))), json.dumps(article(word_count=10**400)), json.dumps(article(removed=[7])),
            json.dumps(article(url=7)), json.dumps(article(word_count="many")), json.dumps(article(removed=None)),
        ]  # fmt: skip
        lines = [json.dumps(article()), *broken, json.dumps(article())]
        (tmp_path / "pages.jsonl").write_text("\n".join(lines) + "\n")
        assert report(tmp_path, "-o", tmp_path / "a.html") == Exit.FAILED
        assert f"2 pages in {tmp_path / 'a.html'}; {len(broken)} records could not be read" in capsys.readouterr().err
        index = index_of((tmp_path / "a.html").read_text("utf-8"))
        assert (index["pages"], index["broken"][0]) == (2, len(broken))
        assert any(where.endswith("pages.jsonl:2") and "no JSON" in why for where, why in index["broken"][1])


class TestSums:
    def test_words_before_and_after(self) -> None:
        whole = Cleaner().clean(ROOT / "raw/trillmag.com/radio.html")
        entry = Entry.of(record(whole))
        assert entry.body == word_count(whole.text)
        assert entry.words == entry.body + sum(gone.block.words for gone in whole.removed)

    @pytest.mark.parametrize(
        ("changes", "flags"),
        [
            ({}, []),
            ({"status": "crashed", "reason": "KeyError: 'x'", "removed": []}, [(Flag.FAILED, "KeyError: 'x'")]),
            ({"status": "empty", "word_count": 0}, [(Flag.EMPTIED, "none of 218 words kept; 65 went as comment-form by platforms/wordpress/after-the-form")]),
            ({"status": "empty", "word_count": 0, "removed": [], "reason": "the page holds no text"}, [(Flag.EMPTIED, "the page holds no text")]),
            ({"status": "stub", "reason": "30 words, then a paywall"}, [(Flag.WALLED, "30 words, then a paywall")]),
            ({"word_count": 49}, [(Flag.SCANT, "49 of 267 words kept")]),
            ({"word_count": 50}, []),
            ({"confidence": 0.6999}, [(Flag.UNSURE, "confidence 0.70")]),
            ({"confidence": None}, []),
            ({"notes": [{"id": "a/b", "message": "skipped: too much", "where": None, "tripped": True}]}, [(Flag.GUARDED, "a/b: skipped: too much")]),
            ({"notes": [{"id": "a/b", "message": "hits nothing", "where": None, "tripped": False}]}, []),
        ],
    )  # fmt: skip
    def test_flags(self, changes: dict[str, Any], flags: list[tuple[Flag, str]]) -> None:
        found = [(flag, reason) for flag, _, reason in Entry.of(article(**changes)).flags()]
        assert [flag for flag, _ in found] == [flag for flag, _ in flags]
        assert all(said.startswith(told) for (_, said), (_, told) in zip(found, flags, strict=True)), found

    def test_the_worst_come_first_in_whichever_order_they_are_added(self) -> None:
        records = [article(location=f"{at:04}", confidence=at / 1000) for at in range(700)]
        records += [
            article(location=f"f{status}", status=status, removed=[]) for status in ("unreadable", "timeout", "crashed")
        ]
        random.Random(1).shuffle(records)
        census = census_of(*records)
        assert census.flagged == 703
        unsure = [entry.location for entry, _ in census.worst[Flag.UNSURE]]
        assert unsure == [f"{at:04}" for at in range(100)]
        assert [entry.location for entry, _ in census.worst[Flag.FAILED]] == ["fcrashed", "ftimeout", "funreadable"]

    def test_fields_are_counted_of_articles_with_where_they_come_from(self) -> None:
        census = census_of(article(), article(authors=[]), article(status="captcha"))
        assert census.articles == 2
        assert census.fields["authors"].total() == 1
        assert census.fields["title"] == Counter({"h1": 2})

    def test_sites(self) -> None:
        census = census_of(
            article(url="https://www.a.example/1"), article(url="https://a.example/2", word_count=1), article(url="http://[bad", rules=["sites/b.example"]),
        )  # fmt: skip
        assert [(name, site.pages, site.flagged) for name, site in census.sites.most(9)] == [
            ("a.example", 2, 1),
            ("b.example", 1, 0),
        ]

    def test_histograms(self) -> None:
        sizes = [random.Random(at).lognormvariate(6, 1) for at in range(5_000)]
        histogram = Histogram()
        for size in [0, *sizes]:
            histogram.add(size)
        assert (histogram.zeros, len(histogram)) == (1, 5_001)
        for share in (0.1, 0.5, 0.9):
            assert histogram.quantile(share) == pytest.approx(sorted(sizes)[int(share * 5_000)], rel=0.02)
        for at, number in histogram.bins(8).items():
            assert number == pytest.approx(sum(10 ** (at / 8) <= size < 10 ** ((at + 1) / 8) for size in sizes), abs=25)
        assert sum(histogram.bins(8).values()) == 5_000
        assert Histogram().quantile(0.5) == 0

    def test_what_is_frequent_stays(self) -> None:
        sites = Frequent(Site, limit=10)
        for at in range(2_000):
            sites[f"rare{at}"].pages += 1
            sites[f"often{at % 5}"].pages += 1
        assert len(sites) <= 20 and not sites.is_exact
        assert [(name, site.pages) for name, site in sites.most(5)] == [(f"often{at}", 400) for at in range(5)]

    def test_the_least(self) -> None:
        least: Least[str] = Least(3)
        for at in random.Random(1).sample(range(1_000), 1_000):
            least.add(at, str(at))
        assert list(least) == ["0", "1", "2"]

    def test_memory_does_not_grow_with_pages(self) -> None:
        census = Census()
        for at in range(60_000):
            census.add(
                Entry(
                    "0", f"raw/{at}.html", f"{at}.example", "", Status.CRASHED, f"reason {at}", None, 0, {}, {},
                    [(f"rule/{at}", "", f"message {at}", False)],
                )
            )  # fmt: skip
        assert census.pages == census.flags[Flag.FAILED] == 60_000
        assert max(len(census.sites), len(census.notes)) <= 40_000
        assert len(list(census.worst[Flag.FAILED])) == 100

    def test_long_texts_are_cut(self) -> None:
        entry = Entry.of(article(title="x" * 10**6, location="y" * 10**6, reason="z" * 10**6))
        assert max(map(len, (entry.title, entry.location, entry.reason))) == 300


class TestSeconds:
    """The state of a run knows how long each page took; no record does."""

    KEY = RunKey("command", "options", "rules")

    def test_seconds_are_kept_and_stay(self, tmp_path: Path) -> None:
        names = [Path("a.html"), Path(os.fsdecode(b"\xff.html"))]
        state = State(tmp_path, self.KEY)
        state.enter([Done(name, "ok", "h", "r", 1.5) for name in names], 0)
        assert last_run(tmp_path) is None  # it is going on
        state.close(complete=False)
        state = State(tmp_path, self.KEY)
        state.enter([Done(names[0], "ok", "h", "r", None), Done(names[1], "timeout", "h", "r", 60.0)], 0)
        state.close(complete=True)
        last = last_run(tmp_path)
        assert last is not None and last.complete
        assert sorted(last.seconds()) == sorted([(names[0], "ok", 1.5), (names[1], "timeout", 60.0)])
        last.close()

    def test_only_the_last_run_counts(self, tmp_path: Path) -> None:
        for at, name in enumerate("ab"):
            state = State(tmp_path, RunKey(str(at), "options", "rules"))
            state.enter([Done(Path(name), "ok", None, None, 1.0)], 0)
            state.close(complete=at == 0)
        last = last_run(tmp_path)
        assert last is not None and not last.complete
        assert [name for name, *_ in last.seconds()] == [Path("b")]
        last.close()

    def test_a_state_that_knew_no_seconds_is_gone_on_with(self, tmp_path: Path) -> None:
        State(tmp_path, self.KEY).close(complete=True)
        with sqlite3.connect(tmp_path / ".cleaner/state.sqlite") as db:
            db.executescript("ALTER TABLE page DROP COLUMN seconds; PRAGMA user_version = 1")
            db.execute("INSERT INTO page VALUES (?, 1, 'ok', 'h', 'r')", (b"a.html",))
        db.close()
        assert last_run(tmp_path) is None
        state = State(tmp_path, self.KEY)
        assert state.known(Path("a.html")) is not None
        state.enter([Done(Path("b.html"), "ok", "h", "r", 2.0)], 0)
        state.close(complete=True)
        last = last_run(tmp_path)
        assert last is not None and [seconds for *_, seconds in last.seconds()] == [2.0]
        last.close()

    def test_no_state_and_what_is_none(self, tmp_path: Path) -> None:
        assert last_run(tmp_path) is None
        assert not (tmp_path / ".cleaner").exists()
        (tmp_path / ".cleaner").mkdir()
        (tmp_path / ".cleaner/state.sqlite").write_bytes(b"no database, but long enough to look like one" * 99)
        assert last_run(tmp_path) is None

    def test_pages_left_as_they_are_keep_their_time(self, tmp_path: Path) -> None:
        shutil.copytree(ROOT / "raw/trillmag.com", tmp_path / "raw")
        command = ["clean", str(tmp_path / "raw"), "-o", str(tmp_path / "out"), "-q", "-j", "0", "--changed"]
        told = []
        for _ in range(2):
            assert main(command) == Exit.OK
            last = last_run(tmp_path / "out")
            assert last is not None
            told.append(sorted(last.seconds()))
            last.close()
        assert told[0] == told[1] and len(told[0]) > 1


class TestFile:
    def test_equal_records_give_equal_files(self, tmp_path: Path) -> None:
        records = [article(location=str(at), confidence=at / 50) for at in range(50)]
        files = []
        for number in range(2):
            random.Random(number).shuffle(records)
            write_corpus(tmp_path / f"{number}.html", census_of(*records), subject="x")
            files.append((tmp_path / f"{number}.html").read_bytes())
        assert files[0] == files[1]

    def test_records_are_data_and_nothing_else(self, tmp_path: Path) -> None:
        write_corpus(tmp_path / "a.html", Census(), subject="x")
        write_corpus(tmp_path / "b.html", hostile(), subject=ATTACK + "\udcff")
        plain, attacked = (Elements((tmp_path / name).read_text("utf-8")) for name in ("a.html", "b.html"))
        assert [name for name, _ in plain.found] == [name for name, _ in attacked.found]
        html = (tmp_path / "b.html").read_text("utf-8")
        policy = next(a["content"] or "" for a, _ in attacked.all("meta") if a.get("http-equiv"))
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http:" not in policy
        assert not [
            a for _, a in attacked.found for name in ("src", "href", "style") if name in a and a[name] != "#main"
        ]
        ((_, style),) = attacked.all("style")
        (script,) = (text for attributes, text in attacked.all("script") if not attributes)
        for word in ("url(", "@import", "innerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert word not in style + script
        assert "window.hit=1</script>" not in html

    def test_only_a_report_on_a_corpus_is_written_over(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out/pages.jsonl").write_text(json.dumps(article()) + "\n")
        target = tmp_path / "a.html"
        for code in (Exit.OK, Exit.OK):
            assert report(tmp_path / "out", "-o", target) == code
        assert main(["diff", str(ROOT / "raw/trillmag.com/radio.html"), "--html", str(target)]) == Exit.USAGE
        target.write_text("<p>mine")
        assert report(tmp_path / "out", "-o", target) == Exit.USAGE
        assert "no report of cleaner" in capsys.readouterr().err
        assert target.read_text() == "<p>mine"
        (tmp_path / "file").touch()
        with pytest.raises(OutputError):
            write_corpus(tmp_path / "file/a.html", Census(), subject="")

    def test_a_run_that_was_stopped_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "a.html.json").write_text(json.dumps(article()))
        State(tmp_path, RunKey("a", "b", "c")).close(complete=False)
        assert report(tmp_path, "-o", tmp_path / "a.html") == Exit.OK
        assert index_of((tmp_path / "a.html").read_text("utf-8"))["complete"] is False


def hostile() -> Census:
    """Return a census of records that say what a browser should never take for markup."""
    note = {"id": ATTACK, "message": ATTACK, "where": ATTACK, "tripped": True}
    block = {
        "index": 0,
        "text": "word " * 99,
        "fate": "drop",
        "kind": "share",
        "field": None,
        "evidence": [{"id": ATTACK, "where": ATTACK, "detail": ""}],
    }
    said = {
        "title": ATTACK,
        "location": ATTACK,
        "reason": ATTACK,
        "notes": [note],
        "removed": [block],
        "url": f"https://{ATTACK.replace('/', '')}/",
        "cleaner": ATTACK,
    }
    census = census_of(*(article(**said, status=status, word_count=0 if status == "empty" else 9) for status in Status))
    census.add_broken(ATTACK, ATTACK)
    census.add_seconds(ATTACK, ATTACK, 1.0)
    return census


# ── In a browser ──────────────────────────────────────────────────────────────────────────────────────────────────────


def many() -> Census:
    """Return a census of a thousand pages of all statuses."""
    chance = random.Random(7)
    census = Census()
    for at in range(1_000):
        status = Status.OK if at % 3 else list(Status)[at % 13]
        census.add(Entry.of(article(
            location=f"raw/{'a-long-name-' * (at % 9)}{at}.html", status=status, url=f"https://site{at % 37}.example/{at}",
            word_count=int(chance.lognormvariate(6, 1)), confidence=chance.random(),
        )))  # fmt: skip
        census.add_seconds(f"{at}.html", status, chance.lognormvariate(-3, 1))
    return census


class TestBrowser:
    def test_no_record_runs_in_it(self, browser: Any, tmp_path: Path) -> None:
        write_corpus(tmp_path / "a.html", hostile(), subject=ATTACK)
        with Tab(browser, tmp_path / "a.html") as page:
            for part in ("#about", "#look", "#sites", "#rules", ".remarks", ".noted", "#slowest"):
                assert "<script>window.hit=1" in page.inner_text(part), part
            page.click("button.measure")
            page.click("#rules th button >> nth=0")
            assert page.evaluate("window.hit") is None
            assert page.locator("#main img, #main script, #main a").count() == 0

    def test_flagged_pages_come_first_with_their_reasons(self, browser: Any, tmp_path: Path) -> None:
        census = many()
        write_corpus(tmp_path / "a.html", census, subject="clean")
        with Tab(browser, tmp_path / "a.html") as page:
            assert page.inner_text(".lead").startswith("1,000 pages from 37 sites")
            order = page.evaluate("[...document.querySelectorAll('#main > section')].map((part) => part.id)")
            assert order.index("look") < min(order.index(part) for part in ("sites", "rules"))
            groups = page.locator(".flag")
            assert [int(text.replace(",", "")) for text in texts(page, ".flag summary .num")] == [
                census.flags[flag] for flag in Flag if census.flags[flag]
            ]
            first = groups.nth(0)
            assert "crashed" in first.inner_text()
            assert first.locator(".look").count() == 5
            first.locator(".more").click()
            assert first.locator(".look").count() == min(100, census.flags[Flag.FAILED])

    def test_charts_add_up(self, browser: Any, tmp_path: Path) -> None:
        census = many()
        write_corpus(tmp_path / "a.html", census, subject="clean")
        number = "Array.from(document.querySelectorAll('{}'), (one) => Number(one.textContent.replace(/[^0-9]/g, ''))).reduce((a, b) => a + b, 0)"
        with Tab(browser, tmp_path / "a.html") as page:
            assert page.evaluate(number.format(".legend b")) == 1_000
            words = sum(text.words for text in census.left_out.values())
            assert page.evaluate(number.format("#noise .num:not(.share)")) == words
            titles = page.evaluate("[...document.querySelectorAll('#length .bin')].map((bin) => bin.title)")
            cleaned = 1_000 - census.flags[Flag.FAILED]
            for side in (1, 2):
                counts = [
                    int(title.split(": ")[1].split(", " if "," in title else " ")[side - 1].split()[0].replace(",", ""))
                    for title in titles
                ]
                assert sum(counts) == cleaned

    def test_a_kind_shows_its_rules_and_tables_sort_and_search(self, browser: Any, tmp_path: Path) -> None:
        write_corpus(tmp_path / "a.html", many(), subject="clean")
        with Tab(browser, tmp_path / "a.html") as page:
            page.click("button.measure.k-metadata")
            assert set(texts(page, "#rules tbody td:nth-child(2)")) == {"metadata"}
            assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
            page.click("button.measure.k-metadata")
            assert len(set(texts(page, "#rules tbody td:nth-child(2)"))) > 3
            page.click("#sites th button >> nth=0")
            names = texts(page, "#sites tbody td:first-child")
            assert names[:3] == ["site0.example", "site1.example", "site2.example"]
            assert page.get_attribute("#sites th >> nth=0", "aria-sort") == "ascending"
            page.fill("#sites .find", "site36")
            assert texts(page, "#sites tbody td:first-child") == ["site36.example"]
            page.fill("#sites .find", "none of these")
            assert "Nothing is called that" in page.inner_text("#sites")

    @pytest.mark.parametrize("pages", [0, 1])
    def test_hardly_anything(self, browser: Any, tmp_path: Path, pages: int) -> None:
        write_corpus(tmp_path / "a.html", census_of(*[article()] * pages), subject="clean")
        with Tab(browser, tmp_path / "a.html") as page:
            assert ("Nothing stands out" if pages else "no pages here") in page.inner_text("#look")
            assert "NaN" not in page.inner_text("body") and "undefined" not in page.inner_text("body")

    @pytest.mark.parametrize(("scheme", "lightest"), [("light", True), ("dark", False)])
    @pytest.mark.parametrize("width", [1280, 600, 360])
    def test_light_dark_wide_and_narrow(
        self, browser: Any, tmp_path: Path, scheme: str, lightest: bool, width: int
    ) -> None:
        write_corpus(tmp_path / "a.html", many(), subject="a/long/path/" * 20)
        with Tab(browser, tmp_path / "a.html", color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
            red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]")
            assert (int(red) > 128) is lightest
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            selector = ".look b, .look .mono, .look .status, .flag summary .num, .legend li, .figure span, .ticks span, .from, td, .measure .num"
            assert min(page.evaluate(CONTRAST, selector)) >= 4.5
