"""What the subcommands share: exit codes, options, consoles."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Collection
from dataclasses import replace
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from cleaner.errors import InputError, RuleFileError
from cleaner.text import settle, settle_name

if TYPE_CHECKING:  # the command's help must not wait for these
    from rich.console import Console

    from cleaner.batch import Row, Summary
    from cleaner.model import Article, Note, Page
    from cleaner.pipeline import Cleaner

__all__ = [
    "EXIT_CODES",
    "Exit",
    "Subcommands",
    "add_command",
    "add_limits",
    "add_page_options",
    "add_rule_options",
    "add_rule_paths",
    "complain",
    "conclude",
    "count",
    "expect_many_pages",
    "make_cleaner",
    "megabytes",
    "one_page",
    "open_console",
    "output_folder",
    "report",
    "tell",
]

Subcommands = Any
"""What `add_subparsers` returns; argparse does not name it in public."""


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    FAILED = 1
    USAGE = 2
    RULES = 3
    BUG = 4
    INTERRUPTED = 130
    PIPE = 141


EXIT_CODES = """\
exit codes:
  0    all pages have been cleaned, whatever they turned out to be; all tests pass
  1    some pages could not be cleaned (unreadable, too-large, timeout, crashed); some tests fail
  2    wrong usage, an input that does not exist, an output that cannot be written
  3    a rule file has faults
  4    a bug in cleaner itself
  130  interrupted; 141 the reader of standard output went away
"""


def complain(message: str) -> None:
    """Print `message` to standard error; nothing in it can move the cursor or turn what follows."""
    for line in settle(message).splitlines():
        print(f"cleaner: {settle_name(line)}", file=sys.stderr)


def add_command(subcommands: Subcommands, name: str, summary: str, details: str = "") -> argparse.ArgumentParser:
    """Return the parser of a new subcommand."""
    parser: argparse.ArgumentParser = subcommands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}. {details}".rstrip(),
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="on an error, show the traceback")
    return parser


def add_rule_options(parser: argparse.ArgumentParser) -> None:
    """Add what decides which rules hold and who judges the rest."""
    parser.add_argument(
        "--rules",
        action="append",
        metavar="PATH",
        help="rule file or folder laid over the shipped ones (may be repeated); "
        "`generic`: no site files, `none`: no rules at all",
    )
    parser.add_argument("--no-site-rules", action="store_true", help="the same as --rules generic")
    parser.add_argument(
        "--judge",
        choices=["scorer", "trafilatura", "none"],
        default="scorer",
        help="who decides on HTML that no rule covers (default: %(default)s)",
    )
    parser.add_argument(
        "--include",
        type=_include,
        default=(),
        metavar="PARTS",
        help="also put these into the body: any of title,captions,comments",
    )


_MOST = 1_000_000
"""Of seconds or megabytes that a limit may be: what is more is no limit."""


_FORMS: Final = {".txt": "text", ".md": "markdown", ".json": "json", ".jsonl": "jsonl", ".jsonl.zst": "jsonl.zst"}
_FILES: Final = (*_FORMS, ".html", ".htm", ".csv", ".parquet", ".warc", ".zip", ".tar", ".gz", ".zst")


def output_folder(value: str, *, prints: Collection[str] = ()) -> str:
    """Refuse what whoever wrote it takes for a file, or for a place elsewhere: nobody wants a folder called `page.txt`,
    or one called `s3:`.

    Of the forms that the command `prints` if no folder is named, say how to get the one that the file would hold.
    """
    if "://" in value:
        raise argparse.ArgumentTypeError(
            f"{value!r} is an address, but pages are written into a folder of this machine; name one, and copy it there"
        )
    name = value.lower()
    if not name.endswith(_FILES) or os.path.isdir(value):  # noqa: PTH112 - of a name too long, Path raises
        return value
    form = next((form for suffix, form in _FORMS.items() if name.endswith(suffix)), "")
    hint = f"to fill that file, write `--format {form} > {value}` in place of -o; " if form in prints else ""
    raise argparse.ArgumentTypeError(
        f"{value!r} looks like a file, but pages are written into a folder; {hint}"
        f"for a folder of that name, write '{value}/'"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add what one page may take."""
    parser.add_argument(
        "--timeout", type=_seconds, default=60.0, metavar="SECONDS", help="for each page (default: %(default)g)"
    )
    parser.add_argument(
        "--memory", type=megabytes, default=2048, metavar="MB", help="for each page, on Linux (default: %(default)s)"
    )


def _seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MOST:
        raise argparse.ArgumentTypeError(f"{value!r} is no number above 0, up to {_MOST:,}")
    return number


def megabytes(value: str) -> int:
    """Read a number of megabytes."""
    if not value.isdecimal() or not 1 <= int(value) <= _MOST:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of megabytes")
    return int(value)


def add_rule_paths(parser: argparse.ArgumentParser) -> None:
    """Add the rule files that an action is about."""
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH", help="a rule file, or a folder laid out as rules/"
    )


def count(number: int, noun: str) -> str:
    """Return `3 files`, `1 file`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


_OBJECTS = 50_000
"""New objects after which Python looks for circles among them: more than a page makes. Its own default is 700."""


def expect_many_pages() -> None:
    """Put off the search for circular garbage: a page makes none, and the search takes a fifth of the time of a run."""
    gc.freeze()
    gc.set_threshold(_OBJECTS)


def tell(row: Row, *, always: bool = False) -> None:
    """Say on standard error what someone should know of a page: failures, or (`always`) all that is not `ok`."""
    from cleaner.batch import FAILURES
    from cleaner.model import Status

    if row.status in FAILURES or (always and row.status is not Status.OK):
        # A reason that names the file itself needs no second name.
        place = "" if row.location in row.reason else f"{row.location}: "
        told = f"{place}{row.status}: {row.reason}" if row.reason else f"{place}{row.status}"
        if row.reason == "MemoryError":
            told += ": it takes more than there is, or more than --memory grants"
        elif row.status is Status.TIMEOUT:
            told += " (--timeout grants more)"
        complain(settle_name(told))
    for note in row.notes:
        if note.id.startswith("storage/"):
            complain(settle_name(f"{row.location}: {note.message}"))


def conclude(summary: Summary) -> Exit:
    """Say what ended a run over many pages, if anything did; return the exit code, the gravest that fits."""
    if summary.faults:
        complain(str(RuleFileError(list(summary.faults))))
    if summary.stopped is not None:
        complain(str(summary.stopped))
    if summary.interrupted:
        complain(f"interrupted after {count(summary.pages, 'page')}")
        return Exit.INTERRUPTED
    if summary.stopped is not None:
        return Exit.USAGE
    if summary.faults:
        return Exit.RULES
    return Exit.FAILED if summary.failed else Exit.OK


def add_page_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be said of a single page from outside."""
    parser.add_argument("--url", help="where the page comes from (one page only); overrules its sidecar")
    parser.add_argument(
        "--media-type", type=_media_type, metavar="TYPE", help="text/html or text/plain; default: told by content"
    )


def _media_type(value: str) -> str:
    if value.partition(";")[0].strip().lower() not in ("text/html", "application/xhtml+xml", "text/plain"):
        raise argparse.ArgumentTypeError(f"{value!r} is no page that is read: text/html or text/plain")
    return value


def _include(value: str) -> tuple[str, ...]:
    known = ("title", "captions", "comments")
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    for part in parts:
        if part not in known:
            raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(known)}")
    return parts


def make_cleaner(options: argparse.Namespace) -> Cleaner:
    """Return the cleaner that the rule options ask for."""
    from cleaner.pipeline import Cleaner

    named: list[str] = options.rules or []
    if options.no_site_rules:
        named = [*named, "generic"]
    rules: Any = [Path(name) for name in named] or None
    if "none" in named or "generic" in named:
        if len(set(named)) > 1:
            raise InputError("--rules generic and --rules none stand alone: they cannot be combined with other rules")
        rules = False if named[0] == "none" else "generic"
    return Cleaner(rules=rules, judge=options.judge, include=options.include)


def one_page(options: argparse.Namespace) -> tuple[Page, list[Note]]:
    """Return the page `options.page`, and what is wrong with its sidecar. Raises InputError."""
    from cleaner.storage import find_pages

    if Path(options.page).is_dir():
        raise InputError(f"{options.page}: a folder; this command takes one page")
    found = list(islice(find_pages([options.page]), 2))
    if len(found) > 1:
        raise InputError(f"{options.page}: holds several pages; this command takes one")
    source = replace(found[0], url=options.url or found[0].url, media_type=options.media_type)
    notes: list[Note] = []
    return source.read(notes), notes


def open_console(stream: TextIO, *, color: bool = False) -> Console:
    """Return a console on `stream`: colours on a terminal (unless NO_COLOR says no) or where `color` asks for them."""
    from rich.console import Console

    class Plain(Console):
        def on_broken_pipe(self) -> None:
            raise  # for `main`, as from anywhere else; rich would exit by itself

    # Unless it knows both sizes, rich takes 80 columns where FORCE_COLOR meets TERM=dumb, as it may in a log of CI.
    is_terminal = stream.isatty()
    return Plain(
        file=stream,
        highlight=False,
        width=None if is_terminal or "COLUMNS" in os.environ else 120,
        height=None if is_terminal else 25,
        force_terminal=color or None,
        color_system="standard" if color else "auto",
        no_color=False if color else None,
    )


def report(article: Article) -> Exit:
    """Say what keeps a page from being `ok`; return the exit code for it."""
    from cleaner.batch import FAILURES
    from cleaner.model import Status

    if article.status is not Status.OK:
        complain(settle_name(f"{article.location}: {article.status}{f': {article.reason}' if article.reason else ''}"))
    return Exit.FAILED if article.status in FAILURES else Exit.OK
