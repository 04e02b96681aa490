"""How often a training is saved: `checkpoint`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nncli.spec.base import Count, Model, must_be

SECONDS = {"s": 1, "m": 60, "h": 3600}
Duration = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9]{0,8}[smh]$"),
    must_be("a time such as 10s, 5m or 1h"),
]


class CheckpointSpec(Model):
    """How often all that resuming needs is saved: by exactly one of these. It always is at the end and on a signal."""

    every: Duration | None = Field(default=None, examples=["10s"])
    """Time since the last one: 10s, 5m, 1h."""
    epochs: Count | None = None
    """Epochs from one to the next."""
    batches: Count | None = None
    """Batches from one to the next."""


def seconds(duration: str) -> int:
    """ "5m" -> 300."""
    return int(duration[:-1]) * SECONDS[duration[-1]]
