"""A sweep on Dask: a real scheduler and two workers, each a process of its own, and what happens when one dies."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import jobs
import pytest
from processes import pids, session, start, start_python, statuses, wait_for, wait_until
from support import SPEC, bytes_of, records_of
from typer.testing import CliRunner

from nncli.cli.app import app
from nncli.sweep import cluster as clusters

LONGER = (
    SPEC.replace("epochs: 3", "epochs: 1200").replace("[0.001, 0.5]", "[0.01, 0.02]")
    + "record_every: 100\ncheckpoint: {epochs: 100}\n"
)


def kill_all(process: subprocess.Popen) -> None:
    """A process and what it has started."""
    for pid in session(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def make_cluster(folder: Path, workers: int) -> SimpleNamespace:
    """A scheduler on a free port and its workers, up and running."""
    pytest.importorskip("distributed", reason="needs distributed: pip install 'nncli[cluster]'")
    file = folder / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
        scheduler = start_python(folder, "-m", "distributed.cli.dask_scheduler", *options)
    address = json.loads(wait_until(lambda: bytes_of(file)))["address"]
    options = ("--nthreads", 1, "--no-dashboard", "--memory-limit", 0, "--local-directory", folder)
    nodes = [
        start_python(folder, "-m", "distributed.cli.dask_worker", address, *options)
        for _ in range(workers)
    ]
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=30)
    return SimpleNamespace(address=address, scheduler=scheduler, nodes=nodes)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = make_cluster(tmp_path_factory.mktemp("dask"), 2)
    yield made
    for process in (*made.nodes, made.scheduler):
        kill_all(process)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The trials of LONGER, by local workers."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finished(sweep(folder, LONGER), folder)
    return trials(folder)


def sweep(folder: Path, spec: str, *words: object) -> subprocess.Popen:
    (folder / "spec.yaml").write_text(spec)
    return start(folder, "sweep", "spec.yaml", "--workers", 2, "--json", *words)


def finished(process: subprocess.Popen, folder: Path) -> None:
    """Wait for the end of a sweep that is to have lost nothing."""
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert {trial["status"] for trial in json.loads(stdout)["trials"]} == {"finished"}
    assert not list(folder.glob("runs/*/.data-*"))


def trials(folder: Path) -> dict[str, object]:
    """All that may be compared of the trials of the sweep in a folder."""
    return {
        path.name: (bytes_of(path / "weights.npz"), records_of(path))
        for path in folder.glob("runs/*/trials/*")
    }


def test_the_table_is_that_of_local_workers(cluster, undisturbed, tmp_path):
    finished(sweep(tmp_path, LONGER, "--cluster", cluster.address), tmp_path)
    assert trials(tmp_path) == undisturbed
    workers = {pid for node in cluster.nodes for pid in session(node.pid)}
    assert set(pids(tmp_path)) <= workers


def test_a_cluster_of_this_machine_gives_the_same_table(undisturbed, tmp_path):
    pytest.importorskip("distributed", reason="needs distributed: pip install 'nncli[cluster]'")
    process = sweep(tmp_path, LONGER, "--cluster", "local")
    finished(process, tmp_path)
    assert trials(tmp_path) == undisturbed
    wait_until(lambda: not session(process.pid), seconds=2)


def test_a_killed_worker_loses_nothing(cluster, undisturbed, tmp_path):
    process = sweep(tmp_path, LONGER, "--cluster", cluster.address)
    trial = wait_for("runs/*/trials/*/checkpoint.npz", tmp_path).parent
    pid = json.loads((trial / "run.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    finished(process, tmp_path)
    assert trials(tmp_path) == undisturbed
    sessions = json.loads((trial / "run.json").read_text())["sessions"]
    assert [one["pid"] for one in sessions] == [pid]


def test_a_job_that_kills_its_workers_is_given_up_and_costs_no_other(cluster):
    named = [("dies", jobs.die, ()), *((number, abs, (-number,)) for number in range(3))]
    with clusters.connected(cluster.address, len(named)) as workers:
        results = dict(workers.run(named, lambda: False, lambda: None))
    assert str(results.pop("dies")) == "its worker died, 2 times"
    assert results == {number: number for number in range(3)}


def test_a_signal_stops_the_trials_and_the_same_command_goes_on(cluster, undisturbed, tmp_path):
    process = sweep(tmp_path, LONGER, "--cluster", cluster.address)
    wait_for("runs/*/trials/*/checkpoint.npz", tmp_path)
    began = time.monotonic()
    process.terminate()
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 143, stderr
    assert "Traceback" not in stderr
    assert time.monotonic() - began < 3
    assert "interrupted" in statuses(tmp_path)
    assert statuses(tmp_path) <= {"interrupted", "finished"}
    finished(sweep(tmp_path, LONGER, "--cluster", cluster.address), tmp_path)
    assert trials(tmp_path) == undisturbed


def test_trials_stop_when_the_sweep_is_killed(cluster, undisturbed, tmp_path):
    process = sweep(tmp_path, LONGER, "--cluster", cluster.address)
    wait_for("runs/*/trials/*/checkpoint.npz", tmp_path)
    process.kill()
    process.communicate()
    wait_until(lambda: statuses(tmp_path) <= {"interrupted", "finished"}, seconds=3)
    assert list(tmp_path.glob("runs/*/.data-*"))
    finished(sweep(tmp_path, LONGER, "--cluster", cluster.address), tmp_path)
    assert trials(tmp_path) == undisturbed


def test_without_its_scheduler_a_sweep_ends_in_order(tmp_path):
    cluster = make_cluster(tmp_path, 1)
    try:
        process = sweep(tmp_path, LONGER.replace("1200", "200000"), "--cluster", cluster.address)
        wait_for("runs/*/trials/*/checkpoint.npz", tmp_path)
        cluster.scheduler.kill()
        stdout, stderr = process.communicate(timeout=20)
        assert process.returncode == 4, stderr
        assert stdout == ""
        *_, last = stderr.splitlines()
        assert last.startswith("error: tcp://127.0.0.1:")
        assert last.endswith("the same command goes on.")
        assert "Traceback" not in stderr
        wait_until(lambda: statuses(tmp_path) == {"interrupted"}, seconds=5)
    finally:
        for one in (*cluster.nodes, cluster.scheduler):
            kill_all(one)


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Asserts that a place is refused, in one line, with nothing made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clusters, "CONNECT", 0.5)
    Path("spec.yaml").write_text(SPEC)

    def check(place: str, code: int, message: str) -> None:
        result = CliRunner().invoke(app, ["sweep", "spec.yaml", "--cluster", place])
        assert (result.exit_code, result.stdout) == (code, ""), result.output
        assert result.stderr.startswith(f"error: {message}")
        assert result.stderr.count("\n") == 1
        assert not Path("runs").exists()

    return check


def test_what_is_no_place_is_refused(refused):
    pytest.importorskip("distributed", reason="needs distributed: pip install 'nncli[cluster]'")
    refused("there", 2, "--cluster there: write `local`, or a scheduler's address: tcp://host:8786")
    refused("tcp://", 2, "--cluster tcp://: write `local`, or a scheduler's address")
    refused("tcp://host", 2, "--cluster tcp://host: missing port number")


def test_a_scheduler_that_does_not_answer_is_refused(refused):
    pytest.importorskip("distributed", reason="needs distributed: pip install 'nncli[cluster]'")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = "tcp://{}:{}".format(*deaf.getsockname())
        refused(address, 4, f"--cluster {address}: no Dask scheduler there: no answer")
    refused(address, 4, f"--cluster {address}: no Dask scheduler there: no answer")


def test_a_worker_with_other_versions_is_refused(cluster, refused, monkeypatch):
    monkeypatch.setattr(clusters, "__version__", "9.9.9")
    refused(cluster.address, 4, f"--cluster {cluster.address}: the worker tcp://127.0.0.1:")


def test_without_dask_the_extra_is_named(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for place in ("local", "tcp://127.0.0.1:8786"):
        refused(place, 2, "--cluster needs distributed: pip install 'nncli[cluster]'")


def test_dask_is_imported_only_when_it_is_used(tmp_path):
    (tmp_path / "spec.yaml").write_text(SPEC)
    code = (
        "import sys; from nncli.cli.app import app; app(['sweep', 'spec.yaml', '-q'], standalone_mode=False); "
        "sys.exit('distributed' in sys.modules or 'dask' in sys.modules)"
    )
    process = start_python(tmp_path, "-c", code)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
