"""The benchmark itself: each metric on cases worked by hand, the corpus, the seeds' judge, comparison and floors."""

from __future__ import annotations

import gzip
import json
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import corpus
import metrics
import peers
import quality
from metrics import Answer, Reference

from cleaner.model import Article, Caption, Metadata, Status

# -- metrics ---------------------------------------------------------------------------------------------------------


def test_aeb_counts_shingles_with_their_number():
    # Reference: abcd bcde (2). Answer: abcd bcde cdef (3); shared 2.
    scores = metrics.score("aeb", Reference("a b c d e"), Answer("a b, c d\n\ne f"))
    assert scores["precision"] == pytest.approx(2 / 3)
    assert scores["recall"] == 1
    assert scores["f1"] == pytest.approx(0.8)
    assert scores["accuracy"] == 0
    # Reference: aaaa once. Answer: aaaa twice.
    assert metrics.score("aeb", Reference("a a a a"), Answer("a a a a a"))["precision"] == 0.5


def test_aeb_keeps_case_and_ignores_punctuation():
    assert metrics.score("aeb", Reference("A b c d"), Answer("a b c d"))["f1"] == 0
    assert metrics.score("aeb", Reference("a b c d."), Answer("«a b»\nc d"))["accuracy"] == 1


@pytest.mark.parametrize(
    ("body", "text", "expected"),
    [
        ("a b", "a b", (1, 1, 1)),  # fewer than four tokens: one short shingle
        ("a b", "a b c", (0, 0, 0)),
        ("a b c d", "", (None, 0, 0)),
        ("", "a b c d", (0, None, 0)),
        ("", "", (None, None, 1)),
    ],
)
def test_aeb_of_short_and_empty_texts(body, text, expected):
    scores = metrics.score("aeb", Reference(body), Answer(text))
    assert (scores["precision"], scores["recall"], scores["accuracy"]) == expected


def test_aeb_f1_comes_from_the_two_means():
    rows = [{"precision": 1.0, "recall": 0.5, "f1": 2 / 3}, {"precision": None, "recall": 0.0, "f1": 0.0}]
    figures = metrics.figures("aeb", rows)
    assert figures["precision"] == 1  # the page without an answer has no precision to count
    assert figures["recall"] == 0.25
    assert figures["f1"] == pytest.approx(0.4)
    assert metrics.figures("wcxb", rows)["f1"] == pytest.approx(1 / 3)


def test_wcxb_compares_multisets_of_lowercased_words():
    # Reference: the×2 cat dog (4). Answer: the cat cat sat_on (4). Shared: the cat (2).
    scores = metrics.score("wcxb", Reference("The the cat dog"), Answer("THE cat, cat sat_on"))
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(("body", "text", "f1"), [("", "", 1), ("", "a", 0), ("a", "", 0), ("", " … ", 1)])
def test_wcxb_of_empty_texts(body, text, f1):
    scores = metrics.score("wcxb-other", Reference(body), Answer(text))
    assert (scores["precision"], scores["recall"], scores["f1"]) == (f1, f1, f1)


def test_wcxb_snippets_count_only_where_a_page_has_some():
    reference = Reference("x", present=("Good Line", "other"), absent=("READ more",))
    scores = metrics.score("wcxb", reference, Answer("a good line. Read More"))
    assert (scores["with"], scores["without"]) == (0.5, 1)
    bare = metrics.score("wcxb", Reference("x"), Answer("x"))
    assert (bare["with"], bare["without"]) == (None, None)
    assert metrics.figures("wcxb", [scores, bare])["with"] == 0.5


def test_news_tokens_of_several_scripts():
    assert metrics.news_tokens("Straße_Ａ1, don't") == ["strasse", "a1", "don", "t"]
    assert metrics.news_tokens("東京2020 カメラ 한국 กข ok") == [*"東京", "2020", *"カメラ한국กข", "ok"]


def test_news_title_and_summary_cost_nothing():
    reference = Reference("one two three", title="The title", summary="Lead one")
    assert metrics.score("news", reference, Answer("the title\n\nlead one\n\none two three"))["f1"] == 1
    # A second time they cost: 3 wanted, 5 charged.
    twice = metrics.score("news", reference, Answer("the title the title one two three"))
    assert (twice["precision"], twice["recall"]) == (pytest.approx(3 / 5), 1)
    # They never stand in for body that is missing.
    assert metrics.score("news", reference, Answer("the title lead one"))["recall"] == pytest.approx(1 / 3)


def test_news_metadata():
    reference = Reference(
        "x",
        title="Big News!",
        authors=("Ann Bo", "Agency"),
        published="2024-05-01 23:30:00+00:00",
        captions=("A cat.", "A dog."),
    )
    answer = Answer("x", "ok", True, "big news", ("ANN BO",), "2024-05-02T01:30+02:00", ("Photo: a cat  Jane/AFP",))
    scores = metrics.score("news", reference, answer)
    assert {name: scores[name] for name in ("title", "authors", "authors_overlap", "date", "captions")} == {
        "title": 1,
        "authors": 0,
        "authors_overlap": 1,
        "date": 1,
        "captions": 0.5,
    }
    nothing = metrics.score("news", reference, Answer("x", gives_metadata=True, published="yesterday"))
    assert not any(nothing[name] for name in ("title", "authors", "authors_overlap", "date", "captions"))
    assert "title" not in metrics.score("news", reference, Answer("x"))


def test_a_caption_is_found_by_whole_tokens():
    reference = Reference("x", captions=("a cat",))
    assert (
        metrics.score("news", reference, Answer("x", gives_metadata=True, captions=("a catalogue",)))["captions"] == 0
    )


@pytest.mark.parametrize("set_name", corpus.SETS)
@given(body=st.text(), text=st.text())
def test_scores_are_shares_and_the_reference_is_perfect(set_name, body, text):
    scores = metrics.score(set_name, Reference(body), Answer(text))
    assert all(value is None or 0 <= value <= 1 for value in scores.values())
    assert metrics.score(set_name, Reference(body), Answer(body))["f1"] == 1


def rows_of(values, groups=None):
    return [(groups[at] if groups else str(at), {"f1": old}, {"f1": new}) for at, (old, new) in enumerate(values)]


def test_bootstrap_tells_a_gain_from_noise():
    draw = random.Random(7)
    same = [(value := draw.random(), min(1, max(0, value + draw.gauss(0, 0.05)))) for _ in range(200)]
    gain = [(old, new + 0.05) for old, new in same]
    assert metrics.paired_bootstrap("wcxb", rows_of(same)).is_noise
    difference = metrics.paired_bootstrap("wcxb", rows_of(gain))
    assert not difference.is_noise
    assert difference.low < difference.delta < difference.high
    assert difference == metrics.paired_bootstrap("wcxb", rows_of(gain))


def test_bootstrap_takes_a_site_as_one_witness():
    # Twenty pages of one site gained, one page of another site lost: two witnesses prove nothing.
    values = [(0.5, 0.6)] * 20 + [(0.5, 0.4)]
    assert not metrics.paired_bootstrap("wcxb", rows_of(values)).is_noise
    assert metrics.paired_bootstrap("wcxb", rows_of(values, ["a"] * 20 + ["b"])).is_noise


# -- corpus ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_corpus(tmp_path, monkeypatch):
    """A corpus of one page a set, in the layout of the real one."""

    def write(path, content):
        path = tmp_path / "corpus" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(content.encode()))
        else:
            path.write_text(json.dumps(content), encoding="utf-8")

    html = "<html><body><p>First paragraph here.</p>\n<p>Zweiter Absatz: ä.</p></body></html>"
    write(
        "aeb_half/ground-truth.json", {"a1": {"articleBody": "First paragraph here.", "url": "https://x.example.com/1"}}
    )
    write("aeb_half/html/a1.html.gz", html)
    write("wcxb_dev/index.json", {"0001": "article", "0002": "forum"})
    for page_id, body in (("0001", {"main_content": "First"}), ("0002", {})):
        truth = {"title": "T", "author": None, "publish_date": None, "with": ["First"], "without": [], **body}
        write(f"wcxb_dev/ground-truth/{page_id}.json", {"url": "https://example.com/2", "ground_truth": truth})
        write(f"wcxb_dev/html/{page_id}.html.gz", html)
    items = [{"kind": "summary", "text": "Lead"}, {"kind": "heading", "text": "H"}, {"kind": "paragraph", "text": "P"}]
    images = [{"caption": None, "credits": []}, {"caption": "C", "credits": ["D"]}]
    entry = {
        "url": "https://n.example.org/",
        "title": "T",
        "authors": [],
        "published": "",
        "body": items,
        "images": images,
    }
    write("news_sites/de-X_1.json", entry)
    write("news_sites/de-X_1.html.gz", html)
    monkeypatch.setenv("CLEANER_CORPUS", str(tmp_path / "corpus"))
    monkeypatch.setenv("CLEANER_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "corpus"


def test_sets_load_with_their_references(small_corpus):
    pages = {name: corpus.load(name) for name in corpus.SETS}
    assert {name: [page.id for page in found] for name, found in pages.items()} == {
        "aeb": ["a1"],
        "wcxb": ["0001"],
        "wcxb-other": ["0002"],
        "news": ["de-X_1"],
    }
    assert pages["wcxb"][0].reference == Reference("First", present=("First",), title="T")
    assert pages["wcxb-other"][0].reference.body == ""
    news = pages["news"][0].reference
    assert (news.body, news.summary, news.captions) == ("H\n\nP", "Lead", ("C",))


def test_a_fingerprint_changes_with_page_and_reference(small_corpus):
    first = corpus.fingerprint(corpus.load("aeb"))
    assert first == corpus.fingerprint(corpus.load("aeb"))
    truth = small_corpus / "aeb_half/ground-truth.json"
    truth.write_text(truth.read_text().replace("First", "Last"))
    second = corpus.fingerprint(corpus.load("aeb"))
    (small_corpus / "aeb_half/html/a1.html.gz").write_bytes(gzip.compress(b"<p>other"))
    assert len({first, second, corpus.fingerprint(corpus.load("aeb"))}) == 3


def test_a_missing_corpus_says_what_to_set(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CLEANER_CORPUS", str(tmp_path / "nowhere"))
    assert quality.main(["--systems", "input", "--input", "dump-leaky"]) == 2
    assert "CLEANER_CORPUS" in capsys.readouterr().err


def test_folds_group_by_registrable_domain():
    assert corpus.registrable_domain("https://www.bbc.co.uk/news/1") == "bbc.co.uk"
    assert corpus.fold_of("https://www.bbc.co.uk/news/1") == corpus.fold_of("http://sport.bbc.co.uk/2")
    folds = [corpus.fold_of(f"https://site{number}.com/") for number in range(500)]
    assert min(map(folds.count, range(5))) > 70


@pytest.mark.parametrize("name", corpus.INPUTS)
def test_inputs(small_corpus, name):
    (page,) = corpus.load("aeb")
    for package in ("html_text", "inscriptis", "resiliparse") if name != "html" else ():
        pytest.importorskip(package, reason=f"{package} makes dumps; it comes with the bench extra")
    source, media_type = corpus.read_input(page, name)
    if name == "html":
        assert (source, media_type) == (page.html(), "text/html")
        return
    assert media_type == "text/plain"
    lines = source.split("\n")
    assert [line.strip() for line in lines if line.strip()] == ["First paragraph here.", "Zweiter Absatz: ä."]
    if name.endswith("-tight"):
        assert all(lines)


def test_a_dump_is_made_once(small_corpus, monkeypatch):
    made = []
    monkeypatch.setitem(corpus.DUMPERS, "leaky", ("hypothesis", lambda html: made.append(html) or "a\r\n\nb"))
    (page,) = corpus.load("aeb")
    assert corpus.dump(page, "leaky") == corpus.dump(page, "leaky") == "a\r\n\nb"
    assert len(made) == 1


@pytest.mark.corpus
def test_the_corpus_is_whole():
    try:
        pages = {name: corpus.load(name) for name in corpus.SETS}
    except corpus.CorpusMissingError as error:
        pytest.skip(str(error))
    assert {name: len(found) for name, found in pages.items()} == {
        "aeb": 88,
        "wcxb": 711,
        "wcxb-other": 60,
        "news": 153,
    }
    assert all(page.path.is_file() for found in pages.values() for page in found)


# -- seeds -----------------------------------------------------------------------------------------------------------

SEED = corpus.Seed(
    name="x.txt",
    dump="",
    body=["One.", "Two  words.", "One."],
    either_way=["From The Times"],
    captions=[{"text": "", "credit": "Reuters"}],
    metadata={"title": "T", "authors": ["A", "B"], "date": None, "site_name": None, "agencies": []},
)


def article(text="One.\n\nTwo words.\n\nOne.", captions=(("", "Reuters"),), rules=(), **metadata):
    fields = {"title": "T", "authors": ["A", "B"], **metadata}
    found = [Caption(caption, credit) for caption, credit in captions]
    return Article(text, text, Metadata(**fields), found, [], [], Status.OK, None, rules=list(rules))


def test_a_seed_as_expected_has_no_faults():
    assert corpus.seed_faults(SEED, article()) == []
    assert corpus.seed_faults(SEED, article("From The Times\n\nOne.\nTwo words.\nOne.")) == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("One.\nTwo words.", ["body line missing: One."]),
        ("One.\nTwo words.\nOne.\nShare", ["body line extra: Share"]),
        ("One.\nOne.\nTwo words.", ["body line out of order: One."]),
        ("From The Times\nOne.\nTwo words.\nOne.\nFrom The Times", ["body line extra: From The Times"]),
    ],
)
def test_seed_body_faults(text, faults):
    assert corpus.seed_faults(SEED, article(text)) == faults


def test_seed_captions_come_once_each():
    assert corpus.seed_faults(SEED, article(captions=())) == ["caption missing:  [Reuters]"]
    twice = article(captions=(("", "Reuters"), ("", "Reuters")))
    assert corpus.seed_faults(SEED, twice) == ["caption extra:  [Reuters]"]


def test_seed_metadata_field_by_field():
    assert corpus.seed_faults(SEED, article(title=" T ", authors=["B", "A"], date="2023")) == [
        "metadata authors: ['B', 'A'] instead of ['A', 'B']",
        "metadata date: '2023' instead of None",
    ]


def test_only_a_site_file_may_name_a_site_that_the_dump_does_not():
    assert len(corpus.seed_faults(SEED, article(site_name="S"))) == 1
    assert corpus.seed_faults(SEED, article(site_name="S", rules=["sites/s.example"])) == []


@pytest.mark.seeds
def test_the_seeds_load():
    try:
        seeds = corpus.seeds()
    except corpus.CorpusMissingError as error:
        pytest.skip(str(error))
    assert len(seeds) == 5
    # What is expected of a dump must be findable in it, or the comparison asks the impossible.
    for seed in seeds:
        lines = {" ".join(line.split()) for line in seed.dump.splitlines()}
        assert {" ".join(line.split()) for line in seed.body} <= lines


# -- measuring -------------------------------------------------------------------------------------------------------


@pytest.fixture
def systems(monkeypatch):
    """Systems that need nothing: one that answers, one that breaks, one that is not installed."""

    def broken(source, url, media_type):
        raise RuntimeError("no")

    def absent():
        raise ImportError("No module named 'absent'")

    made = {"steady": lambda: lambda *page: Answer("First paragraph here."), "broken": lambda: broken, "absent": absent}
    monkeypatch.setattr(peers, "FACTORIES", {name: ("hypothesis", factory) for name, factory in made.items()})
    quality._system.cache_clear()
    yield
    quality._system.cache_clear()


def test_measuring_keeps_every_page_and_names_what_it_skips(small_corpus, systems, tmp_path, capsys):
    out = tmp_path / "results.json"
    options = ["--systems", "steady,broken,absent", "--sets", "aeb", "--jobs", "1", "--worst", "--out", str(out)]
    assert quality.main(options) == 0
    results = quality.Results.load(out)
    assert [run.key for run in results.runs] == ["steady/html/aeb", "broken/html/aeb"]
    steady, broken = (run.pages[0] for run in results.runs)
    assert (steady.id, steady.url, steady.status, steady.words) == ("a1", "https://x.example.com/1", "ok", 3)
    assert results.runs[0].figures["accuracy"] == 1
    assert broken.status == "crashed: RuntimeError: no"
    assert broken.loss == 1
    printed = capsys.readouterr().out
    assert "skipped: absent cannot be imported: No module named 'absent'" in printed
    assert "the worst 1 of 1 pages hold 100% of the loss" in printed


def test_measuring_nothing_is_no_success(small_corpus, systems, capsys):
    assert quality.main(["--systems", "absent", "--sets", "aeb", "--jobs", "1"]) == 2
    assert "nothing was measured: absent cannot be imported" in capsys.readouterr().err


def test_dumps_reach_peers_as_paragraphs():
    seen = []
    run = peers._text_of(lambda source, url: seen.append(source) or "")
    assert run("a < b\n\n  c  ", "", "text/plain") == Answer("", "empty")
    assert "<p>a &lt; b</p>\n<p>c</p>" in seen[0]
    run(b"<p>x", "", "text/html")
    assert seen[1] == b"<p>x"


def test_a_limit_spreads_over_the_set():
    assert quality._spread(list(range(10)), 3) == [0, 3, 6]
    assert quality._spread([1, 2], 5) == [1, 2]


def run_of(f1s, system="cleaner", set_name="wcxb", fingerprint="f"):
    pages = [
        quality.PageResult(str(at), f"https://site{at}.com/", "ok", 1.0, 10, {"precision": f1, "recall": f1, "f1": f1})
        for at, f1 in enumerate(f1s)
    ]
    figures = metrics.figures(set_name, [page.scores for page in pages])
    return quality.Run(system, "html", set_name, fingerprint, figures, pages)


def test_comparison_shows_the_pages_that_moved_both_ways():
    old, new = (quality.Results([run_of(f1s)]) for f1s in ([0.5, 0.5, 0.9], [0.9, 0.2, 0.9]))
    lines = "\n".join(quality.compare(old, new, 5))
    assert "+0.0333" in lines
    assert "within noise" in lines
    assert "cleaner/html/wcxb: worse on 1 of 3 pages" in lines
    assert "-0.300" in lines
    assert "cleaner/html/wcxb: better on 1 of 3 pages" in lines
    assert "+0.400" in lines


def test_comparison_refuses_runs_that_have_nothing_in_common(tmp_path, capsys):
    for name, system in (("a", "cleaner"), ("b", "trafilatura")):
        quality.Results([run_of([1.0], system)]).save(tmp_path / name)
    assert quality.main(["--compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert "no run in common" in capsys.readouterr().err
    assert quality.main(["--compare", str(tmp_path / "a"), str(tmp_path / "missing")]) == 2
    (tmp_path / "b").write_text("{}")
    assert quality.main(["--compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert "not a results file" in capsys.readouterr().err


# -- floors ----------------------------------------------------------------------------------------------------------


def floors_of(value, fingerprint="f"):
    return {"corpus": {"wcxb": fingerprint}, "floors": {"cleaner/html/wcxb/f1": value}, "lowered": []}


def test_a_floor_holds_or_fails():
    results = quality.Results([run_of([0.9, 0.8])])
    assert quality.check_floors(results, floors_of(0.85)) == quality.FloorReport(count=1)
    fallen = quality.check_floors(results, floors_of(0.8501))
    assert fallen.faults == ["cleaner/html/wcxb/f1: 0.8500 is below its floor 0.8501"]


def test_floors_of_other_pages_are_not_compared_and_a_gate_of_nothing_fails():
    outcome = quality.check_floors(quality.Results([run_of([0.9])]), floors_of(0.95, fingerprint="other"))
    assert outcome.count == 0
    assert "other pages of wcxb" in outcome.remarks[0]
    assert outcome.faults == ["no floor fits what was measured: nothing is checked"]


def test_a_skipped_system_does_not_pass_its_floors():
    results = quality.Results([run_of([0.9], "cleaner:none")], skipped={"cleaner": "cannot be imported: x"})
    assert "not measured, cleaner cannot be imported" in quality.check_floors(results, floors_of(0.5)).faults[0]


@pytest.mark.parametrize(
    "name", ["cleaner/html/wcxb", "cleaner/html/wcxb/fl", "nobody/html/wcxb/f1", "cleaner/html/wcxb/without"]
)
def test_a_floor_that_could_never_bite_is_an_error(name):
    floors = {"corpus": {}, "floors": {name: 0.5}, "lowered": []}
    with pytest.raises(quality.UsageError, match="floor"):
        quality.check_floors(quality.Results([run_of([0.9])]), floors)


def test_floors_rise_and_do_not_fall_without_a_reason():
    floors = {"corpus": {}, "floors": {}, "lowered": []}
    high, low = (quality.Results([run_of([value]), run_of([value], "trafilatura")]) for value in (0.91239, 0.9))
    quality.raise_floors(high, floors, None)
    assert floors == floors_of(0.9123)  # ours only, rounded down
    assert quality.check_floors(high, floors).faults == []
    assert quality.raise_floors(low, floors, None).faults
    assert floors == floors_of(0.9123)
    assert quality.raise_floors(low, floors, "references mended").faults == []
    assert floors["floors"] == {"cleaner/html/wcxb/f1": 0.9}
    assert floors["lowered"] == [
        {"floor": "cleaner/html/wcxb/f1", "from": 0.9123, "to": 0.9, "reason": "references mended"}
    ]


def test_floors_move_to_another_corpus_only_with_a_reason():
    floors = floors_of(0.95)
    other = quality.Results([run_of([0.9], fingerprint="g")])
    assert "other pages" in quality.raise_floors(other, floors, None).faults[0]
    assert floors == floors_of(0.95)
    quality.raise_floors(other, floors, "corpus grew")
    assert (floors["corpus"], floors["floors"]) == ({"wcxb": "g"}, {"cleaner/html/wcxb/f1": 0.9})


def test_floors_on_the_command_line(small_corpus, tmp_path, monkeypatch, capsys):
    ours = {"cleaner": ("hypothesis", lambda: lambda *page: Answer("First paragraph here."))}
    monkeypatch.setattr(peers, "FACTORIES", ours)
    quality._system.cache_clear()
    path = tmp_path / "floors.json"
    options = ["--sets", "aeb", "--jobs", "1", "--floors", str(path)]
    assert quality.main([*options, "--raise-floors"]) == 0
    assert quality.main(options) == 0
    assert quality.main([*options, "--limit", "1"]) == 2
    quality._system.cache_clear()
    monkeypatch.setattr(peers, "FACTORIES", {"cleaner": ("hypothesis", lambda: lambda *page: Answer("First."))})
    assert quality.main(options) == 1
    assert "FLOOR cleaner/html/aeb/accuracy: 0.0000 is below its floor 1.0000" in capsys.readouterr().out
    quality._system.cache_clear()
