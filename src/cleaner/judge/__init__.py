"""A verdict for every block: rules, then repeats, then a judge for what is undecided.

The order is fixed, and each step sees what the one before decided:

1. rules mark the untouched document; the marks split blocks that they cover in part (:mod:`cleaner.judge.resolve`);
2. one sort key picks the winner per block, guards skip rules that take too much;
3. a `[body]` region decides what lies outside it;
4. blocks that state metadata and nothing else;
5. repeats (:mod:`cleaner.judge.builtin`);
6. the scorer (:mod:`cleaner.judge.scorer`), or for comparison trafilatura (:mod:`cleaner.judge.opinion`);
7. what it dropped beside a picture within the body is a caption.
"""

from __future__ import annotations

from itertools import chain
from typing import Literal

from cleaner.judge import builtin, opinion, scorer
from cleaner.judge.resolve import resolve
from cleaner.judge.scorer import Reason, reasons
from cleaner.judge.status import status_of
from cleaner.model import Block, Declared, Document, Evidence, Fate, NoiseKind, Verdict
from cleaner.rules import Region, RuleSet
from cleaner.segment import fragments

__all__ = ["JudgeName", "Reason", "given", "judge", "reasons", "status_of"]

_PICTURE_TEXT = "builtin/picture-text"
JudgeName = Literal["scorer", "trafilatura", "none"]
"""Who decides where rules and built-ins do not: our scorer, trafilatura (HTML only), or nobody, which keeps it."""


def judge(
    document: Document, declared: Declared, rules: RuleSet, by: JudgeName = "scorer"
) -> tuple[list[Verdict], float | None]:
    """Return one verdict for each block of `document`, whose blocks may be split into fragments on the way.

    Also returned: the confidence in the body as a whole, 0 to 1, where the scorer judged it; None otherwise.
    Values that `to_meta` rules take are added to `declared`; guards that tripped to `document.notes`.
    """
    verdicts, region = given(document, declared, rules)
    confidence = None
    if region is not None:
        builtin.judge_hidden(document, verdicts, rules.disabled)
        rest = Evidence(region.id, region.where, "inside the body")
    else:
        # A site file that reads dumps is written for the lines that a scorer has only text to judge by.
        covered = not document.is_html and rules.reads_dumps
        if by == "scorer" and not covered:
            confidence = scorer.judge(document, declared, verdicts)
        else:
            builtin.judge_hidden(document, verdicts, rules.disabled)
            if document.is_html and by == "trafilatura":
                opinion.judge(document, verdicts)
        rest = Evidence("builtin/undecided", detail="nothing says that it is noise")
    _leave_captions(declared, verdicts)
    return [verdict or Verdict(Fate.KEEP, evidence=(rest,)) for verdict in verdicts], confidence


def _leave_captions(declared: Declared, verdicts: list[Verdict | None]) -> None:
    """Take for captions what stands beside pictures within the body, and is none of it."""
    body = [index for index, verdict in enumerate(verdicts) if verdict is None or verdict.fate is Fate.KEEP]
    if not body:
        return
    titles = [index for index, (field, _) in declared.blocks.items() if field == "title" and index < body[0]]
    within = range(max(titles, default=body[0]), body[-1])
    for index, (field, found_by) in declared.blocks.items():
        verdict = verdicts[index]
        if found_by != _PICTURE_TEXT or index not in within or verdict is None or verdict.fate is not Fate.DROP:
            continue
        if verdict.evidence[0].id == "scorer":
            verdicts[index] = Verdict(Fate.METADATA, None, field, (Evidence(found_by), *verdict.evidence))


def _leave_captions_above(declared: Declared, verdicts: list[Verdict | None]) -> None:
    """Free captions that stand between the title and the end of the `[body]`: lead pictures mostly stand above it."""
    outside = [verdict is not None and verdict.kind is NoiseKind.OUTSIDE_BODY for verdict in verdicts]
    titles = [index for index, (field, _) in declared.blocks.items() if field == "title"]
    if not titles or not any(outside):
        return
    last = max((index for index, is_outside in enumerate(outside) if not is_outside), default=0)
    for index, (field, found_by) in declared.blocks.items():
        # Text that only stands near a picture would be body, where nobody is asked.
        if field == "captions" and found_by != _PICTURE_TEXT and outside[index] and min(titles) < index < last:
            verdicts[index] = None


def given(document: Document, declared: Declared, rules: RuleSet) -> tuple[list[Verdict | None], Region | None]:
    """Return what rules, metadata and built-ins say of each block, None where they say nothing, and the body region."""
    marks = rules.mark(document)
    region = rules.region(document)
    if document.is_html:
        edges = {(mark.first, mark.end) for mark in marks}.union(region.ranges if region else ())
        before = document.blocks
        # Most marks end where blocks do: only then there is nothing to split.
        within = set(chain.from_iterable(edges)).difference(chain.from_iterable(document.bounds))
        if within and fragments(document, sorted(edges)):
            declared.blocks = _moved(declared.blocks, before, document.blocks)
    verdicts = resolve(document, declared, marks, region)
    _leave_captions_above(declared, verdicts)
    for index, (field, found_by) in declared.blocks.items():
        if document.is_html and found_by in ("builtin/standfirst", _PICTURE_TEXT):
            continue  # it may be of the body as well: the judge says
        if verdicts[index] is None and found_by not in rules.disabled:
            verdicts[index] = Verdict(Fate.METADATA, None, field, (Evidence(found_by),))
    builtin.judge(document, declared, verdicts, rules.disabled)
    return verdicts, region


def _moved(found: dict[int, tuple[str, str]], before: list[Block], after: list[Block]) -> dict[int, tuple[str, str]]:
    """Renumber what was found on blocks after some were split.

    A split caption is one in all its parts, of which a rule may remove some; anything else on a split block is void.
    """
    moved = {}
    index = -1
    for block in after:
        if not block.continues or (index + 1 < len(before) and before[index + 1] is block):
            index += 1
        if index in found and (before[index] is block or found[index][0] == "captions"):
            moved[block.index] = found[index]
    return moved
