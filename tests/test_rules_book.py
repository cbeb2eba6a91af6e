"""Which files hold for a page: hosts, overlays, packs, recognition, and what thousands of site files cost."""

from __future__ import annotations

import copy
import pickle
import re
import threading
import time
from pathlib import Path

import pytest

from cleaner.errors import InputError, RuleFileError
from cleaner.model import Document
from cleaner.rules import RuleBook
from cleaner.rules.book import _Root, shipped_root
from tests.rule_pages import page_of_html, page_of_text


def rule(name: str, phrase: str, extra: str = "") -> str:
    return f'[[rule]]\nid = "{name}"\nkind = "other"\nphrase = "{phrase}"\n{extra}\n'


def write(root: Path, name: str, body: str = "") -> Path:
    path = root / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    site = f'site = "{path.stem}"\n' if name.startswith("sites/") else ""
    path.write_text(f"schema = 1\n{site}{body}", encoding="utf-8")
    return path


def book(*roots: Path, sites: bool = True) -> RuleBook:
    return RuleBook([_Root(root, f"rules{index or ''}") for index, root in enumerate(roots)], sites=sites)


def fired(made: RuleBook, document: Document) -> set[str]:
    return {mark.rule.id for mark in made.for_page(document).mark(document)}


# ---- hosts


@pytest.mark.parametrize(
    ("url", "files"),
    [
        ("https://example.co.uk/a", ["sites/example.co.uk"]),
        ("https://www.example.co.uk/a", ["sites/example.co.uk"]),
        ("http://EXAMPLE.co.uk.:8080/a", ["sites/example.co.uk"]),
        ("https://news.example.co.uk/a", ["sites/news.example.co.uk", "sites/example.co.uk"]),
        ("https://otherexample.co.uk/a", []),
        ("https://co.uk/a", []),
        ("https://bücher.example/", ["sites/xn--bcher-kva.example"]),
        ("https://../../etc/passwd", []),
        ("https://[bad/", []),
        ("https://" + "a." * 5_000 + "example.co.uk/", ["sites/example.co.uk"]),
        ("file:///a/b", []),
        (None, []),
    ],
)
def test_the_files_of_a_host(tmp_path: Path, url: str | None, files: list[str]) -> None:
    for host in ("example.co.uk", "news.example.co.uk", "xn--bcher-kva.example"):
        write(tmp_path, f"sites/{host}", rule("r", "x"))
    assert list(book(tmp_path).for_page(page_of_text("x", url)).files) == files


def test_the_most_specific_file_wins_rule_by_rule(tmp_path: Path) -> None:
    write(tmp_path, "sites/example.com", rule("a", "x") + rule("b", "x"))
    write(tmp_path, "sites/news.example.com", rule("a", "y"))
    made = book(tmp_path)
    assert fired(made, page_of_text("x", "https://news.example.com/")) == {"sites/example.com/b"}
    assert fired(made, page_of_text("x\ny", "https://news.example.com/")) == {
        "sites/news.example.com/a",
        "sites/example.com/b",
    }
    assert fired(made, page_of_text("x", "https://example.com/")) == {"sites/example.com/a", "sites/example.com/b"}


@pytest.mark.parametrize(
    ("url", "head", "site"),
    [
        ("https://a.example/", '<link rel=canonical href="https://b.example/">', "a"),
        (
            None,
            '<meta property="og:url" content="https://a.example/"><link rel="Canonical" href="https://b.example/x">',
            "b",
        ),
        (None, '<link rel=canonical href="/x"><meta property="og:url" content="https://a.example/">', "a"),
        (None, '<meta property="og:url" content="">', None),
    ],
)
def test_where_the_host_comes_from(tmp_path: Path, url: str | None, head: str, site: str | None) -> None:
    for name in "ab":
        write(tmp_path, f"sites/{name}.example", rule("r", "x"))
    rules = book(tmp_path).for_page(page_of_html(f"<head>{head}</head><body><p>x</p>", url))
    assert rules.files == ((f"sites/{site}.example",) if site else ())


def test_paths_use_the_url_that_the_page_declares(tmp_path: Path) -> None:
    write(tmp_path, "generic/x", rule("r", "x", 'when = { paths = "/news/*" }'))
    page = page_of_html("<head><link rel=canonical href=https://a.b/news/1></head><body><p>x</p>")
    assert fired(book(tmp_path), page) == {"generic/x/r"}


# ---- packs


def test_packs_hold_by_their_when_or_because_a_site_extends_them(tmp_path: Path) -> None:
    write(tmp_path, "platforms/wp", '[when]\nif_present = { css = ".wp" }\n' + rule("r", "x"))
    write(tmp_path, "lang/en", '[when]\nlang = "en"\n' + rule("r", "x"))
    write(tmp_path, "sites/a.b", 'extends = ["platforms/wp", "lang/en"]\n')
    made = book(tmp_path)
    for page, files, ids in [
        (page_of_html("<p>x</p>", language="de"), (), set()),
        (page_of_html("<p class=wp>x</p>", language="de"), ("platforms/wp",), {"platforms/wp/r"}),
        (page_of_html("<p>x</p>", language="en"), ("lang/en",), {"lang/en/r"}),
        (page_of_html("<p>x</p>", language=None), ("lang/en",), set()),  # in the main run
        (page_of_html("<div data-zone=tail><p>x</p></div>", language=None), ("lang/en",), {"lang/en/r"}),
        (
            page_of_html("<p>x</p>", "https://a.b/", language="de"),
            ("sites/a.b", "platforms/wp", "lang/en"),
            {"platforms/wp/r", "lang/en/r"},
        ),
    ]:
        assert (made.for_page(page).files, fired(made, page)) == (files, ids)


def test_a_site_extends_a_site(tmp_path: Path) -> None:
    write(tmp_path, "sites/first.example", 'extends = ["sites/second.example"]\n' + rule("a", "x") + rule("b", "x"))
    write(tmp_path, "sites/second.example", 'extends = ["sites/first.example"]\n' + rule("b", "y"))
    page = page_of_text("x\ny", "https://second.example/")
    assert book(tmp_path).for_page(page).files == ("sites/second.example", "sites/first.example")
    assert fired(book(tmp_path), page) == {"sites/second.example/b", "sites/first.example/a"}


def test_disable_holds_on_the_pages_of_its_file_only(tmp_path: Path) -> None:
    write(tmp_path, "generic/x", rule("r", "x") + rule("s", "x") + '[meta]\ntitle = { value = "t" }')
    write(tmp_path, "sites/a.b", 'disable = ["generic/x/r", "builtin/repeated-title"]\n')
    made = book(tmp_path)
    assert fired(made, page_of_text("x", "https://a.b/")) == {"generic/x/s"}
    assert made.for_page(page_of_text("x", "https://a.b/")).disabled == {"generic/x/r", "builtin/repeated-title"}
    assert fired(made, page_of_text("x", "https://c.b/")) == {"generic/x/r", "generic/x/s"}


# ---- overlays


def test_an_overlay_wins_rule_by_rule(tmp_path: Path) -> None:
    lower, upper = tmp_path / "lower", tmp_path / "upper"
    write(lower, "sites/a.b", '[phrases]\nmore = ["one"]\n' + rule("a", "x") + rule("b", "@more"))
    write(upper, "sites/a.b", '[phrases]\nmore = ["two"]\n' + rule("a", "y"))
    write(lower, "generic/x", rule("a", "x") + rule("b", "x"))
    write(upper, "generic/x", rule("b", "y"))
    made = book(lower, upper)
    page = page_of_text("x\none\ntwo", "https://a.b/")
    marks = made.for_page(page).mark(page)
    assert sorted((mark.rule.id, mark.first) for mark in marks) == [
        ("generic/x/a", 0),
        ("sites/a.b/b", 1),
        ("sites/a.b/b", 2),
    ]
    page = page_of_text("y", "https://a.b/")
    assert sorted(mark.rule.where for mark in made.for_page(page).mark(page)) == [
        "rules1/generic/x.toml:2",
        "rules1/sites/a.b.toml:5",
    ]


def test_load(tmp_path: Path) -> None:
    write(tmp_path, "sites/a.b", rule("r", "x"))
    write(tmp_path, "generic/own", rule("r", "x"))
    single = write(tmp_path / "loose", "mine", rule("r", "x"))
    site = tmp_path / "loose/c.d.toml"
    site.write_text('schema = 1\nsite = "c.d"\n' + rule("r", "x"))
    page = page_of_text("x", "https://a.b/")
    assert {"sites/a.b", "generic/own"} <= set(RuleBook.load(tmp_path).for_page(page).files)
    assert {"sites/a.b", "generic/mine"} <= set(RuleBook.load([str(tmp_path), single]).for_page(page).files)
    assert "sites/c.d" in RuleBook.load(site).for_page(page_of_text("x", "https://c.d/")).files
    nothing = RuleBook.load(False).for_page(page)
    assert (nothing.files, nothing.mark(page), nothing.disabled, nothing.region(page)) == ((), [], frozenset(), None)
    shipped = {source.name for source in RuleBook.load().files()}
    generic = {source.name for source in RuleBook.load("generic").files()}
    assert generic == {name for name in shipped if not name.startswith("sites/")}
    assert shipped_root().is_dir()


def test_load_says_what_is_wrong_with_a_path(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "x.txt").write_text("")
    for path, message in [
        (tmp_path / "none", "no such rule file or folder"),
        (tmp_path / "sites", f"name the folder above it: {tmp_path}"),
        (tmp_path / "x.txt", "a rule file is called"),
    ]:
        with pytest.raises(InputError, match=message):
            RuleBook.load(path)


# ---- faults


def test_only_a_file_that_a_page_needs_can_break_it(tmp_path: Path) -> None:
    write(tmp_path, "sites/a.b", "[[rul]]\n")
    write(tmp_path, "sites/c.d", "x = \n")
    made = book(tmp_path)
    made.for_page(page_of_text("x", "https://other.example/"))
    with pytest.raises(RuleFileError, match=r"rules/sites/a\.b\.toml:3: unknown key"):
        made.for_page(page_of_text("x", "https://a.b/"))
    assert [(fault.file, fault.line) for fault in made.check()] == [
        ("rules/sites/a.b.toml", 3),
        ("rules/sites/c.d.toml", 3),
    ]


def test_names_that_do_not_exist(tmp_path: Path) -> None:
    write(tmp_path, "lang/en", '[phrases]\nrelated = ["x"]\n')
    write(tmp_path, "generic/x", rule("r", "x"))
    write(tmp_path, "sites/b", '[phrases]\nown = ["x"]\n')
    write(
        tmp_path,
        "sites/a.b",
        'extends = ["platforms/wordpres"]\ndisable = ["generic/x/q", "builtin/repeated-titel", "sites/a.b/r"]\n'
        + rule("r", "@relatde")
        + rule("s", "@own"),
    )
    write(tmp_path, "platforms/wordpress")
    made = book(tmp_path)
    assert [str(fault) for fault in made.check({"builtin/repeated-title"})] == [
        'rules/sites/a.b.toml:3: unknown rule file "platforms/wordpres" (did you mean "platforms/wordpress"?)',
        'rules/sites/a.b.toml:8: rule r: unknown phrase set "@relatde" (did you mean "related"?)',
        'rules/sites/a.b.toml:4: unknown rule "generic/x/q" (did you mean "generic/x/r"?)',
        'rules/sites/a.b.toml:4: unknown rule "builtin/repeated-titel" (did you mean "builtin/repeated-title"?)',
    ]
    with pytest.raises(RuleFileError, match="unknown rule file"):
        made.for_page(page_of_text("x", "https://a.b/"))


def test_an_unknown_set_in_a_pack_is_raised_for_every_page(tmp_path: Path) -> None:
    write(tmp_path, "generic/x", rule("r", "@none"))
    with pytest.raises(RuleFileError, match='rule r: unknown phrase set "@none"'):
        book(tmp_path).for_page(page_of_text("x"))


def test_the_shipped_files_have_no_faults() -> None:
    assert [str(fault) for fault in RuleBook.load().check()] == []


def _blocks(heading: str) -> list[tuple[str, str]]:
    """The code blocks under a heading of docs/RULES.md, each with its language."""
    text = (Path(__file__).resolve().parent.parent / "docs/RULES.md").read_text(encoding="utf-8")
    return re.findall(
        r"^```(\w*)\n(.*?)^```$", text.split(f"## {heading}\n")[1].split("\n## ")[0], re.DOTALL | re.MULTILINE
    )


def test_the_faults_in_the_documentation_are_those_reported(tmp_path: Path) -> None:
    (_, source), (_, first), (_, second) = _blocks("When a file has faults")
    write(tmp_path, "platforms/wordpress")
    write(tmp_path, "lang/en", '[phrases]\nshare = ["x"]\n')
    path = tmp_path / "sites/example.com.toml"
    path.parent.mkdir()
    path.write_text(source)
    made = RuleBook([_Root(tmp_path, "rules")])
    assert [str(fault) for fault in made.check()] == [f"rules/{line}" for line in first.splitlines()]
    mended = source.replace("knd", "kind").replace(', "div:has-text(Related)"', "").replace("tial", "tail")
    path.write_text(mended.replace("contains(@class='share')", "contains(@class, 'share')"))
    assert [str(fault) for fault in made.check()] == [f"rules/{line}" for line in second.splitlines()]


@pytest.mark.parametrize(("heading", "folder"), [("A first rule", "sites"), ("A file", "sites")])
def test_the_examples_in_the_documentation_are_good(tmp_path: Path, heading: str, folder: str) -> None:
    write(tmp_path, "platforms/wordpress")
    write(tmp_path, "generic/noise", rule("share-run", "x"))
    path = tmp_path / folder / "example.com.toml"
    path.parent.mkdir()
    path.write_text(_blocks(heading)[0][1], encoding="utf-8")
    assert [str(fault) for fault in book(tmp_path).check()] == []


# ---- dumps without a URL


def test_recognise(tmp_path: Path) -> None:
    write(
        tmp_path,
        "sites/a.b",
        'recognise = ["A Daily - all rights", "Sign up for A  Daily", "Third"]\n' + rule("r", "x"),
    )
    write(tmp_path, "sites/c.d", '# recognise\nrecognise = ["Third", "Fourth",\n "Sign up for A Daily"]\n')
    write(tmp_path, "sites/e.f", rule("recognise", "x"))
    made = book(tmp_path)
    for text, files, notes in [
        ("x\nA Daily - All Rights\nSign up for A Daily", ("sites/a.b",), 0),
        ("x\nThird\nThird", (), 0),
        ("x\nThird\nSign up for A Daily", (), 1),
        ("x\nThird\nSign up for A Daily\nFourth", ("sites/c.d",), 0),
        ("x\nThird\nSign up for A Daily\nA Daily - all rights\nFourth", (), 1),
    ]:
        document = page_of_text(text)
        rules = made.for_page(document)
        made.for_page(document)
        assert (rules.files, len(document.notes)) == (files, notes), text
    assert "a.b, c.d" in document.notes[0].message
    with_url = page_of_text("A Daily - all rights\nSign up for A Daily", "https://g.h/")
    assert made.for_page(with_url).files == ()
    assert made.for_page(page_of_html("<p>A Daily - all rights</p><p>Sign up for A Daily</p>")).files == ()
    assert book(tmp_path, sites=False).for_page(page_of_text("A Daily - all rights\nSign up for A Daily")).files == ()


def test_a_broken_recognise_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "sites/a.b", "recognise = 3\n")
    with pytest.raises(RuleFileError, match="recognise must be a list of strings"):
        book(tmp_path).for_page(page_of_text("x"))


# ---- digest, processes, threads


def test_the_digest_covers_the_files_that_hold_and_nothing_else(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "elsewhere/two"
    for root in (one, two):
        write(root, "generic/x", rule("r", "x"))
        write(root, "sites/a.b", rule("r", "x"))
    page, other = page_of_text("x", "https://a.b/"), page_of_text("x", "https://c.d/")
    digest = book(one).for_page(page).digest
    assert len(digest) == 16
    assert digest == book(two).for_page(page).digest
    assert digest != book(one).for_page(other).digest
    write(two, "sites/c.d", rule("r", "x"))
    assert digest == book(two).for_page(page).digest
    write(two, "sites/a.b", rule("r", "y"))
    assert digest != book(two).for_page(page).digest


def test_a_book_travels(tmp_path: Path) -> None:
    write(tmp_path, "generic/x", rule("r", "x"))
    write(tmp_path, "sites/a.b", rule("r", "x"))
    made = book(tmp_path)
    page = page_of_text("x", "https://a.b/")
    before = made.for_page(page)
    data = pickle.dumps(made)
    assert len(data) < 1_000
    for twin in (pickle.loads(data), copy.deepcopy(made)):
        after = twin.for_page(page)
        assert (after.files, after.digest) == (before.files, before.digest)
        assert fired(twin, page) == fired(made, page)


def test_threads_share_a_book(tmp_path: Path) -> None:
    write(tmp_path, "generic/x", rule("r", "x"))
    for n in range(300):
        write(tmp_path, f"sites/s{n}.example", rule("r", "x"))
    made = book(tmp_path)
    wrong: list[object] = []

    def work(offset: int) -> None:
        for n in range(0, 300, 7):
            host = f"s{(n + offset) % 300}.example"
            ids = fired(made, page_of_text("x", f"https://{host}/"))
            if ids != {"generic/x/r", f"sites/{host}/r"}:
                wrong.append((host, ids))

    threads = [threading.Thread(target=work, args=(offset,)) for offset in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ---- cost


def test_thousands_of_site_files_cost_a_page_only_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "generic/x", rule("r", "x"))
    body = "".join(rule(f"r{n}", f"phrase {n}") for n in range(10))
    for n in range(5_000):
        write(tmp_path, f"sites/site{n}.example", body)
    opened: list[str] = []
    real = Path.open

    def spy(self: Path, *arguments: object, **options: object) -> object:
        opened.append(self.name)
        return real(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", spy)
    made = book(tmp_path)
    start = time.perf_counter()
    fired(made, page_of_text("x", "https://site7.example/a"))
    first = time.perf_counter() - start
    assert sorted(opened) == ["site7.example.toml", "x.toml"]
    opened.clear()
    start = time.perf_counter()
    for n in range(100):
        fired(made, page_of_text("x", f"https://www.site{n}.example/a"))
    other_hosts = (time.perf_counter() - start) / 100
    start = time.perf_counter()
    for _ in range(100):
        fired(made, page_of_text("x", "https://site99.example/a"))
    same_host = (time.perf_counter() - start) / 100
    assert len(opened) == 99
    print(f"\nfirst {first * 1e3:.1f} ms, new host {other_hosts * 1e3:.2f} ms, same host {same_host * 1e3:.3f} ms")
    assert first < 2
    assert other_hosts < 0.1
    assert same_host < 0.02
