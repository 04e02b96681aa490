"""`nncli eval`: exactly the record's figures, and every way to name what is judged."""

import json
import shutil
from pathlib import Path

import pytest

from nncli.runs import weights


def last_record(run: Path) -> dict:
    return json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])


@pytest.mark.parametrize("member", ["", "weights.npz"])
def test_figures_are_those_of_the_last_record(nncli, run_path, member):
    result = nncli("eval", run_path / member, "--split", "test", "--json")
    value = json.loads(result.stdout)
    record = last_record(run_path)
    assert value["accuracy"] == record["test_accuracy"]
    assert value["loss"] == record["test_loss"]
    assert (value["split"], value["rows"], value["epoch"]) == ("test", 30, 3)
    assert sum(map(sum, value["confusion"])) == 30


def test_nothing_named_takes_the_newest_finished_run(nncli, run_path):
    result = nncli("eval")
    assert result.exit_code == 0
    assert str(run_path) in result.stderr
    assert "test (30 rows, after 3 epochs)" in result.stdout
    for word in ("precision", "recall", "f1", "truth"):
        assert word in result.stdout


def test_quiet_prints_the_figures_alone(nncli, run_path):
    result = nncli("eval", "--quiet")
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1


def test_splits(nncli, run_path):
    assert json.loads(nncli("eval", run_path, "--split", "train", "--json").stdout)["rows"] == 90
    result = nncli("eval", run_path, "--split", "validation")
    assert result.exit_code == 2
    assert result.stderr == "error: --split validation: the data has only train, test\n"


def test_min_accuracy(nncli, run_path):
    accuracy = last_record(run_path)["test_accuracy"]
    assert nncli("eval", run_path, "--min-accuracy", accuracy).exit_code == 0
    result = nncli("eval", run_path, "--min-accuracy", "0.999")
    assert result.exit_code == (0 if accuracy >= 0.999 else 7)
    assert "below the 0.999 asked for" in result.stderr


def test_a_bare_weights_file_needs_a_spec(nncli, run_path):
    shutil.copy(run_path / "weights.npz", "bare.npz")
    shutil.copytree(run_path, "moved")
    Path("alone").mkdir()
    shutil.copy("bare.npz", "alone/w.npz")
    result = nncli("eval", "alone/w.npz")
    assert result.exit_code == 2
    assert (
        "has no spec.yaml beside it, which would say which data. Name it with --spec SPEC"
        in result.stderr
    )
    figures = [
        nncli("eval", *args, "--json").stdout
        for args in (["alone/w.npz", "--spec", "spec.yaml"], ["moved"])
    ]
    first, second = (json.loads(text) for text in figures)
    assert first["loss"] == second["loss"]


def test_refusals(nncli, run_path, tmp_path):
    def refused(code: int, message: str, *words: object) -> None:
        result = nncli("eval", *words)
        assert result.exit_code == code, result.output
        assert message in result.stderr
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1

    refused(2, "nowhere: no such run or weights file", "nowhere")
    refused(2, "runs-2: has no finished run", "--runs-dir", "runs-2", "-q")
    Path("empty").mkdir()
    refused(6, "empty: is not an nncli run: it has no run.json", "empty")
    whole = (run_path / "weights.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    for data, message in [
        (bytes(flipped), "is damaged: its content does not match its SHA-256"),
        (whole[:-100], "is cut short, or was not written by nncli"),
        (b"", "is empty"),
    ]:
        (run_path / "weights.npz").write_bytes(data)
        refused(6, message, run_path)
    (run_path / "weights.npz").unlink()
    (run_path / "checkpoint.npz").rename("checkpoint.npz")
    refused(6, "has no weights yet; the run is finished and has saved none", run_path)
    (run_path / "weights.npz").write_bytes(whole)
    assert nncli("eval", run_path).exit_code == 0


def test_before_its_first_end_a_run_is_judged_by_its_checkpoint(nncli, run_path):
    whole = json.loads(nncli("eval", run_path, "--json").stdout)
    (run_path / "weights.npz").unlink()
    result = nncli("eval", run_path, "--json")
    assert json.loads(result.stdout) == whole
    assert "its last checkpoint is of epoch 3, batch 0" in result.stderr


def test_weights_of_another_architecture_are_refused(nncli, run_path):
    Path("other.yaml").write_text(Path("spec.yaml").read_text().replace("tanh", "relu"))
    result = nncli("eval", run_path, "--spec", "other.yaml")
    assert result.exit_code == 6
    assert "layer 1 is 2 -> 8 tanh, but in other.yaml it is 2 -> 8 relu" in result.stderr


def test_weights_of_another_program_are_refused(nncli):
    import numpy as np

    np.savez("theirs.npz", W1=np.zeros((2, 2)))
    result = nncli("eval", "theirs.npz")
    assert result.exit_code == 6
    assert "theirs.npz: is cut short, or was not written by nncli" in result.stderr


def test_changed_data_warns(nncli, run_path):
    result = nncli("eval", run_path, "--spec", "spec.yaml")
    assert "warning" not in result.stderr
    Path("spec.yaml").write_text(Path("spec.yaml").read_text().replace("noise: 0.2", "noise: 0.3"))
    result = nncli("eval", run_path, "--spec", "spec.yaml")
    assert result.exit_code == 0
    assert "warning: the data has changed since the run was trained" in result.stderr


def test_a_regression_has_r2_and_no_accuracy(nncli):
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 3))
    np.savez("line.npz", x=x, y=x @ [1.0, -2.0, 0.5] + 3)
    Path("line.yaml").write_text(
        "data: {source: npz, path: line.npz, test: 0.2, test_from: random}\n"
        "architecture: [{input_dim: 3, output_dim: 1, activation: identity}]\n"
        "epochs: 30\nbatch_size: 10\neta: 0.05\ntrack: [test]\n"
    )
    result = nncli("train", "line.yaml", "-q")
    run = Path(result.stdout.strip())
    value = json.loads(nncli("eval", run, "--json").stdout)
    assert value["r2"] == last_record(run)["test_r2"] > 0.999
    assert "confusion" not in value
    assert weights.read(run / "weights.npz").meta.classes is None
    result = nncli("eval", run, "--min-accuracy", "0.5")
    assert result.exit_code == 2
    assert "this is a regression; it has no accuracy" in result.stderr


def test_a_random_split_of_another_seed_and_its_threads_are_those_of_the_run(nncli, monkeypatch):
    keys = ["data.validation=20", "data.validation_from=random", "track=[validation]", "seed=5"]
    result = nncli("train", "spec.yaml", "-q", *(word for key in keys for word in ("--set", key)))
    run = Path(result.stdout.strip())
    used = []
    from nncli import judge

    before = judge.blas_threads
    monkeypatch.setattr(judge, "blas_threads", lambda count: used.append(count) or before(count))
    value = json.loads(nncli("eval", run, "--split", "validation", "--json").stdout)
    assert value["loss"] == last_record(run)["validation_loss"]
    recorded = json.loads((run / "run.json").read_text())
    assert used == [recorded["threads"]]
    (run / "run.json").write_text(json.dumps(recorded | {"threads": 4096}))
    assert "this process may use" in nncli("eval", run).stderr


def test_last_best_and_average_parameters(nncli):
    keys = ["keep=best", "average={decay: 0.5, every: 2}", "epochs=6", "eta=5.0"]
    result = nncli("train", "spec.yaml", "-q", *(word for key in keys for word in ("--set", key)))
    assert result.exit_code == 0, result.stderr
    run = Path(result.stdout.strip())
    lines = (run / "metrics.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    best = max(records, key=lambda record: record["test_accuracy"])

    def judged(*words) -> dict:
        return json.loads(nncli("eval", run, "--json", *words).stdout)

    assert judged()["loss"] == judged("--weights", "best")["loss"] == best["test_loss"]
    assert judged()["epoch"] == best["epoch"]
    assert judged("--weights", "last")["loss"] == records[-1]["test_loss"]
    assert judged("--weights", "average")["loss"] == records[-1]["average_test_loss"]
    plain = Path(nncli("train", "spec.yaml", "-q").stdout.strip())
    for which in ("best", "average"):
        result = nncli("eval", plain, "--weights", which)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: --weights {which}: ")


def test_data_that_does_not_fit_the_weights_is_named(nncli, run_path):
    Path("other.yaml").write_text(
        Path("spec.yaml").read_text().replace("source: moons", "source: spirals, classes: 3")
    )
    result = nncli("eval", run_path, "--spec", "other.yaml")
    assert result.exit_code == 2
    assert "architecture[1].output_dim: is 2, but the data has 3 classes" in result.stderr


def test_the_checkpoint_of_another_run(nncli, run_path):
    sets = ["architecture[0].output_dim=5", "architecture[1].input_dim=5"]
    words = [word for each in sets for word in ("--set", each)]
    other = Path(nncli("train", "spec.yaml", "--quiet", *words).stdout.strip())
    shutil.copy(other / "checkpoint.npz", run_path)
    result = nncli("eval", run_path, "--weights", "last")
    assert result.exit_code == 6
    assert "checkpoint.npz: does not hold the parameters of this network" in result.stderr
