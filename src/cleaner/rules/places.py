"""Where in a TOML text a key or value stands, so that a fault names its line."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable

__all__ = ["KeyPath", "locate"]

KeyPath = tuple[str | int, ...]
"""Keys and indexes from the top of the file: `("rule", 0, "css", 1)`."""

# tomllib tells no positions. This scanner reads only text that tomllib has accepted, so it need not check anything.
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*"""(?:"(?=[^"]|\Z)|""(?=[^"]|\Z))?'''
    r"""|'''(?:[^']|'(?!''))*'''(?:'(?=[^']|\Z)|''(?=[^']|\Z))?"""
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def locate(source: str) -> dict[KeyPath, int]:
    """Return the line (1-based) of every key, array element and table header of a valid TOML text, by its path.

    The path of the second selector in the `css` of the first `[[rule]]` is `("rule", 0, "css", 1)`. A key's line is
    that of the key, an element's that of its value.
    """
    return _Locator(source).lines


class _Locator:
    def __init__(self, source: str) -> None:
        self.source = source
        self.starts = [0, *(match.end() for match in re.finditer("\n", source))]
        self.lines: dict[KeyPath, int] = {}
        self.counts: dict[KeyPath, int] = {}  # arrays of tables -> tables seen so far
        self.at = 0
        self._file()

    def _file(self) -> None:
        table: KeyPath = ()
        self._match(_SKIP)
        while self.at < len(self.source):
            if self.source[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._match(_SKIP)

    def _header(self) -> KeyPath:
        start = self.at
        depth = 2 if self.source.startswith("[[", start) else 1
        self.at += depth
        path: KeyPath = ()
        names = self._dotted()
        for position, name in enumerate(names):
            path = (*path, name)
            if depth == 2 and position == len(names) - 1:
                self.counts[path] = self.counts.get(path, 0) + 1
                self._mark(path, start)
            if path in self.counts:
                path = (*path, self.counts[path] - 1)
        self.at += depth
        self._mark(path, start)
        return path

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for name in self._dotted():
            path = (*path, name)
            self._mark(path, start)
        self.at += 1  # the "="
        self._match(_SPACE)
        self._value(path)

    def _dotted(self) -> list[str]:
        names = []
        while True:
            self._match(_SPACE)
            raw = self._match(_KEY)
            names.append(tomllib.loads(f"key = {raw}")["key"] if raw[0] in "\"'" else raw)
            self._match(_SPACE)
            if self.source[self.at] != ".":
                return names
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        opening = self.source[self.at]
        if opening in "\"'":
            self._match(_STRING)
        elif opening == "[":
            self._items("]", lambda index: self._element((*path, index)))
        elif opening == "{":
            self._items("}", lambda _: self._pair(path))
        else:
            self._match(_SCALAR)

    def _element(self, path: KeyPath) -> None:
        self._mark(path, self.at)
        self._value(path)

    def _items(self, closing: str, item: Callable[[int], None]) -> None:
        self.at += 1
        index = 0
        while self._match(_SKIP) is not None and self.source[self.at] != closing:
            item(index)
            index += 1
            self._match(_SKIP)
            if self.source[self.at] == ",":
                self.at += 1
        self.at += 1

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.source, self.at)
        assert match is not None, f"not the TOML that tomllib accepted, at {self.at}"
        self.at = match.end()
        return match.group()

    def _mark(self, path: KeyPath, position: int) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, position))
