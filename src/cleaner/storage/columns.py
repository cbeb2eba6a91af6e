"""Records as Arrow columns: the schema of Parquet files and of `clean_batch` (docs/FORMATS.md).

Imports pyarrow: import this module where a table is wanted, not before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from cleaner.model import Article, Page
from cleaner.storage.records import record

__all__ = ["SCHEMA", "VERSION", "VERSION_KEY", "join", "message", "read", "row"]

VERSION: Final = 1
"""Of the schema. It grows when a field goes or means something else, not when one is added."""
VERSION_KEY: Final = b"cleaner.schema"
"""Where the version stands in the key-value metadata."""


def _texts(names: str) -> list[pa.Field]:
    """Return fields of strings; `?` marks those that may be null."""
    return [pa.field(name.rstrip("?"), pa.string(), nullable=name.endswith("?")) for name in names.split()]


def _list(name: str, *fields: pa.Field) -> pa.Field:
    """Return a field of lists: of structs, or, without `fields`, of strings."""
    return pa.field(name, pa.list_(pa.struct(fields) if fields else pa.string()), nullable=False)


_METADATA: Final = pa.struct(
    [
        *_texts("title?"),
        _list("authors"),
        *_texts("date? modified? description? section?"),
        _list("tags"),
        *_texts("site_name? language? url? image?"),
        _list("agencies"),
        *_texts("copyright? page_type?"),
        pa.field("is_accessible_for_free", pa.bool_()),
        pa.field("word_count", pa.int64(), nullable=False),
        pa.field("sources", pa.map_(pa.string(), pa.struct(_texts("name raw where?"))), nullable=False),
    ]
)
SCHEMA: Final = pa.schema(
    [
        *_texts("cleaner status reason location url? content_hash? media_type encoding"),
        pa.field("confidence", pa.float64()),
        _list("rules"),
        *_texts("rules_digest"),
        pa.field("metadata", _METADATA, nullable=False),
        _list("captions", *_texts("text credit? alt? image?")),
        *_texts("text markdown"),
        _list(
            "removed",
            pa.field("index", pa.int64(), nullable=False),
            *_texts("text fate kind? field?"),
            _list("evidence", *_texts("id where? detail")),
        ),
        _list("notes", *_texts("id message where?"), pa.field("tripped", pa.bool_(), nullable=False)),
    ],
    metadata={VERSION_KEY: str(VERSION)},
)


def row(article: Article, page: Page | None = None) -> pa.RecordBatch:
    """Return the record of `article`, with its body, as a batch of one row. Pickles."""
    said = record(article, page, body=True)
    sources = said["metadata"]["sources"]
    said["metadata"]["sources"] = list(sources.items())
    try:
        return _batch([said])
    except UnicodeEncodeError:  # lone surrogates: odd file names have them, and Arrow has no place for them
        return _batch([_encodable(said)])


def message(article: Article, page: Page | None = None) -> bytes:
    """Return the same as bytes (an Arrow IPC message): they pickle at once, where a batch has a hundred buffers."""
    said: bytes = row(article, page).serialize(memory_pool=pa.system_memory_pool()).to_pybytes()
    return said


def read(messages: Sequence[bytes]) -> pa.RecordBatch:
    """Return the rows in messages as one batch."""
    return join([pa.ipc.read_record_batch(one, SCHEMA) for one in messages])


def join(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Return all rows as one batch."""
    if not batches:
        return _batch([])
    columns = [pa.concat_arrays([batch.column(at) for batch in batches]) for at in range(len(SCHEMA))]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _batch(records: list[dict[str, Any]]) -> pa.RecordBatch:
    # The memory of the system: Arrow's own allocator begins with a gigabyte of address space, and workers are held to
    # less than some pages would leave them then.
    array = pa.array(records, type=pa.struct(list(SCHEMA)), memory_pool=pa.system_memory_pool())
    return pa.RecordBatch.from_arrays(array.flatten(), schema=SCHEMA)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {name: _encodable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    if isinstance(value, tuple):  # of a map: Arrow takes no list for a key with its value
        return tuple(map(_encodable, value))
    return value
