"""Every form in which pages are saved, told by content.

A file is one page (:func:`page_of`) or a container of pages (:func:`members`), which is read from its beginning to
its end, a page at a time. Trouble with a page is a :class:`Member` without one; only a container that cannot be read at
all, or no further, raises InputError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from cleaner.errors import InputError
from cleaner.storage.readers.archivebox import Snapshot, snapshot
from cleaner.storage.readers.compressed import Stream
from cleaner.storage.readers.forms import SUFFIXES, Form, tell
from cleaner.storage.readers.members import (
    MAX_BYTES,
    MAX_MEMBER,
    PAGE_SUFFIXES,
    Member,
    Part,
    as_folder,
    is_page_name,
)
from cleaner.storage.readers.pages import page_of

__all__ = [
    "MAX_BYTES",
    "MAX_MEMBER",
    "PAGE_SUFFIXES",
    "SUFFIXES",
    "Apart",
    "Form",
    "Member",
    "Part",
    "Snapshot",
    "Stream",
    "as_folder",
    "is_heavy",
    "is_page_name",
    "members",
    "page_of",
    "parts",
    "refine",
    "snapshot",
    "tell",
]


def refine(form: Form, stream: Stream) -> Form:
    """Return what a zip archive is in truth: that takes its list of members, which stands at the end of the file."""
    if form is not Form.ZIP or not _is_whole(stream):
        return form
    from cleaner.storage.readers import archives, wacz, zips

    try:
        with zips.open_zip(stream.raw) as archive:
            return Form.WACZ if wacz.is_wacz(archive) else Form.MAFF if archives.is_maff(archive) else form
    except InputError:
        return form


def parts(form: Form, stream: Stream, size: int) -> list[Part]:
    """Return parts of some `size` bytes, as they lie on the disk, that make up a container; none if it has no parts.

    Raises InputError where it cannot be read, OSError where the disk is at fault.
    """
    from cleaner.storage.readers import tables, warc

    if form is Form.WARC:
        return warc.parts(stream, size)
    if form is Form.PARQUET and _is_whole(stream):
        return tables.row_groups(stream.raw, size)
    if form is Form.JSONL and _is_whole(stream):
        return tables.runs_of_lines(stream.raw, size)
    return []


Apart = Callable[..., Iterator[Any]]
"""Yields what a function yields for the arguments that follow it, from elsewhere: :func:`cleaner.pool.stream`."""


def is_heavy(form: Form, stream: Stream) -> bool:
    """Tell whether a file takes so much memory to read that it is best read elsewhere: by `tables.parquet_file`."""
    return form is Form.PARQUET and _is_whole(stream)


def members(
    form: Form, stream: Stream, where: str, skipped: Counter[str], part: Part | None = None
) -> Iterator[Member]:
    """Yield the pages in a container, in their order; count in `skipped` what else is there, by what it is.

    Of a `part`, which :func:`parts` has named, only the pages in it: they are what they are in the whole, their places
    included, but for the numbers in the names of records.

    Raises InputError where it cannot be read (further), OSError where the disk is at fault.
    """
    from cleaner.storage.readers import archives, tables, wacz, warc, zips

    if form is Form.WARC:
        yield from warc.members(stream, where, skipped, part=part)
    elif form is Form.TAR:
        yield from archives.tar(stream, where, skipped)
    elif form is Form.JSONL:
        yield from tables.jsonl(stream, where, skipped, part)
    elif form is Form.ARC:
        raise InputError("ARC, the forerunner of WARC: `warcio recompress` makes WARC of it")
    elif not _is_whole(stream):
        raise InputError(f"{form} is read from its end: it has to be a file of its own, unpacked, and no pipe")
    elif form is Form.PARQUET:
        yield from tables.parquet(stream.raw, where, part)
    else:
        size = stream.raw.seek(0, 2)
        with zips.open_zip(stream.raw) as archive:
            if wacz.is_wacz(archive):
                yield from wacz.wacz(archive, where, skipped)
            elif archives.is_maff(archive):
                yield from archives.maff(archive, size, where, skipped)
            else:
                yield from archives.zipped(archive, size, where, skipped)


def _is_whole(stream: Stream) -> bool:
    return stream.is_seekable and stream.packing is None
