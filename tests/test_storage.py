"""Files in, records out."""

from __future__ import annotations

import gzip
import json
import os
import time
import tracemalloc
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleaner.errors import InputError, OutputError, TooLargeError
from cleaner.model import (
    Article,
    Block,
    Caption,
    Evidence,
    Fate,
    Metadata,
    NoiseKind,
    Note,
    Page,
    Source,
    Status,
    Verdict,
)
from cleaner.storage import Folder, Format, Input, Lines, find_pages, inputs, read, record, records, render, write
from cleaner.storage.readers import sidecar
from cleaner.storage.readers.sidecar import MAX_SIDECAR


def article(text: str = "One.\n\nTwo.", **changes: object) -> Article:
    said = Metadata(title='A "title"', authors=["A", "B"], sources={"title": Source("h1", 'A "title"')})
    values: dict = {
        "text": text,
        "markdown": f"{text}\n",
        "metadata": said,
        "captions": [Caption("A bridge.", credit="Jo")],
        "blocks": [Block(0, "One."), Block(1, "Share this")],
        "verdicts": [
            Verdict(Fate.KEEP),
            Verdict(
                Fate.DROP, NoiseKind.SHARE, evidence=(Evidence("generic/noise/share", "generic/noise.toml:3", "x"),)
            ),
        ],
        "status": Status.OK,
        "confidence": None,
        "notes": [Note("sites/a/b", "skipped")],
        "location": "raw/a.html",
    }
    return Article(**{**values, **changes})


def put(folder: Path, *names: str, text: str = "<p>x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def names(*paths: object, **options: object) -> list[str]:
    return [str(page.name) for page in find_pages(paths, **options)]


class TestRead:
    def test_sidecar(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html")
        (tmp_path / "a.html.json").write_text(
            json.dumps(
                {
                    "url": "https://example.com/a",
                    "captured": "2024-05-06T07:08:09+00:00",
                    "headers": {"CONTENT-type": "Text/HTML; Charset=Windows-1252"},
                }
            )
        )
        notes: list[Note] = []
        page = read(tmp_path / "a.html", notes)
        assert page == Page(
            b"<p>x",
            "https://example.com/a",
            "text/html",
            "windows-1252",
            datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
            str(tmp_path / "a.html"),
        )
        assert not notes

    @pytest.mark.parametrize(
        ("sidecar", "complaint"),
        [
            (b"", "no JSON"),
            (b"{", "no JSON"),
            (b"\xff\xfe\xfa", "no JSON"),
            (b"[" * 100_000, "no JSON"),
            (b"[]", "not a JSON object"),
            (b'{"url": 3}', "url"),
            (b'{"url": "javascript:alert(1)"}', "url"),
            (b'{"captured": "yesterday"}', "captured"),
            (b'{"captured": 17}', "captured"),
            (b'{"headers": ["content-type"]}', "headers"),
            (b'{"pages": ["a.page-2\\ud800.html"]}', "pages is no list"),
            (b'{"rendered": "a\\ud800.html"}', "rendered is no name"),
            (b" " * (MAX_SIDECAR + 1), "more than 1 MB"),
        ],
        ids=lambda value: repr(value[:20]),
    )
    def test_broken_sidecar_is_a_note(self, tmp_path: Path, sidecar: bytes, complaint: str) -> None:
        put(tmp_path, "a.html")
        (tmp_path / "a.html.json").write_bytes(sidecar)
        notes: list[Note] = []
        page = read(tmp_path / "a.html", notes)
        assert page.content == b"<p>x"
        assert page.url is page.captured is page.media_type is None
        assert [complaint in note.message for note in notes] == [True]

    def test_one_bad_field_leaves_the_others(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html")
        (tmp_path / "a.html.json").write_text('{"url": "http://x.example/", "captured": "never", "headers": {}}')
        assert read(tmp_path / "a.html").url == "http://x.example/"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.sampled_from(["url", "captured", "headers", "content-type"]), inner)
            ),
            max_leaves=8,
        )
    )
    def test_no_sidecar_crashes(self, tmp_path: Path, said: object) -> None:
        put(tmp_path, "a.html")
        (tmp_path / "a.html.json").write_text(json.dumps(said))
        assert read(tmp_path / "a.html").content == b"<p>x"

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("text/plain", ("text/plain", None)),
            ("text/html;charset=UTF-8", ("text/html", "utf-8")),
            ('text/html; charset="gb2312"; x=y', ("text/html", "gb2312")),
            ("html", (None, None)),
            ("", (None, None)),
            ("text/html; charset*=x'y'%ff%zz", ("text/html", None)),
        ],
    )
    def test_content_type(self, header: str, expected: tuple[str | None, str | None]) -> None:
        media_type, charset = sidecar._content_type(header)
        assert media_type == expected[0]
        if "*=" not in header:  # there, any charset will do, an exception will not
            assert charset == expected[1]

    @pytest.mark.parametrize(
        ("head", "url"),
        [
            ("<!DOCTYPE html>\n<!-- saved from url=(0021)https://example.com/a -->\n", "https://example.com/a"),
            ("<!-- saved from url=(0014)about:internet -->", None),
            ("<!-- saved from url=(9999)https://example.com/b -->", "https://example.com/b"),
            ("<p>saved from url=(0021)https://example.com/a", None),
            (" " * 5000 + "<!-- saved from url=(0021)https://example.com/a -->", None),
        ],
    )
    def test_url_that_a_browser_left(self, tmp_path: Path, head: str, url: str | None) -> None:
        put(tmp_path, "a.html", text=head)
        assert read(tmp_path / "a.html").url == url

    def test_sidecar_beats_the_browser(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", text="<!-- saved from url=(0021)https://example.com/a -->")
        put(tmp_path, "a.html.json", text='{"url": "https://example.org/"}')
        assert read(tmp_path / "a.html").url == "https://example.org/"

    def test_gzip(self, tmp_path: Path) -> None:
        (tmp_path / "a.html.gz").write_bytes(gzip.compress(b"<p>x", mtime=0))
        put(tmp_path, "a.html.json", text='{"url": "https://example.org/"}')
        page = read(tmp_path / "a.html.gz")
        assert (page.content, page.url) == (b"<p>x", "https://example.org/")

    @pytest.mark.parametrize(
        "content", [gzip.compress(b"x" * 99, mtime=0)[:-9], b"\x1f\x8b", b"\x1f\x8b\x08\x00" + b"\xff" * 30]
    )
    def test_broken_gzip(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.html.gz").write_bytes(content)
        with pytest.raises(InputError, match="broken gzip"):
            read(tmp_path / "a.html.gz")

    @pytest.mark.parametrize("packed", [False, True])
    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool) -> None:
        monkeypatch.setattr(inputs, "MAX_BYTES", 1000)
        content = b"x" * 1001
        (tmp_path / "a.html").write_bytes(gzip.compress(content, mtime=0) if packed else content)
        with pytest.raises(TooLargeError):
            read(tmp_path / "a.html")

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"a\.html: cannot be read: No such file"):
            read(tmp_path / "a.html")


class TestFindPages:
    def test_a_tree(self, tmp_path: Path) -> None:
        put(
            tmp_path,
            *("b.html", "a.htm", "a.HTML", "c.txt", "d/e/f.xhtml", "g.html.gz", "h.html?page=2", "empty/readme.md"),
            *(
                ".hidden.html",
                ".git/x.html",
                "picture.png",
                "data.json",
                "b_files/frame.html",
                "my_files/x.html",
                "LICENSE",
            ),
        )
        put(tmp_path, "b.html.json", "c.txt.json", text='{"url": "https://example.com/"}')
        assert names(tmp_path) == [
            *("a.HTML", "a.htm", "b.html", "c.txt", "d/e/f.xhtml", "g.html.gz", "h.html?page=2", "my_files/x.html"),
        ]

    def test_files_are_taken_as_they_are_called(self, tmp_path: Path) -> None:
        put(tmp_path, "LICENSE", "a.json")
        assert names(tmp_path / "LICENSE", tmp_path / "a.json") == ["LICENSE", "a.json"]

    def test_what_the_shell_makes_of_a_star(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", "a.html.json", "a_files/x.html", "b.html")
        assert names(*sorted(tmp_path.glob("*"))) == ["a.html", "b.html"]

    def test_a_sidecar_is_no_page(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", "a.html.json")
        with pytest.raises(InputError, match="sidecar"):
            names(tmp_path / "a.html.json")

    def test_own_output_is_no_input(self, tmp_path: Path) -> None:
        put(tmp_path, "raw/a.html", "raw/b.txt")
        out = Folder(tmp_path / "clean")
        for page in find_pages([tmp_path / "raw"]):
            out.put(page.name, out.render(article(), None))
        assert names(tmp_path) == ["raw/a.html", "raw/b.txt"]

    def test_the_output_folder_is_passed_over(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", "out/b.html")
        assert names(tmp_path, skip=tmp_path / "out") == ["a.html"]
        with pytest.raises(InputError, match="another output folder"):
            names(tmp_path, skip=tmp_path)

    def test_texts_of_others_are_not_written_over(self, tmp_path: Path) -> None:
        out = Folder(tmp_path)
        put(tmp_path, "a.html.txt", text="notes of somebody")
        with pytest.raises(OutputError, match=r"a\.html\.txt: exists, with no record of cleaner beside it"):
            out.put(PurePosixPath("a.html"), out.render(article(), None))
        assert listing(tmp_path) == ["a.html.txt"]
        assert (tmp_path / "a.html.txt").read_text() == "notes of somebody"
        out.put(PurePosixPath("b.html"), out.render(article(), None))
        (tmp_path / "b.html.json").unlink()  # a kill may come between the two files
        out.put(PurePosixPath("b.html"), out.render(article(), None))
        assert listing(tmp_path) == ["a.html.txt", "b.html.json", "b.html.txt"]

    def test_killed_between_any_two_steps(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever is there then, a later run writes its own text, which need not be the same, and leaves no draft."""

        class Killed(BaseException):
            pass

        left = 0

        def dying(real: Any) -> Any:
            def step(*arguments: Any, **further: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:  # nor is anything tidied up
                    raise Killed
                return real(*arguments, **further)

            return step

        files = Folder(tmp_path).render(article(), None)
        seen = set()
        for first, second in product(range(12), range(16)):  # two kills: the one that is gone on with, too
            out = Folder(tmp_path / f"{first}-{second}")
            for at, steps in enumerate((first, second)):
                with monkeypatch.context() as patch:
                    for name in ("open", "unlink", "replace"):
                        patch.setattr(Path, name, dying(getattr(Path, name)))
                    left = steps
                    with suppress(Killed):
                        out.put(PurePosixPath("a.html"), {**files, ".txt": b"of run %d" % at})
                seen.add(tuple(listing(out.root)))
            out.put(PurePosixPath("a.html"), {**files, ".txt": b"of another run"})
            assert sorted(path.name for path in out.root.iterdir()) == ["a.html.json", "a.html.txt"]
            assert (out.root / "a.html.txt").read_bytes() == b"of another run"
        assert any("a.html.txt" in names and "a.html.json" not in names for names in seen)

    def test_a_text_that_could_not_be_written_is_not_claimed(self, tmp_path: Path) -> None:
        (tmp_path / "a.html.txt").mkdir()
        out = Folder(tmp_path)
        for _ in range(2):
            with pytest.raises(OutputError, match=r"a\.html\.txt: exists, with no record"):
                out.put(PurePosixPath("a.html"), out.render(article(), None))
        assert [path.name for path in tmp_path.iterdir()] == ["a.html.txt"]

    def test_loops_of_links(self, tmp_path: Path) -> None:
        put(tmp_path, "a/x.html")
        (tmp_path / "a" / "up").symlink_to(tmp_path)
        (tmp_path / "b").symlink_to(tmp_path / "a")
        (tmp_path / "self.html").symlink_to("self.html")
        assert names(tmp_path) == ["a/x.html", "self.html"]
        with pytest.raises(InputError):
            read(tmp_path / "self.html")

    def test_a_pipe_in_a_folder_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "a.html")
        put(tmp_path, "b.html")
        assert names(tmp_path) == ["b.html"]

    def test_missing_is_told_before_anything_is_read(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no such file"):
            find_pages([tmp_path, tmp_path / "none"])

    def test_folder_without_pages_is_told_last(self, tmp_path: Path) -> None:
        put(tmp_path, "full/a.html")
        (tmp_path / "x.html").mkdir()
        pages = find_pages([tmp_path / "x.html", tmp_path / "full"])
        assert str(next(pages).name) == "a.html"
        with pytest.raises(InputError, match=r"no pages in .*x\.html: looked for"):
            next(pages)

    def test_folder_that_cannot_be_listed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tmp_path, "a/x.html", "b/y.html")
        real = Path.iterdir

        def iterdir(path: Path) -> Iterator[Path]:
            if path.name == "a":
                raise PermissionError(13, "Permission denied")
            return real(path)

        monkeypatch.setattr(Path, "iterdir", iterdir)
        locked, page = find_pages([tmp_path])
        assert str(page.name) == "b/y.html"
        with pytest.raises(InputError, match="Permission denied"):
            locked.read()

    def test_equal_names(self, tmp_path: Path) -> None:
        put(tmp_path, "x/a.html", "y/a.html", "z/a.html")
        assert names(tmp_path / "x", tmp_path / "y/a.html", tmp_path / "z") == ["a.html", "a~2.html", "a~3.html"]

    def test_very_many_equal_names_cost_no_quadratic_time(self) -> None:
        names = inputs._Names()
        assert names.take(PurePosixPath("index~7.html")) == PurePosixPath("index~7.html")
        began = time.process_time()
        found = [str(names.take(PurePosixPath("index.html"))) for _ in range(20_000)]
        assert time.process_time() - began < 3
        assert found[:2] == ["index.html", "index~2.html"]
        assert found[5:7] == ["index~6.html", "index~8.html"]
        assert len(set(found)) == 20_000

    @pytest.mark.parametrize("archive_first", [True, False])
    def test_an_archive_called_as_a_folder_elsewhere(self, tmp_path: Path, archive_first: bool) -> None:
        put(tmp_path, "one/x.zip/a.html", "one/x.zip/b.html", "two/c.html")
        with ZipFile(tmp_path / "two/x.zip", "w") as archive:
            archive.writestr("a.html", "<p>a")
        roots = sorted((tmp_path / "one", tmp_path / "two"), reverse=archive_first)
        found = names(*roots)
        assert len(set(found)) == 4
        assert ("x.zip~2/a.html" if archive_first else "x~2.zip/a.html") in found

    @pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.JSON])
    @pytest.mark.parametrize("suffix", ["txt", "md", "json"])
    def test_a_folder_called_as_a_file_of_the_output(self, tmp_path: Path, form: Format, suffix: str) -> None:
        put(tmp_path, "raw/a.html", f"raw/a.html.{suffix}/b.html", f"raw/a.html.{suffix}~/b.html")
        sink = Folder(tmp_path / "out", form)
        for page in find_pages([tmp_path / "raw"]):
            sink.put(page.name, sink.render(article(location=page.location), page.read()))
        locations = {json.loads(path.read_bytes())["location"] for path in (tmp_path / "out").rglob("*.json")}
        assert locations == {str(path) for path in (tmp_path / "raw").rglob("*.html")}

    def test_a_folder_is_no_sidecar(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html", "a.html.json/b.html")
        assert names(tmp_path) == ["a.html", "a.html.json~/b.html"]
        assert names(*sorted(tmp_path.glob("*"))) == ["a.html", "b.html"]

    def test_of_a_folder_only_the_names_are_kept(self, tmp_path: Path) -> None:
        count = 3000
        for number in range(count):
            (tmp_path / f"the-name-of-a-page-{number:04}.html").touch()
        deque(find_pages([tmp_path]), 0)  # what is kept of the first run alone
        tracemalloc.start()
        try:
            assert sum(1 for _ in find_pages([tmp_path])) == count
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most / count < 200  # bytes: a string and its place in a list; a path takes twice that

    def test_order_does_not_depend_on_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        put(tmp_path, *(f"{folder}/{name}.html" for folder in "cab" for name in "zxy"))
        expected = names(tmp_path)
        real = Path.iterdir
        monkeypatch.setattr(Path, "iterdir", lambda path: sorted(real(path), reverse=True))
        assert names(tmp_path) == expected == sorted(expected)


class TestRecord:
    def test_all_is_there(self) -> None:
        said = record(article(), Page(b"abc"))
        assert next(iter(said)) == "cleaner"
        assert said["content_hash"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        assert said["metadata"]["sources"]["title"]["name"] == "h1"
        assert said["captions"][0]["credit"] == "Jo"
        assert said["removed"] == [
            {
                "index": 1,
                "text": "Share this",
                "fate": "drop",
                "kind": "share",
                "field": None,
                "evidence": [{"id": "generic/noise/share", "where": "generic/noise.toml:3", "detail": "x"}],
            }
        ]
        assert "text" not in said
        assert record(article(), body=True)["text"] == "One.\n\nTwo."
        json.dumps(said)

    def test_nothing_was_read(self) -> None:
        assert record(article())["content_hash"] is None

    @given(st.text(st.characters()))  # lone surrogates among them
    def test_dump_is_utf8_and_comes_back(self, text: str) -> None:
        assert json.loads(records.dump({"x": text}).decode("utf-8"))["x"] == text

    def test_a_lone_surrogate_is_spelled_out(self, tmp_path: Path) -> None:
        """Most readers but Python's refuse a whole file for its escape."""
        reader = pytest.importorskip("pyarrow.json")
        yaml = pytest.importorskip("yaml")
        odd = article(location="caf\udce9.html", metadata=Metadata(url="https://x.example/\ud800"))
        (tmp_path / "pages.jsonl").write_bytes(render(odd, Format.JSONL) + render(article(), Format.JSONL))
        assert reader.read_json(tmp_path / "pages.jsonl")["location"].to_pylist() == ["caf\\udce9.html", "raw/a.html"]
        write(odd, tmp_path / "a.html", Format.MARKDOWN)
        assert json.loads((tmp_path / "a.html.json").read_bytes())["location"] == "caf\\udce9.html"
        head = (tmp_path / "a.html.md").read_text("utf-8").split("---\n")[1]
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where it is built in
        assert yaml.load(head, loader)["url"] == "https://x.example/\\ud800"

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_front_matter_is_yaml(self, text: str) -> None:
        yaml = pytest.importorskip("yaml")
        head = records._front_matter(article(metadata=Metadata(title=text, authors=[text])))
        said = yaml.safe_load(
            head.decode("utf-8").split("---\n")[1] if "---\n" not in text else head[4:].rsplit(b"---\n")[0]
        )
        assert said["authors"] == [text]
        assert said.get("title", "") == text

    def test_formats(self) -> None:
        assert render(article(), Format.TEXT) == b"One.\n\nTwo.\n"
        assert render(article(text=""), Format.TEXT) == b""
        assert render(article(), Format.MARKDOWN).startswith(b'---\ntitle: "A \\"title\\""\nauthors: ["A", "B"]\n')
        assert render(article(), Format.JSONL).count(b"\n") == 1


class TestWrite:
    def test_text_and_record(self, tmp_path: Path) -> None:
        write(article(), tmp_path / "a.html", page=Page(b"abc"))
        assert (tmp_path / "a.html.txt").read_text() == "One.\n\nTwo.\n"
        assert json.loads((tmp_path / "a.html.json").read_text())["status"] == "ok"
        assert listing(tmp_path) == ["a.html.json", "a.html.txt"]

    @pytest.mark.parametrize(("form", "suffixes"), [(Format.MARKDOWN, ["json", "md"]), (Format.JSON, ["json"])])
    def test_other_formats(self, tmp_path: Path, form: Format, suffixes: list[str]) -> None:
        write(article(), tmp_path / "a", form)
        assert listing(tmp_path) == [f"a.{suffix}" for suffix in suffixes]

    def test_again(self, tmp_path: Path) -> None:
        write(article(), tmp_path / "a.html")
        write(article(text="Three."), tmp_path / "a.html")
        assert (tmp_path / "a.html.txt").read_text() == "Three.\n"

    def test_a_sidecar_is_not_written_over(self, tmp_path: Path) -> None:
        put(tmp_path, "a.html.json", text='{"url": "https://example.com/"}')
        with pytest.raises(OutputError, match="no record"):
            write(article(), tmp_path / "a.html")
        assert listing(tmp_path) == ["a.html.json"]

    def test_half_written_is_not_seen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write(article(), tmp_path / "a.html")

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OutputError, match="No space left"):
            write(article(text="Three."), tmp_path / "a.html")
        assert (tmp_path / "a.html.txt").read_text() == "One.\n\nTwo.\n"
        assert listing(tmp_path) == ["a.html.json", "a.html.txt"]

    @pytest.mark.parametrize("name", ["ä\udcff.html", "a\nb.html", "x" * 255, "語" * 80, " .html", "-o", "a b?c=d&e"])
    def test_odd_names(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "in").mkdir()
        path = tmp_path / "in" / (name if name.endswith("html") else f"{name[:250]}.html")
        try:
            path.write_text("<p>x")
        except OSError:
            pytest.skip("this file system takes no such name")
        (page,) = find_pages([tmp_path / "in"])
        sink = Folder(tmp_path / "out")
        sink.put(page.name, sink.render(article(location=page.location), page.read()))
        texts = list((tmp_path / "out").glob("*.txt"))
        assert len(texts) == 1
        said = json.loads(texts[0].with_suffix(".json").read_bytes())["location"]
        assert said == page.location.replace("\udcff", "\\udcff")

    def test_names_that_begin_alike_stay_apart(self, tmp_path: Path) -> None:
        for end in "ab":
            write(article(text=end), tmp_path / ("x" * 250 + end))
        assert len(list(tmp_path.glob("*.txt"))) == 2

    @pytest.mark.parametrize("name", ["../x.html", "/x.html", "a/../../x.html", "link/x.html", "loop/x.html"])
    def test_nothing_leaves_the_folder(self, tmp_path: Path, name: str) -> None:
        out = tmp_path / "out"
        out.mkdir()
        (out / "link").symlink_to(tmp_path)
        (out / "loop").symlink_to("loop")
        with pytest.raises(OutputError):
            sink = Folder(out)
            sink.put(
                PurePosixPath(name if name != "/x.html" else str(tmp_path / "x.html")), sink.render(article(), None)
            )
        assert listing(tmp_path) == ["out"]

    def test_a_file_is_no_folder(self, tmp_path: Path) -> None:
        put(tmp_path, "out")
        with pytest.raises(OutputError, match="cannot be made a folder"):
            Folder(tmp_path / "out")

    def test_lines_appear_when_all_is_done(self, tmp_path: Path) -> None:
        sink = Lines(tmp_path / "out" / "pages.jsonl")
        for name in "ab":
            sink.put(PurePosixPath(name), sink.render(article(text=f"{name}\u2028\x85"), None))
        assert not (tmp_path / "out" / "pages.jsonl").exists()
        sink.close()
        lines = (tmp_path / "out" / "pages.jsonl").read_bytes().split(b"\n")
        assert [json.loads(line)["text"][0] for line in lines[:-1]] == ["a", "b"]
        assert listing(tmp_path / "out") == ["pages.jsonl"]


def test_input_says_more_than_the_sidecar(tmp_path: Path) -> None:
    put(tmp_path, "a.html")
    put(tmp_path, "a.html.json", text='{"url": "https://example.org/"}')
    source = Input(tmp_path / "a.html", PurePosixPath("a.html"), url="https://example.com/", media_type="text/plain")
    assert (source.read().url, source.read().media_type) == ("https://example.com/", "text/plain")
