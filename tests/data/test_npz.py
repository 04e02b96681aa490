"""npz files: what y means, and files that are wrong, damaged or hostile."""

from __future__ import annotations

import io
import pickle  # noqa: TID251 - to make what must never be loaded
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nncli.data import files
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import DataError, NncliError, SpecError
from nncli.spec.sources import Npz

X = np.arange(12, dtype=np.float32).reshape(4, 3)
Y = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3)[Y]


def read(path: Path, **keys: object) -> Dataset:
    return load(Npz.model_validate({"source": "npz", "path": str(path), **keys}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.npz"


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def refusal(path: Path, **keys: object) -> str:
    with pytest.raises(NncliError) as caught:
        read(path, **keys)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


LABELS = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 1]])


@pytest.mark.parametrize("dtype", [bool, "uint8", "int64"])
def test_whole_numbers_of_0_and_1_are_labels(path, dtype):
    np.savez(path, x=X, y=LABELS.astype(dtype))
    dataset = read(path)
    assert (dataset.task, dataset.labels, dataset.classes) == ("labels", ("0", "1", "2"), None)
    assert dataset.splits["train"].y.dtype == np.uint8
    np.testing.assert_array_equal(dataset.splits["train"].y, LABELS)


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (LABELS * 1.0, "regression"),
        (LABELS * 2, "regression"),
        (-LABELS, "regression"),
        (LABELS[:, :1], "classification"),
        (ONE_HOT.astype(int), "classification"),
        (np.zeros((4, 2), int), "labels"),
    ],
)
def test_what_else_looks_like_labels(path, y, task):
    np.savez(path, x=X, y=y)
    assert read(path).task == task


def test_labels_of_a_test_set(path):
    one_each = np.eye(3, dtype=int)[[0, 2]]
    np.savez(path, x=X, y=LABELS, x_test=X[:2], y_test=one_each)
    np.testing.assert_array_equal(read(path).splits["test"].y, one_each)
    np.savez(path, x=X, y=LABELS, x_test=X[:2], y_test=one_each * 1.5)
    assert "y_test: holds real targets, but the training targets are labels" in refusal(path)
    np.savez(path, x=X, y=LABELS, x_test=X[:2], y_test=np.array([0, 2]))
    assert "y_test: holds classes, but the training targets are labels" in refusal(path)
    np.savez(path, x=X, y=LABELS, x_test=X[:2], y_test=one_each[:, :2] | 1)
    assert "y_test: has shape (2, 2), training (4, 3)" in refusal(path)
    np.savez(path, x=X, y=ONE_HOT, x_test=X, y_test=LABELS)
    assert "y_test: holds labels, but the training targets are classes" in refusal(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_by_name_and_a_test_set_by_its_default_name(path, save):
    save(path, images=X, y=Y, x_test=X[:2], y_test=np.array([4, 0]), unread=np.array([None]))
    dataset = read(path, x="images", scale=2.0, validation=1)
    np.testing.assert_array_equal(dataset.splits["train"].x, X[:3])
    np.testing.assert_array_equal(dataset.splits["validation"].y, [1])
    np.testing.assert_array_equal(dataset.splits["test"].y, [3, 0])
    assert dataset.classes == tuple("0124")
    assert (dataset.scale, dataset.origin) == (2.0, str(path))


def test_the_fingerprint_does_not_depend_on_the_compression(path):
    np.savez(path, x=X, y=Y)
    plain = read(path).fingerprint
    np.savez_compressed(path, x=X, y=Y)
    assert read(path).fingerprint == plain
    np.savez(path, x=X, y=Y[::-1])
    assert read(path).fingerprint != plain


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("u1", "uint8"),
        ("f4", "float32"),
        (">f8", "float64"),
        ("?", "float32"),
        ("<i2", "float32"),
        (">i8", "float64"),
        ("f2", "float32"),
        ("g", "float64"),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_inputs_become_rows_of_numbers(path, kind, kept, order):
    x = np.asarray(X.reshape(4, 1, 3) % 2, dtype=kind, order=order)
    np.savez(path, x=x, y=Y)
    dataset = read(path)
    rows = dataset.splits["train"].x
    np.testing.assert_array_equal(rows, X % 2)
    assert (rows.dtype.name, rows.flags.c_contiguous, rows.dtype.isnative) == (kept, True, True)
    assert dataset.image_shape == (1, 3)


@pytest.mark.parametrize(
    ("y", "classes", "wanted"),
    [
        (Y, 3, Y),
        (Y[:, None].astype(np.uint8), 3, Y),
        (Y == 1, 2, [0, 1, 0, 1]),
        (ONE_HOT, 3, Y),
        (ONE_HOT.astype(bool), 3, Y),
        (np.eye(5)[[0, 0, 1, 2]], 5, [0, 0, 1, 2]),
        (Y.astype(float), None, Y[:, None]),
        (Y[:, None].astype(float), None, Y[:, None]),
        (np.column_stack([Y, Y]), None, np.column_stack([Y, Y])),
        (ONE_HOT / 2, None, ONE_HOT / 2),
        (np.zeros((4, 2)), None, np.zeros((4, 2))),
    ],
)
def test_what_y_means(path, y, classes, wanted):
    np.savez(path, x=X, y=y)
    dataset = read(path)
    np.testing.assert_array_equal(dataset.splits["train"].y, wanted)
    assert dataset.splits["train"].y.dtype == (np.float64 if classes is None else np.int64)
    assert dataset.classes == (None if classes is None else tuple(map(str, range(classes))))


def test_test_targets_are_of_the_kind_of_the_training_targets(path):
    np.savez(path, x=X, y=ONE_HOT / 2, x_test=X, y_test=ONE_HOT)
    np.testing.assert_array_equal(read(path).splits["test"].y, ONE_HOT)
    np.savez(path, x=X, y=ONE_HOT, x_test=X, y_test=Y)
    np.testing.assert_array_equal(read(path).splits["test"].y, Y)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X[:3], "y": Y}, "x: has 3 rows, but .*y 4"),
        ({"x": X[:0], "y": Y[:0]}, r"x: holds no values \(shape \(0, 3\)\)"),
        ({"x": np.float64(3), "y": Y}, "x: is a single number"),
        ({"x": X, "y": Y[:0]}, r"y: has shape \(0,\)"),
        ({"x": X, "y": ONE_HOT[:, :, None]}, r"y: has shape \(4, 3, 1\); expected"),
        ({"x": np.array([1, None]), "y": Y[:2]}, "x: holds object; expected numbers"),
        ({"x": X, "y": np.array(["a", "b", "c", "d"])}, "y: holds <U1; expected numbers"),
        ({"x": X * 1j, "y": Y}, "x: holds complex"),
        (
            {"x": np.where(X > 8, np.nan, np.where(X == 4, np.inf, X)), "y": Y},
            "x: 4 of 12 values are not finite, first inf in row 1, column 1",
        ),
        ({"x": X, "y": np.array([1.0, np.nan, 0, 0])}, "y: 1 of 4 values are not finite"),
        (
            {"x": np.ones((12, 1)), "y": np.arange(12) * 10**6},
            "y: holds 12 different whole numbers in 12 rows, too many for classes. Real targets",
        ),
        (
            {"x": X, "y": Y, "x_test": X[:, :2], "y_test": Y},
            "x_test: has 2 features, training has 3",
        ),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y * 0.5}, "y_test: holds real targets, but"),
        (
            {"x": X, "y": Y * 0.5, "x_test": X, "y_test": ONE_HOT},
            r"y_test: has shape \(4, 3\), training",
        ),
    ],
)
def test_arrays_that_do_not_fit(path, arrays, message):
    np.savez(path, **arrays)
    with pytest.raises(DataError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"x": "imagse"},
            "data.x: .* holds no array `imagse`, only images, y. Did you mean `images`?",
        ),
        ({"x": "images", "y": "qqq"}, "data.y: .* holds no array `qqq`, only images, y.$"),
        ({"x": "images", "x_test": "more"}, "data.x_test: .* holds no array `more`"),
    ],
)
def test_missing_arrays_name_what_is_there(path, keys, message):
    np.savez(path, images=X, y=Y)
    with pytest.raises(SpecError, match=message):
        read(path, **keys)


def test_one_array_of_a_test_set_is_not_enough(path):
    np.savez(path, x=X, y=Y, x_test=X)
    with pytest.raises(SpecError, match=r"data.y_test: .* holds no array `y_test`"):
        read(path)


def test_a_folder_and_a_file_that_is_none(tmp_path, path):
    assert "is a folder" in refusal(tmp_path)
    path.write_bytes(b"<!DOCTYPE html>")
    assert "is not an .npz file, or a damaged one (File is not a zip file)" in refusal(path)
    path.write_bytes(npy(X))
    assert "is not an .npz file" in refusal(path)


def test_a_pickle_is_never_loaded(path, tmp_path):
    class Attack:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "owned",)

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", pickle.dumps(Attack()))
        archive.writestr("y.npy", npy(Y))
    assert "damaged" in refusal(path)
    np.savez(path, x=np.array([Attack()], dtype=object), y=Y[:1])
    assert "holds object" in refusal(path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("shape", [(2**40, 2**10), (-4, -3), (4, 4), (2**70,)])
def test_headers_are_held_against_the_bytes(path, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    data = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + X.tobytes()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", data)
        archive.writestr("y.npy", npy(Y))
    assert "bytes for shape" in refusal(path)


def test_bombs(path, monkeypatch):
    np.savez_compressed(path, x=np.zeros((1000, 1000), np.uint8), y=np.zeros(1000, int))
    assert read(path).input_dim == 1000
    monkeypatch.setattr(files, "LARGEST_INFLATED", 100_000)
    assert "limit for compressed data is 100000. numpy.savez writes" in refusal(path)


def test_sizes_that_cannot_be_are_refused_before_they_are_allocated(path):
    np.savez_compressed(path, x=X, y=Y)
    data = bytearray(path.read_bytes())
    entry = data.index(b"PK\1\2")
    struct.pack_into(
        "<I", data, entry + 24, 2**31
    )  # the uncompressed size in the central directory
    path.write_bytes(data)
    assert "cannot hold that many" in refusal(path)


def test_other_compressions_are_refused(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", npy(X))
        archive.writestr("y.npy", npy(Y))
    assert "another compression" in refusal(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mutations_give_the_same_arrays_or_are_refused(path, save, survivors):
    save(path, x=X, y=Y)
    for dataset in survivors(path, lambda: read(path)):
        np.testing.assert_array_equal(dataset.splits["train"].x, X)
        np.testing.assert_array_equal(dataset.splits["train"].y, Y)
