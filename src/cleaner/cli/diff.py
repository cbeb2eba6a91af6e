"""`cleaner diff`: raw against clean."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cleaner.cli.common import (
    Subcommands,
    add_command,
    add_page_options,
    add_rule_options,
    make_cleaner,
    one_page,
    open_console,
    report,
)
from cleaner.text import settle

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from cleaner.explain import DiffLine

_DETAILS = """\
Lines in reading order:
    a line of the body
  - a removed line                    ‹kind: rule (file:line)›
  ~ a line that became metadata       ‹field: rule (file:line)›
"""
_STYLES = {" ": "", "-": "red", "~": "blue"}


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "diff", "show a page, raw against clean", _DETAILS)
    parser.add_argument("page", metavar="PAGE", help="a file, or - for standard input")
    layout = parser.add_mutually_exclusive_group()
    layout.add_argument("--unified", action="store_true", help="one column (default)")
    layout.add_argument("--side", action="store_true", help="raw on the left, clean on the right")
    parser.add_argument("--all", action="store_true", help="fold nothing: long runs of removed navigation too")
    parser.add_argument("--color", action="store_true", help="colours also where the output is no terminal")
    add_page_options(parser)
    add_rule_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the diff."""
    from cleaner import explain

    page, _ = one_page(options)
    article = make_cleaner(options).clean(page)
    lines: Iterable[DiffLine] = explain.diff(article)
    if not options.all:
        lines = explain.fold_runs(lines)
    to = open_console(sys.stdout, color=options.color)
    if options.side:
        _side(to, lines)
    else:
        for line in lines:
            reason = _reason(line)
            to.print(_left(line), *([reason] if reason else []), sep="  ", soft_wrap=True)
    return report(article)


def _left(line: DiffLine) -> Text:
    """Return what the page has."""
    from rich.text import Text

    if line.folded:
        return Text(f"- … {line.folded} more lines of navigation; --all shows them", style="dim red")
    return Text(f"{line.sign} {settle(line.text)}", style=_STYLES[line.sign])


def _reason(line: DiffLine) -> Text:
    """Return why the line is not in the body: nothing for a line that is."""
    from rich.text import Text

    verdict = line.verdict
    if line.sign == " " or line.folded:
        return Text()
    evidence = verdict.evidence[0] if verdict.evidence else None
    place = f" ({evidence.where})" if evidence and evidence.where else ""
    what = verdict.field if line.sign == "~" else verdict.kind
    return Text(settle(f"‹{what}{f': {evidence.id}{place}' if evidence else ''}›"), style="dim")


def _side(to: Console, lines: Iterable[DiffLine]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(expand=True, box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("raw", ratio=1, overflow="fold")
    table.add_column("clean", ratio=1, overflow="fold")
    for line in lines:
        table.add_row(_left(line), Text(settle(line.text)) if line.sign == " " else _reason(line))
    to.print(table)
