"""Where things are, and a word on stderr while they are measured. Nothing heavy is imported here or by its users:

a child's peak of memory begins at what its parent holds when it starts it.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def nncli() -> list[str]:
    """The command `nncli` of this Python's environment."""
    script = Path(sys.executable).with_name("nncli")
    return [str(script)] if script.exists() else [sys.executable, "-m", "nncli"]
