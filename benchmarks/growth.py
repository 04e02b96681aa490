"""`python -m benchmarks.growth`: wide tables, long runs and large sweeps, each at a half and at the whole of its size.

Twice the size should take twice the time; four times as much is a square. Whole commands, in processes of their own;
the files are made before, untimed. `--scale 10` makes everything ten times smaller.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.commands import run, training
from benchmarks.places import nncli, say
from benchmarks.report import NO_GOAL, Goal, Row, table

COLUMNS, RECORDS, TRIALS = 20_000, 1_000_000, 3_000
ROWS = 60
TITLE = "growth with columns, records and trials"
SPEC = """\
data: {source: csv, path: wide.csv, target: kind, test: 0.2}
architecture:
  - {input_dim: auto, output_dim: 8, activation: relu}
  - {input_dim: 8, output_dim: auto, activation: softmax}
epochs: 2
batch_size: 16
eta: 0.001
"""
MOONS = "configs/moons.yaml"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--scale", type=int, default=1, help="so many times smaller")
    scale = parser.parse_args().scale
    with tempfile.TemporaryDirectory() as name:
        rows = [row for part in (_wide, _long, _large) for row in part(Path(name), scale)]
    print(table(rows, {"w": TITLE}))


def _row(words: list[str], what: str, goal: Goal = NO_GOAL) -> Row:
    used = run([*nncli(), *words])
    note = f"{used.processor:.1f} s of processor time, {used.megabytes:,.0f} MB"
    return Row("w", what, "s", [used.seconds], goal=goal, note=note)


def _wide(folder: Path, scale: int) -> Iterator[Row]:
    """Every command that reads a table by its columns, or writes them."""
    for columns in (COLUMNS // 2 // scale, COLUMNS // scale):
        say(f"  {columns:,} columns")
        place = folder / f"{columns} columns"
        place.mkdir()
        write_table(place / "wide.csv", columns)
        (place / "wide.yaml").write_text(SPEC)
        spec, weights = str(place / "wide.yaml"), str(place / "run")
        size = f"{columns:,} columns"
        yield _row(["check", spec], f"check, {size}", Goal(2))
        yield _row(["train", spec, "--run-dir", weights, "--quiet"], f"train, {size}")
        yield _row(["predict", weights, str(place / "wide.csv")], f"predict, {size}")
        yield _row(["eval", weights], f"eval, {size}")
        page = str(place / "report.html")
        yield _row(["report", weights, "--out", page], f"report, {size}")
        for to, ending, goal in (
            ("onnx", "onnx", Goal(10)),
            ("python", "py", NO_GOAL),
            ("html", "html", NO_GOAL),
        ):
            out = str(place / f"wide.{ending}")
            yield _row(["export", weights, "--to", to, "--out", out], f"export {to}, {size}", goal)


def write_table(path: Path, columns: int) -> None:
    """A table of numbers, and a class."""
    rng = random.Random(0)
    with path.open("w") as file:
        file.write(",".join([*(f"gene_{number}" for number in range(columns)), "kind"]) + "\n")
        for row in range(ROWS):
            cells = [f"{rng.gauss(0, 1):.3f}" for _ in range(columns)]
            file.write(",".join([*cells, "ab"[row % 2]]) + "\n")


def _long(folder: Path, scale: int) -> Iterator[Row]:
    """Every command that reads the records of a run."""
    for count in (RECORDS // 2 // scale, RECORDS // scale):
        say(f"  {count:,} records")
        path = folder / f"{count}-records"
        run([*nncli(), "train", MOONS, "--set", "epochs=3", "--run-dir", str(path), "--quiet"])
        write_records(path, count)
        page = str(folder / f"{count}.html")
        for words, goal in (
            (["show", str(path)], Goal(5)),
            (["report", str(path), "--out", page], NO_GOAL),
            (["plot", str(path), "--only", "curves"], NO_GOAL),
        ):
            yield _row(words, f"{words[0]}, {count:,} records", goal)


def write_records(path: Path, count: int) -> None:
    """Give a run so many records, each with figures of its own."""
    metrics, rng = path / "metrics.jsonl", random.Random(0)
    one = json.loads(metrics.read_text().splitlines()[-1])
    with metrics.open("w") as file:
        for epoch in range(1, count + 1):
            file.write(json.dumps(_drawn(one, rng) | {"epoch": epoch}) + "\n")


def _drawn(record: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    figures = [key for key in record if key.endswith(("_loss", "_accuracy"))]
    return record | {key: rng.random() for key in figures}


def _large(folder: Path, scale: int) -> Iterator[Row]:
    """Every command that reads the trials of a sweep: texts are swept, which have a color each."""
    run(training(MOONS, str(folder / "base"), "epochs=3"))
    one = next((folder / "base").iterdir())
    for count in (TRIALS // 2 // scale, TRIALS // scale):
        say(f"  {count:,} trials")
        path = folder / f"{count}-trials"
        write_sweep(path, one, count)
        page = str(folder / f"{count}-trials.html")
        for words, goal in (
            (["plot", str(path)], Goal(10)),
            (["show", str(path)], NO_GOAL),
            (["report", str(path), "--out", page], NO_GOAL),
        ):
            yield _row(words, f"{words[0]}, {count:,} trials", goal)


def write_sweep(path: Path, one: Path, count: int) -> None:
    """A sweep whose trials are like one run, each with figures of its own."""
    rng, trials = random.Random(0), []
    told = json.loads((one / "run.json").read_text())
    record = json.loads((one / "metrics.jsonl").read_text().splitlines()[-1])
    for number in range(count):
        trial = path / "trials" / f"{number:012x}"
        trial.mkdir(parents=True)
        figures = _drawn(record, rng)
        (trial / "run.json").write_text(json.dumps(told))
        lines = (json.dumps(figures | {"epoch": epoch}) + "\n" for epoch in (1, 2, 3))
        (trial / "metrics.jsonl").write_text("".join(lines))
        for name in ("summary.json", "spec.yaml", "weights.npz"):
            (trial / name).hardlink_to(one / name)
        listed = {"id": trial.name, "point": {"name": f"t{number}"}, "status": "finished"}
        trials.append(listed | {"run": f"trials/{trial.name}", "figures": figures})
    metric = "test_accuracy" if "test_accuracy" in record else "train_accuracy"
    trials.sort(key=lambda trial: -trial["figures"][metric])
    listing = {"format": told["format"], "sweep": str(path), "metric": metric}
    (path / "sweep.json").write_text(
        json.dumps(listing | {"best": trials[0]["id"], "trials": trials})
    )
    (path / "sweep.yaml").write_text((one / "spec.yaml").read_text())


if __name__ == "__main__":
    main()
