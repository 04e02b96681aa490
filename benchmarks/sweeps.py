"""A whole sweep beside the same trainings one after the other, and beside a grid search of scikit-learn."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.commands import run, training
from benchmarks.places import say
from benchmarks.report import NO_GOAL, Goal, Row
from benchmarks.stacked import Stacked

Commands = dict[str, list[list[str]]]
ONE, SWEEP, SINGLES, SEARCH = "one", "sweep", "singles", "search"


@dataclass(frozen=True)
class Sweep:
    """Whole commands in turn, each into a fresh folder; then a step of a stack."""

    title: str
    spec: str
    epochs: int
    etas: tuple[float, ...]
    goal: Goal
    """Of the sweep, whose ratio is to one training."""
    steps: Stacked
    workers: int = 2

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """One training, the sweep, its trials one by one, the grid search."""
        samples: dict[str, list[float]] = {name: [] for name in (ONE, SWEEP, SINGLES, SEARCH)}
        seen: list[dict[str, Any]] = []
        for number in range(rounds + 1):
            say(f"  round {number}" if number else "  warm-up")
            with tempfile.TemporaryDirectory() as folder:
                commands = self._commands(Path(folder))
                for name in samples if number else (ONE, SWEEP):
                    if name in commands:
                        taken = sum(run(command).seconds for command in commands[name])
                        samples[name] += [taken] if number else []
                if number:
                    seen.append(self._compared(Path(folder)))
        return [*self._rows(letter, samples, seen), *self.steps.measure(letter, rounds)]

    def _commands(self, folder: Path) -> Commands:
        """What each of them is; a grid search only where it can be made."""
        settings = (f"epochs={self.epochs}", "threads=1")
        grid = ",".join(map(str, self.etas))
        sweep = training(self.spec, str(folder / SWEEP), *settings, command="sweep")
        commands: Commands = {
            ONE: [training(self.spec, str(folder / ONE), *settings)],
            SWEEP: [[*sweep, "--grid", f"eta={grid}", "--workers", str(self.workers)]],
            SINGLES: [
                training(self.spec, str(folder / SINGLES / str(eta)), *settings, f"eta={eta}")
                for eta in self.etas
            ],
        }
        if find_spec("sklearn"):
            task = {"spec": self.spec, "epochs": self.epochs, "etas": self.etas}
            task |= {"jobs": self.workers, "answer": str(folder / SEARCH)}
            commands[SEARCH] = [[sys.executable, "-m", "benchmarks.grid_search", json.dumps(task)]]
        return commands

    def _compared(self, folder: Path) -> dict[str, Any]:
        """Whether the sweep has come to what its trials come to by themselves."""
        (sweep,) = (folder / SWEEP).iterdir()
        trials = json.loads((sweep / "sweep.json").read_text())["trials"]
        single: dict[float, Path] = {}
        for eta in self.etas:
            (single[eta],) = (folder / SINGLES / str(eta)).iterdir()
        equal = [
            (sweep / trial["run"] / "weights.npz").read_bytes()
            == (single[trial["point"]["eta"]] / "weights.npz").read_bytes()
            for trial in trials
        ]
        answer = folder / SEARCH
        return {
            "sweep": [trial["point"]["eta"] for trial in trials],
            "singles": sorted(self.etas, key=lambda eta: _place(single[eta])),
            "equal": sum(equal),
            "search": json.loads(answer.read_text()) if answer.exists() else {},
        }

    def _rows(
        self, letter: str, samples: dict[str, list[float]], seen: list[dict[str, Any]]
    ) -> list[Row]:
        one, last, count = median(samples[ONE]), seen[-1], len(self.etas)
        agree = all(turn["sweep"] == turn["singles"] for turn in seen)
        equal = min(turn["equal"] for turn in seen)
        said = [
            f"ranking {'as' if agree else 'NOT AS'} that of the single trainings",
            f"weights.npz of {equal} of {count} trials equal to theirs byte for byte",
        ]
        name = f"nncli train {self.spec}, {self.epochs} epochs"
        texts = {
            ONE: (name, NO_GOAL, "the whole command"),
            SWEEP: (f"nncli sweep, {self.workers} workers", self.goal, "; ".join(said)),
            SINGLES: (f"{count} nncli train, one by one", NO_GOAL, ""),
            SEARCH: ("scikit-learn, GridSearchCV", NO_GOAL, last["search"].get("note", "")),
        }
        return [
            Row(letter, what, "s", taken, median(taken) / one, goal, 1, note, about=last)
            if (taken := samples[key])
            else Row(letter, what, "s", skipped="sklearn is not installed")
            for key, (what, goal, note) in texts.items()
        ]


def _place(run: Path) -> tuple[float, float]:
    """Where a run stands among others: by accuracy, then by loss on the test rows."""
    record = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    return -record["test_accuracy"], record["test_loss"]
