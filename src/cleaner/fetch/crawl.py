"""Many pages: hosts side by side, each asked one thing at a time, with a pause after each answer.

One thread (the caller's) decides and writes; the others wait for servers. Whatever is asked for (a page, a robots.txt,
each hop of a redirect, a later page of an article) takes its host's turn; only to a robots.txt redirects are followed
at once.

::

    frontier.next(host) ──▶ robots allow it? ──▶ a thread: client.get ──▶ _finish: retry · redirect · list · wall · page
"""

from __future__ import annotations

import heapq
import queue
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from http import HTTPStatus
from itertools import count
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from zlib import crc32

from cleaner.errors import FetchError, RuleFileError
from cleaner.fetch import blocked, discover, robots
from cleaner.fetch.addresses import canonical, host_of
from cleaner.fetch.client import Client, Response
from cleaner.fetch.frontier import Entry, Frontier, Item, State
from cleaner.fetch.saved import Files, Part, Store, not_a_page, suffix_of

__all__ = ["Crawl", "Event", "Manners"]

_PASSING: Final = (408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524)
"""Answers that may be others in a while; from 520 on Cloudflare's own, for a server behind it."""
_FOR_GOOD: Final = (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT)
"""Redirects that need not be asked for again."""
_BUSY: Final = (429, 503)
"""Answers that ask for fewer requests."""
_NOT_HAD: Final = (State.REFUSED, State.BLOCKED, State.FAILED)
_HOPS: Final = 10
_SILENT: Final = 5
"""Requests in a row that a host does not answer, after which no more are made."""
_BACKOFF: Final = 5.0
"""Seconds before the second try, doubled for each further one."""
_LONGEST_BACKOFF: Final = 300.0
_SLOWEST: Final = 60.0
"""Seconds between requests that a host can be slowed down to by asking for fewer."""
_DEPTHS: Final = {"feed": 1, "sitemap": 5, "section": 50}
"""How many lists of a kind lead from one to the next. Sitemaps.org knows one step, sections go on page after page."""
_LONGEST_VALIDATOR: Final = 500
_MOST_TITLE: Final = 500
_LINK: Final = re.compile(rb"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_CANONICAL: Final = re.compile(rb"""\brel\s*=\s*["']?canonical["'\s/>]""", re.IGNORECASE)
_HREF: Final = re.compile(
    rb"""\bhref\s*=\s*(?:"([^"<>]{1,2000})"|'([^'<>]{1,2000})'|([^\s"'<>]{1,2000}))""", re.IGNORECASE
)
_TITLE: Final = re.compile(rb"<title\b[^<>]{0,200}>([^<]{1,2000})", re.IGNORECASE)
_TAG: Final = re.compile(rb"<(/?)([a-z]*)[^<>]*>?([^<]*)", re.IGNORECASE)
_UNSEEN: Final = (b"script", b"style")
_PASSAGE: Final = 40
"""Bytes of text without a tag from which it tells one page from another."""
_MOST_PASSAGES: Final = 64
_HEAD: Final = 512 * 1024
"""Bytes in which a page says what its address and its title are."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How politely, and how stubbornly."""

    delay: float = 1.0
    """Seconds between an answer and the next request to the same host, give or take a quarter; a robots.txt that asks
    for more gets more."""
    hosts: int = 16
    """Hosts that are asked at the same time."""
    tries: int = 3
    """Times an address is asked for, where the trouble may pass."""
    patience: float = 900.0
    """Seconds that a host may ask to be left alone for within the run; what asks for more is left for another."""
    backoff: float = _BACKOFF
    """Seconds before the second try, doubled for each further one."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell of an address, or of a host."""

    url: str
    state: State | None
    """What came of it; None: nothing yet, it is a note."""
    reason: str = ""


@dataclass(slots=True)
class _Host:
    """What is known of a host in this run."""

    rules: dict[str, robots.Rules]
    """By the place of the robots.txt: a host has one for each scheme and port."""
    robots_tries: Counter[str]
    slowed: float = 0.0
    """Seconds between requests, since it asked for fewer."""
    silent: int = 0
    """Requests in a row without an answer."""


@dataclass(frozen=True, slots=True)
class _Job:
    host: str
    item: Item
    robots: str = ""
    """Place of the robots.txt that is asked for, in front of the item."""
    answer: Response | None = None
    """What the server answered, to be rendered by a browser."""


class Crawl:
    """Fetches what is in a frontier.

    Args:
        client: asks servers.
        frontier: what is to be fetched.
        store: where pages go.
        manners: see there.
        since: lists are followed to pages that are not older; those without a date are.
        next_page: returns the address of the next page of an article, from the answer that holds one and the
            addresses of the pages before it.
        render: returns the page at an address as a browser has it after its scripts ran, from what the server answered,
            or raises FetchError; called in one thread only, always the same.
        observe: is told of each address when something came of it.

    """

    def __init__(
        self,
        client: Client,
        frontier: Frontier,
        store: Store,
        *,
        manners: Manners | None = None,
        since: datetime | None = None,
        next_page: Callable[[Response, Sequence[str]], str | None] | None = None,
        render: Callable[[str, Response | None], bytes] | None = None,
        observe: Callable[[Event], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._frontier = frontier
        self._store = store
        self._manners = manners or Manners()
        self._since = since
        self._next_page = next_page
        self._render = render
        self._observe = observe
        self._hosts: dict[str, _Host] = {}
        self._line: list[tuple[float, int, str]] = []
        self._in_line: set[str] = set()
        self._numbers = count()
        self._busy: set[str] = set()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._renderings: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[_Job, Any]] = queue.SimpleQueue()
        self._threads = 0
        self._renders = False
        self._noted: set[str] = set()
        self._to_render: tuple[Item, Response] | None = None

    def run(self) -> list[tuple[str, float]]:
        """Fetch until nothing is left to do; return hosts that asked to be left alone, and until when.

        Raises OutputError where something cannot be written. What is under way then, or on Ctrl-C, is let go.
        """
        now = time.time()
        left: list[tuple[str, float]] = []
        # After a kill nobody knows when a host was asked last: it gets its pause.
        pause = self._manners.delay if self._frontier.resumes else 0.0
        for host in self._frontier.hosts():
            self._push(host, now + pause)
        try:
            while self._line or self._busy:
                now = time.time()
                while self._line and self._line[0][0] <= now and len(self._busy) < self._manners.hosts:
                    _, _, host = heapq.heappop(self._line)
                    self._in_line.discard(host)
                    self._start(host, left)
                self._wait()
        finally:
            for _ in range(self._threads):
                self._jobs.put(None)
            self._renderings.put(None)
        return left

    def _push(self, host: str, due: float) -> None:
        if host not in self._in_line and host not in self._busy:
            self._in_line.add(host)
            heapq.heappush(self._line, (due, next(self._numbers), host))

    def _wait(self) -> None:
        """Wait for a thread to be done, or for a host's turn."""
        timeout = None
        if self._line and len(self._busy) < self._manners.hosts:
            timeout = max(self._line[0][0] - time.time(), 0.0)
        if not self._busy and timeout is None:
            return
        try:
            job, result = self._done.get(timeout=timeout)
        except queue.Empty:
            return
        self._busy.discard(job.host)
        if isinstance(result, BaseException) and not isinstance(result, FetchError):
            raise result
        pause = self._finish(job, result)
        if self._to_render is not None:
            item, answer = self._to_render
            self._to_render = None
            self._submit(_Job(job.host, item, answer=answer))
            return
        due = time.time() + pause
        self._frontier.rest(job.host, due)
        self._push(job.host, due if pause <= self._manners.patience else 0.0)  # its turn will show that it must wait

    # ── A host's turn ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, host: str, left: list[tuple[str, float]]) -> None:
        """Have the next thing asked of `host`, or see that there is none."""
        known = self._hosts.setdefault(host, _Host({}, Counter()))
        while True:
            found = self._frontier.next(host)
            if found is None:
                del self._hosts[host]
                return
            item, due = found
            now = time.time()
            if due > now + self._manners.patience:
                left.append((host, due))
                del self._hosts[host]
                return
            if due > now:
                self._push(host, due)
                return
            if item.kind != "page" and self._frontier.is_full:
                number = self._frontier.drop_lists(host)
                self._note(item.url, f"the limit of pages is reached: {number:,} list(s) of {host} not read")
                continue
            place = robots.place(item.url)
            if (content := self._frontier.robots(place)) is None:  # nor one that is too old
                self._submit(_Job(host, item, place))
                return
            rules = known.rules.get(place) or self._learn(known, place, content)
            if rules.allow(item.url):
                self._submit(_Job(host, item))
                return
            self._settle(item, State.REFUSED, "not allowed by robots.txt")

    def _learn(self, host: _Host, place: str, content: bytes) -> robots.Rules:
        rules = host.rules[place] = robots.Rules.read(content, self._client.agent)
        if rules.asked_delay is not None and rules.asked_delay > robots.MOST_DELAY:
            self._note(place, f"asks for {rules.asked_delay:g} s between requests; held to {robots.MOST_DELAY:g} s")
        return rules

    def _pause(self, url: str) -> float:
        """Return for how long the host of `url` is left alone after an answer, seconds."""
        host = self._hosts.get(host_of(url))
        own = max(self._manners.delay, host.slowed if host else 0.0) * random.uniform(0.75, 1.25)  # noqa: S311
        asked = max((rules.delay or 0.0 for rules in host.rules.values()), default=0.0) if host else 0.0
        return max(own, asked)

    def _submit(self, job: _Job) -> None:
        self._busy.add(job.host)
        if job.answer is not None:
            if not self._renders:
                self._renders = True
                self._begin(self._renderings)
            self._renderings.put(job)
            return
        # Should the run be killed now, the next one knows that the host has been asked.
        self._frontier.rest(job.host, time.time() + self._pause(job.item.url))
        self._jobs.put(job)
        if self._threads < min(self._manners.hosts, len(self._busy)):
            self._threads += 1
            self._begin(self._jobs)

    def _begin(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        # A daemon: nothing that a thread holds needs an orderly end, and Ctrl-C need not wait for a slow server.
        threading.Thread(target=self._work, args=(jobs,), daemon=True, name="cleaner-fetch").start()

    def _work(self, jobs: queue.SimpleQueue[_Job | None]) -> None:
        """Ask servers: what the threads do."""
        while (job := jobs.get()) is not None:
            try:
                self._done.put((job, self._ask(job)))
            except BaseException as error:  # noqa: BLE001 - raised again where the run can end
                self._done.put((job, error))

    def _ask(self, job: _Job) -> Any:
        item = job.item
        if job.robots:
            return robots.ask(self._client, item.url)
        if job.answer is not None:
            assert self._render is not None  # else nothing is put off for it
            try:
                return self._render(item.url, job.answer)
            except FetchError as error:
                return error
        validators = {}
        if item.file is not None and item.kind == "page":
            if item.etag:
                validators["If-None-Match"] = item.etag
            if item.modified:
                validators["If-Modified-Since"] = item.modified
        wanted = _unwanted if item.kind == "page" else None
        return self._client.get(item.url, validators, hops=0, wanted=wanted)

    # ── What came of it ───────────────────────────────────────────────────────────────────────────────────────────────

    def _finish(self, job: _Job, result: Any) -> float:
        """Enter what came of a job; return for how long its host is left alone."""
        if job.robots:
            return self._finish_robots(job, *result)
        if job.answer is not None:
            self._judge(job.item, job.answer, result)
            return self._pause(job.item.url)
        return self._finish_item(job.item, result)

    def _finish_robots(self, job: _Job, content: bytes | None, response: Response) -> float:
        """Take note of a robots.txt; return for how long the host is left alone."""
        host = self._hosts[job.host]
        if content is not None:
            self._frontier.keep_robots(job.robots, content)
            del host.robots_tries[job.robots]
            self._learn(host, job.robots, content)
            return self._pause(job.item.url)
        why = response.trouble or _status(response.status)
        host.robots_tries[job.robots] += 1
        if host.robots_tries[job.robots] < self._manners.tries and (response.is_passing or not response.trouble):
            return max(self._backoff(host.robots_tries[job.robots]), response.retry_after or 0.0)
        origin = job.robots.removesuffix("robots.txt")
        self._give_up(job.host, f"robots.txt cannot be had: {why}" if response.status else why, origin)
        return self._pause(job.item.url)

    def _finish_item(self, item: Item, response: Response) -> float:
        """Enter what came of an address; return for how long its host is left alone."""
        host = self._hosts[host_of(item.url)]
        response = replace(response, asked=item.via[0][1] if item.via else item.url, redirects=item.via)
        host.silent = host.silent + 1 if response.status == 0 and response.is_passing else 0
        if response.status in _BUSY:
            host.slowed = min(max(2 * host.slowed, 2 * self._manners.delay), _SLOWEST)
        pause = self._pause(item.url)
        is_redirect = response.target is not None  # followed, even if its body breaks off
        if not is_redirect and (response.is_passing or (response.status in _PASSING and not response.trouble)):
            return max(pause, self._retry(item, response, host))
        self._judge(item, response)
        return pause

    def _retry(self, item: Item, response: Response, host: _Host) -> float:
        """Put an address back, or give it up; return for how long the host is left alone."""
        why = response.trouble or _status(response.status)
        if host.silent >= _SILENT:
            self._settle(item, State.FAILED, why)
            self._give_up(item_host := host_of(item.url), f"{item_host} does not answer any more; last: {why}")
            return 0.0
        asked = response.retry_after if response.status else None
        if item.tries + 1 >= self._manners.tries and not (asked or 0.0) > self._manners.patience:
            self._settle(item, State.FAILED, f"{why}, {item.tries + 1} times", status=response.status)
            return 0.0
        wait = max(self._backoff(item.tries + 1), asked or 0.0)
        self._frontier.again(item, time.time() + wait)
        self._note(item.url, f"{why}; again in {wait:.0f} s")
        return wait if response.status in _BUSY or response.status == 0 else 0.0

    def _backoff(self, tries: int) -> float:
        longest = min(self._manners.backoff * 2 ** (tries - 1), _LONGEST_BACKOFF)
        return float(longest * random.uniform(0.75, 1.25))  # noqa: S311 - so that hosts do not come back in step

    def _judge(self, item: Item, response: Response, rendered: bytes | FetchError | None = None) -> None:
        """Settle an address that was answered for good; `rendered` is what a browser made of the answer."""
        if response.target is not None:
            self._redirect(item, response, response.target)
        elif response.trouble:
            self._settle(item, State.FAILED, response.trouble, status=response.status)
        elif response.status == HTTPStatus.NOT_MODIFIED and item.file is not None:
            part = self._part(item)
            if part is not None and isinstance(
                self._store, Files
            ):  # the first page may be new, and its sidecar with it
                self._store.add_part(part, item.file)
            first = item.first or item.url
            parts = enumerate(self._frontier.parts_of(first), 1)
            later = [Entry(url, first=first, depth=depth) for depth, url in parts if depth > item.depth]
            self._settle(item, State.UNCHANGED, status=response.status, found=later)
        elif self._is_to_render(item, response) and rendered is None:
            self._to_render = (item, response)
        elif (why := blocked.wall(_as_shown(response, rendered))) is not None:
            self._settle(item, State.BLOCKED, why, status=response.status)
        elif response.status not in (HTTPStatus.OK, HTTPStatus.NON_AUTHORITATIVE_INFORMATION):
            self._settle(item, State.FAILED, _status(response.status), status=response.status)
        elif item.kind == "page":
            self._page(item, response, rendered)
        else:
            self._list(item, response)

    def _is_to_render(self, item: Item, response: Response) -> bool:
        """Tell whether a browser is to show a page: what it loads belongs to this turn of the host."""
        is_page = item.kind == "page" and response.status == HTTPStatus.OK and suffix_of(response) == ".html"
        return is_page and self._render is not None

    def _redirect(self, item: Item, response: Response, target: str) -> None:
        via = (*item.via, (response.status, item.url))
        try:
            target = canonical(target)
        except FetchError as error:
            self._settle(item, State.FAILED, f"redirected to {error}", status=response.status)
            return
        if len(via) > _HOPS:
            self._settle(item, State.FAILED, f"redirected {_HOPS} times and no end", status=response.status)
            return
        self._store.redirect(response)
        entry = Entry(target, item.kind, via, item.first, item.depth)
        if any(place == target for _, place in via):
            self._frontier.revisit(item, entry, archive=self._store.position)
            self._line_up([entry])
            return
        self._settle(
            item,
            State.REDIRECTED,
            status=response.status,
            target=target if item.kind == "page" and response.status in _FOR_GOOD else None,
            hop=target if item.kind == "page" else None,
            found=[entry],
        )

    def _list(self, item: Item, response: Response) -> None:
        """Enter what a feed, a sitemap or a section lists."""
        try:
            if item.kind == "section":
                found = discover.links(response.body, response.url)
            elif item.kind == "feed" and suffix_of(response) == ".html":
                if not (found := discover.feeds(response.body, response.url)):
                    raise FetchError(item.url, "a page, not a feed, and it announces none")
            else:
                # A sitemap that was named by hand, or by another, may list any host of the site's owner.
                found = discover.entries(response.body, response.url, hosts=None)
        except FetchError as error:
            self._settle(item, State.FAILED, error.why, status=response.status)
            return
        entries = [
            Entry(one.url, one.kind, depth=0 if one.kind == "page" else item.depth + 1)
            for one in found
            if not discover.is_older(one, self._since) and (one.kind == "page" or item.depth < _DEPTHS[one.kind])
        ]
        self._settle(item, State.READ, status=response.status, found=entries)
        pages, all_in_all = sum(entry.kind == "page" for entry in entries), len(entries)
        self._note(item.url, f"lists {pages:,} page(s), {all_in_all - pages:,} further list(s)")
        if deep := sum(one.kind != "page" and item.depth >= _DEPTHS[one.kind] for one in found):
            self._note(item.url, f"{deep:,} further list(s) not read: {item.depth:,} lists lead here already")
        if self._frontier.has_all_lists:
            self._note_once(item.url, "no more lists are taken by this run: it has as many as it reads")

    def _page(self, item: Item, response: Response, rendered: bytes | FetchError | None) -> None:
        suffix = suffix_of(response)
        if suffix is None:
            self._settle(item, State.FAILED, "no media type, and not HTML: not a page", status=response.status)
            return
        own = _own(_as_shown(response, rendered)) if suffix == ".html" and item.first is None else None
        if own is not None and (original := self._frontier.copy_of(item, own)) is not None:
            self._settle(item, State.DUPLICATE, f"a copy of {original}", status=response.status, target=original)
            return
        extra: dict[str, Any] = {}
        if item.via:
            extra["asked"] = response.asked
        if own is not None and own[0] != item.url:
            extra["canonical"] = own[0]
        try:
            file = self._store.save(response, suffix, extra, self._part(item))
        except FetchError as error:
            self._settle(item, State.FAILED, error.why, status=response.status)
            return
        if isinstance(rendered, FetchError):
            self._note(item.url, f"not rendered: {rendered.why}")
        elif rendered is not None and isinstance(self._store, Files):
            self._store.add_rendering(file, rendered)
        if item.first is None and not self._frontier.refreshes:
            self._keep_parts(item.url, file)
        self._settle(
            item,
            State.SAVED,
            status=response.status,
            file=file,
            validators=(_validator(response, "etag"), _validator(response, "last-modified")),
            own=own,
            found=self._later_page(item, response),
        )

    def _part(self, item: Item) -> Part | None:
        """Return which later page of an article `item` is, None where it is none, or the first was not saved."""
        first = self._frontier.file_of(item.first) if item.first is not None else None
        return None if first is None else Part(first, item.depth + 1)

    def _keep_parts(self, url: str, first: str, depth: int = 1) -> None:
        """Have the sidecar `first` of the article at `url` list what is there of its later pages, from one on.

        They are not saved again, and nothing else would tell a new sidecar of them.
        """
        if isinstance(self._store, Files):
            for number, later in self._frontier.kept_parts(url, depth):
                self._store.add_part(Part(first, number), later)

    def _later_page(self, item: Item, response: Response) -> list[Entry]:
        """Return the next page of the article, if it has one."""
        if self._next_page is None:
            return []
        first = item.first or item.url
        before = [] if item.first is None else [first, *self._frontier.parts_of(first)][: item.depth]
        try:
            following = self._next_page(response, before)
        except RuleFileError as error:  # the page is saved; its site's rules are for whoever cleans it
            self._note_once(item.url, f"no next page was looked for: {error}")
            return []
        return [] if following is None else [Entry(following, first=first, depth=item.depth + 1)]

    # ── Telling ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _settle(self, item: Item, state: State, reason: str = "", **said: Any) -> None:
        if state in _NOT_HAD:
            self._keep_rest(item)
        self._frontier.settle(item, state, reason, archive=self._store.position, **said)
        self._line_up(said.get("found", ()))
        self._observe(Event(item.url, state, reason))

    def _line_up(self, entries: Any) -> None:
        """Give a turn to hosts that something was found of."""
        for host in {host_of(entry.url) for entry in entries}:
            self._push(host, 0.0)

    def _give_up(self, host: str, reason: str, origin: str = "") -> None:
        for entry in self._frontier.give_up(host, reason, origin):
            self._keep_rest(entry)
            self._observe(Event(entry.url, State.FAILED, reason))

    def _keep_rest(self, entry: Entry) -> None:
        """Keep what an article has from a later page on that cannot be had now: its first one may have been renewed."""
        if entry.first is not None and (first := self._frontier.file_of(entry.first)) is not None:
            self._keep_parts(entry.first, first, entry.depth)

    def _note_once(self, url: str, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self._note(url, text)

    def _note(self, url: str, text: str) -> None:
        self._observe(Event(url, None, text))


def _unwanted(response: Response) -> str:
    """Return why the body of an answer is not wanted: only that of a page is, and what stands in front of one."""
    return not_a_page(response) if response.status == HTTPStatus.OK else ""


def _validator(response: Response, name: str) -> str:
    """Return a header that is sent back as it came; empty where that cannot be done."""
    value = response.header(name)
    return value if len(value) <= _LONGEST_VALIDATOR and value.isprintable() else ""


def _as_shown(response: Response, rendered: bytes | FetchError | None) -> Response:
    """Return an answer with the body that a browser made of it, if one did."""
    if not isinstance(rendered, bytes):
        return response
    headers = (("Content-Type", "text/html; charset=utf-8"),)
    return replace(response, body=rendered, headers=headers)


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _own(response: Response) -> tuple[str, str, str] | None:
    """Return the address and the title that a page states as its own, and its passages; None where it has no title.

    A stated address counts where it can be one of the same page: it is of the same host, and not the home page's.
    """
    title = _TITLE.search(response.body, 0, _HEAD)
    if title is None:
        return None
    name = " ".join(title[1].decode("utf-8", "replace").split())[:_MOST_TITLE]
    here, passages = urlsplit(response.url), " ".join(_passages(response.body))
    try:
        stated = canonical(urljoin(response.url, _stated(response) or response.url))
        there = urlsplit(stated)
    except (FetchError, ValueError):
        return response.url, name, passages
    is_of_site = here.netloc.removeprefix("www.") == there.netloc.removeprefix("www.")
    return stated if is_of_site and (there.path != "/" or here.path == "/") else response.url, name, passages


def _passages(body: bytes) -> list[str]:
    """Return hashes of the longer texts between two tags, a sample where there are many."""
    found, unseen = set[int](), b""
    for tag in _TAG.finditer(body, 0, 4 * _HEAD):
        is_end, name = bool(tag[1]), tag[2].lower()
        if unseen:
            if not (is_end and name == unseen):
                continue
            unseen = b""
        elif not is_end and name in _UNSEEN:
            unseen = name
            continue
        text = b" ".join(tag[3].split())
        if len(text) >= _PASSAGE:
            found.add(crc32(text))
    return [f"{one:x}" for one in sorted(found)[:_MOST_PASSAGES]]


def _stated(response: Response) -> str | None:
    for tag in _LINK.finditer(response.body, 0, _HEAD):
        if _CANONICAL.search(tag[0]) and (href := _HREF.search(tag[0])):
            return unescape((href[1] or href[2] or href[3]).decode("utf-8", "replace")).strip()
    return None
