"""Tables of pages: JSON Lines and Parquet. Columns are told by their names, any case.

The columns in :data:`HTML`, :data:`TEXT`, :data:`EITHER`, :data:`URL`, :data:`CAPTURED` and :data:`MEDIA_TYPE` are
looked for in this order, at the top and then in an object called `metadata` or `meta`. A date of publication is none of
them; nor is a bare `date`, which in most data sets is one.
"""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from cleaner.errors import InputError
from cleaner.model import Page
from cleaner.storage.readers.compressed import Stream, extra
from cleaner.storage.readers.members import MAX_MEMBER, Member, Part, json_of, moment, numbered, too_large, web

__all__ = ["CONTENT", "jsonl", "parquet", "parquet_file", "row_groups", "runs_of_lines"]

HTML: Final = ("html", "raw_html", "page_html", "html_content", "content_html", "body_html")
TEXT: Final = ("text", "raw_text", "plain_text", "raw_content")
EITHER: Final = ("content", "body", "page", "document")
"""HTML or text, told by content."""
URL: Final = ("url", "uri", "page_url", "source_url", "target_uri", "warc_target_uri", "original_url", "link")
CAPTURED: Final = (
    *("captured", "captured_at", "crawled", "crawled_at", "crawl_date", "crawl_time", "crawl_timestamp"),
    *("fetched", "fetched_at", "fetch_date", "fetch_time", "retrieved", "retrieved_at", "scraped_at", "downloaded_at"),
    *("date_download", "download_date", "warc_date", "timestamp"),
)
MEDIA_TYPE: Final = ("media_type", "mime", "mime_type", "content_type")
_NESTED: Final = ("metadata", "meta")
CONTENT: Final = (*HTML, *EITHER, *TEXT)
_KNOWN: Final = frozenset((*CONTENT, *URL, *CAPTURED, *MEDIA_TYPE, *_NESTED))
_OVER_LINES: Final = re.compile(rb"\s{0,99}(?:\[\s{0,99}\{?|\{)\s{0,99}")
_PIECE: Final = 4 * 1024 * 1024
_ROWS: Final = 1
"""How many rows of a Parquet file are held at a time: a dictionary can make each as large as it likes, and one by one
costs 20 µs a row. Arrow unpacks a data page besides, as a whole: 1,024 rows in files that it wrote itself."""


def jsonl(stream: Stream, where: str, skipped: Counter[str], part: Part | None = None) -> Iterator[Member]:
    """Yield the pages of a JSON Lines file, one for each line that is not empty."""
    file: BinaryIO = io.BufferedReader(stream, 1024 * 1024)
    number, left = 0, math.inf
    if part is not None:
        file, number, left = stream.raw, part.lines, part.end - part.begin
        file.seek(part.begin)
    while left > 0 and (line := file.readline(MAX_MEMBER + 1)):
        number += 1
        left -= len(line)
        if len(line) > MAX_MEMBER:
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_MEMBER)
                left -= len(line)
            yield too_large(numbered(number), f"{where}:{number}")
            continue
        if not line.strip():
            skipped["empty line"] += 1
            continue
        if number == 1 and _OVER_LINES.fullmatch(line):
            jq = "'.[]'" if b"[" in line else "."
            why = f"JSON that goes over several lines, where each should be an object: `jq -c {jq}` makes that"
            yield Member(numbered(number), f"{where}:{number}", None, why)
            return
        try:
            row = json_of(line)
        except (ValueError, RecursionError) as error:
            yield Member(numbered(number), f"{where}:{number}", None, f"no JSON ({error})")
            continue
        if isinstance(row, dict):
            yield _member(row, number, f"{where}:{number}")
        else:
            hint = ", but an array: `jq -c '.[]'` gives its objects, one on each line" if isinstance(row, list) else ""
            yield Member(numbered(number), f"{where}:{number}", None, f"no JSON object{hint}")


def runs_of_lines(file: BinaryIO, size: int) -> list[Part]:
    """Return runs of whole lines of some `size` bytes each."""
    found: list[Part] = []
    begin = at = lines = before = 0
    file.seek(0)
    while piece := file.read(_PIECE):
        counted = 0
        while (end := piece.find(b"\n", max(begin + size - 1 - at, counted))) >= 0:
            lines += piece.count(b"\n", counted, end + 1)
            counted = end + 1
            found.append(Part(begin, at + counted, before))
            begin, before = at + counted, lines
        lines += piece.count(b"\n", counted)
        at += len(piece)
    return [*found, Part(begin, at, before)] if begin < at else found


def row_groups(file: BinaryIO, size: int) -> list[Part]:
    """Return runs of row groups that hold some `size` bytes each, packed, or one row group."""
    pa, pq = _library()
    try:
        groups = pq.read_metadata(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"broken Parquet: {error}") from error
    found: list[Part] = []
    begin = held = 0
    for at in range(groups.num_row_groups):
        group = groups.row_group(at)
        held += sum(group.column(column).total_compressed_size for column in range(group.num_columns))
        if held >= size or at == groups.num_row_groups - 1:
            found.append(Part(begin, at + 1))
            begin, held = at + 1, 0
    return found


def _library() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise extra("Parquet", error) from error
    return pa, pq


def parquet(file: BinaryIO, where: str, part: Part | None = None) -> Iterator[Member]:
    """Yield the pages of a Parquet file, one for each row; only the columns that are known are read."""
    pa, pq = _library()
    number = 0
    try:
        table = pq.ParquetFile(file, buffer_size=1024 * 1024, pre_buffer=False)
        groups = range(part.begin, part.end) if part else range(table.num_row_groups)
        number = sum(table.metadata.row_group(at).num_rows for at in range(groups.start))
        columns = [name for name in table.schema_arrow.names if name.lower() in _KNOWN]
        _check(columns, table.schema_arrow.names)
        for batch in table.iter_batches(_ROWS, groups, columns, use_threads=False):
            names = batch.schema.names
            for index in range(batch.num_rows):
                number += 1
                location = f"{where}:{number}"
                content = [batch.column(name)[index] for name in names]
                if any(_bytes(value) > MAX_MEMBER for value in content):
                    yield too_large(numbered(number), location)
                    continue
                row = {name: _python(value) for name, value in zip(names, content, strict=True)}
                yield _member(row, number, location)
    except MemoryError as error:
        raise InputError(
            f"Parquet after row {number:,} takes too much memory ({error}): its data pages are too large, or broken; "
            "`write_batch_size=16` makes pyarrow write small ones"
        ) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"broken Parquet after row {number:,}: {error}") from error


def parquet_file(path: Path, where: str, part: Part | None = None) -> Iterator[tuple[int, Member]]:
    """Yield how far the file is read, and a page: for a process of its own, where all of it pickles."""
    with path.open("rb") as file:
        for member in parquet(file, where, part):
            yield file.tell(), member


def _bytes(value: Any) -> int:
    """Return how much a cell holds, without making Python objects of it."""
    buffer = value.as_buffer() if hasattr(value, "as_buffer") and value.is_valid else None
    return 0 if buffer is None else buffer.size


def _python(value: Any) -> Any:
    try:
        return value.as_py()
    except (ValueError, OverflowError):  # text that is no UTF-8, a date beyond what Python knows
        buffer = value.as_buffer() if hasattr(value, "as_buffer") else None
        return None if buffer is None else buffer.to_pybytes()


def _check(columns: list[str], all_columns: list[str]) -> None:
    if not any(name.lower() in CONTENT for name in columns):
        raise InputError(_no_content(all_columns))


def _no_content(columns: list[str]) -> str:
    told = ", ".join(repr(str(name)[:40]) for name in columns[:12]) or "nothing"
    return f"no column with a page: there is {told}; one of {', '.join(CONTENT)} is looked for"


def _member(row: Mapping[str, Any], number: int, location: str) -> Member:
    """Return the page in a row."""
    said = {str(key).lower(): value for key, value in row.items()}
    for nested in _NESTED:
        inner = said.get(nested)
        if isinstance(inner, dict):
            said = {**{str(key).lower(): value for key, value in inner.items()}, **said}
    url = web(_first(said, URL))
    name = numbered(number, url)
    column = next((column for column in CONTENT if isinstance(said.get(column), str | bytes)), None)
    if column is None:
        why = _no_content(list(row)) if not any(column in said for column in CONTENT) else "the page is null"
        return Member(name, location, None, why, url=url)
    content = said[column]
    if len(content) > MAX_MEMBER:
        return too_large(name, location, url)
    stated = _first(said, MEDIA_TYPE)
    media_type = stated if isinstance(stated, str) else "text/plain" if column in TEXT else None
    page = Page(content, url, media_type, None, moment(_first(said, CAPTURED)), location)
    return Member(name, location, page)


def _first(said: Mapping[str, Any], columns: tuple[str, ...]) -> object:
    return next((said[column] for column in columns if said.get(column) is not None), None)
