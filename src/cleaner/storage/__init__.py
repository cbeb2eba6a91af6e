"""Files in, records out.

A page `a.html` may have a *sidecar* `a.html.json` beside it: a JSON object with any of `url`, `captured` (ISO 8601) and
`headers` (as the server sent them). `raw/a.html` becomes `clean/a.html.txt`, the body, and `clean/a.html.json`, the
*record*: what became of the page, and of every block that is not in the body.
"""

from __future__ import annotations

from cleaner.storage.inputs import Input, Meter, beside, count_bytes, find_files, find_pages, pages_in, parts_of, read
from cleaner.storage.lines import Lines
from cleaner.storage.outputs import Folder, Nowhere, Rendered, Sink, replace_file, write, write_all
from cleaner.storage.readers import MAX_BYTES, PAGE_SUFFIXES, Part
from cleaner.storage.records import Format, content_hash, dump, record, render
from cleaner.storage.table import Draft, Table, TableFile, has_key

__all__ = [
    "MAX_BYTES",
    "PAGE_SUFFIXES",
    "Draft",
    "Folder",
    "Format",
    "Input",
    "Lines",
    "Meter",
    "Nowhere",
    "Part",
    "Rendered",
    "Sink",
    "Table",
    "TableFile",
    "beside",
    "content_hash",
    "count_bytes",
    "dump",
    "find_files",
    "find_pages",
    "has_key",
    "pages_in",
    "parts_of",
    "read",
    "record",
    "render",
    "replace_file",
    "write",
    "write_all",
]
