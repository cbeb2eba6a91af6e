"""What the benchmark of rule packs counts: who is charged with a block, on whose pages, and what was read and set aside."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import corpus
import packs
from metrics import Reference

_BODY = [
    "The miller has agreed to grind for all three bakeries, and to keep the wheel turning through the dry months.",
    "For forty years the sound of the wheel has told the village that the river is still high enough for the boats.",
    "A part of the flour goes to the school, which bakes its own rolls on the last Friday of each month in winter.",
]
_RULES = {
    "generic/noise.toml": """schema = 1
[[rule]]
id = "ads"
kind = "advertisement"
phrase = "@advertisement"
[[rule]]
id = "box"
kind = "related"
css = ".box"
""",
    "lang/de.toml": 'schema = 1\n[when]\nlang = ["de"]\n[phrases]\nadvertisement = ["Anzeige", "Werbung"]\n',
    "lang/nl.toml": 'schema = 1\n[when]\nlang = ["nl"]\n[phrases]\nadvertisement = ["Anzeige", "Reclame"]\n',
}


@pytest.fixture
def rules(tmp_path):
    for name, text in _RULES.items():
        path = tmp_path / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "rules"


@pytest.fixture
def page(tmp_path):
    def make(language, *, reference=(), name="one"):
        paragraphs = [_BODY[0], "Anzeige", _BODY[1], *reference, _BODY[2]]
        lines = "".join(f"<p>{line}</p>" for line in paragraphs)
        html = f'<html lang="{language}"><body>{lines}<p class="box">Three more mills</p></body></html>'
        path = tmp_path / f"{name}.html.gz"
        path.write_bytes(gzip.compress(html.encode()))
        body = "\n\n".join([_BODY[0], _BODY[1], *reference, _BODY[2]])
        return corpus.CorpusPage("news", name, f"https://{name}.example/", path, Reference(body))

    return make


def _rows(pages, rules, guise="html"):
    return {row.pack: row for row in packs.measure(pages, [guise], root=rules)}


def test_a_pack_is_charged_on_pages_of_its_language_with_what_goes_by_it_alone(rules, page):
    rows = _rows([page("de")], rules)
    german, dutch, base = rows["lang/de"], rows["lang/nl"], rows[packs.BASE]
    assert (german.pages, german.gold_removed, german.noise_removed) == (1, 0, 1)
    assert german.said == {"Anzeige": True, "Werbung": False}
    assert (dutch.pages, dutch.noise_removed_anywhere) == (0, 0)  # the page declares another language
    assert base.noise_removed == 3  # the box by its class; its phrases are nobody's
    assert rows[packs.TOGETHER].noise_removed == 4


def test_words_of_the_reference_are_harm(rules, page):
    row = _rows([page("de", reference=["Werbung"])], rules)["lang/de"]
    assert row.gold_removed == 1
    assert row.share == pytest.approx(1 / row.gold)
    assert [(loss.page, loss.words, loss.text) for loss in row.losses] == [("news/one", 1.0, "Werbung")]
    assert packs.over([row], row.share) == []
    assert len(packs.over([row], row.share / 2)) == 2  # on its pages, and on all


def test_what_was_read_is_counted_apart(rules, page, tmp_path, monkeypatch):
    read = tmp_path / "read.json"
    read.write_text(json.dumps({"news/one": {"generic/noise/ads": "label of an advertisement"}}), encoding="utf-8")
    monkeypatch.setattr(packs, "_READ", read)
    pages = [page("de", reference=["Werbung"]), page("de", reference=["Werbung"], name="two")]
    row = _rows(pages, rules)["lang/de"]
    assert (row.read, row.gold_removed) == (1, 1)
    assert [loss.page for loss in row.losses] == ["news/two"]


def test_a_page_without_a_language_is_nobodys_own_and_hears_all(rules, page):
    bare = page("")
    rows = _rows([bare], rules)
    for name in ("lang/de", "lang/nl"):
        assert (rows[name].pages, rows[name].noise_removed) == (0, 0)
        assert rows[name].noise_removed_anywhere == 1


def test_all_packs_together_may_take_more_than_one(rules, page):
    row = _rows([page("de", reference=["Werbung"])], rules)[packs.TOGETHER]
    assert row.gold_removed == 1
    assert packs.over([row], 0) == []


def test_what_was_read_names_pages_and_rules_of_this_project():
    known = {name for row in packs.packs_of(packs.shipped_root()).values() for name in (rule.id for rule in row.rules)}
    for page_id, rules in json.loads(packs._READ.read_bytes()).items():
        assert page_id.partition("/")[0] in corpus.SETS
        for rule, reason in rules.items():
            assert rule in known or rule.startswith(("generic/", "platforms/")), rule
            assert reason


def test_without_the_corpus_it_says_where_it_was_looked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CLEANER_CORPUS", str(tmp_path / "none"))
    assert packs.main(["--packs", "lang/de"]) == 2
    assert "CLEANER_CORPUS" in capsys.readouterr().err
