"""Local workers: what they are given, what becomes of a job whose worker dies, and how they end."""

import multiprocessing
import os
import signal
import time
from concurrent.futures import BrokenExecutor

import jobs
from processes import alive

from nncli.sweep.local import LocalWorkers
from nncli.sweep.serving import GRACE


def done_by(workers, *named, stop=lambda: False):
    try:
        return list(workers.run(named, stop, lambda: None))
    finally:
        workers.close()


def test_a_worker_has_one_thread_and_does_not_hear_ctrl_c():
    workers = LocalWorkers[str](1)
    (_, threads), (_, handler), (_, pid) = done_by(
        workers,
        ("threads", jobs.blas_threads, ()),
        ("handler", signal.getsignal, (signal.SIGINT,)),
        ("pid", os.getpid, ()),
    )
    assert threads
    assert set(threads) == {1}
    assert handler == signal.SIG_IGN
    assert not alive(pid)


def test_what_is_set_for_workers_is_not_left_behind(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ), signal.getsignal(signal.SIGINT)
    assert done_by(LocalWorkers(1), ("one", os.getenv, ("OMP_NUM_THREADS",))) == [("one", "1")]
    assert (dict(os.environ), signal.getsignal(signal.SIGINT)) == before


def test_a_job_whose_worker_dies_is_tried_once_more_and_costs_no_other(tmp_path):
    results = dict(
        done_by(
            LocalWorkers(2),
            ("dies", jobs.die, ()),
            ("once", jobs.die_once, (tmp_path / "mark",)),
            *((number, abs, (-number,)) for number in range(5)),
        )
    )
    died = results.pop("dies")
    assert isinstance(died, BrokenExecutor)
    assert str(died) == "its worker died, twice"
    assert results == {"once": "done"} | {number: number for number in range(5)}


def test_a_worker_that_died_with_nothing_to_do_is_replaced():
    workers = LocalWorkers[str](1)
    results = []
    for name, result in workers.run(
        [("pid", os.getpid, ()), ("again", abs, (-1,))], lambda: False, lambda: None
    ):
        if name == "pid":
            os.kill(result, signal.SIGKILL)
            time.sleep(0.1)
        results.append((name, result))
    workers.close()
    assert results[1:] == [("again", 1)]


def test_the_jobs_of_the_next_rung_find_the_same_workers():
    workers = LocalWorkers[str](1)
    try:
        rungs = [[*workers.run([("pid", os.getpid, ())], bool, lambda: None)] for _ in range(2)]
    finally:
        workers.close()
    assert rungs[0] == rungs[1]


def test_a_worker_that_was_woken_does_the_jobs(tmp_path):
    workers, mark = LocalWorkers[str](1), tmp_path / "awake"
    workers.wake(mark.touch)
    (_, awake), (_, pid) = done_by(workers, ("awake", mark.exists, ()), ("pid", os.getpid, ()))
    assert awake
    assert not alive(pid)


def test_a_worker_that_was_woken_for_nothing_goes():
    workers = LocalWorkers[str](1)
    workers.wake(abs, -1)
    (child,) = multiprocessing.active_children()
    workers.close()
    assert not alive(child.pid)


def test_a_worker_that_does_not_listen_is_made_to_stop():
    began = time.monotonic()
    results = done_by(
        LocalWorkers(1),
        ("lingers", jobs.linger, ()),
        ("never", abs, (1,)),
        stop=lambda: time.monotonic() - began > 0.7,
    )
    assert results == [("lingers", None)]
    assert time.monotonic() - began < 0.7 + GRACE + 1
