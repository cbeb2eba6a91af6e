"""`cleaner rules suggest`: rules for what recurs on the pages of a site."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cleaner.cli.common import (
    Exit,
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
from cleaner.errors import InputError
from cleaner.text import clip, settle

if TYPE_CHECKING:
    from cleaner.batch import Summary
    from cleaner.workbench.suggest import Draft, Medium, Proposal, SitePass

_DETAILS = """\
Counts what recurs on the pages of a site (lines, elements, what follows a heading), and prints rules for what the
scorer is sure is noise: learnt on some pages, tried on the others, each with what speaks for it. What rules remove
already (--rules) is not proposed. Read the rules before you use them: nothing is applied.

  cleaner rules suggest raw/example.com > example.com.toml
  cleaner rules suggest raw/example.com --rules rules --write rules/sites/example.com.toml
  cleaner rules suggest raw/october --out october.json          count once, for many sites
  cleaner rules suggest --merge september.json --merge october.json --site example.com
"""
_ROW = "{:44} {:13} {:>9} {:>7} {:>7} {:>6}"
"""Fits into 100 columns."""
_FOLD = 25
"""Rows of the table, at most."""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "suggest", "propose rules for what recurs on a site's pages", _DETAILS)
    parser.add_argument("raw", nargs="*", metavar="RAW", help="a folder of saved pages of the site, or a page")
    add_rule_options(parser)
    parser.add_argument(
        "--site", type=_host, metavar="HOST", help="the site: its pages, those of hosts below it, those that tell none"
    )
    parser.add_argument("--medium", choices=["html", "text"], help="rules for HTML pages or dumps only (default: both)")
    parser.add_argument(
        "--min-precision",
        type=_share,
        metavar="SHARE",
        help="least share of what a rule removes that is no body, by estimate (default: 0.98)",
    )
    parser.add_argument("--out", type=Path, metavar="PASS", help="write what was counted (JSON) to this file")
    parser.add_argument(
        "--merge",
        type=Path,
        action="append",
        default=[],
        metavar="PASS",
        help="add what was counted earlier: a file of --out, or a folder that `cleaner ray --site-pass` has made",
    )
    parser.add_argument(
        "--write",
        type=Path,
        metavar="FILE",
        help="add the rules to this rule file, at its end; make it if it is not there",
    )
    parser.add_argument("--format", choices=["toml", "json"], default="toml", help="default: %(default)s")
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument("--color", action="store_true", help="colours also where the output is no terminal")
    parser.set_defaults(run=run)


def _share(value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no share between 0 and 1")
    return share


def _host(value: str) -> str:
    return value.strip().lower().strip(".").removeprefix("www.")


def run(options: argparse.Namespace) -> int:
    """Count, propose, print."""
    from cleaner.workbench import suggest

    if not options.raw and not options.merge:
        raise InputError("nothing to count: name a folder of pages, or --merge what was counted earlier")
    if options.out:
        suggest.SitePass.check_target(options.out)  # before the work, not after it
    beside = _beside(options.write)
    earlier = [_load(path, options) for path in options.merge]
    sitepass, summary = _count(options)
    for other in earlier:
        sitepass.merge(other)
    if options.out:
        sitepass.save(options.out)
    code = Exit.OK if summary is None else conclude(summary)
    if code not in (Exit.OK, Exit.FAILED):
        return code
    if options.out and options.site is None and len(_named(sitepass)) > 1:
        _list_sites(sitepass)
        return code
    site = _choose(sitepass, options.site)
    media: Sequence[Medium] = [options.medium] if options.medium else suggest.MEDIA
    precision = options.min_precision or suggest.PRECISION
    counted = {medium: sitepass.of(site, [medium]).total for medium in suggest.MEDIA}
    # A site of HTML pages alone gets rules for HTML alone, unless asked for: they would be untried.
    media = [medium for medium in media if counted[medium] or options.medium]
    proposals = [found for medium in media for found in suggest.propose(sitepass, site, medium, precision)]
    made = suggest.draft(_once(proposals), site, beside)
    if options.write and made.rules:
        suggest.append(options.write, made)
    _print(options, site, counted, made)
    sys.stdout.flush()
    _table(options, made)
    _conclude(options, site, counted, made, precision)
    return code


def _load(path: Path, options: argparse.Namespace) -> SitePass:
    """Return what was counted earlier. Raises InputError."""
    from cleaner.storage.extras import need
    from cleaner.workbench import suggest

    if not path.is_dir():
        return suggest.SitePass.load(path)
    if options.out and options.site is None:
        raise InputError(f"{path}: is read for one site at a time: --site HOST says for which")
    need("pyarrow.dataset", "reading a folder of counts")
    from cleaner.workbench.suggest import rows

    return rows.load(path, options.site)


def _beside(path: Path | None) -> str:
    """Return the rule file that rules are to be added to, as it is; empty where there is none yet."""
    if path is None or not path.exists():
        if path is not None and not path.parent.is_dir():
            raise InputError(f"{path}: there is no folder {path.parent}")
        return ""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error


def _count(options: argparse.Namespace) -> tuple[SitePass, Summary | None]:
    from cleaner import batch, storage
    from cleaner.workbench import suggest

    if not options.raw:
        return suggest.SitePass(), None
    expect_many_pages()
    surveyor = suggest.Surveyor(make_cleaner(options), options.site)
    summary = batch.run(surveyor, storage.find_pages(options.raw), storage.Nowhere(), tell, debug=options.debug)
    return surveyor.sitepass, summary


def _named(sitepass: SitePass) -> dict[str, int]:
    return {site: pages for site, pages in sitepass.sites.items() if site}


def _list_sites(sitepass: SitePass) -> None:
    for site, pages in sorted(_named(sitepass).items(), key=lambda item: (-item[1], item[0])):
        print(settle(f"{pages:7,}  {site}"))
    complain(f"counted {count(len(_named(sitepass)), 'site')}; --merge with --site HOST proposes rules for one")


def _choose(sitepass: SitePass, site: str | None) -> str:
    """Return the site that rules are for. Raises InputError where that is open, or it has too few pages."""
    from cleaner.workbench import suggest

    named = _named(sitepass)
    if site is None:
        if sitepass.sites.get(""):
            complain(f"{count(sitepass.sites[''], 'page')} tell no site and are left out; --site HOST counts them in")
        # `example.com` stands for `news.example.com` as well.
        over_all = [name for name in named if all(other == name or other.endswith(f".{name}") for other in named)]
        if len(named) > 1 and not over_all:
            most = sorted(named.items(), key=lambda item: (-item[1], item[0]))
            listed = ", ".join(f"{name} ({pages:,})" for name, pages in most[:5])
            raise InputError(
                f"pages of {len(named):,} sites: {listed}{' …' if len(most) > 5 else ''}; --site HOST says which"
            )
        if not named:
            raise InputError("no page tells which site it is of; --site HOST does")
        site = over_all[0]
    pages = sitepass.of(site, suggest.MEDIA).total
    if pages < suggest.ENOUGH:
        raise InputError(
            f"{site}: {count(pages, 'page')}; rules are learnt on some pages and tried on others, which takes "
            f"{suggest.ENOUGH}: save more pages of the site, or begin with `cleaner rules new PAGE`"
        )
    return site


def _once(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return proposals without those that ask the same of both media: a line rule holds in either."""
    seen = set()
    kept = []
    for proposal in sorted(proposals, key=lambda found: -found.worth):
        key = proposal.matcher, proposal.at, proposal.zone
        if key not in seen:
            seen.add(key)
            kept.append(proposal)
    return kept


# ── What is printed ───────────────────────────────────────────────────────────────────────────────────────────────────


def _print(options: argparse.Namespace, site: str, counted: dict[Medium, int], made: Draft) -> None:
    from cleaner import storage

    if options.format == "json":
        said = {
            "site": site,
            "pages": counted,
            "rules": [_as_json(id_, kind, proposal) for id_, kind, proposal in made.rules],
            "toml": made.file,
        }
        storage.write_all(sys.stdout.buffer, storage.dump(said, indent=1))
    elif not options.write:
        storage.write_all(sys.stdout.buffer, made.file.encode())


def _as_json(id_: str, kind: str, proposal: Proposal) -> dict[str, Any]:
    from dataclasses import asdict

    said = asdict(proposal) | {"matcher": proposal.matcher._asdict(), "harm": round(proposal.harm, 4)}
    return {"id": id_, "kind": kind, **said}


def _table(options: argparse.Namespace, made: Draft) -> None:
    """Print what was proposed, on standard error: standard output is the rule file."""
    from rich.text import Text

    if not made.rules:
        return
    to = open_console(sys.stderr, color=options.color)
    to.print(Text(_ROW.format("rule", "kind", "pages", "words", "now in", "harm"), style="dim"), soft_wrap=True)
    for id_, kind, proposal in made.rules[:_FOLD]:
        pages = f"{proposal.pages:,}/{proposal.seen:,}"
        cells = (clip(id_, 44), kind, pages, f"{proposal.words:,}", f"{proposal.left:,}", f"{proposal.harm:.1%}")
        to.print(Text(settle(_ROW.format(*cells).rstrip())), soft_wrap=True)
    if len(made.rules) > _FOLD:
        to.print(Text(f"… {len(made.rules) - _FOLD:,} more", style="dim"))


def _conclude(
    options: argparse.Namespace, site: str, counted: dict[Medium, int], made: Draft, precision: float
) -> None:
    pages = ", ".join(f"{number:,} {medium}" for medium, number in counted.items() if number)
    complain(f"{site}: {pages} pages; {count(len(made.rules), 'rule')} at a precision of {precision:g} or more")
    if not made.rules:
        complain(
            "nothing that recurs is sure enough to be noise; more pages, or a lower --min-precision, may tell more"
        )
    elif options.write:
        complain(f"{options.write}: {count(len(made.rules), 'rule')} added; next: cleaner rules check {options.write}")
