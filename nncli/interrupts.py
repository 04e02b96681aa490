"""Signals as a question: training asks after each batch whether it should stop."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop:
    """Calling it says whether a signal has come; `number` says which."""

    number = 0

    def __call__(self) -> bool:
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
def graceful() -> Iterator[Stop]:
    """While inside, the first SIGINT, SIGTERM or SIGHUP only asks to stop; the second SIGINT stops at once."""
    stop = Stop()

    def ask(number: int, frame: FrameType | None) -> None:
        if stop() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.number = number

    present = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    # what is ignored stays ignored: nohup ignores SIGHUP, and a sweep's workers SIGINT
    handled = [number for number in present if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, ask) for number in handled}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
