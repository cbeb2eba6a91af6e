"""Rule files: what is a fault, where it stands, and what a good file compiles to."""

from __future__ import annotations

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from cleaner.errors import Fault, InputError, RuleFileError
from cleaner.model import Document, NoiseKind, Page, Zone
from cleaner.rules.expressions import ElementIndex, TokenIndex, compile_css, compile_pattern, compile_xpath
from cleaner.rules.language import Action, RuleFile, Tier, load_file, parse
from cleaner.rules.places import locate
from cleaner.segment.html import walk

ROOT = Path(__file__).resolve().parent.parent


def read(body: str, name: str = "generic/x") -> RuleFile:
    return parse(("schema = 1\n" + body).encode(), name, f"{name}.toml")


def faults(body: str, name: str = "generic/x") -> list[Fault]:
    with pytest.raises(RuleFileError) as caught:
        read(body, name)
    return caught.value.faults


def rule(body: str) -> str:
    return f'[[rule]]\nid = "r"\nkind = "other"\n{body}\n'


# ---- places


def test_every_key_and_element_has_its_line() -> None:
    source = (
        '''schema = 1 # "a" = [
site = "x.y"

[when]
if_present = [{ css = "a", "odd key" = 1 },
  # a comment with ] and "
  { line = 'b' },
]
[phrases]
"a.b" = """one
two ""quoted"" \\""" three"""
after = ["x", """y
z""", 'w']
[[rule]]
id = 'it'''
        """'
css = [ "a",

  "b" ]
  [rule.when] # below
  zone = "tail"
[[rule]]
section = { head = ["h",
 "i"], each.max_words = 3 }
a.b.c = 1979-05-27 07:32:00
[rule.deep.er]
x = +1_0.5e3
[[rule.part]]
q = true
[[rule.part]]
q = false
"""
    )
    lines = locate(source)
    assert tomllib.loads(source.replace("id = 'it'", "id = 'it'"))
    expected: dict[tuple[str | int, ...], int] = {
        ("schema",): 1,
        ("site",): 2,
        ("when",): 4,
        ("when", "if_present"): 5,
        ("when", "if_present", 0, "css"): 5,
        ("when", "if_present", 0, "odd key"): 5,
        ("when", "if_present", 1): 7,
        ("when", "if_present", 1, "line"): 7,
        ("phrases", "a.b"): 10,
        ("phrases", "after", 0): 12,
        ("phrases", "after", 1): 12,
        ("phrases", "after", 2): 13,
        ("rule",): 14,
        ("rule", 0): 14,
        ("rule", 0, "id"): 15,
        ("rule", 0, "css", 0): 16,
        ("rule", 0, "css", 1): 18,
        ("rule", 0, "when"): 19,
        ("rule", 0, "when", "zone"): 20,
        ("rule", 1): 21,
        ("rule", 1, "section", "head", 1): 23,
        ("rule", 1, "section", "each", "max_words"): 23,
        ("rule", 1, "a", "b", "c"): 24,
        ("rule", 1, "deep", "er", "x"): 26,
        ("rule", 1, "part", 0, "q"): 28,
        ("rule", 1, "part", 1, "q"): 30,
    }
    assert {path: lines.get(path) for path in expected} == expected


@pytest.mark.parametrize(
    ("value", "rest"),
    [
        ('"""a"""""', 1),
        ("'''a'''''", 1),
        ('"""\n\\"""\n"""', 3),
        ('"""a\\\\"""', 1),
        ('""', 1),
        ("''", 1),
        ('""""""', 1),
        ("''''''", 1),
        ('""""a"""', 1),
        ("'''\n'\n''\n'''", 4),
        ("[]", 1),
        ("[[], [[1], {}],\n]", 2),
        ("{ }", 1),
        ('"\\"#["', 1),
        ("'#'", 1),
        ("1979-05-27T07:32:00Z", 1),
        ("[1, # ]\n2]", 2),
        ("[\"\"\"\n]\"\"\", '''\n[''']", 3),
    ],
)
def test_a_key_after_an_odd_value_is_found(value: str, rest: int) -> None:
    source = f"a = {value} # c\nb = 2\n"
    tomllib.loads(source)
    assert locate(source)[("b",)] == 1 + rest


_strings = st.text(st.sampled_from("a\"'\\#[]{}=,\n .é"), max_size=12)
_values = st.recursive(
    st.one_of(_strings, st.booleans(), st.integers(-9, 9), st.dates()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_strings, inner, max_size=3)),
    max_leaves=8,
)


def _toml(value: Any, draw_line: list[int]) -> str:
    """Write a value in one of the forms that TOML has for it, line ends inside where they are allowed."""
    style = draw_line.pop() if draw_line else 0
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            if style % 4 == 1 and "'''" not in value and not value.endswith("'"):
                return f"'''\n{value}'''"
            if style % 4 == 2:
                return f'"""\n{escaped}"""'
            return '"' + escaped.replace("\n", "\\n") + '"'
        case list():
            gap = '\n # ] "\n' if style % 2 else " "
            return "[" + gap + (f",{gap}").join(_toml(part, draw_line) for part in value) + gap + "]"
        case dict():
            return "{" + ", ".join(f"{_toml(key, [])} = {_toml(part, draw_line)}" for key, part in value.items()) + "}"
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _paths(value: Any, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, part in parts for found in ((*path, key), *_paths(part, (*path, key)))]


@given(st.lists(st.tuples(_strings, _values), max_size=4), st.lists(st.integers(0, 7), max_size=30))
def test_the_places_are_those_of_the_tables(pairs: list[tuple[str, Any]], styles: list[int]) -> None:
    source, at = "", {}
    for number, (name, value) in enumerate(pairs):
        key = f"{number}{name}"
        at[key] = source.count("\n") + 1
        source += f"{_toml(key, [])} = {_toml(value, styles)}\n"
    tables = tomllib.loads(source)
    lines = locate(source)
    assert set(lines) == set(_paths(tables, ()))
    assert {key: lines[(key,)] for key in at} == at


# ---- faults


def test_all_faults_of_a_file_are_reported_at_once_each_at_its_line() -> None:
    found = faults(
        """
disable = "x"
[[rule]]
id = "One"
knd = "share"
css = ["div:has-text(Subscribe)",
       "a["]
when = { zone = "tial", paths = ["news/*"] }
[[rule]]
kind = "shares"
line = '(?<=a)b'
[[rule]]
id = "two"
kind = "share"
phrase = "x"
max_share = 3
added = "2026-09-01"
""",
    )
    assert [str(fault) for fault in found] == [
        "generic/x.toml:3: disable is for files under sites/ and platforms/",
        "generic/x.toml:3: disable must be a list of strings, not a string",
        'generic/x.toml:4: rule One: no kind: drop needs one (such as kind = "related")',
        'generic/x.toml:5: rule One: "One" is no rule id (lower-case letters, digits and -)',
        'generic/x.toml:6: rule One: unknown key "knd" (did you mean "kind"?)',
        "generic/x.toml:7: rule One: bad css 'div:has-text(Subscribe)': :has-text() is no CSS: use `text`",
        "generic/x.toml:8: rule One: bad css 'a[': Expected ident or '*', got <EOF at 2>",
        'generic/x.toml:9: rule One: the path "news/*" can match no URL (write "/news/*")',
        'generic/x.toml:9: rule One: unknown zone "tial" (did you mean "tail"?)',
        'generic/x.toml:10: a rule without id (add: id = "…" (people disable rules by id))',
        'generic/x.toml:11: unknown kind "shares" (did you mean "share"?)',
        "generic/x.toml:12: bad pattern '(?<=a)b': invalid perl operator: (?<= (RE2 has no look-around)",
        "generic/x.toml:17: rule two: max_share must be over 0 and at most 1, not 3",
        "generic/x.toml:18: rule two: added must be a date such as 2026-09-01, not a string (without quotes)",
    ]


CASES = [
    # (body, line, what the message says)
    (rule("phrase = []"), 5, "phrase is empty"),
    (rule('phrase = ""'), 5, "phrase is empty"),
    (rule("phrase = 3"), 5, "phrase must be a string or a list of strings, not a number"),
    (rule('phrase = ["a", 3]'), 5, "phrase must be a string, not a number"),
    (rule("# nothing"), 2, "a rule without matcher"),
    (rule('text = "x"\nphrase = "y"'), 5, "text has no meaning without css, xpath or token"),
    (rule('phrase = "y"\nfield = "title"'), 6, "field has no meaning with drop"),
    (rule('phrase = "y"\naction = "dropp"'), 6, 'unknown action "dropp" (did you mean "drop"?'),
    (rule('phrase = "y"\naction = "keep"'), 4, "kind has no meaning with keep"),
    ('[[rule]]\nid = "r"\naction = "to_meta"\nphrase = "y"', 2, "to_meta needs a field"),
    ('[[rule]]\nid = "r"\naction = "to_meta"\nfield = "autors"\nphrase = "y"', 5, 'did you mean "authors"?'),
    (rule('phrase = "y"') + rule('phrase = "z"'), 7, 'the id "r" is taken by the rule in line 3'),
    (rule("section = { max_lines = 3 }"), 5, 'section needs "head"'),
    (rule('section = { head = "x", each = {} }'), 5, "each tests nothing"),
    (rule('section = { head = "x", max_lines = 0 }'), 5, "max_lines must be 1 to 1,000, not 0"),
    (rule('section = { head = "x", each = { max_word = 3 } }'), 5, 'did you mean "max_words"?'),
    (rule('run = { each = { kind = "header" } }'), 5, "unknown kind"),
    (rule('run = { each = "x", min = true }'), 5, "min must be a whole number, not true or false"),
    (rule('pair = { first = "x" }'), 5, 'pair needs "second"'),
    (rule('pair = { first = "x", second = "y", take = "none" }'), 5, "unknown take"),
    (rule('token = ".share"'), 5, '".share" is a selector (write "share"'),
    (rule('token = "a b"'), 5, '"a b" is no class or id'),
    (rule('token = "a*b"'), 5, '"a*b" is no class or id'),
    (rule('line = "a**"'), 5, "bad repetition operator"),
    (rule("line = '(a)\\1'"), 5, "bad pattern"),
    (rule("line = '(?:\\pL{1,4} ){18}'"), 5, "too large a program"),
    (rule(f"line = '{'a' * 2001}'"), 5, "at most 2,000"),
    (rule('css = "a:hover"'), 5, ":hover never holds"),
    (rule('css = "div:is(.a, .b)"'), 5, "write the selectors out"),
    (rule('css = "div:has(> .a)"'), 5, "write an xpath"),
    (rule('css = "a::text"'), 5, "Pseudo-elements are not supported"),
    (rule('css = "svg|a"'), 5, "bad css"),
    (rule('xpath = "//div["'), 5, "bad xpath"),
    (rule("xpath = \"//video[contains(@class='x')]\""), 5, "contains() takes 2 arguments, not 1"),
    (rule("xpath = \"//video[contain(@class,'x')]\""), 5, 'no function contain() (did you mean "contains"?)'),
    (rule("xpath = \"//div[class='x']\""), 5, '"class" is an attribute: write @class'),
    (rule("xpath = \"//div[re:test(., 'x')]\""), 5, "bad xpath"),
    (rule('xpath = "//a/@href"'), 5, "selects attributes or text"),
    (rule('xpath = "//a | //b/text()"'), 5, "selects attributes or text"),
    (rule('xpath = "count(//a)"'), 5, "selects no elements"),
    (rule('xpath = "//a[follow::b]"'), 5, "unknown axis"),
    (rule('phrase = "x"\nwhen = { lang = "en-US" }'), 6, 'write "en"'),
    (rule('phrase = "x"\nwhen = { lang = "english" }'), 6, "no primary language code"),
    (rule('phrase = "x"\nwhen = { valid_from = 2026-02-01, valid_until = 2026-01-01 }'), 6, "lies before"),
    (rule('phrase = "x"\nwhen = { valid_from = 2026-02-01T10:00:00 }'), 6, "must be a date"),
    (rule('phrase = "x"\nwhen = { if_present = "x" }'), 6, "if_present must be a table, not a string"),
    (rule('phrase = "x"\nwhen = { if_present = { css = "a[" } }'), 6, "bad css"),
    (rule('phrase = "x"\nsource = "me"'), 6, "unknown source"),
    (rule('phrase = "x"\nmax_words = 0'), 6, "max_words must be"),
    ("[meta]\nautors = [{ value = 'x' }]", 3, 'did you mean "authors"?'),
    ("[meta]\ntitle = [{}]", 3, "title has no source"),
    ("[meta]\ntitle = [{ css = 'a', value = 'x' }]", 3, "one selector or one value"),
    ("[meta]\ntitle = [{ attr = 'x', line = 'y' }]", 3, "attr has no meaning"),
    ("[meta]\ntitle = [{ line = '(?P<w>.+)' }]", 3, "unknown group 'w'"),
    ("[meta]\ntitle = [{ css = 'a', split = true }]", 3, "title is a single value"),
    ("[body]", 2, "[body] has no selector"),
    ("[fetch]", 2, "[fetch] says nothing"),
    ("[fetch]\nnext_page = {}", 3, "next_page has no selector"),
    ('[fetch]\nnext_page = { css = "a[" }', 3, "bad css"),
    ('[fetch]\nnext_page = { xpath = "//a/@href" }', 3, "selects attributes"),
    ('[fetch]\nnext = "a"', 3, 'unknown key "next"'),
    ("[phrases]\nx = ['@y']", 3, "a phrase set cannot hold another"),
    ("[phrases]\n'x y' = ['z']", 3, "no name of a phrase set"),
    ("[[test]]\nhtml = 'x'\ntext = 'y'\nabsent = 'z'", 2, "one of page, html and text"),
    ("[[test]]\nhtml = 'x'", 2, "asserts nothing"),
    ("[[test]]\npage = '../x'\nabsent = 'z'", 3, "lies outside"),
    ("[[test]]\ntext = 'x'\nmeta = { titel = 'y' }", 4, 'did you mean "title"?'),
    ("rule = 3", 2, "rule must be a table, not a number"),
    ("rules = 3", 2, 'did you mean "rule"?'),
    ("recognise = ['a', 'b']", 2, "recognise is for files under sites/"),
]


@pytest.mark.parametrize(("body", "line", "message"), CASES)
def test_fault(body: str, line: int, message: str) -> None:
    found = faults(body)
    assert [(fault.line, message in str(fault)) for fault in found] == [(line, True)], [str(fault) for fault in found]


SITE_CASES = [
    ('site = "example.org"', 2, 'site "example.org" stands in the file example.com.toml'),
    ('site = "Example.com"', 2, 'write "example.com"'),
    ('site = "bücher.example"', 2, 'write "xn--bcher-kva.example"'),
    ("", 0, 'no site (add: site = "example.com")'),
    ('site = "example.com"\nrecognise = ["One", " one "]', 3, "two different lines or more"),
    ('site = "example.com"\nrecognise = "One"', 3, "a list of strings"),
    ('site = "example.com"\nextends = ["wordpress"]', 3, '"wordpress" is no full name'),
    ('site = "example.com"\ndisable = ["share-run"]', 3, '"share-run" is no full name'),
]


@pytest.mark.parametrize(("body", "line", "message"), SITE_CASES)
def test_fault_of_a_site_file(body: str, line: int, message: str) -> None:
    found = faults(body, "sites/example.com")
    assert message in str(found[0])
    assert found[0].line == line


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"schema = 1\nid = also-like\n", 2, "Invalid value"),
        (b"schema = 1\n[[rule]\n", 2, "Expected ']]'"),
        (b'schema = 1\nx = """\n\n', 2, "Unterminated string"),
        (b"schema = 1\nschema = 1\n", 2, "Cannot overwrite a value"),
        (b"schema = 1\n\nx = '\xff'\n", 3, "not UTF-8"),
        (b"x = " + b"[" * 100_000, 0, "nested too deeply"),
        (b"#" * (1 << 20) + b"\n", 0, "over 1,048,576 bytes"),
        (b"", 0, "no schema"),
        (b"schema = 2", 1, "unknown schema 2"),
        (b"schema = true", 1, "schema must be the number 1"),
    ],
)
def test_a_file_that_is_no_rule_file(data: bytes, line: int, reason: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse(data, "generic/x", "x.toml")
    assert reason in caught.value.faults[0].reason
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].line in (line, line + 1 if "Unterminated" in reason else line)


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        load_file(tmp_path / "x.toml", "generic/x")


def test_too_many_rules() -> None:
    body = "".join(f'[[rule]]\nid = "r{n}"\nkind = "other"\nphrase = "x"\n' for n in range(5_001))
    assert "at most 5,000" in faults(body)[0].reason


def test_a_bad_pattern_writes_nothing_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    faults(rule("line = '(?=x)('"))
    assert capfd.readouterr() == ("", "")


_KEYS = ["id", "css", "section", "when", "max_share", "added", "run", "text", "kind", "token", "phrase", "line"]


@given(_values, st.sampled_from(_KEYS))
def test_a_value_of_any_type_is_a_fault_or_fine_never_a_crash(value: Any, key: str) -> None:
    try:
        read(f"[[rule]]\n{key} = {_toml(value, [])}\n")
    except RuleFileError as error:
        assert all(fault.line >= 2 for fault in error.faults)


# ---- probation


@pytest.mark.parametrize(
    ("xpath", "reason"),
    [
        ("//p[contains(.,'x')]/following::*", "following"),
        ("//a/ancestor::div", "ancestor"),
        ("//div[preceding::p]", "preceding"),
        ("id('x')", "id() is not for files on probation"),
        ("//a//b//c//d//e//f", "times //"),
    ],
)
def test_probation_refuses_what_walks_the_tree_both_ways(xpath: str, reason: str) -> None:
    assert reason in str(faults(f'probation = true\n{rule(f"""xpath = "{xpath}" """)}')[0])
    read(rule(f'xpath = "{xpath}"'))


@pytest.mark.parametrize(
    "xpath",
    [
        "//div[@class='a' and not(contains(concat(' ', normalize-space(@class), ' '), ' b '))][position() < 3]",
        "//div/following-sibling::p[1]/..",
        "//*[local-name() = 'div' or text() = 'div'] | //p[2 div 2] | //a[* * 3 mod (2) = 1]",
        "descendant-or-self::div[./a]",
    ],
)
def test_probation_allows_the_rest(xpath: str) -> None:
    assert read(f'probation = true\n{rule(f"""xpath = "{xpath}" """)}').rules[0].tier is Tier.PROBATION


# ---- what a good file compiles to


def test_a_whole_file() -> None:
    file = read(
        '''
site = "example.com"
extends = ["platforms/wordpress"]
disable = ["generic/noise/share-run", "builtin/repeated-title"]
recognise = ["Example Daily", "Sign up for Example  Daily"]
[phrases]
related = ["You may also like:", "Related stories"]
[body]
css = "article"
[meta]
date = [{ css = "time", attr = "datetime" }, { line = 'Published (?P<v>.+)', zone = "head" }]
site_name = [{ value = "Example Daily" }]
[[rule]]
id = "also-like"
kind = "related"
css = ["aside.related"]
section = { head = "@related", each = { max_words = 40 } }
when = { zone = ["tail", "head"], lang = "en", valid_from = 2020-01-01 }
added = 2026-09-01
[[rule]]
id = "comments"
kind = "comments"
token = "Comments"
[[rule]]
id = "by"
action = "to_meta"
field = "authors"
line = "By (?P<v>.+)"
[[test]]
text = """a"""
absent = "b"
captured = 2023-01-01
''',
        "sites/example.com",
    )
    first, second, third = file.rules
    assert (first.id, first.kind, first.action, first.tier) == (
        "sites/example.com/also-like",
        NoiseKind.RELATED,
        Action.DROP,
        Tier.SITE,
    )
    assert (first.where, first.max_share, first.added) == ("sites/example.com.toml:14", 0.3, date(2026, 9, 1))
    assert first.when.zones == {Zone.HEAD, Zone.TAIL}
    assert (second.max_share, second.tokens) == (0.9, ("comments",))
    assert (third.kind, third.field) == (None, "authors")
    assert file.recognise == ("example daily", "sign up for example daily")
    assert dict(file.phrases["related"]) == {
        "you may also like": "You may also like:",
        "related stories": "Related stories",
    }
    assert [extractor.id for extractor in file.extractors] == [
        "sites/example.com/[meta].date",
        "sites/example.com/[meta].date",
        "sites/example.com/[meta].site_name",
    ]
    assert [reference.name for reference in file.sets] == ["related"]
    assert file.tests[0].captured == date(2023, 1, 1)


def test_a_language_file_is_called_by_its_language() -> None:
    assert read("", "lang/de").when.languages is None
    assert read('[when]\nlang = ["no", "nb"]', "lang/no").when.languages == {"no", "nb"}
    assert "is no language code" in faults("", "lang/german")[0].reason


@pytest.mark.parametrize(
    ("pattern", "text", "hits"),
    [
        ("read more…", "Read More...", True),
        ("真的？", "真的?", True),
        ("真的？", "真", False),  # the full-width question mark is no operator
        ("（広告）", "(広告)", True),
        ("[…:]", ":", True),
        ("\\pL+", "Überall", True),
        ("cafe\u0301", "Café", True),
    ],
)
def test_a_pattern_is_matched_in_the_form_that_text_has(pattern: str, text: str, hits: bool) -> None:
    assert bool(compile_pattern(pattern).fullmatch(text)) is hits


def test_faults_name_the_rule_files_that_ship(capsys: pytest.CaptureFixture[str]) -> None:
    for path in sorted((ROOT / "rules").glob("*/*.toml")):
        load_file(path, f"{path.parent.name}/{path.stem}")


# ---- the index of elements says what lxml says

_tags = st.sampled_from(["div", "p", "a"])
_values_of = st.sampled_from(["", "a", "b", "a b", "ab", "a-b", "B"])
_attributes = st.dictionaries(st.sampled_from(["class", "id", "role"]), _values_of, max_size=3)
_trees = st.recursive(
    st.tuples(_tags, _attributes, st.just([])),
    lambda inner: st.tuples(_tags, _attributes, st.lists(inner, max_size=3)),
    max_leaves=10,
)
_conditions = st.one_of(
    st.sampled_from([".a", ".b", "#a", "[role]", ":first-child", ":not(.a)", ".B"]),
    st.tuples(st.sampled_from(["class", "role"]), st.sampled_from(["=", "~=", "|=", "^=", "$=", "*="]), _values_of).map(
        lambda parts: f'[{parts[0]}{parts[1]}"{parts[2]}"]'
    ),
)
_compounds = st.tuples(st.sampled_from(["div", "*", "P"]), st.lists(_conditions, max_size=2)).map(
    lambda parts: parts[0] + "".join(parts[1])
)
_selectors = st.lists(st.lists(_compounds, min_size=1, max_size=2).map(" > ".join), min_size=1, max_size=2).map(
    ", ".join
)


def _tree(node: tuple[str, dict[str, str], list[Any]]) -> Any:
    element = etree.Element(node[0], node[1])
    element.extend([_tree(child) for child in node[2]])
    return element


def _document(root: Any) -> Document:
    document = Document(Page(""), "", "utf-8", True, [], [], [], [], root)
    walk(document)
    return document


@given(_trees, _selectors)
def test_the_index_selects_what_lxml_selects(tree: Any, source: str) -> None:
    root = _tree(("html", {}, [tree]))
    selector = compile_css(source, probation=False, use="elements")
    assert ElementIndex(_document(root)).select(selector) == selector.evaluate(root)


_predicates = st.sampled_from(
    [
        "",
        "[1]",
        "[not(@class)]",
        "[not(ancestor::p or @id)]",
        "[not(p)][1]",
        "[not(p) and @id]",
        "[not(p) + 1]",
        "[@id]",
    ]
)


@given(_trees, st.tuples(st.sampled_from(["//div", "//p", "// p", "//body"]), _predicates).map("".join))
def test_the_index_selects_by_xpath_what_lxml_selects(tree: Any, source: str) -> None:
    root = _tree(("html", {}, [tree]))
    selector = compile_xpath(source, probation=False, use="elements")
    assert ElementIndex(_document(root)).select(selector) == selector.evaluate(root)


_names = st.sets(st.text("ab-", min_size=1, max_size=4), max_size=6)
_tokens = st.lists(st.sampled_from(["a", "ab", "a*", "b-*", "*a", "*-b", "*a*", "*ab*", "b"]), max_size=6)


@given(_tokens, _names)
def test_tokens_hit_names_as_globs_do(tokens: list[str], names: set[str]) -> None:
    hits = TokenIndex(tokens).hits(names)
    for name in names:
        assert sorted(hits.get(name, ())) == [at for at, token in enumerate(tokens) if fnmatchcase(name, token)]


def test_an_expression_of_xpath_keeps_its_value() -> None:
    root = etree.HTML("<p>a<b>c</b></p>")
    selector = compile_xpath("string(//b)", probation=False, use="values")
    assert ElementIndex(_document(root)).select(selector) == "c"
