"""Pages that need a browser, in a real one: what scripts make is read, and nothing else happens."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import os
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cleaner.errors import FetchError
from cleaner.fetch import addresses
from cleaner.fetch.client import Client, Limits, Response
from cleaner.fetch.render import Browser
from cleaner.pipeline import Cleaner
from tests.site import NOBODY, Site, paragraphs, title

QUICK = Limits(body=4 << 20, seconds=6, idle=3)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(12) as running:
        yield running


def _need_browser() -> None:
    give_up: Any = pytest.fail if os.environ.get("CLEANER_NEED_BROWSER") else pytest.skip
    if importlib.util.find_spec("playwright") is None:
        give_up("playwright is not installed (the extra `browser`)")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        give_up("Chromium is not installed (on Debian: apt install chromium)")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    _need_browser()
    with Browser(Client(limits=QUICK, allow_private=True), seconds=20) as running:
        yield running


def dom(browser: Browser, site: Site, name: str, response: Response | None = None) -> str:
    return browser.dom(site.url(f"/script/{name}"), response).decode()


class TestReading:
    def test_the_article_that_scripts_make(self, site: Site, browser: Browser) -> None:
        html = dom(browser, site, "article")
        assert html.startswith("<!DOCTYPE html><html>")
        article = Cleaner("generic").clean(html)
        assert article.metadata.title == title(901)
        assert article.text.split("\n\n") == paragraphs(901)

    def test_what_was_fetched_is_not_fetched_again(self, site: Site, browser: Browser) -> None:
        path = "/script/article"
        before = len(site.asked(path))
        made = site.answer(path, {})
        response = Response(
            site.url(path), site.url(path), status=200, headers=tuple(made.headers.items()), body=made.body
        )
        assert paragraphs(901)[0] in dom(browser, site, "article", response)
        assert len(site.asked(path)) == before

    def test_several_threads(self, site: Site, browser: Browser) -> None:
        with ThreadPoolExecutor(3) as threads:
            found = list(threads.map(lambda _: dom(browser, site, "article"), range(3)))
        assert all(paragraphs(901)[-1] in html for html in found)

    def test_pictures_are_not_waited_for(self, site: Site, browser: Browser) -> None:
        before = len(site.asked("/bad/silent"))
        assert paragraphs(900)[0] in dom(browser, site, "never")
        assert len(site.asked("/bad/silent")) == before

    def test_a_page_that_never_rests_is_read(self, site: Site, browser: Browser) -> None:
        assert paragraphs(900)[0] in dom(browser, site, "busy")

    def test_a_page_that_renames_the_document(self, site: Site, browser: Browser) -> None:
        assert paragraphs(900)[0] in dom(browser, site, "clobber")

    def test_popups_and_dialogs(self, site: Site, browser: Browser) -> None:
        assert paragraphs(900)[0] in dom(browser, site, "popup")

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("/script/download", "application/pdf"),
            ("/bad/reset", "closed"),
            ("/bad/bomb", "larger than"),
            ("/bad/loop", "redirected"),
        ],
    )
    def test_what_is_no_page(self, site: Site, browser: Browser, path: str, told: str) -> None:
        with pytest.raises(FetchError, match=told):
            browser.dom(site.url(path))


class TestBounds:
    def test_bytes(self, site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.fetch.render._MAX_BYTES", 5 << 20)
        before = len(site.hits)
        assert paragraphs(900)[0] in dom(browser, site, "heavy")
        assert len(site.hits) - before < 12

    def test_requests(self, site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cleaner.fetch.render._MAX_REQUESTS", 5)
        before = len(site.hits)
        dom(browser, site, "busy")
        assert len(site.hits) - before == 6

    def test_size(self, site: Site, browser: Browser) -> None:
        with pytest.raises(FetchError, match="its DOM is too large: 40,"):
            dom(browser, site, "grow")

    def test_a_page_that_hangs_costs_its_time_and_no_other_page(self, site: Site) -> None:
        _need_browser()
        with Browser(Client(limits=QUICK, allow_private=True), seconds=8) as browser:
            with pytest.raises(FetchError, match="not rendered within 8 s"):
                dom(browser, site, "hang")
            assert paragraphs(901)[0] in dom(browser, site, "article")

    def test_a_browser_that_died_is_started_again(self, site: Site) -> None:
        _need_browser()
        with Browser(Client(limits=QUICK, allow_private=True), seconds=20) as browser:
            browser._wait(browser._chromium.close())
            assert paragraphs(901)[0] in dom(browser, site, "article")


class TestPrivate:
    @pytest.fixture
    def guarded(self, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Browser:
        """A browser for which 127.0.0.1 is a public address, and no other of those within."""
        real = addresses.refusal
        monkeypatch.setattr(addresses, "refusal", lambda address: None if address == "127.0.0.1" else real(address))
        monkeypatch.setattr(browser, "_client", Client(limits=QUICK))
        return browser

    def test_private_addresses_are_refused(self, site: Site, guarded: Browser) -> None:
        with Site(1, host="127.0.0.9", port=0) as inner:
            made = site.answer("/script/private", {})
            body = made.body.replace(b"http://127.0.0.9:9/secret", inner.url("/").encode())
            assert inner.base.encode() in body
            response = Response(
                site.url("/x"), site.url("/x"), status=200, headers=tuple(made.headers.items()), body=body
            )
            html = guarded.dom(site.url("/x"), response).decode()
            assert inner.hits == []
        said = html.partition('<div id="root">')[2].partition("</div>")[0]
        assert said.split(" | ") == [
            f"refused {NOBODY}", f"refused {inner.url('/')}", "refused file:///etc/passwd", "refused http://[::1]:9/ done"
        ]  # fmt: skip

    def test_a_page_may_not_be_private_itself(self, guarded: Browser) -> None:
        with pytest.raises(FetchError, match="a private address"):
            guarded.dom(NOBODY)

    def test_scripts_that_leave_for_a_private_address(self, site: Site, guarded: Browser) -> None:
        try:
            html = dom(guarded, site, "away")
        except FetchError as error:
            assert "lead to another site" in str(error)
        else:
            assert paragraphs(900)[0] in html

    def test_no_socket_past_the_client(self, site: Site, guarded: Browser) -> None:
        assert '<div id="root">closed done</div>' in dom(guarded, site, "socket")
        assert site.asked("/script/ws") == []

    def test_no_datagram_past_the_client(self, site: Site, guarded: Browser) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
            stun.bind(("127.0.0.1", 0))
            stun.settimeout(0.2)
            assert "waited" in dom(guarded, site, f"rtc/{stun.getsockname()[1]}")
            with pytest.raises(TimeoutError):
                stun.recv(100)

    def test_robots_are_asked(self, site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(browser, "_allows", lambda url: not url.endswith(".json"))
        before = len(site.asked("/script/article.json"))
        assert paragraphs(901)[0] not in dom(browser, site, "article")
        assert len(site.asked("/script/article.json")) == before


class TestMissing:
    def test_without_playwright(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "playwright.async_api", None)
        with pytest.raises(FetchError, match=r"pip install 'cleaner\[browser\]'"), Browser():
            pass

    def test_without_chromium(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _need_browser()
        monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")
        with pytest.raises(FetchError, match="/nowhere/chromium: does not start"), Browser():
            pass


def test_nothing_is_said_of_a_context_that_goes_with_its_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleaner.fetch.render._CLOSING", 0.01)
    told: list[Any] = []

    class Hanging:
        async def close(self) -> None:
            await asyncio.sleep(0.05)
            raise OSError("the browser has been closed")

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: told.append(said))
        browser = Browser()
        browser._chromium = Hanging()
        await browser._leave(Hanging())
        await asyncio.sleep(0.1)
        gc.collect()

    # In a thread: this one may have Playwright's loop, of a browser that other tests share.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, leave()).result()
    assert not told
