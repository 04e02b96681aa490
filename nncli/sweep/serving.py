"""In a worker process: jobs come through a pipe, one at a time, and what they come to goes back through it.

No thread has a part in it, so that a machine that has none to give ends a job and never leaves one waiting.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from nncli import limits

GRACE = 1.5
"""Seconds between asking a job to stop and not waiting for it any more."""
_PDEATHSIG = 1


class Begun(NamedTuple):
    """What is sent first, and before each job is done: from here on it is the job that fails, and not its worker."""

    job: bool


class Done(NamedTuple):
    """What a job came to."""

    result: Any
    error: Exception | None


def serve(jobs: Connection[Any, Any], parent: int) -> None:
    """Do the jobs that come, each a call and its arguments, until the pipe is closed or the parent is gone."""
    _follow(parent)
    with suppress(EOFError, OSError):
        jobs.send(Begun(job=False))
        while jobs.poll(None):
            _serve(jobs)


def _serve(jobs: Connection[Any, Any]) -> None:
    """The next job. An end of the pipe passes through."""
    try:
        with _silent():  # what it imports may end the process with words of its own: a BLAS does
            limits.prepare()
            call, arguments = jobs.recv()
        jobs.send(Begun(job=True))
        answer = Done(call(*arguments), None)
    except EOFError:
        raise
    except Exception as error:
        answer = Done(None, error)
    try:
        jobs.send(answer)
    except OSError:
        raise
    except Exception as error:  # what cannot be sent has a name at least
        failure = answer.error or error
        jobs.send(Done(None, RuntimeError(f"{type(failure).__name__}: {failure}")))


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing that is written inside, by a library either, comes to the terminal."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _follow(parent: int) -> None:
    """Stop when the parent is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGTERM)  # at once, by the kernel
    with suppress(
        RuntimeError
    ):  # no thread to be had: then the pipe, which ends with the parent, has to do
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    """Once the parent is gone, ask to stop until it is done: the first time ends a trial, the next the idle worker."""
    while os.getppid() == parent:
        time.sleep(0.2)
    end = time.monotonic() + GRACE
    while time.monotonic() < end:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)
