"""Run directories, their files, and the folder that holds them."""

import dataclasses
import errno
import json
import math
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from nncli import files, session
from nncli.errors import DamagedError, LockedError, MachineError, UsageError
from nncli.runs import checkpoint, listing, lock, rundir
from nncli.runs.documents import LONGEST_RECORD, MOST_BYTES, SWEEP
from nncli.runs.strict_json import finite

GOOD = b'{"epoch": 1, "train_loss": 1.5, "eta": 1.0, "seconds": 0.5}'
RUN = {
    "format": 1, "name": "a", "status": "finished", "started": "2026-01-02", "ended": "2026-01-03", "command": [],
    "nncli": "0", "host": "h", "pid": 1, "platform": "p", "cpu": "c", "cores": 1, "python": "3", "numpy": "2",
    "blas": "b", "threads": 1, "data": {"sha256": "0", "sampled": False}, "parameters": 1, "spec": {},
}  # fmt: skip


def test_replace_leaves_only_the_file(tmp_path):
    path = tmp_path / "a.json"
    files.replace(path, b"one")
    files.replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("operation", ["write", "fsync", "rename"])
def test_a_failed_replace_keeps_the_old_file_and_names_path_and_reason(
    tmp_path, monkeypatch, operation
):
    path = tmp_path / "a.json"
    files.replace(path, b"old")

    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "SYSTEM", dataclasses.replace(files.SYSTEM, **{operation: fail}))
    with pytest.raises(MachineError, match=r"a\.json: cannot be written: No space left on device"):
        files.replace(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_what_cannot_be_read_is_a_machine_error(tmp_path):
    with pytest.raises(MachineError, match="cannot be read"):
        files.read(tmp_path / "missing")


def test_runs_never_share_a_directory(tmp_path):
    paths = {rundir.create(tmp_path / "runs", "mnist") for _ in range(50)}
    assert len(paths) == 50
    assert all(path.is_dir() and path.name.startswith("mnist-") for path in paths)


def test_an_asked_for_directory_must_be_new_or_empty(tmp_path):
    path = rundir.create_at(tmp_path / "deep" / "run")
    assert rundir.create_at(path) == path
    (path / "note").write_text("mine")
    with pytest.raises(UsageError, match="exists and is not empty"):
        rundir.create_at(path)
    with pytest.raises(UsageError, match="exists and is not empty"):
        rundir.create_at(path / "note")


def test_json_is_strict():
    value = {"a": float("nan"), "b": [float("inf"), 1.5], "c": {"d": -float("inf")}, "e": True}
    text = rundir.to_json(value)
    assert json.loads(text, parse_constant=pytest.fail) == {
        "a": None, "b": [None, 1.5], "c": {"d": None}, "e": True
    }  # fmt: skip


def test_records_come_back_and_a_torn_tail_is_left_out(tmp_path):
    records = [
        {"epoch": epoch, "train_loss": 1.5, "eta": 1.0, "seconds": 0.5} for epoch in (1, 2, 3)
    ]
    for record in records:
        rundir.append_record(tmp_path, record)
    metrics = tmp_path / rundir.METRICS
    whole = metrics.read_bytes()
    assert rundir.read_records(tmp_path) == records
    for cut in range(len(whole)):
        metrics.write_bytes(whole[:cut])
        kept = rundir.read_records(tmp_path)
        assert [record["epoch"] for record in kept] == [1, 2, 3][: whole[:cut].count(b"\n")]


@pytest.mark.parametrize(
    "middle",
    [
        b"{oops",
        b"[1]",
        b"\0\0\0",
        b'{"a": NaN',
        b"",
        b"{}",
        b"[" * 5000,
        GOOD.replace(b"1.5", b'"x"'),
    ],
)
def test_damage_in_the_middle_names_the_line(tmp_path, middle):
    (tmp_path / rundir.METRICS).write_bytes(GOOD + b"\n" + middle + b"\n" + GOOD + b"\n")
    with pytest.raises(DamagedError, match=r"metrics\.jsonl:2: is damaged"):
        rundir.read_records(tmp_path)


def test_a_hole_at_the_end_is_left_out_unless_a_checkpoint_counts_it(tmp_path, monkeypatch):
    (tmp_path / rundir.METRICS).write_bytes(GOOD + b"\n" + b"\0" * 100 + b"\n")
    assert len(rundir.read_records(tmp_path)) == 1
    (tmp_path / rundir.CHECKPOINT).touch()
    monkeypatch.setattr(checkpoint, "read", lambda path: (SimpleNamespace(records=2), {}))
    with pytest.raises(DamagedError, match=r"metrics\.jsonl:2: is damaged"):
        rundir.read_records(tmp_path)


def test_what_is_no_run_is_said_to_be_none(tmp_path):
    with pytest.raises(UsageError, match="no such run directory"):
        rundir.open_run(tmp_path / "nothing")
    with pytest.raises(DamagedError, match=r"is not an nncli run: it has no run\.json"):
        rundir.open_run(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(DamagedError, match=r"run\.json: is damaged: "):
        rundir.open_run(tmp_path)
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(DamagedError, match=r"run\.json: is damaged: "):
        rundir.open_run(tmp_path)
    (tmp_path / "run.json").write_text("[" * 100_000)
    with pytest.raises(DamagedError, match="is damaged"):
        rundir.open_run(tmp_path)
    for changed in ({"pid": 10**30}, {"threads": "x"}, {"data": 7}, {"command": None}):
        (tmp_path / "run.json").write_text(json.dumps(RUN | changed))
        with pytest.raises(DamagedError, match=f"is damaged: {next(iter(changed))}"):
            rundir.open_run(tmp_path)
    (tmp_path / "run.json").write_text('{"format": 99}')
    with pytest.raises(DamagedError, match="has format 99; this nncli reads up to 3"):
        rundir.open_run(tmp_path)


def a_run(folder: Path, started: str, *, finished: bool, **extra) -> Path:
    folder.mkdir(parents=True)
    rundir.write_json(folder / rundir.RUN, RUN | {"started": started, "ended": started} | extra)
    if finished:
        rundir.write_json(folder / rundir.SUMMARY, rundir.summarize([], "finished"))
    return folder


def test_the_newest_finished_run(tmp_path):
    with pytest.raises(UsageError, match="has no finished run"):
        listing.newest_finished(tmp_path)
    a_run(tmp_path / "b", "2026-01-02", finished=True)
    a_run(tmp_path / "c", "2026-01-03", finished=False)
    a_run(tmp_path / "a", "2026-01-01", finished=True)
    (tmp_path / "note.txt").write_text("not a run")
    (tmp_path / "empty").mkdir()
    assert listing.newest_finished(tmp_path) == tmp_path / "b"
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/run.json").write_text("{}")
    found, strange = listing.list_runs(tmp_path)
    assert [path.name for path, _, _ in found] == ["a", "b", "c"]
    assert strange == [tmp_path / "bad"]


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": 99}',
        json.dumps(RUN | {"started": "x", "ended": None, "spec": []}).encode(),
        json.dumps(RUN | {"started": 5, "ended": None}).encode(),
        json.dumps(RUN | {"started": "x", "ended": None, "pid": 10**30}).encode(),
    ],
    ids=["cut", "list", "null", "bytes", "deep", "newer", "spec", "started", "pid"],
)
@pytest.mark.parametrize("file", [rundir.RUN, rundir.SUMMARY])
def test_a_damaged_run_is_listed_as_strange(tmp_path, damage, file):
    a_run(tmp_path / "good", "2026-01-01", finished=True)
    bad = a_run(tmp_path / "bad", "2026-01-02", finished=True)
    (bad / file).write_bytes(damage)
    found, strange = listing.list_runs(tmp_path)
    assert ([one.path.name for one in found], strange) == (["good"], [bad])


def test_summary_takes_the_first_epoch_of_the_best():
    records = [
        {"epoch": 1, "train_loss": 2.0, "test_accuracy": 0.5, "seconds": 1.0},
        {"epoch": 2, "train_loss": 1.0, "test_accuracy": 0.9, "seconds": 1.0},
        {"epoch": 3, "train_loss": 0.5, "test_accuracy": 0.9, "seconds": 1.0},
        {"epoch": 4, "train_loss": 0.4, "test_accuracy": None, "seconds": 1.0},
    ]
    summary = rundir.summarize(records, "finished")
    assert summary["best"] == {"test_accuracy": {"value": 0.9, "epoch": 2}}
    assert (summary["epochs"], summary["seconds"], summary["status"]) == (4, 4.0, "finished")
    assert "seconds" not in summary["final"]
    assert rundir.summarize([], "diverged")["final"] == {}


RECORDS = [
    {"epoch": epoch, "validation_loss": loss, "average_test_loss": epoch / 8, "seconds": 1.0}
    for epoch, loss in enumerate((0.5, 0.25, 0.75), 1)
]


@pytest.mark.parametrize(("epoch", "loss"), [(None, 0.75), (3, 0.75), (2, 0.25), (1, 0.5)])
def test_summary_has_the_figures_of_what_was_kept(epoch, loss):
    """Of the averaged parameters, those of the end: average.npz holds no others."""
    summary = rundir.summarize(RECORDS, "finished", epoch)
    assert summary["kept"] == {
        "epoch": epoch or 3, "validation_loss": loss, "average_test_loss": 0.375
    }  # fmt: skip
    assert summary["final"]["validation_loss"] == 0.75
    assert summary["weights_epoch"] == epoch


def test_without_a_record_of_its_own_what_was_kept_has_the_one_before_it():
    """As a run that was stopped in the middle of its third epoch, or between two records."""
    assert rundir.summarize(RECORDS[:2], "interrupted", 3)["kept"]["epoch"] == 2
    assert rundir.summarize(RECORDS, "interrupted", 0)["kept"] == {}
    assert rundir.summarize([], "interrupted")["kept"] == {}


@pytest.mark.parametrize("epoch", [None, 3, 2])
def test_summaries_of_earlier_versions_are_completed_from_the_records(tmp_path, epoch):
    run = a_run(tmp_path / "a", "2026-01-01", finished=False)
    rows = [record | {"train_loss": 1.0, "eta": 1.0} for record in RECORDS]
    for record in rows:
        rundir.append_record(run, record)
    summary = rundir.summarize(rows, "finished", epoch)
    older = {key: value for key, value in summary.items() if key not in ("kept", "monitor")}
    rundir.write_json(run / rundir.SUMMARY, older)
    assert rundir.read_summary(run)["kept"] == summary["kept"]
    assert [*rundir.read_summary(run)].index("kept") < [*rundir.read_summary(run)].index("final")
    ((_, _, listed),), strange = listing.list_runs(tmp_path)
    assert (listed["kept"], strange) == (summary["kept"], [])
    (run / rundir.METRICS).write_bytes(b"oops\n" + GOOD + b"\n")
    assert listing.list_runs(tmp_path)[1] == ([run] if epoch == 2 else [])


def test_a_figure_that_is_not_finite_is_never_the_best():
    figures = [math.nan, 0.5, math.nan, 0.4]
    records = [
        {"epoch": epoch, "test_r2": value, "seconds": 1.0} for epoch, value in enumerate(figures, 1)
    ]
    written = [record | {"test_r2": finite(record["test_r2"])} for record in records]
    assert rundir.best(records, "test_r2") == rundir.best(written, "test_r2")
    assert rundir.best(records, "test_r2") == {"value": 0.5, "epoch": 2}
    assert rundir.best(written[:1], "test_r2") == {"value": None, "epoch": 1}
    assert rundir.best([{"epoch": 1}, records[1]], "test_r2") == {"value": 0.5, "epoch": 2}


def test_a_running_run_whose_process_is_gone_is_lost():
    here = {"status": "running", "host": socket.gethostname()}
    assert rundir.status_of(here | {"pid": os.getpid()}) == "running"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert rundir.status_of(here | {"pid": gone.pid}) == "lost"
    assert (
        rundir.status_of({"status": "running", "host": "elsewhere", "pid": gone.pid}) == "running"
    )
    assert rundir.status_of(here | {"status": "finished"}) == "finished"


HOLD = """
import sys, time
from pathlib import Path
from nncli.runs import lock
with lock.writing(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_writer_and_a_killed_one_frees_the_lock(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError, match="is writing this"), lock.writing(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with lock.writing(tmp_path):
        pass


def test_a_line_that_is_longer_than_any_record_is_none(tmp_path):
    """At the end a disk may have left a hole of any length; in the middle it is damage."""
    metrics = tmp_path / rundir.METRICS
    record = json.loads(GOOD) | {"long": 1.5}
    longest = GOOD[:-1] + b" " * (LONGEST_RECORD - len(GOOD)) + b"}"
    metrics.write_bytes(longest + b"\n" + b"\0" * 3 * LONGEST_RECORD + b"\n")
    assert rundir.read_records(tmp_path) == [json.loads(GOOD)]
    metrics.write_bytes(GOOD + b"\n" + longest[:-1] + b" }\n" + GOOD + b"\n")
    with pytest.raises(DamagedError, match=r"metrics\.jsonl:2: is damaged"):
        rundir.read_records(tmp_path)
    metrics.unlink()
    rundir.append_record(tmp_path, record)
    assert rundir.read_records(tmp_path) == [record]


@pytest.mark.parametrize("name", [rundir.RUN, rundir.SUMMARY, SWEEP])
def test_nothing_is_written_that_would_not_be_read(tmp_path, monkeypatch, name):
    path = tmp_path / name
    monkeypatch.setitem(MOST_BYTES, name, 1000)
    room = 1000 - len(json.dumps({"a": ""}, indent=2)) - 1
    rundir.write_json(path, {"a": "x" * room})
    assert rundir.read_json(path) == {"a": "x" * room}
    with pytest.raises(UsageError, match=rf"{name}: would have 1001 bytes, more than the 1000"):
        rundir.write_json(path, {"a": "x" * (room + 1)})


def test_a_run_tells_of_its_last_processes_only():
    """Run.json stays small, however often a machine takes a run away."""
    run = RUN | {
        "resumed": None,
        "differences": [],
        "engine": "numpy",
        "stacking": 0,
        "sessions": [{"n": n} for n in range(500)],
    }
    told = session._history(run, [])["sessions"]
    assert len(told) == session.MOST_SESSIONS
    assert told[0] == {"n": 500 - session.MOST_SESSIONS + 1}
    assert (
        len(rundir.to_json({"sessions": 200 * [told[-1]]}, indent=2)) < MOST_BYTES[rundir.RUN] / 4
    )
