"""What a page says of itself to machines: structured data, `<meta>`, links, and marked elements.

Each reader adds candidates under a source name (`json-ld`, `meta:og:title`, `h1` …); which of them counts is settled
by :mod:`cleaner.describe.ranks`. Everything here is untrusted: sizes, depths and counts are bounded, and what cannot
be parsed says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from itertools import islice
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from cleaner.describe import dates, names
from cleaner.model import Declared, Document, Source
from cleaner.text import collapse, fold, settle

__all__ = ["read"]

_LONGEST_VALUE = 2_000
_LONGEST_SCRIPT = 2_000_000
_MAX_SCRIPTS = 40
_MAX_NODES = 4_000
_MAX_DEPTH = 14
_MAX_VALUES = 60

# Field -> names of `<meta>` elements (property, name or itemprop, any case), best first.
_META: dict[str, tuple[str, ...]] = {
    "title": (
        "og:title",
        "twitter:title",
        "parsely-title",
        "citation_title",
        "dc.title",
        "dcterms.title",
        "sailthru.title",
    ),
    "authors": (
        "citation_author",
        "parsely-author",
        "author",
        "article:author",
        "article:author_name",
        "og:article:author",
        "sailthru.author",
        "dc.creator",
        "dcterms.creator",
        "cxenseparse:author",
        "byl",
    ),
    "date": (
        "article:published_time",
        "og:article:published_time",
        "og:published_time",
        "datepublished",
        "parsely-pub-date",
        "sailthru.date",
        "citation_publication_date",
        "citation_date",
        "dc.date.issued",
        "dcterms.issued",
        "dc.date",
        "dcterms.date",
        "cxenseparse:recs:publishtime",
        "article.published",
        "publish-date",
        "publish_date",
        "publication_date",
        "publishdate",
        "publication-date",
        "published-date",
        "published_date",
        "published",
        "pubdate",
        "dcterms.created",
        "dc.date.created",
        "date",
    ),
    "modified": (
        "article:modified_time",
        "og:article:modified_time",
        "datemodified",
        "dcterms.modified",
        "og:updated_time",
        "last-modified",
        "lastmod",
    ),
    "description": ("og:description", "twitter:description", "description", "dc.description", "dcterms.description"),
    "section": ("article:section", "og:article:section", "parsely-section", "cxenseparse:category"),
    "tags": ("article:tag", "og:article:tag", "parsely-tags", "news_keywords", "keywords", "sailthru.tags"),
    "site_name": ("og:site_name", "application-name", "citation_journal_title", "dc.publisher"),
    "url": ("og:url",),
    "image": ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src"),
    "copyright": ("dcterms.rightsholder", "copyright"),
    "page_type": ("og:type",),
    "is_accessible_for_free": ("isaccessibleforfree", "article:content_tier", "og:article:content_tier"),
}
_META_NAMES = {name: field for field, found in _META.items() for name in found}

_FREE = {"true": True, "free": True, "false": False, "metered": False, "locked": False}
"""How pages say whether all can read them: schema.org's Boolean in any spelling, the content tiers of publishers."""
_MARKED = frozenset("a span div p address time h1 h2 strong em".split())
"""Elements whose `itemprop` or `rel` says what they hold."""
_ARTICLES = ("Article", "BlogPosting", "LiveBlogPosting", "Report", "Review", "Recipe", "SocialMediaPosting", "Posting")
_TAG = re.compile(r"<[^<>]{1,500}>")
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
# What old pages wrap a script in, for browsers that know no scripts or for XML.
_OPENINGS = ("<!--", "//", "/*", "<![CDATA[", "*/")
_CLOSINGS = ("-->", "]]>", "//", "/*", "*/", ";")
_COPYRIGHT_SIGN = re.compile(r"^(?:copyright\b|\(c\)|©|\W|\b(?:19|20)\d\d\b|[-–,]\s?\d{4})+", re.IGNORECASE)
_URL_DAY = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?=[/_-]|$)")

_Json = Any
"""Parsed JSON: its shape is the page's."""


def read(document: Document, declared: Declared) -> str | None:
    """Add what the head, the structured data and the marked elements of an HTML page state.

    Returns the region that the page's locale names (`us`, `gb`), which says how it orders day and month.
    """
    reader = _Reader(document, declared)
    reader.metas()
    reader.links()
    reader.structured()
    reader.elements()
    reader.address()
    return reader.region


def clean(value: object) -> str:
    """Return a string of structured data or of an attribute as text; "" for anything that is no string."""
    if not isinstance(value, str):
        return ""
    text = value[:_LONGEST_VALUE]
    if "&" in text:
        text = unescape(unescape(text))
    if "<" in text:
        text = _TAG.sub(" ", text)
    return collapse(settle(text))


class _Reader:
    """One page being read; holds what several readers need."""

    def __init__(self, document: Document, declared: Declared) -> None:
        self.document = document
        self.declared = declared
        self.root = document.root
        self.language = document.language
        self.locales = [meta for meta in document.tagged("meta") if meta.get("property") == "og:locale"]
        self.region = self._region()

    def _region(self) -> str | None:
        locales = [self.root.get("lang") or "", *(meta.get("content") or "" for meta in self.locales)]
        found = (re.fullmatch(r"[A-Za-z]{2,3}[-_]([A-Za-z]{2})", locale.strip()[:10]) for locale in locales)
        return next((match[1].lower() for match in found if match), None)

    # --- adding ----------------------------------------------------------------------------------------------------

    def add(self, field: str, value: object, source: str) -> None:
        """Add a candidate if the value is one for its field."""
        if len(self.declared.candidates.get(field, ())) >= _MAX_VALUES:
            return
        raw = clean(value)
        parsed = self._parsed(field, raw)
        if parsed or parsed is False:
            self.declared.add(field, parsed, Source(source, raw))

    def _parsed(self, field: str, raw: str) -> str | list[str] | bool | None:
        if not raw:
            return None
        if field in {"date", "modified"}:
            return dates.iso(raw, self.language, self.region)
        if field in {"url", "image"}:
            return self._link(raw)
        if field == "authors":
            return [] if _is_link(raw) else names.names(raw, self.language)
        if field == "tags":
            return [tag for tag in (collapse(part) for part in re.split(r"[,;]", raw)) if tag][:_MAX_VALUES]
        if field == "is_accessible_for_free":
            return _FREE.get(raw.rsplit("/", 1)[-1].lower())
        if field == "copyright":
            return _COPYRIGHT_SIGN.sub("", raw).strip() or None
        return raw

    def extend(self, field: str, values: list[str], source: str) -> None:
        """Add one candidate that is a list."""
        values = list(dict.fromkeys(value for value in values if value))[:_MAX_VALUES]
        if values:
            self.declared.add(field, values, Source(source, "; ".join(values)))

    def _link(self, raw: str) -> str | None:
        base = self.document.page.url or ""
        try:
            url = urljoin(base, raw)
            return url if urlsplit(url).scheme in {"http", "https"} else None
        except ValueError:
            return None

    # --- readers ---------------------------------------------------------------------------------------------------

    def metas(self) -> None:
        """Read `<meta>`: Open Graph, Twitter, Dublin Core, citation_*, parsely-* and their like."""
        found: dict[str, list[str]] = {}
        for meta in self.document.tagged("meta"):
            content = meta.get("content")
            if not content:
                continue
            for attribute in ("property", "name", "itemprop"):
                value = meta.get(attribute)
                for name in value.lower().split()[:4] if value else ():
                    if name in _META_NAMES and len(found.setdefault(name, [])) < _MAX_VALUES:
                        found[name].append(content)
        for name, field in _META_NAMES.items():
            if name not in found:
                continue
            if field in {"authors", "tags"}:
                self._meta_list(field, list(dict.fromkeys(found[name])), name)
            else:
                self.add(field, found[name][0], f"meta:{name}")

    def _meta_list(self, field: str, values: list[str], name: str) -> None:
        texts = [text for text in map(clean, values) if text]
        parts: list[str] = []
        for text in texts:
            if field == "tags":
                parts += [collapse(part) for part in re.split(r"[,;]", text)]
            elif name == "citation_author" and text.count(",") == 1:
                parts.append(" ".join(reversed([collapse(part) for part in text.split(",")])))  # "Doe, Jane"
            elif not _is_link(text):
                parts += names.byline(text, self.language) or names.names(text, self.language, person=True)
        self.extend(field, parts, f"meta:{name}")

    def links(self) -> None:
        """Read `<link rel=canonical>` and `<html lang>`."""
        for link in self.document.tagged("link"):
            if "canonical" in (link.get("rel") or "").lower().split():
                self.add("url", link.get("href"), "link:canonical")
        if self.language:
            self.declared.add("language", self.language, Source("html:lang", self.language))
        for meta in self.locales:
            locale = clean(meta.get("content"))
            if match := re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", locale):
                self.declared.add("language", match[1].lower(), Source("meta:og:locale", locale))

    def structured(self) -> None:
        """Read JSON-LD: the node of the article the page is about."""
        graph = _Graph(_json_ld(self.document.tagged("script")))
        expected = {fold(clean(value)) for value, _ in self.declared.candidates.get("title", [])}
        expected |= {fold(_text(element)) for element in self.document.tagged("h1")[:4]}
        addresses = {_address(value) for value, _ in self.declared.candidates.get("url", [])}
        if self.document.page.url:
            addresses.add(_address(self.document.page.url))
        article = graph.article(expected, addresses)
        if article is not None:
            self._article(graph, article)
        for page in graph.of_type(lambda kind: kind.endswith("WebPage"))[:1]:
            self.add("date", page.get("datePublished"), "json-ld:webpage")
            self.add("modified", page.get("dateModified"), "json-ld:webpage")
            self.add("description", page.get("description"), "json-ld:webpage")
            self.add("language", _primary(page.get("inLanguage")), "json-ld:webpage")
        for site in graph.of_type(lambda kind: kind == "WebSite")[:1]:
            self.add("site_name", site.get("name"), "json-ld:website")

    def _article(self, graph: _Graph, article: dict[str, _Json]) -> None:
        name = "json-ld"
        self.add("title", article.get("headline") or article.get("name"), name)
        persons = graph.names(article.get("author")) or graph.names(article.get("creator"))
        people = [found for person in persons for found in self._person(clean(person))]
        self.extend("authors", people, "json-ld:organization" if graph.is_organization(article.get("author")) else name)
        self.add("date", article.get("datePublished") or article.get("dateCreated"), name)
        self.add("modified", article.get("dateModified"), name)
        self.add("description", article.get("description") or article.get("abstract"), name)
        sections = [clean(section) for section in _many(article.get("articleSection"))]
        self.add("section", next(filter(None, sections), ""), name)
        tags = [tag for part in _many(article.get("keywords")) for tag in _keywords(part)]
        self.extend("tags", tags, name)
        self.add("site_name", next(iter(graph.names(article.get("publisher"))), ""), name)
        self.add("language", _primary(article.get("inLanguage")), name)
        self.add("image", next(graph.urls(article.get("image")), ""), name)
        self.add("copyright", next(iter(graph.names(article.get("copyrightHolder"))), ""), name)
        self.add("page_type", next(iter(_types(article)), ""), name)
        self.add("is_accessible_for_free", str(article.get("isAccessibleForFree", "")), name)

    def _person(self, text: str) -> list[str]:
        if _is_link(text):
            return []
        return names.byline(text, self.language) or names.names(text, self.language, person=True)

    def elements(self) -> None:
        """Read elements that say what they hold: itemprop, rel=author, `<time>`, `<h1>`, `<title>`."""
        authors, linked = _Together(), _Together()
        read = zip(self.document.attributes, self.document.elements, strict=True)
        marked = [(marks, element) for marks, element in read if "itemprop" in marks or "rel" in marks]
        marked += [(element.attrib, element) for element in self.document.unread if element.tag in _MARKED]
        for attributes, element in marked:
            if element.tag not in _MARKED:
                continue
            rel, marks = attributes.get("rel"), attributes.get("itemprop", "").lower().split()
            if "author" in marks and authors.takes(element):
                authors.names += self._marked_names(element)
            if rel and "author" in rel.lower().split() and linked.takes(element):
                linked.names += self._person(_text(element))
            if "datepublished" in marks:
                self.add(
                    "date",
                    element.get("datetime") or element.get("content") or _text(element),
                    "itemprop:datePublished",
                )
            if "datemodified" in marks:
                self.add(
                    "modified",
                    element.get("datetime") or element.get("content") or _text(element),
                    "itemprop:dateModified",
                )
            if "headline" in marks:
                self.add("title", _text(element), "itemprop:headline")
        self.extend("authors", authors.names, "itemprop:author")
        self.extend("authors", linked.names, "rel:author")
        self._times()
        for heading in self.document.tagged("h1"):
            self.add("title", _text(heading), "h1")
        for title in self.root.iterfind("head/title"):
            self.add("title", _text(title), "title")

    def _marked_names(self, element: Any) -> list[str]:
        for inner in element.iter():
            if inner is not element and "name" in (inner.get("itemprop") or "").lower().split():
                return self._person(clean(inner.get("content")) or _text(inner))
        return self._person(clean(element.get("content")) or _text(element))

    def _times(self) -> None:
        """Read `<time datetime>`: those marked as the date of publication first, else those of the article."""
        for time in self.document.tagged("time")[:_MAX_VALUES]:
            value = time.get("datetime") or _text(time)
            marks = f"{time.get('class') or ''} {'pubdate' if time.get('pubdate') is not None else ''}".lower()
            if "updated" in marks and "published" not in marks:
                self.add("modified", value, "time:updated")
            elif any(mark in marks for mark in ("publish", "pubdate", "posted", "entry-date")):
                self.add("date", value, "time:published")
            elif any(parent.tag in {"article", "main", "header"} for parent in time.iterancestors()):
                self.add("date", value, "time")

    def address(self) -> None:
        """Read the day that the page's own address states: `/2023/11/06/`."""
        address = self.document.page.url or self.declared.first("url")
        if address and (match := _URL_DAY.search(re.split("[?#]", address, maxsplit=1)[0])):
            self.add("date", "-".join(match.groups()), "url")


# --- JSON-LD --------------------------------------------------------------------------------------------------------


def _json_ld(scripts: list[Any]) -> list[_Json]:
    """Return what those of `scripts` hold that are JSON-LD; one that cannot be mended says nothing."""
    values: list[_Json] = []
    size = 0
    for script in scripts:
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = script.text or ""
        size += len(text)
        if size > _LONGEST_SCRIPT or len(values) >= _MAX_SCRIPTS:
            break
        values += _parse(text)
    return values


def _parse(text: str) -> list[_Json]:
    """Return the JSON values of `text`: mended where entities, wrappers or trailing commas break them."""
    text = _unwrapped(text)
    for mend in (_as_is, unescape, _without_trailing_commas):
        text = mend(text)
        try:
            return _values(text)
        except (ValueError, RecursionError):
            continue
    return []


def _unwrapped(text: str) -> str:
    for _ in range(4):  # "/*<![CDATA[*/" is three openings
        text = text.strip()
        for opening in _OPENINGS:
            text = text.removeprefix(opening)
        for closing in _CLOSINGS:
            text = text.removesuffix(closing)
    return text.strip()


def _as_is(text: str) -> str:
    return text


def _without_trailing_commas(text: str) -> str:
    return _TRAILING_COMMA.sub(r"\1", text)


def _values(text: str) -> list[_Json]:
    """Return the JSON values of `text`, one after the other; raw control characters in strings are let pass."""
    decoder = json.JSONDecoder(strict=False)
    values: list[_Json] = []
    position = 0
    while position < len(text) and len(values) < _MAX_SCRIPTS:
        value, position = decoder.raw_decode(text, position)
        values.append(value)
        while position < len(text) and text[position] in " \t\r\n,;":
            position += 1
    return values


class _Graph:
    """The nodes of a page's JSON-LD, flat, with their references."""

    def __init__(self, values: list[_Json]) -> None:
        self.nodes: list[tuple[dict[str, _Json], bool]] = []
        """Nodes in reading order; whether they are listed (related articles) rather than stated of the page."""
        self.by_id: dict[str, dict[str, _Json]] = {}
        # A stack, not recursion: depth is the page's choice. Reversed, so that nodes come out in reading order.
        stack: list[tuple[_Json, int, bool]] = [(value, 0, False) for value in reversed(values)]
        while stack and len(self.nodes) < _MAX_NODES:
            value, depth, listed = stack.pop()
            if isinstance(value, list):
                stack += [(item, depth + 1, listed) for item in reversed(value[:_MAX_NODES]) if depth < _MAX_DEPTH]
            elif isinstance(value, dict):
                self.nodes.append((value, listed))
                identity = value.get("@id")
                if isinstance(identity, str) and len(value) > 1:
                    self.by_id.setdefault(identity, value)
                for key, inner in reversed(value.items()):
                    if isinstance(inner, (dict, list)) and depth < _MAX_DEPTH:
                        stack.append((inner, depth + 1, listed or key in _LISTS))

    def of_type(self, wanted: Callable[[str], bool]) -> list[dict[str, _Json]]:
        """Return the nodes, listed ones left out, of which one type is `wanted`."""
        return [node for node, listed in self.nodes if not listed and any(map(wanted, _types(node)))]

    def article(self, titles: set[str], addresses: set[str]) -> dict[str, _Json] | None:
        """Return the node of the page's own article: by its headline, its address, else the first not listed."""

        def merit(entry: tuple[dict[str, _Json], bool]) -> int:
            node, listed = entry
            own = (node.get("url"), node.get("@id"), self._identity(node.get("mainEntityOfPage")))
            same_address = any(isinstance(link, str) and _address(link) in addresses for link in own)
            same_title = fold(clean(node.get("headline") or node.get("name"))) in titles
            return 4 * same_title + 2 * same_address + (not listed)

        # What a page of questions and answers is about is its question.
        asked = [id(node.get("mainEntity")) for node in self.of_type(lambda kind: kind == "QAPage")]
        articles = [
            entry
            for entry in self.nodes
            if id(entry[0]) in asked or any(kind.endswith(_ARTICLES) for kind in _types(entry[0]))
        ]
        best = max(articles, key=merit, default=None)
        return best[0] if best is not None and merit(best) else None

    def names(self, value: _Json) -> list[str]:
        """Return the names in an author or publisher: strings, Persons, Organizations, references, lists of them."""
        found: list[str] = []
        for item in _many(value)[:_MAX_VALUES]:
            node = self.by_id.get(str(item.get("@id")), item) if isinstance(item, dict) and "name" not in item else item
            if isinstance(node, dict):
                found += [name for name in _many(node.get("name")) if isinstance(name, str)]
            elif isinstance(node, str):
                found.append(node)
            elif isinstance(node, list):
                found += [inner for inner in node if isinstance(inner, str)]
        return [name for name in found if name.strip()]

    def is_organization(self, value: _Json) -> bool:
        """Whether all authors are called organisations."""
        nodes = [self.by_id.get(str(item.get("@id")), item) for item in _many(value) if isinstance(item, dict)]
        return bool(nodes) and all(any(kind.endswith("Organization") for kind in _types(node)) for node in nodes)

    def urls(self, value: _Json) -> Iterator[str]:
        """Yield the addresses in an image: strings, ImageObjects, references, lists of them."""
        for item in _many(value)[:_MAX_VALUES]:
            node = self.by_id.get(str(item.get("@id")), item) if isinstance(item, dict) and "url" not in item else item
            link = node.get("url") or node.get("contentUrl") if isinstance(node, dict) else node
            if isinstance(link, str) and link:
                yield link

    @staticmethod
    def _identity(value: _Json) -> _Json:
        return value.get("@id") or value.get("url") if isinstance(value, dict) else value


# Under these keys stand other articles than the page's own.
_LISTS = frozenset(
    {"itemListElement", "hasPart", "isPartOf", "relatedLink", "citation", "mentions", "about", "comment", "subjectOf"}
)


def _types(node: dict[str, _Json]) -> list[str]:
    """Return the types of a node without their namespace."""
    return [kind.rsplit("/", 1)[-1] for kind in _many(node.get("@type")) if isinstance(kind, str)]


def _many(value: _Json) -> list[_Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _keywords(value: _Json) -> list[str]:
    text = clean(value.get("name") if isinstance(value, dict) else value)
    return [collapse(part) for part in text.split(",")]


def _primary(value: _Json) -> str:
    text = clean(value if isinstance(value, str) else "")
    return re.split(r"[-_]", text)[0].lower() if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_]\w{2,8}){0,2}", text) else ""


class _Together:
    """Names of marked elements that stand in one place: those of teasers further down are other articles' authors."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.place: Any = None

    def takes(self, element: Any) -> bool:
        """Whether `element` stands where the first one does, beneath its parent's parent, and is still wanted."""
        if len(self.names) >= _MAX_NODES:
            return False
        if self.place is None or not self.names:
            parent = element.getparent()
            self.place = parent if parent is None or parent.getparent() is None else parent.getparent()
            return self.place is not None
        return any(above is self.place for above in islice(element.iterancestors(), 4))


# --- small things ---------------------------------------------------------------------------------------------------


def _text(element: Any) -> str:
    pieces = islice(element.itertext(etree.Element, with_tail=True), 200)
    return collapse(settle("".join(pieces)[:_LONGEST_VALUE]))


def _address(url: str) -> str:
    """Return an address as far as it tells pages apart: host without "www." and path without its last slash."""
    try:
        parts = urlsplit(url[:_LONGEST_VALUE])
    except ValueError:
        return url
    return f"{(parts.hostname or '').removeprefix('www.')}{parts.path.rstrip('/')}"


def _is_link(text: str) -> bool:
    return text.lower().startswith(("http:", "https:", "www.", "//", "/")) or (
        " " not in text and "/" in text and "." in text
    )
