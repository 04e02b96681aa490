"""Commands that die in the middle, and commands that are refused."""

from pathlib import Path

import pytest

from nncli import session
from nncli.interrupts import Stop


class Killed(BaseException):
    """A process ends here, without another word."""


def kill(nncli, monkeypatch, questions, *words):
    """A command dies once it has asked so often whether to stop, which it does after each batch: as if by kill -9."""
    with monkeypatch.context() as patch:
        without_a_word(patch)
        patch.setattr(Stop, "__call__", raising(Killed, questions))
        with pytest.raises(Killed):
            nncli(*words)


def without_a_word(monkeypatch):
    """What raises `Killed` is a death: nothing is written any more of how it came about."""
    monkeypatch.setattr(session, "_failed", lambda session, err: None)


def raising(error, questions):
    calls = iter(range(questions))

    def stop(self):
        if next(calls, None) is None:
            raise error
        return False

    return stop


def cut_short(nncli, monkeypatch, questions, *words):
    """A run that died in its training."""
    before = set(Path("runs").glob("*"))
    kill(nncli, monkeypatch, questions, "train", "spec.yaml", "-q", *words)
    (run,) = set(Path("runs").glob("*")) - before
    return run


def refused(nncli, code, message, *words):
    result = nncli(*words)
    assert result.exit_code == code, result.output
    assert message in result.stderr, result.stderr
    assert result.stderr.count("error: ") == result.stderr.count("\n") == 1
