"""The development corpus and the seeds: pages with their references, folds, text dumps.

::

    $CLEANER_CORPUS (../shared/corpus)         aeb_half/ wcxb_dev/ news_sites/, see the README there
    $CLEANER_SEEDS (../shared/seeds)           five text dumps and EXPECTED.json
    $CLEANER_BENCH_CACHE (bench/results/cache) dumps made here, kept because some dumpers are slow
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.metadata
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

import tld
from metrics import Reference

from cleaner.model import Article

__all__ = [
    "DUMPERS",
    "INPUTS",
    "SETS",
    "CorpusMissingError",
    "CorpusPage",
    "Seed",
    "corpus_root",
    "dump",
    "fingerprint",
    "fold_of",
    "load",
    "read_input",
    "registrable_domain",
    "seed_faults",
    "seeds",
]

_PROJECT = Path(__file__).resolve().parent.parent


class CorpusMissingError(Exception):
    """The corpus or the seeds are not where they are looked for: says where that is and how to change it."""


@dataclass(frozen=True, slots=True)
class CorpusPage:
    """A page of the corpus with its reference; the HTML stays on disk until asked for."""

    set_name: str
    id: str
    url: str
    path: Path
    reference: Reference

    def html(self) -> bytes:
        """Return the page as it was saved."""
        return gzip.decompress(self.path.read_bytes())


# -- the sets --------------------------------------------------------------------------------------------------------


def corpus_root() -> Path:
    """Return the corpus folder; raises :class:`CorpusMissingError` where there is none."""
    return _folder("CLEANER_CORPUS", "../shared/corpus")


def load(set_name: str, root: Path | None = None) -> list[CorpusPage]:
    """Return the pages of one of :data:`SETS`, ordered by id."""
    pages = _LOADERS[set_name](root or corpus_root())
    return sorted(pages, key=lambda page: page.id)


def _load_aeb(root: Path) -> Iterable[CorpusPage]:
    folder = root / "aeb_half"
    for page_id, entry in _read_json(folder / "ground-truth.json").items():
        path = folder / "html" / f"{page_id}.html.gz"
        yield CorpusPage("aeb", page_id, entry["url"], path, Reference(entry["articleBody"]))


def _load_wcxb(root: Path, set_name: str) -> Iterable[CorpusPage]:
    folder = root / "wcxb_dev"
    for page_id, kind in _read_json(folder / "index.json").items():
        if (kind == "article") != (set_name == "wcxb"):
            continue
        entry = _read_json(folder / "ground-truth" / f"{page_id}.json")
        truth = entry["ground_truth"]
        reference = Reference(
            body=truth.get("main_content") or "",  # one page states none
            present=tuple(truth.get("with") or ()),
            absent=tuple(truth.get("without") or ()),
            title=truth.get("title") or "",
            authors=(truth["author"],) if truth.get("author") else (),
            published=truth.get("publish_date") or "",
        )
        yield CorpusPage(set_name, page_id, entry["url"], folder / "html" / f"{page_id}.html.gz", reference)


def _load_news(root: Path) -> Iterable[CorpusPage]:
    folder = root / "news_sites"
    for path in folder.glob("*.json"):
        entry = _read_json(path)
        reference = Reference(
            body="\n\n".join(item["text"] for item in entry["body"] if item["kind"] != "summary"),
            title=entry["title"],
            summary="\n\n".join(item["text"] for item in entry["body"] if item["kind"] == "summary"),
            authors=tuple(entry["authors"]),
            published=entry["published"],
            captions=tuple(image["caption"] for image in entry["images"] if image["caption"]),
        )
        yield CorpusPage("news", path.stem, entry["url"], path.with_suffix(".html.gz"), reference)


_LOADERS: dict[str, Callable[[Path], Iterable[CorpusPage]]] = {
    "aeb": _load_aeb,
    "wcxb": lambda root: _load_wcxb(root, "wcxb"),
    "wcxb-other": lambda root: _load_wcxb(root, "wcxb-other"),
    "news": _load_news,
}
SETS = tuple(_LOADERS)


def fingerprint(pages: Sequence[CorpusPage]) -> str:
    """Return a short hash of pages, their HTML and their references: figures are comparable where it is equal."""
    digest = hashlib.sha256()
    for page in pages:
        record = [page.set_name, page.id, page.url, asdict(page.reference)]
        digest.update(json.dumps(record, sort_keys=True).encode())
        digest.update(hashlib.sha256(page.path.read_bytes()).digest())
    return digest.hexdigest()[:16]


# -- folds -----------------------------------------------------------------------------------------------------------


def registrable_domain(url: str) -> str:
    """Return the domain somebody registered, by the public suffix list: `bbc.co.uk` for `https://www.bbc.co.uk/news`."""
    domain = tld.get_fld(url, fail_silently=True, fix_protocol=True)
    return domain or url


def fold_of(url: str, folds: int = 5) -> int:
    """Return the fold, from 0, of a page: all pages of a registrable domain share one, in whichever set they are.

    It depends on the domain alone, so a page never changes folds because the corpus grew.
    """
    return int.from_bytes(hashlib.sha1(registrable_domain(url).encode(), usedforsecurity=False).digest()) % folds


# -- text dumps ------------------------------------------------------------------------------------------------------


def _dump_html_text(html: str) -> str:
    import html_text

    return str(html_text.extract_text(html))


def _dump_inscriptis(html: str) -> str:
    import inscriptis

    return str(inscriptis.get_text(html))


def _dump_leaky(html: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    return str(extract_plain_text(HTMLTree.parse(html), main_content=True))


DUMPERS: dict[str, tuple[str, Callable[[str], str]]] = {
    "html_text": ("html-text", _dump_html_text),
    "inscriptis": ("inscriptis", _dump_inscriptis),
    "leaky": ("resiliparse", _dump_leaky),
}
"""Name -> the distribution that must be installed, in the version that the `bench` extra pins, and the function."""

INPUTS = ("html", *(f"dump-{name}{suffix}" for name in DUMPERS for suffix in ("", "-tight")))
"""What a system may be given: the page, or a dump of it; `-tight` dumps have lost their blank lines."""


def read_input(page: CorpusPage, name: str) -> tuple[bytes | str, str]:
    """Return what a system is given for `page`, and its media type; `name` is one of :data:`INPUTS`."""
    if name == "html":
        return page.html(), "text/html"
    dumper = name.removeprefix("dump-")
    text = dump(page, dumper.removesuffix("-tight"))
    if dumper.endswith("-tight"):
        text = "\n".join(line for line in text.splitlines() if line.strip())
    return text, "text/plain"


def dump(page: CorpusPage, dumper: str) -> str:
    """Return `page` as one of :data:`DUMPERS` writes it; made once per version of tool and page."""
    distribution, function = DUMPERS[dumper]
    html = page.html()
    cached = _cache_folder() / f"{dumper}-{_version(distribution)}" / f"{hashlib.sha256(html).hexdigest()[:24]}.txt"
    try:
        return cached.read_bytes().decode()
    except FileNotFoundError:
        # Every page of the corpus is UTF-8.
        text = function(html.decode(errors="replace"))
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_suffix(f".{os.getpid()}")
        partial.write_bytes(text.encode(errors="replace"))
        partial.replace(cached)
        return text


@cache
def _version(distribution: str) -> str:
    return importlib.metadata.version(distribution)


def _cache_folder() -> Path:
    return Path(os.environ.get("CLEANER_BENCH_CACHE") or _PROJECT / "bench" / "results" / "cache")


# -- the seeds -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seed:
    """A text dump with what is expected of it (`EXPECTED.json`)."""

    name: str
    dump: str
    body: list[str]
    either_way: list[str] = field(default_factory=list)
    """Lines that may stay in the body or leave it."""
    captions: list[dict[str, str | None]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


def seeds(root: Path | None = None) -> list[Seed]:
    """Return the seeds; raises :class:`CorpusMissingError` where there are none."""
    folder = root or _folder("CLEANER_SEEDS", "../shared/seeds")
    found = []
    for name, entry in sorted(_read_json(folder / "EXPECTED.json").items()):
        parts = {part: entry[part] for part in ("body", "either_way", "captions", "metadata")}
        found.append(Seed(name=name, dump=(folder / name).read_bytes().decode(), **parts))
    return found


def seed_faults(seed: Seed, article: Article) -> list[str]:
    """Return every way in which `article` differs from what is expected of `seed`, one line each; empty is right.

    Lines are compared modulo white space. A site's name that the dump does not state is fine from a site file.
    """
    faults = _body_faults(seed, article.text)
    captions = Counter((_plain(caption.text), _plain(caption.credit)) for caption in article.captions)
    wanted = Counter((_plain(caption["text"]), _plain(caption["credit"])) for caption in seed.captions)
    faults += [f"caption missing: {text} [{credit}]" for text, credit in (wanted - captions).elements()]
    faults += [f"caption extra: {text} [{credit}]" for text, credit in (captions - wanted).elements()]
    knows_site = any(name.startswith("sites/") for name in article.rules)
    for name, expected in seed.metadata.items():
        given = getattr(article.metadata, name)
        if _value(given) != _value(expected) and not (name == "site_name" and expected is None and knows_site):
            faults.append(f"metadata {name}: {given!r} instead of {expected!r}")
    return faults


def _body_faults(seed: Seed, text: str) -> list[str]:
    wanted = [_plain(line) for line in seed.body]
    given = [line for line in map(_plain, text.splitlines()) if line]
    missing = Counter(wanted) - Counter(given)
    extra = Counter(given) - Counter(wanted)
    faults = [f"body line missing: {line}" for line in missing.elements()]
    faults += [f"body line extra: {line}" for line in (extra - Counter(map(_plain, seed.either_way))).elements()]
    # What both have must also come in the same order: name the lines that do not fit in.
    common = _without(wanted, missing), _without(given, extra)
    blocks = SequenceMatcher(None, *common, autojunk=False).get_matching_blocks()
    placed = {position for block in blocks for position in range(block.b, block.b + block.size)}
    faults += [f"body line out of order: {line}" for at, line in enumerate(common[1]) if at not in placed]
    return faults


def _without(lines: list[str], surplus: Mapping[str, int]) -> list[str]:
    """Return `lines` less the surplus ones, the last of equal lines going first."""
    left = Counter(surplus)
    kept = []
    for line in reversed(lines):
        if left[line] > 0:
            left[line] -= 1
        else:
            kept.append(line)
    return kept[::-1]


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _value(value: Any) -> Any:
    """Return a metadata value as it is compared: absent is absent, however it is written."""
    if isinstance(value, str):
        return _plain(value) or None
    return [_plain(item) for item in value] if value else None


# -- files -----------------------------------------------------------------------------------------------------------


def _folder(variable: str, default: str) -> Path:
    folder = Path(os.environ.get(variable) or _PROJECT / default)
    if not folder.is_dir():
        raise CorpusMissingError(f"{folder}: no such folder; set {variable} to where it is")
    return folder


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise CorpusMissingError(f"{path}: not there, so the corpus is incomplete; see its README") from error
