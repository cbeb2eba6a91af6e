"""`clean/` is what `cleaner clean raw -o clean` makes of `raw/` now, file by file.

Of a record, only the version of cleaner is not compared. Nothing else in it depends on where or when it was made: it
holds no time, and the page's path as it was named on the command line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from cleaner.cli import main
from cleaner.cli.common import Exit
from tests.conftest import ROOT

CLEAN: Final = ROOT / "clean"
NOT_COMPARED: Final = ("cleaner",)
ADVICE: Final = "run `make golden` and look at what `git diff clean` says; if that is for the better, check it in"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        assert main(["clean", "raw", "-o", str(out), "--quiet"]) == Exit.OK
    return out


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("[!.]*")
        if path.is_file() and ".cleaner" not in path.parts
    }


def content(path: Path) -> Any:
    text = path.read_text("utf-8")
    if path.suffix != ".json":
        return text
    record: dict[str, Any] = json.loads(text)
    return {key: value for key, value in record.items() if key not in NOT_COMPARED}


def test_the_same_pages_are_in_it(fresh: Path) -> None:
    assert files(CLEAN) == files(fresh), ADVICE


def test_all_that_is_in_it_is_current(fresh: Path) -> None:
    stale = [name for name in sorted(files(CLEAN) & files(fresh)) if content(CLEAN / name) != content(fresh / name)]
    assert not stale, ADVICE


def test_every_page_of_raw_is_ok(fresh: Path) -> None:
    records = [json.loads(path.read_bytes()) for path in fresh.rglob("*.json")]
    assert records
    assert [record["location"] for record in records if record["status"] != "ok"] == []


def test_nothing_of_this_machine_is_in_a_record(fresh: Path) -> None:
    assert [path.name for path in fresh.rglob("*.json") if str(ROOT) in path.read_text("utf-8")] == []
