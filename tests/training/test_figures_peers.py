"""Every figure that is told of a network, and of the baseline beside it, against scikit-learn's on hostile rows:
targets far from 0, that never vary, a single row, a single class, level scores, outputs of different sizes, float32.

The network hands its inputs on as logits, so that a figure passes through every cast on its way from data to record.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest
from sklearn import metrics as theirs
from sklearn.dummy import DummyClassifier, DummyRegressor
from support import Layer

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.encoding import NumberColumn, TableEncoding
from nncli.network.activations import activate
from nncli.network.losses import LOSSES
from nncli.network.metrics import Tally
from nncli.training.baseline import baseline
from nncli.training.evaluation import Evaluator

MARK = Fingerprint("0" * 64)
CASES = 100
ANY = NumberColumn(name="x", fill=0, center=0, spread=1)


class Rows(NamedTuple):
    """What is true of some rows, and what is said of them."""

    truth: Any
    """(n,) class numbers, or (n, K) labels or targets in their units."""
    said: Any
    """Of the same kind."""
    shares: Any = None
    """(n, K) probabilities of classes, or of labels."""
    scores: Any = None
    """(n, K): the larger, the surer."""


class Case(NamedTuple):
    """A dataset, a last layer and a loss."""

    data: Dataset
    activation: str
    loss: str
    dtype: str
    class_weights: Any = None


# what comes in: hostile targets and answers


def regression_case(rng: np.random.Generator) -> Case:
    """One to three targets, some of them of quite another size than the others."""
    rows, outputs = int(rng.choice([1, 2, 7, 300, 2500])), int(rng.integers(1, 4))
    columns = [hostile_targets(rng, rows) for _ in range(outputs)]
    y = np.column_stack(columns)
    error = rng.choice([0, 1e-3, 1, 30]) * np.maximum(y.std(axis=0), 1e-9)
    x = y + error * rng.standard_normal(y.shape)
    table = None
    if rng.random() < 0.3:
        spreads = tuple(
            2.0 ** rng.integers(-500, 500, outputs)
        )  # to multiply by them rounds nothing
        table = TableEncoding(
            columns=(ANY,), target=tuple("abc"[:outputs]), missing=(), centers=(0.0,) * outputs, spreads=spreads
        )  # fmt: skip
    splits = {"train": Split(x, rng.permutation(y)), "test": Split(x, y)}
    loss = str(rng.choice(["mse", "quadratic"]))
    dtype = str(rng.choice(["float32", "float64"]))
    return Case(Dataset(splits, None, MARK, table=table), "identity", loss, dtype)


def hostile_targets(rng: np.random.Generator, rows: int) -> np.ndarray:
    """(rows,) numbers: far from 0, all the same, level, tiny, or one far from the others."""
    plain = rng.standard_normal(rows)
    far = np.where(np.arange(rows) == rng.integers(rows), 1e12, plain)
    kinds = [plain, plain + 1e8, plain + 1.7e9, 1e-4 * plain - 1e6, np.full(rows, 0.1)]
    kinds += [np.round(plain), 1e-120 * plain, np.sort(plain) + 1e9, far]
    return kinds[rng.integers(len(kinds))]


def class_case(rng: np.random.Generator) -> Case:
    """Two, three or twelve classes, of which the rows may have one only."""
    classes, rows = int(rng.choice([2, 2, 3, 12])), int(rng.choice([1, 2, 9, 300, 2500]))
    present = rng.permutation(classes)[: rng.integers(1, classes + 1)]
    truth = rng.choice(present, rows)
    pairs = [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")]
    pairs += [("sigmoid", "quadratic"), ("identity", "mse"), ("tanh", "quadratic")]
    activation, loss = pairs[rng.integers(len(pairs))]
    outputs = 1 if classes == 2 and activation != "softmax" and rng.random() < 0.5 else classes
    y = np.eye(classes)[truth] if outputs > 1 else truth[:, None]
    x = np.round(2 * y + rng.standard_normal((rows, outputs)), int(rng.choice([0, 1, 9])))
    train = np.concatenate([np.arange(classes), rng.choice(present, 50)])
    splits = {"train": Split(np.zeros((len(train), outputs)), train), "test": Split(x, truth)}
    names = tuple(f"class {number}" for number in range(classes))
    weights = 10.0 ** rng.integers(-3, 3, classes) if rng.random() < 0.5 else None
    dtype = str(rng.choice(["float32", "float64"]))
    return Case(Dataset(splits, names, MARK), activation, loss, dtype, weights)


def label_case(rng: np.random.Generator) -> Case:
    """Two to five labels, some of which hardly any row has."""
    rows, labels = int(rng.choice([1, 2, 9, 300, 2500])), int(rng.integers(2, 6))
    common = rng.choice([0, 0.02, 0.5, 1], labels)
    y = (rng.random((rows, labels)) < common).astype(np.uint8)
    x = np.round(2.0 * y - 1 + rng.standard_normal(y.shape), int(rng.choice([0, 1, 9])))
    both = np.arange(2)[:, None].repeat(labels, axis=1)
    train = np.concatenate([both, (rng.random((49, labels)) < common)]).astype(np.uint8)
    splits = {"train": Split(np.zeros((51, labels)), train), "test": Split(x, y)}
    names = tuple(f"label {number}" for number in range(labels))
    data = Dataset(splits, None, MARK, labels=names)
    loss = str(rng.choice(["binary_cross_entropy", "quadratic"]))
    return Case(data, "sigmoid", loss, str(rng.choice(["float32", "float64"])))


KINDS = (regression_case, class_case, label_case)


# what scikit-learn says


def power_of_two(size: Any) -> Any:
    """About the size; to divide by it rounds nothing."""
    return np.ldexp(1.0, np.frexp(size)[1])


def r2(rows: Rows, each: str) -> Any:
    """A single row is taken twice, since scikit-learn has no R^2 of one. Targets are brought near 0, where it does not
    round their mean, and their size, whose square may be no float, is taken out: R^2 knows neither."""
    truth, said = (np.concatenate([a, a]) if len(a) == 1 else a for a in (rows.truth, rows.said))
    size = power_of_two(np.abs(truth - truth[0]).max(axis=0))
    return theirs.r2_score((truth - truth[0]) / size, (said - truth[0]) / size, multioutput=each)


def rmse(rows: Rows, each: str) -> Any:
    """The size of the errors, whose square may be no float, is taken out."""
    errors = rows.truth - rows.said
    size = power_of_two(np.abs(errors).max(axis=0 if each == "raw_values" else None))
    return size * np.sqrt(theirs.mean_squared_error(errors / size, 0 * errors, multioutput=each))


def places(scores: np.ndarray) -> np.ndarray:
    """Scores without ties: of equal ones the lower class number comes first."""
    return -np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)


def top(k: int) -> Callable[[Rows], float]:
    def figure(rows: Rows) -> float:
        labels = np.arange(rows.scores.shape[1])
        return theirs.top_k_accuracy_score(rows.truth, places(rows.scores), k=k, labels=labels)

    return figure


def class_log_loss(rows: Rows) -> float:
    return theirs.log_loss(rows.truth, rows.shares, labels=np.arange(rows.shares.shape[1]))


def label_log_loss(rows: Rows) -> float:
    pairs = zip(rows.truth.T, rows.shares.T, strict=True)
    return float(np.mean([theirs.log_loss(y, p, labels=[0, 1]) for y, p in pairs]))


def auc(rows: Rows) -> float:
    scores = rows.scores
    return theirs.roc_auc_score(rows.truth, scores[:, -1] - (scores[:, 0] if scores.shape[1] == 2 else 0))  # fmt: skip


PEERS: dict[str, dict[str, Callable[[Rows], Any]]] = {
    "classification": {
        "accuracy": lambda rows: theirs.accuracy_score(rows.truth, rows.said),
        "balanced_accuracy": lambda rows: theirs.balanced_accuracy_score(rows.truth, rows.said),
        "log_loss": class_log_loss,
        "roc_auc": auc,
        "top_3": top(3),
        "top_5": top(5),
    },
    "labels": {
        "accuracy": lambda rows: theirs.accuracy_score(rows.truth.ravel(), rows.said.ravel()),
        "exact_match": lambda rows: theirs.accuracy_score(rows.truth, rows.said),
        "log_loss": label_log_loss,
    },
    "regression": {
        "rmse": lambda rows: rmse(rows, "uniform_average"),
        "mae": lambda rows: theirs.mean_absolute_error(rows.truth, rows.said),
        "r2": lambda rows: r2(rows, "uniform_average"),
    },
}  # fmt: skip
"""Task -> figure -> what it is for scikit-learn. A figure that is not here fails, and so does one that is no more."""

EACH: dict[str, dict[str, Callable[[Rows], Any]]] = {
    "regression": {
        "rmse": lambda rows: rmse(rows, "raw_values"),
        "mae": lambda rows: theirs.mean_absolute_error(rows.truth, rows.said, multioutput="raw_values"),
        "r2": lambda rows: r2(rows, "raw_values"),
    },
}  # fmt: skip
"""The same for each class, label or target; those of classes and labels come all at once."""


def table_of(task: str, rows: Rows, number: int) -> dict[str, Any]:
    """Figures of each class, label or target."""
    if task == "regression":
        return {name: peer(rows) for name, peer in EACH[task].items()}
    columns = theirs.precision_recall_fscore_support(
        rows.truth, rows.said, labels=np.arange(number), zero_division=0
    )
    return dict(zip(("precision", "recall", "f1", "support"), columns, strict=True))


def binary_cross_entropy(y: Any, a: Any, **weights: Any) -> float:
    columns = zip(y.T, a.T, strict=True)
    return sum(theirs.log_loss(truth, said, labels=[0, 1], **weights) for truth, said in columns)


def cross_entropy(y: Any, a: Any, **weights: Any) -> float:
    return theirs.log_loss(y.argmax(axis=1), a, labels=np.arange(y.shape[1]), **weights)


def quadratic(y: Any, a: Any, **weights: Any) -> float:
    return theirs.mean_squared_error(y, a, **weights) * y.shape[1] / 2


LOSS_PEERS: dict[str, Callable[..., float]] = {
    "quadratic": quadratic,
    "mse": theirs.mean_squared_error,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}
"""Loss -> its mean over rows, from what the outputs should be, (n, K), and what they are."""


# both beside each other


def network_rows(case: Case) -> tuple[Rows, Any, Any]:
    """The test rows as the network answers them; what its outputs should be, and what they are."""
    split, data = case.data.splits["test"], case.data
    z = split.x.astype(case.dtype).astype(np.float64)
    a = activate(case.activation, z)
    if data.task == "regression":
        units = np.array(data.table.spreads) if data.table else 1.0
        return Rows(split.y * units, a * units), split.y, a
    if data.task == "labels":
        return Rows(split.y, (a > 0.5).astype(int), a), split.y.astype(float), a
    wide = z.shape[1] > 1
    shares = np.hstack([1 - a, a]) if not wide else a
    if case.activation == "sigmoid":  # several are shares of their sum
        shares = shares / shares.sum(axis=1, keepdims=True)
    said = z.argmax(axis=1) if wide else (a[:, 0] > 0.5).astype(int)
    scores = np.log(a) if case.activation == "sigmoid" else z
    truth = np.eye(z.shape[1])[split.y] if wide else split.y[:, None].astype(float)
    return Rows(split.y, said, shares, scores), truth, a


def baseline_rows(data: Dataset) -> Rows:
    """The test rows as scikit-learn's dummies answer them."""
    train, y = data.splits["train"].y, data.splits["test"].y
    before, now = np.zeros((len(train), 1)), np.zeros((len(y), 1))
    if data.task == "regression":
        units = np.array(data.table.spreads) if data.table else 1.0
        dummy = DummyRegressor().fit(before, train - train[0])
        said = train[0] + dummy.predict(now).reshape(y.shape)
        return Rows(y * units, said * units)
    dummy = DummyClassifier(strategy="prior").fit(before, train)
    shares = dummy.predict_proba(now)
    if data.task == "labels":
        return Rows(y, dummy.predict(now), np.column_stack([p[:, 1] for p in shares]))
    return Rows(y, dummy.predict(now), shares, shares)


def compare(case: Case, seen: set[str]) -> None:
    """All figures of a case; their names go into `seen`."""
    data, task = case.data, case.data.task
    rows, wanted, a = network_rows(case)
    outputs = wanted.shape[1]
    layers = (Layer(outputs, outputs, case.activation),)
    params = {"W1": np.eye(outputs, dtype=case.dtype), "b1": np.zeros(outputs, case.dtype)}
    judge = Evaluator(data, "test", layers, case.loss, case.dtype, case.class_weights)
    found = judge.examine(params)
    figures = found.figures | found.more
    near = {"rel": 1e-9 if case.dtype == "float64" or task == "regression" else 1e-6, "nan_ok": True}  # fmt: skip
    near["abs"] = 1e-12 if task != "regression" else 0.0
    loss = LOSS_PEERS[case.loss](wanted, a)
    assert figures.pop("loss") == pytest.approx(loss, **near)
    if case.class_weights is not None:
        each = case.class_weights[data.splits["test"].y]
        weighted = LOSS_PEERS[case.loss](wanted, a, sample_weight=each)
        assert figures.pop("weighted_loss") == pytest.approx(weighted, **near)
        seen.add("loss weighted_loss")
    expected = {name: PEERS[task][name](rows) for name in figures}
    assert figures == pytest.approx(expected, **near)
    table = table_of(task, rows, len(data.names))
    assert found.each.keys() == table.keys()
    for name, column in found.each.items():
        assert column == pytest.approx(table[name], **near)
    beside = baseline(data, "test").figures
    idle = baseline_rows(data)
    expected = {name: PEERS[task][name](idle) for name in beside}
    assert beside == pytest.approx(expected, nan_ok=True, rel=1e-9, abs=1e-12)
    seen |= {f"{task} {name}" for name in (*figures, *beside)} | {f"loss {case.loss}"}


def test_every_figure_is_scikit_learns():
    seen: set[str] = set()
    for number in range(CASES):
        case = KINDS[number % len(KINDS)](np.random.default_rng(number))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of one class, of one row
            compare(case, seen)
    own = {f"{task} {name}" for task, peers in PEERS.items() for name in peers}
    assert seen == own | {f"loss {name}" for name in (*LOSSES, "weighted_loss")}
    names = {name for kind in get_args(Tally) for name in kind.NAMES} - {"loss"}
    assert names <= {name.split()[1] for name in seen}
