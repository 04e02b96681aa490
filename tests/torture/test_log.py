"""metrics.jsonl cut within its last three lines: no whole line is lost, none comes twice."""

from __future__ import annotations

import random
import shutil
from itertools import accumulate
from pathlib import Path

import pytest
from dying import Killed, without_a_word
from support import SPEC, same_bytes

from nncli import experiment, preparation, resuming
from nncli.experiment import Nobody
from nncli.preparation import Experiment
from nncli.runs import rundir
from nncli.spec.load import load_spec


class Killer(Nobody):
    """Ends the process once a record of this epoch is written: when it is next asked whether to stop."""

    def __init__(self, epoch: int) -> None:
        self.epoch, self.is_over = epoch, False

    def recorded(self, record):
        self.is_over = record["epoch"] == self.epoch

    def __call__(self) -> bool:
        if self.is_over:
            raise Killed
        return False


@pytest.fixture
def prepared(tmp_path: Path) -> Experiment:
    text = SPEC.replace("epochs: 3", "epochs: 7") + "checkpoint: {epochs: 3}\n"
    (tmp_path / "spec.yaml").write_text(text)
    return preparation.prepare(load_spec(tmp_path / "spec.yaml").spec)


def resume(prepared, run, killer=None):
    with resuming.reopened(run) as reopened:
        experiment.resume(prepared, reopened, watcher=killer, stop=killer or (lambda: False))


@pytest.mark.campaign(short=40, long=2000, torture=2000)
def test_cut_within_its_last_three_lines(campaign, prepared, tmp_path, monkeypatch):
    """At the ends of lines and beside them, and at bytes between; at every byte where there are trials enough."""
    straight = experiment.train(prepared, tmp_path, run_dir=tmp_path / "straight").path
    died, killer = tmp_path / "died", Killer(6)
    without_a_word(monkeypatch)
    with pytest.raises(Killed):
        experiment.train(prepared, tmp_path, run_dir=died, watcher=killer, stop=killer)
    whole = (died / rundir.METRICS).read_bytes()
    lines = whole.splitlines(keepends=True)
    assert len(lines) == 6  # of which the checkpoint counts three
    ends = list(accumulate(map(len, lines)))[2:]
    beside = {
        end + step for end in ends for step in (-1, 0, 1) if ends[0] <= end + step <= ends[-1]
    }
    between = sorted({*range(ends[0], ends[-1] + 1)} - beside)
    random.Random(0).shuffle(between)  # the same for all parts
    for size in [*sorted(beside), *between][campaign.numbers.start :: campaign.numbers.step][
        : campaign.trials
    ]:
        run = tmp_path / f"cut{size}"
        shutil.copytree(died, run)
        (run / rundir.METRICS).write_bytes(whole[:size])
        assert len(rundir.read_records(run)) == whole[:size].count(b"\n")
        # it dies once more after it went on: nothing may be glued to a torn line
        with pytest.raises(Killed):
            resume(prepared, run, Killer(random.Random(size).randint(4, 6)))
        resume(prepared, run)
        same_bytes(straight, run)
        shutil.rmtree(run)
