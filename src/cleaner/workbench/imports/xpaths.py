"""XPath expressions of other programs, as our rules may hold them: as CSS where that says the same, else as XPath.

CSS that names one element costs next to nothing on a page, and people read it. And a file on probation may not look
upwards or backwards in the tree; much that does can be said the other way round:

======================================  ================================
`//a[p]/ancestor::div[q]`               `//div[q][.//a[p]]`
`//h3[p]/preceding-sibling::ul`         `//ul[following-sibling::h3[p]]`
`//p[ancestor::div[q]]`                 `//div[q]//p`
`id("x")//p`                            `//*[@id="x"]//p`
======================================  ================================

What depends on a position (`ancestor::div[1]`) is left as it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product

__all__ = ["alternatives", "as_css", "css_string", "literal", "rewritten", "split_attribute"]

_TOKEN = re.compile(
    r"""\s*("[^"]*"|'[^']*'|\d+(?:\.\d*)?|\.\d+|\.\.|::|//|!=|<=|>=|[][()@,/|+=<>*.$-]"""
    r"""|[^\W\d][\w.-]*(?::(?!:)(?:\*|[^\W\d][\w.-]*))?)"""
)
_PLAIN = re.compile(r"[a-z][a-z0-9-]*")
_IDENTIFIER = re.compile(r"-?[_a-zA-Z][\w-]*", re.ASCII)
_BY_ID = re.compile(r"""^id\(\s*("[^"]+"|'[^']+')\s*\)""")
_MAX_ALTERNATIVES = 12
_OPENING, _CLOSING = ("(", "["), (")", "]")
_CSS_OPERATORS = {"contains": "*=", "starts-with": "^="}
_POSITIONAL = frozenset({"position", "last", "count"})
_SPACED = ("normalize-space", "(", "@", "class", ")")


class _UnlikeCssError(Exception):
    """An expression says what CSS cannot say."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of a path."""

    before: str
    """`/` or `//`."""
    axis: str
    """Empty for a child, `@` for an attribute."""
    test: str
    predicates: tuple[tuple[str, ...], ...] = ()
    """The tokens between each pair of brackets."""

    def __str__(self) -> str:
        axis = self.axis if self.axis in ("", "@") else f"{self.axis}::"
        return f"{self.before}{axis}{self.test}{''.join(f'[{_join(part)}]' for part in self.predicates)}"

    @property
    def is_positional(self) -> bool:
        return any(
            part[0].isdigit() or not _POSITIONAL.isdisjoint(part) or {"-", "+"} & set(part) for part in self.predicates
        )


def literal(text: str) -> str:
    """Return `text` as XPath has it. There are no escapes: with both quotes in it, it is put together."""
    for quote in "'\"":
        if quote not in text:
            return f"{quote}{text}{quote}"
    parts = ', "\'", '.join(f"'{part}'" for part in text.split("'"))
    return f"concat({parts})"


def css_string(text: str) -> str:
    """Return `text` as a CSS string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def alternatives(source: str) -> list[str]:
    """Return what stands between the `|` of an expression."""
    tokens = _tokens(source)
    if tokens is None:
        return [source]
    parts: list[list[str]] = [[]]
    depth = 0
    for sign in tokens:
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if sign == "|" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(sign)
    if len(parts) == 1 or not all(parts):
        return [source]
    return [_join(part) for part in parts]


def split_attribute(source: str) -> tuple[str, str | None]:
    """Return an expression without the attribute that it selects in the end, and the name of that."""
    steps = _steps(source)
    if steps is None or len(steps) < 2 or steps[-1].axis != "@" or steps[-1].before != "/" or steps[-1].predicates:
        return source, None
    if not _PLAIN.fullmatch(steps[-1].test.replace("_", "-").replace(":", "-")):
        return source, None
    return "".join(map(str, steps[:-1])), steps[-1].test


def as_css(source: str) -> str | None:
    """Return the CSS selector that hits what an expression hits, None where there is none."""
    found = []
    for part in alternatives(source):
        steps = _steps(part)
        if steps is None or steps[0].before != "//":
            return None
        try:
            found.append(_css_path(steps))
        except _UnlikeCssError:
            return None
    return ", ".join(found)


def rewritten(source: str) -> str:
    """Return an expression without the axes that are not for files on probation, as far as that can be said."""
    source = _BY_ID.sub(lambda match: f"//*[@id={match.group(1)}]", source.strip())
    steps = _steps(source)
    if steps is None or steps[0].before != "//":
        return source
    for index, step in enumerate(steps):
        if step.is_positional:
            return source
        before = steps[:index]
        if index and step.before == "/" and step.axis == "ancestor":
            if any(earlier.axis != "following-sibling" for earlier in before[1:]):
                return source  # an ancestor of the last element may be one of the elements before it, or between them
            inner = "." + "".join(map(str, before))
            turned = replace(step, before="//", axis="", predicates=(*step.predicates, (inner,)))
            steps = [turned, *steps[index + 1 :]]
        elif index and step.before == "/" and step.axis == "preceding-sibling" and before[-1].axis == "":
            inner = str(replace(before[-1], before="", axis="following-sibling"))
            turned = replace(step, before=before[-1].before, axis="", predicates=(*step.predicates, (inner,)))
            steps = [*before[:-1], turned, *steps[index + 1 :]]
        elif index == 0 and (turned_first := _around(step)):
            steps = [*turned_first, *steps[1:]]
        else:
            continue
        return rewritten("".join(map(str, steps)))
    return source


def _around(step: _Step) -> list[_Step] | None:
    """Return a first step as two, if one of its predicates asks for an ancestor."""
    outer = [part for part in step.predicates if _is_ancestor(part)]
    around = _steps("//" + _join(outer[0][2:])) if len(outer) == 1 else None
    if around is None or len(around) != 1 or around[0].is_positional:
        return None
    return [around[0], replace(step, predicates=tuple(part for part in step.predicates if part is not outer[0]))]


def _is_ancestor(predicate: tuple[str, ...]) -> bool:
    return predicate[:2] == ("ancestor", "::") and not {"and", "or", "=", "|", "/"} & set(_outer(predicate))


def _outer(tokens: tuple[str, ...]) -> list[str]:
    """Return the tokens that stand in no brackets."""
    depth = 0
    found = []
    for sign in tokens:
        depth -= sign in _CLOSING
        if depth == 0:
            found.append(sign)
        depth += sign in _OPENING
    return found


# ---- reading ---------------------------------------------------------------------------------------------------------


def _tokens(source: str) -> list[str] | None:
    tokens = []
    at = 0
    source = source.strip()
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            return None
        tokens.append(match.group(1))
        at = match.end()
    return tokens


def _join(tokens: tuple[str, ...] | list[str]) -> str:
    """Return tokens as text: a space only where two names would become one."""
    text = ""
    for sign in tokens:
        names = bool(text) and (text[-1].isalnum() or text[-1] in "_-.") and (sign[0].isalnum() or sign[0] == "_")
        if names or sign in ("and", "or", "-") or text.endswith((" and", " or", "-")):
            text += " "
        text += sign
    return text


def _steps(source: str) -> list[_Step] | None:
    """Return the steps of a path that starts at the root; None for anything else."""
    tokens = _tokens(source)
    if not tokens or tokens[0] not in ("/", "//"):
        return None
    steps = []
    at = 0
    while at < len(tokens):
        before = tokens[at]
        if before not in ("/", "//") or at + 1 >= len(tokens):
            return None
        at += 1
        axis = ""
        if tokens[at] == "@":
            axis, at = "@", at + 1
        elif at + 2 < len(tokens) and tokens[at + 1] == "::":
            axis, at = tokens[at], at + 2
            axis = {"child": "", "attribute": "@"}.get(axis, axis)
        if at >= len(tokens) or not (tokens[at] == "*" or tokens[at][0].isalpha() or tokens[at][0] == "_"):
            return None
        test, at = tokens[at], at + 1
        if at < len(tokens) and tokens[at] == "(":
            return None
        predicates = []
        while at < len(tokens) and tokens[at] == "[":
            end = _closing(tokens, at)
            if end is None or end == at + 1:
                return None
            predicates.append(tuple(tokens[at + 1 : end]))
            at = end + 1
        steps.append(_Step(before, axis, test, tuple(predicates)))
    return steps


def _closing(tokens: list[str] | tuple[str, ...], opening: int) -> int | None:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at] in _OPENING) - (tokens[at] in _CLOSING)
        if depth == 0:
            return at
    return None


# ---- CSS -------------------------------------------------------------------------------------------------------------


def _css_path(steps: list[_Step]) -> str:
    paths = [""]
    for index, step in enumerate(steps):
        match (step.before, step.axis):
            case ("//", ""):
                joint = " "
            case ("/", "") if index:
                joint = " > "
            case ("/", "following-sibling") if index:
                joint = " ~ "
            case ("/", "descendant") if index:
                joint = " "
            case _:
                raise _UnlikeCssError
        if step.test != "*" and not _PLAIN.fullmatch(step.test):
            raise _UnlikeCssError
        parts = product(*[_conditions(list(predicate)) for predicate in step.predicates])
        compounds = [_compound(step.test, [one for part in group for one in part]) for group in parts]
        if len(paths) * len(compounds) > _MAX_ALTERNATIVES:
            raise _UnlikeCssError
        paths = [f"{path}{joint}{compound}" if path else compound for path in paths for compound in compounds]
    return ", ".join(paths)


def _compound(test: str, conditions: list[str]) -> str:
    """Return the selector of one element."""
    # A class or an id reads best right after the tag.
    conditions = sorted(dict.fromkeys(conditions), key=lambda condition: "#.".find(condition[0]) % 3)
    return ("" if test == "*" and conditions else test) + "".join(conditions)


def _conditions(tokens: list[str]) -> list[list[str]]:
    """Return a condition as alternatives of conjunctions of CSS conditions."""
    parts = _split(tokens, "or")
    if len(parts) > 1:
        return [conjunction for part in parts for conjunction in _conditions(part)]
    parts = _split(tokens, "and")
    if len(parts) > 1:
        found = [[one for part in group for one in part] for group in product(*map(_conditions, parts))]
        if len(found) > _MAX_ALTERNATIVES:
            raise _UnlikeCssError
        return found
    if tokens and tokens[0] == "(" and _closing(tokens, 0) == len(tokens) - 1:
        return _conditions(tokens[1:-1])
    if tokens[:2] == ["not", "("] and _closing(tokens, 1) == len(tokens) - 1:
        # Not (a or (b and c)) is not-a and (not-b or not-c).
        negated = [[[f":not({one})"] for one in part] for part in _conditions(tokens[2:-1])]
        if any(":not(:not" in one for part in negated for group in part for one in group):
            raise _UnlikeCssError
        return [[one for part in group for one in part] for group in product(*negated)]
    return [[_condition(tokens)]]


def _split(tokens: list[str], word: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    depth = 0
    for sign in tokens:
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if sign == word and depth == 0 and parts[-1] and parts[-1][-1] != "@":
            parts.append([])
        else:
            parts[-1].append(sign)
    return parts


def _condition(tokens: list[str]) -> str:
    match tokens:
        case ["@", name]:
            return f"[{_attribute(name)}]"
        case ["@", name, "=", value] | [value, "=", "@", name] if _is_literal(value):
            text = _value(value)
            if name == "id" and _IDENTIFIER.fullmatch(text):
                return f"#{text}"
            return f"[{_attribute(name)}={css_string(text)}]"
        case ["contains" | "starts-with" as function, "(", "@", name, ",", value, ")"] if _is_literal(value):
            return f"[{_attribute(name)}{_CSS_OPERATORS[function]}{css_string(_value(value))}]"
        case ["contains", "(", "concat", "(", left, ",", *inner, ",", right, ")", ",", value, ")"]:
            word = _value(value) if _is_literal(value) else ""
            named = tuple(inner) in (_SPACED, ("@", "class"))
            if (
                not named
                or left[1:-1] != " "
                or right[1:-1] != " "
                or f" {word.strip()} " != word
                or " " in word.strip()
            ):
                raise _UnlikeCssError
            word = word.strip()
            return f".{word}" if _IDENTIFIER.fullmatch(word) else f"[class~={css_string(word)}]"
        case _:
            raise _UnlikeCssError


def _is_literal(sign: str) -> bool:
    return sign[0] in "'\""


def _value(sign: str) -> str:
    """Return a literal's text. CSS never finds an empty one, and has control characters escaped."""
    text = sign[1:-1]
    if not text or not text.isprintable():
        raise _UnlikeCssError
    return text


def _attribute(name: str) -> str:
    if not _PLAIN.fullmatch(name):
        raise _UnlikeCssError
    return name
