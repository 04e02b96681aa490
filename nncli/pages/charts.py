"""Drawings as SVG: lines, points and bars on axes. page.js reads the values from them when somebody points there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json import dumps

from nncli.pages.axes import Axis
from nncli.pages.markup import Markup, Piece, markup, tag, void

WIDTH, HEIGHT = 440, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 20, 12, 42
FEW = 15
"""Up to so many points each one of a line gets a dot; a single one would not show otherwise."""


@dataclass(frozen=True)
class Line:
    """One line: its points in the units of the axes; a y that is None is a gap."""

    name: str
    points: Sequence[tuple[float, float | None]]
    look: str
    """A class of page.css, or a color."""
    told: Sequence[str]
    """What each point says when it is pointed at, gaps left out: `epoch<tab>figure`."""


@dataclass(frozen=True)
class Frame:
    """Two axes with their names."""

    x: Axis
    y: Axis
    x_name: str
    y_name: str

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point stands in the drawing."""
        across = LEFT + self.x.share(x) * (WIDTH - LEFT - RIGHT)
        return round(across, 1), round(
            HEIGHT - BOTTOM - self.y.share(y) * (HEIGHT - TOP - BOTTOM), 1
        )

    def drawn(self, title: str, *pieces: Piece, hover: str = "x") -> Markup:
        """The axes with what stands on them. `hover`: points are found along the `x` axis, or where they are `near`."""
        return tag(
            "svg",
            tag("title", title),
            tag("g", _grid(self), class_="axis", aria_hidden="true"),
            *pieces,
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            class_="chart",
            role="img",
            tabindex="0",
            data_hover=hover,
        )


def _grid(frame: Frame) -> Iterable[Markup]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value, word in frame.y.ticks:
        y = frame.at(frame.x.low, value)[1]
        yield void("line", x1=LEFT, x2=right, y1=y, y2=y)
        yield tag("text", word, x=LEFT - 7, y=y + 4, class_="end")
    for value, word in frame.x.ticks:
        x = frame.at(value, frame.y.low)[0]
        yield void("line", x1=x, x2=x, y1=bottom, y2=bottom + 4)
        yield tag("text", word, x=x, y=bottom + 17, class_="middle")
    yield tag("text", frame.x_name, x=right, y=HEIGHT - 5, class_="end name")


def lines(
    frame: Frame,
    title: str,
    all_lines: Sequence[Line],
    hover: str = "x",
    behind: Piece = None,
) -> Markup:
    """Lines on axes, and what stands behind them."""
    return frame.drawn(title, behind, [_line(frame, each) for each in all_lines], hover=hover)


def _line(frame: Frame, line: Line) -> Markup:
    path, places, broken = [], [], True
    for x, y in line.points:
        if y is None or not math.isfinite(y):
            broken = True
            continue
        px, py = frame.at(x, y)
        path.append(f"{'M' if broken else 'L'}{px:g} {py:g}")
        places.append((px, py))
        broken = False
    few = places if len(places) <= FEW else []
    dots = [void("circle", cx=px, cy=py, r=2.6) for px, py in few]
    return tag(
        "g",
        tag("path", d="".join(path)),
        dots,
        class_="line " + ("" if line.look.startswith("#") else line.look),
        style=f"--c:{line.look}" if line.look.startswith("#") else None,
        data_name=line.name,
        data_told=dumps(line.told, ensure_ascii=False, separators=(",", ":")),
    )


def dots(
    frame: Frame, points: Sequence[tuple[float, float, str]], look: str, radius: float = 3
) -> Markup:
    """A point for each (x, y, what it says)."""
    circles = []
    for x, y, _ in points:
        px, py = frame.at(x, y)
        circles.append(void("circle", cx=px, cy=py, r=radius))
    told = dumps([word for *_, word in points], ensure_ascii=False, separators=(",", ":"))
    return tag("g", circles, class_=f"dots {look}", data_told=told)


def segment(
    frame: Frame, start: tuple[float, float], end: tuple[float, float], look: str
) -> Markup:
    """A straight line, such as the one on which predictions are right."""
    (x1, y1), (x2, y2) = frame.at(*start), frame.at(*end)
    return void("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=look)


def bars(frame: Frame, all_bars: Sequence[tuple[float, float, float, str]], look: str) -> Markup:
    """Upright bars: (from, to, height, what it says)."""
    rects = []
    for start, end, height, _ in all_bars:
        (left, top), (right, bottom) = frame.at(start, height), frame.at(end, frame.y.low)
        sides = {"width": max(right - left - 1, 0.5), "height": round(bottom - top, 1)}
        rects.append(void("rect", x=left + 0.5, y=top, **sides))
    told = dumps([word for *_, word in all_bars], ensure_ascii=False)
    return tag("g", rects, class_=f"bars {look}", data_told=told)


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """(name, class or color) of each line."""
    items = [
        tag("li", tag("i", class_="" if look.startswith("#") else look,
                      style=f"--c:{look}" if look.startswith("#") else None), name)
        for name, look in entries
    ]  # fmt: skip
    return tag("ul", items, class_="legend")


def figure(caption: Piece, *pieces: Piece) -> Markup:
    """A drawing under its title."""
    return tag("figure", tag("figcaption", caption), markup(*pieces))
