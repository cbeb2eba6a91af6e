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
    OTHER_HANDS_SIGNS,
    PARTICLES,
    PICTURE,
    ROLES,
    SOURCE,
    SUPPLIERS,
    holds,
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
_NOTE_MARKS = " *—–-"
_NOTE_BEGINS = (
    *("(", "[", "with ", "additional ", "mit ", "avec ", "con informa", "com informa", "met informa"),
    *SOURCE.split("|"),
)
_NOTE_HOLDS = (" contributed to this ", " zu diesem ")


def note_agencies(line: str) -> list[str]:
    """Return the wire services that a note names: "Reuters contributed to this report.", "(dpa)"."""
    if len(line) > 160:
        return []
    if not line.lstrip(_NOTE_MARKS).lower().startswith(_NOTE_BEGINS) and not holds(line, _NOTE_HOLDS):
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
_FIRST_WORD = re.compile(r"[^\s:]+")
_FIRST_WORDS = frozenset(phrase.split()[0] for phrase in BYLINES)
# What ends the names on a byline: a bar, a spaced dash, the date.
_CUT = re.compile(
    rf"\s*(?:[|•·]|\s[–—-]\s|[.;]?\s*\b(?:{OTHER_HANDS}|editing by)\b|[–—-]?\s*\b(?:published|updated|posted)\b)",
    re.IGNORECASE,
)
_CUT_SIGNS = ("|", "•", "·", "-", "–", "—", "published", "updated", "posted", *OTHER_HANDS_SIGNS)
_JUNK = re.compile(r"\S*@\S+|https?://\S*|\bwww\.\S*|\([^)]{0,80}\)|\[[^\]]{0,80}\]", re.IGNORECASE)
_JUNK_SIGNS = ("@", "://", "www.", "(", "[")
_DIGIT = re.compile(r"\d")
_DATED = re.compile(r"\d{1,2}[./:h]\d{2}|\b(?:19|20)\d\d\b|\d{1,2}\.\s")
_ROLE = re.compile(rf"(?<!\w)\w*(?:{'|'.join(ROLES)})s?(?!\w)", re.IGNORECASE)
# Written to the name: "박준석 기자".
_TITLES_AFTER = ("기자", "特派員", "記者")
_TITLE_AFTER = re.compile(rf"(?<=\w)\s?(?:{'|'.join(_TITLES_AFTER)})$")
_ELIDED = re.compile(r"[a-z]{1,3}['’-](\w)")
_PROFILES = ("twitter", "facebook", "linkedin", "instagram", "bluesky", "mastodon")
_PROFILE = re.compile(rf"\s+(?:{'|'.join(_PROFILES)})$", re.IGNORECASE)
# Language -> what stands between two names, and signs of it.
_BETWEEN = {
    language: re.compile(rf"\s*(?:;|&|、|・|\s\+\s|,?\s+(?:{words})\s+)\s*", re.IGNORECASE)
    for language, words in CONJUNCTIONS.items()
}
_BETWEEN_SIGNS = {
    language: (";", "&", "、", "・", " + ", *(f" {word} " for word in words.split("|")))
    for language, words in CONJUNCTIONS.items()
}


def names(text: str, language: str | None = None, *, person: bool = False) -> list[str]:
    """Return the people and organisations that `text`, a byline without its "By", names.

    As printed, in order, once each; without roles, e-mail addresses, handles, links and dates. With `person` the text
    is one name already (a field of structured data): it is parted only where each part is a name by itself.
    """
    text = text[:_LONGEST_BYLINE]
    if holds(text, _JUNK_SIGNS):
        text = _JUNK.sub(" ", text)
    text = _uncut(collapse(text))
    language = language if language in CONJUNCTIONS else None
    clauses = _BETWEEN[language].split(text) if holds(text, _BETWEEN_SIGNS[language]) else [text]
    found: list[str] = []
    for position, clause in enumerate(clauses[:_MAX_NAMES]):
        if not position or not has_role(clause.split(",")[0]):  # "A B, Founder and Chief Editor"
            found += _comma_names(clause)
    found = list(dict.fromkeys(found))
    if person and len(found) > 1 and not all(word_count(name) > 1 or is_agency(name) for name in found):
        whole = _clean(text)
        return [whole] if whole else []
    return found


def _uncut(text: str) -> str:
    """Return what of a byline stands before whatever ends the names on it."""
    return _CUT.split(text, maxsplit=1)[0] if holds(text, _CUT_SIGNS) else text


def _comma_names(clause: str) -> list[str]:
    """Return the names of a text without conjunctions: two in "A B, C D", one in "A B, Political Editor"."""
    found: list[str] = []
    for position, part in enumerate(clause.replace("،", ",").split(",")[:_MAX_NAMES]):
        name = _clean(part)
        if name is None or (position and has_role(part)) or fold(name).rstrip(".") in DEGREES:
            continue
        if found and word_count(name) == 1 and not is_agency(name):
            continue  # a place: "Jane Doe, Jerusalem"
        found.append(name)
    return found


def _clean(name: str) -> str | None:
    """Return `name` without what hangs on it; None where it is nobody's."""
    name = name.strip()
    if name.lower().endswith(_PROFILES):
        name = _PROFILE.sub("", name)
    name = name.strip(' \t\n.,:;|*•·–—-"“”„«»()[]')
    if not any(map(str.isalpha, name)) or fold_phrase(name) in NOBODY or name.startswith(("@", "#", "/")):
        return None
    words = name.split()
    if len(words) > 2 and words[0] != "The" and _is_role(words[-1]):  # "Jane Doe Correspondent"
        words.pop()
        while len(words) > 2 and fold(words[-1]) in DESKS:  # "Jane Doe Political Correspondent"
            words.pop()
    if len(words) > 2 and words[: len(words) // 2] * 2 == words:  # beside the picture and below it
        words = words[: len(words) // 2]
    name = " ".join(words)
    if name.endswith(_TITLES_AFTER):
        name = _TITLE_AFTER.sub("", name)
    # An address, or what a template should have filled in: "page.author.name".
    is_path = " " not in name and (("/" in name and "." in name) or (name.islower() and name.count(".") > 1))
    is_dated = _DIGIT.search(name) and _DATED.search(name)
    return None if len(name) > 80 or len(name.split()) > 8 or is_path or is_dated else name


def byline(line: str, language: str | None = None) -> list[str]:
    """Return the names of a line that is a byline and nothing else: "By X and Y |"; none where it is not one.

    A word such as "By" must come first, and everything named must be written as names are.
    """
    if len(line) > _LONGEST_BYLINE or (match := _prefix(line)) is None:
        return []
    languages = BYLINES[match["word"].lower()]
    if languages and language is not None and language not in languages and not match["colon"]:
        return []
    rest = line[match.end() :]
    found = names(rest, language)
    head = _uncut(rest)
    if not found or not all(map(named, found)) or word_count(head) > 16 or head.rstrip().endswith(("?", "!", "…")):
        return []
    return found


def _prefix(line: str) -> re.Match[str] | None:
    """Return the "By" that a line begins with."""
    first = _FIRST_WORD.match(line)
    return _PREFIX.match(line) if first is not None and first[0].lower() in _FIRST_WORDS else None


def is_prefixed(line: str) -> bool:
    """Whether `line` begins with a word such as "By"."""
    return _prefix(line) is not None or line[:2] in {"By", "by"}


def has_role(text: str) -> bool:
    """Whether `text` says what somebody is, such as an editor."""
    return holds(text, ROLES) and _ROLE.search(text) is not None


def named(name: str) -> bool:
    """Whether `name` is written as a name: at most six words, all but particles with a capital, or a wire service."""
    if is_agency(name):
        return True
    parts = name.split()
    if not parts or len(parts) > 6 or any(map(str.isdigit, name)):
        return False
    return all(_capital(part) or _is_weak(part) for part in parts) and not all(map(_is_weak, parts))


def _is_weak(part: str) -> bool:
    """Whether a part of a name needs no capital, and is none without others."""
    return fold(part).strip(".") in PARTICLES or _is_role(part)


def _is_role(word: str) -> bool:
    return holds(word, ROLES) and _ROLE.fullmatch(word) is not None


def _capital(word: str) -> bool:
    letter = next(filter(str.isalpha, word), "")
    if not letter.islower():
        return bool(letter)
    # al-Sudani, d'Ormesson: the capital may follow a short particle.
    inner = _ELIDED.match(word)
    return inner is not None and inner[1].isupper()


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
_CREDIT_SIGNS = (*_LABEL_SIGNS, "/", "|", ",", "via", ")", "]")
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
    end = text[reach:]
    if not caption and not holds(end, _CREDIT_SIGNS) and fold(end.strip(" .()")) not in SUPPLIERS:
        return Credited(text, None)  # as most lines
    signed = _may_label(end)
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
    return holds(text, _LABEL_SIGNS)


def _unlabelled(credit: str) -> str:
    """Return a credit without its label: "Photo by X" and "© X" are X."""
    match = _LABELLED.match(credit) or _SOURCE.match(credit)
    return (credit[match.end() :] if match else credit).strip(" .")


def _credit_like(credit: str) -> bool:
    """Whether `credit` could be who supplied a picture: short, and no sentence."""
    return bool(credit) and len(credit.split()) <= 14 and not _SENTENCE_END.search(credit.replace("Inc. ", "Inc "))


_PART = re.compile(r"\s*(?:/|\||\bvia\b|,)\s*")


def _supplied(credit: str) -> bool:
    """Whether `credit` shows by itself that it is one: parts at slashes or a "via", one of them a known supplier."""
    apart = "/" in credit or "|" in credit or "," in credit or "via" in credit
    if not apart and fold(credit.strip(" .()")) not in SUPPLIERS:
        return False  # a name alone has to be a known one: most texts end here
    parts = [part.strip(" .()") for part in _PART.split(credit) if part.strip()]
    known = [part for part in parts if fold(part) in SUPPLIERS or is_agency(part)]
    if len(parts) == 1:
        # A single word ("Flickr", "Reuters") may as well be a link or a dateline.
        supplied = bool(known) and " " in parts[0] and not is_agency(parts[0])
    else:
        supplied = bool(known) or any(map(_SUPPLIER.match, parts))
    return (
        supplied
        and _credit_like(credit)
        and len(credit.split()) <= 12
        and all(part in known or _capital(part) for part in parts)
    )
