"""Many pages: a row for each, whatever happens."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from cleaner.errors import CleanerError, Fault, InputError, OutputError, RuleFileError, TooLargeError
from cleaner.model import Article, Fate, NoiseKind, Note, Page, Status
from cleaner.storage import Input, Sink

__all__ = ["FAILURES", "Cleans", "Row", "Summary", "Tally", "run"]

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


@dataclass(slots=True)
class Summary:
    """What became of all pages."""

    statuses: Counter[Status] = field(default_factory=Counter)
    kept: Tally = field(default_factory=Tally)
    metadata: Tally = field(default_factory=Tally)
    noise: dict[NoiseKind, Tally] = field(default_factory=dict)
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

    def count(self, article: Article) -> int:
        """Add one article; return the words of its body."""
        self.statuses[article.status] += 1
        body = 0
        for block, verdict in zip(article.blocks, article.verdicts, strict=True):
            words = block.words
            if verdict.fate is Fate.KEEP:
                self.kept.add(words)
                body += words
            elif verdict.fate is Fate.METADATA:
                self.metadata.add(words)
            else:
                self.noise.setdefault(verdict.kind or NoiseKind.OTHER, Tally()).add(words)
        return body


def run(
    cleaner: Cleans,
    inputs: Iterable[Input],
    sink: Sink,
    observe: Callable[[Row], None] | None = None,
    *,
    debug: bool = False,
) -> Summary:
    """Clean all `inputs` into `sink`, tell `observe` of each, and return the totals.

    Trouble with a page is its row, and the run goes on. A run ends early only where nothing can be written (`stopped`)
    and on Ctrl-C (`interrupted`); what was cleaned by then is written and counted. With `debug`, the exception that
    crashes a page is raised instead.
    """
    summary = Summary()
    begun = time.perf_counter()
    try:
        for source in inputs:
            started = time.perf_counter()
            page, article = _clean(cleaner, source, summary, debug=debug)
            try:
                sink.put(source.name, article, page)
            except (OutputError, OSError):
                raise
            except Exception as error:
                if debug:
                    raise
                article = _crashed(source, error)  # as MemoryError, on the way from text to bytes
                sink.put(source.name, article, page)
            words = summary.count(article)
            if observe is not None:
                seconds = time.perf_counter() - started
                observe(Row(source.location, article.status, article.reason, tuple(article.notes), words, seconds))
    except KeyboardInterrupt:
        summary.interrupted = True
    except (InputError, OutputError) as error:
        summary.stopped = error
    finally:
        try:
            sink.close()
        except OutputError as error:
            summary.stopped = summary.stopped or error
    summary.seconds = time.perf_counter() - begun
    return summary


def _clean(cleaner: Cleans, source: Input, summary: Summary, *, debug: bool) -> tuple[Page | None, Article]:
    """Return page and article, the page None where it cannot be read."""
    page: Page | None = None
    notes: list[Note] = []
    try:
        page = source.read(notes)
        article = cleaner.clean(page)
    except RuleFileError as error:
        summary.faults.update(dict.fromkeys(error.faults))
        files = ", ".join(sorted({fault.file for fault in error.faults}))
        article = _failed(source, Status.CRASHED, f"faults in rule file {files}")
    except TooLargeError as error:
        article = _failed(source, Status.TOO_LARGE, str(error))
    except InputError as error:
        article = _failed(source, Status.UNREADABLE, str(error))
    except Exception as error:
        if debug:
            raise
        article = _crashed(source, error)  # one page must not end the run, whatever it does
    article.notes[:0] = notes
    return page, article


def _crashed(source: Input, error: Exception) -> Article:
    return _failed(source, Status.CRASHED, f"{type(error).__name__}: {error}".rstrip(": "))


def _failed(source: Input, status: Status, reason: str) -> Article:
    return Article.failed(status, reason, url=source.url, location=source.location)
