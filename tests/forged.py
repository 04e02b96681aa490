"""What a stranger may write into the documents of a run and the meta of its archives: every field, everything wrong.

The fields are those that documents really have, so a new one is forged as soon as it is written.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nncli.errors import KeyPath
from nncli.runs import archive, checkpoint, rundir, weights
from nncli.runs.documents import SWEEP
from nncli.sweep import reading

DEEP = "@deep@"
HUGE = "@huge@"
DEPTHS = (40, 150, 900, 100_000)
ESCAPES = "\x1b]52;c;cm0gLXJm\x07\x1b[31m\x9b31m\x7f\r\n\t\u2028\u202e"
"""Puts something into the clipboard, colors, goes to the begin of the line, reverses what follows."""
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, 2, -1, 2**31, 2**53 + 1, 2**64, 10**400, 0.5, -0.0, -1.5, 5e-324, 1e308,
    float("nan"), float("inf"), float("-inf"), HUGE, "", "1", "numba", "average", "\0", "\ud800", ESCAPES, "x" * 5000,
    "../../x", "5/0", [], {}, [[]], [None], ["a", "a"], ["\ud800"], [1, "1"], {"": None}, {"\ud800": 1}, {ESCAPES: 1.5},
    {"a": {"b": []}}, {"value": None, "epoch": -1},
)  # fmt: skip
"""What stands in the place of a value."""


class Twice(dict):  # type: ignore[type-arg]
    """Says each key twice."""

    def items(self) -> Any:
        return [pair for one in super().items() for pair in (one, (one[0], None))]


Change = Callable[[Any], Any]


def _lists(value: list[Any]) -> list[Any]:
    return [value[:-1], value[::-1], value * 2, [*value, None], value[:1] * 300]


def _mappings(value: Mapping[str, Any]) -> list[Any]:
    longer = [{**value, key: 1} for key in ("added", "", "\ud800", ESCAPES)]
    return [Twice(value), dict(reversed(value.items())), *longer]


def _numbers(value: float) -> list[Any]:
    real = float(value) if abs(value) < 1e300 else 1e300
    return [value + 1, value - 1, -value, 1000 * value, value * 2**40, real, str(value)]


def others(value: Any, rng: random.Random) -> Any:
    """Something else that may stand there."""
    kinds = {dict: _mappings, list: _lists, int: _numbers, float: _numbers}
    near = kinds[type(value)](value) if type(value) in kinds else []
    if rng.random() < 0.1:
        return f"{DEEP}{rng.choice('[{')}{rng.choice(DEPTHS)}"
    return rng.choice(near if near and rng.random() < 0.4 else VALUES)


def places(value: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    """Every place in a document: each field, each element."""
    yield above
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for key, inner in pairs:
        yield from places(inner, (*above, key))


def forge(document: Any, rng: random.Random) -> tuple[Any, str]:
    """A document with one thing or two that are not as they were, and where."""
    said = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        place = rng.choice([*places(document)])
        document, what = _changed(document, place, rng)
        said.append(f"{'.'.join(map(str, place)) or 'all'} = {what!r:.80}")
    return document, ", ".join(said)


def _changed(value: Any, place: KeyPath, rng: random.Random) -> tuple[Any, Any]:
    if not place:
        new = others(value, rng)
        return new, new
    copied = dict(value) if isinstance(value, dict) else list(value)
    if len(place) == 1 and rng.random() < 0.1:
        copied.pop(place[0])  # type: ignore[call-overload]
        return copied, "(gone)"
    copied[place[0]], what = _changed(value[place[0]], place[1:], rng)  # type: ignore[index,call-overload]
    return copied, what


def text_of(document: Any) -> bytes:
    """As JSON, as far as that goes."""
    text = json.dumps(document).replace(f'"{HUGE}"', "1e999")
    for depth in DEPTHS:
        text = text.replace(f'"{DEEP}[{depth}"', "[" * depth + "]" * depth)
        text = text.replace(f'"{DEEP}{{{depth}"', '{"a":' * depth + "1" + "}" * depth)
    return text.encode()


READERS = {
    rundir.RUN: lambda path: rundir.spec_of(rundir.open_run(path.parent), path.parent),
    rundir.SUMMARY: lambda path: rundir.read_summary(path.parent),
    rundir.METRICS: lambda path: rundir.read_records(path.parent),
    rundir.WEIGHTS: weights.read,
    rundir.AVERAGE: weights.read,
    rundir.CHECKPOINT: checkpoint.read,
    SWEEP: lambda path: reading.look(path.parent),
}
"""What says whether a file is one of ours."""


class Forgery(NamedTuple):
    """A file of a run that somebody has written by hand."""

    name: str
    data: bytes
    where: str


def forgery(run: Path, name: str, rng: random.Random) -> Forgery:
    """One of a file that a run or a sweep has."""
    forged, where = forge(document(run / name), rng)
    return Forgery(name, rewritten(run / name, forged), f"{name}: {where}")


def document(path: Path) -> Any:
    """What a file of a run says: its JSON, the lines of it, or the meta of an archive."""
    if path.suffix == ".npz":
        return json.loads(archive.unpack(path.read_bytes(), path)["meta"].tobytes())
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_bytes().splitlines()]
    return json.loads(path.read_bytes())


def at(value: Any, place: KeyPath) -> Any:
    """What stands there."""
    for key in place:
        value = value[key]
    return value


def put(path: Path, place: KeyPath, value: Any) -> None:
    """Write something else there."""
    whole = document(path)
    at(whole, place[:-1])[place[-1]] = value
    path.write_bytes(rewritten(path, whole))


def rewritten(path: Path, whole: Any) -> bytes:
    """A file that says something else, with the right digest."""
    if path.suffix == ".npz":
        arrays = archive.unpack(path.read_bytes(), path)
        return archive.pack({**arrays, "meta": np.frombuffer(text_of(whole), np.uint8)})
    if path.suffix == ".jsonl":
        lines = whole if isinstance(whole, list) else [whole]
        return b"".join(text_of(line) + b"\n" for line in lines)
    return text_of(whole)
