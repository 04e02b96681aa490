"""Good specs with tokens and bytes changed at random: they load, or are refused with exit code 2. Nothing else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nncli.errors import NncliError
from nncli.spec.dump import dump_spec
from nncli.spec.load import load_spec

CASES = 150
TOKENS = (
    "&a", "*a", "<<", "<<: *a", "!!int", "!!python/name:x", ".nan", ".inf", "9" * 5000, "2024-13-45", "\t", "\0",
    "\ufeff", "no", "010", "12:30", "1_000", "0x1F", "1e999", "-1", "''", '"\\ud800"', '"\\UFFFFFFFF"', "~", "null",
    "true", "[", "]", "{", "}", "[]", "{}", "- ", ": ", "? ", "|", ">", "%YAML 9.9", "---", "...", "#", "'", '"', "@",
    "`", "softmax", "mnist", "source", "sweep: {eta: [1]}", "epochs: 3", "~nobody/x", "\u2028", "\x85", "\U0001f600",
    "data", "[[[[[[[[", "{a: {b: {c: ", "3", "3.5", "x", "\n", "\n\n  ", " ", ",", ":",
)  # fmt: skip
VARIANTS = (
    [],
    [
        "data={source: npz, path: x.npz, validation: 0.2}",
        "sweep={eta: [0.1, 1.0], data.scale: [1, 2]}",
    ],
    [
        "data={source: spirals, classes: 3}",
        "initializer={weights: normal, std: 2}",
        "track=[train]",
    ],
    ["init_from=x.npz", "epochs=null", "iterations=5", "optimizer={name: sgd}"],
)


def mutated(text: str, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(text))
        end = start + rng.choice((0, 0, 1, 1, 4, 20))
        if rng.random() < 0.5:  # a whole value
            start = text.find(": ", start) + 2
            end = min((text + "\n").find("\n", start), (text + ",").find(",", start))
        text = text[:start] + rng.choice(TOKENS) + text[max(start, end) :]
    data = bytearray(text.encode())
    if rng.random() < 0.1:
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def outcome(path: Path, *overrides: str) -> str:
    try:
        load_spec(path, overrides)
    except NncliError as err:
        refused = err
    else:
        return ""
    assert refused.exit_code == 2
    lines = str(refused).split("\n")
    assert all(lines)
    assert all(line.isprintable() for line in lines), lines
    assert max(map(len, lines)) < 1000
    return lines[0].split(": ")[-1]


@pytest.mark.parametrize("variant", range(len(VARIANTS)))
def test_mutated_specs(load, good, variant, tmp_path):
    rng = random.Random(variant)
    text = dump_spec(load(good, *VARIANTS[variant]).spec)
    path = tmp_path / "mutated.yaml"
    outcomes = set()
    for _ in range(CASES):
        path.write_bytes(mutated(text, rng))
        outcomes.add(outcome(path))
    # the mutations reach many different refusals, and now and then change nothing that matters
    assert "" in outcomes
    assert len(outcomes) > CASES // 5


def test_mutated_assignments(good, tmp_path):
    rng = random.Random(0)
    path = tmp_path / "spec.yaml"
    path.write_text(good)
    keys = (
        "eta",
        "data",
        "data.path",
        "architecture[0]",
        "architecture.1.activation",
        "sweep",
        "sweep.eta",
        "optimizer",
        "name",
        "x",
    )
    outcomes = {
        outcome(
            path,
            f"{rng.choice((*keys, *TOKENS))}{rng.choice('=.[')}{''.join(rng.choices(TOKENS, k=rng.randint(0, 3)))}",
        )
        for _ in range(2 * CASES)
    }
    assert len(outcomes) > CASES // 5
