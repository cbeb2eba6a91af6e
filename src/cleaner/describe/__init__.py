"""What a page says of itself: metadata with sources, captions with credits.

::

    declare   rules, then the head, then the lines  ─▶ Declared: candidates per field, best source first
    describe  Declared and the verdicts             ─▶ Metadata, captions

Nothing is ever made up: a field is what some place of the page states, with that place as its source, or absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from cleaner.describe import dates, head, lines, names
from cleaner.describe.ranks import rank
from cleaner.model import Block, Caption, Declared, Document, Fate, Metadata, Source, Verdict
from cleaner.text import collapse, fold, settle

__all__ = ["BUILTINS", "declare", "describe"]

BUILTINS = lines.BUILTINS

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
    lines.read(document, declared, region)
    rank(declared, document.page.url, partial(_in_view, document))
    return declared


def _in_view(document: Document, name: str) -> bool:
    """Whether a short line of the page holds `name`: a byline, a logo's text, a copyright line."""
    wanted = fold(name)
    return any(wanted in fold(block.text) for block in document if block.words <= _LABEL_WORDS and not block.hidden)


def describe(document: Document, declared: Declared, verdicts: list[Verdict]) -> tuple[Metadata, list[Caption]]:
    """Return the metadata, the best candidate for each field with its source, and each caption once."""
    rank(declared, document.page.url)  # marks may have added candidates since
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
    return metadata, _captions(document, declared, verdicts)


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


# --- captions -------------------------------------------------------------------------------------------------------


def _captions(document: Document, declared: Declared, verdicts: list[Verdict]) -> list[Caption]:
    """Return the captions, in reading order, each once; a credit that stands alone joins its caption's picture."""
    ruled = [_stated(value) for value, _ in declared.candidates.get("captions", ())]
    found: list[Caption] = []
    for caption in _block_captions(document, declared, verdicts, ruled):
        _include(found, caption)
    for caption in ruled:
        _include(found, caption)
    return found


def _stated(value: object) -> Caption:
    """Return the caption that a rule states: a string, or its parts."""
    if isinstance(value, dict):
        shown, by = _text(value.get("v")), _text(value.get("credit"))
        # Where all there is is a credit, a pattern has it for the whole as well.
        return Caption("" if fold(shown) == fold(by) else shown, by or None)
    text, credit = names.split_credit(_text(value), caption=True)
    return Caption(text, credit)


def _block_captions(
    document: Document, declared: Declared, verdicts: list[Verdict], ruled: list[Caption]
) -> Iterator[Caption]:
    label: Block | None = None
    for block, verdict in zip(document.blocks, verdicts, strict=True):
        if verdict.fate is not Fate.METADATA or verdict.field != "captions":
            label = None
            continue
        if declared.blocks.get(block.index, ("", ""))[1] == "builtin/caption-label":
            label = block
            continue
        text = collapse(block.text)
        stated = next((caption for caption in ruled if _covers(caption, text)), None)
        if stated is None:
            stated = Caption(*names.split_credit(_spaced(document, block), caption=True))
        alt = block.alt or (label.text if label else None)
        yield Caption(stated.text, stated.credit, alt or None, block.image)
        label = None


def _spaced(document: Document, block: Block) -> str:
    """Return a caption's text with space between elements that only their looks keep apart: text and credit."""
    if not document.is_html:
        return collapse(block.text)
    first, end = document.bounds[block.index]
    parts: list[str] = []
    for piece, owner, before in zip(
        document.pieces[first:end], document.owners[first:end], [None, *document.owners[first:end]], strict=False
    ):
        last = parts[-1][-1:] if parts and owner is not before else " "
        begins_word = piece[:1].isupper() and not last.isupper()
        if not last.isspace() and (begins_word or piece[:1] in "(©" or names.starts_credit(piece)):
            parts.append(" ")
        parts.append(piece)
    return collapse(settle("".join(parts)))


def _covers(caption: Caption, text: str) -> bool:
    """Whether a rule's caption was read from this text."""
    parts = [fold(part) for part in (caption.text, caption.credit) if part]
    return bool(parts) and all(part in fold(text) for part in parts)


def _include(found: list[Caption], caption: Caption) -> None:
    """Add `caption` unless it is there already: then only what it knows besides is added."""
    if not caption.text and not caption.credit:
        return
    for index, known in enumerate(found):
        same_text = fold(known.text) == fold(caption.text) if caption.text else False
        same_credit = not caption.text and (
            fold(known.credit or "") == fold(caption.credit or "")
            or (known.credit is None and known.image is not None and known.image == caption.image)
        )
        if same_text or same_credit:
            found[index] = Caption(
                known.text, known.credit or caption.credit, known.alt or caption.alt, known.image or caption.image
            )
            return
    found.append(caption)
