"""One table says what each status means; nobody else spells one."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import nncli
from nncli.report.swept import MARKS
from nncli.runs.status import FINISHED, STATUSES, STOPPED, UNFINISHED, meaning, status_of
from nncli.sweep.reading import statuses
from nncli.sweep.study import Study, Trial

PACKAGE = Path(nncli.__file__).parent
OTHERS = {("cluster.py", "running"), ("app.py", "stopped")}
"""What is not the status of a run: that of a Dask worker, and a word to who presses Ctrl-C."""


def test_nobody_else_spells_a_status():
    """A list of some of them, somewhere, is how one is forgotten."""
    spelled = {
        (path.name, node.value)
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "runs/status.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in STATUSES
    }
    assert spelled - {("settings.py", FINISHED)} == OTHERS  # a key of --json has the same name


@pytest.mark.parametrize("status", STATUSES)
def test_what_a_status_means_does_not_contradict_itself(status):
    one = STATUSES[status]
    assert one.settled <= (one.over and one.in_order and not one.again)
    assert one.ranked <= one.settled
    assert (not one.again) <= one.over
    assert one.wrong or status == STOPPED
    assert one.mark in (FINISHED, UNFINISHED, *MARKS)
    assert one.ranked == (one.mark == FINISHED)
    assert one.told.startswith(("is ", "has "))


@pytest.mark.parametrize("status", [*STATUSES, "of a later version"])
def test_every_reader_takes_every_status(status):
    """What is not known is neither ranked nor left alone."""
    trial = Trial("1", {"eta": 1}, Path("1"), status=status, figures={"train_loss": 1.0})
    study = Study(Path(), (trial,))
    assert statuses(study) == {status: 1}
    assert (study.best is not None) == meaning(status).ranked
    assert meaning(status).again or status in STATUSES
    json.dumps(study.as_json())


def test_trials_are_counted_out_in_the_order_of_the_table():
    trials = [Trial(name, {}, Path(), status=name) for name in reversed(STATUSES)]
    assert [*statuses(Study(Path(), tuple(trials)))] == [*STATUSES]


def test_lost_is_what_run_json_cannot_say():
    assert status_of({"status": "running", "host": "elsewhere", "pid": 1}) == "running"
    assert status_of({}) == "unknown"
