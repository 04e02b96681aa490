"""How a cell is read: blanks around it do not count, and leading zeros make it a text."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from nncli.data.cells import (
    BLANKS,
    first_padded,
    holes,
    is_number,
    is_padded,
    plain_number,
    stripped,
)
from nncli.data.columns import look
from nncli.data.csv_file import Rows
from nncli.data.encode import UNKNOWN, is_mixed, number_cells, text_cells


def test_blanks_are_the_white_space_of_unicode():
    """Python takes four separators of ASCII for blanks too, which float() and Unicode do not."""
    python = {chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()}
    assert set(BLANKS) == python - set("\x1c\x1d\x1e\x1f")
    assert len(BLANKS) == 25


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: f"U+{ord(blank):04X}")
def test_every_blank_is_stripped_from_texts_and_numbers(blank):
    assert stripped(f"{blank}good day{blank}") == "good day"
    assert is_number(f"{blank}7{blank}")
    assert float(f"{blank}7{blank}") == 7
    assert is_padded(f"{blank}07")
    assert first_padded(["1", f"{blank}07"]) == f"{blank}07"


@pytest.mark.parametrize(
    ("cell", "padded"),
    [
        *((cell, True) for cell in ("007", "01234", "00", "01.10", "05e1")),
        *((cell, False) for cell in ("0", "0.5", "0e5", "-0.5", "10", "1.05", "0x1F", "01/02", "")),
    ],
)
def test_numbers_with_leading_zeros(cell, padded):
    assert is_padded(cell) == padded
    assert first_padded(["1", cell, "2"]) == (cell if padded else None)


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        *(("7", "7"), ("7.0", "7"), ("+7", "7"), (" 7 ", "7"), ("-0.0", "0"), ("1e3", "1000")),
        *(("1.50", "1.5"), (".5", "0.5"), ("-2.0", "-2")),
        *(("12345678901234567890", "12345678901234567890"), ("1e300", "1e300")),
    ],
)
def test_the_simplest_spelling(cell, plain):
    assert plain_number(cell) == plain


def portrait(tmp_path, *cells):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f'"{cell}",0\n' for cell in cells))
    return look(tmp_path / "t.csv", ("", "NA")).columns[0]


@pytest.mark.parametrize(
    ("cells", "kind", "counts"),
    [
        (["007", "7", "1.0", "7"], "text", {"7": 2, "007": 1, "1.0": 1}),
        (["10001", "01234", "10001"], "text", {"10001": 2, "01234": 1}),
        (["7", "7.0", " 7", "1.0"], "number", {"7": 3, "1": 1}),
        (["0", "0.5", "0.50"], "number", {"0.5": 2, "0": 1}),
        (["good", "good ", "\u00a0good", "bad"], "text", {"good": 3, "bad": 1}),
        (["yes", " no", "YES "], "text", {"yes": 1, "no": 1, "YES": 1}),
        (["1 ", "x", "1"], "text", {"1": 2, "x": 1}),
        (["NA ", " ", "5"], "number", {"5": 1}),
        (["NA ", " "], "empty", {}),
    ],
)
def test_columns_are_looked_at_by_that_rule(tmp_path, cells, kind, counts):
    found = portrait(tmp_path, *cells)
    assert (found.kind, found.counts, found.distinct) == (kind, counts, len(counts))
    assert found.missing == sum(stripped(cell) in ("", "NA") for cell in cells)


def test_a_few_leading_zeros_are_no_mistakes_among_numbers(tmp_path):
    """Nineteen of twenty postcodes begin with another digit: the column is not one of numbers with a fault."""
    found = portrait(
        tmp_path, *(f"{10000 + i}" for i in range(95)), *(f"0123{i}" for i in range(5))
    )
    assert (found.kind, found.padded, found.odd) == ("text", "01230", None)
    assert not is_mixed(found)


def test_what_training_learnt_comes_before_the_rule():
    """Weights of earlier versions may know `good ` beside `good`, and hold `NA ` for a text."""
    cells, missing = ["good", "good ", " good", "NA ", " ", "else"], holes(("", "NA"))
    old = {"": 0, "good": 1, "good ": 2, "NA ": 3}
    assert text_cells(cells, missing, old).tolist() == [1, 2, 1, 3, 0, UNKNOWN]
    new = {"": 0, "good": 1}
    assert text_cells(cells, missing, new).tolist() == [1, 1, 1, 0, 0, UNKNOWN]


def test_a_column_of_numbers_has_its_holes_behind_blanks_too():
    rows = Rows([2, 3, 4, 5], {"x": ["1", "NA ", " ", "\u00a0007"]})
    found = number_cells(rows, "x", holes(("", "NA")), "t.csv")
    np.testing.assert_array_equal(found, [1, np.nan, np.nan, 7])


def test_holes_that_are_listed_with_their_blanks_still_are_some():
    assert holes(("", "none ")) == {"", "none ", "none"}
