"""Cleaners that do what pages can do to a process, and sinks of small parts, for the tests of the batch runner."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from cleaner.model import Article, Block, Fate, Metadata, Page, Status, Verdict
from cleaner.storage import Folder, Lines, Sink, Table

POISON = {
    b"hang": Status.TIMEOUT,
    b"spin": Status.TIMEOUT,
    b"eat": Status.CRASHED,
    b"exit": Status.CRASHED,
    b"abort": Status.CRASHED,
    b"segfault": Status.CRASHED,
    b"recurse": Status.CRASHED,
    b"quit": Status.CRASHED,
    b"bug": Status.CRASHED,
}
"""What a page says, and the status that it has to get."""
MISCHIEF = (b"threads", b"print", b"close", b"signals", b"files")
"""What does something else than it should, and is clean all the same."""


class Plugged:
    """Cleans what is no poison; `seconds` is how long that takes."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def digest(self) -> str:
        return "plugged"

    def clean(self, page: Page) -> Article:
        said = page.content if isinstance(page.content, bytes) else page.content.encode()
        if said == b"hang":
            time.sleep(600)
        elif said == b"spin":
            while True:
                pass
        elif said == b"eat":
            eaten: list[Any] = [bytearray(64 * 1024**2) for _ in range(1000)]
            raise AssertionError(len(eaten))
        elif said == b"exit":
            os._exit(3)
        elif said == b"abort":
            os.abort()
        elif said == b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        elif said == b"recurse":
            self.clean(page)
        elif said == b"quit":
            raise SystemExit(0)
        elif said in MISCHIEF:
            mischief(said)
        elif said == b"bug":
            raise KeyError("x")
        time.sleep(self.seconds)
        text = said.decode()
        return Article(
            text=text,
            markdown=text,
            metadata=Metadata(),
            captions=[],
            blocks=[Block(0, text)],
            verdicts=[Verdict(Fate.KEEP)],
            status=Status.OK,
            confidence=None,
            location=page.location,
        )


def mischief(said: bytes) -> None:
    """Do to the process what libraries have been seen to do."""
    if said == b"threads":
        for _ in range(3):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    elif said == b"print":
        print("{}" * 1000, flush=True)
        os.write(1, b"not a record\n" * 1000)
    elif said == b"close":
        os.closerange(0, 3)
    elif said == b"signals":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif said == b"files":
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        with suppress(OSError):
            while True:
                os.open(os.devnull, os.O_RDONLY)


def sink_of(form: str, out: Path, position: int = 0) -> Sink:
    """Return the sink of a form, with frames and shards of a few pages."""
    if form == "folder":
        return Folder(out)
    if form == "parquet":
        return Table(out, position, shard_rows=10)
    return Lines(out / f"pages.{form}", position, packed=form == "jsonl.zst", frame_bytes=10_000)
