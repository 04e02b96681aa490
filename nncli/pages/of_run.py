"""The page of one run: how good it is, how it came to that, on what data, and how to have it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from nncli import files, fit, words
from nncli.data.dataset import Dataset
from nncli.errors import DataError, UsageError
from nncli.judge import Judgment, judged
from nncli.pages import classes, curves, first_layer, numbers, parts
from nncli.pages.markup import Piece, tag
from nncli.pages.page import page
from nncli.pages.parts import Section
from nncli.report.subject import NotDrawnError, Subject
from nncli.runs import rundir
from nncli.runs.status import meaning
from nncli.runs.summary import which
from nncli.training.records import column
from nncli.words import duration, figure, plural

MOST_CLASSES, MOST_TILES, MOST_ROWS = 30, 4, 60


def draw(path: Path, split: str | None) -> tuple[bytes, tuple[str, ...]]:
    """The page of a run, and what is missing in it or should be known. Raises as `judge` does of damaged files."""
    subject = Subject(path, split, unfinished=True)
    status = rundir.status_of(subject.info)
    notes = [_standing(subject, status)] if not meaning(status).ranked else []
    if subject.records:
        notes += fit.chosen_on_test(rundir.spec_of(subject.info, path), [*subject.records[-1]])
    judgment = None
    try:
        judgment = judged(subject.opened)
        notes += judgment.warnings
    except (NotDrawnError, DataError, UsageError) as err:
        if split is not None and isinstance(err, UsageError) and "--split" in str(err):
            raise
        notes.append(f"Answers are left out: {err}")
    has_answers = judgment is not None and _are_finite(subject)
    if judgment and not has_answers:
        notes.append("Answers are not drawn: some are not finite numbers.")
    sections = list(_sections(subject, judgment, has_answers))
    return page(subject.name, _lead(subject, judgment, status, notes), sections), tuple(notes)


def _are_finite(subject: Subject) -> bool:
    """Whether there is no answer that a run which diverged may give."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(subject.outputs(subject.z)).all())


def _standing(subject: Subject, status: str) -> str:
    """That it has not finished, and how far it is."""
    epoch = subject.records[-1]["epoch"] if subject.records else 0
    reason = subject.info.get("reason")
    ended = f": {reason}" if reason else ""
    return (
        f"The run {meaning(status).told}{ended}; this page shows it after {plural(epoch, 'epoch')}."
    )


def _lead(subject: Subject, judgment: Judgment | None, status: str, notes: list[str]) -> Piece:
    info = subject.info
    layers = subject.spec["architecture"]
    sizes = [layers[0]["input_dim"], *(layer["output_dim"] for layer in layers)]
    line = " · ".join(
        [
            f"{'-'.join(map(str, sizes))} network",
            f"{info['parameters']:,} parameters",
            status,
            words.local_time(info["started"]),
        ]
    )
    return [
        tag("p", line, class_="quiet"),
        parts.notes(notes),
        _tiles(judgment) if judgment else None,
    ]


def _tiles(judgment: Judgment) -> Piece:
    """The first figures, each with what an answer without a look at the inputs gets."""
    base, found = judgment.baseline, judgment.figures
    order = [name for name in found if name != "loss"]
    order += [] if "log_loss" in found else ["loss"]
    tiles = [
        (
            f"{judgment.split} {words.words(name)}",
            figure(name, found[name]),
            f"{base.answer}: {figure(name, base.figures[name])}" if name in base.figures else "",
        )
        for name in order[:MOST_TILES]
    ]
    return parts.tiles(tiles)


def _sections(subject: Subject, judgment: Judgment | None, has_answers: bool) -> Iterator[Section]:
    if judgment:
        yield Section("figures", "How good it is", _figures(subject, judgment))
    drawn = curves.draw(subject.records, subject.kept_epoch, subject.targets)
    body = (
        [drawn, parts.folded("The records", _records(subject))]
        if drawn
        else "There are no records yet."
    )
    yield Section("curves", "How it learned", body)
    if judgment and has_answers:
        kind = numbers if judgment.task == "regression" else classes
        yield from kind.sections(subject, judgment)
    if judgment:
        yield first_layer.section(subject)
    yield Section("data", "The data", _data(subject, subject.opened.dataset if judgment else None))
    yield Section("network", "The network and its spec", _spec(subject))
    yield Section("machine", "Time and machine", _machine(subject))
    yield Section("repeat", "Have it again", _repeat(subject))


def _figures(subject: Subject, judgment: Judgment) -> Piece:
    found, base = judgment.figures, judgment.baseline
    rows = [["network", *(figure(name, found[name]) for name in found)]]
    rows.append([base.answer, *(figure(name, base.figures.get(name)) for name in found)])
    where = f"{plural(judgment.rows, 'row')} of {judgment.split}, after {plural(judgment.epoch, 'epoch')}"
    why = f" ({which(subject.summary)})" if subject.kept_epoch == judgment.epoch else ""
    below = "below, an answer that does not look at the inputs"
    units = words.units(found, judgment.targets)
    said = "; ".join(filter(None, (f"On {where}{why}", below, units)))
    says = tag("p", f"{said}.", class_="quiet")
    return [says, parts.table(["", *map(words.words, found)], rows, marks={1: "base"})]


def _records(subject: Subject) -> Piece:
    kept, seconds = subject.summary["kept"].get("epoch"), column(subject.records, "seconds")
    times = dict(zip(column(subject.records, "epoch"), accumulate(seconds), strict=True))
    shown = curves.thinned(subject.records, MOST_ROWS, kept)
    keys = [key for key in shown[-1] if key not in ("epoch", "seconds")]
    rows = [
        [
            f"{record['epoch']:,}",
            *(figure(key, record.get(key)) for key in keys),
            duration(times[record["epoch"]]),
            "kept" if record["epoch"] == kept else "",
        ]
        for record in shown
    ]
    return parts.table(["epoch", *map(words.words, keys), "total time", ""], rows, left=0)


def _data(subject: Subject, dataset: Dataset | None) -> Piece:
    data, mark = subject.spec["data"], subject.info["data"]
    told: dict[str, Piece] = {"source": data["source"]}
    if dataset:
        told["from"] = dataset.origin or None
        told["rows"] = " · ".join(f"{len(rows):,} {name}" for name, rows in dataset.splits.items())
        told["inputs"] = f"{dataset.input_dim:,}" + _image(dataset)
        told["task"] = dataset.task
    told["SHA-256"] = mark["sha256"] + (" (of samples)" if mark["sampled"] else "")
    pairs = {name: value for name, value in told.items() if value}
    return [parts.facts(pairs), _classes(dataset) if dataset else None]


def _image(dataset: Dataset) -> str:
    if dataset.image_shape is None:
        return ""
    height, width = dataset.image_shape
    return f" ({width} x {height} pixels{', in color' if dataset.channels > 1 else ''})"


def _classes(dataset: Dataset) -> Piece:
    """How many rows of each split have each class, or label."""
    names = dataset.classes or dataset.labels
    if names is None:
        return None
    counts = [
        np.bincount(rows.y, minlength=len(names)) if rows.y.ndim == 1 else (rows.y > 0).sum(axis=0)
        for rows in dataset.splits.values()
    ]
    rows = [
        [name, *(f"{each[n]:,}" for each in counts)] for n, name in enumerate(names[:MOST_CLASSES])
    ]
    more = len(names) - len(rows)
    head = ["class" if dataset.classes else "label", *dataset.splits]
    return [
        parts.table(head, rows),
        tag("p", f"and {more:,} more", class_="quiet") if more else None,
    ]


def _spec(subject: Subject) -> Piece:
    rows = []
    for number, layer in enumerate(subject.spec["architecture"], 1):
        count = layer["output_dim"] * (layer["input_dim"] + 1)
        dropped = f", dropout {layer['dropout']:g}" if layer.get("dropout") else ""
        shape = f"{layer['input_dim']:,} → {layer['output_dim']:,}"
        rows.append([str(number), shape, layer["activation"] + dropped, f"{count:,}"])
    table = parts.table(["layer", "shape", "activation", "parameters"], rows, left=3)
    return [table, parts.code(_text(subject.path / rundir.SPEC), "the spec")]


def _text(path: Path) -> str:
    return files.read(path).decode("utf-8", "replace") if path.is_file() else ""


def _machine(subject: Subject) -> Piece:
    info = subject.info
    seconds = sum(column(subject.records, "seconds"))
    speed = list(filter(None, column(subject.records, "samples_per_second")))
    told: Mapping[str, Any] = {
        "training": duration(seconds) if seconds else None,
        "speed": f"{np.median(speed):,.0f} samples a second" if speed else None,
        "started": words.local_time(info["started"]),
        "ended": words.local_time(info["ended"] or ""),
        "machine": f"{info['cpu']}, {info['threads']} of {info['cores']} cores",
        "system": info["platform"],
        "versions": f"nncli {info['nncli']}, NumPy {info['numpy']}, Python {info['python']}, {info['blas']}"
        + (f", {info['engine']}" if info["engine"] != "numpy" else ""),
    }
    return parts.facts({name: value for name, value in told.items() if value})


def _repeat(subject: Subject) -> Piece:
    info = subject.info
    given = shlex.join(["nncli", *info["command"][1:]]) if info["command"] else ""
    said = "The spec above, saved as spec.yaml, repeats the run to the byte on the same data, NumPy and threads:"
    return [
        tag("p", said),
        parts.code("nncli train spec.yaml", "the command"),
        tag("p", "Where the run is, this trains it once more and compares every byte:"),
        parts.code(words.command("repeat", subject.path), "the command"),
        parts.facts({"first trained by": given}) if given else None,
    ]
