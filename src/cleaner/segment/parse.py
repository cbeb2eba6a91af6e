"""Text into an element tree, with nothing of the text lost and bounds on time and memory.

libxml2 builds the tree (`lxml.etree.HTMLParser`). It stops reading, and loses what follows, where elements nest deeper
than 2,048: such a page is read once more, by the same tokenizer but with a builder of our own that nests no deeper than
browsers do. Elements with thousands of attributes, over which libxml2 takes quadratic time, go that way too.
Nothing is fetched and no entity but HTML's own is expanded: HTML has no document type subset.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from lxml import etree

from cleaner.errors import TooLargeError

__all__ = ["MAX_CHARS", "MAX_DEPTH", "Parsed", "parse"]

MAX_CHARS: Final = 50_000_000
"""The longest text that is parsed, in characters."""
MAX_DEPTH: Final = 100_000
"""The deepest nesting of elements that is read."""
_MAX_NODES: Final = 5_000_000
"""The most elements and attributes that a tree is made of: about 1 GB."""
_MAX_STEPS: Final = 2_000_000_000
"""Depth times end tags, at most: libxml2 looks for what an end tag closes through all open elements (3 ns each)."""

_CLAMP: Final = 512
"""How deep a rescued tree nests. Blink has the same limit."""
_MAX_ATTRIBUTES: Final = 1_000
"""How many attributes of an element a rescued tree keeps."""
_HARMLESS_BYTES: Final = 262_144
"""Pages of fewer bytes can do no great harm (2 s at worst); larger ones are counted first."""
_HARMLESS_ATTRIBUTES: Final = 131_072
"""As many as fit into such a page."""
_HARMLESS_STEPS: Final = 1_000_000_000
"""Depth times end tags, as in such a page."""
_CHUNK: Final = 65_536

# Characters that an lxml tree cannot hold or that UTF-8 cannot write.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes({*range(0x20)} - set(b"\t\n\r"))
_UNFIT_IN_NAME = re.compile(r"[^\w.:-]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """An element tree."""

    root: Any
    """The `html` element (lxml), with one `body` at most; None where the text holds nothing at all."""
    rescued: bool
    """Whether nesting or attributes were cut back to make it."""


def parse(text: str) -> Parsed:
    """Return the element tree of an HTML text. Comments and processing instructions are left out.

    Lone surrogates become U+FFFD, form feeds and vertical tabs spaces; other control characters are dropped.

    Raises:
        TooLargeError: the text is longer, or its elements are deeper or more, than we can handle.

    """
    if len(text) > MAX_CHARS:
        raise TooLargeError(f"the page has {len(text):,} characters; at most {MAX_CHARS:,} are read")
    data = _bytes(text)
    most_attributes = 0
    if len(data) >= _HARMLESS_BYTES and _may_harm(data):
        survey = _Survey(data.count(b"</"))
        _feed(data, survey)
        most_attributes = survey.most_attributes
    root = _read(data) if most_attributes <= _MAX_ATTRIBUTES else None
    rescued = root is None
    if rescued:
        builder = _Builder()
        _feed(data, builder)
        root = builder.root
    if root is not None:
        _gather(root)
    return Parsed(root, rescued and root is not None)


def _bytes(text: str) -> bytes:
    """Return the text as UTF-8, without what a tree cannot hold."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return _UNFIT.sub(_fit, text).encode()
    # Nearly always there is nothing unfit, and these tell that many times as fast.
    if len(data) == len(data.translate(None, _CONTROLS)) and "\ufffe" not in text and "\uffff" not in text:
        return data
    return _UNFIT.sub(_fit, text).encode()


def _fit(unfit: re.Match[str]) -> str:
    char = unfit[0]
    return " " if char in "\x0b\x0c" else "\ufffd" if "\ud800" <= char <= "\udfff" else ""


def _may_harm(data: bytes) -> bool:
    """Tell whether a page has to be surveyed: whether more is in it than counting characters can rule out.

    Elements open with a `<` that no `/` follows; behind each attribute's name there is white space, a `=` or a `/`
    (WHATWG HTML 13.2.5.33), behind the last one of an element a `>`. Counting takes a fiftieth of a survey's time.
    """
    codes, count = np.frombuffer(data, np.uint8), np.count_nonzero
    opening, slash, blank = codes == ord("<"), codes == ord("/"), codes <= ord(" ")
    ends = int(count(opening[:-1] & slash[1:]))
    depth = int(count(opening)) - ends
    attributes = int(count(slash) + count(codes == ord("=")) + count(blank[:-1] < blank[1:]))
    return depth > MAX_DEPTH or depth * ends > _HARMLESS_STEPS or attributes > _HARMLESS_ATTRIBUTES


def _read(data: bytes) -> Any:
    """Return the tree that libxml2 makes; None where it makes none or stopped before the end."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
    last = parser.error_log.last_error
    return None if last is not None and last.level == etree.ErrorLevels.FATAL else root


def _feed(data: bytes, target: _Survey | _Builder) -> None:
    """Tell `target` of every start tag, end tag and text, those that HTML implies included."""
    parser = etree.HTMLParser(target=cast("Any", target), encoding="utf-8", huge_tree=True)
    # An exception that the target raises takes effect at the end of a chunk.
    for start in range(0, len(data), _CHUNK):
        parser.feed(data[start : start + _CHUNK])
    with contextlib.suppress(etree.XMLSyntaxError):  # nothing there
        parser.close()


class _Survey:
    """Parser target that counts what a page will cost before any tree is made of it."""

    def __init__(self, end_tags: int) -> None:
        self.most_attributes = 0
        """The most on one element."""
        self._nodes = 0
        self._depth = 0
        self._max_depth = min(MAX_DEPTH, _MAX_STEPS // (end_tags + 1))

    def start(self, _tag: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        self._nodes += 1 + len(attributes)
        self._depth += 1
        self.most_attributes = max(self.most_attributes, len(attributes))
        if self._depth > self._max_depth:
            raise TooLargeError(f"elements nest deeper than {self._max_depth:,}")
        if self._nodes > _MAX_NODES:
            raise TooLargeError(f"the page has more than {_MAX_NODES:,} elements and attributes")

    def end(self, _tag: str) -> None:
        """Leave an element."""
        self._depth -= 1

    def close(self) -> None:
        """End of the page."""


class _Builder:
    """Parser target that builds a tree of limited depth.

    An element deeper than the limit becomes a child of the deepest one allowed. The text that follows it stays behind
    it, so that all text is there, in order.
    """

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[Any] = []
        """The elements whose end tag is to come, however deep."""
        self._last: Any = None
        """The element that text comes behind; None where text comes first in the innermost open element."""
        self._text: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        self._put_text()
        if self._open:
            element = _child(self._open[min(len(self._open), _CLAMP) - 1], tag, attributes)
        elif self.root is None:
            element = self.root = etree.HTMLParser().makeelement("html", _fit_attributes(attributes))
        else:  # a second page behind the first
            element = _child(self.root, "div", {})
        self._open.append(element)
        self._last = None

    def end(self, _tag: str) -> None:
        """Close the innermost element."""
        if len(self._open) > _CLAMP and self._last is not None:
            self._open.pop()  # what follows goes where its own text went: behind the last of the flattened elements
            return
        self._put_text()
        self._last = self._open.pop()

    def data(self, text: str) -> None:
        """Add text."""
        self._text.append(text)

    def close(self) -> None:
        """End of the page."""
        if self._open:
            self._put_text()

    def _put_text(self) -> None:
        if not self._text:
            return
        text = _UNFIT.sub(_fit, "".join(self._text))  # `&#1;` comes out as the character
        self._text.clear()
        if self._last is not None:
            self._last.tail = text
        elif self._open:
            self._open[-1].text = text


def _child(parent: Any, tag: str, attributes: dict[str, str]) -> Any:
    try:
        return etree.SubElement(parent, tag, _fit_attributes(attributes))
    except ValueError:  # a tag such as `<a"b>`
        return etree.SubElement(parent, _UNFIT_IN_NAME.sub("-", tag))


def _fit_attributes(attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes that a tree can hold."""
    kept = itertools.islice(attributes.items(), _MAX_ATTRIBUTES)
    return {name: _UNFIT.sub(_fit, value) for name, value in kept if not _UNFIT_IN_NAME.search(name)}


# All that browsers leave in a head; anything else begins the body.
_IN_HEAD: Final = frozenset(
    "base basefont bgsound link meta noframes noscript object script style template title".split()
)


def _gather(root: Any) -> None:
    """Put into `body` what stands before it or comes after its end tag, or after that of `html`, as browsers do.

    Pages are glued together, and templates print `</html>` too early. libxml2 leaves what follows outside the body or
    even outside the root, where nobody would find it. And where a page leaves out `</head>` and `<body>`, as it may,
    libxml2 takes the elements of HTML 5 (`<main>`, `<article>`) for a part of the head.
    """
    later = list(root.itersiblings())
    head, body = root.find("head"), root.find("body")
    strays = itertools.dropwhile(lambda child: child.tag in _IN_HEAD, () if head is None else head)
    begin = [child for child in strays if child.tag != "title" or (child.tail or "").strip()]
    if body is None:
        body = next((found for page in later if (found := page.find("body")) is not None), None)
        if body is None:
            if not later and not begin:
                return
            body = etree.Element("body")
        root.append(body)
    if begin:
        text, body.text = body.text or "", None
        body[:0] = begin
        begin[-1].tail = _joined(begin[-1].tail, text)
    tail, body.tail = body.tail, None
    if tail and tail.strip():
        if len(body):
            body[-1].tail = _joined(body[-1].tail, tail)
        else:
            body.text = _joined(body.text, tail)
    for element in [*body.itersiblings(), *later]:
        for page in list(element.iter("html", "body")):
            page.tag = "div"
        body.append(element)


def _joined(text: str | None, more: str) -> str:
    """Return two texts of a tree as one; libxml2 puts characters into a tree (`&#1;`) that lxml takes from nobody."""
    return _UNFIT.sub(_fit, (text or "") + more)
