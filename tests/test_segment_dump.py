"""Text dumps into blocks: a line is a block, unless the dump is wrapped."""

from __future__ import annotations

import textwrap
import time

import pytest

from cleaner.errors import TooLargeError
from cleaner.model import BlockKind, Document, Page, Zone
from cleaner.segment import segment

PROSE = (  # one string a paragraph
    "The ferry to the island was cancelled for the third day in a row, and the well-known bakery on the quay stayed shut "
    "until the flour, which had been due on the first boat of the week, could at last be brought over.",
    "Harbour staff said that the wind would drop by the evening, although nobody on the pier believed them any longer, "
    "least of all the two drivers whose lorries had been parked beside the crane since the weekend.",
    "A group of students had pitched their tents beside the ticket office and were cooking soup for whoever came along.",
)


def dump(text: str) -> Document:
    return segment(Page(text, media_type="text/plain"))


def test_one_line_is_one_block_and_blank_lines_make_groups() -> None:
    found = dump("Title\n\nOne.\nTwo.\n\n\nThree.")
    assert [(block.text, block.group) for block in found] == [("Title", 1), ("One.", 2), ("Two.", 2), ("Three.", 3)]


@pytest.mark.parametrize("width", [50, 72, 100])
def test_a_wrapped_dump_is_joined_and_never_dehyphenated(width: int) -> None:
    wrapped = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in PROSE)
    assert [block.text for block in dump("Ferry news\n\n" + wrapped)] == ["Ferry news", *PROSE]


def test_a_dump_wrapped_without_breaking_at_hyphens_is_joined() -> None:
    wrapped = "\n\n".join(textwrap.fill(paragraph, 60, break_on_hyphens=False) for paragraph in PROSE)
    assert [block.text for block in dump(wrapped)] == list(PROSE)


def test_list_items_of_a_wrapped_dump_are_joined_each_to_itself() -> None:
    items = "\n".join(textwrap.fill(f"- {paragraph}", 60, subsequent_indent="  ") for paragraph in PROSE)
    found = dump(items)
    assert [(block.kind, block.text) for block in found] == [(BlockKind.LIST_ITEM, paragraph) for paragraph in PROSE]


def test_lines_that_are_paragraphs_are_not_joined() -> None:
    assert [block.text for block in dump("\n".join(PROSE))] == list(PROSE)


def test_short_lines_of_a_wrapped_dump_stay_lines() -> None:
    text = "Home\nNews\nSport\n\n" + "\n\n".join(textwrap.fill(paragraph, 60) for paragraph in PROSE)
    assert [block.text for block in dump(text)] == ["Home", "News", "Sport", *PROSE]


def test_shapes() -> None:
    text = "# Top\n\n- one\n  * two\n3. three\n\n> said\n\na | b\nc | d\n\n```python\nif x:\n\n    y\n```\n\nplain"
    found = [(block.kind.value, block.level, block.marker, block.text) for block in dump(text)]
    assert found == [
        ("heading", 1, "#", "Top"),
        ("list-item", 0, "-", "one"),
        ("list-item", 1, "*", "two"),
        ("list-item", 0, "3.", "three"),
        ("quote", 0, ">", "said"),
        ("table-row", 0, "", "a | b"),
        ("table-row", 0, "", "c | d"),
        ("code", 0, "```python", "if x:\n\n    y"),
        ("paragraph", 0, "", "plain"),
    ]


def test_a_fence_that_nothing_closes_is_text() -> None:
    assert [block.text for block in dump("```\nnot code")] == ["```", "not code"]


def test_listings_one_behind_the_other() -> None:
    found = [(block.kind.value, block.text) for block in dump("```\n1\n2\n```\n\n```\nx = 1\n\n  y = 2\n```\nand on")]
    assert found == [("code", "1\n2"), ("code", "x = 1\n\n  y = 2"), ("paragraph", "and on")]


def test_a_listing_with_nothing_in_it_is_none() -> None:
    found = [(block.kind.value, block.text) for block in dump("```\n\n```\ntext\n```\ncode\n```")]
    assert found == [("paragraph", "```"), ("paragraph", "```"), ("paragraph", "text"), ("code", "code")]


def test_a_short_line_above_prose_is_a_heading() -> None:
    found = dump(f"{PROSE[0]}\n\nA shelter for the night\n\n{PROSE[1]}")
    assert [block.kind for block in found] == [BlockKind.PARAGRAPH, BlockKind.HEADING, BlockKind.PARAGRAPH]


def test_zones_find_the_prose_between_furniture() -> None:
    text = "\n\n".join(["Menu", "Search", *PROSE, "Share", "Related", "About us", "Contact", "Terms"])
    zones = [block.zone for block in dump(text)]
    assert zones == [Zone.HEAD] * 2 + [Zone.MAIN] * 3 + [Zone.TAIL] * 5


def test_odd_line_ends_are_line_ends() -> None:
    assert [block.text for block in dump("a\r\nb\rc\u2028d\x0ce")] == ["a", "b", "c", "d", "e"]


def test_a_dump_wrapped_into_one_endless_paragraph_is_joined_in_linear_time() -> None:
    line = "the ferry to the island was cancelled for the third day in a row and the"
    began = time.process_time()
    (block,) = dump("\n".join([line] * 10_000))
    assert time.process_time() - began < 3
    assert block.text == " ".join([line] * 10_000)


def test_fences_that_open_nothing_cost_linear_time() -> None:
    many = 60_000  # each is asked for what lies before the only line that could close it
    began = time.process_time()
    found = dump("```x\n" * many + "````\nlisted\n````\n```")
    assert time.process_time() - began < 2
    assert len(found) == many + 2


def test_a_dump_over_the_cap_is_refused_as_a_page_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleaner.segment.MAX_CHARS", 50)
    assert len(dump("x" * 50)) == 1
    with pytest.raises(TooLargeError, match="the page has 51 characters; at most 50 are read"):
        dump("x" * 51)
