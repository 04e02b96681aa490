"""`python -m benchmarks.engines [a b c d]`: an epoch with each engine, and its matrix products alone, in turn.

Counted is the processor time of the one thread, which other work on the machine changes far less than the time on the
wall: for a machine that is not idle. (d) takes 100 epochs, of one step each, in a turn.
"""

from __future__ import annotations

import sys
from statistics import median
from time import thread_time

from threadpoolctl import threadpool_limits

from benchmarks.epochs import Epochs
from benchmarks.peers import nncli_loop, products
from benchmarks.problem import Problem, Trainer
from benchmarks.workloads import WORKLOADS

ROUNDS = 15


def main(*letters: str) -> None:
    for letter in letters or ("a", "b", "c", "d"):
        turn = 100 if letter == "d" else 1
        peers = {
            "numpy": nncli_loop.make(_problem(letter, turn)),
            "numba": nncli_loop.make(_problem(letter, turn, "engine=numba")),
            "floor": products.make(_problem(letter, turn)),
        }
        threadpool_limits(1, user_api="blas")
        rounds = [{name: _turn(peer, turn) for name, peer in peers.items()} for _ in range(ROUNDS)]
        for name in peers:
            seconds = [one[name] for one in rounds[1:]]  # the first warms up
            ratio = median(one["numpy"] / one[name] for one in rounds[1:])
            print(
                f"({letter}) {name}: least {min(seconds):.4f} s, median {median(seconds):.4f} s,"
                f" {ratio:.2f} times as fast as numpy"
            )


def _problem(letter: str, turn: int, *overrides: str) -> Problem:
    workload = WORKLOADS[letter]
    assert isinstance(workload, Epochs)
    return Problem.of(workload.spec, ["threads=1", *overrides], (ROUNDS + 1) * turn, turn)


def _turn(peer: Trainer, turn: int) -> float:
    begun = thread_time()
    for _ in range(turn // peer.epochs_a_call):
        peer.epoch()
    return thread_time() - begun


if __name__ == "__main__":
    main(*sys.argv[1:])
