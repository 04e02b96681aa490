"""Two `nncli resume` of one run at once: one goes on, the other is turned away at once with exit code 5."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from children import racing, without_lock
from support import SPEC, same_bytes

from nncli import experiment, preparation
from nncli.spec.load import load_spec


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """A run that was stopped early, and the same never stopped: long enough that both racers are there."""
    (tmp_path / "spec.yaml").write_text(SPEC.replace("epochs: 3", "epochs: 250"))
    prepared = preparation.prepare(load_spec(tmp_path / "spec.yaml").spec)
    straight = experiment.train(prepared, tmp_path, run_dir=tmp_path / "straight").path
    questions = iter([False] * 30)
    stop = lambda: next(questions, True)  # noqa: E731
    stopped = experiment.train(prepared, tmp_path, run_dir=tmp_path / "stopped", stop=stop).path
    return stopped, straight


@pytest.mark.campaign(short=4, long=30, torture=100)
def test_one_wins_and_the_other_exits_5(campaign, runs, tmp_path):
    stopped, straight = runs
    for number in campaign.numbers:
        run = tmp_path / f"race{number}"
        shutil.copytree(stopped, run)
        assert sorted(racing([["resume", run, "--quiet"]] * 2)) == [0, 5]
        same_bytes(straight, run)


def test_without_the_lock_both_would_write(runs):
    """What the lock is for: the harness sees two writers."""
    codes = racing([["resume", runs[0], "--quiet"]] * 2, without_lock)
    assert sorted(codes) != [0, 5]
