"""What several keys say against each other."""

from __future__ import annotations

from typing import get_args

import pytest

from nncli.spec.model import ActivationName, LossName

JOINT = "is {}, but architecture[{}].output_dim is {}. Make them equal."


def test_layers_join(complaints, good):
    text = good.replace("input_dim: 30", "input_dim: 31")
    assert complaints(text) == [
        "spec.yaml:4:6: architecture[1].input_dim: " + JOINT.format(31, 0, 30)
    ]


def test_every_broken_joint_is_named_whatever_else_is_wrong(complaints):
    text = """\
data: 3
architecture:
  - {input_dim: 4, output_dim: 5, activation: 1}
  - {input_dim: 6, output_dim: 7, activation: relu}
  - {input_dim: 8, output_dim: 9, activation: relu}
  - 3
  - {input_dim: 8, output_dim: '9', activation: relu}
  - {input_dim: 1, output_dim: 9, activation: relu}
epochs: no
eta: x
"""
    lines = complaints(text)
    assert "spec.yaml:4:6: architecture[1].input_dim: " + JOINT.format(6, 0, 5) in lines
    assert "spec.yaml:5:6: architecture[2].input_dim: " + JOINT.format(8, 1, 7) in lines
    assert sum("Make them equal" in line for line in lines) == 2
    assert len(lines) == 9


@pytest.mark.parametrize("loss", get_args(LossName))
@pytest.mark.parametrize("activation", get_args(ActivationName))
def test_pairs_of_loss_and_activation(complaints, good, loss, activation):
    fits = {
        "cross_entropy": activation == "softmax",
        "binary_cross_entropy": activation == "sigmoid",
        "quadratic": activation != "softmax",
        "mse": activation != "softmax",
    }
    text = good.replace("10, activation: sigmoid", f"10, activation: {activation}")
    said = complaints(text.replace("quadratic", loss))
    assert (said == []) == fits[loss]
    if said:
        right = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}.get(
            activation, "mse"
        )
        assert said[0].startswith(
            f"spec.yaml:5:1: loss: is {loss}, which does not go with {activation} in the last layer. Use {right}"
        )
        assert complaints(text.replace("quadratic", right)) == []


def test_a_loss_for_another_activation_names_that_one_too(complaints, good):
    (said,) = complaints(good.replace("quadratic", "cross_entropy"))
    assert said.endswith("Use binary_cross_entropy, or softmax as the last activation.")


@pytest.mark.parametrize(
    ("activation", "loss"),
    [
        ("softmax", "cross_entropy"),
        ("sigmoid", "binary_cross_entropy"),
        ("relu", "mse"),
        ("identity", "mse"),
        ("tanh", "mse"),
    ],
)
def test_the_loss_follows_from_the_last_activation(load, good, activation, loss):
    text = good.replace("10, activation: sigmoid", f"10, activation: {activation}")
    assert load(text.replace("loss: quadratic\n", "")).spec.loss == loss


def test_softmax_is_last(complaints, good):
    text = good.replace("30, activation: sigmoid", "30, activation: softmax")
    assert complaints(text) == [
        "spec.yaml:3:38: architecture[0].activation: is softmax, which only the last layer may have. "
        "Use relu or tanh here."
    ]


def test_softmax_needs_two_outputs(complaints, good):
    text = good.replace("output_dim: 10, activation: sigmoid", "output_dim: 1, activation: softmax")
    assert complaints(text.replace("quadratic", "cross_entropy")) == [
        "spec.yaml:4:36: architecture[1].activation: is softmax, which needs two or more outputs. "
        "Use sigmoid for one."
    ]


def test_one_length(complaints, good):
    assert complaints(good.replace("epochs: 30", "iterations: 30")) == []
    assert complaints(good + "iterations: null\n") == []
    assert complaints(good + "iterations: 3\n") == [
        "spec.yaml:9:1: iterations: cannot stand beside epochs. Keep one of them."
    ]
    assert complaints(good.replace("epochs: 30\n", "")) == [
        "spec.yaml:1:1: epochs: is missing. Say how long to train: for example `epochs: 30`, "
        "or `iterations: 10000`."
    ]


def test_a_wrong_length_is_not_a_missing_one(complaints, good):
    assert len(complaints(good.replace("epochs: 30", "epochs: 0"))) == 1
    assert len(complaints(good.replace("epochs: 30", "epochs: *x"))) == 1


@pytest.mark.parametrize(
    ("initializer", "fine"),
    [
        ("normal", True),
        ("{weights: normal, std: 2}", True),
        ("{biases: normal, std: 2}", True),
        ("{weights: zeros}", True),
        ("{std: 2}", False),
        ("{weights: glorot_normal, std: 2}", False),
    ],
)
def test_std_has_an_effect(complaints, good, initializer, fine):
    said = complaints(f"{good}initializer: {initializer}\n")
    assert (said == []) == fine
    if not fine:
        assert "initializer.std: has no effect" in said[0]


def test_one_start(complaints, good):
    assert complaints(good + "init_from: x.npz\n") == []
    assert complaints(good + "init_from: null\ninitializer: normal\n") == []
    assert complaints(good + "initializer: normal\ninit_from: x.npz\n") == [
        "spec.yaml:9:1: initializer: has no effect, because init_from gives the parameters. Keep one of them."
    ]


@pytest.mark.parametrize(
    "key",
    [
        "eta",
        "seed",
        "optimizer",
        "optimizer.name",
        "data.validation",
        "data.noise",
        "initializer.std",
        "architecture",
        "architecture[1]",
        "architecture[1].activation",
        "architecture.1.activation",
    ],
)
def test_swept_keys(complaints, good, key):
    assert complaints(f"{good}sweep: {{'{key}': [1, 2]}}\n") == []


@pytest.mark.parametrize(
    ("key", "cure"),
    [
        ("lr", " Did you mean `eta`?"),
        ("optimizer.nam", " Did you mean `name`?"),
        ("eta.x", ""),
        ("eta[0]", ""),
        ("sweep", ""),
        ("name", ""),
        ("architecture[x", ""),
        ("", ""),
    ],
)
def test_unknown_swept_keys(complaints, good, key, cure):
    (said,) = complaints(f"{good}sweep: {{'{key}': [1, 2]}}\n")
    assert said.startswith("spec.yaml:9:9: sweep")
    assert f"is not a key that can be swept.{cure} Write it as in eta or optimizer.name." in said


def test_class_weights_differ(complaints, good):
    assert complaints(good + "class_weight: balanced\n") == []
    assert complaints(good + "class_weight: {a: 1, b: 2}\n") == []
    assert complaints(good + "class_weight: {a: 1}\n") == []  # the data say whether that is all
    assert complaints(good + "class_weight: {a: 2, b: 2}\n") == [
        "spec.yaml:9:1: class_weight: weighs all classes alike, which only scales eta. "
        "Remove it, or write balanced."
    ]


@pytest.mark.parametrize(
    "value", ["3", "even", "{a: 0}", "{a: -1, b: 2}", "{a: x}", "{}", "[1, 2]", "{a: true}"]
)
def test_class_weights_are_positive_numbers(complaints, good, value):
    (line,) = complaints(good + f"class_weight: {value}\n")
    assert "must be `balanced`, or a number above 0 for each class" in line
