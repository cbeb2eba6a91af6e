"""A comparison: what was left out of each page, and why; or what other rules change.

Layout: the index (a row for each page, sums by rule) stands before the script, the details of each page after it, in an
element of its own that is parsed when somebody opens that page. So the report is there at once, however long it is.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from cleaner import __version__
from cleaner.compare import METADATA, Change, Notes, PageDiff, Part, Reason, reason_of
from cleaner.model import BlockKind, Evidence, Fate, NoiseKind, Verdict, Zone
from cleaner.report import frame

__all__ = ["DiffReport"]

_NAME: Final = "diff"
_KINDS: Final = [*map(str, NoiseKind), METADATA]
_SHAPES: Final = list(BlockKind)
_FATES: Final = [Fate.KEEP, Fate.DROP, Fate.METADATA]
_CHANGES: Final = [Change.NONE, Change.GAINED, Change.LOST, Change.RELABELLED]
_ZONES: Final = list(Zone)
_HIDDEN, _CONTINUES = 1, 2
_SHOWN_FIELDS: Final = ("title", "authors", "date", "modified", "section", "tags", "site_name", "language", "url")


class DiffReport:
    """A report being written: a context manager to which pages are added as they come.

    The file appears when the context ends without an error. In memory there is one row for each page.

    Args:
        target: the file to write.
        subject: what was compared, for people: the paths as they were given.
        rules: what the rules are called.
        against: what the rules before are called; None where raw is compared with clean.

    Raises OutputError where `target` cannot be written, or is a file that is no report.

    """

    def __init__(self, target: Path, *, subject: str, rules: str, against: str | None = None) -> None:
        self._target = target
        self._about = {"version": __version__, "subject": subject, "rules_name": rules, "against": against}
        self._rows: list[list[Any]] = []
        self._rules: dict[tuple[str, str], int] = {}
        self._sites: dict[str, int] = {}
        self._notes: dict[tuple[str, str], Notes] = {}
        frame.refuse_foreign(target, _NAME)
        self._details: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed in __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self._write()
        finally:
            self._details.close()

    def add(self, page: PageDiff) -> None:
        """Add one page."""
        number = len(self._rows)
        article = page.article
        sums: list[int] = []
        for reason, tally in page.sums().items():
            counts = (tally.lost, tally.gained, tally.relabelled)
            sums += [_KINDS.index(reason.kind), self._rule(reason), *counts]
        self._rows.append(
            [
                article.location,
                self._sites.setdefault(page.site, len(self._sites)),
                article.metadata.title or "",
                article.status.value,
                page.before.status.value if page.before is not None else None,
                sum(part.words for part in page.parts),
                sum(part.words for part in page.parts if part.verdict.fate is Fate.KEEP),
                round(page.concern, 4),
                None if article.confidence is None else round(article.confidence, 3),
                int(page.changed),
                sums,
            ]
        )
        for note in page.notes:
            said = self._notes.setdefault((note.id, note.where or ""), Notes(note.message))
            said.pages += 1
        detail = frame.to_json(self._detail(page))
        self._details.write(f'<script type="application/json" id="page-{number}">{detail}</script>\n')

    def _rule(self, reason: Reason) -> int:
        return self._rules.setdefault((reason.rule, reason.where), len(self._rules))

    def _detail(self, page: PageDiff) -> dict[str, Any]:
        """Return all there is to show of a page; names that recur are numbers into tables."""
        article = page.article
        reasons: dict[tuple[int, str], int] = {}
        steps: dict[tuple[int, str], int] = {}  # paths as the tree that they are: (number of the step before, name)

        def why(evidence: Evidence) -> int:
            rule = self._rules.setdefault((evidence.id, evidence.where or ""), len(self._rules))
            return reasons.setdefault((rule, evidence.detail), len(reasons))

        def place(path: str) -> int:
            at = -1
            for step in path.split("/") if path else ():
                at = steps.setdefault((at, step), len(steps))
            return at

        def judged(verdict: Verdict) -> list[Any]:
            kept = verdict.fate is Fate.KEEP
            kind = -1 if kept else _KINDS.index(reason_of(verdict).kind)
            whys = [why(evidence) for evidence in verdict.evidence]
            return [_FATES.index(verdict.fate), kind, whys, verdict.field or 0]

        blocks: list[list[Any]] = []
        last: Part | None = None
        for part in page.parts:
            block = part.block
            cut = last is not None and last.block is block  # by the rules of before
            flags = _HIDDEN * block.hidden | _CONTINUES * (cut or block.continues) | _ZONES.index(block.zone) << 2
            row: list[Any] = [
                part.text,
                _SHAPES.index(block.kind) * 10 + block.level,
                part.words,
                flags,
                place(block.path),
                _CHANGES.index(part.change),
                " " if cut else block.glue or block.marker,
                *judged(part.verdict),
            ]
            if part.before is not None and part.before != part.verdict:
                row.append(judged(part.before))
            blocks.append(row)
            last = part
        fields = {name: getattr(article.metadata, name) for name in _SHOWN_FIELDS}
        return {
            "url": article.page_url,
            "reason": article.reason,
            "notes": [[note.id, note.message, note.where or ""] for note in article.notes],
            "meta": {name: value for name, value in fields.items() if value},
            "files": article.rules,
            "whys": [list(reason) for reason in reasons],
            "steps": [list(step) for step in steps],
            "blocks": blocks,
        }

    def _write(self) -> None:
        index = {
            **self._about,
            "kinds": _KINDS,
            "shapes": _SHAPES,
            "rules": [list(rule) for rule in self._rules],
            "sites": list(self._sites),
            "notes": [[*key, said.example, said.pages] for key, said in self._notes.items()],
            "pages": self._rows,
        }
        frame.write(self._target, _NAME, self._about["subject"] or "", index, self._details)
