"""What rules do to pages: raw against clean, and two rule sets against each other."""

from __future__ import annotations

import io
import subprocess
import tarfile
from itertools import combinations, product
from pathlib import Path

import pytest

from cleaner.cli import main
from cleaner.cli.common import Exit
from cleaner.compare import METADATA, Change, PageDiff, Reason, Totals, compare, compare_page
from cleaner.errors import InputError, RuleFileError
from cleaner.model import Page, Status
from cleaner.pipeline import Cleaner
from cleaner.rules import RuleBook
from cleaner.storage import Input, find_pages
from cleaner.workbench.revisions import _unpack, rules_of_revision
from tests.conftest import ROOT

PROSE = (
    "The ferry to the outer island will run twice a day from April, the harbour office said on Tuesday. "
    "Tickets stay at the price they had last year, and bicycles travel for free until the end of May."
)
PAGE = f"""<!DOCTYPE html><body><article><h1>Ferry</h1>
<p>{PROSE}</p>
<p class="note">Write to the harbour office for a timetable.</p>
<p>{PROSE.replace("ferry", "tram")} <b class="cut">Read on here.</b> <i class="too">Or there.</i></p>
<p class="teaser">Ten walks along the northern shore.</p>
</article>"""
NOTE = '[[rule]]\nid = "note"\nkind = "feedback"\ntoken = "note"\n'
TEASER = '[[rule]]\nid = "teaser"\nkind = "related"\ntoken = "teaser"\n'
CUT = '[[rule]]\nid = "cut"\nkind = "related"\ntoken = "cut"\n'
TOO = '[[rule]]\nid = "too"\nkind = "share"\ntoken = "too"\n'


def rules(folder: Path, *texts: str, name: str = "generic/mine") -> Path:
    """Write a folder of rules with one file."""
    file = folder / f"{name}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("schema = 1\n" + "\n".join(texts), "utf-8")
    return folder


def cleaner(folder: Path | None) -> Cleaner:
    """Return a cleaner with the rules of one folder, and nobody to judge the rest."""
    made = Cleaner(False, judge="none")
    made.rulebook = RuleBook.of([] if folder is None else [(folder, "mine")])
    return made


def moved(page: PageDiff, change: Change) -> list[str]:
    return [part.text for part in page.parts if part.change is change]


class TestRawAgainstClean:
    def test_what_is_removed_is_lost_for_a_reason(self, tmp_path: Path) -> None:
        page = compare_page(cleaner(rules(tmp_path, NOTE, TEASER)), Page(PAGE))
        sums = page.sums()
        where = "mine/generic/mine.toml"
        assert sums[Reason("feedback", "generic/mine/note", f"{where}:2")].lost == 8
        assert sums[Reason("related", "generic/mine/teaser", f"{where}:7")].lost == 6
        assert all(tally.gained == tally.relabelled == 0 for tally in sums.values())

    def test_metadata_is_a_kind_of_its_own(self) -> None:
        page = compare_page(cleaner(None), Page(PAGE))
        assert [reason.kind for reason in page.sums()] == [METADATA]

    def test_no_word_is_lost_on_the_way(self) -> None:
        totals = Totals()
        keeper = Cleaner()
        for page in compare(keeper, find_pages([ROOT / "raw"])):
            totals.add(page)
            assert sum(part.words for part in page.parts) == sum(block.words for block in page.article.blocks)
        assert totals.pages == 16
        assert totals.raw == totals.before == totals.after + totals.total.lost
        assert totals.total.lost == sum(tally.lost for tally in totals.kinds.values())

    def test_the_unsure_come_before_the_sure_and_the_empty_first(self) -> None:
        keeper = Cleaner()
        found = sorted(compare(keeper, find_pages([ROOT / "raw"])), key=lambda page: -page.concern)
        told = [page.article.confidence for page in found if page.article.confidence is not None]
        assert told == sorted(told)
        nothing = compare_page(keeper, Page(b"%PDF-1.7 \x00\x01\x02"))
        assert nothing.article.status is Status.UNREADABLE
        assert nothing.concern > max(page.concern for page in found)


class TestTwoRuleSets:
    def test_gained_lost_and_relabelled(self, tmp_path: Path) -> None:
        before = cleaner(rules(tmp_path / "a", NOTE, TEASER))
        relabel = TEASER.replace("related", "advertisement")
        now = cleaner(rules(tmp_path / "b", relabel, CUT))
        page = compare_page(now, Page(PAGE), before)
        assert moved(page, Change.GAINED) == ["Write to the harbour office for a timetable."]
        assert moved(page, Change.LOST) == ["Read on here."]
        assert moved(page, Change.RELABELLED) == ["Ten walks along the northern shore."]
        assert page.changed
        assert {
            (reason.rule, reason.kind): (tally.gained, tally.lost, tally.relabelled)
            for reason, tally in page.sums().items()
        } == {
            ("generic/mine/note", "feedback"): (8, 0, 0),
            ("generic/mine/cut", "related"): (0, 3, 0),
            ("generic/mine/teaser", "advertisement"): (0, 0, 6),
        }
        assert page.concern == 11

    def test_what_is_gained_counts_under_the_rule_that_keeps_it(self, tmp_path: Path) -> None:
        keep = '[[rule]]\nid = "keep"\naction = "keep"\ntoken = "note"\n'
        now = cleaner(rules(tmp_path / "b", NOTE, keep))
        page = compare_page(now, Page(PAGE), cleaner(rules(tmp_path / "a", NOTE)))
        assert list(page.sums()) == [Reason("feedback", "generic/mine/keep", "mine/generic/mine.toml:7")]

    def test_a_rule_set_against_itself_changes_nothing(self) -> None:
        keeper = Cleaner()
        for page in compare(keeper, find_pages([ROOT / "raw"]), keeper):
            assert not page.changed and not page.sums() and page.concern == 0

    def test_the_other_way_round_gains_what_was_lost(self) -> None:
        shipped, generic = Cleaner(), Cleaner("generic")
        ways = []
        for one, other in ((shipped, generic), (generic, shipped)):
            totals = Totals()
            for page in compare(one, find_pages([ROOT / "raw"]), other):
                totals.add(page)
            ways.append((totals.total.gained, totals.total.lost, totals.total.relabelled, totals.changed))
        assert ways[0] == (ways[1][1], ways[1][0], *ways[1][2:])
        assert ways[0][1] > 0

    def test_blocks_that_each_set_cuts_elsewhere(self, tmp_path: Path) -> None:
        texts = {NOTE: "Write to the", TEASER: "Ten walks", CUT: "Read on", TOO: "Or there"}
        sets = [set(chosen) for size in range(5) for chosen in combinations(texts, size)]
        cleaners = [cleaner(rules(tmp_path / str(number), *chosen)) for number, chosen in enumerate(sets)]
        words = " ".join(part.text for part in compare_page(cleaner(None), Page(PAGE)).parts).split()
        for (now, one), (before, other) in product(zip(sets, cleaners, strict=True), repeat=2):
            page = compare_page(one, Page(PAGE), other)
            assert " ".join(part.text for part in page.parts).split() == words
            for change, expected in ((Change.LOST, now - before), (Change.GAINED, before - now)):
                found = moved(page, change)
                assert len(found) == len(expected)
                assert all(any(text.startswith(texts[rule]) for text in found) for rule in expected)

    def test_a_rule_that_a_guard_stops_is_told_of(self, tmp_path: Path) -> None:
        everything = rules(tmp_path, '[[rule]]\nid = "all"\nkind = "other"\ncss = "p"\n')
        page = compare_page(cleaner(everything), Page(PAGE), cleaner(None))
        assert not page.changed
        assert [note.id for note in page.notes] == ["generic/mine/all"]
        totals = Totals()
        totals.add(page)
        ((name, _),) = totals.notes
        assert name == "generic/mine/all" and totals.notes[name, _].pages == 1


class TestTrouble:
    def test_a_page_that_cannot_be_read_is_a_row(self, tmp_path: Path) -> None:
        (tmp_path / "a.html").write_bytes(b"\x1f\x8bnot gzip")
        (tmp_path / "b.html").write_text(PAGE, "utf-8")
        found = list(compare(cleaner(None), find_pages([tmp_path]), cleaner(None)))
        assert [page.article.status for page in found] == [Status.UNREADABLE, Status.OK]

    def test_a_crash_is_a_row_unless_it_is_to_be_seen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.html").write_text(PAGE, "utf-8")

        def crash(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Cleaner, "article", crash)
        (page,) = compare(cleaner(None), find_pages([tmp_path]))
        assert page.article.status is Status.CRASHED
        with pytest.raises(ZeroDivisionError):
            list(compare(cleaner(None), find_pages([tmp_path]), debug=True))

    def test_faults_of_rules_end_it(self, tmp_path: Path) -> None:
        broken = rules(tmp_path / "rules", '[[rule]]\nid = "x"\nknd = "share"\n')
        (tmp_path / "a.html").write_text(PAGE, "utf-8")
        with pytest.raises(RuleFileError):
            list(compare(cleaner(broken), [Input(tmp_path / "a.html", Path("a.html"))]))  # type: ignore[arg-type]


# ── Rules of a revision ───────────────────────────────────────────────────────────────────────────────────────────────


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    try:
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with rules in two commits: `note` in the first, `teaser` as well in the second."""
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q")
    rules(root / "mine", NOTE)
    (root / "mine" / "link.toml").symlink_to("/etc/hostname")
    (root / "mine" / "page.html").write_text("not a rule file")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    rules(root / "mine", NOTE, TEASER)
    git(root, "commit", "-q", "-a", "-m", "two")
    return root


class TestRevisions:
    def test_the_rules_of_a_revision_and_nothing_else(self, repository: Path, tmp_path: Path) -> None:
        old = rules_of_revision("HEAD~1", repository / "mine", tmp_path / "out")
        assert [path.relative_to(old).as_posix() for path in old.rglob("*") if not path.is_dir()] == [
            "generic/mine.toml"
        ]
        assert "teaser" not in (old / "generic/mine.toml").read_text()
        assert "teaser" in (repository / "mine/generic/mine.toml").read_text()

    def test_one_file_keeps_the_folder_that_names_it(self, repository: Path, tmp_path: Path) -> None:
        old = rules_of_revision("HEAD~1", repository / "mine/generic/mine.toml", tmp_path / "out")
        assert old.parts[-2:] == ("generic", "mine.toml")
        assert NOTE in old.read_text()

    @pytest.mark.parametrize("revision", ["nonsense", "--output=x", "", "HEAD~99", "HEAD:mine"])
    def test_no_such_revision(self, repository: Path, tmp_path: Path, revision: str) -> None:
        with pytest.raises(InputError, match="revision"):
            rules_of_revision(revision, repository / "mine", tmp_path / "out")
        assert not (tmp_path / "out").exists() and not Path("x").exists()

    def test_no_repository(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        git(tmp_path, "--version")
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
        with pytest.raises(InputError, match="in no git repository"):
            rules_of_revision("HEAD", rules(tmp_path / "mine", NOTE), tmp_path / "out")

    def test_a_folder_that_the_revision_has_not_got(self, repository: Path, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="not in that revision"):
            rules_of_revision("HEAD", rules(repository / "new", NOTE), tmp_path / "out")

    def test_no_git(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(InputError, match="needs git, which is not installed"):
            rules_of_revision("HEAD", tmp_path, tmp_path / "out")

    def test_an_archive_cannot_leave_its_folder(self, tmp_path: Path) -> None:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name in ("../up.toml", "/tmp/abs.toml", "sites/../../up.toml", "sites/fine.toml"):
                member = tarfile.TarInfo(name)
                member.size = 1
                archive.addfile(member, io.BytesIO(b"\n"))
        _unpack(packed.getvalue(), tmp_path / "in")
        assert list(tmp_path.rglob("*.toml")) == [tmp_path / "in/sites/fine.toml"]


# ── The command ───────────────────────────────────────────────────────────────────────────────────────────────────────


class TestCommand:
    @pytest.fixture(autouse=True)
    def _page(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (repository / "raw").mkdir()
        (repository / "raw/a.html").write_text(PAGE, "utf-8")
        (repository / "raw/b.txt").write_text(PROSE, "utf-8")
        monkeypatch.chdir(repository)
        monkeypatch.setenv("COLUMNS", "200")

    def test_a_folder_raw_against_clean(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["diff", "raw", "--rules", "mine", "--judge", "none"]) == Exit.OK
        out = capsys.readouterr().out
        assert out.startswith("2 pages\n")
        row = next(line for line in out.splitlines() if line.startswith("generic/mine/note"))
        assert row.split() == ["generic/mine/note", "8", "1", "feedback", "mine/generic/mine.toml:2"]

    def test_against_a_revision(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")  # what comes together in logs of CI must not make the table narrow
        monkeypatch.setenv("TERM", "dumb")
        assert main(["diff", "raw", "--rules", "mine", "--against", "HEAD~1", "--judge", "none"]) == Exit.OK
        out = capsys.readouterr().out
        assert out.startswith("2 pages, 1 changed\n")
        assert "0 gained, 6 lost, 0 relabelled" in out
        assert "generic/mine/teaser" in out and "generic/mine/note" not in out

    def test_one_page_against_a_revision(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["diff", "raw/a.html", "--rules", "mine", "--against", "HEAD~1", "--judge", "none"]) == Exit.OK
        (line,) = capsys.readouterr().out.splitlines()
        assert line == (
            "- Ten walks along the northern shore.  ‹related: generic/mine/teaser (mine/generic/mine.toml:7)›"
        )
        git(Path(), "checkout", "-q", "HEAD~1", "--", "mine")
        assert main(["diff", "raw/a.html", "--rules", "mine", "--against", "HEAD", "--judge", "none"]) == Exit.OK
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith("+ Ten walks") and "was related: generic/mine/teaser (HEAD:mine/generic" in line

    def test_against_a_folder_which_takes_the_place_of_the_overlay(self, capsys: pytest.CaptureFixture[str]) -> None:
        rules(Path("other"), CUT)
        assert main(["diff", "raw/a.html", "--rules", "mine", "--against", "other", "--judge", "none"]) == Exit.OK
        signs = [line[:9] for line in capsys.readouterr().out.splitlines()]
        assert signs == ["- Write t", "+ Read on", "- Ten wal"]

    def test_a_line_that_a_rule_keeps(self, capsys: pytest.CaptureFixture[str]) -> None:
        rules(Path("other"), NOTE, '[[rule]]\nid = "keep"\naction = "keep"\ntoken = "note"\n')
        assert main(["diff", "raw/a.html", "--rules", "other", "--against", "mine", "--judge", "none"]) == Exit.OK
        assert "‹was feedback, kept by: generic/mine/keep (other/generic/mine.toml:7)›" in capsys.readouterr().out

    def test_against_what_is_shipped(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["diff", "raw/a.html", "--rules", "mine", "--against", "shipped", "--judge", "none"]) == Exit.OK
        assert len(capsys.readouterr().out.splitlines()) == 2
        assert main(["diff", "raw/a.html", "--against", "shipped"]) == Exit.OK
        assert capsys.readouterr().out == "no change\n"

    def test_a_folder_stands_in_for_the_shipped_rules(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["diff", "raw/a.html", "--against", "mine", "--judge", "none"]) == Exit.OK
        assert [line[:7] for line in capsys.readouterr().out.splitlines()] == ["+ Write", "+ Ten w"]

    def test_what_is_neither_folder_nor_revision(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["diff", "raw", "--rules", "mine", "--against", "yesterday!"]) == Exit.USAGE
        assert "no such revision" in capsys.readouterr().err

    def test_side_by_side_is_for_one_page(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["diff", "raw", "--side"]) == Exit.USAGE
        assert "--html FILE" in capsys.readouterr().err

    def test_a_page_that_cannot_be_read(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("raw/c.html").write_bytes(b"%PDF-1.7\x00\x01")
        assert main(["diff", "raw"]) == Exit.FAILED
        out, err = capsys.readouterr()
        assert "raw/c.html: unreadable" in err
        assert "1 page: unreadable" in out
