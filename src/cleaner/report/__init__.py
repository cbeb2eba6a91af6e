"""A comparison as one HTML file that needs nothing else: to read, to filter, to send to somebody.

The file is made of `page.html`, `style.css` and `app.js`, which lie beside this module, and of data. What pages say is
only ever data: JSON in elements that no browser runs, put on the screen as text. Should that ever fail, the policy in
the head of the file allows one script and one style sheet, by their hashes, and nothing from anywhere else.

Layout: the index (a row for each page, sums by rule) stands before the script, the details of each page after it, in an
element of its own that is parsed when somebody opens that page. So the report is there at once, however long it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shutil
import tempfile
from contextlib import suppress
from html import escape
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from cleaner import __version__
from cleaner.compare import METADATA, Change, Notes, PageDiff, Part, Reason, reason_of
from cleaner.errors import OutputError
from cleaner.model import BlockKind, Evidence, Fate, NoiseKind, Verdict, Zone

__all__ = ["HtmlReport"]

_MARK: Final = b'<meta name="generator" content="cleaner diff'
_KINDS: Final = [*map(str, NoiseKind), METADATA]
_SHAPES: Final = list(BlockKind)
_FATES: Final = [Fate.KEEP, Fate.DROP, Fate.METADATA]
_CHANGES: Final = [Change.NONE, Change.GAINED, Change.LOST, Change.RELABELLED]
_ZONES: Final = list(Zone)
_HIDDEN, _CONTINUES = 1, 2
_SHOWN_FIELDS: Final = ("title", "authors", "date", "modified", "section", "tags", "site_name", "language", "url")


class HtmlReport:
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
        _refuse_foreign(target)
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
        detail = _json(self._detail(page))
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
        head, tail = _shell(self._about["subject"] or "", _json(index))
        draft = self._target.with_name(f".cleaner-{secrets.token_hex(8)}")
        try:
            try:
                self._target.parent.mkdir(parents=True, exist_ok=True)
                with draft.open("x", encoding="utf-8", newline="\n") as file:
                    file.write(head)
                    self._details.seek(0)
                    shutil.copyfileobj(self._details, file)
                    file.write(tail)
                draft.replace(self._target)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self._target}: cannot be written: {error.strerror or error}") from error


def _shell(subject: str, index: str) -> tuple[str, str]:
    """Return what stands before the details, and what stands after them."""
    here = files(__name__)
    page, style, script = (here.joinpath(name).read_text("utf-8") for name in ("page.html", "style.css", "app.js"))
    parts = {
        "version": escape(__version__),
        "subject": escape(subject),
        "style-hash": _hash(style),
        "script-hash": _hash(script),
        "style": style,
        "script": script,
        "index": index,
    }
    head, tail = page.split("{{details}}")
    # In one pass: what is filled in is never searched for places to fill.
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda place: parts[place[1]], head), tail


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _json(value: Any) -> str:
    r"""Return JSON that can stand in an element of HTML: without any `<`, it can neither end it nor open a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Lone surrogates cannot be written as UTF-8.
    return text.replace("<", "\\u003c").encode("utf-8", "replace").decode()


def _refuse_foreign(target: Path) -> None:
    """Raise OutputError where a file that is no report would be overwritten."""
    with suppress(FileNotFoundError):
        try:
            with target.open("rb") as file:
                head = file.read(2048)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
        if _MARK not in head:
            raise OutputError(f"{target}: is there already and is no report of cleaner; name another file")
