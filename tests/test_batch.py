"""Many pages: a row for each, whatever happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from cleaner.batch import Row, run
from cleaner.errors import Fault, OutputError, RuleFileError
from cleaner.model import Article, Block, Fate, Metadata, NoiseKind, Page, Status, Verdict
from cleaner.storage import Folder, Input, find_pages

TRAPS = {
    b"memory": MemoryError(),
    b"depth": RecursionError("maximum recursion depth exceeded"),
    b"bug": KeyError("x"),
    b"rule": RuleFileError([Fault("sites/x.toml", 3, None, "unknown key")]),
    b"stop": KeyboardInterrupt(),
}


class Trapped:
    """Cleans what does not hold the name of a trap."""

    def clean(self, page: Page) -> Article:
        assert isinstance(page.content, bytes)
        if page.content in TRAPS:
            raise TRAPS[page.content]
        drop = Verdict(Fate.DROP, NoiseKind.SHARE)
        return Article(
            text="One two.",
            markdown="One two.",
            metadata=Metadata(),
            captions=[],
            blocks=[Block(0, "One two."), Block(1, "Share this page"), Block(2, "Share")],
            verdicts=[Verdict(Fate.KEEP), drop, drop],
            status=Status.OK,
            confidence=None,
            location=page.location,
        )


def pages(folder: Path, **contents: str) -> Iterator[Input]:
    for name, content in contents.items():
        (folder / f"{name}.html").write_text(content)
    return find_pages([folder])


def test_every_page_has_a_row(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "f.html").symlink_to("nothing")
    rows: list[Row] = []
    inputs = pages(tmp_path / "in", a="x", b="memory", c="depth", d="bug", e="rule", g="y")
    summary = run(Trapped(), inputs, Folder(tmp_path / "out"), rows.append)
    assert [row.status.value for row in rows] == ["ok", "crashed", "crashed", "crashed", "crashed", "unreadable", "ok"]
    assert [row.reason for row in rows[1:5]] == [
        *("MemoryError", "RecursionError: maximum recursion depth exceeded", "KeyError: 'x'"),
        "faults in rule file sites/x.toml",
    ]
    assert summary.pages == 7
    assert summary.failed == 5
    assert [str(fault) for fault in summary.faults] == ["sites/x.toml:3: unknown key"]
    assert summary.kept.words == 4
    assert (summary.noise[NoiseKind.SHARE].blocks, summary.noise[NoiseKind.SHARE].words) == (4, 8)
    statuses = [json.loads(path.read_text())["status"] for path in sorted((tmp_path / "out").glob("*.json"))]
    assert statuses == [row.status.value for row in rows]
    hashes = [json.loads(path.read_text())["content_hash"] for path in sorted((tmp_path / "out").glob("*.json"))]
    assert [known is None for known in hashes] == [False] * 5 + [True, False]


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleaner.storage.inputs.MAX_BYTES", 10)
    summary = run(Trapped(), pages(tmp_path, a="x" * 11, b="x"), Folder(tmp_path / "out"))
    assert summary.statuses == {Status.TOO_LARGE: 1, Status.OK: 1}


def test_interrupted(tmp_path: Path) -> None:
    summary = run(Trapped(), pages(tmp_path, a="x", b="stop", c="y"), Folder(tmp_path / "out"))
    assert summary.interrupted
    assert summary.pages == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.html.json", "a.html.txt"]


def test_debug_shows_what_crashed(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        run(Trapped(), pages(tmp_path, a="bug"), Folder(tmp_path / "out"), debug=True)


class Sour:
    """A sink that cannot take what it is given."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.taken: list[Status] = []
        self.closed = 0

    def render(self, article: Article, page: Page | None) -> Status:
        if isinstance(self.error, MemoryError) and article.status is Status.OK:
            error, self.error = self.error, None
            raise error
        return article.status

    def put(self, name: PurePosixPath, rendered: Status) -> None:
        if self.error is not None and rendered is Status.OK:
            error, self.error = self.error, None
            raise error
        self.taken.append(rendered)

    def settle(self) -> tuple[int, int]:
        return len(self.taken), 0

    def close(self, *, complete: bool = True) -> None:
        self.closed += 1


def test_an_article_that_cannot_be_put_into_words_is_a_row(tmp_path: Path) -> None:
    sink = Sour(MemoryError())
    summary = run(Trapped(), pages(tmp_path, a="x", b="y"), sink)
    assert sink.taken == [Status.CRASHED, Status.OK]
    assert summary.failed == 1
    assert sink.closed == 1


def test_a_full_disk_ends_the_run(tmp_path: Path) -> None:
    sink = Sour(OutputError("out: No space left on device"))
    summary = run(Trapped(), pages(tmp_path, a="x", b="y"), sink)
    assert str(summary.stopped) == "out: No space left on device"
    assert sink.closed == 1


def test_folder_without_pages_after_others(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "none").mkdir()
    pages(tmp_path / "full", a="x")
    summary = run(Trapped(), find_pages([tmp_path / "none", tmp_path / "full"]), Folder(tmp_path / "out"))
    assert summary.pages == 1
    assert "no pages in" in str(summary.stopped)
