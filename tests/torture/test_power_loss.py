"""Power loss: every state that a crash may leave on the disk is laid out, read with the real loaders, and resumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from errno import ENOSPC
from pathlib import Path

import careless
import pytest
from faulty import Fails, Operation
from powerloss import CrashState, Ground, Volume, crash_states
from trials import Bench, dealt

from nncli import files
from nncli.errors import NncliError
from nncli.runs import checkpoint, rundir, weights

CADENCES = ["{batches: 1}", "{batches: 5}", "{epochs: 2}"]
"""A checkpoint after every batch; some in the middle of an epoch; records of several epochs in one."""


class Judge:
    """Lays out what a crash has left of a run, and says what is wrong with it."""

    def __init__(self, bench: Bench, run: Path) -> None:
        self.bench, self.recorded = bench, run
        self.ground = Ground(run.parent, bench.root / "ground")
        self.log = (run / rundir.METRICS).read_bytes().splitlines(keepends=True)

    def verdict(self, state: CrashState) -> str:
        """unreadable, mixed, lost or good."""
        self.ground.lay(state.layout)
        if not all(self._holds(path, versions) for path, versions in state.kept.items()):
            return "lost"
        run = self.ground.place(self.recorded)
        try:
            return self._read(run) if (run / rundir.RUN).is_file() else "good"
        except NncliError:
            return "unreadable"

    def _holds(self, path: Path, versions: list[bytes]) -> bool:
        """Whether a path still shows what was promised last: that, or something that came after it."""
        place = self.ground.place(path)
        if not place.is_file():
            return False
        data = place.read_bytes()
        return data == versions[-1] or data not in versions

    def _read(self, run: Path) -> str:
        """Load all that is there. A summary is written last, so where there is one there is everything."""
        status = rundir.open_run(run)["status"]
        complete = rundir.read_summary(run) is not None
        for path in run.glob(rundir.WEIGHTS):
            weights.read(path)
        if complete and not (status == "finished" and (run / rundir.WEIGHTS).is_file()):
            return "mixed"
        if not (run / rundir.CHECKPOINT).is_file():
            return "mixed" if complete else "good"
        position, _ = checkpoint.read(run / rundir.CHECKPOINT)
        metrics = run / rundir.METRICS
        lines = metrics.read_bytes().splitlines(keepends=True) if metrics.is_file() else []
        counted = self.log[: position.records]
        return "good" if lines[: position.records] == counted else "mixed"

    def resumes(self, state: CrashState) -> None:
        """Go on from there, to the bytes of the undisturbed run."""
        self.ground.lay(state.layout)
        self.bench.ends_well(self.ground.place(self.recorded))
        self.ground.clear()


def states_of_a_training(bench: Bench, trace: list[Operation]) -> Iterator[CrashState]:
    """From an empty disk to the summary."""
    folder = bench.whole.parent
    return crash_states(trace, Volume(folder, folders={folder}))


def verdicts(bench: Bench, run: Path, states: Iterable[CrashState]) -> Counter[str]:
    """How many crash states of a run there are of each kind."""
    judge = Judge(bench, run)
    return Counter(judge.verdict(state) for state in states)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("cadence", CADENCES)
def test_every_crash_state_of_a_training_is_whole(tmp_path, cadence):
    bench = Bench(tmp_path, checkpoint=cadence)
    counts = verdicts(bench, bench.whole, states_of_a_training(bench, bench.trace))
    assert counts.keys() == {"good"}, counts
    assert counts["good"] >= 50, "too few states to prove anything"


@pytest.mark.campaign(short=30, long=90, torture=90)
@pytest.mark.parametrize("cadence", CADENCES[1:])
def test_every_crash_state_of_a_training_is_resumed_to_the_same_bytes(tmp_path, cadence, campaign):
    bench = Bench(tmp_path, checkpoint=cadence)
    judge = Judge(bench, bench.whole)
    for state in dealt(campaign, list(states_of_a_training(bench, bench.trace))):
        judge.resumes(state)


def resumed(bench: Bench) -> tuple[Path, list[CrashState]]:
    """A resume of a run that stopped between two checkpoints, and every crash state of that resume."""
    disk = bench.root / "again"
    disk.mkdir()
    run = disk / "run"
    bench.train(run, Fails(len(bench.calls) * 2 // 3, ENOSPC, onward=True))
    before = Volume.of(disk)
    result, recorded = bench.resume(run)
    assert result.exit_code == 0, result.output
    return run, list(crash_states(recorded.trace, before))


def test_every_crash_state_of_a_resume_is_whole(bench):
    run, states = resumed(bench)
    counts = verdicts(bench, run, states)
    assert counts.keys() == {"good"}, counts
    assert counts["good"] >= 30, "too few states to prove anything"


@pytest.mark.campaign(short=20, long=60, torture=60)
def test_every_crash_state_of_a_resume_is_resumed_to_the_same_bytes(bench, campaign):
    run, states = resumed(bench)
    judge = Judge(bench, run)
    for state in dealt(campaign, states):
        judge.resumes(state)


def is_found(verdict: str, bench: Bench, run: Path, trace: list[Operation]) -> bool:
    """Whether some crash state of a training is wrong in this way."""
    judge = Judge(bench, run)
    return any(judge.verdict(state) == verdict for state in states_of_a_training(bench, trace))


@pytest.mark.parametrize(
    ("bug", "verdict"),
    [
        (careless.in_place, "unreadable"),
        (careless.without_sync_of_the_file, "unreadable"),
        (careless.without_sync_of_the_folder, "lost"),
    ],
)
def test_a_careless_replacement_is_found(bench, monkeypatch, bug, verdict):
    monkeypatch.setattr(files, "replace", bug)
    run = bench.whole.with_name("careless")
    _, disk = bench.train(run)
    assert is_found(verdict, bench, run, disk.trace)


def test_a_checkpoint_that_counts_records_before_they_are_safe_is_found(bench, monkeypatch):
    monkeypatch.setattr(rundir, "sync_records", lambda path: None)
    run = bench.whole.with_name("hasty")
    _, disk = bench.train(run)
    assert is_found("mixed", bench, run, disk.trace)


def test_a_summary_written_first_is_found(bench):
    summary = [op for op in bench.trace if rundir.SUMMARY in op.path.name]
    others = [op for op in bench.trace if op not in summary]
    trace = [*others[:-20], *summary, *others[-20:]]
    assert is_found("mixed", bench, bench.whole, trace)
