"""The rule language: a rule file as written -> checked, compiled types. `docs/RULES.md` is its specification.

::

    bytes ──tomllib──▶ tables ──_Checker──▶ RuleFile(When, Rule …, Extractor …, RuleTest …)
                          └─ locate() ─▶ the line of every key and value, for the faults

As-written tables never leave this module, so an unchecked rule cannot run. A file with mistakes raises one
:class:`~cleaner.errors.RuleFileError` that holds all of them. What a rule does on a page is in :mod:`.matching`.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field as _field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, TypeVar

import re2

from cleaner.errors import Fault, InputError, RuleFileError
from cleaner.model import BlockKind, NoiseKind, Zone
from cleaner.rules.expressions import (
    Selector,
    compile_css,
    compile_glob,
    compile_pattern,
    compile_xpath,
    did_you_mean,
)
from cleaner.rules.places import KeyPath, locate
from cleaner.text import clip, fold, fold_phrase

__all__ = [
    "FIELDS",
    "FOLDERS",
    "LIST_FIELDS",
    "MAX_LINE",
    "MAX_PHRASE",
    "Action",
    "BlockTest",
    "Body",
    "Extractor",
    "NextPage",
    "Pair",
    "Reference",
    "Rule",
    "RuleFile",
    "RuleTest",
    "Run",
    "Saying",
    "Section",
    "Tier",
    "When",
    "Written",
    "load_file",
    "parse",
    "read_toml",
]

# fmt: off
FIELDS = (
    "title", "authors", "date", "modified", "description", "section", "tags", "site_name", "language", "url", "image",
    "agencies", "copyright", "captions",
)
# fmt: on
"""The fields of metadata that a rule may state."""
LIST_FIELDS = frozenset({"authors", "tags", "agencies", "captions"})
"""Those of them that hold several values."""
MAX_PHRASE = 400
"""Characters: a longer block is no phrase."""
MAX_LINE = 2_000
"""Characters: `line` is not tried on longer blocks."""

# Bounds on a rule file: far above what people write, low enough that no file stalls a run.
_MAX_BYTES = 1 << 20
_MAX_RULES = 5_000
_MAX_EXPRESSIONS = 20_000  # most selectors and patterns: a second or two of compiling
_MAX_QUOTED = 200  # characters of an expression that a fault repeats
_MAX_FAULTS = 1_000  # most that are told
_MAX_PARTS = 64  # most parts of a key (`a.b.c`): tomllib takes quadratic time over them
_MAX_BLOCKS = 1_000  # most blocks that one section may take
_MANY = 100_000  # most words that a test may speak of

_T = TypeVar("_T")


class Action(StrEnum):
    """What a rule does with what it hits."""

    DROP = "drop"
    KEEP = "keep"
    CUT_AFTER = "cut_after"
    TO_META = "to_meta"
    FLAG = "flag"


class Tier(IntEnum):
    """How much a rule counts against others. Sorts strongest first."""

    SITE = 0
    PLATFORM = 1
    GENERIC = 2
    PROBATION = 3


_FOLDER_TIERS = {
    "sites": Tier.SITE,
    "platforms": Tier.PLATFORM,
    "lang": Tier.GENERIC,
    "generic": Tier.GENERIC,
}
FOLDERS = tuple(_FOLDER_TIERS)
"""The folders of a root of rule files."""


@dataclass(frozen=True, slots=True, eq=False)
class Saying:
    """What a block has to say: one of these phrases, a phrase of one of these sets, or a text of one of these forms."""

    phrases: Mapping[str, str]
    """Folded phrase -> the phrase as written."""
    sets: tuple[str, ...]
    lines: tuple[Any, ...]
    """RE2 patterns."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockTest:
    """What a block looks like. All parts must hold."""

    saying: Saying | None = None
    min_words: int = 0
    max_words: int | None = None
    sentence: bool | None = None
    linked: bool | None = None
    kinds: frozenset[BlockKind] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A head and the bounded run of blocks after it."""

    head: BlockTest
    each: BlockTest | None
    max_lines: int
    keep_head: bool


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """At least `least` consecutive blocks that pass `each`."""

    each: BlockTest
    least: int


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two consecutive blocks."""

    first: BlockTest
    second: BlockTest
    take: str
    """`both`, `first` or `second`."""


@dataclass(frozen=True, slots=True, eq=False)
class When:
    """On which pages, and where on them, something holds."""

    zones: frozenset[Zone] = frozenset(Zone)
    paths: tuple[Any, ...] | None = None
    """RE2 patterns, made of globs."""
    languages: frozenset[str] | None = None
    if_present: tuple[Selector | BlockTest, ...] | None = None
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One compiled rule."""

    id: str
    """Full id: `sites/example.com/also-like`."""
    action: Action
    kind: NoiseKind | None
    field: str | None
    tier: Tier
    max_share: float
    where: str
    """`file:line`."""
    when: When
    pack: str
    """Name of its file: `sites/example.com`."""
    pack_when: When = _field(repr=False)
    note: str = ""
    source: str = "hand"
    added: date | None = None
    selectors: tuple[Selector, ...] = ()
    tokens: tuple[str, ...] = ()
    saying: Saying | None = None
    sections: tuple[Section, ...] = ()
    runs: tuple[Run, ...] = ()
    pairs: tuple[Pair, ...] = ()
    text: Any = None
    """RE2 pattern that narrows element hits."""
    max_words: int | None = None

    @property
    def local_id(self) -> str:
        """The id as its file states it."""
        return self.id.rpartition("/")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """Where the body is."""

    id: str
    where: str
    selectors: tuple[Selector, ...]
    pack_when: When = _field(repr=False)
    pack: str
    on_probation: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Extractor:
    """One way to find the value of a field of metadata."""

    id: str
    field: str
    where: str
    pack: str
    pack_when: When = _field(repr=False)
    selector: Selector | None = None
    attr: str | None = None
    saying: Saying | None = None
    """Of one line: the form of the block, or of the element's text where there is a selector."""
    zones: frozenset[Zone] = frozenset(Zone)
    values: tuple[str, ...] | None = None
    split: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class NextPage:
    """Which link leads to the next page of an article. For the scraper: it changes nothing in how a page is cleaned."""

    id: str
    where: str
    selectors: tuple[Selector, ...]
    pack_when: When = _field(repr=False)
    pack: str


@dataclass(frozen=True, slots=True)
class RuleTest:
    """A `[[test]]` of a rule file, as checked: running it is the workbench's business."""

    where: str
    name: str = ""
    page: str | None = None
    html: str | None = None
    text: str | None = None
    url: str | None = None
    captured: date | None = None
    contains: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    fires: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    meta: Mapping[str, Any] = _field(default_factory=dict)
    golden: str | None = None
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that another file has to define: a pack, a rule id, a phrase set."""

    name: str
    line: int
    rule: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RuleFile:
    """One rule file, checked and compiled."""

    name: str
    """`sites/example.com`."""
    shown: str
    """Its path, for people."""
    digest: str
    """SHA-256 of its bytes, hex."""
    tier: Tier
    when: When
    extends: tuple[Reference, ...]
    disable: tuple[Reference, ...]
    recognise: tuple[str, ...]
    phrases: Mapping[str, Mapping[str, str]]
    """Set name -> folded phrase -> the phrase as written."""
    sets: tuple[Reference, ...]
    """The phrase sets that its rules name."""
    body: Body | None
    next_page: NextPage | None
    extractors: tuple[Extractor, ...]
    rules: tuple[Rule, ...]
    tests: tuple[RuleTest, ...]


_ALWAYS = When()

_ID = re.compile(r"[a-z0-9-]+")
_SET_NAME = re.compile(r"[a-z0-9_-]+")
_HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_TOKEN = re.compile(r"\*?[^\s*]+\*?")
_LONG_KEY = re2.compile(rf"""(?:(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MAX_PARTS}}}""")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")

# fmt: off
_TOP_KEYS = (
    "schema", "site", "extends", "disable", "recognise", "probation", "when", "phrases", "body", "fetch", "meta",
    "rule", "test",
)
_TEST_KEYS = ("phrase", "line", "min_words", "max_words", "sentence", "linked", "kind")
_WHEN_KEYS = ("zone", "paths", "lang", "if_present", "valid_from", "valid_until")
_ELEMENT_KEYS = ("css", "xpath", "token")
_MATCHERS = (*_ELEMENT_KEYS, "phrase", "line", "section", "run", "pair")
_RULE_KEYS = (
    "id", "kind", "action", "field", *_MATCHERS, "text", "max_words", "when", "max_share", "note", "source", "added",
)
_META_KEYS = ("css", "xpath", "attr", "line", "zone", "value", "split")
_CASE_KEYS = (
    "name", "page", "html", "text", "url", "captured", "contains", "absent", "fires", "silent", "meta", "golden",
    "pending",
)
# fmt: on
_SOURCES = ("hand", "ftr", "abp", "suggest")
_COMMENT_KINDS = frozenset({NoiseKind.COMMENTS, NoiseKind.COMMENT_FORM})


@dataclass(frozen=True, slots=True)
class Written:
    """A rule file as it is written."""

    text: str
    """Its lines end in LF."""
    tables: dict[str, Any]
    lines: dict[KeyPath, int]
    """Of every key and value: see :func:`cleaner.rules.places.locate`."""
    digest: str
    """SHA-256 of its bytes."""

    @classmethod
    def load(cls, path: Path, shown: str) -> Written:
        """Read a file. Raises as :func:`load_file` does."""
        try:
            with path.open("rb") as stream:
                data = stream.read(_MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"{shown}: cannot be read: {error.strerror}") from error
        return cls.of(data, shown)

    @classmethod
    def of(cls, data: bytes, shown: str) -> Written:
        """Read the bytes of a file. Raises :class:`~cleaner.errors.RuleFileError` where they are no TOML."""
        if len(data) > _MAX_BYTES:
            raise RuleFileError([Fault(shown, 0, None, f"over {_MAX_BYTES:,} bytes", "split it into several files")])
        try:
            text = data.decode("utf-8-sig").replace("\r\n", "\n")
            tables = read_toml(text)
            lines = locate(text)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise RuleFileError([Fault(shown, line, None, "not UTF-8")]) from None
        except tomllib.TOMLDecodeError as error:
            match = _TOML_LINE.search(str(error))
            line = int(match.group(1)) if match else text.rstrip().count("\n") + 1
            reason = str(error).partition(" (at ")[0]
            advice = "strings stand in quotes" if reason.startswith("Invalid value") else None
            raise RuleFileError([Fault(shown, line, None, f"not TOML: {reason}", advice)]) from None
        except ValueError as error:
            raise RuleFileError([Fault(shown, 0, None, str(error))]) from None
        except RecursionError:
            raise RuleFileError([Fault(shown, 0, None, "nested too deeply")]) from None
        return cls(text, tables, lines, hashlib.sha256(data).hexdigest())

    def compiled(self, name: str, shown: str) -> RuleFile:
        """Compile the file, called `name`. Raises :class:`~cleaner.errors.RuleFileError` with all its faults."""
        checker = _Checker(name, shown, self.lines)
        compiled = None
        with suppress(_GivenUpError):
            compiled = checker.file(self.tables, self.digest)
        if compiled is None or checker.faults:
            raise RuleFileError(sorted(checker.faults, key=lambda fault: fault.line))
        return compiled


def load_file(path: Path, name: str, shown: str | None = None) -> RuleFile:
    """Read and compile the rule file at `path`, called `name` (`sites/example.com`).

    `shown` is its path for people. Raises :class:`~cleaner.errors.RuleFileError` with all its faults, and
    :class:`~cleaner.errors.InputError` where it cannot be read.
    """
    shown = shown or str(path)
    return Written.load(path, shown).compiled(name, shown)


def parse(data: bytes, name: str, shown: str) -> RuleFile:
    """Compile the rule file `name` from its bytes. Raises :class:`~cleaner.errors.RuleFileError`."""
    return Written.of(data, shown).compiled(name, shown)


def read_toml(source: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Raises :class:`ValueError` for what is no TOML (then it is :class:`tomllib.TOMLDecodeError`) or none that people
    write, :class:`RecursionError` where it nests too deeply.
    """
    if _LONG_KEY.search(source):
        raise ValueError(f"a key of more than {_MAX_PARTS} parts")
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # a number of more digits than Python reads
        raise ValueError(f"not TOML that can be read: {str(error).partition(':')[0]}") from None


class _GivenUpError(Exception):
    """A file has more of something than is worth checking; its faults say of what."""


class _Checker:
    """Turns the tables of one file into compiled types, collecting every fault on the way.

    Each method takes a value and its path, and returns what it stands for, or a harmless stand-in after a fault: the
    file as a whole is refused then.
    """

    def __init__(self, name: str, shown: str, lines: dict[KeyPath, int]) -> None:
        self.name = name
        self.folder = name.partition("/")[0]
        self.shown = shown
        self.lines = lines
        self.faults: list[Fault] = []
        self.rule_id: str | None = None
        self.sets: list[Reference] = []
        self.probation = False
        self.when = _ALWAYS
        self.expressions = 0

    # -- places and faults

    def line(self, path: KeyPath) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def where(self, path: KeyPath) -> str:
        return f"{self.shown}:{self.line(path)}"

    def fault(self, path: KeyPath, reason: str, suggestion: str | None = None) -> None:
        self.faults.append(Fault(self.shown, self.line(path), self.rule_id, reason, suggestion))
        if len(self.faults) > _MAX_FAULTS:
            raise _GivenUpError

    def count_expression(self, path: KeyPath) -> None:
        """Give up a file with more selectors and patterns than any run should wait for."""
        self.expressions += 1
        if self.expressions > _MAX_EXPRESSIONS:
            self.fault(path, f"more than {_MAX_EXPRESSIONS:,} selectors and patterns", "split the file")
            raise _GivenUpError

    # -- plain values

    def typed(self, value: Any, path: KeyPath, kind: type[_T], what: str) -> _T | None:
        # bool is an int and datetime a date to Python, but not to TOML.
        if isinstance(value, kind) and not (isinstance(value, bool | datetime) and kind not in (bool, datetime)):
            return value
        advice = "without quotes" if isinstance(value, str) and kind in (bool, int, date) else None
        self.fault(path, f"{_name(path)} must be {what}, not {_describe(value)}", advice)
        return None

    def table(self, value: Any, path: KeyPath, keys: Iterable[str] | None) -> dict[str, Any]:
        table = self.typed(value, path, dict, "a table") or {}
        if keys is None:
            return table
        known = set(keys)
        for key in table:
            if key not in known:
                self.fault((*path, key), f'unknown key "{key}"', did_you_mean(key, known))
        return {key: part for key, part in table.items() if key in known}

    def tables(self, value: Any, path: KeyPath) -> list[tuple[dict[str, Any], KeyPath]]:
        """Return the tables of a list, or the one that stands alone, with their paths."""
        if value == []:
            self.fault(path, f"{_name(path)} is empty")
        parts = (
            [(part, (*path, index)) for index, part in enumerate(value)] if isinstance(value, list) else [(value, path)]
        )
        return [(part, at) for part, at in parts if self.typed(part, at, dict, "a table") is not None]

    def string(self, value: Any, path: KeyPath) -> str:
        text = self.typed(value, path, str, "a string")
        if text is not None and not text.strip():
            self.fault(path, f"{_name(path)} is empty")
        return text or ""

    def strings(self, value: Any, path: KeyPath, *, alone: bool = True) -> list[tuple[str, KeyPath]]:
        """Return the strings of a list, or (`alone`) the one that stands by itself, with their paths."""
        if isinstance(value, str) and alone:
            return [(self.string(value, path), path)]
        if not isinstance(value, list):
            self.typed(value, path, list, "a string or a list of strings" if alone else "a list of strings")
            return []
        if not value:
            self.fault(path, f"{_name(path)} is empty")
        found = []
        for index, part in enumerate(value):
            text = self.string(part, (*path, index))
            if text.strip():
                found.append((text, (*path, index)))
        return found

    def choice(self, value: Any, path: KeyPath, options: Iterable[str]) -> str | None:
        text = self.typed(value, path, str, "a string")
        known = list(options)
        if text is None or text in known:
            return text
        self.fault(path, f'unknown {_name(path)} "{text}"', did_you_mean(text, known))
        return None

    def number(self, table: dict[str, Any], path: KeyPath, key: str, default: int, least: int, most: int) -> int:
        if key not in table:
            return default
        value = self.typed(table[key], (*path, key), int, "a whole number")
        if value is not None and not least <= value <= most:
            self.fault((*path, key), f"{key} must be {least:,} to {most:,}, not {value}")
        return default if value is None else value

    def flag(self, table: dict[str, Any], path: KeyPath, key: str) -> bool | None:
        return self.typed(table[key], (*path, key), bool, "true or false") if key in table else None

    def day(self, table: dict[str, Any], path: KeyPath, key: str) -> date | None:
        if key not in table:
            return None
        return self.typed(table[key], (*path, key), date, "a date such as 2026-09-01")

    # -- patterns and selectors

    def pattern(self, text: str, path: KeyPath, groups: Iterable[str] = ()) -> Any:
        self.count_expression(path)
        try:
            pattern = compile_pattern(text)
        except ValueError as error:
            look_around = "invalid perl operator" in str(error)
            advice = "RE2 has no look-around" if look_around else None
            self.fault(path, f"bad pattern {clip(text, _MAX_QUOTED)!r}: {error}", advice)
            return None
        for group in set(pattern.groupindex) - set(groups) if groups else ():
            self.fault(path, f"bad pattern {text!r}: unknown group {group!r}", did_you_mean(group, groups))
        return pattern

    def glob(self, text: str, path: KeyPath) -> Any:
        self.count_expression(path)
        try:
            return compile_glob(text)
        except ValueError as error:
            self.fault(path, f"bad glob {clip(text, _MAX_QUOTED)!r}: {error}")
            return None

    def patterns(self, value: Any, path: KeyPath, groups: Iterable[str] = ()) -> tuple[Any, ...]:
        compiled = (self.pattern(text, at, groups) for text, at in self.strings(value, path))
        return tuple(pattern for pattern in compiled if pattern is not None)

    def selectors(self, table: dict[str, Any], path: KeyPath, use: str) -> tuple[Selector, ...]:
        found = []
        for key, compiler in (("css", compile_css), ("xpath", compile_xpath)):
            for text, at in self.strings(table[key], (*path, key)) if key in table else ():
                self.count_expression(at)
                try:
                    found.append(compiler(text, probation=self.probation, use=use))
                except ValueError as error:
                    self.fault(at, f"bad {key} {clip(text, _MAX_QUOTED)!r}: {error}")
        return tuple(found)

    def phrases(self, value: Any, path: KeyPath) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the phrases that stand there, by their folded form, and the names of the phrase sets."""
        phrases = {}
        sets = []
        for text, at in self.strings(value, path):
            if text.startswith("@"):
                sets.append(text[1:])
                self.sets.append(Reference(text[1:], self.line(at), self.rule_id))
            elif len(text) > MAX_PHRASE:
                self.fault(at, f"a phrase of {len(text):,} characters: at most {MAX_PHRASE:,}")
            else:
                phrases[fold_phrase(text)] = text
        return phrases, tuple(sets)

    def saying(self, table: dict[str, Any], path: KeyPath, groups: Iterable[str] = ()) -> Saying | None:
        if "phrase" not in table and "line" not in table:
            return None
        phrases, sets = self.phrases(table["phrase"], (*path, "phrase")) if "phrase" in table else ({}, ())
        lines = self.patterns(table["line"], (*path, "line"), groups) if "line" in table else ()
        return Saying(phrases, sets, lines)

    # -- parts of the language

    def block_test(self, value: Any, path: KeyPath) -> BlockTest:
        if isinstance(value, str | list):  # short for { phrase = … }
            return BlockTest(saying=Saying(*self.phrases(value, path), ()))
        table = self.table(value, path, _TEST_KEYS)
        if value == {}:
            self.fault(path, f"{_name(path)} tests nothing", did_you_mean("", _TEST_KEYS))
        kinds = None
        if "kind" in table:
            names = [self.choice(text, at, BlockKind) for text, at in self.strings(table["kind"], (*path, "kind"))]
            kinds = frozenset(BlockKind(name) for name in names if name)
        return BlockTest(
            saying=self.saying(table, path),
            min_words=self.number(table, path, "min_words", 0, 0, _MANY),
            max_words=self.number(table, path, "max_words", 0, 0, _MANY) if "max_words" in table else None,
            sentence=self.flag(table, path, "sentence"),
            linked=self.flag(table, path, "linked"),
            kinds=kinds,
        )

    def needed(self, table: dict[str, Any], path: KeyPath, key: str) -> BlockTest:
        if key not in table:
            self.fault(path, f'{_name(path)} needs "{key}"')
            return BlockTest()
        return self.block_test(table[key], (*path, key))

    def section(self, value: dict[str, Any], path: KeyPath) -> Section:
        table = self.table(value, path, ("head", "each", "max_lines", "keep_head"))
        return Section(
            head=self.needed(table, path, "head"),
            each=self.block_test(table["each"], (*path, "each")) if "each" in table else None,
            max_lines=self.number(table, path, "max_lines", 12, 1, _MAX_BLOCKS),
            keep_head=bool(self.flag(table, path, "keep_head")),
        )

    def run(self, value: dict[str, Any], path: KeyPath) -> Run:
        table = self.table(value, path, ("each", "min"))
        return Run(self.needed(table, path, "each"), self.number(table, path, "min", 3, 1, _MAX_BLOCKS))

    def pair(self, value: dict[str, Any], path: KeyPath) -> Pair:
        table = self.table(value, path, ("first", "second", "take"))
        take = self.choice(table["take"], (*path, "take"), ("both", "first", "second")) if "take" in table else None
        return Pair(self.needed(table, path, "first"), self.needed(table, path, "second"), take or "both")

    def condition(self, value: Any, path: KeyPath) -> When:
        table = self.table(value, path, _WHEN_KEYS)
        paths = None
        if "paths" in table:
            globs = self.strings(table["paths"], (*path, "paths"))
            for glob, at in globs:
                if not glob.startswith(("/", "*")):
                    self.fault(at, f'the path "{glob}" can match no URL', f'write "/{glob}"')
            paths = tuple(compiled for glob, at in globs if (compiled := self.glob(glob, at)) is not None)
        since, until = self.day(table, path, "valid_from"), self.day(table, path, "valid_until")
        if since and until and since > until:
            self.fault((*path, "valid_until"), f"valid_until {until} lies before valid_from {since}")
        return When(
            zones=self.zones(table, path),
            paths=paths,
            languages=self.languages(table["lang"], (*path, "lang")) if "lang" in table else None,
            if_present=self.if_present(table["if_present"], (*path, "if_present")) if "if_present" in table else None,
            valid_from=since,
            valid_until=until,
        )

    def zones(self, table: dict[str, Any], path: KeyPath) -> frozenset[Zone]:
        if "zone" not in table:
            return frozenset(Zone)
        names = [self.choice(text, at, Zone) for text, at in self.strings(table["zone"], (*path, "zone"))]
        return frozenset(Zone(name) for name in names if name)

    def languages(self, value: Any, path: KeyPath) -> frozenset[str]:
        codes = set()
        for text, at in self.strings(value, path):
            primary = re.split("[-_]", text.lower())[0]
            if not _LANGUAGE.fullmatch(text):
                advice = f'write "{primary}"' if _LANGUAGE.fullmatch(primary) else 'such as "en"'
                self.fault(at, f'"{text}" is no primary language code', advice)
            codes.add(text)
        return frozenset(codes)

    def if_present(self, value: Any, path: KeyPath) -> tuple[Selector | BlockTest, ...]:
        found: list[Selector | BlockTest] = []
        for part, at in self.tables(value, path):
            if "css" in part or "xpath" in part:
                found += self.selectors(self.table(part, at, ("css", "xpath")), at, "test")
            else:
                found.append(self.block_test(part, at))
        return tuple(found)

    # -- the file

    def file(self, tables: dict[str, Any], digest: str) -> RuleFile:
        top = self.table(tables, (), _TOP_KEYS)
        self.head(top)
        self.probation = bool(self.flag(top, (), "probation"))
        self.when = self.pack_when(top)
        phrases = self.phrase_sets(top)
        body = self.body(top)
        next_page = self.next_page(top)
        extractors = self.extractors(top)
        rules = self.rules(top)
        cases = self.tables(top["test"], ("test",)) if "test" in top else []
        return RuleFile(
            name=self.name,
            shown=self.shown,
            digest=digest,
            tier=self.tier,
            when=self.when,
            extends=self.references(top, "extends"),
            disable=self.references(top, "disable"),
            recognise=self.recognise(top),
            phrases=phrases,
            sets=tuple(self.sets),
            body=body,
            next_page=next_page,
            extractors=extractors,
            rules=rules,
            tests=tuple(self.case(part, at) for part, at in cases),
        )

    @property
    def tier(self) -> Tier:
        return Tier.PROBATION if self.probation else _FOLDER_TIERS[self.folder]

    def head(self, top: dict[str, Any]) -> None:
        """Check `schema`, `site`, and that the file is called and placed as its keys need it."""
        if "schema" not in top:
            self.fault((), "no schema", "begin the file with: schema = 1")
        elif self.typed(top["schema"], ("schema",), int, "the number 1") not in (1, None):
            self.fault(("schema",), f"unknown schema {top['schema']}", "this version reads schema = 1")
        stem = self.name.partition("/")[2]
        if self.folder == "sites":
            self.site(top, stem)
        else:
            for key in {"site", "recognise", "extends"} & top.keys():
                self.fault((key,), f"{key} is for files under sites/")
        if self.folder == "lang" and not _LANGUAGE.fullmatch(stem):
            self.fault((), f'"{stem}" is no language code', "a file under lang/ is called by one, such as en.toml")
        if self.folder in ("lang", "generic") and "disable" in top:
            self.fault(("disable",), "disable is for files under sites/ and platforms/")

    def site(self, top: dict[str, Any], stem: str) -> None:
        if "site" not in top:
            self.fault((), "no site", f'add: site = "{stem}"')
            return
        site = self.string(top["site"], ("site",))
        if not _HOST.fullmatch(site):
            try:
                advice = f'write "{site.strip().lower().encode("idna").decode()}"'
            except UnicodeError:
                advice = "a lower-case host such as example.com"
            self.fault(("site",), f'"{site}" is no host name', advice)
        elif site != stem:
            self.fault(("site",), f'site "{site}" stands in the file {stem}.toml', f"call the file {site}.toml")

    def pack_when(self, top: dict[str, Any]) -> When:
        return self.condition(top["when"], ("when",)) if "when" in top else _ALWAYS

    def references(self, top: dict[str, Any], key: str) -> tuple[Reference, ...]:
        found = self.strings(top[key], (key,), alone=False) if key in top else []
        for text, at in found:
            if text.partition("/")[0] not in (*FOLDERS, "builtin") or text.endswith(("/", ".toml")):
                example = "platforms/wordpress" if key == "extends" else "generic/noise/share-run"
                self.fault(at, f'"{text}" is no full name', f'such as "{example}"')
        return tuple(Reference(text, self.line(at)) for text, at in found)

    def recognise(self, top: dict[str, Any]) -> tuple[str, ...]:
        if "recognise" not in top:
            return ()
        found = self.strings(top["recognise"], ("recognise",), alone=False)
        folded = tuple(dict.fromkeys(fold(text) for text, _ in found))
        if len(folded) < 2:
            self.fault(("recognise",), "recognise needs two different lines or more", "one line is too weak a sign")
        return folded

    def phrase_sets(self, top: dict[str, Any]) -> dict[str, dict[str, str]]:
        sets: dict[str, dict[str, str]] = {}
        for name, value in self.table(top.get("phrases", {}), ("phrases",), None).items():
            path = ("phrases", name)
            if not _SET_NAME.fullmatch(name):
                self.fault(path, f'"{name}" is no name of a phrase set', "lower-case letters, digits, - and _")
            phrases, nested = self.phrases(value, path)
            for inner in nested:
                self.fault(path, f'a phrase set cannot hold another ("@{inner}")', "name both where they are used")
            sets[name] = phrases
        return sets

    def body(self, top: dict[str, Any]) -> Body | None:
        if "body" not in top:
            return None
        path = ("body",)
        table = self.table(top["body"], path, ("css", "xpath"))
        if not table:
            self.fault(path, "[body] has no selector", "css or xpath")
        selectors = self.selectors(table, path, "elements")
        return Body(f"{self.name}/[body]", self.where(path), selectors, self.when, self.name, self.probation)

    def next_page(self, top: dict[str, Any]) -> NextPage | None:
        if "fetch" not in top:
            return None
        path: KeyPath = ("fetch",)
        fetch = self.table(top["fetch"], path, ("next_page",))
        if "next_page" not in fetch:
            if top["fetch"] == {}:
                self.fault(path, "[fetch] says nothing", 'next_page = { css = "…" }')
            return None
        path = ("fetch", "next_page")
        table = self.table(fetch["next_page"], path, ("css", "xpath"))
        if not table:
            self.fault(path, "next_page has no selector", "css or xpath, of the link")
        selectors = self.selectors(table, path, "elements")
        return NextPage(f"{self.name}/[fetch].next_page", self.where(path), selectors, self.when, self.name)

    def extractors(self, top: dict[str, Any]) -> tuple[Extractor, ...]:
        found = []
        for name, value in self.table(top.get("meta", {}), ("meta",), FIELDS).items():
            for part, at in self.tables(value, ("meta", name)):
                found.append(self.extractor(name, part, at))
        return tuple(found)

    def extractor(self, name: str, value: dict[str, Any], path: KeyPath) -> Extractor:
        table = self.table(value, path, _META_KEYS)
        selectors = self.selectors(table, path, "values")
        sources = [key for key in ("css", "xpath", "value") if key in table]
        groups = ("v", "credit") if name == "captions" else ("v",)
        if not sources and "line" not in table:
            self.fault(path, f"{name} has no source", "css, xpath, line or value")
        elif len(sources) > 1 or len(selectors) > 1:
            self.fault(
                path, "one entry has one selector or one value", "write an entry for each; they are tried in order"
            )
        if "value" in table:
            for key in ("attr", "line", "zone", "split"):
                if key in table:
                    self.fault((*path, key), f"{key} has no meaning beside value")
        elif "attr" in table and not sources:
            self.fault((*path, "attr"), "attr has no meaning without css or xpath")
        elif "zone" in table and sources:
            self.fault((*path, "zone"), "zone has no meaning beside css or xpath")
        if "split" in table and name not in LIST_FIELDS - {"captions"}:
            self.fault((*path, "split"), f"{name} is a single value", "split is for authors, tags and agencies")
        values = None
        if "value" in table:
            texts = self.strings(table["value"], (*path, "value"))
            values = tuple(text for text, _ in texts)
            if len(values) > 1 and name not in LIST_FIELDS:
                self.fault((*path, "value"), f"{name} is a single value")
        return Extractor(
            id=f"{self.name}/[meta].{name}",
            field=name,
            where=self.where(path),
            pack=self.name,
            pack_when=self.when,
            selector=selectors[0] if selectors else None,
            attr=self.string(table["attr"], (*path, "attr")) if "attr" in table else None,
            saying=self.saying({"line": table["line"]}, path, groups) if "line" in table else None,
            zones=self.zones(table, path),
            values=values,
            split=bool(self.flag(table, path, "split")),
        )

    # -- rules

    def rules(self, top: dict[str, Any]) -> tuple[Rule, ...]:
        parts = self.tables(top["rule"], ("rule",)) if "rule" in top else []
        if len(parts) > _MAX_RULES:
            self.fault(("rule",), f"{len(parts):,} rules: at most {_MAX_RULES:,}", "split the file")
            return ()
        seen: dict[str, int] = {}
        rules = []
        for part, at in parts:
            rule = self.rule(part, at)
            line = self.line((*at, "id"))
            if rule.local_id in seen:
                self.fault((*at, "id"), f'the id "{rule.local_id}" is taken by the rule in line {seen[rule.local_id]}')
            elif rule.local_id:
                seen[rule.local_id] = line
            rules.append(rule)
            self.rule_id = None
        return tuple(rules)

    def rule(self, value: dict[str, Any], path: KeyPath) -> Rule:
        given = value.get("id")
        self.rule_id = given if isinstance(given, str) else None
        table = self.table(value, path, _RULE_KEYS)
        if "id" not in table:
            self.fault(path, "a rule without id", 'add: id = "…" (people disable rules by id)')
        elif (name := self.string(table["id"], (*path, "id"))) and not _ID.fullmatch(name):
            self.fault((*path, "id"), f'"{name}" is no rule id', "lower-case letters, digits and -")
        action, kind, field_ = self.verdict(table, path)
        if not any(key in table for key in _MATCHERS):
            self.fault(path, "a rule without matcher", "one of: " + " ".join(_MATCHERS))
        on_elements = any(key in table for key in _ELEMENT_KEYS)
        if "text" in table and not on_elements:
            self.fault((*path, "text"), "text has no meaning without css, xpath or token", "for whole blocks: line")
        groups = ("v", "credit") if field_ == "captions" else ("v",) if field_ else ()
        return Rule(
            id=f"{self.name}/{self.rule_id or ''}",
            action=action,
            kind=kind,
            field=field_,
            tier=self.tier,
            max_share=self.max_share(table, path, kind),
            where=self.where(path),
            when=self.condition(table["when"], (*path, "when")) if "when" in table else _ALWAYS,
            pack=self.name,
            pack_when=self.when,
            note=self.string(table["note"], (*path, "note")) if "note" in table else "",
            source=(self.choice(table["source"], (*path, "source"), _SOURCES) if "source" in table else None) or "hand",
            added=self.day(table, path, "added"),
            selectors=self.selectors(table, path, "elements"),
            tokens=self.tokens(table, path),
            saying=self.saying(table, path, groups),
            sections=self.several(self.section, table, path, "section"),
            runs=self.several(self.run, table, path, "run"),
            pairs=self.several(self.pair, table, path, "pair"),
            text=self.pattern(self.string(table["text"], (*path, "text")), (*path, "text"))
            if "text" in table
            else None,
            max_words=self.number(table, path, "max_words", 0, 1, _MANY) if "max_words" in table else None,
        )

    def verdict(self, table: dict[str, Any], path: KeyPath) -> tuple[Action, NoiseKind | None, str | None]:
        """Return action, noise kind and metadata field of a rule, which depend on each other."""
        stated = self.choice(table["action"], (*path, "action"), Action) if "action" in table else Action.DROP
        action = Action(stated or Action.DROP)
        kind = self.choice(table["kind"], (*path, "kind"), NoiseKind) if "kind" in table else None
        name = self.choice(table["field"], (*path, "field"), FIELDS) if "field" in table else None
        if stated is None:
            pass  # what the action needs is unknown as well
        elif action in (Action.KEEP, Action.TO_META):
            if "kind" in table:
                self.fault((*path, "kind"), f"kind has no meaning with {action}: nothing is noise")
        elif "kind" not in table:
            self.fault(path, f"no kind: {action} needs one", 'such as kind = "related"')
        if action is Action.TO_META and "field" not in table:
            self.fault(path, "to_meta needs a field", 'such as field = "authors"')
        elif stated is not None and action is not Action.TO_META and "field" in table:
            self.fault((*path, "field"), f"field has no meaning with {action}", 'field is for action = "to_meta"')
        return action, NoiseKind(kind) if kind else None, name

    def max_share(self, table: dict[str, Any], path: KeyPath, kind: NoiseKind | None) -> float:
        default = 0.9 if kind in _COMMENT_KINDS else 0.3
        if "max_share" not in table:
            return default
        value = table["max_share"]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.typed(value, (*path, "max_share"), float, "a number")
        elif not 0 < value <= 1:
            self.fault((*path, "max_share"), f"max_share must be over 0 and at most 1, not {value}")
        else:
            return float(value)
        return default

    def tokens(self, table: dict[str, Any], path: KeyPath) -> tuple[str, ...]:
        found = []
        for text, at in self.strings(table["token"], (*path, "token")) if "token" in table else ():
            if not _TOKEN.fullmatch(text):
                advice = f'write "{text[1:]}"' if text.startswith((".", "#")) else "no white space; * at the ends only"
                self.fault(at, f'"{text}" is no class or id', advice)
            elif text.startswith((".", "#")):
                self.fault(at, f'"{text}" is a selector', f'write "{text[1:]}", or use css')
            else:
                found.append(text.lower())
        return tuple(found)

    def several(
        self, make: Callable[[dict[str, Any], KeyPath], _T], table: dict[str, Any], path: KeyPath, key: str
    ) -> tuple[_T, ...]:
        return tuple(make(part, at) for part, at in self.tables(table[key], (*path, key))) if key in table else ()

    # -- tests

    def case(self, value: dict[str, Any], path: KeyPath) -> RuleTest:
        table = self.table(value, path, _CASE_KEYS)
        pending = bool(self.flag(table, path, "pending"))
        inputs = [key for key in ("page", "html", "text") if key in table]
        if len(inputs) != 1 and not (pending and not inputs):
            self.fault(path, "a test has one of page, html and text", None if inputs else "or pending = true")
        if not {"contains", "absent", "fires", "silent", "meta", "golden"} & table.keys() and not pending:
            self.fault(path, "a test that asserts nothing", "add contains, absent, fires, silent, meta or golden")
        for key in ("page", "golden"):
            if (named := table.get(key)) and (not isinstance(named, str) or Path(named).is_absolute() or ".." in named):
                self.fault((*path, key), f'the {key} "{named}" lies outside', "a path beside the rule file")

        def text(key: str) -> str | None:
            return self.string(table[key], (*path, key)) if key in table else None

        def texts(key: str) -> tuple[str, ...]:
            return tuple(text for text, _ in self.strings(table[key], (*path, key))) if key in table else ()

        return RuleTest(
            where=self.where(path),
            name=text("name") or "",
            page=text("page"),
            html=text("html"),
            text=text("text"),
            url=text("url"),
            captured=self.day(table, path, "captured"),
            contains=texts("contains"),
            absent=texts("absent"),
            fires=texts("fires"),
            silent=texts("silent"),
            meta=self.table(table.get("meta", {}), (*path, "meta"), FIELDS),
            golden=text("golden"),
            pending=pending,
        )


def _name(path: KeyPath) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "the file")


def _describe(value: Any) -> str:
    """Return what a TOML value is, for people."""
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")
