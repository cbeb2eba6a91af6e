"""What README and CONTRIBUTING say is true: their Python runs, their rule file does what they say, their links lead on."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Final

import pytest

import cleaner
from cleaner import workbench
from cleaner.model import NoiseKind
from cleaner.workbench import Result
from tests.conftest import ROOT, need_formats

DOCUMENTS: Final = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/RULES.md",
    "docs/EXAMPLES.md",
    "docs/FORMATS.md",
    "docs/TUNING.md",
    "docs/WALKTHROUGH.md",
    "docs/ARCHITECTURE.md",
)
EXAMPLES: Final = dict(
    re.findall(
        r"^## ([^\n]+)\n(.+?)(?=^## |\Z)", (ROOT / "docs/EXAMPLES.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
)
TEST: Final = '[[test]]\nurl = "https://example.com/a"'
WALK: Final = ROOT / "raw/copperladle.example/pie.html"


@pytest.mark.parametrize("formats", [False, True], ids=["plain", "formats"])
def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch, formats: bool) -> None:
    monkeypatch.chdir(ROOT)
    document = (ROOT / "README.md").read_text("utf-8")
    if formats:
        need_formats()
    else:
        document, _, _ = document.partition("## In a pipeline")
    test = doctest.DocTestParser().get_doctest(document, {}, "README.md", "README.md", 0)
    failed, tried = doctest.DocTestRunner().run(test)
    assert tried > (12 if formats else 5)
    assert failed == 0


def test_the_walk_adds_a_site(tmp_path: Path) -> None:
    (rules,) = re.findall(r"```toml\n(.+?)```", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.DOTALL)
    file = tmp_path / "sites/copperladle.example.toml"
    file.parent.mkdir()
    file.write_text(rules, "utf-8")
    assert workbench.check([tmp_path]) == (1, [])
    assert [case.result for case in workbench.run_tests([tmp_path])] == [Result.PASSED]
    gone = {entry.block.text: entry.verdict.evidence[0].id for entry in cleaner.clean(WALK, rules=tmp_path).removed}
    assert gone["Join 40,000 cooks and get our free booklet by email."] == "sites/copperladle.example/signup"
    prompt = next(text for text in gone if text.startswith("Did you make this recipe?"))
    assert gone[prompt] == "sites/copperladle.example/tried-it"


def test_there_is_an_example_of_every_kind_of_noise() -> None:
    assert {kind for title in EXAMPLES for kind in title.split(", ")} == set(NoiseKind)


@pytest.mark.parametrize("kinds", EXAMPLES)
def test_the_examples_hold_in_html_and_in_dumps(tmp_path: Path, kinds: str) -> None:
    (rules,) = re.findall(r"```toml\n(.+?)```", EXAMPLES[kinds], re.DOTALL)
    file = tmp_path / "sites/example.com.toml"
    file.parent.mkdir()
    file.write_text(f'schema = 1\nsite = "example.com"\n\n{rules}'.replace("[[test]]", TEST), "utf-8")
    report = workbench.examine([tmp_path])
    assert (report.faults, report.findings) == ([], [])
    cases = list(workbench.run_tests([tmp_path]))
    assert [[(one.what, one.detail) for one in case if not one.holds] for case in cases] == [[], []]
    assert [("html =" in case, "text =" in case) for case in rules.split("[[test]]")[1:]] == [
        (True, False),
        (False, True),
    ]
    assert set(re.findall(r'kind = "([a-z-]+)"', rules)) <= set(kinds.split(", "))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    document = ROOT / name
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (document.parent / link).exists()] == []


def test_every_command_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name in DOCUMENTS:
        for block in re.findall(r"```sh\n(.+?)```", (ROOT / name).read_text("utf-8"), re.DOTALL):
            assert set(re.findall(r"^make ([a-z-]+)", block, re.MULTILINE)) <= targets
