"""What goes on every page: text that is there twice, text that is not shown. And what must stay although it repeats."""

from __future__ import annotations

import time

import pytest

import cleaner
from cleaner.judge import JudgeName
from cleaner.model import Article, NoiseKind

PROSE = (
    "The ferry to the island was cancelled for the third day in a row, and the bakery on the quay stayed shut.",
    "Harbour staff said that the wind would drop by the evening, although nobody on the pier believed them.",
    "A group of students had pitched their tents beside the ticket office and were cooking soup for everyone.",
    "Nobody could say on Tuesday when the first boat of the week would leave, or whether it would leave at all.",
)
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PROSE)
LONG = "Every day the same long sentence is said to those who wait here."
LEAD = "A lead of more than eight words that introduces the story to its readers."


def clean(body: str, judge: JudgeName = "none", head: str = "") -> Article:
    source = f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
    return cleaner.Cleaner(rules=False, judge=judge).clean(source)


def dropped(article: Article) -> list[tuple[int, str, str]]:
    """Return index, text and built-in of what is gone."""
    return [(entry.block.index, entry.block.text, entry.verdict.evidence[0].id) for entry in article.removed]


# ---- other articles ----------------------------------------------------------------------------------------------------


NEXT = "<article><h2>Another matter</h2>" + f"<p>{LONG}</p><p>{LEAD}</p>" * 2 + "</article>"
FIRST = f"<h1>The ferry</h1>{BODY}<p>{LEAD} {' '.join(PROSE)}</p>"


def other_articles(article: Article) -> list[str]:
    return [text for _, text, found_by in dropped(article) if found_by == "builtin/other-article"]


def test_an_article_beside_that_of_the_headline_is_another() -> None:
    article = clean(f"<article>{FIRST}</article>{NEXT}")
    assert other_articles(article) == ["Another matter", LONG, LEAD, LONG, LEAD]
    assert article.text.endswith(PROSE[-1])


@pytest.mark.parametrize(
    "body",
    [
        f"<article>{FIRST}{NEXT}</article>",  # a post within it
        f"<h1>The ferry</h1><article>{BODY}</article>{NEXT}",  # the headline stands above all of them
        f"<article><h1>The ferry</h1><p>{LEAD}</p></article>{NEXT}",  # an opening only
        f"<article>{FIRST}</article>" + NEXT * 40,  # a live page
    ],
)
def test_articles_that_may_be_the_same_stay(body: str) -> None:
    assert other_articles(clean(body)) == []


# ---- repeats ---------------------------------------------------------------------------------------------------------


def test_a_paragraph_of_eight_words_counts_once() -> None:
    article = clean(BODY + f"<p>{PROSE[1]}</p>")
    assert article.text == "\n\n".join(PROSE)
    assert dropped(article) == [(4, PROSE[1], "builtin/repeated-paragraph")]
    assert article.removed[0].verdict.kind is NoiseKind.REPEATED_TEXT
    assert article.removed[0].verdict.evidence[0].detail == "same as block 1"


def test_the_copy_in_the_main_run_survives() -> None:
    menu = "".join(f"<p><a href=/{n}>Entry {n}</a></p>" for n in range(6))
    article = clean(f"<p>{PROSE[2]}</p>{menu}{BODY}")
    assert [index for index, _, _ in dropped(article)] == [0]
    assert "\n\n".join(PROSE) in article.text


@pytest.mark.parametrize(
    "twice",
    [
        f"<table><tr><td>{LONG}<td>1<tr><td>{LONG}<td>1</table>",
        f"<pre>{LONG}</pre><p>and</p><pre>{LONG}</pre>",
        f"<blockquote>{LONG}</blockquote><p>and</p><blockquote>{LONG}</blockquote>",
        f"<ul><li>{LONG}</ul><p>and</p><ul><li>{LONG}</ul>",
        "<p>“Are you coming?”</p><p>“No.”</p><p>“Are you coming?”</p><p>“No.”</p>",
    ],
    ids=["table rows", "code", "quotes", "list items", "dialogue"],
)
def test_where_saying_it_twice_is_the_point_nothing_goes(twice: str) -> None:
    assert dropped(clean(BODY + twice)) == []


def test_a_copy_for_another_screen_goes_with_its_short_lines() -> None:
    story = f"<h2>Waiting</h2>{BODY}<p>No boat</p>"
    article = clean(f"<h1>A title</h1>{story}{story}", head="<title>A title</title>")
    copies = [index for index, _, found_by in dropped(article) if found_by == "builtin/repeated-run"]
    assert len(article.blocks) == 13
    assert copies == list(range(7, 13))


def test_a_short_run_is_no_copy() -> None:
    assert dropped(clean(BODY + "<p>Yes</p><p>No</p><p>Why</p><p>Yes</p><p>No</p><p>Why</p>")) == []


def test_pages_of_nothing_but_rules_and_bullets_take_no_quadratic_time() -> None:
    began = time.process_time()
    clean(BODY + "<p>*</p>" * 5_000)
    assert time.process_time() - began < 3


def test_captions_printed_again_go_and_so_does_the_alternative_text() -> None:
    figure = "<figure><img src=/a.jpg alt='Boats at the quay'><figcaption>The quay on Monday</figcaption></figure>"
    article = clean(f"{BODY}{figure}<p>The quay on Monday</p><p>Boats at the quay</p>{BODY[:-4]} Then.</p>")
    assert [entry for entry in dropped(article) if entry[2] == "builtin/repeated-caption"] == [
        (5, "The quay on Monday", "builtin/repeated-caption"),
        (6, "Boats at the quay", "builtin/repeated-caption"),
    ]
    assert [(caption.text, caption.alt) for caption in article.captions] == [
        ("The quay on Monday", "Boats at the quay")
    ]


def test_what_a_caption_said_is_said_far_from_it_again() -> None:
    figure = "<figure><img src=/a.jpg><figcaption>The quay on Monday</figcaption></figure>"
    article = clean(f"{figure}{BODY}<p>{LONG}</p><p>{LEAD}</p><p>The quay on Monday</p>")
    assert article.text.endswith("The quay on Monday")


def test_the_title_goes_where_it_is_a_heading_and_stays_in_a_sentence() -> None:
    title = "<title>No boat today</title><meta property=og:title content='No boat today'>"
    article = clean(
        f"<h1>No boat today</h1>{BODY}<h2>No boat today</h2><p>No boat today</p>{BODY[:-4]} Then.</p>", head=title
    )
    assert article.metadata.title == "No boat today"
    assert "builtin/repeated-title" in {found_by for _, text, found_by in dropped(article) if text == "No boat today"}
    assert "No boat today" in article.text.split("\n\n")
    assert "## No boat today" not in article.markdown


@pytest.mark.parametrize("judge", ["none", "scorer"])
def test_a_description_equal_to_the_first_paragraph_takes_nothing_from_the_body(judge: JudgeName) -> None:
    head = f"<title>No boat today</title><meta name=description content='{PROSE[0]}'><meta property=og:description content='{PROSE[0]}'>"
    article = clean(f"<h1>No boat today</h1><article>{BODY}</article>", judge, head)
    assert article.metadata.description == PROSE[0]
    assert article.text == "\n\n".join(PROSE)


# ---- hidden text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("judge", ["none", "trafilatura"])
def test_text_that_is_not_shown_goes(judge: JudgeName) -> None:
    article = clean(f"<article>{BODY}<p hidden>Accept our terms to go on.</p></article>", judge)
    assert dropped(article) == [(4, "Accept our terms to go on.", "builtin/hidden")]
    assert article.text == "\n\n".join(PROSE)


def test_a_body_that_is_folded_up_stays() -> None:
    more = "".join(f"<p>{text}</p>" for text in (LONG, LEAD, *(f"Number {n}: {LONG}" for n in range(4))))
    article = clean(f"<article>{BODY}<div style='display: none'>{more}</div></article>")
    assert dropped(article) == []
    folded = [v.evidence[0].id for b, v in zip(article.blocks, article.verdicts, strict=True) if b.hidden]
    assert set(folded) == {"builtin/collapsed-body"}


def test_a_hidden_copy_of_what_is_shown_is_no_folded_body() -> None:
    article = clean(f"<article>{BODY}<div hidden>{BODY}</div></article>")
    assert article.text == "\n\n".join(PROSE)


def test_hidden_text_elsewhere_is_no_folded_body() -> None:
    article = clean(f"<article>{BODY}</article><footer><div hidden><p>{LONG}</p><p>{LEAD}</p></div></footer>")
    assert article.text == "\n\n".join(PROSE)


def test_hidden_text_in_a_sentence_leaves_the_words_beside_it_apart() -> None:
    article = clean(f"{BODY}<p>first, <i hidden>x</i>second,<i hidden>x</i> <b>third</b><i hidden>x</i><br>fourth</p>")
    assert article.text.endswith("first, second, third\nfourth")
    assert article.markdown.endswith("first, second, **third**\\\nfourth")


def test_the_state_of_a_script_is_no_text() -> None:
    state = '{"a":1,"b":2,"c":[],"d":"x","e":null,"f":{}}'
    page = f"<!doctype html><html><body><p>Before it all began, they said.</p><div>{state}</div><pre>{state}</pre></body></html>"
    article = cleaner.Cleaner(False, judge="none").clean(page)
    assert article.text == f"Before it all began, they said.\n\n```\n{state}\n```"
    assert [gone.verdict.evidence[0].id for gone in article.removed] == ["builtin/data"]
