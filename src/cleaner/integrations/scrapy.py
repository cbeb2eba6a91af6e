"""Scrapy: an item pipeline (docs/INTEGRATIONS.md)."""

from __future__ import annotations

import logging
from typing import Any, Final, Self

try:
    from itemadapter import ItemAdapter
    from scrapy.exceptions import DropItem
    from scrapy.http import Response
except ImportError as error:
    raise ImportError("cleaner.integrations.scrapy needs Scrapy: pip install 'cleaner[scrapy]'") from error

from cleaner.integrations.facts import checked_statuses, facts
from cleaner.model import Page
from cleaner.pipeline import Cleaner

__all__ = ["CleanerPipeline"]

_LOG: Final = logging.getLogger(__name__)


class CleanerPipeline:
    """Cleans the page that an item holds, into fields of the same item.

    Settings, all optional:

    ======================== ============== ================================================================
    `CLEANER_PAGE_FIELD`     `html`         the page: a `Response`, bytes or text
    `CLEANER_URL_FIELD`      `url`          its address, where the page is no `Response`
    `CLEANER_TEXT_FIELD`     `text`         gets the body; empty: nothing does
    `CLEANER_FACTS_FIELD`    `cleaner`      gets a dict: status, reason, metadata; empty: nothing does
    `CLEANER_DROP_PAGE`      `False`        empty the field of the page afterwards
    `CLEANER_DROP_STATUSES`  `[]`           items to drop, as `["captcha", "blocked"]`
    `CLEANER_RULES`          `None`         see :data:`cleaner.pipeline.Rules`
    `CLEANER_JUDGE`          `scorer`       see :class:`cleaner.Cleaner`
    `CLEANER_INCLUDE`        `[]`           the same
    ======================== ============== ================================================================

    An item without a page, or of a class that lacks a field, goes on as it is, with a warning (once for each reason).
    Whatever is wrong with a page is its status. Stats: `cleaner/status/<status>`, `cleaner/no_page`,
    `cleaner/no_field`.

    """

    def __init__(
        self,
        cleaner: Cleaner | None = None,
        *,
        page_field: str = "html",
        url_field: str = "url",
        text_field: str = "text",
        facts_field: str = "cleaner",
        drop_page: bool = False,
        drop_statuses: Any = (),
        stats: Any = None,
    ) -> None:
        self._cleaner = cleaner or Cleaner()
        self._page_field, self._url_field = page_field, url_field
        self._text_field, self._facts_field = text_field, facts_field
        self._drop_page = drop_page
        self._drop_statuses = checked_statuses(drop_statuses)
        self._stats = stats
        self._warned: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        """Return the pipeline that a crawler's settings ask for. Raises InputError, ValueError."""
        settings = crawler.settings
        cleaner = Cleaner(
            settings.get("CLEANER_RULES"),
            judge=settings.get("CLEANER_JUDGE", "scorer"),
            include=settings.getlist("CLEANER_INCLUDE"),
        )
        return cls(
            cleaner,
            page_field=settings.get("CLEANER_PAGE_FIELD", "html"),
            url_field=settings.get("CLEANER_URL_FIELD", "url"),
            text_field=settings.get("CLEANER_TEXT_FIELD", "text"),
            facts_field=settings.get("CLEANER_FACTS_FIELD", "cleaner"),
            drop_page=settings.getbool("CLEANER_DROP_PAGE"),
            drop_statuses=settings.getlist("CLEANER_DROP_STATUSES"),
            stats=crawler.stats,
        )

    def process_item(self, item: Any, spider: Any = None) -> Any:  # noqa: ARG002 - some versions pass it
        """Return the item, cleaned. Raises DropItem for the statuses that the settings name, and nothing else."""
        if not ItemAdapter.is_item(item):
            self._pass(item, "no_page", f"an item of type {type(item).__qualname__} has no fields")
            return item
        fields = ItemAdapter(item)
        page = _page(fields.get(self._page_field), fields.get(self._url_field))
        if page is None:
            self._pass(item, "no_page", f"items have no page in the field {self._page_field!r}")
            return item
        (article,) = self._cleaner.clean_many([page])
        self._count(f"status/{article.status}")
        if self._drop_page:
            self._set(fields, self._page_field, None)
        self._set(fields, self._text_field, article.text)
        self._set(fields, self._facts_field, facts(article))
        if article.status in self._drop_statuses:
            raise DropItem(f"{article.status}: {article.reason or page.url or page.location}")
        return item

    def _set(self, fields: Any, name: str, value: Any) -> None:
        if not name:
            return
        try:
            fields[name] = value
        except Exception as error:  # noqa: BLE001 - a class without that field, frozen, or that checks what it is given
            told = f"items of {type(fields.item).__qualname__} take no field {name!r} ({error}); define it"
            self._pass(fields.item, "no_field", told)

    def _pass(self, item: Any, key: str, reason: str) -> None:
        self._count(key)
        reason_of_class = f"{type(item).__qualname__} {key} {reason}"
        if reason_of_class not in self._warned:
            self._warned.add(reason_of_class)
            _LOG.warning("cleaner: %s; said once", reason)

    def _count(self, key: str) -> None:
        if self._stats is not None:
            self._stats.inc_value(f"cleaner/{key}")


def _page(content: Any, url: Any) -> Page | None:
    """Return the page that a field holds; None where there is none."""
    if isinstance(content, Response):
        # Bytes, not `.text`: the library decodes by what the server says, and we by what the bytes say.
        stated = content.headers.get("Content-Type") or b""
        return Page(content.body, content.url, stated.decode("latin-1") or None, location=content.url)
    if not isinstance(content, bytes | str):
        return None
    address = url if isinstance(url, str) else None
    return Page(content, address, location=address or Page("").location)
