"""Spark: the recipe of docs/SCALING.md, on two threads of this machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.conftest import ROOT, need

need("spark", "pyspark")

import pyarrow.parquet as pq  # noqa: E402

from cleaner import Cleaner  # noqa: E402
from cleaner.batch import Summary  # noqa: E402
from cleaner.errors import OutputError  # noqa: E402
from cleaner.integrations import spark as engine  # noqa: E402
from cleaner.model import Page  # noqa: E402
from cleaner.storage.columns import SCHEMA  # noqa: E402
from cleaner.workbench.suggest import Surveyor, rows  # noqa: E402
from tests.crawl import html, parquet, url  # noqa: E402

if shutil.which("java") is None and not os.environ.get("CLEANER_NEED_SPARK"):
    pytest.skip("there is no java, which Spark needs", allow_module_level=True)

pytestmark = [
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),  # it is not asked to
]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{ROOT}:{ROOT / 'src'}")
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        builder = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "8")
        builder = builder.config("spark.sql.shuffle.partitions", "2")
        session = builder.getOrCreate()
        yield session
        session.stop()


@pytest.fixture
def pages(session: Any, tmp_path: Path) -> Any:
    parquet(tmp_path / "pages.parquet", range(40))
    return session.read.parquet(str(tmp_path / "pages.parquet"))


def test_records_are_those_of_clean_batch(pages: Any, tmp_path: Path) -> None:
    engine.clean(pages, "generic").write.parquet(str(tmp_path / "clean"))
    found = pq.read_table(tmp_path / "clean")
    expected = Cleaner("generic").clean_batch(pq.read_table(tmp_path / "pages.parquet"))
    assert found.schema.names == SCHEMA.names
    assert sorted(found.to_pylist(), key=_url) == sorted(expected.to_pylist(), key=_url)


def test_a_pass_that_stops_is_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet(tmp_path / "pages.parquet", range(4))
    monkeypatch.setattr(engine.batch, "run", lambda *_, **__: Summary(stopped=OutputError("no worker process")))
    frame = MagicMock()
    engine.count(frame)
    partial_sums = frame.mapInArrow.call_args.args[0]
    with pytest.raises(OutputError, match="no worker process"):
        list(partial_sums(pq.read_table(tmp_path / "pages.parquet").to_batches()))


def _url(row: dict[str, Any]) -> str:
    address: str = row["url"]
    return address


def test_sums_are_those_of_a_local_pass(pages: Any, tmp_path: Path) -> None:
    engine.count(pages.repartition(4), "generic", groups=5).write.parquet(str(tmp_path / "pass"))
    surveyor = Surveyor(Cleaner("generic"))
    for at in range(40):
        surveyor.clean(Page(html(at).encode(), url(at)))
    for host in ("a.example", "b.example", "c.example"):
        found = rows.load(tmp_path / "pass", host)
        assert found.of(host, ["html"]) == surveyor.sitepass.of(host, ["html"])
        assert found.of(host, ["html"]).tallies
