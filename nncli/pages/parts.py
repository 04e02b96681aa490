"""What every page is made of: sections, tables, facts, and text to be copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nncli.pages.markup import Markup, Piece, tag


@dataclass(frozen=True)
class Section:
    """A part of the page, with its place in the list of contents."""

    name: str
    title: str
    body: Piece


def section(part: Section) -> Markup:
    """The part under its heading."""
    heading = tag("h2", part.title, id=f"{part.name}-title")
    return tag("section", heading, part.body, id=part.name, aria_labelledby=f"{part.name}-title")


def table(
    head: Sequence[Piece],
    rows: Sequence[Sequence[Piece]],
    *,
    left: int = 1,
    marks: Mapping[int, str] | None = None,
) -> Markup:
    """A table whose first `left` columns are words and the others numbers; `marks` gives rows a class."""

    def cells(kind: str, row: Sequence[Piece]) -> list[Markup]:
        return [
            tag(kind, cell, class_=None if number < left else "num")
            for number, cell in enumerate(row)
        ]

    body = [
        tag("tr", cells("td", row), class_=(marks or {}).get(number))
        for number, row in enumerate(rows)
    ]
    inner = tag("table", tag("thead", tag("tr", cells("th", head))), tag("tbody", body))
    return scrolling(inner, "table")


def scrolling(inner: Markup, what: str) -> Markup:
    """What may be wider than a phone, in a box that scrolls, by keys too."""
    return tag("div", inner, class_="wide", tabindex="0", role="region", aria_label=what)


def facts(pairs: Mapping[str, Piece]) -> Markup:
    """Names and what they say."""
    return tag("dl", [[tag("dt", name), tag("dd", told)] for name, told in pairs.items()])


def code(text: str, what: str) -> Markup:
    """Text to be copied."""
    button = tag("button", "Copy", type="button", class_="copy", aria_label=f"Copy {what}")
    return tag("div", tag("pre", tag("code", text), tabindex="0"), button, class_="code")


def folded(title: str, body: Piece) -> Markup:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", title), body)


def notes(lines: Sequence[str]) -> Markup | None:
    """Warnings; nothing where there are none."""
    return tag("ul", [tag("li", line) for line in lines], class_="notes") if lines else None


def tiles(pairs: Sequence[tuple[str, str, str]]) -> Markup:
    """Large figures: (name, value, what stands quietly under it)."""
    return tag(
        "div",
        [
            tag("div", tag("span", name), tag("b", value), tag("small", under), class_="tile")
            for name, value, under in pairs
        ],
        class_="tiles",
    )
