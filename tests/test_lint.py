"""The linter keeps out what runs code that it reads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def complaints(code: str) -> str:
    """The codes of what ruff says of a module of ours that holds this line."""
    words = "check --no-cache --output-format concise --stdin-filename nncli/runs/some.py -"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *words.split()],
        input=f"{code}\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("import pickle", "TID251"),
        ("from pickle import loads", "TID251"),
        ("import marshal", "TID251"),
        ("import joblib", "TID251"),
        ("eval(input())", "S307"),
        ("exec(input())", "S102"),
        ("import yaml\n\nyaml.load(input(), yaml.Loader)", "TID251"),
        ("import yaml\n\nyaml.safe_load(input())", "TID251"),
        ("import yaml\n\nyaml.unsafe_load(input())", "TID251"),
    ],
)
def test_what_runs_what_it_reads_is_refused(code, rule):
    assert f" {rule} " in complaints(code)


def test_ordinary_code_is_not():
    assert complaints("print_nothing = 1").strip() == "All checks passed!"
