"""Rule files checked, and the tests in them run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cleaner import workbench
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError
from cleaner.explain import near
from cleaner.model import Page
from cleaner.pipeline import Cleaner
from cleaner.workbench import Outcome, Result

PROSE = (
    "The bridge across the lower river opened to traffic on Monday, two years later than the council had planned. "
    "Engineers said the delay was caused by soft ground on the northern bank, which had to be drilled out and refilled."
)
RULES = f'''
schema = 1
site = "bench.example"
disable = ["generic/noise/copyright"]

[meta]
section = [{{ line = 'Filed under (?P<v>.+)' }}]

[[rule]]
id = "teasers"
kind = "related"
css = ["aside.teasers"]

[[rule]]
id = "late"
kind = "share"
phrase = ["Pass it along"]
when = {{ paths = ["/late/*"] }}

[[rule]]
id = "odd"
action = "flag"
kind = "other"
phrase = ["Under review"]

[[test]]
name = "all holds"
url = "https://bench.example/a"
html = """<!DOCTYPE html><article><h1>Bridge</h1><p>Filed under Roads</p><p>{PROSE}</p><p>Under review</p>
<aside class="teasers"><p>You might want to read this as well</p></aside></article>"""
contains = ["soft  GROUND on the northern bank"]
absent = ["You might want to read"]
fires = ["teasers", "odd", "sites/bench.example/teasers"]
silent = ["late", "generic/noise/copyright"]
meta = {{ section = "Roads" }}

[[test]]
name = "nothing holds"
url = "https://bench.example/b"
html = "<!DOCTYPE html><article><p>{PROSE}</p><aside class='teasers'><p>A teaser</p></aside></article>"
contains = ["A teaser"]
absent = ["The bridge across"]
fires = ["late"]
silent = ["teasers"]
meta = {{ section = "Roads" }}

[[test]]
page = "snap/none.html"
contains = ["x"]

[[test]]
pending = true
page = "snap/later.html"
contains = ["x"]
'''


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write an overlay of one site file, into the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rules" / "sites" / "bench.example.toml"
    path.parent.mkdir(parents=True)
    path.write_text(RULES)
    return Path("rules")


def test_outcomes(rules: Path) -> None:
    cases = list(workbench.run_tests([rules]))
    assert [case.result for case in cases] == [Result.PASSED, Result.FAILED, Result.FAILED, Result.PENDING]
    assert len(cases[0].assertions) == 8
    assert all(assertion.holds and not assertion.detail for assertion in cases[0].assertions)


def test_what_is_the_case_instead(rules: Path) -> None:
    case = list(workbench.run_tests([rules]))[1]
    assert not any(assertion.holds for assertion in case.assertions)
    assert [assertion.detail for assertion in case.assertions] == [
        "removed: related, sites/bench.example/teasers",
        *("it is in the body, in body/article/p", "it did not", "it fired", "it is None"),
    ]
    wrong = [Outcome.OVERREACH, Outcome.MISSED, Outcome.MISSED, Outcome.OVERREACH, Outcome.WRONG]
    assert [assertion.outcome for assertion in case.assertions] == wrong


def test_the_four_outcomes_where_all_is_well(rules: Path) -> None:
    case = next(iter(workbench.run_tests([rules])))
    well = [Outcome.KEPT, Outcome.REMOVED, *[Outcome.RIGHT] * 6]
    assert [assertion.outcome for assertion in case.assertions] == well


def test_an_absent_line_that_the_page_never_says_cannot_fail(rules: Path) -> None:
    path = rules / "sites" / "bench.example.toml"
    path.write_text(RULES.replace('absent = ["You might want to read"]', 'absent = ["A line of another page"]'))
    case = next(iter(workbench.run_tests([rules])))
    assert case.result is Result.FAILED
    wrong = [assertion for assertion in case.assertions if not assertion.holds]
    assert [(assertion.outcome, assertion.what) for assertion in wrong] == [
        (Outcome.WRONG, 'absent "A line of another page"')
    ]
    assert "nowhere" in wrong[0].detail


def test_page_that_is_not_there(rules: Path) -> None:
    case = list(workbench.run_tests([rules]))[2]
    assert case.assertions[0].what == 'page "snap/none.html"'
    assert "No such file" in case.assertions[0].detail


def test_page_beside_the_rule_file_with_its_sidecar(rules: Path) -> None:
    snap = rules / "sites" / "snap"
    snap.mkdir()
    (snap / "none.html").write_text("<p>x <aside class=teasers>y</aside>")
    (snap / "none.html.json").write_text(json.dumps({"url": "https://bench.example/"}))
    assert list(workbench.run_tests([rules]))[2].result is Result.PASSED


def test_a_file_alone(rules: Path) -> None:
    assert len(list(workbench.run_tests([rules / "sites" / "bench.example.toml"]))) == 4


def test_shipped_rules_are_found_without_paths() -> None:
    names = [source.name for source in workbench.rule_files()]
    assert "lang/en" in names
    assert len(names) == len(set(names))


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        workbench.rule_files([tmp_path / "none"])


class TestCommand:
    def test_test(self, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code = main(["rules", "test", str(rules)])
        out, err = capsys.readouterr()
        assert code == Exit.FAILED
        assert "failed: nothing holds" in out
        assert '  overreach  contains "A teaser": removed: related, sites/bench.example/teasers' in out
        assert "all holds" not in out
        assert err == "cleaner: 1 passed, 2 failed, 1 pending (1 removed, 1 kept, 2 missed, 2 overreach)\n"

    def test_verbose(self, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
        main(["rules", "test", str(rules), "-v"])
        assert "passed: all holds" in capsys.readouterr().out

    def test_check(self, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["rules", "check", str(rules)]) in (Exit.OK, Exit.RULES)
        (rules / "sites" / "bad.example.toml").write_text('schema = 1\nsite = "bad.example"\n[[rule]]\nkind = "adds"\n')
        capsys.readouterr()
        code = main(["rules", "check", str(rules)])
        out, err = capsys.readouterr()
        assert code == Exit.RULES
        assert "rules/sites/bad.example.toml:4" in out
        assert err.startswith("cleaner: 2 rule files, ")

    def test_a_broken_file_is_no_failed_test(self, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (rules / "sites" / "bench.example.toml").write_text("schema = 9\n")
        assert main(["rules", "test", str(rules)]) == Exit.RULES
        assert "bench.example.toml:1" in capsys.readouterr().err


class TestNear:
    """What nearly fired; here, for the rules at hand."""

    def near(self, rules: Path, line: str, url: str = "https://bench.example/a") -> dict[str, str]:
        cleaner = Cleaner(rules)
        page = Page(f"<!DOCTYPE html><article><p>{PROSE}</p><p>{line}</p></article>", url)
        article = cleaner.clean(page)
        return {other.rule: other.reason for other in near(cleaner, page, article, [1])[1]}

    def test_a_condition_that_fails(self, rules: Path) -> None:
        assert self.near(rules, "Pass it along")["sites/bench.example/late"] == "would hit it, but for its paths"

    def test_what_fired_did_not_nearly_fire(self, rules: Path) -> None:
        found = self.near(rules, "Pass it along", "https://bench.example/late/a")
        assert "sites/bench.example/late" not in found

    def test_a_phrase_almost_the_same(self, rules: Path) -> None:
        found = self.near(rules, "Pass it on along")
        assert found["sites/bench.example/late"] == 'says almost the same: "Pass it along"'

    def test_another_site(self, rules: Path) -> None:
        assert "sites/bench.example/late" not in self.near(rules, "Pass it along", "https://other.example/")

    def test_disabled(self, rules: Path) -> None:
        path = rules / "sites" / "bench.example.toml"
        path.write_text(RULES.replace("generic/noise/copyright", "sites/bench.example/odd"))
        assert "disables" in self.near(rules, "Under review")["sites/bench.example/odd"]

    def test_nothing(self, rules: Path) -> None:
        assert self.near(rules, PROSE.upper()) == {}


def test_a_built_in_that_is_none_is_a_fault(tmp_path: Path) -> None:
    site = tmp_path / "sites/bench.example.toml"
    site.parent.mkdir()
    site.write_text('schema = 1\nsite = "bench.example"\ndisable = ["builtin/hidden", "builtin/repeated-titel"]\n')
    _, faults = workbench.check([tmp_path])
    assert [fault.line for fault in faults] == [3]
    assert "builtin/repeated-titel" in str(faults[0])
    assert "builtin/repeated-title" in str(faults[0])
