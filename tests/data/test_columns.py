"""What columns look like."""

from __future__ import annotations

import random

import pytest

from nncli.data import columns
from nncli.data.cells import is_number
from nncli.data.columns import Look, as_numbers, look


@pytest.fixture
def seen(tmp_path):
    def seen(text: str, missing=("", "NA")) -> Look:
        path = tmp_path / "t.csv"
        path.write_text(text)
        return look(path, missing)

    return seen


def column(*cells: str) -> str:
    return "x,y\n" + "".join(f'"{cell}",0\n' for cell in cells)


@pytest.mark.parametrize(
    ("cells", "kind", "whole"),
    [
        (["1", "2.0", "-3"], "number", True),
        (["1", "2.5"], "number", False),
        (["1e300", "1"], "number", False),
        (["1", "NA", ""], "number", True),
        (["True", "False"], "boolean", False),
        (["yes", "no", "NA"], "boolean", False),
        (["true", "true"], "boolean", False),
        (["yes", "no", "maybe"], "text", False),
        (["True", "true", "false"], "text", False),
        (["true", "no"], "text", False),
        (["1", "1_000"], "text", False),
        (["\uff11\uff12", "1"], "text", False),
        (["0x1F"], "text", False),
        (["inf", "1"], "text", False),
        (["nan", "1"], "text", False),
        (["NA", ""], "empty", False),
    ],
)
def test_kinds(seen, cells, kind, whole):
    found = seen(column(*cells)).columns[0]
    assert (found.kind, found.whole, found.rows) == (kind, whole, len(cells))
    assert found.missing == sum(cell in ("", "NA") for cell in cells)


def test_a_portrait_of_numbers(seen):
    found = seen(column("3", "1", "", "3", "2.5")).columns[0]
    assert (found.low, found.high, found.mean) == (1, 3, pytest.approx(2.375))
    assert found.counts == {"3": 2, "1": 1, "2.5": 1}
    assert (found.distinct, found.counted, found.numbers, found.odd, found.hole) == (3, True, 4, None, 4)  # fmt: skip


def test_a_portrait_of_texts(seen):
    found = seen(column("1", "NA", "b\nc", "1", "x", "x", "x")).columns[0]
    assert (found.low, found.high, found.mean) == (None, None, None)
    assert list(found.counts.items()) == [("x", 3), ("1", 2), ("b\nc", 1)]
    assert (found.numbers, found.odd, found.hole) == (2, (4, "b\\nc"), 3)


def test_the_first_rows_and_the_columns_come_along(seen):
    found = seen("a,b\n" + "".join(f"{i},x\n" for i in range(50)))
    assert found.rows == 50
    assert found.head == tuple({"a": str(i), "b": "x"} for i in range(10))
    assert found.column("b").counts == {"x": 50}


def test_chunks_do_not_show(seen, monkeypatch):
    rng = random.Random(1)
    cells = [rng.choice(("1", "2.5", "", "x", "yes", "NA")) for _ in range(500)]
    text = "x,y\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells))
    whole = seen(text)
    monkeypatch.setattr("nncli.data.csv_file.CHUNK_CELLS", 20)
    parts = seen(text)
    assert parts.columns[0] == whole.columns[0]
    assert parts.column("y").mean == pytest.approx(whole.column("y").mean)


def test_counting_stops_where_there_is_no_end_to_it(seen, monkeypatch):
    monkeypatch.setattr(columns, "MOST_DISTINCT", 20)
    found = seen("x,y\n" + "".join(f"t{i},0\n" for i in range(21)))
    assert (found.columns[0].counted, found.columns[0].counts) == (False, {})
    assert found.columns[0].distinct == 21
    monkeypatch.setattr(columns, "MOST_CHARACTERS", 100)
    assert not seen(column("x" * 101)).columns[0].counted
    assert seen(column("x" * 99)).columns[0].counted


def test_numbers_are_quick_and_strict():
    """The shortcut through float() agrees with asking for each cell."""
    pieces = [
        "1",
        "-",
        "+",
        ".",
        "e",
        "E5",
        "_",
        " ",
        "n",
        "an",
        "inf",
        "x",
        "0",
        "\uff17",
        "\u00a0",
        "\t",
        ",",
    ]
    rng = random.Random(3)
    both = [0, 0]
    for _ in range(5000):
        cell = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 4)))
        values = as_numbers([cell, "1"])
        assert (values is not None) == is_number(cell), ascii(cell)
        if values is not None:
            assert values.tolist() == [float(cell), 1.0]
        both[values is None] += 1
    assert min(both) > 100
    assert as_numbers([]) is not None


def test_a_sum_beyond_float_is_no_crash(seen):
    found = seen(column("1.7e308", "1.7e308")).columns[0]
    assert (found.kind, found.mean) == ("number", pytest.approx(1.7e308))
