"""Types of command-line arguments that the benchmarks share."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

__all__ = ["names_of", "positive"]


def names_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return an argument type: a comma-separated list out of `known`."""
    names = list(known)

    def parse(value: str) -> list[str]:
        picked = value.split(",")
        for name in picked:
            if name not in names:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(names)}")
        return picked

    return parse


def positive(value: str) -> int:
    """Read a whole number from 1 on."""
    number = int(value) if value.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no whole number from 1 on")
    return number
