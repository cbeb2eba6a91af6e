"""For those who write rules: what is wrong with rule files, whether they do what their tests say."""

from __future__ import annotations

from cleaner.workbench.assertions import Assertion, CaseResult, Outcome, Result, run_tests
from cleaner.workbench.files import Report, check, examine, mend, rule_files
from cleaner.workbench.lint import CHECKS, Finding
from cleaner.workbench.schema import schema

__all__ = [
    "CHECKS",
    "Assertion",
    "CaseResult",
    "Finding",
    "Outcome",
    "Report",
    "Result",
    "check",
    "examine",
    "mend",
    "rule_files",
    "run_tests",
    "schema",
]
