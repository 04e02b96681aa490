"""One thing wrong with a good spec: what is said, and where."""

from __future__ import annotations

from typing import get_args

import pytest

from nncli.errors import Problem, SpecError
from nncli.spec.load import parse_spec
from nncli.spec.model import (
    LOSS_OF,
    ActivationName,
    LayerSpec,
    LossName,
    Spec,
    SplitName,
    WeightsName,
)
from nncli.spec.shape import models_in
from nncli.spec.suggest import SYNONYMS, nearest

ROWS = "must be a number of rows (0, 1000) or a fraction between 0 and 1 (0.2)"
COUNT = "must be a whole number between 1 and 2147483647"
WIDTH = f"{COUNT}, or `auto` where the data say it"
SEED = "must be a whole number between 0 and 9223372036854775807"
BOOL = "true and false are not numbers."
BATCH = f"{COUNT}, or `full` for the whole training set"
ETA = "must be a finite number above 0"
LAST = "input_dim: 30, output_dim: 10, activation: sigmoid"

KNOWN = ", ".join(get_args(ActivationName))
OPTIMIZERS = "sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, lion"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("eta: 3.0", "eta: .nan", f"8:1: eta: is nan, {ETA}"),
        ("eta: 3.0", "eta: .inf", f"8:1: eta: is inf, {ETA}"),
        ("eta: 3.0", "eta: 1.0e+999", f"8:1: eta: is inf, {ETA}"),
        ("eta: 3.0", "eta: -0.1", f"8:1: eta: is -0.1, {ETA}"),
        ("eta: 3.0", "eta: 0", f"8:1: eta: is 0, {ETA}"),
        ("eta: 3.0", "eta: true", f"8:1: eta: is true, {ETA}. {BOOL}"),
        ("eta: 3.0", "eta: '3.0'", f"8:1: eta: is '3.0' (text), {ETA}. Remove the quotes."),
        ("eta: 3.0", "eta:", f"8:1: eta: is empty (null), {ETA}"),
        ("eta: 3.0", "eta: [3.0]", f"8:1: eta: is a list, {ETA}"),
        ("eta: 3.0", "eta: {x: 3.0}", f"8:1: eta: is a mapping, {ETA}"),
        ("epochs: 30", "epochs: 0", f"6:1: epochs: is 0, {COUNT}"),
        ("epochs: 30", "epochs: 3.5", f"6:1: epochs: is 3.5, {COUNT}"),
        ("epochs: 30", "epochs: 30.0", f"6:1: epochs: is 30.0, {COUNT}. Write 30."),
        ("epochs: 30", "epochs: 2147483648", f"6:1: epochs: is 2147483648, {COUNT}"),
        (
            "epochs: 30",
            "epochs: 010",
            "6:1: epochs: is 010, which some readers take for an octal number. "
            "Write it without the leading 0, or quote it if it is text.",
        ),
        (
            "epochs: 30",
            "epochs: 12:30",
            "6:1: epochs: is 12:30, which some readers take for a number in base 60. "
            "Quote it if it is text.",
        ),
        (
            "epochs: 30",
            "epochs: " + "9" * 5000,
            "6:1: epochs: is a whole number of 5000 digits, which is too large: "
            "a count may be up to 2147483647, a seed up to 9223372036854775807",
        ),
        ("batch_size: 10", "batch_size: 0", f"7:1: batch_size: is 0, {BATCH}"),
        ("batch_size: 10", "batch_size: '32'", f"7:1: batch_size: is '32' (text), {BATCH}. Remove the quotes."),
        ("batch_size: 10", "batch_size: 3.5", f"7:1: batch_size: is 3.5, {BATCH}"),
        ("batch_size: 10", "batch_size: true", f"7:1: batch_size: is true, {BATCH}. {BOOL}"),
        ("batch_size: 10", "batch_size: fill", f"7:1: batch_size: is 'fill', {BATCH}"),
        (
            "loss: quadratic",
            "loss: crossentropy",
            "5:1: loss: is 'crossentropy', must be one of quadratic, mse, binary_cross_entropy, "
            "cross_entropy. Did you mean `cross_entropy`?",
        ),
        (
            "loss: quadratic",
            "loss: 3",
            "5:1: loss: is 3, must be one of quadratic, mse, binary_cross_entropy, cross_entropy",
        ),
        (
            LAST,
            "input_dim: 30, output_dim: 10, activation: linear",
            f"4:37: architecture[1].activation: is 'linear', must be one of {KNOWN}. Did you mean `identity`?",
        ),
        (
            f"{LAST}}}\nloss: quadratic",
            "input_dim: 30, output_dim: 10, activation: [x]}\nloss: cross_entropy",
            f"4:37: architecture[1].activation: is a list, must be one of {KNOWN}",
        ),
        (
            LAST,
            "input_dim: 30, output_dim: 10, activation: no",
            "4:37: architecture[1].activation: is no, which some readers take for true or false. "
            "Quote it, or write true or false.",
        ),
        (
            LAST,
            "input_dim: 30, output_dim: 10",
            "4:5: architecture[1].activation: is missing. The function each unit's sum goes through. "
            "Write `activation: sigmoid`.",
        ),
        (
            LAST,
            "input_dim: 30, output_dim: 0, activation: sigmoid",
            f"4:21: architecture[1].output_dim: is 0, {WIDTH}",
        ),
        (
            f"{{{LAST}}}",
            "128",
            "4:5: architecture[1]: is 128, must be a mapping with input_dim, output_dim, activation, dropout",
        ),
        ("eta: 3.0\n", "", "1:1: eta: is missing. The learning rate. Write `eta: 0.1`."),
        ("data: mnist\n", "", "1:1: data: is missing. Where the samples come from. Write `data: mnist`."),
        (
            "data: mnist",
            "data: mnst",
            "1:1: data: is 'mnst', must be one of mnist, idx, digits, moons, circles, spirals, npz, npy, csv, images. "
            "Did you mean `mnist`?",
        ),
        (
            "data: mnist",
            "data: {source: 3}",
            "1:8: data.source: is 3, must be one of mnist, idx, digits, moons, circles, spirals, npz, npy, csv, images",
        ),
        (
            "data: mnist",
            "data: {path: x}",
            "1:1: data.source: is missing. Write one of mnist, idx, digits, moons, circles, spirals, npz, npy, csv, "
            "images.",
        ),
        ("data: mnist", "data: idx", "1:1: data.path: is missing. The folder that holds the files."),
        ("data: mnist", "data: {source: npz}", "1:1: data.path: is missing. The `.npz` file."),
        (
            "data: mnist",
            "data: 3",
            "1:1: data: is 3, must be a name, or a mapping with source, seed, validation, validation_from",
        ),
        (
            "data: mnist",
            "data: {source: mnist, path: 3}",
            "1:23: data.path: is 3, must be a path, as text. Put it in quotes.",
        ),
        (
            "data: mnist",
            "data: {source: mnist, samples: 3}",
            "1:23: data.samples: unknown key. The keys here are source, seed, validation, validation_from, path.",
        ),
        ("data: mnist", "data: {source: mnist, validation: 1.5}", f"1:23: data.validation: is 1.5, {ROWS}"),
        (
            "data: mnist",
            "data: {source: mnist, validation: true}",
            f"1:23: data.validation: is true, {ROWS}. {BOOL}",
        ),
        (
            "data: mnist",
            "data: {source: circles, factor: 1}",
            "1:25: data.factor: is 1, must be a number between 0 and 1",
        ),
        (
            "data: mnist",
            "data: {source: spirals, classes: 1}",
            "1:25: data.classes: is 1, must be a whole number between 2 and 100",
        ),
        (
            "eta: 3.0",
            "eta: 3.0\nname: a/b",
            "9:1: name: is 'a/b', must be text of 1 to 100 characters, without slashes, "
            "control characters and line breaks",
        ),
        ("eta: 3.0", "eta: 3.0\nseed: -1", f"9:1: seed: is -1, {SEED}"),
        ("eta: 3.0", "eta: 3.0\noptimizer: adm", f"9:1: optimizer: is 'adm', must be one of {OPTIMIZERS}. "
         "Did you mean `adam`?"),
        (
            "eta: 3.0",
            "eta: 3.0\noptimizer: {name: gd}",
            f"9:13: optimizer.name: is 'gd', must be one of {OPTIMIZERS}. Did you mean `sgd`?",
        ),
        ("eta: 3.0", "eta: 3.0\ntrack: test", "9:1: track: is 'test', must be a list, such as [train, test]"),
        (
            "eta: 3.0",
            "eta: 3.0\ntrack: [train, val]",
            "9:16: track[1]: is 'val', must be one of train, validation, test. Did you mean `validation`?",
        ),
        ("eta: 3.0", "eta: 3.0\nsweep: 3", "9:1: sweep: is 3, must be a mapping such as {eta: [0.1, 1, 3]}"),
        ("eta: 3.0", "eta: 3.0\nsweep: {}", "9:1: sweep: is empty, must hold at least one element"),
        ("eta: 3.0", "eta: 3.0\nsweep: {eta: []}", "9:9: sweep.eta: is empty, must hold at least one element"),
        (
            "eta: 3.0",
            "eta: 3.0\nsweep: {eta: 3}",
            "9:9: sweep.eta: is 3, must be a list of values or a range. Write [3].",
        ),
    ],
)  # fmt: skip
def test_one_thing_wrong(complaints, good, old, new, said):
    assert old in good
    assert complaints(good.replace(old, new)) == [f"spec.yaml:{said}"]


@pytest.mark.parametrize("layers", ["[]", "128", "text"])
def test_architecture_is_a_list_of_layers(complaints, good, layers):
    text = good.replace(
        good[good.index("architecture") : good.index("loss")], f"architecture: {layers}\n"
    )
    (said,) = complaints(text)
    assert said.startswith("spec.yaml:2:1: architecture: is ")
    assert ("at least one element" in said) == (layers == "[]")


def test_a_billion_units_are_a_count(load, good):
    assert load(good.replace("output_dim: 10,", "output_dim: 1000000000,")).spec


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("optimizr", "optimizer"),
        ("optimiser", "optimizer"),
        ("learning_rate", "eta"),
        ("lr", "eta"),
        ("Epochs", "epochs"),
        ("epoch", "epochs"),
        ("batch-size", "batch_size"),
        ("layers", "architecture"),
        ("init", "initializer"),
        ("dataset", "data"),
    ],
)
def test_did_you_mean(complaints, good, written, meant):
    lines = complaints(f"{good}{written}: 1\n")
    assert lines[0].startswith(
        f"spec.yaml:9:1: {written}: unknown key. Did you mean `{meant}`? The keys here are name, "
    )
    assert all(key in lines[0] for key in Spec.model_fields)


def test_a_key_of_a_section_is_sent_there(complaints, good):
    assert "unknown key. It belongs into `data`." in complaints(good + "validation: 10\n")[0]


def test_everything_at_once_in_the_order_of_the_file(complaints):
    text = """\
data: mnst
architecture:
  - {input_dim: 784, output_dim: 30, activation: sigmod}
  - {input_dim: 31, output_dim: 0, activation: sigmoid}
  - {input_dim: 5, output_dim: 10, activations: softmax}
lr: 3
epochs: 010
batch_size: '10'
"""
    places = [":".join(line.split(":")[1:4]) for line in complaints(text, "seed=x")]
    assert places == [
        "1:1: data",
        "1:1: eta",
        "3:38: architecture[0].activation",
        "4:6: architecture[1].input_dim",
        "4:21: architecture[1].output_dim",
        "5:5: architecture[2].activation",
        "5:36: architecture[2].activations",
        "6:1: lr",
        "7:1: epochs",
        "8:1: batch_size",
        f" seed: is 'x', {SEED}",
    ]


def test_a_long_value_is_cut(complaints, good):
    (said,) = complaints(good.replace("quadratic", "x" * 500))
    assert len(said) < 200


def test_the_excerpt_points_at_the_key(load, good):
    with pytest.raises(SpecError) as refused:
        load(good.replace("input_dim: 30", "input_dim: 31"))
    (problem,) = refused.value.problems
    line = "  - {input_dim: 31, output_dim: 10, activation: sigmoid}"
    assert problem.excerpt == f"{line}\n     ^"


def test_a_long_line_is_cut_around_the_key(load, good):
    with pytest.raises(SpecError) as refused:
        load(good.replace("mnist", "{source: idx, x: " + "x" * 300 + ", path: p, validation: -1}"))
    line, caret = refused.value.problems[0].excerpt.split("\n")
    assert len(line) <= 100
    assert line[caret.index("^") :].startswith("validation: -1")


def test_later_stages_get_places_too(load, good):
    document = load(good)
    problem = Problem(("architecture", 0, "input_dim"), "is 784, but the data has 64 columns")
    with pytest.raises(SpecError) as refused, document.places():
        raise SpecError([Problem(("data", "path"), "is not there"), problem])
    assert str(refused.value).split("\n") == [
        "spec.yaml:1:1: data.path: is not there",
        "spec.yaml:3:6: architecture[0].input_dim: is 784, but the data has 64 columns",
    ]


def test_parse_spec_says_the_same_without_places(tmp_path):
    with pytest.raises(SpecError) as refused:
        parse_spec(
            {"data": "mnist", "eta": 1.0, "epochs": 3, "batch_size": 0, "architecture": [{}]},
            tmp_path,
        )
    assert {problem.place for problem in refused.value.problems} == {""}
    assert [problem.path[0] for problem in refused.value.problems].count("architecture") == 3
    with pytest.raises(SpecError, match="expected a mapping"):
        parse_spec([1], tmp_path)  # type: ignore[arg-type]


def test_every_synonym_stands_for_a_word_of_the_spec():
    models = [
        Spec,
        *(m for field in Spec.model_fields.values() for m in models_in(field.annotation)),
    ]
    keys = {key for model in models for key in model.model_fields}
    literals = (ActivationName, LossName, WeightsName, SplitName)
    names = {name for literal in literals for name in get_args(literal)}
    names |= {"sgd", "full", "float32", "float64", "with_replacement", "shuffled"}
    assert set(SYNONYMS) <= keys | names


def test_tables_agree_with_the_names():
    assert set(LOSS_OF) <= set(get_args(ActivationName))
    assert set(LOSS_OF.values()) <= set(get_args(LossName))
    assert set(LayerSpec.model_fields) == {"input_dim", "output_dim", "activation", "dropout"}


def test_what_is_far_from_everything_is_not_suggested():
    assert nearest("quux", ["eta", "epochs"]) is None
