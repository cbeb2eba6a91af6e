"""Batches in, batches out: a row for each page, whatever it holds, and each as `clean` has it."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cleaner
from cleaner.errors import Fault, InputError, RuleFileError
from cleaner.model import Article, Page, Status
from cleaner.pool import Limits
from cleaner.storage import Format, render
from tests.conftest import ROOT, need_formats
from tests.plugs import Plugged

need_formats()

import pyarrow as pa  # noqa: E402

from cleaner import arrow  # noqa: E402
from cleaner.storage.columns import SCHEMA  # noqa: E402

KEEPER = cleaner.Cleaner("generic")
PROSE = "The wheel turned for the first time in forty years, and the whole village had come to see it. " * 3
HTML = f"<!doctype html><title>The mill</title><article><h1>The mill</h1><p>{PROSE}</p></article>"


def rows(batch: Any) -> list[dict[str, Any]]:
    """Return the records of a batch that is sound and has our schema."""
    assert batch.schema.equals(SCHEMA, check_metadata=True)
    batch.validate(full=True)
    found: list[dict[str, Any]] = batch.to_pylist(maps_as_pydicts="strict")
    for row in found:
        for field in SCHEMA:
            assert holds(field, row[field.name]), field
    return found


def holds(field: Any, value: Any) -> bool:
    """Tell whether a value is null only where its field may be."""
    if value is None:
        return bool(field.nullable)
    if pa.types.is_struct(field.type):
        return all(holds(inner, value[inner.name]) for inner in field.type)
    if pa.types.is_map(field.type):
        return all(holds(field.type.item_field, item) for item in value.values())
    if pa.types.is_list(field.type):
        return all(holds(field.type.value_field, item) for item in value)
    return True


def record(page: Page) -> dict[str, Any]:
    """Return what JSON Lines say of a page."""
    said: dict[str, Any] = json.loads(render(KEEPER.clean(page), Format.JSONL, page))
    return said


def statuses(batch: Any) -> list[str]:
    return [row["status"] for row in rows(batch)]


PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<div class=share>", "<script>", "<table><tr><td>", "<!--", "]]>", "&amp;", "&#0;", "\x00"),
        *(
            "<meta charset=utf-16>",
            "<a href=x>",
            "A sentence of some words, and it ends.",
            "\n\n",
            "- ",
            "Share",
            "\ufeff",
        ),
    ]
)
PAGES = st.one_of(
    st.none(),
    st.text(max_size=60),
    st.lists(PIECES, max_size=12).map("".join),
    st.binary(max_size=60),
    st.lists(PIECES, max_size=12).map(lambda pieces: "".join(pieces).encode("utf-16")),
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PAGES, max_size=6), st.data())
def test_any_pages_give_as_many_rows_as_clean_has_them(pages: list[bytes | str | None], data: st.DataObject) -> None:
    for kind in (bytes, str):
        column = [page if isinstance(page, kind) else None for page in pages]
        urls = data.draw(st.lists(st.none() | st.text(max_size=20), min_size=len(pages), max_size=len(pages)))
        batch = pa.RecordBatch.from_pydict(
            {
                "html": pa.array(column, pa.binary() if kind is bytes else pa.string()),
                "url": pa.array(urls, pa.string()),
            }
        )
        found = rows(KEEPER.clean_batch(batch))
        assert len(found) == len(pages)
        for row, page, url in zip(found, column, urls, strict=True):
            if page is None:
                assert (row["status"], row["url"], row["content_hash"]) == ("unreadable", url, None)
            else:
                assert row == record(Page(page, url))


def test_samples() -> None:
    """Real pages have captions, sources, rules, notes and every kind of evidence."""
    paths = [path for path in sorted((ROOT / "raw").rglob("*")) if path.suffix in (".html", ".txt")]
    batch = pa.RecordBatch.from_pylist([{"html": path.read_bytes(), "location": path.name} for path in paths])
    found = rows(KEEPER.clean_batch(batch))
    assert found == [record(Page(path.read_bytes(), location=path.name)) for path in paths]
    assert any(row["captions"] for row in found)
    assert all(row["text"] and row["removed"] for row in found)


class TestColumns:
    @pytest.mark.parametrize(
        "kind",
        [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()],
        ids=str,
    )
    def test_types(self, kind: Any) -> None:
        plain = pa.array([HTML.encode(), None, HTML.encode()]).cast(kind)
        for column in (plain, plain.dictionary_encode()):
            batch = pa.record_batch({"html": column})
            assert statuses(KEEPER.clean_batch(batch)) == ["ok", "unreadable", "ok"]
            assert statuses(KEEPER.clean_batch(batch.slice(1))) == ["unreadable", "ok"]

    def test_fixed_size_runs_and_extensions(self) -> None:
        page = HTML.encode()
        for column in (
            pa.array([page, None], pa.binary(len(page))),
            pa.compute.run_end_encode(pa.array([page, None])),
            pa.ExtensionArray.from_storage(Saved(), pa.array([page, None], pa.binary())),
        ):
            assert statuses(KEEPER.clean_batch(pa.record_batch({"html": column}))) == ["ok", "unreadable"]

    def test_an_extension_whose_values_are_objects(self) -> None:
        batch = pa.record_batch({"html": pa.ExtensionArray.from_storage(Mine(), pa.array([HTML, None]))})
        assert statuses(KEEPER.clean_batch(batch)) == ["ok", "unreadable"]

    def test_strings_that_are_not_utf8_are_read_as_bytes_are(self) -> None:
        raw = HTML.replace("The mill", "Die Mühle").encode("latin-1")
        offsets = len(raw).to_bytes(4, sys.byteorder)
        text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(bytes(4) + offsets), pa.py_buffer(raw)])
        for column in (text, pa.DictionaryArray.from_arrays(pa.array([0]), text)):
            (row,) = rows(KEEPER.clean_batch(pa.record_batch({"html": column, "url": column, "location": column})))
            assert row["metadata"]["title"] == "Die Mühle"
            assert "M\ufffdhle" in row["url"]

    def test_nothing_but_nulls(self) -> None:
        batch = pa.record_batch({name: pa.nulls(2) for name in ("html", "text", "url", "captured", "location")})
        assert statuses(KEEPER.clean_batch(batch)) == ["unreadable"] * 2

    def test_no_rows(self) -> None:
        batch = pa.record_batch({"html": pa.array([], pa.binary())})
        assert rows(KEEPER.clean_batch(batch)) == []
        assert rows(KEEPER.clean_batch(pa.Table.from_batches([batch]))) == []
        assert KEEPER.clean_batch(pa.Table.from_batches([], batch.schema)).num_rows == 0

    def test_a_text_is_a_dump(self) -> None:
        text = f"{PROSE}\n\n<p>is what a paragraph begins with in HTML.</p>\n\n{PROSE}"
        batch = pa.RecordBatch.from_pylist(
            [
                {"html": HTML, "text": text, "media_type": None},
                {"html": None, "text": text, "media_type": None},
                {"html": None, "text": HTML, "media_type": "text/html"},
                {"html": HTML, "text": None, "media_type": "text/plain; charset=utf-8"},
            ]
        )
        found = rows(KEEPER.clean_batch(batch))
        assert [row["media_type"] for row in found] == ["text/html", "text/plain", "text/html", "text/plain"]
        assert "<p>is what" in found[1]["text"]

    def test_what_is_said_of_a_page(self) -> None:
        seen: list[Page] = []

        def clean(page: Page) -> Article:
            seen.append(page)
            return KEEPER.clean(page)

        row = {"html": b"x", "url": "https://a.example/", "media_type": "text/html", "location": "a.warc.gz:7", "id": 5}
        (found,) = rows(arrow.clean_batch(pa.RecordBatch.from_pylist([row]), clean))
        assert seen == [Page(b"x", "https://a.example/", "text/html", location="a.warc.gz:7")]
        assert (found["url"], found["location"]) == ("https://a.example/", "a.warc.gz:7")

    @pytest.mark.parametrize(
        ("column", "captured"),
        [
            (pa.array([0], pa.timestamp("s")), datetime(1970, 1, 1)),
            (pa.array([1_500], pa.timestamp("ns", "UTC")), datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
            (pa.array([0], pa.timestamp("ms", "+01:00")), datetime(1970, 1, 1, tzinfo=UTC)),
            (pa.array([date(2024, 2, 29)]), datetime(2024, 2, 29)),
            (pa.array(["2024-02-29T12:00:00Z"]), datetime(2024, 2, 29, 12, tzinfo=UTC)),
            (pa.array(["2024-02-29T12:00+01:00"]), datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=1)))),
            (pa.array([None], pa.timestamp("us")), None),
        ],
    )
    def test_when_it_was_captured(self, column: Any, captured: datetime | None) -> None:
        seen: list[Page] = []
        batch = pa.record_batch({"html": pa.array(["x"]), "captured": column})
        (row,) = rows(arrow.clean_batch(batch, lambda page: seen.append(page) or KEEPER.clean(page)))
        assert seen[0].captured == captured
        assert row["notes"] == []

    @pytest.mark.parametrize(
        "column",
        [
            pa.array([2**60], pa.timestamp("s")),
            pa.array([0], pa.timestamp("us", "Middle/Earth")),
            pa.array([2**30], pa.int32()).cast(pa.date32()),
            pa.array(["yesterday"]),
        ],
        ids=["far", "zone", "day", "words"],
    )
    def test_no_date_is_a_note(self, column: Any) -> None:
        (row,) = rows(KEEPER.clean_batch(pa.record_batch({"html": pa.array([HTML]), "captured": column})))
        assert row["status"] == "ok"
        assert [note["id"] for note in row["notes"]] == ["arrow/captured"]


class Saved(pa.ExtensionType):
    """A page, as somebody's own type."""

    def __init__(self) -> None:
        super().__init__(pa.binary(), "cleaner.tests.saved")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: Any, serialized: bytes) -> Saved:
        return cls()


class Mine(pa.ExtensionType):
    """A page that comes as an object of Python, as values of `arrow.uuid` do."""

    class Scalar(pa.ExtensionScalar):
        def as_py(self, **_: Any) -> object:
            return object()

    def __init__(self) -> None:
        super().__init__(pa.string(), "cleaner.tests.mine")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: Any, serialized: bytes) -> Mine:
        return cls()

    def __arrow_ext_scalar_class__(self) -> type[pa.ExtensionScalar]:
        return self.Scalar


@pytest.mark.parametrize(
    ("batch", "complaint"),
    [
        ({"content": ["x"]}, "has neither: rename the one that holds the pages, of 'content'"),
        ({}, "has no columns at all"),
        ({"html": [1]}, "column 'html' is of type int64: cast it to"),
        ({"html": [["x"]]}, "column 'html' is of type list<"),
        ({"html": ["x"], "url": [b"x"]}, "column 'url' is of type binary: cast it to string"),
        ({"html": ["x"], "captured": [1.5]}, "column 'captured' is of type double"),
    ],
)
def test_what_the_caller_got_wrong(batch: dict[str, list[Any]], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        KEEPER.clean_batch(pa.RecordBatch.from_pydict(batch))
    with pytest.raises(InputError, match=complaint):
        KEEPER.clean_batch(pa.Table.from_pydict(batch).slice(0, 0))


def test_two_columns_of_a_name() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["html", "html"])
    with pytest.raises(InputError, match="has 2"):
        KEEPER.clean_batch(batch)


def test_something_else() -> None:
    pages: Any = [HTML]
    with pytest.raises(InputError, match=r"not list; of a pandas frame, pyarrow\.RecordBatch\.from_pandas"):
        KEEPER.clean_batch(pages)


class TestCrashes:
    """What a page does to `clean` is the status of its row, in `clean_many` and in `clean_batch`."""

    @pytest.fixture(autouse=True)
    def _traps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        raised = {
            b"memory": MemoryError(),
            b"depth": RecursionError("too deep"),
            b"rules": RuleFileError([Fault("sites/x.toml", 3, None, "unknown key")]),
        }
        real = cleaner.Cleaner.clean

        def clean(self: cleaner.Cleaner, source: Any, *arguments: Any, **named: Any) -> Article:
            content = source.content if isinstance(source, Page) else source
            if content in raised:
                raise raised[content]
            return real(self, source, *arguments, **named)

        monkeypatch.setattr(cleaner.Cleaner, "clean", clean)

    PAGES = (HTML.encode(), b"memory", b"depth", b"rules", HTML.encode())
    REASONS = ("", "MemoryError", "RecursionError: too deep", "faults in rule file sites/x.toml", "")

    def test_many(self) -> None:
        articles = list(KEEPER.clean_many(self.PAGES))
        assert tuple(article.reason for article in articles) == self.REASONS
        assert [article.status.value for article in articles] == ["ok", "crashed", "crashed", "crashed", "ok"]

    @pytest.mark.parametrize("source", [None, 3, memoryview(b"<p>x")])
    def test_what_is_no_page(self, source: Any) -> None:
        with pytest.raises(TypeError, match=f"not {type(source).__name__}"):
            KEEPER.clean(source)
        (article,) = KEEPER.clean_many([source])
        assert article.status is Status.CRASHED
        assert article.reason.startswith("TypeError: a page is bytes, str, a pathlib.Path")

    def test_many_with_a_file_that_is_not_there(self) -> None:
        missing = ROOT / "nothing.html"
        (article,) = KEEPER.clean_many([missing])
        assert (article.status, article.location) == (Status.UNREADABLE, str(missing))

    def test_batch(self) -> None:
        found = rows(KEEPER.clean_batch(pa.record_batch({"html": pa.array(self.PAGES)})))
        assert tuple(row["reason"] for row in found) == self.REASONS
        assert all(row["content_hash"] for row in found)

    def test_a_record_that_cannot_be_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = arrow.row

        def row(article: Article, page: Page | None = None) -> Any:
            if article.status is Status.OK:
                raise pa.ArrowMemoryError("malloc of size 64 failed")
            return real(article, page)

        monkeypatch.setattr(arrow, "row", row)
        (found,) = rows(KEEPER.clean_batch(pa.record_batch({"html": pa.array([HTML])})))
        assert (found["status"], found["reason"]) == ("crashed", "ArrowMemoryError: malloc of size 64 failed")

    def test_more_than_arrow_can_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(arrow, "_MAX_BYTES", 5_000)
        found = rows(KEEPER.clean_batch(pa.record_batch({"html": pa.array([HTML] * 9)})))
        assert {row["status"] for row in found} == {"ok", "too-large"}
        assert found[0]["status"] == "ok"
        assert found[-1]["reason"].endswith("make batches smaller")


def test_many_rows_keep_their_order() -> None:
    batch = pa.record_batch({"text": pa.array([f"Page {number}." for number in range(600)])})
    assert [row["text"] for row in rows(KEEPER.clean_batch(batch))] == batch.column("text").to_pylist()


def test_surrogates_are_spelled_out() -> None:
    """Pages hold none once they are read; names of files, and URLs of sidecars, can."""
    from cleaner.storage import columns

    (row,) = rows(columns.row(Article.failed(Status.EMPTY, "", url="\ud800", location="\udcff.html"), None))
    assert (row["url"], row["location"]) == ("\\ud800", "\\udcff.html")


def test_a_surrogate_costs_no_page_that_has_metadata() -> None:
    """Where each value comes from is a map, whose pairs Arrow takes as tuples alone."""
    from cleaner.storage import columns

    page = Page(HTML, location="\udcff.html")
    (row,) = rows(columns.row(KEEPER.clean(page), page))
    assert (row["status"], row["location"]) == ("ok", "\\udcff.html")
    assert row["metadata"]["sources"]


def test_a_cleaner_is_taken_along() -> None:
    """As Ray and Spark do with what maps their batches."""
    batch = pa.record_batch({"html": pa.array([HTML])})
    taken = pickle.loads(pickle.dumps(cleaner.Cleaner("generic", include=["title"]).clean_batch))
    (row,) = rows(taken(batch))
    assert row["text"].startswith("The mill\n\n")
    (bare,) = rows(cleaner.clean_batch(batch, "generic"))
    assert not bare["text"].startswith("The mill\n\n")
    assert rows(cleaner.clean_batch(batch, "generic", include=["title"])) == [row]


def test_a_table_comes_back_as_a_table() -> None:
    table = pa.table({"html": pa.chunked_array([[HTML], ["", HTML]])})
    assert statuses(KEEPER.clean_batch(table)) == ["ok", "empty", "ok"]


def test_without_pyarrow_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["pyarrow"] = None
import cleaner
try:
    cleaner.clean_batch(None, rules=False)
except cleaner.InputError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ("clean_batch needs pyarrow, which is not installed: pip install 'cleaner[formats]'")


class TestIsolated:
    def test_records_are_the_same(self) -> None:
        batch = pa.table({"html": [HTML, None, HTML], "captured": ["2026-01-02", "2026-01-02", "soon"]})
        isolated = arrow.Isolated(KEEPER.clean)
        try:
            for _ in range(2):  # the process stays
                assert isolated(batch).equals(KEEPER.clean_batch(batch))
        finally:
            isolated.close()

    def test_a_page_that_kills_its_process_costs_itself(self) -> None:
        isolated = arrow.Isolated(Plugged().clean, Limits(seconds=5))
        try:
            said = [b"A page.", b"exit", None, b"hang", b"bug", b"Another."]
            found = rows(isolated(pa.record_batch({"html": said, "location": list("abcdef")})))
        finally:
            isolated.close()
        statuses = ["ok", "crashed", "unreadable", "timeout", "crashed", "ok"]
        assert [(row["location"], row["status"]) for row in found] == list(zip("abcdef", statuses, strict=True))
