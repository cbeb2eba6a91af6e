"""Site configs of Full-Text RSS: `key: value` lines, a file per host (fivefilters/ftr-site-config).

`example.com.txt` is for that host, `.example.com.txt` for what lies below it, `global.txt` for all, and
`fingerprint.wordpress.com.txt` for what a system makes. Our site files hold for a host and all below it, so the first
two become one file, with what was for the host itself first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cleaner.errors import InputError
from cleaner.model import NoiseKind
from cleaner.rules.expressions import Selector, compile_css, compile_xpath, did_you_mean
from cleaner.workbench.imports import drafts
from cleaner.workbench.imports.drafts import Draft, Place, guess_kind, make_host, rule_id
from cleaner.workbench.imports.report import Fate, Group, Line, Report
from cleaner.workbench.imports.xpaths import alternatives, as_css, css_string, rewritten, split_attribute

__all__ = ["import_ftr"]

_FIELDS = {"title": "title", "author": "authors", "date": "date"}
_FETCHING = frozenset(
    "single_page_link single_page_link_in_feed http_header requires_login login_uri "
    "login_username_field login_password_field login_extra_fields not_logged_in_xpath".split()
)
_NEEDLESS = {
    "tidy": (Group.OPTION, "the parser mends markup by itself"),
    "parser": (Group.OPTION, "the parser mends markup by itself"),
    "prune": (Group.OPTION, "what is inside the body is judged block by block"),
    "autodetect_on_failure": (Group.OPTION, "a [body] that misses is ignored on its page"),
    "autodetect_next_page": (Group.FETCHING, "rel=next is followed anyway"),
    "insert_detected_image": (Group.LAYOUT, "pictures hold no text"),
    "src_lazy_load_attr": (Group.LAYOUT, "pictures hold no text"),
    "strip_image_src": (Group.REMOVAL, "pictures hold no text"),
    "strip_attr": (Group.LAYOUT, "attributes hold no text"),
    "post_strip_attr": (Group.LAYOUT, "attributes hold no text"),
    "convert_double_br_tags": (Group.LAYOUT, "two <br> end a paragraph anyway"),
    "dissolve": (Group.LAYOUT, "the text stays as it is"),
    "wrap_in": (Group.LAYOUT, "the text stays as it is"),
}
_UNTRANSLATABLE = {
    "move_into": (Group.LAYOUT, "moves content: the body keeps the order of the page"),
    "footnotes": (Group.LAYOUT, "moves content: the body keeps the order of the page"),
    "strip_comments": (Group.OPTION, "a switch: what to keep needs a rule of its own"),
    "skip_json_ld": (Group.OPTION, "a switch: no rule turns a source of metadata off"),
}
_KEYS = frozenset(
    {"strip", "strip_id_or_class", "skip_id_or_class", "body", "native_ad_clue", "test_url", "test_contains"}
    | {"find_string", "replace_string", "if_page_contains", "next_page_link"}
    | _FIELDS.keys() | _FETCHING | _NEEDLESS.keys() | _UNTRANSLATABLE.keys()
)  # fmt: skip
_WITH_ARGUMENT = re.compile(r"(replace_string|http_header|wrap_in|move_into|convert_to)\((.*)\)\s*:\s?(.*)", re.DOTALL)
_TEXTLESS = re.compile(
    r"(?://|/)(?:img|script|style|link|meta|br|hr|input|embed|source|track|area|col|wbr|template|base|param)"
    r"(?:\[[^\[\]]*\])*\s*$"
)
_GENERATORS = {"wordpress": "WordPress", "blogspot": "blogger"}
_OPENING_TAG = re.compile(
    r"\s*<([a-z][a-z0-9-]*)((?:\s+[a-zA-Z-]+=(?:\"[^\"<>]*\"|'[^'<>]*'))*)\s*(>\s*([^<>]*?)\s*(?:</.*)?)?", re.DOTALL
)
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)=(?:\"([^\"]*)\"|'([^']*)')")
_MAX_QUOTED = 400


class _UntranslatedError(Exception):
    """A directive that has no counterpart: why, in words that many share, and what is particular to this one."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


class _NeedlessError(Exception):
    """A directive that has no effect here."""


@dataclass(slots=True)
class _Directive:
    key: str
    value: str
    line: int
    text: str
    argument: str | None = None
    condition: str | None = None
    """The `if_page_contains` beneath it."""


@dataclass(slots=True)
class _File:
    """One site config being read."""

    draft: Draft
    shown: str
    report: Report
    bodies: list[_Directive] = field(default_factory=list)
    next_pages: list[_Directive] = field(default_factory=list)
    finds: list[_Directive] = field(default_factory=list)
    replaced: list[tuple[_Directive, str, str]] = field(default_factory=list)
    """What was found, what for, and what instead."""

    def note(self, directive: _Directive, group: Group, fate: Fate, reason: str = "", detail: str = "") -> None:
        where = f"{self.shown}:{directive.line}"
        self.report.lines.append(Line(where, directive.text, group, fate, reason, detail))


def import_ftr(folder: Path, out: Path) -> Report:
    """Import the site configs in `folder` as rule files below `out`.

    Raises :class:`~cleaner.errors.InputError` for a folder without any, :class:`~cleaner.errors.OutputError` where
    `out` holds something else.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    paths = sorted(folder.glob("*.txt"), key=lambda path: (path.name.removeprefix(".").lower(), path.name[0] == "."))
    if not paths:
        raise InputError(f"{folder}: no site configs (<host>.txt) in it")
    report = Report()
    made: dict[str, Draft] = {}
    for path in paths:
        name, when = _where(path.name.removesuffix(".txt"))
        if name is None:
            report.lines.append(Line(path.name, path.name, Group.UNKNOWN, Fate.UNTRANSLATED, "no host name"))
            continue
        draft = made.setdefault(name, Draft(name, "ftr", when))
        before, seen = _size(draft), len(report.lines)
        _read(path, draft, report)
        report.read += 1
        report.imported += _size(draft) > before
        report.whole += all(line.fate is not Fate.UNTRANSLATED for line in report.lines[seen:])
    report.rules = sum(len(draft.rules) for draft in made.values())
    report.written = drafts.write(made.values(), out)
    return report


def _where(stem: str) -> tuple[str | None, dict[str, Any]]:
    """Return the name of the rule file for a site config, and where it holds."""
    if stem == "global":
        return "generic/ftr", {}
    if stem.startswith("fingerprint."):
        system = stem.split(".")[1]
        if system not in _GENERATORS:
            return None, {}
        sign = f'meta[name="generator"][content^="{_GENERATORS[system]}"]'
        return f"platforms/ftr-{system}", {"if_present": {"css": sign}}
    host = make_host(stem)
    return f"sites/{host}" if host else None, {}


def _size(draft: Draft) -> int:
    return (
        len(draft.body)
        + len(draft.next_page)
        + sum(map(len, draft.meta.values()))
        + len(draft.rules)
        + len(draft.tests)
    )


def _read(path: Path, draft: Draft, report: Report) -> None:
    file = _File(draft, path.name, report)
    seen = len(report.lines)
    for directive in _directives(path, file):
        _translate(directive, file)
    for directive in file.finds:
        file.note(directive, Group.REPLACE, Fate.UNTRANSLATED, "find_string without replace_string")
    _translate_replaced(file)
    _place(file, file.bodies, Group.BODY, draft.body)
    _place(file, file.next_pages, Group.FETCHING, draft.next_page)
    report.lines[seen:] = sorted(report.lines[seen:], key=lambda line: int(line.where.rpartition(":")[2]))


def _directives(path: Path, file: _File) -> list[_Directive]:
    found: list[_Directive] = []
    for number, raw in enumerate(drafts.read_lines(path), 1):
        text = raw.strip()
        if not text or text.startswith("#"):
            continue
        key, colon, value = text.partition(":")
        directive = _Directive(key.strip(), value.strip(), number, text)
        if match := _WITH_ARGUMENT.fullmatch(raw.lstrip()):
            directive.key, directive.argument, directive.value = match.groups()
        if not colon:
            file.note(directive, Group.UNKNOWN, Fate.UNTRANSLATED, "no directive: a line without colon")
        elif directive.key not in _KEYS:
            advice = did_you_mean(directive.key, _KEYS) or ""
            file.note(directive, Group.UNKNOWN, Fate.UNTRANSLATED, "unknown directive", advice)
        elif not directive.value and directive.argument is None and directive.key != "replace_string":
            file.note(directive, Group.UNKNOWN, Fate.NEEDLESS, "a directive without value")
        elif directive.key == "if_page_contains" and found:
            found[-1].condition = directive.value
            found.append(directive)
        else:
            found.append(directive)
    return found


def _translate(directive: _Directive, file: _File) -> None:
    key = directive.key
    if key in _NEEDLESS:
        group, reason = _NEEDLESS[key]
        file.note(directive, group, Fate.NEEDLESS, reason)
    elif key in _UNTRANSLATABLE:
        group, reason = _UNTRANSLATABLE[key]
        file.note(directive, group, Fate.UNTRANSLATED, reason)
    elif key in _FETCHING:
        file.note(directive, Group.FETCHING, Fate.UNTRANSLATED, "about fetching: pages are cleaned as they were saved")
    elif key == "body":
        file.bodies.append(directive)
    elif key == "next_page_link":
        file.next_pages.append(directive)
    elif key == "find_string":
        file.finds.append(directive)
    elif key == "replace_string":
        _pair_up(directive, file)
    else:
        group, translate = _TRANSLATORS[key]
        try:
            translate(directive, file)
        except _UntranslatedError as error:
            file.note(directive, group, Fate.UNTRANSLATED, error.reason, error.detail)
        except _NeedlessError as error:
            file.note(directive, group, Fate.NEEDLESS, str(error))
        else:
            file.note(directive, group, Fate.TRANSLATED)


# ---- what elements go, and what is kept ------------------------------------------------------------------------------


def _strip(directive: _Directive, file: _File) -> None:
    value = directive.value
    if _TEXTLESS.search(value) and len(alternatives(value)) == 1:
        raise _NeedlessError("such elements hold no text")
    if split_attribute(value)[1] is not None:
        raise _NeedlessError("attributes hold no text")
    keys: dict[str, Any] = {"kind": str(guess_kind(_telling(value)))}
    if value.endswith("/following::*"):
        keys["action"] = "cut_after"
        value = value.removesuffix("/following::*")
    matchers, fault = _elements(value)
    if matchers:
        _add(directive, file, {**keys, **matchers})
    if fault is not None:
        raise _UntranslatedError(fault.reason, "the rest is imported" if matchers else fault.detail)


def _telling(expression: str) -> str:
    """Return what of an expression may name a noise: its literals and tags."""
    return " ".join(re.findall(r"\"[^\"]*\"|'[^']*'|(?<=/)[a-z]+", expression))


def _strip_names(directive: _Directive, file: _File) -> None:
    kind = str(guess_kind(directive.value))
    _add(directive, file, {"kind": kind, **_names(directive.value)})


def _skip_names(directive: _Directive, file: _File) -> None:
    _add(directive, file, {"action": "keep", **_names(directive.value)})


def _native_ad(directive: _Directive, file: _File) -> None:
    matchers, fault = _elements(directive.value)
    if fault is not None:
        raise fault
    _add(directive, file, {"kind": str(NoiseKind.ADVERTISEMENT), "action": "flag", **matchers})


def _add(directive: _Directive, file: _File, keys: dict[str, Any]) -> None:
    if directive.condition is not None:
        selector, _ = _checked(rewritten(directive.condition), "test")
        keys["when"] = {"if_present": {selector.key: selector.text}}
    file.draft.add_rule(rule_id(directive.key.split("_")[0], directive.value), keys, directive.text)


def _elements(source: str) -> tuple[dict[str, list[str]], _UntranslatedError | None]:
    """Return the matchers of a rule for what an XPath expression selects, and why not for all of it."""
    found: dict[str, list[str]] = {}
    fault = None
    for part in alternatives(source):
        try:
            selector, _ = _checked(part, "elements")
        except _UntranslatedError as error:
            fault = error
        else:
            found.setdefault(selector.key, []).append(selector.text)
    return found, fault


def _checked(source: str, use: str) -> tuple[Selector, str | None]:
    """Return an expression as our rules may hold it, and the attribute that it selects."""
    rest, attribute = split_attribute(source) if use == "values" else (source, None)
    for css in (as_css(rest), as_css(rewritten(rest))):
        if css is not None:
            try:
                return compile_css(css, probation=True, use=use), attribute
            except ValueError:
                break
    plain = source.strip()
    fault = ValueError()
    for form in dict.fromkeys((plain, rewritten(plain))):
        try:
            return compile_xpath(form, probation=True, use=use), None
        except ValueError as error:
            fault = error
    raise _UntranslatedError(_why_no_xpath(str(fault)), str(fault))


def _names(value: str) -> dict[str, list[str]]:
    """Return the matcher for `strip_id_or_class`, which looks for a part of the attribute.

    Taken at its word, `ad` would hit `header`. It is a whole name to us, unless it ends as names do not.
    """
    value = value.translate({ord(quote): None for quote in "'\""}).strip()
    if not value:
        raise _NeedlessError("a directive without value")
    if any(char.isspace() for char in value):
        selectors = [f"[class*={css_string(value)}]", f"[id*={css_string(value)}]"]
        try:
            return {"css": [compile_css(text, probation=True, use="elements").text for text in selectors]}
        except ValueError as error:
            raise _UntranslatedError("no class or id", str(error)) from error
    if value.startswith((".", "#")) or set("*,[]()/=@") & set(value):
        raise _UntranslatedError("no class or id", "it can never have hit anything")
    start = "*" if value[0] in "-_" else ""
    end = "*" if value[-1] in "-_" else ""
    return {"token": [f"{start}{value}{end}"]}


# ---- body, metadata, tests -------------------------------------------------------------------------------------------


def _place(file: _File, directives: list[_Directive], group: Group, places: list[Place]) -> None:
    """Add what directives select to one list of selectors of the draft, in order."""
    found: list[tuple[_Directive, Place, str]] = []
    for directive in directives:
        if directive.condition is not None:
            reason = "a condition on one entry of [body], [fetch] or [meta]"
            file.note(directive, group, Fate.UNTRANSLATED, reason)
            continue
        value, attribute = split_attribute(directive.value)
        if attribute != "href" or group is not Group.FETCHING:  # a link is what says where it leads
            value = directive.value
        forms = dict.fromkeys((value, rewritten(value)))
        css = next(filter(None, map(as_css, forms)), None)
        xpath, fault = None, ""
        for form in forms:
            try:
                xpath = xpath or compile_xpath(form, probation=True, use="elements").text
            except ValueError as error:
                fault = str(error)
        found.append((directive, Place(css, xpath, directive.text), fault))
    # What stands in the draft already, of the host itself, has to stay as it is.
    only_css = any(place.xpath is None for place in places)
    as_xpath = not only_css and any(place.css is None for place in [*places, *(place for _, place, _ in found)])
    for directive, place, fault in found:
        if (place.xpath if as_xpath else place.css) is not None:
            places.append(place)
            file.note(directive, group, Fate.TRANSLATED)
        else:
            file.note(directive, group, Fate.UNTRANSLATED, _why_no_xpath(fault), fault)


def _why_no_xpath(fault: str) -> str:
    if "selects attributes or text" in fault:
        return "selects bare text: a rule marks elements"
    return "XPath beyond what files on probation may ask" if "probation" in fault else "bad XPath"


def _metadata(directive: _Directive, file: _File) -> None:
    if directive.condition is not None:
        raise _UntranslatedError("a condition on one entry of [body] or [meta]")
    selector, attribute = _checked(directive.value, "values")
    entry = {selector.key: selector.text}
    if attribute is not None:
        entry["attr"] = attribute
    file.draft.add_meta(_FIELDS[directive.key], entry, directive.text)


def _test_url(directive: _Directive, file: _File) -> None:
    file.draft.tests.append({"url": directive.value, "pending": True})


def _test_contains(directive: _Directive, file: _File) -> None:
    if not file.draft.tests:
        raise _UntranslatedError("test_contains without a test_url above it")
    file.draft.tests[-1].setdefault("contains", []).append(directive.value)


def _condition(_: _Directive, file: _File) -> None:
    above = [line for line in file.report.lines if line.where.startswith(f"{file.shown}:")]
    if not above or above[-1].fate is not Fate.TRANSLATED:
        raise _UntranslatedError("a condition on what was not translated")


# ---- raw replacements ------------------------------------------------------------------------------------------------


def _pair_up(directive: _Directive, file: _File) -> None:
    if directive.argument is not None:
        file.replaced.append((directive, directive.argument, directive.value))
    elif file.finds:
        found = file.finds.pop(0)
        file.replaced.append((found, found.value, directive.value))
        file.replaced.append((directive, found.value, directive.value))
    else:
        file.note(directive, Group.REPLACE, Fate.UNTRANSLATED, "replace_string without find_string")


def _translate_replaced(file: _File) -> None:
    """Note the raw replacements. Those that end the page become `cut_after`; markup is never rewritten here."""
    closes = any("-->" in instead for _, _, instead in file.replaced)
    for directive, wanted, instead in file.replaced:
        ends = re.search(r"</(?:body|html)\s*>", instead, re.IGNORECASE)
        ends = ends or (None if closes or "-->" in instead else re.search(r"<!--", instead))
        keys = _cut(wanted) if ends else None
        if keys is not None:
            file.draft.add_rule(rule_id("cut", wanted), keys, f"{wanted} -> {instead}")
            file.note(directive, Group.REPLACE, Fate.TRANSLATED)
        else:
            reason = "cuts the page at markup that no rule can name" if ends else "rewrites raw HTML"
            file.note(directive, Group.REPLACE, Fate.UNTRANSLATED, reason)


def _cut(wanted: str) -> dict[str, Any] | None:
    """Return the rule that cuts where a piece of raw HTML begins, None where no rule can say where that is."""
    keys: dict[str, Any] = {"kind": str(guess_kind(wanted)), "action": "cut_after"}
    text = wanted.strip()
    if not set("<>") & set(text):
        return {**keys, "line": f".*{_quoted(text)}.*"} if 2 <= len(text) <= _MAX_QUOTED else None
    match = _OPENING_TAG.fullmatch(text)
    if match is None:
        return None
    tag, attributes, _, inner = match.groups()
    named = [(name.lower(), one or two) for name, one, two in _ATTRIBUTE.findall(attributes)]
    if not named and not inner:
        return None
    css = tag + "".join(f"[{name}={css_string(value)}]" if value else f"[{name}]" for name, value in named)
    try:
        keys["css"] = [compile_css(css, probation=True, use="elements").text]
    except ValueError:
        return None
    return {**keys, "text": f"^{_quoted(inner)}"} if inner else keys


def _quoted(text: str) -> str:
    """Return `text` as a pattern."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", " ".join(text.split()))


_TRANSLATORS: dict[str, tuple[Group, Callable[[_Directive, _File], None]]] = {
    "strip": (Group.REMOVAL, _strip),
    "strip_id_or_class": (Group.REMOVAL, _strip_names),
    "skip_id_or_class": (Group.REMOVAL, _skip_names),
    "native_ad_clue": (Group.OPTION, _native_ad),
    **dict.fromkeys(_FIELDS, (Group.METADATA, _metadata)),
    "test_url": (Group.TEST, _test_url),
    "test_contains": (Group.TEST, _test_contains),
    "if_page_contains": (Group.OPTION, _condition),
}
