"""Disk errors: every operation of a training and of a resume fails, for every reason, once and from then on."""

from __future__ import annotations

import contextlib
import os
import shutil
from errno import EACCES, EIO, ENOSPC, EROFS
from pathlib import Path

import pytest
from faulty import Disk, Fails, Fault, Operation, Shortens
from trials import Bench, checkpoints_kept, dealt
from typer.testing import Result

from nncli import files
from nncli.errors import MachineError
from nncli.runs import checkpoint, rundir

ERRNOS = (ENOSPC, EIO, EACCES, EROFS)
LASTING = {"write", "fsync", "truncate", "rename", "mkdir"}
"""What puts something new on a disk: after an error only run.json is, which says that it failed."""


def faults(calls: list[Operation]) -> list[Fault]:
    """Every way in which the operations of a command can fail."""
    found: list[Fault] = []
    for number, call in enumerate(calls, 1):
        found += [Fails(number, errno, onward) for errno in ERRNOS for onward in (False, True)]
        found += [Shortens(number, onward) for onward in (False, True) if call.name == "write"]
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def check_refusal(bench: Bench, result: Result, disk: Disk, fault: Fault) -> None:
    """One line with a path and the system's reason, exit 4, and nothing written after the error."""
    assert result.exit_code == 4, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {bench.root}/"), result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    if isinstance(fault, Fails):
        assert os.strerror(fault.errno) in result.stderr
        check_restraint(disk)


def check_restraint(disk: Disk) -> None:
    """After an error nothing is saved of a state whose record may be lost, and no fsync that failed is tried again."""
    failed = disk.trace[disk.refused[0]]
    later = [op for op in disk.trace[disk.refused[0] + 1 :] if op.name in LASTING]
    for op in later:
        syncs_the_folder = op.name == "fsync" and op.path.suffix == ""
        assert syncs_the_folder or rundir.RUN in op.path.name, op
        assert op.name != "fsync" or op.handle != failed.handle, op


def check_promise(bench: Bench, run: Path, disk: Disk, before: int = -1) -> None:
    """The checkpoint that is there is whole, and none older than the last that was promised."""
    kept = checkpoints_kept(disk)
    promised = bench.saved.index(kept[-1]) if kept else before
    path = run / rundir.CHECKPOINT
    if promised >= 0 or path.exists():
        position, _ = checkpoint.read(path)
        assert len(rundir.read_records(run)) >= position.records
        assert bench.saved.index(path.read_bytes()) >= promised


@pytest.mark.campaign(short=28, long=200, torture=1040)
def test_a_training_survives_every_disk_error(bench, campaign):
    for number, fault in enumerate(dealt(campaign, faults(bench.calls))):
        run = bench.root / f"run{number}"
        result, disk = bench.train(run, fault)
        if isinstance(fault, Fails) or result.exit_code != 0:  # half a write may be made up for
            check_refusal(bench, result, disk, fault)
        check_promise(bench, run, disk)
        bench.ends_well(run)


@pytest.fixture
def halted(bench: Bench) -> Path:
    """A run whose disk was full from the middle on."""
    run = bench.root / "halted"
    result, _ = bench.train(run, Fails(len(bench.calls) * 2 // 3, ENOSPC, onward=True))
    assert result.exit_code == 4
    return run


@pytest.mark.campaign(short=14, long=100, torture=610)
def test_a_resume_survives_every_disk_error(bench, halted, campaign):
    shutil.copytree(halted, bench.root / "calm")
    _, calm = bench.resume(bench.root / "calm")
    before = bench.saved.index((halted / rundir.CHECKPOINT).read_bytes())
    for number, fault in enumerate(dealt(campaign, faults(calm.calls))):
        run = bench.root / f"run{number}"
        shutil.copytree(halted, run)
        result, disk = bench.resume(run, fault)
        if isinstance(fault, Fails) or result.exit_code != 0:
            check_refusal(bench, result, disk, fault)
        check_promise(bench, run, disk, before)
        bench.ends_well(run)


def test_an_error_after_the_summary_leaves_a_finished_run(bench):
    """Only whether the summary's name is safe is not known: the run is whole, and says so."""
    run = bench.root / "run"
    result, _ = bench.train(run, Fails(len(bench.calls) - 1, EIO))
    assert result.exit_code == 4
    assert rundir.open_run(run)["status"] == "finished"
    bench.ends_well(run)


def test_there_are_enough_errors_to_try(bench):
    assert len(faults(bench.calls)) >= 500


def again(path: Path) -> None:
    """Tries an fsync that has failed once more, which succeeds: the kernel has dropped what it could not write."""
    with files._refusing(path, "written"), files._opened(path, os.O_WRONLY) as file:
        try:
            files.SYSTEM.fsync(file)
        except OSError:
            files.SYSTEM.fsync(file)


def first_sync_of_records(bench: Bench) -> int:
    """The number of the operation."""
    (first, *_) = (
        number
        for number, op in enumerate(bench.calls, 1)
        if op.name == "fsync" and op.path.name == rundir.METRICS
    )
    return first


def test_an_fsync_that_is_tried_again_is_found(bench, monkeypatch):
    fault = Fails(first_sync_of_records(bench), EIO)
    _, disk = bench.train(bench.root / "good", fault)
    check_restraint(disk)
    monkeypatch.setattr(files, "sync", again)
    _, disk = bench.train(bench.root / "bad", fault)
    with pytest.raises(AssertionError):
        check_restraint(disk)


def test_saving_after_an_error_is_found(bench, monkeypatch):
    monkeypatch.setattr(rundir, "sync_records", suppressed)
    _, disk = bench.train(bench.root / "run", Fails(first_sync_of_records(bench), EIO))
    with pytest.raises(AssertionError):
        check_restraint(disk)


def suppressed(path: Path) -> None:
    """Does not hear of the error."""
    with contextlib.suppress(MachineError):
        files.sync(path / rundir.METRICS)


def test_a_broken_promise_is_found(bench):
    run = bench.root / "run"
    _, disk = bench.train(run, Fails(len(bench.calls) // 2, EIO))
    check_promise(bench, run, disk)
    (run / rundir.CHECKPOINT).write_bytes(bench.saved[0])
    with pytest.raises(AssertionError):
        check_promise(bench, run, disk)
