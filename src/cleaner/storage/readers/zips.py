"""Zip archives as a library sees them, opened and read within limits."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO, Final, cast

from cleaner.errors import InputError, TooLargeError
from cleaner.storage.readers.members import MAX_MEMBER

__all__ = ["BROKEN", "open_zip", "read_member", "why"]

_MAX_DIRECTORY: Final = 32 * 1024 * 1024
"""Bytes of the list of members in a zip archive, some 300,000 of them: the library reads it as a whole."""
# What the library raises at one broken archive or another.
BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError),
    *(MemoryError, OverflowError, lzma.LZMAError, struct.error),
)


def why(error: Exception) -> str:
    """Return why an archive is broken; some errors of the library say nothing but what they are called."""
    return str(error) if isinstance(error, InputError) else f"cannot be unpacked: {str(error) or type(error).__name__}"


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Return a zip archive that is not too large to be listed. Raises InputError."""
    guarded = _Guarded(file)
    try:
        # It asks a file for these four alone.
        archive = zipfile.ZipFile(cast("BinaryIO", guarded))
    except BROKEN as error:
        raise InputError(f"broken zip archive: {error}") from error
    guarded.lists = False
    return archive


class _Guarded:
    """A file that gives no list of members that is too large.

    It waits for the library to ask: what an archive states of the list, it can state in two places and in many ways.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.lists = True
        """Whether the list is being read."""
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes. Raises InputError."""
        if self.lists and size > _MAX_DIRECTORY:
            raise InputError(f"its list of members has {size:,} bytes; at most {_MAX_DIRECTORY:,} are read")
        return self._file.read(size)


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int = MAX_MEMBER) -> bytes:
    """Return the content of a member. Raises InputError where it is broken, TooLargeError where it is over the cap."""
    if info.flag_bits & 1:
        raise InputError("it is encrypted")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise InputError("a link, not a page")
    if info.file_size > most:
        raise TooLargeError
    try:
        with archive.open(info) as file:
            content = file.read(most + 1)
    except BROKEN as error:
        raise InputError(why(error)) from error
    if len(content) > most:
        raise TooLargeError
    return content
