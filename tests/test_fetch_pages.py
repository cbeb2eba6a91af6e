"""Where the next page of an article is, and where none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleaner.fetch.pages import MAX_PAGES, next_page
from cleaner.model import Page
from cleaner.rules import RuleBook
from tests.site import IN_PARTS, Site, paragraphs, parts_of

BOOK = RuleBook.load(False)
BASE = "https://weir.example"
STORY = "/2026/05/01/the-keeper-who-mended-the-lamp"
PROSE = "".join(f"<p>{text}</p>" for text in paragraphs(5))


def leads(target: str, here: str = STORY, before: tuple[str, ...] = (), more: str = "") -> str | None:
    page = Page(f'<link rel="next" href="{target}">{more}<article><h1>Lamp</h1>{PROSE}</article>', f"{BASE}{here}")
    found = next_page(page, f"{BASE}{here}", BOOK, [f"{BASE}{path}" for path in before])
    return found and found.removeprefix(BASE)


@pytest.mark.parametrize(
    ("here", "target"),
    [
        (STORY, f"{STORY}/2"),
        (f"{STORY}/", f"{STORY}/2/"),
        (f"{STORY}/", f"{STORY}/page/2/"),
        (f"{STORY}.html", f"{STORY}-2.html"),
        (f"{STORY}.html", f"{STORY}_2.html"),
        (f"{STORY}.html", f"{STORY}/seite-2"),
        (f"{STORY},1.html", f"{STORY},2.html"),
        (STORY, f"{STORY}?page=2"),
        (STORY, f"{STORY}?page=1"),  # counted from 0
        (f"{STORY}?page=1", f"{STORY}?page=2"),
        (f"{STORY}?id=5", f"{STORY}?id=5&page=2"),
        (f"{STORY}?id=5", f"{STORY}?page=2&id=5"),
        ("/story/48210", "/story/48210/2"),
    ],
)
def test_the_next_page(here: str, target: str) -> None:
    assert leads(target, here) == target


@pytest.mark.parametrize(
    ("here", "target"),
    [
        (STORY, "/2026/05/02/the-baker-who-weighed-the-bell"),  # the next article of a blog
        ("/2026/05/01/crossword-of-the-day-one", "/2026/05/02/crossword-of-the-day-one"),
        ("/story/48210", "/story/48211"),
        (f"{STORY}-12", f"{STORY}-13"),
        (STORY, f"{STORY}/comment-page-2"),
        (STORY, f"{STORY}/3"),
        (STORY, f"{STORY}/all"),
        (STORY, STORY),
        (STORY, f"{STORY}#page-2"),
        (STORY, f"https://elsewhere.example{STORY}/2"),
        (STORY, "javascript:next(2)"),
        (STORY, "http://[half/2"),
        ("/news/", "/news/?page=2"),  # a list
    ],
)
def test_what_is_no_next_page(here: str, target: str) -> None:
    assert leads(target, here) is None


def test_a_page_that_calls_itself_an_article_is_one() -> None:
    assert leads("/lamp/2", "/lamp") is None
    assert leads("/lamp/2", "/lamp", more='<meta property="og:type" content="article">') == "/lamp/2"


def test_later_pages_count_from_the_first() -> None:
    assert leads(f"{STORY}/3", f"{STORY}/2", (STORY,)) == f"{STORY}/3"
    assert leads(f"{STORY}/11", f"{STORY}/10", (STORY, *(f"{STORY}/{n}" for n in range(2, 10)))) == f"{STORY}/11"
    assert leads(STORY, f"{STORY}/2", (STORY,)) is None


def test_no_article_has_more_than_thirty_pages() -> None:
    before = (STORY, *(f"{STORY}/{n}" for n in range(2, MAX_PAGES)))
    assert leads(f"{STORY}/30", before[-1], before[:-1]) == f"{STORY}/30"
    assert leads(f"{STORY}/31", f"{STORY}/30", before) is None


def test_a_page_that_is_too_large_for_one_of_several_is_not_parsed() -> None:
    assert leads(f"{STORY}/2", more=f"{PROSE}<!--{'x' * (3 << 20)}-->") == f"{STORY}/2"
    assert leads(f"{STORY}/2", more=f"{PROSE}<!--{'x' * (4 << 20)}-->") is None


def test_a_base_is_minded() -> None:
    page = Page(f'<!DOCTYPE html><base href="{BASE}{STORY}/"><link rel=next href="2"><article>{PROSE}</article>')
    assert next_page(page, f"{BASE}{STORY}", BOOK) == f"{BASE}{STORY}/2"


def test_other_encodings() -> None:
    page = f'<!DOCTYPE html><html><head><link rel="next" href="{STORY}/2"></head><body><article>{PROSE}</article></body></html>'
    assert next_page(Page(page.encode("utf-16")), f"{BASE}{STORY}", BOOK) == f"{BASE}{STORY}/2"


def test_what_is_no_page_has_no_next_one() -> None:
    assert next_page(Page(b"\x89PNG\r\n\x1a\n" + bytes(200)), BASE, BOOK) is None
    assert next_page(Page("plain text", media_type="text/plain"), BASE, BOOK) is None


class TestRules:
    @pytest.fixture
    def book(self, tmp_path: Path) -> RuleBook:
        (tmp_path / "sites").mkdir()
        (tmp_path / "sites" / "127.0.0.1.toml").write_text(
            'schema = 1\nsite = "127.0.0.1"\n[fetch]\nnext_page = { css = ["a.nowhere", "nav.pager"], xpath = "//a[@class=\'x\']" }\n'
        )
        return RuleBook.load(tmp_path)

    def test_a_site_whole(self, book: RuleBook) -> None:
        """By `<link>`, by `<a>`, and by a rule: the articles of the test site are of all three kinds."""
        with Site(IN_PARTS) as site:
            for first, parts in site.parts.items():
                had = [first]
                while target := next_page(
                    Page(site.answer(had[-1].removeprefix(site.base), {}).body), had[-1], book, had[:-1]
                ):
                    had.append(target)
                assert had == [first, *parts]
            assert {parts_of(n) for n in range(IN_PARTS)} == {2, 3, 4}

    def test_a_rule_that_leads_in_a_circle(self, book: RuleBook) -> None:
        places = [f"http://127.0.0.1/{name}" for name in "abc"]
        had = [places[0]]
        while target := next_page(
            Page(f'<nav class=pager><a href="{places[(places.index(had[-1]) + 1) % 3]}">On</a></nav>{PROSE}'),
            had[-1],
            book,
            had[:-1],
        ):
            had.append(target)
        assert had == places

    def test_a_rule_leads_to_its_own_site_only(self, book: RuleBook) -> None:
        page = Page(f'<nav class=pager><a href="https://elsewhere.example/2">On</a></nav>{PROSE}')
        assert next_page(page, "http://127.0.0.1/a", book) is None

    def test_a_rule_can_be_disabled(self, tmp_path: Path, book: RuleBook) -> None:
        page = Page(f'<nav class=pager><a href="/whatever">On</a></nav>{PROSE}')
        assert next_page(page, "http://127.0.0.1/a", book) == "http://127.0.0.1/whatever"
        file = tmp_path / "sites" / "127.0.0.1.toml"
        file.write_text(file.read_text().replace("[fetch]", 'disable = ["sites/127.0.0.1/[fetch].next_page"]\n[fetch]'))
        assert next_page(page, "http://127.0.0.1/a", RuleBook.load(tmp_path)) is None
