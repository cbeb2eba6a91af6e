"""What a run over many pages has done so far, in an SQLite file beside its output.

A page is entered when what was written of it will last; so after a kill, at whatever moment, a run of the same command
goes on with the pages that are not here, and does no page twice but those that were on their way.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

from cleaner.errors import InputError, OutputError

__all__ = ["Entry", "Known", "LastRun", "RunKey", "State", "last_run"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS run (
  id INTEGER PRIMARY KEY, command TEXT NOT NULL, options TEXT NOT NULL, rules TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS page (
  name BLOB PRIMARY KEY, run INTEGER NOT NULL, status TEXT NOT NULL, content TEXT, rules TEXT, seconds REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS container (
  path BLOB NOT NULL, run INTEGER NOT NULL, stamp TEXT NOT NULL, PRIMARY KEY (path, run)
) WITHOUT ROWID;
"""
_VERSION: Final = 2
"""Of the schema (`PRAGMA user_version`). Version 1 knew no seconds."""
_FILE: Final = Path(".cleaner", "state.sqlite")
_NO_ROOM: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)
"""Errors of the disk or the folder, not of what is in the file."""


@dataclass(frozen=True, slots=True)
class RunKey:
    """What a run is told by: digests, equal where equal."""

    command: str
    """Inputs and output."""
    options: str
    """What else than page and rules decides what a page gives: version, judge, form."""
    rules: str
    """All rule files."""


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run found of a page."""

    content: str | None
    """Hash of its bytes."""
    rules: str | None
    """Digest over the rule files that held for it."""
    same_book: bool
    """Whether all rule files were the same then as now."""
    status: str


class Entry(NamedTuple):
    """What is entered of a page."""

    name: PurePosixPath
    status: str
    content: str | None
    """Hash of its bytes."""
    rules: str | None
    """Digest over the rule files that held for it."""
    seconds: float | None = None
    """How long it took to clean. Kept here and in no record: records hold no clock. None: as it was entered before."""


class State:
    """The file `folder/.cleaner/state.sqlite`.

    Raises OutputError where it cannot be used: another run is at it, or it is of another version.
    """

    def __init__(self, folder: Path, key: RunKey) -> None:
        self._path = folder / _FILE
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made a folder: {error.strerror or error}") from error
        try:
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=1)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # held until `close`: one run at a time
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, 1, _VERSION):
                raise OutputError(f"{self._path}: is of another version of cleaner; delete it, and the run begins anew")
            if version == 1:
                self._db.execute("ALTER TABLE page ADD COLUMN seconds REAL")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
            self._begin(key)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _begin(self, key: RunKey) -> None:
        last = self._db.execute("SELECT * FROM run ORDER BY id DESC LIMIT 1").fetchone()
        self.resumes = last is not None and tuple(last[1:4]) == (key.command, key.options, key.rules) and not last[5]
        """Whether this run goes on with one that was stopped."""
        self.position: int = last[4] if self.resumes else 0
        """Where its sink goes on."""
        if self.resumes:
            self._run: int = last[0]
        else:
            cursor = self._db.execute(
                "INSERT INTO run (command, options, rules) VALUES (?, ?, ?)", (key.command, key.options, key.rules)
            )
            assert cursor.lastrowid is not None  # it is an insertion
            self._run = cursor.lastrowid
        self._expected: set[tuple[Path, str]] = set()

    def expect(self, path: Path, stamp: str) -> None:
        """Take note of a container and how it is told from others of its name; pages are known by their place in it.

        Raises OutputError where this run has read another file of that name before it was stopped.
        """
        if (path, stamp) in self._expected:
            return
        key = (os.fsencode(path), self._run)
        found = self._ask("SELECT stamp FROM container WHERE path = ? AND run = ?", key)
        if found is None:
            self._do("INSERT INTO container VALUES (?, ?, ?)", (*key, stamp))
        elif found[0] != stamp:
            raise OutputError(
                f"{path}: has changed since the run was stopped that this one goes on with; put the old file back, or "
                f"delete {self._path.parent} to begin the run anew"
            )
        self._expected.add((path, stamp))

    def is_done(self, name: PurePosixPath) -> bool:
        """Tell whether this run has done a page."""
        found = self._ask("SELECT 1 FROM page WHERE name = ? AND run = ?", (os.fsencode(name), self._run))
        return found is not None

    def known(self, name: PurePosixPath) -> Known | None:
        """Return what is known of a page from runs with the same options."""
        found: tuple[str | None, str | None, int, str] | None = self._ask(
            """SELECT content, page.rules, was.rules = now.rules, status FROM page
            JOIN run was ON was.id = page.run JOIN run now ON now.id = ?
            WHERE name = ? AND was.options = now.options""",
            (self._run, os.fsencode(name)),
        )
        return None if found is None else Known(found[0], found[1], bool(found[2]), found[3])

    def forget(self, name: PurePosixPath) -> None:
        """Forget what earlier runs found of a page: its output is written over, and a kill may come before `enter`."""
        self._do("DELETE FROM page WHERE name = ? AND run <> ?", (os.fsencode(name), self._run))

    def statuses(self) -> Counter[str]:
        """Return how many pages of this run have which status."""
        try:
            rows = self._db.execute("SELECT status, count(*) FROM page WHERE run = ? GROUP BY status", (self._run,))
            return Counter(dict(rows.fetchall()))
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def enter(self, pages: Iterable[Entry], position: int) -> None:
        """Enter pages that will last, and the position behind them."""
        with self._at_once():
            self._insert(pages)
            self._db.execute("UPDATE run SET position = ? WHERE id = ?", (position, self._run))

    def close(self, *, complete: bool) -> None:
        """End; a run that is complete is not gone on with."""
        try:
            if complete:
                with self._at_once():
                    self._db.execute("UPDATE run SET complete = 1 WHERE id = ?", (self._run,))
                    self._db.execute("DELETE FROM run WHERE id NOT IN (SELECT run FROM page) AND id <> ?", (self._run,))
                    self._db.execute("DELETE FROM container")  # none is read in the middle again
        finally:
            with suppress(sqlite3.Error):  # a full disk: the log stays beside the file, and counts
                self._db.close()

    def _insert(self, pages: Iterable[Entry]) -> None:
        self._db.executemany(
            """INSERT INTO page VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET run = excluded.run,
            status = excluded.status, content = excluded.content, rules = excluded.rules,
            seconds = coalesce(excluded.seconds, seconds)""",
            [(os.fsencode(page.name), self._run, *page[1:]) for page in pages],
        )

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """Do all of it or nothing. Raises OutputError."""
        try:
            self._db.execute("BEGIN")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._trouble(error) from error
        finally:
            if self._db.in_transaction:  # Ctrl-C, or a full disk
                self._db.execute("ROLLBACK")

    def _do(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _ask(self, query: str, values: tuple[object, ...]) -> Any:
        try:
            return self._db.execute(query, values).fetchone()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _trouble(self, error: sqlite3.Error) -> OutputError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return OutputError(f"{self._path}: another run writes here; wait for it, or name another output folder")
        if code in _NO_ROOM:
            return OutputError(f"{self._path}: cannot be written: {error}")
        return OutputError(f"{self._path}: {error}; delete it, and the run begins anew")


class LastRun:
    """What the last run into a folder has done."""

    def __init__(self, path: Path) -> None:
        # Without a log beside it the file is all there is: so it can be read where nothing, no lock even, can be made.
        how = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
        self._path = path
        self._db = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=1)
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:  # of one that knew no seconds, or of one to come
                raise sqlite3.DatabaseError(f"of version {version}")
            last = self._db.execute("SELECT id, complete FROM run ORDER BY id DESC LIMIT 1").fetchone()
        except sqlite3.Error:
            self._db.close()
            raise
        self._run: int
        self._run, complete = last or (0, True)
        self.complete = bool(complete)
        """Whether it came to its end."""

    def seconds(self) -> Iterator[tuple[PurePosixPath, str, float]]:
        """Yield name, status and seconds of each page whose time is known, in no order. Raises InputError."""
        try:
            for name, status, seconds in self._db.execute(
                "SELECT name, status, seconds FROM page WHERE run = ? AND seconds BETWEEN 0 AND 1e9", (self._run,)
            ):
                yield PurePosixPath(os.fsdecode(name)), status, seconds
        except (sqlite3.Error, TypeError) as error:
            raise InputError(f"{self._path}: {error}; without that file no times are told") from error

    def close(self) -> None:
        """End."""
        self._db.close()


def last_run(folder: Path) -> LastRun | None:
    """Return what a folder tells of the last run into it: None where there was none, or one is going on.

    Nothing is written.
    """
    try:
        return LastRun(folder / _FILE)
    except sqlite3.Error:
        return None
