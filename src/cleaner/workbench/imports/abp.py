"""Cosmetic filters of ad blockers: EasyList, uBlock Origin, AdGuard. One filter per line, `hosts##selector`.

A filter for hosts becomes a rule in the file of each; one for everywhere a rule of a generic file. An exception
(`#@#`, `~host`) disables the rules of its selector on its hosts. What selectors of ad blockers can say beyond CSS is
said with `text`, `when.paths` and XPath, where these can say it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleaner.model import NoiseKind
from cleaner.workbench.imports import drafts
from cleaner.workbench.imports.drafts import Draft, guess_kind, make_host, rule_id
from cleaner.workbench.imports.report import Fate, Group, Line, Report
from cleaner.workbench.imports.selectors import Matcher, UntranslatedError, translate

__all__ = ["import_abp"]

_SEPARATOR = re.compile(r"#@?(?:\$\?|[?$%])?#")
_MODIFIERS = re.compile(r"\[\$([^\]]*)\]")
_HTML_FILTER = re.compile(r"^[\w.,~*-]*\$@?\$")


@dataclass(slots=True)
class _Filter:
    """One line, read."""

    where: str
    text: str
    selector: str
    exception: bool
    hosts: list[str]
    """Empty: everywhere."""
    without: list[str]
    """Hosts below those on which it does not hold."""
    patterns: list[str]
    """Hosts that no site file can name: `example.*`."""
    paths: list[str]
    matchers: list[Matcher] = field(default_factory=list)
    list_name: str = ""


class _Lists:
    """All lists of one import: exceptions of one count for the filters of the others."""

    def __init__(self, kind: NoiseKind) -> None:
        self.kind = kind
        self.drafts: dict[str, Draft] = {}
        self.report = Report()
        self.filters: list[_Filter] = []
        self.homes: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        """Selector -> names of the files with a rule for it, each with the id of the rule."""

    def note(self, where: str, text: str, group: Group, fate: Fate, reason: str = "", detail: str = "") -> None:
        self.report.lines.append(Line(where, text, group, fate, reason, detail))

    # -- reading

    def read(self, path: Path) -> None:
        slug = re.sub(r"[^a-z0-9]+", "-", path.name.lower().removesuffix(".txt")).strip("-") or "list"
        before, seen = len(self.filters), len(self.report.lines)
        for number, raw in enumerate(drafts.read_lines(path), 1):
            text = raw.strip()
            if not text or text.startswith(("!", "[Adblock", "%include")) or re.match(r"#(?![@?$%]*#)", text):
                continue
            self.line(f"{path.name}:{number}", text, f"abp-{slug}")
        self.report.read += 1
        self.report.imported += len(self.filters) > before
        self.report.whole += all(line.fate is not Fate.UNTRANSLATED for line in self.report.lines[seen:])

    def line(self, where: str, text: str, list_name: str) -> None:
        match = _SEPARATOR.search(text)
        if _HTML_FILTER.match(text):
            self.note(where, text, Group.SCRIPT, Fate.UNTRANSLATED, "a filter on raw HTML")
            return
        if match is None or text.startswith(("||", "@@", "|http")):
            self.note(where, text, Group.NETWORK, Fate.UNTRANSLATED, "a network filter")
            return
        sign, selector = match.group(), text[match.end() :].strip()
        exception = "@" in sign
        if group := _other_group(sign, selector):
            reasons = {Group.SCRIPT: "a script", Group.STYLE: "a style", Group.NETWORK: "a network filter"}
            self.note(where, text, group, Fate.UNTRANSLATED, reasons[group])
            return
        group = Group.EXCEPTION if exception else Group.REMOVAL
        try:
            found = _Filter(where, text, selector.removeprefix("^"), exception, *_scope(text[: match.start()]))
            found.list_name = list_name
            found.matchers = translate(found.selector)
            if not found.hosts and found.patterns:
                raise UntranslatedError("a host with a wildcard", ", ".join(found.patterns))
        except UntranslatedError as error:
            group = error.group or group
            self.note(where, text, group, error.fate, error.reason, error.detail)
            return
        self.filters.append(found)

    # -- rules

    def resolve(self) -> None:
        """Make rules of the filters, then let the exceptions disable them."""
        everywhere = {
            found.selector for found in self.filters if found.exception and not (found.hosts or found.without)
        }
        for found in self.filters:
            if found.exception:
                continue
            if found.selector in everywhere:
                self.note(found.where, found.text, Group.REMOVAL, Fate.NEEDLESS, "another line takes it back")
                continue
            self.place(found)
        for found in self.filters:
            if found.exception:
                self.except_(found)
        self.report.rules = sum(len(draft.rules) for draft in self.drafts.values())

    def place(self, found: _Filter) -> None:
        names = [f"sites/{host}" for host in found.hosts] or [f"generic/{found.list_name}"]
        kind = str(guess_kind(found.selector, self.kind) if self.kind is NoiseKind.OTHER else self.kind)
        for number, matcher in enumerate(found.matchers, 1):
            keys: dict[str, Any] = {"kind": kind, matcher.key: [matcher.selector]}
            if matcher.text is not None:
                keys["text"] = matcher.text
            if paths := (matcher.paths or found.paths):
                keys["when"] = {"paths": paths}
            part = f" {number}" if number > 1 else ""
            id_ = rule_id("hide", " ".join([found.selector + part, *found.paths]))
            for name in names:
                self.draft(name).add_rule(id_, keys, found.text)
                self.homes[found.selector].add((name, id_))
                for host in found.without:
                    self.disable(host, name, id_)
        if found.patterns:
            detail = ", ".join(found.patterns)
            self.note(found.where, found.text, Group.REMOVAL, Fate.UNTRANSLATED, "a host with a wildcard", detail)
        else:
            self.note(found.where, found.text, Group.REMOVAL, Fate.TRANSLATED)

    def except_(self, found: _Filter) -> None:
        homes = self.homes.get(found.selector, set())
        if not found.hosts or not homes:
            reason = "no filter of these lists is excepted" if not homes else "the filter is left out everywhere"
            self.note(found.where, found.text, Group.EXCEPTION, Fate.NEEDLESS, reason)
            return
        for host in found.hosts:
            for name, id_ in homes:
                self.disable(host, name, id_)
        if found.paths or found.patterns or found.without:
            detail = ", ".join(found.patterns or found.paths or found.without)
            reason = "a host with a wildcard" if found.patterns else "an exception for part of a site"
            self.note(found.where, found.text, Group.EXCEPTION, Fate.UNTRANSLATED, reason, detail)
        else:
            self.note(found.where, found.text, Group.EXCEPTION, Fate.TRANSLATED)

    def disable(self, host: str, name: str, id_: str) -> None:
        """Disable the rule of the file `name` on `host`, if it can hold there."""
        folder, _, other = name.partition("/")
        if folder == "generic" or _is_below(host, other) or _is_below(other, host):
            self.draft(f"sites/{host}").disable.add(f"{name}/{id_}")

    def draft(self, name: str) -> Draft:
        return self.drafts.setdefault(name, Draft(name, "abp"))


def import_abp(files: Sequence[Path], out: Path, kind: NoiseKind = NoiseKind.ADVERTISEMENT) -> Report:
    """Import the cosmetic filters of `files` as rule files below `out`; what they hide is noise of this `kind`.

    Raises :class:`~cleaner.errors.InputError` for a file that cannot be read, :class:`~cleaner.errors.OutputError`
    where `out` holds something else.
    """
    lists = _Lists(kind)
    for path in files:
        lists.read(path)
    lists.resolve()
    lists.report.written = drafts.write(_renamed(lists.drafts), out)
    return lists.report


def _renamed(made: dict[str, Draft]) -> list[Draft]:
    """Return the drafts with the names in `disable` as the files are called once long ones are split."""
    homes = {
        f"{draft.name}/{id_}": f"{part.name}/{id_}"
        for draft in made.values()
        if not draft.name.startswith("sites/")
        for part in draft.parts()
        for id_ in part.rules
    }
    for draft in made.values():
        draft.disable = {homes.get(name, name) for name in draft.disable}
    return list(made.values())


def _is_below(host: str, other: str) -> bool:
    return host == other or host.endswith(f".{other}")


def _other_group(sign: str, selector: str) -> Group | None:
    """Return what a filter is about, if not about hiding elements."""
    if "%" in sign or selector.startswith(("+js(", "script:inject(")):
        return Group.SCRIPT
    if "$" in sign:
        return Group.STYLE if selector.endswith("}") else Group.SCRIPT
    if selector.startswith("^responseheader("):
        return Group.NETWORK
    return Group.SCRIPT if re.match(r"\^script\b", selector) else None


def _scope(text: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """Return the hosts of a filter, those without it, those that are patterns, and its paths."""
    hosts: list[str] = []
    without: list[str] = []
    patterns: list[str] = []
    paths: list[str] = []
    if match := _MODIFIERS.match(text):
        text = text[match.end() :]
        for modifier in match.group(1).split(","):
            key, _, value = modifier.partition("=")
            if key == "path" and value and not value.startswith("/^") and "|" not in value:
                paths.append(f"*{value}*")
            elif key == "domain":
                text = ",".join(filter(None, [text, *value.split("|")]))
            else:
                raise UntranslatedError("a modifier of AdGuard", modifier)
    if text.startswith("/") or "/" in text:
        raise UntranslatedError("a host with a pattern or path", text)
    for part in text.split(",") if text else ():
        name = part.strip()
        host = make_host(name.removeprefix("~").removeprefix("*."))
        if name in ("", "*"):
            continue
        if host is None:
            patterns.append(name)
        else:
            (without if name.startswith("~") else hosts).append(host)
    if text and not (hosts or without or patterns):
        return [], [], [], paths
    return list(dict.fromkeys(hosts)), without, patterns, paths
