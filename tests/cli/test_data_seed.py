"""`data.seed` draws the rows that are kept back; until format 3 of run.json the spec's `seed` did."""

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from support import same_bytes, spec_of

from nncli.data.sources import load
from nncli.runs import rundir
from nncli.spec.load import load_spec
from nncli.spec.sources import AnySource, drawn_splits
from nncli.sweep.planner import plan

TABLE = "a,b,y\n" + "".join(f"{i % 7},{i * i % 11},{'pq'[i % 2]}\n" for i in range(60))
SPEC = """\
seed: 3
data: {source: csv, path: t.csv, target: y, validation: 0.2}
architecture: [{input_dim: 2, output_dim: 2, activation: softmax}]
epochs: 2
batch_size: 8
eta: 0.1
track: [validation, test]
"""


@pytest.fixture
def table(nncli):
    Path("t.csv").write_text(TABLE)
    Path("t.yaml").write_text(SPEC)


def test_rows_of_every_split_are_the_same_for_every_seed_and_others_for_another_data_seed(table):
    def rows(*overrides: str) -> bytes:
        splits = load(load_spec(Path("t.yaml"), overrides).spec.data).splits
        return b"".join(split.x.tobytes() for split in splits.values())

    assert rows("seed=0") == rows("seed=1") == rows("data.seed=0") != rows("data.seed=1")


def test_a_sweep_over_seeds_has_equal_splits_and_is_one_stack(nncli, table):
    specs = [load_spec(Path("t.yaml"), [f"seed={seed}"]).spec for seed in range(3)]
    assert plan(specs, 1) == [[0, 1, 2]]
    assert nncli("sweep", "t.yaml", "--grid", "seed=0,1,2", "--workers", "1").exit_code == 0
    for trial in Path("runs").glob("*/trials/*"):
        alone = Path("alone") / trial.name
        seed = json.loads((trial / "run.json").read_text())["spec"]["seed"]
        words = ("--set", f"seed={seed}", "--set", "threads=1", "--run-dir", alone)
        assert nncli("train", "t.yaml", "-q", *words).exit_code == 0
        same_bytes(trial, alone)


def test_a_sweep_over_data_seeds_has_other_splits(nncli, table):
    result = nncli("sweep", "t.yaml", "--grid", "data.seed=0,1", "--json")
    first, other = (trial["figures"] for trial in json.loads(result.stdout)["trials"])
    assert first["test_loss"] != other["test_loss"]


@pytest.mark.parametrize("source", get_args(AnySource), ids=lambda model: model.__name__)
def test_every_source_that_divides_rows_has_a_seed_of_its_own(source):
    assert source.model_fields["seed"].default == 0
    assert "rows that are kept back" in source.model_fields["seed"].description
    assert "seed" in spec_of("2-2 softmax").model_dump()["data"]


def aged(run: Path) -> Path:
    """The run as a version before format 3 would have left it."""
    told = json.loads((run / "run.json").read_text())
    del told["spec"]["data"]["seed"]
    (run / "run.json").write_text(json.dumps(told | {"format": 2}))
    text = (run / "spec.yaml").read_text()
    assert text.count("  seed: 3\n") == 1
    (run / "spec.yaml").write_text(text.replace("  seed: 3\n", ""))
    return run


@pytest.fixture
def old_run(nncli, table):
    """A run of 2 epochs whose test rows the spec's seed 3 drew."""
    words = ("--set", "data.seed=3", "--run-dir", "runs/old")
    assert nncli("train", "t.yaml", "-q", *words).exit_code == 0
    return aged(Path("runs/old"))


def test_an_old_run_is_judged_on_the_rows_that_it_kept_back(nncli, old_run):
    found = json.loads(nncli("eval", old_run, "--json").stdout)
    assert found["loss"] == rundir.read_records(old_run)[-1]["test_loss"]


def test_an_old_run_is_repeated_and_gone_on_with_on_its_own_rows(nncli, old_run):
    assert nncli("repeat", old_run, "-q").exit_code == 0
    words = ("--set", "data.seed=3", "--set", "epochs=4", "--run-dir", "longer")
    assert nncli("train", "t.yaml", "-q", *words).exit_code == 0
    assert nncli("resume", old_run, "--epochs", "4", "-q").exit_code == 0
    same_bytes(old_run, Path("longer"))
    told = json.loads((old_run / "run.json").read_text())
    assert (told["format"], told["spec"]["data"]["seed"]) == (3, 3)


def test_an_old_spec_yaml_is_trained_on_its_own_rows_whatever_its_new_seed(nncli, old_run):
    words = ("--set", "seed=4", "--run-dir", "again")
    assert nncli("train", old_run / "spec.yaml", "-q", *words).exit_code == 0
    told = json.loads(Path("again/run.json").read_text())["spec"]
    assert (told["seed"], told["data"]["seed"]) == (4, 3)


def test_where_no_row_was_drawn_an_old_run_has_the_default(nncli, table):
    words = ("--set", "data.validation_from=last", "--set", "data.test_from=last")
    result = nncli("train", "t.yaml", "-q", *words, "--set", "data.seed=3", "--run-dir", "runs/a")
    assert result.exit_code == 0
    run = aged(Path("runs/a"))
    assert rundir.spec_of(rundir.open_run(run), run).data.seed == 0


@pytest.mark.parametrize("command", ["eval", "repeat", "resume", "show", "predict"])
def test_points_and_rows_of_two_seeds_are_not_read_as_of_one(nncli, command):
    """Points had a `data.seed` before, and rows drawn among them came from `seed`: no spec says so any more."""
    text = SPEC.replace("csv, path: t.csv, target: y", "moons, samples: 60, seed: 1")
    Path("m.yaml").write_text(text.replace("0.2}", "0.2, validation_from: random}"))
    run = Path("runs/moons")
    assert nncli("train", "m.yaml", "-q", "--run-dir", run).exit_code == 0
    told = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(told | {"format": 2}))
    np.save("x.npy", np.zeros((2, 2)))
    result = nncli(command, run, *(["x.npy"] if command == "predict" else []))
    if command in ("show", "predict"):
        assert result.exit_code == 0, result.output
    else:
        assert result.exit_code == 6
        assert "an earlier nncli drew its points by data.seed" in result.stderr
        assert result.stderr.count("\n") == 1


def test_check_and_data_show_say_what_draws_the_rows(nncli, table):
    said = "test and validation rows drawn by data.seed 5"
    words = ("--set", "data.seed=5")
    assert said in nncli("check", "t.yaml", *words).stdout
    assert said in nncli("data", "show", "t.yaml", *words).stdout
    assert json.loads(nncli("data", "show", "t.yaml", *words, "--json").stdout)["drawn"] == said
    last = (*words, "--set", "data.test_from=last", "--set", "data.validation=0")
    assert "drawn by" not in nncli("check", "t.yaml", *last).stdout
    assert "drawn by" not in nncli("data", "show", "t.yaml", *last).stdout


def test_a_path_is_no_share_and_draws_nothing():
    assert drawn_splits({"test": "other.csv", "test_from": None, "validation": 0.1}) == (
        "validation",
    )
    assert drawn_splits({"test": 0.1, "test_from": "last", "validation": 0}) == ()
