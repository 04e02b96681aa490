"""The points of a sweep: ranges, combinations, samples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncli.errors import UsageError
from nncli.spec.sweeps import RangeSpec, SweepSpec
from nncli.sweep.grid import trial_id
from nncli.sweep.space import count, describe, space, steps


@pytest.mark.parametrize(
    ("key", "kind", "ends", "number", "values"),
    [
        ("eta", "log", (0.001, 10), 5, [0.001, 0.01, 0.1, 1.0, 10.0]),
        ("eta", "log", (0.01, 1), 5, [0.01, 0.0316228, 0.1, 0.316228, 1.0]),
        ("eta", "log", (1, 1.0000001), 3, [1.0, 1.00000005, 1.0000001]),
        ("eta", "linear", (0.1, 0.9), 5, [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("eta", "linear", (1, 2), 2, [1.0, 2.0]),
        ("eta", "linear", (1000000.1, 1000000.9), 3, [1000000.1, 1000000.5, 1000000.9]),
        ("regularizer.l2", "linear", (-1, 1), 5, [-1.0, -0.5, 0.0, 0.5, 1.0]),
        ("batch_size", "log", (8, 512), 7, [8, 16, 32, 64, 128, 256, 512]),
        ("batch_size", "log", (1, 8), 9, [1, 1, 2, 2, 3, 4, 5, 6, 8]),
        ("epochs", "linear", (1, 10), 4, [1, 4, 7, 10]),
        ("architecture[0].output_dim", "linear", (10, 20), 3, [10, 15, 20]),
        ("seed", "linear", (0, 2**63 - 1), 3, [0, 2**62, 2**63 - 1]),
        ("data.validation", "linear", (10, 30), 3, [10, 20, 30]),
        ("data.validation", "linear", (0, 0.5), 3, [0.0, 0.25, 0.5]),
        ("warmup", "linear", (0, 4), 3, [0, 2, 4]),
    ],
)
def test_values_of_a_range(key, kind, ends, number, values):
    found = steps(key, RangeSpec(**{kind: ends, "steps": number}))
    assert found == values
    assert list(map(type, found)) == list(map(type, values))


def test_a_range_meets_the_list_that_it_replaces():
    """The trials of [0.01, 0.1, 1] are those of the range: the sweep goes on with them."""
    listed = space(SweepSpec(eta=[0.01, 0.1, 1]), seed=0).points
    ranged = space(SweepSpec(eta=RangeSpec(log=(0.01, 1), steps=3)), seed=0).points
    assert list(map(trial_id, listed)) == list(map(trial_id, ranged))


NOTHING = st.none()


@st.composite
def ranges(draw, steps=NOTHING):
    kind = draw(st.sampled_from(["log", "linear"]))
    low = 1e-300 if kind == "log" else -1e300
    first, last = sorted(draw(st.tuples(*[st.floats(low, 1e300)] * 2)))
    if first == last:
        last = math.nextafter(first, math.inf)
    return RangeSpec(**{kind: (first, last), "steps": draw(steps)})


@given(ranges(st.integers(2, 30)))
def test_any_range_rises_from_end_to_end(values):
    found = steps("eta", values)
    assert (found[0], found[-1], len(found)) == (*values.ends, values.steps)
    assert found == sorted(found)
    assert all(type(value) is float and math.isfinite(value) for value in found)


@given(st.integers(1, 10**6), st.integers(1, 10**9), st.integers(2, 30), st.booleans())
def test_any_whole_range_is_whole(first, more, number, is_log):
    ends = {"log" if is_log else "linear": (first, first + more)}
    found = steps("batch_size", RangeSpec(**ends, steps=number))
    assert (found[0], found[-1], len(found)) == (first, first + more, number)
    assert found == sorted(found)
    assert {type(value) for value in found} == {int}
    drawn = [
        point["batch_size"]
        for point in space(SweepSpec(samples=20, batch_size=RangeSpec(**ends)), seed=3).points
    ]
    assert {type(value) for value in drawn} == {int}
    assert all(first <= value <= first + more for value in drawn)


def test_every_combination_in_the_order_of_the_keys():
    sweep = SweepSpec(eta=[1, 2], batch_size=RangeSpec(linear=(1, 2), steps=2))
    assert list(space(sweep, seed=0).points) == [
        {"eta": eta, "batch_size": size} for eta in (1, 2) for size in (1, 2)
    ]


@pytest.mark.parametrize(
    ("values", "left", "said"),
    [
        ([1, 2], 2, ""),
        ([1, 1.0, 2], 2, "1 point was listed twice"),
        ([1, 2, 1, 2, 1], 2, "3 points were listed twice"),
        (RangeSpec(log=(1, 4), steps=6), 4, "2 points were listed twice"),
    ],
)
def test_points_listed_twice_are_merged_and_counted(values, left, said):
    found = space(SweepSpec(batch_size=values), seed=0)
    assert (len(found.points), found.notice) == (left, said)


def test_architectures_are_values():
    layers = [[{"input_dim": 2, "output_dim": n, "activation": "tanh"}] for n in (1, 2)]
    found = space(SweepSpec(architecture=layers, eta=[1, 2]), seed=0).points
    assert [point["architecture"] for point in found] == [layers[0], layers[0], *layers[1:] * 2]


def test_a_huge_space_is_counted_and_not_listed():
    thousand = RangeSpec(linear=(0, 1), steps=1000)
    sweep = SweepSpec(eta=thousand, warmup=thousand, seed=thousand)
    with pytest.raises(UsageError) as refused:
        space(sweep, seed=0)
    assert str(refused.value) == (
        "the sweep has 1,000,000,000 trials, more than 1,000. Allow them with --max-trials 1000000000"
    )
    with pytest.raises(UsageError, match="more than 1,000"):
        space(SweepSpec(eta=RangeSpec(linear=(0, 1), steps=2**31 - 1)), seed=0)
    with pytest.raises(UsageError, match="--max-trials 2001"):
        space(SweepSpec(eta=[1], samples=2001), seed=0)


# Samples ----------------------------------------------------------------------------------------


def sampled(samples: int, draw: int = 0, **keys: object) -> list[dict]:
    return list(space(SweepSpec(samples=samples, **keys), seed=draw).points)


KEYS = {
    "eta": RangeSpec(log=(0.001, 10)),
    "batch_size": RangeSpec(log=(1, 1000)),
    "warmup": RangeSpec(linear=(0, 0.5)),
    "optimizer": ["sgd", {"name": "adam"}],
}


def test_samples_stay_as_they_are():
    """Whoever has a sweep on the disk goes on with its points in every later version."""
    assert sampled(2, **KEYS) == [
        {"eta": 1.42288, "batch_size": 136, "warmup": 0.4751887, "optimizer": "sgd"},
        {"eta": 4.91037, "batch_size": 37, "warmup": 0.0763046, "optimizer": {"name": "adam"}},
    ]


@given(ranges(), st.integers(0, 2**63 - 1), st.integers(1, 30), st.integers(1, 30))
def test_more_samples_only_add(values, seed, few, more):
    keys = {"eta": values, "optimizer": ["sgd", "adam", "rmsprop"]}
    longer = sampled(few + more, seed, **keys)
    shorter = sampled(few, seed, **keys)
    assert longer[: len(shorter)] == shorter
    assert sampled(few, seed, **keys) == shorter
    first, last = values.ends
    assert all(first <= point["eta"] <= last for point in longer)


def test_twenty_of_forty():
    assert sampled(40, **KEYS)[:20] == sampled(20, **KEYS)
    assert len(sampled(40, **KEYS)) == 40
    assert sampled(40, draw=1, **KEYS) != sampled(40, **KEYS)


def test_a_key_is_drawn_alike_beside_any_others():
    alone = [point["eta"] for point in sampled(10, eta=KEYS["eta"])]
    assert [point["eta"] for point in sampled(10, **KEYS)] == alone
    other = sampled(10, warmup=KEYS["eta"], eta=KEYS["eta"])
    assert all(point["eta"] != point["warmup"] for point in other)


def test_samples_are_spread_evenly():
    found = sampled(999, **KEYS)
    decades = [math.floor(math.log10(point["eta"])) for point in found]
    assert all(200 < decades.count(decade) < 300 for decade in (-3, -2, -1, 0))
    assert 430 < sum(point["warmup"] < 0.25 for point in found) < 570
    assert 430 < sum(point["optimizer"] == "sgd" for point in found) < 570
    small = [point["batch_size"] for point in found]
    assert 60 < small.count(1) < 140  # log 2 / log 1001: as much of the stretch as from 1 to 2
    assert 1 <= min(small) < max(small) <= 1000


def test_every_sample_goes_through_a_list_of_seeds():
    found = sampled(4, eta=KEYS["eta"], seed=[0, 1, 2])
    assert [point["seed"] for point in found] == [0, 1, 2] * 4
    assert len({point["eta"] for point in found}) == 4
    assert count(SweepSpec(samples=4, eta=[1], seed=[0, 1, 2])) == 12
    drawn = sampled(4, eta=KEYS["eta"], seed=RangeSpec(linear=(0, 10**6)))
    assert len({point["seed"] for point in drawn}) == 4


def test_samples_drawn_twice_are_merged():
    found = space(SweepSpec(samples=40, optimizer=["sgd", "adam"]), seed=0)
    assert (len(found.points), found.notice) == (2, "38 points were drawn twice")


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        (SweepSpec(eta=[1, 2, 3], seed=[0, 1]), "6 trials: eta (3), seed (2)"),
        (SweepSpec(eta=RangeSpec(log=(1, 2), steps=9)), "9 trials: eta (9)"),
        (
            SweepSpec(eta=RangeSpec(log=(1, 2)), loss=["mse", "quadratic"], samples=40),
            "40 trials: 40 samples of eta, loss (2)",
        ),
        (
            SweepSpec(eta=[1], halving={"rungs": [1, 3], "keep": 0.5}),
            "1 trial: eta (1); compared at epochs 1, 3, 50% go on",
        ),
    ],
)
def test_a_space_in_words(sweep, said):
    assert describe(sweep) == said
