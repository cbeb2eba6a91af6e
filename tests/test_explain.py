"""Verdicts for people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cleaner.explain import diff, explanation, fold_runs, nearest, say, why, with_text
from cleaner.model import Article, Block, Evidence, Fate, Metadata, NoiseKind, Status, Verdict

KEEP = Verdict(Fate.KEEP)
NAVIGATION = Verdict(
    Fate.DROP, NoiseKind.NAVIGATION, evidence=(Evidence("generic/nav/menu", "generic/nav.toml:4", "css nav"),)
)
SHARE = Verdict(Fate.DROP, NoiseKind.SHARE)
DATE = Verdict(Fate.METADATA, field="date")


def article(*rows: tuple[str, Verdict]) -> Article:
    return Article(
        text="",
        markdown="",
        metadata=Metadata(),
        captions=[],
        blocks=[Block(index, text) for index, (text, _) in enumerate(rows)],
        verdicts=[verdict for _, verdict in rows],
        status=Status.OK,
        confidence=None,
    )


def test_diff_has_every_line_in_order() -> None:
    page = article(("Home", NAVIGATION), ("6 May", DATE), ("a\nb", KEEP), ("Share", SHARE))
    assert [(line.sign, line.text) for line in diff(page)] == [
        *(("-", "Home"), ("~", "6 May"), (" ", "a"), (" ", "b"), ("-", "Share")),
    ]


def test_long_navigation_is_folded_and_nothing_else() -> None:
    page = article(*[("Home", NAVIGATION)] * 30, ("x", KEEP), *[("y", NAVIGATION)] * 3, *[("Share", SHARE)] * 30)
    lines = list(fold_runs(diff(page)))
    assert [line.text for line in lines[:4]] == ["Home", "Home", "", "x"]
    assert lines[2].folded == 28
    assert len(lines) == 3 + 1 + 3 + 30


@given(st.lists(st.sampled_from([KEEP, NAVIGATION, SHARE, DATE]), max_size=60))
def test_folding_loses_no_line(verdicts: list[Verdict]) -> None:
    lines = list(diff(article(*((str(index), verdict) for index, verdict in enumerate(verdicts)))))
    folded = list(fold_runs(lines))
    assert sum(line.folded or 1 for line in folded) == len(lines)
    assert [line for line in folded if not line.folded and line.sign != "-"] == [
        line for line in lines if line.sign != "-"
    ]


def test_blocks_by_their_text() -> None:
    page = article(("Read more", KEEP), ("Read more about it", KEEP), ("Unlike", KEEP))
    assert with_text(page, "  READ\u00a0more ") == [0]
    assert with_text(page, "more about") == [1]
    assert with_text(page, "read") == [0, 1]
    assert with_text(page, "nothing") == []


def test_nearest_blocks() -> None:
    page = article(("Related stories", KEEP), ("Entirely different", KEEP), ("Related story", KEEP))
    assert nearest(page, "Related storys") == [2, 0]
    assert nearest(page, "zzz") == []


def test_words_for_verdicts() -> None:
    assert [say(verdict) for verdict in (KEEP, NAVIGATION, DATE)] == ["keep", "drop navigation", "metadata date"]
    assert why(NAVIGATION.evidence[0]) == "generic/nav/menu (generic/nav.toml:4) css nav"
    assert why(Evidence("trafilatura")) == "trafilatura"


def test_explanation_has_every_block_or_those_asked_for() -> None:
    page = article(("Home", NAVIGATION), ("x", KEEP))
    assert [block["fate"] for block in explanation(page)["blocks"]] == ["drop", "keep"]
    (block,) = explanation(page, [0])["blocks"]
    assert block["evidence"] == [{"id": "generic/nav/menu", "where": "generic/nav.toml:4", "detail": "css nav"}]
