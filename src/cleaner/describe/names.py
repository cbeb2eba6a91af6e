"""Who wrote, pictured and supplied: names as bylines and credit lines print them.

Everything here reads one short text; where on the page that text stands is for the callers to know.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from cleaner.describe.vocabulary import (
    AGENCIES,
    AGENCY_SIGNS,
    BYLINES,
    CONJUNCTIONS,
    DEGREES,
    DESKS,
    NOBODY,
    OTHER_HANDS,
    PARTICLES,
    PICTURE,
    ROLE,
    SOURCE,
    SUPPLIERS,
)
from cleaner.text import collapse, fold, fold_phrase, word_count

__all__ = [
    "LONGEST_CREDITED",
    "Credited",
    "agencies_in",
    "byline",
    "credit_line",
    "has_role",
    "is_agency",
    "is_prefixed",
    "is_supplier",
    "names",
    "note_agencies",
    "split_credit",
    "starts_credit",
]

_LONGEST_BYLINE = 240
_LONGEST_CREDIT = 120
_LONGEST_SIGN = 40
_MAX_NAMES = 40
LONGEST_CREDITED = _LONGEST_CREDIT + _LONGEST_SIGN
"""Characters from the end of a text in which its credit is looked for, with its label."""

# --- wire services --------------------------------------------------------------------------------------------------

# "Getty Images Europe", "AP Photo": a supplier of two words shows even where something follows it.
_SUPPLIER = re.compile(
    rf"(?:{'|'.join(re.escape(supplier) for supplier in sorted(SUPPLIERS) if ' ' in supplier)})(?!\w)", re.IGNORECASE
)


def is_agency(name: str) -> bool:
    """Whether `name`, as printed, is a wire service."""
    return fold(name) in AGENCIES or name.strip() in AGENCY_SIGNS


def is_supplier(name: str) -> bool:
    """Whether `name`, as printed, is known to supply pictures."""
    return is_agency(name) or fold(name.strip(" .()©")) in SUPPLIERS


def agencies_in(authors: list[str]) -> list[str]:
    """Return the wire services among `authors`, as printed."""
    found = (part for author in authors for part in [author, *re.split(r"\s*(?:/|,|\bwith\b)\s*", author)])
    return list(dict.fromkeys(part for part in found if is_agency(part)))


_NAME = r"(?P<v>[^\W\d_][\w .,&/'’-]{1,80}?)"
_BY = r"(?:by|from|von|der|de|des|da|do|das|dos|van)"
_NOTES = [
    re.compile(rf"[(\[*—–-]*\s?{pattern}\.?[)\]]?", re.IGNORECASE)
    for pattern in (
        rf"{_NAME} (?:also )?contributed to this (?:report|story|article)",
        rf"(?:with|additional) (?:reporting|files|material|inputs?|information) {_BY} {_NAME}",
        rf"mit (?:material|informationen|agenturmaterial) {_BY} {_NAME}",
        rf"{_NAME} (?:hat|haben) zu diesem (?:bericht|artikel) beigetragen",
        rf"(?:avec|con informaci[óo]n(?:es)? de|com informações {_BY}|met informatie van) {_NAME}",
        rf"(?:{SOURCE})[ns]?\s?: {_NAME}",
    )
]
_NOTES.append(re.compile(rf"[(\[]{_NAME}[)\]]"))  # a sign alone: "(dpa)"
_PARTED = re.compile(rf"\s*(?:[,/&]|\b(?:{CONJUNCTIONS[None]}|e)\b)\s*", re.IGNORECASE)


# How a note begins, or what it holds: what most lines are passed over for.
_NOTE_BEGINS = re.compile(
    rf"[(\[]|[*—–-]*\s?(?:with |additional |mit |avec |con informa|com informa|met informa|{SOURCE})", re.IGNORECASE
)
_NOTE_HOLDS = (" contributed to this ", " zu diesem ")


def note_agencies(line: str) -> list[str]:
    """Return the wire services that a note names: "Reuters contributed to this report.", "(dpa)"."""
    if len(line) > 160:
        return []
    if not _NOTE_BEGINS.match(line.lstrip()):
        folded = line.lower()
        if _NOTE_HOLDS[0] not in folded and _NOTE_HOLDS[1] not in folded:
            return []
    for pattern in _NOTES:
        if match := pattern.fullmatch(line.strip()):
            return list(dict.fromkeys(part for part in _PARTED.split(match["v"]) if is_agency(part)))
    return []


# --- bylines --------------------------------------------------------------------------------------------------------

_PREFIX = re.compile(
    rf"(?P<word>{'|'.join(sorted(map(re.escape, BYLINES), key=len, reverse=True))})(?:\s?(?P<colon>[::])\s?|\s)(?=\S)",
    re.IGNORECASE,
)
# What ends the names on a byline: a bar, a spaced dash, the date.
_CUT = re.compile(
    rf"\s*(?:[|•·]|\s[–—-]\s|[.;]?\s*\b(?:{OTHER_HANDS}|editing by)\b|[–—-]?\s*\b(?:published|updated|posted)\b)",
    re.IGNORECASE,
)
_JUNK = re.compile(r"\S*@\S+|https?://\S*|\bwww\.\S*|\([^)]{0,80}\)|\[[^\]]{0,80}\]", re.IGNORECASE)
_DATED = re.compile(r"\d{1,2}[./:h]\d{2}|\b(?:19|20)\d\d\b|\d{1,2}\.\s")
_ROLE = re.compile(rf"(?<!\w)\w*(?:{ROLE})s?(?!\w)", re.IGNORECASE)
# Written to the name: "박준석 기자".
_TITLE_AFTER = re.compile(r"(?<=\w)\s?(?:기자|特派員|記者)$")
_PROFILE = re.compile(r"\s+(?:twitter|facebook|linkedin|instagram|bluesky|mastodon)$", re.IGNORECASE)


def names(text: str, language: str | None = None, *, person: bool = False) -> list[str]:
    """Return the people and organisations that `text`, a byline without its "By", names.

    As printed, in order, once each; without roles, e-mail addresses, handles, links and dates. With `person` the text
    is one name already (a field of structured data): it is parted only where each part is a name by itself.
    """
    text = collapse(_JUNK.sub(" ", text[:_LONGEST_BYLINE]))
    text = _CUT.split(text, maxsplit=1)[0]
    conjunction = CONJUNCTIONS.get(language, CONJUNCTIONS[None])
    clauses = re.split(rf"\s*(?:;|&|、|・|\s\+\s|,?\s+(?:{conjunction})\s+)\s*", text, flags=re.IGNORECASE)
    found: list[str] = []
    for position, clause in enumerate(clauses[:_MAX_NAMES]):
        if not position or not _ROLE.search(clause.split(",")[0]):  # "A B, Founder and Chief Editor"
            found += _comma_names(clause)
    found = list(dict.fromkeys(found))
    if person and len(found) > 1 and not all(word_count(name) > 1 or is_agency(name) for name in found):
        whole = _clean(text)
        return [whole] if whole else []
    return found


def _comma_names(clause: str) -> list[str]:
    """Return the names of a text without conjunctions: two in "A B, C D", one in "A B, Political Editor"."""
    found: list[str] = []
    for position, part in enumerate(re.split(r"\s*[,،]\s*", clause)[:_MAX_NAMES]):
        name = _clean(part)
        if name is None or (position and _ROLE.search(part)) or fold(name).rstrip(".") in DEGREES:
            continue
        if found and word_count(name) == 1 and not is_agency(name):
            continue  # a place: "Jane Doe, Jerusalem"
        found.append(name)
    return found


def _clean(name: str) -> str | None:
    """Return `name` without what hangs on it; None where it is nobody's."""
    name = _PROFILE.sub("", name.strip()).strip(' \t\n.,:;|*•·–—-"“”„«»()[]')
    if not any(map(str.isalpha, name)) or fold_phrase(name) in NOBODY or name.startswith(("@", "#", "/")):
        return None
    words = name.split()
    if len(words) > 2 and words[0] != "The" and _ROLE.fullmatch(words[-1]):  # "Jane Doe Correspondent"
        words.pop()
        while len(words) > 2 and fold(words[-1]) in DESKS:  # "Jane Doe Political Correspondent"
            words.pop()
    if len(words) > 2 and words[: len(words) // 2] * 2 == words:  # beside the picture and below it
        words = words[: len(words) // 2]
    name = _TITLE_AFTER.sub("", " ".join(words))
    # An address, or what a template should have filled in: "page.author.name".
    is_path = " " not in name and (("/" in name and "." in name) or (name.islower() and name.count(".") > 1))
    return None if len(name) > 80 or len(name.split()) > 8 or is_path or _DATED.search(name) else name


def byline(line: str, language: str | None = None) -> list[str]:
    """Return the names of a line that is a byline and nothing else: "By X and Y |"; none where it is not one.

    A word such as "By" must come first, and everything named must be written as names are.
    """
    if len(line) > _LONGEST_BYLINE or (match := _PREFIX.match(line)) is None:
        return []
    languages = BYLINES[match["word"].lower()]
    if languages and language is not None and language not in languages and not match["colon"]:
        return []
    rest = line[match.end() :]
    found = names(rest, language)
    head = _CUT.split(rest, maxsplit=1)[0]
    if not found or not all(map(named, found)) or word_count(head) > 16 or head.rstrip().endswith(("?", "!", "…")):
        return []
    return found


def is_prefixed(line: str) -> bool:
    """Whether `line` begins with a word such as "By"."""
    return _PREFIX.match(line) is not None or line[:2] in {"By", "by"}


def has_role(text: str) -> bool:
    """Whether `text` says what somebody is, such as an editor."""
    return _ROLE.search(text) is not None


def named(name: str) -> bool:
    """Whether `name` is written as a name: at most six words, all but particles with a capital, or a wire service."""
    if is_agency(name):
        return True
    parts = name.split()
    if not parts or len(parts) > 6 or any(char.isdigit() for char in name):
        return False
    strong = [part for part in parts if fold(part).strip(".") not in PARTICLES and not _ROLE.fullmatch(part)]
    return bool(strong) and all(_capital(part) for part in strong)


def _capital(word: str) -> bool:
    letter = next((char for char in word if char.isalpha()), "")
    # al-Sudani, d'Ormesson: the capital may follow a short particle.
    inner = re.search(r"^[a-z]{1,3}['’-](\w)", word)
    return bool(letter) and (not letter.islower() or (inner is not None and inner[1].isupper()))


# --- credits --------------------------------------------------------------------------------------------------------


class Credited(NamedTuple):
    """A caption parted: what the picture shows, and who supplied it."""

    text: str
    credit: str | None


_LABEL = (
    rf"(?:{PICTURE}) ?(?:credits?|source|courtesy(?: of)?|quelle|nachweis|rechte|by|von|par)"
    rf"|cr[ée]dit[os]{{0,2}}(?: (?:{PICTURE})s?)?|crediti|foto di|{PICTURE}"
)
# "Photo: X", "Photo by X", "Image source: X"; a bare "Photo X" is a caption.
_LABELLED = re.compile(
    rf"(?<!\w)(?:(?:{_LABEL})\s?[::]\s*(?:©\s?)?|fot\.\s?|(?:{PICTURE}) ?©\s?|"
    r"(?:photo|picture|image)s? (?:by|courtesy of|copyright) |©\s?|\(c\)\s)",
    re.IGNORECASE,
)
_LABEL_SIGNS = (":", "©", "(c)", "fot.", " by ", " courtesy of ", " copyright ")
_SOURCE = re.compile(rf"(?<!\w)(?:{SOURCE})\s?[::]\s*", re.IGNORECASE)
# "Jane Doe/The Daily": who took a picture, and for whom.
_BY_AND_FOR = re.compile(r"\(?[^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){1,3} ?/ ?[^\W\d_][\w.&'’ -]{1,30}\)?")
_BRACKET = re.compile(r"\s*(?:\[(?P<square>[^\[\]]{2,120})\]|\((?P<round>[^()]{2,120})\))\s*\.?\s*$")
# Not after an initial: "Jane F. Doe".
_SENTENCE_END = re.compile(r"(?<!\b[A-Z])[.!?。…]['\"”’»)]?\s+(?=\S)")


def credit_line(line: str) -> str | None:
    """Return the credit of a line that is one and nothing else: "Jane Doe/Shutterstock", "Image source: Reuters"."""
    line = line.strip()
    return _credit_line(line, labelled=_may_label(line)) if 3 <= len(line) <= _LONGEST_CREDIT else None


def _credit_line(line: str, *, labelled: bool) -> str | None:
    if labelled and (match := _LABELLED.match(line)) and "©" not in match[0] and "(c)" not in match[0].lower():
        rest = line[match.end() :].strip(" .")
        return rest if rest and _credit_like(rest) else None
    bracket = _BRACKET.fullmatch(line) if line[0] in "[(" else None
    inner = (bracket["square"] or bracket["round"]) if bracket else line
    credit = _unlabelled(inner) if labelled else inner.strip(" .")
    # With © alone a line may be the copyright of the whole page: a supplier or a slash makes it a picture's.
    return credit if not line.endswith((".", "!", "?", ":")) and "©" not in credit and _supplied(credit) else None


def split_credit(text: str, *, caption: bool = False) -> Credited:
    """Part a caption from its credit, which stands at its end: in brackets, after a label, or after the last sentence.

    `caption` says that the text is known to be a caption: then weaker signs do, such as a name in brackets.
    """
    text = text.strip()
    reach = max(0, len(text) - LONGEST_CREDITED)
    signed = _may_label(text[reach:])
    if caption and (is_supplier(text) or _BY_AND_FOR.fullmatch(text)):
        return Credited("", text.strip("()[]"))
    whole = _credit_line(text, labelled=signed) if 3 <= len(text) <= _LONGEST_CREDIT else None
    if whole is not None and (text[0] in "[(" or not text.endswith((")", "]")) or _LABELLED.match(text)):
        return Credited("", whole)
    if text.removesuffix(".").rstrip().endswith((")", "]")) and (match := _BRACKET.search(text)):
        inner = (match["square"] or match["round"]).strip()
        credit = _unlabelled(inner)
        labelled = credit != inner.strip(" .")
        strong = labelled or _supplied(credit) or is_agency(credit)
        if (strong and _credit_like(credit)) or (caption and len(credit.split()) > 1 and named(credit)):
            return Credited(text[: match.start()].strip(), credit)
    labels = list(_LABELLED.finditer(text, reach)) if signed else []
    if caption:
        labels += _SOURCE.finditer(text, reach)
    for label in sorted(labels, key=lambda found: found.start()):
        credit = text[label.end() :].strip(" .|)]")
        credit += ")" if credit.count("(") > credit.count(")") else ""
        before = text[: label.start()].rstrip(" |([,–—-/\n").strip()
        starts_clean = (
            not before or text[: label.start()].rstrip()[-1:] in '.!?"”’»|([,–—-\n:)' or "©" in label[0] or caption
        )
        if credit and starts_clean and len(credit) <= _LONGEST_CREDIT and _credit_like(credit):
            return Credited(before, credit)
    if caption and (ends := list(_SENTENCE_END.finditer(text))):
        credit = text[ends[-1].end() :].strip(" |").removeprefix("(").removesuffix(")")
        # Under a picture, a name after the last sentence is who took it: "Jane Doe for The Daily".
        if _supplied(credit) or named(credit):
            return Credited(text[: ends[-1].end()].strip(), credit)
    return Credited(text, None)


def starts_credit(text: str) -> bool:
    """Whether `text` begins with the label of a credit."""
    return _LABELLED.match(text) is not None or _SOURCE.match(text) is not None


def _may_label(text: str) -> bool:
    """Whether `text` holds what every label has; most texts hold none of it."""
    text = text.lower()
    for sign in _LABEL_SIGNS:  # noqa: SIM110  (twice as fast as any(), and asked of every short block)
        if sign in text:
            return True
    return False


def _unlabelled(credit: str) -> str:
    """Return a credit without its label: "Photo by X" and "© X" are X."""
    match = _LABELLED.match(credit) or _SOURCE.match(credit)
    return (credit[match.end() :] if match else credit).strip(" .")


def _credit_like(credit: str) -> bool:
    """Whether `credit` could be who supplied a picture: short, and no sentence."""
    return bool(credit) and len(credit.split()) <= 14 and not _SENTENCE_END.search(credit.replace("Inc. ", "Inc "))


_PARTS = ("/", "|", ",", "via")
_PART = re.compile(r"\s*(?:/|\||\bvia\b|,)\s*")


def _supplied(credit: str) -> bool:
    """Whether `credit` shows by itself that it is one: parts at slashes or a "via", one of them a known supplier."""
    apart = any(sign in credit for sign in _PARTS)
    if not apart and fold(credit.strip(" .()")) not in SUPPLIERS:
        return False  # a name alone has to be a known one: most texts end here
    if not _credit_like(credit) or len(credit.split()) > 12:
        return False
    parts = [part.strip(" .()") for part in _PART.split(credit) if part.strip()]
    if not parts or not all(_capital(part) or fold(part) in SUPPLIERS or is_agency(part) for part in parts):
        return False
    known = [part for part in parts if fold(part) in SUPPLIERS or is_agency(part)]
    if len(parts) == 1:
        # A single word ("Flickr", "Reuters") may as well be a link or a dateline.
        return bool(known) and " " in parts[0] and not is_agency(parts[0])
    return bool(known) or any(map(_SUPPLIER.match, parts))
