"""WARC and WET: the records of a crawl, read with FastWARC.

A page is a `response` with status 200 or a `resource` that is HTML or plain text, or a `conversion` (the text of a
page, as WET files hold them). All else belongs to pages (pictures, scripts, requests, redirects) or is a page met
before (`revisit`); it is counted, and passed over.

Behind a broken record reading goes on at the next one, where the file can be sought in.
"""

from __future__ import annotations

import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol
from urllib.parse import urljoin, urlsplit

from cleaner.errors import InputError
from cleaner.model import Page
from cleaner.segment.decode import looks_like_html
from cleaner.storage.readers.compressed import Stream, extra
from cleaner.storage.readers.members import MAX_MEMBER, Member, Part, moment, numbered, too_large, web

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

__all__ = ["Wanted", "members", "parts"]

_MARK: Final = b"WARC/"
_HTML: Final = ("text/html", "application/xhtml+xml")
_TEXT: Final = "text/plain"
_MOST_BREAKS: Final = 1000
"""After so many broken records the rest of a file is given up."""
_SCAN: Final = 1024 * 1024


class Wanted(Protocol):
    """Which records are asked for; a WACZ lists its pages."""

    def takes(self, url: str | None) -> bool:
        """Whether the page at `url` is asked for."""

    def redirects(self, url: str | None, target: str) -> None:
        """Take note that `url` leads to `target`."""


def parts(stream: Stream, size: int) -> list[Part]:
    """Return parts of some `size` bytes of a gzipped WARC file; none where it cannot be divided.

    Each begins with a record. Only where records are packed one by one can their beginnings be told from what may stand
    in a page; a WARC file in a WARC file, stored as it is, would be read as records of its own.
    """
    if stream.packing != "gzip" or not stream.is_seekable:
        return []
    end = stream.raw.seek(0, io.SEEK_END)
    starts = [0]
    while starts[-1] + size < end and (found := _next(stream, starts[-1] + size)) is not None:
        starts.append(found[0])
    return [Part(*edges) for edges in pairwise([*starts, end])]


def members(
    stream: Stream,
    where: str,
    skipped: Counter[str],
    *,
    wanted: Wanted | None = None,
    numbers: Iterator[int] | None = None,
    part: Part | None = None,
) -> Iterator[Member]:
    """Yield the pages in a WARC file; count in `skipped` what else is there, by what it is."""
    _library()
    reader = _Reader(where, skipped, wanted, numbers or count(1))
    base = 0  # where in the file on the disk `stream` began
    if part is not None and part.begin:
        stream.raw.seek(part.begin)
        base, stream = part.begin, Stream(stream.raw)
    for _ in range(_MOST_BREAKS):
        at: int | None = None
        is_inside = False
        try:
            for record in _records(stream):
                if reader.broken is not None:  # between two good records was something else
                    yield reader.broken
                reader.broken = None
                at, is_inside = record.stream_pos, True
                if part is not None and base + stream.packed_position(at) >= part.end:
                    return
                member = reader.read(record, base + stream.packed_position(at))
                is_inside = False
                if member is not None:
                    yield member
                if reader.is_cut_off:
                    break
            else:
                break
        except (InputError, OSError, ValueError) as error:
            if part is not None and base + stream.packed_position(stream.tell()) >= part.end:
                break  # the next part begins with it, and tells of it
            broken = reader.fail(base + stream.packed_position(at or 0), str(error))
            # What is broken may come after the last good record; the next try begins with it, and will tell, if it is
            # found.
            reader.broken = None if at is None or is_inside else broken
            if reader.broken is None:
                yield broken
        found = _next(stream, base + stream.packed_position(at or 0) + 1)
        if found is None:
            break
        base, stream = found
    else:
        yield reader.fail(base, f"{_MOST_BREAKS:,} broken records; the rest of the file is given up")
    if reader.broken is not None:
        yield reader.broken


def _library() -> Any:
    try:
        import fastwarc.warc
    except ImportError as error:
        raise extra("WARC", error) from error
    return fastwarc.warc


def _records(stream: Stream) -> Iterator[WarcRecord]:
    kinds = _library().WarcRecordType.any_type
    with _contained():  # what it asks of a stream is to read and to tell
        records = _library().ArchiveIterator(stream, record_types=kinds, parse_http=False, stream_detect=False)
    while True:
        with _contained():
            record = next(records, None)
        if record is None:
            return
        yield record


@contextmanager
def _contained() -> Iterator[None]:
    """FastWARC is Rust: what it did not foresee is a panic, which Python does not count among exceptions."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise InputError(f"the WARC library gave up: {error}") from error
        raise


def _next(stream: Stream, offset: int) -> tuple[int, Stream] | None:
    """Return a stream from the next record after `offset` of the file behind `stream`, and where it begins."""
    if not stream.is_seekable or stream.packing not in (None, "gzip"):
        return None
    raw, mark = stream.raw, b"\x1f\x8b\x08" if stream.packing else b"\r\n" + _MARK
    before = b""
    raw.seek(offset)
    while chunk := raw.read(_SCAN):
        text, begin = before + chunk, offset - len(before)
        place = text.find(mark)
        while place >= 0:
            at = begin + place + (0 if stream.packing else 2)
            raw.seek(at)
            found = Stream(raw) if _is_record(raw, at) else None
            if found is not None:
                return at, found
            place = text.find(mark, place + 1)
        offset += len(chunk)
        before = text[-len(mark) + 1 :]
        raw.seek(offset)
    return None


def _is_record(raw: BinaryIO, at: int) -> bool:
    """Tell whether a record begins at `at`; leave `raw` there."""
    try:
        head = Stream(io.BytesIO(raw.read(_SCAN // 16))).head
    except InputError:  # three bytes of a picture that look like the beginning of gzip
        return False
    raw.seek(at)
    return head.startswith(_MARK)


@dataclass(slots=True)
class _Reader:
    """Makes members of records."""

    where: str
    skipped: Counter[str]
    wanted: Wanted | None
    numbers: Iterator[int]
    is_cut_off: bool = False
    """Whether the last record ended before its time: its length cannot be trusted, nor what comes after it."""
    broken: Member | None = None
    """What is to be told of a break, if nothing better is found behind it."""

    def read(self, record: WarcRecord, offset: int) -> Member | None:
        """Return the page in a record, None where it is none."""
        self.is_cut_off = not len(record.headers)
        if self.is_cut_off:
            return self.fail(offset, "a record without headers")
        kind = str(record.record_type)
        url = (record.headers.get("WARC-Target-URI") or "").strip("<> \t") or None
        with _contained():
            reason = self._not_a_page(record, kind, url)
            passed = record.reader.consume() if reason else 0
        if reason:
            if passed < record.content_length:
                self.is_cut_off = True
                return self.fail(offset, f"cut off after {passed:,} of {record.content_length:,} bytes")
            self.skipped[reason] += 1
            return None
        name = numbered(next(self.numbers), url)
        location = f"{self.where}#{offset}"
        size = record.content_length
        if size > MAX_MEMBER:
            return too_large(name, location, web(url))
        with _contained():
            content: bytes = record.reader.read(size) if size else b""
        if len(content) < size:
            self.is_cut_off = True
            return Member(name, location, None, f"cut off after {len(content):,} of {size:,} bytes", url=web(url))
        charset = None
        if kind == "response":
            try:
                content = _decoded(content, record.http_headers)
            except InputError as error:
                return Member(name, location, None, str(error), url=web(url))
            if len(content) > MAX_MEMBER:
                return too_large(name, location, web(url))
            charset = (record.http_charset or "").strip("\"' ") or None
        media_type = _media_type(record, kind)
        if not media_type and not looks_like_html(content[:_SCAN].decode("latin-1")):
            self.skipped[f"{kind}, no media type"] += 1
            return None
        page = Page(content, web(url), media_type or "text/html", charset, moment(record.record_date), location)
        return Member(name, location, page)

    def _not_a_page(self, record: WarcRecord, kind: str, url: str | None) -> str:
        """Return what a record is that is no page, nothing where it is one."""
        if kind not in ("response", "resource", "conversion"):
            return kind
        scheme = (url or "").partition(":")[0].lower()
        if scheme not in ("http", "https", "ftp", "file", ""):
            return f"{kind}, {scheme}:"  # what crawlers tell of themselves, DNS answers
        if kind == "response":
            if not record.is_http:
                return "response, not HTTP"
            record.parse_http(auto_decode="none")
            status = record.http_headers.status_code
            if status not in (200, 203):  # 203: a page that a proxy on the way has changed
                target = record.http_headers.get("Location")
                if self.wanted is not None and url and target and status in (301, 302, 303, 307, 308):
                    self.wanted.redirects(url, _joined(url, target))
                return f"response, status {status}"
        media_type = _media_type(record, kind)
        if media_type not in (*_HTML, _TEXT, ""):
            return f"{kind}, {media_type.partition('/')[0][:40]}"
        if media_type == _TEXT and kind == "response" and _is_robots(url):
            return "robots.txt"
        if self.wanted is not None and not self.wanted.takes(url):
            return "not in the list of pages"
        return ""

    def fail(self, offset: int, why: str) -> Member:
        """Return what stands for a record that cannot be read."""
        return Member(numbered(next(self.numbers), "broken"), f"{self.where}#{offset}", None, why)


def _media_type(record: WarcRecord, kind: str) -> str:
    """Return the media type that a record states, empty where it states none."""
    if kind == "conversion":
        return _TEXT
    stated = record.http_content_type if kind == "response" else record.headers.get("Content-Type")
    return (stated or "").partition(";")[0].strip().lower()


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        return target


def _is_robots(url: str | None) -> bool:
    try:
        return urlsplit(url or "").path == "/robots.txt"
    except ValueError:
        return False


# ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _decoded(content: bytes, headers: Any) -> bytes:
    """Return a body as it was before it was packed for the way; one byte more than the cap where it is over it.

    Many archivers store the body unpacked and leave the headers as they were: a body that is not what they say is taken
    as it is. Raises InputError where it is what they say, and broken.
    """
    from fastwarc import stream_io

    transfer = (headers.get("Transfer-Encoding") or "").lower()
    if "chunked" in transfer and _is_chunked(content):
        content = _read(stream_io.ChunkedReader(io.BytesIO(content)), "chunked")
    packings = [part.strip() for part in (headers.get("Content-Encoding") or "").lower().split(",")]
    for packing in reversed(packings[-3:]):
        if packing in ("gzip", "x-gzip") and content.startswith(b"\x1f\x8b"):
            content = _read(Stream(io.BytesIO(content)), packing)
        elif packing == "deflate" and not _is_markup(content):
            content = _inflated(content)
        elif packing in ("br", "zstd") and not _is_markup(content):
            library: Callable[[Any], Any] = stream_io.BrotliReader if packing == "br" else stream_io.ZstdReader
            content = _read(library(io.BytesIO(content)), packing)
        elif packing not in ("", "identity", "gzip", "x-gzip", "deflate", "br", "zstd") and not _is_markup(content):
            raise InputError(f"its Content-Encoding is {packing[:40]!r}, which nobody here can unpack")
    return content


def _is_markup(content: bytes) -> bool:
    return content.lstrip().startswith(b"<")


def _is_chunked(content: bytes) -> bool:
    size = content[:20].partition(b"\r\n")[0].partition(b";")[0].strip()
    try:
        return int(size, 16) >= 0
    except ValueError:
        return False


def _read(reader: Any, packing: str) -> bytes:
    parts, left = [], MAX_MEMBER + 1
    try:
        with _contained():
            while left > 0 and (part := reader.read(min(left, _SCAN))):
                parts.append(part)
                left -= len(part)
    except (InputError, OSError) as error:
        raise InputError(f"its body is broken ({packing}): {error}") from error
    return b"".join(parts)


def _inflated(content: bytes) -> bytes:
    """Return what `deflate` stands for: zlib's format by the book, often the bare stream, sometimes nothing."""
    for bits in (15, -15):
        try:
            return zlib.decompressobj(wbits=bits).decompress(content, MAX_MEMBER + 1)
        except zlib.error:
            continue
    return content
