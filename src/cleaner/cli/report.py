"""`cleaner report`: what a corpus is after cleaning, as one HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from cleaner.cli.common import Exit, Subcommands, add_command, complain, count, expect_many_pages
from cleaner.errors import InputError

_DETAILS = """\
One HTML file that needs nothing else: pages to look at first, with the reason; pages by status and site; length before
and after; noise by kind; rules that fired; fields; slowest pages. Any number of pages takes the same memory.

  cleaner clean raw -o clean                  then:
  cleaner report clean                        report.html
  cleaner report clean -o clean.html
  cleaner report shard-*/pages.jsonl.zst      several outputs as one

OUT is what `cleaner clean -o` was given, in any --format, or files of it. How long pages took is told of a folder whose
run left its .cleaner there.
"""


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "report", "show what a corpus is after cleaning, as one HTML page", _DETAILS)
    parser.add_argument("paths", nargs="+", type=Path, metavar="OUT", help="a folder or file that `clean` has written")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("report.html"), metavar="FILE", help="default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the report."""
    from cleaner.census import Census, Entry
    from cleaner.report import check_target, write_corpus
    from cleaner.state import last_run
    from cleaner.storage.written import find_records

    check_target(options.output)
    expect_many_pages()
    census = Census()
    for found in find_records(options.paths):
        if found.record is None:
            census.add_broken(found.where, found.trouble)
            continue
        try:
            census.add(Entry.of(found.record))
        except ValueError as error:
            census.add_broken(found.where, str(error))
    complete = True
    for path in options.paths:
        if (last := last_run(path)) is not None:
            complete = complete and last.complete
            try:
                for name, status, seconds in last.seconds():
                    census.add_seconds(str(name), status, seconds)
            except InputError as error:
                complain(str(error))
            finally:
                last.close()
    more = len(options.paths) - 1
    subject = f"{options.paths[0]} and {more:,} more" if more else str(options.paths[0])
    write_corpus(options.output, census, subject=subject, complete=complete)
    broken = f"; {count(census.broken, 'record')} could not be read" if census.broken else ""
    complain(f"{count(census.pages, 'page')} in {options.output}{broken}")
    return Exit.FAILED if census.broken else Exit.OK
