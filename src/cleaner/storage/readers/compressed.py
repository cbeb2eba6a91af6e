"""Streams, unpacked as they are read: gzip, bzip2, xz, zstd, told by their first bytes.

What comes out is counted against what goes in, so that a bomb ends in an error, not in hours; and no more than a chunk
is ever held.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Final, Protocol, cast

from cleaner.errors import InputError, TooLargeError
from cleaner.storage.readers.members import MAX_BYTES, MAX_MEMBER, RATIO

__all__ = ["HEAD", "Stream", "extra", "packing"]

HEAD: Final = 4096
"""How many bytes tell what a file is."""
_LONG_LINE: Final = 64 * 1024
"""The same where it begins with an object: a crawler's headers may come before the page."""
_CHUNK: Final = 128 * 1024
_PIECE: Final = 4 * 1024 * 1024
_XZ_MEMORY: Final = 256 * 1024 * 1024
_ZSTD_WINDOW: Final = 128 * 1024 * 1024
_MOST_STARTS: Final = 100_000


def packing(head: bytes) -> str | None:
    """Return how a file that begins with `head` is packed, None where it is not."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):  # a block, or the end of an empty file
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\0"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    return None


def extra(what: str, error: ImportError) -> InputError:
    """Return the error for a format whose library is not installed."""
    return InputError(f"{what} is read with the package {error.name}: pip install 'cleaner[formats]'")


class Stream(io.RawIOBase):
    """A file from its beginning to its end, unpacked. It tells where it is, and seeks forward only.

    Raises InputError where what is packed is broken, a bomb, or (zstd) needs a library that is not there.
    """

    def __init__(self, raw: BinaryIO) -> None:
        head = _fill(raw, HEAD)
        self.raw: BinaryIO = raw
        """What is behind it, where that can be sought in."""
        self.packing = packing(head)
        """`gzip`, `bzip2`, `xz`, `zstd`, or None."""
        self.is_seekable = raw.seekable()
        self._position = 0
        self._ahead = b""
        self._error: InputError | None = None
        source = _Source(raw, head)
        self._source = source
        self._plain: _Reads = source
        if self.packing == "zstd":
            self._plain = _zstd(source)
        elif self.packing is not None:
            self._plain = _Members(source, _DECODERS[self.packing])
        head = self.read(HEAD)
        if head.startswith(b"{") and b"\n" not in head:  # of an object, what it is may come late
            with suppress(InputError):  # raised again where that is read
                head += self.read(_LONG_LINE - HEAD)
        self._ahead = self.head = head
        """The first bytes, unpacked."""
        self._position = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go forward to `offset`."""
        if whence != io.SEEK_SET or offset < self._position:
            raise io.UnsupportedOperation("it can be read forward only")
        while self._position < offset and self.read(min(offset - self._position, _CHUNK)):
            pass
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        if not 0 <= size <= MAX_MEMBER + HEAD:
            raise InputError(f"a piece of {size:,} bytes where at most {MAX_MEMBER:,} are read")
        parts = []
        while size > 0:
            if self._ahead:
                part, self._ahead = self._ahead[:size], self._ahead[size:]
            else:
                part = self._unpacked(size)
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self._position += len(part)
        if self._error is not None and not parts and size:
            raise self._error
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_all(self, most: int) -> bytes:
        """Return all bytes that are left. Raises TooLargeError where they are more than `most`."""
        parts, left = [], most + 1
        while left > 0 and (part := self.read(min(left, _PIECE))):
            parts.append(part)
            left -= len(part)
        if left <= 0:
            raise TooLargeError(f"more than {most // 1024**2} MB")
        return b"".join(parts)

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`."""
        view = memoryview(buffer).cast("B")
        part = self.read(min(len(view), MAX_MEMBER))
        view[: len(part)] = part
        return len(part)

    def _unpacked(self, size: int) -> bytes:
        """Return what comes next, nothing at the end or at an error: that is told when all before it has been read."""
        if self.packing is None:
            return self._plain.read(size)
        if self._error is not None:
            return b""
        try:
            part = self._plain.read(size)
        except EOFError:
            self._error = InputError(f"broken {self.packing}: it ends too early")
        except OSError as error:
            if error.errno is not None:  # of the disk
                raise
            self._error = InputError(f"broken {self.packing}: {error}")
        except (zlib.error, lzma.LZMAError, _ZstdError) as error:
            self._error = InputError(f"broken {self.packing}: {error}")
        else:
            if self._position <= MAX_BYTES or self._position <= RATIO * self._source.position:
                return part
            self._error = InputError(f"more than {RATIO} times as much comes out as goes in: a bomb, by all appearance")
        return b""

    def packed_position(self, position: int) -> int:
        """Return where in the file as it lies on the disk the part begins that holds `position`."""
        return self._plain.start_of(position) if isinstance(self._plain, _Members) else position


class _Reads(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Source:
    """A raw file, with its first bytes put back."""

    def __init__(self, raw: BinaryIO, head: bytes) -> None:
        self._raw, self._head = raw, head
        self.position = 0

    def read(self, size: int) -> bytes:
        if self._head:
            part, self._head = self._head[:size], self._head[size:]
        else:
            part = self._raw.read(size) or b""
        self.position += len(part)
        return part


def _fill(raw: BinaryIO, size: int) -> bytes:
    """Return `size` bytes of `raw`, fewer only at its end: a pipe gives them bit by bit."""
    parts = []
    while size > 0 and (part := raw.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


# ── Decoders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Decoder(Protocol):
    """As `bz2` and `lzma` have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Inflate:
    """The decoder of gzip, with the manners of the others."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


_DECODERS: Final[dict[str, Callable[[], _Decoder]]] = {
    "gzip": _Inflate,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY),
}


class _Members:
    """Unpacks the members of a file one after the other; each record of a `.warc.gz` is one."""

    def __init__(self, source: _Source, new: Callable[[], _Decoder]) -> None:
        self._source, self._new = source, new
        self._decoder: _Decoder | None = None
        self._rest = b""
        self._position = 0
        self._starts = [0]
        self._packed = [0]

    def read(self, size: int) -> bytes:
        while self._decoder is not None or self._begin():
            if part := self._step(size):
                self._position += len(part)
                return part
        return b""

    def _begin(self) -> bool:
        """Begin the next member; tell whether there is one. Zeros between two fill up the blocks of tapes and disks."""
        while not (rest := self._rest.lstrip(b"\0")):
            self._rest = self._source.read(_CHUNK)
            if not self._rest:
                return False
        self._rest = rest
        if len(self._starts) >= _MOST_STARTS:  # where the last ones began is all that anybody asks
            del self._starts[: _MOST_STARTS // 2], self._packed[: _MOST_STARTS // 2]
        self._starts.append(self._position)
        self._packed.append(self._source.position - len(rest))
        self._decoder = self._new()
        return True

    def _step(self, size: int) -> bytes:
        decoder = self._decoder
        assert decoder is not None  # `_begin` made one
        if decoder.needs_input and not self._rest:
            self._rest = self._source.read(_CHUNK)
        is_last = not self._rest
        data, self._rest = (self._rest, b"") if decoder.needs_input else (b"", self._rest)
        part = decoder.decompress(data, size)
        if decoder.eof:
            self._rest = decoder.unused_data + self._rest
            self._decoder = None
        elif is_last and not part:
            raise EOFError
        return part

    def start_of(self, position: int) -> int:
        """Return where the member begins, in the packed file, that holds `position`."""
        return self._packed[max(bisect_right(self._starts, position) - 1, 0)]


class _ZstdError(Exception):
    """What the library raises; it need not be there."""


class _Unzstd:
    def __init__(self, reader: Any, error: type[Exception]) -> None:
        self._reader, self._error = reader, error

    def read(self, size: int) -> bytes:
        try:
            part: bytes = self._reader.read(size)
        except self._error as error:
            raise _ZstdError(str(error)) from error
        return part


def _zstd(source: _Source) -> _Unzstd:
    try:
        import zstandard
    except ImportError as error:
        raise extra("zstd", error) from error
    file = cast("BinaryIO", source)  # to read from it is all that the library asks
    reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(file, read_across_frames=True)
    return _Unzstd(reader, zstandard.ZstdError)
