"""Safari's `.webarchive`: a property list with the page and what belongs to it. It does not say when it was saved."""

from __future__ import annotations

import plistlib
import struct
from typing import Final
from xml.parsers.expat import ExpatError

from cleaner.errors import InputError
from cleaner.model import Page
from cleaner.storage.readers.members import web

__all__ = ["read"]

_BROKEN: Final = (
    *(plistlib.InvalidFileException, ExpatError, struct.error, RecursionError),
    *(ValueError, TypeError, LookupError, OverflowError, AttributeError, MemoryError),
)


def read(content: bytes, location: str) -> Page:
    """Return the page in a web archive. Raises InputError where there is none."""
    try:
        archive = plistlib.loads(content)
        main = archive["WebMainResource"]
        page = main["WebResourceData"]
        told = {key: main.get(f"WebResource{key}") for key in ("URL", "MIMEType", "TextEncodingName")}
    except _BROKEN as error:
        raise InputError(f"{location}: a property list, but no web archive that can be read: {error!r}") from error
    if not isinstance(page, bytes | str):
        raise InputError(f"{location}: a web archive whose page is no text")
    media_type, charset = told["MIMEType"], told["TextEncodingName"]
    return Page(
        page,
        web(told["URL"]),
        media_type if isinstance(media_type, str) else None,
        charset if isinstance(charset, str) else None,
        location=location,
    )
