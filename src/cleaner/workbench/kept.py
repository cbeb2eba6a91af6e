"""Sums of counts that are kept in a file, added to others, and never written over what is none of theirs."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

from cleaner.errors import InputError, OutputError
from cleaner.storage import dump, replace_file

__all__ = ["Kept"]


class Kept(ABC):
    """What can be kept as JSON."""

    __slots__ = ()

    @classmethod
    @abstractmethod
    def from_json(cls, data: Any) -> Self:
        """Return what `as_json` gave. Raises ValueError for what is none, or of another version."""

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """Return it as JSON types."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return what is in the file `path`. Raises InputError."""
        try:
            return cls.from_json(json.loads(path.read_bytes()))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:  # of JSON and of UTF-8 as well
            raise InputError(f"{path}: {error}") from error

    @classmethod
    def check_target(cls, path: Path) -> None:
        """Raise OutputError where it cannot be written to `path`: only an older one is written over."""
        if not path.parent.is_dir():
            raise OutputError(f"{path}: there is no folder {path.parent}")
        if path.exists():
            try:
                cls.load(path)
            except InputError as error:
                raise OutputError(f"{error}; it is not written over: name another file") from error

    def save(self, path: Path) -> None:
        """Write it to the file `path`, as a whole or not at all. Raises OutputError."""
        self.check_target(path)
        replace_file(path, dump(self.as_json()))
