"""Trials on a Dask cluster: one that is made for the command, or a scheduler that is there already."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from uuid import uuid4

from nncli import __version__
from nncli.errors import MachineError, UsageError
from nncli.interrupts import asked_by
from nncli.sweep.executors import Workers, without_interrupts

T = TypeVar("T")
CONNECT = 3.0
"""Seconds in which a scheduler must answer."""
LOOK = 2.0
"""Seconds between two looks at how many workers there are."""
SAME = ("nncli", "numpy")
"""Packages that decide the bytes of a result: of the same version on every worker."""


class DaskWorkers(Workers[T]):
    """The threads of a cluster's workers. The scheduler shares the jobs out, and gives those of a dead worker to
    another one: as often as it is configured, three times by default."""

    tries = 1

    def __init__(self, client: Any, address: str, limit: int) -> None:
        from distributed import KilledWorker

        super().__init__()
        self.deaths = KilledWorker
        self._client, self._address, self._limit = client, address, limit
        self._executor = client.get_executor(pure=False)
        self._sweep = uuid4().hex
        self._threads, self._looked = 0, -LOOK

    @property
    def slots(self) -> int:
        """As many as there are threads, and one where there are none yet: it waits for the first worker."""
        if time.monotonic() - self._looked >= LOOK:
            with self._connected():
                self._threads = sum(self._client.nthreads().values())
            self._looked = time.monotonic()
        return max(1, min(self._threads, self._limit))

    def _begin(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]:
        with self._connected():
            return self._executor.submit(do, self._sweep, call, *arguments)

    def _ask(self) -> None:
        with suppress(Exception):  # a cluster that is gone hears nothing, and stops by itself
            self._client.run(stop, self._sweep, wait=False, on_error="ignore")

    def _abandon(self) -> None:
        """A job that is cancelled knows it, and stops as soon as it looks."""
        self._executor.shutdown(wait=False)

    def _obituary(self, error: BaseException | None) -> str:
        return f"its worker died, {getattr(error, 'allowed_failures', 0) + 1} times"

    def _lost(self) -> BaseException:
        return MachineError(
            f"{self._address}: the connection to the scheduler is lost. The trials that ran have kept their "
            "checkpoints: the same command goes on."
        )

    @contextmanager
    def _connected(self) -> Iterator[None]:
        from distributed.comm import CommClosedError

        try:
            yield
        except (OSError, CommClosedError) as err:
            raise self._lost() from err


_STOPPED: set[str] = set()
"""In a worker: the sweeps whose jobs are to stop."""


async def stop(sweep: str) -> None:
    """In a worker, in the loop beside its jobs: those of this sweep are to stop."""
    _STOPPED.add(sweep)


def do(sweep: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """In a worker, in one of its threads: a job of this sweep."""
    if sweep in _STOPPED:
        return None
    with asked_by(_Wanted(sweep)):
        return call(*arguments)


class _Wanted:
    """Whether a job is to stop: its sweep has asked for it, or has gone without a word, or the worker is closing.

    Dask lets a task run on that nobody waits for any more.
    """

    def __init__(self, sweep: str) -> None:
        from distributed import get_worker

        self._sweep, self._worker = sweep, get_worker()
        self._key = self._worker.get_current_task()
        self._looked = 0.0

    def __call__(self) -> bool:
        if time.monotonic() - self._looked < 0.1:
            return False
        self._looked = time.monotonic()
        if self._sweep in _STOPPED or self._worker.status.name not in ("running", "paused"):
            return True
        task = self._worker.state.tasks.get(self._key)
        return task is None or task.state == "cancelled"


def _require() -> None:
    """Raise UsageError where Dask is not installed."""
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as err:
        raise UsageError("--cluster needs distributed: pip install 'nncli[cluster]'") from err


@contextmanager
def local(name: str, slots: int) -> Iterator[Workers[tuple[str, ...]]]:
    """A cluster on this machine, of `slots` workers, for as long as this lasts."""
    _require()
    import dask
    from distributed import Client, LocalCluster

    settings = {"distributed.scheduler.allowed-failures": 1}
    with dask.config.set(settings), without_interrupts():
        cluster = LocalCluster(
            n_workers=slots, threads_per_worker=1, memory_limit=0, dashboard_address=None
        )
    with cluster, Client(cluster, set_as_default=False) as client:
        yield DaskWorkers(client, name, slots)


@contextmanager
def connected(address: str, limit: int) -> Iterator[Workers[tuple[str, ...]]]:
    """The cluster of the scheduler at an address, `limit` jobs at a time at most.

    Raises UsageError for what is no address, MachineError where no scheduler answers or a worker is not of our kind.
    """
    _require()
    from distributed import Client

    _check_scheduler(address)
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it would say, we say
    with Client(address, timeout=CONNECT, set_as_default=False) as client:
        _check_versions(client, address)
        yield DaskWorkers(client, address, limit)


def _check_scheduler(address: str) -> None:
    """Before a client, which goes on trying: whether a scheduler is there at all."""
    try:
        kind = asyncio.run(asyncio.wait_for(_identity(address), CONNECT))["type"]
    except ValueError as err:
        raise UsageError(f"--cluster {address}: {err}. Write tcp://host:8786") from err
    except Exception as err:  # what speaks another language there can make anything of ours fail
        reason = "no answer" if isinstance(err, OSError) else " ".join(str(err).split())
        raise MachineError(f"--cluster {address}: no Dask scheduler there: {reason[:200]}") from err
    if kind != "Scheduler":
        raise MachineError(f"--cluster {address}: no Dask scheduler there, but a {kind}")


async def _identity(address: str) -> Any:
    from distributed import Security, rpc

    keys = Security().get_connection_args("client")  # from Dask's own configuration, for tls://
    async with rpc(address, timeout=CONNECT, connection_args=keys) as remote:
        return await remote.identity()


def _check_versions(client: Any, address: str) -> None:
    """Raise MachineError naming the first worker whose results could be of other bytes."""
    found = client.get_versions(packages=list(SAME))
    here = {**found["client"]["packages"], "nncli": __version__}
    for worker, versions in found["workers"].items():
        for package in SAME:
            there = versions["packages"].get(package)
            if there != here[package]:
                raise MachineError(
                    f"--cluster {address}: the worker {worker} has {package} {there or '(not installed)'}, "
                    f"this machine {here[package]}. Make them the same."
                )
