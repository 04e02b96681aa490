"""Where a step goes, of one network or of several at once, against its matrix products alone.

`python -m benchmarks.stacked TASK` trains one stack and prints microseconds as JSON; the workload runs it for several.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.keeping import Clock
from benchmarks.places import ROOT, say
from benchmarks.report import NO_GOAL, Goal, Row


@dataclass(frozen=True)
class Stacked:
    """Stacks of so many members, each in a process of its own."""

    spec: str
    sizes: tuple[int, ...]
    goal: Goal = NO_GOAL
    """Of the ratio to the products."""
    turn: int = 1
    """Epochs that are timed together."""

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """One row for each size."""
        rows = []
        for size in self.sizes:
            say(f"  {Path(self.spec).stem}, {size} in a stack")
            task = json.dumps(
                {"spec": self.spec, "size": size, "rounds": rounds, "turn": self.turn}
            )
            command = [sys.executable, "-m", "benchmarks.stacked", task]
            done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
            answer = json.loads(done.stdout)
            floor = median(answer["products"])
            parts = ", ".join(f"{name} {value:.1f}" for name, value in answer["parts"].items())
            ratio, note = median(answer["steps"]) / floor, f"products alone {floor:.1f}; {parts}"
            what = f"one step of {Path(self.spec).stem}, {size} in a stack, x its products"
            about = {"products": answer["products"], "parts": answer["parts"]}
            rows.append(
                Row(letter, what, "us", answer["steps"], ratio, self.goal, 1, note, about=about)
            )
        return rows


@dataclass(frozen=True)
class Profile:
    """The steps of several networks, each alone."""

    title: str
    cases: tuple[Stacked, ...]

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """One row for each."""
        return [row for case in self.cases for row in case.measure(letter, rounds)]


def main(spec: str, size: int, rounds: int, turn: int = 1) -> None:
    """Epochs of a stack and of its products in turn, then one epoch more with a clock on the parts of a step."""
    from benchmarks.problem import Problem
    from nncli.blas import blas_threads
    from nncli.network.params import flatten
    from nncli.training import loop
    from nncli.training.stack import Member, Stack, train_stack

    problem = Problem.of(spec, ("threads=1",), (rounds + 2) * turn, turn)
    base, dataset = problem.spec, problem.experiment.dataset
    members = []
    for number in range(size):
        own = base.model_copy(update={"eta": base.eta * (1 + number / 10)})
        vector = flatten(problem.params(), base.architecture, base.dtype)
        members.append(Member(own, loop.start(own, dataset, vector)))
    stack = Stack(members, dataset)
    events, count = train_stack(stack), problem.experiment.length.batches * turn
    one_by_one = products(problem, size)

    def epoch() -> None:
        for _ in range(size):
            next(events)

    with blas_threads(1):
        samples: dict[str, list[float]] = {"steps": [], "products": []}
        for _ in range(rounds + 1):
            samples["steps"].append(timed(epoch) / count)
            samples["products"].append(timed(one_by_one) / count)
        measured: dict[str, Any] = {name: taken[1:] for name, taken in samples.items()}
        measured["parts"] = {key: value / count for key, value in parts(stack, epoch).items()}
    print(json.dumps(measured))


def timed(call: Callable[[], object]) -> float:
    """Microseconds."""
    begun = perf_counter()
    call()
    return 1e6 * (perf_counter() - begun)


def products(problem: Any, size: int) -> Callable[[], None]:
    """An epoch of the products of a stack's step, on as many different batches as are gathered at once."""
    import numpy as np

    from nncli.data.feed import Feed
    from nncli.network.params import count, views
    from nncli.network.propagation import make_memory

    layers, dtype, rows = problem.spec.architecture, problem.spec.dtype, problem.batch_size
    vector = np.random.default_rng(0).random((size, count(layers)), np.float32).astype(dtype)
    params, grads = views(vector, layers), views(np.empty_like(vector), layers)
    memory = make_memory(layers, rows, dtype, (size,))
    for array in memory.values():
        array.fill(0.5)
    feed = Feed(problem.experiment.dataset, layers[-1].output_dim, rows, dtype, None)
    gathered = np.empty((feed.at_once // rows * rows, feed.input_dim), dtype)
    windows = feed.batches(np.arange(len(gathered)), (1, 0, 0), gathered)
    inputs = [gathered[begin:end] for begin, end in windows]
    last = len(layers)

    def epoch() -> None:
        for step in range(problem.experiment.length.batches * problem.turn):
            a = [inputs[step % len(inputs)], *(memory[f"A{i}"] for i in range(1, last + 1))]
            for i in range(1, last + 1):
                np.matmul(a[i - 1], params[f"W{i}"].mT, memory[f"Z{last}"] if i == last else a[i])
            for i in range(last, 0, -1):
                np.matmul(memory[f"D{i}"].mT, a[i - 1], grads[f"W{i}"])
                if i > 1:
                    np.matmul(memory[f"D{i}"], params[f"W{i}"], memory[f"D{i - 1}"])

    return epoch


def parts(stack: Any, epoch: Callable[[], None]) -> dict[str, float]:
    """Microseconds of an epoch, by the parts of its steps; what is left is the loop itself."""
    import numpy as np

    from nncli.data.feed import Feed
    from nncli.training import trainer

    names = ("products", "elementwise", "update", "gathering", "figures of blocks")
    clocks = {name: Clock() for name in names}
    update = {id(call) for call in stack.step.update_calls}
    for batch in stack.bench.bound():
        for i, call in enumerate(batch.calls):
            kind = "products" if call[0] is np.matmul else "elementwise"
            clock = clocks["update" if id(call) in update else kind]
            batch.calls[i] = (clock.timed(call[0]), call[1])
    for owner, name, part in (
        (Feed, "fill", "gathering"),
        (trainer.Trainer, "settle", "figures of blocks"),
    ):
        setattr(owner, name, clocks[part].timed(getattr(owner, name)))
    whole = timed(epoch)
    taken = {name: 1e6 * clock.seconds for name, clock in clocks.items()}
    return taken | {"loop": whole - sum(taken.values())}


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
