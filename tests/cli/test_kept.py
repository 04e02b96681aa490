"""Every command shows the figures of what weights.npz holds: a run whose best epoch is not its last, walked through all
the commands that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nncli import api
from nncli.cli.app import COMMANDS, app
from nncli.report import plots
from nncli.report.curves import draw
from nncli.report.subject import Subject
from nncli.words import figure

SPEC = """\
seed: 0
data: {source: moons, samples: 400, noise: 0.35, test: 0.25, validation: 0.25}
architecture:
  - {input_dim: 2, output_dim: 8, activation: tanh}
  - {input_dim: 8, output_dim: 2, activation: softmax}
epochs: 9
batch_size: 10
eta: 2.0
keep: best
track: [train, validation, test]
average: {every: 3}
"""
SPLITS = ("train", "validation", "test")


class Trained(NamedTuple):
    """A run, the record of what it kept, and its last one."""

    path: Path
    kept: dict[str, Any]
    last: dict[str, Any]
    printed: str
    """What `nncli train` said of it."""


@pytest.fixture
def run(nncli) -> Trained:
    Path("spec.yaml").write_text(SPEC)
    result = nncli("train", "spec.yaml")
    assert result.exit_code == 0, result.output
    (path,) = Path("runs").iterdir()
    records = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    epoch = json.loads((path / "run.json").read_text())["weights_epoch"]
    kept, last = (next(r for r in records if r["epoch"] == at) for at in (epoch, 9))
    assert epoch < 9
    assert not set(shown(kept)) & set(shown(last)), "each figure tells the two apart"
    return Trained(path, kept, last, result.stdout)


def names(splits=SPLITS) -> list[str]:
    return [f"{split}_{name}" for split in splits for name in ("loss", "accuracy")]


def shown(record: dict[str, Any], splits=SPLITS) -> list[str]:
    """The figures of a record as they are printed."""
    return [figure(key, record[key]) for key in names(splits)]


def check_text(text: str, run: Trained, keys: list[str]) -> None:
    """The kept figures stand there, and the last epoch's nowhere under a name that does not say so."""
    plain = [
        line
        for line in text.splitlines()
        if "not kept" not in line and not line.startswith(("final.", "average "))
    ]
    words = re.findall(r"[\d.]+%?", "\n".join(plain))
    for key in keys:
        assert figure(key, run.kept[key]) in words, key
        assert figure(key, run.last[key]) not in words, key


def check_json(value: dict[str, Any], run: Trained) -> None:
    """`kept` comes first, then `final`."""
    assert [key for key in value if key in ("kept", "final")] == ["kept", "final"]
    assert {key: value["kept"][key] for key in names()} == {key: run.kept[key] for key in names()}
    assert value["kept"]["epoch"] == run.kept["epoch"]
    assert value["final"]["test_loss"] == run.last["test_loss"]
    assert value["kept"]["average_test_loss"] == run.last["average_test_loss"], (
        "that of average.npz"
    )


def train(nncli, run: Trained) -> None:
    check_text(run.printed, run, names())
    title = f"epoch {run.kept['epoch']}, the best by validation accuracy: kept in weights.npz"
    assert title in run.printed.splitlines()
    again = json.loads(nncli("train", "spec.yaml", "--json").stdout)
    check_json(again, run)


def resume(nncli, run: Trained) -> None:
    result = nncli("resume", run.path)  # there is nothing left to do
    assert result.stdout == run.printed
    check_json(json.loads(nncli("resume", run.path, "--json").stdout), run)


def evaluate(nncli, run: Trained) -> None:
    for split in SPLITS:
        value = json.loads(nncli("eval", run.path, "--split", split, "--json").stdout)
        assert (value["loss"], value["accuracy"]) == tuple(run.kept[key] for key in names([split]))
        assert value["epoch"] == run.kept["epoch"]
        check_text(nncli("eval", run.path, "--split", split).stdout, run, names([split]))


def show(nncli, run: Trained) -> None:
    text = nncli("show", run.path).stdout
    records, figures = text.split("\n\n")[-2:]
    check_text(figures, run, names())
    (marked,) = (line for line in records.splitlines() if line.endswith("kept"))
    assert marked.split()[0] == str(run.kept["epoch"])
    check_json(json.loads(nncli("show", run.path, "--json").stdout), run)


def runs(nncli, run: Trained) -> None:
    check_text(nncli("runs").stdout, run, ["test_accuracy"])
    assert f"{run.kept['epoch']} of 9" in nncli("runs").stdout
    for key in names():
        text = nncli("runs", "--sort", key).stdout
        check_text(text, run, [key])
        for name, record in ((key, run.kept), (f"final.{key}", run.last)):
            value = json.loads(nncli("runs", "--sort", name, "--json").stdout)["runs"][0]
            assert value[name] == record[key]
            assert run.path.name in nncli("runs", "--where", f"{name}={record[key]!r}").stdout
    best = json.loads((run.path / "summary.json").read_text())["best"]["test_accuracy"]["value"]
    value = json.loads(nncli("runs", "--sort", "best.test_accuracy", "--json").stdout)["runs"][0]
    assert value["best.test_accuracy"] == best
    check_json(value, run)


def compare(nncli, run: Trained) -> None:
    other = nncli("train", "spec.yaml", "-q", "--set", "keep=last").stdout.strip()
    told = json.loads(nncli("compare", run.path, other, "--json").stdout)["figures"]
    for key in names():
        assert told[key] == [run.kept[key], run.last[key]]
        assert told[f"final.{key}"] == [run.last[key]] * 2
    lines = nncli("compare", run.path, other).stdout.splitlines()
    for key in names():
        (line,) = (line for line in lines if line.startswith(key.replace("_", " ") + " "))
        better = min if key.endswith("loss") else max
        values = [run.kept[key], run.last[key]]
        stars = ["*" if value == better(values) else "" for value in values]
        expected = [figure(key, value) + star for value, star in zip(values, stars, strict=True)]
        assert line.split()[2:] == expected
    assert not any("*" in line for line in lines if line.startswith("final."))
    assert not any(line.startswith("best") for line in lines)


def sweep(nncli, run: Trained) -> None:
    one = ("--grid", "eta=2.0", "--workers", "1")
    check_text(nncli("sweep", "spec.yaml", *one).stdout, run, names())


def plot(nncli, run: Trained) -> None:
    drawn = draw([Subject(run.path)])
    for panel, axes in zip(("loss", "accuracy"), drawn.axes, strict=True):
        (ring,) = (line for line in axes.lines if line.get_gid() == "kept")
        assert set(ring.get_xdata()) == {run.kept["epoch"]}
        assert list(ring.get_ydata()) == [run.kept[f"{split}_{panel}"] for split in SPLITS]
    entries = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert f"kept: epoch {run.kept['epoch']}" in entries
    assert nncli("plot", run.path).exit_code == 0


def report(nncli, run: Trained) -> None:
    page = Path(nncli("report", run.path, "--split", "test").stdout.strip()).read_text()
    top, _, rest = page.partition('id="curves"')
    tiles = unescape(
        re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", "\n", top, flags=re.S)
    )
    check_text(tiles, run, names(["test"]))
    assert f"epoch {run.kept['epoch']}, the best by validation accuracy" in tiles
    curves = rest.partition("<section")[0]
    assert len(re.findall(r'<line [^>]*class="kept"', curves)) == 2, "for loss and accuracy"
    assert f"kept: epoch {run.kept['epoch']}" in unescape(re.sub(r"<[^>]+>", "", curves))


def repeat(nncli, run: Trained) -> None:
    assert "the same bytes" in nncli("repeat", run.path).stdout


SHOWS: dict[str, Callable[[Any, Trained], None]] = {
    "train": train,
    "resume": resume,
    "repeat": repeat,
    "eval": evaluate,
    "sweep": sweep,
    "plot": plot,
    "report": report,
    "runs": runs,
    "show": show,
    "compare": compare,
}
NO_FIGURES = {
    "predict": "answers of weights.npz, no figures",
    "export": "the network of weights.npz, no figures",
    "check": "nothing is trained",
    "gradcheck": "nothing is trained",
    "init": "nothing is trained",
    "schema": "nothing is trained",
    "data": "nothing is trained",
}


def test_no_command_is_left_out():
    groups = {group.name for group in app.registered_groups}
    assert {*COMMANDS, *groups} == {*SHOWS, *NO_FIGURES}


@pytest.mark.parametrize("command", SHOWS)
def test_a_command_shows_the_figures_of_what_was_kept(nncli, run, command):
    SHOWS[command](nncli, run)


@pytest.mark.parametrize("command", ["predict", "export"])
def test_what_answers_does_so_with_what_was_kept(nncli, run, command):
    """As the bare weights file does."""
    Path("rows.csv").write_text("x0,x1\n0.5,0.25\n-1,1\n")
    if command == "predict":
        first, second = (
            nncli(command, at, "rows.csv") for at in (run.path, run.path / "weights.npz")
        )
    else:
        first, second = (
            nncli(command, at, "--to", "safetensors", "--out", f"{n}.safetensors")
            for n, at in enumerate((run.path, run.path / "weights.npz"))
        )
        assert Path("0.safetensors").read_bytes() == Path("1.safetensors").read_bytes()
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_of_the_pictures_of_a_run_only_curves_show_records():
    """The others are drawn from weights.npz; a new one must be looked at."""
    assert set(plots.PLOTS) == {
        "curves",
        "confusion",
        "mistakes",
        "weights",
        "boundary",
        "predicted",
    }


def test_from_python(run):
    found = api.load_run(run.path)
    assert {key: found.kept[key] for key in names()} == {key: run.kept[key] for key in names()}
    assert found.summary["kept"] == found.kept
    assert found.evaluate("validation")["accuracy"] == found.kept["validation_accuracy"]


def test_a_run_of_an_earlier_version_shows_the_same(nncli, run):
    now = {command: nncli(command, run.path).stdout for command in ("show", "resume")}
    listed = nncli("runs").stdout
    summary = json.loads((run.path / "summary.json").read_text())
    del summary["kept"], summary["monitor"]
    (run.path / "summary.json").write_text(json.dumps(summary))
    assert nncli("runs").stdout == listed
    for command, text in now.items():
        older = text.replace(", the best by validation accuracy", ", the best")
        assert nncli(command, run.path).stdout == older


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_run_that_is_not_complete_shows_what_it_would_keep(nncli, run, interrupted):
    """Before its end there is no summary.json; where it was stopped there is a weights.npz."""
    (run.path / "summary.json").unlink()
    info = json.loads((run.path / "run.json").read_text())
    if interrupted:
        info["status"] = "interrupted"
    else:
        info |= {"status": "running", "pid": 2**22 + 1, "weights_epoch": None}
        (run.path / "weights.npz").unlink()
    (run.path / "run.json").write_text(json.dumps(info))
    figures = nncli("show", run.path).stdout.split("\n\n")[-1]
    check_text(figures, run, names())
    assert figures.splitlines()[0].endswith("kept in weights.npz" if interrupted else "so far")
    value = json.loads(nncli("eval", run.path, "--split", "test", "--json").stdout)
    assert value["loss"] == run.kept["test_loss"]
