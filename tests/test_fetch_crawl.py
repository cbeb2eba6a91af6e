"""Whole runs against real servers: politely, faithfully, and killed at any moment."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cleaner import storage
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import FetchError, OutputError, RuleFileError
from cleaner.fetch.addresses import name_for
from cleaner.fetch.client import Client, Limits, Response
from cleaner.fetch.crawl import _DEPTHS, Crawl, Event, Manners
from cleaner.fetch.frontier import Entry, Frontier, State
from cleaner.fetch.robots import Origins
from cleaner.fetch.saved import Archive, Files, Store
from tests.conftest import need_formats
from tests.site import Answer, Site, _raw, number_of, parts_of, path_of
from tests.test_fetch_render import _need_browser as need_browser

QUICK = Manners(delay=0.0, tries=3, backoff=0.02)
LIMITS = Limits(body=1 << 20, seconds=2.0, idle=1.0, connect=1.0)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site(articles=20) as site:
        yield site


class Run:
    """One run over a folder."""

    def __init__(
        self, out: Path, *entries: Entry | str, warc: bool = False, manners: Manners = QUICK, **options: Any
    ) -> None:
        self.events: list[Event] = []
        names = {"limit", "refresh"}
        client = Client(limits=LIMITS, allow_private=True)
        frontier = Frontier(out, "a command", **{name: options.pop(name) for name in names & set(options)})
        store: Store = Archive(out, frontier, client.agent) if warc else Files(out)
        wanted = store.has_rendering if "render" in options and isinstance(store, Files) else None
        frontier.look_in(store.has, wanted)
        frontier.add(Entry(one) if isinstance(one, str) else one for one in entries)
        work = Crawl(client, frontier, store, manners=manners, observe=self.events.append, **options)
        self.left = work.run()
        self.tallies = frontier.tallies()
        self.saved = dict(frontier.saved())
        frontier.close(complete=not self.left)
        client.close()

    @property
    def states(self) -> Counter[State]:
        return sum((tally.states for tally in self.tallies), Counter[State]())

    def reason(self, url: str) -> str:
        return next(event.reason for event in self.events if event.url == url and event.state is not None)


# ── Faithful ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_is_saved_as_received(site: Site, tmp_path: Path) -> None:
    url = site.articles[15]
    run = Run(tmp_path, url)
    file = tmp_path / run.saved[url]
    assert file.read_bytes() == site.article(15).encode()
    said = json.loads(file.with_name(f"{file.name}.json").read_bytes())
    assert (said["url"], said["status"]) == (url, 200)
    assert said["headers"]["ETag"].startswith('"1-')
    assert not file.stat().st_mode & 0o111
    page = storage.read(file)
    assert (page.url, page.media_type, page.content) == (url, "text/html", file.read_bytes())
    assert page.captured is not None and abs((page.captured - datetime.now(UTC)).total_seconds()) < 60


def test_redirects_are_recorded_and_their_end_is_saved_once(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, site.url("/r/15"), site.url("/r/15?again"), site.articles[15])
    assert run.states == {State.REDIRECTED: 2, State.SAVED: 1}
    assert len(site.asked(path_of(15))) == 1
    again = Run(tmp_path, site.url("/r/15"))
    assert again.states == {State.KEPT: 1}  # known by the address that it led to


def test_the_sidecar_tells_the_way(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, site.url("/r/15"))
    said = json.loads((tmp_path / f"{run.saved[site.articles[15]]}.json").read_bytes())
    assert said["asked"] == site.url("/r/15")
    assert said["redirects"] == [[301, site.url("/r/15")]]
    assert said["url"] == site.articles[15]


def test_a_copy_that_says_so_is_not_kept_twice(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, site.articles[15], site.url("/amp/15"), f"{site.url('/amp/15')}?x=1")
    assert run.states == {State.SAVED: 1, State.DUPLICATE: 2}
    assert run.reason(site.url("/amp/15")) == f"a copy of {site.articles[15]}"


def test_pages_that_share_a_wrong_canonical_address_are_all_kept(tmp_path: Path, site: Site) -> None:
    """As where a template states the address of the section: title and address together tell a copy."""
    run = Run(tmp_path, site.url("/amp/15"), site.url("/amp/16"), site.articles[15], site.articles[16])
    assert run.states == {State.SAVED: 2, State.DUPLICATE: 2}


@pytest.mark.parametrize(
    ("path", "state", "reason"),
    [
        ("/nothing", State.FAILED, "404 Not Found"),
        ("/bad/410", State.FAILED, "410 Gone"),
        ("/bad/500", State.FAILED, "500 Internal Server Error, 3 times"),
        ("/bad/503", State.FAILED, "503 Service Unavailable, 3 times"),
        ("/bad/picture", State.FAILED, "image/png: not a page"),
        ("/bad/short", State.FAILED, "broken off, after 14 bytes, 3 times"),
        ("/bad/endless", State.FAILED, "larger than 1 MB"),
        ("/bad/loop", State.FAILED, "redirected 10 times and no end"),
        ("/bad/to-file", State.FAILED, "redirected to file:///etc/passwd: file: is not fetched, only http and https"),
        ("/bad/to-nothing", State.FAILED, "302 Found"),
        ("/private/diary.html", State.REFUSED, "not allowed by robots.txt"),
        ("/wall/cloudflare", State.BLOCKED, "a challenge of Cloudflare"),
    ],
)
def test_what_is_no_page_is_told_and_not_saved(
    site: Site, tmp_path: Path, path: str, state: State, reason: str
) -> None:
    run = Run(tmp_path, site.url(path))
    assert run.states[state] == 1
    assert reason in run.reason(site.url(path)) or state is State.BLOCKED
    assert not run.saved
    assert not list(tmp_path.rglob("*.html*"))


def test_flaky_servers_are_asked_again(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, site.url("/bad/flaky/2"))
    assert run.states == {State.SAVED: 1}
    assert any("again in" in event.reason for event in run.events)


def serve(site: Site, path: str, answer: Callable[[dict[str, str]], Answer]) -> None:
    """Have `path` answered by `answer`, which is given the headers of the request."""
    real = site.answer
    site.answer = lambda target, headers: answer(headers) if target == path else real(target, headers)  # type: ignore[method-assign]


def test_a_cookie_is_all_that_some_redirects_want(site: Site, tmp_path: Path) -> None:
    def gate(headers: dict[str, str]) -> Answer:
        if "seen=1" in headers.get("cookie", ""):
            return Answer(
                b"<html><title>In</title><p>" + b"Come in and read. " * 50, headers={"Content-Type": "text/html"}
            )
        return Answer(status=302, headers={"Location": "/set"})

    serve(site, "/gate", gate)
    serve(site, "/set", lambda _: Answer(status=302, headers={"Location": "/gate", "Set-Cookie": "seen=1; Path=/"}))
    run = Run(tmp_path, site.url("/gate"))
    assert run.states == {State.SAVED: 1, State.REDIRECTED: 1}
    said = json.loads((tmp_path / f"{run.saved[site.url('/gate')]}.json").read_bytes())
    assert [url for _, url in said["redirects"]] == [site.url("/gate"), site.url("/set")]
    assert "Set-Cookie" not in said["headers"]


def test_a_redirect_leads_past_no_robots(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, site.url("/bad/to-forbidden"))
    assert run.states == {State.REDIRECTED: 1, State.REFUSED: 1}
    assert not site.asked("/private/diary.html")


def test_no_file_leaves_the_folder_through_a_link(site: Site, tmp_path: Path) -> None:
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / f"{site.host}-{site.port}").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="leads out of"):
        Run(out, site.articles[15])
    assert not list(elsewhere.iterdir())


# ── WARC ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_warc_is_read_back(site: Site, tmp_path: Path) -> None:
    need_formats()
    import fastwarc.warc

    urls = [site.url("/r/14"), *site.articles[15:18]]
    run = Run(tmp_path, *urls, warc=True)
    assert run.states == {State.SAVED: 4, State.REDIRECTED: 1}
    archive = tmp_path / "pages-00001.warc.gz"
    with archive.open("rb") as file:
        kinds = Counter(
            (record.headers["WARC-Type"], record.verify_block_digest())
            for record in fastwarc.warc.ArchiveIterator(file, parse_http=False)
        )
    assert kinds == {("warcinfo", True): 1, ("response", True): 5, ("request", True): 5}
    pages = {page.page.url: page.page for page in storage.find_pages([archive]) if page.page}
    assert sorted(map(str, pages)) == sorted(site.articles[14:18])
    assert pages[site.articles[15]].content == site.article(15).encode()
    assert pages[site.articles[15]].charset == "utf-8"


def test_what_a_kill_left_of_a_warc_is_cut_off(site: Site, tmp_path: Path) -> None:
    need_formats()
    Run(tmp_path, site.articles[15], warc=True)
    archive = tmp_path / "pages-00001.warc.gz"
    whole = archive.read_bytes()
    archive.write_bytes(whole + whole[:700])
    Run(tmp_path, site.articles[16], warc=True)
    assert archive.read_bytes().startswith(whole)
    assert [page.read().url for page in storage.find_pages([archive])] == site.articles[15:17]


# ── Politely ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_request_takes_its_hosts_turn(tmp_path: Path) -> None:
    """Every kind of request: robots.txt, redirects and what they lead to, tries again, pages."""
    with Site(articles=20, latency=0.05) as site:
        urls = [site.url("/r/14"), site.url("/bad/flaky/1"), *site.articles[15:18], site.url("/amp/15")]
        Run(tmp_path, *urls, manners=Manners(delay=0.3, backoff=0.01))
        assert site.hits[0].path == "/robots.txt"
        assert len(site.hits) >= 8
        # A request begins a pause after the answer to the one before; give or take a quarter.
        assert min(site.gaps()) >= 0.3 * 0.75


def test_the_delay_of_robots_wins(tmp_path: Path) -> None:
    with Site(articles=6, delay=0.5) as site:
        Run(tmp_path, *site.articles[3:6])
        assert min(site.gaps()) >= 0.5


def test_hosts_are_asked_side_by_side(tmp_path: Path) -> None:
    with Site(articles=9, host="127.0.0.2") as one, Site(articles=9, host="127.0.0.3") as other:
        begun = time.monotonic()
        Run(tmp_path, *one.articles[4:], *other.articles[4:], manners=Manners(delay=0.2))
        assert time.monotonic() - begun < 1.6 * 6 * 0.2
        for site in (one, other):
            assert min(site.gaps()) >= 0.15


def test_a_host_that_asks_for_a_pause_gets_it(site: Site, tmp_path: Path) -> None:
    busy = site.url("/bad/busy/1")
    run = Run(tmp_path, busy, site.articles[15])
    assert run.states == {State.SAVED: 2}
    times = [hit.at for hit in site.hits]
    refused = next(hit for hit in site.hits if hit.status == 429)
    after = min(at for at in times if at > refused.at)
    assert after - refused.at >= 1.0  # Retry-After: 1


def test_a_host_that_asks_for_a_day_is_left_for_another_run(site: Site, tmp_path: Path) -> None:
    forever = site.url("/bad/forever")
    run = Run(tmp_path, forever, site.articles[15])
    assert [host for host, _ in run.left] == ["127.0.0.1"]
    assert run.left[0][1] > time.time() + 3600
    asked = len(site.hits)
    assert Run(tmp_path, forever, site.articles[15]).left
    assert len(site.hits) == asked  # remembered


def test_robots_that_cannot_be_had_close_a_host(tmp_path: Path) -> None:
    with Site(articles=6) as site:
        serve(site, "/robots.txt", lambda _: Answer(status=503))
        run = Run(tmp_path, *site.articles[3:6])
        assert run.states == {State.FAILED: 3}
        assert [hit.path for hit in site.hits] == ["/robots.txt"] * 3
        assert run.reason(site.articles[4]) == "robots.txt cannot be had: 503 Service Unavailable"


def test_robots_are_asked_for_again_by_a_run_of_more_than_a_day(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = site.articles[15:17]
    asked: list[str] = []

    def robots(_: dict[str, str]) -> Answer:
        monkeypatch.setattr("cleaner.fetch.frontier._ROBOTS_AGE", 86400)
        asked.append("robots.txt")
        return Answer(b"User-agent: *\nDisallow: /\n" if asked[1:] else b"", headers={"Content-Type": "text/plain"})

    def page(_: dict[str, str]) -> Answer:
        monkeypatch.setattr("cleaner.fetch.frontier._ROBOTS_AGE", 0)  # it took a day
        return story("One")

    serve(site, "/robots.txt", robots)
    serve(site, first.removeprefix(site.base), page)
    assert Run(tmp_path, first, second).states == {State.SAVED: 1, State.REFUSED: 1}


def test_robots_are_remembered(site: Site, tmp_path: Path) -> None:
    Run(tmp_path, site.articles[15])
    Run(tmp_path, site.articles[16])
    assert len(site.asked("/robots.txt")) == 1
    with sqlite3.connect(tmp_path / ".cleaner/frontier.sqlite") as db:
        db.execute("UPDATE robots SET at = at - 86400")
    db.close()
    Run(tmp_path, site.articles[17])
    assert len(site.asked("/robots.txt")) == 2


def test_a_host_that_is_gone_is_not_asked_for_ever(tmp_path: Path) -> None:
    with Site(articles=60) as site:
        urls = site.articles[15:]
        Run(tmp_path, urls[0])
    run = Run(tmp_path, *urls)
    assert run.states == {State.KEPT: 1, State.FAILED: 44}
    assert sum("again in" in event.reason for event in run.events) < 10
    assert "does not answer any more" in run.reason(urls[-1])


# ── Again ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_saved_is_not_asked_for_again(site: Site, tmp_path: Path) -> None:
    Run(tmp_path, *site.articles[15:18])
    asked = len(site.hits)
    run = Run(tmp_path, *site.articles[15:18])
    assert run.states == {State.KEPT: 3}
    assert len(site.hits) == asked


def test_refresh_asks_whether_it_changed(site: Site, tmp_path: Path) -> None:
    url = site.articles[15]
    first = Run(tmp_path, url)
    assert Run(tmp_path, url, refresh=True).states == {State.UNCHANGED: 1}
    assert site.hits[-1].status == 304
    site.etag_salt = "2"
    assert Run(tmp_path, url, refresh=True).states == {State.SAVED: 1}
    said = json.loads((tmp_path / f"{first.saved[url]}.json").read_bytes())
    assert said["headers"]["ETag"].startswith('"2-')


def test_what_failed_is_tried_in_the_next_run(site: Site, tmp_path: Path) -> None:
    Run(tmp_path, site.url("/nothing"))
    assert Run(tmp_path, site.url("/nothing")).states == {State.FAILED: 1}
    assert len(site.asked("/nothing")) == 2


def test_a_limit_counts_what_is_asked_for(site: Site, tmp_path: Path) -> None:
    assert Run(tmp_path, *site.articles[14:20], limit=2).states == {State.SAVED: 2}
    assert Run(tmp_path, *site.articles[14:20], limit=2).states == {State.KEPT: 2, State.SAVED: 2}


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sitemap_leads_to_all(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, Entry(site.url("/sitemap.xml"), "sitemap"))
    assert set(run.saved) == set(site.articles)
    assert run.states[State.READ] == 4


@pytest.mark.parametrize("path", ["/feed.xml", "/atom.xml", "/feed.json", "/"])
def test_a_feed_leads_to_all(site: Site, tmp_path: Path, path: str) -> None:
    assert set(Run(tmp_path, Entry(site.url(path), "feed")).saved) == set(site.articles)


def test_since(site: Site, tmp_path: Path) -> None:
    since = datetime(2026, 1, 7, tzinfo=UTC)
    run = Run(tmp_path, Entry(site.url("/feed.xml"), "feed"), since=since)
    assert set(run.saved) == set(site.articles[14:])


# ── Articles in several pages, pages in a browser ─────────────────────────────────────────────────────────────────────


def later(response: Response, before: Sequence[str]) -> str | None:
    """As `pages.next_page`, but for this site alone."""
    article = number_of(urlsplit(response.url).path, parse_qs(urlsplit(response.url).query))
    assert article is not None and article[1] == len(before) + 1
    number, part = article
    return None if part == parts_of(number) else f"http://{urlsplit(response.url).netloc}{path_of(number, part + 1)}"


def test_an_article_in_several_pages_is_one(site: Site, tmp_path: Path) -> None:
    first = site.articles[2]
    run = Run(tmp_path, first, next_page=later)
    parts = site.parts[first]
    assert list(run.saved) == [first, *parts]
    file = tmp_path / run.saved[first]
    names = [f"{file.stem}.page-{number}.html" for number in range(2, 2 + len(parts))]
    assert json.loads(file.with_name(f"{file.name}.json").read_bytes())["pages"] == names
    assert [(file.parent / name).read_bytes() for name in names] == [
        site.article(2, number).encode() for number in range(2, 2 + len(parts))
    ]
    [page] = [found.read() for found in storage.find_pages([tmp_path])]
    assert (page.url, [further.url for further in page.continued]) == (first, parts)


def test_pages_are_numbered_from_the_first_however_deep_the_list_that_named_it(site: Site, tmp_path: Path) -> None:
    run = Run(tmp_path, Entry(site.url("/sitemap.xml"), "sitemap"), next_page=later)
    for first, parts in site.parts.items():
        file = tmp_path / run.saved[first]
        names = [f"{file.stem}.page-{number}.html" for number in range(2, 2 + len(parts))]
        assert json.loads(file.with_name(f"{file.name}.json").read_bytes())["pages"] == names


def test_a_later_page_that_did_not_change_stays_part_of_one_that_did(site: Site, tmp_path: Path) -> None:
    first = site.articles[2]
    run = Run(tmp_path, first, next_page=later)
    sidecar = tmp_path / f"{run.saved[first]}.json"
    before = json.loads(sidecar.read_bytes())["pages"]
    with sqlite3.connect(tmp_path / ".cleaner/frontier.sqlite") as db:
        db.execute("UPDATE item SET etag = NULL, modified = NULL WHERE url = ?", (first,))
    db.close()
    run = Run(tmp_path, first, next_page=later, refresh=True)
    assert run.states == {State.SAVED: 1, State.UNCHANGED: len(site.parts[first])}
    assert json.loads(sidecar.read_bytes())["pages"] == before


def test_a_page_that_is_listed_and_also_a_later_page_is_fetched_once(site: Site, tmp_path: Path) -> None:
    first = site.articles[2]
    run = Run(tmp_path, first, *site.parts[first], next_page=later)
    assert len(site.hits) == 1 + 1 + len(site.parts[first])
    assert len(list(storage.find_pages([tmp_path]))) == 1
    assert run.states == {State.SAVED: 1 + len(site.parts[first])}


def test_a_rendered_page_lies_beside_the_original(site: Site, tmp_path: Path) -> None:
    def render(url: str, response: Response | None) -> bytes:
        assert response is not None and response.body == site.article(15).encode()
        return b"<html><p>After the scripts.</html>"

    url = site.articles[15]
    run = Run(tmp_path, url, render=render)
    file = tmp_path / run.saved[url]
    assert file.read_bytes() == site.article(15).encode()
    [page] = [found.read() for found in storage.find_pages([tmp_path])]
    assert (page.content, page.url) == (b"<html><p>After the scripts.</html>", url)
    assert Run(tmp_path, url, refresh=True).states == {State.UNCHANGED: 1}
    site.etag_salt = "2"
    Run(tmp_path, url, refresh=True)
    [page] = [found.read() for found in storage.find_pages([tmp_path])]
    assert page.content == site.article(15).encode()


def test_a_page_that_cannot_be_rendered_is_saved_all_the_same(site: Site, tmp_path: Path) -> None:
    def render(url: str, _: Response | None) -> bytes:
        raise FetchError(url, "the browser gave up")

    run = Run(tmp_path, *site.articles[15:17], render=render)
    assert run.states == {State.SAVED: 2}
    assert [event.reason for event in run.events if event.state is None] == ["not rendered: the browser gave up"] * 2


# ── Killed ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("warc", [False, True], ids=["files", "warc"])
def test_killed_at_any_moment_nothing_is_missed_and_nothing_fetched_twice(tmp_path: Path, warc: bool) -> None:
    if warc:
        need_formats()
    dice = random.Random(8 + warc)
    out = tmp_path / "raw"
    with Site(articles=300, robots="User-agent: *\nDisallow: /private/") as site:
        command = [sys.executable, "-m", "cleaner", "fetch", "--sitemap", site.url("/sitemap.xml"), "-o", str(out)]
        command += ["--allow-private", "--delay", "0.01", "--quiet", *(["--warc"] if warc else [])]
        kills = 0
        while True:
            asked = len(site.hits)
            process = subprocess.Popen(command, stderr=subprocess.PIPE)
            try:
                while len(site.hits) < asked + dice.randint(30, 90) and process.poll() is None:
                    time.sleep(0.002)
                time.sleep(dice.random() * 0.02)
                if process.poll() is None:
                    os.kill(process.pid, signal.SIGKILL)
                    kills += 1
                process.communicate(timeout=60)
            finally:
                process.kill()
            if process.returncode == 0:
                break
            assert process.returncode == -signal.SIGKILL
            assert kills < 30
        assert kills >= 3
        paths = Counter(hit.path for hit in site.hits)
    expected = {url.removeprefix(site.base) for url in site.articles}
    assert expected <= set(paths)
    twice = {path: number for path, number in paths.items() if number > 1}
    assert sum(number - 1 for number in twice.values()) <= kills  # what was on its way when it was killed
    pages = list(storage.find_pages([out / "pages-00001.warc.gz" if warc else out]))
    urls = Counter(page.read().url for page in pages)
    assert set(site.articles) <= set(urls)
    assert max(urls.values()) == 1
    assert all(b"</html>" in bytes(page.read().content)[-10:] for page in pages)  # type: ignore[arg-type]
    if not warc:
        names = {path.name for path in out.rglob("*.html")}
        assert names == {path.name.removesuffix(".json") for path in out.rglob("*.html.json")}


def test_a_page_without_its_row_is_fetched_again_and_replaced(site: Site, tmp_path: Path) -> None:
    """The moment between the file and the row."""
    url = site.articles[15]
    first = Run(tmp_path, url)
    file = tmp_path / first.saved[url]
    with sqlite3.connect(tmp_path / ".cleaner/frontier.sqlite") as db:
        db.execute("UPDATE item SET state = 'queued', file = NULL")
        db.execute("UPDATE run SET complete = 0")
    db.close()
    file.write_bytes(b"half")
    run = Run(tmp_path, url)
    assert run.states == {State.SAVED: 1}
    assert file.read_bytes() == site.article(15).encode()


def test_one_run_at_a_time(tmp_path: Path) -> None:
    frontier = Frontier(tmp_path, "x")
    with pytest.raises(OutputError, match="another run writes here"):
        Frontier(tmp_path, "x")
    frontier.close(complete=True)


def test_a_frontier_that_is_none(tmp_path: Path) -> None:
    (tmp_path / ".cleaner").mkdir()
    (tmp_path / ".cleaner/frontier.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(OutputError, match="delete it, and all is fetched anew"):
        Frontier(tmp_path, "x")


def test_a_full_disk_says_nothing_against_the_frontier(tmp_path: Path) -> None:
    frontier = Frontier(tmp_path, "x")
    frontier._db.execute("PRAGMA max_page_count = 1")
    with pytest.raises(OutputError, match=r"full; see to room on the disk .* the same command goes on"):
        frontier.add(Entry(f"https://example.com/{number}{'a' * 1000}") for number in range(100))
    frontier.close(complete=False)


# ── The commands ──────────────────────────────────────────────────────────────────────────────────────────────────────


def command(*arguments: str | Path) -> int:
    return main([*map(str, arguments), "--allow-private", "--delay", "0"])


def test_fetch_then_clean(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, clean = tmp_path / "raw", tmp_path / "clean"
    listed = tmp_path / "urls.txt"
    listed.write_text(f"# mine\n\n{site.articles[15]}\nnot an address at all\n{site.articles[16]}?utm_source=me\n")
    assert command("fetch", "--list", listed, "-o", raw) == Exit.FAILED  # of one line
    told = capsys.readouterr().err
    assert "urls.txt:4: " in told and "passed over" in told
    assert f"2 pages saved in {raw}" in " ".join(told.split())
    assert main(["clean", str(raw), "-o", str(clean), "-q"]) == Exit.OK
    assert len(list(clean.rglob("*.txt"))) == 2


def test_the_table_says_what_came_of_it(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urls = [site.articles[15], site.url("/nothing"), site.url("/private/x"), site.url("/wall/403")]
    assert command("fetch", *urls, "-o", tmp_path) == Exit.FAILED
    told = capsys.readouterr().err
    assert f"{site.url('/nothing')}: failed: 404 Not Found" in told
    table = told[told.index("host ") :]
    head, row = table.splitlines()[:2]
    assert head.split() == ["host", "saved", "refused", "blocked", "failed", "why"]
    assert row.split()[:5] == ["127.0.0.1", "1", "1", "1", "1"]


def test_run_prints_the_article(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("run", site.articles[15], "--format", "markdown") == Exit.OK
    printed = capsys.readouterr().out
    assert printed.startswith("---\ntitle: ")
    assert f'url: "{site.articles[15]}"' in printed
    assert not list(tmp_path.iterdir())
    assert command("run", site.url("/r/15"), "-o", tmp_path / "raw") == Exit.OK
    assert len(capsys.readouterr().out) > 500
    assert len(list((tmp_path / "raw").rglob("*.html"))) == 1


def test_run_shows_a_page_that_scripts_make(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    need_browser()
    url = site.url("/script/article")
    assert command("run", url) == Exit.FAILED
    assert "blocked: " in capsys.readouterr().err
    assert command("run", url, "--render") == Exit.OK
    assert len(capsys.readouterr().out) > 500
    assert len(site.asked("/script/article")) == 2  # the browser is given what was answered


def test_a_browser_keeps_to_robots_too(tmp_path: Path) -> None:
    need_browser()
    with Site(1, robots="User-agent: cleaner\nDisallow: /script/article.json\n") as site:
        assert command("fetch", site.url("/script/article"), "--render", "-o", tmp_path) == Exit.FAILED
        assert site.asked("/script/article")
        assert not site.asked("/script/article.json")


def test_run_tells_what_went_wrong(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("run", site.url("/nothing")) == Exit.FAILED
    assert "failed: 404 Not Found" in capsys.readouterr().err
    assert main(["run", site.articles[15]]) == Exit.FAILED
    assert "a loopback address; --allow-private lets such addresses be fetched" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "nothing to fetch"),
        (["javascript:alert(1)"], "javascript: is not fetched"),
        (["--list", "no-such-file"], "no-such-file: cannot be read"),
        (["--list", os.devnull], f"nothing to fetch: {os.devnull}: no address in it"),
        (["https://example.com", "--contact", "me\n"], "printable ASCII"),
        (["https://example.com", "--warc", "--render"], "it needs files"),
        (["https://example.com", "--proxy", "socks5://127.0.0.1:9"], "socks5 is not spoken"),
    ],
)
def test_wrong_usage(arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", *arguments, "-o", str(tmp_path / "raw")]) == Exit.USAGE
    assert told in capsys.readouterr().err
    assert not (tmp_path / "raw").exists()


# ── What changes between two runs ─────────────────────────────────────────────────────────────────────────────────────


def story(name: str, head: str = "", **headers: str) -> Answer:
    text = "".join(
        f"<p>This is sentence {at} of {name}, and it goes on for a while, with words.</p>" for at in range(30)
    )
    body = f"<html><head><title>{name}</title>{head}</head><body>{text}</body></html>".encode()
    return Answer(body, headers={"Content-Type": "text/html; charset=utf-8", **headers})


def test_a_redirect_for_now_is_asked_again(site: Site, tmp_path: Path) -> None:
    url, login = site.url("/story"), site.url("/login?next=/story")
    serve(site, "/story", lambda _: Answer(status=302, headers={"Location": "/login?next=/story"}))
    serve(site, "/login?next=/story", lambda _: story("Log in"))
    Run(tmp_path, url)
    serve(site, "/story", lambda _: story("Story"))
    assert b"of Story" in (tmp_path / Run(tmp_path, url).saved[url]).read_bytes()
    assert len(site.asked(urlsplit(login).path)) <= 1


@pytest.mark.parametrize(("status", "times"), [(301, 1), (308, 1), (302, 2), (303, 2), (307, 2)])
def test_only_a_redirect_for_good_is_remembered(site: Site, tmp_path: Path, status: int, times: int) -> None:
    serve(site, "/moved", lambda _: Answer(status=status, headers={"Location": path_of(15)}))
    for state in (State.SAVED, State.KEPT):
        assert Run(tmp_path, site.url("/moved")).states[state] == 1
    assert len(site.asked("/moved")) == times
    assert len(site.asked(path_of(15))) == 1


def test_a_redirect_for_good_to_a_wall_is_asked_again(site: Site, tmp_path: Path) -> None:
    serve(site, "/moved", lambda _: Answer(status=301, headers={"Location": "/wall/cloudflare"}))
    assert Run(tmp_path, site.url("/moved")).states[State.BLOCKED] == 1
    serve(site, "/moved", lambda _: story("Story"))
    assert Run(tmp_path, site.url("/moved")).states == {State.SAVED: 1}


def test_run_follows_a_redirect_for_now(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    serve(site, "/moved", lambda _: Answer(status=302, headers={"Location": "/target"}))
    serve(site, "/target", lambda _: story("Target"))
    assert command("run", site.url("/moved"), "--allow-private", "--delay", "0", "--rules", "none") == Exit.OK
    assert "sentence 3 of Target" in capsys.readouterr().out


def test_a_later_page_that_failed_is_asked_for_again(site: Site, tmp_path: Path) -> None:
    first = site.articles[2]
    second, *_ = parts = site.parts[first]
    path = second.removeprefix(site.base)
    real = site.answer
    serve(site, path, lambda _: Answer(status=404))
    assert Run(tmp_path, first, next_page=later).states == {State.SAVED: 1, State.FAILED: 1}
    site.answer = real  # type: ignore[method-assign]
    assert Run(tmp_path, first, next_page=later).states == {State.KEPT: 1, State.SAVED: len(parts)}
    [page] = [found.read() for found in storage.find_pages([tmp_path])]
    assert len(page.continued) == len(parts)


@pytest.mark.parametrize("refresh", [False, True])
def test_a_page_whose_file_is_gone_is_fetched_again(site: Site, tmp_path: Path, refresh: bool) -> None:
    url = site.articles[15]
    file = tmp_path / Run(tmp_path, url).saved[url]
    file.unlink()
    assert Run(tmp_path, url, refresh=refresh).states == {State.SAVED: 1}
    assert file.exists()


def test_a_folder_of_archives_has_no_files(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = site.articles[15]
    Run(tmp_path, url, warc=True)
    assert Run(tmp_path, url, warc=True).states == {State.KEPT: 1}
    assert command("run", url, "-o", tmp_path, "--allow-private", "--delay", "0", "--rules", "none") == Exit.OK
    assert capsys.readouterr().out
    assert Run(tmp_path, url, warc=True, refresh=True).states == {State.SAVED: 1}
    next(tmp_path.glob("*.warc.gz")).unlink()
    assert Run(tmp_path, url, warc=True).states == {State.SAVED: 1}


@pytest.mark.parametrize("refresh", [False, True])
def test_a_page_that_is_saved_and_not_rendered_is_rendered(site: Site, tmp_path: Path, refresh: bool) -> None:
    url = site.articles[15]
    Run(tmp_path, url)
    for state in (State.SAVED, State.UNCHANGED if refresh else State.KEPT):
        run = Run(tmp_path, url, refresh=refresh, render=lambda _, __: site.article(15).encode())
        assert run.states == {state: 1}
    assert list(tmp_path.rglob("*.rendered.html"))


def test_a_faulty_rule_file_costs_no_page(site: Site, tmp_path: Path) -> None:
    def faulty(_: Response, __: Sequence[str]) -> str | None:
        raise RuleFileError([])

    run = Run(tmp_path, *site.articles[15:17], next_page=faulty)
    assert run.states == {State.SAVED: 2}
    assert sum("no next page was looked for" in event.reason for event in run.events) == 1


def lists(site: Site, number: int, pages: int) -> Entry:
    """Have the site list `number` sitemaps of so many pages; return the index of them."""
    index = "".join(f"<sitemap><loc>{site.url(f'/map-{at}.xml')}</loc></sitemap>" for at in range(number))
    answer = Answer(f"<sitemapindex>{index}</sitemapindex>".encode(), headers={"Content-Type": "application/xml"})
    serve(site, "/index.xml", lambda _: answer)
    for at in range(number):
        urls = "".join(f"<url><loc>{site.articles[at * pages + n]}</loc></url>" for n in range(pages))
        made = Answer(f"<urlset>{urls}</urlset>".encode(), headers={"Content-Type": "application/xml"})
        serve(site, f"/map-{at}.xml", lambda _, made=made: made)  # type: ignore[misc]
    return Entry(site.url("/index.xml"), "sitemap")


def test_a_limit_ends_the_reading_of_lists(site: Site, tmp_path: Path) -> None:
    entry = lists(site, 8, 2)
    run = Run(tmp_path, entry, limit=3)
    assert run.states == {State.READ: 3, State.SAVED: 3}
    assert any("6 list(s)" in event.reason for event in run.events)
    assert Run(tmp_path, entry, limit=3).states == {State.READ: 4, State.KEPT: 3, State.SAVED: 3}


def test_a_run_reads_so_many_lists_and_no_more(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleaner.fetch.frontier._MOST_LISTS", 3)
    run = Run(tmp_path, lists(site, 8, 2))
    assert run.states == {State.READ: 3, State.SAVED: 4}
    assert sum("no more lists" in event.reason for event in run.events) == 1


def test_a_sitemap_may_list_another_host_of_its_owner(tmp_path: Path) -> None:
    with Site(articles=20) as site, Site(articles=20, host="127.0.0.2") as other:
        serve(
            site,
            "/map.xml",
            lambda _: Answer(
                f"<urlset><url><loc>{other.articles[15]}</loc></url></urlset>".encode(),
                headers={"Content-Type": "application/xml"},
            ),
        )
        assert set(Run(tmp_path, Entry(site.url("/map.xml"), "sitemap")).saved) == {other.articles[15]}


def test_a_page_with_other_text_is_no_copy(site: Site, tmp_path: Path) -> None:
    """As the later pages of an article, that state address and title of the first."""
    own = '<link rel=canonical href="/s1"><meta name=x content="">'
    serve(site, "/s1", lambda _: story("Same", own))
    serve(
        site,
        "/s1?p=2",
        lambda _: replace(story("Other", own), body=story("Other", own).body.replace(b"<title>Other", b"<title>Same")),
    )
    serve(site, "/s1?print=1", lambda _: story("Same", own))
    run = Run(tmp_path, *map(site.url, ("/s1", "/s1?p=2", "/s1?print=1")))
    assert run.states == {State.SAVED: 2, State.DUPLICATE: 1}


def test_a_page_that_a_proxy_changed_is_read_back(site: Site, tmp_path: Path) -> None:
    need_formats()
    serve(site, "/a203", lambda _: replace(story("Story"), status=203))
    Run(tmp_path, site.url("/a203"), warc=True)
    assert [found.read().url for found in storage.find_pages([tmp_path])] == [site.url("/a203")]


def test_run_tells_at_once_that_there_is_no_such_host(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def resolver(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    began = time.monotonic()
    assert command("run", "https://nowhere.example/a") == Exit.FAILED
    assert time.monotonic() - began < 3
    assert "no such host" in capsys.readouterr().err


def test_what_scripts_ask_for_is_asked_of_robots_once_for_each_origin(site: Site) -> None:
    origins = Origins(Client(limits=LIMITS, allow_private=True))
    allowed = [origins.allow(site.url(path)) for path in ("/script/app.js", "/private/diary.html", "/script/blob")]
    assert allowed == [True, False, True]
    assert len(site.asked("/robots.txt")) == 1
    assert not origins.allow("http://127.0.0.9:9/a")  # nobody is there


FERRY = "".join(f"<p>The ferry left the old harbour at noon, and number {n} of them was late.</p>" for n in range(9))


def test_origins_are_not_held_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(_: Client, url: str) -> tuple[bytes, Response]:
        asked.append(url)
        return b"#" * 600_000, Response(url, url)

    monkeypatch.setattr("cleaner.fetch.robots.ask", ask)
    origins = Origins(Client())
    for number in range(100):
        assert origins.allow(f"https://{number}.example/a") and origins.allow(f"https://{number}.example/b")
        assert len(origins._known) <= 8
    assert 100 < len(asked) < 120


def with_text(text: str, head: str = "") -> Answer:
    html = f"<!doctype html><title>Ferries</title>{head}{text}"
    return Answer(html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def sidecar(path: Path) -> dict[str, Any]:
    said = json.loads(path.with_name(f"{path.name}.json").read_bytes())
    assert isinstance(said, dict)
    return said


def test_a_page_that_has_moved_to_its_stated_address_is_renewed(site: Site, tmp_path: Path) -> None:
    head = f'<link rel="canonical" href="{site.url("/new")}">'
    serve(site, "/old", lambda _: with_text(FERRY, head))
    Run(tmp_path, site.url("/old"))
    serve(site, "/old", lambda _: Answer(b"", 301, {"Location": "/new"}))
    serve(site, "/new", lambda _: with_text(FERRY + "<p>Later: it has come.</p>", head))
    run = Run(tmp_path, site.url("/old"), refresh=True)
    assert run.states == {State.REDIRECTED: 1, State.SAVED: 1}
    assert b"it has come" in (tmp_path / run.saved[site.url("/new")]).read_bytes()


def test_pages_with_no_passage_in_common_are_no_copies(site: Site, tmp_path: Path) -> None:
    head = f'<link rel="canonical" href="{site.url("/film/")}">'
    for name in ("/film/1", "/film/2"):
        serve(site, name, partial(lambda name, _: with_text(f"<p>Film {name}.</p>" * 30, head), name))
    assert Run(tmp_path, site.url("/film/1"), site.url("/film/2")).states == {State.SAVED: 2}


def test_pages_that_scripts_make_are_told_apart_by_what_they_make(site: Site, tmp_path: Path) -> None:
    head = f'<link rel="canonical" href="{site.url("/app/")}">'
    for name in ("/x", "/y"):
        serve(site, name, lambda _: with_text(f"<div hidden>{FERRY}</div>", head))
    render = lambda url, _: with_text(FERRY.replace("ferry", url), head).body  # noqa: E731
    assert Run(tmp_path, site.url("/x"), site.url("/y"), render=render).states == {State.SAVED: 2}


def test_a_first_page_that_is_fetched_again_keeps_its_later_ones(site: Site, tmp_path: Path) -> None:
    first = max(site.parts, key=lambda url: len(site.parts[url]))
    file = tmp_path / Run(tmp_path, first, next_page=later).saved[first]
    listed = sidecar(file)["pages"]
    file.unlink()
    Run(tmp_path, first, next_page=later)
    assert sidecar(file)["pages"] == listed
    assert len(listed) == len(site.parts[first])


def test_a_redirect_is_followed_though_its_body_breaks_off(site: Site, tmp_path: Path) -> None:
    head = b"HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 500\r\n\r\nless"
    serve(site, "/a", lambda _: Answer(send=_raw(head)))
    serve(site, "/b", lambda _: with_text(FERRY))
    assert Run(tmp_path, site.url("/a"), warc=True).states == {State.REDIRECTED: 1, State.SAVED: 1}


def test_a_warc_states_one_length(site: Site, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    serve(site, "/a", lambda _: Answer(send=_raw(head + b"f\r\n<!doctype html>\r\n0\r\n\r\n")))
    Run(tmp_path, site.url("/a"), warc=True)
    stored = (
        gzip.decompress(next(tmp_path.glob("*.gz")).read_bytes()).partition(b"HTTP/1.1 200")[2].partition(b"\r\n\r\n")
    )
    assert b"\r\nContent-Length: 15" in stored[0]
    assert b"\r\nContent-Length: 2\r\n" not in stored[0]


def test_no_archive_leaves_the_folder(site: Site, tmp_path: Path) -> None:
    out, outside = tmp_path / "raw", tmp_path / "outside"
    out.mkdir()
    (out / "pages-00001.warc.gz").symlink_to(outside)
    with pytest.raises(OutputError, match="is a link"):
        Run(out, site.articles[15], warc=True)
    assert not outside.exists()


def test_no_archive_that_a_frontier_names_leaves_the_folder(site: Site, tmp_path: Path) -> None:
    out, outside = tmp_path / "raw", tmp_path / "outside"
    Run(out, site.articles[15], warc=True)
    outside.write_bytes(b"mine")
    with closing(sqlite3.connect(out / ".cleaner" / "frontier.sqlite", isolation_level=None)) as db:
        db.execute("INSERT INTO archive VALUES ('../outside', 0)")
    Run(out, site.articles[16], warc=True)
    assert outside.read_bytes() == b"mine"


def test_what_was_said_of_a_page_goes_with_it(site: Site, tmp_path: Path) -> None:
    asked: list[str | None] = []
    tags = [{"ETag": '"1"'}, {}, {}]

    def answer(headers: dict[str, str]) -> Answer:
        asked.append(headers.get("if-none-match"))
        page = with_text(FERRY)
        return replace(page, headers={**page.headers, **tags[len(asked) - 1]})

    serve(site, "/a", answer)
    for _ in tags:
        Run(tmp_path, site.url("/a"), refresh=True)
    assert asked == [None, '"1"', None]


def test_a_host_has_its_pause_after_a_kill_too(site: Site, tmp_path: Path) -> None:
    with closing(Client(allow_private=True)) as client:
        frontier = Frontier(tmp_path, "a command")
        frontier.add([Entry(site.articles[15])])
        work = Crawl(client, frontier, Files(tmp_path), manners=Manners(delay=20.0))
        work._work = lambda jobs: None  # type: ignore[method-assign] # asked, and killed before an answer
        work._wait = lambda: (_ for _ in ()).throw(KeyboardInterrupt)  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            work.run()
        found = frontier.next(site.host)
        frontier.close(complete=False)
    assert found is not None
    assert found[1] > time.time() + 10


def test_a_section_that_goes_on_too_long_is_told(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_DEPTHS, "section", 0)
    serve(site, "/s/1", lambda _: with_text(FERRY, '<link rel="next" href="/s/2">'))
    run = Run(tmp_path, Entry(site.url("/s/1"), "section"))
    assert any("1 further list(s) not read" in event.reason for event in run.events)


def test_run_shows_that_a_page_could_not_be_renewed(site: Site, tmp_path: Path) -> None:
    arguments = ("run", site.url("/a"), "-o", tmp_path, "--allow-private", "--delay", "0", "--refresh")
    serve(site, "/a", lambda _: with_text(FERRY))
    assert command(*arguments) == Exit.OK
    serve(site, "/a", lambda _: Answer(b"", 404))
    assert command(*arguments) == Exit.FAILED


def article_without_validators(site: Site, folder: Path) -> tuple[str, str, Path, list[str]]:
    """Fetch an article of several pages; return its first address and second, the first's file, and its later pages.

    No page of it will be answered by a 304.
    """
    first = site.articles[2]
    file = folder / Run(folder, first, next_page=later).saved[first]
    with sqlite3.connect(folder / ".cleaner/frontier.sqlite") as db:
        db.execute("UPDATE item SET etag = NULL, modified = NULL")
    db.close()
    return first, site.parts[first][0], file, sidecar(file)["pages"]


def test_a_later_page_that_cannot_be_renewed_stays_part_of_its_article(site: Site, tmp_path: Path) -> None:
    first, second, file, before = article_without_validators(site, tmp_path)
    serve(site, second.removeprefix(site.base), lambda _: Answer(status=500))
    assert Run(tmp_path, first, next_page=later, refresh=True).states == {State.SAVED: 1, State.FAILED: 1}
    assert len(before) > 1 and sidecar(file)["pages"] == before


def test_parts_of_a_host_that_is_given_up_stay_parts(site: Site, tmp_path: Path) -> None:
    first, second, file, before = article_without_validators(site, tmp_path)
    for path in ("/gone", second.removeprefix(site.base)):
        serve(site, path, lambda _: Answer(send=_raw(b"")))
    stubborn = replace(QUICK, tries=9)  # the host is given up before either is
    run = Run(tmp_path, first, site.url("/gone"), next_page=later, refresh=True, manners=stubborn)
    assert run.states == {State.SAVED: 1, State.FAILED: 2}
    assert sidecar(file)["pages"] == before


def test_what_cannot_be_sent_back_is_not(site: Site, tmp_path: Path) -> None:
    serve(site, "/a", lambda _: story("One", ETag="\xa0a"))
    Run(tmp_path, site.url("/a"))
    assert Run(tmp_path, site.url("/a"), refresh=True).states == {State.SAVED: 1}


def test_a_page_whose_media_type_changes_is_replaced(site: Site, tmp_path: Path) -> None:
    serve(site, "/a", lambda _: story("One"))
    old = tmp_path / Run(tmp_path, site.url("/a")).saved[site.url("/a")]
    serve(site, "/a", lambda _: Answer(b"Just words.", headers={"Content-Type": "text/plain"}))
    new = tmp_path / Run(tmp_path, site.url("/a"), refresh=True).saved[site.url("/a")]
    assert new.name == f"{old.stem}.txt"
    assert sorted(old.parent.iterdir()) == [new, new.with_name(f"{new.name}.json")]


def test_a_dump_of_the_same_name_is_somebody_s(site: Site, tmp_path: Path) -> None:
    serve(site, "/a", lambda _: story("One"))
    page = tmp_path / name_for(site.url("/a"))
    page.parent.mkdir()
    page.with_suffix(".txt").write_text("Copied by hand.")
    assert Run(tmp_path, site.url("/a")).states == {State.SAVED: 1}
    assert page.exists() and page.with_suffix(".txt").read_text() == "Copied by hand."


@pytest.mark.parametrize("said", [None, {"url": "http://weir.example/a"}])
def test_a_page_that_was_not_fetched_is_not_written_over(
    site: Site, tmp_path: Path, said: dict[str, Any] | None
) -> None:
    serve(site, "/a", lambda _: story("One"))
    page = tmp_path / name_for(site.url("/a"))
    page.parent.mkdir()
    page.write_text("Saved by hand.")
    if said is not None:
        page.with_name(f"{page.name}.json").write_text(json.dumps(said))
    run = Run(tmp_path, site.url("/a"))
    assert run.reason(site.url("/a")) == f"{page} is there, and was not fetched: move it, or name another folder"
    assert page.read_text() == "Saved by hand."


def test_the_last_content_type_counts(site: Site, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n"
    serve(site, "/a", lambda _: Answer(send=_raw(head + b"<p>Whole.")))
    [file] = Run(tmp_path, site.url("/a")).saved.values()
    assert file.endswith(".html") and storage.read(tmp_path / file).media_type == "text/html"


def test_a_page_that_announces_no_feed_is_told(site: Site, tmp_path: Path) -> None:
    serve(site, "/a", lambda _: story("One"))
    run = Run(tmp_path, Entry(site.url("/a"), "feed"))
    assert run.states == {State.FAILED: 1}
    assert run.reason(site.url("/a")) == "a page, not a feed, and it announces none"


def test_an_address_that_no_browser_would_take_ends_no_run(site: Site, tmp_path: Path) -> None:
    serve(site, "/a", lambda _: Answer(status=302, headers={"Location": "http://[::1%25a%2fb]/"}))
    listed = b"<urlset><url><loc>http://[::1%25zone]/</loc></url></urlset>"
    serve(site, "/map", lambda _: Answer(listed, headers={"Content-Type": "application/xml"}))
    run = Run(tmp_path, site.url("/a"), Entry(site.url("/map"), "sitemap"))
    assert run.states == {State.FAILED: 1, State.READ: 1}
