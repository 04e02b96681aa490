"""The records of a run as TensorBoard reads them: an event file beside them, a function of the records alone.

The format is so small that no package stands between: TFRecords (length, its checksum, data, its checksum) of Event
messages with one Summary each. So a record is one append, and what a resumed run has cut, the file is cut by too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from nncli import files
from nncli.filetypes import kind
from nncli.preparation import Experiment
from nncli.runs import rundir
from nncli.training.loop import Progress
from nncli.training.state import State
from nncli.training.trainer import Record

FOLDER, NAME = "tensorboard", "events.out.tfevents.0.nncli"
MOST_BYTES = 4 << 30
"""Of its file, as of the records that it repeats."""
LARGEST = float(np.finfo(np.float32).max)
SPLITS = ("train_", "validation_", "test_", "average_")


class Events:
    """A watcher that writes the event file of a run: where it is `wanted`, or there is one from before."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self._path: Path | None = None
        self._time = 0.0

    def started(
        self, experiment: Experiment, path: Path, state: State, records: Sequence[Record]
    ) -> None:
        """The file as far as the records go; where it goes further, it is cut, for whoever has it open."""
        if self._wanted or (path / FOLDER).is_dir():
            self.begin(path, records)

    def begin(self, path: Path, records: Sequence[Record]) -> None:
        """The file of the run in `path` with these records in it."""
        folder = path / FOLDER
        self._path = folder / NAME
        self._time = datetime.fromisoformat(rundir.open_run(path)["started"]).timestamp()
        data = framed(event(self._time, version="brain.Event:2"))
        data += b"".join(map(self._event, records))
        files.make_inner_folder(folder)
        if kind(self._path) and files.read(self._path, MOST_BYTES).startswith(data):
            files.truncate(self._path, len(data))
        else:
            files.replace(self._path, data)

    def progress(self, progress: Progress) -> None:
        """Nothing: only records are kept."""

    def recorded(self, record: Record) -> None:
        """Add a record's scalars."""
        if self._path:
            files.append(self._path, self._event(record))

    def _event(self, record: Record) -> bytes:
        """A record's scalars at its epoch; its time is that of the start and of the training since."""
        self._time += record["seconds"]
        return framed(event(self._time, int(record["epoch"]), scalars(record)))


def write(path: Path) -> None:
    """The event file of a run as it stands; nothing where it was not begun."""
    if (path / rundir.RUN).is_file():
        Events(wanted=True).begin(path, rundir.read_records(path))


def scalars(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """`test_accuracy` as `accuracy/test`, so that the splits of a figure stand together; what is no finite float32 is
    left out."""
    for key, value in record.items():
        if key == "epoch" or value is None or not abs(value) <= LARGEST:
            continue
        split, _, kind = key.partition("_")
        if f"{split}_" not in SPLITS:
            yield key, value
        elif split == "average":
            inner, _, kind = kind.partition("_")
            yield f"{kind}/average_{inner}", value
        else:
            yield f"{kind}/{split}", value


def event(
    time: float, step: int = 0, values: Iterable[tuple[str, float]] = (), version: str = ""
) -> bytes:
    """A tensorflow.Event: 1 wall_time, 2 step, 3 file_version, 5 summary {1 value {1 tag, 2 simple_value}}."""
    message = b"\x09" + struct.pack("<d", time) + b"\x10" + _varint(step)
    if version:
        return message + _bytes(3, version.encode())
    told = b"".join(
        _bytes(1, _bytes(1, tag.encode()) + b"\x15" + struct.pack("<f", value))
        for tag, value in values
    )
    return message + _bytes(5, told)


def framed(data: bytes) -> bytes:
    """A TFRecord: uint64 length, masked CRC of it, the data, masked CRC of them."""
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _bytes(field: int, data: bytes) -> bytes:
    return bytes([field << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Seven bits a byte, the low ones first."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _of_byte(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value


_CRC = [_of_byte(value) for value in range(256)]


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC-32 (RFC 3720)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked_crc(data: bytes) -> bytes:
    """Turned and shifted by a constant, since a CRC of data that hold CRCs is a weak one."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
