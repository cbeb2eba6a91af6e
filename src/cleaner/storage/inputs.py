"""Files in: pages, their sidecars, folders of them."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cleaner.errors import InputError, TooLargeError
from cleaner.model import Note, Page
from cleaner.storage.outputs import is_record

__all__ = ["MAX_BYTES", "PAGE_SUFFIXES", "Input", "find_pages", "read"]

MAX_BYTES = 256 * 1024 * 1024
"""No more of a file is ever read into memory, packed or not. What is too much for cleaning is less, and not ours."""

PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".txt", ".text")
"""What a page in a folder is called, any case; `.gz` may follow. A file that is named itself is a page in any case."""

_MAX_SIDECAR = 1024 * 1024
_HEAD = 4096
# The "mark of the web" that browsers put on top of a saved page; the number is the length of the URL.
_SAVED_FROM = re.compile(rb"<!--\s{0,9}saved from url=\((\d{1,5})\)([^\s>]{1,4096})")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)


def read(path: Path, notes: list[Note] | None = None) -> Page:
    """Return the page in the file `path`, with what its sidecar says of it.

    Gzip is seen by content. Without a URL in the sidecar, the one a browser left on top of the file is taken. What is
    wrong with a sidecar is added to `notes` and otherwise ignored: the page is good without it.

    Raises InputError where the file cannot be read, TooLargeError where it has too many bytes.
    """
    try:
        with path.open("rb") as file:
            content = _read_capped(file, str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from error
    notes = [] if notes is None else notes
    said = _Sidecar()
    for name in _sidecar_names(path.name):
        with suppress(OSError):  # mostly: there is none
            with path.with_name(name).open("rb") as file:
                raw = file.read(_MAX_SIDECAR + 1)
            said = _parse_sidecar(raw, name, notes)
            break
    return Page(content, said.url or _saved_from(content), said.media_type, said.charset, said.captured, str(path))


def _read_capped(file: BinaryIO, where: str) -> bytes:
    """Return all bytes of `file`, unpacked where they are gzip, refusing more than `MAX_BYTES` of either."""
    content = file.read(MAX_BYTES + 1)
    if content[:2] == b"\x1f\x8b" and len(content) <= MAX_BYTES:
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{where}: broken gzip: {error}") from error
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"{where}: more than {MAX_BYTES // 1024**2} MB")
    return content


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


@dataclass(frozen=True, slots=True)
class _Sidecar:
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    captured: datetime | None = None


def _sidecar_names(name: str) -> list[str]:
    """Return what the sidecar of a page may be called; a packed page may share that of the plain one."""
    names = [f"{name}.json"]
    if name.endswith(".gz"):
        names.append(f"{name.removesuffix('.gz')}.json")
    return names


def _parse_sidecar(raw: bytes, name: str, notes: list[Note]) -> _Sidecar:
    """Return what a sidecar says, as far as it can be understood; the rest goes into `notes`."""

    def complain(what: str) -> None:
        notes.append(Note("storage/sidecar", f"sidecar {name}: {what}; ignored", name))

    try:
        if len(raw) > _MAX_SIDECAR:
            raise ValueError(f"more than {_MAX_SIDECAR // 1024**2} MB")
        said = json.loads(raw)
    except (ValueError, RecursionError) as error:
        complain(f"no JSON ({error})")
        return _Sidecar()
    if not isinstance(said, dict):
        complain("not a JSON object")
        return _Sidecar()

    url = said.get("url")
    if url is not None and not (isinstance(url, str) and _WEB.match(url.strip())):
        complain("url is no http(s) address")
        url = None

    captured = None
    if (stamp := said.get("captured")) is not None:
        try:
            captured = datetime.fromisoformat(stamp)
        except (TypeError, ValueError):
            complain("captured is no date in ISO 8601")

    media_type = charset = None
    headers = said.get("headers")
    if isinstance(headers, dict):
        stated = next((value for key, value in headers.items() if key.lower() == "content-type"), None)
        if isinstance(stated, list) and stated:  # as tools that keep repeated headers write it
            stated = stated[-1]
        if isinstance(stated, str):
            media_type, charset = _content_type(stated)
    elif headers is not None:
        complain("headers is no JSON object")
    return _Sidecar(url.strip() if url else None, media_type, charset, captured)


def _content_type(header: str) -> tuple[str | None, str | None]:
    """Return media type and charset of a Content-Type header."""
    from email.message import Message  # slow to import, and most pages have no sidecar

    message = Message()
    message["Content-Type"] = header
    # The library answers "text/plain" to what it does not understand; we would rather look at the page.
    media_type = message.get_content_type() if _MEDIA_TYPE.match(header.strip()) else None
    try:
        return media_type, message.get_content_charset()
    except (ValueError, LookupError):  # RFC 2231 encodings gone wrong
        return media_type, None


def _saved_from(content: bytes) -> str | None:
    """Return the URL that a browser left in a comment on top of a saved page, None where there is none."""
    if found := _SAVED_FROM.search(content[:_HEAD]):
        url = found[2][: int(found[1])].decode("utf-8", "replace")
        if _WEB.match(url):
            return url
    return None


@dataclass(frozen=True, slots=True)
class Input:
    """One page to clean: where it is, and where its record goes."""

    path: Path | None
    """None: standard input."""
    name: PurePosixPath
    """Where the record goes, relative to the output folder: the path below the folder that was named."""
    url: str | None = None
    """Overrules the sidecar."""
    media_type: str | None = None
    """Overrules the sidecar."""
    trouble: str = ""
    """Why there is nothing to read here: a folder that cannot be listed."""
    page: Page | None = None
    """The page, where it has been read already."""

    @property
    def location(self) -> str:
        """Where it is, for people."""
        if self.page is not None:
            return self.page.location
        return "<stdin>" if self.path is None else str(self.path)

    def loaded(self) -> Input:
        """Return an input that another process can read: standard input is this one's alone. Raises as `read` does."""
        return (
            self if self.path is not None or self.page is not None or self.trouble else replace(self, page=self.read())
        )

    def read(self, notes: list[Note] | None = None) -> Page:
        """Return the page; see :func:`read`."""
        if self.trouble:
            raise InputError(self.trouble)
        if self.page is not None:
            page = self.page
        elif self.path is None:
            page = Page(_read_capped(sys.stdin.buffer, self.location), location=self.location)
            page = replace(page, url=_saved_from(page.content if isinstance(page.content, bytes) else b""))
        else:
            page = read(self.path, notes)
        return replace(page, url=self.url or page.url, media_type=self.media_type or page.media_type)


def find_pages(paths: Sequence[str | Path], *, skip: Path | None = None) -> Iterator[Input]:
    """Yield the pages that `paths` name: files as they are, folders with everything below, `-` for standard input.

    In folders the order is that of the names; hidden files, sidecars, the `a_files` folder of a browser's `a.html`,
    clean texts and the folder `skip` (the output) are passed over, and no folder is entered twice. A folder that
    cannot be listed is yielded with its `trouble`.

    Raises InputError at once where a path does not exist, and after the last page where a folder holds none.
    """
    todo: list[Path | None] = []
    for path in paths:
        if str(path) == "-":
            todo.append(None)
            continue
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder")
        if skip is not None and skip.exists() and skip.samefile(path):
            raise InputError(f"{path}: pages would be written where they are read; name another output folder")
        todo.append(Path(path))
    return _find(todo, skip)


def _find(paths: list[Path | None], skip: Path | None) -> Iterator[Input]:
    taken: set[PurePosixPath] | None = set() if len(paths) > 1 else None  # one root cannot name two pages alike
    barren: list[Path] = []
    for path in paths:
        if path is None:
            yield Input(None, _unique(PurePosixPath("stdin"), taken))
            continue
        if _is_leftover(path.parent, path.name):
            if len(paths) > 1:  # `raw/*`, as the shell spells it out
                continue
            if not _is_dir(path):
                raise InputError(f"{path}: the sidecar of a page, not a page")
        found = False
        for page in _walk(path, skip) if _is_dir(path) else [Input(path, PurePosixPath(path.name))]:
            found = True
            yield page if taken is None else replace(page, name=_unique(page.name, taken))
        if not found:
            barren.append(path)
    if barren:
        wanted = " ".join(f"*{suffix}" for suffix in PAGE_SUFFIXES)
        raise InputError(
            f"no pages in {', '.join(map(str, barren))}: looked for {wanted} (and .gz of these); "
            "a file of another name is cleaned if it is named itself"
        )


def _unique(name: PurePosixPath, taken: set[PurePosixPath] | None) -> PurePosixPath:
    """Return `name`, numbered where another page of this run has it: `x/a.html y/a.html` are `a.html`, `a~2.html`."""
    if taken is None:
        return name
    free, number = name, 1
    while free in taken:
        number += 1
        free = name.with_name(f"{name.stem}~{number}{name.suffix}")
    taken.add(free)
    return free


def _walk(root: Path, skip: Path | None) -> Iterator[Input]:
    """Yield the pages below the folder `root`, in the order of their names."""
    entered: set[tuple[int, int]] = set()  # device and inode: a loop of links comes back to one of these
    if skip is not None:
        with suppress(OSError):
            entered.add(_identity(skip))
    stack = [root]
    while stack:
        path = stack.pop()
        name = PurePosixPath(*path.relative_to(root).parts)
        try:
            if not path.is_dir():
                yield Input(path, name)
                continue
            if (identity := _identity(path)) in entered:
                continue
            entered.add(identity)
            children = sorted(child for child in path.iterdir() if not child.name.startswith("."))
        except OSError as error:
            yield Input(path, name if name.parts else PurePosixPath("folder"), trouble=f"{path}: {_reason(error)}")
            continue
        stack += [child for child in reversed(children) if _is_wanted(child)]


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _is_wanted(path: Path) -> bool:
    """Whether what was found in a folder is a page or a folder to enter."""
    if _is_leftover(path.parent, path.name):
        return False
    try:
        mode = path.stat().st_mode
    except OSError:  # a dangling link, or a loop of links
        return path.name.lower().endswith(PAGE_SUFFIXES)
    if stat.S_ISDIR(mode):
        return True
    if not stat.S_ISREG(mode):  # a pipe would wait for ever
        return False
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(PAGE_SUFFIXES):
        return name.partition("?")[0].endswith(PAGE_SUFFIXES)  # as wget saves `a.html?page=2`
    return not (name.endswith(".txt") and is_record(path.with_suffix(".json")))


def _is_leftover(folder: Path, name: str) -> bool:
    """Whether `name` belongs to a page in `folder`: its sidecar, or the pictures a browser saved with it."""
    if name.endswith(".json"):
        page = name.removesuffix(".json")
        return any(_is_file(folder / owner) for owner in (page, f"{page}.gz"))
    if name.endswith("_files"):
        page = name.removesuffix("_files")
        return any(_is_file(folder / f"{page}{suffix}") for suffix in (".html", ".htm"))
    return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder above it is locked
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
