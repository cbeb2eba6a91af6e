"""The main run: where on the page the prose is, from shape alone.

Each block scores: prose for, labels and links against. The main run is the contiguous stretch with the largest sum
(Kadane's algorithm); what lies before it is the head zone, what lies after it the tail. Rules bound themselves by zone
("this phrase only after the article"), so zones must not depend on rules.
"""

from __future__ import annotations

from typing import Final

from cleaner.model import Block, BlockKind, Zone

__all__ = ["assign_zones", "is_prose"]

_PROSE_WORDS: Final = 8
"""A sentence shorter than this is as likely a prompt as prose."""
_LONG_WORDS: Final = 25
"""Unpunctuated text of this length is no label any more."""
_LINKY: Final = 0.5
"""Link density above which a block is links."""
_WEIGHT: Final = 20.0
"""Words of prose that outweigh one label."""
_MOST: Final = 3.0
"""A block counts at most this much: one long legal notice is no article."""


# To look a member up in its enum takes Python 3.11 as long as all else that is done to a block here.
_CODE, _HEADING, _PARAGRAPH, _QUOTE = BlockKind.CODE, BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.QUOTE
_NO_PROSE: Final = (_CODE, _HEADING, BlockKind.TABLE_ROW)


def is_prose(block: Block) -> bool:
    """Tell whether a block reads as prose: a shown sentence of eight words or more that is not mostly links."""
    return (
        block.is_sentence
        and block.words >= _PROSE_WORDS
        and block.link_density <= _LINKY
        and not block.hidden
        and block.kind not in _NO_PROSE
    )


def _score(block: Block) -> float:
    if block.hidden:
        return 0.0
    if block.link_density > _LINKY:
        return -1.0
    kind = block.kind
    if kind is _CODE:
        return 0.2
    words = block.words
    if words >= _PROSE_WORDS and block.is_sentence:
        return min(words / _WEIGHT, _MOST)
    if words >= _LONG_WORDS:
        return min(words / _WEIGHT / 2, _MOST)
    if kind is _PARAGRAPH or kind is _QUOTE:
        return -1.0 if words < _PROSE_WORDS else -0.3
    return -0.5 if kind is _HEADING else -0.3


def assign_zones(blocks: list[Block]) -> None:
    """Set the zone of every block. Without any prose all of them are in the main zone."""
    best = total = 0.0
    start = best_start = best_end = 0
    for index, block in enumerate(blocks):
        if total <= 0:
            total, start = 0.0, index
        total += _score(block)
        if total > best:
            best, best_start, best_end = total, start, index + 1
    if best_end == 0:
        best_end = len(blocks)
    for zone, start, end in (
        (Zone.HEAD, 0, best_start),
        (Zone.MAIN, best_start, best_end),
        (Zone.TAIL, best_end, len(blocks)),
    ):
        for block in blocks[start:end]:
            block.zone = zone
