"""`make results`: the reference experiments, run and written down in docs/results.md.

Each run is an ordinary one in runs/results/<experiment>-<seed>; one that is complete is not run again.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nncli.runs import rundir

RUNS = Path("runs/results")
DOCUMENT = Path("docs/results.md")


@dataclass(frozen=True)
class Reference:
    """A published experiment, and how ours is judged beside it."""

    name: str
    title: str
    config: str
    published: str
    figure: str
    """What is compared: a key of the records."""
    best: bool = False
    """Whether the best epoch counts, as it was published, rather than the last."""
    seeds: int = 10
    overrides: tuple[str, ...] = field(default=())


EXPERIMENTS = (
    Reference("book-30", "Nielsen, 30 hidden", "mnist", "95.42 % (best of three runs)", "test_accuracy", True),
    Reference("book-100", "Nielsen, 100 hidden", "mnist-100", "96.59 %", "test_accuracy", True),
    Reference("book-slow", "Nielsen, 100 hidden, eta 0.001", "mnist-100", "21 %", "test_accuracy", False,
              overrides=("eta=0.001",)),
    Reference("book-fast", "Nielsen, 30 hidden, eta 100", "mnist", "10 %", "test_accuracy", False,
              overrides=("eta=100",)),
    # each seed draws its own thousand points: ten splits of the same points would share most of their luck
    Reference("moons", "Moons, NumPy, full batch", "moons", "95-98 %", "test_accuracy",
              overrides=("data.seed={seed}",)),
    Reference("simplenet", "SimpleNet, 10,000 steps", "simplenet", "94.62 %", "test_accuracy"),
    Reference("keras-train", "Keras, 5 epochs, whole training set", "keras-mnist", "98.9 %", "train_accuracy", seeds=3),
    Reference("keras", "Keras, 5 epochs, test", "keras-mnist", "97.8 %", "test_accuracy", seeds=3),
    Reference("best", "Distortions, 1500-1000-500", "mnist-best", "99.3 % (Simard 2003), 99.65 % (Ciresan 2010)",
              "test_accuracy", seeds=3),
)  # fmt: skip


def run(reference: Reference, seed: int) -> Path:
    """The run of one seed, trained unless it is complete."""
    path = RUNS / f"{reference.name.removesuffix('-train')}-{seed}"
    if not (path / rundir.SUMMARY).is_file():
        rundir.set_aside(path)
        keys = [f"seed={seed}", *(key.format(seed=seed) for key in reference.overrides)]
        words = [word for key in keys for word in ("--set", key)]
        config = f"configs/{reference.config}.yaml"
        command = [sys.executable, "-m", "nncli", "train", config, *words, "--run-dir", str(path)]
        subprocess.run(command, check=True)
    return path


def row(reference: Reference) -> str:
    """A line of the table: published, ours over the seeds, and what it took."""
    values, seconds, info = [], [], {}
    for seed in range(reference.seeds):
        path = run(reference, seed)
        records, info = rundir.read_records(path), rundir.open_run(path)
        figures = [record[reference.figure] for record in records]
        values.append(max(figures) if reference.best else figures[-1])
        seconds.append(sum(record["seconds"] for record in records))
    epochs = records[-1]["epoch"]
    ours = f"{statistics.mean(values):.2%} ({min(values):.2%} to {max(values):.2%})"
    each = ", ".join(f"{value * 100:.2f}" for value in values)
    cells = [reference.title, reference.published, ours, each, str(epochs)]
    cells += [
        f"{statistics.median(seconds):.1f}",
        f"{info['parameters']:,}",
        f"`configs/{reference.config}.yaml`",
    ]
    return f"| {' | '.join(cells)} |"


def document(rows: list[str], machine: dict[str, Any]) -> str:
    """The whole page; `machine` is run.json of the last run."""
    head = ["experiment", "published", "ours: mean (worst to best)", "each seed, from 0", "epochs",
            "seconds", "parameters", "spec"]  # fmt: skip
    return "\n".join(
        [
            "# Results",
            "",
            "Written by `make results` from real runs. The first two rows count the best epoch of each run on the test",
            "images, as the book does; all others the last. Seconds are of training alone, the median of the seeds, on",
            f"{machine['cpu']}, {machine['cores']} cores, NumPy {machine['numpy']}, {machine['blas']}, which some runs",
            "shared with others: the seconds are upper bounds. Each seed of the moons draws its own points.",
            "",
            f"| {' | '.join(head)} |",
            "|" + "---|" * len(head),
            *rows,
            "",
        ]
    )


def main() -> None:
    """Run what is missing and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [reference.name for reference in EXPERIMENTS]
    parser.add_argument("--only", type=lambda text: text.split(","), default=names)
    chosen = [one for one in EXPERIMENTS if one.name in parser.parse_args().only]
    rows = [row(reference) for reference in chosen]
    last = chosen[-1]
    text = document(rows, rundir.open_run(run(last, last.seeds - 1)))
    if len(chosen) == len(EXPERIMENTS):
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
