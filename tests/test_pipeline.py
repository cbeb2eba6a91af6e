"""One cleaner for many threads and processes; what a page leaves behind is plain data."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cleaner
from tests.conftest import ROOT

PAGES = [path.read_bytes() for path in sorted((ROOT / "raw").rglob("*")) if path.suffix in (".html", ".txt")]


@pytest.fixture
def _eager_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_eager_switches")
def test_eight_threads_share_one_cleaner() -> None:
    expected = [cleaner.clean(page) for page in PAGES]
    fresh = cleaner.Cleaner()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fresh.clean, PAGES * 3))
    assert found == expected * 3


def test_a_cleaner_and_an_article_survive_pickling() -> None:
    made = pickle.loads(pickle.dumps(cleaner.Cleaner("generic", judge="none", include=["title"])))
    assert (made.judge, made.include) == ("none", ("title",))
    article = made.clean(PAGES[0])
    assert article == cleaner.Cleaner("generic", judge="none", include=["title"]).clean(PAGES[0])
    assert pickle.loads(pickle.dumps(article)) == article


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", "empty"),
        (" \n\t", "empty"),
        ("\u200b", "empty"),
        ("<!doctype html>", "empty"),
        ("<!doctype html><p>\u200b</p>", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x00" * 100, "unreadable"),
        (b"%PDF-1.7", "unreadable"),
        ("\ud800", "ok"),
        ("<" * 1_000, "ok"),
        ("<!doctype html>" + "<div>" * 50_000 + "x", "ok"),
    ],
    ids=range(11),
)
def test_odd_content_has_a_status(content: bytes | str, status: str) -> None:
    article = cleaner.Cleaner(rules=False, judge="none").clean(content)
    assert article.status == status
    assert bool(article.reason) is (status != "ok")


@pytest.mark.parametrize(
    ("recognise", "scored"), [("", True), ('recognise = ["Mill Daily", "Read by millers"]\n', False)]
)
def test_only_a_site_file_written_for_dumps_spares_them_the_scorer(
    tmp_path: Path, recognise: str, scored: bool
) -> None:
    (tmp_path / "sites").mkdir()
    site = tmp_path / "sites" / "mill.example.toml"
    site.write_text(f'schema = 1\nsite = "mill.example"\n{recognise}[meta]\nsite_name = {{ value = "Mill Daily" }}\n')
    menu = "News\nSport\nWeather\nJobs\nContact us"
    body = "The wheel turned for the first time in forty years, and the whole village had come down to the stream to see it."
    dump = f"{menu}\n\n{body}\n\n{body.replace('wheel', 'stone')}\n\n{menu}\n"
    article = cleaner.Cleaner(tmp_path).clean(dump, url="https://mill.example/a", media_type="text/plain")
    assert article.metadata.site_name == "Mill Daily"
    assert (article.confidence is not None) is scored
    assert ("Weather" in article.text) is not scored
