"""Who works the steps out, one table: name -> an engine, which may have other calls for some of a step's work.

Every engine comes to the same numbers within rounding, and each to the same bytes every time. NumPy's calls do whatever
an engine has no others for. An engine is what the spec says: never chosen because its package is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from nncli.data.batches import gather
from nncli.data.feed import Gather
from nncli.errors import Problem, SpecError
from nncli.network.calls import Calls
from nncli.network.params import Array, Arrays

if TYPE_CHECKING:
    from nncli.data.dataset import Dataset
    from nncli.spec.model import Spec
    from nncli.training.sparse import Picked
    from nncli.training.step import Network

Passes = Callable[["Network", Array, Array, Array, Array], Calls | None]
"""(network, x, y, z, factor) -> the calls of `backprop` without masks; None where the engine has none for it."""
Update = Callable[[str, Array, Array, Arrays, tuple[Array, ...]], Calls | None]
"""(optimizer, vector, gradient, state, numbers) -> the calls of its `update`; None likewise."""
Pick = Callable[["Spec", "Dataset"], "Picked | None"]
"""(spec, dataset) -> the training rows without their zeros, where the engine's first layer takes them (sparse.py)."""


class Engine(NamedTuple):
    """What may be done otherwise than by NumPy's calls."""

    passes: Passes
    update: Update
    gather: Gather
    """To the same bits as NumPy's."""
    pick: Pick
    memory: Callable[[Spec, Dataset], int]
    """Bytes that it takes beside NumPy's."""


def _numpy() -> Engine:
    return Engine(lambda *_: None, lambda *_: None, gather, lambda *_: None, lambda *_: 0)


def _numba() -> Engine:
    if find_spec("numba") is None:
        what = "is numba, which is not installed: pip install 'nncli[fast]'"
        raise SpecError([Problem(("engine",), what)])
    from nncli.training import compiled, sparse

    return Engine(compiled.passes, compiled.update, compiled.gather, sparse.pick, sparse.memory)


ENGINES: dict[str, Callable[[], Engine]] = {"numpy": _numpy, "numba": _numba}


def load(name: str) -> Engine:
    """The engine of that name. Raises SpecError where its package is not installed."""
    return ENGINES[name]()


def described(name: str) -> str:
    """The engine and its version, on which the last bits of a result depend; NumPy's has a place of its own. What is
    not here, or is no engine, is said to be missing: run.json may name any."""
    if name == "numpy":
        return name
    return f"{name} {version(name)}" if name in ENGINES and find_spec(name) else f"no {name}"


@contextmanager
def compiling(name: str, say: Callable[[], None]) -> Iterator[None]:
    """Calls `say` once, as soon as the engine begins to compile: what is not in its cache on disk."""
    load(name)
    if name == "numpy":
        yield
        return
    from nncli.training import compiled

    with compiled.compiling(say):
        yield
