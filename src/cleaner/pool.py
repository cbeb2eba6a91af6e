"""Worker processes that may hang, run out of memory or die: one page each, and no other, is the price.

Each worker has a pipe of its own, and a thread of this process that waits for it. Pools of the shelf share pipes and
locks between workers, and stop where one is killed while it holds them: `concurrent.futures` gives the whole pool up,
`pebble` waits for a lock that nobody will release. The threads here come from `concurrent.futures`; only a process that
is asked one thing at a time, with a deadline, is our own.
"""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

from cleaner.errors import CleanerError, InputError, OutputError
from cleaner.model import Status

__all__ = ["DoubtfulError", "Failure", "Limits", "Pool", "is_doubtful", "stream"]

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

_START_SECONDS: Final = 120.0
"""A worker reads modules, weights and rules before its first page; that is not the page's time."""
_LAST_WORDS: Final = 2.0
"""Seconds in which a worker that cannot begin says why."""
_NO_START: Final = (
    "no worker process can be started: two ended before their first page ({}), and told standard error why; "
    "a script that has workers needs `if __name__ == '__main__':`"
)
_NEW_OBJECTS: Final = 50_000
"""After how many new objects Python looks for circles among them: more than a page makes, where 700 is its default."""
_STREAM_MEGABYTES: Final = 2048
"""What a process that reads may take: a Parquet file of 3 kB can state a data page of 2 GB, and Arrow makes room."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one page may take."""

    seconds: float = 60.0
    megabytes: int = 2048
    """Over what a worker has before its first page. Not enforced where the system cannot (Windows, macOS)."""
    pages: int = 2000
    """After how many a worker is replaced."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no result."""

    timed_out: bool
    reason: str
    seconds: float = 0.0
    """How long it was waited for, where that is known."""

    @property
    def status(self) -> Status:
        """What it makes of a page."""
        return Status.TIMEOUT if self.timed_out else Status.CRASHED


class DoubtfulError(Exception):
    """What went wrong may be the doing of whatever the process did before (:func:`is_doubtful`).

    A function of a pool raises it with what it would return for that, the `result`. It counts where the task was the
    process's first; else the task is tried once more, in a new process.
    """

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result


_OF_THE_PROCESS: Final = frozenset({errno.EBADF, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""Trouble with reading that says nothing of the file: earlier pages left descriptors open, or closed them."""


def is_doubtful(error: BaseException) -> bool:
    """Tell whether a page met an error that an earlier one may have left behind: all that nobody foresaw."""
    cause = error.__cause__ if isinstance(error, InputError) else None
    return not isinstance(error, CleanerError) or (isinstance(cause, OSError) and cause.errno in _OF_THE_PROCESS)


class Pool(Generic[_Task, _Result]):
    """Calls `function`, which pickles, in `jobs` processes, which last until the pool is closed (`with`).

    Each process unpickles it anew; what it raises there, but :class:`DoubtfulError`, comes out as a :class:`Failure`.
    """

    def __init__(self, function: Callable[[_Task], _Result], jobs: int, limits: Limits | None = None) -> None:
        self._function = function
        self._jobs = jobs
        self._limits = limits or Limits()
        self._workers: list[_Worker] = []
        self._changes = threading.Lock()
        self._closing = False
        self._own = threading.local()
        self._executor = ThreadPoolExecutor(jobs, thread_name_prefix="cleaner-worker")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        with self._changes:
            self._closing = True
            for worker in self._workers:
                worker.stop()
        self._executor.shutdown(cancel_futures=True)

    def map(self, tasks: Iterable[_Task]) -> Iterator[tuple[_Task, _Result | Failure]]:
        """Yield each task with its result, in the order of the tasks, which are read a few ahead.

        What `tasks` raises is raised when all before it has been yielded. Raises OutputError where no process can
        be started.
        """
        pending: deque[tuple[_Task, Future[_Result | Failure]]] = deque()
        trouble: Exception | None = None
        try:
            source = iter(tasks)
            while True:
                try:
                    task = next(source)
                except StopIteration:
                    break
                except Exception as error:  # noqa: BLE001 - whatever it is, it is raised when its turn comes
                    trouble = error
                    break
                pending.append((task, self._executor.submit(self._attend, task)))
                while pending and (len(pending) > 4 * self._jobs or pending[0][1].done()):
                    first, future = pending.popleft()
                    yield first, future.result()
            while pending:
                first, future = pending.popleft()
                yield first, future.result()
            if trouble is not None:
                raise trouble
        finally:
            for _, future in pending:
                future.cancel()

    def _attend(self, task: _Task) -> _Result | Failure:
        """Have one task done, in the process that belongs to this thread."""
        failure = Failure(timed_out=False, reason="")
        # What a worker died of may have been another's doing: it is tried once more, in a new one.
        for is_again in (False, True):
            worker = self._worker()
            if worker is None:
                return failure
            try:
                worker.await_start()
            except (EOFError, OSError):
                worker.stop(_LAST_WORDS)
                if is_again:
                    raise OutputError(_NO_START.format(worker.epitaph())) from None
                continue
            try:
                answer = worker.ask(task, self._limits.seconds)
            except TimeoutError:
                worker.stop()
                seconds = self._limits.seconds
                return Failure(timed_out=True, reason=f"not done after {seconds:g} s", seconds=seconds)
            except (EOFError, OSError):
                worker.stop()
                failure = Failure(timed_out=False, reason=f"the process that cleaned it died ({worker.epitaph()})")
                continue
            if isinstance(answer, _Last):
                worker.stop()
                answer = answer.answer
                if worker.asked > 1 and not is_again:
                    continue
            if isinstance(answer, _Raised):
                return Failure(timed_out=False, reason=answer.reason)
            result: _Result = answer
            return result
        return failure

    def _worker(self) -> _Worker | None:
        """Return the process of this thread, a new one where it is worn out; None where the pool is being closed."""
        worker: _Worker | None = getattr(self._own, "worker", None)
        with self._changes:
            if self._closing:
                return None
            if worker is None or worker.stopped or worker.asked >= self._limits.pages:
                if worker is not None:
                    worker.stop()
                    self._workers.remove(worker)
                worker = self._own.worker = _Worker(self._function, self._limits.megabytes)
                self._workers.append(worker)
        return worker


@dataclass(frozen=True, slots=True)
class _Raised:
    reason: str


@dataclass(frozen=True, slots=True)
class _Last:
    """What a process answers that should answer no more."""

    answer: Any


class _Worker:
    """A process that is asked one thing at a time."""

    def __init__(self, function: Callable[[Any], Any], megabytes: int) -> None:
        context = _context()
        try:
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, function, megabytes), daemon=True)
            self._process.start()
        except OSError as error:
            raise OutputError(
                f"no worker process can be started ({error.strerror or error}); try fewer --jobs"
            ) from error
        theirs.close()
        self.asked = 0
        self.stopped = False

    def await_start(self) -> None:
        """Wait until it can be asked. Raises EOFError or OSError where it never can."""
        if self.asked:
            return
        if not self._pipe.poll(_START_SECONDS):
            raise EOFError
        self._pipe.recv()

    def ask(self, task: Any, seconds: float) -> Any:
        """Return the answer. Raises TimeoutError, and EOFError or OSError where the process is gone."""
        self.asked += 1
        self._pipe.send(task)
        if not self._pipe.poll(seconds):
            raise TimeoutError
        return self._pipe.recv()

    def stop(self, patience: float = 0.0) -> None:
        """End the process: at once, whatever it is doing, or after seconds in which it may do so by itself."""
        if self.stopped:
            return
        self.stopped = True
        if patience:
            self._process.join(patience)
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def epitaph(self) -> str:
        """Say what a stopped process died of."""
        return _epitaph(self._process.exitcode)


def stream(function: Callable[..., Iterator[_Result]], *arguments: object) -> Iterator[_Result]:
    """Yield what `function(*arguments)` yields in a process of its own, one ahead at most.

    What it keeps in memory is not kept here, goes with it, and is no more than 2 GB (on Linux); what kills it kills
    nothing else. All of it pickles. Raises what `function` raises, and ChildProcessError where its process dies.
    """
    context = _context()
    pipe, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_yield, args=(theirs, function, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        while (got := pipe.recv()) is not None:
            if isinstance(got, Exception):
                raise got
            yield got[0]
    except EOFError:
        process.join()
        raise ChildProcessError(f"the process that read it died ({_epitaph(process.exitcode)})") from None
    finally:
        process.kill()
        process.join()
        pipe.close()


def _context() -> Any:
    # Not `fork`: this process has threads. A server forks for us, or, on Windows, each begins from nothing.
    return multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")


def _epitaph(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"{name}: killed, perhaps for want of memory" if name == "SIGKILL" else name
    return f"exit code {code}"


# ── In the worker ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _serve(pipe: Connection, function: Callable[[Any], Any], megabytes: int) -> None:
    _settle_in()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    _limit_memory(megabytes)
    try:
        pipe.send(True)
        while True:
            task = pipe.recv()
            try:
                answer = function(task)
            except DoubtfulError as error:
                answer = _Last(error.result)
            except BaseException as error:  # noqa: BLE001 - also what asks the process to end: it is this page's trouble
                answer = _Raised(f"{type(error).__name__}: {error}".rstrip(": "))
                if is_doubtful(error):
                    answer = _Last(answer)
            pipe.send(answer)
            if isinstance(answer, _Last):
                return
    except (EOFError, OSError):  # the parent is gone, or wants no more
        pass


def _yield(pipe: Connection, function: Callable[..., Iterator[Any]], arguments: tuple[object, ...]) -> None:
    _settle_in()
    _limit_memory(_STREAM_MEGABYTES)
    try:
        try:
            for value in function(*arguments):
                pipe.send((value,))
            pipe.send(None)
        except OSError as error:
            pipe.send(OSError(error.errno, error.strerror or str(error)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised there
            pipe.send(error)
    except OSError:  # the parent is gone, or wants no more
        pass


def _settle_in() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    with suppress(OSError):
        os.dup2(2, 1)  # what a page makes a library print must not get among the records
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """Die with the parent, also in the middle of a page that never ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _limit_memory(megabytes: int) -> None:
    """Let this process take no more than `megabytes` over what it has; on Linux, others cannot."""
    if sys.platform != "linux":
        return
    import resource

    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + megabytes * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))
