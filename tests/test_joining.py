"""Articles in several pages: read together, passed over one by one, joined into one body."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from cleaner.batch import _fingerprint
from cleaner.cli import main
from cleaner.compare import compare_page
from cleaner.compose import compose
from cleaner.explain import near, scored, with_text
from cleaner.model import Fate, NoiseKind, Note, Page, Status, Verdict
from cleaner.pipeline import Cleaner
from cleaner.segment import segment
from cleaner.storage import find_pages, read
from cleaner.text import word_count
from cleaner.workbench.ledger import Bookkeeper
from cleaner.workbench.suggest.look import Surveyor
from tests.site import Site, paragraphs, parts_of, standfirst, title

CLEANER = Cleaner("generic")


def save(folder: Path, n: int = 2, parts: int | None = None) -> Path:
    """Save an article of the test site as the scraper does; return its first page."""
    parts = parts or parts_of(n)
    site = Site(12)
    with site:
        pass
    names = ["a.html", *(f"a.page-{part}.html" for part in range(2, parts + 1))]
    for part, name in enumerate(names, 1):
        (folder / name).write_text(site.article(n, part))
        said = {"pages": names[1:]} if part == 1 else {"part_of": "a.html"}
        (folder / f"{name}.json").write_text(json.dumps({"url": f"https://weir.example/a/{part}", **said}))
    return folder / "a.html"


class TestReading:
    def test_further_pages_come_with_the_first(self, tmp_path: Path) -> None:
        page = read(save(tmp_path))
        assert [later.url for later in page.continued] == [f"https://weir.example/a/{part}" for part in (2, 3, 4)]
        assert not any(later.continued for later in page.continued)

    def test_a_folder_lists_the_first_only(self, tmp_path: Path) -> None:
        first = save(tmp_path)
        (tmp_path / "b.page-2.html").write_text("nobody names it")
        assert [source.name.name for source in find_pages([tmp_path])] == ["a.html", "b.page-2.html"]
        assert [source.name.name for source in find_pages(sorted(tmp_path.glob("a*")))] == ["a.html"]
        assert [source.path for source in find_pages([first.with_name("a.page-2.html")])] == [
            first.with_name("a.page-2.html")
        ]

    def test_a_page_that_is_not_there_costs_no_other(self, tmp_path: Path) -> None:
        first, notes = save(tmp_path), []
        (tmp_path / "a.page-3.html").unlink()
        assert len(read(first, notes).continued) == 2
        assert "a.page-3.html" in notes[0].message

    @pytest.mark.parametrize(
        "name",
        [
            "../secret.html",
            "/etc/passwd",
            "x\\y.html",
            "c:x.html",
            ".hidden.html",
            "",
            "a.html",
            "a\0.html",
            7,
            None,
            "n" * 300,
        ],
    )
    def test_names_stay_in_the_folder(self, tmp_path: Path, name: object) -> None:
        folder = tmp_path / "raw"
        folder.mkdir()
        (tmp_path / "secret.html").write_text("<p>Not yours.</p>")
        first, notes = save(folder), []
        first.with_name("a.html.json").write_text(json.dumps({"pages": [name], "rendered": name}))
        page = read(first, notes)
        assert page.continued == ()
        assert page.content == first.read_bytes()
        assert any("pages is no list" in note.message for note in notes)

    def test_pages_that_name_each_other_are_no_circle(self, tmp_path: Path) -> None:
        first = save(tmp_path)
        (tmp_path / "a.page-2.html.json").write_text('{"pages": ["a.html", "a.page-3.html"]}')
        assert len(read(first).continued) == 3

    def test_a_rendered_page_is_read_in_the_place_of_the_original(self, tmp_path: Path) -> None:
        first = tmp_path / "a.html"
        first.write_bytes(b"<div id=root></div>")
        (tmp_path / "a.rendered.html").write_text('<meta charset="windows-1251"><p>Caf\u00e9</p>', "utf-8")
        first.with_name("a.html.json").write_text(
            '{"url": "https://weir.example/a", "rendered": "a.rendered.html", "headers": {"Content-Type": "text/html; charset=windows-1251"}}'
        )
        page = read(first)
        assert (page.url, segment(page).blocks[0].text) == ("https://weir.example/a", "Caf\u00e9")
        assert [source.name.name for source in find_pages([tmp_path])] == ["a.html"]

    def test_a_change_of_a_further_page_is_a_change(self, tmp_path: Path) -> None:
        first = save(tmp_path)
        before = _fingerprint(read(first))
        (tmp_path / "a.page-3.html").write_text("<p>Other</p>")
        assert _fingerprint(read(first)) != before

    def test_a_page_is_passed_over_only_for_a_first_that_is_read(self, tmp_path: Path) -> None:
        first = save(tmp_path)
        (tmp_path / "b.html").write_text("another")
        named = [tmp_path / "a.page-2.html", tmp_path / "b.html"]
        assert [source.name.name for source in find_pages(named)] == ["a.page-2.html", "b.html"]
        assert [source.name.name for source in find_pages([first, *named])] == ["a.html", "b.html"]
        first.unlink()  # its sidecar stays
        assert [source.name.name for source in find_pages([tmp_path])] == [
            *(f"a.page-{part}.html" for part in (2, 3, 4)),
            "b.html",
        ]


class TestArchives:
    def test_a_zip_gives_what_the_folder_gives(self, tmp_path: Path) -> None:
        folder = tmp_path / "raw"
        folder.mkdir()
        first = save(folder)
        with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
            for path in sorted(folder.iterdir(), reverse=True):
                archive.write(path, f"raw/{path.name}")
        (found,) = find_pages([tmp_path / "raw.zip"])
        page, same = found.read(), read(first)
        assert found.name.name == "a.html"
        assert [(part.content, part.url) for part in (page, *page.continued)] == [
            (part.content, part.url) for part in (same, *same.continued)
        ]

    def test_a_zip_has_renderings_and_says_what_it_lacks(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            archive.writestr("x/a.html", "<div id=root></div>")
            archive.writestr("x/a.rendered.html", "<p>Shown</p>")
            said = {"rendered": "a.rendered.html", "pages": ["a.html", "a.page-2.html"]}
            archive.writestr("x/a.html.json", json.dumps(said))
            archive.writestr("x/b.html", "<p>First</p>")
            archive.writestr("x/b.html.json", json.dumps({"pages": ["b.page-2.html"], "rendered": "b.rendered.html"}))
            archive.writestr("x/c.page-2.html", "<p>Its first is not here</p>")
        a, b, c = find_pages([tmp_path / "x.zip"])
        notes: list[Note] = []
        assert (a.read(notes).content, a.read().continued) == (b"<p>Shown</p>", ())
        assert any("pages is no list" in note.message for note in notes)  # a page does not go on on itself
        assert b.read(notes := []).content == b"<p>First</p>"
        assert [note.message.split(": ", 1)[1] for note in notes] == [
            "rendered page b.rendered.html is not there",
            "further page left out: b.page-2.html is not there",
        ]
        assert c.name.name == "c.page-2.html"

    def test_a_tar_passes_over_renderings(self, tmp_path: Path) -> None:
        files = {
            "a.html": b"<p>Page</p>",
            "a.html.json": b'{"rendered": "a.rendered.html"}',
            "a.rendered.html": b"<p>Shown</p>",
            "b.rendered.html": b"<p>Nobody names it</p>",
        }
        with tarfile.open(tmp_path / "x.tar", "w") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(f"x/{name}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        assert [source.name.name for source in find_pages([tmp_path / "x.tar"])] == ["a.html", "b.rendered.html"]


class TestWorkbench:
    """What asks why and how often sees all pages of an article."""

    def test_a_line_of_a_later_page_is_explained(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        first, line = save(tmp_path), paragraphs(2, 3)[0]
        assert main(["explain", str(first), "--rules", "generic", "--line", line]) == 0
        assert line in capsys.readouterr().out
        page = read(first)
        article = CLEANER.clean(page)
        here = with_text(article, paragraphs(2, 1)[0]) + with_text(article, line)
        assert list(near(CLEANER, page, article, here)) == list(scored(CLEANER, page, here)) == here

    def test_compared_are_all_pages(self, tmp_path: Path) -> None:
        page = read(save(tmp_path))
        article = CLEANER.clean(page)
        raw = compare_page(CLEANER, page)
        assert [part.text for part in raw.parts] == [block.text for block in article.blocks]
        two = compare_page(CLEANER, page, Cleaner(rules=False))
        assert "".join("".join(part.text for part in two.parts).split()) == "".join(
            "".join(block.text for block in article.blocks).split()
        )
        assert two.article.text == article.text
        assert [part.verdict for part in two.parts if part.text == paragraphs(2, 4)[0]] == [
            article.verdicts[index] for index in with_text(article, paragraphs(2, 4)[0])
        ]

    def test_rules_are_counted_on_all_pages(self, tmp_path: Path) -> None:
        page = read(save(tmp_path))
        keeper = Bookkeeper(CLEANER, harm=True)
        assert keeper.clean(page).text == CLEANER.clean(page).text
        assert keeper.ledger.pages.total() == 4

    def test_lines_are_surveyed_on_all_pages(self, tmp_path: Path) -> None:
        page = read(save(tmp_path))
        surveyor = Surveyor(CLEANER)
        assert surveyor.clean(page).text == CLEANER.clean(page).text
        (survey,) = surveyor.take().surveys.values()
        assert len(survey.sketches) == 4


class TestJoining:
    def test_the_body_is_that_of_all_pages(self, tmp_path: Path) -> None:
        article = CLEANER.clean(save(tmp_path, n=2))
        body = article.text.split("\n\n")
        assert [line for line in body if line != standfirst(2)] == [
            text for part in range(1, 5) for text in paragraphs(2, part)
        ]
        assert article.status is Status.OK
        assert article.metadata.title == title(2)
        assert article.metadata.word_count == word_count(article.text)
        assert article.page_url == "https://weir.example/a/1"

    def test_what_is_said_again_goes_with_its_reason(self, tmp_path: Path) -> None:
        article = CLEANER.clean(save(tmp_path, n=2))
        again = [gone for gone in article.removed if gone.block.text == standfirst(2)]
        assert [gone.verdict.kind for gone in again] == [NoiseKind.REPEATED_TEXT] * 3
        assert {gone.verdict.evidence[0].detail for gone in again} == {"said on page 1 of the article"}

    def test_blocks_are_numbered_through_and_all_judged(self, tmp_path: Path) -> None:
        article = CLEANER.clean(save(tmp_path))
        assert [block.index for block in article.blocks] == list(range(len(article.blocks)))
        assert (
            len(article.blocks)
            == len(article.verdicts)
            == len(article.removed) + sum(verdict.fate is Fate.KEEP for verdict in article.verdicts)
        )

    def test_evidence_names_blocks_of_the_whole(self) -> None:
        twice = "The lamp was lit an hour early, and nobody on the quay took notice of it at all."
        rest = "".join(f"<p>{text}</p>" for text in paragraphs(3))
        later = Page(f"<article><p>{twice}</p>{rest}<p>{twice}</p></article>")
        article = CLEANER.clean(
            Page(
                f"<article><h1>Lamp</h1>{''.join(f'<p>{text}</p>' for text in paragraphs(4))}</article>",
                continued=(later,),
            )
        )
        gone = next(gone for gone in article.removed if gone.block.text == twice)
        first = next(block for block in article.blocks if block.text == twice)
        assert gone.verdict.evidence[0].detail == f"same as block {first.index}"

    def test_the_joined_body_is_stable(self, tmp_path: Path) -> None:
        text = CLEANER.clean(save(tmp_path)).text
        document = segment(Page(text, media_type="text/plain"))
        assert compose(document, [Verdict(Fate.KEEP)] * len(document.blocks))[0] == text

    def test_a_title_asked_for_is_printed_once(self, tmp_path: Path) -> None:
        assert CLEANER.clean(save(tmp_path), include=["title"]).text.count(title(2)) == 1

    def test_a_page_behind_a_wall_makes_the_whole_partial(self, tmp_path: Path) -> None:
        first = save(tmp_path)
        (tmp_path / "a.page-3.html").write_text("<h1>Are you a robot?</h1><p>Tick the box.</p>")
        article = CLEANER.clean(first)
        assert article.status is Status.PARTIAL
        assert article.reason.startswith("page 3 of 4: captcha")
        assert paragraphs(2, 4)[0] in article.text

    def test_a_page_that_cannot_be_read_makes_the_whole_partial(self, tmp_path: Path) -> None:
        first = save(tmp_path)
        (tmp_path / "a.page-2.html").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
        assert CLEANER.clean(first).reason.startswith("page 2 of 4: unreadable")

    def test_builtins_can_be_disabled_here_too(self, tmp_path: Path) -> None:
        rules = tmp_path / "rules" / "sites"
        rules.mkdir(parents=True)
        (rules / "weir.example.toml").write_text(
            'schema = 1\nsite = "weir.example"\ndisable = ["builtin/repeated-paragraph"]\n[body]\ncss = "article"\n'
        )
        (raw := tmp_path / "raw").mkdir()
        article = Cleaner(tmp_path / "rules").clean(save(raw, n=2))
        assert article.text.count(standfirst(2)) >= 3

    def test_a_rule_that_keeps_outranks_the_repeat(self, tmp_path: Path) -> None:
        rules = tmp_path / "rules" / "sites"
        rules.mkdir(parents=True)
        (rules / "weir.example.toml").write_text(
            'schema = 1\nsite = "weir.example"\n[[rule]]\nid = "lead"\naction = "keep"\ncss = ".standfirst"\n'
        )
        (raw := tmp_path / "raw").mkdir()
        article = Cleaner(tmp_path / "rules").clean(save(raw, n=2))
        assert article.text.count(standfirst(2)) == 4
