"""Ray Data: the same kernel on many machines (`pip install 'cleaner[ray]'`, docs/SCALING.md).

In a pipeline of your own, :class:`Clean` is what `map_batches` takes::

    pages = ray.data.read_parquet("s3://…")          # columns html, url
    records = pages.map_batches(Clean, batch_format="pyarrow", batch_size=64, concurrency=8)

Files to files, with shards that are done or not, is :func:`clean_files`; :func:`count_files` adds up what recurs on the
pages of each site, for `cleaner rules suggest`. Both are for a folder that all machines see.
"""

from __future__ import annotations

import logging
import os
import pickle
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cleaner.batch import Summary
from cleaner.errors import OutputError
from cleaner.integrations.shards import SHARD_BYTES, Digested, Done, Shard, Work, Worker, begin, plan
from cleaner.pipeline import Cleaner, Rules
from cleaner.pool import Limits
from cleaner.storage import has_key
from cleaner.storage.extras import need

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Clean", "clean_files", "count_files"]

_STORE_BYTES: Final = 512 * 1024 * 1024
"""What a Ray of our own has for objects in memory: pages never go through it, sums do, and what is more is spilled."""
_SUMS_BYTES: Final = 32 * 1024 * 1024
"""Of partial sums, packed, that are merged at a time."""


class Clean:
    """Cleans batches of pages, for `ray.data.Dataset.map_batches(Clean, batch_format="pyarrow", …)`.

    A batch is a table with the columns of :meth:`cleaner.Cleaner.clean_batch` and gives its records, a row for each
    page, whatever is wrong with one: it is cleaned in a process beside the actor, which may hang or die.

    Args (`fn_constructor_kwargs`):
        rules: see :data:`cleaner.pipeline.Rules`; paths are read where the actor runs.
        include: see :class:`cleaner.Cleaner`.
        limits: on the time and memory of one page.

    """

    def __init__(self, rules: Rules = None, include: Sequence[str] = (), limits: Limits | None = None) -> None:
        from cleaner.arrow import Isolated

        self._clean = Isolated(Cleaner(rules, include=include).clean, limits)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the records of a batch of pages."""
        return self._clean(batch)


def clean_files(
    paths: Sequence[str | Path],
    out: Path,
    cleaner: Digested | None = None,
    *,
    workers: int | None = None,
    address: str | None = None,
    limits: Limits | None = None,
    shard_bytes: int = SHARD_BYTES,
    observe: Callable[[Done], None] | None = None,
) -> Summary:
    """Clean all pages that `paths` name into `out/part-00000.parquet` and on; return the totals.

    The rows are those of `cleaner clean --format parquet`, in the same order. A run that is stopped, however, goes on
    with the shards that are not done when it is called again (:mod:`cleaner.integrations.shards`).

    Args:
        paths: files and folders, in whatever form pages are saved (docs/FORMATS.md).
        out: a folder; made if it does not exist.
        cleaner: what cleans (default: `Cleaner()`).
        workers: how many shards are done at a time, on a processor each (default: as many as Ray has).
        address: of a Ray cluster that runs; None: a Ray of our own, on this machine, that is heard on loopback alone.
        limits: on the time and memory of one page.
        shard_bytes: about how much of the input, packed, is a shard.
        observe: is called with each shard that gets done.

    Raises:
        InputError: a path does not exist, or Ray is not installed.
        OutputError: `out` cannot be written, or a worker died again and again.

    """
    work = Work.of(cleaner or Cleaner(), out, limits, counts=False)
    return _run(work, plan(paths, out, shard_bytes), workers, address, observe)


def count_files(
    paths: Sequence[str | Path],
    out: Path,
    cleaner: Cleaner | None = None,
    *,
    min_pages: int = 1,
    workers: int | None = None,
    address: str | None = None,
    limits: Limits | None = None,
    shard_bytes: int = SHARD_BYTES,
    observe: Callable[[Done], None] | None = None,
) -> Summary:
    """Count what recurs on the pages of each site into `out`: `cleaner rules suggest --merge OUT --site HOST` reads it.

    Partial sums of each shard are kept in `out/.cleaner/shards`, so that what is new is counted alone; then Ray brings
    the rows of each key together and adds them up. The sums are exact, whatever the shards.

    `min_pages` leaves out what fewer pages of a site show; most of what is on a page is on no other. For the other
    arguments, and what is raised, see :func:`clean_files`.
    """
    shards = out / ".cleaner" / "shards"
    _check_target(out)
    work = Work.of(cleaner or Cleaner(), shards, limits, counts=True)
    with _ray(address) as ray:
        summary = _run(work, plan(paths, out, shard_bytes), workers, address, observe)
        if summary.stopped is None and not summary.interrupted:
            _add_up(ray, shards, out, min_pages)
    return summary


def _run(
    work: Work,
    shards: Sequence[Shard],
    workers: int | None,
    address: str | None,
    observe: Callable[[Done], None] | None,
) -> Summary:
    begun = time.perf_counter()
    summary = Summary()
    todo, known = begin(shards, work.out, work.digest, work.key, work.limits)
    for done in known:
        done.count(summary)
    summary.before = summary.statuses.copy()
    try:
        if todo:
            with _ray(address) as ray:
                for done in _shards_done(ray, work, todo, workers):
                    done.count(summary)
                    if observe is not None:
                        observe(done)
    except KeyboardInterrupt:
        summary.interrupted = True
    except OutputError as error:
        summary.stopped = error
    for draft in work.out.glob(".cleaner/*.part"):
        draft.unlink(missing_ok=True)  # of workers that were killed
    summary.seconds = time.perf_counter() - begun
    return summary


@contextmanager
def _ray(address: str | None) -> Iterator[Any]:
    """Give Ray: the one that this process is at, the cluster at `address`, or one of our own that ends with us."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # it would tell its makers of us
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what it logs on standard error is for its makers
    ray = need("ray", "cleaner ray")
    need("ray.data", "cleaner ray")
    ours = not ray.is_initialized()
    if ours and address is not None:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    elif ours:
        ray.init(
            address="local",  # not whatever RAY_ADDRESS says
            include_dashboard=False,
            log_to_driver=False,
            logging_level="error",
            object_store_memory=_STORE_BYTES,
            _node_ip_address="127.0.0.1",
        )
    context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.execution_no_progress_timeout_s = -1  # a shard of pages that hang takes its time
    logger = logging.getLogger("ray.data")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with ray.data.DataContext.current(context):
            yield ray
    finally:
        logger.setLevel(level)
        if ours:
            ray.shutdown()


def _shards_done(ray: Any, work: Work, todo: Sequence[Shard], workers: int | None) -> Iterator[Done]:
    processors = sum(node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"])
    size = min(len(todo), workers or max(1, int(processors)))
    rows = [{"shard": pickle.dumps(shard)} for shard in todo]
    results = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        _Actor,
        fn_constructor_args=(work,),
        batch_size=1,
        batch_format="pyarrow",
        # No shard waits for a worker that is busy. One whose worker dies is done anew, by Ray's default.
        compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
    )
    try:
        for row in results.iter_rows():
            yield pickle.loads(row["done"])  # noqa: S301 - what our own worker has said
    except ray.exceptions.RayError as error:
        raise _gave_up(error) from error


def _gave_up(error: Exception) -> OutputError:
    why = [line for line in str(error).splitlines() if line.strip()]
    return OutputError(
        f"Ray gave up: {why[-1] if why else type(error).__name__}; the same command goes on where it was"
    )


class _Actor:
    """A worker as Ray Data calls it: a table of one shard in, a table of what became of it out."""

    def __init__(self, work: Work) -> None:
        self._worker = Worker(work)

    def __call__(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        shards = table.column("shard").to_pylist()
        done = [pickle.dumps(self._worker(pickle.loads(shard))) for shard in shards]  # noqa: S301 - ours
        return pa.table({"done": pa.array(done, pa.binary())})


# ── Sums ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_target(out: Path) -> None:
    """Raise OutputError where sums would be written over what is none of ours."""
    from cleaner.workbench.suggest.rows import KEY

    for path in out.glob("part-*.parquet"):
        if not has_key(path, KEY):
            raise OutputError(f"{path}: exists and is no site pass; name another output folder")


def _add_up(ray: Any, shards: Path, out: Path, min_pages: int) -> None:
    """Merge the partial sums in the files of `shards` into `out/part-00000.parquet` and on."""
    from cleaner.workbench.suggest.rows import BUCKETS

    files = sorted(map(str, shards.glob("part-*.parquet")))
    groups = min(BUCKETS, max(1, sum(Path(file).stat().st_size for file in files) // _SUMS_BYTES))
    new = out / ".cleaner" / "sums"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    items = ray.data.from_items([{"file": file} for file in files], override_num_blocks=len(files))
    rows = items.map_batches(partial(_read, groups), batch_size=1, batch_format="pyarrow")
    write = partial(_write, new.absolute(), min_pages)
    merged = rows.groupby("group", num_partitions=groups).map_groups(write, batch_format="pyarrow")
    try:
        for _ in merged.iter_rows():
            pass
    except ray.exceptions.RayError as error:
        raise _gave_up(error) from error
    for path in out.glob("part-*.parquet"):
        path.unlink()
    for path in sorted(new.iterdir()):  # all there, or none
        path.replace(out / path.name)
    new.rmdir()


def _read(groups: int, files: pa.Table) -> Iterator[pa.Table]:
    """Yield the rows of files, with the group that each is in."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from cleaner.workbench.suggest.rows import BUCKETS

    for path in files.column("file").to_pylist():
        with pq.ParquetFile(path) as file:
            for at in range(file.num_row_groups):
                table = file.read_row_group(at)
                wide = pc.multiply(table.column("bucket").cast(pa.int64()), groups)
                yield table.append_column("group", pc.divide(wide, BUCKETS))


def _write(out: Path, min_pages: int, table: pa.Table) -> pa.Table:
    import pyarrow as pa

    from cleaner.storage import Draft
    from cleaner.workbench.suggest.rows import SCHEMA, merged

    group = table.column("group")[0].as_py()
    sums = merged(table, min_pages)
    draft = Draft(out / f"part-{group:05}.parquet", SCHEMA)
    draft.write(sums)
    draft.finish()
    return pa.table({"rows": [sums.num_rows]})
