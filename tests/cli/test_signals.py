"""Ctrl-C and its kin: the weights so far are kept, and the exit code says which signal it was."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import SPEC

from nncli.runs import weights

LONG = SPEC.replace("epochs: 3", "epochs: 1000000")


def start(tmp_path: Path, *words: str) -> subprocess.Popen:
    (tmp_path / "long.yaml").write_text(LONG)
    command = [sys.executable, "-m", "nncli", *words]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def wait_for(pattern: str, folder: Path) -> Path:
    for _ in range(600):
        for path in folder.glob(pattern):
            return path
        time.sleep(0.05)
    raise AssertionError(f"{pattern} never came")


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
        process = subprocess.Popen(
            [sys.executable, "-m", "nncli", command, "long.yaml"],
            cwd=tmp_path,
            stdout=full if reader == "full" else subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
    if process.stdout:
        process.stdout.close()  # as Ctrl-C ends `| tee log` too
    wait_for("runs/**/metrics.jsonl", tmp_path)
    process.send_signal(signal.SIGTERM)
    stderr = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(30) == 143, stderr
    assert "error" not in stderr
    assert "Exception" not in stderr
    assert " on with: nncli resume runs/" in stderr or " goes on: nncli sweep" in stderr


@pytest.mark.parametrize("command", ["train", "sweep"])
def test_a_closed_terminal_ends_it_in_order_or_not_at_all_where_that_is_ignored(tmp_path, command):
    terminal, end = os.openpty()
    (tmp_path / "long.yaml").write_text(LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "nncli", command, "long.yaml"],
        cwd=tmp_path, stdin=end, stdout=end, stderr=end,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    os.close(end)
    metrics = wait_for("runs/**/metrics.jsonl", tmp_path)
    os.close(terminal)  # not its controlling terminal: no SIGHUP, as under nohup
    before = metrics.stat().st_size
    time.sleep(1)
    assert process.poll() is None
    assert metrics.stat().st_size > before
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 129


def test_a_signal_ends_a_sweep_in_order(tmp_path):
    process = start(tmp_path, "sweep", "long.yaml", "--workers", "2")
    wait_for("runs/*/trials/*/metrics.jsonl", tmp_path)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 143, stderr
    assert "Traceback" not in stderr
    assert "the same command goes on: nncli sweep long.yaml" in stderr
    (path,) = tmp_path.glob("runs/*/sweep.json")
    statuses = {trial["status"] for trial in json.loads(path.read_text())["trials"]}
    assert statuses <= {"interrupted", "waiting"}


def test_a_killed_worker_costs_only_its_trial_which_another_goes_on_with(tmp_path):
    (tmp_path / "long.yaml").write_text(LONG)
    process = start(tmp_path, "sweep", "long.yaml", "--workers", "1", "--set", "epochs=4000")
    run = wait_for("runs/*/trials/*/metrics.jsonl", tmp_path).parent
    pid = json.loads((run / "run.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    (path,) = tmp_path.glob("runs/*/sweep.json")
    assert {t["status"] for t in json.loads(path.read_text())["trials"]} == {"finished"}
    sessions = json.loads((run / "run.json").read_text())["sessions"]
    assert [session["pid"] for session in sessions] == [pid]


def test_workers_end_when_their_parent_is_killed(tmp_path):
    process = start(tmp_path, "sweep", "long.yaml", "--workers", "1")
    run = wait_for("runs/*/trials/*/metrics.jsonl", tmp_path).parent
    pid = json.loads((run / "run.json").read_text())["pid"]
    process.kill()
    process.communicate(timeout=20)
    for _ in range(200):
        if json.loads((run / "run.json").read_text())["status"] == "interrupted":
            break
        time.sleep(0.05)
    assert json.loads((run / "run.json").read_text())["status"] == "interrupted"
    for _ in range(200):
        if not alive(pid):
            return
        time.sleep(0.05)
    raise AssertionError("the worker is still there")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


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
