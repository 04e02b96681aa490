"""Figures of merit against numbers worked out by hand."""

import math

import numpy as np
import pytest

from nncli.network.baselines import commonest_labels, majority, mean_target
from nncli.network.examiners import ClassExaminer, LabelExaminer
from nncli.network.metrics import LabelTally, RegressionTally, predicted_labels
from nncli.network.scores import label_log_loss, log_loss, ranks, roc_auc, second_score


def logit(p: float) -> float:
    return math.log(p / (1 - p))


def test_label_figures_by_hand():
    z = np.array([[2.0, -1.0], [2.0, 3.0], [-1.0, -1.0]])
    y = np.array([[1, 0], [1, 0], [1, 1]], np.uint8)
    tally = LabelTally()
    tally.add(np.array([1.0, 2.0, 6.0]), z, y, "sigmoid", batch=2)
    # right are both labels of the first row, one of the second, none of the third
    assert tally.figures() == {"loss": 3.0, "accuracy": 3 / 6, "exact_match": 1 / 3}


def test_a_label_is_there_above_one_half():
    z = np.array([[0.0, 1e-3, -1e-3]])
    assert predicted_labels(z, "sigmoid").tolist() == [[False, True, False]]
    assert predicted_labels(z + 0.5, "identity").tolist() == [[False, True, False]]


def test_labels_in_one_table():
    examiner = LabelExaminer(3, 2, "sigmoid")
    z = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    y = np.array([[1, 0], [0, 0], [1, 0]], np.float32)
    examiner.add(slice(0, 2), z[:2], y[:2])
    examiner.add(slice(2, 3), z[2:], y[2:])
    table = {name: values.tolist() for name, values in examiner.each().items()}
    # the first label is said twice, rightly once, and is there twice; the second is said once, and never there
    assert table == {"precision": [0.5, 0], "recall": [0.5, 0], "f1": [0.5, 0], "support": [2, 0]}
    # chances of the truth: s(1) (1 - s(1)), (1 - s(1)) s(1), (1 - s(1)) s(1), each the same mean
    chance = 1 / (1 + math.exp(-1))
    expected = -(math.log(chance) + math.log(1 - chance)) / 2
    assert examiner.figures() == {"log_loss": pytest.approx(expected)}


def test_targets_in_their_own_units():
    y, answer = np.array([[1.0, 0.0], [3.0, 2.0]]), np.array([[2.0, 0.0], [5.0, 1.0]])
    tally = RegressionTally(units=np.array([10.0, 1.0]))
    tally.add(np.array([1.0, 3.0]), answer, y, "identity", batch=2)
    # errors (10, 0) and (20, -1); R^2 = 1 - 5/2 and 1 - 1/2, whatever the units
    assert tally.figures() == pytest.approx(
        {"loss": 2.0, "rmse": math.sqrt(501 / 4), "mae": 31 / 4, "r2": -0.5}
    )
    each = {name: values.tolist() for name, values in tally.per_output().items()}
    assert each == {
        "rmse": pytest.approx([math.sqrt(250), math.sqrt(0.5)]),
        "mae": pytest.approx([15, 0.5]),
        "r2": [-1.5, 0.5],
    }


def test_log_loss_by_hand():
    sure = np.array([[logit(0.8)], [logit(0.8)]])
    one = log_loss(sure, np.array([[1.0], [0.0]]), "sigmoid")
    assert one == pytest.approx([-math.log(0.8), -math.log(0.2)])
    softmax = log_loss(np.log([[2.0, 1.0, 1.0]]), np.array([[1.0, 0, 0]]), "softmax")
    assert softmax == pytest.approx([math.log(2)])
    # sigmoids of 0.8, 0.1 and 0.1 are shares of their sum
    z = np.array([[logit(0.8), logit(0.1), logit(0.1)]])
    assert log_loss(z, np.array([[0.0, 1.0, 0.0]]), "sigmoid") == pytest.approx([math.log(10)])
    assert label_log_loss(sure.T, np.array([[1.0, 0.0]])) == pytest.approx(-math.log(0.16) / 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_log_loss_is_finite_for_any_finite_logits(activation, dtype):
    largest = np.finfo(dtype).max
    z = np.array([[-largest, largest], [0, -largest], [largest, largest]], dtype)
    with np.errstate(over="ignore"):
        for y in (np.eye(2)[[0, 1, 0]], np.eye(2)[[1, 0, 1]]):
            assert np.isfinite(log_loss(z, y, activation)).all()


def test_ranks_of_the_truth():
    z = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [1.0, 1.0, 2.0]])
    assert ranks(z, np.array([1, 0, 1])).tolist() == [2, 0, 2]
    assert ranks(z, np.array([0, 2, 0])).tolist() == [0, 2, 1]


def test_roc_auc_by_hand():
    positive = np.array([False, True, False, True])
    # of the four pairs three stand right
    assert roc_auc(np.array([1.0, 4.0, 3.0, 2.0]), positive) == 3 / 4
    assert roc_auc(np.array([1.0, 2.0, 1.0, 2.0]), positive) == 1
    assert roc_auc(np.array([2.0, 1.0, 2.0, 1.0]), positive) == 0
    # one pair right, two level, one wrong: 2 of 4
    assert roc_auc(np.array([2.0, 2.0, 3.0, 3.0]), positive) == 2 / 4
    assert roc_auc(np.zeros(4), positive) == 0.5
    assert math.isnan(roc_auc(np.zeros(4), np.ones(4, bool)))
    assert math.isnan(roc_auc(np.array([1, np.nan, 2, 3]), positive))


def test_roc_auc_tells_what_rounded_probabilities_cannot():
    """Both are 1 in float32: by their activations half of the order would be lost."""
    z = np.array([[30.0], [40.0]], "float32")
    assert roc_auc(second_score(z, "sigmoid"), np.array([False, True])) == 1
    pairs = np.array([[-200.0, 30.0], [-200.0, 40.0]], "float32")
    assert roc_auc(second_score(pairs, "softmax"), np.array([False, True])) == 1


def test_classes_by_hand():
    truth, z = np.array([0, 0, 1, 1, 1]), np.array([[-1.0], [1.0], [1.0], [2.0], [-2.0]])
    examiner = ClassExaminer(truth, 2, "sigmoid")
    examiner.add(slice(0, 5), z, truth[:, None].astype("float64"))
    figures = examiner.figures()
    assert list(figures) == ["balanced_accuracy", "log_loss", "roc_auc"]
    # recalls 1/2 and 2/3; of the six pairs three stand right, one is level, two are wrong
    assert figures["balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert figures["roc_auc"] == 3.5 / 6
    assert examiner.confusion.counts.tolist() == [[1, 1], [1, 2]]


def test_classes_without_a_row_do_not_count_in_the_balance():
    examiner = ClassExaminer(np.array([0, 2]), 3, "identity")
    examiner.add(slice(0, 2), np.eye(3)[[0, 1]], np.eye(3)[[0, 2]])
    assert examiner.figures() == {"balanced_accuracy": 0.5}  # scores are no probabilities


def test_the_first_few_answers():
    examiner = ClassExaminer(np.array([0, 3, 9]), 10, "identity")
    z = np.array([np.arange(10.0, 0, -1)] * 3)
    examiner.add(slice(0, 3), z, np.eye(10)[[0, 3, 9]])
    figures = examiner.figures()
    assert (figures["top_3"], figures["top_5"]) == (1 / 3, 2 / 3)


def test_the_majority_by_hand():
    train, y = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1, 1])
    answer, figures = majority(train, y, 2)
    assert answer == 1
    assert figures["accuracy"] == 3 / 5
    assert figures["balanced_accuracy"] == figures["roc_auc"] == 1 / 2
    expected = -(2 * math.log(1 / 4) + 3 * math.log(3 / 4)) / 5
    assert figures["log_loss"] == pytest.approx(expected)
    assert majority(train, np.array([2, 1]), 3)[1]["log_loss"] == math.inf
    assert majority(train, np.array([2, 2]), 3)[1]["balanced_accuracy"] == 0


def test_the_commonest_of_many_classes():
    train = np.repeat(np.arange(12), np.arange(12, 0, -1))
    _, figures = majority(train, np.array([0, 2, 4, 11]), 12)
    assert (figures["accuracy"], figures["top_3"], figures["top_5"]) == (1 / 4, 2 / 4, 3 / 4)


def test_the_commonest_labels_by_hand():
    train = np.array([[1, 0], [1, 0], [1, 1], [0, 0]])
    figures = commonest_labels(train, np.array([[1, 0], [0, 0]]))
    assert (figures["accuracy"], figures["exact_match"]) == (3 / 4, 1 / 2)
    assert figures["log_loss"] == pytest.approx(-math.log(0.75 * 0.75 * 0.25 * 0.75) / 4)


def test_the_mean_by_hand():
    train, y = np.array([[1.0], [3.0]]), np.array([[2.0], [4.0], [6.0]])
    figures = mean_target(train, y, units=np.array([10.0]))
    # errors 0, 2, 4 around a mean of 4: SST 8
    expected = {"rmse": 10 * math.sqrt(20 / 3), "mae": 20.0, "r2": 1 - 20 / 8}
    assert figures == pytest.approx(expected)
