"""safetensors files: written as others read them, read as others write them, and never trusted."""

from __future__ import annotations

import json
import random
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from nncli.errors import DamagedError
from nncli.network.params import shapes
from nncli.runs import tensors, weights
from nncli.spec.model import LayerSpec

ARCHITECTURE = (
    LayerSpec(input_dim=2, output_dim=3, activation="tanh"),
    LayerSpec(input_dim=3, output_dim=1, activation="sigmoid"),
)
PARAMS = {
    name: np.random.default_rng(0).standard_normal(shape).astype("f4")
    for name, shape in shapes(ARCHITECTURE).items()
}
PATH = Path("some.safetensors")


def raw(header: object, numbers: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def entry(dtype: str, shape: list[int], first: int, last: int) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


def started(tmp_path: Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a training would start from."""
    path = tmp_path / PATH
    path.write_bytes(tensors.pack(arrays, {}))
    return weights.read_params(path, ARCHITECTURE)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_the_library_reads_what_we_write_and_we_what_it_writes(dtype):
    library = pytest.importorskip("safetensors.numpy", reason="needs the package safetensors")
    arrays = {name: array.astype(dtype) for name, array in PARAMS.items()}
    for there, back in (
        (tensors.pack(arrays, {"a": "ä", "b": "1"}), library.load),
        (library.save(arrays, {"a": "ä"}), lambda data: tensors.unpack(data, PATH)),
    ):
        read = back(there)
        assert set(read) == set(arrays)
        for name, array in arrays.items():
            assert read[name].dtype == array.dtype
            assert np.array_equal(read[name], array)


def test_the_same_arrays_are_the_same_bytes():
    """In this order: a little header, and numbers that begin at a multiple of 8."""
    data = tensors.pack({"x": np.array([1.5], "f4")}, {"a": "b"})
    text = b'{"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b" "
    assert data == struct.pack("<Q", 80) + text + struct.pack("<f", 1.5)


NAMINGS = [
    ("{}", {}),
    ("{}.weight {}.bias", {1: 0, 2: 2}),
    ("net.{}.weight net.{}.bias", {1: 0, 2: 3}),
    ("fc{}.weight fc{}.bias", {1: 9, 2: 10}),
]


@pytest.mark.parametrize(("pattern", "numbers"), NAMINGS)
def test_training_starts_from_any_of_these_names(pattern, numbers, tmp_path):
    named = {}
    for name, array in PARAMS.items():
        words = pattern.split()
        number = numbers.get(int(name[1:]))
        named[name if number is None else words["Wb".index(name[0])].format(number)] = array
    read = started(tmp_path, named)
    assert all(np.array_equal(read[name], PARAMS[name]) for name in PARAMS)


SEQUENTIAL = tensors.sequential_names(ARCHITECTURE)
THEIRS = {SEQUENTIAL[name]: array for name, array in PARAMS.items()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"2.bias": None}, "b2 is missing; the architecture has 2 layers"),
        ({"4.weight": np.zeros((1, 1), "f4")}, "W3 does not belong to the architecture of 2"),
        ({"0.weight": np.zeros((2, 3), "f4")}, r"W1 is \(2, 3\), but the architecture needs"),
        ({"0.bias": np.zeros(3, "f8")}, "b1 is float64; all must be one float type"),
        ({"2.bias": np.array([np.inf], "f4")}, "b2 holds numbers that are not finite"),
        ({"other": np.zeros(1, "f4")}, "other does not belong"),
        ({"head.0.weight": np.zeros((1, 1), "f4")}, "W1 is missing.*; the file holds 0.bias, "),
    ],
)
def test_what_does_not_fit_is_refused_as_an_npz_is(changes, message, tmp_path):
    arrays = {name: array for name, array in (THEIRS | changes).items() if array is not None}
    with pytest.raises(DamagedError, match=message):
        started(tmp_path, arrays)


ONE = {"x": entry("F32", [1], 0, 4)}
DAMAGES = [
    (b"", "is empty"),
    (b"1234", "is cut short, or not a safetensors file"),
    (struct.pack("<Q", 1 << 62) + b"{}", "is cut short, or not a safetensors file"),
    (raw(b"{"), "its header is no JSON"),
    (raw(b"[" * 100_000), "its header is no JSON"),
    (raw(b'{"x": 1, "x": 2}'), "its header is no JSON"),
    (raw(b"\xff{}"), "its header is no JSON"),
    (raw([1]), "its header names no tensors"),
    (raw({"x": 1}), "x: type, shape or place"),
    (raw({"x": entry("F32", [-1], 0, 4)}, b"1234"), "x: type, shape or place"),
    (raw({"x": entry("F32", [1, 1, 1], 0, 4)}, b"1234"), "x: type, shape or place"),
    (raw({"x": entry("F32", [True], 0, 4)}, b"1234"), "x: type, shape or place"),
    (raw({"x": entry("F32", [1], 4, 0)}, b"1234"), "x: type, shape or place"),
    (raw({"x": entry("BF16", [2], 0, 4)}, b"1234"), "x: is BF16; it must be one of F16, F32, F64"),
    (raw({"x": entry("F32", [2], 0, 4)}, b"1234"), r"\(2,\) of F32 takes 8 bytes, the file has 4"),
    (raw({"x": entry("F32", [1], 1, 5)}, b"12345"), "begins at byte 1 of the numbers, not at 0"),
    (raw(ONE | {"y": entry("F32", [1], 0, 4)}, b"1234"), "y: begins at byte 0"),
    (raw(ONE, b"123"), "is cut short: x is not all there"),
    (raw(ONE, b"12345"), "goes on for 1 bytes after its end"),
]


@pytest.mark.parametrize(("data", "message"), DAMAGES, ids=[message for _, message in DAMAGES])
def test_damage_is_named(data, message):
    with pytest.raises(DamagedError, match=f"some.safetensors: .*{message}"):
        tensors.unpack(data, PATH)


@pytest.mark.campaign(short=400, long=4000, torture=40_000)
def test_any_other_bytes_are_refused_or_read(campaign):
    """A byte changed, a piece cut out, two files joined: never another exception."""
    whole, read = tensors.pack(THEIRS, {"format": "pt"}), 0
    for _ in range(campaign.trials):
        data = damaged(bytearray(whole), campaign.rng)
        with suppress(DamagedError):
            arrays = tensors.unpack(data, PATH)
            assert sum(array.nbytes for array in arrays.values()) < len(data)
            read += 1
    assert 0 < read < campaign.trials


def damaged(data: bytearray, rng: random.Random) -> bytes:
    at, end = sorted(rng.choices(range(len(data)), k=2))
    if rng.random() < 0.7:
        data[at] = rng.randrange(256)
    elif rng.random() < 0.5:
        del data[at:end]
    else:
        data[at:at] = data[:end]
    return bytes(data)
