"""Dates, names and credits: one short text each."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleaner.describe import dates, names, statements
from cleaner.describe.dates import Stated
from cleaner.describe.vocabulary import MONTHS


def line_dates(line: str, language: str | None = None, region: str | None = None) -> list[Stated]:
    """Return the dates of a line that states nothing else."""
    said = statements.read(line, language, region)
    return [] if said.names or said.strange else said.dates


@pytest.mark.parametrize(
    ("line", "language", "expected"),
    [
        ("11:53 AM, Nov 06, 2023", None, ["2023-11-06T11:53"]),
        ("November 6, 2023", None, ["2023-11-06"]),
        ("Sunday, November 5, 2023", "en", ["2023-11-05"]),
        ("06.11.2023", None, ["2023-11-06"]),
        ("2023-11-06 11:53", None, ["2023-11-06T11:53"]),
        ("6 nov. 2023", "fr", ["2023-11-06"]),
        ("Publié le 6 novembre 2023 à 14h05", "fr", ["2023-11-06T14:05"]),
        ("Veröffentlicht am 28. April 2023, 19:20 Uhr", "de", ["2023-04-28T19:20"]),
        ("15 de octubre de 2024", "es", ["2024-10-15"]),
        ("10 Kasım 2025 17:59", "tr", ["2025-11-10T17:59"]),
        ("8 січня 2026, 17:46", "uk", ["2026-01-08T17:46"]),
        ("2025年1月13日 21時37分", "ja", ["2025-01-13T21:37"]),
        ("2025.05.15 20:00", "ko", ["2025-05-15T20:00"]),
        ("Published 12:05 PM EST, November 6, 2023", "en", ["2023-11-06T12:05-05:00"]),
        ("June 12, 2025 · 5 min read", "en", ["2025-06-12"]),
        ("05/06/2023", "en", []),  # the fifth of June or the sixth of May
        ("05/06/2023", "fr", ["2023-06-05"]),
        ("25/06/2023", "en", ["2023-06-25"]),
        ("November 6", "en", []),
        ("Smarch 6, 2023", "en", []),
        ("31.02.2023", None, []),
        ("The talks of November 6, 2023 ended without result", "en", []),
        ("Copyright 2023", "en", []),
    ],
)
def test_a_line_that_is_a_date(line: str, language: str | None, expected: list[str]) -> None:
    assert [stated.iso for stated in line_dates(line, language)] == expected


@pytest.mark.parametrize("language", [*MONTHS, None])
@pytest.mark.parametrize("day", [2, 29])
def test_our_months_are_those_of_the_calendar_library(language: str | None, day: int) -> None:
    dateparser = pytest.importorskip("dateparser")
    settings = {"PARSERS": ["absolute-time"], "REQUIRE_PARTS": ["day", "month", "year"], "DATE_ORDER": "DMY"}
    # Where a page declares no language, names that several languages share must be the same month in all.
    for known in [language] if language else MONTHS:
        for name, number in MONTHS[known].items():
            assert dates.iso(f"{day} {name} 2024", language) == f"2024-{number:02d}-{day:02d}", name
            theirs = dateparser.parse(f"{day} {name} 2024", languages=[known], settings=settings) if language else None
            assert theirs is None or theirs.month == number, name


def test_a_month_in_a_language_beyond_our_own_is_looked_up() -> None:
    assert dates.iso("6 ноември 2023", "bg") == "2023-11-06"
    assert dates.iso("6 November 2023", "bg") == "2023-11-06"
    assert dates.iso("6 листо 2023", "bg") is None
    assert dates.iso("6 novembro 2023", "xx") is None


def test_a_region_orders_day_and_month() -> None:
    assert line_dates("05/06/2023", "en", "us")[0].iso == "2023-05-06"
    assert line_dates("05/06/2023", "en", "gb")[0].iso == "2023-06-05"


def test_an_update_is_told_from_the_publication() -> None:
    found = line_dates("Published Nov 5, 2023 | Updated Nov 6, 2023 10:15", "en")
    assert [(stated.iso, stated.modified) for stated in found] == [("2023-11-05", False), ("2023-11-06T10:15", True)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2023-11-06T11:53:00+05:30", "2023-11-06T11:53:00+05:30"),
        ("2023-11-06T11:53:00.123Z", "2023-11-06T11:53:00.123Z"),
        ("2023-11-06 11:53:00 +0200", "2023-11-06T11:53:00+02:00"),
        ("2023-11-06", "2023-11-06"),
        ("2023-11", "2023-11"),
        ("20231106", "2023-11-06"),
        ("Mon, 06 Nov 2023 11:53:00 GMT", "2023-11-06T11:53:00+00:00"),
        ("Mon Nov 06 2023 11:53:00 GMT+0100 (CET)", "2023-11-06T11:53:00+01:00"),
        ("November 6, 2023", "2023-11-06"),
        ("2023-13-45", None),
        ("1744-08-31", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_for_machines(value: str, expected: str | None) -> None:
    assert dates.iso(value) == expected


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 12, 31)))
def test_an_iso_date_stays_as_it_is(moment: datetime) -> None:
    assert dates.iso(moment.isoformat()) == moment.isoformat()


@given(st.text(max_size=200))
def test_whatever_is_said_is_a_date_or_none(text: str) -> None:
    for found in [dates.iso(text), *(stated.iso for stated in line_dates(text))]:
        assert found is None or datetime.fromisoformat(f"{found[:7]}-01") <= datetime(2100, 12, 31)


@pytest.mark.parametrize(
    ("line", "language", "expected"),
    [
        ("By Al-Fassel and AFP |", None, ["Al-Fassel", "AFP"]),
        ("By Jane Doe, John Roe | The Daily", "en", ["Jane Doe", "John Roe"]),
        ("BY JANE DOE", "en", ["JANE DOE"]),
        ("Von Anna Müller und Jörg Koch", "de", ["Anna Müller", "Jörg Koch"]),
        ("Par Marie Dupont et AFP", "fr", ["Marie Dupont", "AFP"]),
        ("Por José García y Ana de la Torre", "es", ["José García", "Ana de la Torre"]),
        ("Di Luca Bianchi e Anna Rossi", "it", ["Luca Bianchi", "Anna Rossi"]),
        ("Door Jan van der Berg en Piet de Vries", "nl", ["Jan van der Berg", "Piet de Vries"]),
        ("Af Mette Hansen og Lars Holm", "da", ["Mette Hansen", "Lars Holm"]),
        ("Av Ola Nordmann", "no", ["Ola Nordmann"]),
        ("By Jane Doe, Political Editor", "en", ["Jane Doe"]),
        ("By Jane Doe (jane@example.com) @janedoe", "en", ["Jane Doe"]),
        ("By Mohammed al-Sudani", "en", ["Mohammed al-Sudani"]),
        ("Written By", "en", []),
        ("By registering for the newsletter you accept our terms.", "en", []),
        ("By the end of the year", "en", []),
        ("Di Maio attacca il governo", "it", []),
        ("Von der Leyen tritt zurück", "de", []),
        ("By: admin", "en", []),
        ("Byron Smith", "en", []),
        ("Per-Erik Ofstad", None, []),
        ("By Jane Doe Correspondent", "en", ["Jane Doe"]),
    ],
)
def test_a_byline(line: str, language: str | None, expected: list[str]) -> None:
    assert names.byline(line, language) == expected


def test_names_of_structured_data_stay_whole_unless_each_part_is_a_name() -> None:
    assert names.names("AFP, MANILA", person=True) == ["AFP"]
    assert names.names("Maria & Katerina", person=True) == ["Maria & Katerina"]
    assert names.names("Jane Doe and John Roe", person=True) == ["Jane Doe", "John Roe"]


@pytest.mark.parametrize(
    ("line", "language", "people", "signed", "days"),
    [
        ("By Jane Doe, Staff Writer • March 3, 2024 • 5 min read", "en", ["Jane Doe"], True, ["2024-03-03"]),
        ("Published March 3, 2024 by Jane Doe", "en", ["Jane Doe"], True, ["2024-03-03"]),
        ("By Jane Doe in Gardening | Updated March 3, 2024", "en", ["Jane Doe"], True, ["2024-03-03"]),
        ("ByJane DoeMar 3, 2024 | 6 comments", "en", ["Jane Doe"], True, ["2024-03-03"]),
        ("By Jane Doe ⋅ Founder and Editor-in-Chief ⋅ 03.03.2024", "de", ["Jane Doe"], True, ["2024-03-03"]),
        ("By Jane Doe. Reviewed by John Roe", "en", ["Jane Doe"], True, []),
        ("3. März 2024 • Anna Müller • 3 Minuten", "de", ["Anna Müller"], False, ["2024-03-03"]),
        ("Jane Doe | The Daily", "en", ["Jane Doe"], False, []),
        ("Jane Doe - 2024/3/3", "en", ["Jane Doe"], False, ["2024-03-03"]),
        ("Jane Doe\n3 March 2024", "en", ["Jane Doe"], False, ["2024-03-03"]),
        ("Do 03.03.24 | 14:07 Uhr", "de", [], False, ["2024-03-03T14:07"]),
        ("Fact-checked by John Roe", "en", [], False, []),
        ("Read more", "en", [], False, []),
    ],
)
def test_a_line_beneath_a_headline(line: str, language: str, people: list[str], signed: bool, days: list[str]) -> None:
    said = statements.read(line, language)
    assert (said.names, said.signed, [stated.iso for stated in said.dates]) == (people, signed, days)


def test_labels_are_told() -> None:
    assert statements.is_label("Written by:")
    assert not statements.is_label("Written by Jane Doe")
    assert statements.is_other_label("Medically reviewed by")
    assert not statements.is_other_label("Written by")


def test_a_role_goes_from_a_name_with_what_belongs_to_it() -> None:
    assert names.names("Jane Doe Senior Political Correspondent") == ["Jane Doe"]
    assert names.names("Jane Doe, Founder and Chief Editor") == ["Jane Doe"]
    assert names.names("Jane Doe, Zürich") == ["Jane Doe"]
    assert names.names("page.author.name") == []


@given(st.text(max_size=300))
def test_no_name_is_made_up(text: str) -> None:
    for name in names.names(text):
        assert (
            "".join(name.split()) in "".join(text.split()) or "(" in text or "[" in text or "@" in text or "://" in text
        )


@pytest.mark.parametrize(
    ("text", "caption", "expected"),
    [
        ("A man boards a plane. [Jonathan Ernst/AFP]", False, ("A man boards a plane.", "Jonathan Ernst/AFP")),
        ("A border. (Jack Guez/AFP via Getty Images)", False, ("A border.", "Jack Guez/AFP via Getty Images")),
        ("The mayor speaks. Photo: Jane Doe", False, ("The mayor speaks.", "Jane Doe")),
        ("Der Hafen. Foto: Friso Gentsch/dpa", True, ("Der Hafen.", "Friso Gentsch/dpa")),
        ("The ship leaves. © Jane Doe/Reuters", True, ("The ship leaves.", "Jane Doe/Reuters")),
        ("The road to the harbour. Jane Doe for Us", True, ("The road to the harbour.", "Jane Doe for Us")),
        ("Alexandros Michailidis/Shutterstock", False, ("", "Alexandros Michailidis/Shutterstock")),
        ("Image source: Reuters", False, ("", "Reuters")),
        ("The minister (left) at the airport.", True, ("The minister (left) at the airport.", None)),
        ("The minister at the airport (left)", True, ("The minister at the airport (left)", None)),
        ("He said it cost 3 euros (about 4 dollars).", False, ("He said it cost 3 euros (about 4 dollars).", None)),
        ("A unique hash (like a3f5b7c2...)", False, ("A unique hash (like a3f5b7c2...)", None)),
        ("The photo shows: a plane", False, ("The photo shows: a plane", None)),
        ("Reuters", False, ("Reuters", None)),
        ("Keystone Pipeline/Politics", False, ("Keystone Pipeline/Politics", None)),
    ],
)  # fmt: skip
def test_a_credit_is_parted_from_its_caption(text: str, caption: bool, expected: tuple[str, str | None]) -> None:
    assert names.split_credit(text, caption=caption) == expected


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=200), st.booleans())
def test_parting_a_caption_invents_nothing(text: str, caption: bool) -> None:
    found = names.split_credit(text, caption=caption)
    assert found.text in text
    assert found.credit is None or found.credit in text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Reuters contributed to this report.", ["Reuters"]),
        ("The Associated Press and AFP contributed to this report.", ["The Associated Press", "AFP"]),
        ("(dpa)", ["dpa"]),
        ("Quelle: dpa", ["dpa"]),
        ("Jane Doe contributed to this report.", []),
        ("Reuters reported the figures on Monday.", []),
    ],
)
def test_a_note_names_wire_services(line: str, expected: list[str]) -> None:
    assert names.note_agencies(line) == expected


@pytest.mark.parametrize(
    ("line", "language", "day"),
    [
        ("3 hours ago", "en", "2026-09-10"),
        ("By Jane Doe | 2 days ago", "en", "2026-09-09"),
        ("vor 14 Minuten", "de", "2026-09-11"),
        ("il y a 2 heures", "fr", "2026-09-10"),
        ("3時間前", "ja", "2026-09-10"),
        ("3시간 전", "ko", "2026-09-10"),
        ("hier", "fr", "2026-09-10"),
        ("hier", "de", None),
        ("a long time ago", "en", None),
        ("vor dem Haus", "de", None),
    ],
)
def test_how_long_ago_is_a_day_where_it_is_known_when_the_page_was_saved(
    line: str, language: str, day: str | None
) -> None:
    saved = datetime(2026, 9, 11, 1, 0)
    assert [stated.iso for stated in statements.read(line, language, None, saved).dates] == ([day] if day else [])
    assert statements.read(line, language).dates == []


# ---- quick checks before slow patterns -------------------------------------------------------------------------------

_SCRAPS = (
    *("Jane Doe", "Ann", "ann", "al-Sudani", "Sportredakteur", "Editors", "envoyée spéciale", "박준석 기자", "記者"),
    *("By ", "by", "von: ", "ein Kommentar von ", "Reviewed by", "PHOTO BY ", "Übersetzung", "aus dem", "traduction"),
    *("published", " Updated", "posted in ", "filed under", "in ", " on ", "Mar 5, 2024", "12:30", "05.06.23", "2024"),
    *("|", " - ", "–", "-", "•", "\n", " ", ", ", ": ", "(", ")", "/", "and ", " + ", "Twitter", " twitter", "©"),
    *("(dpa)", "mit Material von Reuters", "Quelle: dpa", " contributed to this report", "*"),
)
_lines = st.one_of(st.lists(st.sampled_from(_SCRAPS), max_size=7).map("".join), st.text(max_size=30))


@given(_lines)
def test_quick_checks_rule_out_only_what_no_pattern_finds(line: str) -> None:
    assert names._uncut(line) == names._CUT.split(line, maxsplit=1)[0]
    assert names.has_role(line) == (names._ROLE.search(line) is not None)
    assert (names._prefix(line) is None) == (names._PREFIX.match(line) is None)
    assert statements._is_aside(line) == (statements._ASIDE.match(line) is not None)
    assert statements._is_parted(line) == (statements._SIGNS.search(line) is not None)
    assert statements.is_other_label(line) == (len(line) < 60 and statements._OTHERS.match(line.strip()) is not None)
    if statements._GLUED.search(line) is None:
        assert statements._GLUED_DATE.sub(" ", statements._GLUED_BY.sub(r"\1 ", line)) == line
    if not names.holds(line, names._CREDIT_SIGNS):
        assert names._LABELLED.search(line) is None
        assert names._BRACKET.search(line) is None
        assert names._PART.split(line) == [line]
