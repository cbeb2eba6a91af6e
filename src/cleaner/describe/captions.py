"""Captions: which blocks are the text of a picture, and what each says.

::

    find   before judging  ─▶ Found: blocks that surely are captions, blocks that may be
    read   after judging   ─▶ Caption: text, credit, and which picture it belongs to

A dump has lost its pictures, so that only a credit at the end of a line tells a caption. In HTML its place does: what
its elements are called, and that it shares one with a picture (:mod:`cleaner.describe.pictures`). Cards that lead to
other articles, authors with their portraits and controls of a player share one as well: most of this module is about
what is no caption.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cleaner.describe import names, statements
from cleaner.describe.pictures import Picture, beside
from cleaner.describe.vocabulary import FURNITURE, holds
from cleaner.model import Block, BlockKind, Caption, Declared, Document, Fate, Verdict, Zone
from cleaner.text import collapse, fold, fold_phrase, settle, word_count

__all__ = ["BUILTINS", "Found", "find", "read"]

_CAPTION: Final = "builtin/caption"
_PHOTO_CAPTION: Final = "builtin/photo-caption"
_PHOTO_CREDIT: Final = "builtin/photo-credit"
_CAPTION_LABEL: Final = "builtin/caption-label"
_PICTURE_TEXT: Final = "builtin/picture-text"
BUILTINS: Final = frozenset({_CAPTION, _PHOTO_CAPTION, _PHOTO_CREDIT, _CAPTION_LABEL, _PICTURE_TEXT})
"""Ids of what finds captions; rules can disable them."""

# Sizes in words.
_LONGEST: Final = 150
_SHORTEST: Final = 2
_LONGEST_LABEL: Final = 4
_LONGEST_STATEMENT: Final = 16
_LONGEST_FIELD_LABEL: Final = 3

_NEVER: Final = frozenset({BlockKind.TABLE_ROW, BlockKind.CODE, BlockKind.QUOTE})
_ALONE: Final = frozenset({BlockKind.CAPTION, BlockKind.PARAGRAPH})
"""What may be a caption without a picture beside it."""
_LINKED: Final = 0.5
"""Share of link text from which a text beside a picture is a link and no caption."""

# An element called a caption; `text-caption` is a size of type, a figure or button so called is no caption itself.
_CAPTION_PATH: Final = re.compile(
    r"/(?!figure|button)[a-z][\w:-]*(?:[.#][^./#]*)*?[.#](?!(?:[\w:-]*[-_:])?(?:text|type|typo|typography|font)[-_])[^./#]*"
    r"(?:caption|bildunterschrift|legend)",
    re.IGNORECASE,
)
_CAPTION_NAMES: Final = ("caption", "bildunterschrift", "legend")
_PICTURE_NAME: Final = re.compile(r"image|img|photo|foto|picture|figure|bild", re.IGNORECASE)
_LONGEST_NAMES: Final = 300
"""How many characters of what an element is called are looked at."""
_TEXT_PATH: Final = re.compile(r"[.#][^./#]*(?:desc|info|legend)[^/]*$", re.IGNORECASE)
_STRANGER_NAMES: Final = (
    *("author", "byline", "avatar", "profile", "newsletter", "subscri", "promo", "related", "comment", "sponsor"),
    *("advert", "/button", "/form", "/address"),
)
_STRANGER_PATH: Final = re.compile(r"[-_.#]logo|/nav[/.#]", re.IGNORECASE)
_STRANGER_LEVELS: Final = 4
"""How many elements around a text are asked whether they are called a stranger's."""
# "02:43 min", "Audio 03:07 Min.", "3 of 12".
_COUNTER: Final = re.compile(
    r"(?:\w{4,12}\s)?\d{1,3}(?::\d\d){1,2}(?:\s?min\.?)?|\d+\s?(?:min\.?|(?:/|of|von|de)\s?\d+)?\W*", re.IGNORECASE
)


# --- before judging -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """Captions as told before judging: block index -> id of what told it."""

    sure: dict[int, str] = field(default_factory=dict)
    maybe: dict[int, str] = field(default_factory=dict)
    """Captions if the judge finds them within the body and no part of it."""


def find(document: Document, declared: Declared, region: str | None) -> Found:
    """Tell captions, credits that stand alone and labels of captions; `region` as :func:`cleaner.describe.head.read`.

    Blocks of an HTML page that belong to a picture are given its address and its alternative text.
    """
    return _HtmlFinder(document, declared, region).find() if document.is_html else _find_in_dump(document.blocks)


def _find_in_dump(blocks: list[Block]) -> Found:
    """Tell what ends in a credit: in brackets that is sure, after a sentence it may be of the body."""
    found = Found()
    for block in blocks:
        if block.words > _LONGEST or block.kind in _NEVER:
            continue
        text, credit = names.split_credit(block.text)
        if credit is None:
            continue
        if not text:
            found.sure[block.index] = _PHOTO_CREDIT
        elif word_count(text) >= _LONGEST_LABEL and block.text.rstrip(" .").endswith(("]", ")")):
            found.sure[block.index] = _PHOTO_CAPTION
            label = block.index - 1
            if label not in found.sure and _is_label(blocks, label):
                found.sure[label] = _CAPTION_LABEL
    return found


def _is_label(blocks: list[Block], index: int) -> bool:
    """Whether a line is the label of the picture in the next: a few words that begin the group of both."""
    if index < 0:
        return False
    group = blocks[index].group
    begins = index == 0 or blocks[index - 1].group != group
    together = bool(group) and blocks[index + 1].group == group
    return together and begins and statements.is_short(blocks[index].text, _LONGEST_LABEL)


class _HtmlFinder:
    """One HTML page, and what its texts beside pictures are."""

    def __init__(self, document: Document, declared: Declared, region: str | None) -> None:
        self.document = document
        self.blocks = document.blocks
        self.region = region
        stated = [value for name in ("authors", "site_name") for value, _ in declared.candidates.get(name, ())]
        self.stated = {fold(str(name)) for value in stated for name in (value if isinstance(value, list) else [value])}
        """Authors and site as the head states them, folded."""
        self._portraits: dict[int, bool] = {}

    def find(self) -> Found:
        """Tell all captions of the page."""
        found = Found()
        pictures = beside(self.document)
        for block in self.blocks:
            picture = pictures.get(block.index)
            if block.hidden or (picture is None and block.kind not in _ALONE):
                continue
            told = self._told(block, picture)
            if told is None:
                continue
            if picture is not None:
                block.image, block.alt = picture.image, picture.alt
            if told == _PICTURE_TEXT or block.zone is Zone.TAIL:
                # Pictures after the article are those of teasers; whether that is over, the judge knows better.
                found.maybe[block.index] = _PICTURE_TEXT
            else:
                found.sure[block.index] = told
        return found

    def _told(self, block: Block, picture: Picture | None) -> str | None:
        """Return the id of what makes the block a caption, if anything does."""
        if block.kind is BlockKind.CAPTION:
            return None if self._is_stranger(block, picture) else _CAPTION
        if block.words > _LONGEST or block.kind in _NEVER:
            return None
        if block.kind is BlockKind.PARAGRAPH and _is_caption_path(block.path):
            if self._is_stranger(block, picture):
                return None
            near = picture is not None or _is_caption_path("/" + "/".join(block.path.split("/")[-2:]))
            return _CAPTION if near else _PICTURE_TEXT
        if picture is None or self.document.bounds[block.index][0] < picture.after:
            return _PHOTO_CREDIT if _is_credit_alone(block) else None
        if block.link_density > _LINKED or self._is_stranger(block, picture):
            return None
        return self._told_by_picture(block, picture)

    def _told_by_picture(self, block: Block, picture: Picture) -> str | None:
        """As :meth:`_told`, for what stands after a picture in the same element."""
        text, credit = names.split_credit(block.text)
        if not text:
            return _PHOTO_CREDIT
        called = self._is_called_picture(block, picture)
        if block.kind is BlockKind.HEADING and not called:
            return None
        others = [self.blocks[index] for index in picture.blocks if index != block.index]
        # A card that leads to another page, or an entry of a list, looks the same but for its headline and links.
        leads_on = any(other.kind is BlockKind.HEADING or other.links for other in others)
        if credit or (not leads_on and any(_is_credit(other.text) for other in others)):
            return _CAPTION
        if block.kind is BlockKind.HEADING:
            return _CAPTION if "/figcaption" in block.path else None
        if block.words < _SHORTEST:
            return None
        if called and _TEXT_PATH.search(block.path):
            return _CAPTION
        return _PICTURE_TEXT if called or not (leads_on or block.links) else None

    def _is_called_picture(self, block: Block, picture: Picture) -> bool:
        """Whether an element around the block, within that around both it and its picture, is called a picture's."""
        ordinal = self.document.anchors[block.index]
        while ordinal >= picture.container:
            tag, classes, ident = self.document.names[ordinal]
            if _PICTURE_NAME.search(f"{tag} {classes or ''} {ident or ''}"[:_LONGEST_NAMES]):
                return True
            ordinal = self.document.parents[ordinal]
        return False

    def _is_stranger(self, block: Block, picture: Picture | None) -> bool:
        """Whether text beside a picture is no caption: a control, a date, a byline with its author's picture."""
        text = block.text
        is_field_label = block.words <= _LONGEST_FIELD_LABEL and text.endswith((":", "\uff1a"))
        if is_field_label or "/button" in block.path.rpartition("/fig")[2]:
            return True
        if fold_phrase(text) in FURNITURE or _COUNTER.fullmatch(text):
            return True
        if block.words <= _LONGEST_STATEMENT:
            said = statements.read(text, self.document.language, self.region, self.document.page.captured)
            if said.dates and not said.strange:
                return True
        if block.kind is BlockKind.CAPTION:
            if picture is None and block.index and self.blocks[block.index - 1].kind is BlockKind.QUOTE:
                return True  # a figure of a quote: who said it
        elif _is_stranger_path("/" + "/".join(block.path.split("/")[-_STRANGER_LEVELS:])):
            return True
        return self._is_byline(block) or (picture is not None and self._is_portrait(picture))

    def _is_portrait(self, picture: Picture) -> bool:
        """Whether a picture is an author's: a byline stands beside it."""
        known = self._portraits.get(picture.container)
        if known is None:
            bylines = (self._is_byline(self.blocks[index]) for index in picture.blocks)
            known = self._portraits[picture.container] = any(bylines)
        return known

    def _is_byline(self, block: Block) -> bool:
        if "/address" in block.path or fold(block.text) in self.stated:
            return True
        return block.words <= _LONGEST_STATEMENT and bool(names.byline(block.text, self.document.language))


@lru_cache(maxsize=256)
def _is_caption_path(path: str) -> bool:
    """Whether an element is called a caption; neighbours have mostly the same path."""
    return holds(path, _CAPTION_NAMES) and _CAPTION_PATH.search(path) is not None


def _is_stranger_path(path: str) -> bool:
    """Whether an element is called an author's, a form's or a teaser's."""
    return holds(path, _STRANGER_NAMES) or _STRANGER_PATH.search(path) is not None


def _is_credit_alone(block: Block) -> bool:
    """Whether a paragraph is a credit and nothing else; a long one is only where it begins with a bracket or sign."""
    if block.kind is not BlockKind.PARAGRAPH:
        return False
    may_be = len(block.text) <= names.LONGEST_CREDITED or not block.text[0].isalnum()
    return may_be and not names.split_credit(block.text).text


def _is_credit(text: str) -> bool:
    """Whether a text beside a caption says who supplied the picture."""
    return names.credit_line(text) is not None or names.is_supplier(text)


# --- after judging --------------------------------------------------------------------------------------------------


def read(document: Document, declared: Declared, verdicts: list[Verdict]) -> list[Caption]:
    """Return the captions, in reading order, each once; a credit that stands alone joins its caption's picture."""
    stated = (value for value, _ in declared.candidates.get("captions", ()))
    ruled = [_stated(one) for value in stated for one in (value if isinstance(value, list) else [value])]
    found: list[Caption] = []
    for caption in [*_read_blocks(document, declared, verdicts, ruled), *ruled]:
        _include(found, caption)
    return found


def _stated(value: object) -> Caption:
    """Return the caption that a rule states: parted already, its parts, or a string."""
    if isinstance(value, Caption):
        return value if value.credit else Caption(*names.split_credit(value.text, caption=True))
    if isinstance(value, dict):
        shown, by = (collapse(settle(value.get(part) or "")) for part in ("v", "credit"))
        # Where all there is is a credit, a pattern has it for the whole as well.
        return Caption("" if fold(shown) == fold(by) else shown, by or None)
    text = collapse(settle(value)) if isinstance(value, str) else ""
    return Caption(*names.split_credit(text, caption=True))


def _read_blocks(
    document: Document, declared: Declared, verdicts: list[Verdict], ruled: list[Caption]
) -> Iterator[Caption]:
    """Read each block that is a caption by its verdict: as a rule parts it, else where its credit begins."""
    label: str | None = None
    for block, verdict in zip(document.blocks, verdicts, strict=True):
        if verdict.fate is not Fate.METADATA or verdict.field != "captions":
            label = None
            continue
        if declared.blocks.get(block.index, ("", ""))[1] == _CAPTION_LABEL:
            label = block.text
            continue
        text = collapse(block.text)
        stated = next((caption for caption in ruled if _covers(caption, text)), None)
        if stated is None:
            stated = Caption(*names.split_credit(_spaced(document, block), caption=True))
        yield Caption(stated.text, stated.credit, block.alt or label or None, block.image)
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
