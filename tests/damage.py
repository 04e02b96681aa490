"""Damaged and hostile bytes: how they are made, how a failing case is kept, and how much memory a reader may take."""

from __future__ import annotations

import hashlib
import random
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np


@contextmanager
def reproducible(folder: Path, data: bytes, *words: object) -> Iterator[None]:
    """What fails inside says which bytes it failed on, and keeps them in `folder`."""
    try:
        yield
    except BaseException as err:
        kept = folder / f"failing-{hashlib.sha256(data).hexdigest()[:8]}"
        kept.write_bytes(data)
        about = " ".join(map(str, words))
        err.add_note(f"{about}\n{len(data)} bytes, kept as {kept}: {data[:300]!r}")
        raise


@contextmanager
def little_memory(extra: int) -> Iterator[None]:
    """MemoryError for whoever asks for more than `extra` bytes; only Linux says how many a process has."""
    if sys.platform != "linux":
        yield
        return
    import resource  # Windows has none

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + extra, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to three things that disks, networks and people do to a file."""
    for _ in range(rng.randint(1, 3)):
        data = rng.choice(DAMAGES)(data, rng)
    return data


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _replace(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[rng.randrange(len(changed))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _extend(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.randint(1, 20))


def _zero(data: bytes, rng: random.Random) -> bytes:
    """A block of NULs, as file systems leave one after a power cut."""
    start = rng.randrange(len(data) + 1)
    size = min(rng.randint(1, 64), len(data) - start)
    return data[:start] + bytes(size) + data[start + size :]


def _move(data: bytes, rng: random.Random) -> bytes:
    """A piece taken out, doubled or moved."""
    start, to = rng.randrange(len(data) + 1), rng.randrange(len(data) + 1)
    piece = data[start : start + rng.randint(1, 64)]
    rest = data[:start] + data[start + len(piece) :] if rng.random() < 0.5 else data
    return rest[:to] + piece * rng.randint(0, 2) + rest[to:]


def _number(data: bytes, rng: random.Random) -> bytes:
    """A 16- or 32-bit number that no honest file holds."""
    if len(data) < 4:
        return data
    start = rng.randrange(len(data) - 3)
    number = rng.choice((0, 1, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, rng.getrandbits(32)))
    packed = struct.pack(rng.choice("<>") + "I", number)[: rng.choice((2, 4))]
    return data[:start] + packed + data[start + len(packed) :]


DAMAGES = (_flip, _flip, _flip, _replace, _replace, _cut, _extend, _zero, _move, _number)


class Member(NamedTuple):
    """A member of a zip file, with everything that a hostile writer could say of it."""

    name: bytes
    data: bytes
    method: int = 0
    """0 stored, 8 deflated; anything else is a lie."""
    claimed: int | None = None
    """The size that the central directory tells, where that is not the true one."""
    packed_claim: int | None = None
    flags: int = 0
    crc: int | None = None


def zipped(members: list[Member], comment: bytes = b"") -> bytes:
    """A zip file that holds what the members say, true or not; `zipfile` writes only true ones."""
    body, directory = b"", b""
    for member in members:
        deflate = zlib.compressobj(wbits=-15)
        packed = (
            deflate.compress(member.data) + deflate.flush() if member.method == 8 else member.data
        )
        crc = zlib.crc32(member.data) if member.crc is None else member.crc
        told = len(packed) if member.packed_claim is None else member.packed_claim
        size = len(member.data) if member.claimed is None else member.claimed
        common = struct.pack(
            "<HHHHHIIIHH",
            *(20, member.flags, member.method, 0, 33, crc, told, size, len(member.name), 0),
        )
        directory += b"PK\1\2" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + member.name
        body += b"PK\3\4" + common + member.name + packed
    count = len(members)
    sizes = (0, 0, count, count, len(directory), len(body), len(comment))
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", *sizes) + comment


def npy(values: np.ndarray, header: str | None = None, version: bytes = b"\1\0") -> bytes:
    """The bytes of an `.npy` file, under another header where one is given."""
    if header is None:
        order = values.flags.f_contiguous and not values.flags.c_contiguous
        header = str({"descr": values.dtype.str, "fortran_order": order, "shape": values.shape})
    text = header.encode("latin-1", "replace") + b"\n"
    length = struct.pack("<H", len(text)) if version == b"\1\0" else struct.pack("<I", len(text))
    return b"\x93NUMPY" + version + length + text + values.tobytes("A")


HEADERS = (
    "{'descr': '%s', 'fortran_order': False, 'shape': (2000000000, 3)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (0, 18446744073709551616)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (-1, -6)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (True, 6)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (6L,)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': 6}",
    "{'descr': '%s', 'fortran_order': False, 'shape': ()}",
    "{'descr': '%s', 'fortran_order': 1, 'shape': (6,)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 6)}",
    "{'descr': '%s', 'fortran_order': False}",
    "{'descr': ('%s', 2), 'fortran_order': False, 'shape': (3,)}",
    "{'descr': ('%s',), 'fortran_order': False, 'shape': (3,)}",
    "{'descr': [('a', '%s')], 'fortran_order': False, 'shape': (6,)}",
    "{'descr': [], 'fortran_order': False, 'shape': (6,)}",
    "{'descr': [('', '|V4')], 'fortran_order': False, 'shape': (6,)}",
    "{'descr': {}, 'fortran_order': False, 'shape': (6,)}",
    "{'descr': None, 'fortran_order': False, 'shape': (3,)}",
    "{'descr': 7, 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '|V99999999999', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '|S0', 'fortran_order': False, 'shape': (9,)}",
    "{'descr': '<M8[999999999999s]', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '\\x00', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '\\d', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': 'a5', 'fortran_order': False, 'shape': (3,)}",
    "{'descr': '%s', 'fortran_order': False, 'shape': (6,), 'x': 1}",
    "{[]: 1}",
    "{1: 2, 'a': 3}",
    "[" * 190 + "]" * 190,
    "[" * 5000,
    "(" * 9000,
    "-" * 9000 + "1",
    "{'descr': " + "[" * 90 + "]" * 90 + ", 'fortran_order': False, 'shape': (6,)}",
    "1 is 2",
    "1if 2else 3",
    "9" * 5000,
    "'\\ud800'",
    "b'\\xff'",
    "",
    "\0",
    " x",
    "'''",
    "(1,\n",
    "x" * 20_000,
)
"""Array headers to refuse; the few that make sense must be read as NumPy reads them."""


def header(kind: str, rng: random.Random) -> str:
    """One of those, sometimes with a character changed."""
    text = rng.choice(HEADERS)
    text = text % kind if "%s" in text else text
    if rng.random() < 0.3 and text:
        place = rng.randrange(len(text))
        text = text[:place] + rng.choice("0(){}[]',:L\\\"\n\0x-9 ") + text[place + 1 :]
    return text
