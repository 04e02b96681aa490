"""`best` means one thing: every command, picture and drawing of a sweep points to the setting with the best mean."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from every_command import speaks_of_sweeps

import nncli as package
from nncli.cli.app import COMMANDS
from nncli.report import sweeps
from nncli.report.swept import Swept
from nncli.sweep import reading
from nncli.sweep.reading import look

LUCKY, BEST = 0.1, 0.5
"""The eta of the best single seed, and that of the best mean."""
FIGURES = {
    "a lucky seed": {LUCKY: (0.91, 0.60, 0.60), BEST: (0.90, 0.90, 0.90)},
    "a tie": {LUCKY: (0.91, 0.89, 0.88), BEST: (0.90, 0.90, 0.90)},
}
MEANS = {"a lucky seed": "70.33%", "a tie": "89.33%"}
AT_BEST = "90.00% ± 0.00% over 3 seeds"
SWEEP = (
    *("sweep", "spec.yaml", "--set", "data.validation=20", "--workers", "1"),
    *("--grid", f"eta={LUCKY},{BEST}", "--grid", "seed=0,1,2"),
)


@pytest.fixture(scope="session")
def trained(tmp_path_factory) -> Path:
    """Holds the sweep once it has been trained."""
    return tmp_path_factory.mktemp("trained") / "runs"


@pytest.fixture(params=FIGURES)
def case(request) -> str:
    return request.param


@pytest.fixture
def sweep_path(nncli, trained, case) -> Path:
    """A sweep whose trials are real, with validation accuracies that are not."""
    if not trained.exists():
        result = nncli(*SWEEP, "-q", "--runs-dir", trained)
        assert result.exit_code == 0, result.output
    shutil.copytree(trained, "runs")
    (path,) = Path("runs").iterdir()
    for trial in look(path).trials:
        figure = FIGURES[case][trial.point["eta"]][trial.point["seed"]]
        metrics = trial.path / "metrics.jsonl"
        records = [json.loads(line) for line in metrics.read_text().splitlines()]
        told = [record | {"validation_accuracy": figure} for record in records]
        metrics.write_text("".join(json.dumps(record) + "\n" for record in told))
    assert nncli(*SWEEP, "-q").exit_code == 0
    return path


def best_line(path: Path) -> str:
    """What is said where one trial is wanted."""
    best = look(path).best
    return f"the best seed of the best setting of {path}, by validation accuracy: eta={BEST} seed={best.point['seed']}"


def says_best(nncli, path, case, *words):
    lines = nncli(*words).stdout.splitlines()
    assert f"best: eta={BEST}  validation accuracy {AT_BEST}" in lines
    (at,) = (n for n, line in enumerate(lines) if line.split()[1:2] == ["seeds"])
    first, second = lines[at + 1 : at + 3]
    assert (first.split()[0], first.split()[-1]) == (str(BEST), "best")
    assert (second.split()[0], MEANS[case] in second) == (str(LUCKY), True)
    assert second.endswith("tied") == (case == "a tie")
    tie = "tied with the best in validation accuracy, within one standard error of the difference: "
    assert (f"{tie}eta={LUCKY}" in lines) == (case == "a tie")


def takes_best(nncli, path, case, *words):
    result = nncli(*words)
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith(best_line(path))


def lists_best(nncli, path, case, *words):
    (line,) = (line for line in nncli("runs").stdout.splitlines() if path.name in line)
    assert line.endswith(f"validation accuracy {AT_BEST}  eta={BEST}")


def compares_best(nncli, path, case, *words):
    for limit in ("0", "1"):
        lines = nncli("compare", path, "--limit", limit).stdout.splitlines()
        (line,) = (line for line in lines if line.endswith("best of its sweep"))
        assert str(look(path).best.path) in line


def draws_best(nncli, path, case, *words):
    assert nncli("plot", path, "-q").exit_code == 0  # what is in the pictures: see below


def reports_best(nncli, path, case, *words):
    page = Path(nncli("report", path).stdout.strip()).read_text()
    rows = re.findall(r'<tr class="best">(.*?)</tr>', page)
    assert len(rows) == 1 + 3, "the best setting, and each of its trials"
    assert all(f">{BEST}<" in row for row in rows)
    assert f"eta={BEST}, 3 seeds" in page
    assert f"eta={LUCKY}, 3 seeds" not in page
    assert (">tied<" in page) == (case == "a tie")
    assert "of all trials" not in page


LOOKS = {
    "sweep": lambda *given: says_best(*given, *SWEEP),
    "show": lambda nncli, path, case: says_best(nncli, path, case, "show", path),
    "runs": lists_best,
    "eval": lambda nncli, path, case: takes_best(nncli, path, case, "eval", path),
    "predict": lambda nncli, path, case: takes_best(nncli, path, case, "predict", path, rows()),
    "export": lambda nncli, path, case: takes_best(
        nncli, path, case, "export", path, "--to", "python"
    ),
    "plot": draws_best,
    "report": reports_best,
    "compare": compares_best,
}
"""A command that looks at sweeps -> what it has to say of the best."""


def rows() -> Path:
    np.save("rows.npy", np.zeros((2, 2), np.float32))
    return Path("rows.npy")


def test_every_command_that_looks_at_sweeps_has_its_case():
    assert {name for name in COMMANDS if speaks_of_sweeps(name)} == {*LOOKS}


@pytest.mark.parametrize("name", LOOKS)
def test_every_command_means_the_same_by_best(nncli, sweep_path, case, name):
    LOOKS[name](nncli, sweep_path, case)


def test_python_and_json_mean_the_same_by_best(nncli, sweep_path, case):
    best = look(sweep_path).best
    assert package.load_run(sweep_path).path == best.path
    told = json.loads((sweep_path / "sweep.json").read_text())
    assert (told["best"], told["trials"][0]["id"], told["settings"][0]["point"]["eta"]) == (
        best.id,
        best.id,
        BEST,
    )
    assert len(told["tied"]) == (case == "a tie")
    short = reading.in_short(look(sweep_path))
    assert (short["best"]["point"]["eta"], short["setting"]["point"]) == (BEST, {"eta": BEST})


@pytest.mark.parametrize("name", sweeps.PICTURES)
def test_every_picture_marks_the_same_best(sweep_path, case, name):
    swept = Swept(sweep_path)
    figure = sweeps.PICTURES[name](swept)
    marks = [line for axes in figure.axes for line in axes.lines if line.get_gid() == "best"]
    (x,), (y,) = marks[0].get_data()
    assert (len(marks), y) == (1, pytest.approx(0.9))
    assert x == (BEST if name == "sweep" else 3)
    words = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    (said,) = (word for word in words if word.startswith("best: "))
    level = ", tied with 1 other" if case == "a tie" else ""
    assert said.partition("; ")[0] == f"best: {AT_BEST} at eta={BEST}{level}"
    assert said.endswith("ringed: its best seed, 90.00%") == (name == "curves")


def test_the_line_through_the_best_goes_through_the_ring(tmp_path):
    """Two keys beside seeds: the best at each value is the setting that ranks first there, not the luckiest."""
    from listed import Told, write_sweep

    figures = {
        (0.1, 10): (0.9, 0.8),
        (0.1, 20): (0.99, None),
        (0.5, 10): (0.7, 0.6),
        (0.5, 20): (0.7, 0.7),
    }
    told = [
        Told({"eta": eta, "batch_size": size, "epochs": eta * 10, "seed": seed}, value,
             "finished" if value else "diverged")
        for (eta, size), values in figures.items()
        for seed, value in enumerate(values)
    ]  # fmt: skip
    figure = sweeps.draw(Swept(write_sweep(tmp_path, told)))
    axes = figure.axes[0]
    drawn = {line.get_gid(): line.get_data() for line in axes.lines}
    np.testing.assert_allclose(drawn["line"], [(0.1, 0.5), (0.85, 0.7)])
    np.testing.assert_allclose(drawn["best"], [[0.1], [0.85]])
