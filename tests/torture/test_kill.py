"""kill -9 at every operation that changes the disk, of a training and of a resume: the same bytes in the end."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import careless
import pytest
from children import run_doomed, was_killed
from faulty import Kills, Operation
from trials import Bench, dealt

from nncli import files
from nncli.runs import rundir

DEADLY = {"write", "fsync", "truncate", "rename", "mkdir", "unlink"}
"""Operations to die at; a file is also there, empty, before its first write."""


def deaths(calls: Sequence[Operation]) -> list[Kills]:
    """Every moment to die at: before each operation, and inside each write."""
    found = []
    for number, call in enumerate(calls, 1):
        if call.name in DEADLY:
            found.append(Kills(number))
        if call.name == "write" and len(call.data) > 1:
            found.append(Kills(number, halfway=True))
    return found


def writes_of(name: str, calls: Sequence[Operation]) -> list[int]:
    """The numbers of the writes to a file."""
    return [n for n, op in enumerate(calls, 1) if op.name == "write" and op.path.name == name]


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Bench:
    return Bench(tmp_path, epochs=3 if request.config.getoption("campaign") == "torture" else 1)


def killed(bench: Bench, words: Sequence[object], death: Kills) -> None:
    """Run a command that dies at a moment."""
    code = run_doomed(words, death)
    assert was_killed(code), (code, death)


@pytest.mark.campaign(short=16, long=50, torture=80)
def test_a_training_killed_at_any_operation_ends_in_the_same_bytes(bench, campaign):
    for number, death in enumerate(dealt(campaign, deaths(bench.calls))):
        run = bench.root / f"run{number}"
        killed(bench, bench.words(run), death)
        bench.ends_well(run)


@pytest.fixture
def halted(bench: Bench) -> Path:
    """A run killed in the middle, with a checkpoint, and a record after it that no checkpoint counts."""
    run = bench.root / "halted"
    (*_, last) = writes_of(rundir.METRICS, bench.calls)
    killed(bench, bench.words(run), Kills(last + 1))
    assert (run / rundir.CHECKPOINT).exists()
    return run


@pytest.mark.campaign(short=12, long=40, torture=40)
def test_a_resume_killed_at_any_operation_ends_in_the_same_bytes(bench, halted, campaign):
    shutil.copytree(halted, bench.root / "calm")
    _, calm = bench.resume(bench.root / "calm")
    for number, death in enumerate(dealt(campaign, deaths(calm.calls))):
        run = bench.root / f"run{number}"
        shutil.copytree(halted, run)
        killed(bench, bench.after_an_accident(run), death)
        bench.ends_well(run)


def test_the_torn_end_of_a_log_is_cut(bench, halted):
    with (halted / rundir.METRICS).open("ab") as file:
        file.write(b'{"epoch": 9')
    bench.ends_well(halted)


def test_a_log_that_is_not_cut_is_found(bench, halted, monkeypatch):
    monkeypatch.setattr(files, "truncate", lambda path, size: None)
    with pytest.raises(AssertionError):
        bench.ends_well(halted)


def test_a_temporary_file_that_stays_is_found(bench, monkeypatch):
    run = bench.root / "run"
    (*_, rename) = (number for number, op in enumerate(bench.calls, 1) if op.name == "rename")
    killed(bench, bench.words(run), Kills(rename))
    monkeypatch.setattr(files, "remove_temporary", lambda folder: None)
    with pytest.raises(AssertionError):
        bench.ends_well(run)


def carelessly() -> None:
    """What a child does before it begins: files are overwritten in place."""
    files.replace = careless.in_place


def test_a_file_overwritten_in_place_is_found(bench, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", careless.in_place)
        _, disk = bench.train(bench.root / "calm")
    (*_, last) = writes_of(rundir.CHECKPOINT, disk.calls)
    run = bench.root / "run"
    code = run_doomed(bench.words(run), Kills(last, halfway=True), carelessly)
    assert was_killed(code)
    with pytest.raises(AssertionError, match=r"damaged|cut short"):
        bench.ends_well(run)
