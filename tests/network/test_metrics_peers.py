"""Figures of merit against scikit-learn's, on random answers with ties."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from nncli.network.activations import activate
from nncli.network.baselines import majority
from nncli.network.examiners import ClassExaminer, LabelExaminer
from nncli.network.metrics import LabelTally, RegressionTally


def random_classes(rows: int, classes: int, outputs: int):
    """Logits of few different values, so that many are level, and the truth, which they know something of."""
    rng = np.random.default_rng(rows + classes)
    truth = rng.integers(0, classes, rows)
    y = np.eye(classes)[truth] if outputs > 1 else truth[:, None].astype(float)
    z = np.round(2 * y + rng.standard_normal((rows, outputs)), 1)
    return truth, y, z


def examined(truth, classes, z, y, activation, *pieces):
    examiner = ClassExaminer(truth, classes, activation)
    for rows in pieces or (slice(0, len(truth)),):
        examiner.add(rows, z[rows], y[rows])
    return examiner


@pytest.mark.parametrize(
    ("classes", "outputs", "activation"),
    [(2, 1, "sigmoid"), (2, 2, "softmax"), (3, 3, "softmax"), (12, 12, "softmax"), (12, 12, "sigmoid")],
)  # fmt: skip
def test_classes(classes, outputs, activation):
    truth, y, z = random_classes(700, classes, outputs)
    examiner = examined(truth, classes, z, y, activation)
    figures, a = examiner.figures(), activate(activation, z)
    shares = np.hstack([1 - a, a]) if outputs == 1 else a / a.sum(axis=1, keepdims=True)
    answers = shares.argmax(axis=1)
    expected = {
        "balanced_accuracy": theirs.balanced_accuracy_score(truth, answers),
        "log_loss": theirs.log_loss(truth, shares),
    }
    if classes == 2:
        score = z[:, -1] - (z[:, 0] if outputs == 2 else 0)
        expected["roc_auc"] = theirs.roc_auc_score(truth, score)
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    table = theirs.precision_recall_fscore_support(truth, answers, zero_division=0)
    for ours, other in zip(examiner.each().values(), table, strict=True):
        assert ours == pytest.approx(other)
    assert np.array_equal(examiner.confusion.counts, theirs.confusion_matrix(truth, answers))


def test_the_first_few_answers():
    truth, y, z = random_classes(500, 12, 12)
    z += np.random.default_rng(1).random(z.shape) * 1e-6  # they break ties in another way
    figures = examined(truth, 12, z, y, "softmax").figures()
    for k in (3, 5):
        assert figures[f"top_{k}"] == theirs.top_k_accuracy_score(truth, z, k=k)


@pytest.mark.parametrize(("classes", "outputs"), [(2, 1), (12, 12)])
def test_figures_do_not_depend_on_how_rows_come(classes, outputs):
    truth, y, z = random_classes(700, classes, outputs)
    at_once = examined(truth, classes, z, y, "sigmoid")
    pieces = [slice(start, start + 111) for start in range(0, 700, 111)]
    in_pieces = examined(truth, classes, z, y, "sigmoid", *pieces)
    assert at_once.figures() == in_pieces.figures()


def test_labels():
    rng = np.random.default_rng(3)
    y = (rng.random((400, 5)) < [0.1, 0.3, 0.5, 0.7, 0.0]).astype(float)
    z = 2 * y - 1 + rng.standard_normal((400, 5))
    answers = z > 0
    tally, examiner = LabelTally(), LabelExaminer(400, 5, "sigmoid")
    tally.add(np.zeros(400), z, y, "sigmoid", batch=1000)
    examiner.add(slice(0, 400), z, y)
    figures = tally.figures()
    assert figures["exact_match"] == theirs.accuracy_score(y, answers)
    assert figures["accuracy"] == pytest.approx(1 - theirs.hamming_loss(y, answers))
    table = theirs.precision_recall_fscore_support(y, answers, zero_division=0)
    for ours, other in zip(examiner.each().values(), table, strict=True):
        assert ours == pytest.approx(other)
    each = [theirs.log_loss(y[:, k], activate("sigmoid", z)[:, k], labels=[0, 1]) for k in range(5)]
    assert examiner.figures()["log_loss"] == pytest.approx(np.mean(each))


def test_regression():
    rng = np.random.default_rng(4)
    y, z = rng.standard_normal((300, 2)), rng.standard_normal((300, 2))
    units = np.array([3.0, 0.2])
    tally = RegressionTally(units=units)
    tally.add(np.zeros(300), z, y, "identity", batch=1000)
    own, answers = y * units, z * units
    expected = {
        "loss": 0.0,
        "rmse": theirs.mean_squared_error(own, answers) ** 0.5,
        "mae": theirs.mean_absolute_error(own, answers),
        "r2": theirs.r2_score(own, answers),
    }
    assert tally.figures() == pytest.approx(expected)
    raw = theirs.r2_score(own, answers, multioutput="raw_values")
    assert tally.per_output()["r2"] == pytest.approx(raw)


def test_the_majority():
    from sklearn.dummy import DummyClassifier

    rng = np.random.default_rng(5)
    train, y = rng.choice(3, 200, p=[0.2, 0.5, 0.3]), rng.integers(0, 3, 90)
    dummy = DummyClassifier().fit(np.zeros((200, 1)), train)
    answer, figures = majority(train, y, 3)
    assert answer == dummy.predict([[0]])[0]
    assert figures["accuracy"] == dummy.score(np.zeros((90, 1)), y)
    shares = dummy.predict_proba(np.zeros((90, 1)))
    assert figures["log_loss"] == pytest.approx(theirs.log_loss(y, shares))
