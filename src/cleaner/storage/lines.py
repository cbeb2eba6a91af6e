"""Articles into one file: JSON Lines, plain or packed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, NoReturn

from cleaner.errors import OutputError
from cleaner.model import Article, Page
from cleaner.storage.extras import need
from cleaner.storage.outputs import Rendered, holds_records, secure, told, write_all
from cleaner.storage.records import Format, render

__all__ = ["Lines"]

_HEAD: Final = 64
_FRAME_BYTES: Final = 1024 * 1024
"""Of lines: larger frames pack hardly better, and what a kill leaves unframed is done anew."""


class Lines:
    """JSON Lines, a record on each: into an open stream, or a file that appears when all are in it.

    Until then it is called `<name>.part`. A run that was stopped goes on at the `position` that it settled last: what
    was written after it is cut off.

    `packed` lines are Zstandard: frames one after the other, which is one stream to whoever reads it. Where a frame
    ends depends on its lines alone, so a run that was stopped gives the same bytes.
    """

    def __init__(
        self, target: Path | BinaryIO, position: int = 0, *, packed: bool = False, frame_bytes: int = _FRAME_BYTES
    ) -> None:
        self.render: Callable[[Article, Page | None], Rendered] = _line
        self._pack: Callable[[bytes], bytes] | None = None
        if packed:
            self._pack = need("zstandard", "writing .zst").ZstdCompressor(write_checksum=True).compress
        self._frame: list[bytes] = []
        self._frame_bytes = 0
        self._full = frame_bytes
        self._put = 0
        self._written = (0, position)  # lines, and where they end: one value, lest Ctrl-C come in between
        self._target = target if isinstance(target, Path) else None
        if not isinstance(target, Path):
            self._file = target
            return
        self._draft = target.with_name(f"{target.name}.part")
        if not _is_ours(target, packed=packed):
            raise OutputError(f"{target}: exists and holds no records of cleaner; name another output folder")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file = _reopened(target, self._draft, position) if position else _created(self._draft)
        except OSError as error:
            raise OutputError(f"{self._draft}: cannot be written: {told(error)}") from error

    def put(self, name: PurePosixPath, rendered: Rendered) -> None:  # noqa: ARG002 - the record says it
        """Write one line."""
        self._put += 1
        if self._pack is None:
            self._write(rendered)
            return
        self._frame.append(rendered)
        self._frame_bytes += len(rendered)
        if self._frame_bytes >= self._full:
            self._end_frame()

    def _end_frame(self) -> None:
        if self._pack is not None and self._frame:
            self._write(self._pack(b"".join(self._frame)))
            self._frame.clear()
            self._frame_bytes = 0

    def _write(self, content: bytes) -> None:
        try:
            write_all(self._file, content)
        except OSError as error:
            self._fail(error)
        self._written = (self._put, self._written[1] + len(content))

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        """Say no: lines are not changed one by one."""
        return False

    def settle(self, *, complete: bool = False) -> tuple[int, int]:
        """Bring what was written to the disk. A frame is written when it is full, or nothing follows."""
        if complete:
            self._end_frame()
        if self._target is not None:
            try:
                secure(self._file, self._draft)
            except OSError as error:
                self._fail(error)
        return self._written

    def close(self, *, complete: bool = True) -> None:
        """Put the file in its place, if it is complete."""
        try:
            if complete or self._target is None:
                self._end_frame()
            if self._target is None:
                self._file.flush()
                return
            self._file.close()
            if complete:
                self._draft.replace(self._target)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        if isinstance(error, BrokenPipeError):  # the reader has had enough: no error
            raise error
        raise OutputError(f"{self._target or '<stdout>'}: cannot be written: {told(error)}") from error


def _is_ours(target: Path, *, packed: bool) -> bool:
    """Whether a file may be written over: there is none, or it is empty, or it holds records."""
    try:
        with target.open("rb") as file:
            if packed and file.read(4):
                file.seek(0)
                head = need("zstandard", "writing .zst").ZstdDecompressor().stream_reader(file).read(_HEAD)
            else:
                head = file.read(_HEAD)
    except OSError:
        return not target.exists()
    except Exception:  # noqa: BLE001 - no zstd at all: the library has an error of its own for that
        return False
    return not head or holds_records(head)


def _created(draft: Path) -> Any:
    draft.unlink(missing_ok=True)  # never through a link that somebody left there
    return draft.open("xb")


def _reopened(target: Path, draft: Path, position: int) -> Any:
    """Open what a run wrote that was stopped."""
    # Stopped after it had put the file in its place, and before it said so: then the file has all lines that were
    # settled, and no more. Else it is that of an older run, and somebody has taken the draft away.
    if not draft.exists() and target.exists() and target.stat().st_size == position:
        target.replace(draft)
    if not draft.exists():
        raise OutputError(f"{draft}: is missing; delete .cleaner beside it to begin the run anew")
    file = draft.open("r+b")
    if draft.stat().st_size < position:
        file.close()
        raise OutputError(f"{draft}: is shorter than the run left it; delete .cleaner beside it to begin anew")
    file.truncate(position)
    file.seek(position)
    return file


def _line(article: Article, page: Page | None) -> bytes:
    return render(article, Format.JSONL, page)
