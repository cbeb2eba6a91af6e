"""What became of a page: walls are walls only where there is hardly anything else, and articles about them are not."""

from __future__ import annotations

import pytest

import cleaner
from cleaner.model import Status

PROSE = (
    "<p>The county opened its third reservoir on Monday, two years after the drought that emptied the first one, and "
    "engineers said that the water would reach the towns along the coast before the end of the month.</p>"
    "<p>Farmers who had waited for it since spring came to see the gates lifted. Some of them had brought buckets, and "
    "one of them, who keeps bees on the hill above the dam, had brought honey for the crew of the pumping station.</p>"
)


def page(body: str) -> str:
    return f"<!doctype html><html lang=en><head><title>Page</title></head><body>{body}</body></html>"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<h1>One more step</h1><p>Please verify you are a human to go on.</p>", Status.CAPTCHA),
        ("<h1>Access Denied</h1><p>You don't have permission to see this.</p>", Status.BLOCKED),
        (
            "<h1>Before you continue</h1><p>We and our partners store data.</p><button>Accept all</button>",
            Status.CONSENT,
        ),
        ("", Status.EMPTY),
        ("<script>load()</script>", Status.EMPTY),
        (PROSE, Status.OK),
        (PROSE + "<p>Visitors were asked to verify you are a human, a sign at the gate said.</p>", Status.OK),
    ],
)
def test_status(body: str, status: Status) -> None:
    article = cleaner.clean(page(body))
    assert article.status is status
    assert bool(article.reason) == (status is not Status.OK)


def test_an_index_is_told_by_its_linked_headlines() -> None:
    teasers = "".join(
        f"<div><h3><a href=/{n}>Council votes on the new bridge number {n}</a></h3></div>" for n in range(30)
    )
    assert cleaner.clean(page(f"<main>{teasers}</main>")).status is Status.INDEX


def test_confidence_is_between_nothing_and_one() -> None:
    article = cleaner.clean(page(PROSE))
    assert article.confidence is not None
    assert 0.0 <= article.confidence <= 1.0
    assert cleaner.Cleaner(judge="none").clean(page(PROSE)).confidence is None
