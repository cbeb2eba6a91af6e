"""MHTML (`.mhtml`, `.mht`): a page and what belongs to it as the parts of a mail, RFC 2557.

The parts are found by the boundary between them, and only the page itself is parsed as mail: the rest are pictures.
"""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Final

from cleaner.errors import InputError
from cleaner.model import Page
from cleaner.storage.readers.members import moment, web

__all__ = ["read"]

_MOST_HEADERS: Final = 64 * 1024
_MOST_PARTS: Final = 10_000
_HTML: Final = ("text/html", "application/xhtml+xml")


def read(content: bytes, location: str) -> Page:
    """Return the page in an MHTML file. Raises InputError where there is none."""
    try:
        headers, body = _headers(content.lstrip())
        root, payload = _root(headers, body)
        page = _decoded(_value(root, "Content-Transfer-Encoding"), payload)
        media_type, charset = root.get_content_type(), root.get_content_charset()
    except (ValueError, LookupError) as error:
        raise InputError(f"{location}: broken MHTML: {error}") from error
    return Page(
        page,
        web(_value(headers, "Snapshot-Content-Location")) or web(_value(root, "Content-Location")),
        media_type if media_type in (*_HTML, "text/plain") else None,
        charset,
        moment(_value(headers, "Date")),
        location,
    )


def _headers(part: bytes) -> tuple[Message, bytes]:
    """Return the headers of a part, and what comes after them."""
    ends = [end for mark in (b"\r\n\r\n", b"\n\n") if (end := part.find(mark, 0, _MOST_HEADERS)) >= 0]
    if not ends:
        raise ValueError("headers that do not end")
    end = min(ends)
    rest = part[end:]
    return BytesHeaderParser().parsebytes(part[:end]), rest[4 if rest.startswith(b"\r") else 2 :]


def _root(headers: Message, body: bytes, *, is_inner: bool = False) -> tuple[Message, bytes]:
    """Return the part that is the page: the one that `start` names, or at the page's address, or the first HTML."""
    boundary = headers.get_boundary()
    if boundary is None:
        return headers, body
    start = headers.get_param("start")
    address = _value(headers, "Snapshot-Content-Location")
    first: tuple[Message, bytes] | None = None
    for part in _parts(body, boundary.encode("utf-8", "surrogateescape")):
        said, payload = _headers(part)
        if said.get_content_type() not in _HTML:
            if said.get_content_maintype() == "multipart" and first is None and not is_inner:
                # Some mailers lay the page and a plain version of it side by side.
                first = _root(said, payload, is_inner=True)
            continue
        if (start is not None and _value(said, "Content-ID") == start) or (
            address and _value(said, "Content-Location") == address
        ):
            return said, payload
        first = first or (said, payload)
    if first is None:
        raise ValueError("no part of it is HTML")
    return first


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """Yield the parts of a body; the last one may be cut off."""
    mark = b"--" + boundary
    begin = 0 if body.startswith(mark) else body.find(b"\n" + mark) + 1
    if not body.startswith(mark, begin):
        raise ValueError("its parts are not where its headers say")
    for _ in range(_MOST_PARTS):
        begin += len(mark)
        if body.startswith(b"--", begin):
            return
        begin = body.find(b"\n", begin) + 1
        if not begin:
            return
        end = body.find(b"\n" + mark, begin - 1)
        if end < 0:
            yield body[begin:]
            return
        yield body[begin:end].removesuffix(b"\r")
        begin = end + 1


def _decoded(encoding: str, payload: bytes) -> bytes:
    """Return a part as it was before it became mail."""
    if encoding.lower() not in ("quoted-printable", "base64"):
        return payload
    part = email.message_from_bytes(b"Content-Transfer-Encoding: %b\n\n%b" % (encoding.encode("ascii"), payload))
    page = part.get_payload(decode=True)
    assert isinstance(page, bytes)  # as for anything that is not in parts
    return page


def _value(headers: Message, name: str) -> str:
    """Return the value of a header; where it goes on over several lines, as one."""
    value = str(headers.get(name, "")).strip()
    return value if name == "Date" else "".join(value.split())
