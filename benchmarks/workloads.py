"""What is measured: one entry each. A new workload is an entry here, a new peer a module in `peers/`."""

from __future__ import annotations

from typing import Protocol

from benchmarks.commands import FirstBatch, Peak
from benchmarks.disk import Disk
from benchmarks.epochs import Epochs, Peer
from benchmarks.keeping import Keeping
from benchmarks.listing import Listing
from benchmarks.predicting import Case, Predicting
from benchmarks.report import Goal, Row
from benchmarks.stacked import Profile, Stacked
from benchmarks.sweeps import Sweep


class Workload(Protocol):
    """Something that can be measured several times."""

    @property
    def title(self) -> str: ...
    def measure(self, letter: str, rounds: int) -> list[Row]: ...


NUMBA = Peer("nncli_numba", "nncli, engine: numba", overrides=("engine=numba",))

WORKLOADS: dict[str, Workload] = {
    "a": Epochs(
        title="one epoch of configs/mnist.yaml: 784-30-10 sigmoid, quadratic, SGD, batch 10",
        spec="configs/mnist.yaml",
        peers=(
            Peer("nncli_loop", "nncli"),
            NUMBA,
            Peer("torch_eager", "PyTorch, eager", Goal(times_nncli=3.5)),
            Peer("jax_scan", "JAX, jit and scan", Goal(times_nncli=1)),
            Peer("sklearn_mlp", "scikit-learn's MLP, log-loss", Goal(times_nncli=3)),
            Peer("per_sample", "NumPy, sample by sample", Goal(times_nncli=8)),
            Peer("per_sample", "the same as in the book", overrides=("dtype=float64",)),
            Peer("products", "floor: the matrix products alone"),
        ),
    ),
    "b": Epochs(
        title="one epoch of configs/keras-mnist.yaml: 784-512-10 relu/softmax, rmsprop, batch 128",
        spec="configs/keras-mnist.yaml",
        overrides=("threads=1",),
        peers=(
            Peer("nncli_loop", "nncli"),
            NUMBA,
            Peer("nncli_loop", "nncli, 2 threads", overrides=("threads=2",)),
            Peer("nncli_numba", "nncli, numba, 2 threads", overrides=("engine=numba", "threads=2")),
            Peer("torch_eager", "PyTorch, eager", Goal(times_nncli=1)),
            Peer("keras_jax", "Keras 3 on JAX", Goal(times_nncli=1)),
            Peer("jax_scan", "JAX, jit and scan"),
            Peer("sklearn_mlp", "scikit-learn's MLP, adam"),
            Peer("products", "floor: the matrix products alone"),
        ),
    ),
    "c": Epochs(
        title="600 steps of configs/simplenet.yaml: 784-50-10 sigmoid/softmax, SGD, batch 100, with replacement",
        spec="configs/simplenet.yaml",
        overrides=("threads=1",),
        peers=(
            Peer("nncli_loop", "nncli"),
            NUMBA,
            Peer("torch_eager", "PyTorch, eager", Goal(times_nncli=1.9)),
            Peer("jax_scan", "JAX, jit and scan", Goal(times_nncli=1)),
            Peer("sklearn_mlp", "scikit-learn's MLP"),
            Peer("two_layer_net", "NumPy, as in Saito's book", overrides=("dtype=float64",)),
            Peer("products", "floor: the matrix products alone"),
        ),
    ),
    "d": Epochs(
        title="500 steps of configs/moons.yaml: 2-25-50-50-25-1 relu/sigmoid, gradient descent, all 900 points",
        spec="configs/moons.yaml",
        overrides=("threads=1",),
        turn=500,
        peers=(
            Peer("nncli_loop", "nncli"),
            NUMBA,
            Peer("torch_eager", "PyTorch, eager", Goal(times_nncli=1)),
            Peer(
                "memory_dict",
                "NumPy, as in Skalski's notebook",
                Goal(times_nncli=2),
                ("dtype=float64",),
            ),
            Peer("jax_scan", "JAX, jit and scan"),
            Peer("sklearn_mlp", "scikit-learn's MLP"),
            Peer("products", "floor: the matrix products alone"),
        ),
    ),
    "e": Sweep(
        title="a sweep of eight etas, 3 epochs of configs/mnist.yaml",
        spec="configs/mnist.yaml",
        epochs=3,
        etas=(0.001, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0),
        goal=Goal(at_most_times=2.5),
        steps=Stacked("configs/mnist.yaml", (1, 2, 4, 8), Goal(at_most_times=1.35)),
    ),
    "f": Predicting(
        title="predicting files: pictures of configs/mnist.yaml and rows of configs/penguins.yaml",
        specs={"npy": "configs/mnist.yaml", "csv": "configs/penguins.yaml"},
        cases=(
            Case("npy", 10_000),
            Case("npy", 1_000_000),
            Case("csv", 10_000),
            Case("csv", 1_000_000),
            Case("csv", 1_000_000, "jsonl"),
        ),
    ),
    "g": FirstBatch(
        title="start-up, from the shell and back",
        spec="configs/mnist.yaml",
        help_goal=Goal(at_most=0.3),
        train_goal=Goal(at_most=0.8),
    ),
    "h": Disk(
        title="rows on disk: 784-512-10 on float32 rows, one epoch",
        gigabytes=4.0,
        rows_in_memory=100_000,
        memory=Goal(at_most=300),
        time=Goal(at_most_times=1.5),
    ),
    "k": Keeping(
        title="what keeping a run costs: records, checkpoints, weights, as a share of the training",
        specs=("configs/mnist.yaml", "configs/moons.yaml"),
        goal=Goal(at_most=3),
    ),
    "p": Profile(
        title="where a step goes: microseconds, one thread",
        cases=(
            Stacked("configs/mnist.yaml", (1,)),
            Stacked("configs/keras-mnist.yaml", (1,)),
            Stacked("configs/simplenet.yaml", (1,)),
            Stacked("configs/moons.yaml", (1,), turn=500),
        ),
    ),
    "l": Listing(
        title="listing runs, whole commands",
        spec="configs/moons.yaml",
        counts=(1_000, 10_000),
        commands=(
            ("--limit", "20"),
            ("--limit", "0"),
            ("--sort", "test_accuracy", "--where", "optimizer=adam", "--limit", "20"),
        ),
        goal=Goal(at_most=1),
    ),
    "m": Peak(
        title="peak resident memory of the whole command (ru_maxrss: program, libraries, data)",
        spec="configs/mnist.yaml",
        goal=Goal(at_most=220),
    ),
}
