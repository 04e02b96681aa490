"""safetensors: parameters as PyTorch's `Sequential` names them, for it to load and from it to start.

A file is the length of its header (8 bytes, little-endian), the header (JSON: name -> type, shape, first and last byte;
texts under `__metadata__`), and the numbers, one tensor after the other without a gap. That is little enough to be
written and read here: the same parameters give the same bytes, and every header is checked before anything is made.

Source: the format's description at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nncli.data.files import shown
from nncli.errors import DamagedError
from nncli.network.params import Architecture, Array, Arrays

ENDING = ".safetensors"
METADATA = "__metadata__"
_TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
_NAMES = {np.dtype(code): name for name, code in _TYPES.items()}
_LENGTH = struct.Struct("<Q")
_NUMBERED = re.compile(r"(.*?)([0-9]{1,6})\.(weight|bias)", re.DOTALL)
"""`0.weight`; also `net.0.weight` and `fc1.weight`."""


def sequential_names(architecture: Architecture) -> dict[str, str]:
    """W1 -> 0.weight, b1 -> 0.bias, W2 -> 2.weight, ...: in between stand the activations."""
    kinds = (("W", "weight"), ("b", "bias"))
    numbers = range(len(architecture))
    return {f"{ours}{n + 1}": f"{2 * n}.{theirs}" for n in numbers for ours, theirs in kinds}


def numbered_layers(arrays: Arrays) -> Arrays:
    """The same under W1, b1, ...: layers by their numbers, whatever stands between them.

    Other arrays, and all where not every name begins with the same words, keep their names.
    """
    found = {name: match for name in arrays if (match := _NUMBERED.fullmatch(name))}
    if len({match[1] for match in found.values()}) != 1:
        return arrays
    layers = sorted({int(match[2]) for match in found.values()})
    names = {
        name: f"{'W' if match[3] == 'weight' else 'b'}{layers.index(int(match[2])) + 1}"
        for name, match in found.items()
    }
    renamed = {names.get(name, name): array for name, array in arrays.items()}
    return renamed if len(renamed) == len(arrays) else arrays


def pack(arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> bytes:
    """The file that holds these arrays of real numbers; the same arrays and texts give the same bytes."""
    header: dict[str, Any] = {METADATA: dict(metadata)}
    pieces, start = [], 0
    for name, array in arrays.items():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        end = start + little.nbytes
        header[name] = {
            "dtype": _NAMES[little.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
        pieces.append(little.tobytes())
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so the numbers are aligned
    return b"".join((_LENGTH.pack(len(text)), text, *pieces))


def unpack(data: bytes, path: Path) -> Arrays:
    """The arrays of a safetensors file; `path` is for messages. Raises DamagedError where it is not such a file."""
    header, start = _header(data, path)
    arrays, expected = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        where = f"{path}: {shown(name, 60)}"
        first, last = entry["data_offsets"]
        if first != expected:
            raise DamagedError(f"{where}: begins at byte {first} of the numbers, not at {expected}")
        dtype, shape = _type_of(entry["dtype"], where), tuple(entry["shape"])
        size = math.prod(shape) * dtype.itemsize
        if last - first != size:
            raise DamagedError(
                f"{where}: {shape} of {entry['dtype']} takes {size} bytes, the file has {last - first}"
            )
        if start + last > len(data):
            raise DamagedError(f"{path}: is cut short: {shown(name, 60)} is not all there")
        arrays[name] = np.frombuffer(data[start + first : start + last], dtype).reshape(shape)
        expected = last
    if start + expected != len(data):
        raise DamagedError(
            f"{path}: goes on for {len(data) - start - expected} bytes after its end"
        )
    return arrays


def _header(data: bytes, path: Path) -> tuple[dict[str, Any], int]:
    """What the file holds, every entry of the right form, and where the numbers begin."""
    if not data:
        raise DamagedError(f"{path}: is empty")
    length = _LENGTH.unpack_from(data)[0] if len(data) >= _LENGTH.size else len(data)
    start = _LENGTH.size + length
    if start > len(data):
        raise DamagedError(f"{path}: is cut short, or not a safetensors file")
    try:
        header = json.loads(data[_LENGTH.size : start], object_pairs_hook=_unique)
    except (ValueError, RecursionError) as err:
        raise DamagedError(f"{path}: is not a safetensors file: its header is no JSON") from err
    if not isinstance(header, dict):
        raise DamagedError(f"{path}: is not a safetensors file: its header names no tensors")
    header.pop(METADATA, None)
    for name, entry in header.items():
        if not _is_entry(entry):
            raise DamagedError(
                f"{path}: {shown(name, 60)}: type, shape or place is not as it should be"
            )
    return header, start


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def _is_entry(entry: Any) -> bool:
    """Whether it is {dtype: a text, shape: at most two sides, data_offsets: [first, last]}."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or not isinstance(offsets, list):
        return False
    whole = all(type(number) is int and 0 <= number < 2**40 for number in (*shape, *offsets))
    return whole and len(shape) <= 2 and len(offsets) == 2 and offsets[0] <= offsets[1]


def _type_of(name: str, where: str) -> np.dtype[Any]:
    if name not in _TYPES:
        raise DamagedError(f"{where}: is {shown(name, 20)}; it must be one of {', '.join(_TYPES)}")
    return np.dtype(_TYPES[name])
