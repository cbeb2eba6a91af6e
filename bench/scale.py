"""Many pages: how fast `cleaner clean` goes on one process and two, whether memory stays flat, what a run survives.

::

    python bench/scale.py make OUT --pages 50000     OUT/pages.warc.gz and OUT/pages.parquet: the corpus, repeated
    python bench/scale.py run OUT/pages.warc.gz      with --jobs 2: seconds, pages a second, memory of each process
    python bench/scale.py kernel OUT/pages.warc.gz   the same pages cleaned in this process: what a core can do
    python bench/scale.py rate OUT/pages.warc.gz     one kernel, one on each core at once, and the command, by turns,
                                                     --rounds 5: their rates, for machines whose speed is not steady
    python bench/scale.py kill OUT/pages.warc.gz     killed 20 times and gone on with, in each form: are bytes the same
    python bench/scale.py poison --pages 1000        pages that hang, die, eat memory among others: do they cost another
    python bench/scale.py ray OUT/pages.warc.gz      under Ray with --workers 2; --kill 5: kill a worker, so many times;
                                                     --poison 10: so many pages hang, eat memory, or kill their process
    python bench/scale.py same A B                   whether the tables in two folders have the same rows
    python bench/scale.py cost OUT/pages.warc.gz     seconds of a core for each step, and bytes, by page
    python bench/scale.py sums --pages 2000          memory while the pages of one site are counted, by quarter

`kill` cleans the file three times for each form, so give it some hundreds of pages. Rates are of whole commands by the
clock, start and end included, so nothing else may run beside them. `cost` is by the
time that this process had a core.
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
from contextlib import contextmanager
from itertools import islice, pairwise, zip_longest
from pathlib import Path, PurePosixPath
from statistics import harmonic_mean
from typing import TYPE_CHECKING, Any, Final

import corpus
from options import positive

if TYPE_CHECKING:
    from cleaner.model import Article, Page

__all__ = ["Poisoned", "main", "run_ray"]

_SAMPLE_SECONDS: Final = 1.0
_FORMS: Final = ("text", "jsonl", "jsonl.zst", "parquet")
_FAILURES: Final = ("unreadable", "too-large", "timeout", "crashed")
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
    rate = commands.add_parser("rate")
    rate.add_argument("input", type=Path)
    rate.add_argument("--pages", type=positive, help="for each kernel, only the first so many")
    rate.add_argument("--jobs", type=positive, default=2)
    rate.add_argument("--rounds", type=positive, default=5)
    rate.set_defaults(do=_rate)
    kill = commands.add_parser("kill")
    kill.add_argument("input", type=Path)
    kill.add_argument("--kills", type=positive, default=20)
    kill.add_argument("--forms", nargs="+", choices=_FORMS, default=_FORMS)
    kill.add_argument("--seed", type=int, default=7)
    kill.set_defaults(do=_kill)
    poison = commands.add_parser("poison")
    poison.add_argument("--pages", type=positive, default=1_000)
    poison.set_defaults(do=_poison)
    ray = commands.add_parser("ray")
    ray.add_argument("input", type=Path)
    ray.add_argument("--workers", type=positive, default=2)
    ray.add_argument("--shard", type=positive, default=64, help="megabytes of the input (default: %(default)s)")
    ray.add_argument("--kill", type=int, default=0, metavar="TIMES")
    ray.add_argument("--every", type=positive, default=30, metavar="SECONDS", help="between kills (%(default)s)")
    ray.add_argument("--poison", type=int, default=0, metavar="PAGES", help="reads pages.parquet beside the input")
    ray.add_argument("--timeout", type=positive, default=60, help="of a page, in seconds (default: %(default)s)")
    ray.add_argument("--output", type=Path, help="folder that is kept (default: a temporary one)")
    ray.set_defaults(do=_ray)
    same = commands.add_parser("same")
    same.add_argument("folders", type=Path, nargs=2)
    same.set_defaults(do=_same)
    cost = commands.add_parser("cost")
    cost.add_argument("input", type=Path)
    cost.add_argument("--pages", type=positive, default=500)
    cost.set_defaults(do=_cost)
    sums = commands.add_parser("sums")
    sums.add_argument("--pages", type=positive, default=2_000)
    sums.set_defaults(do=_sums)
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
    return {
        "input": options.input.name,
        "jobs": options.jobs,
        "exit": process.returncode,
        "rows": rows,
        "statuses": statuses,
        "seconds": round(seconds, 1),
        "pages_a_second": round(rows / seconds, 2),
        "parent_mb_peak_by_quarter": _peaks([size for size in parent if size]),
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


def _peaks(sizes: list[int]) -> list[int]:
    """Return the largest in each quarter, of those that have any."""
    ends = [len(sizes) * quarter // 4 for quarter in range(5)]
    return [max(sizes[begin:end]) for begin, end in pairwise(ends) if begin < end]


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
        columns.message(article, page)
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


def _rate(options: argparse.Namespace) -> dict[str, Any]:
    """Take turns, so that each is measured at the same times, and give pages a second over all rounds."""
    alone: list[float] = []
    together: list[float] = []
    command: list[float] = []
    for _ in range(options.rounds):
        alone += [sum(_kernels(options, 1))]
        together += [sum(_kernels(options, options.jobs))]
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            _start(options.input, Path(folder), "parquet", options.jobs).wait()
            command += [_rows(Path(folder))[0] / (time.perf_counter() - begun)]
    one, each, whole = map(harmonic_mean, (alone, together, command))
    return {
        "input": options.input.name,
        "jobs": options.jobs,
        "kernel_alone": [round(rate, 2) for rate in alone],
        "kernels_together": [round(rate, 2) for rate in together],
        "command": [round(rate, 2) for rate in command],
        "command_to_kernel_alone": round(whole / one, 3),
        "command_to_kernels_together": round(whole / each, 3),
    }


def _kernels(options: argparse.Namespace, number: int) -> list[float]:
    """Return the pages a second of kernels that run at once."""
    line = [sys.executable, __file__, "kernel", str(options.input)]
    line += ["--pages", str(options.pages)] if options.pages else []
    running = [subprocess.Popen(line, stdout=subprocess.PIPE) for _ in range(number)]
    return [json.loads(process.communicate()[0])["kernel_pages_a_second"] for process in running]


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
            # A page is tried twice: a worker that is killed again before it is done would rightly cost a row.
            pause = moments.uniform(0.5, max(2.0, seconds / 8)) if victim == "parent" else moments.uniform(3, 6)
            process.wait(pause if kills < most else None)
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


# -- Ray -------------------------------------------------------------------------------------------------------------


class Poisoned:
    """A cleaner to whom some pages, named by address, are poison."""

    def __init__(self, poison: list[str]) -> None:
        from cleaner import Cleaner

        self._cleaner = Cleaner()
        self._poison = {url: at % 4 for at, url in enumerate(poison)}

    def digest(self) -> str:
        """Return what the pages depend on."""
        return f"{self._cleaner.digest()}-{sorted(self._poison)}"

    def clean(self, page: Page, /) -> Article:
        """Return the article of a page, if it is no poison."""
        kind = self._poison.get(page.url or "")
        if kind == 0:
            time.sleep(3600)
        elif kind == 1:
            eaten = [bytearray(64 * 1024**2) for _ in range(1000)]
            raise AssertionError(len(eaten))
        elif kind == 2:
            os._exit(3)
        elif kind == 3:
            os.abort()
        return self._cleaner.clean(page)


def run_ray(arguments: str) -> None:
    """Run in a process of its own, whose cleaner can be imported."""
    from cleaner.integrations.ray import clean_files
    from cleaner.pool import Limits

    said = json.loads(arguments)
    cleaner = Poisoned(said["poison"]) if said["poison"] else None
    summary = clean_files(
        [said["input"]],
        Path(said["out"]),
        cleaner,
        workers=said["workers"],
        shard_bytes=said["shard"] * 1024**2,
        limits=Limits(said["timeout"]),
    )
    sys.exit(0 if summary.stopped is None else str(summary.stopped))


def _ray(options: argparse.Namespace) -> dict[str, Any]:
    poison = _addresses(options.input, options.poison)
    with tempfile.TemporaryDirectory() as folder:
        out = options.output or Path(folder)
        said = {name: getattr(options, name) for name in ("workers", "shard", "timeout")}
        said |= {"input": str(options.input), "out": str(out), "poison": poison}
        command = [sys.executable, "-c", "import scale, sys; scale.run_ray(sys.argv[1])", json.dumps(said)]
        path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
        begun = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.DEVNULL)
        kills, last, memory = 0, begun, 0
        while process.poll() is None:
            time.sleep(_SAMPLE_SECONDS)
            below = _below(process.pid)
            memory = max(memory, sum(map(_megabytes, [process.pid, *below])))
            if kills < options.kill and time.perf_counter() - last >= options.every:
                workers = [pid for pid in below if "MapWorker" in _name(pid)]
                if workers:
                    os.kill(workers[kills % len(workers)], signal.SIGKILL)
                    kills, last = kills + 1, time.perf_counter()
        seconds = time.perf_counter() - begun
        rows, statuses = _rows(out)
        failed = _failed(out)
    return {
        "input": options.input.name,
        "workers": options.workers,
        "exit": process.returncode,
        "rows": rows,
        "statuses": statuses,
        "kills": kills,
        "poison": len(poison),
        "exactly_the_poison_failed": failed == sorted(poison),
        "seconds": round(seconds, 1),
        "pages_a_second": round(rows / seconds, 2),
        "mb_peak_of_all_processes": memory,
    }


def _addresses(path: Path, number: int) -> list[str]:
    """Return the addresses of some pages, the same each time."""
    if not number:
        return []
    import pyarrow.parquet as pq

    urls = pq.read_table(path.with_name("pages.parquet"), columns=["url"]).column("url").to_pylist()
    return sorted(urls, key=lambda url: hashlib.sha256(url.encode()).digest())[:number]


def _failed(out: Path) -> list[str]:
    import pyarrow.dataset as ds

    table = ds.dataset(sorted(map(str, out.glob("*.parquet")))).to_table(["status", "url"])
    return sorted(row["url"] for row in table.to_pylist() if row["status"] in _FAILURES)


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _same(options: argparse.Namespace) -> dict[str, Any]:
    """Compare rows one by one; how they are divided into files and row groups is no matter."""
    import pyarrow.parquet as pq

    def rows(folder: Path) -> Iterator[dict[str, Any]]:
        for path in sorted(folder.glob("*.parquet")):
            for batch in pq.ParquetFile(path).iter_batches(256):
                yield from batch.to_pylist()

    same = different = failed = 0
    first = None
    for left, right in zip_longest(*map(rows, options.folders)):
        if left == right:
            same += 1
        else:
            different += 1
            failed += left is not None and right is not None and right["status"] in _FAILURES
            first = first or (left or right)["location"]
    return {"same": same, "different": different, "failed_in_the_second": failed, "first": first}


# -- what a page costs -----------------------------------------------------------------------------------------------


class _Clock:
    """Seconds that this process had a core, by step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        begun = time.process_time()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.process_time() - begun


def _cost(options: argparse.Namespace) -> dict[str, Any]:
    """Take each step of a page by itself, in one process."""
    import pickle

    import pyarrow as pa

    from cleaner import Cleaner, storage
    from cleaner.storage import columns
    from cleaner.workbench.suggest import Surveyor, rows

    clock = _Clock()
    cleaner = Cleaner()
    surveyor = Surveyor(cleaner)
    sources = islice(storage.find_pages([str(options.input)]), options.pages)
    records: list[Any] = []
    tables: list[Any] = []
    html = sent = back = sums_back = 0
    with tempfile.TemporaryDirectory() as folder:
        while True:
            with clock.of("read"):
                source = next(sources, None)
            if source is None:
                break
            page = source.read()
            html += len(page.content)
            with clock.of("kernel"):
                article = cleaner.clean(page)
            with clock.of("record"):
                record = columns.message(article, page)
            with clock.of("to and from the process"):
                there, here = pickle.dumps(source), pickle.dumps(record)
                pickle.loads(there), pickle.loads(here)
            sent, back = sent + len(there), back + len(here)
            records.append(record)
            with clock.of("kernel and counts"):
                surveyor.clean(page)
                tables.append(rows.table_of(surveyor.take()))
            with clock.of("counts, to and from the process"):
                packed = pickle.dumps(tables[-1])
                pickle.loads(packed)
            sums_back += len(packed)
        with clock.of("write"):
            sink = storage.TableFile(Path(folder) / "clean.parquet")
            for record in records:
                sink.put(PurePosixPath("page"), record)
            sink.close()
        table = pa.concat_tables(tables)
        with clock.of("add up"):
            merged = rows.merged(table)
        sizes = {}
        for name, rows_ in (("clean", None), ("counts", table), ("sums", merged)):
            path = Path(folder) / f"{name}.parquet"
            if rows_ is not None:
                draft = storage.Draft(path, rows.SCHEMA)
                draft.write(rows_)
                draft.finish()
            sizes[f"{name}_bytes_packed"] = path.stat().st_size // options.pages
    number = len(records)
    return {
        "input": options.input.name,
        "pages": number,
        "milliseconds_a_page": {step: round(1000 * spent / number, 2) for step, spent in clock.seconds.items()},
        "bytes_a_page": {"html": html // number, "to_process": sent // number, "from_process": back // number}
        | {"counts_from_process": sums_back // number, **sizes},
        "keys_a_page": round(table.num_rows / number, 1),
        "keys_after_adding_up": merged.num_rows,
        "of_them_on_one_page": merged.column("pages").to_pylist().count(1),
    }


def _sums(options: argparse.Namespace) -> dict[str, Any]:
    """Count pages of one site that have most of their lines for themselves; then add up in groups of one size."""
    import pyarrow.parquet as pq

    from cleaner import Cleaner
    from cleaner.model import Zone
    from cleaner.workbench.suggest import Sighting, SitePass, Surveyor, rows
    from cleaner.workbench.suggest.counts import Line, hash_of

    def sighting(number: int) -> Sighting:
        page = hashlib.sha256(str(number).encode()).hexdigest()[:16]
        texts = [f"of all {at}" for at in range(50)] + [f"of {page} {at}" for at in range(150)]
        letters = str.maketrans("0123456789", "ghijklmnop")  # digits are folded
        lines = [
            Line(
                hash_of(text.translate(letters)),
                *(Zone.MAIN, 5, 5, 5, 900, 5, 0, False, False, False, text, (".teaser",)),
            )
            for text in texts
        ]
        return Sighting("one.example", "html", page, page, lines)

    held: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        sink = rows.SumFile(Path(folder) / "sums.parquet", rows.Rendering(Surveyor(Cleaner(False))))
        for number in range(options.pages):
            one = SitePass()
            one.add(sighting(number))
            sink.put(PurePosixPath(str(number)), rows.table_of(one))
            held.append(_megabytes(os.getpid()) if number % 50 == 0 else held[-1])
        sink.close()
        file = pq.ParquetFile(Path(folder) / "sums.parquet")
        groups = max(1, file.metadata.num_rows // 100_000)
        largest = 0
        for group in range(groups):
            largest = max(
                largest,
                sum(
                    at * groups // rows.BUCKETS == group
                    for part in range(file.num_row_groups)
                    for at in file.read_row_group(part, ["bucket"]).column(0).to_pylist()
                ),
            )
    return {
        "pages": options.pages,
        "rows": file.metadata.num_rows,
        "mb_peak_by_quarter": _peaks(held),
        "groups": groups,
        "rows_of_the_largest_group": largest,
    }


if __name__ == "__main__":
    sys.exit(main())
