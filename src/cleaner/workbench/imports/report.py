"""What became of every line that was imported."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

__all__ = ["SHARED", "Fate", "Group", "Line", "Report"]


class Fate(StrEnum):
    """What became of a line."""

    TRANSLATED = "translated"
    NEEDLESS = "needless"
    """It asks for what has no effect on text, or happens anyway."""
    UNTRANSLATED = "untranslated"


class Group(StrEnum):
    """What a line is about."""

    REMOVAL = "removal"
    EXCEPTION = "exception"
    BODY = "body"
    METADATA = "metadata"
    TEST = "test"
    LAYOUT = "layout"
    FETCHING = "fetching"
    REPLACE = "replace"
    OPTION = "option"
    SCRIPT = "script"
    STYLE = "style"
    NETWORK = "network"
    UNKNOWN = "unknown"


SHARED = (Group.REMOVAL, Group.EXCEPTION, Group.BODY, Group.METADATA)
"""What rules are for: the share of these that was translated says how good an import is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and what became of it."""

    where: str
    """`file:line`."""
    text: str
    group: Group
    fate: Fate
    reason: str = ""
    """Why it was not translated, in words that many lines share."""
    detail: str = ""
    """What is particular to this one."""


@dataclass(slots=True)
class Report:
    """An import as a whole."""

    read: int = 0
    """Files read."""
    imported: int = 0
    """Those of them of which something is in the rule files."""
    whole: int = 0
    """Those of which all is, but for what is needless here."""
    written: int = 0
    """Rule files made."""
    rules: int = 0
    lines: list[Line] = field(default_factory=list)

    def counts(self) -> dict[Group, Counter[Fate]]:
        """Return how many lines of each group met which fate."""
        counts: dict[Group, Counter[Fate]] = {}
        for line in self.lines:
            counts.setdefault(line.group, Counter())[line.fate] += 1
        return {group: counts[group] for group in Group if group in counts}

    def share(self, *groups: Group) -> float | None:
        """Return the share of translated lines among those that ask for something; None where no line does."""
        fates = Counter(line.fate for line in self.lines if line.group in (groups or SHARED))
        asked = fates[Fate.TRANSLATED] + fates[Fate.UNTRANSLATED]
        return fates[Fate.TRANSLATED] / asked if asked else None

    def reasons(self) -> list[tuple[str, int]]:
        """Return why lines were not translated, the most frequent reason first."""
        found = Counter(line.reason for line in self.lines if line.fate is Fate.UNTRANSLATED)
        return sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))

    def untranslated(self) -> list[Line]:
        """Return the lines that were not translated."""
        return [line for line in self.lines if line.fate is Fate.UNTRANSLATED]

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "files": {"read": self.read, "imported": self.imported, "whole": self.whole, "written": self.written},
            "rules": self.rules,
            "share": {str(group): self.share(group) for group in SHARED if self.share(group) is not None},
            "share_of_all": self.share(),
            "groups": {str(group): {str(fate): fates[fate] for fate in Fate} for group, fates in self.counts().items()},
            "untranslated_by_reason": dict(self.reasons()),
            "untranslated": [
                {"where": line.where, "text": line.text, "reason": line.reason, "detail": line.detail}
                for line in self.untranslated()
            ],
        }
