"""How inputs are changed: bytes, lines, trees of values, and what is in a container, packed anew.

Everything is a function of a :class:`random.Random`, so the same seed gives the same inputs.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import plistlib
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from random import Random
from typing import Any, Final

__all__ = [
    "Bend",
    "bent",
    "bundle",
    "bundled",
    "json_lines",
    "lines",
    "markup",
    "packed",
    "parquet",
    "plist",
    "tar",
    "toml",
    "unbundled",
    "warc",
    "zipped",
]

Bend = Callable[[bytes, Random], bytes]

_MOST: Final = 1 << 17
"""Bytes that are unpacked to be bent: what is larger is bent as it is."""
_ODD_BYTES: Final = (
    *(b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\r\n\r\n", b"\n\n", b"\x1b$B"),
    *(
        b"\xe2\x80\xae",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\xcc\x81" * 40,
        b"-1",
        b"0",
        b"4294967296",
        b"9" * 400,
        b"1e999",
    ),
    *(
        b"%00",
        b"../",
        b"%s%n",
        b"&#0;",
        b"&#x110000;",
        b"&#xD800;",
        b"\\ud800",
        b"\\u0000",
        b'"',
        b"'",
        b"<",
        b">",
        b":",
    ),
)
ODD_NAMES: Final = (
    *("../a.html", "/a.html", "C:\\a.html", "..\\..\\a.html", "a/../../b.html", ".", "..", "...", " ", "a.html/", "//"),
    *("a\0b.html", "a\nb.html", "\u202elmth.a", "\x1b[31mred.html", "con.html", "a" * 300 + ".html", "\udcff.html", ""),
    *("x/" * 40 + "a.html", "\u00e9.html", "e\u0301.html", "a.html.json", "a_files/b.html", "b.zip", "index.html"),
    *(
        "archive/data.warc.gz",
        "pages/pages.jsonl",
        "1/index.rdf",
        "index.json",
        "é" * 130 + ".html",
        "~",
        "-",
        "a.html~2",
    ),
)
_URLS: Final = (
    *(
        "http://a.example/",
        "https://[::1",
        "http://a.example:99999/",
        "//",
        "http://",
        "javascript:0",
        "http://%",
        "\ud800",
    ),
    *(
        "http://xn--/",
        "http://a" + ".a" * 200 + "/",
        "http://é.example/\u202e",
        "HTTP://A.EXAMPLE/../..",
        "http://a\\b/",
    ),
)
_DATES: Final = (
    *(
        "2024-05-06T07:08:09Z",
        "0001-01-01",
        "9999-12-31T23:59:59-23:59",
        "20240506070809",
        "1" * 13,
        "\u0661\u0662",
        "nan",
    ),
    *(
        "Mon, 06 May 2024 07:08:09 +9999",
        "Mon, 31 Feb 0000",
        "00000000000000",
        "1e400",
        "--",
        "٣",
        "2024-13-45",
        "1.",
        "²",
    ),
)
# fmt: off
ODD_VALUES: Final = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**70), 1e308, -0.0, float("inf"), float("nan"), "", " ", "a", "0", "\0",
    "\ud800", "\u202e", [], [[]], {}, [None], {"": ""}, {"url": {}}, b"", b"\xff", b"<p>x</p>", date(1, 1, 1),
    *_URLS, *_DATES, *ODD_NAMES,
)
# fmt: on


# ── Bytes and lines ───────────────────────────────────────────────────────────────────────────────────────────────────


def bent(data: bytes, random: Random, words: Sequence[bytes] = ()) -> bytes:
    """Change bytes: flip, drop, double, move, cut off, put in something odd or one of `words`."""
    for _ in range(1 + min(int(random.expovariate(0.7)), 8)):
        size = len(data)
        at = random.randrange(size + 1)
        end = min(size, at + 1 + int(random.expovariate(1 / (1 + size // random.choice((8, 64, 1024))))))
        match random.randrange(8):
            case 0 if at < size:
                data = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
            case 1:
                data = data[:at] + data[end:]
            case 2:
                data = data[:at] + data[at:end] * random.choice((2, 2, 3, 20)) + data[end:]
            case 3:
                other = random.randrange(size + 1)
                data = data[:other] + data[at:end] + data[other:]
            case 4 if not random.randrange(4):
                data = data[:at]
            case 5:
                data = data[:at] + random.choice(_ODD_BYTES) + data[random.choice((at, end)) :]
            case _:
                word = random.choice(words or _ODD_BYTES) * random.choice((1, 1, 1, 2, 50))
                data = data[:at] + word + data[random.choice((at, at, end)) :]
    return data


def lines(words: Sequence[bytes] = (), inner: Bend = bent) -> Bend:
    """Bend lines as wholes: drop, double, swap, replace; or bend the inside of one."""

    def bend(data: bytes, random: Random) -> bytes:
        parts = data.split(b"\n")
        for _ in range(random.choice((1, 1, 2, 5))):
            at, other = random.randrange(len(parts)), random.randrange(len(parts))
            match random.randrange(6):
                case 0 if len(parts) > 1:
                    del parts[at]
                case 1:
                    parts[at:at] = [parts[other]] * random.choice((1, 1, 2, 40))
                case 2:
                    parts[at], parts[other] = parts[other], parts[at]
                case 3 if words:
                    parts.insert(at, random.choice(words))
                case _:
                    parts[at] = inner(parts[at], random)
        return b"\n".join(parts)

    return _mostly(bend, words)


def _mostly(bend: Bend, words: Sequence[bytes] = ()) -> Bend:
    """Bend with `bend`, now and then as plain bytes; as bytes too where it cannot."""

    def either(data: bytes, random: Random) -> bytes:
        if random.randrange(6):
            # What cannot be unpacked, and values that a format cannot hold.
            with suppress(Exception):
                return bend(data, random)
        return bent(data, random, words)

    return either


_PARTS: Final = re.compile(rb"<[^<>]*>|[^<>]+|[<>]")


def markup(words: Sequence[bytes]) -> Bend:
    """Bend tags and texts as wholes."""

    def bend(data: bytes, random: Random) -> bytes:
        parts = _PARTS.findall(data) or [b""]
        for _ in range(random.choice((1, 2, 4, 12))):
            at, other = sorted((random.randrange(len(parts)), random.randrange(len(parts))))
            match random.randrange(7):
                case 0 if len(parts) > 1:
                    del parts[at]
                case 1:
                    parts.insert(at, random.choice(words))
                case 2:
                    parts[at], parts[other] = parts[other], parts[at]
                case 3:
                    parts[at:at] = parts[at : min(other, at + 40)] * random.choice((1, 1, 8))
                case 4:
                    parts[at] = bent(parts[at], random, words)
                case 5:
                    tag = random.choice(words)
                    name = re.match(rb"<([a-z0-9]+)", tag)
                    parts[at:other] = [tag, *parts[at:other], b"</%b>" % name[1] if name else b""]
                case _:
                    parts[at:at] = [random.choice(words)] * random.choice((1, 2, 300))
        return b"".join(parts)

    return _mostly(bend, words)


# ── Trees of values ───────────────────────────────────────────────────────────────────────────────────────────────────


def _tree(value: Any, random: Random, pool: Sequence[Any]) -> Any:
    """Change one thing somewhere in a tree of lists and mappings."""
    if isinstance(value, dict) and value and random.randrange(5):
        key = random.choice(list(value))
        match random.randrange(8):
            case 0:
                return {name: inner for name, inner in value.items() if name != key}
            case 1:
                return {**value, str(random.choice(pool)): value[key]}
            case 2:
                return {**value, key: value[random.choice(list(value))]}
            case _:
                return {**value, key: _tree(value[key], random, pool)}
    if isinstance(value, list) and value and random.randrange(5):
        at = random.randrange(len(value))
        match random.randrange(6):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value[:at] + [value[at]] * random.choice((2, 3, 60)) + value[at + 1 :]
            case 2:
                return [*value, random.choice(pool)]
            case _:
                return [*value[:at], _tree(value[at], random, pool), *value[at + 1 :]]
    match random.randrange(6):
        case 0 if isinstance(value, str):
            return bent(value.encode("utf-8", "surrogatepass"), random).decode("utf-8", "replace")
        case 1 if isinstance(value, bytes):
            return bent(value, random)
        case 2:
            return [value] * random.choice((1, 2, 5))
        case 3:
            nested = value
            for _ in range(random.choice((1, 3, 200))):
                nested = random.choice(([nested], {"a": nested}))
            return nested
        case _:
            return random.choice(pool)


def json_lines(pool: Sequence[Any] = ODD_VALUES) -> Bend:
    """Bend the values in lines of JSON."""

    def one(line: bytes, random: Random) -> bytes:
        value = json.loads(line)
        for _ in range(random.choice((1, 1, 3))):
            value = _tree(value, random, pool)
        said = json.dumps(value, ensure_ascii=random.random() < 0.5, default=str)
        return said.encode("utf-8", "surrogatepass")

    return lines(inner=_mostly(one))


def json_value(data: bytes, random: Random) -> bytes:
    """Bend a JSON document."""
    value = _tree(json.loads(data), random, ODD_VALUES)
    return json.dumps(value, default=str).encode("utf-8", "surrogatepass")


def plist(data: bytes, random: Random) -> bytes:
    """Bend a property list, and write it in either of its forms."""
    form = random.choice((plistlib.FMT_BINARY, plistlib.FMT_XML))
    return plistlib.dumps(_tree(plistlib.loads(data), random, ODD_VALUES), fmt=form)


def toml(pool: Sequence[Any]) -> Bend:
    """Bend the values of a TOML file."""

    def bend(data: bytes, random: Random) -> bytes:
        value: Any = tomllib.loads(data.decode())
        for _ in range(random.choice((1, 1, 2, 4))):
            changed = _tree(value, random, pool)
            value = changed if isinstance(changed, dict) else value
        return _as_toml(value).encode("utf-8", "replace")

    return _mostly(bend, [word.encode("utf-8", "replace") for word in pool if isinstance(word, str)])


def _as_toml(tables: dict[str, Any]) -> str:
    """Return a TOML file: tables with headers of their own at the top, all else in one line each."""
    top: list[str] = []
    later: list[str] = []
    for key, value in tables.items():
        parts = (
            value if isinstance(value, list) and value and all(isinstance(part, dict) for part in value) else [value]
        )
        header = f"[[{_scalar(key)}]]" if parts is value else f"[{_scalar(key)}]"
        for part in parts:
            if isinstance(part, dict):
                later += [header, *(f"{_scalar(name)} = {_scalar(inner)}" for name, inner in part.items())]
            else:
                top.append(f"{_scalar(key)} = {_scalar(value)}")
    return "\n".join([*top, *later, ""])


def _scalar(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)} = {_scalar(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_scalar, value)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    # JSON and TOML agree on strings, numbers and truth, but for the names of what is no number.
    said = json.dumps(value if isinstance(value, str | int | float) else str(value))
    return {"Infinity": "inf", "-Infinity": "-inf", "NaN": "nan"}.get(said, said.replace("\x7f", "\\u007f"))


# ── Containers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def bundled(files: dict[str, bytes]) -> bytes:
    """Return a few files as one input: a line with the name of each before it."""
    return b"".join(
        b"\x1c%b\n%b" % (name.encode("utf-8", "surrogateescape"), content) for name, content in files.items()
    )


def unbundled(data: bytes) -> list[tuple[str, bytes]]:
    """Return the files in an input."""
    parts = [part.partition(b"\n") for part in data.split(b"\x1c") if part]
    return [(name.decode("utf-8", "surrogateescape"), content) for name, _, content in parts]


def bundle(inner: Callable[[str], Bend]) -> Bend:
    """Bend one of the files in an input, by its name."""

    def bend(data: bytes, random: Random) -> bytes:
        files = unbundled(data)
        at = random.randrange(len(files))
        name, content = files[at]
        files[at] = name, inner(name)(content, random)
        return bundled(dict(files))

    return _mostly(bend)


def _unpacked(data: bytes) -> tuple[str, bytes]:
    """Return how bytes are packed, and what is in them, if it is not much."""
    if data.startswith(b"\x1f\x8b"):
        return "gzip", gzip.GzipFile(fileobj=io.BytesIO(data)).read(_MOST)
    if data.startswith(b"BZh"):
        return "bzip2", bz2.BZ2Decompressor().decompress(data, _MOST)
    if data.startswith(b"\xfd7zXZ"):
        return "xz", lzma.LZMADecompressor().decompress(data, _MOST)
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        import zstandard

        return "zstd", zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(data).read(_MOST)
    return "", data


def _repacked(how: str, data: bytes, random: Random) -> bytes:
    match how:
        case "gzip":
            return gzip.compress(data, random.randrange(10), mtime=0)
        case "bzip2":
            return bz2.compress(data, random.randint(1, 9))
        case "xz":
            filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << random.randint(12, 23)}]
            return lzma.compress(data, check=random.choice((-1, 0, 1, 4, 10)), filters=filters)
        case "zstd":
            import zstandard

            parameters = zstandard.ZstdCompressionParameters(
                window_log=random.randint(10, 24),
                write_content_size=random.random() < 0.5,
                write_checksum=random.random() < 0.5,
            )
            return zstandard.ZstdCompressor(compression_params=parameters).compress(data)
    return data


def packed(inner: Bend) -> Bend:
    """Bend what is in packed bytes, and pack it again; as one member, several, within itself, or long and empty."""

    def bend(data: bytes, random: Random) -> bytes:
        how, plain = _unpacked(data)
        match random.randrange(8) if how else -1:
            case 0:
                cut = random.randrange(len(plain) + 1)
                return _repacked(how, plain[:cut], random) + _repacked(how, plain[cut:], random)
            case 1:
                return data + random.choice((b"\0" * 512, b"junk", data, data[: len(data) // 2]))
            case 2:
                return _repacked(how, plain + bytes(random.choice((1, 1 << 20, 1 << 23))), random)
            case 3:
                return _repacked(random.choice(("gzip", "bzip2", "xz", "zstd")), data, random)
        return _repacked(how, inner(plain, random), random)

    return _mostly(bend)


def zipped(inner: Callable[[str], Bend]) -> Bend:
    """Bend what is in a zip archive: a member, its name, its kind, how it is packed."""

    def bend(data: bytes, random: Random) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [(info, archive.read(info)) for info in archive.infolist()[:40] if info.file_size < _MOST]
        for _ in range(random.choice((1, 1, 3))):
            at = random.randrange(len(files))
            info, content = files[at]
            match random.randrange(8):
                case 0:
                    files.insert(at, (zipfile.ZipInfo(random.choice(ODD_NAMES)), content))
                case 1:
                    files.append((info, content))
                case 2 if len(files) > 1:
                    del files[at]
                case 3:
                    info.external_attr = random.choice((0o120777, 0o40755, 0o60644, 0o100644)) << 16
                case 4:
                    files[at] = info, random.choice((data, bytes(1 << 20), b""))
                case _:
                    files[at] = info, inner(info.filename)(content, random)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for info, content in files:
                how = random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
                archive.writestr(info, content, how)
        made = file.getvalue()
        return bent(made, random) if not random.randrange(4) else made

    return _mostly(bend)


def tar(inner: Bend) -> Bend:
    """Bend what is in a tar archive: a member, its name, its kind, its size."""

    def bend(data: bytes, random: Random) -> bytes:
        how, plain = _unpacked(data)
        files: list[tuple[tarfile.TarInfo, bytes]] = []
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for info in archive:
                file = archive.extractfile(info) if info.isreg() else None
                files.append((info, file.read(_MOST) if file else b""))
        at = random.randrange(len(files))
        info, content = files[at]
        match random.randrange(7):
            case 0:
                info.name = random.choice(ODD_NAMES)
            case 1:
                info.type = random.choice(
                    (b"0", b"1", b"2", b"3", b"5", b"6", b"7", b"L", b"K", b"x", b"g", b"S", b"\0", b"Z")
                )
                info.linkname = random.choice(ODD_NAMES)
            case 2:
                info.pax_headers = {
                    random.choice(("path", "size", "mtime", "linkpath", "GNU.sparse.map", "hdrcharset")): (
                        str(random.choice(ODD_VALUES))
                    )
                }
            case 3:
                files.insert(at, (info, content))
            case _:
                content = inner(content, random)
        files[at] = info, content
        out = io.BytesIO()
        form = random.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT))
        with tarfile.open(fileobj=out, mode="w:", format=form, errors="surrogateescape") as archive:
            for info, content in files:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        made = bent(out.getvalue(), random) if not random.randrange(4) else out.getvalue()
        return _repacked(how, made, random)

    return _mostly(bend)


_LENGTH: Final = re.compile(rb"(?i)(\r\ncontent-length: )[^\r\n]*")
_HTTP: Final = (
    *(
        b"Content-Encoding: gzip",
        b"Content-Encoding: br",
        b"Content-Encoding: deflate, gzip",
        b"Content-Encoding: zstd",
    ),
    *(
        b"Transfer-Encoding: chunked",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Type: ;",
        b"Location: http://[",
    ),
    *(b"HTTP/1.1 302 Moved", b"HTTP/9.9 -1", b"HTTP/1.1 200 OK", b"WARC-Type: resource", b"WARC-Type: conversion"),
    *(
        b"WARC-Type: revisit",
        b"WARC-Target-URI: urn:x",
        b"WARC-Target-URI: http://[",
        b"WARC-Date: 0000",
        b"Content-Length: -1",
    ),
    *(
        b"Content-Length: 99999999999999999999",
        b"WARC-Record-ID: x",
        b"WARC-Truncated: length",
        b"WARC/1.1",
        b"WARC/0.17",
    ),
)


def warc(inner: Bend) -> Bend:
    """Bend the records of a WARC file, most of them with the length that they have then; pack each by itself or not."""
    heads = lines(_HTTP)

    def bend(data: bytes, random: Random) -> bytes:
        how, plain = _unpacked(data)
        records = [b"WARC/" + part for part in plain.split(b"WARC/")[1:]]
        at = random.randrange(len(records))
        head, blank, rest = records[at].partition(b"\r\n\r\n")
        http, between, body = rest.partition(b"\r\n\r\n")
        match random.randrange(6):
            case 0:
                head = heads(head, random)
            case 1:
                http = heads(http, random)
            case 2:
                chunks = [body[start : start + 50] for start in range(0, len(body), 50)]
                body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
                http += b"\r\nTransfer-Encoding: chunked"
            case 3:
                body = gzip.compress(body, mtime=0)
                http += b"\r\nContent-Encoding: gzip"
            case 4:
                records.insert(at, records[random.randrange(len(records))])
            case _:
                body = inner(body, random)
        rest = http + between + body
        if random.randrange(5):
            head = _LENGTH.sub(rb"\g<1>%d" % max(len(rest) - 4, 0), head)
        records[at] = head + blank + rest
        if how:
            return b"".join(_repacked(how, record, random) for record in records)
        return b"".join(records)

    return _mostly(bend, _HTTP)


def parquet(data: bytes, random: Random) -> bytes:
    """Bend the rows of a Parquet file, and write it in one of its many ways."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pq.read_table(io.BytesIO(data)).slice(0, 50).to_pylist()
    rows = _tree(rows, random, ODD_VALUES)
    table = pa.Table.from_pylist(rows if isinstance(rows, list) else [])
    if not random.randrange(4):
        table = table.cast(
            pa.schema([(name, random.choice((pa.large_binary(), pa.string()))) for name in table.column_names])
        )
    file = io.BytesIO()
    pq.write_table(
        table,
        file,
        row_group_size=random.choice((1, 7, 1000)),
        use_dictionary=random.random() < 0.5,
        compression=random.choice(("none", "snappy", "gzip", "zstd", "brotli", "lz4")),
        data_page_version=random.choice(("1.0", "2.0")),
        version=random.choice(("1.0", "2.4", "2.6")),
    )
    made = file.getvalue()
    return bent(made, random) if not random.randrange(4) else made
