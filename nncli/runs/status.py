"""How a run stands, whoever asks."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any


def status_of(run: Mapping[str, Any]) -> str:
    """How a run stands: as run.json says, but a run whose process is gone is `lost`, not `running`."""
    status = str(run.get("status", "unknown"))
    if (
        status == "running"
        and run.get("host") == socket.gethostname()
        and not _alive(run.get("pid"))
    ):
        return "lost"
    return status


def _alive(pid: object) -> bool:
    """Whether a process of this machine exists."""
    try:
        os.kill(int(str(pid)), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:  # it exists, and belongs to someone else
        return True
    return True
