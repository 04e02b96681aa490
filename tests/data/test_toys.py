"""Generated points lie where the formulas put them; scikit-learn is the oracle where it draws the same."""

from __future__ import annotations

import hashlib
from typing import get_args

import numpy as np
import pytest
from pydantic import TypeAdapter

from nncli.data.sources import DIVIDED, LOADERS, load
from nncli.errors import SpecError, UsageError
from nncli.spec.sources import AnySource, DataSpec


def spec(**keys: object) -> AnySource:
    return TypeAdapter(DataSpec).validate_python({"test": 0, **keys})


def sorted_rows(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rows = np.column_stack([y, x.round(12) + 0.0])
    return rows[np.lexsort(rows.T[::-1])]


@pytest.mark.parametrize("samples", [100, 101])
@pytest.mark.parametrize("name", ["moons", "circles"])
def test_points_are_those_of_sklearn(name, samples):
    datasets = pytest.importorskip("sklearn.datasets")
    draw = {"moons": datasets.make_moons, "circles": datasets.make_circles}[name]
    keys = {"factor": 0.3} if name == "circles" else {}
    split = load(spec(source=name, samples=samples, noise=0, **keys)).splits["train"]
    expected = sorted_rows(*draw(samples, noise=0, **keys))
    np.testing.assert_allclose(sorted_rows(split.x, split.y), expected, atol=1e-11)


@pytest.mark.parametrize("classes", [2, 3])
def test_spiral_arms_wind_from_the_middle_to_the_unit_circle(classes):
    source = spec(source="spirals", samples=100, classes=classes, turns=1.5, noise=0)
    split = load(source).splits["train"]
    radius = np.hypot(*split.x.T)
    angle = 2 * np.pi * (1.5 * radius + split.y / classes)
    np.testing.assert_allclose(
        split.x, radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    )
    assert np.bincount(split.y).tolist() == ([50, 50] if classes == 2 else [34, 33, 33])
    assert radius.max() == pytest.approx(1)


@pytest.mark.parametrize("name", ["moons", "circles", "spirals"])
def test_the_sources_seed_draws_the_points(name):
    def points(**keys: object) -> bytes:
        return load(spec(source=name, samples=20, **keys)).splits["train"].x.tobytes()

    assert points() == points(seed=0) != points(seed=1)


def test_noise_has_the_deviation_asked_for():
    clean = load(spec(source="moons", samples=20_000, noise=0))
    noisy = load(spec(source="moons", samples=20_000, noise=0.3))
    difference = noisy.splits["train"].x - clean.splits["train"].x
    assert difference.std() == pytest.approx(0.3, rel=0.02)
    assert abs(difference.mean()) < 0.01


def test_rows_are_shuffled_and_described():
    dataset = load(spec(source="circles", samples=100, test=0.1))
    train = dataset.splits["train"]
    assert (train.x.shape, train.x.dtype, train.y.dtype) == ((90, 2), np.float64, np.int64)
    assert (np.diff(train.y) != 0).sum() > 2
    assert len(dataset.splits["test"]) == 10
    assert (dataset.classes, dataset.origin, dataset.scale) == (("0", "1"), "generated", 1.0)


def test_fingerprint_is_over_the_digests_of_both_arrays():
    dataset = load(spec(source="moons", samples=20))
    split = dataset.splits["train"]
    parts = (hashlib.sha256(array.tobytes()).digest() for array in (split.x, split.y))
    assert dataset.fingerprint.sha256 == hashlib.sha256(b"".join(parts)).hexdigest()


def test_fewer_points_than_classes_are_refused():
    with pytest.raises(SpecError, match=r"data.samples: is 2, but there are 3 classes"):
        load(spec(source="spirals", samples=2, classes=3))


@pytest.mark.parametrize(("name", "key"), [("moons", "noise"), ("spirals", "turns")])
def test_points_out_of_reach_are_refused(name, key):
    with pytest.raises(SpecError, match=rf"data\.{key}: is 1\.7e\+308: that puts points where"):
        load(spec(source=name, samples=100, **{key: 1.7e308}))


def test_digits():
    pytest.importorskip("sklearn")
    dataset = load(TypeAdapter(DataSpec).validate_python("digits"))
    train, test = dataset.splits["train"], dataset.splits["test"]
    assert (train.x.shape, test.x.shape) == ((1438, 64), (359, 64))
    assert (train.x.dtype, int(train.x.max())) == (np.uint8, 16)
    assert (dataset.scale, dataset.image_shape) == (16.0, (8, 8))
    assert (dataset.classes, train.y[:5].tolist()) == (tuple("0123456789"), [0, 1, 2, 3, 4])


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    with pytest.raises(UsageError, match=r"pip install 'nncli\[datasets\]'"):
        load(spec(source="digits"))


def test_every_source_of_the_spec_has_a_loader():
    names = [get_args(model.model_fields["source"].annotation) for model in get_args(AnySource)]
    assert sorted((*LOADERS, *DIVIDED)) == sorted(name for (name,) in names)
