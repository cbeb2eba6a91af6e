"""`cleaner rules check`: what is wrong with rule files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

from cleaner.cli.common import Exit, Subcommands, add_command, add_rule_paths, complain, count
from cleaner.cli.rules.annotations import annotate
from cleaner.text import settle

if TYPE_CHECKING:
    from cleaner.workbench import Finding, Report

_DETAILS = """\
Two things are listed, as file:line for an editor to jump to: faults, which keep a file from being used, and findings
[in brackets: the check], which are about files that work but hardly as meant (docs/RULES.md says which, and how a
comment allows one). Without PATHS, the shipped rules are checked.
"""


def add(actions: Subcommands) -> None:
    """Add the action."""
    parser = add_command(actions, "check", "find what is wrong with rule files", _DETAILS)
    parser.add_argument(
        "--format", choices=["text", "json", "github"], default="text", help="github: annotations of a workflow's run"
    )
    parser.add_argument("--strict", action="store_true", help="exit with 3 for findings, too")
    parser.add_argument("--fix", action="store_true", help="first mend what is mechanical, in the files themselves")
    add_rule_paths(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is wrong."""
    from cleaner import workbench

    mended = workbench.mend(options.paths) if options.fix else []
    report = workbench.examine(options.paths)
    if options.format == "json":
        _print_json(report, mended)
    elif options.format == "github":
        _print_github(report)
    else:
        for entry in (*report.faults, *report.findings):
            print(settle(str(entry)))
    sys.stdout.flush()
    faults, findings = len(report.faults), len(report.findings)
    parts = [count(report.files, "rule file"), count(faults, "fault") if faults else "no faults"]
    parts += [count(findings, "finding")] if findings else []
    parts += [f"{len(mended):,} mended"] if options.fix else []
    complain(", ".join(parts))
    return Exit.RULES if faults or (findings and options.strict) else Exit.OK


def _print_json(report: Report, mended: Iterable[Finding]) -> None:
    def plain(finding: Finding) -> dict[str, object]:
        return {key: value for key, value in asdict(finding).items() if key != "fix"}

    findings = [{**plain(finding), "fixable": finding.fix is not None} for finding in report.findings]
    record = {
        "files": report.files,
        "faults": [asdict(fault) for fault in report.faults],
        "findings": findings,
        "mended": [plain(finding) for finding in mended],
    }
    print(json.dumps(record, ensure_ascii=True, indent=1))


def _print_github(report: Report) -> None:
    for fault in report.faults:
        annotate("error", fault.file, fault.line, "fault", _message(fault.rule, fault.reason, fault.suggestion))
    for finding in report.findings:
        message = _message(finding.rule, f"{finding.what}: {finding.why}", finding.advice)
        annotate("warning", finding.file, finding.line, finding.check, message)


def _message(rule: str | None, what: str, advice: str | None) -> str:
    return f"{f'rule {rule}: ' if rule else ''}{what}{f' ({advice})' if advice else ''}"
