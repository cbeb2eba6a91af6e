"""The report as one HTML file: that it holds what it should, that no page can run in it, that it works in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.compare import PageDiff, Part, compare, compare_page
from cleaner.errors import OutputError
from cleaner.model import Article, Block, Evidence, Fate, Metadata, NoiseKind, Page, Status, Verdict
from cleaner.pipeline import Cleaner
from cleaner.report import DiffReport
from cleaner.storage import find_pages
from tests.browsing import CONTRAST, Elements, Tab, texts
from tests.conftest import ROOT

PROSE = (
    "The lighthouse keeper hands over the keys on Friday, after thirty-one winters and one very long storm. "
    "The lamp has burned without her help since the spring, when the last cable was laid to the rock."
)
ATTACK = "</script><script>window.hit=1</script><img src=x onerror=window.hit=2><!--<script>{{details}}{{script}}"
HOSTILE = f"""<!DOCTYPE html><title>{ATTACK.replace("<", "&lt;")}</title>
<script>window.hit = 3</script><body onload="window.hit=4"><article><h1>{ATTACK.replace("<", "&lt;")}</h1><p>{PROSE}</p>
<p>{PROSE.replace("keeper", "painter")} {ATTACK.replace("<", "&lt;")}</p>
<pre>{ATTACK.replace("<", "&lt;")}</pre><p class="{ATTACK.replace('"', "").replace("<", "&lt;").replace(" ", "")}">Share &lt;b&gt;this&lt;/b&gt;</p>
<a href="javascript:window.hit=5">{PROSE}</a></article></body>"""


def write(target: Path, pages: list[PageDiff], against: str | None = None) -> str:
    with DiffReport(target, subject="raw <&> raw", rules="shipped", against=against) as report:
        for page in pages:
            report.add(page)
    return target.read_text("utf-8")


def samples(against: Cleaner | None = None) -> list[PageDiff]:
    return list(compare(Cleaner(), find_pages([ROOT / "raw"]), against))


class TestFile:
    def test_it_holds_every_page_block_and_reason(self, tmp_path: Path) -> None:
        pages = samples()
        elements = Elements(write(tmp_path / "a.html", pages))
        data = {attributes["id"]: json.loads(text) for attributes, text in elements.all("script") if "id" in attributes}
        index = data["index"]
        assert [row[0] for row in index["pages"]] == [page.article.location for page in pages]
        for number, page in enumerate(pages):
            detail = data[f"page-{number}"]
            assert [block[0] for block in detail["blocks"]] == [part.text for part in page.parts]
            for block, part in zip(detail["blocks"], page.parts, strict=True):
                whys = [(index["rules"][rule], text) for rule, text in (detail["whys"][why] for why in block[9])]
                assert whys == [([one.id, one.where or ""], one.detail) for one in part.verdict.evidence]
            lost = sum(index["pages"][number][10][at] for at in range(2, len(index["pages"][number][10]), 5))
            assert lost == sum(tally.lost for tally in page.sums().values())

    def test_equal_comparisons_give_equal_files(self, tmp_path: Path) -> None:
        assert write(tmp_path / "a.html", samples()) == write(tmp_path / "b.html", samples())

    def test_pages_are_data_and_nothing_else(self, tmp_path: Path) -> None:
        page = compare_page(Cleaner(), Page(HOSTILE, location=ATTACK))
        assert any(ATTACK in part.text for part in page.parts)
        plain, hostile = Elements(write(tmp_path / "a.html", [])), Elements(write(tmp_path / "b.html", [page]))
        assert [name for name, _ in hostile.found if name.strip("/") != "script"] == [
            name for name, _ in plain.found if name.strip("/") != "script"
        ]
        run = [attributes for attributes, _ in hostile.all("script") if attributes.get("type") != "application/json"]
        assert run == [{}]

    def test_the_policy_allows_our_own_script_and_style_and_no_address(self, tmp_path: Path) -> None:
        html = write(tmp_path / "a.html", samples())
        elements = Elements(html)
        policy = next(a["content"] or "" for a, _ in elements.all("meta") if a.get("http-equiv"))
        script = next(text for attributes, text in elements.all("script") if not attributes)
        ((_, style),) = elements.all("style")
        for kind, source in (("script", script), ("style", style)):
            digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http:" not in policy
        assert not [
            a for _, a in elements.found for name in ("src", "href", "style") if name in a and a[name] != "#main"
        ]
        assert not re.search(r"url\(|@import|innerHTML|insertAdjacentHTML|document\.write|eval\(", style + script)

    def test_a_file_that_is_no_report_stays(self, tmp_path: Path) -> None:
        foreign = tmp_path / "a.html"
        foreign.write_text("<p>mine")
        with pytest.raises(OutputError, match="no report of cleaner"):
            write(foreign, [])
        assert foreign.read_text() == "<p>mine"
        write(tmp_path / "b.html", [])
        write(tmp_path / "b.html", [])  # a report may be made anew

    def test_nothing_is_written_if_something_goes_wrong(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), DiffReport(tmp_path / "a.html", subject="", rules=""):
            raise ZeroDivisionError
        assert not list(tmp_path.iterdir())
        (tmp_path / "file").touch()
        with pytest.raises(OutputError):
            write(tmp_path / "file" / "a.html", [])

    def test_the_command(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shutil.copytree(ROOT / "raw", tmp_path / "raw")
        target = tmp_path / "raw/report.html"
        for _ in range(2):  # the second time the report lies among the pages, and is none of them
            assert main(["diff", str(tmp_path / "raw"), "--html", str(target)]) == Exit.OK
            out, err = capsys.readouterr()
            assert "16 pages" in out
            assert f"16 pages in {target}" in err


# ── In a browser ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("report") / "raw.html"
    write(target, samples())
    return target


class TestBrowser:
    def test_no_page_runs_in_it(self, browser: Any, tmp_path: Path) -> None:
        write(
            tmp_path / "a.html",
            [compare_page(Cleaner(), Page(HOSTILE, url="javascript:window.hit=6", location=ATTACK))],
        )
        with Tab(browser, tmp_path / "a.html") as page:
            page.wait_for_selector(".raw-pane .b")
            assert any(ATTACK in text for text in texts(page, ".raw-pane .b"))
            assert ATTACK in page.inner_text(".article")
            for key in "nnnnppjk":
                page.keyboard.press(key)
            assert page.evaluate("window.hit") is None
            assert page.locator("#main a, #main img, #main script").count() == 0

    def test_the_policy_holds_even_if_markup_got_in(self, browser: Any, tmp_path: Path) -> None:
        html = write(tmp_path / "a.html", [])
        injected = html.replace("</body>", "<script>window.hit=1</script><img src=x onerror='window.hit=2'></body>")
        (tmp_path / "b.html").write_text(injected, "utf-8")
        page = browser.new_page()
        page.goto((tmp_path / "b.html").as_uri())
        assert page.locator("img").count() == 1
        assert page.evaluate("window.hit") is None
        page.close()

    def test_the_worst_page_comes_first(self, browser: Any, report: Path) -> None:
        worst = max(samples(), key=lambda page: page.concern)
        with Tab(browser, report) as page:
            assert page.locator(".row").count() == 16
            assert worst.article.metadata.title in page.inner_text(".row >> nth=0")

    def test_pointing_shows_the_rule_its_file_and_line(self, browser: Any, report: Path) -> None:
        with Tab(browser, report) as page:
            page.fill("#search", "trillmag radio.txt")
            page.click(".row")
            page.hover('.raw-pane .b:has-text("You May Also Like")')
            told = page.inner_text("#inspector")
            assert "removed: related" in told
            assert "sites/trillmag.com/also-like" in told
            assert re.search(r"rules/sites/trillmag\.com\.toml:\d+", told)

    def test_the_keyboard_alone_will_do(self, browser: Any, report: Path) -> None:
        with Tab(browser, report) as page:
            page.keyboard.press("/")
            page.keyboard.type("trillmag radio.txt")
            page.keyboard.press("Enter")
            page.wait_for_selector(".raw-pane .b")
            page.keyboard.press("n")
            assert "removed: navigation" in page.inner_text("#inspector")
            assert "rules/sites/trillmag.com.toml:" in page.inner_text("#inspector")
            page.keyboard.press("f")
            assert texts(page, "#active .chip")[0].startswith("sites/trillmag.com/")
            bright = page.locator(".raw-pane .b:not(.off)")
            assert 0 < bright.count() < page.locator(".raw-pane .b").count()
            page.keyboard.press("x")
            page.keyboard.press("v")
            assert not page.is_visible(".clean-pane") and page.is_visible(".raw-pane")
            page.keyboard.press("o")
            assert page.is_visible("#overview")

    def test_the_right_side_is_the_article(self, browser: Any, report: Path) -> None:
        (page_diff,) = (page for page in samples() if page.article.location.endswith("trillmag.com/radio.html"))
        with Tab(browser, report) as page:
            page.fill("#search", "trillmag radio.html")
            page.click(".row")
            body = [text.strip() for text in texts(page, ".article .a")]
            assert body == [part.text for part in page_diff.parts if part.verdict.fate is Fate.KEEP]

    def test_filters_by_kind_and_by_rule(self, browser: Any, report: Path) -> None:
        with Tab(browser, report) as page:
            of_kind = [one for one in samples() if any(reason.kind == "newsletter" for reason in one.sums())]
            page.click("button.measure.k-newsletter")
            assert page.locator(".row").count() == len(of_kind)
            assert page.locator("button.measure.k-newsletter").get_attribute("aria-pressed") == "true"
            assert len(set(texts(page, "tbody td:nth-child(2)"))) == 1
            page.click("tbody .rule >> nth=0")
            assert 0 < page.locator(".row").count() <= len(of_kind)
            page.reload()  # the address keeps the filters
            assert len(texts(page, "#active .chip")) == 3
            page.click("#active .chip.all")
            assert page.locator(".row").count() == 16

    def test_the_chart_adds_up(self, browser: Any, report: Path) -> None:
        lost = sum(tally.lost for one in samples() for tally in one.sums().values())
        number = "Array.from(document.querySelectorAll('{}'), (one) => Number(one.textContent.replace(/[^0-9]/g, ''))).reduce((a, b) => a + b, 0)"
        with Tab(browser, report) as page:
            assert page.evaluate(number.format(".charts section:nth-child(1) .num")) == lost
            assert page.evaluate(number.format(".charts section:nth-child(2) .num")) == lost

    def test_two_rule_sets(self, browser: Any, tmp_path: Path) -> None:
        against = Cleaner(False)
        pages = samples(against)
        write(tmp_path / "a.html", pages, against="none")
        changed = max(pages, key=lambda page: page.concern)
        with Tab(browser, tmp_path / "a.html") as page:
            page.click(".row >> nth=0")
            page.wait_for_selector(".raw-pane .b")
            moved = [part for part in changed.parts if part.change in ("gained", "lost")]
            assert page.locator(".raw-pane .b.gained, .raw-pane .b.lost").count() == len(moved)
            page.keyboard.press("n")
            told = page.inner_text("#inspector")
            assert "before: " in told and "now: " in told
            page.check("label.check input")
            assert page.locator(".raw-pane .b:visible").count() == len(moved)

    @pytest.mark.parametrize(("scheme", "lightest"), [("light", True), ("dark", False)])
    @pytest.mark.parametrize("width", [1280, 600, 360])
    def test_light_dark_wide_and_narrow(
        self, browser: Any, report: Path, scheme: str, lightest: bool, width: int
    ) -> None:
        viewport = {"width": width, "height": 800}
        with Tab(browser, report, "#page=3", color_scheme=scheme, viewport=viewport) as page:
            page.wait_for_selector(".b")
            red = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]")
            assert (int(red) > 128) is lightest
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.keyboard.press("o")
            assert page.evaluate("document.documentElement.scrollWidth") <= width

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_every_kind_can_be_read(self, browser: Any, tmp_path: Path, scheme: str) -> None:
        """Contrast of removed text on its own background: 4.5 at least (WCAG AA)."""
        verdicts = [Verdict(Fate.DROP, kind, evidence=(Evidence("scorer"),)) for kind in NoiseKind]
        verdicts += [Verdict(Fate.METADATA, field="title"), Verdict(Fate.KEEP)]
        write(tmp_path / "a.html", [made("a", verdicts)])
        with Tab(browser, tmp_path / "a.html", color_scheme=scheme) as page:
            page.wait_for_selector(".b")
            contrasts = page.evaluate(CONTRAST, ".raw-pane .b")
            assert len(contrasts) == len(verdicts)
            assert min(contrasts) >= 4.5

    def test_a_thousand_pages_are_quick(self, browser: Any, tmp_path: Path) -> None:
        kinds = list(NoiseKind)
        pages = [
            made(f"raw/{number % 90}/{number}.html", [
                Verdict(Fate.DROP, kinds[(number + at) % len(kinds)], evidence=(Evidence(f"generic/x/r{at % 40}", f"x.toml:{at}"),)) if at % 3 else Verdict(Fate.KEEP)
                for at in range(120)
            ])
            for number in range(1_000)
        ]  # fmt: skip
        write(tmp_path / "a.html", pages)
        with Tab(browser, tmp_path / "a.html") as page:
            assert page.locator(".row").count() < 40  # of a thousand
            for act in ("document.querySelector('button.measure').click()", "document.querySelector('.row').click()"):
                spent = page.evaluate(
                    f"(() => {{ const begun = performance.now(); {act}; document.body.offsetHeight; return performance.now() - begun; }})()"
                )
                assert spent < 500  # measured: 20 and 5 ms
            page.focus("#list")
            page.keyboard.press("End")
            page.wait_for_selector(".row[aria-posinset='1000'][aria-selected=true]")
            assert page.locator(".row").count() < 40


def made(location: str, verdicts: list[Verdict]) -> PageDiff:
    blocks = [Block(index, f"{PROSE} ({index})") for index in range(len(verdicts))]
    article = Article(
        text="", markdown="", metadata=Metadata(title=location), captions=[], blocks=blocks, verdicts=verdicts,
        status=Status.OK, confidence=0.5, location=location,
    )  # fmt: skip
    return PageDiff(
        article,
        [Part(block, block.text, block.words, verdict) for block, verdict in zip(blocks, verdicts, strict=True)],
    )
