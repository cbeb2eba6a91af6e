"""What rules hit on a page: marks on an untouched document.

A :class:`Layer` is made once from many rule files: an index by class token, phrase and pattern. A :class:`Reading` is
made per page: it folds every block once, asks the layers' indexes what the blocks say and the elements are called, and
only then looks at the rules concerned. So a page costs what is on it, not what is in the rule files.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from lxml import etree

from cleaner.model import Block, BlockKind, Caption, Declared, Document, Note, Source, Zone
from cleaner.rules.expressions import ElementIndex, ExpensiveError, PatternSet, Selector, SelectorIndex, TokenIndex
from cleaner.rules.language import (
    LIST_FIELDS,
    MAX_LINE,
    MAX_PHRASE,
    Action,
    BlockTest,
    Body,
    Extractor,
    NextPage,
    Pair,
    Rule,
    RuleFile,
    Run,
    Saying,
    Section,
    When,
)
from cleaner.segment import is_prose
from cleaner.text import clip, collapse, fold_phrase, settle, word_count

__all__ = ["Layer", "Mark", "Reading", "Region"]

# Bounds on what one page can cost.
_MAX_NODES = 5_000  # elements taken of one selector
_MAX_NARROWED = 20_000  # characters: `text` is not searched in longer elements
_MAX_VALUES = 200  # values of one field from one extractor
_MAX_CACHED = 20_000  # texts of which a layer remembers what hits them
_MAX_LABEL = 60  # characters of such a text: sites repeat their labels on every page, their paragraphs on none

_NAMING = ("class", "id")  # attributes that tokens hit
_EVERYWHERE = frozenset(Zone)
_OUTSIDE_MAIN = frozenset({Zone.HEAD, Zone.TAIL})
_NOWHERE: frozenset[Zone] = frozenset()
_SILENCE: Mapping[int, str] = {}

_Value = tuple[dict[str, str], tuple[int, int] | None]
"""What an extractor finds: the groups of the value, and the pieces it stands in."""

_JOINTS = re.compile(r"\s*[,;&|·、،，；]\s*|\s+(?:and|und|et|y|e|i|en|och|og|ja|и|та|і|ve|και)\s+")


class Mark(NamedTuple):
    """One rule's hit on a stretch of the page."""

    rule: Rule
    first: int
    end: int
    """The pieces `first` up to `end` of the :class:`~cleaner.model.Document`."""
    anchor: int
    """Ordinal of the element that was hit; of the element that makes the block, where a block was."""
    detail: str
    """What matched, for people: `css aside.related`, `phrase "You may also like"`."""
    value: Mapping[str, str] = {}
    """Of a rule that states metadata: `v`, and `credit` for captions."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where the body is, by a `[body]` table."""

    id: str
    where: str
    detail: str
    ranges: tuple[tuple[int, int], ...]
    """Ranges of pieces, in order."""


class Layer:
    """The rules of several files, indexed. Immutable once made, apart from its caches: threads share it."""

    def __init__(self, files: Sequence[RuleFile], rules: Sequence[Rule]) -> None:
        self.files = tuple(files)
        self.rules = tuple(rules)
        self.said = [(rule.saying, rule) for rule in rules if rule.saying is not None]
        self.selectors = [(rule, selector) for rule in rules for selector in rule.selectors]
        self.by_need = SelectorIndex([selector for _, selector in self.selectors])
        self.structured = [rule for rule in rules if rule.sections or rule.runs or rule.pairs]
        self.phrases: dict[str, list[Saying]] = {}
        self.by_set: dict[str, list[Saying]] = {}
        self.sets: dict[str, list[tuple[str, RuleFile]]] = {}
        for file in files:
            for name, phrases in file.phrases.items():
                for folded in phrases:
                    self.sets.setdefault(folded, []).append((name, file))
        self._lines: list[tuple[Saying, str]] = []
        patterns: list[Any] = []
        for saying in self._sayings():
            for folded in saying.phrases:
                self.phrases.setdefault(folded, []).append(saying)
            for name in saying.sets:
                self.by_set.setdefault(name, []).append(saying)
            patterns += saying.lines
            self._lines += [(saying, f"line {pattern.pattern}") for pattern in saying.lines]
        self._patterns = PatternSet(patterns)
        self.tokens = [(rule, token) for rule in rules for token in rule.tokens]
        self.by_name = TokenIndex([token for _, token in self.tokens])
        self._heard: dict[str, tuple[tuple[Saying, str], ...]] = {}

    def _sayings(self) -> Iterator[Saying]:
        """Yield every saying that each block is asked for. What follows a head is asked when the head was found."""
        tests: list[BlockTest] = []
        whens = {file.when for file in self.files} | {rule.when for rule in self.rules}
        for when in whens:
            tests += [test for test in when.if_present or () if isinstance(test, BlockTest)]
        for rule in self.structured:
            tests += [section.head for section in rule.sections]
            tests += [run.each for run in rule.runs]
            tests += [pair.first for pair in rule.pairs]
        yield from (saying for saying, _ in self.said)
        yield from (test.saying for test in tests if test.saying is not None)
        for file in self.files:
            for extractor in file.extractors:
                if extractor.saying is not None and extractor.selector is None:
                    yield extractor.saying

    def lines_of(self, text: str) -> tuple[tuple[Saying, str], ...]:
        """Return the sayings that have the form of `text` among theirs, with what matched, for people."""
        found = self._heard.get(text)
        if found is None:
            plain = _plain(text)
            found = tuple([self._lines[index] for index in self._patterns.matching(plain)]) if plain else ()
            if len(text) <= _MAX_LABEL:
                if len(self._heard) >= _MAX_CACHED:
                    self._heard.clear()
                self._heard[text] = found
        return found


class Reading:
    """One page read with some layers. Made per page, by one thread."""

    def __init__(
        self, document: Document, layers: Sequence[Layer], *, address: str | None, extended: frozenset[str]
    ) -> None:
        self.document = document
        self.layers = layers
        self.extended = extended
        self._address = address
        self._path = unquote(urlsplit(address).path or "/") if address else None
        self._zones: dict[When, frozenset[Zone]] = {}
        self._present: dict[Selector | BlockTest, bool] = {}
        self._piece_words: dict[int, int] = {}

    def again(self, document: Document) -> Reading:
        """Read another document with the same rules."""
        return Reading(document, self.layers, address=self._address, extended=self.extended)

    # -- where things hold

    def zones(self, when: When) -> frozenset[Zone]:
        """Return the zones of this page on which `when` holds: none, if it does not hold here at all."""
        known = self._zones.get(when)
        if known is None:
            known = self._zones[when] = self._find_zones(when)
        return known

    def pack_zones(self, file: RuleFile | Rule | Extractor | Body | NextPage) -> frozenset[Zone]:
        """Return the zones on which the `[when]` of a whole file holds; `extends` overrules it."""
        name, when = (file.name, file.when) if isinstance(file, RuleFile) else (file.pack, file.pack_when)
        return _EVERYWHERE if name in self.extended else self.zones(when)

    def _find_zones(self, when: When) -> frozenset[Zone]:
        zones = when.zones
        if when.languages is not None:
            if self.document.language is None:
                zones &= _OUTSIDE_MAIN
            elif self.document.language not in when.languages:
                return _NOWHERE
        captured = self.document.page.captured
        if captured is not None:
            day = captured.date()
            if (when.valid_from and day < when.valid_from) or (when.valid_until and day > when.valid_until):
                return _NOWHERE
        if when.paths is not None:
            path = self._path
            if path is None or not any(glob.fullmatch(path) for glob in when.paths):
                return _NOWHERE
        if when.if_present is not None and not any(map(self._is_present, when.if_present)):
            return _NOWHERE
        return zones

    def _is_present(self, wanted: Selector | BlockTest) -> bool:
        known = self._present.get(wanted)
        if known is None:
            if isinstance(wanted, Selector):
                known = bool(self._select(wanted, wanted.text, None))
            else:
                known = any(self._looks(wanted, self.document.blocks[index]) for index in self._saying(wanted))
            self._present[wanted] = known
        return known

    def _allowed(self, rule: Rule) -> frozenset[Zone]:
        return self.zones(rule.when) & self.pack_zones(rule)

    # -- what blocks say

    @cached_property
    def _folded(self) -> list[str]:
        """The blocks as phrases; empty for those too long to be one."""
        return [fold_phrase(block.text) if len(block.text) <= MAX_PHRASE else "" for block in self.document.blocks]

    @cached_property
    def _named(self) -> dict[int, dict[str, str]]:
        """Block -> the phrase sets that hold what it says, each with the phrase."""
        named: dict[int, dict[str, str]] = {}
        declared = self.document.language
        for layer in self.layers:
            for index, folded in enumerate(self._folded):
                if folded not in layer.sets:
                    continue
                for name, file in layer.sets[folded]:
                    languages = file.when.languages
                    # Phrases of a language count on every page that does not declare another one.
                    if languages is None or declared is None or declared in languages or file.name in self.extended:
                        named.setdefault(index, {}).setdefault(name, file.phrases[name][folded])
        return named

    @cached_property
    def heard(self) -> dict[Saying, dict[int, str]]:
        """What the blocks say of what all are asked for: saying -> block, in order -> what matched, for people."""
        heard: defaultdict[Saying, dict[int, str]] = defaultdict(dict)
        for layer in self.layers:
            for index, (block, folded) in enumerate(zip(self.document.blocks, self._folded, strict=True)):
                if folded in layer.phrases:
                    for saying in layer.phrases[folded]:
                        heard[saying][index] = f'phrase "{saying.phrases[folded]}"'
                if index in self._named:
                    for name, phrase in self._named[index].items():
                        for saying in layer.by_set.get(name, ()):
                            heard[saying].setdefault(index, f'phrase "{phrase}" of @{name}')
                for saying, detail in layer.lines_of(block.text) if len(block.text) <= MAX_LINE else ():
                    heard[saying].setdefault(index, detail)
        return dict(heard)

    def _says(self, saying: Saying, index: int) -> bool:
        hits = self.heard.get(saying)
        if hits is not None:
            return index in hits
        if self._folded[index] in saying.phrases or not self._named.get(index, {}).keys().isdisjoint(saying.sets):
            return True
        text = self.document.blocks[index].text
        return len(text) <= MAX_LINE and any(pattern.fullmatch(_plain(text)) for pattern in saying.lines)

    def _saying(self, test: BlockTest) -> Iterable[int]:
        """Return the blocks that say what `test` asks all blocks for, in order."""
        return range(len(self.document.blocks)) if test.saying is None else self.heard.get(test.saying, ())

    def _passing(self, test: BlockTest, zones: frozenset[Zone]) -> list[int]:
        """Return the blocks of these zones that can be seen and pass `test`, in order."""
        blocks = self.document.blocks
        return [
            index
            for index in self._saying(test)
            if (block := blocks[index]).zone in zones and not block.hidden and self._looks(test, block)
        ]

    def _passes(self, test: BlockTest, index: int) -> bool:
        block = self.document.blocks[index]
        return self._looks(test, block) and (test.saying is None or self._says(test.saying, index))

    def _looks(self, test: BlockTest, block: Block) -> bool:
        """Whether a block passes `test`, whatever it says."""
        if test.max_words is not None and block.words > test.max_words:
            return False
        if block.words < test.min_words or (test.kinds is not None and block.kind not in test.kinds):
            return False
        if test.sentence is not None and test.sentence != block.is_sentence:
            return False
        return test.linked is None or not self.document.is_html or test.linked == (block.link_density >= 0.5)

    def _next_visible(self, index: int) -> int | None:
        blocks = self.document.blocks
        after = index + 1
        while after < len(blocks) and blocks[after].hidden:
            after += 1
        return after if after < len(blocks) else None

    # -- marks

    def marks(self, disabled: frozenset[str]) -> list[Mark]:
        """Return what all rules hit, but for the `disabled` ids."""
        marks: list[Mark] = []
        heard = self.heard
        for layer in self.layers:
            for saying, rule in layer.said:
                if saying in heard and rule.id not in disabled and (zones := self._allowed(rule)):
                    marks += self._block_marks(rule, zones, heard[saying])
            for rule in layer.structured:
                if rule.id not in disabled and (zones := self._allowed(rule)):
                    marks += self._block_marks(rule, zones, dict(self._structures(rule, zones)))
        if self.document.root is not None:
            readable = ElementIndex(self.document, unread=False)
            for layer in self.layers:
                elements = self._elements if layer.by_need.asks_unread else readable
                marks += self._token_marks(layer, disabled)
                for index in layer.by_need.possible(elements):
                    marks += self._selector_marks(*layer.selectors[index], elements, disabled)
        return marks

    def _block_marks(self, rule: Rule, zones: frozenset[Zone], hits: Mapping[int, str]) -> Iterator[Mark]:
        document = self.document
        for index, detail in hits.items():
            block = document.blocks[index]
            if block.zone not in zones or (rule.max_words is not None and block.words > rule.max_words):
                continue
            mark = Mark(rule, *document.bounds[index], document.anchors[index], detail)
            if rule.action is Action.TO_META:
                value = (_groups(rule.saying, block.text) if rule.saying else None) or {"v": block.text}
                mark = mark._replace(value=value)
            yield mark

    def _structures(self, rule: Rule, zones: frozenset[Zone]) -> Iterator[tuple[int, str]]:
        for section in rule.sections:
            yield from self._section(section, zones)
        for run in rule.runs:
            yield from self._run(run, zones)
        for pair in rule.pairs:
            yield from self._pair(pair, zones)

    def _section(self, section: Section, zones: frozenset[Zone]) -> Iterator[tuple[int, str]]:
        blocks = self.document.blocks
        heads = self._passing(section.head, zones)
        starts = set(heads)
        for head in heads:
            detail = f'section "{clip(blocks[head].text, 60)}"'
            if not section.keep_head:
                yield head, detail
            level = blocks[head].level if blocks[head].kind is BlockKind.HEADING else 0
            left = section.max_lines
            hidden: list[int] = []  # marked once something visible follows
            for index in range(head + 1, len(blocks)):
                block = blocks[index]
                if block.hidden:
                    hidden.append(index)
                    continue
                # Another head begins a section of its own: together they reach as far, and each block is seen once.
                if not left or index in starts or block.zone is not blocks[head].zone:
                    break
                if level and block.kind is BlockKind.HEADING and block.level <= level:
                    break
                if section.each is not None and not self._passes(section.each, index):
                    break
                left -= 1
                for inside in (*hidden, index):
                    yield inside, detail
                hidden.clear()

    def _run(self, run: Run, zones: frozenset[Zone]) -> Iterator[tuple[int, str]]:
        blocks = self.document.blocks
        passing = self._passing(run.each, zones)
        start = 0
        for stop in range(1, len(passing) + 1):
            if stop < len(passing) and self._next_visible(passing[stop - 1]) == passing[stop]:
                continue
            if stop - start >= run.least:
                detail = f'run of {stop - start} from "{clip(blocks[passing[start]].text, 40)}"'
                for inside in range(passing[start], passing[stop - 1] + 1):
                    yield inside, detail
            start = stop

    def _pair(self, pair: Pair, zones: frozenset[Zone]) -> Iterator[tuple[int, str]]:
        blocks = self.document.blocks
        for first in self._passing(pair.first, zones):
            second = self._next_visible(first)
            if second is None or blocks[second].zone not in zones or not self._passes(pair.second, second):
                continue
            detail = f'pair "{clip(blocks[first].text, 40)}"'
            if pair.take == "both":
                for inside in range(first, second + 1):
                    yield inside, detail
            else:
                yield (first if pair.take == "first" else second), detail

    def _token_marks(self, layer: Layer, disabled: frozenset[str]) -> Iterator[Mark]:
        document = self.document
        for attribute in _NAMING if layer.tokens else ():
            spelt = document.bearers(attribute)
            hits = layer.by_name.hits({*"\n".join(spelt).lower().split()})
            for spelling, ordinals in spelt.items() if hits else ():
                names = spelling.lower().split()
                if hits.keys().isdisjoint(names):
                    continue
                for index in dict.fromkeys([index for name in names for index in hits.get(name, ())]):
                    rule, token = layer.tokens[index]
                    for ordinal in ordinals if rule.id not in disabled else ():
                        span = document.spans[document.elements[ordinal]]
                        if span[1] < span[2]:
                            yield from self._element_marks(rule, span, f"token {token}")

    def _selector_marks(
        self, rule: Rule, selector: Selector, elements: ElementIndex, disabled: frozenset[str]
    ) -> Sequence[Mark]:
        if not elements.may_hit(selector) or rule.id in disabled or not self._allowed(rule):
            return ()
        spans = self.document.spans
        found = (spans.get(node) for node in self._select(selector, rule.id, rule.where, elements))
        return [
            mark
            for span in found
            if span is not None and span[1] < span[2]
            for mark in self._element_marks(rule, span, str(selector))
        ]

    def _element_marks(self, rule: Rule, span: tuple[int, int, int], detail: str) -> Iterator[Mark]:
        zones = self._allowed(rule)
        ordinal, first, end = span
        if not zones or not self._narrowed(rule, first, end):
            return
        for start, stop in self._within(first, end, zones):
            value = {"v": self._text(start, stop)} if rule.action is Action.TO_META else {}
            yield Mark(rule, start, stop, ordinal, detail, value)

    def _narrowed(self, rule: Rule, first: int, end: int) -> bool:
        """Whether an element passes the `text` and `max_words` of a rule."""
        pieces = self.document.pieces
        if rule.max_words is not None:
            left = rule.max_words
            for piece in range(first, end):
                if piece not in self._piece_words:
                    self._piece_words[piece] = word_count(pieces[piece])
                left -= self._piece_words[piece]
                if left < 0:
                    return False
        if rule.text is None:
            return True
        if sum(map(len, pieces[first:end])) > _MAX_NARROWED:
            return False
        return rule.text.search(_plain(collapse(settle("".join(pieces[first:end]))))) is not None

    def _within(self, first: int, end: int, zones: frozenset[Zone]) -> Iterator[tuple[int, int]]:
        """Yield the parts of a range of pieces that lie in these zones."""
        if zones == _EVERYWHERE:
            yield first, end
            return
        for zone, start, stop in self._stretches:
            if zone in zones and start < end and first < stop:
                yield max(first, start), min(end, stop)

    @cached_property
    def _stretches(self) -> list[tuple[Zone, int, int]]:
        """The zones of the page as ranges of pieces, in order; neighbours of one zone are one."""
        stretches: list[tuple[Zone, int, int]] = []
        for block, (first, end) in zip(self.document.blocks, self.document.bounds, strict=True):
            if stretches and stretches[-1][0] is block.zone:
                stretches[-1] = (block.zone, stretches[-1][1], end)
            else:
                stretches.append((block.zone, first, end))
        return stretches

    # -- elements

    @cached_property
    def _elements(self) -> ElementIndex:
        return ElementIndex(self.document)

    def _select(
        self, selector: Selector, name: str, where: str | None, elements: ElementIndex | None = None
    ) -> list[Any]:
        """Return what a selector hits, in document order; a plain value of an XPath as a list of one."""
        if self.document.root is None:
            return []
        try:
            found = (elements or self._elements).select(selector)
        except (etree.XPathError, ExpensiveError) as error:
            self._note(name, f"{selector} failed on this page and was skipped: {error}", where)
            return []
        if not isinstance(found, list):
            return [found] if found else []
        if len(found) > _MAX_NODES:
            self._note(name, f"{selector} hits {len(found):,} elements: only {_MAX_NODES:,} count", where)
        return found[:_MAX_NODES]

    def _note(self, name: str, message: str, where: str | None) -> None:
        note = Note(name, message, where)
        if note not in self.document.notes:
            self.document.notes.append(note)

    def _blocks_of(self, first: int, end: int) -> range:
        """Return the blocks that have a piece in `first` up to `end`."""
        bounds = self.document.bounds
        low = bisect_right(bounds, first, key=lambda bound: bound[1])
        return range(low, bisect_left(bounds, end, low, key=lambda bound: bound[0]))

    def _text(self, first: int, end: int) -> str:
        """Return the text of a range of pieces, a line for each block."""
        lines = []
        for index in self._blocks_of(first, end):
            start, stop = self.document.bounds[index]
            if first <= start and stop <= end:
                lines.append(self.document.blocks[index].text)
            else:
                part = "".join(self.document.pieces[max(first, start) : min(end, stop)])
                lines.append(collapse(settle(part)))
        return "\n".join(line for line in lines if line)

    def _covered(self, first: int, end: int) -> Iterator[int]:
        """Yield the blocks that lie in `first` up to `end` with all their text."""
        pieces = self.document.pieces
        for index in self._blocks_of(first, end):
            start, stop = self.document.bounds[index]
            if not any(pieces[at].strip() for at in (*range(start, min(first, stop)), *range(max(end, start), stop))):
                yield index

    # -- body and metadata

    def region(self, bodies: Sequence[Body], disabled: frozenset[str]) -> Region | None:
        """Return the region of the first of `bodies` that hits; leave a note in the document for each that misses."""
        if self.document.root is None:
            return None
        spans = self.document.spans
        for body in sorted(bodies, key=lambda body: body.on_probation):
            if body.id in disabled or not self.pack_zones(body):
                continue
            for selector in body.selectors:
                hits = [spans[node] for node in self._select(selector, body.id, body.where) if node in spans]
                ranges = sorted({(first, end) for _, first, end in hits if first < end})
                if ranges and (not body.on_probation or self._holds_prose(ranges)):
                    return Region(body.id, body.where, str(selector), tuple(ranges))
            what = " that holds the text" if body.on_probation else ""
            self._note(body.id, f"[body] hits nothing on this page{what} and was ignored", body.where)
        return None

    def next_page(self, rules: Sequence[NextPage], disabled: frozenset[str]) -> str | None:
        """Return where the first link leads that `rules` hit, as it stands there; None where there is none."""
        for rule in rules:
            if rule.id in disabled or not self.pack_zones(rule):
                continue
            for selector in rule.selectors:
                for node in self._select(selector, rule.id, rule.where):
                    links = (node, *node.iterdescendants("a")) if node.get("href") is None else (node,)
                    target = next((href for link in links if (href := link.get("href"))), None)
                    if target is not None:
                        return str(target)
        return None

    def _holds_prose(self, ranges: Sequence[tuple[int, int]]) -> bool:
        """Whether most prose of the main run lies within `ranges`: nobody has looked at what an imported file does."""
        inside = total = 0
        for block, (first, end) in zip(self.document.blocks, self.document.bounds, strict=True):
            if block.zone is Zone.MAIN and is_prose(block):
                total += block.words
                inside += block.words * any(begin <= first and end <= stop for begin, stop in ranges)
        return 2 * inside >= total

    def declare(self, extractors: Sequence[Extractor], declared: Declared, disabled: frozenset[str]) -> None:
        """Add what `extractors` find to `declared`, in their order."""
        for extractor in extractors:
            zones = self.pack_zones(extractor) & extractor.zones
            if not zones or extractor.id in disabled:
                continue
            found: list[_Value]
            if extractor.values is not None:
                found = [({"v": value}, None) for value in extractor.values]
            elif extractor.selector is not None:
                found = list(self._element_values(extractor, extractor.selector, zones))
            else:
                found = list(self._line_values(extractor, zones))
            several = extractor.field in LIST_FIELDS
            found = found[: _MAX_VALUES if several else 1]
            if not found:
                continue
            raw = "; ".join(value["v"] for value, _ in found)
            value = _value(extractor, [groups for groups, _ in found])
            declared.add(extractor.field, value, Source(f"rule:{extractor.id}", raw, extractor.where))
            for _, span in found:
                if span is None:
                    continue
                for index in self._covered(*span):
                    if self.document.blocks[index].zone is not Zone.MAIN:
                        declared.blocks.setdefault(index, (extractor.field, extractor.id))

    def _element_values(self, extractor: Extractor, selector: Selector, zones: frozenset[Zone]) -> Iterator[_Value]:
        for node in self._select(selector, extractor.id, extractor.where):
            span = None
            if not etree.iselement(node):
                text = str(node)
            else:
                place = self.document.spans.get(node)
                if place is not None and place[1] < place[2]:
                    span = place[1:]
                    if not any(self._within(*span, zones)):
                        continue
                if extractor.attr is not None:
                    text = node.get(extractor.attr) or ""
                else:
                    text = self._text(*span) if span else "".join(map(str, node.itertext()))
            text = collapse(settle(text[:_MAX_NARROWED]))
            value = {"v": text} if extractor.saying is None else _groups(extractor.saying, text)
            if value and value["v"]:
                yield value, span

    def _line_values(self, extractor: Extractor, zones: frozenset[Zone]) -> Iterator[_Value]:
        assert extractor.saying is not None
        for index in self.heard.get(extractor.saying, _SILENCE):
            block = self.document.blocks[index]
            value = _groups(extractor.saying, block.text) if block.zone in zones else None
            if value and value["v"]:
                yield value, self.document.bounds[index]


def _plain(text: str) -> str:
    """Return settled `text` as patterns see it: NFKC, one kind of white space, case as it is."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return collapse(text) if "\n" in text or "  " in text else text


def _groups(saying: Saying, text: str) -> dict[str, str] | None:
    """Return the value that the first matching line of `saying` finds in `text`, None where none matches."""
    text = collapse(text)
    # As printed where that matches; only else as compared, which has other characters.
    for form in dict.fromkeys((text, _plain(text))):
        for pattern in saying.lines:
            match = pattern.fullmatch(form)
            if match is not None:
                found = {name: part.strip() for name, part in match.groupdict().items() if part and part.strip()}
                return {"v": text, **found}
    return None


def _value(extractor: Extractor, values: list[dict[str, str]]) -> Any:
    """Return the values of one field as metadata has it."""
    if extractor.field == "captions":
        return [Caption(value["v"], value.get("credit")) for value in values]
    texts = [value["v"] for value in values]
    if extractor.field not in LIST_FIELDS:
        return texts[0]
    if extractor.split:
        texts = [part for text in texts for part in _JOINTS.split(text)]
    return list(dict.fromkeys(text for part in texts if (text := part.strip())))
