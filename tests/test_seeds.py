"""The five seed dumps come out exactly as expected, recognised by their lines; with generic rules nothing of them is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

import cleaner
from cleaner.text import collapse
from tests.conftest import SEEDS

pytestmark = pytest.mark.seeds
EXPECTED: dict[str, Any] = json.loads((SEEDS / "EXPECTED.json").read_text("utf-8")) if SEEDS.is_dir() else {}


def lines(text: str) -> list[str]:
    return [collapse(line) for line in text.splitlines() if line.strip()]


@pytest.fixture(params=sorted(EXPECTED) or ["absent"])
def seed(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    name = request.param
    return (SEEDS / name).read_text("utf-8"), EXPECTED[name]


def test_the_body_is_exact(seed: tuple[str, dict[str, Any]]) -> None:
    dump, expected = seed
    either_way = {collapse(line) for line in expected["either_way"]}
    body = [line for line in lines(cleaner.clean(dump).text) if line not in either_way]
    assert body == [collapse(line) for line in expected["body"]]


def test_the_captions_are_there_once(seed: tuple[str, dict[str, Any]]) -> None:
    dump, expected = seed
    found = [(collapse(c.text), c.credit) for c in cleaner.clean(dump).captions]
    assert found == [(collapse(c["text"]), c["credit"]) for c in expected["captions"]]


def test_the_metadata_is_as_stated(seed: tuple[str, dict[str, Any]]) -> None:
    dump, expected = seed
    article = cleaner.clean(dump)
    for field, value in expected["metadata"].items():
        found = getattr(article.metadata, field)
        if field == "site_name" and value is None and article.rules:
            continue  # a site file may name its site
        assert (found or None) == (value or None), field


def test_generic_rules_lose_no_body_line_and_find_the_noise(seed: tuple[str, dict[str, Any]]) -> None:
    dump, expected = seed
    article = cleaner.clean(dump, rules="generic")
    body = set(lines(article.text))
    assert [line for line in map(collapse, expected["body"]) if line not in body] == []
    stated = {collapse(line) for line in [*expected["body"], *expected["either_way"]]}
    noise = [line for line in lines(dump) if line not in stated]
    left = [line for line in noise if line in body]
    assert len(left) <= len(noise) / 10, left
