"""The specs that travel with nncli: each trains, and mnist.yaml learns what the book says."""

import json
from pathlib import Path

import pytest

from nncli import packaged

NEEDS_MNIST = {"mnist", "mnist-100", "mnist-best", "keras-mnist", "simplenet"}


def one_epoch(nncli, name: str, *more: str) -> dict:
    """Train a packaged spec for one epoch (of 10 steps, where the spec counts steps)."""
    path = packaged.folder() / f"{name}.yaml"
    length = "iterations=10" if "iterations:" in path.read_text() else "epochs=1"
    words = [word for key in (length, *more) for word in ("--set", key)]
    result = nncli("train", path, *words, "--json", "-q")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_lists_are_whole():
    assert set(packaged.names()) == NEEDS_MNIST | {"digits", "moons"}
    assert all(packaged.title(name) for name in packaged.names())


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_a_config_trains(nncli, name):
    assert one_epoch(nncli, name)["epochs"] == 1


@pytest.mark.mnist
@pytest.mark.parametrize(
    ("name", "at_least"),
    [("mnist", 0.88), ("mnist-100", 0.6), ("keras-mnist", 0.94), ("simplenet", 0.05)],
)
def test_an_mnist_config_trains(nncli, mnist_folder, name, at_least):
    value = one_epoch(nncli, name)
    assert value["final"]["test_accuracy"] > at_least
    result = nncli("eval", value["run"], "--json", "--min-accuracy", str(at_least))
    assert json.loads(result.stdout)["accuracy"] == value["final"]["test_accuracy"]


@pytest.mark.mnist
def test_the_best_network_trains(nncli, mnist_folder):
    """Fifty of its batches: an epoch of 60,000 distorted images takes ten seconds and more."""
    value = one_epoch(nncli, "mnist-best", "epochs=null", "iterations=50", "track=[]")
    assert value["final"]["train_loss"] < 2.5


@pytest.mark.mnist
def test_mnist_is_the_same_bytes_twice(nncli, mnist_folder):
    first, second = (Path(one_epoch(nncli, "mnist")["run"]) for _ in range(2))
    assert (first / "weights.npz").read_bytes() == (second / "weights.npz").read_bytes()
