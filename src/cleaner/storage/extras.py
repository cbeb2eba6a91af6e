"""Libraries that come with an extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from cleaner.errors import InputError

__all__ = ["need"]

_EXTRAS: Final = {"ray": "ray", "pyspark": "spark"}
"""Library -> extra that brings it, where that is not `formats`."""


def need(module: str, purpose: str) -> Any:
    """Return a module. Raises InputError, which says what `purpose` lacks, where it is not installed."""
    try:
        return import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        extra = _EXTRAS.get(name, "formats")
        raise InputError(f"{purpose} needs {name}, which is not installed: pip install 'cleaner[{extra}]'") from error
