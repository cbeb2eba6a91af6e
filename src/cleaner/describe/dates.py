"""Dates as pages state them, for machines and for readers, as ISO 8601.

Nothing is completed from a clock: a date without its year is no date, `05/06/2023` is none unless the page's locale
says which part is the month, and a time without a zone stays without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple

from cleaner.describe.vocabulary import MODIFIED, MONTHS, bare
from cleaner.text import fold

__all__ = ["Stated", "iso", "part"]

_EARLIEST, _LATEST = 1900, 2100
_LONGEST_LINE = 160
_LONGEST_VALUE = 80

_ISO = re.compile(
    r"(?P<y>\d{4})[-/](?P<m>\d{1,2})(?:[-/](?P<d>\d{1,2})"
    r"(?:[T ,]{1,2}(?P<time>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)"
    r"\s?(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(?:\d{2})?)?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")
# JavaScript's Date.toString(): "Mon Nov 06 2023 11:53:00 GMT+0100 (CET)".
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} (?P<rest>[A-Z][a-z]{2} \d{2} \d{4} \d{2}:\d{2}:\d{2}) (?:GMT|UTC)(?P<zone>[+-]\d{4})"
)

# A month's name is whatever word stands in its place: a table says whether it is one.
_MONTH = r"[^\W\d_]{3,14}\.?"
_TIME = (
    r"(?P<hour>\d{1,2})\s?(?:[:.h時시]|Uhr)\s?(?P<minute>\d{2})\s?[分분]?(?::(?P<second>\d{2}))?"
    r"(?:\s?(?P<half>[ap])\.?m\b\.?)?(?:\s?(?:Uhr|uur|kl|h)\b\.?)?(?:\s?\(?(?P<zone>[A-Z]{3,4}|Z|[+-]\d{2}:?\d{2})\b\)?)?"
)
_CLOCK = re.compile(rf"(?<![\d.:/-]){_TIME}(?![\d:/])", re.IGNORECASE)
_OF = r"(?:de |del |of |d['’])?"
_DAY = re.compile(
    r"(?<![\w/.-])(?:"
    r"(?P<y1>\d{4})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})\.?(?:(?![\w/-])|(?=T\d\d:))"
    r"|(?P<y2>\d{4})\s?[年년]\s?(?P<m2>\d{1,2})\s?[月월]\s?(?P<d2>\d{1,2})\s?[日일]"
    r"|(?P<a>\d{1,2})(?P<sep>[./-])\s?(?P<b>\d{1,2})(?P=sep)\s?(?P<y3>\d{4})(?![\w/])"
    r"|(?P<d6>\d{2})\.(?P<m6>\d{2})\.(?P<y6>\d{2})(?![\w.])"
    rf"|(?P<d4>\d{{1,2}})(?:st|nd|rd|th|er|[.º°ª])?[ -]{_OF}(?P<n4>{_MONTH}),?[ -]{_OF}(?P<y4>\d{{4}})(?!\d)"
    rf"|(?P<n5>{_MONTH}) (?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y5>\d{{4}})(?!\d)"
    r")",
    re.IGNORECASE,
)

# What may say how long ago; dateparser says whether it does.
_AGO = re.compile(
    r"(?<!\w)(?:(?:vor|il y a|hace|há|قبل|منذ) \S{1,6} [^\W\d_]{1,12}"
    r"|(?:\d{1,3}|an?|one) ?[^\W\d_]{1,12} (?:yang )?"
    r"(?:ago|fa|geleden|temu|назад|önce|trước|siden|sedan|sitten|lalu|전)"
    r"|\d{1,3} ?(?:分钟?|小[时時]|時間|[日天]|週間?|周|[ヶか个個]月|시간|분|일|주|개월) ?[前전]"
    r"|yesterday|gestern|hier|ayer|ieri|ontem|gisteren|wczoraj|вчера|dün)(?!\w)",
    re.IGNORECASE,
)
# Only abbreviations that mean one offset wherever they are printed.
_OFFSETS = {
    "z": "+00:00",
    "utc": "+00:00",
    "gmt": "+00:00",
    "est": "-05:00",
    "edt": "-04:00",
    "pst": "-08:00",
    "pdt": "-07:00",
    "cet": "+01:00",
    "cest": "+02:00",
    "mez": "+01:00",
    "mesz": "+02:00",
}
_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d|\d\d\.\d\d\.\d\d")


class Stated(NamedTuple):
    """A date that a line of text states."""

    iso: str
    modified: bool
    """The line calls it the date of an update."""


def iso(value: str, language: str | None = None, region: str | None = None) -> str | None:
    """Return the date that `value`, an attribute or a field of structured data, states; None where it states none.

    Time, fraction and zone stay as given; a date for readers is read as in :func:`part`.
    """
    value = value.strip()[:_LONGEST_VALUE]
    if match := _ISO.match(value):
        return _from_iso(match)
    if match := _COMPACT.fullmatch(value):
        year, month, day, hour, minute = match.groups()
        return _join(int(year), int(month), int(day), f"{hour}:{minute}" if hour else "")
    try:
        if _EPOCH.fullmatch(value):
            seconds = int(value[:10])
            return _checked(datetime.fromtimestamp(seconds, UTC).isoformat())
        if match := _JAVASCRIPT.match(value):
            moment = datetime.strptime(f"{match['rest']} {match['zone']}", "%b %d %Y %H:%M:%S %z")
            return _checked(moment.isoformat())
        if value[:3].isalpha() and value[3:4] == ",":
            return _checked(parsedate_to_datetime(value).isoformat())
    except (ValueError, OverflowError, OSError, TypeError):
        pass
    found = next(iter(_dates(value, language, region)), None)
    return found.iso if found else None


def part(
    line: str, language: str | None = None, region: str | None = None, captured: datetime | None = None
) -> tuple[str, list[Stated]]:
    """Return a line without its dates (a bar in the place of each), and the dates.

    "3 hours ago" is a day where it is known when the page was saved (`captured`).
    """
    if len(line) > _LONGEST_LINE:
        return line, []
    if not _DIGIT.search(line) or not _YEAR.search(line):  # most lines have none at all
        ago = _AGO.search(line) if captured is not None else None
        day = _day_ago(ago[0], language or "en", captured) if ago and captured else None
        if ago is None or day is None:
            return line, []
        modified = any(word in fold(line[: ago.start()]) for word in MODIFIED)
        return f"{line[: ago.start()]} | {line[ago.end() :]}".strip(" |•·,–—-"), [Stated(day, modified)]
    found = list(_dates(line, language, region))
    rest = _CLOCK.sub(" ", _DAY.sub(" | ", line)).strip(" |•·,–—-") if found else line
    return rest, found


def _from_iso(match: re.Match[str]) -> str | None:
    year, month = match["y"], match["m"].zfill(2)
    if match["d"] is None:
        return _checked(f"{year}-{month}-01", cut=7)
    day = f"{year}-{month}-{match['d'].zfill(2)}"
    if not match["time"]:
        return _checked(day)
    time, zone = match["time"].replace(",", "."), match["zone"] or ""
    if time[1] == ":":
        time = f"0{time}"
    if zone.upper() in {"UTC", "GMT"}:
        zone = "+00:00"
    elif zone.upper() == "Z":
        zone = "Z"
    elif len(zone) == 3:
        zone = f"{zone}:00"
    elif len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    return _checked(f"{day}T{time}{zone}") or _checked(day)


def _checked(stamp: str, cut: int | None = None) -> str | None:
    """Return `stamp` (its first `cut` characters) if it is a moment that exists in our span of years."""
    day = stamp[:10]
    try:
        year = date.fromisoformat(day).year
        if len(stamp) > 10:
            # Nanoseconds are more than Python reads; the printed value keeps them.
            datetime.fromisoformat(re.sub(r"\.(\d{1,6})\d*", lambda m: "." + m[1].ljust(6, "0"), stamp))
    except ValueError:
        return None
    return stamp[:cut] if _EARLIEST <= year <= _LATEST else None


def _join(year: int, month: int, day: int, clock: str = "") -> str | None:
    stamp = f"{year:04d}-{month:02d}-{day:02d}"
    return _checked(f"{stamp}T{clock}") or _checked(stamp) if clock else _checked(stamp)


def _dates(text: str, language: str | None, region: str | None) -> Iterator[Stated]:
    matches = list(_DAY.finditer(text))
    for position, match in enumerate(matches):
        start = matches[position - 1].end() if position else 0
        end = matches[position + 1].start() if position + 1 < len(matches) else len(text)
        day = _day(match, language, region)
        if day is None:
            continue
        # The time stands after its date; before it only where this is the first date.
        clock = _CLOCK.search(text, match.end(), end) or (
            _CLOCK.search(text, 0, match.start()) if not position else None
        )
        label = fold(text[start : match.start()])
        modified = any(word in label for word in MODIFIED)
        stamp = _join(day.year, day.month, day.day, _clock(clock) if clock else "")
        if stamp:
            yield Stated(stamp, modified)


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), int(match["minute"]), (match["half"] or "").lower()
    if hour > 23 or minute > 59 or (half and not 1 <= hour <= 12):
        return ""
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    zone = (match["zone"] or "").lower()
    if zone[:1] in {"+", "-"} and zone:
        zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    else:
        zone = _OFFSETS.get(zone, "")
    seconds = f":{match['second']}" if match["second"] else ""
    return f"{hour:02d}:{minute:02d}{seconds}{zone}"


def _day(match: re.Match[str], language: str | None, region: str | None) -> date | None:
    parts = match.groupdict()
    try:
        for group in "12":
            if parts[f"y{group}"]:
                return date(int(parts[f"y{group}"]), int(parts[f"m{group}"]), int(parts[f"d{group}"]))
        if parts["y6"]:  # with dots the day comes first
            return date(2000 + int(parts["y6"]), int(parts["m6"]), int(parts["d6"]))
        if parts["y3"]:
            return _numeric(int(parts["a"]), int(parts["b"]), int(parts["y3"]), parts["sep"], language, region)
    except ValueError:
        return None
    group = "4" if parts["y4"] else "5"
    return _named(parts[f"d{group}"], parts[f"n{group}"], parts[f"y{group}"], language)


def _numeric(one: int, two: int, year: int, sep: str, language: str | None, region: str | None) -> date | None:
    if one > 12 or (sep == "." and language != "en") or one == two:
        return date(year, two, one)
    if two > 12:
        return date(year, one, two)
    if region in {"us", "ph"}:
        return date(year, one, two)
    if region is not None or (language is not None and language != "en"):
        return date(year, two, one)
    return None


def _named(day: str, month: str, year: str, language: str | None) -> date | None:
    number = _month(month, language)
    try:
        return date(int(year), number, int(day)) if number else None
    except ValueError:
        return None


def _month(name: str, language: str | None) -> int | None:
    """Return the number of a month by its name in the page's language or English, else in any that our table has."""
    name = bare(name)
    language = "nb" if language in {"no", "nn"} else language
    if language is None or language in MONTHS:
        own = (MONTHS[language or "en"], MONTHS["en"], *MONTHS.values())
        return next((months[name] for months in own if name in months), None)
    return MONTHS["en"].get(name) or _rare_month(name, language)


@lru_cache(1_024)
def _day_ago(text: str, language: str, captured: datetime) -> str | None:
    """Return the day of "3 hours ago", as of the moment when the page was saved."""
    import dateparser  # type: ignore[import-untyped]  # slow to import and to ask, and few pages need it

    settings = {"PARSERS": ["relative-time"], "RELATIVE_BASE": captured.replace(tzinfo=None)}
    try:
        found = dateparser.parse(text, languages=[language], settings=settings)
    except ValueError:  # a language that the library does not know
        return None
    return found.date().isoformat() if found is not None and found <= captured.replace(tzinfo=None) else None


@lru_cache(1_024)
def _rare_month(name: str, language: str) -> int | None:
    """Return the number of a month by its name in a language that our own table lacks."""
    import dateparser

    settings = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"], "DATE_ORDER": "DMY"}
    try:
        found = dateparser.parse(f"1 {name} 2001", languages=[language], settings=settings)
    except ValueError:  # a language that the library does not know
        return None
    return int(found.month) if found is not None and (found.year, found.day) == (2001, 1) else None
