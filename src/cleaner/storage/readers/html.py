"""Single HTML files: what the tool that saved them left in a comment on top.

Browsers write `<!-- saved from url=(0021)https://example.com/a -->`. SingleFile writes its name, the URL and the date,
and puts every picture and font into the file as base64; nobody reads those, and they are most of it.
"""

from __future__ import annotations

import io
import re
from typing import Final

from cleaner.errors import InputError, TooLargeError
from cleaner.model import Page
from cleaner.storage.readers.members import MAX_BYTES, moment, web

__all__ = ["is_singlefile", "read", "saved_from"]

_TOP: Final = 8192
# The "mark of the web"; the number is the length of the URL.
_SAVED_FROM: Final = re.compile(rb"<!--\s{0,9}saved from url=\((\d{1,5})\)([^\s>]{1,4096})")
_SAVED_FROM_TOP: Final = 4096
_SINGLEFILE: Final = re.compile(rb"<!--\s{0,9}(?:Page saved with|Archive processed by) SingleFile")
_SINGLEFILE_URL: Final = re.compile(r"\n\s{0,9}url: (\S{1,4096})")
_SINGLEFILE_DATE: Final = re.compile(r"\n\s{0,9}saved date: ([^\r\n]{1,200})")
# Only what base64 is made of: no prose can go with it.
_EMBEDDED: Final = re.compile(rb"(data:[\w.+/;=-]{0,200};base64,)[A-Za-z0-9+/=]{64,}")
_END_OF_ZIP: Final = b"PK\x05\x06"
_END_OF_ZIP_BYTES: Final = 65_557


def _comment(content: bytes) -> str:
    """Return the comment that SingleFile left on top of a page, empty where there is none."""
    top = content[:_TOP]
    found = _SINGLEFILE.search(top)
    return top[found.start() :].partition(b"-->")[0].decode("utf-8", "replace") if found else ""


def is_singlefile(content: bytes) -> bool:
    """Whether SingleFile saved it."""
    return bool(_comment(content))


def saved_from(content: bytes) -> str | None:
    """Return the URL that a browser left in a comment on top of a saved page, None where there is none."""
    if found := _SAVED_FROM.search(content[:_SAVED_FROM_TOP]):
        return web(found[2][: int(found[1])].decode("utf-8", "replace"))
    return None


def read(content: bytes, location: str) -> Page:
    """Return the page in a file of HTML or text."""
    comment = _comment(content)
    if not comment:
        return Page(content, saved_from(content), location=location)
    url = _SINGLEFILE_URL.search(comment)
    date = _SINGLEFILE_DATE.search(comment)
    if _END_OF_ZIP in content[-_END_OF_ZIP_BYTES:]:
        content = _inner(content, location)
    return Page(
        _EMBEDDED.sub(rb"\1", content),
        web(url[1]) if url else None,
        captured=moment(date[1]) if date else None,
        location=location,
    )


def _inner(content: bytes, location: str) -> bytes:
    """Return the page in a file that is a zip archive behind a page that unpacks it."""
    from cleaner.storage.readers.zips import open_zip, read_member  # for the rarest of pages

    try:
        with open_zip(io.BytesIO(content)) as archive:
            return read_member(archive, archive.getinfo("index.html"), MAX_BYTES)
    except KeyError:
        return content
    except InputError as error:
        raise InputError(f"{location}: a SingleFile page that should unpack itself: {error}") from error
    except TooLargeError as error:
        raise TooLargeError(f"{location}: more than {MAX_BYTES // 1024**2} MB") from error
