"""Sweeps whose trials train in the process of the command: nothing is started, and what kills one kills the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from nncli.sweep import places
from nncli.sweep.executors import Workers


class Inline(Workers[tuple[str, ...]]):
    """Workers that do each job as it begins."""

    tries = 1
    deaths = ()

    def __init__(self, slots: int) -> None:
        super().__init__()
        self._slots = slots

    @property
    def slots(self) -> int:
        return self._slots

    def _begin(self, call: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(call(*arguments))
        return future

    def _ask(self) -> None: ...
    def _abandon(self) -> None: ...
    def close(self) -> None: ...


def inline() -> None:
    """For a child that tests start: all its sweeps are such."""
    places.LocalWorkers = Inline
