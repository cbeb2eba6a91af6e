"""The tests that rule files carry, run: offline, assertion by assertion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any

from cleaner.errors import InputError
from cleaner.model import Article, Page
from cleaner.pipeline import Cleaner
from cleaner.rules import Action, RuleFile, RuleTest, load_file
from cleaner.storage import read
from cleaner.text import clip, fold
from cleaner.workbench.files import rule_files

__all__ = ["Assertion", "CaseResult", "Outcome", "run_tests"]


class Outcome(StrEnum):
    """What became of a test."""

    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Assertion:
    """One thing that a test says."""

    what: str
    """As the rule file has it: `contains "You may also like"`."""
    holds: bool
    detail: str = ""
    """What is the case instead, where it does not hold."""


@dataclass(slots=True)
class CaseResult:
    """One test, run."""

    where: str
    """`file:line`."""
    name: str
    outcome: Outcome
    assertions: list[Assertion] = field(default_factory=list)


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
        return CaseResult(test.where, test.name, Outcome.PENDING)
    try:
        article = cleaner.clean(_page(path, test))
    except InputError as error:
        failed = Assertion(f'page "{test.page}"', holds=False, detail=str(error))
        return CaseResult(test.where, test.name, Outcome.FAILED, [failed])
    assertions = list(_assertions(article, file, test))
    outcome = Outcome.PASSED if all(assertion.holds for assertion in assertions) else Outcome.FAILED
    return CaseResult(test.where, test.name, outcome, assertions)


def _page(path: Path, test: RuleTest) -> Page:
    captured = None if test.captured is None else datetime.combine(test.captured, time())
    if test.page is not None:
        page = read(path.parent / test.page)
        return Page(
            page.content,
            test.url or page.url,
            page.media_type,
            page.charset,
            captured or page.captured,
            page.location,
        )
    content, media_type = (test.html, "text/html") if test.html is not None else (test.text or "", "text/plain")
    return Page(content or "", test.url, media_type, None, captured, test.where)


def _assertions(article: Article, file: RuleFile, test: RuleTest) -> Iterator[Assertion]:
    body = fold(article.text)
    for text in test.contains:
        holds = fold(text) in body
        yield Assertion(f'contains "{clip(text, 80)}"', holds, "" if holds else _whereabouts(article, text))
    for text in test.absent:
        holds = fold(text) not in body
        yield Assertion(f'absent "{clip(text, 80)}"', holds, "" if holds else "it is in the body")
    fired = _fired(article, file)
    for rule in test.fires:
        holds = _full(rule, file) in fired
        yield Assertion(f'fires "{rule}"', holds, "" if holds else _why_silent(article, _full(rule, file)))
    for rule in test.silent:
        holds = _full(rule, file) not in fired
        yield Assertion(f'silent "{rule}"', holds, "" if holds else "it fired")
    for name, wanted in test.meta.items():
        found = _stated(article, name)
        yield Assertion(f"meta {name} = {wanted!r}", found == wanted, "" if found == wanted else f"it is {found!r}")


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
