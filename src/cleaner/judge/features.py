"""What the scorer sees of a block: numbers about its text, its place on the page and the elements around it.

One pass over the blocks and one over the elements that hold them. Everything is computed for all blocks at once; what
rules and built-ins decided already is a fact here (their noise gives no weight to a container), not a question.
The features and why they are there: `docs/ARCHITECTURE.md`, "The scorer".
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cleaner.judge.builtin import headline
from cleaner.model import Block, BlockKind, Document, Fate, Name, Verdict, Zone
from cleaner.text import fold_phrase, words

__all__ = ["NAMES", "Lexicon", "Matrix", "Stated", "class_tokens", "extract", "phrase_keys"]

Matrix = NDArray[np.float32]

_TITLE_WORDS: Final = 40
"""Blocks up to this length are compared with titles and description."""
_MIDDLE: Final = 36
"""Characters from the middle of a block by which a copy of it is told."""
_COMPARED: Final = 2_000_000
"""Characters of a page that are searched for copies."""
_SEARCHED: Final = 200_000_000
"""Blocks times characters of `articleBody`, at most: what is beyond is not compared."""
SHORT_WORDS: Final = 10
"""Blocks up to this length are looked up in the phrase lexicon: labels, prompts, buttons."""
_MAX_TOKENS: Final = 12
"""Class tokens of one element that are looked at."""
_LONGEST_TOKEN: Final = 60
"""Characters of a class token that are looked at."""
_CACHE: Final = 20_000
"""Distinct (tag, class, id) triples, and class tokens, remembered per lexicon."""
_LABELS: Final = 4_096
"""Distinct short texts remembered per lexicon."""
_LONGEST_LABEL: Final = 200
"""Characters of a text that is remembered: a few words may be long ones."""
_KINDS: Final = {id(kind): code for code, kind in enumerate(BlockKind)}
"""A kind's number, by its identity: to hash an enum's member, or to look one up in its class, takes a function call."""
_HEADING, _LIST_ITEM, _TABLE_ROW, _QUOTE, _CODE, _CAPTION = (
    _KINDS[id(kind)]
    for kind in (
        BlockKind.HEADING,
        BlockKind.LIST_ITEM,
        BlockKind.TABLE_ROW,
        BlockKind.QUOTE,
        BlockKind.CODE,
        BlockKind.CAPTION,
    )
)
_ZONES: Final = {id(zone): code for code, zone in enumerate((Zone.HEAD, Zone.MAIN, Zone.TAIL))}

# Characters that are counted, each class with its bit.
_COMMA, _STOP, _UPPER, _DIGIT = 1, 2, 4, 8
_CLASSES: Final = {
    _COMMA: re.compile(r"[,;،、，；،]"),
    _STOP: re.compile(r"[.!?。！？؟।]"),
    _UPPER: re.compile(r"[A-ZÀ-ÖØ-ÞĀА-Я]"),
    _DIGIT: re.compile(r"\d"),
}
_START: Final = 48
"""Characters of a block that show whether it begins with numbers or names."""
_NUMBER: Final = re.compile(r"\d+")
_ADDRESS: Final = re.compile(r"https?://|www\.|[\w.]@[\w-]+\.|^@\w")
_QUOTES: Final = frozenset("“\"«„‘'「『»—–")
# The words of `storyBody__main-text`: runs of letters, and the humps of camel case.
_PART: Final = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])")


_Own = tuple[float, float, float, float, float, float]
"""Sum, least and greatest log-odds of an element's class tokens, and the same of the words in them."""

_Facts = tuple[tuple[Any, str | None], _Own, int, bool]
"""Of an element: its tag and class; what its tokens say; its bits; whether they say anything."""


_TokenFacts = tuple[float | None, tuple[tuple[str, float], ...], int]
"""Of a token of a class or id: its log-odds, those of the words in it, and its bits."""

_LabelFacts = tuple[tuple[str, ...], tuple[float, float, float, float]]
"""Of a short text: its words; log-odds of the whole, and mean, least and greatest of its words and pairs of words."""


@dataclass(slots=True)
class Lexicon:
    """Log-odds that text is body, learnt from pages of three hosts or more each. Empty until trained."""

    tokens: Mapping[str, float] = field(default_factory=dict)
    """Of a token of a class or id on the way to a block (`=token`), and of a word within one."""
    phrases: Mapping[str, float] = field(default_factory=dict)
    """Of a short block as a whole (digits folded), of a word in one, of two words in a row."""
    cache: dict[Name, _Facts] = field(default_factory=dict, repr=False)
    token_cache: dict[str, _TokenFacts] = field(default_factory=dict, repr=False)
    label_cache: dict[str, _LabelFacts] = field(default_factory=dict, repr=False)

    def label_facts(self, text: str) -> _LabelFacts:
        """Return what a short text, folded, says; remembered, as pages share many."""
        known = self.phrases.get
        numberless = _NUMBER.sub("0", text)
        found = words(numberless)
        scores = [score for key in _parts(found) if (score := known(key)) is not None]
        of_parts = (sum(scores) / len(scores), min(scores), max(scores)) if scores else (0.0, 0.0, 0.0)
        own = found if numberless == text else words(text)
        facts = tuple(own), (known(f"={numberless}", 0.0), *of_parts)
        if len(self.label_cache) >= _LABELS:
            self.label_cache.clear()
        if len(text) <= _LONGEST_LABEL:
            self.label_cache[text] = facts
        return facts

    def token_facts(self, token: str) -> _TokenFacts:
        """Return what one token of a class or id says; remembered, as sites share many."""
        facts = self.token_cache.get(token)
        if facts is None:
            (name,), parts = class_tokens(token, None)
            says = 0
            if _MASKED.search(name):
                says = _M_NOISE | _M_COMMENTS if _MASK_COMMENTS.search(name) else _M_NOISE
            known = self.tokens.get
            facts = (
                known(f"={name}"),
                tuple((part, score) for part in sorted(parts) if (score := known(part)) is not None),
                says,
            )
            if len(self.token_cache) >= _CACHE:
                self.token_cache.clear()
            if len(token) <= _LONGEST_TOKEN:
                self.token_cache[token] = facts
        return facts


@dataclass(frozen=True, slots=True)
class Stated:
    """What the page says of itself, as far as the scorer compares blocks with it."""

    titles: frozenset[str] = frozenset()
    """Folded titles."""
    description: str = ""
    """Folded."""
    body: str = ""
    """Folded `articleBody` of JSON-LD."""
    kind: int = 0
    """What the page says it is: 0 nothing, 1 an article, 2 a product, 3 a discussion, 4 a list or a site."""


# ---- element facts -------------------------------------------------------------------------------------------------

_TAG_BITS: Final = {
    tag: 1 << number
    for number, tag in enumerate(
        (
            "article main aside footer header nav form figure section table ul ol button a blockquote dialog details "
            "select label iframe p dl"
        ).split()
    )
}
_ARTICLE_BODY: Final = 1 << 24
_WATCHED: Final = tuple("article main aside footer header nav form figure section table ul a".split())
# Elements called one of these give no mass to what holds them: comments or the next posts must not become "the
# article". The stems are narrow on purpose ("next", "read", "latest" misfire), and a guard undoes them where they
# leave too little.
_MASKED: Final = re.compile(
    r"comment|respond|disqus|related|recirc|recommend|share|sharing|social|newsletter|subscri|signup|sidebar|footer|cookie|"
    r"consent|promo|sponsor|outbrain|taboola|more-?stories|also-?like|read-?next|trending|most-?read|popular|breadcrumb"
)
_MASK_COMMENTS: Final = re.compile(r"comment|respond|disqus")
_M_NOISE, _M_COMMENTS = 1 << 25, 1 << 26


def class_tokens(names: str | None, ident: str | None) -> tuple[list[str], set[str]]:
    """Return the tokens of a class and an id (lower case, digits folded), and the words they are put together of."""
    found = f"{names or ''} {ident or ''}".split()[:_MAX_TOKENS]
    parts = {part.lower() for token in found for part in _PART.findall(token[:_LONGEST_TOKEN])}
    return [_NUMBER.sub("0", token.lower()) for token in found], parts


def phrase_keys(text: str) -> list[str]:
    """Return what a short text is looked up by: the whole of it, its words, its pairs of words; digits folded."""
    folded = _NUMBER.sub("0", fold_phrase(text))
    return [f"={folded}", *_parts(words(folded))]


def _parts(found: list[str]) -> list[str]:
    """Return the words, and their pairs, of the beginning of a text."""
    found = found[: SHORT_WORDS + 4]
    return [*found, *[f"{left} {right}" for left, right in pairwise(found)]]


def _element_facts(name: Name, lexicon: Lexicon) -> _Facts:
    """Return what an element's tag, class and id say; remembered, as sites name a hundred elements alike."""
    tag, names, ident = name
    bits = _M_NOISE if tag in ("aside", "nav", "footer") else 0
    whole: list[float] = []
    inner: dict[str, float] = {}
    if (names or ident) and tag not in ("body", "html"):  # a body's classes name the page, not the block
        called = 0
        for number, token in enumerate(f"{names or ''} {ident or ''}".split()):
            score, parts, says = lexicon.token_facts(token)
            called |= says
            if number < _MAX_TOKENS:
                if score is not None:
                    whole.append(score)
                inner.update(parts)
        if tag not in ("article", "main"):
            bits |= called
    own = (
        sum(whole), min(whole, default=0.0), max(whole, default=0.0),
        sum(inner.values()), min(inner.values(), default=0.0), max(inner.values(), default=0.0),
    )  # fmt: skip
    facts = ((tag, names), own, bits | _TAG_BITS.get(tag, 0), bool(whole or inner))
    if len(lexicon.cache) >= _CACHE:
        lexicon.cache.clear()
    lexicon.cache[name] = facts
    return facts


_Inherited = _Own
"""The same over an element and all around it: one object for an element that adds nothing and its parent."""
_NOTHING: Final[_Inherited] = (0.0,) * 6
_IS_ARTICLE: Final = _TAG_BITS["article"]


class _Tree:
    """The elements that hold blocks, and those around them, numbered in document order.

    So a parent comes before its children, and what lies in an element is one range of numbers.
    """

    def __init__(self, document: Document, lexicon: Lexicon, title_at: int) -> None:
        self.parents: list[int] = []
        self.of: list[int] = []
        """Per block: the number of the element that holds it."""
        self.depths: list[int] = []
        self.inherited: list[_Inherited] = []
        self.own: list[tuple[float, float]] = []
        """Per element: sum of the log-odds of its own class tokens, and of the words in them."""
        self.bits: list[int] = []
        self.signatures: list[int] = []
        """Per element: equal numbers for equal tag and class."""
        self.articles: list[int] = []
        """Per element: which `<article>` it is in, counted from 1."""
        self.article_count = 0
        self._learn(document, lexicon, self._number(document), title_at)
        sizes = [1] * len(self.parents)
        for number in range(len(sizes) - 1, 0, -1):
            sizes[self.parents[number]] += sizes[number]
        self.ends = np.arange(len(sizes)) + np.array(sizes, np.intp)
        """Per element: the number after the last element in it."""

    def _number(self, document: Document) -> list[int]:
        """Number the elements on the way to blocks; return their ordinals."""
        ordinals: list[int] = []
        numbers = {0: -1}
        for ordinal in document.anchors:
            way = []
            while (at := numbers.get(ordinal)) is None:
                way.append(ordinal)
                ordinal = document.parents[ordinal]
            for ordinal in reversed(way):
                self.parents.append(at)
                at = numbers[ordinal] = len(ordinals)
                ordinals.append(ordinal)
            self.of.append(at)
        return ordinals

    def _learn(self, document: Document, lexicon: Lexicon, ordinals: list[int], title_at: int) -> None:
        """Gather what the elements say, each with what those around it say."""
        names, attributes, known = document.names, document.attributes, lexicon.cache.get
        depths, inherited, bits, articles = self.depths, self.inherited, self.bits, self.articles
        # What holds the title is no comment section, whatever it is called.
        trusted = set(self.way_to(self.of[title_at])) if title_at >= 0 else set()
        signatures: dict[Any, int] = {}
        for number, (ordinal, parent) in enumerate(zip(ordinals, self.parents, strict=True)):
            name = names[ordinal]
            signature, said, flags, speaks = known(name) or _element_facts(name, lexicon)
            if number in trusted:
                flags &= ~(_M_NOISE | _M_COMMENTS)
            if attributes[ordinal].get("itemprop") == "articleBody":
                flags |= _ARTICLE_BODY
            if parent < 0:
                above, depth, article = _NOTHING, 0, 0
            else:
                above, depth, article = inherited[parent], depths[parent] + 1, articles[parent]
            if flags & _IS_ARTICLE:
                self.article_count += 1
                article = self.article_count
            if speaks:
                total, least, most, inner, inner_least, inner_most = said
                above = (
                    above[0] + total, min(above[1], least), max(above[2], most),
                    above[3] + inner, min(above[4], inner_least), max(above[5], inner_most),
                )  # fmt: skip
                self.own.append((total, inner))
            else:
                self.own.append((0.0, 0.0))
            inherited.append(above)
            depths.append(depth)
            bits.append(flags | bits[parent] if parent >= 0 else flags)
            articles.append(article)
            self.signatures.append(signatures.setdefault(signature, len(signatures)))

    def spread(self, values: Any) -> NDArray[np.float64]:
        """Return for each element the sum of `values` (one per block) beneath it."""
        running = np.concatenate([[0.0], np.cumsum(np.bincount(self.of, values, len(self.parents)))])
        beneath: NDArray[np.float64] = running[self.ends] - running[:-1]
        return beneath

    def levels(self, way: Sequence[int]) -> NDArray[np.intp]:
        """Return for each element how many of `way`, elements each within the one before, hold it or are it."""
        held = np.zeros(len(self.parents), np.intp)
        for number in way:
            held[number : self.ends[number]] += 1
        return held

    def way_to(self, number: int) -> list[int]:
        """Return the elements from the root down to one."""
        way = []
        while number >= 0:
            way.append(number)
            number = self.parents[number]
        return way[::-1]

    def container(self, masses: NDArray[np.float64]) -> list[int]:
        """Return the elements on the way from the root to the lowest one that holds half of the mass."""
        if masses[0] <= 0:
            return [0]
        # Of the elements that hold half of it the heaviest child of each parent, the first among equals.
        heaviest: dict[int, int] = {}
        for number in np.flatnonzero(masses * 2 >= masses[0])[1:].tolist():
            parent = self.parents[number]
            best = heaviest.get(parent)
            if best is None or masses[number] > masses[best]:
                heaviest[parent] = number
        way = [0]
        while (child := heaviest.get(way[-1])) is not None:
            way.append(child)
        return way


# ---- features --------------------------------------------------------------------------------------------------------

_TEXT_NAMES: Final = (
    "words", "characters a word", "sentence end", "commas a word", "stops a word", "digits", "capitals", "all capitals",
    "starts lower", "starts as quote", "colon end", "question end", "bar or arrow", "address", "copyright sign",
    "phrase whole", "phrase mean", "phrase least", "phrase most", "same text on page",
)  # fmt: skip
_KIND_NAMES: Final = (
    "heading level", "list item", "nesting", "table row", "quote", "code", "caption", "fragment", "link density",
    "links",
)  # fmt: skip
_PLACE_NAMES: Final = (
    "place in blocks", "place in words", "zone", "blocks before main run", "blocks after main run", "prose near 3",
    "prose near 6", "prose near 12", "short lines before", "short lines after", "since prose", "until prose",
    "words before", "words after", "links before", "links after", "sentence before", "sentence after", "heading before",
    "group size", "place in group",
)  # fmt: skip
_HEADING_NAMES: Final = (
    "heading phrase", "since heading", "heading words", "phrase before", "phrase after", "heading linked",
    "prose under heading",
)  # fmt: skip
_FACT_NAMES: Final = (
    "title overlap", "is title", "is description", "in articleBody", "since title", "noise before", "noise after",
    "noise share", "metadata before", "metadata after", "in title", "said elsewhere", "titles passed", "titles on page",
)  # fmt: skip
_PAGE_NAMES: Final = ("page blocks", "page prose", "page links", "page short lines", "page prose share", "page kind")
# What a dump must tell by its lines alone.
_LINE_NAMES: Final = (
    "until stamp", "stamps near", "stamps passed", "stamps ahead", "same pattern", "patterns near", "patterns passed",
    "least label before 3", "least label after 3", "least label before 10", "least label after 10", "labels before 5",
    "labels after 5", "labels before 15", "labels after 15", "noise labels passed", "since noise label",
    "until noise label", "long phrase mean", "long phrase least", "long phrase lowest five", "long phrases",
    "long phrases before", "long phrases after", "blocks from best window", "place in best window",
    "words from best window",
)  # fmt: skip
_TREE_NAMES: Final = (
    "class sum", "class least", "class most", "class own", "class parent",
    "class words sum", "class words least", "class words most", "class words own", "class words parent",
    "depth", "in articleBody element",
    *(f"in <{tag}>" for tag in _WATCHED), "levels above container", "levels below meeting", "container share",
    "parent share", "grandparent share", "parent links", "grandparent links", "same template share",
    "same template count", "articles", "article number", "hidden", "meeting share", "parent noise", "heavy article",
    "called noise", "called comments", "siblings alike", "levels to title", "title levels", "title share",
)  # fmt: skip
NAMES: Final = {
    "text": (*_TEXT_NAMES, *_KIND_NAMES, *_PLACE_NAMES, *_HEADING_NAMES, *_FACT_NAMES, *_PAGE_NAMES, *_LINE_NAMES),
    "html": (*_TEXT_NAMES, *_KIND_NAMES, *_PLACE_NAMES, *_HEADING_NAMES, *_FACT_NAMES, *_PAGE_NAMES, *_TREE_NAMES),
}
"""Names of the columns, for a text dump and for HTML."""


def extract(document: Document, stated: Stated, verdicts: Sequence[Verdict | None], lexicon: Lexicon) -> Matrix:
    """Return one row of features per block; columns as in :data:`NAMES`."""
    names = NAMES["text" if document.root is None else "html"]
    if not document.blocks:
        return np.zeros((0, len(names)), np.float32)
    page = _Blocks(document.blocks, stated, verdicts, lexicon)
    columns = [
        *_text_columns(page), *_kind_columns(page), *_place_columns(page), *_heading_columns(page),
        *_fact_columns(page, stated), *_page_columns(page, stated),
        *(_line_columns(page, lexicon) if document.root is None else _tree_columns(page, document, lexicon)),
    ]  # fmt: skip
    # A column is contiguous, for the scorer asks of one feature at a time.
    matrix = np.empty((len(names), page.size), np.float32)
    for number, column in enumerate(columns):
        matrix[number] = column
    return matrix.T


_Column = Any
"""A list or an array of one number per block; or one number for all."""


def _rows(rows: Sequence[tuple[float, ...]], kind: Any = np.float32) -> NDArray[Any]:
    """Return tuples of equal length as an array with a line for each place in them."""
    return np.fromiter(chain.from_iterable(rows), kind).reshape(len(rows), -1).T


class _Blocks:
    """What more than one group of features asks of the blocks, read from them once."""

    def __init__(
        self, blocks: list[Block], stated: Stated, verdicts: Sequence[Verdict | None], lexicon: Lexicon
    ) -> None:
        drop, metadata = Fate.DROP, Fate.METADATA
        self.blocks = blocks
        self.size = len(blocks)
        self.place = np.arange(self.size)
        self.texts = [block.text for block in blocks]
        self.words = [block.words for block in blocks]
        self.count = np.array(self.words, np.float32)
        self.ends = np.array([block.is_sentence for block in blocks])
        self.density = np.array([block.link_density for block in blocks])
        self.hidden = np.array([block.hidden for block in blocks])
        self.kinds = np.array([_KINDS[id(block.kind)] for block in blocks])
        self.levels = np.array([block.level for block in blocks])
        self.is_heading = self.kinds == _HEADING
        self.noise = np.array([verdict is not None and verdict.fate is drop for verdict in verdicts])
        self.metadata = np.array([verdict is not None and verdict.fate is metadata for verdict in verdicts])
        is_prose = self.ends & (self.count >= 6) & (self.density < 0.5) & ~self.noise & ~self.hidden
        self.prose = np.where(is_prose, self.count, np.float64(0.0))
        """Words of prose in each."""
        self.folded = [
            fold_phrase(text) if count <= _TITLE_WORDS or stated.body else ""
            for text, count in zip(self.texts, self.words, strict=True)
        ]
        """Texts, folded, of the blocks whose wording is looked at."""
        known = lexicon.label_cache.get
        self.labels: list[_LabelFacts | None] = [
            (known(text) or lexicon.label_facts(text)) if count <= SHORT_WORDS else None
            for text, count in zip(self.folded, self.words, strict=True)
        ]
        """What the phrase lexicon says of each short block; None for the others."""
        silent = (0.0, 0.0, 0.0, 0.0)
        self.phrases = _rows([silent if label is None else label[1] for label in self.labels], np.float64)
        """The same as four lines of numbers: of the whole; mean, least and greatest of its parts; 0 for the others."""
        self.title_at = _title_at(self, stated)


@cache
def _class_table() -> NDArray[np.uint8]:
    """Return the bits of every character there is."""
    every = np.arange(sys.maxunicode + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    for bit, members in _CLASSES.items():
        table[[ord(char) for char in members.findall(every)]] |= np.uint8(bit)
    return table


def _codes(texts: Iterable[str]) -> NDArray[np.uint32]:
    """Return the code points of texts, one after the other."""
    return np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)


def _class_counts(texts: Sequence[str], lengths: NDArray[np.intp]) -> tuple[NDArray[np.float32], ...]:
    """Return how many commas and stops each text has, and how many digits and capitals it begins with."""
    flags = _class_table()[_codes(texts)]
    # One character in ten is of any class: the rest goes by these alone.
    places = np.flatnonzero(flags)
    flags = flags[places]
    ends = np.cumsum(lengths)
    which = np.searchsorted(ends, places, "right")
    at_start = places < (ends - lengths + _START)[which]

    def count(found: Any) -> NDArray[np.float32]:
        return np.bincount(which[found], minlength=len(texts)).astype(np.float32)

    return (
        count((flags & _COMMA) > 0), count((flags & _STOP) > 0),
        count(at_start & ((flags & _DIGIT) > 0)), count(at_start & ((flags & _UPPER) > 0)),
    )  # fmt: skip


def _text_columns(page: _Blocks) -> list[_Column]:
    texts = page.texts
    same = Counter(texts)
    address, bar, sign = (np.zeros(page.size, np.float32) for _ in range(3))
    sizes = np.array([len(text) for text in texts])
    length = sizes.astype(np.float32)
    per_word = 1.0 / np.maximum(page.count, 1.0)
    commas, stops, digits, upper = _class_counts(texts, sizes)
    start = np.minimum(length, _START)
    for index, (text, count) in enumerate(zip(texts, page.words, strict=True)):
        if count < 30:
            if "@" in text or "www." in text or "://" in text:
                address[index] = _ADDRESS.search(text) is not None
            if "|" in text or " > " in text or "›" in text or "»" in text or "→" in text or "•" in text:
                bar[index] = 1
            if "©" in text or "(c)" in text:
                sign[index] = 1
    return [
        np.log2(1 + page.count), length * per_word, page.ends, commas * per_word, stops * per_word, digits / start,
        upper / start, [text.isupper() for text in texts], [text[0].islower() for text in texts],
        [text[0] in _QUOTES for text in texts], [text[-1] in ":：" for text in texts],
        [text[-1] in "?？؟" for text in texts], bar, address, sign,
        *page.phrases, [min(same[text], 8) for text in texts],
    ]  # fmt: skip


def _kind_columns(page: _Blocks) -> list[_Column]:
    kinds, levels = page.kinds, page.levels
    is_item = kinds == _LIST_ITEM
    return [
        np.where(page.is_heading, levels, 0), is_item, np.where(is_item, levels, -1), kinds == _TABLE_ROW,
        kinds == _QUOTE, kinds == _CODE, kinds == _CAPTION, [block.continues for block in page.blocks], page.density,
        [min(block.links, 10) for block in page.blocks],
    ]  # fmt: skip


def _shifted(values: Any, by: int, fill: float) -> Any:
    out = np.full(len(values), fill, np.float32)
    if by > 0:
        out[by:] = values[:-by]
    else:
        out[:by] = values[-by:]
    return out


def _since(flags: Any, far: int = 30) -> Any:
    """Return for each block how many blocks ago a flag was last set, itself excluded; at most `far`."""
    size = len(flags)
    place = np.arange(size)
    last = np.maximum.accumulate(np.where(flags, place, -far)) if size else place
    return np.minimum(place - np.concatenate([[-far], last[:-1]]), far)


def _run_before(flags: Any, most: int = 20) -> Any:
    """Return for each block how many blocks right before it have a flag set; at most `most`."""
    size = len(flags)
    place = np.arange(size)
    last = np.maximum.accumulate(np.where(flags, -1, place)) if size else place
    return np.minimum(place - 1 - np.concatenate([[-1], last[:-1]]), most)


def _place_columns(page: _Blocks) -> list[_Column]:
    size, place, count, ends = page.size, page.place, page.count, page.ends
    log_count = np.log2(1 + count)
    total = np.cumsum(count)
    amount = page.prose.astype(np.float32)
    running = np.concatenate([[0.0], np.cumsum(amount)])
    around = np.concatenate([[0.0], total])

    def near(reach: int) -> Any:
        low, high = np.maximum(place - reach, 0), np.minimum(place + reach + 1, size)
        return (running[high] - running[low]) / np.maximum(around[high] - around[low], 1.0)

    zones = np.array([_ZONES[id(block.zone)] for block in page.blocks])
    main = np.flatnonzero(zones == _ZONES[id(Zone.MAIN)])
    first, last = (main[0], main[-1]) if len(main) else (0, size - 1)
    short = (count < 8) & ~ends
    is_prose = amount > 0
    # Of the blocks of one group, however far apart: how many there are, and how many came before.
    groups = [block.group for block in page.blocks]
    sizes = {0: 0}
    before = []
    for group in groups:
        seen = sizes.get(group, 0)
        before.append(min(seen, 30))
        if group:
            sizes[group] = seen + 1
    return [
        place.astype(np.float32) / size, total / max(float(total[-1]), 1.0), zones,
        np.clip(first - place, -1, 40), np.clip(place - last, -1, 40), near(3), near(6), near(12),
        _run_before(short), _run_before(short[::-1])[::-1],
        _since(is_prose), _since(is_prose[::-1])[::-1], _shifted(log_count, 1, -1), _shifted(log_count, -1, -1),
        _shifted(page.density, 1, -1), _shifted(page.density, -1, -1), _shifted(ends, 1, -1), _shifted(ends, -1, -1),
        _shifted(page.is_heading, 1, 0), [min(sizes[group], 40) for group in groups], before,
    ]  # fmt: skip


def _heading_columns(page: _Blocks) -> list[_Column]:
    """The nearest heading above a block, and what the labels beside the block say."""
    place = page.place
    # The index of the last heading above, -1 where there is none.
    at = np.concatenate([[-1], np.maximum.accumulate(np.where(page.is_heading, place, -1))[:-1]])
    under_one = at >= 0
    whole, mean = page.phrases[:2]
    best = np.where(whole != 0, whole, mean).astype(np.float32)
    running = np.concatenate([[0.0], np.cumsum(page.prose)])
    return [
        np.where(under_one, best[at], 0), np.where(under_one, np.minimum(place - at, 40), 41),
        np.where(under_one, np.minimum(page.count[at], 20), 0), _shifted(best, 1, 0), _shifted(best, -1, 0),
        np.where(under_one, page.density[at], 0),
        np.where(under_one, np.log2(1 + running[:-1] - running[at + 1]), 0),
    ]  # fmt: skip


def _title_at(page: _Blocks, stated: Stated) -> int:
    """Return the index of the headline: a heading, else a line that is a title; -1: there is none."""
    found = headline(page.blocks, stated.titles)
    if found < 0 and stated.titles:
        near = enumerate(zip(page.folded, page.words, strict=True))
        found = next((i for i, (text, count) in near if count <= _TITLE_WORDS and text in stated.titles), -1)
    return found


def _said_elsewhere(page: _Blocks) -> Any:
    """Tell for each longer block whether its middle stands in another block: 1 in an earlier one, 2 in a later one.

    That finds copies that are cut into other blocks, or that differ in a word, where whole texts do not compare.
    """
    out = np.zeros(page.size, np.float32)
    texts = ["" if gone else text for text, gone in zip(page.texts, page.noise.tolist(), strict=True)]
    lengths = np.array([len(text) for text in texts])
    starts = np.cumsum(lengths + 1) - lengths - 1
    middles = starts + lengths // 2 - _MIDDLE // 2
    asked = np.flatnonzero((page.count >= 8) & (lengths >= _MIDDLE + 4) & (middles + _MIDDLE <= _COMPARED))
    if not len(asked):
        return out
    hashes = _Hashes(_codes(["\n".join(texts)[:_COMPARED]]))
    wanted, which = np.unique(hashes.at(middles[asked]), return_inverse=True)
    places = hashes.like(middles[asked])
    found = hashes.at(places)
    slots = np.minimum(np.searchsorted(wanted, found), len(wanted) - 1)
    same = wanted[slots] == found
    places, slots = places[same], slots[same]
    first, last = np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.intp)
    first[slots[::-1]], last[slots] = places[::-1], places
    earlier = first[which] + _MIDDLE <= starts[asked]
    later = last[which] >= starts[asked] + lengths[asked]
    out[asked] = np.where(earlier, 1, np.where(later, 2, 0))
    return out


# Powers of a factor that is odd and uses all its bits: 2^64 over the golden ratio.
_FACTOR, _FACTOR_2, _FACTOR_4 = (np.uint64(pow(0x9E3779B97F4A7C15, power, 1 << 64)) for power in (1, 2, 4))


class _Hashes:
    """Hashes of the `_MIDDLE` characters from any place of a text on: a polynomial, put together from those of four."""

    def __init__(self, codes: NDArray[np.uint32]) -> None:
        one = codes.astype(np.uint64)
        two = one[:-1] * _FACTOR + one[1:]
        self._fours = two[:-2] * _FACTOR_2 + two[2:]

    def at(self, places: Any) -> NDArray[np.uint64]:
        """Return the hashes from these places on."""
        total = np.zeros(len(places), np.uint64)
        for offset in range(0, _MIDDLE, 4):
            total = total * _FACTOR_4 + self._fours[places + offset]
        return total

    def like(self, places: Any) -> NDArray[np.intp]:
        """Return where the first characters are, as far as a glance shows, those of one of these places.

        Most of a page is ruled out by the first bits of a hash.
        """
        first_bits = np.zeros(1 << 18, bool)
        first_bits[self._fours[places] >> np.uint64(46)] = True
        return np.flatnonzero(first_bits[self._fours[: 4 - _MIDDLE] >> np.uint64(46)])


def _fact_columns(page: _Blocks, stated: Stated) -> list[_Column]:
    size, place = page.size, page.place
    overlap, is_title, is_description, in_title = ([0.0] * size for _ in range(4))
    titles = {frozenset(words(title)) for title in stated.titles}
    title_words = frozenset().union(*titles)
    stated_body = stated.body[: _SEARCHED // size]
    compared = zip(page.folded, page.words, page.labels, strict=True) if titles or stated.description else ()
    for index, (text, count, label) in enumerate(compared):
        if count <= _TITLE_WORDS:
            if text in stated.titles:
                is_title[index] = 1
            found = words(text) if label is None else label[0]
            shared = title_words.intersection(found)
            if shared:
                own = len(set(found))
                both = [(len(shared & title), len(title)) for title in titles]
                overlap[index] = max([common / (own + length - common) for common, length in both])
                in_title[index] = max(both)[0] / own
            if stated.description and (text == stated.description or (count > 8 and text in stated.description)):
                is_description[index] = 1
    in_body: _Column = [1 if text[:200] in stated_body else -1 for text in page.folded] if stated_body else 0
    tops = np.cumsum(page.is_heading & (page.levels == 1) & ~page.hidden)
    running = np.concatenate([[0], np.cumsum(page.noise)])
    low, high = np.maximum(place - 8, 0), np.minimum(place + 9, size)
    since_title = np.clip(place - page.title_at, -20, 60) if page.title_at >= 0 else -21
    return [
        overlap, is_title, is_description, in_body, since_title,
        _since(page.noise), _since(page.noise[::-1])[::-1], (running[high] - running[low]) / np.maximum(high - low, 1),
        _since(page.metadata), _since(page.metadata[::-1])[::-1], in_title, _said_elsewhere(page),
        np.minimum(tops, 12), min(tops[-1], 12),
    ]  # fmt: skip


def _page_columns(page: _Blocks, stated: Stated) -> list[_Column]:
    total = max(sum(page.words), 1)
    prose = page.prose.sum()
    return [
        np.log2(1 + page.size), np.log2(1 + prose), (page.count * page.density).sum() / total,
        np.count_nonzero(page.count < 8) / page.size, prose / total, stated.kind,
    ]  # fmt: skip


# ---- lines of a dump -------------------------------------------------------------------------------------------------

_STAMP: Final = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d{4}年|\d月")
_STAMP_WORDS: Final = 14
_SIGN: Final = re.compile(r"\w+|[^\w\s]")
_PATTERN_WORDS: Final = 16
_SERIES: Final = 3
"""Lines of one pattern from which they are a series: comments, teasers."""
_NOISE_LABEL: Final = -1.5
"""Log-odds up to which a label says that something else begins."""
_LONG_WORDS: Final = 30
"""Words of a longer block that are looked up."""
_LONG_CHARS: Final = 400
"""Characters in which these words are looked for."""
_GAP: Final = 3.0
"""What a block that is no prose costs the best window."""


def _pattern(text: str) -> str | None:
    """Return a line with its numbers and runs of capitalised words folded; None where nothing else is in it."""
    out: list[str] = []
    for word in _SIGN.findall(text):
        sign = "0" if word[0].isdigit() else "A" if word[0].isupper() else word
        if sign != "A" or not out or out[-1] != "A":
            out.append(sign)
    pattern = " ".join(out)
    return None if pattern in ("A", "0", "A 0") else pattern


def _around(flags: Any, reach: int) -> Any:
    """Return how many flags are set within `reach` blocks of each."""
    running = np.concatenate([[0.0], np.cumsum(flags)])
    place = np.arange(len(flags))
    return running[np.minimum(place + reach + 1, len(flags))] - running[np.maximum(place - reach, 0)]


def _line_columns(page: _Blocks, lexicon: Lexicon) -> list[_Column]:
    texts, counts = page.texts, page.words
    # Dates and times on short lines: bylines, comments, teasers.
    stamp = np.array(
        [n <= _STAMP_WORDS and _STAMP.search(text) is not None for text, n in zip(texts, counts, strict=True)]
    )
    stamps = np.cumsum(stamp)
    patterns = [_pattern(text) if n <= _PATTERN_WORDS else None for text, n in zip(texts, counts, strict=True)]
    often = Counter(patterns)
    alike = np.array([0 if pattern is None else min(often[pattern], 20) for pattern in patterns])
    series = alike >= _SERIES
    return [
        _since(stamp[::-1])[::-1], _around(stamp, 8), np.minimum(stamps - stamp, 30),
        np.minimum(stamps[-1] - stamps, 30), alike, _around(series, 8), np.minimum(np.cumsum(series) - series, 40),
        *_label_columns(page), *_long_phrase_columns(texts, counts, lexicon), *_window_columns(page),
    ]  # fmt: skip


def _label_columns(page: _Blocks) -> list[_Column]:
    """What the labels around a block say."""
    size, place = page.size, page.place
    label = (page.count <= SHORT_WORDS) & ~page.ends
    whole, mean = page.phrases[:2]
    says = np.where(label, np.where(whole != 0, whole, mean), 0.0)
    columns = []
    for reach in (3, 10):
        padded = np.concatenate([np.zeros(reach), says, np.zeros(reach)])
        least = np.lib.stride_tricks.sliding_window_view(padded, reach).min(axis=1)
        columns += [least[:size], least[reach + 1 : reach + 1 + size]]
    sums, numbers = np.concatenate([[0.0], np.cumsum(says)]), np.concatenate([[0.0], np.cumsum(label)])
    for reach in (5, 15):
        before, after = np.maximum(place - reach, 0), np.minimum(place + reach + 1, size)
        for low, high in ((before, place), (place + 1, after)):
            columns.append((sums[high] - sums[low]) / np.maximum(numbers[high] - numbers[low], 1))
    bad = says <= _NOISE_LABEL
    below = bad & (place > int(np.argmax(page.prose > 0)))
    return [*columns, np.minimum(np.cumsum(below) - below, 30), _since(bad), _since(bad[::-1])[::-1]]


def _long_phrase_columns(texts: list[str], counts: list[int], lexicon: Lexicon) -> list[_Column]:
    """What the words and pairs of the phrase lexicon say of the blocks that are too long to be looked up whole."""
    known = lexicon.phrases.get
    found = np.zeros((len(texts), 4), np.float32)
    for index, (text, count) in enumerate(zip(texts, counts, strict=True)):
        if count > SHORT_WORDS:
            inner = words(_NUMBER.sub("0", fold_phrase(text[:_LONG_CHARS])))[:_LONG_WORDS]
            keys = {*inner, *(f"{left} {right}" for left, right in pairwise(inner))}
            scores = sorted(score for key in keys if (score := known(key)) is not None)
            if scores:
                found[index] = sum(scores) / len(scores), scores[0], sum(scores[:5]), len(scores)
    return [*found.T, _shifted(found[:, 2], 1, 0), _shifted(found[:, 2], -1, 0)]


def _window_columns(page: _Blocks) -> list[_Column]:
    """Where a block lies from the run of blocks with the greatest sum: the root of prose's words, less for others."""
    best = current = 0.0
    start = first = end = 0
    for index, amount in enumerate(page.prose.tolist()):
        current += amount**0.5 if amount else -_GAP
        if current <= 0:
            current, start = 0.0, index + 1
        elif current > best:
            best, first, end = current, start, index + 1
    place = page.place
    total = np.concatenate([[0.0], np.cumsum(page.words)])
    far = np.where(place < first, total[place + 1] - total[first], np.where(place >= end, total[place] - total[end], 0))
    return [
        np.clip(np.where(place < first, place - first, np.where(place >= end, place - end + 1, 0)), -40, 40),
        np.where(place < first, -1.0, np.where(place >= end, 2.0, (place - first) / max(end - first, 1))),
        np.sign(far) * np.log2(1 + np.abs(far)),
    ]


# ---- the tree --------------------------------------------------------------------------------------------------------


def _tree_columns(page: _Blocks, document: Document, lexicon: Lexicon) -> list[_Column]:
    tree = _Tree(document, lexicon, page.title_at)
    own = np.array(tree.of, np.intp)
    depths, bits = np.array(tree.depths, np.intp), np.array(tree.bits, np.int64)
    parents = np.maximum(np.array(tree.parents, np.intp), 0)
    up, upper = parents[own], parents[parents[own]]
    flags = bits[own]
    # Mass is measured after masking noise; where that leaves little of what is no comment, only comments are masked.
    spoken = page.prose * ((flags & _M_COMMENTS) == 0)
    masked = spoken * ((flags & _M_NOISE) == 0)
    if masked.sum() < 0.4 * spoken.sum():
        masked = spoken
    if not masked.any():
        masked = page.prose
    masses = tree.spread(masked)
    total = float(masses[0]) if masses[0] > 0 else 1.0
    mass = masses / total
    words = page.count.astype(np.float64)
    letters = np.maximum(tree.spread(words), 1.0)
    linked = tree.spread(words * page.density)
    gone = tree.spread(words * page.noise)
    # Blocks under the same template: tag and class of their element and of the one around it are the same.
    signatures = np.array(tree.signatures, np.intp)
    around = np.where(own > 0, signatures[up] + 1, 0)
    templates = signatures[own] * (len(signatures) + 1) + around
    _, template, alike = np.unique(templates, return_inverse=True, return_counts=True)
    template_mass = np.bincount(template, np.floor(masked))
    articles = np.array(tree.articles, np.intp)[own]
    # The first among equals of those that hold a block.
    heavy = np.argmax(np.where(np.bincount(articles) > 0, np.bincount(articles, np.floor(masked)), -1.0))
    # Where each element's way up meets the container's, and the headline's, and how far up that is.
    way = tree.container(masses)
    held = tree.levels(way)
    meet = np.array(way, np.intp)[held - 1]
    title_way = tree.way_to(tree.of[page.title_at]) if page.title_at >= 0 else []
    if title_way:
        title_held = tree.levels(title_way)
        side = np.array(title_way, np.intp)[title_held - 1]
        levels = np.minimum((depths - depths[side])[own], 12)
        title_levels = np.minimum((len(title_way) - title_held)[own], 12)
        title_share = mass[side][own]
    else:
        levels = title_levels = title_share = np.full(page.size, -1.0)
    kin = np.bincount(up, minlength=len(depths))
    inherited = _rows([tree.inherited[at] for at in tree.of])
    of_own = _rows([tree.own[at] for at in tree.of])
    of_parent = np.where(own > 0, _rows([tree.own[at] for at in up.tolist()]), 0)
    return [
        *inherited[:3], of_own[0], of_parent[0], *inherited[3:], of_own[1], of_parent[1],
        np.minimum(depths[own], 40), (flags & _ARTICLE_BODY) > 0, *((flags & _TAG_BITS[tag]) > 0 for tag in _WATCHED),
        np.minimum((len(way) - held)[own], 12), np.minimum((depths - depths[meet])[own], 12),
        mass[own], mass[up], mass[upper], (linked / letters)[up], (linked / letters)[upper],
        (template_mass / total)[template], np.minimum(alike, 60)[template],
        min(tree.article_count, 30), np.minimum(articles, 30), page.hidden, mass[meet][own], (gone / letters)[up],
        articles == heavy, (flags & _M_NOISE) > 0, (flags & _M_COMMENTS) > 0, np.minimum(kin[up], 60),
        levels, title_levels, title_share,
    ]  # fmt: skip
