"""Every command of nncli with words that work, and which of its words are paths: from the commands' own signatures."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from typer import models

from nncli.cli.app import COMMANDS
from nncli.cli.data import data

SPEC = """\
data: {source: csv, path: table.csv, target: kind, test: 0.25}
architecture: [{input_dim: 2, output_dim: 2, activation: softmax}]
epochs: 2
batch_size: 10
eta: 0.5
"""
SPEC_OF_DIGITS = """\
data: {source: digits}
architecture: [{input_dim: auto, output_dim: 10, activation: softmax}]
epochs: 1
batch_size: 500
eta: 0.5
"""
ROWS = "x0,x1,kind\n" + "".join(f"{n % 7},{n % 5},{'xy'[n % 2]}\n" for n in range(40))

WORDS: dict[str, str] = {
    "train": "SPEC -q --runs-dir NEW/runs --run-dir NEW/run",
    "resume": "RUN -q --epochs 3",
    "repeat": "RUN -q",
    "eval": "RUN --spec SPEC --runs-dir RUNS",
    "predict": "RUN TABLE --out NEW.csv",
    "sweep": "SPEC -q --grid eta=0.1,0.2 --workers 1 --runs-dir NEW/runs",
    "plot": "RUN --out NEW.svg --runs-dir RUNS",
    "report": "RUN --out NEW.html --runs-dir RUNS",
    "export": "RUN --to python --out NEW.py",
    "check": "SPEC",
    "gradcheck": "SPEC -q",
    "runs": "--runs-dir RUNS",
    "show": "RUN",
    "compare": "RUN RUNS/one",
    "init": "TABLE --target kind --out NEW.yaml",
    "schema": "",
    "data show": "DIGITS --out NEW.svg",
    "data list": "",
    "data fetch": "nothing",
}
"""Command -> words; those in capitals stand for paths."""
PLAIN = {
    "SPEC": "spec.yaml",
    "RUNS": "runs",
    "RUN": "run",
    "TABLE": "table.csv",
    "DIGITS": "digits.yaml",
    "NEW": "new",
}
PATHS = (*PLAIN,)


def callbacks() -> dict[str, Callable[..., Any]]:
    """Every command -> its function."""
    others = {f"data {one.name}": one.callback for one in data.registered_commands if one.callback}
    return {**COMMANDS, **others}


def path_parameters(callback: Callable[..., Any]) -> tuple[int, set[str]]:
    """How many arguments of a command are paths, and its options that take one."""
    arguments, options = 0, set()
    for name, hint in typing.get_type_hints(callback, include_extras=True).items():
        kind, about = (*typing.get_args(hint), None, None)[:2]
        if "Path" in str(kind) and type(about).__name__ == "ArgumentInfo":
            arguments += 1
        elif "Path" in str(kind):
            options.add((about.param_decls or (f"--{name.replace('_', '-')}",))[0])
    return arguments, options


def words_of(command: str, places: Mapping[str, str]) -> list[str]:
    """The words of a command, with paths in their places."""
    found = command.split()
    for word in WORDS[command].split():
        key = next((key for key in PATHS if word.startswith(key)), "")
        found.append(places[key] + word.removeprefix(key) if key else word)
    return found


def make(folder: Path) -> None:
    """What commands read, but for the run."""
    (folder / PLAIN["TABLE"]).write_text(ROWS)
    (folder / PLAIN["SPEC"]).write_text(SPEC)
    (folder / PLAIN["DIGITS"]).write_text(SPEC_OF_DIGITS)


def speaks_of_sweeps(name: str) -> bool:
    """Whether a command of the first level takes sweeps, or tells of them: by its own words."""
    command = COMMANDS[name]
    hints = typing.get_type_hints(command, include_extras=True)
    told = [one.help or "" for hint in hints.values() for one in typing.get_args(hint)
            if isinstance(one, models.ParameterInfo)]  # fmt: skip
    return "sweep" in " ".join([name, inspect.getdoc(command) or "", *told]).lower()
