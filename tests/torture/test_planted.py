"""Runs and sweeps as a stranger may send them: whatever lies in the place of a file, nothing outside is touched.

Each command is given each; the tables of commands and of files are the program's own.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from planted_links import PLANTED, kind_of, look, not_waiting, victim_in
from support import SPEC, same_bytes
from trials import command, commands

from nncli.data.sources import load
from nncli.errors import DamagedError
from nncli.runs import lock, rundir
from nncli.runs.documents import MOST_BYTES, SWEEP, SWEEP_SPEC
from nncli.sweep import running
from nncli.sweep.running import Watching
from nncli.sweep.sharing import Offer
from nncli.sweep.study import TRIALS, Study, plan

WORDS: dict[str, list[str]] = {
    "compare": ["compare", "run", "calm"],
    "eval": ["eval", "run"],
    "export": ["export", "run", "--to", "python"],
    "plot": ["plot", "run"],
    "predict": ["predict", "run", "rows.csv"],
    "repeat": ["repeat", "run"],
    "report": ["report", "run"],
    "resume": ["resume", "run"],
    "show": ["show", "run"],
}
"""Every command that takes a run."""


def test_every_command_that_takes_a_run_is_tried():
    takes = lambda parameter: parameter.param_type_name == "argument" and "RUN" in parameter.metavar  # noqa: E731
    assert set(WORDS) == {name for name, each in commands().items() if any(map(takes, each.params))}


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """A run, and rows to predict."""
    folder = tmp_path_factory.mktemp("calm")
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "rows.csv").write_text("x,y\n1,2\n")
    words = ["train", folder / "spec.yaml", "--run-dir", folder / "calm", "-q"]
    assert command(*words).exit_code == 0
    return folder


@pytest.fixture
def victim(calm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(calm, tmp_path, dirs_exist_ok=True)
    shutil.copytree("calm", "run")
    with victim_in(tmp_path) as folder, not_waiting():
        yield folder


def plant(what: str, path: Path, victim: Path) -> None:
    """Put it there, whatever was there before."""
    path.unlink(missing_ok=True)
    PLANTED[what](path, victim)


def refused(*words: object) -> str:
    """What a command says that ends with exit code 6, in one line."""
    result = command(*words)
    assert result.exit_code == 6, result.output
    assert result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def test_every_file_of_a_run_is_planted(calm):
    names = {path.name for path in (calm / "calm").iterdir()}
    assert names | {rundir.AVERAGE} == {
        *rundir.FILES,
        lock.LOCK,
    }  # an average only where a spec asks


@pytest.mark.parametrize("name", [*rundir.FILES])
def test_a_link_in_the_place_of_a_file_is_refused_by_every_command(victim, name):
    place = Path("run", name)
    plant("a link", place, victim)
    for words in WORDS.values():
        assert refused(*words) == f"error: {place}: is a link, not a file\n"
    assert place.is_symlink()


@pytest.mark.parametrize("what", PLANTED)
def test_whatever_lies_there_is_refused(victim, what):
    for name in rundir.FILES:
        shutil.rmtree("run")
        shutil.copytree("calm", "run")
        plant(what, place := Path("run", name), victim)
        before = look(place)
        assert refused("show", "run") == f"error: {place}: is {kind_of(what)}, not a file\n"
        assert look(place) == before


@pytest.mark.parametrize("what", PLANTED)
def test_the_lock_of_a_run_is_a_file(victim, what):
    plant(what, Path("run", lock.LOCK), victim)
    assert f".lock: is {kind_of(what)}, not a file" in refused("resume", "run")


@pytest.mark.parametrize("what", PLANTED)
def test_leftovers_of_a_killed_writer_go_themselves(victim, what):
    Path("run/summary.json").unlink()
    plant(what, place := Path(f"run/.run.json.{os.getpid()}.tmp"), victim)
    assert command("resume", "run", "-q").exit_code == 0
    assert os.path.lexists(place) == (what == "a folder")
    same_bytes(Path("run"), Path("calm"))


@pytest.mark.parametrize("what", ["a link", "a link to a folder", "a link to nothing", "a pipe"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("report.html", ["report", "run"]),
        ("plots", ["plot", "run", "--only", "curves"]),
        ("plots/curves.png", ["plot", "run", "--only", "curves"]),
        ("tensorboard", ["resume", "run", "--epochs", "4", "--tensorboard", "-q"]),
    ],
)
def test_what_is_written_into_a_run_by_default_goes_nowhere_else(victim, name, words, what):
    place = Path("run", name)
    place.parent.mkdir(exist_ok=True)
    plant(what, place, victim)
    assert f"{place}: is {kind_of(what)}, not a f" in refused(*words)


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("name", [rundir.RUN, rundir.SUMMARY])
def test_a_list_of_runs_names_what_it_cannot_read(victim, name, what):
    Path("runs").mkdir()
    shutil.move("run", "runs/bad")
    shutil.copytree("calm", "runs/good")
    plant(what, Path("runs/bad", name), victim)
    result = command("runs")
    assert result.exit_code == 0
    assert result.stderr == "warning: runs/bad: cannot be read as a run; `nncli show` says why\n"
    assert "good" in result.stdout
    assert "bad" not in result.stdout
    result = command("eval")  # the newest finished run
    assert (result.exit_code, "runs/good" in result.stderr) == (0, True), result.output


def test_a_run_may_be_reached_through_links(victim):
    shutil.move("run", "other-disk")
    Path("runs").mkdir()
    Path("runs/latest").symlink_to("../other-disk", target_is_directory=True)
    Path("best.npz").symlink_to("other-disk/weights.npz")
    for words in (
        ["eval", "runs/latest"],
        ["resume", "runs/latest"],
        ["predict", "best.npz", "rows.csv"],
    ):
        assert command(*words).exit_code == 0
    assert "latest" in command("runs").stdout


# Sweeps ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole_sweep(tmp_path_factory):
    """A sweep of one trial."""
    folder = tmp_path_factory.mktemp("sweep")
    spec = folder / "spec.yaml"
    spec.write_text(SPEC.replace("[0.001, 0.5]", "[0.5]"))
    (trial,) = go_on(spec, folder / "runs").trials
    assert trial.status == "finished"
    return folder


class Here:
    """Does the jobs of a sweep in this process."""

    slots = 1

    def run(self, jobs, stop, refresh):
        for identity, call, arguments in jobs:
            yield identity, call(*arguments)


def go_on(spec: Path, runs: Path) -> Study:
    """What `nncli sweep` does, without its processes."""
    study = plan(spec, [], [{"eta": 0.5}], runs)
    quiet = Watching(stop=lambda: False, tick=lambda study: None, ended=lambda trial: None)
    data = Offer(study.trials[0].spec, load(study.trials[0].spec.data))
    return running.run(study, b"", workers=Here(), data=data, watching=quiet)


@pytest.fixture
def swept(whole_sweep, tmp_path, monkeypatch):
    """Its folder, and that of its trial, which is left to be gone on with; the victim is theirs."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(whole_sweep, tmp_path, dirs_exist_ok=True)
    (sweep,) = Path("runs").iterdir()
    (trial,) = (sweep / TRIALS).iterdir()
    (trial / rundir.SUMMARY).unlink()
    run = rundir.open_run(trial)
    rundir.write_json(trial / rundir.RUN, run | {"status": "interrupted"})
    with victim_in(tmp_path) as folder, not_waiting():
        yield sweep, trial, folder


@pytest.mark.parametrize("what", PLANTED)
def test_of_shared_data_only_the_sweeps_own_are_removed(swept, what):
    sweep, trial, victim = swept
    PLANTED[what](sweep / ".data-0", victim)
    (sweep / ".data-1").mkdir()
    if what != "a folder":
        PLANTED[what](sweep / ".data-1/train.x.npy", victim)
    PLANTED[what](trial / ".run.json.1.tmp", victim)
    go_on(Path("spec.yaml"), Path("runs"))
    assert (trial / rundir.SUMMARY).is_file()
    assert not [*sweep.glob(".data-*")]


@pytest.mark.parametrize("what", PLANTED)
@pytest.mark.parametrize("name", [SWEEP, SWEEP_SPEC, lock.LOCK, TRIALS, "trial"])
def test_what_is_no_part_of_a_sweep_is_refused(swept, name, what):
    sweep, trial, victim = swept
    place, wanted = sweep / name, "a file"
    if name in (TRIALS, "trial"):
        place, wanted = trial if name == "trial" else place, "a folder"
        shutil.move(place, sweep / "aside")
    if kind_of(what) == wanted:
        return
    plant(what, place, victim)
    said = f"{place}: is {kind_of(what)}, not {wanted}"
    with pytest.raises(DamagedError, match=re.escape(said)):
        go_on(Path("spec.yaml"), Path("runs"))
    if wanted == "a folder":
        for words in (["show", sweep], ["report", sweep], ["predict", sweep, "rows.csv"]):
            assert refused(*words) == f"error: {said}\n"


@pytest.mark.parametrize("what", ["a link", "a pipe"])
@pytest.mark.parametrize("name", [*rundir.FILES[1:], lock.LOCK])
def test_a_trial_that_cannot_be_gone_on_with_is_set_aside_or_failed(swept, name, what):
    sweep, trial, victim = swept
    plant(what, trial / name, victim)
    (trained,) = go_on(Path("spec.yaml"), Path("runs")).trials
    if name == lock.LOCK:
        assert (trained.status, trained.exit_code) == ("failed", 6)
    else:
        assert trained.status == "finished"
        assert os.path.lexists(sweep / TRIALS / f"{trial.name}.stale-1" / name)


# Sizes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [rundir.RUN, rundir.SUMMARY, rundir.METRICS])
def test_a_document_that_is_larger_than_any_is_refused(victim, name):
    if name == rundir.METRICS:
        Path("run", rundir.SUMMARY).unlink()
    os.truncate(Path("run", name), MOST_BYTES[name] + 1)  # a hole: it takes no room
    for words in (["show", "run"], ["resume", "run"]):
        assert f"run/{name}: has " in (said := refused(*words))
        assert "that are read of such a file" in said
