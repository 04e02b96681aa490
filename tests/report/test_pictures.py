"""What each picture shows: the numbers in its axes are those of the run."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.judge import judge
from nncli.report import boundary, confusion, curves, mistakes, predicted, weights
from nncli.report.figures import SPLIT_LINES, colors, render, style
from nncli.report.labels import labels
from nncli.report.subject import NotDrawnError, Subject
from nncli.runs import weights as weights_file
from nncli.words import short


@pytest.fixture(autouse=True)
def _in_our_style():
    with style():
        yield


def lines_of(axes):
    """Figure -> the y of its line."""
    return {line.get_gid(): list(line.get_ydata()) for line in axes.lines}


def shown_words(axes):
    return [text.get_text() for text in axes.texts]


def test_curves_are_the_records(images):
    subject = Subject(images)
    figure = curves.draw([subject])
    loss, accuracy = figure.axes
    assert (loss.get_title("left"), accuracy.get_title("left")) == ("Loss", "Accuracy")
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        drawn = lines_of(axes)
        assert list(drawn) == [f"{split}_{name}" for split in ("train", "validation", "test")]
        for key, values in drawn.items():
            assert values == [record[key] for record in subject.records]
        assert all(list(line.get_xdata()) == [1, 2, 3, 4] for line in axes.lines)
        assert len({line.get_color() for line in axes.lines}) == 3
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["train", "validation", "test"]


def test_curves_of_a_regression(line):
    figure = curves.draw([Subject(line)])
    assert [axes.get_title("left")[:4] for axes in figure.axes] == ["Loss", "RMSE", "R²"]
    records = Subject(line).records
    assert lines_of(figure.axes[2])["test_r2"] == [record["test_r2"] for record in records]


def test_several_runs_by_color_and_splits_by_line(moons, trained):
    other = trained("moons", "eta=0.1", "epochs=5")
    figure = curves.draw([Subject(moons), Subject(other)])
    lines = figure.axes[0].lines
    assert [len(line.get_xdata()) for line in lines] == [3, 3, 5, 5]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["epochs=3 eta=0.5", "epochs=5 eta=0.1", "train", "test"]


def test_of_many_runs_one_split_is_drawn(moons):
    figure = curves.draw([Subject(moons)] * 30)
    assert {line.get_gid() for line in figure.axes[0].lines} == {"test_loss"}
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[-1] == "and 6 more"
    assert "test" in figure.get_suptitle()


def test_a_figure_that_was_not_finite_is_a_gap(moons):
    subject = Subject(moons)
    subject.records = [*subject.records]
    subject.records[1]["test_loss"] = None
    drawn = lines_of(curves.draw([subject]).axes[0])["test_loss"]
    assert [math.isnan(value) for value in drawn] == [False, True, False]
    for record in subject.records:
        record |= {key: None for key in record if key.endswith(("_loss", "_accuracy"))}
    with pytest.raises(NotDrawnError, match="no record holds a finite figure"):
        curves.draw([subject])


def test_scales_follow_the_range(moons, line):
    assert curves.draw([Subject(moons)]).axes[0].get_yscale() == "linear"
    subject = Subject(moons)
    subject.records = [*subject.records]
    subject.records[0]["train_loss"] = 1e30
    assert curves.draw([subject]).axes[0].get_yscale() == "log"
    subject = Subject(line)
    subject.records = [*subject.records]
    subject.records[0]["train_r2"] = -50.0
    r2 = curves.draw([subject]).axes[2]
    assert r2.get_ylim()[0] == -1
    assert "below -1" in r2.get_title("left")


def test_labels_say_what_differs(moons, trained):
    deeper = trained("moons", "architecture[0].output_dim=4", "architecture[1].input_dim=4")
    assert labels([Subject(moons), Subject(deeper)]) == ["layers=2-8-2", "layers=2-4-2"]
    same = trained("moons")
    assert labels([Subject(moons), Subject(same)]) == [moons.name, same.name]
    three = labels([Subject(moons), Subject(same), Subject(deeper)])
    assert three == [f"layers=2-8-2 ({moons.name})", f"layers=2-8-2 ({same.name})", "layers=2-4-2"]


def test_the_confusion_matrix_is_that_of_eval(images):
    axes, bar = confusion.draw(Subject(images)).axes
    counts = judge(images).confusion.counts
    share = counts / counts.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(axes.images[0].get_array(), share)
    assert shown_words(axes) == [str(count) for count in counts.ravel() if count]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("answer", "truth")
    assert bar.get_ylabel() == "share of the row"


def test_predicted_numbers_stand_over_true_ones(line):
    subject = Subject(line)
    (axes,) = predicted.draw(subject).axes
    drawn = axes.collections[0].get_offsets().data
    rows = subject.opened.rows
    np.testing.assert_array_equal(drawn[:, 0], rows.y[:, 0])
    params = subject.opened.weights.params
    expected = rows.x @ params["W1"][0] + params["b1"]
    np.testing.assert_allclose(drawn[:, 1], expected, rtol=1e-4, atol=1e-5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("true y", "predicted")
    assert axes.get_xlim() == axes.get_ylim()


def test_classes_are_not_predicted_numbers(moons):
    with pytest.raises(NotDrawnError, match="this is no regression"):
        predicted.draw(Subject(moons))


def test_every_mistake_is_shown_once_the_surest_first(images):
    subject = Subject(images, split="validation")
    counts = judge(images, split="validation").confusion.counts
    wrong = int(counts.sum() - np.trace(counts))
    assert 1 < wrong < mistakes.MOST, "dead case: proves nothing"
    (axes,) = mistakes.draw(subject).axes
    assert len(axes.images) == len(axes.texts) == wrong
    shares = [float(text.split("\n")[1].rstrip("%")) for text in shown_words(axes)]
    assert shares == sorted(shares, reverse=True)
    rows = subject.opened.rows
    for image, text in zip(axes.images, shown_words(axes), strict=True):
        (row,) = np.flatnonzero((rows.x == image.get_array().data.ravel()).all(axis=1))
        truth, answer = text.split("\n")[0].split(" → ")
        assert int(truth) == rows.y[row] != subject.answers[row] == int(answer)


def test_no_mistakes_are_a_picture_too(images):
    subject = Subject(images)
    rows = replace(subject.opened.rows, y=subject.answers)
    dataset = replace(subject.opened.dataset, splits={"train": rows})
    figure = mistakes.draw(Subject(images, dataset=dataset))
    assert "no mistakes" in figure.get_suptitle()
    assert not figure.axes[0].images


@pytest.mark.parametrize("last", ["softmax", "sigmoid", "tanh"])
def test_certainty_and_scores_agree_with_the_answer(images, monkeypatch, last):
    subject = Subject(images)
    monkeypatch.setattr(Subject, "last_activation", last)
    z = np.array([[5.0, 0.0, 0.0], [900.0, 0.0, 0.0], [1000.0, 0.0, 0.0]])
    assert (np.diff(subject.certainty(z)) > 0).all()
    if last == "softmax":  # never stands over one output
        return
    one = np.array([[-3.0], [0.2], [3.0]])
    answers = subject.scores(one).argmax(axis=1)
    assert answers.tolist() == ([0, 0, 1] if last == "tanh" else [0, 1, 1])


def test_first_layer_weights_as_tiles(images):
    axes, _ = weights.draw(Subject(images)).axes
    (image,) = axes.images
    low, high = image.get_clim()
    assert low == -high < 0
    units = weights_file.read(images / "weights.npz").params["W1"].reshape(-1, 4, 6)
    tiles = image.get_array().filled(np.nan)
    assert tiles.shape == (2 * 5 - 1, 6 * 7 - 1)  # seven units, six beside each other
    for number, unit in enumerate(units):
        top, left = 5 * (number // 6), 7 * (number % 6)
        np.testing.assert_array_equal(tiles[top : top + 4, left : left + 6], unit)
    assert np.isfinite(tiles).sum() == units.size


def test_of_many_units_the_largest_in_their_order():
    units = np.array([[1.0], [-3.0], [0.5], [2.0]])
    assert weights.largest(units, 2).tolist() == [[-3.0], [2.0]]


def test_the_boundary_is_where_the_answer_changes(moons):
    subject = Subject(moons)
    (axes,) = boundary.draw(subject).axes
    train, test = (c for c in axes.collections if c.get_label() in ("train", "test"))
    np.testing.assert_array_equal(train.get_offsets(), subject.opened.dataset.splits["train"].x)
    np.testing.assert_array_equal(test.get_offsets(), subject.opened.dataset.splits["test"].x)
    assert train.get_sizes() != test.get_sizes()
    (border,) = (c for c in axes.collections if c not in (train, test))
    points = np.concatenate([path.vertices for path in border.get_paths()])
    z = subject.logits(Split(points, np.zeros(len(points), np.int64)))
    assert np.abs(z[:, 1] - z[:, 0]).max() < 0.05
    assert axes.images[0].get_array().shape == (boundary.SIDE, boundary.SIDE, 3)


def test_what_does_not_apply_says_why(images, line, moons):
    for draw, run, reason in [
        (confusion.draw, line, "regression"),
        (boundary.draw, line, "regression"),
        (boundary.draw, images, "not two-dimensional"),
        (mistakes.draw, moons, "no images"),
        (weights.draw, moons, "no images"),
    ]:
        with pytest.raises(NotDrawnError, match=reason):
            draw(Subject(run))


def test_names_that_would_break_a_picture(moons):
    subject = Subject(moons)
    dataset = replace(subject.opened.dataset, classes=("$a_b$ " * 9, "_x\n"))
    for draw in (confusion.draw, boundary.draw):
        assert render(draw(Subject(moons, dataset=dataset)), "svg").startswith(b"<?xml")
    assert short("a\nb" * 9, 6) == "a ba …"


def test_colors_are_as_many_as_asked_for_and_all_different():
    for count in (1, 7, 8, 40):
        assert len(set(colors(count))) == count
    assert set(SPLIT_LINES) == {"train", "validation", "test"}


def test_a_running_experiment_has_curves_only(moons, tmp_path):
    for name in ("spec.yaml", "run.json", "metrics.jsonl"):
        (tmp_path / name).write_bytes((moons / name).read_bytes())
    subject = Subject(tmp_path)
    assert curves.draw([subject]).axes
    with pytest.raises(NotDrawnError, match=r"no weights.npz yet"):
        confusion.draw(subject)


def test_matrices_of_many_classes_and_one(moons):
    rng = np.random.default_rng(0)
    for count, numbers, ticks in ((2, True, 2), (25, True, 25), (70, False, None)):
        rows = Split(rng.standard_normal((200, 2)), rng.integers(0, 2, 200))
        names = tuple(f"class number {number}" for number in range(count))
        dataset = Dataset({"train": rows}, names, Fingerprint("0" * 64))
        axes = confusion.draw(Subject(moons, dataset=dataset)).axes[0]
        assert bool(axes.texts) == numbers
        assert ticks in (None, len(axes.get_xticklabels()))


def test_records_stay_as_they_were(moons):
    before = (moons / "metrics.jsonl").read_bytes()
    curves.draw([Subject(moons)])
    assert (moons / "metrics.jsonl").read_bytes() == before
    assert all(json.loads(record) for record in before.splitlines())
