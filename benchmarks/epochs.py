"""Epochs of one spec by several peers, each in its own process, in turn: A B C A B C."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.places import ROOT, say
from benchmarks.report import NO_GOAL, Goal, Row

WARM_UP = 1
"""Turns before the first one that counts."""


@dataclass(frozen=True)
class Peer:
    """A module of `benchmarks.peers`, and what it is called in the table."""

    module: str
    title: str
    goal: Goal = NO_GOAL
    overrides: tuple[str, ...] = ()
    """What this peer alone does otherwise, as `--set` takes it."""


@dataclass(frozen=True)
class Epochs:
    """Turns of training; the first peer is nncli, to which the others are compared."""

    title: str
    spec: str
    peers: tuple[Peer, ...]
    overrides: tuple[str, ...] = ()
    """As `--set` takes them."""
    turn: int = 1
    """Epochs that are timed together."""

    def measure(self, letter: str, rounds: int) -> list[Row]:
        """One row for each peer."""
        epochs = (WARM_UP + rounds) * self.turn
        task = {"spec": self.spec, "epochs": epochs, "turn": self.turn}
        crew = [
            Process(peer.module, task | {"overrides": [*self.overrides, *peer.overrides]})
            for peer in self.peers
        ]
        try:
            for number in range(WARM_UP + rounds):
                say(f"  warm-up {number + 1}" if number < WARM_UP else f"  round {number}")
                for process in crew:
                    process.turn(counts=number >= WARM_UP)
            endings = [process.finish() for process in crew]
        finally:
            for process in crew:
                process.end()
        nncli = median(crew[0].samples) if crew[0].samples else None
        return [
            _row(letter, peer, process, ending, nncli)
            for peer, process, ending in zip(self.peers, crew, endings, strict=True)
        ]


def _row(
    letter: str, peer: Peer, process: Process, ending: dict[str, Any], nncli: float | None
) -> Row:
    about = process.ready | ending
    if process.skipped:
        return Row(letter, peer.title, "s", skipped=process.skipped, about=about)
    ratio = median(process.samples) / nncli if nncli else None
    notes = [process.ready["note"]]
    if "test_accuracy" in ending:
        figures = f"{ending['test_accuracy']:.1%}, loss {ending['test_loss']:.4f}"
        notes.append(f"{figures} after {ending['epochs']} epochs")
    return Row(
        letter,
        peer.title,
        "s",
        process.samples,
        ratio,
        peer.goal,
        process.ready["threads"],
        "; ".join(notes),
        about=about,
    )


class Process:
    """A peer at work in a process of its own (`benchmarks.peer`): a line in, a line of JSON back."""

    def __init__(self, module: str, task: dict[str, Any]) -> None:
        self.samples: list[float] = []
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peer", module, json.dumps(task)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ready = self._answer()
        self.skipped: str = self.ready.get("skipped", "")

    def turn(self, *, counts: bool) -> None:
        """Train for a turn's epochs."""
        if self.skipped:
            return
        answer = self._ask("turn")
        if counts:
            self.samples.append(answer["seconds"])

    def finish(self) -> dict[str, Any]:
        """What it learned."""
        return {} if self.skipped else self._ask("finish")

    def end(self) -> None:
        """Let the process go."""
        self._child.communicate()

    def _ask(self, word: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        self._child.stdin.write(word + "\n")
        self._child.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit(f"a peer ended early, see above: {self._child.args}")
        return json.loads(line)
