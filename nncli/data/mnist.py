"""MNIST: from a folder, the book's pickle, $NNCLI_DATA/mnist, the cache, or a mirror."""

from __future__ import annotations

import os
from pathlib import Path

from nncli import files
from nncli.data.book_pickle import load_book_pickle
from nncli.data.dataset import Dataset
from nncli.data.download import fetch
from nncli.data.files import find, shown
from nncli.data.idx import IdxFile, from_files, read_idx
from nncli.data.progress import Progress
from nncli.errors import DataError, MachineError
from nncli.spec.sources import Mnist

DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of the uncompressed files: the compressed ones differ from mirror to mirror."""

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

HINT = "; `source: idx` reads other IDX files"


def load_mnist(source: Mnist, on_progress: Progress | None = None) -> Dataset:
    """From `path` if given; otherwise from the first place that has it."""
    if source.path is not None:
        path = Path(source.path)
        return from_folder(path) if path.is_dir() else load_book_pickle(path)
    shared = os.environ.get("NNCLI_DATA")
    if shared and not _missing(Path(shared) / "mnist"):
        return from_folder(Path(shared) / "mnist")
    return _from_cache(on_progress)


def cache_folder() -> Path:
    """Where downloads are kept: `nncli/mnist` in the user's cache."""
    import pooch  # only here: a run whose data lie on disk has no use for it

    return Path(pooch.os_cache("nncli")) / "mnist"


def fetch_mnist(on_progress: Progress | None = None) -> Path:
    """The folder in the cache that holds the four files, fetched where they are missing or damaged."""
    _from_cache(on_progress)
    return cache_folder()


def from_folder(folder: Path) -> Dataset:
    """The four files. DataError where one is missing or is not MNIST's."""
    missing = _missing(folder)
    if missing:
        raise DataError(f"{shown(folder)}: there is no {', '.join(missing)}, with or without .gz")
    train_x, train_y, test_x, test_y = (
        read_checked(find(folder, name) or folder / name, name, HINT) for name in DIGESTS
    )
    return from_files({"train": (train_x, train_y), "test": (test_x, test_y)}, 255.0, str(folder))


def read_checked(path: Path, name: str, hint: str = "") -> IdxFile:
    """One file. DataError, with the hint, unless its uncompressed bytes are those of MNIST's file `name`."""
    file = read_idx(path)
    if file.fingerprint.sha256 != DIGESTS[name]:
        raise DataError(
            f"{shown(path)}: is not MNIST's {name}: expected SHA-256 {DIGESTS[name]}, "
            f"found {file.fingerprint.sha256}{hint}"
        )
    return file


def _missing(folder: Path) -> list[str]:
    return [name for name in DIGESTS if find(folder, name) is None]


def _from_cache(on_progress: Progress | None) -> Dataset:
    folder = cache_folder()
    try:
        return from_folder(folder)
    except DataError:  # missing or damaged: either is mended by fetching
        wanted = {f"{name}.gz": name for name in DIGESTS if not _is_good(folder, name)}
    try:
        fetch(
            list(wanted),
            MIRRORS,
            folder,
            verify=lambda path, file: read_checked(path, wanted[file]),
            on_progress=on_progress,
        )
    except MachineError as error:
        names = ", ".join(f"{name}.gz" for name in DIGESTS)
        raise MachineError(
            f"{error}. Put {names} into {shown(folder)}, or start with `nncli init moons`, "
            "which needs no download"
        ) from error
    return from_folder(folder)


def _is_good(folder: Path, name: str) -> bool:
    path = find(folder, name)
    if path is None:
        return False
    try:
        read_checked(path, name)
    except DataError:
        files.remove(path)  # it would be found before the one that is fetched
        return False
    return True
