"""Which answers are walls, and which are pages."""

from __future__ import annotations

import tracemalloc

import pytest

from cleaner.fetch.blocked import wall
from cleaner.fetch.client import Response
from tests.site import Site, paragraphs

PROSE = "".join(f"<p>{text}</p>" for text in paragraphs(7))


def answer(body: str = "", status: int = 200, url: str = "https://weir.example/a", **headers: str) -> Response:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response("https://weir.example/a", url, status=status, headers=named, body=body.encode())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cloudflare", "403): a challenge of Cloudflare"),
        ("cloudflare-block", "403): a block of Cloudflare"),
        ("datadome", "a captcha of DataDome"),
        ("perimeterx", "a captcha of PerimeterX"),
        ("akamai", "by Akamai"),
        ("captcha", "Are you a robot"),
        ("consent", "Before you continue"),
        ("403", "refused (403)"),
        ("401", "password (401)"),
        ("451", "legal reasons (451)"),
        ("429", "too many requests (429)"),
        ("shell", "--render"),
        ("noscript", "--render"),
    ],
)
def test_walls(name: str, told: str) -> None:
    site = Site(1)
    made = site.answer(f"/wall/{name}", {})
    site.__enter__().__exit__(None, None, None)
    reason = wall(
        Response(
            "https://weir.example/a",
            "https://weir.example/a",
            status=made.status,
            headers=tuple(made.headers.items()),
            body=made.body,
        )
    )
    assert reason is not None
    assert told in reason


@pytest.mark.parametrize(
    "page",
    [
        answer(f"<title>Are you a robot?</title><h1>What captchas ask</h1>{PROSE}", server="cloudflare"),
        answer(
            f"{PROSE}<script src=https://challenges.cloudflare.com/turnstile/v0/api.js></script><div class=g-recaptcha></div>"
        ),
        answer(f"{'<script>let x = 1</script>' * 50_000}{PROSE}"),
        answer("<title>Lamp</title><img src=lamp.jpg><p>The lamp, lit.</p><script>count()</script>"),
        answer("<title>Short</title><p>The lamp room is closed.</p>"),
        answer(f"<div id=root></div><noscript>{PROSE}</noscript><script src=a.js></script>"),
        answer('<script type="application/ld+json">{"@type": "Article", "articleBody": "The lamp …"}</script>'),
        answer("<h1>Not found</h1>", status=404),
        answer("<h1>Server error</h1>", status=500),
        answer("", status=200),
        answer("\x89PNG\r\n\x1a\n", content_type="image/png"),
        answer(f"<h1>Consent in fairy tales</h1>{PROSE}", url="https://weir.example/2026/consent-in-fairy-tales"),
        answer("", status=0),
    ],
    ids=[
        "of captchas",
        "with a widget",
        "late text",
        "picture",
        "short",
        "in noscript",
        "in data",
        "404",
        "500",
        "empty",
        "png",
        "of consent",
        "none",
    ],
)
def test_pages(page: Response) -> None:
    assert wall(page) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://consent.weir.example/v2?continue=a",
        "https://weir.example/privacy-gate?to=/a",
        "https://weir.example/login?next=/a",
    ],
)
def test_redirects_to_a_gate(url: str) -> None:
    assert "redirected to a page that asks for" in (wall(answer(PROSE, url=url)) or "")


def test_who_asked_for_the_gate_gets_it() -> None:
    page = Response("https://weir.example/login", "https://weir.example/login?x=1", status=200, body=PROSE.encode())
    assert wall(page) is None


def test_challenges_that_headers_tell() -> None:
    assert "Vercel" in (wall(answer(PROSE, x_vercel_mitigated="challenge")) or "")
    assert "AWS" in (wall(answer(PROSE, status=202, x_amzn_waf_action="challenge")) or "")


def test_noscript_within_noscript_is_not_read_again_and_again() -> None:
    page = answer("<!doctype html><script>go()</script>" + "<noscript>" * 200 + "The ferry. " * 70_000)
    tracemalloc.start()
    assert wall(page) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20
