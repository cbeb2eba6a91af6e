"""Pages that need a browser: the DOM after the scripts have run, from a Chromium that has no network.

What a page asks for is fetched by our own :class:`~cleaner.fetch.client.Client` and handed to the browser: so addresses
are checked, bytes are counted and redirects are followed as everywhere else, and a name that first leads to a public
address and then to a private one (DNS rebinding) leads nowhere. Whatever a browser does past that (sockets, WebRTC,
prefetching) ends at a proxy that is not there. Only what makes text is fetched: no pictures, films or fonts, and
nothing is sent (GET only).

Playwright drives the Chromium of the system (the extra `browser`). One browser serves a run; each page has a context of
its own, without cookies, that goes with it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from cleaner.errors import FetchError
from cleaner.fetch.client import Client, Limits, Response
from cleaner.fetch.discover import site_of

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Browser"]

_T = TypeVar("_T")

_LIMITS: Final = Limits(body=16 * 1024 * 1024, seconds=15, idle=10)
_SECONDS: Final = 30.0
_QUIET: Final = 5.0
"""Seconds after loading in which a page may go on asking for things; some never stop."""
_CLOSING: Final = 5.0
_MAX_REQUESTS: Final = 400
"""Requests of one page; news sites ask for some 150 that are no pictures, most of them in vain."""
_MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes that one page may load."""
_MAX_DOM: Final = 32 * 1024 * 1024
"""Characters of a DOM."""
_SIDE_BY_SIDE: Final = 6
"""Requests of one page at a time, as browsers do it for a host."""
_WANTED: Final = frozenset({"document", "script", "xhr", "fetch", "other"})
"""What text may come from; Playwright's names of kinds of requests."""
_SENT: Final = ("accept", "accept-language", "origin", "referer", "x-requested-with")
_DROPPED: Final = frozenset(
    "connection content-encoding content-length keep-alive set-cookie transfer-encoding trailer upgrade".split()
)
"""Headers of an answer that are void once its body is unpacked, or that the browser has no use for."""
_CHROMIUMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_NOWHERE: Final = "127.0.0.1:9"  # the port of `discard`: nobody listens
_FLAGS: Final = (
    "--disable-background-networking",
    "--disable-gpu",
    f"--proxy-server=http://{_NOWHERE}",
    "--proxy-bypass-list=<-loopback>",  # else loopback is asked without the proxy
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # of the proxy
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # its name in older versions
    "--js-flags=--max-old-space-size=512",  # MB
)
# `document.documentElement` is whatever element the page calls so (`<form name="documentElement">`); its getter is not.
_READ: Final = f"""(() => {{
  const said = (name) => Object.getOwnPropertyDescriptor(Document.prototype, name).get.call(document);
  const type = said("doctype") ? `<!DOCTYPE ${{said("doctype").name}}>` : "";
  const text = type + said("documentElement").outerHTML;
  return text.length > {_MAX_DOM} ? text.length : text;
}})()"""


class Browser:
    """A headless Chromium, running while the `with` block does. Threads may share one.

    Args:
        client: who makes the requests; one with tight limits where none is given.
        allows: says of an address whether the page may ask for it (robots.txt); None: any.
        seconds: for a page, from its first request to its DOM.

    Raises FetchError where Playwright or Chromium is missing or does not start: says which, and what to do.

    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        allows: Callable[[str], bool] | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        self._client = client or Client(limits=_LIMITS)
        self._allows = allows
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._playwright: Any = None
        self._chromium: Any = None
        self._starting = asyncio.Lock()

    def __enter__(self) -> Self:
        try:
            import playwright.async_api  # noqa: F401 - told at once, and not from the thread
        except ImportError as error:
            raise FetchError("--render", "needs Playwright: pip install 'cleaner[browser]'") from error
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._thread.start()
        try:
            self._wait(self._start())
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def dom(self, url: str, response: Response | None = None) -> bytes:
        """Return the page at `url` as it is once its scripts have run: HTML in UTF-8.

        Args:
            url: its address.
            response: what the server answered, where that is known already: then it is not asked again.

        Raises FetchError where there is no page, or none within the time and size that a page has.

        """
        return self._wait(self._dom(url, response))

    # -- all below runs in the thread of the browser

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        future: Future[_T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:  # Ctrl-C among them
            future.cancel()
            raise

    async def _start(self) -> None:
        from playwright.async_api import Error, async_playwright

        async with self._starting:
            if self._chromium is not None and self._chromium.is_connected():
                return
            named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _CHROMIUMS)), None)
            is_root = hasattr(os, "geteuid") and os.geteuid() == 0
            try:
                if self._playwright is None:
                    self._playwright = await async_playwright().start()
                self._chromium = await self._playwright.chromium.launch(
                    executable_path=named,
                    args=list(_FLAGS),
                    chromium_sandbox=not is_root,  # which root cannot have
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
            except Error as error:
                why = str(error).strip().partition("\n")[0][:300]
                advice = "" if named else "; install one (Debian: apt install chromium), or name it in CHROMIUM"
                raise FetchError(named or "Chromium", f"does not start: {why}{advice}") from error

    def _close(self) -> None:
        with suppress(Exception):  # it is gone already
            self._wait(asyncio.wait_for(self._stop(), _CLOSING * 2))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        with suppress(Exception):
            await asyncio.wait_for(self._chromium.close(), _CLOSING)
        await self._playwright.stop()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # requests that nobody waits for any more
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _dom(self, url: str, response: Response | None) -> bytes:
        from playwright.async_api import Error

        await self._start()  # anew, where a page has crashed it
        visit = _Visit(self._client, self._allows, url)
        try:
            async with asyncio.timeout(self._seconds):
                await visit.begin(response)
                context = await self._chromium.new_context(accept_downloads=False, service_workers="block")
                try:
                    return await visit.read(context)
                finally:
                    await self._leave(context)
        except TimeoutError as error:
            raise FetchError(url, f"not rendered within {self._seconds:g} s", is_passing=True) from error
        except Error as error:
            why = str(error).strip().partition("\n")[0][:300]
            raise FetchError(url, f"not rendered: {why}", is_passing=True) from error
        finally:
            visit.end()

    async def _leave(self, context: Any) -> None:
        """Close a context; where its page hangs so that it cannot, close the browser: the next page starts one."""
        closing = asyncio.ensure_future(context.close())
        try:
            await asyncio.wait_for(asyncio.shield(closing), _CLOSING)
        except TimeoutError:
            closing.add_done_callback(lambda done: done.cancelled() or done.exception())  # known: it fails with it
            with suppress(Exception):
                await asyncio.wait_for(self._chromium.close(), _CLOSING)
            self._chromium = None


class _Visit:
    """One page in the browser: what it asks for, and what that costs."""

    def __init__(self, client: Client, allows: Callable[[str], bool] | None, url: str) -> None:
        self._client = client
        self._allows = allows
        self._url = url
        self._ready: Response | None = None
        """The page itself, until the browser has asked for it."""
        self._requests = self._bytes = 0
        # Threads of its own: those that a slow server holds up must not keep the next page waiting.
        self._threads = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="render")

    async def begin(self, response: Response | None) -> None:
        """Fetch the page, if that has not been done."""
        self._ready = response = response or await self._get(self._url, {})
        if response.trouble or not response.status:
            raise FetchError(self._url, response.trouble or "no answer", is_passing=response.is_passing)
        media_type = response.header("content-type").partition(";")[0].strip().lower()
        if media_type not in ("", "text/html", "application/xhtml+xml"):
            raise FetchError(self._url, f"not rendered: it is no page but {media_type[:60]}")

    async def read(self, context: Any) -> bytes:
        """Return the DOM of the page in a new context."""
        from playwright.async_api import TimeoutError as TooSlowError

        await context.route("**/*", self._serve)
        page = await context.new_page()
        context.on("page", lambda popup: asyncio.ensure_future(popup.close()))
        start = self._ready.url if self._ready is not None else self._url
        with suppress(TooSlowError):  # what is there is read; a page that hangs does not answer then
            await page.goto(start, wait_until="load", timeout=_SECONDS * 500)
        with suppress(TooSlowError):
            await page.wait_for_load_state("networkidle", timeout=_QUIET * 1000)
        if site_of(page.url) != site_of(start):
            raise FetchError(self._url, f"its scripts lead to another site: {page.url[:200]}")
        session = await context.new_cdp_session(page)
        frame = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        # A world of our own: what the page has made of `document` and its like does not hold there.
        world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "cleaner"})
        asked = {"expression": _READ, "contextId": world["executionContextId"], "returnByValue": True}
        value = (await session.send("Runtime.evaluate", asked))["result"].get("value")
        if not isinstance(value, str):
            why = f"is too large: {value:,} characters" if isinstance(value, int) else "has no root"
            raise FetchError(self._url, f"its DOM {why}")
        return value.encode("utf-8", "replace")

    def end(self) -> None:
        """Let go of what has not come yet."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, route: Any) -> None:
        """Answer a request of the page."""
        from playwright.async_api import Error

        with suppress(Error):  # the page has gone in the meantime
            request = route.request
            is_page = request.is_navigation_request()
            if request.resource_type == "stylesheet":
                await route.fulfill(status=200, content_type="text/css", body="")
                return
            response = await self._answer(request, is_page=is_page)
            if response is None:
                # An aborted navigation leaves the page that is there, a failed one puts an error in its place.
                await route.abort("aborted" if is_page else "blockedbyclient")
                return
            headers: dict[str, str] = {}
            for name, value in response.headers:
                if (name := name.lower()) not in _DROPPED:
                    headers[name] = f"{headers[name]}, {value}" if name in headers else value
            await route.fulfill(status=response.status, headers=headers, body=response.body)

    async def _answer(self, request: Any, *, is_page: bool) -> Response | None:
        """Return what is answered, None where the request is refused or came to nothing."""
        if is_page and request.frame.parent_frame is not None:
            return None  # what is in a frame is not in the DOM of the page
        if is_page and self._ready is not None:
            response, self._ready = self._ready, None
            return response
        if request.method != "GET" or request.resource_type not in _WANTED:
            return None
        self._requests += 1
        if self._requests > _MAX_REQUESTS or self._bytes > _MAX_BYTES:
            return None
        if self._allows is not None:  # may ask for a robots.txt, and so not here, where all requests pass
            loop = asyncio.get_running_loop()
            if not await loop.run_in_executor(self._threads, self._allows, request.url):
                return None
        sent = {name: value for name, value in request.headers.items() if name in _SENT}
        response = await self._get(request.url, sent)
        self._bytes += len(response.body)
        is_whole = response.status and not response.trouble and not 300 <= response.status < 400
        return response if is_whole and self._bytes <= _MAX_BYTES else None

    async def _get(self, url: str, headers: dict[str, str]) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._client.get, url, headers)
