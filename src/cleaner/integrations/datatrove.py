"""datatrove: a pipeline step (docs/INTEGRATIONS.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

try:
    from datatrove.data import Document
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.extractors.base import ExtractorSandbox
    from datatrove.utils.typeshelper import StatHints
except ImportError as error:
    raise ImportError("cleaner.integrations.datatrove needs datatrove: pip install 'cleaner[datatrove]'") from error

from cleaner.integrations.facts import checked_statuses, facts
from cleaner.judge import JudgeName
from cleaner.model import ARTICLES, Article, Page, Status
from cleaner.pipeline import Cleaner, Rules
from cleaner.storage.readers.members import moment

__all__ = ["CleanPages"]

_Task = tuple[bytes | str, str | None, datetime | None, str]
_NOTHING: Final[_Task] = ("", None, None, "")


class CleanPages(PipelineStep):
    """Makes of each document's page its article: the body becomes `text`, the rest `metadata["cleaner"]`.

    The page is the document's text; where that is empty, the bytes of its first medium that has any. Its address is
    `metadata["url"]`, else that of the medium. Each page is cleaned in a process of its own kind, as the extractors of
    datatrove do it: what hangs or dies costs itself.

    Args:
        rules: see :data:`cleaner.pipeline.Rules`.
        judge: see :class:`cleaner.Cleaner`.
        include: the same.
        statuses: which pages go on; all others are dropped, and counted. None: all.
        captured: the key of the metadata that says when a page was saved (of a WARC reader, `date`), if any does.
        timeout: seconds for a page; None cleans in this process, without limit.

    Stats: `total`, `forwarded`, `dropped`, `status/<status>`, `words_in_body`.

    """

    name = "🧽 cleaner"
    type = "🛢 - EXTRAC"

    def __init__(
        self,
        rules: Rules = None,
        *,
        judge: JudgeName = "scorer",
        include: Collection[str] = (),
        statuses: Collection[str] | None = ARTICLES,
        captured: str | None = None,
        timeout: float | None = 60.0,
    ) -> None:
        super().__init__()
        self.cleaner = Cleaner(rules, judge=judge, include=tuple(include))
        self.statuses = checked_statuses(statuses)
        self.captured = captured
        self.timeout = timeout

    def run(self, data: Iterable[Document], rank: int = 0, world_size: int = 1) -> Iterator[Document]:  # noqa: ARG002
        """Yield the documents, cleaned."""
        with ExtractorSandbox(self.timeout or 0, warmup_text=_NOTHING) as sandbox:
            for document in data or ():
                self.stat_update(StatHints.total)
                with self.track_time():
                    article = self._article(document, sandbox)
                self.stat_update(f"status/{article.status}")
                if article.status not in self.statuses:
                    self.stat_update(StatHints.dropped)
                    continue
                document.text = article.text
                document.metadata["cleaner"] = facts(article)
                self.stat_update(StatHints.forwarded)
                self.stat_update("words_in_body", value=article.metadata.word_count, unit="doc")
                self.update_doc_stats(document)
                yield document

    def _article(self, document: Document, sandbox: Any) -> Article:
        task = self._task(document)
        if self.timeout is None:
            return self._clean(*task)
        try:
            article: Article = sandbox.process_document(task, self._clean)
        except TimeoutError:
            return _failed(Status.TIMEOUT, f"not done after {self.timeout:g} s", task)
        except (EOFError, OSError):
            return _failed(Status.CRASHED, "the process that cleaned it died", task)
        return article

    def _task(self, document: Document) -> _Task:
        content, url = document.text, document.metadata.get("url")
        if not content:
            medium = next((one for one in document.media if one.media_bytes), None)
            if medium is not None:
                content, url = medium.media_bytes, url or medium.url
        captured = moment(document.metadata.get(self.captured)) if self.captured else None
        return content or "", url if isinstance(url, str) else None, captured, str(document.id)

    def _clean(self, content: bytes | str, url: str | None, captured: datetime | None, location: str) -> Article:
        (article,) = self.cleaner.clean_many([Page(content, url, captured=captured, location=location)])
        article.blocks, article.verdicts = [], []  # they are most of it, and nobody asks for them
        return article


def _failed(status: Status, reason: str, task: _Task) -> Article:
    _, url, _, location = task
    return Article.failed(status, reason, url=url, location=location)
