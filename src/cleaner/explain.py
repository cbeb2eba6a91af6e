"""Verdicts for people: raw against clean, and why a line went."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from cleaner.describe import declare
from cleaner.describe.ranks import doubt, rank
from cleaner.judge import Reason, given, judge, reasons
from cleaner.model import Article, Block, Document, Evidence, Fate, NoiseKind, Page, Source, Verdict
from cleaner.pipeline import Cleaner
from cleaner.rules import Rule, RuleFile, RuleSet, load_file
from cleaner.rules.language import When
from cleaner.rules.matching import Layer, Reading
from cleaner.segment import segment
from cleaner.text import fold, fold_phrase

__all__ = [
    "Candidate",
    "DiffLine",
    "Near",
    "candidates",
    "diff",
    "explanation",
    "fold_runs",
    "near",
    "nearest",
    "say",
    "scored",
    "why",
    "with_text",
]

_FOLD_FROM = 8
_FOLD_SHOWS = 2
"""How many lines of a folded run are still shown, at its start."""
_LIKE = 0.6
"""Ratio of characters in common, 0 to 1, from which a block is like what someone typed."""
_ALIKE = 0.8
"""The same, from which a phrase is like a block: a letter or a word apart."""
_COMPARED = 200
"""Characters: the comparison may take their square."""
_FEW = 3


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of raw against clean."""

    sign: str
    """` ` kept, `-` removed, `~` moved to the metadata."""
    text: str
    verdict: Verdict
    folded: int = 0
    """How many lines this one stands for, where it stands for others."""


def diff(article: Article) -> Iterator[DiffLine]:
    """Yield the lines of the page in reading order, each with what became of it."""
    signs = {Fate.KEEP: " ", Fate.DROP: "-", Fate.METADATA: "~"}
    for block, verdict in zip(article.blocks, article.verdicts, strict=True):
        for line in block.text.split("\n"):
            yield DiffLine(signs[verdict.fate], line, verdict)


def fold_runs(lines: Iterable[DiffLine]) -> Iterator[DiffLine]:
    """Yield `lines` with long runs of removed navigation folded into one line that says how many there are."""
    run: list[DiffLine] = []

    def folded() -> Iterator[DiffLine]:
        if len(run) < _FOLD_FROM:
            yield from run
        else:
            yield from run[:_FOLD_SHOWS]
            yield DiffLine("-", "", run[0].verdict, folded=len(run) - _FOLD_SHOWS)
        run.clear()

    for line in lines:
        if line.verdict.kind is NoiseKind.NAVIGATION:
            run.append(line)
        else:
            yield from folded()
            yield line
    yield from folded()


def say(verdict: Verdict) -> str:
    """Return what a verdict says in a word or two: `keep`, `drop share`, `metadata date`."""
    return " ".join(filter(None, (verdict.fate.value, verdict.kind, verdict.field)))


def why(evidence: Evidence) -> str:
    """Return a reason on one line: `generic/noise/share-run (generic/noise.toml:12) run @share`."""
    where = f" ({evidence.where})" if evidence.where else ""
    return f"{evidence.id}{where} {evidence.detail}".rstrip()


def with_text(article: Article, text: str) -> list[int]:
    """Return the indices of the blocks that say `text`: those that say just that, else those that hold it."""
    wanted = fold(text)
    folded = [fold(block.text) for block in article.blocks]
    return [index for index, said in enumerate(folded) if said == wanted] or [
        index for index, said in enumerate(folded) if wanted in said
    ]


def nearest(article: Article, text: str) -> list[int]:
    """Return the indices of the blocks that say something like `text`, a few, likest first."""
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(fold(text)[:_COMPARED])
    likeness: list[tuple[float, int]] = []
    for index, block in enumerate(article.blocks):
        matcher.set_seq1(fold(block.text)[:_COMPARED])
        if _is_like(matcher, _LIKE):
            likeness.append((-matcher.ratio(), index))
    return [index for _, index in sorted(likeness)[:_FEW]]


def explanation(
    article: Article,
    indices: Iterable[int] | None = None,
    near: Mapping[int, Sequence[Near]] | None = None,
    scored: Mapping[int, Sequence[Reason]] | None = None,
    stated: Sequence[Candidate] | None = None,
) -> dict[str, Any]:
    """Return why each block (or those of `indices`) was judged as it was, as JSON types.

    With `near` and `scored` of the blocks, and with `stated`, what the page states of its metadata.
    """
    chosen = range(len(article.blocks)) if indices is None else indices
    return {
        "location": article.location,
        "url": article.page_url,
        "status": article.status.value,
        "reason": article.reason,
        "rules": article.rules,
        "rules_digest": article.rules_digest,
        "notes": [asdict(note) for note in article.notes],
        **({} if stated is None else {"metadata": [asdict(candidate) for candidate in stated]}),
        "blocks": [
            {
                **_block(article.blocks[index], article.verdicts[index]),
                **({} if near is None or index not in near else {"nearly": [asdict(other) for other in near[index]]}),
                **({} if not scored or index not in scored else {"scored": [asdict(part) for part in scored[index]]}),
            }
            for index in chosen
        ],
    }


def _block(block: Block, verdict: Verdict) -> dict[str, Any]:
    return {
        "index": block.index,
        "text": block.text,
        "block_kind": block.kind.value,
        "zone": block.zone.value,
        "path": block.path,
        "hidden": block.hidden,
        "fate": verdict.fate.value,
        "kind": verdict.kind,
        "field": verdict.field,
        "evidence": [asdict(reason) for reason in verdict.evidence],
    }


# ── Where metadata comes from ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that some place of the page states for a field."""

    field: str
    value: Any
    source: Source
    won: bool
    why: str
    """Why it is the field's value, or is not, for people."""


def candidates(cleaner: Cleaner, page: Page, article: Article) -> list[Candidate]:
    """Return all that the page states of its metadata, field by field, in the order in which it was considered."""
    document = segment(page)
    rules = cleaner.rulebook.for_page(document)
    declared = declare(document, rules)
    judge(document, declared, rules, cleaner.judge)  # marks that take a value add candidates
    rank(declared, page.url)
    found: list[Candidate] = []
    for name, stated in declared.candidates.items():
        if name == "captions":
            continue  # they are not ranked: each that is told counts
        winner = article.metadata.sources.get(name)
        best: tuple[Any, Source] | None = None
        for value, source in stated:
            won = best is None and source == winner
            if won:
                best = value, source
                reason = f"the best ranked of {len(stated)}" if len(stated) > 1 else "nothing else states it"
            elif best is not None and value == best[0]:
                reason = "says the same"
            elif not (reason := doubt(name, (value, source), declared, page.url)):
                reason = f"ranks after {best[1].name}" if best else "does not read as a value of this field"
            found.append(Candidate(name, value, source, won, reason))
    return found


# ── What the scorer weighed ───────────────────────────────────────────────────────────────────────────────────────────


def scored(cleaner: Cleaner, page: Page, indices: Iterable[int]) -> dict[int, list[Reason]]:
    """Return for each block of `indices` that the scorer judged what each feature added, the strongest first."""
    found: dict[int, list[Reason]] = {}
    for judged, rules, start, here in _pages(cleaner, page, indices) if cleaner.judge == "scorer" else ():
        document = segment(judged.page)
        declared = declare(document, rules)
        verdicts, region = given(document, declared, rules)
        if region is None:
            weighed = reasons(document, declared, verdicts, here)
            found |= {start + index: parts for index, parts in weighed.items()}
    return found


def _pages(cleaner: Cleaner, page: Page, indices: Iterable[int]) -> Iterator[tuple[Document, RuleSet, int, list[int]]]:
    """Yield those pages of an article that have blocks of `indices`, as they were judged.

    With each: the rules, which are those of the first page; the number of blocks on the pages before it; `indices` as
    they are on this page.
    """
    first = segment(page)
    rules = cleaner.rulebook.for_page(first)
    chosen, start = list(indices), 0
    for document, article in cleaner.by_page(first, rules=rules):
        end = start + len(article.blocks)
        here = [index - start for index in chosen if start <= index < end]
        if document is not None and here:
            yield document, rules, start, here
        start = end


# ── What nearly fired ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Near:
    """A rule that would have hit a block, but for one thing."""

    rule: str
    where: str
    reason: str


def near(cleaner: Cleaner, page: Page, article: Article, indices: Iterable[int]) -> dict[int, list[Near]]:
    """Return for each block of `indices` what nearly hit it, and what stood in the way.

    These are: rules that hit it but are disabled or were skipped by a guard; rules that would hit it without one of
    their conditions; phrases that say almost the same. Of several conditions that fail, none is reported.
    """
    found: dict[int, list[Near]] = {}
    for document, rules, start, here in _pages(cleaner, page, indices):
        found |= _near(cleaner, document, rules, article, start, here)
    return found


def _near(
    cleaner: Cleaner, split: Document, rules: RuleSet, article: Article, start: int, chosen: Sequence[int]
) -> dict[int, list[Near]]:
    """Do so for the blocks `chosen` of one page, whose blocks begin at `start` of the article."""
    untouched = segment(split.page)  # the blocks of `split` are those of `article`; rules mark the untouched ones
    files = [
        load_file(source.path, source.name, source.shown)
        for source in cleaner.rulebook.files()
        if source.name in rules.files or not source.name.startswith("sites/")
    ]
    extended = frozenset(reference.name for file in files for reference in file.extends)
    address = split.page.url or article.metadata.url

    def hits(files: Sequence[RuleFile], tried: Sequence[Rule]) -> dict[int, set[str]]:
        reading = Reading(untouched, [Layer(files, tried)], address=address, extended=extended)
        marks = reading.marks(frozenset())
        return {
            index: {mark.rule.id for mark in marks if _covers(split, mark.first, mark.end, index)} for index in chosen
        }

    every = {rule.id: rule for file in files for rule in file.rules}  # of two with one id, the overlay's
    found: dict[int, dict[str, Near]] = {index: {} for index in chosen}
    as_they_are = hits(files, list(every.values()))
    for index in chosen:
        counted = {evidence.id for evidence in article.verdicts[start + index].evidence}
        for name in as_they_are[index] - counted:
            said = [note.message for note in article.notes if note.id == name]
            why_not = "a rule file disables it" if name in rules.disabled else "; ".join(said) or "it did not count"
            found[index][name] = Near(name, every[name].where, f"hits it, but: {why_not}")
    for what, without in _OBSTACLES.items():
        freed = [other for rule in every.values() if (other := without(rule)) is not rule]
        # The phrases of a language count as its file does.
        packs = [replace(file, when=_free(file.when, "languages")) for file in files] if what == "lang" else files
        for index, names in hits(packs, freed).items() if freed else ():
            for name in names - as_they_are[index]:
                found[index].setdefault(name, Near(name, every[name].where, f"would hit it, but for its {what}"))
    for index in chosen:
        for alike in _alike(files, article.blocks[start + index].text):
            found[index].setdefault(alike.rule, alike)
    return {start + index: list(others.values()) for index, others in found.items()}


def _covers(document: Document, first: int, end: int, index: int) -> bool:
    """Whether the pieces `first` up to `end` hold all text of a block."""
    start, stop = document.bounds[index]
    outside = (*range(start, min(first, stop)), *range(max(end, start), stop))
    return start < end and first < stop and not any(document.pieces[at].strip() for at in outside)


def _free(when: When, key: str) -> When:
    """Return `when` without one of its conditions; the same object if it has not got it."""
    anything = getattr(When(), key)
    return when if getattr(when, key) == anything else replace(when, **{key: anything})


def _without_condition(key: str) -> Callable[[Rule], Rule]:
    def without(rule: Rule) -> Rule:
        when, pack_when = _free(rule.when, key), _free(rule.pack_when, key)
        same = when is rule.when and pack_when is rule.pack_when
        return rule if same else replace(rule, when=when, pack_when=pack_when)

    return without


def _with_sections(**changes: Any) -> Callable[[Rule], Rule]:
    def changed(rule: Rule) -> Rule:
        return replace(rule, sections=tuple(replace(section, **changes) for section in rule.sections))

    return lambda rule: changed(rule) if rule.sections else rule


_OBSTACLES: dict[str, Callable[[Rule], Rule]] = {
    "zone": _without_condition("zones"),
    "paths": _without_condition("paths"),
    "lang": _without_condition("languages"),
    "if_present": _without_condition("if_present"),
    "valid_from": _without_condition("valid_from"),
    "valid_until": _without_condition("valid_until"),
    "max_words": lambda rule: rule if rule.max_words is None else replace(rule, max_words=None),
    "text": lambda rule: rule if rule.text is None else replace(rule, text=None),
    "section's max_lines": _with_sections(max_lines=1_000),
    "section's each": _with_sections(each=None),
    "run's min": lambda rule: (
        replace(rule, runs=tuple(replace(run, least=1) for run in rule.runs)) if rule.runs else rule
    ),
}
"""What can stand between a rule and a block: as the rule language calls it -> the rule without it.

A rule that has no such thing comes back as the same object.
"""


def _alike(files: Iterable[RuleFile], text: str) -> list[Near]:
    """Return the phrases that say almost what `text` says, likest first."""
    said = fold_phrase(text)
    if not said or len(said) > _COMPARED:
        return []
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(said)
    likeness: list[tuple[float, str, str, str]] = []
    for name, where, phrases in _phrases(files):
        if said in phrases:
            continue
        for folded, phrase in phrases.items():
            matcher.set_seq1(folded)
            if _is_like(matcher, _ALIKE):
                likeness.append((-matcher.ratio(), name, where, phrase))
    return [
        Near(name, where, f'says almost the same: "{phrase}"') for _, name, where, phrase in sorted(likeness)[:_FEW]
    ]


def _phrases(files: Iterable[RuleFile]) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Yield what has phrases, with its place: named sets, rules."""
    for file in files:
        for name, phrases in file.phrases.items():
            yield f"{file.name} @{name}", file.shown, phrases
        for rule in file.rules:
            tests = [section.head for section in rule.sections]
            tests += [run.each for run in rule.runs]
            tests += [test for pair in rule.pairs for test in (pair.first, pair.second)]
            for saying in (rule.saying, *(test.saying for test in tests)):
                if saying is not None and saying.phrases:
                    yield rule.id, rule.where, saying.phrases


def _is_like(matcher: difflib.SequenceMatcher[str], ratio: float) -> bool:
    # The bounds are cheap, and rule out nearly all.
    return matcher.real_quick_ratio() >= ratio and matcher.quick_ratio() >= ratio and matcher.ratio() >= ratio
