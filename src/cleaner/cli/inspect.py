"""`cleaner inspect`: what a file is, and which pages are in it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cleaner.cli.common import Exit, Subcommands, add_command, count
from cleaner.errors import InputError
from cleaner.text import clip, settle_name

if TYPE_CHECKING:
    from cleaner.storage.inspection import Inspection

_DETAILS = """\
Nothing is cleaned, and nothing written.

  cleaner inspect crawl.warc.gz           form, packing, how many pages, the first of them, and what is passed over
  cleaner inspect --quick crawl.warc.gz   the same, but read no further than the first pages
  cleaner inspect --json *.zip            a line of JSON for each file
"""
_REASONS = 12


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "inspect", "say what a file is and which pages are in it", _DETAILS)
    parser.add_argument("paths", nargs="+", metavar="FILE", help="a file, or - for standard input")
    parser.add_argument("-n", "--first", type=_number, default=5, metavar="N", help="pages to show (default: 5)")
    parser.add_argument("--quick", action="store_true", help="stop when these are found; the counts are of so far")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is in each file."""
    from cleaner.pool import stream
    from cleaner.storage import dump, write_all
    from cleaner.storage.inspection import Inspection, inspect

    code = Exit.OK
    for number, path in enumerate(options.paths):
        file = None if path == "-" else Path(path)
        try:
            if file is None and "-" in options.paths[:number]:
                raise InputError("standard input comes once, and has been read")
            told = inspect(file, sys.stdin.buffer, show=options.first, quick=options.quick, apart=stream)
        except InputError as error:  # there is no such file; there may be the others
            told = Inspection(path, error=str(error).removeprefix(f"{path}: "))
            code = Exit.USAGE
        except Exception as error:
            if options.debug:
                raise
            told = Inspection(path, error=f"{type(error).__name__}: {error}".rstrip(": "))
        if told.error is not None:
            code = max(code, Exit.FAILED)
        if options.json:
            write_all(sys.stdout.buffer, dump(told.as_json()))
        else:
            print("\n".join(map(settle_name, _lines(told))), flush=True)
    return code


def _number(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} is no number of pages")
    return int(value)


def _lines(told: Inspection) -> list[str]:
    size = None if told.bytes is None else f"{told.bytes:,} bytes"
    if not told.form:
        return [f"{told.location}: {told.error}"]
    lines = [f"{told.location}: {', '.join(filter(None, (told.form, told.packing, size)))}"]
    parts = [count(told.pages, "page")]
    if told.broken:
        parts.append(f"{told.broken:,} cannot be read")
    if told.skipped:
        parts.append(f"{told.skipped.total():,} passed over")
    lines.append(f"  {', '.join(parts)}{'' if told.complete else ', so far'}")
    for page in told.first:
        stated = ", ".join(filter(None, (page["media_type"], page["charset"])))
        facts = (page["captured"] or "no date", stated, f"{page['bytes']:,} bytes", clip(page["url"] or "no URL", 200))
        lines.append(f"  {page['location']}  {'  '.join(facts)}")
    if told.first and (more := told.pages - len(told.first)) > 0:
        lines.append(f"  and {more:,} more (-n N shows the first N)")
    lines += [f"  {trouble['location']}  cannot be read: {trouble['trouble']}" for trouble in told.troubles]
    if told.skipped:
        reasons = [f"{number:,} {what}" for what, number in told.skipped.most_common(_REASONS)]
        more = len(told.skipped) - len(reasons)
        lines.append(f"  passed over: {'; '.join(reasons)}{f'; {more} more kinds' if more else ''}")
    if told.error is not None:
        lines.append(f"  {'ends here: ' if told.pages or told.broken else ''}{told.error}")
    return lines
