"""Fixtures of every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mnist_folder() -> Path:
    """The folder of the real MNIST files; without it tests are skipped, but never under CI."""
    shared = os.environ.get("NNCLI_DATA")
    if not shared:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("NNCLI_DATA is not set: it names the folder that holds mnist/*.gz")
    return Path(shared) / "mnist"
