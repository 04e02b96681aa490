"""Answers that are classes or labels: the confusion matrix, a line for each class, the worst mistakes, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from nncli.judge import Judgment
from nncli.network.calibration import Calibration, calibration
from nncli.network.params import Array
from nncli.network.scores import TELLS_CHANCES
from nncli.pages import axes, charts, parts, png
from nncli.pages.charts import Frame
from nncli.pages.markup import Markup, Piece, tag, void
from nncli.pages.parts import Section
from nncli.report.subject import NotDrawnError, Subject
from nncli.words import plural, short

WIDEST = 30
"""Classes up to which the confusion matrix is drawn."""
MOST_PAIRS, MOST_CLASSES, MOST_MISTAKES = 12, 200, 40


def sections(subject: Subject, judgment: Judgment) -> Iterator[Section]:
    """What applies to these answers, in the order in which one asks."""
    if judgment.confusion:
        yield Section("confusion", "What was taken for what", _confusion(judgment))
    kind = "class" if judgment.task == "classification" else "label"
    title = "Each class" if kind == "class" else "Each label"
    yield Section("classes", title, _each(judgment, kind))
    with suppress(NotDrawnError):
        yield Section("mistakes", "The worst mistakes", _mistakes(subject))
    if subject.last_activation in TELLS_CHANCES:
        yield Section("calibration", "Does it know how sure it may be?", _calibration(subject))


def _confusion(judgment: Judgment) -> Piece:
    assert judgment.confusion
    counts, names = judgment.confusion.counts, judgment.names
    pairs = _pairs(counts, names)
    if len(names) > WIDEST:
        return pairs
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    head = [tag("td"), *(tag("th", tag("span", short(name, 18)), scope="col") for name in names)]
    rows = []
    for truth, name in enumerate(names):
        cells = [_cell(counts, share, truth, answer, names) for answer in range(len(names))]
        rows.append(tag("tr", tag("th", short(name, 18), scope="row"), cells))
    upright = " upright" if max(map(len, names)) > 3 else ""
    matrix = tag("table", tag("tr", head), rows, class_=f"matrix{upright}")
    says = tag("p", "Rows are the truth, columns the answers.", class_="quiet")
    drawn = tag("div", says, parts.scrolling(matrix, "confusion matrix"))
    return tag("div", drawn, tag("div", pairs), class_="beside")


def _cell(counts: Array, share: Array, truth: int, answer: int, names: tuple[str, ...]) -> Markup:
    """A count: blue on the diagonal and red beside it, by the root of its share of the row."""
    count, part = int(counts[truth, answer]), float(share[truth, answer])
    pair = f"{short(names[truth], 60)} taken for {short(names[answer], 60)}"
    says = f"{pair}: {count:,} ({part:.1%})"
    look = "hit" if truth == answer else "miss"
    return tag(
        "td", f"{count:,}" if count else "·", class_=look, style=f"--s:{part**0.5:.2f}", title=says
    )


def _pairs(counts: Array, names: tuple[str, ...]) -> Piece:
    """What was most often mistaken for what."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    pairs = [np.unravel_index(place, wrong.shape) for place in order if wrong.flat[place]]
    if not pairs:
        return tag("p", "No mistakes.")
    support = counts.sum(axis=1)
    rows = [
        (names[t], names[a], f"{wrong[t, a]:,}", f"{wrong[t, a] / support[t]:.1%}")
        for t, a in pairs
    ]
    return parts.table(("truth", "taken for", "rows", "of its class"), rows, left=2)


def _each(judgment: Judgment, kind: str) -> Piece:
    columns = judgment.examination.each
    head = [kind, *("rows" if name == "support" else name for name in columns)]
    rows = [
        [name, *(_told(column, values[number]) for column, values in columns.items())]
        for number, name in enumerate(judgment.names[:MOST_CLASSES])
    ]
    more = len(judgment.names) - len(rows)
    return [
        parts.table(head, rows),
        tag("p", f"and {more:,} more", class_="quiet") if more else None,
    ]


def _told(column: str, value: Any) -> Piece:
    """A number, and behind a share a bar of its length."""
    if column == "support":
        return f"{value:,}"
    return tag("span", f"{value:.4f}", class_="bar", style=f"--s:{value:.3f}")


def _mistakes(subject: Subject) -> Piece:
    """The wrongly classified images, the surest first. Raises NotDrawnError where rows are no images."""
    shape, names = subject.image_shape, subject.classes
    truth, answers = subject.opened.rows.y, subject.answers
    wrong = np.flatnonzero(truth != answers)
    if not len(wrong):
        return tag("p", f"All {plural(len(truth), 'row')} are right.")
    sure = subject.certainty(subject.z[wrong])
    shown = wrong[np.argsort(-sure, kind="stable")][:MOST_MISTAKES]
    colors = (3,) if subject.opened.dataset.channels > 1 else ()
    images = subject.opened.rows.x[shown].reshape(-1, *shape, *colors)
    low, high = float(images.min()), float(images.max())
    given = probabilities(subject, subject.z[shown]) if _tells(subject) else None
    figures = []
    for place, row in enumerate(shown):
        was, told = names[truth[row]], names[answers[row]]
        share = f" {given[place, answers[row]]:.0%}" if given is not None else ""
        says = f"row {row}: {short(was, 60)}, taken for {short(told, 60)}{share}"
        image = void("img", src=png.uri(png.grays(images[place], low, high)), alt=says, title=says)
        words = [tag("b", short(was, 14)), " → ", tag("b", short(told, 14)), tag("small", share)]
        figures.append(tag("figure", image, tag("figcaption", words)))
    of = f"{len(shown)} of {plural(len(wrong), 'mistake')} in {plural(len(truth), 'row')}"
    says = f"{of}, the surest first: truth → answer, and how sure the network was."
    return [tag("p", says, class_="quiet"), tag("div", figures, class_="gallery")]


def _tells(subject: Subject) -> bool:
    return subject.last_activation in TELLS_CHANCES


def probabilities(subject: Subject, z: Array) -> Array:
    """(rows, classes or labels) what the last layer gives each; one output for two classes gives the second."""
    a = subject.outputs(z)
    if a.shape[1] == 1 and subject.opened.dataset.classes is not None:
        return np.concatenate([1 - a, a], axis=1)
    return a


def _calibration(subject: Subject) -> Piece:
    """Of classes, how sure each answer is beside how often it is right; of labels, each label's probability beside
    how often rows have it."""
    given, y = probabilities(subject, subject.z), subject.opened.rows.y
    if subject.opened.dataset.classes is not None:
        answers = subject.answers
        found = calibration(given[np.arange(len(given)), answers], answers == y)
        what = ("how sure it is", "how often it is right")
    else:
        found = calibration(given.ravel(), y.ravel() > 0.5)
        what = ("probability it gives a label", "how often rows have it")
    says = (
        f"On the line, the network is as sure as it may be. The expected calibration error is {found.ece:.4f}: "
        "how far the points are from it, on average over the answers; larger points stand for more of them."
    )
    drawn = [_reliability(found, *what), _counts(found, what[0])]
    return [tag("p", says, class_="quiet"), tag("div", drawn, class_="charts")]


def _reliability(found: Calibration, x: str, y: str) -> Markup:
    ends = axes.linear([0, 1], form=lambda value: f"{value:.0%}")
    frame = Frame(ends, ends, x, y)
    points = [
        (given, true, f"{count:,} at {given:.1%} on average\t{true:.1%} came true")
        for count, given, true in zip(found.counts, found.given, found.true, strict=True)
        if count
    ]
    path = "M" + "L".join("{:g} {:g}".format(*frame.at(given, true)) for given, true, _ in points)
    line = tag("g", void("path", d=path), class_="test line")
    right = charts.segment(frame, (0, 0), (1, 1), "right")
    title = f"{y.capitalize()}, against {x}"
    sizes = 2 + 5 * np.sqrt(found.counts[found.counts > 0] / found.counts.max())
    marks = [
        charts.dots(frame, [point], "test", round(float(radius), 1))
        for point, radius in zip(points, sizes, strict=True)
    ]
    drawn = frame.drawn(title, right, line, marks, hover="near")
    return charts.figure(title, drawn)


def _counts(found: Calibration, x: str) -> Markup:
    bins = len(found.counts)
    bars = [
        (
            n / bins,
            (n + 1) / bins,
            float(count),
            f"{n / bins:.0%} to {(n + 1) / bins:.0%}\t{plural(int(count), 'answer')}",
        )
        for n, count in enumerate(found.counts)
    ]
    up = axes.linear([0, float(found.counts.max())], whole=True, form=lambda value: f"{value:,.0f}")
    frame = Frame(axes.linear([0, 1], form=lambda value: f"{value:.0%}"), up, x, "answers")
    drawn = frame.drawn(f"Answers against {x}", charts.bars(frame, bars, "plain"), hover="near")
    return charts.figure("Answers in each bin", drawn)
