"""Ctrl-C and its kin: the weights so far are kept, and the exit code says which signal it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import processes
import pytest
from processes import wait_for
from support import SPEC

from nncli.runs import weights

LONG = SPEC.replace("epochs: 3", "epochs: 1000000")


def start(tmp_path: Path, *words: str) -> subprocess.Popen:
    (tmp_path / "long.yaml").write_text(LONG)
    return processes.start(tmp_path, *words)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_training_in_order(tmp_path, number, code):
    process = start(tmp_path, "train", "long.yaml")
    run = wait_for("runs/*/metrics.jsonl", tmp_path).parent
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == code, stderr
    assert "Traceback" not in stderr
    assert f"stopped by {number.name} after epoch" in stderr
    assert stderr.endswith(f"Go on with: nncli resume runs/{run.name}\n")
    assert "interrupted after " in stdout
    saved = weights.read(run / "weights.npz")
    records = (run / "metrics.jsonl").read_text().splitlines()
    assert saved.meta.epoch == len(records)
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    assert not (run / "summary.json").exists()


@pytest.mark.parametrize("command", ["train", "sweep"])
@pytest.mark.parametrize("reader", ["gone", "full"])
def test_a_signal_ends_in_order_where_nobody_reads_stdout(tmp_path, command, reader):
    (tmp_path / "long.yaml").write_text(LONG)
    with Path("/dev/full").open("w") as full:
        streams = {"stdout": full} if reader == "full" else {}
        process = processes.start(tmp_path, command, "long.yaml", **streams)
    if process.stdout:
        process.stdout.close()  # as Ctrl-C ends `| tee log` too
    wait_for("runs/**/metrics.jsonl", tmp_path)
    process.send_signal(signal.SIGTERM)
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 143, stderr
    assert "error" not in stderr
    assert "Exception" not in stderr
    assert " on with: nncli resume runs/" in stderr or " goes on: nncli sweep" in stderr


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_a_closed_terminal_ends_it_in_order_or_not_at_all_where_that_is_ignored(tmp_path, command):
    terminal, end = os.openpty()
    (tmp_path / "long.yaml").write_text(LONG)
    process = processes.start(tmp_path, command, "long.yaml", stdin=end, stdout=end, stderr=end)
    os.close(end)
    metrics = wait_for("runs/**/metrics.jsonl", tmp_path)
    os.close(terminal)  # not its controlling terminal: no SIGHUP, as under nohup
    before = metrics.stat().st_size
    time.sleep(1)
    assert process.poll() is None
    assert metrics.stat().st_size > before
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 129


def sweep_of_two(tmp_path: Path) -> subprocess.Popen:
    """A sweep with both of its trials on the way."""
    process = start(tmp_path, "sweep", "long.yaml", "--workers", "2")
    processes.wait_until(lambda: len([*tmp_path.glob("runs/*/trials/*/metrics.jsonl")]) == 2)
    return process


@pytest.mark.parametrize(
    ("send", "number", "code"),
    [
        (os.kill, signal.SIGTERM, 143),
        (os.kill, signal.SIGINT, 130),
        (os.killpg, signal.SIGINT, 130),
    ],
    ids=["SIGTERM", "SIGINT", "SIGINT to all of them, as a terminal sends it"],
)
def test_a_signal_ends_a_sweep_in_order(tmp_path, send, number, code):
    process = sweep_of_two(tmp_path)
    began = time.monotonic()
    send(process.pid, number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code, stderr
    assert time.monotonic() - began < 3
    assert "Traceback" not in stderr
    assert "the same command goes on: nncli sweep long.yaml" in stderr
    processes.wait_until(lambda: not processes.session(process.pid), seconds=2)
    (path,) = tmp_path.glob("runs/*/sweep.json")
    statuses = {trial["status"] for trial in json.loads(path.read_text())["trials"]}
    assert statuses == processes.statuses(tmp_path) == {"interrupted"}
    assert {item.name for item in path.parent.iterdir()} == {
        ".lock",
        "specs.json",
        "sweep.json",
        "sweep.yaml",
        "trials",
    }


def test_a_killed_worker_costs_only_its_trial_which_another_goes_on_with(tmp_path):
    process = start(tmp_path, "sweep", "long.yaml", "--workers", "1", "--set", "epochs=1000")
    run = wait_for("runs/*/trials/*/metrics.jsonl", tmp_path).parent
    pid = json.loads((run / "run.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    (path,) = tmp_path.glob("runs/*/sweep.json")
    assert {t["status"] for t in json.loads(path.read_text())["trials"]} == {"finished"}
    sessions = json.loads((run / "run.json").read_text())["sessions"]
    assert [session["pid"] for session in sessions] == [pid]


def test_nothing_of_a_killed_sweep_is_left_but_its_trials(tmp_path):
    process = sweep_of_two(tmp_path)
    assert len(processes.session(process.pid)) >= 3
    process.kill()
    process.wait()
    processes.wait_until(lambda: not processes.session(process.pid), seconds=2)
    process.communicate()
    assert processes.statuses(tmp_path) == {"interrupted"}


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_or_closed_stream_never_stops_a_training(tmp_path, stream):
    (tmp_path / "short.yaml").write_text(SPEC)
    command = [sys.executable, "-m", "nncli", "train", "short.yaml"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
            **({"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: full}),
        )  # fmt: skip
    assert len(list(tmp_path.glob("runs/*/summary.json"))) == 1
    assert done.returncode == (4 if stream == "stdout" else 0)
    assert b"Traceback" not in (done.stderr or b"")
