"""How well `cleaner` and its peers clean the development corpus.

::

    python bench/quality.py --systems cleaner,trafilatura --sets aeb,news --input html,dump-html_text --worst
    python bench/quality.py --out bench/results/new.json && python bench/quality.py --compare old.json new.json
    python bench/quality.py --systems cleaner --floors                     fails where a figure fell
    python bench/quality.py --systems cleaner --raise-floors               keeps what was gained
    python bench/quality.py --seeds                                        the five dumps, line by line

Exit status: 0 fine; 1 a figure below its floor, or a seed not as expected; 2 cannot run as asked.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

import corpus
import peers
from metrics import LOWER_IS_BETTER, Answer, Scores, figures, paired_bootstrap, score
from options import names_of, positive

from cleaner.text import word_count

__all__ = ["FloorReport", "PageResult", "Results", "Run", "check_floors", "compare", "main", "measure", "raise_floors"]

_FLOORS = Path(__file__).with_name("floors.json")
# Figures that get a floor when floors are raised: precision and recall are traded for each other within F1.
_FLOORED = (
    *("f1", "accuracy", "title", "authors", "authors_overlap", "date"),
    *("captions", "captions_precision"),
)
_EPSILON = 1e-6
_BODY_METRICS = ("f1", "precision", "recall", "accuracy", "with", "without")
_COLUMNS = (*_BODY_METRICS, "title", "authors", "authors_overlap", "date", "captions", "captions_precision")


class UsageError(Exception):
    """What was asked for cannot be done: says what to do instead."""


# -- measuring -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageResult:
    """What one system made of one page."""

    id: str
    url: str
    status: str
    ms: float
    words: int
    """Words of the answer."""
    scores: Scores

    @property
    def loss(self) -> float:
        """What the page is short of a perfect F1."""
        return 1 - (self.scores["f1"] or 0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """One system over one set, given one kind of input."""

    system: str
    input: str
    set: str
    corpus: str
    """Fingerprint of the pages."""
    figures: dict[str, float]
    pages: list[PageResult]

    @property
    def key(self) -> str:
        """`system/input/set`, as floors name it."""
        return f"{self.system}/{self.input}/{self.set}"


@dataclass(frozen=True, slots=True)
class Results:
    """Everything one invocation measured: the content of a results file."""

    runs: list[Run] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    """System -> why it was not measured."""
    measured: str = ""
    limit: int | None = None

    def save(self, path: Path) -> None:
        """Write a results file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read a results file; raises :class:`UsageError` where it is none."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            runs = [Run(**{**run, "pages": [PageResult(**page) for page in run["pages"]]}) for run in data.pop("runs")]
            return cls(runs=runs, **data)
        except FileNotFoundError as error:
            raise UsageError(f"{path}: no such file; make one with --out") from error
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}: not a results file of this program ({error!r}); make one with --out") from error


def measure(
    systems: Sequence[str], sets: Sequence[str], inputs: Sequence[str], limit: int | None = None, jobs: int = 1
) -> Results:
    """Run systems over sets, given each kind of input; at most `limit` pages of a set, spread over it.

    A system that cannot be imported is noted as skipped.
    """
    results = Results(measured=datetime.now(UTC).isoformat(timespec="seconds"), limit=limit)
    for system in systems:
        try:
            _system(system)
            results.versions[system] = peers.version_of(system)
        except ImportError as error:
            results.skipped[system] = f"cannot be imported: {error}"
    ready = [system for system in systems if system in results.versions]
    for set_name in sets:
        pages = _spread(corpus.load(set_name), limit)
        fingerprint = corpus.fingerprint(pages)
        for name in inputs:
            for system in ready:
                if (system, name) == ("input", "html"):
                    continue  # the source of a page is no answer
                rows = _measure_pages(pages, system, name, jobs)
                summary = figures(set_name, [row.scores for row in rows])
                results.runs.append(Run(system, name, set_name, fingerprint, summary, rows))
    return results


def _measure_pages(pages: Sequence[corpus.CorpusPage], system: str, name: str, jobs: int) -> list[PageResult]:
    task = partial(_measure_page, system=system, input_name=name)
    if jobs == 1:
        return [task(page) for page in pages]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(task, pages, chunksize=8))


def _measure_page(page: corpus.CorpusPage, *, system: str, input_name: str) -> PageResult:
    run = _system(system)
    source, media_type = corpus.read_input(page, input_name)
    start = time.perf_counter()
    try:
        answer = run(source, page.url, media_type)
    except Exception as error:
        answer = Answer("", f"crashed: {type(error).__name__}: {error}")
    ms = (time.perf_counter() - start) * 1000
    scores = score(page.set_name, page.reference, answer)
    return PageResult(page.id, page.url, answer.status, round(ms, 2), word_count(answer.text), scores)


@cache
def _system(name: str) -> peers.System:
    return peers.FACTORIES[name][1]()


def _spread(pages: list[corpus.CorpusPage], limit: int | None) -> list[corpus.CorpusPage]:
    if limit is None or limit >= len(pages):
        return pages
    return [pages[at * len(pages) // limit] for at in range(limit)]


# -- reporting -------------------------------------------------------------------------------------------------------


def tables(results: Results, worst: int) -> Iterator[str]:
    """Yield the lines of a report: the figures, then the `worst` pages of each run."""
    shown = [name for name in _COLUMNS if any(name in run.figures for run in results.runs)]
    rows = [["set", "input", "system", "pages", *shown, "ms", "not ok"]]
    for run in results.runs:
        cells = [f"{run.figures[name]:.4f}" if name in run.figures else "" for name in shown]
        mean_ms = math.fsum(page.ms for page in run.pages) / max(len(run.pages), 1)
        troubled = sum(page.status != "ok" for page in run.pages)
        rows.append([run.set, run.input, run.system, str(len(run.pages)), *cells, f"{mean_ms:.1f}", str(troubled)])
    yield from _table(rows)
    for system, reason in results.skipped.items():
        yield f"skipped: {system} {reason}"
    for run in results.runs if worst else ():
        yield from _worst_pages(run, worst)


def _worst_pages(run: Run, count: int) -> Iterator[str]:
    total = math.fsum(page.loss for page in run.pages)
    worst = sorted(run.pages, key=lambda page: -page.loss)[:count]
    share = math.fsum(page.loss for page in worst) / total if total else 0.0
    yield f"\n{run.key}: the worst {len(worst)} of {len(run.pages)} pages hold {share:.0%} of the loss"
    rows = [["loss", "precision", "recall", "words", "status", "id", "url"]]
    for page in worst:
        numbers = [_number(page.scores["precision"]), _number(page.scores["recall"])]
        rows.append([f"{page.loss:.3f}", *numbers, str(page.words), page.status[:60], page.id, page.url])
    yield from _table(rows)


def compare(old: Results, new: Results, moved: int) -> Iterator[str]:
    """Yield the lines of a comparison: each run that both have, then the pages whose F1 moved most, either way."""
    before = {run.key: run for run in old.runs}
    both = [(before[run.key], run) for run in new.runs if run.key in before]
    if not both:
        raise UsageError("the two files have no run in common: same --systems, --sets and --input are needed")
    rows = [["run", "pages", "old", "new", "change", "95 % interval", ""]]
    movements: list[str] = []
    for one, other in both:
        was = {page.id: page for page in one.pages}
        pairs = [(was[page.id], page) for page in other.pages if page.id in was]
        groups = [(corpus.registrable_domain(now.url), then.scores, now.scores) for then, now in pairs]
        difference = paired_bootstrap(other.set, groups)
        then_f1, now_f1 = (figures(other.set, [group[side] for group in groups])["f1"] for side in (1, 2))  # type: ignore[misc]
        verdict = "within noise" if difference.is_noise else "better" if difference.delta > 0 else "worse"
        if one.corpus != other.corpus:
            verdict += f"; OTHER PAGES OR REFERENCES, compared on the {len(pairs)} ids both have"
        interval = f"{difference.low:+.4f} … {difference.high:+.4f}"
        rows.append(
            [
                other.key,
                str(len(pairs)),
                _number(then_f1),
                _number(now_f1),
                f"{difference.delta:+.4f}",
                interval,
                verdict,
            ]
        )
        movements += _moved_pages(other.key, pairs, moved)
    yield from _table(rows)
    yield from movements
    for run in sorted({*before, *(run.key for run in new.runs)} - {other.key for _, other in both}):
        yield f"only in one of the files: {run}"


def _moved_pages(key: str, pairs: Sequence[tuple[PageResult, PageResult]], count: int) -> Iterator[str]:
    changes = sorted(((then.loss - now.loss, then, now) for then, now in pairs), key=lambda change: change[0])
    down = [change for change in changes[:count] if change[0] < 0]
    up = [change for change in reversed(changes[-count:]) if change[0] > 0]
    for name, side in (("worse", down), ("better", up)):
        if not side:
            continue
        of_all = sum((change < 0) if side is down else (change > 0) for change, _, _ in changes)
        yield f"\n{key}: {name} on {of_all} of {len(pairs)} pages, most on"
        rows = [["change", "old", "new", "words", "id", "url"]]
        for change, then, now in side:
            words = f"{then.words} → {now.words}"
            rows.append([f"{change:+.3f}", f"{1 - then.loss:.3f}", f"{1 - now.loss:.3f}", words, now.id, now.url])
        yield from _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield aligned lines; numbers stand right, the last column is as long as it likes."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    numeric = [all(not row[at] or row[at][0] in "+-.0123456789" for row in rows[1:]) for at in range(len(widths))]
    for row in rows:
        cells = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


# -- floors ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class FloorReport:
    """What a look at the floors found."""

    faults: list[str] = field(default_factory=list)
    """Why the check fails."""
    remarks: list[str] = field(default_factory=list)
    count: int = 0
    """How many floors were checked, or changed."""


def check_floors(results: Results, floors: dict[str, Any]) -> FloorReport:
    """Compare figures with their floors.

    A floor counts only on the pages it was measured on. A floor of a system that was asked for and skipped is a fault:
    a gate that measures nothing must not pass.
    """
    report = FloorReport()
    runs = {run.key: run for run in results.runs}
    for name, floor in floors["floors"].items():
        key, metric = _floor_name(name)
        run = runs.get(key)
        if run is None:
            system = key.split("/")[0]
            if system in results.skipped:
                report.faults.append(f"{name}: not measured, {system} {results.skipped[system]}")
        elif floors["corpus"].get(run.set) != run.corpus:
            report.remarks.append(f"{name}: not compared, the floor was measured on other pages of {run.set}")
        elif metric not in run.figures:
            report.faults.append(f"{name}: not measured any more; the floor is {floor:.4f}")
        else:
            report.count += 1
            if run.figures[metric] < floor - _EPSILON:
                report.faults.append(f"{name}: {run.figures[metric]:.4f} is below its floor {floor:.4f}")
    if not report.count and not report.faults:
        report.faults.append("no floor fits what was measured: nothing is checked")
    return report


def raise_floors(results: Results, floors: dict[str, Any], reason: str | None) -> FloorReport:
    """Raise floors in place to what this project's systems reached, rounded down to 4 decimals.

    A lower figure, or one on other pages, replaces its floor only with a reason, which is kept in the file.
    """
    report = FloorReport()
    moved_sets = {run.set for run in results.runs if floors["corpus"].get(run.set, run.corpus) != run.corpus}
    if moved_sets and reason is None:
        names = ", ".join(sorted(moved_sets))
        report.faults.append(f"{names}: floors were measured on other pages; --allow-lower REASON replaces them all")
        return report
    for name in [name for name in floors["floors"] if name.split("/")[2] in moved_sets]:
        floors["lowered"].append({"floor": name, "from": floors["floors"].pop(name), "to": None, "reason": reason})
    for run in results.runs:
        if not peers.is_ours(run.system):
            continue
        floors["corpus"][run.set] = run.corpus
        for metric in (metric for metric in _FLOORED if metric in run.figures):
            name, value = f"{run.key}/{metric}", math.floor(run.figures[metric] * 1e4) / 1e4
            floor = floors["floors"].get(name)
            if floor is not None and value < floor:
                if reason is None:
                    report.faults.append(f"{name}: {value:.4f} is below its floor {floor:.4f}, which stays")
                    continue
                floors["lowered"].append({"floor": name, "from": floor, "to": value, "reason": reason})
            if value != floor:
                report.count += 1
                floors["floors"][name] = value
                report.remarks.append(f"{name}: {_number(floor) or 'new'} → {value:.4f}")
    floors["floors"] = dict(sorted(floors["floors"].items()))
    return report


def _floor_name(name: str) -> tuple[str, str]:
    """Return run and metric of a floor's name; one that could never match is an error, not a floor that never bites."""
    parts = name.split("/")
    known = [
        peers.FACTORIES,
        corpus.INPUTS,
        corpus.SETS,
        [column for column in _COLUMNS if column not in LOWER_IS_BETTER],
    ]
    if len(parts) != len(known):
        raise UsageError(f"floor {name!r}: a floor is named system/input/set/metric")
    for part, names in zip(parts, known, strict=True):
        if part not in names:
            raise UsageError(f"floor {name!r}: {part!r} is none of {', '.join(names)}")
    return name.rpartition("/")[0], parts[-1]


def _read_floors(path: Path) -> dict[str, Any]:
    empty: dict[str, Any] = {"corpus": {}, "floors": {}, "lowered": []}
    try:
        return {**empty, **json.loads(path.read_text(encoding="utf-8"))}
    except FileNotFoundError:
        return empty
    except ValueError as error:
        raise UsageError(f"{path}: not JSON ({error})") from error


# -- the seeds -------------------------------------------------------------------------------------------------------


def check_seeds() -> tuple[int, list[str]]:
    """Clean each seed with all rules and without those of sites; return how many faults there are, and the lines."""
    from cleaner import Cleaner

    faults, lines = 0, []
    for rules in (None, "generic"):
        cleaner = Cleaner(rules=rules)
        for seed in corpus.seeds():
            article = cleaner.clean(seed.dump, media_type="text/plain")
            found = corpus.seed_faults(seed, article)
            faults += len(found)
            lines.append(
                f"{seed.name}  rules={rules}  {article.status}  {f'{len(found)} faults' if found else 'as expected'}"
            )
            lines += [f"    {fault}" for fault in found]
    return faults, lines


# -- command line ----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.compare:
            old, new = (Results.load(path) for path in options.compare)
            _print(compare(old, new, options.worst or 10))
            return 0
        if options.seeds:
            faults, lines = check_seeds()
            _print(lines)
            return int(faults > 0)
        return _measure_and_check(options)
    except (UsageError, corpus.CorpusMissingError) as error:
        print(f"quality.py: {error}", file=sys.stderr)
        return 2


def _measure_and_check(options: argparse.Namespace) -> int:
    uses_floors = options.floors or options.raise_floors
    if uses_floors and options.limit:
        raise UsageError("floors hold for whole sets: leave out --limit")
    results = measure(options.systems, options.sets, options.input, options.limit, options.jobs)
    if not results.runs:
        reasons = "; ".join(f"{system} {reason}" for system, reason in results.skipped.items())
        raise UsageError(f"nothing was measured: {reasons or 'the bare input of --input html is no answer'}")
    if options.out:
        results.save(options.out)
    _print(tables(results, options.worst))
    if not uses_floors:
        return 0
    path = options.floors or _FLOORS
    floors = _read_floors(path)
    if options.raise_floors:
        outcome = raise_floors(results, floors, options.allow_lower)
        path.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")
        summary = f"{outcome.count} floors changed in {path}"
    else:
        outcome = check_floors(results, floors)
        summary = f"{outcome.count} floors checked"
    _print(outcome.remarks)
    _print(f"FLOOR {fault}" for fault in outcome.faults)
    _print([summary])
    return int(bool(outcome.faults))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how well cleaner and its peers clean the development corpus.")
    add = parser.add_argument
    add(
        "--sets",
        type=names_of(corpus.SETS),
        default=list(corpus.SETS),
        help=f"of {', '.join(corpus.SETS)}; default all",
    )
    add("--input", type=names_of(corpus.INPUTS), default=["html"], help=f"of {', '.join(corpus.INPUTS)}; default html")
    add("--systems", type=names_of(peers.FACTORIES), default=["cleaner"], help=f"of {', '.join(peers.FACTORIES)}")
    add("--limit", type=positive, help="at most so many pages of each set")
    add("--jobs", type=positive, default=2, help="processes (default 2)")
    add("--out", type=Path, metavar="FILE", help="results file to write, for --compare")
    add("--worst", type=positive, nargs="?", const=15, default=0, metavar="N", help="list the worst pages (15)")
    add("--compare", type=Path, nargs=2, metavar=("OLD", "NEW"), help="compare two results files, measure nothing")
    add("--floors", type=Path, nargs="?", const=_FLOORS, metavar="FILE", help="fail where a figure is below its floor")
    add("--raise-floors", action="store_true", help="raise floors to what was measured")
    add("--allow-lower", metavar="REASON", help="with --raise-floors: lower them too, and note why")
    add("--seeds", action="store_true", help="compare the seed dumps with what is expected of them, measure nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
