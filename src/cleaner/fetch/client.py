"""One request: an address in, what the server sent out, within bounds.

Servers are not trusted. Names are resolved once, every address is checked, and the connection goes to the address that
was checked (:func:`cleaner.fetch.addresses.resolve`); size, time, headers and redirects have bounds; a body is unpacked
by us, so that no bomb goes off in a library. Nothing of this machine goes out: no proxy, password or certificate that
the environment names, and a host's cookies go to that host alone.
"""

from __future__ import annotations

import http.client
import io
import re
import socket
import sys
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    InvalidHeader,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util import Retry
from urllib3.util.connection import create_connection

from cleaner.errors import FetchError
from cleaner.fetch.addresses import canonical, refusal, resolve

__all__ = ["REDIRECTS", "Client", "Limits", "Response", "user_agent"]

REDIRECTS: Final = (301, 302, 303, 307, 308)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_CHUNK: Final = 64 * 1024
_MOST_SESSIONS: Final = 256
"""Hosts whose cookies and open connection are kept."""
_MOST_COOKIES: Final = 50
"""Of one host; what a user agent should at least keep (RFC 6265, 6.1)."""
_LONGEST_COOKIE: Final = 4096
"""Bytes of name and value (the same)."""
_LONGEST_RETRY_AFTER: Final = 6 * 3600
"""Seconds; urllib3 reads no more either."""
_MARKUP: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[!?a-z]", re.IGNORECASE)
_PACKED: Final = 8 * 1024
"""Bytes that are unpacked at a time. What a member leaves of them is copied: a body may be a million empty members."""
_PACKINGS: Final = 3
"""Content encodings on top of each other; one is usual."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came of asking for an address."""

    asked: str
    """The address that was asked for."""
    url: str
    """The address that answered: the last one, where there were redirects."""
    redirects: tuple[tuple[int, str], ...] = ()
    """Status and address of each answer that sent us on, in order; the first is `asked`."""
    status: int = 0
    """0: there was no answer."""
    headers: tuple[tuple[str, str], ...] = ()
    """As received, repeated ones too."""
    body: bytes = b""
    """As received, but for what packed it for the way (gzip); its charset is the server's."""
    at: datetime = _NEVER
    """When it was asked for, UTC."""
    trouble: str = ""
    """Why there is no answer, or no whole body: for people."""
    is_passing: bool = False
    """Whether the trouble may pass: worth another try."""
    payload: bytes = b""
    """The body as it was sent, packed; empty where that is `body`."""
    line: str = ""
    """The status line, as far as it can be known: `HTTP/1.1 200 OK`."""
    request: tuple[tuple[str, str], ...] = ()
    """The headers that were sent."""

    def header(self, name: str) -> str:
        """Return the value of a header, the first where it is repeated, empty where there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def target(self) -> str | None:
        """The address that a redirect leads to, as it stands there; None where this is none."""
        if self.status not in REDIRECTS or not (place := self.header("location")):
            return None
        with suppress(UnicodeError):  # headers are read as Latin-1; what is no ASCII in them was most likely UTF-8
            place = place.encode("latin-1").decode("utf-8")
        try:
            return urljoin(self.url, place)
        except ValueError:
            return place

    @property
    def retry_after(self) -> float | None:
        """Seconds after which the server wants to be asked again, at most six hours; None where it does not say."""
        try:
            return min(Retry().parse_retry_after(self.header("retry-after")), _LONGEST_RETRY_AFTER)
        except (InvalidHeader, ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a response may cost."""

    body: int = 32 * 1024 * 1024
    """Bytes, unpacked or as sent; the longest live blogs have some 10 MB."""
    headers: int = 256 * 1024
    """Bytes."""
    seconds: float = 60.0
    """For all of a response, by the clock: a server that sends a byte now and then is not waited for."""
    idle: float = 20.0
    """Seconds without a byte."""
    connect: float = 10.0
    """Seconds to connect to one address, and for TLS."""


def user_agent(contact: str = "") -> str:
    """Return how we name ourselves: what we are, and whom to turn to (an address of the web or of mail)."""
    from cleaner import __version__

    return f"cleaner/{__version__} (+{contact})" if contact else f"cleaner/{__version__}"


class Client:
    """Asks servers. Thread-safe; connections and cookies are kept, for each host its own.

    Args:
        agent: the User-Agent header.
        limits: what a response may cost.
        allow_private: whether hosts that are not on the public internet are asked too.
        proxy: address of a proxy that all requests go through (`http://127.0.0.1:3128`). It resolves names itself: what
            they lead to cannot be checked here.

    """

    def __init__(
        self, agent: str = "", limits: Limits | None = None, *, allow_private: bool = False, proxy: str = ""
    ) -> None:
        self.agent = agent or user_agent()
        self.limits = limits or Limits()
        self.allow_private = allow_private
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        self._clock = threading.local()
        # Pools of connections are kept for each host apart; only cookies need a session for each.
        self._adapter = _Adapter(self.limits, self._clock, allow_private=allow_private)
        self._sessions: OrderedDict[str, requests.Session] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()

    def get(
        self,
        url: str,
        validators: Mapping[str, str] | None = None,
        *,
        hops: int = 10,
        wanted: Callable[[Response], str] | None = None,
    ) -> Response:
        """Return what the server at `url` answers. Whatever goes wrong is the answer's `trouble`: nothing is raised.

        Args:
            url: any address.
            validators: headers of a conditional request (`If-None-Match`, `If-Modified-Since`).
            hops: how many redirects are followed; what comes after is returned as it is. Each hop is checked as `url`.
            wanted: is shown the answer before its body is read, and says why that is not wanted; empty: it is.

        """
        asked = url
        passed: list[tuple[int, str]] = []
        while True:
            try:
                url = canonical(url)
                self._check_literal(url)
            except FetchError as error:
                return Response(asked, url, tuple(passed), at=datetime.now(UTC), trouble=str(error))
            response = self._ask(url, validators or {}, wanted)
            target = response.target
            if target is None or hops == 0:  # where a redirect leads counts, not whether its body came whole
                return replace(response, asked=asked, redirects=tuple(passed))
            if len(passed) == hops:
                why = f"redirected {hops} times, last to {target[:200]}; given up"
                return replace(response, asked=asked, redirects=tuple(passed), body=b"", payload=b"", trouble=why)
            passed.append((response.status, url))
            url = target

    def _check_literal(self, url: str) -> None:
        """Refuse what a proxy would connect to without a name being asked for."""
        host = (urlsplit(url).hostname or "").rstrip(".")
        if self._proxies and not self.allow_private and (why := refusal(host)) not in (None, "not an IP"):
            raise FetchError(host, f"{why} address; --allow-private lets such addresses be fetched")

    def _ask(self, url: str, validators: Mapping[str, str], wanted: Callable[[Response], str] | None) -> Response:
        at = datetime.now(UTC)
        self._clock.deadline = time.monotonic() + self.limits.seconds
        nothing = Response(url, url, at=at)
        try:
            with closing(
                self._session(url).get(
                    url,
                    headers={**self._headers(), **validators},
                    timeout=(self.limits.connect, self.limits.idle),
                    allow_redirects=False,
                    stream=True,
                    proxies=self._proxies,
                )
            ) as answer:
                return self._read(replace(nothing, request=_sent(answer)), answer, wanted)
        except (requests.RequestException, HTTPError, FetchError, OSError, ValueError) as error:
            why, is_passing = self._told(error)
            return replace(nothing, trouble=why, is_passing=is_passing)

    def _headers(self) -> dict[str, str]:
        return {
            "User-Agent": self.agent,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5",
            "Accept-Encoding": "gzip, deflate",  # what is unpacked here within bounds
        }

    def _session(self, url: str) -> requests.Session:
        host = urlsplit(url).hostname or ""
        with self._lock:
            session = self._sessions.pop(host, None)
            if session is None:
                session = _Session()
                session.trust_env = False  # no netrc, no proxies from the environment
                session.mount("http://", self._adapter)
                session.mount("https://", self._adapter)
            self._sessions[host] = session
            if len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return session

    def _read(self, told: Response, answer: requests.Response, wanted: Callable[[Response], str] | None) -> Response:
        raw: Any = answer.raw
        version = {10: "1.0", 11: "1.1"}.get(raw.version, "1.1")
        told = replace(
            told,
            status=answer.status_code,
            headers=tuple((str(name), str(value)) for name, value in raw.headers.items()),
            line=f"HTTP/{version} {answer.status_code} {answer.reason or ''}".rstrip(),
        )
        most = self.limits.body
        size = told.header("content-length")
        if size.isascii() and size.isdecimal() and int(size[:20]) > most:
            return replace(told, trouble=f"larger than {most // 1024**2} MB: its headers say {int(size[:20]):,} bytes")
        if wanted is not None and (why := wanted(told)):
            return replace(told, trouble=why)
        held = io.BytesIO()
        try:
            # `read` would wait for a whole chunk, `read1` returns what has come: the clock is looked at in between.
            while chunk := raw.read1(_CHUNK, decode_content=False):
                held.write(chunk)
                if held.tell() > most:
                    return replace(told, trouble=f"larger than {most // 1024**2} MB")
        except (HTTPError, http.client.HTTPException, OSError) as error:
            why, is_passing = self._told(error)
            return replace(told, trouble=f"{why}, after {held.tell():,} bytes", is_passing=is_passing)
        payload = held.getvalue()
        try:
            body = _unpacked(payload, told.header("content-encoding"), most)
        except ValueError as error:
            return replace(told, trouble=str(error))
        return replace(told, body=body, payload=b"" if body is payload else payload)

    def _told(self, error: BaseException) -> tuple[str, bool]:
        """Return what went wrong, for people, and whether it may pass."""
        causes = list(_causes(error))
        if time.monotonic() >= self._clock.deadline:
            return f"not done within {self.limits.seconds:g} s", True
        for cause in causes:
            match cause:
                case FetchError():
                    return str(cause), cause.is_passing
                case NewConnectionError():  # which urllib3 counts among the next
                    return f"no connection ({_reason(cause)})", True
                case ConnectTimeoutError():
                    return f"no connection within {self.limits.connect:g} s", True
                case ReadTimeoutError():
                    return f"no byte for {self.limits.idle:g} s", True
                case IncompleteRead() | http.client.IncompleteRead():
                    return "broken off", True
                case http.client.RemoteDisconnected() | ConnectionError():
                    return "the server closed the connection", True
                case http.client.BadStatusLine() | http.client.UnknownProtocol():
                    return f"no answer in HTTP ({_reason(cause)})", True
                case _TooManyHeadersError():
                    return str(cause), False
                case requests.exceptions.SSLError():
                    return f"no secure connection ({_reason(causes[-1])})", False
        return f"{type(causes[-1]).__name__}: {_reason(causes[-1])}"[:300], True


# ── Connections ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _TooManyHeadersError(http.client.HTTPException):
    """The headers of a response are over the bound."""


class _Cookies(RequestsCookieJar):
    """No more than a host needs: all of them are held for the run, and sent with each request."""

    def _cookies_from_attrs_set(self, stated: Any, request: Any) -> list[Any]:
        # A Max-Age without a number, or one that no float holds: the library would call it a bug of its own, on
        # standard error, and read none of the others.
        found: list[Any] = []
        for one in stated:
            with suppress(ValueError, TypeError, OverflowError):
                found += super()._cookies_from_attrs_set([one], request)  # type: ignore[misc]
        return found

    def set_cookie(self, cookie: Any, *args: Any, **options: Any) -> None:
        if len(cookie.name) + len(cookie.value or "") > _LONGEST_COOKIE:
            return
        super().set_cookie(cookie, *args, **options)
        if len(self) > _MOST_COOKIES:
            self.clear(cookie.domain, cookie.path, cookie.name)


class _Session(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.cookies = _Cookies()

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that there is none: requests would read the body of a redirect, to whatever end."""


class _Adapter(HTTPAdapter):
    """Makes connections to checked addresses, whose responses keep to the clock."""

    def __init__(self, limits: Limits, clock: threading.local, *, allow_private: bool) -> None:
        self._classes = _pools(limits, clock, allow_private=allow_private)
        self._classes_to_proxy = _pools(limits, clock, allow_private=True)  # most proxies are next door
        super().__init__(pool_connections=_MOST_SESSIONS, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._classes

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Leave the cookies to the session, which reads them again, into a jar of ours."""
        received, resp._original_response = resp._original_response, None  # noqa: SLF001 - where requests looks
        answer = super().build_response(req, resp)
        resp._original_response = received  # noqa: SLF001
        return answer

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._classes_to_proxy
        return manager


def _pools(limits: Limits, clock: threading.local, *, allow_private: bool) -> dict[str, Any]:
    """Return classes of connection pools, as urllib3 wants them. `clock.deadline` is that of the thread's request."""

    def connect(connection: HTTPConnection) -> socket.socket:
        # Where urllib3 itself resolves the name and connects.
        last: OSError | None = None
        addresses = resolve(connection.host, connection.port or 0, allow_private=allow_private)
        for address in addresses:
            left = clock.deadline - time.monotonic()
            try:
                sock = create_connection(
                    (address, connection.port or 0),
                    max(min(limits.connect, left), 0.001),
                    source_address=connection.source_address,
                    socket_options=connection.socket_options,
                )
            except OSError as error:
                last = error
                continue
            sys.audit("http.client.connect", connection, address, connection.port)
            return sock
        if isinstance(last, TimeoutError):
            raise ConnectTimeoutError(connection, str(last)) from last
        raise NewConnectionError(connection, (last.strerror if last else None) or str(last)) from last

    class Answer(http.client.HTTPResponse):
        """Reads no longer than the clock allows, and no endless headers."""

        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            self._clocked = _Clocked(self.fp.detach(), sock, clock.deadline, limits.idle)
            self.fp: Any = io.BufferedReader(self._clocked)

        def begin(self) -> None:
            self._clocked.most = limits.headers
            super().begin()
            self._clocked.most = None

        def _read_status(self) -> Any:
            # What comes before an answer is none (RFC 9110, 15.2); the library knows of 100 alone.
            while 102 <= (said := super()._read_status())[1] <= 199:  # type: ignore[misc]
                http.client.parse_headers(self.fp)
            return said

    class Plain(HTTPConnection):
        response_class = Answer

        def _new_conn(self) -> socket.socket:
            return connect(self)

    class Secure(HTTPSConnection):
        response_class = Answer

        def _new_conn(self) -> socket.socket:
            return connect(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Clocked(io.RawIOBase):
    """What a socket receives, up to a deadline: a timeout of the socket begins anew with each byte."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float, idle: float) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline
        self._idle = idle
        self._read = 0
        self.most: int | None = None
        """Bytes that may be read while this is set."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this response is over")
        self._sock.settimeout(min(left, self._idle))
        size = self._raw.readinto(buffer)
        self._read += size or 0
        if self.most is not None and self._read > self.most:
            raise _TooManyHeadersError(f"its headers are larger than {self.most // 1024} KB")
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


# ── Bodies ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _unpacked(payload: bytes, encoding: str, most: int) -> bytes:
    """Return a body as it was before it was packed for the way. Raises ValueError where that cannot be done.

    A body that is not packed as its headers say is taken as it is: some servers name an encoding that they do not use.
    """
    packings = [part.strip().lower() for part in encoding.split(",") if part.strip()]
    if len(packings) > _PACKINGS:
        raise ValueError(f"packed {len(packings)} times over ({encoding[:80]})")
    body = payload
    for packing in reversed(packings):
        if not body:
            break
        if packing in ("gzip", "x-gzip"):
            body = _inflated(body, (31,), most) if body.startswith(b"\x1f\x8b") else body
        elif packing == "deflate":  # zlib's format by the book, the bare stream from some servers
            try:
                body = _inflated(body, (15, -15), most)
            except ValueError:
                if not _MARKUP.match(body):
                    raise
        elif packing != "identity" and not _MARKUP.match(body):  # `utf-8`, `none`: some servers mistake what it is
            raise ValueError(f"packed as {packing[:40]!r}, which was not asked for")
    return body


def _inflated(body: bytes, formats: tuple[int, ...], most: int) -> bytes:
    for bits in formats:
        whole, at = bytearray(), 0
        try:
            while True:  # gzip: one member after another
                unpacker = zlib.decompressobj(wbits=bits)
                while at < len(body) and not unpacker.eof:
                    part = body[at : at + _PACKED]
                    whole += unpacker.decompress(part, most + 1 - len(whole))
                    if len(whole) > most:
                        raise ValueError(f"larger than {most // 1024**2} MB once it is unpacked")
                    at += len(part) - len(unpacker.unused_data)
                if not unpacker.eof:
                    raise ValueError("its packed body breaks off")
                if bits != 31 or not body.startswith(b"\x1f\x8b", at):  # padding; browsers pass over it too
                    return bytes(whole)
        except zlib.error:
            continue
    raise ValueError("its packed body is broken")


def _sent(answer: requests.Response) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in answer.request.headers.items() if isinstance(value, str))


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error with those that it is wrapped around, the outermost first."""
    found: list[BaseException] = []
    todo: Any = error
    while isinstance(todo, BaseException) and todo not in found:
        found.append(todo)
        inner = getattr(todo, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((part for part in todo.args if isinstance(part, BaseException)), None) or todo.__cause__
        todo = inner
    return found


def _reason(error: BaseException) -> str:
    if isinstance(error, NewConnectionError) and isinstance(error.__cause__, OSError):
        error = error.__cause__
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said[:200].split())  # a server's words stay within our line
