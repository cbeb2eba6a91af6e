"""Files in, records out.

A page `a.html` may have a *sidecar* `a.html.json` beside it: a JSON object with any of `url`, `captured` (ISO 8601) and
`headers` (as the server sent them). `raw/a.html` becomes `clean/a.html.txt`, the body, and `clean/a.html.json`, the
*record*: what became of the page, and of every block that is not in the body.
"""

from __future__ import annotations

from cleaner.storage.inputs import Input, Meter, count_bytes, find_pages, read
from cleaner.storage.lines import Lines
from cleaner.storage.outputs import Folder, Nowhere, Rendered, Sink, replace_file, write, write_all
from cleaner.storage.readers import MAX_BYTES, PAGE_SUFFIXES
from cleaner.storage.records import Format, content_hash, dump, record, render
from cleaner.storage.table import Table

__all__ = [
    "MAX_BYTES",
    "PAGE_SUFFIXES",
    "Folder",
    "Format",
    "Input",
    "Lines",
    "Meter",
    "Nowhere",
    "Rendered",
    "Sink",
    "Table",
    "content_hash",
    "count_bytes",
    "dump",
    "find_pages",
    "read",
    "record",
    "render",
    "replace_file",
    "write",
    "write_all",
]
