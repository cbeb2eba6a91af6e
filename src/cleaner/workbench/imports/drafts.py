"""Rule files in the making: what an importer found for each host, printed as TOML.

Nothing here depends on a clock, a machine or the order of files: the same lines give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Item

from cleaner.errors import InputError, OutputError
from cleaner.model import NoiseKind
from cleaner.text import settle

__all__ = ["Draft", "Place", "guess_kind", "make_host", "read_lines", "rule_id", "write"]

_HEADER = "Imported by cleaner; another import overwrites this file. Mend it in a file of the same name elsewhere."
_MAX_COMMENT = 300
_MAX_RULES = 4_000  # of one file: the language takes more, editors do not
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")

# What a class, id or selector says of the noise it names: the first that fits counts.
_KINDS = tuple(
    (NoiseKind(kind), re.compile(rf"(?<![a-z])(?:{pattern})", re.IGNORECASE))
    for kind, pattern in (
        ("cookie-notice", "cookie|consent|gdpr|cmp[-_]"),
        ("captcha", "captcha"),
        ("newsletter", "newsletter|subscri|sign[-_]?up|mailing"),
        ("paywall", "paywall|premium|piano"),
        ("comment-form", "respond|comment[-_]?form|reply"),
        ("comments", "comment|disqus|kommentar"),
        ("share", "shar(?:e|ing)|social|facebook|twitter|add-?this|add-?to-?any|follow(?!ing)|whatsapp"),
        ("related", "relat|recommend|teaser|more[-_]|read[-_]?(?:more|also|next)|see[-_]?also|outbrain|taboola"),
        ("advertisement", r"ads?(?![a-z])|advert|banner|sponsor|promo|dfp|gpt|anzeige|werbung|publicid|commercial"),
        ("prev-next", "prev|next|pag(?:er|inat|ination)"),
        ("navigation", "nav|menu|breadcrumb|footer|sidebar|toc(?![a-z])|skip"),
        ("author-bio", "author[-_]?(?:bio|box|info|card)|about[-_]?(?:the[-_]?)?author"),
        ("login", "log[-_]?in|account|register"),
        ("feedback", "feedback|rating|vote|survey|poll(?![a-z])"),
        ("copyright", "copyright|disclaimer|legal"),
    )
)  # fmt: skip


def guess_kind(text: str, default: NoiseKind = NoiseKind.OTHER) -> NoiseKind:
    """Return the noise that a selector seems to name."""
    words = re.sub(r"([a-z])([A-Z])", r"\1-\2", text)
    return next((kind for kind, pattern in _KINDS if pattern.search(words)), default)


def rule_id(kind: str, text: str) -> str:
    """Return the id of a rule made of `text`: the same wherever it stands, so that people can disable it for good."""
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")
    digest = hashlib.sha256(f"{kind}\0{text}".encode()).hexdigest()[:6]
    return "-".join(part for part in (kind, slug, digest) if part)


def make_host(name: str) -> str | None:
    """Return a host as site files are called, None for what is no host."""
    try:
        host = (
            name.strip().strip(".").encode("idna").decode().lower() if not name.isascii() else name.strip(". ").lower()
        )
    except UnicodeError:
        return None
    host = host.removeprefix("www.")
    return host if _HOST.fullmatch(host) and len(host) <= 200 else None


@dataclass(frozen=True, slots=True)
class Place:
    """A selector of `[body]` or `[fetch]`."""

    css: str | None
    xpath: str | None
    line: str
    """The line it stood in."""


@dataclass(slots=True)
class Draft:
    """One rule file."""

    name: str
    """`sites/example.com`."""
    source: str
    """Which importer: the `source` of its rules."""
    when: dict[str, Any] = field(default_factory=dict)
    disable: set[str] = field(default_factory=set)
    body: list[Place] = field(default_factory=list)
    """A table that mixes CSS and XPath has no order: all of these have the one or the other."""
    next_page: list[Place] = field(default_factory=list)
    """As `body`."""
    meta: dict[str, list[tuple[dict[str, str], str]]] = field(default_factory=dict)
    rules: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    """Id -> keys, and the line it was made of."""
    tests: list[dict[str, Any]] = field(default_factory=list)

    def add_rule(self, id_: str, keys: Mapping[str, Any], line: str) -> None:
        """Add a rule; one that is there already stays."""
        self.rules.setdefault(id_, ({"id": id_, **keys, "source": self.source}, line))

    def add_meta(self, name: str, entry: dict[str, str], line: str) -> None:
        """Add an entry of `[meta]`, after those of the same field."""
        entries = self.meta.setdefault(name, [])
        if all(entry != known for known, _ in entries):
            entries.append((entry, line))

    @property
    def is_empty(self) -> bool:
        """Whether the file would say nothing."""
        return not (self.disable or self.body or self.next_page or self.meta or self.rules or self.tests)

    def parts(self) -> list[Draft]:
        """Return the draft as files that are not too long."""
        if len(self.rules) <= _MAX_RULES or self.name.startswith("sites/"):
            return [self]
        ids = list(self.rules)
        parts = []
        for number, start in enumerate(range(0, len(ids), _MAX_RULES), 1):
            part = Draft(f"{self.name}-{number}", self.source, self.when)
            part.rules = {id_: self.rules[id_] for id_ in ids[start : start + _MAX_RULES]}
            parts.append(part)
        return parts

    def render(self) -> str:
        """Return the file."""
        document = tomlkit.document()
        document.add(tomlkit.comment(_HEADER))
        document["schema"] = 1
        if self.name.startswith("sites/"):
            document["site"] = self.name.partition("/")[2]
        document["probation"] = True
        if self.disable:
            document["disable"] = _strings(sorted(self.disable))
        if self.when:
            document["when"] = _inline(self.when)
        if self.body:
            document["body"] = table = tomlkit.table()
            for place in self.body:
                table.add(_comment(place.line))
            key, selectors = _selectors(self.body)
            table[key] = _strings(selectors)
        if self.next_page:
            document["fetch"] = table = tomlkit.table()
            for place in self.next_page:
                table.add(_comment(place.line))
            table["next_page"] = _inline(dict([_selectors(self.next_page)]))
        if self.meta:
            table = tomlkit.table()
            for name, entries in self.meta.items():
                for _, line in entries:
                    table.add(_comment(line))
                array = tomlkit.array()
                for entry, _ in entries:
                    array.append(_inline(entry))
                table[name] = array.multiline(len(entries) > 1)
            document["meta"] = table
        for key, tables in (("rule", list(self.rules.values())), ("test", [(test, "") for test in self.tests])):
            if tables:
                document[key] = _tables(tables)
        return tomlkit.dumps(document)


def _selectors(places: list[Place]) -> tuple[str, list[str]]:
    """Return the selectors of one table, and what they are."""
    css = [place.css for place in places if place.css is not None]
    return ("css", css) if len(css) == len(places) else ("xpath", [place.xpath or "" for place in places])


def write(drafts: Iterable[Draft], out: Path) -> int:
    """Write the drafts below `out`; return how many files that makes.

    `out` has to be new, empty, or the work of an import: then what is not made again goes. Raises
    :class:`~cleaner.errors.OutputError` for any other folder, also where a link in it leads elsewhere.
    """
    files = {f"{part.name}.toml": part for draft in drafts if not draft.is_empty for part in draft.parts()}
    try:
        old = _earlier(out)
        for name, part in sorted(files.items()):
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(part.render(), "utf-8", newline="\n")
        for path in old:
            if path.relative_to(out).as_posix() not in files:
                path.unlink()
    except OSError as error:
        raise OutputError(f"{error.filename or out}: cannot be written: {error.strerror}") from error
    return len(files)


def _earlier(out: Path) -> list[Path]:
    """Return the files that an earlier import left in `out`."""
    old = sorted(path for path in out.rglob("*") if path.is_symlink() or not path.is_dir()) if out.exists() else []
    for path in old:
        if path.is_symlink():  # what it leads to would be written over
            raise OutputError(f"{path}: is a link, which no import makes; take it away, or name a new folder")
        with path.open("rb") as file:
            if file.read(len(_HEADER) + 2) != f"# {_HEADER}".encode():
                advice = "name a new folder, and lay it over the others with --rules"
                raise OutputError(f"{path}: not made by an import, so nothing is written beside it ({advice})")
    return old


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file; raise :class:`~cleaner.errors.InputError` where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig", "replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


# ---- TOML ------------------------------------------------------------------------------------------------------------


def _tables(parts: list[tuple[dict[str, Any], str]]) -> Item:
    tables = tomlkit.aot()
    for keys, line in parts:
        table = tomlkit.table()
        if line:
            table.add(_comment(line))
        for key, value in keys.items():
            if isinstance(value, str):
                table[key] = _string(value)
            elif isinstance(value, list):
                table[key] = _string(value[0]) if len(value) == 1 else _strings(value)
            else:
                table[key] = _inline(value) if isinstance(value, dict) else value
        tables.append(table)
    return tables


def _comment(line: str) -> Any:
    text = settle(line).replace("\n", " ")
    return tomlkit.comment(text if len(text) <= _MAX_COMMENT else f"{text[: _MAX_COMMENT - 1]}…")


def _string(text: str) -> Any:
    """Return a string in the quotes that need no escapes, where there are such."""
    literal = ('"' in text or "\\" in text) and "'" not in text and text.isprintable()
    return tomlkit.string(text, literal=literal)


def _strings(texts: Iterable[str]) -> Any:
    array = tomlkit.array()
    for text in texts:
        array.append(_string(text))
    return array.multiline(len(array) > 1)


def _inline(keys: Mapping[str, Any]) -> Any:
    table = tomlkit.inline_table()
    for key, value in keys.items():
        if isinstance(value, dict):
            table[key] = _inline(value)
        else:
            table[key] = _string(value) if isinstance(value, str) else _strings_inline(value)
    return table


def _strings_inline(texts: Iterable[str]) -> Any:
    array = tomlkit.array()
    for text in texts:
        array.append(_string(text))
    return array
