"""`cleaner fetch`: pages from the web into a folder."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli.common import Exit, Subcommands, add_command, complain, count, open_console, output_folder
from cleaner.errors import FetchError, InputError
from cleaner.text import clip, settle

if TYPE_CHECKING:
    from cleaner.fetch.client import Client, Response
    from cleaner.fetch.crawl import Event
    from cleaner.fetch.frontier import Frontier, Tally
    from cleaner.fetch.saved import Store

__all__ = ["add", "add_client_options", "address", "conclude", "crawl", "make_client", "run"]

_DETAILS = """\
Pages are saved as received, each with a sidecar (address, time, headers): raw/<host>/<slug>.html and .html.json.
robots.txt is kept to, each host is asked one thing at a time, with a pause after each answer.

  cleaner fetch https://example.com/a-story              raw/example.com/a-story.html
  cleaner fetch --list urls.txt -o raw                   one address on each line
  cleaner fetch --feed https://example.com/feed.xml --since 2026-11-01
  cleaner fetch --sitemap https://example.com/sitemap.xml --limit 100
  cleaner fetch --site https://example.com/news/         the articles that a section lists
  cleaner clean raw -o clean                             then: the articles

A run that is stopped, even killed, goes on where it was when the same command is given again. What is saved is not
asked for again, but with --refresh. What is known of all that was fetched is in OUT/.cleaner.
"""
_EXIT_CODES = """\
exit codes:
  0    all that was named has been fetched, or is there already
  1    some of it could not be: failed, blocked, no address, not allowed by robots.txt, or left for another run
  2    wrong usage, a file that does not exist, an output that cannot be written
  4    a bug in cleaner itself
  130  interrupted; 141 the reader of standard output went away
"""
_HOSTS_SHOWN = 30
_REASONS_SHOWN = 60


def add(subcommands: Subcommands) -> None:
    """Add the subcommand."""
    parser = add_command(subcommands, "fetch", "fetch pages from the web", _DETAILS)
    parser.epilog = _EXIT_CODES
    parser.add_argument("urls", nargs="*", metavar="URL", help="address of a page")
    parser.add_argument("--list", action="append", metavar="FILE", help="a file of addresses, one a line; - for input")
    parser.add_argument("--feed", action="append", metavar="URL", help="what a feed lists (RSS, Atom, JSON Feed)")
    parser.add_argument("--sitemap", action="append", metavar="URL", help="what a sitemap lists, or an index of them")
    parser.add_argument("--site", action="append", metavar="URL", help="the articles that a page of a site links to")
    parser.add_argument(
        "--since", type=_date, metavar="DATE", help="of what a list names, what is not older (what has no date may be)"
    )
    parser.add_argument("--limit", type=_number, metavar="N", help="ask for no more than N pages")
    parser.add_argument(
        "-o",
        "--output",
        type=output_folder,
        default="raw",
        metavar="OUT",
        help="folder to write to (default: %(default)s)",
    )
    parser.add_argument("--warc", action="store_true", help="write WARC (OUT/pages-00001.warc.gz and on), not files")
    parser.add_argument(
        "--render", action="store_true", help="also save pages as a browser shows them (needs Chromium)"
    )
    parser.add_argument(
        "--refresh", action="store_true", help="ask again for what is saved; changed pages are replaced"
    )
    parser.add_argument(
        "--rules",
        action="append",
        metavar="PATH",
        help="rule file or folder laid over the shipped ones, for `[fetch] next_page`; `none`: no rules",
    )
    add_client_options(parser)
    parser.add_argument(
        "--hosts", type=_number, default=16, metavar="N", help="hosts asked at the same time (default: %(default)s)"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress and no closing table; errors still show"
    )
    parser.set_defaults(run=run)


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Add how servers are asked."""
    parser.add_argument(
        "--delay",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="pause after each answer of a host (default: %(default)g s)",
    )
    parser.add_argument(
        "--contact", default="", metavar="ADDRESS", help="whom a site's owner can turn to: told to servers"
    )
    parser.add_argument(
        "--user-agent", default="", metavar="NAME", help="another User-Agent than cleaner/VERSION (+CONTACT)"
    )
    parser.add_argument(
        "--proxy", default="", metavar="URL", help="ask through this proxy; none of the environment is used"
    )
    parser.add_argument(
        "--allow-private", action="store_true", help="also ask hosts that are not on the public internet (localhost …)"
    )


def run(options: argparse.Namespace) -> int:
    """Fetch what was asked for."""
    from cleaner.fetch.frontier import Entry, Frontier
    from cleaner.fetch.saved import Archive, Files

    if not any((options.urls, options.list, options.feed, options.sitemap, options.site)):
        raise InputError("nothing to fetch: name a URL, --list, --feed, --sitemap or --site; `cleaner fetch --help`")
    if options.warc and options.render:
        raise InputError("--render saves what a browser shows beside each page: it needs files, not --warc")
    wrong: list[str] = []
    entries = [Entry(url) for url in _addresses(options, wrong)]
    entries += [Entry(address(url), "feed") for url in options.feed or ()]
    entries += [Entry(address(url), "sitemap") for url in options.sitemap or ()]
    entries += [Entry(address(url), "section") for url in options.site or ()]
    if not entries and not wrong:  # as where what should have written the list has failed
        raise InputError(f"nothing to fetch: {', '.join(options.list)}: no address in it")
    client = make_client(options)
    if not options.contact and not options.user_agent and not options.quiet:
        complain("no --contact: a site's owner who is troubled by these requests cannot turn to anybody")
    out = Path(options.output)
    frontier = Frontier(out, _command(options), limit=options.limit, refresh=options.refresh)
    is_complete = False
    try:
        if frontier.resumes and not options.quiet:
            complain("going on with a run that was stopped")
        store: Store
        if options.warc:
            store = Archive(out, frontier, client.agent)
            frontier.look_in(store.has)
        else:
            store = files = Files(out)
            frontier.look_in(files.has, files.has_rendering if options.render else None)
        frontier.add(entries)
        with _progress(show=not options.quiet) as advance:
            left = crawl(options, client, frontier, store, advance)
        tallies = frontier.tallies()
        is_complete = not left
    finally:
        frontier.close(complete=is_complete)
        client.close()
    if not options.quiet:
        _show(tallies, out)
    for host, until in left:
        complain(
            f"{host}: asks to be left alone until {datetime.fromtimestamp(until).astimezone():%Y-%m-%d %H:%M}; "
            "the same command goes on then"
        )
    return Exit.FAILED if wrong else conclude(tallies)


def crawl(
    options: argparse.Namespace,
    client: Client,
    frontier: Frontier,
    store: Store,
    observe: Callable[[Event], None],
) -> list[tuple[str, float]]:
    """Fetch what is in the frontier; return hosts that asked to be left alone, and until when."""
    from cleaner.fetch.crawl import Crawl, Manners

    with ExitStack() as stack:
        work = Crawl(
            client,
            frontier,
            store,
            manners=Manners(delay=options.delay, hosts=getattr(options, "hosts", 1)),
            since=getattr(options, "since", None),
            next_page=_next_page(options.rules or ()),
            render=_render(client, stack) if options.render else None,
            observe=observe,
        )
        return work.run()


def make_client(options: argparse.Namespace) -> Client:
    """Return the client that the options ask for."""
    from cleaner.fetch.client import Client, user_agent

    for value in (options.contact, options.user_agent):
        if not value.isascii() or not value.isprintable():
            raise InputError(f"{value!r}: what is told to servers is printable ASCII")
    scheme, mark, _ = options.proxy.partition("://")
    if mark and scheme.lower() not in ("http", "https"):
        raise InputError(f"--proxy {options.proxy}: {scheme} is not spoken, only http://HOST:PORT")
    agent = options.user_agent.strip() or user_agent(options.contact)
    return Client(agent, allow_private=options.allow_private, proxy=options.proxy)


def conclude(tallies: list[Tally]) -> Exit:
    """Return the exit code."""
    from cleaner.fetch.frontier import State

    bad = (State.FAILED, State.BLOCKED, State.REFUSED, State.QUEUED)
    return Exit.FAILED if any(tally.states[state] for tally in tallies for state in bad) else Exit.OK


# ── What to fetch ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _addresses(options: argparse.Namespace, wrong: list[str]) -> Iterator[str]:
    """Yield the addresses of pages; what is none in a list is told, passed over and put into `wrong`."""
    for url in options.urls:
        yield address(url)
    for name in options.list or ():
        try:
            file = sys.stdin.buffer if name == "-" else Path(name).open("rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
        with file:
            for number, line in enumerate(file, 1):
                text = line.decode("utf-8", "replace").strip().lstrip("\ufeff")
                if not text or text.startswith("#"):
                    continue
                try:
                    yield address(text)
                except InputError as error:
                    wrong.append(text)
                    complain(f"{name}:{number}: {error}; passed over")


def address(url: str) -> str:
    """Return an address in its canonical form. Raises InputError where it is none."""
    from cleaner.fetch.addresses import canonical

    try:
        return canonical(url)
    except FetchError as error:
        raise InputError(str(error)) from error


def _command(options: argparse.Namespace) -> str:
    """Return what tells this run from others: the same command goes on where it was stopped."""
    since = options.since.isoformat() if options.since else None
    named = [options.urls, options.list, options.feed, options.sitemap, options.site]
    return json.dumps([*named, since, options.limit, options.warc, options.render, options.refresh])


def _next_page(named: Sequence[str]) -> Callable[[Response, Sequence[str]], str | None]:
    """Return what finds the next page of an article, by the page and the rules of its site."""
    from cleaner.fetch.pages import next_page
    from cleaner.model import Page
    from cleaner.rules import RuleBook

    book = RuleBook.load(False if "none" in named else [Path(name) for name in named if name != "generic"] or None)

    def find(response: Response, before: Sequence[str]) -> str | None:
        return next_page(Page(response.body, response.url), response.url, book, before)

    return find


def _render(client: Client, stack: ExitStack) -> Callable[[str, Response | None], bytes]:
    """Return what shows a page to a browser. It is started at once: who lacks it should know before the first page."""
    from cleaner.fetch.render import Browser
    from cleaner.fetch.robots import Origins

    return stack.enter_context(Browser(client, allows=Origins(client).allow)).dom


def _date(value: str) -> datetime:
    try:
        if len(value) == 10:
            return datetime.combine(date.fromisoformat(value), time(), UTC)
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is no date; 2026-11-22, say") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 10**9:
        raise argparse.ArgumentTypeError(f"{value!r} is no number from 1")
    return int(value)


def _seconds(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 3600:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of seconds from 0 to 3600")
    return number


# ── Telling ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _progress(*, show: bool) -> Iterator[Callable[[Event], None]]:
    """Say what fails; on a terminal, show how far the run is."""
    from cleaner.fetch.frontier import State

    silent = (State.SAVED, State.READ, State.KEPT, State.UNCHANGED, State.REDIRECTED, State.DUPLICATE)

    def tell(event: Event) -> None:
        if event.state is None:
            if show:
                complain(f"{event.url}: {event.reason}")
        elif event.state not in silent:
            complain(f"{event.url}: {event.state}: {event.reason}")

    if not (show and sys.stderr.isatty()):
        yield tell
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        SpinnerColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    ]
    states: Counter[str] = Counter()
    with Progress(*columns, console=open_console(sys.stderr), transient=True, redirect_stderr=True) as progress:
        task = progress.add_task("", total=None, name="", told="")

        def advance(event: Event) -> None:
            tell(event)
            if event.state is not None:
                states[event.state] += 1
                told = ", ".join(f"{number:,} {state}" for state, number in states.most_common(4))
                progress.update(task, name=clip(settle(event.url), 80), told=told)

        yield advance


def _show(tallies: list[Tally], out: Path) -> None:
    """Print the closing table to standard error: hosts by what came of their pages."""
    from rich.table import Table
    from rich.text import Text

    from cleaner.fetch.frontier import State

    total: Counter[State] = Counter()
    for tally in tallies:
        total.update(tally.states)
    shown = [state for state in State if total[state]]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("host")
    for state in shown:
        table.add_column(state.value, justify="right")
    table.add_column("why")
    bad = (State.FAILED, State.BLOCKED, State.REFUSED)
    # What needs to be looked at stands first.
    ranked = sorted(tallies, key=lambda one: (-sum(one.states[s] for s in bad), -one.states.total(), one.host))
    for tally in ranked[:_HOSTS_SHOWN]:
        numbers = [f"{tally.states[state]:,}" if tally.states[state] else "" for state in shown]
        table.add_row(settle(tally.host), *numbers, Text(settle(clip(_why(tally), _REASONS_SHOWN))))
    if len(ranked) > 1:
        if len(ranked) > _HOSTS_SHOWN:
            table.add_row(f"{len(ranked) - _HOSTS_SHOWN:,} more hosts")
        table.add_row("all", *(f"{total[state]:,}" for state in shown), "", style="bold")
    to = open_console(sys.stderr)
    to.print(table)
    to.print(Text(settle(f"{count(total[State.SAVED], 'page')} saved in {out}")), soft_wrap=True)


def _why(tally: Tally) -> str:
    """Return the most frequent reasons of a host."""
    return "; ".join(f"{number}× {why}" if number > 1 else why for why, number in tally.reasons.most_common(3))
