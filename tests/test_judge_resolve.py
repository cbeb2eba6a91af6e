"""Which mark wins on a block, what guards do, where the body is: through real pages and rule overlays."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cleaner
from cleaner.model import Article, Fate, NoiseKind, Page
from cleaner.pipeline import Cleaner
from cleaner.rules.book import RuleBook, _overlay

URL = "https://example.com/news/1"
PROSE = (
    "The ferry to the island was cancelled for the third day in a row, and the bakery on the quay stayed shut.",
    "Harbour staff said that the wind would drop by the evening, although nobody on the pier believed them.",
    "A group of students had pitched their tents beside the ticket office and were cooking soup for everyone.",
    "Nobody could say on Tuesday when the first boat of the week would leave, or whether it would leave at all.",
)
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PROSE)


def page(body: str) -> str:
    return f"<!doctype html><html lang=en><body>{body}</body></html>"


def clean(folder: Path, body: str, rules: str = "", *, site: str = "", url: str = URL) -> Article:
    """Clean a page with these rules and no others: `rules` of no site, `site` of example.com."""
    for name, text in (("generic/mine", rules), ("sites/example.com", site and f'site = "example.com"\n{site}')):
        path = folder / f"{name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"schema = 1\n{text}", "utf-8")
    if not site:
        (folder / "sites/example.com.toml").unlink()
    made = cleaner.Cleaner(rules=False, judge="none")
    made.rulebook = RuleBook([_overlay(folder)])  # the shipped files take a while to compile
    return made.clean(page(body), url=url)


def rule(name: str, token: str, action: str = "drop", **more: Any) -> str:
    keys: dict[str, Any] = {"id": name, "token": token, "action": action, **more}
    if action in ("drop", "cut_after", "flag"):
        keys.setdefault("kind", "related")
    if action == "to_meta":
        keys.setdefault("field", "section")
    lines = (f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in keys.items())
    return "\n".join(["[[rule]]", *lines, ""])


def fates(article: Article) -> dict[str, str]:
    """Return the fate of each block by its text, the prose aside."""
    pairs = zip(article.blocks, article.verdicts, strict=True)
    return {block.text: verdict.fate.value for block, verdict in pairs if block.text not in PROSE}


def verdict_of(article: Article, text: str) -> Any:
    return next(v for b, v in zip(article.blocks, article.verdicts, strict=True) if b.text == text)


# ---- the sort key ----------------------------------------------------------------------------------------------------

NESTED = (
    "<div class=one>Alpha<div class=two>Beta<div class=three>Gamma</div></div></div><div class='one three'>Delta</div>"
)
CHAINS = {
    "Alpha": [{"one"}],
    "Beta": [{"one"}, {"two"}],
    "Gamma": [{"one"}, {"two"}, {"three"}],
    "Delta": [{"one", "three"}],
}
RANKS = {"keep": 0, "to_meta": 1, "drop": 2}
FATES = {"keep": "keep", "to_meta": "metadata", "drop": "drop"}

_rules = st.lists(
    st.tuples(
        st.sampled_from(["site", "generic"]), st.sampled_from(["one", "two", "three"]), st.sampled_from(sorted(RANKS))
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_rules, st.randoms(use_true_random=False))
def test_one_key_decides_whatever_the_order_in_the_files(
    tmp_path: Path, made: list[tuple[str, str, str]], chance: random.Random
) -> None:
    named = [(f"r{number}", *entry) for number, entry in enumerate(made)]
    expected = {}
    for text, chain in CHAINS.items():
        hits = [
            (tier == "generic", -depth, RANKS[action], f"{tier}/{name}", FATES[action])
            for name, tier, token, action in named
            for depth, tokens in enumerate(chain)
            if token in tokens
        ]
        expected[text] = min(hits)[4] if hits else "keep"
    for _ in range(2):
        chance.shuffle(named)
        parts = {tier: "".join(rule(n, t, a) for n, of, t, a in named if of == tier) for tier in ("site", "generic")}
        site = parts["site"] or 'disable = ["builtin/repeated-title"]\n'
        assert fates(clean(tmp_path, BODY + NESTED, parts["generic"], site=site)) == expected


def test_equal_marks_are_decided_by_rule_id_and_the_evidence_says_so(tmp_path: Path) -> None:
    rules = rule("b", "x", kind="share") + rule("a", "x", kind="related") + rule("c", "x", "to_meta")
    article = clean(tmp_path, BODY + "<p class=x>Label here</p>", rules)
    found = verdict_of(article, "Label here")
    assert found.fate is Fate.METADATA
    assert [evidence.id for evidence in found.evidence] == ["generic/mine/c", "generic/mine/a", "generic/mine/b"]
    assert found.evidence[0].where.endswith("mine.toml:12")
    without = clean(tmp_path, BODY + "<p class=x>Label here</p>", rules.rpartition("[[rule]]")[0])
    assert verdict_of(without, "Label here").kind is NoiseKind.RELATED


def test_tiers_from_site_to_probation(tmp_path: Path) -> None:
    (tmp_path / "platforms").mkdir()
    (tmp_path / "platforms/p.toml").write_text("schema = 1\n" + rule("p", "x", "keep"), "utf-8")
    body = BODY + "<p class=x>Label here</p>"
    # A platform's keep outranks a generic drop, a site's drop outranks both.
    assert fates(clean(tmp_path, body, rule("g", "x"))) == {"Label here": "keep"}
    assert fates(clean(tmp_path, body, rule("g", "x"), site=rule("s", "x"))) == {"Label here": "drop"}
    (tmp_path / "platforms/p.toml").write_text("schema = 1\nprobation = true\n" + rule("p", "x", "keep"), "utf-8")
    assert fates(clean(tmp_path, body, rule("g", "x"))) == {"Label here": "drop"}


# ---- actions ---------------------------------------------------------------------------------------------------------


def test_cut_after_takes_the_rest_and_yields_to_any_keep(tmp_path: Path) -> None:
    body = BODY + "<p class=end>Tags</p><p>First teaser</p><p class=note>Correction</p><p>Second teaser</p>"
    site, generic = rule("cut", "end", "cut_after"), rule("note", "note", "keep")
    assert fates(clean(tmp_path, body, generic, site=site)) == {
        "Tags": "drop",
        "First teaser": "drop",
        "Correction": "keep",
        "Second teaser": "drop",
    }
    # Its reach is the weakest mark of its tier: another rule on a block says what the block is.
    article = clean(tmp_path, body, rule("cut", "end", "cut_after") + rule("own", "note", kind="feedback"))
    assert verdict_of(article, "Correction").kind is NoiseKind.FEEDBACK


def test_cut_after_is_guarded_on_all_it_takes(tmp_path: Path) -> None:
    article = clean(tmp_path, "<p class=end>Tags</p>" + BODY, rule("cut", "end", "cut_after"))
    assert fates(article) == {"Tags": "keep"}
    assert any(note.id == "generic/mine/cut" and "skipped" in note.message for note in article.notes)


def test_to_meta_values_are_taken_in_reading_order(tmp_path: Path) -> None:
    rules = "[[rule]]\nid = 'by'\naction = 'to_meta'\nfield = 'section'\nline = 'Filed under (?P<v>.+)'\n"
    article = clean(tmp_path, f"<p>Filed under Harbour</p>{BODY}<p>Filed under Weather</p>", rules)
    assert fates(article) == {"Filed under Harbour": "metadata", "Filed under Weather": "metadata"}
    assert article.metadata.section == "Harbour"
    assert article.metadata.sources["section"].name == "rule:generic/mine/by"
    assert article.metadata.sources["section"].raw == "Filed under Harbour"
    site = "[[rule]]\nid = 'own'\naction = 'to_meta'\nfield = 'section'\ncss = 'p.own'\n"
    article = clean(tmp_path, f"<p>Filed under Harbour</p>{BODY}<p class=own>Sport</p>", rules, site=site)
    assert article.metadata.section == "Sport"


def test_flag_removes_nothing_and_leaves_a_note(tmp_path: Path) -> None:
    article = clean(tmp_path, BODY + "<p class=x>Sponsored</p>", rule("f", "x", "flag", kind="advertisement"))
    assert fates(article)["Sponsored"] == "keep"
    assert ("generic/mine/f", "flagged as advertisement: token x") in [(n.id, n.message) for n in article.notes]


def test_a_section_runs_to_the_next_heading_of_its_level(tmp_path: Path) -> None:
    rules = "[[rule]]\nid = 's'\nkind = 'related'\nsection = { head = 'More boats', max_lines = 9 }\n"
    body = BODY + "<h3>More boats</h3><h4>Small ones</h4><p>A dinghy sank</p><h3>Later on</h3><p>The end</p>" + BODY
    assert fates(clean(tmp_path, body, rules)) == {
        "More boats": "drop",
        "Small ones": "drop",
        "A dinghy sank": "drop",
        "Later on": "keep",
        "The end": "keep",
    }


# ---- marks on a part of a block --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ("<p>Hello <b class=x>AD</b> world<sup class=x>1</sup>, and<i class=x>no</i>more</p>", "Hello world, and more"),
        ("<p>12 High St<br><b class=x>AD</b><br>Old Town</p>", "12 High St\nOld Town"),
        ("<p>One<b class=x>AD</b><br>two</p>", "One\ntwo"),
        ("<ul><li>one <b class=x>AD</b>two</ul>", "- one two"),
        ("<ul><li><b class=x>AD</b> two</ul>", "- two"),
        ("<h2><a class=x>Ad:</a> Head</h2>", "Head"),
        ("<p><a class=x>Share</a> | <a class=x>Print</a> here</p>", "here"),
        ("<p>Pin<b class=x>AD</b>\u200b</p>", "Pin"),
        ("<pre>if x:\n    <b class=x># c</b>\n    y()</pre>", "```\nif x:\n    y()\n```"),
        ("<pre>a = 1  <b class=x># c</b>\nb = 2</pre>", "```\na = 1\nb = 2\n```"),
        ("<table><tr><td>a<td class=x>b<td>c<tr><td>1<td>2<td>3</table>", "a | c\n1 | 2 | 3"),
        ("<table><tr><td class=x>a<td>b<td>c<tr><td>1<td>2<td>3</table>", "b | c\n1 | 2 | 3"),
    ],
)
def test_fragments_rejoin_with_what_stood_between_them(tmp_path: Path, block: str, text: str) -> None:
    article = clean(tmp_path, block + BODY, rule("x", "x"))
    assert article.text.split("\n\n" + PROSE[0])[0] == text
    kept = clean(tmp_path, block + BODY, rule("x", "x", "keep"))
    whole = clean(tmp_path, block + BODY)
    assert (kept.text, kept.markdown) == (whole.text, whole.markdown)


def test_a_mark_covers_a_block_whatever_blank_stands_beside_it(tmp_path: Path) -> None:
    body = BODY + "<p><a class=x>Pin it</a>\u200b</p><p><a class=x>Send it</a> | <a class=x>Keep it</a></p><p>|</p>"
    assert fates(clean(tmp_path, body, rule("x", "x"))) == {
        "Pin it": "drop",
        "Send it": "drop",
        "Keep it": "drop",
        "|": "keep",
    }


def test_an_element_beside_a_bar_covers_nothing_else(tmp_path: Path) -> None:
    assert fates(clean(tmp_path, BODY + "<p>|</p><p class=x>Pin</p><p>|</p>", rule("x", "x")))["|"] == "keep"


# ---- the body --------------------------------------------------------------------------------------------------------


def test_what_lies_outside_the_body_goes_unless_a_rule_keeps_it(tmp_path: Path) -> None:
    site = "[body]\ncss = ['div.none', 'div.text']\n" + rule("k", "k", "keep")
    body = f"<p>Menu line</p><p class=k>Kept line</p><div class=text>{BODY}<p>Inner</p></div><p>After</p>"
    article = clean(tmp_path, body, site=site)
    assert fates(article) == {"Menu line": "drop", "Kept line": "keep", "Inner": "keep", "After": "drop"}
    found = verdict_of(article, "Menu line")
    assert (found.kind, found.evidence[0].id) == (NoiseKind.OUTSIDE_BODY, "sites/example.com/[body]")
    assert verdict_of(article, "Inner").evidence[0].id == "sites/example.com/[body]"


def test_the_caption_of_a_picture_above_the_body_is_one(tmp_path: Path) -> None:
    figure = "<figure><img src=a.jpg><figcaption>The mill before the flood</figcaption></figure>"
    below = figure.replace("a.jpg", "b.jpg").replace("before", "after")
    body = f"<h1>The mill</h1>{figure}<div class=text>{BODY}</div>{below}"
    article = clean(tmp_path, body, site="[body]\ncss = 'div.text'\n")
    assert [caption.text for caption in article.captions] == ["The mill before the flood"]


def test_a_caption_of_which_a_rule_removes_a_part_is_one_still(tmp_path: Path) -> None:
    figure = "<figure><img src=a.jpg><figcaption>The mill before the flood <b class=x>Enlarge</b></figcaption></figure>"
    body = f"<h1>The mill</h1><div class=text>{figure}{BODY}</div>"
    article = clean(tmp_path, body, site="[body]\ncss = 'div.text'\n" + rule("x", "x"))
    assert [caption.text for caption in article.captions] == ["The mill before the flood"]
    assert "before the flood" not in article.text


def test_what_a_site_s_rules_remove_does_not_part_what_stands_around_it(tmp_path: Path) -> None:
    """The scorer gives every other block the probability that it has without the rules of the site."""
    inserts = "".join(f"<p>{text}</p><p class=x>Read on: the mill, part {n}</p>" for n, text in enumerate(PROSE))
    page = Page(f"<!DOCTYPE html><body>{inserts}</body>", "https://example.com/a")
    site = tmp_path / "sites" / "example.com.toml"
    site.parent.mkdir()
    site.write_text(f'schema = 1\nsite = "example.com"\n{rule("x", "x", max_share=0.9)}')
    ruled, plain = Cleaner(tmp_path).clean(page), Cleaner("generic").clean(page)
    said = {verdict.evidence[0].detail for text in PROSE for verdict in [verdict_of(ruled, text)]}
    assert said == {verdict.evidence[0].detail for text in PROSE for verdict in [verdict_of(plain, text)]}
    assert "part 1" not in ruled.text


@pytest.mark.parametrize(("css", "holds"), [("div.text", True), ("div.box", False)])
def test_a_body_on_probation_has_to_hold_the_text(tmp_path: Path, css: str, holds: bool) -> None:
    body = f"<div class=box><p>{PROSE[0]}</p></div><div class=text>{BODY}</div><p>After</p>"
    article = clean(tmp_path, body, site=f"probation = true\n[body]\ncss = '{css}'\n")
    assert (verdict_of(article, "After").kind is NoiseKind.OUTSIDE_BODY) is holds
    assert ["[body]" in note.message for note in article.notes] == [True] * (not holds)


def test_a_body_that_misses_is_noted_and_ignored(tmp_path: Path) -> None:
    article = clean(tmp_path, BODY + "<p>After</p>", site="[body]\ncss = 'div.gone'\n")
    assert fates(article) == {"After": "keep"}
    assert [note.id for note in article.notes] == ["sites/example.com/[body]"]


# ---- guards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("share", "is_skipped"), [(0.2, True), (0.3, False)])
def test_a_rule_that_takes_more_than_its_share_is_skipped_and_noted(
    tmp_path: Path, share: float, is_skipped: bool
) -> None:
    body = BODY.replace("<p>", "<p class=x>", 1)  # about a quarter of the prose
    article = clean(tmp_path, body, rule("x", "x", max_share=share))
    assert (PROSE[0] in article.text) is is_skipped
    assert [note.id for note in article.notes if "skipped" in note.message] == ["generic/mine/x"] * is_skipped


def test_comments_may_be_longer_than_the_article(tmp_path: Path) -> None:
    comments = "".join(
        f"<p class=x>Reader {n} thinks that all of this could have been known before.</p>" for n in range(20)
    )
    article = clean(tmp_path, BODY + comments, rule("x", "x", kind="comments"))
    assert article.text == "\n\n".join(PROSE)


def test_rules_that_together_leave_nothing_are_undone_lowest_tier_and_most_words_first(tmp_path: Path) -> None:
    classes = ("a", "b", "c", "d")
    body = "".join(f"<p class='{name} both'>{text}</p>" for name, text in zip(classes, PROSE, strict=True))
    every = "".join(rule(name, name, max_share=1.0) for name in classes)
    article = clean(tmp_path, body, rule("both", "both", max_share=1.0), site=every)
    undone = [note.id for note in article.notes if "un-applied" in note.message]
    longest = max(zip(classes, PROSE, strict=True), key=lambda pair: (len(pair[1].split()), pair[0]))
    assert undone == ["generic/mine/both", f"sites/example.com/{longest[0]}"]
    assert article.text == longest[1]


# ---- disable ---------------------------------------------------------------------------------------------------------


def test_an_overlay_is_laid_over_the_shipped_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("schema = 1\n" + rule("x", "x", "keep"), "utf-8")
    body = BODY + "<nav><p>Menu</p><p class=x>Kept</p></nav>"
    article = cleaner.Cleaner(rules=path, judge="none").clean(page(body))
    assert fates(article) == {"Menu": "drop", "Kept": "keep"}


def test_rules_and_builtins_are_disabled_by_id(tmp_path: Path) -> None:
    body = BODY + "<p class=x>Label</p>" + BODY
    off = 'disable = ["generic/mine/x", "builtin/repeated-run", "builtin/repeated-paragraph"]\n'
    article = clean(tmp_path, body, rule("x", "x"), site=off)
    assert article.text == "\n\n".join([*PROSE, "Label", *PROSE])
    elsewhere = clean(tmp_path, body, rule("x", "x"), site=off, url="https://example.org/")
    assert elsewhere.text == "\n\n".join(PROSE)


# ---- cost ------------------------------------------------------------------------------------------------------------


def test_marks_within_marks_cost_no_more_than_marks_side_by_side(tmp_path: Path) -> None:
    body = BODY + "<div class=x>" * 1_000 + "<p>tail</p>" * 4_000
    began = time.process_time()
    article = clean(tmp_path, body, rule("x", "x") + rule("cut", "x", "cut_after"))
    assert time.process_time() - began < 5
    assert {verdict.fate for verdict in article.verdicts[len(PROSE) :]} == {Fate.DROP}
