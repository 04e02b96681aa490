"""Where trials run: workers that do jobs, some at a time. Of which kind they are is said elsewhere (places.py)."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from nncli import limits
from nncli.errors import MachineError
from nncli.sweep.serving import GRACE

T = TypeVar("T")
Job = tuple[T, Callable[..., Any], tuple[Any, ...]]
"""What it is, and the call that does it: a function of a module, paths from the root, for a worker may be elsewhere."""


class Unstarted(BrokenExecutor):
    """A worker that ended before it had a job; with its exit code, negative: the signal that killed it."""

    def told(self) -> MachineError:
        """The line for it."""
        code = self.args[0]
        how = f"signal {-code}" if code and code < 0 else f"exit code {code}"
        return MachineError(
            f"a worker ended as it started ({how}){limits.told('threads', 'memory', 'files')}. "
            "Raise the limit, or ask for fewer: --workers 1"
        )


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

    def _wait(self, seconds: float) -> set[Future[Any]]:
        """The jobs that have ended, as soon as there is one, or after so long."""
        return wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)[0]

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

        A job whose worker dies is tried once more, then yielded with a BrokenExecutor that says so; workers that cannot
        even start are a MachineError. After `stop()` no
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
                done = self._wait(0.2)
                tick()
                for future in done:
                    job, tries = self._running.pop(future)
                    result, died = self._result(future, asked=ending.asked)
                    if died and tries and not ending.asked:
                        waiting.append((job, tries))
                    elif isinstance(result, Unstarted) and not ending.asked:
                        raise result.told()
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
        if isinstance(error, Unstarted):
            return error, True
        if died:
            return BrokenExecutor(self._obituary(error)), True
        return error or future.result(), False

    def _stop_all(self, ending: _Ending) -> None:
        """Whatever has ended the sweep, a full disk too: no job goes on behind its back."""
        while self._running:
            ending.go_on()
            for future in self._wait(0.1):
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


@contextmanager
def without_interrupts() -> Iterator[None]:
    """What is started inside ignores Ctrl-C from its first moment: the parent hears it and asks its workers."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
