"""Halving sweeps killed at random moments and given again: the same table and bytes as undisturbed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from children import kill, start
from halved import HALVED, make, same_sweep, words
from inline import inline

VARIANTS = {
    "classes": ("", ()),
    "best": ("keep: best\naverage: {every: 2}\n", ()),
    "seeds": ("early_stopping: {monitor: test_loss, patience: 2}\n", ("--grid", "seed=0,1")),
    "batches": ("optimizer: adam\n", ("--grid", "batch_size=10,20", "--workers", "1")),
}
"""What the spec and the command have more: stacks of other sizes and settings of several seeds among them."""


def finish(folder: Path, more: tuple[str, ...]) -> float:
    """Let the command end; the seconds it took."""
    begun = time.monotonic()
    process = start(words(folder, *more), inline)
    process.join(120)
    assert process.exitcode == 0
    return time.monotonic() - begun


@pytest.mark.campaign(short=1, long=20, torture=200)
def test_halving_sweeps_killed_at_random_moments(campaign, tmp_path):
    usual: dict[str, float] = {}
    landed = 0
    for number in campaign.numbers:
        name = [*VARIANTS][number % len(VARIANTS)]
        keys, more = VARIANTS[name]
        if name not in usual:
            finish(make(tmp_path / name, HALVED + keys), more)
            usual[name] = finish(make(tmp_path / f"{name}-again", HALVED + keys), more)
            same_sweep(tmp_path / name, tmp_path / f"{name}-again")
        folder = make(tmp_path / f"{name}-{number}", HALVED + keys)
        for _ in range(campaign.rng.randint(1, 3)):
            after = campaign.rng.uniform(0.1, 1) * usual[name]
            killed = kill(start(words(folder, *more), inline), after)
            landed += killed
            usual[name] *= 1 if killed else 0.8  # the machine was busy with other things before
        finish(folder, more)
        same_sweep(folder, tmp_path / name)
    assert landed > campaign.trials / 2, "most kills should land in a running command"
