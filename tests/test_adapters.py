"""The adapters, each against the real package: that pages go in, articles come out, and nothing ends the host's run."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, make_dataclass
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cleaner import clean
from cleaner.errors import InputError
from tests.conftest import ROOT

RADIO = ROOT / "raw/trillmag.com/radio.html"
URL = "https://www.trillmag.com/culture/campus-radio"
CAPTCHA = "<title>Just a moment</title><body><p>Please verify you are human to go on.</p></body>"


def need(package: str, extra: str) -> None:
    """Skip a test where a package is not installed; fail where somebody said that all are."""
    if find_spec(package) is None:
        reason = f"{package} is not installed (the extra `{extra}`)"
        if os.environ.get("CLEANER_NEED_ADAPTERS"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def _quiet_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep hosts off the network, and their own deprecations out of our warnings."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@pytest.fixture(scope="module")
def page() -> bytes:
    return RADIO.read_bytes()


@pytest.fixture(scope="module")
def body(page: bytes) -> str:
    text = clean(page, url=URL).text
    assert len(text) > 1_000
    return text


@pytest.mark.parametrize("name", ["scrapy", "datatrove", "langchain", "datasets"])
def test_what_is_missing_is_named(name: str) -> None:
    package = {"langchain": "langchain_core"}.get(name, name)
    code = f"import sys; sys.modules[{package!r}] = None; import cleaner.integrations.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"pip install 'cleaner[{name}]'" in done.stderr


# ── Scrapy ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Story:
    html: Any = None
    url: str | None = None
    text: str = ""
    cleaner: dict[str, Any] = field(default_factory=dict)


class TestScrapy:
    @pytest.fixture(autouse=True)
    def _need(self) -> None:
        need("scrapy", "scrapy")
        need("itemadapter", "scrapy")

    def pipeline(self, **settings: Any) -> Any:
        from scrapy.settings import Settings
        from scrapy.statscollectors import MemoryStatsCollector

        from cleaner.integrations.scrapy import CleanerPipeline

        # As much of a crawler as a pipeline asks for, without a reactor; the example has a whole one.
        crawler: Any = SimpleNamespace(settings=Settings(settings))
        crawler.stats = MemoryStatsCollector(crawler)
        made: Any = CleanerPipeline.from_crawler(crawler)
        made.told = crawler.stats.get_stats
        return made

    def items(self, page: bytes) -> list[Any]:
        import scrapy

        item_class = type("Item", (scrapy.Item,), {name: scrapy.Field() for name in ("html", "url", "text", "cleaner")})
        return [{"html": page, "url": URL}, item_class(html=page, url=URL), Story(page, URL)]

    def test_items_of_every_class(self, page: bytes, body: str) -> None:
        from itemadapter import ItemAdapter

        pipeline = self.pipeline()
        for item in self.items(page):
            done = ItemAdapter(pipeline.process_item(item))
            assert done.item is item
            assert done["text"] == body
            assert done["cleaner"]["status"] == "ok"
            assert done["cleaner"]["authors"] == ["Odalys Finch"]
            json.dumps(done["cleaner"])
        assert pipeline.told() == {"cleaner/status/ok": 3}

    def test_a_response_is_read_as_bytes_with_its_type_and_address(self) -> None:
        from scrapy.http import HtmlResponse

        prose = "Die Fähre über den großen Fluß fährt ab Montag wieder, heißt es aus dem Rathaus der Stadt. " * 5
        response = HtmlResponse(
            URL, body=f"<p>{prose}</p>".encode("windows-1252"), headers={"Content-Type": "text/html; charset=windows-1252"}
        )  # fmt: skip
        item = self.pipeline(CLEANER_DROP_PAGE=True).process_item({"html": response})
        assert item["text"] == prose.strip()
        assert item["html"] is None

    def test_the_settings(self, page: bytes) -> None:
        settings = {
            "PAGE_FIELD": "raw",
            "TEXT_FIELD": "",
            "FACTS_FIELD": "facts",
            "RULES": "generic",
            "JUDGE": "none",
        }
        pipeline = self.pipeline(**{f"CLEANER_{name}": value for name, value in settings.items()})
        item = pipeline.process_item({"raw": page.decode(), "url": URL})
        assert sorted(item) == ["facts", "raw", "url"]
        assert item["facts"]["confidence"] is None  # no judge

    def test_items_are_dropped_only_on_request(self) -> None:
        from scrapy.exceptions import DropItem

        item = {"html": CAPTCHA, "url": URL}
        assert self.pipeline().process_item(dict(item))["cleaner"]["status"] == "captcha"
        with pytest.raises(DropItem, match="captcha"):
            self.pipeline(CLEANER_DROP_STATUSES="captcha,blocked").process_item(item)
        with pytest.raises(ValueError, match="captch"):
            self.pipeline(CLEANER_DROP_STATUSES=["captch"])

    def test_nothing_else_is_raised(self, page: bytes, caplog: pytest.LogCaptureFixture) -> None:
        pipeline = self.pipeline()
        narrow = make_dataclass("Narrow", [("html", Any)])(page)
        frozen = make_dataclass("Frozen", [("html", Any), ("text", str)], frozen=True)(page, "")
        for item in (
            7,
            None,
            {},
            {"html": None},
            {"html": 7},
            {"html": b"\xff\xfe\0"},
            {"html": page, "url": 7},
            narrow,
            frozen,
        ):
            assert pipeline.process_item(item) is item
        assert pipeline.told()["cleaner/no_page"] == 5
        assert pipeline.told()["cleaner/no_field"] == 4
        said = [record.message for record in caplog.records if record.name.startswith("cleaner")]
        pipeline.process_item({})
        assert [record.message for record in caplog.records if record.name.startswith("cleaner")] == said
        assert any("Narrow take no field 'text'" in message for message in said)

    def test_rules_that_are_not_there_stop_the_crawl_before_it_begins(self, tmp_path: Path) -> None:
        with pytest.raises(InputError):
            self.pipeline(CLEANER_RULES=str(tmp_path / "mine"))

    def test_a_rule_file_with_faults_is_told_by_the_pages_that_need_it(self, tmp_path: Path, page: bytes) -> None:
        (tmp_path / "sites").mkdir()
        (tmp_path / "sites/trillmag.com.toml").write_text("nonsense")
        item = self.pipeline(CLEANER_RULES=str(tmp_path)).process_item({"html": page, "url": URL})
        assert item["cleaner"]["status"] != "ok"
        assert "trillmag.com.toml" in item["cleaner"]["reason"]


# ── datatrove ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestDatatrove:
    @pytest.fixture(autouse=True)
    def _need(self) -> None:
        need("datatrove", "datatrove")

    def test_text_metadata_and_counts(self, page: bytes, body: str) -> None:
        from datatrove.data import Document, Media, MediaType

        from cleaner.integrations.datatrove import CleanPages

        medium = Media("m", MediaType.DOCUMENT, URL, media_bytes=page)
        documents = [
            Document(page.decode(), "text", metadata={"url": URL, "mine": 1}),
            Document("", "media", media=[Media("p", MediaType.IMAGE, URL), medium]),
            Document(CAPTCHA, "captcha"),
            Document("", "nothing"),
        ]
        step = CleanPages()
        done = list(step(iter(documents)))
        assert [(one.id, one.text) for one in done] == [("text", body), ("media", body)]
        assert done[0].metadata["mine"] == 1
        assert done[0].metadata["cleaner"]["title"] == done[1].metadata["cleaner"]["title"]
        counts = {name: stat.total for name, stat in step.stats.stats.items()}
        assert {name: counts[name] for name in ("total", "forwarded", "dropped", "status/captcha")} == {
            "total": 4, "forwarded": 2, "dropped": 2, "status/captcha": 1,
        }  # fmt: skip
        assert counts["words_in_body"] == 2 * done[0].metadata["cleaner"]["word_count"]

    def test_all_statuses_may_go_on_and_the_date_of_capture_counts(self) -> None:
        from datatrove.data import Document

        from cleaner.integrations.datatrove import CleanPages

        step = CleanPages("generic", statuses=None, captured="date", timeout=None)
        document = Document("<p>x</p>", "a", metadata={"date": "2024-05-06T07:08:09Z"})
        assert step._task(document)[2].year == 2024
        (done,) = step([Document(CAPTCHA, "captcha")])
        assert (done.metadata["cleaner"]["status"], done.text) == ("captcha", clean(CAPTCHA).text)

    def test_a_page_that_hangs_or_kills_costs_itself(self, page: bytes) -> None:
        from datatrove.data import Document

        from cleaner.integrations.datatrove import CleanPages

        step = CleanPages(statuses=None, timeout=20)
        real = step.cleaner.clean_many

        def poisoned(pages: list[Any]) -> Any:
            if pages[0].content == "die":
                os._exit(3)
            return real(pages)

        step.cleaner.clean_many = poisoned  # type: ignore[method-assign]
        documents = [Document(text, text[:4]) for text in ("die", page.decode(), "die", page.decode())]
        done = list(step(documents))
        assert [one.metadata["cleaner"]["status"] for one in done] == ["crashed", "ok", "crashed", "ok"]

    def test_under_an_executor(self, page: bytes, body: str, tmp_path: Path) -> None:
        from datatrove.data import Document
        from datatrove.executor import LocalPipelineExecutor
        from datatrove.pipeline.writers import JsonlWriter

        from cleaner.integrations.datatrove import CleanPages

        pages = [Document(page.decode(), str(at), metadata={"url": URL}) for at in range(3)]
        step = pickle.loads(pickle.dumps(CleanPages()))
        writer = JsonlWriter(str(tmp_path / "out"), output_filename="out.jsonl", compression=None)
        LocalPipelineExecutor([pages, step, writer], tasks=1, logging_dir=str(tmp_path / "logs")).run()
        rows = [json.loads(line) for line in (tmp_path / "out/out.jsonl").read_text("utf-8").splitlines()]
        assert [row["text"] for row in rows] == [body] * 3
        assert rows[0]["metadata"]["cleaner"]["authors"] == ["Odalys Finch"]
        stats = json.loads((tmp_path / "logs/stats.json").read_text())
        assert any(step["name"].endswith("cleaner") and step["stats"]["forwarded"] == 3 for step in stats)


# ── LangChain ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestLangChain:
    @pytest.fixture(autouse=True)
    def _need(self) -> None:
        need("langchain_core", "langchain")

    def test_the_loader_knows_all_inputs(self, tmp_path: Path, page: bytes, body: str) -> None:
        from cleaner.integrations.langchain import CleanerLoader

        shutil.copytree(RADIO.parent, tmp_path / "raw")
        (tmp_path / "raw/crawl.jsonl").write_text(json.dumps({"html": page.decode(), "url": URL}) + "\n")
        (tmp_path / "raw/wall.html").write_text(CAPTCHA)
        (tmp_path / "raw/broken.html.gz").write_bytes(b"\x1f\x8b\x08 but not for long")
        loader = CleanerLoader(tmp_path / "raw")
        documents = loader.load()
        assert [one.page_content for one in documents if one.metadata["source"] == URL] == [body]
        (row,) = (one for one in documents if one.metadata["location"].endswith("crawl.jsonl:1"))
        assert (row.metadata["authors"], row.metadata["status"]) == ("Odalys Finch", "ok")
        assert all(isinstance(value, str | int | float | bool) for one in documents for value in one.metadata.values())
        assert not any("wall" in one.metadata["location"] for one in documents)
        every = {
            one.metadata["location"].rpartition("/")[2]: one
            for one in CleanerLoader([tmp_path / "raw"], statuses=None).lazy_load()
        }
        assert every["wall.html"].metadata["status"] == "captcha"
        assert every["broken.html.gz"].metadata["status"] == "unreadable"
        assert every["broken.html.gz"].page_content == ""

    def test_markdown(self) -> None:
        from cleaner.integrations.langchain import CleanerLoader

        (document,) = CleanerLoader(RADIO, markdown=True).load()
        assert document.page_content == clean(RADIO).markdown

    def test_nothing_there_is_an_error(self, tmp_path: Path) -> None:
        from cleaner.integrations.langchain import CleanerLoader

        with pytest.raises(InputError):
            CleanerLoader(tmp_path / "nowhere").load()
        with pytest.raises(ValueError, match="several strings"):
            CleanerLoader(tmp_path, statuses="ok")

    def test_the_transformer(self, page: bytes, body: str) -> None:
        from langchain_core.documents import Document

        from cleaner.integrations.langchain import CleanerTransformer

        documents = [
            Document(page.decode(), metadata={"source": URL, "mine": 1, "title": "from the feed"}, id="a"),
            Document(CAPTCHA, metadata={"source": "wall"}),
        ]
        (done,) = CleanerTransformer().transform_documents(documents)
        assert (done.page_content, done.id) == (body, "a")
        assert (done.metadata["mine"], done.metadata["source"]) == (1, URL)
        assert done.metadata["title"] == clean(page, url=URL).metadata.title
        assert documents[0].page_content == page.decode()


# ── datasets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class TestDatasets:
    @pytest.fixture(autouse=True)
    def _need(self, monkeypatch: pytest.MonkeyPatch) -> None:
        need("datasets", "datasets")
        import datasets

        datasets.disable_progress_bars()
        monkeypatch.setattr(os, "environ", os.environ)  # `map` in processes leaves a copy, which nobody else looks at

    def test_map(self, page: bytes, body: str, tmp_path: Path) -> None:
        from datasets import Dataset

        from cleaner.integrations.datasets import CleanRows

        clean_rows = CleanRows()
        rows = Dataset.from_dict({"html": [None, "", page.decode()], "url": [None, None, URL], "mine": [1, 2, 3]})
        # A batch a row: the first knows of no value for any field, and types hold all the same.
        done = rows.map(clean_rows, batched=True, batch_size=1, features=clean_rows.features(rows.features))
        assert done["text"][:] == ["", "", body]
        assert done["mine"][:] == [1, 2, 3]
        assert [facts["status"] for facts in done["cleaner"]] == ["unreadable", "empty", "ok"]
        assert done[2]["cleaner"]["authors"] == ["Odalys Finch"]
        done.to_parquet(str(tmp_path / "a.parquet"))

    def test_bytes_other_columns_and_streams(self, page: bytes, body: str) -> None:
        from datasets import Dataset

        from cleaner.integrations.datasets import CleanRows

        clean_rows = CleanRows(page="raw", url="address", text="body", facts="said")
        rows = Dataset.from_dict({"raw": [page, page]}).to_iterable_dataset()
        done = list(rows.map(clean_rows, batched=True, features=clean_rows.features(rows.features)))
        assert [row["body"] for row in done] == [clean(page).text] * 2
        assert done[0]["said"]["status"] == "ok"

    def test_the_fingerprint_is_that_of_options_and_rules(self, tmp_path: Path) -> None:
        from datasets.fingerprint import Hasher

        from cleaner.integrations.datasets import CleanRows

        rules = tmp_path / "sites"
        rules.mkdir()
        (rules / "a.example.toml").write_text('[[drop]]\nid = "x"\nkind = "share"\nline = "Share this"\n')
        made = [CleanRows(), CleanRows("generic"), CleanRows(judge="none"), CleanRows(text="body"), CleanRows(tmp_path)]
        hashes = [Hasher.hash(one) for one in made]
        assert len({*hashes}) == len(hashes)
        assert [Hasher.hash(pickle.loads(pickle.dumps(one))) for one in made] == hashes
        code = "from cleaner.integrations.datasets import CleanRows; from datasets.fingerprint import Hasher; print(Hasher.hash(CleanRows()))"
        told = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONHASHSEED": "7"}
        )
        assert told.stdout.strip() == hashes[0]
        (rules / "a.example.toml").write_text('[[drop]]\nid = "x"\nkind = "share"\nline = "Share that"\n')
        assert Hasher.hash(CleanRows(tmp_path)) != hashes[-1]

    def test_in_processes(self, page: bytes, body: str) -> None:
        from datasets import Dataset

        from cleaner.integrations.datasets import CleanRows

        clean_rows = CleanRows()
        rows = Dataset.from_dict({"html": [page.decode()] * 2, "url": [URL] * 2})
        done = rows.map(clean_rows, batched=True, num_proc=2, features=clean_rows.features(rows.features))
        assert done["text"][:] == [body] * 2

    def test_types_are_those_of_what_comes(self, page: bytes) -> None:
        from datasets import Features

        from cleaner.integrations.datasets import CleanRows
        from cleaner.integrations.facts import facts

        assert list(CleanRows().features(Features())["cleaner"]) == list(facts(clean(page)))


# ── The page that says how ────────────────────────────────────────────────────────────────────────────────────────────

EXAMPLES: dict[str, str] = dict(
    re.findall(
        r"^```python\n# (\w+)[^\n]*\n(.*?)^```$",
        (ROOT / "docs/INTEGRATIONS.md").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
)


@pytest.mark.parametrize("name", ["scrapy", "datatrove", "langchain", "datasets"])
def test_the_example_works(name: str, tmp_path: Path) -> None:
    need({"langchain": "langchain_core"}.get(name, name), name)
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    (tmp_path / "pages.jsonl").write_text(
        json.dumps({"text": RADIO.read_text("utf-8"), "id": "radio", "url": URL, "html": RADIO.read_text("utf-8")})
        + "\n"
    )
    (tmp_path / "example.py").write_text(EXAMPLES[name], "utf-8")
    env = {**os.environ, "HF_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Campus Radio Is Back" in done.stdout, (done.stdout, done.stderr)
