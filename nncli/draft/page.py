"""The text of a drafted spec: one key a line, and beside it in a comment what it means here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from nncli.data.files import shown
from nncli.spec.dump import in_line

COLUMN = 28
"""Where comments begin, but for lines that are longer."""


class Line(NamedTuple):
    """A line of YAML, and what its comment says."""

    text: str
    comment: str = ""


def pair(key: str, value: Any, comment: str = "", indent: int = 2) -> Line:
    """`key: value`, quoted where YAML needs that."""
    return Line(f"{' ' * indent}{key}: {in_line(value)}", comment)


def items(key: str, names: dict[str, str], comment: str = "") -> Iterator[Line]:
    """A list with a line for each name, and why it is there; nothing where there are no names."""
    if names:
        yield Line(f"  {key}:", comment)
    for name, why in names.items():
        yield Line(f"    - {in_line([name])[1:-1]}", why)


def remark(text: str, indent: int = 2) -> Line:
    """A comment on a line of its own."""
    return Line(f"{' ' * indent}# {shown(text)}")


def render(*blocks: Iterable[Line]) -> str:
    """Blocks one below the other, the comments of all lined up."""
    lines = [line for block in blocks for line in block]
    return "".join(f"{_joined(text, comment)}\n" for text, comment in lines)


def _joined(text: str, comment: str) -> str:
    return f"{text:<{COLUMN}}  # {shown(comment)}" if comment else text
