"""A table of one's own through the commands: trained, judged, resumed, repeated and swept, with `auto` in its spec."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SPEC = """\
data: {source: csv, path: table.csv, target: kind, validation: 0.2}
architecture:
  - {input_dim: auto, output_dim: 6, activation: relu}
  - {input_dim: 6, output_dim: auto, activation: softmax}
epochs: 4
batch_size: 8
eta: 0.1
track: [validation, test]
"""
ROWS = [
    (f"{i % 17 + 5 * (i % 3)}", "uvw"[i * i % 3], "" if i % 11 == 3 else f"{i % 7}.5", "pqr"[i % 3])
    for i in range(90)
]


def write(path: Path, rows: list[tuple[str, ...]], header: str = "a,b,c,kind") -> None:
    path.write_text("\n".join([header, *map(",".join, rows)]) + "\n")


@pytest.fixture
def trained(nncli, tmp_path) -> Path:
    write(tmp_path / "table.csv", ROWS)
    (tmp_path / "spec.yaml").write_text(SPEC)
    result = nncli("train", "spec.yaml", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    return Path(result.stdout.strip())


def last(run: Path) -> dict:
    return json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])


def test_eval_says_what_training_recorded(nncli, trained):
    for split in ("validation", "test"):
        for more in ((), ("--spec", "spec.yaml")):  # the second one still says auto
            result = nncli("eval", trained, "--split", split, "--json", *more)
            assert result.exit_code == 0, result.stderr
            judged = json.loads(result.stdout)
            assert judged["loss"] == last(trained)[f"{split}_loss"]
            assert judged["accuracy"] == last(trained)[f"{split}_accuracy"]
            assert judged["classes"] == ["p", "q", "r"]


def test_the_run_holds_numbers_where_the_spec_says_auto(trained):
    written = (trained / "spec.yaml").read_text()
    assert "auto" not in written.split("initializer")[0]
    assert "{input_dim: 6, output_dim: 3, activation: softmax}" in written


def test_eval_applies_what_was_fitted_not_what_the_new_rows_suggest(nncli, trained, tmp_path):
    """The same test rows beside other training rows: an encoding fitted anew would give other figures."""
    test = [("3", "u", "2.5", "p"), ("20", "v", "", "q"), ("11", "never", "4.5", "r")]
    figures = []
    for name, factor in (("one", 1), ("ten", 10)):
        write(tmp_path / f"{name}.csv", [(str(factor * int(a)), *rest) for a, *rest in ROWS])
        write(tmp_path / "rows.csv", test)
        text = SPEC.replace("table.csv", f"{name}.csv").replace("0.2}", "0.2, test: rows.csv}")
        (tmp_path / "other.yaml").write_text(text)
        result = nncli("eval", trained, "--spec", "other.yaml", "--split", "test", "--json")
        assert result.exit_code == 0, result.stderr
        figures.append(json.loads(result.stdout)["loss"])
    assert figures[0] == figures[1]


def test_a_run_is_repeated_and_resumed_to_the_same_bytes(nncli, trained):
    assert nncli("repeat", trained, "--quiet").exit_code == 0
    assert nncli("resume", trained, "--epochs", "6", "--quiet").exit_code == 0
    result = nncli("train", "spec.yaml", "--set", "epochs=6", "--quiet")
    assert result.exit_code == 0
    straight = Path(result.stdout.strip())
    assert (straight / "weights.npz").read_bytes() == (trained / "weights.npz").read_bytes()


def test_a_sweep_shares_the_table(nncli, trained):
    grid = "sweep={eta: [0.01, 0.1], seed: [0, 1]}"
    result = nncli("sweep", "spec.yaml", "--set", grid, "--workers", "1", "--json", "-q")
    assert result.exit_code == 0, result.stderr
    trials = json.loads(result.stdout)["trials"]
    assert [trial["status"] for trial in trials] == ["finished"] * 4
    same = next(trial for trial in trials if trial["point"] == {"eta": 0.1, "seed": 0})
    assert same["figures"]["test_loss"] == last(trained)["test_loss"]


@pytest.mark.parametrize("command", ["check", "gradcheck"])
def test_auto_is_known_to_who_does_not_train(nncli, trained, command):
    result = nncli(command, "spec.yaml")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("kind,", "knd,", 2, "error: spec.yaml:1:38: data.target: there is no column `knd`. Did you mean `kind`? "
         "There are a, b, c, kind"),
        ("table.csv", "gone.csv", 2, "error: spec.yaml:1:21: data.path: there is no file or folder "),
        ("kind,", "kind, drop: [c, d],", 2, "error: spec.yaml:1:52: data.drop: there is no column `d`. "
         "There are a, b, c, kind"),
        ("output_dim: auto", "output_dim: 4", 2, "error: spec.yaml:4:20: architecture[1].output_dim: is 4, "
         "but the data has 3 classes (p, q, r). Set it to 3."),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_table_is_said_with_its_place(nncli, trained, old, new, code, said):
    Path("spec.yaml").write_text(SPEC.replace(old, new))
    result = nncli("train", "spec.yaml")
    assert result.exit_code == code
    assert result.stdout == ""
    (line,) = result.stderr.strip().split("\n")
    assert line.startswith(said)


def test_other_data_than_a_table_is_refused(nncli, trained):
    text = SPEC.replace("{source: csv, path: table.csv, target: kind, validation: 0.2}", "moons")
    text = text.replace("input_dim: auto", "input_dim: 6").replace("[validation, test]", "[]")
    Path("moons.yaml").write_text(text.replace("output_dim: auto", "output_dim: 3"))
    result = nncli("eval", trained, "--spec", "moons.yaml")
    assert result.exit_code in (2, 6)
    assert len(result.stderr.strip().split("\n")) == 1


def test_a_column_that_says_nothing_is_named(nncli, trained):
    write(Path("table.csv"), [(*row, "x") for row in ROWS], "a,b,c,kind,flat")
    result = nncli("train", "spec.yaml", "-q")
    assert result.exit_code == 0
    result = nncli("check", "spec.yaml")
    assert "column `flat` is left out: it holds the same in every training row" in result.stderr
