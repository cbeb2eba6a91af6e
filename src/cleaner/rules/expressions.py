"""The small languages inside a rule file, checked and compiled: RE2 patterns, globs, CSS selectors, XPath expressions.

What an engine finds late, or never, is checked here: a rule that cannot work is a fault when its file is read, not a
silence on a page. Every function raises :class:`ValueError` with a reason for people.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as _field
from functools import cache, cached_property
from itertools import chain
from typing import Any, cast
from urllib.parse import unquote

import re2
from cssselect import parser as css_parser
from cssselect.parser import SelectorSyntaxError
from cssselect.xpath import ExpressionError
from lxml import etree
from lxml.cssselect import CSSSelector

from cleaner.model import Document
from cleaner.rules.costs import Extent, Shape, shape_of

__all__ = [
    "Compound",
    "ElementIndex",
    "ExpensiveError",
    "PatternSet",
    "Selector",
    "SelectorIndex",
    "TokenIndex",
    "compile_css",
    "compile_glob",
    "compile_pattern",
    "compile_xpath",
    "did_you_mean",
]

# Bounds: far above what people write, low enough that no file stalls a run.
_MAX_LENGTH = 2_000  # characters of one expression
_MAX_PROGRAM = 20_000  # instructions of one compiled pattern
_MAX_AUTOMATON = 100_000  # instructions of those that are matched as one automaton
_AUTOMATON_MEMORY = 64 << 20  # bytes, taken as texts need them: hundreds of states of the largest automaton
_MAX_SECONDS = 3.0  # of one expression on one page, by estimate
_MAX_SECONDS_OF_ALL = 20.0  # of all of them
_MAX_PROBE_SECONDS = 0.02  # on twelve elements: what takes longer there ends on no page
_CRUDE = 3e-11  # seconds for each element to the power of the walks and one, at most
_CRUDE_SECONDS = 2.0  # that are spent by this measure before a closer one is taken, which takes time itself


class ExpensiveError(Exception):
    """A selector would take too long on a page."""


@dataclass(frozen=True, slots=True)
class Compound:
    """What an element that a CSS selector hits, or one above or beside it, has to have."""

    tags: frozenset[str]
    attributes: tuple[tuple[str, str, str], ...]
    """(name, operator, value); the operator is one of CSS, or "" for mere existence."""
    whole: bool
    """Whether that is all the selector says, of one element."""


@dataclass(frozen=True, slots=True, eq=False)
class Selector:
    """A compiled CSS selector or XPath expression."""

    key: str
    """`css` or `xpath`."""
    text: str
    evaluate: Any
    """Compiled by lxml: root element -> elements."""
    compounds: tuple[Compound, ...] = ()
    """One of these has to be found for a hit; empty where that is not known."""
    narrows: Any = None
    """Compiled by lxml: tells whether one element that has the compound is hit."""
    shape: Shape = _field(default_factory=Shape, repr=False)
    """What it may cost."""

    def __str__(self) -> str:
        return f"{self.key} {self.text}"


class ElementIndex:
    """The elements of one page, asked by many selectors.

    Most selectors of rule files name one element by its tag, class, id or another attribute, and hit nothing on most
    pages. The values of one attribute as one string tell that at once: an expression is evaluated only where the value
    that it needs is on the page at all.
    """

    def __init__(self, document: Document, *, unread: bool = True) -> None:
        """Index a document; without its `unread` elements, where only those with an ordinal count."""
        self.document = document
        self.root = document.root
        self._others = document.unread if unread else []
        self._values: dict[str, str] = {}
        self._seconds_left = _MAX_SECONDS_OF_ALL
        self._crude_left = _CRUDE_SECONDS

    @cached_property
    def _unread(self) -> dict[str, list[tuple[str, Any]]]:
        """Attribute -> its values, each with the element that has it, of the elements without an ordinal."""
        bearers: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
        for element in self._others:
            for name, value in element.items():
                bearers[name].append((value, element))
        return dict(bearers)

    def select(self, selector: Selector) -> Any:
        """Return what `selector` hits, in document order; the plain value of an XPath expression that has one.

        Raises :class:`lxml.etree.XPathError` where libxml2 gives up, :class:`ExpensiveError` where it would take long.
        """
        possible = [compound for compound in selector.compounds if self._is_possible(compound)]
        if selector.compounds and not possible:
            return []
        if not (len(possible) == 1 and possible[0].whole):
            self._spend(selector)
        if len(possible) != 1 or not (possible[0].whole or selector.narrows):
            return selector.evaluate(self.root)
        found = self._find(possible[0])
        if len(found) > 1 and not all(element in self.document.spans for element in found):
            return selector.evaluate(self.root)  # elements without an ordinal come last here
        return list(filter(selector.narrows, found)) if selector.narrows else found

    def _spend(self, selector: Selector) -> None:
        """Raise :class:`ExpensiveError` where a selector may take too long here, or all so far did."""
        elements = len(self.document.elements) + len(self.document.unread)
        crude = elements ** (selector.shape.walks + 1) * _CRUDE if selector.shape.walks < 9 else _MAX_SECONDS
        if crude <= self._crude_left:
            self._crude_left -= crude
            return
        left = min(_MAX_SECONDS, self._seconds_left)
        seconds = selector.shape.seconds(self._extent)
        if seconds > left:
            seconds = selector.shape.seconds(self._extent, closely=True)
        if left < seconds <= _MAX_SECONDS:
            raise ExpensiveError("the selectors before it may have taken all the time that a page has")
        if seconds > left:
            raise ExpensiveError(f"it may take {_about(seconds)} among {elements:,} elements")
        self._seconds_left -= seconds

    @cached_property
    def _extent(self) -> Extent:
        document = self.document
        depths = [0] * len(document.parents)
        for ordinal, parent in enumerate(document.parents[1:], 1):
            depths[ordinal] = depths[parent] + 1
        children = Counter([*document.parents[1:], *(id(element.getparent()) for element in document.unread)])
        return Extent(
            elements=len(document.elements) + len(document.unread),
            depth=max(depths, default=0) + 8,  # those without an ordinal lie in the head, or are scripts
            mean_depth=sum(depths) / max(len(depths), 1) + 8,
            width=max(children.values(), default=1),
            characters=sum(map(len, document.pieces)),
            tagged=lambda tag: len(document.tagged(tag)),
            count=cache(lambda source: cast("float", etree.XPath(source, regexp=False)(document.root))),
        )

    def values(self, name: str) -> str:
        """Return all values of one attribute as one string; empty where nothing on the page has it."""
        values = self._values.get(name)
        if values is None:
            both = chain(self.document.bearers(name), [value for value, _ in self._unread.get(name, ())])
            # With a line end before each: a name that nothing has is told from one without a value.
            values = self._values[name] = "".join([f"\n{value}" for value in both])
        return values

    def may_hit(self, selector: Selector) -> bool:
        """Whether `selector` can hit anything, as far as that is quickly told."""
        return not selector.compounds or any(map(self._is_possible, selector.compounds))

    def _is_possible(self, compound: Compound) -> bool:
        for name, operator, value in compound.attributes:
            values = self.values(name)
            if not values or (operator and value not in values):
                return False
        return all(self.document.tagged(tag) for tag in compound.tags)

    def _find(self, compound: Compound) -> list[Any]:
        tag = next(iter(compound.tags), None)
        if not compound.attributes:
            return self.document.tagged(tag) if tag else []
        (name, operator, wanted), *others = compound.attributes
        ordinals = [
            ordinal
            for value, bearers in self.document.bearers(name).items()
            if wanted in value and _compares(value, operator, wanted)  # what "in" says holds for every operator
            for ordinal in bearers
        ]
        found = [self.document.elements[ordinal] for ordinal in sorted(ordinals)]
        found += [element for value, element in self._unread.get(name, ()) if _compares(value, operator, wanted)]
        return [
            element
            for element in found
            if (tag is None or element.tag == tag)
            and all(_compares(element.get(name), operator, wanted) for name, operator, wanted in others)
        ]


class SelectorIndex:
    """Many selectors, asked which of them can hit anything on one page.

    Each is filed under one thing that whatever it hits has to have: a class, an id, another attribute, a tag. The page
    says what it has, so 16,000 selectors of which it has nothing cost next to nothing.
    """

    def __init__(self, selectors: Sequence[Selector]) -> None:
        self._unfiled: list[int] = []
        self._exact: defaultdict[tuple[str, str], defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        """(attribute, `=` or `~=`) -> value -> selectors."""
        self._named: defaultdict[str, list[int]] = defaultdict(list)
        """Attribute of whatever value -> selectors."""
        self._tags: defaultdict[str, list[int]] = defaultdict(list)
        parts: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for index, selector in enumerate(selectors):
            if not selector.compounds:
                self._unfiled.append(index)
            for compound in selector.compounds:
                if not compound.attributes:
                    self._tags[next(iter(compound.tags))].append(index)
                    continue
                name, operator, value = min(compound.attributes, key=_rarity)
                if operator == "~=" or (operator == "=" and "\n" not in value):
                    self._exact[name, operator][value].append(index)
                elif operator:
                    start = "\n" if operator in ("^=", "|=") else ""
                    part = f"{start}{value}" + ("\n" if operator == "$=" else "")
                    parts[name].append((part, index))
                else:
                    self._named[name].append(index)
        self._parts = {name: _PartSet(found) for name, found in parts.items()}
        """Attribute -> what its values have to contain; a line end stands for the edge of a value."""
        compounds = [compound for selector in selectors for compound in selector.compounds]
        self.asks_unread = any(compound.attributes and not compound.whole for compound in compounds)
        """Whether what an element has that holds no text may count: the other selectors are of one element each."""

    def possible(self, elements: ElementIndex) -> list[int]:
        """Return the selectors that may hit something, in their order."""
        found = set(self._unfiled)
        for (name, operator), filed in self._exact.items():
            values = elements.values(name).split(None if operator == "~=" else "\n")
            for value in filed.keys() & values:
                found.update(filed[value])
        for name, parts in self._parts.items():
            if text := elements.values(name):
                found.update(parts.within(f"{text}\n"))
        for name, indices in self._named.items():
            if elements.values(name):
                found.update(indices)
        for tag, indices in self._tags.items():
            if elements.document.tagged(tag):
                found.update(indices)
        return sorted(found)


class TokenIndex:
    """Many class names or ids of rules, in part perhaps (`share-*`, `*-ad`), asked which of a page's they are."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._whole: defaultdict[str, list[int]] = defaultdict(list)
        self._starts: list[tuple[str, int]] = []
        self._others: list[tuple[Callable[[str, str], bool], str, int]] = []
        for index, token in enumerate(tokens):
            part = token.strip("*")
            if "*" not in token:
                self._whole[part].append(index)
            elif token[0] != "*":
                self._starts.append((part, index))
            else:
                self._others.append((str.endswith if token[-1] != "*" else str.__contains__, part, index))

    def hits(self, names: Collection[str]) -> dict[str, list[int]]:
        """Return those of a page's names, each given once, that tokens hit, with the tokens: whole ones first."""
        hits = {name: list(self._whole[name]) for name in self._whole.keys() & names}
        ordered = sorted(names)
        for part, index in self._starts:
            at = bisect_left(ordered, part)
            while at < len(ordered) and ordered[at].startswith(part):
                hits.setdefault(ordered[at], []).append(index)
                at += 1
        for fits, part, index in self._others:
            for name in ordered:
                if fits(name, part):
                    hits.setdefault(name, []).append(index)
        return hits


class _PartSet:
    """Many strings, looked for in one text at once."""

    def __init__(self, parts: Sequence[tuple[str, int]]) -> None:
        self._sets: list[tuple[Any, list[int]]] = []
        options = _options()
        options.case_sensitive = options.literal = True
        options.max_mem = _AUTOMATON_MEMORY
        left = 0
        for part, index in parts:
            left -= len(part.encode())
            if left < 0:
                left = _MAX_AUTOMATON
                self._sets.append((re2.Set.SearchSet(options), []))
            self._sets[-1][0].Add(part)
            self._sets[-1][1].append(index)
        for automaton, _ in self._sets:
            automaton.Compile()

    def within(self, text: str) -> Iterator[int]:
        """Yield the numbers of the strings that `text` contains."""
        for automaton, indices in self._sets:
            yield from (indices[at] for at in automaton.Match(text) or ())


def _about(seconds: float) -> str:
    return f"{seconds:,.0f} seconds" if seconds < 3600 else "hours" if seconds < 86400 else "days"


def _rarity(condition: tuple[str, str, str]) -> tuple[int, int]:
    """Sort what tells most of whether a selector hits, and is looked up fastest, first."""
    name, operator, value = condition
    return (0 if name == "id" else 1) if operator in ("=", "~=") else 2 if operator else 3, -len(value)


def _compares(value: str | None, operator: str, wanted: str) -> bool:
    """Whether an attribute's value passes a condition of CSS."""
    if value is None:
        return False
    match operator:
        case "":
            return True
        case "=":
            return value == wanted
        case "~=":
            return wanted in value.split()
        case "|=":
            return value == wanted or value.startswith(wanted + "-")
        case "^=":
            return value.startswith(wanted)
        case "$=":
            return value.endswith(wanted)
        case _:
            return wanted in value


def did_you_mean(word: str, options: Iterable[str]) -> str | None:
    """Return advice for a `word` that is none of `options`: the nearest of them, else all if they are few."""
    known = sorted(options)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return "one of: " + " ".join(known) if 0 < len(known) <= 30 else None


class PatternSet:
    """Many patterns of rule files, asked of one text at once.

    RE2's filter looks for the literals of all patterns in one go, then tries the patterns whose literals are there.
    Those without a literal it would try on every text, one by one: they are one automaton instead. (All patterns as one
    automaton are ten times slower: its states are too many to keep.)
    """

    def __init__(self, patterns: Sequence[Any]) -> None:
        everything = range(len(patterns))
        self._filter = _filter(patterns)
        self._filtered: Sequence[int] = everything
        self._automaton: Any = None
        self._loose = (self._filter.Match("", potential=True) or []) if patterns else []
        if self._loose and sum(patterns[index].programsize for index in self._loose) <= _MAX_AUTOMATON:
            options = _options()
            options.max_mem = _AUTOMATON_MEMORY
            self._automaton = re2.Set.FullMatchSet(options)
            for index in self._loose:
                self._automaton.Add(patterns[index].pattern)
            self._automaton.Compile()
            self._filtered = sorted({*everything} - {*self._loose})
            self._filter = _filter([patterns[index] for index in self._filtered])

    def matching(self, text: str) -> list[int]:
        """Return which patterns match `text` from end to end, in order."""
        found = [self._filtered[index] for index in self._filter.Match(text) or ()] if self._filtered else []
        if self._automaton is not None:
            found += [self._loose[index] for index in self._automaton.Match(text) or ()]
            found.sort()
        return found


def _filter(patterns: Sequence[Any]) -> Any:
    merged = re2.Filter()
    for pattern in patterns:
        merged.Add(rf"\A(?:{pattern.pattern})\z", _options())
    if patterns:
        merged.Compile()
    return merged


def _options() -> Any:
    """Return the RE2 options of every pattern in a rule file."""
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False  # RE2 writes to the process's stderr otherwise
    return options


def compile_pattern(source: str) -> Any:
    """Compile an RE2 pattern that is matched against NFKC text in any case.

    Raises :class:`ValueError` with a reason for people.
    """
    _check_length(source)
    # Text is NFKC, so a literal of the pattern has to be as well. A character that becomes an operator there (a
    # full-width question mark) stays the literal it was.
    wanted = "".join(
        char if (plain := unicodedata.normalize("NFKC", char)) == char else re2.escape(plain)
        for char in unicodedata.normalize("NFC", source)
    )
    try:
        pattern = re2.compile(wanted, _options())
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
    if pattern.programsize > _MAX_PROGRAM:
        raise ValueError(
            "a pattern that compiles to too large a program: a repetition counts as often as it may occur, and "
            r"classes of Unicode (\pL) count dozens each time; write . or \S in place of these, or lower the bounds"
        )
    return pattern


def _check_length(source: str) -> None:
    if len(source) > _MAX_LENGTH:
        raise ValueError(f"{len(source):,} characters long: at most {_MAX_LENGTH:,}")


def compile_glob(glob: str) -> Any:
    """Compile a glob over URL paths: `*` any characters, `?` one. Raises :class:`ValueError`."""
    _check_length(glob)
    options = _options()
    options.case_sensitive = True
    return re2.compile("".join({"*": ".*", "?": "."}.get(char) or re2.escape(char) for char in unquote(glob)), options)


# What selectors are tried on when they are loaded: unknown functions and prefixes show only when one is evaluated.
_PROBE = etree.HTML(
    "<html><head><title>t</title><meta name=a content=b></head><body><div id=a class='a b'><p>x <a href=y>z</a></p>"
    "<ul><li>x</li></ul></div></body></html>"
)
_PROBE_EXTENT = Extent(12, 6, 3.0, 2, 5, lambda _: 4, lambda _: 12.0)
_CONDITIONS = {"exists": "", "=": "=", "~=": "~=", "|=": "|=", "^=": "^=", "$=": "$=", "*=": "*="}
_DEAD_PSEUDOS = frozenset({"hover", "visited", "focus", "active", "target"})
_HAS_CHILD = re.compile(r":has\(\s*>")  # read wrongly by cssselect up to 1.3, which is what some machines have
_SCRIPT_ONLY = re.compile(r":(?:has-text|-abp-contains|contains|upward|xpath|remove|style|matches-css|matches-path)\b")


def compile_css(source: str, *, probation: bool, use: str) -> Selector:  # noqa: ARG001 (one shape with compile_xpath)
    """Compile a CSS selector. Raises :class:`ValueError`."""
    if match := _SCRIPT_ONLY.search(source):
        known = {":has-text": "`text`", ":-abp-contains": "`text`", ":contains": "`text`", ":xpath": "`xpath`"}
        instead = known.get(match.group(), "a rule of another kind")
        raise ValueError(f"{match.group()}() is no CSS: use {instead}")
    if _HAS_CHILD.search(source):
        raise ValueError(":has(> …) is not supported: write an xpath, //div[p] for div:has(> p)")
    _check_length(source)
    compounds: list[Compound] = []
    try:
        evaluate = CSSSelector(source, translator="html")
        shape = _shape(evaluate.path)
        evaluate(_PROBE)
        for tree in css_parser.parse(source):
            tags: set[str] = set()
            attributes: list[tuple[str, str, str]] = []
            whole = _read_compound(tree.parsed_tree, tags, attributes)
            compounds.append(Compound(frozenset(tags), tuple(attributes), whole))
    except (SelectorSyntaxError, ExpressionError, etree.XPathError) as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    indexed = all(compound.tags or compound.attributes for compound in compounds)
    return Selector("css", source, evaluate, tuple(compounds) if indexed else (), shape=shape)


def _read_compound(tree: Any, tags: set[str], attributes: list[tuple[str, str, str]]) -> bool:
    """Collect what a parsed selector needs of elements; return whether that is all it says, and of one element.

    Raises :class:`ValueError` for what cssselect reads wrongly and for what never holds.
    """
    whole = True
    match tree:
        case css_parser.Matching() | css_parser.SpecificityAdjustment():
            raise ValueError(":is() and :where() are not supported: write the selectors out")
        case css_parser.Pseudo() if tree.ident in _DEAD_PSEUDOS:
            raise ValueError(f":{tree.ident} never holds on a saved page")
        case css_parser.Element():
            if tree.element:
                tags.add(tree.element.lower())
            return tree.namespace is None
        case css_parser.Class():
            attributes.append(("class", "~=", tree.class_name))
        case css_parser.Hash():
            attributes.append(("id", "=", tree.id))
        case css_parser.Attrib() if tree.namespace is None and tree.operator in _CONDITIONS:
            value = (tree.value.value if tree.value is not None else None) or ""
            operator = _CONDITIONS[tree.operator]
            if operator and (not value or (operator == "~=" and len(value.split()) != 1)):
                return _read_compound(tree.selector, tags, attributes) and False
            attributes.append((tree.attrib.lower(), operator, value))
        case css_parser.CombinedSelector():
            _read_compound(tree.subselector, tags, attributes)
            whole = False
        case _:
            whole = False
    return _read_compound(tree.selector, tags, attributes) and whole


# XPath 1.0 core functions with their arities. libxml2 checks them only where a step has something to filter, so a
# probe document cannot find them all.
_FUNCTIONS = {
    **dict.fromkeys(("true", "false", "last", "position"), (0, 0)),
    **dict.fromkeys(("string", "normalize-space", "string-length", "number", "name", "local-name"), (0, 1)),
    **dict.fromkeys(("not", "boolean", "count", "sum", "floor", "ceiling", "round", "id", "lang"), (1, 1)),
    **dict.fromkeys(("contains", "starts-with", "substring-before", "substring-after"), (2, 2)),
    "namespace-uri": (0, 1),
    "concat": (2, 100),
    "substring": (2, 3),
    "translate": (3, 3),
}
_NODE_TESTS = frozenset({"text", "node", "comment", "processing-instruction"})
# Imported expressions were written for other programs, and there are many: none may walk the tree both ways.
_PROBATION_AXES = frozenset(
    {"child", "descendant", "descendant-or-self", "self", "parent", "attribute", "following-sibling"}
)
_AXES = _PROBATION_AXES | {"ancestor", "ancestor-or-self", "following", "namespace", "preceding", "preceding-sibling"}
_PROBATION_FUNCTIONS = frozenset(_FUNCTIONS) - {"id", "lang", "sum", "namespace-uri"}
_PROBATION_DESCENTS = 5
# Names that nobody means as elements: `//div[class='x']` compiles and never holds.
_ATTRIBUTES = frozenset({"class", "id", "href", "src", "rel", "itemprop", "itemtype", "role", "alt"})
_OPERATORS = frozenset({"and", "or", "div", "mod", "*"})
_XPATH_TOKEN = re.compile(
    r"""\s*("[^"]*"|'[^']*'|\d+(?:\.\d*)?|\.\d+"""  # literals
    r"""|\.\.|::|//|!=|<=|>=|[][()@,/|+=<>*.$-]"""  # signs
    r"""|[^\W\d][\w.-]*(?::(?!:)(?:\*|[^\W\d][\w.-]*))?)"""  # names
)


def compile_xpath(source: str, *, probation: bool, use: str) -> Selector:
    """Compile an XPath expression for `use`: `elements`, `values` or a `test`. Raises :class:`ValueError`."""
    _check_length(source)
    try:
        evaluate = etree.XPath(source, regexp=False, smart_strings=False)
        shape = _shape(source)
        found = evaluate(_PROBE)
    except etree.XPathError as error:
        _check_xpath(source, probation=probation, use=use)  # says more, where it finds the cause
        raise ValueError(str(error)) from None
    _check_xpath(source, probation=probation, use=use)
    if use == "elements" and not isinstance(found, list):
        raise ValueError("selects no elements: its result is a string, a number or a truth value")
    tag = _only_step(source) if use == "elements" else None
    if tag is None:
        return Selector("xpath", source, evaluate, shape=shape)
    narrowing = source.strip().removeprefix("//").strip().removeprefix(tag).strip()
    # A predicate that is one call of not() asks for no position: it can be asked of one element.
    narrows = etree.XPath(f"boolean(self::*{narrowing})", regexp=False) if _is_negation(narrowing) else None
    return Selector("xpath", source, evaluate, (Compound(frozenset({tag}), (), not narrowing),), narrows, shape)


def _shape(source: str) -> Shape:
    """Return what an expression may cost. Raises :class:`ValueError` where that is too much on any page."""
    shape = shape_of(_xpath_tokens(source))
    if shape.seconds(_PROBE_EXTENT) > _MAX_PROBE_SECONDS:
        raise ValueError("it goes through the page within going through the page, too often to end")
    return shape


def _is_negation(predicate: str) -> bool:
    """Whether a predicate of XPath is `[not(…)]` and nothing else."""
    parts = _xpath_tokens(predicate)
    if parts[:3] != ["[", "not", "("] or parts[-2:] != [")", "]"]:
        return False
    depth = 0
    for part in parts[2:-2]:
        depth += (part == "(") - (part == ")")
        if depth == 0:
            return False
    return True


def _only_step(source: str) -> str | None:
    """Return the tag of an expression that is one step, `//tag` with what narrows it; None for any other."""
    start, tag, *rest = [*_xpath_tokens(source), "", ""]
    depth = 0
    for part in rest:
        depth += (part == "[") - (part == "]")
        if depth == 0 and part not in ("]", ""):
            return None
    return tag if start == "//" and _is_name(tag) and ":" not in tag and tag.islower() else None


def _check_xpath(source: str, *, probation: bool, use: str) -> None:
    """Check what libxml2 finds late or never: functions, arities, axes, element names that are attributes."""
    parts = _xpath_tokens(source)
    calls: list[tuple[str, int, int]] = []  # open brackets: function, commas so far, index of the part after
    operand = False  # whether an operand ended just before: then a name or a star is an operator
    step = 0  # where the last step outside of brackets begins
    for index, part in enumerate(parts):
        before = parts[index - 1] if index else ""
        after = parts[index + 1] if index + 1 < len(parts) else ""
        operator = operand and part in _OPERATORS
        if part in ("/", "//", "|") and not calls:
            step = index + 1
        elif part in ("(", "["):
            calls.append((before if part == "(" and not operand else "", 0, index + 1))
        elif part == "," and calls:
            calls[-1] = (calls[-1][0], calls[-1][1] + 1, calls[-1][2])
        elif part in (")", "]") and calls:
            name, commas, first = calls.pop()
            _check_call(name, 0 if first == index else commas + 1)
        elif not operator and _is_name(part):
            _check_name(part, before, after, probation=probation)
        operand = not operator and (
            part in (")", "]", ".", "..", "*")
            or part[0] in "\"'"
            or part[0].isdigit()
            or (_is_name(part) and after not in ("(", "::"))
        )
    if probation and parts.count("//") > _PROBATION_DESCENTS:
        raise ValueError(f"more than {_PROBATION_DESCENTS} times //, in a file on probation")
    last = parts[step : step + 2]
    if use == "elements" and (last[:1] == ["@"] or last in (["attribute", "::"], ["text", "("])):
        raise ValueError("selects attributes or text: a rule marks elements")


def _xpath_tokens(source: str) -> list[str]:
    tokens = []
    at = 0
    source = source.rstrip()
    while at < len(source):
        match = _XPATH_TOKEN.match(source, at)
        if match is None:
            raise ValueError(f"cannot be read from {source[at : at + 20]!r} on")
        tokens.append(match.group(1))
        at = match.end()
    return tokens


def _is_name(token: str) -> bool:
    return bool(token) and (token[0].isalpha() or token[0] == "_")


def _check_call(name: str, arguments: int) -> None:
    if name in _FUNCTIONS:
        least, most = _FUNCTIONS[name]
        if not least <= arguments <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise ValueError(f"{name}() takes {wanted} arguments, not {arguments}")


def _check_name(token: str, before: str, after: str, *, probation: bool) -> None:
    if after == "::":
        if token not in _AXES:
            raise ValueError(f'unknown axis "{token}" ({did_you_mean(token, _AXES)})')
        if probation and token not in _PROBATION_AXES:
            raise ValueError(f'the axis "{token}" is not for files on probation')
    elif after == "(":
        if token not in _FUNCTIONS and token not in _NODE_TESTS:
            raise ValueError(f"XPath 1.0 has no function {token}() ({did_you_mean(token, _FUNCTIONS)})")
        if probation and token not in _PROBATION_FUNCTIONS and token not in _NODE_TESTS:
            raise ValueError(f"{token}() is not for files on probation")
    elif token in _ATTRIBUTES and before not in ("@", "::", "$"):
        raise ValueError(f'"{token}" is an attribute: write @{token}')
