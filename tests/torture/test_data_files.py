"""Data files, damaged and hostile: the arrays that were written, or a refusal in one line with exit code 2.

What can be promised depends on the checksum of a format, and is said in the docstring of each test.
"""

from __future__ import annotations

import gzip
import io
import pickle  # noqa: TID251 - to make what is damaged; never to read it
import pickletools
import random
import struct
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import damage
import numpy as np
import pytest
from damage import Member
from pydantic import TypeAdapter

from nncli.data import book_pickle
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import NncliError
from nncli.spec.sources import DataSpec

LIMIT = 48 << 20
"""What a reader may take for a few KB: Python and NumPy ask for more in pieces, and deflate makes 1,032 of one."""
X = np.arange(5 * 3 * 2, dtype=np.uint8).reshape(5, 3, 2)
Y = np.array([0, 1, 2, 1, 0], np.uint8)
PARTS = tuple(
    (np.float32(np.random.default_rng(rows).integers(0, 256, (rows, 784)) / 256), np.arange(rows))
    for rows in (3, 1, 2)
)


def outcome(data: bytes, path: Path, source: dict[str, object]) -> Dataset | None:
    """What the source makes of these bytes at `path`; None where it refuses them as it should."""
    path.write_bytes(data)
    spec = TypeAdapter(DataSpec).validate_python(source)
    try:
        with damage.little_memory(LIMIT):
            return load(spec)
    except NncliError as err:
        refusal = err
    assert refusal.exit_code == 2, refusal
    assert str(refusal).isprintable(), refusal
    assert len(str(refusal)) < 2 * len(str(path)) + 500, refusal
    return None


def arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """Everything that a training would see."""
    return {
        f"{name}.{part}": getattr(split, part)
        for name, split in dataset.splits.items()
        for part in "xy"
    }


def equal(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(
        (value.dtype, value.shape, value.tobytes())
        == (other[name].dtype, other[name].shape, other[name].tobytes())
        for name, value in one.items()
    )


Case = Callable[[random.Random], bytes]
Judge = Callable[[bytes, Dataset], bool]


def accepted(campaign: Any, path: Path, source: dict[str, object], case: Case, right: Judge) -> int:
    """How many of the campaign's cases were read; every one of them must be right."""
    count = 0
    for number in range(campaign.trials):
        data = case(campaign.rng)
        with damage.reproducible(path.parent, data, "trial", number):
            read = outcome(data, path, source)
            assert read is None or right(data, read), "read, but wrong"
        count += read is not None
    return count


# IDX -------------------------------------------------------------------------------------------


def idx_bytes(values: np.ndarray) -> bytes:
    return (
        bytes([0, 0, 8, values.ndim])
        + struct.pack(f">{values.ndim}I", *values.shape)
        + values.tobytes()
    )


@pytest.fixture
def images(tmp_path: Path) -> tuple[Path, dict[str, object]]:
    """The images of an IDX folder, which are damaged, and the source that reads both files."""
    (tmp_path / "labels").write_bytes(idx_bytes(Y))
    source = {
        "source": "idx",
        "path": str(tmp_path),
        "x": "images",
        "y": "labels",
        "x_test": None,
        "y_test": None,
    }
    return tmp_path / "images", source  # fmt: skip


HEADERS = (
    b"\0\0\x08\3" + b"\xff" * 12, b"\0\0\x08\3" + bytes(4) + b"\xff" * 8, b"\0\0\x08\xff" + b"\0\0\0\1" * 255,
    b"\0\0\x08\2" + struct.pack(">2I", 5, 6), b"\0\0\x08\4" + struct.pack(">4I", 5, 1, 3, 2), b"\0\0\x08\0",
    b"\0\0\x08\3" + struct.pack(">3I", 5, 2, 3), b"\0\0\x08\3" + struct.pack(">3I", 2**31, 2**10, 2**10),
    b"\0\0\x0d\3" + struct.pack(">3I", 5, 3, 2), b"\0\0\x08\3" + struct.pack(">3I", 5, 0, 2**32 - 1), b"",
    b"<!DOCTYPE html>", b"PK\3\4", b"\x1f\x8b",
)  # fmt: skip


def other_header(rng: random.Random) -> bytes:
    return rng.choice(HEADERS) + X.tobytes() * rng.choice((0, 1, 1, 1, 2))


def idx_case(rng: random.Random) -> bytes:
    return damage.damaged(idx_bytes(X), rng) if rng.random() < 0.6 else other_header(rng)


def as_it_says(data: bytes, dataset: Dataset) -> bool:
    """By another decoder: what the header says is exactly what follows it."""
    rank = data[3]
    shape = struct.unpack(f">{rank}I", data[4 : 4 + 4 * rank])
    values = np.frombuffer(data[4 + 4 * rank :], np.uint8).reshape(shape)
    return equal(
        arrays(dataset), {"train.x": values.reshape(len(Y), -1), "train.y": Y.astype("i8")}
    )


@pytest.mark.campaign(short=120, long=600, torture=2000)
def test_raw_idx_is_read_as_its_header_says(images, campaign):
    """No checksum: a changed pixel is another picture. True is: magic, type, as many bytes as the dimensions say, as
    many images as labels; then exactly these bytes are the pixels."""
    path, source = images
    assert 0 < accepted(campaign, path, source, idx_case, as_it_says) < campaign.trials


def gzip_case(rng: random.Random) -> bytes:
    """Damage to the compressed bytes, another content under a true checksum, and members one after the other."""
    good = idx_bytes(X)
    cut = rng.randrange(len(good) + 1)
    whole = gzip.compress(good, mtime=0)
    choices: tuple[Callable[[], bytes], ...] = (
        lambda: damage.damaged(whole, rng),
        lambda: damage.damaged(whole, rng),
        lambda: gzip.compress(other_header(rng), mtime=0),
        lambda: gzip.compress(good[:cut]) + gzip.compress(good[cut:]),
        lambda: whole + rng.choice((whole, gzip.compress(b""), bytes(9), b"rest", gzip.compress(b"x"))),
        lambda: gzip.compress(b"") * rng.randrange(4),
        lambda: gzip.compress(gzip.compress(good)),
        lambda: b"<!DOCTYPE html><html>" + rng.randbytes(30),
        lambda: gzip.compress(good + bytes(8 << 20), 1),
        lambda: whole[:3] + bytes([rng.randrange(256)]) + whole[4:],
    )  # fmt: skip
    return rng.choice(choices)()


def unpacked_as_it_says(data: bytes, dataset: Dataset) -> bool:
    """All checksums are right, and then it is what the header says."""
    return as_it_says(gzip.decompress(data), dataset)


@pytest.mark.campaign(short=120, long=600, torture=2000)
def test_gzipped_idx_is_what_was_compressed_or_refused(images, campaign):
    """CRC-32 and length of each member: damage gives the very same arrays or a refusal; another content is read as
    raw IDX is."""
    path, source = images
    assert 0 < accepted(campaign, path, source, gzip_case, unpacked_as_it_says) < campaign.trials


@pytest.mark.campaign(short=100, long=400, torture=1000)
def test_a_damaged_gzip_never_gives_other_pixels(images, campaign):
    path, source = images
    whole = gzip.compress(idx_bytes(X), mtime=0)
    written = arrays(outcome(whole, path, source))

    def case(rng: random.Random) -> bytes:
        return damage.damaged(whole, rng)

    accepted(campaign, path, source, case, lambda data, read: equal(arrays(read), written))


# npz -------------------------------------------------------------------------------------------

NPZ = {"x": np.arange(12, dtype="f4").reshape(4, 3), "y": np.array([0, 1, 2, 1])}
NPZ |= {"x_test": NPZ["x"][:2] * 2, "y_test": NPZ["y"][:2]}


@pytest.fixture
def npz(tmp_path: Path) -> tuple[Path, dict[str, object]]:
    """A file of four arrays, all of them asked for."""
    path = tmp_path / "data.npz"
    return path, {"source": "npz", "path": str(path), "x_test": "x_test", "y_test": "y_test"}


def saved(save: Callable[..., None]) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **NPZ)
    return buffer.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.campaign(short=60, long=300, torture=1000)
def test_a_damaged_npz_gives_the_same_arrays_or_is_refused(npz, campaign, save):
    """CRC-32 of each member, and names and sizes twice: never other numbers, never one array fewer."""
    path, source = npz
    whole = saved(save)
    written = arrays(outcome(whole, path, source))

    def case(rng: random.Random) -> bytes:
        return damage.damaged(whole, rng)

    accepted(campaign, path, source, case, lambda data, read: equal(arrays(read), written))


KINDS = (
    ">f4",
    "<f2",
    "<f8",
    "<f16",
    "<i2",
    ">i8",
    "<u8",
    "|u1",
    "|b1",
    "<c8",
    "|S3",
    "<U2",
    "<M8[s]",
)


def other_values(values: np.ndarray, rng: random.Random) -> np.ndarray:
    """Another type, order or shape, or numbers that are none."""
    kind = rng.choice(KINDS)
    choices: tuple[Callable[[], np.ndarray], ...] = (
        lambda: np.resize(
            np.frombuffer(rng.randbytes(16 * np.dtype(kind).itemsize), kind), values.shape
        ),
        lambda: values.astype(kind),
        lambda: np.asfortranarray(values),
        lambda: values.T,
        lambda: values.ravel(),
        lambda: values[None],
        lambda: values[:0],
        lambda: np.full(values.shape, rng.choice((np.nan, np.inf, -1.0, 1e300))),
        lambda: np.full(values.shape, rng.choice((-1, 2**40, 2**63 - 1))),
        lambda: np.eye(len(values), dtype=kind if kind[1] in "fiu" else None),
        lambda: values,
    )
    return rng.choice(choices)()


def forged(rng: random.Random) -> bytes:
    """An npz of other arrays and headers under true checksums, or of members that lie."""
    told = {
        name: damage.npy(other_values(values, rng) if rng.random() < 0.3 else values)
        for name, values in NPZ.items()
    }
    if rng.random() < 0.3:
        name = rng.choice(list(told))
        version = rng.choice((b"\1\0", b"\1\0", b"\2\0", b"\3\0"))
        header = damage.header(NPZ[name].dtype.str, rng)
        told[name] = damage.npy(NPZ[name], header, version) if len(header) < 60_000 else b""
    members = [
        Member(f"{name}.npy".encode(), data, rng.choice((0, 8))) for name, data in told.items()
    ]
    rng.shuffle(members)
    if rng.random() < 0.5:
        lie(members, rng)
    whole = damage.zipped(members)
    return damage.damaged(whole, rng) if rng.random() < 0.2 else whole


def lie(members: list[Member], rng: random.Random) -> None:
    """What a directory may say that is not so, and bombs."""
    place = rng.randrange(len(members))
    member = members[place]
    size = rng.choice((0, len(member.data) // 2, len(member.data) + 64, 2**31 - 1, 2**32 - 1))
    zeros = damage.npy(np.zeros((rng.choice((4, 500)), 2000)))
    lies: tuple[dict[str, Any], ...] = (
        {"claimed": size}, {"packed_claim": size}, {"claimed": size, "packed_claim": size},
        {"method": rng.choice((9, 12, 14, 93, 99))}, {"flags": rng.choice((1, 0x20, 0x40, 0x800, 0xFFFF))},
        {"crc": rng.getrandbits(32)}, {"name": b"\xff\xfe.npy", "flags": 0x800}, {"name": b"x"},
        {"name": member.name + b"\0more"}, {"data": b""}, {"data": zeros, "method": 8},
        {"data": zeros[:200], "claimed": len(zeros), "method": rng.choice((0, 8))},
        {"data": member.data + b"more"}, {"data": member.data[:-1]}, {"name": b"a\nb" * 20_000},
    )  # fmt: skip
    members[place] = member._replace(**rng.choice(lies))


def as_numpy_reads_it(data: bytes, dataset: Dataset) -> bool:
    """The numbers that numpy.load finds, in the types and shapes of inputs and targets."""
    read = arrays(dataset)
    with warnings.catch_warnings(action="ignore"), np.load(io.BytesIO(data)) as reference:
        for name, split in (("x", "train"), ("x_test", "test")):
            values = reference[name]
            if not np.array_equal(read[f"{split}.x"], values.reshape(len(values), -1)):
                return False
            targets, got = reference[name.replace("x", "y")], read[f"{split}.y"]
            numbers = (
                targets.argmax(axis=1)
                if got.ndim < targets.ndim and targets.shape[1] > 1
                else targets
            )
            if dataset.classes is None:
                right = np.array_equal(got.ravel(), numbers.ravel().astype(got.dtype))
            else:
                names = [dataset.classes[place] for place in got]
                right = names == [str(int(number)) for number in numbers.ravel()]
            if not right:
                return False
    return all(np.isfinite(value).all() for value in read.values())


@pytest.mark.campaign(short=300, long=1500, torture=5000)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_forged_npz_is_read_as_numpy_reads_it_or_refused(npz, campaign):
    path, source = npz
    assert accepted(campaign, path, source, lambda rng: quiet(forged, rng), as_numpy_reads_it) > 0


def quiet(make: Case, rng: random.Random) -> bytes:
    """Casts of the numbers that are forged may overflow."""
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        return make(rng)


# The book's pickle -----------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path) -> tuple[Path, dict[str, object]]:
    path = tmp_path / "mnist.pkl.gz"
    return path, {"source": "mnist", "path": str(path)}


@pytest.mark.campaign(short=60, long=300, torture=1000)
def test_a_damaged_book_gives_the_same_arrays_or_is_refused(book, campaign):
    """Gzipped, as it is handed out: CRC-32 over everything."""
    path, source = book
    whole = gzip.compress(pickle.dumps(PARTS), mtime=0)
    written = arrays(outcome(whole, path, source))

    def case(rng: random.Random) -> bytes:
        return damage.damaged(whole, rng)

    accepted(campaign, path, source, case, lambda data, read: equal(arrays(read), written))


ARGUMENTS = {"uint1": 1, "uint2": 2, "int4": 4, "uint4": 4, "uint8": 8}


def instruction(rng: random.Random) -> bytes:
    """Any opcode there is, with arguments small and huge."""
    code = rng.choice(pickletools.opcodes)
    name = code.arg.name if code.arg else ""
    start = code.code.encode("latin-1")
    if name in ARGUMENTS:
        return start + rng.choice((bytes, lambda n: b"\xff" * n, rng.randbytes))(ARGUMENTS[name])
    if name.endswith("8") or "8_" in name:
        return start + struct.pack("<Q", rng.choice((0, 3, 2**20, 2**31, 2**36, 2**62))) + b"abc"
    if name.endswith("4") or "4_" in name:
        return start + struct.pack("<I", rng.choice((0, 3, 2**20, 2**31 - 1))) + b"abc"
    if name.endswith("1") or "1_" in name:
        return start + bytes([rng.choice((0, 3, 255))]) + b"abc"
    words = (
        b"os\nsystem\n",
        b"numpy\ndtype\n",
        b"numpy\nndarray\n",
        b"0\n",
        b"9" * 900 + b"\n",
        b"x\n",
    )
    return (
        start + (rng.choice(words) if name else b"") if name else start * rng.choice((1, 1, 2, 500))
    )


def program(rng: random.Random) -> bytes:
    """A good pickle with instructions put between its own, taken out, or with damaged bytes."""
    whole = pickle.dumps(PARTS, rng.randint(1, 5))
    starts = [place for _, _, place in pickletools.genops(whole)]
    for _ in range(rng.randint(1, 3)):
        place = rng.choice(starts)
        rest = place + rng.choice((0, 0, 1, 2, 9))
        whole = (
            whole[:place]
            + b"".join(instruction(rng) for _ in range(rng.randint(0, 3)))
            + whole[rest:]
        )
    whole = damage.damaged(whole, rng) if rng.random() < 0.3 else whole
    return gzip.compress(whole, 1, mtime=0) if rng.random() < 0.5 else whole


def is_digits(_: bytes, dataset: Dataset) -> bool:
    return all(
        split.x.shape == (len(split), 784)
        and split.x.dtype == np.uint8
        and split.y.dtype == np.int64
        and 0 <= split.y.min() <= split.y.max() <= 9
        for split in dataset.splits.values()
    )


@pytest.mark.campaign(short=150, long=1000, torture=5000)
def test_a_forged_book_is_digits_or_refused(book, campaign):
    """A pickle has no checksum of its own: true is that nothing is executed, that memory stays small, and that what
    is read are whole gray values in rows of 784 and labels from 0 to 9."""
    path, source = book
    assert accepted(campaign, path, source, program, is_digits) < campaign.trials


# What a harness must catch ---------------------------------------------------------------------


def test_a_reader_without_checksums_is_caught(npz, monkeypatch):
    """The harness can fail: without CRC-32 the damages give other numbers."""
    path, source = npz
    whole = saved(np.savez)
    written = arrays(outcome(whole, path, source))
    monkeypatch.setattr(zipfile.ZipExtFile, "_update_crc", lambda self, data: None)
    rng = random.Random(0)
    reads = [outcome(damage.damaged(whole, rng), path, source) for _ in range(100)]
    assert not all(equal(arrays(read), written) for read in reads if read)


def test_a_reader_that_allocates_what_it_is_told_is_caught(book, monkeypatch):
    """The harness can fail: Python's own reader of BYTEARRAY8 asks for 64 GiB."""
    path, source = book
    monkeypatch.setattr(book_pickle, "_load_bytearray", pickle._Unpickler.dispatch[0x96])
    with pytest.raises(AssertionError, match="memory"):
        outcome(b"\x96\0\0\0\0\x10\0\0\0.", path, source)


def test_damaged_files_take_memory_of_their_own_size(images, npz, book):
    """Measured, for a few of each: twenty times the bytes, above what parsing takes for itself."""
    rng = random.Random(0)
    small = (
        (images, gzip.compress(idx_bytes(X))),
        (npz, saved(np.savez)),
        (book, pickle.dumps(PARTS)),
    )
    for (path, source), whole in small:
        for _ in range(10):
            data = damage.damaged(whole, rng)
            tracemalloc.start()
            outcome(data, path, source)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < 20 * len(data) + (2 << 20)
