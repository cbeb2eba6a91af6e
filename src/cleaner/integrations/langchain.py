"""LangChain: a document loader and a document transformer (docs/INTEGRATIONS.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from os import PathLike
from typing import Any

try:
    from langchain_core.document_loaders import BaseLoader
    from langchain_core.documents import BaseDocumentTransformer, Document
except ImportError as error:
    raise ImportError("cleaner.integrations.langchain needs LangChain: pip install 'cleaner[langchain]'") from error

from cleaner.integrations.facts import checked_statuses, facts
from cleaner.model import ARTICLES, Article, Page
from cleaner.pipeline import Cleaner
from cleaner.storage import find_pages

__all__ = ["CleanerLoader", "CleanerTransformer"]


class CleanerLoader(BaseLoader):
    """Loads saved pages as documents: files, folders, WARC, MHTML, Parquet and all else in docs/FORMATS.md.

    `page_content` is the body; `metadata` has `source` (the address, else the place), `location`, `status`, and what
    the page states of itself. It is flat, as vector stores want it: names and tags are joined by `; `, and what a page
    does not state is not there.

    Args:
        paths: files and folders.
        cleaner: what cleans; by default with the shipped rules.
        markdown: whether `page_content` is Markdown.
        statuses: which pages become documents. None: all, also those that could not be read, whose text is empty.

    Raises InputError for a path that does not exist or a folder without pages, when it comes to it.

    """

    def __init__(
        self,
        paths: str | PathLike[str] | Sequence[str | PathLike[str]],
        *,
        cleaner: Cleaner | None = None,
        markdown: bool = False,
        statuses: Collection[str] | None = ARTICLES,
    ) -> None:
        several = [paths] if isinstance(paths, str | PathLike) else paths
        self._paths = [str(path) for path in several]
        self._cleaner = cleaner or Cleaner()
        self._markdown = markdown
        self._statuses = checked_statuses(statuses)

    def lazy_load(self) -> Iterator[Document]:
        """Yield the documents, one page at a time."""
        for source in find_pages(self._paths):
            try:
                page = source.read()
            except Exception as error:  # noqa: BLE001 - one page must not end it, whatever it does
                article = Article.of_error(error, url=source.url, location=source.location)
            else:
                (article,) = self._cleaner.clean_many([page])
            if article.status in self._statuses:
                yield Document(article.markdown if self._markdown else article.text, metadata=_metadata(article))


class CleanerTransformer(BaseDocumentTransformer):
    """Cleans documents whose `page_content` is a page, as loaders of LangChain fetch them.

    Their address is `metadata["url"]`, else `metadata["source"]`, where that is one. Metadata stays; what cleaning
    finds is added, and counts where both say something, `source` aside.

    Args: as :class:`CleanerLoader`. Documents of other statuses are left out.

    """

    def __init__(
        self,
        *,
        cleaner: Cleaner | None = None,
        markdown: bool = False,
        statuses: Collection[str] | None = ARTICLES,
    ) -> None:
        self._cleaner = cleaner or Cleaner()
        self._markdown = markdown
        self._statuses = checked_statuses(statuses)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> Sequence[Document]:  # noqa: ARG002
        """Return the cleaned documents."""
        made = []
        for document in documents:
            page = Page(document.page_content, _address(document.metadata))
            (article,) = self._cleaner.clean_many([page])
            if article.status in self._statuses:
                added = {
                    name: value for name, value in _metadata(article).items() if name not in ("source", "location")
                }
                text = article.markdown if self._markdown else article.text
                made.append(document.model_copy(update={"page_content": text, "metadata": document.metadata | added}))
        return made


def _address(metadata: dict[str, Any]) -> str | None:
    stated = (metadata.get(name) for name in ("url", "source"))
    return next((url for url in stated if isinstance(url, str) and url.startswith(("http://", "https://"))), None)


def _metadata(article: Article) -> dict[str, Any]:
    found: dict[str, Any] = {"source": article.page_url or article.location, "location": article.location}
    for name, value in facts(article).items():
        if isinstance(value, list):
            value = "; ".join(value)
        if value not in (None, ""):
            found[name] = value
    return found
