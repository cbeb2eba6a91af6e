"""Hugging Face's datasets: a function for `map` (docs/INTEGRATIONS.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

try:
    from datasets import Features, Value
except ImportError as error:
    raise ImportError("cleaner.integrations.datasets needs datasets: pip install 'cleaner[datasets]'") from error

from cleaner import __version__
from cleaner.integrations.facts import facts as facts_of
from cleaner.judge import JudgeName
from cleaner.model import Article, Page, Status
from cleaner.pipeline import Cleaner, Rules

__all__ = ["CleanRows"]

_TEXT, _NUMBER = Value("string"), Value("float64")
_FACTS = {
    **dict.fromkeys(("status", "reason"), _TEXT),
    "confidence": _NUMBER,
    **dict.fromkeys(("rules_digest", "cleaner", "title"), _TEXT),
    "authors": [_TEXT],
    **dict.fromkeys(("date", "modified", "description", "section"), _TEXT),
    "tags": [_TEXT],
    **dict.fromkeys(("site_name", "language", "url", "image"), _TEXT),
    "agencies": [_TEXT],
    **dict.fromkeys(("copyright", "page_type"), _TEXT),
    "is_accessible_for_free": Value("bool"),
    "word_count": Value("int64"),
}
"""Types of :func:`cleaner.integrations.facts.facts`. Stated, for a batch in which nobody states a field has no type."""


class CleanRows:
    """Cleans the pages of a batch: `dataset.map(clean, batched=True, features=clean.features(dataset.features))`.

    The body goes into one column, all else into another: a struct of status, reason, confidence and metadata. Whatever
    is wrong with a page is its status; a row without a page is `unreadable`.

    It pickles, and datasets' fingerprint of it follows from the options, the version of cleaner and the content of the
    rule files: what is in the cache is used again exactly if it would come out the same.

    Args:
        rules: see :data:`cleaner.pipeline.Rules`.
        judge: see :class:`cleaner.Cleaner`.
        include: the same.
        page: the column that holds the page, bytes or text.
        url: the column that holds its address; it need not be there.
        text: the column for the body.
        facts: the column for all else.

    """

    def __init__(
        self,
        rules: Rules = None,
        *,
        judge: JudgeName = "scorer",
        include: Sequence[str] = (),
        page: str = "html",
        url: str = "url",
        text: str = "text",
        facts: str = "cleaner",
    ) -> None:
        self._cleaner = Cleaner(rules, judge=judge, include=include)
        self._options = (rules, judge, tuple(include))
        self._columns = (page, url, text, facts)

    def __reduce__(self) -> tuple[Any, ...]:
        # What is hashed for the fingerprint is what is pickled. The last argument is there for that.
        return _rebuilt, (self._options, self._columns, (__version__, self._cleaner.rulebook.digest()))

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Return the new columns of a batch."""
        page, url, text, facts = self._columns
        contents = batch[page]
        urls = batch[url] if url in batch else [None] * len(contents)
        articles = [self._article(content, address) for content, address in zip(contents, urls, strict=True)]
        return {text: [article.text for article in articles], facts: [facts_of(article) for article in articles]}

    def _article(self, content: Any, url: str | None) -> Article:
        if not isinstance(content, bytes | str):
            kind = "null" if content is None else type(content).__name__
            return Article.failed(Status.UNREADABLE, f"{kind}: this row holds no page", url=url, location="<memory>")
        (article,) = self._cleaner.clean_many([Page(content, url)])
        return article

    def features(self, features: Features) -> Features:
        """Return what types the columns of a dataset have after it was mapped, from what they have before."""
        _, _, text, facts = self._columns
        return Features({**features, text: _TEXT, facts: _FACTS})


def _rebuilt(options: tuple[Rules, JudgeName, tuple[str, ...]], columns: tuple[str, ...], _hashed: object) -> CleanRows:
    rules, judge, include = options
    page, url, text, facts = columns
    return CleanRows(rules, judge=judge, include=include, page=page, url=url, text=text, facts=facts)
