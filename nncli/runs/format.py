"""The version of every file of a run; a later nncli reads earlier ones."""

from __future__ import annotations

from pathlib import Path

from nncli.errors import DamagedError

FORMAT = 2
"""1: as it began. 2: weights say what pictures look like, how a table was encoded, and the names of labels."""
STACKING = 1
"""What run.json says of how trials in lockstep were trained. 1: each by its own settings. 0, where it says nothing:
some by those of another (sweep/earlier.py)."""


def check_format(found: object, path: str | Path) -> None:
    """Raise DamagedError for a file of a newer format than this nncli reads."""
    if isinstance(found, int) and found > FORMAT:
        raise DamagedError(
            f"{path}: has format {found}; this nncli reads up to {FORMAT}. Install a newer nncli."
        )
