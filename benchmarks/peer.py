"""`python -m benchmarks.peer MODULE TASK`: one peer in its own process.

A line of JSON says that it is ready, or why it is skipped. Then each line of stdin, `turn` or `finish`, is answered by
a line of JSON; a turn is as many epochs as the task says. MODULE is one of `benchmarks.peers` and has two names:
`REQUIRES`, the package that it needs, and `make(problem)`, which returns a `Trainer`.
"""

from __future__ import annotations

import importlib
import json
import sys
from time import perf_counter
from typing import Any


def main(module: str, task: str) -> None:
    """Serve turns until stdin ends."""
    peer = importlib.import_module(f"benchmarks.peers.{module}")
    try:
        package = importlib.import_module(peer.REQUIRES)
    except ImportError as err:  # it may be there, and need another that is not
        _tell({"skipped": f"{err.name or peer.REQUIRES} is not installed"})
        return
    from benchmarks.problem import Problem

    problem = Problem.of(**json.loads(task))
    trainer = peer.make(problem)
    about = {"package": peer.REQUIRES, "version": getattr(package, "__version__", "")}
    _tell({"threads": trainer.threads, "note": trainer.note, **about})
    calls, epochs = problem.turn // trainer.epochs_a_call, 0
    for line in sys.stdin:
        if line.strip() == "turn":
            begun = perf_counter()
            for _ in range(calls):
                trainer.epoch()
            _tell({"seconds": perf_counter() - begun})
            epochs += problem.turn
        elif line.strip() == "finish":
            params = trainer.params()
            _tell({"epochs": epochs, **(problem.figures(params) if params else {})})


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
