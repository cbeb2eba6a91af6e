"""Which candidate counts: one order of sources per field, and what a title must be freed of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from cleaner.model import Declared, Source
from cleaner.text import collapse, fold, words

__all__ = ["doubt", "rank"]

# Best first; a source counts where its name begins so. What is not listed comes after, in the order it was found.
_ORDER: dict[str, tuple[str, ...]] = {
    "authors": ("rule:", "byline", "json-ld", "itemprop:author", "rel:author", "meta:", "line"),
    "date": ("rule:", "json-ld", "meta:", "itemprop:", "time:published", "line", "time", "url"),
    "modified": ("rule:", "json-ld", "meta:", "itemprop:", "time", "line"),
    "description": ("rule:", "line", "json-ld", "meta:"),
    "site_name": ("rule:", "meta:og:site_name", "json-ld", "meta:", "line"),
    "language": ("rule:", "html:lang", "meta:", "json-ld"),
    "url": ("rule:", "link:canonical", "meta:"),
    "section": ("rule:", "json-ld", "meta:", "line"),
    "image": ("rule:", "meta:", "json-ld"),
    "copyright": ("rule:", "json-ld", "meta:", "line"),
    "page_type": ("rule:", "json-ld", "meta:"),
    "is_accessible_for_free": ("rule:", "json-ld", "meta:"),
}
_TITLE_ORDER = ("rule:", "h1", "itemprop:headline", "json-ld", "meta:og:title", "meta:", "title", "line")
# How a site hangs its name on a title. A colon does not: "Interview: …" is the title's own.
_SEPARATOR = re.compile(r"\s+(?:[|–—•·»«:/-]|::|>>)\s+|\s*[|｜ㅣ]\s*")
_INNER_CAPITAL = re.compile(r"[a-z]{3}[A-Z]|[a-z][A-Z]+$|^[a-z]+[A-Z]")
_NOT_ALNUM = re.compile(r"[\W_]+")
# Sources that say who the author is even where that is no person: the others may as well give an account's name.
_VOUCHED = ("rule:", "byline", "json-ld:organization")
# What no printed date outranks.
_STATED = ("rule:", "line")
_DAY = len("2024-01-31")
_MAX_PARTS = 8
_SHORTEST_HOST_NAME = 4
_UNLIKE = 0.7
"""Share of the words of a heading that no stated title has, above which it is a logo's or a teaser's."""
_LABEL_SHARE = 3
"""How many times longer a title is than a heading that merely has its words."""
_SHORT_WORD = 3
_TITLE_WORDS = 3
"""Words of what is left of a title, at least, when the label before it goes."""
_LABEL_END = re.compile(r"\s*(?::|[|–—/])\s+")


def rank(declared: Declared, address: str | None = None, seen: Callable[[str], bool] | None = None) -> None:
    """Order the candidates of every field, best source first; ties stay in the order they were found.

    `address` is the page's URL: the name of a site is often the name of its host. `seen` tells whether a reader finds
    a name on the page; with it, authors that are mere accounts are dropped.
    """
    for field, candidates in declared.candidates.items():
        if len(candidates) > 1:
            candidates.sort(key=partial(_place, order=_ORDER.get(field, ("rule:",))))
    site = _Site(declared, address)
    if "title" in declared.candidates:
        declared.candidates["title"] = _titles(declared, site)
    if "date" in declared.candidates:
        _trust_printed(declared)
    elif seen is not None:
        # The only date that a reader sees is the article's, whatever it is called.
        for value, source in declared.candidates.get("modified", ()):
            if source.name == "line":
                declared.add("date", value, source)
    if "authors" in declared.candidates:
        declared.candidates["authors"] = _authors(declared, site, seen)


def doubt(field: str, candidate: tuple[Any, Source], declared: Declared, address: str | None = None) -> str:
    """Return what speaks against a candidate, besides its source, for people; "" where nothing does."""
    if candidate[1].name.startswith("rule:"):
        return ""
    site = _Site(declared, address)
    if field == "title":
        titles = declared.candidates["title"]
        told = [value for value, source in titles if not _is_heading(source)]
        return _title_doubt(candidate, told, _unlikeness(candidate[0], told), site, agreed=_agreed(titles))
    return "is a name of the site or of an account" if field == "authors" and _is_anonymous(candidate[0], site) else ""


def _place(candidate: tuple[Any, Source], order: tuple[str, ...]) -> int:
    return _place_of(candidate[1].name, order)


@lru_cache(1_024)
def _place_of(name: str, order: tuple[str, ...]) -> int:
    return next((place for place, prefix in enumerate(order) if name.startswith(prefix)), len(order))


def _trust_printed(declared: Declared) -> None:
    """Put a date printed beside the title before those for machines that contradict it: they tell when a page was made.

    Not one that is the day of an update.
    """
    candidates = declared.candidates["date"]
    printed = next((entry for entry in candidates if entry[1].name == "line"), None)
    told = candidates[0]
    if printed is None or told[1].name.startswith(_STATED) or len(printed[0]) < _DAY or len(told[0]) < _DAY:
        return
    updates = {str(value)[:_DAY] for value, _ in declared.candidates.get("modified", ())}
    if printed[0][:_DAY] not in {told[0][:_DAY], *updates}:
        candidates.remove(printed)
        candidates.insert(0, printed)


# --- authors --------------------------------------------------------------------------------------------------------


def _authors(declared: Declared, site: _Site, seen: Callable[[str], bool] | None) -> list[tuple[Any, Source]]:
    """Return the candidates for the authors, best first.

    A system that signs everything with the site's name, or with an account's, says less than one that names a person.
    Of two that agree, the one that knows more counts. A system's account that no reader sees is nobody's name.
    """
    candidates = [(_without_house(value, site), source) for value, source in declared.candidates["authors"]]
    people = [_folded(value) for value, _ in candidates]
    ranked = []
    for position, (value, source) in enumerate(candidates):
        anonymous = _is_anonymous(value, site)
        if seen is not None and anonymous and not source.name.startswith(_VOUCHED) and not any(map(seen, _many(value))):
            continue
        outdone = any(people[position] < other for other in people)
        ranked.append((not source.name.startswith("rule:"), anonymous, outdone, position))
    return [candidates[position] for *_, position in sorted(ranked)]


def _without_house(value: Any, site: _Site) -> Any:
    """Return names without the site's own, where a person's stands beside it."""
    if not isinstance(value, list) or len(value) < 2:
        return value
    others = [name for name in value if not site.is_named(str(name))]
    return others if any(" " in str(name) or not str(name).isascii() for name in others) else value


def _is_anonymous(value: Any, site: _Site) -> bool:
    return all(site.is_named(str(name)) or _is_account(str(name)) for name in _many(value))


def _is_account(name: str) -> bool:
    """Whether `name` is written as a login is: one word in small letters, with digits, or with a capital inside."""
    return " " not in name and (name.islower() or not name.isalpha() or _INNER_CAPITAL.search(name) is not None)


def _folded(value: Any) -> frozenset[str]:
    return frozenset(fold(str(name)) for name in _many(value))


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Site:
    """What the page's site is called: the names it declares, and the labels of its host."""

    def __init__(self, declared: Declared, address: str | None) -> None:
        names = [str(name) for name, _ in declared.candidates.get("site_name", [])]
        self._names = {squashed for squashed in map(_squash, names) if squashed}
        try:
            host = urlsplit(address or str(declared.first("url") or "")).hostname or ""
        except ValueError:
            host = ""
        labels = host.removeprefix("www.").split(".")
        self._host = {_squash(host.removeprefix("www."))} | {
            _squash(label) for label in labels[:-1] if len(label) >= _SHORTEST_HOST_NAME
        }

    def is_named(self, text: str) -> bool:
        """Whether `text` is a name of the site."""
        squashed = _squash(text)
        return bool(squashed) and (squashed in self._names or squashed in self._host)


@lru_cache(1_024)
def _squash(text: str) -> str:
    """Return the letters and digits of `text`, folded: "Trill! Mag" and "trillmag" are one."""
    return _NOT_ALNUM.sub("", fold(text))


# --- titles ---------------------------------------------------------------------------------------------------------


def _titles(declared: Declared, site: _Site) -> list[tuple[Any, Source]]:
    """Return the candidates for the title, cleaned, best first.

    The headline is what readers see as the heading, if what machines are told speaks of the same: the first `h1` of a
    page may be its logo or a teaser's. Where two that tell machines agree on another wording, that is the headline.
    """
    stated = [(collapse(str(value)), source) for value, source in declared.candidates["title"] if value]
    whole = Counter(fold(value) for value, _ in stated)
    cleaned = [
        (value if source.name.startswith("rule:") else _without_site(value, site, whole), source)
        for value, source in stated
    ]
    told = [value for value, source in cleaned if not _is_heading(source)]
    agreed = _agreed(cleaned)

    def merit(candidate: tuple[str, Source]) -> tuple[bool, bool, float, int]:
        heading = _is_heading(candidate[1])
        unlike = _unlikeness(candidate[0], told) if heading else 0.0
        doubt = _title_doubt(candidate, told, unlike, site, agreed=agreed)
        return bool(doubt), not heading, unlike, _place(candidate, _TITLE_ORDER)

    rules = [candidate for candidate in cleaned if candidate[1].name.startswith("rule:")]
    return rules + sorted((candidate for candidate in cleaned if candidate[0] and candidate not in rules), key=merit)


def _title_doubt(candidate: tuple[str, Source], told: list[str], unlike: float, site: _Site, *, agreed: bool) -> str:
    """Return what speaks against a title, for people; "" where nothing does."""
    value, source = candidate
    if site.is_named(value):
        return "is the name of the site"
    if _is_heading(source) and unlike > _UNLIKE:
        return "has little in common with any title that the head states"
    if _is_heading(source) and told and len(value) < min(map(len, told)) / _LABEL_SHARE:
        return "is a label: the titles that the head states are much longer"
    if _is_heading(source) and agreed and not any(fold(value) in fold(other) for other in told):
        return "JSON-LD and Open Graph agree on another"
    return ""


def _is_heading(source: Source) -> bool:
    return source.name in {"h1", "itemprop:headline"}


def _agreed(candidates: list[tuple[str, Source]]) -> bool:
    """Whether JSON-LD and Open Graph state the same title."""
    said = [
        {fold(value) for value, source in candidates if source.name == name} for name in ("json-ld", "meta:og:title")
    ]
    return not said[0].isdisjoint(said[1])


def _unlikeness(heading: str, told: list[str]) -> float:
    """Return the share of the words, of the shorter of two titles, that the likest of `told` has not got."""
    own = _telling(heading)
    shares = [
        0.0 if fold(heading) == fold(title) else 1 - len(own & other) / max(min(len(own), len(other)), 1)
        for title in told
        for other in (_telling(title),)
    ]
    return min(shares, default=0.0)


@lru_cache(1_024)
def _telling(title: str) -> frozenset[str]:
    """Return the words of a title but for short ones, which any two share."""
    return frozenset(word for word in words(fold(title)) if len(word) > _SHORT_WORD or not word.isascii())


def _without_site(title: str, site: _Site, whole: Counter[str]) -> str:
    """Return `title` without the site's name at its end or start, and without a label that all other sources leave out.

    A part goes if it is a name of the site, or if what remains is what another source gives as the whole title.
    """
    for match in reversed(list(_SEPARATOR.finditer(title))[-_MAX_PARTS:]):
        before, after = title[: match.start()].strip(), title[match.end() :].strip()
        if not before or not after:
            continue
        if fold(before) in whole or site.is_named(after):
            return _without_site(before, site, whole)
        if site.is_named(before):
            return _without_site(after, site, whole)
    for match in islice(_LABEL_END.finditer(title), _MAX_PARTS if whole[fold(title)] < 2 else 0):
        after = title[match.end() :]
        if whole[fold(after)] and len(words(after)) >= _TITLE_WORDS:
            return after
    return title
