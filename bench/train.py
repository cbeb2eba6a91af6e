"""Train the scorer of :mod:`cleaner.judge` on the development corpus, and say by cross-validation how good it is.

::

    python bench/train.py [--view html|text] [--dry-run] [--report FILE]

    pages ─▶ blocks, each with the share of it that is gold ─▶ lexicons (out of fold) ─▶ features ─▶ oblivious trees

Rules, repeats and metadata lines are given (site rules off); only blocks that they leave open are learnt from. Blocks
are labelled by aligning them with the reference in order, weighted by the square root of their words, pages equally.
Folds group by registrable domain over all three sets, and a lexicon never counts the pages whose features it makes.
Text dumps are learnt in six guises a page: whole-page and leaky dumps, with and without blank lines, wrapped, and the
reference itself: a text that is clean already stays as it is.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from corpus import SETS, CorpusPage, fold_of, load, read_input, registrable_domain
from metrics import Answer, figures, score
from numpy.typing import NDArray

from cleaner.compose import compose
from cleaner.describe import declare
from cleaner.judge import given
from cleaner.judge.features import NAMES, SHORT_WORDS, Lexicon, Stated, class_tokens, extract, phrase_keys
from cleaner.judge.scorer import View, expected_f1, keep, stated
from cleaner.model import Document, Evidence, Fate, NoiseKind, Page, Verdict
from cleaner.rules import RuleBook
from cleaner.segment import segment
from cleaner.text import words

__all__ = ["align", "fitted", "samples", "tokens"]

FOLDS = 5
WEIGHTS = Path(__file__).resolve().parent.parent / "src/cleaner/judge/weights"
GUISES: dict[View, tuple[str, ...]] = {
    "html": ("html",),
    "text": ("dump-html_text", "dump-inscriptis-tight", "dump-leaky", "dump-leaky-tight", "wrapped", "clean"),
}
_ROUNDS = {"html": 300, "text": 300}
_DEPTH = 6
_HOSTS = (3, 4)
"""Hosts that must show a class token, a phrase, before it may be in a lexicon."""
_LEAST_TOKEN, _LEAST_PHRASE = 0.5, 1.2
"""Log-odds under which an entry says too little to be worth its place."""
_GRAM = 4


# ---- pages and labels ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sample:
    """One page in one guise."""

    page: CorpusPage
    guise: str
    document: Document
    given: list[Verdict | None]
    stated: Stated
    gold: NDArray[np.float32]
    """Share of each block that the reference has."""
    counts: NDArray[np.float32]
    """Words of each block."""
    fold: int
    domain: str

    @property
    def open(self) -> NDArray[np.bool_]:
        """Which blocks are the scorer's to judge."""
        return np.array([verdict is None for verdict in self.given])

    @property
    def weights(self) -> NDArray[np.float32]:
        """Blocks by the square root of their words, pages equally."""
        roots = np.sqrt(self.counts)
        total: NDArray[np.float32] = roots / max(float(roots.sum()), 1.0) ** 0.5
        return total


def samples(view: View) -> list[Sample]:
    """Return every page of the corpus in every guise of a view."""
    book = RuleBook.load("generic")
    found = []
    for name in SETS:
        for page in load(name):
            for guise in GUISES[view]:
                sample = _sample(page, guise, book)
                if sample is not None:
                    found.append(sample)
    return found


def _sample(page: CorpusPage, guise: str, book: RuleBook) -> Sample | None:
    if guise == "wrapped":
        text, media_type = read_input(page, "dump-html_text")
        width = 60 + sum(map(ord, page.id)) % 50
        assert isinstance(text, str)
        content: bytes | str = "\n".join(
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")
        )
    elif guise == "clean":
        content, media_type = page.reference.body, "text/plain"
    else:
        content, media_type = read_input(page, guise)
    document = segment(Page(content, url=page.url, media_type=media_type))
    if not document.blocks:
        return None
    rules = book.for_page(document)
    declared = declare(document, rules)
    verdicts, _ = given(document, declared, rules)
    return Sample(
        page=page,
        guise=guise,
        document=document,
        given=verdicts,
        stated=stated(document, declared),
        gold=align([tokens(block.text) for block in document.blocks], tokens(page.reference.body)),
        counts=np.array([block.words for block in document.blocks], np.float32),
        fold=fold_of(page.url, FOLDS),
        domain=registrable_domain(page.url),
    )


def tokens(text: str) -> list[str]:
    """Return the words of a text as they are aligned."""
    return words(text.casefold())


def align(blocks: Sequence[Sequence[str]], gold: Sequence[str]) -> NDArray[np.float32]:
    """Return for each block the share of its words that the reference has, the blocks taken in order.

    Blocks of four words or more find their place by the word 4-grams they share with the reference; the best chain of
    places in order (heaviest increasing subsequence) wins. Shorter blocks must stand whole in the gap between the
    blocks around them.
    """
    share = np.zeros(len(blocks), np.float32)
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at in range(len(gold) - _GRAM + 1):
        places[tuple(gold[at : at + _GRAM])].append(at)
    found: list[tuple[int, int, int, float]] = []  # block, start in gold, length, share
    for index, block in enumerate(blocks):
        if len(block) < _GRAM:
            continue
        votes: Counter[int] = Counter()
        for at in range(len(block) - _GRAM + 1):
            for place in places.get(tuple(block[at : at + _GRAM]), ())[:12]:
                votes[place - at] += 1
        for start, count in votes.most_common(2):
            # Offsets shift where the reference leaves out or adds a word: count the votes nearby.
            near = sum(votes.get(start + shift, 0) for shift in range(-4, 5))
            part = min(1.0, (near + _GRAM - 1) / len(block))
            if part >= 0.3 and count:
                found.append((index, start, len(block), part))
    chain = _heaviest_chain(found)
    covered = np.zeros(len(gold) + 1, bool)
    anchors: list[tuple[int, int, int]] = []
    for index, start, length, part in chain:
        share[index] = part
        covered[max(start, 0) : start + length] = True
        anchors.append((index, start, start + length))
    # Text that the reference has in another order: wherever it stands uncovered.
    for index, start, length, part in sorted(found, key=lambda entry: -entry[3]):
        if share[index] == 0 and part >= 0.8 and not covered[max(start, 0) : start + length].any():
            share[index] = part
            covered[max(start, 0) : start + length] = True
    _fill_gaps(blocks, gold, share, covered, sorted(anchors))
    return share


def _heaviest_chain(found: list[tuple[int, int, int, float]]) -> list[tuple[int, int, int, float]]:
    if not found:
        return []
    found = sorted(found, key=lambda entry: (entry[0], entry[1]))
    index = np.array([entry[0] for entry in found])
    start = np.array([entry[1] for entry in found])
    weight = np.array([entry[2] * entry[3] for entry in found])
    best = weight.astype(float)
    back = np.full(len(found), -1)
    for at in range(1, len(found)):
        allowed = (index[:at] < index[at]) & (start[:at] < start[at])
        if allowed.any():
            candidate = int(np.argmax(np.where(allowed, best[:at], -1)))
            if best[candidate] > 0:
                best[at] = weight[at] + best[candidate]
                back[at] = candidate
    at = int(np.argmax(best))
    chain = []
    while at >= 0:
        chain.append(found[at])
        at = int(back[at])
    return chain[::-1]


def _fill_gaps(
    blocks: Sequence[Sequence[str]],
    gold: Sequence[str],
    share: NDArray[np.float32],
    covered: NDArray[np.bool_],
    anchors: list[tuple[int, int, int]],
) -> None:
    order = [anchor[0] for anchor in anchors]
    floor: dict[int, int] = {}
    for index, block in enumerate(blocks):
        if share[index] > 0 or not block or len(block) >= 3 * _GRAM:
            continue
        after = bisect_left(order, index)
        low = anchors[after - 1][2] - 2 if after else 0
        high = anchors[after][1] + 2 if after < len(anchors) else len(gold)
        at = max(low, floor.get(after, 0), 0)
        length = len(block)
        while at + length <= min(high, len(gold)):
            if list(gold[at : at + length]) == list(block) and not covered[at : at + length].any():
                share[index] = 1.0
                covered[at : at + length] = True
                floor[after] = at + length
                break
            at += 1


# ---- lexicons --------------------------------------------------------------------------------------------------------

_Votes = dict[str, tuple[float, int]]
"""Key -> sum over hosts of the share of it that is gold, number of hosts."""


def votes(found: Sequence[Sample]) -> list[tuple[_Votes, _Votes]]:
    """Return for each fold what its hosts say of class tokens and of phrases."""
    by_fold = []
    for fold in range(FOLDS):
        pair = []
        pages = [(*_page_votes(sample), sample.domain) for sample in found if sample.fold == fold and _usable(sample)]
        for which in (0, 1):
            hosts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
            for page in pages:
                for key, share in page[which].items():  # type: ignore[union-attr]
                    hosts[key][page[2]].append(share)
            pair.append({key: (sum(sum(x) / len(x) for x in of.values()), len(of)) for key, of in hosts.items()})
        by_fold.append((pair[0], pair[1]))
    return by_fold


def _usable(sample: Sample) -> bool:
    return bool(sample.page.reference.body.strip())


def _page_votes(sample: Sample) -> tuple[dict[str, float], dict[str, float]]:
    """Return of each class token and phrase on a page the share that is gold."""
    around: dict[int, set[str]] = {}
    tokens_: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    phrases: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    document = sample.document
    for block, verdict, gold, count in zip(document.blocks, sample.given, sample.gold, sample.counts, strict=True):
        if verdict is not None:
            continue
        is_gold = float(gold > 0.5)
        if document.is_html:
            anchor = document.anchors[block.index]
            if anchor not in around:
                around[anchor] = _tokens_around(document, anchor)
            for key in around[anchor]:
                tokens_[key][0] += is_gold * count**0.5
                tokens_[key][1] += count**0.5
        if count <= SHORT_WORDS:
            for key in set(phrase_keys(block.text)):
                phrases[key][0] += is_gold
                phrases[key][1] += 1
    return (
        {key: gold / total for key, (gold, total) in tokens_.items() if total},
        {key: gold / total for key, (gold, total) in phrases.items() if total},
    )


def _tokens_around(document: Document, ordinal: int) -> set[str]:
    found: set[str] = set()
    while ordinal:
        tag, names, ident = document.names[ordinal]
        if tag not in ("body", "html"):
            whole, parts = class_tokens(names, ident)
            found.update("=" + token for token in whole)
            found.update(parts)
        ordinal = document.parents[ordinal]
    return found


def lexicon(by_fold: Sequence[tuple[_Votes, _Votes]], folds: Iterable[int]) -> Lexicon:
    """Return the lexicon of some folds: log-odds against the mean, drawn to it by one host's weight."""
    chosen = list(folds)

    def learn(which: int, least: float) -> dict[str, float]:
        total: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for fold in chosen:
            for key, (share, hosts) in by_fold[fold][which].items():
                total[key][0] += share
                total[key][1] += hosts
        known = {key: (share, hosts) for key, (share, hosts) in total.items() if hosts >= _HOSTS[which]}
        if not known:
            return {}
        mean = sum(share for share, _ in known.values()) / sum(hosts for _, hosts in known.values())
        base = np.log(mean / (1 - mean))
        scores = {
            key: round(float(np.log((share + mean) / (hosts - share + 1 - mean)) - base), 1)
            for key, (share, hosts) in known.items()
        }
        return {key: value for key, value in sorted(scores.items()) if abs(value) >= least}

    return Lexicon(learn(0, _LEAST_TOKEN), learn(1, _LEAST_PHRASE))


# ---- training --------------------------------------------------------------------------------------------------------


def fit(rows: Sequence[tuple[Sample, NDArray[np.float32]]], view: View) -> Any:
    """Return trees fitted to samples with their features."""
    from catboost import CatBoostClassifier

    chosen = [(sample, matrix, sample.open) for sample, matrix in rows if _usable(sample)]
    features = np.vstack([matrix[mask] for _, matrix, mask in chosen])
    labels = np.concatenate([sample.gold[mask] > 0.5 for sample, _, mask in chosen])
    weight = np.concatenate([sample.weights[mask] for sample, _, mask in chosen])
    trees = CatBoostClassifier(
        iterations=_ROUNDS[view], depth=_DEPTH, learning_rate=0.1, l2_leaf_reg=6, border_count=64, rsm=0.5,
        bootstrap_type="Bernoulli", subsample=0.8, random_seed=0, thread_count=2, verbose=0, allow_writing_files=False,
    )  # fmt: skip
    trees.fit(features, labels.astype(int), sample_weight=weight * len(weight) / weight.sum())
    return trees


def cross_validate(found: Sequence[Sample], view: View) -> list[NDArray[np.float32]]:
    """Return for each sample the probabilities of its blocks, by trees and lexicons that never saw its domain."""
    by_fold = votes(found)
    probabilities: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(found)
    for fold in range(FOLDS):
        began = time.monotonic()
        rows = []
        for other in range(FOLDS):
            used = lexicon(by_fold, [number for number in range(FOLDS) if number not in (fold, other)])
            rows += [
                (sample, extract(sample.document, sample.stated, sample.given, used))
                for sample in found
                if sample.fold == other != fold
            ]
        trees = fit(rows, view)
        used = lexicon(by_fold, [number for number in range(FOLDS) if number != fold])
        for index, sample in enumerate(found):
            if sample.fold == fold:
                matrix = extract(sample.document, sample.stated, sample.given, used)
                probabilities[index] = trees.predict_proba(matrix)[:, 1].astype(np.float32)
        print(f"fold {fold + 1} of {FOLDS}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return probabilities


_KEEP = Verdict(Fate.KEEP, evidence=(Evidence("scorer"),))
_DROP = Verdict(Fate.DROP, NoiseKind.OTHER, None, (Evidence("scorer"),))


def evaluate(found: Sequence[Sample], probabilities: Sequence[NDArray[np.float32]]) -> dict[str, Any]:
    """Return per guise and set the figures of the corpus' metrics; under `calibration`, expected against found F1."""
    rows: dict[tuple[str, str], list[Any]] = defaultdict(list)
    expected: list[float] = []
    reached: list[float] = []
    for sample, probability in zip(found, probabilities, strict=True):
        open_ = sample.open
        verdicts = [verdict or _DROP for verdict in sample.given]
        kept = keep(probability[open_], sample.counts[open_])
        for index, is_kept in zip(np.flatnonzero(open_), kept, strict=True):
            verdicts[index] = _KEEP if is_kept else _DROP
        text, _ = compose(sample.document, verdicts)
        scores = score(sample.page.set_name, sample.page.reference, Answer(text=text))
        rows[sample.guise, sample.page.set_name].append(scores)
        expected.append(expected_f1(probability[open_], sample.counts[open_], kept) if open_.any() else 1.0)
        reached.append(scores["f1"] or 0.0)
    results: dict[str, Any] = {
        f"{guise}/{name}": figures(name, scored) for (guise, name), scored in sorted(rows.items())
    }
    results["calibration"] = _calibrate(np.array(expected), np.array(reached))
    return results


def _calibrate(expected: NDArray[np.float64], reached: NDArray[np.float64]) -> list[list[float]]:
    """Return the mean expected F1 and the mean F1 of tenths of the pages, made monotone: a reliability table."""
    order = np.argsort(expected)
    points: list[list[float]] = []  # expected, reached, pages
    for part in np.array_split(order, 10):
        points.append([float(expected[part].mean()), float(reached[part].mean()), float(len(part))])
        while len(points) > 1 and points[-1][1] < points[-2][1]:  # pool adjacent violators
            last, before = points.pop(), points.pop()
            pages = last[2] + before[2]
            points.append([(last[k] * last[2] + before[k] * before[2]) / pages for k in (0, 1)] + [pages])
    return [[round(point[0], 3) for point in points], [round(point[1], 3) for point in points]]


def export(trees: Any, used: Lexicon, view: View, calibration: list[list[float]]) -> str:
    """Return the weights file of a fitted model."""
    path = WEIGHTS / f"{view}.catboost"
    trees.save_model(str(path), format="json")
    data = json.loads(path.read_text("utf-8"))
    path.unlink()
    questions: dict[tuple[int, float], int] = {}
    asked, leaves = [], []
    names = NAMES[view]
    for tree in data["oblivious_trees"]:
        splits = tree["splits"] or []
        levels = [
            questions.setdefault((split["float_feature_index"], float(f"{split['border']:.6g}")), len(questions))
            for split in splits
        ]
        assert len(levels) == _DEPTH, "a tree is shallower than the others"
        asked.append(levels)
        leaves.append(tree["leaf_values"])
    scale = 0.01
    factor, (bias,) = data["scale_and_bias"]
    compact = {
        "view": view,
        "scale": scale,
        "bias": round(bias, 5),
        "calibration": calibration,
        "features": list(names),
        "questions": [list(question) for question in questions],
        "trees": asked,
        "leaves": [[round(value * factor / scale) for value in tree] for tree in leaves],
        "tokens": dict(used.tokens),
        "phrases": dict(used.phrases),
    }
    return _readable(compact)


def _readable(data: dict[str, Any]) -> str:
    """Return JSON with a line for each part, tree or table, so that a change can be reviewed."""
    parts = []
    for key, value in data.items():
        if key in ("trees", "leaves", "questions"):
            rows = ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in value)
            parts.append(f' "{key}": [\n  {rows}\n ]')
        elif isinstance(value, dict):
            entries = [f"{json.dumps(k, ensure_ascii=False)}:{v}" for k, v in value.items()]
            rows = "\n  ".join(
                ",".join(entries[at : at + 8]) + ("," if at + 8 < len(entries) else "")
                for at in range(0, len(entries), 8)
            )
            parts.append(f' "{key}": {{\n  {rows}\n }}')
        else:
            parts.append(f' "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def train(view: View) -> tuple[dict[str, Any], str]:
    """Return the cross-validated figures of a view and the weights fitted to all of the corpus."""
    found = samples(view)
    print(f"{view}: {len(found)} samples", file=sys.stderr, flush=True)
    results = evaluate(found, cross_validate(found, view))
    return results, fitted(found, view, results["calibration"])


def fitted(found: Sequence[Sample], view: View, calibration: list[list[float]]) -> str:
    """Return the weights file of a model fitted to samples."""
    by_fold = votes(found)
    rows = []
    for fold in range(FOLDS):
        used = lexicon(by_fold, [number for number in range(FOLDS) if number != fold])
        rows += [
            (sample, extract(sample.document, sample.stated, sample.given, used))
            for sample in found
            if sample.fold == fold
        ]
    return export(fit(rows, view), lexicon(by_fold, range(FOLDS)), view, calibration)


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Train the scorer and report cross-validated figures.")
    parser.add_argument("--view", choices=["html", "text"], action="append", help="default: both")
    parser.add_argument("--dry-run", action="store_true", help="report only, write no weights")
    parser.add_argument("--report", type=Path, help="write the figures there, as JSON")
    options = parser.parse_args()
    report = {}
    for view in options.view or ["html", "text"]:
        results, weights = train(view)
        report[view] = results
        print(json.dumps({view: results}, indent=1), flush=True)
        if not options.dry_run:
            WEIGHTS.mkdir(exist_ok=True)
            (WEIGHTS / f"{view}.json").write_text(weights, "utf-8")
    if options.report:
        options.report.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
