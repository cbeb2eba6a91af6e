"""The sample pages of `raw/` against what a person says is in them (`tests/golden/`), aspect by aspect.

White space is not compared, nor the marks of lists, quotes, tables and listings; all else is.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, Final

import pytest

import cleaner
from cleaner.model import Article
from cleaner.text import collapse, settle
from tests.conftest import ROOT

GOLDEN: Final = ROOT / "tests/golden"
PAGES: Final = sorted(str(path.relative_to(GOLDEN)).removesuffix(".json") for path in GOLDEN.rglob("*.json"))
ASPECTS: Final = ("body", "absent", "title", "authors", "date", "captions")

PENDING: Final[dict[tuple[str, str], str]] = {
    ("copperladle.example/pie.html", "body"): "the scorer keeps a call to tag",
    ("forum.plotters.example/moss.html", "body"): "the scorer keeps a signature",
    ("forum.plotters.example/moss.html", "absent"): "the scorer keeps a signature",
    ("shirane-shimpo.example/clock.html", "body"): "the scorer drops a subheading and the last paragraph",
}
"""What does not hold yet: (page, aspect) -> why. Strict: an entry that holds again fails until it is taken out."""

_MARK: Final = re.compile(r"(?:[-*+•] |\d{1,4}[.)] |> |\| )")


@cache
def truth(page: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{page}.json").read_text("utf-8"))
    return found


@cache
def article(page: str) -> Article:
    return cleaner.clean(ROOT / "raw" / page)


def plain(line: str) -> str:
    """Return a line without white space that only lays it out, its mark and the bars of a table; "" for a fence."""
    text = collapse(settle(line))
    if text.startswith("```"):
        return ""
    mark = _MARK.match(text)
    return text[mark.end() if mark else 0 :].replace(" | ", " ")


def plain_lines(text: str) -> list[str]:
    return [line for line in map(plain, text.splitlines()) if line]


def body(page: str) -> None:
    either_way = {line for text in truth(page).get("either_way", ()) for line in plain_lines(text)}
    expected = [line for text in truth(page)["body"] for line in plain_lines(text)]
    found = plain_lines(article(page).text)
    assert [line for line in found if line not in either_way] == [line for line in expected if line not in either_way]


def absent(page: str) -> None:
    text = collapse(article(page).text)
    assert [line for line in truth(page)["absent"] if collapse(settle(line)) in text] == []


def title(page: str) -> None:
    assert article(page).metadata.title == collapse(settle(truth(page)["title"]))


def authors(page: str) -> None:
    assert article(page).metadata.authors == truth(page)["authors"]


def date(page: str) -> None:
    """The same day: how precise it is depends on where the page states it."""
    assert (article(page).metadata.date or "")[:10] == (truth(page)["date"] or "")[:10]


def captions(page: str) -> None:
    found = [(plain(caption.text), caption.credit) for caption in article(page).captions]
    assert found == [(plain(caption["text"]), caption["credit"]) for caption in truth(page)["captions"]]


CHECKS: Final = dict(zip(ASPECTS, (body, absent, title, authors, date, captions), strict=True))


def cases() -> list[Any]:
    return [
        pytest.param(
            page,
            aspect,
            marks=[pytest.mark.xfail(reason=PENDING[page, aspect], strict=True)] if (page, aspect) in PENDING else [],
            id=f"{page}-{aspect}",
        )
        for page in PAGES
        for aspect in ASPECTS
    ]


@pytest.mark.parametrize(("page", "aspect"), cases())
def test_sample(page: str, aspect: str) -> None:
    CHECKS[aspect](page)


def test_every_sample_has_its_truth() -> None:
    raw = ROOT / "raw"
    samples = {str(path.relative_to(raw)) for path in raw.rglob("*") if path.suffix in (".html", ".txt")}
    assert samples == set(PAGES)


def test_what_is_pending_exists_and_is_no_dump() -> None:
    assert {page for page, _ in PENDING} <= {page for page in PAGES if not page.endswith(".txt")}
    assert {aspect for _, aspect in PENDING} <= set(ASPECTS)
