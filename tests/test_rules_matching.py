"""What rules hit on a page: each matcher, each condition, in HTML and in dumps."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.model import Block, BlockKind, Caption, Declared, Document, Page, Zone
from cleaner.rules import RuleBook, RuleSet
from cleaner.rules.book import _Root
from tests.rule_pages import page_of_html, page_of_text

Book = Callable[..., RuleBook]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Makes a book of the given files and no others."""

    def make(**files: str) -> RuleBook:
        for name, body in files.items():
            path = tmp_path / f"{name.replace('__', '/').replace('_', '.')}.toml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"schema = 1\n{body}", encoding="utf-8")
        return RuleBook([_Root(tmp_path, "rules")])

    return make


def rule(body: str, name: str = "r", kind: str = "other") -> str:
    return f'[[rule]]\nid = "{name}"\nkind = "{kind}"\n{body}\n'


def hits(rules: RuleSet, document: Document) -> list[str]:
    """The text of the pieces under each mark, in order."""
    marks = sorted(rules.mark(document), key=lambda mark: (mark.first, mark.end))
    return ["".join(document.pieces[mark.first : mark.end]).strip() for mark in marks]


def on_html(book: Book, body: str, source: str, **options: object) -> list[str]:
    document = page_of_html(source, **options)  # type: ignore[arg-type]
    return hits(book(generic__x=body).for_page(document), document)


def on_text(book: Book, body: str, source: str, **options: object) -> list[str]:
    document = page_of_text(source, **options)  # type: ignore[arg-type]
    return hits(book(generic__x=body).for_page(document), document)


PAGE = """<body class=home><article id=main><h1>Title</h1><p>First paragraph, of prose.</p>
<aside class="Related box"><h3>You may also like</h3>
<ul><li><a href=/a>One</a></li><li><a href=/b>Two</a></li></ul></aside>
<p>Second <span class=ad>buy this</span> paragraph.</p><div id=jp-relatedposts></div>
<div id=jp-post-flair>Like this</div>
</article><footer>End</footer>"""


# ---- elements


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ('css = "aside.Related li"', ["One", "Two"]),
        ('css = "aside.related li"', []),  # CSS classes have case
        ('css = ".box > h3, footer"', ["You may also like", "End"]),
        ('css = ["footer", "h1"]', ["Title", "End"]),
        ('css = "body.home footer"', ["End"]),
        ('css = "html footer"', ["End"]),
        ('css = "p:nth-of-type(2) span"', ["buy this"]),
        ('xpath = "//li[2]"', ["Two"]),
        ("xpath = \"//p[contains(., 'Second')]/following-sibling::div\"", ["Like this"]),
        ('token = "related"', ["You may also likeOneTwo"]),
        ('token = "relate"', []),
        ('token = "jp-*"', ["Like this"]),
        ('token = "*-FLAIR"', ["Like this"]),
        ('token = "*post*"', ["Like this"]),
        ('token = "*postz*"', []),
        ('token = ["box", "ad"]', ["You may also likeOneTwo", "buy this"]),
        ('css = "li"\ntext = "^tw"', ["Two"]),
        ('css = "li"\ntext = "w"', ["Two"]),
        ('css = "p, h3"\nmax_words = 3', []),
        (
            'css = "p, h3"\nmax_words = 4',
            ["You may also like", "First paragraph, of prose.", "Second buy this paragraph."],
        ),
        ('token = "box"\nmax_words = 5', []),
    ],
)
def test_element_matchers(book: Book, matcher: str, expected: list[str]) -> None:
    found = [text.replace("\n", "") for text in on_html(book, rule(matcher), PAGE)]
    assert sorted(found) == sorted(expected)
    assert on_text(book, rule(matcher), "You may also like\nOne") == []


def test_marks_of_elements_carry_their_place(book: Book) -> None:
    document = page_of_html(PAGE)
    (mark,) = book(generic__x=rule('token = "ad"')).for_page(document).mark(document)
    element = document.root.find(".//span")
    assert (mark.anchor, mark.first, mark.end) == document.spans[element]
    assert (mark.rule.id, mark.rule.where, mark.detail) == ("generic/x/r", "rules/generic/x.toml:2", "token ad")


def test_what_holds_no_text_is_not_marked(book: Book) -> None:
    assert on_html(book, rule('css = "#jp-relatedposts, script, head"'), PAGE + "<script>x</script>") == []


def test_a_selector_that_hits_too_much_is_cut_and_noted(book: Book) -> None:
    document = page_of_html("<p>x</p>" * 5_100)
    marks = book(generic__x=rule('css = "p"')).for_page(document).mark(document)
    assert len(marks) == 5_000
    assert "hits 5,100 elements" in document.notes[0].message


# ---- phrases and lines


@pytest.mark.parametrize(
    ("matcher", "text", "hit"),
    [
        ('phrase = "Read more"', "READ  MORE »", True),
        ('phrase = "Read more:"', "Read more…", True),
        ('phrase = "Read more"', "Read more news", False),
        ('phrase = "ｆｕｌｌ"', "full", True),
        ('phrase = "Straße"', "STRASSE", True),
        ("line = '\\d+ comments?'", "12 Comments", True),
        ("line = '\\d+ comments?'", "12 comments here", False),
        ("line = 'a b'", "a\u00a0 b", True),
        ("line = 'read more…'", "Read more...", True),
        ("line = '\\d+'", "12", True),
        ("line = '.+'", "x" * 2_000, True),
        ("line = '.+'", "x" * 2_001, False),
        ("line = 'x|y'", "xy", False),
        ("line = 'a'\nmax_words = 1", "a", True),
        ('phrase = "a b"\nmax_words = 1', "a b", False),
    ],
)
def test_phrases_and_lines(book: Book, matcher: str, text: str, hit: bool) -> None:
    assert bool(on_text(book, rule(matcher), text)) is hit
    assert bool(on_html(book, rule(matcher), f"<p>{text}</p>")) is hit


def test_a_block_that_several_matchers_of_a_rule_hit_is_marked_once(book: Book) -> None:
    assert on_text(book, rule("phrase = 'a'\nline = ['a', 'a+']"), "a\nb") == ["a"]


def test_many_patterns_at_once_say_what_each_says_alone(book: Book) -> None:
    patterns = ["a+", "\\d+", "[^x]*", "by .{2,10}", "(?:b|c)d", "é.*", "", "b$|^c"]
    body = "".join(rule(f"line = '{pattern}'", f"r{n}") for n, pattern in enumerate(patterns) if pattern)
    document = page_of_text("aaa\n12\nby Ann\nBD\nx\nÉté\nc\nb")
    marks = book(generic__x=body).for_page(document).mark(document)
    found = {(mark.rule.local_id, document.blocks[mark.first].text) for mark in marks}
    assert found == {
        *{("r0", "aaa"), ("r1", "12"), ("r3", "by Ann"), ("r4", "BD"), ("r5", "Été"), ("r7", "c"), ("r7", "b")},
        *{("r2", text) for text in ("aaa", "12", "by Ann", "BD", "Été", "c", "b")},
    }


# ---- phrase sets


def test_phrase_sets_are_merged_over_files(book: Book) -> None:
    made = book(
        lang__en='[when]\nlang = "en"\n[phrases]\nshare = ["Share"]',
        lang__de='[when]\nlang = "de"\n[phrases]\nshare = ["Teilen"]',
        generic__x=rule('phrase = "@share"'),
        sites__example_com='site = "example.com"\n[phrases]\nshare = ["Weitersagen"]\n' + rule('line = "x"'),
    )
    text = "Share\nTeilen\nWeitersagen"
    for url, language, expected in [
        (None, None, ["Share", "Teilen"]),
        (None, "de", ["Teilen"]),
        (None, "en", ["Share"]),
        ("https://www.example.com/a", "en", ["Share", "Weitersagen"]),
    ]:
        document = page_of_text(text, url, language)
        assert hits(made.for_page(document), document) == expected


# ---- sections, runs, pairs

RELATED = """Body, which is prose.
You may also like
Teaser one
Teaser two
Teaser three
Body again, a long line of many words."""


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ('{ head = "You may also like", max_lines = 2 }', [1, 2, 3]),
        ('{ head = "You may also like", each = { max_words = 2 } }', [1, 2, 3, 4]),
        ('{ head = "You may also like", each = { max_words = 2 }, keep_head = true }', [2, 3, 4]),
        ('{ head = "You may also like", each = { sentence = false } }', [1, 2, 3, 4]),
        ('{ head = "You may also like" }', [1, 2, 3, 4, 5]),
        ('{ head = { line = "you .+", max_words = 4 }, each = { line = "teaser .+" } }', [1, 2, 3, 4]),
        ('{ head = { line = "you .+", max_words = 3 } }', []),
        ('{ head = { line = "teaser .+" }, max_lines = 1 }', [2, 3, 4, 5]),
        ("{ head = { min_words = 8 } }", [5]),
    ],
)
def test_sections(book: Book, section: str, expected: list[int]) -> None:
    lines = RELATED.splitlines()
    assert on_text(book, rule(f"section = {section}"), RELATED) == [lines[index] for index in expected]


def test_a_section_ends_at_a_heading_of_its_level_and_at_the_end_of_its_zone(book: Book) -> None:
    section = rule('section = { head = "Related" }')
    source = "<h3>Related</h3><p>a</p><h4>b</h4><h3>c</h3><p>d</p>"
    assert on_html(book, section, source) == ["Related", "a", "b"]
    source = "<p>Related</p><p>a</p><h2>b</h2><div data-zone=tail><p>c</p></div>"
    assert on_html(book, section, source) == ["Related", "a", "b"]


def test_hidden_blocks_are_no_part_of_the_order_and_go_along(book: Book) -> None:
    section = rule('section = { head = "Related", max_lines = 1 }')
    source = "<p>Related</p><p hidden>x y z</p><p>a</p><p hidden>q</p><p>b</p>"
    assert on_html(book, section, source) == ["Related", "x y z", "a"]
    assert on_html(book, section, "<p>Related</p><p hidden>x</p>") == ["Related"]
    assert on_html(book, section, "<p hidden>Related</p><p>x</p>") == []
    run = rule('run = { each = ["a", "b"], min = 2 }')
    assert on_html(book, run, "<p>a</p><p hidden>x</p><p>b</p><p hidden>y</p>") == ["a", "x", "b"]
    pair = rule('pair = { first = "a", second = "b" }')
    assert on_html(book, pair, "<p>a</p><p hidden>x</p><p>b</p>") == ["a", "x", "b"]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ('{ each = ["Share", "Tweet", "Pin"] }', [2, 3, 4]),
        ('{ each = ["Share", "Tweet", "Pin"], min = 4 }', []),
        ('{ each = { line = "(?:share|tweet)" }, min = 2 }', [2, 3]),
        ('{ each = { line = "(?:share|tweet)" }, min = 1 }', [0, 2, 3, 6]),
        ('{ each = { max_words = 1, phrase = ["Share", "Tweet", "Pin"] }, min = 1 }', [0, 2, 3, 4, 6]),
        ("{ each = { max_words = 1 } }", [2, 3, 4]),
        ("{ each = { sentence = false }, min = 4 }", []),
    ],
)
def test_runs(book: Book, run: str, expected: list[int]) -> None:
    lines = ["Share", "One, two.", "Share", "Tweet", "Pin", "Three, four.", "Tweet"]
    assert on_text(book, rule(f"run = {run}"), "\n".join(lines)) == [lines[index] for index in expected]


@pytest.mark.parametrize(
    ("take", "expected"),
    [
        ("both", ["Previous article", "A title", "Next", "Another"]),
        ("first", ["Previous article", "Next"]),
        ("second", ["A title", "Another"]),
    ],
)
def test_pairs(book: Book, take: str, expected: list[str]) -> None:
    pair = rule(f'pair = {{ first = ["Previous article", "Next"], second = {{ max_words = 3 }}, take = "{take}" }}')
    text = "Previous article\nA title\nNext\nAnother\nNext\nA title of more words"
    assert on_text(book, pair, text) == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("{ linked = true }", ["One", "Two"]),
        ('{ kind = ["heading", "list-item"] }', ["Title", "You may also like", "One", "Two"]),
        ('{ kind = "heading", phrase = ["title", "one"] }', ["Title"]),
        ('{ phrase = "One", line = "t.o" }', ["One", "Two"]),
        ("{ sentence = true, max_words = 10 }", ["First paragraph, of prose.", "Second buy this paragraph."]),
    ],
)
def test_block_tests(book: Book, test: str, expected: list[str]) -> None:
    assert sorted(on_html(book, rule(f"run = {{ each = {test}, min = 1 }}"), PAGE)) == sorted(expected)


@pytest.mark.parametrize("linked", ["true", "false"])
def test_every_line_of_a_dump_passes_linked(book: Book, linked: str) -> None:
    assert on_text(book, rule(f"run = {{ each = {{ linked = {linked} }} }}"), "a\nb\nc") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("It is.", True),
        ("He said: “Go!”", True),
        ("それは。", True),
        ("क्या।", True),
        ("Go (now.)", True),
        ("Go on", False),
        ("a:", False),
    ],
)
def test_how_sentences_end(book: Book, text: str, sentence: bool) -> None:
    assert bool(on_text(book, rule("run = { each = { sentence = true }, min = 1 }"), text)) is sentence


# ---- when

ZONES = "<div data-zone=head><p>x</p></div><p>x</p><div data-zone=tail class=c><p>x</p><p>y</p></div>"


def test_zones_clip_what_elements_cover(book: Book) -> None:
    assert on_html(book, rule('css = "body"\nwhen = { zone = "tail" }'), ZONES) == ["xy"]
    assert on_html(book, rule('css = "body"\nwhen = { zone = ["head", "tail"] }'), ZONES) == ["x", "xy"]
    assert on_html(book, rule('phrase = "x"\nwhen = { zone = "main" }'), ZONES) == ["x"]
    assert on_html(book, rule('css = ".c"\nwhen = { zone = "main" }'), ZONES) == []


@pytest.mark.parametrize(("language", "expected"), [("en", 3), ("de", 0), (None, 2)])
def test_a_page_without_language_is_marked_outside_the_main_run_only(
    book: Book, language: str | None, expected: int
) -> None:
    body = rule('phrase = "x"\nwhen = { lang = ["en", "fr"] }')
    assert len(on_html(book, body, ZONES, language=language)) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.b/news/1?x=y", 1),
        ("https://a.b/news/", 1),
        ("https://a.b/sport/news/1", 0),
        ("https://a.b", 0),
        (None, 0),
    ],
)
def test_paths(book: Book, url: str | None, expected: int) -> None:
    assert len(on_text(book, rule('phrase = "x"\nwhen = { paths = ["/news/*", "/café.?"] }'), "x", url=url)) == expected


def test_a_path_is_compared_unquoted_and_with_its_case(book: Book) -> None:
    body = rule('phrase = "x"\nwhen = { paths = ["/café.?"] }')
    assert on_text(book, body, "x", url="https://a.b/caf%C3%A9.1") == ["x"]
    assert on_text(book, body, "x", url="https://a.b/Caf%C3%A9.1") == []


@pytest.mark.parametrize(
    ("day", "expected"), [("2023-01-01", 1), ("2022-12-31", 0), ("2023-06-30", 1), ("2023-07-01", 0), (None, 1)]
)
def test_dates(book: Book, day: str | None, expected: int) -> None:
    body = rule('phrase = "x"\nwhen = { valid_from = 2023-01-01, valid_until = 2023-06-30 }')
    captured = datetime.fromisoformat(f"{day}T23:59").replace(tzinfo=UTC) if day else None
    assert len(on_html(book, body, "<p>x</p>", captured=captured)) == expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('{ css = "meta[name=generator][content^=WordPress]" }', 1),
        ('{ css = "meta[name=generator][content^=Drupal]" }', 0),
        ('{ xpath = "count(//p) = 1" }', 1),
        ('{ xpath = "count(//p) = 2" }', 0),
        ('{ phrase = "X." }', 1),
        ('{ line = "y" }', 0),
        ('[{ line = "y" }, { css = ["b", "p"] }]', 1),
    ],
)
def test_if_present(book: Book, test: str, expected: int) -> None:
    source = '<head><meta name=generator content="WordPress 6"></head><body><p>x</p>'
    assert len(on_html(book, rule(f'phrase = "x"\nwhen = {{ if_present = {test} }}'), source)) == expected
    whole_file = f"[when]\nif_present = {test}\n" + rule('phrase = "x"')
    assert len(on_html(book, whole_file, source)) == expected


# ---- values


def test_to_meta_gives_the_value(book: Book) -> None:
    body = """
[[rule]]
id = "by"
action = "to_meta"
field = "authors"
line = 'by (?P<v>.+)'
[[rule]]
id = "caption"
action = "to_meta"
field = "captions"
line = '(?P<v>.+) \\((?P<credit>[^)]+)\\)'
[[rule]]
id = "lead"
action = "to_meta"
field = "description"
css = ".lead"
[[rule]]
id = "part"
action = "to_meta"
field = "section"
css = "b"
"""
    document = page_of_html(
        "<p>By Ann ½ Lee</p><p>A dog (AFP)</p><div class=lead><p>One.</p><p>Two.</p></div><p>a <b>c  d</b></p>"
    )
    marks = book(generic__x=body).for_page(document).mark(document)
    assert {mark.rule.local_id: mark.value for mark in marks} == {
        "by": {"v": "Ann ½ Lee"},  # as printed, not as compared
        "caption": {"v": "A dog", "credit": "AFP"},
        "lead": {"v": "One.\nTwo."},
        "part": {"v": "c d"},
    }


META = """
[meta]
title = [{ css = "h1" }, { css = "meta[property='og:title']", attr = "content" }, { xpath = "string(//title)" }]
authors = [{ css = ".by a" }, { css = ".by", line = "by (?P<v>.+)", split = true }]
date = [{ css = "time", attr = "datetime" }, { line = "Published (?P<v>.+)", zone = "tail" }]
site_name = { value = "Example" }
captions = [{ line = "(?P<v>.+) - (?P<credit>AFP)" }]
tags = [{ value = ["a", "b"] }]
url = [{ xpath = "//link/@href" }]
"""


def test_declare(book: Book) -> None:
    document = page_of_html(
        """<head><title>T | E</title><meta property="og:title" content="OG"><link href="/x"></head><body>
<div data-zone=head><h1> <b>Title</b> </h1>
<p class=by>By <a>Ann</a>, <a>Bob</a> and C</p><p><time datetime=2023>2023</time> news</p></div>
<p>Published main</p><p>A dog - AFP</p><div data-zone=tail><p>Published 5 May</p></div>"""
    )
    declared = Declared()
    book(generic__x=META).for_page(document).declare(document, declared)
    values = {name: [value for value, _ in found] for name, found in declared.candidates.items()}
    assert values == {
        "title": ["Title", "OG", "T | E"],
        "authors": [["Ann", "Bob"], ["Ann", "Bob", "C"]],
        "date": ["2023", "5 May"],
        "site_name": ["Example"],
        "captions": [[Caption("A dog", "AFP")]],
        "tags": [["a", "b"]],
        "url": ["/x"],
    }
    source = declared.candidates["title"][0][1]
    assert (source.name, source.where, source.raw) == ("rule:generic/x/[meta].title", "rules/generic/x.toml:4", "Title")
    texts = {document.blocks[index].text: name for index, (name, _) in declared.blocks.items()}
    # The date covers a part of its block; the caption lies in the main run.
    assert texts == {"Title": "title", "By Ann, Bob and C": "authors", "Published 5 May": "date"}


def test_declare_on_a_dump(book: Book) -> None:
    document = page_of_text("By Ann\nBody.", zones={0: Zone.HEAD})
    declared = Declared()
    book(generic__x='[meta]\nauthors = [{ css = "p" }, { line = "by (?P<v>.+)" }]').for_page(document).declare(
        document, declared
    )
    assert declared.first("authors") == ["Ann"]
    assert declared.blocks == {0: ("authors", "generic/x/[meta].authors")}


# ---- body


def test_the_first_body_selector_that_hits_decides(book: Book) -> None:
    made = book(generic__x='[body]\ncss = ["main", "article p", "body"]\n')
    document = page_of_html(PAGE)
    region = made.for_page(document).region(document)
    assert region is not None
    assert (region.id, region.where, region.detail) == ("generic/x/[body]", "rules/generic/x.toml:2", "css article p")
    inside = [
        block.text
        for block, (first, end) in zip(document.blocks, document.bounds, strict=True)
        if any(start <= first and end <= stop for start, stop in region.ranges)
    ]
    assert inside == ["First paragraph, of prose.", "Second buy this paragraph."]
    assert not document.notes


def test_a_body_that_misses_is_noted_once_and_ignored(book: Book) -> None:
    rules = book(generic__x='[body]\ncss = ["main", "#jp-relatedposts"]\n')
    document = page_of_html(PAGE)
    assert rules.for_page(document).region(document) is None
    assert rules.for_page(document).region(document) is None
    (note,) = document.notes
    assert (note.id, note.where) == ("generic/x/[body]", "rules/generic/x.toml:2")
    dump = page_of_text("x")
    assert rules.for_page(dump).region(dump) is None
    assert not dump.notes


# ---- invariants


@given(st.lists(st.sampled_from(["a", "b", "c.", "Related", "x y z w"]), max_size=12), st.integers(1, 4), st.data())
def test_marks_do_not_depend_on_the_order_of_rules(texts: list[str], lines: int, data: st.DataObject) -> None:
    from cleaner.rules.language import parse
    from cleaner.rules.matching import Layer, Reading

    bodies = [
        rule(f'section = {{ head = "related", max_lines = {lines} }}', "s"),
        rule("run = { each = { max_words = 1 }, min = 2 }", "u"),
        rule('pair = { first = "a", second = "b" }', "p"),
        rule("line = '[a-c]\\.?'", "l"),
        rule('phrase = ["a", "c"]', "f"),
    ]
    found = []
    for order in (bodies, data.draw(st.permutations(bodies))):
        file = parse(("schema = 1\n" + "".join(order)).encode(), "generic/x", "x")
        document = page_of_text("\n".join(texts))
        marks = Reading(document, [Layer([file], file.rules)], address=None, extended=frozenset()).marks(frozenset())
        found.append(sorted((mark.rule.id, mark.first, mark.end, mark.anchor, mark.detail) for mark in marks))
        keys = [(mark.rule.id, mark.first) for mark in marks]
        assert len(keys) == len(set(keys))
    assert found[0] == found[1]


# ---- cost


def _base(folder: Path) -> RuleBook:
    """1,500 phrases, 300 tokens, 60 patterns, 40 sections, runs and pairs."""
    phrases = ", ".join(f'"some phrase number {n}"' for n in range(1_500))
    tokens = ", ".join(f'"token-{n}{"*" if n % 10 == 0 else ""}"' for n in range(300))
    body = (
        f"schema = 1\n[phrases]\nmany = [{phrases}]\n"
        + rule('phrase = "@many"', "p")
        + rule(f"token = [{tokens}]", "t")
    )
    for n in range(60):
        body += rule(f"line = '(?:read|see) more{n} [a-z]+ .{{0,80}}'", f"l{n}")
    for n in range(14):
        body += rule('section = { head = "@many", each = { max_words = 40 } }', f"s{n}")
        body += rule(f"run = {{ each = {{ line = '(?:share|tweet) {n} .+' }} }}", f"r{n}")
        body += rule(f'pair = {{ first = "previous {n}", second = {{ max_words = 30 }} }}', f"q{n}")
    (folder / "generic").mkdir()
    (folder / "generic/x.toml").write_text(body)
    return RuleBook([_Root(folder, "rules")])


def _large_page() -> Document:
    """240 blocks in 940 elements."""
    parts = []
    for n in range(235):
        words = f"This is paragraph {n} " * (1 + n % 20)
        text = f'<p class="text t{n}"><b id="i{n}">{words}</b></p>'
        parts.append(f'<div class="wrap wrap-{n % 30}"><div class="inner">{text}</div></div>')
    return page_of_html(
        "<body>" + "".join(parts) + "<p>Some phrase number 7</p><p>x</p><p>y</p><p>See more1 here</p><p>z</p>"
    )


def test_a_page_costs_little(tmp_path: Path) -> None:
    book, document = _base(tmp_path), _large_page()
    assert (len(document.blocks), 900 < len(document.spans) < 1_000) == (240, True)
    rules = book.for_page(document)
    times = []
    for _ in range(30):
        rules = book.for_page(document)
        start = time.process_time()
        marks = rules.mark(document)
        times.append(time.process_time() - start)
    assert len(marks) > 14
    cost = statistics.median(times) * 1e3
    if os.environ.get("CLEANER_TIMES"):
        print(f"\n{cost:.2f} ms per page of 240 blocks, 940 elements")
    # Aimed at 2 ms; machines of CI are slow and shared, but nothing may cost a multiple.
    assert cost < 20, f"{cost:.1f} ms"


def test_hostile_pages_stay_cheap(book: Book) -> None:
    body = rule('section = { head = "x", max_lines = 1000 }', "s") + rule('run = { each = "x" }', "u")
    body += rule('css = "div"\ntext = "z"\nmax_words = 50', "e") + rule("line = '(?:x+)+y'", "l")
    blocks = [Block(index, "x") for index in range(20_000)]
    count = len(blocks)
    document = Document(
        Page("", None), "", "utf-8", False, blocks, [(n, n + 1) for n in range(count)], ["x"] * count, [None] * count,
        anchors=list(range(count)),
    )  # fmt: skip
    start = time.process_time()
    book(generic__x=body).for_page(document).mark(document)
    deep = page_of_html("<div>a" * 200 + "x " * 5_000)
    book(generic__x=body).for_page(deep).mark(deep)
    assert time.process_time() - start < 10


def test_block_kinds_of_the_language_are_those_of_the_model(book: Book) -> None:
    kinds = ", ".join(f'"{kind}"' for kind in BlockKind)
    assert on_text(book, rule(f"run = {{ each = {{ kind = [{kinds}] }}, min = 1 }}"), "x") == ["x"]
