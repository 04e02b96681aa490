"""Rows kept back: none lost, none twice, classes in proportion."""

from __future__ import annotations

import numpy as np
import pytest

from nncli.data.dataset import Split
from nncli.data.splits import divide, row_count
from nncli.errors import DataError, SpecError
from nncli.spec.sources import Digits, Mnist

COUNTS = (50, 30, 17, 3)
Y = np.repeat(np.arange(4), COUNTS)
WHOLE = Split(np.arange(100)[:, None], Y)


def digits(**keys: object) -> Digits:
    return Digits.model_validate({"source": "digits", "test": 0, **keys})


@pytest.mark.parametrize("test_from", ["last", "random", "stratified"])
@pytest.mark.parametrize("validation_from", ["last", "random", "stratified"])
def test_no_row_is_lost_or_doubled(test_from, validation_from):
    source = digits(
        seed=1, test=0.3, test_from=test_from, validation=20, validation_from=validation_from
    )
    splits = divide({"train": WHOLE}, source)
    assert {name: len(split) for name, split in splits.items()} == {
        "train": 50,
        "validation": 20,
        "test": 30,
    }
    rows = np.concatenate([split.x[:, 0] for split in splits.values()])
    np.testing.assert_array_equal(np.sort(rows), np.arange(100))
    for split in splits.values():
        np.testing.assert_array_equal(split.y, Y[split.x[:, 0]])


def test_test_comes_first_then_validation_both_as_views():
    splits = divide({"train": WHOLE}, digits(test=10, validation=20))
    assert list(splits) == ["train", "validation", "test"]
    assert splits["test"].x[0, 0] == 90
    assert splits["validation"].x[0, 0] == 70
    assert all(np.shares_memory(split.x, WHOLE.x) for split in splits.values())


def test_a_test_set_of_its_own_is_left_alone():
    source = Mnist.model_validate({"source": "mnist", "validation": 0.25})
    splits = divide({"train": WHOLE, "test": WHOLE}, source)
    assert splits["test"] is WHOLE
    assert len(splits["validation"]) == 25


def test_classes_stay_in_proportion():
    """20 of 100: shares 10, 6, 3.4 and 0.6, so the last one's remainder is rounded up."""
    splits = divide({"train": WHOLE}, digits(seed=3, validation=20, validation_from="stratified"))
    np.testing.assert_array_equal(np.bincount(splits["validation"].y), [10, 6, 3, 1])


@pytest.mark.parametrize("choice", ["random", "stratified"])
def test_the_seed_decides(choice):
    def rows(seed: int) -> list[int]:
        source = digits(seed=seed, validation=20, validation_from=choice)
        return divide({"train": WHOLE}, source)["validation"].x[:, 0].tolist()

    assert rows(0) == rows(0) != rows(1)
    assert rows(0) != sorted(range(80, 100))


def test_random_rows_stay_as_they_are():
    """Golden: another order would change every run that has a random split."""
    source = digits(validation=5, validation_from="random")
    rows = divide({"train": WHOLE}, source)["validation"].x[:, 0]
    assert rows.tolist() == [24, 25, 34, 59, 66]


@pytest.mark.parametrize(
    ("share", "total", "rows"),
    [(7, 100, 7), (0.2, 1797, 359), (0.001, 100, 1), (0.125, 100, 13), (1, 10, 1), (0.29, 100, 29)],
)
def test_a_fraction_is_rounded_to_the_nearest(share, total, rows):
    assert row_count(share, total) == rows


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"validation": 101}, r"data.validation: is 101, but there are 100 training rows"),
        ({"validation": 100}, r"data.validation: is 100, .* Keep back 99 at most"),
        ({"test": 60, "validation": 50}, r"data.validation: is 50, but there are 40"),
        ({"test": 0.999}, r"data.test: is 0.999, but there are 100 training rows"),
        (
            {"validation": 3, "validation_from": "stratified"},
            r"data.validation: makes 3 of 100 rows, but stratified needs one per class \(4\)",
        ),
    ],
)
def test_too_many_rows_name_the_key(keys, message):
    with pytest.raises(SpecError, match=message):
        divide({"train": WHOLE}, digits(**keys))


def test_stratified_needs_two_rows_of_each_class():
    split = Split(np.zeros((9, 1)), np.array([0, 0, 0, 0, 1, 1, 1, 1, 3]))
    source = digits(validation=4, validation_from="stratified")
    with pytest.raises(DataError, match="class 3 has 1 row"):
        divide({"train": split}, source)


def test_stratified_needs_classes():
    split = Split(np.zeros((9, 1)), np.zeros((9, 1)))
    source = digits(validation=4, validation_from="stratified")
    with pytest.raises(SpecError, match=r"data.validation_from: is stratified, but the targets"):
        divide({"train": split}, source)
