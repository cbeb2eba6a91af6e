"""Makes the files of this folder anew from the pages in `site/`, with the tools whose formats they are.

    python make.py FOLDER [NAME …]

Needs wget; for MHTML and SingleFile also Chromium, `pip install playwright` and `npm install single-file-cli` (in the
working folder); for WACZ `pip install wacz`. Dates differ from run to run, and the tests do not look at the time of day.
"""

from __future__ import annotations

import gzip
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
import zlib
from pathlib import Path
from struct import pack

SITE = Path(__file__).resolve().parent / "site"
HOST = "http://overby.example"
PORT = 8642
PROXY = f"http://127.0.0.1:{PORT}"
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    f"--proxy-server={PROXY}",
    "--proxy-bypass-list=<-loopback>",
]


def picture() -> bytes:
    """Return a PNG of 40 × 40 points."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * y * 7) % 256 for x in range(40)) for y in range(40))
    head = pack(">IIBBBBB", 40, 40, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Server(http.server.BaseHTTPRequestHandler):
    """The site, as a proxy: so it has a name of its own."""

    def do_GET(self) -> None:
        path = self.path.removeprefix(HOST)
        if path == "/moved":
            self._answer(b"", 301, Location=f"{HOST}/kiln.html")
        elif path == "/robots.txt":
            self._answer(b"User-agent: *\nDisallow:\n", kind="text/plain")
        elif path == "/kiln.png":
            self._answer(picture(), kind="image/png")
        elif path == "/packed.html":
            content = gzip.compress((SITE / "kiln.html").read_bytes(), mtime=0)
            self._answer(content, kind="text/html; charset=utf-8", Content_Encoding="gzip")
        elif path == "/chunked.html":
            content = (SITE / "kiln.html").read_bytes()
            chunks = [content[at : at + 700] for at in range(0, len(content), 700)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
            self._answer(body, kind="text/html; charset=utf-8", Transfer_Encoding="chunked")
        elif path == "/latin.html":
            self._answer(
                (SITE / "latin.html").read_text("utf-8").encode("latin-1"), kind="text/html; charset=iso-8859-1"
            )
        elif path in ("/kiln.html", "/frame.html", "/style.css"):
            self._answer((SITE / path[1:]).read_bytes(), kind="text/css" if path.endswith("css") else "text/html")
        else:
            self._answer(b"<h1>There is no such page here</h1>", 404)

    def _answer(self, content: bytes, status: int = 200, kind: str = "text/html", **headers: str) -> None:
        self.protocol_version = "HTTP/1.1"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Transfer_Encoding" not in headers:
            self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Be quiet."""


def wget(out: Path) -> None:
    """Make `wget.warc.gz`: pages, what belongs to them, a redirect, a page that is not there."""
    paths = ("kiln.html", "moved", "latin.html", "packed.html", "chunked.html", "none.html")
    with tempfile.TemporaryDirectory() as folder:
        # Among the records are the arguments: there are no names of this machine's folders in them.
        subprocess.run(
            [
                *("wget", "-q", "-e", "use_proxy=yes", "-e", f"http_proxy={PROXY}", "--page-requisites", "--tries=1"),
                *("--compression=none", "--warc-file=wget", "--no-warc-keep-log"),
                *(f"{HOST}/{path}" for path in paths),
            ],
            cwd=folder,
            check=False,  # it says that a page is missing
        )
        shutil.move(Path(folder) / "wget.warc.gz", out / "wget.warc.gz")


def mhtml(out: Path) -> None:
    """Make `chromium.mhtml`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(f"{HOST}/kiln.html")
        session = page.context.new_cdp_session(page)
        content = session.send("Page.captureSnapshot", {"format": "mhtml"})["data"]
        (out / "chromium.mhtml").write_bytes(content.encode("utf-8"))
        browser.close()


def singlefile(out: Path) -> None:
    """Make `singlefile.html`."""
    command = shutil.which("single-file", path="node_modules/.bin") or "single-file"
    target = out / "singlefile.html"
    target.unlink(missing_ok=True)
    subprocess.run(
        [
            *(command, f"{HOST}/kiln.html", str(target), f"--browser-executable-path={CHROMIUM}"),
            *(f"--browser-arg={flag}" for flag in FLAGS),
        ],
        check=True,
    )


def wacz(out: Path) -> None:
    """Make `wget.wacz` of `wget.warc.gz`, with a list of two pages."""
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages.jsonl"
        pages.write_text(
            '{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}\n'
            f'{{"id": "1", "url": "{HOST}/moved", "title": "The kiln at Överby burns again"}}\n'
            f'{{"id": "2", "url": "{HOST}/latin.html", "title": "Gärdsgården"}}\n',
            "utf-8",
        )
        shutil.copy(out / "wget.warc.gz", folder)
        command = ["wacz", "create", "-o", "wget.wacz", "-p", "pages.jsonl", "wget.warc.gz"]
        subprocess.run(command, cwd=folder, check=True)
        shutil.move(Path(folder) / "wget.wacz", out / "wget.wacz")


if __name__ == "__main__":
    threading.Thread(
        target=http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Server).serve_forever, daemon=True
    ).start()
    folder, *names = sys.argv[1:]
    for make in (wget, mhtml, singlefile, wacz):
        if not names or make.__name__ in names:
            make(Path(folder).resolve())
