"""The JSON Schema of a rule file, for editors: completion, hover texts, squiggles.

Keys, kinds, actions and bounds are the language's own tables (:mod:`cleaner.rules.language`); only what a key means is
said here, and a key without such a sentence is an error. Draft 4 is what TOML editors know best: conditions (a drop
needs a `kind`) are alternatives there, and dates are strings, as which editors hand them over.

What may stand in a list may stand alone. That is said without alternatives: `properties` speaks of tables only, `items`
of lists only. Of alternatives that all fail editors cannot say where, and underline everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from cleaner.model import BlockKind, NoiseKind, Zone
from cleaner.rules.language import (
    _CASE_KEYS,
    _ID,
    _LANGUAGE,
    _MANY,
    _MATCHERS,
    _MAX_BLOCKS,
    _MAX_RULES,
    _META_KEYS,
    _RULE_KEYS,
    _SET_NAME,
    _SOURCES,
    _TEST_KEYS,
    _TOP_KEYS,
    _WHEN_KEYS,
    FIELDS,
    LIST_FIELDS,
    MAX_PHRASE,
    Action,
)

__all__ = ["schema"]

_Schema = dict[str, Any]

_ACTIONS = {
    Action.DROP: "the block is noise of this kind",
    Action.KEEP: "the block is body, whatever weaker rules or the scorer say",
    Action.CUT_AFTER: "the block and everything after it are noise",
    Action.TO_META: "the block states the metadata `field`",
    Action.FLAG: "nothing is removed; the record carries a note",
}
_BLOCK_TEST = ["object", "string", "array"]
"""The types of a block test: a table, or phrases."""
_ZONES = {Zone.HEAD: "before the main run", Zone.MAIN: "in the main run", Zone.TAIL: "after the main run"}


def schema() -> _Schema:
    """Return the JSON Schema (draft 4) of a rule file, as plain data."""
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "A rule file of cleaner",
        "type": "object",
        **_table(_TOP_KEYS, _top(), required=["schema"]),
        "definitions": {
            "block-test": _block_test(),
            "when": _when(),
            "rule": _rule(),
            "test": _case(),
            **{name: _table(parts, parts, required=needed) for name, (parts, needed) in _structures().items()},
            **{f"meta-{field}": _extractor(field) for field in FIELDS},
        },
    }


# --- plain values


def _text(description: str, **bounds: Any) -> _Schema:
    return {"description": description, "type": "string", "minLength": 1, **bounds}


def _texts(description: str, **bounds: Any) -> _Schema:
    """Return the schema of a string or a list of them."""
    one = {"minLength": 1, **bounds}
    return {"description": description, "type": ["string", "array"], **one, **_several({"type": "string", **one})}


def _several(items: _Schema, least: int = 1) -> _Schema:
    """Return what holds for a list."""
    return {"items": items, "minItems": least}


def _list(description: str, items: _Schema, least: int = 1) -> _Schema:
    return {"description": description, "type": "array", **_several(items, least)}


def _reference(definition: str) -> _Schema:
    # Beside a bare `$ref` nothing else counts.
    return {"allOf": [{"$ref": f"#/definitions/{definition}"}]}


def _a(definition: str, description: str, kind: Any = "object") -> _Schema:
    """Return the schema of a defined part."""
    return {"description": description, "type": kind, **_reference(definition)}


def _some(definition: str, description: str, **bounds: Any) -> _Schema:
    """Return the schema of a defined table, or of a list of them."""
    one = _reference(definition)
    return {
        "description": description,
        "type": ["array", "object"],
        **one,
        **_several({"type": "object", **one}),
        **bounds,
    }


def _number(description: str, least: int, most: int, default: int | None = None) -> _Schema:
    bounds = {"type": "integer", "minimum": least, "maximum": most}
    return {"description": description, **bounds, **({} if default is None else {"default": default})}


def _switch(description: str, default: bool | None = None) -> _Schema:
    return {"description": description, "type": "boolean", **({} if default is None else {"default": default})}


def _day(description: str) -> _Schema:
    return {"description": description, "type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def _one_of(description: str, options: Iterable[str], meanings: Mapping[Any, str] | None = None) -> _Schema:
    names = [str(option) for option in options]
    hints = {"x-taplo": {"docs": {"enumValues": [meanings[name] for name in names]}}} if meanings else {}
    return {"description": description, "enum": names, **hints}


def _any_of(description: str, options: type[StrEnum], meanings: Mapping[Any, str] | None = None) -> _Schema:
    """Return the schema of one of some names, or a list of them."""
    one = {key: value for key, value in _one_of("", options, meanings).items() if key != "description"}
    return {"description": description, "anyOf": [one, {"type": "array", **_several(one)}]}


def _table(keys: Iterable[str], meanings: Mapping[str, _Schema], *, required: Iterable[str] = ()) -> _Schema:
    """Return what holds for a table that has just these keys. A key that has no meaning here is a KeyError."""
    needed = {"required": list(required)} if required else {}
    return {
        "properties": {key: meanings[key] for key in keys},
        "additionalProperties": False,
        **needed,
    }


def _without(*keys: str) -> _Schema:
    """Return what holds for a table that has none of these keys."""
    return {"not": {"type": "object", "anyOf": [{"required": [key]} for key in keys]}}


# --- the tables of the language


def _selectors(use: str) -> dict[str, _Schema]:
    return {
        "css": _texts(f"{use}, by CSS selector."),
        "xpath": _texts(f"{use}, by XPath 1.0."),
    }


def _phrases(description: str) -> _Schema:
    return _texts(f'{description} "@name" is a phrase set.', maxLength=MAX_PHRASE)


def _line(description: str = "Matches this RE2 pattern from end to end, in any case.") -> _Schema:
    return _texts(description)


def _block_test() -> _Schema:
    """Return the schema of a block test: a table, or phrases."""
    test = _table(
        _TEST_KEYS,
        {
            "phrase": _phrases("Says one of these."),
            "line": _line(),
            "min_words": _number("Has at least so many words.", 0, _MANY),
            "max_words": _number("Has at most so many words.", 0, _MANY),
            "sentence": _switch("Ends (true) or does not end (false) as a sentence does."),
            "linked": _switch("Has (true) or has not (false) at least half of its letters in links."),
            "kind": _any_of("Is of one of these kinds.", BlockKind),
        },
    )
    return _phrases("") | test | {"type": _BLOCK_TEST, "minProperties": 1}


def _when() -> _Schema:
    present = _table(("css", "xpath"), _selectors("An element that the page has"))
    found = {"type": "object", "anyOf": [present | {"minProperties": 1}, {"$ref": "#/definitions/block-test"}]}
    one_or_more = {"anyOf": [found, {"type": "array", **_several(found)}]}
    return _table(
        _WHEN_KEYS,
        {
            "zone": _any_of("For blocks of these zones.", Zone, _ZONES),
            "paths": _texts("For pages whose URL path matches one of these globs.", pattern=r"^[/*]"),
            "lang": _texts("For pages that declare one of these languages.", pattern=f"^{_LANGUAGE.pattern}$"),
            "if_present": {"description": "For pages on which one of these is found.", **one_or_more},
            "valid_from": _day("For pages captured on this day or later."),
            "valid_until": _day("For pages captured on this day or before."),
        },
    )


def _extractor(field: str) -> _Schema:
    lists = field in LIST_FIELDS
    return {
        **_table(
            _META_KEYS,
            {
                **_selectors("The element that states it"),
                "attr": _text("The attribute that holds the value, not the element's text."),
                "line": _line("The form of the block or text; the value is the group `v`, else the whole."),
                "zone": _any_of("For a `line` alone: the zones it is looked for in.", Zone, _ZONES),
                "value": (_texts if lists else _text)("The value itself, stated by the rule file."),
                "split": _switch('Make a list of "A, B and C": of authors, tags and agencies.'),
            },
        ),
        "anyOf": [{"required": [key]} for key in ("css", "xpath", "line", "value")],
    }


def _structures() -> dict[str, tuple[dict[str, _Schema], list[str]]]:
    """Return the keys of `section`, `run` and `pair`, and which of them are needed."""
    section = {
        "head": _a("block-test", "The block that it begins with.", _BLOCK_TEST),
        "each": _a("block-test", "What each block after the head has to be like.", _BLOCK_TEST),
        "max_lines": _number("Most blocks after the head.", 1, _MAX_BLOCKS, 12),
        "keep_head": _switch("Leave the head as it is.", default=False),
    }
    run = {
        "each": _a("block-test", "What each block of the run is like.", _BLOCK_TEST),
        "min": _number("Fewest blocks of a run.", 1, _MAX_BLOCKS, 3),
    }
    pair = {
        "first": _a("block-test", "What the first block is like.", _BLOCK_TEST),
        "second": _a("block-test", "What the block right after it is like.", _BLOCK_TEST),
        "take": {**_one_of("Which of the two is hit.", ("both", "first", "second")), "default": "both"},
    }
    return {"section": (section, ["head"]), "run": (run, ["each"]), "pair": (pair, ["first", "second"])}


def _rule() -> _Schema:
    meanings = {
        "id": _text("Its name: stable, people disable rules by it.", pattern=f"^{_ID.pattern}$"),
        "kind": _one_of("The kind of noise.", NoiseKind),
        "action": {**_one_of("What becomes of what is hit.", Action, _ACTIONS), "default": Action.DROP.value},
        "field": _one_of("The metadata that the block states.", FIELDS),
        **_selectors("Elements that are hit"),
        "token": _texts("Elements that carry this class or id; * at either end stands for the rest."),
        "phrase": _phrases("Blocks that say exactly this, folded."),
        "line": _line("Blocks that match this RE2 pattern from end to end, in any case."),
        "section": _some("section", "A head and the bounded run of blocks after it."),
        "run": _some("run", "Consecutive blocks that all pass a test."),
        "pair": _some("pair", "Two consecutive blocks."),
        "text": _text("Narrows css, xpath and token: a pattern that is found in the element's text."),
        "max_words": _number("Narrows every matcher: no block or element with more words is hit.", 1, _MANY),
        "when": _a("when", "Where the rule holds: all keys together."),
        "max_share": {
            "description": "Share of a page's prose over which the rule is skipped.",
            "type": "number",
            "minimum": 0,
            "exclusiveMinimum": True,
            "maximum": 1,
            "default": 0.3,
        },
        "note": _text("For people."),
        "source": {**_one_of("Where it comes from.", _SOURCES), "default": _SOURCES[0]},
        "added": _day("When it was written."),
    }
    removing = [action.value for action in (Action.DROP, Action.CUT_AFTER, Action.FLAG)]
    verdicts = [
        {"required": ["kind"], **_without("field"), "properties": {"action": {"enum": removing}}},
        {"required": ["action"], **_without("kind", "field"), "properties": {"action": {"enum": [Action.KEEP.value]}}},
        {
            "required": ["action", "field"],
            **_without("kind"),
            "properties": {"action": {"enum": [Action.TO_META.value]}},
        },
    ]
    matchers = [{"required": [key]} for key in _MATCHERS]
    return {
        **_table(_RULE_KEYS, meanings, required=["id"]),
        "allOf": [{"anyOf": matchers}, {"anyOf": verdicts}],
        "x-taplo": {"initKeys": ["id", "kind"]},
    }


def _case() -> _Schema:
    return _table(
        _CASE_KEYS,
        {
            "name": _text("What it shows."),
            "page": _text("A saved page, by its path beside the rule file."),
            "html": _text("The page itself."),
            "text": _text("A text dump of a page."),
            "url": _text("The page's URL."),
            "captured": _day("The day the page was saved."),
            "contains": _texts("The body holds this."),
            "absent": _texts("The body does not hold this."),
            "fires": _texts("Rules that fire: ids of this file, or full ones."),
            "silent": _texts("Rules that do not fire."),
            "meta": {
                "description": "What the metadata is.",
                "type": "object",
                **_table(
                    FIELDS,
                    {field: {"type": ["array", "string"] if field in LIST_FIELDS else "string"} for field in FIELDS},
                ),
            },
            "golden": _text("A file, by its path beside the rule file, with all that the page should give."),
            "pending": _switch("Counted apart, until a page exists.", default=False),
        },
    )


def _top() -> dict[str, _Schema]:
    ids = {"type": "string", "pattern": "/"}
    return {
        "schema": {"description": "The version of the language.", "enum": [1]},
        "site": _text("The host, equal to the file's name. In files under sites/."),
        "extends": _list("Packs that hold for this site whatever their own `when` says.", ids),
        "disable": _list("Full ids of rules and built-ins that do not hold here.", ids),
        "recognise": _list(
            "Lines by which a dump without URL is told to be of this site.", {"type": "string", "minLength": 1}, 2
        ),
        "probation": _switch("Imported and not yet trusted: the lowest tier.", default=False),
        "when": _a("when", "Where the file holds: for every rule and [meta] entry, and for [body]."),
        "phrases": {
            "description": "Named sets of phrases; any file can say @name.",
            "type": "object",
            "patternProperties": {
                f"^{_SET_NAME.pattern}$": _texts("A set of phrases.", maxLength=MAX_PHRASE, pattern="^[^@]"),
            },
            "additionalProperties": False,
        },
        "body": {
            "description": "Where the body is; the first selector that hits anything decides.",
            "type": "object",
            **_table(("css", "xpath"), _selectors("Elements that hold the body")),
            "minProperties": 1,
        },
        "fetch": {
            "description": "What the scraper is told of the site.",
            "type": "object",
            **_table(
                ("next_page",),
                {
                    "next_page": {
                        "description": "The link to the next page of an article.",
                        "type": "object",
                        **_table(("css", "xpath"), _selectors("The link, or what holds it")),
                        "minProperties": 1,
                    }
                },
            ),
            "minProperties": 1,
        },
        "meta": {
            "description": "Where metadata is stated: per field, extractors in order.",
            "type": "object",
            **_table(
                FIELDS, {field: _some(f"meta-{field}", f"Where {field} is stated; tried in order.") for field in FIELDS}
            ),
        },
        "rule": _some("rule", "What to do with which blocks.", maxItems=_MAX_RULES),
        "test": _some("test", "What the rules do on a page."),
    }
