"""Golden pages: all that a page gives, on file, so that a change of rules shows in what it changes.

A golden file is the Markdown form of an article: metadata on top, the body below. Nothing writes one unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

from cleaner.errors import InputError, OutputError
from cleaner.model import Article
from cleaner.storage import Format, render, replace_file

__all__ = ["Golden", "GoldenLine"]

_FENCE: Final = "---"
_MARKS: Final = re.compile(r"^(?:#{1,6} |[-*+] |\d{1,9}[.)] |> ?)+|\\(?=[\W_])|[*_`]{1,2}(?=\S)|(?<=\S)[*_`]{1,2}")
"""What Markdown adds to a line of text, roughly: enough to find the line in the page again."""


@dataclass(frozen=True, slots=True)
class GoldenLine:
    """One line of a golden file against what the page gives."""

    sign: str
    """` ` in both, `-` in the golden file only, `+` given only."""
    text: str
    is_metadata: bool

    @property
    def plain(self) -> str:
        """The line as the page has it, without the marks of Markdown."""
        return _MARKS.sub("", self.text)


@dataclass(frozen=True, slots=True)
class Golden:
    """What a page should give, and what it gives."""

    path: Path
    shown: str
    """Its path as the test names it."""
    expected: str | None
    """None where there is no such file."""
    found: str

    @classmethod
    def read(cls, path: Path, shown: str, article: Article) -> Golden:
        """Return the golden file at `path` beside what `article` gives. Raises InputError where it cannot be read."""
        try:
            expected = path.read_text("utf-8-sig")
        except FileNotFoundError:
            expected = None
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: cannot be read: {error}") from error
        # How many words there are follows from the body, and would show every change of it twice.
        said = replace(article, metadata=replace(article.metadata, word_count=0))
        return cls(path, shown, expected, render(said, Format.MARKDOWN).decode())

    @property
    def changed(self) -> bool:
        """Whether the page gives anything else than it should; true where there is no file."""
        return self.expected is None or self.expected.splitlines() != self.found.splitlines()

    def diff(self) -> Iterator[GoldenLine]:
        """Yield the lines of both, in order; empty ones are left out."""
        old, new = (self.expected or "").splitlines(), self.found.splitlines()
        old_body, new_body = _body(old), _body(new)
        for _, start, end, begin, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if old[start:end] == new[begin:stop]:
                yield from (
                    GoldenLine(" ", line, at < new_body) for at, line in enumerate(new[begin:stop], begin) if line
                )
                continue
            yield from (GoldenLine("-", line, at < old_body) for at, line in enumerate(old[start:end], start) if line)
            yield from (GoldenLine("+", line, at < new_body) for at, line in enumerate(new[begin:stop], begin) if line)

    def accept(self) -> None:
        """Make what the page gives its golden file. Raises OutputError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.path.parent}: cannot be made: {error.strerror}") from error
        replace_file(self.path, self.found.encode())


def _body(lines: list[str]) -> int:
    """Return the line that the body begins on: behind the front matter, if there is one."""
    if lines[:1] != [_FENCE]:
        return 0
    return next((at + 1 for at, line in enumerate(lines[1:], 1) if line == _FENCE), 0)
