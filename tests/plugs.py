"""Cleaners that do what pages can do to a process, for the tests of the batch runner."""

from __future__ import annotations

import os
import time
from typing import Any

from cleaner.model import Article, Block, Fate, Metadata, Page, Status, Verdict

POISON = {
    b"hang": Status.TIMEOUT,
    b"spin": Status.TIMEOUT,
    b"eat": Status.CRASHED,
    b"exit": Status.CRASHED,
    b"abort": Status.CRASHED,
    b"bug": Status.CRASHED,
}
"""What a page says, and the status that it has to get."""


class Plugged:
    """Cleans what is no poison; `seconds` is how long that takes."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

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
