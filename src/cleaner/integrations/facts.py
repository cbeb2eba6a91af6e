"""What adapters hand on of an article besides its text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from cleaner.model import Article, Status
from cleaner.storage.records import record

__all__ = ["checked_statuses", "facts"]

_OF_RECORD: Final = ("status", "reason", "confidence", "rules_digest", "cleaner")


def facts(article: Article) -> dict[str, Any]:
    """Return status and metadata of an article as one flat dict of JSON types (docs/FORMATS.md, Records).

    What a page does not state is None or an empty list.
    """
    said = record(article)
    metadata: dict[str, Any] = said["metadata"]
    del metadata["sources"]
    return {name: said[name] for name in _OF_RECORD} | metadata


def checked_statuses(statuses: Collection[str] | None) -> frozenset[Status]:
    """Return the statuses that are named, all of them for None. Raises ValueError for what is none."""
    if isinstance(statuses, str):
        raise ValueError(f"statuses are several strings, as ({statuses!r},); not one")
    return frozenset(Status if statuses is None else map(Status, statuses))
