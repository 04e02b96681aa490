"""`nncli gradcheck`, and training with the numerical gradient."""

import json
from pathlib import Path

import numpy as np
import pytest

from nncli import gradients
from nncli.network import activations
from nncli.runs import weights

ELEMENTWISE = [name for name, one in activations.ACTIVATIONS.items() if one.pull_back]


def test_every_parameter_of_a_small_network_agrees(nncli):
    result = nncli("gradcheck", "spec.yaml")
    assert result.exit_code == 0, result.stderr
    for words in (
        "gradient  engine numpy, float64, 10 rows of the first batch", ": cross_entropy\n",
        "W1", "b2", "every slope agrees within 1e-06", "times as long",
    ):  # fmt: skip
        assert words in result.stdout, words
    value = json.loads(nncli("gradcheck", "spec.yaml", "--json").stdout)
    assert value["passed"]
    assert [array["checked"] for array in value["arrays"]] == [16, 8, 16, 2]
    assert nncli("gradcheck", "spec.yaml", "-q").output == ""


def test_a_wrong_slope_is_found_and_named(nncli, monkeypatch):
    def wrong(a, z, delta):
        yield lambda: np.multiply(delta, 1.001 * (1 - a**2), out=delta), ()

    broken = activations.Activation(activations.tanh, wrong)
    monkeypatch.setitem(activations.ACTIVATIONS, "tanh", broken)
    result = nncli("gradcheck", "spec.yaml")
    assert result.exit_code == 7
    assert "error: W1[" in result.stderr or "error: b1[" in result.stderr
    assert "the gradient of engine numpy, float64 is" in result.stderr
    assert "above 1e-06" in result.stderr
    assert nncli("gradcheck", "spec.yaml", "--tolerance", "0.1").exit_code == 0


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_every_activation_with_dropout_agrees(nncli, activation):
    text = Path("spec.yaml").read_text()
    Path("spec.yaml").write_text(text.replace("tanh}", f"{activation}, dropout: 0.5}}"))
    assert nncli("gradcheck", "spec.yaml").exit_code == 0


def test_it_says_what_the_loss_consists_of(nncli):
    keys = ("regularizer.l1=0.001", "regularizer.l2=0.01", "class_weight=balanced")
    words = [word for key in keys for word in ("--set", key)]
    result = nncli("gradcheck", "spec.yaml", *words)
    assert result.exit_code == 0, result.stderr
    assert ": cross_entropy, class weights, l1 penalty 0.001, l2 penalty 0.01\n" in result.stdout
    value = json.loads(nncli("gradcheck", "spec.yaml", "--json", *words).stdout)
    assert value["terms"][1] == "class weights"
    assert value["engine"] == "engine numpy, float64"


def test_a_large_network_is_sampled_unless_all_is_asked(nncli, monkeypatch):
    monkeypatch.setattr(gradients, "EVERY", 40)
    monkeypatch.setattr(gradients, "SAMPLE", 10)
    monkeypatch.setattr(gradients, "FEWEST", 1)
    value = json.loads(nncli("gradcheck", "spec.yaml", "--json").stdout)
    assert [array["checked"] for array in value["arrays"]] == [10, 8, 10, 2]
    assert value["sampled"]
    assert "--all takes every parameter" in nncli("gradcheck", "spec.yaml").stdout
    again = json.loads(nncli("gradcheck", "spec.yaml", "--json").stdout)
    assert [a["where"] for a in value["arrays"]] == [a["where"] for a in again["arrays"]]
    every = json.loads(nncli("gradcheck", "spec.yaml", "--all", "--json").stdout)
    assert [array["checked"] for array in every["arrays"]] == [16, 8, 16, 2]


def test_training_with_differences_follows_backprop(nncli):
    keys = ("--set", "dtype=float64", "--set", "epochs=2", "-q")
    runs = [
        Path(nncli("train", "spec.yaml", *keys, "--set", f"gradient={way}").stdout.strip())
        for way in ("backprop", "numerical")
    ]
    first, second = (weights.read(run / "weights.npz").params for run in runs)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=1e-5, atol=1e-8)
    assert any((second[name] != value).any() for name, value in first.items())


def test_a_slope_beside_a_kink_is_taken_with_a_smaller_step(nncli):
    """One relu whose sum is 1e-6 for the only row: h = 3e-6 steps over the kink, a tenth of it does not."""
    np.savez("one.npz", x=np.array([[1.0], [1.0]]), y=np.array([[1.0], [1.0]]))
    np.savez("start.npz", W1=[[1e-6]], b1=[1e-8], W2=[[1.0]], b2=[0.1])
    Path("kink.yaml").write_text(
        "data: {source: npz, path: one.npz}\n"
        "architecture:\n  - {input_dim: 1, output_dim: 1, activation: relu}\n"
        "  - {input_dim: 1, output_dim: 1, activation: identity}\n"
        "init_from: start.npz\nepochs: 1\nbatch_size: full\neta: 0.1\n"
    )
    result = nncli("gradcheck", "kink.yaml")
    assert result.exit_code == 0, result.stderr
    assert "2 slopes beside a kink" in result.stdout


def test_a_large_loss_is_allowed_its_rounding(nncli):
    rng = np.random.default_rng(0)
    np.savez("far.npz", x=rng.standard_normal((50, 4)), y=50_000 + rng.standard_normal(50))
    Path("far.yaml").write_text(
        "data: {source: npz, path: far.npz}\n"
        "architecture:\n  - {input_dim: 4, output_dim: 8, activation: tanh}\n"
        "  - {input_dim: 8, output_dim: 1, activation: identity}\n"
        "epochs: 1\nbatch_size: 10\neta: 0.1\n"
    )
    result = nncli("gradcheck", "far.yaml")
    assert result.exit_code == 0, result.stderr
