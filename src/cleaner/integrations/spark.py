"""Spark: the same kernel under `mapInArrow` (`pip install 'cleaner[spark]'`, Java 17; docs/SCALING.md).

::

    pages = spark.read.parquet("…/pages")                       # columns html, url
    clean(pages).write.parquet("…/clean")
    count(pages).write.parquet("…/pass")                        # for `cleaner rules suggest --merge …/pass`

Rules are read where the executors run; `cleaner` and the rule files are the same there as here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from cleaner import batch
from cleaner.pipeline import Cleaner, Rules
from cleaner.pool import Limits
from cleaner.storage import Input
from cleaner.storage.extras import need

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = ["clean", "count"]


def clean(
    pages: DataFrame, rules: Rules = None, *, include: Sequence[str] = (), limits: Limits | None = None
) -> DataFrame:
    """Return the records of a frame of pages, a row for each, whatever is wrong with one.

    Args:
        pages: with the columns of :meth:`cleaner.Cleaner.clean_batch`.
        rules: see :data:`cleaner.pipeline.Rules`.
        include: see :class:`cleaner.Cleaner`.
        limits: on the time and memory of one page. Each task has a process beside it that may hang or die.

    """
    from cleaner.storage.columns import SCHEMA

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from cleaner.arrow import Isolated

        isolated = Isolated(Cleaner(rules, include=include).clean, limits)
        try:
            yield from map(isolated, batches)
        finally:
            isolated.close()

    return pages.mapInArrow(run, _spark_schema(SCHEMA))


def count(
    pages: DataFrame, rules: Rules = None, *, min_pages: int = 1, groups: int = 1024, limits: Limits | None = None
) -> DataFrame:
    """Return what recurs on the pages of each site, a row for each key; see :mod:`cleaner.workbench.suggest.rows`.

    The sums are exact, however Spark divides the pages, and no task holds more than one of `groups` parts of the keys.
    `min_pages` leaves out what fewer pages of a site show. For the rest see :func:`clean`.
    """
    from cleaner.workbench.suggest import rows as sitepass

    def partial_sums(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from cleaner.arrow import pages_of
        from cleaner.workbench.suggest import Surveyor

        surveyor = Surveyor(Cleaner(rules))
        render = sitepass.Rendering(surveyor)
        with batch.workers(surveyor, render, 1, limits) as workers:
            for part in batches:
                sink = sitepass.Sums(render)
                inputs = (Input(None, PurePosixPath("page"), page=page) for page in pages_of(part))
                summary = batch.run(surveyor, inputs, sink, jobs=workers)
                if summary.stopped is not None:  # sums of some of the pages would pass for those of all
                    raise summary.stopped
                if summary.interrupted:
                    raise KeyboardInterrupt
                yield from sink.take().to_batches()

    def merged(table: pa.Table) -> pa.Table:
        return sitepass.merged(table, min_pages)

    schema = _spark_schema(sitepass.SCHEMA)
    sums = pages.mapInArrow(partial_sums, schema)
    return sums.groupBy(sums.bucket % groups).applyInArrow(merged, schema)


def _spark_schema(schema: pa.Schema) -> Any:
    return need("pyspark.sql.pandas.types", "cleaner.integrations.spark").from_arrow_schema(schema)
