"""A command line in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import SPEC
from typer.testing import CliRunner, Result

from nncli.cli.app import app

Nncli = Callable[..., Result]


@pytest.fixture
def nncli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nncli:
    """Runs a command where `spec.yaml` holds a small experiment; a traceback fails the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "spec.yaml").write_text(SPEC)

    def run(*words: object) -> Result:
        result = CliRunner().invoke(app, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def run_path(nncli: Nncli) -> Path:
    """A finished run of that spec."""
    result = nncli("train", "spec.yaml", "--quiet")
    assert result.exit_code == 0, result.output
    return Path(result.stdout.strip())
