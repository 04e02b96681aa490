"""Folders of pictures, one folder per class (extra `images`), scaled to one size as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.encoding import ImageLook
from nncli.data.files import shown
from nncli.data.pictures import read_picture, require_pillow
from nncli.data.progress import Progress
from nncli.errors import DataError
from nncli.machine import usable_memory
from nncli.spec.sources import Images
from nncli.words import as_text, plural, size

ENDINGS = (".png", ".jpg", ".jpeg")
HIDDEN = ("thumbs.db", "desktop.ini")


def load_images(source: Images, on_progress: Progress | None = None) -> Dataset:
    """The pictures of `path`, and those of folders that `test` and `validation` name.

    Classes are the names of the folders in `path`, sorted. DataError for what is no picture or of no class, UsageError
    without Pillow, OSError where a file cannot be read.
    """
    require_pillow()
    folders = {"train": source.path}
    folders |= {
        key: path for key in ("test", "validation") if isinstance(path := getattr(source, key), str)
    }
    found = {split: _found(Path(folder)) for split, folder in folders.items()}
    classes = tuple(found["train"])
    _check_classes(classes, found, folders)
    height, width = source.size
    look = ImageLook(height=height, width=width, channels=1 if source.grayscale else 3)
    _check_room(found, look, source.path)
    state, skipped = hashlib.sha256(), 0
    splits = {}
    for split, pictures in found.items():
        splits[split] = _read(pictures, classes, look, state, on_progress)
        skipped += sum(1 for _ in _others(Path(folders[split])))
    notes = (f"data.path: {plural(skipped, 'file')} that are no pictures are left out",)
    return Dataset(
        splits=splits,
        classes=classes,
        fingerprint=Fingerprint(state.hexdigest()),
        scale=source.scale,
        image_shape=(height, width),
        channels=look.channels,
        origin=shown(source.path),
        notes=notes if skipped else (),
    )


Pictures = Mapping[str, Sequence[Path]]
"""Class -> its pictures, both in the order of their names."""


def _found(folder: Path) -> Pictures:
    if not folder.is_dir():
        raise DataError(
            f"{shown(folder)}: is a file; a folder with one folder per class is expected"
        )
    return {
        _class_name(path): [one for one in _entries(path) if _is_picture(one)]
        for path in _entries(folder)
        if path.is_dir()
    }


def _class_name(folder: Path) -> str:
    """What a folder is called: in UTF-8, whatever the locale. DataError where it is something else."""
    try:
        return folder.name.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError as error:
        raise DataError(
            f"{shown(as_text(str(folder)))}: the folder of a class has a name that is not UTF-8. Rename it"
        ) from error


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, by name; nothing that systems leave there."""
    names = (path for path in folder.iterdir() if path.name.lower() not in HIDDEN)
    return sorted(path for path in names if not path.name.startswith("."))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and path.is_file()


def _others(folder: Path) -> Iterator[Path]:
    """Files that are no pictures, in the folder and in those of its classes."""
    for path in _entries(folder):
        inside = _entries(path) if path.is_dir() else [path]
        yield from (one for one in inside if not (path.is_dir() and _is_picture(one)))


def _check_classes(
    classes: Sequence[str], found: Mapping[str, Pictures], folders: Mapping[str, str]
) -> None:
    """Raise DataError where there are no two classes, one is empty, or another split has one more."""
    where = shown(folders["train"])
    if len(classes) < 2:
        have = f"only {shown(classes[0], 60)}" if classes else "none"
        raise DataError(f"{where}: holds one folder per class, and at least two; there is {have}")
    for name, pictures in found["train"].items():
        if not pictures:
            raise DataError(f"{where}: the folder {shown(name, 60)} holds no PNG or JPEG pictures")
    for split, own in found.items():
        for name in own:
            if name not in classes:
                raise DataError(
                    f"{shown(folders[split])}: has the class {shown(name, 60)}, which {where} has not"
                )
        if not any(own.values()):
            raise DataError(
                f"{shown(folders[split])}: holds no PNG or JPEG pictures in folders of classes"
            )


def _check_room(found: Mapping[str, Pictures], look: ImageLook, path: str) -> None:
    count = sum(len(paths) for pictures in found.values() for paths in pictures.values())
    needed = count * look.height * look.width * look.channels
    if needed > usable_memory():
        raise DataError(
            f"{shown(path)}: {count:,} pictures of {look.height} x {look.width} take {size(needed)} of memory; "
            f"there is room for {size(usable_memory())}. Make data.size smaller"
        )


def _read(
    pictures: Pictures,
    classes: Sequence[str],
    look: ImageLook,
    state: hashlib._Hash,
    on_progress: Progress | None,
) -> Split:
    """Every picture as a row of bytes; names and bytes of the files go into `state`."""
    paths = [path for name in classes for path in pictures.get(name, ())]
    taken, total = 0, sum(path.stat().st_size for path in paths)
    x = np.empty((len(paths), look.height * look.width * look.channels), np.uint8)
    for row, path in enumerate(paths):
        data = path.read_bytes()
        name = f"{path.parent.name}/{path.name}".encode(errors="surrogateescape")
        state.update(f"{len(name)} {len(data)} ".encode() + name + data)
        x[row] = read_picture(data, look, str(path)).reshape(-1)
        taken += len(data)
        if on_progress is not None:
            on_progress(f"reading {plural(len(paths), 'picture')}", taken, total)
    counts = [len(pictures.get(name, ())) for name in classes]
    return Split(x, np.repeat(np.arange(len(classes)), counts).astype(np.int64))
