"""What a network is and how it did, in a few lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.table import Table

from nncli.cli.console import bold, facts_table, plain_table, quiet_row
from nncli.words import figure, plural, words

if TYPE_CHECKING:
    from nncli.preparation import Experiment
    from nncli.spec.model import Spec

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


def figures_table(summary: Mapping[str, Any]) -> Table:
    """The final figures of each split, and the best with its epoch."""
    final, best = summary["final"], summary["best"]
    names = [key.removeprefix("train_") for key in final if key.startswith("train_")]
    marked = {key.rpartition("_")[2] for key in best}
    columns = [column for name in names for column in _columns(words(name), name in marked)]
    table = plain_table("split", *columns)
    for split in SPLITS:
        if f"{split}_loss" in final:
            table.add_row(split.replace("_", " "), *_cells(split, names, marked, final, best))
    base = summary.get("baseline", {})
    split = judged_split(base)
    if split:
        quiet_row(table, f"{base['answer']} ({split})", *_cells(split, names, marked, base, {}))
    return table


def judged_split(figures: Mapping[str, Any]) -> str:
    """The split by which a network is judged: test, else validation, else train; "" where no figure is of any."""
    found = (
        s for s in ("test", "validation", "train") if any(k.startswith(f"{s}_") for k in figures)
    )
    return next(found, "")


def _columns(name: str, marked: bool) -> Sequence[str]:
    return (name, f"best {name}", "at epoch") if marked else (name,)


def _cells(
    split: str,
    names: Sequence[str],
    marked: set[str],
    final: Mapping[str, Any],
    best: Mapping[str, Any],
) -> list[str]:
    cells = []
    for name in names:
        key = f"{split}_{name}"
        cells.append(figure(key, final.get(key)))
        if name in marked and key in best:
            cells += [figure(key, best[key]["value"]), str(best[key]["epoch"])]
        elif name in marked:
            cells += ["-", "-"]
    return cells


def print_blocks(console: Console, *blocks: Any) -> None:
    """Blocks with an empty line between them."""
    for number, block in enumerate(blocks):
        if number:
            console.print()
        console.print(block)
