"""HTML into blocks: what a reader sees as one unit, every word once, none glued."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.model import BlockKind, Document, Page
from cleaner.segment import fragments, segment
from cleaner.text import collapse, settle, settle_line


def blocks(html: str) -> Document:
    return segment(Page(f"<!doctype html><html><body>{html}</body></html>"))


def texts(html: str) -> list[str]:
    return [block.text for block in blocks(html)]


def shapes(html: str) -> list[tuple[str, int, str]]:
    return [(block.kind.value, block.level, block.text) for block in blocks(html)]


def test_inline_elements_do_not_break_words_and_blocks_do() -> None:
    assert texts("<p>un<b>believ</b>able <i>yes</i></p><div>a</div><div>b</div>") == ["unbelievable yes", "a", "b"]


def test_loose_text_beside_blocks_is_a_block_of_its_own() -> None:
    assert texts("<div>before<p>inside</p>after</div>tail") == ["before", "inside", "after", "tail"]


def test_two_breaks_end_a_paragraph_and_one_ends_a_line() -> None:
    assert texts("<p>one<br>two<br> <br>three<br/><br/><br/>four</p>") == ["one\ntwo", "three", "four"]


def test_links_side_by_side_stay_apart() -> None:
    assert texts("<nav><a href=/>Home</a><a href=/n>News</a></nav>") == ["Home News"]


def test_headings_carry_their_level() -> None:
    assert shapes("<h1>A</h1><h3>B <small>c</small></h3>") == [("heading", 1, "A"), ("heading", 3, "B c")]


def test_list_items_carry_depth_and_number() -> None:
    found = blocks("<ul><li>one<ul><li>deep</ul><li>two</ul><ol start=3><li>c<li value=9>d<li>e</ol>")
    assert [(block.marker, block.level, block.text) for block in found] == [
        ("-", 0, "one"),
        ("-", 1, "deep"),
        ("-", 0, "two"),
        ("3.", 0, "c"),
        ("9.", 0, "d"),
        ("10.", 0, "e"),
    ]
    assert len({block.group for block in found}) == 2


def test_only_the_first_paragraph_of_a_list_item_is_the_item() -> None:
    assert shapes("<ul><li><p>one</p><p>more</p></li></ul>") == [("list-item", 0, "one"), ("paragraph", 0, "more")]


def test_a_table_of_data_gives_a_block_per_row() -> None:
    rows = shapes("<table><tr><th>City<th>People<tr><td>Ulm<br>(north)<td><p>120</p><p>000</p><tr><td>Bern<td></table>")
    assert rows == [
        ("table-row", 0, "City | People"),
        ("table-row", 0, "Ulm (north) | 120 000"),
        ("table-row", 0, "Bern |"),
    ]


def test_a_layout_table_segments_as_ordinary_blocks() -> None:
    assert shapes("<table><tr><td><h2>Head</h2><p>Text.</p></td><td>Side</td></tr></table>") == [
        ("heading", 2, "Head"),
        ("paragraph", 0, "Text."),
        ("paragraph", 0, "Side"),
    ]


def test_code_keeps_its_indentation_and_blank_lines() -> None:
    (code,) = blocks("<pre><code>\ndef f():\n    if x:\n\n        return <b>1</b>\n</code></pre>")
    assert code.kind is BlockKind.CODE
    assert code.text == "def f():\n    if x:\n\n        return 1"


def test_lines_of_a_listing_built_from_blocks_stay_lines() -> None:
    (code,) = blocks("<pre><div>a = 1</div><div>  b = 2</div></pre>")
    assert code.text == "a = 1\n  b = 2"


def test_quotes_and_captions_know_what_they_are() -> None:
    quote, caption = blocks(
        "<blockquote><p>So it was.</p></blockquote><figure><img src=/p.jpg alt='A dog'><figcaption>Rex</figcaption></figure>"
    )
    assert quote.kind is BlockKind.QUOTE
    assert caption.kind is BlockKind.CAPTION


def test_hidden_text_is_a_block_that_says_so() -> None:
    found = blocks("<p hidden>one</p><div style='DISPLAY : none'><p>two</p></div><p style='color:red'>three</p>")
    assert [(block.text, block.hidden) for block in found] == [("one", True), ("two", True), ("three", False)]


def test_hidden_text_within_a_paragraph_is_a_fragment_and_the_paragraph_goes_on() -> None:
    found = blocks("<p>Read <span style='display:none'>(ad)</span> on</p><p>Next</p>")
    assert [(block.text, block.hidden, block.continues) for block in found] == [
        ("Read", False, False),
        ("(ad)", True, True),
        ("on", False, True),
        ("Next", False, False),
    ]


def test_a_hidden_element_without_text_splits_nothing() -> None:
    assert texts("<p>one <svg><title>icon</title><path d=''/></svg>two <span hidden> </span>three</p>") == [
        "one two three"
    ]


def test_scripts_styles_and_templates_are_no_text() -> None:
    assert texts("<p>a</p><script>var p = '<p>x</p>'</script><style>p{}</style><template><p>t</p></template>b") == [
        "a",
        "b",
    ]


def test_noscript_is_read_only_when_the_page_is_nearly_empty() -> None:
    assert texts("<p>Loading</p><noscript><p>The whole text.</p></noscript>") == ["Loading", "The whole text."]
    assert texts(f"<p>{'word ' * 80}</p><noscript><p>Turn on scripts.</p></noscript>") == [("word " * 80).strip()]


def test_no_break_spaces_zero_widths_and_soft_hyphens_are_settled_and_quotes_are_not() -> None:
    assert texts("<p>10&nbsp;km a&shy;b c&#8203;d “so” – e&#x301;</p>") == ["10 km ab cd “so” – é"]


def test_links_are_counted_with_their_letters() -> None:
    (block,) = blocks("<p>See <a href=/a>this one</a> and <a href=/b>that</a></p>")
    assert (block.links, block.link_chars) == (2, len("thisonethat"))


def test_custom_elements_are_blocks_outside_sentences_only() -> None:
    assert texts("<x-card>one</x-card><x-card>two</x-card><p>a <x-link>b</x-link> c</p>") == ["one", "two", "a b c"]


def test_the_path_names_the_block_element() -> None:
    (block,) = blocks("<div id=main class='a b c'><p>x <b>y</b></p></div>")
    assert block.path == "html/body/div#main.a.b/p"


def test_fragments_split_at_the_edges_of_an_element_and_keep_the_space() -> None:
    document = blocks("<p>Hello <span>big</span>, wide <b>world</b></p>")
    span = next(element for element in document.spans if element.tag == "span")
    _, first, end = document.spans[span]
    assert fragments(document, [(first, end)])
    assert [(block.text, block.continues, block.glue) for block in document] == [
        ("Hello", False, ""),
        ("big", True, " "),
        (", wide world", True, ""),
    ]
    assert not fragments(document, [(first, end)])


_MARKUP = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<a href=x>",
        "</a>",
        "<br>",
        "<ul>",
        "<li>",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
    ]
    + [
        "</table>",
        "<pre>",
        "</pre>",
        "<span hidden>",
        "</span>",
        "<h2>",
        "</h2>",
        "<blockquote>",
        "</blockquote>",
        "<img>",
        "<x-y>",
        "<svg>",
    ]
    + ["</svg>", "<ol>", "</ol>", "</li>", "<figure>", "<figcaption>", "</figure>", "<dl>", "<dt>", "<dd>", " ", "\n"]
)
_WORDS = st.text("abcé中ก ", min_size=1, max_size=8)


@given(st.lists(st.one_of(_MARKUP, _WORDS), max_size=40))
def test_every_word_is_in_exactly_one_block_in_order(parts: list[str]) -> None:
    document = blocks("".join(parts))
    seen = "".join("".join(block.text.replace("|", "").split()) for block in document)
    assert seen == "".join("".join(part.split()) for part in parts if not part.startswith("<"))
    assert [block.index for block in document] == list(range(len(document)))
    assert len(document.bounds) == len(document.anchors) == len(document)
    for (_, end), (first, _) in zip(document.bounds, document.bounds[1:], strict=False):
        assert end <= first


@given(st.lists(st.one_of(_MARKUP, _WORDS), max_size=30), st.data())
def test_fragments_conserve_the_text(parts: list[str], data: st.DataObject) -> None:
    document = blocks("".join(parts))
    before = "".join("".join(block.text.replace("|", "").split()) for block in document)
    edge = st.integers(0, len(document.pieces))
    ranges = data.draw(st.lists(st.tuples(edge, edge).map(lambda pair: (min(pair), max(pair))), max_size=5))
    fragments(document, ranges)
    assert "".join("".join(block.text.replace("|", "").split()) for block in document) == before
    assert [block.index for block in document] == list(range(len(document)))


@pytest.mark.parametrize(
    "start", ["<title>T</title>", "<meta charset=utf-8>", "<html><head><title>T</title>", "<script>x</script>"]
)
@pytest.mark.parametrize("tag", ["main", "article", "section", "nav", "x-app"])
def test_a_page_that_leaves_out_its_body_tag_loses_nothing(start: str, tag: str) -> None:
    found = segment(Page(f"<!doctype html>{start}<{tag}>First<p>Second</p></{tag}> third <p>Fourth</p>"))
    assert [block.text for block in found] == ["First", "Second", "third", "Fourth"]


def test_the_title_stays_in_the_head() -> None:
    root = segment(Page("<!doctype html><link rel=x><main>Text</main><title>T</title><p>More")).root
    assert root.findtext("head/title") == "T"
    assert [element.tag for element in root.find("body")] == ["main", "p"]


@given(st.text(st.sampled_from("a e\u0301\u00ad\u200b\u00a0\u2028\u2003\n\x1f\u200d\ufdd0\u212a1.")))
def test_a_line_is_settled_as_if_settled_before_it_is_collapsed(text: str) -> None:
    assert settle_line(text) == collapse(settle(text))
