"""Which runs are meant: conditions, and the order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nncli.errors import UsageError
from nncli.ledger import query
from nncli.runs import rundir

LAYERS = [{"input_dim": 2, "output_dim": 3, "activation": "sigmoid"}]
SPEC = {
    "seed": 0,
    "data": {"source": "moons", "samples": 100},
    "architecture": LAYERS,
    "optimizer": {"name": "sgd"},
    "epochs": 3,
    "eta": 0.1,
    "early_stopping": None,
    "threads": None,
}
RUN = {
    **dict.fromkeys(("nncli", "host", "platform", "cpu", "python", "numpy", "blas"), "x"),
    "format": 1,
    "name": "one",
    "status": "finished",
    "ended": None,
    "command": [],
    "pid": 1,
    "cores": 2,
    "threads": 1,
    "data": {"sha256": "0", "sampled": False},
    "parameters": 9,
}


def a_run(folder: Path, name: str, spec=(), final=None, **facts) -> None:
    path = folder / name
    path.mkdir(parents=True)
    told = RUN | {"started": name, "spec": SPEC | dict(spec)} | facts
    (path / rundir.RUN).write_text(json.dumps(told))
    if final is not None:
        best = {"test_accuracy": {"value": final["test_accuracy"], "epoch": 1}}
        rest = {"format": 1, "status": "finished", "epochs": 3, "seconds": 1.5}
        (path / rundir.SUMMARY).write_text(json.dumps(rest | {"final": final, "best": best}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    a_run(tmp_path, "a", {"eta": 1}, {"test_accuracy": 0.5})
    a_run(tmp_path, "b", {"optimizer": {"name": "rmsprop", "rho": 0.9}}, {"test_accuracy": 0.9})
    a_run(tmp_path, "c", {"seed": 1, "early_stopping": {"patience": 5}}, status="diverged")
    a_run(tmp_path, "d", {"eta": 1e-3}, {"test_accuracy": 0.7})
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / rundir.RUN).write_text("{")
    return tmp_path


def chosen(folder: Path, *conditions: str, sort: str | None = None, reverse: bool = False) -> str:
    selection = query.select(folder, [*map(query.parse, conditions)], sort, reverse=reverse)
    assert (selection.strange, selection.total) == ([folder / "odd"], 4)
    return "".join(listed.path.name for listed in selection.found)


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ([], "abcd"),
        (["optimizer=sgd"], "acd"),
        (["optimizer.name=rmsprop"], "b"),
        (["optimizer.rho>=0.9"], "b"),
        (["optimizer!=sgd"], "b"),
        (["eta=1"], "a"),
        (["eta=1.0"], "a"),
        (["eta<=1e-3"], "d"),
        (["eta < 1", " seed = 0 "], "bd"),
        (["test_accuracy>0.5"], "bd"),
        (["test_accuracy>=90%", "test_accuracy<90.5%"], "b"),
        (["best.test_accuracy<0.7"], "a"),
        (["seconds=1.5"], "abd"),
        (["status=diverged"], "c"),
        (["started>b"], "cd"),
        (["data=moons", "data.samples=100"], "abcd"),
        (["architecture=2-3"], "abcd"),
        (["architecture=2-3 sigmoid"], "abcd"),
        (["architecture[0].output_dim=3"], "abcd"),
        (["architecture[1].output_dim=3"], ""),
        (["early_stopping=null"], "abd"),
        (["threads=1"], "abcd"),
        (["early_stopping.patience=5"], "c"),
        (["batch_size=10"], ""),
        (["name=no"], ""),
    ],
)
def test_conditions(folder, conditions, found):
    assert chosen(folder, *conditions) == found


@pytest.mark.parametrize("text", ["eta>x", "eta<", "test_accuracy>=nan"])
def test_an_order_of_numbers_and_words(folder, text):
    with pytest.raises(UsageError, match=r"is a number, .* for one, but `.*` is none"):
        chosen(folder, text)


@pytest.mark.parametrize(
    ("sort", "reverse", "found"),
    [
        (None, True, "dcba"),
        ("test_accuracy", False, "bdac"),
        ("test_accuracy", True, "adbc"),
        ("eta", False, "dbca"),
        ("optimizer", False, "bacd"),
        ("optimizer.rho", False, "bacd"),
        ("batch_size", False, "abcd"),
    ],
)
def test_order(folder, sort, reverse, found):
    assert chosen(folder, sort=sort, reverse=reverse) == found


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("test_acuracy", "test_acuracy: no run here has that. Did you mean `test_accuracy`?"),
        ("learning_rate", "Did you mean `eta`?"),
        ("optimizer.nam", "Did you mean `optimizer.name`?"),
        ("a" * 200, f"{'a' * 80}: no run here has that"),
    ],
)
def test_names_that_nothing_has(folder, name, message):
    with pytest.raises(UsageError) as caught:
        chosen(folder, sort=name)
    assert message in str(caught.value)
    with pytest.raises(UsageError, match="no run here has that"):
        chosen(folder, f"{name}=1")


@pytest.mark.parametrize("text", ["", "eta", "=1", "<", "\x1b"])
def test_what_is_no_condition(text):
    with pytest.raises(UsageError, match=r"has no comparison\. Write it as optimizer=adam"):
        query.parse(text)


def test_a_folder_without_runs_has_none_of_any_name(tmp_path):
    selection = query.select(tmp_path, [query.parse("no_such=1")], "nor_this")
    assert selection == ([], [], 0)
