"""What a page says of itself: metadata with sources, captions with credits.

::

    declare   rules, head, captions, lines  ─▶ Declared: candidates per field, best source first
    describe  Declared and the verdicts     ─▶ Metadata, captions

Nothing is ever made up: a field is what some place of the page states, with that place as its source, or absent.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from cleaner.describe import captions, dates, head, lines, names
from cleaner.describe.ranks import rank
from cleaner.model import Caption, Declared, Document, Fate, Metadata, Source, Verdict
from cleaner.text import collapse, fold, settle

__all__ = ["BUILTINS", "declare", "describe"]

BUILTINS = captions.BUILTINS | lines.BUILTINS
"""Ids of what finds metadata on a page; rules can disable them."""

_TEXTS = ("title", "description", "section", "site_name", "language", "url", "image", "copyright", "page_type")
_LISTS = ("authors", "tags", "agencies")
_DATES = ("date", "modified")
_MAX_TAGS = 60
_LABEL_WORDS = 20


class Declares(Protocol):
    """What :func:`declare` needs of a rule set: its `[meta]` extractors."""

    def declare(self, document: Document, declared: Declared) -> None:
        """Add what the rules for this page say of it."""


def declare(document: Document, ruleset: Declares) -> Declared:
    """Return what the page says of itself before any judging: candidates per field, and blocks that state metadata."""
    declared = Declared()
    ruleset.declare(document, declared)
    region = None
    if document.root is not None:
        region = head.read(document, declared)
        rank(declared, document.page.url)  # the lines are recognised by the best of what the head said
    found = captions.find(document, declared, region)
    _claim(declared, found.sure)
    lines.read(document, declared, region, found.sure)
    _claim(declared, found.maybe)  # whatever else a block states has gone before
    rank(declared, document.page.url, partial(_in_view, document))
    return declared


def _claim(declared: Declared, found: dict[int, str]) -> None:
    """Claim blocks as captions, except where a rule file or a line has had the first word."""
    for index, found_by in found.items():
        declared.blocks.setdefault(index, ("captions", found_by))


def _in_view(document: Document, name: str) -> bool:
    """Whether a short line of the page holds `name`: a byline, a logo's text, a copyright line."""
    wanted = fold(name)
    return any(wanted in fold(block.text) for block in document if block.words <= _LABEL_WORDS and not block.hidden)


def describe(document: Document, declared: Declared, verdicts: list[Verdict]) -> tuple[Metadata, list[Caption]]:
    """Return the metadata, the best candidate for each field with its source, and each caption once."""
    if any(map(_is_ruled, verdicts)):  # rules took values from blocks since
        rank(declared, document.page.url)
    metadata = Metadata()
    for name in _TEXTS:
        _fill(metadata, declared, name, _text)
    _fill(metadata, declared, "is_accessible_for_free", _truth)
    for name in _DATES:
        _fill(metadata, declared, name, _date)
    for name in _LISTS:
        _fill(metadata, declared, name, _list if name != "authors" else partial(_authors, language=document.language))
    metadata.tags = metadata.tags[:_MAX_TAGS]
    _name_agencies(metadata, declared)
    if metadata.language is None and document.language is not None:
        metadata.language = document.language
        metadata.sources["language"] = Source("document", document.language)
    return metadata, captions.read(document, declared, verdicts)


def _is_ruled(verdict: Verdict) -> bool:
    """Whether a rule says that a block states metadata."""
    return verdict.fate is Fate.METADATA and not verdict.evidence[0].id.startswith("builtin/")


def _fill(metadata: Metadata, declared: Declared, name: str, reader: Any) -> None:
    for value, source in declared.candidates.get(name, ()):
        read = reader(value)
        if read or read is False:
            setattr(metadata, name, read)
            metadata.sources[name] = source
            return


def _text(value: object) -> str:
    return collapse(settle(value)) if isinstance(value, str) else ""


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _list(value: object) -> list[str]:
    items = value if isinstance(value, (list, tuple)) else [value]
    return list(dict.fromkeys(text for text in map(_text, items) if text))


def _authors(value: object, language: str | None) -> list[str]:
    """Return authors; a string is a byline that a rule took as a whole."""
    if isinstance(value, str):
        return names.byline(value, language) or names.names(_text(value), language)
    return _list(value)


def _date(value: object) -> str | None:
    return dates.iso(value) if isinstance(value, str) else None


def _name_agencies(metadata: Metadata, declared: Declared) -> None:
    """Fill the wire services: those among the authors, then those that notes name."""
    found = list(metadata.agencies)
    noted = [(_list(value), source) for value, source in declared.candidates.get("agencies", ())]
    by_authors = names.agencies_in(metadata.authors)
    for agencies, source in [(by_authors, metadata.sources.get("authors")), *noted]:
        if agencies and source is not None:
            metadata.sources.setdefault("agencies", source)
        found += [name for name in agencies if fold(name) not in {fold(known) for known in found}]
    metadata.agencies = found
