"""`sweep`: lists, ranges, samples and halving; what is wrong with one is said at its place."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nncli.errors import SpecError
from nncli.spec.dump import dump_spec, plain_spec
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.spec.schema import json_schema
from nncli.spec.source import parse
from nncli.spec.sweeps import HalvingSpec, RangeSpec, SweepSpec

LAYERS = [
    {"input_dim": 784, "output_dim": 30, "activation": "sigmoid"},
    {"input_dim": 30, "output_dim": 10, "activation": "sigmoid"},
]
BASE = {"data": "mnist", "architecture": LAYERS, "epochs": 30, "batch_size": 10, "eta": 0.1}


def spec_with(sweep: object) -> Spec:
    return parse_spec({**BASE, "sweep": sweep}, Path("/base"))


def test_keys_samples_and_halving(load, good):
    text = "sweep: {eta: {log: [1e-3, 10]}, seed: [0, 1], samples: 40, halving: {rungs: [1, 30]}}"
    sweep = load(f"{good}{text}\n").spec.sweep
    assert sweep.keys == {"eta": RangeSpec(log=(0.001, 10)), "seed": [0, 1]}
    assert (sweep.samples, sweep.halving) == (40, HalvingSpec(rungs=(1, 30), keep=0.33))
    with pytest.raises(ValidationError):
        sweep.halving.keep = 0.5


def test_halving_can_be_set(load, good):
    text = f"{good}sweep: {{eta: [1, 2], halving: {{rungs: [1, 3]}}}}\n"
    sweep = load(text, "sweep.halving.keep=0.5", "sweep.samples=3").spec.sweep
    assert sweep == SweepSpec(samples=3, halving=HalvingSpec(rungs=(1, 3), keep=0.5), eta=[1, 2])
    assert load(text, "sweep.halving=null").spec.sweep.halving is None


def test_an_end_keeps_its_type(load, good):
    sweep = load(f"{good}sweep: {{data.validation: {{linear: [1, 10], steps: 4}}}}\n").spec.sweep
    assert [type(end) for end in sweep.keys["data.validation"].ends] == [int, int]


RANGE = "must be the first and the last value, such as [0.001, 10]"
COUNT = "must be a whole number between 1 and 2147483647"
WRITE = "Write a range as {log: [0.001, 10], steps: 9}, or with linear."


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("eta: {log: [0, 10], steps: 3}",
         "9:21: sweep.eta.log[0]: is 0, must be above 0 for equal factors. Use linear, or begin above 0."),
        ("eta: {log: [-1, 10], steps: 3}",
         "9:21: sweep.eta.log[0]: is -1, must be above 0 for equal factors. Use linear, or begin above 0."),
        ("eta: {log: [10, 1], steps: 3}", "9:15: sweep.eta.log: falls from 10 to 1. Write [1, 10]."),
        ("eta: {linear: [2, 1], steps: 3}", "9:15: sweep.eta.linear: falls from 2 to 1. Write [1, 2]."),
        ("eta: {log: [1, 1], steps: 3}", "9:15: sweep.eta.log: begins and ends at 1. Write a list: [1]."),
        ("eta: {log: [1, 2], steps: 1}",
         "9:28: sweep.eta.steps: is 1, must be a whole number between 2 and 2147483647"),
        ("eta: {log: [1, 2]}",
         "9:9: sweep.eta: has no steps. Write {log: [1, 2], steps: 9}, or samples: 40 beside the keys to draw values."),
        ("eta: {log: [1, 2], steps: 3}, samples: 4",
         "9:28: sweep.eta.steps: stands beside samples, which draws the values at random. Keep one of them."),
        ("eta: {log: [1, x], steps: 3}", "9:24: sweep.eta.log[1]: is 'x', must be a finite number"),
        ("eta: {log: [1, .inf], steps: 3}", "9:24: sweep.eta.log[1]: is inf, must be a finite number"),
        ("eta: {log: [1, '2'], steps: 3}",
         "9:24: sweep.eta.log[1]: is '2' (text), must be a finite number. Remove the quotes."),
        ("eta: {log: [true, 2], steps: 3}",
         "9:21: sweep.eta.log[0]: is true, must be a finite number. true and false are not numbers."),
        ("eta: {log: [1], steps: 3}", f"9:15: sweep.eta.log: is a list, {RANGE}"),
        ("eta: {log: 1, steps: 3}", f"9:15: sweep.eta.log: is 1, {RANGE}"),
        ("eta: {log: [1, 2], step: 3}",
         "9:28: sweep.eta.step: unknown key. Did you mean `steps`? The keys here are log, linear, steps."),
        ("eta: {log: [1, 2], linear: [1, 2], steps: 3}", f"9:9: sweep.eta: says both log and linear. {WRITE}"),
        ("eta: {steps: 3}", f"9:9: sweep.eta: says neither log nor linear. {WRITE}"),
        ("eta: {}", f"9:9: sweep.eta: says neither log nor linear. {WRITE}"),
        ("batch_size: {log: [8, 64.0], steps: 3}",
         "9:31: sweep.batch_size.log[1]: is 64.0, but batch_size takes whole numbers only. Write 64."),
        ("seed: {linear: [0.5, 3], steps: 3}",
         "9:25: sweep.seed.linear[0]: is 0.5, but seed takes whole numbers only."),
        ("loss: {log: [8, 9], steps: 3}",
         "9:9: sweep.loss: is a range, but loss takes no numbers. "
         "Write a list: [quadratic, mse, binary_cross_entropy]."),
        ("eta: hello", "9:9: sweep.eta: is 'hello', must be a list of values or a range. Write ['hello']."),
        ("sample: 40", "9:9: sweep.sample: is 40, must be a list of values or a range. Did you mean `samples`?"),
        ("samples: 40", "9:1: sweep: has no key to go over. Add one, such as eta: [0.1, 1, 3]."),
        ("samples: 0, eta: [1]", f"9:9: sweep.samples: is 0, {COUNT}"),
        ("eta: [1], halving: 3", "9:19: sweep.halving: is 3, must be a mapping with rungs, keep"),
        ("eta: [1], halving: {keep: 0.5}",
         "9:19: sweep.halving.rungs: is missing. Epochs at which settings are compared, rising. "
         "Write `rungs: [1, 3, 9, 30]`."),
        ("eta: [1], halving: {rungs: []}", "9:29: sweep.halving.rungs: is empty, must hold at least one element"),
        ("eta: [1], halving: {rungs: [1, 0]}", f"9:40: sweep.halving.rungs[1]: is 0, {COUNT}"),
        ("eta: [1], halving: {rungs: [1, 3, 3]}",
         "9:43: sweep.halving.rungs[2]: is 3, but 3 stands before it: rungs must rise."),
        ("eta: [1], halving: {rungs: [1, 31]}",
         "9:40: sweep.halving.rungs[1]: is 31, but the spec has 30 epochs. Set it to 30 at most."),
        ("eta: [1], halving: {rungs: [1], keep: 1}",
         "9:41: sweep.halving.keep: is 1, must be a number between 0 and 1, such as 0.5"),
        ("epochs: [1], halving: {rungs: [1]}",
         "9:9: sweep.epochs: cannot be swept beside halving, which says how long a trial is."),
        ("optimizer: [sgd], optimizer.name: [adam]",
         "9:27: sweep.optimizer.name: is a part of optimizer, which is swept too. Keep one of them."),
        ("'architecture[0].dropout': [0], 'architecture.0.dropout': [0.1]",
         "9:41: sweep.architecture.0.dropout: is the same key as architecture[0].dropout, "
         "which is swept too. Keep one of them."),
        ("'architecture[1].input_dim': [30]",
         "9:9: sweep.architecture[1].input_dim: follows from the layer below. "
         "Sweep architecture[0].output_dim: this goes with it."),
    ],
)  # fmt: skip
def test_refused_at_its_place(complaints, good, inside, said):
    assert complaints(f"{good}sweep: {{{inside}}}\n") == [f"spec.yaml:{said}"]


def test_halving_needs_epochs(complaints, good):
    text = good.replace("epochs: 30", "iterations: 30")
    assert complaints(f"{text}sweep: {{eta: [1], halving: {{rungs: [1]}}}}\n") == [
        "spec.yaml:9:19: sweep.halving: counts epochs, but the spec has iterations. Write epochs instead."
    ]


def test_many_keys_are_compared_quickly(complaints, good):
    keys = ", ".join(f"architecture.{i}.dropout: [0]" for i in range(3000))
    assert complaints(f"{good}sweep: {{{keys}}}\n") == []


NUMBER = st.one_of(st.integers(-(10**6), 10**6), st.floats(allow_nan=False, allow_infinity=False))
LIST = st.lists(
    st.one_of(NUMBER, st.none(), st.booleans(), st.text(max_size=5), st.lists(NUMBER, max_size=2)),
    min_size=1,
    max_size=4,
)


@st.composite
def ranges(draw, kind: str, steps: st.SearchStrategy[int] | None):
    low = 1e-300 if kind == "log" else -1e300
    first, last = sorted(draw(st.tuples(*[st.floats(low, 1e300)] * 2)))
    value = {kind: [first, last if last > first else math.nextafter(first, math.inf)]}
    return value | ({"steps": draw(steps)} if steps is not None else {})


@st.composite
def sweeps(draw):
    sampled = draw(st.booleans())
    steps = None if sampled else st.integers(2, 2**31 - 1)
    values = st.one_of(LIST, ranges("log", steps), ranges("linear", steps))
    keys = st.sampled_from(["eta", "regularizer.l2", "optimizer.rho", "data.noise"])
    sweep = draw(st.dictionaries(keys, values, min_size=1))
    if sampled:
        sweep["samples"] = draw(st.integers(1, 2**31 - 1))
    if draw(st.booleans()):
        rungs = sorted(draw(st.sets(st.integers(1, 30), min_size=1)))
        share = draw(st.floats(0, 1, exclude_min=True, exclude_max=True))
        sweep["halving"] = {"rungs": rungs, "keep": share}
    return sweep


@given(sweeps())
def test_any_sweep_round_trips(sweep):
    spec = spec_with(sweep)
    assert parse_spec(parse(dump_spec(spec)).value, Path("/")) == spec
    assert parse_spec(json.loads(json.dumps(plain_spec(spec))), Path("/")) == spec
    assert plain_spec(spec)["sweep"] == sweep


JUNK = st.recursive(
    st.one_of(NUMBER, st.none(), st.booleans(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["eta", "log", "linear", "steps", "samples", "halving", "rungs", "keep", "x"]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["eta", "seed", "samples", "halving", "no"]), JUNK))
def test_any_junk_is_read_or_refused(sweep):
    spec, problems = None, ()
    try:
        spec = spec_with(sweep)
    except SpecError as err:
        problems = err.problems
    assert all(one.path[0] == "sweep" and one.message for one in problems)
    assert spec is None or parse_spec(parse(dump_spec(spec)).value, Path("/")) == spec


def test_the_schema_describes_it():
    schema = json_schema()
    sweep = schema["$defs"]["SweepSpec"]
    assert sweep["properties"].keys() == {"samples", "halving"}
    (values, any_range) = sweep["additionalProperties"]["anyOf"]
    assert values == {"type": "array", "minItems": 1}
    described = schema["$defs"][any_range["$ref"].rpartition("/")[2]]
    assert described["properties"].keys() == {"log", "linear", "steps"}
    assert described["additionalProperties"] is False
    assert schema["$defs"]["HalvingSpec"]["required"] == ["rungs"]
    for model in (sweep, described, schema["$defs"]["HalvingSpec"]):
        assert all(one.get("description") for one in model["properties"].values())
