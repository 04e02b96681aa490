"""What kind of data lies somewhere, told by the content first and by the name where that says more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nncli.data.files import shown
from nncli.data.idx import is_idx
from nncli.errors import DataError, UsageError

Kind = Literal["csv", "idx", "npz", "images"]

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")
PICTURES = (".png", ".jpg", ".jpeg")
ADVICE = {
    ".npy": "is one array. Put inputs and targets into one file: numpy.savez('data.npz', x=x, y=y)",
    ".xlsx": "is a spreadsheet. Save the table as CSV in UTF-8",
    ".xls": "is a spreadsheet. Save the table as CSV in UTF-8",
    ".ods": "is a spreadsheet. Save the table as CSV in UTF-8",
    ".parquet": "is Parquet. Save the table as CSV in UTF-8",
    ".zip": "is a zip archive. Unpack it first",
    ".tar": "is an archive. Unpack it first",
    ".pkl": "is a pickle, which may run anything. Save arrays with numpy.savez, or a table as CSV",
    ".yaml": "is a spec, it seems. Train it: nncli train",
}
"""Endings of what is not read as it is."""


@dataclass(frozen=True)
class Place:
    """Data on disk."""

    path: Path
    """The file, or the folder."""
    kind: Kind

    @property
    def stem(self) -> str:
        """What a spec for them is called."""
        name = self.path.name or self.path.resolve().name or "data"
        for ending in (*TABLES, ".npz", ".gz"):
            name = name.removesuffix(ending) or name
        return name


def place(path: Path) -> Place:
    """What lies there. UsageError or DataError for what no spec can be written for."""
    if not path.exists():
        raise UsageError(f"{shown(path)}: there is no file or folder of that name")
    return _folder(path) if path.is_dir() else _file(path)


def _file(path: Path) -> Place:
    name = path.name.lower()
    if name.endswith(TABLES):
        return Place(path, "csv")
    if name.endswith(".npz"):
        return Place(path, "npz")
    for ending, advice in ADVICE.items():
        if name.endswith(ending):
            raise DataError(f"{shown(path)}: {advice}")
    if name.endswith(PICTURES):
        raise DataError(
            f"{shown(path)}: is one picture. Name the folder that holds a folder of pictures for each class"
        )
    return Place(path.parent, "idx") if is_idx(path) else Place(path, "csv")


def _folder(path: Path) -> Place:
    """IDX files, or folders of pictures; else the one file in it that can be."""
    files = sorted(entry for entry in path.iterdir() if not entry.name.startswith("."))
    if any(_looks_like_idx(entry) for entry in files):
        return Place(path, "idx")
    if any(entry.is_dir() and _holds_pictures(entry) for entry in files):
        return Place(path, "images")
    tables = [entry for entry in files if entry.name.lower().endswith((*TABLES[:4], ".npz"))]
    if len(tables) == 1:
        raise UsageError(f"{shown(path)}: is a folder. Name the file in it: {shown(tables[0])}")
    if tables:
        names = ", ".join(shown(entry.name, 40) for entry in tables[:8])
        raise UsageError(f"{shown(path)}: is a folder. Name one of the files in it: {names}")
    raise DataError(
        f"{shown(path)}: holds no data that nncli reads: a CSV or .npz file, IDX files, or a folder of PNG or JPEG "
        "pictures for each class"
    )


def _looks_like_idx(path: Path) -> bool:
    name = path.name.lower()
    named = name.removesuffix(".gz").endswith(("ubyte", ".idx")) or "idx" in name
    return path.is_file() and named and is_idx(path)


def _holds_pictures(folder: Path) -> bool:
    """Pictures, or folders of them: train/ and test/."""
    for entry in folder.iterdir():
        if entry.name.lower().endswith(PICTURES):
            return True
        if entry.is_dir() and any(e.name.lower().endswith(PICTURES) for e in entry.iterdir()):
            return True
    return False
