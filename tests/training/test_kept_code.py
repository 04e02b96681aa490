"""Compiled code on disk that is not whole, or cannot be kept: compiled anew, to the same numbers."""

import numpy as np
import pytest

numba = pytest.importorskip("numba", reason="needs numba: pip install 'nncli[fast]'")

from nncli.training import kept_code, kernels  # noqa: E402


def double(x):
    return 2.0 * x.sum()


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The index and the code of a function that was kept."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert (answer(), compilations()) == (12.0, 1)
    kept = sorted(tmp_path.rglob("*.nb?"))
    assert [path.suffix for path in kept] == [".nbc", ".nbi"]
    return kept


def answer():
    compilations.kernel = kernels.compiled(double)
    return compilations.kernel(np.ones(6))


def compilations():
    """How often the last function was compiled, and not read."""
    return sum(compilations.kernel.stats.cache_misses.values())


def flipped(data, at):
    damaged = bytearray(data)
    damaged[at] ^= 4
    return bytes(damaged)


DAMAGE = {
    "nothing": lambda data: b"",
    "cut": lambda data: data[:-1],
    "middle bit": lambda data: flipped(data, len(data) // 2),
}


def test_what_is_whole_is_read(files):
    assert (answer(), compilations()) == (12.0, 0)


@pytest.mark.parametrize("number", [0, 1], ids=["code", "index"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_damaged_is_compiled_anew_and_replaced(files, number, damage):
    whole = files[number].read_bytes()
    files[number].write_bytes(damage(whole))
    assert (answer(), compilations()) == (12.0, 1)
    assert (answer(), compilations()) == (12.0, 0)


def test_code_that_is_gone_is_compiled_anew(files):
    files[0].unlink()
    assert (answer(), compilations()) == (12.0, 1)


def test_code_of_an_earlier_version_without_digests_is_compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert numba.njit(cache=True)(double)(np.ones(6)) == 12.0
    assert (answer(), compilations()) == (12.0, 1)


def test_a_disk_that_takes_nothing_costs_no_more_than_the_time(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    before = kept_code._WholeFiles._open_for_write

    def full(self, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_code._WholeFiles, "_open_for_write", full)
    assert (answer(), compilations()) == (12.0, 1)
    monkeypatch.setattr(kept_code._WholeFiles, "_open_for_write", before)
    assert (answer(), compilations()) == (12.0, 1)
