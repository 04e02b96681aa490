"""Class weights: how much a row counts in the gradient, by its class."""

import json
from pathlib import Path

import numpy as np
import pytest
from support import blobs, same_bytes, spec_of

from nncli import fit
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.errors import SpecError
from nncli.gradients import gradcheck
from nncli.network.initializers import init_params
from nncli.network.params import flatten
from nncli.preparation import initial_vector
from nncli.runs import archive
from nncli.training import loop
from nncli.training.class_weight import class_weights
from nncli.training.stack import Member, Stack, train_stack
from nncli.training.step import Network, gradient_of
from nncli.training.trainer import Trainer

SHAPES = ["2-5-1 tanh sigmoid", "2-5-2 tanh softmax", "2-5-2 tanh sigmoid", "2-5-1 tanh identity"]


def uneven(rows: int = 60) -> Dataset:
    """Two classes, the second one row in four."""
    rng = np.random.default_rng(1)
    y = np.where(np.arange(rows) % 4 == 3, 1, 0)
    x = rng.standard_normal((rows, 2)) + y[:, None]
    return Dataset({"train": Split(x, y)}, ("no", "yes"), Fingerprint("0" * 64))


def trained(spec, dataset) -> np.ndarray:
    state = loop.start(spec, dataset, initial_vector(spec))
    list(loop.train(Trainer.of(spec, dataset, state)))
    return state.vector


def test_balanced_by_hand():
    dataset = blobs(x=np.zeros((6, 2)), y=[0, 0, 0, 2, 2, 4])
    weights = class_weights(spec_of("2-5 softmax", class_weight="balanced"), dataset)
    # 6 rows of 3 classes that have any: 6 / (3 x 3), 6 / (3 x 2), 6 / (3 x 1); no row has the others
    assert weights.tolist() == pytest.approx([2 / 3, 1, 1, 1, 2])
    assert weights.dtype == np.float32
    assert weights[dataset.splits["train"].y].mean() == pytest.approx(1)


def test_numbers_go_by_name():
    spec = spec_of("2-1 sigmoid", class_weight={"yes": 3, "no": 0.5})
    assert class_weights(spec, uneven()).tolist() == [0.5, 3]
    assert class_weights(spec_of("2-1 sigmoid"), uneven()) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_a_weight_of_two_is_the_row_twice(shape):
    """With whole numbers for weights, the gradient is that of a batch with so many copies of each row."""
    dataset = uneven(20)
    x, y = dataset.splits["train"].x, dataset.splits["train"].y
    copies = np.where(y == 1, 3, 2)
    spec = spec_of(shape, dtype="float64")
    vector = flatten(
        init_params(
            spec.architecture, weights="auto", biases="normal", std=1, rng=np.random.default_rng(0)
        ),
        spec.architecture,
        "float64",
    )
    outputs = spec.architecture[-1].output_dim
    wanted = np.eye(2)[y] if outputs == 2 else y[:, None].astype(float)

    def gradient(x, wanted, weights=None):
        network = Network.of(spec.architecture, spec.loss, vector.copy(), None, weights)
        with np.errstate(over="ignore"):
            gradient_of(network, x, wanted, np.empty_like(wanted), {})
        return network.gradient

    weighted = gradient(x, wanted, np.array([2.0, 3.0]))
    repeated = gradient(np.repeat(x, copies, axis=0), np.repeat(wanted, copies, axis=0))
    assert np.abs(weighted).max() > 1e-3
    np.testing.assert_allclose(weighted * 20, repeated * copies.sum(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradcheck_takes_the_weighted_loss(shape):
    spec = spec_of(shape, class_weight={"no": 0.3, "yes": 4.0}, batch_size=30)
    weighted = gradcheck(spec, uneven())
    assert weighted.passed, weighted.worst
    plain = gradcheck(spec.model_copy(update={"class_weight": None}), uneven())
    assert plain.passed
    assert weighted.loss != plain.loss
    assert [a.gradient for a in weighted.arrays] != [a.gradient for a in plain.arrays]


@pytest.mark.parametrize("shape", SHAPES)
def test_numerical_gradients_lead_to_the_same_place(shape):
    keys = {"class_weight": "balanced", "batch_size": 10, "dtype": "float64", "epochs": 2}
    dataset = uneven(30)
    by_backprop = trained(spec_of(shape, **keys), dataset)
    numerical = trained(spec_of(shape, gradient="numerical", **keys), dataset)
    np.testing.assert_allclose(numerical, by_backprop, atol=1e-7)
    unweighted = trained(spec_of(shape, **keys | {"class_weight": None}), dataset)
    assert np.abs(unweighted - by_backprop).max() > 1e-3


@pytest.mark.parametrize("same_seed", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_in_a_stack_each_has_the_bytes_that_it_has_alone(shape, same_seed):
    dataset = uneven()
    specs = [
        spec_of(shape, eta=eta, seed=0 if same_seed else k, epochs=3, batch_size=7, class_weight="balanced")
        for k, eta in enumerate((0.01, 0.1, 0.5))
    ]  # fmt: skip
    states = [loop.start(spec, dataset, initial_vector(spec)) for spec in specs]
    members = [Member(*pair) for pair in zip(specs, states, strict=True)]
    list(train_stack(Stack(members, dataset)))
    for spec, state in zip(specs, states, strict=True):
        assert state.vector.tobytes() == trained(spec, dataset).tobytes()


def test_weights_of_one_change_nothing():
    spec = spec_of("2-5-2 tanh softmax", batch_size=7)
    ones = spec.model_copy(update={"class_weight": {"no": 1.0, "yes": 1.0}})
    assert trained(spec, uneven()).tobytes() == trained(ones, uneven()).tobytes()


def test_of_the_figures_of_a_record_one_is_weighted():
    """The same parameters, evaluated."""
    dataset = uneven()
    records = []
    for class_weight in (None, "balanced"):
        keys = {"eta": 1e-30, "track": ["train"], "dtype": "float64"}
        spec = spec_of("2-5-1 tanh sigmoid", class_weight=class_weight, **keys)
        state = loop.start(spec, dataset, initial_vector(spec))
        records += [
            {key: value for key, value in record.items() if key in ("train_loss", "train_accuracy")}
            for record in loop.train(Trainer.of(spec, dataset, state))
        ]
    assert records[0] == records[1]


def rare_rows(rows: int = 240) -> Dataset:
    """One row in eight is of the second class, among those of the first."""
    rng = np.random.default_rng(4)
    y = (np.arange(rows) % 8 == 7).astype(int)
    x = 0.7 * rng.standard_normal((rows, 2)) + y[:, None]
    splits = {name: Split(x[part], y[part]) for name, part in halves(y).items()}
    return Dataset(splits, ("no", "yes"), Fingerprint("0" * 64))


def halves(y) -> dict[str, np.ndarray]:
    """Every second row of each class."""
    place = np.zeros(len(y), int)
    for number in np.unique(y):
        place[y == number] = np.arange((y == number).sum()) % 2
    return {"train": place == 0, "validation": place == 1}


CHOICES = {
    "early stopping": {"early_stopping": {"patience": 100}},
    "keep: best": {"keep": "best"},
    "early stopping by the plain loss": {"early_stopping": {"patience": 100, "monitor": "validation_loss"}},
}  # fmt: skip


@pytest.mark.parametrize("choice", CHOICES)
def test_the_best_epoch_is_told_by_the_loss_that_is_minimized(choice):
    """By the plain loss an early epoch seems best, in which hardly any row is said to be of the rare class."""
    dataset = rare_rows()
    keys = {"class_weight": {"no": 1, "yes": 60}, "epochs": 60, "eta": 0.01, "dtype": "float64"}
    spec = spec_of("2-1 sigmoid", **keys, **CHOICES[choice])
    state = loop.start(spec, dataset, initial_vector(spec))
    records = list(loop.train(Trainer.of(spec, dataset, state)))
    epochs = {}
    for name in ("validation_loss", "validation_weighted_loss"):
        epochs[name] = int(np.argmin([record[name] for record in records])) + 1
    assert len(set(epochs.values())) == 2, "proves nothing"
    plain = choice.endswith("plain loss")
    assert state.best.epoch == epochs["validation_loss" if plain else "validation_weighted_loss"]


def test_a_plateau_goes_by_it_too():
    for schedule in ("plateau", {"name": "plateau", "patience": 2}):
        spec = spec_of("2-1 sigmoid", class_weight="balanced", schedule=schedule)
        assert spec.schedule.monitor == "validation_weighted_loss"
        assert spec_of("2-1 sigmoid", schedule=schedule).schedule.monitor == "validation_loss"


def problems(dataset, **keys) -> list[str]:
    outputs = "2-1 sigmoid" if dataset.classes else "2-2 sigmoid"
    spec = spec_of(outputs if dataset.task != "regression" else "2-1 identity", **keys)
    try:
        fit.check(spec, dataset, None)
    except SpecError as err:
        return [str(problem) for problem in err.problems]
    return []


def test_names_that_are_none_and_classes_without_a_number():
    assert problems(uneven(), class_weight={"no": 1, "yes": 2}) == []
    assert problems(uneven(), class_weight={"no": 1, "yess": 2}) == [
        "class_weight.yess: is no class of the data. Did you mean `yes`?",
        "class_weight: has no number for yes. Give each class one, such as 1.",
    ]
    assert problems(uneven(), class_weight={"no": 1, "yes": 2, "7": 3}) == [
        "class_weight.7: is no class of the data. There are no, yes."
    ]


def test_where_there_are_no_classes():
    rows = np.zeros((4, 2))
    numbers = blobs(x=rows, y=np.zeros((4, 1)))
    assert problems(numbers, class_weight="balanced") == [
        "class_weight: weighs classes, but the targets are numbers. Remove it."
    ]
    labels = Dataset({"train": Split(rows, rows)}, None, Fingerprint("0" * 64), labels=("a", "b"))
    assert problems(labels, class_weight={"a": 1, "b": 2}) == [
        "class_weight: weighs classes, but a row may have several labels. Remove it."
    ]


RARE = """\
data: {source: npz, path: rare.npz, test: 0.25, test_from: stratified}
architecture:
  - {input_dim: auto, output_dim: 6, activation: tanh}
  - {input_dim: 6, output_dim: auto, activation: sigmoid}
epochs: 30
batch_size: 16
eta: 0.3
track: [test]
class_weight: balanced
"""


@pytest.fixture
def rare(tmp_path, monkeypatch) -> Path:
    """One row in ten is of the second class, and not easily told."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    y = (np.arange(800) % 10 == 0).astype(int)
    np.savez("rare.npz", x=rng.standard_normal((800, 3)) + 1.2 * y[:, None], y=y)
    Path("rare.yaml").write_text(RARE)
    return tmp_path


def run(*words: object):
    from typer.testing import CliRunner

    from nncli.cli.app import app

    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result


def test_a_rare_class_is_found(rare):
    recalls, balanced = [], []
    for words in ((), ("--set", "class_weight=null")):
        path = run("train", "rare.yaml", "-q", *words).stdout.strip()
        judged = json.loads(run("eval", path, "--json").stdout)
        recalls.append(judged["recall"][1])
        balanced.append(judged["balanced_accuracy"])
    assert recalls[0] > recalls[1] + 0.2
    assert balanced[0] > balanced[1] + 0.05


@pytest.mark.parametrize("weights", ["balanced", '{"0": 1.0, "1": 6.0}'])
def test_resumed_and_swept_to_the_same_bytes(rare, weights):
    sets = ("--set", f"class_weight={weights}")
    straight = Path(run("train", "rare.yaml", "-q", "--set", "epochs=6", *sets).stdout.strip())
    resumed = Path(run("train", "rare.yaml", "-q", "--set", "epochs=3", *sets).stdout.strip())
    run("resume", resumed, "--epochs", "6", "-q")
    same_bytes(straight, resumed)
    grid = ("--grid", "eta=0.1,0.3,0.5", "--workers", "1", "--json", "-q")
    swept = json.loads(run("sweep", "rare.yaml", "--set", "epochs=6", *sets, *grid).stdout)
    (trial,) = [each["run"] for each in swept["trials"] if each["point"] == {"eta": 0.3}]
    same_bytes(straight, Path(swept["sweep"]) / trial)


def test_a_run_of_an_earlier_version_goes_on_by_the_loss_that_is_minimized(rare):
    """Its records hold no weighted loss, and its best was told by accuracy: by a number that no loss is below."""
    sets = ("-q", "--set", "keep=best", "--set", "batch_size=64", "--set", "eta=0.05")
    straight = Path(run("train", "rare.yaml", *sets, "--set", "epochs=6").stdout.strip())
    old = Path(run("train", "rare.yaml", *sets, "--set", "epochs=3").stdout.strip())
    lines = [json.loads(line) for line in (old / "metrics.jsonl").read_text().splitlines()]
    kept = [{k: v for k, v in line.items() if "weighted" not in k} for line in lines]
    (old / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in kept))
    arrays = archive.unpack((old / "checkpoint.npz").read_bytes(), old)
    meta = json.loads(arrays["meta"].tobytes())
    meta["best"]["value"] = 0.0
    meta["tally"] = {k: v for k, v in meta["tally"].items() if not k.startswith("weight")}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    (old / "checkpoint.npz").write_bytes(archive.pack(arrays))
    run("resume", old, "--epochs", "6", "-q")
    for name in ("weights.npz", "checkpoint.npz"):
        assert (straight / name).read_bytes() == (old / name).read_bytes()
    records = [json.loads(line) for line in (straight / "metrics.jsonl").read_text().splitlines()]
    assert np.argmin([record["test_weighted_loss"] for record in records]) > 2, "proves nothing"
