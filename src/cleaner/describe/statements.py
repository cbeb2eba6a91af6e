"""What a line beneath a headline says: who wrote, and when.

"By Jane Doe, Staff Writer • March 3, 2024 • 5 min read" has parts between signs. Each is a name, a date, or of a kind
that says neither; a line is no statement where too much of it is something else.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

from cleaner.describe import dates, names
from cleaner.describe.dates import Stated
from cleaner.describe.vocabulary import (
    AGENCY_SIGNS,
    BESIDE_DATE,
    BYLINES,
    FURNITURE,
    OTHER_HANDS,
    OTHER_HANDS_SIGNS,
    holds,
)
from cleaner.text import fold, fold_phrase, word_count, words

__all__ = ["Statement", "is_label", "is_other_label", "is_person", "is_short", "may_say_so", "read"]

_LONGEST = 240
_LONGEST_PEOPLE = 16  # words
_MOST_STRANGE = 12

_SIGN_CHARS = frozenset("|•·⋅●∙‧\n-–—/")
_SIGNS = re.compile(r"\s*[|•·⋅●∙‧\n]\s*|\s+[-–—/]+\s+")
# Elements side by side have no space between them: "byJane DoeMar 5, 2024".
_GLUED = re.compile(r"[a-z\d][A-Z]")
_GLUED_BY = re.compile(r"\b((?:[Ww]ritten |[Pp]osted |[Pp]ublished )?[Bb]y)(?=[A-Z])")
_GLUED_DATE = re.compile(r"(?<=[a-z\d])(?=(?:Updated|Published|Posted|Last)\b|[A-Z][A-Za-z]{2,8}\.? \d{1,2}, \d{4})")
# "Jane Doe in Gardening", "Jane Doe on": where the words after are a date or a section.
_PLACED = re.compile(r"\s+(?:in|on)(?:\s+\S+){0,5}$", re.IGNORECASE)
_PLACED_SIGNS = (" in", " on")
_OTHERS = re.compile(rf"(?:{OTHER_HANDS})\b", re.IGNORECASE)
_ASIDE = re.compile(rf"(?:{OTHER_HANDS})\b|(?:posted in|filed under|in )", re.IGNORECASE)
_ASIDE_SIGNS = ("in ", "filed under", *OTHER_HANDS_SIGNS)
_END_PUNCTUATION = (".", "!", "?", ":", ";", ",", "…", "。", "*")
_LABEL_END = " \t\n:."


class Statement(NamedTuple):
    """The names and dates in a line."""

    names: list[str]
    signed: bool
    """A word such as "By" says that those named wrote."""
    dates: list[Stated]
    strange: int
    """How many words are neither, nor usual beside them."""


_NOTHING = Statement([], False, [], _MOST_STRANGE)


def read(
    line: str, language: str | None = None, region: str | None = None, captured: datetime | None = None
) -> Statement:
    """Return what a line states; no names and no dates where it is too long to be such a line."""
    if len(line) > _LONGEST:
        return _NOTHING
    whole = names.byline(line, language)
    if _GLUED.search(line):
        line = _GLUED_DATE.sub(" ", _GLUED_BY.sub(r"\1 ", line))
    rest, stated = dates.part(line, language, region, captured)
    signed: list[str] = []
    bare: list[str] = []
    strange = 0
    for part in _SIGNS.split(rest) if _is_parted(rest) else [rest]:
        text = part.strip(" ,.;:–—-")
        if not any(map(str.isalpha, text)) or _beside(text) or _is_aside(text):
            continue
        text = _trimmed(text)
        if found := names.byline(text, language):
            signed += found
        elif (signed or bare) and names.has_role(text):
            continue
        elif people := _people(text, language):
            bare = bare or people  # what follows is whom they work for: "Jane Doe | The Daily"
        else:
            strange += word_count(text)
    if strange > _MOST_STRANGE:
        return _NOTHING
    if whole and len(whole) > len(signed) and not stated:
        signed = whole  # a bar or a dash within
    if stated and len(bare) == 1 and word_count(bare[0]) == 1 and not _is_parted(line):
        bare = []  # a weekday
    return Statement(list(dict.fromkeys(signed or bare)), bool(signed), stated, strange)


def may_say_so(line: str) -> bool:
    """Whether a line may hold a date or a "By": quick to tell, and most lines of a page hold neither."""
    return any(map(str.isdigit, line)) or names.is_prefixed(line) or _is_parted(line)


def _is_parted(line: str) -> bool:
    return not _SIGN_CHARS.isdisjoint(line) and _SIGNS.search(line) is not None


def is_label(line: str) -> bool:
    """Whether a line is a label such as "Written by:" and nothing else."""
    return len(line) < _LONGEST and fold(line.rstrip(_LABEL_END)) in BYLINES


def is_other_label(line: str) -> bool:
    """Whether a line says that who is named next did something else: "Reviewed by"."""
    return len(line) < 60 and holds(line, OTHER_HANDS_SIGNS) and _OTHERS.match(line.strip()) is not None


def is_short(line: str, most: int) -> bool:
    """Whether a line is a few words, at most `most`, and no sentence: a section's name, a picture's label."""
    return 1 <= word_count(line) <= most and not line.rstrip().endswith(_END_PUNCTUATION)


def is_person(name: str) -> bool:
    """Whether `name` is by itself written as people's are: two to four words, all but particles with capitals."""
    parts = name.split()
    return 2 <= len(parts) <= 4 and names.named(name) and not names.has_role(name)


def _people(text: str, language: str | None) -> list[str]:
    # What rules most labels out is asked first: to read names is dear.
    if ":" in text or not text[0].isalnum() or word_count(text) > _LONGEST_PEOPLE:
        return []
    if fold_phrase(text) in FURNITURE or is_label(text):
        return []
    found = names.names(text, language)
    return found if all(map(names.named, found)) and AGENCY_SIGNS.isdisjoint(found) else []


def _beside(text: str) -> bool:
    """Whether all of `text` is usual beside a date: "Last updated", "5 min read", "12 comments"."""
    return all(word in BESIDE_DATE or not word.isalpha() for word in words(fold_phrase(text)))


def _is_aside(text: str) -> bool:
    """Whether `text` names who did something else, or a section."""
    return holds(text, _ASIDE_SIGNS) and _ASIDE.match(text) is not None


def _trimmed(text: str) -> str:
    """Return `text` without the words at its end that lead to a date: "Jane Doe Last updated"."""
    parts = text.split()
    while len(parts) > 1 and parts[-1].lower().strip(":.,") in BESIDE_DATE:
        parts.pop()
    text = " ".join(parts)
    return _PLACED.sub("", text) if holds(text, _PLACED_SIGNS) else text
