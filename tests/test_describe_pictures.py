"""Captions of HTML pages: what stands beside a picture, and what only looks like it."""

from __future__ import annotations

import time

import pytest

import cleaner
from cleaner.describe import pictures
from cleaner.model import Caption, Page
from cleaner.segment import segment

PROSE = [
    "The ferry left the quay an hour late, because the harbour master had mislaid the key to the winch house.",
    "Nobody on board seemed to mind, for the band had begun to play and the kitchen was handing out soup.",
    "By the time the lights of the island came into view, half of the passengers were asleep on the deck.",
    "The captain, who has made the crossing for thirty years, said that he had never seen a calmer night.",
]


def captions(beside: str, *, after: str = "") -> list[Caption]:
    first, *rest = (f"<p>{text}</p>" for text in PROSE)
    page = f"<!doctype html><html lang=en><body><article><h1>A late ferry</h1>{first}{beside}{''.join(rest)}</article>{after}"
    return cleaner.clean(page, rules=False).captions


@pytest.mark.parametrize(
    "beside",
    [
        "<figure><img src=/f.jpg alt=Ferry><figcaption>The ferry at dusk. Photo: Ada Roe</figcaption></figure>",
        "<div class=k1><div><img src=/f.jpg alt=Ferry></div><div class=k2>The ferry at dusk. <i>Photo: Ada Roe</i></div></div>",
        "<div class=pic-box><img src=/f.jpg alt=Ferry><p class=imageCaption>The ferry at dusk.<b>Photo: Ada Roe</b></p></div>",
    ],
    ids=["figcaption", "hashed-classes", "glued"],
)
def test_a_caption_is_told_by_its_place(beside: str) -> None:
    assert captions(beside) == [Caption("The ferry at dusk.", "Ada Roe", "Ferry", "/f.jpg")]


def test_a_credit_in_an_element_of_its_own_joins_its_caption() -> None:
    (found,) = captions("<div><img src=/f.jpg><div>The ferry at dusk</div><div>Getty Images</div></div>")
    assert (found.text, found.credit) == ("The ferry at dusk", "Getty Images")


@pytest.mark.parametrize(
    "beside",
    [
        "<figure><img src=/me.jpg><figcaption><address>By Ada Roe</address><p>Harbour editor</p></figcaption></figure>",
        "<figure><img src=/f.jpg><figcaption>3 May 2024, 10:15</figcaption></figure>",
        "<figure><img src=/f.jpg><figcaption>Photo:</figcaption></figure>",
        "<figure><img src=/f.jpg><button>Show the whole picture</button></figure>",
        "<div><img src=/f.jpg><h3><a href=/other>Another ferry</a></h3><p>It was late as well.</p></div>",
        "<figure><blockquote>We were late.</blockquote><figcaption>Ada Roe, captain</figcaption></figure>",
    ],
    ids=["author", "date", "label", "button", "teaser", "quote"],
)
def test_what_is_no_caption(beside: str) -> None:
    assert captions(beside) == []


def test_a_picture_after_the_article_is_none_of_it() -> None:
    after = "".join(f"<div><img src=/{n}.jpg><p>Ferry number {n}.</p></div>" for n in range(5))
    assert captions("", after=after) == []


def test_prose_that_shares_an_element_with_a_picture_stays_in_the_body() -> None:
    entries = "".join(f"<section><img src=/{n}.jpg><p>{text}</p></section>" for n, text in enumerate(PROSE))
    article = cleaner.clean(f"<!doctype html><html lang=en><body><article>{entries}</article>", rules=False)
    assert article.captions == []
    assert all(text in article.text for text in PROSE)


@pytest.mark.parametrize(
    ("picture", "address"),
    [
        ("<img src=/a.jpg>", "/a.jpg"),
        ("<img src=data:image/gif;base64,AA data-src=/a.jpg>", "/a.jpg"),
        ("<img srcset='/a.jpg 1x, /b.jpg 2x'>", "/a.jpg"),
        ("<picture><source srcset='/a.webp 600w, /b.webp 900w'><img alt=x></picture>", "/a.webp"),
        ("<img>", None),
    ],
)
def test_the_address_of_a_lazy_picture(picture: str, address: str | None) -> None:
    document = segment(Page(f"<!doctype html><body><figure>{picture}<figcaption>Rex</figcaption></figure>"))
    assert pictures.beside(document)[0].image == address


def test_many_captions_of_one_figure_cost_no_quadratic_time() -> None:
    document = segment(
        Page("<!doctype html><body><figure>" + "<figcaption>x</figcaption><img src=/a.jpg alt=A>" * 10_000)
    )
    began = time.process_time()
    found = pictures.beside(document)
    assert time.process_time() - began < 3
    assert len(found) == len(document)
