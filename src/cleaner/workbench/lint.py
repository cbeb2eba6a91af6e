"""Static lint: what a rule file says without a fault, and yet hardly as meant.

A fault (:mod:`cleaner.rules.language`) keeps a file from being used. A finding is about a file that works: a selector
that no page can have, a pattern that any paragraph passes, a rule that nothing tests. Findings are told from the file
alone, without a page; what rules do on pages is for `cleaner rules test` and `cleaner diff`.

Selectors, tokens and patterns are judged by themselves (:func:`css_smells` and its neighbours), once for each text;
:func:`lint` asks for those of a file, and looks at what lies between its parts.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple

from cssselect import parser as css_parser
from lxml.html import defs

from cleaner.model import Zone
from cleaner.rules.expressions import compile_pattern, did_you_mean
from cleaner.rules.language import Action, Rule, RuleFile, Tier, When, Written
from cleaner.rules.places import KeyPath
from cleaner.text import clip, collapse, fold, fold_phrase, word_count

__all__ = [
    "CHECKS",
    "Context",
    "Finding",
    "Fix",
    "css_smells",
    "lint",
    "pattern_smells",
    "token_smells",
    "xpath_smells",
]

CHECKS: Final = {
    "never-matches": "no page and no dump can have what is asked for",
    "always-matches": "a condition that everything passes",
    "over-broad": "hits running text wherever it stands",
    "catch-all": "a pattern that any line of prose matches",
    "loose-pattern": "a pattern that hits a whole paragraph for a few words in it",
    "loose-substring": "a part of a name so short that other names hold it",
    "short-phrase": "a phrase that is one short word",
    "exact-class": "compares a whole class attribute: order and company of its names count",
    "hashed-name": "a class or id that a build or a single page makes up",
    "positional": "counts elements",
    "absolute": "a path from the top of the page",
    "redundant-anchor": "`^` or `$` in a pattern that is matched from end to end anyway",
    "no-guard": "a share so high that the guard never speaks",
    "duplicate": "said twice in one file",
    "duplicate-of-pack": "a pack that holds anyway says the same",
    "untested": "a rule of a site that no test sees fire",
    "unused-phrases": "a phrase set that no rule names",
    "expired": "a date that all tests of the file lie behind",
    "common-recognise": "a line that many sites print does not tell whose page it is",
}
"""The checks by their ids, each with what it finds."""

_ALLOW = re.compile(r"#\s*allow:\s*([a-z-]+(?:\s*,\s*[a-z-]+)*)")

# --- what selectors are judged by

_TAGS = frozenset(defs.tags) | frozenset(
    "body dialog font frame frameset head html image main math menuitem nobr noembed picture search slot svg template "
    "g path text tspan use".split()
)
_PROSE_TAGS = frozenset(
    "a article b blockquote body center dd div dl dt em font h1 h2 h3 h4 h5 h6 html i li main ol p pre section span "
    "strong table tbody td tr ul *".split()
)
"""Tags that hold running text on any page."""
_TEXTLESS_TAGS = frozenset(
    "area base br col embed frame head hr iframe img input link meta noembed param picture script source style "
    "template title track wbr".split()
)
"""Tags whose elements are in no block: a rule on one marks nothing."""
_BODY_NAMES = frozenset(
    "article article-body article-content article-text article__body article__content articlebody content "
    "content-area entry entry-content hentry main-content page-content post post-body post-content story story-body "
    "story-content td-post-content".split()
)
"""Classes and ids that systems give to the article itself."""
_BARE_ATTRIBUTES = frozenset({"class", "id", "style", "href", "dir", "lang"})
"""Attributes that so many elements have that having one says nothing."""
_SHORT_NAME = 4
"""Letters: a shorter part of a name is part of many names."""
_LONG_PATH = 4
"""Steps `>` between bare tags: more of them describe a place, not a thing."""
_HASHED = re.compile(
    r"(?:css|emotion)-(?=[a-z]*\d)[a-z0-9]{5,}"
    r"|sc-(?=\w*[A-Z0-9])[A-Za-z0-9]{5,}(?:-\d+)?"
    r"|jsx-\d{3,}|jss\d+|svelte-(?=[a-z]*\d)[a-z0-9]{5,}|ember\d+|yui_\w+"
    r"|\w+-\w+-\d{2,}-\d+|[A-Za-z][\w-]*__(?![A-Za-z]?[a-z]*-?\d*$)(?=[A-Za-z]*\d|[a-z]+[A-Z]+[a-z]+[A-Z])[A-Za-z0-9-]{5,6}"
    r"|_\w+_(?=[a-z]*\d)[a-z0-9]{5}_\d+|elementor-element-(?=[a-f]*\d)[a-f0-9]{6,8}"
)
_OF_ONE_PAGE = re.compile(r"(?:post|postid|page|page-id|comment|attachment|wp-image|node|story|article)[-_]\d{3,}")
_CLASS_NAME = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_CSS_EXACT = re.compile(r"""\[\s*class\s*=\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*\]""", re.IGNORECASE)
_XPATH_EXACT = re.compile(r"""@class\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_XPATH_PART = re.compile(r"""\b(contains|starts-with)\s*\(\s*@(class|id)\s*,\s*(?:"([^"]*)"|'([^']*)')\s*\)""")
_XPATH_SWAPPED = re.compile(r"""\b(?:contains|starts-with)\s*\(\s*(?:"[^"]*"|'[^']*')\s*,\s*(?=[@.])""")
_XPATH_EMPTY = re.compile(r"""\b(?:contains|starts-with)\s*\([^,()]*(?:\([^()]*\))?[^,()]*,\s*(?:""|'')\s*\)""")
_XPATH_BARE_TEXT = re.compile(r"(?:\[|\bor\b|\band\b)\s*''\s*(?=\]|\bor\b|\band\b)")
_XPATH_NAME = re.compile(r"(?:^|/|::|\[|\||\()\s*([A-Za-z][\w.-]*)(?!\s*\(|[\w.-]|\s*:)")
_XPATH_COMPARED = re.compile(r"(?:\[|\bor\b|\band\b)\s*([a-z][\w-]*)\s*!?=\s*''")
_XPATH_PLACE = re.compile(r"\[\s*(?:[2-9]|[1-9]\d+)\s*\]|\bposition\s*\(")
_XPATH_SAYS_NOTHING = re.compile(r"\[\s*(?:@(?:class|id|style|href|dir|lang)|text\(\)|\.|true\(\)|1\s*=\s*1)\s*\]")
_XPATH_BARE_PATH = re.compile(r"\(?(?:\.?//?(?:(?:child|descendant|descendant-or-self)::)?(?:[a-z][a-z0-9]*|\*))+\)?")

# --- what patterns and phrases are judged by

# Prose in several languages that has next to no word in common: what matches two of these matches prose.
_PROBES: Final = (
    "Nobody had expected that so many boats would come back before dusk, harbour officials said.",
    "In 1998 around 40 families lived on this island; now 3,000 people do.",
    "Der Bäcker öffnet seinen Laden, wenn andere noch schlafen.",
    "« Nous reviendrons demain », a promis la capitaine.",
    "Más tarde llegaron tres músicos con guitarras viejas.",
    "Она вернулась домой поздно вечером.",
    "A quiet summer",
    "Neue Brücke eröffnet",
)
_PROBE_HITS: Final = 2
_COMMON_WORDS = frozenset(
    "all and any are but day for from had has her here him his how its may more new none not now off old one our out "
    "own said says she that the their them then they this three time too two was week were what when who why will with "
    "yes you".split()
)
_CLASSES = re.compile(r"\[(?:\\.|[^\]\\])+\]")
_LINE_END = re.compile(r"(?<!\\)(?:\\\\)*\\[nrtf](?![?*])")
_MAX_TALK: Final = 10
"""Words: a test for blocks of more words than this, and of nothing else, is passed by prose."""
_MAX_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Fix:
    """What to put in the place of one string of a file."""

    path: KeyPath
    new: str | None
    """None: the string goes, from a list."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a rule file that is hardly meant so."""

    check: str
    """One of :data:`CHECKS`."""
    file: str
    line: int
    rule: str | None
    what: str
    why: str
    advice: str
    fix: Fix | None = field(default=None, repr=False)

    def __str__(self) -> str:
        rule = f" rule {self.rule}:" if self.rule else ""
        return f"{self.file}:{self.line}:{rule} {self.what}: {self.why} ({self.advice}) [{self.check}]"


class Smell(NamedTuple):
    """What is odd about a selector, token or pattern, wherever it stands."""

    check: str
    why: str
    advice: str
    new: str | None = None
    """What means what was probably meant, where that is mechanical."""


# --- selectors


class _Compound:
    """One element of a CSS selector: its tag, what its attributes have to be, its pseudo-classes."""

    def __init__(self, tree: Any) -> None:
        self.tag = "*"
        self.facts: list[tuple[str, str, str]] = []
        self.pseudos: list[str] = []
        self.excludes_all = False
        while tree is not None:
            match tree:
                case css_parser.Element():
                    self.tag = (tree.element or "*").lower()
                case css_parser.Class():
                    self.facts.append(("class", "~=", tree.class_name))
                case css_parser.Hash():
                    self.facts.append(("id", "=", tree.id))
                case css_parser.Attrib():
                    value = tree.value.value if tree.value is not None else None
                    self.facts.append((tree.attrib.lower(), tree.operator, value or ""))
                case css_parser.Function():
                    self.pseudos.append(f"{tree.name}({''.join(str(token.value) for token in tree.arguments)})")
                case css_parser.Pseudo():
                    self.pseudos.append(tree.ident)
                case css_parser.Relation():
                    self.pseudos.append("has")
                case css_parser.Negation():
                    inner = _Compound(tree.subselector)
                    self.excludes_all |= inner.tag == "*" and not inner.facts and not inner.pseudos
            tree = getattr(tree, "selector", None)

    @property
    def is_bare(self) -> bool:
        """Whether nothing but its tag tells it from others."""
        return not self.pseudos and all(
            operator == "exists" and name in _BARE_ATTRIBUTES for name, operator, _ in self.facts
        )


@lru_cache(65_536)
def css_smells(source: str) -> tuple[Smell, ...]:
    """Return what is odd about a CSS selector that compiles."""
    found: list[Smell] = []
    for selector in css_parser.parse(source):
        tree = selector.parsed_tree
        compounds = []
        steps = []
        while isinstance(tree, css_parser.CombinedSelector):
            compounds.append(_Compound(tree.subselector))
            steps.append(tree.combinator)
            tree = tree.selector
        compounds.append(_Compound(tree))  # the one that is hit first, the outermost last
        for compound in compounds:
            found += _compound_smells(compound)
        bare = sum(step == ">" and compound.is_bare for step, compound in zip(steps, compounds, strict=False))
        if (steps and steps[-1] == ">" and compounds[-1].is_bare and compounds[-1].tag in ("html", "body")) or (
            bare >= _LONG_PATH
        ):
            found.append(_ABSOLUTE)
        found += _target_smells(compounds[0].tag, bare=all(compound.is_bare for compound in compounds))
        if not compounds[0].is_bare:
            found += [_body_smell(value) for _, operator, value in _sole_names(compounds[0]) if operator in ("=", "~=")]
    exact = [match[1] or match[2] or match[3] for match in _CSS_EXACT.finditer(source)]
    if exact and not any(value is None or "." in value for value in exact):
        found.append(_exact_smell(exact, _css_classes(source)))
    return tuple(dict.fromkeys(found))


def _sole_names(compound: _Compound) -> list[tuple[str, str, str]]:
    """Return the class or id that is all a compound asks for, if it is one of the article itself."""
    if len(compound.facts) != 1 or compound.pseudos:
        return []
    return [fact for fact in compound.facts if fact[0] in ("class", "id") and fact[2].lower() in _BODY_NAMES]


def _compound_smells(compound: _Compound) -> Iterator[Smell]:
    if compound.tag not in _TAGS and compound.tag != "*" and "-" not in compound.tag:
        yield _unknown_tag(compound.tag, f'".{compound.tag}" is a class')
    if compound.excludes_all:
        yield Smell("never-matches", ":not(*) excludes every element", "leave it out")
    exact: dict[str, str] = {}
    for name, operator, value in compound.facts:
        if operator != "exists" and name in ("class", "id"):
            yield from _name_smells(name, operator, value)
        if operator in ("^=", "$=", "*=", "~=") and not value:
            yield Smell("never-matches", f'[{name}{operator}""] never holds, by the rules of CSS', f"write [{name}]")
        if operator == "=" and exact.setdefault(name, value) != value:
            why = f'no element has the {name} "{exact[name]}" and "{value}" at once'
            yield Smell("never-matches", why, "separate them by a comma")
        if re.fullmatch(r"data-v-[0-9a-f]{6,8}", name):
            yield _hashed_smell(name)
    for pseudo in compound.pseudos:
        if pseudo.startswith("nth-") and not pseudo.endswith(("(1)", "(n)")):
            if pseudo.endswith("(0)"):
                yield Smell("never-matches", f":{pseudo} never holds: counting begins at 1", "count from 1")
            else:
                yield _positional_smell(f":{pseudo}")


def _name_smells(name: str, operator: str, value: str) -> Iterator[Smell]:
    """Yield what is odd about a class or id, or a part of one."""
    if value.startswith((".", "#")):
        sign = value[0]
        yield Smell("never-matches", f'no {name} begins with "{sign}"', f'write "{value[1:]}"')
    elif name == "class" and operator == "~=" and len(value.split()) > 1:
        yield Smell("never-matches", "~= is for one name, without white space", f"write .{'.'.join(value.split())}")
    elif name == "class" and operator in ("*=", "^=", "$=") and len(value.split()) > 1:
        yield Smell("exact-class", "two names in this order, side by side", "ask for each name by itself")
    open_ends = {"*=": True, "^=": not value.endswith(("-", "_")), "$=": not value.startswith(("-", "_"))}
    if 0 < sum(map(str.isalnum, value)) < _SHORT_NAME and open_ends.get(operator):
        yield _short_smell(value)
    yield from map(_hashed_smell, filter(_is_hashed, value.split()))


def _target_smells(tag: str, *, bare: bool) -> Iterator[Smell]:
    """Yield what is odd about the element that is hit; `bare` if tags are all that is asked for."""
    if tag in _TEXTLESS_TAGS:
        yield Smell("never-matches", f"<{tag}> holds no text, so there is nothing to mark", "leave it out")
    elif bare and tag in _PROSE_TAGS:
        what = "every element" if tag == "*" else f"every <{tag}>"
        yield Smell("over-broad", f"{what} of the page is hit, running text included", "name a class, an id, or `text`")


def _body_smell(name: str) -> Smell:
    return Smell("over-broad", f'"{name}" is what many systems call the article itself', "name what is inside it")


def _is_hashed(name: str) -> bool:
    return bool(_HASHED.fullmatch(name) or _OF_ONE_PAGE.fullmatch(name))


def _hashed_smell(name: str) -> Smell:
    if _OF_ONE_PAGE.fullmatch(name):
        return Smell("hashed-name", f'"{name}" is on one page only', "name what all pages of the site have")
    return Smell("hashed-name", f'"{name}" is made by a build and changes with the next', "use a name that people gave")


def _positional_smell(what: str) -> Smell:
    return Smell("positional", f"{what} counts elements: one more of them and it hits another", "name the thing itself")


def _short_smell(part: str) -> Smell:
    return Smell("loose-substring", f'"{part}" is part of many other names', "write the whole name, or `token`")


def _unknown_tag(tag: str, otherwise: str) -> Smell:
    near = did_you_mean(tag.lower(), _TAGS) if len(tag) > 2 else None
    return Smell("never-matches", f"HTML has no element <{tag}>", near or otherwise)


_ABSOLUTE = Smell("absolute", "a path from the top breaks with any change of the page", "begin at a class or an id")


def _exact_smell(values: Iterable[str], new: str | None) -> Smell:
    value = next(iter(values))
    why = f'it holds only where the attribute is exactly "{value}", no name more and in this order'
    return Smell("exact-class", why, f"write {new}" if new else "ask for each name by itself", new)


def _css_classes(source: str) -> str | None:
    """Return a selector with `.a.b` in place of `[class="a b"]`; None where a name cannot be written so."""
    odd = False

    def classes(match: re.Match[str]) -> str:
        nonlocal odd
        names = (match[1] or match[2] or match[3] or "").split()
        odd |= not names or not all(map(_CLASS_NAME.fullmatch, names))
        return "".join(f".{name}" for name in names)

    new = _CSS_EXACT.sub(classes, source)
    return None if odd else new


@lru_cache(65_536)
def xpath_smells(source: str) -> tuple[Smell, ...]:
    """Return what is odd about an XPath expression that compiles."""
    plain = _LITERAL.sub("''", source)
    found = [*_xpath_name_smells(plain), *_xpath_condition_smells(source, plain)]
    if _XPATH_PLACE.search(plain):
        found.append(_positional_smell(_XPATH_PLACE.search(plain)[0].strip() + (")" if "(" in plain else "")))  # type: ignore[index]
    if re.match(r"\(?/(?:html|body|\*)\b", plain) and not re.match(r"\(?/html/head\b", plain):
        found.append(_ABSOLUTE)
    for literal in _LITERAL.findall(source):
        found += map(_hashed_smell, filter(_is_hashed, literal[1:-1].split()))
    outline = _XPATH_SAYS_NOTHING.sub("", plain)
    while (shorter := re.sub(r"\[[^\[\]]*\]", "#", outline)) != outline:
        outline = shorter
    for branch in outline.split("|"):
        steps = re.findall(r"(?:/|::|^)\s*([a-z][\w-]*|\*)\s*#*\s*\)?\s*$", branch)
        if steps:
            found += _target_smells(steps[0], bare=_XPATH_BARE_PATH.fullmatch(branch.strip()) is not None)
    return tuple(dict.fromkeys(found))


def _xpath_name_smells(plain: str) -> Iterator[Smell]:
    """Yield names of elements and attributes that no page has."""
    for name in _XPATH_COMPARED.findall(plain):
        if name not in _TAGS:
            yield Smell("never-matches", f'"{name}" is no element, and is compared like one', f"write @{name}")
    for name in _XPATH_NAME.findall(_XPATH_COMPARED.sub("", plain)):
        if name.lower() in _TAGS and name != name.lower():
            yield Smell("never-matches", f"<{name}> is lower-case in every page that is read", f"write {name.lower()}")
        elif name not in _TAGS and "-" not in name and name not in ("and", "or", "mod"):
            yield _unknown_tag(name, f"@class and @id are for names such as {name}")
    for name in re.findall(r"@([A-Za-z][\w-]*)", plain):
        if name != name.lower():
            yield Smell("never-matches", f"@{name} is lower-case in every page that is read", f"write @{name.lower()}")


def _xpath_condition_smells(source: str, plain: str) -> Iterator[Smell]:
    """Yield conditions that always or never hold, and those on classes that hold by luck."""
    if _XPATH_BARE_TEXT.search(plain):
        yield Smell("always-matches", "a text by itself is a condition that always holds", "compare it: @class = '…'")
    if _XPATH_SWAPPED.search(source):
        why = "the text is searched for the attribute: an element without one always passes"
        yield Smell("always-matches", why, "the attribute comes first: contains(@class, '…')")
    if _XPATH_EMPTY.search(source):
        yield Smell("always-matches", "every text contains and begins with the empty one", "say what to look for")
    for call, name, double, single in _XPATH_PART.findall(source):
        yield from _name_smells(name, "*=" if call == "contains" else "^=", double or single)
    exact = [double or single for double, single in _XPATH_EXACT.findall(source)]
    if any(value.startswith((".", "#")) for value in exact):
        yield Smell("never-matches", 'no class begins with "." or "#"', "write the name without it")
    elif exact and all(value.split() for value in exact):
        yield _exact_smell(exact, _XPATH_EXACT.sub(_xpath_classes, source))


def _xpath_classes(match: re.Match[str]) -> str:
    quote = '"' if match[2] is None else "'"
    return " and ".join(
        f"contains(concat({quote} {quote}, normalize-space(@class), {quote} {quote}), {quote} {name} {quote})"
        for name in (match[1] or match[2]).split()
    )


@lru_cache(65_536)
def token_smells(token: str) -> tuple[Smell, ...]:
    """Return what is odd about a token."""
    found = []
    part = token.strip("*")
    if re.match(r"(?:a|article|aside|div|footer|form|header|li|main|nav|ol|p|section|span|ul)[.#][A-Za-z]", token):
        found.append(Smell("never-matches", "a token is one class or id, and this is a selector", "write it as css"))
    opened = (token.endswith("*") and not part.endswith(("-", "_"))) or (
        token.startswith("*") and not part.startswith(("-", "_"))
    )
    if opened and sum(map(str.isalnum, part)) < _SHORT_NAME:
        found.append(Smell("loose-substring", f'"{part}" is part of many other names', "write the whole name"))
    if token.lower() in _BODY_NAMES:
        found.append(_body_smell(token))
    if _is_hashed(part):
        found.append(_hashed_smell(part))
    return tuple(found)


# --- patterns


@lru_cache(65_536)
def pattern_smells(source: str) -> tuple[Smell, ...]:
    """Return what is odd about a pattern that a whole line has to match."""
    found = []
    classless = _CLASSES.sub("X", source)
    if _LINE_END.search(classless):
        found.append(Smell("never-matches", "text has no tabs and line ends, only single spaces", "write a space"))
    if re.search(r" {2}(?![?*{])", classless) or re.match(r" (?![?*{|])", source) or re.search(r"[^\\|] $", source):
        new = re.sub(" {2,}", " ", source).strip() if not re.search(r"\[[^]]* {2}", source) else None
        why = "text has single spaces, and none at its ends"
        found.append(Smell("never-matches", why, "leave the others out", new))
    bare = re.sub(r"^(?:\^|\\A)+", "", source)
    bare = re.sub(r"(?<!\\)((?:\\\\)*)(?:\$|\\z)+$", r"\1", bare)
    if bare != source:
        why = "a pattern is matched from end to end anyway"
        advice = "leave it out; for lines that only begin so, write .{0,80} after it"
        found.append(Smell("redundant-anchor", why, advice, bare or None))
    if compile_pattern(source).fullmatch(""):
        found.append(Smell("always-matches", "every part of it may be missing", "make one part necessary"))
    return tuple(found)


@lru_cache(65_536)
def _probes(source: str) -> tuple[int, ...]:
    """Return the numbers of words of the probes that a pattern matches."""
    pattern = compile_pattern(source)
    return tuple(word_count(probe) for probe in _PROBES if pattern.fullmatch(probe))


def _is_catch_all(source: str, max_words: int | None = None) -> bool:
    return sum(max_words is None or count <= max_words for count in _probes(source)) >= _PROBE_HITS


# --- files


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where a matcher of a rule holds."""

    rule: str
    """Full id."""
    deed: tuple[Action, str | None]
    """The action, with what to_meta states."""
    kind: str | None
    zones: frozenset[Zone]
    condition: str
    """All other conditions, as text; empty where there are none."""
    max_words: float
    text: str | None

    def covers(self, other: _Scope) -> bool:
        """Whether what `other` hits, this hits as well, and does the same with it."""
        return (
            self.deed == other.deed
            and self.zones >= other.zones
            and self.condition in ("", other.condition)
            and self.max_words >= other.max_words
            and self.text in (None, other.text)
        )


_Key = tuple[str, str]
"""A matcher and what it looks for, in the form in which equal ones are equal."""


class Context:
    """What has to be known of all files to lint one. Raises nothing; files that could not be read are not in it."""

    def __init__(self, files: Sequence[RuleFile]) -> None:
        packs = [file for file in files if file.tier is not Tier.SITE and not file.name.startswith("sites/")]
        self.used = {reference.name for file in files for reference in file.sets}
        """Names of the phrase sets that some rule names."""
        self.sets: dict[str, set[str]] = {}
        """Set -> the folded phrases that packs give it."""
        for file in packs:
            for name, phrases in file.phrases.items():
                self.sets.setdefault(name, set()).update(phrases)
        self.phrases = {phrase for phrases in self.sets.values() for phrase in phrases}
        """Folded phrases of any pack, which no site has for itself."""
        self.matchers: dict[_Key, list[tuple[RuleFile, _Scope]]] = {}
        """What rules of packs look for."""
        for file in packs:
            for rule in file.rules:
                for key in self._keys(rule):
                    self.matchers.setdefault(key, []).append((file, _scope(rule, _condition(rule.when))))
        self.signs = Counter(line for _, line in {(file.name, line) for file in files for line in file.recognise})
        """How many sites have a line as a sign of theirs."""

    def _keys(self, rule: Rule) -> Iterator[_Key]:
        for selector in rule.selectors:
            yield selector.key, collapse(selector.text)
        for token in rule.tokens:
            yield "token", token
        if rule.saying is not None:
            for phrase in rule.saying.phrases:
                self.phrases.add(phrase)
                yield "phrase", phrase
            for name in rule.saying.sets:
                yield from (("phrase", phrase) for phrase in self.sets.get(name, ()))
            for pattern in rule.saying.lines:
                yield "line", pattern.pattern


def lint(file: RuleFile, written: Written, context: Context) -> list[Finding]:
    """Return what is odd about a rule file without faults, in the order of its lines.

    `written` is what it was made from. Findings that a comment `# allow: check` on their line, or on the line of their
    `[[rule]]`, allows are left out.
    """
    linter = _Linter(file, written, context)
    linter.file_findings()
    return sorted(linter.findings, key=lambda finding: finding.line)


class _Linter:
    """One file on its way through the checks. Paths are those of :mod:`cleaner.rules.places`."""

    def __init__(self, file: RuleFile, written: Written, context: Context) -> None:
        self.file = file
        self.lines = written.lines
        self.source_lines = written.text.split("\n")
        self.context = context
        self.top = written.tables
        self.findings: list[Finding] = []
        self.rule: Rule | None = None
        self.seen: dict[_Key, list[tuple[_Scope, KeyPath]]] = {}

    # -- places

    def line(self, path: KeyPath) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def find(self, path: KeyPath, what: str, smell: Smell, fix: Fix | None = None) -> None:
        line = self.line(path)
        if smell.new is not None:
            fix = Fix(path, smell.new)
        for place in {line, self.line(path[:2]) if path[:1] == ("rule",) else line}:
            allowed = _ALLOW.search(self.source_lines[place - 1])
            if allowed and smell.check in re.split(r"\s*,\s*", allowed[1]):
                return
        rule = self.rule.local_id if self.rule else None
        self.findings.append(Finding(smell.check, self.file.shown, line, rule, what, smell.why, smell.advice, fix))

    # -- the file

    def file_findings(self) -> None:
        top = self.top
        for name, value in top.get("phrases", {}).items():
            self.phrase_set(name, value)
        if "when" in top:
            self.when(top["when"], ("when",), self.file.when)
        if "body" in top:
            for key, text, path in self.selectors(top["body"], ("body",)):
                for smell in (css_smells if key == "css" else xpath_smells)(text):
                    # A body that is the only <article> or <main> is well told.
                    if smell.check != "over-broad" or text.strip("/ ") in ("html", "body", "div", "*", "p", "span"):
                        self.find(path, f"[body] {key} {_quoted(text)}", smell)
        for key, text, at in self.selectors(top.get("fetch", {}).get("next_page", {}), ("fetch", "next_page")):
            self.selector(key, text, at, f"next_page = {key} {_quoted(text)}", marks=False, broad=False)
        for name, value in top.get("meta", {}).items():
            for table, path in _tables(value, ("meta", name)):
                for key, text, at in self.selectors(table, path):
                    self.selector(key, text, at, f"{name} = {key} {_quoted(text)}", marks=False, broad=False)
                for text, at in _strings(table.get("line", []), (*path, "line")):
                    for smell in pattern_smells(text):
                        self.find(at, f"{name} = line {_quoted(text)}", smell)
        for (table, path), rule in zip(_tables(top.get("rule", []), ("rule",)), self.file.rules, strict=True):
            self.rule = rule
            self.rule_findings(table, path, rule)
        self.rule = None
        self.recognise()
        self.tests()

    def selectors(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[str, str, KeyPath]]:
        for key in ("css", "xpath"):
            for text, at in _strings(table.get(key, []), (*path, key)):
                yield key, text, at

    def selector(self, key: str, text: str, path: KeyPath, what: str, *, marks: bool, broad: bool) -> None:
        """Judge a selector; `marks` if it is a rule's, `broad` if what it hits in running text does harm."""
        for smell in (css_smells if key == "css" else xpath_smells)(text):
            if smell.check == "over-broad" and not broad:
                continue
            if not marks and "holds no text" in smell.why:
                continue
            self.find(path, what, smell)

    def phrase_set(self, name: str, value: Any) -> None:
        path = ("phrases", name)
        first: dict[str, str] = {}
        for text, at in _strings(value, path):
            folded = fold_phrase(text)
            if folded in first:
                self.find(at, f"phrase {_quoted(text)}", _said_twice(first[folded]), _removal(value, at))
            first.setdefault(folded, text)
        if name not in self.context.used:
            smell = Smell("unused-phrases", f'no rule names "@{name}"', "use it, or delete it")
            self.find(path, f"phrase set {name}", smell)

    def recognise(self) -> None:
        lines = [(fold(text), text, at) for text, at in _strings(self.top.get("recognise", []), ("recognise",))]
        shared = [folded for folded, _, _ in lines if self.context.signs[folded] > 1]
        for folded, text, at in lines:
            what = f"recognise {_quoted(text)}"
            if fold_phrase(text) in self.context.phrases:
                smell = Smell(
                    "common-recognise", "the packs know it as what many sites print", "take a line of its own"
                )
            elif word_count(text) < 2:
                smell = Smell("common-recognise", "one word stands on pages of other sites as well", "a longer line")
            elif len(shared) > 1 and folded in shared:
                smell = Smell("common-recognise", "another site file has it too, with one more", "lines of its own")
            else:
                continue
            self.find(at, what, smell)

    def tests(self) -> None:
        if self.file.name.startswith("sites/") and self.file.tier is not Tier.PROBATION and self.file.rules:
            fired = {name.rpartition("/")[2] for test in self.file.tests for name in test.fires}
            for index, rule in enumerate(self.file.rules):
                if rule.local_id not in fired:
                    self.rule = rule
                    smell = Smell(
                        "untested", "no test says that it fires", f'a [[test]] with fires = "{rule.local_id}"'
                    )
                    path: KeyPath = ("rule", index) if isinstance(self.top["rule"], list) else ("rule",)
                    self.find(path, "no test", smell)
            self.rule = None

    # -- rules

    def rule_findings(self, table: Mapping[str, Any], path: KeyPath, rule: Rule) -> None:
        removes = rule.action in (Action.DROP, Action.CUT_AFTER)
        exposed = Zone.MAIN in rule.when.zones & self.file.when.zones
        broad = (removes or rule.action is Action.KEEP) and exposed and rule.text is None
        for key, text, at in self.selectors(table, path):
            self.selector(key, text, at, f"{key} {_quoted(text)}", marks=True, broad=broad)
        for text, at in _strings(table.get("token", []), (*path, "token")):
            for smell in token_smells(text):
                if smell.check != "over-broad" or broad:
                    self.find(at, f"token {_quoted(text)}", smell)
        for text, at in _strings(table.get("text", []), (*path, "text")):
            if compile_pattern(text).search(""):
                self.find(
                    at, f"text {_quoted(text)}", Smell("always-matches", "it is found in any text", "leave it out")
                )
        for text, at in _strings(table.get("phrase", []), (*path, "phrase")):
            self.phrase(text, at, rule, harms=removes and exposed)
        for text, at in _strings(table.get("line", []), (*path, "line")):
            self.pattern(text, at, rule, exposed=exposed)
        self.block_tests(table, path, harms=removes and exposed)
        if "when" in table:
            self.when(table["when"], (*path, "when"), rule.when)
        if removes and rule.max_share > _MAX_SHARE:
            smell = Smell(
                "no-guard", "a rule gone wrong may take the whole article", "0.3 is the default; say less than 1"
            )
            self.find((*path, "max_share"), f"max_share = {table['max_share']}", smell)
        self.duplicates(table, path, rule)

    def phrase(self, text: str, path: KeyPath, rule: Rule, *, harms: bool) -> None:
        if text.startswith("@"):
            return
        words = word_count(text)
        folded = fold_phrase(text)
        what = f"phrase {_quoted(text)}"
        if rule.max_words is not None and words > rule.max_words:
            why = f"it has {words} words, and max_words is {rule.max_words}"
            self.find(path, what, Smell("never-matches", why, f"max_words = {words}, or more"))
        if harms and words <= 1 and (sum(map(str.isalnum, folded)) < 3 or folded in _COMMON_WORDS):
            why = "cells of tables, items of lists and lines of verse may say just this"
            self.find(path, what, Smell("short-phrase", why, 'bind it: when = { zone = ["head", "tail"] }, or `run`'))

    def pattern(self, text: str, path: KeyPath, rule: Rule, *, exposed: bool) -> None:
        what = f"line {_quoted(text)}"
        for smell in pattern_smells(text):
            self.find(path, what, smell)
        if _is_catch_all(text, rule.max_words):
            smell = Smell(
                "catch-all", "sentences that have nothing in common match it", "say what the line has to hold"
            )
            self.find(path, what, smell)
        elif re.match(r"\^?\.[*+]", text) and rule.max_words is None and exposed and rule.action is not Action.FLAG:
            why = "any block of up to 2,000 characters that holds the rest is hit, paragraphs too"
            self.find(path, what, Smell("loose-pattern", why, "bound it: .{0,80}, or max_words"))

    def block_tests(self, table: Mapping[str, Any], path: KeyPath, *, harms: bool) -> None:
        """Judge `section`, `run` and `pair`."""
        for key, parts in (("section", ("head", "each")), ("run", ("each",)), ("pair", ("first", "second"))):
            for part, at in _tables(table.get(key, []), (*path, key)):
                tests = {name: part[name] for name in parts if name in part}
                for name, test in tests.items():
                    self.block_test(test, (*at, name), f"{key}.{name}")
                open_to_all = [name for name, test in tests.items() if _is_open(test)]
                if harms and {"section": "head" in open_to_all, "run": bool(open_to_all)}.get(
                    key, len(open_to_all) > 1
                ):
                    name = open_to_all[0]
                    smell = Smell("over-broad", "blocks of running text pass it", "say a phrase, a line, or few words")
                    self.find((*at, name), f"{key}.{name}", smell)

    def block_test(self, test: Any, path: KeyPath, what: str) -> None:
        if not isinstance(test, dict):
            return
        for text, at in _strings(test.get("line", []), (*path, "line")):
            for smell in pattern_smells(text):
                self.find(at, f"{what}: line {_quoted(text)}", smell)
        if test.get("min_words", 0) > (most := test.get("max_words", float("inf"))):
            why = f"no block has at least {test['min_words']} and at most {most} words"
            self.find((*path, "min_words"), what, Smell("never-matches", why, "exchange them"))

    def when(self, table: Mapping[str, Any], path: KeyPath, when: When) -> None:
        if "zone" in table and when.zones == frozenset(Zone):
            smell = Smell("always-matches", "these are all zones there are", "leave it out")
            self.find((*path, "zone"), "when.zone", smell)
        for glob, at in _strings(table.get("paths", []), (*path, "paths")):
            what = f"when.paths {_quoted(glob)}"
            if re.fullmatch(r"/?\*+", glob):
                why = "every path passes; pages without a URL, dumps among them, do not"
                self.find(at, what, Smell("always-matches", why, "leave it out"))
            elif re.search(r"\?[\w*]+=|#|://", glob):
                why = "a path has neither scheme and host nor query"
                self.find(at, what, Smell("never-matches", why, "write what stands between the host and the `?`"))
        days = [test.captured for test in self.file.tests if test.captured]
        if when.valid_until and days and min(days) > when.valid_until:
            why = f"the tests' pages are all of later days, from {min(days)} on"
            smell = Smell("expired", why, "delete what is over, or test it with a page of its time")
            self.find((*path, "valid_until"), f"valid_until = {when.valid_until}", smell)

    # -- what is said twice

    def duplicates(self, table: Mapping[str, Any], path: KeyPath, rule: Rule) -> None:
        condition = json.dumps(
            {k: v for k, v in table.get("when", {}).items() if k != "zone"}, default=str, sort_keys=True
        )
        scope = _scope(rule, "" if condition == "{}" else condition)
        named = {text[1:] for text, _ in _strings(table.get("phrase", []), ()) if text.startswith("@")}
        own: dict[_Key, str] = {}
        for key, text, at, whole in self.matchers(table, path):
            what = f"{key[0]} {_quoted(text)}" if text else key[0]
            home = next((name for name in named if key[0] == "phrase" and key[1] in self.set(name)), None)
            if key in own or home:
                smell = _said_twice(own.get(key) or f"@{home}")
                self.find(at, what, smell, _removal(whole, at))
                continue
            own[key] = text
            self.compare(key, what, at, scope)

    def compare(self, key: _Key, what: str, path: KeyPath, scope: _Scope) -> None:
        """Compare one matcher with those of other rules of the file, and of packs."""
        for other, _ in self.seen.get(key, ()):
            if other.covers(scope) or scope.covers(other):
                name = other.rule.rpartition("/")[2]
                why = f"the rule {name} has it already"
                if other.kind != scope.kind:
                    why += f", as {other.kind}: which of the two it is depends on their ids"
                self.find(path, what, Smell("duplicate", why, "leave one of them out"))
                break
        self.seen.setdefault(key, []).append((scope, path))
        if not self.file.name.startswith("sites/"):
            return
        disabled = {reference.name for reference in self.file.disable}
        extended = {reference.name for reference in self.file.extends}
        for pack, other in self.context.matchers.get(key, ()):
            holds = pack.name in extended or _holds_anyway(pack.when)
            if holds and other.rule not in disabled and other.kind == scope.kind and other.covers(scope):
                why = f"{other.rule} hits it on every page of the site"
                self.find(path, what, Smell("duplicate-of-pack", why, "leave it out"))
                return

    def set(self, name: str) -> set[str]:
        return self.context.sets.get(name, set()) | set(self.file.phrases.get(name, ()))

    def matchers(self, table: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[_Key, str, KeyPath, Any]]:
        """Yield all that a rule looks for: in comparable form, as written, where, and the value it is part of."""
        forms = {"css": collapse, "xpath": collapse, "token": str.lower, "line": collapse, "phrase": fold_phrase}
        for key, form in forms.items():
            for text, at in _strings(table.get(key, []), (*path, key)):
                if key == "line":
                    yield (key, compile_pattern(text).pattern), text, at, table[key]
                elif key == "phrase" and text.startswith("@"):
                    yield ("set", text), text, at, table[key]
                else:
                    yield (key, form(text)), text, at, table[key]
        for key in ("section", "run", "pair"):
            for part, at in _tables(table.get(key, []), (*path, key)):
                yield (key, json.dumps(part, default=str, sort_keys=True)), "", at, None


def _scope(rule: Rule, condition: str) -> _Scope:
    return _Scope(
        rule=rule.id,
        deed=(rule.action, rule.field),
        kind=rule.kind,
        zones=rule.when.zones,
        condition=condition,
        max_words=float("inf") if rule.max_words is None else rule.max_words,
        text=rule.text.pattern if rule.text is not None else None,
    )


def _condition(when: When) -> str:
    """Return what a compiled `when` asks for besides zones; conditions of two files are never the same."""
    bound = (when.paths, when.languages, when.if_present, when.valid_from, when.valid_until)
    return "" if all(part is None for part in bound) else f"{id(when)}"


def _holds_anyway(when: When) -> bool:
    return not _condition(when) and when.zones == frozenset(Zone)


def _is_open(test: Any) -> bool:
    """Whether a block of running text passes a block test, whatever it says."""
    if not isinstance(test, dict) or "phrase" in test or test.get("linked") or test.get("sentence") is False:
        return False
    most = test.get("max_words")
    lines = [text for text, _ in _strings(test.get("line", []), ())]
    kinds = [text for text, _ in _strings(test.get("kind", []), ())]
    return (
        (not lines or any(_is_catch_all(text, most) for text in lines))
        and (most is None or most > _MAX_TALK)
        and (not kinds or "paragraph" in kinds or "heading" in kinds)
    )


def _said_twice(same: str) -> Smell:
    return Smell("duplicate", f"{_quoted(same)} says the same already", "leave it out")


def _removal(value: Any, path: KeyPath) -> Fix | None:
    return Fix(path, None) if isinstance(value, list) else None


def _quoted(text: str) -> str:
    return f'"{clip(text, 80)}"'


def _strings(value: Any, path: KeyPath) -> Iterator[tuple[str, KeyPath]]:
    """Yield the strings of a list, or the one that stands alone, with their paths."""
    if isinstance(value, str):
        yield value, path
    else:
        yield from ((text, (*path, index)) for index, text in enumerate(value))


def _tables(value: Any, path: KeyPath) -> Iterator[tuple[dict[str, Any], KeyPath]]:
    """Yield the tables of a list, or the one that stands alone, with their paths."""
    if isinstance(value, dict):
        yield value, path
    else:
        yield from ((table, (*path, index)) for index, table in enumerate(value))
