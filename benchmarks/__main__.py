"""`python -m benchmarks`: measure, print one table, keep the numbers as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.places import ROOT, say
from benchmarks.report import Row, table
from benchmarks.workloads import WORKLOADS

RESULTS = ROOT / "benchmarks" / "results"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the chosen workloads one after another."""
    options = parser().parse_args(arguments)
    letters = options.only or list(WORKLOADS)
    begun, load = datetime.now().astimezone(), os.getloadavg()
    rows: list[Row] = []
    failed = []
    for letter in letters:
        say(f"({letter}) {WORKLOADS[letter].title}")
        try:
            rows += WORKLOADS[letter].measure(letter, options.rounds)
        except (SystemExit, subprocess.CalledProcessError) as err:  # what the others showed is kept
            failed.append(f"({letter}) {err}")
    path = options.json or RESULTS / f"{begun:%Y%m%d-%H%M%S}.json"
    write(path, {**machine(), "started": begun.isoformat(timespec="seconds"), "load": load}, rows)
    print(table(rows, {letter: WORKLOADS[letter].title for letter in letters}))
    print(f"\n{path}")
    if failed:
        raise SystemExit("\n".join(failed))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    known = ", ".join(f"{letter} ({one.title})" for letter, one in WORKLOADS.items())
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    made.add_argument("--rounds", type=rounds, default=5, help="how often each is timed, in turn")
    made.add_argument("--only", type=chosen, metavar="LETTERS", help=f"some of: {known}")
    made.add_argument("--json", type=Path, metavar="PATH", help="default: benchmarks/results/")
    return made


def rounds(text: str) -> int:
    """A number of rounds, one at least."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rounds")
    return int(text)


def chosen(text: str) -> list[str]:
    """The letters of workloads, separated by commas."""
    letters = text.split(",")
    if unknown := [letter for letter in letters if letter not in WORKLOADS]:
        have = ", ".join(WORKLOADS)
        raise argparse.ArgumentTypeError(f"no workload {', '.join(unknown)}; there are {have}")
    return letters


def machine() -> dict[str, Any]:
    """What the figures depend on; NumPy's and the peers' versions are in their rows."""
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def write(path: Path, about: dict[str, Any], rows: Sequence[Row]) -> None:
    """Every sample of every row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {**about, "rows": [row.plain() for row in rows]}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
