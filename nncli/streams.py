"""Randomness as a function: every random draw names its purpose, and no generator is ever saved."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream of random numbers is for. The numbers are part of every result: never change one."""

    INITIAL_WEIGHTS = 0
    SPLIT = 1
    BATCH_ORDER = 2
    POINTS = 3
    """The points of a generated dataset."""
    DROPOUT = 4
    """Which units are silent: by epoch and block."""
    AUGMENT = 5
    """How images are distorted: by epoch and block."""
    GRADCHECK = 6
    """Which parameters of a large network are checked."""
    SWEEP = 7
    """The samples of a sweep: by key."""


def stream(seed: int, purpose: Purpose, *position: int) -> np.random.Generator:
    """The generator of one purpose at one position (an epoch, say): PCG64 seeded by
    SeedSequence(seed, spawn_key=(purpose, *position)), so that a deeper network does not reorder the batches."""
    sequence = np.random.SeedSequence(seed, spawn_key=(int(purpose), *position))
    return np.random.Generator(np.random.PCG64(sequence))
