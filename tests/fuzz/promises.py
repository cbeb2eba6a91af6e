"""What must hold whatever comes in: errors of ours only, time and memory in proportion, nothing outside the folder."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from cleaner.errors import CleanerError

__all__ = ["BrokenPromiseError", "allow", "bounded", "broken", "small_limits"]

SECONDS: Final = 4.0
"""CPU time that any input may take: much for a few kilobytes, even instrumented."""
SECONDS_PER_MEGABYTE: Final = 30.0
MEGABYTES: Final = 160
"""Memory that any input may take beside what was there; limits of the readers are lowered to fit."""
MEGABYTES_PER_MEGABYTE: Final = 60
_MEGABYTE: Final = 1024 * 1024


class BrokenPromiseError(AssertionError):
    """An input does what none may do. The first line of the message tells one cause from another."""


def broken(why: str, detail: object = "") -> BrokenPromiseError:
    """Return the error for a promise that does not hold."""
    return BrokenPromiseError(f"{why}\n{detail}".rstrip())


@contextmanager
def allow(*errors: type[Exception]) -> Iterator[None]:
    """Let errors that are documented pass; any other is a broken promise, told by its type and where it comes from."""
    try:
        with suppress(*(errors or (CleanerError,))):
            yield
    except (BrokenPromiseError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise broken(f"{type(error).__name__} {_place(error.__traceback__)}", traceback.format_exc()) from error


def _place(trace: TracebackType | None) -> str:
    """Return where in `cleaner` an error comes from: the deepest function of ours."""
    frames = [frame for frame in traceback.extract_tb(trace) if "/cleaner/" in frame.filename]
    if not frames:
        return "outside of cleaner"
    return f"in {frames[-1].filename.rpartition('/cleaner/')[2]}:{frames[-1].name}"


@contextmanager
def bounded(size: int, *, memory: bool = True) -> Iterator[None]:
    """Hold what is done with `size` bytes to its share of time and, but where told otherwise, `memory`."""
    seconds = SECONDS + SECONDS_PER_MEGABYTE * size / _MEGABYTE
    megabytes = MEGABYTES + MEGABYTES_PER_MEGABYTE * size / _MEGABYTE
    before, started = _peak(reset=True), time.process_time()
    yield
    took, grown = time.process_time() - started, _peak() - before
    if took > seconds:
        raise broken("takes too long", f"{took:.1f} s for {size:,} bytes")
    if memory and grown > megabytes:
        raise broken("takes too much memory", f"{grown:.0f} MB for {size:,} bytes")


def _peak(*, reset: bool = False) -> float:
    """Return the most memory that this process held since the last reset, in MB; 0 where the system does not tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the high-water mark
        status = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) / 1024


def small_limits(patch: Callable[[object, str, object], object] = setattr) -> None:
    """Lower the limits of the readers to what a small input can reach: 4 MB a file, 1 MB a page in a container."""
    from cleaner.storage import inputs, inspection, readers
    from cleaner.storage.readers import archives, compressed, html, members, tables, wacz, warc

    for module in (inputs, readers, archives, compressed, html, inspection, members, tables, wacz, warc):
        for name, limit in (("MAX_BYTES", 4 * _MEGABYTE), ("MAX_MEMBER", _MEGABYTE)):
            if hasattr(module, name):
                patch(module, name, limit)
