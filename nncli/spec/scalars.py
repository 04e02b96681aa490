"""Plain YAML scalars by the YAML 1.2 core schema; what YAML 1.1 reads as something else is refused, not guessed.

PyYAML follows 1.1: `1e-3` is text to it, `010` is eight, `12:30` is 750 and `no` is false.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nncli.spec.base import LARGEST, LARGEST_SEED

Scalar = None | bool | int | float | str

MOST_DIGITS = 100
"""Of a whole number; int() itself refuses 4,300, with a ValueError."""


class AmbiguousError(ValueError):
    """A plain scalar that must be written in another way; the message completes "is ..."."""


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise AmbiguousError(
            f"is a whole number of {len(text)} digits, which is too large: "
            f"a count may be up to {LARGEST}, a seed up to {LARGEST_SEED}"
        )
    # base 0 reads the prefixes 0x and 0o, but no leading zeros: those are refused below
    return int(text, 0)


def _refuse(why: str) -> Callable[[str], Scalar]:
    def refuse(text: str) -> Scalar:
        raise AmbiguousError(f"is {text[:60]}, {why}")

    return refuse


_LOST_ZERO = "which some readers take for an octal number. Write it without the leading 0"
_LIKE_A_NUMBER = "which some readers take for a number. Write it in decimal digits only"

# The first pattern that matches the whole scalar decides; what matches none is text.
READERS: tuple[tuple[re.Pattern[str], Callable[[str], Scalar]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"~|null|Null|NULL|", lambda text: None),
        (r"true|True|TRUE", lambda text: True),
        (r"false|False|FALSE", lambda text: False),
        (r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", _whole),
        (r"[-+]?0[0-9]+", _refuse(f"{_LOST_ZERO}, or quote it if it is text.")),
        (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", float),
        (r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", lambda text: float(text.replace(".", ""))),
        (
            r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?",
            _refuse("which some readers take for a number in base 60. Quote it if it is text."),
        ),
        (
            r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9_]+)?|[-+]?0b[01_]+|[-+]?0x[0-9a-fA-F_]+|[-+]0o[0-7]+",
            _refuse(f"{_LIKE_A_NUMBER}, or quote it if it is text."),
        ),
        (
            r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF",
            _refuse("which some readers take for true or false. Quote it, or write true or false."),
        ),
    )
)


def read_scalar(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar."""
    for pattern, read in READERS:
        if pattern.fullmatch(text):
            return read(text)
    return text
