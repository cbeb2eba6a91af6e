"""`cleaner rules stats`: what each rule did over a folder of pages, and what changed since an earlier ledger."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli.common import (
    Subcommands,
    add_command,
    add_rule_options,
    complain,
    conclude,
    count,
    expect_many_pages,
    make_cleaner,
    open_console,
    tell,
)
from cleaner.text import settle

if TYPE_CHECKING:
    from rich.console import Console

    from cleaner.workbench.ledger import Drift, Entry, Ledger, Standing, Tally

_DETAILS = """\
Pages are cleaned in memory; nothing is written but the ledger.

  harmful    a guard skips it, or (--harm) it removes what the scorer is sure is body
  dead       its file held on 50 pages or more (--enough), and it never fired
  shadowed   it hits, but others decide each time
  dormant    it fired on a single page of many, or long ago; or too few pages to call it dead
  live       all others

  cleaner rules stats raw --out ledger.json
  cleaner rules stats raw/october --since ledger.json      what stopped firing: has a template changed?
"""
_FOLD_FROM = 25
"""Rules of one file with one standing, from which only the first few are shown."""
_FOLD_SHOWS = 20
_ROW = "{:9} {:39} {:>11} {:>6} {:>9} {:>6}  {:10}"
"""Fits into 100 columns."""
_STYLES = {"harmful": "bold red", "dead": "red", "shadowed": "yellow", "dormant": "dim", "live": ""}


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "stats", "count what each rule did over a folder of pages", _DETAILS)
    parser.add_argument("raw", nargs="+", metavar="RAW", help="a folder of saved pages, or a page")
    add_rule_options(parser)
    parser.add_argument("--harm", action="store_true", help="ask the scorer about the prose that rules alone remove")
    parser.add_argument("--since", type=Path, metavar="LEDGER", help="also list what changed since this ledger")
    parser.add_argument("--out", type=Path, metavar="LEDGER", help="write the ledger (JSON) to this file")
    parser.add_argument(
        "--enough", type=_pages, metavar="N", help="pages without a hit that make a rule dead (default: 50)"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: %(default)s")
    parser.add_argument("--all", action="store_true", help="fold nothing: long lists of rules of one standing too")
    parser.add_argument("--color", action="store_true", help="colours also where the output is no terminal")
    parser.set_defaults(run=run)


def _pages(value: str) -> int:
    number = int(value) if value.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of pages")
    return number


def run(options: argparse.Namespace) -> int:
    """Count, and print the tables."""
    from cleaner import batch, storage
    from cleaner.workbench import ledger as ledgers

    if options.out:
        ledgers.Ledger.check_target(options.out)  # before the work, not after it
    earlier = ledgers.Ledger.load(options.since) if options.since else None
    expect_many_pages()
    keeper = ledgers.Bookkeeper(make_cleaner(options), harm=options.harm)
    summary = batch.run(keeper, storage.find_pages(options.raw), storage.Nowhere(), tell, debug=options.debug)
    ledger = keeper.ledger
    enough = options.enough or ledgers.ENOUGH
    drifts = ledgers.drift(earlier, ledger) if earlier is not None else None
    if options.out:
        ledger.save(options.out)
    if options.format == "json":
        storage.write_all(sys.stdout.buffer, storage.dump(_report(ledger, drifts, enough), indent=1))
    else:
        to = open_console(sys.stdout, color=options.color)
        _tables(to, ledger, enough, everything=options.all)
        _drifts(to, drifts)
    sys.stdout.flush()
    if earlier is not None and earlier.last and ledger.first and ledger.first <= earlier.last:
        complain(
            f"{options.since} ends with pages of {earlier.last}, and here they begin with {ledger.first}: "
            "pages counted in both hide what changed; name the newer ones only"
        )
    _count_up(ledger, enough)
    return conclude(summary)


def _judged(ledger: Ledger, enough: int) -> Iterator[tuple[Entry, str, Tally, Standing, str]]:
    from cleaner.workbench.ledger import standing

    for _, entry in sorted(ledger.entries.items()):
        for medium, tally in sorted(entry.media.items()):
            yield (entry, medium, tally, *standing(tally, enough))


def _report(ledger: Ledger, drifts: list[Drift] | None, enough: int) -> dict[str, Any]:
    """Return the ledger as JSON types, with what is to be thought of each rule: a ledger still."""
    from dataclasses import asdict

    said = ledger.as_json()
    for entry, medium, tally, verdict, why in _judged(ledger, enough):
        said["rules"][entry.id][medium] |= {"verdict": verdict, "why": why, "risk": round(tally.risk, 4)}
    if drifts is not None:
        said["drift"] = [{**asdict(drift), "message": str(drift)} for drift in drifts]
    return said


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _tables(to: Console, ledger: Ledger, enough: int, *, everything: bool) -> None:
    """Print a table for each file and medium; files with the worst rules first, in each the worst rules first."""
    from cleaner.workbench.ledger import Standing

    ranks = list(Standing)
    files: dict[tuple[str, str], list[tuple[Entry, Tally, Standing, str]]] = {}
    lives: dict[str, set[str]] = {}
    for entry, medium, tally, verdict, why in _judged(ledger, enough):
        files.setdefault((entry.file, medium), []).append((entry, tally, verdict, why))
        if verdict is Standing.LIVE:
            lives.setdefault(entry.id, set()).add(medium)

    def badness(rows: list[tuple[Entry, Tally, Standing, str]]) -> tuple[int, ...]:
        return tuple(-sum(verdict is rank for _, _, verdict, _ in rows) for rank in ranks[:3])

    for (name, medium), rows in sorted(files.items(), key=lambda item: (badness(item[1]), item[0])):
        rows.sort(key=lambda row: (ranks.index(row[2]), -row[1].sure, -row[1].tripped, -row[1].words, row[0].id))
        held = max(tally.seen for _, tally, _, _ in rows)
        _table(to, f"{name} ({medium}, held on {count(held, 'page')})", rows, lives, everything=everything)


def _table(
    to: Console,
    title: str,
    rows: list[tuple[Entry, Tally, Standing, str]],
    lives: dict[str, set[str]],
    *,
    everything: bool,
) -> None:
    from itertools import groupby

    from rich.text import Text

    def line(text: str, style: str = "") -> None:
        to.print(Text(settle(text).rstrip(), style=style), soft_wrap=True)

    line(title, "bold")
    line(_ROW.format("", "rule", "fired", "sole", "words", "risk", "last"), "dim")
    for verdict, group in groupby(rows, key=lambda row: row[2]):
        alike = list(group)
        shown = alike if everything or len(alike) < _FOLD_FROM else alike[:_FOLD_SHOWS]
        for entry, tally, _, why in shown:
            fired = f"{tally.fired:,}/{tally.seen:,}"
            risk = f"{tally.risk:.1%}" if tally.risk else ""
            cells = (entry.local_id, fired, f"{tally.sole:,}", f"{tally.words:,}", risk, tally.last_fired or "")
            line(_ROW.format(verdict, *cells), _STYLES[verdict])
            if verdict in ("dead", "shadowed") and (elsewhere := lives.get(entry.id)):
                line(f"{'':10}but live in {' and '.join(sorted(elsewhere))}: keep it", "dim")
            elif why and verdict != "dormant":
                line(f"{'':10}{why}", "dim")
        if len(shown) < len(alike):
            line(f"{'':10}… {len(alike) - len(shown):,} more; --all shows them", "dim")
    to.print()


def _drifts(to: Console, drifts: Iterable[Drift] | None) -> None:
    from rich.text import Text

    if drifts is None:
        return
    found = list(drifts)
    to.print(Text("drift" if found else "no drift", style="bold"))
    for drift in found:
        to.print(Text(settle(str(drift)), style="yellow"), soft_wrap=True)


def _count_up(ledger: Ledger, enough: int) -> None:
    """Print the summary line."""
    from collections import Counter

    from cleaner.workbench.ledger import Standing

    counts = Counter(verdict for *_, verdict, _ in _judged(ledger, enough))
    standings = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in Standing)
    media = ", ".join(f"{ledger.pages[medium]:,} {medium}" for medium in ("html", "text") if ledger.pages[medium])
    span = f" of {ledger.first} to {ledger.last}" if ledger.first else ""
    aside = f"; {ledger.aside:,} captcha, block and consent pages set aside" if ledger.aside else ""
    complain(f"{count(ledger.pages.total(), 'page')} ({media or 'none'}){span}{aside}; {standings}")
