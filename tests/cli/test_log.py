"""The lines of a training: which record has the star, what the times are, in which units figures are."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from nncli.cli import live
from nncli.words import local_time

STOPPING = "early_stopping={monitor: test_loss, patience: 3, min_delta: 0.5}"


@pytest.fixture
def whole_log(monkeypatch):
    """A line for each record."""
    monkeypatch.setattr(live, "LOG_LINE", 0.0)


def lines_of(log: str) -> dict[int, str]:
    return {int(line.split()[0]): line for line in log.splitlines() if re.match(r" +\d+ ", line)}


def records_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def stars(records: list[dict], key: str, falls: bool) -> set[int]:
    best, found = None, set()
    for record in records:
        if best is None or (record[key] < best if falls else record[key] > best):
            best = record[key]
            found.add(record["epoch"])
    return found


@pytest.mark.parametrize(
    ("setting", "key", "falls"),
    [("keep=best", "test_accuracy", False), (STOPPING, "test_loss", True)],
)
def test_the_star_goes_by_what_decides(nncli, whole_log, setting, key, falls):
    result = nncli("train", "spec.yaml", "--set", "epochs=8", "--set", "eta=2", "--set", setting)
    (run,) = Path("runs").iterdir()
    records = records_of(run)
    expected = stars(records, key, falls)
    log = lines_of(result.stderr)
    assert {epoch for epoch, line in log.items() if line.endswith("*")} == expected
    assert expected != {record["epoch"] for record in records}
    assert f"* best {key.replace('_', ' ')} so far" in result.stderr.splitlines()
    shown = nncli("show", run).stdout
    table = {int(row.split()[0]): row for row in shown.splitlines() if re.match(r" +\d+ +\d", row)}
    assert {epoch for epoch, row in table.items() if "*" in row} == expected
    (kept,) = (epoch for epoch, row in table.items() if row.endswith("kept"))
    assert kept == max(expected) == json.loads((run / "run.json").read_text())["weights_epoch"]


def test_a_record_that_is_not_printed_counts_too(nncli):
    """A line a second: of eight epochs the first and the last are printed, and the best was between them."""
    result = nncli("train", "spec.yaml", "--set", "epochs=8", "--set", "eta=2")
    log = lines_of(result.stderr)
    (run,) = Path("runs").iterdir()
    best = stars(records_of(run), "test_accuracy", falls=False)
    assert set(log) < set(range(1, 9))
    assert {epoch for epoch, line in log.items() if line.endswith("*")} == best & set(log)


def test_times_are_the_training_so_far_in_the_log_and_in_show(nncli, whole_log):
    log = nncli("train", "spec.yaml").stderr
    (run,) = Path("runs").iterdir()
    head = next(line for line in log.splitlines() if line.startswith(" epoch"))
    assert head.endswith("total time")
    shown = nncli("show", run).stdout
    assert "total time" in shown
    for epoch, line in lines_of(log).items():
        total = re.search(r"[\d.]+ m?s", line).group(0)
        (row,) = (row for row in shown.splitlines() if re.match(rf" +{epoch} +\d", row))
        assert total in row


def test_people_read_local_time_and_files_hold_utc(nncli, run_path, monkeypatch):
    started = json.loads((run_path / "run.json").read_text())["started"]
    assert started.endswith("+00:00")
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        local = local_time(started)
        assert local.endswith("+05:30")
        assert re.search(rf"^started +{re.escape(local)}$", nncli("show", run_path).stdout, re.M)
        page = Path(nncli("report", run_path).stdout.strip()).read_text()
        assert page.count(local) >= 2
        assert "UTC" not in page
        told = json.loads(nncli("runs", "--sort", "started", "--json").stdout)["runs"][0]
        assert told["started"].startswith(local.partition("+")[0])
        for moment in (local[:16], local[:16].replace(" ", "T")):
            assert run_path.name in nncli("runs", "--where", f"started>={moment}").stdout
            assert run_path.name not in nncli("runs", "--where", f"started<{moment}").stdout
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_figures_of_a_table_of_numbers_say_their_units(nncli):
    rows = [f"{n},{n * 3 % 7},{1000 + 50 * n}" for n in range(60)]
    Path("houses.csv").write_text("\n".join(["a,b,price", *rows]) + "\n")
    Path("spec.yaml").write_text(
        "data: {source: csv, path: houses.csv, target: price, test: 0.25}\n"
        "architecture: [{input_dim: auto, output_dim: auto, activation: identity}]\n"
        "epochs: 3\nbatch_size: 10\neta: 0.02\ntrack: [test]\n"
    )
    trained = nncli("train", "spec.yaml")
    (run,) = Path("runs").iterdir()
    note = "rmse and mae in the units of price; loss of standardized targets"
    for text in (
        trained.stderr,
        trained.stdout,
        nncli("show", run).stdout,
        nncli("eval", run).stdout,
        Path(nncli("report", run).stdout.strip()).read_text(),
    ):
        assert note in text
    page = (run / "report.html").read_text()
    assert "Loss (standardized)" in page
    assert "RMSE (price)" in page


def test_other_runs_need_no_word_on_units(nncli, run_path):
    assert "in the units of" not in nncli("show", run_path).stdout + nncli("eval", run_path).stdout
