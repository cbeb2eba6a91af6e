"""Which rule files hold for a page.

A :class:`RuleBook` is a handle on folders of rule files: cheap to make and to send to another process. Files are read
when a page needs them: those of `platforms/`, `lang/` and `generic/` once, those of `sites/` for pages of their own
host. How many sites there are costs one listing of the folder.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cleaner
from cleaner.errors import Fault, InputError, RuleFileError
from cleaner.model import Declared, Document, Note
from cleaner.rules.expressions import did_you_mean
from cleaner.rules.language import FOLDERS, Reference, Rule, RuleFile, Written, load_file, read_toml
from cleaner.rules.matching import Layer, Mark, Reading, Region
from cleaner.text import fold

__all__ = ["RuleBook", "RuleSet", "RuleSource", "shipped_root"]

_MAX_STACKS = 256  # sites whose compiled rules are remembered
_MAX_LABELS = 12  # labels of a host that are looked up
_RECOGNISED_FROM = 2  # lines of a site that a dump must hold
_RECOGNISE = "builtin/recognise"
_FIRST_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class RuleSource:
    """A rule file that has not been read yet."""

    name: str
    """`sites/example.com`."""
    path: Path
    shown: str
    """Its path, for people: the same on every machine for shipped files."""


class RuleSet:
    """The rules that hold for one page."""

    def __init__(self, reading: Reading, held: Sequence[RuleFile]) -> None:
        self.files = tuple(dict.fromkeys(file.name for file in held))
        """Names of the files that hold: the site's first."""
        self.digest = _digest(held)
        """Over names and content of these files: equal digests, equal rules."""
        self.disabled = frozenset(reference.name for file in held for reference in file.disable)
        """Full ids of rules and built-ins that these files disable."""
        self.reads_dumps = any(file.recognise for file in held)
        """Whether a site's file is written for text dumps as well: it says by which lines to recognise them."""
        self._reading = reading
        self._held = held

    def mark(self, document: Document) -> list[Mark]:
        """Return everything the rules hit on the untouched page, in no particular order."""
        return self._read(document).marks(self.disabled)

    def region(self, document: Document) -> Region | None:
        """Return where `[body]` says the body is; selectors that miss are noted in `document.notes`."""
        return self._read(document).region([file.body for file in self._held if file.body], self.disabled)

    def next_page(self, document: Document) -> str | None:
        """Return where `[fetch] next_page` says that the article goes on, as the link has it; None: nowhere."""
        rules = [file.next_page for file in self._held if file.next_page]
        return self._read(document).next_page(rules, self.disabled) if rules else None

    def declare(self, document: Document, declared: Declared) -> None:
        """Add what `[meta]` finds: values for fields, and the blocks that state them and nothing else."""
        extractors = [extractor for file in self._held for extractor in file.extractors]
        self._read(document).declare(extractors, declared, self.disabled)

    def _read(self, document: Document) -> Reading:
        return self._reading if document is self._reading.document else self._reading.again(document)


@dataclass(frozen=True, slots=True)
class _Root:
    """A folder laid out as `rules/`, or one file."""

    path: Path
    shown: str

    def sources(self, folders: Collection[str] = FOLDERS) -> dict[str, RuleSource]:
        """Return the files below these folders by their names. Reads directories only, except for a single file."""
        if self.path.is_file():
            name = _name_of(self.path)
            return {name: RuleSource(name, self.path, self.shown)} if name.partition("/")[0] in folders else {}
        return {
            name: RuleSource(name, file, f"{self.shown}/{name}.toml")
            for folder in folders
            if (self.path / folder).is_dir()
            for file in sorted((self.path / folder).iterdir())
            if file.suffix == ".toml"
            for name in (f"{folder}/{file.stem}",)
        }


@dataclass(frozen=True, slots=True)
class _Stack:
    """The compiled files of one site: its own, those of its parent domains, those it extends."""

    files: tuple[RuleFile, ...] = ()
    """The most specific first."""
    layer: Layer | None = None
    extended: frozenset[str] = frozenset()
    """Names of the packs that hold for the site whatever their own `when` says."""


class RuleBook:
    """All rule files, read as pages need them. Threads may share one; a pickle holds the names of its folders only."""

    def __init__(self, roots: Sequence[_Root], *, sites: bool = True) -> None:
        self._roots = tuple(roots)
        self._sites = sites
        self._lock = threading.RLock()
        self._stacks: OrderedDict[tuple[str, ...], _Stack] = OrderedDict()

    @classmethod
    def load(cls, rules: Any = None) -> RuleBook:
        """Return the book that `rules` names.

        None: the shipped files. A path or several: laid over the shipped ones, the last on top. `"generic"`: the
        shipped files without those of sites. False: no rules at all. Raises :class:`~cleaner.errors.InputError` for a
        path that holds no rule files; the files themselves are read later.
        """
        if rules is False:
            return cls([])
        shipped = _Root(shipped_root(), "rules")
        if rules is None or rules == "generic":
            return cls([shipped], sites=rules is None)
        paths = [rules] if isinstance(rules, str | Path) else list(rules)
        return cls([shipped, *(_overlay(Path(path)) for path in paths)])

    @classmethod
    def of(cls, roots: Sequence[tuple[Path, str]]) -> RuleBook:
        """Return the book of these folders and files alone, the last on top: each with what people call it.

        Raises :class:`~cleaner.errors.InputError` for a path that holds no rule files.
        """
        return cls([replace(_overlay(path), shown=shown) for path, shown in roots])

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._roots, self._sites)

    # -- files

    def files(self) -> list[RuleSource]:
        """Return every file of the book, shipped ones first. Nothing is read."""
        folders = FOLDERS if self._sites else FOLDERS[1:]
        return [source for root in self._roots for source in root.sources(folders).values()]

    def digest(self) -> str:
        """Return a digest over name and content of every file of the book: equal digests, equal rules."""
        digest = hashlib.sha256()
        for source in self.files():
            digest.update(f"{source.name}\0".encode("utf-8", "surrogateescape"))
            with suppress(OSError):  # gone since the folder was listed; a page that needs it says so
                digest.update(hashlib.sha256(source.path.read_bytes()).digest())
        return digest.hexdigest()[:16]

    def check(self, builtins: Collection[str] | None = None) -> list[Fault]:
        """Return the faults of every file, in the order of :meth:`files`.

        Beyond what each file says by itself: names of packs, phrase sets and rules that do not exist, and ids of
        built-ins that are none of `builtins`, where given.
        """
        return self.survey(builtins)[1]

    def survey(
        self, builtins: Collection[str] | None = None
    ) -> tuple[list[tuple[RuleSource, Written, RuleFile]], list[Fault]]:
        """Return every file that can be read, as written and compiled, and the faults that :meth:`check` returns."""
        sources = self.files()
        read: list[tuple[RuleSource, Written, RuleFile]] = []
        faults: list[Fault] = []
        for source in sources:
            try:
                written = Written.load(source.path, source.shown)
                read.append((source, written, written.compiled(source.name, source.shown)))
            except RuleFileError as error:
                faults += error.faults
        files = [file for *_, file in read]
        names = {source.name for source in sources}
        ids = {id_ for file in files for id_ in _ids(file)}
        by_name: dict[str, list[RuleFile]] = {}
        for file in files:
            by_name.setdefault(file.name, []).append(file)
        shared = {name for file in files if not _is_site(file.name) for name in file.phrases}
        for file in files:
            chain = [*_parents(file.name), *(reference.name for reference in file.extends)]
            own = {name for other in (file.name, *chain) for near in by_name.get(other, ()) for name in near.phrases}
            faults += _unknown(file, file.extends, names, "rule file")
            # A set may stand in a file that could not be read: its own faults come first.
            if len(files) == len(sources):
                faults += _unknown(file, file.sets, shared | own, "phrase set", "@")
            for reference in file.disable:
                if reference.name.startswith("builtin/"):
                    known = builtins
                else:
                    broken = reference.name.rpartition("/")[0] in names - by_name.keys()
                    known = None if broken else ids
                if known is not None:
                    faults += _unknown(file, [reference], known, "rule")
        return read, faults

    @cached_property
    def _site_sources(self) -> list[dict[str, RuleSource]]:
        """For each root the files of sites, by name; the topmost root first."""
        return [root.sources(["sites"]) for root in reversed(self._roots)] if self._sites else []

    @cached_property
    def _base_sources(self) -> list[dict[str, RuleSource]]:
        return [root.sources(FOLDERS[1:]) for root in reversed(self._roots)]

    @cached_property
    def _base(self) -> Layer:
        """What may hold on any page: platforms, languages, generic files; compiled once."""
        files, faults = _load(source for sources in self._base_sources for source in sources.values())
        sets = {name for file in files for name in file.phrases}
        if not faults:  # a broken file may define the sets that seem to be missing
            faults = [fault for file in files for fault in _unknown(file, file.sets, sets, "phrase set", "@")]
        if faults:
            raise RuleFileError(faults)
        return Layer(files, _strongest(files, lambda rule: rule.id))

    # -- a page

    def for_page(self, document: Document) -> RuleSet:
        """Return the rules that hold for a page.

        Raises :class:`~cleaner.errors.RuleFileError` where a file that the page needs has faults.
        """
        address = _address(document)
        if not self._roots:
            return RuleSet(Reading(document, (), address=address, extended=frozenset()), ())
        with self._lock:
            base = self._base
            host = _host(address) if address else None
            if host is None and document.root is None and self._sites:
                host = self._recognise(document)
            stack = self._stack(tuple(self._chain(host))) if host else _Stack()
        layers = (stack.layer, base) if stack.layer else (base,)
        reading = Reading(document, layers, address=address, extended=stack.extended)
        candidates = (*stack.files, *sorted(base.files, key=lambda file: (file.tier, file.name)))
        return RuleSet(reading, [file for file in candidates if reading.pack_zones(file)])

    def states_next_page(self, url: str) -> bool:
        """Tell whether a file that may hold for the page at `url` has `[fetch] next_page`; no page is parsed for it."""
        if not self._roots:
            return False
        with self._lock:
            host = _host(url)
            stack = self._stack(tuple(self._chain(host))) if host else _Stack()
            files = (*stack.files, *self._base.files)
        return any(file.next_page is not None for file in files)

    def _chain(self, host: str) -> Iterator[str]:
        """Yield the names of the site files for a host, the most specific first."""
        labels = host.split(".")[-_MAX_LABELS:]
        for start in range(len(labels)):
            name = "sites/" + ".".join(labels[start:])
            if any(name in sources for sources in self._site_sources):
                yield name

    def _stack(self, names: tuple[str, ...]) -> _Stack:
        if not names:
            return _Stack()
        stack = self._stacks.get(names)
        if stack is None:
            stack = self._stacks[names] = self._make_stack(names)
            if len(self._stacks) > _MAX_STACKS:
                self._stacks.popitem(last=False)
        self._stacks.move_to_end(names)
        return stack

    def _make_stack(self, names: tuple[str, ...]) -> _Stack:
        files: list[RuleFile] = []
        faults: list[Fault] = []
        extended: set[str] = set()
        base_names = {name for sources in self._base_sources for name in sources}
        site_names = {name for sources in self._site_sources for name in sources}
        waiting = list(names)
        for name in waiting:  # grows: sites that a site extends come after it
            found, broken = _load(sources[name] for sources in self._site_sources if name in sources)
            files += found
            faults += broken
            for file in found:
                faults += _unknown(file, file.extends, base_names | site_names, "rule file")
                for reference in file.extends:
                    if reference.name in base_names:
                        extended.add(reference.name)
                    elif reference.name in site_names and reference.name not in waiting:
                        waiting.append(reference.name)
        if not faults:
            sets = {name for file in (*files, *self._base.files) for name in file.phrases}
            faults = [fault for file in files for fault in _unknown(file, file.sets, sets, "phrase set", "@")]
        if faults:
            raise RuleFileError(faults)
        return _Stack(tuple(files), Layer(files, _strongest(files, lambda rule: rule.local_id)), frozenset(extended))

    # -- dumps without a URL

    @cached_property
    def _signs(self) -> dict[str, set[str]]:
        """Folded line -> the sites that are recognised by it."""
        signs: dict[str, set[str]] = {}
        for sources in self._site_sources:
            for source in sources.values():
                for line in _recognise_lines(source):
                    signs.setdefault(line, set()).add(source.name.partition("/")[2])
        return signs

    def _recognise(self, document: Document) -> str | None:
        """Return the site whose lines a dump holds: at least two of them, and more than of any other site."""
        signs = self._signs
        if not signs:
            return None
        seen = {fold(block.text) for block in document.blocks} & signs.keys()
        counts = Counter(site for line in seen for site in signs[line])
        most = max(counts.values(), default=0)
        if most < _RECOGNISED_FROM:
            return None
        sites = sorted(site for site, count in counts.items() if count == most)
        if len(sites) == 1:
            return sites[0]
        note = Note(_RECOGNISE, f"no site rules: the page may be of {', '.join(sites)}; give its URL to decide")
        if note not in document.notes:
            document.notes.append(note)
        return None


def shipped_root() -> Path:
    """Return the folder of the shipped rule files: inside the package once installed, else that of the source tree."""
    package = Path(cleaner.__file__).parent
    inside = package / "_rules"
    return inside if inside.is_dir() else package.parents[1] / "rules"


def _rebuild(roots: Sequence[_Root], sites: bool) -> RuleBook:
    return RuleBook(roots, sites=sites)


def _overlay(path: Path) -> _Root:
    if path.is_dir():
        if not any((path / folder).is_dir() for folder in FOLDERS):
            advice = f"name the folder above it: {path.parent}" if path.name in FOLDERS else "see docs/RULES.md"
            raise InputError(f"{path}: has none of the folders {', '.join(f'{name}/' for name in FOLDERS)} ({advice})")
    elif not path.is_file():
        raise InputError(f"{path}: no such rule file or folder")
    elif path.suffix != ".toml":
        raise InputError(f"{path}: a rule file is called <name>.toml")
    return _Root(path, path.as_posix())


def _name_of(path: Path) -> str:
    """Return the name of a rule file given by itself: by its folder, else a site's if it says `site`, else generic."""
    folder = path.absolute().parent.name
    if folder not in FOLDERS:
        try:
            folder = "sites" if re.search(rb"^\s*site\s*=", path.read_bytes(), re.MULTILINE) else "generic"
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return f"{folder}/{path.stem}"


def _load(sources: Iterable[RuleSource]) -> tuple[list[RuleFile], list[Fault]]:
    files = []
    faults: list[Fault] = []
    for source in sources:
        try:
            files.append(load_file(source.path, source.name, source.shown))
        except RuleFileError as error:
            faults += error.faults
    return files, faults


def _strongest(files: Iterable[RuleFile], key: Callable[[Rule], str]) -> list[Rule]:
    """Return the rules of files that go from strong to weak: of those with one key the first."""
    rules: dict[str, Rule] = {}
    for file in files:
        for rule in file.rules:
            rules.setdefault(key(rule), rule)
    return list(rules.values())


def _unknown(
    file: RuleFile, references: Iterable[Reference], known: Collection[str], what: str, sign: str = ""
) -> Iterator[Fault]:
    for reference in references:
        if reference.name not in known:
            reason = f'unknown {what} "{sign}{reference.name}"'
            yield Fault(file.shown, reference.line, reference.rule, reason, did_you_mean(reference.name, known))


def _ids(file: RuleFile) -> Iterator[str]:
    """Yield everything in a file that can be disabled."""
    yield from (rule.id for rule in file.rules)
    yield from (extractor.id for extractor in file.extractors)
    if file.body:
        yield file.body.id
    if file.next_page:
        yield file.next_page.id


def _is_site(name: str) -> bool:
    return name.startswith("sites/")


def _parents(name: str) -> Iterator[str]:
    """Yield the names of the files of a site's parent domains."""
    folder, _, host = name.partition("/")
    labels = host.split(".") if folder == "sites" else []
    yield from (f"sites/{'.'.join(labels[start:])}" for start in range(1, len(labels)))


def _digest(files: Iterable[RuleFile]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0{file.digest}\0".encode())
    return digest.hexdigest()[:16]


def _recognise_lines(source: RuleSource) -> Iterator[str]:
    """Yield the folded `recognise` lines of a site file, reading no more of it than that takes."""
    data = source.path.read_bytes()
    if b"recognise" not in data:
        return
    text = data.decode("utf-8-sig", "replace")
    table = _FIRST_TABLE.search(text)  # `recognise` stands above all tables
    try:
        lines = read_toml(text[: table.start()] if table else text).get("recognise", [])
    except (ValueError, RecursionError):
        lines = load_file(source.path, source.name, source.shown).recognise
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        lines = load_file(source.path, source.name, source.shown).recognise
    yield from (fold(line) for line in lines)


def _address(document: Document) -> str | None:
    """Return the URL of a page: the one it was saved with, else the one that its head declares."""
    if document.page.url and _host(document.page.url):
        return document.page.url
    if document.root is None:
        return None
    for link in document.tagged("link"):
        href = link.get("href")
        if href and "canonical" in (link.get("rel") or "").lower().split() and _host(href):
            return str(href)
    for meta in document.tagged("meta"):
        content = meta.get("content")
        if content and (meta.get("property") or meta.get("name") or "").lower() == "og:url" and _host(content):
            return str(content)
    return None


def _host(address: str) -> str | None:
    """Return the host of a URL as site files are called, None where it has none."""
    try:
        host = (urlsplit(address.strip()).hostname or "").strip(".")
        return (host if host.isascii() else host.encode("idna").decode()).lower() or None
    except ValueError:  # of both: brackets that are no IPv6 address, labels that are no IDNA
        return None
