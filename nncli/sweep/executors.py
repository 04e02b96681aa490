"""Where trials run: local processes, one trial at a time each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Job = tuple[T, Callable[..., Any], tuple[Any, ...]]
"""What it is, and the call that does it."""


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """What is started inside ignores Ctrl-C from its first moment: the parent hears it and asks its workers."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(parent: int) -> None:
    """A worker stops when its parent is gone."""
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    """Once the parent is gone, ask to stop until it is done: the first time ends a trial, the next the idle worker."""
    while True:
        time.sleep(0.5)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


class LocalWorkers(Generic[T]):
    """`slots` processes. Each is a pool of its own: in a pool of several, one dead worker fails every job."""

    def __init__(self, slots: int) -> None:
        self._pools: list[ProcessPoolExecutor | None] = [None] * slots
        self._running: dict[Future[Any], tuple[int, Job[T], bool]] = {}

    def run(
        self, jobs: Sequence[Job[T]], stop: Callable[[], bool], tick: Callable[[], None]
    ) -> Iterator[tuple[T, Any]]:
        """Do every job and yield what it was with its result, as they end; `tick` is called a few times a second.

        A job whose worker dies is tried once more, then yielded with the exception. After `stop()` no job is begun
        and the workers are asked to end theirs; one that dies of it yields None.
        """
        waiting = [(job, False) for job in reversed(jobs)]
        asked = False
        try:
            while waiting or self._running:
                if stop() and not asked:
                    asked, waiting = True, []
                    self._ask_to_stop()
                self._fill(waiting)
                done, _ = wait(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
                tick()
                for future in done:
                    slot, job, again = self._running.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool):
                        self._pools[slot] = None
                        if asked:  # it had not begun to listen when it was asked to stop
                            yield job[0], None
                            continue
                        if not again:
                            waiting.append((job, True))
                            continue
                    yield job[0], error or future.result()
        finally:
            for pool in self._pools:
                if pool:
                    pool.shutdown(wait=not stop(), cancel_futures=True)

    def _fill(self, waiting: list[tuple[Job[T], bool]]) -> None:
        """Give each idle slot a job."""
        busy = {slot for slot, _, _ in self._running.values()}
        for slot in range(len(self._pools)):
            if slot in busy or not waiting:
                continue
            job, again = waiting.pop()
            pool = self._pools[slot] or self._new_pool()
            self._pools[slot] = pool
            with _without_interrupts():
                self._running[pool.submit(job[1], *job[2])] = (slot, job, again)

    @staticmethod
    def _new_pool() -> ProcessPoolExecutor:
        # Spawned, not forked: a forked child would inherit BLAS threads in an unknown state, and locks.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(
            1, mp_context=context, initializer=_begin, initargs=(os.getpid(),)
        )

    @staticmethod
    def _ask_to_stop() -> None:
        """SIGTERM: a trial ends with its current batch and saves its weights."""
        for process in multiprocessing.active_children():
            process.terminate()
