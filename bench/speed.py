"""How fast `cleaner` is, beside its peers and the bare parse; how much memory it takes; what hostile pages do to it.

::

    python bench/speed.py                            times, stages, time against size, peak memory
    python bench/speed.py --floors                   the same; fails where a ratio fell
    python bench/speed.py --memory                   20,000 cleans in one process: is memory flat?
    python bench/speed.py --hostile                  pages made to be slow, each at full and at half size

Systems are timed page by page in turn, in one process and one run: whatever else the machine does meets all of them, so
the *ratios* hold where milliseconds do not. Times are CPU time of the process (every system here runs on one thread).

Exit status: 0 fine; 1 a ratio below its floor, memory that grows, a hostile page over its limit; 2 cannot run as asked.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import json
import random
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any, Final
from unittest import mock

import corpus
import peers
from options import names_of, positive

from cleaner.model import Article

__all__ = [
    "HOSTILE",
    "STAGES",
    "SYSTEMS",
    "Stopwatch",
    "Times",
    "below_floors",
    "deciles",
    "main",
    "slope",
    "steady",
]

_SETS: Final = ("aeb", "wcxb", "news")
_OURS: Final = peers.PROJECT
_FLOORS: Final = Path(__file__).with_name("speed-floors.json")
_TOLERANCE: Final = 0.85
"""A ratio may be this share of its floor: machines differ, and one run is not the next."""
_FLAT: Final = 0.5
"""MB per 1,000 cleans up to which memory counts as flat: allocators fragment."""
_LIMIT: Final = 3.0
"""Seconds that a hostile page may take."""

Run = Callable[[bytes, str], object]
"""Do all the work on one page, given its URL; what is returned is freed within the time."""
_clock = time.process_time


# -- systems ---------------------------------------------------------------------------------------------------------


def _cleaner() -> Run:
    from cleaner import Cleaner

    cleaner = Cleaner()
    return lambda html, url: cleaner.clean(html, url=url)


def _bare_extraction() -> Run:
    from trafilatura import bare_extraction

    return lambda html, url: bare_extraction(html, url=url, with_metadata=True)


def _peer(name: str) -> Callable[[], Run]:
    """Return the factory of one of :data:`peers.FACTORIES`."""

    def factory() -> Run:
        system = peers.FACTORIES[name][1]()
        return lambda html, url: system(html, url, "text/html")

    return factory


def _parse() -> Run:
    from lxml import etree

    return lambda html, _url: etree.fromstring(html, etree.HTMLParser())


SYSTEMS: Final[dict[str, Callable[[], Run]]] = {
    _OURS: _cleaner,
    "bare_extraction": _bare_extraction,
    "trafilatura": _peer("trafilatura"),
    "readability": _peer("readability"),
    "resiliparse": _peer("resiliparse"),
    "parse": _parse,
}
"""`cleaner`: `Cleaner.clean`, which is text, Markdown, metadata and verdicts. `bare_extraction`: trafilatura's, with
metadata; `trafilatura`: its `extract`, text only. `parse`: lxml makes a tree and frees it, the floor for all who parse
with libxml2."""


def _ready(names: Iterable[str]) -> tuple[dict[str, Run], dict[str, str]]:
    """Return what each system runs, and for those that cannot be imported why."""
    ready, skipped = {}, {}
    for name in names:
        try:
            ready[name] = SYSTEMS[name]()
        except ImportError as error:
            skipped[name] = f"cannot be imported: {error}"
    return ready, skipped


# -- pages -----------------------------------------------------------------------------------------------------------


def chosen(count: int, seed: int) -> list[corpus.CorpusPage]:
    """Return `count` pages of the corpus, the same for the same seed, as many of each set as of the others.

    Raises:
        UsageError: a set has too few.

    """
    found: list[corpus.CorpusPage] = []
    for number, name in enumerate(_SETS):
        pages = corpus.load(name)
        share = count * (number + 1) // len(_SETS) - count * number // len(_SETS)
        if share > len(pages):
            raise UsageError(f"{name} has {len(pages)} pages and {share} are asked for; lower --pages")
        found += random.Random(f"{seed}/{name}").sample(pages, share)
    return found


def _page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>A page</title>{head}</head><body>{body}</body></html>".encode()


_SENTENCE: Final = "The council met on Monday, and after four hours of debate it agreed on a plan for the harbour. "


_WARM_UP: Final = _page(f"<h1>A page</h1><p>By Ann Example</p><p>May 3, 2021</p><p>{_SENTENCE * 5}</p>" * 2)


# -- time ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds: for each system a row for each round, in it a figure for each page."""

    ms: dict[str, list[list[float]]]

    def of(self, system: str) -> list[float]:
        """Return the median over the rounds for each page."""
        return [statistics.median(rounds) for rounds in zip(*self.ms[system], strict=True)]

    def mean(self, system: str) -> float:
        """Return milliseconds a page."""
        return statistics.fmean(self.of(system))

    def ratio(self, system: str) -> float:
        """Return how many times as long a system takes for all pages as we do."""
        return self.mean(system) / self.mean(_OURS)

    def spread(self, system: str) -> tuple[float, float]:
        """Return the least and the greatest of that ratio among the rounds."""
        ratios = [sum(theirs) / sum(ours) for theirs, ours in zip(self.ms[system], self.ms[_OURS], strict=True)]
        return min(ratios), max(ratios)

    def page_ratios(self, system: str) -> list[float]:
        """Return the quartiles of that ratio among the pages."""
        ratios = [theirs / ours for theirs, ours in zip(self.of(system), self.of(_OURS), strict=True)]
        return statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3


def measure(systems: Mapping[str, Run], pages: Sequence[tuple[bytes, str]], rounds: int) -> Times:
    """Time every system on every page, page by page in turn; a system's time includes freeing what it made.

    Who goes first changes from page to page: the first finds the page cold in the processor's cache. A round begins
    with empty caches and a page to warm up on, so that nobody gains from having seen the pages in the round before.
    """
    names = list(systems)
    ms: dict[str, list[list[float]]] = {name: [] for name in names}
    for _ in range(rounds):
        _forget()
        for name in names:
            systems[name](_WARM_UP, "https://example.com/")
            ms[name].append([])
        for number, (html, url) in enumerate(pages):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                ms[name][-1].append(_timed(systems[name], html, url) * 1000)
    return Times(ms)


def _forget() -> None:
    """Empty every `functools.lru_cache` of the process, whosoever it is."""
    cached = type(functools.cache(_forget))
    for found in gc.get_objects():
        if isinstance(found, cached):
            found.cache_clear()


def _timed(run: Run, html: bytes, url: str) -> float:
    """Return the seconds that one run takes, what it made being freed."""
    start = _clock()
    result = run(html, url)
    del result
    return _clock() - start


def deciles(sizes: Sequence[int], parts: int = 10) -> list[list[int]]:
    """Return the pages' indexes by size in up to `parts` groups of (nearly) equal number, the smallest pages first."""
    order = sorted(range(len(sizes)), key=lambda index: (sizes[index], index))
    cuts = [len(order) * part // parts for part in range(parts + 1)]
    return [order[start:end] for start, end in pairwise(cuts) if end > start]


# -- stages ----------------------------------------------------------------------------------------------------------

STAGES: Final = (
    ("decode, parse", "cleaner.segment.decode"),
    ("decode, parse", "cleaner.segment.looks_binary"),
    ("decode, parse", "cleaner.segment.looks_like_html"),
    ("decode, parse", "cleaner.segment.parse"),
    ("segment", "cleaner.pipeline.segment"),
    ("rules for page", "cleaner.pipeline.RuleBook.for_page"),
    ("declare", "cleaner.pipeline.declare"),
    ("given", "cleaner.judge.given"),
    ("features", "cleaner.judge.scorer.extract"),
    ("scoring", "cleaner.pipeline.judge"),
    ("describe", "cleaner.pipeline.describe"),
    ("compose", "cleaner.pipeline.compose"),
    ("the rest", "cleaner.pipeline.Cleaner.clean"),
)
"""Stage, and a function whose time is that stage's, less what it spends in functions of other stages."""


class Stopwatch:
    """Time by stage. A call's own time excludes that of timed calls within it, so the stages add up to the whole."""

    def __init__(self, clock: Callable[[], float] = _clock) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._clock = clock
        self._within: list[float] = []
        """Of each timed call under way, the time spent in timed calls within it."""

    def timing(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, its time counted for `stage`."""

        @functools.wraps(function)
        def timed(*args: Any, **named: Any) -> Any:
            start = self._clock()
            self._within.append(0.0)
            try:
                return function(*args, **named)
            finally:
                spent = self._clock() - start
                self.seconds[stage] += spent - self._within.pop()
                if self._within:
                    self._within[-1] += spent

        return timed

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Time the functions of :data:`STAGES` while this lasts."""
        with ExitStack() as stack:
            for stage, target in STAGES:
                place, _, name = target.rpartition(".")
                owner = _owner(place)
                stack.enter_context(mock.patch.object(owner, name, self.timing(stage, getattr(owner, name))))
            yield


def _owner(place: str) -> Any:
    """Return the module, or the class in a module, of a dotted name."""
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        return getattr(importlib.import_module(module), name)


def stages(pages: Sequence[tuple[bytes, str]]) -> dict[str, float]:
    """Return milliseconds a page for each stage, from one pass over the pages."""
    watch = Stopwatch()
    with watch.installed():
        run = _cleaner()
        run(_WARM_UP, "")
        watch.seconds.clear()
        for html, url in pages:
            run(html, url)
    return {stage: watch.seconds[stage] / len(pages) * 1000 for stage in dict(STAGES)}


# -- memory ----------------------------------------------------------------------------------------------------------


def _status_mb(name: str) -> float:
    """Return a size that Linux states of this process, in MB: `VmRSS` now, `VmHWM` at most.

    `resource.getrusage` will not do: what it gives as a process's peak is no less than what its parent once had.
    """
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except FileNotFoundError as error:
        raise UsageError("memory is read from /proc/self/status, which this system does not have") from error
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


def peaks(systems: Iterable[str], count: int, seed: int) -> dict[str, tuple[float, float]]:
    """Return for each system the MB that it holds once imported, and its peak over the pages; each in its own process.

    The pages are read one by one; the largest is part of what is counted.
    """
    found = {}
    for system in systems:
        command = [sys.executable, __file__, "--peak", system, "--pages", str(count), "--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        before, most = json.loads(done.stdout)
        found[system] = (before, most)
    return found


def _peak(system: str, count: int, seed: int) -> tuple[float, float]:
    pages = chosen(count, seed)
    run = SYSTEMS[system]()
    before = _status_mb("VmRSS")
    for page in pages:
        run(page.html(), page.url)
    return before, _status_mb("VmHWM")


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory while one process cleans page after page."""

    cleans: int
    every: int
    rss: list[float]
    """MB after each `every` cleans."""
    per_thousand: float
    """MB gained for every 1,000 cleans, once warm."""

    @property
    def is_flat(self) -> bool:
        """Whether memory stays where it is."""
        return self.per_thousand <= _FLAT


def grow(cleans: int, every: int = 1000) -> Growth:
    """Clean so many pages, the whole corpus over and over, and sample the memory in use."""
    run = _cleaner()
    pages = [page for name in _SETS for page in corpus.load(name)]
    random.Random(0).shuffle(pages)
    rss = []
    for number, page in enumerate(islice(cycle(pages), cleans), 1):
        run(page.html(), page.url)
        if number % every == 0:
            rss.append(_status_mb("VmRSS"))
            print(f"{number:>7,} cleans  {rss[-1]:7.1f} MB", flush=True)
    return Growth(cleans, every, rss, slope(steady(rss)) * 1000 / every)


def steady(values: Sequence[float]) -> Sequence[float]:
    """Return the samples after warm-up: all but the first quarter."""
    return values[len(values) // 4 :]


def slope(values: Sequence[float]) -> float:
    """Return the gain from one value to the next, by least squares; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    return statistics.linear_regression(range(len(values)), values).slope


# -- hostile pages ---------------------------------------------------------------------------------------------------


def _megabytes(size: int) -> bytes:
    """Return an article of so many bytes in paragraphs that differ, in nested sections."""
    per = 4 * len(_SENTENCE) + 60
    paragraphs = (f"<p>{number} {_SENTENCE * 4}<a href='/{number}'>more</a></p>" for number in range(size // per))
    return _page("<article>" + "\n".join(paragraphs) + "</article>")


def _elements(count: int) -> bytes:
    """Return a page of so many elements: nested in fives, each with a class, text in each."""
    unit = "<div class='c{0}'><section><p>{1}<b>bold</b> <i>words</i></p></section></div>"
    return _page("".join(unit.format(number % 500, _SENTENCE[:40]) for number in range(count // 5)))


def _json_ld(count: int) -> bytes:
    script = '<script type="application/ld+json">{{"@type":"NewsArticle","headline":"Headline {0}"}}</script>'
    return _page(f"<p>{_SENTENCE * 3}</p>", "".join(script.format(number) for number in range(count)))


def _with_article_body(count: int) -> bytes:
    """Return a page whose JSON-LD states a long `articleBody`, none of which is in its many paragraphs."""
    body = json.dumps({"@type": "NewsArticle", "articleBody": _SENTENCE.upper() * 4_000})
    script = f'<script type="application/ld+json">{body}</script>'
    return _page("".join(f"<p>{number} {_SENTENCE}</p>" for number in range(count)), script)


HOSTILE: Final[dict[str, tuple[int, Callable[[int], bytes]]]] = {
    "bytes": (8_000_000, _megabytes),
    "elements": (200_000, _elements),
    "depth": (20_000, lambda n: _page("<div>" * n + _SENTENCE * 3 + "</div>" * n)),
    "depth with text": (20_000, lambda n: _page("".join(f"<div>{_SENTENCE}" for _ in range(n)) + "</div>" * n)),
    "links": (100_000, lambda n: _page("".join(f"<a href='/p/{k}'>Page {k}</a> " for k in range(n)))),
    "one line": (5_000_000, lambda n: _page("<p>" + _SENTENCE * (n // len(_SENTENCE)) + "</p>")),
    "one word": (5_000_000, lambda n: _page("<p>" + "a" * n + "</p>")),
    "list items": (100_000, lambda n: _page("<ul>" + "".join(f"<li>Item {k}</li>" for k in range(n)) + "</ul>")),
    "equal paragraphs": (100_000, lambda n: _page(f"<p>{_SENTENCE}</p>" * n)),
    "distinct paragraphs": (
        50_000,
        lambda n: _page(
            "".join(f"<p>{k * 7919:x} {' '.join(str(k * m) for m in range(9))} of it.</p>" for k in range(n))
        ),
    ),
    "articleBody": (20_000, _with_article_body),
    "one class": (1_000_000, lambda n: _page(f"<div class='{'c ' * (n // 2)}'><p>{_SENTENCE}</p></div>")),
    "equal labels": (100_000, lambda n: _page("<p>Read more</p>" * n)),
    "two in turn": (100_000, lambda n: _page(f"<p>{_SENTENCE}</p><p>Read more</p>" * (n // 2))),
    "table cells": (
        100_000,
        lambda n: _page("<table>" + ("<tr>" + "<td>cell</td>" * 10 + "</tr>") * (n // 10) + "</table>"),
    ),
    "one row": (100_000, lambda n: _page("<table><tr>" + "<td>cell</td>" * n + "</tr></table>")),
    "nested lists": (10_000, lambda n: _page("<ul><li>item " * n + "</li></ul>" * n)),
    "nested tables": (1_000, lambda n: _page("<table><tr><td>a</td><td>b" * n + "</td></tr></table>" * n)),
    "nested hidden": (10_000, lambda n: _page("<div hidden>" * n + "</div>" * n + f"<p>{_SENTENCE}</p>")),
    "line breaks": (100_000, lambda n: _page("<p>" + "A line of verse<br>" * n + "</p>")),
    "bare breaks": (100_000, lambda n: _page("<p>" + "<br>" * n + "</p>")),
    "hidden spans": (100_000, lambda n: _page("<p>" + "word <span hidden>secret</span> " * n + "</p>")),
    "inline marks": (100_000, lambda n: _page("<p>" + "a <b>bold</b> <a href='/x'>link</a> " * (n // 2) + "</p>")),
    "figures": (
        20_000,
        lambda n: _page(f"<figure><img src='a.jpg' alt='A'><figcaption>{_SENTENCE}</figcaption></figure>" * n),
    ),
    "captions of one figure": (
        20_000,
        lambda n: _page("<figure>" + f"<figcaption>{_SENTENCE}</figcaption>" * n + "<img src='a.jpg'></figure>"),
    ),
    "headings": (100_000, lambda n: _page("".join(f"<h2>Heading {k}</h2>" for k in range(n)))),
    "classes": (100_000, lambda n: _page("".join(f"<p class='k{k} share'>Text {k}</p>" for k in range(n)))),
    "scripts of JSON-LD": (10_000, _json_ld),
    "meta elements": (
        100_000,
        lambda n: _page(f"<p>{_SENTENCE}</p>", "".join(f"<meta name='n{k}' content='{k}'>" for k in range(n))),
    ),
    "bylines": (
        20_000,
        lambda n: _page("".join(f"<p>By Ann Example {k}</p><p>May 3, 2021</p>" for k in range(n // 2))),
    ),
    "lines of a dump": (100_000, lambda n: "".join(f"{k} {_SENTENCE}\n\n" for k in range(n)).encode()),
    "short lines of a dump": (100_000, lambda n: "".join(f"Item {k}\n" for k in range(n)).encode()),
}
"""Name -> the full size, and what makes a page of a size."""


@dataclass(frozen=True, slots=True)
class Endured:
    """What one hostile page took."""

    name: str
    size: int
    bytes: int
    half: float
    """Seconds at half the size."""
    full: float
    status: str

    @property
    def ratio(self) -> float:
        """Full over half: 2 where time is linear in size."""
        return self.full / self.half

    @property
    def is_fine(self) -> bool:
        """Whether it stays within the limit; a page refused in that time is fine too."""
        return self.full < _LIMIT


def endure(names: Iterable[str], runs: int = 2) -> Iterator[Endured]:
    """Clean hostile pages at half and at full size; the faster of `runs`."""
    from cleaner import Cleaner

    cleaner = Cleaner()

    def run(html: bytes, _url: str) -> Article:
        return cleaner.clean(html)

    run(_WARM_UP, "")
    for name in names:
        size, make = HOSTILE[name]
        half, full = make(size // 2), make(size)
        status = str(run(full, "").status)
        half_time, full_time = (min(_timed(run, html, "") for _ in range(runs)) for html in (half, full))
        yield Endured(name, size, len(full), half_time, full_time, status)


# -- tables ----------------------------------------------------------------------------------------------------------


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table, columns aligned."""
    whole = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    for number, row in enumerate(whole):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield f"|{'-' * (widths[0] + 2)}|{'|'.join('-' * (width + 1) + ':' for width in widths[1:])}|"
    yield ""


def _speed_table(times: Times) -> Iterator[str]:
    rows = []
    for system in times.ms:
        mean, (least, most), (low, middle, high) = times.mean(system), times.spread(system), times.page_ratios(system)
        per_page = f"{middle:.2f} ({low:.2f}-{high:.2f})"
        ratio = f"{times.ratio(system):.2f} ({least:.2f}-{most:.2f})"
        rows.append(
            [system, f"{1000 / mean:.1f}", f"{mean:.2f}", f"{statistics.median(times.of(system)):.2f}", ratio, per_page]
        )
    head = ["system", "pages/s", "ms/page", "median ms", "x ours (rounds)", "x ours, median page (quartiles)"]
    return _table(head, rows)


def _stage_table(by_stage: Mapping[str, float]) -> Iterator[str]:
    total = sum(by_stage.values())
    rows = [[stage, f"{ms:.2f}", f"{ms / total:.0%}"] for stage, ms in by_stage.items()]
    return _table(["stage", "ms/page", "share"], [*rows, ["all", f"{total:.2f}", "100%"]])


def _size_rows(times: Times, sizes: Sequence[int]) -> list[dict[str, float]]:
    """Return for each tenth of the pages by size: mean KB, our ms, the ratio to each other system."""
    found = []
    for group in deciles(sizes):
        ms = {system: statistics.fmean(times.of(system)[index] for index in group) for system in times.ms}
        kilobytes = statistics.fmean(sizes[index] for index in group) / 1000
        found.append(
            {"kB": kilobytes, "ms": ms[_OURS], "ms per 100 kB": ms[_OURS] / kilobytes * 100}
            | {f"{system} x": ms[system] / ms[_OURS] for system in ms if system != _OURS}
        )
    return found


def _size_table(rows: Sequence[Mapping[str, float]]) -> Iterator[str]:
    return _table(
        list(rows[0]),
        [[f"{value:.0f}" if name == "kB" else f"{value:.2f}" for name, value in row.items()] for row in rows],
    )


def _hostile_table(found: Sequence[Endured]) -> Iterator[str]:
    rows = [
        [one.name, f"{one.size:,}", f"{one.bytes / 1e6:.1f}", f"{one.half:.2f}", f"{one.full:.2f}", f"{one.ratio:.1f}",
         one.status, "yes" if one.is_fine else "NO"]
        for one in found
    ]  # fmt: skip
    return _table(["page", "size", "MB", "s at half", "s", "ratio", "status", f"under {_LIMIT:.0f} s"], rows)


# -- floors ----------------------------------------------------------------------------------------------------------


def below_floors(ratios: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """Return a line for each ratio that fell below its floor, or that a floor asks for and nobody measured."""
    faults = []
    for system, floor in floors.items():
        ratio = ratios.get(system)
        if ratio is None:
            faults.append(f"{system}: not measured, its floor is {floor:.2f} times our time")
        elif ratio < floor * _TOLERANCE:
            faults.append(
                f"{system}: takes {ratio:.2f} times our time; the floor is {floor:.2f}, less {1 - _TOLERANCE:.0%}"
            )
    return faults


# -- the command -----------------------------------------------------------------------------------------------------


class UsageError(Exception):
    """What was asked for cannot be done: says what to do instead."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    options = _parser().parse_args(arguments)
    try:
        if options.peak:
            print(json.dumps(_peak(options.peak, options.pages, options.seed)))
            return 0
        if options.memory:
            return _memory(options)
        if options.hostile is not None:
            return _hostile(options)
        return _speed(options)
    except (UsageError, corpus.CorpusMissingError) as error:
        print(f"speed.py: {error}", file=sys.stderr)
        return 2


def _speed(options: argparse.Namespace) -> int:
    systems, skipped = _ready(options.systems)
    if _OURS not in systems:
        raise UsageError(f"--systems must name {_OURS}: it is what the others are compared with")
    pages = [(page.html(), page.url) for page in chosen(options.pages, options.seed)]
    times = measure(systems, pages, options.rounds)
    by_stage = stages(pages)
    by_size = _size_rows(times, [len(html) for html, _ in pages])
    memory = peaks(systems, options.pages, options.seed)
    print(f"{len(pages)} pages, seed {options.seed}, {options.rounds} rounds\n")
    _print(f"{system} {reason}" for system, reason in skipped.items())
    _print(_speed_table(times))
    _print(_stage_table(by_stage))
    _print(_size_table(by_size))
    rows = [[system, f"{before:.0f}", f"{most:.0f}"] for system, (before, most) in memory.items()]
    _print(_table(["system", "MB imported", "MB peak"], rows))
    ratios = {system: times.ratio(system) for system in times.ms}
    _save(
        options.out,
        {
            "pages": len(pages),
            "seed": options.seed,
            "versions": {name: peers.version_of(name) for name in systems if name in peers.FACTORIES},
            "ms": {system: times.mean(system) for system in times.ms},
            "ratio": ratios,
            "ratio of rounds": {system: times.spread(system) for system in times.ms},
            "ratio of pages": {system: times.page_ratios(system) for system in times.ms},
            "stages": by_stage,
            "size": by_size,
            "peak MB": memory,
        },
    )
    if options.floors is None:
        return 0
    faults = below_floors(ratios, _read_floors(options.floors))
    _print(f"FLOOR {fault}" for fault in faults)
    return int(bool(faults))


def _memory(options: argparse.Namespace) -> int:
    growth = grow(options.memory)
    say = "flat" if growth.is_flat else "GROWS"
    print(f"{growth.cleans:,} cleans: {growth.per_thousand:+.2f} MB per 1,000 after warm-up: {say}")
    _save(options.out, asdict(growth))
    return int(not growth.is_flat)


def _hostile(options: argparse.Namespace) -> int:
    found = []
    for one in endure(options.hostile or HOSTILE):
        found.append(one)
        print(f"{one.name}: {one.half:.2f} s, {one.full:.2f} s", file=sys.stderr, flush=True)
    _print(_hostile_table(found))
    _save(options.out, [asdict(one) | {"ratio": one.ratio} for one in found])
    return int(not all(one.is_fine for one in found))


def _read_floors(path: Path) -> dict[str, float]:
    try:
        floors: dict[str, float] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError) as error:
        raise UsageError(f"{path}: no floors there ({error}); it holds system -> ratio, as JSON") from error
    return floors


def _save(path: Path | None, data: Any) -> None:
    if path is not None:
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the time and memory that cleaner and its peers take.")
    add = parser.add_argument
    add("--systems", type=names_of(SYSTEMS), default=list(SYSTEMS), help=f"of {', '.join(SYSTEMS)}; default all")
    add("--pages", type=positive, default=150, help="how many, a third of each set (default 150)")
    add("--seed", type=int, default=0, help="which ones (default 0)")
    add("--rounds", type=positive, default=5, help="how often each page is timed (default 5)")
    add("--out", type=Path, metavar="FILE", help="JSON file to write")
    add("--floors", type=Path, nargs="?", const=_FLOORS, metavar="FILE", help="fail where a ratio is below its floor")
    add("--memory", type=positive, nargs="?", const=20_000, metavar="N", help="clean N pages (20,000), watch memory")
    add(
        "--hostile",
        type=names_of(HOSTILE),
        nargs="?",
        const=[],
        metavar="NAMES",
        help=f"pages made to be slow: all, or of {', '.join(HOSTILE)}",
    )
    add("--peak", choices=list(SYSTEMS), help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
