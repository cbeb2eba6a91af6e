"""Pages as the site pass counts them: lines, what rules and the scorer say of them, the selectors around them."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Final

from cleaner.describe import declare
from cleaner.errors import PageError
from cleaner.joining import join
from cleaner.model import Article, BlockKind, Document, Fate, Page, Verdict
from cleaner.pipeline import Cleaner
from cleaner.rules import Rule, RuleSet
from cleaner.rules.language import MAX_PHRASE
from cleaner.segment import segment
from cleaner.workbench.ledger import NOT_THE_SITES, body_probabilities, left_to_judges
from cleaner.workbench.lint import css_smells
from cleaner.workbench.scaffold import host_of
from cleaner.workbench.suggest.counts import SKETCHES, Line, Medium, Sighting, SitePass, hash_of

__all__ = ["Surveyor"]

_MAX_LINES: Final = 5_000
"""Blocks of a page that are counted; what a longer page has at its end is left out."""
_MOST_REMEMBERED: Final = 10_000
"""Sites of which it is known which pages are remembered."""
_UNLIKELY: Final = 0.15
"""Probability under which the scorer is sure that a block is no body; such doubts about a long list add up to none."""
_LINKY: Final = 0.5
_ATTRIBUTES: Final = (
    *("data-testid", "data-test-id", "data-test", "data-qa", "data-component", "data-component-name"),
    *("data-module", "data-module-name", "data-block-name", "data-widget"),
)
"""By which publishers name the parts of a page, where their classes are made by a build."""
_NAME: Final = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
_LONGEST_NAME: Final = 60
# A name has a word in it, of whatever case: what a build makes up has none, or more digits.
_WORD: Final = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_NUMBERED: Final = re.compile(r"\d{2}")
# How something looks or behaves, wherever it stands; not what it is.
_UTILITY: Final = re.compile(
    r"(?:align|animate|aspect|bg|border|col|cursor|d|duration|ease|flex|float|font|gap|grid|h|inset|items|justify|leading"
    r"|m[trblxy]?|max|min|object|offset|opacity|order|overflow|p[trblxy]?|rounded|row|self|shadow|space|sr|text|tracking"
    r"|transition|transform|w|whitespace|z)(?:[-_][\w-]+)?"
    r"|(?:absolute|active|block|btn|button|center|clear(?:fix)?|closed?|container|content|desktop|disabled|display|enabled|fixed|group|has"
    r"|heading|headline|hidden|hide|icon|image|img|initialized|inline|inner|is|item|js|large|lazy|left|lg|link|loaded|md"
    r"|medium|mobile|open(?:ed)?|outer|position|relative|right|selected|show|sm|small|static|sticky|tablet|title|truncate"
    r"|underline|undefined|uppercase|visible|wrap(?:per)?|xl|xs)"
    r"(?:[-_](?:\d\w*|auto|between|black|block|bold|bottom|center|column|end|flex|full|gr[ae]y|hidden|inline|large|left"
    r"|lg|md|medium|middle|none|normal|nowrap|right|row|sm|small|start|top|visible|white|wrap(?:per)?|x|xl|xs|y))*",
    re.IGNORECASE,
)


class Surveyor:
    """Cleans pages and counts in a site pass what recurs: for :func:`cleaner.batch.run`, in a cleaner's place.

    Args:
        cleaner: by whose rules the pages are cleaned: what they remove is not proposed once more.
        site: count the pages of this host, of those below it, and those that tell no host; pages of others are passed
            over. None: each host is a site.

    """

    def __init__(self, cleaner: Cleaner, site: str | None = None) -> None:
        self.cleaner = cleaner
        self.site = site
        self.sitepass = SitePass()
        self._remembered: dict[tuple[str, Medium], list[str]] = {}

    def clean(self, page: Page, /) -> Article:
        """Return the article of a page, counted; where it goes on on others, each of them by itself."""
        try:
            document = segment(page)
        except PageError:
            return self.cleaner.clean(page)  # it says which status that is
        rules = self.cleaner.rulebook.for_page(document)
        pages = list(self.cleaner.by_page(document, rules=rules))
        site = host_of(page, pages[0][1])
        for seen, article in pages:
            if seen is not None:
                self._count(seen, article, site, rules)
        return join([article for _, article in pages]) if page.continued else pages[0][1]

    def _count(self, document: Document, article: Article, site: str, rules: RuleSet) -> None:
        if article.status in NOT_THE_SITES:
            self.sitepass.aside += 1
            return
        if self.site is not None:
            site = site or self.site
            if site != self.site and not site.endswith(f".{self.site}"):
                return
        self.sitepass.add(self.sighting(document, article, site, rules))

    def take(self) -> SitePass:
        """Return what was counted since the last time, and begin anew.

        Of pages that are remembered line by line, only those that may yet be among the ones that count are given.
        """
        taken, self.sitepass = self.sitepass, SitePass()
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
        for key, survey in taken.surveys.items():
            least = sorted({*self._remembered.get(key, ()), *survey.sketches})[:SKETCHES]
            self._remembered[key] = least
            survey.sketches = {name: lines for name, lines in survey.sketches.items() if name in least}
        return taken

    def sighting(self, document: Document, article: Article, site: str, rules: RuleSet | None = None) -> Sighting:
        """Return what a page, cleaned by `rules` (its own where they are not given), adds to a pass."""
        rules = rules or self.cleaner.rulebook.for_page(document)
        by_element = {mark.rule.id for mark in rules.mark(document) if _knows_elements_only(mark.rule)}
        asked = [None if left_to_judges(verdict) else verdict for verdict in article.verdicts]
        chances = body_probabilities(document, declare(document, rules), asked)
        around = _around(document)
        lines = [
            _line(document, index, asked[index], article.verdicts[index], by_element, chances[index], around[index])
            for index in range(min(len(document.blocks), _MAX_LINES))
        ]
        page = document.page
        content = _hash(page.content)
        return Sighting(
            site, "html" if document.is_html else "text", _hash(page.url) if page.url else content, content, lines
        )


def _hash(content: str | bytes) -> str:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()[:16]


def _knows_elements_only(rule: Rule) -> bool:
    return not (rule.saying or rule.sections or rule.runs or rule.pairs)


def _line(
    document: Document,
    index: int,
    asked: Verdict | None,
    verdict: Verdict,
    by_element: Collection[str],
    chance: float,
    selectors: Iterable[str],
) -> Line:
    block = document.blocks[index]
    is_open = asked is None
    is_kept = asked is not None and asked.fate is Fate.KEEP
    drops = asked is not None and asked.fate is Fate.DROP
    reason = verdict.evidence[0].id if verdict.evidence else ""
    # In a dump there are no elements, and no `[body]`.
    unseen = drops and (reason in by_element or reason.endswith("/[body]"))
    share = 1.0 if is_kept else chance if is_open and chance >= _UNLIKELY else 0.0
    return Line(
        key=hash_of(block.text) if block.words and len(block.text) <= MAX_PHRASE else "",
        zone=block.zone,
        words=block.words,
        open=block.words if is_open or is_kept else 0,
        view=block.words if is_open or is_kept or unseen else 0,
        body=round(1000 * share * block.words),
        left=block.words if verdict.fate is Fate.KEEP else 0,
        level=block.level if block.kind is BlockKind.HEADING else 0,
        sentence=block.is_sentence,
        linked=block.link_density >= _LINKY,
        hidden=block.hidden,
        text=block.text,
        selectors=tuple(sorted(selectors)),
    )


# ── Selectors that last ───────────────────────────────────────────────────────────────────────────────────────────────


def _around(document: Document) -> list[set[str]]:
    """Return for each block the selectors of the elements that have text of it: all around it, and those within.

    A rule on an element within a block takes a part of it. It is counted as if it took all: names of links and words
    that are within paragraphs anywhere are no names of noise.
    """
    found: list[set[str]] = [set() for _ in document.blocks]
    starts = [first for first, _ in document.bounds]
    ends = [end for _, end in document.bounds]
    for ordinal, first, end in document.spans.values():
        tag, names, ident = document.names[ordinal]
        if tag in ("html", "body"):
            continue
        own = _by_name(names or "", ident or "")
        attributes = document.attributes[ordinal]
        own += tuple(
            f'[{name}="{attributes[name]}"]'
            for name in _ATTRIBUTES
            if name in attributes and _is_lasting(attributes[name])
        )
        if own:
            for index in range(bisect_right(ends, first), bisect_left(starts, end)):
                found[index].update(own)
    return found


@lru_cache(16_384)
def _by_name(names: str, ident: str) -> tuple[str, ...]:
    classes = tuple(f".{name}" for name in names.split() if _is_lasting(name))
    return (*classes, f"#{ident}") if ident and _is_lasting(ident) else classes


@lru_cache(65_536)
def _is_lasting(name: str) -> bool:
    """Tell whether a name says what a thing is: neither made by a build, nor for one page, nor a matter of looks."""
    return (
        len(name) <= _LONGEST_NAME
        and _NAME.fullmatch(name) is not None
        and _WORD.search(name) is not None
        and _NUMBERED.search(name) is None
        and _UTILITY.fullmatch(name) is None
        and not css_smells(f".{name}")
    )
