"""The order of rows, targets, and rows gathered into batches."""

from __future__ import annotations

import hashlib
from typing import get_args

import numpy as np
import pytest

from nncli.data.batches import SAMPLINGS, chunks, epoch_order, gather, targets
from nncli.data.dataset import Split
from nncli.errors import DataError
from nncli.spec import model

GOLDEN_ORDERS = {
    ("shuffled", 0, 1): "1223d924e99686fa",
    ("shuffled", 0, 2): "59aa6fa41d164e7f",
    ("shuffled", 7, 1): "2c0e69cc2f53629d",
    ("with_replacement", 0, 1): "5014662a804cc28a",
    ("sequential", 0, 1): "fe4e39bbf5e7508e",
}
"""(sampling, seed, epoch) -> the first 16 hex of SHA-256 over 60,000 row numbers as little-endian int64."""


def test_the_spec_knows_the_same_samplings():
    literal, _ = get_args(model.Spec.model_fields["sampling"].annotation)
    assert set(get_args(literal)) == set(SAMPLINGS)


@pytest.mark.parametrize("sampling", ["shuffled", "sequential"])
def test_every_row_comes_once_per_epoch(sampling):
    order = epoch_order(sampling, 1000, seed=5, epoch=1)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert (sampling == "sequential") == bool((order == np.arange(1000)).all())


def test_with_replacement_draws_as_many_rows_and_some_twice():
    order = epoch_order("with_replacement", 1000, seed=5, epoch=1)
    assert order.shape == (1000,)
    assert 0 <= order.min() <= order.max() < 1000
    assert 550 < len(np.unique(order)) < 700, "1 - 1/e of them"


@pytest.mark.parametrize("sampling", ["shuffled", "with_replacement"])
def test_epochs_and_seeds_differ(sampling):
    orders = [
        epoch_order(sampling, 50, seed=seed, epoch=epoch).tolist()
        for seed in (0, 1)
        for epoch in (1, 2)
    ]
    assert len({tuple(order) for order in orders}) == 4


@pytest.mark.parametrize(("sampling", "seed", "epoch"), GOLDEN_ORDERS)
def test_the_order_stays_as_it_is(sampling, seed, epoch):
    order = epoch_order(sampling, 60_000, seed=seed, epoch=epoch)
    digest = hashlib.sha256(order.astype("<i8").tobytes()).hexdigest()[:16]
    assert digest == GOLDEN_ORDERS[sampling, seed, epoch]


def test_chunks_keep_the_last_short_one():
    assert [(part.start, part.stop) for part in chunks(10, 4)] == [(0, 4), (4, 8), (8, 10)]
    assert [(part.start, part.stop) for part in chunks(3, 4)] == [(0, 3)]


def split(y: object) -> Split:
    wanted = np.array(y)
    return Split(np.zeros((len(wanted), 1)), wanted)


def test_one_hot():
    wanted = targets(split([2, 0]), 3, "float32")
    assert wanted.dtype == np.float32
    np.testing.assert_array_equal(wanted, [[0, 0, 1], [1, 0, 0]])


def test_one_output_takes_the_class_number():
    np.testing.assert_array_equal(targets(split([1, 0, 1]), 1, "float64"), [[1], [0], [1]])


def test_real_targets_are_cast():
    wanted = targets(split([[0.5, 2.0]]), 2, "float32")
    assert wanted.dtype == np.float32
    np.testing.assert_array_equal(wanted, [[0.5, 2.0]])


@pytest.mark.parametrize(
    ("y", "outputs", "message"),
    [
        ([0, 3], 3, "the data have 4 classes, the last layer 3 outputs"),
        ([0, 2], 1, "the data have 3 classes, the last layer 1 outputs"),
        ([[0.5, 2.0]], 1, "the targets have 2 columns, the last layer 1 outputs"),
    ],
)
def test_targets_must_fit_the_outputs(y, outputs, message):
    with pytest.raises(DataError, match=message):
        targets(split(y), outputs, "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
def test_gather_scales_in_the_precision_of_out(kind, dtype):
    x = np.random.default_rng(0).integers(0, 256, (50, 7)).astype(kind)
    rows = np.array([3, 3, 49, 0])
    out = np.empty((4, 7), dtype)
    assert gather(x, rows, 255.0, out) is out
    np.testing.assert_array_equal(out, x[rows].astype(dtype) * np.dtype(dtype).type(1 / 255))
    gather(x, rows, 1.0, out)
    np.testing.assert_array_equal(out, x[rows].astype(dtype))


def test_gather_gives_the_same_bits_however_rows_are_grouped():
    x = np.random.default_rng(0).integers(0, 256, (640, 784), dtype=np.uint8)
    order = epoch_order("shuffled", 640, seed=0, epoch=1)
    together = gather(x, order, 255.0, np.empty((640, 784), np.float32))
    apart, sliced = np.empty_like(together), np.empty_like(together)
    for part in chunks(640, 10):
        gather(x, order[part], 255.0, apart[part])
        gather(x[order], part, 255.0, sliced[part])
    assert together.tobytes() == apart.tobytes() == sliced.tobytes()
