"""Saved news and article pages, HTML or plain-text dumps, into plain bodies with metadata and the reason for every cut.

>>> import cleaner
>>> article = cleaner.clean("<p>The bridge opened on Monday after two years of repairs, the city said.</p>")
>>> article.text
'The bridge opened on Monday after two years of repairs, the city said.'

The names below load on first use, so that `import cleaner` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleaner.errors import CleanerError, InputError, OutputError, RuleFileError
    from cleaner.model import (
        Article,
        Block,
        BlockKind,
        Caption,
        Evidence,
        Fate,
        Metadata,
        NoiseKind,
        Page,
        Status,
        Verdict,
        Zone,
    )
    from cleaner.pipeline import Cleaner, clean, clean_batch

__version__ = "0.1.0"

_HOMES = {
    "cleaner.errors": ("CleanerError", "InputError", "OutputError", "RuleFileError"),
    "cleaner.model": (
        "Article",
        "Block",
        "BlockKind",
        "Caption",
        "Evidence",
        "Fate",
        "Metadata",
        "NoiseKind",
        "Page",
        "Status",
        "Verdict",
        "Zone",
    ),
    "cleaner.pipeline": ("Cleaner", "clean", "clean_batch"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Article",
    "Block",
    "BlockKind",
    "Caption",
    "Cleaner",
    "CleanerError",
    "Evidence",
    "Fate",
    "InputError",
    "Metadata",
    "NoiseKind",
    "OutputError",
    "Page",
    "RuleFileError",
    "Status",
    "Verdict",
    "Zone",
    "__version__",
    "clean",
    "clean_batch",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'cleaner' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
