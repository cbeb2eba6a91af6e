"""The systems that are measured: names, and what makes a page into an answer.

A *system* is a function of a page (bytes of HTML, or the text of a dump), its URL and its media type. A *factory* makes
one, importing what it needs then: a peer that is not installed raises ImportError there and is skipped by name. To
measure something else, a rule folder or another judge, give its factory a name in :data:`FACTORIES`.
"""

from __future__ import annotations

import html as html_escapes
import importlib.metadata
import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from metrics import Answer

__all__ = ["FACTORIES", "PROJECT", "System", "is_ours", "version_of"]

PROJECT = "cleaner"
System = Callable[[bytes | str, str, str], Answer]


def _cleaner(rules: Literal["generic", False] | None) -> System:
    from cleaner import Cleaner

    cleaner = Cleaner(rules=rules)

    def run(source: bytes | str, url: str, media_type: str) -> Answer:
        article = cleaner.clean(source, url=url, media_type=media_type)
        metadata = article.metadata
        return Answer(
            text=article.text,
            status=str(article.status),
            gives_metadata=True,
            title=metadata.title or "",
            authors=tuple(metadata.authors),
            published=metadata.date or "",
            # A credit alone is none to a reference that has texts.
            captions=tuple(f"{caption.text} {caption.credit or ''}" for caption in article.captions if caption.text),
            sources={name: f"{source.name}: {source.raw}" for name, source in metadata.sources.items()},
        )

    return run


def _trafilatura() -> System:
    from trafilatura import extract

    return _text_of(lambda source, url: extract(source, url=url, include_comments=False))


def _resiliparse() -> System:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    return _text_of(lambda source, _: extract_plain_text(HTMLTree.parse(_decoded(source)), main_content=True))


def _readability() -> System:
    from html_text import extract_text
    from readability import Document

    # A page it cannot read is a status here, not a traceback on the terminal.
    logging.getLogger("readability").setLevel(logging.CRITICAL)
    # It answers with HTML; the same tool that makes whole-page dumps turns that into text.
    return _text_of(lambda source, url: extract_text(Document(_decoded(source), url=url).summary()))


def _newspaper() -> System:
    with warnings.catch_warnings():
        # It misses nltk, which it needs for summaries only.
        warnings.filterwarnings("ignore", "nltk is not installed", UserWarning)
        from newspaper import Article

    def parsed(source: bytes | str, url: str, **settings: str) -> Any:
        article = Article(url, fetch_images=False, **settings)
        article.download(input_html=_decoded(source))
        article.parse()
        return article

    def read(source: bytes | str, url: str) -> Answer:
        try:
            article = parsed(source, url)
        except ImportError:  # it lacks the tokeniser of the page's language: packages that would load data by network
            article = parsed(source, url, language="en")
        return Answer(
            str(article.text),
            gives_metadata=True,
            title=article.title or "",
            authors=tuple(article.authors),
            published=article.publish_date.isoformat() if article.publish_date else "",
        )

    return _html_only(read)


def _input() -> System:
    """Return what every system must beat: the dump itself, unread."""
    return lambda source, _url, _media_type: Answer(_decoded(source))


def _text_of(extract: Callable[[bytes | str, str], str | None]) -> System:
    return _html_only(lambda source, url: Answer(extract(source, url) or ""))


def _html_only(read: Callable[[bytes | str, str], Answer]) -> System:
    """Wrap a peer that knows only HTML: it reads a dump as a bare page with a paragraph for each line."""

    def run(source: bytes | str, url: str, media_type: str) -> Answer:
        if media_type == "text/plain":
            lines = (line.strip() for line in _decoded(source).splitlines())
            paragraphs = "\n".join(f"<p>{html_escapes.escape(line)}</p>" for line in lines if line)
            source = f"<!DOCTYPE html><html><body>\n{paragraphs}\n</body></html>"
        answer = read(source, url)
        return answer if answer.text else replace(answer, status="empty")

    return run


def _decoded(source: bytes | str) -> str:
    return source if isinstance(source, str) else source.decode(errors="replace")


FACTORIES: dict[str, tuple[str, Callable[[], System]]] = {
    "cleaner": (PROJECT, partial(_cleaner, None)),
    "cleaner:generic": (PROJECT, partial(_cleaner, "generic")),
    "cleaner:none": (PROJECT, partial(_cleaner, False)),
    "trafilatura": ("trafilatura", _trafilatura),
    "resiliparse": ("resiliparse", _resiliparse),
    "readability": ("readability-lxml", _readability),
    "newspaper4k": ("newspaper4k", _newspaper),
    "input": (PROJECT, _input),
}
"""Name of a system -> the distribution it comes from, and its factory."""


def is_ours(system: str) -> bool:
    """Return whether a system is this project's, as against a peer or the bare input."""
    return system.split(":")[0].split("@")[0] == PROJECT


def version_of(system: str) -> str:
    """Return the version of the distribution behind a system."""
    return importlib.metadata.version(FACTORIES[system][0])
