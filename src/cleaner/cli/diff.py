"""`cleaner diff`: raw against clean, or two rule sets against each other."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cleaner.cli.common import (
    Exit,
    Subcommands,
    add_command,
    add_page_options,
    add_rule_options,
    complain,
    count,
    expect_many_pages,
    make_cleaner,
    one_page,
    open_console,
    report,
)
from cleaner.errors import InputError
from cleaner.text import settle, settle_name

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from cleaner.compare import PageDiff, Tally, Totals
    from cleaner.explain import DiffLine
    from cleaner.pipeline import Cleaner
    from cleaner.report import DiffReport
    from cleaner.storage import Input

_DETAILS = """\
One page, its lines in reading order:
    a line of the body
  - a removed line                    ‹kind: rule (file:line)›
  ~ a line that became metadata       ‹field: rule (file:line)›

Several pages, or a folder: words by kind and by rule, and the pages to look at first.

  cleaner diff raw --html report.html           the same, to read and to filter in a browser
  cleaner diff raw --against HEAD               what the rules do that those of the last commit did not:
                                                + gained for the body, - lost from it
  cleaner diff raw --rules mine --against shipped    what rule files of your own do
  cleaner diff raw --against generic            what the rules of sites do
"""
_STYLES = {" ": "", "-": "red", "~": "blue", "+": "green"}
_FEW = 12
"""How many rules and pages the summary of a folder lists; all of them with --all."""


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "diff", "show pages, raw against clean, or two rule sets", _DETAILS)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or - for standard input")
    parser.add_argument(
        "--against",
        metavar="RULES",
        help="compare with other rules, in place of those of --rules or of the shipped ones: a folder laid out as "
        "rules/, a rule file, a git revision, or `shipped`, `generic`, `none`",
    )
    parser.add_argument("--html", metavar="FILE", type=Path, help="write one HTML file that holds all of it")
    layout = parser.add_mutually_exclusive_group()
    layout.add_argument("--unified", action="store_true", help="one column (default)")
    layout.add_argument("--side", action="store_true", help="raw on the left, clean on the right (one page)")
    parser.add_argument("--all", action="store_true", help="fold nothing: long runs of removed navigation, long tables")
    parser.add_argument("--color", action="store_true", help="colours also where the output is no terminal")
    add_page_options(parser)
    add_rule_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the diff."""
    single = len(options.paths) == 1 and not Path(options.paths[0]).is_dir()
    if single and options.against is None and options.html is None:
        return _page(options)
    if options.side:
        raise InputError("--side shows one page, raw against clean; for more, --html FILE")
    return _pages(options, single=single)


# ── One page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _page(options: argparse.Namespace) -> int:
    from cleaner import explain

    (options.page,) = options.paths
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


# ── Many pages, two rule sets ─────────────────────────────────────────────────────────────────────────────────────────


def _pages(options: argparse.Namespace, *, single: bool) -> int:
    from cleaner.batch import FAILURES
    from cleaner.compare import Totals, compare

    expect_many_pages()
    cleaner = make_cleaner(options)
    totals = Totals()
    worst: list[tuple[float, str, str]] = []
    failed = 0
    to = open_console(sys.stdout, color=options.color)
    with _against(options, cleaner) as (against, name), _html(options, name) as written:
        for page in compare(cleaner, _inputs(options), against, debug=options.debug):
            totals.add(page)
            if written is not None:
                written.add(page)
            worst.append((page.concern, page.article.location, _concern(page)))
            if page.article.status in FAILURES:
                failed += 1
                reason = f": {page.article.reason}" if page.article.reason else ""
                complain(f"{page.article.location}: {page.article.status}{reason}")
            if single and against is not None:
                _changes(to, page)
    if not single or options.html is not None:
        worst.sort(key=lambda row: (-row[0], row[1]))
        _summary(to, totals, worst, compared=name is not None, limit=len(worst) if options.all else _FEW)
    if options.html is not None:
        complain(f"{count(totals.pages, 'page')} in {options.html}")
    return Exit.FAILED if failed else Exit.OK


def _inputs(options: argparse.Namespace) -> Iterator[Input]:
    """Return the pages, the report aside, which may lie among them."""
    from cleaner.storage import find_pages

    written = options.html.resolve() if options.html is not None else None
    pages = find_pages(options.paths)
    if options.url or options.media_type:
        first = list(islice(pages, 2))
        if options.url and len(first) > 1:
            raise InputError("--url says where one page comes from; for several, put it into their sidecars")
        told = (replace(page, url=options.url, media_type=options.media_type) for page in chain(first, pages))
    else:
        told = (page for page in pages)
    return (page for page in told if written is None or page.path is None or page.path.resolve() != written)


@contextmanager
def _against(options: argparse.Namespace, cleaner: Cleaner) -> Iterator[tuple[Cleaner | None, str | None]]:
    """Give a cleaner with the other rules, and what these are called; twice None where there are none."""
    from cleaner.rules import RuleBook, shipped_root
    from cleaner.workbench.revisions import rules_of_revision

    other: str | None = options.against
    if other is None:
        yield None, None
        return
    overlays = [] if options.rules in (["none"], ["generic"]) else [Path(name) for name in options.rules or []]
    against = copy.copy(cleaner)
    with TemporaryDirectory(prefix="cleaner-") as folder:
        if other in ("shipped", "generic", "none"):
            against.rulebook = RuleBook.load({"shipped": None, "generic": "generic", "none": False}[other])
        elif Path(other).exists():
            below = [(shipped_root(), "rules")] if overlays else []
            against.rulebook = RuleBook.of([*below, (Path(other), Path(other).as_posix())])
        else:
            named = overlays or [shipped_root()]
            roots = [(shipped_root(), "rules")] if overlays else []
            for number, path in enumerate(named):
                was = rules_of_revision(other, path, Path(folder) / str(number))
                roots.append((was, f"{other}:{path.as_posix() if overlays else 'rules'}"))
            against.rulebook = RuleBook.of(roots)
        yield against, other


def _html(options: argparse.Namespace, against: str | None) -> AbstractContextManager[DiffReport | None]:
    """Return the report to write, as a context that finishes it; None where none is asked for."""
    if options.html is None:
        return nullcontext()
    from cleaner.report import DiffReport

    rules = ", ".join(options.rules or ["shipped"])
    more = len(options.paths) - 1
    subject = f"{options.paths[0]} and {more:,} more" if more else options.paths[0]
    return DiffReport(options.html, subject=subject, rules=rules, against=against)


def _changes(to: Console, page: PageDiff) -> None:
    """Print what one page gained and lost."""
    from rich.text import Text

    from cleaner.compare import Change

    changed = False
    for part in page.parts:
        if part.change not in (Change.GAINED, Change.LOST):
            continue
        changed = True
        sign = "+" if part.change is Change.GAINED else "-"
        reason = part.reason
        assert reason is not None  # what is gained or lost was or is kept out by something
        place = f" ({reason.where})" if reason.where else ""
        what = reason.kind if sign == "-" else f"was {reason.kind}"
        if sign == "+" and any(evidence.where for evidence in part.verdict.evidence[:1]):
            what += ", kept by"
        for line in part.text.split("\n"):
            left = Text(f"{sign} {settle(line)}", style=_STYLES[sign])
            right = Text(settle(f"‹{what}: {reason.rule}{place}›"), style="dim")
            to.print(left, right, sep="  ", soft_wrap=True)
    if page.before is not None and page.before.status is not page.article.status:
        to.print(Text(f"status: {page.before.status} before, {page.article.status} now"), soft_wrap=True)
    elif not changed:
        to.print("no change")


def _concern(page: PageDiff) -> str:
    """Say in a few words what there is to look at."""
    from cleaner.compare import Tally
    from cleaner.model import Status

    article = page.article
    if page.before is not None:
        total = Tally()
        for tally in page.sums().values():
            total.add(tally)
        statuses = f"{page.before.status} before, {article.status} now"
        told = [
            statuses if page.before.status is not article.status else "",
            f"{total.gained:,} gained" if total.gained else "",
            f"{total.lost:,} lost" if total.lost else "",
        ]
        return ", ".join(filter(None, told))
    if article.status is not Status.OK:
        return str(article.status)
    if article.confidence is not None:
        return f"confidence {article.confidence:.2f}"
    return f"{page.concern:.0%} of its prose removed" if page.concern else ""


def _summary(to: Console, totals: Totals, worst: list[tuple[float, str, str]], *, compared: bool, limit: int) -> None:
    """Print the sums over all pages."""
    from rich.table import Table
    from rich.text import Text

    total = totals.total
    if compared:
        what = f"{total.gained:,} gained, {total.lost:,} lost, {total.relabelled:,} relabelled"
        to.print(Text(f"{count(totals.pages, 'page')}, {totals.changed:,} changed", style="bold"))
        to.print(f"words of the bodies: {totals.before:,} before, {totals.after:,} now: {what}")
    else:
        to.print(Text(count(totals.pages, "page"), style="bold"))
        to.print(f"words: {totals.raw:,} in all, {totals.after:,} in the bodies")

    _remarks(to, totals)

    def table(*names: str) -> Table:
        made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        numbers = ("gained", "lost", "relabelled", "pages") if compared else ("words", "pages")
        for position, name in enumerate((*names[:1], *numbers, *names[1:])):
            right = 1 <= position <= len(numbers)
            made.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=right)
        return made

    def numbers(tally: Tally) -> list[str]:
        told = [tally.gained, tally.lost, tally.relabelled] if compared else [tally.lost]
        return [f"{number:,}" if number else "–" for number in told] + [f"{tally.pages:,}"]

    def most(tallies: Iterable[tuple[tuple[str, ...], Tally]]) -> list[tuple[tuple[str, ...], Tally]]:
        return sorted(tallies, key=lambda item: (-item[1].changed, -item[1].relabelled, item[0]))

    def show(made: Table, left_out: int, noun: str) -> None:
        if not made.rows:
            return
        to.print()
        to.print(made)
        if left_out > 0:
            to.print(Text(f"… {count(left_out, f'more {noun}')}; --all shows them", style="dim"))

    kinds = table("kind")
    for (kind,), tally in most(((kind,), tally) for kind, tally in totals.kinds.items()):
        kinds.add_row(kind, *numbers(tally))
    show(kinds, 0, "kind")

    rules = table("rule", "kind", "where")
    for (kind, rule, where), tally in most(totals.reasons.items())[:limit]:
        rules.add_row(Text(settle(rule)), *numbers(tally), kind, Text(settle(where)))
    show(rules, len(totals.reasons) - limit, "rule")

    look = [row for row in worst if row[0] > 0]
    first = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    first.add_column("pages to look at first", overflow="fold")
    first.add_column("")
    for _, location, reason in look[:limit]:
        first.add_row(Text(settle_name(location)), reason)
    show(first, len(look) - limit, "page")


def _remarks(to: Console, totals: Totals) -> None:
    """Print what is not ok, and what guards and flags said."""
    from rich.text import Text

    from cleaner.model import Status

    for (was, now), pages in totals.statuses.most_common():
        if now is not Status.OK or (was or now) is not now:
            change = f"{was} before, {now} now" if (was or now) is not now else f"{now}"
            to.print(Text(f"{count(pages, 'page')}: {change}", style="yellow"))
    for (name, where), said in sorted(totals.notes.items(), key=lambda item: (-item[1].pages, item[0])):
        place = f" ({where})" if where else ""
        told = f"note: {name}{place}: {said.example}; {count(said.pages, 'page')}"
        to.print(Text(settle(told), style="yellow"), soft_wrap=True)
