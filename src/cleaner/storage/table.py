"""Articles into Parquet files, a fixed number of rows to each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn

from cleaner.errors import OutputError
from cleaner.model import Article, Page
from cleaner.storage.extras import need
from cleaner.storage.outputs import Rendered, told

__all__ = ["Table"]

_SHARD_ROWS: Final = 10_000
_GROUP_BYTES: Final = 16 * 1024 * 1024
"""Of rows in memory; then they are written, as a row group."""
_SHARD: Final = re.compile(r"pages-\d{5,}\.parquet(?:\.part)?")


class Table:
    """Parquet: `pages-00000.parquet` and on, the rows in the order of the pages (docs/FORMATS.md).

    A shard appears when all is in it; until then it is called `<name>.part`. A run that was stopped goes on behind the
    last whole shard. Which rows are in which shard and row group depends on the rows alone, so that gives the same
    files. A run that begins anew takes away the shards of the last one.

    Raises OutputError where the folder holds files of these names that are none of ours.
    """

    def __init__(self, folder: Path, position: int = 0, *, shard_rows: int = _SHARD_ROWS) -> None:
        self._parquet = need("pyarrow.parquet", "writing Parquet")
        self._arrow_error: type[Exception] = need("pyarrow", "writing Parquet").ArrowException
        from cleaner.storage import columns  # it imports pyarrow, which may not be there

        self._columns = columns
        self.render: Callable[[Article, Page | None], Rendered] = columns.row
        self._folder = folder
        self._shard_rows = shard_rows
        self._shard = position
        self._put = self._lasting = 0
        self._group: list[Any] = []
        self._group_bytes = 0
        self._file: Any = None
        self._writer: Any = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._clear()
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written: {told(error)}") from error

    def _clear(self) -> None:
        """Take away what an earlier run left and this one does not go on with."""
        found = sorted(path for path in self._folder.iterdir() if _SHARD.fullmatch(path.name))
        whole = [path for path in found if path.suffix == ".parquet"]
        for path in whole:
            if not self._is_ours(path):
                raise OutputError(f"{path}: exists and is no table of cleaner; name another output folder")
        done = {self._path(at) for at in range(self._shard)}
        if missing := sorted(done.difference(whole)):
            raise OutputError(f"{missing[0]}: is missing; delete {self._folder / '.cleaner'} to begin the run anew")
        for path in found:
            if path not in done:
                path.unlink()

    def _is_ours(self, path: Path) -> bool:
        try:
            metadata = self._parquet.read_schema(path).metadata
        except (OSError, self._arrow_error):
            return False
        return self._columns.VERSION_KEY in (metadata or {})

    def _path(self, shard: int) -> Path:
        return self._folder / f"pages-{shard:05}.parquet"

    def put(self, name: PurePosixPath, rendered: Rendered) -> None:  # noqa: ARG002 - the record says it
        """Take one row; it is written with others."""
        self._group.append(rendered)
        self._group_bytes += rendered.nbytes
        self._put += 1
        try:
            if self._put - self._lasting == self._shard_rows:
                self._end_shard()
            elif self._group_bytes >= _GROUP_BYTES:
                self._end_group()
        except (OSError, self._arrow_error) as error:
            self._fail(error)

    def _end_group(self) -> None:
        if self._writer is None:
            draft = self._draft()
            draft.unlink(missing_ok=True)  # never through a link that somebody left there
            self._file = draft.open("xb")
            self._writer = self._parquet.ParquetWriter(self._file, self._columns.SCHEMA, compression="zstd")
        if self._group:
            self._writer.write_batch(self._columns.join(self._group))
        self._group.clear()
        self._group_bytes = 0

    def _end_shard(self) -> None:
        self._end_group()
        self._writer.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft().replace(self._path(self._shard))
        self._writer = self._file = None
        self._shard += 1
        self._lasting = self._put

    def _draft(self) -> Path:
        path = self._path(self._shard)
        return path.with_name(f"{path.name}.part")

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        """Say no: rows are not changed one by one."""
        return False

    def settle(self) -> tuple[int, int]:
        """Say how many rows are in whole shards, and how many shards that are."""
        return self._lasting, self._shard

    def close(self, *, complete: bool = True) -> None:
        """Write the last shard, if all rows are there; without any row there is one shard, and it is empty."""
        try:
            if complete and (self._put > self._lasting or not self._shard):
                self._end_shard()
            elif self._file is not None:
                self._abandon()
        except (OSError, self._arrow_error) as error:
            self._fail(error)

    def _abandon(self) -> None:
        """Drop a shard that will be written anew."""
        if self._writer is not None:
            with suppress(OSError, self._arrow_error):  # the full disk that ends the run
                self._writer.close()
        with suppress(OSError):
            self._file.close()
        self._writer = self._file = None
        self._draft().unlink(missing_ok=True)

    def _fail(self, error: Exception) -> NoReturn:
        why = told(error) if isinstance(error, OSError) else error
        raise OutputError(f"{self._path(self._shard)}: cannot be written: {why}") from error
