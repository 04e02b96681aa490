"""A folder of pictures per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from nncli.data.sources import load
from nncli.errors import NncliError
from nncli.spec.sources import DataSpec

Image = pytest.importorskip("PIL.Image")


def save(path: Path, pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve dark and twelve light pictures of 10 x 8 pixels."""
    rng = np.random.default_rng(0)
    for number in range(12):
        for name, low in (("dark", 0), ("light", 150)):
            save(tmp_path / "all" / name / f"{number}.png", low + rng.integers(0, 100, (10, 8)))
    return tmp_path / "all"


def read(folder: Path, **keys):
    whole = {"source": "images", "path": str(folder), "size": [10, 8], "test": 0.25, **keys}
    return load(TypeAdapter(DataSpec).validate_python(whole))


def test_pictures_become_rows_of_bytes_and_folders_classes(folder):
    dataset = read(folder, test=0)
    train = dataset.splits["train"]
    assert (train.x.shape, train.x.dtype) == ((24, 80), np.uint8)
    assert dataset.classes == ("dark", "light")
    assert train.y.tolist() == [0] * 12 + [1] * 12
    assert (dataset.image_shape, dataset.channels, dataset.scale) == ((10, 8), 1, 255.0)
    first = np.asarray(Image.open(folder / "dark/0.png"))
    assert (train.x[0].reshape(10, 8) == first).all()
    assert dataset.preprocessing.image.dark is False


def test_test_rows_are_stratified_unless_told_otherwise(folder):
    assert np.bincount(read(folder).splits["test"].y).tolist() == [3, 3]
    assert read(folder, test_from="last").splits["test"].y.tolist() == [1] * 6


def test_colors(folder):
    dataset = read(folder, grayscale=False, test=0)
    assert dataset.channels == 3
    assert dataset.splits["train"].x.shape == (24, 240)


def test_test_pictures_of_their_own(folder, tmp_path):
    save(tmp_path / "later/light/a.jpg", np.full((20, 16), 200))
    dataset = read(folder, test=str(tmp_path / "later"))
    assert dataset.splits["test"].y.tolist() == [1]
    assert len(dataset.splits["train"]) == 24


def test_what_systems_leave_is_passed_over_and_other_files_are_counted(folder):
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "dark" / "Thumbs.db").write_bytes(b"x")
    before = read(folder)
    assert before.notes == ()
    (folder / "dark" / "notes.txt").write_text("x")
    (folder / "README").write_text("x")
    after = read(folder)
    assert after.notes == ("data.path: 2 files that are no pictures are left out",)
    assert after.fingerprint == before.fingerprint


def test_the_fingerprint_is_of_names_and_bytes(folder):
    before = read(folder).fingerprint
    (folder / "dark/0.png").rename(folder / "dark/00.png")
    assert read(folder).fingerprint != before
    (folder / "dark/00.png").rename(folder / "dark/0.png")
    assert read(folder).fingerprint == before
    save(folder / "dark/0.png", np.zeros((10, 8)))
    assert read(folder).fingerprint != before


def only_one_class(folder: Path) -> None:
    for path in (folder / "light").iterdir():
        path.unlink()
    (folder / "light").rmdir()


def no_classes(folder: Path) -> None:
    only_one_class(folder)
    (folder / "dark").rename(folder.parent / "elsewhere")


REFUSED = [
    (only_one_class, "all: holds one folder per class, and at least two; there is only dark"),
    (no_classes, "all: holds one folder per class, and at least two; there is none"),
    (lambda f: (f / "empty").mkdir(), "all: the folder empty holds no PNG or JPEG pictures"),
    (lambda f: (f / "dark/0.png").write_bytes(b"no"), "dark/0.png: is not a PNG or JPEG picture: it starts with `no`"),
    (lambda f: (f / "dark/loop.png").symlink_to("loop.png"), None),
    (lambda f: (f / "circle").symlink_to(f), "all: the folder circle holds no PNG or JPEG pictures"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "message"), REFUSED)
def test_what_is_refused_is_named_in_one_line(folder, damage, message):
    damage(folder)
    if message is None:
        assert len(read(folder, test=0).splits["train"]) == 24
        return
    with pytest.raises(NncliError) as caught:
        read(folder)
    assert caught.value.exit_code == 2
    assert str(caught.value).endswith(message)


def test_a_class_that_training_never_saw_is_named(folder, tmp_path):
    save(tmp_path / "later/gray/a.png", np.full((20, 16), 100))
    with pytest.raises(NncliError, match=r"later: has the class gray, which .*all has not"):
        read(folder, test=str(tmp_path / "later"))


def test_a_file_instead_of_a_folder(folder):
    with pytest.raises(NncliError, match=r"0.png: is a file; a folder with one folder per class"):
        read(folder / "dark/0.png")


def test_more_than_fits_is_refused_before_anything_is_read(folder, monkeypatch):
    monkeypatch.setattr("nncli.data.images.usable_memory", lambda: 1000)
    monkeypatch.setattr("nncli.data.images.read_picture", None)
    with pytest.raises(NncliError, match="24 pictures of 10 x 8 take 2 KB of memory"):
        read(folder)
