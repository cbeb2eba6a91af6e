"""A new site: a rule file with a saved page beside it, and a test that fails until rules do what it says.

The test is a list of things to do: sentences that must stay, and lines that the scorer would drop and no rule does.
Tests run without the scorer, so each of these lines is in the body until a rule takes it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cleaner.errors import InputError, OutputError, RuleFileError
from cleaner.model import Article, Block, Fate, Page, Status
from cleaner.pipeline import Cleaner
from cleaner.rules import FOLDERS, parse
from cleaner.segment import is_prose
from cleaner.storage import dump
from cleaner.text import fold, settle

__all__ = ["Scaffold", "host_of", "scaffold"]

_NO_ARTICLE: Final = frozenset(
    {Status.UNREADABLE, Status.TOO_LARGE, Status.CAPTCHA, Status.CONSENT, Status.BLOCKED, Status.EMPTY}
)
_LONGEST: Final = 90
"""Characters of a line that a test quotes."""
_SHORTEST: Final = 8
"""Characters under which a line says too little to be looked for."""
_LINES: Final = 10
_TOKENS: Final = 3
_FIELDS: Final = ("title", "authors", "date")
_SUFFIXES: Final = re.compile(r"(?:\.(?:gz|x?html?|shtml|xht|te?xt))+$", re.IGNORECASE)
_UNFIT: Final = re.compile(r"[^\w.-]+")
_NAMED: Final = re.compile(r"[.#]([A-Za-z][\w-]+)")
_GENERATED: Final = re.compile(r"\d{2}|[a-z][A-Z].*\d|_{2}")
"""Classes and ids that a build made up, or that number one page's elements: they are others tomorrow."""
_PLACEHOLDER: Final = "REPLACE THIS by a sentence of the article"


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What was made."""

    site: str
    rule_file: Path
    page: Path
    stay: tuple[str, ...]
    """What the test wants in the body."""
    go: tuple[str, ...]
    """What it wants out of it, and is there still."""


def scaffold(page: Page, root: Path) -> Scaffold:
    """Make `root/sites/<host>.toml` for the site of a page, and a copy of the page beside it.

    Raises InputError where the page tells no host, or is no article; OutputError where a file is there already or
    cannot be written.
    """
    if root.exists() and not root.is_dir():
        raise OutputError(f"{root}: no folder; name one that holds (or shall hold) sites/")
    overlay = [root] if any((root / folder).is_dir() for folder in FOLDERS) else None
    cleaner = Cleaner(overlay)
    judged = cleaner.clean(page)
    if judged.status in _NO_ARTICLE:
        raise InputError(f"{page.location}: {judged.status}: {judged.reason}; save a page that holds an article")
    alone = copy(cleaner)  # with the rules that are read already
    alone.judge = "none"
    ruled = alone.clean(page)
    host = host_of(page, judged)
    if not host:
        raise InputError(f"{page.location}: says nowhere which site it is of; --url tells")
    rule_file = root / "sites" / f"{host}.toml"
    is_html = judged.media_type == "text/html"
    golden = rule_file.parent / "snap" / host / f"{_stem(page)}.{'html' if is_html else 'txt'}.gz"
    stay, go = tuple(_to_stay(judged, ruled)), tuple(_to_go(judged, ruled))
    name = golden.relative_to(rule_file.parent).as_posix()
    text = "\n".join(_lines(page, host, name, judged, stay, go)) + "\n"
    try:
        parse(text.encode(), f"sites/{host}", str(rule_file))
    except RuleFileError as error:  # as of a host that no rule file can be called by
        raise InputError(f"{page.location}: no rule file can be made for {host}: {error}") from error
    _write(page, rule_file, golden, text)
    return Scaffold(host, rule_file, golden, stay, tuple(said for said, _ in go))


def host_of(page: Page, article: Article) -> str:
    """Return the host of a page as site files are called, without `www.`; empty where the page tells none."""
    address = page.url or article.metadata.url or ""
    try:
        host = (urlsplit(address.strip()).hostname or "").strip(".")
        host = (host if host.isascii() else host.encode("idna").decode()).lower()
    except ValueError:  # brackets that are no IPv6 address, labels that are no IDNA
        return ""
    return host.removeprefix("www.")


def _stem(page: Page) -> str:
    """Return what the copy is called: as the file, or as the last part of the URL's path."""
    name = _SUFFIXES.sub("", Path(page.location).name)
    if page.location.startswith("<"):
        name = _SUFFIXES.sub("", urlsplit(page.url or "").path.rstrip("/").rpartition("/")[2])
    return _UNFIT.sub("-", name).strip("-.")[:60] or "page"


# ── What the test says ────────────────────────────────────────────────────────────────────────────────────────────────


def _quote(text: str) -> str:
    """Return the beginning of `text`, whole words."""
    line = " ".join(settle(text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST + 1].rpartition(" ")[0] or line[:_LONGEST]


def _kept(article: Article) -> list[Block]:
    return [
        block
        for block, verdict in zip(article.blocks, article.verdicts, strict=True)
        if verdict.fate is Fate.KEEP and not block.continues
    ]


def _to_stay(judged: Article, ruled: Article) -> list[str]:
    """Return how the first, the middle and the last paragraph of the body begin."""
    body = fold(ruled.text)
    prose = [said for block in _kept(judged) if is_prose(block) and fold(said := _quote(block.text)) in body]
    return list(dict.fromkeys(prose[at] for at in (0, len(prose) // 2, -1))) if prose else []


def _to_go(judged: Article, ruled: Article) -> Iterator[tuple[str, Block]]:
    """Yield lines that the scorer drops and rules keep, those with the most words first."""
    body, left = fold(judged.text), fold(ruled.text)
    noise: dict[str, Block] = {}
    for block, verdict in zip(judged.blocks, judged.verdicts, strict=True):
        said = _quote(block.text)
        if verdict.fate is Fate.DROP and len(said) >= _SHORTEST and fold(said) in left and fold(said) not in body:
            noise.setdefault(said, block)
    yield from sorted(noise.items(), key=lambda pair: (-pair[1].words, pair[1].index))[:_LINES]


def _tokens(go: tuple[tuple[str, Block], ...], judged: Article) -> list[tuple[str, int]]:
    """Return classes and ids around the lines that should go, and around nothing of the body, with how many lines."""
    inside = {token for block in _kept(judged) for token in _NAMED.findall(block.path)}
    around: Counter[str] = Counter()
    for _, block in go:
        around.update({token for token in _NAMED.findall(block.path) if not _GENERATED.search(token)} - inside)
    return sorted(around.items(), key=lambda pair: (-pair[1], pair[0]))[:_TOKENS]


# ── The file ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _string(text: str) -> str:
    """Return `text` as a string of TOML: as one of JSON, where it is settled."""
    return json.dumps(settle(text), ensure_ascii=False)


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in settle(text))


def _lines(
    page: Page, host: str, golden: str, judged: Article, stay: tuple[str, ...], go: tuple[tuple[str, Block], ...]
) -> Iterator[str]:
    yield f"# Rules for {host}. The language: docs/RULES.md."
    yield "#"
    yield "# 1. Write rules until the test at the end passes; FILE is this file, PAGE the page of the test:"
    yield "#      cleaner rules check FILE                            is it written well"
    yield "#      cleaner rules test FILE                             what does not hold yet"
    yield "#      cleaner explain --rules FILE PAGE --line TEXT       where a line stands, what nearly hit it"
    yield "# 2. Look at two more pages of the site. Body must not go with the noise:"
    yield "#      cleaner diff --rules FILE OTHER_PAGE"
    yield "schema = 1"
    yield f"site = {_string(host)}"
    if judged.media_type != "text/html":
        yield "# Two lines or more that stand on every page of the site: they tell dumps that come without a URL."
        yield '# recognise = ["…", "…"]'
    yield ""
    yield from _examples(go, judged)
    yield ""
    yield "# It fails until rules take the lines of `absent`: rules are tested alone, and this is what the scorer drops"
    yield "# on this page, and may keep on the next. Read both lists before you trust them, and add the noise that it"
    yield "# keeps: `cleaner diff PAGE` shows it among the lines of the body."
    yield "[[test]]"
    yield 'name = "noise goes, the article stays"'
    yield f"page = {_string(golden)}  # the page is its publisher's: keep it out of what you publish"
    if page.url:
        yield f"url = {_string(page.url)}"
    if page.captured:
        yield f"captured = {page.captured.date().isoformat()}"
    yield "contains = ["
    for said in stay:
        yield f"  {_string(said)},"
    if not (stay and go):
        yield f"  {_string(_PLACEHOLDER)},"
    yield "]"
    if go:
        yield "absent = ["
        for said, block in go:
            yield f"  {_string(said)},  # {_comment(_place(block))}"
        yield "]"
    else:
        yield "# absent = []  # lines that must go; none was found"
    stated = {name: value for name in _FIELDS if (value := getattr(judged.metadata, name))}
    if stated:
        yield "# As found: correct what is wrong, then write [meta] so that it comes out right."
        parts = (f"{name} = {_value(value)}" for name, value in stated.items())
        yield f"meta = {{ {', '.join(parts)} }}"
    yield f"# golden = {_string(golden.rpartition('.')[0] + '.md')}"
    yield "# Take out the # for a file with all that the page gives. `cleaner rules test --review FILE` shows it, and"
    yield "# asks before it writes; from then on every change is shown."
    yield "pending = false  # true: counted apart, as long as you cannot say what the page should give"


def _value(value: str | list[str]) -> str:
    return _string(value) if isinstance(value, str) else f"[{', '.join(map(_string, value))}]"


def _place(block: Block) -> str:
    """Return where a line stands, for people: the innermost elements, or the zone of a dump."""
    return "/".join(block.path.split("/")[-3:]) or f"{block.zone} of the dump"


def _examples(go: tuple[tuple[str, Block], ...], judged: Article) -> Iterator[str]:
    """Yield rules to begin with, as comments: nothing is applied that nobody has read."""
    tokens = _tokens(go, judged)
    if tokens:
        yield "# Classes and ids around lines that should go, and around no line of this body. Uncomment what fits:"
    for token, count in tokens:
        yield "#"
        yield "# [[rule]]"
        yield f'# id = "{re.sub(r"[^a-z0-9-]+", "-", token.lower()).strip("-")}"'
        yield '# kind = "other"  # say what it is: share, newsletter, related, comments …'
        yield f"# token = {_string(token)}  # {count} of the lines below"
    if not tokens:
        yield "# A rule to begin with; token, css, phrase, line, section and more say what it hits:"
        yield "#"
        yield "# [[rule]]"
        yield '# id = "teasers"'
        yield '# kind = "related"'
        yield f"# phrase = {_string(go[0][0] if go else 'You may also like')}"


def _write(page: Page, rule_file: Path, golden: Path, text: str) -> None:
    content = page.content.encode("utf-8", "surrogatepass") if isinstance(page.content, str) else page.content
    # What the server said is no part of the page, and a page may not be readable without it.
    stated = "; ".join(filter(None, (page.media_type, page.charset and f"charset={page.charset}")))
    sidecar = golden.with_name(f"{golden.name}.json")
    files = {golden: gzip.compress(content, mtime=0)}
    if page.media_type:
        files[sidecar] = dump({"headers": {"content-type": stated}})
    files[rule_file] = text.encode()  # the last: where it is, all is there
    for path in (rule_file, golden, sidecar):
        if path.exists() or path.is_symlink():
            advice = "add a test to it" if path == rule_file else "name the page otherwise"
            raise OutputError(f"{path}: exists, and is not written over; {advice}")
    made: list[Path] = []
    try:
        for path, data in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                made.append(path)
                file.write(data)
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        raise OutputError(f"{error.filename or rule_file}: cannot be written: {error.strerror or error}") from error
