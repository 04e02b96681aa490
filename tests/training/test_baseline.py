"""The answer that does not look at its inputs, for each kind of dataset."""

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.encoding import NumberColumn, TableEncoding
from nncli.training.baseline import baseline, not_beaten, recorded_baselines
from nncli.training.evaluation import Evaluator, Examination, new_tally

MARK = Fingerprint("0" * 64)


def dataset_of(train, test, **keys) -> Dataset:
    splits = {
        name: Split(np.zeros((len(y), 2)), np.asarray(y))
        for name, y in {"train": train, "test": test}.items()
    }
    return Dataset(splits, keys.pop("classes", None), MARK, **keys)


NUMBER = NumberColumn(name="weight", fill=0.0, center=0.0, spread=1.0)


def table(spreads) -> TableEncoding:
    return TableEncoding(
        columns=(NUMBER,), target=("mpg",), missing=(), centers=(20.0,), spreads=(spreads,)
    )


def test_classes_are_named():
    found = baseline(dataset_of([0, 1, 1], [0, 1], classes=("a", "b\n")), "test")
    assert found.answer == "always b\\n"
    assert found.figures["accuracy"] == 0.5


def test_labels():
    found = baseline(dataset_of([[1, 0]] * 3, [[1, 1]], labels=("a", "b")), "test")
    assert found.answer == "the commonest labels"
    assert (found.figures["accuracy"], found.figures["exact_match"]) == (0.5, 0)


def test_targets_in_the_units_of_their_table():
    found = baseline(dataset_of([[-1.0], [1.0]], [[2.0]], table=table(7.0)), "test")
    assert found.answer == "the mean"
    assert found.figures == {"rmse": 14.0, "mae": 14.0, "r2": 0.0}


def test_a_networks_figures_have_the_same_units():
    """A network of zeros says 0, the mean of standardized targets: it comes to what the baseline does."""
    data = dataset_of([[-1.0], [1.0]], [[2.0], [-0.5]], table=table(7.0))
    spec = spec_of("2-1 identity")
    evaluator = Evaluator(data, "test", spec.architecture, spec.loss, spec.dtype)
    zeros = {"W1": np.zeros((1, 2), "float32"), "b1": np.zeros(1, "float32")}
    found = evaluator.figures(zeros)
    base = baseline(data, "test").figures
    assert {name: found[name] for name in base} == pytest.approx(base)
    assert found["loss"] == (4 + 0.25) / 2  # as it is trained


def test_beside_the_figures_of_records():
    data = blobs(rows=30, test=9)
    found = recorded_baselines(spec_of("2-3 softmax", track=["test"]), data)
    assert found == {"answer": "always a", "train_accuracy": 1 / 3, "test_accuracy": 1 / 3}


@pytest.mark.parametrize(
    "keys", [{"classes": ("a", "b")}, {"labels": ("a", "b")}, {}], ids=["classes", "labels", "numbers"]
)  # fmt: skip
def test_every_figure_of_a_record_but_the_loss_has_a_baseline(keys):
    y = [0, 1] if "classes" in keys else [[0, 1], [1, 1]]
    data = dataset_of(y, y, **keys)
    assert {"loss", *baseline(data, "test").figures} >= set(new_tally(data).NAMES)


def said(data: Dataset, answers) -> tuple[str, ...]:
    """What is said of a network that gives these answers to the rows of `test`."""
    answers, y = np.asarray(answers), data.splits["test"].y
    if data.task == "regression":
        spread = np.square(y - y.mean(axis=0)).sum(axis=0)
        figures = {"r2": float(np.mean(1 - np.square(answers - y).sum(axis=0) / spread))}
    else:
        figures = {"accuracy": float((answers == y).mean())}
    return not_beaten(data, "test", Examination(figures, {}, {}, answers), baseline(data, "test"))


def test_what_is_not_beaten_is_said_with_how_sure_that_is():
    y = [0] * 15 + [1] * 45
    data = dataset_of(y, y, classes=("a", "b"))
    start = "the network does not beat `always b`: test accuracy"
    assert said(data, y) == ()
    assert said(data, [1] * 60) == (f"{start} 75.00% against 75.00%, with the same rows right",)
    few = [0] * 3 + [1] * 12 + [0] * 2 + [1] * 43  # 3 rows more are right, and 2 others wrong
    assert said(data, few) == (f"{start} 76.67% against 75.00%, within one standard error (3.72%)",)
    more = [0] * 3 + [1] * 57
    assert said(data, more) == (
        f"{start} 80.00% against 75.00%, within 2 standard errors (2.81% each)",
    )
    assert said(data, [0] * 60) == (f"{start} 25.00% against 75.00%, which is worse",)


def test_numbers_are_said_by_their_r2():
    y = np.arange(20.0)[:, None]
    data = dataset_of(y, y)
    assert said(data, y + 1) == ()
    (line,) = said(data, -y)
    assert line.startswith("the network does not beat `the mean`: test r2 -")
    (line,) = said(data, y * np.nan)
    assert line.endswith("test r2 - against 0, which is no number")


def test_a_baseline_that_is_always_right_says_nothing():
    data = dataset_of([0, 1, 1], [1, 1, 1], classes=("a", "b"))
    assert said(data, [0, 0, 0]) == ()
    same = dataset_of([[2.0]] * 3, [[2.0]] * 3)
    found = Examination({"r2": 0.0}, {}, {}, np.full((3, 1), 9.0))
    assert not_beaten(same, "test", found, baseline(same, "test")) == ()
