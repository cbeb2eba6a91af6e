"""The site pass, what it proposes, and the command: on pages made for it."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.errors import InputError, OutputError
from cleaner.model import Document, NoiseKind, Page, Zone
from cleaner.pipeline import Cleaner
from cleaner.workbench import examine
from cleaner.workbench.suggest import Sighting, SitePass, Surveyor, append, counts, draft, look, propose
from cleaner.workbench.suggest.counts import CUT, LINE, RUNS, SECTIONS, Counts, Line, Matcher, Reach, Tally, hash_of
from cleaner.workbench.suggest.look import _is_lasting

SITE = "ferry.example"
SENTENCES = (
    "The ferry across the sound will leave an hour earlier from Monday, because the night boat has been taken off.",
    "Passengers with bicycles are asked to wait at the lower ramp, where a second gate was opened in the spring.",
    "The harbour master says that the tide tables of last year were wrong by eleven minutes on the eastern side.",
    "A new engine was lifted into the older boat on Friday, and it made its first crossing without a single stop.",
    "Fishermen had asked the council for a lamp at the end of the mole since the storm carried the old one away.",
    "Children of the island school travel free on weekdays, and their teachers pay half of what visitors pay.",
    "The kiosk on the upper deck sells soup again, now that the cook has come back from the mainland for good.",
    "Tickets can be bought on board, but those who book by telephone are let on before everybody else.",
)
TOPICS = ("Lighthouses", "Nets", "Tides", "Gulls", "Ropes", "Anchors", "Sails", "Piers", "Buoys", "Charts")


def article(number: int) -> list[str]:
    """Return six paragraphs that no other page has."""
    order = random.Random(number)
    return [f"{order.choice(SENTENCES)} {order.choice(SENTENCES)} Entry {number}, {part}." for part in range(6)]


def html(number: int, *, within: str = "") -> str:
    """Return a page of the site: `within` stands among its paragraphs."""
    said = article(number)
    teasers = "".join(
        f"<li><a href=/t{number}{at}>{TOPICS[(number + at) % 10]} in harbour {number}</a></li>" for at in range(4)
    )
    return f"""<html lang="en"><head><title>Crossing {number}</title></head><body>
<div class="island-ticker"><p>Wind {number} knots</p><p>Water {number + 3} degrees</p><p>Harbour open</p></div>
<article class="entry-content"><h1>Crossing {number}</h1>
{"".join(f"<p>{line}</p>" for line in said[:3])}{within}{"".join(f"<p>{line}</p>" for line in said[3:])}</article>
<div class="moor-teasers css-1x2y3z mt-4"><p>From the moorings</p><ul>{teasers}</ul></div>
<div class="bottom"><p>Ferry Gazette, Quay 7</p><p>Season card {number * 11} sold today</p></div></body></html>"""


def text(number: int) -> str:
    """Return a dump of such a page."""
    teasers = "\n".join(f"{TOPICS[(number + at) % 10]} in harbour {number}" for at in range(4))
    body = "\n\n".join(article(number))
    return (
        f"Harbour open\nWind {number} knots\nTimetable of boats\n\nCrossing {number}\n\n{body}\n\n"
        f"From the moorings\n{teasers}\n\nFerry Gazette, Quay 7\nSeason card {number * 11} sold today\n"
    )


def page(number: int, medium: str = "html", *, host: str = SITE, within: str = "") -> Page:
    content = html(number, within=within) if medium == "html" else text(number)
    media_type = "text/html" if medium == "html" else "text/plain"
    return Page(content, url=f"https://{host}/{number}", media_type=media_type, location=f"{number}.{medium}")


def counted(*pages: Page, site: str | None = None) -> SitePass:
    surveyor = Surveyor(Cleaner("generic"), site)
    for one in pages:
        surveyor.clean(one)
    return surveyor.sitepass


@pytest.fixture(scope="module", autouse=True)
def sure() -> Iterator[None]:
    """A scorer that takes what is long for body: these tests are about what is made of its answers."""

    def probabilities(document: Document, *_: object) -> list[float]:
        return [0.98 if block.words >= 12 else 0.02 for block in document.blocks]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look, "body_probabilities", probabilities)
        yield


@pytest.fixture(scope="module")
def site() -> SitePass:
    return counted(*(page(number) for number in range(1, 9)))


@pytest.fixture(scope="module")
def dumps() -> SitePass:
    return counted(*(page(number, "text") for number in range(1, 9)))


# -- counting


LINES = st.builds(
    lambda words, text, zone, sentence, level, chance, selectors: Line(
        hash_of(text), zone, words, words, words, round(1000 * chance * words), words, level, sentence, False, False,
        text, tuple(sorted(selectors)),
    ),
    st.integers(1, 30),
    st.sampled_from(["Menu", "menu:", "Read 3", "Read 4", "A line", "Another line", "Last"]),
    st.sampled_from(list(Zone)),
    st.booleans(),
    st.sampled_from([0, 0, 2, 3]),
    st.floats(0, 1),
    st.sets(st.sampled_from([".teasers", "#foot", ".promo"])),
)  # fmt: skip
SIGHTINGS = st.builds(
    lambda site, medium, number, lines: Sighting(site, medium, f"{number:016x}", f"{number:016x}", lines),
    st.sampled_from(["a.example", "b.example"]),
    st.sampled_from(["html", "text"]),
    st.integers(0, 2**64 - 1),
    st.lists(LINES, max_size=12),
)


def added(sightings: list[Sighting]) -> SitePass:
    found = SitePass()
    for sighting in sightings:
        found.add(sighting)
    return found


class TestPass:
    @settings(max_examples=25, deadline=None)
    @given(st.lists(SIGHTINGS, max_size=12, unique_by=lambda sighting: sighting.page), st.integers(0, 12), st.randoms())
    def test_parts_add_up_in_any_order(self, sightings, cut, order):
        shuffled = order.sample(sightings, len(sightings))
        one, other = added(shuffled[:cut]), added(shuffled[cut:])
        other.merge(one)
        assert other.as_json() == added(sightings).as_json()

    @settings(max_examples=25, deadline=None)
    @given(st.lists(SIGHTINGS, max_size=6, unique_by=lambda sighting: sighting.page))
    def test_it_can_be_written_and_read(self, sightings):
        whole = added(sightings)
        again = SitePass.from_json(json.loads(json.dumps(whole.as_json())))
        assert again == whole

    @settings(max_examples=25, deadline=None)
    @given(st.lists(LINES, min_size=1, max_size=25), st.data())
    def test_what_is_counted_is_what_a_rule_reaches(self, lines, data):
        survey = added([Sighting("a.example", "html", "0" * 16, "0" * 16, lines)]).of("a.example", ["html"])
        reach = Reach(lines)
        for (form, at, zone), tally in survey.tallies.items():
            for matcher, found in tally.folds[0].items():
                hit = [
                    *chain.from_iterable(reach.of(matcher, "" if form == "run" else at, Zone(zone) if zone else None))
                ]
                assert len(hit) == len(set(hit))
                assert found.view == sum(lines[index].view for index in hit)
                assert found.body == sum(lines[index].body for index in hit)

    def test_media_are_apart_and_hosts_below_belong(self):
        whole = counted(page(1), page(2, "text"), page(3, host=f"news.{SITE}"), page(4, host="other.example"))
        assert whole.sites == {SITE: 2, f"news.{SITE}": 1, "other.example": 1}
        assert whole.of(SITE, ["html"]).total == 2
        assert whole.of(SITE, ["text"]).total == 1

    def test_pages_of_a_named_site_need_not_tell_it(self):
        whole = counted(Page(text(1)), page(2), page(3, host="other.example"), site=SITE)
        assert whole.sites == {SITE: 2}

    def test_walls_are_set_aside(self):
        wall = Page(
            "<html><body><h1>Verify you are human</h1><p>Checking your browser.</p></body></html>",
            url="https://a.example/",
        )
        whole = counted(wall)
        assert (whole.aside, whole.sites) == (1, {})

    def test_what_was_seen_least_is_forgotten_first(self, monkeypatch):
        monkeypatch.setattr(counts, "MAX_KEYS", 40)
        survey = added([
            Sighting("a.example", "text", f"{number:08x}" * 2, f"{number:016x}",
                     [line("Everywhere"), *(line(f"only {'x' * number} {'y' * at}") for at in range(12))])
            for number in range(1, 12)
        ]).of("a.example", ["text"])  # fmt: skip
        assert len(survey.tallies) <= 40
        assert survey.tallies["line", hash_of("Everywhere"), "main"].pages == 11

    def test_digits_case_and_punctuation_make_no_difference(self):
        assert (
            hash_of("Read 3 comments:") == hash_of("READ 1,204 comments".replace(",", "")) != hash_of("Read comments")
        )

    def test_files(self, site, tmp_path):
        target = tmp_path / "pass.json"
        site.save(target)
        assert SitePass.load(target) == site
        site.save(target)  # an older one is written over
        target.write_text('{"ledger": 1}')
        with pytest.raises(InputError, match="no site pass"):
            SitePass.load(target)
        with pytest.raises(OutputError, match="not written over"):
            site.save(target)
        target.write_text('{"sitepass": 9}')
        with pytest.raises(InputError, match="version 9"):
            SitePass.load(target)
        target.write_text('{"sitepass": 1, "aside": 0, "surveys": [{}]}')
        with pytest.raises(InputError, match="broken"):
            SitePass.load(target)


def line(
    said: str, zone: Zone = Zone.MAIN, *, words: int = 2, sentence: bool = False, level: int = 0, hidden: bool = False
) -> Line:
    return Line(hash_of(said), zone, words, words, words, 0, words, level, sentence, False, hidden, said, ())


class TestReach:
    LINES = (
        line("Menu", Zone.HEAD), line("One", Zone.HEAD), line("Two", Zone.HEAD), line("Prose", words=50, sentence=True),
        line("More", Zone.TAIL, level=2), line("Teaser", Zone.TAIL), line("Veiled", Zone.TAIL, hidden=True),
        line("Teaser two", Zone.TAIL), line("Foot", Zone.TAIL, level=2), line("Imprint", Zone.TAIL),
    )  # fmt: skip

    def hit(self, matcher: Matcher, said: str, zone: Zone) -> list[int]:
        return [*chain.from_iterable(Reach(self.LINES).of(matcher, hash_of(said), zone))]

    def test_a_line_in_its_zone(self):
        assert self.hit(LINE, "menu", Zone.HEAD) == [0]
        assert self.hit(LINE, "menu", Zone.TAIL) == []

    def test_a_cut_takes_the_rest(self):
        assert self.hit(CUT, "More", Zone.TAIL) == [4, 5, 6, 7, 8, 9]

    def test_a_section_ends_at_its_zone_and_at_a_heading(self):
        assert self.hit(SECTIONS[0], "Menu", Zone.HEAD) == [0, 1, 2]
        assert self.hit(SECTIONS[0], "More", Zone.TAIL) == [4, 5, 6, 7]

    def test_a_run_steps_over_what_is_hidden(self):
        assert [*Reach(self.LINES).of(RUNS[0], "", Zone.TAIL)] == [range(4, 10)]
        assert [*Reach(self.LINES).of(RUNS[0], "", Zone.HEAD)] == [range(3)]
        assert [*Reach(self.LINES).of(RUNS[0], "", Zone.MAIN)] == []

    def test_rules_reach_as_far(self):
        """What is counted is what the engine does, for every form."""
        whole = counted(*(page(number, "text") for number in range(1, 6)))
        cleaner = Cleaner("generic")
        for proposal in propose(whole, SITE, "text", 0.5):
            made = draft([proposal], SITE)
            document = segment_of(page(9, "text"))
            lines = Surveyor(cleaner).sighting(document, cleaner.article(document), SITE).lines
            expected = {*chain.from_iterable(Reach(lines).of(proposal.matcher, proposal.at, proposal.zone))}
            assert removed(made.file, page(9, "text")) == expected, made.text


def segment_of(one: Page):
    from cleaner.segment import segment

    return segment(one)


def removed(file: str, one: Page) -> set[int]:
    """Return the blocks of a page that a rule file marks."""
    import tempfile

    from cleaner.rules import RuleBook

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sites" / f"{SITE}.toml"
        path.parent.mkdir()
        path.write_text(file, "utf-8")
        document = segment_of(one)
        marks = RuleBook.load([folder]).for_page(document).mark(document)
        hit: set[int] = set()
        for mark in marks:
            if mark.rule.pack == f"sites/{SITE}":
                last = len(document.blocks) if mark.rule.action == "cut_after" else mark.end
                hit.update(range(mark.first, last))
        return hit


# -- proposing


class TestProposals:
    def test_elements_that_recur_around_noise(self, site):
        found = {proposal.at: proposal for proposal in propose(site, SITE, "html") if proposal.matcher.form == "css"}
        assert found
        assert all(".entry-content" not in at and "css-" not in at and ".mt-4" not in at for at in found)
        assert all(proposal.pages == proposal.seen == 8 for proposal in found.values())

    def test_no_rule_takes_body(self, site, dumps):
        for whole, medium in ((site, "html"), (dumps, "text")):
            made = draft(propose(whole, SITE, medium), SITE)
            assert made.rules
            document = segment_of(page(30, medium))
            gone = (
                {document.blocks[index].text for index in removed(made.file, page(30, medium))}
                if medium == "text"
                else set()
            )
            assert not gone & set(article(30))

    def test_teasers_that_change_go_with_their_heading(self, dumps):
        made = draft(propose(dumps, SITE, "text"), SITE)
        document = segment_of(page(20, "text"))
        gone = {document.blocks[index].text for index in removed(made.file, page(20, "text"))}
        assert "Lighthouses in harbour 20" in gone
        assert "Ferry Gazette, Quay 7" in gone

    def test_what_element_rules_remove_is_proposed_for_dumps(self):
        whole = counted(*(page(number, within="<nav><p>Boats to the outer isles</p></nav>") for number in range(1, 7)))
        keys = {proposal.text for proposal in propose(whole, SITE, "text", 0.9)}
        assert not any(proposal.matcher.form == "css" for proposal in propose(whole, SITE, "text", 0.9))
        assert "Boats to the outer isles" in keys or "From the moorings" in keys
        assert "Boats to the outer isles" not in {proposal.text for proposal in propose(whole, SITE, "html", 0.9)}

    def test_what_some_pages_have_as_body_is_not_proposed(self):
        """Learnt on the pages where the element holds a ticker, refuted by those where it holds the article."""
        good = [page(number) for number in range(1, 5)]
        bad = [
            Page(html(number).replace('class="entry-content"', 'class="island-ticker"'), url=f"https://{SITE}/{number}")
            for number in range(5, 9)
        ]
        assert ".island-ticker" in {key[1] for key in counted(*good).of(SITE, ["html"]).tallies}
        assert ".island-ticker" not in {proposal.at for proposal in propose(counted(*good, *bad), SITE, "html", 0.9)}

    def test_names_of_what_stands_within_paragraphs_are_none_of_noise(self):
        foot = '<div class="bottom"><p>'
        pages = [
            Page(
                html(number)
                .replace(foot, f'{foot}<a class="quay-link" href="/q">Quay {number}</a> ')
                .replace("<p>", '<p><a class="quay-link" href="/b">By boat:</a> ', 1 + number),
                url=f"https://{SITE}/{number}",
            )
            for number in range(3, 9)
        ]
        found = {proposal.at for proposal in propose(counted(*pages), SITE, "html", 0.9)}
        assert ".bottom" in found
        assert ".quay-link" not in found

    def test_a_paragraph_that_recurs_is_no_noise_for_that(self):
        same = f"<p>{SENTENCES[0]} {SENTENCES[1]}</p>"
        whole = counted(*(page(number, within=same) for number in range(1, 7)))
        assert SENTENCES[0] not in "".join(proposal.text for proposal in propose(whole, SITE, "html"))

    def test_one_page_proposes_nothing(self):
        assert propose(counted(page(1)), SITE, "html", 0.5) == []
        assert propose(counted(page(1), page(1, "text")), SITE, "text", 0.5) == []  # one page in two guises

    def test_more_is_asked_of_rules_at_a_higher_precision(self, dumps):
        harms = [[proposal.harm for proposal in propose(dumps, SITE, "text", share)] for share in (0.5, 0.98, 0.9999)]
        assert max(harms[0]) <= 0.5
        assert max(harms[1]) <= 0.02
        assert harms[2] == []

    def test_harm_is_bounded_for_few_pages(self):
        few = propose(counted(*(page(number, "text") for number in range(1, 4))), SITE, "text", 0.5)
        many = propose(counted(*(page(number, "text") for number in range(1, 13))), SITE, "text", 0.5)
        assert min(proposal.harm for proposal in few) > min(proposal.harm for proposal in many) > 0

    def test_the_order_of_pages_makes_no_difference(self):
        pages = [page(number, "text") for number in range(1, 7)]
        made = {draft(propose(counted(*order), SITE, "text"), SITE).file for order in (pages, pages[::-1])}
        assert len(made) == 1


@pytest.mark.parametrize("name", ["related-posts", "newsletter_box", "islandTicker", "moor-teasers", "js-share-bar"])
def test_names_that_last(name):
    assert _is_lasting(name)


@pytest.mark.parametrize(
    "name",
    [
        "css-1x2y3z",
        "sc-bdVaJa",
        "post-12345",
        "mt-4",
        "flex",
        "text-caption",
        "col-md-6",
        "g_eX",
        "entry-content",
        "h1",
    ],
)
def test_names_that_do_not(name):
    assert not _is_lasting(name)


# -- writing


class TestDraft:
    def test_check_has_nothing_against_it(self, site, dumps, tmp_path):
        whole = SitePass()
        whole.merge(site)
        whole.merge(dumps)
        for medium in ("html", "text"):
            path = tmp_path / medium / "sites" / f"{SITE}.toml"
            path.parent.mkdir(parents=True)
            path.write_text(draft(propose(whole, SITE, medium), SITE).file, "utf-8")
            report = examine([tmp_path / medium])
            assert (report.files, report.faults, report.findings) == (1, [], [])

    def test_evidence_stands_above_each_rule(self, dumps):
        made = draft(propose(dumps, SITE, "text"), SITE)
        for id_, kind, proposal in made.rules:
            rule = next(rule for rule in tomllib.loads(made.file)["rule"] if rule["id"] == id_)
            assert rule["source"] == "suggest"
            assert id_.startswith(kind)
            assert f"# {proposal.pages} of {proposal.seen} pages, {proposal.words} words" in made.text

    def test_digits_that_change_make_a_pattern(self):
        tally = Tally({0: {LINE: Counts(1, 4, 4)}, 1: {LINE: Counts(1, 4, 4)}}, "Sold (3) today.", "Sold (14) today.")
        whole = SitePass()
        whole._survey(SITE, "text").tallies["line", hash_of(tally.first), "tail"] = tally
        whole._survey(SITE, "text").pages = {0: 1, 1: 1}
        whole._survey(SITE, "text").sketches["a"] = (line("Sold (3) today.", Zone.TAIL),)
        (rule,) = tomllib.loads(draft(propose(whole, SITE, "text", 0.9), SITE).file)["rule"]
        assert rule["line"] == r"Sold \(\d+\) today\."

    @pytest.mark.parametrize(
        ("at", "kind"),
        [(".newsletter-box", NoiseKind.NEWSLETTER), (".share-tools", NoiseKind.SHARE), (".zebra", NoiseKind.OTHER)],
    )
    def test_kinds_are_those_of_the_shipped_rules(self, dumps, at, kind):
        from dataclasses import replace

        proposal = replace(
            propose(dumps, SITE, "text")[0], at=at, text="", matcher=Matcher("css"), zone=Zone.MAIN, examples=()
        )
        assert draft([proposal], SITE).rules[0][1] is kind

    def test_odd_lines_are_told_as_they_are(self):
        """Quotes, brackets, an `@` in front: no line can break the file or mean a set of phrases."""
        odd = ['He said "no" \\ [x]', "@related", "# no comment", "日本語の案内", "x"]
        whole = SitePass()
        for number in range(4):
            lines = [line(said, Zone.TAIL) for said in odd]
            whole.add(Sighting(SITE, "text", f"{number:08x}" * 2, f"{number:016x}", lines))
        made = draft(propose(whole, SITE, "text", 0.5), SITE)
        assert {rule["id"] for rule in tomllib.loads(made.file)["rule"]} == {id_ for id_, _, _ in made.rules}

    def test_added_to_a_file_it_keeps_what_is_there(self, dumps, tmp_path):
        path = tmp_path / f"{SITE}.toml"
        old = f'# mine\nschema = 1\nsite = "{SITE}"\n\n[[rule]]\nid = "foot"\nkind = "other"\nphrase = "Harbour open"'
        path.write_text(old)
        made = draft(propose(dumps, SITE, "text"), SITE, old)
        append(path, made)
        assert path.read_text("utf-8").startswith(old)
        ids = [rule["id"] for rule in tomllib.loads(path.read_text("utf-8"))["rule"]]
        assert ids[0] == "foot"
        assert len(ids) == len(set(ids)) == len(made.rules) + 1
        again = draft(propose(dumps, SITE, "text"), SITE, path.read_text("utf-8"))
        assert not again.rules  # said already

    def test_only_to_a_file_of_the_site(self, dumps):
        with pytest.raises(InputError, match=r"other\.example\.toml"):
            draft(propose(dumps, SITE, "text"), SITE, 'schema = 1\nsite = "other.example"\n')
        with pytest.raises(InputError, match="faults"):
            draft(propose(dumps, SITE, "text"), SITE, "schema = 1\nsiet = 3\n")


# -- the command


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    for number in range(1, 7):
        for medium, suffix in (("html", "html"), ("text", "txt")):
            path = folder / f"{number}.{suffix}"
            path.write_text(html(number) if medium == "html" else text(number), "utf-8")
            path.with_name(f"{path.name}.json").write_text(json.dumps({"url": f"https://www.{SITE}/{number}"}))
    return folder


class TestCommand:
    def suggest(self, *arguments: str | Path) -> int:
        return main(["rules", "suggest", *map(str, arguments)])

    def test_standard_output_is_a_rule_file(self, raw, capsys):
        assert self.suggest(raw) == Exit.OK
        out, err = capsys.readouterr()
        assert tomllib.loads(out)["site"] == SITE
        assert f"cleaner: {SITE}: 6 html, 6 text pages" in err
        assert "pages   words" in err

    def test_json(self, raw, capsys):
        assert self.suggest(raw, "--json", "--medium", "text") == Exit.OK
        said = json.loads(capsys.readouterr().out)
        assert said["pages"] == {"html": 6, "text": 6}
        assert {rule["medium"] for rule in said["rules"]} == {"text"}
        assert len(tomllib.loads(said["toml"])["rule"]) == len(said["rules"])

    def test_counted_in_parts(self, raw, tmp_path, capsys):
        pages = sorted(path for path in raw.iterdir() if path.suffix in (".html", ".txt"))
        assert self.suggest(raw, "--out", tmp_path / "all.json") == Exit.OK
        whole = capsys.readouterr().out
        for name, part in (("a", pages[::2]), ("b", pages[1::2])):
            assert self.suggest(*part, "--out", tmp_path / f"{name}.json") == Exit.OK
        capsys.readouterr()
        assert self.suggest("--merge", tmp_path / "a.json", "--merge", tmp_path / "b.json") == Exit.OK
        assert capsys.readouterr().out == whole

    def test_write(self, raw, tmp_path, capsys):
        file = tmp_path / f"{SITE}.toml"
        assert self.suggest(raw, "--write", file) == Exit.OK
        assert capsys.readouterr().out == ""
        first = file.read_text("utf-8")
        assert self.suggest(raw, "--write", file, "--rules", file) == Exit.OK
        assert file.read_text("utf-8").startswith(first)
        assert self.suggest(raw, "--write", tmp_path / "no" / "a.toml") == Exit.USAGE

    def test_too_few_pages_and_too_many_sites(self, raw, capsys):
        assert self.suggest(raw / "1.html", raw / "2.html") == Exit.USAGE
        assert "2 pages" in (err := capsys.readouterr().err)
        assert "rules new" in err
        (raw / "1.html.json").write_text('{"url": "https://other.example/"}')
        assert self.suggest(raw) == Exit.USAGE
        assert "--site HOST" in capsys.readouterr().err
        assert self.suggest(raw, "--site", SITE) == Exit.OK

    def test_without_a_host_it_must_be_told(self, raw, capsys):
        for path in raw.glob("*.json"):
            path.unlink()
        assert self.suggest(raw, "--medium", "text") == Exit.USAGE
        assert "--site HOST" in capsys.readouterr().err
        assert self.suggest(raw, "--medium", "text", "--site", SITE) == Exit.OK

    def test_wrong_usage(self, raw, tmp_path, capsys):
        assert self.suggest() == Exit.USAGE
        assert self.suggest("--merge", tmp_path / "none.json") == Exit.USAGE
        precious = tmp_path / "precious.json"
        precious.write_text("{}")
        assert self.suggest(raw, "--out", precious) == Exit.USAGE
        assert precious.read_text() == "{}"
        with pytest.raises(SystemExit):
            self.suggest(raw, "--min-precision", "98")
