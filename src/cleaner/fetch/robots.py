"""What a host allows: its robots.txt (RFC 9309), read by protego."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from protego import Protego

from cleaner.fetch.client import Client, Response

__all__ = ["HOPS", "MOST_DELAY", "Origins", "Rules", "ask", "place"]

HOPS: Final = 5
"""Redirects that are followed to a robots.txt (RFC 9309, 2.3.1.2)."""
MOST_DELAY: Final = 120.0
"""Seconds between two requests that a robots.txt can ask for; at more, a site would not be done in a life."""
_LONGEST_RATE: Final = 10**9
"""Seconds; a robots.txt may hold a number that no float does."""
_MOST: Final = 512 * 1024
"""Bytes that are read of one (RFC 9309, 2.5: at least 500 KB)."""
_MOST_HELD: Final = 4 * 1024 * 1024
"""Bytes of those that are held at a time; what is made of one takes up to 50 times its size."""
_EACH: Final = 1024
"""Bytes that an origin is counted with besides."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the robots.txt of a host says to us."""

    _parsed: Protego
    _agent: str
    delay: float | None
    """Seconds between two requests, at most :data:`MOST_DELAY`; None where nothing is said."""
    asked_delay: float | None
    """The same, as written."""

    @classmethod
    def read(cls, content: bytes, agent: str) -> Rules:
        """Return what `content` says to `agent`, the User-Agent header; empty content allows all."""
        parsed = Protego.parse(content[:_MOST].decode("utf-8-sig", "replace"))
        name = agent.partition("/")[0].strip()  # groups go by the product alone
        delay = parsed.crawl_delay(name)
        if (rate := parsed.request_rate(name)) is not None and rate.requests > 0:
            delay = max(delay or 0.0, min(rate.seconds, _LONGEST_RATE) / rate.requests)
        asked = None if delay is None or not delay >= 0 else float(delay)
        held = None if asked is None else min(asked, MOST_DELAY)
        return cls(parsed, name, held, asked)

    def allow(self, url: str) -> bool:
        """Tell whether the page at `url` may be fetched."""
        return bool(self._parsed.can_fetch(url, self._agent))


class Origins:
    """What robots.txt says of addresses anywhere; each is asked for once, until they are too many. Thread-safe.

    A page may load from any number of origins, all of them its owner's.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._held = 0
        self._known: dict[str, tuple[threading.Lock, list[Rules | None]]] = {}

    def allow(self, url: str) -> bool:
        """Tell whether `url` may be fetched; where its robots.txt cannot be had, it may not."""
        with self._lock:
            lock, known = self._known.setdefault(place(url), (threading.Lock(), []))
        with lock:  # of this origin alone: a slow one holds up no other
            if not known:
                content, _ = ask(self._client, url)
                known.append(None if content is None else Rules.read(content, self._client.agent))
                self._count(min(len(content or b""), _MOST) + _EACH)
        return known[0] is not None and known[0].allow(url)

    def _count(self, size: int) -> None:
        with self._lock:
            self._held += size
            if self._held > _MOST_HELD:
                self._known.clear()
                self._held = 0


def place(url: str) -> str:
    """Return where the robots.txt is that holds for `url`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def ask(client: Client, url: str) -> tuple[bytes | None, Response]:
    """Return the robots.txt that holds for `url`, None where it cannot be had now, and what the server answered.

    RFC 9309, 2.3.1: where there is none (400 to 499), all is allowed; where the server fails, or cannot be reached,
    nothing is. 429 says "not now", not "there is none".
    """
    response = client.get(place(url), hops=HOPS)
    if response.status == 200:  # one that breaks off, is too large or packed as nobody asked may forbid anything
        return None if response.trouble else response.body, response
    if 400 <= response.status < 500 and response.status != 429:
        return b"", response
    if response.target is not None:  # more redirects than are followed: as if there were none
        return b"", response
    return None, response
