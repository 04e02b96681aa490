"""Commands as processes of their own, in a session of their own: what signals do to them and to all that they start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def start(folder: Path, *words: object, **streams: Any) -> subprocess.Popen[str]:
    """`nncli` with these words, in a folder."""
    return start_python(folder, "-m", "nncli", *words, **streams)


def start_python(
    folder: Path,
    *words: object,
    environment: dict[str, str] | None = None,
    through: Sequence[str] = (),
    **streams: Any,
) -> subprocess.Popen[str]:
    """Python with these words, in a folder, able to import nncli and what the tests have; `through` another command."""
    path = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    pipes: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    pipes["preexec_fn"] = hear
    process = subprocess.Popen(
        [*through, sys.executable, *map(str, words)],
        cwd=folder,
        **(pipes | streams),
        text=True,
        env=os.environ | path | (environment or {}),
        start_new_session=True,
    )
    _STARTED.append(process)
    return process


_STARTED: list[subprocess.Popen[str]] = []


def hear() -> None:
    """Tests may run under nohup or in the background of a shell, which ignore these."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextmanager
def leaving_nothing() -> Iterator[None]:
    """What was started inside and is left running, by a test that failed, is killed with all that it has started."""
    before = len(_STARTED)
    yield
    while len(_STARTED) > before:
        process = _STARTED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(question: Callable[[], Any], seconds: float = 30) -> Any:
    """The first answer that is a yes. Fails where none comes in time."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, "never came"
        time.sleep(0.02)
    return answer


def wait_for(pattern: str, folder: Path) -> Path:
    """The first path of this pattern."""
    return wait_until(lambda: next(folder.glob(pattern), None))


def state_of(pid: int) -> tuple[str, int]:
    """A process's state and session; a zombie's, or that of none, is ("Z", 0)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "Z", 0
    return fields[0], 0 if fields[0] == "Z" else int(fields[3])


def alive(pid: int) -> bool:
    """Whether a process still runs: a zombie does not."""
    return state_of(pid)[0] != "Z"


def session(pid: int) -> list[int]:
    """All that a process has started, as far as it runs, and itself."""
    names = (path.name for path in Path("/proc").iterdir())
    return [int(name) for name in names if name.isdigit() and state_of(int(name))[1] == pid]


def statuses(folder: Path) -> set[str]:
    """How the trials of the sweep in `folder` stand, by their own account."""
    return {json.loads(path.read_text())["status"] for path in folder.glob(f"{TRIALS}/run.json")}


def pids(folder: Path) -> list[int]:
    """The processes that trained those trials last."""
    return [json.loads(path.read_text())["pid"] for path in folder.glob(f"{TRIALS}/run.json")]


TRIALS = "runs/*/trials/*"
