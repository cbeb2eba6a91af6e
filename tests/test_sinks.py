"""Packed lines and Parquet: what is in the files, when they appear, and what a run that was stopped goes on with."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cleaner.batch import Row, Summary, run
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import Article, Metadata, Page, Status
from cleaner.state import RunKey, State
from cleaner.storage import Lines, Sink, Table, TableFile, find_pages, table
from tests.conftest import ROOT, need_formats
from tests.plugs import Plugged, sink_of

need_formats()

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
import zstandard  # noqa: E402

from cleaner.storage.columns import SCHEMA, VERSION, VERSION_KEY  # noqa: E402

KEY = RunKey("command", "options", "rules")
FORMS = pytest.mark.parametrize("form", ["jsonl", "jsonl.zst", "parquet"])


def article(text: str) -> Article:
    return Article(
        text=text,
        markdown=text,
        metadata=Metadata(),
        captions=[],
        blocks=[],
        verdicts=[],
        status=Status.OK,
        confidence=None,
    )


def feed(sink: Sink, *texts: str) -> None:
    for text in texts:
        sink.put(PurePosixPath(text[:9]), sink.render(article(text), Page(text)))


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".cleaner")


def unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()


def texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in unpacked(path).splitlines()]


class TestPacked:
    def test_frames_are_one_stream(self, tmp_path: Path) -> None:
        sink = Lines(tmp_path / "pages.jsonl.zst", packed=True, frame_bytes=2_000)
        said = [f"Page {number}." for number in range(20)]
        feed(sink, *said)
        sink.close()
        assert listing(tmp_path) == ["pages.jsonl.zst"]
        assert texts(tmp_path / "pages.jsonl.zst") == said
        assert (tmp_path / "pages.jsonl.zst").read_bytes().count(zstandard.FRAME_HEADER) > 3

    def test_what_is_settled_is_in_whole_frames(self, tmp_path: Path) -> None:
        sink = Lines(tmp_path / "pages.jsonl.zst", packed=True, frame_bytes=2_000)
        feed(sink, "a")
        assert sink.settle() == (0, 0)
        feed(sink, "b" * 1_000, "c")
        lasting, position = sink.settle()
        assert lasting == 2
        frames = (tmp_path / "pages.jsonl.zst.part").read_bytes()
        assert len(frames) == position
        assert zstandard.ZstdDecompressor().decompress(frames).count(b"\n") == 2
        sink.close(complete=False)
        assert (tmp_path / "pages.jsonl.zst.part").read_bytes() == frames

    def test_into_a_stream(self) -> None:
        stream = io.BytesIO()
        sink = Lines(stream, packed=True)
        feed(sink, "a")
        sink.close(complete=False)  # Ctrl-C: what was cleaned is written
        assert b'"text": "a"' in zstandard.ZstdDecompressor().decompress(stream.getvalue())


class TestTable:
    def test_rows_are_the_records_of_json_lines(self, tmp_path: Path) -> None:
        out = [str(tmp_path / form) for form in ("lines", "table")]
        assert main(["clean", str(ROOT / "raw"), "-o", out[0], "--format", "jsonl", "-j", "0", "-q"]) == Exit.OK
        assert main(["clean", str(ROOT / "raw"), "-o", out[1], "--format", "parquet", "-j", "0", "-q"]) == Exit.OK
        lines = (tmp_path / "lines" / "pages.jsonl").read_bytes().splitlines()
        table = pq.read_table(tmp_path / "table" / "pages-00000.parquet")
        assert table.to_pylist(maps_as_pydicts="strict") == [json.loads(line) for line in lines]
        assert table.schema.equals(SCHEMA)
        assert table.schema.metadata == SCHEMA.metadata

    def test_the_version_is_in_the_file(self, tmp_path: Path) -> None:
        sink = Table(tmp_path)
        sink.close()
        metadata = pq.ParquetFile(tmp_path / "pages-00000.parquet").metadata
        assert metadata.metadata[VERSION_KEY] == str(VERSION).encode()
        assert metadata.num_rows == 0

    def test_a_shard_appears_when_it_is_whole(self, tmp_path: Path) -> None:
        sink = Table(tmp_path, shard_rows=2)
        feed(sink, "a")
        assert listing(tmp_path) == []
        feed(sink, "b")
        assert listing(tmp_path) == ["pages-00000.parquet"]
        feed(sink, "c")
        sink.close()
        assert listing(tmp_path) == ["pages-00000.parquet", "pages-00001.parquet"]
        assert pq.read_table(tmp_path).column("text").to_pylist() == ["a", "b", "c"]

    def test_what_is_settled_is_in_a_log_until_its_shard_is_whole_and_that_is_known(self, tmp_path: Path) -> None:
        sink = Table(tmp_path, shard_rows=3)
        feed(sink, "a", "b")
        lasting, _ = sink.settle()
        assert (lasting, listing(tmp_path)) == (2, ["pages-00000.rows.part"])
        feed(sink, "c")
        assert listing(tmp_path) == ["pages-00000.parquet", "pages-00000.rows.part"]
        assert sink.settle() == (3, 1 << 40)
        assert listing(tmp_path) == ["pages-00000.parquet", "pages-00000.rows.part"]
        feed(sink, "d")
        assert listing(tmp_path) == ["pages-00000.parquet"]
        lasting, last = sink.settle()
        assert lasting == 4
        sink.close(complete=False)
        assert listing(tmp_path) == ["pages-00000.parquet", "pages-00001.rows.part"]
        with (tmp_path / "pages-00001.rows.part").open("ab") as log:
            log.write(b"what a kill left behind the position")
        again = Table(tmp_path, last, shard_rows=3)
        feed(again, "e")
        again.close()
        assert pq.read_table(tmp_path).column("text").to_pylist() == ["a", "b", "c", "d", "e"]

    def test_a_full_shard_is_not_followed_by_an_empty_one(self, tmp_path: Path) -> None:
        sink = Table(tmp_path, shard_rows=2)
        feed(sink, "a", "b")
        sink.close()
        assert listing(tmp_path) == ["pages-00000.parquet"]

    def test_row_groups_bound_what_is_in_memory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.storage.table._GROUP_BYTES", 5_000)
        sink = Table(tmp_path)
        feed(sink, *("x" * 1_000 for _ in range(9)))
        assert listing(tmp_path) == ["pages-00000.parquet.part", "pages-00000.rows.part"]
        sink.close()
        metadata = pq.ParquetFile(tmp_path / "pages-00000.parquet").metadata
        assert (metadata.num_row_groups > 1, metadata.num_rows) == (True, 9)
        assert metadata.row_group(metadata.num_row_groups - 1).num_rows > 0

    def test_a_run_that_ends_early_leaves_whole_shards(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.storage.table._GROUP_BYTES", 1)
        sink = Table(tmp_path, shard_rows=2)
        feed(sink, "a", "b", "c")
        sink.settle()
        feed(sink, "d", "e")
        whole = ["pages-00000.parquet", "pages-00001.parquet"]
        assert listing(tmp_path) == [
            *whole,
            "pages-00001.rows.part",
            "pages-00002.parquet.part",
            "pages-00002.rows.part",
        ]
        sink.close(complete=False)
        assert listing(tmp_path) == [*whole, "pages-00001.rows.part", "pages-00002.rows.part"]

    def test_another_run_takes_the_shards_of_the_last_away(self, tmp_path: Path) -> None:
        (tmp_path / "pages-00007.parquet.part").write_bytes(b"from a kill")
        (tmp_path / "pages-7.parquet").write_bytes(b"none of ours")
        sink = Table(tmp_path, shard_rows=1)
        feed(sink, "a", "b", "c")
        sink.close()
        Table(tmp_path, shard_rows=1).close()
        assert listing(tmp_path) == ["pages-00000.parquet", "pages-7.parquet"]

    def test_tables_of_others_are_not_written_over(self, tmp_path: Path) -> None:
        Table(tmp_path, shard_rows=1).close()
        for foreign in (b"PAR1", b""):
            (tmp_path / "pages-00003.parquet").write_bytes(foreign)
            with pytest.raises(OutputError, match=r"pages-00003\.parquet: exists and is no table of cleaner"):
                Table(tmp_path)
        pq.write_table(pa.table({"a": [1]}), tmp_path / "pages-00003.parquet")
        with pytest.raises(OutputError, match="no table of cleaner"):
            Table(tmp_path)
        assert listing(tmp_path) == ["pages-00000.parquet", "pages-00003.parquet"]

    def test_a_link_is_not_written_through(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "pages-00000.parquet.part").symlink_to(tmp_path / "other")
        Table(tmp_path / "out").close()
        assert not (tmp_path / "other").exists()

    def test_a_full_disk(self, tmp_path: Path) -> None:
        class Full(io.BytesIO):
            def write(self, content: Any) -> int:
                raise OSError(28, "No space left on device")

        sink = Table(tmp_path, shard_rows=2)
        feed(sink, "a")
        real = Path.open

        def opened(path: Path, *arguments: Any, **named: Any) -> Any:
            return Full() if path.suffix == ".part" else real(path, *arguments, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "open", opened)
            with pytest.raises(OutputError, match=r"00000\.parquet: cannot be written: No space left on device"):
                feed(sink, "b")
            sink.close(complete=False)
        assert listing(tmp_path) == []

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_text("x")
        with pytest.raises(OutputError, match=r"out: cannot be written"):
            Table(tmp_path / "out")


class TestResume:
    @FORMS
    def test_a_stopped_run_gives_the_same_files(self, tmp_path: Path, form: str) -> None:
        (tmp_path / "in").mkdir()
        for number in range(100):
            (tmp_path / "in" / f"{number:03}.html").write_text(f"Page {number}.")
        inputs = list(find_pages([tmp_path / "in"]))
        out = tmp_path / "out"
        cleaned: list[str] = []
        for last in ("037.html", "063.html", "none"):
            state = State(out, KEY)

            def stop(row: Row, last: str = last) -> None:
                cleaned.append(row.location)
                if row.location.endswith(last):
                    raise KeyboardInterrupt

            run(Plugged(), inputs, sink_of(form, out, state.position), stop, state=state)
        run(Plugged(), inputs, sink_of(form, tmp_path / "whole"))
        assert listing(out) == listing(tmp_path / "whole")
        assert [(out / name).read_bytes() for name in listing(out)] == [
            (tmp_path / "whole" / name).read_bytes() for name in listing(out)
        ]
        # What was in no whole frame is done anew, and what was on its way.
        assert len(cleaned) <= 100 + (2 * 30 if form == "jsonl.zst" else 0)

    @FORMS
    def test_killed_between_the_last_file_and_the_last_word(self, tmp_path: Path, form: str) -> None:
        """The output is in its place, but the state does not say so yet."""
        (tmp_path / "in").mkdir()
        for number in range(25):
            (tmp_path / "in" / f"{number:03}.html").write_text(f"Page {number}.")
        inputs = list(find_pages([tmp_path / "in"]))
        out = tmp_path / "out"
        state = State(out, KEY)
        state.close = lambda *, complete: State.close(state, complete=False)  # type: ignore[method-assign]
        run(Plugged(), inputs, sink_of(form, out), state=state)
        before = {name: (out / name).read_bytes() for name in listing(out)}
        state = State(out, KEY)
        assert state.resumes
        assert state.position
        run(Plugged(), inputs, sink_of(form, out, state.position), state=state)
        assert {name: (out / name).read_bytes() for name in listing(out)} == before
        assert not State(out, KEY).resumes

    @FORMS
    def test_interrupted_between_putting_and_entering(
        self, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "in").mkdir()
        for number in range(40):
            (tmp_path / "in" / f"{number:03}.html").write_text(f"Page {number}.")
        inputs = list(find_pages([tmp_path / "in"]))
        out = tmp_path / "out"
        state = State(out, KEY)
        real = Summary.count

        def count(summary: Summary, done: Any) -> None:
            real(summary, done)
            if summary.pages == 20:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Summary, "count", count)
            assert run(Plugged(), inputs, sink_of(form, out), state=state).interrupted
        state = State(out, KEY)
        run(Plugged(), inputs, sink_of(form, out, state.position), state=state)
        run(Plugged(), inputs, sink_of(form, tmp_path / "whole"))
        for name in listing(tmp_path / "whole"):
            assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()

    @pytest.mark.parametrize("moment", range(6))
    def test_interrupted_between_two_shards(self, tmp_path: Path, moment: int, monkeypatch: pytest.MonkeyPatch) -> None:
        out = tmp_path / "out"
        sink = Table(out, shard_rows=5)
        feed(sink, *"abcd")
        moments = 0

        def interrupted(real: Any) -> Any:
            def step(*arguments: Any, **further: Any) -> Any:
                nonlocal moments
                moments += 1
                if moments == moment * 2 + 1:
                    raise KeyboardInterrupt
                result = real(*arguments, **further)
                moments += 1
                if moments == moment * 2 + 2:
                    raise KeyboardInterrupt
                return result

            return step

        with monkeypatch.context() as patch:
            patch.setattr(TableFile, "close", interrupted(TableFile.close))
            for name in ("__init__", "close"):
                patch.setattr(table._Log, name, interrupted(getattr(table._Log, name)))
            with suppress(KeyboardInterrupt):
                feed(sink, "e")
        put, position = sink.settle()
        sink.close(complete=False)
        again = Table(out, position, shard_rows=5)
        feed(again, *"abcdefg"[put:])
        again.close()
        whole = Table(tmp_path / "whole", shard_rows=5)
        feed(whole, *"abcdefg")
        whole.close()
        assert listing(out) == listing(tmp_path / "whole")
        assert all((out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in listing(out))

    def test_a_log_that_somebody_changed(self, tmp_path: Path) -> None:
        sink = Table(tmp_path)
        feed(sink, *"abc")
        _, position = sink.settle()
        sink.close(complete=False)
        (log,) = tmp_path.glob("*.rows.part")
        log.write_bytes(bytes(log.stat().st_size))
        with pytest.raises(OutputError, match=r"is not as the run left it"):
            Table(tmp_path, position)

    def test_what_somebody_deleted(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match=r"pages-00000.parquet: is missing; delete .*\.cleaner to begin"):
            Table(tmp_path, 2 << 40)
        with pytest.raises(OutputError, match=r"pages-00000.rows.part: is missing; delete .*\.cleaner to begin"):
            Table(tmp_path, 9)
        (tmp_path / "pages-00000.rows.part").write_bytes(b"short")
        with pytest.raises(OutputError, match=r"is shorter than the run left it; delete \.cleaner"):
            Table(tmp_path, 9)
        (tmp_path / "pages.jsonl.part").write_bytes(b"short")
        with pytest.raises(OutputError, match=r"is shorter than the run left it; delete \.cleaner"):
            Lines(tmp_path / "pages.jsonl", 9)
        (tmp_path / "pages.jsonl.part").unlink()
        for older in (b'{"cleaner": "older, and longer than it"}\n', None):
            if older:
                (tmp_path / "pages.jsonl").write_bytes(older)
            else:
                (tmp_path / "pages.jsonl").unlink()
            with pytest.raises(OutputError, match=r"pages\.jsonl\.part: is missing; delete \.cleaner"):
                Lines(tmp_path / "pages.jsonl", 9)
            assert (tmp_path / "pages.jsonl").exists() == bool(older)


class TestCommand:
    def test_packed_lines(self, tmp_path: Path) -> None:
        assert main(["clean", str(ROOT / "raw"), "-o", str(tmp_path), "--format", "jsonl.zst", "-q"]) == Exit.OK
        assert len(texts(tmp_path / "pages.jsonl.zst")) == len(list(find_pages([ROOT / "raw"])))

    @pytest.mark.parametrize("form", ["parquet", "jsonl.zst"])
    def test_what_needs_a_folder(
        self, form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        assert main(["clean", str(ROOT / "raw"), "--format", form]) == Exit.USAGE
        assert "-o OUT" in capsys.readouterr().err

    def test_a_table_is_not_written_over_while_it_is_read(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        pages = tmp_path / "pages-00000.parquet"
        pq.write_table(pa.table({"html": ["x"]}), pages)
        assert main(["clean", str(pages), "-o", str(tmp_path), "--format", "parquet"]) == Exit.USAGE
        assert "lies where tables are written" in capsys.readouterr().err

    def test_changed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for form in ("jsonl.zst", "parquet"):
            arguments = ["clean", str(ROOT / "raw"), "-o", str(tmp_path), "--format", form, "--changed"]
            assert main(arguments) == Exit.USAGE


@pytest.mark.parametrize(("module", "make"), [("pyarrow.parquet", Table), ("zstandard", None)])
def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, make: Any
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    name = module.partition(".")[0]
    with pytest.raises(InputError, match=rf"needs {name}, which is not installed: pip install 'cleaner\[formats\]'"):
        make(tmp_path) if make else Lines(tmp_path / "x", packed=True)


def test_the_document_says_what_the_columns_are() -> None:
    """docs/FORMATS.md, section Records: each field and its type, in order."""
    document = (ROOT / "docs/FORMATS.md").read_text("utf-8")
    (section,) = re.findall(r"^### Records\n(.+?)(?=^##+ |\Z)", document, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^\| `([\w.\[\]]+)` \| ([^|]+?) \|", section, re.MULTILINE) == list(fields(SCHEMA))
    assert f"`cleaner.schema` = `{VERSION}`" in section


def fields(among: Any, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the type of each field, those of structs below them."""
    for field in among:
        name, kind = above + field.name, field.type
        yield name, told(kind) + " or null" * field.nullable
        inner = kind.item_type if pa.types.is_map(kind) else kind.value_type if pa.types.is_list(kind) else kind
        if pa.types.is_struct(inner):
            yield from fields(inner, f"{name}." if inner is kind else f"{name}[].")


def told(kind: Any) -> str:
    if pa.types.is_map(kind):
        return f"map of {told(kind.item_type)}"
    if pa.types.is_list(kind):
        return f"list of {told(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else str(kind)
