"""The benchmark of metadata: what counts for which figure, its table, the pages it lists, what it writes."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import corpus
import metadata
from metadata import Figure, Whereabouts, score
from metrics import Answer, Reference, score_metadata

# -- scores ----------------------------------------------------------------------------------------------------------


def test_a_field_counts_where_it_is_stated_and_apart_where_it_is_not():
    given = Answer("", authors=("Ann Bo",), published="2024-05-01", captions=("A cat.",))
    scores = score("news", Reference("x", title="T"), given)
    assert (scores["authors"], scores["authors_overlap"], scores["authors_invented"]) == (None, None, 1)
    assert (scores["date"], scores["date_invented"]) == (None, 1)
    assert (scores["captions"], scores["captions_precision"], scores["captions_invented"]) == (None, None, 1)
    nothing = score("news", Reference("x", title="T"), Answer(""))
    assert (nothing["authors_invented"], nothing["date_invented"], nothing["captions_invented"]) == (0, 0, 0)
    stated = score("news", Reference("x", authors=("Ann Bo",), published="2024-05-01"), given)
    assert (stated["authors"], stated["date"]) == (1, 1)
    assert not {"authors_invented", "date_invented"} & set(stated)


@pytest.mark.parametrize(
    ("byline", "given", "right"),
    [
        ("Ann Bo", ("Ann Bo",), 1),
        ("Ann Bo, Cy Do, and Eve Fox", ("Eve Fox", "Ann Bo", "Cy Do"), 1),
        ("Ann & Bo; Cy Do | The Paper", ("Ann", "Bo", "Cy Do", "The Paper"), 1),
        ("Ann Bo, MD, RD", ("Ann Bo",), 1),  # degrees
        ("Ann Bo, MD", ("Ann Bo, MD",), 1),
        ("Center for Light and Sound", ("Center for Light and Sound",), 1),
        ("Ferdinand Alexander", ("Ferdinand Alexander",), 1),
        ("Ann Bo and Cy Do", ("Ann Bo",), 0),
        ("Ann Bo", (), 0),
    ],
)
def test_a_byline_of_wcxb_is_right_as_a_whole_or_as_its_names(byline, given, right):
    assert score("wcxb", Reference("x", authors=(byline,)), Answer("", authors=given))["authors"] == right


def test_names_in_a_list_stay_as_they_are():
    reference = Reference("x", authors=("Ann Bo and Cy Do",))
    assert score("news", reference, Answer("", authors=("Ann Bo", "Cy Do")))["authors"] == 0


@pytest.mark.parametrize(
    ("wanted", "given", "day", "minute"),
    [
        ("2024-05-01T23:30:00+00:00", "2024-05-02T01:30+02:00", 1, 1),
        ("2024-05-01T23:30:00+00:00", "2024-05-02T01:30", 0, 0),
        ("2024-05-01T10:00:00+00:00", "2024-05-01", 1, 0),
        ("2024-05-01T10:00:00", "2024-05-01T10:00:59+02:00", 1, 1),  # by the clock: no zone is wanted
        ("2024-05-01", "2024-05-01T23:30-05:00", 1, None),  # a day as stated, though it is the next one in UTC
        ("2024-05-01 00:00:00", "2024-05-01T00:30+02:00", 1, None),
        ("2024-05", "2024-05-01", 0, None),
        ("2024-05-01", "", 0, None),
        ("9999-12-31T23:59-10:00", "9999-12-31", 0, None),  # not a moment in UTC
    ],
)
def test_days_and_minutes(wanted, given, day, minute):
    scores = score_metadata(Reference("x", published=wanted), Answer("", published=given))
    assert (scores["date"], scores["date_minute"]) == (day, minute)


def test_captions_are_to_be_found_once():
    reference = Reference("x", captions=("A cat.", "A dog.", "A cat."))
    # The cat is in two pictures, so twice is right; the dog comes twice and is in one.
    answer = Answer("", captions=("Photo: a cat. AFP", "a cat", "A dog.", "a dog", "Share this"))
    scores = score_metadata(reference, answer)
    assert (scores["captions"], scores["captions_once"]) == (1, pytest.approx(2 / 3))
    assert scores["captions_precision"] == pytest.approx(4 / 5)
    silent = score_metadata(reference, Answer(""))
    assert (silent["captions_once"], silent["captions_precision"]) == (0, None)


def test_what_falls_short():
    equal, invented = Figure("news", "title", "title", "", "1"), Figure("wcxb", "date", "date_invented", "", "< 1")
    assert equal.falls_short({"title": 0.0})
    assert not equal.falls_short({"title": 1.0})
    assert not equal.falls_short({"title": None})
    assert invented.falls_short({"date_invented": 1.0})
    assert not invented.falls_short({})
    assert not Figure("news", "title", "title", "for information").falls_short({"title": 0.0})


# -- whereabouts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "field", "place"),
    [
        ("Big — News!", "title", "[in view]"),
        ("Big & bold", "title", "[in the source]"),
        ("Small news", "title", "[NOT ON PAGE]"),
        ("2024-05-01T10:00:00+02:00", "date", "[in view]"),
        ("2023-12-09", "date", "[in the source]"),
        ("2023-01-09", "date", "[NOT ON PAGE]"),
        ("2023-12", "date", "[in the source]"),
    ],
)
def test_whereabouts(value, field, place):
    pytest.importorskip("html_text", reason="html_text comes with the bench extra")
    page = b'<meta content="Big &amp; bold"><meta content="2023-12-09T08:00"><h1>Big <i>News</i></h1><p>May 1, 2024</p>'
    assert Whereabouts(page).of(value, field) == place


# -- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def news(tmp_path, monkeypatch):
    """A corpus of one news page, whose reference disagrees with its author."""
    body = "".join(f"<p>The council met {n} times in May, and it agreed on a plan for the harbour.</p>" for n in "123")
    head = '<meta property="og:title" content="A plan"><meta name="author" content="Ann Bo">'
    page = f"<!DOCTYPE html><html><head>{head}</head><body><article><h1>A plan</h1>{body}</article></body></html>"
    entry = {"url": "https://e.example/1", "title": "A plan", "authors": ["Cy Do"], "published": "2024-05-01"}
    (tmp_path / "news_sites").mkdir()
    (tmp_path / "news_sites/de-X_1.json").write_text(json.dumps({**entry, "body": [], "images": []}))
    (tmp_path / "news_sites/de-X_1.html.gz").write_bytes(gzip.compress(page.encode()))
    monkeypatch.setenv("CLEANER_CORPUS", str(tmp_path))
    return tmp_path


def _crash(*_):
    raise ValueError("no\nbody")


def _missing():
    raise ImportError("No module named 'elsewhere'")


def test_the_command(news, monkeypatch, capsys):
    pytest.importorskip("html_text", reason="html_text comes with the bench extra")
    right = Answer("", title="A plan", authors=("Cy Do",), published="2024-05-01T09:00")
    monkeypatch.setitem(metadata.SYSTEMS, "trafilatura", lambda: lambda *_: right)
    monkeypatch.setitem(metadata.SYSTEMS, "newspaper4k", _missing)
    monkeypatch.setattr(metadata.peers, "version_of", lambda _: "1")
    out = news / "out.json"
    arguments = ["--sets", "news", "--disagreements", "authors", "--out", str(out)]
    assert metadata.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = next([cell.strip() for cell in line.split("|")] for line in lines if "author set equal" in line)
    assert cells[4:-1] == ["1", "0.000", "1.000"]
    assert not any("title equal" in line for line in lines)
    assert "skipped: newspaper4k cannot be imported: No module named 'elsewhere'" in lines
    assert any(line.startswith("metadata: declare ") and line.endswith("of clean()") for line in lines)
    listed = lines[lines.index("news/de-X_1  https://e.example/1") + 1 :]
    assert listed[0].split(maxsplit=1)[1] == "'Cy Do' [NOT ON PAGE]"
    assert listed[1].split(maxsplit=1)[1] == "'Ann Bo'  ← meta:author: Ann Bo"
    assert listed[2].split() == ["=", "trafilatura", "'Cy", "Do'"]
    (record,) = json.loads(out.read_text())["pages"]
    assert (record["answers"]["cleaner"]["title"], record["scores"]["cleaner"]["title"]) == ("A plan", 1)


def test_a_crash_is_an_empty_answer_and_is_told(news):
    (result,) = metadata.measure({"cleaner": _crash}, corpus.load("news"))
    assert result.scores["cleaner"]["title"] == 0
    assert list(metadata.crashes([result])) == ["cleaner crashed: ValueError: no body on news/de-X_1"]


def test_wrong_use(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        metadata.main(["--fields", "title,colour"])
    assert "'colour' is none of title" in capsys.readouterr().err
    monkeypatch.setenv("CLEANER_CORPUS", str(tmp_path / "nowhere"))
    assert metadata.main([]) == 2
    assert "CLEANER_CORPUS" in capsys.readouterr().err
