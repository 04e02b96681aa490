"""Small helpers around files, and fingerprints."""

from __future__ import annotations

import hashlib
import os

import numpy as np
import pytest

from nncli.data import fingerprint
from nncli.data.files import shown, size_of_file
from nncli.data.sources import load
from nncli.errors import DataError, MachineError, SpecError
from nncli.spec.sources import Npz


def test_shown_is_one_line_and_short():
    assert shown("a b") == "a b"
    assert shown("a\nb") == "a\\nb"
    assert shown("x" * 70, 60) == "x" * 60 + "..."


def test_a_pipe_is_refused_before_it_blocks(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is not a regular file"):
        size_of_file(tmp_path / "pipe")


def npz_spec(path: object) -> Npz:
    return Npz.model_validate({"source": "npz", "path": str(path)})


def test_a_missing_path_is_shown_resolved(tmp_path):
    with pytest.raises(SpecError, match=f"data.path: there is no file or folder {tmp_path}/none"):
        load(npz_spec(tmp_path / "a" / ".." / "none"))


def test_a_file_that_cannot_be_read_is_the_machines_fault(tmp_path, monkeypatch):
    path = tmp_path / "secret.npz"
    path.write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(
        "pathlib.Path.open", refuse
    )  # the tests may run as root, who may read anything
    with pytest.raises(MachineError, match=r"secret.npz: cannot be read: Permission denied"):
        load(npz_spec(path))


def test_too_little_memory_is_the_machines_fault(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise MemoryError

    path = tmp_path / "x.npz"
    np.savez(path, x=np.ones((3, 2)), y=np.arange(3))
    monkeypatch.setattr("nncli.data.npz.read_member", refuse)
    with pytest.raises(MachineError, match="memory"):
        load(npz_spec(path))


def test_fingerprint_of_an_array_is_of_its_bytes():
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    assert fingerprint.digest(array).sha256 == hashlib.sha256(array.tobytes()).hexdigest()
    assert not fingerprint.digest(array).sampled


def test_large_ones_are_sampled(monkeypatch):
    monkeypatch.setattr(fingerprint, "WHOLE", 100)
    monkeypatch.setattr(fingerprint, "PIECE", 4)
    monkeypatch.setattr(fingerprint, "PIECES", 3)
    data = np.arange(202, dtype=np.uint8)
    expected = hashlib.sha256(b"202" + bytes([0, 1, 2, 3, 99, 100, 101, 102, 198, 199, 200, 201]))
    assert fingerprint.digest(data).sha256 == expected.hexdigest()
    combined = fingerprint.combine([fingerprint.digest(data), fingerprint.digest(data[:5])])
    assert combined.sampled
    swapped = fingerprint.combine([fingerprint.digest(data[:5]), fingerprint.digest(data)])
    assert combined.sha256 != swapped.sha256
