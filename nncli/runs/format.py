"""The version of every file of a run; a later nncli reads earlier ones."""

from __future__ import annotations

from pathlib import Path

from nncli.errors import DamagedError

DATA_SEED = 3
"""From here on specs have `data.seed`, which draws the rows that are kept back; until then `seed` did."""
FORMAT = DATA_SEED
"""1: as it began. 2: weights say what pictures look like, how a table was encoded, and the names of labels. 3: as said
above."""
ARRAYS = 2
"""The version of weights and checkpoints, which have stayed as they were in the last."""
STACKING = 1
"""What run.json says of how trials in lockstep were trained. 1: each by its own settings. 0, where it says nothing:
some by those of another (sweep/earlier.py)."""


def check_format(found: object, path: str | Path) -> None:
    """Raise DamagedError for a file of a newer format than this nncli reads."""
    if isinstance(found, int) and found > FORMAT:
        raise DamagedError(
            f"{path}: has format {found}; this nncli reads up to {FORMAT}. Install a newer nncli."
        )
