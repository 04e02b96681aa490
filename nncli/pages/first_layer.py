"""What each unit of the first layer looks for."""

from __future__ import annotations

import numpy as np

from nncli.data.encode import input_names
from nncli.network.params import Array, norms
from nncli.pages import parts, png
from nncli.pages.markup import Piece, tag, void
from nncli.pages.parts import Section
from nncli.report.subject import Subject
from nncli.words import plural

MOST_TILES, MOST_UNITS, MOST_INPUTS = 48, 40, 60
CLIPPED = 0.5
"""Percent of the weights, the largest, that may lie beyond the ends of the colors."""


def section(subject: Subject) -> Section:
    """The weights of images as images, those of few other inputs as a table of colors, else their sizes in words."""
    weights = subject.opened.weights.params["W1"]
    title = "What the first layer looks for"
    if subject.opened.dataset.image_shape is not None:
        return Section("weights", title, _tiles(subject, weights))
    return Section("weights", title, _grid(subject, weights))


def _limit(weights: Array) -> float:
    return float(np.percentile(np.abs(weights), 100 - CLIPPED)) or 1.0


def _tiles(subject: Subject, weights: Array) -> Piece:
    shape, channels = subject.image_shape, subject.opened.dataset.channels
    shown = _largest(weights, MOST_TILES)
    images = weights[shown].reshape(-1, *shape, channels).mean(axis=-1)
    limit = _limit(images)
    figures = []
    for unit, image in zip(shown, images, strict=True):
        says = f"unit {unit + 1}: from {image.min():.3g} to {image.max():.3g}"
        src = png.uri(png.red_and_blue(image, limit))
        figures.append(
            tag(
                "figure",
                void("img", src=src, alt=says, title=says),
                tag("figcaption", tag("small", str(unit + 1))),
            )
        )
    return [_says(len(shown), len(weights), limit), tag("div", figures, class_="gallery small")]


def _largest(weights: Array, most: int) -> Array:
    """The units with the largest norms, in their order, where there are more than `most`."""
    order = np.argsort(-norms(weights, axis=1), kind="stable")
    return np.sort(order[:most])


def _says(shown: int, units: int, limit: float) -> Piece:
    which = (
        plural(units, "unit")
        if shown == units
        else f"the {shown} of {units:,} units with the largest weights"
    )
    says = f"Weights of {which}: red is positive, blue negative, pale near zero; full color at ±{limit:.3g}."
    return tag("p", says, class_="quiet")


def _grid(subject: Subject, weights: Array) -> Piece:
    names = _names(subject, weights.shape[1])
    inputs = np.sort(np.argsort(-norms(weights, axis=0), kind="stable")[:MOST_INPUTS])
    units = _largest(weights, MOST_UNITS)
    limit = _limit(weights)
    head = [tag("td"), *(tag("th", str(unit + 1), scope="col") for unit in units)]
    rows = []
    for each in inputs:
        cells = [_cell(float(weights[unit, each]), limit) for unit in units]
        rows.append(tag("tr", tag("th", names[each], scope="row"), cells))
    less = (
        f" The {len(inputs)} of {len(names):,} inputs with the largest weights."
        if len(inputs) < len(names)
        else ""
    )
    grid = parts.scrolling(
        tag("table", tag("tr", head), rows, class_="matrix plainly"), "first-layer weights"
    )
    return [
        _says(len(units), len(weights), limit),
        tag("p", f"A line for each input, a column for each unit.{less}", class_="quiet"),
        grid,
    ]


def _cell(weight: float, limit: float) -> Piece:
    share = min(abs(weight) / limit, 1.0)
    look = "plus" if weight > 0 else "minus"
    return tag("td", class_=look, style=f"--s:{share:.2f}", title=f"{weight:.4g}")


def _names(subject: Subject, inputs: int) -> list[str]:
    table = subject.opened.dataset.table
    return input_names(table) if table else [f"x{number}" for number in range(inputs)]
