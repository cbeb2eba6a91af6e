"""trafilatura's opinion, laid over our blocks.

trafilatura gives a text, not verdicts. Its lines are aligned with our blocks in order: first whole lines that occur in
both (an anchor), then, between anchors, blocks whose words stand in trafilatura's text one after the other.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from cleaner.model import Document, Evidence, Fate, NoiseKind, Verdict
from cleaner.text import words

__all__ = ["judge"]


def judge(document: Document, verdicts: list[Verdict | None]) -> None:
    """Decide every undecided block as trafilatura does. Where it finds no article, nothing is decided."""
    lines = _lines(document)
    if not lines:
        return
    blocks = [_key(block.text) for block in document.blocks]
    kept = _align(blocks, [_key(line) for line in lines])
    keep = Verdict(Fate.KEEP, evidence=(Evidence("trafilatura", detail="in its text"),))
    drop = Verdict(Fate.DROP, NoiseKind.OUTSIDE_BODY, None, (Evidence("trafilatura", detail="not in its text"),))
    for index, verdict in enumerate(verdicts):
        if verdict is None:
            verdicts[index] = keep if index in kept else drop


def _key(text: str) -> str:
    return " ".join(words(text.casefold()))


def _lines(document: Document) -> list[str]:
    """Return the lines of trafilatura's extraction; none where it fails or finds nothing."""
    from trafilatura import extract

    try:
        text = extract(
            document.source.encode("utf-8", "replace"),
            url=document.page.url,
            include_comments=False,
            include_tables=True,
            deduplicate=False,
        )
    except Exception:  # noqa: BLE001  (a borrowed parser may fail in any way; then the page is judged without it)
        return []
    return [line for line in (text or "").split("\n") if line.strip()]


def _align(blocks: list[str], lines: list[str]) -> set[int]:
    """Return the indexes of the blocks that are in `lines`, in order."""
    kept: set[int] = set()
    block_at = line_at = 0
    # Lines that recur a thousand times would make the matching quadratic: on long pages they are no anchors.
    matcher = SequenceMatcher(None, blocks, lines, autojunk=len(lines) > 500)
    for match in matcher.get_matching_blocks():
        gap = " ".join(lines[line_at : match.b])
        if gap:
            _fill(blocks, range(block_at, match.a), gap, kept)
        kept.update(index for index in range(match.a, match.a + match.size) if blocks[index])
        block_at, line_at = match.a + match.size, match.b + match.size
    return kept


def _fill(blocks: list[str], between: range, text: str, kept: set[int]) -> None:
    """Add the blocks of `between` whose words stand in `text`, each after the one before."""
    text = f" {text} "
    at = 0
    for index in between:
        if not blocks[index]:
            continue
        found = text.find(f" {blocks[index]} ", at)
        if found >= 0:
            kept.add(index)
            at = found + len(blocks[index])
