"""`cleaner rules schema`: a rule file as JSON Schema, for editors."""

from __future__ import annotations

import argparse
import json

from cleaner.cli.common import Exit, Subcommands, add_command

_DETAILS = """\
Editors that know the JSON Schema of a TOML file complete its keys and show what they mean; docs/RULES.md says how to
tell them. What a schema cannot say (that a selector compiles, that a phrase set exists) is for `cleaner rules check`.
"""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "schema", "print the JSON Schema of a rule file", _DETAILS)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:  # noqa: ARG001 (one shape for all actions)
    """Print the schema."""
    from cleaner import workbench

    print(json.dumps(workbench.schema(), ensure_ascii=True, indent=2))
    return Exit.OK
