"""Proposals as a rule file: TOML to paste, with what speaks for each rule in comments."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from cleaner.errors import InputError, OutputError, RuleFileError
from cleaner.model import NoiseKind, Zone
from cleaner.rules import Rule, RuleBook, RuleFile, Written, load_file, parse
from cleaner.text import clip, collapse, fold, settle, words
from cleaner.workbench.lint import Context, lint
from cleaner.workbench.suggest.proposals import Proposal

__all__ = ["Draft", "append", "draft", "evidence", "kind_of"]

_LONGEST_ID: Final = 50
_EXAMPLE: Final = 60
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_PART: Final = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}")
_MAX_ROUNDS: Final = 20
_NAMED_VOTES: Final = 0.7
"""A word in a name or head that the shipped rules have, by and large, for one kind of noise."""
_SAID_VOTES: Final = 1.8
"""Two such words."""
_MAJORITY: Final = 0.6
_SHAPES: Final = frozenset(
    "article bar block box button content footer form group header inner item link list main menu panel post section"
    " text title widget wrapper wp".split()
)
"""Words in names that say what something looks like."""
_KNOWN: Final = 3
"""Times that the shipped rules must have a word."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Rules as TOML."""

    rules: tuple[tuple[str, NoiseKind, Proposal], ...]
    """Id, kind, and what speaks for it."""
    text: str
    """The `[[rule]]` tables with their comments."""
    header: str
    """What a file begins with: `schema`, `site`."""

    @property
    def file(self) -> str:
        """A whole rule file."""
        return self.header + self.text


def draft(proposals: Sequence[Proposal], site: str, beside: str = "") -> Draft:
    """Return proposals as rules; those that `cleaner rules check` has something against are left out.

    Args:
        proposals: in the order in which they are to stand.
        site: host of the rule file.
        beside: text of the rule file that they are to be appended to.

    Raises:
        InputError: `beside` is no rule file of this site, or no rule file can be called by `site`.

    """
    name = f"sites/{site}"
    header = f"schema = 1\nsite = {_string(site)}\n"
    taken: set[str] = set()
    if beside:
        try:
            taken = {rule.local_id for rule in parse(beside.encode(), name, name).rules}
        except RuleFileError as error:
            raise InputError(f"rules cannot be added to a file with faults:\n{error}") from error
    context = Context(_packs())
    left = list(proposals)
    for _ in range(_MAX_ROUNDS):
        rules = _named(left, taken)
        parts = ["\n".join(_lines(*rule)) + "\n" for rule in rules]
        text = "".join(f"\n{part}" for part in parts)
        whole = (beside or header) + text
        try:
            written = Written.of(whole.encode(), name)
            file = written.compiled(name, name)
        except RuleFileError as error:
            odd = {fault.line for fault in error.faults}
        else:
            odd = {finding.line for finding in lint(file, written, context)}
        line = (beside or header).count("\n") + 1
        bad = set()
        for number, part in enumerate(parts):
            last = line + part.count("\n")
            if any(line <= at <= last for at in odd):
                bad.add(number)
            line = last + 1
        if not bad:
            break
        left = [proposal for number, proposal in enumerate(left) if number not in bad]
    else:
        rules, text = [], ""
    try:
        parse((header + text).encode(), name, name)
    except RuleFileError as error:
        raise InputError(f"no rule file can be made for {site}: {error}") from error
    return Draft(tuple(rules), text, header)


def append(path: Path, made: Draft) -> None:
    """Add rules to the rule file `path`, at its end; or make it. Raises OutputError."""
    try:
        if path.exists():
            with path.open("r+b") as file:
                old = file.read()
                file.write((b"" if old.endswith(b"\n") else b"\n") + made.text.encode())
        else:
            with path.open("xb") as file:
                file.write(made.file.encode())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


# ── One rule ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _named(proposals: Iterable[Proposal], taken: Iterable[str]) -> list[tuple[str, NoiseKind, Proposal]]:
    used = set(taken)
    found = []
    for proposal in proposals:
        kind = kind_of(proposal)
        said = proposal.at if proposal.matcher.form == "css" else proposal.text or f"{proposal.zone} run"
        plain = unicodedata.normalize("NFKD", said).encode("ascii", "ignore").decode().lower()
        slug = "-".join(re.findall(r"[a-z0-9]+", plain)) or f"line-{proposal.at[:6]}"
        base = f"{kind}-{slug}"
        base = base if len(base) <= _LONGEST_ID else base[:_LONGEST_ID].rpartition("-")[0] or base[:_LONGEST_ID]
        id_, number = base, 1
        while id_ in used:
            number += 1
            id_ = f"{base}-{number}"
        used.add(id_)
        found.append((id_, kind, proposal))
    return found


def _lines(id_: str, kind: NoiseKind, proposal: Proposal) -> Iterator[str]:
    """Yield a rule as TOML."""
    matcher = proposal.matcher
    yield f"# {evidence(proposal)}"
    for example in proposal.examples if matcher.form != "line" else ():
        yield f"#   {_comment(clip(example, _EXAMPLE))}"
    yield "[[rule]]  # allow: untested (proposed: test it with a page of the site)"
    yield f"id = {_string(id_)}"
    yield f"kind = {_string(kind)}"
    if matcher.form == "cut":
        yield 'action = "cut_after"'
    if matcher.form in ("line", "cut"):
        yield _saying(proposal)
    elif matcher.form == "css":
        yield f"css = {_string(proposal.at)}"
    else:
        each = f"each = {{ max_words = {matcher.words}{', sentence = false' if matcher.labels else ''} }}"
        if matcher.form == "section":
            yield f"section = {{ head = {{ {_saying(proposal)} }}, {each}, max_lines = {matcher.number} }}"
        else:
            yield f"run = {{ {each}, min = {matcher.number} }}"
    if proposal.zone is not None:
        yield f'when = {{ zone = "{proposal.zone}" }}'
    yield 'source = "suggest"'
    yield f"note = {_string(f'hit {proposal.pages} of {proposal.seen} pages when it was proposed')}"


def evidence(proposal: Proposal) -> str:
    """Return in words what speaks for a rule, and what against it."""
    body = f", {proposal.left:,} of them in the body now" if proposal.left else ""
    return (
        f"{proposal.pages:,} of {proposal.seen:,} pages, {proposal.words:,} words that no rule removes{body}; "
        f"of what it removes, at most {proposal.harm:.1%} may be body"
    )


def _saying(proposal: Proposal) -> str:
    """Return what asks for a line: a phrase, or a pattern where its digits change."""
    said = collapse(settle(proposal.text))
    if not proposal.changes:
        return f"phrase = {_string(said)}"
    pattern = re.sub(r"\d+", r"\\d+", _SPECIAL.sub(r"\\\g<0>", said))
    return f"line = {_string(pattern)}"


def _string(text: str) -> str:
    """Return `text` as a string of TOML: as one of JSON, where it is settled."""
    return json.dumps(settle(text), ensure_ascii=False)


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in settle(text))


# ── What kind of noise ────────────────────────────────────────────────────────────────────────────────────────────────


def kind_of(proposal: Proposal) -> NoiseKind:
    """Guess what noise a rule removes, by the words that the shipped rules have for each kind."""
    # What a section or cut begins with says what follows; lines that follow say it less surely.
    named = _PART.findall(proposal.at) if proposal.matcher.form == "css" else words(fold(proposal.text))
    guess = _elect(named, _NAMED_VOTES)
    if guess is None:
        guess = _elect((word for example in proposal.examples for word in words(fold(example))), _SAID_VOTES)
    if guess is None and proposal.zone is not Zone.MAIN:
        is_menu = proposal.matcher.labels or 2 * proposal.linked >= max(proposal.words, 1)
        return NoiseKind.NAVIGATION if is_menu else NoiseKind.OTHER
    return guess or NoiseKind.OTHER


def _elect(said: Iterable[str], least: float) -> NoiseKind | None:
    votes: defaultdict[NoiseKind, float] = defaultdict(float)
    for word in {word.lower() for word in said} - _SHAPES:
        for kind, share in _vocabulary().get(word, {}).items():
            votes[kind] += share
    if not votes:
        return None
    most = min(votes, key=lambda kind: (-votes[kind], kind))
    return most if votes[most] >= max(least, _MAJORITY * sum(votes.values())) else None


@cache
def _packs() -> tuple[RuleFile, ...]:
    return tuple(
        load_file(source.path, source.name, source.shown)
        for source in RuleBook.load("generic").files()
        if not source.name.startswith("sites/")
    )


@cache
def _vocabulary() -> dict[str, dict[NoiseKind, float]]:
    """Return of each word in phrases and names of the shipped rules which share of them is of a kind."""
    found: defaultdict[str, Counter[NoiseKind]] = defaultdict(Counter)
    phrases: defaultdict[str, set[str]] = defaultdict(set)
    for file in _packs():
        for name, those in file.phrases.items():
            phrases[name].update(those)
    for rule in (rule for file in _packs() for rule in file.rules):
        if rule.kind is not None:
            for said in _said(rule, phrases):
                for word in set(said):
                    found[word][rule.kind] += 1
    return {
        word: {kind: count / counts.total() for kind, count in counts.items() if count >= _MAJORITY * counts.total()}
        for word, counts in found.items()
        if counts.total() >= _KNOWN
    }


def _said(rule: Rule, phrases: dict[str, set[str]]) -> Iterator[list[str]]:
    for token in rule.tokens:
        yield [part.lower() for part in _PART.findall(token)]
    if rule.saying is not None:
        for phrase in rule.saying.phrases:
            yield words(phrase)
        for name in rule.saying.sets:
            yield from (words(phrase) for phrase in phrases[name])
