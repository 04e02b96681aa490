"""One list of input rules on all ways of predicting: each gives the same answer, or none."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import Trained, nncli
from input_rules import CLASSES, COLORS, FAR, MISSING, RED, RULES, Refusal, Rule
from ways import NO_WAYS, WAYS, Asked, Refused, near, refused

from nncli.data.encoding import NumberColumn
from nncli.export.formats import FORMATS
from nncli.network.activations import activate
from nncli.predict import open_network
from nncli.runs import weights as weights_file
from nncli.runs.weights import Meta, Weights

SPEC = """\
data: {source: csv, path: data.csv, target: kind, test: 0.2, missing: MISSING}
architecture:
  - {input_dim: auto, output_dim: 4, activation: tanh}
  - {input_dim: 4, output_dim: auto, activation: softmax}
epochs: 5
batch_size: 5
eta: 0.5
"""
ARRAYS = ("array", "array file")
TABLES = ("number cell", "text cell", "float value", "object value", "table file")
MARKS = {"html": pytest.mark.browser}


def test_every_way_answers_or_says_why_not():
    """A new format has a way here, and every way takes every sort of rule, or says why it cannot see it."""
    assert {*TABLES, *ARRAYS, "row"} == set(RULES)
    assert {"predict", "python api", *FORMATS} == {*WAYS, *NO_WAYS}
    for name, way in WAYS.items():
        assert set(way.asks) == set(RULES), name


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network for a table with holes, odd categories and odd names of classes."""
    folder = tmp_path_factory.mktemp("shapes")
    rng = np.random.default_rng(0)
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("size", "mass", "color", "kind"))
        for at, (color, kind) in enumerate(itertools.product(COLORS * 2, CLASSES)):
            size = "" if at % 10 == 0 else f"{20 + 10 * (at % 3) + rng.normal():.3f}"
            writer.writerow((size, f"{rng.normal(2):.3f}", color, kind))
    (folder / "spec.yaml").write_text(SPEC.replace("MISSING", str(list(MISSING))))
    result = nncli("train", folder / "spec.yaml", "-q", "--runs-dir", folder)
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())


def encoded(weights: Weights, row: Any) -> Any:
    """A row as the network's inputs, by the formula."""
    preprocessing = weights.meta.preprocessing
    if preprocessing.table is None:
        return np.array(row) / preprocessing.scale
    x: list[float] = []
    for column in preprocessing.table.columns:
        cell = row[column.name]
        if isinstance(column, NumberColumn):
            value = column.fill if cell is None else cell
            x += [(value - column.center) / column.spread, float(cell is None)][: 1 + column.flag]
        else:
            x += [float((cell or "") == text) for text in column.categories]
    return np.array(x)


def right_answers(weights: Weights, rows: list[Any]) -> tuple[list[Any], Any]:
    """Labels and numbers, layer after layer in float64."""
    meta, params = weights.meta, weights.params
    if not rows:
        return [], np.empty((0, 0))
    a = np.array([encoded(weights, row) for row in rows])
    for number, layer in enumerate(meta.architecture, 1):
        z = a @ params[f"W{number}"].T.astype(float) + params[f"b{number}"]
        with np.errstate(over="ignore"):
            a = activate(layer.activation, z)
    if meta.labels:
        return (a > 0.5).astype(int).tolist(), a
    table = meta.preprocessing.table
    if meta.classes is None:
        return [], a * np.array((table and table.spreads) or 1) + ((table and table.centers) or 0)
    chosen = (a[:, 0] > 0.5).astype(int) if a.shape[1] == 1 else a.argmax(axis=1)
    is_shared = a.shape[1] == 1 and meta.architecture[-1].activation == "sigmoid"
    return [meta.classes[one] for one in chosen], np.hstack([1 - a, a]) if is_shared else a


def given_and_right(sort: str, rule: Rule, is_wide: bool) -> tuple[Any, list[Any] | Refusal]:
    """What a way is given, and the rows that it means."""
    given, right = rule.given, rule.right
    if sort in ("table file", "array file", "array"):
        return given, right
    if sort == "row":
        wide = is_wide and right is FAR
        return given, [given] if wide else right if isinstance(right, Refusal) else [right]
    column = "color" if sort == "text cell" else "size"
    is_text = sort in ("number cell", "text cell")
    base = {name: str(cell) if is_text else cell for name, cell in RED.items()}
    return base | {column: given}, right if isinstance(right, Refusal) else [RED | {column: right}]


def faults(way: str, sort: str, asked: Asked) -> Iterator[str]:
    """Every rule of a sort that a way does not keep, in a line."""
    ask, weights = WAYS[way].asks[sort], open_network(asked.run).weights
    assert callable(ask)
    is_wide = weights.params["W1"].dtype == np.float64
    for rule in RULES[sort]:
        given, right = given_and_right(sort, rule, is_wide)
        try:
            answer = ask(asked, given)
        except Refused as error:
            said = str(error).strip()
            if not isinstance(right, Refusal):
                if way not in rule.refused_by:
                    yield f"{rule.name}: refused: {said}"
            elif not said or (way != "onnx" and "\n" in said):
                yield f"{rule.name}: refused, but not in one line"
            elif way == "predict" and right.word not in said:
                yield f"{rule.name}: refused by the wrong word: {said}"
            continue
        if isinstance(right, Refusal):
            yield f"{rule.name}: answered: {answer.chosen} {answer.numbers.tolist()}"
            continue
        chosen, numbers = right_answers(weights, right)
        if answer.chosen != chosen or (len(numbers) and answer.numbers != near(numbers, 1e-5)):
            yield f"{rule.name}: another answer: {answer.chosen} {answer.numbers.tolist()}"
        if way == "python" and answer.printed is not None:
            printed = WAYS["predict"].asks[sort](asked, given).printed  # type: ignore[operator]
            if answer.printed != printed:
                yield f"{rule.name}: printed {answer.printed!r}, not {printed!r}"


def cases(sorts: Any) -> list[Any]:
    """Each way with each sort of rule that it sees."""
    return [
        pytest.param(way, sort, marks=MARKS.get(way, ()))
        for way in WAYS
        for sort in sorts
        if callable(WAYS[way].asks[sort])
    ]


def asked_of(run: Path, way: str, folder: Path, request: pytest.FixtureRequest) -> Asked:
    if way == "onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")
    return Asked(run, folder, request.getfixturevalue("browser") if way == "html" else None)


@pytest.mark.parametrize(("way", "sort"), cases(TABLES))
def test_rows_of_tables(way, sort, shapes, tmp_path, request):
    assert list(faults(way, sort, asked_of(shapes, way, tmp_path, request))) == []


@pytest.mark.parametrize(("way", "sort"), cases(["row"]))
def test_rows_of_numbers(way, sort, kinds: dict[str, Trained], tmp_path, request):
    """On every kind of answer, in both types of numbers."""
    found = []
    for name, kind in kinds.items():
        folder = tmp_path / name
        folder.mkdir()
        asked = asked_of(kind.run, way, folder, request)
        found += [f"{name}: {fault}" for fault in faults(way, sort, asked)]
        asked.close()
    assert found == []


@pytest.mark.parametrize(("way", "sort"), cases(ARRAYS))
def test_arrays(way, sort, kinds: dict[str, Trained], tmp_path, request):
    run = next(iter(kinds.values())).run
    assert list(faults(way, sort, asked_of(run, way, tmp_path, request))) == []


LAYERS = (
    {"input_dim": 3, "output_dim": 1, "activation": "relu"},
    {"input_dim": 1, "output_dim": 1, "activation": "identity"},
)


@pytest.mark.parametrize(("way", "sort"), cases(["row"]))
def test_sums_beyond_float32_are_no_answer(way, sort, tmp_path, request):
    """1e38 is a float32, and 100 times as much is not: a page, which computes in float64, does not know better."""
    if way == "python api":
        pytest.skip("opens runs, no weights files; it asks the same function as predict")
    told = {"architecture": LAYERS, "loss": "mse", "preprocessing": {"scale": 1}}
    meta = Meta(**told, format=1, classes=None, epoch=1, batch=0)  # type: ignore[arg-type]
    ones = np.ones((1, 1), "float32")
    params = {"W1": ones * [[100, 0, 0]], "b1": ones[0], "W2": ones / 1000, "b2": ones[0]}
    params = {name: array.astype("float32") for name, array in params.items()}
    weights_file.write(tmp_path / "steep.npz", Weights(params, meta))
    asked = asked_of(tmp_path / "steep.npz", way, tmp_path, request)
    ask = WAYS[way].asks[sort]
    assert callable(ask)
    assert ask(asked, [10.0, 0.0, 0.0]).numbers == near(np.array([[2.001]]), 1e-5)
    assert refused(ask, asked, [1e38, 0.0, 0.0])
