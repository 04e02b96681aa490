"""Classes by their names, from every source to every answer: what `predict` says is what the data said."""

from __future__ import annotations

import csv
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import same_bytes

import nncli as api
from nncli.data.encoding import Preprocessing, TableEncoding, TextColumn
from nncli.data.sources import DIVIDED, LOADERS, load
from nncli.export.formats import FORMATS
from nncli.network.params import Array
from nncli.runs import rundir, weights
from nncli.runs.weights import Meta, Weights
from nncli.spec.model import LayerSpec

STYLES: dict[str, dict[Any, str]] = {
    "places": {0: "0", 1: "1", 2: "2"},
    "from one": {1: "1", 2: "2", 3: "3"},
    "with a gap": {0: "0", 1: "1", 2: "2", 4: "4"},
    "large": {100: "100", 200: "200"},
    "larger": {100: "100", 1000: "1000"},
    "largest": {-(2**62): str(-(2**62)), 2**62: str(2**62)},
    "signs": {-1: "-1", 1: "1"},
    "texts": {"good": "good", "bad": "bad", "ugly": "ugly"},
    "leading zeros": {"007": "007", "7": "7", "1.0": "1.0"},
    "spellings of numbers": {"7": "7", "7.0": "7", "1.0": "1"},
    "blanks": {"good": "good", "good ": "good", "\u00a0good": "good", "bad\t": "bad"},
}
"""A class as it is written in the data, and its name. At most four, for there are four inputs."""
SPEC = """\
data: DATA
architecture: [{input_dim: auto, output_dim: auto, activation: softmax}]
optimizer: adam
epochs: 30
batch_size: 8
eta: 0.2
track: [train]
"""
EACH = 12
"""Rows of each class."""


def is_text(label: Any) -> bool:
    return isinstance(label, str)


def is_byte(label: Any) -> bool:
    return not is_text(label) and 0 <= label <= 255


def is_file_name(label: Any) -> bool:
    return is_text(label) and label == label.strip()


def is_own_name(pair: tuple[Any, str]) -> bool:
    """A folder has its name, in whatever spelling."""
    return pair[0] == pair[1]


def csv_of(x: Array, y: list[Any]) -> tuple[str, str]:
    with Path("t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["a", "b", "c", "d", "y"], *([*r, n] for r, n in zip(x, y, strict=True))]
        )
    return "{source: csv, path: t.csv, target: y, test: 0}", "t.csv"


def npz_of(x: Array, y: list[Any]) -> tuple[str, str]:
    np.savez("t.npz", x=x, y=np.array(y))
    np.save("x.npy", x)
    return "{source: npz, path: t.npz}", "x.npy"


def npy_of(x: Array, y: list[Any]) -> tuple[str, str]:
    np.save("x.npy", x)
    np.save("y.npy", np.array(y))
    return "{source: npy, path: x.npy, y: y.npy}", "x.npy"


def idx_of(x: Array, y: list[Any]) -> tuple[str, str]:
    pixels = (x * 255).astype(np.uint8).tobytes()
    images = b"\0\0\x08\x03" + struct.pack(">3I", len(x), 2, 2) + pixels
    Path("train-images-idx3-ubyte").write_bytes(images)
    Path("train-labels-idx1-ubyte").write_bytes(
        b"\0\0\x08\x01" + struct.pack(">I", len(y)) + bytes(y)
    )
    return "{source: idx, path: .}", "train-images-idx3-ubyte"


def images_of(x: Array, y: list[Any]) -> tuple[str, str]:
    image = pytest.importorskip("PIL.Image")
    for number, (row, label) in enumerate(zip(x, y, strict=True)):
        for path in (Path("photos", label, f"{number}.png"), Path("flat", f"{number:03}.png")):
            path.parent.mkdir(parents=True, exist_ok=True)
            image.fromarray((row.reshape(2, 2) * 255).astype(np.uint8)).save(path)
    return "{source: images, path: photos, size: [2, 2], test: 0}", "flat"


Maker = Callable[[Array, list[Any]], tuple[str, str]]
MADE: dict[str, tuple[Maker, Callable[[Any], bool]]] = {
    "csv": (csv_of, lambda label: abs(label) < 1e6 if not is_text(label) else True),
    "npz": (npz_of, lambda label: not is_text(label)),
    "npy": (npy_of, lambda label: not is_text(label)),
    "idx": (idx_of, is_byte),
    "images": (images_of, is_file_name),
}
"""Source -> what writes rows and classes and gives `data:` and an input to predict; and which labels it can hold."""
OWN = {"mnist", "digits", "moons", "circles", "spirals"}
"""Sources whose classes are their own."""
CASES = [
    pytest.param(source, style, id=f"{source}-{style}")
    for source, (_, holds) in MADE.items()
    for style, classes in STYLES.items()
    if all(map(holds, classes)) and (source != "images" or all(map(is_own_name, classes.items())))
]


def trained(nncli: Any, source: str, style: str, *overrides: str) -> tuple[Path, str, list[str]]:
    """A run, an input to predict, and the name of each row's class."""
    written = [label for label in STYLES[style] for _ in range(EACH)]
    x = np.repeat(np.eye(4, dtype=np.float32)[: len(STYLES[style])], EACH, axis=0)
    order = np.random.default_rng(0).permutation(len(x))
    data, given = MADE[source][0](x[order], [written[row] for row in order])
    Path("spec.yaml").write_text(SPEC.replace("DATA", data))
    words = [word for one in overrides for word in ("--set", one)]
    result = nncli("train", "spec.yaml", "-q", "--run-dir", "run", *words)
    assert result.exit_code == 0, result.output
    return Path("run"), given, [STYLES[style][written[row]] for row in order]


def test_every_source_is_here():
    assert set(MADE) | OWN == set(LOADERS) | set(DIVIDED)
    assert {case.values[0] for case in CASES} == set(MADE)


@pytest.mark.parametrize(("source", "style"), CASES)
def test_the_answers_are_the_labels_of_the_data(nncli, source, style):
    run, given, labels = trained(nncli, source, style)
    result = nncli("predict", run, given)
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert [row["label"] for row in rows] == labels
    opened = api.load_run(run)
    names = opened.classes
    assert set(names) == set(labels)
    assert opened.weights["W1"].shape[0] == len(names), "an output for no class"
    for row, label in zip(rows, labels, strict=True):
        assert max(names, key=lambda name: float(row[f"p_{name}"])) == label
    assert opened.predict(given).tolist() == labels
    found = json.loads(nncli("eval", run, "--json", "--split", "train").stdout)
    assert (found["classes"], found["accuracy"]) == (list(names), 1.0)
    assert np.diag(found["confusion"]).tolist() == [labels.count(name) for name in names]
    shown = json.loads(nncli("data", "show", "spec.yaml", "--json").stdout)["classes"]
    assert {name: sum(rows.values()) for name, rows in shown.items()} == {
        name: labels.count(name) for name in names
    }


@pytest.mark.parametrize("source", MADE)
def test_classes_are_weighed_by_name(nncli, source):
    style = next(case.values[1] for case in CASES if case.values[0] == source)
    names = sorted(set(STYLES[style].values()))
    heavy = json.dumps(dict.fromkeys(names, 1) | {names[0]: 3})
    run, *_ = trained(nncli, source, style, f"class_weight={heavy}")
    assert rundir.open_run(run)["spec"]["class_weight"][names[0]] == 3
    wrong = nncli("check", "spec.yaml", "--set", f"class_weight={heavy.replace(names[0], 'zzz')}")
    assert (wrong.exit_code, "is no class of the data" in wrong.stderr) == (2, True)


def as_python(file: Path, given: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(file), given], capture_output=True, text=True, check=True
    )
    return [row["label"] for row in csv.DictReader(done.stdout.splitlines())]


def as_onnx(file: Path, given: str) -> list[str]:
    session = pytest.importorskip("onnxruntime").InferenceSession(file)
    (name,) = (one.name for one in session.get_inputs())
    return list(session.run(None, {name: np.load(given)})[0].reshape(-1))


ANSWERS: dict[str, Callable[[Path, str], list[str]] | None] = {
    "python": as_python,
    "onnx": as_onnx,
    "html": None,
    "safetensors": None,
}
"""Format -> the labels that it answers; None for a file that only has to hold the names."""


@pytest.mark.parametrize("form", FORMATS)
def test_every_export_knows_the_names(nncli, form):
    run, given, labels = trained(nncli, "npz", "larger")
    file = Path(f"net{FORMATS[form].ending}")
    result = nncli("export", run, "--to", form, "--out", file)
    assert result.exit_code == 0, result.output
    answer = ANSWERS[form]
    if answer:
        assert answer(file, given) == labels
    else:
        text = file.read_bytes().replace(b"\\", b"").replace(b" ", b"")
        assert b'["100","1000"]' in text


def test_a_class_that_training_never_saw_is_said(nncli):
    x = np.eye(3).repeat(4, axis=0)
    y = np.repeat([1, 2, 9], 4)
    np.savez("t.npz", x=x[:8], y=y[:8], x_test=x, y_test=y)
    Path("spec.yaml").write_text(SPEC.replace("DATA", "{source: npz, path: t.npz}"))
    result = nncli("check", "spec.yaml")
    assert result.exit_code == 0
    assert "no training row is of class `9`: the network cannot learn it" in result.stderr
    assert "classes   1, 2, 9" in result.stdout


def test_output_dim_that_does_not_fit_names_the_classes(nncli):
    np.savez("t.npz", x=np.eye(4), y=[100, 1000, 100, 1000])
    text = SPEC.replace("DATA", "{source: npz, path: t.npz}")
    Path("spec.yaml").write_text(text.replace("output_dim: auto", "output_dim: 1001"))
    said = "output_dim: is 1001, but the data has 2 classes (100, 1000). Set it to 2."
    assert said in nncli("check", "spec.yaml").stderr


def test_data_with_some_of_the_classes_are_judged_by_name(nncli):
    """A network that knows 1, 2 and 3 is judged on rows of 3 and 1 alone."""
    run, *_ = trained(nncli, "npz", "from one")
    np.savez("t.npz", x=np.eye(4, dtype=np.float32)[[2, 0, 2]], y=[3, 1, 3])
    found = json.loads(nncli("eval", run, "--json", "--split", "train").stdout)
    assert (found["accuracy"], found["classes"]) == (1.0, ["1", "2", "3"])
    assert np.diag(found["confusion"]).tolist() == [1, 0, 2]


def layer(inputs: int, outputs: int) -> LayerSpec:
    return LayerSpec(input_dim=inputs, output_dim=outputs, activation="softmax")


def old_weights(
    path: Path, classes: tuple[str, ...], table: TableEncoding | None = None
) -> Weights:
    """Weights of an earlier version that answer with the place of the 1 among their inputs."""
    size = len(classes)
    meta = Meta(
        format=2,
        architecture=(layer(size, size),),
        loss="cross_entropy",
        preprocessing=Preprocessing(scale=1.0, table=table),
        classes=classes,
        epoch=1,
        batch=0,
    )
    params = {"W1": 9 * np.eye(size, dtype="f4"), "b1": np.zeros(size, "f4")}
    weights.write(path, Weights(params, meta))
    return weights.read(path)


def test_old_weights_of_classes_and_categories_with_blanks_answer_as_they_were_trained(nncli):
    names = ("bad", "good", "good ")
    table = TableEncoding(
        columns=(TextColumn(name="x", categories=names),), target=("y",), missing=("", "NA")
    )
    old_weights(Path("w.npz"), names, table)
    Path("t.csv").write_text("x,y\nbad,bad\ngood,good\n" + '"good ","good "\n' + " good,good\n")
    answers = csv.DictReader(nncli("predict", "w.npz", "t.csv").stdout.splitlines())
    assert [row["label"] for row in answers] == ["bad", "good", "good ", "good"]
    data = "{source: csv, path: t.csv, target: y, test: 0}"
    Path("spec.yaml").write_text(SPEC.replace("DATA", data))
    found = json.loads(nncli("eval", "w.npz", "--spec", "spec.yaml", "--json").stdout)
    assert (found["accuracy"], found["classes"]) == (1.0, list(names))


def test_old_weights_with_a_dead_class_are_judged_as_they_were_trained(nncli):
    """Classes 1 and 2 had three outputs, the first for a class 0 that no row has."""
    old_weights(Path("w.npz"), ("0", "1", "2"))
    np.savez("t.npz", x=np.eye(3)[[1, 2, 1]], y=[1, 2, 1])
    text = SPEC.replace("DATA", "{source: npz, path: t.npz}")
    Path("spec.yaml").write_text(text.replace("output_dim: auto", "output_dim: 3"))
    found = json.loads(nncli("eval", "w.npz", "--spec", "spec.yaml", "--json").stdout)
    assert (found["accuracy"], found["classes"]) == (1.0, ["0", "1", "2"])


def test_old_runs_with_a_dead_class_are_repeated_and_gone_on_with(nncli):
    """One-hot rows whose first column is empty train what class numbers from 1 did."""
    x, y = np.random.default_rng(0).standard_normal((60, 3)), 1 + np.arange(60) % 3
    np.savez("t.npz", x=x, y=np.eye(4, dtype=int)[y])
    text = SPEC.replace("DATA", "{source: npz, path: t.npz}").replace("epochs: 30", "epochs: 2")
    Path("spec.yaml").write_text(text)
    for run, *words in (("run",), ("longer", "--set", "epochs=4")):
        assert nncli("train", "spec.yaml", "-q", "--run-dir", run, *words).exit_code == 0
    before = rundir.open_run(Path("run"))
    np.savez("t.npz", x=x, y=y)
    now = load(rundir.spec_of(before, Path("run")).data)
    assert now.classes == ("1", "2", "3")
    mark = {"sha256": now.fingerprint.sha256, "sampled": False}
    rundir.write_json(Path("run/run.json"), before | {"data": mark, "format": 2})
    assert nncli("repeat", "run", "-q").exit_code == 0
    assert nncli("resume", "run", "--epochs", "3", "-q").exit_code == 0
    assert nncli("resume", "run", "--epochs", "4", "-q").exit_code == 0
    same_bytes(Path("run"), Path("longer"))
