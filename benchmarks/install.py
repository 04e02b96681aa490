"""`python -m benchmarks.install`: megabytes of the core install. Needs the network, so it is a command of its own.

Every wheel of the core (the project's own, built from the checkout, and its dependencies') is collected by `pip wheel`
and counted; the same wheels are then installed into a fresh virtual environment, which is weighed before and after.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.places import ROOT
from benchmarks.report import Goal, Row, table


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(Path(folder))
    print(table(rows, {"i": "core install, no extras"}))


def measure(folder: Path) -> list[Row]:
    """One row for the download, one for the environment."""
    wheels, environment = folder / "wheels", folder / "venv"
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "wheel", "--wheel-dir", str(wheels), str(ROOT)])
    before = size(environment)
    _run([*pip, "install", "--no-index", "--find-links", str(wheels), "nncli"])
    added = size(environment) - before
    found = sorted(wheels.glob("*.whl"), key=lambda path: -path.stat().st_size)
    largest = ", ".join(f"{one.name.split('-')[0]} {megabytes(one):.1f}" for one in found[:4])
    files = f"apparent size of its files, those that pip compiles included; Python {_version()}"
    return [
        Row("i", f"{len(found)} wheels", "MB", [size(wheels)], goal=Goal(30), note=largest),
        Row("i", "added to a fresh environment", "MB", [added], goal=Goal(120), note=files),
    ]


def size(folder: Path) -> float:
    """Megabytes of all files under a folder; links are not followed."""
    return sum(megabytes(path) for path in _files(folder))


def megabytes(path: Path) -> float:
    """Of one file."""
    return path.lstat().st_size / 1e6


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _version() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}")


if __name__ == "__main__":
    main()
