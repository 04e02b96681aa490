"""Data shared by trials: the same arrays, mapped, or read anew where they are not to be had."""

from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest
from faulty import Disk, Fails, using
from support import spec_of

from nncli.data.sources import load
from nncli.sweep import sharing

MOONS = {"source": "moons", "samples": 60, "test": 0.25}


def same(dataset, other):
    assert dataset.splits.keys() == other.splits.keys()
    for name, split in dataset.splits.items():
        for mine, its in ((split.x, other.splits[name].x), (split.y, other.splits[name].y)):
            assert mine.dtype == its.dtype
            np.testing.assert_array_equal(mine, its)
    assert replace(dataset, splits={}) == replace(other, splits={})


def is_mapped(dataset):
    return not dataset.splits["train"].x.flags.writeable


@pytest.fixture
def spec():
    return spec_of("2-3-2 tanh softmax", data=MOONS)


def test_what_is_shared_is_what_was_read(spec, tmp_path):
    dataset = load(spec.data)
    with sharing.Offer(spec, dataset).within(tmp_path) as folder:
        shared = sharing.dataset_for(spec, folder)
        same(shared, dataset)
        assert is_mapped(shared)
        assert type(shared.splits["train"].x) is np.ndarray
    assert list(tmp_path.iterdir()) == []


def test_mnist_is_shared_as_it_is(mnist_folder, tmp_path):
    spec = spec_of(
        "784-10 softmax", data={"source": "mnist", "path": str(mnist_folder), "validation": 10000}
    )
    dataset = load(spec.data)
    sharing.share(dataset, tmp_path / "data")
    same(sharing.open_shared(tmp_path / "data"), dataset)


def test_every_seed_has_the_same_rows_and_every_data_seed_others(tmp_path):
    data = {**MOONS, "test_from": "random", "seed": 5}
    first, again = (spec_of("2-3-2 tanh softmax", data=data, seed=seed) for seed in (0, 1))
    other = spec_of("2-3-2 tanh softmax", data={**data, "seed": 6})
    with sharing.Offer(first, load(first.data)).within(tmp_path) as folder:
        for spec, mapped in ((first, True), (again, True), (other, False)):
            seen = sharing.dataset_for(spec, folder)
            same(seen, load(spec.data))
            assert is_mapped(seen) == mapped


def test_other_data_is_read(spec, tmp_path):
    other = spec_of("2-3-2 tanh softmax", data={**MOONS, "samples": 80})
    with sharing.Offer(spec, load(spec.data)).within(tmp_path) as folder:
        same(sharing.dataset_for(other, folder), load(other.data))
        elsewhere = folder.rename(tmp_path / ".data-of-something-else")
        assert not is_mapped(sharing.dataset_for(spec, elsewhere))


def cut(folder: Path) -> None:
    path = folder / "test.x.npy"
    path.write_bytes(path.read_bytes()[:-1])


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def garble(folder: Path) -> None:
    (folder / sharing.DATASET).write_text("[]")


@pytest.mark.parametrize("damage", [cut, empty, garble])
def test_where_shared_data_is_not_whole_it_is_read(spec, tmp_path, damage):
    dataset = load(spec.data)
    with sharing.Offer(spec, dataset).within(tmp_path) as folder:
        damage(folder)
        seen = sharing.dataset_for(spec, folder)
        assert not is_mapped(seen)
        same(seen, dataset)


def test_without_room_nothing_is_shared_and_nothing_left(spec, tmp_path):
    dataset = load(spec.data)
    for number in range(1, 8):
        with (
            using(Disk(Fails(number, ENOSPC))),
            sharing.Offer(spec, dataset).within(tmp_path) as folder,
        ):
            assert folder is None
            assert list(tmp_path.iterdir()) == []


def test_what_a_killed_sweep_has_left_is_removed(tmp_path):
    (tmp_path / ".data-0123").mkdir()
    (tmp_path / ".data-0123" / "train.x.npy").write_bytes(b"x")
    with sharing.Offer().within(tmp_path) as folder:
        assert folder is None
        assert list(tmp_path.iterdir()) == []
