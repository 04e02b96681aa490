"""Answers that are numbers: predicted against true, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nncli.judge import Judgment
from nncli.network.params import Array
from nncli.pages import axes, charts, parts
from nncli.pages.charts import Frame
from nncli.pages.markup import Markup, Piece, tag
from nncli.pages.parts import Section
from nncli.report.subject import Subject
from nncli.words import figure, plural, short

MOST_TARGETS, MOST_POINTS, BINS = 6, 1500, 24


def sections(subject: Subject, judgment: Judgment) -> Iterator[Section]:
    """Drawings of each target, and where there are several a line for each."""
    if len(judgment.names) > 1:
        columns = judgment.examination.each
        rows = [
            [name, *(figure(column, float(values[n])) for column, values in columns.items())]
            for n, name in enumerate(judgment.names)
        ]
        yield Section("targets", "Each target", parts.table(["target", *columns], rows))
    truth = subject.in_units(subject.opened.rows.y).astype(np.float64)
    answers = subject.in_units(subject.outputs(subject.z)).astype(np.float64)
    yield Section("predicted", "Predicted against true", _drawn(judgment, truth, answers))


def _drawn(judgment: Judgment, truth: Array, answers: Array) -> Piece:
    says = [
        tag("p", "On the line, predictions are right. Residual = true - predicted.", class_="quiet")
    ]
    if len(truth) > MOST_POINTS:
        step = -(-len(truth) // MOST_POINTS)
        says.append(
            tag("p", f"Every {step}th of {plural(len(truth), 'row')} is drawn.", class_="quiet")
        )
    for n, name in enumerate(judgment.names[:MOST_TARGETS]):
        finite = np.isfinite(truth[:, n]) & np.isfinite(answers[:, n])
        pair = truth[finite, n], answers[finite, n]
        drawn = [_predicted(name, *pair), _residuals(name, *pair), _histogram(*pair)]
        title = tag("h3", name) if len(judgment.names) > 1 else None
        says.append(tag("div", title, tag("div", drawn, class_="charts") if len(pair[0]) else None))
    return says


def _points(x: Array, y: Array, words: tuple[str, str]) -> list[tuple[float, float, str]]:
    step = -(-len(x) // MOST_POINTS)
    return [
        (float(a), float(b), f"{words[0]} {a:.4g}\t{words[1]} {b:.4g}")
        for a, b in zip(x[::step], y[::step], strict=True)
    ]


def _predicted(name: str, truth: Array, answers: Array) -> Markup:
    both = [float(truth.min()), float(answers.min()), float(truth.max()), float(answers.max())]
    along = axes.linear(both, margin=0.04)
    frame = Frame(along, along, f"true {short(name, 40)}", "predicted")
    right = charts.segment(frame, (along.low, along.low), (along.high, along.high), "right")
    points = charts.dots(frame, _points(truth, answers, ("true", "predicted")), "test")
    title = "Predicted (up) against true"
    return charts.figure(title, frame.drawn(title, right, points, hover="near"))


def _residuals(name: str, truth: Array, answers: Array) -> Markup:
    left = truth - answers
    along = axes.linear([float(answers.min()), float(answers.max())], margin=0.04)
    up = axes.linear([float(left.min()), float(left.max()), 0.0], margin=0.04)
    frame = Frame(along, up, f"predicted {short(name, 36)}", "residual")
    zero = charts.segment(frame, (along.low, 0.0), (along.high, 0.0), "right")
    points = charts.dots(frame, _points(answers, left, ("predicted", "residual")), "test")
    title = "Residuals (up) against predicted"
    return charts.figure(title, frame.drawn(title, zero, points, hover="near"))


def _histogram(truth: Array, answers: Array) -> Markup:
    counts, ends = np.histogram(truth - answers, BINS)
    bars = [
        (float(a), float(b), float(count), f"{a:.3g} to {b:.3g}\t{plural(int(count), 'row')}")
        for count, a, b in zip(counts, ends[:-1], ends[1:], strict=True)
    ]
    up = axes.linear([0.0, float(counts.max())], whole=True)
    frame = Frame(axes.linear([float(ends[0]), float(ends[-1])]), up, "residual", "rows")
    title = "How many rows have which residual"
    return charts.figure(title, frame.drawn(title, charts.bars(frame, bars, "plain"), hover="near"))
