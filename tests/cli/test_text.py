"""Text that is not UTF-8: the paths among the words of a command, its folder, the folders of classes."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from every_command import PATHS, PLAIN, WORDS, callbacks, make, path_parameters, words_of
from processes import start_python
from support import blobs, spec_of

from nncli.api import load_run
from nncli.errors import SpecError
from nncli.preparation import prepare
from nncli.runs.strict_json import to_json
from nncli.words import as_text

STRANGE = os.fsdecode(b"caf\xe9")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_the_table_of_words_has_every_command_and_each_of_its_paths():
    assert WORDS.keys() == callbacks().keys()
    for command, callback in callbacks().items():
        words = WORDS[command].split()
        arguments, options = path_parameters(callback)
        assert options <= set(words), command
        paths = [word for word in words if word.startswith(PATHS)]
        assert len(paths) >= arguments + len(options), command


@pytest.fixture
def told(nncli, tmp_path, monkeypatch):
    """A command with these words, recorded as they are."""
    make(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["nncli", *words])
        return nncli(*words)

    for place in ("run", "runs/one"):
        assert run("train", "spec.yaml", "-q", "--run-dir", place).exit_code == 0
    return run


def check_done_or_refused(result, told, folder):
    """It worked, or said in a line why not and left nothing behind; whatever lies there is a run that can be shown."""
    lines = result.stderr.splitlines()
    assert result.exit_code in (0, 2), result.output
    if result.exit_code:
        assert [line for line in lines if line.startswith("error: ")] == lines[-1:], lines
    for run in folder.rglob("metrics.jsonl"):
        shown = told("show", str(run.parent), "--json")
        assert shown.exit_code == 0, shown.output
        assert json.loads(shown.stdout)["status"] == "finished"
        assert (run.parent / "weights.npz").is_file()


@pytest.mark.parametrize("command", WORDS)
def test_a_path_that_is_not_utf8_is_a_path_or_a_line(told, tmp_path, command):
    keys = [key for key in PATHS if key in WORDS[command]]
    if not check_with_strange(told, tmp_path, command, keys):
        for key in keys:  # what was refused may hide the others
            check_with_strange(told, tmp_path, command, [key])


def check_with_strange(told, folder, command, keys):
    """Whether the command works where the paths of these keys are not UTF-8."""
    strange = {key: f"{len(keys)}{key}{STRANGE}{Path(PLAIN[key]).suffix}" for key in keys}
    places = {"NEW": f"new-{''.join(keys)}"}
    there = [key for key in keys if (folder / PLAIN[key]).exists()]
    for key in there:
        (folder / PLAIN[key]).rename(folder / strange[key])
    result = told(*words_of(command, PLAIN | places | strange))
    check_done_or_refused(result, told, folder)
    for key in there:
        (folder / strange[key]).rename(folder / PLAIN[key])
    return result.exit_code == 0


@pytest.mark.parametrize("command", WORDS)
def test_a_folder_that_is_not_utf8_is_a_folder_or_a_line(told, tmp_path, monkeypatch, command):
    folder = tmp_path / STRANGE
    folder.mkdir()
    make(folder)
    for place in ("run", "runs"):
        (tmp_path / place).rename(folder / place)
    monkeypatch.chdir(folder)
    check_done_or_refused(told(*words_of(command, PLAIN)), told, folder)


def test_a_spec_says_which_folder_has_no_name(told, tmp_path, monkeypatch):
    (tmp_path / STRANGE).mkdir()
    make(tmp_path / STRANGE)
    monkeypatch.chdir(tmp_path / STRANGE)
    result = told("check", "spec.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    line = "error: spec.yaml:1:21: data.path: is 'table.csv', must be a path that leads somewhere: "
    assert result.stderr == f"{line}{tmp_path}/caf\\xe9/table.csv, whose name is not UTF-8\n"


def pictures(folder, *names):
    image = pytest.importorskip("PIL.Image")
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for shade in range(6):
            with (folder / name / f"{shade}.png").open("wb") as file:
                image.new("L", (4, 4), 40 * shade + number).save(file, "PNG")
    (folder.parent / "teas.yaml").write_text(
        "data: {source: images, path: pictures, size: [4, 4], test: 0}\n"
        "architecture: [{input_dim: 16, output_dim: 1, activation: sigmoid}]\n"
        "epochs: 1\nbatch_size: 4\neta: 0.1\n"
    )


@pytest.mark.parametrize("command", ["check", "train", "sweep", "data show", "init"])
def test_a_class_whose_folder_is_not_utf8_is_refused_before_anything(told, tmp_path, command):
    pictures(tmp_path / "pictures", STRANGE, "tea")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    spec = "pictures" if command == "init" else "teas.yaml"
    grid = ["--grid", "eta=1,2"] if command == "sweep" else []
    result = told(*command.split(), spec, *grid)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert line.endswith("caf\\xe9: the folder of a class has a name that is not UTF-8. Rename it")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["x\udce9", "\ud800"])
def test_nothing_is_trained_with_a_name_that_cannot_be_saved(name):
    """Whatever the data come from: text in Python may hold half a character."""
    spec, data = spec_of("2-3 softmax", loss="cross_entropy"), blobs(30)
    with pytest.raises(
        SpecError, match=r"^data: holds the name `x?.ud[c8][0e][09]`, which no file"
    ):
        prepare(spec, dataset=replace(data, classes=("a", name, "c")))
    with pytest.raises(SpecError, match=r"^data: holds the name"):
        prepare(spec, dataset=replace(data, labels=("a", name, "c")))


def test_json_is_text_and_says_what_it_was_given():
    value = {"path": STRANGE, "half": ["\ud800", "\udfff"], "usual": "é € 😀"}
    text = to_json(value)
    assert json.loads(text.encode()) == value
    assert "é € 😀" in text


def test_what_is_recorded_is_text():
    assert as_text("é\n€ 😀") == "é\n€ 😀"
    assert as_text(STRANGE) == "caf\\xe9"
    assert as_text("é".encode().decode("ascii", "surrogateescape")) == "é"
    assert as_text("\ud800").isascii()


@pytest.mark.skipif(sys.platform == "win32", reason="has no such locale")
def test_where_names_are_read_as_ascii_they_are_the_same(told, tmp_path):
    pictures(tmp_path / "pictures", "é€", "tea")
    words = ["-m", "nncli", "train", "teas.yaml", "--run-dir", "new-é"]
    done = start_python(tmp_path, *words, environment=ASCII)
    assert done.communicate()[0]
    assert done.returncode == 0
    assert json.loads(Path("new-é/run.json").read_text())["command"][-1] == "new-é"
    assert load_run("new-é").classes == ("tea", "é€")
