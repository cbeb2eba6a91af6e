"""How right the metadata of `cleaner` (without site rules) and its peers is, and where ours differs from the reference.

::

    python bench/metadata.py                                       the table, and the time that metadata takes
    python bench/metadata.py --systems cleaner --sets news --fields title,date
    python bench/metadata.py --disagreements authors               for reading: ours, the reference, the peers'
    python bench/metadata.py --out results.json                    every answer and score, page by page

Figures are means over the pages that count: `where given` those whose reference states the field, `where none` the
others. Titles, names and captions are compared as tokens of the news metric. An author set of WCXB, whose reference is
one string, is right as that string or as the names in it.

Exit status: 0 fine; 2 cannot run as asked.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Final

import corpus
import peers
from metrics import Answer, Reference, Scores, news_tokens, score_metadata
from options import names_of
from rich import box
from rich.console import Console
from rich.table import Table
from speed import Stopwatch

__all__ = ["FIGURES", "SYSTEMS", "Figure", "PageResult", "Whereabouts", "disagreements", "main", "measure", "score"]

_OURS: Final = peers.PROJECT
_METADATA_STAGES: Final = ("declare", "describe")


# -- what is measured ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table: the mean of one score over a set."""

    set: str
    field: str
    """Attribute of an answer and of its reference."""
    score: str
    label: str
    goal: str = ""
    """What is to be reached; empty: for information, and no disagreement where it falls short."""

    def falls_short(self, scores: Scores) -> bool:
        """Return whether a page takes something away from this figure."""
        value = scores.get(self.score)
        return bool(self.goal) and value is not None and value != float(not self.score.endswith("_invented"))


FIGURES: Final = (
    Figure("news", "title", "title", "title equal", "0.96"),
    Figure("news", "authors", "authors", "author set equal where given", "0.93"),
    Figure("news", "authors", "authors_overlap", "author sets overlap", "0.97"),
    Figure("news", "authors", "authors_invented", "authors where none"),
    Figure("news", "date", "date", "date on the same UTC day", "0.99"),
    Figure("news", "date", "date_minute", "date at the same minute"),
    Figure("news", "captions", "captions", "captions found"),
    Figure("news", "captions", "captions_once", "captions found once", "0.85"),
    Figure("news", "captions", "captions_precision", "precision of captions", "0.90"),
    Figure("news", "captions", "captions_invented", "captions where none"),
    Figure("wcxb", "title", "title", "title equal", "0.80"),
    Figure("wcxb", "authors", "authors", "author set equal where given", "0.80"),
    Figure("wcxb", "authors", "authors_overlap", "author sets overlap"),
    Figure("wcxb", "authors", "authors_invented", "authors where none", "< 0.08"),
    Figure("wcxb", "date", "date", "date right where given", "0.93"),
    Figure("wcxb", "date", "date_invented", "date where none", "< 0.50"),
)
FIELDS: Final = tuple(dict.fromkeys(figure.field for figure in FIGURES))
SETS: Final = tuple(dict.fromkeys(figure.set for figure in FIGURES))


def score(set_name: str, reference: Reference, answer: Answer) -> Scores:
    """Return what an answer is worth: as in the news metric, but what the reference does not state counts apart."""
    scores = score_metadata(reference, answer)
    if set_name == "wcxb":
        apart = score_metadata(replace(reference, authors=_names(reference.authors)), answer)
        scores |= {name: max(scores[name] or 0.0, apart[name] or 0.0) for name in ("authors", "authors_overlap")}
    if not reference.authors:
        scores |= {"authors": None, "authors_overlap": None, "authors_invented": float(bool(answer.authors))}
    if not reference.captions:
        scores["captions_invented"] = float(bool(answer.captions))
    if not reference.published:
        scores["date_invented"] = float(bool(answer.published))
    return scores


_BETWEEN_NAMES: Final = re.compile(r"\s*(?:;|&|\||\band\b)\s*")


def _names(bylines: Iterable[str]) -> tuple[str, ...]:
    """Return the names in bylines. A single word after a comma is a degree ("Ann Example, MD, RD"), not a name."""
    parts = [part for byline in bylines for part in _BETWEEN_NAMES.split(byline)]
    apart = [[name.strip() for name in part.split(",")] for part in parts]
    return tuple(name for first, *rest in apart for name in (first, *(name for name in rest if " " in name)) if name)


# -- systems ---------------------------------------------------------------------------------------------------------


def _trafilatura() -> peers.System:
    """Return what trafilatura reads from a page for metadata alone; its `extract`, among the peers, gives text only."""
    from trafilatura import extract_metadata

    def run(source: bytes | str, url: str, _media_type: str) -> Answer:
        found = extract_metadata(source, default_url=url).as_dict()
        authors = tuple(name for name in (found["author"] or "").split("; ") if name)
        return Answer(
            "", gives_metadata=True, title=found["title"] or "", authors=authors, published=found["date"] or ""
        )

    return run


SYSTEMS: Final[dict[str, Callable[[], peers.System]]] = {
    _OURS: peers.FACTORIES["cleaner:generic"][1],
    "trafilatura": _trafilatura,
    "newspaper4k": peers.FACTORIES["newspaper4k"][1],
}


# -- measuring -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageResult:
    """What each system says of one page, and what that is worth."""

    set: str
    id: str
    url: str
    reference: Reference
    answers: dict[str, Answer]
    """System -> its answer, less the text."""
    scores: dict[str, Scores]


def measure(systems: Mapping[str, peers.System], pages: Iterable[corpus.CorpusPage]) -> Iterator[PageResult]:
    """Yield what the systems make of each page; for one that crashes an empty answer, with the crash as its status."""
    for page in pages:
        source = page.html()
        answers = {}
        for name, run in systems.items():
            try:
                answers[name] = replace(run(source, page.url, "text/html"), text="")
            except Exception as error:
                answers[name] = Answer("", f"crashed: {type(error).__name__}: {error}")
        scores = {name: score(page.set_name, page.reference, answer) for name, answer in answers.items()}
        yield PageResult(page.set_name, page.id, page.url, replace(page.reference, body=""), answers, scores)


# -- reporting -------------------------------------------------------------------------------------------------------


def table(results: Sequence[PageResult], systems: Iterable[str], fields: Sequence[str]) -> Table:
    """Return the figures, a column for each system."""
    found = Table("set", "figure", "goal", box=box.MARKDOWN)
    for name in ("pages", *systems):
        found.add_column(name, justify="right")
    for figure in FIGURES:
        rows = [result.scores for result in results if result.set == figure.set]
        if figure.field not in fields or not rows:
            continue
        columns = {
            name: [value for row in rows if (value := row[name].get(figure.score)) is not None] for name in systems
        }
        pages = str(max(map(len, columns.values())))
        means = [f"{fmean(values):.3f}" if values else "–" for values in columns.values()]
        found.add_row(figure.set, figure.label, figure.goal, pages, *means)
    return found


def crashes(results: Iterable[PageResult]) -> Iterator[str]:
    """Yield a line for each crash."""
    for result in results:
        for name, answer in result.answers.items():
            if answer.status.startswith("crashed"):
                yield f"{name} {' '.join(answer.status.split())} on {result.set}/{result.id}"


def costs(seconds: Mapping[str, float], pages: int) -> str:
    """Return a line on the time that metadata takes within `clean()`; `seconds` by stage of :mod:`speed`."""
    total = sum(seconds.values())
    parts = ", ".join(f"{stage} {seconds[stage] / pages * 1000:.1f} ms" for stage in _METADATA_STAGES)
    share = sum(seconds[stage] for stage in _METADATA_STAGES) / total
    return f"metadata: {parts} of {total / pages * 1000:.1f} ms a page, {share:.0%} of clean()"


def disagreements(results: Iterable[PageResult], pages: Iterable[corpus.CorpusPage], field: str) -> Iterator[str]:
    """Yield lines for reading: each page where ours falls short, with what everybody says, `=` before those who do not.

    After what the reference states comes where on the page that stands.
    """
    sources = {(page.set_name, page.id): page.html for page in pages}
    for result in results:
        figures = [figure for figure in FIGURES if (figure.set, figure.field) == (result.set, field)]
        short = {name: any(figure.falls_short(result.scores[name]) for figure in figures) for name in result.answers}
        if not short[_OURS]:
            continue
        wanted = _values(result.reference, field)
        places = Whereabouts(sources[result.set, result.id]())
        yield f"\n{result.set}/{result.id}  {result.url}"
        yield f"    {'reference':<12}{'; '.join(f'{value!r} {places.of(value, field)}' for value in wanted) or 'none'}"
        for name, answer in result.answers.items():
            said = "; ".join(map(repr, _values(answer, field))) or "none"
            source = f"  ← {answer.sources[field][:100]}" if field in answer.sources else ""
            yield f"  {' ' if short[name] else '='} {name:<12}{said}{source}"


def _values(side: Reference | Answer, field: str) -> tuple[str, ...]:
    value: str | tuple[str, ...] = getattr(side, "published" if field == "date" else field)
    return value if isinstance(value, tuple) else (value,) if value else ()


class Whereabouts:
    """Where a value stands on a page: for telling a reference that nobody could read off it from a mistake of ours."""

    def __init__(self, page: bytes) -> None:
        import html_text

        source = page.decode(errors="replace")  # every page of the corpus is UTF-8
        self._places = {
            "in view": _line(html_text.extract_text(source)),
            "in the source": _line(html.unescape(source)),
        }

    def of(self, value: str, field: str) -> str:
        """Return the place as a remark in brackets; of a date, that of its day as usually written."""
        forms = _written(value) if field == "date" else [_line(value)]
        return next(
            (f"[{name}]" for name, text in self._places.items() if any(form in text for form in forms)), "[NOT ON PAGE]"
        )


def _line(text: str) -> str:
    return f" {' '.join(news_tokens(text))} "


def _written(stamp: str) -> list[str]:
    """Return how a text may state the day of a stamp, as tokens: `2024-05-01T10:00`, `1.5.2024`, `May 1, 2024`."""
    try:
        day = date.fromisoformat(stamp[:10])
    except ValueError:  # a month, or a year
        return [_line(stamp)]
    months = {f"{day:%m}", f"{day.month}", f"{day:%b}".casefold(), f"{day:%B}".casefold()}
    pairs = [(month, of_month) for month in months for of_month in {f"{day:%d}", f"{day.day}"}]
    orders = ("{year} {month} {day}", "{day} {month} {year}", "{month} {day} {year}")
    return [f" {order.format(year=day.year, month=month, day=number)}" for month, number in pairs for order in orders]


# -- the command -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    options = _parser().parse_args(arguments)
    try:
        pages = [page for name in options.sets for page in corpus.load(name)]
    except corpus.CorpusMissingError as error:
        print(f"metadata.py: {error}", file=sys.stderr)
        return 2
    systems, versions, skipped = {}, {}, {}
    for name in (_OURS, *(name for name in options.systems if name != _OURS)):
        try:
            systems[name], versions[name] = SYSTEMS[name](), peers.version_of(name)
        except ImportError as error:
            skipped[name] = f"cannot be imported: {error}"
    watch = Stopwatch()
    with watch.installed():
        results = list(measure(systems, pages))
    shown = [options.disagreements] if options.disagreements else options.fields
    Console(width=140).print(table(results, list(systems), shown))
    _print(f"skipped: {name} {reason}" for name, reason in skipped.items())
    _print(crashes(results))
    print(costs(watch.seconds, len(pages)))
    if options.disagreements:
        _print(disagreements(results, pages, options.disagreements))
    if options.out:
        record = {"versions": versions, "seconds": watch.seconds, "pages": [asdict(result) for result in results]}
        options.out.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure the metadata of cleaner, without site rules, and its peers.")
    add = parser.add_argument
    for option, known in (("--sets", SETS), ("--systems", tuple(SYSTEMS)), ("--fields", FIELDS)):
        add(option, type=names_of(known), default=known, help=f"of {','.join(known)}; default all")
    add("--disagreements", choices=FIELDS, metavar="FIELD", help=f"list where ours falls short: {', '.join(FIELDS)}")
    add("--out", type=Path, metavar="FILE", help="JSON file to write: every answer with its scores")
    return parser


if __name__ == "__main__":
    sys.exit(main())
