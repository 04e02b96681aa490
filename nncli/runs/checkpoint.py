"""`checkpoint.npz`: the state of a training in one self-checking file. No time, no path, no host."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nncli import files
from nncli.errors import DamagedError
from nncli.network.params import Arrays
from nncli.runs import archive
from nncli.runs.format import FORMAT
from nncli.runs.weights import read_meta
from nncli.spec.base import Model
from nncli.training.state import State


class BestRecord(Model):
    """The best record so far; its parameters are the member `best`."""

    value: float
    epoch: int


class Position(Model):
    """Where a training stood, and all of its state that is not an array of the parameters' shape."""

    format: int
    epoch: int
    batch: int
    done: bool
    records: int
    """Lines of metrics.jsonl that belong to this state."""
    tally: dict[str, Any]
    best: BestRecord | None
    plateau: dict[str, Any] | None


def write(path: Path, state: State, records: int) -> None:
    """Replace the checkpoint. The same state gives the same bytes."""
    tally = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(state.tally).items()
    }
    best = BestRecord(value=state.best.value, epoch=state.best.epoch) if state.best else None
    position = Position(
        format=FORMAT,
        epoch=state.epoch,
        batch=state.batch,
        done=state.done,
        records=records,
        tally=tally,
        best=best,
        plateau=asdict(state.plateau) if state.plateau else None,
    )
    vectors = {
        "vector": state.vector,
        "average": state.average,
        "best": state.best.vector if state.best else None,
    }
    arrays = {name: vector for name, vector in vectors.items() if vector is not None}
    arrays |= {f"optimizer.{name}": value for name, value in state.optimizer.items()}
    meta = np.frombuffer(position.model_dump_json().encode(), np.uint8)
    files.replace(path, archive.pack(arrays | {"meta": meta}))


def read(path: Path) -> tuple[Position, Arrays]:
    """The position and the arrays of a checkpoint, checked as weights are.

    Raises DamagedError, MachineError.
    """
    arrays = archive.unpack(files.read(path), path)
    position = read_meta(arrays, path, Position)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise DamagedError(f"{path}: {name} holds numbers that are not finite")
    return position, arrays
