"""What the tests of exports share: a trained network, 1,000 rows for it, and what `nncli predict` says of them."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from typer.testing import CliRunner, Result

from nncli.cli.app import app
from nncli.data.csv_file import open_csv
from nncli.data.table_rows import encoded
from nncli.predict import predict
from nncli.predictions import Answers
from nncli.runs.weights import read

ROWS = 1000
CONFIGS = Path(__file__).parent.parent / "configs"


def nncli(*words: object) -> Result:
    """A command; a traceback fails the test."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


class Trained(NamedTuple):
    """A run and rows for it."""

    run: Path
    rows: Path
    """CSV, or npy for a network that was trained on arrays."""

    @property
    def predicted(self) -> Answers:
        """What `nncli predict` says of the rows."""
        chunks = [chunk.answers for chunk in predict(self.run, [str(self.rows)]).chunks()]
        assert len(chunks) == 1
        return chunks[0]

    @property
    def labels(self) -> list[Any]:
        """The chosen class of each row, or its numbers."""
        classes = read(self.run / "weights.npz").meta.classes
        given = self.predicted
        if classes is None or given.chosen is None:
            return given.outputs[:, 0].tolist()
        return [classes[number] for number in given.chosen]

    @property
    def cells(self) -> list[dict[str, str]]:
        """The rows of a table."""
        with self.rows.open(newline="") as file:
            return list(csv.DictReader(file))


def odd_rows(table: Path, out: Path) -> Path:
    """1,000 rows whose cells come from all over a table, with holes and texts that training never saw."""
    rng = random.Random(0)
    with table.open(newline="") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), list(reader.fieldnames or ())
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names[::-1])
        for _ in range(ROWS):
            cells = [rng.choice(rows)[name] for name in names[::-1]]
            if rng.random() < 0.2:
                cells[rng.randrange(len(cells))] = ""
            writer.writerow(
                ["Mars" if cell == "Dream" and rng.random() < 0.3 else cell for cell in cells]
            )
    return out


def inputs_of(trained: Trained) -> Any:
    """The rows as the network's inputs: (rows, inputs)."""
    meta = read(trained.run / "weights.npz").meta
    scale, table = meta.preprocessing.scale, meta.preprocessing.table
    if table is None:
        return np.load(trained.rows).astype("float32") * np.float32(1 / scale)
    with open_csv(trained.rows) as file:
        return np.concatenate([piece.x for piece in encoded(file, table, (), ())])


def train_again(name: str, start: Path, folder: Path) -> Result:
    """An epoch with a packaged spec from other parameters."""
    words = ("-q", "--runs-dir", folder, "--set", f"init_from={start}", "--set", "epochs=1")
    return nncli("train", CONFIGS / f"{name}.yaml", *words)
