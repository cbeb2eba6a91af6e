"""What the library raises.

::

    CleanerError
    ├── InputError      a source that cannot be read at all (missing file, folder without pages)
    ├── OutputError     a place that cannot be written
    ├── FetchError      an address that cannot be fetched: which, why
    ├── RuleFileError   a rule file with faults: every fault of the file, not the first one
    └── PageError       trouble with a page, on its way to becoming its status; never leaves `clean`
        ├── TooLargeError
        └── UnreadableError
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CleanerError",
    "Fault",
    "FetchError",
    "InputError",
    "OutputError",
    "PageError",
    "RuleFileError",
    "TooLargeError",
    "UnreadableError",
]


class CleanerError(Exception):
    """Base of every error that `cleaner` raises on purpose."""


class InputError(CleanerError):
    """A source cannot be read: says which, why, and what to do."""


class OutputError(CleanerError):
    """A place cannot be written: says which, why, and what to do."""


class FetchError(CleanerError):
    """An address cannot be fetched.

    Args:
        what: the address, or the host.
        why: for people.
        is_passing: whether it may go better in a while.

    """

    def __init__(self, what: str, why: str, *, is_passing: bool = False) -> None:
        super().__init__(what, why)
        self.what = what
        self.why = why
        self.is_passing = is_passing

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in a rule file, at a place that an editor can jump to."""

    file: str
    line: int
    """1-based; 0 where the fault is the file as a whole."""
    rule: str | None
    """Id of the rule it stands in, where it stands in one."""
    reason: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        rule = f" rule {self.rule}:" if self.rule else ""
        advice = f" ({self.suggestion})" if self.suggestion else ""
        return f"{place}:{rule} {self.reason}{advice}"


class RuleFileError(CleanerError):
    """All faults of one or more rule files."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class PageError(CleanerError):
    """Trouble with a page. Layers below the pipeline raise it; the pipeline makes it a status."""


class TooLargeError(PageError):
    """A page is over a cap on bytes, characters or depth."""


class UnreadableError(PageError):
    """The content is no text: a picture, a PDF, an archive."""
