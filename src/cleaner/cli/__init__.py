"""The command: one file per subcommand.

Each has `add(subcommands)`, which must be quick (`cleaner --help` imports nothing else), and `run(options) -> int`.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cleaner import __version__
from cleaner.cli import clean, diff, explain, fetch, inspect, ray, report, rules, run
from cleaner.cli.common import EXIT_CODES, Exit, complain
from cleaner.errors import CleanerError, RuleFileError

__all__ = ["main", "parser"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of a disk that is written to, whoever writes."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="cleaner",
        description="Saved web pages and text dumps in; article text, metadata and the reason for every cut out.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"cleaner {__version__}")
    subcommands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in (run, fetch, clean, diff, explain, inspect, report, rules, ray):
        module.add(subcommands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code. Shows no traceback unless `--debug` asks for one."""
    _open_all()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # any page's text and any file's name can be printed
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    options = parser().parse_args(argv)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has read enough
        _discard_output()
        return Exit.PIPE
    except KeyboardInterrupt:
        complain("interrupted")
        return Exit.INTERRUPTED
    except Exception as error:
        if options.debug:
            raise
        if isinstance(error, CleanerError):
            complain(str(error))
            return Exit.RULES if isinstance(error, RuleFileError) else Exit.USAGE
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            complain(f"{error.filename or '<stdout>'}: cannot be written: {error.strerror}")
            _discard_output()
            return Exit.USAGE
        complain(f"this is a bug, please report it ({type(error).__name__}: {error}); --debug shows where")
        return Exit.BUG
    return code


def _open_all() -> None:
    """Open what a daemon or `>&-` has closed of the standard streams: else a file of ours would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we run


def _discard_output() -> None:
    """Write no more to standard output: Python would complain once more while it flushes on the way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
