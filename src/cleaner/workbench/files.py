"""Rule files by their paths, and the faults in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cleaner import describe
from cleaner.errors import Fault
from cleaner.judge import builtin
from cleaner.rules import RuleBook, RuleSource

__all__ = ["check", "rule_files"]


def rule_files(paths: Sequence[Path] = ()) -> list[RuleSource]:
    """Return the rule files that `paths` name; without paths, the shipped ones.

    Raises InputError for what is neither a rule file nor a folder laid out like `rules/`.
    """
    files = RuleBook.load(list(paths) or None).files()
    return files[len(RuleBook.load().files()) :] if paths else files


def check(paths: Sequence[Path] = ()) -> tuple[int, list[Fault]]:
    """Return how many rule files `paths` name, and the faults of these and of the shipped ones below them.

    Raises InputError as :func:`rule_files` does.
    """
    return len(rule_files(paths)), RuleBook.load(list(paths) or None).check(describe.BUILTINS | builtin.BUILTINS)
