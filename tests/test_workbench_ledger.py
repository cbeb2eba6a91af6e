"""The ledger: what each rule did over pages made for it, what the counts say, and what changed between two."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import Page, Status
from cleaner.pipeline import Cleaner
from cleaner.storage import find_pages
from cleaner.workbench.ledger import Bookkeeper, Entry, Ledger, Standing, Tally, drift, standing
from tests.conftest import ROOT

SITE = "sites/mill.example"
SENTENCES = (
    "The old mill by the weir ground its last sack of rye in the spring, after the wheel had lost three paddles.",
    "Its owner says that a new shaft must come from a forge two valleys away, and that the forge is busy until May.",
    "Bakers in the town have begun to order their flour from the coast, which costs them a fifth more than before.",
    "A society of neighbours wants to buy the building, and has collected half of the sum since the first snow fell.",
    "The county will decide in June whether the weir may stay, because salmon have been seen below it again.",
    "Until then the mill stands open on Sundays, and visitors may turn the smaller stone with their own hands.",
)
RULES = """
schema = 1
site = "mill.example"
disable = ["generic/noise/related", "generic/noise/related-token", "sites/mill.example/off"]

[meta]
section = [{ line = 'Filed under (?P<v>.+)' }]
tags = [{ css = ".labels a" }]

[[rule]]
id = "teasers"
kind = "related"
css = "div.box-of-teasers"

[[rule]]
id = "teaser-lines"
kind = "related"
css = "div.box-of-teasers p"

[[rule]]
id = "teasers-in-dumps"
kind = "related"
section = { head = "More from the valley", max_lines = 3 }

[[rule]]
id = "never"
kind = "share"
css = "div.of-a-template-long-gone"

[[rule]]
id = "second-paragraph"
kind = "other"
css = "p.second"

[[rule]]
id = "greedy"
kind = "other"
css = "article.wide p"

[[rule]]
id = "kept"
action = "keep"
css = "p.third"

[[rule]]
id = "seen"
action = "flag"
kind = "other"
phrase = "Under review"

[[rule]]
id = "off"
kind = "other"
css = "p"
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Write an overlay of one site file."""
    path = tmp_path / "rules" / "sites" / "mill.example.toml"
    path.parent.mkdir(parents=True)
    path.write_text(RULES)
    return tmp_path / "rules"


def page(
    *lines: str,
    second: str = "",
    box: bool = True,
    wide: bool = False,
    day: int = 1,
    url: str = "https://mill.example/a",
) -> Page:
    """Return an article of the site, with a box of teasers under it."""
    body = [
        f'<p class="{second if at == 1 else "third" if at == 2 else ""}">{text}</p>'
        for at, text in enumerate(SENTENCES)
    ]
    teasers = '<div class="box-of-teasers"><p>A forge that waits for coal</p><p>Rye is dear</p></div>' if box else ""
    html = (
        f"<!DOCTYPE html><html lang=en><title>The mill</title><article class={'wide' if wide else 'slim'}>"
        f"<h1>The mill by the weir</h1>{''.join(f'<p>{line}</p>' for line in lines)}{''.join(body)}</article>{teasers}"
    )
    return Page(html, url, "text/html", captured=datetime(2026, 9, day), location=f"pages/{day:02}.html")


def dump(day: int = 1) -> Page:
    text = "\n\n".join([*SENTENCES, "More from the valley\nA forge that waits\nRye is dear"])
    return Page(text, "https://mill.example/b", "text/plain", captured=datetime(2026, 9, day))


def counted(rules: Path, pages: Iterable[Page], *, harm: bool = False) -> Ledger:
    keeper = Bookkeeper(Cleaner(rules), harm=harm)
    for each in pages:
        assert keeper.clean(each).status is Status.OK
    return keeper.ledger


def tally(ledger: Ledger, rule: str, medium: str = "html") -> Tally:
    return ledger.entries[f"{SITE}/{rule}"].media[medium]


def test_counts(rules: Path) -> None:
    ledger = counted(rules, [page(day=2), page(box=False, day=5), page(day=3)])
    boxes = tally(ledger, "teaser-lines")
    assert (boxes.seen, boxes.fired, boxes.decided, boxes.sole, boxes.tripped) == (3, 2, 2, 0, 0)
    assert (boxes.words, boxes.alone) == (2 * 9, 0)  # the rule for the whole box hits the same
    assert (boxes.first_seen, boxes.last_seen, boxes.last_fired) == ("2026-09-02", "2026-09-05", "2026-09-03")
    assert (ledger.pages, ledger.first, ledger.last) == ({"html": 3}, "2026-09-02", "2026-09-05")
    never = tally(ledger, "never")
    assert (never.seen, never.fired, never.last_fired) == (3, 0, None)


def test_the_rule_that_decides_shadows_the_other(rules: Path) -> None:
    boxes = tally(counted(rules, [page()]), "teasers")
    assert (boxes.fired, boxes.decided, boxes.words, boxes.outdone_by) == (1, 0, 0, f"{SITE}/teaser-lines")
    assert standing(boxes) == (Standing.SHADOWED, f"behind {SITE}/teaser-lines")


def test_share_of_the_body_at_risk(rules: Path) -> None:
    ledger = counted(rules, [page(second="second"), page(second="plain")])
    second = tally(ledger, "second-paragraph")
    prose = len(SENTENCES[1].split())
    rest = len(" ".join(SENTENCES).split()) - prose
    assert (second.sole, second.prose, second.alone, second.body) == (1, prose, prose, rest)  # of the page it fired on
    assert second.risk == pytest.approx(prose / (prose + rest))
    assert tally(ledger, "kept").risk == 0.0


def test_html_and_text_apart(rules: Path) -> None:
    ledger = counted(rules, [page(), dump(), dump()])
    entry = ledger.entries[f"{SITE}/teasers-in-dumps"]
    assert (entry.media["html"].seen, entry.media["html"].fired) == (1, 0)
    assert (entry.media["text"].seen, entry.media["text"].fired) == (2, 2)
    assert "text" not in ledger.entries[f"{SITE}/teasers"].media  # a dump has no elements


def test_extractors_are_rules(rules: Path) -> None:
    ledger = counted(rules, [page("Filed under Water"), page()])
    section = tally(ledger, "[meta].section")
    assert (section.seen, section.fired, section.decided) == (2, 1, 1)
    assert tally(ledger, "[meta].tags").fired == 0


def test_an_extractor_that_is_outdone(rules: Path) -> None:
    path = rules / "sites" / "mill.example.toml"
    path.write_text(RULES.replace("section = [", "date = [{ css = 'title' }]\nsection = ["))
    found = tally(counted(rules, [page()]), "[meta].date")
    assert (found.fired, found.decided) == (1, 0)  # "The mill" is no date
    assert standing(found)[0] is Standing.SHADOWED


def test_flag_and_keep_and_disabled(rules: Path) -> None:
    ledger = counted(rules, [page("Under review")])
    assert (tally(ledger, "seen").fired, tally(ledger, "seen").decided) == (1, 1)
    assert (tally(ledger, "kept").fired, tally(ledger, "kept").sole) == (1, 0)
    assert f"{SITE}/off" not in ledger.entries
    assert "generic/noise/related" not in ledger.entries


def test_a_guard_that_trips(rules: Path) -> None:
    greedy = tally(counted(rules, [page(wide=True), page()]), "greedy")
    assert (greedy.seen, greedy.fired, greedy.tripped, greedy.worst) == (2, 0, 1, (0, "pages/01.html"))
    verdict, why = standing(greedy)
    assert verdict is Standing.HARMFUL
    assert why == "a guard skips it on 1 of the 1 pages it hits, as on pages/01.html"


def test_the_floor_is_a_guard_too(rules: Path) -> None:
    path = rules / "sites" / "mill.example.toml"
    greedy = RULES.replace('css = "article.wide p"', 'css = "article.wide p"\nmax_share = 1.0')
    path.write_text(greedy.replace('css = "p.third"', 'css = "p.nothing"'))
    assert tally(counted(rules, [page(wide=True)]), "greedy").tripped == 1


def test_body_is_a_rule(rules: Path) -> None:
    path = rules / "sites" / "mill.example.toml"
    path.write_text(RULES.replace("[meta]", '[body]\ncss = "article.slim"\n\n[meta]'))
    ledger = counted(rules, [page("Filed under Water"), page(wide=True), dump()])
    body = tally(ledger, "[body]")
    assert (body.seen, body.fired, body.decided) == (2, 1, 1)
    assert "text" not in ledger.entries[f"{SITE}/[body]"].media


def test_only_the_first_body_is_asked(rules: Path) -> None:
    pack = rules / "platforms" / "mills.toml"
    pack.parent.mkdir()
    pack.write_text('schema = 1\n[body]\ncss = "article"\n')
    path = rules / "sites" / "mill.example.toml"
    path.write_text(RULES.replace("[meta]", '[body]\ncss = "article.slim"\n\n[meta]'))
    ledger = counted(rules, [page(), page(wide=True), page()])
    assert tally(ledger, "[body]").seen == 3
    assert ledger.entries["platforms/mills/[body]"].media["html"].seen == 1


class TestHarm:
    def test_prose_that_the_scorer_is_sure_is_body(self, rules: Path) -> None:
        pages = [page(second="second", day=day) for day in (4, 2)]
        second = tally(counted(rules, pages, harm=True), "second-paragraph")
        words = len(SENTENCES[1].split())
        assert (second.judged, second.sure) == (2 * words, 2 * words)
        assert second.worst == (words, "pages/02.html")  # of equals the first by name, whatever the order
        assert standing(second)[0] is Standing.HARMFUL

    def test_not_asked_it_says_nothing(self, rules: Path) -> None:
        second = tally(counted(rules, [page(second="second")]), "second-paragraph")
        assert (second.judged, second.sure) == (0, 0)
        assert standing(second)[0] is Standing.LIVE

    def test_within_a_body(self, rules: Path) -> None:
        path = rules / "sites" / "mill.example.toml"
        path.write_text(RULES.replace("[meta]", '[body]\ncss = "article"\n\n[meta]'))
        second = tally(counted(rules, [page(second="second")], harm=True), "second-paragraph")
        assert second.sure == second.judged > 0

    def test_shipped_rules_do_none_on_the_samples(self) -> None:
        keeper = Bookkeeper(Cleaner(), harm=True)
        for source in find_pages([ROOT / "raw"]):
            keeper.clean(source.read())
        tallies = [each for entry in keeper.ledger.entries.values() for each in entry.media.values()]
        assert sum(each.judged for each in tallies) > 0
        assert [each for each in tallies if standing(each)[0] is Standing.HARMFUL] == []


def test_counting_does_not_change_what_is_cleaned() -> None:
    keeper, cleaner = Bookkeeper(Cleaner(), harm=True), Cleaner()
    for source in find_pages([ROOT / "raw"]):
        read = source.read()
        mine, its = keeper.clean(read), cleaner.clean(read)
        assert (mine.text, mine.verdicts, mine.notes) == (its.text, its.verdicts, its.notes)


def test_every_rule_that_has_a_say_is_in_the_ledger() -> None:
    """The roster is made from files, verdicts from the book: neither may know a rule that the other does not."""
    keeper = Bookkeeper(Cleaner())
    said: set[tuple[str, str]] = set()
    for source in find_pages([ROOT / "raw"]):
        article = keeper.clean(source.read())
        medium = "html" if article.media_type == "text/html" else "text"
        ids = {evidence.id for verdict in article.verdicts for evidence in verdict.evidence}
        said |= {(id_, medium) for id_ in ids if id_.rpartition("/")[0] in article.rules}
    tallies = {
        (id_, medium): each for id_, entry in keeper.ledger.entries.items() for medium, each in entry.media.items()
    }
    assert said
    assert said <= {key for key, each in tallies.items() if each.fired}
    assert all(each.seen >= each.fired + each.tripped for each in tallies.values())


def test_most_specific_site_and_topmost_overlay_hide_a_rule(rules: Path) -> None:
    (rules / "sites" / "news.mill.example.toml").write_text(
        'schema = 1\nsite = "news.mill.example"\n[[rule]]\nid = "never"\nkind = "other"\nphrase = "Under review"\n'
    )
    over = rules.parent / "over" / "sites" / "mill.example.toml"
    over.parent.mkdir(parents=True)
    over.write_text('schema = 1\nsite = "mill.example"\n[[rule]]\nid = "seen"\nkind = "other"\nphrase = "Nothing"\n')
    keeper = Bookkeeper(Cleaner([rules, over.parents[1]]))
    keeper.clean(page("Under review", url="https://news.mill.example/a"))
    assert f"{SITE}/never" not in keeper.ledger.entries
    assert keeper.ledger.entries["sites/news.mill.example/never"].media["html"].fired == 1
    assert keeper.ledger.entries[f"{SITE}/seen"].action == "drop"
    assert keeper.ledger.entries[f"{SITE}/teasers"].media["html"].seen == 1


def test_pages_in_front_of_a_site_are_set_aside(rules: Path) -> None:
    keeper = Bookkeeper(Cleaner(rules))
    keeper.clean(Page("<!DOCTYPE html><p>Please verify you are human", "https://mill.example/a"))
    assert (keeper.ledger.aside, keeper.ledger.pages.total(), keeper.ledger.entries) == (1, 0, {})


def test_a_page_that_cannot_be_read_is_not_counted(rules: Path) -> None:
    keeper = Bookkeeper(Cleaner(rules))
    assert keeper.clean(Page(b"%PDF-1.7\x00\x01", "https://mill.example/a")).status is Status.UNREADABLE
    assert keeper.ledger == Ledger()


class TestMerge:
    def test_parts_are_the_whole_in_any_order(self, rules: Path) -> None:
        pages = [
            page(day=day, box=day % 3 > 0, second="second" if day % 2 else "", wide=day == 7) for day in range(1, 9)
        ]
        pages += [dump(day) for day in (3, 9)]
        whole = counted(rules, pages, harm=True).as_json()
        random.Random(7).shuffle(pages)
        parts = Ledger()
        for part in (pages[7:], pages[:3], pages[3:7]):
            parts.merge(counted(rules, part, harm=True))
        assert json.dumps(parts.as_json()) == json.dumps(whole)

    def test_the_ledger_can_be_asked_at_any_time(self, rules: Path) -> None:
        keeper = Bookkeeper(Cleaner(rules))
        keeper.clean(page())
        assert tally(keeper.ledger, "never").seen == 1
        keeper.clean(page())
        assert tally(keeper.ledger, "never").seen == 2
        assert keeper.ledger.as_json() == counted(rules, [page(), page()]).as_json()

    def test_many_sites(self, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.workbench.ledger._ROSTERS", 1)  # each forgets the one before
        other = Page(page().content, "https://elsewhere.example/")
        ledger = counted(rules, [page(), other, page(), other])
        assert tally(ledger, "never").seen == 2
        assert ledger.entries["generic/noise/nav-element"].media["html"].seen == 4

    numbers = st.integers(0, 9)
    days = st.none() | st.dates().map(str)
    tallies = st.builds(
        Tally,
        *[numbers] * 11,
        first_seen=days,
        last_seen=days,
        last_fired=days,
        outdone_by=st.none() | st.sampled_from("ab"),
        worst=st.none() | st.tuples(numbers, st.sampled_from("ab")),
    )

    @given(tallies, tallies, tallies)
    def test_a_sum(self, a: Tally, b: Tally, c: Tally) -> None:
        def summed(*parts: Tally) -> Tally:
            total = Tally()
            for part in parts:
                total.merge(part)
            return total

        assert summed(a, b, c) == summed(c, a, b) == summed(a, summed(b, c))


class TestJson:
    def test_round_trip(self, rules: Path, tmp_path: Path) -> None:
        ledger = counted(rules, [page(second="second"), page(wide=True), dump()], harm=True)
        ledger.save(tmp_path / "a.json")
        assert Ledger.load(tmp_path / "a.json") == ledger
        ledger.save(tmp_path / "a.json")  # over an older one
        assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")] == []

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("{", "Expecting"),
            ("[]", "no ledger"),
            ('{"ledger": 2}', "version 2"),
            ('{"ledger": 1, "files": []}', "broken ledger"),
            ('{"ledger": 1, "files": {}, "pages": {}, "aside": 0, "first": 0, "last": 0, "rules": {"a": 1}}', "broken"),
        ],
    )
    def test_what_is_none(self, tmp_path: Path, content: str, reason: str) -> None:
        path = tmp_path / "a.json"
        path.write_text(content)
        with pytest.raises(InputError, match=reason):
            Ledger.load(path)
        with pytest.raises(OutputError, match="not written over"):
            Ledger().save(path)
        assert path.read_text() == content

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError, match="no folder"):
            Ledger().save(tmp_path / "none" / "a.json")


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ({"seen": 49}, Standing.DORMANT),
        ({"seen": 50}, Standing.DEAD),
        ({"seen": 50, "fired": 1, "decided": 1}, Standing.DORMANT),
        ({"seen": 50, "fired": 2, "decided": 1}, Standing.LIVE),
        ({"seen": 50, "fired": 2}, Standing.SHADOWED),
        ({"seen": 9, "fired": 2, "decided": 2, "last_seen": "2026-09-01", "last_fired": "2026-06-03"}, Standing.LIVE),
        (
            {"seen": 9, "fired": 2, "decided": 2, "last_seen": "2026-09-01", "last_fired": "2026-06-02"},
            Standing.DORMANT,
        ),
        ({"seen": 90, "fired": 30, "decided": 30, "tripped": 3}, Standing.LIVE),
        ({"seen": 90, "fired": 27, "decided": 27, "tripped": 3}, Standing.HARMFUL),
        ({"seen": 90, "fired": 9, "decided": 9, "prose": 99, "judged": 99, "sure": 9}, Standing.LIVE),
        ({"seen": 90, "fired": 9, "decided": 9, "prose": 99, "judged": 99, "sure": 10}, Standing.HARMFUL),
    ],
)
def test_standing(counts: dict[str, Any], verdict: Standing) -> None:
    assert standing(Tally(**counts))[0] is verdict


def test_how_many_pages_are_enough() -> None:
    assert standing(Tally(seen=3), enough=3)[0] is Standing.DEAD


class TestDrift:
    def ledger(self, digest: str = "x", rule: str = f"{SITE}/teasers", **counts: Any) -> Ledger:
        entry = Entry(rule, "rules/sites/mill.example.toml:9", "drop", "related", 0, {"html": Tally(**counts)})
        return Ledger({rule: entry}, {entry.file: {digest}})

    def test_a_rule_that_stopped(self, rules: Path) -> None:
        before = counted(rules, [page(day=day, box=day > 1) for day in range(1, 11)])
        since = counted(rules, [page(day=day, box=False) for day in range(11, 19)])
        found = drift(before, since)
        assert [each.id for each in found] == [f"{SITE}/teaser-lines", f"{SITE}/teasers"]
        assert str(found[0]) == (
            f"{SITE}/teaser-lines (html) fired on 9 of 10 pages until 2026-09-10, on 0 of 8 since: template changed?"
        )
        assert drift(before, before) == []
        assert drift(since, before) == []  # to begin firing is no worry

    @pytest.mark.parametrize(
        ("before", "since", "drifts"),
        [
            ((9, 10), (0, 8), True),
            ((5, 5), (0, 5), True),
            ((4, 4), (0, 4), False),  # chance does that in one of 70 cases
            ((9, 10), (6, 8), False),
            ((90, 100), (40, 100), True),
            ((90, 100), (60, 100), False),  # no chance, but it fires still
            ((3, 1000), (0, 1000), False),
            ((0, 10), (0, 10), False),
            ((9, 10), (0, 0), False),
        ],
    )
    def test_what_counts(self, before: tuple[int, int], since: tuple[int, int], drifts: bool) -> None:
        earlier, later = (self.ledger(fired=fired, seen=seen) for fired, seen in (before, since))
        assert bool(drift(earlier, later)) is drifts

    def test_guards_that_trip_more_often(self) -> None:
        earlier, later = self.ledger(seen=10, last_seen="2026-09-03"), self.ledger(seen=8, tripped=7)
        (found,) = drift(earlier, later)
        assert "tripped a guard on 0 of 10 pages until 2026-09-03, on 7 of 8 since" in str(found)
        assert drift(later, earlier) == []

    def test_a_file_that_was_edited(self) -> None:
        (found,) = drift(self.ledger(fired=9, seen=9), self.ledger("y", fired=0, seen=9))
        assert str(found).endswith("its file has been edited")

    def test_a_pack(self) -> None:
        ledgers = (self.ledger(rule="generic/noise/share", fired=fired, seen=9) for fired in (9, 0))
        assert str(drift(*ledgers)[0]).endswith("other sites, or a template changed?")


class TestCommand:
    @pytest.fixture
    def raw(self, tmp_path: Path) -> Path:
        """Write eight pages with the box until the fourth, all with the paragraph that a rule should not take."""
        raw = tmp_path / "raw"
        raw.mkdir()
        for day in range(1, 11):
            made = page(day=day, box=day < 6, second="second")
            (raw / f"{day:02}.html").write_text(str(made.content))
            said = {"url": made.url, "captured": f"2026-09-{day:02}"}
            (raw / f"{day:02}.html.json").write_text(json.dumps(said))
        return raw

    def stats(self, rules: Path, *arguments: str | Path) -> int:
        return main(["rules", "stats", "--rules", str(rules), *map(str, arguments)])

    def test_tables(self, rules: Path, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.stats(rules, raw, "--harm", "--enough", "10") == Exit.OK
        out, err = capsys.readouterr()
        lines = out.splitlines()
        assert lines[0] == f"{SITE} (html, held on 10 pages)"
        assert lines[2].split() == ["harmful", "second-paragraph", "10/10", "10", "230", "18.4%", "2026-09-10"]
        assert "the scorer is sure; most on" in lines[3]
        order = [line.split()[0] for line in lines[2 : lines.index("")] if not line.startswith(" ")]
        assert order == sorted(order, key=list(Standing).index)
        assert {"dead", "shadowed", "live"} <= set(order)
        tables = [line for line in lines if not line.startswith(" " * 10)]
        assert max(map(len, tables)) <= 100
        assert err.startswith("cleaner: 10 pages (10 html) of 2026-09-01 to 2026-09-10; 1 harmful, ")

    def test_json_is_a_ledger(self, rules: Path, raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.stats(rules, raw, "--format", "json", "--out", tmp_path / "a.json") == Exit.OK
        said = json.loads(capsys.readouterr().out)
        assert said["rules"][f"{SITE}/teasers"]["html"]["verdict"] == "shadowed"
        assert Ledger.from_json(said) == Ledger.load(tmp_path / "a.json")

    def test_since(self, rules: Path, raw: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        old, new = sorted(raw.glob("*.html"))[:5], sorted(raw.glob("*.html"))[5:]
        assert self.stats(rules, *old, "--out", tmp_path / "a.json") == Exit.OK
        assert self.stats(rules, *new, "--since", tmp_path / "a.json") == Exit.OK
        out, err = capsys.readouterr()
        assert (
            f"{SITE}/teasers (html) fired on 5 of 5 pages until 2026-09-05, on 0 of 5 since: template changed?" in out
        )
        assert "counted in both" not in err
        assert self.stats(rules, raw, "--since", tmp_path / "a.json", "--format", "json") == Exit.OK
        out, err = capsys.readouterr()
        assert "pages counted in both hide what changed" in err
        assert json.loads(out)["drift"] == []

    def test_long_lists_are_folded(self, rules: Path, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
        never = "\n".join(f'[[rule]]\nid = "r{at}"\nkind = "other"\ncss = ".r{at}"' for at in range(40))
        (rules / "sites" / "mill.example.toml").write_text(RULES + never)
        self.stats(rules, raw, "--enough", "10")
        folded = capsys.readouterr().out
        self.stats(rules, raw, "--enough", "10", "--all")
        assert "more; --all shows them" in folded
        assert " r39 " in capsys.readouterr().out
        assert " r39 " not in folded

    def test_a_file_that_is_no_ledger(self, rules: Path, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
        precious = raw / "01.html.json"
        before = precious.read_text()
        assert self.stats(rules, raw, "--out", precious) == Exit.USAGE
        assert precious.read_text() == before
        assert capsys.readouterr().out == ""
        assert self.stats(rules, raw, "--since", precious) == Exit.USAGE

    def test_exit_codes(self, rules: Path, raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (raw / "11.html").write_bytes(b"%PDF-1.7\x00\x01")
        assert self.stats(rules, raw) == Exit.FAILED
        assert self.stats(rules, raw / "none") == Exit.USAGE
        (rules / "sites" / "mill.example.toml").write_text("schema = 1\nsight = 2\n")
        assert self.stats(rules, raw) == Exit.RULES
        assert "sites/mill.example.toml:2" in capsys.readouterr().err
        with pytest.raises(SystemExit):
            self.stats(rules, raw, "--enough", "none")
