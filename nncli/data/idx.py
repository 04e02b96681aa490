"""IDX files: 0 0 type rank, `rank` big-endian 32-bit dimensions, then the values.

The format is described at the end of http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nncli.data.arrays import class_numbers, with_all_classes
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.disk import DiskRows
from nncli.data.files import Content, content, fill, find, shown, size_of_file
from nncli.data.fingerprint import combine, digest, digest_file
from nncli.errors import DataError, Problem, SpecError
from nncli.network.params import Array
from nncli.spec.sources import Idx

MOST_DIMENSIONS = 8
"""An array of more than this is no data for a dense network."""
TYPES = {
    0x08: "uint8",
    0x09: "int8",
    0x0B: "int16",
    0x0C: "int32",
    0x0D: "float32",
    0x0E: "float64",
}


@dataclass(frozen=True)
class IdxFile:
    """What one file holds."""

    path: Path
    values: Array
    """uint8, of the dimensions the header declares."""
    fingerprint: Fingerprint
    """Of all uncompressed bytes, the header included."""


def load_idx(source: Idx) -> Dataset:
    """The files of a folder; the test set where its files are there."""
    folder = Path(source.path)
    if not folder.is_dir():
        raise SpecError(
            [Problem(("data", "path"), f"{shown(folder)} is not a folder of IDX files")]
        )
    train = _required(folder, "x", source.x), _required(folder, "y", source.y)
    test = _test_files(folder, source)
    images = [pair[0] for pair in (train, test) if pair]
    if sum(size_of_file(path) for path in images) > source.in_memory:
        return _on_disk({"train": train} | ({"test": test} if test else {}), source)
    return dataset(train, test, source.scale, str(folder))


def _on_disk(files: dict[str, tuple[Path, Path]], source: Idx) -> Dataset:
    """Images stay in their files, and labels are read. The fingerprint is that of the files in memory, sampled."""
    splits, digests, shapes = {}, [], []
    for name, (x, y) in files.items():
        shapes.append(_rows_on_disk(x))
        labels = read_idx(y)
        rows = DiskRows(x, 4 + 4 * len(shapes[-1]), np.dtype(np.uint8), _flat(shapes[-1]))
        _check_pair(len(rows), labels, x)
        splits[name] = Split(rows, labels.values)  # type: ignore[arg-type]
        digests += [digest_file(x), labels.fingerprint]
    _check_shapes(shapes, [x for x, _ in files.values()])
    splits, classes = _by_class(splits)
    shape = shapes[0]
    return Dataset(
        splits=splits,
        classes=classes,
        fingerprint=combine(digests),
        scale=source.scale,
        image_shape=(shape[1], shape[2]) if len(shape) == 3 else None,
        origin=source.path,
    )


def _flat(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[0], math.prod(shape[1:])


def _rows_on_disk(path: Path) -> tuple[int, ...]:
    """The dimensions of a file of images whose size is as it declares. DataError for any other."""
    with content(path) as source:
        if source.gzipped:
            raise DataError(
                f"{shown(path)}: is too large to be unpacked in memory (data.in_memory). Unpack it with gunzip first"
            )
        header, dimensions = read_header(source)
        if len(dimensions) < 2 or 0 in dimensions:
            raise DataError(f"{shown(path)}: holds no images (dimensions {dimensions})")
        source.check_size(len(header) + math.prod(dimensions))
    return dimensions


def dataset(
    train: tuple[Path, Path], test: tuple[Path, Path] | None, scale: float, origin: str
) -> Dataset:
    """Images and labels, given as pairs of files. The fingerprint is over the files' digests in order."""
    files = {"train": tuple(map(read_idx, train))}
    if test is not None:
        files["test"] = tuple(map(read_idx, test))
    return from_files(files, scale, origin)


def from_files(files: dict[str, tuple[IdxFile, ...]], scale: float, origin: str) -> Dataset:
    """The dataset of files that are read already: split name -> (images, labels)."""
    splits, classes = _by_class({name: paired(x, y) for name, (x, y) in files.items()})
    _check_shapes([x.values.shape for x, _ in files.values()], [x.path for x, _ in files.values()])
    shape = files["train"][0].values.shape
    return Dataset(
        splits=splits,
        classes=classes,
        fingerprint=combine([file.fingerprint for pair in files.values() for file in pair]),
        scale=scale,
        image_shape=(shape[1], shape[2]) if len(shape) == 3 else None,
        origin=origin,
    )


def paired(x: IdxFile, y: IdxFile) -> Split:
    """Inputs as (rows, features) and labels as they are. DataError unless both have the same length."""
    if x.values.ndim < 2:
        raise DataError(
            f"{shown(x.path)}: has {x.values.ndim} dimensions, expected two or more (images)"
        )
    _check_pair(len(x.values), y, x.path)
    return Split(x.values.reshape(len(x.values), -1), y.values)


def _by_class(splits: Mapping[str, Split]) -> tuple[dict[str, Split], tuple[str, ...] | None]:
    """Splits whose labels are places among the classes, and these by name."""
    wanted = with_all_classes({name: class_numbers(s.y, "") for name, s in splits.items()})
    numbered = {name: replace(split, y=wanted[name].y) for name, split in splits.items()}
    return numbered, wanted["train"].class_names


def _check_pair(images: int, y: IdxFile, path: Path) -> None:
    if y.values.ndim != 1:
        raise DataError(f"{shown(y.path)}: has {y.values.ndim} dimensions, expected one (labels)")
    if images != len(y.values):
        raise DataError(
            f"{shown(path)}: holds {images} images, but {shown(y.path)} {len(y.values)} labels"
        )


def read_idx(path: Path) -> IdxFile:
    """One file. DataError for anything but exactly what its header declares; nothing large is allocated before."""
    with content(path) as source:
        header, dimensions = read_header(source)
        if 0 in dimensions:  # the others could be any numbers, as far as the size of the file goes
            raise DataError(f"{shown(path)}: holds no values (dimensions {dimensions})")
        total = len(header) + math.prod(dimensions)
        source.check_size(total)
        data = np.empty(total, np.uint8)
        data[: len(header)] = np.frombuffer(header, np.uint8)
        found = len(header) + fill(source.stream, data[len(header) :].data)
        if found < total:
            raise DataError(f"{shown(path)}: truncated: expected {total} bytes, found {found}")
        source.check_end()
    return IdxFile(path, data[len(header) :].reshape(dimensions), digest(data))


def is_idx(path: Path) -> bool:
    """Whether a file begins as IDX files do. DataError where it is gzipped, and damaged."""
    with content(path) as source:
        start = source.take(4)
    return len(start) == 4 and start[:2] == b"\0\0" and start[2] in TYPES and start[3] > 0


def dimensions_of(path: Path) -> tuple[int, ...]:
    """What the header of a file declares. DataError where it is none."""
    with content(path) as source:
        return read_header(source)[1]


def read_header(source: Content) -> tuple[bytes, tuple[int, ...]]:
    """The first bytes of a file, and the dimensions that they declare. DataError where they are none of an IDX file."""
    start = source.take(4)
    _check_magic(source, start)
    rest = source.take(4 * start[3])
    if len(rest) < 4 * start[3]:
        found = len(start) + len(rest)
        raise DataError(
            f"{shown(source.path)}: truncated: expected a header of {4 + 4 * start[3]} bytes, found {found}"
        )
    return start + rest, struct.unpack(f">{start[3]}I", rest)


def _check_magic(source: Content, start: bytes) -> None:
    path = shown(source.path)
    if len(start) < 4:
        raise DataError(f"{path}: truncated: expected an IDX header, found {len(start)} bytes")
    if start[:2] != b"\0\0" or start[2] not in TYPES or not start[3]:
        unpacked_gz = source.path.suffix == ".gz" and not source.gzipped
        kind = "a gzip file" if unpacked_gz else "an IDX file"
        beginning = shown((start + source.take(5)).decode("latin-1"))
        raise DataError(f"{path}: is not {kind}: it starts with `{beginning}`")
    if start[3] > MOST_DIMENSIONS:
        raise DataError(
            f"{path}: declares {start[3]} dimensions; at most {MOST_DIMENSIONS} are read"
        )
    if TYPES[start[2]] != "uint8":
        raise DataError(f"{path}: holds {TYPES[start[2]]} values; only uint8 is read")


def _check_shapes(shapes: Sequence[tuple[int, ...]], paths: Sequence[Path]) -> None:
    """Raise DataError where samples of one file are of another shape than those of the first."""
    for shape, path in zip(shapes, paths, strict=True):
        if shape[1:] != shapes[0][1:]:
            raise DataError(
                f"{shown(path)}: a sample is {shape[1:]}, but {shapes[0][1:]} in {shown(paths[0])}"
            )


def _required(folder: Path, key: str, name: str) -> Path:
    path = find(folder, name)
    if path is None:
        message = f"there is no {shown(name, 60)} in {shown(folder)}, with or without .gz"
        raise SpecError([Problem(("data", key), message)])
    return path


def _test_files(folder: Path, source: Idx) -> tuple[Path, Path] | None:
    """Both or none: files under the default names may be absent, files that are asked for may not."""
    names = {"x_test": source.x_test, "y_test": source.y_test}
    if source.x_test is None and source.y_test is None:
        return None
    for key, name in names.items():
        if name is None:
            raise SpecError([Problem(("data", key), "is null; x_test and y_test come together")])
    # compared with the default, not with what was written: a run's spec.yaml writes everything
    default = all(name == Idx.model_fields[key].default for key, name in names.items())
    if default and not any(find(folder, str(name)) for name in names.values()):
        return None
    x, y = (_required(folder, key, str(name)) for key, name in names.items())
    return x, y
