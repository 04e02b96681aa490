"""How much work a function does, counted and not timed: the instructions of Python that it executes.

Names that are looked for in a list cost one comparison each, which no instruction shows: tests give `Name`s, whose
comparisons are written in Python, and so are counted too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

WEIGHT = 40
"""How much a comparison of names counts, so that few columns are enough to tell linear from quadratic."""


class Name(str):
    """A text whose comparisons are counted."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        for _ in range(WEIGHT):
            pass
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def instructions(work: Callable[[], object]) -> int:
    """How many instructions a call executes, those of everything that it calls in Python included."""
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(of: Callable[[int], Callable[[], object]], size: int) -> float:
    """How the work grows from `size` to twice and four times as much, without what it costs in any case: the second
    step beside the first one is 2 where it is linear, and 4 where it is quadratic; what grows by less than a twentieth
    hardly grows at all. `of` prepares, uncounted."""
    of(size)()  # imports, and what is kept from call to call
    few, some, many = (instructions(of(size * times)) for times in (1, 2, 4))
    return (many - some) / max(some - few, few // 20)
