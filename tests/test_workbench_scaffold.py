"""A rule file made for a site from a page: it is sound, its test fails for the right reason, and nothing is lost."""

from __future__ import annotations

import gzip
import io
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cleaner import workbench
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import Page
from cleaner.storage import find_pages, read
from cleaner.workbench import Result
from cleaner.workbench.scaffold import scaffold
from tests.conftest import ROOT

PARAGRAPHS = (
    "The ferry to the outer island sails twice a day again, now that the harbour master has cleared the sand bar.",
    "For three weeks the mail came by helicopter, and the shop sold flour by the cup rather than by the sack.",
    "Fishermen had warned of the bar since the autumn storms, which moved the channel by the length of two boats.",
    "A dredger from the mainland worked at night, when the tide was right, and finished a day before it was due.",
    "The council wants to buy a small dredger of its own, and will ask the county for half of the price in May.",
)
HTML = f"""<!DOCTYPE html><html lang=en><head><title>The ferry sails again</title></head><body>
<main><article><h1>The ferry sails again</h1>{"".join(f"<p>{text}</p>" for text in PARAGRAPHS[:3])}
{"".join(f"<p>{text}</p>" for text in PARAGRAPHS[3:])}</article></main>
<div class="x81b27 island-shop"><p>Mugs with a puffin on them, now in three colours</p><p>Towels "of the five bays" \\o/</p></div>
<div id="tip-jar"><a href="/jar">A coin for the crew</a></div>
</body></html>"""
URL = "https://www.outer-island.example/news/ferry"

SAMPLES = [each for each in find_pages([ROOT / "raw"]) if each.name.stem in ("quay", "clock", "bindery")]
"""Of a platform, as HTML and dump; in Japanese; in Arabic."""


def page(content: bytes | str = HTML, url: str | None = URL, **more: Any) -> Page:
    return Page(content, url, location="pages/ferry 1.html", **more)


def test_it_is_sound_and_fails_until_rules_are_written(tmp_path: Path) -> None:
    made = scaffold(page(captured=datetime(2026, 9, 3)), tmp_path)
    assert made.site == "outer-island.example"
    assert made.rule_file == tmp_path / "sites/outer-island.example.toml"
    assert made.page == tmp_path / "sites/snap/outer-island.example/ferry-1.html.gz"
    assert workbench.check([tmp_path]) == (1, [])
    (case,) = workbench.run_tests([tmp_path])
    assert case.result is Result.FAILED
    missing = [assertion for assertion in case.assertions if not assertion.holds]
    assert missing
    assert {assertion.what.partition(" ")[0] for assertion in missing} == {"absent"}  # all else holds already
    assert len(missing) == len(made.go)

    # As its comments teach: the rules it offers are read, and uncommented.
    text = made.rule_file.read_text("utf-8")
    assert "x81b27" not in re.sub(r"  # .*", "", text)  # a name that a build made up is nothing to hold on to
    text = re.sub(r"^# (?=\[\[rule\]\]|(?:id|kind|token) = )", "", text, flags=re.MULTILINE)
    made.rule_file.write_text(text, "utf-8")
    assert {rule["token"] for rule in tomllib.loads(text)["rule"]} == {"tip-jar", "island-shop"}
    assert workbench.check([tmp_path]) == (1, [])
    assert [case.result for case in workbench.run_tests([tmp_path])] == [Result.PASSED]


def test_what_the_test_says(tmp_path: Path) -> None:
    made = scaffold(page(captured=datetime(2026, 9, 3)), tmp_path)
    (test,) = tomllib.loads(made.rule_file.read_text("utf-8"))["test"]
    assert test["page"] == "snap/outer-island.example/ferry-1.html.gz"
    assert test["url"] == URL
    assert str(test["captured"]) == "2026-09-03"
    assert test["pending"] is False
    assert len(test["contains"]) == 3
    assert all(any(text.startswith(said) for text in PARAGRAPHS) for said in test["contains"])
    assert 'Towels "of the five bays" \\o/' in test["absent"]
    assert test["meta"]["title"] == "The ferry sails again"


def test_the_page_is_copied_as_it_was(tmp_path: Path) -> None:
    content = HTML.replace("puffin", "Süd-puffin").encode("latin-1")
    made = scaffold(page(content, media_type="text/html", charset="iso-8859-1"), tmp_path)
    assert gzip.decompress(made.page.read_bytes()) == content
    copy = read(made.page)
    assert (copy.content, copy.media_type, copy.charset) == (content, "text/html", "iso-8859-1")


@pytest.mark.parametrize("source", SAMPLES, ids=lambda source: str(source.name))
def test_the_samples(tmp_path: Path, source: Any) -> None:
    page = source.read()
    page = Page(page.content, page.url or "https://somewhere.example/", location=page.location)
    scaffold(page, tmp_path)
    assert workbench.check([tmp_path]) == (1, [])
    (case,) = workbench.run_tests([tmp_path])
    assert case.result is Result.FAILED  # also where there is nothing to remove: someone has to read it


def test_nothing_to_remove(tmp_path: Path) -> None:
    made = scaffold(
        page(f"<!DOCTYPE html><article>{''.join(f'<p>{text}</p>' for text in PARAGRAPHS)}</article>"), tmp_path
    )
    assert made.go == ()
    (case,) = workbench.run_tests([tmp_path])
    assert case.result is Result.FAILED
    assert [each.what for each in case.assertions if not each.holds] == [
        'contains "REPLACE THIS by a sentence of the article"'
    ]


class TestNeverOverwrites:
    @pytest.mark.parametrize("name", ["outer-island.example.toml", "snap/outer-island.example/ferry-1.html.gz"])
    def test_a_file_that_is_there(self, tmp_path: Path, name: str) -> None:
        path = tmp_path / "sites" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b'schema = 1\nsite = "outer-island.example"\n')
        with pytest.raises(OutputError, match="exists"):
            scaffold(page(), tmp_path)
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]
        assert path.read_bytes() == b'schema = 1\nsite = "outer-island.example"\n'

    def test_half_of_it_does_not_stay(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        opened = Path.open

        def open_(self: Path, mode: str = "r", *more: Any) -> Any:
            if self.suffix == ".toml" and mode == "xb":
                raise OSError(28, "No space left on device", str(self))
            return opened(self, mode, *more)

        monkeypatch.setattr(Path, "open", open_)
        with pytest.raises(OutputError, match="No space left"):
            scaffold(page(), tmp_path)
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == []

    def test_a_file_for_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "rules").write_text("")
        with pytest.raises(OutputError, match="no folder"):
            scaffold(page(), tmp_path / "rules")


class TestHost:
    def test_as_the_page_declares_it(self, tmp_path: Path) -> None:
        declared = HTML.replace("<head>", '<head><link rel=canonical href="https://bücher.example/a">')
        made = scaffold(page(declared, None), tmp_path)
        assert made.site == "xn--bcher-kva.example"
        assert [case.result for case in workbench.run_tests([tmp_path])] == [Result.FAILED]

    @pytest.mark.parametrize("url", [None, "mailto:a@b.example", "https://../../etc/", "https://a/../b%00"])
    def test_none_or_a_bad_one(self, tmp_path: Path, url: str | None) -> None:
        before = set(tmp_path.rglob("*"))
        try:
            made = scaffold(page(url=url), tmp_path)
        except InputError:
            assert set(tmp_path.rglob("*")) == before
        else:
            assert made.rule_file.resolve().is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\x00", "<!DOCTYPE html>", "<!DOCTYPE html><p>Please verify you are human"]
)
def test_a_page_that_is_no_article(tmp_path: Path, content: bytes | str) -> None:
    with pytest.raises(InputError, match="save a page that holds an article"):
        scaffold(page(content), tmp_path)


class TestCommand:
    def test_from_standard_input(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for code in (Exit.OK, Exit.USAGE):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(HTML.encode())))
            assert main(["rules", "new", "-", "--url", URL]) == code
        out, err = capsys.readouterr()
        assert "rules/sites/outer-island.example.toml: " in out
        assert "cleaner rules test rules/sites/outer-island.example.toml" in out
        assert (tmp_path / "rules/sites/snap/outer-island.example/ferry.html.gz").exists()
        assert "is not written over" in err
        assert main(["rules", "test", "rules/sites/outer-island.example.toml"]) == Exit.FAILED

    def test_without_a_host(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "a.html").write_text(HTML)
        assert main(["rules", "new", str(tmp_path / "a.html"), "--into", str(tmp_path / "rules")]) == Exit.USAGE
        assert "--url" in capsys.readouterr().err
