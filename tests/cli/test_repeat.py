"""`nncli repeat`: the same bytes again, or what differs."""

import json
from pathlib import Path

from dying import cut_short, refused
from support import same_bytes

from nncli import machine
from nncli.runs import archive


def test_repeat_finds_the_same_bytes(nncli, run_path):
    result = nncli("repeat", run_path, "--json", "-q")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["same"] is True
    same_bytes(run_path, Path(found["repeat"]))


def test_a_repeat_is_beside_its_run_also_from_inside(nncli, run_path, monkeypatch):
    monkeypatch.chdir(run_path)
    result = nncli("repeat", ".", "--json", "-q")
    assert result.exit_code == 0, result.output
    assert Path(json.loads(result.stdout)["repeat"]).parent.samefile("..")
    assert not [path for path in Path().iterdir() if path.is_dir()]


def test_repeat_names_what_differs(nncli, run_path, monkeypatch):
    monkeypatch.setattr(machine, "describe", lambda: changed)
    changed = json.loads((run_path / "run.json").read_text()) | {"numpy": "1.0"}
    changed = {
        key: changed[key]
        for key in ("host", "pid", "platform", "cpu", "cores", "python", "numpy", "blas")
    }
    arrays = archive.unpack((run_path / "weights.npz").read_bytes(), run_path)
    w = arrays["W1"].copy()
    w[0, 0] += 0.5
    (run_path / "weights.npz").write_bytes(archive.pack(arrays | {"W1": w}))
    lines = (run_path / "metrics.jsonl").read_text().splitlines()
    record = json.loads(lines[1]) | {"test_loss": 0.5}
    (run_path / "metrics.jsonl").write_text(f"{lines[0]}\n{json.dumps(record)}\n{lines[2]}\n")
    result = nncli("repeat", run_path, "-q")
    assert result.exit_code == 7
    assert "metrics.jsonl:2: test_loss was 0.5, is 0." in result.stdout
    assert "weights.npz: 1 of 16 numbers of W1 differ, by 0.5 at most" in result.stdout
    assert "numpy was" in result.stderr
    assert "is 1.0" in result.stderr


def test_repeat_of_a_diverged_run_diverges_to_the_same_bytes(nncli):
    words = ("--set", "eta=1e30", "--set", "architecture[0].activation=identity")
    assert nncli("train", "spec.yaml", "-q", *words).exit_code == 3
    (run,) = Path("runs").iterdir()
    result = nncli("repeat", run, "-q")
    assert result.exit_code == 0, result.output
    assert "the same bytes" in result.stdout


def test_repeat_of_a_run_that_has_not_ended_is_refused(nncli, monkeypatch):
    run = cut_short(nncli, monkeypatch, 15)
    refused(nncli, 2, "Go on with it first: nncli resume", "repeat", run)
