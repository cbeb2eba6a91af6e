"""What feeds, sitemaps and the pages of a section list: addresses, with dates where they are stated.

No request is made here. All of it comes from strangers: no entity is expanded and nothing is loaded from outside (no
XXE), unpacking has bounds, and documents are read as a stream up to a number of entries.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Literal
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from cleaner.errors import FetchError, InputError, PageError, TooLargeError
from cleaner.fetch.addresses import canonical
from cleaner.model import Page
from cleaner.segment.decode import decode
from cleaner.segment.parse import parse
from cleaner.storage.readers.compressed import Stream, packing
from cleaner.storage.readers.members import moment
from cleaner.text import settle, word_count

__all__ = ["Found", "Kind", "entries", "feeds", "is_older", "links", "site_of"]

Kind = Literal["page", "feed", "sitemap", "section"]
"""What an address leads to; a section is a page that lists pages."""

_MAX_ENTRIES: Final = 50_000
"""What sitemaps.org allows one sitemap to list."""
_MAX_BYTES: Final = 52_428_800
"""What sitemaps.org allows one sitemap to have, unpacked."""
_MAX_ELEMENTS: Final = 2_000_000
"""Elements of one listing that are read; 50,000 entries of a sitemap with a few pictures each have fewer."""
_MAX_UNREAD: Final = 100_000
"""Elements that are held until an entry ends."""
_MAX_JSON: Final = 8 * 1024 * 1024
"""Bytes of a JSON Feed: unlike XML it is held as a whole, at up to 25 times its size."""
_MAX_LINKS: Final = 5_000
"""Links read of one page of a section."""
_CHUNK: Final = 65_536


@dataclass(frozen=True, slots=True)
class Found:
    """One address that was found."""

    url: str
    """In canonical form."""
    date: datetime | None = None
    """When it was published or last changed, as the listing states it; always with a time zone."""
    kind: Kind = "page"


def entries(body: bytes, url: str, *, hosts: Collection[str] | None = ()) -> list[Found]:
    """Return what the feed or sitemap at `url` lists, in its order, each address once.

    Read are RSS, RDF, Atom, JSON Feed, sitemaps in XML and text, and indexes of them, packed or not, told by content. A
    sitemap speaks for its own site (:func:`site_of`) and for `hosts`: the sites whose robots.txt names it
    (https://www.sitemaps.org/protocol.html#location); None: for any, because somebody trusts it. A feed may name any.

    Raises FetchError where it is none of these, broken before its first entry, or a bomb.
    """
    body = _unpacked(body, url).removeprefix(b"\xef\xbb\xbf").lstrip()
    if body.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        found, speaks_for_itself = _xml(body, url)
    elif body.startswith((b"{", b"[")):
        found, speaks_for_itself = _json_feed(body, url), False
    else:
        found, speaks_for_itself = _lines(body, url), True
    own = {site_of(url), *map(_bare, hosts)} if speaks_for_itself and hosts is not None else None
    seen: dict[str, Found] = {}
    for entry in found:
        if own is None or site_of(entry.url) in own:
            seen.setdefault(entry.url, entry)
    return list(seen.values())


def feeds(body: bytes, url: str) -> list[Found]:
    """Return the feeds that a page announces (`<link rel="alternate">`), but for those of comments."""
    base, root = _page(body, url)
    found: dict[str, Found] = {}
    for link in root.iter("link") if root is not None else ():
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        at = _address(base, link.get("href")) if kind in _FEED_TYPES and "alternate" in _rel(link) else None
        if at and "comments/feed" not in at:
            found.setdefault(at, Found(at, kind="feed"))
    return list(found.values())[:_MAX_LINKS]


def links(body: bytes, url: str) -> list[Found]:
    """Return the articles of its own site that a page links to, and the next page of the list if there is one.

    An article is told by its address and the words of the link: no tag, author, search or login page (courlan), and a
    name, a number or a headline. Its date is the one in the address.
    """
    base, root = _page(body, url)
    here, site = canonical(url), site_of(url)
    found: dict[str, Found] = {}
    for link in root.iter("a", "area", "link") if root is not None else ():
        at = _address(base, link.get("href"))
        if at is None or at == here or site_of(at) != site:
            continue
        if "next" in _rel(link):
            found.setdefault(at, Found(at, kind="section"))
        elif link.tag != "link" and is_article(at, _label(link)):
            found.setdefault(at, Found(at, _date_in(at)))
        if len(found) >= _MAX_LINKS:
            break
    return list(found.values())


def is_older(found: Found, since: datetime | None) -> bool:
    """Tell whether an address is dated before `since`. What has no date may be new."""
    return since is not None and found.date is not None and found.date < _zoned(since)


def site_of(url: str) -> str:
    """Return the site of an address: its host and port, without `www.`. Empty where it names none."""
    try:
        return _bare(urlsplit(url).netloc)
    except ValueError:
        return ""


def _bare(host: str) -> str:
    return host.lower().removeprefix("www.")


def _zoned(when: datetime) -> datetime:
    return when if when.tzinfo is not None else when.replace(tzinfo=UTC)


def _address(base: str, target: str | None) -> str | None:
    """Return where `target` leads from `base`, None where that is no page of the web."""
    if not target or len(target) > 4096:
        return None
    try:
        return canonical(urljoin(base, target.strip()))
    except (FetchError, ValueError):
        return None


def _unpacked(body: bytes, url: str) -> bytes:
    if packing(body) is None and len(body) <= _MAX_BYTES:
        return body
    try:
        return Stream(io.BytesIO(body)).read_all(_MAX_BYTES)
    except (InputError, TooLargeError) as error:
        raise FetchError(url, f"a listing that cannot be read: {error}") from error


# ── Feeds and sitemaps ────────────────────────────────────────────────────────────────────────────────────────────────

_FEED_TYPES: Final = frozenset(
    f"application/{name}" for name in ("rss+xml", "atom+xml", "rdf+xml", "feed+json", "x.atom+xml", "x-atom+xml")
)
_ITEMS: Final = {"rss": "item", "rdf": "item", "feed": "entry", "urlset": "url", "sitemapindex": "sitemap"}
"""Root of a document -> what it calls an entry."""
_DATES: Final = (
    "pubdate",
    "published",
    "issued",
    "created",
    "publication_date",
    "date",
    "updated",
    "modified",
    "lastmod",
)
"""Elements that date an entry, the first that is there counts."""
_ADDRESSES: Final = ("loc", "origlink", "link", "alternate", "guid", "id")
"""Elements that hold the address of an entry, the first that is there counts."""
_IDS: Final = frozenset({"guid", "id"})
_MARKUP: Final = ("", "text/html", "application/xhtml+xml")


def _xml(body: bytes, url: str) -> tuple[list[Found], bool]:
    """Return the entries of an XML document, and whether it is a sitemap."""
    item, base, found = "", url, list[Found]()
    kind: Kind = "page"
    is_sitemap = False
    held = read = 0
    for event, element in _events(body):
        name = _name(element)
        if event == "start":
            held, read = held + 1, read + 1
            if held > _MAX_UNREAD or read > _MAX_ELEMENTS:
                if found:
                    break
                raise FetchError(url, f"a listing that cannot be read: {read:,} elements, and {len(found):,} entries")
            if not item and not (item := _ITEMS.get(name, "")):
                raise FetchError(url, f"neither a feed nor a sitemap: the document is <{name[:40]}>")
            if element.getparent() is None:
                is_sitemap, base = name in ("urlset", "sitemapindex"), _based(url, element)
                kind = "sitemap" if name == "sitemapindex" else "page"
        elif name == item:
            if (entry := _entry(element, _based(base, element), kind)) is not None:
                found.append(entry)
                if len(found) >= _MAX_ENTRIES:
                    break
            element.clear()
            while element.getprevious() is not None:  # what has been read need not be held
                del element.getparent()[0]
            held = 0
    if not item:
        raise FetchError(url, "neither a feed nor a sitemap: no document that can be read")
    return found, is_sitemap


def _events(body: bytes) -> Iterator[tuple[str, Any]]:
    """Yield the start and the end of each element, of a broken document up to where it breaks for good."""
    parser = etree.XMLPullParser(
        events=("start", "end"),
        recover=True,  # half the feeds of the world hold an `&nbsp;` or a bare `&`
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for start in range(0, len(body), _CHUNK):
            parser.feed(body[start : start + _CHUNK])
            yield from _elements(parser)
        parser.close()
    except etree.XMLSyntaxError:
        pass
    yield from _elements(parser)


def _elements(parser: Any) -> Iterator[tuple[str, Any]]:
    return ((event, element) for event, element in parser.read_events() if isinstance(element.tag, str))


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _based(base: str, element: Any) -> str:
    own = element.get("{http://www.w3.org/XML/1998/namespace}base")
    return (_address(base, own) or base) if own else base


def _entry(element: Any, base: str, kind: Kind) -> Found | None:
    said: dict[str, str] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, text = _name(child), (child.text or "").strip()
        if name == "news":  # https://www.google.com/schemas/sitemap-news/0.9
            said |= {_name(part): (part.text or "").strip() for part in child if isinstance(part.tag, str)}
        elif (target := child.get("href")) is not None:
            if name == "link" and child.get("rel", "alternate") == "alternate" and child.get("type", "") in _MARKUP:
                said.setdefault("alternate", target)
        elif text and not (name == "guid" and child.get("isPermaLink", "true").lower() == "false"):
            said.setdefault(name, text)
    if not said:
        return None
    # An id may be a name and no address: `tag:example.com,2026:1`, `12`.
    stated = (said[name] for name in _ADDRESSES if name in said and (name not in _IDS or "/" in said[name]))
    at = next(filter(None, (_address(base, text) for text in stated)), None)
    return Found(at, _first_date(said), kind) if at else None


def _first_date(said: dict[str, str]) -> datetime | None:
    dates = (moment(said[name]) for name in _DATES if name in said)
    return next((_zoned(date) for date in dates if date is not None), None)


def _json_feed(body: bytes, url: str) -> list[Found]:
    """Return the items of a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    if len(body) > _MAX_JSON:
        raise FetchError(url, f"a JSON Feed of more than {_MAX_JSON // 1024**2} MB")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FetchError(url, f"neither a feed nor a sitemap: broken JSON ({str(error)[:80]})") from error
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list):
        raise FetchError(url, "JSON, but no feed: it has no list of items")
    found = []
    for item in items[:_MAX_ENTRIES]:
        if not isinstance(item, dict):
            continue
        said = {key: value for key, value in item.items() if isinstance(value, str)}
        stated = (said[key] for key in ("url", "external_url", "id") if "/" in said.get(key, ""))
        at = next(filter(None, (_address(url, text) for text in stated)), None)
        if at:
            published = {"date": said.get("date_published", ""), "updated": said.get("date_modified", "")}
            found.append(Found(at, _first_date(published)))
    return found


def _lines(body: bytes, url: str) -> list[Found]:
    """Return the addresses of a sitemap in text: one on each line, and nothing else."""
    found: list[Found] = []
    for line in io.BytesIO(body):
        text = line[:5000].decode("utf-8", "replace").strip()
        if text[:4].lower() != "http" or (at := _address(url, text)) is None:
            if text and not found:
                break
            continue
        found.append(Found(at))
        if len(found) >= _MAX_ENTRIES:
            break
    if not found:
        raise FetchError(url, "neither a feed nor a sitemap")
    return found


# ── Pages that list pages ─────────────────────────────────────────────────────────────────────────────────────────────

_DATED: Final = re.compile(r"/(20\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/-])", re.ASCII)
_HEADLINE_WORDS: Final = 5
"""Words of a link from which it is a headline rather than a label."""
_MOST_LABEL: Final = 200
"""Pieces of text of a link, and characters of each, that are looked at."""


def is_article(url: str, label: str = "") -> bool:
    """Tell whether a canonical address, linked to by the words `label`, reads like that of an article."""
    from courlan.filters import extension_filter, is_navigation_page, is_not_crawlable, type_filter

    parts = urlsplit(url)
    if not type_filter(url) or is_navigation_page(url) or is_not_crawlable(url) or not extension_filter(parts.path):
        return False
    last = unquote(parts.path).rstrip("/").rpartition("/")[2]
    stem = re.sub(r"\.[a-z]{2,5}$", "", last)
    if not stem and not parts.query:
        return False
    words = [word for word in re.split(r"[-_+ ]", stem) if word]
    named = len(words) >= 4 or bool(_DATED.search(url)) or (stem != last and len(words) >= 2)
    numbered = bool(re.search(r"\d{4}", f"{stem} {parts.query}")) and not re.fullmatch(r"(?:19|20)\d\d", stem)
    return named or numbered or word_count(label) >= _HEADLINE_WORDS


def _date_in(url: str) -> datetime | None:
    if not (found := _DATED.search(url)):
        return None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
    except ValueError:
        return None


def _label(link: Any) -> str:
    """Return the words of a link, as far as they tell whether it is a headline: links may lie within each other."""
    return settle(" ".join(text[:_MOST_LABEL] for text in islice(link.itertext(), _MOST_LABEL)))


def _rel(link: Any) -> list[str]:
    return (link.get("rel") or "").lower().split()


def _page(body: bytes, url: str) -> tuple[str, Any]:
    """Return what the links of a page are relative to, and its tree, None where it has none."""
    try:
        root = parse(decode(Page(body[:_MAX_BYTES], url)).text).root
    except PageError as error:
        raise FetchError(url, f"a page that cannot be read: {error}") from error
    base = root.find(".//base[@href]") if root is not None else None
    return (_address(url, base.get("href")) or url) if base is not None else url, root
