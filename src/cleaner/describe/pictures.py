"""Pictures of an HTML page, and the few texts that share an element with each: where captions stand.

What the element around a picture and its caption is called differs from site to site. What does not is that it holds
nothing else: so from each picture the elements around it are followed outwards, as long as they hold little text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from cleaner.model import BlockKind, Document

__all__ = ["Picture", "beside"]

_PICTURES: Final = ("img", "amp-img", "video")
_MOST_TEXTS: Final = 4
"""Blocks that share an element with a picture: caption, credit, a label, a button."""
_MOST_WORDS: Final = 150
_MOST_LEVELS: Final = 10
_ENDS: Final = frozenset({"body", "html", "main", "article", "form", "nav", "header", "footer"})
"""What holds more than a picture, however little text is in it."""
_OF_PICTURE: Final = frozenset({"picture", "source"})  # the parser nests the sources of a picture
# A lazy picture has its address in some `data-`attribute, and a placeholder in `src`.
_ADDRESSES: Final = ("data-src", "data-lazy-src", "data-original", "src", "data-srcset", "srcset")
_FIRST_CANDIDATE: Final = re.compile(r"[^\s,]\S*")
_PLACEHOLDER: Final = re.compile(r"data:|about:|.*\b(?:blank|placeholder|spacer|transparent|1x1)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture and what stands in its element."""

    element: Any
    container: int
    """Ordinal of the outermost element that holds the picture and little else."""
    blocks: range
    """The blocks of that element."""
    after: int
    """The first piece after the picture."""

    @property
    def image(self) -> str | None:
        """Its address, as the page has it."""
        return _address(self.element)

    @property
    def alt(self) -> str | None:
        """Its alternative text."""
        alt: str | None = self.element.get("alt")
        return alt


def beside(document: Document) -> dict[int, Picture]:
    """Return for each block that shares an element with a picture that picture; of several the first."""
    found: dict[int, Picture] = {}
    starts = [first for first, _ in document.bounds]
    ends = [end for _, end in document.bounds]
    pictures = [(element, _around(document, element)) for tag in _PICTURES for element in document.tagged(tag)]
    held = Counter(ordinal for _, chain in pictures for ordinal in chain)
    texts: dict[int, range] = {}
    figures: dict[int, Any] = {}
    for element, chain in pictures:
        container, blocks, count = 0, range(0), 0
        for ordinal in chain:
            inside = texts.get(ordinal)
            if inside is None:
                _, first, end = document.spans[document.elements[ordinal]]
                start = bisect_left(starts, first)
                inside = texts[ordinal] = range(start, max(start, bisect_right(ends, end, start)))
            if len(inside) > _MOST_TEXTS or sum(document.blocks[index].words for index in inside) > _MOST_WORDS:
                break
            if blocks and held[ordinal] > count:
                break  # a row of cards
            container, blocks, count = ordinal, inside, held[ordinal]
            if blocks and document.names[ordinal][0] == "figure":
                break
        if blocks:
            picture = _picture(document, element, container, blocks)
            for index in blocks:
                found.setdefault(index, picture)
        figure = next((ordinal for ordinal in chain if document.names[ordinal][0] == "figure"), 0)
        if figure and figure not in figures:
            figures[figure] = element
    for figure, element in figures.items():  # with long or many captions
        _, first, end = document.spans[document.elements[figure]]
        start = bisect_left(starts, first)
        inside = texts.get(figure) or range(start, max(start, bisect_right(ends, end, start)))
        missed = [i for i in inside if i not in found and document.blocks[i].kind is BlockKind.CAPTION]
        if missed:
            picture = _picture(document, element, figure, inside)
            found.update(dict.fromkeys(missed, picture))
    return found


def _picture(document: Document, element: Any, container: int, blocks: range) -> Picture:
    known = document.spans.get(element)
    after = known[2] if known else document.spans[document.elements[container]][1]
    return Picture(element, container, blocks, after)


def _around(document: Document, element: Any) -> list[int]:
    """Return the ordinals of the elements around a picture, innermost first, up to what is surely more than it."""
    around = element.getparent()
    while around is not None and around not in document.spans:
        around = around.getparent()
    ordinal = document.spans[around][0] if around is not None else 0
    chain: list[int] = []
    while ordinal and len(chain) < _MOST_LEVELS and document.names[ordinal][0] not in _ENDS:
        if document.names[ordinal][0] not in _OF_PICTURE:
            chain.append(ordinal)
        ordinal = document.parents[ordinal]
    return chain


def _address(element: Any) -> str | None:
    """Return the address of a picture: its own, or the first that its `<picture>` offers."""
    offers = [element]
    around = element.getparent()
    while around is not None and around.tag in _OF_PICTURE:
        offers += around.iterchildren("source")
        around = around.getparent()
    for offer in offers:
        for name in _ADDRESSES:
            value = (offer.get(name) or "").strip()
            candidate = _FIRST_CANDIDATE.search(value) if value and not _PLACEHOLDER.match(value[:300]) else None
            if candidate is not None:
                return value if name.endswith("src") else candidate[0].rstrip(",")
    poster: str | None = element.get("poster")
    return poster
