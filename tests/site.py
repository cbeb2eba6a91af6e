"""A web site on loopback: 300 articles to fetch politely, and servers that do all that servers do to a fetcher.

::

    with Site(articles=300, delay=0.05) as site:
        site.articles      URLs of the articles (first pages)
        site.parts         URL of an article in several pages -> URLs of its later pages
        site.hits          every request: when, for what, with which headers, how it was answered
        site.url("/wall/403")

Good: `/robots.txt` (with Crawl-delay), `/sitemap.xml` (an index; one gzipped, one plain, one of news), `/feed.xml`,
`/atom.xml`, `/feed.json`, `/` and section pages (`/news/`, `?page=2` …), articles with ETag and Last-Modified, the same
articles under other addresses (`/r/N` redirects, `/amp/N` and `?utm_source=…` state the canonical one).

Bad: see `_BAD`, `_WALLS`, `_ODD`, `_SCRIPTS`. By hand: `python -m tests.site 8000`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from types import TracebackType
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

SECTIONS: Final = ("news", "harbour", "letters")
PER_PAGE: Final = 25
"""Articles that one section page lists."""
IN_PARTS: Final = 12
"""So many of the first articles come in several pages."""
FIRST: Final = datetime(2026, 1, 1, 6, 0, tzinfo=UTC)
"""When article 0 was published; each next one ten hours later."""
STEP: Final = timedelta(hours=10)
BOMB: Final = 256 << 20
"""Bytes that `/bad/bomb` unpacks to."""
PRIVATE: Final = "http://10.255.255.1/private"
"""Where `/bad/to-private` leads: what a server in a cloud must not be made to ask."""
NOBODY: Final = "http://192.0.2.1/secret/"
"""Not public, and nobody is there (TEST-NET-1, RFC 5737): for pages in a browser, which no test can hold back."""

_WHO = "keeper pilot baker surveyor warden cooper ferryman bookbinder gardener piper".split()
_PLACE = "harbour mill weir lighthouse quarry orchard signal-box chapel boathouse market".split()
_THING = "clock ladder lantern ledger bell rope kiln drum wheel map".split()
_VERB = "mended measured painted carried counted borrowed weighed oiled hid numbered".split()
_WHEN = (
    "before breakfast",
    "on the last Tuesday of the month",
    "while it rained",
    "by lamplight",
    "without being asked",
)
_WHY = (
    "because nobody had done so since the flood",
    "although the council had written twice to say it would",
    "which the town has talked of ever since",
    "and put the receipt in a drawer that does not close",
    "so that the evening boat could leave on time",
)
_LAST = "Orme Talley Vance Whitlock Brandt Sorrel Pym Aldous Crane Mottram".split()
_GIVEN = "Ada Silas Ines Rupert Mina Caspar Thea Jonah Lotte Edmund".split()


@dataclass(frozen=True)
class Hit:
    """One request and its answer."""

    at: float
    """Seconds, `time.monotonic`."""
    host: str
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    """Names in lower case."""
    status: int = 0


@dataclass
class Answer:
    """What is sent back."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    send: Callable[[_Handler], None] | None = None
    """Sends the answer itself, head and all."""


class Site:
    """The site, running while the `with` block does. Each has a port of its own; `host` is any 127.x.y.z."""

    def __init__(
        self,
        articles: int = 300,
        *,
        host: str = "127.0.0.1",
        delay: float | None = None,
        robots: str | None = None,
        latency: float = 0.0,
        port: int = 0,
    ) -> None:
        self.count, self.delay, self.robots, self.latency = articles, delay, robots, latency
        self.hits: list[Hit] = []
        self.etag_salt = "1"
        """Change it, and every article has changed."""
        self.tries: Counter[str] = Counter()
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server((host, port), _Handler)
        self._server.site = self
        self.host, self.port = host, self._server.server_address[1]
        self.base = f"http://{host}:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        return self.base + path

    @property
    def articles(self) -> list[str]:
        return [self.url(path_of(n)) for n in range(self.count)]

    @property
    def parts(self) -> dict[str, list[str]]:
        return {
            self.url(path_of(n)): [self.url(path_of(n, part)) for part in range(2, parts_of(n) + 1)]
            for n in range(min(IN_PARTS, self.count))
        }

    def asked(self, path: str) -> list[Hit]:
        """The requests for one path (query and all), in order."""
        return [hit for hit in list(self.hits) if hit.path == path]

    def gaps(self) -> list[float]:
        """Seconds from each request to the next."""
        times = sorted(hit.at for hit in list(self.hits))
        return [later - earlier for earlier, later in pairwise(times)]

    def note(self, hit: Hit) -> None:
        with self._lock:
            self.hits.append(hit)

    def tried(self, path: str) -> int:
        """How often `path` was asked for, this time included."""
        with self._lock:
            self.tries[path] += 1
            return self.tries[path]

    # -- what is served

    def answer(self, target: str, headers: dict[str, str]) -> Answer:
        url = urlsplit(target)
        path, query = url.path, parse_qs(url.query)
        made = {
            "/": lambda: _page(_front(self)),
            "/robots.txt": lambda: Answer(self._robots().encode(), headers={"Content-Type": "text/plain"}),
            "/sitemap.xml": lambda: _xml(self._sitemap_index()),
            "/sitemap-a.xml.gz": lambda: Answer(
                gzip.compress(self._sitemap(0, self.count // 2).encode(), mtime=0),
                headers={"Content-Type": "application/gzip"},
            ),
            "/sitemap-b.xml": lambda: _xml(self._sitemap(self.count // 2, self.count)),
            "/sitemap-news.xml": lambda: _xml(self._news()),
            "/feed.xml": lambda: _xml(self._rss(), "application/rss+xml"),
            "/atom.xml": lambda: _xml(self._atom(), "application/atom+xml"),
            "/feed.json": lambda: Answer(self._json().encode(), headers={"Content-Type": "application/feed+json"}),
        }.get(path)
        if made:
            return self._fresh(made(), headers) if path != "/robots.txt" else made()
        if path.strip("/") in SECTIONS:
            return _page(self._section(path.strip("/"), int(query.get("page", ["1"])[0])))
        if (found := number_of(path, query)) and found[0] < self.count and found[1] <= parts_of(found[0]):
            return self._fresh(_page(self.article(*found)), headers, FIRST + STEP * found[0])
        kind, _, rest = path.strip("/").partition("/")
        if kind == "r" and rest.isdigit():
            return Answer(status=301, headers={"Location": path_of(int(rest))})
        if kind == "amp" and rest.isdigit():
            return _page(self.article(int(rest)))
        if kind in _FAMILIES and (bad := _FAMILIES[kind].get(rest.partition("/")[0])):
            return bad(self, path)
        return _page("<title>Not found</title><h1>Not found</h1><p>There is no such page here.</p>", status=404)

    def _fresh(self, answer: Answer, headers: dict[str, str], changed: datetime = FIRST) -> Answer:
        """Add validators, and answer 304 to who has it already."""
        etag = f'"{self.etag_salt}-{hashlib.sha256(answer.body).hexdigest()[:16]}"'
        stated = {"ETag": etag, "Last-Modified": format_datetime(changed, usegmt=True)}
        asked = headers.get("if-none-match")
        if asked == etag or (asked is None and headers.get("if-modified-since") == stated["Last-Modified"]):
            return Answer(status=304, headers=stated)
        answer.headers.update(stated)
        return answer

    def article(self, n: int, part: int = 1) -> str:
        """The HTML of an article. Later pages repeat headline and standfirst, as sites do."""
        parts = parts_of(n)
        canonical = self.url(path_of(n, part))
        nxt = self.url(path_of(n, part + 1)) if part < parts else ""
        head, pager = "", ""
        if nxt and n % 3 == 0:
            head = f'<link rel="next" href="{nxt}">'
        elif nxt and n % 3 == 1:
            pager = (
                f'<nav class="pager"><a rel="nofollow next" href="{nxt.removeprefix(self.base)}">Next page</a></nav>'
            )
        elif nxt:  # told by a rule only
            pager = f'<nav class="pager"><a class="onwards" href="{nxt.removeprefix(self.base)}">Read on</a></nav>'
        when = FIRST + STEP * n
        body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs(n, part))
        related = "".join(
            f'<li><a href="{path_of(m)}">{title(m)}</a></li>' for m in ((n + 1) % self.count, n * 7 % self.count)
        )
        return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title(n)} - The Weir Post</title>
<link rel="canonical" href="{canonical}">{head}
<link rel="alternate" type="application/rss+xml" title="All articles" href="/feed.xml">
<meta property="article:published_time" content="{when.isoformat()}"><meta name="author" content="{author(n)}"></head>
<body><header><a href="/">The Weir Post</a><nav>{_menu()}</nav></header>
<main><article><h1>{title(n)}</h1><p class="standfirst">{standfirst(n)}</p>
<p class="byline">By {author(n)} <time datetime="{when.isoformat()}">{when:%-d %B %Y}</time></p>
{body}</article>{pager}</main>
<aside><h2>Related</h2><ul>{related}</ul></aside>
<footer><p>Copyright The Weir Post. All rights reserved.</p></footer></body></html>"""

    def _robots(self) -> str:
        if self.robots is not None:
            return self.robots
        delay = f"Crawl-delay: {self.delay:g}\n" if self.delay is not None else ""
        return f"User-agent: *\nDisallow: /private/\n{delay}\nSitemap: {self.url('/sitemap.xml')}\n"

    def _sitemap_index(self) -> str:
        names = "".join(
            f"<sitemap><loc>{self.url(f'/{name}')}</loc><lastmod>2026-05-01</lastmod></sitemap>"
            for name in ("sitemap-a.xml.gz", "sitemap-b.xml", "sitemap-news.xml")
        )
        return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{names}</sitemapindex>'

    def _sitemap(self, first: int, last: int) -> str:
        urls = "".join(
            f"<url><loc>{self.url(path_of(n))}</loc><lastmod>{(FIRST + STEP * n).isoformat()}</lastmod></url>"
            for n in range(first, last)
        )
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'

    def _news(self) -> str:
        urls = "".join(
            f"<url><loc>{self.url(path_of(n))}</loc><news:news><news:publication><news:name>The Weir Post</news:name>"
            f"<news:language>en</news:language></news:publication><news:title>{title(n)}</news:title>"
            f"<news:publication_date>{(FIRST + STEP * n).isoformat()}</news:publication_date></news:news></url>"
            for n in self._latest(10)
        )
        spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
        return f"<urlset {spaces}>{urls}</urlset>"

    def _latest(self, most: int = 40) -> list[int]:
        return list(range(self.count))[::-1][:most]

    def _rss(self) -> str:
        items = "".join(
            f"<item><title>{title(n)}</title><link>{self.url(path_of(n))}?utm_source=feed&amp;utm_medium=rss</link>"
            f"<guid isPermaLink='false'>weir-{n}</guid><pubDate>{format_datetime(FIRST + STEP * n)}</pubDate></item>"
            for n in self._latest()
        )
        return f'<rss version="2.0"><channel><title>The Weir Post</title><link>{self.url("/")}</link>{items}</channel></rss>'

    def _atom(self) -> str:
        entries = "".join(
            f"<entry><id>tag:{n}</id><title>{title(n)}</title><link rel='enclosure' href='/sound/{n}.mp3'/>"
            f"<link href='{path_of(n)}'/><updated>{(FIRST + STEP * (n + 1)).isoformat()}</updated>"
            f"<published>{(FIRST + STEP * n).isoformat()}</published></entry>"
            for n in self._latest()
        )
        return f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{self.url("/")}"><title>The Weir Post</title>{entries}</feed>'

    def _json(self) -> str:
        items = [
            {
                "id": str(n),
                "url": self.url(path_of(n)),
                "title": title(n),
                "date_published": (FIRST + STEP * n).isoformat(),
            }
            for n in self._latest()
        ]
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "The Weir Post", "items": items})

    def _section(self, section: str, page: int) -> str:
        mine = [n for n in self._latest(self.count) if path_of(n).startswith(f"/{section}/")]
        shown = mine[(page - 1) * PER_PAGE : page * PER_PAGE]
        teasers = "".join(
            f'<article><h2><a href="{path_of(n)}">{title(n)}</a></h2><p>{standfirst(n)}</p></article>' for n in shown
        )
        more = f'<a rel="next" href="/{section}/?page={page + 1}">Older</a>' if page * PER_PAGE < len(mine) else ""
        return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{section.title()}</title>{_FEEDS}</head>
<body><nav>{_menu()}<a href="/tag/rope/">Rope</a><a href="/login">Log in</a><a href="mailto:desk@weir.example">Write</a>
<a href="https://social.example/weirpost">Elsewhere</a></nav><main>{teasers}{more}</main></body></html>"""


# ── Articles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def parts_of(n: int) -> int:
    """How many pages article `n` has."""
    return 2 + n % 3 if n < IN_PARTS else 1


def path_of(n: int, part: int = 1) -> str:
    when = FIRST + STEP * n
    stem = f"/{SECTIONS[n % 3]}/{when:%Y/%m/%d}/{title(n).lower().replace(' ', '-')}-{n}"
    if part == 1:
        return f"{stem}.html"
    return f"{stem}.html?page={part}" if n % 2 else f"{stem}_{part}.html"


def number_of(path: str, query: dict[str, list[str]]) -> tuple[int, int] | None:
    """Article and part at an address, None where it is no article's."""
    found = re.fullmatch(r"/[a-z]+/\d{4}/\d\d/\d\d/[a-z-]+-(\d+)(?:_(\d+))?\.html", path)
    return (int(found[1]), int(found[2] or query.get("page", ["1"])[0])) if found else None


def title(n: int) -> str:
    dice = random.Random(f"title {n}")
    return f"The {dice.choice(_WHO)} who {dice.choice(_VERB)} the {dice.choice(_PLACE)} {dice.choice(_THING)}".replace(
        "-", " "
    )


def author(n: int) -> str:
    dice = random.Random(f"author {n}")
    return f"{dice.choice(_GIVEN)} {dice.choice(_LAST)}"


def standfirst(n: int) -> str:
    dice = random.Random(f"standfirst {n}")
    return f"A {dice.choice(_WHO)} and a {dice.choice(_THING)}: what happened at the {dice.choice(_PLACE)} {dice.choice(_WHEN)}."


def paragraphs(n: int, part: int = 1) -> list[str]:
    """The body of one page of an article: its own sentences, the same at every call."""
    dice = random.Random(f"body {n} {part}")
    return [" ".join(_sentence(dice) for _ in range(dice.randint(3, 5))) for _ in range(dice.randint(5, 7))]


def _sentence(dice: random.Random) -> str:
    return (
        f"{dice.choice(_GIVEN)} {dice.choice(_LAST)}, {dice.choice(_WHO)} of {dice.randint(12, 90)}, {dice.choice(_VERB)} "
        f"the {dice.choice(_THING)} of the {dice.choice(_PLACE)} {dice.choice(_WHEN)}, {dice.choice(_WHY)}."
    )


def _menu() -> str:
    return "".join(f'<a href="/{name}/">{name.title()}</a>' for name in SECTIONS)


_FEEDS: Final = """<link rel="alternate" type="application/rss+xml" title="RSS" href="/feed.xml">
<link rel="alternate" type="application/atom+xml" href="/atom.xml"><link rel="alternate" type="application/feed+json"
 href="/feed.json"><link rel="alternate" hreflang="de" href="/de/"><link rel="alternate stylesheet" href="/night.css">"""


def _front(site: Site) -> str:
    links = "".join(f'<h2><a href="{path_of(n)}">{title(n)}</a></h2>' for n in site._latest(15))
    return f"<!DOCTYPE html><html lang=en><head><title>The Weir Post</title>{_FEEDS}</head><body><nav>{_menu()}</nav>{links}</body></html>"


def _page(html: str, *, status: int = 200, **headers: str) -> Answer:
    stated = {"Content-Type": "text/html; charset=utf-8"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return Answer(html.encode(), status, stated)


def _xml(text: str, media_type: str = "application/xml") -> Answer:
    return Answer(f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), headers={"Content-Type": media_type})


# ── Servers that misbehave ────────────────────────────────────────────────────────────────────────────────────────────


def _tail(path: str) -> int:
    return int(path.rpartition("/")[2])


def _prose(n: int = 900) -> str:
    return "".join(f"<p>{text}</p>" for text in paragraphs(n))


def _whole(name: str) -> str:
    return f"<!DOCTYPE html><title>{name}</title><article><h1>{name}</h1>{_prose()}</article>"


def _slow(handler: _Handler) -> None:
    """Head at once, then a byte every tenth of a second, for ten minutes."""
    handler.begin({"Content-Type": "text/html", "Content-Length": "6000"})
    for _ in range(6000):
        if handler.site.stopping.wait(0.1):
            return
        handler.wfile.write(b"x")


def _silent(handler: _Handler) -> None:
    """Take the request, say nothing."""
    handler.site.stopping.wait(600)


def _chunks(chunks: Iterator[bytes], **headers: str) -> Callable[[_Handler], None]:
    def send(handler: _Handler) -> None:
        stated = {name.replace("_", "-"): value for name, value in headers.items()}
        handler.begin({"Content-Type": "text/html", "Transfer-Encoding": "chunked", **stated})
        for chunk in chunks:
            if handler.site.stopping.is_set():
                return
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        handler.wfile.write(b"0\r\n\r\n")

    return send


def _endless() -> Iterator[bytes]:
    while True:
        yield b"<p>And then it went on.</p>" * 500


def _raw(data: bytes) -> Callable[[_Handler], None]:
    def send(handler: _Handler) -> None:
        handler.wfile.write(data)
        handler.close_connection = True

    return send


def _reset(handler: _Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.close_connection = True


_bombs: list[bytes] = []


def _bomb(_site: Site, _path: str) -> Answer:
    if not _bombs:
        _bombs.append(gzip.compress(bytes(BOMB), 9, mtime=0))
    return Answer(_bombs[0], headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})


def _flaky(site: Site, path: str) -> Answer:
    """`/bad/flaky/N`: 503 for the first N tries."""
    if site.tried(path) <= _tail(path):
        return _page("<h1>Service unavailable</h1>", status=503)
    return _page(_whole("Flaky"))


def _busy(site: Site, path: str) -> Answer:
    """`/bad/busy/N`: 429 once, with Retry-After of N seconds."""
    if site.tried(path) == 1:
        return _page("<h1>Too many requests</h1>", status=429, Retry_After=str(_tail(path)))
    return _page(_whole("Busy"))


def _chain(_site: Site, path: str) -> Answer:
    """`/bad/chain/N`: N redirects, then a page."""
    left = _tail(path)
    return Answer(status=302, headers={"Location": f"/bad/chain/{left - 1}"}) if left else _page(_whole("Chain"))


def _to(location: str, status: int = 302) -> Callable[[Site, str], Answer]:
    return lambda _site, _path: Answer(status=status, headers={"Location": location})


def _cookie(_site: Site, _path: str) -> Answer:
    return _page(_whole("Cookie"), Set_Cookie="visit=7; Path=/; Domain=127.0.0.1")


def _sends(send: Callable[[_Handler], None]) -> Callable[[Site, str], Answer]:
    return lambda _site, _path: Answer(send=send)


def _chunked_anew(_site: Site, _path: str) -> Answer:
    return Answer(send=_chunks(_endless()))


_Made = Callable[[Site, str], Answer]
_BAD: Final[dict[str, _Made]] = {
    "slow": _sends(_slow),
    "silent": _sends(_silent),
    "endless": _chunked_anew,
    "bomb": _bomb,
    "flaky": _flaky,
    "busy": _busy,
    "503": lambda _s, _p: _page("<h1>Service unavailable</h1>", status=503, Retry_After="1"),
    "forever": lambda _s, _p: _page("<h1>Too many requests</h1>", status=429, Retry_After="86400"),
    "500": lambda _s, _p: _page("<h1>Server error</h1>", status=500),
    "410": lambda _s, _p: _page("<h1>Gone</h1>", status=410),
    "short": _sends(_raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<p>Torn off he")),
    "long": _sends(_raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>Whole.and more")),
    "torn-chunk": _sends(
        _raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n<p>To")
    ),
    "torn-gzip": lambda _s, _p: Answer(
        gzip.compress(_whole("Torn").encode(), mtime=0)[:300],
        headers={"Content-Type": "text/html", "Content-Encoding": "gzip"},
    ),
    "not-gzip": lambda _s, _p: _page(_whole("Not gzip"), Content_Encoding="gzip"),
    "headers": _sends(
        _raw(b"HTTP/1.1 200 OK\r\n" + b"X-Much: " + b"a" * 60_000 + b"\r\n" * 1 + b"X-More: b\r\n" * 400 + b"\r\n")
    ),
    "header-bytes": _sends(
        _raw(b"HTTP/1.1 200 OK\r\nX-Odd: caf\xe9\r\nContent-Type: text/html\r\nContent-Length: 8\r\n\r\n<p>Hm.\r\n")
    ),
    "hints": _sends(
        _raw(
            b"HTTP/1.1 103 Early Hints\r\nX-Early: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>Whole."
        )
    ),
    "not-http": _sends(_raw(b"220 mail.weir.example ESMTP\r\n")),
    "reset": _sends(_reset),
    "empty": lambda _s, _p: _page(""),
    "picture": lambda _s, _p: Answer(b"\x89PNG\r\n\x1a\n" + bytes(64), headers={"Content-Type": "image/png"}),
    "loop": _to("/bad/loop"),
    "pair": lambda _s, path: Answer(
        status=302, headers={"Location": "/bad/pair/b" if path.endswith("/a") else "/bad/pair/a"}
    ),
    "chain": _chain,
    "to-private": _to(PRIVATE),
    "to-file": _to("file:///etc/passwd"),
    "to-nothing": lambda _s, _p: Answer(status=302),
    "to-odd": _to("http://[half/an address"),
    "to-forbidden": _to("/private/diary.html"),
    "cookie": _cookie,
    "no-type": lambda _s, _p: Answer(_whole("No type").encode(), headers={}),
}
"""`/bad/<name>`."""

_SCRIPTED: Final = '<div id="root"></div><script src="/script/app.js"></script>'
_WALLS: Final[dict[str, _Made]] = {
    "cloudflare": lambda _s, _p: _page(
        "<!DOCTYPE html><title>Just a moment...</title><h1>weir.example</h1><p>Checking that you are no robot.</p>"
        '<script src="/cdn-cgi/challenge-platform/h/g/orchestrate/chl_page/v1"></script>',
        status=403,
        Server="cloudflare",
        cf_mitigated="challenge",
        CF_RAY="7a-WEIR",
    ),
    "cloudflare-block": lambda _s, _p: _page(
        "<title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>",
        status=403,
        Server="cloudflare",
    ),
    "datadome": lambda _s, _p: _page(
        "<title>weir.example</title><p id=cmsg>Please enable JS and disable any ad blocker</p>"
        "<script data-cfasync=false>var dd={'host':'geo.captcha-delivery.com'}</script>"
        '<script src="https://ct.captcha-delivery.com/c.js"></script>',
        status=403,
        X_DataDome="protected",
    ),
    "perimeterx": lambda _s, _p: _page(
        '<title>Access to this page has been denied</title><div id="px-captcha"></div>'
        '<script>window._pxAppId = "PXweir"</script><p>Press and hold the button.</p>',
        status=403,
    ),
    "akamai": lambda _s, _p: _page(
        "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>You have no permission to see it. "
        "Reference #18.2a</BODY></HTML>",
        status=403,
        Server="AkamaiGHost",
    ),
    "captcha": lambda _s, _p: _page(
        "<title>One more step</title><h1>Are you a robot?</h1><p>Tick the box to go on.</p><div class=g-recaptcha></div>"
    ),
    "consent": lambda _s, _p: _page(
        "<title>Before you continue</title><h1>We value your privacy</h1><p>We and our 714 partners would like to.</p>"
        "<button>Accept all cookies</button><button>Manage preferences</button>"
    ),
    "to-consent": _to("/wall/consent?continue=/news/"),
    "403": lambda _s, _p: _page("<h1>Forbidden</h1>", status=403),
    "401": lambda _s, _p: _page("<h1>Who are you?</h1>", status=401, WWW_Authenticate="Basic realm=weir"),
    "451": lambda _s, _p: _page("<h1>Not in your country</h1>", status=451),
    "429": lambda _s, _p: _page("<h1>Too many requests</h1>", status=429),
    "shell": lambda _s, _p: _page(f"<!DOCTYPE html><title>The Weir Post</title><body>{_SCRIPTED}</body>"),
    "noscript": lambda _s, _p: _page(
        f"<!DOCTYPE html><title>Weir</title><body><noscript>You need to enable JavaScript to run this app.</noscript>{_SCRIPTED}"
    ),
    "article": lambda _s, _p: _page(_whole("Are you a robot? What captchas ask"), Server="cloudflare"),
}
"""`/wall/<name>`: pages that stand in front of pages; `article` is none, though it speaks of them."""

_CYRILLIC: Final = "Смотритель маяка записал в книге, что лампу зажгли на час раньше, и никто этого не заметил."
_JAPANESE: Final = "灯台の係は、ランプをいつもより一時間早くともしたと帳面に書いたが、だれも気づかなかった。"
_ODD: Final[dict[str, _Made]] = {
    "mislabelled": lambda _s, _p: Answer(
        f"<title>Café</title><p>{'The café on the quay keeps “its own” hours – naturally. ' * 6}</p>".encode("cp1252"),
        headers={"Content-Type": "text/html; charset=utf-8"},
    ),
    "meta": lambda _s, _p: Answer(
        f'<meta charset="windows-1251"><title>Лампа</title><p>{_CYRILLIC * 4}</p>'.encode("cp1251"),
        headers={"Content-Type": "text/html"},
    ),
    "header": lambda _s, _p: Answer(
        f"<title>ランプ</title><p>{_JAPANESE * 4}</p>".encode("shift_jis"),
        headers={"Content-Type": "text/html; charset=Shift_JIS"},
    ),
    "utf-16": lambda _s, _p: Answer(
        f"<title>Lamp</title><p>{_prose()}</p>".encode("utf-16"), headers={"Content-Type": "text/html"}
    ),
    "gzip": lambda _s, _p: Answer(
        gzip.compress(_whole("Packed").encode(), mtime=0),
        headers={"Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"},
    ),
}
"""`/odd/<name>`: encodings, told wrongly, late or rightly."""

_APP: Final = """
const page = await (await fetch('/script/article.json')).json();
document.title = page.title;
const article = document.createElement('article');
const h1 = document.createElement('h1'); h1.textContent = page.title; article.append(h1);
for (const text of page.paragraphs) { const p = document.createElement('p'); p.textContent = text; article.append(p); }
document.getElementById('root').append(article);
"""


def _script(code: str, more: str = "") -> _Made:
    return lambda _s, _p: _page(
        f'<!DOCTYPE html><meta charset=utf-8><title>…</title>{more}<div id="root"></div><script type="module">{code}</script>'
    )


def _reach(targets: str) -> str:
    """A page that asks for other addresses, and writes down which of them answered."""
    return (
        "const out = [];"
        f"for (const url of {targets}) {{ try {{ await fetch(url, {{mode: 'no-cors'}}); out.push('reached ' + url); }}"
        " catch (e) { out.push('refused ' + url); } }"
        "document.getElementById('root').textContent = out.join(' | ') + ' done';"
    )


_SCRIPTS: Final[dict[str, _Made]] = {
    "article": lambda _s, _p: _page(f"<!DOCTYPE html><title>Loading</title><body>{_SCRIPTED}</body>"),
    "app.js": lambda _s, _p: Answer(
        f"(async () => {{{_APP}}})();".encode(), headers={"Content-Type": "text/javascript; charset=utf-8"}
    ),
    "article.json": lambda _s, _p: Answer(
        json.dumps({"title": title(901), "paragraphs": paragraphs(901)}).encode(),
        headers={"Content-Type": "application/json"},
    ),
    "private": _script(
        _reach(f"[{json.dumps(NOBODY)}, 'http://127.0.0.9:9/secret', 'file:///etc/passwd', 'http://[::1]:9/']")
    ),
    "hang": lambda _s, _p: _page(f"<!DOCTYPE html><title>Hang</title>{_prose()}<script>while (true) {{}}</script>"),
    "busy": _script("setInterval(() => fetch('/script/article.json?' + Math.random()), 50);", _prose()),
    "never": lambda _s, _p: _page(f"<!DOCTYPE html><title>Never</title>{_prose()}<img src=/bad/silent>"),
    "heavy": _script(
        "for (let i = 0; i < 400; i++) { try { await fetch('/script/blob?' + i) } catch (e) { break } }", _prose()
    ),
    "blob": lambda _s, _p: Answer(bytes(1 << 20), headers={"Content-Type": "application/octet-stream"}),
    "grow": _script(
        "const p = document.createElement('p'); p.textContent = 'word '.repeat(200000);"
        "for (let i = 0; i < 40; i++) document.getElementById('root').append(p.cloneNode(true));",
        "<style>#root { display: none }</style>",
    ),
    "away": _script(f"location.href = {json.dumps(NOBODY)};", _prose()),
    "clobber": _script("", f'<form name="documentElement"><input name="outerHTML" value="x"></form>{_prose()}'),
    "popup": _script("window.open('/script/article'); alert('Sign up!');", _prose()),
    "download": lambda _s, _p: Answer(
        b"%PDF-1.4",
        headers={"Content-Type": "application/pdf", "Content-Disposition": "attachment; filename=../../x.pdf"},
    ),
    "socket": _script(
        "const root = document.getElementById('root');"
        "const done = (word) => { root.textContent = word + ' done'; };"
        "const ws = new WebSocket('ws://' + location.host + '/script/ws');"
        "ws.onopen = () => done('open'); ws.onerror = () => done('closed'); ws.onclose = () => done('closed');"
    ),
    "rtc": lambda _s, path: _page(
        "<!DOCTYPE html><title>RTC</title><div id=root></div><script>"
        f"const pc = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{_tail(path)}'}}]}});"
        "pc.createDataChannel('x'); pc.createOffer().then((offer) => pc.setLocalDescription(offer));"
        "setTimeout(() => { document.getElementById('root').textContent = 'waited'; }, 1500);"
        "setTimeout(() => fetch('/script/blob'), 1000);</script>"
    ),
}
"""`/script/<name>`: pages that need a browser, and pages that abuse one."""

_FAMILIES: Final = {"bad": _BAD, "wall": _WALLS, "odd": _ODD, "script": _SCRIPTS}


# ── The server ────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    site: Site

    def __init__(self, address: tuple[str, int], handler: type[_Handler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind, without asking the resolver what 127.0.0.1 is called."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: object, client_address: object) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: object) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what we test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    @property
    def site(self) -> Site:
        return self.server.site

    def do_GET(self) -> None:
        site, begun = self.site, time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        if site.latency:
            time.sleep(site.latency)
        answer = site.answer(self.path, headers)
        site.note(
            Hit(begun, headers.get("host", ""), self.command, self.path, headers, 0 if answer.send else answer.status)
        )
        if answer.send:
            answer.send(self)
            self.close_connection = True
            return
        body = b"" if answer.status == 304 else answer.body
        self.begin(
            {**answer.headers, **({} if answer.status == 304 else {"Content-Length": str(len(body))})},
            answer.status,
            body,
        )

    def do_HEAD(self) -> None:
        self.do_GET()

    def begin(self, headers: dict[str, str], status: int = 200, body: bytes = b"") -> None:
        """Send the head and what there is of a body in one piece."""
        lines = [f"HTTP/1.1 {status} {self.responses.get(status, ('Status',))[0]}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if self.command == "HEAD" else body))

    def log_message(self, *_: object) -> None:
        """Say nothing: `Site.hits` has it."""


if __name__ == "__main__":
    with Site(port=int(sys.argv[1]) if len(sys.argv) > 1 else 0, delay=1) as running:
        print(running.base, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
