"""Built-in verdicts that hold on every page: text that is not shown, another article, and text that is there twice.

Each has an id that rules can `disable`. Repeats count only among blocks that rules did not drop, and the copy in the
body survives. Table cells, code, quotes and short dialogue never count as repeats: there, saying it twice is the point.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Final

from cleaner.model import Block, BlockKind, Declared, Document, Evidence, Fate, NoiseKind, Verdict, Zone
from cleaner.text import fold, fold_phrase

__all__ = ["BUILTINS", "headline", "judge", "judge_hidden", "titles"]

DATA: Final = "builtin/data"
HIDDEN: Final = "builtin/hidden"
COLLAPSED: Final = "builtin/collapsed-body"
REPEATED_TITLE: Final = "builtin/repeated-title"
REPEATED_CAPTION: Final = "builtin/repeated-caption"
REPEATED_PARAGRAPH: Final = "builtin/repeated-paragraph"
REPEATED_RUN: Final = "builtin/repeated-run"
OTHER_ARTICLE: Final = "builtin/other-article"

BUILTINS: Final = frozenset(
    {DATA, HIDDEN, COLLAPSED, REPEATED_TITLE, REPEATED_CAPTION, REPEATED_PARAGRAPH, REPEATED_RUN, OTHER_ARTICLE}
)
"""Ids that rules can disable."""

REPEAT_WORDS: Final = 8
"""A shorter text may well be said twice."""
_RUN_WORDS: Final = 16
"""Words of a run of blocks (a responsive copy) from which its short lines are copies too."""
_RUN_BLOCKS: Final = 3
_CAPTION_REACH: Final = 6
"""Blocks between a caption and its copy."""
_COLLAPSED_SHARE: Final = 0.3
"""Share of a page's prose that hidden text must be to count as a collapsed body."""
_TITLES: Final = 6
"""Titles that are looked for, the best first."""
_DATA_KEYS: Final = 5
"""Keys that text in braces must hold to be data."""
_ARTICLE_WORDS: Final = 120
"""Words of running text in the `<article>` with the headline from which other ones are other articles."""
_ARTICLE_SHARE: Final = 0.2
"""Share of the others' running text that it must have as well: the posts of a live page outweigh their opening."""
_RUNNING_WORDS: Final = 8
"""Words from which a block that is no link counts as running text."""
NEVER_REPEATS: Final = frozenset({BlockKind.TABLE_ROW, BlockKind.CODE, BlockKind.QUOTE})

_Verdicts = list[Verdict | None]


def judge(document: Document, declared: Declared, verdicts: _Verdicts, disabled: frozenset[str]) -> None:
    """Fill in the verdicts of the built-ins that are not disabled."""
    if DATA not in disabled:
        _data(document.blocks, verdicts)
    if OTHER_ARTICLE not in disabled and document.is_html:
        _other_articles(document, declared, verdicts)
    folded = [fold(block.text) for block in document.blocks]
    if REPEATED_CAPTION not in disabled:
        _repeated_captions(document.blocks, folded, verdicts)
    if REPEATED_TITLE not in disabled:
        _repeated_titles(document.blocks, folded, declared, verdicts)
    if REPEATED_RUN not in disabled:
        _repeated_runs(document.blocks, folded, verdicts)
    if REPEATED_PARAGRAPH not in disabled:
        _repeated_paragraphs(document.blocks, folded, verdicts)


def _drop(kind: NoiseKind, found_by: str, detail: str) -> Verdict:
    return Verdict(Fate.DROP, kind, None, (Evidence(found_by, detail=detail),))


def _data(blocks: list[Block], verdicts: _Verdicts) -> None:
    """The state of a script, left in an element as JSON: nobody reads that. A listing that shows JSON is code."""
    for block in blocks:
        is_json = block.text.startswith(('{"', '[{"')) and block.text.count('":') >= _DATA_KEYS
        if is_json and block.kind is not BlockKind.CODE and verdicts[block.index] is None:
            verdicts[block.index] = _drop(NoiseKind.OTHER, DATA, "JSON")


def judge_hidden(document: Document, verdicts: _Verdicts, disabled: frozenset[str]) -> None:
    """Decide on text that the page does not show, where no scorer weighs that among other things.

    Hidden text goes, unless it is much of the page's prose and lies in the element that holds the main run.
    """
    if HIDDEN in disabled:
        return
    blocks = document.blocks
    collapsed = set() if COLLAPSED in disabled else _collapsed_body(blocks)
    for block in blocks:
        if not block.hidden or verdicts[block.index] is not None:
            continue
        if block.index in collapsed:
            detail = "not shown at first, but much of the article's prose"
            verdicts[block.index] = Verdict(Fate.KEEP, evidence=(Evidence(COLLAPSED, detail=detail),))
        else:
            verdicts[block.index] = _drop(NoiseKind.OTHER, HIDDEN, "the page does not show it")


def _collapsed_body(blocks: list[Block]) -> set[int]:
    prose = [
        (block, block.words)
        for block in blocks
        if block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM) and block.is_sentence
    ]
    shown: dict[str, int] = defaultdict(int)
    for block, words in prose:
        if not block.hidden and block.zone is Zone.MAIN:
            shown[block.path.rpartition("/")[0]] += words
    if not shown:
        return set()
    container = max(shown, key=lambda path: shown[path])
    hidden = [(block, words) for block, words in prose if block.hidden and block.path.startswith(container + "/")]
    visible = {fold(block.text) for block in blocks if not block.hidden}
    hidden = [(block, words) for block, words in hidden if fold(block.text) not in visible]
    total = sum(words for _, words in prose)
    if sum(words for _, words in hidden) < _COLLAPSED_SHARE * total:
        return set()
    parents = {block.path.rpartition("/")[0] for block, _ in hidden}
    return {block.index for block in blocks if block.hidden and block.path.rpartition("/")[0] in parents}


def _other_articles(document: Document, declared: Declared, verdicts: _Verdicts) -> None:
    """The next article below the first, or teasers: each `<article>` beside the one that holds the headline."""
    title = headline(document.blocks, titles(declared))
    ordinal = document.anchors[title] if title >= 0 else 0
    while ordinal and document.names[ordinal][0] != "article":
        ordinal = document.parents[ordinal]
    if not ordinal:
        return
    _, first, end = document.spans[document.elements[ordinal]]
    spans = [span for found in document.tagged("article") if (span := document.spans.get(found)) is not None]
    # Those around it, like those within, are the same article.
    others = [span for span in spans if span[2] <= first or span[1] >= end]
    if not others:
        return
    starts = [start for start, _ in document.bounds]

    def held(low: int, high: int) -> list[Block]:
        return document.blocks[bisect_left(starts, low) : bisect_left(starts, high)]

    inside = {
        block.index: block for _, low, high in others for block in held(low, high) if verdicts[block.index] is None
    }
    if not inside:
        return
    wanted = max(_ARTICLE_WORDS, _ARTICLE_SHARE * sum(map(_running, inside.values())))
    for block in held(first, end):
        verdict = verdicts[block.index]
        if verdict is None or verdict.fate is Fate.KEEP:
            wanted -= _running(block)
            if wanted <= 0:
                break
    else:
        return
    for index in inside:
        detail = f"beside the article of the headline, block {title}"
        verdicts[index] = _drop(NoiseKind.RELATED, OTHER_ARTICLE, detail)


def _running(block: Block) -> int:
    return 0 if block.hidden or block.link_density > 0.5 or block.words < _RUNNING_WORDS else block.words


def titles(declared: Declared) -> frozenset[str]:
    """Return the titles that a page states, folded."""
    values = (value for value, _ in declared.candidates.get("title", ())[:_TITLES])
    return frozenset(title for value in values if isinstance(value, str) and (title := fold_phrase(value)))


def headline(blocks: list[Block], titles: frozenset[str]) -> int:
    """Return the index of the first heading that is a title of the page, else of the first `h1`; -1: there is none."""
    first = -1
    for block in blocks:
        if block.kind is BlockKind.HEADING and not block.hidden:
            if fold_phrase(block.text) in titles:
                return block.index
            if first < 0 and block.level == 1:
                first = block.index
    return first


def _repeated_captions(blocks: list[Block], folded: list[str], verdicts: _Verdicts) -> None:
    """A caption printed again right after itself, or as the alternative text of its image printed beside it."""
    captions: dict[str, int] = {}
    for block in blocks:
        verdict, text = verdicts[block.index], folded[block.index]
        is_caption = verdict is not None and verdict.fate is Fate.METADATA and verdict.field == "captions"
        earlier = captions.get(text)
        # A caption that says what the alternative text of its own picture says is the first copy, not the second.
        if earlier is not None and folded[earlier] != text and is_caption and fold(block.alt or "") == text:
            captions[text] = block.index
        elif earlier is not None and (is_caption or verdict is None) and block.index - earlier <= _CAPTION_REACH:
            verdicts[block.index] = _drop(NoiseKind.REPEATED_CAPTION, REPEATED_CAPTION, f"same as block {earlier}")
        elif is_caption:
            captions[text] = block.index
            if block.alt:
                captions.setdefault(fold(block.alt), block.index)


def _repeated_titles(blocks: list[Block], folded: list[str], declared: Declared, verdicts: _Verdicts) -> None:
    """The headline printed once more, above the body or as a heading."""
    title = declared.first("title")
    wanted = fold_phrase(title) if isinstance(title, str) else ""
    seen: int | None = None
    for block in blocks if wanted else ():
        if wanted not in folded[block.index] or fold_phrase(block.text) != wanted:
            continue
        verdict = verdicts[block.index]
        if verdict is not None:
            if verdict.fate is Fate.METADATA and verdict.field == "title":
                seen = block.index
        elif block.kind is BlockKind.HEADING or block.zone is Zone.HEAD:
            detail = "same as the title" if seen is None else f"same as the title, block {seen}"
            verdicts[block.index] = _drop(NoiseKind.REPEATED_TITLE, REPEATED_TITLE, detail)


def _may_repeat(block: Block, verdicts: _Verdicts) -> bool:
    verdict = verdicts[block.index]
    if verdict is not None and verdict.fate is not Fate.KEEP:
        return False
    return block.kind not in NEVER_REPEATS and not block.continues


def _repeated_runs(blocks: list[Block], folded: list[str], verdicts: _Verdicts) -> None:
    """The same blocks in the same order once more: a copy for another screen size. Its short lines go with it."""
    places: dict[str, int] = {}
    candidates = [block for block in blocks if _may_repeat(block, verdicts)]
    place = 0
    while place < len(candidates):
        block = candidates[place]
        first = places.setdefault(folded[block.index], place)
        # No copy begins with a rule of dashes: pages of nothing else would be compared with themselves all over.
        if first == place or not block.words:
            place += 1
            continue
        length = 0
        while (
            place + length < len(candidates)
            and first + length < place
            and folded[candidates[first + length].index] == folded[candidates[place + length].index]
        ):
            length += 1
        run = candidates[place : place + length]
        if length >= _RUN_BLOCKS and sum(copy.words for copy in run) >= _RUN_WORDS * _RUN_BLOCKS:
            originals = candidates[first : first + length]
            # The copy in the main run survives; of two there, or none, the first.
            keep_first = _touches_main(originals) or not _touches_main(run)
            for copy, original in zip(*((run, originals) if keep_first else (originals, run)), strict=True):
                if verdicts[copy.index] is None:
                    detail = f"same as block {original.index}"
                    verdicts[copy.index] = _drop(NoiseKind.REPEATED_TEXT, REPEATED_RUN, detail)
            place += length
        else:
            place += 1


def _touches_main(run: list[Block]) -> bool:
    return any(block.zone is Zone.MAIN for block in run)


def _repeated_paragraphs(blocks: list[Block], folded: list[str], verdicts: _Verdicts) -> None:
    """A paragraph of eight words or more that is there again."""
    copies: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        if block.words < REPEAT_WORDS or block.kind is BlockKind.LIST_ITEM:
            continue  # lists of features repeat from product to product
        if _may_repeat(block, verdicts):
            copies[folded[block.index]].append(block)
    for same in copies.values():
        if len(same) < 2:
            continue
        original = next((block for block in same if block.zone is Zone.MAIN), same[0])
        for block in same:
            if block is not original and verdicts[block.index] is None:
                detail = f"same as block {original.index}"
                verdicts[block.index] = _drop(NoiseKind.REPEATED_TEXT, REPEATED_PARAGRAPH, detail)
