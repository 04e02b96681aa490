"""A trial as its worker sees it."""

import socket
import threading
import time

from support import spec_of

from nncli.runs import lock
from nncli.spec.dump import plain_spec
from nncli.sweep import trial

SPEC = plain_spec(
    spec_of("2-3-2 tanh softmax", data={"source": "moons", "samples": 40, "test": 0.25})
)


def run(path):
    (outcome,) = trial.run_trials([(SPEC, path)])
    return outcome


def test_a_worker_that_does_not_see_the_runs_says_so(tmp_path):
    outcome = run(tmp_path / "nowhere" / "trial")
    assert (outcome["status"], outcome["exit_code"]) == ("failed", 4)
    assert f"is not there on {socket.gethostname()}" in outcome["reason"]
    assert not (tmp_path / "nowhere").exists()


def test_a_trial_waits_for_the_worker_that_had_it_before(tmp_path):
    (tmp_path / "trial").mkdir()
    held = threading.Event()

    def hold() -> None:
        with lock.writing(tmp_path / "trial"):
            held.set()
            time.sleep(0.5)

    before = threading.Thread(target=hold)
    before.start()
    held.wait()
    assert run(tmp_path / "trial") == {"status": "finished"}
    before.join()


def test_it_does_not_wait_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "PATIENCE", 0.3)
    (tmp_path / "trial").mkdir()
    with lock.writing(tmp_path / "trial"):
        outcome = run(tmp_path / "trial")
    assert (outcome["status"], outcome["exit_code"]) == ("failed", 5)
