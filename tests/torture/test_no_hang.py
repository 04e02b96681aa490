"""A machine that has not enough, of memory, of open files, of processes: every command ends by itself, with a line and
its exit code, and hears SIGTERM."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from every_command import PLAIN, WORDS, make, words_of
from processes import hear, session, start
from trials import dealt

resource = pytest.importorskip("resource")  # Windows has none
KB = 1024
LIMITS = {
    "RLIMIT_AS": [
        kilobytes * KB
        for kilobytes in (
            60_000,
            120_000,
            180_000,
            200_000,
            215_000,
            230_000,
            260_000,
            300_000,
            400_000,
            700_000,
        )
    ],
    "RLIMIT_NOFILE": [4, 5, 6, 7, 8, 9, 10, 12, 16, 24],
    "RLIMIT_NPROC": [1, 2, 3, 4, 5, 6, 7, 8, 10, 12],
}
"""As `ulimit -v`, `-n` and `-u` set them."""
SOMEBODY = 1_000_000 + os.getpid()
"""A user who has no other processes, in no other test either: the limit is one of users, and root has none."""
FILES = "-all,+dac_override,+dac_read_search"
AS_SOMEBODY = [
    *("setpriv", "--clear-groups", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}"),
    *(f"--{which}={FILES}" for which in ("inh-caps", "ambient-caps", "bounding-set")),
]
"""Somebody who may read and write every file, as root may, and has no other privilege."""
CASES = [
    (name, limit, command)
    for name, limits in LIMITS.items()
    for limit in limits
    for command in WORDS
]
ENOUGH = 60
"""Seconds in which every command has ended; a hang lasts for ever."""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that somebody else may look into, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands read."""
    folder = tmp_path_factory.mktemp("ready")
    make(folder)
    folder.chmod(0o755)
    for run in ("run", "runs/one"):
        process = start(folder, "train", "spec.yaml", "-q", "--run-dir", run)
        process.communicate()
        assert process.returncode == 0
    return folder


def limited(folder: Path, name: str, limit: int, words: Sequence[str]) -> subprocess.Popen[str]:
    """A command under a limit."""

    def set_limit() -> None:
        hear()
        resource.setrlimit(getattr(resource, name), (limit, limit))

    as_user = AS_SOMEBODY if name == "RLIMIT_NPROC" and os.geteuid() == 0 else []
    return start(folder, *words, preexec_fn=set_limit, through=as_user)


def ended(process: subprocess.Popen[str]) -> str:
    """What it said. Fails, and ends it, where it hangs."""
    try:
        return process.communicate(timeout=ENOUGH)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        pytest.fail(f"hangs: {process.args}, {process.communicate()[1]}")


def commands_of(campaign: Any, ready: Path, folder: Path) -> Iterator[tuple[Any, Path, list[str]]]:
    """The cases of a campaign, each with a folder and words of its own."""
    for number, case in enumerate(dealt(campaign, CASES)):
        if case[0] == "RLIMIT_NPROC" and os.geteuid() == 0 and shutil.which("setpriv") is None:
            continue
        own = shutil.copytree(ready, folder / str(number))
        yield case, own, words_of(case[2], PLAIN)


@pytest.mark.campaign(short=3, long=40, torture=len(CASES))
def test_every_command_ends_with_a_line_and_its_code(ready, place, campaign):
    for case, folder, words in commands_of(campaign, ready, place):
        process = limited(folder, *case[:2], words)
        said = ended(process)
        assert "Traceback" not in said, (case, said)
        usual = 2 if case[2] == "data fetch" else 0
        assert process.returncode in (usual, 4), (case, process.returncode, said)
        if process.returncode == 4:
            assert said.startswith("error: "), (case, said)
            assert said.count("\n") == 1, (case, said)
        assert not [pid for pid in session(process.pid) if pid != process.pid], case


@pytest.mark.campaign(short=2, long=40, torture=len(CASES))
def test_every_command_hears_sigterm(ready, place, campaign):
    """At any moment, while it starts workers too."""
    for case, folder, words in commands_of(campaign, ready, place):
        process = limited(folder, *case[:2], words)
        time.sleep(campaign.rng.uniform(0, 3))
        process.terminate()
        said = ended(process)
        assert "Traceback" not in said, (case, said)
        assert process.returncode in (0, 2, 4, 128 + signal.SIGTERM, -signal.SIGTERM), (case, said)
