"""What the scorer sees of a block: numbers about its text, its place on the page and the elements around it.

One pass over the blocks and one over the elements that hold them. Everything is computed for all blocks at once; what
rules and built-ins decided already is a fact here (their noise gives no weight to a container), not a question.
The features and why they are there: `docs/ARCHITECTURE.md`, "The scorer".
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
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
_QUOTES: Final = ("“", '"', "«", "„", "‘", "'", "「", "『", "»", "—", "–")
# The words of `storyBody__main-text`: runs of letters, and the humps of camel case.
_PART: Final = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])")


_Facts = tuple[tuple[Any, str | None], tuple[float, float, float, float, float, float], int, bool]
"""Of an element: its tag and class; sum, least and greatest log-odds of its class tokens, and the same of the words in
them; its bits; whether any of those numbers is not 0."""


_TokenFacts = tuple[float | None, tuple[tuple[str, float], ...], int]
"""Of a token of a class or id: its log-odds, those of the words in it, and its bits."""


@dataclass(slots=True)
class Lexicon:
    """Log-odds that text is body, learnt from pages of three hosts or more each. Empty until trained."""

    tokens: Mapping[str, float] = field(default_factory=dict)
    """Of a token of a class or id on the way to a block (`=token`), and of a word within one."""
    phrases: Mapping[str, float] = field(default_factory=dict)
    """Of a short block as a whole (digits folded), of a word in one, of two words in a row."""
    cache: dict[Name, _Facts] = field(default_factory=dict, repr=False)
    token_cache: dict[str, _TokenFacts] = field(default_factory=dict, repr=False)

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
                tuple((part, score) for part in parts if (score := known(part)) is not None),
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


class _Tree:
    """The elements that hold blocks, and those around them, numbered in document order.

    So a parent comes before its children, and what lies in an element is one range of numbers.
    """

    def __init__(self, document: Document, lexicon: Lexicon, title_at: int) -> None:
        self.parents: list[int] = []
        self.depths: list[int] = []
        self.facts: list[tuple[float, ...]] = []
        """Per element: sum, least, greatest, own and parent's log-odds of tokens; the same of their words."""
        self.bits: list[int] = []
        self.signatures: list[tuple[Any, ...]] = []
        self.articles: list[int] = []
        self.article_count = 0
        names, attributes, parents = document.names, document.attributes, document.parents
        # What holds the title is no comment section, whatever it is called.
        trusted = set()
        ordinal = document.anchors[title_at] if title_at >= 0 else 0
        while ordinal:
            trusted.add(ordinal)
            ordinal = parents[ordinal]
        numbers: dict[int, int] = {}
        self.of: list[int] = []
        """Per block: the number of the element that holds it."""
        for anchor in document.anchors:
            at = numbers.get(anchor)
            if at is None:
                chain = []
                ordinal = anchor
                while ordinal and (at := numbers.get(ordinal)) is None:
                    chain.append(ordinal)
                    ordinal = parents[ordinal]
                at = -1 if at is None else at
                for ordinal in reversed(chain):
                    name = names[ordinal]
                    signature, own, bit, says = lexicon.cache.get(name) or _element_facts(name, lexicon)
                    if ordinal in trusted:
                        bit &= ~(_M_NOISE | _M_COMMENTS)
                    if attributes[ordinal].get("itemprop") == "articleBody":
                        bit |= _ARTICLE_BODY
                    at = numbers[ordinal] = self._add(at, signature, own if says else None, bit)
            self.of.append(at)
        sizes = [1] * len(self.parents)
        for number in range(len(sizes) - 1, 0, -1):
            sizes[self.parents[number]] += sizes[number]
        self.ends = np.arange(len(sizes)) + np.array(sizes, np.intp)
        """Per element: the number after the last element in it."""

    def _add(self, parent: int, signature: tuple[Any, ...], own: tuple[float, ...] | None, bit: int) -> int:
        is_article = bit & _TAG_BITS["article"]
        if is_article:
            self.article_count += 1
        if parent < 0:
            total, least, most, inner, inner_least, inner_most = own or (0.0,) * 6
            self.depths.append(0)
            self.facts.append((total, least, most, total, 0.0, inner, inner_least, inner_most, inner, 0.0))
            self.bits.append(bit)
            self.articles.append(self.article_count)
        else:
            above = self.facts[parent]
            self.depths.append(self.depths[parent] + 1)
            if own:
                total, least, most, inner, inner_least, inner_most = own
                self.facts.append((
                    above[0] + total, min(above[1], least), max(above[2], most), total, above[3],
                    above[5] + inner, min(above[6], inner_least), max(above[7], inner_most), inner, above[8],
                ))  # fmt: skip
            else:
                # Nothing known of it. The root's extremes are 0 at most and at least, so 0 changes neither.
                self.facts.append((
                    above[0], above[1], above[2], 0.0, above[3], above[5], above[6], above[7], 0.0, above[8]
                ))  # fmt: skip
            self.bits.append(self.bits[parent] | bit)
            self.articles.append(self.article_count if is_article else self.articles[parent])
        self.parents.append(parent)
        self.signatures.append(signature)
        return len(self.parents) - 1

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

    def container(self, masses: NDArray[np.float64]) -> list[int]:
        """Return the elements on the way from the root to the lowest one that holds half of the mass."""
        if not len(masses) or masses[0] <= 0:
            return [0] if len(masses) else []
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
    blocks = document.blocks
    if not blocks:
        return np.zeros((0, len(NAMES["text" if document.root is None else "html"])), np.float32)
    counts = [block.words for block in blocks]
    ends = [block.is_sentence for block in blocks]
    noise = [verdict is not None and verdict.fate is Fate.DROP for verdict in verdicts]
    density = [block.link_density for block in blocks]
    prose = [
        float(count) if end and count >= 6 and dense < 0.5 and not gone and not block.hidden else 0.0
        for block, count, end, dense, gone in zip(blocks, counts, ends, density, noise, strict=True)
    ]
    folded = [
        fold_phrase(block.text) if count <= _TITLE_WORDS or stated.body else ""
        for block, count in zip(blocks, counts, strict=True)
    ]
    phrases = _Phrases(folded, counts, lexicon)
    columns = _text_columns(blocks, counts, ends, phrases)
    columns += _kind_columns(blocks, density)
    columns += _place_columns(blocks, counts, ends, density, prose)
    columns += _heading_columns(blocks, counts, density, prose, phrases)
    title_at = _title_at(blocks, counts, folded, stated)
    columns += _fact_columns(blocks, counts, folded, verdicts, noise, stated, phrases, title_at)
    columns += _page_columns(blocks, counts, density, prose, stated)
    if document.root is not None:
        columns += _tree_columns(document, counts, density, prose, noise, lexicon, title_at)
    else:
        columns += _line_columns(blocks, counts, ends, prose, phrases, lexicon)
    matrix = np.empty((len(blocks), len(columns)), np.float32)
    for number, column in enumerate(columns):
        matrix[:, number] = column
    return matrix


_Column = Any
"""A list or an array of one number per block."""


class _Phrases:
    """What the phrase lexicon says of each short block."""

    def __init__(self, folded: list[str], counts: list[int], lexicon: Lexicon) -> None:
        known = lexicon.phrases.get
        size = len(folded)
        self.whole, self.mean, self.least, self.most = [0.0] * size, [0.0] * size, [0.0] * size, [0.0] * size
        self.words: list[list[str] | None] = [None] * size
        """The words of short blocks, folded; None for the others."""
        for index, (text, count) in enumerate(zip(folded, counts, strict=True)):
            if count > SHORT_WORDS:
                continue
            numberless = _NUMBER.sub("0", text)
            found = words(numberless)
            self.words[index] = found if numberless == text else words(text)
            self.whole[index] = known(f"={numberless}", 0.0)
            scores = [score for key in _parts(found) if (score := known(key)) is not None]
            if scores:
                self.mean[index] = sum(scores) / len(scores)
                self.least[index] = min(scores)
                self.most[index] = max(scores)


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


def _class_counts(texts: Sequence[str], *bits: int) -> Iterator[NDArray[np.float32]]:
    """Yield for each class of characters how many each text has."""
    flags = _class_table()[_codes(texts)]
    ends = np.cumsum([len(text) for text in texts])
    starts = np.concatenate([[0], ends[:-1]])
    for bit in bits:
        # The texts are never empty: of an empty range `reduceat` would give the next text's first character.
        yield np.add.reduceat((flags & bit) > 0, starts, dtype=np.int64).astype(np.float32)


def _text_columns(blocks: list[Block], counts: list[int], ends: list[bool], phrases: _Phrases) -> list[_Column]:
    size = len(blocks)
    texts = [block.text for block in blocks]
    same = Counter(texts)
    address, bar, sign = (np.zeros(size, np.float32) for _ in range(3))
    length = np.array([len(text) for text in texts], np.float32)
    count = np.array(counts, np.float32)
    per_word = 1.0 / np.maximum(count, 1.0)
    commas, stops = _class_counts(texts, _COMMA, _STOP)
    digits, upper = (
        found / np.minimum(length, _START) for found in _class_counts([t[:_START] for t in texts], _DIGIT, _UPPER)
    )
    for index, text in enumerate(texts):
        if counts[index] < 30:
            if "@" in text or "www." in text or "://" in text:
                address[index] = _ADDRESS.search(text) is not None
            if "|" in text or " > " in text or "›" in text or "»" in text or "→" in text or "•" in text:
                bar[index] = 1
            if "©" in text or "(c)" in text:
                sign[index] = 1
    return [
        np.log2(1 + count), length * per_word, ends, commas * per_word, stops * per_word, digits, upper,
        [text.isupper() for text in texts], [text[0].islower() for text in texts],
        [text.startswith(_QUOTES) for text in texts], [text.endswith((":", "：")) for text in texts],
        [text.endswith(("?", "？", "؟")) for text in texts], bar, address, sign,
        phrases.whole, phrases.mean, phrases.least, phrases.most, [min(same[text], 8) for text in texts],
    ]  # fmt: skip


def _kind_columns(blocks: list[Block], density: list[float]) -> list[_Column]:
    kinds = [block.kind for block in blocks]
    return [
        [block.level if block.kind is BlockKind.HEADING else 0 for block in blocks],
        [kind is BlockKind.LIST_ITEM for kind in kinds],
        [block.level if block.kind is BlockKind.LIST_ITEM else -1 for block in blocks],
        [kind is BlockKind.TABLE_ROW for kind in kinds],
        [kind is BlockKind.QUOTE for kind in kinds],
        [kind is BlockKind.CODE for kind in kinds],
        [kind is BlockKind.CAPTION for kind in kinds],
        [block.continues for block in blocks],
        density,
        [min(block.links, 10) for block in blocks],
    ]


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


def _place_columns(
    blocks: list[Block], counts: list[int], ends: list[bool], density: list[float], prose: list[float]
) -> list[_Column]:
    size = len(blocks)
    place = np.arange(size, dtype=np.float32)
    count = np.array(counts, np.float32)
    log_count = np.log2(1 + count)
    total = np.cumsum(count)
    amount = np.array(prose, np.float32)
    running = np.concatenate([[0.0], np.cumsum(amount)])
    around = np.concatenate([[0.0], np.cumsum(count)])

    def near(reach: int) -> Any:
        low = np.maximum(np.arange(size) - reach, 0)
        high = np.minimum(np.arange(size) + reach + 1, size)
        return (running[high] - running[low]) / np.maximum(around[high] - around[low], 1.0)

    main = [index for index, block in enumerate(blocks) if block.zone is Zone.MAIN]
    first, last = (main[0], main[-1]) if main else (0, size - 1)
    short = [words < 8 and not end for words, end in zip(counts, ends, strict=True)]
    flags = np.array(short, bool)
    before, after = _run_before(flags), _run_before(flags[::-1])[::-1]
    is_prose = amount > 0
    heading = np.fromiter((block.kind is BlockKind.HEADING for block in blocks), np.float32, size)
    sizes = Counter(block.group for block in blocks)
    seen: Counter[int] = Counter()
    in_group = np.zeros(size, np.float32)
    for index, block in enumerate(blocks):
        if block.group:
            in_group[index] = min(seen[block.group], 30)
            seen[block.group] += 1
    zone = [0 if block.zone is Zone.HEAD else 1 if block.zone is Zone.MAIN else 2 for block in blocks]
    return [
        place / size, total / max(float(total[-1]) if size else 1.0, 1.0), zone,
        np.clip(first - place, -1, 40), np.clip(place - last, -1, 40), near(3), near(6), near(12), before, after,
        _since(is_prose), _since(is_prose[::-1])[::-1], _shifted(log_count, 1, -1), _shifted(log_count, -1, -1),
        _shifted(density, 1, -1), _shifted(density, -1, -1), _shifted(ends, 1, -1), _shifted(ends, -1, -1),
        _shifted(heading, 1, 0), [min(sizes[block.group], 40) if block.group else 0 for block in blocks], in_group,
    ]  # fmt: skip


def _heading_columns(
    blocks: list[Block], counts: list[int], density: list[float], prose: list[float], phrases: _Phrases
) -> list[_Column]:
    """The nearest heading above a block, and what the labels beside the block say."""
    place = np.arange(len(blocks))
    heading = np.array([block.kind is BlockKind.HEADING for block in blocks])
    # The index of the last heading above, -1 where there is none.
    at = np.concatenate([[-1], np.maximum.accumulate(np.where(heading, place, -1))[:-1]])
    under_one = at >= 0
    best = np.array([whole or mean for whole, mean in zip(phrases.whole, phrases.mean, strict=True)], np.float32)
    running = np.concatenate([[0.0], np.cumsum(prose)])
    return [
        np.where(under_one, best[at], 0), np.where(under_one, np.minimum(place - at, 40), 41),
        np.where(under_one, np.minimum(np.array(counts)[at], 20), 0), _shifted(best, 1, 0), _shifted(best, -1, 0),
        np.where(under_one, np.array(density)[at], 0),
        np.where(under_one, np.log2(1 + running[:-1] - running[at + 1]), 0),
    ]  # fmt: skip


def _title_at(blocks: list[Block], counts: list[int], folded: list[str], stated: Stated) -> int:
    """Return the index of the headline: a heading, else a line that is a title; -1: there is none."""
    found = headline(blocks, stated.titles)
    if found < 0:
        near = enumerate(zip(folded, counts, strict=True))
        found = next((i for i, (text, n) in near if n <= _TITLE_WORDS and text in stated.titles), -1)
    return found


def _said_elsewhere(blocks: list[Block], counts: list[int], noise: list[bool]) -> Any:
    """Tell for each longer block whether its middle stands in another block: 1 in an earlier one, 2 in a later one.

    That finds copies that are cut into other blocks, or that differ in a word, where whole texts do not compare.
    """
    out = np.zeros(len(blocks), np.float32)
    texts = ["" if gone else block.text for block, gone in zip(blocks, noise, strict=True)]
    lengths = np.array([len(text) for text in texts])
    starts = np.cumsum(lengths + 1) - lengths - 1
    middles = starts + lengths // 2 - _MIDDLE // 2
    asked = np.flatnonzero((np.array(counts) >= 8) & (lengths >= _MIDDLE + 4) & (middles + _MIDDLE <= _COMPARED))
    if not len(asked):
        return out
    hashes = _hashes(_codes(["\n".join(texts)[:_COMPARED]]))
    wanted, which = np.unique(hashes[middles[asked]], return_inverse=True)
    # Most places on the page hold none of the middles, which their hashes' first bits show.
    first_bits = np.zeros(1 << 20, bool)
    first_bits[wanted >> np.uint64(44)] = True
    places = np.flatnonzero(first_bits[hashes >> np.uint64(44)])
    slots = np.minimum(np.searchsorted(wanted, hashes[places]), len(wanted) - 1)
    same = wanted[slots] == hashes[places]
    places, slots = places[same], slots[same]
    first, last = np.zeros(len(wanted), np.intp), np.zeros(len(wanted), np.intp)
    first[slots[::-1]], last[slots] = places[::-1], places
    earlier = first[which] + _MIDDLE <= starts[asked]
    later = last[which] >= starts[asked] + lengths[asked]
    out[asked] = np.where(earlier, 1, np.where(later, 2, 0))
    return out


def _hashes(codes: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return the hash of the `_MIDDLE` characters from each place on: a polynomial, from those of 1, 2, 4 … 32."""
    hashes = {1: codes.astype(np.uint64)}
    size, factor = 1, 0x9E3779B97F4A7C15  # odd, and all its bits used: 2^64 over the golden ratio

    def power(exponent: int) -> np.uint64:
        return np.uint64(pow(factor, exponent, 1 << 64))

    while size < 32:
        whole = hashes[size]
        hashes[size * 2] = whole[:-size] * power(size) + whole[size:]
        size *= 2
    rest = _MIDDLE - size
    return hashes[size][:-rest] * power(rest) + hashes[rest][size:]


def _fact_columns(
    blocks: list[Block],
    counts: list[int],
    folded: list[str],
    verdicts: Sequence[Verdict | None],
    noise: list[bool],
    stated: Stated,
    phrases: _Phrases,
    title_at: int,
) -> list[_Column]:
    size = len(blocks)
    overlap, is_title, is_description, in_body, in_title = (np.zeros(size, np.float32) for _ in range(5))
    sets = [set(words(title)) for title in stated.titles]
    title_words = set().union(*sets)
    stated_body = stated.body[: _SEARCHED // size]
    for index, (text, count) in enumerate(zip(folded, counts, strict=True)):
        if count <= _TITLE_WORDS and (sets or stated.description):
            if text in stated.titles:
                is_title[index] = 1
            found = phrases.words[index]
            if found is None:
                found = words(text)
            if not title_words.isdisjoint(found):
                own = set(found)
                shared = [(len(own & title), len(own | title)) for title in sets]
                overlap[index] = max(both / either for both, either in shared)
                in_title[index] = max(both for both, _ in shared) / len(own)
            if stated.description and (text == stated.description or (count > 8 and text in stated.description)):
                is_description[index] = 1
        if stated_body:
            in_body[index] = 1 if text[:200] in stated_body else -1
    tops = np.fromiter(
        (block.kind is BlockKind.HEADING and block.level == 1 and not block.hidden for block in blocks),
        np.float32,
        size,
    )
    place = np.arange(size, dtype=np.float32)
    meta = [verdict is not None and verdict.fate is Fate.METADATA for verdict in verdicts]
    gone = np.array(noise, np.float32)
    running = np.concatenate([[0.0], np.cumsum(gone)])
    low, high = np.maximum(np.arange(size) - 8, 0), np.minimum(np.arange(size) + 9, size)
    return [
        overlap, is_title, is_description, in_body,
        np.clip(place - title_at, -20, 60) if title_at >= 0 else np.full(size, -21.0),
        _since(noise), _since(noise[::-1])[::-1], (running[high] - running[low]) / np.maximum(high - low, 1),
        _since(meta), _since(meta[::-1])[::-1], in_title, _said_elsewhere(blocks, counts, noise),
        np.minimum(np.cumsum(tops), 12), np.full(size, min(tops.sum(), 12)),
    ]  # fmt: skip


def _page_columns(
    blocks: list[Block], counts: list[int], density: list[float], prose: list[float], stated: Stated
) -> list[_Column]:
    size = max(len(blocks), 1)
    total = max(sum(counts), 1)
    linked = sum(count * dense for count, dense in zip(counts, density, strict=True))
    short = sum(count < 8 for count in counts)
    figures = (
        np.log2(1 + size),
        np.log2(1 + sum(prose)),
        linked / total,
        short / size,
        sum(prose) / total,
        stated.kind,
    )
    return [np.full(len(blocks), figure, np.float32) for figure in figures]


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


def _line_columns(
    blocks: list[Block],
    counts: list[int],
    ends: list[bool],
    prose: list[float],
    phrases: _Phrases,
    lexicon: Lexicon,
) -> list[_Column]:
    texts = [block.text for block in blocks]
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
        *_label_columns(counts, ends, prose, phrases), *_long_phrase_columns(texts, counts, lexicon),
        *_window_columns(counts, prose),
    ]  # fmt: skip


def _label_columns(counts: list[int], ends: list[bool], prose: list[float], phrases: _Phrases) -> list[_Column]:
    """What the labels around a block say."""
    size = len(counts)
    place = np.arange(size)
    label = (np.array(counts) <= SHORT_WORDS) & ~np.array(ends, bool)
    whole = np.array(phrases.whole)
    says = np.where(label, np.where(whole != 0, whole, phrases.mean), 0.0)
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
    below = bad & (place > int(np.argmax(np.array(prose) > 0)))
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


def _window_columns(counts: list[int], prose: list[float]) -> list[_Column]:
    """Where a block lies from the run of blocks with the greatest sum: the root of prose's words, less for others."""
    size = len(counts)
    best = current = 0.0
    start = first = end = 0
    for index, amount in enumerate(prose):
        current += amount**0.5 if amount else -_GAP
        if current <= 0:
            current, start = 0.0, index + 1
        elif current > best:
            best, first, end = current, start, index + 1
    place = np.arange(size)
    total = np.concatenate([[0.0], np.cumsum(counts)])
    far = np.where(place < first, total[place + 1] - total[first], np.where(place >= end, total[place] - total[end], 0))
    return [
        np.clip(np.where(place < first, place - first, np.where(place >= end, place - end + 1, 0)), -40, 40),
        np.where(place < first, -1.0, np.where(place >= end, 2.0, (place - first) / max(end - first, 1))),
        np.sign(far) * np.log2(1 + np.abs(far)),
    ]


# ---- the tree --------------------------------------------------------------------------------------------------------


def _tree_columns(
    document: Document,
    counts: list[int],
    density: list[float],
    prose: list[float],
    noise: list[bool],
    lexicon: Lexicon,
    title_at: int,
) -> list[_Column]:
    tree = _Tree(document, lexicon, title_at)
    blocks, of = document.blocks, tree.of
    own = np.array(of, np.intp)
    flags = np.array(tree.bits, np.int64)[own]
    amount, letters_each = np.array(prose, np.float64), np.array(counts, np.float64)
    # Mass is measured after masking noise; where that leaves little of what is no comment, only comments are masked.
    spoken = amount * ((flags & _M_COMMENTS) == 0)
    masked = spoken * ((flags & _M_NOISE) == 0)
    if masked.sum() < 0.4 * spoken.sum():
        masked = spoken
    if not masked.any():
        masked = amount
    masses = tree.spread(masked)
    total = float(masses[0]) if len(masses) and masses[0] > 0 else 1.0
    way = tree.container(masses)
    # The elements around the headline, from the root down.
    title_way: list[int] = []
    at = of[title_at] if title_at >= 0 else -1
    while at >= 0:
        title_way.append(at)
        at = tree.parents[at]
    title_way.reverse()
    letters = tree.spread(letters_each)
    linked = tree.spread(letters_each * density)
    gone = tree.spread(letters_each * noise)
    signatures: Counter[tuple[Any, ...]] = Counter()
    alike: Counter[tuple[Any, ...]] = Counter()
    article_mass: Counter[int] = Counter()
    keys = []
    for at, mass_here in zip(of, masked.tolist(), strict=True):
        around = tree.parents[at]
        key = (tree.signatures[at], tree.signatures[around] if around >= 0 else None)
        keys.append(key)
        signatures[key] += int(mass_here)
        alike[key] += 1
        article_mass[tree.articles[at]] += int(mass_here)
    heavy = max(article_mass, key=lambda number: (article_mass[number], -number)) if article_mass else 0
    # Where each element's way up meets the container's, and the headline's, and how far up that is.
    depths = np.array(tree.depths, np.intp)
    held = tree.levels(way)
    meet = np.array(way, np.intp)[held - 1]
    below = depths - depths[meet]
    title_held = tree.levels(title_way)
    side = np.array(title_way, np.intp)[title_held - 1] if title_way else np.zeros(len(depths), np.intp)
    levels = depths - depths[side] if title_way else np.full(len(depths), -1)
    size = len(blocks)
    parents = np.maximum(np.array(tree.parents, np.intp), 0)
    up, upper = parents[own], parents[parents[own]]
    mass = masses / total
    above = len(way) - held
    title_levels = len(title_way) - title_held if title_way else np.full(len(depths), -1)
    kin = np.bincount(up, minlength=len(depths))
    articles = np.array(tree.articles)[own]
    facts = np.array(tree.facts, np.float32)[own].T
    return [
        *facts, np.minimum(depths[own], 40), (flags & _ARTICLE_BODY) > 0,
        *((flags & _TAG_BITS[tag]) > 0 for tag in _WATCHED),
        np.minimum(above[own], 12), np.minimum(below[own], 12), mass[own], mass[up], mass[upper],
        linked[up] / np.maximum(letters[up], 1.0), linked[upper] / np.maximum(letters[upper], 1.0),
        [signatures[key] / total for key in keys], [min(alike[key], 60) for key in keys],
        np.full(size, min(tree.article_count, 30)), np.minimum(articles, 30), [block.hidden for block in blocks],
        mass[meet][own], gone[up] / np.maximum(letters[up], 1.0), articles == heavy,
        (flags & _M_NOISE) > 0, (flags & _M_COMMENTS) > 0, np.minimum(kin[up], 60),
        np.minimum(levels[own], 12), np.minimum(title_levels[own], 12),
        mass[side][own] if title_way else np.full(size, -1.0),
    ]  # fmt: skip
