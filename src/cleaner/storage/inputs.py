"""Files in: pages, their sidecars, folders and containers of them."""

from __future__ import annotations

import os
import stat
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cleaner.errors import InputError, TooLargeError
from cleaner.model import Note, Page
from cleaner.storage.outputs import holds_records, is_record
from cleaner.storage.readers import (
    MAX_BYTES,
    SUFFIXES,
    Apart,
    Member,
    Part,
    Stream,
    as_folder,
    is_heavy,
    is_page_name,
    members,
    page_of,
    parts,
    snapshot,
    tell,
)
from cleaner.storage.readers.sidecar import MAX_SIDECAR, Sidecar, firsts, owners, parse_sidecar, sidecar_names
from cleaner.storage.readers.tables import parquet_file
from cleaner.storage.records import content_hash
from cleaner.storage.table import is_table

__all__ = ["Input", "Meter", "beside", "count_bytes", "find_files", "find_pages", "pages_in", "parts_of", "read"]

_END_BYTES = 64 * 1024


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


def beside(path: Path) -> Iterator[Path]:
    """Yield what else than the file `path` :func:`read` reads, or would, if it were there."""
    said = _said_of(path, [])
    for page in (path, *map(path.with_name, said.pages)):
        its = said if page == path else _said_of(page, [])
        yield from map(page.with_name, sidecar_names(page.name))
        if page != path:
            yield page
        if its.rendered:
            yield page.with_name(its.rendered)


def _read_one(path: Path, said: Sidecar, notes: list[Note]) -> Page:
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
    return replace(said, charset=charset).on(page_of(content, str(source)))


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


def _said_of(path: Path, notes: list[Note]) -> Sidecar:
    """Return what the sidecar of a page says; nothing where it has none."""
    for name in sidecar_names(path.name):
        with suppress(OSError):  # mostly: there is none
            with path.with_name(name).open("rb") as file:
                raw = file.read(MAX_SIDECAR + 1)
            return parse_sidecar(raw, name, notes)
    return Sidecar()


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
    notes: tuple[Note, ...] = ()
    """What is wrong with its sidecar, where it has been read already."""
    container: tuple[Path, str] | None = None
    """The file that holds the page among others, and a mark by which it is told from another of that name."""

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
            if notes is not None:
                notes.extend(self.notes)
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


@dataclass(slots=True)
class Meter:
    """How far reading is: bytes of files as they lie on the disk, packed. A page has no other size known before it."""

    _whole: int = 0
    _part: int = 0

    @property
    def read(self) -> int:
        """How many bytes were read."""
        return self._whole + self._part

    def at(self, position: int) -> None:
        """Be at `position` of a file; some are not read in their order."""
        self._part = max(self._part, position)

    def end(self, size: int) -> None:
        """End a file of `size` bytes."""
        self._whole, self._part = self._whole + size, 0


def find_pages(
    paths: Sequence[str | Path],
    *,
    skip: Path | None = None,
    meter: Meter | None = None,
    apart: Apart | None = None,
) -> Iterator[Input]:
    """Yield the pages that `paths` name: files as they are, folders with everything below, `-` for standard input.

    A container (WARC, zip, Parquet …) is yielded page by page, each read when its turn comes. In folders the order is
    that of the names; hidden files, sidecars, the `a_files` folder of a browser's `a.html`, pages that are read with
    another one (further pages of an article), clean texts, all copies but one in a folder of ArchiveBox, and the folder
    `skip` (the output) are passed over, and no folder is entered twice. What cannot be listed or read is yielded with
    its `trouble`. A `meter` is moved on as files are read. What takes much memory to read (Parquet, which is unpacked a
    thousand rows at a time) is read by `apart`, where that is given.

    Raises InputError at once where a path does not exist, and after the last page where a folder or container holds
    none.
    """
    return _find(_checked(paths, skip), skip, meter or Meter(), apart)


def count_bytes(paths: Sequence[str | Path], *, skip: Path | None = None) -> int | None:
    """Return how many bytes the files have that `paths` name, as a :class:`Meter` counts; None with a pipe among them.

    Raises InputError as `find_pages` does at once.
    """
    total = 0
    for _, files in _roots(_checked(paths, skip), skip):
        for source in files:
            if source.path is None or _is_pipe(source.path):
                return None
            total += _size(source.path)
    return total


def find_files(paths: Sequence[str | Path], *, skip: Path | None = None) -> Iterator[Input]:
    """Yield the files that `paths` name, unopened: those of which :func:`find_pages` yields the pages."""
    for _, files in _roots(_checked(paths, skip), skip):
        yield from files


def pages_in(source: Input, part: Part | None = None, apart: Apart | None = None) -> Iterator[Input]:
    """Yield the pages in a file that :func:`find_files` has found, or in a part of it; the file, where it is a page.

    For `apart`, see :func:`find_pages`.
    """
    return _opened(source, Meter(), apart, part)


def parts_of(source: Input, size: int) -> list[Part | None]:
    """Return the parts of some `size` bytes, as they lie on the disk, that a file can be read in; None is the whole."""
    if source.path is None or source.trouble or _is_pipe(source.path):
        return [None]
    try:
        with source.path.open("rb") as file:
            stream = Stream(file)
            return [*parts(tell(stream.head, source.name.name), stream, size)] or [None]
    except (InputError, TooLargeError, OSError):  # who reads it will find the same, and say so
        return [None]


def _checked(paths: Sequence[str | Path], skip: Path | None) -> list[Path | None]:
    todo: list[Path | None] = []
    for path in paths:
        if str(path) == "-":
            todo.append(None)
            continue
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder")
        if skip is not None and _is_same(skip, Path(path)):
            raise InputError(f"{path}: pages would be written where they are read; name another output folder")
        todo.append(Path(path))
    return todo


def _find(paths: list[Path | None], skip: Path | None, meter: Meter, apart: Apart | None) -> Iterator[Input]:
    barren: list[Path] = []
    for path, files in _roots(paths, skip):
        found = False
        for source in files:
            for page in _opened(source, meter, apart):
                found = True
                yield page
            meter.end(0 if source.path is None else _size(source.path))
        if not found and path is not None:
            barren.append(path)
    if barren:
        wanted = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise InputError(
            f"no pages in {', '.join(map(str, barren))}: looked for {wanted} (and .gz, .bz2, .xz, .zst of these); "
            "a file of another name, or one that cleaner wrote, is cleaned if it is named itself; "
            "`cleaner inspect` says what is in a file"
        )


def _roots(paths: list[Path | None], skip: Path | None) -> Iterator[tuple[Path | None, Iterator[Input]]]:
    """Yield each path with the files that it names."""
    names = _Names() if len(paths) > 1 else None  # one root cannot name two files alike
    named = {path for path in paths if path is not None}
    for path in paths:
        if path is None:
            files = iter([Input(None, PurePosixPath("stdin"))])
        elif len(paths) > 1 and _is_leftover(path.parent, path.name, named):  # `raw/*`, as the shell spells it out
            continue
        elif path.name.endswith(".json") and _is_leftover(path.parent, path.name):
            raise InputError(f"{path}: the sidecar of a page, not a page")
        else:
            files = _walk(path, skip) if _is_dir(path) else iter([Input(path, PurePosixPath(path.name))])
        yield path, files if names is None else (replace(file, name=names.take(file.name)) for file in files)


def _opened(source: Input, meter: Meter, apart: Apart | None, part: Part | None = None) -> Iterator[Input]:
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
                if apart is not None and is_heavy(form, stream):
                    found = apart(parquet_file, source.path, source.location, part)
                else:
                    read = members(form, stream, source.location, Counter(), part)
                    found = ((0 if is_pipe else file.tell(), member) for member in read)
                yield from _members(found, source, meter)
                return
            if is_pipe:  # what comes through a pipe comes once
                source = replace(source, page=page_of(stream.read_all(MAX_BYTES), source.location))
    except (InputError, TooLargeError, OSError) as error:
        if is_pipe:  # else who reads the page will find the same
            source = replace(source, trouble=_told(source.location, error), is_too_large=_is_size(error))
    yield source


def _members(found: Iterator[tuple[int, Member]], source: Input, meter: Meter) -> Iterator[Input]:
    """Yield the pages in a container; last, what kept it from being read further."""
    where = source.location
    folder = source.name.with_name(as_folder(source.name.name))
    container = None if source.path is None or _is_pipe(source.path) else (source.path, _stamp(source.path))
    is_empty = True
    try:
        for position, member in found:
            is_empty = False
            meter.at(position)
            trouble = f"{member.location}: {member.trouble}" if member.trouble else ""
            yield Input(
                None,
                folder / member.name,
                url=member.url,
                trouble=trouble,
                is_too_large=member.is_too_large,
                page=member.page,
                place=member.location,
                notes=member.notes,
                container=container,
            )
        return
    except (InputError, OSError) as error:
        trouble = _told(where, error)
    except Exception as error:  # noqa: BLE001 - one file must not end the run, whatever is in it
        trouble = f"{where}: {type(error).__name__}: {error}"
    name = source.name if is_empty else folder / "broken"
    yield Input(source.path, name, trouble=trouble, place=where, container=container)


def _stamp(path: Path) -> str:
    """Return what tells a file from another of its name: its size, its beginning and its end. Not its date: a copy is
    the same file.
    """
    with path.open("rb") as file:
        ends = file.read(_END_BYTES)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _END_BYTES))
        ends += file.read(_END_BYTES)
    return f"{size} {content_hash(ends)}"


def _told(where: str, error: Exception) -> str:
    why = _reason(error) if isinstance(error, OSError) else str(error)
    return why if why.startswith(f"{where}: ") else f"{where}: {why}"


def _is_size(error: Exception) -> bool:
    return isinstance(error, TooLargeError)


class _Names:
    """Gives each file of a run a name of its own: `x/a.html y/a.html` are `a.html` and `a~2.html`.

    A file is not called as a folder either: if it is an archive, its pages lie below that name. Kept are hashes, as the
    files may be millions.
    """

    def __init__(self) -> None:
        self._files: dict[int, int] = {}
        """With the last number that told others from it: `*/index.html` may be many thousands."""
        self._folders: set[int] = set()

    def take(self, name: PurePosixPath) -> PurePosixPath:
        """Return `name`, numbered where another file of this run has it."""
        folder = PurePosixPath()
        for part in name.parts[:-1]:
            free, number = folder / part, 1
            while hash(free) in self._files:
                number += 1
                free = folder / f"{part}~{number}"
            folder = free
            self._folders.add(hash(folder))
        free = wanted = folder / name.name
        number = self._files.get(hash(wanted), 1)
        while hash(free) in self._files or hash(free) in self._folders:
            number += 1
            free = wanted.with_name(f"{wanted.stem}~{number}{wanted.suffix}")
        self._files[hash(wanted)] = number
        self._files.setdefault(hash(free), 1)
        return free


def _walk(root: Path, skip: Path | None) -> Iterator[Input]:
    """Yield the pages below the folder `root`, in the order of their names."""
    entered: set[tuple[int, int]] = set()  # device and inode: a loop of links comes back to one of these
    if skip is not None:
        with suppress(OSError):
            entered.add(_identity(skip))
    stack = [iter([root])]
    while stack:
        path = next(stack[-1], None)
        if path is None:
            stack.pop()
            continue
        *folders, last = path.relative_to(root).parts or ("",)
        name = PurePosixPath(*map(as_folder, folders), last)
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
            # Of what a folder holds, which may be a million pages, nothing is kept but the names.
            children = sorted(child.name for child in path.iterdir() if not child.name.startswith("."))
            stack.append(filter(_is_wanted, map(path.joinpath, children)))
        except OSError as error:
            yield Input(path, name if name.parts else PurePosixPath("folder"), trouble=f"{path}: {_reason(error)}")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there, or cannot be: who reads or writes it says so
        return False


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
    return is_page_name(name, SUFFIXES) and not _is_output(path)


def _is_output(path: Path) -> bool:
    """Whether a file is what an earlier run made of pages: lines of records, packed or not, or a table of them."""
    if path.suffix.lower() == ".parquet":
        return is_table(path)
    if is_page_name(path.name, (".jsonl",)):
        with suppress(InputError, OSError), path.open("rb") as file:
            return holds_records(Stream(file).head)
    return False


def _is_leftover(folder: Path, name: str, named: Collection[Path] | None = None) -> bool:
    """Whether `name` belongs to a page in `folder`: its sidecar, pictures saved with it, a further page of it.

    A further page is a page itself: it is left to the first only where that is there, and of `named` paths one of them.
    """
    if name.endswith(".json"):
        return any(_is_file(folder / page) for page in owners(name)) and not _is_dir(folder / name)
    if name.endswith("_files"):
        page = name.removesuffix("_files")
        return any(_is_file(folder / f"{page}{suffix}") for suffix in (".html", ".htm"))
    for page in firsts(name):
        first = folder / page
        if (named is None or first in named) and _is_file(first) and _said_of(first, []).names(name):
            return True
    return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


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
