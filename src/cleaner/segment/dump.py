"""A plain-text dump of a page into blocks.

One line is one block, unless the dump was wrapped at a width: then the lines of a paragraph are joined, never
de-hyphenated. Headings, list items, quotes, table rows and code are told by their shape; the mark that gives them away
is kept (:attr:`~cleaner.model.Block.marker`), so that composing the blocks again gives the same text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from cleaner.model import Block, BlockKind
from cleaner.segment.html import MAX_LIST_DEPTH
from cleaner.text import collapse, ends_sentence, settle, word_count

__all__ = ["VERSE", "blocks_of", "is_row"]

VERSE: Final = 40
"""Lines up to this length, one below the other, are verse, addresses or hashes: text is wrapped at more. A composed
body has none but these where the page broke them with `<br>`, so that it is never taken for a wrapped dump."""

_LIST_MARK: Final = re.compile(r"([-*+•‣▪▫●○◦·–—]|\d{1,4}[.)])[ ]+(?=\S)")
_QUOTE_MARK: Final = re.compile(r"(>)[ ]+(?=\S)")
_HEADING_MARK: Final = re.compile(r"(#{1,6})[ ]+(?=\S)")
_FENCE: Final = re.compile(r"(`{3,}|~{3,})[^`]*")

# A wrapped dump: lines end where the next word would not have fitted in.
_MIN_WIDTH: Final = 45
_MAX_WIDTH: Final = 200
_MIN_EVIDENCE: Final = 4
"""Line ends to judge by; fewer say nothing."""
_WRAPPED_SHARE: Final = 0.7

_HEADING_WORDS: Final = 14
_HEADING_CHARS: Final = 90


def is_row(line: str) -> bool:
    """Tell whether a line reads as a table row: cells apart by a spaced bar."""
    return " | " in line or line.startswith("| ") or line.endswith(" |")


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a dump, in order."""
    groups = list(_groups(text))
    width = _wrap_width([lines for lines in groups if lines[0].lstrip()[:3] not in ("```", "~~~")])
    blocks: list[Block] = []
    for number, lines in enumerate(groups, 1):
        if width:
            lines = _unwrap(lines, width)
        for line in lines:
            block = _block(line, number)
            block.index = len(blocks)
            blocks.append(block)
    _find_headings(blocks)
    return blocks


def _groups(text: str) -> Iterator[list[str]]:
    """Yield the runs of lines between blank lines; a fenced listing is one element, its line ends within it."""
    lines = settle(text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n"))
    group: list[str] = []
    fence: list[str] = []
    rows = lines.split("\n")
    closing = _closing_fences(rows)
    end = -1
    for index, row in enumerate(rows):
        if index <= end:
            fence.append(row.rstrip())
            if index == end:
                group.append("\n".join(fence))
                fence = []
            continue
        if index in closing:
            end = closing[index]
            fence = [row.strip()]
            continue
        if row.strip():
            group.append(row.rstrip())
        elif group:
            yield group
            group = []
    if group:
        yield group


def _closing_fences(rows: list[str]) -> dict[int, int]:
    """Return for each line that opens a listing the line that closes it; a fence that nothing closes is text."""
    last: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        if row[:1] in "`~" and row[:3] in ("```", "~~~"):
            last.setdefault(row.strip(), []).append(index)
    closing: dict[int, int] = {}
    empty: set[int] = set()
    starts: list[int] = []
    # The longest first: a fence is longer than any run in its listing, so a shorter one may stand in it as text.
    opening = sorted((index for found in last.values() for index in found), key=lambda at: (-_ticks(rows[at]), at))
    for index in opening:
        fence = _FENCE.fullmatch(rows[index].strip())
        closers = last.get(fence[1], []) if fence else []
        later = bisect_right(closers, index)
        place = bisect_right(starts, index)
        is_within = place > 0 and closing[starts[place - 1]] >= index
        if is_within or index in empty or later == len(closers):
            continue
        if not any(rows[between].strip() for between in range(index + 1, closers[later])):
            empty.add(closers[later])  # a listing with nothing in it is two lines of text; the second opens no other
            continue
        if place == len(starts) or starts[place] > closers[later]:
            closing[index] = closers[later]
            starts.insert(place, index)
    return closing


def _ticks(row: str) -> int:
    row = row.strip()
    return len(row) - len(row.lstrip(row[0]))


def _block(line: str, group: int) -> Block:
    """Return the block of one line."""
    if line[:3] in ("```", "~~~") and "\n" in line:
        opening, *code = line.split("\n")
        return Block(0, "\n".join(code[:-1]), BlockKind.CODE, marker=opening, group=group)
    depth = (len(line) - len(line.lstrip())) // 2
    text = collapse(line)
    if found := _LIST_MARK.match(text):
        level = min(depth, MAX_LIST_DEPTH)
        return Block(0, text[found.end() :], BlockKind.LIST_ITEM, level, found[1], group=group)
    if found := _QUOTE_MARK.match(text):
        return Block(0, text[found.end() :], BlockKind.QUOTE, 0, found[1], group=group)
    if found := _HEADING_MARK.match(text):
        return Block(0, text[found.end() :], BlockKind.HEADING, len(found[1]), found[1], group=group)
    if is_row(text):
        return Block(0, text, BlockKind.TABLE_ROW, group=group)
    return Block(0, text, group=group)


def _find_headings(blocks: list[Block]) -> None:
    """A short line without a full stop, on its own and right above prose, is a heading."""
    for block, below in pairwise(blocks):
        if (
            block.kind is BlockKind.PARAGRAPH
            and len(block.text) <= _HEADING_CHARS
            and not block.text.endswith((".", ",", ";", ":", "。", "…", "*", "|"))
            and not block.text[0].islower()
            and word_count(block.text) <= _HEADING_WORDS
            and below.kind is BlockKind.PARAGRAPH
            and len(below.text) > len(block.text)
            and ends_sentence(below.text)
            and (below.group != block.group or len(below.text) > 2 * _HEADING_CHARS)
        ):
            block.kind, block.level = BlockKind.HEADING, 2


# ---- wrapped dumps ---------------------------------------------------------------------------------------------------


def _joinable(line: str, below: str) -> bool:
    """Tell whether two lines could be one paragraph: the second starts nothing, the first is no table row."""
    text = below.strip()
    return not (
        _LIST_MARK.match(text) or _QUOTE_MARK.match(text) or _HEADING_MARK.match(text) or "\n" in below
    ) and not ("\n" in line or is_row(line.strip()) or is_row(text) or _QUOTE_MARK.match(line.strip()))


def _is_full(line: str, below: str, width: int) -> bool:
    """Tell whether the first word of `below` would not have fitted on `line`."""
    text = below.strip()
    first = text.split(" ", 1)[0]
    if len(first) > 15 and "-" in first:  # wrappers may break after a hyphen
        first = first[: first.index("-") + 1]
    if first and word_count(first) > 2:  # a script without spaces breaks anywhere
        first = first[:2]
    return len(line.rstrip()) + 1 + len(first) > width


def _wrap_width(groups: list[list[str]]) -> int:
    """Return the width at which the dump was wrapped, 0 where it was not. Decided once for a whole dump."""
    ends = [(line, below) for lines in groups for line, below in pairwise(lines) if _joinable(line, below)]
    if len(ends) < _MIN_EVIDENCE or all(len(line) <= VERSE for line, _ in ends):
        return 0
    lengths = sorted(len(line) for lines in groups for line in lines if "\n" not in line)
    # The longest line but for a few that cannot break (addresses of pages).
    width = lengths[int(len(lengths) * 0.98) - 1] if len(lengths) > 50 else lengths[-1]
    if not _MIN_WIDTH <= width <= _MAX_WIDTH:
        return 0
    long = [(line, below) for line, below in ends if len(line) >= _MIN_WIDTH / 2]
    full = sum(_is_full(line, below, width) for line, below in long)
    return width if len(long) >= _MIN_EVIDENCE and full >= _WRAPPED_SHARE * len(long) else 0


def _unwrap(lines: list[str], width: int) -> list[str]:
    """Join the lines of a group that were one paragraph before wrapping."""
    joined: list[list[str]] = []  # the parts of each line: a paragraph may have been wrapped into thousands
    for index, line in enumerate(lines):
        above = lines[index - 1] if index else ""
        if joined and _joinable(above, line) and _is_full(above, line, width):
            # A hyphen at the line's end belongs to the word: "well-" + "known".
            hyphen = above.rstrip()[-2:]
            gap = "" if hyphen[-1:] == "-" and hyphen[:1].isalpha() and line.lstrip()[:1].islower() else " "
            if _unspaced(above.rstrip()[-1:]) and _unspaced(line.lstrip()[:1]):
                gap = ""
            joined[-1][-1] = joined[-1][-1].rstrip()
            joined[-1] += [gap, line.strip()]
        else:
            joined.append([line])
    return ["".join(parts) for parts in joined]


def _unspaced(char: str) -> bool:
    """Tell whether a character belongs to a script whose lines break without a space (Han, Kana and their marks)."""
    return "\u3000" <= char <= "\u30ff" or "\u3400" <= char <= "\u9fff" or "\uff00" <= char <= "\uff60"
