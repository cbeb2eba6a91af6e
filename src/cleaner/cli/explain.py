"""`cleaner explain`: why each line is or is not in the body."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cleaner.cli.common import (
    Exit,
    Subcommands,
    add_command,
    add_page_options,
    add_rule_options,
    complain,
    make_cleaner,
    one_page,
    open_console,
    report,
)
from cleaner.errors import InputError
from cleaner.text import clip, settle, settle_name

if TYPE_CHECKING:
    from rich.console import Console

    from cleaner.explain import Candidate, Near
    from cleaner.judge import Reason
    from cleaner.model import Article

_DETAILS = """\
  cleaner explain page.html                      a verdict for each block, with the rule that decided
  cleaner explain page.html --kind related       only what was removed as this kind of noise
  cleaner explain page.html --line "Read more"   one line: what fired, what nearly fired, and why not
  cleaner explain page.html --metadata           for each field all that the page states, and why one of it won
"""
_STYLES = {"keep": "", "drop": "red", "metadata": "blue"}
_WIDTH = 50
"""How much of a block the table shows; all of it with --line and --json."""
_REASONS = 10
"""How many of the scorer's reasons are shown; all of them with --json."""
_ROW = f"{{:>5}}  {{:20}}  {{:{_WIDTH}}}  {{}}"


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "explain", "say why each line is or is not in the body", _DETAILS)
    parser.add_argument("page", metavar="PAGE", help="a file, or - for standard input")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--line", metavar="TEXT", help="the block that says TEXT; else those that hold it")
    which.add_argument("--kind", metavar="KIND", help="blocks removed as this kind of noise")
    which.add_argument("--metadata", action="store_true", help="what the page states for each field, and which counts")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--color", action="store_true", help="colours also where the output is no terminal")
    add_page_options(parser)
    add_rule_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the explanation."""
    from cleaner import explain
    from cleaner.storage import dump, write_all

    kind = _kind(options.kind) if options.kind else None
    cleaner = make_cleaner(options)
    page, notes = one_page(options)
    article = cleaner.clean(page)
    article.notes[:0] = notes
    indices: Iterable[int] = range(len(article.blocks))
    if kind is not None:
        indices = [index for index in indices if article.verdicts[index].kind is kind]
    near: dict[int, list[Near]] = {}
    scored: dict[int, list[Reason]] = {}
    if options.line is not None:
        indices = explain.with_text(article, options.line)
        if not indices:
            return _not_found(article, options.line)
        near = explain.near(cleaner, page, article, indices)
        scored = explain.scored(cleaner, page, indices)
    stated = explain.candidates(cleaner, page, article) if options.metadata else None
    if options.json:
        chosen = [] if options.metadata else indices
        write_all(sys.stdout.buffer, dump(explain.explanation(article, chosen, near, scored, stated), indent=2))
        return report(article)
    to = open_console(sys.stdout, color=options.color)
    if stated is not None:
        _metadata(to, stated)
    elif options.line is not None:
        for index in indices:
            _one(to, article, index, near[index], scored.get(index, []))
    else:
        _all(to, article, indices)
    return report(article)


def _kind(name: str) -> str:
    from cleaner.model import NoiseKind

    try:
        return NoiseKind(name)
    except ValueError:
        raise InputError(f"unknown kind {name!r}; one of: {' '.join(NoiseKind)}") from None


def _not_found(article: Article, text: str) -> int:
    from cleaner.explain import nearest

    complain(f"{article.location}: no block says {clip(text, _WIDTH)!r}")
    for index in nearest(article, text):
        complain(f"  nearest: {index}: {clip(article.blocks[index].text, 2 * _WIDTH)}")
    return Exit.FAILED


def _all(to: Console, article: Article, indices: Iterable[int]) -> None:
    from rich.cells import set_cell_size
    from rich.text import Text

    from cleaner.explain import say, why

    to.print(Text(settle_name(f"{article.location}: {article.status}"), style="bold"), soft_wrap=True)
    to.print(Text(f"rules: {', '.join(article.rules) or 'none'}"), soft_wrap=True)
    to.print(Text(_ROW.format("block", "verdict", "text", "why"), style="bold"), soft_wrap=True)
    for index in indices:
        verdict = article.verdicts[index]
        reason = settle(why(verdict.evidence[0])) if verdict.evidence else ""
        more = f" +{len(verdict.evidence) - 1}" if len(verdict.evidence) > 1 else ""
        text = set_cell_size(clip(article.blocks[index].text, _WIDTH), _WIDTH)  # characters may be two cells wide
        row = _ROW.format(index, say(verdict), text, clip(reason, 2 * _WIDTH) + more)
        to.print(Text(row, style=_STYLES[verdict.fate]), soft_wrap=True)
    for note in article.notes:
        where = f" ({note.where})" if note.where else ""
        to.print(Text(settle(f"note: {note.id}{where}: {note.message}"), style="yellow"), soft_wrap=True)


def _metadata(to: Console, stated: list[Candidate]) -> None:
    from rich.cells import set_cell_size
    from rich.text import Text

    row = f"{{:14}} {{:{_WIDTH}}}  {{:30}} {{}}"
    to.print(Text(row.format("field", "value", "source", "why"), style="bold"), soft_wrap=True)
    field = ""
    for candidate in stated:
        value = "; ".join(map(str, candidate.value)) if isinstance(candidate.value, list) else str(candidate.value)
        shown = set_cell_size(clip(settle(value), _WIDTH), _WIDTH)
        where = f" ({candidate.source.where})" if candidate.source.where else ""
        name = candidate.field if candidate.field != field else ""
        field = candidate.field
        line = row.format(name, shown, clip(f"{candidate.source.name}{where}", 60), candidate.why)
        to.print(Text(line, style="" if candidate.won else "dim"), soft_wrap=True)
    if not stated:
        to.print("the page states nothing of itself")


def _one(to: Console, article: Article, index: int, near: list[Near], scored: list[Reason]) -> None:
    from rich.text import Text

    from cleaner.explain import say, why

    block, verdict = article.blocks[index], article.verdicts[index]

    def line(name: str, text: str, style: str = "") -> None:
        to.print(Text.assemble((f"{name:10}", "bold"), (settle(text), style)), soft_wrap=True)

    facts = [block.kind.value, f"zone {block.zone}", f"{block.links} links" if block.links else "", block.path]
    line(f"block {index}", " · ".join(filter(None, [*facts, "hidden" if block.hidden else ""])))
    line("text", block.text)
    line("verdict", say(verdict), _STYLES[verdict.fate])
    for position, evidence in enumerate(verdict.evidence):
        line("fired" if position == 0 else "also", why(evidence))
    if not verdict.evidence:
        line("fired", "nothing")
    for part in scored[:_REASONS]:
        line("scored", f"{part.added:+.2f}  {part.feature} {part.value:.3g}")
    for other in near:
        line("nearly", f"{other.rule} ({other.where}) {other.reason}", "dim")
    if not near:
        line("nearly", "nothing", "dim")
    to.print()
