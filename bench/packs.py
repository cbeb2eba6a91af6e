"""What each pack of rules takes from the corpus: of the words of the references (harm) and of all others (use).

::

    python bench/packs.py --input html,dump-html_text --limit 0.0002
    python bench/packs.py --packs lang/de,generic --losses 20    names the blocks of the reference that went
    python bench/packs.py --packs lang/de --silent               names what never fired

Rules only: no scorer, no built-ins, no site files. The files of `generic/` and `platforms/` are measured together,
without any phrase; a pack of `lang/` is charged with what goes if it is laid over them, and does not go without it. So
each is charged in full, even if another pack has the same phrase. Of every block the share counts that :mod:`train`
finds in the reference. Some references hold furniture, such as a breadcrumb or a labelled link to another article:
what was read and found to be so is listed in `packs-read.json` (page, rule, what it is), and counted apart as "read".

A share is out of the words of the references on pages that declare the pack's language, and once more out of those on
all pages: short phrases of one language are words of another, and a dump declares none. Both stay below the limit.

Exit status: 0 fine; 1 a pack over the limit; 2 cannot run as asked.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import corpus
from options import names_of, positive
from rich.console import Console
from rich.table import Table
from train import align, tokens

from cleaner.judge.resolve import resolve
from cleaner.model import Declared, Document, Fate, Page, Verdict
from cleaner.rules import RuleBook
from cleaner.rules.book import shipped_root
from cleaner.rules.language import RuleFile, load_file
from cleaner.rules.matching import Mark
from cleaner.segment import fragments, segment
from cleaner.text import clip, fold_phrase

__all__ = ["BASE", "TOGETHER", "Loss", "Row", "main", "measure", "over", "packs_of"]

BASE, TOGETHER = "generic", "together"
_SETS = ("aeb", "wcxb", "news")
"""Articles: what a reference of a forum or a product page holds is another question."""
_LANGUAGES = "lang"
_NOBODY_SAYS = "\ue000"
"""The one phrase of the sets that stand in for those of the packs: of the private use area."""
_READ = Path(__file__).with_name("packs-read.json")
_LISTED_FROM = 0.5
"""Words of the reference from which a block is listed."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A block that a pack removed and the reference has."""

    page: str
    rule: str
    words: float
    text: str


@dataclass(slots=True)
class Row:
    """What one pack did to one input."""

    pack: str
    input: str
    language: str | None
    """None: a pack of no language, whose own pages are all."""
    pages: int = 0
    """Pages that declare its language."""
    gold: float = 0.0
    """Words of the references on these pages."""
    gold_anywhere: float = 0.0
    gold_removed: float = 0.0
    gold_removed_anywhere: float = 0.0
    read: float = 0.0
    """Words of the references that it removes, and that `packs-read.json` says are furniture; on all pages."""
    noise_removed: float = 0.0
    noise_removed_anywhere: float = 0.0
    said: dict[str, bool] = field(default_factory=dict)
    """Its rules and phrases: whether a rule ever hit, and a phrase ever stood on a page where it counts."""
    losses: list[Loss] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Share of the references' words on pages of its language that it removes."""
        return self.gold_removed / self.gold if self.gold else 0.0

    @property
    def share_anywhere(self) -> float:
        """Share of the references' words on all pages that it removes."""
        return self.gold_removed_anywhere / self.gold_anywhere if self.gold_anywhere else 0.0

    def count(self, gold: float, noise: float, *, own: bool) -> None:
        """Add what went from one page."""
        self.gold_removed_anywhere += gold
        self.noise_removed_anywhere += noise
        if own:
            self.gold_removed += gold
            self.noise_removed += noise


# -- packs -----------------------------------------------------------------------------------------------------------


def packs_of(root: Path) -> dict[str, RuleFile]:
    """Return the packs of `lang/` below a rule folder, by name."""
    names = sorted(path.stem for path in (root / _LANGUAGES).glob("*.toml"))
    return {f"lang/{name}": load_file(root / _LANGUAGES / f"{name}.toml", f"lang/{name}") for name in names}


def _books(root: Path, packs: Mapping[str, RuleFile], scratch: Path) -> dict[str, RuleBook]:
    """Return a book of the generic files and none of the phrases, one for each pack laid over it, and one of all."""
    base, whole = scratch / "base", scratch / "whole"
    for folder in ("generic", "platforms", _LANGUAGES):
        if (root / folder).is_dir():
            shutil.copytree(root / folder, whole / folder)
            if folder != _LANGUAGES:
                shutil.copytree(root / folder, base / folder)
    sets = sorted({name for pack in packs.values() for name in pack.phrases})
    stand_in = ["schema = 1", "[phrases]", *(f'{name} = ["{_NOBODY_SAYS}"]' for name in sets), ""]
    (base / "generic" / "nobody.toml").write_text("\n".join(stand_in), encoding="utf-8")
    books = {BASE: RuleBook.of([(base, "rules")])}
    for name in packs:
        overlay = scratch / name.replace("/", "-")
        (overlay / _LANGUAGES).mkdir(parents=True)
        shutil.copy(root / f"{name}.toml", overlay / f"{name}.toml")
        books[name] = RuleBook.of([(base, "rules"), (overlay, name)])
    books[TOGETHER] = RuleBook.of([(whole, "rules")])
    return books


# -- measuring -------------------------------------------------------------------------------------------------------


def measure(
    pages: Iterable[corpus.CorpusPage],
    inputs: Sequence[str],
    wanted: Sequence[str] | None = None,
    root: Path | None = None,
) -> list[Row]:
    """Return a row for each input and pack of `wanted` (default all, the generic files, and all of them together)."""
    root = root or shipped_root()
    packs = packs_of(root)
    read: dict[str, dict[str, str]] = json.loads(_READ.read_bytes())
    with tempfile.TemporaryDirectory() as scratch:
        books = _books(root, packs, Path(scratch))
        names = [name for name in books if wanted is None or name in wanted]
        rows = {(guise, name): _row(guise, name, packs.get(name)) for guise in inputs for name in names}
        for page in pages:
            language = segment(Page(page.html(), url=page.url, media_type="text/html")).language
            for guise in inputs:
                content, media_type = corpus.read_input(page, guise)
                document = segment(Page(content, url=page.url, media_type=media_type))
                _measure_page(page, document, language, books, {name: rows[guise, name] for name in names}, packs, read)
    return list(rows.values())


def _row(guise: str, name: str, pack: RuleFile | None) -> Row:
    row = Row(name, guise, name.partition("/")[2] or None)
    if pack is not None:
        row.said = {rule.id: False for rule in pack.rules}
        row.said |= {said: False for phrases in pack.phrases.values() for said in phrases.values()}
    return row


def _measure_page(
    page: corpus.CorpusPage,
    document: Document,
    language: str | None,
    books: Mapping[str, RuleBook],
    rows: Mapping[str, Row],
    packs: Mapping[str, RuleFile],
    read: Mapping[str, Mapping[str, str]],
) -> None:
    page_id = f"{page.set_name}/{page.id}"
    # A pack that a page's own language shuts out does nothing there.
    open_to = [name for name in rows if name not in packs or _holds(packs[name], document.language)]
    marks = {name: books[name].for_page(document).mark(document) for name in {BASE, *open_to}}
    folded = {fold_phrase(block.text) for block in document.blocks}
    # All are split alike, so that they can be compared block by block.
    if document.is_html:
        fragments(document, sorted({(mark.first, mark.end) for found in marks.values() for mark in found}))
    gold = align([tokens(block.text) for block in document.blocks], tokens(page.reference.body))
    kept = [float(share) * block.words for share, block in zip(gold, document.blocks, strict=True)]
    noise = [block.words - words for words, block in zip(kept, document.blocks, strict=True)]
    before = _removed(document, marks[BASE])
    for name, row in rows.items():
        own = row.language is None or row.language == language
        row.gold_anywhere += sum(kept)
        row.pages += own
        row.gold += sum(kept) if own else 0.0
        if name not in open_to:
            continue
        gone = before if name == BASE else _removed(document, marks[name])
        if name in packs:
            gone = {index: verdict for index, verdict in gone.items() if index not in before}
            for phrases in packs[name].phrases.values():
                row.said |= {said: True for key, said in phrases.items() if key in folded}
        row.said |= {mark.rule.id: True for mark in marks[name] if mark.rule.id in row.said}
        known = {index for index, verdict in gone.items() if verdict.evidence[0].id in read.get(page_id, ())}
        row.read += sum(kept[index] for index in known)
        harm = {index: verdict for index, verdict in gone.items() if index not in known}
        row.count(sum(kept[index] for index in harm), sum(noise[index] for index in gone), own=own)
        row.losses += [
            Loss(page_id, _why(verdict), kept[index], document.blocks[index].text)
            for index, verdict in harm.items()
            if kept[index] >= _LISTED_FROM
        ]


def _holds(pack: RuleFile, language: str | None) -> bool:
    return language is None or pack.when.languages is None or language in pack.when.languages


def _removed(document: Document, marks: list[Mark]) -> dict[int, Verdict]:
    notes = list(document.notes)
    verdicts = resolve(document, Declared(), marks, None)
    document.notes[:] = notes  # guards that tripped for one book are not news of the next
    return {index: verdict for index, verdict in enumerate(verdicts) if verdict and verdict.fate is Fate.DROP}


def _why(verdict: Verdict) -> str:
    return f"{verdict.evidence[0].id} ({verdict.evidence[0].detail})"


# -- reporting -------------------------------------------------------------------------------------------------------


def over(rows: Iterable[Row], limit: float) -> list[str]:
    """Return a line for each pack that takes more than its share of the references' words. :data:`TOGETHER` may."""
    return [
        f"{row.pack} on {row.input}: {share:.4%} of the references' words {where}, over {limit:.4%}"
        for row in rows
        if row.pack != TOGETHER
        for share, where in ((row.share, "on its pages"), (row.share_anywhere, "on all pages"))
        if share > limit
    ]


def table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for title in ("input", "pack"):
        shown.add_column(title)
    for title in ("pages", "gold", "lost", "share", "noise", "lost anywhere", "share", "read", "noise", "silent", "of"):
        shown.add_column(title, justify="right")
    for row in rows:
        silent = sum(not said for said in row.said.values())
        shown.add_row(
            *(row.input, row.pack, f"{row.pages}", f"{row.gold:,.0f}"),
            *(f"{row.gold_removed:,.1f}", f"{row.share:.4%}", f"{row.noise_removed:,.0f}"),
            *(f"{row.gold_removed_anywhere:,.1f}", f"{row.share_anywhere:.4%}", f"{row.read:,.0f}"),
            f"{row.noise_removed_anywhere:,.0f}",
            *((f"{silent}", f"{len(row.said)}") if row.said else ("", "")),
        )
    return shown


def _losses(rows: Iterable[Row], most: int) -> Iterator[str]:
    for row in rows:
        for loss in sorted(row.losses, key=lambda loss: -loss.words)[:most]:
            yield f"{row.input} {row.pack} {loss.page} {loss.rule}: {loss.words:.1f} words: {clip(loss.text, 80)}"


def _silent(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        for said, seen in row.said.items():
            if not seen:
                yield f"{row.input} {row.pack}: {said}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; see the module's docstring."""
    options = _parser().parse_args(arguments)
    try:
        pages = [page for name in options.sets for page in corpus.load(name)]
    except corpus.CorpusMissingError as error:
        print(f"packs.py: {error}", file=sys.stderr)
        return 2
    rows = measure(pages, options.input, options.packs)
    Console(width=140).print(table(rows))
    for line in (*_losses(rows, options.losses), *(_silent(rows) if options.silent else ())):
        print(line)
    failed = over(rows, options.limit) if options.limit is not None else []
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure what each pack of rules takes from the corpus.")
    add = parser.add_argument
    known = [BASE, *packs_of(shipped_root()), TOGETHER]
    add("--sets", type=names_of(corpus.SETS), default=_SETS, help=f"of {','.join(corpus.SETS)}; default articles")
    add("--input", type=names_of(corpus.INPUTS), default=["html"], help=f"of {', '.join(corpus.INPUTS)}; default html")
    add("--packs", type=names_of(known), help="of generic, lang/<code>, together; default all")
    add("--limit", type=float, help="fail where a pack takes more of the references' words than this share")
    add("--losses", type=positive, default=0, metavar="N", help="list the worst N losses of each pack")
    add("--silent", action="store_true", help="list rules and phrases that no page of the corpus has")
    return parser


if __name__ == "__main__":
    sys.exit(main())
