"""`cleaner ray`: pages in, tables out, on Ray."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cleaner.cli.common import (
    Subcommands,
    add_command,
    add_limits,
    add_rule_options,
    complain,
    conclude,
    count,
    make_cleaner,
    megabytes,
    output_folder,
)
from cleaner.errors import InputError

if TYPE_CHECKING:
    from cleaner.integrations.shards import Done

_DETAILS = """\
Reads what `cleaner clean` reads and writes the rows of `cleaner clean --format parquet`, in parts. One machine needs no
Ray: `cleaner clean --jobs N` is as fast there. A cluster needs --address, and a folder that all its machines see.

  cleaner ray crawl/ clean/                                   OUT/part-00000.parquet and on
  cleaner ray crawl/ clean/ --address ray-head:6379 --workers 256
  cleaner ray crawl/ pass/ --site-pass                        what recurs on the pages of each site, and then:
  cleaner rules suggest --merge pass/ --site example.com      rules for one of them

The same command goes on where it was stopped, and does what is new or has changed in INPUT. What is done is in
OUT/.cleaner; delete it and the next run begins anew.
"""
_MEGABYTE = 1024 * 1024


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "ray", "clean pages on Ray, here or on a cluster", _DETAILS)
    parser.add_argument("paths", nargs="+", metavar="INPUT", help="a file or a folder")
    parser.add_argument(
        "output", type=output_folder, metavar="OUTPUT", help="folder to write to; made if it does not exist"
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="of a Ray cluster, or `auto` (default: a Ray of its own, on this machine)",
    )
    parser.add_argument(
        "-w", "--workers", type=_number, metavar="N", help="shards at a time (default: one for each processor)"
    )
    parser.add_argument(
        "--shard", type=megabytes, default=64, metavar="MB", help="of the input, for each task (default: %(default)s)"
    )
    parser.add_argument(
        "--site-pass", action="store_true", help="count what recurs on each site's pages, for `cleaner rules suggest`"
    )
    parser.add_argument(
        "--min-pages",
        type=_number,
        default=1,
        metavar="N",
        help="with --site-pass: leave out what fewer pages of a site show (default: %(default)s)",
    )
    add_limits(parser)
    add_rule_options(parser)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no closing table; errors still show"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Clean, or count, what was asked for."""
    from functools import partial

    from cleaner.integrations import ray
    from cleaner.pool import Limits

    if "-" in options.paths:
        raise InputError("standard input is one stream, which several workers cannot read; save it to a file")
    out = Path(options.output)
    done_shards = 0

    def observe(done: Done) -> None:
        nonlocal done_shards
        done_shards += 1
        for location, status, reason in done.failed:
            complain(f"{'' if location in reason else f'{location}: '}{status}: {reason}")
        if not options.quiet:
            complain(f"{count(done_shards, 'shard')} done; {count(sum(done.statuses.values()), 'page')} in the last")

    go = partial(ray.count_files, min_pages=options.min_pages) if options.site_pass else ray.clean_files
    summary = go(
        options.paths,
        out,
        make_cleaner(options),
        workers=options.workers,
        address=options.address,
        limits=Limits(options.timeout, options.memory),
        shard_bytes=options.shard * _MEGABYTE,
        observe=observe,
    )
    if not options.quiet:
        told = ", ".join(f"{pages:,} {status}" for status, pages in summary.statuses.most_common())
        before = f" ({summary.before.total():,} of them before)" if summary.before else ""
        complain(f"{count(summary.pages, 'page')}{before} in {summary.seconds:.0f} s, written to {out}: {told}")
    return conclude(summary)


def _number(value: str) -> int:
    if not value.isdecimal() or not int(value):
        raise argparse.ArgumentTypeError(f"{value!r} is no number from 1 on")
    return int(value)
