"""`cleaner rules`: rule files checked and tested."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cleaner.cli.common import Exit, Subcommands, add_command, complain
from cleaner.text import settle

_CHECK = """\
Every fault of every file is listed as file:line, for an editor to jump to.
Without PATHS, the shipped rules are checked.
"""
_TEST = """\
Runs the [[test]]s that rule files carry, with the rules of PATHS laid over the shipped ones.
Without PATHS, the shipped files are tested. Pending tests are counted apart.
"""


def add(subcommands: Subcommands) -> None:
    """Add the subcommand and its own."""
    parser = subcommands.add_parser("rules", help="check and test rule files", description="Check and test rule files.")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = add_command(actions, "check", "find the faults of rule files", _CHECK)
    check.set_defaults(run=run_check)
    test = add_command(actions, "test", "run the tests that rule files carry", _TEST)
    test.add_argument("-v", "--verbose", action="store_true", help="list what holds, too")
    test.set_defaults(run=run_test)
    for action in (check, test):
        action.add_argument(
            "paths", nargs="*", type=Path, metavar="PATH", help="a rule file, or a folder laid out as rules/"
        )


def run_check(options: argparse.Namespace) -> int:
    """Print the faults."""
    from cleaner import workbench

    files, faults = workbench.check(options.paths)
    for fault in faults:
        print(settle(str(fault)))
    complain(f"{_count(files, 'rule file')}, {_count(len(faults), 'fault') if faults else 'no faults'}")
    return Exit.RULES if faults else Exit.OK


def run_test(options: argparse.Namespace) -> int:
    """Print what does not hold."""
    from cleaner import workbench
    from cleaner.workbench import Outcome

    counts = dict.fromkeys(Outcome, 0)
    for case in workbench.run_tests(options.paths):
        counts[case.outcome] += 1
        if case.outcome is not Outcome.PASSED or options.verbose:
            print(settle(f"{case.where}: {case.outcome}{f': {case.name}' if case.name else ''}"))
        for assertion in case.assertions:
            if not assertion.holds or options.verbose:
                mark = "ok  " if assertion.holds else "FAIL"
                print(settle(f"  {mark} {assertion.what}{f': {assertion.detail}' if assertion.detail else ''}"))
    sys.stdout.flush()
    complain(", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()))
    return Exit.FAILED if counts[Outcome.FAILED] else Exit.OK


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
