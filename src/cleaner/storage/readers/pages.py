"""Files that are one page: HTML, text, MHTML, a Safari web archive."""

from __future__ import annotations

from cleaner.errors import InputError
from cleaner.model import Page
from cleaner.storage.readers import html
from cleaner.storage.readers.compressed import HEAD
from cleaner.storage.readers.forms import Form, tell

__all__ = ["page_of"]


def page_of(content: bytes, location: str) -> Page:
    """Return the page in the content of a file, unpacked.

    Raises InputError where it is broken, or holds many pages.
    """
    form = tell(content[:HEAD], location)
    if form.is_container:
        raise InputError(f"{location}: {form}, which holds pages, where one page is expected")
    if form is Form.MHTML:
        from cleaner.storage.readers import mhtml  # most pages are neither this nor that

        return mhtml.read(content, location)
    if form is Form.WEBARCHIVE:
        from cleaner.storage.readers import webarchive

        return webarchive.read(content, location)
    return html.read(content, location)
