"""How runs and trials stand, and what each status means to whoever reads it: one table."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

FINISHED, DIVERGED, STOPPED, FAILED = "finished", "diverged", "stopped", "failed"
MISMATCHED, INTERRUPTED, LOST, RUNNING, WAITING = (
    *("mismatched", "interrupted", "lost", "running", "waiting"),
)
UNKNOWN = "unknown"
UNFINISHED = "not finished"
"""The mark, in pictures, of a run that may still be gone on with."""


class Meaning(NamedTuple):
    """What a status means."""

    told: str
    """After "the run": what a page says."""
    settled: bool = False
    """Whether it came to an end of its own, so that it would end so again."""
    ranked: bool = False
    """Whether its figures count in a ranking and in means over seeds."""
    over: bool = False
    """Whether the sweep command that finds it so, in the middle of its work, leaves it so."""
    again: bool = True
    """Whether a sweep command that asks for it trains it, from where it is or anew."""
    in_order: bool = False
    """Whether weights.npz and checkpoint.npz are those of its last end: halving need not have it ended first."""
    wrong: bool = True
    """Whether its reason, if it has one, is told with the results."""
    mark: str = UNFINISHED
    """How pictures draw it."""


STATUSES: Mapping[str, Meaning] = {
    FINISHED: Meaning(
        "has finished",
        settled=True, ranked=True, over=True, again=False, in_order=True, mark=FINISHED,
    ),
    DIVERGED: Meaning(
        "has diverged", settled=True, over=True, again=False, in_order=True, mark=DIVERGED
    ),
    STOPPED: Meaning(
        "is stopped by halving", over=True, again=False, in_order=True, wrong=False
    ),
    FAILED: Meaning("has failed", over=True, mark=FAILED),
    MISMATCHED: Meaning("is not what its sweep asks for", over=True, mark=MISMATCHED),
    INTERRUPTED: Meaning("is interrupted", in_order=True),
    LOST: Meaning("is lost: its process is gone"),
    RUNNING: Meaning("is still running"),
    WAITING: Meaning("has not begun"),
}  # fmt: skip
"""In the order in which they are counted out. `stopped` and `waiting` are of trials in sweep.json, and so is
`mismatched`: a run that is not what its sweep asks for (sweep/agreement.py). `lost` is never written: run.json says
`running`, and the process is gone."""


def meaning(status: str) -> Meaning:
    """What a status means; one that a later version may have written counts as one to be gone on with."""
    return STATUSES.get(status) or Meaning(f"is {status}")


def status_of(run: Mapping[str, Any]) -> str:
    """How a run stands: as run.json says, but a run whose process is gone is `lost`, not `running`."""
    status = str(run.get("status", UNKNOWN))
    if status == RUNNING and run.get("host") == socket.gethostname() and not _alive(run.get("pid")):
        return LOST
    return status


def _alive(pid: object) -> bool:
    """Whether a process of this machine exists."""
    try:
        os.kill(int(str(pid)), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:  # it exists, and belongs to someone else
        return True
    return True
