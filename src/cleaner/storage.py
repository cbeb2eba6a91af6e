"""Files in, records out.

A page `a.html` may have a *sidecar* `a.html.json` beside it: a JSON object with any of `url`, `captured` (ISO 8601) and
`headers` (as the server sent them). `raw/a.html` becomes `clean/a.html.txt`, the body, and `clean/a.html.json`, the
*record*: what became of the page, and of every block that is not in the body.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import secrets
import stat
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol

from cleaner import __version__
from cleaner.errors import InputError, OutputError, TooLargeError
from cleaner.model import Article, Note, Page

__all__ = [
    "MAX_BYTES",
    "PAGE_SUFFIXES",
    "Folder",
    "Format",
    "Input",
    "Lines",
    "Sink",
    "dump",
    "find_pages",
    "read",
    "record",
    "render",
    "replace_file",
    "write",
    "write_all",
]

MAX_BYTES = 256 * 1024 * 1024
"""No more of a file is ever read into memory, packed or not. What is too much for cleaning is less, and not ours."""

PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".xht", ".shtml", ".txt", ".text")
"""What a page in a folder is called, any case; `.gz` may follow. A file that is named itself is a page in any case."""

_MAX_SIDECAR = 1024 * 1024
_HEAD = 4096
# The "mark of the web" that browsers put on top of a saved page; the number is the length of the URL.
_SAVED_FROM = re.compile(rb"<!--\s{0,9}saved from url=\((\d{1,5})\)([^\s>]{1,4096})")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_RECORD_MARK = re.compile(rb'\s*\{\s*"cleaner":\s*"')
# Legal in a JSON string but not, or not unharmed, in a YAML one: DEL and C1, the two Unicode line ends, the BOM and two
# noncharacters.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LONGEST_NAME = 240
"""Bytes; file systems end at 255, and a temporary name needs some."""


class Format(StrEnum):
    """How an article is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    JSONL = "jsonl"


# ── Files in ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(path: Path, notes: list[Note] | None = None) -> Page:
    """Return the page in the file `path`, with what its sidecar says of it.

    Gzip is seen by content. Without a URL in the sidecar, the one a browser left on top of the file is taken. What is
    wrong with a sidecar is added to `notes` and otherwise ignored: the page is good without it.

    Raises InputError where the file cannot be read, TooLargeError where it has too many bytes.
    """
    try:
        with path.open("rb") as file:
            content = _read_capped(file, str(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {_reason(error)}") from error
    notes = [] if notes is None else notes
    said = _Sidecar()
    for name in _sidecar_names(path.name):
        with suppress(OSError):  # mostly: there is none
            with path.with_name(name).open("rb") as file:
                raw = file.read(_MAX_SIDECAR + 1)
            said = _parse_sidecar(raw, name, notes)
            break
    return Page(content, said.url or _saved_from(content), said.media_type, said.charset, said.captured, str(path))


def _read_capped(file: BinaryIO, where: str) -> bytes:
    """Return all bytes of `file`, unpacked where they are gzip, refusing more than `MAX_BYTES` of either."""
    content = file.read(MAX_BYTES + 1)
    if content[:2] == b"\x1f\x8b" and len(content) <= MAX_BYTES:
        try:
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{where}: broken gzip: {error}") from error
    if len(content) > MAX_BYTES:
        raise TooLargeError(f"{where}: more than {MAX_BYTES // 1024**2} MB")
    return content


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


@dataclass(frozen=True, slots=True)
class _Sidecar:
    url: str | None = None
    media_type: str | None = None
    charset: str | None = None
    captured: datetime | None = None


def _sidecar_names(name: str) -> list[str]:
    """Return what the sidecar of a page may be called; a packed page may share that of the plain one."""
    names = [f"{name}.json"]
    if name.endswith(".gz"):
        names.append(f"{name.removesuffix('.gz')}.json")
    return names


def _parse_sidecar(raw: bytes, name: str, notes: list[Note]) -> _Sidecar:
    """Return what a sidecar says, as far as it can be understood; the rest goes into `notes`."""

    def complain(what: str) -> None:
        notes.append(Note("storage/sidecar", f"sidecar {name}: {what}; ignored", name))

    try:
        if len(raw) > _MAX_SIDECAR:
            raise ValueError(f"more than {_MAX_SIDECAR // 1024**2} MB")
        said = json.loads(raw)
    except (ValueError, RecursionError) as error:
        complain(f"no JSON ({error})")
        return _Sidecar()
    if not isinstance(said, dict):
        complain("not a JSON object")
        return _Sidecar()

    url = said.get("url")
    if url is not None and not (isinstance(url, str) and _WEB.match(url.strip())):
        complain("url is no http(s) address")
        url = None

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
    return _Sidecar(url.strip() if url else None, media_type, charset, captured)


def _content_type(header: str) -> tuple[str | None, str | None]:
    """Return media type and charset of a Content-Type header."""
    from email.message import Message  # slow to import, and most pages have no sidecar

    message = Message()
    message["Content-Type"] = header
    # The library answers "text/plain" to what it does not understand; we would rather look at the page.
    media_type = message.get_content_type() if _MEDIA_TYPE.match(header.strip()) else None
    try:
        return media_type, message.get_content_charset()
    except (ValueError, LookupError):  # RFC 2231 encodings gone wrong
        return media_type, None


def _saved_from(content: bytes) -> str | None:
    """Return the URL that a browser left in a comment on top of a saved page, None where there is none."""
    if found := _SAVED_FROM.search(content[:_HEAD]):
        url = found[2][: int(found[1])].decode("utf-8", "replace")
        if _WEB.match(url):
            return url
    return None


@dataclass(frozen=True, slots=True)
class Input:
    """One page to clean: where it is, and where its record goes."""

    path: Path | None
    """None: standard input."""
    name: PurePosixPath
    """Where the record goes, relative to the output folder: the path below the folder that was named."""
    url: str | None = None
    """Overrules the sidecar."""
    media_type: str | None = None
    """Overrules the sidecar."""
    trouble: str = ""
    """Why there is nothing to read here: a folder that cannot be listed."""

    @property
    def location(self) -> str:
        """Where it is, for people."""
        return "<stdin>" if self.path is None else str(self.path)

    def read(self, notes: list[Note] | None = None) -> Page:
        """Return the page; see :func:`read`."""
        if self.trouble:
            raise InputError(self.trouble)
        if self.path is None:
            page = Page(_read_capped(sys.stdin.buffer, self.location), location=self.location)
            page = replace(page, url=_saved_from(page.content if isinstance(page.content, bytes) else b""))
        else:
            page = read(self.path, notes)
        return replace(page, url=self.url or page.url, media_type=self.media_type or page.media_type)


def find_pages(paths: Sequence[str | Path], *, skip: Path | None = None) -> Iterator[Input]:
    """Yield the pages that `paths` name: files as they are, folders with everything below, `-` for standard input.

    In folders the order is that of the names; hidden files, sidecars, the `a_files` folder of a browser's `a.html`,
    clean texts and the folder `skip` (the output) are passed over, and no folder is entered twice. A folder that
    cannot be listed is yielded with its `trouble`.

    Raises InputError at once where a path does not exist, and after the last page where a folder holds none.
    """
    todo: list[Path | None] = []
    for path in paths:
        if str(path) == "-":
            todo.append(None)
            continue
        if not os.path.lexists(path):
            raise InputError(f"{path}: no such file or folder")
        if skip is not None and skip.exists() and skip.samefile(path):
            raise InputError(f"{path}: pages would be written where they are read; name another output folder")
        todo.append(Path(path))
    return _find(todo, skip)


def _find(paths: list[Path | None], skip: Path | None) -> Iterator[Input]:
    taken: set[PurePosixPath] | None = set() if len(paths) > 1 else None  # one root cannot name two pages alike
    barren: list[Path] = []
    for path in paths:
        if path is None:
            yield Input(None, _unique(PurePosixPath("stdin"), taken))
            continue
        if _is_leftover(path.parent, path.name):
            if len(paths) > 1:  # `raw/*`, as the shell spells it out
                continue
            if not _is_dir(path):
                raise InputError(f"{path}: the sidecar of a page, not a page")
        found = False
        for page in _walk(path, skip) if _is_dir(path) else [Input(path, PurePosixPath(path.name))]:
            found = True
            yield page if taken is None else replace(page, name=_unique(page.name, taken))
        if not found:
            barren.append(path)
    if barren:
        wanted = " ".join(f"*{suffix}" for suffix in PAGE_SUFFIXES)
        raise InputError(
            f"no pages in {', '.join(map(str, barren))}: looked for {wanted} (and .gz of these); "
            "a file of another name is cleaned if it is named itself"
        )


def _unique(name: PurePosixPath, taken: set[PurePosixPath] | None) -> PurePosixPath:
    """Return `name`, numbered where another page of this run has it: `x/a.html y/a.html` are `a.html`, `a~2.html`."""
    if taken is None:
        return name
    free, number = name, 1
    while free in taken:
        number += 1
        free = name.with_name(f"{name.stem}~{number}{name.suffix}")
    taken.add(free)
    return free


def _walk(root: Path, skip: Path | None) -> Iterator[Input]:
    """Yield the pages below the folder `root`, in the order of their names."""
    entered: set[tuple[int, int]] = set()  # device and inode: a loop of links comes back to one of these
    if skip is not None:
        with suppress(OSError):
            entered.add(_identity(skip))
    stack = [root]
    while stack:
        path = stack.pop()
        name = PurePosixPath(*path.relative_to(root).parts)
        try:
            if not path.is_dir():
                yield Input(path, name)
                continue
            if (identity := _identity(path)) in entered:
                continue
            entered.add(identity)
            children = sorted(child for child in path.iterdir() if not child.name.startswith("."))
        except OSError as error:
            yield Input(path, name if name.parts else PurePosixPath("folder"), trouble=f"{path}: {_reason(error)}")
            continue
        stack += [child for child in reversed(children) if _is_wanted(child)]


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _is_wanted(path: Path) -> bool:
    """Whether what was found in a folder is a page or a folder to enter."""
    if _is_leftover(path.parent, path.name):
        return False
    try:
        mode = path.stat().st_mode
    except OSError:  # a dangling link, or a loop of links
        return path.name.lower().endswith(PAGE_SUFFIXES)
    if stat.S_ISDIR(mode):
        return True
    if not stat.S_ISREG(mode):  # a pipe would wait for ever
        return False
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(PAGE_SUFFIXES):
        return name.partition("?")[0].endswith(PAGE_SUFFIXES)  # as wget saves `a.html?page=2`
    return not (name.endswith(".txt") and _is_record(path.with_suffix(".json")))


def _is_leftover(folder: Path, name: str) -> bool:
    """Whether `name` belongs to a page in `folder`: its sidecar, or the pictures a browser saved with it."""
    if name.endswith(".json"):
        page = name.removesuffix(".json")
        return any(_is_file(folder / owner) for owner in (page, f"{page}.gz"))
    if name.endswith("_files"):
        page = name.removesuffix("_files")
        return any(_is_file(folder / f"{page}{suffix}") for suffix in (".html", ".htm"))
    return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a folder above it is locked
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _is_record(path: Path) -> bool:
    """Whether the file `path` is a record that :func:`write` has written."""
    try:
        with path.open("rb") as file:
            return bool(_RECORD_MARK.match(file.read(64)))
    except OSError:
        return False


# ── Records out ───────────────────────────────────────────────────────────────────────────────────────────────────────


def record(article: Article, page: Page | None = None, *, body: bool = False) -> dict[str, Any]:
    """Return all there is to say of `article` as JSON types; with `body`, its text too.

    `page` is what it was made of, None where nothing could be read: then `content_hash`
    (SHA-256 of the bytes, unpacked) is null. Equal pages, rules and versions give equal records: they hold no clock and
    no machine.
    """
    said = asdict(article.metadata)
    sources = said.pop("sources")
    texts = {"text": article.text, "markdown": article.markdown} if body else {}
    return {
        "cleaner": __version__,
        "status": article.status.value,
        "reason": article.reason,
        "location": article.location,
        "url": article.page_url,
        "content_hash": None if page is None else _hash(page.content),
        "media_type": article.media_type,
        "encoding": article.encoding,
        "confidence": article.confidence,
        "rules": article.rules,
        "rules_digest": article.rules_digest,
        "metadata": {**said, "sources": sources},
        "captions": [asdict(caption) for caption in article.captions],
        **texts,
        "removed": [
            {
                "index": gone.block.index,
                "text": gone.block.text,
                "fate": gone.verdict.fate.value,
                "kind": gone.verdict.kind,
                "field": gone.verdict.field,
                "evidence": [asdict(reason) for reason in gone.verdict.evidence],
            }
            for gone in article.removed
        ],
        "notes": [asdict(note) for note in article.notes],
    }


def _hash(content: bytes | str) -> str:
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


def dump(value: Any, *, indent: int | None = None) -> bytes:
    """Return `value` as JSON in UTF-8, with a line end.

    Lone surrogates (odd file names have them) are no UTF-8; Python's escape for them happens to be that of JSON.
    """
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace") + b"\n"


def render(article: Article, form: Format, page: Page | None = None) -> bytes:
    """Return `article` as bytes: the body, Markdown with its metadata on top, or a record that holds the body."""
    if form is Format.TEXT:
        return _lines(article.text)
    if form is Format.MARKDOWN:
        return _front_matter(article) + _lines(article.markdown)
    return dump(record(article, page, body=True), indent=2 if form is Format.JSON else None)


def _lines(text: str) -> bytes:
    return f"{text}\n".encode("utf-8", "replace") if text else b""


def _front_matter(article: Article) -> bytes:
    """Return the metadata as YAML. Every scalar is a JSON string, which YAML reads as what it is, whatever it holds."""
    said: dict[str, Any] = asdict(article.metadata)
    del said["sources"]
    said["url"] = said["url"] or article.page_url
    said["status"] = article.status.value
    lines = [f"{name}: {_scalar(value)}" for name, value in said.items() if value or value is False]
    return b"---\n" + "\n".join(lines).encode("utf-8", "backslashreplace") + b"\n---\n\n"


def _scalar(value: Any) -> str:
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def write(article: Article, target: Path, form: Format = Format.TEXT, page: Page | None = None) -> None:
    """Write `article` beside `target` (`clean/a.html`): the body as `.txt` or `.md` and the record, or one `.json`.

    A reader sees the old file or the new one, never half of one. The record comes last: where it is, all is there.

    Raises OutputError where that fails, and rather than write over a `.json` that is not a record.
    """
    target = target.with_name(_fitting(target.name))
    where = target.with_name(f"{target.name}.json")
    if os.path.lexists(where) and not _is_record(where):
        raise OutputError(f"{where}: exists and is no record of cleaner; name another output folder")
    if form is Format.TEXT or form is Format.MARKDOWN:
        suffix = ".txt" if form is Format.TEXT else ".md"
        replace_file(target.with_name(target.name + suffix), render(article, form))
        replace_file(where, dump(record(article, page), indent=2))
    else:
        replace_file(where, render(article, form, page))


def _fitting(name: str) -> str:
    """Return `name`, cut where it would be too long with a suffix; a hash keeps two that begin alike apart."""
    raw = os.fsencode(name)
    if len(raw) <= _LONGEST_NAME:
        return name
    mark = "~" + hashlib.sha256(raw).hexdigest()[:12]
    # A character cut in two would be an odd name: whole characters only.
    while len(os.fsencode(name)) > _LONGEST_NAME - len(mark):
        name = name[:-1]
    return name + mark


def replace_file(target: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; one that exists keeps its mode. Raises OutputError."""
    draft = target.with_name(f".cleaner-{secrets.token_hex(8)}")
    try:
        try:
            with draft.open("xb") as file:
                file.write(content)
            with suppress(FileNotFoundError):
                draft.chmod(stat.S_IMODE(target.stat().st_mode))
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {_reason(error)}") from error


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write `content` to an open file to the last byte: standard output need not be buffered, and may take less."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


class Sink(Protocol):
    """Where articles go."""

    def put(self, name: PurePosixPath, article: Article, page: Page | None) -> None:
        """Take the article of the page `name`; `page` is None where nothing could be read. Raises OutputError."""

    def close(self) -> None:
        """Make what was put last: called once, also when a run ends early. Raises OutputError."""


class Folder:
    """A folder that mirrors the input folders."""

    def __init__(self, root: Path, form: Format = Format.TEXT) -> None:
        self.root, self.form = root, form
        self._known: set[Path] = set()
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._real = root.resolve(strict=True)
        except OSError as error:
            raise OutputError(f"{root}: cannot be made a folder: {_reason(error)}") from error

    def put(self, name: PurePosixPath, article: Article, page: Page | None) -> None:
        """Write one article; see :func:`write`."""
        target = self.root.joinpath(name)
        self._enter(target.parent)
        write(article, target, self.form, page)

    def _enter(self, folder: Path) -> None:
        """Make `folder`, which must not leave the root: neither by its name nor through a link that is there."""
        if folder in self._known:
            return
        try:
            if not folder.resolve().is_relative_to(self._real):
                raise OutputError(f"{folder}: leads out of {self.root}")
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
            raise OutputError(f"{folder}: cannot be made: {error}") from error
        self._known.add(folder)

    def close(self) -> None:
        """Do nothing: every article was written when it came."""


class Lines:
    """JSON Lines, a record on each: into a file that appears when the run ends, or into an open stream."""

    def __init__(self, target: Path | BinaryIO) -> None:
        self._target = target if isinstance(target, Path) else None
        self._draft = Path()
        if isinstance(target, Path):
            self._draft = target.with_name(f".cleaner-{secrets.token_hex(8)}")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._file: BinaryIO = self._draft.open("xb")
            except OSError as error:
                raise OutputError(f"{target}: cannot be written: {_reason(error)}") from error
        else:
            self._file = target

    def put(self, name: PurePosixPath, article: Article, page: Page | None) -> None:  # noqa: ARG002 - the record says it
        """Write one line."""
        try:
            write_all(self._file, render(article, Format.JSONL, page))
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Put the file in its place."""
        try:
            if self._target is None:
                self._file.flush()
            else:
                self._file.close()
                self._draft.replace(self._target)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if isinstance(error, BrokenPipeError):  # the reader has had enough: no error
            raise error
        raise OutputError(f"{self._target or '<stdout>'}: cannot be written: {_reason(error)}") from error
