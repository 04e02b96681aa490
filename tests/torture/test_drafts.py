"""Specs drafted for random tables: each is one that can be trained, or one line says why there is none."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from nncli.draft.drafting import beside, draft
from nncli.errors import UsageError
from nncli.spec.load import load_spec

NAMES = [
    *("yes", "1e3", "a: b", "- x", "#h", "null", "'q'", "ä b", "a, b", "x]", "~", "0x1F", "1:30"),
    *("a", "id", "ID", "y", "x1", "größe", "1", "-", "class", "label", "n/a", 'q"q', "é" * 30),
]


def random_cells(rng: random.Random, rows: int) -> list[str]:
    """A column of some kind."""
    spread = 10 ** rng.uniform(-5, 8)
    kinds = {
        "number": lambda i: f"{rng.gauss(0, spread):.6g}",
        "whole": lambda i: str(rng.randrange(1000)),
        "few": lambda i: str(rng.randrange(3)),
        "text": lambda i: rng.choice(["red", "green", "yes", "null", "1e3", "é,ü"]),
        "names": lambda i: "".join(rng.choices(string.ascii_letters, k=8)),
        "constant": lambda i: "7",
        "empty": lambda i: rng.choice(["", "NA"]),
        "holes": lambda i: rng.choice(["", "", "", str(rng.randrange(50))]),
        "mixed": lambda i: rng.choice(["?", "x", *map(str, range(30))]),
        "bool": lambda i: rng.choice(["True", "false"]),
        "count": lambda i: str(i),
        "huge": lambda i: rng.choice(["1e308", "-1e300", "1e-300", "5", "6"]),
        "odd": lambda i: rng.choice(["1_000", "\u0661", " 3", "4 ", "0x1F", "inf", "-"]),
    }
    kind = rng.choice(sorted(kinds))
    return [kinds[kind](i) for i in range(rows)]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell


@pytest.mark.campaign(short=60, long=400, torture=4000)
def test_what_init_writes_checks_or_is_refused_in_one_line(campaign, tmp_path):
    """Random tables: the spec that is written is one that can be trained."""
    accepted = 0
    for number in campaign.numbers:
        path = tmp_path / f"{number}.csv"
        names = random_table(campaign.rng, path)
        targets = campaign.rng.sample(names, min(campaign.rng.choice([0, 0, 1, 2]), len(names)))
        accepted += is_accepted(path, targets)
    assert accepted > campaign.trials / 4, "most were refused: that proves little"


def random_table(rng: random.Random, path: Path) -> list[str]:
    """A table of some columns, whose names are returned."""
    rows = rng.choice([1, 2, 3, 5, 9, 10, 12, 30, 59, 60, 61, 100, 300])
    names = rng.sample(NAMES, rng.randint(1, 7))
    cells = [random_cells(rng, rows) for _ in names]
    lines = [names, *map(list, zip(*cells, strict=True))]
    path.write_text("\n".join(",".join(map(quoted, line)) for line in lines) + "\n")
    return names


def is_accepted(path: Path, targets: list[str]) -> bool:
    """Whether a spec is written, which then is the one that was tried; else one line says why not."""
    try:
        found = draft(path, targets, beside(path))
    except UsageError as err:
        message = str(err)
        assert "\n" not in message
        return False
    beside(path).write_text(found.text)
    assert load_spec(beside(path)).spec.data == found.experiment.spec.data
    return True
