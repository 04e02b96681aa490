"""`checkpoint.npz`: the state of a training in one self-checking file. No time, no path, no host."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from nncli.runs import archive, files
from nncli.runs.weights import FORMAT
from nncli.spec.base import Model
from nncli.training.state import State


class Position(Model):
    """Where a training stood, and its running sums."""

    format: int
    epoch: int
    batch: int
    records: int
    """Lines of metrics.jsonl that belong to this state."""
    tally: dict[str, Any]


def write(path: Path, state: State, records: int) -> None:
    """Replace the checkpoint. The same state gives the same bytes."""
    tally = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(state.tally).items()
    }
    position = Position(
        format=FORMAT, epoch=state.epoch, batch=state.batch, records=records, tally=tally
    )
    meta = np.frombuffer(position.model_dump_json().encode(), np.uint8)
    slots = {f"optimizer.{name}": value for name, value in state.optimizer.items()}
    files.replace(path, archive.pack({"vector": state.vector, **slots, "meta": meta}))
