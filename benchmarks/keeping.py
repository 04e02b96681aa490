"""What it costs to keep a run: the share of a training that goes into records, checkpoints and weights.

`python -m benchmarks.keeping SPEC` trains a spec once and prints seconds as JSON; the workload runs it several times.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.places import ROOT, say
from benchmarks.report import Goal, Row


@dataclass(frozen=True)
class Keeping:
    """Trainings as they are, with a clock on everything that is written."""

    title: str
    specs: tuple[str, ...]
    goal: Goal

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """Each spec in turn, several times, each in a process of its own."""
        samples: dict[str, list[dict[str, float]]] = {spec: [] for spec in self.specs}
        for number in range(rounds):
            say(f"  round {number + 1}")
            for spec in self.specs:
                command = [sys.executable, "-m", "benchmarks.keeping", spec]
                done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
                samples[spec].append(json.loads(done.stdout))
        return [
            Row(
                letter,
                spec,
                "%",
                [100 * one["keeping"] / one["whole"] for one in taken],
                goal=self.goal,
                note=f"{taken[0]['keeping']:.3f} s of {taken[0]['whole']:.2f} s, {taken[0]['records']:.0f} records",
            )
            for spec, taken in samples.items()
        ]


def main(spec: str) -> None:
    """Train with a clock on what is kept, and print what it showed."""
    from nncli import experiment, preparation, session
    from nncli.runs import rundir
    from nncli.spec.load import load_spec

    clock = Clock()
    for module, names in {
        session: ("save", "_save_weights"),
        rundir: ("append_record", "write_json", "write_spec", "start_records"),
    }.items():
        for name in names:
            setattr(module, name, clock.timed(getattr(module, name)))
    prepared = preparation.prepare(load_spec(ROOT / spec).spec)
    with tempfile.TemporaryDirectory(dir=ROOT / "runs") as folder:
        begun = perf_counter()
        result = experiment.train(prepared, Path(folder))
        whole = perf_counter() - begun
        records = len(rundir.read_records(result.path))
    print(json.dumps({"whole": whole, "keeping": clock.seconds, "records": records}))


class Clock:
    """Adds up the time inside some functions."""

    seconds = 0.0

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time counted."""

        def run(*args: Any, **kwargs: Any) -> Any:
            begun = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.seconds += perf_counter() - begun

        return run


if __name__ == "__main__":
    main(sys.argv[1])
