"""Selectors of ad blockers: CSS with operators that only they know, as matchers of our rules."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import product

from cssselect import HTMLTranslator
from cssselect.parser import SelectorError
from cssselect.xpath import ExpressionError

from cleaner.rules.expressions import compile_css, compile_pattern, compile_xpath
from cleaner.workbench.imports.report import Fate, Group
from cleaner.workbench.imports.xpaths import literal

__all__ = ["Matcher", "UntranslatedError", "translate"]

_OPERATOR = re.compile(r":(-?[a-z][a-z-]*)\(")
_HAS = frozenset({"has", "-abp-has", "if"})
_TEXT = frozenset({"has-text", "-abp-contains", "contains"})
_UP = frozenset({"upward", "nth-ancestor"})
_IS = frozenset({"is", "where", "matches", "any", "-webkit-any", "-moz-any"})
_NEEDLESS = frozenset({"remove-attr", "remove-class"})
_STYLES = frozenset({"style"})
_UNKNOWABLE = frozenset(
    "matches-css matches-css-before matches-css-after matches-media matches-attr matches-property matches-prop "
    "-abp-properties properties watch-attr watch-attrs others shadow if-not".split()
)
_OPERATORS = (
    _HAS | _TEXT | _UP | _IS | _NEEDLESS | _STYLES | _UNKNOWABLE
    | {"xpath", "min-text-length", "remove", "matches-path", "not"}
)  # fmt: skip
_AXES = {"": "/descendant::", ">": "/child::", "~": "/following-sibling::", "+": "/following-sibling::*[1]/self::"}
_MAX_ALTERNATIVES = 20
_MAX_UP = 20
_MAX_NESTED = 5


class UntranslatedError(Exception):
    """A filter that no rule can say: why, in words that many share, and what is particular to this one."""

    def __init__(
        self, reason: str, detail: str = "", *, group: Group | None = None, fate: Fate = Fate.UNTRANSLATED
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.group = group
        """What the filter is about, if not about hiding elements."""
        self.fate = fate


@dataclass(frozen=True, slots=True)
class Matcher:
    """A selector as our rules may hold it."""

    key: str
    """`css` or `xpath`."""
    selector: str
    text: str | None = None
    """The pattern that narrows it."""
    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of CSS, or (with `name`) an operator."""

    css: str
    name: str = ""


def translate(selector: str) -> list[Matcher]:
    """Return the matchers that hit what a selector hits. Raises :class:`UntranslatedError`."""
    matchers: list[Matcher] = []
    plain: list[str] = []
    for one in _alternatives(selector):
        matcher = _matcher(_parts(one), one)
        if matcher.key == "css" and matcher.text is None and not matcher.paths:
            plain.append(matcher.selector)
        else:
            matchers.append(matcher)
    if plain:
        matchers.insert(0, Matcher("css", ", ".join(plain)))
    return matchers


def _matcher(parts: list[_Part], whole: str) -> Matcher:
    """Return the matcher for one alternative."""
    paths: list[str] = []
    kept = []
    for part in parts:
        if part.name in _STYLES:
            raise UntranslatedError("a style", group=Group.STYLE)
        if part.name in _NEEDLESS:
            raise UntranslatedError("it changes attributes, which hold no text", fate=Fate.NEEDLESS)
        if part.name in _UNKNOWABLE:
            raise UntranslatedError(f":{part.name}() asks for what a saved page does not hold", whole)
        if part.name == "matches-path":
            paths.append(_path(part.css))
        elif part.name != "remove":
            kept.append(part)
    if not kept and paths:
        kept = [_Part("*")]
    text = None
    if len(kept) > 1 and kept[-1].name in _TEXT:
        text = _pattern(kept.pop().css)
    elif kept and kept[-1].name in _TEXT:
        kept, text = [_Part("*")], _pattern(kept[-1].css)
    if not any(part.name for part in kept):
        css = "".join(part.css for part in kept).strip()
        try:
            return Matcher("css", compile_css(css, probation=True, use="elements").text, text, paths)
        except ValueError as error:
            raise UntranslatedError("no CSS of ours", str(error)) from None
    xpath = _xpath(kept, "//")
    try:
        return Matcher("xpath", compile_xpath(xpath, probation=True, use="elements").text, text, paths)
    except ValueError as error:
        raise UntranslatedError("no XPath that files on probation may hold", str(error)) from None


# ---- operators as XPath ----------------------------------------------------------------------------------------------


def _xpath(parts: list[_Part], prefix: str, depth: int = 0) -> str:
    """Return the XPath that selects what parts select, from `prefix` on."""
    if depth > _MAX_NESTED:
        raise UntranslatedError("nested too deeply")
    found = ""
    for part in parts:
        if not part.name:
            found += _axis(part.css, found or prefix, first=not found)
        elif not found and part.name == "xpath":
            found = part.css.strip() if prefix == "//" else f"{prefix}*/{part.css.strip()}"
        else:
            found = _applied(part, found or f"{prefix}*", depth)
    return found


def _axis(css: str, before: str, *, first: bool) -> str:
    """Return a stretch of CSS as steps after `before`."""
    combinator = css.strip()[:1]
    if first:
        return _css_xpath(css, before)
    if combinator in (">", "~", "+"):
        return _css_xpath(css.strip()[1:], _AXES[combinator])
    if css[0].isspace():
        return _css_xpath(css, _AXES[""])
    return _css_xpath(f"*{css}", "/self::")


def _css_xpath(css: str, prefix: str) -> str:
    try:
        compile_css(css.strip(), probation=True, use="elements")  # refuses what cssselect reads wrongly
        return HTMLTranslator().css_to_xpath(css.strip(), prefix=prefix)
    except (ValueError, SelectorError, ExpressionError) as error:
        raise UntranslatedError("no CSS of ours", str(error)) from None


def _applied(part: _Part, before: str, depth: int) -> str:
    """Return `before` with an operator applied to what it selects."""
    argument = part.css.strip()
    if part.name in _TEXT:
        if _is_pattern(argument):
            raise UntranslatedError("a text pattern in the midst of a selector", argument)
        return f"{before}[contains(., {literal(_unquoted(argument))})]"
    if part.name == "min-text-length" and argument.isdigit():
        return f"{before}[string-length(.) >= {argument}]"
    if part.name in _UP:
        if not argument.isdigit() or not 1 <= int(argument) <= _MAX_UP:
            raise UntranslatedError(":upward() with a selector looks up the tree", argument)
        return before + "/.." * int(argument)
    if part.name in _HAS:
        inner = [_relative(one, depth) for one in _alternatives(argument)]
        return f"{before}[{' or '.join(inner)}]"
    if part.name == "not":
        inner = [_xpath(_parts(one), "self::", depth + 1) for one in _alternatives(argument)]
        return f"{before}[not({' or '.join(inner)})]"
    if part.name == "xpath" and not argument.startswith(("/", "(")):
        return f"{before}/{argument}"
    raise UntranslatedError(f":{part.name}() cannot be said here", argument)


def _relative(selector: str, depth: int) -> str:
    """Return the argument of `:has()` as a path from the element."""
    selector = selector.strip()
    prefix = "descendant::"
    if selector[:1] in (">", "~", "+"):
        prefix = _AXES[selector[0]].removeprefix("/")
        selector = selector[1:].strip()
    return _xpath(_parts(selector.removeprefix(":scope ")), prefix, depth + 1)


def _pattern(argument: str) -> str:
    """Return the argument of `:has-text()` as a pattern of ours."""
    argument = argument.strip()
    if _is_pattern(argument):
        source = argument[1 : argument.rindex("/")].replace(r"\/", "/")
    else:
        source = re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", " ".join(_unquoted(argument).split()))
    try:
        compile_pattern(source)
    except ValueError as error:
        raise UntranslatedError("a pattern that RE2 does not know", f"{source}: {error}") from None
    if not source:
        raise UntranslatedError("an operator without argument")
    return source


def _is_pattern(argument: str) -> bool:
    return re.fullmatch(r"/.+/[a-z]*", argument, re.DOTALL) is not None


def _path(argument: str) -> str:
    """Return the argument of `:matches-path()` as a glob."""
    argument = argument.strip()
    if _is_pattern(argument):
        inner = argument[1 : argument.rindex("/")].replace(r"\/", "/")
        start, inner = ("", inner[1:]) if inner.startswith("^") else ("*", inner)
        end, inner = ("", inner[:-1]) if inner.endswith("$") else ("*", inner)
        if set("\\.+*?()|[]{}^$") & set(inner) or not inner:
            raise UntranslatedError("a path pattern that is no glob", argument)
        return f"{start}{inner}{end}"
    return f"*{_unquoted(argument)}*"


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


# ---- reading ---------------------------------------------------------------------------------------------------------


def _scan(selector: str, opening: int) -> int:
    """Return where the bracket that opens at `opening` closes. Patterns and texts may hold brackets that do not."""
    depth = 0
    quote = ""
    at = opening
    while at < len(selector):
        char = selector[at]
        if char == "\\":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'" and selector.find(char, at + 1) > 0:
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    raise UntranslatedError("brackets that do not close", selector)


def _closing(selector: str, opening: int, name: str) -> int:
    """Return where an operator's bracket closes."""
    if name in _TEXT or name == "matches-path":
        # A text has no syntax of its own: count round brackets only, and skip what is escaped.
        depth = 0
        at = opening
        while at < len(selector):
            if selector[at] == "\\":
                at += 1
            elif selector[at] in "()":
                depth += 1 if selector[at] == "(" else -1
                if depth == 0:
                    return at
            at += 1
    return _scan(selector, opening)


def _alternatives(selector: str) -> list[str]:
    """Return what stands between the commas of a selector, `:is()` written out."""
    parts = [""]
    at = 0
    while at < len(selector):
        char = selector[at]
        end = at + 1
        if char == "\\":
            end = at + 2
        elif match := _OPERATOR.match(selector, at):
            end = _closing(selector, match.end() - 1, match.group(1)) + 1
        elif char in "([":
            end = _scan(selector, at) + 1
        if char == ",":
            parts.append("")
        else:
            parts[-1] += selector[at:end]
        at = end
    if not all(part.strip() for part in parts):
        raise UntranslatedError("no selector", selector)
    found = [one for part in parts for one in _written_out(part.strip())]
    if len(found) > _MAX_ALTERNATIVES * 10:
        raise UntranslatedError("too many alternatives", selector)
    return found


def _written_out(selector: str) -> list[str]:
    """Return a selector without `:is()`: one for each combination of what stands in them."""
    parts = _parts(selector)
    if not any(part.name in _IS for part in parts):
        return [selector]
    choices: list[list[str]] = []
    for part in parts:
        if part.name in _IS:
            inner = _alternatives(part.css)
            after = choices[-1][-1][-1:] if choices else ""
            if any(re.match(r"[\w*]", one) and after and after not in " >+~" for one in inner):
                raise UntranslatedError(":is() with tags after other conditions", selector)
            if any(re.search(r"[\s>+~]", re.sub(r"\[[^\]]*\]|\([^)]*\)", "", one)) for one in inner):
                raise UntranslatedError(":is() with more than one element", selector)
            choices.append(inner)
        else:
            choices.append([f":{part.name}({part.css})" if part.name else part.css])
    if math.prod(map(len, choices)) > _MAX_ALTERNATIVES:
        raise UntranslatedError("too many alternatives", selector)
    return ["".join(parts) for parts in product(*choices)]


def _parts(selector: str) -> list[_Part]:
    """Return the stretches of CSS and the operators of a selector that has no commas outside of brackets."""
    parts: list[_Part] = []
    css = ""
    at = 0
    while at < len(selector):
        end = at + 1
        match = _OPERATOR.match(selector, at)
        if selector[at] == "\\":
            end = at + 2
        elif match and match.group(1) in _OPERATORS:
            name = match.group(1)
            end = _closing(selector, match.end() - 1, name) + 1
            argument = selector[match.end() : end - 1]
            if name != "not" or not _is_simple(argument):
                if css.strip():
                    parts.append(_Part(css))
                elif css and parts:
                    raise UntranslatedError("an operator without element", selector)
                parts.append(_Part(argument, name))
                css, at = "", end
                continue
        elif selector[at] in "([":
            end = _scan(selector, at) + 1
        css += selector[at:end]
        at = end
    if css.strip():
        parts.append(_Part(css.rstrip()))
    return parts


def _is_simple(argument: str) -> bool:
    """Whether cssselect knows what stands in a `:not()`: one condition of one element."""
    bare = re.sub(r"\[[^\]]*\]", "[]", argument.strip())
    return re.fullmatch(r"[\w-]+|[.#][\w-]+|\[\]|:[\w-]+(?:\([\w\s+-]*\))?", bare) is not None and not any(
        bare.startswith(f":{name}(") for name in _OPERATORS
    )
