"""The specs that travel with nncli: each trains, and mnist.yaml learns what the book says."""

import json
from pathlib import Path

import pytest

from nncli import packaged

NEEDS_MNIST = {"mnist", "mnist-100", "mnist-best"}


def one_epoch(nncli, name: str) -> dict:
    path = packaged.folder() / f"{name}.yaml"
    result = nncli("train", path, "--set", "epochs=1", "--json", "-q")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_the_lists_are_whole():
    assert set(packaged.names()) == NEEDS_MNIST | {"digits", "moons"}
    assert all(packaged.title(name) for name in packaged.names())


@pytest.mark.parametrize("name", ["digits", "moons"])
def test_a_config_trains(nncli, name):
    assert one_epoch(nncli, name)["epochs"] == 1


@pytest.mark.mnist
@pytest.mark.parametrize(("name", "at_least"), [("mnist", 0.88), ("mnist-100", 0.6)])
def test_an_mnist_config_trains(nncli, mnist_folder, name, at_least):
    value = one_epoch(nncli, name)
    assert value["final"]["test_accuracy"] > at_least
    result = nncli("eval", value["run"], "--json", "--min-accuracy", str(at_least))
    assert json.loads(result.stdout)["accuracy"] == value["final"]["test_accuracy"]


@pytest.mark.mnist
def test_mnist_is_the_same_bytes_twice(nncli, mnist_folder):
    first, second = (Path(one_epoch(nncli, "mnist")["run"]) for _ in range(2))
    assert (first / "weights.npz").read_bytes() == (second / "weights.npz").read_bytes()
