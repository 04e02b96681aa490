"""Work that grows with the columns of a table, the records of a run and the trials of a sweep, not with their square.

Counted, not timed: 2 is linear, 4 quadratic (counting.py).
"""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counting import Name, growth

from nncli import experiment, overview, preparation
from nncli.cli import runs as shown
from nncli.data import table_rows
from nncli.data.columns import look
from nncli.data.csv_file import CsvFile, open_csv
from nncli.data.held import as_rows
from nncli.data.table import load_csv
from nncli.draft.tables import found_in_table
from nncli.errors import SpecError
from nncli.export.formats import FORMATS, export
from nncli.runs import rundir
from nncli.runs.weights import read
from nncli.spec import dump
from nncli.spec.load import load_spec, parse_spec
from nncli.spec.sources import Csv
from nncli.training.records import BLOCK, Records, names_in

MOST = 2.4
"""Growth that still counts as linear: some costs come in steps."""
ROWS = 24
FEW = 16
"""Columns to begin with."""
KEYS = {
    "numbers": lambda names: {},
    "holes": lambda names: {},
    "texts": lambda names: {},
    "features": lambda names: {"features": names[: len(names) // 2]},
    "drop": lambda names: {"drop": names[2:]},
    "target": lambda names: {"target": names[2:], "drop": ["kind"]},
    "key": lambda names: {"key": names[2:]},
}
"""What makes a table wide -> what the spec says of its columns."""


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Comparisons with the names in a header are counted."""
    monkeypatch.chdir(tmp_path)
    plain = CsvFile._read_header
    monkeypatch.setattr(CsvFile, "_read_header", lambda self: tuple(map(Name, plain(self))))
    dump._Dumper.add_representer(Name, dump._text)


def wide(columns: int, sort: str = "numbers") -> Path:
    """A table of so many columns beside its class."""
    path = Path(f"{sort}-{columns}.csv")
    names = [f"c{number}" for number in range(columns)]
    lines = [",".join([*names, "kind"])]
    for row in range(ROWS):
        cells = [str(row * (number % 12 + 1) % 13 + number / 8) for number in range(columns)]
        if sort == "texts":
            cells = [f"t{(row + number) % 3}" for number in range(columns)]
        if sort == "holes":
            cells = ["" if (row + number) % 5 == 0 else cell for number, cell in enumerate(cells)]
        lines.append(",".join([*cells, "ab"[row % 2]]))
    path.write_text("\n".join(lines) + "\n")
    return path


def source(columns: int, sort: str) -> Csv:
    names = [f"c{number}" for number in range(columns)]
    value = {"source": "csv", "path": str(wide(columns, sort).absolute()), "target": "kind"}
    return Csv.model_validate(value | {"test": 0.25} | KEYS[sort](names))


@pytest.mark.parametrize("sort", KEYS)
def test_reading_a_table(sort):
    def of(columns: int) -> Callable[[], object]:
        made = source(columns, sort)
        return lambda: load_csv(made)

    assert growth(of, FEW) < MOST


@pytest.mark.parametrize("sort", KEYS)
def test_an_overview_of_a_table(sort):
    def of(columns: int) -> Callable[[], object]:
        made = source(columns, sort)
        dataset, seen = load_csv(made), look(Path(made.path), made.missing)
        return lambda: overview._columns(made, dataset, seen)

    assert growth(of, FEW) < MOST


@pytest.mark.parametrize("sort", ["numbers", "holes", "texts"])
def test_a_spec_for_a_table(sort):
    assert growth(lambda columns: _drafted(wide(columns, sort)), FEW) < MOST


def test_a_spec_for_a_read_table_columns_that_are_of_no_use():
    def of(columns: int) -> Callable[[], object]:
        path = Path(f"useless-{columns}.csv")
        head = ",".join([*(f"c{number}" for number in range(columns)), "x", "kind"])
        lines = [",".join([*["1"] * columns, str(row % 5), "ab"[row % 2]]) for row in range(ROWS)]
        path.write_text("\n".join([head, *lines]) + "\n")
        return _drafted(path)

    assert growth(of, FEW) < MOST


def _drafted(path: Path) -> Callable[[], object]:
    return lambda: found_in_table(path, str(path), ["kind"])


def test_names_that_are_no_columns():
    def of(columns: int) -> Callable[[], object]:
        names = [f"d{number}" for number in range(columns)]
        made = source(columns, "numbers").model_copy(update={"features": tuple(names)})

        def refused() -> None:
            with pytest.raises(SpecError, match="more of its names are no columns"):
                load_csv(made)

        return refused

    assert growth(of, 2 * FEW) < MOST


def trained(columns: int) -> Path:
    """The weights of a network for a table."""
    run = Path(f"run-{columns}")
    if not run.exists():
        value = {
            "name": "wide",
            "data": {"source": "csv", "path": str(wide(columns)), "target": "kind"},
            "architecture": [{"input_dim": "auto", "output_dim": 2, "activation": "softmax"}],
            "epochs": 1,
            "batch_size": 8,
            "eta": 0.1,
        }
        made = preparation.prepare(parse_spec(value, Path.cwd()))
        experiment.train(made, Path("runs")).path.rename(run)
    return run


@pytest.mark.parametrize("to", FORMATS)
def test_exports(to):
    if to == "onnx":
        pytest.importorskip("onnx")

    def of(columns: int) -> Callable[[], object]:
        run = trained(columns)
        return lambda: export(run, to, Path(f"{to}{columns}{FORMATS[to].ending}"))

    assert growth(of, FEW) < MOST


def _named_table(run: Path) -> Any:
    """The saved encoding, with names whose comparisons are counted."""
    table = read(run / "weights.npz").meta.preprocessing.table
    assert table is not None
    columns = [column.model_copy(update={"name": Name(column.name)}) for column in table.columns]
    return table.model_copy(update={"columns": tuple(columns)})


def test_predicting_the_rows_of_a_file():
    def of(columns: int) -> Callable[[], object]:
        encoding, path = _named_table(trained(columns)), wide(columns)

        def answer() -> None:
            with open_csv(path) as table:
                list(table_rows.encoded(table, encoding, (), ()))

        return answer

    assert growth(of, FEW) < MOST


def test_predicting_rows_by_name():
    def of(columns: int) -> Callable[[], object]:
        encoding = _named_table(trained(columns))
        rows = {column.name: [1.0, 2.0] for column in encoding.columns}
        return lambda: as_rows(rows, len(rows), encoding, None)

    assert growth(of, FEW) < MOST


def test_the_exported_python_file():
    def of(columns: int) -> Callable[[], object]:
        export(trained(columns), "python", path := Path(f"wide{columns}.py"))
        made = runpy.run_path(str(path))
        inner = made["read_table"].__globals__
        inner["COLUMNS"] = list(map(Name, inner["COLUMNS"]))
        data = wide(columns).read_bytes()
        return lambda: made["read_table"](data)

    assert growth(of, FEW) < MOST


def records(run: Path, count: int) -> None:
    """Give a run so many records."""
    one = json.loads((run / rundir.METRICS).read_text().splitlines()[-1])
    lines = (
        json.dumps(one | {"epoch": epoch, "train_loss": 1 / epoch, "seconds": 0.5})
        for epoch in range(1, count + 1)
    )
    (run / rundir.METRICS).write_text("\n".join(lines) + "\n")


def test_the_records_of_a_run():
    def of(count: int) -> Callable[[], object]:
        run = trained(FEW)
        records(run, count)
        info, spec = rundir.open_run(run), load_spec(run / rundir.SPEC).spec

        def show() -> None:
            found = rundir.read_records(run)
            assert len(found) == count
            shown._records(found, rundir.summarize(found, "finished"), spec)
            rundir.so_far(info, spec, found)

        return show

    assert growth(of, 2 * shown.SHOWN_RECORDS) < MOST


def test_records_are_columns_and_equal_to_a_list_of_dictionaries():
    some = [{"epoch": n, "loss": None if n % 7 == 0 else n / 3, "eta": 1} for n in range(BLOCK + 9)]
    some[5] = {"eta": 2, "epoch": 5, "more": 0.0}  # another order, another name
    some[6] = {}
    kept = Records()
    for start in range(0, len(some), 1000):
        kept.extend(some[start : start + 1000])
    assert kept == some
    assert [list(one) for one in kept] == [list(one) for one in some]
    assert [type(value) for value in kept[5].values()] == [int, int, float]
    assert kept[-1] == some[-1]
    assert kept[3:8] == some[3:8]
    assert kept.column("loss") == [one.get("loss") for one in some]
    assert kept.column("nothing") == [None] * len(some)
    assert set(names_in(kept)) == set(names_in(some)) == {"epoch", "loss", "eta", "more"}
    assert not Records()


def test_the_colors_of_the_curves_of_a_sweep():
    trials = pytest.importorskip("nncli.report.trials")
    from types import SimpleNamespace

    from nncli.report.keys import Key

    def of(count: int) -> Callable[[], object]:
        values = tuple(f"t{number}" for number in range(count))
        paint = trials.Paint(Key("name", values), None, named=True)
        rows = [SimpleNamespace(point={"name": value}) for value in values]
        return lambda: [paint.color(row) for row in rows]

    assert growth(of, FEW) < MOST
