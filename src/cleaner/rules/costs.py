"""What an XPath expression may cost on a page, from its shape: libxml2 looks at no clock, and cannot be interrupted.

Two things make it slow. A step that goes through the tree (`//`, `following::`) is taken from each node that the step
before it gave, and libxml2 compares every node that it finds so with all found before: `//div//div` takes cubic time.
And what stands in brackets is evaluated for each node: `//*[count(//*) > 9]`. So the bound is made of how many steps
follow upon one another, of what nests in what, and of how large and deep the page is and how often it has a tag.
CSS comes this way too: lxml makes XPath of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Extent", "Shape", "shape_of"]

_DOWN: Final = frozenset({"descendant", "descendant-or-self"})
_UP: Final = frozenset({"ancestor", "ancestor-or-self"})
_BESIDE: Final = frozenset({"following-sibling", "preceding-sibling"})
_ALL: Final = frozenset({"following", "preceding"})
_SINGLE: Final = frozenset({"self", "parent", "attribute", "namespace", "child", "group"})
"""Those on which libxml2 finds no node twice, or few."""
_ONE_POSITION: Final = re.compile(r"^(?:\d+|last \( \))$|\bposition \( \) = \d+")
_POSITIONAL: Final = frozenset({"position", "last", "count"})
_NODE_TESTS: Final = frozenset({"text", "node", "comment", "processing-instruction"})
_OPERATORS: Final = frozenset({"and", "or", "div", "mod", "*"})
_COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})

# Nanoseconds (libxml2 2.14): to look at a node, to compare a node with one found before or its text with another's, to
# evaluate a predicate, to copy a character of text.
_VISIT: Final = 8.0
_COMPARE: Final = 0.3
_COMPARE_TEXT: Final = 10.0
_PREDICATE: Final = 60.0
_CHARACTER: Final = 0.1

_COUNTING: Final = 1e8
"""Nanoseconds to spend on counting what a step hits, at most."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a page is, as far as expressions feel it."""

    elements: int
    depth: int
    """Of the deepest element."""
    mean_depth: float
    """Of all elements: as many lie below one of them on average."""
    width: int
    """Most children of one element."""
    characters: int
    tagged: Callable[[str], int]
    """How many elements have a tag."""
    count: Callable[[str], float]
    """The value of an XPath expression that counts nodes in one walk; asked where tags alone say too little."""


@dataclass(slots=True)
class _Step:
    axis: str
    test: str
    predicates: list[Shape] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    """The predicates as written, up to the first that asks for a position."""
    is_single: bool = False
    """Whether it gives one node for each it is taken from: `p[1]`."""


@dataclass(slots=True)
class _Path:
    is_absolute: bool
    steps: list[_Step] = field(default_factory=list)


@dataclass(slots=True)
class Shape:
    """The paths of an expression, those in the arguments of its functions included."""

    paths: list[_Path] = field(default_factory=list)
    compares: bool = False
    """Whether it may compare sets of nodes, which is done one by one."""

    @property
    def walks(self) -> int:
        """How many steps go through the page, or are not bounded by one walk through it."""
        steps = [step for path in self.paths for step in path.steps]
        return sum((step.axis not in _SINGLE) + sum(shape.walks for shape in step.predicates) for step in steps)

    def seconds(self, page: Extent, *, closely: bool = False) -> float:
        """Return how long the expression takes on a page at most, roughly; `closely`: count what its steps hit."""
        return _Cost(page, closely).of_shape(self, is_inner=False) * 1e-9


def shape_of(tokens: Sequence[str]) -> Shape:
    """Return the shape of an expression, given as its tokens."""
    shape = Shape()
    path: _Path | None = None
    axis = "child"
    after_operand = False  # then a name or a star is an operator
    at = 0
    while at < len(tokens):
        sign = tokens[at]
        ends_operand = False
        if sign in ("/", "//"):
            path = path or _begin(shape, is_absolute=True)
            axis = "descendant" if sign == "//" else "child"
        elif (opening := _opening(tokens, at)) is not None:
            at = _closing(tokens, opening)
            inner = shape_of(tokens[opening + 1 : at])
            if sign == "[" and path is not None and path.steps:
                _narrow(path.steps[-1], inner, tokens[opening : at + 1])
            else:  # a function or a group: what it gives may go on as a path
                shape.paths += inner.paths
                shape.compares |= inner.compares
                path = None
                if at + 1 < len(tokens) and tokens[at + 1] in ("[", "/", "//"):
                    path = _begin(shape, is_absolute=False)
                    path.steps.append(_Step("group", "*"))
            ends_operand = True
        elif (after_operand and sign in _OPERATORS) or not (_is_name(sign) or sign in ("*", "@", ".", "..")):
            shape.compares |= sign in _COMPARISONS
            path, ends_operand = None, sign[0] in "\"'." or sign[0].isdigit()
        else:
            path = path or _begin(shape, is_absolute=False)
            at = _read_step(tokens, at, axis, path)
            axis, ends_operand = "child", True
        after_operand = ends_operand
        at += 1
    return shape


def _is_name(sign: str) -> bool:
    return sign[0].isalpha() or sign[0] == "_"


def _opening(tokens: Sequence[str], at: int) -> int | None:
    """Return where the brackets begin of a predicate, a group or a function; None for anything else."""
    if tokens[at] in ("[", "("):
        return at
    is_call = _is_name(tokens[at]) and tokens[at] not in _NODE_TESTS and tokens[at + 1 : at + 2] == ["("]
    return at + 1 if is_call else None


def _read_step(tokens: Sequence[str], at: int, axis: str, path: _Path) -> int:
    """Add the step that begins at `at` to a path; return where it ends."""
    stated = {".": "self", "..": "parent", "@": "attribute"}.get(tokens[at])
    test = "*" if stated else tokens[at]
    if stated is None and tokens[at + 1 : at + 2] == ["::"]:
        stated, at = tokens[at], at + 2
        test = tokens[at] if at < len(tokens) else "*"
    elif tokens[at] == "@":
        at += 1
    if stated is not None and axis == "descendant":  # `//` before an axis is a step of its own
        path.steps.append(_Step("descendant", "*"))
    if tokens[at + 1 : at + 2] == ["("]:  # text(), node()
        at, test = _closing(tokens, at + 1), "*"
    path.steps.append(_Step(stated or axis, test))
    return at


def _begin(shape: Shape, *, is_absolute: bool) -> _Path:
    shape.paths.append(_Path(is_absolute))
    return shape.paths[-1]


def _closing(tokens: Sequence[str], opening: int) -> int:
    depth = 0
    for at in range(opening, len(tokens)):
        depth += (tokens[at] in "([") - (tokens[at] in ")]")
        if depth == 0:
            return at
    return len(tokens) - 1


def _narrow(step: _Step, predicate: Shape, tokens: Sequence[str]) -> None:
    step.predicates.append(predicate)
    inner = " ".join(tokens[1:-1])
    if _ONE_POSITION.search(inner) and "or" not in tokens:
        step.is_single = True
    elif len(step.conditions) == len(step.predicates) - 1 and not (_POSITIONAL & {*tokens} or _is_number(tokens)):
        step.conditions.append(" ".join(tokens))


def _is_number(tokens: Sequence[str]) -> bool:
    """Whether a predicate may be a number, which asks for a position."""
    return not {"@", "=", "!=", "and", "or", "contains", "starts-with", "not"} & {*tokens}


class _Cost:
    """Nanoseconds that expressions take on one page."""

    def __init__(self, page: Extent, closely: bool) -> None:
        self.page = page
        self.closely = closely

    def of_shape(self, shape: Shape, *, is_inner: bool) -> float:
        cost, sizes = 0.0, [1.0]
        for path in shape.paths:
            path_cost, size = self._of_path(path, is_inner=is_inner and not path.is_absolute)
            cost += path_cost
            sizes.append(size)
        if shape.compares and len(sizes) > 2:
            less, more = sorted(sizes)[-2:]
            cost += less * more * _COMPARE_TEXT
        return cost

    def _of_path(self, path: _Path, *, is_inner: bool) -> tuple[float, float]:
        """Return what a path costs, and how many nodes it gives; `is_inner`: from one node of many, on average."""
        page = self.page
        nodes, cost = 1.0, 0.0
        for number, step in enumerate(path.steps):
            is_first = number == 0 and not is_inner
            visited = self._visited(step, nodes, is_inner=is_inner, is_first=is_first)
            most = self._tagged(step)
            seen = min(visited, self._with_repeats(step, nodes, most))
            cost += visited * _VISIT
            if step.is_single and step.predicates:
                seen = min(seen, nodes)
            tests = 0.0
            for index, predicate in enumerate(step.predicates):  # each is evaluated for what has passed those before
                test = _PREDICATE + self.of_shape(predicate, is_inner=True)
                cost += seen * test
                tests += test
                most = min(most, self._passing(step, index, tests))
                seen = min(seen, self._with_repeats(step, nodes, most))
            if nodes > 1 and step.axis not in _SINGLE:
                cost += seen * min(seen, most) * _COMPARE
            nodes = max(min(seen, most), 1.0)
        if (
            (is_inner or path.is_absolute) and path.steps and path.steps[-1].axis != "attribute"
        ):  # as a string: of the node on average, or of the first one found
            share = min(page.mean_depth / max(page.elements, 1), 1.0) if is_inner else 1.0
            cost += page.characters * share * _CHARACTER
        return cost, nodes

    def _visited(self, step: _Step, nodes: float, *, is_inner: bool, is_first: bool) -> float:
        """Return how many nodes are looked at for a step from so many."""
        page = self.page
        if step.axis in _DOWN:
            if is_first:
                return page.elements
            return nodes * page.mean_depth if is_inner else min(nodes, page.mean_depth) * page.elements
        if step.axis in _UP:
            return nodes * (page.mean_depth if is_inner else page.depth)
        if step.axis in _BESIDE:
            return nodes * page.width
        if step.axis in _ALL:
            return nodes * page.elements
        if step.axis == "group":
            return page.elements
        if step.axis == "child":
            return nodes * 2 if is_inner else min(nodes * page.width, page.elements)
        return nodes

    def _with_repeats(self, step: _Step, nodes: float, most: float) -> float:
        """Return how often `most` nodes are found in a step from `nodes`: once from each that has them on its axis."""
        if step.axis in _DOWN:
            return most * min(nodes, self.page.depth)
        if step.axis in _BESIDE:
            return most * min(nodes, self.page.width)
        return most * nodes if step.axis in _ALL or step.axis in _UP else max(most, nodes)

    def _tagged(self, step: _Step) -> float:
        return self.page.elements if step.test == "*" else self.page.tagged(step.test) + 1

    def _passing(self, step: _Step, index: int, tests: float) -> float:
        """Return how many nodes of the page pass the predicates up to one, counted where that is worth its time."""
        if not self.closely or index >= len(step.conditions) or self.page.elements * tests > _COUNTING:
            return self.page.elements
        return self.page.count(f"count(//{step.test}{''.join(step.conditions[: index + 1])})")
