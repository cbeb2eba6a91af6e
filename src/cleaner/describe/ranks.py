"""Which candidate counts: one order of sources per field, and what a title must be freed of."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from cleaner.model import Declared, Source
from cleaner.text import collapse, fold

__all__ = ["rank"]

# Best first; a source counts where its name begins so. What is not listed comes after, in the order it was found.
_ORDER: dict[str, tuple[str, ...]] = {
    "authors": ("rule:", "json-ld", "itemprop:author", "rel:author", "line", "meta:"),
    "date": ("rule:", "json-ld", "meta:", "itemprop:", "time:published", "line", "time", "url"),
    "modified": ("rule:", "json-ld", "meta:", "itemprop:", "time", "line"),
    "description": ("rule:", "line", "json-ld", "meta:"),
    "site_name": ("rule:", "meta:og:site_name", "json-ld", "meta:", "line"),
    "language": ("rule:", "html:lang", "meta:", "json-ld"),
    "url": ("rule:", "link:canonical", "meta:"),
    "section": ("rule:", "json-ld", "meta:", "line"),
    "image": ("rule:", "meta:", "json-ld"),
    "copyright": ("rule:", "json-ld", "meta:", "line"),
}
_TITLE_ORDER = ("rule:", "h1", "itemprop:headline", "json-ld", "meta:og:title", "meta:", "title", "line")
# How a site hangs its name on a title. A colon does not: "Interview: …" is the title's own.
_SEPARATOR = re.compile(r"\s+(?:[|–—•·»«:/-]|::|>>)\s+|\s*[|｜]\s*")
_NOT_ALNUM = re.compile(r"[\W_]+")
_MAX_PARTS = 8
_SHORTEST_HOST_NAME = 4
# A heading as short as a label is part of many a title by chance.
_SHORTEST_PART = 12


def rank(declared: Declared, address: str | None = None) -> None:
    """Order the candidates of every field, best source first; ties stay in the order they were found.

    `address` is the page's URL: the name of a site is often the name of its host.
    """
    for field, candidates in declared.candidates.items():
        order = _ORDER.get(field, ("rule:",))
        candidates.sort(key=partial(_place, order=order))
    site = _Site(declared, address)
    if "title" in declared.candidates:
        declared.candidates["title"] = _titles(declared, site)
    if "authors" in declared.candidates:
        # A system that signs everything with the site's name says less than a byline with a person's.
        declared.candidates["authors"].sort(key=lambda candidate: _is_house(candidate, site))


def _place(candidate: tuple[Any, Source], order: tuple[str, ...]) -> int:
    return _place_of(candidate[1].name, order)


@lru_cache(1_024)
def _place_of(name: str, order: tuple[str, ...]) -> int:
    return next((place for place, prefix in enumerate(order) if name.startswith(prefix)), len(order))


def _is_house(candidate: tuple[Any, Source], site: _Site) -> bool:
    value, source = candidate
    named = value if isinstance(value, list) else [value]
    return not source.name.startswith("rule:") and all(site.is_named(str(name)) for name in named)


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


def _squash(text: str) -> str:
    """Return the letters and digits of `text`, folded: "Trill! Mag" and "trillmag" are one."""
    return _NOT_ALNUM.sub("", fold(text))


# --- titles ---------------------------------------------------------------------------------------------------------


def _titles(declared: Declared, site: _Site) -> list[tuple[Any, Source]]:
    """Return the candidates for the title, cleaned, best first.

    What readers see as the heading counts before what machines are told, if that confirms it: the first `h1` of a
    page may be its logo or a teaser's, and a heading may hold a date or a label besides.
    """
    stated = [(collapse(str(value)), source) for value, source in declared.candidates["title"] if value]
    whole = {fold(value) for value, _ in stated}
    cleaned = [
        (value if source.name.startswith("rule:") else _without_site(value, site, whole), source)
        for value, source in stated
    ]
    told = [fold(value) for value, source in cleaned if not _is_heading(source)]

    def merit(candidate: tuple[str, Source]) -> tuple[bool, bool, int]:
        value, source = candidate
        doubtful = _is_heading(source) and bool(told) and not _confirmed(fold(value), told)
        return (
            not source.name.startswith("rule:"),
            doubtful or site.is_named(value),
            _place(candidate, _TITLE_ORDER),
        )

    return sorted((candidate for candidate in cleaned if candidate[0]), key=merit)


def _is_heading(source: Source) -> bool:
    return source.name in {"h1", "itemprop:headline"}


def _confirmed(heading: str, told: list[str]) -> bool:
    """Whether one of the page's own titles, folded, is the heading or holds it."""
    return any(heading == title or (len(heading) > _SHORTEST_PART and heading in title) for title in told)


def _without_site(title: str, site: _Site, whole: set[str]) -> str:
    """Return `title` without the site's name at its end or start.

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
    return title
