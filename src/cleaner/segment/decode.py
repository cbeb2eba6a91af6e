"""Bytes into text, without trusting what a page says of itself; and what kind of content a text is.

A page states its encoding in up to three places, and any of them may be wrong. What the bytes prove outranks what is
stated: text that is not UTF-8 is almost never valid UTF-8 by accident. So the order is

1. a byte order mark, and UTF-16 or UTF-32 without one (told by its zero bytes);
2. valid UTF-8, or UTF-8 but for some broken or foreign bytes: never mind what is stated;
3. the transport's charset, then the page's own, each only if the bytes bear it out;
4. detection, on a bounded sample of the text that is not ASCII;
5. windows-1252.

Labels mean what browsers take them to mean (WHATWG Encoding Standard): `latin1` is windows-1252, `gb2312` is GB18030.
NUL characters carry no text; they are dropped from what is decoded, as browsers drop them from a page's text.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import webencodings

from cleaner.model import Page

__all__ = ["Decoded", "decode", "looks_binary", "looks_like_html"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as text."""

    text: str
    encoding: str
    """WHATWG name of what it was decoded from (`utf-8`, `windows-1252`); `unicode` where it came as text."""


def decode(page: Page) -> Decoded:
    """Return the content of `page` as text, without NUL characters and byte order mark. Never fails."""
    if isinstance(page.content, str):
        text, encoding = page.content, "unicode"
    else:
        text, encoding = _decode_bytes(page.content, _stated(page))
    return Decoded(text.removeprefix("\ufeff").replace("\0", ""), encoding)


# --- Encodings ---------------------------------------------------------------------------------------------------

# How much of a page is looked at, in bytes: for its declaration; to judge it; and to detect an encoding.
_PRESCAN = 16_384
_WINDOW = 524_288
_SAMPLE = 16_384

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32le"),
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
# Python's codecs for WHATWG names where the first one meant is not the one to use; the later ones know more characters.
_CODECS = {
    "gbk": ("gb18030",),
    "big5": ("big5hkscs", "cp950"),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "iso-2022-jp": ("iso2022_jp_ext", "iso2022_jp_2004"),
    "iso-2022-kr": ("iso2022_kr",),
    "hz-gb-2312": ("hz",),
}
_DOUBLE_BYTE = frozenset({"gbk", "gb18030", "big5", "euc-jp", "shift_jis", "euc-kr"})
# Encodings made of ASCII bytes, by what switches them on. Browsers dropped all but the first; archives did not.
_ESCAPED = {
    "iso-2022-jp": re.compile(rb"\x1b\$[@B]|\x1b\([IJ]"),
    "iso-2022-kr": re.compile(rb"\x1b\$\)C"),
    "hz-gb-2312": re.compile(rb"~\{"),
}
# An ISO 8859 page that uses the range of control characters is really in the Windows code page of its script.
_WINDOWS_SIBLING = {
    "iso-8859-2": "windows-1250",
    "iso-8859-5": "windows-1251",
    "iso-8859-7": "windows-1253",
    "iso-8859-8": "windows-1255",
    "iso-8859-6": "windows-1256",
    "iso-8859-4": "windows-1257",
    "iso-8859-13": "windows-1257",
}
_C1 = re.compile(rb"[\x80-\x9f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_CHARSET = re.compile(r"""\bcharset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""", re.IGNORECASE)


def _stated(page: Page) -> list[str]:
    """Return the labels that came with the page from outside."""
    parameter = _CHARSET.search(page.media_type or "")
    return [label for label in (page.charset, parameter and parameter[1]) if label]


def _declared(content: bytes) -> str | None:
    """Return the label that the page itself declares, in a `<meta>` or an XML declaration."""
    from bs4.dammit import EncodingDetector  # 130 ms, and only pages that are not plain UTF-8 need it

    return EncodingDetector.find_declared_encoding(content[:_PRESCAN], is_html=True, search_entire_document=True)


def _whatwg(label: str) -> str | None:
    """Return the WHATWG name a label stands for, None where it stands for none."""
    found = webencodings.lookup(label)
    if found is None or found.name == "x-user-defined":
        return None
    if found.name == "replacement":  # encodings that browsers gave up; some of them we can read
        name = label.strip().lower()
        return name if name in _CODECS else None
    return found.name


def _decode_bytes(content: bytes, stated: list[str]) -> tuple[str, str]:
    for mark, name in _BOMS:
        if content.startswith(mark) and _read_wide(content[:_SAMPLE], name):
            return _read(content, name), name
    wide = _wide(content, _names(stated))
    if wide:
        return _read(content, wide), wide

    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        return _mend(content, error.start) or _legacy(content, _names([*stated, _declared(content)]))
    # Valid UTF-8 is UTF-8, but for text that hides in ASCII.
    for name, switch in _ESCAPED.items():
        if (
            content.isascii()
            and switch.search(content)
            and (name == "iso-2022-jp" or name in _names([*stated, _declared(content)]))
        ):
            return _read(content, name), name
    return text, "utf-8"


def _names(labels: Iterable[str | None]) -> list[str]:
    """Return the WHATWG names of the labels that have one."""
    return [name for label in labels if label and (name := _whatwg(label))]


def _read(content: bytes, name: str) -> str:
    """Decode by the WHATWG name of an encoding; what cannot be decoded becomes U+FFFD."""
    if name == "windows-1252":
        # Bytes that form the commonest UTF-8 sequences are that: pages put together from two sources have both.
        parts = _UTF_8_WITHIN.split(content)
        return "".join(_western(part) if at % 2 == 0 else part.decode() for at, part in enumerate(parts))
    known = _CODECS.get(name)
    if known is None:
        encoding = webencodings.lookup(name)
        known = (encoding.codec_info.name if encoding else name,)
    for codec in known:
        try:
            return content.decode(codec)
        except UnicodeError:
            continue
    return content.decode(known[0], "replace")


# --- UTF-16 and UTF-32 without a mark


def _wide(content: bytes, labels: Collection[str] = ()) -> str | None:
    """Return which UTF-16 or UTF-32 the content is in; None where it is in neither.

    Such text holds zero bytes as soon as it holds a space or a line end; without any, it takes a label to suspect it.
    """
    if b"\0" not in content[:_SAMPLE] and not any(label.startswith("utf-16") for label in labels):
        return None
    sample = content[:_SAMPLE].rstrip(b"\0")
    as_utf_8 = _window(sample, 0)
    if _odd_share(as_utf_8) < 0.05 and as_utf_8.count("\ufffd") <= 0.05 * _beyond_ascii(as_utf_8):
        return None  # UTF-8 with a few stray NULs
    # Of the byte orders the wrong one shows neither spaces nor punctuation.
    sample = content[: min(_SAMPLE, len(content) & ~3)]
    shares = {name: len(_PLAIN.findall(text)) / len(text) for name in _WIDE if (text := _read_wide(sample, name))}
    best = max(shares, key=lambda name: shares[name], default=None)
    return best if best and shares[best] > 0.01 else None


def _read_wide(sample: bytes, name: str) -> str:
    """Return the sample read in this UTF-16 or UTF-32, "" where it is no text in it. It may end within a character."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample).rstrip("\0")
    except UnicodeDecodeError:
        return ""
    return text if _odd_share(text) < 0.1 else ""


def _odd_share(text: str) -> float:
    """Return the share of characters that no text has: controls, private, unassigned, lone surrogates."""
    counts = Counter(text)
    odd = sum(n for char, n in counts.items() if char not in "\t\n\r\f\x1b" and unicodedata.category(char) in _ODD)
    return odd / max(len(text), 1)


_WIDE = ("utf-32le", "utf-32be", "utf-16le", "utf-16be")
_PLAIN = re.compile(r"[\t\n\r -~\u2018-\u201d\u3000-\u3002\u300c\u300d\uff01-\uff1f]")
_ODD = frozenset({"Cc", "Cn", "Co", "Cs"})


# --- UTF-8 with flaws

_STRAY = "cleaner.stray"
_UNDEFINED = "cleaner.undefined"
# Latin letters and punctuation, which nobody writes as these pairs and triples of windows-1252 characters.
_UTF_8_WITHIN = re.compile(rb"((?:[\xc2\xc3][\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf])+)")


def _western(content: bytes) -> str:
    return content.decode("cp1252", _UNDEFINED)


def _undefined_bytes(error: UnicodeError) -> tuple[str, int]:
    """Read the five bytes that windows-1252 leaves undefined as control characters, as browsers do."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _stray_bytes(error: UnicodeError) -> tuple[str, int]:
    """In a UTF-8 page of Latin text: read a single byte as windows-1252, unless it begins a character cut off."""
    assert isinstance(error, UnicodeDecodeError)
    bad = error.object[error.start : error.end]
    cut_off = len(bad) > 1 or bad in (b"\xc2", b"\xc3", b"\xe2")
    return "\ufffd" if cut_off else _western(bad), error.end


codecs.register_error(_UNDEFINED, _undefined_bytes)
codecs.register_error(_STRAY, _stray_bytes)


def _window(content: bytes, around: int) -> str:
    """Return some of the content around a place as UTF-8, U+FFFD for what is broken."""
    start = max(0, around - _WINDOW)
    while start and start < around and content[start] & 0xC0 == 0x80:  # within a character
        start += 1
    return codecs.getincrementaldecoder("utf-8")("replace").decode(content[start : around + _WINDOW])


def _beyond_ascii(text: str) -> int:
    """Return how many characters are not ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _mend(content: bytes, error: int) -> tuple[str, str] | None:
    """Decode what is UTF-8 but for some broken or foreign bytes, the first at `error`; None where it is not that.

    Other encodings give at most 3 valid sequences in 10 when read as UTF-8 (Shift-JIS; most give none).
    """
    text = _window(content, error)
    broken, beyond_ascii = text.count("\ufffd"), _beyond_ascii(text)
    if 2 * broken > beyond_ascii:
        return None
    latin = sum(1 for char in text if "\u00a0" <= char < "\u0250" or "\u2000" <= char < "\u20d0")
    return content.decode("utf-8", _STRAY if 2 * latin >= beyond_ascii - broken else "replace"), "utf-8"


# --- Legacy encodings

# What charset-normalizer may answer (Python's names), and the WHATWG name of it.
_DETECTABLE = {
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
    "euc_jp": "euc-jp",
    "cp932": "shift_jis",
    "koi8_r": "koi8-r",
    "koi8_u": "koi8-u",
    "cp866": "ibm866",
    "cp874": "windows-874",
    "iso8859_5": "iso-8859-5",
    "iso8859_7": "iso-8859-7",
    "mac_cyrillic": "x-mac-cyrillic",
    **{f"cp{number}": f"windows-{number}" for number in range(1250, 1259)},
}
# Latin alphabets by language, their letters beyond ASCII, under the encodings that hold them. Code pages of Latin
# script differ in a few letters only: the reading whose letters one language explains best is the right one.
_WEST = ("àâæçèéêëîïôùûüÿœ", "äöüßé", "áéíñóúü", "àáâãçéêíóôõúü", "àèéìíîòóùú", "äåöéæøà", "áðéíóúýþæö", "éëïóöèüêà")
_EAST = ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţșț", "čćđšž")
_ALPHABETS = (
    ("windows-1252", _WEST),
    ("windows-1250", _EAST),
    ("iso-8859-2", _EAST),
    ("windows-1254", ("âçğıîöşüû",)),
    ("windows-1257", ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")),
    ("windows-1258", ("ăâđêôơư\u0300\u0301\u0303\u0309\u0323",)),
)
_TYPOGRAPHY = frozenset("\u00a0‘’‚“”„‹›«»–—…•·§°©®™€£¥¢†‡¿¡ªº²³½¼¾´×µ")
_MARKUP = re.compile(rb"[<>\n]")


def _legacy(content: bytes, labels: list[str]) -> tuple[str, str]:
    sample = _sample(content)
    # High bytes among the letters: a few in Latin script, nearly all in any other. A handful may be quotes and dashes.
    high = len(sample) - len(sample.translate(None, bytes(range(0x80, 0x100))))
    letters = high + sum(map(sample.count, _ASCII_LETTERS))
    latin = high < max(0.35 * letters, 10)

    latin_name, fit = _latin_reading(sample)
    for name in labels:
        if name.startswith("utf-") or name in _ESCAPED:
            continue  # it would have been told by now
        if name in _DOUBLE_BYTE:
            text = _read(content, name)
            if 50 * text.count("\ufffd") <= _beyond_ascii(text):
                return text, name
        elif name != "windows-1252":
            if name in _WINDOWS_SIBLING and _C1.search(content):
                name = _WINDOWS_SIBLING[name]
            return _read(content, name), name
        elif latin:  # else it is what a server says that knows nothing
            return _read(content, latin_name), latin_name
    name = latin_name if latin and fit > 0.6 else _detect(sample, latin_name)
    return _read(content, name), name


_ASCII_LETTERS = [bytes((value,)) for value in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]


def _sample(content: bytes) -> bytes:
    """Return the first texts of the content that are not ASCII. In no encoding is `<` or `>` part of a character."""
    first = _HIGH.search(content)
    start = max(0, first.start() - 1000) if first else 0
    texts, size = [], 0
    for text in _MARKUP.split(content[start : start + _WINDOW]):
        if not text.isascii():
            texts.append(text)
            size += len(text) + 1
            if size > _SAMPLE:
                break
    sample = b"\n".join(texts)
    if len(sample) > _SAMPLE:  # cut where no character is cut
        sample = sample[: max(sample.rfind(space, 0, _SAMPLE) for space in (b" ", b"\n", b'"')) + 1] or sample[:_SAMPLE]
    return sample


def _latin_reading(sample: bytes) -> tuple[str, float]:
    """Return the encoding that is most probable for Latin script, and the share of letters that it explains."""
    fits = {name: _fit(sample, name, alphabets) for name, alphabets in _ALPHABETS}
    best = max(fits, key=lambda name: fits[name])
    # Another code page than the usual one takes a language that fits, and more than one letter to show it.
    letters = (fits[best] - fits["windows-1252"]) * sum(byte >= 0xA0 for byte in sample)
    name = best if fits[best] > 0.9 and letters >= 1.5 else "windows-1252"
    return name, fits[name]


def _detect(sample: bytes, latin_name: str) -> str:
    """Return the encoding that the sample is most probably in; `latin_name` if that is one of Latin script."""
    from charset_normalizer import from_bytes  # slow to import, seldom needed

    match = from_bytes(sample, cp_isolation=list(_DETECTABLE)).best()
    found = _DETECTABLE[match.encoding] if match else "windows-1252"
    return latin_name if found in dict(_ALPHABETS) else found


def _fit(sample: bytes, name: str, alphabets: tuple[str, ...]) -> float:
    """Return which share of the non-ASCII letters one alphabet explains, read in this encoding."""
    text = _western(sample) if name == "windows-1252" else _read(sample, name)
    counts = Counter(char for char in text.lower() if char > "\x7f" and char not in _TYPOGRAPHY)
    total = counts.total()
    return max(sum(counts[char] for char in alphabet) for alphabet in alphabets) / total if total else 1.0


# --- Content -----------------------------------------------------------------------------------------------------

_SIGNATURES = (
    b"%PDF-",
    b"\x89PNG\r\n",
    b"\xff\xd8\xff",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"\xfd7zXZ\0",
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",
    b"\xd0\xcf\x11\xe0\xa1\xb1",
    b"\x7fELF",
    b"OggS\0",
    b"Rar!\x1a",
    b"bplist00",
)
_MANY_CONTROLS = 0.1


def looks_binary(content: bytes | str) -> bool:
    """Whether content is no text at all: a PDF, an image, an archive, or full of characters that no text has."""
    if isinstance(content, str):
        sample = content[:_SAMPLE]
        return sample.startswith("%PDF-") or _control_share(sample.encode("latin-1", "replace")) > _MANY_CONTROLS
    if content.startswith(_SIGNATURES):
        return True
    if content.startswith(tuple(mark for mark, _ in _BOMS)) or _wide(content):
        return False
    return _control_share(content[:_SAMPLE]) > _MANY_CONTROLS


def _control_share(sample: bytes) -> float:
    """Return the share of C0 control characters that are neither white space nor the escape of ISO 2022."""
    return 1 - len(sample.translate(None, _CONTROLS)) / len(sample) if sample else 0.0


_CONTROLS = bytes({*range(0x20)} - set(b"\t\n\v\f\r\x1b"))

# A page is told from a dump by its beginning, this many characters of it.
_GLANCE = 131_072
_PREAMBLE = re.compile(r"\ufeff?\s*(?:<!--.*?-->\s*|<\?.*?>\s*)*+", re.DOTALL)
_DOCUMENT = re.compile(
    r"<(?:!doctype\s+html|html|head|body|frameset)\b(?=[\s/>])[^<>]*>|<!doctype\s+html", re.IGNORECASE
)
_TAG = re.compile(
    r"<(/?)(a|abbr|address|article|aside|b|blockquote|br|button|caption|center|cite|code|dd|div|dl|dt|em|figcaption|"
    r"figure|font|footer|form|h[1-6]|header|hr|i|iframe|img|input|label|li|link|main|meta|nav|noscript|ol|option|p|"
    r"picture|pre|s|script|section|select|small|source|span|strong|style|sub|sup|svg|table|tbody|td|template|th|thead|"
    r"time|title|tr|u|ul|video)(?:\s[^<>]{0,2000})?/?>",
    re.IGNORECASE,
)


_UNCLOSED = frozenset(("br", "dd", "dt", "hr", "img", "input", "li", "link", "meta", "option", "p", "td", "th", "tr"))
"""Elements that need no end tag."""
_SOUP = 20
"""Tags that, where they are half of a text, make it HTML even though none is ever closed."""
_SLICES = 16


def looks_like_html(text: str) -> bool:
    """Whether text is HTML rather than a text dump, told by content.

    HTML begins as a document does; or with a tag that is not its only one; or it has tags all over. A text that speaks
    of `<b>`, compares with `<`, has addresses in angle brackets or quotes a page's source somewhere is a text.
    """
    text = text[:_GLANCE]
    preamble = _PREAMBLE.match(text)
    begin = preamble.end() if preamble else 0
    if _DOCUMENT.match(text, begin):
        return True
    tags = list(_TAG.finditer(text, begin))
    if len(tags) >= _SOUP and sum(tag.end() - tag.start() for tag in tags) * 2 >= len(text) - begin:
        return True
    if len(tags) < 2 or not any(tag[1] or tag[2].lower() in _UNCLOSED for tag in tags):
        return False
    if tags[0].start() == begin:
        return True
    markup = sum(tag.end() - tag.start() for tag in tags)
    slices = {(tag.start() - begin) * _SLICES // (len(text) - begin) for tag in tags}
    return len(tags) >= 3 and markup >= 0.05 * (len(text) - begin) and len(slices) >= 0.75 * min(_SLICES, len(tags))
