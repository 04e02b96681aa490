"""nncli from Python: the same runs, the same answers and the same refusals as from the command line."""

from __future__ import annotations

import csv
import doctest
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import threadpoolctl
from support import SPEC, same_bytes
from typer.testing import CliRunner

import nncli
from nncli import experiment
from nncli.cli.app import app
from nncli.errors import DamagedError, DataError, DivergedError, SpecError, UsageError

ROOT = Path(__file__).parent.parent
TABLE = """\
name,kind,width,length,answer
a,x,1,5.5,no
b,y,2,,yes
c,x,3,7.25,no
d,y,4,8,yes
e,x,5,9,no
f,y,6,1,yes
g,true,7,2,no
h,true,8,3,yes
"""
TABLE_SPEC = """\
data: {source: csv, path: table.csv, target: answer, key: name, columns: {code: category}}
architecture:
  - {input_dim: auto, output_dim: 4, activation: tanh}
  - {input_dim: 4, output_dim: auto, activation: softmax}
epochs: 2
batch_size: 4
eta: 0.5
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(SPEC)


@pytest.fixture
def table_run():
    Path("table.csv").write_text(TABLE)
    Path("table.yaml").write_text(TABLE_SPEC.replace(", columns: {code: category}", ""))
    return nncli.train("table.yaml")


def command(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_example_of_the_readme(monkeypatch):
    """Every line of it, as it stands there, with the configs that come along."""
    Path("configs").symlink_to(ROOT / "configs")
    (block,) = re.findall(
        r"```python\n(>>> import nncli\n.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    assert len(test.examples) >= 6
    assert doctest.DocTestRunner().run(test).failed == 0


def test_a_run_is_the_one_of_the_command_line():
    run = nncli.train("spec.yaml", eta=0.25, data__samples=80, runs_dir="mine")
    other = command("train", "spec.yaml", "--set", "eta=0.25", "--set", "data.samples=80", "-q")
    same_bytes(run.path, Path(other.strip()))
    assert run.path.parent == Path("mine")
    assert (run.status, run.spec.eta, run.spec.data.samples) == ("finished", 0.25, 80)
    assert [record["epoch"] for record in run.records] == [1, 2, 3]
    assert run.summary["final"]["test_loss"] == run.records[-1]["test_loss"]


def test_a_mapping_and_the_spec_of_a_run_are_specs_too(tmp_path):
    layers = ({"input_dim": 2, "output_dim": np.int64(1), "activation": "sigmoid"},)
    run = nncli.train("spec.yaml", architecture=layers, seed=np.int64(7), run_dir="here")
    assert run.path == Path("here")
    assert run.weights["W1"].shape == (1, 2)
    same_bytes(run.path, nncli.train(run.spec).path)
    same_bytes(run.path, nncli.train(run.info["spec"]).path)
    adam = nncli.train(run.info["spec"], optimizer__name="adam", optimizer__beta1=0.5)
    assert (adam.spec.optimizer.name, adam.spec.optimizer.beta1) == ("adam", 0.5)


def test_records_are_seen_as_they_come():
    seen = []
    run = nncli.train("spec.yaml", on_record=seen.append)
    assert seen == run.records


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"eat": 1}, "eat: unknown key"),
        ({"eta": -1}, "eta: is -1, must be"),
        ({"data__samples": 0.5}, "data.samples: is 0.5"),
        ({"eta": object()}, "eta: is of object, which no spec can hold"),
        ({"data": {"source": "moons", "noise": {1, 2}}}, "data.noise: is of set"),
        ({"architecture__0__output_dim": 5}, "architecture[1].input_dim: is 8"),
        ({"architecture__0__input_dim": 3}, "architecture[0].input_dim: is 3, but each row"),
        ({"optimizer__": "adam"}, "optimizer."),
    ],
)
@pytest.mark.parametrize("spec", ["file", "mapping"])
def test_what_is_set_is_refused_by_its_key(spec, keys, said):
    given = "spec.yaml"
    if spec == "mapping":
        given = nncli.train("spec.yaml", run_dir="one").info["spec"]
    with pytest.raises(SpecError) as caught:
        nncli.train(given, **keys)
    assert said in str(caught.value)
    assert "--set" not in str(caught.value)


def test_what_a_file_says_keeps_its_line():
    Path("bad.yaml").write_text(SPEC.replace("eta: 0.5", "eta: -1", 1))
    with pytest.raises(SpecError, match=r"^bad\.yaml:8:1: eta: is -1"):
        nncli.train("bad.yaml")


def test_warnings_are_those_of_python():
    with pytest.warns(UserWarning, match="batch_size: is 1000, more than the 90") as caught:
        nncli.train("spec.yaml", batch_size=1000)
    assert {warning.filename for warning in caught} == {__file__}


def test_answers_are_those_of_predict(tmp_path):
    run = nncli.train("spec.yaml")
    x = np.random.default_rng(0).normal(size=(1500, 2))
    np.save("x.npy", x)
    lines = [
        json.loads(line)
        for line in command("predict", run.path, "x.npy", "--format", "jsonl").splitlines()
    ]
    again = nncli.load_run(run.path)
    for given in (x, x.tolist(), {"x": x[:, 0], "y": x[:, 1]}, "x.npy", Path("x.npy")):
        assert again.predict(given).tolist() == [line["label"] for line in lines]
        p = again.predict_proba(given)
        np.testing.assert_allclose(p[:, 1], [line["p_1"] for line in lines], rtol=1e-5)
    np.save("none.npy", x[:0])
    assert again.predict(x[:0]).tolist() == again.predict("none.npy").tolist() == []
    assert again.predict("none.npy").dtype.kind == "U", "labels, though there are none"
    assert again.classes == ("0", "1")


def test_rows_of_a_table_come_by_column(table_run):
    rows = list(csv.DictReader(TABLE.splitlines()))
    texts = {name: [row[name] for row in rows] for name in rows[0]}
    wanted = table_run.predict_proba("table.csv")
    np.testing.assert_array_equal(table_run.predict_proba(texts), wanted)
    values = {
        "length": [5.5, None, 7.25, 8, 9, float("nan"), 2, 3],
        "width": np.arange(1, 9),
        "kind": ["x", "y", "x", "y", "x", "y", True, True],
    }
    values["length"][5] = 1.0
    np.testing.assert_array_equal(table_run.predict_proba(values), wanted)
    values["length"] = np.array([5.5, np.nan, 7.25, 8, 9, 1, 2, 3], np.float32)
    np.testing.assert_array_equal(table_run.predict_proba(Frame(values)), wanted)


class Frame:
    """What data frames have in common."""

    def __init__(self, columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        cells = self._columns[name]
        return cells if isinstance(cells, np.ndarray) else np.array(cells, object)


def test_what_a_table_network_cannot_take(table_run):
    good = {"kind": ["x"], "width": [1], "length": [2.0]}
    for rows, said in (
        (np.zeros((1, 3)), "Give a mapping or a data frame with the columns kind, width, length"),
        ({**good, "Kind": good["kind"]} | {"kind": None}, "column `kind` is a single value"),
        ({"Kind": ["x"], "width": [1], "length": [2]}, "kind (did you mean Kind?)"),
        (
            {**good, "width": np.ones((1, 1))},
            "column `width` is an array (1, 1). Give one cell a row",
        ),
        ({**good, "width": [1, 2]}, "not equally long: 1 and 2 cells"),
        ({**good, "width": ["wide"]}, "rows:1: column `width` holds `wide` where numbers"),
        ({**good, "width": [np.inf]}, "rows:1: column `width` holds a number far beyond"),
        ({**good, 1: [1], "1": [2]}, "several columns are called 1. Keep one of them"),
    ):
        with pytest.raises(DataError, match=re.escape(said)):
            table_run.predict(rows)


def test_what_an_array_network_cannot_take():
    run = nncli.train("spec.yaml")
    for rows, said in (
        ([1, 2], "the array is (2,), but the network takes (rows, 2)"),
        (np.zeros((3, 5)), "the array is (3, 5)"),
        ([["a", "b"]], "where numbers are expected"),
        ([[1, 2], [3]], "rows: are no array"),
        ([[1, 0], [np.nan, 0]], "rows: 1 of 4 values are not finite, first nan in row 1, column 0"),
        ([[1, 0], [1e39, 0]], "row 2 of all rows: the network's answer is not a finite number"),
    ):
        with pytest.raises(DataError, match=re.escape(said)):
            run.predict(rows)
    with pytest.raises(UsageError, match=r"nowhere\.csv: no such file"):
        run.predict("nowhere.csv")


def test_numbers_have_no_probabilities(tmp_path):
    x = np.random.default_rng(1).normal(size=(60, 2))
    for name, y in (("one", x @ [1.0, 2.0]), ("two", x @ [[1.0, 2.0], [3.0, 4.0]])):
        np.savez(f"{name}.npz", x=x, y=y)
    layers = [{"input_dim": 2, "output_dim": "auto", "activation": "identity"}]
    for name, shape in (("one", (60,)), ("two", (60, 2))):
        data = {"source": "npz", "path": f"{name}.npz"}
        run = nncli.train("spec.yaml", data=data, architecture=layers, track=["train"])
        assert run.predict(x).shape == shape
        with pytest.raises(UsageError, match="gives numbers, not probabilities"):
            run.predict_proba(x)


def test_pictures_may_keep_their_shape():
    layers = [{"input_dim": 64, "output_dim": 10, "activation": "softmax"}]
    run = nncli.train("spec.yaml", data="digits", architecture=layers, track=["train"], epochs=1)
    from sklearn.datasets import load_digits

    images = load_digits().images[:20]
    flat = run.predict_proba(images.reshape(20, 64))
    np.testing.assert_array_equal(run.predict_proba(images), flat)
    np.testing.assert_allclose(run.predict_proba(images[0]), flat[:1], rtol=1e-5)


def test_evaluate_is_eval():
    run = nncli.train("spec.yaml")
    for split in ("test", "train"):
        told = json.loads(command("eval", run.path, "--split", split, "--json"))
        assert run.evaluate(split) == told == nncli.load_run(run.path).evaluate(split)
    assert run.evaluate()["split"] == "test"
    with pytest.raises(UsageError, match="only train, test"):
        run.evaluate("validation")


def test_what_is_no_run_is_refused():
    with pytest.raises(UsageError, match="nowhere: no such run directory"):
        nncli.load_run("nowhere")
    Path("empty").mkdir()
    with pytest.raises(DamagedError, match="is not an nncli run"):
        nncli.load_run("empty")


def test_of_a_sweep_the_best_trial_is_loaded():
    command("sweep", "spec.yaml", "--quiet")
    (sweep,) = Path("runs").glob("*-sweep-*")
    assert nncli.load_run(sweep).spec.eta == 0.5


@pytest.fixture
def heard() -> Iterator[None]:
    """SIGINT as a terminal's process has it: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_ctrl_c_keeps_the_run():
    def interrupt(record):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="stopped after epoch 1"):
        nncli.train("spec.yaml", run_dir="stopped", on_record=interrupt)
    run = nncli.load_run("stopped")
    assert run.status == "interrupted"
    assert run.summary["epochs"] == 1
    assert run.predict([[0, 0]]).shape == (1,)


class Seen(Exception):
    """What the caller of a training raises."""


@pytest.mark.parametrize("error", [Seen("enough\nof it"), KeyboardInterrupt(), SystemExit(1)])
def test_what_on_record_raises_ends_the_run_in_order(error):
    """At the record that it saw; `resume` goes on to the bytes of a run that was never stopped."""

    def on_record(record):
        if record["epoch"] == 2:
            raise error

    whole = nncli.train("spec.yaml", run_dir="whole", epochs=4)
    with pytest.raises(type(error)) as raised:
        nncli.train("spec.yaml", run_dir="broken", epochs=4, on_record=on_record)
    assert raised.value is error
    run = nncli.load_run("broken")
    said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    assert (run.status, run.info["reason"]) == ("interrupted", said)
    assert (len(run.records), run.kept["epoch"]) == (2, 2)
    assert CliRunner().invoke(app, ["resume", "broken", "--quiet"]).exit_code == 0
    assert nncli.load_run("broken").info["reason"] == ""
    same_bytes(Path("broken"), whole.path)


def test_a_training_that_breaks_in_a_batch_says_so_and_can_be_resumed(monkeypatch):
    """Its state may be half done: it goes on from the last checkpoint."""
    whole = nncli.train("spec.yaml", run_dir="whole")
    for number, error in enumerate((KeyboardInterrupt(), ValueError("a bug"), GeneratorExit())):

        def broken(*arguments, error=error):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(experiment, "_to_the_next_checkpoint", broken)
            with pytest.raises(type(error)):
                nncli.train("spec.yaml", run_dir=f"broken-{number}")
        run = nncli.load_run(f"broken-{number}")
        assert run.status == "failed"
        assert run.info["reason"].startswith(type(error).__name__)
        assert CliRunner().invoke(app, ["resume", str(run.path), "--quiet"]).exit_code == 0
        same_bytes(run.path, whole.path)


def test_trainings_leave_the_threads_of_the_process_as_they_were():
    """One after the other, in each other, at the same time in threads, and broken off."""
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = blas_pools()
        begun, second_begun, ended = (threading.Event() for _ in range(3))
        inside: list[list[int]] = []

        def first(record):
            begun.set()
            assert second_begun.wait(60)

        def second(record):
            inside.append(blas_pools())
            second_begun.set()
            assert ended.wait(60)

        one, two = (
            threading.Thread(
                target=nncli.train, args=("spec.yaml",), kwargs={"threads": 1, "on_record": watch}
            )
            for watch in (first, second)
        )
        one.start()
        assert begun.wait(60)
        two.start()
        one.join()
        ended.set()
        two.join()
        assert blas_pools() == before
        assert inside[0] == [1] * len(before)  # whichever thread set a number first

        def seen(record):
            nncli.train("spec.yaml", threads=1)
            assert blas_pools() == [1] * len(before)
            raise Seen

        with pytest.raises(Seen):
            nncli.train("spec.yaml", threads=1, on_record=seen)
        assert blas_pools() == before


def blas_pools():
    pools = threadpoolctl.threadpool_info()
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]


def test_the_names_are_there_and_cost_nothing():
    code = "import sys, nncli; print(*dir(nncli)); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, numpy = done.stdout.splitlines()
    assert {"Run", "load_run", "train"} <= set(names.split())
    assert numpy == "False"
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = nncli.trian


def test_refusals_name_arguments_and_no_options():
    """What the command line would call --set, --split, --run-dir."""
    with pytest.raises(DivergedError, match="Try a smaller eta: eta=") as diverged:
        nncli.train("spec.yaml", eta=1e300)
    run = nncli.train("spec.yaml", run_dir="here")
    with pytest.raises(
        UsageError, match=r"^split validation: the data has only train, test$"
    ) as split:
        run.evaluate("validation")
    with pytest.raises(UsageError, match="Choose another run_dir, or leave it out") as folder:
        nncli.train("spec.yaml", run_dir="here")
    for refusal in (diverged, split, folder):
        assert "--" not in str(refusal.value)
