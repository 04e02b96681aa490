"""`checkpoint.npz`: the state of a training in one self-checking file. No time, no path, no host."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from nncli import files
from nncli.errors import DamagedError
from nncli.network.metrics import Tally
from nncli.network.params import Array, Arrays
from nncli.runs import archive
from nncli.runs.format import ARRAYS
from nncli.runs.weights import NaturalNumber, read_meta
from nncli.spec.base import Model
from nncli.training.length import Length
from nncli.training.state import Best, Patience, Plateau, State

Finite = Annotated[float, Field(allow_inf_nan=False)]
Whole = Annotated[int, Field(ge=0, lt=2**53)]


class BestRecord(Model):
    """The best record so far; its parameters are the member `best`."""

    value: Finite
    epoch: NaturalNumber


class PatienceRecord(Model):
    """What early stopping waits on."""

    best: Finite | None
    since: NaturalNumber


class PlateauRecord(Model):
    """How far a plateau schedule has come down."""

    height: Finite
    best: Finite | None
    since: NaturalNumber


class Position(Model):
    """Where a training stood, and all of its state that is not an array of the parameters' shape."""

    format: NaturalNumber
    epoch: NaturalNumber
    """Whole epochs done."""
    batch: NaturalNumber
    """Batches done of the next."""
    stopped: bool
    """Whether early stopping had ended it."""
    records: NaturalNumber
    """Lines of metrics.jsonl that belong to this state."""
    tally: dict[str, Whole | Finite | list[Finite]]
    """Running sums since the last record."""
    best: BestRecord | None
    patience: PatienceRecord | None = None
    """Not in checkpoints of earlier versions, where the best was what early stopping waited on."""
    plateau: PlateauRecord | None


def write(path: Path, state: State, records: int) -> None:
    """Replace the checkpoint. The same state gives the same bytes."""
    tally = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in state.tally.sums().items()
    }
    best = BestRecord(value=state.best.value, epoch=state.best.epoch) if state.best else None
    position = Position(
        format=ARRAYS,
        epoch=state.epoch,
        batch=state.batch,
        stopped=state.stopped,
        records=records,
        tally=tally,
        best=best,
        patience=PatienceRecord(**asdict(state.patience)) if state.patience else None,
        plateau=PlateauRecord(**asdict(state.plateau)) if state.plateau else None,
    )
    vectors = {
        "vector": state.vector,
        "average": state.average,
        "best": state.best.vector if state.best else None,
    }
    arrays = {name: vector for name, vector in vectors.items() if vector is not None}
    arrays |= {f"optimizer.{name}": value for name, value in state.optimizer.items()}
    none = None if state.patience else {"patience"}  # then earlier versions read it too
    meta = np.frombuffer(position.model_dump_json(exclude=none).encode(), np.uint8)
    files.replace(path, archive.pack(arrays | {"meta": meta}))


def read(path: Path) -> tuple[Position, Arrays]:
    """The position and the arrays of a checkpoint, checked as weights are.

    Raises DamagedError, MachineError.
    """
    arrays = archive.unpack(archive.read(path), path)
    position = read_meta(arrays, path, Position)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DamagedError(f"{path}: {name} holds numbers that are not finite")
    return position, arrays


def restore(path: Path, state: State, length: Length, outputs: int) -> int:
    """Make a fresh state of a network with so many outputs what it was when the checkpoint was written; the number of
    records that belong to it.

    Raises DamagedError where the file is damaged or holds the state of another training.
    """
    position, arrays = read(path)
    steps = position.epoch * length.batches + position.batch
    if position.batch >= length.batches or steps > length.steps:
        where = f"epoch {position.epoch}, batch {position.batch}"
        raise DamagedError(
            f"{path}: stands after {where}, but this training has {length.epochs} epochs of {length.batches}"
        )
    wanted = {"vector": state.vector, **_optional("average", state.average)}
    wanted |= {f"optimizer.{name}": slot for name, slot in state.optimizer.items()}
    wanted |= _optional("best", state.vector if position.best else None)
    _check_members(arrays, wanted, path)
    for name, array in wanted.items():
        if name != "best":
            array[...] = arrays[name]
    if position.best:
        best = arrays["best"].copy()
        state.best = Best(position.best.value, position.best.epoch, best)
    if (position.plateau is None) != (state.plateau is None):
        raise DamagedError(f"{path}: belongs to a training with another schedule")
    if position.plateau:
        state.plateau = Plateau(**position.plateau.model_dump())
    state.patience = _patience(position, state.patience, path)
    state.tally = _tally(position.tally, state.tally, outputs, path)
    state.epoch, state.batch, state.stopped = position.epoch, position.batch, position.stopped
    return position.records


def _patience(position: Position, fresh: Patience | None, path: Path) -> Patience | None:
    if fresh is None:
        if position.patience:
            raise DamagedError(f"{path}: belongs to a training with early stopping")
        return None
    if position.patience:
        return Patience(**position.patience.model_dump())
    return Patience(position.best.value, position.best.epoch) if position.best else fresh


def _optional(name: str, array: Array | None) -> Arrays:
    return {} if array is None else {name: array}


def _check_members(arrays: Arrays, wanted: Arrays, path: Path) -> None:
    """Exactly the arrays of this training's state, of their types and shapes."""
    for name in [*wanted, *arrays]:
        if name not in arrays:
            raise DamagedError(f"{path}: {name} is missing")
        if name not in wanted:
            raise DamagedError(f"{path}: {name} does not belong to this training")
        have, want = _kind(arrays[name]), _kind(wanted[name])
        if have != want:
            raise DamagedError(f"{path}: {name} is {have}, but this training needs {want}")


def _kind(array: Array) -> str:
    return f"{array.dtype} {array.shape}"


def _tally(saved: dict[str, Any], empty: Tally, outputs: int, path: Path) -> Tally:
    """Running sums as they were; `empty` is of their kind."""
    rows = saved.get("rows")
    apart = empty.PER_OUTPUT if rows else ()  # single numbers before the first rows
    saved = {name: [0.0] * outputs if name in apart else 0.0 for name in empty.LATER} | saved
    shapes = {name: (outputs,) if name in apart else () for name in empty.sums()}
    if {name: np.shape(value) for name, value in saved.items()} != shapes or type(rows) is not int:
        raise DamagedError(f"{path}: its running sums are not those of this training")
    return empty.with_sums(saved | {name: np.array(saved[name]) for name in apart})
