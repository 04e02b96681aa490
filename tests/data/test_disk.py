"""Rows that stay on disk: the same numbers as in memory, in little of it, and one line for a file that is not whole."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from nncli.data.batches import BlockOrder, epoch_order, gather
from nncli.data.disk import BLOCK_ROWS, GROUP, DiskRows
from nncli.data.sources import load
from nncli.errors import DataError, MachineError, NncliError
from nncli.spec.sources import DataSpec

ROWS = (GROUP + 3) * BLOCK_ROWS + 17


def stored(tmp_path: Path, values: np.ndarray) -> DiskRows:
    path = tmp_path / "rows.npy"
    np.save(path, values)
    start = path.stat().st_size - values.nbytes
    return DiskRows(path, start, values.dtype, values.shape)


def numbers(kind: str = "float32", rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, (rows, 3)).astype(kind)


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", ">f4", "<i2", "float16"])
def test_rows_are_those_of_the_file(tmp_path, kind):
    values = numbers(kind)
    rows = stored(tmp_path, values)
    assert (len(rows), rows.shape) == (ROWS, (ROWS, 3))
    some = np.random.default_rng(1).permutation(ROWS)
    for part in np.array_split(some, 23):
        assert (rows.take(part) == values[part]).all()
    assert (rows[5:900] == values[5:900]).all()
    assert (rows[[7, 7, ROWS - 1]] == values[[7, 7, ROWS - 1]]).all()
    assert rows.take(some[:3]).dtype == rows.dtype
    later = rows.part(slice(1000, ROWS - 5))
    assert (later.take(np.array([0, 3000, len(later) - 1])) == values[[1000, 4000, ROWS - 6]]).all()


def test_gathering_gives_the_bits_that_memory_gives(tmp_path):
    values = numbers("uint8")
    rows, order = stored(tmp_path, values), np.random.default_rng(1).permutation(ROWS)[:500]
    for picked in (order, slice(40, 540)):
        ours, theirs = np.empty((2, 500, 3), np.float32)
        gather(rows, picked, 255.0, ours)
        gather(values, picked, 255.0, theirs)
        assert ours.tobytes() == theirs.tobytes()


def test_no_more_than_a_group_of_blocks_is_kept(tmp_path):
    rows = stored(tmp_path, numbers())
    rows.take(np.arange(ROWS))
    assert rows._cache.nbytes == rows.nbytes == GROUP * BLOCK_ROWS * 3 * 4


def test_an_epoch_in_blocks_reads_every_block_once(tmp_path, monkeypatch):
    rows, read = stored(tmp_path, numbers()), []
    whole = DiskRows._read
    monkeypatch.setattr(DiskRows, "_read", lambda self, a, b: read.append(a) or whole(self, a, b))
    order = epoch_order("blocks", ROWS, seed=0, epoch=1)
    for start in range(0, ROWS, 100):
        rows.take(order[start : start + 100])
    assert sorted(read) == list(range(0, ROWS, BLOCK_ROWS))


@pytest.mark.parametrize("rows", [1, 255, 256, 257, GROUP * BLOCK_ROWS, ROWS])
def test_every_row_comes_once_an_epoch(rows):
    order = BlockOrder(rows, seed=3, epoch=2)
    assert sorted(order[:].tolist()) == list(range(rows))
    pieces = [order[start : start + 100] for start in range(0, rows, 100)]
    assert np.concatenate(pieces).tolist() == order[:].tolist()
    assert len(order[rows:]) == 0


def test_orders_differ_between_epochs_and_seeds_and_are_shuffled():
    first = BlockOrder(ROWS, seed=0, epoch=1)[:]
    assert not np.array_equal(first, BlockOrder(ROWS, seed=0, epoch=2)[:])
    assert not np.array_equal(first, BlockOrder(ROWS, seed=1, epoch=1)[:])
    assert abs(np.corrcoef(first[: GROUP * BLOCK_ROWS], np.arange(GROUP * BLOCK_ROWS))[0, 1]) < 0.3
    assert len(np.unique(first[:100] // BLOCK_ROWS)) > 20


def test_a_file_that_became_shorter_is_named(tmp_path):
    rows = stored(tmp_path, numbers())
    with (tmp_path / "rows.npy").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(MachineError, match=r"rows.npy: is shorter than when the run began"):
        rows.take(np.array([ROWS - 1]))
    (tmp_path / "rows.npy").unlink()
    with pytest.raises(MachineError, match=r"rows.npy: cannot be read: No such file"):
        rows.take(np.array([4000]))


def test_what_is_not_finite_is_named_where_it_is_read(tmp_path):
    values = numbers()
    values[700, 1] = np.nan
    rows = stored(tmp_path, values)
    with pytest.raises(
        DataError, match=r"from row 512: 1 of 768 values are not finite, first nan in row 188"
    ):
        rows.take(np.array([513]))


def source(tmp_path: Path, **keys):
    whole = {"source": "npy", "path": str(tmp_path / "x.npy"), "y": str(tmp_path / "y.npy"), **keys}
    return load(TypeAdapter(DataSpec).validate_python(whole))


def test_the_npy_source_in_memory_and_on_disk(tmp_path):
    x, y = numbers("uint8", 3000).reshape(3000, 3, 1), np.arange(3000) % 4
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    inside = source(tmp_path, scale=255, validation=100, test=0.1)
    outside = source(tmp_path, scale=255, validation=100, test=0.1, in_memory="1 KiB")
    assert (inside.on_disk, outside.on_disk) == (False, True)
    assert inside.fingerprint == outside.fingerprint
    assert outside.classes == ("0", "1", "2", "3")
    assert outside.image_shape == (3, 1)
    for name, split in inside.splits.items():
        assert (outside.splits[name].x[:] == split.x).all(), name
        assert (outside.splits[name].y == split.y).all()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"validation": 10, "validation_from": "random", "in_memory": 0}, "data.validation_from: is random, but rows"),
        ({"x_test": "x.npy"}, "data.y_test: is missing: inputs and targets go together"),
        ({"y": "short.npy"}, "x.npy: has 3000 rows, but "),
        ({"path": "cut.npy"}, "cut.npy: expected 9128 bytes for shape (3000, 3), found 5000"),
        ({"path": "no.npy"}, "no.npy: is not an .npy file, or a damaged one"),
        ({"path": "fortran.npy", "in_memory": 10}, "fortran.npy: lies column by column"),
        ({"path": "nowhere.npy"}, "data.path: there is no file or folder"),
        ({"y": "nowhere.npy"}, "data.y: there is no file or folder"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path, keys, message):
    values = numbers("uint8", 3000)
    np.save(tmp_path / "x.npy", values)
    np.save(tmp_path / "y.npy", np.arange(3000) % 4)
    np.save(tmp_path / "short.npy", np.arange(30) % 4)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(values))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:5000])
    (tmp_path / "no.npy").write_bytes(b"hello")
    paths = {k: str(tmp_path / v) for k, v in keys.items() if str(v).endswith(".npy")}
    with pytest.raises(NncliError) as caught:
        source(tmp_path, **keys | paths)
    assert caught.value.exit_code == 2
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def idx(values: np.ndarray) -> bytes:
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()


def test_idx_files_stay_on_disk_too(tmp_path):
    x = numbers("uint8", 3000).reshape(3000, 3, 1)
    (tmp_path / "x").write_bytes(idx(x))
    (tmp_path / "y").write_bytes(idx((np.arange(3000) % 4).astype(np.uint8)))
    keys = {
        "source": "idx",
        "path": str(tmp_path),
        "x": "x",
        "y": "y",
        "x_test": None,
        "y_test": None,
    }
    inside, outside = (
        load(TypeAdapter(DataSpec).validate_python(keys | more))
        for more in ({}, {"in_memory": 100})
    )
    assert outside.on_disk
    assert inside.fingerprint == outside.fingerprint
    assert (outside.splits["train"].x[:] == inside.splits["train"].x).all()
