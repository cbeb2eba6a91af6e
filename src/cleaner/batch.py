"""Many pages: a row for each, whatever happens."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from cleaner.errors import CleanerError, Fault, InputError, OutputError, RuleFileError, TooLargeError
from cleaner.model import Article, Fate, NoiseKind, Note, Page, Status
from cleaner.pool import DoubtfulError, Failure, Limits, Pool, is_doubtful
from cleaner.state import Entry, Known, State
from cleaner.storage import Input, Rendered, Sink, content_hash

__all__ = ["FAILURES", "Cleans", "Row", "Summary", "Tallies", "Tally", "Workers", "run", "workers"]

_SETTLE_SECONDS: Final = 0.5
FAILURES = frozenset({Status.UNREADABLE, Status.TOO_LARGE, Status.TIMEOUT, Status.CRASHED})
"""What says nothing of the page itself: it was not cleaned."""


class Cleans(Protocol):
    """What cleans a page: :class:`cleaner.pipeline.Cleaner`."""

    def clean(self, source: Page, /) -> Article:
        """Return the article of a page."""


@dataclass(slots=True)
class Tally:
    """How much text."""

    blocks: int = 0
    words: int = 0

    def add(self, words: int) -> None:
        """Count one more block."""
        self.blocks += 1
        self.words += words

    def merge(self, other: Tally) -> None:
        """Add what another counted."""
        self.blocks += other.blocks
        self.words += other.words


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one page."""

    location: str
    status: Status
    reason: str
    notes: tuple[Note, ...]
    words: int
    """Of the body."""
    seconds: float
    faults: tuple[Fault, ...] = ()
    """Of the rule files that the page needs."""
    stays: bool = False
    """Whether it was left as it is: it would give the same again."""


@dataclass(slots=True)
class Tallies:
    """How much text of which kind."""

    kept: Tally = field(default_factory=Tally)
    metadata: Tally = field(default_factory=Tally)
    noise: dict[NoiseKind, Tally] = field(default_factory=dict)

    @classmethod
    def of(cls, article: Article) -> Tallies:
        """Count the blocks of an article."""
        tallies = cls()
        for block, verdict in zip(article.blocks, article.verdicts, strict=True):
            if verdict.fate is Fate.KEEP:
                tallies.kept.add(block.words)
            elif verdict.fate is Fate.METADATA:
                tallies.metadata.add(block.words)
            else:
                tallies.noise.setdefault(verdict.kind or NoiseKind.OTHER, Tally()).add(block.words)
        return tallies

    def merge(self, other: Tallies) -> None:
        """Add what another counted."""
        self.kept.merge(other.kept)
        self.metadata.merge(other.metadata)
        for kind, tally in other.noise.items():
            self.noise.setdefault(kind, Tally()).merge(tally)


@dataclass(slots=True)
class Summary(Tallies):
    """What became of all pages."""

    statuses: Counter[Status] = field(default_factory=Counter)
    """Of the pages of this run, also those that were done before it was stopped."""
    before: Counter[Status] = field(default_factory=Counter)
    """Of the latter alone."""
    stay: int = 0
    """How many pages were left as they are."""
    faults: dict[Fault, None] = field(default_factory=dict)
    """Of the rule files that some page needed, each once."""
    seconds: float = 0.0
    interrupted: bool = False
    """Ctrl-C: these are the pages up to there."""
    stopped: CleanerError | None = None
    """What ended the run: an output that cannot be written, a folder without pages (told after all other pages)."""

    @property
    def pages(self) -> int:
        """How many pages have a row."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """How many of them were not cleaned."""
        return sum(self.statuses[status] for status in FAILURES)

    def count(self, done: _Done) -> None:
        """Add one page."""
        self.statuses[done.row.status] += 1
        self.stay += done.row.stays
        self.faults.update(dict.fromkeys(done.row.faults))
        self.merge(done.tallies)


def workers(
    cleaner: Cleans, render: Callable[[Article, Page | None], Rendered], jobs: int, limits: Limits | None = None
) -> Workers:
    """Return processes for several runs of the same cleaner, over sinks that render alike; close them in the end."""
    return Pool(_Job(cleaner, render, None, debug=False, elsewhere=True), jobs, limits)


def run(
    cleaner: Cleans,
    inputs: Iterable[Input],
    sink: Sink,
    observe: Callable[[Row], None] | None = None,
    *,
    jobs: int | Workers = 0,
    limits: Limits | None = None,
    state: State | None = None,
    changed: Callable[[Page], str] | None = None,
    debug: bool = False,
) -> Summary:
    """Clean all `inputs` into `sink`, tell `observe` of each, and return the totals.

    Trouble with a page is its row, and the run goes on. A run ends early only where nothing can be written (`stopped`)
    and on Ctrl-C (`interrupted`); what was cleaned by then is written and counted.

    Args:
        cleaner: what cleans; with `jobs`, it pickles.
        inputs: the pages; each name occurs once.
        sink: where articles go, in the order of the pages.
        observe: is called with each row.
        jobs: worker processes, each page within `limits`; 0 cleans here, without any. Or :func:`workers`, which stay.
        limits: see :class:`cleaner.pool.Limits`.
        state: what is done already is passed over, and what gets done is entered.
        changed: with `state`, pages that would give the same again stay as they are; this returns the digest of the
            rules that hold for a page.
        debug: raise the exception that crashes a page.

    """
    summary = Summary()
    if state is not None:
        summary.before = Counter({Status(status): pages for status, pages in state.statuses().items()})
        summary.statuses.update(summary.before)
    begun = time.perf_counter()
    job = _Job(cleaner, sink.render, changed, debug=debug, elsewhere=jobs != 0)
    ledger = _Ledger(sink, state)
    try:
        tasks = _tasks(inputs, state, sink if changed is not None else None, elsewhere=jobs != 0)
        with _results(job, tasks, jobs, limits) as results:
            for task, result in results:
                done = job.failed(task.source, result) if isinstance(result, Failure) else result
                if not done.row.stays:
                    if state is not None:
                        state.forget(task.source.name)
                    sink.put(task.source.name, done.rendered)
                summary.count(done)
                ledger.enter(task.source, done)
                if observe is not None:
                    observe(done.row)
    except KeyboardInterrupt:
        summary.interrupted = True
    except (InputError, OutputError) as error:
        summary.stopped = error
    except BaseException:  # a bug, or the reader of standard output went away: what was done by then is kept
        with suppress(Exception):
            ledger.close(complete=False)
        raise
    # Without a page, as where a disk is not mounted, what the last run has written stays.
    is_barren = summary.stopped is not None and not summary.statuses.total()
    complete = not (summary.interrupted or is_barren or isinstance(summary.stopped, OutputError))
    try:
        ledger.close(complete=complete)
    except OutputError as error:
        summary.stopped = summary.stopped or error
    summary.seconds = time.perf_counter() - begun
    return summary


@contextmanager
def _results(
    job: _Job, tasks: Iterator[_Task], jobs: int | Workers, limits: Limits | None
) -> Iterator[Iterable[tuple[_Task, _Done | Failure]]]:
    if isinstance(jobs, Pool):
        yield jobs.map(tasks)
    elif jobs:
        with Pool(job, jobs, limits) as pool:
            yield pool.map(tasks)
    else:
        yield ((task, job(task)) for task in tasks)


def _tasks(inputs: Iterable[Input], state: State | None, changed: Sink | None, *, elsewhere: bool) -> Iterator[_Task]:
    """Yield what is to be done; with `changed`, what that sink has may stay as it is."""
    for source in inputs:
        if state is not None:
            if source.container is not None:
                state.expect(*source.container)
            if state.is_done(source.name):
                continue
        known = None
        if state is not None and changed is not None and changed.has(source.name):
            known = state.known(source.name)
        try:
            yield _Task(source.loaded() if elsewhere else source, known)
        except (InputError, TooLargeError) as error:  # standard input, which is one page
            yield _Task(replace(source, trouble=str(error)), None)


@dataclass(frozen=True, slots=True)
class _Waiting:
    entry: Entry
    put: bool
    """Whether the sink was given anything: what stays as it is lasts already."""


class _Ledger:
    """Enters into the state what the sink has made last, now and then: to bring a file to the disk takes its time."""

    def __init__(self, sink: Sink, state: State | None) -> None:
        self._sink, self._state = sink, state
        self._waiting: deque[_Waiting] = deque()
        self._put = self._settled = 0
        self._last = time.monotonic()

    def enter(self, source: Input, done: _Done) -> None:
        """Enter a page when it will last."""
        if self._state is not None:
            seconds = None if done.row.stays else done.row.seconds
            entry = Entry(source.name, done.row.status.value, done.content, done.rules, seconds)
            self._waiting.append(_Waiting(entry, put=not done.row.stays))
            self._put += not done.row.stays
            if time.monotonic() - self._last >= _SETTLE_SECONDS:
                self._settle()

    def _settle(self, *, complete: bool = False) -> None:
        if self._state is None:
            return
        put, position = self._sink.settle(complete=complete)
        if put > self._put:  # Ctrl-C came when a page was put and not entered: it lies before this position
            return
        entries = []
        settled = self._settled
        for waiting in self._waiting:
            if waiting.put and settled == put:
                break
            settled += waiting.put
            entries.append(waiting.entry)
        self._state.enter(entries, position)  # again, where Ctrl-C comes right behind it: that does no harm
        for _ in entries:
            self._waiting.popleft()
        self._settled = settled
        self._last = time.monotonic()

    def close(self, *, complete: bool) -> None:
        done = False
        try:
            self._settle(complete=complete)
            done = complete
        finally:  # what could not be brought to the disk is not put in its place either
            try:
                self._sink.close(complete=done)
            except BaseException:
                done = False
                raise
            finally:
                if self._state is not None:
                    self._state.close(complete=done)


@dataclass(frozen=True, slots=True)
class _Task:
    source: Input
    known: Known | None
    """What an earlier run found of the page, if it may stay as it is."""


@dataclass(frozen=True, slots=True)
class _Done:
    row: Row
    tallies: Tallies
    rendered: Rendered
    """Nothing to put where the page stays as it is."""
    content: str | None
    """Hash of the page's bytes."""
    rules: str | None
    """Digest of the rules that hold for it."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What is done with each page, in whichever process."""

    cleaner: Cleans
    render: Callable[[Article, Page | None], Rendered]
    rules_digest: Callable[[Page], str] | None
    debug: bool
    elsewhere: bool
    """Whether that process is a worker, which can be had anew."""

    def __call__(self, task: _Task) -> _Done:
        started = time.perf_counter()
        source = task.source
        notes: list[Note] = []
        page: Page | None = None
        faults: tuple[Fault, ...] = ()
        content: str | None = None
        doubtful = False
        try:
            page = source.read(notes)
            content = _fingerprint(page, notes)
            if task.known is not None and self._stays(page, content, task.known):
                row = Row(
                    source.location, Status(task.known.status), "", (), 0, time.perf_counter() - started, stays=True
                )
                return _Done(row, Tallies(), None, content, task.known.rules)
            article = self.cleaner.clean(page)
        except Exception as error:
            if self.debug and not isinstance(error, CleanerError):
                raise
            doubtful = is_doubtful(error)
            if isinstance(error, RuleFileError):
                faults = tuple(error.faults)
            # One page must not end the run, whatever it does.
            article = Article.of_error(error, url=_url(source), location=source.location)
        article.notes[:0] = notes
        try:
            rendered = self.render(article, page)
        except Exception as error:
            if self.debug:
                raise
            doubtful = True
            # As MemoryError, on the way from text to bytes.
            article = Article.of_error(error, url=_url(source), location=source.location)
            rendered = self.render(article, page)
        tallies = Tallies.of(article)
        seconds = time.perf_counter() - started
        told = (article.status, article.reason, tuple(article.notes), tallies.kept.words, seconds)
        done = _Done(Row(source.location, *told, faults), tallies, rendered, content, article.rules_digest or None)
        if doubtful and self.elsewhere:
            raise DoubtfulError(done)
        return done

    def _stays(self, page: Page, content: str, known: Known) -> bool:
        """Tell whether a page would give what it gave."""
        if content != known.content or Status(known.status) in FAILURES:
            return False
        return known.same_book or (self.rules_digest is not None and self.rules_digest(page) == known.rules)

    def failed(self, source: Input, failure: Failure) -> _Done:
        """Return what is told of a page that no process could clean."""
        article = Article.failed(failure.status, failure.reason, url=_url(source), location=source.location)
        row = Row(source.location, failure.status, failure.reason, (), 0, failure.seconds)
        return _Done(row, Tallies(), self.render(article, None), None, None)


Workers = Pool[_Task, _Done]
"""Processes that clean."""


def _url(source: Input) -> str | None:
    return source.url or (source.page.url if source.page is not None else None)


def _fingerprint(page: Page, notes: Sequence[Note] = ()) -> str:
    """Return a hash of all that is known of a page, what its sidecar says, and what is wrong with that, included."""
    further = [*map(_fingerprint, page.continued), *map(str, notes)]
    said = (content_hash(page.content), page.url, page.media_type, page.charset, str(page.captured), *further)
    return content_hash(repr(said))
