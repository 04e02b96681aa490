"""Every activation in every format: answered as by NumPy, or refused by its name."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from exported import nncli
from ways import WAYS, Asked, near

from nncli.export import formats
from nncli.network.activations import ACTIVATIONS, activate
from nncli.runs import weights as weights_file
from nncli.runs.weights import Meta, Weights

ELEMENTWISE = [name for name, activation in ACTIVATIONS.items() if activation.pull_back]
ROWS = [[-30.0, 0.5, 2.0], [0.25, -1.0, 0.125], [40.0, -7.0, 0.0]]
MARKS = {"html": pytest.mark.browser}
WRITTEN = [pytest.param(to, marks=MARKS.get(to, ())) for to in formats.FORMATS if to in WAYS]


def network(path: Path, activation: str) -> Weights:
    """3-4-2, with values of every size."""
    layers = (
        {"input_dim": 3, "output_dim": 4, "activation": activation},
        {"input_dim": 4, "output_dim": 2, "activation": "identity"},
    )
    told = {"architecture": layers, "loss": "mse", "preprocessing": {"scale": 1}}
    meta = Meta(**told, format=1, classes=None, epoch=1, batch=0)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    shapes = {"W1": (4, 3), "b1": (4,), "W2": (2, 4), "b2": (2,)}
    params = {name: rng.standard_normal(shape).astype("float32") for name, shape in shapes.items()}
    weights = Weights(params, meta)
    weights_file.write(path, weights)
    return weights


@pytest.mark.parametrize("to", WRITTEN)
@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_a_format_answers_as_the_network_does(to, activation, tmp_path, request):
    if to == "onnx":
        pytest.importorskip("onnxruntime")
    params = network(tmp_path / "it.npz", activation).params
    browser = request.getfixturevalue("browser") if to == "html" else None
    asked = Asked(tmp_path / "it.npz", tmp_path, browser)
    ask = WAYS[to].asks["row"]
    assert callable(ask)
    for row in ROWS:
        with np.errstate(over="ignore"):
            a = activate(activation, np.array([row]) @ params["W1"].T + params["b1"])
        assert ask(asked, row).numbers == near(a @ params["W2"].T + params["b2"], 1e-5)


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_torch_has_the_module_that_is_named(activation):
    torch = pytest.importorskip("torch")
    from nncli.export.safetensors import MODULES

    z = np.linspace(-12, 12, 241)
    name, _, rest = MODULES[activation].partition("(")
    given = ast.literal_eval(f"({rest.removesuffix(')')},)") if rest != ")" else ()
    module = getattr(torch.nn, name)(*given)
    assert module(torch.tensor(z)).numpy() == pytest.approx(activate(activation, z), abs=1e-12)


@pytest.mark.parametrize("to", formats.FORMATS)
def test_an_activation_that_a_format_lacks_is_refused_by_name(to, tmp_path, monkeypatch):
    """One that was added to the table of activations alone. An `else` would write another function in its place."""
    network(tmp_path / "it.npz", "tanh")
    exporter = formats.exporter(to)
    monkeypatch.setattr(exporter, "ACTIVATIONS", {*exporter.ACTIVATIONS} - {"tanh"})
    out = tmp_path / f"it{formats.FORMATS[to].ending}"
    result = nncli("export", tmp_path / "it.npz", "--to", to, "--out", out)
    assert result.exit_code == 2
    assert f"--to {to}: layer 1 is tanh, which this format cannot express" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize("to", formats.FORMATS)
def test_a_format_knows_no_activation_that_the_network_lacks(to):
    assert set(formats.exporter(to).ACTIVATIONS) <= set(ACTIVATIONS)
