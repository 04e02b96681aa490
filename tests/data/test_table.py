"""The csv source: tables into datasets, and every bad table in one clear line."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from nncli.data import room
from nncli.data.dataset import Dataset
from nncli.data.encode import input_names
from nncli.data.encoding import Fitted
from nncli.data.sources import load
from nncli.errors import DataError, UsageError
from nncli.spec.sources import DataSpec

ADAPTER: TypeAdapter[Any] = TypeAdapter(DataSpec)


@pytest.fixture
def table(tmp_path: Path, monkeypatch):
    """Writes t.csv and loads it, by paths relative to here so that messages are short."""
    monkeypatch.chdir(tmp_path)

    def read(text: str | bytes, *, fitted: Fitted | None = None, **keys) -> Dataset:
        Path("t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        source = ADAPTER.validate_python({"source": "csv", "path": "t.csv", "target": "y"} | keys)
        local = {key: Path(value).name for key in ("path", "test", "validation")
                 if isinstance(value := getattr(source, key), str)}  # fmt: skip
        return load(source.model_copy(update=local), fitted=fitted)

    return read


def lines(header: str, rows: int, row) -> str:
    return header + "\n" + "".join(row(i) + "\n" for i in range(rows))


CLASSES = lines("a,b,y", 20, lambda i: f"{i},{'uvw'[i % 3]},{'no' if i % 2 else 'yes'}")


def sizes(dataset: Dataset) -> dict[str, int]:
    return {name: len(split) for name, split in dataset.splits.items()}


def fitted(dataset: Dataset) -> Fitted:
    assert dataset.table is not None
    return Fitted(dataset.table, dataset.classes)


def test_classes_are_split_in_proportion(table):
    dataset = table(CLASSES, test=0.2, validation=4)
    assert sizes(dataset) == {"train": 12, "validation": 4, "test": 4}
    assert dataset.classes == ("no", "yes")
    assert (dataset.task, dataset.origin, dataset.notes) == ("classification", "t.csv", ())
    for split in dataset.splits.values():
        assert split.y.mean() == 0.5
        assert split.x.dtype == np.float32
    assert input_names(dataset.table) == ["a", "b=u", "b=v", "b=w"]


def test_every_row_keeps_its_answer(table):
    """y is a itself: whatever rows a split has, inputs and targets are those of the same row."""
    text = lines("a,y", 50, lambda i: f"{i},{i}.5")
    dataset = table(text, test=10, validation=0.2)
    seen = []
    for split in dataset.splits.values():
        encoding = dataset.table
        (column,), (center,), (spread,) = encoding.columns, encoding.centers, encoding.spreads
        a = split.x[:, 0] * column.spread + column.center
        np.testing.assert_allclose(split.y[:, 0] * spread + center, a + 0.5, atol=1e-4)
        seen += np.rint(a).astype(int).tolist()
    assert sorted(seen) == list(range(50))


def test_training_rows_alone_are_learnt_from(table):
    """The last rows are the test: far numbers, a hole, and a text that training never saw."""
    text = "a,b,y\n1,u,p\n3,v,q\n1,u,p\n3,v,q\n900,new,p\n,u,q\n"
    dataset = table(text, test=2, test_from="last")
    number, words = dataset.table.columns
    assert (number.fill, number.center, number.spread, number.flag) == (2, 2, 1, False)
    assert words.categories == ("u", "v")
    assert dataset.splits["test"].x.tolist() == [[898, 0, 0], [0, 1, 0]]


def test_constant_columns_are_left_out_and_said(table):
    dataset = table(lines("a,b,y", 10, lambda i: f"{i},same,{i % 2}"))
    assert dataset.notes == ("column `b` is left out: it holds the same in every training row",)
    assert dataset.input_dim == 1


@pytest.mark.parametrize(
    ("target", "keys", "task", "classes"),
    [
        (lambda i: "pq"[i % 2], {}, "classification", ("p", "q")),
        (lambda i: ("True", "False")[i % 2], {}, "classification", ("False", "True")),
        (lambda i: str(i % 10), {}, "classification", tuple("0123456789")),
        (lambda i: str(8 + i % 4), {}, "classification", ("8", "9", "10", "11")),
        (lambda i: ("1.0", "1", "2")[i % 3], {}, "classification", ("1", "2")),
        (lambda i: str(i % 11), {}, "regression", None),
        (lambda i: str(i % 3 + 0.5), {}, "regression", None),
        (lambda i: str(i % 2), {"task": "regression"}, "regression", None),
        (lambda i: str(i % 11), {"task": "classification"}, "classification", tuple(map(str, range(11)))),
    ],
)  # fmt: skip
def test_the_target_says_the_task(table, target, keys, task, classes):
    dataset = table(lines("a,y", 66, lambda i: f"{i},{target(i)}"), **keys)
    assert (dataset.task, dataset.classes) == (task, classes)


def test_regression_targets_are_standardized(table):
    dataset = table(lines("a,y,z", 40, lambda i: f"{i % 7},{i * 10},{i / 100}"), target=["y", "z"])
    y = dataset.splits["train"].y
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), 1)
    assert (dataset.table.target, dataset.labels) == (("y", "z"), None)


def test_several_labels(table):
    text = lines("a,y,z", 40, lambda i: f"{i},{'Yes' if i % 3 else 'no'},{i % 2}.0")
    dataset = table(text, target=["y", "z"], test=0)
    assert (dataset.task, dataset.labels, dataset.classes) == ("labels", ("y", "z"), None)
    assert dataset.splits["train"].y[:4].tolist() == [[0, 0], [1, 1], [1, 0], [0, 1]]
    numbers = lines("a,y,z", 40, lambda i: f"{i},{i % 3 % 2},{i % 2}")
    assert table(numbers, target=["y", "z"], task="regression").task == "regression"


def test_columns_can_be_chosen(table):
    text = lines("id,a,b,c,y", 30, lambda i: f"n{i},{i},{i % 4},{i % 5},{i % 2}")
    assert input_names(table(text, drop="b", key="id").table) == ["a", "c"]
    chosen = table(text, features=["c", "a"], key=["id"])
    assert input_names(chosen.table) == ["c", "a"]
    assert chosen.table.keys == ("id",)


def test_rows_of_their_own(table):
    Path("test.csv").write_text("y,extra,b,a\nno,1,u,4\nyes,2,never,5\n")
    dataset = table(CLASSES, test="test.csv", validation=0.2)
    assert sizes(dataset) == {"train": 16, "validation": 4, "test": 2}
    assert dataset.splits["test"].y.tolist() == [0, 1]
    assert dataset.splits["test"].x[1, 1:].tolist() == [0, 0, 0]
    assert dataset.fingerprint != table(CLASSES).fingerprint


def test_a_gzipped_table_is_the_same_table(table):
    plain, packed = table(CLASSES), table(gzip.compress(CLASSES.encode()))
    assert plain.fingerprint == packed.fingerprint
    for name, split in plain.splits.items():
        assert split.x.tobytes() == packed.splits[name].x.tobytes()


@pytest.mark.parametrize("keys", [{}, {"target": "a"}, {"target": ["b", "y"], "drop": "a"}])
def test_what_was_fitted_is_applied(table, keys):
    """With weights' own encoding a table gives the same rows, and other tables are scaled as it was."""
    text = CLASSES
    if "drop" in keys:
        text = lines("a,b,c,y", 20, lambda i: f"{i},{i % 2},{i * i},{i % 3 % 2}")
    whole = table(text, **keys)
    again = table(text, **keys, fitted=fitted(whole))
    for name, split in whole.splits.items():
        assert split.x.tobytes() == again.splits[name].x.tobytes()
        assert split.y.tobytes() == again.splits[name].y.tobytes()
    assert (again.table, again.classes, again.labels) == (whole.table, whole.classes, whole.labels)


def test_chunks_do_not_show(table, monkeypatch):
    """Neither where the rows have been counted before, nor where they have not."""
    whole = table(CLASSES)
    monkeypatch.setattr("nncli.data.csv_file.CHUNK_CELLS", 9)
    for parts in (table(CLASSES), table(CLASSES, fitted=fitted(whole))):
        for name, split in whole.splits.items():
            assert split.x.tobytes() == parts.splits[name].x.tobytes()
            assert split.y.tobytes() == parts.splits[name].y.tobytes()


def test_another_table_is_encoded_as_the_first_was(table):
    whole = table(CLASSES)
    other = table(CLASSES.replace(",u,", ",q,").replace("\n1,", "\n1000,"), fitted=fitted(whole))
    assert other.table == whole.table
    assert max(split.x.max() for split in other.splits.values()) > 100


def test_labels_of_other_tables_must_be_known(table):
    first = fitted(table(CLASSES))
    with pytest.raises(DataError) as err:
        table(CLASSES.replace("no", "perhaps"), fitted=first)
    assert (
        str(err.value)
        == "t.csv:3: column `y` holds `perhaps`, which training never saw. It knows no, yes"
    )
    with pytest.raises(UsageError, match="is b, but the weights were trained to predict y"):
        table(CLASSES, target="b", fitted=first)


TEN = lines("a,b,y", 10, lambda i: f"{i},{i % 3},{i % 2}")
BAD: dict[str, tuple[str | bytes, dict[str, Any], str]] = {
    "zero rows": ("a,b,y\n", {}, "t.csv: has no rows below its header"),
    "ragged": (TEN + "1,2\n", {}, "t.csv:12: expected 3 fields, found 2"),
    "duplicate": (TEN.replace("b", "a", 1), {},
        "t.csv:1: columns 1 and 2 have the same name, a. Rename all but one"),
    "no such target": (TEN, {"target": "speces"},
        "data.target: there is no column `speces`. There are a, b, y"),
    "near target": ("species,b\np,1\nq,2\n", {"target": "specis"},
        "data.target: there is no column `specis`. Did you mean `species`? There are species, b"),
    "no such feature": (TEN, {"features": ["a", "c"]},
        "data.features: there is no column `c`. There are a, b, y"),
    "no such drop": (TEN, {"drop": "c"}, "data.drop: there is no column `c`. There are a, b, y"),
    "no such key": (TEN, {"key": "c"}, "data.key: there is no column `c`. There are a, b, y"),
    "seen and dropped": (TEN, {"features": ["a", "b"], "drop": "b"},
        "data.drop: has `b`, which is in data.features too. Remove it from one"),
    "target seen": (TEN, {"features": ["a", "y"]},
        "data.features: has `y`, which is in data.target too. Remove it from one"),
    "nothing left": (TEN, {"drop": ["a", "b"]},
        "data.features: are none: every column is the target, dropped or a key. Add columns"),
    "hole in the target": (TEN + "1,2,\n3,4,NaN\n", {},
        "t.csv:12: the target `y` is missing (2 cells of 12). Remove such rows"),
    "inf in a target of numbers": (lines("a,y", 30, lambda i: f"{i},{i / 2}") + "1,inf\n", {},
        "t.csv:32: the target `y` holds `inf`, but otherwise numbers (1 of 31 cells are none). "
        "Correct it, or remove such rows"),
    "one class": ("a,y\n1,p\n2,p\n", {},
        "data.target: column `y` holds only `p`: there is nothing to tell apart"),
    "one row of a class": (TEN + "1,2,7\n", {},
        "class `7` has 1 row; `test_from: stratified` needs 2 or more. Use random"),
    "too many classes": (lines("a,y", 30, lambda i: f"{i},t{i}"), {},
        "data.target: column `y` has 30 different texts in 30 rows: too many classes. Choose another target"),
    "text where numbers are wanted": (CLASSES, {"task": "regression"},
        "data.target: column `y` holds `yes` in line 2, but task is regression, which needs numbers"),
    "a flat target": (lines("a,y", 9, lambda i: f"{i},4.5"), {},
        "data.target: column `y` holds the same number in every row: nothing to learn"),
    "a flat label": (lines("a,b,y", 10, lambda i: f"{i},{i % 2},0"), {"target": ["b", "y"]},
        "data.target: column `y` holds the same in every row: nothing to learn"),
    "labels and texts": (CLASSES, {"target": ["b", "y"]},
        "data.target: column `b` holds texts, but several targets are all labels (0 and 1, yes and no, true and false)"
        " or all numbers"),
    "an empty column": (TEN.replace("b", "b,e", 1).replace(",0\n", ",,0\n").replace(",1\n", ",NA,1\n"), {},
        "t.csv: column `e` is missing in every row. Add it to data.drop"),
    "texts among numbers": (TEN + "1_000,2,1\n", {},
        "t.csv:12: column `a` holds `1_000`, but otherwise numbers (1 of 11 cells are none). Correct it, list it in "
        "data.missing, or add the column to data.drop"),
    "full-width digits": (TEN + "\uff11,2,1\n", {},
        "t.csv:12: column `a` holds `\uff11`, but otherwise numbers (1 of 11 cells are none). Correct it, list it in "
        "data.missing, or add the column to data.drop"),
    "ever new texts": (lines("a,b,y", 20, lambda i: f"t{i},{i},{i % 2}"), {},
        "data: a column of texts with too many different ones to learn from: `a` has 20 in 20 rows, 50 are the most, "
        "and fewer than half of the rows. Add what names the rows to `key`, and what is of no use to `drop`"),
    "Latin-1": ("a,y\n\u00e9,1\n".encode("latin-1"), {},
        "t.csv: byte 4 (0xe9) is not UTF-8. Is it Latin-1? Save the table as UTF-8"),
    "no test file": (TEN, {"test": "none.csv"}, "data.test: there is no file or folder none.csv"),
    "no table": (TEN, {"path": "none.csv"}, "data.path: there is no file or folder none.csv"),
    "too few rows": ("a,y\n1,p\n2,q\n", {}, "class `p` has 1 row; `test_from: stratified` needs 2 or more. Use random"),
    "all rows kept back": (TEN, {"test": 10}, "data.test: is 10, but there are 10 training rows. Keep back 9 at most"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_is_refused_in_one_line(table, name):
    text, keys, said = BAD[name]
    with pytest.raises(UsageError) as err:
        table(text, **keys)
    assert err.value.exit_code == 2
    assert str(err.value) == said


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("a,b,y\n1,u,maybe\n", "o.csv:2: column `y` holds `maybe`, which training never saw. It knows no, yes"),
        ("a,b,y\n1,u,\n", "o.csv:2: the target `y` is missing. Remove such rows"),
        ("a,b\n1,u\n", "o.csv: lacks 1 column that the network was trained on: y"),
        ("b,y\nu,no\n", "o.csv: lacks 1 column that the network was trained on: a"),
        ("a,b,y\nx,u,no\n", "o.csv:2: column `a` holds `x` where numbers are expected. Correct it, leave it empty, "
         "or list it in data.missing"),
        ("a,b,y\n", "o.csv: has no rows below its header"),
        ("a,b,y\n1\n", "o.csv:2: expected 3 fields, found 1"),
    ],
)  # fmt: skip
def test_a_bad_file_of_test_rows_is_refused(table, other, said):
    Path("o.csv").write_text(other)
    with pytest.raises(DataError) as err:
        table(CLASSES, test="o.csv")
    assert str(err.value) == said


@pytest.mark.parametrize(
    ("number", "said"), [("0.1", "is the same everywhere"), ("-1e300", "has numbers too large")]
)
def test_a_target_without_a_spread_to_divide_by_is_refused_for_what_it_is(table, number, said):
    """The standard deviation of many times 0.1 is not 0, but rounding."""
    end = "1e300" if number[0] == "-" else number
    text = lines("a,y", 20, lambda i: f"{i},{number if i < 9 else end if i < 18 else 7.5}")
    with pytest.raises(DataError, match=f"the target `y` {said}"):
        table(text, test=2, test_from="last", task="regression")


def test_everything_wrong_with_the_names_is_said_at_once(table):
    with pytest.raises(UsageError) as err:
        table(TEN, target="Y", drop=["b", "x"], features=["b"])
    keys = [line.split(":")[0] for line in str(err.value).split("\n")]
    assert keys == ["data.target", "data.drop", "data.drop"]


def test_a_table_that_is_too_large_is_refused_with_its_size(table, monkeypatch):
    monkeypatch.setattr(room, "usable_memory", lambda: 1000)
    with pytest.raises(DataError) as err:
        table(CLASSES)
    assert str(err.value) == (
        "t.csv: 166 bytes, about 20 rows of 2 columns, take 2 KB of memory; there is room for 1000 bytes. "
        "Take fewer rows, or fewer columns with data.features"
    )
    monkeypatch.setattr(room, "LARGE", 100)
    monkeypatch.setattr(room, "usable_memory", lambda: 500)
    with pytest.raises(DataError, match=r"t\.csv: 166 bytes, about 2. rows of 3 columns"):
        table(CLASSES)  # by its first rows, before all of it is read


def test_a_table_that_changes_while_it_is_read_is_refused(table, monkeypatch):
    from nncli.data import table as module

    monkeypatch.setattr(
        module, "check_room", lambda path, *_: path.write_text(CLASSES.replace("u", "v"))
    )
    with pytest.raises(DataError, match="has changed while it was read"):
        table(CLASSES)
