"""Pages into blocks: decoding, parsing, segmenting, zones. HTML and text dumps give the same shape."""

from __future__ import annotations

from typing import Final

from cleaner.errors import TooLargeError, UnreadableError
from cleaner.model import Document, Page
from cleaner.segment import dump, html
from cleaner.segment.decode import decode, looks_binary, looks_like_html
from cleaner.segment.html import fragments
from cleaner.segment.parse import MAX_CHARS, parse
from cleaner.segment.zones import assign_zones, is_prose

__all__ = ["fragments", "is_prose", "segment"]

_NEARLY_EMPTY: Final = 200
"""Characters of visible text under which `<noscript>` is read: script-built forums (Discourse) have the posts there."""


def segment(page: Page) -> Document:
    """Return the blocks of a page in reading order.

    Raises:
        UnreadableError: the content is binary.
        TooLargeError: the page is over a cap on characters or depth.

    """
    if looks_binary(page.content):
        raise UnreadableError("the content is not text (a picture, a PDF or an archive?)")
    decoded = decode(page)
    if len(decoded.text) > MAX_CHARS:
        raise TooLargeError(f"the page has {len(decoded.text):,} characters; at most {MAX_CHARS:,} are read")
    media_type = (page.media_type or "").partition(";")[0].strip().lower()
    is_html = media_type != "text/plain" and looks_like_html(decoded.text)
    document = Document(page, decoded.text, decoded.encoding, is_html, [], [], [], [])
    if is_html:
        _segment_html(document)
    else:
        _segment_dump(document)
    assign_zones(document.blocks)
    return document


def _segment_html(document: Document) -> None:
    document.root = parse(document.source).root
    if document.root is None:
        return
    html.walk(document)
    if sum(len(block.text) for block in document.blocks) < _NEARLY_EMPTY:
        html.walk(document, noscript=True)
    language = document.root.get("lang") or document.root.get("xml:lang") or ""
    document.language = language.replace("_", "-").partition("-")[0].strip().lower() or None


def _segment_dump(document: Document) -> None:
    blocks = dump.blocks_of(document.source)
    document.blocks = blocks
    document.pieces = [block.text for block in blocks]
    document.owners = [None] * len(blocks)
    document.bounds = [(index, index + 1) for index in range(len(blocks))]
    document.anchors = list(range(len(blocks)))
