"""What a network is and how it did, in a few lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from nncli.cli.console import bold, facts_table, plain_table, quiet_row
from nncli.runs.summary import AVERAGE, which
from nncli.spec.sources import Csv
from nncli.words import figure, plural, units, words

if TYPE_CHECKING:
    from nncli.preparation import Experiment
    from nncli.spec.model import Spec

JUDGED = ("test", "validation", "train")
"""By which split a network is judged: the first that there is."""
STAR = "*"
"""Behind a record that was the best so far."""
SPLITS = ("train", "validation", "test", "average_train", "average_validation", "average_test")


def describe(experiment: Experiment, *facts: tuple[str, str]) -> Group:
    """Layers, data and training of an experiment; `facts` are further lines."""
    from nncli.machine import usable_cores

    spec, dataset, length = experiment.spec, experiment.dataset, experiment.length
    splits = " · ".join(f"{len(rows):,} {name}" for name, rows in dataset.splits.items())
    long = f"{plural(length.epochs, 'epoch')} of {plural(length.batches, 'batch')}"
    lines = {
        "data": f"{spec.data.source}: {splits}",
        "training": training_line(spec),
        "length": f"{long}, {plural(length.steps, 'step')}",
        "threads": f"{experiment.threads} of {plural(usable_cores(), 'core')}",
    }
    if spec.engine != "numpy":
        lines["engine"] = spec.engine
    return Group(bold(spec.name, "bold cyan"), layers_table(spec), facts_table(lines | dict(facts)))


def layers_table(spec: Spec) -> Table:
    """One line a layer: what goes in, what comes out, how many parameters."""
    table = plain_table("layer", "shape", "activation", "parameters", left=3)
    total = 0
    for number, layer in enumerate(spec.architecture, 1):
        count = layer.output_dim * (layer.input_dim + 1)
        total += count
        shape = f"{layer.input_dim:,} -> {layer.output_dim:,}"
        dropped = f", dropout {layer.dropout:g}" if layer.dropout else ""
        table.add_row(str(number), shape, layer.activation + dropped, f"{count:,}")
    table.add_row("", "", "", bold(f"{total:,}"))
    return table


def training_line(spec: Spec) -> str:
    """Loss, optimizer and their numbers."""
    batch = "full batch" if spec.batch_size == "full" else f"batch {spec.batch_size}"
    schedule = "" if spec.schedule.name == "constant" else f" {spec.schedule.name}"
    eta = f"eta {spec.eta:g}{schedule}"
    parts = [spec.loss, spec.optimizer.name, eta, batch, f"seed {spec.seed}", spec.dtype]
    return ", ".join(parts)


def figures_block(summary: Mapping[str, Any], spec: Spec) -> Group:
    """The figures of what was kept, and what an answer without a look at the inputs gets; those of the last epoch stand
    back below, where it is another."""
    own, final = summary["kept"], summary["final"]
    names = [key.removeprefix("train_") for key in own if key.startswith("train_")]
    table = plain_table("split", *map(words, names))
    last = final.get("epoch")
    another = own.get("epoch") != last
    for split in SPLITS:
        if f"{split}_loss" in own:
            at_end = f" (epoch {last})" if another and split.startswith(AVERAGE) else ""
            table.add_row(words(split) + at_end, *_cells(split, names, own))
    base = summary.get("baseline", {})
    if judged := judged_split(base):
        quiet_row(table, f"{base['answer']} ({judged})", *_cells(judged, names, base))
    for split in SPLITS[:3] if another else ():
        if f"{split}_loss" in final:
            quiet_row(table, f"{split} (epoch {last}, not kept)", *_cells(split, names, final))
    running = "" if "train" in (spec.track or ()) else "train: running mean over the epoch"
    notes = filter(None, (_best(summary), running, units(own, targets_of(spec))))
    return Group(bold(_title(summary)), table, *(Text(text, "dim") for text in notes))


def heading(key: str) -> str:
    """A figure's name over a column of records."""
    return words(key).replace("validation", "val").replace("accuracy", "acc")


def _title(summary: Mapping[str, Any]) -> str:
    """Of which parameters the figures are, and where these are."""
    saved = summary["weights_epoch"] == summary["kept"].get("epoch")
    return which(summary) + (": kept in weights.npz" if saved else " so far")


def _best(summary: Mapping[str, Any]) -> str:
    """Where the best epoch by the figure that is watched is not the one that was kept: which it was."""
    name = summary["monitor"]
    best = summary["best"].get(name)
    if best is None or best["epoch"] == summary["kept"].get("epoch"):
        return ""
    return f"best {words(name)}: {figure(name, best['value'])} at epoch {best['epoch']}"


def targets_of(spec: Spec) -> tuple[str, ...]:
    """The columns of a table that the network predicts."""
    return spec.data.target if isinstance(spec.data, Csv) else ()


def judged_split(figures: Mapping[str, Any]) -> str:
    """The split by which a network is judged: test, else validation, else train; "" where no figure is of any."""
    found = (s for s in JUDGED if any(key.startswith(f"{s}_") for key in figures))
    return next(found, "")


def _cells(split: str, names: Sequence[str], figures: Mapping[str, Any]) -> list[str]:
    return [figure(name, figures.get(f"{split}_{name}")) for name in names]


def print_blocks(console: Console, *blocks: Any) -> None:
    """Blocks with an empty line between them."""
    for number, block in enumerate(blocks):
        if number:
            console.print()
        console.print(block)
