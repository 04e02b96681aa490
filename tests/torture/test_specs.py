"""Specs with anything at all in them, through `nncli check`: exit code 0 or 2, and every error names its place."""

from __future__ import annotations

import gzip
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import damage
import numpy as np
import pytest
from typer.testing import CliRunner

from nncli.cli.app import app
from nncli.data import sources
from nncli.data.dataset import Dataset, Fingerprint, Split
from nncli.spec import source
from nncli.spec.dump import dump_spec
from nncli.spec.load import load_spec
from nncli.training import memory

MEMORY = 512 << 20
"""What the machine is said to have; more than this a check must never ask for."""

NETWORK = """\
architecture:
  - {input_dim: 2, output_dim: 8, activation: tanh}
  - {input_dim: 8, output_dim: 2, activation: softmax}
"""
IMAGES = """\
architecture:
  - {input_dim: 784, output_dim: 8, activation: sigmoid}
  - {input_dim: 8, output_dim: 10, activation: sigmoid}
"""
TINY = "epochs: 3\nbatch_size: 10\neta: 0.5\n"


def spec(optimizer: str, rest: str, data: str = "{source: moons, samples: 60, test: 0.25}") -> str:
    """A network in the plane."""
    return f"data: {data}\n{NETWORK}{TINY}optimizer: {optimizer}\n{rest}\n"


SPECS = (
    f"data: moons\n{NETWORK}{TINY}",
    spec("sgd", "seed: 7\ntrack: [train, test]"),
    spec("{name: momentum, mu: 0.8}", "schedule: {name: step, every: 2}\nkeep: best\ntrack: [test]"),
    spec("nesterov", "schedule: cosine\nwarmup: 0.1", "{source: circles, samples: 50, factor: 0.3}"),
    spec("adagrad", "schedule: {name: exponential, factor: 0.9}\ndtype: float64"),
    spec("{name: rmsprop, rho: 0.8, epsilon: 1e-6}", "schedule: {name: linear, final: 0.1}"),
    spec("adam", "regularizer: {l1: 0.001, l2: 1e-4, max_norm: 3.0}\nthreads: 1"),
    spec("{name: adamw, weight_decay: 0.1, beta1: 0.8}", "average: {decay: 0.9, every: 2}"),
    spec(
        "sgd",
        "schedule: {name: plateau, patience: 2}\nearly_stopping: {patience: 3, min_delta: 0.01}",
        "{source: moons, samples: 80, validation: 0.2, validation_from: stratified, test_from: random}",
    ),
    spec("adam", "early_stopping: {monitor: test_accuracy, restore_best: false}\ntrack: [test]"),
    spec("sgd", "initializer: {weights: normal, std: 2, biases: normal}\nsampling: sequential"),
    spec("sgd", "initializer: he_uniform\ngradient: numerical\nsampling: with_replacement"),
    spec("sgd", "sweep: {eta: [0.1, 1.0], optimizer.name: [sgd, adam], data.noise: [0, 0.1]}"),
    """\
name: arms
data: {source: spirals, classes: 3, turns: 0.5, noise: 0, samples: 90, seed: 3}
architecture:
  - {input_dim: 2, output_dim: 4, activation: leaky_relu, dropout: 0.2}
  - {input_dim: 4, output_dim: 4, activation: elu}
  - {input_dim: 4, output_dim: 3, activation: softmax}
loss: cross_entropy
iterations: 40
record_every: 2
batch_size: full
eta: 1e-2
""",
    f"data: mnist\n{IMAGES}{TINY}loss: quadratic\ntrack:\n- test\n",
    f"""\
data: {{source: mnist, validation: 20}}
{IMAGES}{TINY}augment:
  shift: 1.5
  rotate: 12
  scale: 0.15
  shear: 5
  elastic: {{alpha: 36, sigma: 5}}
""",
    """\
# y holds real targets
data:
  source: npz
  path: data.npz
  scale: 2.0
  test: 3
architecture:
- input_dim: 3
  output_dim: 4
  activation: softplus
- input_dim: 4
  output_dim: 1
  activation: identity
epochs: 2
batch_size: 5
eta: 0.01
early_stopping: {monitor: test_rmse}
track: [test]
""",
    f"data: {{source: idx, path: images, validation: 1}}\n{NETWORK}{TINY}".replace("2, output", "3, output", 1),
    f"data: {{source: npz, path: nowhere.npz}}\n{NETWORK}{TINY}",
    f"data: moons\n{NETWORK}{TINY}init_from: nowhere\n",
)  # fmt: skip
"""Twenty good ones; the last two name files that are not there."""

TOKENS = (
    "&a", "*a", "<<", "<<: *a", "!!int", "!!python/name:x", ".nan", ".inf", "9" * 5000, "2024-13-45", "\t", "\0",
    "\ufeff", "no", "010", "12:30", "1_000", "0x1F", "1e999", "-1", "''", '"\\ud800"', '"\\UFFFFFFFF"', "~", "null",
    "true", "[", "]", "{", "}", "[]", "{}", "- ", ": ", "? ", "|", ">", "%YAML 9.9", "---", "...", "#", "'", '"', "@",
    "`", "softmax", "mnist", "source", "sweep: {eta: [1]}", "epochs: 3", "~nobody/x", "\u2028", "\x85", "\U0001f600",
    "data", "[[[[[[[[", "{a: {b: {c: ", "3", "3.5", "x", "\n", "\n\n  ", " ", ",", ":", "1e-320", "1e300",
    "1.7e308", "0.999999", "30000", "10000000", "2147483647", "9223372036854775807", "full", "stratified",
    "spec.yaml", "images", ".", "/", "x" * 300, "y" * 200 + ("/" + "y" * 200) * 30,
)  # fmt: skip
TAME = (
    "0", "1", "2", "3", "8", "10", "0.1", "0.5", "1e-3", "-1", "2147483647", "1.7e308", "null", "true", "full", "relu",
    "softmax", "sgd", "adamw", "cosine", "last", "random", "moons", "[test]", "[train, validation]", "x",
)  # fmt: skip
"""Values that a spec may well have somewhere: they get past the reader, to the models, the rules and the data."""
KEYS = (
    "eta", "data", "data.path", "data.samples", "architecture", "architecture[0]", "architecture.1.activation",
    "architecture[0].output_dim", "sweep", "sweep.eta", "optimizer", "optimizer.name", "augment.shift", "name", "x",
    "init_from", "data.x",
    "data.noise", "data.turns", "data.scale", "data.test", "data.validation", "batch_size",
    "epochs", "seed", "threads", "early_stopping.monitor", "initializer.std",
)  # fmt: skip
PLACE = re.compile(
    r"error: ((case\.yaml(:\d+:\d+)?|--set|/\S*/(data\.npz|images/\S+|case\.yaml)): )."
)


def mutated(text: str, rng: random.Random) -> bytes:
    """A spec with tokens put in, in place of something or of a whole value; sometimes a damaged byte."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        start = rng.randrange(len(text))
        end = start + rng.choice((0, 0, 1, 1, 4, 20))
        token = rng.choice(TOKENS)
        if rng.random() < 0.6:
            start = text.find(": ", start) + 2
            end = min((text + mark).find(mark, start) for mark in "\n,}")
            token = rng.choice((token, rng.choice(TAME), rng.choice(TAME)))
        text = text[:start] + token + text[max(start, end) :]
    data = text.encode()
    return damage.damaged(data, rng) if rng.random() < 0.1 else data


def assignment(rng: random.Random) -> str:
    """A `--set` that means something, or not."""
    key = rng.choice(KEYS) if rng.random() < 0.8 else rng.choice(TOKENS)
    value = "".join(rng.choices(TOKENS, k=rng.choice((0, 1, 1, 1, 2, 3))))
    if rng.random() < 0.3:
        return f"{key}={rng.choice(TAME)}"
    return f"{key}{rng.choice('====.[')}{value}"


def handwritten(*_: object) -> Dataset:
    """In place of MNIST: what a check needs to know of it, without a download."""
    x, y = np.zeros((40, 784), np.uint8), np.arange(40) % 10
    splits = {"train": Split(x, y), "test": Split(x, y)}
    return Dataset(splits, tuple("0123456789"), Fingerprint("0" * 64), 255.0, (28, 28))


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs `nncli check` on the bytes of a spec, and gives the first refusal, "" for none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "10000")
    monkeypatch.setitem(sources.LOADERS, "mnist", handwritten)
    monkeypatch.setattr(memory, "usable_memory", lambda: MEMORY)
    monkeypatch.setattr(memory, "total_memory", lambda: MEMORY)
    x = np.arange(60.0).reshape(20, 3)
    np.savez("data.npz", x=x, y=x[:, 0])
    Path("images").mkdir()
    for name, values in (("images-idx3", x[:6].astype("u1")), ("labels-idx1", np.arange(6) % 2)):
        dims = (6, 3, 1) if "images" in name else (6,)
        header = bytes([0, 0, 8, len(dims)]) + np.array(dims, ">u4").tobytes()
        packed = gzip.compress(header + np.resize(values, dims).astype("u1").tobytes())
        Path(f"images/train-{name}-ubyte.gz").write_bytes(packed)

    def check(data: bytes, *assignments: str) -> str:
        Path("case.yaml").write_bytes(data)
        words = [word for each in assignments for word in ("--set", each)]
        with damage.reproducible(tmp_path, data, *assignments), damage.little_memory(2 * MEMORY):
            return outcome("check", "case.yaml", *words)

    return check


def outcome(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in (0, 2), result.output
    refusals = [line for line in result.stderr.split("\n") if line and not is_warning(line)]
    assert bool(refusals) == (result.exit_code == 2), result.output
    for line in refusals:
        assert PLACE.match(line), line
        assert line.isprintable()
        assert len(line) < 1000, line
    return refusals[0].split(": ")[-1] if refusals else ""


def is_warning(line: str) -> bool:
    return line.startswith("warning: case.yaml: ") and line.isprintable()


@pytest.mark.parametrize("number", range(len(SPECS)))
def test_seeds_are_good(check, number):
    assert bool(check(SPECS[number].encode())) == ("nowhere" in SPECS[number])


def written_out(text: str) -> str:
    """The same spec as a run keeps it: every key, with its default where none was given."""
    Path("seed.yaml").write_text(text)
    return dump_spec(load_spec(Path("seed.yaml")).spec)


def all_different(outcomes: list[str]) -> bool:
    """Whether the mutations reach many different refusals, and now and then change nothing that matters."""
    return "" in outcomes and len(set(outcomes)) > len(outcomes) // 10


@pytest.mark.campaign(short=250, long=2000, torture=7000)
def test_mutated_specs(check, campaign):
    seeds = [*SPECS, *map(written_out, SPECS)]
    outcomes = [
        check(mutated(campaign.rng.choice(seeds), campaign.rng)) for _ in range(campaign.trials)
    ]
    assert all_different(outcomes), (len(set(outcomes)), "" in outcomes)


@pytest.mark.campaign(short=120, long=1000, torture=3000)
def test_mutated_assignments(check, campaign):
    rng = campaign.rng
    outcomes = [
        check(rng.choice(SPECS).encode(), *(assignment(rng) for _ in range(rng.choice((1, 1, 2)))))
        for _ in range(campaign.trials)
    ]
    assert all_different(outcomes), (len(set(outcomes)), "" in outcomes)


def lol(levels: int, merge: str = "") -> str:
    """A billion laughs: each level names the one before it nine times."""
    first = "a0: &a0 {x: 1}\n" if merge else "a0: &a0 [lol]\n"
    inner = "{{<<: [{}]}}" if merge else "[{}]"
    return first + "".join(
        f"a{i}: &a{i} {inner.format(', '.join([f'*a{i - 1}'] * 9))}\n" for i in range(1, levels)
    )


BOMBS = {
    "aliases": lol(30),
    "merge keys": lol(30, "<<"),
    "brackets": "a: " + "[" * 200_000,
    "braces": "a: " + "{b: " * 60_000,
    "question marks": "? " * 120_000,
    "dashes": "- " * 120_000,
    "block of keys": "\n".join(f"k{i}: {i}" for i in range(25_000)),
    "flow of keys": "{" + ", ".join(f"k{i}: {i}" for i in range(19_000)) + "}",
    "plain": "a: " + "x " * 120_000,
    "quoted": 'a: "' + "\\x41" * 60_000 + '"',
    "open quote": 'a: "' + "\n" * 250_000,
    "blank lines": "\n" * 250_000,
    "comments": "#\n" * 120_000,
    "digits": "epochs: " + "9" * 250_000,
    "digits after a point": "eta: 0." + "1" * 250_000,
    "a base of sixty": "epochs: 1" + ":1" * 120_000,
    "underscores": "epochs: 1" + "_" * 250_000,
    "long key": "k" * 250_000 + ": 1",
    "key path": "sweep: {" + "a." * 120_000 + ": [1]}",
    "tag": "a: !" + "x" * 250_000 + " 1",
    "anchor": "a: &" + "x" * 250_000 + " 1",
    "directives": "%TAG ! tag:x\n" * 10_000 + "--- {}",
    "unknown keys": "\n".join(f"epochz{i}: 1" for i in range(3_000)),
    "layers": "architecture: [" + "{input_dim: 2, output_dim: 2}, " * 3_000 + "]",
    "documents": "---\n" * 60_000,
    "escapes": "name: \x1b[2J",
    "UTF-16 without a mark": f"data: moons\n{NETWORK}{TINY}".encode("utf-16-le"),
    "NUL": b"\0" * 250_000,
    "300 KiB": "a: 1 #" + "x" * 300 * 1024,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(check, name):
    bomb = BOMBS[name]
    begin = time.process_time()
    assert check(bomb if isinstance(bomb, bytes) else bomb.encode())
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("leak", [ValueError, RecursionError, KeyError])
def test_a_reader_that_leaks_is_caught(check, monkeypatch, leak):
    """The harness can fail: it sees an exception that is none of ours."""

    def leaking(*_: object) -> object:
        raise leak("from inside")

    monkeypatch.setattr(source, "_value", leaking)
    with pytest.raises(leak):
        check(SPECS[0].encode())


def test_errors_without_a_place_are_caught(check, monkeypatch):
    """The harness can fail: it sees a line that does not say where."""
    monkeypatch.setattr("nncli.spec.page.Page.placed", lambda self, problem, mark: problem)
    with pytest.raises(AssertionError, match="error: epochs"):
        check(SPECS[0].encode().replace(b"epochs: 3", b"epochs: 0"))
