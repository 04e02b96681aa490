"""`nncli runs` and `nncli show`: what has been trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nncli.cli.options import RUNS, AllOption, JsonOption, RunsDirOption

if TYPE_CHECKING:
    from nncli.ledger.query import Selection
    from nncli.spec.model import Spec
    from nncli.sweep.study import Study

SHOWN_RECORDS = 20
"""Records that `show` prints at most, evenly spaced; metrics.jsonl has them all."""


MOST_RUNS = 100
"""Lines that `runs` prints unless it is told otherwise."""


def runs(
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Only runs for which this holds: optimizer=adam, 'test_accuracy>=0.95', status=lost; again for more.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="In the order of a figure, the best first, or of a key; -KEY: the other way round.",
        ),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help=f"At most so many, {MOST_RUNS} by default; 0: all."),
    ] = None,
    runs_dir: RunsDirOption = RUNS,
    json: JsonOption = False,
) -> None:
    """List the runs and the sweeps, the newest last."""
    from nncli.cli import console, listing
    from nncli.errors import UsageError
    from nncli.ledger import query

    conditions = [query.parse(text) for text in where or ()]
    if not runs_dir.is_dir():
        raise UsageError(
            f"{runs_dir}: no such folder. Train something, or name another with --runs-dir."
        )
    if sort and sort.startswith("-"):
        sort, reverse = sort[1:], not reverse
    selection = query.select(runs_dir, conditions, sort, reverse=reverse)
    sweeps, strange = ([], []) if where or sort else _sweeps(runs_dir)
    for kind, paths in (("run", selection.strange), ("sweep", strange)):
        console.print_warnings(
            f"{path}: cannot be read as a {kind}; `nncli show` says why" for path in paths
        )
    names = [*dict.fromkeys([*([sort] if sort else []), *(one.name for one in conditions)])]
    most = (0 if json else MOST_RUNS) if limit is None else limit
    # the newest, which stand at the end, or the first in the order that was asked for
    part = slice(most or None) if sort or reverse else slice(-most, None)
    shown = selection.found[part]
    if json:
        console.print_json(listing.as_json(shown, sweeps, names))
        return
    listing.print_lists(shown, sweeps, names)
    _say_what_is_left_out(selection, len(shown), len(sweeps), runs_dir)


def _sweeps(runs_dir: Path) -> tuple[list[Study], list[Path]]:
    """The sweeps, and what cannot be read as one. What reads them is only imported where there are any."""
    from nncli.runs.listing import sweep_folders

    if not sweep_folders(runs_dir):
        return [], []
    from nncli.sweep import reading

    return reading.list_sweeps(runs_dir)


def _say_what_is_left_out(selection: Selection, shown: int, sweeps: int, runs_dir: Path) -> None:
    from nncli.cli import console
    from nncli.words import plural

    found = len(selection.found)
    if found > shown:
        console.say(f"{shown:,} of {plural(found, 'run')}; --limit 0 lists them all")
    elif not selection.total and not sweeps:
        console.say(f"{runs_dir}: no runs yet. Train one: nncli train SPEC")
    elif not found and selection.total:
        console.say(f"none of {plural(selection.total, 'run')} matches")


def show(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run directory, or that of a sweep.")
    ],
    every: AllOption = False,
    json: JsonOption = False,
) -> None:
    """Show one run, or a sweep: what was trained, where, and how it went."""
    from nncli.cli import console, summary
    from nncli.cli.sweeps import show_sweep
    from nncli.runs import rundir
    from nncli.sweep.reading import is_sweep

    if is_sweep(run):
        show_sweep(run, json, every)
        return
    info, records = rundir.open_run(run), rundir.read_records(run)
    status, spec = rundir.status_of(info), rundir.spec_of(info, run)
    figures = rundir.summary_of(run, info, records)
    if json:
        figures["status"] = status
        console.print_json({"run": str(run), **info, **figures, "records": [*records]})
        return
    blocks: list[Any] = [_facts(run, spec, info, status), _records(records, figures, spec)]
    if figures["kept"]:
        blocks.append(summary.figures_block(figures, spec))
    summary.print_blocks(console.stdout(), *blocks)


def _facts(run: Path, spec: Spec, info: Mapping[str, Any], status: str) -> Any:
    """The spec in a few words, the machine, and where the files are."""
    from rich.console import Group

    from nncli.cli.console import bold, facts_table
    from nncli.cli.summary import layers_table, training_line
    from nncli.words import local_time

    facts = {
        "status": status,
        "started": local_time(info["started"]),
        "ended": local_time(info["ended"] or "-"),
        "data": f"{spec.data.source}, SHA-256 {info['data']['sha256'][:12]}",
        "training": training_line(spec),
        "machine": f"{info['cpu']}, {info['threads']} of {info['cores']} cores, {info['platform']}",
        "versions": f"nncli {info['nncli']}, NumPy {info['numpy']}, Python {info['python']}, {info['blas']}"
        + (f", {info['engine']}" if info["engine"] != "numpy" else ""),
        "command": " ".join(info["command"]) or "-",
        "files": ", ".join(sorted(path.name for path in run.iterdir() if path.name[0] != ".")),
    }
    return Group(bold(run, "bold cyan"), layers_table(spec), facts_table(facts))


def _records(records: Sequence[dict[str, Any]], figures: Mapping[str, Any], spec: Spec) -> Any:
    """The records as a table, thinned evenly where there are many, but for what was kept."""
    from itertools import accumulate

    from rich.console import Group
    from rich.text import Text

    from nncli.cli.console import plain_table
    from nncli.cli.summary import STAR, heading
    from nncli.training.monitor import best_epochs, best_figure
    from nncli.training.records import column
    from nncli.words import duration, figure, words

    if not records:
        return "no records yet"
    monitor = figures["monitor"] or best_figure(spec, list(records[-1]))
    best, kept = {*best_epochs(records, monitor)}, figures["kept"].get("epoch")
    totals = [*accumulate(column(records, "seconds"))]
    epochs, last = column(records, "epoch"), len(records) - 1
    step = max(1, -(-len(records) // SHOWN_RECORDS))
    keys = [key for key in records[-1] if key.startswith(("train_", "validation_", "test_"))]
    table = plain_table("epoch", *map(heading, keys), "total time", "", left=0)
    table.columns[-1].justify = "left"
    for place, (epoch, total) in enumerate(zip(epochs, totals, strict=True)):
        if place % step == 0 or place == last or epoch == kept:
            record = records[place]
            mark = " ".join([STAR] * (epoch in best) + ["kept"] * (epoch == kept))
            cells = (figure(key, record.get(key)) for key in keys)
            table.add_row(str(epoch), *cells, duration(total), mark)
    return Group(table, Text(f"{STAR} best {words(monitor)} so far", "dim"))
