"""`nncli sweep`: what it goes over, from the spec and from the command line."""

import json
from pathlib import Path

import pytest

from nncli.errors import UsageError
from nncli.sweep.grid import read_grid


def trials(result) -> list[dict]:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)["trials"]


def points(result) -> list[dict]:
    found = [trial["point"] for trial in trials(result)]
    return sorted(found, key=lambda point: json.dumps(point, sort_keys=True))


def sweep_of(text: str) -> None:
    """The spec with another `sweep:`, whose first line is line 10."""
    lines = Path("spec.yaml").read_text().replace("sweep: {eta: [0.001, 0.5]}\n", "")
    Path("spec.yaml").write_text(f"{lines}{text}\n")


LAYERS = [
    {"input_dim": 2, "output_dim": 3, "activation": "tanh"},
    {"input_dim": 3, "output_dim": 2, "activation": "softmax"},
]


@pytest.mark.parametrize(
    ("words", "grid"),
    [
        (["eta=log:0.001:10:5"], {"eta": {"log": [0.001, 10], "steps": 5}}),
        (["eta= linear: 1e-3 :1:3"], {"eta": {"linear": [0.001, 1], "steps": 3}}),
        (["eta=log:1:10"], {"eta": {"log": [1, 10]}}),
        (["eta={log: [1, 10], steps: 3}"], {"eta": {"log": [1, 10], "steps": 3}}),
        (["eta=1", "eta=2,3"], {"eta": [1, 2, 3]}),
        (["schedule=linear"], {"schedule": ["linear"]}),
        (["architecture=" + json.dumps(LAYERS)], {"architecture": [LAYERS]}),
        (["architecture=" + json.dumps([LAYERS, LAYERS[:1]])], {"architecture": [LAYERS, LAYERS[:1]]}),
        (["architecture=" + json.dumps(LAYERS) + "," + json.dumps(LAYERS[:1])],
         {"architecture": [LAYERS, LAYERS[:1]]}),
        (["track=[train]"], {"track": [["train"]]}),
        (["track=[[train], [train, test]]"], {"track": [["train"], ["train", "test"]]}),
        (["optimizer={name: adam, beta1: 0.8},sgd"], {"optimizer": [{"name": "adam", "beta1": 0.8}, "sgd"]}),
    ],
)  # fmt: skip
def test_a_grid_on_the_command_line(words, grid):
    assert read_grid(words) == grid


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["eta=log:1"], "--grid eta: write a range as eta=log:0.001:10:9 (first, last, how many), or "
                        "eta=log:0.001:10 with --samples"),
        (["eta=linear:1:2:3:4"], "--grid eta: write a range as eta=linear:0.001:10:9"),
        (["eta=log:1:10:"], "--grid eta: has no values"),
        (["eta=log:1:10:3", "eta=4"], "--grid eta: has a range and more. Keep one of them."),
        (["eta=4", "eta=log:1:10:3"], "--grid eta: has a range and more. Keep one of them."),
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_read(words, said):
    with pytest.raises(UsageError) as refused:
        read_grid(words)
    assert str(refused.value).startswith(said)


def test_ranges_of_the_spec_and_of_the_command_line(nncli):
    sweep_of("sweep: {eta: {log: [0.01, 1], steps: 3}, batch_size: {linear: [10, 20], steps: 2}}")
    result = nncli("sweep", "spec.yaml", "--json")
    assert points(result) == [
        {"eta": eta, "batch_size": size} for size in (10, 20) for eta in (0.01, 0.1, 1)
    ]
    words = ["--grid", "eta=log:0.01:1:3", "--grid", "batch_size=linear:10:20:2"]
    result = nncli("sweep", "spec.yaml", *words)
    assert "6 trials, 0 to run" in result.stderr


def test_a_range_written_as_in_the_spec(nncli):
    result = nncli("sweep", "spec.yaml", "--grid", "eta={log: [0.1, 1], steps: 2}", "--json")
    assert points(result) == [{"eta": 0.1}, {"eta": 1.0}]


def test_samples_go_on_where_fewer_were_drawn(nncli):
    sweep_of("sweep: {eta: {log: [0.01, 1]}, optimizer: [sgd, adam], samples: 2}")
    first = points(nncli("sweep", "spec.yaml", "--json"))
    result = nncli("sweep", "spec.yaml", "--samples", "4", "--json")
    assert "4 trials, 2 to run" in result.stderr
    assert all(point in points(result) for point in first)
    words = ["--grid", "eta=log:0.01:1", "--grid", "optimizer=sgd,adam", "--samples", "4"]
    assert "4 trials, 0 to run" in nncli("sweep", "spec.yaml", *words).stderr


def test_what_was_listed_twice_is_merged_and_said(nncli):
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.1,0.1,1e-1,0.2")
    assert "2 points were listed twice\n2 trials, 2 to run" in result.stderr


def test_whole_architectures(nncli):
    wide = json.loads(json.dumps(LAYERS).replace("3", "5"))
    both = json.dumps([LAYERS, wide])
    result = nncli("sweep", "spec.yaml", "--grid", f"architecture={both}")
    assert result.exit_code == 0, result.output
    assert "2-3-2 tanh/softmax" in result.stdout
    assert "2-5-2 tanh/softmax" in result.stdout
    sweep_of(f"sweep: {{architecture: {both}}}")
    assert "2 trials, 0 to run" in nncli("sweep", "spec.yaml").stderr


def test_what_a_layer_puts_out_the_next_one_takes_in(nncli):
    result = nncli("sweep", "spec.yaml", "--grid", "architecture[0].output_dim=3,5", "--json")
    found = {}
    for trial in trials(result):
        run = Path(json.loads(result.stdout)["sweep"]) / trial["run"] / "run.json"
        layers = json.loads(run.read_text())["spec"]["architecture"]
        found[trial["point"]["architecture[0].output_dim"]] = [
            (layer["input_dim"], layer["output_dim"]) for layer in layers
        ]
    assert found == {3: [(2, 3), (3, 2)], 5: [(2, 5), (5, 2)]}


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ("sweep: {eta: [0.1, 1], seed: [0, 1, 0]}",
         "6 trials: eta (2), seed (3); 2 points were listed twice"),
        ("sweep: {eta: {log: [0.1, 1]}, samples: 40, halving: {rungs: [1, 3]}}",
         "40 trials: 40 samples of eta; compared at epochs 1, 3, 33% go on"),
        ("sweep: {eta: {log: [0.1, 1], steps: 2000000000}}",
         "2,000,000,000 trials: eta (2,000,000,000); `nncli sweep` asks for --max-trials 2000000000"),
    ],
)  # fmt: skip
def test_check_says_what_a_sweep_goes_over(nncli, sweep, said):
    sweep_of(sweep)
    result = nncli("check", "spec.yaml")
    assert result.exit_code == 0, result.output
    assert f"sweep     {said}\n" in result.stdout


def test_check_refuses_a_trial(nncli):
    sweep_of("sweep: {eta: [1, -1]}")
    result = nncli("check", "spec.yaml")
    assert result.exit_code == 2
    assert "spec.yaml:10:18: trial eta=-1: eta: is -1" in result.stderr


def test_how_long_it_takes_is_said_before_it_starts(nncli):
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.1,0.2")
    first, second, *_ = result.stderr.splitlines()
    assert first.startswith("2 trials, 2 to run, ")
    assert second.startswith("it takes about ")
    assert second.endswith(", by a few timed steps")
    result = nncli("sweep", "spec.yaml", "--grid", "eta=0.1,0.2,0.3", "--halving", "1,3")
    assert ", by what finished trials took" in result.stderr
    assert "it takes" not in nncli("sweep", "spec.yaml", "--grid", "eta=0.1").stderr
    words = ["--grid", "data.noise=0.1,0.2", "--set", "sweep.eta=[1]"]
    result = nncli("sweep", "spec.yaml", *words, "--fresh")
    assert "how long it takes will show as trials finish" in result.stderr
    assert nncli("sweep", "spec.yaml", "--grid", "eta=0.4", "-q").stderr == ""


@pytest.mark.parametrize(
    ("sweep", "words", "said"),
    [
        ("sweep: {eta: [1, -1]}", [],
         "spec.yaml:10:18: trial eta=-1: eta: is -1, must be a finite number above 0"),
        ("sweep:\n  seed: [1]\n  eta:\n    - 1\n    - 0.5\n    - no\n", [], "spec.yaml:15:7: sweep.eta[2]: is no"),
        ("sweep:\n  optimizer.name: [sgd]\n  eta:\n    - 1\n    - x\n", [],
         "spec.yaml:14:7: trial optimizer.name=sgd eta=x: eta: is 'x', must be a finite number"),
        ("sweep: {eta: {linear: [-1, 1], steps: 3}}", [], "spec.yaml:10:9: trial eta=-1.0: eta: is -1.0"),
        ("sweep: {optimizer.rho: [0.5]}", [], "trial optimizer.rho=0.5: optimizer"),
        ("sweep: {eta: [1]}", ["--grid", "eta=1,-1"], "trial eta=-1: eta: is -1"),
        ("sweep: {eta: [1]}", ["--set", "sweep.eta=[1, -1]"], "trial eta=-1: eta: is -1"),
        ("sweep: {eta: [1]}", ["--grid", "epochs=1,2.5"], "trial epochs=2.5: epochs: is 2.5"),
        ("sweep: {eta: [1]}", ["--grid", "iterations=1,2"], "trial iterations=1: iterations: cannot stand"),
        ("sweep: {eta: []}", [], "spec.yaml:10:9: sweep.eta: is empty"),
        ("sweep: {eta: {log: [0, 1], steps: 2}}", [], "spec.yaml:10:21: sweep.eta.log[0]: is 0, must be above 0"),
        ("sweep: {eta: {log: [1, 2], steps: 3}}", ["--samples", "3"],
         "spec.yaml:10:28: sweep.eta.steps: stands beside samples"),
        ("sweep: {eta: {log: [1, 2]}}", [], "spec.yaml:10:9: sweep.eta: has no steps"),
        ("sweep: {eta: [1]}", ["--grid", "eta=log:1:2"], "--grid: sweep.eta: has no steps"),
        ("sweep: {eta: [1]}", ["--grid", "eta=log:2:1:3"], "--grid: sweep.eta.log: falls from 2 to 1"),
        ("sweep: {eta: [1]}", ["--grid", "eta=log:0:1:3"], "--grid: sweep.eta.log[0]: is 0, must be above 0"),
        ("sweep: {eta: [1]}", ["--grid", "eta=log:1:2:1"], "--grid: sweep.eta.steps: is 1, must be a whole number"),
        ("sweep: {eta: [1]}", ["--grid", "eta=log:a:2:3"], "--grid: sweep.eta.log[0]: is 'a', must be a finite"),
        ("sweep: {eta: [1]}", ["--grid", "lr=1,2"], "--grid: sweep.lr: is not a key that can be swept. Did you mean"),
        ("sweep: {eta: [1]}", ["--samples", "0"], "Invalid value for '--samples'"),
        ("sweep: {eta: [1]}", ["--samples", "1001"], "the sweep has 1,001 trials, more than 1,000"),
        ("sweep: {eta: [1]}", ["--samples", "9999999999"], "--samples: sweep.samples: is 9999999999, must be"),
        ("sweep: {eta: [1]}", ["--halving", "1,4"], "--halving: sweep.halving.rungs[1]: is 4, but the spec has 3"),
        ("sweep: {eta: [1]}", ["--halving", "1,1"], "--halving: sweep.halving.rungs[1]: is 1, but 1 stands before"),
        ("sweep: {eta: [1]}", ["--halving", "1,x"], "--halving: sweep.halving.rungs[1]: is 'x', must be a whole"),
        ("sweep: {eta: [1]}", ["--halving", "["], "--halving: sweep.halving.rungs: `,` or `]` is missing here"),
        ("sweep: {eta: [1]}", ["--keep", "0.5"], "--keep: sweep.halving.rungs: is missing"),
        ("sweep: {eta: [1]}", ["--halving", "1,3", "--keep", "1.5"], "--keep: sweep.halving.keep: is 1.5, must be"),
        ("sweep: {eta: [1]}", ["--grid", "eta=linear:0:1:1000", "--grid", "warmup=linear:0:1:1000",
                               "--grid", "seed=linear:0:999:1000"],
         "the sweep has 1,000,000,000 trials, more than 1,000. Allow them with --max-trials 1000000000"),
        ("sweep: {eta: [1]}", ["--grid", "architecture[1].input_dim=3"],
         "--grid: sweep.architecture[1].input_dim: follows from the layer below. Sweep architecture[0].output_dim"),
    ],
)  # fmt: skip
def test_refused_in_one_line_and_nothing_is_made(nncli, sweep, words, said):
    sweep_of(sweep)
    result = nncli("sweep", "spec.yaml", *words)
    assert result.exit_code == 2, result.output
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith(f"error: {said}")
    assert not Path("runs").exists()
