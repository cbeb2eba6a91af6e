"""Saved pages of made-up sites in several forms, for the tests of engines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

SENTENCES = (
    "The watermill at the ford was sold on Tuesday to a cooperative of bakers from the three villages below it.",
    "Its wheel has not turned since the flood took the sluice away, and nobody has had the money for a new one.",
    "The bakers mean to grind spelt for themselves first, and for anyone who carries a sack up the hill after that.",
    "A carpenter who repaired the church clock has looked at the gears and says that oak will do where iron was.",
)


def html(number: int) -> str:
    """Return page `number`: its own paragraphs, and what all pages of its site have."""
    site = host(number)
    entry = "".join("abcdefghij"[int(digit)] for digit in str(number))  # numbers are folded where lines are counted
    paragraphs = "".join(f"<p>{sentence} So says entry {entry}.</p>" for sentence in SENTENCES[number % 3 :])
    return (
        f"<!doctype html><html lang=en><title>Mill {number}</title><body>"
        f"<div class=site-navigation><a href=/>Home</a> <a href=/mills>Mills of {site}</a></div>"
        f"<article class=mill-story><h1>Mill {number}</h1>{paragraphs}</article>"
        f"<div class=share-buttons>Share this page</div><p class=colophon>{site}, printed at the ford</p></body></html>"
    )


def host(number: int) -> str:
    return f"{'abc'[number % 3]}.example"


def url(number: int) -> str:
    return f"https://{host(number)}/mills/{number}"


def warc(path: Path, numbers: range) -> None:
    with path.open("wb") as file:
        for number in numbers:
            body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html(number).encode()
            head = (
                "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\n"
                f"WARC-Target-URI: {url(number)}\r\nWARC-Date: 2026-01-0{number % 9 + 1}T00:00:00Z\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            file.write(gzip.compress(head.encode() + body + b"\r\n\r\n"))


def parquet(path: Path, numbers: range, group: int = 5) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"url": [url(at) for at in numbers], "html": [html(at).encode() for at in numbers]})
    pq.write_table(table, path, row_group_size=group)


def crawl(folder: Path) -> Path:
    """Make a folder of 64 pages: WARC, Parquet, JSON Lines, files."""
    folder.mkdir()
    warc(folder / "a.warc.gz", range(20))
    parquet(folder / "b.parquet", range(20, 40))
    lines = (json.dumps({"url": url(at), "html": html(at)}) + "\n" for at in range(40, 50))
    (folder / "c.jsonl").write_text("".join(lines) + "no JSON\n")
    for at in range(50, 63):
        (folder / f"d{at}.html").write_text(html(at))
    return folder


def rows(out: Path) -> list[dict[str, Any]]:
    """Return the rows of all tables of a folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.read_table(path) for path in sorted(out.glob("*.parquet"))]
    found: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return found
