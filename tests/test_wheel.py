"""What is installed elsewhere: the wheel holds the rule files, and finds them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import ROOT

# Run where the package is the unpacked wheel's and the rules of the working tree are out of sight.
PROBE: Final = """
import cleaner
from cleaner.rules import RuleBook
book = RuleBook.load()
print(cleaner.__file__)
print(*(source.name for source in book.files()))
print(*(source.shown for source in book.files()))
print(cleaner.clean("<p>The bridge opened on Monday after two years of repairs, the city said.</p>").rules_digest)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked. pip fetches the build backend for it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps", "--wheel-dir", str(folder), "--quiet"]
    command += ["--disable-pip-version-check", "--retries", "1", "--timeout", "10"]
    built = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if built.returncode:
        if "hatchling" in built.stderr and "No matching distribution" in built.stderr:
            pytest.skip("offline: pip cannot fetch the build backend")
        pytest.fail(built.stderr)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def shipped(folder: Path) -> set[str]:
    return {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.toml")}


def test_the_rule_files_are_in_it(unpacked: Path) -> None:
    assert shipped(unpacked / "cleaner/_rules") == shipped(ROOT / "rules")
    assert (unpacked / "cleaner/py.typed").is_file()


def test_they_are_found_there_and_called_what_they_are_called_here(unpacked: Path, tmp_path: Path) -> None:
    # Without `site`, no editable install can put the working tree in front; dependencies stay on the path.
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(unpacked), *libraries])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", PROBE], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    home, names, places, digest = done.stdout.splitlines()
    assert Path(home).is_relative_to(unpacked)
    assert set(names.split()) == shipped(ROOT / "rules")
    assert set(places.split()) == {f"rules/{name}.toml" for name in names.split()}
    assert digest
