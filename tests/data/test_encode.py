"""From columns to inputs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nncli.data.csv_file import Rows
from nncli.data.encode import encode, encode_rows, fit_columns, input_names, width
from nncli.data.encoding import NumberColumn, TableEncoding, TextColumn
from nncli.errors import DataError

NAN = np.nan
TEXTS = {"color": ("", "blue", "green", "red")}
RAW = {
    "size": np.array([1.0, 2.0, NAN, 6.0, 2.0]),
    "color": np.array([3, 1, 3, 0, 1], np.int32),
    "flat": np.array([7.0] * 5),
    "same": np.array([0] * 5, np.int32),
}


def fit(numbers: str = "standardize", **raw):
    texts = TEXTS | {"same": ("x",)}
    return fit_columns((raw or RAW).items(), texts, numbers, "t.csv")


def encoding(*columns) -> TableEncoding:
    return TableEncoding(columns=columns, target=("y",), missing=("", "NA"))


SIZE = NumberColumn(name="size", fill=2.0, center=3.0, spread=2.0, flag=True)
COLOR = TextColumn(name="color", categories=("", "blue", "red"))


def test_what_training_rows_say():
    """Median of 1, 2, 6, 2 is 2; with it in the hole, mean 13 / 5 and variance (1.6^2 + 3 0.6^2 + 3.4^2) / 5."""
    found = fit()
    size, color = found.columns
    assert isinstance(size, NumberColumn)
    assert (size.name, size.fill, size.flag) == ("size", 2.0, True)
    assert size.center == pytest.approx(2.6)
    assert size.spread == pytest.approx(np.sqrt((1.6**2 + 3 * 0.6**2 + 3.4**2) / 5))
    assert color == TextColumn(name="color", categories=("", "blue", "red"))
    assert found.constant == ("flat", "same")


@pytest.mark.parametrize(
    ("numbers", "center", "spread"), [("min_max", 1.0, 5.0), ("none", 0.0, 1.0)]
)
def test_other_scales(numbers, center, spread):
    (size,) = fit(numbers, size=RAW["size"]).columns
    assert (size.center, size.spread) == (center, spread)


def test_standardized_inputs_have_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    raw = {"a": rng.normal(1e9, 5.0, 1000), "b": rng.exponential(1e-12, 1000)}
    x = encode(raw, encoding(*fit(**raw).columns))
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=0), 1, atol=1e-5)


def test_a_hole_in_a_flat_column_is_something_to_learn_from():
    (column,) = fit(flat=np.array([7.0, NAN, 7.0])).columns
    assert (column.fill, column.spread, column.flag) == (7.0, 1.0, True)
    assert encode({"flat": np.array([7.0, NAN])}, encoding(column)).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            {"a": np.array([NAN, NAN])},
            "t.csv: column `a` holds nothing in any training row. Add it to data.drop",
        ),
        (
            {"a": np.array([1e308, -1e308, 1e308])},
            "t.csv: column `a` holds numbers up to 1e+308, too large to reckon with. Scale it, or add it to data.drop",
        ),
        (
            {"flat": RAW["flat"], "same": RAW["same"]},
            "t.csv: every column holds the same in all training rows: nothing to learn from",
        ),
    ],
)
def test_no_use(raw, said):
    with pytest.raises(DataError) as err:
        fit(**raw)
    assert str(err.value) == said


def rows(**cells: list[str]) -> Rows:
    count = len(next(iter(cells.values())))
    return Rows(list(range(2, 2 + count)), cells)


def test_rows_by_hand():
    """A hole takes the median and raises its flag; green was never seen and is other: three zeros."""
    both = encoding(SIZE, COLOR)
    table = rows(color=["red", "NA", "green"], other=["?"] * 3, size=["5", "", "1"])
    x = encode_rows(table, both, "t.csv")
    assert x.dtype == np.float32
    assert x.tolist() == [[1, 0, 0, 0, 1], [-0.5, 1, 1, 0, 0], [-1, 0, 0, 0, 0]]
    assert input_names(both) == ["size", "size missing", "color missing", "color=blue", "color=red"]
    assert [width(column) for column in both.columns] == [2, 3]


def test_a_hole_that_training_never_saw_is_other():
    plain = TextColumn(name="color", categories=("blue", "red"))
    solid = NumberColumn(name="size", fill=2.0, center=3.0, spread=2.0)
    x = encode_rows(rows(color=["", "red"], size=["NA", "3"]), encoding(plain, solid), "t.csv")
    assert x.tolist() == [[0, 0, -0.5], [0, 1, 0]]


def test_a_row_alone_is_the_same_bits():
    rng = np.random.default_rng(0)
    cells = [f"{value:.17g}" for value in rng.normal(size=50)]
    whole = encode_rows(rows(size=cells, color=["red"] * 50), encoding(SIZE, COLOR), "t.csv")
    alone = [encode_rows(rows(size=[c], color=["red"]), encoding(SIZE, COLOR), "t") for c in cells]
    assert whole.tobytes() == np.concatenate(alone).tobytes()


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            {"size": ["1", "1_000", "x"], "color": ["red"] * 3},
            "t.csv:3: column `size` holds `1_000` (and 1 more) where numbers are expected. "
            "Correct it, leave it empty, or list it in data.missing",
        ),
        (
            {"size": ["\uff11"], "color": ["red"]},
            "t.csv:2: column `size` holds `\uff11` where numbers are expected. "
            "Correct it, leave it empty, or list it in data.missing",
        ),
        (
            {"color": ["red"], "Size": ["1"]},
            "t.csv: lacks 1 column that the network was trained on: size",
        ),
        ({"x": ["red"]}, "t.csv: lacks 2 columns that the network was trained on: size, color"),
        (
            {"size": ["1", "1e200"], "color": ["red"] * 2},
            "t.csv:3: column `size` holds a number far beyond those of the training rows. "
            "Correct it, or leave it empty",
        ),
    ],
)
def test_rows_that_are_refused(cells, said):
    with pytest.raises(DataError) as err:
        encode_rows(rows(**cells), encoding(SIZE, COLOR), "t.csv")
    assert str(err.value) == said


def test_an_encoding_is_read_as_it_was_written():
    """As weights.npz keeps it: without what is a default."""
    whole = encoding(SIZE, COLOR)
    text = whole.model_dump_json(exclude_defaults=True)
    assert TableEncoding.model_validate_json(text) == whole
