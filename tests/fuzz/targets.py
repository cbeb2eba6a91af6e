"""What is fuzzed: every reader, the segmenter, the rule loader, the importers."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import plistlib
import shutil
import tarfile
import tempfile
import unicodedata
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path, PurePosixPath
from random import Random
from typing import Any, Final

from cleaner import Cleaner
from cleaner.compose import compose
from cleaner.errors import InputError, OutputError, PageError, RuleFileError, TooLargeError
from cleaner.model import Article, Evidence, Fate, Page, Status, Verdict
from cleaner.rules import RuleBook
from cleaner.rules.language import parse
from cleaner.segment import segment
from cleaner.segment.decode import decode
from cleaner.storage import Folder, Format, dump, find_pages, read, record, render
from cleaner.storage.inputs import Input
from cleaner.storage.inspection import inspect
from cleaner.storage.readers import Form, Stream, members, page_of, tell
from cleaner.text import settle
from tests.fuzz import bend
from tests.fuzz.bend import Bend
from tests.fuzz.promises import allow, bounded, broken
from tests.test_invariants import squeeze, visible

__all__ = ["TARGETS", "Target"]

DATA: Final = Path(__file__).resolve().parents[1] / "data"
_SCRATCH: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None  # memory: a target writes a few files each time


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is fuzzed."""

    run: Callable[[bytes], None]
    """Raises :class:`~tests.fuzz.promises.BrokenPromiseError`, and nothing else."""
    seeds: Callable[[], list[bytes]]
    """Small valid inputs to begin with."""
    bend: Bend
    """Changes an input, so that what comes out gets past the first check."""
    needs: str | None = None
    """Package of the extra `formats` without which there is nothing to try."""
    has_limit: bool = False
    """Whether what takes the memory does so in a process that has a limit, else than here."""

    def __call__(self, data: bytes) -> None:
        """Try one input."""
        with warnings.catch_warnings(), bounded(len(data), memory=not self.has_limit):
            warnings.simplefilter("error")
            self.run(data)


# ── Readers ───────────────────────────────────────────────────────────────────────────────────────────────────────────

PAGE: Final = (
    "<!DOCTYPE html><html lang=en><head><title>The ferry sails again</title>"
    '<meta property="article:published_time" content="2024-05-06T07:08:09Z"></head><body>'
    "<nav><a href=/>Home</a> <a href=/local>Local</a></nav><article><h1>The ferry sails again</h1>"
    "<p>By Runa Holm</p><p>After nine weeks in the dock the ferry left the island on Monday with forty people, a tractor "
    "and somebody’s piano on board.</p><p>The new engine is said to be quieter than the gulls, which nobody on the quay "
    "was able to confirm.</p></article><p>Share this</p><footer>Printed on Thursdays</footer></body></html>"
).encode()
_URL: Final = "http://ferry.example/news/sails-again"
_MOST_PAGES: Final = 4
_MOST_MEMBERS: Final = 3_000
"""Lists of members are read to here: a promise is about each."""


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder with `in` and `out`; tell at the end whether anything was put beside them."""
    folder = Path(tempfile.mkdtemp(prefix="cleaner-fuzz-", dir=_SCRATCH))
    try:
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        before = _content(folder / "in")
        yield folder
        if {path.name for path in folder.iterdir()} != {"in", "out"}:
            raise broken("writes outside the folder", sorted(map(str, folder.iterdir())))
        if before and _content(folder / "in") != before:
            raise broken("writes into the input")
    finally:
        shutil.rmtree(folder)


def _content(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


@cache
def _without_rules() -> Cleaner:
    return Cleaner(False)


class _Pipe(io.BytesIO):
    """Bytes that come once and in pieces."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation

    def read(self, size: int | None = -1) -> bytes:
        return super().read(size if size is None or size < 0 else min(size, 1000))


def _file(name: str, data: bytes) -> None:
    """Try a file in every way in which one is read."""
    with _folder() as folder:
        path = folder / "in" / name
        path.write_bytes(data)
        with allow(InputError):
            json.dumps(inspect(path, io.BytesIO()).as_json())
        for source in (path.open("rb"), _Pipe(data)):
            clean = not isinstance(source, _Pipe)
            with source, allow(InputError, TooLargeError):
                stream = Stream(source)  # type: ignore[arg-type]
                form = tell(stream.head, name)
                if form.is_container:
                    _members(form, stream, clean=clean)
                else:
                    _page(page_of(stream.read_all(4 << 20), name), clean=clean)
        _inputs([path], folder / "out")


def _members(form: Form, stream: Stream, *, clean: bool) -> None:
    names = set()
    for number, member in enumerate(members(form, stream, "x", Counter())):
        if member.name in names or member.name.is_absolute() or ".." in member.name.parts or not member.name.parts:
            raise broken("a member's name is no path of its own below the container", repr(member.name))
        names.add(member.name)
        if (member.page is None) == (not member.trouble):
            raise broken("a member is neither page nor trouble", member)
        if member.trouble.startswith("broken: ") and "Error" in member.trouble:
            raise broken(f"a reader did not foresee {member.trouble.split(':')[1].strip()}", member.trouble)
        if member.page is not None:
            _page(member.page, clean=clean and number < _MOST_PAGES)
        if number > _MOST_MEMBERS:
            return


def _page(page: Page, *, clean: bool = True) -> None:
    """Check that a page is what its type says, and can be cleaned."""
    stated: tuple[tuple[object, type], ...] = (
        (page.url, str), (page.media_type, str), (page.charset, str), (page.captured, datetime)
    )  # fmt: skip
    if not isinstance(page.content, bytes | str) or any(
        value is not None and not isinstance(value, kind) for value, kind in stated
    ):
        raise broken("a page's fields have other types", page)
    if page.url is not None and not page.url.lower().startswith(("http://", "https://")):
        raise broken("a page's address is none of the web", page.url)
    if clean and len(page.content) < 1 << 17:
        with allow():
            _record(_without_rules().clean(page), page)


def _record(article: Article, page: Page) -> None:
    if article.status is Status.CRASHED:
        raise broken("a page crashed", article.reason)
    for form in (Format.TEXT, Format.MARKDOWN):
        render(article, form, page)
    json.loads(dump(record(article, page, body=True)))


def _inputs(paths: list[Path], out: Path) -> None:
    """Read pages as a run does, and write what a run writes."""
    sink = Folder(out)
    names: set[PurePosixPath] = set()
    with allow(InputError):
        for number, source in enumerate(find_pages(paths)):
            if source.name in names or source.name.is_absolute() or ".." in source.name.parts:
                raise broken("an input's name is no path of its own", repr(source.name))
            names.add(source.name)
            if number >= _MOST_PAGES:
                return
            article, page = _cleaned(source)
            with allow(OutputError):
                sink.put(source.name, sink.render(article, page))


def _cleaned(source: Input) -> tuple[Article, Page | None]:
    with allow(InputError, TooLargeError):
        page = source.read()
        if len(page.content) < 1 << 16:
            return _without_rules().clean(page), page
    return Article.failed(Status.UNREADABLE, "x", url=None, location=source.location, media_type="text/html"), None


def _bundle(data: bytes, known: frozenset[str]) -> None:
    """Try a folder of files with known names."""
    with _folder() as folder:
        for name, content in bend.unbundled(data):
            if name in known:
                path = folder / "in" / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
        with allow(InputError):
            json.dumps(inspect(folder / "in", io.BytesIO()).as_json())
        for path in (folder / "in").glob("*.html"):
            with allow(InputError, TooLargeError):
                notes: list[Any] = []
                _page(read(path, notes))
                json.dumps([str(note) for note in notes])
        _inputs([folder / "in"], folder / "out")


_WORDS: Final = tuple(
    b"<p> </p> <div> </div> <span hidden> <b> </b> <a href=/x> </a> <br> <table> <tr> <td> </table> <ul> <li> </ul> <pre> "
    b"</pre> <h1> </h2> <noscript> </noscript> <script> </script> <style> <template> <textarea> <title> <plaintext> <xmp> "
    b"<svg> <math> <iframe> <frameset> <body> </body> <html> </html> <head> </head> <main> <article> <figure> "
    b"<figcaption> <img> <blockquote> <details> <summary> <select> <option> <form> <!-- --> <![CDATA[ ]]> <!DOCTYPE <?xml "
    b'&nbsp; &#x1F; &#0; &amp; &ZeroWidthSpace; <o:p> <a"b> <ruby> <rt> <code> <dl> <dt> <dd> <sup> <wbr> </p></p> '
    b"<time datetime=2024-05-06> <caption> <th> <hr> <button> <dialog> <label> <input> <object> <video> <audio>".split()
) + (
    b'<div style="display:none">',
    b'<p class="byline">',
    b'<script type="application/ld+json">{"@type":"NewsArticle","headline":"x","articleBody":"y"}</script>',
    b'<link rel="canonical" href="http://a.example/">',
    b'<meta property="og:title" content="x">',
    b'<meta charset="utf-16">',
    b'<div itemscope itemtype="http://schema.org/Article">',
    b'<td colspan=99999999 rowspan="-1">',
    b'<ol start="-99999999999999999999" reversed>',
    b"By Runa Holm and Ole Vik",
    b"Published 6 May 2024",
    b"Read more: the piano arrives",
    "\u00ad\u200b\u2028\u0085\u00a0\u3000".encode(),
    "“‘’”–—…·•".encode(),
    "e\u0301\u0301\u0301 ﬁ Ⅳ ｆｕｌｌ".encode(),
    "שלום \u202eabc\u202c عالم".encode(),
    b"<!-- saved from url=(0021)http://a.example/page -->\n",
    b"<!--\n Page saved with SingleFile \n url: http://a.example/ \n saved date: Mon May 06 2024 07:08:09 GMT+0000\n-->",
    b"data:image/png;base64," + b"QUJD" * 30,
)
_MARKUP: Final = bend.markup(_WORDS)

_SIDECAR: Final = json.dumps(
    {"url": _URL, "captured": "2024-05-06T07:08:09+02:00", "headers": {"Content-Type": "text/html; charset=utf-8"}}
).encode()
_SINGLEFILE: Final = (
    b"<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: http://ferry.example/ \n"
    b" saved date: Mon May 06 2024 07:08:09 GMT+0200 (CEST)\n--><img src='data:image/png;base64," + b"QUJD" * 40 + b"'>"
)


def _of(name: str) -> Bend:
    return bend.json_value if name.endswith(".json") else _MARKUP


def _html_seeds() -> list[bytes]:
    mark = b"<!-- saved from url=(0021)http://a.example/page -->\n"
    pages = (PAGE, mark + PAGE, _SINGLEFILE + PAGE, _SINGLEFILE + PAGE + _zip({"index.html": PAGE}))
    return [bend.bundled({"a.html": page, "a.html.json": _SIDECAR}) for page in pages]


def _zip(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return file.getvalue()


def _tar(files: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def _mhtml() -> bytes:
    return (
        b"From: <Saved by Blink>\r\nSnapshot-Content-Location: http://ferry.example/news\r\nSubject: =?utf-8?Q?Ferry?=\r\n"
        b"Date: Mon, 6 May 2024 07:08:09 -0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n"
        b'\ttype="text/html";\r\n\tboundary="----Cut----"\r\n\r\n\r\n------Cut----\r\nContent-Type: text/html\r\n'
        b"Content-ID: <frame-1@mhtml.blink>\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        b"Content-Location: http://ferry.example/news\r\n\r\n" + PAGE.replace(b"=", b"=3D") + b"\r\n------Cut----\r\n"
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Location: http://ferry.example/a.png\r\n"
        b"\r\niVBORw0KGgo=\r\n------Cut------\r\n"
    )


_MAIL: Final = (
    *(
        b"Content-Type: multipart/alternative; boundary=x",
        b"Content-Type: multipart/related; boundary=",
        b"--x",
        b"--x--",
    ),
    *(
        b"Content-Type: text/html; charset*0*=utf-8''%ff",
        b"Content-Transfer-Encoding: base64",
        b"Content-Type: text/html",
    ),
    *(
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Location: =?utf-8?B?////?=",
    ),
    *(
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-ID: <x>",
        b"MIME-Version: 1.0",
        b"Date: x",
        b"=",
        b"=3",
        b"",
    ),
    *(b"Snapshot-Content-Location: ", b"Content-Transfer-Encoding: x-uuencode", b"Content-Transfer-Encoding: \xff"),
    *(
        b"------Cut----",
        b"------Cut------",
        b" folded",
        b"\tx*1*=%",
        b"Content-Type: " + b"a;" * 500,
        b"start=<frame-1>",
    ),
)


def _webarchive(form: plistlib.PlistFormat) -> bytes:
    main = {"WebResourceData": PAGE, "WebResourceURL": _URL, "WebResourceMIMEType": "text/html"}
    return plistlib.dumps(
        {"WebMainResource": {**main, "WebResourceTextEncodingName": "UTF-8"}, "WebSubresources": []}, fmt=form
    )


def _warc_record(kind: str, body: bytes, media_type: str, url: str = _URL) -> bytes:
    return (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
        "WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body + b"\r\n\r\n"  # fmt: skip


def _warc() -> list[bytes]:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + PAGE
    return [
        _warc_record("warcinfo", b"software: x\r\n", "application/warc-fields"),
        _warc_record("response", http, "application/http; msgtype=response"),
        _warc_record("resource", PAGE, "text/html", "http://ferry.example/2"),
        _warc_record("conversion", b"The ferry sails again.\n", "text/plain", "http://ferry.example/3"),
    ]


def _warc_seeds() -> list[bytes]:
    records = _warc()
    return [b"".join(records), b"".join(gzip.compress(one, mtime=0) for one in records), records[3] * 2]


def _wacz() -> bytes:
    listed = b'{"format": "json-pages-1.0"}\n{"url": "%b"}\n{"url": "http://ferry.example/9"}\n' % _URL.encode()
    return _zip(
        {
            "archive/data.warc.gz": b"".join(gzip.compress(one, mtime=0) for one in _warc()),
            "pages/pages.jsonl": listed,
            "datapackage.json": b"{}",
        },
        zipfile.ZIP_STORED,
    )


def _in_wacz(name: str) -> Bend:
    return bend.json_lines() if name.endswith(".jsonl") else bend.warc(_MARKUP)


def _zip_seeds() -> list[bytes]:
    rdf = (
        b'<RDF:RDF><MAF:originalurl RDF:resource="http://ferry.example/"/><MAF:archivetime RDF:resource="Mon, 06 May 2024'
        b' 07:08:09 GMT"/><MAF:indexfilename RDF:resource="index.html"/><MAF:charset RDF:resource="UTF-8"/></RDF:RDF>'
    )
    files = {
        "a.html": PAGE,
        "b/c.txt.gz": gzip.compress(b"The ferry.", mtime=0),
        "a_files/x.html": b"",
        "d.mhtml": _mhtml(),
    }
    return [_zip(files), _zip({"1/index.rdf": rdf, "1/index.html": PAGE}), _zip({"e.zip": _zip({"a.html": PAGE})})]


def _in_zip(name: str) -> Bend:
    return bend.packed(_MARKUP) if name.endswith(".gz") else bend.lines(_MAIL) if name.endswith(".mhtml") else _MARKUP


def _tar_seeds() -> list[bytes]:
    files = {"a.html": PAGE, "b/c.txt": b"The ferry.", "x" * 120 + "/d.html": PAGE}
    return [_tar(files), _tar(files, tarfile.GNU_FORMAT), gzip.compress(_tar({"a.html": PAGE}), mtime=0)]


_BOX: Final = frozenset({"index.json", "singlefile.html", "output.html", "page.html", "wget/page.html"})


def _box_seeds() -> list[bytes]:
    run = {"start_ts": "2024-05-06T07:08:09+00:00", "output": "page.html", "status": "succeeded"}
    said: dict[str, Any] = {"url": _URL, "timestamp": "1714979289.5", "history": {"wget": [run], "singlefile": [run]}}
    index = json.dumps({**said, "canonical": {"wget_path": "page.html"}}).encode()
    return [bend.bundled({"index.json": index, name: PAGE}) for name in ("singlefile.html", "output.html", "page.html")]


def _jsonl_seeds() -> list[bytes]:
    page = PAGE.decode()
    rows: list[dict[str, Any]] = [
        {"html": page, "url": _URL, "fetched_at": "2024-05-06T07:08:09Z", "mime": "text/html"},
        {"text": "The ferry sails again.\n", "metadata": {"url": _URL, "warc_date": 1714979289}},
        {"content": "The ferry.", "timestamp": 1714979289000},
    ]
    return ["".join(f"{json.dumps(row)}\n" for row in rows).encode()]


def _parquet_seeds() -> list[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"html": PAGE, "url": _URL, "crawled": datetime(2024, 5, 6, 7), "meta": {"mime": "text/html"}}] * 3
    made = []
    for table in (pa.Table.from_pylist(rows), pa.table({"text": ["The ferry."] * 20, "date": [1] * 20})):
        file = io.BytesIO()
        pq.write_table(table, file, row_group_size=2)
        made.append(file.getvalue())
    return made


def _zstd_seeds() -> list[bytes]:
    import zstandard

    return [zstandard.compress(PAGE), zstandard.compress(_tar({"a.html": PAGE}))]


def _packed_seeds(pack: Callable[[bytes], bytes]) -> list[bytes]:
    return [pack(PAGE), pack(_warc()[3]) + pack(_warc()[2]), pack(b"".join(_jsonl_seeds()))]


# ── The segmenter, and all behind it ──────────────────────────────────────────────────────────────────────────────────

_KEEP: Final = Verdict(Fate.KEEP, evidence=(Evidence("fuzz"),))


@cache
def _with_rules() -> Cleaner:
    return Cleaner()


def _clean(media_type: str | None, data: bytes) -> None:
    """Clean a page with the shipped rules: a status or an article; conserved; nothing invented; stable."""
    page = Page(data, _URL, media_type)
    with allow():
        article = _with_rules().clean(page)
        _record(article, page)
        try:
            document = segment(page)
        except PageError:
            if article.status not in (Status.UNREADABLE, Status.TOO_LARGE) or article.text:
                raise broken("a page that cannot be read has no such status", article.status) from None
            return
        _conserved(article, document)
        _stable(article.text)


def _conserved(article: Article, document: Any) -> None:
    if len(article.blocks) != len(article.verdicts) or not all(verdict.evidence for verdict in article.verdicts):
        raise broken("a block has no verdict, or a verdict no evidence")
    if document.root is not None and not any(element.tag == "noscript" for element in document.spans):
        # A mark at the beginning of a block belongs to no letter before it: so letters in order, marks by their number.
        whole = [
            unicodedata.normalize("NFD", squeeze("".join(block.text for block in document))),
            unicodedata.normalize("NFD", visible(document.root)),
        ]
        shown, seen = ("".join(char for char in text if not unicodedata.combining(char)) for text in whole)
        if shown != seen or Counter(whole[0]) != Counter(whole[1]):
            at = next((at for at, (one, two) in enumerate(zip(shown, seen, strict=False)) if one != two), -1)
            raise broken("not conserved", f"{shown[at - 20 : at + 30]!r} {seen[at - 20 : at + 30]!r}")
    if not document.is_html:
        seen = _letters(decode(document.page).text)
        shown = _letters("\n".join(f"{block.marker} {block.text}" for block in document))
        if shown != seen:
            raise broken("a dump is not conserved", f"{shown[:80]!r} {seen[:80]!r}")
    if article.status is Status.OK and not article.text:
        raise broken("ok without text")


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, settle(text)))


def _stable(text: str) -> None:
    blocks = segment(Page(text, media_type="text/plain"))
    again, _ = compose(blocks, [_KEEP] * len(blocks))
    if again != text:
        raise broken("a clean text does not stay as it is", f"{text!r}\n{again!r}")


def _segment_seeds() -> list[bytes]:
    return [
        PAGE,
        (DATA / "site" / "kiln.html").read_bytes(),
        PAGE.decode().encode("utf-16"),
        PAGE.replace(b"\xe2", b"\x92"),
    ]


_DUMP: Final = (
    "The ferry sails again\nBy Runa Holm\n6 May 2024\n\nAfter nine weeks in the dock the ferry left the island on Monday with\n"
    "forty people, a tractor and somebody’s piano on board. The new engine is\nsaid to be quieter than the gulls.\n\n"
    "- one crew\n- two engines\n  1. port\n  2. starboard\n\n> “Nobody asked the gulls,” she said.\n\n| Day | Sailings |\n"
    "| Mon | 4 |\n\n    code stays\n\nRead more: the piano arrives\nShare this\n© 2024 The Quay\n"
).encode()
_DUMP_WORDS: Final = (
    *(
        b"- ",
        b"* ",
        b"1. ",
        b"> ",
        b"# ",
        b"    ",
        b"\t",
        b"| a | b |",
        b"---",
        b"```",
        b"\n\n\n",
        b"\r\n",
        b"\x0c",
        b"\x0b",
        b"\x1c",
    ),
    *(
        b"\xc2\x85",
        "\u2028".encode(),
        "\u2029".encode(),
        "\u00ad".encode(),
        "\u200b".encode(),
        "\u00a0".encode(),
        b"Read more",
    ),
    *(
        b"By Runa Holm",
        b"Advertisement",
        b"Comments (12)",
        b"10) ",
        "•\u00a0".encode(),
        b"\\",
        b"<p>",
        b"&amp;",
        b"99999999999. ",
    ),
)


# ── Rules ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_RULES: Final = """schema = 1
site = "ferry.example"
extends = ["platforms/x"]
disable = ["generic/x/y", "builtin/repeats"]
recognise = ["The ferry sails again", "Printed on Thursdays"]
[when]
paths = ["/news/*"]
[phrases]
more = ["Read more", "Share this"]
[body]
css = ["article", "main > div"]
[meta]
title = { css = "h1" }
authors = [{ line = "By (?P<v>.+)", split = true }, { xpath = "//meta[@name='author']/@content" }]
date = { css = "meta[property]", attr = "content" }
[[rule]]
id = "one"
kind = "share"
css = ["p.share", "nav"]
xpath = "//footer[contains(., 'Thursdays')]"
token = ["share-*", "ad"]
text = "Share|Printed"
max_words = 40
max_share = 0.9
note = "x"
source = "hand"
added = 2026-09-01
[rule.when]
zone = ["head", "tail"]
lang = ["en"]
if_present = [{ css = "h1" }, { phrase = "Read more" }]
valid_from = 2020-01-01
[[rule]]
id = "two"
kind = "related"
phrase = ["Read more", "@more"]
line = "Read (?:more|on).{0,40}"
[[rule]]
id = "three"
kind = "navigation"
section = { head = "Read more", each = { max_words = 9, linked = true }, max_lines = 6, keep_head = false }
run = { each = { max_words = 3, kind = ["list_item"] }, min = 3 }
pair = { first = { line = "By .*" }, second = { min_words = 2 }, take = "both" }
[[rule]]
id = "four"
action = "to_meta"
field = "authors"
css = ".byline"
[[test]]
html = "<p>x</p>"
contains = ["x"]
"""
_EXPRESSIONS: Final = (
    *(
        "//*[.//*[.//*[.//*]]]",
        "//*[count(//*) > 1]",
        "//*//*//*//*",
        "//p[following::p[preceding::p]]",
        "//*/ancestor::*/*",
    ),
    *(
        "//*[contains(string(//*), string(.))]",
        "//a/@href",
        "(//p)[1]",
        "//p[last()]",
        "count(//*[count(//*[count(//*)>0])>0])",
    ),
    *(
        "id('x')",
        "//p | //div",
        "string(//h1)",
        "//*[translate(., 'a', 'b') = 'x']",
        "re:test(., 'x')",
        "//x:y",
        "document('/')",
    ),
    *(
        "* * * *",
        "* ~ * ~ *",
        ":not(:not(p))",
        "p:has(a)",
        "p:nth-child(2n+1)",
        "a[href^='x']",
        "div p + p",
        ":root",
        "p, div",
    ),
    *(
        "p:contains(x)",
        "*|p",
        "p::text",
        "[a='\n']",
        "p:nth-last-of-type(99999999999)",
        "\\31 23",
        "#a.b[c]",
        "p > > a",
        "p,",
    ),
    *(
        "(a*)*b",
        "(?:(?:(?:a{1,9}){1,9}){1,9}){1,9}",
        "(x+x+)+y",
        r"\pL{1,300}",
        "(?i)(?s).*",
        "(?P<v>.*)",
        "(?P<x>a)",
        "a|b|c",
    ),
    *(
        "|".join(f"w{n}" for n in range(300)),
        ".*.*.*.*=.*",
        r"\C",
        "[^",
        "(?=x)",
        "(" * 200 + ")" * 200,
        "x{1000}",
        "",
        "^$",
        ".",
    ),
)
_RULE_VALUES: Final = (
    *_EXPRESSIONS, *bend.ODD_VALUES, "share", "related", "drop", "keep", "cut_after", "to_meta", "flag", "authors", "captions",
    "head", "main", "tail", "en", "@more", "css", "xpath", "line", "phrase", "section", "run", "pair", "text", "zone", "each",
    {"css": "p"}, {"line": ".*"}, {"phrase": "Read more"}, {"max_words": 3}, 10**6, 0.5, "/*", "*", "**",
)  # fmt: skip


@cache
def _pages() -> tuple[Page, ...]:
    wide = "<div class='a share-b'><p>Read more</p><ul><li><a href=/x>Share this</a></li></ul><b>x</b></div>" * 100
    deep = "<div id=x class=ad><span>Read more " * 300
    return (
        Page(PAGE, _URL),
        Page(PAGE.replace(b"</article>", wide.encode() + b"</article>"), _URL),
        Page(f"<html lang=en><body>{deep}", _URL),
        Page(_DUMP, _URL, "text/plain"),
    )


def _rules(data: bytes) -> None:
    """Load a rule file; clean pages with it where it has no faults."""
    with allow(RuleFileError):
        parse(data, "sites/ferry.example", "ferry.example.toml")
    with _folder() as folder:
        path = folder / "out" / "sites" / "ferry.example.toml"
        path.parent.mkdir()
        path.write_bytes(data)
        cleaner = Cleaner(False)
        with allow(RuleFileError, InputError):
            cleaner.rulebook = RuleBook.of([(folder / "out", "rules")])
            cleaner.rulebook.check()
            for page in _pages():
                with bounded(len(data)):
                    article = cleaner.clean(page)
                _record(article, page)
                if len(article.blocks) != len(article.verdicts):
                    raise broken("a block has no verdict")
            cleaner.clean(Page(_DUMP, None, "text/plain"))


def _import(kind: str, data: bytes) -> None:
    """Import rules of another program; what is written is a rule file without faults, that cleans pages."""
    from cleaner.workbench.imports import import_abp, import_ftr

    with _folder() as folder:
        name = "ferry.example.txt"
        (folder / "in" / name).write_bytes(data)
        out = folder / "out"
        with allow():
            source = folder / "in"
            report = import_ftr(source, out) if kind == "ftr" else import_abp([source / name], out)
            json.dumps([str(line) for line in report.lines])
            if not report.written:
                return
            cleaner = Cleaner(False)
            cleaner.rulebook = RuleBook.of([(out, "rules")])
            # An exception may name a rule of a list that is not there.
            faults = [fault for fault in cleaner.rulebook.check() if "unknown rule" not in fault.reason]
            if faults:
                raise broken("an import writes a rule file with faults", "\n".join(map(str, faults)))
            cleaner.clean(_pages()[0])


_FTR: Final = (
    b"# the ferry\ntitle: //h1\nauthor: //p[contains(@class, 'byline')]\ndate: //meta[@property='x']/@content\n"
    b"body: //article | //div[@id='main']\nstrip: //div[contains(concat(' ', normalize-space(@class), ' '), ' ad ')]\n"
    b"strip: //a[@rel]/ancestor::div[1]\nif_page_contains: //h1\nstrip_id_or_class: share-\nprune: no\ntidy: no\n"
    b"find_string: <div class='x'>\nreplace_string: </body>\nreplace_string(<p>Read more</p>): <!--\n"
    b"http_header(user-agent): x\nskip_id_or_class: keep\nnext_page_link: //a\ntest_url: http://ferry.example/a\n"
    b"test_contains: forty people\nstrip_image_src: x\nnative_ad_clue: //p[@class='ad']\n"
)
_ABP: Final = (
    b'! the ferry\n[Adblock Plus 2.0]\n##.ad\nferry.example##div[id^="ad-"] > p:not(.x)\nferry.example,~a.ferry.example##.y\n'
    b"ferry.example#@#.ad\nferry.example#?#div:has(> a[href]):-abp-contains(/share|read/i)\n||x.example^$third-party\n"
    b"ferry.example##p:has-text(Read more):upward(2)\nferry.example##:is(.a, .b) > c:matches-path(/news)\n"
    b"[$path=/news]ferry.example##.z\nferry.example##+js(x)\nferry.example##^script:has-text(x)\nferry.*##.w\n"
    b"ferry.example#$#.v { display: none }\nferry.example##div:xpath(//p)\nferry.example##p:nth-ancestor(1)\n"
)
_FTR_WORDS: Final = (
    *(
        b"strip: ",
        b"body: ",
        b"title: ",
        b"author: ",
        b"if_page_contains: ",
        b"strip_id_or_class: ",
        b"test_url: ",
        b"'",
        b'"',
    ),
    *(
        b"replace_string(",
        b"): ",
        b"find_string: ",
        b"[not(",
        b")]",
        b" | ",
        b"//*",
        b"/ancestor::div",
        b"/following::*",
        b"id('x')",
    ),
    *(
        b" and ",
        b" or ",
        b"[contains(@class, 'x')]",
        b"[1]",
        b"[last()]",
        b"concat(",
        b"/preceding-sibling::p",
        b"[ancestor::ul]",
    ),
    *(text.encode() for text in _EXPRESSIONS),
)
_ABP_WORDS: Final = (
    *(
        b"##",
        b"#@#",
        b"#?#",
        b"#$#",
        b":has(",
        b":not(",
        b":is(",
        b":has-text(",
        b":upward(",
        b":xpath(",
        b":matches-path(",
        b")",
    ),
    *(
        b":is(a, b)" * 6,
        b",",
        b">",
        b"~",
        b"+",
        b'[a="b"]',
        b"\\",
        b"/",
        b":where(",
        b":nth-child(2)",
        b"*",
        b"ferry.example",
        b"~",
    ),
    *(
        b"[$domain=a|b]",
        b"^",
        b":remove()",
        b":style(",
        b":min-text-length(3)",
        b"\xc3\xa9.example##",
        b"xn--.example##",
    ),
    *(text.encode() for text in _EXPRESSIONS),
)

TARGETS: Final[dict[str, Target]] = {
    "html": Target(partial(_bundle, known=frozenset({"a.html", "a.html.json"})), _html_seeds, bend.bundle(_of)),
    "mhtml": Target(
        partial(_file, "a.mhtml"),
        lambda: [_mhtml(), (DATA / "chromium.mhtml").read_bytes()],
        bend.lines(_MAIL, lambda line, random: bend.bent(line, random, _MAIL)),
    ),
    "webarchive": Target(
        partial(_file, "a.webarchive"),
        lambda: [_webarchive(plistlib.FMT_BINARY), _webarchive(plistlib.FMT_XML)],
        lambda data, random: _either(bend.plist, data, random),
    ),
    "warc": Target(partial(_file, "a.warc"), _warc_seeds, bend.warc(_MARKUP), "fastwarc"),
    "wacz": Target(partial(_file, "a.wacz"), lambda: [_wacz()], bend.zipped(_in_wacz), "fastwarc"),
    "zip": Target(partial(_file, "a.zip"), _zip_seeds, bend.zipped(_in_zip)),
    "tar": Target(partial(_file, "a.tar"), _tar_seeds, bend.tar(_MARKUP)),
    "archivebox": Target(partial(_bundle, known=_BOX), _box_seeds, bend.bundle(_of)),
    "jsonl": Target(partial(_file, "a.jsonl"), _jsonl_seeds, bend.json_lines()),
    "parquet": Target(
        partial(_file, "a.parquet"),
        _parquet_seeds,
        lambda data, random: _either(bend.parquet, data, random),
        "pyarrow",
        has_limit=True,
    ),
    "gzip": Target(partial(_file, "a.gz"), lambda: _packed_seeds(gzip.compress), bend.packed(_MARKUP)),
    "bzip2": Target(partial(_file, "a.bz2"), lambda: _packed_seeds(bz2.compress), bend.packed(_MARKUP)),
    "xz": Target(partial(_file, "a.xz"), lambda: _packed_seeds(lzma.compress), bend.packed(_MARKUP)),
    "zstd": Target(partial(_file, "a.zst"), _zstd_seeds, bend.packed(_MARKUP), "zstandard"),
    "page": Target(partial(_clean, None), _segment_seeds, _MARKUP),
    "dump": Target(
        partial(_clean, "text/plain"),
        lambda: [_DUMP, _DUMP.replace(b"\n", b"\r\n")],
        bend.lines(_DUMP_WORDS, lambda line, random: bend.bent(line, random, _DUMP_WORDS)),
    ),
    "rules": Target(_rules, lambda: [_RULES.encode()], bend.toml(_RULE_VALUES)),
    "ftr": Target(
        partial(_import, "ftr"),
        lambda: [_FTR],
        bend.lines(_FTR_WORDS, lambda line, random: bend.bent(line, random, _FTR_WORDS)),
    ),
    "abp": Target(
        partial(_import, "abp"),
        lambda: [_ABP],
        bend.lines(_ABP_WORDS, lambda line, random: bend.bent(line, random, _ABP_WORDS)),
    ),
}
"""Name -> what is fuzzed."""


def _either(inner: Bend, data: bytes, random: Random) -> bytes:
    return bend._mostly(inner)(data, random)
