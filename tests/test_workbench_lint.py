"""What `cleaner rules check` finds beyond faults, what it leaves alone, and what `--fix` makes of it."""

from __future__ import annotations

import json
import re
import time
import tomllib
from pathlib import Path

import pytest

from cleaner import workbench
from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.rules import RuleBook, RuleFile, Written, parse
from cleaner.workbench import CHECKS, Finding
from cleaner.workbench.lint import Context, css_smells, lint, pattern_smells, token_smells, xpath_smells
from tests.conftest import ROOT

TESTED = '\n[[test]]\ntext = "x"\ncontains = "x"\nfires = ["r", "s"]\n'


def findings(body: str, name: str = "sites/lint.example", *packs: RuleFile) -> list[Finding]:
    site = 'site = "lint.example"\n' if name.startswith("sites/") else ""
    source = f"schema = 1\n{site}{body}"
    written = Written.of(source.encode(), f"{name}.toml")
    file = written.compiled(name, f"{name}.toml")
    return lint(file, written, Context([file, *packs]))


def checks(body: str, name: str = "sites/lint.example", *packs: RuleFile) -> set[str]:
    return {finding.check for finding in findings(body, name, *packs)}


def rule(body: str, id_: str = "r", kind: str = 'kind = "other"') -> str:
    return f'[[rule]]\nid = "{id_}"\n{kind}\n{body}\n'


def of_rule(body: str, kind: str = 'kind = "other"') -> set[str]:
    return checks(rule(body, kind=kind) + TESTED)


def pack(body: str, name: str = "generic/pack") -> RuleFile:
    return parse(f"schema = 1\n{body}".encode(), name, f"{name}.toml")


# ---- selectors


@pytest.mark.parametrize(
    ("selector", "check"),
    [
        ("p", "over-broad"),
        ("*", "over-broad"),
        ("article p", "over-broad"),
        ("div > p", "over-broad"),
        ("p:not(.x)", "over-broad"),
        ("p[class]", "over-broad"),
        ("aside.x, div", "over-broad"),
        ("a[href]", "over-broad"),
        (".entry-content", "over-broad"),
        ("#content", "over-broad"),
        ("[class='x y']", "exact-class"),
        ("div[class=x]", "exact-class"),
        ("[class*='x1 y1']", "exact-class"),
        ("[class='.x']", "never-matches"),
        ("[class~='a b']", "never-matches"),
        ("[href^='']", "never-matches"),
        ("#a#b", "never-matches"),
        ("aside:not(*)", "never-matches"),
        ("related", "never-matches"),
        (".x img", "never-matches"),
        ("li.x:nth-child(0)", "never-matches"),
        ("div.css-1x2y3z", "hashed-name"),
        (".sc-bdVaJa", "hashed-name"),
        (".jsx-1234567 .x", "hashed-name"),
        (".Article_body__3xYz1", "hashed-name"),
        ("[data-v-7ba5bd90].x", "hashed-name"),
        ("#post-12345", "hashed-name"),
        ("li.x:nth-child(3)", "positional"),
        ("html > body > div.x", "absolute"),
        ("div > div > div > div > aside", "absolute"),
        ("[class*=ad]", "loose-substring"),
        ("[class*='ad-']", "loose-substring"),
        ("[id^=ad]", "loose-substring"),
    ],
)
def test_odd_css(selector: str, check: str) -> None:
    assert check in {smell.check for smell in css_smells(selector)}


@pytest.mark.parametrize(
    "selector",
    [
        *(
            "aside",
            "nav",
            "p.x",
            ".x p",
            ".entry-content .x",
            "[id^=ad-]",
            "li:first-child",
            "wp-block-x",
            "p:nth-child(1)",
        ),
        *(
            ".sc-button",
            ".css-grid",
            "[class^='Article_body__']",
            ".block__title",
            ".block__part1",
            "DIV.x",
            "a[rel=prev]",
        ),
        *("[class~=x]", "main > .x", "p:has(.x)", ".td_block_wrap", ".has-text-align-center", "a[href^='mailto:?']"),
    ],
)
def test_good_css(selector: str) -> None:
    assert css_smells(selector) == ()


@pytest.mark.parametrize(
    ("expression", "check"),
    [
        ("//p", "over-broad"),
        ("//body//ol", "over-broad"),
        ("//div[@class]", "over-broad"),
        ("//aside[@id='x'] | //p", "over-broad"),
        ("//div[@class='a b']", "exact-class"),
        ("//div[contains(@class, 'a1b2 c')]", "exact-class"),
        ("//div[@class='.x']", "never-matches"),
        ("//DIV[@id='a']", "never-matches"),
        ("//div[@Class='a']", "never-matches"),
        ("//section[data-x='1']", "never-matches"),
        ("//articel", "never-matches"),
        ("//img[@id='x']", "never-matches"),
        ("//div[@id='a' or 'b']", "always-matches"),
        ("//div['x']", "always-matches"),
        ("//div[contains('x', @id)]", "always-matches"),
        ("//div[contains(normalize-space(@id), '')]", "always-matches"),
        ("/html/body/div[@id='x']", "absolute"),
        ("//div[@id='x']/p[3]", "positional"),
        ("//div[@id='x' and position() = 2]", "positional"),
        ("//div[contains(@class, 'ad')]", "loose-substring"),
        ("//div[@id='css-1x2y3z']", "hashed-name"),
    ],
)
def test_odd_xpath(expression: str, check: str) -> None:
    assert check in {smell.check for smell in xpath_smells(expression)}


@pytest.mark.parametrize(
    "expression",
    [
        "//div[@id='x']//p",
        "//footer[not(ancestor::blockquote or ancestor::main)]",
        "//a[@rel='x' and contains(., 'foo (bar)')]",
        "//div[p = 'x']",
        "//h2[normalize-space()='Related']/following-sibling::ul[1]",
        "//div[count(p) > 2]",
        "//div[contains(concat(' ', normalize-space(@class), ' '), ' x ')]",
        "//li[@id='a'][last()]",
    ],
)
def test_good_xpath(expression: str) -> None:
    assert xpath_smells(expression) == ()


def test_tokens() -> None:
    found = {token: {smell.check for smell in token_smells(token)} for token in ("div.x", "ad*", "content", "jsx-123")}
    assert found == {
        "div.x": {"never-matches"},
        "ad*": {"loose-substring"},
        "content": {"over-broad"},
        "jsx-123": {"hashed-name"},
    }
    assert not any(map(token_smells, ("ad-*", "*-ad", "tnp", "related-posts", "md:hidden")))


# ---- patterns and phrases


@pytest.mark.parametrize(
    ("pattern", "check"),
    [
        ("^Related", "redundant-anchor"),
        (r"Related\\$", "redundant-anchor"),
        ("(?:a)?(?:b)*", "always-matches"),
        (r"a\nb", "never-matches"),
        ("a  b", "never-matches"),
        (" a", "never-matches"),
        ("a ", "never-matches"),
    ],
)
def test_odd_patterns(pattern: str, check: str) -> None:
    assert {smell.check for smell in pattern_smells(pattern)} == {check}


@pytest.mark.parametrize("pattern", [r"a\$", "a ?", r"[ \n]a", r"a\t?b", r"x\\nb", "(?:a| b)c", r"\d{1,3}"])
def test_good_patterns(pattern: str) -> None:
    assert pattern_smells(pattern) == ()


def test_patterns_that_match_any_line() -> None:
    for pattern in (".+", ".{20,400}", r"[^\d]+", "(?P<v>.+)"):
        assert "catch-all" in of_rule(f"line = '{pattern}'"), pattern
    assert "catch-all" in of_rule("line = '.*'\nmax_words = 5")
    assert "catch-all" not in of_rule("line = '.*'\nmax_words = 2")
    assert "catch-all" not in of_rule("line = 'By .+'")


def test_a_pattern_that_takes_a_paragraph() -> None:
    assert of_rule("line = '.*captcha.*'") == {"loose-pattern"}
    assert of_rule("line = '.{0,80}captcha.*'") == set()
    assert of_rule("line = '.*captcha.*'\nmax_words = 20") == set()
    assert of_rule("line = '.*captcha.*'\nwhen = { zone = \"tail\" }") == set()


def test_phrases() -> None:
    assert of_rule('phrase = "the"') == {"short-phrase"}
    assert of_rule('phrase = "X"') == {"short-phrase"}
    assert of_rule('phrase = "X"\nwhen = { zone = ["head", "tail"] }') == set()
    assert of_rule('phrase = ["Share this", "広告"]') == set()
    assert of_rule('phrase = "one two three"\nmax_words = 2') == {"never-matches"}


# ---- rules


def test_the_catastrophic_rule_is_caught() -> None:
    (finding,) = findings(rule('css = "p"') + TESTED)
    assert str(finding) == (
        'sites/lint.example.toml:6: rule r: css "p": every <p> of the page is hit, running text included '
        "(name a class, an id, or `text`) [over-broad]"
    )


def test_what_narrows_a_broad_selector() -> None:
    assert of_rule('css = "p"\ntext = "^Read more"') == set()
    assert of_rule('css = "p"\nwhen = { zone = "tail" }') == set()
    assert of_rule('css = "p"\nwhen = { zone = ["main", "tail"] }') == {"over-broad"}
    assert of_rule('css = "h1"\nfield = "title"', kind='action = "to_meta"') == set()
    assert of_rule('css = "p"', kind='action = "keep"') == {"over-broad"}
    assert of_rule('token = "content"') == {"over-broad"}
    assert of_rule('css = "p"\ntext = "x?"') == {"always-matches"}


def test_body_and_metadata() -> None:
    assert checks('[body]\ncss = ["article", "main .entry-content", ".content"]\n') == set()
    assert checks('[body]\ncss = "div"\n') == {"over-broad"}
    assert checks("[body]\nxpath = \"//div[@class='a']\"\n") == {"exact-class"}
    assert checks('[fetch]\nnext_page = { css = ["link[rel=next]", "a.next"] }\n') == set()
    assert checks("[fetch]\nnext_page = { xpath = \"//a[@class='next']\" }\n") == {"exact-class"}
    assert checks('[meta]\ntitle = { css = "h1" }\nimage = { css = "img", attr = "src" }\n') == set()
    assert checks("[meta]\ntitle = { xpath = '//meta[property=\"og:title\"]/@content' }\n") == {"never-matches"}
    assert checks("[meta]\ndate = [{ line = '^Published (?P<v>.+)$' }]\n") == {"redundant-anchor"}


def test_block_tests_that_prose_passes() -> None:
    assert of_rule('section = { head = { kind = "heading" } }') == {"over-broad"}
    assert of_rule("run = { each = { max_words = 40 } }") == {"over-broad"}
    assert of_rule("pair = { first = { max_words = 30 }, second = { min_words = 2 } }") == {"over-broad"}
    assert of_rule("run = { each = { max_words = 3, sentence = false } }") == set()
    assert of_rule('pair = { first = "Next", second = { max_words = 30 } }') == set()
    assert of_rule('section = { head = "Related", each = { max_words = 40 } }') == set()
    assert of_rule('section = { head = { phrase = "x y", min_words = 9, max_words = 3 } }') == {"never-matches"}


def test_conditions() -> None:
    assert of_rule('token = "x"\nwhen = { zone = ["head", "main", "tail"] }') == {"always-matches"}
    assert of_rule('token = "x"\nwhen = { paths = ["/*"] }') == {"always-matches"}
    assert of_rule('token = "x"\nwhen = { paths = ["/news?id=*"] }') == {"never-matches"}
    assert of_rule('token = "x"\nwhen = { paths = ["/news/*"] }') == set()
    assert of_rule('token = "x"\nmax_share = 1') == {"no-guard"}


def test_a_date_is_compared_with_those_of_tests() -> None:
    body = rule('token = "x"\nwhen = { valid_until = 2020-01-01 }')
    assert checks(body + TESTED) == set()  # no clock is asked
    assert checks(body + TESTED + "captured = 2024-05-01\n") == {"expired"}
    assert checks(body + TESTED + "captured = 2019-05-01\n" + TESTED + "captured = 2024-05-01\n") == set()


# ---- files


def test_said_twice() -> None:
    assert of_rule('token = ["x", "X"]') == {"duplicate"}
    assert of_rule('phrase = ["Read more", "read more »"]') == {"duplicate"}
    assert checks('[phrases]\na = ["X", "X"]\n' + rule('phrase = ["@a"]\nmax_words = 2') + TESTED) == {"duplicate"}
    assert checks('[phrases]\na = ["Read on"]\n' + rule('phrase = ["@a", "Read on"]') + TESTED) == {"duplicate"}
    same = rule('section = { head = "Read on" }') + rule('section = { head = "Read on" }', "s")
    assert checks(same + TESTED) == {"duplicate"}


def test_two_rules_say_the_same_only_where_one_covers_the_other() -> None:
    assert checks(rule('token = "x"') + rule('token = "x"\nmax_words = 9', "s") + TESTED) == {"duplicate"}
    two = [rule(f'token = "x"\nwhen = {{ zone = "{zone}" }}', id_) for zone, id_ in (("head", "r"), ("tail", "s"))]
    assert checks("".join(two) + TESTED) == set()
    kept = rule('token = "x"') + rule('token = "x"', "s", 'action = "keep"')
    assert checks(kept + TESTED) == set()


def test_what_a_pack_says_anyway() -> None:
    site = rule('token = "x"') + TESTED
    same = rule('token = "x"', "there")
    (finding,) = findings(site, "sites/lint.example", pack(same))
    assert (finding.check, finding.line) == ("duplicate-of-pack", 6)
    assert "generic/pack/there" in finding.why
    assert checks(site, "sites/lint.example", pack('[when]\nlang = "de"\n' + same)) == set()
    assert checks(site, "sites/lint.example", pack(same.replace('"other"', '"share"'))) == set()
    assert checks(site, "sites/lint.example", pack(same + 'when = { zone = "tail" }')) == set()
    assert checks('disable = ["generic/pack/there"]\n' + site, "sites/lint.example", pack(same)) == set()
    bound = pack('[when]\nif_present = { css = ".x" }\n' + same, "platforms/wp")
    assert checks(site, "sites/lint.example", bound) == set()
    assert checks('extends = ["platforms/wp"]\n' + site, "sites/lint.example", bound) == {"duplicate-of-pack"}
    by_set = pack('[phrases]\nmore = "Read on"\n' + rule('phrase = "@more"', "there"))
    assert checks(rule('phrase = "Read on!"') + TESTED, "sites/lint.example", by_set) == {"duplicate-of-pack"}


def test_rules_without_a_test() -> None:
    assert checks(rule('token = "x"')) == {"untested"}
    assert checks(rule('token = "x"'), "generic/x") == set()
    assert checks("probation = true\n" + rule('token = "x"')) == set()
    (finding,) = findings(rule('token = "x"') + rule('token = "y"', "t") + TESTED)
    assert (finding.rule, finding.line) == ("t", 7)


def test_phrase_sets_that_nobody_names() -> None:
    phrases = '[phrases]\nmore = ["Read on", "Go on"]\n'
    assert checks(phrases) == {"unused-phrases"}
    assert checks(phrases, "lang/en", pack(rule('phrase = "@more"'))) == set()


def test_signs_of_a_site() -> None:
    assert checks('recognise = ["Lint Daily prints on Mondays", "The Lint Shop"]\n') == set()
    assert checks('recognise = ["Comments", "The Lint Shop"]\n') == {"common-recognise"}
    known = pack(rule('phrase = "Leave a reply"'))
    assert checks('recognise = ["Leave a Reply:", "The Lint Shop"]\n', "sites/lint.example", known) == {
        "common-recognise"
    }
    sister = parse(
        b'schema = 1\nsite = "a.example"\nrecognise = ["The lint shop", "Lint news"]', "sites/a.example", "a"
    )
    assert checks('recognise = ["The Lint Shop", "Lint News"]\n', "sites/lint.example", sister) == {"common-recognise"}


def test_a_site_laid_over_itself_is_no_other_site() -> None:
    body = 'recognise = ["The Lint Shop", "Lint News"]\n'
    below = parse(f'schema = 1\nsite = "lint.example"\n{body}'.encode(), "sites/lint.example", "below.toml")
    assert checks(body, "sites/lint.example", below) == set()


def test_a_comment_allows_a_finding() -> None:
    assert of_rule('css = "p"  # allow: over-broad (there is one)') == set()
    assert of_rule('css = "p"  # allow: positional') == {"over-broad"}
    body = rule('css = [\n  "p",  # allow: absolute, over-broad\n  "div",\n]') + TESTED
    assert [finding.line for finding in findings(body)] == [8]
    assert checks((rule('css = "p"') + TESTED).replace("[[rule]]", "[[rule]]  # allow: over-broad")) == set()


def test_findings_stand_in_the_order_of_lines_with_a_check_that_is_listed() -> None:
    body = '[phrases]\nnobody = "Read on"\n' + rule('css = ["p", "div"]\nmax_share = 1\nline = "^.*"')
    found = findings(body)
    assert [finding.line for finding in found] == sorted(finding.line for finding in found)
    assert {finding.check for finding in found} <= set(CHECKS)
    assert len(found) == 8


def test_windows_line_ends_move_no_line() -> None:
    body = 'schema = 1\nsite = "lint.example"\n' + rule('css = "p"') + TESTED
    source = body.replace("\n", "\r\n")
    written = Written.of(source.encode(), "x.toml")
    file = written.compiled("sites/lint.example", "x.toml")
    assert [finding.line for finding in lint(file, written, Context([file]))] == [6]


# ---- shipped files, documents


def test_shipped_files_are_clean() -> None:
    report = workbench.examine()
    assert [str(entry) for entry in (*report.faults, *report.findings)] == []
    assert report.files == len(RuleBook.load().files())


def test_every_check_is_in_the_documents_and_can_be_had() -> None:
    manual = (ROOT / "docs/RULES.md").read_text("utf-8")
    section = manual.split("## What `check` says")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE) == list(CHECKS)
    tests = Path(__file__).read_text("utf-8")
    assert [check for check in CHECKS if f'"{check}"' not in tests] == []


def test_the_example_of_the_documents_says_what_they_say() -> None:
    section = (ROOT / "docs/RULES.md").read_text("utf-8").split("## What `check` says")[1]
    source, said = re.findall(r"```(?:toml)?\n(.+?)```", section, re.DOTALL)[:2]
    written = Written.of(source.encode(), "sites/example.com.toml")
    file = written.compiled("sites/example.com", "sites/example.com.toml")
    assert "".join(f"{finding}\n" for finding in lint(file, written, Context([file]))) == said


# ---- mending

BROKEN = """\
schema = 1 # a comment
site = "lint.example"

[body]
css = "div[class='a b']"

[[rule]]
id = "r"
kind = "other"
css = ['[class="x y"]', "[class=z] p"]
xpath = "//div[@class='a b']"   # stays
line = [
  '^Read more', # one
  "Read  this",
]
phrase = ["Read on", "read on!",
  "READ ON", 'Go on', "Go on:"]

[[test]]
text = "x"
contains = "x"
fires = "r"
"""
MENDED = """\
schema = 1 # a comment
site = "lint.example"

[body]
css = "div.a.b"

[[rule]]
id = "r"
kind = "other"
css = ['.x.y', ".z p"]
xpath = "//div[contains(concat(' ', normalize-space(@class), ' '), ' a ') and \
contains(concat(' ', normalize-space(@class), ' '), ' b ')]"   # stays
line = [
  'Read more', # one
  "Read this",
]
phrase = ["Read on",
  'Go on']

[[test]]
text = "x"
contains = "x"
fires = "r"
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("rules/sites/lint.example.toml")
    path.parent.mkdir(parents=True)
    path.write_text(BROKEN, "utf-8")
    return path


def test_fix_changes_strings_and_nothing_around_them(broken: Path) -> None:
    broken.chmod(0o640)
    mended = workbench.mend([Path("rules")])
    assert broken.read_text("utf-8") == MENDED
    assert len(mended) == 9
    assert broken.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in broken.parent.iterdir()] == [broken.name]
    assert workbench.mend([Path("rules")]) == []
    assert workbench.examine([Path("rules")]).findings == []


def test_fix_keeps_line_ends_and_byte_order_mark(broken: Path) -> None:
    broken.write_bytes(b"\xef\xbb\xbf" + BROKEN.replace("\n", "\r\n").encode())
    workbench.mend([Path("rules")])
    assert broken.read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()


def test_fix_leaves_alone_what_it_cannot_place(broken: Path) -> None:
    text = BROKEN.replace("'^Read more'", "'''^Read more'''").replace(
        '"[class=z] p"', '"[class=z] p", "[class=\'2 b\']"'
    )
    broken.write_text(text, "utf-8")
    workbench.mend([Path("rules")])
    after = broken.read_text("utf-8")
    assert "'''^Read more'''" in after  # a string of several lines may be
    assert "[class='2 b']" in after  # no class is written .2
    assert {finding.check for finding in workbench.examine([Path("rules")]).findings} == {
        "redundant-anchor",
        "exact-class",
    }


def test_fix_mends_a_large_file_at_once(broken: Path) -> None:
    rules = "".join(rule(f"css = \"[class='a{n} b']\"\nline = '^Read {n}'", f"r{n}") for n in range(600))
    odd = rule('css = "[class=\'x y\']"\nline = """^Read"""', "odd")
    other = Path("rules/generic/large.toml")
    other.parent.mkdir()
    more = rules.replace('id = "r', 'id = "s').replace("Read", "Hear").replace("='a", "='c")
    other.write_text(f"schema = 1\n{rules}{odd}{more}", "utf-8")
    begun = time.process_time()
    assert len(workbench.mend([other])) == 1 + 2 * 2 * 600
    assert time.process_time() - begun < 20  # one by one, it took minutes
    assert other.read_text("utf-8").count("^") == 1


def test_fix_leaves_a_file_with_faults(broken: Path) -> None:
    text = BROKEN.replace("kind =", "knd =")
    broken.write_text(text, "utf-8")
    assert workbench.mend([Path("rules")]) == []
    assert broken.read_text("utf-8") == text


# ---- the command


class TestCommand:
    def test_findings_are_no_faults_unless_one_is_strict(
        self, broken: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["rules", "check", "rules"]) == Exit.OK
        out, err = capsys.readouterr()
        assert out.startswith("rules/sites/lint.example.toml:5: [body] css")
        assert err == "cleaner: 1 rule file, no faults, 9 findings\n"
        assert main(["rules", "check", "--strict", "rules"]) == Exit.RULES

    def test_json(self, broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (broken.parent / "bad.example.toml").write_text("schema = 2\n", "utf-8")
        assert main(["rules", "check", "--format", "json", "rules"]) == Exit.RULES
        record = json.loads(capsys.readouterr().out)
        assert record["files"] == 2
        assert record["faults"][0]["file"] == "rules/sites/bad.example.toml"
        first = record["findings"][0]
        assert (first["check"], first["line"], first["rule"], first["fixable"]) == ("exact-class", 5, None, True)
        assert record["mended"] == []

    def test_github(self, broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
        source = BROKEN.replace("'^Read more'", "'100 %, ^::error::'").replace('"Read  this"', '"a  %"')
        broken.write_text(source, "utf-8")
        (broken.parent / "bad.example.toml").write_text("schema = 2\n", "utf-8")
        main(["rules", "check", "--format", "github", "rules"])
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("::error file=rules/sites/bad.example.toml,line=1,title=fault::")
        assert lines[2].startswith("::warning file=rules/sites/lint.example.toml,line=5,title=exact-class::[body] css")
        assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)
        assert any('line "a %25"' in line for line in lines)

    def test_fix(self, broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["rules", "check", "--fix", "rules"]) == Exit.OK
        out, err = capsys.readouterr()
        assert out == ""
        assert err == "cleaner: 1 rule file, no faults, 9 mended\n"


def test_many_files_are_checked_in_time_that_grows_with_them(tmp_path: Path) -> None:
    """Ten times as many files take little more than ten times as long."""

    def seconds(count: int) -> float:
        root = tmp_path / str(count)
        (root / "sites").mkdir(parents=True)
        for number in range(count):
            site = f"s{number}.example"
            body = BROKEN.replace("lint.example", site)
            tomllib.loads(body)
            (root / "sites" / f"{site}.toml").write_text(body, "utf-8")
        begun = time.process_time()
        assert len(workbench.examine([root]).findings) == 9 * count
        return time.process_time() - begun

    seconds(1)
    assert seconds(400) < 20 * seconds(40)
