"""From the name of a place to the workers there: `--cluster`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from nncli import machine
from nncli.errors import UsageError
from nncli.sweep import cluster
from nncli.sweep.executors import Workers
from nncli.sweep.local import LocalWorkers

PROCESSES = "processes"


@contextmanager
def _processes(name: str, slots: int) -> Iterator[Workers[tuple[str, ...]]]:
    workers: LocalWorkers[tuple[str, ...]] = LocalWorkers(slots)
    try:
        yield workers
    finally:
        workers.close()


HERE: dict[str, Callable[[str, int], AbstractContextManager[Workers[tuple[str, ...]]]]] = {
    PROCESSES: _processes,
    "local": cluster.local,
}
"""Places on this machine: a name -> so many workers."""
ELSEWHERE = {"tcp": cluster.connected, "tls": cluster.connected}
"""The beginning of an address -> the workers there, so many of them at most."""


def workers_at(
    place: str, wanted: int | None, jobs: int
) -> AbstractContextManager[Workers[tuple[str, ...]]]:
    """Workers for so many jobs: as many as are wanted, otherwise one for each core that they could use.

    Raises UsageError for a place that there is not, MachineError where nobody answers.
    """
    kind, _, host = place.partition("://")
    if not (place in HERE or (kind in ELSEWHERE and host)):
        raise UsageError(
            f"--cluster {place[:60]}: write `local`, or a scheduler's address: tcp://host:8786"
        )
    if not jobs:
        return _processes(place, 1)
    if host:
        return ELSEWHERE[kind](place, min(wanted or jobs, jobs))
    return HERE[place](place, min(wanted or machine.usable_cores(), jobs))
