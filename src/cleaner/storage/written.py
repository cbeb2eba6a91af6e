"""Records back in: what `cleaner clean` wrote, in whichever form, one record at a time (docs/FORMATS.md, Writing)."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

from cleaner.errors import InputError, TooLargeError
from cleaner.storage.extras import need
from cleaner.storage.outputs import holds_records, is_record, told
from cleaner.storage.readers import MAX_BYTES, Stream
from cleaner.storage.readers.members import MAX_MEMBER

__all__ = ["Found", "find_records"]

_ROWS: Final = 16
"""Of a Parquet file, held at a time."""
_BODIES: Final = ("text", "markdown")
_LINES: Final = ("pages.jsonl", "pages.jsonl.zst")
_TABLES: Final = ("pages-*.parquet", "part-*.parquet")
"""What `cleaner clean` writes, and what engines do."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record, or what should be one."""

    where: str
    """The file that it is, or in which line or row of one it is."""
    record: dict[str, Any] | None = None
    trouble: str = ""
    """Why it is none."""


def find_records(paths: Iterable[Path]) -> Iterator[Found]:
    """Yield the records in files and folders; those of a folder in no order. The bodies may not be in them.

    A folder is what `cleaner clean` or `cleaner ray` has written, in any form: a record for each page with those of the
    folders below it, `pages.jsonl`, `pages.jsonl.zst`, or tables. One record is held at a time, of Parquet a few.

    Raises InputError where a path cannot be read or holds no records, and where a folder holds several forms of them:
    the same pages may be in each.
    """
    for path in paths:
        yield from _folder(path) if path.is_dir() else _file(path)


def _folder(folder: Path) -> Iterator[Found]:
    whole = [folder / name for name in _LINES if (folder / name).is_file()]
    tables = {pattern: found for pattern in _TABLES if (found := sorted(folder.glob(pattern)))}
    singles = _singles(folder)
    first = next(singles, None)
    forms = [path.name for path in whole]
    forms += tables
    forms += [first.name] if first is not None else []
    if len(forms) > 1:
        raise InputError(f"{folder}: holds records in several forms ({', '.join(forms)}); name the files of one")
    if not forms:
        if any(folder.glob("*.part")):
            raise InputError(f"{folder}: its run was stopped before a file was whole; the same command goes on with it")
        raise InputError(f"{folder}: holds nothing that cleaner has written")
    for path in chain(whole, *tables.values()):
        yield from _file(path)
    if first is not None:
        yield from map(_single, chain([first], singles))


def _singles(folder: Path) -> Iterator[Path]:
    """Yield the records that have a file each. Not sorted: a folder may have a million, and nothing holds them all."""
    stack = [folder]
    while stack:
        try:
            with os.scandir(stack.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    path = Path(entry.path)
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(path)
                    elif entry.name.endswith(".json") and entry.is_file() and is_record(path):
                        yield path
        except OSError as error:
            raise InputError(f"{error.filename or folder}: cannot be read: {told(error)}") from error


def _single(path: Path) -> Found:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        return Found(str(path), trouble=f"cannot be read: {told(error)}")
    return _record(content, str(path), MAX_BYTES)


def _file(path: Path) -> Iterator[Found]:
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            if head == b"PAR1":
                yield from _table(file, path)
            elif is_record(path) and path.suffix == ".json":
                yield _single(path)
            else:
                yield from _lines(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {told(error)}") from error


def _lines(file: BinaryIO, path: Path) -> Iterator[Found]:
    try:
        stream = Stream(file)
        if stream.head and not holds_records(stream.head):
            raise InputError("holds no records of cleaner")
        lines = io.BufferedReader(stream, 1024 * 1024)
        number = 0
        while line := lines.readline(MAX_MEMBER + 1):
            number += 1
            yield _record(line, f"{path}:{number}", MAX_MEMBER)
            while len(line) > MAX_MEMBER and not line.endswith(b"\n"):
                line = lines.readline(MAX_MEMBER + 1)
    except (InputError, TooLargeError) as error:
        raise InputError(f"{path}: {error}") from error


def _record(content: bytes, where: str, most: int) -> Found:
    if len(content) > most:
        return Found(where, trouble=f"more than {most // 1024**2} MB")
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        return Found(where, trouble=f"no JSON ({error})")
    return Found(where, record) if isinstance(record, dict) else Found(where, trouble="no JSON object")


def _table(file: BinaryIO, path: Path) -> Iterator[Found]:
    parquet = need("pyarrow.parquet", "reading Parquet")
    arrow_error: type[Exception] = need("pyarrow", "reading Parquet").ArrowException
    from cleaner.storage.columns import VERSION_KEY  # it imports pyarrow, which may not be there

    try:
        table = parquet.ParquetFile(file, pre_buffer=False)
        if VERSION_KEY not in (table.schema_arrow.metadata or {}):
            raise InputError(f"{path}: holds no records of cleaner")
        columns = [name for name in table.schema_arrow.names if name not in _BODIES]
        number = 0
        for batch in table.iter_batches(_ROWS, columns=columns, use_threads=False):
            for record in batch.to_pylist():
                number += 1
                metadata = record.get("metadata")
                if isinstance(metadata, dict):  # Arrow's maps come as pairs
                    metadata["sources"] = dict(metadata.get("sources") or ())
                yield Found(f"{path}:{number}", record)
    except (arrow_error, ValueError) as error:
        raise InputError(f"{path}: broken Parquet: {error}") from error
