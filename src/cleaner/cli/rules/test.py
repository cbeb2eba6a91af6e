"""`cleaner rules test`: the tests that rule files carry."""

from __future__ import annotations

import argparse
import sys

from cleaner.cli.common import Exit, Subcommands, add_command, add_rule_paths, complain
from cleaner.text import settle

_DETAILS = """\
Runs the [[test]]s that rule files carry, with the rules of PATHS laid over the shipped ones.
Without PATHS, the shipped files are tested. Pending tests are counted apart.
"""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "test", "run the tests that rule files carry", _DETAILS)
    parser.add_argument("-v", "--verbose", action="store_true", help="list what holds, too")
    add_rule_paths(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
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
