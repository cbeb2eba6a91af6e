"""What is to be fetched, what has been, and what came of it: an SQLite file beside the pages.

A page is entered as done after its file is in place, in one transaction with all that follows from it. So after a kill,
at whatever moment, the same command goes on with what is not done, and asks for nothing twice but for what was on its
way.

What a page is called here is its canonical address. An address that led to another for good (301, 308, a canonical
link) is an alias of that one for all runs to come, as long as the other is saved. One that led to another for now (302,
303, 307) is asked again by the next run: today it may have been a login page.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

from cleaner.errors import OutputError
from cleaner.fetch.addresses import host_of

__all__ = ["Entry", "Frontier", "Item", "Kind", "State", "Tally"]

Kind = Literal["page", "feed", "sitemap", "section"]
"""What is looked for at an address: a page to keep, or what lists such pages (`section`: a page whose links do)."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, command TEXT NOT NULL, complete INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS item (
  id INTEGER PRIMARY KEY, url TEXT NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL,
  run INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', status INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
  via TEXT NOT NULL DEFAULT '[]', first TEXT, depth INTEGER NOT NULL DEFAULT 0,
  file TEXT, etag TEXT, modified TEXT, own TEXT, title TEXT, UNIQUE (url, kind)
);
CREATE INDEX IF NOT EXISTS copies ON item (own) WHERE own IS NOT NULL;
CREATE INDEX IF NOT EXISTS parts ON item (first) WHERE first IS NOT NULL;
DROP INDEX IF EXISTS queue;
CREATE INDEX IF NOT EXISTS turns ON item (run, state, host, due, kind <> 'page', id);
CREATE TABLE IF NOT EXISTS alias (url TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hop (url TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS host (host TEXT PRIMARY KEY, due REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS robots (place TEXT PRIMARY KEY, at REAL NOT NULL, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS archive (name TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
"""
_VERSION: Final = 1
"""Of the schema (`PRAGMA user_version`)."""
_OUTSIDE: Final = ("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_READONLY")
"""How the names of errors begin that say nothing against the file."""
_ROBOTS_AGE: Final = 24 * 3600
"""Seconds for which a robots.txt is remembered (RFC 9309, 2.4)."""
_MOST_ALIASES: Final = 10
_MOST_LISTS: Final = 5_000
"""Lists that one run reads. 5,000 sitemaps may hold 250 million pages."""


class State(StrEnum):
    """What came of an address in the last run that named it."""

    QUEUED = "queued"
    SAVED = "saved"
    READ = "read"
    """A list (feed, sitemap, section) that was read."""
    UNCHANGED = "unchanged"
    """Asked for again (`--refresh`), and the server says that it is what we have."""
    KEPT = "kept"
    """Saved by an earlier run, and not asked for again."""
    REDIRECTED = "redirected"
    DUPLICATE = "duplicate"
    """Says itself that it is a copy of a page that is here."""
    REFUSED = "refused"
    """Not allowed by robots.txt."""
    BLOCKED = "blocked"
    """A wall: captcha, consent, 403."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Entry:
    """An address to be entered."""

    url: str
    """Canonical."""
    kind: Kind = "page"
    via: tuple[tuple[int, str], ...] = ()
    """Status and address of the redirects that led here."""
    first: str | None = None
    """Address of the first page of the article that this is a later page of."""
    depth: int = 0
    """How many lists (sitemaps of sitemaps) lie above a list, how many pages of its article before a page."""


@dataclass(frozen=True, slots=True)
class Item(Entry):
    """An address to be fetched."""

    id: int = 0
    tries: int = 0
    file: str | None = None
    """Where it was saved before, below the folder."""
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of the addresses of one host."""

    host: str
    states: Counter[State]
    reasons: Counter[str]
    """Why those that failed or were turned away did."""


class Frontier:
    """The file `folder/.cleaner/frontier.sqlite`. Used by one thread.

    Args:
        folder: where the pages go.
        command: what tells this run from others: a run of the same command goes on where it was stopped.
        limit: pages that the run may ask for; None: all.
        refresh: whether pages that are saved are asked for again.

    Raises OutputError where it cannot be used: another run is at it, or it is of another version.

    """

    def __init__(self, folder: Path, command: str, *, limit: int | None = None, refresh: bool = False) -> None:
        self._path = folder / ".cleaner" / "frontier.sqlite"
        self._limit = limit
        self.refreshes = refresh
        """Whether pages that are saved are asked for again."""
        self._has: Callable[[str], bool] = lambda _: True
        self._suffices: Callable[[str], bool] = self._has
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be made a folder: {error.strerror or error}") from error
        with self._told():
            self._db = sqlite3.connect(self._path, isolation_level=None, timeout=1)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")  # held until `close`: one run at a time
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise OutputError(f"{self._path}: is of another version of cleaner; delete it, and all is fetched anew")
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
            last = self._db.execute("SELECT id, command, complete FROM run ORDER BY id DESC LIMIT 1").fetchone()
            self.resumes = last is not None and last[1] == command and not last[2]
            """Whether this run goes on with one that was stopped."""
            if self.resumes:
                self._run: int = last[0]
            else:
                cursor = self._db.execute("INSERT INTO run (command) VALUES (?)", (command,))
                assert cursor.lastrowid is not None  # it is an insertion
                self._run = cursor.lastrowid
            # What a redirect led to is no page more than what was asked for.
            (self._taken,) = self._db.execute(
                """SELECT count(*) FROM item
                WHERE run = ? AND kind = 'page' AND state <> ? AND via = '[]' AND first IS NULL""",
                (self._run, State.KEPT),
            ).fetchone()
            (self._lists,) = self._db.execute(
                "SELECT count(*) FROM item WHERE run = ? AND kind <> 'page' AND via = '[]'", (self._run,)
            ).fetchone()

    def look_in(self, has: Callable[[str], bool], suffices: Callable[[str], bool] | None = None) -> None:
        """Count as saved only what is still there.

        Args:
            has: tells whether a file that was saved is there.
            suffices: tells whether it is all that is wanted, so that it need not be asked for again; None: `has` does.

        """
        self._has = has
        self._suffices = suffices or has

    @property
    def is_full(self) -> bool:
        """Whether the limit of pages is reached."""
        return self._limit is not None and self._taken >= self._limit

    @property
    def has_all_lists(self) -> bool:
        """Whether no further list is taken."""
        return bool(self._lists >= _MOST_LISTS)

    # ── What is to be fetched ─────────────────────────────────────────────────────────────────────────────────────────

    def add(self, entries: Iterable[Entry]) -> None:
        """Enter addresses, in their order; those that this run has, and pages that are saved, are passed over."""
        with self._transaction():
            for entry in entries:
                self._enter(entry)

    def _enter(self, entry: Entry) -> None:
        url = self.resolved(entry.url) if entry.kind == "page" else entry.url
        row = self._db.execute("SELECT run, file FROM item WHERE url = ? AND kind = ?", (url, entry.kind)).fetchone()
        if row is not None and row[0] == self._run:
            if entry.first is not None:  # listed as a page of its own, and not fetched yet
                self._db.execute(
                    "UPDATE item SET first = ?, depth = ? WHERE url = ? AND kind = 'page' AND state = ?",
                    (entry.first, entry.depth, url, State.QUEUED),
                )
            return
        is_saved = row is not None and row[1] is not None and self._suffices(row[1])
        if is_saved and not self.refreshes and entry.kind == "page":
            self._db.execute(
                "UPDATE item SET run = ?, state = ?, reason = '' WHERE url = ? AND kind = 'page'",
                (self._run, State.KEPT, url),
            )
            self._enter_parts(entry.first or url)
            return
        is_counted = entry.kind == "page" and not entry.via and entry.first is None
        if is_counted and self.is_full:
            return
        if entry.kind != "page" and not entry.via:
            if self.has_all_lists:
                return
            self._lists += 1
        self._taken += is_counted
        self._queue(entry, url)

    def _enter_parts(self, first: str) -> None:
        """Queue the later pages of a kept article that no run has got: nothing else leads to them any more."""
        rows = self._db.execute(
            """SELECT url, depth, state, file FROM item WHERE first = ? AND kind = 'page' AND run <> ? AND via = '[]'
            AND state <> ? ORDER BY depth""",
            (first, self._run, State.DUPLICATE),
        ).fetchall()
        for url, depth, state, file in rows:
            if state == State.REDIRECTED:
                file = self._file_of(self._end(url, "hop"))
            if file is None or not self._suffices(file):
                self._queue(Entry(url, first=first, depth=depth), url)

    def _queue(self, entry: Entry, url: str) -> None:
        self._db.execute(
            """INSERT INTO item (url, kind, host, run, state, via, first, depth) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (url, kind) DO UPDATE SET run = excluded.run, state = excluded.state, via = excluded.via,
            first = coalesce(excluded.first, first), depth = excluded.depth,
            reason = '', status = 0, due = 0, tries = 0""",
            (url, entry.kind, host_of(url), self._run, State.QUEUED, json.dumps(entry.via), entry.first, entry.depth),
        )

    def resolved(self, url: str) -> str:
        """Return the saved page that `url` is an alias of, or itself."""
        with self._told():
            end = self._end(url, "alias")
            return end if end == url or self._file_of(end) is not None else url

    def led_to(self, url: str) -> str:
        """Return where redirects led from `url` when it was asked for last, or what it is an alias of, or itself."""
        with self._told():
            return self._end(self._end(self.resolved(url), "hop"), "alias")

    def _end(self, url: str, table: Literal["alias", "hop"]) -> str:
        for _ in range(_MOST_ALIASES):
            row = self._db.execute(f"SELECT target FROM {table} WHERE url = ?", (url,)).fetchone()  # noqa: S608
            if row is None:
                break
            url = row[0]
        return url

    def hosts(self) -> list[str]:
        """Return the hosts that something is queued for."""
        with self._told():
            rows = self._db.execute(
                "SELECT DISTINCT host FROM item WHERE run = ? AND state = ?", (self._run, State.QUEUED)
            ).fetchall()
        return [host for (host,) in rows]

    def next(self, host: str) -> tuple[Item, float] | None:
        """Return what is to be fetched next from `host`, and when (seconds since 1970); None where nothing is left."""
        with self._told():
            row = self._db.execute(
                """SELECT url, kind, via, first, depth, id, tries, file, etag, modified, due FROM item
                WHERE run = ? AND state = ? AND host = ? ORDER BY due, kind <> 'page', id LIMIT 1""",
                (self._run, State.QUEUED, host),
            ).fetchone()
            if row is None:
                return None
            rest = self._db.execute("SELECT due FROM host WHERE host = ?", (host,)).fetchone()
        via = tuple((status, place) for status, place in json.loads(row[2]))
        item = Item(row[0], row[1], via, *row[3:10])
        if item.file is not None and not self._suffices(item.file):
            item = replace(item, file=None, etag=None, modified=None)
        return item, max(row[10], rest[0] if rest else 0.0)

    def rest(self, host: str, until: float) -> None:
        """Leave `host` alone until a moment (seconds since 1970), also after a kill."""
        with self._told():
            self._db.execute("INSERT OR REPLACE INTO host VALUES (?, ?)", (host, until))

    def drop_lists(self, host: str) -> int:
        """Forget the lists that are queued for `host`; return how many they were."""
        with self._transaction():
            return self._db.execute(
                "DELETE FROM item WHERE run = ? AND state = ? AND host = ? AND kind <> 'page'",
                (self._run, State.QUEUED, host),
            ).rowcount

    # ── What came of it ───────────────────────────────────────────────────────────────────────────────────────────────

    def again(self, item: Item, due: float) -> None:
        """Put an address back, not to be asked for before `due`."""
        with self._told():
            self._db.execute("UPDATE item SET due = ?, tries = tries + 1 WHERE id = ?", (due, item.id))

    def settle(
        self,
        item: Item,
        state: State,
        reason: str = "",
        *,
        status: int = 0,
        file: str | None = None,
        validators: tuple[str, str] = ("", ""),
        own: tuple[str, str, str] | None = None,
        target: str | None = None,
        hop: str | None = None,
        found: Iterable[Entry] = (),
        archive: tuple[str, int] | None = None,
    ) -> None:
        """Enter what came of an address, with all that follows from it: one transaction.

        Args:
            item: the address.
            state: what came of it.
            reason: why, for people.
            status: that of HTTP.
            file: where it was saved.
            validators: its ETag and Last-Modified.
            own: the address and the title that the page states as its own, and its passages (:meth:`copy_of`).
            target: the address that it is an alias of.
            hop: the address that it led to, for good or for now.
            found: what is to be fetched because of it.
            archive: name and size of the archive, what was written for this address included.

        """
        stated = (own[0], "\n".join(own[1:])) if own is not None else (None, None)
        with self._transaction():
            self._db.execute(
                "UPDATE item SET state = ?, reason = ?, status = ? WHERE id = ?", (state, reason, status, item.id)
            )
            if file is not None:  # all of it is of this file, nothing of the one before
                self._db.execute(
                    "UPDATE item SET file = ?, etag = ?, modified = ?, own = ?, title = ? WHERE id = ?",
                    (file, *validators, *stated, item.id),
                )
            if item.kind == "page" and state in (State.SAVED, State.REDIRECTED):
                self._db.execute("DELETE FROM alias WHERE url = ?", (item.url,))
                self._db.execute("DELETE FROM hop WHERE url = ?", (item.url,))
            if target is not None:
                self._alias(item.url, target)
            if hop is not None:
                self._db.execute("INSERT OR REPLACE INTO hop VALUES (?, ?)", (item.url, hop))
            for entry in found:
                self._enter(entry)
            if archive is not None:
                self._db.execute("INSERT OR REPLACE INTO archive VALUES (?, ?)", archive)

    def revisit(self, item: Item, entry: Entry, *, archive: tuple[str, int] | None = None) -> None:
        """Send an address on to one that this run has met: a cookie may have been all that it wanted to set."""
        with self._transaction():
            if entry.url != item.url:
                self._db.execute("UPDATE item SET state = ? WHERE id = ?", (State.REDIRECTED, item.id))
                self._db.execute("INSERT OR REPLACE INTO hop VALUES (?, ?)", (item.url, entry.url))
            self._db.execute("DELETE FROM alias WHERE url = ?", (entry.url,))
            self._db.execute("DELETE FROM hop WHERE url = ?", (entry.url,))
            self._queue(entry, entry.url)
            if archive is not None:
                self._db.execute("INSERT OR REPLACE INTO archive VALUES (?, ?)", archive)

    def _alias(self, url: str, target: str) -> None:
        if self._end(target, "alias") != url:
            self._db.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (url, target))

    def give_up(self, host: str, reason: str, origin: str = "") -> list[Entry]:
        """Enter all that is queued for `host` and begins with `origin` as failed; return it."""
        with self._transaction():
            rows = self._db.execute(
                """UPDATE item SET state = ?, reason = ? WHERE run = ? AND state = ? AND host = ?
                AND substr(url, 1, ?) = ? RETURNING url, first, depth""",
                (State.FAILED, reason, self._run, State.QUEUED, host, len(origin), origin),
            ).fetchall()
        return [Entry(url, first=first, depth=depth) for url, first, depth in rows]

    def copy_of(self, item: Item, own: tuple[str, str, str]) -> str | None:
        """Return the address of another page that is saved, states the same address and title as its own, and is alike.

        The address alone is not trusted: a template that puts that of a section on all its pages is a common mistake.
        Nor is it with the title: later pages of an article state those of the first. Alike are pages that have half of
        their passages in common, of the one that has fewer; they are given as hashes, set apart by spaces.
        """
        address, title, passages = own
        mine = set(passages.split())
        with self._told():
            rows = self._db.execute(
                """SELECT url, title, file FROM item WHERE own = ? AND substr(title, 1, ?) = ? AND file IS NOT NULL
                AND id <> ? AND state NOT IN (?, ?)""",  # whose file is of an earlier run, and not renewed
                (address, len(title) + 1, f"{title}\n", item.id, State.REDIRECTED, State.DUPLICATE),
            ).fetchall()
        for url, said, file in rows:
            others = set(said[len(title) + 1 :].split())
            # Pages without any passage have nothing that shows them to be alike.
            if (common := mine & others) and 2 * len(common) >= min(len(mine), len(others)) and self._has(file):
                return str(url)
        return None

    def file_of(self, url: str) -> str | None:
        """Return where the page at `url` was saved, None where it was not."""
        with self._told():
            return self._file_of(url)

    def _file_of(self, url: str) -> str | None:
        row = self._db.execute("SELECT file FROM item WHERE url = ? AND kind = 'page'", (url,)).fetchone()
        return row[0] if row is not None and row[0] is not None and self._has(row[0]) else None

    def parts_of(self, url: str) -> list[str]:
        """Return the addresses of the later pages that the article at `url` was found to have, in order."""
        with self._told():
            rows = self._db.execute(
                "SELECT url FROM item WHERE first = ? AND kind = 'page' AND state <> ? ORDER BY depth",
                (url, State.REDIRECTED),
            ).fetchall()
        return [part for (part,) in rows]

    def kept_parts(self, url: str, depth: int = 1) -> list[tuple[int, str]]:
        """Return number and file of the later pages of the article at `url` that are there, from one on."""
        with self._told():
            rows = self._db.execute(
                """SELECT depth + 1, file FROM item WHERE first = ? AND kind = 'page' AND file IS NOT NULL
                AND depth >= ? ORDER BY depth""",
                (url, depth),
            ).fetchall()
        return [(number, file) for number, file in rows if self._has(file)]

    # ── robots.txt, archives ──────────────────────────────────────────────────────────────────────────────────────────

    def robots(self, place: str) -> bytes | None:
        """Return a robots.txt that is not older than a day."""
        with self._told():
            row = self._db.execute("SELECT at, content FROM robots WHERE place = ?", (place,)).fetchone()
        return row[1] if row is not None and 0 <= time.time() - row[0] < _ROBOTS_AGE else None

    def keep_robots(self, place: str, content: bytes) -> None:
        """Remember a robots.txt."""
        with self._told():
            self._db.execute("INSERT OR REPLACE INTO robots VALUES (?, ?, ?)", (place, time.time(), content))

    def archives(self) -> dict[str, int]:
        """Return the archives that were written, with their size as it was entered last."""
        with self._told():
            return dict(self._db.execute("SELECT name, size FROM archive ORDER BY name").fetchall())

    def keep_archive(self, name: str, size: int) -> None:
        """Enter an archive."""
        with self._told():
            self._db.execute("INSERT OR REPLACE INTO archive VALUES (?, ?)", (name, size))

    # ── The whole ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def tallies(self) -> list[Tally]:
        """Return what came of the addresses of this run, by host."""
        with self._told():
            rows = self._db.execute(
                """SELECT host, state, reason, count(*) FROM item WHERE run = ?
                GROUP BY host, state, reason ORDER BY host""",
                (self._run,),
            ).fetchall()
        tallies: dict[str, Tally] = {}
        for host, state, reason, number in rows:
            tally = tallies.setdefault(host, Tally(host, Counter(), Counter()))
            tally.states[State(state)] += number
            if reason:
                tally.reasons[reason] += number
        return list(tallies.values())

    def saved(self) -> Iterator[tuple[str, str]]:
        """Yield address and file of the pages of this run that are there, in the order in which they were named."""
        with self._told():
            rows = self._db.execute(
                "SELECT url, file FROM item WHERE run = ? AND kind = 'page' AND file IS NOT NULL ORDER BY id",
                (self._run,),
            )
            yield from ((url, file) for url, file in rows if self._has(file))

    def close(self, *, complete: bool) -> None:
        """End; a run that is complete is not gone on with."""
        with self._told():
            if complete:
                self._db.execute("UPDATE run SET complete = 1 WHERE id = ?", (self._run,))
                self._db.execute("DELETE FROM run WHERE id NOT IN (SELECT run FROM item) AND id <> ?", (self._run,))
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._db.execute("BEGIN")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:  # Ctrl-C, or a full disk
                    self._db.execute("ROLLBACK")

    @contextmanager
    def _told(self) -> Iterator[Any]:
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error):
                why = "another run writes here; wait for it, or name another output folder"
            elif getattr(error, "sqlite_errorname", "").startswith(_OUTSIDE):
                why = f"{error}; see to room on the disk and the right to write, then the same command goes on"
            else:
                why = f"{error}; delete it, and all is fetched anew"
            raise OutputError(f"{self._path}: {why}") from error
