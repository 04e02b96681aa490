"""Trainings on tiny disks of their own, to be run by `unshare -Urm`, where mounting one needs no rights.

    unshare -Urm python tests/full_disk.py FOLDER [--careless] size=16k size=8m,nr_inodes=5 ...

For each disk one JSON line on stdout: what training said, and what was wrong once there was room and it had gone on.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import careless
from trials import Bench

from nncli import files

UNITS = 4000
"""Enough for a checkpoint of many pages."""
ROOM = "size=8m,nr_inodes=1000"


def mount(folder: Path, options: str) -> None:
    """Mount a small disk, or make the one that is there larger."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)


def outlive(bench: Bench, folder: Path, options: str) -> dict[str, object]:
    """Train until the disk is full, make room, and go on."""
    mount(folder, options)
    try:
        result, _ = bench.train(folder / "run")
        mount(folder, f"remount,{ROOM}")
        wrong = what_is_wrong(bench, folder / "run")
    finally:
        subprocess.run(["umount", folder], check=True)
    return {"disk": options, "code": result.exit_code, "stderr": result.stderr, "wrong": wrong}


def what_is_wrong(bench: Bench, run: Path) -> str:
    """Go on with a run; empty where it comes to the bytes of the undisturbed one."""
    try:
        bench.ends_well(run)
    except AssertionError as err:
        return str(err)[:500] or "other bytes"
    return ""


def main(root: Path, words: list[str]) -> None:
    """Try each disk."""
    root.mkdir()
    bench, folder = Bench(root, units=UNITS), root / "tiny"
    folder.mkdir()
    if "--careless" in words:
        files.replace = careless.in_place  # which takes half a write for a whole one
    for options in words:
        if not options.startswith("--"):
            sys.stdout.write(json.dumps(outlive(bench, folder, options)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
