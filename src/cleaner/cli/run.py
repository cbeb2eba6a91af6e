"""`cleaner run`: an address in, the article out."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cleaner.cli.common import (
    Exit,
    Subcommands,
    add_command,
    add_rule_options,
    complain,
    make_cleaner,
    output_folder,
    report,
)

if TYPE_CHECKING:
    from cleaner.fetch.crawl import Event

_FORMS = ("text", "markdown", "json", "jsonl")
_DETAILS = """\
  cleaner run https://example.com/a-story                      the text, to standard output
  cleaner run https://example.com/a-story --format markdown    Markdown, with title, authors, date … on top
  cleaner run https://example.com/a-story --include title -o raw   and keep the page, as `cleaner fetch` does

Without -o nothing is kept. For many pages: `cleaner fetch`, then `cleaner clean`.
"""


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    from cleaner.cli.fetch import add_client_options

    parser = add_command(subcommands, "run", "fetch pages, clean them and print the articles", _DETAILS)
    parser.add_argument("urls", nargs="+", metavar="URL", help="address of a page")
    parser.add_argument(
        "-o",
        "--output",
        type=partial(output_folder, prints=_FORMS),
        metavar="OUT",
        help="folder to keep the pages in; else they are not kept",
    )
    parser.add_argument(
        "--format",
        choices=_FORMS,
        default="text",
        help="text: the body; markdown: with its metadata; json, jsonl: a record that holds the body",
    )
    parser.add_argument("--render", action="store_true", help="clean the page as a browser shows it (needs Chromium)")
    parser.add_argument("--refresh", action="store_true", help="with -o: ask again for what is saved")
    add_client_options(parser)
    add_rule_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Fetch, clean, print."""
    from cleaner import storage
    from cleaner.cli import fetch
    from cleaner.fetch.frontier import Entry, Frontier, State
    from cleaner.fetch.saved import Files

    cleaner = make_cleaner(options)
    form = storage.Format(options.format)
    wanted = [fetch.address(url) for url in options.urls]
    client = fetch.make_client(options)

    troubles: set[str] = set()

    def tell(event: Event) -> None:
        if event.state in (State.FAILED, State.BLOCKED, State.REFUSED):
            troubles.add(event.url)
            complain(f"{event.url}: {event.state}: {event.reason}")
        elif event.state is None:
            complain(f"{event.url}: {event.reason}")

    with ExitStack() as stack:
        out = Path(options.output or stack.enter_context(tempfile.TemporaryDirectory(prefix="cleaner-")))
        frontier = Frontier(out, f"run {' '.join(wanted)}", refresh=options.refresh)
        is_complete = False
        try:
            store = Files(out)
            frontier.look_in(store.has, store.has_rendering if options.render else None)
            frontier.add(map(Entry, wanted))
            left = fetch.crawl(options, client, frontier, store, tell)
            is_complete = not left
            files = [frontier.file_of(frontier.led_to(url)) for url in wanted]
        finally:
            frontier.close(complete=is_complete)
            client.close()
        # With --refresh an older copy may be there to print; that it could not be renewed shows all the same.
        code = Exit.FAILED if left or troubles else Exit.OK
        for host, _ in left:
            complain(f"{host}: asks to be left alone for a while; try again later")
        for number, file in enumerate(files):
            if file is None:  # told already
                code = Exit.FAILED
                continue
            page = storage.read(out / file)
            article = cleaner.clean(page)
            if number and form is storage.Format.TEXT:
                storage.write_all(sys.stdout.buffer, b"\n")
            storage.write_all(sys.stdout.buffer, storage.render(article, form, page))
            code = max(code, report(article))
    return code
