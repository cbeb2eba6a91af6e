"""What hostile input comes to: files, folders and rule files made to do harm, each with its outcome, time and memory.

::

    python bench/hostile.py                 the table
    python bench/hostile.py NAME …          some of it

Hostile *pages* (deep, wide, long) and how their time grows are in `speed.py --hostile`. Times are CPU time of the
process, memory is what it held at most beyond what it held before (Linux only). Exit status: 0 all as expected; 1 an
outcome, a time or a memory that is not.
"""

from __future__ import annotations

import argparse
import bz2
import ctypes
import gzip
import io
import json
import lzma
import re
import stat
import sys
import tarfile
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from speed import _table as table

from cleaner import Cleaner
from cleaner.errors import CleanerError, RuleFileError
from cleaner.model import Article, Page, Status
from cleaner.rules import RuleBook
from cleaner.rules.language import parse
from cleaner.storage import Folder, find_pages

__all__ = ["CASES", "Case", "Endured", "endure"]

_MB: Final = 1024 * 1024
_ZEROS: Final = bytes(10 * _MB)
_TEXT: Final = b"<p>The ferry left the island on Monday with forty people, a tractor and a piano on board.</p>"
_MOST_PAGES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile input."""

    make: Callable[[Path], Any]
    """Put it into a folder; what it returns is given to `run`."""
    run: Callable[[Any], str]
    """Returns the outcome, for people."""
    expect: str
    """Pattern of the outcome."""
    seconds: float = 5.0
    megabytes: float = 250.0
    needs: str | None = None
    """Package of the extra `formats`."""


@dataclass(frozen=True, slots=True)
class Endured:
    """What a hostile input came to."""

    name: str
    outcome: str
    seconds: float
    megabytes: float
    faults: tuple[str, ...]
    """What is not as it should be."""


def endure(name: str, folder: Path) -> Endured:
    """Let a hostile input do what it can, in an empty folder."""
    case = CASES[name]
    source = case.make(folder)
    _cleaner()
    before, started = _peak(reset=True), time.process_time()
    outcome = case.run(source)
    seconds, megabytes = time.process_time() - started, _peak() - before
    faults = []
    if not re.search(case.expect, outcome):
        faults.append(f"outcome {outcome!r}, not {case.expect!r}")
    if seconds > case.seconds:
        faults.append(f"{seconds:.1f} s, not {case.seconds:.1f}")
    if megabytes > case.megabytes:
        faults.append(f"{megabytes:.0f} MB, not {case.megabytes:.0f}")
    return Endured(name, outcome, seconds, megabytes, tuple(faults))


def _peak(*, reset: bool = False) -> float:
    """Return the most memory held since the last reset, in MB; 0 where the system does not tell."""
    try:
        if reset:
            # What was freed may still be held, and would hide what is taken next.
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the high-water mark
        status = Path("/proc/self/status").read_text()
    except (OSError, AttributeError):  # no Linux, no glibc
        return 0.0
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) / 1024


@cache
def _cleaner() -> Cleaner:
    return Cleaner()


# -- runs --------------------------------------------------------------------------------------------------------------


def _pages(path: Path) -> str:
    """Clean what is in a file or folder, as a run does; return how often which status, and the first reasons."""
    statuses: Counter[str] = Counter()
    reasons: list[str] = []
    for source in islice(find_pages([path]), _MOST_PAGES):
        try:
            article = _cleaner().clean(source.read())
        except CleanerError as error:
            status = Status.TOO_LARGE if "Large" in type(error).__name__ else Status.UNREADABLE
            article = Article.failed(status, str(error), url=None, location=source.location, media_type="")
        statuses[article.status] += 1
        reason = article.reason.removeprefix(f"{source.location}: ").removeprefix(f"{path}: ")
        if reason and reason not in reasons and len(reasons) < 3:
            reasons.append(reason)
    counts = ", ".join(f"{count:,} {status}" if count > 1 else status for status, count in statuses.items())
    return f"{counts} ({'; '.join(reasons)})" if reasons else counts


def _written(path: Path) -> str:
    """Clean what is in a file into a folder beside it; tell what lies outside that folder then."""
    out = path.parent / "out"
    before = _files(path.parent)
    sink = Folder(out)
    refused = 0
    for source in find_pages([path]):
        try:
            page = source.read()
            sink.put(source.name, sink.render(_cleaner().clean(page), page))
        except CleanerError:
            refused += 1
    outside = sorted(file for file in _files(path.parent) - before if not file.startswith(f"{out}/"))
    inside = len(_files(out)) // 2
    return f"{refused} refused, {inside} written, outside: {', '.join(outside) or 'nothing'}"


def _files(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if not path.is_dir()}


def _rules(source: str) -> str:
    """Load a rule file; clean a large page with it where it has no faults."""
    try:
        parse(source.encode(), "sites/ferry.example", "ferry.example.toml")
    except RuleFileError as error:
        return f"refused: {error.faults[0].reason}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sites" / "ferry.example.toml"
        path.parent.mkdir()
        path.write_text(source, "utf-8")
        cleaner = Cleaner(False)
        cleaner.rulebook = RuleBook.of([(Path(folder), "rules")])
        article = cleaner.clean(Page(_large_page(), "http://ferry.example/"))
    notes = [note.message.partition(": it ")[2] or note.message for note in article.notes]
    return f"{article.status}{f' (skipped: {notes[0]})' if notes else ''}"


@cache
def _large_page() -> str:
    """Return a page of 50,000 elements, half of them beside one another, half nested in hundreds."""
    flat = "".join(f"<p class='a'>{number} sails <b>on</b></p>" for number in range(12_500))
    deep = ("<div class='a'>x " * 200 + "</div>" * 200) * 125
    return f"<html><body><article>{_TEXT.decode() * 20}</article><main>{flat}</main>{deep}</body></html>"


def _rule(matcher: str) -> str:
    return f'schema = 1\nsite = "ferry.example"\n[[rule]]\nid = "a"\nkind = "share"\n{matcher}\n'


def _told(path: Path) -> str:
    """Run the command over a folder; tell which characters reach the terminal that should not."""
    import contextlib

    from cleaner.cli import main

    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        for command in (["clean", str(path), "-o", str(path.parent / "out")], ["inspect", *map(str, path.iterdir())]):
            main(command)
    odd = {char for char in said.getvalue() if not char.isprintable() and char != "\n"}
    lines = [line for line in said.getvalue().splitlines() if line.startswith("forged")]
    return f"odd characters: {', '.join(sorted(map(ascii, odd))) or 'none'}; forged lines: {len(lines)}"


# -- what is made ------------------------------------------------------------------------------------------------------


def _file(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make


def _many_zeros(pack: Callable[[bytes], bytes], times: int = 1000) -> Callable[[], bytes]:
    """Return ten gigabytes of zeros, packed: many members, one after the other."""
    return lambda: pack(_ZEROS) * times


def _zstd() -> bytes:
    import zstandard

    return zstandard.compress(_ZEROS)


def _zip_bomb() -> bytes:
    """Return a zip archive whose 20,000 members of 10 MB are all the same bytes of the file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.html", _ZEROS)
        archive.filelist.extend(archive.filelist * 20_000)
    return file.getvalue()


def _zip_in_zip(depth: int = 6) -> bytes:
    """Return archives in archives, sixteen of each in the next."""
    content, name = bytes(_MB), "a.html"
    for _ in range(depth):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(16):
                archive.writestr(f"{number}-{name}", content)
        content, name = file.getvalue(), "b.zip"
    return content


def _xz_of_4_gigabytes() -> bytes:
    """Return an xz file that asks for a dictionary of 4 GB."""
    block = b"\x02\x00\x21\x01\x28\x00\x00\x00"
    flags = b"\x00\x00"
    head = b"\xfd7zXZ\x00" + flags + zlib.crc32(flags).to_bytes(4, "little")
    return head + block + zlib.crc32(block).to_bytes(4, "little") + b"\x01\x00\x00x" + bytes(100)


def _laughs(count: int = 12) -> str:
    return '<!ENTITY e0 "ha">' + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, count))


def _plist_of_laughs() -> bytes:
    return (
        f'<?xml version="1.0"?><!DOCTYPE plist [{_laughs()}]><plist version="1.0"><dict><key>WebMainResource</key>'
        "<dict><key>WebResourceData</key><string>&e11;</string></dict></dict></plist>"
    ).encode()


def _mhtml_nested(depth: int = 5_000) -> bytes:
    head = b"MIME-Version: 1.0\r\nSnapshot-Content-Location: http://a.example/\r\n"
    return head + b"".join(
        b'Content-Type: multipart/related; boundary="%d"\r\n\r\n--%d\r\n' % (level, level) for level in range(depth)
    )


def _plist_nested(depth: int = 20_000) -> bytes:
    deep = b"<array>" * depth + b"</array>" * depth
    return b'<?xml version="1.0"?><!DOCTYPE plist><plist version="1.0">' + deep + b"</plist>"


def _json_lines() -> bytes:
    rows = (
        '{"html": ' + "[" * 1_000_000,
        '{"html": "<p>x\\ud800 \\u0000 y</p>", "url": "http://\\ud800/"}',
        '{"html": 1e999999, "url": ' + "9" * 100_000 + "}",
        json.dumps({"html": _TEXT.decode() * 3}),
    )
    return "\n".join(rows).encode()


_NAMES: Final = ("../up.html", "/tmp/cleaner-root.html", "a/../../up2.html", "..\\up3.html", "C:\\up4.html", "ok.html")


def _zip_out() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in _NAMES:
            archive.writestr(name, _TEXT)
        link = zipfile.ZipInfo("link.html")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
    return file.getvalue()


def _tar_out() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name in _NAMES:
            info = tarfile.TarInfo(name)
            info.size = len(_TEXT)
            archive.addfile(info, io.BytesIO(_TEXT))
        kinds = {
            "symlink": tarfile.SYMTYPE,
            "hardlink": tarfile.LNKTYPE,
            "device": tarfile.CHRTYPE,
            "pipe": tarfile.FIFOTYPE,
        }
        for name, kind in kinds.items():
            info = tarfile.TarInfo(f"{name}.html")
            info.type, info.linkname = kind, "/etc/hostname"
            archive.addfile(info)
    return file.getvalue()


def _linked_input(folder: Path) -> Path:
    """Make a folder with links in circles, to nowhere, and out of it."""
    source, elsewhere = folder / "in", folder / "elsewhere"
    source.mkdir()
    elsewhere.mkdir()
    (elsewhere / "b.html").write_bytes(_TEXT)
    (source / "a.html").write_bytes(_TEXT)
    (source / "around").symlink_to(source)
    (source / "self.html").symlink_to("self.html")
    (source / "nowhere.html").symlink_to("nothing")
    (source / "out").symlink_to(elsewhere)
    return source


def _linked_output(folder: Path) -> Path:
    """Make an output folder in which a link leads out of it, where the pages of an archive go."""
    (folder / "out").mkdir()
    (folder / "victim").mkdir()
    (folder / "out" / "a.zip").symlink_to(folder / "victim")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.html", _TEXT)
    path = folder / "a.zip"
    path.write_bytes(file.getvalue())
    return path


def _odd_names(folder: Path) -> Path:
    source = folder / "in"
    source.mkdir()
    names = (
        "\x1b[31mred",
        "\x1b]0;title\x07",
        "\u202elmth",
        "\u2066x",
        "a\nforged: all is well",
        "\x9b31m",
        "\udcff",
        "\x08\x08",
    )
    for name in names:
        (source / f"{name}.html").write_bytes(b"%PDF-1.4\0\0\0\0")
    return source


def _page_file(content: Callable[[], str]) -> Callable[[Path], Path]:
    return _file("a.html", lambda: f"<html><body>{_TEXT.decode() * 4}{content()}</body></html>".encode())


_SLOW: Final = 30.0
_OVER_256: Final = "too-large .*more than 256 MB"

CASES: Final[dict[str, Case]] = {
    # -- decompression
    "gzip, 10 GB": Case(_file("a.html.gz", _many_zeros(gzip.compress)), _pages, _OVER_256, 10, 700),
    "bzip2, 10 GB": Case(_file("a.html.bz2", _many_zeros(bz2.compress)), _pages, _OVER_256, 20, 700),
    "xz, 10 GB": Case(_file("a.html.xz", _many_zeros(lzma.compress)), _pages, _OVER_256, 10, 700),
    "zstd, 10 GB": Case(_file("a.html.zst", lambda: _zstd() * 1000), _pages, _OVER_256, 10, 700, needs="zstandard"),
    "gzip in gzip in gzip": Case(
        _file("a.html.gz", lambda: gzip.compress(gzip.compress(gzip.compress(_ZEROS)))), _pages, "unreadable .*not text"
    ),
    "tar.gz, 10 GB of zeros": Case(
        _file("a.tar.gz", lambda: gzip.compress(_tar_out()) + gzip.compress(_ZEROS) * 1000), _pages, "a bomb", _SLOW
    ),
    "JSON Lines in gzip, one line of 10 GB": Case(
        _file("a.jsonl.gz", lambda: gzip.compress(b'{"html": "') + gzip.compress(_ZEROS) * 1000),
        _pages,
        "a bomb",
        15,
        400,
    ),
    "zip, 20,000 members that are one": Case(_file("a.zip", _zip_bomb), _pages, "a bomb", _SLOW, 250),
    "zip in zip in zip (42.zip)": Case(_file("a.zip", _zip_in_zip), _pages, "16 unreadable .*archive in an archive"),
    "xz that asks for 4 GB": Case(_file("a.html.xz", _xz_of_4_gigabytes), _pages, "unreadable .*[Mm]emory"),
    "zstd that asks for 2 GB": Case(
        _file("a.html.zst", lambda: b"\x28\xb5\x2f\xfd\x00\xa8" + bytes(100)),
        _pages,
        "unreadable .*zstd",
        needs="zstandard",
    ),
    # -- entities and nesting
    "entities that multiply, HTML": Case(
        _file("a.html", lambda: f"<!DOCTYPE html [{_laughs()}]><body>{_TEXT.decode() * 4}<p>&e11;".encode()),
        _pages,
        "^(?:ok|partial)",
    ),
    "entities that multiply, property list": Case(
        _file("a.webarchive", _plist_of_laughs), _pages, "unreadable .*[Ee]ntit"
    ),
    "elements, 1,000,000 deep": Case(_page_file(lambda: "<div>" * 10**6), _pages, "too-large .*deeper", 10, 400),
    "elements, 50,000 deep": Case(_page_file(lambda: "<div>x" * 50_000), _pages, "^(?:ok|partial)", 10, 400),
    "JSON nested, surrogates, NUL, numbers": Case(_file("a.jsonl", _json_lines), _pages, "unreadable.*(?:ok|partial)"),
    "multipart in multipart, 5,000 deep": Case(_file("a.mhtml", _mhtml_nested), _pages, "unreadable .*broken MHTML"),
    "property list, 20,000 deep": Case(_file("a.webarchive", _plist_nested), _pages, "unreadable"),
    # -- size
    "an attribute of 10 MB": Case(
        _page_file(lambda: f"<p title='{'x' * 10_000_000}'>"), _pages, "^(?:ok|partial)", 5, 300
    ),
    "200,000 attributes": Case(
        _page_file(lambda: f"<p {' '.join(f'a{n}=1' for n in range(200_000))}>"), _pages, "^(?:ok|partial)", 10, 300
    ),
    "1,000,000 links": Case(
        _page_file(lambda: "<a href='/x'>x</a> " * 10**6), _pages, "ok|partial|index|too-large", 60, 2500
    ),
    # -- paths
    "zip, names that lead out, a link": Case(
        _file("a.zip", _zip_out), _written, "6 refused, 1 written, outside: nothing"
    ),
    "tar, names that lead out, links, a device": Case(
        _file("a.tar", _tar_out), _written, "9 refused, 1 written, outside: nothing"
    ),
    "links in the input: circles, nowhere, out": Case(
        _linked_input, _pages, r"^2 \w+, 2 unreadable|^\w+, 2 unreadable, \w+"
    ),
    "a link in the output that leads out": Case(_linked_output, _written, "1 refused, 0 written, outside: nothing"),
    "control and bidi characters in names": Case(_odd_names, _told, "odd characters: none; forged lines: 0", 10),
    # -- rule files
    "XPath, walks nested three times": Case(
        lambda _: _rule('xpath = "//*[count(//*[count(//*) > 9]) > 9]"'), _rules, r"\(skipped: may take"
    ),
    "XPath, walks nested forty times": Case(
        lambda _: _rule(f'xpath = "{"//*[count(" * 40}//*{") > 9]" * 40}"'), _rules, "refused: bad xpath .*too often"
    ),
    "XPath, //*//*//*, 50,000 elements": Case(lambda _: _rule('xpath = "//*//*//*"'), _rules, r"\(skipped: may take"),
    "XPath, //*[count(//*) > 9]": Case(
        lambda _: _rule('xpath = "//*[count(//*) > 9]"'), _rules, r"\(skipped: may take"
    ),
    "XPath, following::* of all": Case(lambda _: _rule('xpath = "//p/following::p"'), _rules, r"\(skipped: may take"),
    "XPath, contains(…) 60 times": Case(
        lambda _: _rule(f'xpath = "//*[{" or ".join(["contains(., 9)"] * 60)}]"'), _rules, "ok|partial|skipped", 20
    ),
    "CSS, p ~ p": Case(lambda _: _rule('css = "p ~ p"'), _rules, r"\(skipped: may take"),
    "CSS, div div div": Case(lambda _: _rule('css = "div div div"'), _rules, r"\(skipped: may take"),
    "5,000 rules that walk the page": Case(
        lambda _: (
            'schema = 1\nsite = "ferry.example"\n'
            + "".join(
                f'[[rule]]\nid = "r{n}"\nkind = "share"\nxpath = "//b[count(.//i) = {n + 1}]"\n' for n in range(5_000)
            )
        ),
        _rules,
        "the selectors before it",
        60,
        300,
    ),
    "200,000 selectors": Case(lambda _: _rule("css = [" + '"p",' * 200_000 + "]"), _rules, "refused: more than 20,000"),
    "a pattern of nested repetition": Case(
        lambda _: _rule("line = '(?:(?:(?:a{1,99}){1,99}){1,99}){1,99}'"), _rules, "refused: bad pattern"
    ),
    "(a*)*b": Case(lambda _: _rule("line = '(a*)*b'"), _rules, "^(?:ok|partial)"),
    "a pattern of 100,000 words": Case(
        lambda _: _rule(f"line = '{'|'.join(f'w{n}' for n in range(100_000))}'"), _rules, "refused: .*characters long"
    ),
    "a glob of 900,000 characters": Case(
        lambda _: _rule(f"css = 'p'\nwhen.paths = '/{'a' * 900_000}'"), _rules, "refused: bad glob"
    ),
    "a key of 100,000 parts": Case(lambda _: "a." * 100_000 + "a = 1", _rules, "refused: a key of more than"),
    "300,000 faults": Case(lambda _: _rule("token = [" + '"",' * 300_000 + "]"), _rules, "refused: .*empty"),
    "a rule file of 2 MB": Case(lambda _: "#" * (2 * _MB), _rules, "refused: over"),
}
"""Name -> what is done, and what must come of it."""


def _rows(found: Iterable[Endured]) -> Iterator[str]:
    rows = [
        [one.name, one.outcome.replace("|", "\\|")[:120], f"{one.seconds:.1f}", f"{one.megabytes:.0f}"] for one in found
    ]
    return table(["input", "what happens", "s", "MB"], rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    parser = argparse.ArgumentParser(description="What hostile input comes to.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="inputs, as the table calls them; all by default")
    names = parser.parse_args(arguments).names or list(CASES)
    if unknown := [name for name in names if name not in CASES]:
        parser.error(f"no input {', '.join(unknown)}")
    found = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            found.append(endure(name, Path(folder)))
        print(
            f"{found[-1].seconds:6.1f} s  {name}{''.join(f': {fault}' for fault in found[-1].faults)}", file=sys.stderr
        )
    for line in _rows(found):
        print(line)
    return int(any(one.faults for one in found))


if __name__ == "__main__":
    sys.exit(main())
