"""What the lines of a page say: title, byline, date, section, standfirst; agencies and copyright.

Works on blocks alone, so a dump and an HTML page are read alike; in HTML the head has usually said most of it, and
the lines are then recognised by what it said. A block is claimed only if it states metadata and nothing else.

The order of the reading: captions are known before; then blocks are told by their own shape (bylines, dates); then
the *front*, the stretch from the title to the first paragraph of the body, is found. Section labels and the standfirst
count only there, bylines and dates near the title or, where it has none, after the article. Agencies and the copyright
line are looked for on the whole page.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice
from typing import Any

from cleaner.describe import names, statements
from cleaner.describe.vocabulary import FURNITURE, MODIFIED, PUBLISHED, RIGHTS_RESERVED, bare, holds
from cleaner.model import Block, BlockKind, Declared, Document, Source, Zone
from cleaner.text import fold, fold_phrase, word_count, words

__all__ = ["BUILTINS", "read"]

_FOUND_BY = {
    "title": "builtin/title",
    "authors": "builtin/byline",
    "date": "builtin/date-line",
    "section": "builtin/section-label",
    "description": "builtin/standfirst",
}
"""Field -> id of what finds the lines that state it."""
BUILTINS = frozenset(_FOUND_BY.values())
"""Ids of what finds metadata in lines; rules can disable them."""

# --- sizes (words) and distances (blocks) ---------------------------------------------------------------------------

# A paragraph, not a label or a teaser line: at least so many words.
_PROSE_WORDS = 12
_LONGEST_TITLE = 40
_LONGEST_STANDFIRST = 60
_LONGEST_BYLINE = 40
_LONGEST_NAME = 5
_LONGEST_LABEL = 4
_LONGEST_SECTION = 3
_LONGEST_SECTION_LINE = 6
_LONGEST_HOLDER = 8
# How many words beside a name or a date may be something else.
_LONGEST_ASIDE = 6
# Characters of a line in which a word says what its date is, and of a copyright line.
_LONGEST_LABELLED = 60
_LONGEST_COPYRIGHT = 200
# How likely a line is a title that nothing but its words makes one: see `_likeliest_title`.
_LIKELY = 0.9

# How far before the first prose the title is looked for, and how far the front may reach after the title.
_REACH_BEFORE = 25
_REACH_AFTER = 25
# Where author and date are looked for: before the heading, after it (up to so many blocks of prose), after the article.
_BEFORE_HEADING = 4
_OPENING = 22
_OPENING_PROSE = 3
_CLOSING = 16
# How many elements apart a block before the heading may be from it.
_NEAR = 4

# --- patterns: of lines ---------------------------------------------------------------------------------------------

_LIST_MARKS = ("-", "–", "—", "•", "*")
_LIST_MARK = re.compile(r"^[-–—•*]\s+")
_IN_SECTION = re.compile(
    r"(?:(?P<in>in)|posted in|filed under|category|section|rubrik|ressort|catégorie|categoría|rubrique)\s?:?\s+"
    r"(?P<v>[^\W\d_][\w &/’'-]{1,40})",
    re.IGNORECASE,
)
_SPAN = r"(?:19|20)\d\d(?:\s?[-–]\s?(?:(?:19|20)?\d\d|present))?"
_COPYRIGHT = re.compile(
    rf"(?:copyright\s*(?:©|\(c\))?|(?:©|\(c\))(?:\s*copyright)?)\s*{_SPAN}[\s,]*(?:by\s+)?"
    r"(?P<v>[^\W\d_][^|•·©]{1,79}?)"
    rf"(?:\s*(?:[|•·.,–—-]\s*)?(?:{RIGHTS_RESERVED})\b.*|\s*[|•·].*)?[\s.]*",
    re.IGNORECASE,
)
_COPYRIGHT_BEGINS = ("c", "C", "©", "(")
# "Jane Doe is a reporter …"
_INTRODUCES = re.compile(r",? (?:is|was|has|writes|ist|est|es|è) ")

# --- patterns: of element paths and addresses -----------------------------------------------------------------------

_STANDFIRST_PATH = re.compile(
    r"[.#][\w-]*(?:standfirst|subtitle|sub-title|subhead|subline|dek|summary|excerpt|lede|leadtext)\b", re.IGNORECASE
)
_AUTHOR_WORD = (
    r"(?:(?<![A-Za-z])(?:author|byline|writer|autore?n?|auteur|redakteur)|(?:Author|Byline|Writer))s?(?![a-z])"
)
_AUTHOR_SIGNS = ("author", "byline", "writer", "autor", "auteur", "redakteur")
# An element that is called so, or whose parent is.
_AUTHOR_ELEMENT = re.compile(rf"/[^/]*{_AUTHOR_WORD}[^/]*$")
_AUTHOR_PARENT = re.compile(rf"/[^/]*{_AUTHOR_WORD}[^/]*(?:/[^/]*){{1,2}}$")
# What holds other articles than the page's own.
_ELSEWHERE = re.compile(
    r"/aside\b|[.#/_-](?:related|teasers?|sidebar|recommend\w*|popular|trending|most-?read|comments?)\b"
)
_AUTHOR_PAGE = re.compile(r"/(?:authors?|autor(?:en|es|i)?|auteurs?)/[^/?#]", re.IGNORECASE)
_UPDATE_ELEMENT = re.compile(r"(?:updated|modified)[^/]*$", re.IGNORECASE)
_SECTION_PAGE = re.compile(r"/(?:categor\w*|tags?|topics?|sections?|press\w*|insights?)(?:/|$)", re.IGNORECASE)
_PERSON_PAGE = re.compile(
    r"/(?:people|persons?|team|staff|contributors?|profiles?|users?|by|writers?|columnists?|reporters?|redaktion|experts?)/",
    re.IGNORECASE,
)


def read(document: Document, declared: Declared, region: str | None, captions: Collection[int]) -> None:
    """Add what the lines state, and claim the blocks that state it.

    `region` is as :func:`cleaner.describe.head.read` returns it; `captions` are blocks known to be captions.
    """
    if document.blocks:
        _Reader(document, declared, region, captions).read()


class _Reader:
    """One document being read."""

    def __init__(self, document: Document, declared: Declared, region: str | None, captions: Collection[int]) -> None:
        self.document = document
        self.declared = declared
        self.blocks = document.blocks
        self.region = region
        self.captions = captions
        self.said: dict[int, statements.Statement] = {}
        """What each block read so far says of author and date, even if it says more besides."""
        self.bylines: set[int] = set()
        """Blocks that say who wrote, with a "By", and nothing else but when."""
        self.days: set[int] = set()
        """Blocks that say when, and nothing else but, with a "By", who wrote."""
        authors = (value for value, _ in declared.candidates.get("authors", ()) if isinstance(value, list))
        self._declared_authors = {fold_phrase(name): name for value in authors for name in value if " " in name}

    def read(self) -> None:
        """Read what statements there are, then the front, then what may stand anywhere."""
        start = self._first_prose()
        window = range(max(0, start - _REACH_BEFORE), min(len(self.blocks), start + _REACH_AFTER))
        self._read_statements(window, quick=True)
        title = self._title(window, start)
        front = self._front(title, start)
        if title is not None:
            self._section(title, front)
        self._front_matter(self._heading(title), front)
        self._notes()
        self._copyright()

    # --- claiming --------------------------------------------------------------------------------------------------

    def _claim(self, index: int, name: str) -> None:
        # A rule file has had the first word.
        self.declared.blocks.setdefault(index, (name, _FOUND_BY[name]))

    def _add(self, index: int, name: str, value: str | list[str], source: str = "line") -> None:
        self.declared.add(name, value, Source(source, self.blocks[index].text, str(index)))

    # --- what a block is by its own shape --------------------------------------------------------------------------

    def _read_statements(self, window: range, *, quick: bool = False) -> None:
        """Tell the bylines and date lines of a stretch by their shape; with `quick` only those that look like one."""
        for index in window:
            block = self.blocks[index]
            known = index in self.said or index in self.captions
            if known or block.hidden or block.words > _LONGEST_BYLINE:
                continue
            text = _unmarked(block.text)
            if quick and not statements.may_say_so(text):
                continue
            said = statements.read(text, self.document.language, self.region, self.document.page.captured)
            self.said[index] = said
            if said.strange:
                continue
            if said.signed:
                self.bylines.add(index)
            if said.dates and (said.signed or not said.names):
                self.days.add(index)

    def _states(self, index: int) -> bool:
        """Whether the block is some statement, so neither prose nor title."""
        return index in self.captions or index in self.bylines or index in self.days

    def _is_prose(self, index: int) -> bool:
        block = self.blocks[index]
        if block.hidden or self._states(index) or block.kind not in {BlockKind.PARAGRAPH, BlockKind.QUOTE}:
            return False
        return block.is_sentence and block.words >= _PROSE_WORDS

    def _first_prose(self) -> int:
        """Return the index of the first prose block of the main run; of any zone, where that has none."""
        first = len(self.blocks)
        for index, block in enumerate(self.blocks):
            if (block.zone is Zone.MAIN or first == len(self.blocks)) and self._is_prose(index):
                if block.zone is Zone.MAIN:
                    return index
                first = index
        return first

    # --- the front -------------------------------------------------------------------------------------------------

    def _title(self, window: range, start: int) -> int | None:
        """Find and claim the title's block: the one that says a declared title, else the likeliest line."""
        stated = {fold_phrase(str(value)) for value, _ in self.declared.candidates.get("title", [])} - {""}
        folded = {index: fold_phrase(self.blocks[index].text) for index in window}
        said = [index for index in window if folded[index] in stated and self._may_be_title(index)]
        before = [index for index in said if index < start] or said
        if before:
            found = before[-1]
        elif self.document.is_html and stated:
            return None
        else:
            likeliest = self._likeliest_title(range(window.start, start))
            if likeliest is None:
                return None
            found = likeliest
            self._add(found, "title", _unmarked(self.blocks[found].text))
        copies = [index for index in window if folded[index] == folded[found]]
        for index in copies:  # a title is often printed twice, once for the picture
            if index <= start or self.blocks[index].zone is not Zone.MAIN:
                self._claim(index, "title")
        # The first copy before the front matter: what follows it is the front.
        return copies[0]

    def _may_be_title(self, index: int) -> bool:
        block = self.blocks[index]
        return not (block.hidden or self._states(index) or block.kind in {BlockKind.TABLE_ROW, BlockKind.CODE})

    def _likeliest_title(self, stretch: range) -> int | None:
        """Return the line before the prose that shares most words with it, long before short, near before far."""
        prose = [block.text for block in self.blocks[stretch.stop : stretch.stop + 30]]
        body = {word for text in prose for word in words(fold(text)) if len(word) > 3 or not word.isascii()}
        best: tuple[float, int] | None = None
        for index in stretch:
            text = self.blocks[index].text.strip()
            if not self._may_be_title(index) or not self._headline_like(text):
                continue
            own = [word for word in words(fold(text)) if len(word) > 3 or not word.isascii()]
            if not own:
                continue
            score = sum(word in body for word in own) / len(own) + min(len(own), 8) / 8
            if self.blocks[index].kind is BlockKind.HEADING and len(own) > 2:
                score += 0.5
            # Of equal lines the first; a line that neither says much nor what the body says is a label.
            if score >= _LIKELY and (best is None or score > best[0]):
                best = (score, index)
        return best[1] if best else None

    @staticmethod
    def _headline_like(text: str) -> bool:
        count = word_count(text)
        if not 1 <= count <= _LONGEST_TITLE or (
            text.endswith((".", ":", ";", ",", "*")) and not text.endswith(("...", "U.S."))
        ):
            return False
        is_caption = names.split_credit(text, caption=True).credit is not None
        return not is_caption and fold_phrase(text) not in FURNITURE and any(char.isalpha() for char in text)

    def _front(self, title: int | None, start: int) -> range:
        """Return the blocks from the title to the body's first paragraph; claim the standfirst where one stands there.

        The first prose after the title is a standfirst only if byline, date or picture stand between it and the next.
        """
        begin = title if title is not None else max(0, start - _REACH_BEFORE)
        limit = min(len(self.blocks), max(begin, start) + _REACH_AFTER)
        prose = list(islice((index for index in range(begin + 1, limit) if self._is_prose(index)), 2))
        if not prose:
            return range(begin, min(start, limit))
        first = prose[0]
        second = prose[1] if len(prose) > 1 else limit
        if title is not None and self._is_standfirst(title, first, second):
            self._add(first, "description", self.blocks[first].text)
            self._claim(first, "description")
            return range(begin, second)
        return range(begin, first)

    def _is_standfirst(self, title: int, first: int, second: int) -> bool:
        block = self.blocks[first]
        if block.words > _LONGEST_STANDFIRST:
            return False
        if self.document.is_html and _STANDFIRST_PATH.search(block.path):
            return True
        between = range(first + 1, second)
        said_before = any(index in self.bylines or index in self.days for index in range(title, first))
        said_after = any(index in self.bylines or index in self.days for index in between)
        if said_before or self.document.is_html:
            return said_after and not said_before
        return said_after or (first + 1 in self.captions)

    # --- who and when ----------------------------------------------------------------------------------------------

    def _heading(self, title: int | None) -> int | None:
        """Return the block of the title; where none was found, that of the first `h1` in view."""
        if title is not None or not self.document.is_html:
            return title
        headings = (block for block in self.blocks if block.kind is BlockKind.HEADING and block.level == 1)
        return next((block.index for block in headings if not block.hidden), None)

    def _front_matter(self, heading: int | None, front: range) -> None:
        """Read author and date around the heading; after the article, where nothing of the kind stands before it."""
        opening = self._opening(heading, front)
        self._read_statements(opening)
        near = [index for index in opening if heading is None or self._belongs(index, heading)]
        if not self._authors([(index, *self._named(index, heading)) for index in near]):
            self._authors([(index, self._signed(index), 0) for index in self._closing()])
        if not sum(self._dates(index) for index in near):
            any(self._dates(index) for index in self._closing() if self._says_published(index))

    def _dates(self, index: int) -> bool:
        """Add the dates of a block, if that says little else."""
        said = self.said.get(index)
        claimed = self.declared.blocks.get(index, ("date", ""))[0]
        if said is None or not said.dates or said.strange > _LONGEST_ASIDE or claimed not in {"authors", "date"}:
            return False
        updated = self._is_called_update(index)
        for stated in said.dates:
            self._add(index, "modified" if stated.modified or updated else "date", stated.iso)
        if index in self.days:
            self._claim(index, "date")
        return True

    def _says_published(self, index: int) -> bool:
        """Whether a line, or the one before it, says what its date is: most dates after an article are others'."""
        said = (self.blocks[index - 1].text[-_LONGEST_LABELLED:], self.blocks[index].text[:_LONGEST_LABELLED])
        return any(word in PUBLISHED for text in said for word in words(fold(text)))

    def _is_called_update(self, index: int) -> bool:
        """Whether the line before or the element calls a date that of an update."""
        before = fold(self.blocks[index - 1].text) if index and self.blocks[index - 1].words <= _LONGEST_LABEL else ""
        called = _UPDATE_ELEMENT.search(self.blocks[index].path) is not None
        return called or any(word in MODIFIED for word in words(before))

    def _opening(self, heading: int | None, front: range) -> range:
        """Return the blocks around the heading where author and date stand: up to the third prose after it."""
        if heading is None:
            return front
        stop = min(len(self.blocks), heading + _OPENING)
        prose = list(islice((index for index in range(heading + 1, stop) if self._is_prose(index)), _OPENING_PROSE))
        return range(max(0, heading - _BEFORE_HEADING), prose[-1] if len(prose) == _OPENING_PROSE else stop)

    def _belongs(self, index: int, heading: int) -> bool:
        """Whether a block is of the same article as a heading: above that, menus and teasers are near as well."""
        if not self.document.is_html or self.blocks[index].path == self.blocks[heading].path:
            return True
        path, own = self.blocks[index].path, self.blocks[heading].path
        below = max(path.rfind("/", 0, _alike(path, own)), 0)
        return (index > heading or path.count("/", below) <= _NEAR) and _ELSEWHERE.search(path, below) is None

    def _closing(self) -> list[int]:
        """Return the blocks around the end of the main run that may be of its article."""
        last = max((block.index for block in self.blocks if block.zone is Zone.MAIN), default=len(self.blocks))
        stretch = range(max(1, last - 2), min(len(self.blocks), last + _CLOSING))
        self._read_statements(stretch)
        return [index for index in stretch if self._belongs(index, stretch.start)]

    def _signed(self, index: int) -> list[str]:
        """Return whom a line after the article names: with a "By", below a label, or alone at the end of the text."""
        said, block, before = self.said.get(index), self.blocks[index], self.blocks[index - 1]
        if said is None or index in self.declared.blocks or not said.names:
            return []
        alone = self.document.is_html and self._is_prose(index - 1) and before.path == block.path and not block.links
        likely = not said.strange and self._may_be_people(block, said.names, None)
        if said.signed or (likely and ((alone and block.text in said.names) or statements.is_label(before.text))):
            return self._as_declared(block.text, said.names)
        return []

    def _authors(self, found: list[tuple[int, list[str], int]]) -> bool:
        """Add the surest of the names found, the first of equals: with those right beside them, as one candidate."""
        sure = max((trust for _, people, trust in found if people), default=0)
        chosen = [(index, people) for index, people, trust in found if people and trust == sure]
        together: list[str] = []
        last = chosen[0][0] if chosen else 0
        for index, people in chosen:
            between = self.blocks[last + 1 : index]
            if self.blocks[index].path != self.blocks[last].path or any(block.words for block in between):
                break
            last = index
            together += [name for name in people if name not in together]
            self._claim(index, "authors")
        if together:
            self._add(chosen[0][0], "authors", together, "byline" if sure else "line")
        return bool(together)

    def _named(self, index: int, heading: int | None) -> tuple[list[str], int]:
        """Return whom a block names as authors, and how sure that is.

        2: a "By" says so, on the line or the one before. 1: the element is called so or links to an author's page, or
        the names are those that the head has. 0: names beside a date.
        """
        said, block = self.said.get(index), self.blocks[index]
        if said is None or index in self.declared.blocks or block.words > _LONGEST_BYLINE or self._is_prose(index):
            return [], 0
        if said.signed:
            return self._as_declared(block.text, said.names), 2
        before = self.blocks[index - 1].text if index else ""
        if statements.is_other_label(before) or statements.is_other_label(block.text):
            return [], 0
        if said.names and statements.is_label(before) and all(word_count(name) <= _LONGEST_NAME for name in said.names):
            return self._as_declared(block.text, said.names), 2
        if ":" not in block.text and (linked := self._linked(block)):
            return self._as_declared(block.text, linked), 1
        if not said.names or said.strange > _LONGEST_ASIDE:
            return [], 0
        declared = all(fold_phrase(name) in self._declared_authors for name in said.names)
        if declared or self._is_called_author(block, said):
            return self._as_declared(block.text, said.names), 1
        if said.strange or not self._may_be_people(block, said.names, heading):
            return [], 0
        if heading is not None and index - heading <= _BEFORE_HEADING and self._is_introduced(said.names[0]):
            return said.names, 1
        return (said.names if said.dates or self._beside_date(index) else []), 0

    def _may_be_people(self, block: Block, people: list[str], heading: int | None) -> bool:
        """Whether names without a sign may be the authors', rather than a section's or what the article is about."""
        title = fold(self.blocks[heading].text) if heading is not None else ""
        return (
            all(statements.is_person(name) and not name.isupper() for name in people)
            and not block.text.endswith(("!", ":"))
            and block.level != 1
            and not any(word in title for name in people for word in fold(name).split() if len(word) > 3)
            and not any(_SECTION_PAGE.search(link.get("href") or "") for link in self._links(block))
        )

    def _is_introduced(self, name: str) -> bool:
        """Whether the page says of somebody who that is, or below a label that it is the author."""
        wanted = fold(name)
        for block in self.blocks:
            text = fold(block.text) if block.text[:1] == name[0] else ""
            if text.startswith(wanted) and (
                (text == wanted and block.index and statements.is_label(self.blocks[block.index - 1].text))
                or _INTRODUCES.match(text, len(wanted))
            ):
                return True
        return False

    def _is_called_author(self, block: Block, said: statements.Statement) -> bool:
        """Whether the element of the names is called an author's; around a single word all kinds of labels are."""
        if not self.document.is_html or not holds(block.path, _AUTHOR_SIGNS):
            return False
        if fold_phrase(block.text) == fold_phrase(said.names[0]) and _AUTHOR_ELEMENT.search(block.path):
            return True
        called = _AUTHOR_ELEMENT.search(block.path) or _AUTHOR_PARENT.search(block.path)
        return called is not None and all(map(statements.is_person, said.names))

    def _as_declared(self, text: str, people: list[str]) -> list[str]:
        """Return the names of a byline without what hangs on them, where the head tells how they are written."""
        folded = f" {fold_phrase(text)}"
        known = [name for name in self._declared_authors.values() if f" {fold_phrase(name)}" in folded]
        if not known:
            return people
        said = [(fold(name), name) for name in people if statements.is_person(name)]
        heard = [fold(name) for name in known]
        return known + [name for folded, name in said if not any(folded in one or one in folded for one in heard)]

    def _links(self, block: Block) -> dict[Any, str]:
        """Return the links of a block with their text in it."""
        found: dict[Any, str] = {}
        if not block.links or not self.document.is_html:
            return found
        for piece in range(*self.document.bounds[block.index]):
            element = self.document.owners[piece]
            for _ in range(3):
                if element is None or element.tag == "a":
                    break
                element = element.getparent()
            if element is not None and element.tag == "a":
                found[element] = found.get(element, "") + self.document.pieces[piece]
        return found

    def _linked(self, block: Block) -> list[str]:
        """Return the names in a block that link to pages of authors."""
        people: list[str] = []
        for element, text in self._links(block).items():
            named = names.names(text, self.document.language, person=True)
            if all(names.named(name) and len(name) > 2 for name in named) and self._is_author_link(element, named):
                people += named
        return people

    @staticmethod
    def _is_author_link(link: Any, people: list[str]) -> bool:
        """Whether a link that reads as names leads to an author's page: many pages are about somebody."""
        address = link.get("href") or ""
        if "author" in (link.get("rel") or "").split() or _AUTHOR_PAGE.search(address):
            return True
        slug = bare(address.rstrip("/").rsplit("/", 1)[-1])
        return _PERSON_PAGE.search(address) is not None and all(
            statements.is_person(name) and bare(name.split()[-1]) in slug for name in people
        )

    def _beside_date(self, index: int) -> bool:
        return any(near in self.days for near in (index - 1, index + 1))

    def _section(self, title: int, front: range) -> None:
        """Read the section: "In Reports" beside the date, or a short label that stands alone above the title."""
        for index in front:
            block = self.blocks[index]
            if self._states(index) or index in self.declared.blocks or block.words > _LONGEST_SECTION_LINE:
                continue
            text = _unmarked(block.text)
            match = _IN_SECTION.fullmatch(text)
            if match and (not match["in"] or self._beside_date(index)):
                self._add(index, "section", match["v"].strip())
                self._claim(index, "section")
                return
        # Higher up on the page such a label is navigation.
        label = title - 1
        if self.document.is_html or not 0 <= label <= 2 or label in self.declared.blocks:
            return
        block = self.blocks[label]
        alone = not block.group or block.group not in {
            self.blocks[title].group,
            self.blocks[max(0, label - 1)].group if label else -1,
        }
        if (
            alone
            and statements.is_short(block.text, _LONGEST_SECTION)
            and fold_phrase(block.text) not in FURNITURE
            and names.named(block.text)
        ):
            self._add(label, "section", block.text)
            self._claim(label, "section")

    # --- anywhere --------------------------------------------------------------------------------------------------

    def _notes(self) -> None:
        """Read the wire services that notes at the article's end name; the note itself stays where it is."""
        for block in self.blocks:
            agencies = [] if block.zone is Zone.HEAD or block.hidden else names.note_agencies(block.text)
            if agencies and block.index not in self.captions:
                self._add(block.index, "agencies", agencies)

    def _copyright(self) -> None:
        """Read the copyright line of the page, which names its holder and, mostly, the site."""
        for block in self.blocks:
            text = block.text.strip()
            if text[:1] not in _COPYRIGHT_BEGINS or len(block.text) > _LONGEST_COPYRIGHT or block.hidden:
                continue
            if (block.zone is Zone.MAIN and self.document.is_html) or block.index in self.captions:
                continue
            if match := _COPYRIGHT.fullmatch(text):
                holder = match["v"].strip(" ,.-–")
                if word_count(holder) <= _LONGEST_HOLDER:
                    self._add(block.index, "copyright", holder)
                    self._add(block.index, "site_name", holder)


def _unmarked(text: str) -> str:
    """Return a line without the mark of a list item before it."""
    return _LIST_MARK.sub("", text) if text.startswith(_LIST_MARKS) else text


def _alike(path: str, other: str) -> int:
    """Return how many characters of `path` come before the first that differs in `other`; all, where one ends first."""
    low, high = 0, min(len(path), len(other))
    if path[:high] == other[:high]:
        return len(path)
    while low < high:  # paths are long and have much in common: halves are compared
        middle = (low + high + 1) // 2
        if path.startswith(other[:middle]):
            low = middle
        else:
            high = middle - 1
    return low
