"""`cleaner rules import`: rules of other programs, as rule files on probation."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from cleaner.cli.common import Exit, Subcommands, add_command, complain, count
from cleaner.text import settle

if TYPE_CHECKING:  # the command's help must not wait for it
    from cleaner.model import NoiseKind
    from cleaner.workbench.imports import Report

_DETAILS = """\
Every line is translated, needless here, or listed with the reason.
The files are on probation: lowest tier, behind guards. Lay them over the others with --rules.
"""
_KINDS = "such as advertisement (default) or cookie-notice; `other`: as each selector seems to say"


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "import", help="make rule files of other programs' rules", description="Import rules of other programs."
    )
    systems = parser.add_subparsers(metavar="SYSTEM", required=True)
    ftr = add_command(systems, "ftr", "import site configs of Full-Text RSS", _DETAILS)
    ftr.add_argument("folder", type=Path, metavar="DIR", help="a folder of <host>.txt, such as ftr-site-config")
    abp = add_command(systems, "abp", "import cosmetic filters of ad blockers", _DETAILS)
    abp.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a list of EasyList, uBlock Origin or AdGuard")
    abp.add_argument(
        "--kind", default="advertisement", metavar="KIND", help=f"what noise the lists are about: {_KINDS}"
    )
    for parser, system in ((ftr, "ftr"), (abp, "abp")):
        parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="a new folder for the files")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="of the report")
        parser.add_argument("-v", "--verbose", action="store_true", help="list every line that was not translated")
        parser.set_defaults(run=run, system=system)


def run(options: argparse.Namespace) -> int:
    """Import, and print the report."""
    from cleaner.workbench import imports

    if options.system == "ftr":
        report = imports.import_ftr(options.folder, options.out)
    else:
        report = imports.import_abp(options.files, options.out, _kind(options.kind))
    if options.format == "json":
        print(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(report, verbose=options.verbose)
    complain(f"{count(report.written, 'rule file')} with {count(report.rules, 'rule')} in {options.out}")
    return Exit.OK


def _kind(name: str) -> NoiseKind:
    from cleaner.errors import InputError
    from cleaner.model import NoiseKind

    if name not in list(NoiseKind):
        raise InputError(f'unknown kind "{name}" (one of: {" ".join(NoiseKind)})')
    return NoiseKind(name)


def _print(report: Report, *, verbose: bool) -> None:
    from cleaner.workbench.imports import Fate
    from cleaner.workbench.imports.report import SHARED

    print(f"{count(report.read, 'file')} read, {report.imported:,} imported, {report.whole:,} of them whole\n")
    print(f"{'':<12}{'translated':>12}{'needless':>12}{'not':>12}{'share':>9}")
    for group, fates in report.counts().items():
        share = report.share(group) if group in SHARED else None
        numbers = "".join(f"{fates[fate]:>12,}" for fate in Fate)
        print(f"{group:<12}{numbers}{'' if share is None else f'{share:>9.1%}'}")
    overall = report.share()
    if overall is not None:
        print(f"\n{overall:.1%} of what rules are for ({', '.join(SHARED)}) translated")
    if report.reasons():
        print("\nnot translated:")
    for reason, number in report.reasons():
        print(f"{number:>8,}  {reason}")
    for line in report.untranslated() if verbose else ():
        print(settle(f"{line.where}: {line.reason}{f' ({line.detail})' if line.detail else ''}: {line.text}"))
