"""Signals as a question: training asks after each batch whether it should stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_ASKED: ContextVar[Callable[[], bool] | None] = ContextVar("asked", default=None)


class Stop:
    """Calling it says whether a signal has come; `number` says which."""

    number = 0

    def __init__(self) -> None:
        self._asked = _ASKED.get()

    def __call__(self) -> bool:
        if self.number == 0 and self._asked and self._asked():
            self.number = signal.SIGTERM
        return self.number != 0

    @property
    def name(self) -> str:
        """SIGINT, SIGTERM or SIGHUP."""
        return signal.Signals(self.number).name

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells have it."""
        return 128 + self.number


@contextmanager
def asked_by(question: Callable[[], bool]) -> Iterator[None]:
    """While inside, `graceful` asks this, too, and a yes is as good as a SIGTERM: for a job in a thread of a process
    that is not ours, which no signal reaches."""
    token = _ASKED.set(question)
    try:
        yield
    finally:
        _ASKED.reset(token)


@contextmanager
def graceful() -> Iterator[Stop]:
    """While inside, the first SIGINT, SIGTERM or SIGHUP only asks to stop; the second SIGINT stops at once.

    In a thread there are no signals to hear: they are the main thread's.
    """
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.number = number

    main = threading.current_thread() is threading.main_thread()
    present = [getattr(signal, name) for name in _NAMES if main and hasattr(signal, name)]
    # what is ignored stays ignored: nohup ignores SIGHUP, and a sweep's workers SIGINT
    handled = [number for number in present if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in handled}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def tidy() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP end the process as SystemExit does: what was begun is cleared away on the way
    out, as after Ctrl-C."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    main = threading.current_thread() is threading.main_thread()
    present = [getattr(signal, name) for name in _NAMES[1:] if main and hasattr(signal, name)]
    handled = [number for number in present if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, leave) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
