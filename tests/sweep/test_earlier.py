"""Trials that an earlier nncli may have got wrong, in a sweep that is gone on with."""

import json

import pytest
from stacked import beside_each_other
from support import spec_of

from nncli.sweep import earlier
from nncli.sweep.study import Study, Trial

DECAYS = [{"name": "adamw", "weight_decay": decay} for decay in (0.0, 0.1, 0.2)]
SHAPE = "2-3-2 tanh softmax"


def said(folder, key, values, old=(True, True, True), asked=None, shape=SHAPE, **keys):
    """What is said of trials that differ in one key, some of them by an earlier nncli, which said nothing of stacks.
    The last command asked for the first `asked` of them, or for all."""
    data = {"source": "moons", "samples": 20}
    folder.mkdir(exist_ok=True)
    specs = [spec_of(shape, data=data, threads=1, **keys, **{key: value}) for value in values]
    beside_each_other(specs, folder / "trials")
    runs = [folder / "trials" / str(number) for number in range(len(specs))]
    for run, by_an_earlier in zip(runs, old, strict=False):
        if by_an_earlier:
            value = json.loads((run / "run.json").read_text())
            del value["stacking"]
            (run / "run.json").write_text(json.dumps(value))
    trials = [Trial(run.name, {key: value}, run) for run, value in zip(runs, values, strict=True)]
    return earlier.warnings(Study(folder, tuple(trials[:asked]), tuple(trials[asked or 3 :])))


@pytest.mark.parametrize(
    ("key", "values", "named", "keys"),
    [
        ("regularizer", [{"l2": 0.0}, {"l2": 0.1}, {"l2": 0.2}], "regularizer.l2", {}),
        ("regularizer", [{}, {"l1": 0.1}, {"max_norm": 1.0}], "regularizer.l1, regularizer.max_norm", {}),
        ("optimizer", DECAYS, "optimizer.weight_decay", {}),
        ("average", [None, {}, {"every": 2}], "average", {"engine": "numba"}),
    ],
)  # fmt: skip
def test_trials_that_one_of_them_decided_for_are_named(tmp_path, key, values, named, keys):
    (line,) = said(tmp_path, key, values, **keys)
    assert line.startswith(f"{tmp_path}: an earlier nncli may have trained 3 trials with another")
    assert f" trial's {named}: {key}=" in line
    assert line.endswith("add --fresh")


@pytest.mark.parametrize(
    ("key", "values", "keys"),
    [
        ("eta", [0.1, 0.2, 0.3], {"regularizer": {"l2": 0.1}}),
        ("optimizer", DECAYS[1:], {}),
        ("optimizer", ["adam", "adamw"], {}),
        ("average", [None, {}], {}),
        ("regularizer", [{}, {"l2": 0.1}], {"gradient": "numerical"}),
        ("regularizer", [{}, {"l2": 0.1}], {"shape": "2-40000-2 tanh softmax"}),
    ],
)
def test_nothing_is_said_where_nothing_could_go_wrong(tmp_path, key, values, keys):
    assert said(tmp_path, key, values, **keys) == []


def test_nothing_is_said_of_what_this_nncli_has_trained(tmp_path):
    values = [{"l2": l2} for l2 in (0.0, 0.1, 0.2)]
    assert said(tmp_path / "new", "regularizer", values, old=()) == []
    assert said(tmp_path / "one", "regularizer", values, old=(False, True)) == []
    (line,) = said(tmp_path / "two", "regularizer", values, old=(True, True, False))
    assert "2 trials" in line
    assert '"l2":0.2' not in line


def test_trials_that_the_last_command_did_not_ask_for_are_named_too(tmp_path):
    values = [{"l2": l2} for l2 in (0.0, 0.1, 0.2)]
    (line,) = said(tmp_path, "regularizer", values, asked=1)
    assert "3 trials" in line
    assert '"l2":0.2' in line
