"""A run over many pages in parts that know nothing of each other, for whatever engine hands them out.

::

    plan(paths) ──▶ [Shard] ──Work──▶ OUT/part-00000.parquet, and OUT/.cleaner/part-00000.json, which says it is done

A shard is a large file, a part of one (row groups, records of a `.warc.gz`, lines), or a run of small files. What
is made of it is one file, there as a whole or not at all, and a note beside it with the shard's key: a digest of what
was read, and of all that decides what a page gives. A shard whose note has its key is done, unless pages failed under
other limits than those of now. So a run that was stopped goes on, input that is new or has changed is done alone, and
other rules, another version or other shards begin anew; and a shard that is done twice, because an engine has lost
sight of a worker, gives the same file twice.

No database: many machines have a folder in common at best.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from cleaner import batch
from cleaner.errors import CleanerError, Fault, InputError, OutputError
from cleaner.model import Status
from cleaner.pool import Limits, stream
from cleaner.storage import (
    Input,
    Part,
    Sink,
    TableFile,
    beside,
    dump,
    find_files,
    has_key,
    pages_in,
    parts_of,
    replace_file,
)

__all__ = ["SHARD_BYTES", "Digested", "Done", "Shard", "Work", "Worker", "begin", "plan"]

SHARD_BYTES: Final = 64 * 1024 * 1024
"""As it lies on the disk: one to two thousand pages of a crawl, a minute's work."""
_MOST_FILES: Final = 2_000
"""In a shard of small files."""
_TOLD: Final = 20
"""Pages of a shard that are told by name when they could not be cleaned; the records have all of them."""
_MOST_DEATHS: Final = 20
"""Of workers at one shard. No page can be the death of one, so that it is tried again is right; for ever is not."""
_LIMITED: Final = frozenset({Status.TIMEOUT.value, Status.CRASHED.value})
"""What a page may be under some limits, and not under others."""
_STATE: Final = ".cleaner"
_PART: Final = re.compile(r"part-\d{5,}\.parquet")


class Digested(batch.Cleans, Protocol):
    """What cleans a page, and can say what it depends on: :class:`cleaner.pipeline.Cleaner`."""

    def digest(self) -> str:
        """Return a digest of what else than a page decides what it gives."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Some pages of a run."""

    number: int
    files: tuple[Input, ...]
    part: Part | None = None
    """Of the only file."""

    @property
    def name(self) -> str:
        """What is called after it."""
        return f"part-{self.number:05}"

    def pages(self) -> Iterator[Input]:
        """Yield the pages."""
        for file in self.files:
            yield from pages_in(file, self.part, stream)

    def key(self, digest: str) -> str:
        """Return a digest of what is read and, by `digest`, of what is made of it."""
        said = [[str(file.path), *_stamps(file), file.url, file.trouble] for file in self.files]
        return hashlib.sha256(json.dumps([digest, said, self.part]).encode()).hexdigest()


def _stamps(file: Input) -> list[tuple[int, int]]:
    """Return what tells whether a file, and all that is read with it, is still the same."""
    path = file.path or Path()
    return [_stamp(path), *map(_stamp, () if file.trouble else beside(path))]


def _stamp(path: Path) -> tuple[int, int]:
    """Return size and time of change."""
    try:
        status = path.stat()
    except OSError:  # who reads it will find the same, and say so
        return 0, 0
    return status.st_size, status.st_mtime_ns


def plan(paths: Sequence[str | Path], out: Path, shard_bytes: int = SHARD_BYTES) -> list[Shard]:
    """Return the shards that make up the pages that `paths` name, in their order, each of some `shard_bytes`.

    Raises InputError where there is nothing to read, or what cannot be divided: a stream.
    """
    shards: list[Shard] = []
    small: list[Input] = []
    size = 0

    def end() -> None:
        nonlocal size
        if small:
            shards.append(Shard(len(shards), tuple(small)))
        small.clear()
        size = 0

    for file in find_files(paths, skip=out):
        if file.path is None or not (file.trouble or file.path.is_file()):
            raise InputError(f"{file.location}: is a stream, which several workers cannot read; save it to a file")
        its, _ = _stamp(file.path)
        if its > shard_bytes:
            end()
            shards += [Shard(len(shards) + at, (file,), part) for at, part in enumerate(parts_of(file, shard_bytes))]
            continue
        small.append(file)
        size += its
        if size >= shard_bytes or len(small) >= _MOST_FILES:
            end()
    end()
    if not shards:
        raise InputError(f"no pages in {', '.join(map(str, paths))}; `cleaner inspect` says what is in a file")
    return shards


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a shard."""

    number: int
    statuses: dict[str, int] = field(default_factory=dict)
    failed: list[list[str]] = field(default_factory=list)
    """Location, status and reason of the first pages that could not be cleaned."""
    faults: list[dict[str, Any]] = field(default_factory=list)
    """Of rule files that some page needed."""
    trouble: str = ""
    """Why there is no output: it would be the same for any other shard."""

    def count(self, summary: batch.Summary) -> None:
        """Add it to the totals of a run. Raises OutputError for trouble."""
        if self.trouble:
            raise OutputError(self.trouble)
        summary.statuses.update({Status(status): pages for status, pages in self.statuses.items()})
        summary.faults.update(dict.fromkeys(Fault(**fault) for fault in self.faults))


def begin(
    shards: Sequence[Shard], out: Path, digest: str, key: bytes, limits: Limits | None = None
) -> tuple[list[Shard], list[Done]]:
    """Make the folder `out` ready; return the shards that are to do, and what became of those that are done.

    What an earlier run left there and this one has no use for is taken away. `key` stands in the metadata of the files
    that are ours. Where pages failed under other `limits`, their shard is done anew. Raises OutputError where the
    folder cannot be used, or holds files of these names that are none of ours.
    """
    todo, done = [], []
    try:
        (out / _STATE).mkdir(parents=True, exist_ok=True)
        for draft in (out / _STATE).glob("*.part"):
            draft.unlink(missing_ok=True)
        found = {path.stem for path in out.iterdir() if _PART.fullmatch(path.name)}
        for shard in shards:
            known = _known(out, shard, digest, limits or Limits()) if shard.name in found else None
            if known is None:
                todo.append(shard)
            else:
                done.append(known)
                found.discard(shard.name)
        for name in sorted(found):
            path = out / f"{name}.parquet"
            if not has_key(path, key):
                raise OutputError(f"{path}: exists and is none of cleaner's; name another output folder")
        # First what says that they are done: a later run may have the key of this note, and find a file of another.
        kept = {f"part-{known.number:05}" for known in done}
        for note in (out / _STATE).glob("part-*.json"):
            if note.stem not in kept:
                note.unlink()
        for name in found:
            (out / f"{name}.parquet").unlink()
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    return todo, done


def _known(out: Path, shard: Shard, digest: str, limits: Limits) -> Done | None:
    try:
        said = json.loads((out / _STATE / f"{shard.name}.json").read_bytes())
        done = Done(**said["done"])
        if said["limits"] != _limited(limits) and not _LIMITED.isdisjoint(done.statuses):
            return None
        return done if said["key"] == shard.key(digest) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _limited(limits: Limits) -> list[float]:
    """Return what may decide whether a page fails."""
    return [limits.seconds, limits.megabytes]


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with each shard; pickles."""

    cleaner: Digested
    out: Path
    limits: Limits = field(default_factory=Limits)
    counts: bool = False
    """Make sums of what recurs on the pages of each site (:mod:`cleaner.workbench.suggest.rows`), not records."""
    home: Path = field(default_factory=Path.cwd)
    """Where relative paths begin, on whatever machine."""
    digest: str = ""
    """Of the run, where it began: a machine that has other rules or another version is found out."""

    @classmethod
    def of(cls, cleaner: Digested, out: Path, limits: Limits | None, *, counts: bool) -> Work:
        """Return the work of a run that begins here."""
        digest = _digest(cleaner, counts=counts)
        return cls(cleaner, out.absolute(), limits or Limits(), counts, digest=digest)

    @property
    def key(self) -> bytes:
        """What stands in the metadata of what is written."""
        if self.counts:
            from cleaner.workbench.suggest import rows

            return rows.KEY
        from cleaner.storage import columns

        return columns.VERSION_KEY


def _digest(cleaner: Digested, *, counts: bool) -> str:
    return f"{'counts' if counts else 'records'}-{cleaner.digest()}"


def _touch(draft: Path) -> None:
    """Make a draft: those of workers that died say how many did."""
    try:
        draft.touch()
    except OSError as error:
        raise OutputError(f"{draft}: cannot be written: {error.strerror or error}") from error


class Worker:
    """Does shards, one after the other: pages are cleaned in a process beside this one, which may die of them.

    Every page has its row: one that hangs, eats memory or kills its process costs that and no more.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._trouble = ""
        try:
            os.chdir(work.home)
        except OSError as error:
            self._trouble = f"{work.home}: is not on every machine: {error.strerror or error}"
        if _digest(work.cleaner, counts=work.counts) != work.digest:
            self._trouble = "a worker has other rules or another version of cleaner than the machine that began the run"
        self._cleans: batch.Cleans = work.cleaner
        self._render: Any = None
        if work.counts:
            from cleaner.pipeline import Cleaner
            from cleaner.workbench.suggest import Surveyor, rows

            assert isinstance(work.cleaner, Cleaner)
            self._cleans = surveyor = Surveyor(work.cleaner)
            self._render = rows.Rendering(surveyor)
        else:
            from cleaner.storage import columns

            self._render = columns.message
        self._pool = batch.workers(self._cleans, self._render, 1, work.limits)

    def __call__(self, shard: Shard) -> Done:
        """Do a shard. Raises nothing: what would end the run is `trouble`."""
        if self._trouble:
            return Done(shard.number, trouble=self._trouble)
        try:
            return self._do(shard)
        except CleanerError as error:
            return Done(shard.number, trouble=str(error))
        except Exception as error:  # noqa: BLE001 - an engine would try again, or lose the shard without a word
            where = shard.files[0].location
            return Done(shard.number, trouble=f"{where}: {type(error).__name__}: {error}; this is a bug in cleaner")

    def _do(self, shard: Shard) -> Done:
        out, key = self._work.out, shard.key(self._work.digest)
        # Whoever was told to do the same shard, and lives still, has a draft of its own.
        draft = out / _STATE / f"{shard.name}.{uuid.uuid4().hex}.part"
        if len([*draft.parent.glob(f"{shard.name}.*.part")]) >= _MOST_DEATHS:
            raise OutputError(f"{shard.files[0].location}: {_MOST_DEATHS} workers died while they read it")
        _touch(draft)
        failed: list[list[str]] = []

        def observe(row: batch.Row) -> None:
            if row.status in batch.FAILURES and len(failed) < _TOLD:
                failed.append([row.location, row.status.value, row.reason])

        sink = self._sink(out / f"{shard.name}.parquet", draft)
        summary = batch.run(self._cleans, shard.pages(), sink, observe, jobs=self._pool)
        if summary.stopped is not None:
            raise summary.stopped
        if summary.interrupted:
            raise KeyboardInterrupt
        statuses = {status.value: pages for status, pages in sorted(summary.statuses.items())}
        done = Done(shard.number, statuses, failed, [asdict(fault) for fault in summary.faults])
        note = {"key": key, "limits": _limited(self._work.limits), "done": asdict(done)}
        replace_file(out / _STATE / f"{shard.name}.json", dump(note))
        return done

    def _sink(self, path: Path, draft: Path) -> Sink:
        if not self._work.counts:
            return TableFile(path, draft)
        from cleaner.workbench.suggest import rows

        return rows.SumFile(path, self._render, draft)

    def close(self) -> None:
        """End the process."""
        self._pool.close()
