"""The tests that rule files carry, run: offline, assertion by assertion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, Final

from cleaner.errors import InputError, PageError
from cleaner.model import Article, Fate, Page
from cleaner.pipeline import Cleaner
from cleaner.rules import Action, RuleFile, RuleTest, load_file
from cleaner.storage import read
from cleaner.text import clip, fold
from cleaner.workbench.files import rule_files
from cleaner.workbench.golden import Golden

__all__ = ["Assertion", "CaseResult", "Outcome", "Result", "run_tests"]


class Outcome(StrEnum):
    """What became of one thing that a test says."""

    REMOVED = "removed"
    """Noise that is gone, as it should be."""
    KEPT = "kept"
    """Body that is there, as it should be."""
    MISSED = "missed"
    """Noise that is still there, or a rule that should have fired."""
    OVERREACH = "overreach"
    """Body that is gone, or a rule that should not have fired."""
    RIGHT = "right"
    """Anything else that is as the test says."""
    WRONG = "wrong"
    """Anything else that is not."""


_HOLDS: Final = frozenset({Outcome.REMOVED, Outcome.KEPT, Outcome.RIGHT})


class Result(StrEnum):
    """What became of a test."""

    PASSED = "passed"
    FAILED = "failed"
    CHANGED = "changed"
    """All that it says holds, but the page gives something else than its golden file: someone has to look."""
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Assertion:
    """One thing that a test says."""

    what: str
    """As the rule file has it: `contains "You may also like"`."""
    outcome: Outcome
    detail: str = ""
    """What is the case instead, where it does not hold."""

    @property
    def holds(self) -> bool:
        """Whether it is as the test says."""
        return self.outcome in _HOLDS


@dataclass(slots=True)
class CaseResult:
    """One test, run."""

    where: str
    """`file:line`."""
    name: str
    result: Result
    assertions: list[Assertion] = field(default_factory=list)
    golden: Golden | None = None
    """The golden page, where the test has one and could be run."""
    against_golden: list[Assertion] = field(default_factory=list)
    """One for each line in which the page differs from it; one that holds if there is none."""

    def __iter__(self) -> Iterator[Assertion]:
        """Iterate over all assertions."""
        return chain(self.assertions, self.against_golden)


def run_tests(paths: Sequence[Path] = (), cleaner: Cleaner | None = None) -> Iterator[CaseResult]:
    """Run the tests that the rule files of `paths` carry, with those files laid over the shipped ones.

    Raises InputError as :func:`rule_files` does, RuleFileError for a file with faults.
    """
    # Rules are tested for what they do, not for what the scorer makes of the rest.
    cleaner = cleaner or Cleaner(list(paths) or None, judge="none")
    for source in rule_files(paths):
        file = load_file(source.path, source.name, source.shown)
        for test in file.tests:
            yield _run(cleaner, file, source.path, test)


def _run(cleaner: Cleaner, file: RuleFile, path: Path, test: RuleTest) -> CaseResult:
    if test.pending:
        return CaseResult(test.where, test.name, Result.PENDING)
    try:
        article = cleaner.clean(_page(path, file, test))
        golden = None if test.golden is None else Golden.read(path.parent / test.golden, test.golden, article)
    except (InputError, PageError) as error:
        failed = Assertion(f'page "{test.page}"', Outcome.WRONG, str(error))
        return CaseResult(test.where, test.name, Result.FAILED, [failed])
    case = CaseResult(test.where, test.name, Result.PASSED, list(_assertions(article, file, test)), golden)
    if golden is not None:
        case.against_golden += _compared(golden, article)
    if (golden is not None and golden.expected is None) or not all(assertion.holds for assertion in case.assertions):
        case.result = Result.FAILED
    elif golden is not None and golden.changed:
        case.result = Result.CHANGED
    return case


def _page(path: Path, file: RuleFile, test: RuleTest) -> Page:
    # A page that says not whose it is stands for one of the site; a dump may have to be recognised.
    site = f"https://{file.name.removeprefix('sites/')}/" if file.name.startswith("sites/") else None
    captured = None if test.captured is None else datetime.combine(test.captured, time())
    if test.page is not None:
        page = read(path.parent / test.page)
        return Page(
            page.content,
            test.url or page.url or (None if file.recognise else site),
            page.media_type,
            page.charset,
            captured or page.captured,
            page.location,
        )
    content, media_type = (test.html, "text/html") if test.html is not None else (test.text or "", "text/plain")
    url = test.url or (site if test.html is not None or not file.recognise else None)
    return Page(content or "", url, media_type, None, captured, test.where)


def _assertions(article: Article, file: RuleFile, test: RuleTest) -> Iterator[Assertion]:
    body = fold(article.text)
    page = fold("\n".join(block.text for block in article.blocks)) if test.absent else ""
    for text in test.contains:
        what = f'contains "{clip(text, 80)}"'
        if fold(text) in body:
            yield Assertion(what, Outcome.KEPT)
        else:
            yield Assertion(what, Outcome.OVERREACH, _whereabouts(article, text))
    for text in test.absent:
        what = f'absent "{clip(text, 80)}"'
        if (wanted := fold(text)) in body:
            yield Assertion(what, Outcome.MISSED, f"it is in the body{_place(article, text)}")
        elif wanted in page:
            yield Assertion(what, Outcome.REMOVED)
        else:
            yield Assertion(what, Outcome.WRONG, "the page says it nowhere: no rule can fail this")
    fired = _fired(article, file)
    for rule in test.fires:
        if (full := _full(rule, file)) in fired:
            yield Assertion(f'fires "{rule}"', Outcome.RIGHT)
        else:
            yield Assertion(f'fires "{rule}"', Outcome.MISSED, _why_silent(article, full))
    for rule in test.silent:
        if _full(rule, file) not in fired:
            yield Assertion(f'silent "{rule}"', Outcome.RIGHT)
        else:
            yield Assertion(f'silent "{rule}"', Outcome.OVERREACH, "it fired")
    for name, wanted_value in test.meta.items():
        found = _stated(article, name)
        right = found == wanted_value
        detail = "" if right else f"it is {found!r}"
        yield Assertion(f"meta {name} = {wanted_value!r}", Outcome.RIGHT if right else Outcome.WRONG, detail)


def _compared(golden: Golden, article: Article) -> Iterator[Assertion]:
    """Yield an assertion for each line in which a page differs from its golden file; one if there is none."""
    what = f'golden "{golden.shown}"'
    if golden.expected is None:
        advice = "there is none; `cleaner rules test --review` shows what it would be"
        yield Assertion(what, Outcome.WRONG, advice)
        return
    differs = False
    for line in golden.diff():
        if line.sign == " ":
            continue
        differs = True
        said = f'{line.sign} "{clip(line.text, 80)}"'
        if line.is_metadata:
            yield Assertion(what, Outcome.WRONG, said)
        elif line.sign == "-":
            yield Assertion(what, Outcome.OVERREACH, f"{said}: {_whereabouts(article, line.plain)}")
        else:
            yield Assertion(what, Outcome.MISSED, f"{said}{_place(article, line.plain)}")
    if not differs:
        yield Assertion(what, Outcome.KEPT)


def _full(rule: str, file: RuleFile) -> str:
    return rule if "/" in rule else f"{file.name}/{rule}"


def _fired(article: Article, file: RuleFile) -> set[str]:
    """Return the ids of all that had a say: as evidence for a verdict, as source of metadata, as a flag."""
    fired = {evidence.id for verdict in article.verdicts for evidence in verdict.evidence}
    fired |= {source.name.removeprefix("rule:") for source in article.metadata.sources.values()}
    # A note that carries a rule's id is a flag or a guard that skipped the rule: the rule knows which.
    flags = {rule.id for rule in file.rules if rule.action is Action.FLAG}
    return fired | {note.id for note in article.notes if note.id in flags}


def _whereabouts(article: Article, text: str) -> str:
    """Say where `text` is, if not in the body."""
    wanted = fold(text)
    for gone in article.removed:
        if wanted in fold(gone.block.text):
            reason = gone.verdict.evidence[0].id if gone.verdict.evidence else "no reason given"
            return f"removed: {gone.verdict.kind or gone.verdict.field}, {reason}"
    return "no block says it"


def _place(article: Article, text: str) -> str:
    """Say where in the page a line of the body stands: `, in div.box/p`; nothing where it cannot be told."""
    wanted = fold(text)
    for block, verdict in zip(article.blocks, article.verdicts, strict=True):
        if verdict.fate is Fate.KEEP and wanted in fold(block.text):
            where = "/".join(block.path.split("/")[-3:]) or f"the {block.zone} of the dump"
            return f", in {where}"
    return ""


def _why_silent(article: Article, rule: str) -> str:
    notes = [note.message for note in article.notes if note.id == rule]
    if notes:
        return "; ".join(notes)
    if rule.rpartition("/")[0] not in article.rules and not rule.startswith("builtin/"):
        return f"its file is not used on this page, which uses {', '.join(article.rules) or 'none'}"
    return "it did not"


def _stated(article: Article, name: str) -> Any:
    """Return a field of the metadata as a rule file would write it."""
    if name == "captions":
        return [caption.text for caption in article.captions]
    return getattr(article.metadata, name)
