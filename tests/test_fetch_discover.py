"""What feeds, sitemaps and section pages list, well-meant and ill-meant."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime

import pytest

from cleaner.errors import FetchError
from cleaner.fetch import discover
from cleaner.fetch.discover import Found, entries, feeds, is_article, is_older, links

URL = "https://weir.example/feeds/all"
SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urls(found: list[Found]) -> list[str]:
    return [entry.url.removeprefix("https://weir.example") for entry in found]


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><link>https://weir.example/</link>{items}</channel></rss>'.encode()


def sitemap(*places: str) -> bytes:
    return f"<urlset {SITEMAP}>{''.join(f'<url><loc>{place}</loc></url>' for place in places)}</urlset>".encode()


class TestFeeds:
    def test_rss(self) -> None:
        found = entries(
            rss(
                "<item><link> /a </link><pubDate>Tue, 05 May 2026 06:00:00 +0200</pubDate></item>"
                "<item><guid>https://weir.example/b</guid><dc:date xmlns:dc='http://purl.org/dc/elements/1.1/'>2026-05-04</dc:date></item>"
                "<item><guid isPermaLink='false'>https://weir.example/no</guid><title>No address</title></item>"
                "<item><feedburner:origLink xmlns:feedburner='f'>/real</feedburner:origLink><link>/tracked</link></item>"
            ),
            URL,
        )
        assert urls(found) == ["/a", "/b", "/real"]
        assert [entry.date for entry in found] == [
            datetime.fromisoformat("2026-05-05T06:00:00+02:00"),
            datetime(2026, 5, 4, tzinfo=UTC),
            None,
        ]

    def test_rdf(self) -> None:
        body = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <channel/><item rdf:about="x"><link>/one</link></item></rdf:RDF>"""
        assert urls(entries(body, URL)) == ["/one"]

    def test_atom_prefers_the_page_and_its_first_date(self) -> None:
        body = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="/2026/"><link href="/"/>
        <entry><id>tag:weir.example,2026:1</id><link rel="self" href="x.atom"/><link rel="enclosure" href="x.mp3"/>
        <link rel="alternate" type="application/json" href="x.json"/><link href="x"/><updated>2026-02-02</updated>
        <published>2026-01-01</published></entry><entry><id>https://weir.example/by-id</id></entry></feed>"""
        found = entries(body, URL)
        assert urls(found) == ["/2026/x", "/by-id"]
        assert found[0].date == datetime(2026, 1, 1, tzinfo=UTC)

    def test_json_feed(self) -> None:
        items = [{"id": "1", "url": "/a", "date_published": "2026-01-01"}, {"id": "/b"}, {"id": "3"}, {"url": 7}, None]
        found = entries(json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode(), URL)
        assert urls(found) == ["/a", "/b"]
        assert found[0].date == datetime(2026, 1, 1, tzinfo=UTC)

    def test_broken_xml_is_read_as_far_as_it_goes(self) -> None:
        body = rss(
            "<item><link>/a</link><title>Fish &nbsp; chips & more</title></item><item><link>/b</link></item><item><li"
        )
        assert urls(entries(b"\xef\xbb\xbf \n" + body, URL)) == ["/a", "/b"]

    def test_other_encodings(self) -> None:
        text = '<?xml version="1.0" encoding="{}"?><rss><channel><item><title>Köhler</title><link>/a</link></item></channel></rss>'
        assert urls(entries(text.format("utf-16").encode("utf-16"), URL)) == ["/a"]
        assert urls(entries(text.format("utf-8").encode("latin-1"), URL)) == ["/a"]  # says one thing, is another

    def test_addresses_are_cleaned_and_come_once(self) -> None:
        body = rss(
            "".join(
                f"<item><link>{place}</link></item>"
                for place in (
                    "/a?utm_source=feed#top",
                    "https://WEIR.example:443/a",
                    "javascript:alert(1)",
                    "file:///etc/passwd",
                    "http://[half",
                )
            )
        )
        assert urls(entries(body, URL)) == ["/a"]

    @pytest.mark.parametrize(
        "body", [b"", b"<html><body>Not here</body></html>", b"{}", b"[1", b"Not found", b"[" * 100_000, b"\0\1"]
    )
    def test_what_is_no_feed_is_told(self, body: bytes) -> None:
        with pytest.raises(FetchError, match=r"weir\.example.*feed"):
            entries(body, URL)

    def test_autodiscovery(self) -> None:
        page = b"""<base href="https://weir.example/x/"><link rel=alternate type="application/rss+xml" href="feed">
        <link rel=alternate type="application/rss+xml" href="/comments/feed"><link rel="ALTERNATE" type="Application/Atom+XML; x"
        href="/atom"><link rel=stylesheet type="application/rss+xml" href="/no"><link rel=alternate hreflang=de href="/de">"""
        assert urls(feeds(page, "https://weir.example/")) == ["/x/feed", "/atom"]


class TestSitemaps:
    def test_index_and_dates(self) -> None:
        body = f"<sitemapindex {SITEMAP}><sitemap><loc>/a.xml.gz</loc><lastmod>2026-05-01</lastmod></sitemap></sitemapindex>"
        assert entries(body.encode(), URL) == [
            Found("https://weir.example/a.xml.gz", datetime(2026, 5, 1, tzinfo=UTC), "sitemap")
        ]

    def test_gzip_whatever_it_is_called(self) -> None:
        assert urls(entries(gzip.compress(sitemap("/a")), URL)) == ["/a"]

    def test_news_states_when_it_was_published(self) -> None:
        body = f"""<urlset {SITEMAP} xmlns:news="n"><url><loc>/a</loc><lastmod>2026-06-01</lastmod><news:news>
        <news:publication_date>2026-05-01</news:publication_date></news:news></url></urlset>"""
        assert entries(body.encode(), URL)[0].date == datetime(2026, 5, 1, tzinfo=UTC)

    def test_text(self) -> None:
        assert urls(entries(b"https://weir.example/a\r\n\nhttps://weir.example/b\n", URL)) == ["/a", "/b"]

    def test_pictures_of_a_page_are_no_pages(self) -> None:
        body = f"""<urlset {SITEMAP} xmlns:image="i" xmlns:xhtml="x"><url><loc>/a</loc><image:image><image:loc>/a.jpg</image:loc>
        </image:image><xhtml:link rel="alternate" hreflang="de" href="/de/a"/></url></urlset>"""
        assert urls(entries(body.encode(), URL)) == ["/a"]

    def test_foreign_hosts_need_their_robots_txt(self) -> None:
        body = sitemap(
            "https://weir.example/a",
            "http://www.weir.example/b",
            "https://bank.example/c",
            "https://weir.example:8443/d",
        )
        assert urls(entries(body, URL)) == ["/a", "http://www.weir.example/b"]
        assert "https://bank.example/c" in urls(entries(body, URL, hosts=["bank.example"]))

    def test_a_feed_may_name_other_hosts(self) -> None:
        assert urls(entries(rss("<item><link>https://other.example/a</link></item>"), URL)) == [
            "https://other.example/a"
        ]


class TestHostile:
    def test_no_entity_is_expanded_and_nothing_is_loaded(self, tmp_path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("https://weir.example/leaked")
        body = f"""<!DOCTYPE urlset [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y "https://weir.example/inner">
        <!ENTITY % z SYSTEM "http://127.0.0.1:9/z.dtd"> %z;]>
        <urlset {SITEMAP}><url><loc>&x;</loc></url><url><loc>&y;</loc></url><url><loc>/a</loc></url></urlset>"""
        assert urls(entries(body.encode(), URL)) == ["/a"]

    def test_a_billion_laughs(self) -> None:
        lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
        body = f'<!DOCTYPE rss [<!ENTITY l0 "lol">{lol}]>'.encode() + rss(
            "<item><link>/a</link><title>&l9;</title></item>"
        )
        begun = time.perf_counter()
        assert entries(body, URL) == []  # libxml2 reads no further
        assert time.perf_counter() - begun < 1

    def test_a_bomb_is_refused(self) -> None:
        with pytest.raises(FetchError, match="cannot be read"):
            entries(gzip.compress(b"<urlset>" + b" " * (60 << 20)), URL)

    def test_a_torn_archive_is_refused(self) -> None:
        with pytest.raises(FetchError, match="broken gzip"):
            entries(gzip.compress(sitemap("/a"))[:-12], URL)

    def test_a_million_entries(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(discover, "_MAX_ENTRIES", 500)
        body = b"<urlset>" + b"".join(b"<url><loc>/%d</loc></url>" % n for n in range(1_000_000)) + b"</urlset>"
        begun = time.perf_counter()
        assert len(entries(body, URL)) == 500
        assert len(entries(b"https://weir.example/a\n" * 1_000_000, URL)) == 1
        assert time.perf_counter() - begun < 2

    @pytest.mark.parametrize(
        "body",
        [
            b"<rss>" + b"<item>" * 200_000,
            b"<rss><channel><item " + b" ".join(b'a%d="x"' % n for n in range(50_000)) + b"><link>/a</link></item>",
            b"<feed>" + b"<entry><link href='" + b"x" * 3_000_000 + b"'/></entry>",
        ],
        ids=["depth", "attributes", "length"],
    )
    def test_odd_shapes_take_no_time(self, body: bytes) -> None:
        begun = time.perf_counter()
        entries(body, URL)
        assert time.perf_counter() - begun < 3


class TestSections:
    @pytest.mark.parametrize(
        ("path", "label"),
        [
            ("/2026/05/01/the-lamp", ""),
            ("/news/the-keeper-who-mended-the-lamp", ""),
            ("/story/48213", ""),
            ("/lamp-room.html", ""),
            ("/?id=48213", ""),
            ("/lamp", "The keeper who mended the lamp on Friday"),
        ],
    )
    def test_articles(self, path: str, label: str) -> None:
        assert is_article(f"https://weir.example{path}", label)

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/news/",
            "/tag/lamp-rooms-of-the-north/",
            "/author/ada-orme-of-the-weir-post/",
            "/login",
            "/2026/",
            "/about",
            "/a-big-map-of-the-weir.pdf",
            "/page/2/",
        ],
    )
    def test_no_articles(self, path: str) -> None:
        assert not is_article(f"https://weir.example{path}")

    def test_links_of_the_site_only(self) -> None:
        page = b"""<a href="/2026/05/01/a">A</a><a href="https://www.weir.example/2026/05/02/b">B</a><a href="//other.example/2026/05/03/c">
        C</a><a href="#top">Top</a><a href="mailto:x@weir.example">Write</a><a href="/news/?page=2" rel="next">Older</a>"""
        found = links(page, "https://weir.example/news/")
        assert [(entry.url, entry.kind) for entry in found] == [
            ("https://weir.example/2026/05/01/a", "page"),
            ("https://www.weir.example/2026/05/02/b", "page"),
            ("https://weir.example/news/?page=2", "section"),
        ]
        assert found[0].date == datetime(2026, 5, 1, tzinfo=UTC)


def test_a_sitemap_that_somebody_trusts_speaks_for_any_host() -> None:
    body = b"<urlset><url><loc>https://www.example.com/a-story</loc></url></urlset>"
    assert entries(body, "https://sitemaps.example.com/news.xml") == []
    assert [one.url for one in entries(body, "https://sitemaps.example.com/a.xml", hosts=None)] == [
        "https://www.example.com/a-story"
    ]


def test_what_has_no_date_is_not_old() -> None:
    since = datetime(2026, 5, 1)
    assert is_older(Found(URL, datetime(2026, 4, 30, tzinfo=UTC)), since)
    assert not is_older(Found(URL, datetime(2026, 5, 1, tzinfo=UTC)), since)
    assert not is_older(Found(URL), since)


@pytest.mark.parametrize("body", [b"<urlset>" + b"<a/>" * 200_000, b'{"items":[' + b"{}," * 3_000_000 + b"{}]}"])
def test_a_listing_of_nothing_is_not_held(body: bytes) -> None:
    with pytest.raises(FetchError, match=r"100,001 elements|more than 8 MB"):
        entries(body, "https://weir.example/list")


def test_what_was_found_before_too_much_of_nothing_counts() -> None:
    body = b"<urlset><url><loc>https://weir.example/a</loc></url>" + b"<a/>" * 200_000
    assert urls(entries(body, "https://weir.example/list")) == ["/a"]


def test_links_within_links_cost_no_quadratic_time() -> None:
    body = b"".join(b'<a href="/%d"><div>' % n for n in range(200)) + b"The ferry. " * 200_000
    started = time.process_time()
    links(body, "https://weir.example/")
    assert time.process_time() - started < 1.5
