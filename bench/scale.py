"""Many pages: how fast `cleaner clean` goes on one process and two, whether memory stays flat, what a run survives.

::

    python bench/scale.py make OUT --pages 50000     OUT/pages.warc.gz and OUT/pages.parquet: the corpus, repeated
    python bench/scale.py run OUT/pages.warc.gz      with --jobs 2: seconds, pages a second, memory of each process
    python bench/scale.py kernel OUT/pages.warc.gz   the same pages cleaned in this process: what a core can do
    python bench/scale.py kill OUT/pages.warc.gz     killed 20 times and gone on with, in each form: are bytes the same
    python bench/scale.py poison --pages 1000        pages that hang, die, eat memory among others: do they cost another

`kill` cleans the file three times for each form, so give it some hundreds of pages. Rates are of whole commands by the
clock, start and end included, so nothing else may run beside them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import corpus
from options import positive

__all__ = ["main"]

_SAMPLE_SECONDS: Final = 1.0
_FORMS: Final = ("text", "jsonl", "jsonl.zst", "parquet")
_ROWS_A_GROUP: Final = 1_000


def main(argv: list[str] | None = None) -> int:
    """Run the command; see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make")
    make.add_argument("out", type=Path)
    make.add_argument("--pages", type=positive, default=50_000)
    make.set_defaults(do=_make)
    run = commands.add_parser("run")
    run.add_argument("input", type=Path)
    run.add_argument("--jobs", type=positive, default=2)
    run.add_argument("--output", type=Path, help="folder that is kept (default: a temporary one)")
    run.set_defaults(do=_run)
    kernel = commands.add_parser("kernel")
    kernel.add_argument("input", type=Path)
    kernel.add_argument("--pages", type=positive, help="only the first so many")
    kernel.set_defaults(do=_kernel)
    kill = commands.add_parser("kill")
    kill.add_argument("input", type=Path)
    kill.add_argument("--kills", type=positive, default=20)
    kill.add_argument("--forms", nargs="+", choices=_FORMS, default=_FORMS)
    kill.add_argument("--seed", type=int, default=7)
    kill.set_defaults(do=_kill)
    poison = commands.add_parser("poison")
    poison.add_argument("--pages", type=positive, default=1_000)
    poison.set_defaults(do=_poison)
    options = parser.parse_args(argv)
    try:
        print(json.dumps(options.do(options)))
    except corpus.CorpusMissingError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


# -- pages -----------------------------------------------------------------------------------------------------------


def pages(number: int) -> Iterator[tuple[str, bytes]]:
    """Yield URL and HTML of as many pages of the corpus, which begins again where it ends."""
    once = [page for name in corpus.SETS for page in corpus.load(name)]
    for index in range(number):
        page, turn = once[index % len(once)], index // len(once)
        yield f"{page.url}#{turn}" if turn else page.url, page.html()


def _make(options: argparse.Namespace) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    options.out.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([("url", pa.string()), ("html", pa.binary())])
    with (
        (options.out / "pages.warc.gz").open("wb") as file,
        pq.ParquetWriter(options.out / "pages.parquet", schema, compression="zstd") as table,
    ):
        source = pages(options.pages)
        while rows := list(islice(source, _ROWS_A_GROUP)):
            file.writelines(gzip.compress(_record(url, html), 6) for url, html in rows)
            table.write_table(pa.Table.from_pylist([{"url": url, "html": html} for url, html in rows], schema))
    return {path.name: path.stat().st_size for path in sorted(options.out.iterdir())}


def _record(url: str, html: bytes) -> bytes:
    body = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + html
    head = "WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http; msgtype=response\r\n"
    head += f"WARC-Target-URI: {url}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body + b"\r\n\r\n"


# -- runs ------------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        out = options.output or Path(folder)
        begun = time.perf_counter()
        process = _start(options.input, out, "parquet", options.jobs)
        parent: list[int] = []
        workers = 0
        while process.poll() is None:
            time.sleep(_SAMPLE_SECONDS)
            parent.append(_megabytes(process.pid))
            workers = max([workers, *map(_megabytes, _below(process.pid))])
        seconds = time.perf_counter() - begun
        rows, statuses = _rows(out)
    parent = [size for size in parent if size]
    quarter = max(1, len(parent) // 4)
    return {
        "input": options.input.name,
        "jobs": options.jobs,
        "exit": process.returncode,
        "rows": rows,
        "statuses": statuses,
        "seconds": round(seconds, 1),
        "pages_a_second": round(rows / seconds, 2),
        "parent_mb_peak_by_quarter": [max(parent[at : at + quarter]) for at in range(0, quarter * 4, quarter)],
        "worker_mb_peak": workers,
    }


def _start(source: Path, out: Path, form: str, jobs: int = 2) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cleaner", "clean", str(source), "-o", str(out)]
    command += ["--format", form, "--jobs", str(jobs), "--quiet"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _rows(out: Path) -> tuple[int, dict[str, int]]:
    import pyarrow.dataset as ds

    statuses = ds.dataset(sorted(map(str, out.glob("*.parquet")))).to_table(["status"]).column("status")
    return len(statuses), {item["values"]: item["counts"] for item in statuses.value_counts().to_pylist()}


def _megabytes(pid: int) -> int:
    """Return the memory a process has in use, 0 where there is none: PSS, for pages that forks share count once."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")) // 1024


def _children(pid: int) -> list[int]:
    try:
        told = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []
    return [int(child) for children in told for child in children.split()]


def _below(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    return [below for child in _children(pid) for below in (child, *_below(child))]


def _kernel(options: argparse.Namespace) -> dict[str, Any]:
    """Clean and render here, without any pool, and time that alone: reading the container is not the kernel's."""
    from cleaner import Cleaner, storage
    from cleaner.storage import columns

    cleaner = Cleaner()
    seconds, count, turns = 0.0, 0, time.perf_counter()
    for source in islice(storage.find_pages([str(options.input)]), options.pages):
        page = source.read()
        begun = time.perf_counter()
        article = cleaner.clean(page)
        columns.row(article, page)
        seconds += time.perf_counter() - begun
        count += 1
    whole = time.perf_counter() - turns
    return {
        "input": options.input.name,
        "pages": count,
        "kernel_seconds": round(seconds, 1),
        "kernel_pages_a_second": round(count / seconds, 2),
        "with_reading_pages_a_second": round(count / whole, 2),
    }


# -- trouble ---------------------------------------------------------------------------------------------------------


def _kill(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Kill parents, then workers, at random moments; compare what comes of it with a run that nothing disturbed."""
    told = []
    moments = random.Random(options.seed)
    for form in options.forms:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            _start(options.input, Path(folder), form).wait()
            seconds = time.perf_counter() - begun
            whole = _digest(Path(folder))
        for victim in ("parent", "worker"):
            kills = runs = 0
            same = True
            while kills < options.kills:
                with tempfile.TemporaryDirectory() as folder:
                    kills += _disturbed(options, Path(folder), form, victim, seconds, options.kills - kills, moments)
                    same &= _digest(Path(folder)) == whole
                runs += 1
            told.append({"form": form, "victim": victim, "kills": kills, "runs": runs, "same_bytes": same})
    return told


def _disturbed(
    options: argparse.Namespace, out: Path, form: str, victim: str, seconds: float, most: int, moments: random.Random
) -> int:
    """Run to the end, with at most so many kills; return how many they were."""
    kills = 0
    process = _start(options.input, out, form)
    while True:
        try:
            process.wait(moments.uniform(0.5, max(2.0, seconds / 8)) if kills < most else None)
        except subprocess.TimeoutExpired:
            workers = [worker for server in _children(process.pid) for worker in _children(server)]
            pid = process.pid if victim == "parent" else moments.choice(workers or [0])
            if pid:
                os.kill(pid, signal.SIGKILL)
                kills += 1
            if victim == "worker":
                continue
            process.wait()
        if process.returncode == 0:
            return kills
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"{form}, {victim}: exit code {process.returncode} after {kills} kills")
        process = _start(options.input, out, form)


def _digest(out: Path) -> str:
    """Return a digest over the names and bytes of all files but the state."""
    digest = hashlib.sha256()
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out)
        if path.is_file() and name.parts[0] != ".cleaner":
            digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


def _poison(options: argparse.Namespace) -> dict[str, Any]:
    """Clean pages of which one in ten does to its process what pages can do (tests/plugs.py)."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from cleaner.batch import Row, run
    from cleaner.pool import Limits
    from cleaner.storage import Nowhere, find_pages
    from tests.plugs import MISCHIEF, POISON, Plugged

    kinds = [*POISON, *MISCHIEF]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        expected = []
        for at in range(options.pages):
            said = kinds[at // 10 % len(kinds)] if at % 10 == 3 else b"Page %d." % at
            Path(folder, f"{at:06}.html").write_bytes(said)
            expected.append(POISON[said].value if said in POISON else "ok")
        begun = time.perf_counter()
        run(Plugged(), find_pages([folder]), Nowhere(), rows.append, jobs=2, limits=Limits(seconds=10, megabytes=512))
        seconds = time.perf_counter() - begun
    return {
        "pages": options.pages,
        "rows": len(rows),
        "poison": sum(status != "ok" for status in expected),
        "mischief": sum(at % 10 == 3 for at in range(options.pages)) - sum(status != "ok" for status in expected),
        "not_as_expected": [
            f"{row.location}: {row.status}, {row.reason}"
            for row, status in zip(rows, expected, strict=True)
            if row.status.value != status
        ],
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
