"""`cleaner clean`: pages in, articles out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cleaner.cli.common import (
    Subcommands,
    add_command,
    add_page_options,
    add_rule_options,
    conclude,
    count,
    expect_many_pages,
    make_cleaner,
    open_console,
    tell,
)
from cleaner.errors import InputError
from cleaner.text import settle

if TYPE_CHECKING:
    from cleaner.batch import Row, Summary
    from cleaner.model import Article, Page
    from cleaner.storage import Format, Input, Sink

_DETAILS = """\
Folders are read with everything below, in the order of names.
A page's sidecar (a.html.json beside a.html: url, captured, headers) is read with it.

  cleaner clean page.html                     the text, to standard output
  cleaner clean raw -o clean                  raw/x/a.html -> clean/x/a.html.txt and clean/x/a.html.json (the record)
  cleaner clean raw -o clean --format jsonl   one file, clean/pages.jsonl; -o - writes the lines to standard output
  curl -s URL | cleaner clean - --url URL
"""


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "clean", "clean pages", _DETAILS)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or - for standard input")
    parser.add_argument("-o", "--output", metavar="OUT", help="folder to write to; made if it does not exist")
    parser.add_argument(
        "--format",
        choices=["text", "markdown", "json", "jsonl"],
        default="text",
        help="text and markdown: the body, and a record beside it; json: a record that holds the body, for each page; "
        "jsonl: the same, one line for each page (default: %(default)s)",
    )
    add_page_options(parser)
    add_rule_options(parser)
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no closing table; errors still show"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Clean what was asked for."""
    from cleaner import batch, storage

    cleaner = make_cleaner(options)
    expect_many_pages()
    out = None if options.output in (None, "-") else Path(options.output)
    inputs = storage.find_pages(options.paths, skip=out)
    form = storage.Format(options.format)
    if options.url or options.media_type:
        inputs = _stated(inputs, options.url, options.media_type)
    sink: Sink
    if out is None and form is not storage.Format.JSONL:
        inputs = _alone(inputs, "the output of several pages needs a folder (-o OUT), or --format jsonl")
        sink = _Print(form)
    elif form is storage.Format.JSONL:
        sink = storage.Lines(sys.stdout.buffer if out is None else out / "pages.jsonl")
    else:
        sink = storage.Folder(out or Path(), form)

    with _progress(show=out is not None and not options.quiet) as advance:

        def observe(row: Row) -> None:
            advance(row)
            tell(row, always=isinstance(sink, _Print))

        summary = batch.run(cleaner, inputs, sink, observe, debug=options.debug)
    if out is not None and not options.quiet:
        _show(summary, out)
    return conclude(summary)


def _alone(inputs: Iterator[Input], otherwise: str) -> Iterator[Input]:
    """Return `inputs` if there is but one, which is known before anything is done."""
    first = list(islice(inputs, 2))
    if len(first) > 1:
        raise InputError(otherwise)
    return chain(first, inputs)


def _stated(inputs: Iterator[Input], url: str | None, media_type: str | None) -> Iterator[Input]:
    """Return `inputs` with what the options say of them. A media type may hold for many pages, a URL for one."""
    if url:
        inputs = _alone(inputs, "--url says where one page comes from; for several, put it into their sidecars")
    return (replace(source, url=url, media_type=media_type) for source in inputs)


class _Print:
    """A sink that prints the only page."""

    def __init__(self, form: Format) -> None:
        self._form = form

    def put(self, name: PurePosixPath, article: Article, page: Page | None) -> None:  # noqa: ARG002 - nothing to name
        from cleaner.storage import render, write_all

        write_all(sys.stdout.buffer, render(article, self._form, page))

    def close(self) -> None:
        sys.stdout.buffer.flush()


@contextmanager
def _progress(*, show: bool) -> Iterator[Callable[[Row], None]]:
    """Show on a terminal how far the run is; give what moves it on."""
    if not (show and sys.stderr.isatty()):
        yield lambda _row: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} pages"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    ]
    with Progress(*columns, console=open_console(sys.stderr), transient=True, redirect_stderr=True) as progress:
        task = progress.add_task("", total=None, name="")
        yield lambda row: progress.update(task, advance=1, name=settle(row.location))


def _show(summary: Summary, out: Path) -> None:
    """Print the closing table to standard error."""
    from rich.table import Table
    from rich.text import Text

    to = open_console(sys.stderr)
    statuses = Table(box=None, pad_edge=False, header_style="bold")
    statuses.add_column("status")
    statuses.add_column("pages", justify="right")
    for status, number in summary.statuses.most_common():
        statuses.add_row(status.value, f"{number:,}")

    texts = Table(box=None, pad_edge=False, header_style="bold")
    texts.add_column("text")
    texts.add_column("blocks", justify="right")
    texts.add_column("words", justify="right")
    noise = sorted(summary.noise.items(), key=lambda item: (-item[1].words, item[0]))
    rows = [("body", summary.kept), ("metadata", summary.metadata), *((kind.value, tally) for kind, tally in noise)]
    for name, tally in rows:
        texts.add_row(name, f"{tally.blocks:,}", f"{tally.words:,}")

    both = Table.grid(padding=(0, 6))
    both.add_row(statuses, texts)
    to.print(both)
    rate = f", {summary.pages / summary.seconds:.1f} a second" if summary.seconds >= 1 else ""
    pages = count(summary.pages, "page")
    to.print(Text(settle(f"{pages} in {summary.seconds:.1f} s{rate}, written to {out}")), soft_wrap=True)
