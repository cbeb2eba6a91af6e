"""Where pages go: files with sidecars, or WARC.

What a server sends decides about what is in a file, never about where it is or what it is called: names are made of
the address (:func:`cleaner.fetch.addresses.name_for`), suffixes are ours, and files are made like any other, so that
none can be run.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import uuid4

from cleaner.errors import FetchError, OutputError
from cleaner.fetch.addresses import name_for
from cleaner.fetch.client import Response
from cleaner.fetch.frontier import Frontier
from cleaner.segment.decode import looks_like_html
from cleaner.storage import Folder, dump, replace_file

__all__ = ["Archive", "Files", "Part", "Store", "not_a_page", "suffix_of"]

_SUFFIXES: Final = {"text/html": ".html", "application/xhtml+xml": ".html", "text/plain": ".txt"}
_SCAN: Final = 4096
_ROLL: Final = 1024**3
"""Bytes after which a new archive is begun: the customary size."""
_ARCHIVE: Final = re.compile(r"pages-\d{5,9}\.warc\.gz", re.ASCII)


def not_a_page(response: Response) -> str:
    """Return why what is answered is no page, by its headers; empty where it is one, or may be."""
    media_type = _media_type(response)
    return f"{media_type[:60]}: not a page" if media_type and media_type not in _SUFFIXES else ""


def suffix_of(response: Response) -> str | None:
    """Return what the file of a page ends with, None where it is no page."""
    if media_type := _media_type(response):
        return _SUFFIXES.get(media_type)
    return ".html" if looks_like_html(response.body[:_SCAN].decode("latin-1")) else None


def _media_type(response: Response) -> str:
    stated = [value for name, value in response.headers if name.lower() == "content-type"]
    return stated[-1].partition(";")[0].strip().lower() if stated else ""  # the last, as browsers and sidecars have it


@dataclass(frozen=True, slots=True)
class Part:
    """A later page of an article."""

    first: str
    """Where the first page was saved."""
    number: int
    """2 and on."""


class Store(Protocol):
    """Where pages go."""

    def save(self, response: Response, suffix: str, extra: dict[str, Any], part: Part | None = None) -> str:
        """Keep a page; return where, below the folder. Raises FetchError where it has no place, OutputError.

        Args:
            response: the page.
            suffix: what its file ends with, :func:`suffix_of`.
            extra: what else its sidecar says.
            part: which later page of an article it is.

        """

    def has(self, file: str) -> bool:
        """Tell whether what was saved as `file` is there, and as this store keeps it."""

    def redirect(self, response: Response) -> None:
        """Keep an answer that sends on to another address, where such are kept. Raises OutputError."""

    @property
    def position(self) -> tuple[str, int] | None:
        """What a frontier enters with each address: name and size of the archive."""

    def close(self) -> None:
        """End."""


# ── Files ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Files:
    """`root/<host>/<slug>.html` and, beside each, its sidecar `.json`: address, time, status, headers, redirects."""

    position = None

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = Folder(root)

    def save(self, response: Response, suffix: str, extra: dict[str, Any], part: Part | None = None) -> str:
        """Write page and sidecar, each as a whole. The page comes last: no page lies there without its sidecar.

        A later page is called after the first (`a.page-2.html`), whose sidecar lists it.

        Raises FetchError where a page of somebody else's has its name, OutputError where it cannot be written.
        """
        name = name_for(response.url, suffix)
        if part is not None:
            first = PurePosixPath(part.first)
            name = first.with_name(f"{first.stem}.page-{part.number}{first.suffix}")
        if (self._root / name).exists() and not self._is_ours(name):
            where = self._root / name
            raise FetchError(response.url, f"{where} is there, and was not fetched: move it, or name another folder")
        said: dict[str, Any] = {
            "url": response.url,
            "captured": response.at.isoformat(timespec="seconds"),
            "status": response.status,
            "headers": _headers(response.headers),
        }
        if response.redirects:
            said["redirects"] = [list(hop) for hop in response.redirects]
        if part is not None:
            said["part_of"] = first.name
        self._write(_sidecar(name), dump({**said, **extra}, indent=2))
        self._remove(_rendered(name))  # of what was here before
        self._write(name, response.body)
        self._remove_of_other_type(name, response.url)
        if part is not None:
            self.add_part(part, str(name))
        return str(name)

    def has(self, file: str) -> bool:
        """Tell whether a page and its sidecar are there."""
        name = PurePosixPath(file)
        return "#" not in file and all((self._root / part).is_file() for part in (name, _sidecar(name)))

    def has_rendering(self, file: str) -> bool:
        """Tell whether a page is there, and beside it what a browser made of it, if it is one for browsers."""
        name = PurePosixPath(file)
        return self.has(file) and (name.suffix != ".html" or (self._root / _rendered(name)).is_file())

    def redirect(self, response: Response) -> None:
        """Do nothing: the sidecar of the page that it leads to will say it."""

    def add_part(self, part: Part, file: str) -> None:
        """Have the sidecar of an article's first page list a later one. Raises OutputError."""
        said = self._read(part.first)
        name = PurePosixPath(file).name
        if name not in said.setdefault("pages", []):
            said["pages"].append(name)
            self._write(_sidecar(PurePosixPath(part.first)), dump(said, indent=2))

    def add_rendering(self, file: str, dom: bytes) -> None:
        """Write a page as a browser has it beside the page, whose sidecar names it. Raises OutputError."""
        name = PurePosixPath(file)
        self._write(_rendered(name), dom)
        said = {**self._read(file), "rendered": _rendered(name).name}
        self._write(_sidecar(name), dump(said, indent=2))

    def _read(self, file: str) -> dict[str, Any]:
        path = self._root / _sidecar(PurePosixPath(file))
        try:
            said = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise OutputError(f"{path}: cannot be read: {error}") from error
        if not isinstance(said, dict):
            raise OutputError(f"{path}: is no sidecar any more; delete it and its page, and both are fetched anew")
        return said

    def _remove_of_other_type(self, name: PurePosixPath, url: str) -> None:
        """Remove what the page at `url` was when it had another media type; a file of somebody else's stays."""
        for suffix in {*_SUFFIXES.values()} - {name.suffix}:
            other = name.with_suffix(suffix)
            if self._is_ours(other) and self._read(str(other))["url"] == url:
                self._remove(other)
                self._remove(_sidecar(other))

    def _is_ours(self, name: PurePosixPath) -> bool:
        """Tell whether a page was fetched: a sidecar that somebody wrote for one that was saved knows no status."""
        try:
            return self.has(str(name)) and {"url", "status"} <= self._read(str(name)).keys()
        except OutputError:
            return False

    def _remove(self, name: PurePosixPath) -> None:
        try:
            self._root.joinpath(name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self._root / name}: cannot be removed: {error.strerror or error}") from error

    def close(self) -> None:
        """Do nothing: every page was written when it came."""

    def _write(self, name: PurePosixPath, content: bytes) -> None:
        target = self._root.joinpath(name)
        self._folder.enter(target.parent)
        replace_file(target, content)


def _sidecar(name: PurePosixPath) -> PurePosixPath:
    return name.with_name(f"{name.name}.json")


def _rendered(name: PurePosixPath) -> PurePosixPath:
    return name.with_name(f"{name.stem}.rendered.html")


def _headers(headers: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return headers as an object; repeated ones have a list. Cookies are a visitor's own, and left out."""
    merged: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in ("set-cookie", "set-cookie2"):
            merged.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in merged.items()}


# ── WARC ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Archive:
    """`root/pages-00001.warc.gz` and on: request and response of every page (WARC 1.1, ISO 28500).

    Every record is a member of gzip on its own. What was written and never entered in the frontier, because a kill came
    between, is cut off when the run goes on.
    """

    def __init__(self, root: Path, frontier: Frontier, agent: str) -> None:
        self._folder = Folder(root)
        self._root = root
        self._frontier = frontier
        self._agent = agent
        known = {name: size for name, size in frontier.archives().items() if _ARCHIVE.fullmatch(name)}
        for name, size in known.items():
            path = self._path(name)
            if path.exists() and path.stat().st_size > size:
                os.truncate(path, size)
        self._name = max(known, default="")
        self._size = known.get(self._name, 0)
        if not self._name or self._size >= _ROLL or not (root / self._name).exists():
            self._begin()
        elif not self._size:
            self._open()

    @property
    def position(self) -> tuple[str, int] | None:
        """Return name and size of the archive that is written to."""
        return self._name, self._size

    def save(self, response: Response, suffix: str, extra: dict[str, Any], part: Part | None = None) -> str:  # noqa: ARG002
        """Write request and response; return `pages-00001.warc.gz#4711`, where the response begins."""
        if self._size >= _ROLL:
            self._begin()
        at, request = self._size, uuid4().urn
        parts = urlsplit(response.url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        sent = _block(f"GET {path} HTTP/1.1", [("Host", parts.netloc), *response.request], b"")
        received = _block(response.line, _as_stored(response), response.payload or response.body)
        answer = _record("response", response, received, f"<{uuid4().urn}>", "application/http; msgtype=response")
        asked = _record("request", response, sent, f"<{request}>", "application/http; msgtype=request")
        self._append(answer + asked)
        return f"{self._name}#{at}"

    def has(self, file: str) -> bool:
        """Tell whether a record is there: that its archive is, and reaches as far."""
        name, mark, at = file.partition("#")
        path = self._root / name
        return bool(mark) and path.is_file() and path.stat().st_size > int(at)

    def redirect(self, response: Response) -> None:
        """Write what sends on to another address, if it came whole."""
        if not response.trouble:
            self.save(response, "", {})

    def close(self) -> None:
        """Do nothing: every record was written when it came."""

    def _begin(self) -> None:
        number = 1 + max((int(name[6:11]) for name in self._frontier.archives() if name[6:11].isdecimal()), default=0)
        while (self._root / (name := f"pages-{number:05d}.warc.gz")).exists():  # not of this frontier: left alone
            number += 1
        self._frontier.keep_archive(name, 0)  # before there is one: what a kill leaves behind is cut off
        self._name, self._size = name, 0
        self._open()

    def _open(self) -> None:
        info = f"software: {self._agent}\r\nformat: WARC File Format 1.1\r\n".encode()
        self._append(_record("warcinfo", None, info, f"<{uuid4().urn}>", "application/warc-fields", self._name))

    def _path(self, name: str) -> Path:
        if (path := self._root / name).is_symlink():
            raise OutputError(f"{path}: is a link, which may lead out of {self._root}; remove it")
        return path

    def _append(self, content: bytes) -> None:
        path = self._path(self._name)
        try:
            with path.open("ab") as file:
                file.write(content)
        except OSError as error:
            with_tail = path.exists() and path.stat().st_size > self._size
            if with_tail:
                os.truncate(path, self._size)
            raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._size += len(content)


def _record(
    kind: str, response: Response | None, block: bytes, identity: str, media_type: str, name: str | None = None
) -> bytes:
    at = response.at if response is not None else datetime.now(UTC)
    fields = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", identity),
        ("WARC-Date", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("WARC-Block-Digest", _digest(block)),
        ("Content-Type", media_type),
        ("Content-Length", str(len(block))),
    ]
    if response is not None:
        fields.insert(2, ("WARC-Target-URI", response.url))
    if name is not None:
        fields.insert(2, ("WARC-Filename", name))
    if kind == "response":
        fields.insert(-2, ("WARC-Payload-Digest", _digest(block.partition(b"\r\n\r\n")[2])))
    head = "".join(f"{key}: {value}\r\n" for key, value in fields)
    return gzip.compress(f"WARC/1.1\r\n{head}\r\n".encode() + block + b"\r\n\r\n", mtime=0)


def _block(line: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"{line}\r\n{head}\r\n".encode("latin-1", "replace") + body


def _as_stored(response: Response) -> list[tuple[str, str]]:
    """Return the headers for a body that is not in chunks any more; that it was stays told, as Common Crawl does."""
    if not response.header("transfer-encoding"):
        return list(response.headers)
    void = ("transfer-encoding", "content-length")  # a length beside chunks is not that of the body (RFC 9112, 6.3)
    headers = [(f"X-Crawl-{name}" if name.lower() in void else name, value) for name, value in response.headers]
    return [*headers, ("Content-Length", str(len(response.payload or response.body)))]


def _digest(content: bytes) -> str:
    return f"sha1:{b32encode(sha1(content, usedforsecurity=False).digest()).decode()}"
