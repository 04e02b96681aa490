"""What is measured: one entry each. A new workload is an entry here, a new peer a module in `peers/`."""

from __future__ import annotations

from typing import Protocol

from benchmarks.commands import FirstBatch, Peak
from benchmarks.epochs import Epochs, Peer
from benchmarks.report import Goal, Row


class Workload(Protocol):
    """Something that can be measured several times."""

    @property
    def title(self) -> str: ...
    def measure(self, letter: str, rounds: int) -> list[Row]: ...


WORKLOADS: dict[str, Workload] = {
    "a": Epochs(
        title="one epoch of configs/mnist.yaml: 784-30-10 sigmoid, quadratic, SGD, batch 10",
        spec="configs/mnist.yaml",
        peers=(
            Peer("nncli_loop", "nncli"),
            Peer("torch_eager", "PyTorch, eager", Goal(times_nncli=3)),
            Peer("per_sample", "NumPy, sample by sample", Goal(times_nncli=8)),
            Peer("per_sample", "the same as in the book", overrides=("dtype=float64",)),
            Peer("products", "floor: the matrix products alone"),
        ),
    ),
    "g": FirstBatch(
        title="start-up, from the shell and back",
        spec="configs/mnist.yaml",
        help_goal=Goal(at_most=0.3),
        train_goal=Goal(at_most=0.8),
    ),
    "m": Peak(
        title="peak resident memory of the whole command (ru_maxrss: program, libraries, data)",
        spec="configs/mnist.yaml",
        goal=Goal(at_most=220),
    ),
}
