"""`cleaner rules check`: the faults of rule files."""

from __future__ import annotations

import argparse

from cleaner.cli.common import Exit, Subcommands, add_command, add_rule_paths, complain, count
from cleaner.text import settle

_DETAILS = """\
Every fault of every file is listed as file:line, for an editor to jump to.
Without PATHS, the shipped rules are checked.
"""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "check", "find the faults of rule files", _DETAILS)
    add_rule_paths(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the faults."""
    from cleaner import workbench

    files, faults = workbench.check(options.paths)
    for fault in faults:
        print(settle(str(fault)))
    complain(f"{count(files, 'rule file')}, {count(len(faults), 'fault') if faults else 'no faults'}")
    return Exit.RULES if faults else Exit.OK
