"""Whole commands: how long they take, and how much memory at their height."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.places import ROOT, nncli, say
from benchmarks.report import NO_GOAL, Goal, Row

UNIT = 1e6 / (1 if sys.platform == "darwin" else 1024)
"""ru_maxrss per megabyte: it counts bytes on macOS, 1024 bytes on Linux."""


@dataclass(frozen=True)
class Usage:
    """What one command took."""

    seconds: float
    megabytes: float
    """Peak resident memory, files mapped into it included."""
    processor: float
    """Seconds of processor time: what other work on the machine hardly changes."""


def run(command: Sequence[str]) -> Usage:
    """Run a command from the project's root to its end; SystemExit where it fails."""
    with tempfile.TemporaryFile() as errors:
        begun = perf_counter()
        # Popen and wait4 by hand: only wait4 gives this child's usage alone
        child = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, used = os.wait4(child.pid, 0)
        seconds = perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            text = errors.read().decode(errors="replace")
            raise SystemExit(f"{' '.join(command)}: exit {child.returncode}\n{text}")
    return Usage(seconds, used.ru_maxrss / UNIT, used.ru_utime + used.ru_stime)


def _environment() -> dict[str, str]:
    """This one, with bytecode kept as Python does by default: the warm-up compiles a checkout, as pip an install."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def training(spec: str, runs_dir: str, *settings: str, command: str = "train") -> list[str]:
    """The command that trains a spec with these settings, or sweeps it."""
    changed = [word for setting in settings for word in ("--set", setting)]
    return [*nncli(), command, spec, "--runs-dir", runs_dir, "--quiet", *changed]


@dataclass(frozen=True)
class FirstBatch:
    """From the shell to the first batch, and to the help."""

    title: str
    spec: str
    help_goal: Goal
    train_goal: Goal

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """Python alone, the help, and a training of one batch: all that comes before it, and its saving."""
        with tempfile.TemporaryDirectory() as folder:
            one_batch = ("epochs=null", "iterations=1", "track=[]")
            cases = {
                "python -c pass": ([sys.executable, "-c", "pass"], NO_GOAL, "the floor"),
                "nncli --help": ([*nncli(), "--help"], self.help_goal, ""),
                f"nncli train {self.spec}": (
                    training(self.spec, folder, *one_batch),
                    self.train_goal,
                    "data read, one batch, run saved; nothing evaluated",
                ),
            }
            samples: dict[str, list[float]] = {what: [] for what in cases}
            for number in range(rounds + 1):
                say(f"  round {number}" if number else "  warm-up")
                for what, (command, _, _) in cases.items():
                    samples[what].append(run(command).seconds)
        return [
            Row(letter, what, "s", samples[what][1:], goal=goal, note=note)
            for what, (_, goal, note) in cases.items()
        ]


@dataclass(frozen=True)
class Peak:
    """Memory of a training command."""

    title: str
    spec: str
    goal: Goal
    epochs: int = 2
    longer: int = 20
    """Epochs of one more run, which shows that memory does not grow with them."""

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """Runs cut to a few epochs, and one that is not."""
        with tempfile.TemporaryDirectory() as folder:
            say(f"  {rounds} runs of {self.epochs} epochs, one of {self.longer}")
            short = training(self.spec, folder, f"epochs={self.epochs}")
            long = training(self.spec, folder, f"epochs={self.longer}")
            peaks = [run(short).megabytes for _ in range(rounds)]
            last = run(long).megabytes
        name = f"nncli train {self.spec}"
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT
        about = {"benchmark_itself_megabytes": own}  # a child's peak is never below its parent's
        return [
            Row(
                letter, name, "MB", peaks, goal=self.goal, note=f"{self.epochs} epochs", about=about
            ),
            Row(
                letter,
                name,
                "MB",
                [last],
                goal=self.goal,
                note=f"{self.longer} epochs",
                about=about,
            ),
        ]
