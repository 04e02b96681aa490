"""`train --tensorboard`: read back by TensorBoard's own reader."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest

from nncli.events import NAME, crc32c, scalars


def scalars_of(run: Path) -> dict[str, dict[int, float]]:
    """Tag -> epoch -> value, as TensorBoard's EventAccumulator reads them."""
    os.environ.setdefault("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", "python")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it imports
        try:
            from tensorboard.backend.event_processing import event_accumulator as accumulators
        except ImportError:
            absent = pytest.fail if os.environ.get("CI") else pytest.skip
            absent("there is no TensorBoard to read with: pip install tensorboard")
        reader = accumulators.EventAccumulator(
            str(run / "tensorboard"), size_guidance={"scalars": 0}
        )
        reader.Reload()
    return {
        tag: {each.step: each.value for each in reader.Scalars(tag)}
        for tag in reader.Tags()["scalars"]
    }


def wanted(run: Path) -> dict[str, dict[int, float]]:
    """The same from metrics.jsonl."""
    found: dict[str, dict[int, float]] = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        for tag, value in scalars(record):
            found.setdefault(tag, {})[record["epoch"]] = float(np.float32(value))
    return found


def test_every_scalar_of_every_record(nncli):
    result = nncli("train", "spec.yaml", "-q", "--tensorboard")
    run = Path(result.stdout.strip())
    found = scalars_of(run)
    assert found == wanted(run)
    assert {"loss/train", "accuracy/test", "eta", "seconds"} <= set(found)
    assert list(found["loss/test"]) == [1, 2, 3]


def test_without_the_option_there_is_none(nncli, run_path):
    assert not (run_path / "tensorboard").exists()


def test_resuming_appends_also_without_the_option(nncli):
    run = Path(nncli("train", "spec.yaml", "-q", "--tensorboard").stdout.strip())
    file = run / "tensorboard" / NAME
    before = file.read_bytes()
    result = nncli("resume", run, "--epochs", 5, "-q")
    assert result.exit_code == 0, result.stderr
    assert file.read_bytes().startswith(before), "a reader that has it open reads on"
    assert scalars_of(run) == wanted(run)
    assert list(scalars_of(run)["eta"]) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("harm", ["torn", "more", "other", "gone"])
def test_resuming_mends_what_does_not_fit_the_records(nncli, harm):
    run = Path(nncli("train", "spec.yaml", "-q", "--tensorboard").stdout.strip())
    file = run / "tensorboard" / NAME
    data = file.read_bytes()
    harmed = {
        "torn": data[:-3],
        "more": data + data[-60:],
        "other": b"nothing of ours",
        "gone": b"",
    }
    file.write_bytes(harmed[harm])
    assert nncli("resume", run, "--epochs", 4, "-q").exit_code == 0
    assert scalars_of(run) == wanted(run)


def test_a_run_that_had_none_gets_all_of_its_records(nncli, run_path):
    assert nncli("resume", run_path, "--epochs", 4, "--tensorboard", "-q").exit_code == 0
    assert list(scalars_of(run_path)["loss/train"]) == [1, 2, 3, 4]


def test_each_trial_of_a_sweep(nncli):
    sweep = Path(nncli("sweep", "spec.yaml", "-q", "--tensorboard").stdout.strip())
    trials = list((sweep / "trials").iterdir())
    assert len(trials) == 2
    for trial in trials:
        assert scalars_of(trial) == wanted(trial) != {}


def test_the_checksum_and_the_tags():
    assert crc32c(b"123456789") == 0xE3069283, "the check value of CRC-32C"
    assert crc32c(bytes(32)) == 0x8A9136AA, "RFC 3720, B.4"
    record = {
        "epoch": 1,
        "test_exact_match": 0.5,
        "average_test_loss": 2.0,
        "eta": 0.1,
        "train_loss": float("nan"),
        "test_loss": 1e39,
        "train_r2": None,
    }
    assert dict(scalars(record)) == {"exact_match/test": 0.5, "loss/average_test": 2.0, "eta": 0.1}
