"""Weights files: exactly the parameters of their architecture, and starting from somebody else's."""

import json

import numpy as np
import pytest
from support import spec_of

from nncli.data.encoding import Preprocessing
from nncli.errors import DamagedError, UsageError
from nncli.network.params import count, views
from nncli.runs import archive, weights
from nncli.runs.weights import Meta, Weights

SPEC = spec_of("2-3-1 tanh sigmoid")


def example(dtype: str = "float32") -> Weights:
    vector = np.arange(count(SPEC.architecture), dtype=dtype)
    meta = Meta(
        format=1,
        architecture=SPEC.architecture,
        loss=SPEC.loss,
        preprocessing=Preprocessing(scale=255.0),
        classes=("no", "yes"),
        epoch=3,
        batch=0,
    )
    return Weights(views(vector, SPEC.architecture), meta)


def test_round_trip_is_exact_and_the_same_bytes(tmp_path):
    for dtype in ("float32", "float64"):
        weights.write(tmp_path / "a.npz", example(dtype))
        weights.write(tmp_path / "b.npz", example(dtype))
        assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
        back = weights.read(tmp_path / "a.npz")
        assert back.meta == example().meta
        assert list(back.params) == ["W1", "b1", "W2", "b2"]
        for name, value in example(dtype).params.items():
            assert back.params[name].tobytes() == value.tobytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_meta_explains_itself(tmp_path):
    weights.write(tmp_path / "w.npz", example())
    with np.load(tmp_path / "w.npz") as arrays:
        meta = json.loads(arrays["meta"].tobytes())
    assert meta["architecture"][1] == {"input_dim": 3, "output_dim": 1, "activation": "sigmoid"}
    assert (meta["format"], meta["classes"], meta["preprocessing"]) == (
        1,
        ["no", "yes"],
        {"scale": 255.0},
    )


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match="no such weights file"):
        weights.read(tmp_path / "w.npz")


def changed(tmp_path, **changes):
    """A weights file with members replaced (None removes one), its digest valid."""
    meta = np.frombuffer(example().meta.model_dump_json().encode(), "u1")
    arrays = example().params | {"meta": meta} | changes
    path = tmp_path / "w.npz"
    path.write_bytes(archive.pack({k: v for k, v in arrays.items() if v is not None}))
    return path


def as_meta(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), "u1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"W2": None}, "W2 is missing; the architecture has 2 layers"),
        ({"W3": np.zeros((1, 1), "f4")}, "W3 does not belong"),
        ({"W1": np.zeros((2, 3), "f4")}, r"W1 is \(2, 3\), but the architecture needs \(3, 2\)"),
        ({"b1": np.zeros(3, "f8")}, "b1 is float64; all must be one float type"),
        ({"b1": np.zeros(3, "i8")}, "b1 is int64"),
        ({"b2": np.array([np.nan], "f4")}, "b2 holds numbers that are not finite"),
        ({"meta": None}, "holds no `meta`"),
        ({"meta": as_meta("[1]")}, "meta: is damaged: it is no JSON object"),
        ({"meta": as_meta('{"format": 1}')}, "meta: is damaged: architecture: "),
        ({"meta": as_meta('{"format": 4}')}, "has format 4; this nncli reads up to 3"),
        ({"meta": as_meta("\x00")}, r"meta: is damaged: not JSON \("),
    ],
)
def test_what_is_not_of_one_piece_is_refused(tmp_path, changes, message):
    with pytest.raises(DamagedError, match=message):
        weights.read(changed(tmp_path, **changes))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_init_from_takes_any_npz_with_exactly_the_parameters(tmp_path, save):
    path = tmp_path / "mine.npz"
    save(path, **example("float64").params)
    params = weights.read_params(path, SPEC.architecture)
    assert np.array_equal(params["W1"], example().params["W1"])
    with pytest.raises(DamagedError, match=r"W1 is .* but the architecture needs"):
        weights.read_params(path, spec_of("3-3-1 tanh sigmoid").architecture)
    save(path, **example("float64").params, extra=np.zeros(1))
    with pytest.raises(DamagedError, match="extra does not belong"):
        weights.read_params(path, SPEC.architecture)


def test_init_from_never_unpickles(tmp_path):
    path = tmp_path / "mine.npz"
    objects = dict(example().params) | {"W1": np.array([[{}, {}]] * 3, dtype=object)}
    np.savez(path, **objects)
    with pytest.raises(DamagedError, match=r"W1.npy: is \|O"):
        weights.read_params(path, SPEC.architecture)


def test_init_from_a_weights_file_of_ours(tmp_path):
    weights.write(tmp_path / "w.npz", example())
    params = weights.read_params(tmp_path / "w.npz", SPEC.architecture)
    assert np.array_equal(params["b2"], example().params["b2"])
