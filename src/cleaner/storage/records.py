"""What is written of an article: its body, its metadata, and why the rest is not in it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from cleaner import __version__
from cleaner.model import Article, Page

__all__ = ["Format", "content_hash", "dump", "dump_record", "record", "render"]

# Legal in a JSON string but not, or not unharmed, in a YAML one: DEL and C1, the two Unicode line ends, the BOM and two
# noncharacters.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Format(StrEnum):
    """How an article is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    JSONL = "jsonl"
    JSONL_ZST = "jsonl.zst"
    PARQUET = "parquet"

    @property
    def has_file_per_page(self) -> bool:
        """Whether each page has files of its own, beside those of other pages."""
        return self in (Format.TEXT, Format.MARKDOWN, Format.JSON)


def record(article: Article, page: Page | None = None, *, body: bool = False) -> dict[str, Any]:
    """Return all there is to say of `article` as JSON types; with `body`, its text too.

    `page` is what it was made of, None where nothing could be read: then `content_hash`
    (SHA-256 of the bytes, unpacked) is null. Equal pages, rules and versions give equal records: they hold no clock and
    no machine.
    """
    said = _fields(article.metadata)
    sources = {name: _fields(source) for name, source in said.pop("sources").items()}
    texts = {"text": article.text, "markdown": article.markdown} if body else {}
    return {
        "cleaner": __version__,
        "status": article.status.value,
        "reason": article.reason,
        "location": article.location,
        "url": article.page_url,
        "content_hash": None if page is None else content_hash(page.content),
        "media_type": article.media_type,
        "encoding": article.encoding,
        "confidence": article.confidence,
        "rules": article.rules,
        "rules_digest": article.rules_digest,
        "metadata": {**said, "sources": sources},
        "captions": [_fields(caption) for caption in article.captions],
        **texts,
        "removed": [
            {
                "index": gone.block.index,
                "text": gone.block.text,
                "fate": gone.verdict.fate.value,
                "kind": gone.verdict.kind,
                "field": gone.verdict.field,
                "evidence": [_fields(reason) for reason in gone.verdict.evidence],
            }
            for gone in article.removed
        ],
        "notes": [_fields(note) for note in article.notes],
    }


def _fields(said: Any) -> dict[str, Any]:
    """Return the fields of a flat dataclass; `asdict` looks into every value for more and takes many times as long."""
    return {name: getattr(said, name) for name in said.__slots__}


def content_hash(content: bytes | str) -> str:
    """Return the SHA-256 of the bytes of a page, hex."""
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


def dump(value: Any, *, indent: int | None = None) -> bytes:
    """Return `value` as JSON in UTF-8, with a line end.

    Lone surrogates (odd file names have them) are no UTF-8; Python's escape for them happens to be that of JSON.
    """
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "backslashreplace") + b"\n"


def dump_record(article: Article, page: Page | None = None, *, body: bool = False, indent: int | None = None) -> bytes:
    """Return :func:`record` as JSON for whoever reads it, with a line end."""
    return _spelled(json.dumps(record(article, page, body=body), ensure_ascii=False, indent=indent)) + b"\n"


def _spelled(said: str) -> bytes:
    """Return JSON or YAML in UTF-8, each lone surrogate as the six characters of its escape.

    The escape itself is JSON, but DuckDB, pandas, Polars and Arrow refuse a whole file of lines for one, and libyaml
    refuses it too.
    """
    try:
        return said.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", said).encode("utf-8")


def render(article: Article, form: Format, page: Page | None = None) -> bytes:
    """Return `article` as bytes: the body, Markdown with its metadata on top, or a record that holds the body."""
    if form is Format.TEXT:
        return _lines(article.text)
    if form is Format.MARKDOWN:
        return _front_matter(article) + _lines(article.markdown)
    return dump_record(article, page, body=True, indent=2 if form is Format.JSON else None)


def _lines(text: str) -> bytes:
    return f"{text}\n".encode("utf-8", "replace") if text else b""


def _front_matter(article: Article) -> bytes:
    """Return the metadata as YAML. Every scalar is a JSON string, which YAML reads as what it is, whatever it holds."""
    said: dict[str, Any] = asdict(article.metadata)
    del said["sources"]
    said["url"] = said["url"] or article.page_url
    said["status"] = article.status.value
    lines = [f"{name}: {_scalar(value)}" for name, value in said.items() if value or value is False]
    return b"---\n" + _spelled("\n".join(lines)) + b"\n---\n\n"


def _scalar(value: Any) -> str:
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
