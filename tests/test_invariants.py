"""What holds for every page: conserved, nothing invented, stable. Over the samples, the seeds and the whole corpus."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import cleaner
from cleaner.compose import compose
from cleaner.model import Article, Evidence, Fate, Page, Status, Verdict
from cleaner.segment import segment
from cleaner.text import settle, words
from tests.conftest import CORPUS, ROOT, SEEDS

UNSEEN = {"script", "style", "template", "noscript", "noframes", "head", "title", "meta", "link", "iframe", "noembed"}
UNSEEN |= {"annotation", "annotation-xml", "base"}
KEEP = Verdict(Fate.KEEP, evidence=(Evidence("test"),))


def visible(root: Any) -> str:
    """All text of a tree but scripts and the like, found by a walk of its own; white space and cell bars left out."""
    out: list[str] = []
    todo: list[Any] = [root]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            out.append(item)
        elif isinstance(item.tag, str) and item.tag not in UNSEEN:
            inner: list[Any] = [item.text or ""]
            for child in item:
                inner += [child, child.tail or ""]
            todo.extend(reversed(inner))
    return squeeze(settle("".join(out)))


def squeeze(text: str) -> str:
    return "".join(text.replace("|", "").split())


def check(content: bytes | str, media_type: str | None, url: str | None = None) -> Article:
    document = segment(Page(content, url=url, media_type=media_type))
    if document.root is not None:
        shown = squeeze("".join(block.text for block in document))
        if not any(element.tag == "noscript" for element in document.spans):
            assert shown == visible(document.root), "not conserved"
    article = cleaner.clean(content, url=url, media_type=media_type)
    assert len(article.blocks) == len(article.verdicts)
    assert all(verdict.evidence for verdict in article.verdicts)
    assert squeeze("".join(block.text for block in article.blocks)) == squeeze("".join(b.text for b in document))
    assert_not_invented(article)
    assert_stable(article)
    assert article.text or article.status is not Status.OK
    return article


def assert_not_invented(article: Article) -> None:
    page = words(" ".join(block.text for block in article.blocks))
    body = "\n".join(re.sub(r"^\s*(?:>\s)?(?:[-*+•]|\d+[.)])\s", "", line) for line in article.text.split("\n"))
    at = 0
    glued = "".join(page)  # fragments may split a word that the body joins again
    for word in words(body):
        found = glued.find(word, at)
        assert found >= 0, f"{word!r} is not on the page after what came before"
        at = found + len(word)


def assert_stable(article: Article) -> None:
    dump = segment(Page(article.text, media_type="text/plain"))
    again, _ = compose(dump, [KEEP] * len(dump))
    assert again == article.text
    if article.text:
        twice = cleaner.clean(article.text, media_type="text/plain").text
        lost = len(words(article.text)) - len(words(twice))
        LOSSES.append((lost, len(words(article.text))))


LOSSES: list[tuple[int, int]] = []


def pages(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".txt", ".gz"))


@pytest.mark.parametrize("path", list(pages(ROOT / "raw")), ids=lambda path: path.name)
def test_samples(path: Path) -> None:
    check(path.read_bytes(), "text/plain" if path.suffix == ".txt" else None)


@pytest.mark.seeds
def test_seeds() -> None:
    for path in pages(SEEDS):
        check(path.read_bytes(), "text/plain")


@pytest.mark.corpus
@pytest.mark.parametrize("part", ["aeb_half", "wcxb_dev", "news_sites"])
def test_corpus(part: str, step: int) -> None:
    LOSSES.clear()
    for path in islice(pages(CORPUS / part), 0, None, step):
        html = gzip.decompress(path.read_bytes())
        try:
            article = check(html, None)
            assert isinstance(article.status, Status)
        except AssertionError as error:
            raise AssertionError(f"{path.name}: {error}") from error
    lost, total = (sum(column) for column in zip(*LOSSES, strict=True))
    # Cleaning a clean body again loses almost nothing: a measured floor.
    assert lost <= 0.005 * total
