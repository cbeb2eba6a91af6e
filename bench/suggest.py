"""How much noise the rules take that `cleaner rules suggest` proposes, and what body goes with it.

::

    python bench/suggest.py                          the curve over --min-precision, for HTML and for dumps
    python bench/suggest.py --out results.json --worst 20

Every registrable domain of which the corpus has three pages or more. One page is left out, rules are learnt on the
others, and applied to it as a rule file of the site: so for each page of the domain. `suggest` never sees a reference.

*Noise* are the blocks that the reference has not (title and standfirst aside), as `bench/train.py` aligns them: those
that the shipped rules leave to the judges, and of these those that the scorer leaves in. *Precision* is 1 less the
share of body among the words that the proposed rules remove and the shipped ones do not. A page is *accompanied* if two
of the others have eight lines in common with it, digits aside: of a template with one page there is nothing to learn.

`--unseen`: with a scorer that saw no page of these domains in training (a quarter of an hour for each medium).
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import train
from corpus import SETS, CorpusPage, load, read_input, registrable_domain
from options import positive

from cleaner.judge import scorer
from cleaner.model import Article, Document, Fate, Page
from cleaner.pipeline import Cleaner
from cleaner.segment import segment
from cleaner.workbench.ledger import left_to_judges
from cleaner.workbench.suggest import ENOUGH, Medium, Sighting, SitePass, Surveyor, draft, propose

__all__ = ["Sums", "Task", "accompanied", "curve"]

LEVELS = (0.8, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99)
_IN_COMMON = 8


@dataclass(frozen=True, slots=True)
class Task:
    """What is learnt from, and what the rules are for."""

    name: str
    medium: Medium
    learn: tuple[str, ...]
    """Inputs, as in `corpus.INPUTS`, of the pages that are learnt on."""
    target: str
    """Input of the page that was left out."""


TASKS = (
    Task("HTML", "html", ("html",), "html"),
    Task("dump, from dumps", "text", ("dump-html_text",), "dump-html_text"),
    Task("dump, from HTML", "text", ("html",), "dump-html_text"),
    Task("dump, from both", "text", ("html", "dump-html_text"), "dump-html_text"),
    Task("leaky dump, from dumps", "text", ("dump-leaky",), "dump-leaky"),
    Task("leaky dump, from both", "text", ("html", "dump-leaky"), "dump-leaky"),
)


@dataclass(slots=True)
class Sums:
    """Words, over pages."""

    pages: int = 0
    rules: int = 0
    held: int = 0
    """Noise on the page."""
    noise: int = 0
    """Of it, what the shipped rules leave to the judges."""
    left: int = 0
    """Of this, what the scorer leaves in."""
    caught_held: int = 0
    caught: int = 0
    caught_left: int = 0
    harm: int = 0
    """Body that the proposed rules remove and nothing else does."""
    tripped: int = 0
    """Rules that a guard stopped."""

    def add(self, other: Sums) -> None:
        """Add `other`."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def precision(self) -> float:
        """Share of noise among the words that the proposed rules remove and the shipped ones do not."""
        return 1 - self.harm / (self.harm + self.caught) if self.caught or self.harm else 1.0

    def figures(self) -> dict[str, float]:
        """Return precision and recalls, and the words they are made of."""
        shares = {
            "precision": self.precision,
            "recall": self.caught / max(self.noise, 1),
            "recall_held": self.caught_held / max(self.held, 1),
            "recall_left": self.caught_left / max(self.left, 1),
        }
        return {name: round(share, 4) for name, share in shares.items()} | asdict(self)


@dataclass(slots=True)
class Truth:
    """A page before any rule of its site, with its reference."""

    starts: list[int]
    words: list[int]
    gold: list[bool]
    free: list[bool]
    """Title and standfirst."""
    open: list[bool]
    left: list[bool]


@dataclass(frozen=True, slots=True)
class Row:
    """One page that was left out."""

    domain: str
    page: CorpusPage
    sums: Sums
    harmed: list[str]
    """Body that was removed by mistake."""


@dataclass(slots=True)
class Bench:
    """The pages, each looked at once for each input."""

    domains: dict[str, list[CorpusPage]]
    cleaner: Cleaner = field(default_factory=lambda: Cleaner("generic"))
    seen: dict[tuple[str, str], tuple[Truth, Sighting | None]] = field(default_factory=dict)

    def look(self, domain: str, page: CorpusPage, name: str) -> tuple[Truth, Sighting | None]:
        """Return what there is to know of a page as an input."""
        key = f"{page.set_name}/{page.id}", name
        if key not in self.seen:
            document = segment(_page(page, name))
            article = self.cleaner.article(document)
            surveyor = Surveyor(self.cleaner, domain)
            sighting = surveyor.sighting(document, article, domain) if document.blocks else None
            self.seen[key] = _truth(page, document, article), sighting
        return self.seen[key]

    def measure(self, task: Task, levels: Sequence[float]) -> dict[float, list[Row]]:
        """Return for each level what the rules do to each page that was left out."""
        found: dict[float, list[Row]] = {level: [] for level in levels}
        with tempfile.TemporaryDirectory() as folder:
            sites = Path(folder) / "sites"
            sites.mkdir()
            trials = []
            for domain, pages in self.domains.items():
                for turn, page in enumerate(pages):
                    learnt = self._learnt(task, domain, page)
                    for number, level in enumerate(levels):
                        # A host of its own for each trial: so all rules are read once.
                        host = f"trial-{turn}-{number}.{domain}"
                        made = draft(propose(learnt, domain, task.medium, level), host)
                        if made.rules:
                            (sites / f"{host}.toml").write_text(made.file, "utf-8")
                        trials.append((level, domain, page, host, len(made.rules)))
            cleaner = Cleaner([folder])
            for level, domain, page, host, rules in trials:
                truth, _ = self.look(domain, page, task.target)
                trial = replace(_page(page, task.target), url=f"https://{host}/")
                sums, harmed = _compare(truth, cleaner, host, trial)
                sums.rules = rules
                found[level].append(Row(domain, page, sums, harmed))
        return found

    def is_accompanied(self, task: Task, domain: str, page: CorpusPage) -> bool:
        """Tell whether there is something to learn for a page."""
        mine = self.look(domain, page, task.target)[1]
        others = (self.look(domain, other, task.target)[1] for other in self.domains[domain] if other is not page)
        return mine is not None and accompanied(mine, [other for other in others if other is not None])

    def _learnt(self, task: Task, domain: str, left_out: CorpusPage) -> SitePass:
        sitepass = SitePass()
        for page in self.domains[domain]:
            if page is not left_out:
                for name in task.learn:
                    _, sighting = self.look(domain, page, name)
                    if sighting is not None:
                        sitepass.add(sighting)
        return sitepass


def _page(page: CorpusPage, name: str) -> Page:
    content, media_type = read_input(page, name)
    return Page(content, url=page.url, media_type=media_type, location=page.id)


def _truth(page: CorpusPage, document: Document, article: Article) -> Truth:
    said = [train.tokens(block.text) for block in document.blocks]
    gold = train.align(said, train.tokens(page.reference.body))
    free = train.align(said, train.tokens(f"{page.reference.summary}\n{page.reference.title}"))
    open_ = [left_to_judges(verdict) for verdict in article.verdicts]
    return Truth(
        starts=[first for first, _ in document.bounds],
        words=[block.words for block in document.blocks],
        gold=[bool(share > 0.5) for share in gold],
        free=[bool(share > 0.5) for share in free],
        open=open_,
        left=[verdict.fate is Fate.KEEP and is_open for verdict, is_open in zip(article.verdicts, open_, strict=True)],
    )


def _compare(truth: Truth, cleaner: Cleaner, site: str, page: Page) -> tuple[Sums, list[str]]:
    """Return what the rules of a site do to a page; and the body that they remove."""
    document = segment(page)
    article = cleaner.article(document)
    removed: dict[int, str] = {}
    for (first, _), block, verdict in zip(document.bounds, document.blocks, article.verdicts, strict=True):
        if verdict.fate is Fate.DROP and verdict.evidence[0].id.startswith(f"sites/{site}/"):
            removed[bisect_right(truth.starts, first) - 1] = f"{verdict.evidence[0].id}: {block.text[:70]}"
    sums = Sums(pages=1, tripped=sum(note.tripped and note.id.startswith("sites/") for note in article.notes))
    harmed = []
    for index, words in enumerate(truth.words):
        if truth.gold[index]:
            if index in removed and truth.open[index]:
                sums.harm += words
                harmed.append(f"{words:4} {removed[index]}")
        elif not truth.free[index]:
            caught, is_open, is_left = index in removed, truth.open[index], truth.left[index]
            sums.held += words
            sums.noise += words * is_open
            sums.left += words * is_left
            sums.caught_held += words * caught
            sums.caught += words * (caught and is_open)
            sums.caught_left += words * (caught and is_left)
    return sums, harmed


def accompanied(page: Sighting, others: Iterable[Sighting]) -> bool:
    """Tell whether two others have so many lines in common with a page that there is something to learn for it."""
    keys = {line.key for line in page.lines} - {""}
    return sum(len(keys & {line.key for line in other.lines}) >= _IN_COMMON for other in others) >= ENOUGH - 1


def curve(bench: Bench, task: Task, levels: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Yield the figures of a task at each level."""
    for level, rows in bench.measure(task, levels).items():
        total, company = Sums(), Sums()
        sites: defaultdict[str, Sums] = defaultdict(Sums)
        for row in rows:
            total.add(row.sums)
            sites[row.domain].add(row.sums)
            if bench.is_accompanied(task, row.domain, row.page):
                company.add(row.sums)
        figures = {site: sums.figures() for site, sums in sites.items()}
        yield {
            "task": task.name,
            "level": level,
            **total.figures(),
            "recall_mean": round(sum(found["recall"] for found in figures.values()) / max(len(figures), 1), 4),
            "accompanied": company.figures(),
            "sites": figures,
            "harmed": [f"{row.domain} {row.page.id} {line}" for row in rows for line in row.harmed],
        }


# -- a scorer that saw nothing of these sites ------------------------------------------------------------------------


def unseen(view: scorer.View, domains: Mapping[str, object]) -> Any:
    """Return a model fitted to the corpus without some domains; made once (`bench/results/`)."""
    path = Path(__file__).with_name("results") / f"suggest-unseen-{view}.json"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        others = [sample for sample in train.samples(view) if sample.domain not in domains]
        path.write_text(train.fitted(others, view, list(map(list, scorer.model(view).calibration))), "utf-8")
    return scorer.from_data(json.loads(path.read_text("utf-8")))


# -- command ---------------------------------------------------------------------------------------------------------


def _domains(least: int) -> dict[str, list[CorpusPage]]:
    found: defaultdict[str, list[CorpusPage]] = defaultdict(list)
    for name in SETS:
        for page in load(name):
            found[registrable_domain(page.url)].append(page)
    return {domain: pages for domain, pages in sorted(found.items()) if len(pages) >= least}


_HEAD = (
    *("", "level", "precision", "recall", "mean of sites", "of all noise", "of what the scorer leaves"),
    *("accompanied: precision", "recall", "rules"),
)


def _row(found: Mapping[str, Any]) -> str:
    company = found["accompanied"]
    cells = [
        found["task"],
        f"{found['level']:g}",
        f"{found['precision']:.3f}",
        f"{found['recall']:.2f}",
        f"{found['recall_mean']:.2f}",
        f"{found['recall_held']:.2f}",
        f"{found['recall_left']:.3f}",
        f"{company['precision']:.3f}",
        f"{company['recall']:.2f}",
        f"{found['rules'] / max(found['pages'], 1):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Precision and recall of proposed rules, pages left out one by one.")
    parser.add_argument("--task", action="append", choices=[task.name for task in TASKS], help="default: all")
    parser.add_argument("--level", action="append", type=float, help="a --min-precision; default: the whole curve")
    parser.add_argument("--unseen", action="store_true", help="a scorer that saw no page of these domains")
    parser.add_argument("--worst", type=positive, default=0, help="list body that was removed by mistake")
    parser.add_argument("--out", type=Path, help="write all figures there, as JSON")
    options = parser.parse_args()
    gc.freeze()
    gc.set_threshold(50_000)
    bench = Bench(_domains(ENOUGH))
    tasks = [task for task in TASKS if not options.task or task.name in options.task]
    if options.unseen:
        needed = {scorer.View.__args__[task.medium == "text"] for task in tasks}  # type: ignore[attr-defined]
        needed |= {"html"} if any("html" in task.learn for task in tasks) else set()
        models = {view: unseen(view, bench.domains) for view in needed}
        scorer.model = cache(models.__getitem__)
    print(f"{len(bench.domains)} domains, {sum(map(len, bench.domains.values()))} pages", file=sys.stderr)
    print(f"| {' | '.join(_HEAD)} |")
    print("|---" * len(_HEAD) + "|")
    results = []
    for task in tasks:
        for found in curve(bench, task, options.level or LEVELS):
            results.append(found)
            print(_row(found), flush=True)
            for line in sorted(found["harmed"], key=lambda line: -int(line.split()[2]))[: options.worst]:
                print(f"    {line}", file=sys.stderr)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
