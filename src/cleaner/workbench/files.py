"""Rule files by their paths: what is wrong with them, and the mechanical part of it mended."""

from __future__ import annotations

import gc
import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cleaner import describe
from cleaner.errors import Fault, RuleFileError
from cleaner.judge import builtin
from cleaner.rules import RuleBook, RuleSource, parse
from cleaner.rules.places import locate
from cleaner.storage import replace_file
from cleaner.workbench.lint import Context, Finding, Fix, lint

__all__ = ["Report", "check", "examine", "mend", "rule_files"]

# A string on one line, a comment, or what opens a string of several lines.
_TOKEN = re.compile(r"""\"{3}|'{3}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*""")


@dataclass(frozen=True, slots=True)
class Report:
    """What `cleaner rules check` has to say."""

    files: int
    """How many files were asked for."""
    faults: list[Fault]
    """Of these, and of the shipped ones below them."""
    findings: list[Finding]
    """Of these alone, as far as they can be read."""


def rule_files(paths: Sequence[Path] = ()) -> list[RuleSource]:
    """Return the rule files that `paths` name; without paths, the shipped ones.

    Raises InputError for what is neither a rule file nor a folder laid out like `rules/`.
    """
    files = RuleBook.load(list(paths) or None).files()
    return files[len(RuleBook.load().files()) :] if paths else files


def check(paths: Sequence[Path] = ()) -> tuple[int, list[Fault]]:
    """Return how many rule files `paths` name, and the faults of these and of the shipped ones below them.

    Raises InputError as :func:`rule_files` does.
    """
    report = examine(paths, faults_only=True)
    return report.files, report.faults


def examine(paths: Sequence[Path] = (), *, faults_only: bool = False) -> Report:
    """Return the faults of the rule files that `paths` name, and what else is odd about them.

    Raises InputError as :func:`rule_files` does.
    """
    asked = {source.path for source in rule_files(paths)}
    with _no_collecting():
        read, faults = RuleBook.load(list(paths) or None).survey(describe.BUILTINS | builtin.BUILTINS)
        findings: list[Finding] = []
        if not faults_only:
            context = Context([file for *_, file in read])
            for source, written, file in read:
                if source.path in asked:
                    findings += lint(file, written, context)
    return Report(len(asked), faults, findings)


def mend(paths: Sequence[Path] = ()) -> list[Finding]:
    """Mend what is mechanical in the rule files that `paths` name, and return it.

    Only strings of the files change: what stands around them, comments too, stays as it is. A change after which a
    file says anything else than it should is not made. Raises InputError as :func:`rule_files` does, and OutputError
    for a file that cannot be written.
    """
    places = {source.shown: source for source in rule_files(paths)}
    mended: list[Finding] = []
    by_file: dict[str, list[Finding]] = {}
    for finding in examine(paths).findings:
        if finding.fix is not None:
            by_file.setdefault(finding.file, []).append(finding)
    for shown, findings in by_file.items():
        source = places[shown]
        findings.sort(key=lambda finding: _order(finding.fix))
        text, done = _mended(source.path.read_bytes().decode("utf-8"), findings, source)
        if done:
            replace_file(source.path.resolve(), text.encode())
            mended += done
    return mended


def _order(fix: Fix | None) -> tuple[tuple[bool, int, str], ...]:
    parts = fix.path if fix else ()
    return tuple((isinstance(part, int), part if isinstance(part, int) else 0, str(part)) for part in parts)


def _mended(text: str, findings: list[Finding], source: RuleSource) -> tuple[str, list[Finding]]:
    """Return a text with as many findings mended as can be, and those. They are in the order of their paths."""
    changed = _changed(text, [finding.fix for finding in findings if finding.fix], source)
    if changed is not None:
        return changed, findings
    if len(findings) < 2:
        return text, []
    # From the end on: to take a string out of a list moves those behind it.
    middle = len(findings) // 2
    text, later = _mended(text, findings[middle:], source)
    text, earlier = _mended(text, findings[:middle], source)
    return text, earlier + later


def _changed(text: str, fixes: Sequence[Fix], source: RuleSource) -> str | None:
    """Return the text of a file with some strings mended; None where that is not to be had without a doubt."""
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    expected = tomllib.loads(body)
    lines = locate(body.replace("\r\n", "\n"))
    starts = [0, *(match.end() for match in re.finditer("\n", body)), len(body)]
    edits: dict[tuple[int, int], str | None] = {}
    for fix in reversed(fixes):
        holder: Any = expected
        for key in fix.path[:-1]:
            holder = holder[key]
        last: Any = fix.path[-1]
        line = lines.get(fix.path, 0)
        spans = _strings_within(body, starts[line - 1], starts[line]) if line else ()
        span = next((span for span in spans if span not in edits and _said(body, span) == holder[last]), None)
        if span is None:
            return None
        edits[span] = fix.new
        if fix.new is None:
            del holder[last]
        else:
            holder[last] = fix.new
    for (start, end), new in sorted(edits.items(), reverse=True):
        written = None if new is None else _written(new, body[start:end])
        body = _without(body, start, end) if written is None else body[:start] + written + body[end:]
    try:
        if tomllib.loads(body) != expected:
            return None
        parse(body.encode(), source.name, source.shown)
    except (tomllib.TOMLDecodeError, RuleFileError):
        return None
    return mark + body


def _said(text: str, span: tuple[int, int]) -> str:
    """Return what a TOML string stands for."""
    said: str = tomllib.loads(f"x = {text[slice(*span)]}")["x"]
    return said


def _strings_within(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where the strings of a line begin and end, apart from those of several lines."""
    for match in _TOKEN.finditer(text, start, end):
        if match.group()[:3] not in ('"""', "'''") and match.group()[0] != "#":
            yield match.span()


def _without(text: str, start: int, end: int) -> str:
    """Return `text` without an element of a list, its comma, and its line if nothing else is on it."""
    after = re.compile(r"[ \t]*,[ \t]*").match(text, end)
    if after:
        end = after.end()
    elif before := re.search(r",\s*$", text[:start]):
        start = before.start()
    head, tail = text[:start], text[end:]
    if re.search(r"(?:^|\n)[ \t]*$", head) and (rest := re.match(r"[ \t]*\r?\n", tail)):
        return head.rstrip(" \t") + tail[rest.end() :]
    return head.rstrip(" ") + tail if tail.startswith(("\n", "\r")) else head + tail


def _written(text: str, like: str) -> str:
    """Return a TOML string, in the quotes of another where that can be."""
    return f"'{text}'" if like[0] == "'" and "'" not in text else json.dumps(text, ensure_ascii=False)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Look for no cycles meanwhile: of thousands of compiled files none is garbage, and to look takes a third."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
