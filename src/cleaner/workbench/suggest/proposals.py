"""What a site pass proposes: rules that hold on pages they were not learnt on, chosen by what they add."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cleaner.model import Zone
from cleaner.text import fold_phrase, word_count
from cleaner.workbench.suggest.counts import (
    MEDIA,
    RUNS,
    Counts,
    Key,
    Matcher,
    Medium,
    Reach,
    SitePass,
    Survey,
    Tally,
)

__all__ = ["ENOUGH", "PRECISION", "Proposal", "propose"]

ENOUGH: Final = 3
"""Pages of a site: two to learn on, one to try it on."""
PRECISION: Final = 0.98
_DOUBT: Final = 0.05
"""Share of what a rule removes that is body on one page more than were seen."""
_RUN_DOUBT: Final = 0.2
"""Of a run on HTML pages. It is bound to nothing that the site prints, so it hits pages of other templates as well, and
must be seen on more of them; elements say better what they hold. In a dump there is little else to go by."""


_VERBATIM_PAGES: Final = 3
_VERBATIM_WORDS: Final = range(6, 21)
"""A line of so many words that stands on so many pages is a prompt, whatever the scorer says of it. A longer one may be
a paragraph of background, which papers print under many articles."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule that could be written, with what speaks for it."""

    medium: Medium
    matcher: Matcher
    at: str
    """Hash of the line, or the selector; see :data:`~cleaner.workbench.suggest.counts.Key`."""
    zone: Zone | None
    text: str
    """Of the line that is asked for."""
    changes: bool
    """Whether digits in that line change."""
    pages: int
    """On so many pages it hits something."""
    seen: int
    """Of so many."""
    words: int
    """Words that it removes from these pages, and that no rule removes yet."""
    left: int
    """Of these, words that are in the body now."""
    linked: int
    """Of these, words that are links (always none in a dump)."""
    harm: float
    """Share of what it removes that may be body, 0 to 1: by the scorer, on pages that it was not learnt on, and with a
    bound for their small number."""
    examples: tuple[str, ...]

    @property
    def worth(self) -> float:
        """Words that it removes for good."""
        return self.words * (1 - self.harm)


def propose(
    sitepass: SitePass, site: str, medium: Medium, min_precision: float = PRECISION, *, limit: int = 200
) -> list[Proposal]:
    """Return rules for the pages of a site in one medium, the worthiest first; each adds something to those before it.

    For dumps, HTML pages of the site count as well: what element rules remove there is noise that only lines can tell
    in a dump.

    Args:
        sitepass: what was counted.
        site: the site; pages of hosts below it count as its own.
        medium: `html` or `text`.
        min_precision: 1 less the `harm` that a rule may do.
        limit: the most rules to return.

    """
    is_dump = medium == "text"
    survey = sitepass.of(site, MEDIA if is_dump else ("html",))
    found = [
        proposal
        for key, tally in survey.tallies.items()
        if len(tally.folds) > 1 and not (is_dump and key[0] == "css")
        for matcher in _matchers(key, tally)
        if (proposal := _proposal(survey, key, tally, matcher, medium, 1 - min_precision)) is not None
    ]
    return _chosen(found, survey, medium, limit)


def _matchers(key: Key, tally: Tally) -> list[Matcher]:
    if key[0] == "run":
        return [RUNS[int(key[1])]]
    return sorted({matcher for counts in tally.folds.values() for matcher in counts})


def _proposal(
    survey: Survey, key: Key, tally: Tally, matcher: Matcher, medium: Medium, most_harm: float
) -> Proposal | None:
    """Return a rule, if each page that has something for it would have been spared by what the others teach."""

    def words(counts: Counts) -> int:
        return counts.view if medium == "text" else counts.open

    folds = [counts[matcher] for counts in tally.folds.values() if matcher in counts]
    total = Counts()
    for counts in folds:
        total = total.plus(counts)
    if matcher.form == "line" and total.pages >= _VERBATIM_PAGES and word_count(tally.first) in _VERBATIM_WORDS:
        folds = [counts._replace(body=0) for counts in folds]
        total = total._replace(body=0)
    tried = []
    for counts in folds:
        others = total.minus(counts)
        # Learnt on all folds but one, and tried on that one. What it does to the ones that teach otherwise is not its
        # fault: it would not have been proposed.
        if words(others) and others.body <= 1000 * most_harm * words(others):
            tried.append(counts)
    removed = sum(map(words, tried))
    if len(tried) < 2 or not removed:
        return None
    doubtful = removed / len(tried)
    doubt = _RUN_DOUBT if matcher.form == "run" and medium == "html" else _DOUBT
    harm = (sum(counts.body for counts in tried) / 1000 + doubt * doubtful) / (removed + doubtful)
    if harm > most_harm:
        return None
    _, at, zone = key
    return Proposal(
        medium=medium,
        matcher=matcher,
        at=at,
        zone=Zone(zone) if zone else None,
        text=tally.first,
        changes=fold_phrase(tally.first) != fold_phrase(tally.last),
        pages=total.pages,
        seen=survey.total,
        words=words(total),
        left=total.left,
        linked=total.linked,
        harm=harm,
        examples=tuple(tally.examples),
    )


def _chosen(found: Sequence[Proposal], survey: Survey, medium: Medium, limit: int) -> list[Proposal]:
    """Return the rules that add to each other: a greedy cover of what they hit on the pages that are remembered."""
    weights: list[int] = []
    reaches = []
    for _, lines in sorted(survey.sketches.items()):
        reaches.append((len(weights), Reach(lines)))
        weights += [line.view if medium == "text" else line.open for line in lines]

    def hits(rule: Proposal) -> list[int]:
        return [
            start + index
            for start, reach in reaches
            for stretch in reach.of(rule.matcher, rule.at, rule.zone)
            for index in stretch
            if weights[start + index]
        ]

    places = [hits(rule) for rule in found]
    # Elements first: they say best what they hold. Of rules that remove the same, the one that does less harm, and
    # could do less.
    queue: list[tuple[bool, int, float, Matcher, str, str, int]] = [
        (
            rule.matcher.form != "css",
            -sum(weights[at] for at in hit),
            rule.harm,
            rule.matcher,
            rule.at,
            rule.zone or "",
            number,
        )
        for number, (rule, hit) in enumerate(zip(found, places, strict=True))
    ]
    heapq.heapify(queue)
    covered: set[int] = set()
    chosen: list[Proposal] = []
    while queue and len(chosen) < limit:
        entry = heapq.heappop(queue)
        hit = places[entry[-1]]
        gain = sum(weights[index] for index in hit if index not in covered)
        if gain and gain < -entry[1]:  # something chosen since has part of it
            heapq.heappush(queue, (entry[0], -gain, *entry[2:]))
        elif gain:
            covered.update(hit)
            chosen.append(found[entry[-1]])
    return sorted(chosen, key=lambda rule: (-rule.worth, rule.at, rule.matcher))
