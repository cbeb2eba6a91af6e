"""What is in a file, without cleaning any of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from cleaner.errors import InputError, TooLargeError
from cleaner.model import Page
from cleaner.segment.decode import decode, looks_binary, looks_like_html
from cleaner.storage.inputs import read
from cleaner.storage.readers import Apart, Member, Stream, is_heavy, members, page_of, refine, snapshot, tell
from cleaner.storage.readers.members import MAX_BYTES
from cleaner.storage.readers.tables import parquet_file

__all__ = ["Inspection", "inspect"]


@dataclass(slots=True)
class Inspection:
    """What is in a file."""

    location: str
    form: str = ""
    packing: str | None = None
    """gzip, bzip2, xz, zstd."""
    bytes: int | None = None
    """As it lies on the disk; None: it came through a pipe."""
    pages: int = 0
    broken: int = 0
    """How many pages or records cannot be read."""
    skipped: Counter[str] = field(default_factory=Counter)
    """What is no page, by what it is."""
    complete: bool = True
    """Whether the file was read to its end."""
    first: list[dict[str, Any]] = field(default_factory=list)
    """The first pages."""
    troubles: list[dict[str, str]] = field(default_factory=list)
    """The first that cannot be read, and why."""
    error: str | None = None
    """What kept the file from being read, or read further."""

    def as_json(self) -> dict[str, Any]:
        """Return all of it, and how many things are in the file, as JSON types."""
        # `asdict` would count what is in a Counter once more.
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**told, "records": self.pages + self.broken + self.skipped.total()}

    def add(self, member: Member, show: int) -> None:
        """Count one page."""
        if member.page is None:
            self.broken += 1
            if len(self.troubles) < show:
                self.troubles.append({"location": member.location, "trouble": member.trouble})
            return
        self.pages += 1
        if len(self.first) < show:
            self.first.append(_told(member.page))


def inspect(
    path: Path | None,
    standard_input: BinaryIO,
    *,
    show: int = 5,
    quick: bool = False,
    apart: Apart | None = None,
) -> Inspection:
    """Return what is in the file `path`, or comes through standard input where that is None.

    Args:
        path: a file, or a folder of ArchiveBox.
        standard_input: what None stands for.
        show: how many pages to tell of.
        quick: read no further than they are.
        apart: reads what takes much memory, as in :func:`cleaner.storage.find_pages`.

    Raises InputError where there is no such file.

    """
    told = Inspection("<stdin>" if path is None else str(path))
    captured = url = None
    if path is not None and path.is_dir():
        saved = snapshot(path)
        if saved is None:
            raise InputError(
                f"{path}: a folder; name the files in it (a folder is one page only where ArchiveBox made it)"
            )
        path, url, captured = path / saved.path, saved.url, saved.captured
    try:
        with nullcontext(standard_input) if path is None else path.open("rb") as file:
            told.bytes = None if path is None or not path.is_file() else path.stat().st_size
            stream = Stream(file)
            form = tell(stream.head, told.location)
            told.packing = stream.packing
            told.form = refine(form, stream).value if form.is_container else form.value
            if form.is_container:
                if apart is not None and path is not None and is_heavy(form, stream):
                    within: Iterator[Member] = (page for _, page in apart(parquet_file, path, told.location))
                else:
                    within = members(form, stream, told.location, told.skipped)
                for member in within:
                    told.add(member, show)
                    if quick and len(told.first) >= show:
                        told.complete = False
                        break
            else:
                if path is None or told.bytes is None:
                    page = page_of(stream.read_all(MAX_BYTES), told.location)
                else:
                    page = read(path)  # with its sidecar
                page = replace(page, url=url or page.url, captured=page.captured or captured)
                if looks_binary(page.content):
                    told.form = "no text"
                    raise InputError("a picture, a PDF or an archive, perhaps")
                told.add(Member(PurePosixPath(), page.location, page), show)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (InputError, TooLargeError, OSError) as error:
        told.error = str(error).removeprefix(f"{told.location}: ")
    return told


def _told(page: Page) -> dict[str, Any]:
    """Return what is known of a page, as JSON types."""
    content = page.content
    return {
        "location": page.location,
        "url": page.url,
        "captured": page.captured.isoformat() if page.captured else None,
        "media_type": page.media_type or _media_type(page),
        "charset": page.charset,
        "bytes": len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "surrogatepass")),
    }


def _media_type(page: Page) -> str:
    if looks_binary(page.content):
        return "application/octet-stream"
    return "text/html" if looks_like_html(decode(page).text) else "text/plain"
