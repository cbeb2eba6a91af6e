"""What expressions may cost: as many steps as they are measured to take, and never more trouble than it is worth."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.cssselect import CSSSelector

from cleaner.model import Page
from cleaner.rules import RuleBook
from cleaner.rules.costs import Extent, shape_of
from cleaner.rules.expressions import ElementIndex, ExpensiveError, _xpath_tokens, compile_css, compile_xpath
from cleaner.rules.language import load_file
from cleaner.segment import segment


def extent(root: Any) -> Extent:
    tags = Counter(element.tag for element in root.iter())
    depths = [sum(1 for _ in element.iterancestors()) for element in root.iter()]
    return Extent(
        elements=tags.total(),
        depth=max(depths),
        mean_depth=sum(depths) / len(depths),
        width=max(len(element) for element in root.iter()),
        characters=len("".join(root.itertext())),
        tagged=lambda tag: tags[tag],
        count=lambda source: float(root.xpath(source)),
    )


FLAT = etree.HTML("<body><div>" + "<p class=a>x<b>y</b></p>" * 1_000 + "</div></body>")
DEEP = etree.HTML("<body>" + ("<div class=a>x" * 100 + "</div>" * 100) * 20 + "</body>")


@pytest.mark.parametrize(
    "source",
    [
        *("//*//*", "//div//div", "//p/following::p", "//p/following-sibling::p", "//*/ancestor::*", "//*[//z]"),
        *("//*[count(//*) > 9]", "//*[count(.//*) > 9]", "//*[contains(., 'z')]", "//*[.//z[.//z]]", "//p[//b = //p]"),
        *(
            "//p[last()]",
            "//p[1]/following-sibling::*[1]",
            "//*/..",
            "//div[@class='a' and not(.//p)]//div",
            "//b | //p",
        ),
        *("(//p)[5]//b", "//body//p/b", "id('x')//p", "descendant::p[preceding::b]", "string(//*[.//*])"),
    ],
)
@pytest.mark.parametrize("root", [FLAT, DEEP], ids=["flat", "deep"])
def test_the_estimate_is_no_less_than_half_of_what_it_takes(source: str, root: Any) -> None:
    evaluate = etree.XPath(source, regexp=False)
    started = time.process_time()
    evaluate(root)
    took = time.process_time() - started
    assert shape_of(_xpath_tokens(source)).seconds(extent(root)) >= took / 2 - 0.05


def test_shipped_selectors_are_never_left_out() -> None:
    """On a page as large and as deep as those with a thousand comments are."""
    page = Extent(12_000, 40, 20.0, 1_500, 600_000, lambda _: 400, lambda _: 100.0)
    for source in RuleBook.load().files():
        file = load_file(source.path, source.name)
        selectors = [selector for rule in file.rules for selector in rule.selectors]
        selectors += [one.selector for one in file.extractors if one.selector] + [
            *(file.body.selectors if file.body else ())
        ]
        for selector in selectors:
            assert selector.shape.seconds(page, closely=True) < 3, f"{file.name}: {selector}"


@pytest.mark.parametrize(
    "css", ["h2 + p", ".related a", "ul.share > li a", "article div.a p.b", "#x ~ .y", "table td a[href]"]
)
def test_what_people_write_is_cheap_on_large_pages(css: str) -> None:
    page = Extent(10_000, 40, 20.0, 800, 500_000, lambda _: 1_500, lambda _: 300.0)
    assert shape_of(_xpath_tokens(CSSSelector(css, translator="html").path)).seconds(page, closely=True) < 1


@pytest.mark.parametrize(
    ("source", "walks"),
    [
        *(("//p", 1), ("/html/body/p", 0), ("//p//b", 2), ("//p[.//b]", 2), ("//p[@a and contains(@b, 'c')]/..", 1)),
        *(("//a/following::b[preceding::c]", 3), ("//text()[. = '//x']", 1), ("//*[@* = 'x']", 1), ("2 * 3", 0)),
        *(("count(//a) div count(//b)", 2), ("(//a | //b)[1]//c", 3), ("//ancestor::a", 2), ("//@href", 1)),
    ],
)
def test_walks(source: str, walks: int) -> None:
    etree.XPath(source)
    assert shape_of(_xpath_tokens(source)).walks == walks


TOKENS = [*"/ // [ ] ( ) @ . .. * | = , :: p div and not count text position 1 'x' ancestor following-sibling".split()]


@given(st.lists(st.sampled_from(TOKENS), max_size=30))
@settings(deadline=None)
def test_any_tokens_have_a_shape(tokens: list[str]) -> None:
    shape = shape_of(tokens)
    assert shape.seconds(extent(DEEP)) >= 0
    assert shape.walks >= 0


def test_a_page_is_told_what_was_too_much_and_how_much() -> None:
    document = segment(Page("<body>" + "<p>x</p>" * 20_000))
    with pytest.raises(ExpensiveError, match=r"it may take [\d,]+ seconds among 20,00\d elements"):
        ElementIndex(document).select(compile_css("p ~ p", probation=False, use="elements"))
    # Counted closely, few are concerned.
    assert ElementIndex(document).select(compile_css("p.a ~ p", probation=False, use="elements")) == []


def test_many_selectors_have_one_budget() -> None:
    document = segment(Page("<body>" + "<p>x<b>y</b></p>" * 10_000))
    elements, done = ElementIndex(document), 0
    with pytest.raises(ExpensiveError):
        for number in range(1, 5_000):
            elements.select(
                compile_xpath(f"//b[count(preceding-sibling::i) = {number}]", probation=False, use="elements")
            )
            done += 1
    assert 2 < done < 1_000


def test_what_would_never_end_is_a_fault() -> None:
    with pytest.raises(ValueError, match="too often to end"):
        compile_xpath("//*[count(" * 30 + "//*" + ") > 1]" * 30, probation=False, use="elements")
