"""Archives of pages: zip, MAFF (Firefox's add-on of old), tar.

Members are told as files in a folder are: by their names. Nothing is ever unpacked to the disk; a name only decides
where the record goes, and one that leads out of the archive is trouble. An archive in an archive is not opened.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from html import unescape
from pathlib import PurePosixPath
from typing import Any, Final, Self, cast

from cleaner.errors import InputError, TooLargeError
from cleaner.model import Note, Page
from cleaner.storage.readers.compressed import Stream, packing
from cleaner.storage.readers.forms import CONTAINER_SUFFIXES
from cleaner.storage.readers.members import (
    MAX_BYTES,
    MAX_MEMBER,
    PACKED,
    RATIO,
    Member,
    Names,
    is_page_name,
    moment,
    numbered,
    too_large,
    web,
)
from cleaner.storage.readers.pages import page_of
from cleaner.storage.readers.sidecar import (
    MAX_SIDECAR,
    Sidecar,
    complaint,
    firsts,
    owners,
    parse_sidecar,
    sidecar_names,
)
from cleaner.storage.readers.zips import read_member

__all__ = ["is_maff", "maff", "tar", "zipped"]

_MAX_HEADER: Final = 1024 * 1024
"""Bytes of what stands before a member in a tar archive: long names, attributes, the map of a sparse file."""
_MAX_GLOBALS: Final = 1000
"""Attributes that hold for all members behind them; each member gets a copy."""
_RDF_VALUE: Final = r"""<MAF:{}\s{{1,99}}(?:RDF:)?resource\s{{0,9}}=\s{{0,9}}["']([^"']{{1,4096}})["']"""
_MAX_RDF: Final = 64 * 1024
_READ_WITH: Final = "read with the page beside it"
_MOST_FILES: Final = 100_000
_MOST_SIDECARS: Final = 16 * 1024 * 1024
"""Bytes of sidecars in a tar archive that wait for their pages."""


# ── Zip ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Budget:
    """How much may come out of an archive in all."""

    def __init__(self, packed: int) -> None:
        self._left = MAX_BYTES + RATIO * packed

    def spend(self, member: Member) -> None:
        self.take(0 if member.page is None else len(member.page.content))

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise InputError(f"more than {RATIO} times as much comes out as goes in: a bomb, by all appearance")


def zipped(archive: zipfile.ZipFile, size: int, where: str, skipped: Counter[str]) -> Iterator[Member]:
    """Yield the pages in a zip archive of `size` bytes; count in `skipped` what else is there."""
    names, folder = Names(), _Zipped(archive, where, _Budget(size))
    for number, info in enumerate(archive.infolist(), 1):
        if _is_dir(info) or not _is_wanted(info.filename, folder.files, skipped):
            continue
        if folder.is_part(info.filename):
            skipped[_READ_WITH] += 1
            continue

        notes: list[Note] = []
        said = folder.said_of(info.filename, notes)
        rendered = folder.rendered(info.filename, said, notes)
        read = partial(read_member, archive, rendered or info)
        member = _member(number, info.filename, names, f"{where}/{info.filename}", read)
        folder.budget.spend(member)
        if member.page is not None:
            page = (replace(said, charset="utf-8") if rendered else said).on(member.page)
            page = replace(page, continued=tuple(folder.further(info.filename, page, said, notes)))
            member = replace(member, page=page, notes=tuple(notes))
        yield member


class _Zipped:
    """A zip archive as a folder of pages: what belongs to a page is read with it, wherever it lies in the archive."""

    def __init__(self, archive: zipfile.ZipFile, where: str, budget: _Budget) -> None:
        self._archive = archive
        self._where = where
        self.budget = budget
        self.files = {info.filename for info in archive.infolist()}

    def said_of(self, name: str, notes: list[Note]) -> Sidecar:
        """Return what the sidecar of a member says; nothing where it has none."""
        beside = next((beside for beside in sidecar_names(name) if beside in self.files), None)
        if beside is None:
            return Sidecar()
        try:
            raw = read_member(self._archive, self._archive.getinfo(beside), MAX_SIDECAR)
        except (InputError, TooLargeError) as error:
            notes.append(complaint(beside, str(error) or "too large"))
            return Sidecar()
        self.budget.take(len(raw))
        return parse_sidecar(raw, beside, notes)

    def is_part(self, name: str) -> bool:
        """Tell whether a member is read with another one: a further page, a rendering."""
        last = name.rpartition("/")[2]
        return any(first in self.files and self.said_of(first, []).names(last) for first in firsts(name))

    def rendered(self, name: str, said: Sidecar, notes: list[Note]) -> zipfile.ZipInfo | None:
        """Return the member with a page as a browser rendered it; None where there is none."""
        if said.rendered is None:
            return None
        beside = _beside(name, said.rendered)
        if beside in self.files:
            return self._archive.getinfo(beside)
        notes.append(_incomplete(name, f"rendered page {said.rendered} is not there"))
        return None

    def further(self, name: str, first: Page, said: Sidecar, notes: list[Note]) -> Iterator[Page]:
        """Yield the further pages of the article that begins in a member; all have the room of one member."""
        room = MAX_MEMBER - len(first.content)
        for told in said.pages:
            beside = _beside(name, told)
            if beside not in self.files:
                notes.append(_incomplete(name, f"further page left out: {told} is not there"))
                continue
            own = self.said_of(beside, notes)
            rendered = self.rendered(beside, own, notes)
            read = partial(read_member, self._archive, rendered or self._archive.getinfo(beside))
            member = _member(0, beside, Names(), f"{self._where}/{beside}", read)
            if member.page is None:
                notes.append(_incomplete(name, f"further page left out: {told}: {member.trouble}"))
                continue
            self.budget.spend(member)
            room -= len(member.page.content)
            if room < 0:
                why = f"{told} and the pages behind it left out: more than {MAX_MEMBER // 1024**2} MB in all"
                notes.append(_incomplete(name, why))
                return
            yield (replace(own, charset="utf-8") if rendered else own).on(member.page)


def _beside(name: str, other: str) -> str:
    folder, slash, _ = name.rpartition("/")
    return f"{folder}{slash}{other}"


def _incomplete(name: str, what: str) -> Note:
    return Note("storage/sidecar", f"sidecar {name}.json: {what}", f"{name}.json")


def _with(member: Member, raw: bytes, name: str, renderings: set[str]) -> Member:
    """Return a member of a tar archive with what its sidecar says; its rendering is entered in `renderings`."""
    if member.page is None:
        return member
    notes: list[Note] = []
    said = parse_sidecar(raw, name, notes)
    if said.rendered is not None and len(renderings) < _MOST_FILES:
        renderings.add(_beside(name, said.rendered))
    return replace(member, page=said.on(member.page), notes=tuple(notes))


def _is_dir(info: zipfile.ZipInfo) -> bool:
    return not info.filename or info.is_dir()


def _is_wanted(name: str, files: set[str], skipped: Counter[str], renderings: Collection[str] = ()) -> bool:
    """Whether a member is a page by its name, or an archive, which is trouble; else count it."""
    *folders, last = name.replace("\\", "/").split("/")
    if last.startswith(".") or "__MACOSX" in folders:
        return _skip(skipped, "hidden file")
    for depth, folder in enumerate(folders):
        owner = "/".join((*folders[:depth], folder.removesuffix("_files")))
        if folder.endswith("_files") and (f"{owner}.html" in files or f"{owner}.htm" in files):
            return _skip(skipped, "belongs to a page beside it (_files)")
    if any(owner in files for owner in owners(name)):
        return _skip(skipped, "sidecar")
    if name in renderings and any(first in files for first in firsts(name)):
        return _skip(skipped, "rendering of a page beside it")
    if is_page_name(last) or _is_archive_name(last):
        return True
    suffix = PurePosixPath(last).suffix.lower()
    return _skip(skipped, f"*{suffix[:12]}" if suffix else "no suffix")


def _is_archive_name(name: str) -> bool:
    name = name.lower()
    return name.endswith(tuple(suffix + packed for suffix in CONTAINER_SUFFIXES for packed in ("", *PACKED)))


def _skip(skipped: Counter[str], what: str) -> bool:
    skipped[what] += 1
    return False


def _member(number: int, told: str, names: Names, location: str, read: Callable[[], bytes]) -> Member:
    """Return a page of an archive, or why it cannot be read."""
    name = names.take(number, told)
    if name is None:
        return Member(numbered(number), location, None, "its name leads out of the archive")
    if _is_archive_name(told):
        return Member(name, location, None, "an archive in an archive: unpack the outer one first")
    try:
        content = _unpacked(read())
        try:
            page = page_of(content, location)
        except (InputError, TooLargeError):
            raise
        except Exception as error:  # noqa: BLE001 - one page must not cost those behind it
            return Member(name, location, None, f"broken: {type(error).__name__}: {error}".rstrip(": "))
        if len(page.content) > MAX_MEMBER:  # a page of SingleFile's may be packed itself
            return too_large(name, location)
        return Member(name, location, page)
    except TooLargeError:
        return too_large(name, location)
    except InputError as error:
        return Member(name, location, None, str(error).removeprefix(f"{location}: "))


def _unpacked(content: bytes) -> bytes:
    if packing(content[:16]) is None:
        return content
    return Stream(io.BytesIO(content)).read_all(MAX_MEMBER)


# ── MAFF ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def is_maff(archive: zipfile.ZipFile) -> bool:
    """Whether a zip archive holds pages as MAFF does: a folder for each, with an `index.rdf` that says what it is."""
    return any(_is_rdf(info) for info in archive.infolist())


def _is_rdf(info: zipfile.ZipInfo) -> bool:
    return info.filename.count("/") == 1 and info.filename.endswith("/index.rdf")


def maff(archive: zipfile.ZipFile, size: int, where: str, skipped: Counter[str]) -> Iterator[Member]:
    """Yield the pages of a MAFF file; count in `skipped` what belongs to them."""
    budget = _Budget(size)
    names = Names()
    infos = {info.filename: info for info in archive.infolist() if not _is_dir(info)}
    skipped["belongs to a page"] += len(infos)
    for number, rdf in enumerate((info for info in infos.values() if _is_rdf(info)), 1):
        folder = rdf.filename.removesuffix("/index.rdf")
        try:
            said = read_member(archive, rdf, _MAX_RDF).decode("utf-8", "replace")
        except (InputError, TooLargeError) as error:
            yield Member(numbered(number), f"{where}/{rdf.filename}", None, str(error) or "it is too large")
            continue
        index = f"{folder}/{_value(said, 'indexfilename') or 'index.html'}"
        location = f"{where}/{index}"
        if index not in infos:
            yield Member(numbered(number), location, None, f"{rdf.filename} names it, but it is not there")
            continue
        skipped["belongs to a page"] -= 2
        skipped["index.rdf"] += 1
        member = _member(number, index, names, location, partial(read_member, archive, infos[index]))
        budget.spend(member)
        if (page := member.page) is not None:
            captured, charset = moment(_value(said, "archivetime")), _value(said, "charset")
            page = Page(
                page.content, web(_value(said, "originalurl")), page.media_type, charset or None, captured, location
            )
            member = Member(member.name, location, page)
        yield member


def _value(rdf: str, name: str) -> str:
    found = re.search(_RDF_VALUE.format(name), rdf)
    return unescape(found[1]) if found else ""


# ── Tar ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Header(tarfile.TarInfo):
    """Counts blocks that should be headers and are not: the library passes over them without a word."""

    @classmethod
    def fromtarfile(cls, tarfile: Any) -> Self:
        try:
            with tarfile.fileobj.one_header():
                header = super().fromtarfile(tarfile)
        except _NO_HEADER:
            tarfile.strays += 1
            raise
        if len(tarfile.pax_headers) > _MAX_GLOBALS:
            raise InputError(f"broken tar archive: more than {_MAX_GLOBALS:,} attributes for all members")
        return header


_NO_HEADER: Final = (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError)  # type: ignore[attr-defined]


class _Tar(tarfile.TarFile):
    tarinfo = _Header
    members: list[tarfile.TarInfo]

    def __init__(self, stream: Stream) -> None:
        self.strays = 0
        # `ignore_zeros`: what cannot be read is passed over, block by block, until something can.
        super().__init__(fileobj=cast("Any", _Metered(stream)), ignore_zeros=True, errors="surrogateescape")


class _Metered:
    """A stream that gives no header that is too large.

    One goes before another, maps of sparse files follow, and the library keeps all of it, many times its size.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left: int | None = None
        """Bytes of the header that is being read; None where it is no header."""
        self.tell, self.seek = stream.tell, stream.seek

    @contextmanager
    def one_header(self) -> Iterator[None]:
        """Read one header; those that the library reads with it, from within, are a part of it."""
        outer, self._left = self._left, _MAX_HEADER if self._left is None else self._left
        try:
            yield
        finally:
            self._left = None if outer is None else self._left

    def read(self, size: int) -> bytes:
        """Return `size` bytes. Raises InputError."""
        if self._left is not None:
            self._left -= size
            if self._left < 0:
                raise InputError(f"broken tar archive: a header of more than {_MAX_HEADER // 1024**2} MB")
        return self._stream.read(size)


def tar(stream: Stream, where: str, skipped: Counter[str]) -> Iterator[Member]:
    """Yield the pages in a tar archive, packed or not; count in `skipped` what else is there.

    It is read once: a sidecar is found that comes at some time before its page, or right behind it.
    """
    names, files, renderings, number = Names(), set[str](), set[str](), 0
    sidecars = _Sidecars()
    last: tuple[str, Member] | None = None  # a page whose sidecar may come next
    try:
        archive = _Tar(stream)
        while (info := archive.next()) is not None or archive.strays:
            sidecar = b"" if info is None or archive.strays else _sidecar(archive, info)
            if info is not None and sidecar and last is not None and info.name in sidecar_names(last[0]):
                last = last[0], _with(last[1], sidecar, info.name, renderings)
                sidecar = b""
            if last is not None:
                yield last[1]
                last = None
            if archive.strays:
                why = f"{archive.strays:,} blocks before the next member belong to none: the archive is broken"
                yield Member(numbered(number, "broken"), f"{where}/", None, why)
                archive.strays = 0
            if info is None:
                return
            archive.members.clear()  # it would remember them all
            number += 1
            if info.isdir() or not _is_wanted(info.name, files, skipped, renderings):
                if sidecar and any(owner in files for owner in owners(info.name)):
                    skipped["sidecar"] -= 1
                    skipped["sidecar that comes too late"] += 1
                else:
                    sidecars.add(info.name, sidecar)
                continue
            if len(files) < _MOST_FILES:
                files.add(info.name)

            read = partial(_tarred, archive, info)
            member = _member(number, info.name, names, f"{where}/{info.name}", read)
            if (found := sidecars.take(info.name)) is not None:
                skipped["*.json"] -= 1
                skipped["sidecar"] += 1
                yield _with(member, found[1], found[0], renderings)
            else:
                last = info.name, member
        if last is not None:
            yield last[1]
    except (InputError, tarfile.TarError, EOFError, OSError, ValueError, RecursionError) as error:
        if last is not None:
            yield last[1]
        if isinstance(error, InputError):  # the stream's own
            raise
        raise InputError(f"broken tar archive after member {number:,}: {error}") from error


class _Sidecars:
    """What may be sidecars of pages that come later; the oldest make room for others."""

    def __init__(self) -> None:
        self._raw: dict[str, bytes] = {}
        self._bytes = 0

    def add(self, name: str, raw: bytes) -> None:
        if not raw or name in self._raw:
            return
        self._raw[name] = raw
        self._bytes += len(raw)
        while self._bytes > _MOST_SIDECARS:
            self._bytes -= len(self._raw.pop(next(iter(self._raw))))

    def take(self, page: str) -> tuple[str, bytes] | None:
        for name in sidecar_names(page):
            if (raw := self._raw.pop(name, None)) is not None:
                self._bytes -= len(raw)
                return name, raw
        return None


def _sidecar(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    """Return the content of a member that may be a sidecar, nothing of others."""
    is_one = info.isreg() and info.name.endswith(".json") and info.size <= MAX_SIDECAR
    return _tarred(archive, info) if is_one else b""


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    if not info.isreg():
        raise InputError("a link or a device, not a page")
    if info.size > MAX_MEMBER:
        raise TooLargeError
    file = archive.extractfile(info)
    assert file is not None  # as for all that is regular
    with file:
        return file.read(MAX_MEMBER + 1)
