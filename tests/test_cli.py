"""The command, as a user has it."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cleaner import cli
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.model import Status
from cleaner.pipeline import Cleaner

PROSE = (
    "The bridge across the lower river opened to traffic on Monday, two years later than the council had planned. "
    "Engineers said the delay was caused by soft ground on the northern bank, which had to be drilled out and refilled."
)
DUMP = f"Bridge opens at last\n\n{PROSE}\n\n{PROSE.replace('bridge', 'tunnel')}\n\nShare this\n"
HTML = f"<!DOCTYPE html><title>Bridge</title><body><article><h1>Bridge</h1><p>{PROSE}</p></article>"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return exit code, output and complaints."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


class TestClean:
    def test_one_page_goes_to_standard_output(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        code, out, err = said(capsys, "clean", "a.txt")
        assert (code, err) == (Exit.OK, "")
        assert PROSE in out

    def test_standard_input(
        self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HTML.encode())))
        code, out, _ = said(capsys, "clean", "-", "--format", "json", "--url", "https://example.com/a")
        record = json.loads(out)
        assert code == Exit.OK
        assert (record["status"], record["location"], record["url"]) == ("ok", "<stdin>", "https://example.com/a")
        assert PROSE in record["text"]

    def test_a_folder(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "raw" / "sub").mkdir(parents=True)
        Path("raw/a.txt").write_text(DUMP)
        Path("raw/sub/b.html").write_text(HTML)
        code, out, err = said(capsys, "clean", "raw", "-o", "clean")
        assert (code, out) == (Exit.OK, "")
        files = sorted(str(path) for path in Path("clean").rglob("*.*") if ".cleaner" not in path.parts)
        assert files == ["clean/a.txt.json", "clean/a.txt.txt", "clean/sub/b.html.json", "clean/sub/b.html.txt"]
        assert "2 pages written to clean in" in err
        assert "status" in err and "body" in err

    def test_quiet(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        assert said(capsys, "clean", "a.txt", "-o", "clean", "-q") == (Exit.OK, "", "")

    def test_formats(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        said(capsys, "clean", "a.txt", "-o", "md", "--format", "markdown")
        assert Path("md/a.txt.md").read_text().startswith("---\n")
        said(capsys, "clean", "a.txt", "-o", "json", "--format", "json")
        assert PROSE in json.loads(Path("json/a.txt.json").read_text())["text"]
        said(capsys, "clean", "a.txt", "a.txt", "-o", "lines", "--format", "jsonl")
        assert len(Path("lines/pages.jsonl").read_text().splitlines()) == 2

    @pytest.mark.parametrize("more", [(), ("-o", "-")])
    def test_lines_to_standard_output(
        self, here: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
    ) -> None:
        Path("a.txt").write_text(DUMP)
        Path("b.html").write_text(HTML)
        code, out, _ = said(capsys, "clean", ".", "--format", "jsonl", *more)
        assert code == Exit.OK
        assert [json.loads(line)["location"] for line in out.splitlines()] == ["a.txt", "b.html"]

    @pytest.mark.parametrize(
        ("arguments", "complaint"),
        [
            (["none.html"], "none.html: no such file or folder"),
            (["none"], "no pages in none"),
            (["."], "several pages"),
            ([".", "--url", "https://example.com/", "-o", "out"], "--url"),
            ([".", "-o", "."], "another output folder"),
            ([".", "-o", "taken"], "cannot be made a folder"),
            (["a.txt", "-o", ""], "the name of the output folder is empty"),
            (["a.txt", "--rules", "generic", "--rules", "here"], "stand alone"),
            (["a.txt", "--rules", "nowhere"], "nowhere"),
        ],
    )
    def test_usage(self, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
        Path("a.txt").write_text(DUMP)
        Path("b.html").write_text(HTML)
        Path("taken").touch()
        if arguments == ["none"]:
            Path("none").mkdir()
        code, out, err = said(capsys, "clean", *arguments)
        assert (code, out) == (Exit.USAGE, "")
        assert complaint in err
        assert sorted(path.name for path in here.rglob("*") if path.is_file()) == ["a.txt", "b.html", "taken"]

    @pytest.mark.parametrize("command", ["clean", "run", "fetch", "ray"])
    def test_a_file_where_a_folder_is_meant(self, here: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
        for name, form in [("a.JSONL", "jsonl"), ("a.md", "markdown"), ("a.warc", ""), ("a" * 300 + ".html", "")]:
            out = [name] if command == "ray" else ["-o", name]
            with pytest.raises(SystemExit) as stop:
                main([command, "a.txt", *out])
            assert stop.value.code == Exit.USAGE
            said = capsys.readouterr().err
            assert "looks like a file" in said and f"write '{name}/'" in said
            hint = f"write `--format {form} > {name}` in place of -o" in said
            assert hint == (form != "" and command in ("clean", "run"))
        assert not list(here.iterdir())

    @pytest.mark.parametrize("media_type", ["application/pdf", "html", ""])
    def test_a_media_type_that_is_not_read(
        self, here: Path, capsys: pytest.CaptureFixture[str], media_type: str
    ) -> None:
        with pytest.raises(SystemExit):
            main(["clean", "a.txt", "--media-type", media_type])
        assert "is no page that is read: text/html or text/plain" in capsys.readouterr().err

    def test_a_limit_is_named_with_its_option(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        for option, complaint in [
            (("--timeout", "0.001"), "a.txt: timeout: not done after 0.001 s (--timeout grants more)"),
            (("--memory", "1"), "a.txt: crashed: MemoryError: it takes more than there is, or more than --memory"),
        ]:
            code, _, err = said(capsys, "clean", "a.txt", "-o", "out", "-j", "1", *option)
            assert code == Exit.FAILED and complaint in err

    def test_the_closing_table(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        _, _, first = said(capsys, "clean", "a.txt", "-o", "out")
        assert "text " in first and "body" in first and "this run" not in first
        _, _, same = said(capsys, "clean", "a.txt", "-o", "out", "--changed")
        assert same.split()[:4] == ["status", "pages", "ok", "1"] and "body" not in same
        Path("b.html").write_text(HTML)
        _, _, more = said(capsys, "clean", ".", "-o", "out", "--changed")
        assert "text of this run" in more and "1 page written to out in" in more
        Path("empty").mkdir()
        _, _, none = said(capsys, "clean", "empty", "-o", "out2")
        assert none.startswith("cleaner: no pages in empty")

    def test_only_what_is_printed_is_said_to_fill_a_file(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for command, is_printed in [("clean", True), ("run", False)]:
            with pytest.raises(SystemExit):
                main([command, "a.txt", "-o", "a.jsonl.zst"])
            assert ("`--format jsonl.zst > a.jsonl.zst`" in capsys.readouterr().err) == is_printed

    def test_an_address_where_a_folder_is_meant(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as stop:
            main(["clean", "a.txt", "-o", "s3://bucket/out"])
        assert stop.value.code == Exit.USAGE
        assert "'s3://bucket/out' is an address" in capsys.readouterr().err
        assert not list(here.iterdir())

    def test_an_output_that_no_disk_can_hold(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        code, _, err = said(capsys, "clean", "a.txt", "-o", "a" * 300)
        assert code == Exit.USAGE
        assert "cannot be made a folder: File name too long" in err

    def test_a_link_to_nothing_beside_an_output(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").symlink_to("nowhere")
        Path("out").mkdir()
        code, _, err = said(capsys, "clean", "a.html", "-o", "out", "-q")
        assert code == Exit.FAILED
        assert "unreadable: a.html: cannot be read: No such file" in err

    def test_a_folder_that_is_called_like_a_file(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("b").write_text(HTML)
        for out in ("x.html/", "x.html"):  # it is there the second time
            assert said(capsys, "clean", "b", "-o", out, "-q")[0] == Exit.OK
        assert {path.name for path in Path("x.html").iterdir()} >= {"b.txt", "b.json"}

    @pytest.mark.parametrize("arguments", [["--include", "ads"], ["--format", "pdf"], ["--judge", "me"], []])
    def test_wrong_options(self, here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as stop:
            main(["clean", *(["a.txt"] if arguments else []), *arguments])
        assert stop.value.code == Exit.USAGE
        assert "usage: cleaner clean" in capsys.readouterr().err

    def test_bad_pages_do_not_end_the_run(
        self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        raw = here / "raw"
        raw.mkdir()
        (raw / "binary.html").write_bytes(bytes(range(256)) * 40)
        (raw / "bridge.txt").write_text(DUMP)
        (raw / "deep.html").write_text("<div>" * 1_000_000)
        (raw / "empty.html").write_bytes(b"")
        (raw / "gone.html").symlink_to("nowhere")
        (raw / "jpeg.html").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + os.urandom(500))
        (raw / "nul.html").write_bytes(b"\x00" * 1000)
        (raw / "odd\udcff.html").write_text(HTML)
        (raw / "surrogate.html").write_text(f"<p>{PROSE} \ud800 &#xD800;", errors="surrogatepass")
        (raw / "zzz.html").write_text(HTML)
        code, _, err = said(capsys, "clean", "raw", "-o", "clean")
        assert code == Exit.FAILED
        records = {path.name: json.loads(path.read_bytes()) for path in Path("clean").glob("*.json")}
        assert len(records) == 10
        assert records["gone.html.json"]["status"] == "unreadable"
        assert records["bridge.txt.json"]["status"] == records["zzz.html.json"]["status"] == "ok"
        assert all(record["reason"] for record in records.values() if record["status"] != "ok")
        assert not [record for record in records.values() if record["status"] == "crashed"]
        assert "gone.html: cannot be read" in err
        for path in Path("clean").glob("*.txt"):
            path.read_bytes().decode("utf-8")

    @pytest.mark.parametrize("size", [5_000_000, 50_000_000])
    def test_nothing_but_divs(self, here: Path, capsys: pytest.CaptureFixture[str], size: int) -> None:
        Path("a.html").write_bytes(b"<!DOCTYPE html>" + b"<div>" * (size // 5))
        started = time.perf_counter()
        code, out, err = said(capsys, "clean", "a.html")
        assert (code, out) == (Exit.FAILED, "")
        assert err.startswith("cleaner: a.html: too-large: ")
        assert time.perf_counter() - started < 60

    def test_a_broken_sidecar_is_told(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.txt").write_text(DUMP)
        Path("a.txt.json").write_text("{")
        code, out, err = said(capsys, "clean", "a.txt")
        assert code == Exit.OK
        assert PROSE in out
        assert "sidecar a.txt.json: no JSON" in err

    def test_a_broken_rule_file_spoils_its_own_pages_only(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (here / "rules" / "sites").mkdir(parents=True)
        Path("rules/sites/broken.example.toml").write_text('schema = 1\nsite = "broken.example"\nrool = 3\n')
        Path("a.html").write_text(HTML)
        Path("b.html").write_text(HTML)
        Path("a.html.json").write_text('{"url": "https://broken.example/x"}')
        code, _, err = said(capsys, "clean", ".", "-o", "out", "--rules", "rules")
        assert code == Exit.RULES
        assert "broken.example.toml:3" in err
        assert json.loads(Path("out/b.html.json").read_text())["status"] == "ok"


def test_control_characters_do_not_reach_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "clean", "x\x1b[31m.html")
    assert code == Exit.USAGE
    assert "\x1b" not in err


class TestTrouble:
    def test_a_bug_is_told_in_one_line(
        self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("a.txt").write_text(DUMP)

        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("division by zero")

        monkeypatch.setattr(Cleaner, "clean", fail)
        code, _, err = said(capsys, "diff", "a.txt")
        assert code == Exit.BUG
        assert "report" in err and "ZeroDivisionError" in err
        with pytest.raises(ZeroDivisionError):
            main(["diff", "a.txt", "--debug"])
        code, _, err = said(capsys, "clean", "a.txt")
        assert code == Exit.FAILED
        assert "crashed: ZeroDivisionError" in err
        with pytest.raises(ZeroDivisionError):
            main(["clean", "a.txt", "--debug"])

    def test_ctrl_c(self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        Path("a.txt").write_text(DUMP)
        Path("b.txt").write_text(DUMP)
        real = Cleaner.clean

        def clean(self: Cleaner, page: object) -> object:
            if "b.txt" in page.location:
                raise KeyboardInterrupt
            return real(self, page)

        monkeypatch.setattr(Cleaner, "clean", clean)
        code, _, err = said(capsys, "clean", ".", "-o", "out", "--jobs", "0")
        assert code == Exit.INTERRUPTED
        assert "interrupted after 1 page\n" in err
        assert "1 page written to out in" in err
        assert Path("out/a.txt.json").exists()

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
    @pytest.mark.parametrize("command", ["clean", "diff", "inspect", "explain"])
    def test_standard_output_is_a_full_disk(self, here: Path, command: str) -> None:
        Path("a.txt").write_text(DUMP)
        with Path("/dev/full").open("wb") as full:
            ran = subprocess.run(
                [sys.executable, "-m", "cleaner", command, "a.txt"], stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert ran.stderr == "cleaner: <stdout>: cannot be written: No space left on device\n"
        assert ran.returncode == Exit.USAGE

    @pytest.mark.skipif(os.name != "posix", reason="a shell that closes files")
    def test_standard_streams_that_are_closed(self, here: Path) -> None:
        Path("a.txt").write_text(DUMP)
        command = f"{shlex.quote(sys.executable)} -m cleaner clean a.txt -o out --jobs 1 <&- >&- 2>&-"
        assert subprocess.run(command, shell=True).returncode == Exit.OK
        assert Path("out/a.txt.txt").read_text() and Path("out/a.txt.json").read_text()

    def test_the_reader_goes_away(self, here: Path) -> None:
        Path("a.txt").write_text("\n\n".join(f"{PROSE} This was repair number {number}." for number in range(2000)))
        command = [sys.executable, "-m", "cleaner", "clean", "a.txt"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(10)
            process.stdout.close()
            err = process.stderr.read()
        assert err == b""
        assert process.returncode == Exit.PIPE


class TestDiff:
    def test_unified(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML.replace("</article>", "</article><p>Share this</p>"))
        code, out, _ = said(capsys, "diff", "a.html")
        assert code == Exit.OK
        assert f"  {PROSE}\n" in out
        removed = [line for line in out.splitlines() if line.startswith("- Share this")]
        assert removed and "‹" in removed[0]
        assert "\x1b" not in out

    def test_color(self, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        Path("a.html").write_text(HTML.replace("</article>", "</article><p>Share this</p>"))
        monkeypatch.setenv("NO_COLOR", "1")  # an option says more than a variable
        _, out, _ = said(capsys, "diff", "a.html", "--color")
        assert "\x1b[31m- Share this" in out

    def test_side(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML.replace("</article>", "</article><p>Share this</p>"))
        _, out, _ = said(capsys, "diff", "a.html", "--side")
        assert out.splitlines()[0].split() == ["raw", "clean"]
        assert out.count("The bridge across") == 2
        assert out.count("- Share this") == 1

    def test_a_folder_is_no_page(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code, _, err = said(capsys, "explain", ".")
        assert code == Exit.USAGE
        assert "takes one page" in err


class TestExplain:
    def test_table(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML)
        code, out, _ = said(capsys, "explain", "a.html")
        assert code == Exit.OK
        assert "verdict" in out and "keep" in out

    def test_json(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML)
        _, out, _ = said(capsys, "explain", "a.html", "--json", "--line", PROSE)
        (block,) = json.loads(out)["blocks"]
        assert block["fate"] == "keep"
        assert block["text"] == PROSE

    def test_metadata(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        head = (
            "<meta property=og:site_name content='The Daily'><meta property=og:title content='Why the bridge is late'>"
        )
        Path("a.html").write_text(f"<!DOCTYPE html>{head}<body><h1>The Daily</h1><p>{PROSE}</p>")
        code, out, _ = said(capsys, "explain", "a.html", "--metadata")
        assert code == Exit.OK
        rows = [line.split() for line in out.splitlines() if "Daily" in line or "late" in line]
        assert [" ".join(row) for row in rows[:2]] == [
            "title Why the bridge is late meta:og:title the best ranked of 2",
            "The Daily h1 is the name of the site",
        ]
        _, out, _ = said(capsys, "explain", "a.html", "--metadata", "--json")
        stated = json.loads(out)["metadata"]
        assert [(one["value"], one["won"]) for one in stated if one["field"] == "title"] == [
            ("Why the bridge is late", True),
            ("The Daily", False),
        ]

    def test_line(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML)
        code, out, _ = said(capsys, "explain", "a.html", "--line", "the BRIDGE across")
        assert code == Exit.OK
        assert "verdict   keep" in out

    def test_line_that_is_not_there(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML)
        code, out, err = said(capsys, "explain", "a.html", "--line", PROSE.replace("bridge", "brigde"))
        assert (code, out) == (Exit.FAILED, "")
        assert "nearest: 1: The bridge" in err

    def test_unknown_kind(self, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("a.html").write_text(HTML)
        code, _, err = said(capsys, "explain", "a.html", "--kind", "adverts")
        assert code == Exit.USAGE
        assert "advertisement" in err


class TestHelp:
    @pytest.mark.parametrize(
        "command", [[], ["clean"], ["diff"], ["explain"], ["rules"], ["rules", "check"], ["rules", "test"]]
    )
    def test_every_command_has_help(self, capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
        with pytest.raises(SystemExit) as stop:
            main([*command, "--help"])
        assert stop.value.code == 0
        out = capsys.readouterr().out
        assert command == ["rules"] or "exit codes:" in out

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--version"])
        assert capsys.readouterr().out.startswith("cleaner 0.")

    def test_is_quick(self) -> None:
        """Nothing heavy is imported for help; wall time is for the benchmarks, this holds on any machine."""
        code = "import sys; from cleaner.cli import parser; parser(); print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        package = "import cleaner, sys; print(*sys.modules)"
        anyway = subprocess.run(
            [sys.executable, "-c", package], capture_output=True, text=True, check=True
        ).stdout.split()
        assert not {"rich", "trafilatura", "html5lib", "bs4", "lxml.html"} & (set(loaded) - set(anyway))

    def test_exit_codes_are_all_documented(self) -> None:
        for code in Exit:
            assert str(code.value) in cli.common.EXIT_CODES
        assert Status.CRASHED in cli.common.EXIT_CODES
