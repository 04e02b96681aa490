"""Specs for data that somebody brings along: what each column is taken for, and that what is written trains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nncli.data.columns import look
from nncli.draft.columns import assign, guess_target
from nncli.draft.drafting import Draft, beside, draft
from nncli.draft.leaks import leaks
from nncli.draft.page import Line, items, pair, render
from nncli.draft.recipe import keep_back
from nncli.draft.tables import MISSING
from nncli.errors import DataError, UsageError
from nncli.spec.source import parse


def written(path: Path, *columns: tuple[str, list[object]]) -> Path:
    """A CSV file of these columns."""
    rows = zip(*(cells for _, cells in columns), strict=True)
    lines = [",".join(name for name, _ in columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def drafted(path: Path) -> Draft:
    """The spec for data whose target is not named."""
    return draft(path, [], beside(path))


def roles_of(path: Path, target: str) -> dict[str, str]:
    """Column -> input, key or drop."""
    seen = look(path, MISSING)
    found = assign(seen, [target], leaks(path, seen, [target], MISSING))
    named = {column.name: "input" for column in found.features}
    return named | dict.fromkeys(found.keys, "key") | dict.fromkeys(found.drops, "drop")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """60 rows with one column of every kind."""
    rng = np.random.default_rng(3)
    n = 60
    y = rng.integers(0, 2, n)
    return written(
        tmp_path / "t.csv",
        ("passenger_id", list(range(7, 7 + n))),
        ("no.", list(range(1, n + 1))),
        ("who", [f"person {i}" for i in range(n)]),
        ("age", [*rng.integers(1, 90, n - 3), "", "NA", ""]),
        ("size", rng.choice(["S", "M", "L"], n).tolist()),
        ("empty", [""] * n),
        ("same", ["x"] * n),
        ("rare", ["", "1.5"] * 3 + [""] * (n - 6)),
        ("mixed", [*range(30), "oops", *range(31, n)]),
        ("alive", ["yes" if one else "no" for one in y]),
        ("hint", ["yes" if one else rng.choice(["yes", "no"]) for one in y]),
        ("huge", ["1e200", "2"] * 30),
        ("survived", y.tolist()),
    )


def test_every_column_gets_the_role_that_it_is_good_for(table):
    assert roles_of(table, "survived") == {
        "passenger_id": "key", "no.": "key", "who": "key",
        "age": "input", "size": "input", "hint": "input",
        "empty": "drop", "same": "drop", "rare": "drop", "mixed": "drop", "alive": "drop", "huge": "drop",
    }  # fmt: skip


def test_a_column_is_dropped_with_the_reason_beside_it(table):
    found = draft(table, ["survived"], beside(table))
    lines = {line.split("#")[0].strip(): line for line in found.text.splitlines()}
    assert "gives the answer away" in lines["- alive"]
    assert "every cell is missing" in lines["- empty"]
    assert "numbers, but for `oops` in line 32" in lines["- mixed"]
    assert "always x" in lines["- same"]
    assert found.experiment.spec.data.key == ("passenger_id", "no.", "who")


def test_a_copy_of_the_number_to_predict_is_dropped_whatever_its_unit(tmp_path):
    rng = np.random.default_rng(0)
    mpg, weight = rng.uniform(10, 40, 80), rng.uniform(0, 1, 80)
    path = written(
        tmp_path / "cars.csv",
        ("mpg", mpg.tolist()),
        ("litres", (235 / mpg).tolist()),
        ("near", (mpg + rng.normal(0, 2, 80)).tolist()),
        ("weight", weight.tolist()),
    )
    assert roles_of(path, "mpg") == {"near": "input", "weight": "input", "litres": "drop"}


def test_the_only_input_stays_though_it_gives_the_answer_away(tmp_path):
    path = written(tmp_path / "t.csv", ("x", [0, 1] * 20), ("y", ["a", "b"] * 20))
    assert roles_of(path, "y") == {"x": "input"}
    numbers = list(range(1, 41))
    path = written(tmp_path / "u.csv", ("x", numbers), ("y", [n * n for n in numbers]))
    assert roles_of(path, "y") == {"x": "input"}


def test_a_majority_is_no_reason_to_call_a_column_an_answer(tmp_path):
    """Of 100 rows 2 are b: every column would be right on 98."""
    path = written(
        tmp_path / "t.csv",
        ("size", ["S", "M"] * 50),
        ("z", [0.5 * i for i in range(100)]),
        ("y", ["a"] * 98 + ["b"] * 2),
    )
    assert roles_of(path, "y") == {"size": "input", "z": "input"}


@pytest.mark.parametrize(
    ("header", "chosen", "why"),
    [
        (["a", "target", "b"], "target", "taken for its name"),
        (["a", "Species", "b"], "Species", "taken for its name"),
        (["class", "survived", "b"], "survived", "so might `class`"),
        (["a", "b", "c"], "c", "the last column: no name says which"),
    ],
)
def test_the_target_is_guessed_from_names_and_then_from_the_end(tmp_path, header, chosen, why):
    path = written(tmp_path / "t.csv", *((name, [1, 2, 2, 1]) for name in header))
    guess = guess_target(look(path, MISSING))
    assert guess.name == chosen
    assert why in guess.why
    assert "--target NAME" in guess.why


def test_the_column_that_a_table_is_called_by_is_its_target(tmp_path):
    path = written(tmp_path / "MPG.csv", ("mpg", [1.5, 2, 2.5, 1]), ("target", [1, 2, 2, 1]))
    assert guess_target(look(path, MISSING), "MPG").name == "mpg"
    assert guess_target(look(path, MISSING), "cars").name == "target"


def test_what_cannot_be_predicted_is_not_guessed(tmp_path):
    path = written(
        tmp_path / "t.csv",
        ("size", ["S", "M"] * 20),
        ("half", [1, ""] * 20),
        ("name", [f"n{i}" for i in range(40)]),
    )
    assert guess_target(look(path, MISSING)).name == "size"


def test_what_stands_among_numbers_for_a_hole_is_one(tmp_path):
    cells = [str(i % 17) for i in range(50)]
    cells[4] = cells[30] = "?"
    path = written(tmp_path / "t.csv", ("x", cells), ("y", ["a", "b"] * 25))
    found = draft(path, ["y"], beside(path))
    assert "?" in found.experiment.spec.data.missing
    assert [column.kind for column in found.experiment.dataset.table.columns] == ["number"]


ODD_NAMES = [
    "yes",
    "1e3",
    "a: b",
    "- x",
    "#h",
    "null",
    "'q'",
    "ä b",
    "a, b",
    "x]",
    "~",
    "0x1F",
    "1:30",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_that_yaml_would_misread_are_quoted(name):
    text = render(
        [pair("key", name, indent=0), pair("list", [name, "b"], indent=0)],
        [Line("data:"), *items("drop", {name: "why: 'so' #1"}, "what")],
    )
    tree = parse(text)
    assert not tree.problems
    assert tree.value == {"key": name, "list": [name, "b"], "data": {"drop": [name]}}


def test_shares_are_stratified_only_where_every_class_has_rows_for_it():
    def text(*counts: int) -> str:
        kept = keep_back(
            sum(counts), {str(n): c for n, c in enumerate(counts)}, test=True, implied=True
        )
        return render(kept.lines)

    assert "random" not in text(50, 50)
    assert text(98, 2).count("random") == 2
    assert text(*[3] * 30) == text(*[3] * 30)
    assert "validation" not in text(20, 20)
    assert text(4, 4).startswith("  test: 0 ")


def test_a_file_that_is_no_data_says_what_to_do(tmp_path):
    for name, advice in {
        "a.npy": "numpy.savez",
        "a.xlsx": "as CSV",
        "a.zip": "Unpack",
        "a.png": "folder",
    }.items():
        (tmp_path / name).write_bytes(b"PK\x03\x04")
        with pytest.raises(DataError, match=advice):
            drafted(tmp_path / name)
    with pytest.raises(UsageError, match="no file or folder"):
        drafted(tmp_path / "absent.csv")
    with pytest.raises(DataError, match="no column is left"):
        drafted(written(tmp_path / "one.csv", ("y", [1, 2] * 20)))
