"""The same seed gives the same bytes wherever and however it is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support import SPEC, same_bytes

ROOT = Path(__file__).parents[2]
ZONES = ("UTC", "Asia/Kolkata", "America/St_Johns")
LOCALES = ("C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.UTF-8")


class Surroundings(NamedTuple):
    """All that should not matter."""

    hash_seed: int
    zone: str
    locale: str
    quiet: bool
    terminal: bool
    inside: bool
    """Whether the working folder is the spec's."""


def train(folder: Path, name: str, around: Surroundings) -> Path:
    """Train the spec of a folder; the run."""
    run = folder / "elsewhere" / name
    changes = {"PYTHONHASHSEED": str(around.hash_seed), "TZ": around.zone, "LC_ALL": around.locale}
    environment = os.environ | {"PYTHONPATH": str(ROOT), **changes}
    home = folder if around.inside else folder / "elsewhere"
    spec = "spec.yaml" if around.inside else "../spec.yaml"
    words = ["train", spec, "--run-dir", str(run), *(["--quiet"] if around.quiet else [])]
    command = [sys.executable, "-m", "nncli", *words]
    if around.terminal:
        code = in_a_terminal(command, home, environment)
    else:
        code = subprocess.run(command, cwd=home, env=environment, capture_output=True).returncode
    assert code == 0, around
    return run


def in_a_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """The exit code of a command whose streams are a terminal."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        while os.read(ours, 65536):
            pass
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.wait()


@pytest.mark.campaign(short=6, long=12, torture=50)
def test_one_digest_whatever_is_around(campaign, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spec.yaml").write_text(SPEC)
    first = train(tmp_path, "first", Surroundings(0, "UTC", "C", True, False, True))
    rng = campaign.rng
    for number in campaign.numbers:
        coins = (rng.random() < 0.5 for _ in range(3))
        around = Surroundings(rng.randrange(2**32), rng.choice(ZONES), rng.choice(LOCALES), *coins)
        same_bytes(first, train(tmp_path, str(number), around))


def test_another_seed_is_found_to_be_another(tmp_path):
    around = Surroundings(0, "UTC", "C", True, False, True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "spec.yaml").write_text(SPEC)
    first = train(tmp_path, "first", around)
    (tmp_path / "spec.yaml").write_text(SPEC.replace("seed: 2", "seed: 3"))
    other = train(tmp_path, "other", around)
    with pytest.raises(AssertionError):
        same_bytes(first, other)
