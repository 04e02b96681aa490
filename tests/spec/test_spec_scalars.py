"""Plain scalars by YAML 1.2; what 1.1 reads otherwise is refused."""

from __future__ import annotations

import math

import pytest

from nncli.spec.scalars import AmbiguousError, read_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e+3", -1500.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1.0e+999", math.inf),
        # text, and meant as text
        ("nan", "nan"),
        ("y", "y"),
        ("n", "n"),
        ("nULL", "nULL"),
        ("2024-13-45", "2024-13-45"),
        ("1.2.3", "1.2.3"),
        ("0x", "0x"),
        ("\uff11\uff12", "\uff11\uff12"),
        ("e5", "e5"),
        (".", "."),
    ],
)
def test_core_schema(text, value):
    read = read_scalar(text)
    assert read == value
    assert type(read) is type(value)


def test_nan_is_a_number():
    assert math.isnan(read_scalar(".nan"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("010", "octal"),
        ("-08", "octal"),
        ("12:30", "base 60"),
        ("1:20:30.5", "base 60"),
        ("1_000", "decimal digits"),
        ("1_0.5", "decimal digits"),
        ("0b101", "decimal digits"),
        ("-0x10", "decimal digits"),
        ("no", "Quote it, or write true or false"),
        ("On", "Quote it, or write true or false"),
        ("9" * 5000, "5000 digits, which is too large"),
        ("0x" + "f" * 5000, "too large"),
    ],
)
def test_ambiguous(text, why):
    with pytest.raises(AmbiguousError, match=why) as refused:
        read_scalar(text)
    assert len(str(refused.value)) < 200
