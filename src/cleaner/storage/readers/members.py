"""What the readers of containers share: members, their names, caps, and dates in the shapes that formats write."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from cleaner.model import Note, Page

__all__ = [
    "MAX_BYTES",
    "MAX_MEMBER",
    "PACKED",
    "PAGE_SUFFIXES",
    "RATIO",
    "Member",
    "Names",
    "Part",
    "as_folder",
    "is_page_name",
    "json_of",
    "moment",
    "numbered",
    "too_large",
    "web",
]

MAX_BYTES: Final = 256 * 1024 * 1024
"""No more of a file with one page is ever read into memory, packed or not. What is too much for cleaning is less, and
not ours."""
MAX_MEMBER: Final = 64 * 1024 * 1024
"""No more of a page in a container: several of them wait for a worker at a time."""

RATIO: Final = 300
"""How often more may come out of a container than lies on the disk, once it is more than `MAX_BYTES`. Pages pack to a
fifth, lists of them to a hundredth; deflate alone can do 1,032, the others know no end."""

PAGE_SUFFIXES: Final = (
    *(".html", ".htm", ".xhtml", ".xht", ".shtml", ".txt", ".text"),
    *(".mhtml", ".mht", ".webarchive"),
)
"""What a file with one page is called, any case; `.gz`, `.bz2`, `.xz` or `.zst` may follow."""

PACKED: Final = (".gz", ".bz2", ".xz", ".zst")
"""What the name of a packed file ends with."""

_MOST_VALUES: Final = 5_000_000
"""Of a JSON text: `{},{}` takes thirty times its size in memory."""
_MOST_NAMES: Final = 1_000_000
_LONGEST_PART: Final = 120
_MOST_PARTS: Final = 16
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9.]+")
_WEB: Final = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_JS_DATE: Final = re.compile(r"(\w{3}) (\w{3}) (\d{1,2}) (\d{4}) (\d\d:\d\d:\d\d) GMT([+-]\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Member:
    """One page of a container, or why it cannot be read."""

    name: PurePosixPath
    """Below the name of the container: safe as a path, unique, the same in every run."""
    location: str
    """Where it is, for people."""
    page: Page | None = None
    trouble: str = ""
    """Why there is no page."""
    is_too_large: bool = False
    """Whether that is its size."""
    url: str | None = None
    """Of a page that cannot be read, where it is known."""
    notes: tuple[Note, ...] = ()
    """What is wrong with its sidecar."""


class Part(NamedTuple):
    """A part of a container that can be read without the rest: row groups of Parquet, bytes of a WARC or of lines."""

    begin: int
    end: int
    lines: int = 0
    """Of JSON Lines: how many stand before it."""


def too_large(name: PurePosixPath, location: str, url: str | None = None) -> Member:
    """Return a member that is over the cap."""
    return Member(name, location, None, f"more than {MAX_MEMBER // 1024**2} MB", is_too_large=True, url=url)


def json_of(text: bytes) -> Any:
    """Return the value of a JSON text. Raises ValueError where it is none or has too many values, RecursionError."""
    # Fewer bytes cannot hold as many.
    if len(text) > _MOST_VALUES and sum(map(text.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise ValueError(f"more than {_MOST_VALUES:,} values")
    return json.loads(text)


# ── Names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def numbered(number: int, hint: str | None = None) -> PurePosixPath:
    """Return `00000017-example.com-a-story`: the number tells members apart, the rest is for people."""
    if hint and (head := _WEB.match(hint)):
        hint = hint[head.end() - 1 :].partition("?")[0]
    slug = _NOT_IN_SLUG.sub("-", (hint or "")[:200].lower()).strip("-.")[:60].rstrip("-.")
    return PurePosixPath(f"{number:08d}-{slug}" if slug else f"{number:08d}")


def as_folder(name: str) -> str:
    """Return a name for a folder of the output that is not that of a file there: `a.txt` may be the body of `a`.

    No two names give the same: `a.txt~` becomes `a.txt~~`.
    """
    return f"{name}~" if name.lower().rstrip("~").endswith((".txt", ".md", ".json")) else name


class Names:
    """Makes paths of the names in an archive: safe ones, each once."""

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, number: int, name: str) -> PurePosixPath | None:
        """Return a path for member `number`, None where its name leads out of the archive."""
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
        if not parts or ".." in parts or name.startswith(("/", "\\")) or parts[0][1:2] == ":":
            return None
        if len(parts) > _MOST_PARTS or len(self._taken) >= _MOST_NAMES:
            path = numbered(number, parts[-1])
        else:
            path = PurePosixPath(*(as_folder(_fit(part)) for part in parts[:-1]), _fit(parts[-1]))
        free = path
        while (key := hash(free)) in self._taken:
            free = path.with_name(f"{path.stem}~{number}{path.suffix}")
            path = free
        if len(self._taken) < _MOST_NAMES:
            self._taken.add(key)
        return free


def _fit(part: str) -> str:
    """Return a part of a path without what no name should hold: control characters, marks that turn the direction."""
    safe = "".join("_" if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") else char for char in part)
    # A part of dots and blanks is one that systems trim or take for a folder above.
    safe = safe if safe.strip(". ") else safe.replace(".", "_").replace(" ", "_")
    if len(safe.encode("utf-8", "surrogateescape" if _is_escaped(safe) else "replace")) > _LONGEST_PART:
        mark = sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        stem, dot, suffix = safe.rpartition(".")
        kept = (stem or safe).encode("utf-8", "replace")[:80].decode("utf-8", "ignore")
        safe = f"{kept}~{mark}{dot}{suffix}" if dot and len(suffix) <= 10 else f"{kept}~{mark}"
    return safe


def _is_escaped(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text)


def is_page_name(name: str, suffixes: tuple[str, ...] = PAGE_SUFFIXES) -> bool:
    """Whether a file is called as pages are."""
    name = name.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    return name.endswith(suffixes) or name.partition("?")[0].endswith(suffixes)  # wget: `a.html?page=2`


# ── Values ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def web(value: object) -> str | None:
    """Return an address of the web, None where `value` is none."""
    if isinstance(value, str) and _WEB.match(value := value.strip()):
        return value
    return None


def moment(value: object) -> datetime | None:
    """Return a date that a format states, None where it is none.

    Read are ISO 8601, RFC 5322, `20240506070809`, seconds or milliseconds since 1970, and what JavaScript prints.
    """
    if isinstance(value, datetime):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = value.strip()[:80]
        for read in _readings(value):
            return read
        return None
    if isinstance(value, int | float):
        try:
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return None


def _readings(value: str) -> Iterator[datetime]:
    if found := _JS_DATE.match(value):
        value = f"{found[1]}, {found[3]} {found[2]} {found[4]} {found[5]} {found[6]}"
    try:
        if len(value) == 14 and value.isdecimal():
            yield datetime.strptime(value, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        elif value.isdecimal() and len(value) in (10, 13):
            yield datetime.fromtimestamp(int(value) / 10 ** (len(value) - 10), UTC)
        elif value.isdecimal() and len(value) != 8:
            return
        elif "." in value and value.replace(".", "", 1).isdecimal():
            yield datetime.fromtimestamp(float(value), UTC)
        else:
            yield datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        from email.utils import parsedate_to_datetime  # slow to import, and most dates are ISO 8601

        try:
            yield parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return
