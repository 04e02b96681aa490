"""Where trials run: workers behind `concurrent.futures`; here, processes of this machine."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Job = tuple[T, Callable[..., Any], tuple[Any, ...]]
"""What it is, and the call that does it: a function of a module, paths from the root, for a worker may be elsewhere."""

GRACE = 1.5
"""Seconds between asking a job to stop and not waiting for it any more."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""What a BLAS reads as it is loaded: later, the memory for its threads is already taken."""


class Workers(ABC, Generic[T]):
    """What does the jobs of a sweep, some at a time. What kind it is decides how a job begins and how it is stopped."""

    tries: int
    """How often a job is begun whose worker dies."""
    deaths: type[BaseException]
    """What a job ends with whose worker died."""

    def __init__(self) -> None:
        self._running: dict[Future[Any], tuple[Job[T], int]] = {}

    @property
    @abstractmethod
    def slots(self) -> int:
        """Jobs at a time; it may change."""

    def wake(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Have each worker make a call of no consequence, so that it is there when the jobs come; returns at once."""
        return

    @abstractmethod
    def _begin(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]: ...

    @abstractmethod
    def _ask(self) -> None:
        """Ask the jobs that run to stop, and keep what they have."""

    @abstractmethod
    def _abandon(self) -> None:
        """Be done with the jobs that run, now."""

    def _ended(self, future: Future[Any], died: bool) -> None:
        """A job has ended."""
        return

    def _obituary(self, error: BaseException | None) -> str:
        """What is said of a job whose workers died of it."""
        return "its worker died, twice"

    def _lost(self) -> BaseException:
        """Why a job was cancelled that nobody here has cancelled."""
        return RuntimeError("a job was cancelled")

    def run(
        self, jobs: Sequence[Job[T]], stop: Callable[[], bool], tick: Callable[[], None]
    ) -> Iterator[tuple[T, Any]]:
        """Do every job and yield what it was with its result, as they end; `tick` is called a few times a second.

        A job whose worker dies is tried once more, then yielded with a BrokenExecutor that says so. After `stop()` no
        job is begun and those that run are asked to end, and soon made to; one that gave no answer yields None.
        """
        waiting = [(job, self.tries) for job in reversed(jobs)]
        ending = _Ending(self._ask, self._abandon)
        try:
            while waiting or self._running:
                if stop():
                    waiting = []
                    ending.go_on()
                while waiting and len(self._running) < self.slots:
                    job, tries = waiting.pop()
                    self._running[self._begin(job[1], job[2])] = job, tries - 1
                done, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
                tick()
                for future in done:
                    job, tries = self._running.pop(future)
                    result, died = self._result(future, asked=ending.asked)
                    if died and tries and not ending.asked:
                        waiting.append((job, tries))
                    else:
                        yield job[0], None if died and ending.asked else result
        finally:
            self._stop_all(ending)

    def _result(self, future: Future[Any], *, asked: bool) -> tuple[Any, bool]:
        """What a job came to, and whether its worker died or was taken from it."""
        if future.cancelled():
            if not asked:
                raise self._lost()
            return None, True
        error = future.exception()
        died = isinstance(error, self.deaths)
        self._ended(future, died)
        if died:
            return BrokenExecutor(self._obituary(error)), True
        return error or future.result(), False

    def _stop_all(self, ending: _Ending) -> None:
        """Whatever has ended the sweep, a full disk too: no job goes on behind its back."""
        while self._running:
            ending.go_on()
            done, _ = wait(self._running, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in done:
                del self._running[future]
            if ending.over:
                return


class _Ending:
    """First ask, and after a while make an end."""

    def __init__(self, ask: Callable[[], None], abandon: Callable[[], None]) -> None:
        self._ask, self._abandon = ask, abandon
        self._since = 0.0
        self.over = False

    @property
    def asked(self) -> bool:
        return self._since > 0

    def go_on(self) -> None:
        """The next step, if it is time for it."""
        if not self.asked:
            self._since = time.monotonic()
            self._ask()
        elif not self.over and time.monotonic() - self._since > GRACE:
            self.over = True
            self._abandon()


class LocalWorkers(Workers[T]):
    """`slots` processes. Each is a pool of its own: in a pool of several, one dead worker fails every job."""

    tries = 2
    deaths = BrokenExecutor

    def __init__(self, slots: int) -> None:
        super().__init__()
        self._slots = slots
        self._idle: list[ProcessPoolExecutor] = []
        self._pools: dict[Future[Any], ProcessPoolExecutor] = {}

    @property
    def slots(self) -> int:
        return self._slots

    def wake(self, call: Callable[..., Any], *arguments: Any) -> None:
        with _for_workers():
            for _ in range(self._slots):
                pool = _new_pool()
                self._idle.append(pool)
                pool.submit(call, *arguments)

    def close(self) -> None:
        """Let the workers go."""
        self._close(wait=True)

    def _begin(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]:
        with _for_workers():
            while self._idle:
                pool = self._idle.pop()
                try:
                    future = pool.submit(call, *arguments)
                except BrokenExecutor:  # its worker died while it had nothing to do
                    continue
                break
            else:
                pool = _new_pool()
                future = pool.submit(call, *arguments)
        self._pools[future] = pool
        return future

    def _ended(self, future: Future[Any], died: bool) -> None:
        pool = self._pools.pop(future)
        if not died:
            self._idle.append(pool)

    def _ask(self) -> None:
        """SIGTERM: a trial ends with its current batch and saves its weights."""
        for process in multiprocessing.active_children():
            process.terminate()

    def _abandon(self) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    def _stop_all(self, ending: _Ending) -> None:
        super()._stop_all(ending)
        if ending.asked:  # otherwise they wait for the jobs of the next rung
            self._close(wait=False)

    def _close(self, *, wait: bool) -> None:
        pools = [*self._idle, *self._pools.values()]
        self._idle, self._pools = [], {}
        closing = [
            threading.Thread(target=partial(pool.shutdown, wait=wait, cancel_futures=True))
            for pool in pools
        ]
        for thread in closing:  # at the same time: to end, a worker takes a twentieth of a second
            thread.start()
        for thread in closing:
            thread.join()


def _new_pool() -> ProcessPoolExecutor:
    # Spawned, not forked: a forked child would inherit BLAS threads in an unknown state, and locks.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_follow, initargs=(os.getpid(),))


@contextmanager
def without_interrupts() -> Iterator[None]:
    """What is started inside ignores Ctrl-C from its first moment: the parent hears it and asks its workers."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _for_workers() -> Iterator[None]:
    """A process that is started inside has one BLAS thread, and ignores Ctrl-C."""
    kept = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with without_interrupts():
            yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _follow(parent: int) -> None:
    """In a worker: stop when the parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)  # at once, by the kernel
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


_PDEATHSIG = 1


def _watch(parent: int) -> None:
    """Once the parent is gone, ask to stop until it is done: the first time ends a trial, the next the idle worker."""
    while os.getppid() == parent:
        time.sleep(0.2)
    end = time.monotonic() + GRACE
    while time.monotonic() < end:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)
