"""Golden pages: compared line by line, written only where someone says yes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cleaner import workbench
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.workbench import Outcome, Result

PAGE = """<!DOCTYPE html><title>A Boat for the Ferryman</title><article><h1>A Boat for the Ferryman</h1>
<p>The ferryman of the upper lake will have a new boat in spring, built from larch by two brothers who learnt it here.</p>
<p>It is paid for by the villages on both shores, which had argued for eleven years about who needs the boat more.</p>
<p>The old one leaks, and has been kept afloat with tar and with the patience of its passengers since the autumn.</p>
<aside class="teasers"><p>Read what else floats on this lake</p></aside>
<div class="letter"><p>Our letter from the lake, weekly and free</p></div></article>"""
RULES = f'''
schema = 1
site = "lake.example"

[[rule]]
id = "teasers"
kind = "related"
css = "aside.teasers"

[[rule]]
id = "letter"
kind = "newsletter"
css = "div.letter"

[[test]]
name = "the boat"
url = "https://lake.example/boat"
html = """{PAGE}"""
contains = ["built from larch"]
golden = "snap/boat.md"
'''


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write an overlay of one site file into the current folder; its golden file is not there."""
    monkeypatch.chdir(tmp_path)
    path = Path("rules/sites/lake.example.toml")
    path.parent.mkdir(parents=True)
    path.write_text(RULES)
    return path


GOLDEN = Path("rules/sites/snap/boat.md")


def answer(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    given: Iterator[str] = iter(answers)

    def ask(*_: object) -> str:
        try:
            return next(given)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", ask)


@pytest.fixture
def golden(rules: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the golden file, by saying yes."""
    with monkeypatch.context() as patch:
        answer(patch, "y")
        assert main(["rules", "test", "--review", "rules"]) == Exit.OK
    return GOLDEN


def test_none_is_made_unasked(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", "rules"]) == Exit.FAILED
    assert not GOLDEN.parent.exists()
    (case,) = workbench.run_tests([Path("rules")])
    assert case.result is Result.FAILED
    assert [one.outcome for one in case] == [Outcome.KEPT, Outcome.WRONG]
    assert "--review" in capsys.readouterr().out


@pytest.mark.parametrize("answers", [("n",), ("q",), (), ("what?", "no")])
def test_nor_where_nobody_says_yes(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answers: tuple[str, ...]
) -> None:
    answer(monkeypatch, *answers)
    assert main(["rules", "test", "--review", "rules"]) == Exit.FAILED
    assert not GOLDEN.exists()
    out, err = capsys.readouterr()
    assert "is new: the boat" in out
    assert "+ The old one leaks" in out
    assert "0 taken, 1 left" in err


def test_yes_writes_what_the_page_gives(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = golden.read_text("utf-8")
    assert 'title: "A Boat for the Ferryman"' in text.split("\n---\n")[0]
    assert "built from larch" in text.split("\n---\n")[1]
    assert "what else floats" not in text
    capsys.readouterr()
    assert main(["rules", "test", "rules"]) == Exit.OK
    assert (
        capsys.readouterr().err == "cleaner: 1 passed, 0 failed, 0 pending (0 removed, 2 kept, 0 missed, 0 overreach)\n"
    )


def test_noise_that_comes_back_is_missed(golden: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_text(RULES.replace("div.letter", "div.post"))
    (case,) = workbench.run_tests([Path("rules")])
    assert case.result is Result.CHANGED
    (difference,) = case.against_golden
    assert difference.outcome is Outcome.MISSED
    assert difference.detail == '+ "Our letter from the lake, weekly and free", in article/div.letter/p'
    assert main(["rules", "test", "rules"]) == Exit.FAILED
    assert "1 changed" in capsys.readouterr().err


def test_body_that_goes_is_overreach(golden: Path, rules: Path) -> None:
    rules.write_text(
        RULES.replace('css = "div.letter"', 'css = ["div.letter", "article p:nth-of-type(3)"]\nmax_share = 0.9')
    )
    (case,) = workbench.run_tests([Path("rules")])
    (difference,) = case.against_golden
    assert difference.outcome is Outcome.OVERREACH
    assert difference.detail.startswith('- "The old one leaks, and')
    assert difference.detail.endswith("removed: newsletter, sites/lake.example/letter")


def test_metadata_that_changes_is_wrong(golden: Path, rules: Path) -> None:
    rules.write_text(RULES.replace("[[test]]", '[meta]\nsection = [{ value = "Boats" }]\n[[test]]', 1))
    (case,) = workbench.run_tests([Path("rules")])
    assert [(one.outcome, one.detail) for one in case.against_golden] == [(Outcome.WRONG, '+ "section: "Boats""')]


def test_a_review_shows_what_changed_and_folds_the_rest(
    golden: Path, rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text(RULES.replace("div.letter", "div.post"))
    before = golden.read_bytes()
    answer(monkeypatch, "n")
    assert main(["rules", "test", "--review", "rules"]) == Exit.FAILED
    assert golden.read_bytes() == before
    out = capsys.readouterr().out
    assert "changes: the boat" in out
    assert "+ Our letter from the lake" in out
    assert "lines as before" in out
    answer(monkeypatch, "yes")
    assert main(["rules", "test", "--review", "rules"]) == Exit.OK
    assert "Our letter from the lake" in golden.read_text("utf-8")


def test_a_yes_does_not_hide_what_else_fails(
    rules: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules.write_text(RULES.replace('["built from larch"]', '["built from oak"]'))
    answer(monkeypatch, "y")
    assert main(["rules", "test", "--review", "rules"]) == Exit.FAILED
    assert GOLDEN.exists()


def test_line_ends_of_a_checkout_do_not_matter(golden: Path) -> None:
    golden.write_bytes(golden.read_bytes().replace(b"\n", b"\r\n"))
    (case,) = workbench.run_tests([Path("rules")])
    assert case.result is Result.PASSED


def test_a_golden_file_that_cannot_be_read_fails_its_test_alone(golden: Path) -> None:
    golden.write_bytes(b"\xff\xfe\xff")
    (case,) = workbench.run_tests([Path("rules")])
    assert case.result is Result.FAILED


def test_it_lies_beside_the_rule_file(rules: Path) -> None:
    rules.write_text(RULES.replace("snap/boat.md", "../../boat.md"))
    _, faults = workbench.check([Path("rules")])
    assert ["lies outside" in str(fault) for fault in faults] == [True]


def test_for_programs(golden: Path, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules.write_text(RULES.replace("div.letter", "div.post"))
    capsys.readouterr()
    assert main(["rules", "test", "--format", "json", "rules"]) == Exit.FAILED
    told = json.loads(capsys.readouterr().out)
    assert told["tests"] == {"passed": 0, "failed": 0, "changed": 1, "pending": 0}
    assert told["outcomes"]["missed"] == 1
    assert [one["outcome"] for one in told["cases"][0]["assertions"]] == ["kept", "missed"]
    assert main(["rules", "test", "--format", "github", "rules"]) == Exit.FAILED
    out = capsys.readouterr().out
    assert out.startswith("::error file=rules/sites/lake.example.toml,line=")
    assert ",title=missed::golden " in out
    assert main(["rules", "test", "--review", "--format", "json", "rules"]) == Exit.USAGE
