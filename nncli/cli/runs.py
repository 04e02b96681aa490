"""`nncli runs` and `nncli show`: what has been trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from nncli.cli.options import RUNS, JsonOption, RunsDirOption

SHOWN_RECORDS = 20
"""Records that `show` prints at most, evenly spaced; metrics.jsonl has them all."""


def runs(runs_dir: RunsDirOption = RUNS, json: JsonOption = False) -> None:
    """List the runs and the sweeps, the newest last."""
    from nncli.cli import console
    from nncli.cli.summary import print_blocks
    from nncli.cli.sweeps import sweeps_table
    from nncli.errors import UsageError
    from nncli.runs import rundir
    from nncli.sweep import reading

    if not runs_dir.is_dir():
        raise UsageError(
            f"{runs_dir}: no such folder. Train something, or name another with --runs-dir."
        )
    found, strange = rundir.list_runs(runs_dir)
    sweeps, strange_sweeps = reading.list_sweeps(runs_dir)
    for kind, paths in (("run", strange), ("sweep", strange_sweeps)):
        console.print_warnings(
            f"{path}: cannot be read as a {kind}; `nncli show` says why" for path in paths
        )
    if json:
        listed = [
            {"run": str(path), **(summary or {}), "status": rundir.status_of(run)}
            for path, run, summary in found
        ]
        console.print_json({"runs": listed, "sweeps": [*map(reading.in_short, sweeps)]})
        return
    blocks = [*([_table(found)] if found else []), *([sweeps_table(sweeps)] if sweeps else [])]
    print_blocks(console.stdout(), *blocks)
    if not blocks:
        console.say(f"{runs_dir}: no runs yet. Train one: nncli train SPEC")


def _table(found: Sequence[tuple[Path, dict[str, Any], dict[str, Any] | None]]) -> Any:
    """A line for each run: how it stands, and its figures."""
    from nncli.cli.console import plain_table
    from nncli.runs import rundir
    from nncli.words import duration

    table = plain_table("run", "status", "epochs", "figure", "best", "training", left=2)
    for path, run, summary in found:
        figures = _headline(summary) if summary else ("-", "-")
        epochs, took = (
            (str(summary["epochs"]), duration(summary["seconds"])) if summary else ("-", "-")
        )
        table.add_row(path.name, rundir.status_of(run), epochs, *figures, took)
    return table


def show(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run directory, or that of a sweep.")
    ],
    json: JsonOption = False,
) -> None:
    """Show one run, or a sweep: what was trained, where, and how it went."""
    from nncli.cli import console, summary
    from nncli.cli.sweeps import show_sweep
    from nncli.runs import rundir
    from nncli.sweep.reading import is_sweep

    if is_sweep(run):
        show_sweep(run, json)
        return
    info, records = rundir.open_run(run), rundir.read_records(run)
    status = rundir.status_of(info)
    figures = rundir.summarize(records, status)
    whole = rundir.read_summary(run)
    if whole and whole["baseline"]:
        figures["baseline"] = whole["baseline"]
    if json:
        console.print_json({"run": str(run), **info, **figures, "records": records})
        return
    blocks: list[Any] = [_facts(run, info, status), _records(records)]
    if records:
        blocks.append(summary.figures_table(figures))
    summary.print_blocks(console.stdout(), *blocks)


def _headline(summary: Mapping[str, Any]) -> tuple[str, str]:
    """The last figure of the last tracked split, and its best."""
    from nncli.words import figure

    final, best = summary["final"], summary["best"]
    key = next(reversed(best), None) or next((key for key in final if key.endswith("_loss")), None)
    if key is None:
        return "-", "-"
    shown = f"{key.replace('_', ' ')} {figure(key, final.get(key))}"
    return shown, figure(key, best[key]["value"]) if key in best else "-"


def _facts(run: Path, info: Mapping[str, Any], status: str) -> Any:
    """The spec in a few words, the machine, and where the files are."""
    from rich.console import Group

    from nncli.cli.console import bold, facts_table
    from nncli.cli.summary import layers_table, training_line
    from nncli.runs import rundir

    spec = rundir.spec_of(info, run)
    facts = {
        "status": status,
        "started": info["started"],
        "ended": info["ended"] or "-",
        "data": f"{spec.data.source}, SHA-256 {info['data']['sha256'][:12]}",
        "training": training_line(spec),
        "machine": f"{info['cpu']}, {info['threads']} of {info['cores']} cores, {info['platform']}",
        "versions": f"nncli {info['nncli']}, NumPy {info['numpy']}, Python {info['python']}, {info['blas']}",
        "command": " ".join(info["command"]) or "-",
        "files": ", ".join(sorted(path.name for path in run.iterdir() if path.name[0] != ".")),
    }
    return Group(bold(run, "bold cyan"), layers_table(spec), facts_table(facts))


def _records(records: list[dict[str, Any]]) -> Any:
    """The records as a table, thinned evenly where there are many."""
    from nncli.cli.console import plain_table
    from nncli.words import figure

    if not records:
        return "no records yet"
    step = max(1, -(-len(records) // SHOWN_RECORDS))
    shown = [*records[: len(records) - 1 : step], records[-1]]
    keys = [key for key in records[-1] if key.startswith(("train_", "validation_", "test_"))]
    table = plain_table("epoch", *(key.replace("_", " ") for key in keys), "seconds", left=0)
    for record in shown:
        cells = (figure(key, record.get(key)) for key in keys)
        table.add_row(str(record["epoch"]), *cells, f"{record['seconds']:.3g}")
    return table
