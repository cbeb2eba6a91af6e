"""Small documents for the tests of rules: a segmenter of a few lines, so that these tests need no other part."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lxml import etree

from cleaner.model import Block, BlockKind, Document, Page, Zone
from cleaner.text import collapse, settle

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_INLINE = ("a", "b", "span", "em", "time", "i")
_KINDS = {
    **dict.fromkeys(_HEADINGS, BlockKind.HEADING),
    "li": BlockKind.LIST_ITEM,
    "blockquote": BlockKind.QUOTE,
    "figcaption": BlockKind.CAPTION,
}


def page_of_html(
    source: str, url: str | None = None, captured: datetime | None = None, language: str | None = "en"
) -> Document:
    """Segment HTML. `data-zone` sets the zone of all beneath an element, `hidden` hides it."""
    root = etree.HTML(source)
    page = Page(source, url, captured=captured)
    document = Document(page, source, "utf-8", True, [], [], [], [], root=root, language=language)
    body = root.find("body")
    if body is not None:
        _Segmenter(document).run(body)
    document.unread = [element for element in root.iter("*") if element not in document.spans]
    return document


def page_of_text(
    source: str, url: str | None = None, language: str | None = None, zones: dict[int, Zone] | None = None
) -> Document:
    """Segment a dump: a block for each line that is not blank."""
    lines = [settle(line) for line in source.splitlines() if line.strip()]
    blocks = [
        Block(index, collapse(line), zone=(zones or {}).get(index, Zone.MAIN)) for index, line in enumerate(lines)
    ]
    count = len(lines)
    bounds = [(index, index + 1) for index in range(count)]
    page = Page(source, url)
    return Document(
        page,
        source,
        "utf-8",
        False,
        blocks,
        bounds,
        lines,
        [None] * count,
        anchors=list(range(count)),
        language=language,
    )


class _Segmenter:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.start = 0
        self.ordinal = 1
        document.elements, document.attributes, document.names = [None], [{}], [("", None, None)]

    def run(self, body: Any) -> None:
        self.walk(body, body, Zone.MAIN, False)
        self.close(body, Zone.MAIN, False)

    def walk(self, element: Any, owner: Any, zone: Zone, hidden: bool) -> None:
        document = self.document
        inline = element.tag in _INLINE
        zone = Zone(element.get("data-zone", zone))
        hidden = hidden or element.get("hidden") is not None
        own = owner if inline else element
        ordinal, self.ordinal = self.ordinal, self.ordinal + 1
        first = len(document.pieces)
        document.spans[element] = (ordinal, first, first)
        document.elements.append(element)
        document.attributes.append(dict(element.items()))
        document.names.append((element.tag, element.get("class"), element.get("id")))
        self.piece(element.text, element)
        for child in element:
            if not isinstance(child.tag, str) or child.tag in ("script", "style"):
                continue
            if child.tag not in _INLINE:
                self.close(own, zone, hidden)
            self.walk(child, own, zone, hidden)
            if child.tag not in _INLINE:
                below = Zone(child.get("data-zone", zone))
                self.close(child, below, hidden or child.get("hidden") is not None)
            self.piece(child.tail, element)
        document.spans[element] = (ordinal, first, len(document.pieces))

    def piece(self, text: str | None, owner: Any) -> None:
        if text:
            self.document.pieces.append(settle(text))
            self.document.owners.append(owner)

    def close(self, element: Any, zone: Zone, hidden: bool) -> None:
        document = self.document
        start, end = self.start, len(document.pieces)
        text = collapse("".join(document.pieces[start:end]))
        self.start = end
        if not text:
            return
        links = [a for a in document.spans if a.tag == "a" and start <= document.spans[a][1] < end]
        chars = sum(len("".join("".join(a.itertext()).split())) for a in links)
        kind = _KINDS.get(element.tag, BlockKind.PARAGRAPH)
        level = int(element.tag[1]) if kind is BlockKind.HEADING else 0
        index = len(document.blocks)
        document.blocks.append(
            Block(index, text, kind, level, links=len(links), link_chars=chars, zone=zone, hidden=hidden)
        )
        document.bounds.append((start, end))
        document.anchors.append(document.spans[element][0])
