"""Look for inputs that break a promise.

    python -m tests.fuzz [TARGET …] --minutes 20     all targets, one after the other, where none is named
    python -m tests.fuzz TARGET --try FILE …         tell whether these inputs break one
    python -m tests.fuzz TARGET --shrink FILE        cut a finding down to what it takes, into FILE.small
    python -m tests.fuzz --list

Atheris (`pip install 'cleaner[fuzz]'`) steers by what code an input reaches. Below `--work` each target has a folder:
`corpus/` (inputs that reached something new; the next run goes on from there), `findings/` (an input and what it broke,
one for each cause) and `log`. Exit status: 0 nothing found, 1 something found, 2 cannot run as asked.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.promises import BrokenPromiseError, small_limits

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(__file__).resolve().parent / "cases"
MAX_LENGTH = 1 << 16
"""Bytes of an input: what takes quadratic time takes seconds at this size."""
FULL = 3
"""Exit status of a process that has grown: what Atheris remembers of many inputs is no input's doing."""
FULL_MEGABYTES = 1_000
HANG = 120
"""Seconds of CPU time after which an input counts as one that hangs."""


def main() -> int:
    """Run the command; see the module's docstring."""
    options = _parser().parse_args()
    if options.child:
        return _fuzz(options.target[0], options.work, options.seconds)
    from tests.fuzz.targets import TARGETS

    if options.list:
        print("\n".join(TARGETS))
        return 0
    unknown = [name for name in options.target if name not in TARGETS]
    if unknown or ((options.attempt or options.shrink) and len(options.target) != 1):
        print(f"fuzz: no target {', '.join(unknown)}" if unknown else "fuzz: name one target", file=sys.stderr)
        return 2
    if options.attempt:
        return int(sum(_said(options.target[0], path) for path in options.attempt) > 0)
    if options.shrink:
        return _shrink(options.target[0], options.shrink)
    return int(sum(_run(name, options) for name in options.target or TARGETS) > 0)


# ── A run ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _run(name: str, options: argparse.Namespace) -> bool:
    """Fuzz one target for its time, whatever it does to the process; return whether something was found."""
    work = options.work / name
    for folder in ("corpus", "findings"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    before = set(_findings(work))
    seconds = options.minutes * 60
    wall_end = time.monotonic() + 3 * seconds
    restarts, spent = 0, _children_s_time()
    with (work / "log").open("ab") as log:
        while (left := seconds - (_children_s_time() - spent)) > 1 and (wall_left := wall_end - time.monotonic()) > 1:
            log.write(f"== {time.strftime('%F %T')} {name}: {left:.0f} s of CPU left\n".encode())
            log.flush()
            command = [
                sys.executable,
                "-m",
                "tests.fuzz",
                name,
                "--child",
                "--work",
                str(work),
                "--seconds",
                str(int(left)),
            ]
            child = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            try:
                status = child.wait(wall_left)
                if status == 0 or restarts >= options.restarts:
                    break
                if status == FULL:
                    continue
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                break
            restarts += 1
            _keep_crash(work)
    found = sorted(set(_findings(work)) - before)
    told = "".join(f"\n  {path}: {_first_line(path)}" for path in found) or " nothing"
    minutes = (_children_s_time() - spent) / 60
    print(f"{time.strftime('%F %T')} {name}: {minutes:.1f} CPU minutes, {restarts} restarts, found{told}", flush=True)
    return bool(found)


def _children_s_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _findings(work: Path) -> list[Path]:
    return sorted((work / "findings").glob("*.bin"))


def _first_line(path: Path) -> str:
    try:
        return path.with_suffix(".txt").read_text("utf-8").partition("\n")[0]
    except FileNotFoundError:
        return "see the log"


def _keep_crash(work: Path) -> None:
    """Keep the input that hung, ate the memory, or ended the process."""
    data = (work / "current").read_bytes()
    target = work / "findings" / f"end-{hashlib.sha256(data).hexdigest()[:8]}.bin"
    target.write_bytes(data)
    target.with_suffix(".txt").write_text("the process hung, ate its memory or crashed; see the log\n")


def _fuzz(name: str, work: Path, seconds: int) -> int:
    """Fuzz one target in this process, which does not outlive the worst of its inputs."""
    import atheris

    with atheris.instrument_imports(include=["cleaner", "zipfile", "tarfile", "plistlib", "email", "quopri"]):
        # Every part, before a target imports it lazily.
        import cleaner.batch
        import cleaner.storage.inspection
        import cleaner.storage.readers.mhtml
        import cleaner.storage.readers.tables
        import cleaner.storage.readers.wacz
        import cleaner.storage.readers.webarchive
        import cleaner.workbench.imports  # noqa: F401
        from tests.fuzz.targets import TARGETS
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    small_limits()
    target = TARGETS[name]
    for number, seed in enumerate([*target.seeds(), *(path.read_bytes() for path in sorted((CASES / name).glob("*")))]):
        (work / "corpus" / f"seed-{number}").write_bytes(seed)

    def bend(data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        made = data
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            made = target.bend(made, random) if random.randrange(5) else atheris.Mutate(made, most)
        return made if len(made) <= most else data

    limits = (
        "-timeout=3600",
        "-rss_limit_mb=2048",
        f"-max_len={MAX_LENGTH}",
        "-len_control=0",
        "-report_slow_units=3600",
    )
    atheris.Setup(
        [sys.argv[0], str(work / "corpus"), f"-artifact_prefix={work}/artifact-", *limits],
        _keeping(target, work, seconds),
        custom_mutator=bend,
    )
    atheris.Fuzz()  # exits
    return 0


def _keeping(target: Callable[[bytes], None], work: Path, seconds: int) -> Callable[[bytes], None]:
    """Return a target that keeps what it finds, one input for each cause (the smallest), and goes on for its time."""
    current = work / "current"
    runs = 0

    def run(data: bytes) -> None:
        nonlocal runs
        if time.process_time() > seconds:
            print(f"== {runs:,} inputs tried", file=sys.stderr, flush=True)
            os._exit(0)
        if runs % 100 == 0 and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > FULL_MEGABYTES * 1024:
            os._exit(FULL)
        runs += 1
        current.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, HANG)  # ends the process: no Python would be run to stop what hangs
        try:
            target(data)
        except BrokenPromiseError as error:
            why = str(error)
            cause = hashlib.sha256(why.partition("\n")[0].encode("utf-8", "replace")).hexdigest()[:8]
            path = work / "findings" / f"{cause}.bin"
            if path.exists() and path.stat().st_size <= len(data):
                return
            print(f"FOUND {cause} {why.partition(chr(10))[0]}", file=sys.stderr, flush=True)
            path.write_bytes(data)
            path.with_suffix(".txt").write_text(why + "\n", "utf-8", "replace")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    return run


# ── A finding ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _why(name: str, data: bytes) -> str:
    """Return which promise an input breaks, empty where none."""
    from tests.fuzz.targets import TARGETS

    try:
        TARGETS[name](data)
    except BrokenPromiseError as error:
        return str(error)
    return ""


def _said(name: str, path: Path) -> bool:
    small_limits()
    started = time.perf_counter()
    why = _why(name, path.read_bytes())
    print(f"{path}: {why or 'fine'} ({time.perf_counter() - started:.2f} s)")
    return bool(why)


def _shrink(name: str, path: Path) -> int:
    """Cut out what is not needed, in ever smaller pieces, as long as the cause stays the same."""
    small_limits()
    data = path.read_bytes()
    cause = _why(name, data).partition("\n")[0]
    if not cause:
        print(f"{path}: breaks nothing")
        return 0
    piece = len(data) // 2
    while piece:
        at = 0
        while at < len(data):
            less = data[:at] + data[at + piece :]
            if _why(name, less).partition("\n")[0] == cause:
                data = less
            else:
                at += piece
        piece //= 2
    target = path.with_name(f"{path.name}.small")
    target.write_bytes(data)
    print(f"{target}: {len(data):,} bytes: {cause}\n{data!r}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Look for inputs that break a promise.")
    add: Any = parser.add_argument
    add("target", nargs="*", help="what to fuzz; all, where none is named")
    add(
        "--minutes",
        type=float,
        default=20,
        help="of CPU time for each target (20); at most three times that by the clock",
    )
    add("--work", type=Path, default=Path(".fuzz"), help="folder for corpora, findings and logs (.fuzz)")
    add("--restarts", type=int, default=20, help="after how many hangs and crashes a target is given up (20)")
    add("--try", dest="attempt", type=Path, nargs="+", metavar="FILE", help="tell whether inputs break a promise")
    add("--shrink", type=Path, metavar="FILE", help="cut a finding down")
    add("--list", action="store_true", help="name the targets")
    add("--child", action="store_true", help=argparse.SUPPRESS)
    add("--seconds", type=int, default=0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
