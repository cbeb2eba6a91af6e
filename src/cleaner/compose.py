"""Kept blocks into the body, as plain text and as Markdown.

Plain text is a fixed point: segmenting it as a dump and composing it again gives it back, byte for byte. So every line
is printed as :mod:`cleaner.segment.dump` reads it, and whether two lines touch or stand apart depends only on the lines
(:func:`_touch`) and on whether the page put them together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urljoin

from cleaner.model import Block, BlockKind, Document, Fate, NoiseKind, Verdict
from cleaner.segment.dump import VERSE, is_row
from cleaner.segment.html import BREAK, CELL, trimmed
from cleaner.text import collapse, settle, settle_line

__all__ = ["INCLUDABLE", "compose"]

INCLUDABLE: Final = ("title", "captions", "comments")
"""What can be asked into the body besides what is body."""

# Stand for BREAK and CELL in text that has been settled: characters that no text may hold (Unicode 23.7).
_BREAK, _CELL = "\ufdd0", "\ufdd1"
_FENCES: Final = re.compile(r"^(?:`{3,}|~{3,})", re.MULTILINE)
_FENCED: Final = ("```", "~~~")
_WITHIN_WORD: Final = re.compile(r"\w\w")
_LISTED: Final = re.compile(r" *(?:[-*+•‣▪▫●○◦·–—]|\d{1,4}[.)]) \S")


def compose(document: Document, verdicts: Sequence[Verdict], include: Sequence[str] = ()) -> tuple[str, str]:
    """Return the body as plain text and as Markdown.

    Args:
        document: the page's blocks.
        verdicts: one for each block.
        include: names of :data:`INCLUDABLE` parts to print where they stand.

    """
    paragraphs = _paragraphs(document, verdicts, include)
    # Longer than any that begins a line of a listing (CommonMark 4.5); no line of prose is printed as a fence.
    listings = [paragraph.text for paragraph in paragraphs if paragraph.block.kind is BlockKind.CODE]
    fence = "`" * max((len(run) + 1 for text in listings for run in _FENCES.findall(text)), default=3)
    return _plain(paragraphs, fence), _markdown(document, paragraphs, fence)


class _Paragraph:
    """Fragments of one paragraph that are kept, put together again."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.indexes = [block.index]
        self.glues = [""]
        self.text = block.text

    def add(self, block: Block, glue: str) -> None:
        self.indexes.append(block.index)
        self.glues.append(glue)
        self.text += glue + block.text


def _paragraphs(document: Document, verdicts: Sequence[Verdict], include: Sequence[str]) -> list[_Paragraph]:
    found: list[_Paragraph] = []
    whole = False  # a paragraph has begun that the next fragment may go on with
    gap = ""
    skipped = False
    keep = Fate.KEEP
    for block, verdict in zip(document.blocks, verdicts, strict=True):
        if not block.continues:
            whole, gap, skipped = False, "", False
        if block.glue:
            gap = max(block.glue, gap, key=_strength)
        if verdict.fate is not keep and not (include and _is_asked(verdict, include)):
            skipped = True
            continue
        if whole and found[-1].block.kind is block.kind:
            last = found[-1]
            if not gap and skipped and _WITHIN_WORD.fullmatch(last.text[-1:] + block.text[:1]):
                gap = " "  # what stood between is gone, the words beside it stay two
            last.add(block, gap)
        else:
            found.append(_Paragraph(block))
            whole = True
        gap, skipped = "", False
    for paragraph in found:
        if len(paragraph.indexes) > 1:  # a letter and its accent may have come together
            paragraph.text = settle(paragraph.text)
    return found


def _strength(glue: str) -> int:
    """Rank what stood between fragments: of what lay around a fragment that is gone, the strongest stays."""
    return 3 if "\n" in glue else 2 if "|" in glue else 1 if glue else 0


def _is_asked(verdict: Verdict, include: Sequence[str]) -> bool:
    """Tell whether a block that is not of the body was asked for."""
    if verdict.fate is Fate.METADATA:
        return verdict.field in include
    return "comments" in include and verdict.kind is NoiseKind.COMMENTS


# ---- plain text ------------------------------------------------------------------------------------------------------


def _plain(paragraphs: list[_Paragraph], fence: str) -> str:
    out: list[str] = []
    above, group = "", 0
    for paragraph in paragraphs:
        lines = _lines(paragraph, fence)
        for number, line in enumerate(lines):
            together = number > 0 or (group > 0 and paragraph.block.group == group)
            if out:
                out.append("\n" if together and _touch(above, line) else "\n\n")
            out.append(line)
            above = line
        group = paragraph.block.group
    return "".join(out)


def _lines(paragraph: _Paragraph, fence: str) -> list[str]:
    """Return the lines of one paragraph as they are printed."""
    block, text = paragraph.block, paragraph.text
    match block.kind:
        case BlockKind.CODE:
            own = _FENCES.match(block.marker)  # of one kind only: what the listing is called may begin with the other
            edge = max(own[0] if own else fence, fence, key=len)
            said = block.marker[own.end() if own else 0 :]
            return [f"{edge}{said}\n{text}\n{edge}"]
        case BlockKind.LIST_ITEM:
            line = f"{'  ' * block.level}{block.marker or '-'} {_one_line(text)}"
            return [line if _LISTED.match(line) else line.lstrip()]
        case BlockKind.QUOTE:
            return [f"> {line}" for line in text.split("\n")]
        case BlockKind.HEADING if block.marker:
            return [f"{block.marker} {_one_line(text)}"]
        case BlockKind.PARAGRAPH:
            return [_prose(line) for line in text.split("\n")]
        case _:
            return [_prose(_one_line(text))]


def _prose(line: str) -> str:
    """Return a line of prose, which is no edge of a listing: an edge begins its line, this one begins a space later."""
    return f" {line}" if line.startswith(_FENCED) else line


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


def _touch(above: str, line: str) -> bool:
    """Tell whether two lines that belong together are printed without a blank line between them."""
    if _LISTED.match(above) or _LISTED.match(line):
        return bool(_LISTED.match(above) and _LISTED.match(line))
    if is_row(above) or is_row(line):
        return is_row(above) and is_row(line)
    if above.startswith("> ") or line.startswith("> "):
        return above.startswith("> ") and line.startswith("> ")
    return len(above) <= VERSE and len(line) <= VERSE and "\n" not in above + line


# ---- Markdown --------------------------------------------------------------------------------------------------------

# What would be read as markup (CommonMark 2.4): wherever it stands, and at the start of a line. An underscore within a
# word and a bracket that no link follows are none.
_SPECIAL: Final = re.compile(r"([\\`*]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|<(?=[A-Za-z/!?]))")
_SPECIALS: Final = ("_", "*", "]", "<", "`", "\\")
_SPECIAL_START: Final = re.compile(r"(\d{1,9}(?=[.)] )|)(#{1,6} |[-+>] |=+$|-+$|~~~|(?<=\d)[.)] )")
# An address that joining and escaping leave as it is. Joining drops what is empty: a query, a fragment, parameters.
_WHOLE: Final = re.compile(
    r"https?://[\w.-]++(?:/[\w.,:!$&'*+=@%~/-]*+)?(?:\?[\w.,:!$&'*+=@%~/;?-]++)?(?:\#[\w.,:!$&'*+=@%~/?-]++)?", re.ASCII
)
_STRONG: Final = frozenset({"b", "strong"})
_EMPHASIS: Final = frozenset({"i", "em", "cite", "dfn", "var"})
_CODE: Final = frozenset({"code", "kbd", "samp", "tt"})
_MARKUP: Final = frozenset({"a", *_STRONG, *_EMPHASIS, *_CODE})


def _markdown(document: Document, paragraphs: list[_Paragraph], fence: str) -> str:
    marks = _Marks(document)
    out: list[str] = []
    group, kind, numbered = 0, None, 0
    for paragraph in paragraphs:
        block = paragraph.block
        together = group > 0 and block.group == group and kind is block.kind
        inline = "" if block.kind is BlockKind.CODE else marks.inline(paragraph)
        if inline and inline != paragraph.text:
            block.markup = inline
        match block.kind:
            case BlockKind.HEADING:
                line = f"{'#' * max(block.level, 1)} {_one_line(inline)}"
            case BlockKind.LIST_ITEM:
                marker = block.marker if re.fullmatch(r"\d+[.)]", block.marker) else "-"
                line = f"{'    ' * block.level}{marker} {_one_line(inline)}"
            case BlockKind.CODE:
                (line,) = _lines(paragraph, fence)
            case BlockKind.QUOTE:
                line = "\n".join(f"> {part}" for part in inline.split("\\\n"))
                if together:
                    out.append("\n>\n" + line)
                    continue
            case BlockKind.TABLE_ROW:
                line = f"| {inline} |"
                numbered = numbered + 1 if together else 0
                if numbered == 0:
                    line += "\n|" + " --- |" * (inline.count(" | ") + 1)
            case _:
                line = inline
        if out:
            tight = together and block.kind in (BlockKind.LIST_ITEM, BlockKind.TABLE_ROW)
            out.append("\n" if tight else "\n\n")
        out.append(line)
        group, kind = block.group, block.kind
    return "".join(out)


class _Marks:
    """Inline markup of a document's text, from the elements that own its pieces."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.base = document.page.url or ""
        self.known: dict[Any, tuple[bool, bool, bool, str]] = {}

    def of(self, element: Any) -> tuple[bool, bool, bool, str]:
        """Return whether text in `element` is strong, emphasised, code, and the address it links to."""
        chain = []
        plain = (False, False, False, "")
        while element is not None and element not in self.known:
            chain.append(element)
            element = element.getparent()
        mark = self.known[element] if element is not None else plain
        for element in reversed(chain):
            tag = element.tag
            if tag in _MARKUP:
                strong, emphasis, code, link = mark
                if tag == "a":
                    link = self.address(element.get("href"))
                mark = (strong or tag in _STRONG, emphasis or tag in _EMPHASIS, code or tag in _CODE, link)
            self.known[element] = mark
        return mark

    def address(self, href: str | None) -> str:
        """Return a link's address, absolute where the page's is known; no scripts, no places within the page."""
        href = (href or "").strip()
        if not href or href.startswith("#"):
            return ""
        if _WHOLE.fullmatch(href):
            return href
        try:
            address = urljoin(self.base, href)
        except ValueError:
            return ""
        if not address.startswith(("http://", "https://", "mailto:", "/")) and ":" in address.split("/")[0]:
            return ""
        return re.sub(r"[\s<>()]", lambda found: f"%{ord(found[0]) & 0xFF:02X}", address)

    def inline(self, paragraph: _Paragraph) -> str:
        """Return a paragraph's text as inline Markdown."""
        document, kind = self.document, paragraph.block.kind
        if document.root is None:
            return _escape(paragraph.text, kind)
        plain = (False, False, False, "")
        runs: list[tuple[list[str], tuple[bool, bool, bool, str]]] = []
        for index, glue in zip(paragraph.indexes, paragraph.glues, strict=True):
            first, end = document.bounds[index]
            is_part = len(paragraph.indexes) > 1 or document.blocks[index].continues
            if is_part:
                first, end = trimmed(document.pieces, first, end)
            if runs and glue == " ":
                runs.append(([" "], runs[-1][1]))
            elif runs and glue:
                joint = glue.replace("\n", BREAK)
                runs.append(([joint.replace(" | ", CELL) if kind is BlockKind.TABLE_ROW else joint], plain))
            if is_part and kind is BlockKind.TABLE_ROW and document.blocks[index].text.startswith("| "):
                runs.append(([CELL], plain))  # an empty cell
            for piece, owner in zip(document.pieces[first:end], document.owners[first:end], strict=True):
                mark = plain if owner is None or piece in (BREAK, CELL) else self.of(owner)
                if runs and runs[-1][1] == mark:
                    runs[-1][0].append(piece)
                else:
                    runs.append(([piece], mark))
        if len(runs) == 1 and not any(runs[0][1]):
            return _escape(paragraph.text, kind)
        return _tidy("".join(_run("".join(raw), mark, kind) for raw, mark in runs), kind)


def _run(raw: str, mark: tuple[bool, bool, bool, str], kind: BlockKind) -> str:
    """Return one run of equally marked text, its white space outside the marks."""
    text = settle_line(raw.replace(BREAK, _BREAK).replace(CELL, _CELL))
    if not text:
        return " " if raw else ""
    strong, emphasis, code, link = mark
    if code:
        ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
        text = f"{ticks}{text}{ticks}"
    else:
        text = _literal(text)
    if kind is BlockKind.TABLE_ROW:
        text = text.replace("|", r"\|")
    if emphasis:
        text = f"*{text}*"
    if strong and kind is not BlockKind.HEADING:
        text = f"**{text}**"
    if link:
        text = f"[{text}]({link})"
    return (" " if raw[:1].isspace() else "") + text + (" " if raw[-1:].isspace() else "")


def _tidy(text: str, kind: BlockKind) -> str:
    """Turn the marks for line breaks and cells into Markdown's."""
    if kind is BlockKind.TABLE_ROW:
        return " | ".join(collapse(cell.replace(_BREAK, " ")) for cell in text.rstrip(f"{_CELL} ").split(_CELL))
    lines = [collapse(line) for line in text.split(_BREAK)]
    hard = "\\\n" if kind in (BlockKind.PARAGRAPH, BlockKind.QUOTE) else " "
    return hard.join(_guarded(line) for line in lines if line)


def _escape(text: str, kind: BlockKind) -> str:
    """Return text without markup of its own as Markdown."""
    if kind is BlockKind.TABLE_ROW:
        return " | ".join(_literal(cell).replace("|", r"\|") for cell in text.split(" | "))
    hard = "\\\n" if kind in (BlockKind.PARAGRAPH, BlockKind.QUOTE) else " "
    return hard.join(_guarded(_literal(line)) for line in text.split("\n"))


def _literal(text: str) -> str:
    """Escape what would be markup wherever it stands."""
    # Most text holds none of it, which this tells ten times as fast.
    return _SPECIAL.sub(r"\\\1", text) if any(map(text.__contains__, _SPECIALS)) else text


def _guarded(line: str) -> str:
    """Escape what would make a line of prose a heading, a list item, a rule."""
    found = _SPECIAL_START.match(line)
    return line[: found.start(2)] + "\\" + line[found.start(2) :] if found else line
