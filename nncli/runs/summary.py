"""The figures of a run as `summary.json` has them, and those of the parameters that it kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nncli.runs.documents import Json
from nncli.runs.format import FORMAT
from nncli.runs.strict_json import finite
from nncli.training.records import column
from nncli.words import words

TIMES = {"seconds", "samples_per_second"}
"""What differs between two runs of the same spec."""
AVERAGE = "average_"
"""Before the figures of the averaged parameters, which average.npz holds as they were at the end."""


def summarize(
    records: Sequence[Json], status: str, epoch: int | None = None, monitor: str | None = None
) -> Json:
    """The summary of a run whose weights.npz holds the parameters of `epoch`, by default of the last record.

    `kept`: the figures of those parameters; `final`: those of the last record; `best`: the best of each accuracy and
    R^2 with its epoch; `monitor`: the figure by which the best parameters are told.
    """
    final = _timeless(records[-1]) if records else {}
    return {
        "format": FORMAT,
        "status": status,
        "epochs": final.get("epoch", 0),
        "seconds": round(sum(column(records, "seconds")), 3),
        "weights_epoch": epoch,
        "monitor": monitor,
        "kept": kept(records, epoch),
        "final": final,
        "best": {key: best(records, key) for key in final if key.endswith(("_accuracy", "_r2"))},
    }


def completed(summary: Json, records: Callable[[], Sequence[Json]]) -> Json:
    """A summary with `kept`, which earlier versions did not write. `records` are read only where they are needed:
    where the parameters are not those of the last."""
    if summary.get("kept") is not None:
        return summary
    final, epoch = summary["final"], summary.get("weights_epoch")
    own = final if epoch in (None, final.get("epoch")) else kept(records(), epoch)
    at = [*summary].index("final")
    pairs = [pair for pair in summary.items() if pair[0] != "kept"]
    return dict([*pairs[:at], ("kept", own), *pairs[at:]])


def kept(records: Sequence[Json], epoch: int | None = None) -> Json:
    """The figures of the parameters of an epoch, by default the last: those of its record, or where it has none of the
    last before it. `average_*` are those of the last record."""
    earlier = (
        at for at in reversed(range(len(records))) if epoch is None or records[at]["epoch"] <= epoch
    )
    known = next(earlier, None)
    if known is None:
        return {}
    averages = {key: value for key, value in records[-1].items() if key.startswith(AVERAGE)}
    return {key: averages.get(key, value) for key, value in _timeless(records[known]).items()}


def which(summary: Mapping[str, Any]) -> str:
    """Of which epoch the kept figures are, and why of that: "epoch 8, the best by validation loss"."""
    epoch, monitor = summary["kept"].get("epoch"), summary.get("monitor")
    if epoch == summary["final"].get("epoch"):
        return f"epoch {epoch}, the last"
    return f"epoch {epoch}, the best" + (f" by {words(monitor)}" if monitor else "")


def best(records: Sequence[Json], key: str) -> Json:
    """The highest value of a figure, and the first epoch that reached it.

    What is not finite is none, as it comes back from the file.
    """
    values = list(map(finite, column(records, key)))
    number = values.index(max((value for value in values if value is not None), default=None))
    return {"value": values[number], "epoch": records[number]["epoch"]}


def _timeless(record: Json) -> Json:
    return {key: value for key, value in record.items() if key not in TIMES}
