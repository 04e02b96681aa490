"""The run directory: what a training leaves behind, written by one process, read by any."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

from nncli import files
from nncli.errors import DamagedError, SpecError, UsageError
from nncli.filetypes import check_files, kind
from nncli.runs import checkpoint, documents, lock, strict_json
from nncli.runs.documents import LONGEST_RECORD, MOST_BYTES, Json
from nncli.runs.documents import METRICS as METRICS
from nncli.runs.documents import RUN as RUN
from nncli.runs.documents import SUMMARY as SUMMARY
from nncli.runs.format import DATA_SEED
from nncli.runs.status import status_of as status_of
from nncli.runs.strict_json import to_json as to_json
from nncli.runs.summary import TIMES as TIMES
from nncli.runs.summary import best as best
from nncli.runs.summary import completed
from nncli.runs.summary import summarize as summarize
from nncli.spec.earlier import had_two_seeds, updated
from nncli.spec.load import parse_spec
from nncli.spec.model import Spec
from nncli.training.monitor import best_epochs, best_figure, keeps_best
from nncli.training.records import BLOCK, Records
from nncli.words import command, plural, size

SPEC = "spec.yaml"
WEIGHTS, AVERAGE, CHECKPOINT = "weights.npz", "average.npz", "checkpoint.npz"
FILES = (RUN, SPEC, METRICS, CHECKPOINT, WEIGHTS, AVERAGE, SUMMARY)
"""What a run consists of."""


def create(runs_dir: Path, name: str) -> Path:
    """Make `<runs_dir>/<name>-<date>-<time>-<4 hex>`, which no other run has."""
    if runs_dir.exists() and not runs_dir.is_dir():
        raise UsageError(f"{runs_dir}: is a file, not a folder for runs")
    files.make_folders(runs_dir)
    while True:
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        path = runs_dir / f"{name}-{stamp}-{secrets.token_hex(2)}"
        if files.make_new_folder(path):
            return path


def create_at(path: Path) -> Path:
    """Make exactly this directory. Raises UsageError where it exists and is not empty.

    What a training that was killed before its run.json has left behind does not count.
    """
    if path.exists() and not (path.is_dir() and all(map(_is_scrap, path.iterdir()))):
        raise UsageError(
            f"{path}: exists and is not empty. Choose another --run-dir, or leave it out."
        )
    files.make_folders(path)
    return path


def _is_scrap(path: Path) -> bool:
    return path.name == lock.LOCK or (path.name[0] == "." and path.suffix == ".tmp")


def set_aside(path: Path) -> None:
    """Keep what a run that was cut short has left, under another name: nothing is ever deleted.

    Raises LockedError where a process is still writing it.
    """
    if not path.exists():
        return
    number = 1
    while (aside := path.with_name(f"{path.name}.stale-{number}")).exists():
        number += 1
    with lock.writing(path):
        files.rename(path, aside)


def write_spec(path: Path, text: str) -> None:
    """Replace the run's resolved spec."""
    files.replace(path / SPEC, text.encode())


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace a JSON file. Raises UsageError where nothing would read it again."""
    data = (to_json(value, indent=2) + "\n").encode()
    if len(data) > (most := MOST_BYTES[path.name]):
        raise UsageError(
            f"{path}: would have {size(len(data))}, more than the {size(most)} that are read of it"
        )
    files.replace(path, data)


def read_json(path: Path) -> object:
    """A JSON file. Raises DamagedError where it is none, or larger than such a file can be."""
    return strict_json.parse(files.read(path, MOST_BYTES[path.name]), str(path))


def open_run(path: Path) -> Json:
    """What run.json says of the run in `path`.

    Raises UsageError where there is no such directory, DamagedError where it is no run, or one of a newer nncli, or
    where something else lies in the place of one of its files: a link, say, whatever is going to be read or written.
    """
    if not path.is_dir():
        raise UsageError(f"{path}: no such run directory. `nncli runs` lists the runs there are.")
    check_files(path, FILES)
    if not (path / RUN).is_file():
        raise DamagedError(f"{path}: is not an nncli run: it has no {RUN}")
    return documents.read(read_json(path / RUN), documents.RunFile, path / RUN)


def spec_of(run: Mapping[str, Any], path: Path) -> Spec:
    """The spec in run.json. Raises DamagedError where it is none."""
    try:
        # to look at it, no variable of the environment is needed
        return parse_spec(updated(run["spec"]), path, unset=True)
    except SpecError as err:
        raise DamagedError(f"{path / RUN}: is damaged: spec.{err.problems[0]}") from err


def check_split(run: Mapping[str, Any], path: Path) -> None:
    """Raise DamagedError for a run whose data this version would divide into other splits."""
    if run["format"] < DATA_SEED and had_two_seeds(run["spec"]):
        raise DamagedError(
            f"{path}: an earlier nncli drew its points by data.seed and the rows kept back by seed; now data.seed "
            f"draws both, and they would be other rows. Train it anew: {command('train', path / SPEC)}"
        )


def read_summary(path: Path) -> Json | None:
    """What summary.json says of the run in `path`; None where the run is not complete."""
    if not kind(path / SUMMARY):
        return None
    summary = documents.read(read_json(path / SUMMARY), documents.Summary, path / SUMMARY)
    return completed(summary, lambda: read_records(path))


def summary_of(path: Path, run: Json, records: Sequence[Json]) -> Json:
    """The summary of the run in `path`; of one that is not complete, of its records so far."""
    return read_summary(path) or so_far(run, spec_of(run, path), records)


def start_records(path: Path) -> None:
    """Make the metrics of a new run, empty: their name is on the disk before any checkpoint's."""
    files.replace(path / METRICS, b"")


def append_record(path: Path, record: Mapping[str, Any]) -> None:
    """Add one line to the metrics of the run in `path`."""
    files.append(path / METRICS, (to_json(record) + "\n").encode())


def sync_records(path: Path) -> None:
    """Wait until the metrics are on the disk: a checkpoint that counts them comes after."""
    files.sync(path / METRICS)


def read_records(path: Path) -> Records:
    """Every whole line of the metrics; what a crash has torn at the end is left out.

    Raises DamagedError naming the first line that is not a record, where a checkpoint counts it or a good one follows.
    """
    metrics, records = path / METRICS, Records()
    read = map(documents.read_record, _whole_lines(metrics))
    while block := list(islice(read, BLOCK)):
        good = block[: block.index(None)] if None in block else block
        records.extend(cast(list[Json], good))
        if len(good) < len(block):
            _check_torn(path, len(records), chain(block[len(good) :], read))
    return records


def _check_torn(path: Path, count: int, rest: Iterator[Json | None]) -> None:
    """Raise DamagedError where what follows so many records is more than a hole with a newline behind it: the disk had
    not come so far."""
    saved = path / CHECKPOINT
    if any(record is not None for record in rest) or (
        saved.is_file() and count < checkpoint.read(saved)[0].records
    ):
        raise _no_record(path / METRICS, count + 1)


def cut_records(path: Path, count: int) -> tuple[list[Json], str]:
    """Cut the metrics back to the records that a checkpoint counts; these, and in words what was dropped, if anything.

    Raises DamagedError where there are fewer, or one of them is damaged.
    """
    metrics = path / METRICS
    lines = [*_whole_lines(metrics)]
    if len(lines) < count:
        raise DamagedError(
            f"{metrics}: has {len(lines)} whole lines, but the checkpoint counts {count} records. "
            "Restore it from a copy."
        )
    if not kind(metrics):
        start_records(path)
    records = _parsed(metrics, lines[:count])
    size, end = metrics.stat().st_size, sum(len(line) + 1 for line in lines[:count])
    if size == end:
        return records, ""
    files.truncate(metrics, end)
    later = len(lines) - count
    what = f"{plural(later, 'record')} after the last checkpoint" if later else "a torn last line"
    return records, f"{metrics}: {what} dropped; that part is trained again"


def _whole_lines(metrics: Path) -> Iterator[bytes]:
    """What follows the last newline is torn, or nothing."""
    if kind(metrics):
        yield from files.lines(metrics, LONGEST_RECORD, MOST_BYTES[METRICS])


def _parsed(metrics: Path, lines: list[bytes]) -> list[Json]:
    records = []
    for number, line in enumerate(lines, 1):
        record = documents.read_record(line)
        if record is None:
            raise _no_record(metrics, number)
        records.append(record)
    return records


def _no_record(metrics: Path, number: int) -> DamagedError:
    return DamagedError(f"{metrics}:{number}: is damaged: not a record of a training")


def so_far(run: Json, spec: Spec, records: Sequence[Json]) -> Json:
    """The summary of a run that is not complete; `run` is its run.json.

    Where it has no weights.npz, the parameters that it would keep if it ended now are those of the checkpoint.
    """
    saved = run["weights_epoch"]
    monitor = best_figure(spec, list(records[-1])) if records else None
    best = best_epochs(records, monitor) if monitor and keeps_best(spec) else []
    epoch = best[-1] if saved is None and best else saved
    return summarize(records, status_of(run), epoch, monitor) | {"weights_epoch": saved}


def writer(run: Json) -> str:
    """Who wrote a run last, for the message that it is locked."""
    return f"process {run['pid']} on {run['host']}"
