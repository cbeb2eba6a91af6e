r"""How an answer is scored against a reference: the metric of each set of the corpus, and what a difference is worth.

======== ========================================================== =================================================
set      per page                                                   the set's figures
======== ========================================================== =================================================
aeb      4-word shingles: precision, recall; same words exactly     mean precision and recall, F1 *of those two means*
wcxb     words as a multiset: precision, recall, F1; snippets       means
news     as wcxb, title and summary free; metadata where given      means
======== ========================================================== =================================================

A score of None means that a page does not count for that figure (no snippets given, nothing predicted). Pure functions.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from statistics import fmean

__all__ = [
    "LOWER_IS_BETTER",
    "METRICS",
    "Answer",
    "Difference",
    "Reference",
    "Scores",
    "figures",
    "news_tokens",
    "paired_bootstrap",
    "score",
    "score_metadata",
]

Scores = dict[str, float | None]
Tokens = list[str]

LOWER_IS_BETTER = frozenset({"without"})
SHINGLE = 4

_WORD = re.compile(r"\w+")
# Thai, Hangul, Han (with its compatibility block and the planes 2 and 3) and Kana: a token for each character.
_SINGLE = (
    "\u0e00-\u0e7f\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3040-\u30ff\u31f0-\u31ff"
)
_NEWS_TOKEN = re.compile(rf"(?![\W_])[{_SINGLE}]|[^\W_{_SINGLE}]+")


@dataclass(frozen=True, slots=True)
class Reference:
    """What a page's annotators say the right answer is. Sets differ in what they state; the rest stays empty."""

    body: str
    present: tuple[str, ...] = ()
    """Snippets that must appear (`with`)."""
    absent: tuple[str, ...] = ()
    """Snippets of boilerplate that must not (`without`)."""
    title: str = ""
    summary: str = ""
    """The standfirst: neither wanted nor held against an answer."""
    authors: tuple[str, ...] = ()
    published: str = ""
    """ISO 8601."""
    captions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a system made of a page."""

    text: str
    status: str = "ok"
    gives_metadata: bool = False
    """Whether the fields below are an answer, to be scored even where they are empty."""
    title: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    """ISO 8601."""
    captions: tuple[str, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    """Field -> where its value comes from, of a system that can tell."""


def score(set_name: str, reference: Reference, answer: Answer) -> Scores:
    """Return the scores of one page by the metric of its set."""
    return METRICS[set_name](reference, answer)


def figures(set_name: str, rows: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """Return a set's figures from its pages' scores: means over the pages that count, but AEB's F1 from two means."""
    columns: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            if value is not None:
                columns[name].append(value)
    means = {name: fmean(values) for name, values in columns.items()}
    if set_name == "aeb":
        means["f1"] = _harmonic(means.get("precision", 0.0), means.get("recall", 0.0))
    return means


# -- AEB -------------------------------------------------------------------------------------------------------------


def _score_shingles(reference: Reference, answer: Answer) -> Scores:
    wanted, given = _WORD.findall(reference.body), _WORD.findall(answer.text)
    wanted_shingles, given_shingles = _shingles(wanted), _shingles(given)
    shared = (wanted_shingles & given_shingles).total()
    precision = shared / given_shingles.total() if given else None
    recall = shared / wanted_shingles.total() if wanted else None
    # The page's own F1 ranks pages; the set's F1 is made of the mean precision and recall.
    f1 = float(wanted == given) if precision is None or recall is None else _harmonic(precision, recall)
    return {"precision": precision, "recall": recall, "f1": f1, "accuracy": float(wanted == given)}


def _shingles(tokens: Tokens) -> Counter[tuple[str, ...]]:
    """Count the runs of 4 tokens; a text of 1 to 3 tokens is one shorter run, as in the AEB's own script."""
    starts = range(max(len(tokens) - SHINGLE + 1, 1 if tokens else 0))
    return Counter(tuple(tokens[start : start + SHINGLE]) for start in starts)


# -- WCXB ------------------------------------------------------------------------------------------------------------


def _score_words(reference: Reference, answer: Answer) -> Scores:
    wanted, given = (Counter(_WORD.findall(text.lower())) for text in (reference.body, answer.text))
    text = answer.text.lower()
    return {
        **_overlap(wanted, given),
        "with": _share(snippet.lower() in text for snippet in reference.present),
        "without": _share(snippet.lower() in text for snippet in reference.absent),
    }


# -- news ------------------------------------------------------------------------------------------------------------


def _score_news(reference: Reference, answer: Answer) -> Scores:
    wanted, given = Counter(news_tokens(reference.body)), Counter(news_tokens(answer.text))
    optional = Counter(news_tokens(reference.title)) + Counter(news_tokens(reference.summary))
    scores = _overlap(wanted, given - ((given - wanted) & optional))
    if answer.gives_metadata:
        scores |= score_metadata(reference, answer)
    return scores


def news_tokens(text: str) -> Tokens:
    """Return the tokens of the news metric: letters and digits, one per character in scripts without spaces."""
    return _NEWS_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def score_metadata(reference: Reference, answer: Answer) -> Scores:
    """Return what the metadata of an answer is worth, whichever set its page is from; None where nothing is asked."""
    wanted = {_phrase(name) for name in reference.authors}
    given = {_phrase(name) for name in answer.authors}
    gold, shown = ([f" {_phrase(text)} " for text in side.captions if text] for side in (reference, answer))
    # A caption given with its credit, or with a label before it, is found all the same.
    times = [sum(caption in text for text in shown) for caption in gold]
    once = [sum(caption in text for text in gold) for caption in gold]
    matched = [any(caption in text or text in caption for caption in gold) for text in shown]
    return {
        "title": float(news_tokens(reference.title) == news_tokens(answer.title)),
        "authors": float(wanted == given),
        "authors_overlap": float(bool(wanted & given)) if wanted else None,
        "date": float(_same_day(reference.published, answer.published)) if reference.published else None,
        "date_minute": _same_minute(reference.published, answer.published),
        "captions": _share(count > 0 for count in times),
        "captions_once": _share(0 < count <= most for count, most in zip(times, once, strict=True)),
        "captions_precision": _share(matched) if gold else None,
    }


def _phrase(text: str) -> str:
    return " ".join(news_tokens(text))


def _same_day(wanted: str, given: str) -> bool:
    """Return whether two ISO 8601 stamps are on the same UTC day; where just a day is wanted, the day as stated."""
    one, other = _moment(wanted), _moment(given)
    if one is None or other is None:
        return False
    if _is_day(wanted):
        return one.date() == other.date()
    return _utc(one).date() == _utc(other).date()


def _same_minute(wanted: str, given: str) -> float | None:
    """Return whether two stamps agree to the minute (by the clock where one has no zone); None: no time is wanted."""
    one, other = _moment(wanted), _moment(given)
    if one is None or _is_day(wanted):
        return None
    if other is None or _is_day(given):
        return 0.0
    if one.tzinfo and other.tzinfo:
        one, other = _utc(one), _utc(other)
    return float(f"{one:%Y%m%d%H%M}" == f"{other:%Y%m%d%H%M}")


def _moment(stamp: str) -> datetime | None:
    """Return the moment of an ISO 8601 stamp, None for anything else, or for one at the edge of the calendar."""
    try:
        moment = datetime.fromisoformat(stamp)
        _utc(moment)
    except (ValueError, OverflowError):
        return None
    return moment


def _utc(moment: datetime) -> datetime:
    """Return a moment in UTC; one without a zone counts as UTC."""
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_day(stamp: str) -> bool:
    """Return whether a stamp states a day and no time: midnight without a zone is a day that a library filled up."""
    moment = datetime.fromisoformat(stamp)
    return moment.tzinfo is None and moment.time() == time.min


# -- shared ----------------------------------------------------------------------------------------------------------


def _overlap(wanted: Counter[str], given: Counter[str]) -> Scores:
    if not wanted:
        right = float(not given)
        return {"precision": right, "recall": right, "f1": right}
    shared = (wanted & given).total()
    precision = shared / given.total() if given else 0.0
    recall = shared / wanted.total()
    return {"precision": precision, "recall": recall, "f1": _harmonic(precision, recall)}


def _harmonic(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(hits: Iterable[bool]) -> float | None:
    found = list(hits)
    return fmean(found) if found else None


METRICS: dict[str, Callable[[Reference, Answer], Scores]] = {
    "aeb": _score_shingles,
    "wcxb": _score_words,
    "wcxb-other": _score_words,
    "news": _score_news,
}


# -- what a difference is worth --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A change of a set's F1 with the 95 % interval that a paired bootstrap gives it."""

    delta: float
    low: float
    high: float

    @property
    def is_noise(self) -> bool:
        """Whether no change at all lies within the interval."""
        return self.low <= 0 <= self.high


def paired_bootstrap(
    set_name: str, pairs: Sequence[tuple[str, Scores, Scores]], rounds: int = 1000, seed: int = 1
) -> Difference:
    """Compare two runs over the same pages: `pairs` holds each page's group (registrable domain), old and new scores.

    Whole groups are drawn, not pages: pages of one site share a template, so they are not independent evidence. The
    same `seed` gives the same interval.
    """
    groups: dict[str, list[tuple[Scores, Scores]]] = defaultdict(list)
    for group, old, new in pairs:
        groups[group].append((old, new))
    members = list(groups.values())

    def delta(sample: Iterable[list[tuple[Scores, Scores]]]) -> float:
        drawn = [pair for group in sample for pair in group]
        before, after = (_headline(set_name, [pair[side] for pair in drawn]) for side in (0, 1))
        return after - before

    draw = random.Random(seed)
    deltas = sorted(delta(draw.choices(members, k=len(members))) for _ in range(rounds))
    return Difference(delta(members), deltas[int(rounds * 0.025)], deltas[min(int(rounds * 0.975), rounds - 1)])


def _headline(set_name: str, rows: Sequence[Scores]) -> float:
    """Return the F1 of :func:`figures` alone."""
    names = ("precision", "recall") if set_name == "aeb" else ("f1",)
    return figures(set_name, [{name: row.get(name) for name in names} for row in rows]).get("f1", 0.0)
