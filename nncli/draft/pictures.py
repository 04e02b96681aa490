"""A spec for a folder of pictures, in one folder per class; perhaps apart for training, validation and test."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from nncli.data.encoding import ImageLook
from nncli.data.files import shown
from nncli.draft.found import Found
from nncli.draft.page import pair
from nncli.draft.recipe import keep_back
from nncli.errors import DataError, UsageError
from nncli.words import plural

ENDINGS = (".png", ".jpg", ".jpeg")
PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
"""Split -> names of the folder that holds it."""
LONGEST = 32
"""Pixels of the longer side that pictures are scaled to: a dense network makes little of more."""
MEASURED = 200
LOOKED_AT = 24
"""Pictures whose size is read, and those that are decoded to see whether they have colors."""
COLORED = 12
"""A difference between red, green and blue that is no noise."""


def found_in_pictures(folder: Path, written: str, targets: Sequence[str]) -> Found:
    """What a folder of pictures asks for. UsageError without Pillow, DataError where there are no two classes."""
    from nncli.data.pictures import require_pillow

    if targets:
        raise UsageError("--target is for tables and .npz files; a picture's class is its folder")
    require_pillow()
    parts = _parts(folder)
    pictures = _pictures(parts["train"])
    if len(pictures) < 2:
        raise DataError(
            f"{shown(parts['train'])}: holds pictures of {plural(len(pictures), 'folder')}; "
            "one folder for each of two or more classes is expected"
        )
    paths = [path for group in pictures.values() for path in group]
    counts = {name: len(group) for name, group in pictures.items()}
    sizes = [size for path in _some(paths, MEASURED) for size in _size(path)]
    size, grayscale = _scaled(sizes), not _has_colors(_some(paths, LOOKED_AT))
    own = {key: path for key, path in parts.items() if key != "train"}
    kept = keep_back(
        len(paths), counts, test="test" not in own, validation="validation" not in own, implied=True
    )
    below = Path(written)
    lines = [
        pair("source", "images"),
        pair("path", (below / parts["train"].relative_to(folder)).as_posix(), _listed(counts)),
        *(
            pair(key, (below / path.name).as_posix(), "its own pictures")
            for key, path in own.items()
        ),
        pair("size", size, f"height and width that pictures are scaled to; {_range(sizes)}"),
        pair("grayscale", grayscale, "no colors found" if grayscale else "they have colors"),
        *kept.lines,
    ]
    what = f"{plural(len(paths), 'picture')} in {len(counts)} classes: {_listed(counts)}"
    inputs = size[0] * size[1] * (1 if grayscale else 3)
    facts = {"pictures": what, "size": f"{_range(sizes)}; scaled to {size[0]} x {size[1]}"}
    return Found(what, tuple(lines), kept, inputs, "classes", counts, len(counts), facts)


def _parts(folder: Path) -> dict[str, Path]:
    """Split -> its folder; the whole folder is for training where no folder in it is called so."""
    folders = {path.name.lower(): path for path in _entries(folder) if path.is_dir()}
    named = {
        split: folders[name] for split, names in PARTS.items() for name in names if name in folders
    }
    return named if "train" in named else {"train": folder}


def _pictures(folder: Path) -> dict[str, list[Path]]:
    """Class -> its pictures, of classes that have some."""
    found: dict[str, list[Path]] = {}
    for path in _entries(folder):
        if path.is_dir():
            pictures = [p for p in _entries(path) if p.suffix.lower() in ENDINGS and p.is_file()]
            found |= {path.name: pictures} if pictures else {}
    return found


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _some(paths: Sequence[Path], most: int) -> Sequence[Path]:
    """Evenly spaced ones."""
    return paths[:: max(1, -(-len(paths) // most))]


def _size(path: Path) -> Iterator[tuple[int, int]]:
    """Height and width, from the header; nothing of a picture that cannot be read, which reading all will name."""
    from PIL import Image

    from nncli.data.pictures import DAMAGE

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as picture:
            yield picture.height, picture.width
    except (*DAMAGE, Image.DecompressionBombError):
        return


def _scaled(sizes: Sequence[tuple[int, int]]) -> list[int]:
    """The usual height and width, made smaller where the longer side is too long."""
    if not sizes:
        return [LONGEST, LONGEST]
    height, width = (median(size[side] for size in sizes) for side in (0, 1))
    shrink = min(1.0, LONGEST / max(height, width))
    return [max(1, round(height * shrink)), max(1, round(width * shrink))]


def _range(sizes: Sequence[tuple[int, int]]) -> str:
    """What sizes there are: "all are 28 x 28", "from 100 x 80 to 640 x 480"."""
    if not sizes:
        return "none could be read"
    low, high = min(sizes), max(sizes)
    if low == high:
        return f"they are {low[0]} x {low[1]}"
    return f"they are {low[0]} x {low[1]} to {high[0]} x {high[1]}"


def _has_colors(paths: Sequence[Path]) -> bool:
    """Whether some picture is more than gray."""
    from nncli.data.pictures import read_picture

    look = ImageLook(height=LONGEST, width=LONGEST, channels=3)
    for path in paths:
        try:
            pixels = read_picture(path, look).astype(int)
        except DataError:
            continue
        if (pixels.max(axis=2) - pixels.min(axis=2)).max() > COLORED:
            return True
    return False


def _listed(counts: Mapping[str, int]) -> str:
    few = [f"{shown(name, 20)} ({count:,})" for name, count in list(counts.items())[:5]]
    return ", ".join(few) + (", ..." if len(counts) > 5 else "")
