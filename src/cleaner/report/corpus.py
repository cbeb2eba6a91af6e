"""A corpus after cleaning, at a glance: the pages to look at, then the sums (:class:`cleaner.census.Census`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cleaner import __version__
from cleaner.census import Census, Entry, Flag, Histogram, Site
from cleaner.compare import METADATA
from cleaner.model import NoiseKind
from cleaner.report import frame

__all__ = ["check_target", "write_corpus"]

_NAME: Final = "report"
_KINDS: Final = [*map(str, NoiseKind), METADATA]
_MOST_ROWS: Final = 500
"""Sites and rules that are listed."""
_MOST_NOTES: Final = 20
_TO_TEN: Final = 8
"""Bars of a histogram to a power of ten."""
_QUANTILES: Final = (0.1, 0.5, 0.9, 0.99)


def check_target(target: Path) -> None:
    """Raise OutputError where `target` is a file, and no report on a corpus."""
    frame.refuse_foreign(target, _NAME)


def write_corpus(target: Path, census: Census, *, subject: str, complete: bool = True) -> None:
    """Write the report on a corpus as one HTML file.

    Args:
        target: the file to write; only a report on a corpus is written over.
        census: what the records are, all together.
        subject: what they are the records of, for people: the paths as they were given.
        complete: whether the run that wrote them came to its end.

    Raises OutputError.

    """
    check_target(target)
    frame.write(target, _NAME, subject, _index(census, subject, complete=complete))


def _index(census: Census, subject: str, *, complete: bool) -> dict[str, Any]:
    """Return what `report.js` shows."""
    return {
        "version": __version__,
        "subject": subject,
        "complete": complete,
        "versions": census.versions.most_common(8),
        "broken": [census.broken, list(census.some_broken)],
        "pages": census.pages,
        "statuses": census.statuses.most_common(),
        "words": census.words,
        "body": census.body,
        "before": _histogram(census.before),
        "after": _histogram(census.after),
        "confidence": [census.confidence[at] for at in range(20)],
        "by_rules": census.by_rules,
        "kinds": _KINDS,
        "left_out": [
            [_KINDS.index(kind), text.pages, text.blocks, text.words] for kind, text in census.left_out.items()
        ],
        "rules": [
            [_KINDS.index(reason.kind), reason.rule, reason.where, text.pages, text.blocks, text.words]
            for reason, text in census.reasons.most(_MOST_ROWS)
        ],
        "rules_total": [len(census.reasons), census.reasons.is_exact],
        "articles": census.articles,
        "fields": [[name, origins.total(), origins.most_common(4)] for name, origins in census.fields.items()],
        "sites": [_site(name, site) for name, site in census.sites.most(_MOST_ROWS)],
        "sites_total": [len(census.sites), census.sites.is_exact],
        "notes": [[*key, said.example, said.pages] for key, said in census.notes.most(_MOST_NOTES)],
        "flagged": census.flagged,
        "flags": [
            [flag, census.flags[flag], [_row(entry, reason) for entry, reason in census.worst[flag]]] for flag in Flag
        ],
        "seconds": _histogram(census.seconds),
        "total_seconds": census.total_seconds,
        "slowest": list(census.slowest),
    }


def _histogram(histogram: Histogram) -> dict[str, Any]:
    return {
        "zeros": histogram.zeros,
        "bins": list(histogram.bins(_TO_TEN).items()),
        "to_ten": _TO_TEN,
        "quantiles": [histogram.quantile(share) for share in _QUANTILES],
    }


def _site(name: str, site: Site) -> list[Any]:
    return [name, site.pages, site.flagged, site.words, site.body, site.statuses.most_common()]


def _row(entry: Entry, reason: str) -> list[Any]:
    return [entry.location, entry.site, entry.title, entry.status, reason, entry.words, entry.body]
