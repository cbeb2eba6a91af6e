"""What a file is, told by its first bytes. Names decide nothing, but what is looked at in a folder."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from cleaner.storage.readers import html
from cleaner.storage.readers.members import PAGE_SUFFIXES
from cleaner.storage.readers.tables import CONTENT

__all__ = ["CONTAINER_SUFFIXES", "SUFFIXES", "Form", "tell"]


class Form(StrEnum):
    """The forms in which pages are saved."""

    PAGE = "HTML or text"
    BROWSER = "HTML saved by a browser"
    SINGLEFILE = "SingleFile"
    MHTML = "MHTML"
    WEBARCHIVE = "Safari web archive"
    WARC = "WARC"
    ARC = "ARC"
    ZIP = "zip"
    WACZ = "WACZ"
    MAFF = "MAFF"
    TAR = "tar"
    JSONL = "JSON Lines"
    PARQUET = "Parquet"

    @property
    def is_container(self) -> bool:
        """Whether a file of this form holds pages, rather than being one."""
        return self in _CONTAINERS


_CONTAINERS: Final = frozenset(
    {Form.WARC, Form.ARC, Form.ZIP, Form.WACZ, Form.MAFF, Form.TAR, Form.JSONL, Form.PARQUET}
)
CONTAINER_SUFFIXES: Final = (
    *(".warc", ".wet", ".wacz", ".zip", ".maff", ".tar", ".tgz", ".tbz2", ".txz", ".jsonl", ".ndjson", ".parquet"),
)
SUFFIXES: Final = (*PAGE_SUFFIXES, *CONTAINER_SUFFIXES)
"""What a file that is looked at in a folder is called, any case; `.gz`, `.bz2`, `.xz` or `.zst` may follow."""

_HEADERS: Final = re.compile(
    rb"\s{0,99}+(?:[A-Za-z][A-Za-z0-9-]{1,60}+:[^\r\n]{0,4096}+\r?\n(?:[ \t][^\r\n]{0,4096}+\r?\n){0,99}+){1,99}+"
)
_VERSION: Final = re.compile(rb"^mime-version:", re.IGNORECASE | re.MULTILINE)
_MHTML: Final = re.compile(
    rb"^(?:snapshot-content-location:|content-location:|content-type:\s{0,99}multipart/related)",
    re.IGNORECASE | re.MULTILINE,
)
_COLUMN: Final = re.compile(rb'"(?:%b)"\s{0,9}:' % "|".join(CONTENT).encode(), re.IGNORECASE)
_ARRAY: Final = re.compile(rb'\[\s{0,9}\{\s{0,9}"')


def tell(head: bytes, name: str = "") -> Form:
    """Return the form of a file that begins with `head`, unpacked. All zip archives are ZIP here.

    JSON Lines alone is also told by `name`, because a page of text may begin with an object too.
    """
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Form.ZIP
    if head.startswith(b"PAR1"):
        return Form.PARQUET
    if head.startswith(b"WARC/"):
        return Form.WARC
    if head.startswith(b"filedesc://"):
        return Form.ARC
    if head[257:262] == b"ustar":
        return Form.TAR
    if head.startswith(b"bplist0") or (head.lstrip().startswith(b"<?xml") and b"<!DOCTYPE plist" in head):
        return Form.WEBARCHIVE
    if _is_jsonl(head, name):
        return Form.JSONL
    if (headers := _HEADERS.match(head)) and _VERSION.search(headers[0]) and _MHTML.search(headers[0]):
        return Form.MHTML
    if html.is_singlefile(head):
        return Form.SINGLEFILE
    return Form.BROWSER if html.saved_from(head) else Form.PAGE


def _is_jsonl(head: bytes, name: str) -> bool:
    """Whether the first line is an object with a page in it; JSON-LD is not, and the text of a page may begin so.

    An array, or JSON over several lines, is no JSON Lines, but its reader says what to do about that.
    """
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    if not line.startswith((b"{", b"[")):
        return False
    if re.search(r"\.(?:json|jsonl|ndjson)\b", name.lower()):
        return True
    if line.startswith(b"[") and not _ARRAY.match(line):
        return False
    return _COLUMN.search(line) is not None and b'"@context"' not in line and b'"@type"' not in line
