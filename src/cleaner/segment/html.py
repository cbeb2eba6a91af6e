"""An element tree into blocks: one walk, no recursion, every visible word in exactly one block.

The walk keeps a flat list of *pieces* (text nodes) and notes for each element which pieces lie under it. A block is a
range of pieces between two block boundaries; its text is made from them once, at the boundary. Rules that hit an
element later find their blocks by comparing numbers (:class:`~cleaner.model.Document`).

What the walk follows is how browsers lay text out (WHATWG HTML, "Rendering"): block elements break, inline elements do
not, `<br>` breaks a line, two of them a paragraph, `<pre>` keeps its white space.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from lxml import etree

from cleaner.model import Block, BlockKind, Document, Name
from cleaner.text import collapse, settle, settle_line

__all__ = ["MAX_LIST_DEPTH", "fragments", "trimmed", "walk"]

MAX_LIST_DEPTH: Final = 8
"""Nesting beyond this prints like this depth."""

# Marks in the pieces for what is not text. Neither occurs in text: `settle` would turn them into white space.
BREAK: Final = "\u2028"
CELL: Final = "\x1f"
# A piece of nothing but these is no text of its own: white space, what `settle` removes, the bars between links.
_BLANK: Final = "|" + "".join(
    map(chr, (*range(0x21), *range(0x7F, 0xA1), 0xAD, 0x1680, *range(0x2000, 0x200C), 0x2028, 0x2029, 0x202F, 0x205F))
) + "\u2060\u3000\ufeff"  # fmt: skip

# What an element does to the text around it.
_INLINE, _BLOCK, _SKIP, _BREAK, _HIDDEN, _VOID, _CONTEXT, _LINK, _NOSCRIPT = range(9)

_TAGS: Final[dict[Any, int]] = {
    **dict.fromkeys(
        (
            "address article aside body button center dd details dialog div dl dt fieldset footer form frameset "
            "header hgroup hr html legend main nav optgroup option p search section select summary tbody textarea "
            "tfoot thead"
        ).split(),
        _BLOCK,
    ),
    # Elements that change what kind of block their text is.
    **dict.fromkeys(
        (
            "blockquote caption dir figcaption figure h1 h2 h3 h4 h5 h6 li listing menu ol plaintext pre table td "
            "th tr ul xmp"
        ).split(),
        _CONTEXT,
    ),
    # Never text: code, other spellings of what is shown, markup that the parser hands over unparsed.
    **dict.fromkeys(
        ("annotation annotation-xml base head iframe link meta noembed script style template title").split(),
        _SKIP,
    ),
    # Text that browsers show only where something fails, or as a picture: it becomes hidden blocks.
    **dict.fromkeys(("audio canvas datalist object svg video").split(), _HIDDEN),
    **dict.fromkeys(["noscript", "noframes"], _NOSCRIPT),
    **dict.fromkeys(("area col colgroup embed img input map param picture source track").split(), _VOID),
    "br": _BREAK,
    "a": _LINK,
}
# Elements too many and too plain to be asked for `hidden` and `style`.
_STRUCTURAL: Final = frozenset({_BLOCK, _CONTEXT})
_NEVER_HIDDEN: Final = frozenset({_BREAK, _VOID, _SKIP})
_HEADINGS: Final = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_LISTS: Final = frozenset({"ul", "ol", "menu", "dir"})
_PREFORMATTED: Final = frozenset({"pre", "listing", "plaintext", "xmp"})
# Inside these a custom element is part of a sentence, elsewhere it is laid out as a block.
_PROSE: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "a", "span", "em", "strong", "b", "i", "td", "th"})
# What a cell of a table of data never holds.
_LAYOUT: Final = frozenset(
    ("table h1 h2 h3 h4 h5 h6 figure article section aside nav form pre blockquote iframe video textarea").split()
)
# To look a member up in its enum takes Python 3.11 longer than most of what is done with it here.
_PARAGRAPH, _HEADING, _LIST_ITEM, _TABLE_ROW = (
    BlockKind.PARAGRAPH,
    BlockKind.HEADING,
    BlockKind.LIST_ITEM,
    BlockKind.TABLE_ROW,
)
_QUOTE, _CODE, _CAPTION = BlockKind.QUOTE, BlockKind.CODE, BlockKind.CAPTION
_MAX_CELL_CHARS: Final = 300
"""Mean characters a cell; over it the table lays out prose."""


@dataclass(slots=True)
class _Context:
    """What the text directly in an element becomes."""

    kind: BlockKind = _PARAGRAPH
    level: int = 0
    marker: str = ""
    group: int = 0
    row: bool = False
    """Within a row of a data table: inner boundaries separate words, not blocks."""
    pre: bool = False
    table: bool = False
    """Directly in a table of data."""
    lists: int = 0
    """How many lists are open."""
    number: int | None = None
    """Of an ordered list: the number of its next item."""
    fresh: bool = False
    """No block of this list item has been made yet: the next one carries the marker."""


_Saved = tuple[_Context, int, int, bool | None]
"""What to put back when an element ends: context, anchor, depth of hiding. Of a hidden inline element, after which the
paragraph around it goes on, also whether that paragraph had text before it; None for all others."""


class _Walker:
    """The state of one walk."""

    def __init__(self, *, noscript: bool) -> None:
        self.noscript = noscript
        self.pieces: list[str] = []
        self.owners: list[Any] = []
        # By ordinal, as in the document made of this.
        self.elements: list[Any] = [None]
        self.attributes: list[dict[str, str]] = [{}]
        self.names: list[Name] = [("", None, None)]
        self.parents: list[int] = [0]
        self.spans: dict[Any, tuple[int, int, int]] = {}
        self.unread: list[Any] = []
        self.blocks: list[Block] = []
        self.bounds: list[tuple[int, int]] = []
        self.anchors: list[int] = []
        self.start = 0  # first piece of the block being gathered
        self.has_text = False
        self.breaking = False  # the last thing in the block being gathered is a <br>
        self.continues = False  # what is gathered goes on with the paragraph of the block before
        self.links = 0
        self.link_chars = 0
        self.link_depth = 0
        self.link_end = -1  # number of pieces when the last link ended
        self.hidden_depth = 0
        self.context = _Context()
        self.anchor = 0  # ordinal of the innermost open block element
        self.paths: dict[int, str] = {0: ""}

    # ---- the walk -----------------------------------------------------------------------------------------------

    def run(self, root: Any) -> None:  # noqa: C901  (the hot loop: a call per element would cost a third of it)
        """Walk `root` and everything below it."""
        tags, pieces, owners, spans = _TAGS, self.pieces, self.owners, self.spans
        elements, of_elements, names, parents = self.elements, self.attributes, self.names, self.parents
        firsts = [0]  # by ordinal: the first piece in an element
        same: dict[Name, Name] = {}  # a page calls hundreds of elements alike
        saves: dict[int, _Saved] = {}  # by ordinal: what to put back when the element ends
        inside: Any = None  # the innermost open element, which owns the text that comes
        above = 0  # its ordinal
        skipped: Any = None
        walker = etree.iterwalk(root, events=("start", "end"))
        for event, element in walker:
            if event == "start":
                tag = element.tag
                code = tags.get(tag)
                if code is None:
                    code = self.code_of_unknown(element, tag)
                if code == _SKIP or (code == _NOSCRIPT and not self.noscript):
                    walker.skip_subtree()
                    skipped = element
                    self.unread += element.iter("*") if len(element) else (element,)
                    continue
                # One call for all attributes costs as much as asking for three by name.
                attributes = dict(element.items())
                hidden = code == _HIDDEN or (
                    ("hidden" in attributes or "style" in attributes)
                    and code not in _NEVER_HIDDEN
                    and _is_hidden(attributes)
                )
                if hidden and not self.hidden_depth and not _has_text(element):
                    walker.skip_subtree()
                    skipped = element
                    self.unread += element.iter("*")
                    continue
                parents.append(above)
                inside, above = element, len(elements)
                elements.append(element)
                of_elements.append(attributes)
                name = (tag, attributes.get("class"), attributes.get("id"))
                names.append(same.setdefault(name, name))
                firsts.append(len(pieces))
                if code in _STRUCTURAL:
                    saves[above] = self.enter_block(element, tag, above, context=code == _CONTEXT, hidden=hidden)
                elif code == _BREAK:
                    self.line_break(element)
                elif code == _VOID:
                    if self.has_text:
                        pieces.append(" ")
                        owners.append(element)
                else:
                    if code == _LINK:
                        if self.has_text and self.link_end == len(pieces):
                            # Links side by side are laid out apart, however tightly the source has them.
                            pieces.append(" ")
                            owners.append(None)
                        self.link_depth += 1
                        if "href" in attributes:
                            self.links += 1
                    if hidden and not self.hidden_depth:
                        saves[above] = self.enter_hidden()
                text = element.text
            else:
                if element is skipped:
                    skipped = None
                else:
                    tag = names[above][0]
                    if above in saves:
                        self.leave(saves.pop(above), tag, element)
                    if tag == "a":
                        self.link_depth -= 1
                        self.link_end = len(pieces)
                    spans[element] = (above, firsts[above], len(pieces))
                    above = parents[above]
                    if not above:
                        break  # what comes behind the root is none of it
                    inside = elements[above]
                text = element.tail
            if not text:
                continue
            if text.isspace():
                if not self.has_text and not self.context.pre and not self.continues:
                    continue
            else:
                self.has_text = True
                self.breaking = False
                if self.link_depth:
                    self.link_chars += len(text) - text.count(" ")
            pieces.append(text)
            owners.append(inside)
        self.flush()

    def code_of_unknown(self, element: Any, tag: Any) -> int:
        """A custom element is a block unless it stands in a sentence; any other unknown element is inline."""
        if not isinstance(tag, str):  # a comment or an instruction that the rescue parse let through
            return _SKIP
        if "-" not in tag:
            return _INLINE
        parent = element.getparent()
        return _INLINE if parent is not None and parent.tag in _PROSE else _BLOCK

    def line_break(self, element: Any) -> None:
        """`<br>`: a line ends; the second in a row ends the paragraph."""
        if not self.has_text and not self.context.pre and not self.continues:
            return
        if self.breaking and not self.context.pre and not self.context.row:
            self.flush()
            return
        self.breaking = True
        self.pieces.append(BREAK)
        self.owners.append(element)

    # ---- elements that change state ------------------------------------------------------------------------------

    def enter_block(self, element: Any, tag: str, ordinal: int, *, context: bool, hidden: bool) -> _Saved:
        """Begin a block element; with `context`, one that decides what kind of block its text is."""
        outer = self.context
        if outer.row or outer.pre:
            if hidden and not self.hidden_depth:
                return self.enter_hidden()
            if not (outer.row and tag in ("td", "th")):
                self.boundary()
        else:
            self.flush()
        saved = (outer, self.anchor, self.hidden_depth, None)
        if not outer.row:
            self.anchor = ordinal
            self.hidden_depth += hidden
            if context:
                self.context = self.inner_context(element, tag, ordinal)
        return saved

    def inner_context(self, element: Any, tag: str, ordinal: int) -> _Context:
        """Return what text directly in `element` becomes, given what it became around it."""
        outer = self.context
        inner = _Context(outer.kind, 0, "", outer.group, pre=outer.pre, lists=outer.lists)
        if outer.kind in (_LIST_ITEM, _HEADING):
            inner.kind, inner.level = _PARAGRAPH, outer.level
        if tag in _HEADINGS:
            inner.kind, inner.level, inner.group = _HEADING, _HEADINGS[tag], 0
        elif tag == "li":
            inner.kind, inner.fresh = _LIST_ITEM, True
            inner.level = min(max(outer.lists - 1, 0), MAX_LIST_DEPTH)
            inner.group = outer.group or ordinal
            inner.marker = "-"
            if outer.number is not None:
                number = _number(element.get("value"), outer.number)
                inner.marker, outer.number = f"{number}.", number + 1
        elif tag in _LISTS:
            inner.lists, inner.group = outer.lists + 1, outer.group if outer.lists else ordinal
            inner.number = _number(element.get("start"), 1) if tag == "ol" else None
        elif tag in _PREFORMATTED:
            inner.kind, inner.pre, inner.group = _CODE, True, 0
        elif tag == "blockquote":
            inner.kind, inner.group = _QUOTE, ordinal
        elif tag in ("figcaption", "caption"):
            inner.kind, inner.group = _CAPTION, 0
        elif tag == "table":
            inner.table = _is_data_table(element)
            inner.group = ordinal if inner.table else 0
        elif tag == "tr" and outer.table:
            inner.kind, inner.row = _TABLE_ROW, True
        return inner

    def enter_hidden(self) -> _Saved:
        """Begin an element within a paragraph that is not shown: its text is a fragment of its own."""
        goes_on = self.has_text or self.continues
        self.flush()
        self.continues = goes_on
        saved = (self.context, self.anchor, self.hidden_depth, goes_on)
        self.hidden_depth += 1
        return saved

    def leave(self, saved: _Saved, tag: str, element: Any) -> None:
        """End an element that changed state."""
        context, anchor, hidden_depth, goes_on = saved
        if goes_on is not None:
            made = len(self.blocks)
            if tag in ("td", "th"):
                self.pieces.append(CELL)
                self.owners.append(element)
            self.flush()
            self.continues = goes_on or len(self.blocks) > made
        elif self.context.row and context.row:
            if tag in ("td", "th"):
                self.pieces.append(CELL)
                self.owners.append(element)
            else:
                self.boundary()
        elif self.context.pre and context.pre:
            self.boundary()
        else:
            self.flush()
        self.context, self.anchor, self.hidden_depth = context, anchor, hidden_depth

    def boundary(self) -> None:
        """The edge of a block element: ends the block, or, within a table row or code, only the word or line."""
        if self.context.row or self.context.pre:
            edge = BREAK if self.context.pre else " "
            if self.has_text and self.pieces[-1] != edge:
                self.pieces.append(edge)
                self.owners.append(None)
        else:
            self.flush()

    # ---- making blocks -------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Make a block of what has been gathered."""
        if self.has_text:
            first, end = self.start, len(self.pieces)
            context = self.context
            kind, marker, level, group = context.kind, context.marker, context.level, max(context.group, 0)
            if kind is _LIST_ITEM and not context.fresh and not self.continues:
                kind, marker = _PARAGRAPH, ""
            text = _text(self.pieces[first:end], kind)
            if text:
                context.fresh = False
                block = Block(
                    index=len(self.blocks),
                    text=text,
                    kind=kind,
                    level=level,
                    marker=marker,
                    path=self.path(self.anchor),
                    links=max(self.links, 1) if self.link_chars else 0,
                    link_chars=self.link_chars,
                    hidden=self.hidden_depth > 0,
                    group=group,
                    continues=self.continues,
                    glue=self.glue(first, end, kind) if self.continues and self.bounds else "",
                )
                self.blocks.append(block)
                self.bounds.append((first, end))
                self.anchors.append(self.anchor)
        self.start = len(self.pieces)
        self.has_text = self.breaking = self.continues = False
        self.links = 1 if self.link_depth else 0
        self.link_chars = 0

    def glue(self, first: int, end: int, kind: BlockKind) -> str:
        """Return what stands between a fragment of these pieces and the block before it."""
        start, stop = self.bounds[-1]
        before, between, after = (self.pieces[slice(*part)] for part in ((start, stop), (stop, first), (first, end)))
        return _glue("".join(before), "".join(between), "".join(after), kind)

    def path(self, ordinal: int) -> str:
        """Return the path of an element: tags with id and the first two classes, from the root."""
        paths, way = self.paths, []
        while (path := paths.get(ordinal)) is None:
            way.append(ordinal)
            ordinal = self.parents[ordinal]
        for ordinal in reversed(way):
            label = _label(*self.names[ordinal])
            path = f"{path}/{label}" if path else label
            if len(path) > 1000:
                path = "…" + path[-900:]
            paths[ordinal] = path
        return path


@lru_cache(4_096)
def _label(tag: str, classes: str | None, ident: str | None) -> str:
    """Return an element's part of a path."""
    label = f"{tag}#{ident.strip()[:40]}" if ident else tag
    if classes:
        label += "".join(["." + token[:40] for token in classes.split(None, 2)[:2]])
    return label


def _text(pieces: list[str], kind: BlockKind) -> str:
    """Return the text of a run of pieces."""
    raw = "".join(pieces)
    if kind is _CODE:
        lines = [settle(line).replace("\n", " ").rstrip() for line in _code_lines(raw)]
        while lines and not lines[0]:
            lines.pop(0)
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(lines)
    if kind is _TABLE_ROW:
        cells = [settle_line(cell) for cell in raw.rstrip(" \t\r\n").removesuffix(CELL).split(CELL)]
        return collapse(" | ".join(cells)) if any(cells) else ""
    # Where neither mark means anything, both are white space.
    if BREAK in raw and kind in (_PARAGRAPH, _QUOTE):
        return "\n".join([line for part in raw.split(BREAK) if (line := settle_line(part))])
    return settle_line(raw)


def _code_lines(raw: str) -> list[str]:
    return raw.replace("\r\n", "\n").replace("\r", "\n").replace(BREAK, "\n").replace(CELL, " ").split("\n")


def _number(value: str | None, default: int) -> int:
    """Return an attribute that numbers a list item."""
    value = (value or "").strip()
    return int(value) if value.isdecimal() and len(value) < 7 else default


def _is_hidden(attributes: dict[str, str]) -> bool:
    """Tell whether an element itself says that it is not shown (`hidden`, or its own style)."""
    if attributes.get("hidden", "until-found") != "until-found":
        return True
    style = attributes.get("style")
    if not style:
        return False
    style = style.replace(" ", "").lower()
    return "display:none" in style or "visibility:hidden" in style


def _has_text(element: Any) -> bool:
    """Tell whether an element that is not shown holds text at all."""
    for inner in element.iter():
        if inner.text and _TAGS.get(inner.tag) != _SKIP and isinstance(inner.tag, str) and not inner.text.isspace():
            return True
        if inner is not element and inner.tail and not inner.tail.isspace():
            return True
    return False


def _is_data_table(table: Any) -> bool:
    """Tell a table of data from one that lays out a page: rows and columns of short cells, no block in them."""
    if table.get("role") in ("presentation", "none"):
        return False
    rows = cells = chars = widest = width = 0
    for element in table.iter():
        tag = element.tag
        if tag == "tr":
            rows += 1
            width = 0
        elif tag in ("td", "th"):
            cells += 1
            width += 1
            widest = max(widest, width)
        elif tag in _LAYOUT and element is not table:
            return False
        if element.text:
            chars += len(element.text.strip())
        if element.tail and element is not table:
            chars += len(element.tail.strip())
    return rows >= 1 and widest >= 2 and chars <= _MAX_CELL_CHARS * cells


def walk(document: Document, *, noscript: bool = False) -> None:
    """Fill `document` with the blocks of its tree."""
    walker = _Walker(noscript=noscript)
    walker.run(document.root)
    document.blocks, document.bounds = walker.blocks, walker.bounds
    document.anchors, document.spans = walker.anchors, walker.spans
    document.elements, document.attributes = walker.elements, walker.attributes
    document.names, document.parents, document.unread = walker.names, walker.parents, walker.unread
    document.pieces, document.owners = walker.pieces, walker.owners


def trimmed(pieces: list[str], first: int, end: int) -> tuple[int, int]:
    """Return a range of pieces without those at its edges that hold no text; the range itself if none does."""
    start, stop = first, end
    while start < stop and not pieces[start].strip(_BLANK):
        start += 1
    while stop > start and not pieces[stop - 1].strip(_BLANK):
        stop -= 1
    return (start, stop) if start < stop else (first, end)


def fragments(document: Document, ranges: list[tuple[int, int]]) -> bool:
    """Split the blocks of `document` at the edges of `ranges` (pieces), in place; tell whether any was split.

    The parts share their paragraph's kind; each but the first `continues` the one before. Parts without text stay with
    their neighbour.
    """
    edges = sorted(set(chain.from_iterable(ranges)))
    if not edges:
        return False
    within = {
        index: edges[low:high]
        for index, (first, end) in enumerate(document.bounds)
        if (low := bisect_right(edges, first)) < (high := bisect_left(edges, end))
    }
    if not within:
        return False
    blocks: list[Block] = []
    bounds: list[tuple[int, int]] = []
    origin: list[int] = []  # for each new block the one it comes from
    for block, (first, end) in zip(document.blocks, document.bounds, strict=True):
        cuts = within.get(block.index)
        parts = _parts(document, block, first, end, cuts) if cuts else []
        for part, bound in parts if len(parts) > 1 else [(block, (first, end))]:
            origin.append(block.index)
            blocks.append(part)
            bounds.append(bound)
    if len(blocks) == len(document.blocks):
        return False
    for index, block in enumerate(blocks):
        block.index = index
    document.blocks, document.bounds = blocks, bounds
    document.anchors = [document.anchors[index] for index in origin]
    return True


def _parts(
    document: Document, block: Block, first: int, end: int, cuts: list[int]
) -> list[tuple[Block, tuple[int, int]]]:
    """Return the fragments of one block, with their piece ranges."""
    parts: list[tuple[Block, tuple[int, int]]] = []
    begin = first
    pending = first  # start of a part that turned out to hold no text
    before = ""
    for cut in [*cuts, end]:
        raw = "".join(document.pieces[begin:cut])
        text = _text([raw], block.kind)
        if raw.strip(_BLANK) and text:
            links, link_chars = _links(document, pending, cut)
            between = "".join(document.pieces[pending:begin])
            part = Block(
                index=0,
                text=text,
                kind=block.kind,
                level=block.level,
                marker=block.marker,
                path=block.path,
                links=links,
                link_chars=link_chars,
                zone=block.zone,
                hidden=block.hidden,
                group=block.group,
                continues=bool(parts) or block.continues,
                glue=_glue(before, between, raw, block.kind) if parts else block.glue,
                image=block.image,
                alt=block.alt,
            )
            parts.append((part, (pending, cut)))
            pending, before = cut, raw
        begin = cut
    if parts and pending < end:  # trailing pieces without text stay with the last part
        part, (start, _) = parts[-1]
        parts[-1] = (part, (start, end))
    return parts


def _glue(before: str, between: str, after: str, kind: BlockKind) -> str:
    """Return what stands between the texts of two fragments: white space, a line end, the bar between two cells."""
    tail, head = before[len(before.rstrip()) :], after[: len(after) - len(after.lstrip())]
    if kind is _CODE:  # the indentation of its first line is in the fragment's own text
        head = "".join(head.rpartition("\n")[:2])
        lines = [settle(line).replace("\n", " ") for line in _code_lines(tail + between + head)]
        return "\n".join([*("" for _ in lines[1:]), lines[-1]])
    raw = tail + between + head
    if kind is _TABLE_ROW:  # the bars that the fragment begins with are in its own text
        raw = (tail + between).replace(CELL, " | ") + (" " if head else "")
    elif BREAK in raw and kind in (_PARAGRAPH, _QUOTE):
        return "\n"
    raw = settle(raw)
    bars = collapse(raw)
    return (" " if raw[:1].isspace() else "") + bars + (" " if bars and raw[-1:].isspace() else "")


def _links(document: Document, first: int, end: int) -> tuple[int, int]:
    """Count the links of a piece range, and the characters in them."""
    anchors = set()
    chars = 0
    for piece, owner in zip(document.pieces[first:end], document.owners[first:end], strict=True):
        element = owner
        for _ in range(32):  # a link is near its text
            if element is None or element.tag == "a":
                break
            element = element.getparent()
        else:
            element = None
        if element is not None and not piece.isspace():
            anchors.add(element)
            chars += len(piece) - piece.count(" ")
    return len(anchors), chars
