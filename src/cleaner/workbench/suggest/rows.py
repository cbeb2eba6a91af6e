"""Site passes of any size: as rows, so that an engine can add them up, and as Parquet files on the disk.

::

    pages ──Surveyor──▶ SumFile: partial sums, many rows for a key ──▶ merged, bucket by bucket ──▶ load(folder, site)

A row is one key of one site and medium (:class:`~cleaner.workbench.suggest.counts.SitePass`), or, where `form` is
empty, what is known of that site and medium as a whole. Rows with the same key add up; which of :data:`BUCKETS` buckets
a key is in follows from the key. So whoever groups rows by bucket, or by ranges of buckets, has all rows of a key
together, and the keys of a large site spread over all of them: no group is as large as a site. Nothing is forgotten on
the way, so the sums do not depend on how the pages were divided.

Imports pyarrow: import this module where rows are wanted, not before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from cleaner.errors import InputError
from cleaner.model import Article, Page
from cleaner.storage import Draft
from cleaner.workbench.suggest.counts import MAX_KEYS, MEDIA, SitePass, Survey, Tally, survey_from, survey_json
from cleaner.workbench.suggest.look import Surveyor

__all__ = ["BUCKETS", "KEY", "SCHEMA", "Rendering", "SumFile", "Sums", "load", "merged", "sitepass_of", "table_of"]

BUCKETS: Final = 1 << 16
KEY: Final = b"cleaner.sitepass"
"""Where the version stands in the key-value metadata."""
_VERSION: Final = 1
SCHEMA: Final = pa.schema(
    [
        pa.field("bucket", pa.int32(), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in ("site", "medium", "form", "at", "zone")),
        pa.field("pages", pa.int64(), nullable=False),
        pa.field("sums", pa.string(), nullable=False),
    ],
    metadata={KEY: str(_VERSION)},
)
_ORDER: Final = [(name, "ascending") for name in ("site", "medium", "form", "at", "zone")]
_MOST_ROWS: Final = 100_000
"""That are held in memory while pages are counted; then they are added up and written: some 300 pages."""
_CHUNK: Final = 10_000


def table_of(sitepass: SitePass, min_pages: int = 1) -> pa.Table:
    """Return a pass as rows, in the order of their keys, without keys that fewer than `min_pages` pages show."""
    rows: list[tuple[int, str, str, str, str, str, int, str]] = []
    if sitepass.aside:
        rows.append(_row("", "", ("", "", ""), sitepass.aside, sitepass.aside))
    for (site, medium), survey in sitepass.surveys.items():
        if survey.total:
            whole = survey_json(Survey(survey.pages, {}, survey.sketches))
            rows.append(_row(site, medium, ("", "", ""), survey.total, whole))
        for key, tally in survey.tallies.items():
            if (pages := tally.pages) >= min_pages:
                rows.append(_row(site, medium, key, pages, tally.as_json()))
    rows.sort(key=itemgetter(*range(1, 6)))
    columns = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _row(
    site: str, medium: str, key: tuple[str, str, str], pages: int, said: Any
) -> tuple[int, str, str, str, str, str, int, str]:
    text = [part.encode("utf-8", "backslashreplace").decode() for part in (site, medium, *key)]
    digest = hashlib.blake2b("\0".join(text).encode(), digest_size=2).digest()
    site, medium, form, at, zone = text
    # ASCII: a lone surrogate, which Arrow has no place for, stays what it is.
    return int.from_bytes(digest), site, medium, form, at, zone, pages, json.dumps(said)


def sitepass_of(tables: Iterable[pa.Table | pa.RecordBatch]) -> SitePass:
    """Return the pass that rows make, those of one key added up. Raises ValueError for what is none."""
    found = SitePass()
    for table in tables:
        columns = [table.column(field.name).to_pylist() for field in SCHEMA]
        for _, site, medium, form, at, zone, _, sums in zip(*columns, strict=True):
            try:
                said = json.loads(sums)
                if not medium:
                    found.aside += said
                    continue
                survey = found.surveys.setdefault((site, MEDIA[MEDIA.index(medium)]), Survey())
                if form:
                    survey.tallies.setdefault((form, at, zone), Tally()).merge(Tally.from_json(said))
                else:
                    survey.merge(survey_from(said), forget=False)
            except (KeyError, TypeError, AttributeError, IndexError) as error:
                raise ValueError(f"a broken site pass ({type(error).__name__}: {error})") from error
    return found


def merged(table: pa.Table, min_pages: int = 1) -> pa.Table:
    """Return rows, all that there are of their keys, with one row for each key.

    Most keys are on one page. Their rows stay as they are: to read them would take most of the time.
    """
    names = table.select(["site", "medium", "form", "at", "zone"]).to_pydict().values()
    places: dict[tuple[str, ...], list[int]] = {}
    for index, key in enumerate(zip(*names, strict=True)):
        places.setdefault(key, []).append(index)
    alone = [found[0] for found in places.values() if len(found) == 1]
    several = [index for found in places.values() if len(found) > 1 for index in found]
    untouched = table.select(SCHEMA.names).take(pa.array(alone, pa.int64())).cast(SCHEMA)
    if min_pages > 1:
        untouched = untouched.filter((pc.field("pages") >= min_pages) | (pc.field("form") == ""))
    added = table_of(sitepass_of([table.take(pa.array(several, pa.int64()))]), min_pages)
    return pa.concat_tables([untouched, added]).sort_by(_ORDER)


class Rendering:
    """What a sink makes of a page that `surveyor` has just cleaned: rows. Pickles together with it."""

    def __init__(self, surveyor: Surveyor) -> None:
        self._surveyor = surveyor

    def __call__(self, article: Article, page: Page | None) -> pa.Table:  # noqa: ARG002 - as sinks render
        """Return the rows of what was counted."""
        return table_of(self._surveyor.take())


class Sums:
    """A sink that adds up what a :class:`Surveyor` counts."""

    def __init__(self, render: Callable[[Article, Page | None], pa.Table]) -> None:
        self.render = render
        self._tables: list[pa.Table] = []
        self.held = 0
        """Rows in memory."""

    def put(self, name: PurePosixPath, rendered: pa.Table) -> None:  # noqa: ARG002 - sums know no page
        """Add the counts of one page."""
        self._tables.append(rendered)
        self.held += rendered.num_rows

    def take(self) -> pa.Table:
        """Return the sums, and begin anew."""
        tables, self._tables = self._tables, []
        self.held = 0
        return merged(pa.concat_tables([SCHEMA.empty_table(), *tables]))

    def has(self, name: PurePosixPath) -> bool:  # noqa: ARG002
        """Say no: a page cannot be taken out of a sum."""
        return False

    def settle(self, *, complete: bool = False) -> tuple[int, int]:  # noqa: ARG002
        """Say that nothing lasts before all does."""
        return 0, 0

    def close(self, *, complete: bool = True) -> None:
        """Do nothing."""


class SumFile(Sums):
    """A sink that is one Parquet file of partial sums, whole or not there at all.

    Args:
        path: the file.
        render: see :class:`Rendering`.
        draft: what the file is called until it is whole.

    """

    def __init__(
        self, path: Path, render: Callable[[Article, Page | None], pa.Table], draft: Path | None = None
    ) -> None:
        super().__init__(render)
        self._draft = Draft(path, SCHEMA, draft)

    def put(self, name: PurePosixPath, rendered: pa.Table) -> None:
        """Add the counts of one page; they are written where they get many."""
        super().put(name, rendered)
        if self.held >= _MOST_ROWS:
            self._draft.write(self.take())

    def close(self, *, complete: bool = True) -> None:
        """Give the file its name, if all pages are in it."""
        if complete:
            self._draft.write(self.take())
            self._draft.finish()
        else:
            self._draft.abandon()


def load(path: Path, site: str | None = None) -> SitePass:
    """Return a pass from a folder of merged rows: of `site` and all below it; with None, of the only site there is.

    Where it holds several sites and none is named, what comes back knows how many pages each has, and no more. Of a
    site with more than `MAX_KEYS` keys, those that the fewest pages show are not read. Raises InputError.
    """
    try:
        table = ds.dataset(path, format="parquet")
        if missing := [name for name in SCHEMA.names if name not in table.schema.names]:
            raise InputError(f"{path}: no site pass: it lacks the column {missing[0]!r}")
        if site is None:
            whole = sitepass_of(_read(table, pc.field("form") == ""))
            named = [name for name in whole.sites if name]
            if len(named) != 1:
                return whole
            site = named[0]
        of_site = (pc.field("site") == site) | pc.ends_with(pc.field("site"), f".{site}")
        least = _least(table, of_site)
        return sitepass_of(_read(table, of_site & ((pc.field("form") == "") | (pc.field("pages") >= least))))
    except (OSError, pa.ArrowException, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a site pass: {error}") from error


def _read(table: Any, wanted: Any) -> Iterator[pa.RecordBatch]:
    batches: Iterator[pa.RecordBatch] = table.to_batches(filter=wanted, batch_size=_CHUNK)
    return batches


def _least(table: Any, wanted: Any) -> int:
    """Return how many pages a key must have so that there are no more than `MAX_KEYS` of them."""
    keys: dict[int, int] = {}
    for batch in table.to_batches(columns=["pages"], filter=wanted & (pc.field("form") != ""), batch_size=_CHUNK):
        for pair in batch.column("pages").value_counts().to_pylist():
            keys[pair["values"]] = keys.get(pair["values"], 0) + pair["counts"]
    least, held = 1, sum(keys.values())
    while held > MAX_KEYS and least < max(keys):
        held -= keys.get(least, 0)
        least += 1
    return least
