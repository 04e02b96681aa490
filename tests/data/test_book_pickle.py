"""The book's pickle: read without running it, whatever it asks for."""

from __future__ import annotations

import builtins
import gzip
import os
import pickle  # noqa: TID251 - to make what must never be run
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nncli.data.sources import load
from nncli.errors import DataError
from nncli.spec.sources import Mnist

Parts = tuple[tuple[np.ndarray, np.ndarray], ...]


def part(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (rows, 784)).astype(np.float32) / np.float32(256)
    return x, rng.integers(0, 10, rows)


PARTS: Parts = (part(5, 0), part(2, 1), part(3, 2))


def read(path: Path, **keys: object):
    return load(Mnist.model_validate({"source": "mnist", "path": str(path), **keys}))


def refusal(tmp_path: Path, content: object) -> str:
    path = tmp_path / "mnist.pkl.gz"
    data = content if isinstance(content, bytes) else pickle.dumps(content)
    path.write_bytes(gzip.compress(data, mtime=0))
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def check(dataset, parts: Parts) -> None:
    train, validation, test = parts
    x = np.concatenate([train[0], validation[0]]) * 256
    np.testing.assert_array_equal(dataset.splits["train"].x, x)
    np.testing.assert_array_equal(dataset.splits["train"].y, [*train[1], *validation[1]])
    np.testing.assert_array_equal(dataset.splits["test"].x, test[0] * 256)
    np.testing.assert_array_equal(dataset.splits["test"].y, test[1])
    assert dataset.splits["train"].x.dtype == np.uint8
    assert (dataset.scale, dataset.image_shape) == (256.0, (28, 28))


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_every_binary_protocol_gzipped_or_not(tmp_path, protocol, pack):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(pack(pickle.dumps(PARTS, protocol)))
    check(read(path), PARTS)


def python2_array(array: np.ndarray) -> bytes:
    """As cPickle of Python 2 writes an array in protocol 2: its bytes as a str (BINSTRING)."""
    code = array.dtype.str[1:].encode()
    shape = b"".join(b"M" + struct.pack("<H", length) for length in array.shape)
    tupled = {1: b"\x85", 2: b"\x86"}[array.ndim]
    data = array.tobytes()
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\1b\x87R"
        + b"(K\1" + shape + tupled
        + b"cnumpy\ndtype\nU" + bytes([len(code)]) + code + b"K\0K\1\x87R"
        + b"(K\3U\1<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89"
        + b"T" + struct.pack("<i", len(data)) + data + b"tb"
    )  # fmt: skip


def test_what_python_2_wrote(tmp_path):
    pairs = (python2_array(x) + python2_array(y) + b"\x86" for x, y in PARTS)
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(b"\x80\2" + b"".join(pairs) + b"\x87."))
    check(read(path), PARTS)


def test_validation_takes_the_books_validation_rows(tmp_path):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(PARTS)))
    np.testing.assert_array_equal(
        read(path, validation=2).splits["validation"].x, PARTS[1][0] * 256
    )


class Reduced:
    def __init__(self, function: object, *arguments: object) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.reduced


@pytest.mark.parametrize(
    ("function", "named"),
    [(os.system, "system"), (builtins.eval, "eval"), (np.load, "load"), (np.fromfile, "fromfile")],
)
def test_nothing_is_executed(tmp_path, monkeypatch, function, named):
    monkeypatch.chdir(tmp_path)
    message = refusal(tmp_path, (PARTS[0], Reduced(function, "touch owned")))
    assert message.startswith("asks for ")
    assert f"{named}; only NumPy arrays are read, and nothing was executed" in message
    assert not Path("owned").exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cbuiltins\ngetattr\n.",
        b"cnumpy\nndarray.tofile\n.",
        b"\x80\4\x8c\x05numpy\x94\x8c\x11ndarray.__class__\x94\x93.",
        b"(S'ls'\nios\nsystem\n.",
        b"\x82\1.",  # EXT1
        b"P1\n.",  # a persistent id
        b"cnumpy\ndtype\n}S'name'\nS'x'\nsb.",  # BUILD on a class
        b"cnumpy\nndarray\n)R.",
        b"T\xff\xff\xff\x7fabc.",  # a string of 2 GiB
        b"r\xff\xff\xff\x7f.",  # a memo index of 2**31
        b"N\x72\xff\xff\xff\x7f.",
        b"(" * 100_000 + b".",
        b"",
        b".",
    ],
)
def test_programs_that_are_no_arrays(tmp_path, program):
    assert refusal(tmp_path, program)


NESTED = b"N\x85q\0" + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(200))
"""A tuple that holds another twice, which holds another twice, ..., 200 deep: its text has 2^200 letters."""
LONG = b"\x8b\0\4\0\0" + b"\x77" * 1024 + b"q\0"
"""A number of 8,192 bits, of which a product can be made that no memory holds."""
ARRAY = b"cnumpy.core.numeric\n_frombuffer\n(B\4\0\0\0abcd"
F4 = b"cnumpy\ndtype\nX\2\0\0\0f4\x85R"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (NESTED + b"cnumpy\ndtype\nh\xc8\x85R.", "tuple in place of text"),
        (NESTED + ARRAY + F4 + b"h\xc8X\1\0\0\0CtR.", "shape that is none"),
        (LONG + ARRAY + F4 + b"(" + b"h\0" * 500 + b"tX\1\0\0\0CtR.", "shape that is none"),
        (b"\x96\0\0\0\0\x10\0\0\0.", "asks for 68719476736 bytes more"),
        (b"\x80\4\x95\0\0\0\0\x10\0\0\0.", "asks for 68719476736 bytes more"),
        (NESTED + b"}" + b"h\xc8" + b"Ns.", "opcode 0x7d"),
        (b"(" * (8 << 20) + b".", "more than 10000 opcodes"),
        (b"]" * (8 << 20) + b".", "more than 10000 opcodes"),
    ],
)
def test_small_programs_take_no_memory_and_no_time(tmp_path, program, message):
    tracemalloc.start()
    try:
        assert message in refusal(tmp_path, program)
        # the compressed bytes and their hash are at hand, and a few thousand small objects
        assert tracemalloc.get_traced_memory()[1] < 3 * (1 << 20) + 2 * len(program)
    finally:
        tracemalloc.stop()


X, Y = PARTS[2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PARTS[:2], "expected a tuple (train, validation, test)"),
        ([1, 2], "expected a tuple (train, validation, test)"),
        ({"train": X}, "uses the opcode 0x7d, with which no array is written"),
        ({X.tobytes()}, "uses the opcode 0x8f, with which no array is written"),
        (((X, Y), (X, Y), (X,)), "test: expected a pair (images, labels)"),
        (((X, Y), (X, Y), (X, [1, 2, 3])), "test: expected an array of float images and one of"),
        (((X, Y), (Y, X), (X, Y)), "validation: expected an array of float images and one of"),
        (((X, Y[:2]), (X, Y), (X, Y)), "train: expected images (rows, 784) and labels (rows,)"),
        (
            ((X[:, :100], Y), (X, Y), (X, Y)),
            "train: expected images (rows, 784) and labels (rows,)",
        ),
        (((X[:0], Y[:0]), (X, Y), (X, Y)), "train: expected images (rows, 784) and labels (rows,)"),
        (((X, Y + 10), (X, Y), (X, Y)), "train: holds labels from "),
        (((X / 255, Y), (X, Y), (X, Y)), "holds a pixel that is not k/256"),
        (((X + 1, Y), (X, Y), (X, Y)), "holds a pixel that is not k/256"),
        (((X * np.nan, Y), (X, Y), (X, Y)), "holds a pixel that is not k/256"),
        ((np.array([None]),), "holds an array of |O8; expected float32 images and int64 labels"),
        ((np.array(["a"]),), "holds an array of <U1; expected float32 images"),
    ],
)
def test_other_contents_are_refused(tmp_path, content, message):
    assert refusal(tmp_path, content).startswith(message)


def test_bytes_after_the_pickle_and_a_cut_gzip(tmp_path):
    assert refusal(tmp_path, pickle.dumps(PARTS) + b"x").startswith("more bytes follow")
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(pickle.dumps(PARTS))[:-9])
    with pytest.raises(DataError):
        read(path)


def test_mutations_are_refused_or_harmless(tmp_path, survivors):
    path = tmp_path / "mnist.pkl"
    path.write_bytes(pickle.dumps(tuple((x[:1], y[:1]) for x, y in PARTS)))
    for dataset in survivors(path, lambda: read(path)):
        assert dataset.splits["train"].x.shape == (2, 784)
