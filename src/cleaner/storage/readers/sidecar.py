"""What stands beside a page: `a.html.json`, a JSON object (docs/FORMATS.md says what of).

It counts before what the page says of itself. What is wrong with it is a note, for the page is good without it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cleaner.model import Note, Page
from cleaner.storage.readers.members import PACKED, json_of, web

__all__ = ["MAX_SIDECAR", "Sidecar", "complaint", "firsts", "owners", "parse_sidecar", "sidecar_names"]

MAX_SIDECAR: Final = 1024 * 1024
"""Bytes."""
_MAX_PAGES: Final = 100
"""Further pages of one article."""
_BESIDE: Final = re.compile(r"(?P<first>.+)\.(?:page-\d{1,3}|rendered)(?P<suffix>\.[a-z]+)", re.ASCII | re.DOTALL)
"""What is called so may belong to a page: `a.page-2.html` to `a.html`."""
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a sidecar says."""

    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    captured: datetime | None = None
    pages: tuple[str, ...] = ()
    """Names of the files with the further pages of its article."""
    rendered: str | None = None
    """Name of the file with the page as a browser rendered it."""

    def names(self, name: str) -> bool:
        """Tell whether the file `name` beside it is read with the page."""
        return name in self.pages or name == self.rendered

    def on(self, page: Page) -> Page:
        """Return `page` with what is said of it here."""
        return replace(
            page,
            url=self.url or page.url,
            media_type=self.media_type or page.media_type,
            charset=self.charset or page.charset,
            captured=self.captured or page.captured,
        )


def sidecar_names(name: str) -> list[str]:
    """Return what the sidecar of the page `name` may be called; a packed page may share that of the plain one."""
    return [f"{name}.json", *(f"{name.removesuffix(suffix)}.json" for suffix in PACKED if name.endswith(suffix))]


def owners(name: str) -> list[str]:
    """Return what the page may be called whose sidecar would be `name`; nothing, where `name` is that of none."""
    return [f"{name.removesuffix('.json')}{packed}" for packed in ("", *PACKED)] if name.endswith(".json") else []


def firsts(name: str) -> list[str]:
    """Return what the page may be called with which `name` is read, if its sidecar says so; nothing for most names."""
    found = _BESIDE.fullmatch(name)
    return owners(f"{found['first']}{found['suffix']}.json") if found else []


def parse_sidecar(raw: bytes, name: str, notes: list[Note]) -> Sidecar:
    """Return what the sidecar `name` says, as far as it can be understood; the rest goes into `notes`."""

    def complain(what: str) -> None:
        notes.append(complaint(name, what))

    try:
        if len(raw) > MAX_SIDECAR:
            raise ValueError(f"more than {MAX_SIDECAR // 1024**2} MB")
        said = json_of(raw)
    except (ValueError, RecursionError) as error:
        complain(f"no JSON ({error})")
        return Sidecar()
    if not isinstance(said, dict):
        complain("not a JSON object")
        return Sidecar()

    url = said.get("url")
    if url is not None and (url := web(url)) is None:
        complain("url is no http(s) address")

    captured = None
    if (stamp := said.get("captured")) is not None:
        try:
            captured = datetime.fromisoformat(stamp)
        except (TypeError, ValueError):
            complain("captured is no date in ISO 8601")

    media_type = charset = None
    headers = said.get("headers")
    if isinstance(headers, dict):
        stated = next((value for key, value in headers.items() if key.lower() == "content-type"), None)
        if isinstance(stated, list) and stated:  # as tools that keep repeated headers write it
            stated = stated[-1]
        if isinstance(stated, str):
            media_type, charset = _content_type(stated)
    elif headers is not None:
        complain("headers is no JSON object")

    page = name.rpartition("/")[2].removesuffix(".json")  # of a member of an archive, without its folders
    pages = said.get("pages", [])
    if not isinstance(pages, list) or len(pages) > _MAX_PAGES or not all(_is_beside(part, page) for part in pages):
        complain(f"pages is no list of at most {_MAX_PAGES} names of files beside it")
        pages = []
    rendered = said.get("rendered")
    if rendered is not None and not _is_beside(rendered, page):
        complain("rendered is no name of a file beside it")
        rendered = None
    return Sidecar(url, media_type, charset, captured, tuple(dict.fromkeys(pages)), rendered)


def _is_beside(name: object, page: str) -> bool:
    """Tell whether `name` is that of another file in the folder of `page`: sidecars come from strangers, too."""
    if not isinstance(name, str) or not 0 < len(name) <= 255 or name == page:
        return False
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # a lone surrogate that stands for no byte: no file can be called that
        return False
    return not name.startswith(".") and not set(name) & set("/\\:\0")


def complaint(name: str, what: str) -> Note:
    """Return the note that says what is wrong with the sidecar `name`."""
    return Note("storage/sidecar", f"sidecar {name}: {what}; ignored", name)


def _content_type(header: str) -> tuple[str | None, str | None]:
    """Return media type and charset of a Content-Type header."""
    from email.message import Message  # slow to import, and most pages have no sidecar

    message = Message()
    message["Content-Type"] = header.encode("ascii", "replace").decode("ascii")
    # The library answers "text/plain" to what it does not understand; we would rather look at the page.
    media_type = message.get_content_type() if _MEDIA_TYPE.match(header.strip()) else None
    try:
        return media_type, message.get_content_charset()
    except (ValueError, LookupError):  # RFC 2231 encodings gone wrong
        return media_type, None
