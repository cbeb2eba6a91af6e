"""What a workflow of GitHub shows at the line of a file."""

from __future__ import annotations

from cleaner.text import settle

__all__ = ["annotate"]


def annotate(level: str, file: str, line: int, title: str, message: str) -> None:
    """Print a workflow command; `level` is error, warning or notice."""
    # In its properties the signs that part them are escaped, too.
    place = _escaped(file).replace(":", "%3A").replace(",", "%2C")
    print(f"::{level} file={place},line={max(line, 1)},title={title}::{_escaped(settle(message))}")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
