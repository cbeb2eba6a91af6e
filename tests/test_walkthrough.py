"""docs/WALKTHROUGH.md, followed to the letter: each command prints what the text says."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Final

import pytest

from cleaner.cli import main
from tests.conftest import ROOT

TEXT: Final = (ROOT / "docs/WALKTHROUGH.md").read_text("utf-8")
_BLOCK: Final = re.compile(r"```(console|toml)\n(.*?)```", re.DOTALL)
_WRITTEN: Final = ("rules/sites/saltmarshbell.example.toml", "bad.toml")
"""What the two files are called that the text gives, in its order."""


def steps() -> list[tuple[str, str]]:
    """Return the commands with what they print, and the files with what is in them, in the order of the text."""
    found: list[tuple[str, str]] = []
    names = iter(_WRITTEN)
    for language, block in _BLOCK.findall(TEXT):
        if language == "toml":
            found.append((next(names), block))
        else:
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, printed = part.partition("\n")
                found.append((f"$ {command}", printed))
    return found


def matches(printed: str, told: str) -> bool:
    """Tell whether `told` is what was printed; a line `…` in it stands for any lines."""
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else f"{re.escape(line)}\n" for line in told.splitlines())
    return re.fullmatch(pattern, f"{printed.rstrip()}\n") is not None


def test_all_is_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(ROOT / "docs/walkthrough", tmp_path / "saved")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("builtins.input", lambda: print("y") or "y")
    commands = 0
    for what, told in steps():
        if not what.startswith("$ "):
            Path(what).write_text(told, "utf-8")
            continue
        program, *arguments = shlex.split(what[2:])
        assert program == "cleaner"
        main(arguments)
        out, err = capsys.readouterr()
        printed = "".join(f"{line.rstrip()}\n" for line in (out + err).splitlines())
        assert matches(printed, told), f"{what}\n{printed}"
        commands += 1
    assert commands > 9
