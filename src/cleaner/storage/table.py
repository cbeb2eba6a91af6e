"""Articles into Parquet files: a fixed number of rows to each, or one file for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final

from cleaner.errors import OutputError
from cleaner.model import Article, Page
from cleaner.storage.extras import need
from cleaner.storage.outputs import Rendered, secure, told, write_all

__all__ = ["Draft", "Table", "TableFile", "has_key", "is_table"]

_SHARD_ROWS: Final = 10_000
_GROUP_BYTES: Final = 16 * 1024 * 1024
"""Of rows in memory; then they are written, as a row group."""
_SHARD: Final = re.compile(r"pages-\d{5,}\.(?:parquet(?:\.part)?|rows\.part)")
_SHARDS_FROM: Final = 40
"""The bit of a position at which the number of the shard begins; the lower ones are a place in its log."""


class Draft:
    """A Parquet file that appears when it is whole; until then it is called `draft`, else `<name>.part`."""

    def __init__(self, path: Path, schema: Any, draft: Path | None = None) -> None:
        self._parquet = need("pyarrow.parquet", "writing Parquet")
        self._arrow_error: type[Exception] = need("pyarrow", "writing Parquet").ArrowException
        self._path = path
        self._draft = draft or path.with_name(f"{path.name}.part")
        self._schema = schema
        self._file: Any = None
        self._writer: Any = None

    def _open(self) -> None:
        if self._file is None:
            self._draft.unlink(missing_ok=True)  # never through a link that somebody left there
            self._file = self._draft.open("xb")
            self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd")

    def write(self, batch: Any) -> None:
        """Add a record batch or table, as a row group. Raises OutputError."""
        with self.guarded():
            self._open()
            self._writer.write(batch)

    def finish(self) -> None:
        """Bring the file to the disk and give it its name. Raises OutputError."""
        with self.guarded():
            self._open()
            self._writer.close()
            secure(self._file, self._draft)
            self._file.close()
            self._draft.replace(self._path)

    def abandon(self) -> None:
        """Drop what will be written anew. Raises OutputError."""
        if self._file is None:
            return
        if self._writer is not None:
            with suppress(OSError, self._arrow_error):  # the full disk that ends the run
                self._writer.close()
        with suppress(OSError):
            self._file.close()
        with self.guarded():
            self._draft.unlink(missing_ok=True)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Make an OutputError of what goes wrong."""
        try:
            yield
        except (OSError, self._arrow_error) as error:
            why = told(error) if isinstance(error, OSError) else error
            raise OutputError(f"{self._path}: cannot be written: {why}") from error


class TableFile:
    """A sink that is one Parquet file, with all rows or not there at all (docs/FORMATS.md)."""

    def __init__(self, path: Path, draft: Path | None = None) -> None:
        from cleaner.storage import columns  # it imports pyarrow, which may not be there

        self._columns = columns
        self.render: Callable[[Article, Page | None], Rendered] = columns.message
        self._draft = Draft(path, columns.SCHEMA, draft)
        self._group: list[bytes] = []
        self._group_bytes = 0

    def put(self, name: PurePosixPath, rendered: bytes) -> None:  # noqa: ARG002 - the record says it
        """Take one row; it is written with others."""
        self._group.append(rendered)
        self._group_bytes += len(rendered)
        if self._group_bytes >= _GROUP_BYTES:
            self.end_group()

    def end_group(self) -> None:
        """Write the rows that are held."""
        if self._group:
            with self._draft.guarded():
                rows = self._columns.read(self._group)
            self._draft.write(rows)
        self._group.clear()
        self._group_bytes = 0

    @property
    def holds_rows(self) -> bool:
        """Whether there are rows that are not written."""
        return bool(self._group)

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        """Say no: rows are not changed one by one."""
        return False

    def settle(self, *, complete: bool = False) -> tuple[int, int]:  # noqa: ARG002
        """Say that no row lasts before all do."""
        return 0, 0

    def close(self, *, complete: bool = True) -> None:
        """Give the file its name, if all rows are there."""
        if complete:
            self.end_group()
            self._draft.finish()
        else:
            self._draft.abandon()


class Table:
    """Parquet: `pages-00000.parquet` and on, the rows in the order of the pages (docs/FORMATS.md).

    A shard appears when all is in it; until then it is called `<name>.part`. Nothing can be added to a Parquet file
    that somebody stopped writing, so the rows of the shard at work are kept in a log as well: a run that was stopped
    takes them from there, and goes on. Which rows are in which shard and row group depends on the rows alone, so that
    gives the same files. A run that begins anew takes away the shards of the last one, when it has a row.

    Raises OutputError where the folder holds files of these names that are none of ours.
    """

    def __init__(self, folder: Path, position: int = 0, *, shard_rows: int = _SHARD_ROWS) -> None:
        need("pyarrow.parquet", "writing Parquet")
        from cleaner.storage import columns  # it imports pyarrow, which may not be there

        self.render: Callable[[Article, Page | None], Rendered] = columns.message
        self._folder = folder
        self._shard_rows = shard_rows
        self._shard, logged = position >> _SHARDS_FROM, position & ((1 << _SHARDS_FROM) - 1)
        self._put = self._rows = 0
        self._recent: list[tuple[int, bytes]] = []
        self._settled = (0, position)
        self._failed = False
        self._done: list[Path] = []
        self._outdated: list[Path] = []
        with self._guarded(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._former = self._left_behind(keep=self._log_path(self._shard) if logged else None)
            if position:
                self._clear()
            self._log = _Log(self._log_path(self._shard), logged)
            self._file = TableFile(self._path(self._shard))
            for row in self._log.read(logged):
                self._take(PurePosixPath(), row)
            if self._rows >= shard_rows:  # as where the disk was full when it should have been written
                self._end_shard()

    def _left_behind(self, keep: Path | None) -> list[Path]:
        """Return what an earlier run left and this one does not go on with. Raises OutputError."""
        found = sorted(path for path in self._folder.iterdir() if _SHARD.fullmatch(path.name))
        whole = [path for path in found if path.suffix == ".parquet"]
        for path in whole:
            if not is_table(path):
                raise OutputError(f"{path}: exists and is no table of cleaner; name another output folder")
        done = {self._path(at) for at in range(self._shard)}
        if missing := sorted(done.union([keep] if keep else []).difference(found)):
            raise OutputError(f"{missing[0]}: is missing; delete {self._folder / '.cleaner'} to begin the run anew")
        return [path for path in found if path not in done and path != keep]

    def _clear(self) -> None:
        for path in self._former:
            path.unlink(missing_ok=True)
        self._former.clear()

    def _path(self, shard: int) -> Path:
        return self._folder / f"pages-{shard:05}.parquet"

    def _log_path(self, shard: int) -> Path:
        return self._path(shard).with_suffix(".rows.part")

    def put(self, name: PurePosixPath, rendered: bytes) -> None:
        """Take one row; it is written with others."""
        self._put += 1
        with self._guarded():
            self._clear()
            self._recent.append((self._rows, rendered))
            self._take(name, rendered)
            if self._rows >= self._shard_rows:
                self._end_shard()
            elif not self._file.holds_rows:
                self._write_log()
            # The run goes on, so it has made a note of what was settled last: none will begin before that any more.
            while self._outdated:
                self._outdated[-1].unlink(missing_ok=True)
                self._outdated.pop()

    def _take(self, name: PurePosixPath, row: bytes) -> None:
        self._file.put(name, row)
        self._rows += 1

    def _end_shard(self) -> None:
        self._file.close()
        old, shard = self._log, self._shard + 1
        log, file = _Log(self._log_path(shard)), TableFile(self._path(shard))
        # At once, and with no call in it, lest Ctrl-C come in between: what is settled is one shard or the other.
        self._shard, self._rows, self._recent, self._log, self._file = shard, 0, [], log, file
        self._done.append(old.path)
        old.close()

    def _write_log(self) -> None:
        self._log.add(self._recent)
        self._recent.clear()

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        """Say no: rows are not changed one by one."""
        return False

    def settle(self, *, complete: bool = False) -> tuple[int, int]:
        """Bring all rows to the disk, in whole shards and the log of the one at work."""
        if self._failed:  # in the middle of something
            return self._settled
        with self._guarded():
            if complete:
                self._end()
            self._write_log()
            self._log.secure()
        self._outdated += self._done
        self._done.clear()
        self._settled = (self._put, self._shard << _SHARDS_FROM | self._log.size)
        return self._settled

    def _end(self) -> None:
        """Write the last shard; without any row there is one shard, and it is empty."""
        self._clear()
        if self._rows or not self._shard:
            self._end_shard()

    def close(self, *, complete: bool = True) -> None:
        """Write the last shard, if all rows are there; else the log stays."""
        try:
            with self._guarded():
                if complete:
                    self._end()
                    for path in (*self._outdated, *self._done, self._log.path):
                        path.unlink(missing_ok=True)
                else:
                    self._file.close(complete=False)
        finally:
            self._log.close()

    @contextmanager
    def _guarded(self, what: Path | None = None) -> Iterator[None]:
        """Take note of what goes wrong: rows of which it is not known where they are settle no more."""
        try:
            yield
        except OSError as error:
            self._failed = True
            raise OutputError(f"{what or self._path(self._shard)}: cannot be written: {told(error)}") from error
        except OutputError:
            self._failed = True
            raise


class _Log:
    """The rows of a shard that is not whole: frames of Zstandard, each after its length. It begins where it has to."""

    def __init__(self, path: Path, size: int = 0) -> None:
        zstandard = need("zstandard", "writing Parquet")
        self._pack: Callable[[bytes], bytes] = zstandard.ZstdCompressor(level=1, write_checksum=True).compress
        self._unpack: Callable[[bytes], bytes] = zstandard.ZstdDecompressor().decompress
        self._error: type[Exception] = zstandard.ZstdError
        self.path = path
        self._written = (0, size)  # rows, and where they end: one value, lest Ctrl-C come in between
        self._file: BinaryIO | None = None

    @property
    def size(self) -> int:
        """How many bytes hold whole frames."""
        return self._written[1]

    def read(self, size: int) -> Iterator[bytes]:
        """Yield the rows in the first `size` bytes, and forget what is behind them. Raises OutputError."""
        if not size:
            return
        self._file = self.path.open("r+b")
        if self.path.stat().st_size < size:
            self.close()
            raise OutputError(f"{self.path}: is shorter than the run left it; delete .cleaner beside it to begin anew")
        self._file.truncate(size)
        while self._file.tell() < size:
            try:
                frame = memoryview(self._unpack(self._file.read(int.from_bytes(self._file.read(8), "little"))))
            except self._error as error:
                self.close()
                raise OutputError(
                    f"{self.path}: is not as the run left it ({error}); delete .cleaner beside it to begin anew"
                ) from error
            while frame:
                end = 8 + int.from_bytes(frame[:8], "little")
                self._written = (self._written[0] + 1, size)
                yield bytes(frame[8:end])
                frame = frame[end:]

    def add(self, recent: list[tuple[int, bytes]]) -> None:
        """Write rows that are not here yet, each with its number."""
        rows = [row for number, row in recent if number >= self._written[0]]
        if not rows:
            return
        if self._file is None:
            self.path.unlink(missing_ok=True)
            self._file = self.path.open("xb")
        frame = self._pack(b"".join(part for row in rows for part in (len(row).to_bytes(8, "little"), row)))
        # A frame that was written in part is written over by the next, or forgotten.
        self._file.seek(self.size)
        write_all(self._file, len(frame).to_bytes(8, "little") + frame)
        self._written = (self._written[0] + len(rows), self.size + 8 + len(frame))

    def secure(self) -> None:
        if self._file is not None:
            secure(self._file, self.path)

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # what counts has been brought to the disk
                self._file.close()
            self._file = None


def has_key(path: Path, key: bytes) -> bool:
    """Tell whether a file is Parquet and has `key` in its key-value metadata, by which we know our own."""
    parquet = need("pyarrow.parquet", "reading Parquet")
    arrow_error: type[Exception] = need("pyarrow", "reading Parquet").ArrowException
    try:
        return key in (parquet.read_schema(path).metadata or {})
    except (OSError, arrow_error):
        return False


def is_table(path: Path) -> bool:
    """Whether the file `path` is a table that :class:`Table` has written; no, where the library is missing."""
    try:
        from cleaner.storage.columns import VERSION_KEY
    except ImportError:
        return False
    return has_key(path, VERSION_KEY)
