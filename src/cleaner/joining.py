"""One article out of several pages.

Each page is judged by itself, with the rules of the first; what a later page says again (headline, standfirst, a
paragraph) goes, as repeats on one page do. Metadata are those of the first page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from cleaner.judge.builtin import NEVER_REPEATS, REPEAT_WORDS, REPEATED_PARAGRAPH, REPEATED_TITLE
from cleaner.model import Article, Block, BlockKind, Document, Evidence, Fate, NoiseKind, Status, Verdict
from cleaner.text import fold_phrase, word_count

__all__ = ["Said", "join"]

_NO_ARTICLE: Final = frozenset({Status.EMPTY, Status.INDEX, Status.NOT_ARTICLE})
"""What a page of an article may be by itself without the article lacking anything: a gallery's last page."""
_BLOCK: Final = re.compile(r"\bblock (\d+)")


class Said:
    """What the pages of an article have said so far."""

    def __init__(self) -> None:
        self._page = 0
        self._titles: dict[str, int] = {}
        """Folded title -> number of the page that has it."""
        self._texts: dict[str, int] = {}

    def hear(self, document: Document, verdicts: list[Verdict], disabled: frozenset[str]) -> None:
        """Drop from `verdicts` what earlier pages said, and remember what this one says."""
        self._page += 1
        for block, verdict in zip(document.blocks, tuple(verdicts), strict=True):
            text = "" if verdict.fate is Fate.DROP or block.continues else fold_phrase(block.text)
            if not text:
                continue
            if verdict.field == "title":
                self._titles.setdefault(text, self._page)
            if block.kind is BlockKind.HEADING:
                earlier, found_by, kind = self._titles.get(text), REPEATED_TITLE, NoiseKind.REPEATED_TITLE
            elif block.words < REPEAT_WORDS or block.kind in NEVER_REPEATS or block.kind is BlockKind.LIST_ITEM:
                continue
            else:
                earlier = self._texts.setdefault(text, self._page)
                found_by, kind = REPEATED_PARAGRAPH, NoiseKind.REPEATED_TEXT
            if earlier is None or earlier == self._page or found_by in disabled:
                continue
            if verdict.fate is Fate.KEEP and not _is_ruled(verdict):
                reason = Evidence(found_by, detail=f"said on page {earlier} of the article")
                verdicts[block.index] = Verdict(Fate.DROP, kind, None, (reason, *verdict.evidence))


def _is_ruled(verdict: Verdict) -> bool:
    """Tell whether a rule keeps a block, rather than `[body]` that holds it, or a judge."""
    reason = verdict.evidence[0]
    return reason.where is not None and not reason.id.endswith("/[body]")


def join(articles: Sequence[Article]) -> Article:
    """Return one article out of those of its pages, in order. Their blocks become its blocks, and are renumbered."""
    first = articles[0]
    status, reason = _status(articles)
    text = "\n\n".join(article.text for article in articles if article.text)
    blocks: list[Block] = []
    verdicts: list[Verdict] = []
    group = 0
    for article in articles:
        start = len(blocks)
        for block in article.blocks:
            block.index += start
            block.group += group if block.group else 0
            blocks.append(block)
        verdicts += [_moved(verdict, start) for verdict in article.verdicts]
        group = max([group, *(block.group for block in article.blocks)])
    notes = [note for article in articles for note in article.notes]
    return replace(
        first,
        text=text,
        markdown="\n\n".join(article.markdown for article in articles if article.markdown),
        metadata=replace(first.metadata, word_count=word_count(text)),
        captions=list(dict.fromkeys(caption for article in articles for caption in article.captions)),
        blocks=blocks,
        verdicts=verdicts,
        status=status,
        reason=reason,
        confidence=_confidence(articles),
        notes=list(dict.fromkeys(notes)),
    )


def _moved(verdict: Verdict, start: int) -> Verdict:
    """Return a verdict whose evidence names blocks by their numbers in the whole article."""
    if not start:
        return verdict
    moved = (
        replace(reason, detail=_BLOCK.sub(lambda found: f"block {int(found[1]) + start}", reason.detail))
        if reason.id.startswith("builtin/")
        else reason
        for reason in verdict.evidence
    )
    return replace(verdict, evidence=tuple(moved))


def _status(articles: Sequence[Article]) -> tuple[Status, str]:
    """Return the status of the whole: partial where a page lacks what it should have."""
    lacking = [
        (number, article)
        for number, article in enumerate(articles, 1)
        if article.status is not Status.OK and article.status not in _NO_ARTICLE
    ]
    if not any(article.status is Status.OK for article in articles):
        return articles[0].status, articles[0].reason
    if not lacking:
        return Status.OK, ""
    number, article = lacking[0]
    return Status.PARTIAL, f"page {number} of {len(articles)}: {article.status}, {article.reason}"


def _confidence(articles: Sequence[Article]) -> float | None:
    """Return the mean confidence, weighted by words; None where a page with a body has none."""
    told = [(article.confidence, article.metadata.word_count) for article in articles if article.text]
    words = sum(count for _, count in told)
    if not words or any(confidence is None for confidence, _ in told):
        return articles[0].confidence if not words else None
    return sum((confidence or 0.0) * count for confidence, count in told) / words
