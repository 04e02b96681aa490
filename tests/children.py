"""Commands in processes of their own, which a fault may kill: forked from a server that has imported everything."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import cache
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier

from faulty import Disk, Fault, nothing, using

TOP = {"nncli", "numpy", "rich", "typer", "pydantic", "yaml", "threadpoolctl", "filelock"}
"""Packages whose modules the server imports, as far as this process already has."""


@cache
def server() -> ForkServerContext:
    """A context whose children begin with all that a training needs in memory."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        sorted(name for name in sys.modules if name.partition(".")[0] in TOP)
    )
    return context


def _doomed(words: Sequence[str], fault: Fault, prepare: Callable[[], None]) -> None:
    from nncli.cli.app import app

    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    prepare()
    with using(Disk(fault)):
        app(list(words))


def _nothing() -> None:
    """No preparation."""


def run_doomed(
    words: Sequence[object], fault: Fault, prepare: Callable[[], None] = _nothing
) -> int:
    """The exit code of a command in a child with a fault; negative: the signal that killed it."""
    process = server().Process(target=_doomed, args=([str(w) for w in words], fault, prepare))
    process.start()
    process.join(60)
    assert process.exitcode is not None, "hangs"
    return process.exitcode


def was_killed(code: int) -> bool:
    """Whether kill -9 ended a child."""
    return code == -signal.SIGKILL


def start(words: Sequence[object], prepare: Callable[[], None] = _nothing) -> BaseProcess:
    """A command in a child, with a whole disk and nobody to talk to."""
    process = server().Process(target=_doomed, args=([str(w) for w in words], nothing, prepare))
    process.start()
    return process


def kill(process: BaseProcess, after: float) -> bool:
    """kill -9 after some seconds; whether it was still running."""
    process.join(after)
    if process.exitcode is None and process.pid:
        with suppress(ProcessLookupError):  # it has ended in between
            os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    return process.exitcode == -signal.SIGKILL


def racing(
    commands: Sequence[Sequence[object]], prepare: Callable[[], None] = _nothing
) -> list[int | None]:
    """The exit codes of commands that begin at the same moment."""
    barrier = server().Barrier(len(commands))
    processes = [
        server().Process(target=_race, args=(barrier, [str(w) for w in words], prepare))
        for words in commands
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def _race(barrier: Barrier, words: Sequence[str], prepare: Callable[[], None]) -> None:
    barrier.wait(30)
    _doomed(words, nothing, prepare)


def without_lock() -> None:
    """What a child does before it begins: it locks nothing."""
    from nncli.runs import lock

    lock.writing = lambda folder, holder="": nullcontext()
