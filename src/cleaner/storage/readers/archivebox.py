"""ArchiveBox: a folder for each page, with copies of it by several tools and an `index.json`. One copy is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from cleaner.storage.readers.members import json_of, moment, web

__all__ = ["Snapshot", "snapshot"]

_MAX_INDEX: Final = 8 * 1024 * 1024
# The best copy first: what a browser made of the page, whole; then its tree; then what came over the wire. Newer
# versions give each tool a folder of its own.
_COPIES: Final = (
    ("singlefile", ("singlefile.html", "singlefile/singlefile.html")),
    ("dom", ("output.html", "dom/output.html")),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The copy to read, and what the index says of the page."""

    path: PurePosixPath
    """In the folder."""
    url: str | None
    captured: datetime | None


def snapshot(folder: Path) -> Snapshot | None:
    """Return the snapshot in a folder, None where it is no folder of ArchiveBox, or holds no copy that is HTML."""
    try:
        with (folder / "index.json").open("rb") as file:
            said = json_of(file.read(_MAX_INDEX))
    except (OSError, ValueError, RecursionError):
        return None
    if not (isinstance(said, dict) and web(said.get("url")) and "timestamp" in said):
        return None
    for tool, path in _copies(said):
        if not path.is_absolute() and ".." not in path.parts and _is_file(folder / path):
            return Snapshot(path, web(said["url"]), _moment(said, tool))
    return None


def _copies(said: dict[str, Any]) -> Iterator[tuple[str, PurePosixPath]]:
    for tool, paths in _COPIES:
        for path in paths:
            yield tool, PurePosixPath(path)
    canonical = said.get("canonical")
    for told in (
        canonical.get("wget_path") if isinstance(canonical, dict) else None,
        _last(said, "wget").get("output"),
    ):
        if isinstance(told, str) and told.lower().endswith((".html", ".htm")):
            yield "wget", PurePosixPath(told)
            yield "wget", PurePosixPath("wget", told)


def _last(said: dict[str, Any], tool: str) -> dict[str, Any]:
    """Return what the index says of the last run of a tool."""
    history = said.get("history")
    runs = history.get(tool) if isinstance(history, dict) else None
    return runs[-1] if isinstance(runs, list) and runs and isinstance(runs[-1], dict) else {}


def _moment(said: dict[str, Any], tool: str) -> datetime | None:
    """Return when a tool saved the page; else when it was put on the list."""
    return moment(_last(said, tool).get("start_ts")) or moment(said["timestamp"])


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
