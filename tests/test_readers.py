"""Every form in which pages are saved: what comes out of it, and what hostile files come to.

What `tests/data/README.md` calls real was written by the tool whose format it is.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import importlib.util
import io
import json
import lzma
import os
import plistlib
import random
import struct
import sys
import tarfile
import tracemalloc
import zipfile
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import cleaner
from cleaner.cli import main
from cleaner.errors import CleanerError, InputError, TooLargeError
from cleaner.model import Status
from cleaner.storage import Folder, Input, Meter, count_bytes, find_pages, read
from cleaner.storage.inspection import inspect
from cleaner.storage.readers import Form, Stream, archives, compressed, members, page_of, tables, tell, warc, zips
from cleaner.storage.readers.members import Names, as_folder, moment, numbered

DATA = Path(__file__).resolve().parent / "data"
KILN = (DATA / "site" / "kiln.html").read_bytes()
PAGE = b"<!DOCTYPE html><title>A</title><p>Nine volunteers carried in the clay.</p>"
URL = "http://overby.example/kiln.html"


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip without a package of the extra `formats`; where that was installed on purpose, fail instead."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CLEANER_NEED_FORMATS"):
        pytest.fail(f"{', '.join(missing)} should be installed", pytrace=False)
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed (the extra `formats`)")


def put(folder: Path, name: str, content: bytes = PAGE) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def told(*paths: Path) -> list[tuple[str, str]]:
    """Return name and content of each page, or why there is none."""
    rows = []
    for source in find_pages(paths):
        try:
            content = source.read().content
            rows.append((str(source.name), content if isinstance(content, str) else content.decode("utf-8", "replace")))
        except CleanerError as error:
            assert str(error).startswith(source.location), "a reason says where"
            rows.append((str(source.name), str(error).removeprefix(f"{source.location}: ")))
    assert len({name for name, _ in rows}) == len(rows), "names are unique"
    return rows


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def tarred(entries: dict[str, bytes], mode: str = "w") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Return the header of a member of a tar archive."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def pax(said: dict[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """Return a header that says more of the next member, or of all that follow."""
    content = b""
    for key, value in said.items():
        line = f" {key}={value}\n".encode()
        digits = next(digits for digits in range(1, 9) if len(str(len(line) + digits)) == digits)
        content += str(len(line) + digits).encode() + line
    return header("pax", len(content), kind) + content + bytes(-len(content) % 512)


def record(
    url: str = "http://a.example/",
    body: bytes = PAGE,
    *,
    kind: str = "response",
    media_type: str = "text/html",
    status: str = "200 OK",
    headers: str = "",
    length: int | None = None,
) -> bytes:
    if kind == "response":
        body = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n{headers}\r\n".encode() + body
        media_type = "application/http; msgtype=response"
    size = len(body) if length is None else length
    return (
        (
            f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
            f"WARC-Record-ID: <urn:uuid:12345678-1234-1234-1234-123456789012>\r\nContent-Type: {media_type}\r\n"
            f"Content-Length: {size}\r\n\r\n"
        ).encode()
        + body
        + b"\r\n\r\n"
    )


# ── Real files ────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestReal:
    @pytest.mark.parametrize("name", ["chromium.mhtml", "singlefile.html"])
    def test_one_page(self, name: str) -> None:
        page = read(DATA / name)
        assert page.url == URL
        assert page.captured is not None
        assert page.captured.date().isoformat() == "2026-11-22"
        assert isinstance(page.content, bytes)
        assert b"iVBORw0" not in page.content  # the picture
        article = cleaner.clean(DATA / name, rules="generic")
        assert article.text == cleaner.clean(KILN, rules="generic").text
        assert "Överby" in article.text
        assert "”" in article.text

    @needs("fastwarc")
    def test_wget(self) -> None:
        pages = list(find_pages([DATA / "wget.warc.gz"]))
        assert [str(page.name) for page in pages] == [
            "wget.warc.gz/00000001-overby.example-kiln.html",
            "wget.warc.gz/00000002-overby.example-frame.html",
            "wget.warc.gz/00000003-overby.example-kiln.html",
            "wget.warc.gz/00000004-overby.example-latin.html",
            "wget.warc.gz/00000005-overby.example-packed.html",
            "wget.warc.gz/00000006-overby.example-chunked.html",
        ]
        assert [page.read().content == KILN for page in pages] == [True, False, True, False, True, True]
        assert pages[0].read().url == URL
        latin = cleaner.clean(pages[3].read(), rules="generic")
        assert latin.encoding == "windows-1252"
        assert latin.text.startswith("Gärdsgården runt hagen")
        assert pages[3].location == f"{DATA / 'wget.warc.gz'}#10546"
        with (DATA / "wget.warc.gz").open("rb") as file:  # the offset is where anyone finds the record again
            file.seek(10546)
            assert b"latin.html" in Stream(file).read(2000)

    @needs("fastwarc")
    def test_wacz(self) -> None:
        first, second = find_pages([DATA / "wget.wacz"])
        assert (first.read().content, first.read().url) == (KILN, URL)  # the list names /moved, which leads there
        assert second.read().url == "http://overby.example/latin.html"
        assert str(second.name) == "wget.wacz/00000002-overby.example-latin.html"

    @needs("fastwarc")
    @pytest.mark.parametrize("name", ["wget.warc.gz", "wget.wacz"])
    def test_inspect(self, name: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", "--json", str(DATA / name)]) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["form"] == ("WARC" if name == "wget.warc.gz" else "WACZ")
        assert said["pages"] == (6 if said["form"] == "WARC" else 2)
        assert said["skipped"]["request"] == 11
        assert said["skipped"]["robots.txt"] == 1
        assert said["records"] == 25
        assert said["first"][0]["url"] == URL
        assert said["first"][0]["captured"].startswith("2026-11-22T")


# ── Single pages ──────────────────────────────────────────────────────────────────────────────────────────────────────

PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


class TestPacked:
    @pytest.mark.parametrize("suffix", PACKERS)
    def test_page(self, tmp_path: Path, suffix: str) -> None:
        put(tmp_path, f"a.html{suffix}", PACKERS[suffix](PAGE))
        put(tmp_path, "a.html.json", b'{"url": "https://example.org/"}')
        (page,) = find_pages([tmp_path])
        assert page.read().content == PAGE
        assert page.read().url == "https://example.org/"

    @needs("zstandard")
    def test_zstd(self, tmp_path: Path) -> None:
        import zstandard

        packed = zstandard.compress(PAGE) + zstandard.compress(PAGE)
        assert told(put(tmp_path, "a.html.zst", packed)) == [("a.html.zst", (PAGE + PAGE).decode())]
        assert "broken zstd" in told(put(tmp_path, "b.html.zst", packed[:5] + b"\xff" * 60))[0][1]

    @pytest.mark.parametrize("suffix", PACKERS)
    def test_members_and_padding(self, suffix: str) -> None:
        pack = PACKERS[suffix]
        content = random.Random(1).randbytes(300_000)
        packed = pack(content) + (b"\0" * 512 if suffix != ".bz2" else b"") + pack(b"") + pack(PAGE)
        assert Stream(io.BytesIO(packed)).read_all(10**6) == content + PAGE

    @pytest.mark.parametrize("suffix", PACKERS)
    @pytest.mark.parametrize("cut", [1, 7, 40])
    def test_cut_off(self, tmp_path: Path, suffix: str, cut: int) -> None:
        packed = PACKERS[suffix](random.Random(1).randbytes(500))
        ((_, why),) = told(put(tmp_path, f"a.html{suffix}", packed[:-cut]))
        assert why.startswith("broken ")

    def test_bomb(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compressed, "MAX_BYTES", 1_000_000)
        stream = Stream(io.BytesIO(lzma.compress(b"\0" * 50_000_000)))
        with pytest.raises(InputError, match="a bomb"):
            while stream.read(65536):
                pass
        assert stream.tell() < 2_000_000

    def test_bomb_of_one_page_takes_no_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.storage.inputs.MAX_BYTES", 1_000_000)
        path = put(tmp_path, "a.html.bz2", bz2.compress(b"\0" * 100_000_000))
        tracemalloc.start()
        with pytest.raises(TooLargeError):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10_000_000

    @given(st.binary(max_size=300), st.sampled_from(sorted(PACKERS)), st.integers(0, 400), st.binary(max_size=3))
    def test_broken_bytes(self, content: bytes, suffix: str, at: int, change: bytes) -> None:
        packed = PACKERS[suffix](content)
        packed = packed[:at] + change + packed[at + len(change) :]
        with suppress(InputError, TooLargeError):
            Stream(io.BytesIO(packed)).read_all(10_000)


SINGLEFILE = """<!DOCTYPE html> <html lang=en><!--
 Page saved with SingleFile
 url: https://example.com/a?b=c
 saved date: Wed Jan 03 2024 12:34:56 GMT+0530 (India Standard Time)
--><meta charset=utf-8>{}"""


class TestHtml:
    def test_singlefile(self) -> None:
        picture = "data:image/png;base64," + base64.b64encode(b"x" * 3000).decode()
        code = "data:text/plain;base64,QUJD is short, and said in a sentence"
        page = page_of(
            SINGLEFILE.format(f'<img src={picture}><p style="background:url({picture})">{code}').encode(), "x"
        )
        assert page.url == "https://example.com/a?b=c"
        assert page.captured is not None
        assert page.captured.isoformat() == "2024-01-03T12:34:56+05:30"
        assert isinstance(page.content, bytes)
        assert len(page.content) < 500
        assert code.encode() in page.content
        assert page.content.endswith(b"sentence")

    def test_singlefile_that_unpacks_itself(self) -> None:
        page = page_of(SINGLEFILE.format("<script>").encode() + zipped({"index.html": PAGE}), "x")
        assert (page.content, page.url) == (PAGE, "https://example.com/a?b=c")

    def test_a_comment_further_down_says_nothing(self) -> None:
        assert page_of(b"<p>x" * 4000 + SINGLEFILE.encode(), "x").url is None

    def test_data_addresses_take_linear_time(self) -> None:
        content = SINGLEFILE.encode() + b"data:a;base64," * 300_000 + b"data:" * 300_000
        assert isinstance(page_of(content, "x").content, bytes)


def mail(parts: list[tuple[str, bytes]], headers: str = "", boundary: str = "b") -> bytes:
    """Return MHTML; each part is its headers and its payload."""
    said = f'From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n{headers}Content-Type: multipart/related; boundary="{boundary}"'
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + payload + b"\r\n" for head, payload in parts)
    return f"{said}\r\n\r\n".encode() + body + f"--{boundary}--\r\n".encode()


class TestMhtml:
    def test_the_part_at_the_address(self) -> None:
        page = page_of(
            mail(
                [
                    ("Content-Type: text/html\r\nContent-Location: https://ads.example/", b"<p>ad"),
                    ("Content-Type: image/png\r\nContent-Transfer-Encoding: base64", b"iVBORw0KGgo="),
                    (
                        "Content-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n"
                        "Content-Location: https://example.com/a",
                        b"<p>=D6verby =\r\nagain",
                    ),
                ],
                "Snapshot-Content-Location: https://example.com/a\r\nDate: Mon, 6 May 2024 07:08:09 -0000\r\n",
            ),
            "x",
        )
        assert (page.content, page.url, page.charset) == (b"<p>\xd6verby again", "https://example.com/a", "iso-8859-1")
        assert page.media_type == "text/html"
        assert page.captured is not None
        assert page.captured.isoformat().startswith("2024-05-06T07:08:09")

    def test_the_part_that_start_names(self) -> None:
        parts = [(f"Content-Type: text/html\r\nContent-ID: <{name}>", name.encode()) for name in "ab"]
        content = mail(parts).replace(b"boundary=", b'start="<b>"; boundary=', 1)
        assert page_of(content, "x").content == b"b"

    def test_base64_and_no_coding(self) -> None:
        part = ("Content-Type: text/html\r\nContent-Transfer-Encoding: base64", base64.encodebytes(PAGE))
        assert page_of(mail([part]), "x").content == PAGE
        wide = "<p>Ö".encode("utf-16-le") + b"\r\n\0"
        assert (
            page_of(mail([("Content-Type: text/html\r\nContent-Transfer-Encoding: binary", wide)]), "x").content == wide
        )

    def test_as_old_explorers_saved_it(self) -> None:
        inner = mail([("Content-Type: text/html\r\nContent-Location: https://example.com/a", PAGE)], boundary="inner")
        inner = inner.partition(b"\r\n\r\n")[2]
        page = page_of(mail([('Content-Type: multipart/alternative; boundary="inner"', inner)]), "x")
        assert (page.content, page.url) == (PAGE, "https://example.com/a")

    @pytest.mark.parametrize(
        "content",
        [
            mail([("Content-Type: image/png", b"")]),
            mail([]),
            mail([("Content-Type: text/html", PAGE)]).replace(b'boundary="b"', b'boundary="c"'),
            mail([("Content-Type: text/html", PAGE)]).partition(b"--b")[0],
        ],
        ids=["no HTML", "no parts", "no such boundary", "headers only"],
    )
    def test_broken(self, content: bytes) -> None:
        with pytest.raises(InputError, match="broken MHTML"):
            page_of(content, "x")

    def test_cut_off_is_what_there_is(self) -> None:
        content = mail([("Content-Type: text/html", PAGE)])
        assert page_of(content[: content.index(b"clay")], "x").content == PAGE.partition(b"clay")[0]

    def test_nesting_is_not_followed(self) -> None:
        part = ("Content-Type: text/html", PAGE)
        for depth in range(50):
            inner = mail([part], boundary=f"n{depth}-").partition(b"\r\n\r\n")[2]
            part = (f'Content-Type: multipart/mixed; boundary="n{depth}-"', inner)
        with pytest.raises(InputError):
            page_of(mail([part]), "x")

    def test_a_mail_is_no_page(self) -> None:
        assert tell(b"MIME-Version: 1.0\nContent-Type: text/plain\n\nHello") is Form.PAGE
        assert tell(b"Content-Location: here\nas this text says\n") is Form.PAGE

    def test_headers_without_end_take_linear_time(self) -> None:
        assert tell(b"a:" * 2048) is Form.PAGE
        assert tell(b"a:\n " * 1024) is Form.PAGE


class TestWebarchive:
    MAIN: ClassVar = {
        "WebResourceData": PAGE,
        "WebResourceURL": "https://example.com/a",
        "WebResourceMIMEType": "text/html",
        "WebResourceTextEncodingName": "UTF-8",
    }

    @pytest.mark.parametrize("form", [plistlib.FMT_BINARY, plistlib.FMT_XML])
    def test_page(self, tmp_path: Path, form: plistlib.PlistFormat) -> None:
        frame = {"WebMainResource": {**self.MAIN, "WebResourceData": b"<p>frame"}}
        archive = {"WebSubframeArchives": [frame], "WebMainResource": self.MAIN}
        page = read(put(tmp_path, "a.webarchive", plistlib.dumps(archive, fmt=form)))
        assert (page.content, page.url, page.charset) == (PAGE, "https://example.com/a", "UTF-8")

    @pytest.mark.parametrize(
        "content",
        [
            plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY),
            plistlib.dumps([1], fmt=plistlib.FMT_BINARY),
            plistlib.dumps({"WebMainResource": {"WebResourceData": 3}}),
            b"bplist00" + b"\xff" * 50,
            b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><plist>&b;</plist>',
            b'<?xml version="1.0"?><!DOCTYPE plist><plist>' + b"<array>" * 100_000,
        ],
    )
    def test_broken(self, content: bytes) -> None:
        with pytest.raises(InputError, match="web archive"):
            page_of(content, "x")

    @settings(max_examples=200)
    @given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
    def test_broken_bytes(self, at: int, change: bytes) -> None:
        content = plistlib.dumps({"WebMainResource": self.MAIN}, fmt=plistlib.FMT_BINARY)
        with suppress(InputError):
            page_of(content[:at] + change + content[at + len(change) :], "x")


# ── WARC ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@needs("fastwarc")
class TestWarc:
    A, B, C = (record(f"http://{name}.example/", f"<p>{name} is a page".encode()) for name in "abc")

    def pages(self, tmp_path: Path, content: bytes) -> list[str]:
        """Return each page, or why there is none."""
        return [text for _, text in told(put(tmp_path, "x.warc", content))]

    def test_what_a_record_says(self, tmp_path: Path) -> None:
        content = record("<http://a.example/x>", media_type='text/html; charset="latin1"')
        (source,) = find_pages([put(tmp_path, "x.warc", content)])
        page = source.read()
        assert page.url == "http://a.example/x"
        assert (page.media_type, page.charset) == ("text/html", "latin1")
        assert page.captured == datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
        assert page.location == source.location == f"{tmp_path / 'x.warc'}#0"

    @pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
    def test_packed(self, tmp_path: Path, pack: type[bytes]) -> None:
        assert self.pages(tmp_path, b"".join(map(pack, (self.A, self.B)))) == ["<p>a is a page", "<p>b is a page"]
        assert self.pages(tmp_path, pack(self.A + self.B)) == ["<p>a is a page", "<p>b is a page"]

    def test_wet(self, tmp_path: Path) -> None:
        content = record(kind="warcinfo") + record(
            "http://a.example/", b"A text", kind="conversion", media_type="text/plain"
        )
        (source,) = find_pages([put(tmp_path, "x.warc.wet.gz", gzip.compress(content))])
        assert (source.read().content, source.read().media_type) == (b"A text", "text/plain")

    def test_what_is_no_page_is_counted(self, tmp_path: Path) -> None:
        content = b"".join(
            [
                record(kind="warcinfo", media_type="application/warc-fields"),
                record(kind="request", media_type="application/http; msgtype=request"),
                record(kind="revisit", media_type="application/http; msgtype=response"),
                record(status="404 Not Found"),
                record(status="301 Moved", headers="Location: /x\r\n"),
                record(media_type="image/png"),
                record(media_type="application/json"),
                record("http://a.example/robots.txt", b"User-agent: *", media_type="text/plain"),
                record("dns:a.example", b"1.2.3.4", kind="resource", media_type="text/dns"),
                record("urn:text:http://a.example/", b"text", kind="resource", media_type="text/plain"),
                record(kind="metadata", media_type="application/warc-fields"),
                record(body=b"\x89PNG", media_type=""),
                record(),
            ]
        )
        skipped: Counter[str] = Counter()
        found = list(members(Form.WARC, Stream(io.BytesIO(content)), "x", skipped))
        assert len(found) == 1
        assert skipped.total() == 12
        assert skipped["revisit"] == skipped["response, status 404"] == skipped["robots.txt"] == 1
        assert skipped["response, no media type"] == 1

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            ("Content-Encoding: gzip", gzip.compress(PAGE, mtime=0)),
            ("Content-Encoding: deflate", compressed.zlib.compress(PAGE)),
            ("Content-Encoding: deflate", compressed.zlib.compress(PAGE, wbits=-15)),
            ("Content-Encoding: gzip", PAGE),  # unpacked by whoever wrote the record
            ("Content-Encoding: br", PAGE),
            ("Content-Encoding: deflate", PAGE),
            (
                "Transfer-Encoding: chunked",
                b"5\r\n" + PAGE[:5] + b"\r\n" + f"{len(PAGE) - 5:x}".encode() + b"\r\n" + PAGE[5:] + b"\r\n0\r\n\r\n",
            ),
            ("Transfer-Encoding: chunked", PAGE),
            ("Content-Encoding: identity", PAGE),
            ("Content-Encoding: UTF-8", PAGE),
        ],
    )
    def test_body(self, tmp_path: Path, coding: str, body: bytes) -> None:
        assert self.pages(tmp_path, record(body=body, headers=f"{coding}\r\n") + self.B) == [
            PAGE.decode(),
            "<p>b is a page",
        ]

    def test_brotli(self, tmp_path: Path) -> None:
        body = b"\x0b\x08\x80<p>A page, brotli\x03"  # 17 bytes, stored as they are
        assert self.pages(tmp_path, record(body=body, headers="Content-Encoding: br\r\n")) == ["<p>A page, brotli"]

    @pytest.mark.parametrize(
        ("coding", "body", "why"),
        [
            ("gzip", gzip.compress(PAGE * 99, mtime=0)[:-20], "its body is broken"),
            ("br", b"\xff\xff\xff\xff", "its body is broken"),
            ("x-wrapped", b"\xff\xff\xff\xff", "nobody here can unpack"),
        ],
    )
    def test_broken_body(self, tmp_path: Path, coding: str, body: bytes, why: str) -> None:
        first, second = self.pages(tmp_path, record(body=body, headers=f"Content-Encoding: {coding}\r\n") + self.B)
        assert why in first
        assert second == "<p>b is a page"

    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(warc, "MAX_MEMBER", 1000)
        bomb = record(body=gzip.compress(b"x" * 100_000), headers="Content-Encoding: gzip\r\n")
        large = record(body=b"x" * 2000)
        path = put(tmp_path, "x.warc", large + bomb + self.C)
        *bad, good = find_pages([path])
        for source in bad:
            assert source.url == "http://a.example/"
            with pytest.raises(TooLargeError, match="more than"):
                source.read()
        assert good.read().url == "http://c.example/"

    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            ((A, B[:-30]), ["a", "cut off after"]),
            ((A, b"garbage\r\nmore garbage\r\n\r\n", C), ["a", "Invalid WARC header", "c"]),
            ((A, record(length=100_000), C), ["a", "cut off after", "c"]),
            ((A, record(length=60), C), ["a", None, "c"]),
            ((A, b"WARC/1.0\r\nX: " + b"y" * 200_000 + b"\r\n\r\n", C), ["a", "Maximum header length", "c"]),
            ((b"WARC/nonsense\r\n\r\n", C), [None, "c"]),
            ((A, b"WARC/1.0\r\nWARC-Ty"), ["a", "without headers"]),
        ],
        ids=["cut off", "garbage", "too long", "too short", "header", "first", "half a header"],
    )
    def test_broken_records_are_rows_and_the_rest_is_read(
        self, tmp_path: Path, pack: type[bytes], content: tuple[bytes, ...], expected: list[str | None]
    ) -> None:
        rows = self.pages(tmp_path, b"".join(map(pack, content)))
        if pack is gzip.compress and expected[1:2] == ["cut off after"] and len(expected) == 3:
            expected = ["a", "cut off", "c"]
        assert rows[0].startswith("<p>a") or expected[0] is None
        for text in expected[1:]:
            if text == "c":
                assert rows[-1] == "<p>c is a page"
            elif text is not None:
                assert any(text in row for row in rows), rows
        assert len(rows) <= len(expected) + 1

    def test_broken_gzip_member(self, tmp_path: Path) -> None:
        packed = [
            bytearray(gzip.compress(record(f"http://{n}.example/", random.Random(n).randbytes(200).hex().encode())))
            for n in range(9)
        ]
        for bad in (3, 4, 7):
            packed[bad][60:90] = bytes(30)
        rows = told(put(tmp_path, "x.warc.gz", b"".join(packed)))
        assert sum("broken gzip" in row for _, row in rows) == 2  # the neighbours are one
        assert len(rows) == 8
        assert [row for _, row in rows if "broken" not in row] == [
            random.Random(n).randbytes(200).hex() for n in range(9) if n not in (3, 4, 7)
        ]

    def test_breaks_without_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(warc, "_MOST_BREAKS", 5)
        rows = self.pages(tmp_path, b"WARC/x\r\n" * 1000)
        assert len(rows) == 6
        assert "given up" in rows[-1]

    def test_a_pipe(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Pipe(io.RawIOBase):
            def __init__(self, content: bytes) -> None:
                self.file = io.BytesIO(content)

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: bytearray) -> int:
                part = self.file.read(min(len(buffer), 700))  # as they come
                buffer[: len(part)] = part
                return len(part)

        for content in (self.A + self.B, gzip.compress(self.A) + gzip.compress(self.B)):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(Pipe(content))))
            pages = list(find_pages(["-"]))
            assert [page.read().url for page in pages] == ["http://a.example/", "http://b.example/"]
            assert str(pages[0].name) == "stdin/00000001-a.example"

    def test_arc(self, tmp_path: Path) -> None:
        assert (
            "warcio recompress"
            in told(put(tmp_path, "x.arc", b"filedesc://x.arc 0.0.0.0 20010101 text/plain 70\n"))[0][1]
        )

    def test_nothing_in_it(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"no pages in .*x\.warc"):
            told(put(tmp_path, "x.warc", record(media_type="image/png")))

    def test_without_the_library(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "fastwarc.warc", None)
        ((name, why),) = told(put(tmp_path, "x.warc", self.A))
        assert name == "x.warc"
        assert "pip install 'cleaner[formats]'" in why

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(at=st.integers(0, 1500), change=st.binary(min_size=1, max_size=6), packed=st.booleans())
    @example(at=0, change=b"\0", packed=True)
    def test_broken_bytes(self, at: int, change: bytes, packed: bool) -> None:
        records = [self.A, self.B, self.C]
        content = b"".join(map(gzip.compress, records) if packed else records)
        content = content[:at] + change + content[at + len(change) :]
        try:
            rows = list(members(Form.WARC, Stream(io.BytesIO(content)), "x", Counter()))
        except InputError:
            return
        assert len({row.name for row in rows}) == len(rows)


@needs("fastwarc")
class TestWacz:
    def wacz(self, pages: str, *records: bytes) -> bytes:
        return zipped(
            {
                "datapackage.json": b"{}",
                "archive/data.warc.gz": b"".join(map(gzip.compress, records)),
                **({"pages/pages.jsonl": b'{"format": "json-pages-1.0"}\n' + pages.encode()} if pages else {}),
            },
            zipfile.ZIP_STORED,
        )

    def test_only_what_is_listed(self, tmp_path: Path) -> None:
        listed = '{"url": "http://a.example/#top"}\nnonsense\n{"url": "http://gone.example/"}\n'
        rows = told(
            put(tmp_path, "x.wacz", self.wacz(listed, record("http://a.example/"), record("http://frame.example/")))
        )
        assert rows == [
            ("x.wacz/00000001-a.example", PAGE.decode()),
            ("x.wacz/00000002-gone.example", "it is in the list of pages, but no record is its page"),
        ]

    def test_without_a_list(self, tmp_path: Path) -> None:
        assert (
            len(told(put(tmp_path, "x.wacz", self.wacz("", record("http://a.example/"), record("http://b.example/")))))
            == 2
        )

    @settings(max_examples=150, deadline=None)
    @given(at=st.integers(0, 20_000), change=st.binary(min_size=1, max_size=6))
    @example(at=19_300, change=b"\xff\xff\xff\xff")
    def test_broken_bytes(self, at: int, change: bytes) -> None:
        content = (DATA / "wget.wacz").read_bytes()
        content = content[:at] + change + content[at + len(change) :]
        with suppress(InputError):
            list(members(Form.ZIP, Stream(io.BytesIO(content)), "x", Counter()))

    def test_bomb(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.storage.readers.wacz.MAX_BYTES", 1000)
        content = zipped({"archive/a.warc": record() + record(body=b"x" * 3_000_000)})
        assert "a bomb" in told(put(tmp_path, "x.wacz", content))[0][1]

    @pytest.mark.parametrize(
        ("cap", "most", "why"),
        [
            ("_MOST_PAGES", 20, "pages/pages.jsonl: more than 20 lines"),
            ("MAX_BYTES", 500_000, "pages/pages.jsonl: more than 0 MB of addresses"),
            ("MAX_BYTES", 20_000, "a bomb"),
        ],
    )
    def test_a_list_that_is_a_bomb(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: str, most: int, why: str
    ) -> None:
        monkeypatch.setattr(f"cleaner.storage.readers.wacz.{cap}", most)
        listed = "\n" * 30 if cap == "_MOST_PAGES" else json.dumps({"url": "http://a.example/" + "a" * 600_000})
        content = {"archive/a.warc": record(), "pages/pages.jsonl": listed.encode()}
        assert why in told(put(tmp_path, "x.wacz", zipped(content)))[0][1]


# ── Archives ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestArchives:
    ENTRIES: ClassVar = {
        "raw/a.html": b"<p>a",
        "raw/a_files/frame.html": b"<p>frame",
        "raw/b/c.txt.gz": gzip.compress(b"c"),
        "raw/b/picture.png": b"\x89PNG",
        "__MACOSX/raw/._a.html": b"x",
        "raw/d.mhtml": mail([("Content-Type: text/html", b"<p>d")]),
    }
    EXPECTED: ClassVar = [("raw/a.html", "<p>a"), ("raw/b/c.txt.gz", "c"), ("raw/d.mhtml", "<p>d")]

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("x.zip", zipped(ENTRIES)),
            ("x.zip", zipped(ENTRIES, zipfile.ZIP_STORED)),
            ("x.zip", zipped(ENTRIES, zipfile.ZIP_LZMA)),
            ("x.tar", tarred(ENTRIES)),
            ("x.tar.gz", tarred(ENTRIES, "w:gz")),
            ("x.tar.bz2", tarred(ENTRIES, "w:bz2")),
            ("x.tar.xz", tarred(ENTRIES, "w:xz")),
            ("told-by-content", tarred(ENTRIES, "w:gz")),
        ],
    )
    def test_pages(self, tmp_path: Path, name: str, content: bytes) -> None:
        path = put(tmp_path, name, content)
        assert told(path) == [(f"{name}/{member}", text) for member, text in self.EXPECTED]
        assert next(source.location for source in find_pages([path])) == f"{path}/raw/a.html"

    @pytest.mark.parametrize("pack", [zipped, tarred])
    @pytest.mark.parametrize(
        "name", ["../a.html", "/a.html", "b/../../a.html", "..\\a.html", "C:\\a.html", "b/../a.html"]
    )
    def test_names_that_lead_out(self, tmp_path: Path, pack: type[bytes], name: str) -> None:
        rows = told(put(tmp_path, "x.bin", pack({name: PAGE, "good.html": PAGE})))  # type: ignore[arg-type]
        assert rows == [
            ("x.bin/00000001", "its name leads out of the archive"),
            ("x.bin/good.html", PAGE.decode()),
        ]

    @pytest.mark.parametrize("pack", [zipped, tarred])
    def test_an_archive_in_an_archive(self, tmp_path: Path, pack: type[bytes]) -> None:
        inner = zipped({"a.html": PAGE})
        rows = told(put(tmp_path, "x.bin", pack({"in.zip": inner, "b.html": inner})))  # type: ignore[arg-type]
        assert "an archive in an archive" in rows[0][1]
        assert "holds pages" in rows[1][1]

    @pytest.mark.parametrize("pack", [zipped, tarred])
    def test_too_large(self, tmp_path: Path, pack: type[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MAX_MEMBER", 1000)
        monkeypatch.setattr(zips.read_member, "__defaults__", (1000,))
        content = pack({"a.html": b"x" * 2000, "b.html.gz": gzip.compress(b"x" * 2000), "c.html": PAGE})  # type: ignore[arg-type]
        first, second, third = find_pages([put(tmp_path, "x.bin", content)])
        for source in (first, second):
            with pytest.raises(TooLargeError):
                source.read()
        assert third.read().content == PAGE

    def test_zip_bomb_of_many_members(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(archives, "MAX_BYTES", 100_000)
        monkeypatch.setattr(archives, "RATIO", 10)
        content = zipped({f"{number}.html": b"<p>" + b"x" * 50_000 for number in range(40)})
        rows = told(put(tmp_path, "x.zip", content))
        assert "a bomb" in rows[-1][1]
        assert len(rows) < 10

    def test_zip_that_lies_of_sizes(self, tmp_path: Path) -> None:
        content = bytearray(zipped({"a.html": b"x" * 100_000}))
        for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            begin = content.index(mark) + at
            content[begin : begin + 4] = struct.pack("<I", 10)
        ((_, why),) = told(put(tmp_path, "x.zip", bytes(content)))
        assert "cannot be unpacked" in why

    def test_encrypted(self, tmp_path: Path) -> None:
        content = bytearray(zipped({"a.html": PAGE}))
        content[content.index(b"PK\x03\x04") + 6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
        assert told(put(tmp_path, "x.zip", bytes(content))) == [("x.zip/a.html", "it is encrypted")]

    def test_a_page_that_unpacks_itself_has_the_room_of_a_member(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "MAX_MEMBER", 50_000)
        packed = SINGLEFILE.encode() + zipped({"index.html": b"x" * 60_000}, zipfile.ZIP_DEFLATED)
        assert told(put(tmp_path, "x.zip", zipped({"a.html": packed}))) == [("x.zip/a.html", "more than 64 MB")]

    def test_a_list_of_members_that_is_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(zips, "_MAX_DIRECTORY", 100)
        ((name, why),) = told(put(tmp_path, "x.zip", zipped({f"{number}.html": PAGE for number in range(9)})))
        assert name == "x.zip"
        assert "its list of members" in why
        packed = SINGLEFILE.encode() + zipped({f"{number}.html": PAGE for number in range(9)})
        ((_, why),) = told(put(tmp_path, "page/a.html", packed))
        assert "its list of members" in why

    @pytest.mark.parametrize("lie", ["zip64", "signature within"])
    def test_a_list_of_members_that_lies_about_its_length(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str
    ) -> None:
        """The library believes the record of zip64, whatever the plain one says, and that at the very end first."""
        monkeypatch.setattr(zips, "_MAX_DIRECTORY", 100)
        content = zipped({f"{number}.html": PAGE for number in range(9)})
        end = content.rindex(b"PK\5\6")
        size, start = struct.unpack("<II", content[end + 12 : end + 20])
        if lie == "zip64":
            large = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 9, 9, size, start)
            locator = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
            lying = content[:end] + large + locator + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 9, 9, 0, 0, 0)
        else:
            lying = content[:end] + struct.pack("<4s4sHHIIH", b"PK\5\6", b"PK\5\6", 9, 9, size, 0, 0)
        ((name, why),) = told(put(tmp_path, "x.zip", lying))
        assert name == "x.zip"
        assert "its list of members" in why

    @pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
    def test_zip_and_parquet_stand_alone(self, tmp_path: Path, pack: type[bytes]) -> None:
        ((_, why),) = told(put(tmp_path, "x.zip.gz", pack(zipped({"a.html": PAGE}))))
        assert "a file of its own" in why

    def test_links(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as archive:
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
                info = tarfile.TarInfo(f"{kind.decode()}.html")
                info.type, info.linkname = kind, "/etc/passwd"
                archive.addfile(info)
        rows = told(put(tmp_path, "x.tar", file.getvalue()))
        assert [why for _, why in rows] == ["a link or a device, not a page"] * 4
        info = zipfile.ZipInfo("a.html")
        info.external_attr = 0o120777 << 16
        with zipfile.ZipFile(file := io.BytesIO(), "w") as packed:
            packed.writestr(info, "/etc/passwd")
        assert told(put(tmp_path, "y.zip", file.getvalue())) == [("y.zip/a.html", "a link, not a page")]

    def test_broken_tar_goes_on(self, tmp_path: Path) -> None:
        content = bytearray(tarred({f"{name}.html": b"<p>" + name.encode() for name in "abc"}))
        content[1024:1100] = b"\xff" * 76  # the header of b
        rows = told(put(tmp_path, "x.tar", bytes(content)))
        assert [name for name, _ in rows] == ["x.tar/a.html", "x.tar/00000001-broken", "x.tar/c.html"]

    def test_tar_cut_off(self, tmp_path: Path) -> None:
        content = tarred({"a.html": PAGE, "b.html": b"x" * 5000})
        rows = told(put(tmp_path, "x.tar", content[:3000]))
        assert rows[0] == ("x.tar/a.html", PAGE.decode())
        assert [("broken tar" in why) for _, why in rows[1:]] == [True]

    def test_a_header_that_wants_gigabytes(self, tmp_path: Path) -> None:
        info = tarfile.TarInfo("x")
        info.type, info.size = tarfile.XHDTYPE, 4 * 1024**3
        content = gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 10_000_000)
        tracemalloc.start()
        ((_, why),) = told(put(tmp_path, "x.tar.gz", content))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "a header of more than 1 MB" in why
        assert peak < 30_000_000

    def test_headers_without_end(self, tmp_path: Path) -> None:
        info = tarfile.TarInfo("././@LongLink")
        info.type, info.size = tarfile.GNUTYPE_LONGNAME, 5
        ((_, why),) = told(
            put(tmp_path, "x.tar", (info.tobuf(tarfile.GNU_FORMAT) + b"name\0".ljust(512, b"\0")) * 3000)
        )
        assert "broken tar" in why

    @pytest.mark.parametrize(
        "content",
        [
            pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})
            + header("a.html", 2**40)
            + b"9".ljust(16, b"9")
            + b"\n9" * 2**20,
            (pax({"comment": "x" * 500_000})) * 9,
            header("././@LongLink", 2_000_000, tarfile.GNUTYPE_LONGNAME) + b"a" * 2_000_000,
        ],
        ids=["sparse", "chain", "name"],
    )
    def test_headers_that_are_too_large_to_be_any(self, tmp_path: Path, content: bytes) -> None:
        ((_, why),) = told(put(tmp_path, "x.tar", content + bytes(-len(content) % 512)))
        assert why == "broken tar archive: a header of more than 1 MB"

    def test_headers_for_all_members_have_an_end(self, tmp_path: Path) -> None:
        content = b"".join(
            pax({f"{at}.{number}": "x" for number in range(300)}, tarfile.XGLTYPE) + tarred({f"{at}.html": PAGE})[:1024]
            for at in range(9)
        )
        rows = told(put(tmp_path, "x.tar", content))
        assert [place for place, _ in rows] == ["x.tar/0.html", "x.tar/1.html", "x.tar/2.html", "x.tar/broken"]
        assert "more than 1,000 attributes for all members" in rows[-1][1]

    @pytest.mark.parametrize("make", [zipped, tarred])
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(at=st.integers(0, 2000), change=st.binary(min_size=1, max_size=6))
    def test_broken_bytes(self, make: type[bytes], at: int, change: bytes) -> None:
        content = make({"a.html": PAGE, "b/c.html": PAGE})  # type: ignore[arg-type]
        content = content[:at] + change + content[at + len(change) :]
        form = tell(content)
        if not form.is_container:
            return
        try:
            rows = list(members(form, Stream(io.BytesIO(content)), "x", Counter()))
        except InputError:
            return
        assert len({row.name for row in rows}) == len(rows)

    SIDECAR = json.dumps({"url": "https://example.com/a", "captured": "2024-05-06", "headers": {}}).encode()

    @pytest.mark.parametrize("pack", [zipped, tarred])
    @pytest.mark.parametrize("order", [["x/a.html", "x/a.html.json"], ["x/a.html.json", "x/b.html", "x/a.html"]])
    def test_sidecars(self, tmp_path: Path, pack: type[bytes], order: list[str]) -> None:
        content = {name: self.SIDECAR if name.endswith(".json") else PAGE for name in order}
        path = put(tmp_path, "x.zip", pack({**content, "x/c.html": PAGE, "x/data.json": b"{}"}))
        skipped: Counter[str] = Counter()
        with path.open("rb") as file:
            stream = Stream(file)
            found = {
                str(m.name): m.page for m in cleaner.storage.readers.members(tell(stream.head), stream, "x", skipped)
            }
        assert {name for name, page in found.items() if page.url} == {"x/a.html"}
        assert found["x/a.html"].captured.year == 2024
        assert +skipped == {"sidecar": 1, "*.json": 1}
        assert len(found) == len(order)

    @pytest.mark.parametrize("pack", [zipped, tarred])
    def test_a_broken_sidecar_is_a_note(self, tmp_path: Path, pack: type[bytes]) -> None:
        path = put(tmp_path, "x.zip", pack({"a.html": PAGE, "a.html.json": b"{"}))
        (source,) = find_pages([path])
        notes: list[cleaner.model.Note] = []
        assert source.read(notes).content == PAGE
        assert [note.message for note in notes if "a.html.json: no JSON" in note.message]

    def test_a_sidecar_that_tar_has_too_late(self, tmp_path: Path) -> None:
        path = put(tmp_path, "x.tar", tarred({"a.html": PAGE, "b.html": PAGE, "a.html.json": self.SIDECAR}))
        told = inspect(path, io.BytesIO())
        assert (told.pages, told.skipped) == (2, {"sidecar": 0, "sidecar that comes too late": 1})

    def test_inspect_reads_the_sidecar_of_a_page(self, tmp_path: Path) -> None:
        path = put(tmp_path, "a.html")
        put(tmp_path, "a.html.json", self.SIDECAR)
        (page,) = inspect(path, io.BytesIO()).first
        assert page["url"] == json.loads(self.SIDECAR)["url"]

    def test_inspect_takes_no_picture_for_a_page(self, tmp_path: Path) -> None:
        said = inspect(put(tmp_path, "a.html", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"), io.BytesIO())
        assert (said.form, said.pages, said.error) == ("no text", 0, "a picture, a PDF or an archive, perhaps")

    def test_a_tar_that_breaks_behind_a_page_keeps_it(self, tmp_path: Path) -> None:
        whole = gzip.compress(tarred({"a.html": PAGE, "b.html": random.Random(7).randbytes(90_000)}))
        path = put(tmp_path, "x.tgz", whole[: len(whole) // 2])
        assert next(name for name, _ in told(path)) == "x.tgz/a.html"

    def test_maff(self, tmp_path: Path) -> None:
        rdf = (
            b'<RDF:RDF xmlns:MAF="http://maf.mozdev.org/metadata/rdf#"><RDF:Description RDF:about="urn:root">'
            b'<MAF:originalurl RDF:resource="https://example.com/?a&amp;b"/>'
            b'<MAF:archivetime RDF:resource="Mon, 25 Dec 2017 17:27:46 GMT"/>'
            b'<MAF:indexfilename RDF:resource="page.html"/><MAF:charset RDF:resource="UTF-8"/></RDF:Description></RDF:RDF>'
        )
        content = zipped({"1/index.rdf": rdf, "1/page.html": PAGE, "1/page_files/x.html": b"x", "2/index.rdf": rdf})
        first, second = find_pages([put(tmp_path, "x.maff", content)])
        page = first.read()
        assert (page.content, page.url, page.charset) == (PAGE, "https://example.com/?a&b", "UTF-8")
        assert page.captured == datetime(2017, 12, 25, 17, 27, 46, tzinfo=UTC)
        assert "not there" in second.trouble


class TestArchiveBox:
    INDEX: ClassVar = {
        "url": "https://example.com/a",
        "timestamp": "1700000000.5",
        "history": {
            "singlefile": [{"start_ts": "2024-01-02T03:04:05+00:00", "output": "singlefile.html"}],
            "wget": [{"output": "example.com/a.html"}],
        },
    }

    def test_one_copy_for_each_page(self, tmp_path: Path) -> None:
        for name in ("singlefile.html", "output.html", "example.com/a.html", "readability/content.html", "index.html"):
            put(tmp_path, f"archive/1/{name}", name.encode())
        for name in ("dom/output.html", "example.com/a.html"):
            put(tmp_path, f"archive/2/{name}", name.encode())
        put(tmp_path, "archive/3/example.com/a.html", b"wget")
        for number in "123":
            put(tmp_path, f"archive/{number}/index.json", json.dumps(self.INDEX).encode())
        rows = list(find_pages([tmp_path]))
        assert [str(row.name) for row in rows] == [
            "archive/1/singlefile.html",
            "archive/2/dom/output.html",
            "archive/3/example.com/a.html",
        ]
        assert [row.read().url for row in rows] == ["https://example.com/a"] * 3
        assert [row.read().captured for row in rows] == [
            datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
            *[datetime.fromtimestamp(1700000000.5, UTC)] * 2,
        ]

    @pytest.mark.parametrize(
        "index", [b"[]", b"{", b'{"url": "https://example.com/"}', b'{"url": 3, "timestamp": 1}', b"[" * 10**6]
    )
    def test_other_folders(self, tmp_path: Path, index: bytes) -> None:
        put(tmp_path, "index.json", index)
        put(tmp_path, "output.html")
        put(tmp_path, "singlefile.html")
        assert len(told(tmp_path)) == 2

    def test_a_copy_elsewhere_is_none(self, tmp_path: Path) -> None:
        put(tmp_path, "secret.html", b"secret")
        index = {**self.INDEX, "canonical": {"wget_path": "../secret.html"}, "history": []}
        put(tmp_path, "box/index.json", json.dumps(index).encode())
        put(tmp_path, "box/other.html", b"other")
        assert told(tmp_path / "box") == [("other.html", "other")]


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestJsonLines:
    def test_a_page_that_comes_late_in_its_line(self, tmp_path: Path) -> None:
        line = json.dumps({"headers": {"x": "y" * 20_000}, "html": "<p>a"}).encode()
        for name, content in (("x", line), ("x.gz", gzip.compress(line))):
            assert told(put(tmp_path, name, content)) == [(f"{name}/00000001", "<p>a")]
        broken = gzip.compress(os.urandom(10_000).hex().join(['{"x": "', '"}']).encode())[:9_000]
        assert "broken" in told(put(tmp_path, "y.gz", broken))[0][1]

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b'[{"url": "https://example.com/", "html": "<p>a"}]', "no JSON object, but an array: `jq -c '.[]'` gives"),
            (b'[\n{"html": "<p>a"},\n{"html": "<p>b"}\n]\n', "should be an object: `jq -c '.[]'` makes that"),
            (b'{\n  "html": "<p>a"\n}\n', "should be an object: `jq -c .` makes that"),
        ],
    )
    def test_other_json_is_told_once(self, tmp_path: Path, content: bytes, why: str) -> None:
        [row] = find_pages([put(tmp_path, "x.json", content)])
        assert why in row.trouble

    def test_a_text_that_begins_with_brackets(self, tmp_path: Path) -> None:
        for text in ("[1] A note\n", "[{}]\n", "{\nHow to write JSON\n"):
            assert told(put(tmp_path, "x", text.encode())) == [("x", text)]

    def test_a_line_of_too_many_values(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.modules[Names.__module__], "_MOST_VALUES", 100)
        lines = b'{"html": "<p>a", "more": [' + b"{}," * 100 + b'{}]}\n{"html": "<p>b"}\n'
        assert told(put(tmp_path, "x.jsonl", lines)) == [
            ("x.jsonl/00000001", "no JSON (more than 100 values)"),
            ("x.jsonl/00000002", "<p>b"),
        ]

    def test_columns(self, tmp_path: Path) -> None:
        rows = [
            {"html": "<p>a", "url": "https://example.com/a-story", "crawl_date": "2024-05-06"},
            {"Text": "b", "URI": "https://example.com/b", "timestamp": 1714979289, "date": "1999-01-01"},
            {"content": "<p>c", "metadata": {"url": "https://example.com/c", "fetched_at": "20240506070809"}},
            {"body": "d", "content_type": "text/plain", "url": "javascript:alert(1)"},
        ]
        path = put(tmp_path, "x.jsonl", "\n".join(map(json.dumps, rows)).encode())
        pages = [source.read() for source in find_pages([path])]
        assert [page.content for page in pages] == ["<p>a", "b", "<p>c", "d"]
        assert [page.url for page in pages] == [
            *(f"https://example.com/{name}" for name in ("a-story", "b", "c")),
            None,
        ]
        assert [page.media_type for page in pages] == [None, "text/plain", None, "text/plain"]
        assert [page.captured and page.captured.date().isoformat() for page in pages] == ["2024-05-06"] * 3 + [None]
        assert [page.location for page in pages][3] == f"{path}:4"
        assert next(str(source.name) for source in find_pages([path])) == "x.jsonl/00000001-example.com-a-story"

    @pytest.mark.parametrize("suffix", PACKERS)
    def test_packed(self, tmp_path: Path, suffix: str) -> None:
        content = PACKERS[suffix](b'{"html": "<p>a"}\n{"html": "<p>b"}\n')
        assert [text for _, text in told(put(tmp_path, f"x.jsonl{suffix}", content))] == ["<p>a", "<p>b"]

    def test_bad_lines_are_rows(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "MAX_MEMBER", 100_000)
        lines = [
            b'{"html": "<p>a"}',
            b"{",
            b"",
            b"[1]",
            b'{"html": null}',
            b'{"x": 1}',
            b'{"html": "' + b"x" * 200_000 + b'"}',
            b"[" * 50_000,
            b"\xff\xfe",
            b'{"html": "<p>z"}',
        ]
        rows = told(put(tmp_path, "x.jsonl", b"\n".join(lines)))
        assert [name[-2:] for name, _ in rows] == ["01", "02", "04", "05", "06", "07", "08", "09", "10"]
        for (_, text), expected in zip(
            rows,
            [
                "<p>a",
                "no JSON",
                "no JSON object",
                "null",
                "no column with a page: there is 'x';",
                "more than",
                "no JSON",
                "no JSON",
                "<p>z",
            ],
            strict=True,
        ):
            assert expected in text

    def test_a_text_that_begins_with_a_brace(self, tmp_path: Path) -> None:
        for text in (
            b'{"@context": "https://schema.org", "@type": "Answer", "text": "x"}\nA text',
            b"{ as it goes",
            b'{"a": 1}',
        ):
            assert told(put(tmp_path, "a.txt", text)) == [("a.txt", text.decode())]

    def test_own_output_is_no_input(self, tmp_path: Path) -> None:
        put(tmp_path, "pages.jsonl", b'{"cleaner": "0.1.0", "text": "x"}\n')
        put(tmp_path, "a.html")
        assert [name for name, _ in told(tmp_path)] == ["a.html"]

    @needs("pyarrow", "zstandard")
    def test_nor_is_it_when_packed_or_a_table(self, tmp_path: Path) -> None:
        page = put(tmp_path, "raw/a.html")
        for form in ("jsonl", "jsonl.zst", "parquet"):
            assert main(["clean", str(page), "-o", str(tmp_path / "out"), "--format", form, "-q", "-j", "0"]) == 0
        lines = (tmp_path / "out" / "pages.jsonl").read_bytes()
        put(tmp_path, "out/packed.jsonl.gz", gzip.compress(lines))
        with pytest.raises(InputError, match=r"no pages in .*, or one that cleaner wrote, is cleaned if it is named"):
            told(tmp_path / "out")
        put(tmp_path, "out/others.jsonl.gz", gzip.compress(b'{"html": "<p>x"}\n'))
        assert [name for name, _ in told(tmp_path)] == ["out/others.jsonl.gz/00000001", "raw/a.html"]
        assert {path.name for path in (tmp_path / "out").iterdir()} > {"pages.jsonl.zst", "pages-00000.parquet"}


@needs("pyarrow")
class TestParquet:
    def table(self, path: Path, columns: dict[str, object], **options: object) -> Path:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(columns), path, **options)
        return path

    def test_columns(self, tmp_path: Path) -> None:
        path = self.table(
            tmp_path / "x.parquet",
            {
                "html": [b"<p>a", b"<p>\xff", None],
                "url": ["https://example.com/a", None, "https://example.com/c"],
                "fetch_time": [datetime(2024, 5, 6, tzinfo=UTC)] * 3,
                "vector": [[1.0] * 9] * 3,
            },
        )
        first, second, third = find_pages([path])
        page = first.read()
        assert (page.content, page.url) == (b"<p>a", "https://example.com/a")
        assert page.captured == datetime(2024, 5, 6, tzinfo=UTC)
        assert str(first.name) == "x.parquet/00000001-example.com-a"
        assert second.location == f"{path}:2"
        assert "null" in third.trouble

    def test_no_such_column(self, tmp_path: Path) -> None:
        path = self.table(tmp_path / "x.parquet", {"vector": [1.0]})
        assert "no column with a page: there is 'vector';" in told(path)[0][1]

    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "MAX_MEMBER", 1000)
        rows = told(self.table(tmp_path / "x.parquet", {"html": ["x" * 2000, "<p>a"]}))
        assert "more than" in rows[0][1]
        assert rows[1][1] == "<p>a"

    def test_broken(self, tmp_path: Path) -> None:
        path = self.table(
            tmp_path / "x.parquet", {"html": [random.Random(n).randbytes(500) for n in range(400)]}, row_group_size=100
        )
        content = bytearray(path.read_bytes())
        assert "broken Parquet" in told(put(tmp_path, "y.parquet", bytes(content[:-100])))[0][1]
        assert "broken Parquet" in told(put(tmp_path, "z.parquet", b"PAR1" + b"\xff" * 200))[0][1]

    def test_memory_does_not_grow_with_the_file(self, tmp_path: Path) -> None:
        import pyarrow as pa

        rng = random.Random(1)
        path = self.table(
            tmp_path / "x.parquet", {"html": [rng.randbytes(20_000).hex() for _ in range(2000)]}, write_batch_size=16
        )
        pool = pa.default_memory_pool()
        before = pool.bytes_allocated()
        most = number = 0
        for _ in find_pages([path]):
            number += 1
            most = max(most, pool.bytes_allocated() - before)
        assert number == 2000
        assert most < 20_000_000


# ── Together ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestTogether:
    def test_a_folder_with_everything(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html")
        put(tmp_path, "b.zip", zipped({"a.html": PAGE}))
        put(tmp_path, "c.tar.gz", tarred({"a.html": PAGE}, "w:gz"))
        put(tmp_path, "d.jsonl", b'{"html": "<p>x"}\n')
        put(tmp_path, "e.tgz", b"no archive")
        put(tmp_path, "pictures.zip", zipped({"a.png": b"x"}))
        put(tmp_path, "notes.md")
        assert [name for name, _ in told(tmp_path)] == [
            "a.html",
            "b.zip/a.html",
            "c.tar.gz/a.html",
            "d.jsonl/00000001",
            "e.tgz",
        ]

    def test_the_same_names_in_every_run(self, tmp_path: Path) -> None:
        path = put(tmp_path, "x.zip", zipped({f"{name * 90}/{name}.html": PAGE for name in "abc"}))
        assert told(path) == told(path)

    def test_containers_of_one_name(self, tmp_path: Path) -> None:
        first = put(tmp_path, "x/a.zip", zipped({"a.html": PAGE}))
        second = put(tmp_path, "y/a.zip", zipped({"a.html": PAGE}))
        assert [name for name, _ in told(first, second)] == ["a.zip/a.html", "a~2.zip/a.html"]

    def test_no_member_writes_over_another(self, tmp_path: Path) -> None:
        hostile = {
            "a": PAGE,
            "a.txt/b.html": b"<p>b",
            "a.json": b"x",
            "a.html": b"<p>1",
            "a.html.txt/c.html": b"<p>c",
            "a.html.json/c.html": b"<p>c",
            "A\u202elmth.html": b"<p>rtl",
            "x\0y.html": b"<p>nul",
            "new\nline.html": b"<p>line",
            "x" * 250 + ".html": b"<p>long",
            "y" * 300 + "/z.html": b"<p>folder",
            "/".join("d" * 99) + "/z.html": b"<p>deep",
            " /. /x.html": b"<p>blank",
            ".../x.html": b"<p>dots",
            "é" * 200 + ".html": b"<p>wide",
        }
        path = put(tmp_path, "x.tar", tarred(hostile))
        out = Folder(tmp_path / "out")
        pages = list(find_pages([path]))
        for source in pages:
            out.put(
                source.name,
                out.render(cleaner.Article.failed(Status.EMPTY, "", url=None, location=source.location), None),
            )
        records = [file for file in (tmp_path / "out").rglob("*.json") if file.is_file()]
        assert len(records) == len(pages) == 12
        assert not [file for file in tmp_path.rglob("*") if "\u202e" in file.name]

    def test_one_page_is_asked_for(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = put(tmp_path, "x.zip", zipped({"a.html": PAGE, "b.html": PAGE}))
        with pytest.raises(InputError, match=r"x\.zip: zip: it holds pages"):
            read(path)
        assert main(["explain", str(path)]) == 2
        assert "holds several pages" in capsys.readouterr().err
        assert main(["explain", str(put(tmp_path, "y.zip", zipped({"a.html": PAGE})))]) == 0

    def test_trouble_has_its_status(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tables, "MAX_MEMBER", 100)
        path = put(tmp_path, "x.jsonl", b'{"html": "<p>a"}\n{"html": "' + b"x" * 200 + b'"}\n{\n')
        assert main(["clean", str(path), "-o", str(tmp_path / "out"), "-q", "-j", "0"]) == 1
        statuses = [json.loads(file.read_bytes())["status"] for file in sorted((tmp_path / "out").rglob("*.json"))]
        assert statuses[1:] == ["too-large", "unreadable"]

    def test_counting(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html")
        put(tmp_path, "b.html.gz", b"\x1f\x8bbroken")
        archive = put(tmp_path, "c.zip", zipped({f"{name}.html": random.Random(7).randbytes(9_000) for name in "abcd"}))
        meter = Meter()
        seen = [meter.read for _ in find_pages([tmp_path], meter=meter)]
        assert seen == sorted(seen)
        assert len(PAGE) < seen[2] < seen[4] < seen[5]
        assert meter.read == count_bytes([tmp_path]) == len(PAGE) + 8 + archive.stat().st_size
        assert count_bytes([tmp_path, "-"]) is None

    def test_a_pipe_is_read_once(self, tmp_path: Path) -> None:
        for content in (PAGE, gzip.compress(PAGE)):
            reader, writer = os.pipe()
            os.write(writer, content)
            os.close(writer)
            try:
                (source,) = find_pages([f"/dev/fd/{reader}"])
                assert source.read().content == PAGE
            finally:
                os.close(reader)

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for content in (PAGE, lzma.compress(PAGE), mail([("Content-Type: text/html", PAGE)])):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
            (source,) = find_pages(["-"])
            assert (source.read().content, source.location, str(source.name)) == (PAGE, "<stdin>", "stdin")

    def test_reading_is_lazy(self, tmp_path: Path) -> None:
        path = put(tmp_path, "x.jsonl", (b'{"html": "' + b"x" * 1_000_000 + b'"}\n') * 60)
        tracemalloc.start()
        for source in find_pages([path]):
            source.read()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000_000


class TestInspect:
    def test_for_people(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        page = put(tmp_path, "a.html.gz", gzip.compress(b"<!-- saved from url=(0021)https://example.com/a -->" + PAGE))
        archive = put(tmp_path, "b.zip", zipped({"a.html": PAGE, "b.png": b"x", "../c.html": PAGE}))
        assert main(["inspect", str(page), str(archive)]) == 0
        said = capsys.readouterr().out
        assert "HTML saved by a browser, gzip" in said
        assert "https://example.com/a" in said
        assert "1 page, 1 cannot be read, 1 passed over" in said
        assert "1 *.png" in said
        assert "leads out" in said

    def test_more_than_is_shown(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = put(tmp_path, "x.jsonl", b'{"html": "<p>a"}\n' * 7)
        assert main(["inspect", str(path)]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "  and 2 more (-n N shows the first N)"
        assert main(["inspect", "-n", "7", str(path)]) == 0
        assert "more (-n" not in capsys.readouterr().out

    def test_quick(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        path = put(tmp_path, "x.jsonl", b'{"html": "<p>a"}\n' * 100)
        assert main(["inspect", "--quick", "-n", "2", "--json", str(path)]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["pages"], said["complete"], len(said["first"])) == (2, False, 2)

    def test_trouble(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["inspect", str(tmp_path / "none")]) == 2
        assert main(["inspect", str(tmp_path)]) == 2
        assert main(["inspect", str(put(tmp_path, "x.zip", b"PK\x03\x04broken"))]) == 1
        said = capsys.readouterr().out
        assert "none: no such file" in said
        assert "broken zip archive" in said

    def test_one_file_does_not_end_it(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        names = [str(tmp_path / "none"), str(put(tmp_path, "bug.html")), str(put(tmp_path, "a.html")), "-", "-"]
        real = cleaner.storage.inspection.read

        def read(path: Path) -> cleaner.Page:
            if "bug" in path.name:
                raise ZeroDivisionError("of our own")
            return real(path)

        monkeypatch.setattr("cleaner.storage.inspection.read", read)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(PAGE)))
        assert main(["inspect", "--json", *names]) == 2
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [row["pages"] for row in rows] == [0, 0, 1, 1, 0]
        assert [row["error"] for row in rows] == [
            "no such file",
            "ZeroDivisionError: of our own",
            None,
            None,
            "standard input comes once, and has been read",
        ]

    def test_archivebox(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        put(tmp_path, "singlefile.html")
        put(tmp_path, "index.json", json.dumps(TestArchiveBox.INDEX).encode())
        assert main(["inspect", str(tmp_path)]) == 0
        assert "https://example.com/a" in capsys.readouterr().out


# ── Names and dates ───────────────────────────────────────────────────────────────────────────────────────────────────


class TestNames:
    @settings(max_examples=300)
    @given(st.lists(st.text(st.characters() | st.sampled_from("/\\.~ a"), max_size=40), max_size=12))
    def test_safe_and_unique(self, told: list[str]) -> None:
        names = Names()
        taken = [path for number, name in enumerate(told, 1) if (path := names.take(number, name)) is not None]
        assert len(set(taken)) == len(taken)
        for path in taken:
            assert not path.is_absolute()
            assert path.parts
            for part in path.parts:
                assert part not in (".", "..")
                assert "/" not in part
                assert "\0" not in part
                assert len(os.fsencode(part)) <= 200 if part.isascii() else True

    def test_slugs(self) -> None:
        assert str(numbered(17, "https://Example.com/News/A-Story?id=3")) == "00000017-example.com-news-a-story"
        assert str(numbered(17, "../../etc")) == "00000017-etc"
        assert str(numbered(17)) == "00000017"

    def test_folders_that_are_no_files(self) -> None:
        names = ("a.zip", "a.txt", "a.JSON", "a.txt~", "a~")
        assert [as_folder(name) for name in names] == ["a.zip", "a.txt~", "a.JSON~", "a.txt~~", "a~"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09+00:00"),
        ("2024-05-06", "2024-05-06T00:00:00"),
        ("20240506070809", "2024-05-06T07:08:09+00:00"),
        ("Mon, 06 May 2024 07:08:09 GMT", "2024-05-06T07:08:09+00:00"),
        ("Mon May 06 2024 07:08:09 GMT+0200 (CEST)", "2024-05-06T07:08:09+02:00"),
        (1714979289, "2024-05-06T07:08:09+00:00"),
        (1714979289000, "2024-05-06T07:08:09+00:00"),
        ("1714979289.5", "2024-05-06T07:08:09.500000+00:00"),
        *(
            (value, None)
            for value in ("", "yesterday", "99999999999999", 1e300, float("nan"), True, None, [], "1" * 70)
        ),
    ],
)
def test_moments(value: object, expected: str | None) -> None:
    found = moment(value)
    assert (found.isoformat() if found else None) == expected


@given(st.text(max_size=60) | st.floats() | st.integers())
def test_moment_never_fails(value: object) -> None:
    moment(value)


def test_input_from_anywhere() -> None:
    source = Input(None, PurePosixPath("x"), trouble="x.zip/a.html: broken", place="x.zip/a.html", is_too_large=True)
    assert source.location == "x.zip/a.html"
    assert source.loaded() is source
