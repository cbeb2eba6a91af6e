"""The scorer: sums that can be checked, a threshold that can be proved, numbers for any page; and trafilatura's part."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cleaner
from cleaner.describe import declare
from cleaner.judge import given as given_of
from cleaner.judge import opinion, reasons, scorer
from cleaner.judge.features import NAMES, Lexicon, _class_counts, _Hashes, extract
from cleaner.model import Document, Fate, Page, Verdict
from cleaner.rules import RuleBook
from cleaner.segment import segment

PAGE = """<!doctype html><title>No boat today</title><nav><a href=/a>Home</a> <a href=/b>News</a></nav>
<article class="story post-body"><h1>No boat today</h1><p>The ferry to the island was cancelled for the third day in a
row, and the bakery on the quay stayed shut.</p><p>Harbour staff said that the wind would drop by the evening.</p>
<ul><li>One</li><li>Two</li></ul></article><aside class=related><h3>More</h3><p><a href=/c>A teaser line</a></p></aside>"""


def read(source: str, media_type: str | None = None) -> tuple[Document, Any, list[Verdict | None]]:
    document = segment(Page(source, media_type=media_type))
    rules = RuleBook.load(False).for_page(document)
    declared = declare(document, rules)
    verdicts, _ = given_of(document, declared, rules)
    return document, declared, verdicts


def features(source: str, media_type: str | None = None) -> np.ndarray[Any, Any]:
    document, declared, verdicts = read(source, media_type)
    lexicon = Lexicon({"=story": 2.0, "related": -3.0, "post": 1.0}, {"=more": -2.0, "share": -1.5})
    return extract(document, scorer.stated(document, declared), verdicts, lexicon)


def tiny(view: scorer.View = "html", trees: int = 5, depth: int = 3, seed: int = 0) -> dict[str, Any]:
    """Return a weights file of random trees."""
    chance = np.random.default_rng(seed)
    questions = [[int(chance.integers(len(NAMES[view]))), round(float(chance.normal()), 3)] for _ in range(12)]
    return {
        "view": view,
        "scale": 0.005,
        "bias": 0.25,
        "calibration": [[0.5, 0.9], [0.4, 0.8]],
        "features": list(NAMES[view]),
        "questions": questions,
        "trees": chance.integers(0, len(questions), (trees, depth)).tolist(),
        "leaves": chance.integers(-200, 200, (trees, 2**depth)).tolist(),
        "tokens": {},
        "phrases": {},
    }


# ---- the trees -------------------------------------------------------------------------------------------------------


def naive(data: dict[str, Any], row: Any) -> float:
    """Return the log-odds of a row, tree by tree."""
    total = data["bias"]
    for tree, leaves in zip(data["trees"], data["leaves"], strict=True):
        leaf = 0
        for level, question in enumerate(tree):
            feature, border = data["questions"][question]
            leaf += (row[feature] > np.float32(border)) << level
        total += leaves[leaf] * data["scale"]
    return float(total)


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_log_odds_are_the_bias_and_one_leaf_of_each_tree(depth: int) -> None:
    data = tiny(depth=depth)
    matrix = np.random.default_rng(1).normal(size=(40, len(NAMES["html"]))).astype(np.float32)
    expected = [naive(data, row) for row in matrix]
    assert scorer.from_data(data).log_odds(matrix) == pytest.approx(expected, abs=1e-4)


def test_log_odds_of_many_rows_are_those_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    used = scorer.from_data(tiny())
    matrix = np.random.default_rng(2).normal(size=(25, len(NAMES["html"]))).astype(np.float32)
    whole = used.log_odds(matrix)
    monkeypatch.setattr(scorer, "_ROWS", 7)
    assert used.log_odds(matrix).tolist() == whole.tolist()
    assert used.log_odds(matrix[:0]).shape == (0,)


@pytest.mark.parametrize("view", ["html", "text"])
def test_the_shipped_weights_are_whole(view: scorer.View) -> None:
    used = scorer.model(view)
    levels = used.questions.shape[1]
    assert used.leaves.shape == (len(used.questions), 2**levels)
    assert used.questions.max() < len(used.features) == len(used.borders)
    assert used.features.max() < len(NAMES[view])
    assert all(math.isfinite(value) for value in (*used.lexicon.tokens.values(), *used.lexicon.phrases.values()))
    for axis in used.calibration:
        assert sorted(axis) == list(axis)
        assert 0 <= axis[0] <= axis[-1] <= 1


def test_weights_for_other_features_are_refused() -> None:
    data = tiny()
    data["features"] = data["features"][1:]
    with pytest.raises(ValueError, match="other features; run `make train`"):
        scorer.from_data(data)


@pytest.mark.parametrize("view", ["html", "text"])
def test_reasons_sum_to_the_score_less_the_mean(view: scorer.View) -> None:
    source = PAGE if view == "html" else "No boat today\n\nThe ferry did not sail for the third day.\n\nShare\n\nMore"
    document, declared, verdicts = read(source, None if view == "html" else "text/plain")
    used = scorer.model(view)
    matrix = extract(document, scorer.stated(document, declared), verdicts, used.lexicon)
    mean = used.bias + float(used.leaves.mean(axis=1, dtype=np.float64).sum())
    found = reasons(document, declared, verdicts, range(len(document)))
    assert sorted(found) == [index for index, verdict in enumerate(verdicts) if verdict is None]
    for index, listed in found.items():
        assert math.fsum(reason.added for reason in listed) == pytest.approx(
            float(used.log_odds(matrix[[index]])[0]) - mean, abs=1e-3
        )
        sizes = [abs(reason.added) for reason in listed]
        assert sizes == sorted(sizes, reverse=True)
        assert all(reason.value == matrix[index][NAMES[view].index(reason.feature)] for reason in listed)


def test_only_open_blocks_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    used = scorer.from_data(tiny())
    monkeypatch.setattr(scorer, "model", lambda _: used)
    document, declared, verdicts = read(PAGE)
    before = list(verdicts)
    confidence = scorer.judge(document, declared, verdicts)
    assert 0.4 <= confidence <= 0.8
    for old, new in zip(before, verdicts, strict=True):
        assert new is not None
        assert new is old or (old is None and new.evidence[0].id == "scorer")
    settled = list(verdicts)
    assert scorer.judge(document, declared, verdicts) == 1.0
    assert verdicts == settled


def test_a_plain_story_comes_out_whole() -> None:
    article = cleaner.Cleaner(rules=False).clean(PAGE)
    assert article.text.startswith("The ferry to the island") and "Harbour staff" in article.text
    assert "teaser" not in article.text
    assert article.confidence is not None and 0 <= article.confidence <= 1


# ---- which blocks to keep --------------------------------------------------------------------------------------------

_BLOCKS = st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(0, 80)), min_size=1, max_size=7)


def arrays(blocks: list[tuple[float, int]]) -> tuple[Any, Any]:
    return np.array([p for p, _ in blocks], np.float32), np.array([w for _, w in blocks], np.float32)


def best_of_all(probabilities: Any, words: Any) -> float:
    """Return the best expected F1 of any set of blocks."""
    sets = itertools.product([False, True], repeat=len(words))
    return max(scorer.expected_f1(probabilities, words, np.array(chosen)) for chosen in sets)


@settings(deadline=None)
@given(_BLOCKS)
def test_half_of_the_best_expected_f1_is_the_best_threshold(blocks: list[tuple[float, int]]) -> None:
    probabilities, words = arrays(blocks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scorer, "_FACTOR", 0.5 - 1e-6)
        patch.setattr(scorer, "_CAP", 1.0)
        kept = scorer.keep(probabilities, words)
    best = best_of_all(probabilities, words)
    assert scorer.expected_f1(probabilities, words, kept) == pytest.approx(best, abs=1e-4)


@settings(deadline=None)
@given(_BLOCKS)
def test_what_is_kept_is_near_the_best_where_the_page_is_clear(blocks: list[tuple[float, int]]) -> None:
    probabilities, words = arrays(blocks)
    kept = scorer.keep(probabilities, words)
    assert not len(probabilities[~kept]) or not kept.any() or probabilities[~kept].max() < probabilities[kept].min()
    best = best_of_all(probabilities, words)
    if best >= 0.9:
        assert scorer.expected_f1(probabilities, words, kept) >= 0.96 * best
    assert kept[probabilities >= 0.6].all()


def test_expected_f1_by_hand() -> None:
    probabilities, words = arrays([(1.0, 10), (0.5, 20), (0.0, 40)])
    # 20 words are expected to be body; of 30 kept, 20 are.
    assert scorer.expected_f1(probabilities, words, np.array([True, True, False])) == pytest.approx(2 * 20 / (30 + 20))
    assert scorer.expected_f1(probabilities, words, np.array([False] * 3)) == 0
    assert scorer.keep(probabilities, words).tolist() == [True, True, False]
    assert scorer.keep(*arrays([])).tolist() == []


# ---- features --------------------------------------------------------------------------------------------------------

ODD = {
    "no body": "<!doctype html><html><head><title>x</title></head></html>",
    "one block": "<!doctype html><p>One</p>",
    "no words": "<!doctype html><p>***</p><p>—</p><hr><p>…</p>",
    "links only": "<!doctype html>" + "<p><a href=/x>Go there</a></p>" * 9,
    "deep": "<!doctype html>" + "<div>" * 3_000 + "<p>Down here there is a sentence of nine words.</p>",
    "hidden only": "<!doctype html><div hidden><p>Nothing of this is shown to anybody at all.</p></div>",
    "right to left": "<!doctype html><html dir=rtl lang=ar><h1>عنوان</h1><p>هذه جملة طويلة بعض الشيء، وفيها أكثر من ثماني كلمات.</p>",
    "Chinese": "<!doctype html><html lang=zh><h1>标题</h1><p>渡轮连续第三天停航，码头的面包店也没有开门。</p><p>港口说风会停。</p>",
    "table": "<!doctype html><table><tr><td>a<td>b<tr><td>1<td>2</table>",
    "two articles": "<!doctype html>" + "<article class='post share'><h2>H</h2><p>Text.</p></article>" * 4,
    "bad JSON-LD": '<!doctype html><script type="application/ld+json">{"articleBody": "\\u12"}</script><p>x</p>',
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pages_have_finite_features(name: str) -> None:
    matrix = features(ODD[name])
    assert matrix.shape == (len(read(ODD[name])[0]), len(NAMES["html"]))
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize(
    "text", ["", "One line", "***", "a\n\nb", "# h\n\n- i\n\n> q\n\na | b", "渡轮停航。", "\u200f\u200e"]
)
def test_odd_dumps_have_finite_features(text: str) -> None:
    matrix = features(text, "text/plain")
    assert matrix.shape == (len(read(text, "text/plain")[0]), len(NAMES["text"]))
    assert np.isfinite(matrix).all()


_PIECES = st.sampled_from(
    [
        *"<p> </p> <div class=related> <div> </div> <ul> <li> </ul> <h1> <h3> <a href=/x> </a> <br> <article> <nav> </nav>".split(),
        "<table><tr><td>", "<td>", "</table>", "<blockquote>", "<pre>", "<figure><figcaption>", "<span hidden>", "</span>",
        "word ", "A sentence of more than eight words that ends here. ", "中文。", "© 2020", "…", " ", "1", "İ", "\u0301", "ﬁ",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_PIECES, max_size=40))
def test_any_page_has_finite_features_and_any_dump_too(parts: list[str]) -> None:
    for source, media_type in (
        ("<!doctype html><title>word</title>" + "".join(parts), None),
        ("\n".join(parts), "text/plain"),
    ):
        document, declared, verdicts = read(source, media_type)
        view = scorer.view_of(document)
        matrix = extract(document, scorer.stated(document, declared), verdicts, Lexicon())
        assert matrix.shape == (len(document), len(NAMES[view]))
        assert np.isfinite(matrix).all()


def test_names_are_told_apart() -> None:
    assert all(len(set(names)) == len(names) for names in NAMES.values())


# ---- trafilatura's opinion -------------------------------------------------------------------------------------------


def test_alignment_keeps_the_order() -> None:
    blocks = ["menu", "share", "first words of it", "share", "second words", "menu"]
    assert opinion._align(blocks, ["first words of it", "share", "second words"]) == {2, 3, 4}


def test_a_short_block_is_not_found_in_what_stands_before_it() -> None:
    # "more" stands in the first line only: the later block that says it is another one.
    blocks = ["one says more than two", "three says less", "more"]
    assert opinion._align(blocks, ["one says more than two", "three says less"]) == {0, 1}
    assert opinion._align(["no", "nobody is here"], ["nobody is here"]) == {1}


def test_blocks_that_its_text_joins_are_found_one_after_the_other() -> None:
    assert opinion._align(["alpha beta", "gamma", "delta", "alpha"], ["alpha beta gamma delta"]) == {0, 1, 2}
    assert opinion._align(["gamma", "alpha beta"], ["alpha beta gamma"]) == {0}
    assert opinion._align(["", "alpha"], ["alpha"]) == {1}


def test_where_it_finds_nothing_nothing_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinion, "_lines", lambda _: [])
    document, _, _ = read(PAGE)
    verdicts: list[Verdict | None] = [None] * len(document)
    opinion.judge(document, verdicts)
    assert verdicts == [None] * len(document)


def test_it_may_fail_in_any_way(monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura

    def fail(*_: object, **__: object) -> str:
        raise RecursionError

    monkeypatch.setattr(trafilatura, "extract", fail)
    article = cleaner.Cleaner(rules=False, judge="trafilatura").clean(PAGE)
    assert {verdict.fate for verdict in article.verdicts} >= {Fate.KEEP}
    assert article.confidence is None


# ---- counts over a whole page ----------------------------------------------------------------------------------------


@given(st.lists(st.text("aB1,.،؟é😀 ", min_size=1, max_size=90), min_size=1))
def test_characters_are_counted_text_by_text(texts: list[str]) -> None:
    lengths = np.array([len(text) for text in texts])
    commas, stops, digits, capitals = _class_counts(texts, lengths)
    assert commas.tolist() == [sum(char in ",،" for char in text) for text in texts]
    assert stops.tolist() == [sum(char in ".؟" for char in text) for text in texts]
    assert digits.tolist() == [sum(char == "1" for char in text[:48]) for text in texts]
    assert capitals.tolist() == [sum(char == "B" for char in text[:48]) for text in texts]


@given(st.lists(st.sampled_from("ab"), min_size=40, max_size=200), st.data())
def test_equal_stretches_have_equal_hashes_and_are_alike(letters: list[str], data: st.DataObject) -> None:
    text = "".join(letters)
    hashes = _Hashes(np.array([ord(letter) for letter in letters], np.uint32))
    places = np.arange(len(text) - 35)
    wanted = data.draw(st.sampled_from(places.tolist()))
    same = [place for place in places.tolist() if text[place : place + 36] == text[wanted : wanted + 36]]
    assert np.flatnonzero(hashes.at(places) == hashes.at(np.array([wanted]))).tolist() == same
    assert set(same) <= set(hashes.like(np.array([wanted])).tolist())
