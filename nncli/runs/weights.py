"""Saved parameters: `weights.npz` with W1, b1, ... and `meta`, all that a prediction needs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
from pydantic import Field, ValidationError, model_validator

from nncli import files
from nncli.data.encoding import Names, Preprocessing
from nncli.data.files import shown
from nncli.errors import DamagedError, UsageError
from nncli.filetypes import kind
from nncli.network.params import Architecture, Arrays, shapes
from nncli.runs import archive, strict_json, tensors
from nncli.runs.documents import RUN, first_fault
from nncli.runs.format import check_format
from nncli.spec.base import Model
from nncli.spec.model import LayerSpec, LossName
from nncli.spec.rules import NETWORK_RULES

NaturalNumber = Annotated[int, Field(ge=0, le=2**53)]
M = TypeVar("M", bound=Model)
_INFLATED = 64 << 20
"""What a compressed file may unpack to, also where the network is small: enough to say what does not fit."""


class Meta(Model):
    """What the parameters are: enough to predict without the spec."""

    format: NaturalNumber
    architecture: Annotated[tuple[LayerSpec, ...], Field(min_length=1)]
    loss: LossName
    preprocessing: Preprocessing
    classes: Names | None
    """The name of each class number; None for labels and for a regression."""
    labels: Names | None = None
    """The name of each output, where a row may have several labels."""
    epoch: NaturalNumber
    """Whole epochs of training."""
    batch: NaturalNumber
    """Batches of the next epoch, where training stopped inside one."""

    @model_validator(mode="after")
    def _is_a_network(self) -> Meta:
        """By the rules of the spec: arrays may have the shapes of layers that do not join."""
        value = self.model_dump()
        for problem in (problem for rule in NETWORK_RULES for problem in rule(value)):
            raise ValueError(str(problem))
        for told in (*_wrong_inputs(self), *_wrong_outputs(self)):
            raise ValueError(told)
        return self


def _wrong_inputs(meta: Meta) -> Iterator[str]:
    """Where what a row becomes is not what the first layer takes."""
    inputs = meta.architecture[0].input_dim
    image, table = meta.preprocessing.image, meta.preprocessing.table
    if not all(layer.input_dim and layer.output_dim for layer in meta.architecture):
        yield "architecture: is auto, which only a spec may have"
    if image and table:
        yield "preprocessing: has pictures and a table"
    if image and (pixels := image.height * image.width * image.channels) != inputs:
        yield f"preprocessing.image: has {pixels} numbers, but the network takes {inputs}"
    if table and table.width != inputs:
        yield f"preprocessing.table: becomes {table.width} inputs, but the network takes {inputs}"


def _wrong_outputs(meta: Meta) -> Iterator[str]:
    """Where the answers have other names than the last layer has outputs."""
    outputs, table = meta.architecture[-1].output_dim, meta.preprocessing.table
    if meta.classes and meta.labels:
        yield "labels: stand beside classes"
    if meta.classes and len(meta.classes) != max(outputs, 2):
        yield f"classes: has {len(meta.classes)} names, but the network has {outputs} outputs"
    if meta.labels and len(meta.labels) != outputs:
        yield f"labels: has {len(meta.labels)} names, but the network has {outputs} outputs"
    targets = 1 if meta.classes else outputs
    if table and len(table.target) != targets:
        yield f"preprocessing.table.target: has {len(table.target)} columns, must have {targets}"
    if table and table.centers and (meta.classes or meta.labels):
        yield "preprocessing.table.centers: are for numbers, but the answers are none"


@dataclass(frozen=True)
class Weights:
    """A trained network as it is saved."""

    params: Arrays
    meta: Meta


def write(path: Path, weights: Weights) -> None:
    """Replace a weights file. The same weights give the same bytes."""
    meta = weights.meta.model_dump_json(exclude_defaults=True).encode()
    arrays = weights.params | {"meta": np.frombuffer(meta, np.uint8)}
    files.replace(path, archive.pack(arrays))


def read(path: Path) -> Weights:
    """A weights file, checked.

    Raises UsageError where there is none, DamagedError where it is damaged, from a newer nncli, or not of one piece.
    """
    arrays = archive.unpack(_bytes(path), path)
    meta = read_meta(arrays, path, Meta)
    _check_members(arrays, meta.architecture, path)
    return Weights(arrays, meta)


def read_params(path: Path, architecture: Architecture) -> Arrays:
    """The parameters for an architecture, from a weights file or from any `.npz` that holds exactly W1, b1, ...; or
    from a `.safetensors` file with these or with the layers of a PyTorch `Sequential`.

    Raises UsageError where there is no such file, DamagedError where it does not fit.
    """
    data = _bytes(path)
    if path.suffix == tensors.ENDING:
        arrays = tensors.numbered_layers(tensors.unpack(data, path))
    elif archive.has_digest(data):
        arrays = archive.unpack(data, path)
        read_meta(arrays, path, Meta)
    else:
        needed = sum(8 * math.prod(shape) for shape in shapes(architecture).values())
        arrays = archive.read_members(data, path, inflated=max(_INFLATED, 2 * needed))
    _check_members(arrays, architecture, path)
    return arrays


def read_meta(arrays: Arrays, path: Path, model: type[M]) -> M:
    """Take `meta` out of an archive's arrays. Raises DamagedError, also for a newer format than this nncli knows."""
    if "meta" not in arrays or arrays["meta"].dtype != np.uint8:
        raise DamagedError(f"{path}: holds no `meta`: it was not written by nncli")
    text = arrays.pop("meta").tobytes()
    raw = strict_json.parse_object(text, f"{path}: meta")
    try:
        check_format(raw.get("format"), path)
        return model.model_validate_json(text)
    except ValidationError as err:
        raise DamagedError(f"{path}: meta: is damaged: {first_fault(err)}") from err


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise UsageError(f"{path}: no such weights file")
    in_a_run = bool(kind(path.with_name(RUN)))  # elsewhere it is a user who names it, as he likes
    return archive.read(path, named=not in_a_run)


def _check_members(arrays: Arrays, architecture: Architecture, path: Path) -> None:
    """Exactly W1, b1, ... of the right shapes, one float type, every number finite."""
    wanted = shapes(architecture)
    extra = sorted(set(arrays) - set(wanted))
    held = f"; the file holds {', '.join(shown(name, 40) for name in extra[:3])}" if extra else ""
    for name, shape in wanted.items():
        if name not in arrays:
            raise DamagedError(
                f"{path}: {name} is missing; the architecture has {len(wanted) // 2} layers{held}"
            )
        if arrays[name].shape != shape:
            raise DamagedError(
                f"{path}: {name} is {arrays[name].shape}, but the architecture needs {shape}"
            )
        if arrays[name].dtype.kind != "f" or arrays[name].dtype != arrays["W1"].dtype:
            raise DamagedError(
                f"{path}: {name} is {arrays[name].dtype}; all must be one float type"
            )
        if not np.isfinite(arrays[name]).all():
            raise DamagedError(f"{path}: {name} holds numbers that are not finite")
    if extra:
        raise DamagedError(
            f"{path}: {extra[0]} does not belong to the architecture of {len(wanted) // 2} layers"
        )
