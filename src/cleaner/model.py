"""The words of the project, as types. Data only: what makes them is in the layers above.

::

    Page ──segment──▶ Document(blocks) ──judge──▶ Verdict per block ──compose──▶ Article

A :class:`Page` is what was saved and never changes. A :class:`Document` lives as long as one page is being cleaned: it
holds the element tree. Everything an :class:`Article` holds is plain data: it pickles, and keeps no tree alive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cleaner.errors import InputError, RuleFileError, TooLargeError, UnreadableError
from cleaner.text import ends_sentence, word_count

__all__ = [
    "ARTICLES",
    "Article",
    "Block",
    "BlockKind",
    "Caption",
    "Declared",
    "Document",
    "Evidence",
    "Fate",
    "Metadata",
    "Name",
    "NoiseKind",
    "Note",
    "Page",
    "Removed",
    "Source",
    "Status",
    "Verdict",
    "Zone",
]


class Status(StrEnum):
    """What became of a page. One enum everywhere: records, summaries, exit codes."""

    OK = "ok"
    PARTIAL = "partial"
    EMPTY = "empty"
    STUB = "stub"
    CAPTCHA = "captcha"
    CONSENT = "consent"
    INDEX = "index"
    NOT_ARTICLE = "not-article"
    BLOCKED = "blocked"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


ARTICLES: Final = (Status.OK, Status.PARTIAL)
"""Of pages that hold an article, or the part of one before a paywall."""


class NoiseKind(StrEnum):
    """What a removed block was."""

    NAVIGATION = "navigation"
    SHARE = "share"
    NEWSLETTER = "newsletter"
    RELATED = "related"
    COMMENTS = "comments"
    COMMENT_FORM = "comment-form"
    CAPTCHA = "captcha"
    COOKIE_NOTICE = "cookie-notice"
    ADVERTISEMENT = "advertisement"
    SUMMARY_WIDGET = "summary-widget"
    AUTHOR_BIO = "author-bio"
    PAYWALL = "paywall"
    PREV_NEXT = "prev-next"
    REPEATED_CAPTION = "repeated-caption"
    REPEATED_TITLE = "repeated-title"
    REPEATED_TEXT = "repeated-text"
    PLACEHOLDER = "placeholder"
    COPYRIGHT = "copyright"
    LOGIN = "login"
    FEEDBACK = "feedback"
    OUTSIDE_BODY = "outside-body"
    OTHER = "other"


class BlockKind(StrEnum):
    """What a block is on the page."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    LIST_ITEM = "list-item"
    TABLE_ROW = "table-row"
    QUOTE = "quote"
    CODE = "code"
    CAPTION = "caption"


class Zone(StrEnum):
    """Where a block lies: before, in or after the main run (see :mod:`cleaner.segment.zones`)."""

    HEAD = "head"
    MAIN = "main"
    TAIL = "tail"


class Fate(StrEnum):
    """What a verdict says of its block."""

    KEEP = "keep"
    DROP = "drop"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Page:
    """What was saved, unchanged."""

    content: bytes | str
    url: str | None = None
    media_type: str | None = None
    """As stated from outside, e.g. `text/html` or `text/plain`; None: told by content."""
    charset: str | None = None
    """As the transport stated it (HTTP header)."""
    captured: datetime | None = None
    location: str = "<memory>"
    """Where it came from, for people: a path, `<stdin>`, a record of an archive."""
    continued: tuple[Page, ...] = ()
    """The further pages of its article, in order, where it comes in several; none of them is continued itself."""


@dataclass(slots=True)
class Block:
    """Text that a reader sees as one unit. Plain data; the tree behind it stays in the :class:`Document`."""

    index: int
    text: str
    """Settled text (:func:`cleaner.text.settle`), white space collapsed; a newline only for a `<br>` or within code."""
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    """Heading level 1-6; nesting depth of a list item from 0; else 0."""
    marker: str = ""
    """How a list item is marked on the page: "-", "•", "1."."""
    path: str = ""
    """Element path, `html/body/div#main.post/p`; empty in a text dump."""
    links: int = 0
    """How many links it holds."""
    link_chars: int = 0
    """How many of its characters, spaces aside, are link text."""
    zone: Zone = Zone.MAIN
    hidden: bool = False
    group: int = 0
    """Blocks of one list, one table, one code listing or (in a dump) one run of lines without a blank line between
    share it; 0: none."""
    continues: bool = False
    """A fragment of the same paragraph as the block before it: a mark covered only part of that paragraph."""
    glue: str = ""
    """What stands between a fragment and the one before it: nothing, a space, a line end, the bar between two cells."""
    markup: str = ""
    """The text as inline Markdown, where that differs from `text`."""
    image: str | None = None
    """URL of the image a caption belongs to."""
    alt: str | None = None
    """Alternative text of that image."""
    words: int = field(init=False)
    """How many words it has (:func:`cleaner.text.word_count`)."""
    is_sentence: bool = field(init=False)
    """Whether it ends as sentences do (:func:`cleaner.text.ends_sentence`)."""
    link_density: float = field(init=False)
    """Share of its characters, spaces aside, that are link text."""

    def __post_init__(self) -> None:
        """Count once what every judge asks for."""
        text = self.text
        self.words = word_count(text)
        self.is_sentence = ends_sentence(text)
        self.link_density = self.link_chars / max(len(text) - text.count(" "), 1) if self.link_chars else 0.0


Name = tuple[str, str | None, str | None]
"""What an element is called: tag, class, id."""


@dataclass(slots=True)
class Document:
    """A page's blocks in reading order, with the element tree where there is one.

    The text of the page is a flat list of *pieces* (text nodes, in document order; in a dump, one per block). Block `i`
    owns the pieces `bounds[i][0]` up to `bounds[i][1]`; an element covers the pieces `spans[element]`. So "which blocks
    does this element cover" is a comparison of numbers, never a walk.
    """

    page: Page
    source: str
    """The decoded page."""
    encoding: str
    is_html: bool
    blocks: list[Block]
    bounds: list[tuple[int, int]]
    pieces: list[str]
    owners: list[Any]
    """For each piece the element that directly holds it (None in a dump)."""
    root: Any = None
    """Root element (lxml), None in a dump."""
    spans: dict[Any, tuple[int, int, int]] = field(default_factory=dict)
    """Element -> (ordinal in document order, first piece, piece after the last)."""
    anchors: list[int] = field(default_factory=list)
    """For each block the ordinal of the element that makes it a block (in a dump, its index)."""
    elements: list[Any] = field(default_factory=list)
    """Ordinal -> element. Ordinals begin with 1; 0 stands for what no element holds."""
    attributes: list[dict[str, str]] = field(default_factory=list)
    """Ordinal -> attributes of the element. Asking the tree is dear, so each element is asked once."""
    names: list[Name] = field(default_factory=list)
    """Ordinal -> what the element is called."""
    parents: list[int] = field(default_factory=list)
    """Ordinal -> ordinal of the element around it."""
    unread: list[Any] = field(default_factory=list)
    """Elements without an ordinal, for they hold no text to read: those of the head, scripts, templates, `<meta>`."""
    language: str | None = None
    """Primary language subtag as the page declares it (`de`), None where it does not."""
    notes: list[Note] = field(default_factory=list)
    _tagged: defaultdict[str, list[Any]] | None = field(default=None, init=False, repr=False, compare=False)
    _bearers: dict[str, dict[str, list[int]]] | None = field(default=None, init=False, repr=False, compare=False)

    def tagged(self, tag: str) -> list[Any]:
        """Return the elements of one tag: those with an ordinal in document order, then the others.

        To go through the tree again would cost as much as a tenth of parsing it.
        """
        if self._tagged is None:
            self._tagged = defaultdict(list)
            for (name, _, _), element in zip(self.names[1:], self.elements[1:], strict=True):
                self._tagged[name].append(element)
            for element in self.unread:
                self._tagged[element.tag].append(element)
        return self._tagged.get(tag, [])

    def bearers(self, attribute: str) -> Mapping[str, list[int]]:
        """Return the values of an attribute in the order in which they occur: value -> ordinals of those that have it.

        Few values are asked for and many elements share one: so each spelling is looked at once.
        """
        if self._bearers is None:
            self._bearers = {}
            for ordinal, attributes in enumerate(self.attributes):
                for name in attributes:
                    values = self._bearers.setdefault(name, {})
                    value = attributes[name]
                    if value in values:
                        values[value].append(ordinal)
                    else:
                        values[value] = [ordinal]
        return self._bearers.get(attribute, {})

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value of metadata comes from."""

    name: str
    """`rule:<id>`, `json-ld`, `meta:og:title`, `line`, `h1` …"""
    raw: str
    """The value as the page has it."""
    where: str | None = None
    """`file:line` of the rule, or the index of the block, where there is one."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What a page says of one of its pictures."""

    text: str
    credit: str | None = None
    alt: str | None = None
    image: str | None = None


@dataclass(slots=True)
class Declared:
    """What the page says of itself before any judging: candidates per field, best source first."""

    candidates: dict[str, list[tuple[Any, Source]]] = field(default_factory=dict)
    """Field name -> values with their sources."""
    blocks: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Block index -> (field, id of what found it): blocks that state metadata and nothing else."""

    def add(self, name: str, value: Any, source: Source) -> None:
        """Append a candidate for the field `name`."""
        self.candidates.setdefault(name, []).append((value, source))

    def first(self, name: str) -> Any:
        """Return the best candidate's value, None where there is none."""
        found = self.candidates.get(name)
        return found[0][0] if found else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for a verdict."""

    id: str
    """Rule id (`sites/example.com/also-like`), id of a built-in (`builtin/repeated-title`), `scorer`, `trafilatura`."""
    where: str | None = None
    """`file:line` of the rule."""
    detail: str = ""
    """What of it matched: the selector, the phrase, the block repeated."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one block, and why."""

    fate: Fate
    kind: NoiseKind | None = None
    """What noise a dropped block is; None for kept blocks and metadata."""
    field: str | None = None
    """Which metadata field a block of fate METADATA states."""
    evidence: tuple[Evidence, ...] = ()
    """The deciding reason first, then those that would have decided the same or been outranked."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person who tunes rules should hear of a page: a guard tripped, a body selector missed."""

    id: str
    """Rule id or id of a built-in."""
    message: str
    where: str | None = None
    tripped: bool = False
    """Whether a guard stopped the rule."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A block that is not in the body, with the reason."""

    block: Block
    verdict: Verdict


@dataclass(slots=True)
class Metadata:
    """What the page states of its article. Absent is None or empty, never a guess."""

    title: str | None = None
    authors: list[str] = field(default_factory=list)
    """The byline as printed: people and organisations."""
    date: str | None = None
    """ISO 8601, as precise as stated: `2023-11-06`, `2023-11-06T11:53`, `2023-11-06T11:53:00+05:30`."""
    modified: str | None = None
    description: str | None = None
    """The standfirst."""
    section: str | None = None
    tags: list[str] = field(default_factory=list)
    site_name: str | None = None
    language: str | None = None
    url: str | None = None
    """Canonical URL."""
    image: str | None = None
    agencies: list[str] = field(default_factory=list)
    """Wire services named in byline, credit line or note."""
    copyright: str | None = None
    """Copyright holder."""
    page_type: str | None = None
    """What the page says it is: a type of schema.org (`NewsArticle`) or of Open Graph (`website`)."""
    is_accessible_for_free: bool | None = None
    """Whether all can read the whole article, as the page states it (schema.org `isAccessibleForFree`)."""
    word_count: int = 0
    """Words of the body, counted (:func:`cleaner.text.word_count`)."""
    sources: dict[str, Source] = field(default_factory=dict)
    """Field name -> where its value comes from."""


@dataclass(slots=True)
class Article:
    """The answer for one page."""

    text: str
    """The body as plain text: paragraphs apart by a blank line."""
    markdown: str
    metadata: Metadata
    captions: list[Caption]
    blocks: list[Block]
    verdicts: list[Verdict]
    """One for each block, in order."""
    status: Status
    confidence: float | None
    """0 to 1 where a calibrated estimate exists; None where the verdicts come from rules or a borrowed judge."""
    reason: str = ""
    """Why the status is not `ok`, for people."""
    notes: list[Note] = field(default_factory=list)
    page_url: str | None = None
    location: str = "<memory>"
    media_type: str = "text/html"
    encoding: str = "utf-8"
    rules: list[str] = field(default_factory=list)
    """Names of the rule files that apply to this page."""
    rules_digest: str = ""
    """Digest over those rule files: equal digests, equal rules."""

    @classmethod
    def failed(
        cls,
        status: Status,
        reason: str,
        *,
        url: str | None,
        location: str,
        media_type: str = "application/octet-stream",
    ) -> Article:
        """Return the record of a page that could not be cleaned."""
        return cls(
            text="",
            markdown="",
            metadata=Metadata(),
            captions=[],
            blocks=[],
            verdicts=[],
            status=status,
            confidence=None,
            reason=reason,
            page_url=url,
            location=location,
            media_type=media_type,
        )

    @classmethod
    def of_error(
        cls, error: Exception, *, url: str | None, location: str, media_type: str = "application/octet-stream"
    ) -> Article:
        """Return the record of a page that raised an error: that says which status it has, and why."""
        status, reason = Status.CRASHED, f"{type(error).__name__}: {error}".rstrip(": ")
        if isinstance(error, RuleFileError):
            files = sorted({fault.file for fault in error.faults})
            reason = f"faults in rule file {', '.join(files)}"
        elif isinstance(error, TooLargeError):
            status, reason = Status.TOO_LARGE, str(error)
        elif isinstance(error, InputError | UnreadableError):
            status, reason = Status.UNREADABLE, str(error)
        return cls.failed(status, reason, url=url, location=location, media_type=media_type)

    @property
    def removed(self) -> list[Removed]:
        """The blocks that are not in the body, in reading order."""
        return [
            Removed(block, verdict)
            for block, verdict in zip(self.blocks, self.verdicts, strict=True)
            if verdict.fate is not Fate.KEEP
        ]
