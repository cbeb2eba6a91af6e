"""What all reports share: the file, its policy, and how data stands in it.

The file is made of `frame.html`, of the report's own body, of style and script (`base.css` and `base.js`, then the
report's own), and of data. What pages say is only ever data: JSON in elements that no browser runs, put on the screen
as text. Should that ever fail, the policy in the head of the file allows one script and one style sheet, by their
hashes, and nothing from anywhere else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shutil
from contextlib import suppress
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

from cleaner import __version__
from cleaner.errors import OutputError

__all__ = ["refuse_foreign", "to_json", "write"]


def write(target: Path, name: str, subject: str, index: dict[str, Any], details: IO[str] | None = None) -> None:
    """Write a report as a whole or not at all.

    Args:
        target: the file; see :func:`refuse_foreign`.
        name: `diff` or `corpus`: what the files of the report are called here.
        subject: what it is about, for people.
        index: the data.
        details: elements that stand at the end of the file, to be parsed when they are asked for.

    Raises OutputError.

    """
    head, tail = _shell(name, subject, to_json(index))
    draft = target.with_name(f".cleaner-{secrets.token_hex(8)}")
    try:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("x", encoding="utf-8", newline="\n") as file:
                file.write(head)
                if details is not None:
                    details.seek(0)
                    shutil.copyfileobj(details, file)
                file.write(tail)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error


def _shell(name: str, subject: str, index: str) -> tuple[str, str]:
    """Return what stands before the details, and what stands after them."""
    here = files(__package__)
    frame, body, style, script = (
        "".join(here.joinpath(part).read_text("utf-8") for part in parts)
        for parts in (("frame.html",), (f"{name}.html",), ("base.css", f"{name}.css"), ("base.js", f"{name}.js"))
    )
    parts = {
        "name": name,
        "version": escape(__version__),
        # Odd file names hold lone surrogates, which cannot be written as UTF-8.
        "subject": escape(subject).encode("utf-8", "replace").decode(),
        "style-hash": _hash(style),
        "script-hash": _hash(script),
        "style": style,
        "body": body,
        "script": script,
        "index": index,
    }
    head, tail = frame.split("{{details}}")
    # In one pass: what is filled in is never searched for places to fill.
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda place: parts[place[1]], head), tail


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def to_json(value: Any) -> str:
    r"""Return JSON that can stand in an element of HTML: without any `<`, it can neither end it nor open a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Lone surrogates cannot be written as UTF-8.
    return text.replace("<", "\\u003c").encode("utf-8", "replace").decode()


def refuse_foreign(target: Path, name: str) -> None:
    """Raise OutputError where a file that is no report of this name would be overwritten."""
    mark = f'<meta name="generator" content="cleaner {name} '.encode()
    with suppress(FileNotFoundError):
        try:
            with target.open("rb") as file:
                head = file.read(2048)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
        if mark not in head:
            raise OutputError(f"{target}: is there already and is no report of cleaner {name}; name another file")
