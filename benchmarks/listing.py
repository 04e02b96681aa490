"""How long a list of many runs takes.

`python -m benchmarks.listing RUN COUNT FOLDER` makes so many run directories from one: run.json and summary.json alone,
which is all that a list reads, each with an eta, an optimizer and figures of its own.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.commands import run, training
from benchmarks.places import nncli, say
from benchmarks.report import Goal, Row

OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop")


@dataclass(frozen=True)
class Listing:
    """Whole commands over a folder of runs."""

    title: str
    spec: str
    counts: tuple[int, ...]
    commands: tuple[tuple[str, ...], ...]
    goal: Goal

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """The runs first, untimed; then each command, which finds the files in the system's cache."""
        rows = []
        with tempfile.TemporaryDirectory() as name:
            run(training(self.spec, f"{name}/one", "epochs=2"))
            one = next(Path(name, "one").iterdir())
            for count in self.counts:
                folder = Path(name, str(count))
                say(f"  making {count:,} runs")
                make(one, count, folder)
                for words in self.commands:
                    command = [*nncli(), "runs", "--runs-dir", str(folder), *words]
                    used = [run(command) for _ in range(rounds + 1)][1:]
                    taken = [one.seconds for one in used]
                    what = f"nncli runs {' '.join(words)}, {count:,} runs"
                    note = f"{median(one.processor for one in used):.2f} s of processor time"
                    rows.append(Row(letter, what, "s", taken, goal=self.goal, note=note))
        return rows


def make(one: Path, count: int, folder: Path) -> None:
    """Runs like `one`, in the order of their names."""
    told, summary = (json.loads((one / name).read_text()) for name in ("run.json", "summary.json"))
    rng = random.Random(0)
    for number in range(count):
        path = folder / f"run-20260101-{number:06d}-{rng.randrange(16**4):04x}"
        path.mkdir(parents=True)
        spec = told["spec"] | {"eta": rng.uniform(0.001, 1), "seed": number}
        spec["optimizer"] = {"name": rng.choice(OPTIMIZERS)}
        started = f"2026-01-01T00:00:00.{number:06d}+00:00"
        changed = {"spec": spec, "started": started, "ended": started}
        final = {key: rng.random() for key in summary["final"]} | {"epoch": 2}
        (path / "run.json").write_text(json.dumps(told | changed, indent=2))
        (path / "summary.json").write_text(
            json.dumps(summary | {"kept": final, "final": final}, indent=2)
        )


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
