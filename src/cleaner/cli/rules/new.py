"""`cleaner rules new`: a rule file for a site, from a page of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from cleaner.cli.common import Exit, Subcommands, add_command, add_page_options, complain, count, one_page
from cleaner.text import settle

_DETAILS = """\
Makes DIR/sites/<host>.toml with a copy of the page beside it, and in it a test that fails until rules do what it says:
lines that the scorer drops and no rule does are to go, sentences of the body are to stay.
No file is ever written over.

  cleaner rules new page.html                     the host as the page or its sidecar tells it
  curl -s URL | cleaner rules new - --url URL
"""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "new", "make a rule file for a site, from a page of it", _DETAILS)
    parser.add_argument("page", metavar="FILE", help="a saved page, or - for standard input")
    parser.add_argument(
        "--into",
        type=Path,
        default=Path("rules"),
        metavar="DIR",
        help="the folder of rule files (default: %(default)s)",
    )
    add_page_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the file, and say what to do next."""
    from cleaner.workbench.scaffold import scaffold

    page, notes = one_page(options)
    for note in notes:
        complain(f"{page.location}: {note.message}")
    made = scaffold(page, options.into)
    url = f" --url {page.url}" if page.url else ""
    for line in (
        f"{made.rule_file}: {count(len(made.go), 'line')} to remove, {count(len(made.stay), 'sentence')} to keep",
        f"{made.page}: the page, for its test",
        "next: write rules; what does not hold yet, and what goes and why, say",
        f"  cleaner rules test {made.rule_file}",
        f"  cleaner diff --rules {made.rule_file} {made.page}{url}",
    ):
        print(settle(line))
    return Exit.OK
