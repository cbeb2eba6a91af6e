"""Text as `cleaner` compares, counts and writes it. Pure functions over strings.

Three forms of a text occur, each made in one place only:

* *settled*: as written, fit to print (:func:`settle`): NFC, one kind of space, no invisible characters;
* *folded*: for comparing (:func:`fold`, :func:`fold_phrase`): NFKC, one case, one space;
* *words*: for counting (:func:`words`, :func:`word_count`): scripts without spaces count by character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

__all__ = [
    "clip",
    "collapse",
    "ends_sentence",
    "fold",
    "fold_phrase",
    "settle",
    "settle_line",
    "settle_name",
    "word_count",
    "words",
]

# Invisible characters that carry no meaning once the page is laid out: soft hyphen, zero-width space, word joiner,
# BOM, and the C0/C1 controls that are not white space. ZWJ, ZWNJ and the bidi marks stay: Persian, the Indic scripts,
# emoji and mixed-direction text need them.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x200B, 0x2060, 0xFEFF, *range(0x09), *range(0x0E, 0x1C), 0x7F, *range(0x80, 0x85), *range(0x86, 0xA0)]
)
# Every other kind of white space becomes a plain space (U+0085, U+2028 and U+2029 are line ends, and so is FF, VT).
_SPACES = dict.fromkeys([0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000, 0x1C, 0x1D, 0x1E, 0x1F], " ")
_LINE_ENDS = dict.fromkeys([0x0B, 0x0C, 0x85, 0x2028, 0x2029], "\n")
_SETTLE = {**_INVISIBLE, **_SPACES, **_LINE_ENDS}
# A lone surrogate cannot be written as UTF-8; it stands for a character that was lost already.
_SETTLE.update(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
_MISLEADING = dict.fromkeys(
    [*map(ord, "\t\n\v\f\r\x85\u2028\u2029"), *range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd"
)
_UNSETTLED = re.compile("[" + "".join(re.escape(chr(code)) for code in _SETTLE) + "]")
# How a sentence ends, in the corpus' scripts, with what may close after it (quotes, brackets, a reference mark).
_SENTENCE_END = re.compile(r"""[.!?…。！？｡．؟۔।॥։။][\s"'”’»›“„)\]」』）】]*(?:\[\d+\])*$""")
_SPACE_RUN = re.compile(r"\s+")

# The parts of the pipeline ask the same of the same texts: what was said of the last short ones is remembered.
_REMEMBERED: Final = 4_096
_SHORT: Final = 1_000

# Scripts written without spaces between words: Thai, Lao, Burmese, Khmer, Kana, Hangul (spaces optional), Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0002fa1f"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
# In ASCII, words are what is left of all else: ten times as fast as looking for them.
_ONLY_WORDS = bytes(code if chr(code).isalnum() or chr(code) == "_" else 0x20 for code in range(0x80)) + bytes(0x80)
_TYPOGRAPHIC = "’“”–‘—…•"
"""What is not ASCII in most English text; no part of a word."""
# Characters that a site hangs on a label without changing what it says: "Read more »", "Tags:", "* Required".
_TRIM = " \t\n.,:;!?*…·•|/\\-–—_<>«»‹›→←↓↑▸►▼▾+()[]{}\"'“”‘’"


def settle(text: str) -> str:
    """Return `text` as it is printed: NFC, plain spaces, no invisible characters; quotes and dashes as written.

    Line ends stay; runs of spaces stay (see :func:`collapse`).
    """
    if text.isprintable():  # then it holds none of the characters to settle
        if text.isascii():
            return text
    elif _UNSETTLED.search(text):
        text = text.translate(_SETTLE)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def settle_name(text: str) -> str:
    """Return a name as it can stand in a line for people: settled, without line ends and what turns its direction.

    Names are given by strangers. After a mark such as U+202E the rest of the line reads backwards: `exe.txt`.
    """
    return settle(text.translate(_MISLEADING))


def settle_line(text: str) -> str:
    """Return `text` settled and collapsed (:func:`settle`, :func:`collapse`)."""
    line = " ".join(text.split())
    settled = settle(line)  # most lines are settled once their white space is
    return line if settled is line else " ".join(settled.split())


def collapse(text: str) -> str:
    """Return `text` with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def fold(text: str) -> str:
    """Return `text` folded for comparing: NFKC, case-folded, white space collapsed."""
    return _fold_short(text) if len(text) <= _SHORT else _fold(text)


def _fold(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


_fold_short = lru_cache(_REMEMBERED)(_fold)


def fold_phrase(text: str) -> str:
    """Return `text` folded as a phrase: as :func:`fold`, without the punctuation around it."""
    folded = fold(text)
    return folded.strip(_TRIM) or folded


def words(text: str) -> list[str]:
    r"""Return the words of `text`: `\w` runs, but one word per character in scripts written without spaces."""
    if text.isascii():
        return text.encode().translate(_ONLY_WORDS).decode().split()
    return _WORD.findall(text)


def word_count(text: str) -> int:
    """Return how many words `text` has, in the sense of :func:`words`."""
    return _count_short(text) if len(text) <= _SHORT else _count(text)


def _count(text: str) -> int:
    if not text.isascii():
        for mark in _TYPOGRAPHIC:
            text = text.replace(mark, " ")
        if not text.isascii():
            return len(_WORD.findall(text))
    return len(text.encode().translate(_ONLY_WORDS).split())


_count_short = lru_cache(_REMEMBERED)(_count)


def ends_sentence(text: str) -> bool:
    """Tell whether `text` ends as a sentence does, in any of the corpus' scripts; Thai marks no ends and never does."""
    # Most labels end in a letter, and no sentence does.
    return not text[-1:].isalnum() and _SENTENCE_END.search(text[-24:]) is not None


def clip(text: str, width: int) -> str:
    """Return `text` on one line, at most `width` characters long, an ellipsis standing for the rest."""
    line = _SPACE_RUN.sub(" ", text).strip()
    return line if len(line) <= width else line[: max(width - 1, 0)] + "…"
