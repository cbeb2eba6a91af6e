"""WACZ: a zip archive with the WARC files of a crawl, and lists of the pages in it (`pages/*.jsonl`).

The WARC files hold all that a browser fetched, frames and fragments of pages among it: pages are what the lists name,
and what those addresses redirect to. Without a list all HTML is a page.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import BinaryIO, Final, cast
from urllib.parse import urldefrag

from cleaner.errors import InputError
from cleaner.storage.readers import warc
from cleaner.storage.readers.compressed import Stream
from cleaner.storage.readers.members import MAX_BYTES, MAX_MEMBER, RATIO, Member, json_of, numbered, web
from cleaner.storage.readers.zips import BROKEN, why

__all__ = ["is_wacz", "wacz"]

_SUFFIXES: Final = (".warc", ".warc.gz")
_MOST_PAGES: Final = 1_000_000


def is_wacz(archive: zipfile.ZipFile) -> bool:
    """Whether a zip archive is a WACZ file."""
    return any(_is_warc(info) for info in archive.infolist())


def _is_warc(info: zipfile.ZipInfo) -> bool:
    return info.filename.startswith("archive/") and info.filename.lower().endswith(_SUFFIXES)


def wacz(archive: zipfile.ZipFile, where: str, skipped: Counter[str]) -> Iterator[Member]:
    """Yield the pages of a WACZ file; count in `skipped` what else is there."""
    listed = _Listed(archive)
    numbers = count(1)
    if listed.trouble:
        yield Member(numbered(next(numbers), "broken"), f"{where}/pages", None, listed.trouble)
    for info in archive.infolist():
        if not _is_warc(info):
            continue
        location = f"{where}/{info.filename}"
        try:
            if info.flag_bits & 1:
                raise InputError("it is encrypted")
            _check_size(info)
            with archive.open(info) as file:
                wanted = listed if listed.pages else None
                yield from warc.members(
                    Stream(cast("BinaryIO", file)), location, skipped, wanted=wanted, numbers=numbers
                )
        except (InputError, *BROKEN) as error:
            yield Member(numbered(next(numbers), "broken"), location, None, why(error))
    for url in listed.missing():
        trouble = "it is in the list of pages, but no record is its page"
        yield Member(numbered(next(numbers), url), f"{where}/pages#{url}", None, trouble, url=web(url))


def _check_size(info: zipfile.ZipInfo) -> None:
    """Raise InputError where a member is a bomb; no more comes out of one than it states."""
    if info.file_size > MAX_BYTES + RATIO * info.compress_size:
        raise InputError(f"more than {RATIO} times as much comes out as goes in: a bomb, by all appearance")


class _Listed:
    """The pages that a WACZ file names, and which of them have been met."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.pages: dict[str, bool] = {}
        self._room = MAX_BYTES  # for addresses: they are all remembered
        self._lines = 0
        self.trouble = ""
        """What kept a list from being read to its end."""
        for info in archive.infolist():
            if info.filename.startswith("pages/") and info.filename.endswith(".jsonl"):
                try:
                    self._read(archive, info)
                except (InputError, *BROKEN) as error:
                    self.trouble = f"{info.filename}: {why(error)}"

    def _read(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        _check_size(info)
        with archive.open(info) as file:
            while line := file.readline(MAX_MEMBER):
                self._lines += 1
                if self._lines > _MOST_PAGES:
                    raise InputError(f"more than {_MOST_PAGES:,} lines")
                try:
                    url = json_of(line)["url"]
                except (
                    ValueError,
                    LookupError,
                    TypeError,
                    RecursionError,
                ):  # the first line tells the format
                    continue
                if isinstance(url, str):
                    self._room -= len(url)
                    if self._room < 0:
                        raise InputError(f"more than {MAX_BYTES // 1024**2} MB of addresses")
                    self.pages[_key(url)] = False

    def takes(self, url: str | None) -> bool:
        key = _key(url or "")
        if key not in self.pages:
            return False
        self.pages[key] = True
        return True

    def redirects(self, url: str | None, target: str) -> None:
        key = _key(url or "")
        if key in self.pages and _key(target) not in self.pages and len(self.pages) < _MOST_PAGES:
            # The page is where its address leads to, in whatever record that is.
            del self.pages[key]
            self.pages[_key(target)] = False

    def missing(self) -> Iterator[str]:
        return (url for url, met in self.pages.items() if not met)


def _key(url: str) -> str:
    return urldefrag(url).url if "#" in url else url
