"""Whether a network is better than a baseline: against standard errors written out row by row."""

import numpy as np
import pytest

from nncli.network import margins
from nncli.network.margins import Margin

RNG = np.random.default_rng(3)


def test_shares_are_compared_row_by_row_as_mcnemar_does():
    """b rows right by the network alone, c by the baseline alone, of n: (b - c) / n, and its standard error."""
    y = np.array([0] * 70 + [1] * 30)
    answers = np.array([0] * 65 + [1] * 5 + [1] * 18 + [0] * 12)
    b, c, n = 18, 5, 100
    found = margins.of_classes(answers, 0, y)["accuracy"]
    assert found.value == pytest.approx((b - c) / n)
    assert found.error == pytest.approx(np.sqrt((b + c) / n - ((b - c) / n) ** 2) / np.sqrt(n))
    assert found.is_clear


def test_balanced_accuracy_is_the_mean_over_classes_whatever_their_rows():
    y = np.array([0] * 90 + [1] * 10)
    answers = np.array([0] * 80 + [1] * 10 + [1] * 6 + [0] * 4)
    found = margins.of_classes(answers, 0, y)["balanced_accuracy"]
    assert found.value == pytest.approx((80 / 90 + 6 / 10) / 2 - 0.5)
    first, second = 81 / 92, 7 / 12  # two rows more, one of them right
    expected = np.sqrt(first * (1 - first) / 90 + second * (1 - second) / 10) / 2
    assert found.error == pytest.approx(expected)


RARE = np.array([0] * 97 + [1] * 3)


@pytest.mark.parametrize(
    ("answers", "clear"),
    [
        (np.zeros(100, int), False),  # what the baseline says
        (np.where(np.arange(100) == 97, 1, 0), False),  # one row of three, which may be luck
        (RARE, True),
        (np.where(np.arange(100) > 90, 1, 0), True),  # less accurate, but it finds them
        (1 - RARE, False),
    ],
)
def test_a_class_of_three_in_a_hundred(answers, clear):
    found = margins.of_classes(answers, 0, RARE)
    assert any(margin.is_clear for margin in found.values()) is clear


def test_labels_and_rows_of_labels():
    y = RNG.random((40, 3)) > 0.4
    answers = np.where(RNG.random((40, 3)) < 0.8, y, ~y)
    always = np.array([True, True, False])
    found = margins.of_labels(answers, always, y.astype(float))
    right, base = answers == y, always == y
    for name, own, other in (
        ("accuracy", right.mean(axis=1), base.mean(axis=1)),
        ("exact_match", right.all(axis=1), base.all(axis=1)),
    ):
        gains = own.astype(float) - other
        assert found[name].value == pytest.approx(gains.mean())
        assert found[name].error == pytest.approx(gains.std() / np.sqrt(40))


def test_numbers_by_their_r2_also_far_from_zero():
    y = 1e9 + RNG.standard_normal((50, 2)) * [1, 100]
    answers, always = y + RNG.standard_normal((50, 2)), y.mean(axis=0) + 0.3
    found = margins.of_numbers(answers, always, y)["r2"]
    total = ((y - y.mean(axis=0)) ** 2).sum(axis=0)
    own, base = (1 - ((each - y) ** 2).sum(axis=0) / total for each in (answers, always))
    assert found.value == pytest.approx((own - base).mean(), rel=1e-6)
    assert margins.of_numbers(np.broadcast_to(always, y.shape), always, y)["r2"] == Margin(0.0, 0.0)
    assert margins.of_numbers(answers, always, np.full((50, 2), 7.0))["r2"] == Margin(0.0, 0.0)


def test_what_is_no_number_is_never_better():
    y = np.arange(6.0)[:, None]
    assert not margins.of_numbers(np.full((6, 1), np.nan), np.array([2.5]), y)["r2"].is_clear
    assert not margins.of_numbers(np.full((6, 1), np.inf), np.array([2.5]), y)["r2"].is_clear


def test_a_network_at_the_baseline_is_called_better_about_once_in_fifty_times():
    """Answers that are drawn without a look at the inputs, for classes that are all as common."""
    called = 0
    for _ in range(400):
        y, answers = RNG.integers(0, 2, (2, 200))
        called += margins.of_classes(answers, 0, y)["accuracy"].is_clear
    assert called <= 20
