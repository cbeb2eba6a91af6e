"""What became of a page, told from its verdicts: an article, an index, a wall in front of one.

A wall (captcha, consent, block, paywall) is told by what the page says, and only where there is hardly anything else on
it: an article about captchas is an article.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cleaner.model import BlockKind, Document, Fate, NoiseKind, Status, Verdict

__all__ = ["WALL_WORDS", "status_of", "wall_in"]

WALL_WORDS: Final = 250
"""Words on a whole page up to which it may be a wall; the longest challenge pages have some 150."""
_BODY_WORDS: Final = 60
"""Words of a body from which no page is a wall or an index."""
_STUB_WORDS: Final = 200
"""Words of a body up to which one that ends at a paywall is a stub; more is a part of the article."""
_INDEX_LINKS: Final = 12
"""Linked headlines from which a page without a body is an index."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# Standard wording of the challenge, block and consent pages of the common vendors.
_CAPTCHA: Final = _any(
    r"verify (?:that )?you(?: are|'re|’re) (?:a )?human",
    r"are you a (?:robot|human)",
    r"(?:i'm|i am) not a robot",
    r"unusual traffic",
    r"complete the (?:security check|captcha)",
    r"checking your browser",
    r"prove you(?: are|'re|’re) (?:a )?human",
    r"press and hold",
    r"needs to review the security of your connection",
)
_BLOCKED: Final = _any(
    r"access (?:to this (?:page|site|website) (?:has been |is )?)?denied",
    r"403 forbidden",
    r"you have been blocked",
    r"request (?:was |has been )?(?:blocked|rejected)",
    r"unavailable (?:for legal reasons|in your (?:country|region|location))",
    r"not available in your (?:country|region|location)",
    r"enable javascript (?:and cookies )?to (?:continue|run this app)",
    r"error 1020",
    r"too many requests",
)
_CONSENT: Final = _any(
    r"before you continue",
    r"we (?:value|care about) your privacy",
    r"your privacy (?:choices|settings)",
    r"accept (?:all )?cookies",
    r"manage (?:cookies|consent|preferences)",
    r"consent to the (?:use|processing)",
    r"cookies akzeptieren",
)


def status_of(document: Document, verdicts: Sequence[Verdict], words: int) -> tuple[Status, str]:
    """Return the status of a page whose body has so many words, and the reason for people where it is not `ok`."""
    keep = Fate.KEEP
    shown = [block for block in document.blocks if not block.hidden]
    if words < _BODY_WORDS and sum(block.words for block in shown) <= WALL_WORDS:
        wall = wall_in(" ".join(block.text for block in shown))
        if wall is not None:
            return wall
    if verdicts and _ends_at_paywall(document, verdicts):
        if words <= _STUB_WORDS:
            return Status.STUB, f"{words} words, then a paywall"
        return Status.PARTIAL, "the text goes on behind a paywall"
    body = [block for block, verdict in zip(document.blocks, verdicts, strict=True) if verdict.fate is keep]
    own = sum(block.words * (1 - min(block.link_density, 1)) for block in body)
    if own < _BODY_WORDS:
        linked = sum(
            block.link_density > 0.5 and block.words >= 4
            for block in shown
            if block.kind in (BlockKind.HEADING, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)
        )
        if linked >= _INDEX_LINKS:
            return Status.INDEX, f"{linked} linked headlines and {own:.0f} words that are no link"
    if not body:
        if not document.blocks:
            return Status.EMPTY, "the page holds no text"
        return Status.EMPTY, f"none of its {len(document.blocks)} blocks is body; `cleaner explain` says why for each"
    return Status.OK, ""


def wall_in(text: str) -> tuple[Status, str] | None:
    """Return which wall a page with so little text (:data:`WALL_WORDS`) is by what it says, and the reason for people.

    None where it says nothing of the kind.
    """
    for status, pattern in (
        (Status.CAPTCHA, _CAPTCHA),
        (Status.BLOCKED, _BLOCKED),
        (Status.CONSENT, _CONSENT),
    ):
        if found := pattern.search(text):
            return status, f"the page has little more to say than “{found[0]}”"
    return None


def _ends_at_paywall(document: Document, verdicts: Sequence[Verdict]) -> bool:
    """Tell whether a shown paywall prompt follows the last line of the body, before anything else that was prose."""
    keep = Fate.KEEP
    last = max([index for index, verdict in enumerate(verdicts) if verdict.fate is keep], default=-1)
    for block, verdict in zip(document.blocks[last + 1 : last + 6], verdicts[last + 1 : last + 6], strict=True):
        if verdict.kind is NoiseKind.PAYWALL and not block.hidden:
            return True
    return False
