"""`cleaner rules test`: the tests that rule files carry."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cleaner.cli.common import Exit, Subcommands, add_command, add_rule_paths, complain, count, open_console
from cleaner.cli.rules.annotations import annotate
from cleaner.errors import InputError
from cleaner.text import settle

if TYPE_CHECKING:
    from rich.console import Console

    from cleaner.workbench import Assertion, CaseResult
    from cleaner.workbench.golden import Golden, GoldenLine

_DETAILS = """\
Runs the [[test]]s that rule files carry, with the rules of PATHS laid over the shipped ones: offline, without the
scorer. Without PATHS, the shipped files are tested. Each thing that a test says is

  removed, missed        noise that is gone; that is still there (or a rule that should have fired)
  kept, overreach        body that is there; that is gone (or a rule that should not have fired)
  right, wrong           anything else

A test is passed or failed; changed, where all holds but its golden file; pending ones are counted apart.
No golden file is written but by --review, which shows what each page gives otherwise and asks: y takes it, n leaves the
file as it is, q asks no more.
"""
_STYLES = {" ": "", "-": "red", "+": "green"}
_CONTEXT = 2
"""Lines that are shown around a difference."""
_FEW = 20
"""How many differences from a golden file are listed; all of them with --verbose."""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "test", "run the tests that rule files carry", _DETAILS)
    parser.add_argument("-v", "--verbose", action="store_true", help="list what holds, too")
    parser.add_argument("--review", action="store_true", help="show each page that changed, and ask whether to take it")
    parser.add_argument(
        "--format", choices=["text", "json", "github"], default="text", help="github: annotations of a workflow's run"
    )
    add_rule_paths(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what does not hold."""
    from cleaner import workbench
    from cleaner.workbench import Outcome, Result

    if options.review and options.format != "text":
        raise InputError("--review asks at the terminal: it goes with --format text")
    results: Counter[Result] = Counter()
    outcomes: Counter[Outcome] = Counter()
    cases: list[dict[str, object]] = []
    reviewer = _Reviewer() if options.review else None
    for case in workbench.run_tests(options.paths):
        if options.format == "json":
            cases.append(_plain(case))
        elif options.format == "github":
            _annotate(case)
        else:
            _print(case, case.against_golden if reviewer is None else [], verbose=options.verbose)
        result = case.result
        if reviewer is not None and case.golden is not None and case.golden.changed:
            taken = reviewer.ask(case, case.golden)
            if taken and all(assertion.holds for assertion in case.assertions):
                result = Result.PASSED
        results[result] += 1
        outcomes.update(assertion.outcome for assertion in case)
    if options.format == "json":
        sums = {"tests": {result: results[result] for result in Result}}
        print(json.dumps({**sums, "outcomes": {one: outcomes[one] for one in Outcome}, "cases": cases}, indent=1))
    sys.stdout.flush()
    told = [f"{results[one]:,} {one}" for one in Result if results[one] or one is not Result.CHANGED]
    four = (Outcome.REMOVED, Outcome.KEPT, Outcome.MISSED, Outcome.OVERREACH)
    complain(f"{', '.join(told)} ({', '.join(f'{outcomes[one]:,} {one}' for one in four)})")
    if reviewer is not None:
        complain(f"golden files: {reviewer.taken:,} taken, {reviewer.left:,} left as they are")
    return Exit.FAILED if results[Result.FAILED] or results[Result.CHANGED] else Exit.OK


def _print(case: CaseResult, differences: list[Assertion], *, verbose: bool) -> None:
    from cleaner.workbench import Result

    if case.result is not Result.PASSED or verbose:
        print(settle(f"{case.where}: {case.result}{f': {case.name}' if case.name else ''}"))
    few = differences if verbose else differences[:_FEW]
    for assertion in (*case.assertions, *few):
        if not assertion.holds or verbose:
            print(settle(f"  {assertion.outcome:<9}  {assertion.what}{_detail(assertion)}"))
    if more := len(differences) - len(few):
        print(f"  … {count(more, 'more difference')} from the golden file; --verbose lists them")


def _detail(assertion: Assertion) -> str:
    return f": {assertion.detail}" if assertion.detail else ""


def _plain(case: CaseResult) -> dict[str, object]:
    assertions = [{"what": one.what, "outcome": one.outcome, "detail": one.detail} for one in case]
    return {"where": case.where, "name": case.name, "result": case.result, "assertions": assertions}


def _annotate(case: CaseResult) -> None:
    file, _, line = case.where.rpartition(":")
    for assertion in case:
        if not assertion.holds:
            annotate("error", file, int(line), assertion.outcome, f"{assertion.what}{_detail(assertion)}")


class _Reviewer:
    """Shows what pages give in place of their golden files, and asks whether that is to be the golden file."""

    def __init__(self) -> None:
        self.to: Console = open_console(sys.stdout)
        self.taken = self.left = 0
        self.asks = True

    def ask(self, case: CaseResult, golden: Golden) -> bool:
        """Return whether the golden file was written anew."""
        from rich.text import Text

        if self.asks:
            what = "is new" if golden.expected is None else "changes"
            self.to.print(Text(settle(f"{golden.path} {what}: {case.name or case.where}"), style="bold"))
            for line in _folded(list(golden.diff())):
                if isinstance(line, int):
                    self.to.print(Text(f"  … {count(line, 'line')} as before", style="dim"))
                else:
                    self.to.print(Text(settle(f"{line.sign} {line.text}"), style=_STYLES[line.sign]), soft_wrap=True)
            if self._says_yes(f"take it as {golden.shown}? [y/n/q] "):
                golden.accept()
                self.taken += 1
                return True
        self.left += 1
        return False

    def _says_yes(self, question: str) -> bool:
        while self.asks:
            print(settle(question), end="", flush=True)
            try:
                answer = input().strip().lower()
            except EOFError:
                print()
                complain("no answer: nothing more is asked")
                answer = "q"
            if answer in ("y", "yes", "n", "no"):
                return answer[0] == "y"
            self.asks = answer not in ("q", "quit")
        return False


def _folded(lines: list[GoldenLine]) -> Iterator[GoldenLine | int]:
    """Yield lines near a difference, and for those between them how many they are."""
    near = [False] * len(lines)
    for at, line in enumerate(lines):
        if line.sign != " ":
            first = max(at - _CONTEXT, 0)
            near[first : at + _CONTEXT + 1] = [True] * len(near[first : at + _CONTEXT + 1])
    skipped = 0
    for line, is_near in zip(lines, near, strict=True):
        if not is_near:
            skipped += 1
            continue
        if skipped:
            yield skipped
            skipped = 0
        yield line
    if skipped:
        yield skipped
