"""`nncli resume`: the same bytes as if nothing had happened, or a refusal that says why."""

import json
import shutil
import signal
from pathlib import Path

import pytest
from dying import cut_short, raising, refused
from support import same_bytes

from nncli import machine
from nncli.interrupts import Stop
from nncli.runs import archive, checkpoint, lock
from nncli.training import cadence

EVERY_BATCH = ("--set", "checkpoint={batches: 1}")


@pytest.mark.parametrize("batches", [2, 12, 25])
@pytest.mark.parametrize("cadence", ["{batches: 1}", "{epochs: 1}", "{every: 1h}"])
def test_a_killed_run_goes_on_to_the_same_bytes(nncli, run_path, monkeypatch, batches, cadence):
    cadence = ("--set", f"checkpoint={cadence}")
    run = cut_short(nncli, monkeypatch, batches, *cadence)
    assert not (run / "summary.json").exists()
    result = nncli("resume", run)
    assert result.exit_code == 0, result.output
    assert "finished after" in result.stdout
    same_bytes(run_path, run)
    assert list(run.glob(".*.tmp")) == []


def test_the_time_to_the_next_checkpoint_begins_when_the_last_is_saved(nncli, monkeypatch):
    now, save, saves = [0.0], checkpoint.write, []

    def batch_of_a_second():
        now[0] += 1
        return now[0]

    def slow(path, state, records):
        now[0] += 60
        saves.append(state.epoch * 9 + state.batch)
        save(path, state, records)

    monkeypatch.setattr(cadence, "monotonic", batch_of_a_second)
    monkeypatch.setattr(checkpoint, "write", slow)
    assert nncli("train", "spec.yaml", "-q").exit_code == 0
    assert saves == [10, 20, 27]


def test_a_changed_spec_is_named_and_refused(nncli, run_path):
    spec = run_path / "spec.yaml"
    text = spec.read_text()
    spec.write_text(text.replace("eta: 0.5", "eta: 0.25").replace("output_dim: 8", "output_dim: 9")
                    .replace("input_dim: 8", "input_dim: 9"))  # fmt: skip
    result = nncli("resume", run_path)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"error: {spec}:") for line in lines)
    assert "architecture[0].output_dim: is 9, but was 8 so far" in lines[0]
    assert "eta: is 0.25, but was 0.5 so far. Put it back" in lines[2]
    changed = text.replace("name: spec", "name: other").replace("every: 10s", "every: 1s")
    spec.write_text(changed.replace("epochs: 3", "epochs: 4"))
    assert nncli("resume", run_path, "-q").exit_code == 0
    assert json.loads((run_path / "summary.json").read_text())["epochs"] == 4


def test_changed_data_is_refused(nncli, monkeypatch):
    import numpy as np

    rng = np.random.default_rng(0)
    arrays = {"x": rng.standard_normal((40, 2)), "y": np.arange(40) % 2}
    np.savez("data.npz", **arrays)
    run = cut_short(nncli, monkeypatch, 9, "--set", "data={source: npz, path: data.npz, test: 10}")
    np.savez("data.npz", **(arrays | {"x": arrays["x"] + 1}))
    refused(nncli, 2, "the data has changed since", "resume", run)
    np.savez("data.npz", **(arrays | {"x": arrays["x"][:, :1]}))
    refused(nncli, 2, "the data has changed since", "resume", run)


def test_data_may_lie_elsewhere(nncli, monkeypatch):
    import numpy as np

    np.savez("data.npz", x=np.random.default_rng(0).standard_normal((40, 2)), y=np.arange(40) % 2)
    run = cut_short(nncli, monkeypatch, 9, "--set", "data={source: npz, path: data.npz, test: 10}")
    Path("data.npz").rename("moved.npz")
    assert "there is no file" in nncli("resume", run).stderr
    spec = run / "spec.yaml"
    spec.write_text(spec.read_text().replace("data.npz", "moved.npz"))
    assert nncli("resume", run).exit_code == 0


def test_only_one_process_writes_a_run(nncli, run_path):
    with lock.writing(run_path):
        refused(nncli, 5, "is writing this. Wait for it, or stop it", "resume", run_path)
        pid = json.loads((run_path / "run.json").read_text())["pid"]
        assert f"process {pid} on" in nncli("resume", run_path).stderr
        assert nncli("eval", run_path).exit_code == 0
        assert nncli("show", run_path).exit_code == 0


@pytest.mark.parametrize("tail", [b'{"epoch": 2, "train_l', b"\0" * 512, b'{"epoch": 9}\n'])
def test_what_follows_the_checkpoint_is_cut_with_one_notice(nncli, run_path, monkeypatch, tail):
    run = cut_short(nncli, monkeypatch, 15, *EVERY_BATCH)
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(tail)
    result = nncli("resume", run, "-q")
    assert result.exit_code == 0
    assert result.stderr.count("metrics.jsonl: ") == result.stderr.count("dropped") == 1
    same_bytes(run_path, run)


def test_missing_or_damaged_records_are_refused(nncli, run_path):
    metrics = run_path / "metrics.jsonl"
    (run_path / "summary.json").unlink()
    lines = metrics.read_bytes().splitlines(keepends=True)
    metrics.write_bytes(b"".join(lines[:2]))
    refused(nncli, 6, "has 2 whole lines, but the checkpoint counts 3 records", "resume", run_path)
    metrics.unlink()
    refused(nncli, 6, "has 0 whole lines, but the checkpoint counts 3 records", "resume", run_path)
    metrics.write_bytes(lines[0] + b"x" + lines[1] + lines[2])
    refused(nncli, 6, "metrics.jsonl:2: is damaged", "resume", run_path)


def test_a_run_without_a_spec_file_goes_on_by_its_run_json(nncli, run_path, monkeypatch):
    run = cut_short(nncli, monkeypatch, 15)
    (run / "spec.yaml").unlink()
    assert nncli("resume", run, "-q").exit_code == 0
    same_bytes(run_path, run)
    assert (run / "spec.yaml").is_file()


def test_a_figure_that_was_not_finite_is_gone_on_from(nncli, run_path):
    lines = (run_path / "metrics.jsonl").read_text().splitlines()
    last = json.loads(lines[-1]) | {"test_accuracy": None}
    (run_path / "metrics.jsonl").write_text("\n".join([*lines[:-1], json.dumps(last), ""]))
    assert nncli("resume", run_path, "--epochs", 4).exit_code == 0


@pytest.mark.parametrize(
    ("file", "change", "code"),
    [
        ("summary.json", {"final": {}}, 0),
        ("summary.json", {"final": {"train_loss": 1.0, "test_loss": 1.0, "train_r2": 1.0}}, 0),
        ("summary.json", {"final": {"train_loss": 10**400}}, 6),
        ("summary.json", {"kept": {}}, 0),
        ("summary.json", {"kept": None, "weights_epoch": 2}, 0),
        ("summary.json", {"kept": {"train_loss": 1.0}, "monitor": "test_rmse"}, 0),
        ("summary.json", {"kept": {"train_loss": None}}, 0),
        ("summary.json", {"kept": {"train_loss": "x"}}, 6),
        ("metrics.jsonl", {"test_accuracy": 10**400}, 6),
    ],
)
def test_changed_figures_are_shown_or_refused(nncli, run_path, file, change, code):
    lines = (run_path / file).read_text().splitlines() if file == "metrics.jsonl" else []
    value = json.loads(lines.pop() if lines else (run_path / file).read_text())
    (run_path / file).write_text("\n".join([*lines, json.dumps(value | change), ""]))
    if file == "summary.json":
        assert nncli("resume", run_path).exit_code == code
        assert nncli("runs").exit_code == 0
        assert nncli("show", run_path).exit_code == code
    else:
        assert nncli("show", run_path).exit_code == code
        assert nncli("resume", run_path, "--epochs", 4).exit_code == code


def test_what_is_no_run_is_refused(nncli):
    Path("empty").mkdir()
    refused(nncli, 6, "empty: is not an nncli run", "resume", "empty")
    refused(nncli, 2, "nowhere: no such run directory", "resume", "nowhere")


@pytest.mark.parametrize("command", ["resume", "repeat", "show"])
def test_a_run_json_without_a_spec_is_damaged(nncli, run_path, command):
    run = json.loads((run_path / "run.json").read_text())
    del run["spec"]["eta"]
    (run_path / "run.json").write_text(json.dumps(run))
    refused(nncli, 6, f"{run_path}/run.json: is damaged: spec.eta: is missing", command, run_path)


def edited(run, **arrays):
    path = run / "checkpoint.npz"
    path.write_bytes(archive.pack(archive.unpack(path.read_bytes(), path) | arrays))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--set", "optimizer=adam"), "does not belong to this training"),
        (("--set", "dtype=float64"), "vector is float64 (42,), but this training needs float32"),
        (("--set", "average={every: 1}"), "average does not belong to this training"),
        (("--set", "epochs=9"), "stands after epoch 9, batch 0, but this training has 3 epochs"),
        (("--set", "schedule={name: plateau, monitor: test_loss}"), "with another schedule"),
    ],
)
def test_the_checkpoint_of_another_training_is_refused(nncli, run_path, words, message):
    other = Path(nncli("train", "spec.yaml", "-q", *words).stdout.strip())
    shutil.copy(other / "checkpoint.npz", run_path / "checkpoint.npz")
    (run_path / "summary.json").unlink()
    refused(nncli, 6, message, "resume", run_path)


def test_threads_are_those_of_before_unless_others_are_asked_for(nncli, run_path, monkeypatch):
    path = run_path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"threads": 2}))
    monkeypatch.setattr(machine, "usable_cores", lambda: 1)
    assert "already complete" in nncli("resume", run_path).stderr
    (run_path / "summary.json").unlink()
    refused(nncli, 2, "the run used 2 threads, but this process may use 1", "resume", run_path)
    refused(nncli, 2, "--threads 3: this process may use 1", "resume", run_path, "--threads", 3)
    result = nncli("resume", run_path, "--threads", 1)
    assert result.exit_code == 0
    assert "threads was 2, is 1: last digits may differ" in result.stderr
    assert json.loads(path.read_text())["differences"] == ["threads was 2, is 1"]
    assert json.loads(path.read_text())["threads"] == 1


def test_a_second_interrupt_stops_at_once_and_says_how_to_go_on(nncli, run_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Stop, "__call__", raising(KeyboardInterrupt, 15))
        result = nncli("train", "spec.yaml", "-q")
    assert result.exit_code == 130
    (run,) = set(Path("runs").iterdir()) - {run_path}
    assert result.stderr == f"stopped at once; from the last checkpoint: nncli resume {run}\n"
    assert nncli("resume", run).exit_code == 0
    same_bytes(run_path, run)


def test_the_time_of_an_interrupted_run_counts_what_no_record_has(nncli, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Stop, "number", signal.SIGINT)
        patch.setattr(Stop, "__call__", asked_after(900))
        result = nncli(
            "train", "spec.yaml", "--json", "--set", "epochs=500", "--set", "record_every=500"
        )
    assert result.exit_code == 130
    summary = json.loads(result.stdout)
    assert summary["epochs"] == 0
    assert summary["seconds"] > 0


def asked_after(questions):
    calls = iter(range(questions))
    return lambda self: next(calls, None) is None
