"""What each rule did over many pages: a ledger of counts, what the counts say of a rule, and what changed between two.

::

    Bookkeeper.clean(page) ──counts──▶ Ledger ──merge──▶ Ledger ──standing──▶ live, dormant, dead, shadowed, harmful
                                          └── earlier Ledger ──drift──▶ "fired on 9 of 10 pages, on 0 of 8 since"

A ledger is a sum of counts, with the first and last of some dates: it needs no more room for a million pages than for
one, parts counted by several processes merge in any order, and equal pages give equal ledgers.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np

from cleaner import __version__
from cleaner.describe import declare
from cleaner.errors import PageError
from cleaner.joining import join
from cleaner.judge import builtin, scorer
from cleaner.judge.features import extract
from cleaner.model import Article, Declared, Document, Fate, NoiseKind, Page, Status, Verdict
from cleaner.pipeline import Cleaner
from cleaner.rules import Action, Rule, RuleFile, RuleSet, RuleSource, Tier, load_file
from cleaner.segment import is_prose, segment
from cleaner.workbench.kept import Kept

__all__ = [
    "ENOUGH",
    "MEDIA",
    "NOT_THE_SITES",
    "Bookkeeper",
    "Drift",
    "Entry",
    "Ledger",
    "Standing",
    "Tally",
    "body_probabilities",
    "drift",
    "left_to_judges",
    "standing",
]

MEDIA: Final = ("html", "text")
"""HTML and text dumps are counted apart: a rule may be dead in one and all there is in the other."""
ENOUGH: Final = 50
"""Pages on which its file must have held before a rule that never fired is called dead."""

_VERSION: Final = 1
_SURE: Final = 0.9
"""The scorer is sure of a block from this probability on."""
_HARM: Final = 0.1
"""Share of the prose that only a rule removes which the scorer is sure is body, from which the rule is harmful."""
_TRIPS: Final = 0.1
"""Share of the pages a rule hits on which a guard skips it, from which it is harmful."""
_OLD: Final = 90
"""Days between the last page on which a rule fired and the last one seen, from which it is dormant."""
_CHANCE: Final = 0.01
"""A change as large that is likelier than this by chance is no drift."""
_HALF: Final = 0.5
"""A rule drifts if it fires at most this often, of how often it did."""
_SUSPECTS: Final = 8
"""Rules of one page that are judged once more, at most: those that remove the most."""
_ROSTERS: Final = 256
NOT_THE_SITES: Final = frozenset({Status.CAPTCHA, Status.BLOCKED, Status.CONSENT})
"""Pages that stand in front of a site's own say nothing about its rules."""
_BODY: Final = "[body]"
_META: Final = "[meta]"
_EVERY_HIT_COUNTS: Final = frozenset({"captions", "agencies"})
"""Fields in which one value does not outdo another."""


# ── The ledger ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Tally:
    """What one rule did on the pages of one medium. All but the last five are sums."""

    seen: int = 0
    """Pages on which its file held, whatever its own `when` says.

    `[body]`: pages on which it was asked (that of a site comes before that of a pack).
    """
    fired: int = 0
    """Pages on which it hit something, and no guard skipped it."""
    decided: int = 0
    """Pages on which it decided something: the fate of a block, the value of a field, a flag."""
    sole: int = 0
    """Pages on which it alone removed something."""
    tripped: int = 0
    """Pages on which a guard skipped it."""
    words: int = 0
    """Words of the blocks it decided on (`[body]`: of those it removed)."""
    alone: int = 0
    """Words that no other rule removes."""
    prose: int = 0
    """Of these, words of prose."""
    body: int = 0
    """Words of the body, over the pages on which it fired."""
    judged: int = 0
    """Of `prose`, words that the scorer was asked about as if there were no such rule (`harm`)."""
    sure: int = 0
    """Of these, words that the scorer is sure are body."""
    first_seen: str | None = None
    """When the first of the pages it was seen on was captured (ISO date); None where no page says."""
    last_seen: str | None = None
    last_fired: str | None = None
    outdone_by: str | None = None
    """A rule that decided where this one hit: of several the first by name."""
    worst: tuple[int, str] | None = None
    """Most words that it removed from one page and that the scorer is sure are body, with that page; 0 words: a page on
    which a guard skipped it."""

    @property
    def risk(self) -> float:
        """Share of the body at risk, 0 to 1: how much of it would be the prose that only this rule removes."""
        return self.prose / (self.prose + self.body) if self.prose else 0.0

    def merge(self, other: Tally) -> None:
        """Add `other`."""
        for part in fields(Tally):
            mine, its = getattr(self, part.name), getattr(other, part.name)
            if its is not None:
                setattr(self, part.name, its if mine is None else _JOIN.get(part.name, _sum)(mine, its))


def _sum(one: int, other: int) -> int:
    return one + other


def _worse(one: tuple[int, str], other: tuple[int, str]) -> tuple[int, str]:
    return min(one, other, key=lambda worst: (-worst[0], worst[1]))


_JOIN: Final[dict[str, Any]] = {
    "first_seen": min,
    "last_seen": max,
    "last_fired": max,
    "outdone_by": min,
    "worst": _worse,
}


@dataclass(slots=True)
class Entry:
    """One rule in the ledger."""

    id: str
    """Full id; `sites/example.com/[body]` and `…/[meta].date` are rules as well."""
    where: str
    """`file:line`."""
    action: str
    """The rule's action; `[body]`, `[meta]`."""
    kind: str | None
    tier: int
    media: dict[str, Tally] = field(default_factory=dict)
    """`html`, `text` -> counts. A rule that only element matchers have is none of `text`."""

    @property
    def file(self) -> str:
        """Name of its rule file."""
        return self.id.rpartition("/")[0]

    @property
    def local_id(self) -> str:
        """The id as its file states it."""
        return self.id.rpartition("/")[2]


@dataclass(slots=True)
class Ledger(Kept):
    """Counts for every rule of the files that held on some page."""

    entries: dict[str, Entry] = field(default_factory=dict)
    files: dict[str, set[str]] = field(default_factory=dict)
    """Rule file -> digests of its contents: several where it was edited between the runs that were merged."""
    pages: Counter[str] = field(default_factory=Counter)
    """Per medium."""
    aside: int = 0
    """Captcha, block and consent pages, not counted among these."""
    first: str | None = None
    """When the first page was captured (ISO date); None where no page says."""
    last: str | None = None

    def merge(self, other: Ledger) -> None:
        """Add `other`: pages that are in both count twice."""
        for id_, entry in other.entries.items():
            mine = self.entries.get(id_)
            if mine is None:
                mine = self.entries[id_] = Entry(id_, entry.where, entry.action, entry.kind, entry.tier)
            elif _facts(entry) > _facts(mine):  # the file was edited in between: any choice, but always the same one
                mine.where, mine.action, mine.kind, mine.tier = entry.where, entry.action, entry.kind, entry.tier
            for medium, tally in entry.media.items():
                mine.media.setdefault(medium, Tally()).merge(tally)
        for name, digests in other.files.items():
            self.files.setdefault(name, set()).update(digests)
        self.pages.update(other.pages)
        self.aside += other.aside
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)

    def as_json(self) -> dict[str, Any]:
        """Return the ledger as JSON types, in an order that does not depend on that of the pages."""
        return {
            "ledger": _VERSION,
            "cleaner": __version__,
            "pages": {medium: self.pages[medium] for medium in MEDIA},
            "aside": self.aside,
            "first": self.first,
            "last": self.last,
            "files": {name: sorted(digests) for name, digests in sorted(self.files.items())},
            "rules": {id_: _entry_json(entry) for id_, entry in sorted(self.entries.items())},
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Return the ledger that :meth:`as_json` wrote; what else stands there is passed over.

        Raises ValueError for what is none, or one of another version.
        """
        if not isinstance(data, dict) or "ledger" not in data:
            raise ValueError("no ledger of `cleaner rules stats`")
        if data["ledger"] != _VERSION:
            raise ValueError(f"a ledger of version {data['ledger']}; this version of cleaner reads {_VERSION}")
        known = {part.name for part in fields(Tally)}
        try:
            ledger = cls(
                files={name: set(digests) for name, digests in data["files"].items()},
                pages=Counter({medium: int(count) for medium, count in data["pages"].items() if medium in MEDIA}),
                aside=int(data["aside"]),
                first=data["first"],
                last=data["last"],
            )
            for id_, said in data["rules"].items():
                entry = Entry(id_, said["where"], said["action"], said["kind"], int(said["tier"]))
                ledger.entries[id_] = entry
                for medium in MEDIA:
                    if medium in said:
                        tally = Tally(**{name: value for name, value in said[medium].items() if name in known})
                        tally.worst = None if tally.worst is None else (int(tally.worst[0]), str(tally.worst[1]))
                        entry.media[medium] = tally
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"a broken ledger ({type(error).__name__}: {error})") from error
        return ledger


def _facts(entry: Entry) -> tuple[str, str, str, int]:
    return entry.where, entry.action, entry.kind or "", entry.tier


def _entry_json(entry: Entry) -> dict[str, Any]:
    facts = {"where": entry.where, "action": entry.action, "kind": entry.kind, "tier": entry.tier}
    return {**facts, **{medium: asdict(entry.media[medium]) for medium in MEDIA if medium in entry.media}}


# ── Counting ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Member:
    """A rule that is in force on a page."""

    id: str
    where: str
    action: str
    kind: NoiseKind | None
    tier: Tier
    media: frozenset[str]
    field: str | None = None

    @property
    def removes(self) -> bool:
        return self.action in (Action.DROP, Action.CUT_AFTER, _BODY)


class _Roster:
    """All rules in force under one list of rule files, and on how many pages they were.

    That a rule was seen is counted here and told to the ledger once: a page costs what fired on it, not what is in the
    files.
    """

    def __init__(self, files: Sequence[RuleFile]) -> None:
        self.members = {member.id: member for member in _members(files)}
        self.extracts = any(member.action == _META for member in self.members.values())
        self.digests: dict[str, set[str]] = {}
        for file in files:
            self.digests.setdefault(file.name, set()).add(file.digest)
        self.seen: dict[str, Tally] = {}

    def entry(self, id_: str) -> Entry:
        """Return an entry without counts."""
        member = self.members[id_]
        return Entry(id_, member.where, member.action, member.kind, int(member.tier))

    def tell(self, ledger: Ledger) -> None:
        """Add to `ledger` what was not told yet."""
        for medium, seen in self.seen.items():
            for member in self.members.values():
                # Of several `[body]` the first that hits is the last to be asked: pages tell these themselves.
                if medium in member.media and member.action != _BODY:
                    entry = ledger.entries.get(member.id) or ledger.entries.setdefault(member.id, self.entry(member.id))
                    entry.media.setdefault(medium, Tally()).merge(seen)
        self.seen.clear()


class Bookkeeper:
    """Cleans pages and counts in a ledger what the rules did: for :func:`cleaner.batch.run`, in a cleaner's place.

    Args:
        cleaner: whose rules are counted.
        harm: where rules alone removed prose, ask the scorer what it would say if there were no such rule. That is a
            second judging for each of these rules.

    """

    def __init__(self, cleaner: Cleaner, *, harm: bool = False) -> None:
        self.cleaner = cleaner
        self.harm = harm
        self._ledger = Ledger()
        self._sources: dict[str, list[RuleSource]] = {}
        for source in cleaner.rulebook.files():
            self._sources.setdefault(source.name, []).insert(0, source)  # the topmost overlay first
        self._rosters: OrderedDict[tuple[str, ...], _Roster] = OrderedDict()
        self._loaded: dict[str, tuple[RuleFile, ...]] = {}

    @property
    def ledger(self) -> Ledger:
        """The counts up to now."""
        for roster in self._rosters.values():
            roster.tell(self._ledger)
        return self._ledger

    def clean(self, page: Page, /) -> Article:
        """Return the article of a page, counted; where it goes on on others, each of them by itself.

        A page that crashes is not counted at all.
        """
        try:
            document = segment(page)
        except PageError:
            return self.cleaner.clean(page)  # it says which status that is
        rules = self.cleaner.rulebook.for_page(document)
        pages = list(self.cleaner.by_page(document, rules=rules))
        for seen, article in pages:
            if seen is None:
                continue
            if article.status in NOT_THE_SITES:
                self._ledger.aside += 1
            else:
                self._count(seen, article, rules)
        return join([article for _, article in pages]) if page.continued else pages[0][1]

    def _count(self, document: Document, article: Article, rules: RuleSet) -> None:
        roster = self._roster(tuple(article.rules))
        done = _Done(roster, article)
        if roster.extracts:
            stated = Declared()
            rules.declare(document, stated)
            done.state(stated)
        if self.harm and done.suspects:
            done.weigh(document, declare(document, rules), rules.disabled)

        medium = MEDIA[0] if document.is_html else MEDIA[1]
        captured = document.page.captured
        day = captured.date().isoformat() if captured else None
        counted = Ledger(files=roster.digests, pages=Counter({medium: 1}), first=day, last=day)
        seen = Tally(seen=1, first_seen=day, last_seen=day)
        for id_, tally in done.tallies.items():
            if tally.fired:
                tally.last_fired, tally.body = day, done.body
            if roster.members[id_].action == _BODY:
                tally.merge(seen)
            entry = counted.entries[id_] = roster.entry(id_)
            entry.media[medium] = tally
        self._ledger.merge(counted)
        roster.seen.setdefault(medium, Tally()).merge(seen)

    def _roster(self, names: tuple[str, ...]) -> _Roster:
        """Return what is in force where the files `names` hold, strongest first as an article lists them."""
        roster = self._rosters.get(names)
        if roster is None:
            roster = self._rosters[names] = _Roster([file for name in names for file in self._load(name)])
            if len(self._rosters) > _ROSTERS:
                self._rosters.popitem(last=False)[1].tell(self._ledger)
        self._rosters.move_to_end(names)
        return roster

    def _load(self, name: str) -> tuple[RuleFile, ...]:
        files = self._loaded.get(name)
        if files is None:
            files = tuple(load_file(source.path, name, source.shown) for source in self._sources.get(name, ()))
            if not name.startswith("sites/"):  # of these there may be thousands, and rosters remember the latest
                self._loaded[name] = files
        return files


def _members(files: Sequence[RuleFile]) -> Iterator[_Member]:
    """Yield what these files put in force: an overlay's rule, and that of the most specific site, hides others."""
    disabled = {reference.name for file in files for reference in file.disable}
    taken: set[str] = set()
    for file in files:
        for rule in file.rules:
            # A site's rules go by the id in their file, as `cleaner.rules.book` has it.
            key = rule.local_id if file.name.startswith("sites/") else rule.id
            if key not in taken and rule.id not in disabled:
                yield _Member(rule.id, rule.where, rule.action, rule.kind, rule.tier, _media(rule), rule.field)
            taken.add(key)
        if file.body and file.body.id not in disabled and file.body.id not in taken:
            taken.add(file.body.id)
            kind = NoiseKind.OUTSIDE_BODY
            yield _Member(file.body.id, file.body.where, _BODY, kind, file.tier, frozenset(MEDIA[:1]))
        for id_ in dict.fromkeys(extractor.id for extractor in file.extractors):
            ways = [extractor for extractor in file.extractors if extractor.id == id_]
            if id_ not in disabled and id_ not in taken:
                media = MEDIA if any(way.selector is None for way in ways) else MEDIA[:1]
                yield _Member(id_, ways[0].where, _META, None, file.tier, frozenset(media), ways[0].field)
            taken.add(id_)


def _media(rule: Rule) -> frozenset[str]:
    """Return where a rule can hit at all: a dump has no elements."""
    return frozenset(MEDIA if rule.saying or rule.sections or rule.runs or rule.pairs else MEDIA[:1])


class _Done:
    """What the rules of a roster did on one page."""

    def __init__(self, roster: _Roster, article: Article) -> None:
        self.members = roster.members
        self.article = article
        self.tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self.suspects: dict[str, list[int]] = {}
        """Rule -> the blocks of prose that it alone removes."""
        self.body = 0
        self._read_verdicts()
        self._read_notes()
        for source in article.metadata.sources.values():
            self._decides(source.name.removeprefix("rule:"))

    def _fires(self, id_: str) -> None:
        if id_ in self.members:
            self.tallies[id_].fired = 1

    def _decides(self, id_: str) -> None:
        if id_ in self.members:
            self.tallies[id_].fired = self.tallies[id_].decided = 1

    def _read_verdicts(self) -> None:
        for block, verdict in zip(self.article.blocks, self.article.verdicts, strict=True):
            if verdict.fate is Fate.KEEP:
                self.body += block.words
            ids = list(dict.fromkeys(evidence.id for evidence in verdict.evidence if evidence.id in self.members))
            if not ids:
                continue
            decider = verdict.evidence[0].id
            for id_ in ids:
                self._fires(id_)
                if id_ != decider:
                    self.tallies[id_].outdone_by = min(self.tallies[id_].outdone_by or decider, decider)
            if decider != ids[0]:
                continue
            self._decides(ids[0])
            if self.members[ids[0]].action != _BODY or verdict.fate is Fate.DROP:
                self.tallies[ids[0]].words += block.words
            removers = [id_ for id_ in ids if self.members[id_].removes] if verdict.fate is Fate.DROP else []
            if len(removers) == 1:
                tally = self.tallies[removers[0]]
                tally.sole = 1
                tally.alone += block.words
                if is_prose(block):
                    tally.prose += block.words
                    self.suspects.setdefault(removers[0], []).append(block.index)

    def _read_notes(self) -> None:
        for note in self.article.notes:
            member = self.members.get(note.id)
            if member is None:
                continue
            if member.action == Action.FLAG:
                self._decides(note.id)
            elif note.tripped:
                tally = self.tallies[note.id]
                tally.tripped = 1
                tally.worst = (0, self.article.location)
            elif member.action == _BODY:
                self.tallies.setdefault(note.id, Tally())  # it was asked, and hit nothing

    def state(self, declared: Declared) -> None:
        """Count the extractors that found a value, whether or not that became the field's."""
        for name, candidates in declared.candidates.items():
            for _, source in candidates:
                found = source.name.removeprefix("rule:")
                self._fires(found)
                if name in _EVERY_HIT_COUNTS:
                    self._decides(found)

    def weigh(self, document: Document, declared: Declared, disabled: frozenset[str]) -> None:
        """Ask the scorer about the prose that rules alone remove: for each as if there were no such rule."""
        asked = [None if left_to_judges(verdict) else verdict for verdict in self.article.verdicts]
        most = sorted(self.suspects, key=lambda id_: (-self.tallies[id_].prose, id_))
        for id_ in most[:_SUSPECTS]:
            verdicts: list[Verdict | None] = list(asked)
            for index in self.suspects[id_]:
                verdicts[index] = None
            builtin.judge(document, declared, verdicts, disabled)  # what else is there twice is no loss
            probabilities = body_probabilities(document, declared, verdicts)
            tally = self.tallies[id_]
            for index in self.suspects[id_]:
                words = document.blocks[index].words
                tally.judged += words
                tally.sure += words if verdicts[index] is None and probabilities[index] >= _SURE else 0
            if tally.sure:
                tally.worst = (tally.sure, self.article.location)


def left_to_judges(verdict: Verdict) -> bool:
    """Whether no rule and no built-in had decided a block when the judge was asked."""
    if any(evidence.id in ("scorer", "trafilatura", "builtin/undecided") for evidence in verdict.evidence):
        return True
    # Within `[body]` what nothing speaks against is kept, and has the region for its reason.
    return verdict.fate is Fate.KEEP and verdict.evidence[0].id.endswith(f"/{_BODY}")


def body_probabilities(document: Document, declared: Declared, verdicts: list[Verdict | None]) -> list[float]:
    """Return of each block how likely it is body, as the scorer has it; `verdicts` are those before it was asked."""
    used = scorer.model(scorer.view_of(document))
    matrix = extract(document, scorer.stated(document, declared), verdicts, used.lexicon)
    probabilities: list[float] = (1.0 / (1.0 + np.exp(-used.log_odds(matrix)))).tolist()
    return probabilities


# ── What the counts say ───────────────────────────────────────────────────────────────────────────────────────────────


class Standing(StrEnum):
    """What is to be thought of a rule. Sorts worst first as listed."""

    HARMFUL = "harmful"
    DEAD = "dead"
    SHADOWED = "shadowed"
    DORMANT = "dormant"
    LIVE = "live"


def standing(tally: Tally, enough: int = ENOUGH) -> tuple[Standing, str]:
    """Return what the counts say of a rule, and why, for people (nothing to add: empty).

    `enough` pages without a hit make a rule dead.
    """
    hit = tally.fired + tally.tripped
    if tally.sure and tally.sure >= _HARM * tally.judged:
        share = tally.sure / tally.judged
        what = f"{share:.0%} of the prose that only it removes ({tally.sure:,} words) is body, the scorer is sure"
        return Standing.HARMFUL, what + (f"; most on {tally.worst[1]}" if tally.worst else "")
    if tally.tripped and tally.tripped >= _TRIPS * hit:
        what = f"a guard skips it on {tally.tripped:,} of the {hit:,} pages it hits"
        return Standing.HARMFUL, what + (f", as on {tally.worst[1]}" if tally.worst else "")
    if not tally.fired:
        if tally.seen >= enough:
            return Standing.DEAD, ""
        return Standing.DORMANT, "too few pages to call it dead"
    if not tally.decided:
        return Standing.SHADOWED, f"behind {tally.outdone_by or 'others'}"
    if tally.fired == 1 and tally.seen >= enough:
        return Standing.DORMANT, "a single page"
    if tally.last_fired and tally.last_seen:
        idle = (date.fromisoformat(tally.last_seen) - date.fromisoformat(tally.last_fired)).days
        if idle > _OLD:
            return Standing.DORMANT, f"not in the last {idle} days, up to {tally.last_seen}"
    return Standing.LIVE, ""


# ── What changed between two ledgers ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Drift:
    """A rule that does not do any more what it did."""

    id: str
    where: str
    medium: str
    what: str
    """`fired` less often, or `tripped` guards more often."""
    before: tuple[int, int]
    """On so many of so many pages."""
    since: tuple[int, int]
    until: str | None
    """When the last page was captured that shows it as it was; None where no page says."""
    edited: bool
    """Whether its file is another than in the earlier run."""

    def __str__(self) -> str:
        pages = f"{self.before[0]:,} of {self.before[1]:,} pages{f' until {self.until}' if self.until else ''}"
        if self.edited:
            guess = "its file has been edited"
        elif self.id.startswith("sites/"):
            guess = "template changed?"
        else:
            guess = "other sites, or a template changed?"
        verb = "fired" if self.what == "fired" else "tripped a guard"
        return f"{self.id} ({self.medium}) {verb} on {pages}, on {self.since[0]:,} of {self.since[1]:,} since: {guess}"


def drift(earlier: Ledger, later: Ledger) -> list[Drift]:
    """Return the rules that stopped firing, or fire half as often or less, or trip guards more often; worst first.

    What chance would do in more than one case of a hundred (Fisher's exact test, one-sided) is left out. Pages that are
    in both ledgers hide drift.
    """
    found: list[tuple[float, Drift]] = []
    for id_, entry in later.entries.items():
        known = earlier.entries.get(id_)
        for medium, tally in entry.media.items() if known else ():
            before = known.media.get(medium) if known else None
            if before is None:
                continue
            edited = earlier.files.get(entry.file) != later.files.get(entry.file)
            fired, tripped = (before.fired, tally.fired), (before.tripped, tally.tripped)
            seen = before.seen, tally.seen
            chances = {
                "fired": _chance(fired[1], seen[1], fired[0], seen[0]),
                # To be skipped on no page any more is no worry: the same question the other way round.
                "tripped": _chance(tripped[0], seen[0], tripped[1], seen[1]),
            }
            for what, chance in chances.items():
                if chance < _CHANCE:
                    counts = fired if what == "fired" else tripped
                    until = before.last_fired if what == "fired" else before.last_seen
                    pages = (counts[0], seen[0]), (counts[1], seen[1])
                    found.append((chance, Drift(id_, entry.where, medium, what, *pages, until, edited)))
    return [drifted for _, drifted in sorted(found, key=lambda pair: (pair[0], pair[1].id, pair[1].medium))]


def _chance(few: int, of_few: int, many: int, of_many: int) -> float:
    """Return how likely it is, if nothing changed, that so `few` of all hits fall to these pages; 1 for no decline."""
    if not of_few or not of_many or few / of_few > _HALF * (many / of_many):
        return 1.0
    hits, pages = few + many, of_few + of_many

    def log_choose(total: int, chosen: int) -> float:
        return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)

    least = max(0, hits - of_many)
    ways: Iterable[float] = (
        log_choose(of_few, count) + log_choose(of_many, hits - count) - log_choose(pages, hits)
        for count in range(least, few + 1)
    )
    return math.fsum(map(math.exp, ways)) if hits else 1.0
