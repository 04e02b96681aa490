"""A good spec, and what is said of the same with one thing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nncli.errors import SpecError
from nncli.spec.load import Document, load_spec

GOOD = """\
data: mnist
architecture:
  - {input_dim: 784, output_dim: 30, activation: sigmoid}
  - {input_dim: 30, output_dim: 10, activation: sigmoid}
loss: quadratic
epochs: 30
batch_size: 10
eta: 3.0
"""

Load = Callable[..., Document]
Complaints = Callable[..., list[str]]


@pytest.fixture
def good() -> str:
    """A spec of eight lines; a test changes one of them."""
    return GOOD


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Writes a text (or bytes) to spec.yaml and loads it."""
    monkeypatch.chdir(tmp_path)

    def load(text: str | bytes = GOOD, *overrides: str) -> Document:
        path = Path("spec.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_spec(path, overrides)

    return load


@pytest.fixture
def complaints(load: Load) -> Complaints:
    """The lines of the error that loading ends with; none where the spec is good."""

    def complaints(text: str | bytes = GOOD, *overrides: str) -> list[str]:
        try:
            load(text, *overrides)
        except SpecError as err:
            refused = err
        else:
            return []
        assert refused.exit_code == 2
        assert all(problem.place for problem in refused.problems)
        return str(refused).split("\n")

    return complaints
