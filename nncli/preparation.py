"""A spec with its data, read and found fit to be trained, and the parameters that it starts from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli import fit, machine
from nncli.data.dataset import Dataset
from nncli.data.sources import load
from nncli.errors import KeyPath, Problem, SpecError
from nncli.network import params as parameters
from nncli.network.initializers import init_params
from nncli.network.params import Array, Arrays
from nncli.runs import rundir
from nncli.runs import weights as weights_file
from nncli.spec.model import Spec
from nncli.streams import Purpose, stream
from nncli.training import engines, memory
from nncli.training.evaluation import tracked
from nncli.training.length import Length
from nncli.training.step import rehearse


@dataclass(frozen=True)
class Experiment:
    """A spec with its data read, found fit to be trained."""

    spec: Spec
    dataset: Dataset
    threads: int
    warnings: tuple[str, ...]

    @property
    def length(self) -> Length:
        """Rows, batches and epochs."""
        return Length.of(self.spec, len(self.dataset.splits["train"]))


def prepare(
    spec: Spec,
    on_progress: Callable[[str, int, int], None] | None = None,
    *,
    dataset: Dataset | None = None,
    threads: int | None = None,
    again: bool = False,
    compared: bool = False,
) -> Experiment:
    """Read the data of a spec, unless it is given, and make sure that it can be trained.

    `threads` take the place of the spec's own. The spec of a run that is trained `again` stays as it is; another one
    also tracks the validation rows that something is chosen by, which runs that are `compared` always are.

    Raises SpecError for everything in which spec, data and machine do not agree, DataError for bad data.
    """
    engines.load(spec.engine)
    memory.check(memory.of_parameters(spec), spec)
    dataset = dataset or load(spec.data, on_progress=on_progress)
    spec = fit.with_sampling(fit.with_dims(spec, dataset), dataset)
    spec = spec if again else fit.with_validation(spec, dataset, compared)
    threads = threads or spec.threads
    fit.check(spec, dataset, threads)
    tracked(spec, dataset)
    memory.check(memory.of_training(spec, dataset), spec)
    threads = threads or threads_of(spec, dataset)
    rehearse(spec)
    return Experiment(spec, dataset, threads, (*dataset.notes, *fit.warnings(spec, dataset)))


def threads_of(spec: Spec, dataset: Dataset) -> int:
    """BLAS threads: the spec's, or as many as its largest matrix product can use."""
    batch = Length.of(spec, len(dataset.splits["train"])).batch_size
    largest = max(layer.input_dim * layer.output_dim for layer in spec.architecture)
    return spec.threads or machine.choose_threads(batch * largest)


def initial_params(spec: Spec) -> Arrays:
    """The parameters that training starts from: drawn, or those of `init_from`.

    Raises UsageError or DamagedError where `init_from` cannot be used.
    """
    if spec.init_from is None:
        settings = spec.initializer.model_dump()
        rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
        return init_params(spec.architecture, **settings, rng=rng)
    path = Path(spec.init_from)
    path = path / rundir.WEIGHTS if path.is_dir() else path
    if not path.is_file():
        raise SpecError([Problem(("init_from",), f"there is no weights file {path}.")])
    return weights_file.read_params(path, spec.architecture)


def initial_vector(spec: Spec) -> Array:
    """The first parameters in the network's type. Raises SpecError where that type cannot hold them."""
    with np.errstate(over="ignore"):
        vector = parameters.flatten(initial_params(spec), spec.architecture, spec.dtype)
    if np.isfinite(vector).all():
        return vector
    key: KeyPath = ("init_from",) if spec.init_from else ("initializer", "std")
    raise SpecError([Problem(key, f"gives parameters that are too large for {spec.dtype}.")])
