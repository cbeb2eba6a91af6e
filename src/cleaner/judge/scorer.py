"""The scorer: how likely each block is body, from features and boosted trees, and which blocks to keep.

The trees are oblivious (each level asks one question of all blocks), so scoring a page is a few array operations, and a
score is an exact sum of what each answer added: :func:`reasons` says "link density 0.9: -1.4, same template share 0.7:
+2.1". Weights are data (`weights/*.json`), reproduced from the development corpus by `make train`; there is one set for
HTML and one for text dumps.

Which blocks to keep is chosen per page: with probabilities p and word counts w, the F1 to expect of keeping a set K is
2·Σ_K p·w / (Σ_K w + Σ p·w). The best such F1 sets the threshold (Lewis, "Evaluating and optimizing autonomous text
classification systems", SIGIR 1995), and it is the page's confidence once calibrated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from cleaner.judge import builtin
from cleaner.judge.features import NAMES, Lexicon, Matrix, Stated, extract
from cleaner.model import Declared, Document, Evidence, Fate, NoiseKind, Verdict
from cleaner.text import fold, fold_phrase

__all__ = ["Reason", "View", "expected_f1", "judge", "keep", "model", "reasons", "stated"]

View = Literal["html", "text"]

_FACTOR: Final = 0.58
"""Share of the best expected F1 that a block's probability must reach; 0.5 is optimal for true probabilities."""
_CAP: Final = 0.6
"""No threshold is higher: on a page of sure blocks, what is likely body stays."""
_ROWS: Final = 1_024
"""Blocks scored at a time."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What one feature added to a block's score, in log-odds."""

    feature: str
    value: float
    added: float


@dataclass(frozen=True, slots=True)
class _Model:
    """Oblivious trees of equal depth, as arrays."""

    features: NDArray[np.intp]
    """Of each distinct question, the feature it asks about."""
    borders: NDArray[np.float32]
    """Of each distinct question, the value above which the answer is yes."""
    questions: NDArray[np.intp]
    """Trees x levels: which question."""
    leaves: NDArray[np.float32]
    """Trees x 2^levels: log-odds."""
    bias: float
    lexicon: Lexicon
    calibration: tuple[tuple[float, ...], tuple[float, ...]]
    """Expected F1 -> F1 found in cross-validation, as points of a polyline."""

    def log_odds(self, matrix: Matrix) -> NDArray[np.float32]:
        """Return the log-odds of each row."""
        # Some rows at a time: the answers of a page of a million blocks would take gigabytes.
        parts = [self._log_odds(matrix[at : at + _ROWS]) for at in range(0, len(matrix), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _log_odds(self, matrix: Matrix) -> NDArray[np.float32]:
        # A line for each question, so that a tree copies whole lines; a leaf's number fits into a byte.
        answers = (matrix.T.take(self.features, axis=0) > self.borders[:, None]).view(np.uint8)
        leaf = answers.take(self.questions[:, 0], axis=0)
        for level in range(1, self.questions.shape[1]):
            leaf |= answers.take(self.questions[:, level], axis=0) << np.uint8(level)
        places = leaf + np.arange(len(self.leaves), dtype=np.intp)[:, None] * self.leaves.shape[1]
        scores: NDArray[np.float32] = self.leaves.ravel().take(places).sum(axis=0, dtype=np.float32)
        return scores + np.float32(self.bias)

    def probabilities(self, matrix: Matrix, rows: Sequence[int]) -> Any:
        """Return how likely the blocks of these rows are body."""
        return 1.0 / (1.0 + np.exp(-self.log_odds(matrix.T.take(rows, axis=1).T)))

    def added(self, row: Matrix) -> dict[int, float]:
        """Return what each feature added to the score of one row; the sum is the score less the trees' mean.

        A level's part in a tree is how the mean over the leaves still possible changes with its answer.
        """
        answers = row[self.features] > self.borders
        parts: dict[int, float] = {}
        for questions, leaves in zip(self.questions, self.leaves, strict=True):
            possible = leaves
            for level in range(len(questions) - 1, -1, -1):
                half = len(possible) // 2
                mean = float(possible.mean())
                possible = possible[half:] if answers[questions[level]] else possible[:half]
                feature = int(self.features[questions[level]])
                parts[feature] = parts.get(feature, 0.0) + float(possible.mean()) - mean
        return parts


@cache
def model(view: View) -> _Model:
    """Return the shipped model of a view, read once for the process."""
    data = json.loads(files("cleaner.judge").joinpath(f"weights/{view}.json").read_text("utf-8"))
    return from_data(data)


def from_data(data: dict[str, Any]) -> _Model:
    """Return the model that a weights file holds."""
    if tuple(data["features"]) != NAMES[data["view"]]:
        raise ValueError(f"the weights for {data['view']} were trained on other features; run `make train`")
    questions = data["questions"]
    levels = np.array(data["trees"], np.intp)
    leaves = np.array(data["leaves"], np.float32) * np.float32(data["scale"])
    return _Model(
        features=np.array([feature for feature, _ in questions], np.intp),
        borders=np.array([border for _, border in questions], np.float32),
        questions=levels,
        leaves=leaves,
        bias=data["bias"],
        lexicon=Lexicon(data["tokens"], data["phrases"]),
        calibration=(tuple(data["calibration"][0]), tuple(data["calibration"][1])),
    )


def view_of(document: Document) -> View:
    """Return which of the two models judges a document."""
    return "text" if document.root is None else "html"


# ---- one page --------------------------------------------------------------------------------------------------------


def judge(document: Document, declared: Declared, verdicts: list[Verdict | None]) -> float:
    """Decide every undecided block, in place; return the confidence in the page's body, 0 to 1."""
    open_ = [index for index, verdict in enumerate(verdicts) if verdict is None]
    if not open_:
        return 1.0
    used = model(view_of(document))
    matrix = extract(document, stated(document, declared), _without_site(verdicts), used.lexicon)
    probabilities = used.probabilities(matrix, open_)
    words = np.array([document.blocks[index].words for index in open_], np.float32)
    kept = keep(probabilities, words)
    for index, probability, is_kept in zip(open_, probabilities.tolist(), kept.tolist(), strict=True):
        is_linked = document.blocks[index].link_density > 0.5
        verdicts[index] = _verdict(is_kept, is_linked, round(probability, 2))
    copies = _fallen_copies(document, verdicts)
    if copies:
        _restore(document, verdicts, copies, used.probabilities(matrix, copies))
    expected = expected_f1(probabilities, words, kept)
    return float(np.interp(expected, *used.calibration))


def _without_site(verdicts: Sequence[Verdict | None]) -> list[Verdict | None]:
    """Return the verdicts without those that a site's rules alone give.

    Weights are fitted without rules for sites. What these remove between two paragraphs would part them, as lines of a
    menu are parted, and a rule would cost what stands around it.
    """
    return [
        verdict if verdict is None or not all(reason.id.startswith("sites/") for reason in verdict.evidence) else None
        for verdict in verdicts
    ]


@cache
def _verdict(is_kept: bool, is_linked: bool, probability: float) -> Verdict:
    """Return one of the few hundred verdicts that the scorer can give."""
    evidence = (Evidence("scorer", detail=f"body with probability {probability:.2f}"),)
    if is_kept:
        return Verdict(Fate.KEEP, None, None, evidence)
    return Verdict(Fate.DROP, NoiseKind.NAVIGATION if is_linked else NoiseKind.OTHER, None, evidence)


def _fallen_copies(document: Document, verdicts: list[Verdict | None]) -> list[int]:
    """Return the blocks that were dropped as repeated and whose text is nowhere in the body."""
    repeated, keep = NoiseKind.REPEATED_TEXT, Fate.KEEP
    copies = [index for index, verdict in enumerate(verdicts) if verdict is not None and verdict.kind is repeated]
    if not copies:
        return []
    standing = {
        block.text
        for block, verdict in zip(document.blocks, verdicts, strict=True)
        if verdict is not None and verdict.fate is keep
    }
    return [index for index in copies if document.blocks[index].text not in standing]


def _restore(document: Document, verdicts: list[Verdict | None], copies: list[int], probabilities: Any) -> None:
    """Give back the likeliest copy of a text that was dropped as repeated when the copy left standing fell as well."""
    best: dict[str, tuple[float, int]] = {}
    for index, probability in zip(copies, probabilities.tolist(), strict=True):
        text = document.blocks[index].text
        if probability >= _CAP and probability > best.get(text, (0.0, 0))[0]:
            best[text] = probability, index
    for probability, index in best.values():
        detail = f"body with probability {probability:.2f}; its other copy is not"
        verdicts[index] = Verdict(Fate.KEEP, evidence=(Evidence("scorer", detail=detail),))


def keep(probabilities: Any, words: Any) -> NDArray[np.bool_]:
    """Return which blocks to keep: the threshold follows from the best expected F1 of the page."""
    order = np.argsort(-probabilities)
    sorted_words = words[order]
    hits = np.cumsum(probabilities[order] * sorted_words)
    total = float(hits[-1]) if len(hits) else 0.0
    best = float(np.max(2 * hits / np.maximum(np.cumsum(sorted_words) + total, 1e-6))) if len(hits) else 0.0
    chosen: NDArray[np.bool_] = probabilities >= min(_FACTOR * best, _CAP)
    return chosen


def expected_f1(probabilities: Any, words: Any, kept: Any) -> float:
    """Return the word F1 to expect of keeping `kept`."""
    mass = probabilities * words
    return float(2 * mass[kept].sum() / max(words[kept].sum() + mass.sum(), 1e-6))


def reasons(
    document: Document, declared: Declared, verdicts: Sequence[Verdict | None], indices: Iterable[int]
) -> dict[int, list[Reason]]:
    """Return for each block of `indices` that the scorer judged what each feature added to its score, strongest first.

    `verdicts` are those that stood before the scorer: None where it was asked.
    """
    view = view_of(document)
    used, names = model(view), NAMES[view]
    matrix = extract(document, stated(document, declared), _without_site(verdicts), used.lexicon)
    found = {}
    for index in indices:
        if verdicts[index] is None:
            added = used.added(matrix[index])
            all_of = [Reason(names[feature], float(matrix[index][feature]), part) for feature, part in added.items()]
            found[index] = sorted(all_of, key=lambda reason: -abs(reason.added))
    return found


# ---- what the page says of itself ------------------------------------------------------------------------------------

_ARTICLE_BODY: Final = re.compile(r'"articleBody"\s{0,9}:\s{0,9}("(?:[^"\\]++|\\.)*+")', re.DOTALL)
_TYPE: Final = re.compile(r'"@type"\s{0,9}:\s{0,9}\[?\s{0,9}"(\w{1,40})"')
_LONGEST_SCRIPT: Final = 500_000
_SHORTEST_BODY: Final = 300
"""Characters of an `articleBody` that is the article and no teaser."""
_FORUMS: Final = frozenset({"DiscussionForumPosting", "QAPage"})
_LISTS: Final = frozenset({"CollectionPage", "ItemList", "SearchResultsPage"})


def stated(document: Document, declared: Declared) -> Stated:
    """Return what the page says of itself, as far as the scorer compares blocks with it."""
    titles = builtin.titles(declared)
    description = declared.first("description")
    folded = fold_phrase(description) if isinstance(description, str) else ""
    if document.root is None:
        return Stated(titles, folded)
    types: set[str] = set()
    body = ""
    for script in document.tagged("script"):
        text = script.text
        if text and "ld+json" in (script.get("type") or "") and len(text) <= _LONGEST_SCRIPT:
            types.update(_TYPE.findall(text))
            if '"articleBody"' in text and (found := _ARTICLE_BODY.search(text)):
                body = body or (fold(_unescaped(found[1])) if len(found[1]) > _SHORTEST_BODY else "")
    return Stated(titles, folded, body, _kind(document, types))


def _unescaped(literal: str) -> str:
    try:
        return str(json.loads(literal, strict=False))
    except ValueError:
        return ""


def _kind(document: Document, types: set[str]) -> int:
    """Return what the page calls itself, as :attr:`Stated.kind`."""
    metas = (meta for meta in document.tagged("meta") if (meta.get("property") or "").lower() == "og:type")
    graph = next((meta.get("content") or "" for meta in metas), "").lower()
    if types & _FORUMS:
        return 3
    if "article" in graph or any(name.endswith(("Article", "BlogPosting")) for name in types):
        return 1
    if "product" in graph or "Product" in types:
        return 2
    return 4 if "website" in graph or types & _LISTS else 0
