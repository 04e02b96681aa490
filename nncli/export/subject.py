"""What every exporter takes: a trained network and what its rows and answers are called."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from keyword import kwlist
from pathlib import Path
from typing import NamedTuple

from nncli import __version__
from nncli.data.drawing import SIDE
from nncli.data.encoding import ImageLook, TableEncoding
from nncli.judge import Opened, open_judged
from nncli.network.params import Arrays
from nncli.predict import open_network
from nncli.predictions import Form
from nncli.runs.weights import Meta, Weights
from nncli.saved import locate


@dataclass(frozen=True)
class Subject:
    """A trained network that is to leave the tool."""

    name: str
    target: Path
    """The run or weights file that it comes from."""
    which: str | None
    weights: Weights
    dtype: str
    look: ImageLook | None
    threads: int
    """Threads of NumPy's matrix products, as `nncli predict` has them on this machine."""
    notes: tuple[str, ...]

    @property
    def meta(self) -> Meta:
        """All that a prediction needs beside the parameters."""
        return self.weights.meta

    @property
    def params(self) -> Arrays:
        """W1, b1, ..."""
        return self.weights.params

    @property
    def table(self) -> TableEncoding | None:
        """How the columns of a table become inputs, where it was trained on one."""
        return self.meta.preprocessing.table

    @property
    def features(self) -> int:
        """Inputs of the network."""
        return self.meta.architecture[0].input_dim

    @property
    def is_mnist_like(self) -> bool:
        """Whether its rows are pictures as MNIST's are, so that drawings can be made like them."""
        look = self.look
        if look is None or not look.dark or look.channels > 1:
            return False
        return (look.height, look.width) == (SIDE, SIDE)

    @property
    def form(self) -> Form:
        """The columns of the answers, those of `data.key` first."""
        return Form.of(self.meta, self.dtype, self.table.keys if self.table else ())

    @property
    def layers(self) -> str:
        """784 -> 30 sigmoid -> 10 sigmoid."""
        sizes = (f"{layer.output_dim} {layer.activation}" for layer in self.meta.architecture)
        return " -> ".join((str(self.features), *sizes))

    @property
    def maker(self) -> str:
        """Who wrote the file."""
        return f"nncli {__version__}"

    def judged(self) -> Opened:
        """The network beside the rows that it is judged on. Raises what `open_judged` does, if the data are gone."""
        return open_judged(self.target, which=self.which)


class Written(NamedTuple):
    """What an exporter has made."""

    data: bytes
    use: str
    """How to use the file, in a line; it is called `{path}` there, and `{word}` on a command line."""
    notes: tuple[str, ...] = ()


Exporter = Callable[[Subject], Written]


def subject_of(target: Path, which: str | None = None) -> Subject:
    """The network in a run or a weights file. Raises UsageError where there is none, DamagedError where damaged."""
    network = open_network(target, which)
    path, run = locate(target)
    name = run.get("name") or (target.name if target.is_dir() else path.stem)
    return Subject(
        name=str(name),
        target=target,
        which=which,
        weights=network.weights,
        dtype=network.dtype,
        look=network.look,
        threads=network.threads,
        notes=network.notes,
    )


def word_of(name: str) -> str:
    """A name that a file and a Python module can have: letters, digits and `_`, and that hides no other module."""
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "network"
    is_taken = word in (*sys.stdlib_module_names, *kwlist, "numpy")
    return f"network_{word}" if word[0].isdigit() or is_taken else word
