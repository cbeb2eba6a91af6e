"""Lines of a dump, and of an HTML page: what they state, and which of them state nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.describe import declare, describe
from cleaner.model import Caption, Declared, Document, Evidence, Fate, Metadata, Page, Source, Verdict
from cleaner.segment import segment
from cleaner.text import collapse
from tests.conftest import SEEDS

EXPECTED: dict[str, Any] = json.loads((SEEDS / "EXPECTED.json").read_text("utf-8")) if SEEDS.is_dir() else {}
PROSE = [
    "The council of the river town decided on Monday that a new bridge will be built before the end of the decade.",
    "Its members had argued about the bridge for years, and some of them still doubt that the town can afford it.",
    "A first drawing of the bridge is to be shown to the people of the town in the first week of the coming month.",
]


class NoRules:
    def declare(self, document: Document, declared: Declared) -> None:
        """State nothing."""


def read(text: str, media_type: str = "text/plain") -> tuple[Document, Declared, Metadata, list[Caption]]:
    """Describe a page as if every claimed block were metadata and all else were kept."""
    document = segment(Page(text, media_type=media_type))
    declared = declare(document, NoRules())
    metadata, captions = describe(document, declared, verdicts(document, declared))
    return document, declared, metadata, captions


def verdicts(document: Document, declared: Declared) -> list[Verdict]:
    return [
        Verdict(Fate.METADATA, None, declared.blocks[block.index][0], (Evidence(declared.blocks[block.index][1]),))
        if block.index in declared.blocks
        else Verdict(Fate.KEEP)
        for block in document
    ]


def claims(document: Document, declared: Declared) -> dict[str, str]:
    return {document.blocks[index].text: found_by for index, (_, found_by) in declared.blocks.items()}


def dump(*paragraphs: str) -> str:
    return "\n\n".join(paragraphs)


@pytest.mark.seeds
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_seeds_state_what_they_should(name: str) -> None:
    expected = EXPECTED[name]
    document, declared, metadata, captions = read((SEEDS / name).read_text("utf-8"))
    assert {field: getattr(metadata, field) for field in expected["metadata"]} == expected["metadata"]
    assert [{"text": caption.text, "credit": caption.credit} for caption in captions] == expected["captions"]
    assert not {document.blocks[index].text for index in declared.blocks} & set(expected["body"])


def test_a_front_is_read_line_by_line() -> None:
    text = dump(
        "Local",
        "River town to build a new bridge before the decade ends",
        "After years of argument the council has decided that the bridge will come after all.",
        "By Jane Doe and Reuters |",
        "November 6, 2023",
        *PROSE,
    )
    _, declared, metadata, _ = read(text)
    assert metadata.title == "River town to build a new bridge before the decade ends"
    assert (metadata.section, metadata.authors, metadata.date) == ("Local", ["Jane Doe", "Reuters"], "2023-11-06")
    assert metadata.agencies == ["Reuters"]
    assert metadata.description is not None and metadata.description.startswith("After years")
    assert sorted(declared.blocks) == [0, 1, 2, 3, 4]
    assert metadata.sources["date"] == Source("line", "November 6, 2023", "4")


def test_the_first_paragraph_is_no_standfirst() -> None:
    _, _, metadata, _ = read(dump("River town to build a new bridge", *PROSE))
    assert metadata.description is None
    _, _, metadata, _ = read(dump("River town to build a new bridge", "By Jane Doe", *PROSE))
    assert metadata.description is None
    after_byline = dump("River town to build a new bridge", "By Jane Doe", PROSE[0], "Jane Doe/Reuters", *PROSE[1:])
    assert read(after_byline)[2].description is None


def test_furniture_is_no_title() -> None:
    text = dump("Connect with us", "Hi, what are you looking for?", "River town to build a new bridge", *PROSE)
    assert read(text)[2].title == "River town to build a new bridge"


def test_a_title_printed_twice_is_claimed_twice() -> None:
    _, declared, _, _ = read(dump("River town builds bridge", "River town builds bridge", *PROSE))
    assert {index: field for index, (field, _) in declared.blocks.items()} == {0: "title", 1: "title"}


def test_a_dump_of_prose_alone_states_nothing() -> None:
    _, declared, metadata, captions = read(dump(*PROSE))
    assert not declared.blocks
    assert (metadata.title, metadata.authors, metadata.date, captions) == (None, [], None, [])


def test_captions_come_once_with_credit_and_label() -> None:
    caption = "The old bridge, closed since the flood, as seen from the town hall. (Jane Doe/Reuters)"
    text = dump("River town to build a new bridge", PROSE[0], f"Old bridge\n{caption}\n{caption}", *PROSE[1:])
    document, declared, _, captions = read(text)
    assert captions == [
        Caption("The old bridge, closed since the flood, as seen from the town hall.", "Jane Doe/Reuters", "Old bridge")
    ]
    assert claims(document, declared)["Old bridge"] == "builtin/caption-label"


def test_a_photo_credit_is_no_agency() -> None:
    _, _, metadata, captions = read(dump("River town to build a new bridge", *PROSE, "Image source: Reuters"))
    assert captions == [Caption("", "Reuters")]
    assert metadata.agencies == []


def test_a_copyright_line_names_its_holder() -> None:
    _, _, metadata, _ = read(
        dump("River town to build a bridge", *PROSE, "Copyright © 2022 The Daily. All rights reserved.")
    )
    assert (metadata.copyright, metadata.site_name) == ("The Daily", "The Daily")
    _, _, metadata, _ = read(dump("River town to build a bridge", *PROSE, "© Jane Doe/Reuters"))
    assert (metadata.copyright, metadata.site_name) == (None, None)


def test_html_lines_are_claimed_outside_the_body() -> None:
    html = (
        "<html lang=en><head><title>River town builds a bridge</title></head><body><article>"
        "<h1>River town builds a bridge</h1><p>By Jane Doe</p><p>November 6, 2023</p>"
        "<figure><img src=/b.jpg alt='A bridge'><figcaption>The old bridge. Photo: John Roe</figcaption></figure>"
        + "".join(f"<p>{text}</p>" for text in PROSE)
        + "</article></body></html>"
    )
    document, declared, metadata, captions = read(html, "text/html")
    assert (metadata.title, metadata.authors, metadata.date) == (
        "River town builds a bridge",
        ["Jane Doe"],
        "2023-11-06",
    )
    assert [(caption.text, caption.credit) for caption in captions] == [("The old bridge.", "John Roe")]
    assert not set(PROSE) & set(claims(document, declared))


def page(front: str, back: str = "") -> str:
    prose = "".join(f"<p>{text}</p>" for text in PROSE)
    return (
        "<html lang=en><head><title>River town builds a bridge</title></head><body><main><article>"
        f"<h1>River town builds a bridge</h1>{front}<div class=text>{prose}</div>{back}</article></main></body></html>"
    )


@pytest.mark.parametrize(
    "front",
    [
        "<div>Written by</div><div>Jane Doe</div>",
        "<div class=post-author>Jane Doe</div>",
        "<div class=authorBox><div>Jane Doe</div></div>",
        "<div><a href=/author/jdoe>Jane Doe</a></div>",
        "<div><a href=/team/jane-doe>Jane Doe</a></div>",
        "<div>Jane Doe</div><div>March 3, 2024</div>",
        "<div>March 3, 2024 • Jane Doe • 3 min read</div>",
        "<div class=meta>News</div><p>By Jane Doe</p><div>Reviewed by</div><div class=author>John Roe</div>",
        "<aside><p>By John Roe</p></aside><p>By Jane Doe</p>",
    ],
)
def test_an_author_before_the_article(front: str) -> None:
    assert read(page(front), "text/html")[2].authors == ["Jane Doe"]


@pytest.mark.parametrize(
    "front",
    [
        "<div>Jane Doe</div>",  # nothing says what she is
        "<div>River Bridge</div><div>March 3, 2024</div>",  # what the article is about
        "<div><a href=/category/town-life>Town Life</a></div><div>March 3, 2024</div>",
        "<div>Reviewed by</div><div class=author>John Roe</div>",
        "<div class=author-tools><div>Share</div></div>",
        "<div><a href=/user/login>Sign in</a></div>",
    ],
)
def test_no_author_before_the_article(front: str) -> None:
    assert read(page(front), "text/html")[2].authors == []


def test_authors_side_by_side_are_one_byline() -> None:
    front = "<div class=byline><span class=name><p>Jane Doe</p></span><span class=name><p>John Roe</p></span></div>"
    assert read(page(front), "text/html")[2].authors == ["Jane Doe", "John Roe"]


def test_author_and_date_after_the_article() -> None:
    back = "<div>Author:</div><div>Jane Doe</div><div>Published on March 3, 2024</div>"
    metadata = read(page("", back), "text/html")[2]
    assert (metadata.authors, metadata.date) == (["Jane Doe"], "2024-03-03")
    back = "<ul class=related><li>By John Roe</li><li>March 3, 2024</li></ul>"
    metadata = read(page("", back), "text/html")[2]
    assert (metadata.authors, metadata.date) == ([], None)


def test_marks_of_rules_state_captions_in_parts() -> None:
    document = segment(Page(dump(PROSE[0], "The old bridge -- John Roe", PROSE[1]), media_type="text/plain"))
    declared = declare(document, NoRules())
    declared.add("captions", {"v": "The old bridge", "credit": "John Roe"}, Source("rule:sites/a.example/cap", "x"))
    marked = Verdict(Fate.METADATA, None, "captions", (Evidence("sites/a.example/cap"),))
    found = describe(document, declared, [Verdict(Fate.KEEP), marked, Verdict(Fate.KEEP)])[1]
    assert found == [Caption("The old bridge", "John Roe")]


FRONT = ["By Jane Doe", "November 6, 2023", "Menu", "River town builds bridge", "- In Local", "- Jane Doe", "", ""]
PICTURES = ["A bridge. [Jane Doe/AFP]", "Jane Doe/Reuters", "© 2022 The Daily", "Reuters contributed to this report."]
LINES = st.lists(st.sampled_from([*PROSE, *FRONT, *PICTURES]), max_size=14)


@given(LINES)
def test_nothing_is_stated_that_the_page_does_not_say(lines: list[str]) -> None:
    _, _, metadata, captions = read("\n".join(lines))
    text = collapse(" ".join(lines))
    stated = [metadata.title, metadata.section, metadata.description, metadata.site_name, *metadata.authors]
    stated += [part for caption in captions for part in (caption.text, caption.credit)]
    assert all(value in text for value in stated if value)
    assert metadata.date in {None, "2023-11-06"}
    assert set(metadata.sources) == {
        name for name in Metadata.__dataclass_fields__ if name != "sources" and getattr(metadata, name)
    }


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\t"), max_size=400))
def test_any_text_is_survived(text: str) -> None:
    read(text)
