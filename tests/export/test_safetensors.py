"""`nncli export --to safetensors`: what PyTorch's `Sequential` loads, and a training starts from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import Trained, inputs_of, nncli, train_again

from nncli.network.activations import activate
from nncli.runs import weights

library = pytest.importorskip("safetensors", reason="needs the package safetensors")


def exported(run: Path, folder: Path) -> tuple[dict[str, np.ndarray], dict[str, str], Path]:
    """The tensors, the texts beside them, and the file."""
    path = folder / "it.safetensors"
    result = nncli("export", run, "--to", "safetensors", "--out", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    with library.safe_open(path, "np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        assert file.metadata()["sequential"] in result.stdout
        return tensors, file.metadata(), path


def checked(trained: Trained, outputs: np.ndarray, metadata: dict[str, str]) -> None:
    """The outputs are those of `nncli predict`, in the target's own units by what the file says of them; of two classes
    that share one output it is the second's."""
    table = json.loads(metadata["preprocessing"]).get("table", {})
    own = outputs * np.array(table.get("spreads", 1.0)) + np.array(table.get("centers", 0.0))
    wanted = trained.predicted.outputs[:, -own.shape[1] :]
    assert len(own) == 1000
    assert own == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_a_sequential_takes_it(trained, tmp_path):
    """As PyTorch's does: module number N is a Linear where there is N.weight, and an activation where not."""
    tensors, metadata, _ = exported(trained.run, tmp_path)
    activations = json.loads(metadata["activations"])
    assert set(tensors) == {
        f"{2 * n}.{part}" for n in range(len(activations)) for part in ("weight", "bias")
    }
    a = inputs_of(trained)
    for number in range(2 * len(activations)):
        if number % 2:
            a = activate(activations[number // 2], a)
        else:
            a = a @ tensors[f"{number}.weight"].T + tensors[f"{number}.bias"]
    checked(trained, a, metadata)


def test_pytorch_takes_it(trained, tmp_path):
    torch = pytest.importorskip("torch", reason="needs PyTorch")
    load = pytest.importorskip("safetensors.torch").load_file
    _, metadata, path = exported(trained.run, tmp_path)
    network = eval(metadata["sequential"], vars(torch.nn))  # noqa: S307
    network.load_state_dict(load(path))
    with torch.no_grad():
        outputs = network(torch.from_numpy(inputs_of(trained))).numpy()
    checked(trained, outputs, metadata)


def test_what_it_says_of_itself(penguins, tmp_path):
    _, metadata, path = exported(penguins.run, tmp_path)
    saved = weights.read(penguins.run / "weights.npz").meta
    assert json.loads(metadata["classes"]) == list(saved.classes or ())
    assert json.loads(metadata["mapping"])["2.bias"] == "b2"
    assert metadata["version"].startswith("nncli ")
    table: dict[str, Any] = json.loads(metadata["preprocessing"])["table"]
    assert [one["name"] for one in table["columns"]][:2] == ["island", "bill_length_mm"]
    before = path.read_bytes()
    exported(penguins.run, tmp_path)
    assert path.read_bytes() == before


def test_a_training_starts_from_it(digits, tmp_path):
    """With the bytes that one from the run itself has."""
    *_, path = exported(digits.run, tmp_path)
    ended = [train_again("digits", start, tmp_path) for start in (path, digits.run)]
    assert [result.exit_code for result in ended] == [0, 0]
    ours, theirs = ((Path(one.stdout.strip()) / "weights.npz").read_bytes() for one in ended)
    assert ours == theirs


def test_a_training_refuses_another_shape(digits, penguins, tmp_path):
    *_, path = exported(penguins.run, tmp_path)
    result = train_again("digits", path, tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (6, 1)
    assert f"{path}: W1 is (32, 14), but the architecture needs (64, 64)" in result.stderr
