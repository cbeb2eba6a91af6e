"""Kept blocks into text and Markdown; the text is a fixed point of segmenting and composing."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaner.compose import compose
from cleaner.model import Document, Evidence, Fate, NoiseKind, Page, Verdict
from cleaner.segment import fragments, segment

KEEP = Verdict(Fate.KEEP, evidence=(Evidence("test"),))
DROP = Verdict(Fate.DROP, NoiseKind.OTHER, evidence=(Evidence("test"),))


def compose_all(document: Document) -> tuple[str, str]:
    return compose(document, [KEEP] * len(document))


def html(body: str, url: str | None = None) -> Document:
    return segment(Page(f"<!doctype html><html><body>{body}</body></html>", url=url))


def dump(text: str) -> Document:
    return segment(Page(text, media_type="text/plain"))


def again(text: str) -> str:
    return compose_all(dump(text))[0]


def test_paragraphs_lists_quotes_tables_and_code_are_legible() -> None:
    text, markdown = compose_all(
        html(
            "<h2>Head</h2><p>Para <b>one</b>.</p><ul><li>a<ul><li>b</ul><li>c</ul><blockquote><p>Said.</p></blockquote>"
            "<table><tr><th>K<th>V<tr><td>x|y<td>2</table><pre>if x:\n  y</pre>"
        )
    )
    assert text == "Head\n\nPara one.\n\n- a\n  - b\n- c\n\n> Said.\n\nK | V\nx|y | 2\n\n```\nif x:\n  y\n```"
    assert markdown == (
        "## Head\n\nPara **one**.\n\n- a\n    - b\n- c\n\n> Said.\n\n| K | V |\n| --- | --- |\n| x\\|y | 2 |\n\n```\nif x:\n  y\n```"
    )
    assert again(text) == text


def test_short_lines_stay_together_and_long_ones_stand_apart() -> None:
    assert compose_all(html("<p>Roses are red,<br>violets are blue</p>"))[0] == "Roses are red,\nviolets are blue"
    long = "x" * 50
    assert compose_all(html(f"<p>{long}<br>{long}</p>"))[0] == f"{long}\n\n{long}"


def test_markdown_links_are_absolute_and_never_scripts() -> None:
    body = "<p>See <a href='/a b'>this</a>, <a href='javascript:x()'>that</a>, <a href='#top'>top</a></p>"
    assert compose_all(html(body, "https://example.org/n/"))[1] == "See [this](https://example.org/a%20b), that, top"


def test_markdown_escapes_what_would_be_markup() -> None:
    assert (
        compose_all(html("<p># 1 *star* snake_case [a](b) &lt;b&gt;</p>"))[1]
        == r"\# 1 \*star\* snake_case [a\](b) \<b>"
    )
    assert compose_all(html("<p>1. not a list</p>"))[1] == r"1\. not a list"


def test_marks_do_not_swallow_the_space_beside_them() -> None:
    assert compose_all(html("<p>a<b> bold </b>c <code>x*y</code></p>"))[1] == "a **bold** c `x*y`"


def test_kept_fragments_rejoin_with_the_space_they_had() -> None:
    document = html("<p>Hello <span>AD</span> world<sup>[1]</sup>, and<i>x</i>more</p>")
    marked = [document.spans[e][1:] for e in document.spans if e.tag in ("span", "sup", "i")]
    fragments(document, marked)
    verdicts = [DROP if block.text in ("AD", "[1]", "x") else KEEP for block in document]
    assert compose(document, verdicts)[0] == "Hello world, and more"


def test_what_is_included_is_printed_where_it_stands() -> None:
    document = html("<h1>Title</h1><p>Body.</p><p>Comment.</p>")
    verdicts = [Verdict(Fate.METADATA, field="title"), KEEP, Verdict(Fate.DROP, NoiseKind.COMMENTS)]
    assert compose(document, verdicts)[0] == "Body."
    assert compose(document, verdicts, ["title"])[0] == "Title\n\nBody."
    assert compose(document, verdicts, ["comments"])[0] == "Body.\n\nComment."


_LINES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60),
        st.sampled_from(
            [
                "",
                "- a",
                "  - b",
                "1. x",
                "> q",
                "a | b",
                "| c",
                "```",
                "```py",
                "# h",
                "• x",
                "x" * 50,
                "A short line",
                "~~~",
                "`````",
                "```~~",
                "x" * 40,
            ]
        ),
    ),
    max_size=25,
)


_GONE = st.sets(st.integers(0, 25))
"""The numbers of blocks that are not kept."""


def compose_without(document: Document, gone: set[int]) -> str:
    return compose(document, [DROP if index in gone else KEEP for index in range(len(document))])[0]


@given(_LINES, _GONE)
def test_what_is_kept_of_a_dump_is_a_fixed_point(lines: list[str], gone: set[int]) -> None:
    text = compose_without(dump("\n".join(lines)), gone)
    assert again(text) == text


_PARTS = [
    "<p>",
    "</p>",
    "<br>",
    "<ul>",
    "<li>",
    "</ul>",
    "<ol>",
    "</ol>",
    "<table><tr><td>",
    "<td>",
    "<tr>",
    "</table>",
    "<pre>",
    "</pre>",
    "<b>",
    "</b>",
]
_TEXT = [
    "- dash",
    "1. one",
    "> q",
    "```",
    "a | b",
    "#x",
    "# y",
    "word " * 12,
    "short",
    "\n",
    "  ",
    "~~~",
    "`````",
    "é",
    "e",
    "\u0301",
    "\x85",
    "x" * 40,
    "中文。",
]


@given(
    st.lists(st.sampled_from([*_PARTS, *_TEXT, "<h2>", "</h2>", "<blockquote>", "</blockquote>"]), max_size=30), _GONE
)
@example(["```", "<pre>", "```"], set())
@example(["~~~", "<pre>", "~~~"], set())
@example(["- dash", "<br>", "~~~"], set())
def test_what_is_kept_of_a_page_is_a_fixed_point(parts: list[str], gone: set[int]) -> None:
    document = html("".join(parts))
    fragments(document, [document.spans[e][1:] for e in document.spans if e.tag == "b"])
    text = compose_without(document, gone)
    assert again(text) == text


def test_a_nested_number_that_is_no_mark_in_a_dump_is_not_indented() -> None:
    text, _ = compose_all(html("<ol start=9><li>a<ol start=123456><li>b</ol></ol>"))
    assert text == "9. a\n\n123456. b"
    assert again(text) == text


def test_a_fence_in_prose_is_no_edge_of_a_listing() -> None:
    text, _ = compose_all(html("<p>so:<br>```x<br>y<br>```<br>and</p><h2>~~~</h2><table><tr><td>```<td>z</table>"))
    assert text == "so:\n ```x\ny\n ```\nand\n\n ~~~\n\n ``` | z"
    assert again(text) == text


def test_a_fence_in_prose_opens_no_listing_when_another_is_gone() -> None:
    page = dump("```\n```\n\nfirst\n\n```\n```\n\nsecond\n\n```\nlisted\n```")
    for gone in range(len(page)):
        text = compose_without(page, {gone})
        assert again(text) == text, gone


@pytest.mark.parametrize("name", ["~~~", "~py"])
def test_the_name_of_a_listing_may_begin_with_the_other_fence(name: str) -> None:
    text, markdown = compose_all(dump(f"```{name}\nlisted\n```\n\nend"))
    assert text == markdown == f"```{name}\nlisted\n```\n\nend"


def test_short_lines_without_spaces_are_not_taken_for_a_wrapped_dump() -> None:
    hashes = [f"{7**47 + number:040x}" for number in range(6)]
    text, _ = compose_all(html(f"<p>{'<br>'.join(hashes)}</p><p>{'word ' * 11}</p>"))
    assert text.startswith("\n".join(hashes))
    assert again(text) == text


def test_a_letter_and_an_accent_that_come_together_are_one() -> None:
    document = html("<p>caf<b>e</b><i>AD</i><u>\u0301</u> noir</p>")
    fragments(document, [document.spans[e][1:] for e in document.spans if e.tag in "biu"])
    text, _ = compose(document, [DROP if block.text == "AD" else KEEP for block in document])
    assert text == "caf\u00e9 noir"
    assert again(text) == text


def test_the_parts_of_a_line_of_a_listing_stay_a_line() -> None:
    document = html("<pre>first \x85<b>second</b></pre>")
    whole = compose_all(document)
    fragments(document, [document.spans[e][1:] for e in document.spans if e.tag == "b"])
    assert len(document) == 2
    assert compose_all(document) == whole
    assert again(whole[0]) == whole[0]


def test_fences_in_prose_make_none_of_a_listing_longer() -> None:
    assert compose_all(dump("`````\n\n```\nlisted\n```"))[0] == " `````\n\n```\nlisted\n```"


def test_a_paragraph_of_many_pieces_costs_no_quadratic_time() -> None:
    began = time.process_time()
    text, markdown = compose_all(html("<p>" + "word <span>word</span> " * 20_000))
    assert time.process_time() - began < 3
    assert text == markdown == " ".join(["word"] * 40_000)


def test_icon_font_characters_break_no_line() -> None:
    assert compose_all(html("<p>a\ue000b <b>c</b>\ue001d</p>"))[1] == "a\ue000b **c**\ue001d"
