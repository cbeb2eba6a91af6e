"""What rules do to many pages: raw against clean, or two rule sets against each other.

Raw against clean is the same question with one answer given: before, all text was there. So in both cases text that is
in the body now and was not before is *gained*, text that was and is no more is *lost*, and text that is in neither, but
under another kind, is *relabelled*. What is lost counts under the verdict that keeps it out now. What is gained counts
under the kind it was before, and under the rule that keeps it now, or where none does, under what took it out before.

One page is held at a time (:func:`compare`); sums over many are a :class:`Totals`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from cleaner.errors import CleanerError, PageError, RuleFileError
from cleaner.joining import join
from cleaner.model import Article, Block, Document, Evidence, Fate, Note, Page, Status, Verdict, Zone
from cleaner.pipeline import Cleaner
from cleaner.segment import segment
from cleaner.storage import Input
from cleaner.text import collapse, settle, word_count

__all__ = [
    "METADATA",
    "Change",
    "Notes",
    "PageDiff",
    "Part",
    "Reason",
    "Tally",
    "Totals",
    "compare",
    "compare_page",
    "reason_of",
    "site_of",
]

METADATA = "metadata"
"""The kind of text that left the body for the metadata."""
_NO_REASON = Evidence("builtin/none")


class Change(StrEnum):
    """What the second rule set does to a part of a page that the first one did not."""

    NONE = "none"
    GAINED = "gained"
    LOST = "lost"
    RELABELLED = "relabelled"


class Reason(NamedTuple):
    """What keeps text out of the body, as sums are kept."""

    kind: str
    """A noise kind, or :data:`METADATA`."""
    rule: str
    """Id of the rule, of the built-in, or the judge's name."""
    where: str
    """`file:line` of the rule; empty where it has none."""


def reason_of(verdict: Verdict) -> Reason:
    """Return under what the words of a removed block are counted."""
    evidence = verdict.evidence[0] if verdict.evidence else _NO_REASON
    kind = METADATA if verdict.fate is Fate.METADATA else str(verdict.kind or "other")
    return Reason(kind, evidence.id, evidence.where or "")


@dataclass(frozen=True, slots=True)
class Part:
    """Text of a page that has one verdict; under two rule sets, one from each."""

    block: Block
    """The block that it is, or lies in."""
    text: str
    words: int
    verdict: Verdict
    before: Verdict | None = None
    """None: there was no judging before, all text was there."""

    @property
    def change(self) -> Change:
        """What became of it."""
        was = self.before is None or self.before.fate is Fate.KEEP
        stays = self.verdict.fate is Fate.KEEP
        if was != stays:
            return Change.LOST if was else Change.GAINED
        if stays or self.before is None:
            return Change.NONE
        same = (self.before.kind, self.before.field) == (self.verdict.kind, self.verdict.field)
        return Change.NONE if same else Change.RELABELLED

    @property
    def reason(self) -> Reason | None:
        """What it counts under; None where it is and was in the body."""
        if self.verdict.fate is not Fate.KEEP:
            return reason_of(self.verdict)
        if self.before is None or self.before.fate is Fate.KEEP:
            return None
        kept_by = self.verdict.evidence[0] if self.verdict.evidence else _NO_REASON
        before = reason_of(self.before)
        return before if kept_by.where is None else Reason(before.kind, kept_by.id, kept_by.where)


@dataclass(slots=True)
class Tally:
    """Words, and pages on which there are any."""

    gained: int = 0
    lost: int = 0
    relabelled: int = 0
    pages: int = 0

    @property
    def changed(self) -> int:
        """Words that are in the body on one side only."""
        return self.gained + self.lost

    def add(self, other: Tally) -> None:
        """Add the words of `other`, and its pages."""
        self.gained += other.gained
        self.lost += other.lost
        self.relabelled += other.relabelled
        self.pages += other.pages


def site_of(url: str | None, rules: Iterable[str]) -> str:
    """Return the host of a page's address, without `www.`; else the site whose rules hold for it; else nothing."""
    try:
        host = urlsplit(url or "").hostname or ""
    except ValueError:
        host = ""
    named = (name.removeprefix("sites/") for name in rules if name.startswith("sites/"))
    return host.removeprefix("www.") or next(named, "")


@dataclass(slots=True)
class PageDiff:
    """One page, compared."""

    article: Article
    """What the page is with the rules of now."""
    parts: list[Part]
    """All text of the page, in reading order."""
    before: Article | None = None
    """What it was with the rules of before; None where raw is compared with clean."""

    @property
    def site(self) -> str:
        """See :func:`site_of`."""
        return site_of(self.article.page_url or self.article.metadata.url, self.article.rules)

    @property
    def changed(self) -> bool:
        """Whether the body or the status is another."""
        if self.before is not None and self.before.status is not self.article.status:
            return True
        return any(part.words and part.change in (Change.GAINED, Change.LOST) for part in self.parts)

    @property
    def notes(self) -> list[Note]:
        """What guards and flags say of the page, and did not say before; one for each that speaks."""
        known = {note.id for note in self.before.notes} if self.before else set()
        return list({note.id: note for note in self.article.notes if note.id not in known}.values())

    def sums(self) -> dict[Reason, Tally]:
        """Return the words that were gained, lost and relabelled, by reason."""
        found: dict[Reason, Tally] = {}
        for part in self.parts:
            change, reason = part.change, part.reason
            if change is Change.NONE or reason is None or not part.words:
                continue
            tally = found.setdefault(reason, Tally(pages=1))
            setattr(tally, change.value, getattr(tally, change.value) + part.words)
        return found

    @property
    def concern(self) -> float:
        """How much a person should want to look at this page; pages of one run compare, those of two do not.

        Of two rule sets: the words gained and lost, and before them all pages whose status is no longer ok. Of raw
        against clean: how unsure the body is, 0 to 1; a page without one comes before.
        """
        article = self.article
        if self.before is not None:
            broken = self.before.status is Status.OK and article.status is not Status.OK
            return sum(tally.changed for tally in self.sums().values()) + (1e9 if broken else 0)
        if article.status is not Status.OK:
            return 1.0 + (not article.blocks)
        if article.confidence is not None:
            return 1.0 - article.confidence
        # No judge was asked. What can be wrong then is prose that a rule took out of the middle.
        prose = [part for part in self.parts if part.block.is_sentence and part.block.zone is Zone.MAIN]
        gone = sum(part.words for part in prose if part.change is Change.LOST)
        return gone / max(sum(part.words for part in prose), 1)


@dataclass(slots=True)
class Notes:
    """What one rule or built-in says of pages: that a guard stopped it, that a selector missed."""

    example: str
    pages: int = 0


@dataclass(slots=True)
class Totals:
    """Sums over pages."""

    pages: int = 0
    changed: int = 0
    raw: int = 0
    """Words of all text."""
    before: int = 0
    """Words of the bodies before; of all text, where raw is compared with clean."""
    after: int = 0
    """Words of the bodies now."""
    reasons: dict[Reason, Tally] = field(default_factory=dict)
    kinds: dict[str, Tally] = field(default_factory=dict)
    notes: dict[tuple[str, str], Notes] = field(default_factory=dict)
    """Id and `file:line` of what had something to say -> what it said."""
    statuses: Counter[tuple[Status | None, Status]] = field(default_factory=Counter)
    """Status before (None: there was none) and now -> pages."""

    def add(self, page: PageDiff) -> None:
        """Count one more page."""
        self.pages += 1
        self.changed += page.changed
        self.statuses[page.before.status if page.before else None, page.article.status] += 1
        for note in page.notes:
            said = self.notes.setdefault((note.id, note.where or ""), Notes(note.message))
            said.pages += 1
        for part in page.parts:
            self.raw += part.words
            self.before += part.words * (part.before is None or part.before.fate is Fate.KEEP)
            self.after += part.words * (part.verdict.fate is Fate.KEEP)
        kinds: dict[str, Tally] = {}
        for reason, tally in page.sums().items():
            self.reasons.setdefault(reason, Tally()).add(tally)
            kinds.setdefault(reason.kind, Tally()).add(tally)
        for kind, tally in kinds.items():
            tally.pages = 1  # several rules of a kind on one page
            self.kinds.setdefault(kind, Tally()).add(tally)

    @property
    def total(self) -> Tally:
        """Words over all reasons; its pages are those that changed."""
        total = Tally()
        for tally in self.reasons.values():
            total.add(tally)
        total.pages = self.changed
        return total


def compare(
    cleaner: Cleaner, inputs: Iterable[Input], against: Cleaner | None = None, *, debug: bool = False
) -> Iterator[PageDiff]:
    """Yield each page cleaned with `cleaner`, compared with what `against` makes of it, or with all its text.

    Trouble with a page is its status, and the run goes on; with `debug`, the exception that crashes a page is raised.
    Raises RuleFileError where a rule file that a page needs has faults, InputError as `inputs` does.
    """
    for source in inputs:
        notes: list[Note] = []
        try:
            found = compare_page(cleaner, source.read(notes), against)
        except RuleFileError:
            raise
        except Exception as error:
            if debug and not isinstance(error, CleanerError):
                raise
            found = _failed(error, source.url, source.location, against)
        found.article.notes[:0] = notes
        yield found


def _failed(error: Exception, url: str | None, location: str, against: Cleaner | None) -> PageDiff:
    article = Article.of_error(error, url=url, location=location)
    return PageDiff(article, [], article if against else None)


def compare_page(cleaner: Cleaner, page: Page, against: Cleaner | None = None) -> PageDiff:
    """Return one page, with those that its article goes on on, compared.

    Raises RuleFileError where a rule file that it needs has faults.
    """
    try:
        document = segment(page)
    except PageError as error:
        return _failed(error, page.url, page.location, against)
    article, documents = _cleaned(cleaner, document)
    if against is None:
        pairs = zip(article.blocks, article.verdicts, strict=True)
        return PageDiff(article, [Part(block, block.text, block.words, verdict) for block, verdict in pairs])
    untold = segment(page)  # judging splits the blocks of a document: each rule set needs one of its own
    earlier, untolds = _cleaned(against, untold)
    parts: list[Part] = []
    now, before = list(article.verdicts), list(earlier.verdicts)
    for document, untold in zip(documents, untolds, strict=True):
        parts += _parts(now[: len(document.blocks)], document, before[: len(untold.blocks)], untold)
        del now[: len(document.blocks)], before[: len(untold.blocks)]
    return PageDiff(article, parts, earlier)


def _cleaned(cleaner: Cleaner, document: Document) -> tuple[Article, list[Document]]:
    """Return the article that begins on a page, and its pages that have blocks in it."""
    pages = list(cleaner.by_page(document, cleaner.include))
    article = join([article for _, article in pages]) if len(pages) > 1 else pages[0][1]
    return article, [document for document, _ in pages if document is not None]


def _parts(
    verdicts: Sequence[Verdict], document: Document, earlier: Sequence[Verdict], untold: Document
) -> Iterator[Part]:
    """Yield the text of the page, cut wherever one of the two rule sets cut it.

    Rules split blocks that they cover in part, each set in its own places. What both have in common is the list of
    pieces that blocks are ranges of.
    """
    at = 0
    for block, (first, end), verdict in zip(document.blocks, document.bounds, verdicts, strict=True):
        while at < len(untold.bounds) and untold.bounds[at][1] <= first:
            at += 1
        for index in range(at, len(untold.bounds)):
            start, stop = untold.bounds[index]
            if start >= end:
                break
            if (start, stop) == (first, end) or (start <= first and end <= stop):
                text, words = block.text, block.words
            elif first <= start and stop <= end:
                text, words = untold.blocks[index].text, untold.blocks[index].words
            else:
                text = collapse(settle("".join(document.pieces[max(first, start) : min(end, stop)])))
                words = word_count(text)
            if text:
                yield Part(block, text, words, verdict, earlier[index])
            if stop >= end:
                break
