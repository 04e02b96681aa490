"""A spec is written with every default, and read back as itself."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nncli.spec.dump import HEADER, dump_spec, plain_spec
from nncli.spec.load import load_spec, parse_spec
from nncli.spec.model import Spec
from nncli.spec.source import parse

LAYERS = [
    {"input_dim": 784, "output_dim": 30, "activation": "sigmoid"},
    {"input_dim": 30, "output_dim": 10, "activation": "sigmoid"},
]
BASE = {"data": "mnist", "architecture": LAYERS, "epochs": 3, "batch_size": 10, "eta": 0.1}


def read_back(spec: Spec) -> Spec:
    return parse_spec(parse(dump_spec(spec)).value, Path("/"))


def test_reads_well(load, good):
    assert dump_spec(load(good).spec) == HEADER + (
        """\
name: spec
seed: 0
data:
  source: mnist
  seed: 0
  validation: 0
  validation_from: last
architecture:
  - {input_dim: 784, output_dim: 30, activation: sigmoid}
  - {input_dim: 30, output_dim: 10, activation: sigmoid}
initializer:
  weights: auto
  biases: zeros
loss: quadratic
optimizer:
  name: sgd
epochs: 30
record_every: 1
batch_size: 10
eta: 3.0
schedule:
  name: constant
warmup: 0
regularizer:
  l1: 0.0
  l2: 0.0
keep: last
gradient: backprop
dtype: float32
engine: numpy
checkpoint:
  every: 10s
"""
    )


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"eta": 1e-7},
        {"eta": 1e16},
        {"eta": 5e-324},
        {"name": "1e-3"},
        {"name": "no"},
        {"name": "010"},
        {"name": "null"},
        {"name": "12:30"},
        {"name": "a: b # c"},
        {"name": "- x"},
        {"name": " x "},
        {"name": "\N{SNOWMAN} \N{GRINNING FACE}"},
        {"name": "\ufeffx\xad"},
        {"seed": 2**63 - 1},
        {"batch_size": "full"},
        {"epochs": None, "iterations": 7},
        {"track": ["test", "train"]},
        {"track": []},
        {"initializer": "normal"},
        {"initializer": {"biases": "normal", "std": 2}},
        {"init_from": "runs/x"},
        {"init_from": "x: #"},
        {"data": {"source": "idx", "path": "x", "x_test": None, "y_test": None}},
        {"data": {"source": "npz", "path": "x" * 300, "x": "y", "y": "n", "validation": 0.25}},
        {"data": {"source": "moons", "noise": 0, "test": 5}},
        {"data": {"source": "circles", "factor": 0.25}},
        {"data": {"source": "spirals", "classes": 3}},
        {"data": "digits"},
        {
            "sweep": {
                "eta": [1e-7, 1],
                "architecture": [[LAYERS[0]]],
                "data": ["mnist", {"source": "moons"}],
            }
        },
        {"sweep": {"loss": ["no", "1e-3", None, True, 0.5]}},
    ],
)
def test_round_trip(more):
    spec = parse_spec({**BASE, **more}, Path("/base"))
    assert read_back(spec) == spec
    # and by way of run.json
    assert parse_spec(json.loads(json.dumps(plain_spec(spec))), Path("/")) == spec


@given(
    name=st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="/\\"),
        min_size=1,
        max_size=40,
    ),
    eta=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
    seed=st.integers(0, 2**63 - 1),
    validation=st.one_of(st.integers(0, 1000), st.floats(0, 0.99)),
)
def test_any_value_round_trips(name, eta, seed, validation):
    data = {"source": "mnist", "validation": validation}
    spec = parse_spec({**BASE, "name": name, "eta": eta, "seed": seed, "data": data}, Path("/base"))
    assert read_back(spec) == spec


@given(st.text(st.sampled_from(string.digits + "eE+-._:xonyNO~ #[]{}\"'"), min_size=1, max_size=8))
def test_text_that_looks_like_something_else_stays_text(name):
    spec = parse_spec({**BASE, "name": name}, Path("/base"))
    assert read_back(spec).name == name


def test_every_default_is_written(load, good):
    written = parse(dump_spec(load(good).spec)).value
    nulls = {key for key, field in Spec.model_fields.items() if field.default is None}
    assert set(written) == set(Spec.model_fields) - nulls | {"epochs"}


def test_the_default_loss_is_written(load, good):
    assert "loss: binary_cross_entropy\n" in dump_spec(
        load(good.replace("loss: quadratic\n", "")).spec
    )


def test_others_read_it_too(load, good):
    """Plain YAML 1.1 readers find the same values, text that would mislead them being quoted."""
    spec = load(good, "name='1e-3'", "eta=1e-7").spec
    events = [
        e.value
        for e in yaml.parse(dump_spec(spec), Loader=yaml.SafeLoader)
        if isinstance(e, yaml.ScalarEvent)
    ]
    assert "1.0e-07" in events
    assert 'name: "1e-3"' in dump_spec(spec)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mnist.yaml", "mnist"),
        ("a b.c.yml", "a b.c"),
        ("x" * 200 + ".yaml", "x" * 50),
        ("a\nb\\c.yaml", "a_b_c"),
        (b"caf\xe9.yaml".decode("utf-8", "surrogateescape"), "caf?"),
    ],
)
def test_the_default_name_is_the_files(tmp_path, good, file, name):
    path = tmp_path / file
    path.write_text(good)
    assert load_spec(path).spec.name == name
