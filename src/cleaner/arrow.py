"""The kernel of pipelines: a batch of pages in, a batch of records out.

Both are Arrow, which pandas, Polars, DuckDB, Spark, Ray and Hugging Face's datasets hand over as it is. What comes out
has the schema of our Parquet files (docs/FORMATS.md). Imports pyarrow, so it is imported where a batch is cleaned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial
from itertools import islice
from typing import Any, Final, TypeVar

import pyarrow as pa

from cleaner.errors import InputError
from cleaner.model import Article, Note, Page, Status
from cleaner.pool import DoubtfulError, Failure, Limits, Pool, is_doubtful
from cleaner.storage.columns import SCHEMA, join, row

__all__ = ["SCHEMA", "Isolated", "clean_batch", "pages_of"]

_Task = tuple[Page, list[Note]]
"""A page, and what is wrong with what its row says of it."""
_Rows = TypeVar("_Rows", pa.RecordBatch, pa.Table)

_MAX_BYTES: Final = 2_000_000_000
"""Of a batch that is returned: Arrow counts what is in a column of strings with 31 bits."""
_CHUNK: Final = 256
"""Rows that are joined at a time: a batch of one row takes much more memory than its text."""

_TEXT: Final = ("string", "large_string", "string_view")
_BYTES: Final = ("binary", "large_binary", "binary_view", "fixed_size_binary")
_TIMES: Final = ("timestamp", "date32", "date64")
_COLUMNS: Final = {
    "html": (*_BYTES, *_TEXT),
    "text": (*_TEXT, *_BYTES),
    "url": _TEXT,
    "media_type": _TEXT,
    "captured": (*_TIMES, *_TEXT),
    "location": _TEXT,
}
"""Column -> types that its values can have."""


def clean_batch(batch: _Rows, clean: Callable[[Page], Article]) -> _Rows:
    """Return the records of a batch of pages, a row for each; see :meth:`cleaner.Cleaner.clean_batch`.

    Whatever `clean` raises is the status of the page's row.
    """
    return _cleaned(batch, lambda tasks: map(partial(_row, clean), tasks))


class Isolated:
    """:func:`clean_batch` within limits: a page that hangs, eats memory or kills its process costs its own row alone.

    Pages are cleaned in one process, kept from batch to batch and replaced as it dies (:mod:`cleaner.pool`).

    Args:
        clean: as for `clean_batch`; pickles.
        limits: on the time and memory of one page.

    """

    def __init__(self, clean: Callable[[Page], Article], limits: Limits | None = None) -> None:
        self._pool: Pool[_Task, pa.RecordBatch] = Pool(partial(_row, clean, elsewhere=True), 1, limits)

    def __call__(self, batch: _Rows) -> _Rows:
        """Return the records of a batch."""
        return _cleaned(batch, self._run)

    def _run(self, tasks: Iterable[_Task]) -> Iterator[pa.RecordBatch]:
        for (page, notes), result in self._pool.map(tasks):
            if isinstance(result, Failure):
                article = Article.failed(result.status, result.reason, url=page.url, location=page.location)
                article.notes = notes
                yield row(article)
            else:
                yield result

    def close(self) -> None:
        """End the process."""
        self._pool.close()


def pages_of(batch: pa.RecordBatch) -> Iterator[Page]:
    """Yield the pages in a batch; see :meth:`cleaner.Cleaner.clean_batch`. Raises InputError, as that does."""
    _check(batch.schema)
    return (_page(cells)[0] for cells in _cells(batch) if _has_page(cells))


def _cleaned(batch: _Rows, run: Callable[[Iterable[_Task]], Iterator[pa.RecordBatch]]) -> _Rows:
    if isinstance(batch, pa.Table):
        _check(batch.schema)
        return pa.Table.from_batches([_cleaned(part, run) for part in batch.to_batches()], SCHEMA)
    if not isinstance(batch, pa.RecordBatch):
        raise InputError(
            f"a batch of pages is a pyarrow.RecordBatch or a pyarrow.Table, not {type(batch).__qualname__}; "
            "of a pandas frame, pyarrow.RecordBatch.from_pandas(frame) makes one"
        )
    _check(batch.schema)
    rows = _rows(batch, run)
    chunks = []
    while chunk := list(islice(rows, _CHUNK)):
        chunks.append(join(chunk))
    return join(chunks)


def _check(schema: pa.Schema) -> None:
    """Raise InputError where a batch cannot be understood: that is no trouble with one of its pages."""
    names = schema.names
    if "html" not in names and "text" not in names:
        there = (
            f"has neither: rename the one that holds the pages, of {', '.join(map(repr, names))}"
            if names
            else "has no columns at all"
        )
        raise InputError(f"a batch of pages has a column 'html' or 'text'; this one {there}")
    for name, types in _COLUMNS.items():
        if names.count(name) > 1:
            raise InputError(f"a batch of pages has one column {name!r}; this one has {names.count(name)}")
        if name in names:
            kind = schema.field(name).type
            if _type_of(kind) not in (*types, "null"):
                raise InputError(f"column {name!r} is of type {kind}: cast it to {' or '.join(types)}")


def _type_of(kind: Any) -> str:
    """Return the name of a type, seen through what only says how values are kept; without its parameters."""
    while True:
        if isinstance(kind, pa.DictionaryType | pa.RunEndEncodedType):
            kind = kind.value_type
        elif isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        else:
            return str(kind).partition("[")[0]


def _rows(
    batch: pa.RecordBatch, run: Callable[[Iterable[_Task]], Iterator[pa.RecordBatch]]
) -> Iterator[pa.RecordBatch]:
    absent = {at for at, cells in enumerate(_cells(batch)) if not _has_page(cells)}
    records = run(_page(cells) for at, cells in enumerate(_cells(batch)) if at not in absent)
    size = 0
    for at, cells in enumerate(_cells(batch)):
        if at in absent:
            record = row(_failed(Status.UNREADABLE, "null: this row holds no page", cells))
        else:
            record = next(records)
        size += record.nbytes
        if size > _MAX_BYTES:
            reason = f"the pages before it in its batch gave {_MAX_BYTES / 1e9:g} GB already; make batches smaller"
            record = row(_failed(Status.TOO_LARGE, reason, cells))
        yield record


def _cells(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    columns = {name: _readable(batch.column(name)) for name in _COLUMNS if name in batch.schema.names}
    return ({name: column[at] for name, column in columns.items()} for at in range(batch.num_rows))


def _row(clean: Callable[[Page], Article], task: _Task, *, elsewhere: bool = False) -> pa.RecordBatch:
    """Return the record of a page; `elsewhere`, in a process that can be had anew, raise it where that may help."""
    page, notes = task
    doubtful = False
    try:
        article = clean(page)
    except Exception as error:  # noqa: BLE001 - one page must not end the batch, whatever it does
        doubtful = is_doubtful(error)
        article = Article.of_error(error, url=page.url, location=page.location)
    article.notes[:0] = notes
    try:
        record = row(article, page)
    except Exception as error:  # noqa: BLE001 - as MemoryError, on the way from text to columns
        doubtful = True
        record = row(Article.of_error(error, url=page.url, location=page.location), page)
    if doubtful and elsewhere:
        raise DoubtfulError(record)
    return record


def _failed(status: Status, reason: str, cells: dict[str, Any]) -> Article:
    location = _string(cells.get("location")) or Page("").location
    return Article.failed(status, reason, url=_string(cells.get("url")), location=location)


# ── Cells ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _readable(column: Any) -> Any:
    while isinstance(column, pa.ExtensionArray):  # its scalars may be anything: UUID objects, whatever a library makes
        column = column.storage
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":  # finer than what Python counts in
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column


def _has_page(cells: dict[str, Any]) -> bool:
    return any(_content(cells.get(name)) is not None for name in ("html", "text"))


def _page(cells: dict[str, Any]) -> _Task:
    """Return the page of a row that has one, and what is wrong with the rest of the row."""
    content, stated = _content(cells.get("html")), None
    if content is None:
        content, stated = _content(cells.get("text")), "text/plain"
    assert content is not None  # `_has_page` says so
    captured, notes = _captured(cells.get("captured"))
    media_type = _string(cells.get("media_type")) or stated
    page = Page(content, _string(cells.get("url")), media_type, captured=captured)
    location = _string(cells.get("location"))
    return (replace(page, location=location) if location else page), notes


def _content(cell: Any) -> bytes | str | None:
    if cell is None:
        return None
    try:
        content: bytes | str | None = cell.as_py()
    except UnicodeDecodeError:  # Arrow does not look whether its strings are UTF-8
        return _bytes(cell)
    return content


def _string(cell: Any) -> str | None:
    if cell is None:
        return None
    try:
        text: str | None = cell.as_py()
    except UnicodeDecodeError:
        return _bytes(cell).decode("utf-8", "replace")
    return text


def _bytes(cell: Any) -> bytes:
    while not hasattr(cell, "as_buffer"):  # of a dictionary, or an extension
        cell = cell.value
    content: bytes = cell.as_buffer().to_pybytes()
    return content


def _captured(cell: Any) -> tuple[datetime | None, list[Note]]:
    if cell is None:
        return None, []
    try:
        value = cell.as_py()
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
    except Exception as error:  # noqa: BLE001 - years that Python cannot count, time zones that nobody knows, no ISO 8601
        return None, [Note("arrow/captured", f"captured is no date and time: {error}; ignored")]
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value, []
