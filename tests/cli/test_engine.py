"""`engine: numba` from the command line: said, recorded, part of a run, refused where its package is missing."""

import json
from typing import get_args

import pytest
from support import bytes_of, same_bytes

from nncli.spec.model import Spec
from nncli.training import engines

NUMBA = ("--set", "engine=numba")
REMEDY = "engine: is numba, which is not installed: pip install 'nncli[fast]'"


@pytest.fixture
def without_numba(monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)


def test_a_spec_may_name_every_engine():
    assert set(get_args(Spec.model_fields["engine"].annotation)) == set(engines.ENGINES)


@pytest.mark.usefixtures("without_numba")
@pytest.mark.parametrize("command", ["train", "check", "sweep"])
def test_without_numba_it_is_refused_before_anything_is_made(nncli, command, tmp_path):
    result = nncli(command, "spec.yaml", *NUMBA)
    assert result.exit_code == 2
    assert result.stderr.strip().endswith(f"error: --set: {REMEDY}")
    assert not [path for path in tmp_path.glob("runs/**/*") if path.is_file()]


@pytest.mark.usefixtures("without_numba")
def test_without_numba_the_place_in_the_file_is_named(nncli, tmp_path):
    (tmp_path / "spec.yaml").write_text((tmp_path / "spec.yaml").read_text() + "engine: numba\n")
    result = nncli("train", "spec.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: spec.yaml:11:1: {REMEDY}\n"


@pytest.fixture
def numba():
    return pytest.importorskip("numba", reason="needs numba: pip install 'nncli[fast]'")


@pytest.fixture
def numba_run(nncli, numba, tmp_path):
    result = nncli("train", "spec.yaml", "--quiet", *NUMBA, "--run-dir", "fast")
    assert (result.exit_code, result.stderr) == (0, "")
    return tmp_path / "fast"


def test_the_engine_is_recorded(nncli, numba, numba_run, run_path):
    info = json.loads((numba_run / "run.json").read_text())
    assert info["engine"] == f"numba {numba.__version__}"
    assert info["spec"]["engine"] == "numba"
    assert "engine: numba" in (numba_run / "spec.yaml").read_text()
    assert json.loads((run_path / "run.json").read_text())["engine"] == "numpy"
    assert f"numba {numba.__version__}" in nncli("show", numba_run).stdout
    assert "numba" not in nncli("show", run_path).stdout


def test_the_same_spec_gives_the_same_bytes(nncli, numba_run):
    assert nncli("train", "spec.yaml", "-q", *NUMBA, "--run-dir", "again").exit_code == 0
    same_bytes(numba_run, numba_run.parent / "again")
    assert nncli("repeat", numba_run).exit_code == 0


def test_other_commands_need_no_numba(nncli, numba_run, monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    assert nncli("eval", numba_run).exit_code == 0
    assert nncli("show", numba_run).exit_code == 0


def test_a_run_goes_on_with_its_engine_or_not_at_all(nncli, numba_run, monkeypatch):
    assert nncli("resume", numba_run, "--epochs", 5).exit_code == 0
    straight = nncli(
        "train", "spec.yaml", "-q", *NUMBA, "--set", "epochs=5", "--run-dir", "straight"
    )
    assert straight.exit_code == 0
    same_bytes(numba_run, numba_run.parent / "straight")
    with monkeypatch.context() as patch:
        patch.setattr(engines, "find_spec", lambda name: None)
        result = nncli("resume", numba_run, "--epochs", 6)
    assert (result.exit_code, result.stderr) == (2, f"error: {REMEDY}\n")
    spec = numba_run / "spec.yaml"
    spec.write_text(spec.read_text().replace("engine: numba", "engine: numpy"))
    result = nncli("resume", numba_run, "--epochs", 6)
    assert result.exit_code == 2
    assert "engine" in result.stderr
    assert result.stderr.count("\n") == 1


def test_another_version_of_the_engine_is_told(nncli, numba_run):
    info = numba_run / "run.json"
    text = info.read_text()
    info.write_text(text.replace('"engine": "numba ', '"engine": "numba 0.0.'))
    assert info.read_text() != text
    result = nncli("resume", numba_run, "--epochs", 5)
    assert result.exit_code == 0
    assert "engine was numba 0.0." in result.stderr


def test_a_run_of_before_there_were_engines_goes_on(nncli, run_path):
    info = json.loads((run_path / "run.json").read_text())
    del info["engine"], info["spec"]["engine"]
    (run_path / "run.json").write_text(json.dumps(info))
    spec = run_path / "spec.yaml"
    spec.write_text(spec.read_text().replace("engine: numpy\n", ""))
    result = nncli("resume", run_path, "--epochs", 5)
    assert (result.exit_code, "engine" in result.stderr) == (0, False)


def test_a_sweep_trains_with_it_to_the_bytes_of_single_runs(nncli, numba_run, tmp_path):
    result = nncli("sweep", "spec.yaml", *NUMBA, "--workers", 1, "--set", "threads=1")
    assert result.exit_code == 0, result.output
    weights = {bytes_of(path) for path in tmp_path.glob("runs/*-sweep-*/trials/*/checkpoint.npz")}
    assert len(weights) == 2
    assert bytes_of(numba_run / "checkpoint.npz") in weights


def test_compiling_is_said_once(nncli, numba, monkeypatch):
    from nncli.training import step

    fresh = numba.njit(lambda x: x)
    monkeypatch.setattr(step, "rehearse", lambda spec: (fresh(1), fresh(1.0)))
    monkeypatch.setattr("nncli.preparation.rehearse", step.rehearse)
    lines = nncli("check", "spec.yaml", *NUMBA).stderr.splitlines()
    assert [line for line in lines if "compiling" in line] == [
        "engine numba: compiling, which takes some seconds and is kept for the next time"
    ]
    assert "compiling" not in nncli("check", "spec.yaml", *NUMBA).stderr
