"""Head metadata and structured data: what a page says of itself to machines."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.describe import declare, describe
from cleaner.describe.head import _Graph, _parse
from cleaner.model import Caption, Declared, Document, Fate, Metadata, Page, Source, Verdict
from cleaner.segment import segment

BODY = "<p>" + "The council met on Monday to talk about the new bridge over the river. " * 4 + "</p>"


class NoRules:
    def declare(self, document: Document, declared: Declared) -> None:
        """State nothing."""


def metadata(head: str, body: str = BODY, url: str | None = None, rules: object | None = None) -> Metadata:
    html = f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>"
    document = segment(Page(html, url=url, media_type="text/html"))
    declared = declare(document, rules or NoRules())  # type: ignore[arg-type]
    return describe(document, declared, [Verdict(Fate.KEEP)] * len(document))[0]


def ld(value: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


ARTICLE = {
    "@type": "NewsArticle",
    "headline": "Council &amp; bridge: a <em>long</em> story",
    "author": [{"@type": "Person", "name": "Jane Doe"}, {"@type": "Organization", "name": "AFP"}],
    "datePublished": "2023-11-06T11:53:00+05:30",
    "dateModified": "2023-11-07T08:00:00Z",
    "articleSection": ["Politics", "Local"],
    "keywords": "bridge, council",
    "publisher": {"@type": "Organization", "name": "The Daily"},
}


def test_structured_data_fills_the_fields() -> None:
    found = metadata(ld(ARTICLE))
    assert found.title == "Council & bridge: a long story"
    assert found.authors == ["Jane Doe", "AFP"]
    assert found.agencies == ["AFP"]
    assert (found.date, found.modified) == ("2023-11-06T11:53:00+05:30", "2023-11-07T08:00:00Z")
    assert (found.section, found.tags, found.site_name) == ("Politics", ["bridge", "council"], "The Daily")
    assert found.language == "en"
    assert {found.sources[name].name for name in ("title", "authors", "date")} == {"json-ld"}


@pytest.mark.parametrize(
    "wrapped",
    [
        [ARTICLE],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite", "name": "The Daily"}, ARTICLE]},
        {"@type": "WebPage", "mainEntity": ARTICLE},
        [{"@type": "BreadcrumbList", "itemListElement": []}, [[ARTICLE]]],
    ],
)
def test_an_article_is_found_wherever_it_is(wrapped: object) -> None:
    assert metadata(ld(wrapped)).authors == ["Jane Doe", "AFP"]


def test_references_are_followed() -> None:
    graph = {
        "@graph": [
            {"@type": "Article", "headline": "A bridge", "author": {"@id": "#jane"}},
            {"@type": "Person", "@id": "#jane", "name": "Jane Doe"},
        ]
    }
    assert metadata(ld(graph)).authors == ["Jane Doe"]


def test_listed_articles_are_not_the_pages_own() -> None:
    teaser = {"@type": "NewsArticle", "headline": "Another story", "author": {"name": "Somebody Else"}}
    listed = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": teaser}]}
    assert metadata(ld(listed)).authors == []
    assert metadata(ld([listed, ARTICLE])).authors == ["Jane Doe", "AFP"]


@pytest.mark.parametrize(
    "text",
    [
        '<!-- {"@type": "Article", "headline": "A bridge"} -->',
        '//<![CDATA[\n{"@type": "Article", "headline": "A bridge"}\n//]]>',
        '{"@type": "Article", "headline": "A bridge",}',
        '{"@type": "Article",\n"headline": "A\tbridge"};',
        "{&quot;@type&quot;: &quot;Article&quot;, &quot;headline&quot;: &quot;A bridge&quot;}",
        '{"@type": "Thing"} {"@type": "Article", "headline": "A bridge"}',
    ],
)
def test_broken_json_is_mended(text: str) -> None:
    node = _Graph(_parse(text)).article(set(), set())
    assert node is not None
    assert node["headline"].split() == ["A", "bridge"]


@pytest.mark.parametrize("text", ["", "{", "[[[", "[" * 100_000, '{"a":' * 50_000, "9" * 10_000, "NaN", '"x"', "null"])
def test_hopeless_json_says_nothing(text: str) -> None:
    assert _Graph(_parse(text)).article(set(), set()) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["@type", "@id", "headline", "author", "name", "url", "image", "keywords"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_shape_of_structured_data_is_survived(value: object) -> None:
    metadata(
        ld({"@type": "Article", "author": value, "headline": value, "image": value, "keywords": value, "x": value})
    )


def test_meta_elements_fill_what_structured_data_leaves() -> None:
    found = metadata(
        '<meta property="og:title" content="A bridge - The Daily"><meta property="og:site_name" content="The Daily">'
        '<meta property="article:published_time" content="2023-11-06"><meta name="author" content="By Jane Doe">'
        '<meta property="article:author" content="https://facebook.example/jane"><link rel="canonical" href="/a">'
        '<meta property="article:tag" content="bridge"><meta property="article:tag" content="council">',
        url="https://daily.example/x",
    )
    assert (found.title, found.site_name, found.date) == ("A bridge", "The Daily", "2023-11-06")
    assert (found.authors, found.tags, found.url) == (["Jane Doe"], ["bridge", "council"], "https://daily.example/a")
    assert found.sources["title"].raw == "A bridge - The Daily"


def test_an_unconfirmed_heading_is_not_the_title() -> None:
    logo = "<h1>The Daily</h1>" + BODY
    assert metadata("<title>A bridge for the river town</title>", logo).title == "A bridge for the river town"
    heading = "<h1>A bridge for the river town</h1>" + BODY
    assert metadata("<title>A bridge for the river town | The Daily</title>", heading).title == (
        "A bridge for the river town"
    )


def test_the_headline_that_readers_see_counts_before_what_machines_are_told() -> None:
    og = '<meta property="og:title" content="Why the river town needs its second bridge">'
    seen = "<h1>Second bridge for the river town, at last</h1>" + BODY
    assert metadata(og, seen).title == "Second bridge for the river town, at last"
    # Of several headings the one that says what machines are told, not the first.
    several = "<h1>Weather for the weekend</h1>" + seen
    assert metadata(og, several).title == "Second bridge for the river town, at last"
    # Two that agree outvote a heading of other words.
    both = og + ld({"@type": "NewsArticle", "headline": "Why the river town needs its second bridge"})
    assert metadata(both, seen).title == "Why the river town needs its second bridge"


def test_a_label_before_the_title_goes_if_another_source_leaves_it_out() -> None:
    og = '<meta property="og:title" content="A bridge for the river town">'
    labelled = "<h1>Opinion: A bridge for the river town</h1>" + BODY
    assert metadata(og, labelled).title == "A bridge for the river town"
    assert metadata("", labelled).title == "Opinion: A bridge for the river town"


@pytest.mark.parametrize(
    ("head", "free"),
    [
        (ld({**ARTICLE, "isAccessibleForFree": False}), False),
        (ld({**ARTICLE, "isAccessibleForFree": "True"}), True),
        (ld({**ARTICLE, "isAccessibleForFree": "http://schema.org/False"}), False),
        ('<meta property="article:content_tier" content="locked">', False),
        ('<meta property="article:content_tier" content="free">', True),
        (ld({**ARTICLE, "isAccessibleForFree": {"@value": 1}}), None),
        (ld(ARTICLE), None),
    ],
)
def test_whether_all_can_read_it_is_said_only_where_the_page_says_so(head: str, free: bool | None) -> None:
    found = metadata(head)
    assert found.is_accessible_for_free is free
    assert ("is_accessible_for_free" in found.sources) == (free is not None)


def test_a_page_of_questions_is_about_its_question() -> None:
    question = {
        "@type": "Question",
        "name": "Why moss?",
        "dateCreated": "2026-05-03",
        "author": {"name": "Tilly Hedge"},
    }
    found = metadata(ld({"@type": "QAPage", "mainEntity": question}))
    assert (found.title, found.authors, found.date) == ("Why moss?", ["Tilly Hedge"], "2026-05-03")
    assert metadata(ld({"@type": "FAQPage", "mainEntity": [question]})).authors == []


def test_the_type_of_the_page() -> None:
    graph = '<meta property="og:type" content="website">'
    assert metadata(graph + ld(ARTICLE)).page_type == "NewsArticle"
    assert metadata(graph).page_type == "website"
    assert metadata("").page_type is None


def test_the_names_of_the_host_go_from_a_title() -> None:
    found = metadata("<title>A bridge for the town | Daily Planet</title>", url="https://www.dailyplanet.example/a")
    assert found.title == "A bridge for the town"
    assert metadata("<title>Interview: a bridge</title>").title == "Interview: a bridge"


def test_authors_of_teasers_are_left_alone() -> None:
    body = (
        "<div><span><a rel=author>Jane Doe</a></span> <span><a rel=author>John Roe</a></span></div>"
        + BODY
        + "<ul><li><p><a rel=author>Somebody Else</a></p></li></ul>"
    )
    assert metadata("", f"<article>{body}</article>").authors == ["Jane Doe", "John Roe"]


def test_a_person_counts_before_the_house() -> None:
    article = {**ARTICLE, "author": {"@type": "Organization", "name": "The Daily"}}
    assert metadata(ld(article), "<div><a rel=author>Jane Doe</a></div>" + BODY).authors == ["Jane Doe"]
    assert metadata(ld(article)).authors == ["The Daily"]
    both = {**ARTICLE, "author": [{"@type": "Person", "name": "Jane Doe"}, {"name": "The Daily"}]}
    assert metadata(ld(both)).authors == ["Jane Doe"]


@pytest.mark.parametrize("account", ["jdoe", "jane.doe", "user123", "JaneD"])
def test_an_account_that_nobody_sees_is_no_author(account: str) -> None:
    article = {**ARTICLE, "author": {"@type": "Person", "name": account}}
    assert metadata(ld(article)).authors == []
    assert metadata(ld(article), f"<p>Posted by: {account}</p>" + BODY).authors == [account]


def test_the_candidate_that_knows_more_counts() -> None:
    article = {**ARTICLE, "author": {"@type": "Person", "name": "Jane Doe"}}
    body = "<h1>Council and bridge</h1><p>By Jane Doe and John Roe</p>" + BODY
    assert metadata(ld(article), body).authors == ["Jane Doe", "John Roe"]
    several = {**ARTICLE, "author": [{"name": "Jane Doe"}, {"name": "John Roe"}]}
    assert metadata(ld(several), "<h1>Council and bridge</h1><p>By Jane Doe</p>" + BODY).authors == [
        "Jane Doe",
        "John Roe",
    ]


def test_what_hangs_on_a_byline_goes_where_the_head_has_the_name() -> None:
    article = {**ARTICLE, "author": {"@type": "Person", "name": "Jane Doe"}}
    body = "<h1>Council and bridge</h1><p>By Jane Doe For The Weekly Bugle</p>" + BODY
    assert metadata(ld(article), body).authors == ["Jane Doe"]


def test_a_printed_date_counts_before_a_machine_that_contradicts_it() -> None:
    body = "<h1>Council and bridge</h1><p>March 3, 2024</p>" + BODY
    assert metadata(ld({**ARTICLE, "dateModified": None}), body).date == "2024-03-03"
    assert metadata(ld({**ARTICLE, "dateModified": "2024-03-03"}), body).date == ARTICLE["datePublished"]
    same_day = "<h1>Council and bridge</h1><p>November 6, 2023</p>" + BODY
    assert metadata(ld(ARTICLE), same_day).date == ARTICLE["datePublished"]


def test_the_only_date_in_view_is_the_article_s() -> None:
    found = metadata("", "<h1>Council and bridge</h1><p>Last updated: March 3, 2024</p>" + BODY)
    assert (found.date, found.modified) == ("2024-03-03", "2024-03-03")
    found = metadata(ld(ARTICLE), "<h1>Council and bridge</h1><p>Last updated: March 3, 2024</p>" + BODY)
    assert found.date == ARTICLE["datePublished"]


def test_the_rules_have_the_first_word() -> None:
    class Rules:
        def declare(self, document: Document, declared: Declared) -> None:
            declared.add("title", "By rule | The Daily", Source("rule:sites/daily.example/title", "By rule"))

    found = metadata(ld(ARTICLE), rules=Rules())
    assert found.title == "By rule | The Daily"
    assert found.sources["title"].name.startswith("rule:")


def test_captions_that_rules_take_from_lines_count() -> None:
    class Rules:
        def declare(self, document: Document, declared: Declared) -> None:
            source = Source("rule:sites/daily.example/captions", "A dog - AFP")
            declared.add("captions", [Caption("A dog", "AFP"), Caption("A cat (Photo: Jane Doe)")], source)

    document = segment(Page(f"<!doctype html><body>{BODY}", media_type="text/html"))
    declared = declare(document, Rules())
    found = describe(document, declared, [Verdict(Fate.KEEP)] * len(document))[1]
    assert [(caption.text, caption.credit) for caption in found] == [("A dog", "AFP"), ("A cat", "Jane Doe")]


def test_an_address_that_is_none_is_no_trouble() -> None:
    assert metadata("", url="https://[::1/2023/11/06/bridge").title is None
    assert metadata("", url="https://daily.example/2023/11/06/bridge?x=/2020/01/01/").date == "2023-11-06"


def test_a_page_that_states_nothing_gets_nothing() -> None:
    found = metadata("")
    assert (found.title, found.authors, found.date, found.section, found.description) == (None, [], None, None, None)


@pytest.mark.parametrize(
    "page",
    [
        "<div itemprop=author rel=author>By Jane Doe</div>" * 20_000,
        "<p>Photo: Jane Doe, Getty Images / A, B (x) [y</p>" * 20_000,
        '<script type=\'application/ld+json\'>{"@type": "Article", "headline": "x"}</script>' * 10_000 + "<p>x",
        "<meta property=og:title content='x | y'><h1>x | y</h1><time datetime=2020-01-01 class=published>x</time>"
        * 20_000,
        "<p>" + "photo by x, / via (c) [ ( " * 20_000,
        "".join(f"<p>1 abc{chr(97 + n % 26)}d 2020, 3 ef{chr(97 + n % 26)}g 2021</p>" for n in range(5_000)),
    ],
    ids=["marked", "credits", "scripts", "metas", "long", "dates"],
)
def test_hostile_pages_stay_cheap(page: str) -> None:
    document = segment(Page(f"<html lang=bg><body>{page}", media_type="text/html"))
    start = time.process_time()
    declare(document, NoRules())
    assert time.process_time() - start < 10
