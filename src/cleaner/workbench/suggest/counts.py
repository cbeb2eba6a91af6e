"""The site pass: what recurs on the pages of a site, as a sum of counts.

::

    Surveyor.clean(page) ──▶ Sighting ──add──▶ SitePass ──merge──▶ SitePass ──propose──▶ rules

A :class:`SitePass` is keyed by site, medium and what recurs: a line (hash of its text, digits folded, with its zone), a
selector, a run of short lines. It never holds more than one page at a time, and passes over parts of a folder add up to
the pass over the whole, in any order. HTML pages and text dumps are counted apart.

Each key has its counts by *fold*, and which fold a page is in follows from its address alone. So what a rule would do
can be learnt on some pages and verified on the others when the pages are long gone, and after passes were merged.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any, Final, Literal, NamedTuple, Self

from cleaner import __version__
from cleaner.model import Zone
from cleaner.text import clip, fold_phrase
from cleaner.workbench.kept import Kept

__all__ = [
    "CSS",
    "CUT",
    "FOLDS",
    "LINE",
    "MAX_KEYS",
    "MEDIA",
    "RUNS",
    "SECTIONS",
    "SKETCHES",
    "Counts",
    "Form",
    "Key",
    "Line",
    "Matcher",
    "Medium",
    "Reach",
    "Sighting",
    "SitePass",
    "Survey",
    "Tally",
    "hash_of",
    "survey_from",
    "survey_json",
]

Medium = Literal["html", "text"]
MEDIA: Final[tuple[Medium, Medium]] = ("html", "text")
FOLDS: Final = 32
MAX_KEYS: Final = 50_000
"""Keys of a site and medium. Over it, those seen on the fewest pages are forgotten (of equals, the last by key), down
to four fifths: what recurs stays, and what was on one page is what the next pages bring anew."""

_VERSION: Final = 1
SKETCHES: Final = 8
"""Pages of a site and medium that are remembered line by line, without texts, to tell what rules do together."""
_MAX_HEAD: Final = 15
"""Words of a line that something may follow: a label, no paragraph."""
_EXAMPLES: Final = 3
_CONSIDERED: Final = 50
"""Lines of a page that examples are chosen from."""
_QUOTED: Final = 60
"""Characters of an example."""
_DIGITS: Final = re.compile(r"\d+")


# ── What a rule could ask for ─────────────────────────────────────────────────────────────────────────────────────────

Form = Literal["line", "cut", "section", "run", "css"]


class Matcher(NamedTuple):
    """What a rule could ask for.

    =========== ================ =================================================
    form        of               hits
    =========== ================ =================================================
    `line`      a line           that line
    `cut`       a line           it, and everything after it
    `section`   a line           it, and up to `number` lines after it in its zone
    `run`       a zone           `number` lines or more in a row
    `css`       a selector       the elements
    =========== ================ =================================================
    """

    form: Form
    number: int = 0
    words: int = 0
    """Only lines of at most so many words."""
    labels: bool = False
    """Only lines that do not end as sentences do."""

    def takes(self, line: Line) -> bool:
        """Tell whether a line may be in a section or run."""
        return line.words <= self.words and not (self.labels and line.sentence)


LINE: Final = Matcher("line")
CUT: Final = Matcher("cut")
CSS: Final = Matcher("css")
SECTIONS: Final = tuple(
    Matcher("section", number, words, labels)
    for number in (6, 15, 40, 120)
    for words, labels in ((25, True), (40, False))  # menus, and teasers; a longer line is a paragraph
)
RUNS: Final = tuple(Matcher("run", number, words, True) for words in (10, 5) for number in (3, 6))
_ALL: Final = (LINE, CUT, CSS, *SECTIONS, *RUNS)

_FOLLOWING: Final = {
    zone: tuple(matcher for matcher in (CUT, *SECTIONS) if matcher.form == "cut" or matcher.labels or zone is Zone.TAIL)
    for zone in Zone
}
"""What may follow a line: sentences only behind the article. In front of it they are how the article begins, on a page
whose head is told too long."""

Key = tuple[str, str, str]
"""`line`, hash, zone; `run`, its number in :data:`RUNS`, zone; `css`, selector, nothing."""


# ── One page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Line(NamedTuple):
    """A block as it is counted."""

    key: str
    """Hash of its text, digits folded; empty for what is too long to be asked for."""
    zone: Zone
    words: int
    open: int
    """Its words, if rules leave it to the judges; else 0."""
    view: int
    """Its words, if rules would leave it to the judges in a dump, where there are no elements; else 0."""
    body: int
    """Thousandths of words that are body, by the scorer's probability; all, if a rule keeps it."""
    left: int
    """Its words, if it is in the body now; else 0."""
    level: int
    """Of a heading, 1 to 6; else 0."""
    sentence: bool
    linked: bool
    hidden: bool
    text: str
    selectors: tuple[str, ...]
    """Of the elements around it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one page adds to a pass."""

    site: str
    medium: Medium
    page: str
    """Hash of its address; where it has none, of its content. Hexadecimal."""
    content: str
    """Hash of its content."""
    lines: Sequence[Line]

    @property
    def fold(self) -> int:
        """The fold, from 0, that the page belongs to."""
        return int(self.page[:8], 16) % FOLDS


def hash_of(text: str) -> str:
    """Return the key of a text: equal for texts that differ in digits, case, and punctuation around them only."""
    folded = _DIGITS.sub("0", fold_phrase(text))
    return hashlib.blake2b(folded.encode("utf-8", "replace"), digest_size=8).hexdigest()


class Reach:
    """What rules would hit on one page, by the lines of it: for counting, and for trying several rules together."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.places: dict[tuple[str, Zone], list[int]] = {}
        """Key and zone of a line -> where it stands."""
        self.elements: dict[str, list[int]] = {}
        """Selector -> the lines in its elements."""
        for index, line in enumerate(lines):
            if line.key and not line.hidden:
                self.places.setdefault((line.key, line.zone), []).append(index)
            for selector in line.selectors:
                self.elements.setdefault(selector, []).append(index)
        self._zone_ends = list(range(1, len(lines) + 1))
        for index in range(len(lines) - 2, -1, -1):
            if lines[index].zone is lines[index + 1].zone:
                self._zone_ends[index] = self._zone_ends[index + 1]
        self._stops = {
            (matcher.words, matcher.labels): [
                index for index, line in enumerate(lines) if not line.hidden and not matcher.takes(line)
            ]
            for matcher in SECTIONS
        }
        self._headings = [(index, line.level) for index, line in enumerate(lines) if line.level and not line.hidden]

    def of(self, matcher: Matcher, at: str, zone: Zone | None) -> Iterator[range]:
        """Yield the stretches of lines that a rule would hit; no two overlap."""
        if matcher.form == "css":
            yield from (range(index, index + 1) for index in self.elements.get(at, ()))
            return
        if zone is None:
            return
        if matcher.form == "run":
            yield from self._runs(matcher, zone)
            return
        for place, after in pairwise((*self.places.get((at, zone), ()), len(self.lines))):
            if matcher.form == "cut":
                yield range(place, len(self.lines))
                return
            yield range(
                place, min(self._section_end(matcher, place), after) if matcher.form == "section" else place + 1
            )

    def _section_end(self, matcher: Matcher, head: int) -> int:
        end = min(self._zone_ends[head], head + 1 + matcher.number)
        stops = self._stops[matcher.words, matcher.labels]
        stop = bisect_left(stops, head + 1)
        if stop < len(stops):
            end = min(end, stops[stop])
        if level := self.lines[head].level:
            for index, other in self._headings[bisect_left(self._headings, (head + 1, 0)) :]:
                if index >= end or other <= level:
                    return min(end, index)
        return end

    def _runs(self, matcher: Matcher, zone: Zone) -> Iterator[range]:
        found: list[int] = []
        for index, line in enumerate(self.lines):
            if line.hidden:
                continue
            if line.zone is zone and matcher.takes(line):
                found.append(index)
                continue
            if len(found) >= matcher.number:
                yield range(found[0], found[-1] + 1)
            found.clear()
        if len(found) >= matcher.number:
            yield range(found[0], found[-1] + 1)


# ── The sums ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Counts(NamedTuple):
    """What a matcher hits, summed over pages; see :class:`Line`."""

    pages: int = 0
    open: int = 0
    view: int = 0
    body: int = 0
    left: int = 0
    linked: int = 0
    """Words of lines that are links."""

    def plus(self, other: Counts) -> Counts:
        """Return the sum."""
        return Counts(*map(int.__add__, self, other))

    def minus(self, other: Counts) -> Counts:
        """Return what is left without `other`, a part of this."""
        return Counts(*map(int.__sub__, self, other))


@dataclass(slots=True)
class Tally:
    """One key of a pass."""

    folds: dict[int, dict[Matcher, Counts]] = field(default_factory=dict)
    first: str = ""
    """Of the texts that the line had, the first by its letters."""
    last: str = ""
    """And the last: where they say the same, the line never changes."""
    examples: list[str] = field(default_factory=list)
    """Beginnings of three lines that are hit: those of least hash, so that any order of pages gives the same."""

    @property
    def pages(self) -> int:
        """On how many pages it was seen."""
        return sum(max(count.pages for count in counts.values()) for counts in self.folds.values())

    def merge(self, other: Tally) -> None:
        """Add `other`."""
        for fold, counts in other.folds.items():
            mine = self.folds.setdefault(fold, {})
            for matcher, its in counts.items():
                mine[matcher] = mine[matcher].plus(its) if matcher in mine else its
        self.first = min(self.first or other.first, other.first or self.first)
        self.last = max(self.last, other.last)
        self.examples = _least({*self.examples, *other.examples})

    def as_json(self) -> list[Any]:
        """Return it as JSON types."""
        folds = [
            [fold, *([_ALL.index(matcher), *counts[matcher]] for matcher in sorted(counts))]
            for fold, counts in sorted(self.folds.items())
        ]
        return [folds, self.first, self.last, self.examples]

    @classmethod
    def from_json(cls, said: Any) -> Self:
        """Return what `as_json` gave. Raises ValueError, TypeError or IndexError for what is none."""
        folds, first, last, examples = said
        counts = {
            int(fold): {_ALL[index]: Counts(*map(int, its)) for index, *its in matchers} for fold, *matchers in folds
        }
        return cls(counts, str(first), str(last), list(map(str, examples)))


def _least(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=lambda text: (hash_of(text), text))[:_EXAMPLES]


@dataclass(slots=True)
class Survey:
    """The sums of one site and medium."""

    pages: dict[int, int] = field(default_factory=dict)
    """Fold -> pages."""
    tallies: dict[Key, Tally] = field(default_factory=dict)
    sketches: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    """Page and content -> lines, without texts: of the pages of least hash."""

    @property
    def total(self) -> int:
        """How many pages were counted."""
        return sum(self.pages.values())

    def merge(self, other: Survey, *, forget: bool = True) -> None:
        """Add `other`: pages that are in both count twice. With `forget`, keep no more than `MAX_KEYS`."""
        for fold, count in other.pages.items():
            self.pages[fold] = self.pages.get(fold, 0) + count
        for key, tally in other.tallies.items():
            self.tallies.setdefault(key, Tally()).merge(tally)
        self.sketches |= other.sketches
        for page in sorted(self.sketches)[SKETCHES:]:
            del self.sketches[page]
        if forget and len(self.tallies) > MAX_KEYS:
            most = sorted(self.tallies, key=lambda key: (-self.tallies[key].pages, key))
            for key in most[MAX_KEYS * 4 // 5 :]:
                del self.tallies[key]


@dataclass(slots=True)
class SitePass(Kept):
    """What recurs on the pages of each site."""

    surveys: dict[tuple[str, Medium], Survey] = field(default_factory=dict)
    """Site and medium -> sums."""
    aside: int = 0
    """Captcha, block and consent pages, which are none of the site's own and are not counted."""

    @property
    def sites(self) -> dict[str, int]:
        """Site -> pages; the site of pages that tell none is empty."""
        found: dict[str, int] = {}
        for (site, _), survey in sorted(self.surveys.items()):
            found[site] = found.get(site, 0) + survey.total
        return found

    def add(self, sighting: Sighting) -> None:
        """Count one page."""
        self._survey(sighting.site, sighting.medium).merge(_survey_of(sighting))

    def merge(self, other: SitePass, *, forget: bool = True) -> None:
        """Add `other`. Without `forget`, sums are exact however the pages were divided, and as large as they get."""
        for (site, medium), survey in other.surveys.items():
            self._survey(site, medium).merge(survey, forget=forget)
        self.aside += other.aside

    def of(self, site: str, media: Iterable[Medium]) -> Survey:
        """Return the sums of a site and all below it: `example.com` has the pages of `news.example.com` too."""
        found = Survey()
        for (name, medium), survey in sorted(self.surveys.items()):
            if medium in media and (name == site or name.endswith(f".{site}")):
                found.merge(survey)
        return found

    def _survey(self, site: str, medium: Medium) -> Survey:
        return self.surveys.setdefault((site, medium), Survey())

    # -- files

    def as_json(self) -> dict[str, Any]:
        """Return the pass as JSON types, in an order that does not depend on that of the pages."""
        return {
            "sitepass": _VERSION,
            "cleaner": __version__,
            "aside": self.aside,
            "surveys": [
                {"site": site, "medium": medium, **survey_json(survey)}
                for (site, medium), survey in sorted(self.surveys.items())
            ],
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Return the pass that :meth:`as_json` wrote. Raises ValueError for what is none, or of another version."""
        if not isinstance(data, dict) or "sitepass" not in data:
            raise ValueError("no site pass of `cleaner rules suggest`")
        if data["sitepass"] != _VERSION:
            raise ValueError(f"a site pass of version {data['sitepass']}; this version of cleaner reads {_VERSION}")
        try:
            found = cls(aside=int(data["aside"]))
            for said in data["surveys"]:
                found.surveys[str(said["site"]), MEDIA[MEDIA.index(said["medium"])]] = survey_from(said)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            raise ValueError(f"a broken site pass ({type(error).__name__}: {error})") from error
        return found


def survey_json(survey: Survey) -> dict[str, Any]:
    """Return the sums of a site and medium as JSON types."""
    return {
        "pages": sorted(survey.pages.items()),
        "tallies": [[*key, *tally.as_json()] for key, tally in sorted(survey.tallies.items())],
        "sketches": dict(sorted(survey.sketches.items())),
    }


def survey_from(said: dict[str, Any]) -> Survey:
    """Return what :func:`survey_json` gave. Raises KeyError, TypeError, ValueError or IndexError for what is none."""
    survey = Survey({int(fold): int(count) for fold, count in said["pages"]})
    for form, at, zone, *tally in said["tallies"]:
        survey.tallies[str(form), str(at), str(zone)] = Tally.from_json(tally)
    for page, lines in said["sketches"].items():
        survey.sketches[page] = tuple(
            Line._make([key, Zone(zone), *rest, tuple(selectors)]) for key, zone, *rest, selectors in lines
        )
    return survey


def _survey_of(sighting: Sighting) -> Survey:
    """Return the sums of one page."""
    lines = sighting.lines
    reach = Reach(lines)
    each = (Counts(0, line.open, line.view, line.body, line.left, line.words * line.linked) for line in lines)
    sums = list(accumulate(each, Counts.plus, initial=Counts()))

    def count(stretches: Iterable[range]) -> Counts:
        total = Counts(1)
        for stretch in stretches:
            total = total.plus(sums[stretch.stop].minus(sums[stretch.start]))
        return total

    def quoted(places: Iterable[int]) -> list[str]:
        texts = [lines[index].text for index in places if lines[index].view]
        return _least({clip(text, _QUOTED) for text in texts[:_CONSIDERED]})

    survey = Survey({sighting.fold: 1})
    for (key, zone), places in reach.places.items():
        alone = count(reach.of(LINE, key, zone))
        counts = {LINE: alone}
        for matcher in _FOLLOWING[zone] if lines[places[0]].words <= _MAX_HEAD else ():
            more = count(reach.of(matcher, key, zone))
            if more.view > alone.view:
                counts[matcher] = more
        texts = [lines[index].text for index in places]
        survey.tallies["line", key, zone.value] = Tally(
            {sighting.fold: counts}, min(texts), max(texts), quoted(range(places[0], min(places[0] + 4, len(lines))))
        )
    for zone in Zone:
        for number, matcher in enumerate(RUNS):
            if stretches := list(reach.of(matcher, "", zone)):
                places = [index for stretch in stretches for index in stretch]
                survey.tallies["run", str(number), zone.value] = Tally(
                    {sighting.fold: {matcher: count(stretches)}}, examples=quoted(places)
                )
    for selector, places in reach.elements.items():
        survey.tallies["css", selector, ""] = Tally(
            {sighting.fold: {CSS: count(reach.of(CSS, selector, None))}}, examples=quoted(places)
        )
    survey.sketches[f"{sighting.page}-{sighting.content}"] = tuple(line._replace(text="") for line in lines)
    return survey
