"""`nncli plot` and `train --plots`: which files, which words, which refusals."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

DRAWN = ("curves", "confusion", "boundary")
"""What applies to moons."""


def plotted(result) -> list[Path]:
    assert result.exit_code == 0, result.stderr
    return [Path(line) for line in result.stdout.splitlines()]


def test_pictures_go_into_the_run_and_are_said(nncli, run_path):
    result = nncli("plot", run_path)
    assert plotted(result) == [run_path / "plots" / f"{name}.png" for name in DRAWN]
    for path in plotted(result):
        assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert {path.name for path in (run_path / "plots").iterdir()} == {f"{n}.png" for n in DRAWN}
    assert "mistakes: not drawn: the samples are no images" in result.stderr
    quiet = nncli("plot", run_path, "--quiet")
    assert (quiet.stdout, quiet.stderr) == (result.stdout, "")


def test_nothing_named_takes_the_newest_finished_run(nncli, run_path):
    result = nncli("plot", "--only", "curves")
    assert plotted(result) == [run_path / "plots/curves.png"]
    assert str(run_path) in result.stderr


def test_only_out_and_format(nncli, run_path):
    words = ("--only", "boundary, curves", "--out", "here/it is", "--format", "svg")
    paths = plotted(nncli("plot", run_path, *words))
    assert paths == [Path("here/it is/boundary.svg"), Path("here/it is/curves.svg")]
    for path in paths:
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert not (run_path / "plots").exists()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_run_gives_the_same_bytes(nncli, run_path, kind):
    again = Path(nncli("train", "spec.yaml", "-q").stdout.strip())
    pictures = [
        [path.read_bytes() for path in plotted(nncli("plot", run, "--format", kind, "--out", out))]
        for run, out in ((run_path, "a"), (run_path, "b"), (again, "c"))
    ]
    assert pictures[0] == pictures[1]
    assert pictures[0] == pictures[2], "the same spec trained twice"


def test_several_runs_and_a_sweep(nncli, run_path):
    other = nncli("train", "spec.yaml", "-q", "--set", "eta=0.1").stdout.strip()
    assert plotted(nncli("plot", run_path, other)) == [Path("curves.png")]
    sweep = Path(nncli("sweep", "spec.yaml", "-q").stdout.strip())
    names = ("sweep", "curves")
    assert plotted(nncli("plot", sweep)) == [sweep / f"plots/{name}.png" for name in names]
    trial = next((sweep / "trials").iterdir())
    assert plotted(nncli("plot", trial))[0] == trial / "plots/curves.png"


def test_a_run_without_records(nncli, run_path):
    (run_path / "metrics.jsonl").unlink()
    result = nncli("plot", run_path)
    assert [path.stem for path in plotted(result)] == ["confusion", "boundary"]
    assert "curves: not drawn: there are no records yet" in result.stderr
    (run_path / "weights.npz").unlink()
    result = nncli("plot", run_path)
    assert (result.exit_code, result.stdout) == (2, "")
    result = nncli("plot", run_path, run_path / "../../nowhere")
    assert result.exit_code == 2


def test_a_damaged_run_leaves_no_pictures(nncli, run_path):
    (run_path / "weights.npz").write_bytes(b"")
    result = nncli("plot", run_path)
    assert (result.exit_code, result.stdout) == (6, "")
    assert not (run_path / "plots").exists()
    assert nncli("plot", run_path, "--only", "curves").exit_code == 0


def test_refusals(nncli, run_path):
    def refused(message: str, *words: object) -> None:
        result = nncli("plot", *words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        assert message in result.stderr

    refused("Did you mean `confusion`?", run_path, "--only", "curves,confusoin")
    refused("there are curves, confusion, mistakes", run_path, "--only", "")
    refused("weights: not drawn: the samples are no images", run_path, "--only", "weights")
    refused("the data has only train, test", run_path, "--split", "validation")
    refused("nowhere: no such run", "nowhere")
    other = nncli("train", "spec.yaml", "-q").stdout.strip()
    refused("it shows one run at a time", run_path, other, "--only", "confusion")


def test_without_matplotlib(nncli, run_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for words in (("plot", run_path), ("train", "spec.yaml", "--plots")):
        result = nncli(*words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "error: pictures need matplotlib: pip install 'nncli[plots]'\n"
    assert len(list(Path("runs").iterdir())) == 1, "refused before it was trained"


def test_train_draws_at_the_end(nncli):
    result = nncli("train", "spec.yaml", "--plots", "--json")
    value = json.loads(result.stdout)
    assert value["plots"] == [str(Path(value["run"]) / f"plots/{name}.png") for name in DRAWN]
    assert all(Path(path).is_file() for path in value["plots"])
    result = nncli("train", "spec.yaml", "--plots", "--quiet")
    run = Path(result.stdout.strip())
    assert (run / "plots/boundary.png").is_file()
    stdout = nncli("train", "spec.yaml", "--plots").stdout
    assert [line.rpartition("/")[2] for line in stdout.splitlines()[-3:]] == [
        f"{name}.png" for name in DRAWN
    ]


def test_matplotlib_is_imported_only_where_it_is_used(nncli, run_path):
    import subprocess

    code = "import sys; from nncli.cli.app import app; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
