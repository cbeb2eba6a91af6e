"""The main path: a page in, an article out.

::

    read(source)                        -> Page
    segment(page)                       -> Document
    rulebook.for_page(document)         -> RuleSet
    declare(document, rules)            -> Declared
    judge(document, declared, rules)    -> one Verdict per block
    describe(document, declared, verdicts) -> Metadata, captions
    compose(document, verdicts)         -> text, Markdown
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from cleaner import __version__
from cleaner.compose import INCLUDABLE, compose
from cleaner.describe import declare, describe
from cleaner.errors import PageError
from cleaner.joining import Said, join
from cleaner.judge import JudgeName, judge, status_of
from cleaner.model import Article, Document, Page
from cleaner.rules import RuleBook, RuleSet
from cleaner.segment import segment
from cleaner.storage import read
from cleaner.storage.extras import need
from cleaner.text import word_count

if TYPE_CHECKING:
    import pyarrow as pa

    _Rows = TypeVar("_Rows", pa.RecordBatch, pa.Table)

__all__ = ["Cleaner", "Rules", "Source", "clean", "clean_batch"]

Source = bytes | str | Path | Page
"""A page to clean: bytes or str are its content, a Path is a file."""

Rules = Literal[False] | str | Path | Sequence[str | Path] | None
"""None: the shipped rule files; a path or paths: overlays on them; "generic": no site files; False: no rules."""


class Cleaner:
    """Rules read once, for many pages. Thread-safe; pickles (each process reads its rules anew).

    Args:
        rules: which rule files to use, see :data:`Rules`.
        judge: who decides what rules leave open: `scorer`, `trafilatura` (HTML only), or `none` to keep it.
        include: parts to print in the body besides the body: `title`, `captions`, `comments`.

    Raises:
        RuleFileError: a rule file of an overlay has faults.
        ValueError: `include` or `judge` names something unknown.

    """

    def __init__(self, rules: Rules = None, *, judge: JudgeName = "scorer", include: Sequence[str] = ()) -> None:
        if judge not in get_args(JudgeName):
            raise ValueError(f"judge is one of {', '.join(get_args(JudgeName))}; not {judge!r}")
        self.rulebook = RuleBook.load(rules)
        self.judge: JudgeName = judge
        self.include = _checked(include)

    def clean(
        self,
        source: Source,
        url: str | None = None,
        media_type: str | None = None,
        captured: datetime | None = None,
        include: Sequence[str] | None = None,
    ) -> Article:
        """Return the article of one page.

        Args:
            source: bytes or str are the content of a page, only a Path is a file (read with its sidecar).
            url: the page's address; overrides what the sidecar says.
            media_type: `text/html` or `text/plain`; told by content where it is not given.
            captured: when the page was saved.
            include: overrides the cleaner's own `include` for this page.

        Raises:
            InputError: the file cannot be read.
            RuleFileError: a rule file that this page needs has faults.

        Trouble with the page itself is never raised: it is the article's `status`, with a `reason`.

        """
        page = Page(b"", location=str(source)) if isinstance(source, Path) else Page("")
        try:
            page = _page(source, url, media_type, captured)
            document = segment(page)
        except PageError as error:
            return _failed(page, error)
        parts = self.include if include is None else _checked(include)
        if not page.continued:
            return self.article(document, parts)
        return join([article for _, article in self.by_page(document, parts)])

    def article(
        self, document: Document, include: Sequence[str] = (), rules: RuleSet | None = None, said: Said | None = None
    ) -> Article:
        """Return the article of a segmented page: the main path from there on.

        Args:
            document: the page.
            include: parts to print in the body besides the body.
            rules: those to judge by; found for the page where they are not given.
            said: what the pages before it in the article said, where it is a later one.

        """
        rules = rules or self.rulebook.for_page(document)
        declared = declare(document, rules)
        verdicts, confidence = judge(document, declared, rules, self.judge)
        if said is not None:
            said.hear(document, verdicts, rules.disabled)
        metadata, captions = describe(document, declared, verdicts)
        text, markdown = compose(document, verdicts, include)
        metadata.word_count = word_count(text)
        status, reason = status_of(document, verdicts, metadata.word_count)
        return Article(
            text=text,
            markdown=markdown,
            metadata=metadata,
            captions=captions,
            blocks=document.blocks,
            verdicts=verdicts,
            status=status,
            confidence=confidence,
            reason=reason,
            notes=document.notes,
            page_url=document.page.url,
            location=document.page.location,
            media_type="text/html" if document.is_html else "text/plain",
            encoding=document.encoding,
            rules=list(rules.files),
            rules_digest=rules.digest,
        )

    def digest(self) -> str:
        """Return a digest of what else than a page decides what it gives: version, rules, judge, parts included."""
        said = (__version__, self.rulebook.digest(), self.judge, *self.include)
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def by_page(
        self, document: Document, include: Sequence[str] = (), rules: RuleSet | None = None
    ) -> Iterator[tuple[Document | None, Article]]:
        """Yield the pages of the article that begins on a page, each as judged, with an article of its own.

        All are judged by the rules of the first. A page that cannot be read has no document. What makes one article of
        them, :func:`cleaner.joining.join`, numbers their blocks anew: what goes by these numbers comes before it.
        """
        rules = rules or self.rulebook.for_page(document)
        said = Said() if document.page.continued else None
        yield document, self.article(document, include, rules, said)
        # What is asked into the body besides it stands on the first page; its title is not printed twice.
        more = [part for part in include if part != "title"]
        for page in document.page.continued:
            try:
                later = segment(page)
                article = self.article(later, more, rules, said)
            except PageError as error:
                yield None, _failed(page, error)
            else:
                yield later, article

    def rules_digest(self, page: Page) -> str:
        """Return the digest of the rules that hold for a page, without cleaning it; empty where it cannot be read."""
        try:
            return self.rulebook.for_page(segment(page)).digest
        except PageError:
            return ""

    def clean_many(self, sources: Iterable[Source], include: Sequence[str] | None = None) -> Iterator[Article]:
        """Yield the article of each source, in order; whatever is wrong with one is its status, not an error.

        Raises TypeError where `sources` is a single page, as str or bytes.
        """
        if isinstance(sources, str | bytes | bytearray):
            raise TypeError("clean_many takes several pages, and this is one: use clean, or put it into a list")
        parts = self.include if include is None else _checked(include)
        for source in sources:
            try:
                article = self.clean(source, include=parts)
            except Exception as error:  # noqa: BLE001 - one page must not end the run, whatever it does
                page = source if isinstance(source, Page) else Page("")
                location = str(source) if isinstance(source, Path) else page.location
                article = _failed(replace(page, location=location), error)
            yield article

    def clean_batch(self, batch: _Rows, include: Sequence[str] | None = None) -> _Rows:
        """Return the records of a batch of pages: as many rows, in the same order, docs/FORMATS.md says which columns.

        Args:
            batch: an Arrow RecordBatch or Table with a column `html` (binary or string) or `text` (a dump), or both:
                then `text` is read where `html` is null. The columns `url`, `media_type`, `captured` (a timestamp, a
                date or ISO 8601) and `location` are read where they are there; others are not.
            include: overrides the cleaner's own `include`.

        Raises:
            InputError: a column is missing or of a type that cannot hold what it should.

        Whatever is wrong with a page is the status of its row, also where it crashes. There is no limit on time and
        memory here; :func:`cleaner.batch.run` has them.

        """
        need("pyarrow", "clean_batch")
        from cleaner import arrow  # slow to import, and few need it

        parts = self.include if include is None else _checked(include)
        return arrow.clean_batch(batch, lambda page: self.clean(page, include=parts))


def _checked(include: Sequence[str]) -> tuple[str, ...]:
    parts = (include,) if isinstance(include, str) else tuple(include)
    unknown = [part for part in parts if part not in INCLUDABLE]
    if unknown:
        raise ValueError(f"include takes {', '.join(INCLUDABLE)}; not {', '.join(map(repr, unknown))}")
    return parts


def _page(source: Source, url: str | None, media_type: str | None, captured: datetime | None) -> Page:
    if not isinstance(source, Page | Path | bytes | bytearray | str):
        raise TypeError(f"a page is bytes, str, a pathlib.Path or a cleaner.Page, not {type(source).__qualname__}")
    page = source if isinstance(source, Page) else read(source) if isinstance(source, Path) else Page(source)
    if url is None and media_type is None and captured is None:
        return page
    return replace(
        page, url=url or page.url, media_type=media_type or page.media_type, captured=captured or page.captured
    )


def _failed(page: Page, error: Exception) -> Article:
    media_type = page.media_type or "application/octet-stream"
    return Article.of_error(error, url=page.url, location=page.location, media_type=media_type)


_shared: dict[object, Cleaner] = {}
_lock = threading.Lock()


def clean(
    source: Source,
    url: str | None = None,
    media_type: str | None = None,
    captured: datetime | None = None,
    rules: Rules = None,
    include: Sequence[str] = (),
) -> Article:
    """Return the article of one page; see :meth:`Cleaner.clean` and, for `rules`, :data:`Rules`.

    The shipped rules are read once for the process. With overlays, make a :class:`Cleaner` and keep it.
    """
    return _keeper(rules).clean(source, url, media_type, captured, include)


def clean_batch(batch: _Rows, rules: Rules = None, include: Sequence[str] = ()) -> _Rows:
    """Return the records of a batch of pages; see :meth:`Cleaner.clean_batch` and, for `rules`, :data:`Rules`.

    The shipped rules are read once for the process. With overlays, make a :class:`Cleaner` and keep it.
    """
    return _keeper(rules).clean_batch(batch, include)


def _keeper(rules: Rules) -> Cleaner:
    if rules is None or rules is False or rules == "generic":
        with _lock:
            return _shared.get(rules) or _shared.setdefault(rules, Cleaner(rules))
    return Cleaner(rules)
