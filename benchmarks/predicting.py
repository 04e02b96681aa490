"""How fast whole files are predicted, and in how much memory.

`python -m benchmarks.predicting KIND SOURCE ROWS PATH` writes a file of so many rows, the ones of SOURCE over and over.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.commands import run, training
from benchmarks.places import ROOT, nncli, say
from benchmarks.report import NO_GOAL, Goal, Row

PICTURES, TABLE = "mnist/t10k-images-idx3-ubyte.gz", "tables/penguins.csv"
"""Where rows come from, in the folder that NNCLI_DATA names."""


@dataclass(frozen=True)
class Case:
    """One file that is predicted."""

    kind: str
    """npy, pictures of 784 bytes, or csv, a table."""
    rows: int
    form: str = "csv"
    goal: Goal = NO_GOAL


@dataclass(frozen=True)
class Predicting:
    """Whole commands: an evaluation of the test pictures, then predictions of files of several lengths."""

    title: str
    specs: dict[str, str]
    """Kind -> the spec that is trained for it."""
    cases: tuple[Case, ...]
    epochs: int = 1

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """Trainings and files first, untimed; then each command in turn."""
        shared = os.environ.get("NNCLI_DATA")
        if not shared:
            return [Row(letter, "nncli predict", "s", skipped="NNCLI_DATA is not set")]
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            runs = {kind: self._train(spec, folder / kind) for kind, spec in self.specs.items()}
            commands: dict[str, tuple[list[str], Case | None]] = {}
            command = [*nncli(), "eval", runs["npy"], "--quiet"]
            commands[f"nncli eval {self.specs['npy']}"] = (command, None)
            for case in self.cases:
                command = self._command(case, Path(shared), folder, runs[case.kind])
                what = f"nncli predict {self.specs[case.kind]}: {case.kind} -> {case.form}"
                commands[f"{what}, {case.rows:,} rows"] = (command, case)
            return [
                row
                for what, (command, case) in commands.items()
                for row in self._rows(letter, what, command, case, rounds)
            ]

    def _train(self, spec: str, runs_dir: Path) -> str:
        run(training(spec, str(runs_dir), f"epochs={self.epochs}"))
        return str(next(runs_dir.iterdir()))

    def _command(self, case: Case, shared: Path, folder: Path, trained: str) -> list[str]:
        path = folder / f"{case.rows}.{case.kind}"
        if not path.exists():
            say(f"  writing {case.rows:,} rows as {case.kind}")
            source = shared / {"npy": PICTURES, "csv": TABLE}[case.kind]
            words = ["-m", "benchmarks.predicting", case.kind, source, case.rows, path]
            subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, check=True)
        out = folder / f"answers.{case.form}"
        return [*nncli(), "predict", trained, str(path), "--out", str(out), "--quiet"]

    def _rows(
        self, letter: str, what: str, command: list[str], case: Case | None, rounds: int
    ) -> list[Row]:
        say(f"  {what}")
        taken = [run(command) for _ in range(rounds + 1)][1:]  # the first one warms up
        seconds = [one.seconds for one in taken]
        rate = f"{case.rows / median(seconds):,.0f} rows a second" if case else ""
        goal = case.goal if case else NO_GOAL
        return [
            Row(letter, what, "s", seconds, note=rate),
            Row(letter, what, "MB", [one.megabytes for one in taken], goal=goal),
        ]


def write_npy(source: Path, rows: int, path: Path) -> None:
    """The images of an IDX file, (rows, 28, 28) bytes."""
    import numpy as np

    from nncli.data.idx import read_idx

    images = read_idx(source).values
    with path.open("wb") as file:
        shape = (rows, *images.shape[1:])
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, rows, len(images)):
            file.write(images[: rows - start].data)


def write_csv(source: Path, rows: int, path: Path) -> None:
    """The header and the lines of a table."""
    header, *lines = source.read_text().splitlines()
    with path.open("w") as file:
        file.write(f"{header}\n")
        file.writelines(f"{line}\n" for line in itertools.islice(itertools.cycle(lines), rows))


if __name__ == "__main__":
    kind, source, rows, path = sys.argv[1:]
    {"npy": write_npy, "csv": write_csv}[kind](Path(source), int(rows), Path(path))
