"""Which mark wins on a block, and which rules took too much.

Marks are resolved with one sort key, so neither the order of files nor of rules in them matters: tier, then the nearest
marked element, then keep > to_meta > drop, then the rule id.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

from cleaner.model import Declared, Document, Evidence, Fate, NoiseKind, Note, Source, Verdict
from cleaner.rules import Action, Mark, Region, Rule
from cleaner.segment import is_prose
from cleaner.segment.html import trimmed

__all__ = ["FLOOR", "resolve"]

FLOOR: Final = 0.1
"""Share of a page's prose that rules together must leave; comments are not counted."""

_RANK: Final = {Action.KEEP: 0, Action.TO_META: 1, Action.DROP: 2, Action.CUT_AFTER: 2}
_COMMENTS: Final = frozenset({NoiseKind.COMMENTS, NoiseKind.COMMENT_FORM})


def resolve(document: Document, declared: Declared, marks: list[Mark], region: Region | None) -> list[Verdict | None]:
    """Return for each block the verdict of the rules, None where they say nothing.

    Rules that a guard skips are noted in `document.notes`; values that `to_meta` rules took go to `declared`.
    """
    for mark in marks:
        if mark.rule.action is Action.FLAG:
            kind = mark.rule.kind or NoiseKind.OTHER
            document.notes.append(Note(mark.rule.id, f"flagged as {kind}: {mark.detail}", mark.rule.where))
    covers = _Coverage(document)
    inside = covers.inside(region)
    per_block = covers.per_block([mark for mark in marks if mark.rule.action is not Action.FLAG])
    skipped: set[str] = set()
    if any(per_block):
        words = _prose(document)
        prose = [entry for entry in zip(words, per_block, inside, strict=True) if entry[0]]
        skipped = _guard(document, prose)
        skipped |= _floor(document, prose, skipped)
    taken: list[tuple[int, Mark]] = []
    verdicts: list[Verdict | None] = [None] * len(document.blocks)
    known: dict[tuple[tuple[str, str], ...], Verdict] = {}
    for index, found in enumerate(per_block):
        ranked = _ranked(found, skipped) if found else found
        if ranked:
            # What one rule hits has one verdict: a menu is a hundred blocks.
            alike = tuple([(mark.rule.id, mark.detail) for _, mark in ranked])
            verdicts[index] = known.get(alike) or known.setdefault(alike, _verdict(ranked))
            if ranked[0][1].rule.action is Action.TO_META:
                taken.append((index, ranked[0][1]))
        elif not inside[index] and region is not None:
            evidence = Evidence(region.id, region.where, "outside the body")
            verdicts[index] = Verdict(Fate.DROP, NoiseKind.OUTSIDE_BODY, None, (evidence,))
    _take_values(declared, document, taken)
    return verdicts


_Found = list[tuple[int, Mark]]
"""The marks on one block, each with how near it is: the ordinal of the marked element, -1 for the reach of a cut."""
_Stroke = tuple[tuple[int, Mark], Iterable[int]]
"""A mark, with how near it is, and the blocks that it covers so."""
_Prose = list[tuple[int, _Found, bool]]
"""For each block of prose its words, the marks on it, and whether it lies in the body region."""


class _Coverage:
    """Which blocks a range of pieces covers."""

    def __init__(self, document: Document) -> None:
        self.count = len(document.blocks)
        # White space at a block's edges does not count: `<p><b>All of it</b> </p>` is covered by its <b>.
        bounds = [bound if bound[1] == bound[0] + 1 else trimmed(document.pieces, *bound) for bound in document.bounds]
        self.first = [first for first, _ in bounds]
        self.end = [end for _, end in bounds]

    def blocks(self, first: int, end: int) -> range:
        """Return the indexes of the blocks that lie within the pieces from `first` up to `end`."""
        start = bisect_left(self.first, first)
        return range(start, max(start, bisect_right(self.end, end)))

    def inside(self, region: Region | None) -> list[bool]:
        """Tell for each block whether it lies in the body region; all do where there is none."""
        if region is None:
            return [True] * self.count
        inside = [False] * self.count
        for first, end in region.ranges:
            for index in self.blocks(first, end):
                inside[index] = True
        return inside

    def per_block(self, marks: list[Mark]) -> list[_Found]:
        """Return the marks on each block, by how strong they are."""
        alike: dict[tuple[str, str], list[Mark]] = defaultdict(list)
        for mark in marks:
            alike[mark.rule.id, mark.detail].append(mark)
        painted = [stroke for same in alike.values() for stroke in self._paint(same)]
        found: list[_Found] = [[] for _ in range(self.count)]
        for entry, blocks in sorted(painted, key=_strength):
            for index in blocks:
                found[index].append(entry)
        return found

    def _paint(self, same: list[Mark]) -> Iterator[_Stroke]:
        """Yield on which blocks each of the marks that one matcher of a rule made is the nearest.

        A matcher may hit a thousand elements, one within the other, around as many blocks: the innermost is painted
        first, and those around it step over what is painted.
        """
        painted: dict[int, int] = {}  # where a painted stretch begins -> where it ends
        cut = None
        for mark in sorted(same, key=_anchor, reverse=True) if len(same) > 1 else same:
            covered = self.blocks(mark.first, mark.end)
            if not covered:
                continue
            bare = []
            index = covered.start
            while index < covered.stop:
                if index in painted:
                    index = painted[index]
                else:
                    bare.append(index)
                    index += 1
            yield (mark.anchor, mark), bare
            painted[covered.start] = covered.stop
            if mark.rule.action is Action.CUT_AFTER and (cut is None or covered.stop <= cut[0]):
                cut = covered.stop, mark
        if cut is not None:
            yield (-1, cut[1]), range(cut[0], self.count)


_anchor = attrgetter("anchor")


def _strength(stroke: _Stroke) -> tuple[int, int, int, str]:
    """Sort first what decides on the blocks that it covers."""
    near, mark = stroke[0]
    rule = mark.rule
    return rule.tier, -near, _RANK[rule.action], rule.id


def _ranked(found: _Found, skipped: set[str]) -> _Found:
    """Return the marks of one block that count, the deciding one first."""
    ranked = [entry for entry in found if entry[1].rule.id not in skipped] if skipped else found
    if ranked and ranked[0][1].rule.action is Action.CUT_AFTER:
        # A cut yields to whatever rule keeps a block.
        return sorted(ranked, key=lambda entry: entry[1].rule.action is not Action.KEEP)
    return ranked


def _verdict(ranked: _Found) -> Verdict:
    evidence = tuple(dict.fromkeys(Evidence(mark.rule.id, mark.rule.where, mark.detail) for _, mark in ranked))
    rule = ranked[0][1].rule
    match rule.action:
        case Action.KEEP:
            return Verdict(Fate.KEEP, evidence=evidence)
        case Action.TO_META:
            return Verdict(Fate.METADATA, None, rule.field, evidence)
        case _:
            return Verdict(Fate.DROP, rule.kind or NoiseKind.OTHER, None, evidence)


def _take_values(declared: Declared, document: Document, taken: list[tuple[int, Mark]]) -> None:
    """Put what `to_meta` rules took from blocks before the other candidates of its field, in reading order by tier."""
    found: dict[str, list[tuple[Any, Source]]] = defaultdict(list)
    for index, mark in sorted(taken, key=lambda entry: entry[1].rule.tier):
        text = document.blocks[index].text
        source = Source(f"rule:{mark.rule.id}", text, mark.rule.where)
        value = dict(mark.value) or {"v": text}
        if mark.rule.field == "captions":
            declared.add("captions", value, source)
        else:
            found[mark.rule.field or ""].append((value.get("v", text), source))
    for name, candidates in found.items():
        declared.candidates[name] = candidates + declared.candidates.get(name, [])


# ---- guards ----------------------------------------------------------------------------------------------------------


def _prose(document: Document) -> list[int]:
    """Return for each block how many words of prose it holds."""
    return [block.words if is_prose(block) else 0 for block in document.blocks]


def _removers(found: _Found, skipped: set[str]) -> list[Rule]:
    """Return the rules that remove a block, none where something else wins."""
    ranked = _ranked(found, skipped)
    if not ranked or ranked[0][1].rule.action not in (Action.DROP, Action.CUT_AFTER):
        return []
    removers = {mark.rule.id: mark.rule for _, mark in ranked if mark.rule.action in (Action.DROP, Action.CUT_AFTER)}
    return list(removers.values())


def _guard(document: Document, prose: _Prose) -> set[str]:
    """Return the ids of the rules that alone remove more than their share of the prose."""
    alone: dict[str, int] = defaultdict(int)
    rules: dict[str, Rule] = {}
    kept = 0
    for words, found, within in prose:
        removers = _removers(found, set())
        if len(removers) == 1:
            alone[removers[0].id] += words
            rules[removers[0].id] = removers[0]
        elif not removers and within:
            kept += words
    skipped = set()
    for rule_id, words in alone.items():
        rule, share = rules[rule_id], words / (words + kept)
        if share > rule.max_share:
            skipped.add(rule_id)
            message = f"skipped: it alone would remove {share:.0%} of the prose (its limit is {rule.max_share:.0%})"
            document.notes.append(Note(rule_id, message, rule.where, tripped=True))
    return skipped


def _floor(document: Document, prose: _Prose, skipped: set[str]) -> set[str]:
    """Return the ids of further rules to un-apply, so that together they leave a tenth of the prose."""
    undone: set[str] = set()
    while True:
        total = left = 0
        taken: dict[str, int] = defaultdict(int)
        rules: dict[str, Rule] = {}
        for words, found, within in prose:
            removers = _removers(found, skipped | undone)
            if not within or any(rule.kind in _COMMENTS for rule in removers):
                continue
            total += words
            left += 0 if removers else words
            for rule in removers:
                taken[rule.id] += words
                rules[rule.id] = rule
        if not taken or left >= FLOOR * total:
            return undone
        worst = max(rules.values(), key=lambda rule: (rule.tier, taken[rule.id], rule.id))
        undone.add(worst.id)
        message = f"un-applied: all rules together would leave {left / total:.0%} of the prose (floor {FLOOR:.0%})"
        document.notes.append(Note(worst.id, message, worst.where, tripped=True))
