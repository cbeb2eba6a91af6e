"""Articles in several pages: where the next page is.

A page names it by `rel="next"`, or a rule does (`[fetch] next_page`). A rule was written for the site; `rel="next"` is
written for other things as well: the next article of a blog, the next page of a list or of the comments. So it counts
only on a page that is an article, and only where its address is that of the page with a number one higher.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urljoin

from cleaner.describe import declare
from cleaner.errors import FetchError, PageError
from cleaner.fetch.addresses import canonical
from cleaner.fetch.discover import is_article, site_of
from cleaner.model import Document, Page
from cleaner.rules import RuleBook, RuleSet
from cleaner.segment import segment

__all__ = ["MAX_PAGES", "next_page"]

MAX_PAGES: Final = 30
"""Pages of one article that are fetched; galleries have a page for each picture."""
_LARGEST: Final = 4 * 1024 * 1024
"""Bytes; a larger page is not parsed for it, which takes seconds for each of these MB if the page means ill."""

_MARK: Final = re.compile(
    r"[-_,./?&;]{0,2}(?:pages?|pg|p|pageno|seite|part|teil|partie|parte|pagina|pag|strona|sida|side)?[-_/=]{0,2}"
    r"0?(?P<number>\d{1,2})[-_/&]?",
    re.IGNORECASE | re.ASCII,
)
"""What tells the address of a later page from that of the first: `/2`, `-page-2`, `?page=2`, `_2`."""
_SUFFIX: Final = re.compile(r"\.[a-z]{2,5}$|/$", re.ASCII)
_REL_NEXT: Final = re.compile(rb"\brel\s{0,9}=[^>]{0,99}\bnext\b", re.IGNORECASE)
"""What a page holds that names a next one itself; most hold none, and need not be parsed."""
_FIRST: Final = frozenset({0, 1})
"""Numbers that a first page may have in its address."""


def next_page(page: Page, url: str, rules: RuleBook, before: Sequence[str] = ()) -> str | None:
    """Return the canonical address of the page that comes after `page` in its article, None where there is none.

    Args:
        page: a page of the article as it was fetched.
        url: its address.
        rules: whose `[fetch] next_page` are asked first.
        before: addresses of the pages before it, the first of the article first. What this returns is none of these,
            so that a site whose pages lead in a circle is left after one round, any other after 30 pages.

    Raises RuleFileError where a rule file that the page needs has faults.

    """
    if len(before) + 1 >= MAX_PAGES or len(page.content) > _LARGEST:
        return None
    if not (_may_name_one(page) or rules.states_next_page(url)):
        return None
    try:
        document = segment(page if page.url == url else replace(page, url=url))
        here, *had = (canonical(address) for address in (url, *before))
    except (PageError, FetchError):
        return None
    if document.root is None:
        return None
    ruleset = rules.for_page(document)
    base = next(filter(None, (_leads(url, link.get("href")) for link in document.tagged("base"))), url)

    def goes_on(target: str | None) -> str | None:
        at = _leads(base, target)
        return at if at and at not in (here, *had) and site_of(at) == site_of(here) else None

    if (ruled := goes_on(ruleset.next_page(document))) is not None:
        return ruled
    first, number = had[0] if had else here, len(had) + 2
    for link in (*document.tagged("link"), *document.tagged("a")):
        if "next" in (link.get("rel") or "").lower().split() and (at := goes_on(link.get("href"))) is not None:
            is_next = _is_page(at, first, number) and (had or is_article(first) or _says_article(document, ruleset))
            return at if is_next else None
    return None


def _may_name_one(page: Page) -> bool:
    content = page.content.encode("utf-8", "replace") if isinstance(page.content, str) else page.content
    return _REL_NEXT.search(content) is not None or b"\0" in content[:100]  # UTF-16


def _leads(base: str, target: str | None) -> str | None:
    try:
        return canonical(urljoin(base, target.strip())) if target else None
    except (FetchError, ValueError):
        return None


def _is_page(url: str, first: str, number: int) -> bool:
    """Tell whether `url` is that of page `number` of the article whose first page is at `first`.

    Some count from 0: their second page is number 1.
    """
    one, other = _stem(first), _stem(url)
    start = _alike(one, other)
    end = _alike(one[start:][::-1], other[start:][::-1])
    tail = one[len(one) - end :]
    if "?" not in one[:start] and tail and not tail.startswith("?"):
        return False  # a number within the path: of a date, a section
    one, other = one[start : len(one) - end], other[start : len(other) - end]
    before, after = _MARK.fullmatch(one), _MARK.fullmatch(other)
    if after is None or not (one in ("", "?") or (before is not None and int(before["number"]) in _FIRST)):
        return False
    return int(after["number"]) in (number, number - 1)


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning, none of them of a number that differs."""
    end = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if one[end : end + 1].isdigit() or other[end : end + 1].isdigit():  # 10 and 11, 1 and 11
        while end and one[end - 1].isdigit():
            end -= 1
    return end


def _stem(url: str) -> str:
    """Return an address without the ending of its path: `/a.html?page=2` is `/a?page=2`."""
    address, mark, query = url.partition("?")
    return f"{_SUFFIX.sub('', address)}{mark}{query}"


def _says_article(document: Document, rules: RuleSet) -> bool:
    """Tell whether a page calls itself an article (JSON-LD, Open Graph)."""
    said = declare(document, rules).first("page_type")
    return isinstance(said, str) and said.lower().endswith(("article", "posting", "report", "review"))
