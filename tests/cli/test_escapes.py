"""Text that a terminal would obey, in everything that somebody may have written: shown as escapes, by every command."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import forged
import pytest
import received
from received import NAMES, OTHERS, WAYS
from trials import command, commands

from nncli.errors import NncliError
from nncli.runs import rundir, weights
from nncli.runs.documents import SWEEP
from nncli.words import UNSAFE

SHORT = "\x1b[31m\x9b2J"
"""Turns red, and clears the screen; short enough to be shown whole."""
OF_DATA: dict[str, list[list[str]]] = {
    "init": [["esc.csv", "--target", f"kind{SHORT}", "--out", f"new{SHORT}.yaml"]],
    "schema": [[]],
    "data show": [["SPEC"], ["esc.csv"]],
    "data list": [[]],
    "data fetch": [[f"no{SHORT}"]],
}
"""The commands that read no run."""
SPEC = {
    "esc": (
        received.TABLE.replace("TARGET", json.dumps(f"kind{SHORT}"))
        .replace("id,", json.dumps(f"id{SHORT}") + ",")
        .replace("table.csv", "esc.csv"),
        "softmax",
        "esc.csv",
    )
}


def fill(path: Path) -> None:
    """Put an escape sequence into every text of a file that may hold it, and beside every figure one of such a name."""
    for place in forged.places(forged.document(path)):
        value = forged.at(forged.document(path), place)
        if isinstance(value, dict) and "train_loss" in value:
            forged.put(path, (*place, f"train_{SHORT}"), 0.5)
        if not isinstance(value, str) or (path.name == SWEEP and place[-1] == "run"):
            continue
        before = path.read_bytes()
        forged.put(path, place, SHORT + value)
        try:
            forged.READERS[path.name](path)
        except NncliError:
            path.write_bytes(before)


def test_every_file_has_a_reader():
    assert forged.READERS.keys() == {*NAMES, SWEEP}
    assert WAYS.keys() | OF_DATA.keys() == commands().keys()
    assert OTHERS.keys() == OF_DATA.keys()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A run of a table with escape sequences in its names, and a sweep, with more of them in every text there is."""
    folder = tmp_path_factory.mktemp("hostile")
    received.write_data(folder)
    text = (folder / "table.csv").read_text()
    for name in ("id", "age", "color", "weight", "kind"):
        text = re.sub(rf"\b{name}\b", f"{name}{SHORT}", text)
    text = re.sub(r"\b([ab]|red)$", rf"\1{SHORT}", text, flags=re.M).replace("red,", f"red{SHORT},")
    (folder / "esc.csv").write_text(text)
    received.make(folder, SPEC)
    run, sweep = folder / "runs/esc", received.sweep_in(folder)
    shutil.copytree(run, folder / "calm")
    rundir.write_json(run / rundir.RUN, rundir.open_run(run) | {"resumed": None})
    for path in (*(run / name for name in NAMES), sweep / SWEEP):
        fill(path)
    run.rename(run.with_name(f"esc{SHORT}"))
    return folder


def test_texts_are_filled(hostile):
    """What the walk below would show nothing of is no walk."""
    run = next((hostile / "runs").iterdir())
    info = rundir.open_run(run)
    texts = {key for key, value in info.items() if isinstance(value, str)}
    assert {key for key in texts if SHORT not in info[key]} == {"started", "ended"}
    assert f"train_{SHORT}" in rundir.read_summary(run)["kept"]
    meta = weights.read(run / rundir.WEIGHTS).meta
    assert meta.classes
    assert all(SHORT in name for name in meta.classes)


@pytest.mark.parametrize("name", commands())
def test_nothing_reaches_the_terminal(hostile, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    received.in_this_process(monkeypatch)
    shutil.copytree(hostile, ".", dirs_exist_ok=True)
    run = str(next(Path("runs").iterdir()))
    sweep = str(received.sweep_in(Path()))
    places = {"RUN": run, "RUNS": "runs", "SPEC": "esc.yaml", "SWEEP": sweep, "SWEPT": "swept.yaml"}
    places |= {"ROWS": "esc.csv", "CALM": "calm"}
    for way in (WAYS | OF_DATA)[name]:
        words = [places.get(word, word.replace("RUN/", f"{run}/")) for word in way]
        monkeypatch.setattr(sys, "argv", ["nncli", *words])
        result = command(*name.split(), *words)
        seen = result.stderr if name == "predict" else result.output  # answers are data
        assert not UNSAFE.search(seen), (words, UNSAFE.search(seen), seen)
        if "--json" in words and result.exit_code == 0:
            json.loads(result.stdout)


def test_a_terminal_gets_our_colors_and_no_others(hostile, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    run = next((hostile / "runs").iterdir())
    seen = command("show", run).output
    assert "\x1b[1m" in seen
    assert "\\x1b[31m\\x9b2J" in seen
    assert not UNSAFE.search(re.sub(r"\x1b\[[0-9;]*m", "", seen))
    assert "\x1b[31m" not in seen
