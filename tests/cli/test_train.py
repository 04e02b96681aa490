"""`nncli train`, by exit code, stdout, stderr and files."""

import json
from pathlib import Path

import numpy as np
import pytest
from support import SPEC, TIMES

from nncli.runs import checkpoint, weights
from nncli.runs.format import FORMAT

FILES = {"spec.yaml", "run.json", "metrics.jsonl", "weights.npz", "checkpoint.npz", "summary.json"}


def records(run: Path) -> list[dict]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


def timeless(run: Path) -> list[dict]:
    return [{k: v for k, v in r.items() if k not in TIMES} for r in records(run)]


def visible(run: Path) -> set[str]:
    return {path.name for path in run.iterdir() if not path.name.startswith(".")}


def test_a_run_directory_comes_out(nncli):
    result = nncli("train", "spec.yaml")
    assert result.exit_code == 0
    (run,) = Path("runs").iterdir()
    assert visible(run) == FILES
    assert str(run) in result.stdout
    assert "finished" in result.stdout
    for word in ("90 train", "30 test", "softmax", "cross_entropy", "3 epochs"):
        assert word in result.stderr, word
    assert [record["epoch"] for record in records(run)] == [1, 2, 3]


def test_quiet_prints_the_path_alone(nncli):
    result = nncli("train", "spec.yaml", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert visible(Path(result.stdout.strip())) == FILES


def test_json_is_one_object(nncli):
    result = nncli("train", "spec.yaml", "--json")
    value = json.loads(result.stdout)
    assert value["status"] == "finished"
    assert value["final"]["test_accuracy"] == records(Path(value["run"]))[-1]["test_accuracy"]


def test_same_spec_same_seed_same_bytes(nncli):
    first, second = (Path(nncli("train", "spec.yaml", "-q").stdout.strip()) for _ in range(2))
    for name in ("weights.npz", "checkpoint.npz", "spec.yaml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert timeless(first) == timeless(second)
    other = Path(nncli("train", "spec.yaml", "-q", "--set", "seed=3").stdout.strip())
    assert (first / "weights.npz").read_bytes() != (other / "weights.npz").read_bytes()


def test_training_on_a_runs_spec_repeats_the_run(nncli, run_path, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    result = nncli("train", tmp_path / run_path / "spec.yaml", "-q")
    again = Path(result.stdout.strip())
    assert (again / "weights.npz").read_bytes() == (
        tmp_path / run_path / "weights.npz"
    ).read_bytes()


def test_set_changes_the_run_and_is_recorded(nncli):
    result = nncli("train", "spec.yaml", "-q", "--set", "eta=0.25", "--set", "data.samples=60")
    run = Path(result.stdout.strip())
    recorded = json.loads((run / "run.json").read_text())
    assert recorded["spec"]["eta"] == 0.25
    assert recorded["spec"]["data"]["samples"] == 60
    assert recorded["status"] == "finished"
    assert records(run)[0]["eta"] == 0.25


def test_run_json_says_what_and_where(run_path):
    recorded = json.loads((run_path / "run.json").read_text())
    assert recorded["format"] == FORMAT
    assert len(recorded["data"]["sha256"]) == 64
    assert recorded["parameters"] == 2 * 8 + 8 + 8 * 2 + 2
    for key in (
        "host",
        "pid",
        "cpu",
        "blas",
        "numpy",
        "python",
        "nncli",
        "threads",
        "started",
        "ended",
    ):
        assert recorded[key], key


def test_name_and_run_dir(nncli):
    assert nncli("train", "spec.yaml", "-q", "--name", "mine").stdout.startswith("runs/mine-")
    result = nncli("train", "spec.yaml", "-q", "--run-dir", "here/it is ✓")
    assert (result.exit_code, result.stdout) == (0, "here/it is ✓\n")
    assert visible(Path("here/it is ✓")) == FILES
    result = nncli("train", "spec.yaml", "-q", "--run-dir", "here/it is ✓")
    assert result.exit_code == 2
    assert "error: here/it is ✓: exists and is not empty" in result.stderr


def test_the_sweep_is_ignored_and_said_so_once(nncli):
    stderr = nncli("train", "spec.yaml").stderr
    assert stderr.count("the sweep is ignored") == 1


def test_a_batch_larger_than_the_data_warns(nncli):
    result = nncli("train", "spec.yaml", "--set", "batch_size=500", "--set", "epochs=1")
    assert result.exit_code == 0
    assert "warning: spec.yaml: batch_size: is 500, more than the 90 training rows" in result.stderr


def test_init_from_a_run_a_file_and_any_npz(nncli, run_path):
    params = weights.read(run_path / "weights.npz").params
    np.savez("mine.npz", **params)
    digests = set()
    for start in (run_path, run_path / "weights.npz", "mine.npz"):
        result = nncli("train", "spec.yaml", "-q", "--set", f"init_from={start}")
        assert result.exit_code == 0, result.stderr
        digests.add((Path(result.stdout.strip()) / "weights.npz").read_bytes())
    assert len(digests) == 1
    assert digests != {(run_path / "weights.npz").read_bytes()}
    result = nncli("train", "spec.yaml", "-q", "--set", "init_from=nothing.npz")
    assert result.exit_code == 2
    assert "nothing.npz" in result.stderr


def test_divergence_exits_3_and_keeps_finite_weights_and_strict_metrics(nncli):
    Path("line.yaml").write_text(
        SPEC.replace("tanh", "identity")
        .replace("softmax", "identity")
        .replace("eta: 0.5", "eta: 1e9")
    )
    result = nncli("train", "line.yaml")
    assert result.exit_code == 3
    assert "error: training diverged in epoch 1, batch " in result.stderr
    assert "Try a smaller eta: --set eta=1e+08" in result.stderr
    (run,) = Path("runs").iterdir()
    assert str(run) in result.stderr
    assert visible(run) >= {"weights.npz", "checkpoint.npz"}
    assert "summary.json" not in visible(run)
    saved = weights.read(run / "weights.npz")
    assert saved.meta.epoch == 0
    assert json.loads((run / "run.json").read_text())["status"] == "diverged"


def test_sixty_blow_up_specs_exit_0_or_3_with_strict_json(nncli):
    etas = ["1e6", "1e20", "1e300"]
    activations = ["identity", "relu", "tanh", "sigmoid"]
    pairs = [("mse", a) for a in activations] + [("cross_entropy", "softmax")]
    for eta in etas:
        for hidden in activations:
            for loss, last in pairs:
                text = SPEC.replace("tanh", hidden).replace("softmax", last) + f"loss: {loss}\n"
                Path("blow.yaml").write_text(text)
                result = nncli(
                    "train", "blow.yaml", "-q", "--set", f"eta={eta}", "--set", "epochs=1"
                )
                assert result.exit_code in (0, 3), result.stderr
    runs = list(Path("runs").iterdir())
    assert len(runs) == 60
    for run in runs:
        if (run / "metrics.jsonl").exists():
            records(run)
        weights.read(run / "weights.npz")


def test_more_threads_than_cores_are_refused(nncli):
    result = nncli("train", "spec.yaml", "--set", "threads=4096")
    assert result.exit_code == 2
    assert "--set: threads: is 4096, but this process may use" in result.stderr


def test_first_parameters_beyond_the_type_are_refused(nncli):
    result = nncli("train", "spec.yaml", "--set", "initializer={weights: normal, std: 1e300}")
    assert result.exit_code == 2
    assert "initializer.std: gives parameters that are too large for float32" in result.stderr
    assert not Path("runs").exists()


def test_names_and_paths_in_brackets_are_no_markup(nncli):
    result = nncli("train", "spec.yaml", "--name", "[red]x:smile:", "--runs-dir", "[/x]")
    assert result.exit_code == 0
    (run,) = Path("[/x]").iterdir()
    assert run.name.startswith("[red]x:smile:-")
    assert str(run) in result.stdout
    assert run.name in nncli("runs", "--runs-dir", "[/x]").stdout


@pytest.mark.parametrize("name", ["123", "yes", "a #b", "[a]", "~", "1e5"])
def test_a_name_is_taken_as_it_is(nncli, name):
    run = Path(nncli("train", "spec.yaml", "-q", "--name", name).stdout.strip())
    assert run.name.startswith(f"{name}-")
    assert json.loads((run / "run.json").read_text())["name"] == name


def test_a_disk_that_fails_in_the_middle_keeps_what_it_can(nncli, monkeypatch):
    from nncli import files
    from nncli.errors import MachineError

    before = files.append

    def fails(path, data):
        if b'"epoch": 2' in data:
            raise MachineError(f"{path}: cannot be written: No space left on device")
        before(path, data)

    monkeypatch.setattr(files, "append", fails)
    result = nncli("train", "spec.yaml", "-q", "--set", "checkpoint={epochs: 1}")
    assert result.exit_code == 4
    (run,) = Path("runs").iterdir()
    assert (
        f"No space left on device. Mend that, then go on from epoch 1: nncli resume {run}"
        in result.stderr
    )
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    assert checkpoint.read(run / "checkpoint.npz")[0].records == 1
    monkeypatch.setattr(files, "append", before)
    assert nncli("resume", run, "-q").exit_code == 0
    assert weights.read(run / "weights.npz").meta.epoch == 3


def test_a_wrong_command_line_is_one_line(nncli):
    for words, message in [
        (["bogus"], "error: No such command 'bogus'"),
        (["train"], "error: Missing argument 'SPEC'"),
        (["train", "spec.yaml", "--epochs", "3"], "error: No such option"),
        (["eval", "--split", "bogus"], "error: Invalid value for '--split': 'bogus' is not one of"),
    ]:
        result = nncli(*words)
        assert result.exit_code == 2
        assert result.stderr.startswith(message), result.stderr
        assert result.stderr.count("\n") == 1
