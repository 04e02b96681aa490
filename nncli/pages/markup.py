"""HTML from Python: every text is escaped on its way in, so that a class called <script> is a name and no more."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Piece = str | int | None | Iterable["Piece"]
"""Markup, a text or a number, nothing, or several of them."""


def markup(*pieces: Piece) -> Markup:
    """Pieces side by side; whatever is not Markup is escaped, and characters that no page may hold are shown as �."""
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, Markup):
            parts.append(piece)
        elif isinstance(piece, str | int):
            parts.append(escape(_allowed(str(piece))))
        elif piece is not None:
            parts.append(markup(*piece))
    return Markup("".join(parts))


def tag(name: str, /, *pieces: Piece, **attributes: str | float | None) -> Markup:
    """An element: tag("td", 3, class_="num") -> <td class="num">3</td>. An attribute that is None is left out."""
    told = [
        f' {key.rstrip("_").replace("_", "-")}="{escape(_allowed(str(value)))}"'
        for key, value in attributes.items()
        if value is not None
    ]
    return Markup(f"<{name}{''.join(told)}>{markup(*pieces)}</{name}>")


def void(name: str, /, **attributes: str | float | None) -> Markup:
    """An element that holds nothing: <img/>, and in a drawing, where only the stroke ends it, <circle/>."""
    return Markup(tag(name, **attributes).removesuffix(f"></{name}>") + "/>")


def _allowed(text: str) -> str:
    """A text without control characters and lone surrogates: neither can stand in an HTML file."""
    return "".join(
        letter
        if letter in "\n\t" or (letter >= " " and not "\ud800" <= letter <= "\udfff")
        else "�"
        for letter in text
    )
