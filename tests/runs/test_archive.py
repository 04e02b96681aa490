"""Self-checking archives: what is damaged or hostile is refused, what is whole is read by NumPy too."""

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nncli.errors import DamagedError
from nncli.runs import archive

PATH = Path("w.npz")
ARRAYS = {"W1": np.arange(6, dtype="float32").reshape(2, 3), "meta": np.frombuffer(b"{}", "u1")}


def sealed(data: bytes) -> bytes:
    """A zip file with room for a digest, made valid: what a hostile writer could do."""
    body = data[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


def repacked(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(zipfile.ZipInfo(name), content, compress_type=compression)
        file.comment = b"0" * 64
    return sealed(buffer.getvalue())


def with_entries(data: bytes, count: int) -> bytes:
    """The directory of an archive of one member names it so many times."""
    end = data.rindex(b"PK\5\6")
    start = data.rindex(b"PK\1\2")
    entry = data[start:end]
    counts = struct.pack("<HHI", count, count, count * len(entry))
    return sealed(data[:start] + count * entry + data[end : end + 8] + counts + data[end + 16 :])


def npy(array: np.ndarray, **kwargs) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **kwargs)
    return buffer.getvalue()


def test_each_member_has_bytes_of_its_own():
    """Else a few thousand names for one large array would be read for hours."""
    one = repacked({"W1.npy": npy(ARRAYS["W1"])})
    assert list(archive.unpack(with_entries(one, 1), PATH)) == ["W1"]
    with pytest.raises(DamagedError, match=r"^w\.npz: W1\.npy overlaps with what follows it$"):
        archive.unpack(with_entries(one, 2), PATH)


def test_nothing_is_made_of_very_many_members(monkeypatch):
    one = repacked({"W1.npy": npy(ARRAYS["W1"])})
    monkeypatch.setattr(archive.zipfile, "ZipFile", pytest.fail)
    with pytest.raises(DamagedError, match=r"^w\.npz: has 30000 members, more than any network"):
        archive.unpack(with_entries(one, 30_000), PATH)


def test_an_archive_is_no_larger_than_the_memory(tmp_path, monkeypatch):
    path = tmp_path / "w.npz"
    path.write_bytes(archive.pack(ARRAYS))
    monkeypatch.setattr(archive.machine, "usable_memory", lambda: 100)
    with pytest.raises(DamagedError, match="more than the 100 bytes that are read"):
        archive.read(path)


def test_round_trip_and_numpy_reads_it(tmp_path):
    data = archive.pack(ARRAYS)
    assert data == archive.pack(dict(ARRAYS))
    arrays = archive.unpack(data, PATH)
    assert list(arrays) == ["W1", "meta"]
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS)
    path = tmp_path / "w.npz"
    path.write_bytes(data)
    with np.load(path) as loaded:
        assert np.array_equal(loaded["W1"], ARRAYS["W1"])


def test_every_flipped_bit_and_every_truncation_is_refused():
    data = archive.pack(ARRAYS)
    for position in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            with pytest.raises(DamagedError, match=r"^w\.npz: is (damaged|cut short)"):
                archive.unpack(bytes(damaged), PATH)
    for length in range(len(data)):
        with pytest.raises(DamagedError, match=r"^w\.npz: is (empty|damaged|cut short)"):
            archive.unpack(data[:length], PATH)


GOOD = npy(ARRAYS["W1"], version=(1, 0))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"W1.txt": GOOD}, "'W1.txt' is not an array"),
        ({"W1.npy": b"not an array"}, "not a NumPy 1.0 array"),
        ({"W1.npy": b""}, "not a NumPy 1.0 array"),
        ({"W1.npy": npy(np.array([{}, []], dtype=object), version=(1, 0))}, r"is \|O in C order"),
        ({"W1.npy": npy(ARRAYS["W1"].astype(">f4"), version=(1, 0))}, "is >f4 in C order"),
        ({"W1.npy": npy(np.asfortranarray(ARRAYS["W1"]), version=(1, 0))}, "in Fortran order"),
        ({"W1.npy": npy(ARRAYS["W1"].astype("f2"), version=(1, 0))}, "is <f2"),
        ({"W1.npy": npy(ARRAYS["W1"], version=(2, 0))}, "NumPy 1.0 array"),
        ({"W1.npy": GOOD + b"more"}, "takes 24 bytes, the file has 28"),
        ({"W1.npy": GOOD[:-4]}, "takes 24 bytes, the file has 20"),
        (
            {"W1.npy": GOOD.replace(b"(2, 3), }" + b" " * 11, b"(20000000000, 3), } ")},
            "takes 240000000000 bytes, the file has 24",
        ),
    ],
)
def test_repacked_members_are_refused_with_a_valid_digest(members, message):
    with pytest.raises(DamagedError, match=message):
        archive.unpack(repacked(members), PATH)


def test_compressed_members_are_refused_unless_admitted():
    data = repacked({"W1.npy": GOOD}, zipfile.ZIP_DEFLATED)
    with pytest.raises(DamagedError, match=r"W1\.npy is compressed"):
        archive.unpack(data, PATH)
    arrays = archive.read_members(data, PATH, inflated=1000)
    assert np.array_equal(arrays["W1"], ARRAYS["W1"])
    with pytest.raises(DamagedError, match="unpacks to 152 bytes, more than the 100"):
        archive.read_members(data, PATH, inflated=100)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("W1.npy", GOOD)
        file.writestr("W1.npy", GOOD)
        file.comment = b"0" * 64
    with pytest.raises(DamagedError, match="two arrays of the same name"):
        archive.unpack(sealed(buffer.getvalue()), PATH)


def test_not_a_zip_at_all():
    with pytest.raises(DamagedError, match=r"is not an \.npz archive"):
        archive.unpack(sealed(b"hello" + b"0" * 64), PATH)
