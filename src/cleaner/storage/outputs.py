"""Where articles go.

What is written of an article is made where it is cleaned (`Sink.render`, which pickles) and put in its place here, in
the order of the pages: so a sink knows nothing of articles, and rendering is spread over processes.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Protocol

from cleaner.errors import OutputError
from cleaner.model import Article, Page
from cleaner.storage.records import Format, dump_record, render

__all__ = [
    "Folder",
    "Nowhere",
    "Rendered",
    "Sink",
    "holds_records",
    "is_record",
    "replace_file",
    "secure",
    "told",
    "write",
    "write_all",
]

Rendered = Any
"""What a sink makes of an article and puts somewhere: its own affair, but it pickles."""

_RECORD_MARK: Final = re.compile(rb'\s*\{\s*"cleaner":\s*"')
"""How a record begins."""
_SUFFIXES: Final = {Format.TEXT: ".txt", Format.MARKDOWN: ".md"}
_LONGEST_NAME: Final = 240
"""Bytes; file systems end at 255, and a suffix needs some."""


class Sink(Protocol):
    """Where articles go."""

    @property
    def render(self) -> Callable[[Article, Page | None], Rendered]:
        """Makes of an article what `put` takes. The page is None where nothing could be read. Pickles."""

    def put(self, name: PurePosixPath, rendered: Rendered) -> None:
        """Take the article of the page `name`. Raises OutputError."""

    def has(self, name: PurePosixPath) -> bool:
        """Tell whether what an earlier run put of the page `name` is there."""

    def settle(self, *, complete: bool = False) -> tuple[int, int]:
        """Make what was put last; return how many articles will, and a position to go on from. Raises OutputError.

        Where the run is `complete`, all of them will: nothing is left to `close` but to put files in their place.
        """

    def close(self, *, complete: bool = True) -> None:
        """End, also where a run ends early and is not complete: called once. Raises OutputError."""


class Nowhere:
    """A sink that keeps nothing: what there is to know of a page was taken when it was cleaned."""

    def render(self, article: Article, page: Page | None) -> None:
        """Make nothing."""

    def put(self, name: PurePosixPath, rendered: Rendered) -> None:
        """Do nothing."""

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        """Say no."""
        return False

    def settle(self, *, complete: bool = False) -> tuple[int, int]:  # noqa: ARG002
        """Do nothing."""
        return 0, 0

    def close(self, *, complete: bool = True) -> None:
        """Do nothing."""


# ── A folder ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class Folder:
    """A folder that mirrors the input folders."""

    def __init__(self, root: Path, form: Format = Format.TEXT) -> None:
        self.root = root
        self.render: Callable[[Article, Page | None], Rendered] = partial(_files, form)
        self._suffixes = (_SUFFIXES[form], ".json") if form in _SUFFIXES else (".json",)
        self._known: set[Path] = set()
        self._put = 0
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._real = root.resolve(strict=True)
        except OSError as error:
            raise OutputError(f"{root}: cannot be made a folder: {told(error)}") from error

    def put(self, name: PurePosixPath, rendered: Rendered) -> None:
        """Write the files of one article; see :func:`write`."""
        target = self.root.joinpath(name)
        self.enter(target.parent)
        _write(target, rendered)
        self._put += 1

    def enter(self, folder: Path) -> None:
        """Make `folder`, which must not leave the root: neither by its name nor through a link that is there.

        Raises OutputError.
        """
        if folder in self._known:
            return
        try:
            if not folder.resolve().is_relative_to(self._real):
                raise OutputError(f"{folder}: leads out of {self.root}")
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links, up to Python 3.12
            raise OutputError(f"{folder}: cannot be made: {error}") from error
        self._known.add(folder)

    def has(self, name: PurePosixPath) -> bool:
        """Tell whether all files of a page are there."""
        target = self.root.joinpath(name)
        fitting = _fitting(target.name)
        return all(target.with_name(f"{fitting}{suffix}").is_file() for suffix in self._suffixes)

    def settle(self, *, complete: bool = False) -> tuple[int, int]:  # noqa: ARG002
        """Say that every article was written when it came."""
        return self._put, 0

    def close(self, *, complete: bool = True) -> None:
        """Do nothing: every article was written when it came."""


def write(article: Article, target: Path, form: Format = Format.TEXT, page: Page | None = None) -> None:
    """Write `article` beside `target` (`clean/a.html`): the body as `.txt` or `.md` and the record, or one `.json`.

    A reader sees the old file or the new one, never half of one. The record comes last: where it is, all is there.

    Raises OutputError where that fails, and rather than write over what is not ours: a `.json` that is no record, or a
    text without a record beside it (unless it is this very text). A kill may come between the two: the draft of the
    record, which is there before the text, says that the text is ours.
    """
    _write(target, _files(form, article, page))


def _files(form: Format, article: Article, page: Page | None) -> dict[str, bytes]:
    """Return suffix and content of the files of an article, the record last."""
    if (suffix := _SUFFIXES.get(form)) is not None:
        return {suffix: render(article, form), ".json": dump_record(article, page, indent=2)}
    return {".json": render(article, form, page)}


def _write(target: Path, files: dict[str, bytes]) -> None:
    target = target.with_name(_fitting(target.name))
    where = target.with_name(f"{target.name}.json")
    if not os.path.lexists(where):
        _write_new(where, {target.with_name(target.name + suffix): content for suffix, content in files.items()})
        return
    if not is_record(where):
        raise OutputError(f"{where}: exists and is no record of cleaner; name another output folder")
    for suffix, content in files.items():
        replace_file(target.with_name(target.name + suffix), content)


def _write_new(where: Path, files: dict[Path, bytes]) -> None:
    """Write files where there is no record yet: its draft, the text, and then the draft becomes the record."""
    draft = _draft_of(where)
    texts = {path: content for path, content in files.items() if path != where}
    is_ours = os.path.lexists(draft)
    for path, content in texts.items():
        if not is_ours and _is_other(path, content):
            raise OutputError(
                f"{path}: exists, with no record of cleaner beside it that would say where it comes from; "
                "move it away, or name another output folder"
            )
    try:
        if is_ours:  # before the draft that says so goes: never is there the one without the other
            for path in texts:
                path.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
        try:
            with draft.open("xb") as file:
                file.write(files[where])
            for path, content in texts.items():
                replace_file(path, content)
            draft.replace(where)
        except BaseException:
            if not any(map(os.path.lexists, texts)):
                draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{where}: cannot be written: {told(error)}") from error


def _is_other(path: Path, content: bytes) -> bool:
    """Whether there is a file, and its content is another."""
    try:
        return os.path.lexists(path) and (path.stat().st_size != len(content) or path.read_bytes() != content)
    except OSError:  # a folder, a dangling link, a file that may not be read
        return True


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


def is_record(path: Path) -> bool:
    """Whether the file `path` is a record that :func:`write` has written."""
    try:
        with path.open("rb") as file:
            return holds_records(file.read(64))
    except OSError:
        return False


def holds_records(head: bytes) -> bool:
    """Whether what begins with `head` is a record, or lines of them."""
    return _RECORD_MARK.match(head) is not None


# ── Bytes ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def replace_file(target: Path, content: bytes) -> None:
    """Write a file as a whole or not at all; one that exists keeps its mode. Raises OutputError."""
    draft = _draft_of(target)
    try:
        draft.unlink(missing_ok=True)
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
        raise OutputError(f"{target}: cannot be written: {told(error)}") from error


def _draft_of(target: Path) -> Path:
    """Return what a file is called until it is whole.

    It follows from the target: what a kill left behind goes when the file is written after all.
    """
    return target.with_name(f".cleaner-{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}")


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write `content` to an open file to the last byte: standard output need not be buffered, and may take less."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def secure(file: BinaryIO, path: Path) -> None:
    """Bring an open file to the disk. Raises FileNotFoundError where it is no longer called `path`.

    Else a run whose output folder is taken away would write on for hours, into a file without a name.
    """
    file.flush()
    os.fsync(file.fileno())
    if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
        raise FileNotFoundError(None, "it was taken away while the run wrote to it")


def told(error: OSError) -> str:
    """Return what went wrong, without the number and the path."""
    return error.strerror or str(error)
