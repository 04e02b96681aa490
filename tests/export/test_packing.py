"""Rounded weights: short where that changes no answer, and never beyond what holds them."""

from __future__ import annotations

import numpy as np
import pytest

from nncli.data.encoding import Preprocessing
from nncli.export.browser.packing import LEVELS, MOST, PACKERS, pack, packed_as
from nncli.predict import predict_rows
from nncli.runs.weights import Meta, Weights
from nncli.spec.model import LayerSpec


def network(w: np.ndarray, last: str = "identity") -> Weights:
    layer = LayerSpec(input_dim=w.shape[1], output_dim=w.shape[0], activation=last)
    loss = "mse" if last == "identity" else "binary_cross_entropy"
    meta = Meta(
        format=1,
        architecture=(layer,),
        loss=loss,
        preprocessing=Preprocessing(scale=1),
        classes=None,
        labels=None if last == "identity" else tuple(map(str, range(len(w)))),
        epoch=1,
        batch=0,
    )
    return Weights({"W1": w, "b1": np.zeros(len(w), w.dtype)}, meta)


def rows(features: int) -> np.ndarray:
    return np.random.default_rng(0).random((200, features)).astype(np.float32)


def test_eight_bits_where_they_are_enough():
    whole = np.array([[-127, 0, 5], [127, 1, 2]], np.float32) * np.float32([[0.5], [0.01]])
    assert pack(network(whole), rows(3)).kind == "int8"
    assert pack(network(whole), None).kind == "float16", "without rows nobody can tell"


@pytest.mark.parametrize("spread", [1.0, 30.0, 1e6])
def test_no_answer_changes_by_more_than_it_may(spread):
    w = np.random.default_rng(1).standard_normal((5, 40)).astype(np.float32) * np.float32(spread)
    weights, x = network(w, "sigmoid"), rows(40)
    packed = pack(weights, x)
    before = predict_rows(weights, x).outputs
    after = predict_rows(Weights(packed.params, weights.meta), x).outputs
    assert np.abs(after - before).max() == pytest.approx(packed.change)
    assert packed.change <= MOST
    shorter = list(PACKERS)[: list(PACKERS).index(packed.kind)]
    for kind in shorter:
        with np.errstate(all="ignore"):
            rounded = predict_rows(Weights(packed_as(kind, weights.params).params, weights.meta), x)
        assert not np.abs(rounded.outputs - before).max() <= MOST, f"{kind} would do"


@pytest.mark.parametrize(
    ("largest", "dtype", "kind"),
    [(1e3, "float32", "float16"), (1e5, "float32", "float32"), (1e300, "float64", "float64")],
)
def test_wider_where_a_weight_is_too_large(largest, dtype, kind):
    w = np.array([[1.0, largest]], dtype)
    packed = pack(network(w), None)
    assert packed.kind == kind
    assert packed.params["W1"] == pytest.approx(w, rel=1e-3)


@pytest.mark.parametrize("kind", LEVELS)
def test_a_row_of_zeros_stays_one(kind):
    w = np.array([[0, 0], [1, -2]], np.float32)
    assert packed_as(kind, network(w).params).params["W1"] == pytest.approx(w, abs=0.02)
