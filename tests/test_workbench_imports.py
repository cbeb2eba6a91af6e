"""Importing other programs' rules: what each line becomes, that nothing is lost silently, and that it runs quickly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.cssselect import CSSSelector

from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import NoiseKind, Page
from cleaner.pipeline import Cleaner
from cleaner.rules import RuleBook, RuleFile, Tier, load_file
from cleaner.rules.expressions import ElementIndex, SelectorIndex, compile_css
from cleaner.workbench.imports import Fate, Group, Report, import_abp, import_ftr
from cleaner.workbench.imports.drafts import Draft, guess_kind, make_host, rule_id, write
from cleaner.workbench.imports.selectors import UntranslatedError, translate
from cleaner.workbench.imports.xpaths import alternatives, as_css, rewritten, split_attribute
from tests.rule_pages import page_of_html

BODY = "<p>The ferry leaves at nine, and the captain waits for nobody who oversleeps on the island.</p>" * 4


def ftr(tmp_path: Path, **files: str) -> Report:
    """Import site configs; `example_com` stands for example.com.txt, `_example_com` for .example.com.txt."""
    folder = tmp_path / "configs"
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.txt").write_text(text, "utf-8")
    return checked(import_ftr(folder, tmp_path / "out"), tmp_path)


def abp(tmp_path: Path, *lists: str, kind: NoiseKind = NoiseKind.ADVERTISEMENT) -> Report:
    paths = []
    for number, text in enumerate(lists):
        paths.append(tmp_path / f"list-{number}.txt")
        paths[-1].write_text(text, "utf-8")
    return checked(import_abp(paths, tmp_path / "out", kind), tmp_path)


def checked(report: Report, tmp_path: Path) -> Report:
    out = tmp_path / "out"
    if report.written:
        assert RuleBook.load([out]).check() == []
    return report


def file_of(tmp_path: Path, name: str) -> RuleFile:
    return load_file(tmp_path / "out" / f"{name}.toml", name)


def text_of(tmp_path: Path, html: str, url: str = "https://example.com/news/1") -> str:
    """Clean a page with nothing but the imported rules."""
    page = Page(f"<html><body>{html}</body></html>", url, "text/html")
    return Cleaner([tmp_path / "out"], judge="none").clean(page).text


def fate_of(report: Report, text: str) -> tuple[Fate, str]:
    (line,) = [line for line in report.lines if line.text == text]
    return line.fate, line.reason


class TestFtr:
    def test_a_site(self, tmp_path: Path) -> None:
        report = ftr(
            tmp_path,
            example_com="""
                # a comment
                title: //h1[@class='head']
                author: //meta[@name="byl"]/@content
                author: substring-after(//p[@class='by'], 'By ')
                date://time/@datetime
                body: //div[@id='story'] | //section[contains(@class, 'text')]
                body: //article
                strip: //div[@class='share bar']
                strip: //ul/li[2]
                strip_id_or_class: promo
                tidy: no
                test_url: https://example.com/a
                test_contains: the captain waits
                test_url: https://example.com/b
            """,
        )
        assert report.whole == report.imported == report.read == 1
        file = file_of(tmp_path, "sites/example.com")
        assert file.tier is Tier.PROBATION
        assert {rule.tier for rule in file.rules} == {Tier.PROBATION}
        assert [str(s) for s in file.body.selectors] == [
            'css div#story, section[class*="text"]',
            "css article",
        ]  # type: ignore[union-attr]
        found = [(e.field, str(e.selector), e.attr) for e in file.extractors]
        assert found == [
            ("title", 'css h1[class="head"]', None),
            ("authors", 'css meta[name="byl"]', "content"),
            ("authors", "xpath substring-after(//p[@class='by'], 'By ')", None),
            ("date", "css time", "datetime"),
        ]
        assert [str(rule.selectors[0]) if rule.selectors else rule.tokens[0] for rule in file.rules] == [
            'css div[class="share bar"]',
            "xpath //ul/li[2]",
            "promo",
        ]
        assert {rule.source for rule in file.rules} == {"ftr"}
        assert [(test.url, test.contains, test.pending) for test in file.tests] == [
            ("https://example.com/a", ("the captain waits",), True),
            ("https://example.com/b", (), True),
        ]
        assert fate_of(report, "tidy: no")[0] is Fate.NEEDLESS
        written = (tmp_path / "out/sites/example.com.toml").read_text("utf-8")
        for line in ("strip: //ul/li[2]", "body: //article", "date://time/@datetime"):
            assert f"# {line}\n" in written

    def test_it_removes(self, tmp_path: Path) -> None:
        ftr(
            tmp_path,
            example_com="strip_id_or_class: promo\nstrip_id_or_class: ad_\nstrip: //p[contains(., 'Also here')]\n"
            "strip_id_or_class: box wide\n",
        )
        noise = (
            '<div class="promo">Buy a boat</div><div class="promotion-free">A fine day</div><div id="ad_7">Buy two</div>'
            '<p>Also here: boats</p><div class="a box wide b">Wide box</div><div class="box">Narrow box</div>'
        )
        text = text_of(tmp_path, BODY + noise)
        assert "The ferry leaves" in text
        assert [part for part in ("Buy a boat", "Buy two", "Also here", "Wide box") if part in text] == []
        assert "A fine day" in text, "promo is a whole name"
        assert "Narrow box" in text

    @pytest.mark.parametrize(
        ("value", "token"),
        [("promo", "promo"), ("ad_", "ad_*"), ("-teaser", "*-teaser"), ("-ad-", "*-ad-*"), ("'promo'", "promo")],
    )
    def test_names(self, tmp_path: Path, value: str, token: str) -> None:
        ftr(tmp_path, example_com=f"strip_id_or_class: {value}")
        assert file_of(tmp_path, "sites/example.com").rules[0].tokens == (token,)

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ("strip: //div[", "bad XPath"),
            ("strip: //div[contains(@class='x')]", "bad XPath"),
            ("strip: //p/text()", "selects bare text: a rule marks elements"),
            ("strip: //p[1]/ancestor::div[1]", "XPath beyond what files on probation may ask"),
            ("strip_id_or_class: .promo", "no class or id"),
            ("titl: //h1", "unknown directive"),
            ("no colon here", "no directive: a line without colon"),
            ("single_page_link: //a[@rel='all']", "about fetching: pages are cleaned as they were saved"),
            ("http_header(user-agent): x", "about fetching: pages are cleaned as they were saved"),
            ("replace_string(<b>): <i>", "rewrites raw HTML"),
            ("replace_string: <i>", "replace_string without find_string"),
            ("find_string: <i>", "find_string without replace_string"),
            ("test_contains: words", "test_contains without a test_url above it"),
            ("move_into(//div): //p", "moves content: the body keeps the order of the page"),
        ],
    )
    def test_what_is_not_translated_is_listed(self, tmp_path: Path, line: str, reason: str) -> None:
        report = ftr(tmp_path, example_com=f"{line}\nbody: //article\n")
        assert fate_of(report, line) == (Fate.UNTRANSLATED, reason)
        assert report.imported == 1, "the rest is"
        assert report.whole == 0
        assert dict(report.reasons()) == {reason: 1}

    def test_the_link_to_the_next_page(self, tmp_path: Path) -> None:
        lines = ["next_page_link: //a[@class='next']/@href", "next_page_link: (//div[@id='pager']/a)[last()]"]
        report = ftr(tmp_path, example_com="\n".join(lines))
        assert [line.fate for line in report.lines] == [Fate.TRANSLATED] * 2
        assert report.imported == 1
        said = file_of(tmp_path, "sites/example.com").next_page
        assert said is not None
        assert [selector.text for selector in said.selectors] == [
            "//a[@class='next']",
            "(//div[@id='pager']/a)[last()]",
        ]

    def test_every_line_has_a_fate(self, tmp_path: Path) -> None:
        lines = ["title: //h1", "strip: //img", "strip: //p/@style", "prune: no", "wrap_in(h2): //b", "oops", "body:"]
        report = ftr(tmp_path, example_com="\n".join(["# comment", "", *lines]))
        assert sorted(line.text for line in report.lines) == sorted(lines)
        assert [line.where for line in report.lines] == [f"example.com.txt:{number}" for number in range(3, 10)]

    def test_part_of_a_line(self, tmp_path: Path) -> None:
        line = "strip: //div[@id='x']/text() | //div[@id='x']/p"
        report = ftr(tmp_path, example_com=line)
        assert fate_of(report, line)[0] is Fate.UNTRANSLATED
        assert str(file_of(tmp_path, "sites/example.com").rules[0].selectors[0]) == "css div#x > p"

    def test_replacements_that_end_the_page(self, tmp_path: Path) -> None:
        report = ftr(
            tmp_path,
            example_com="""
                find_string: <div id="more">
                replace_string: </body></html><!--
                replace_string(<h3>Also on this site): </body></html>
                replace_string(Copyright 2011 The Harbour): <!--
                replace_string(<hr>): </body></html>
            """,
        )
        rules = {str(rule.action): rule for rule in file_of(tmp_path, "sites/example.com").rules}
        assert set(rules) == {"cut_after"}
        assert report.share(Group.REPLACE) == pytest.approx(4 / 5)
        text = text_of(tmp_path, f"{BODY}<h3>Also on this site</h3><p>Boats for sale.</p>")
        assert "Boats" not in text
        assert "Boats" in text_of(tmp_path, f"{BODY}<h3>Elsewhere</h3><p>Boats for sale.</p>")

    def test_what_is_commented_out_between_two_marks_is_no_end(self, tmp_path: Path) -> None:
        report = ftr(tmp_path, example_com="replace_string(<aside>): <!--\nreplace_string(</aside>): -->")
        assert report.rules == 0
        assert dict(report.reasons()) == {"rewrites raw HTML": 2}

    def test_a_condition(self, tmp_path: Path) -> None:
        report = ftr(
            tmp_path,
            example_com="strip: //aside\nif_page_contains: //h2[@id='live']\nbody: //p\nif_page_contains: //b\n",
        )
        assert fate_of(report, "if_page_contains: //h2[@id='live']")[0] is Fate.TRANSLATED
        assert fate_of(report, "body: //p")[0] is Fate.UNTRANSLATED
        assert "Aside" in text_of(tmp_path, f"{BODY}<aside>Aside</aside>")
        assert "Aside" not in text_of(tmp_path, f"<h2 id=live>Live</h2>{BODY}<aside>Aside</aside>")

    def test_a_body_is_css_or_xpath_never_both(self, tmp_path: Path) -> None:
        ftr(tmp_path, example_com="body: (//article)[1]\nbody: //div[@id='x']\n")
        body = file_of(tmp_path, "sites/example.com").body
        assert body is not None
        assert [str(selector) for selector in body.selectors] == ["xpath (//article)[1]", "xpath //div[@id='x']"]

    def test_a_host_and_what_lies_below_it_are_one_file(self, tmp_path: Path) -> None:
        report = ftr(tmp_path, _example_com="body: //main\nstrip: //nav", example_com="body: //article\nstrip: //nav")
        assert (report.read, report.written) == (2, 1)
        file = file_of(tmp_path, "sites/example.com")
        assert file.body is not None
        assert [selector.text for selector in file.body.selectors] == ["article", "main"], "its own first"
        assert len(file.rules) == 1

    def test_files_for_all(self, tmp_path: Path) -> None:
        report = ftr(
            tmp_path,
            **{
                "global": "title: //meta[@property='og:title']/@content",
                "fingerprint_wordpress_com": "body: //article",
            },
            LICENSE="words",
        )
        assert file_of(tmp_path, "generic/ftr").extractors[0].attr == "content"
        assert file_of(tmp_path, "platforms/ftr-wordpress").when.if_present
        assert dict(report.reasons()) == {"no host name": 1}

    def test_nothing_to_import(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no site configs"):
            import_ftr(tmp_path, tmp_path / "out")
        with pytest.raises(InputError, match="no such folder"):
            import_ftr(tmp_path / "none", tmp_path / "out")


class TestAbp:
    def test_hosts(self, tmp_path: Path) -> None:
        report = abp(tmp_path, "example.com,www.boats.example##.ad > b\n##.teaser\nexample.com,shop.*##.box\n! note\n")
        assert [rule.selectors[0].text for rule in file_of(tmp_path, "sites/example.com").rules] == [".ad > b", ".box"]
        assert [rule.selectors[0].text for rule in file_of(tmp_path, "sites/boats.example").rules] == [".ad > b"]
        rules = file_of(tmp_path, "generic/abp-list-0").rules
        assert [(rule.selectors[0].text, rule.kind, rule.tier) for rule in rules] == [
            (".teaser", NoiseKind.ADVERTISEMENT, Tier.PROBATION)
        ]
        assert report.share(Group.REMOVAL) == pytest.approx(2 / 3), "a line of which a part is lost counts as lost"
        assert fate_of(report, "example.com,shop.*##.box")[1] == "a host with a wildcard"

    def test_exceptions(self, tmp_path: Path) -> None:
        noise = '<div class="teaser">A teaser</div>'
        report = abp(
            tmp_path,
            "~quiet.example##.teaser\nexample.com,~www2.example.com##.box\nexample.com##.line",
            "loud.example#@#.teaser\nexample.com#@#.nothing\nsub.example.com#@#.line\n##.gone\n#@#.gone\n",
        )
        assert report.share() == 1.0
        assert "A teaser" not in text_of(tmp_path, BODY + noise, "https://example.com/")
        for host in ("quiet.example", "news.quiet.example", "loud.example"):
            assert "A teaser" in text_of(tmp_path, BODY + noise, f"https://{host}/")
        box = '<div class="box">A box</div><div class="line">A line</div>'
        for host, left in (("example.com", ""), ("www2.example.com", "A box"), ("sub.example.com", "A line")):
            text = text_of(tmp_path, BODY + box, f"https://{host}/")
            assert [part for part in ("A box", "A line") if part in text] == ([left] if left else []), host
        assert fate_of(report, "##.gone") == (Fate.NEEDLESS, "another line takes it back")
        assert fate_of(report, "example.com#@#.nothing")[0] is Fate.NEEDLESS

    @pytest.mark.parametrize(
        ("selector", "gone", "kept"),
        [
            (".a:has-text(Buy)", '<p class="a">Buy this</p>', '<p class="a">Read this</p>'),
            (".a:has-text(/^(Buy|Sell)$/)", '<p class="a">Buy</p>', '<p class="a">Read, buy</p>'),
            (".a:-abp-contains(Buy (now))", '<p class="a">Buy (now)</p>', '<p class="a">Read now</p>'),
            ("div:has(> .ad)", '<div><p class="ad">Buy</p></div>', '<div><p><b class="ad">Read</b></p></div>'),
            ("div:-abp-has(.ad, .pr)", '<div><p><b class="pr">Buy</b></p></div>', "<div><p>Read</p></div>"),
            (
                "b.ad:upward(2)",
                '<div><p>Buy <b class="ad">x</b></p></div>',
                '<div><p>Read <b class="no">x</b></p></div>',
            ),
            ("p:has-text(Pay) + p", "<p>Pay</p><p>Buy</p>", "<p>See</p><p>Read</p>"),
            (".x:is(.a, .b)", '<p class="x b">Buy</p>', '<p class="x c">Read</p>'),
            ("p:not(.a, .b)", '<p class="c">Buy</p>', '<p class="a">Read</p>'),
            ("p:not(:has(b))", "<p>Buy</p>", "<p><b>Read</b></p>"),
            ("p:min-text-length(20)", "<p>Buy this, and then that</p>", "<p>Read</p>"),
            (':xpath(//p[@title="x"])', '<p title="x">Buy</p>', '<p title="y">Read</p>'),
            ("p.a:remove()", '<p class="a">Buy</p>', '<p class="b">Read</p>'),
            ('^p[title="x"]', '<p title="x">Buy</p>', '<p title="y">Read</p>'),
            (".a:matches-path(/news/)", '<p class="a">Buy</p>', '<p class="b">Read</p>'),
            (".a, p:has-text(Buy)", '<p>Buy</p><p class="a">Buy</p>', "<p>Read</p>"),
        ],
    )
    def test_selectors(self, tmp_path: Path, selector: str, gone: str, kept: str) -> None:
        assert abp(tmp_path, f"example.com##{selector}").share() == 1.0
        source = f"<body><section>{gone}</section><section>{kept}</section></body>"
        document = page_of_html(source, "https://example.com/news/1")
        marks = RuleBook.load([tmp_path / "out"]).for_page(document).mark(document)
        hit = "".join("".join(document.pieces[mark.first : mark.end]) for mark in marks if mark.rule.source == "abp")
        assert "Buy" in hit
        assert "Read" not in hit

    @pytest.mark.parametrize(
        ("line", "group", "reason"),
        [
            ("example.com##+js(set, x, true)", Group.SCRIPT, "a script"),
            ("example.com#%#window.x = 1;", Group.SCRIPT, "a script"),
            ("example.com##^script:has-text(ads)", Group.SCRIPT, "a script"),
            ("example.com##body:style(overflow: auto)", Group.STYLE, "a style"),
            ("example.com#$#body { overflow: auto }", Group.STYLE, "a style"),
            ("||example.com^$script", Group.NETWORK, "a network filter"),
            ("@@||example.com^$ghide", Group.NETWORK, "a network filter"),
            ("/ads/banner.", Group.NETWORK, "a network filter"),
            ("shop.*##.a", Group.REMOVAL, "a host with a wildcard"),
            ("example.com##.a:upward(.b)", Group.REMOVAL, ":upward() with a selector looks up the tree"),
            (
                "example.com##.a:matches-css(color: red)",
                Group.REMOVAL,
                ":matches-css() asks for what a saved page does not hold",
            ),
            ("example.com##.a:has-text(/(?=x)/)", Group.REMOVAL, "a pattern that RE2 does not know"),
            ("example.com##.a[", Group.REMOVAL, "brackets that do not close"),
            ("example.com##.a:hover", Group.REMOVAL, "no CSS of ours"),
        ],
    )
    def test_what_is_not_translated_is_listed(self, tmp_path: Path, line: str, group: Group, reason: str) -> None:
        report = abp(tmp_path, line)
        (found,) = report.lines
        assert (found.group, found.fate, found.reason) == (group, Fate.UNTRANSLATED, reason)
        assert report.written == 0

    def test_long_lists_are_split_and_exceptions_follow(self, tmp_path: Path) -> None:
        lines = [f"##.unit-{number}" for number in range(4_100)]
        report = abp(tmp_path, "\n".join([*lines, "example.com#@#.unit-4099"]))
        assert (report.rules, report.written) == (4_100, 3)
        page = '<div class="unit-4099">A unit</div>'
        assert "A unit" in text_of(tmp_path, BODY + page)
        assert "A unit" not in text_of(tmp_path, BODY + page, "https://boats.example/")

    def test_kinds(self, tmp_path: Path) -> None:
        abp(tmp_path, "##.newsletter\n##.x", kind=NoiseKind.OTHER)
        assert [rule.kind for rule in file_of(tmp_path, "generic/abp-list-0").rules] == ["newsletter", "other"]

    @given(st.text(alphabet="ab.#:>()[]'\"=~^*,+ /\\has-textnoupwdxp", max_size=40))
    @settings(deadline=None)
    def test_any_selector_is_translated_or_refused(self, selector: str) -> None:
        try:
            matchers = translate(selector)
        except UntranslatedError as error:
            assert error.reason
        else:
            assert matchers


class TestFiles:
    def test_the_same_lines_give_the_same_bytes(self, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir()
            ftr(tmp_path / folder, b_example="strip: //nav\nbody: //article", a_example="strip_id_or_class: x")
        one, two = (sorted((tmp_path / folder / "out").rglob("*.toml")) for folder in ("one", "two"))
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
        assert len(one) == 2

    def test_another_import_takes_the_place_of_the_first(self, tmp_path: Path) -> None:
        abp(tmp_path, "a.example##.x\nb.example##.y")
        abp(tmp_path, "b.example##.z")
        assert [path.name for path in (tmp_path / "out/sites").iterdir()] == ["b.example.toml"]
        assert file_of(tmp_path, "sites/b.example").rules[0].selectors[0].text == ".z"

    def test_nothing_is_written_beside_the_work_of_people(self, tmp_path: Path) -> None:
        mine = tmp_path / "out/sites/example.com.toml"
        mine.parent.mkdir(parents=True)
        mine.write_text('schema = 1\nsite = "example.com"\n', "utf-8")
        with pytest.raises(OutputError, match="not made by an import"):
            abp(tmp_path, "example.com##.x")
        assert mine.read_text("utf-8").startswith("schema")

    @pytest.mark.parametrize("link", ["sites", "sites/a.example.toml"])
    def test_links_are_not_written_through(self, tmp_path: Path, link: str) -> None:
        mine = tmp_path / "mine"
        out = tmp_path / "out"
        (out / link).parent.mkdir(parents=True)
        if link == "sites":
            mine.mkdir()
        else:
            mine.write_text(
                "# Imported by cleaner; another import overwrites this file. Mend it in a file of the same name elsewhere."
            )
        before = mine.read_bytes() if mine.is_file() else None
        (out / link).symlink_to(mine)
        draft = Draft("sites/a.example", "x")
        draft.disable.add("generic")
        with pytest.raises(OutputError, match="is a link"):
            write([draft], out)
        assert (mine.read_bytes() if mine.is_file() else None) == before
        assert mine.is_file() or not [*mine.iterdir()]

    def test_lines_that_toml_has_to_escape(self, tmp_path: Path) -> None:
        odd = 'strip: //div[@title="it\'s\\\\\t\x7f"]'
        ftr(tmp_path, example_com=f"{odd}\ntest_url: x\ntest_contains: a \"b\" 'c' \\d\n")
        (test,) = file_of(tmp_path, "sites/example.com").tests
        assert test.contains == ("a \"b\" 'c' \\d",)

    def test_hosts(self) -> None:
        assert make_host("WWW.Example.com") == "example.com"
        assert make_host(".example.com") == "example.com"
        assert make_host("bücher.example") == "xn--bcher-kva.example"
        assert make_host("README") is None
        assert make_host("a..b") is None

    def test_ids_are_stable_and_apart(self) -> None:
        assert rule_id("strip", "//div") == rule_id("strip", "//div")
        assert rule_id("strip", "//div[@x='a']") != rule_id("strip", "//div[@x='A']")

    def test_kinds_are_guessed_from_whole_words(self) -> None:
        assert guess_kind("top-ad") is NoiseKind.ADVERTISEMENT
        assert guess_kind("ContentAd") is NoiseKind.ADVERTISEMENT
        assert guess_kind("badge-shadow") is NoiseKind.OTHER
        assert guess_kind("comments") is NoiseKind.COMMENTS


class TestCommand:
    def test_ftr(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "configs").mkdir()
        (tmp_path / "configs/example.com.txt").write_text("body: //article\nreplace_string(a): b\n", "utf-8")
        arguments = ["rules", "import", "ftr", str(tmp_path / "configs"), "-o", str(tmp_path / "out")]
        assert main([*arguments, "-v"]) == Exit.OK
        out, err = capsys.readouterr()
        assert "1 file read, 1 imported, 0 of them whole" in out
        assert "example.com.txt:2: rewrites raw HTML: replace_string(a): b" in out
        assert "1 rule file with 0 rules" in err
        assert main([*arguments, "--format", "json"]) == Exit.OK
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert report["share_of_all"] == 1.0
        assert report["untranslated_by_reason"] == {"rewrites raw HTML": 1}
        assert main(["rules", "check", str(tmp_path / "out")]) == Exit.OK
        assert main(["rules", "test", str(tmp_path / "out")]) == Exit.OK

    def test_abp(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "list.txt").write_text("##.x\n", "utf-8")
        arguments = ["rules", "import", "abp", str(tmp_path / "list.txt"), "-o", str(tmp_path / "out")]
        assert main([*arguments, "--kind", "cookie-notice"]) == Exit.OK
        assert file_of(tmp_path, "generic/abp-list").rules[0].kind == "cookie-notice"
        assert main([*arguments, "--kind", "cookies"]) == Exit.USAGE
        assert 'unknown kind "cookies"' in capsys.readouterr().err


# ---- XPath as CSS ----------------------------------------------------------------------------------------------------

TAGS, NAMES, VALUES = ("div", "p", "ul"), ("class", "id", "title"), ("a", "b", "a b", "ab", "x-a")
conditions = st.deferred(
    lambda: st.one_of(
        st.builds("@{}".format, st.sampled_from(NAMES)),
        st.builds("@{}='{}'".format, st.sampled_from(NAMES), st.sampled_from(VALUES)),
        st.builds('contains(@{}, "{}")'.format, st.sampled_from(NAMES), st.sampled_from(VALUES)),
        st.builds("starts-with(@{},'{}')".format, st.sampled_from(NAMES), st.sampled_from(VALUES)),
        st.builds("contains(concat(' ',normalize-space(@class),' '),' {} ')".format, st.sampled_from(("a", "b", "ab"))),
        st.builds("not({})".format, conditions),
        st.builds("({} or {})".format, conditions, conditions),
        st.builds("{} and {}".format, conditions, conditions),
    )
)
steps = st.builds("{}{}".format, st.sampled_from((*TAGS, "*")), st.builds("[{}]".format, conditions) | st.just(""))
paths = st.builds(
    "//{}{}".format, steps, st.lists(st.builds("{}{}".format, st.sampled_from(("/", "//", "/following-sibling::")), steps), max_size=2).map("".join)
)  # fmt: skip
expressions = st.lists(paths, min_size=1, max_size=2).map(" | ".join)
backwards = st.one_of(
    st.builds("{}/ancestor::{}".format, paths, steps),
    st.builds("{}/preceding-sibling::{}".format, paths, steps),
    st.builds("//{}[ancestor::{}]".format, steps, steps),
    st.builds("{}/ancestor::{}/{}".format, paths, steps, steps),
)
attributes = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=2)
trees = st.recursive(
    st.tuples(st.sampled_from(TAGS), attributes, st.just([])),
    lambda inner: st.tuples(st.sampled_from(TAGS), attributes, st.lists(inner, max_size=3)),
    max_leaves=12,
)


def grown(tree: Any) -> etree._Element:
    root = etree.Element("body")

    def grow(parent: etree._Element, node: Any) -> None:
        element = etree.SubElement(parent, node[0], node[1])
        for child in node[2]:
            grow(element, child)

    grow(root, tree)
    return root


@given(expressions, trees)
@settings(deadline=None, max_examples=300)
def test_css_hits_what_the_xpath_hits(expression: str, tree: Any) -> None:
    css = as_css(expression)
    if css is None:
        return
    root = grown(tree)
    assert CSSSelector(css, translator="html")(root) == etree.XPath(expression)(root), css


@given(backwards, trees)
@settings(deadline=None, max_examples=300)
def test_rewritten_expressions_hit_the_same(expression: str, tree: Any) -> None:
    root = grown(tree)
    assert etree.XPath(rewritten(expression))(root) == etree.XPath(expression)(root), rewritten(expression)


@pytest.mark.parametrize(
    ("expression", "css"),
    [
        ("//div[@id='x']", "div#x"),
        ("//*[@id='x']", "#x"),
        ("//div[@class='a b']/p//a[@href]", 'div[class="a b"] > p a[href]'),
        ('//p[contains(concat(" ", normalize-space(@class), " "), " by ")]', "p.by"),
        ("//a[@x='1' or @y]", 'a[x="1"], a[y]'),
        ("//h2 | //h3", "h2, h3"),
        ("""//a[@title='say "x"']""", r'a[title="say \"x\""]'),
    ],
)
def test_as_css(expression: str, css: str) -> None:
    assert as_css(expression) == css


@pytest.mark.parametrize(
    "expression",
    ["//ul/li[2]", "//p[contains(., 'x')]", "(//p)[1]", "//p/..", "//a/@href", "//DIV", "//p[contains(@x, '')]", "//p["],
)  # fmt: skip
def test_what_css_cannot_say(expression: str) -> None:
    assert as_css(expression) is None


def test_backwards_is_turned_round() -> None:
    assert rewritten("//a[@x]/ancestor::div[@y]") == "//div[@y][.//a[@x]]"
    assert rewritten("//h3/preceding-sibling::ul") == "//ul[following-sibling::h3]"
    assert rewritten("//p[ancestor::div[@x]]") == "//div[@x]//p"
    assert rewritten('id("x")//p') == '//*[@id="x"]//p'
    assert rewritten("//a/ancestor::div[1]") == "//a/ancestor::div[1]", "the nearest one cannot be said otherwise"


def test_splitting() -> None:
    assert alternatives("//a[x | y] | //b['|']") == ["//a[x|y]", "//b['|']"]
    assert split_attribute("//meta[@name='x']/@content") == ("//meta[@name='x']", "content")
    assert split_attribute("//meta[@name='x']") == ("//meta[@name='x']", None)


# ---- many selectors --------------------------------------------------------------------------------------------------

compounds = st.builds(
    "{}{}".format,
    st.sampled_from(("", "div", "p", "ul")),
    st.one_of(
        st.sampled_from((".a", ".b", ".ab", "#a", "#x-a", "[title]", "[id]", '[class="a b"]')),
        st.builds('[{}{}="{}"]'.format, st.sampled_from(NAMES), st.sampled_from(("^", "$", "*", "~", "|", "")), st.sampled_from(VALUES)),
    ),
)  # fmt: skip
selectors = st.lists(st.lists(compounds, min_size=1, max_size=2).map(" ".join), min_size=1, max_size=2).map(", ".join)


@given(st.lists(selectors, min_size=1, max_size=8), trees)
@settings(deadline=None, max_examples=200)
def test_the_index_misses_nothing(sources: list[str], tree: Any) -> None:
    compiled = [compile_css(source, probation=True, use="elements") for source in sources]
    document = page_of_html(etree.tostring(grown(tree), method="html", encoding="unicode"))
    elements = ElementIndex(document)
    possible = SelectorIndex(compiled).possible(elements)
    hits = [index for index, selector in enumerate(compiled) if selector.evaluate(document.root)]
    assert set(hits) <= set(possible)
    assert possible == sorted(set(possible))
    assert all(elements.select(compiled[index]) == compiled[index].evaluate(document.root) for index in possible)


def test_what_is_not_on_the_page_is_not_looked_at() -> None:
    """A page costs what is on it: of thousands of selectors only those are left whose class, id or value it has."""
    sources = [f".unit-{number}" for number in range(3_000)] + [f"#slot_{number}" for number in range(1_000)]
    sources += [f'div[id^="gpt-{number}-"]' for number in range(500)] + [
        f'a[href*="/ad{number}/"]' for number in range(500)
    ]
    index = SelectorIndex([compile_css(source, probation=True, use="elements") for source in sources])
    page = page_of_html(
        '<body><div class="x unit-7"></div><p id="slot_3">x</p><div id="gpt-4-top">y</div><a href="https://x/ad5/">z</a>'
    )
    found = [sources[at] for at in index.possible(ElementIndex(page))]
    assert found == [".unit-7", "#slot_3", 'div[id^="gpt-4-"]', 'a[href*="/ad5/"]']
