"""Runs and sweeps that somebody has written by hand: right digests, wrong fields. Each command ends in a line.

The commands are all that there are; the files, and the fields in them, are those that runs really have.
"""

from __future__ import annotations

import math
import random
import shutil
from pathlib import Path
from typing import Any

import forged
import pytest
import received
from damage import little_memory
from planted_links import not_waiting
from received import NAMES, OTHERS, SPECS, WAYS
from trials import command, commands

from nncli.errors import DamagedError, KeyPath
from nncli.runs import lock, rundir
from nncli.runs.documents import METRICS, RUN, SUMMARY, SWEEP
from nncli.runs.rundir import CHECKPOINT, WEIGHTS


def test_every_command_reads_what_is_forged_or_says_why_not():
    assert WAYS.keys() | OTHERS.keys() == commands().keys()
    assert not WAYS.keys() & OTHERS.keys()


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """A run of each spec, and a sweep."""
    folder = tmp_path_factory.mktemp("calm")
    received.make(folder)
    return folder


def test_every_file_and_every_kind_of_meta_is_forged(calm):
    names = {path.name for path in (calm / "runs/classes").iterdir()}
    assert names == {*NAMES, rundir.SPEC, lock.LOCK}


@pytest.fixture
def folder(calm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    received.in_this_process(monkeypatch)
    for path in calm.iterdir():
        if path.is_file():
            shutil.copy(path, ".")
    return calm


def forge(way, kind, calm, rng):
    """The folder of a run or a sweep with one forged file; what it is, and the words of the command."""
    shutil.rmtree("runs", ignore_errors=True)
    shutil.rmtree("sweeps", ignore_errors=True)
    shutil.rmtree("new", ignore_errors=True)
    run = Path("runs", kind)
    shutil.copytree(calm / run, run)
    is_sweep = "SWEEP" in way or "SWEPT" in way
    if is_sweep:
        shutil.copytree(calm / "sweeps", "sweeps")
    sweep = Path("sweeps", received.sweep_in(calm).name)
    if is_sweep and rng.random() < 0.6:
        made = forged.forgery(sweep, SWEEP, rng)
        (sweep / SWEEP).write_bytes(made.data)
    else:
        if is_sweep:
            run = rng.choice(sorted((sweep / "trials").iterdir()))
        if rng.random() < 0.3:
            (run / rundir.SUMMARY).unlink()
        made = forged.forgery(
            run, rng.choice([name for name in NAMES if (run / name).is_file()]), rng
        )
        (run / made.name).write_bytes(made.data)
    names = {
        "RUN": str(run),
        "RUNS": "runs",
        "SPEC": f"{kind}.yaml",
        "SWEEP": str(sweep),
        "SWEPT": "swept.yaml",
    }
    names |= {"ROWS": SPECS["classes" if is_sweep else kind][2], "CALM": str(calm / "runs" / kind)}
    words = [names.get(word, word.replace("RUN/", f"{run}/")) for word in way]
    return made, words


@pytest.mark.campaign(short=2 * len(WAYS), long=50 * len(WAYS), torture=1000 * len(WAYS))
def test_what_is_forged_is_used_or_refused_in_a_line(folder, campaign):
    for number in campaign.numbers:
        name = [*WAYS][number % len(WAYS)]
        rng = random.Random(f"{campaign.rng.random()}")
        way, kind = rng.choice(WAYS[name]), rng.choice([*SPECS])
        made, words = forge(way, kind, folder, rng)
        about = f"trial {number}: {name} {' '.join(words)} of {made.where}"
        try:
            with little_memory(1 << 30), not_waiting(60):
                result = command(name, *words)
            check(result, made, name)
        except BaseException as err:
            err.add_note(about)
            raise


def check(result, made, name):
    assert result.exit_code in (0, 2, 3, 4, 6, 7), result.output
    for line in result.stderr.split("\n"):
        assert line.isprintable(), line
    if name != "predict":  # its answers are data
        assert all(map(str.isprintable, result.stdout.split("\n"))), result.stdout
    errors = [line for line in result.stderr.split("\n") if line.startswith("error: ")]
    if result.exit_code == 6:
        assert len(errors) == 1
        # of metrics and a checkpoint that do not agree, both are named
        is_counted = made.name == CHECKPOINT and "the checkpoint counts" in errors[0]
        assert made.name in errors[0] or is_counted, errors


TABLE = ("preprocessing", "table")
ATTACKS: dict[str, tuple[str, str, KeyPath, Any, str]] = {
    "center_inf": ("classes", WEIGHTS, (*TABLE, "columns", 0, "center"), math.inf, "not JSON"),
    "center_1e999": ("classes", WEIGHTS, (*TABLE, "columns", 0, "center"), forged.HUGE, r"center: must be a finite"),
    "classes0": ("classes", WEIGHTS, ("classes",), [], "classes: "),
    "classes1": ("classes", WEIGHTS, ("classes",), ["a"], "classes: has 1 names, but the network has 2 outputs"),
    "classes_null": ("classes", WEIGHTS, ("classes",), None, r"table\.target: has 1 columns, must have 2"),
    "classes_twice": ("classes", WEIGHTS, ("classes",), ["a", "a"], "classes: has a name twice"),
    "nul_class": ("classes", WEIGHTS, ("classes", 0), "\0", r"classes\.0: holds NUL"),
    "categories": ("classes", WEIGHTS, (*TABLE, "columns", 1, "categories"), ["x"], "becomes 4 inputs, but"),
    "cols1": ("classes", WEIGHTS, (*TABLE, "columns"), [], r"table\.columns: "),
    "auto": ("classes", WEIGHTS, ("architecture", 0, "input_dim"), "auto", "is auto, which only a spec may have"),
    "centers_only": ("number", WEIGHTS, (*TABLE, "spreads"), None, "has centers without spreads"),
    "centers_of_classes": ("classes", WEIGHTS, (*TABLE, "centers"), [1.0], "has centers without spreads"),
    "target0": ("number", WEIGHTS, (*TABLE, "target"), [], r"table\.target: "),
    "target2": ("number", WEIGHTS, (*TABLE, "target"), ["a", "b"], "2 targets, 1 centers and 1 spreads"),
    "spread_tiny": ("number", WEIGHTS, (*TABLE, "spreads"), [5e-324], "a spread that is nothing beside its center"),
    "height": ("pictures", WEIGHTS, ("preprocessing", "image", "height"), 5, "has 30 numbers, but"),
    "channels": ("pictures", WEIGHTS, ("preprocessing", "image", "channels"), 2, "channels: is not 1 or 3"),
    "labels": ("labels", WEIGHTS, ("labels",), ["a"], "labels: has 1 names, but the network has 2 outputs"),
    "epoch": ("labels", CHECKPOINT, ("epoch",), -1, "epoch: "),
    "deep": ("classes", RUN, ("spec", "name"), f"{forged.DEEP}[100000", "not JSON"),
    "rather_deep": ("classes", RUN, ("spec", "name"), f"{forged.DEEP}[150", "spec: is nested more than 50 levels deep"),
    "infinity": ("classes", RUN, ("spec", "eta"), forged.HUGE, "spec: holds a number beyond all bounds"),
    "spec_empty": ("classes", RUN, ("spec",), {}, "spec.data: is missing"),
    "spec_engine": ("classes", RUN, ("spec", "engine"), "cuda", "spec.engine: "),
    "surrogate": ("classes", RUN, ("status",), "\ud800", "not JSON"),
    "no_moment": ("classes", RUN, ("started",), "yesterday", "started: "),
    "no_figure": ("classes", SUMMARY, ("kept", "epoch"), None, "kept: epoch is no number of epochs"),
    "baseline": ("classes", SUMMARY, ("baseline",), {"test_loss": 1.0}, "baseline: has no answer"),
    "seconds": ("classes", SUMMARY, ("seconds",), 1e300, "seconds: "),
    "engine": ("classes", RUN, ("engine",), "cuda 1", ""),
    "no_engine": ("classes", RUN, ("engine",), "", ""),
    "nothing": ("classes", METRICS, (0, "train_accuracy"), None, ""),
    "seconds_huge": ("classes", METRICS, (0, "seconds"), 1e308, "is damaged: "),
}  # fmt: skip
"""What was sent once: of which run, in which file, where, what; and what is said of it, where it cannot be used."""


def sent(name, calm):
    """The run with what was sent; and whether it can be used."""
    kind, file, place, value, says = ATTACKS[name]
    shutil.copytree(calm / "runs" / kind, run := Path("runs", kind))
    if file == METRICS:
        (run / SUMMARY).unlink()
    forged.put(run / file, place, value)
    return run / file, says


@pytest.mark.parametrize("name", ATTACKS)
def test_what_was_sent_once_is_refused_where_it_is_read(folder, name):
    path, says = sent(name, folder)
    if not says:
        return
    with pytest.raises(DamagedError, match=says) as refused:
        forged.READERS[path.name](path)
    assert str(path) in str(refused.value)


USES = [(name, way) for name, ways in WAYS.items() for way in ways if "RUN" in " ".join(way)]
PAIRS = [(attack, *use) for use in USES for attack in ATTACKS]
random.Random(0).shuffle(PAIRS)


@pytest.mark.campaign(short=len(ATTACKS), long=len(PAIRS), torture=len(PAIRS))
def test_what_was_sent_once_does_no_harm(folder, campaign):
    for number in campaign.numbers:
        attack, name, way = PAIRS[number]
        kind = ATTACKS[attack][0]
        for path in ("runs", "new"):
            shutil.rmtree(path, ignore_errors=True)
        path, _ = sent(attack, folder)
        names = {
            "RUN": str(path.parent),
            "RUNS": "runs",
            "SPEC": f"{kind}.yaml",
            "ROWS": SPECS[kind][2],
        }
        names["CALM"] = str(folder / "runs" / kind)
        words = [names.get(word, word.replace("RUN/", f"{path.parent}/")) for word in way]
        result = command(name, *words)
        check(result, forged.Forgery(path.name, b"", ""), name)
