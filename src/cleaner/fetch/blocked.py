"""Walls: answers that stand in front of a page. They get a status with a reason, and are not kept as pages.

A wall is told by the status, by what the common vendors put into headers and markup, by where a redirect led, and by
what the answer says (:mod:`cleaner.judge.status` has the wording). Markup and wording count only where there is hardly
any text: a site that has a vendor's script on all pages, and an article about captchas, are pages.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from lxml import etree

from cleaner.errors import PageError
from cleaner.fetch.client import Response
from cleaner.judge.status import WALL_WORDS, wall_in
from cleaner.model import Page
from cleaner.segment.decode import decode, looks_like_html
from cleaner.segment.parse import parse
from cleaner.text import settle, word_count

__all__ = ["wall"]

_REFUSED: Final = {
    401: "asks for a password (401)",
    402: "asks for payment (402)",
    403: "refused (403)",
    407: "a proxy asks for a password (407)",
    429: "too many requests (429)",
    451: "not shown for legal reasons (451)",
}
_HEADERS: Final = (
    ("cf-mitigated", "challenge", "a challenge of Cloudflare"),
    ("x-vercel-mitigated", "", "a challenge of Vercel"),
    ("x-amzn-waf-action", "", "a challenge of AWS WAF"),
    ("x-sucuri-block", "", "a block of Sucuri"),
    ("x-kpsdk-ct", "", "a challenge of Kasada"),
)
"""Header in lower case, what its value holds, what it stands for. Only challenges and blocks carry these."""
_MARKUP: Final = (
    (b"challenges.cloudflare.com", "a challenge of Cloudflare"),
    (b"/cdn-cgi/challenge-platform/", "a challenge of Cloudflare"),
    (b"captcha-delivery.com", "a captcha of DataDome"),
    (b"px-captcha", "a captcha of PerimeterX (HUMAN)"),
    (b"_incapsula_resource", "a challenge of Imperva"),
    (b"awswafintegration", "a challenge of AWS WAF"),
    (b"within.website/x/cmd/anubis", "a challenge of Anubis"),
    (b"geetest.com", "a captcha of GeeTest"),
    (b"hcaptcha.com", "a captcha"),
    (b"g-recaptcha", "a captcha"),
    (b"cf-turnstile", "a challenge of Cloudflare"),
    (b"attention required! | cloudflare", "a block of Cloudflare"),
)
"""What is found in the markup of challenges, in lower case."""
_SERVERS: Final = (
    ("cloudflare", "Cloudflare"),
    ("akamaighost", "Akamai"),
    ("datadome", "DataDome"),
    ("sucuri", "Sucuri"),
)
_CONSENT_HOST: Final = re.compile(r"^(?:consent|guce|cmp|privacy|myprivacy|cookiewall)\.")
_CONSENT_PATH: Final = re.compile(r"/(?:consent|privacy-?(?:wall|gate)|cookie-?(?:wall|consent)|gdpr)(?:[/?.]|$)")
_LOGIN_PATH: Final = re.compile(r"/(?:log-?in|sign-?in|signon|sso)(?:[/?.]|$)")
_UNREAD: Final = frozenset("script style noscript template svg iframe object".split())
_SHELL_WORDS: Final = 20
"""Words that a page shows, up to which one with scripts is an empty shell."""
_MAX_BYTES: Final = 1 << 20
"""Bytes of the largest wall; the text of larger pages may begin late, behind a megabyte of scripts."""


def wall(response: Response) -> str | None:
    """Return why an answer is a wall and no page, for people; None where it is a page, or no answer at all.

    That a page is missing (404) or a server broken (500) is no wall.
    """
    if not response.status:
        return None
    vendor = _by_headers(response)
    if response.status in _REFUSED:
        stated = vendor or _by_markup(response.body[:_MAX_BYTES].lower()) or _server(response)
        return f"{_REFUSED[response.status]}{f': {stated}' if stated else ''}"
    if vendor:
        return vendor
    if gate := _redirected(response):
        return gate
    if response.status not in (200, 202, 203, 405, 503) or not 0 < len(response.body) <= _MAX_BYTES:
        return None
    return _by_content(response)


def _by_headers(response: Response) -> str | None:
    return next((told for name, held, told in _HEADERS if (has := response.header(name)) and held in has.lower()), None)


def _by_markup(markup: bytes) -> str | None:
    return next((told for mark, told in _MARKUP if mark in markup), None)


def _server(response: Response) -> str | None:
    said = f"{response.header('server')} {'datadome' if response.header('x-datadome') else ''}".lower()
    return next((f"by {told}" for name, told in _SERVERS if name in said), None)


def _redirected(response: Response) -> str | None:
    """Tell whether redirects led to a page that asks for consent or a password, from one that is none."""
    try:
        asked, ended = urlsplit(response.asked.lower()), urlsplit(response.url.lower())
    except ValueError:
        return None
    for pattern, said in ((_CONSENT_PATH, "asks for consent"), (_LOGIN_PATH, "asks for a password")):
        if asked.path != ended.path and pattern.search(ended.path) and not pattern.search(asked.path):
            return f"redirected to a page that {said} ({ended.hostname}{ended.path[:80]})"
    if asked.hostname != ended.hostname and _CONSENT_HOST.match(ended.hostname or ""):
        return f"redirected to a page that asks for consent ({ended.hostname})"
    return None


def _by_content(response: Response) -> str | None:
    page = Page(response.body, response.url)
    try:
        source = decode(page).text
        root = parse(source).root if looks_like_html(source) else None
    except PageError:
        return None
    if root is None:
        return None
    text = _shown(root)
    words = word_count(text)
    if words > WALL_WORDS:
        return None
    if (said := wall_in(text)) is not None:
        status, reason = said
        return f"{status}: {reason}"
    if (told := _by_markup(response.body.lower())) is not None:
        return told
    if response.status == 200 and words <= _SHELL_WORDS and _is_shell(root):
        return "an empty page that scripts are to fill; --render has a browser do it"
    return None


def _shown(root: Any) -> str:
    """Return the text of a page, its title included; of a long one a little more than a wall has."""
    parts: list[str] = []
    words = 0
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        if event == "start" and element.tag in _UNREAD:
            walker.skip_subtree()
            continue
        text = (element.text if event == "start" else element.tail) or ""
        parts.append(text)
        words += len(text.split())
        if words > 2 * WALL_WORDS:
            break
    return settle(" ".join(parts))


def _is_shell(root: Any) -> bool:
    """Tell whether a page with hardly any text waits for its scripts, and holds nothing that is read without them."""
    if (
        root.find(".//script") is None
        or next(root.iter("img", "picture", "video", "audio", "iframe"), None) is not None
    ):
        return False
    # One element may lie within another, and their text with it: no more is read than answers the question.
    unread = (text for element in islice(root.iter("noscript"), _SHELL_WORDS) for text in element.itertext())
    words = 0
    for text in unread:
        words += word_count(text)
        if words > _SHELL_WORDS:
            return False
    data = (script.text or "" for script in root.iter("script") if script.get("type") == "application/ld+json")
    return not any('"articleBody"' in text for text in data)
