"""What a network sees of each picture, beside what it says of it."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from nncli.cli import console
from nncli.data.inputs import FILE
from nncli.data.seeing import as_pixels
from nncli.errors import UsageError
from nncli.network.params import Array

if TYPE_CHECKING:
    from nncli.predict import Chunk, Prediction
    from nncli.predictions import Answers

MOST = 3
"""Classes that are named, the likeliest first."""

SHADES = " ░▒▓█"


def blocks(pixels: Array) -> list[str]:
    """A line for each row of a picture, two characters a pixel: the brighter, the fuller."""
    gray = pixels.mean(axis=2) / 256 * len(SHADES)
    return ["".join(SHADES[int(shade)] * 2 for shade in row) for row in gray]


class Seen:
    """Prints pictures. Raises UsageError where the network was trained on none."""

    def __init__(self, prediction: Prediction) -> None:
        look = prediction.network.look
        if look is None:
            raise UsageError(
                "--show: the network was trained on no pictures, as far as its weights say"
            )
        self._look, self._meta = look, prediction.network.weights.meta
        self._form = prediction.form
        self._rows = 0

    def print(self, chunk: Chunk) -> None:
        """Each row of a chunk."""
        for row, x in enumerate(chunk.rows.x):
            self._rows += 1
            names = chunk.rows.keys.get(FILE)
            title = names[row] if names else f"row {self._rows:,}"
            answer = [title, "", *self._answer(chunk.answers, row)]
            drawn = blocks(as_pixels(x, self._look))
            width = max(map(len, drawn))
            out = console.stdout()
            for line, words in zip_longest(drawn, answer, fillvalue=""):
                out.print(f"{line.ljust(width)}  {words}".rstrip())
            out.print()

    def _answer(self, given: Answers, row: int) -> list[str]:
        outputs = given.outputs[row]
        names = self._meta.classes or self._meta.labels
        if names is None or len(names) != len(outputs):
            own = self._form.names[-len(outputs) :]
            return [f"{name} {value:.4g}" for name, value in zip(own, outputs, strict=True)]
        best = np.argsort(-outputs, kind="stable")[:MOST]
        return [f"{names[number]}  {outputs[number]:.2%}" for number in best]
