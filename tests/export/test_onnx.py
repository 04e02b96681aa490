"""`nncli export --to onnx`: a graph that gives the answers of `nncli predict` to raw rows."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import Trained, nncli

from nncli.runs.weights import read

onnx = pytest.importorskip("onnx", reason="needs the package onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs the package onnxruntime")


def exported(run: Path, folder: Path) -> Path:
    path = folder / "it.onnx"
    result = nncli("export", run, "--to", "onnx", "--out", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    assert f"InferenceSession('{path}')" in result.stdout
    return path


def session_of(path: Path) -> Any:
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def given(session: Any, fed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, fed), strict=True))


def fed(trained: Trained, session: Any) -> dict[str, np.ndarray]:
    """The raw rows: one array, or one (rows, 1) of cells for each column, holes as NaN or "" or one of `missing`."""
    if trained.rows.suffix == ".npy":
        (x,) = session.get_inputs()
        dtype = {"tensor(float)": "f4", "tensor(double)": "f8"}[x.type]
        return {x.name: np.load(trained.rows).astype(dtype)}
    cells = trained.cells
    table = read(trained.run / "weights.npz").meta.preprocessing.table
    assert table is not None
    columns = {}
    for one in session.get_inputs():
        own = [row[one.name] for row in cells]
        if one.type == "tensor(double)":
            own = [np.nan if cell in table.missing else float(cell) for cell in own]
        columns[one.name] = np.array(own, float if one.type == "tensor(double)" else object)[
            :, None
        ]
    return columns


def checked(trained: Trained, path: Path) -> None:
    session = session_of(path)
    answers = given(session, fed(trained, session))
    wanted = trained.predicted
    *chosen, outputs = answers.values()
    assert outputs == pytest.approx(wanted.outputs, rel=1e-5, abs=1e-5)
    if wanted.chosen is not None:
        classes = read(trained.run / "weights.npz").meta.classes
        numbers = wanted.chosen
        expected = [classes[number] for number in numbers] if classes else numbers.tolist()
        assert chosen[0].tolist() == expected


def test_onnxruntime_gives_predicts_answers(trained, tmp_path):
    assert len(trained.predicted.outputs) == 1000
    checked(trained, exported(trained.run, tmp_path))


def test_the_example_of_the_documentation(penguins, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exported(penguins.run, tmp_path).rename("birds.onnx")
    shutil.copy(penguins.rows, "new.csv")
    text = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    names = {"csv": csv, "numpy": np, "onnxruntime": onnxruntime}
    exec(text.split("```python\n")[1].split("```")[0], names)  # noqa: S102
    assert names["label"].tolist() == penguins.labels


def test_every_kind_of_network(kind, tmp_path):
    checked(kind, exported(kind.run, tmp_path))


@pytest.mark.mnist
def test_mnist(mnist_run, mnist_folder, tmp_path):
    """Bytes of pictures, as floats from 0 to 255."""
    rows = tmp_path / "rows.npy"
    np.save(rows, np.random.default_rng(0).integers(0, 256, (1000, 784), np.uint8))
    checked(Trained(mnist_run, rows), exported(mnist_run, tmp_path))


def test_the_form_of_the_file(penguins, tmp_path):
    """Opset 17 and IR 8, the rows free, names and version inside, the same bytes each time."""
    path = exported(penguins.run, tmp_path)
    data = path.read_bytes()
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert {one.domain: one.version for one in model.opset_import} == {"": 17, "ai.onnx.ml": 3}
    assert model.ir_version == 8
    said = {one.key: one.value for one in model.metadata_props}
    assert json.loads(said["classes"]) == ["Adelie", "Chinstrap", "Gentoo"]
    assert said["version"].startswith("nncli ")
    assert (said["name"], model.producer_name) == ("penguins", "nncli")
    session = session_of(path)
    assert {(one.name, one.type, tuple(one.shape)) for one in session.get_inputs()} == {
        ("island", "tensor(string)", ("N", 1)),
        ("bill_length_mm", "tensor(double)", ("N", 1)),
        ("bill_depth_mm", "tensor(double)", ("N", 1)),
        ("flipper_length_mm", "tensor(double)", ("N", 1)),
        ("body_mass_g", "tensor(double)", ("N", 1)),
        ("sex", "tensor(string)", ("N", 1)),
    }
    outputs = [(one.name, one.type, one.shape) for one in session.get_outputs()]
    assert outputs == [
        ("label", "tensor(string)", ["N"]),
        ("probabilities", "tensor(float)", ["N", 3]),
    ]
    for rows in (0, 1, 7):
        some = {name: cells[:rows] for name, cells in fed(penguins, session).items()}
        assert len(given(session, some)["label"]) == rows
    exported(penguins.run, tmp_path)
    assert path.read_bytes() == data


def test_columns_whose_names_the_graph_would_have_used(tmp_path):
    """A column may be called as an output, a constant or a value in between, or as nothing in ASCII."""
    names = ["label", "W1", "gemm", "W1_fill", "probabilities", "größe (cm)"]
    rng = np.random.default_rng(0)
    rows = [",".join([*map(str, row), "ab"[i % 2]]) for i, row in enumerate(rng.random((60, 6)))]
    text = "\n".join([",".join([*names, "target"]), *rows, ""])
    (tmp_path / "data.csv").write_text(text, encoding="utf-8")
    (tmp_path / "spec.yaml").write_text(
        "data: {source: csv, path: data.csv, target: target, test: 0.2}\n"
        "architecture:\n  - {input_dim: auto, output_dim: 1, activation: sigmoid}\n"
        "epochs: 1\nbatch_size: 10\neta: 0.1\n"
    )
    result = nncli("train", tmp_path / "spec.yaml", "-q", "--runs-dir", tmp_path)
    assert result.exit_code == 0, result.output
    run = Trained(Path(result.stdout.strip()), tmp_path / "data.csv")
    path = exported(run.run, tmp_path)
    checked(run, path)
    assert [one.name for one in session_of(path).get_inputs()] == names


def test_without_onnx(digits, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = nncli("export", digits.run, "--to", "onnx", "--out", tmp_path / "it.onnx")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: --to onnx needs onnx: pip install 'nncli[onnx]'\n"
    assert list(tmp_path.iterdir()) == []


def test_what_no_file_can_hold(digits, tmp_path, monkeypatch):
    monkeypatch.setattr("nncli.export.onnx.LARGEST", 1000)
    result = nncli("export", digits.run, "--to", "onnx", "--out", tmp_path / "it.onnx")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "more than an ONNX file can hold" in result.stderr
