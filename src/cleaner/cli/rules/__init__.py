"""`cleaner rules`: rule files checked, tested and made; one file per action."""

from __future__ import annotations

from cleaner.cli.common import Subcommands
from cleaner.cli.rules import check, import_, new, schema, stats, suggest, test


def add(subcommands: Subcommands) -> None:
    """Add the subcommand and its own."""
    parser = subcommands.add_parser(
        "rules", help="check, test and import rule files", description="Check, test and import rule files."
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for action in (check, test, stats, suggest, new, import_, schema):
        action.add(actions)
