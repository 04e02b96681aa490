"""nncli with `engine: numba`."""

from __future__ import annotations

from benchmarks.peers import nncli_loop
from benchmarks.problem import Problem, Trainer

REQUIRES = "numba"


def make(problem: Problem) -> Trainer:
    """As `nncli_loop`; its spec names the engine."""
    return nncli_loop.make(problem)
