"""Libraries that come with the extra `formats`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cleaner.errors import InputError

__all__ = ["need"]


def need(module: str, purpose: str) -> Any:
    """Return a module. Raises InputError, which says what `purpose` lacks, where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise InputError(f"{purpose} needs {name}, which is not installed: pip install 'cleaner[formats]'") from error
