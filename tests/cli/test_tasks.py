"""Every task through train, show, eval and plot: classes, labels, several targets."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from nncli import preparation
from nncli.cli import ending
from nncli.runs import rundir, weights
from nncli.session import Result
from nncli.spec.load import load_spec

SPEC = """\
data: {{source: npz, path: rows.npz, test: 0.25, test_from: random}}
architecture:
  - {{input_dim: auto, output_dim: 12, activation: tanh}}
  - {{input_dim: 12, output_dim: auto, activation: {last}}}
epochs: 25
batch_size: 10
eta: {eta}
track: [test]
"""
RNG_ROWS = 240


def rows_of(task: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    x = rng.standard_normal((RNG_ROWS, 3))
    y = {
        "two": (x[:, 0] > 0.8).astype(int),
        "many": np.argsort(np.argsort(x[:, 0])) * 12 // RNG_ROWS,
        "labels": (x @ rng.standard_normal((3, 4)) > 0.5).astype(np.uint8),
        "targets": np.column_stack([x[:, 0] - x[:, 1], 30 * x[:, 2] + 5]) * 0.1,
    }
    return {"x": x, "y": y[task]}


LAST = {"two": "sigmoid", "many": "softmax", "labels": "sigmoid", "targets": "identity"}
ETA = {"two": 0.2, "many": 0.2, "labels": 0.2, "targets": 0.02}


@pytest.fixture(params=list(LAST))
def task(request, nncli) -> str:
    name = request.param
    np.savez("rows.npz", **rows_of(name))
    Path("spec.yaml").write_text(SPEC.format(last=LAST[name], eta=ETA[name]))
    return name


@pytest.fixture
def run(nncli, task) -> Path:
    result = nncli("train", "spec.yaml", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    return Path(result.stdout.strip())


KEYS = {
    "two": {"accuracy", "balanced_accuracy", "log_loss", "roc_auc"},
    "many": {"accuracy", "balanced_accuracy", "log_loss", "top_3", "top_5"},
    "labels": {"accuracy", "exact_match", "log_loss"},
    "targets": {"rmse", "mae", "r2"},
}
LISTS = {
    "two": {"classes", "confusion", "precision", "recall", "f1", "support"},
    "many": {"classes", "confusion", "precision", "recall", "f1", "support"},
    "labels": {"labels", "precision", "recall", "f1", "support"},
    "targets": {"targets", "target_rmse", "target_mae", "target_r2"},
}


def test_eval_has_all_figures_flat_and_those_of_the_record_exactly(nncli, task, run):
    value = json.loads(nncli("eval", run, "--json").stdout)
    flat = {"run", "split", "rows", "epoch", "loss", "baseline"} | KEYS[task] | LISTS[task]
    assert set(value) == flat | {f"baseline_{name}" for name in KEYS[task]}
    record = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    shared = {key.removeprefix("test_") for key in record if key.startswith("test_")}
    assert len(shared) >= 2
    assert {name: value[name] for name in shared} == {
        name: record[f"test_{name}"] for name in shared
    }
    assert all(math.isfinite(value[name]) for name in KEYS[task])
    assert all(len(value[name]) == len(value[next(iter(LISTS[task] & {"classes", "labels", "targets"}))])
               for name in LISTS[task])  # fmt: skip


def test_the_network_beats_its_baseline(nncli, task, run):
    value = json.loads(nncli("eval", run, "--json").stdout)
    for name in KEYS[task]:
        falls = name in ("log_loss", "rmse", "mae")
        better = (
            value[name] < value[f"baseline_{name}"]
            if falls
            else value[name] > value[f"baseline_{name}"]
        )
        assert better, name
    assert "does not beat" not in nncli("eval", run).stderr


ANSWERS = {
    "two": "always 0",
    "many": "always ",
    "labels": "the commonest labels",
    "targets": "the mean",
}


def test_tables_show_the_baseline_in_one_row(nncli, task, run):
    text = nncli("eval", run).stdout
    lines = text.splitlines()
    assert lines[0] == "test (60 rows, after 25 epochs)"
    assert lines[2].split()[0] == "loss"
    assert [line for line in lines if line.startswith("network ")] == [lines[3]]
    assert lines[4].startswith(ANSWERS[task])
    assert lines[4].split()[-1] != "-"
    shown = nncli("show", run).stdout
    assert sum(line.startswith(ANSWERS[task]) for line in shown.splitlines()) == 1
    summary = json.loads((run / "summary.json").read_text())["baseline"]
    judged = json.loads(nncli("eval", run, "--json").stdout)
    assert summary["answer"] == judged["baseline"]
    own = [name for name in KEYS[task] if f"test_{name}" in summary]
    assert own
    assert {name: summary[f"test_{name}"] for name in own} == {
        name: judged[f"baseline_{name}"] for name in own
    }
    assert all(f"train_{name}" in summary for name in own)


def test_one_line_where_a_network_does_not_beat_it(nncli, task):
    result = nncli("train", "spec.yaml", "--set", "eta=1e-30")
    said = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert result.exit_code == 0
    assert len(said) == 1
    assert said[0].startswith(f"warning: the network does not beat `{ANSWERS[task]}")
    path = result.stdout.splitlines()[-1].rpartition(": ")[2]
    again = nncli("eval", path)
    assert again.exit_code == 0
    assert [line for line in again.stderr.splitlines() if "does not beat" in line] == said
    if task in ("two", "many"):
        balanced = ("--set", "eta=1e-30", "--set", "class_weight=balanced")
        assert "does not beat" in nncli("train", "spec.yaml", *balanced).stderr


def test_judged_is_what_was_kept_however_good_an_epoch_was(nncli):
    """The records know of an accuracy far above the baseline; the parameters that are there give one class always."""
    np.savez("rows.npz", **rows_of("two"))
    Path("spec.yaml").write_text(SPEC.format(last="softmax", eta=0.1))
    run = Path(nncli("train", "spec.yaml", "-q").stdout.strip())
    summary, saved = rundir.read_summary(run), weights.read(run / "weights.npz")
    zeros = {name: np.zeros_like(array) for name, array in saved.params.items()}
    weights.write(run / "weights.npz", weights.Weights(zeros, saved.meta))
    prepared = preparation.prepare(load_spec(run / "spec.yaml").spec)
    (said,) = ending.not_beaten(prepared, Result(run, "finished", summary, ""))
    assert said.startswith("the network does not beat `always 0`")
    assert summary["best"]["test_accuracy"]["value"] > summary["baseline"]["test_accuracy"]


def test_class_weights_that_give_up_accuracy_for_a_rare_class_are_no_fault(nncli):
    """The classes overlap so far that always 0 is right more often; the rare class is found all the same."""
    rng = np.random.default_rng(0)
    y = (np.arange(600) % 12 == 0).astype(np.int64)
    np.savez("rows.npz", x=rng.standard_normal((600, 2)) + 1.5 * y[:, None], y=y)
    Path("spec.yaml").write_text(SPEC.format(last="softmax", eta=0.05))
    result = nncli("train", "spec.yaml", "--set", "class_weight=balanced")
    value = json.loads(nncli("eval", "--json").stdout)
    assert value["accuracy"] < value["baseline_accuracy"]
    assert value["balanced_accuracy"] > 0.7
    assert "does not beat" not in result.stderr
    stuck = nncli("train", "spec.yaml", "--set", "eta=1e-30", "--set", "initializer=zeros").stderr
    share = f"{value['baseline_accuracy']:.2%}"
    assert f"test accuracy {share} against {share}, with the same rows right" in stuck


def test_resumed_in_the_middle_to_the_same_bytes(nncli, task, run):
    from support import same_bytes

    result = nncli("train", "spec.yaml", "-q", "--set", "epochs=11")
    shorter = Path(result.stdout.strip())
    assert nncli("resume", shorter, "--epochs", "25", "-q").exit_code == 0
    same_bytes(run, shorter)
    assert nncli("repeat", run, "-q").exit_code == 0


def test_pictures_are_drawn_or_refused_in_a_line(nncli, task, run):
    result = nncli("plot", run)
    assert result.exit_code == 0
    assert (run / "plots/curves.png").is_file()
    result = nncli("plot", run, "--only", "confusion")
    if task in ("two", "many"):
        assert result.exit_code == 0
        return
    why = {"labels": "a row may have several labels", "targets": "this is a regression"}[task]
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: confusion: not drawn: {why}")
    assert result.stderr.count("\n") == 1


def test_a_demanded_accuracy(nncli, task, run):
    low, high = (nncli("eval", run, "--min-accuracy", least).exit_code for least in ("0.01", "1.0"))
    value = json.loads(nncli("eval", run, "--json").stdout)
    if task == "targets":
        assert (low, high) == (2, 2)
    else:
        assert (low, high) == (0, 0 if value["accuracy"] == 1 else 7)


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (["architecture[1].activation=softmax"], "architecture[1].activation: is softmax, but a row of the data may "
         "have several labels. Use sigmoid with binary_cross_entropy."),
        (["architecture[1].activation=identity"], "architecture[1].activation: is identity, but a row of the data may "
         "have several labels. Use sigmoid with binary_cross_entropy."),
        (["architecture[1].output_dim=3"], "architecture[1].output_dim: is 3, but a row of the data may have 4 labels. "
         "Set it to 4."),
        (["data.test_from=stratified"], "data.test_from: is stratified, but the targets are no classes. Use random"),
        (["track=[validation]"], "track[0]: the data has no validation rows"),
    ],
)  # fmt: skip
def test_what_does_not_fit_labels(nncli, sets, said):
    np.savez("rows.npz", **rows_of("labels"))
    Path("spec.yaml").write_text(SPEC.format(last="sigmoid", eta=0.1))
    result = nncli("train", "spec.yaml", *(word for each in sets for word in ("--set", each)))
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert said in line


def test_targets_beyond_the_reach_of_the_last_layer(nncli):
    np.savez("rows.npz", **rows_of("targets"))
    Path("spec.yaml").write_text(SPEC.format(last="relu", eta=0.01))
    said = nncli("check", "spec.yaml").stderr
    assert (
        "warning: spec.yaml: architecture[1].activation: is relu, which reaches from 0 to inf, but the"
        in said
    )
    Path("spec.yaml").write_text(SPEC.format(last="identity", eta=0.01))
    assert nncli("check", "spec.yaml").stderr == ""


def test_early_stopping_may_watch_whole_rows_of_labels(nncli):
    np.savez("rows.npz", **rows_of("labels"))
    Path("spec.yaml").write_text(SPEC.format(last="sigmoid", eta=0.5))
    stopping = "early_stopping={monitor: test_exact_match, patience: 2}"
    result = nncli("train", "spec.yaml", "-q", "--set", stopping, "--set", "epochs=200")
    assert result.exit_code == 0
    run = Path(result.stdout.strip())
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert len(records) < 200
    best = max(record["test_exact_match"] for record in records)
    assert json.loads(nncli("eval", run, "--json").stdout)["exact_match"] == best


def test_a_split_of_one_class_has_no_roc_auc(nncli):
    x, y = np.random.default_rng(0).standard_normal((40, 2)), np.arange(40) % 2
    y[30:] = 1
    np.savez("rows.npz", x=x, y=y)
    spec = SPEC.format(last="softmax", eta=0.1).replace("test_from: random", "test_from: last")
    Path("spec.yaml").write_text(spec)
    run = nncli("train", "spec.yaml", "-q").stdout.strip()
    value = json.loads(nncli("eval", run, "--json").stdout)
    assert value["roc_auc"] is value["baseline_roc_auc"] is None
    assert "nan" not in nncli("eval", run).stdout


def test_a_table_is_judged_in_the_units_of_its_target(nncli):
    """R^2 does not know units: rmse^2 = (1 - R^2) SST / n, with SST from the numbers in the file."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((160, 2))
    price = 5000 + 800 * x[:, 0] - 300 * x[:, 1] + 100 * rng.standard_normal(160)
    lines = [f"{a!r},{b!r},{y!r}" for (a, b), y in zip(x.tolist(), price.tolist(), strict=True)]
    for name, part in {"houses": lines[:120], "later": lines[120:]}.items():
        Path(f"{name}.csv").write_text("\n".join(["a,b,price", *part]) + "\n")
    Path("spec.yaml").write_text(
        "data: {source: csv, path: houses.csv, target: price, test: later.csv}\n"
        "architecture: [{input_dim: auto, output_dim: auto, activation: identity}]\n"
        "epochs: 20\nbatch_size: 10\neta: 0.02\ntrack: [test]\n"
        "early_stopping: {monitor: test_rmse, patience: 3, min_delta: 50}\n"
    )
    run = Path(nncli("train", "spec.yaml", "-q").stdout.strip())
    value = json.loads(nncli("eval", run, "--json").stdout)
    later, mean = price[120:], price[:120].mean()
    assert value["rmse"] ** 2 == pytest.approx((1 - value["r2"]) * later.var(), rel=1e-4)
    assert 50 < value["rmse"] < 300
    assert value["baseline_rmse"] == pytest.approx(np.sqrt(np.mean((later - mean) ** 2)))
    assert value["baseline_mae"] == pytest.approx(np.abs(later - mean).mean())
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert 3 < len(records) < 20  # 50 is half a spread of nothing, but little money
    assert value["rmse"] == min(record["test_rmse"] for record in records)
    assert nncli("plot", run, "--only", "predicted").exit_code == 0
