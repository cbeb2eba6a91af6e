"""For those who write rules: what is wrong with rule files, whether they do what their tests say."""

from __future__ import annotations

from cleaner.workbench.assertions import Assertion, CaseResult, Outcome, run_tests
from cleaner.workbench.files import check, rule_files

__all__ = ["Assertion", "CaseResult", "Outcome", "check", "rule_files", "run_tests"]
