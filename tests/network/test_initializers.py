"""First parameters: the variance that each initializer promises, and the draws of today kept for ever."""

import hashlib

import numpy as np
import pytest
from support import Layer

from nncli.network.initializers import INITIALIZERS, init_params
from nncli.streams import Purpose, stream


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("normal", 0.25),
        ("glorot_uniform", 2 / 500),
        ("glorot_normal", 2 / 500),
        ("he_uniform", 2 / 300),
        ("he_normal", 2 / 300),
        ("zeros", 0),
    ],
)
def test_variance(name, variance):
    w = INITIALIZERS[name](np.random.default_rng(0), (200, 300), 0.5)
    assert w.shape == (200, 300)
    assert abs(w.mean()) < 0.02 * np.sqrt(variance) + 1e-12
    assert w.var() == pytest.approx(variance, rel=0.02)
    if name.endswith("_uniform"):
        assert abs(w).max() <= np.sqrt(3 * variance)


def test_auto_follows_the_activation():
    layers = [Layer(300, 200, "relu"), Layer(200, 300, "tanh")]
    rng = np.random.default_rng(0)
    params = init_params(layers, weights="auto", biases="zeros", std=1.0, rng=rng)
    assert params["W1"].var() == pytest.approx(2 / 300, rel=0.02)
    assert params["W2"].var() == pytest.approx(2 / 500, rel=0.02)
    assert not params["b1"].any()


def test_streams_are_kept_apart_and_repeat():
    draw = stream(3, Purpose.BATCH_ORDER, 1).random(4)
    assert (stream(3, Purpose.BATCH_ORDER, 1).random(4) == draw).all()
    others = [(4, Purpose.BATCH_ORDER, 1), (3, Purpose.BATCH_ORDER, 2), (3, Purpose.SPLIT, 1)]
    assert not any((stream(*other).random(4) == draw).any() for other in others)


def test_initial_weights_stay_as_they_are():
    """Golden digests: a change here changes every result of every seed, and must say why."""
    layers = [Layer(784, 30, "sigmoid"), Layer(30, 10, "sigmoid")]
    digests = []
    for seed in range(10):
        rng = stream(seed, Purpose.INITIAL_WEIGHTS)
        params = init_params(layers, weights="normal", biases="normal", std=1.0, rng=rng)
        joined = b"".join(value.tobytes() for value in params.values())
        digests.append(hashlib.sha256(joined).hexdigest()[:8])
    assert digests == GOLDEN


GOLDEN = [
    "6cc43afb",
    "e7c4eed2",
    "a436b667",
    "83130ba1",
    "9d6662bf",
    "7768b40d",
    "c0dbd800",
    "26e0acc9",
    "520caf4e",
    "0066e43a",
]
