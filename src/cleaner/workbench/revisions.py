"""Rule files as they were: those of a git revision, in a folder of their own."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cleaner.errors import InputError

__all__ = ["rules_of_revision"]

_PATIENCE = 60
"""Seconds git may take."""
_MOST = 512 * 1024 * 1024
"""Bytes of rule files that are unpacked."""


def rules_of_revision(revision: str, path: Path, into: Path) -> Path:
    """Unpack the rule files at `path`, a folder or one file, as `revision` of its git repository has them.

    Returns where they are now, below `into`: a folder, or a file in a folder of the same name as before, which rule
    files are named by. Only regular files that end in `.toml` are unpacked.

    Raises InputError where there is no git, no repository, no such revision, or no such path in it.
    """
    home, only = (path, None) if path.is_dir() else (path.parent, path.name)
    # A revision never starts with a dash, an option of git would.
    if revision.startswith("-") or not revision:
        raise InputError(f"--against {revision!r}: neither a folder of rule files nor a revision")
    told = _git(home, ["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"])
    if told.returncode:
        if _git(home, ["rev-parse", "--git-dir"]).returncode:
            raise InputError(
                f"--against {revision}: no such folder or rule file, and {path} is in no git repository "
                "whose revisions could be meant; name a folder laid out as rules/"
            )
        raise InputError(
            f"--against {revision}: no such folder or rule file, and the git repository of {path} has no such revision "
            "(git log --oneline lists them)"
        )
    commit = told.stdout.decode("ascii", "replace").strip()
    packed = _git(home, ["archive", "--format=tar", commit, *(["--", only] if only else [])])
    if packed.returncode:
        reason = packed.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        raise InputError(f"--against {revision}: {path} is not in that revision (git: {reason})")
    target = into / (home.resolve().name or "rules")
    _unpack(packed.stdout, target)
    return target / only if only else target


def _git(folder: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), "--literal-pathspecs", *arguments]
    try:
        return subprocess.run(command, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 - no shell
    except FileNotFoundError:
        raise InputError("--against a revision needs git, which is not installed; name a folder instead") from None
    except subprocess.TimeoutExpired:
        raise InputError(f"git took longer than {_PATIENCE} s in {folder}") from None


def _unpack(packed: bytes, into: Path) -> None:
    """Write the rule files of an archive below `into`, and nothing else of it: no links, nothing outside."""
    into.mkdir(parents=True, exist_ok=True)
    total = 0
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as archive:
        for member in archive:
            name = PurePosixPath(member.name)
            if not member.isfile() or name.suffix != ".toml" or name.is_absolute() or ".." in name.parts:
                continue
            total += member.size
            if total > _MOST:
                raise InputError(f"more than {_MOST // 1024**2} MB of rule files in that revision")
            content = archive.extractfile(member)
            assert content is not None  # it is a regular file
            target = into.joinpath(*name.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
