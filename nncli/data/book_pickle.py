"""`mnist.pkl.gz`, as Nielsen's book "Neural Networks and Deep Learning" hands MNIST out.

A pickle of (train, validation, test), each a pair of images (rows, 784) as float32 k/256 and labels (rows,) as int64.
A pickle is a program: here it can name nothing but the stand-ins below, which keep bytes and never call NumPy
with anything that was not checked.
"""

from __future__ import annotations

import hashlib
import math
import pickle  # noqa: TID251 - the one guarded reader: every global it names is looked up in STAND_INS
import struct
from pathlib import Path
from typing import Any

import numpy as np

from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.data.files import CHUNK, DEFLATE_RATIO, LARGEST_INFLATED, Content, content, shown
from nncli.errors import DataError
from nncli.network.params import Array

SCALE = 256.0
IMAGE_TYPES = ("f4", "f8")
LABEL_TYPES = ("i8", "i4")
PIXELS = 28 * 28
MOST_DIMENSIONS = 2
PARTS = ("train", "validation", "test")


class PickledType:
    """Stands in for `numpy.dtype`: the name and the byte order, nothing else."""

    __slots__ = ("name", "order")

    def __init__(self, name: Any, *_: Any) -> None:
        self.name, self.order = _text(name), "<"

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1])

    def __str__(self) -> str:
        return f"{self.order}{self.name}"


class PickledArray:
    """Stands in for what `_reconstruct` and `_frombuffer` make. Images become uint8 k at once, labels int64."""

    __slots__ = ("values",)

    def __init__(self, *arguments: Any) -> None:
        self.values: Array | None = None
        if len(arguments) == 4:  # _frombuffer(data, dtype, shape, order)
            data, kind, shape, order = arguments
            self.values = decoded(data, kind, shape, _text(order))

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, data = state
        self.values = decoded(data, kind, shape, "F" if fortran else "C")


class PickledBytes(bytes):
    """Stands in for `_codecs.encode`, with which Python 3 writes bytes into an old protocol."""

    def __new__(cls, text: Any, encoding: Any) -> PickledBytes:
        if _text(encoding) not in ("latin1", "latin-1"):
            raise ValueError("another encoding than latin1")
        return super().__new__(cls, text, "latin-1")

    def __setstate__(self, state: Any) -> None:
        raise ValueError("bytes have no state")


STAND_INS: dict[str, object] = {
    "numpy.ndarray": "numpy.ndarray",
    "numpy.dtype": PickledType,
    "numpy.core.multiarray._reconstruct": PickledArray,
    "numpy._core.multiarray._reconstruct": PickledArray,
    "numpy.core.numeric._frombuffer": PickledArray,
    "numpy._core.numeric._frombuffer": PickledArray,
    "_codecs.encode": PickledBytes,
}
"""All that the pickle may name. Every class has a __setstate__, so that none can be given attributes."""


def decoded(data: Any, kind: Any, shape: Any, order: str) -> Array:
    """The bytes of an array as uint8 images or int64 labels. DataError for any other type of number."""
    name = getattr(kind, "name", None)
    if name not in IMAGE_TYPES + LABEL_TYPES:
        raise DataError(
            f"holds an array of {shown(kind, 60)}; expected float32 images and int64 labels"
        )
    flat = np.frombuffer(data, dtype=np.dtype(str(kind)))
    if not _is_shape(shape) or math.prod(shape) != len(flat):
        what = shown(shape, 60) if _is_shape(shape) else "that is none"
        raise DataError(f"holds an array of shape {what}, but {len(flat)} values of it")
    values = flat.astype(np.int64) if name in LABEL_TYPES else whole_pixels(flat)
    return values.reshape(shape, order="F" if order == "F" else "C")


def _is_shape(shape: Any) -> bool:
    """Only then may it be multiplied or shown: numbers can be as long as the file, tuples hold themselves."""
    return (
        type(shape) is tuple
        and len(shape) <= MOST_DIMENSIONS
        and all(type(length) is int and 0 <= length < 2**40 for length in shape)
    )


def whole_pixels(flat: Array) -> Array:
    """x = k/256 -> k as uint8, piece by piece. DataError unless every value is exactly such a fraction."""
    pixels = np.empty(len(flat), np.uint8)
    for start in range(0, len(flat), CHUNK):
        scaled = flat[start : start + CHUNK] * SCALE
        with np.errstate(invalid="ignore"):  # NaN and what is out of range differ after the cast
            pixels[start : start + CHUNK] = scaled
        if not np.array_equal(pixels[start : start + CHUNK], scaled):
            raise DataError("holds a pixel that is not k/256 with k from 0 to 255")
    return pixels


class BoundedFile:
    """The bytes that the reader of pickles asks for, counted, limited and hashed."""

    def __init__(self, source: Content) -> None:
        self.stream: Any = source.stream
        most = source.size * DEFLATE_RATIO if source.gzipped else source.size
        self.left = min(most, LARGEST_INFLATED)
        self.sha256 = hashlib.sha256()

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise DataError(
                f"truncated: it asks for {size} bytes more, but can hold {self.left} at most"
            )
        return self._counted(self.stream.read(size))

    def readline(self) -> bytes:
        return self._counted(self.stream.readline(1024))

    def _counted(self, data: bytes) -> bytes:
        self.left -= len(data)
        self.sha256.update(data)
        return data


OPCODES = frozenset(
    b"\x80\x95(.NI" + b"KMJ\x8a\x8b" + b"TU\x8c\x8dX" + b"BC\x8e\x96" + b"]aelt)\x85\x86\x87"
    + b"qr\x94hj" + b"c\x93Rb\x81" + b"\x88\x89"
)  # fmt: skip
"""What arrays in tuples and lists are pickled with, in protocols 1 to 5. There is no dictionary: to hash a key that
holds itself twice, and so on down, takes for ever."""
MOST_OPCODES = 10_000
"""Two orders above what the book's file has; each may take a hundred bytes of memory, and one byte of a bomb."""


class Opcodes:
    """What the unpickler does for each opcode, where it may, and so many times."""

    def __init__(self) -> None:
        self.left = MOST_OPCODES

    def __getitem__(self, opcode: int) -> Any:
        if opcode not in OPCODES:
            raise DataError(f"uses the opcode {opcode:#04x}, with which no array is written")
        self.left -= 1
        if self.left < 0:
            raise DataError(f"holds more than {MOST_OPCODES} opcodes; arrays take some hundred")
        return _load_bytearray if opcode == 0x96 else pickle._Unpickler.dispatch[opcode]


def _load_bytearray(unpickler: Any) -> None:
    """Python's own makes a buffer of the declared size before it looks whether there is as much."""
    (size,) = struct.unpack("<Q", unpickler.read(8))
    unpickler.append(unpickler.read(size))


# The Python version of the reader: the C version grows its memo to any index that the file names.
class BookUnpickler(pickle._Unpickler):
    """Reads the opcodes; a global that is no stand-in is refused by name."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.__dict__["dispatch"] = Opcodes()  # in place of the class's dictionary

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in STAND_INS:
            raise DataError(
                f"asks for {shown(name, 60)}; only NumPy arrays are read, and nothing was executed"
            )
        return STAND_INS[name]


def load_book_pickle(path: Path) -> Dataset:
    """Train and validation joined (the book's validation is the last 10,000 of MNIST's 60,000), and test.

    The fingerprint is of the uncompressed pickle. DataError for anything that is not the book's file.
    """
    with content(path) as source:
        file = BoundedFile(source)
        try:
            unpickled = BookUnpickler(file, encoding="bytes").load()
            splits = dict(zip(PARTS, _parts(unpickled), strict=True))
        except DataError as error:
            raise DataError(f"{shown(path)}: {error}") from error
        except (OSError, MemoryError):
            raise
        except Exception as error:
            # a damaged pickle can raise anything at all from any opcode
            reason = shown(f"{type(error).__name__}: {error}", 60)
            raise DataError(f"{shown(path)}: is not the book's pickle ({reason})") from error
        source.check_end()
    train, validation, test = splits.values()
    joined = Split(np.concatenate([train.x, validation.x]), np.concatenate([train.y, validation.y]))
    return Dataset(
        splits={"train": joined, "test": test},
        classes=tuple(map(str, range(10))),
        fingerprint=Fingerprint(file.sha256.hexdigest()),
        scale=SCALE,
        image_shape=(28, 28),
        origin=str(path),
    )


def _parts(unpickled: Any) -> list[Split]:
    if not isinstance(unpickled, tuple | list) or len(unpickled) != len(PARTS):
        raise DataError("expected a tuple (train, validation, test)")
    return [_split(name, pair) for name, pair in zip(PARTS, unpickled, strict=True)]


def _split(name: str, pair: Any) -> Split:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise DataError(f"{name}: expected a pair (images, labels)")
    x, y = (getattr(part, "values", None) for part in pair)
    if x is None or y is None or x.dtype != np.uint8 or y.dtype != np.int64:
        raise DataError(f"{name}: expected an array of float images and one of integer labels")
    if x.shape != (len(x), PIXELS) or y.shape != (len(x),) or not len(x):
        raise DataError(
            f"{name}: expected images (rows, {PIXELS}) and labels (rows,), found {x.shape} and {y.shape}"
        )
    if y.min() < 0 or y.max() > 9:
        raise DataError(f"{name}: holds labels from {y.min()} to {y.max()}, expected 0 to 9")
    return Split(np.ascontiguousarray(x), y)


def _text(value: Any) -> str:
    """Text of Python 2 comes as bytes. TypeError for anything else, whose str() may be longer than any memory."""
    if not isinstance(value, bytes | str):
        raise TypeError(f"{type(value).__name__} in place of text")
    return value.decode("latin-1") if isinstance(value, bytes) else value
