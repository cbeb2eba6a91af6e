"""The project stands alone: no text of the seeds or of the corpus' references is in it.

A short phrase that a rule must match is a fact and may be there; a run of words as long as these is somebody's text.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest

from tests.conftest import CORPUS, ROOT, SEEDS

SEED_RUN = 8
CORPUS_RUN = 14
"""Words. Common widgets' own sentences (consent banners, comment forms) reach twelve and stand in some references."""


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def runs(text: str, length: int) -> Iterator[tuple[str, ...]]:
    found = words(text)
    return (tuple(found[at : at + length]) for at in range(len(found) - length + 1))


@cache
def project_runs(length: int) -> dict[tuple[str, ...], str]:
    """Return the runs of words in the project's files, each with a file it stands in."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout: which files are the project's cannot be told")
    found: dict[tuple[str, ...], str] = {}
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or name.startswith("src/cleaner/judge/weights/") or name == "LICENSE" or not path.is_file():
            continue
        text = html.unescape(path.read_text("utf-8", "replace"))
        text = re.sub(r"<[^<>]{0,2000}>", " ", text) if path.suffix == ".html" else text.replace("\\n", " ")
        for run in runs(text, length):
            found.setdefault(run, name)
    return found


@pytest.mark.seeds
def test_no_line_of_the_seeds() -> None:
    known = project_runs(SEED_RUN)
    assert {
        f"{known[run]}: {' '.join(run)}"
        for path in SEEDS.glob("*.txt")
        for line in path.read_text("utf-8").splitlines()
        for run in runs(line, SEED_RUN)
        if run in known
    } == set()


def references() -> Iterator[tuple[str, str]]:
    for name, entry in json.loads((CORPUS / "aeb_half/ground-truth.json").read_text("utf-8")).items():
        yield name, entry["articleBody"]
    for path in (CORPUS / "wcxb_dev/ground-truth").glob("*.json"):
        yield path.stem, json.loads(path.read_text("utf-8"))["ground_truth"].get("main_content") or ""
    for path in (CORPUS / "news_sites").glob("*.json"):
        yield path.stem, "\n".join(item["text"] for item in json.loads(path.read_text("utf-8"))["body"])


@pytest.mark.corpus
def test_no_text_of_the_corpus() -> None:
    known = project_runs(CORPUS_RUN)
    assert {
        f"{known[run]}: {page}: {' '.join(run)}"
        for page, text in references()
        for run in runs(text, CORPUS_RUN)
        if run in known
    } == set()
