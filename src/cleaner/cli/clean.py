"""`cleaner clean`: pages in, articles out."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from cleaner import __version__
from cleaner.cli.common import (
    Subcommands,
    add_command,
    add_limits,
    add_page_options,
    add_rule_options,
    complain,
    conclude,
    count,
    expect_many_pages,
    make_cleaner,
    open_console,
    output_folder,
    tell,
)
from cleaner.errors import InputError
from cleaner.text import settle, settle_name

if TYPE_CHECKING:
    from cleaner.batch import Row, Summary
    from cleaner.pipeline import Cleaner
    from cleaner.state import RunKey
    from cleaner.storage import Format, Input, Meter, Sink

_PRINTED = ("text", "markdown", "json", "jsonl", "jsonl.zst")
"""Forms that need no folder."""
_DETAILS = """\
Folders are read with everything below, in the order of names.
A page's sidecar (a.html.json beside a.html: url, captured, headers) is read with it.

  cleaner clean page.html                     the text, to standard output
  cleaner clean raw -o clean                  raw/x/a.html -> clean/x/a.html.txt and clean/x/a.html.json (the record)
  cleaner clean raw -o clean --format jsonl   one file, clean/pages.jsonl; -o - writes the lines to standard output
  cleaner clean raw -o clean --format parquet clean/pages-00000.parquet and on
  curl -s URL | cleaner clean - --url URL

A run that is stopped, even killed, goes on where it was when the same command is given again. What a run has done is in
OUT/.cleaner; delete it and the next begins anew.
"""


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "clean", "clean pages", _DETAILS)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or - for standard input")
    parser.add_argument(
        "-o",
        "--output",
        type=partial(output_folder, prints=_PRINTED),
        metavar="OUT",
        help="folder to write to; made if it does not exist",
    )
    parser.add_argument(
        "--format",
        choices=[*_PRINTED, "parquet"],
        default="text",
        help="text and markdown: the body, and a record beside it; json: a record that holds the body, for each page; "
        "jsonl: the same, one line for each page; jsonl.zst: those lines packed with Zstandard; parquet: the same, "
        "one row for each page, in files of 10,000 (default: %(default)s)",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=_jobs,
        metavar="N",
        help="worker processes (default: one for each processor); 0: none, clean in this process, without limits",
    )
    add_limits(parser)
    parser.add_argument(
        "--changed",
        action="store_true",
        help="leave pages as they are whose content, rules and version of cleaner are those of the last run",
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
    from cleaner.pool import Limits, stream
    from cleaner.state import State

    if options.output == "":  # a variable of a shell that is not set: Path takes it for the folder we are in
        raise InputError("the name of the output folder is empty (-o OUT)")
    cleaner = make_cleaner(options)
    expect_many_pages()
    out = None if options.output in (None, "-") else Path(options.output)
    form = storage.Format(options.format)
    jobs = 0 if options.debug or (out is None and form.has_file_per_page) else options.jobs
    meter = storage.Meter()
    inputs = storage.find_pages(options.paths, skip=out, meter=meter, apart=None if jobs == 0 else stream)
    if options.url or options.media_type:
        inputs = _stated(inputs, options.url, options.media_type)
    if options.changed and (out is None or not form.has_file_per_page):
        raise InputError("--changed leaves files as they are: it needs a folder of them (-o OUT, a file for each page)")
    if out is None and form.has_file_per_page:
        inputs = _alone(inputs, "the output of several pages needs a folder (-o OUT), or --format jsonl")
    _check_target(form, out, options.paths)
    state = None if out is None else State(out, _key(options, cleaner))
    done = state.statuses().total() if state is not None else 0
    if done and not options.quiet:
        complain(f"going on with a run that was stopped: {count(done, 'page')} done")
    sink = _sink(form, out, state.position if state else 0)

    with _progress(options, meter, show=out is not None and not options.quiet) as advance:

        def observe(row: Row) -> None:
            advance(row)
            tell(row, always=isinstance(sink, _Print))

        summary = batch.run(
            cleaner,
            inputs,
            sink,
            observe,
            jobs=os.cpu_count() or 1 if jobs is None else jobs,
            limits=Limits(options.timeout, options.memory),
            state=state,
            changed=cleaner.rules_digest if options.changed else None,
            debug=options.debug,
        )
    if out is not None and not options.quiet:
        _show(summary, out)
    return conclude(summary)


def _check_target(form: Format, out: Path | None, inputs: Sequence[str]) -> None:
    """Raise InputError where pages of a form cannot go to `out`."""
    from cleaner.storage import Format

    if form is Format.PARQUET:
        if out is None:
            raise InputError("--format parquet needs a folder (-o OUT): a table is no stream")
        for path in map(Path, inputs):
            if path.suffix == ".parquet" and path.resolve().parent == out.resolve():
                raise InputError(f"{path}: lies where tables are written; name another output folder")
    elif out is not None and not form.has_file_per_page:
        target = (out / f"pages.{form.value}").resolve()
        for path in map(Path, inputs):
            if path.resolve() == target:
                raise InputError(f"{path}: would be written over; name another output folder")
    if form is Format.JSONL_ZST and out is None and sys.stdout.isatty():
        raise InputError("packed lines are nothing for a terminal; name a folder (-o OUT), or send them elsewhere")


def _sink(form: Format, out: Path | None, position: int) -> Sink:
    from cleaner import storage

    if form is storage.Format.PARQUET and out is not None:
        return storage.Table(out, position)
    if form.has_file_per_page:
        return _Print(form) if out is None else storage.Folder(out, form)
    target = sys.stdout.buffer if out is None else out / f"pages.{form}"
    return storage.Lines(target, position, packed=form is storage.Format.JSONL_ZST)


def _jobs(value: str) -> int:
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{value!r} is no number of processes")
    return int(value)


def _key(options: argparse.Namespace, cleaner: Cleaner) -> RunKey:
    """Return what tells this run from others: the same command over the same rules goes on where it was stopped."""
    from cleaner.state import RunKey

    # The same words name other files elsewhere, and whatever comes through a pipe the next time.
    places = [str(Path(path).absolute()) if _stays(path) else uuid.uuid4().hex for path in options.paths]
    command = [*options.paths, *places, options.url, options.media_type, options.format, options.changed]
    settings = [__version__, options.judge, *cleaner.include, options.format, options.url, options.media_type]
    return RunKey(json.dumps(command), json.dumps(settings), cleaner.rulebook.digest())


def _stays(path: str) -> bool:
    """Whether what a path names can be read once more, rather than a stream."""
    return path != "-" and (Path(path).is_file() or Path(path).is_dir())


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
        from cleaner.storage import render

        self.render = lambda article, page: render(article, form, page)

    def put(self, name: PurePosixPath, rendered: bytes) -> None:  # noqa: ARG002 - nothing to name
        from cleaner.storage import write_all

        write_all(sys.stdout.buffer, rendered)

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        return False

    def settle(self, *, complete: bool = False) -> tuple[int, int]:  # noqa: ARG002
        return 0, 0

    def close(self, *, complete: bool = True) -> None:  # noqa: ARG002 - what is printed is printed
        sys.stdout.buffer.flush()


@contextmanager
def _progress(options: argparse.Namespace, meter: Meter, *, show: bool) -> Iterator[Callable[[Row], None]]:
    """Show on a terminal how far the run is; give what moves it on.

    How many pages a container holds is known when it has been read; how many bytes, before. So the bar and the time
    that is left go by the bytes of the files.
    """
    if not (show and sys.stderr.isatty()):
        yield lambda _row: None
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from cleaner.batch import FAILURES

    columns: list[Any] = [
        SpinnerColumn(),
        TextColumn("{task.fields[pages]:,} pages"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[told]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    ]
    statuses: Counter[str] = Counter()
    begun = time.monotonic()
    with Progress(*columns, console=open_console(sys.stderr), transient=True, redirect_stderr=True) as progress:
        task = progress.add_task("", total=None, name="", told="", pages=0)
        # To look at a large tree takes its time: that is done on the side.
        threading.Thread(
            target=lambda: progress.update(task, total=_bytes_in_all(options)), daemon=True, name="cleaner-count"
        ).start()

        def advance(row: Row) -> None:
            statuses["failed" if row.status in FAILURES else row.status.value] += 1
            rate = statuses.total() / max(time.monotonic() - begun, 0.001)
            told = ", ".join(f"{number:,} {status}" for status, number in statuses.most_common(4))
            told = f"{rate:,.0f}/s  {told}"
            name = settle_name(row.location)
            progress.update(task, completed=meter.read, pages=statuses.total(), name=name, told=told)

        yield advance


def _bytes_in_all(options: argparse.Namespace) -> int | None:
    """Return how many bytes there are to read, None where that cannot be told."""
    from cleaner.storage import count_bytes

    try:
        return count_bytes(options.paths, skip=Path(options.output))
    except InputError:
        return None


def _show(summary: Summary, out: Path) -> None:
    """Print the closing table to standard error."""
    from rich.table import Table
    from rich.text import Text

    if not summary.pages:  # what the reason is follows
        return
    before = summary.before.total()
    written = summary.pages - before - summary.stay
    to = open_console(sys.stderr)
    statuses = Table(box=None, pad_edge=False, header_style="bold")
    statuses.add_column("status")
    statuses.add_column("pages", justify="right")
    for status, number in summary.statuses.most_common():
        statuses.add_row(status.value, f"{number:,}")

    texts = Table(box=None, pad_edge=False, header_style="bold")
    texts.add_column("text" if written == summary.pages else "text of this run")
    texts.add_column("blocks", justify="right")
    texts.add_column("words", justify="right")
    noise = sorted(summary.noise.items(), key=lambda item: (-item[1].words, item[0]))
    rows = [("body", summary.kept), ("metadata", summary.metadata), *((kind.value, tally) for kind, tally in noise)]
    for name, tally in rows:
        texts.add_row(name, f"{tally.blocks:,}", f"{tally.words:,}")

    both = Table.grid(padding=(0, 6))
    both.add_row(statuses, *([texts] if written else []))
    to.print(both)
    rate = f", {written / summary.seconds:.1f} a second" if written and summary.seconds >= 1 else ""
    earlier = f" ({before:,} more were done before)" if before else ""
    stay = f", {summary.stay:,} left as they are" if summary.stay else ""
    told = f"{count(written, 'page')}{earlier} written to {out} in {summary.seconds:.1f} s{rate}{stay}"
    to.print(Text(settle(told)), soft_wrap=True)
