"""IDX files: good ones, damaged ones and hostile ones."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from nncli.data import files
from nncli.data.idx import load_idx, read_idx
from nncli.data.sources import load
from nncli.errors import DataError, SpecError
from nncli.spec.sources import Idx

IMAGES = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2)
LABELS = np.array([0, 1, 2, 1, 0], np.uint8)
TEST_NAMES = {"x_test": "t10k-images-idx3-ubyte", "y_test": "t10k-labels-idx1-ubyte"}


def idx_bytes(values: np.ndarray, kind: int = 0x08) -> bytes:
    header = bytes([0, 0, kind, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return header + values.tobytes()


def write_train(folder: Path, x: np.ndarray = IMAGES, y: np.ndarray = LABELS) -> None:
    (folder / "train-images-idx3-ubyte").write_bytes(idx_bytes(x))
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(y)))


def write_test(folder: Path, x: np.ndarray = IMAGES[:2], y: np.ndarray = LABELS[:2]) -> None:
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(x)))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(y))


def spec(folder: Path, **keys: object) -> Idx:
    return Idx.model_validate({"source": "idx", "path": str(folder), **keys})


def refusal(data: bytes, folder: Path, name: str = "images.gz") -> str:
    path = folder / name
    path.write_bytes(data)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name", ["plain", "plain.gz"])
@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda data: gzip.compress(data, mtime=0) + bytes(9)]
)
def test_reads_by_content_whatever_the_name(tmp_path, name, pack):
    path = tmp_path / name
    path.write_bytes(pack(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_idx(path).values, IMAGES)


def test_fingerprint_is_of_the_uncompressed_bytes(tmp_path):
    (tmp_path / "a").write_bytes(idx_bytes(IMAGES))
    (tmp_path / "b").write_bytes(gzip.compress(idx_bytes(IMAGES)))
    assert read_idx(tmp_path / "a").fingerprint == read_idx(tmp_path / "b").fingerprint


def test_a_folder_with_its_own_test_set(tmp_path):
    write_train(tmp_path)
    write_test(tmp_path, y=np.array([0, 7], np.uint8))
    dataset = load(spec(tmp_path, validation=1))
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 4,
        "validation": 1,
        "test": 2,
    }
    np.testing.assert_array_equal(dataset.splits["train"].x, IMAGES.reshape(5, 6)[:4])
    assert dataset.splits["train"].y.dtype == np.int64
    assert dataset.classes == tuple("0127"), "a label of the test set alone counts as well"
    assert (dataset.image_shape, dataset.scale) == ((3, 2), 255.0)


def test_default_test_files_may_be_absent_and_a_test_set_is_taken(tmp_path):
    write_train(tmp_path)
    assert set(load_idx(spec(tmp_path)).splits) == {"train"}
    # as a run's spec.yaml writes them: all keys, also those that were never given
    assert set(load_idx(spec(tmp_path, **TEST_NAMES)).splits) == {"train"}
    assert len(load(spec(tmp_path, test=2)).splits["test"]) == 2


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ({"x_test": "other"}, "data.x_test: there is no other in"),
        ({"y_test": None}, "data.y_test: is null"),
        ({"x": "nothing"}, "data.x: there is no nothing in"),
        ({"x": "n" * 300}, "data.x: there is no n{60}... in"),
    ],
)
def test_files_asked_for_must_be_there(tmp_path, keys, named):
    write_train(tmp_path)
    with pytest.raises(SpecError, match=named):
        load(spec(tmp_path, **keys))


def test_half_a_test_set_is_refused(tmp_path):
    write_train(tmp_path)
    write_test(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(SpecError, match=r"data.y_test: there is no t10k-labels"):
        load(spec(tmp_path))


def test_no_second_test_set(tmp_path):
    write_train(tmp_path)
    write_test(tmp_path)
    with pytest.raises(SpecError, match=r"data.test: is 2, but the source has a test set"):
        load(spec(tmp_path, test=2))
    assert len(load(spec(tmp_path, test=2, x_test=None, y_test=None)).splits["test"]) == 2


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (IMAGES, LABELS[:4], "holds 5 images, but .* 4 labels"),
        (IMAGES[:0], LABELS[:0], r"holds no values \(dimensions \(0, 3, 2\)\)"),
        (LABELS, LABELS, "has 1 dimensions, expected two or more"),
        (IMAGES, IMAGES, "has 3 dimensions, expected one"),
    ],
)
def test_images_and_labels_must_fit(tmp_path, x, y, message):
    write_train(tmp_path, x, y)
    with pytest.raises(DataError, match=message):
        load(spec(tmp_path))


def test_test_images_must_have_the_same_shape(tmp_path):
    write_train(tmp_path)
    write_test(tmp_path, IMAGES[:2].reshape(2, 2, 3))
    with pytest.raises(DataError, match=r"a sample is \(2, 3\), but \(3, 2\)"):
        load(spec(tmp_path))


GOOD = idx_bytes(IMAGES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "truncated: expected an IDX header, found 0 bytes"),
        (gzip.compress(b"", mtime=0), "truncated: expected an IDX header, found 0 bytes"),
        (GOOD[:10], "truncated: expected a header of 16 bytes, found 10"),
        (GOOD[:-1], "expected 46 bytes, found 45"),
        (GOOD + b"!", "expected 46 bytes, found 47"),
        (gzip.compress(GOOD[:-1], mtime=0), "truncated: expected 46 bytes, found 45"),
        (gzip.compress(GOOD + b"!", mtime=0), "more bytes follow than its header declares"),
        (gzip.compress(GOOD, mtime=0)[:-8], "truncated: the gzip stream has no end"),
        (gzip.compress(GOOD, mtime=0) + b"rest", "garbage follows the gzip stream"),
        (gzip.compress(GOOD, mtime=0)[:-8] + bytes(8), "damaged gzip file (CRC check failed"),
        (b"<!DOCTYPE html>", "is not a gzip file: it starts with `<!DOCTYPE`"),
        (
            gzip.compress(b"<!DOCTYPE html>", mtime=0),
            "is not an IDX file: it starts with `<!DOCTYPE`",
        ),
        (b"\0\0\x07\3" + GOOD[4:], r"is not a gzip file: it starts with `\x00\x00\x07\x03"),
        (idx_bytes(IMAGES, 0x0D), "holds float32 values; only uint8 is read"),
        (
            b"\0\0\x08\3" + bytes(4) + b"\xff" * 8,
            "holds no values (dimensions (0, 4294967295, 4294967295))",
        ),
        (b"\0\0\x08\3" + b"\xff" * 12 + b"x", f"expected {16 + (2**32 - 1) ** 3} bytes, found 17"),
    ],
)
def test_refusals(tmp_path, data, message):
    assert refusal(data, tmp_path).startswith(message)


def test_a_gzip_cut_in_the_middle_names_both_numbers(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (100, 20, 20), dtype=np.uint8)
    packed = gzip.compress(idx_bytes(values))
    message = refusal(packed[: len(packed) // 2], tmp_path)
    assert message.startswith("truncated: expected 40016 bytes, found ")
    assert 15_000 < int(message.split()[-1]) < 25_000


def test_a_header_that_promises_too_much_allocates_nothing(tmp_path):
    bomb = gzip.compress(b"\0\0\x08\3" + struct.pack(">3I", 2**31, 2**10, 2**10) + bytes(100))
    assert "cannot hold that many" in refusal(bomb, tmp_path)


def test_a_bomb_is_not_unpacked_beyond_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST_INFLATED", 1000)
    bomb = gzip.compress(idx_bytes(np.zeros((100, 100), np.uint8)))
    message = refusal(bomb, tmp_path)
    assert "limit for compressed data is 1000. Unpack it with gunzip first" in message


def test_more_than_the_header_declares_is_never_unpacked(tmp_path):
    bomb = gzip.compress(GOOD + bytes(32 << 20), compresslevel=1)
    assert refusal(bomb, tmp_path) == "more bytes follow than its header declares"


def test_a_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        read_idx(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
def test_mutations_are_read_as_they_are_or_refused(tmp_path, packed, survivors):
    """A changed byte may change a pixel of an unpacked file, and nothing else."""
    path = tmp_path / "mutated"
    path.write_bytes(gzip.compress(GOOD, mtime=0) if packed else GOOD)
    for file in survivors(path, lambda: read_idx(path)):
        assert file.values.size == IMAGES.size
        assert not packed or np.array_equal(file.values, IMAGES)
