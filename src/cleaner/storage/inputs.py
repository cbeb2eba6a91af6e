"""Files in: pages, their sidecars, folders and containers of them."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cleaner.errors import InputError, TooLargeError
from cleaner.model import Note, Page
from cleaner.storage.outputs import is_record
from cleaner.storage.readers import (
    MAX_BYTES,
    SUFFIXES,
    Form,
    Stream,
    as_folder,
    is_page_name,
    members,
    page_of,
    snapshot,
    tell,
)
from cleaner.storage.readers.members import web

__all__ = ["Input", "count_pages", "find_pages", "read"]

_MAX_SIDECAR = 1024 * 1024
_MAX_PAGES = 100
"""Further pages of one article."""
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_BESIDE = re.compile(r"(?P<first>.+)\.(?:page-\d{1,3}|rendered)(?P<suffix>\.[a-z]+)", re.ASCII | re.DOTALL)
"""What is called so may belong to a page: `a.page-2.html` to `a.html`."""
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)


def read(path: Path, notes: list[Note] | None = None) -> Page:
    """Return the page in the file `path`, with what its sidecar says of it, and the further pages that it names.

    What the file is, and how it is packed, is seen by content (:mod:`cleaner.storage.readers`). What the sidecar says
    counts before what the file says of itself. What is wrong with a sidecar or a further page is added to `notes`
    and otherwise ignored: the page is good without it.

    Raises InputError where the file cannot be read or holds many pages, TooLargeError where it has too many bytes.
    """
    notes = [] if notes is None else notes
    said = _said_of(path, notes)
    page = _read_one(path, said, notes)
    return replace(page, continued=tuple(_further(path, page, said.pages, notes))) if said.pages else page


def _read_one(path: Path, said: _Sidecar, notes: list[Note]) -> Page:
    """Return the page in one file: as a browser rendered it, where that was saved beside it."""
    charset = said.charset
    source = path.with_name(said.rendered) if said.rendered else path
    if source != path and not _is_file(source):
        _complain(notes, path, f"rendered page {said.rendered} is not there")
        source = path
    if source != path:
        charset = "utf-8"  # whatever the server said: a browser writes no other
    try:
        with source.open("rb") as file:
            content = _read_capped(file, str(source))
    except OSError as error:
        raise InputError(f"{source}: cannot be read: {_reason(error)}") from error
    page = page_of(content, str(source))
    return replace(
        page,
        url=said.url or page.url,
        media_type=said.media_type or page.media_type,
        charset=charset or page.charset,
        captured=said.captured or page.captured,
    )


def _further(path: Path, first: Page, names: Sequence[str], notes: list[Note]) -> Iterator[Page]:
    """Yield the further pages of the article that begins in `path`."""
    room = MAX_BYTES - len(first.content)
    for name in names:
        beside = path.with_name(name)
        try:
            page = _read_one(beside, _said_of(beside, notes), notes)
        except (InputError, TooLargeError) as error:
            _complain(notes, path, f"further page left out: {error}")
            continue
        room -= len(page.content)
        if room < 0:
            _complain(
                notes, path, f"{name} and the pages behind it left out: more than {MAX_BYTES // 1024**2} MB in all"
            )
            return
        yield page


def _said_of(path: Path, notes: list[Note]) -> _Sidecar:
    """Return what the sidecar of a page says; nothing where it has none."""
    for name in _sidecar_names(path.name):
        with suppress(OSError):  # mostly: there is none
            with path.with_name(name).open("rb") as file:
                raw = file.read(_MAX_SIDECAR + 1)
            return _parse_sidecar(raw, name, notes)
    return _Sidecar()


def _complain(notes: list[Note], path: Path, what: str) -> None:
    notes.append(Note("storage/sidecar", f"sidecar {path.name}.json: {what}", f"{path.name}.json"))


def _read_capped(file: BinaryIO, where: str) -> bytes:
    """Return all bytes of `file`, unpacked, refusing more than `MAX_BYTES` of them."""
    try:
        stream = Stream(file)
        if tell(stream.head, where).is_container:
            raise InputError(f"{tell(stream.head, where)}: it holds pages, where one page is expected")
        return stream.read_all(MAX_BYTES)
    except (InputError, TooLargeError) as error:
        raise type(error)(f"{where}: {error}") from error


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


@dataclass(frozen=True, slots=True)
class _Sidecar:
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    captured: datetime | None = None
    pages: tuple[str, ...] = ()
    """Names of the files with the further pages of its article."""
    rendered: str | None = None
    """Name of the file with the page as a browser rendered it."""


def _sidecar_names(name: str) -> list[str]:
    """Return what the sidecar of a page may be called; a packed page may share that of the plain one."""
    names = [f"{name}.json"]
    names += [f"{name.removesuffix(suffix)}.json" for suffix in _PACKED if name.endswith(suffix)]
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
    if url is not None and (url := web(url)) is None:
        complain("url is no http(s) address")

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

    page = name.removesuffix(".json")
    pages = said.get("pages", [])
    if not isinstance(pages, list) or len(pages) > _MAX_PAGES or not all(_is_beside(part, page) for part in pages):
        complain(f"pages is no list of at most {_MAX_PAGES} names of files beside it")
        pages = []
    rendered = said.get("rendered")
    if rendered is not None and not _is_beside(rendered, page):
        complain("rendered is no name of a file beside it")
        rendered = None
    return _Sidecar(url, media_type, charset, captured, tuple(dict.fromkeys(pages)), rendered)


def _is_beside(name: object, page: str) -> bool:
    """Tell whether `name` is that of another file in the folder of `page`: sidecars come from strangers, too."""
    if not isinstance(name, str) or not 0 < len(name) <= 255 or name == page:
        return False
    return not name.startswith(".") and not set(name) & set("/\\:\0")


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
    captured: datetime | None = None
    """Where the page itself does not say it."""
    trouble: str = ""
    """Why there is nothing to read here: a folder that cannot be listed, a broken record of an archive."""
    is_too_large: bool = False
    """Whether the trouble is its size."""
    page: Page | None = None
    """The page, where it has been read already: that of a container is."""
    place: str = ""
    """Where it is, for people, where that is neither the path nor the page's location."""

    @property
    def location(self) -> str:
        """Where it is, for people."""
        if self.place:
            return self.place
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
            raise (TooLargeError if self.is_too_large else InputError)(self.trouble)
        if self.page is not None:
            page = self.page
        elif self.path is None:
            page = page_of(_read_capped(sys.stdin.buffer, self.location), self.location)
        else:
            page = read(self.path, notes)
        return replace(
            page,
            url=self.url or page.url,
            media_type=self.media_type or page.media_type,
            captured=page.captured or self.captured,
        )


def find_pages(paths: Sequence[str | Path], *, skip: Path | None = None) -> Iterator[Input]:
    """Yield the pages that `paths` name: files as they are, folders with everything below, `-` for standard input.

    A container (WARC, zip, Parquet …) is yielded page by page, each read when its turn comes. In folders the order is
    that of the names; hidden files, sidecars, the `a_files` folder of a browser's `a.html`, pages that are read with
    another one (further pages of an article), clean texts, all copies but one in a folder of ArchiveBox, and the folder
    `skip` (the output) are passed over, and no folder is entered twice. What cannot be listed or read is yielded with
    its `trouble`.

    Raises InputError at once where a path does not exist, and after the last page where a folder or container holds
    none.
    """
    return _find(_checked(paths, skip), skip)


def count_pages(paths: Sequence[str | Path], *, skip: Path | None = None) -> int | None:
    """Return how many pages `paths` name, None where only reading a container or a pipe to its end would tell."""
    pages = 0
    for _, files in _roots(_checked(paths, skip), skip):
        for source in files:
            if source.path is None or _is_pipe(source.path):
                return None
            with suppress(InputError, OSError), source.path.open("rb") as file:  # a page, if one that cannot be read
                if tell(Stream(file).head, source.name.name).is_container:
                    return None
            pages += 1
    return pages


def _checked(paths: Sequence[str | Path], skip: Path | None) -> list[Path | None]:
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
    return todo


def _find(paths: list[Path | None], skip: Path | None) -> Iterator[Input]:
    barren: list[Path] = []
    for path, files in _roots(paths, skip):
        found = False
        for source in files:
            for page in _opened(source):
                found = True
                yield page
        if not found and path is not None:
            barren.append(path)
    if barren:
        wanted = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise InputError(
            f"no pages in {', '.join(map(str, barren))}: looked for {wanted} (and .gz, .bz2, .xz, .zst of these); "
            "a file of another name is cleaned if it is named itself; `cleaner inspect` says what is in a file"
        )


def _roots(paths: list[Path | None], skip: Path | None) -> Iterator[tuple[Path | None, Iterator[Input]]]:
    """Yield each path with the files that it names."""
    taken: set[PurePosixPath] | None = set() if len(paths) > 1 else None  # one root cannot name two files alike
    for path in paths:
        if path is None:
            files = iter([Input(None, PurePosixPath("stdin"))])
        elif len(paths) > 1 and _is_leftover(path.parent, path.name):  # `raw/*`, as the shell spells it out
            continue
        elif path.name.endswith(".json") and _is_leftover(path.parent, path.name) and not _is_dir(path):
            raise InputError(f"{path}: the sidecar of a page, not a page")
        else:
            files = _walk(path, skip) if _is_dir(path) else iter([Input(path, PurePosixPath(path.name))])
        yield path, files if taken is None else _distinct(files, taken)


def _distinct(files: Iterator[Input], taken: set[PurePosixPath]) -> Iterator[Input]:
    return (replace(source, name=_unique(source.name, taken)) for source in files)


def _opened(source: Input) -> Iterator[Input]:
    """Yield the pages in a file: the file itself, where it is one page."""
    if source.trouble:
        yield source
        return
    is_pipe = source.path is None or _is_pipe(source.path)
    try:
        with nullcontext(sys.stdin.buffer) if source.path is None else source.path.open("rb") as file:
            stream = Stream(file)
            form = tell(stream.head, source.name.name)
            if form.is_container:
                yield from _members(form, stream, source)
                return
            if is_pipe:  # what comes through a pipe comes once
                source = replace(source, page=page_of(stream.read_all(MAX_BYTES), source.location))
    except (InputError, TooLargeError, OSError) as error:
        if is_pipe:  # else who reads the page will find the same
            source = replace(source, trouble=_told(source.location, error), is_too_large=_is_size(error))
    yield source


def _members(form: Form, stream: Stream, source: Input) -> Iterator[Input]:
    """Yield the pages in a container; last, what kept it from being read further."""
    where = source.location
    folder = source.name.with_name(as_folder(source.name.name))
    is_empty = True
    try:
        for member in members(form, stream, where, Counter()):
            is_empty = False
            trouble = f"{member.location}: {member.trouble}" if member.trouble else ""
            yield Input(
                None,
                folder / member.name,
                url=member.url,
                trouble=trouble,
                is_too_large=member.is_too_large,
                page=member.page,
                place=member.location,
            )
        return
    except (InputError, OSError) as error:
        trouble = _told(where, error)
    except Exception as error:  # noqa: BLE001 - one file must not end the run, whatever is in it
        trouble = f"{where}: {type(error).__name__}: {error}"
    yield Input(source.path, source.name if is_empty else folder / "broken", trouble=trouble, place=where)


def _told(where: str, error: Exception) -> str:
    why = _reason(error) if isinstance(error, OSError) else str(error)
    return why if why.startswith(f"{where}: ") else f"{where}: {why}"


def _is_size(error: Exception) -> bool:
    return isinstance(error, TooLargeError)


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
            if (copy := snapshot(path)) is not None:
                yield Input(path / copy.path, name / copy.path, url=copy.url, captured=copy.captured)
                continue
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
        return is_page_name(path.name, SUFFIXES)
    if stat.S_ISDIR(mode):
        return True
    if not stat.S_ISREG(mode):  # a pipe would wait for ever
        return False
    name = path.name.lower()
    if name.endswith(".txt"):
        return not is_record(path.with_suffix(".json"))
    return is_page_name(name, SUFFIXES) and not (name.endswith(".jsonl") and is_record(path))


def _is_leftover(folder: Path, name: str) -> bool:
    """Whether `name` belongs to a page in `folder`: its sidecar, pictures saved with it, a further page of it."""
    if name.endswith(".json"):
        page = name.removesuffix(".json")
        return any(_is_file(folder / f"{page}{packed}") for packed in ("", *_PACKED))
    if name.endswith("_files"):
        page = name.removesuffix("_files")
        return any(_is_file(folder / f"{page}{suffix}") for suffix in (".html", ".htm"))
    if found := _BESIDE.fullmatch(name):
        said = _said_of(folder / f"{found['first']}{found['suffix']}", [])
        return name in (*said.pages, said.rendered)
    return False


def _is_pipe(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
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
