"""Many records as sums: what a corpus is after cleaning, and which of its pages to look at first.

Everything here is of bounded size, however many records are added: counts, histograms on a logarithmic scale, the worst
few pages of each flag. Sites and rules, of which there may be any number, are counted in a :class:`Frequent`.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from cleaner.batch import FAILURES
from cleaner.compare import METADATA, Notes, Reason, site_of
from cleaner.model import ARTICLES, Fate, NoiseKind, Status
from cleaner.text import clip, word_count

__all__ = ["FIELDS", "Census", "Entry", "Flag", "Frequent", "Histogram", "Least", "Site", "Text"]

FIELDS: Final = (
    *("title", "authors", "date", "modified", "description", "section", "tags", "site_name", "language", "url"),
    *("image", "captions"),
)
"""What a page may state of its article, as records have it."""

_WALLS: Final = frozenset({Status.CAPTCHA, Status.CONSENT, Status.BLOCKED, Status.STUB, Status.PARTIAL})
_GRAVEST: Final = (Status.CRASHED, Status.TIMEOUT, Status.TOO_LARGE, Status.UNREADABLE)
_SCANT_WORDS: Final = 50
"""A body of fewer is nearly empty."""
_UNSURE: Final = 0.7
"""Of confidence."""
_WORST: Final = 100
"""How many pages of each flag are kept."""
_MOST_KEYS: Final = 20_000
"""How many sites, rules and notes are counted each on its own."""
_LONGEST: Final = 300
"""Characters of what a record says that are kept: people are to read it."""
_MOST_WORDS: Final = 10**12
"""Of a body: a record that claims more was not written by us."""


class Flag(StrEnum):
    """Why a person should look at a page, the gravest first."""

    FAILED = "failed"
    EMPTIED = "emptied"
    GUARDED = "guarded"
    WALLED = "walled"
    SCANT = "scant"
    UNSURE = "unsure"


# ── One record ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Entry:
    """What counts of one record."""

    version: str
    location: str
    site: str
    title: str
    status: Status
    reason: str
    confidence: float | None
    body: int
    """Words of the body."""
    removed: dict[Reason, tuple[int, int]]
    """Blocks and words that are not in it, by what decided."""
    fields: dict[str, str]
    """Which fields the page states -> where the value comes from."""
    notes: list[tuple[str, str, str, bool]]
    """Id, `file:line` or nothing, message, and whether a guard tripped."""

    @property
    def words(self) -> int:
        """Words of the page."""
        return self.body + sum(words for _, words in self.removed.values())

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Return what counts of a record. Raises ValueError where it is none."""
        try:
            return cls._of(record)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no record of cleaner ({type(error).__name__}: {error})") from error

    @classmethod
    def _of(cls, record: Mapping[str, Any]) -> Self:
        metadata: dict[str, Any] = record["metadata"]
        sources: dict[str, Any] = metadata["sources"]
        removed: dict[tuple[str, Any, Any], tuple[int, int]] = {}
        for block in record["removed"]:
            evidence = block["evidence"][0] if block["evidence"] else _NO_EVIDENCE
            kind = METADATA if block["fate"] == Fate.METADATA else NoiseKind(block["kind"]).value
            reason = (kind, evidence["id"], evidence["where"])
            blocks, words = removed.get(reason, (0, 0))
            removed[reason] = (blocks + 1, words + word_count(block["text"]))
        stated = {name: _origin(sources.get(name)) for name in FIELDS if metadata.get(name)}
        if record["captions"]:
            stated["captions"] = ""
        confidence, body = record["confidence"], metadata["word_count"]
        if not (confidence is None or 0 <= confidence <= 1) or not 0 <= body <= _MOST_WORDS:  # nor NaN
            raise ValueError("a number that cannot be")
        return cls(
            version=_short(record["cleaner"]),
            location=_short(record["location"]),
            site=_short(site_of(record["url"] or metadata["url"], record["rules"])),
            title=_short(metadata["title"]),
            status=Status(record["status"]),
            reason=_short(record["reason"]),
            confidence=None if confidence is None else float(confidence),
            body=int(body),
            removed={Reason(kind, _short(rule), _short(where)): of for (kind, rule, where), of in removed.items()},
            fields=stated,
            notes=[
                (_short(note["id"]), _short(note["where"]), _short(note["message"]), note["tripped"] is True)
                for note in record["notes"]
            ],
        )

    def flags(self) -> Iterator[tuple[Flag, float, str]]:
        """Yield why a person should look at this page: the flag, how bad that is, and the reason in words."""
        words = self.words
        if self.status in FAILURES:
            yield Flag.FAILED, -_GRAVEST.index(self.status), self.reason
            return
        if self.status in _WALLS:
            yield Flag.WALLED, 0, self.reason
        elif self.status is Status.EMPTY:
            yield Flag.EMPTIED, words, f"none of {words:,} words kept; {self._most()}" if words else self.reason
        elif self.status is Status.OK and self.body < _SCANT_WORDS:
            most = f"; {self._most()}" if self.removed else ""
            yield Flag.SCANT, words, f"{self.body:,} of {words:,} words kept{most}"
        guards = [f"{rule}: {message}" for rule, _, message, tripped in self.notes if tripped]
        if guards:
            more = f" (and {len(guards) - 1:,} more)" if len(guards) > 1 else ""
            yield Flag.GUARDED, len(guards), f"{guards[0]}{more}"
        if self.status is Status.OK and self.confidence is not None and self.confidence < _UNSURE:
            yield Flag.UNSURE, 1 - self.confidence, f"confidence {self.confidence:.2f}"

    def _most(self) -> str:
        """Say what took most."""
        (kind, rule, where), (_, words) = max(self.removed.items(), key=lambda item: (item[1][1], item[0]))
        return f"{words:,} went as {kind} by {rule or 'no rule'}{f' ({where})' if where else ''}"


_NO_EVIDENCE: Final = {"id": None, "where": None}


def _short(value: Any) -> str:
    """Return text as people are shown it; of None, nothing. Raises TypeError for what is neither."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text is expected")
    return clip(value[: 4 * _LONGEST], _LONGEST)


def _origin(source: Any) -> str:
    """Return what a value comes from, in general: all rules as one, all of `<meta>` as one."""
    return _short(source["name"]).partition(":")[0] if source else ""


# ── Sums of bounded size ──────────────────────────────────────────────────────────────────────────────────────────────


class _Counted(Protocol):
    pages: int


_Value = TypeVar("_Value", bound=_Counted)
_Item = TypeVar("_Item")


class Frequent(Generic[_Value]):
    """A mapping that lets go of the rarest half of its keys where there are more than twice `limit`.

    Up to there it is exact. What was let go and comes again begins anew: it is then at least what is told.
    """

    def __init__(self, new: Callable[[], _Value], limit: int = _MOST_KEYS) -> None:
        self._new, self._limit = new, limit
        self._values: dict[Any, _Value] = {}
        self.is_exact = True

    def __getitem__(self, key: Any) -> _Value:
        """Return the value of a key, a new one where there is none."""
        found = self._values.get(key)
        if found is None:
            if len(self._values) >= 2 * self._limit:
                self._values = dict(self.most(self._limit))
                self.is_exact = False
            found = self._values[key] = self._new()
        return found

    def most(self, number: int) -> list[tuple[Any, _Value]]:
        """Return the keys with the most pages, most first."""
        return heapq.nsmallest(number, self._values.items(), key=lambda item: (-item[1].pages, item[0]))

    def __len__(self) -> int:
        """Return how many keys there are; where it is not exact, there were more."""
        return len(self._values)


class Least(Generic[_Item]):
    """The `limit` items with the least keys."""

    def __init__(self, limit: int = _WORST) -> None:
        self._limit = limit
        self._items: list[tuple[Any, _Item]] = []

    def add(self, key: Any, item: _Item) -> None:
        """Add an item."""
        self._items.append((key, item))
        if len(self._items) >= 8 * self._limit:
            self._items = self._few()

    def _few(self) -> list[tuple[Any, _Item]]:
        return heapq.nsmallest(self._limit, self._items, key=lambda item: item[0])

    def __iter__(self) -> Iterator[_Item]:
        """Go through them, least first."""
        return (item for _, item in self._few())


_STEPS: Final = 240
"""Of a histogram to a power of ten: each is 1 % wide."""


class Histogram:
    """How often which size occurs: exact in number, within half a percent in size."""

    def __init__(self) -> None:
        self.zeros = 0
        self._steps: Counter[int] = (
            Counter()
        )  # number of a step, which begins at 10 ** (number / _STEPS) -> sizes in it

    def add(self, size: float) -> None:
        """Add one. Below a hundred-thousandth it is zero."""
        if size < 1e-5:
            self.zeros += 1
        else:
            self._steps[math.floor(_STEPS * math.log10(size) + 1e-9)] += 1

    def __len__(self) -> int:
        """Return how many were added."""
        return self.zeros + self._steps.total()

    def quantile(self, share: float) -> float:
        """Return the size that `share` of all do not exceed; 0 where there are none."""
        left = share * len(self) - self.zeros
        size = 0.0
        for step in sorted(self._steps):
            if left <= 0:
                break
            left -= self._steps[step]
            size = 10 ** ((step + 0.5) / _STEPS)
        return size

    def bins(self, to_ten: int) -> dict[int, int]:
        """Return how many sizes lie in each bin, `to_ten` of which make a power of ten: bin 0 begins at 1."""
        found: Counter[int] = Counter()
        for step, number in self._steps.items():
            found[step * to_ten // _STEPS] += number
        return dict(sorted(found.items()))


# ── All records ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Text:
    """How much text was left out, and of how many pages."""

    pages: int = 0
    blocks: int = 0
    words: int = 0


@dataclass(slots=True)
class Site:
    """The pages of one site."""

    pages: int = 0
    flagged: int = 0
    words: int = 0
    body: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)


class Census:
    """What records are, all together."""

    def __init__(self) -> None:
        self.pages = 0
        self.versions: Counter[str] = Counter()
        """Of `cleaner`, that wrote the records."""
        self.statuses: Counter[Status] = Counter()
        self.words = self.body = 0
        """Words of the pages, and of their bodies."""
        self.before, self.after = Histogram(), Histogram()
        """Words of each page and of its body, for pages that were cleaned."""
        self.confidence: Counter[int] = Counter()
        """Of articles, in twentieths."""
        self.by_rules = 0
        """Articles without a confidence: rules, or a borrowed judge, decided."""
        self.reasons: Frequent[Text] = Frequent(Text)
        """What decided, as in :attr:`Entry.removed` -> how much it took."""
        self.left_out: dict[str, Text] = {}
        """Kind -> how much was left out as that."""
        self.articles = 0
        """Pages with status ok or partial: those that fields are counted of."""
        self.fields: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
        """Field -> where its values come from -> articles."""
        self.sites: Frequent[Site] = Frequent(Site)
        self.notes: Frequent[Notes] = Frequent(lambda: Notes(""))
        """(Id, `file:line`) -> what it said, by example."""
        self.flags: Counter[Flag] = Counter()
        self.flagged = 0
        """Pages with any flag."""
        self.broken = 0
        """What should have been a record."""
        self.some_broken: Least[tuple[str, str]] = Least(5)
        """Where, and what is wrong with it."""
        self.seconds = Histogram()
        self.total_seconds = 0.0
        self.slowest: Least[tuple[str, str, float]] = Least(25)
        """Name, status and seconds."""
        self.worst: dict[Flag, Least[tuple[Entry, str]]] = {flag: Least() for flag in Flag}
        """Flag -> the worst pages of it, each with the reason in words."""

    def add(self, entry: Entry) -> None:
        """Count one record."""
        self.pages += 1
        self.versions[entry.version] += 1
        self.statuses[entry.status] += 1
        site = self.sites[entry.site]
        site.pages += 1
        site.statuses[entry.status] += 1
        words = entry.words
        if entry.status not in FAILURES:
            self.words += words
            self.body += entry.body
            site.words += words
            site.body += entry.body
            self.before.add(words)
            self.after.add(entry.body)
        self._add_removed(entry)
        if entry.status in ARTICLES:
            self.articles += 1
            for name, origin in entry.fields.items():
                self.fields[name][origin] += 1
            if entry.confidence is None:
                self.by_rules += 1
            else:
                self.confidence[min(int(entry.confidence * 20), 19)] += 1
        for (rule, where), message in {(rule, where): message for rule, where, message, _ in entry.notes}.items():
            note = self.notes[rule, where]
            note.pages += 1
            note.example = min(note.example or message, message)  # the same one in whichever order they come
        flagged = False
        for flag, badness, reason in entry.flags():
            flagged = True
            self.flags[flag] += 1
            self.worst[flag].add((-badness, entry.location), (entry, reason))
        self.flagged += flagged
        site.flagged += flagged

    def _add_removed(self, entry: Entry) -> None:
        kinds = set()
        for reason, (blocks, words) in entry.removed.items():
            of_reason, of_kind = self.reasons[reason], self.left_out.setdefault(reason.kind, Text())
            of_reason.pages += 1
            for text in (of_reason, of_kind):
                text.blocks += blocks
                text.words += words
            kinds.add(reason.kind)
        for kind in kinds:
            self.left_out[kind].pages += 1

    def add_broken(self, location: str, reason: str) -> None:
        """Count what should have been a record."""
        self.broken += 1
        self.some_broken.add(location, (_short(location), _short(reason)))

    def add_seconds(self, name: str, status: str, seconds: float) -> None:
        """Count how long one page took."""
        self.seconds.add(seconds)
        self.total_seconds += seconds
        self.slowest.add((-seconds, name), (_short(name), _short(status), seconds))
