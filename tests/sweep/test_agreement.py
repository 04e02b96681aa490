"""A trial whose run is not what its sweep asks for is named, and ranked nowhere; data that have changed are refused."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from pathlib import Path

import pytest
from every_command import speaks_of_sweeps
from inline import Inline
from support import same_bytes
from typer.testing import CliRunner, Result

import nncli
from nncli.cli.app import COMMANDS, app
from nncli.resuming import MAY_CHANGE
from nncli.sweep import agreement, places
from nncli.sweep.reading import look

ROWS = "".join(f"{i % 7},{i % 5},{'old' if i % 7 + i % 5 > 5 else 'young'}\n" for i in range(60))
SPEC = """\
data: {source: csv, path: table.csv, target: kind, validation: 0.2}
architecture:
  - {input_dim: auto, output_dim: 3, activation: tanh}
  - {input_dim: 3, output_dim: auto, activation: sigmoid}
epochs: 2
batch_size: 16
eta: 0.1
track: []
"""
SWEEP = (
    "sweep",
    "spec.yaml",
    "--grid",
    "eta=0.1,0.5,1",
    "--grid",
    "architecture[0].output_dim=3,5",
)


def command(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("swept") / "own"
    folder.mkdir()
    (folder / "table.csv").write_text("a,b,kind\n" + ROWS)
    (folder / "spec.yaml").write_text(SPEC)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(places, "LocalWorkers", Inline)
        assert command(*SWEEP).exit_code == 0
    shutil.copytree(folder, folder.with_name("kept"))
    return folder.with_name("kept")


@pytest.fixture
def sweep(swept, monkeypatch):
    """The sweep as it was, in the same folder, for the path of its data is of its name; a test runs there."""
    own = swept.with_name("own")
    shutil.rmtree(own)
    shutil.copytree(swept, own)
    monkeypatch.chdir(own)
    monkeypatch.setattr(places, "LocalWorkers", Inline)
    (path,) = Path("runs").iterdir()
    return path


def change(path: Path, **keys: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def best(sweep: Path) -> Path:
    study = look(sweep)
    assert study.best
    return study.best.path


def test_what_the_data_fill_in_agrees(sweep):
    assert {trial.status for trial in look(sweep).trials} == {"finished"}
    assert not command(*SWEEP).stderr.count("warning")


def test_every_key_of_a_spec_is_compared_but_those_no_byte_depends_on(sweep):
    """Each leaf in turn, from a spec as the code writes it."""
    had = json.loads((best(sweep) / "run.json").read_text())["spec"]

    def leaves(value, path=()):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            if isinstance(inner, dict | list) and inner:
                yield from leaves(inner, (*path, key))
            else:
                yield (*path, key)

    for path in leaves(had):
        other = deepcopy(had)
        holder = other
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = "other"
        found = agreement.differences(had, other, Path())
        free = path[:1] in MAY_CHANGE or path in MAY_CHANGE
        assert [*found] == ([] if free else [path])


READERS = {
    "show": ("show",),
    "compare": ("compare",),
    "eval": ("eval",),
    "predict": ("predict", "table.csv"),
    "export": ("export", "--to", "python", "--out", "net.py"),
    "plot": ("plot", "--only", "curves"),
    "report": ("report", "--out", "page.html"),
}
OTHERS = {
    "sweep": "trains such a trial anew",
    "runs": "reads sweep.json alone, to list many",
}
"""Why other commands that speak of sweeps do not name it."""


def test_every_command_that_reads_a_sweep_has_its_case():
    assert {name for name in COMMANDS if speaks_of_sweeps(name)} == READERS.keys() | OTHERS.keys()


def longer(sweep: Path) -> Path:
    path = best(sweep)
    assert command("resume", path, "--epochs", 9, "--quiet").exit_code == 0
    return path


@pytest.mark.parametrize("reader", READERS)
def test_a_longer_trial_is_named_and_not_ranked_wherever_a_sweep_is_read(reader, sweep):
    path = longer(sweep)
    name, *more = READERS[reader]
    result = command(name, sweep, *more)
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "was trained with epochs 9, this sweep asks for 2. It is not ranked" in told
    assert best(sweep) != path


def test_a_longer_trial_is_named_by_load_run_too(sweep):
    path = longer(sweep)
    with pytest.warns(UserWarning, match="epochs 9, this sweep asks for 2"):
        assert nncli.load_run(sweep).path != path


def test_the_same_command_keeps_a_longer_trial_aside_and_trains_it_anew(sweep, swept):
    path = longer(sweep)
    result = command(*SWEEP)
    assert "epochs 9, this sweep asks for 2" in result.stderr
    assert "6 trials, 1 to run" in result.stderr
    same_bytes(path, swept / path)
    assert nncli.load_run(path.with_name(f"{path.name}.stale-1")).spec.epochs == 9
    assert command(*SWEEP).stderr.count("0 to run") == 1


@pytest.mark.parametrize("grid", ["eta=0.1,0.5,1,2", "eta=3"])
def test_changed_data_are_refused_before_any_trial(grid, sweep):
    before = sorted(sweep.rglob("*"))
    table = Path("table.csv")
    rows = table.read_text()
    table.write_text(rows.replace("0,0,young", "0,0,old", 1))
    words = [*SWEEP[:3], grid, *SWEEP[4:]]
    result = command(*words)
    assert result.exit_code == 2
    assert "csv: the data has changed since runs/" in result.stderr
    assert "add --fresh" in result.stderr
    assert sorted(sweep.rglob("*")) == before
    table.write_text(rows)
    assert command(*words).exit_code == 0
    table.write_text(rows.replace("0,0,young", "0,0,old", 1))
    assert command(*words, "--fresh").exit_code == 0


def test_of_two_sets_of_data_the_first_is_the_sweeps(sweep):
    """As an earlier nncli left them."""
    path = best(sweep)
    run = json.loads((path / "run.json").read_text())
    change(
        path / "run.json",
        started="2031-01-01T00:00:00+00:00",
        data=run["data"] | {"sha256": "f" * 64},
    )
    shown = command("show", sweep)
    assert "was trained on data of SHA-256 ffffffffffffffff" in " ".join(shown.stdout.split())
    assert best(sweep) != path
    assert command(*SWEEP).exit_code == 0
    assert {trial.status for trial in look(sweep).trials} == {"finished"}
    assert path.with_name(f"{path.name}.stale-1").is_dir()


def test_a_trial_that_took_the_place_of_another_is_named(sweep):
    one, two = (trial.path for trial in look(sweep).ranking()[:2])
    shutil.rmtree(one)
    shutil.copytree(two, one)
    assert best(sweep) == two
    (trial,) = [trial for trial in look(sweep).trials if trial.path == one]
    assert (trial.status, trial.exit_code) == ("mismatched", 6)


def test_a_trial_with_the_figures_of_fewer_epochs_is_named(sweep):
    path = best(sweep)
    metrics = path / "metrics.jsonl"
    metrics.write_text(metrics.read_text().splitlines(keepends=True)[0])
    (trial,) = [trial for trial in look(sweep).trials if trial.path == path]
    assert "has figures up to epoch 1, of 2 epochs" in trial.reason


def test_a_sweep_of_an_earlier_version_is_read_and_then_knows_its_specs(sweep):
    (sweep / "specs.json").unlink()
    assert {trial.status for trial in look(sweep).trials} == {"finished"}
    command(*SWEEP)
    assert (sweep / "specs.json").is_file()


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "{"])
def test_specs_that_are_none_are_refused(text, sweep):
    (sweep / "specs.json").write_text(text)
    assert command("show", sweep).exit_code == 6
