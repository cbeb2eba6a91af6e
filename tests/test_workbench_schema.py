"""The JSON Schema of rule files: it knows each key of the language, takes every good file, and refuses bad ones."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pytest

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed (pip install -e '.[test]')")

from cleaner import workbench  # noqa: E402
from cleaner.cli import main  # noqa: E402
from cleaner.cli.common import Exit  # noqa: E402
from cleaner.rules import FIELDS, RuleBook, language, parse  # noqa: E402
from cleaner.rules.places import KeyPath  # noqa: E402
from tests.conftest import ROOT  # noqa: E402

SCHEMA = workbench.schema()

EVERYTHING = """
schema = 1
site = "all.example"
extends = ["platforms/wordpress"]
disable = ["generic/noise/share-run"]
recognise = ["One line of it", "Another line"]
probation = false
[when]
zone = "head"
paths = "/news/*"
lang = ["en", "de"]
if_present = [{ css = "meta", xpath = "//meta" }, { phrase = "x", kind = "quote" }]
valid_from = 2020-01-01
valid_until = 2030-01-01
[phrases]
more = ["Read on"]
[fetch]
next_page = { css = "a.next", xpath = "//nav/a" }

[body]
css = "article"
xpath = ["//main"]
[meta]
FIELDS
[[rule]]
id = "all"
kind = "related"
action = "drop"
css = "aside"
xpath = ["//aside"]
token = ["x", "y-*"]
phrase = ["@more", "z"]
line = 'a.{0,9}'
section = { head = "@more", each = { max_words = 9, min_words = 1, sentence = false, linked = true, line = "x", phrase = "y", kind = ["quote", "code"] }, max_lines = 3, keep_head = true }
run = [{ each = ["a", "b"], min = 2 }]
pair = { first = "a", second = { max_words = 3 }, take = "both" }
text = "x"
max_words = 30
when = { zone = ["head", "tail"] }
max_share = 0.5
note = "n"
source = "hand"
added = 2026-09-01
[[rule]]
id = "kept"
action = "keep"
token = "x"
[[rule]]
id = "stated"
action = "to_meta"
field = "authors"
line = "By (?P<v>.+)"
[[test]]
name = "n"
page = "snap/a.html"
url = "https://all.example/a"
captured = 2026-08-30
contains = "a"
absent = ["b"]
fires = "all"
silent = ["kept"]
meta = { title = "t", authors = ["a"] }
golden = "snap/a.md"
pending = false
[[test]]
html = "<p>x"
contains = "x"
[[test]]
text = "x"
contains = "x"
""".replace(
    "FIELDS",
    "\n".join(
        [
            *(f'{field} = {{ css = "a", attr = "b", line = "(?P<v>.+)" }}' for field in FIELDS[2:]),
            'title = [{ line = "x", zone = "head" }, { xpath = "//h1" }]',
            'authors = [{ value = ["a", "b"] }, { css = ".by", split = true }]',
        ]
    ),
)


def plain(value: Any) -> Any:
    """Return TOML as editors hand it to a schema: dates as strings."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def complaints(source: str) -> list[str]:
    checker = jsonschema.Draft4Validator(SCHEMA)
    return [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in checker.iter_errors(plain(tomllib.loads(source)))
    ]


def nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema with all that it refers to or is an alternative of it."""
    yield schema
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        yield from nodes(part)
    if "$ref" in schema:
        yield from nodes(SCHEMA["definitions"][schema["$ref"].removeprefix("#/definitions/")])


def properties(path: KeyPath) -> list[dict[str, Any]]:
    """Return the tables that the schema knows at a path, each as its properties."""
    at = [SCHEMA]
    for key in path:
        found = [node for schema in at for node in nodes(schema)]
        if isinstance(key, int):
            at = [node["items"] for node in found if "items" in node]
        else:
            at = [node["properties"][key] for node in found if key in node.get("properties", {})]
            at += [part for node in found for part in node.get("patternProperties", {}).values()]
    found = [node for schema in at for node in nodes(schema)]
    return [node["properties"] for node in found if "additionalProperties" in node]


def test_it_is_a_schema() -> None:
    jsonschema.Draft4Validator.check_schema(SCHEMA)


def test_it_has_the_keys_of_the_language_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    tables: dict[KeyPath, set[str]] = {}
    given: dict[KeyPath, set[str]] = {}
    real = language._Checker.table

    def table(self: Any, value: Any, path: KeyPath, keys: Iterable[str] | None) -> dict[str, Any]:
        if keys is not None:
            tables[path] = set(keys)
            given.setdefault(tuple(key for key in path if isinstance(key, str)), set()).update(value)
        return real(self, value, path, keys)

    monkeypatch.setattr(language._Checker, "table", table)
    parse(EVERYTHING.encode(), "sites/all.example", "all.toml")
    for path, keys in tables.items():
        assert keys in [set(found) for found in properties(path)], path
    # The file above uses every key, so that no table of the language goes unasked.
    assert given[()] == set(SCHEMA["properties"])
    assert given[("rule",)] == set(SCHEMA["definitions"]["rule"]["properties"])
    assert given[("test",)] == set(SCHEMA["definitions"]["test"]["properties"])
    assert given[("when",)] == set(SCHEMA["definitions"]["when"]["properties"])
    for name in ("section", "run", "pair"):
        assert given[("rule", name)] == set(SCHEMA["definitions"][name]["properties"])
    assert given[("rule", "section", "each")] == set(SCHEMA["definitions"]["block-test"]["properties"])


def test_every_key_has_a_sentence() -> None:
    def described(schema: Any, path: str) -> Iterator[str]:
        if isinstance(schema, dict):
            for key, part in schema.get("properties", {}).items():
                # Of alternatives (`action` in a verdict) and of the metadata in tests the name says it.
                if (
                    "additionalProperties" in schema
                    and not path.endswith("/test/properties/meta")
                    and not part.get("description")
                ):
                    yield f"{path}/{key}"
            for key, part in schema.items():
                yield from described(part, f"{path}/{key}")
        elif isinstance(schema, list):
            for index, part in enumerate(schema):
                yield from described(part, f"{path}/{index}")

    assert list(described(SCHEMA, "")) == []


@pytest.mark.parametrize("source", RuleBook.load().files(), ids=lambda source: source.name)
def test_shipped_files_are_valid(source: Any) -> None:
    assert complaints(source.path.read_text("utf-8")) == []


def test_everything_is_valid() -> None:
    assert complaints(EVERYTHING) == []


def test_what_stands_in_a_list_may_stand_alone() -> None:
    assert (
        complaints('schema = 1\n[rule]\nid = "r"\nkind = "other"\ncss = "x"\n[test]\ntext = "x"\ncontains = "x"\n')
        == []
    )


RULE = 'schema = 1\n[[rule]]\nid = "r"\nkind = "other"\ncss = "x"\n'


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("", "'schema' is a required property"),
        ("schema = 2", "2 is not one of [1]"),
        ("schema = 1\nfoo = 1", "'foo' was unexpected"),
        (RULE + "knd = 1", "rule/0: Additional properties are not allowed ('knd' was unexpected)"),
        (RULE.replace("[[rule]]", "[rule]") + "knd = 1", "rule: Additional properties are not allowed"),
        (RULE.replace('kind = "other"\n', ""), "rule/0: "),
        (RULE.replace('css = "x"', 'note = "x"'), "rule/0: "),
        (RULE + 'action = "keep"', "rule/0: "),
        (RULE + 'action = "drp"', "rule/0/action: 'drp' is not one of"),
        (RULE + 'field = "title"', "rule/0: "),
        (RULE + "max_words = 0", "rule/0/max_words: 0 is less than the minimum"),
        (RULE + "max_share = 2", "rule/0/max_share: 2 is greater"),
        (RULE + 'when = { zone = "tial" }', "rule/0/when/zone: "),
        (RULE + 'when = { lang = "en-US" }', "rule/0/when/lang: "),
        (RULE + 'section = { each = "x" }', "rule/0/section: 'head' is a required property"),
        (RULE + 'section = { head = { phrse = "x" } }', "rule/0/section/head: "),
        (RULE + "section = { head = {} }", "rule/0/section/head: "),
        (RULE + "added = 2026", "rule/0/added: 2026 is not of type 'string'"),
        (RULE + 'token = ["x", 1]', "rule/0/token/1: 1 is not of type 'string'"),
        (RULE.replace('"r"', '"R"'), "rule/0/id: 'R' does not match"),
        ('schema = 1\n[meta]\ntitel = { css = "h1" }', "meta: Additional properties"),
        ('schema = 1\n[meta]\ntitle = { attr = "x" }', "meta/title: "),
        ("schema = 1\n[body]\n", "body: "),
    ],
)
def test_what_is_wrong_is_told_where(source: str, complaint: str) -> None:
    assert any(complaint in f"{text}" for text in complaints(source)), complaints(source)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "schema"]) == Exit.OK
    out, err = capsys.readouterr()
    assert json.loads(out) == SCHEMA
    assert err == ""
    assert len(out) < 200_000


def test_the_documents_tell_editors() -> None:
    manual = (ROOT / "docs/RULES.md").read_text("utf-8")
    for words in ("cleaner rules schema", "evenBetterToml.schema.associations", "#:schema"):
        assert words in manual
