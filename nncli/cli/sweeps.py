"""What has come of a sweep, for `nncli show` and a line of `nncli runs`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

    from nncli.sweep.study import Study

MOST_VALUES = 12
"""Values of a key that are all said; of more, how many there are."""
MOST_LETTERS = 40
"""Of a value that is said among others."""


def show_sweep(path: Path, json: bool, every: bool) -> None:
    """What was swept, how its trials stand, which is the best, and how to go on."""
    from nncli.cli import console, summary
    from nncli.cli.sweep_table import best, ranking
    from nncli.sweep import reading, telling

    study = reading.look(path, every)
    if json:
        console.print_json(reading.as_json(study))
        return
    out = console.stdout()
    blocks: list[Any] = [_facts(study), *ranking(study)]
    if reasons := _reasons(study):
        blocks.append(reasons)
    if study.best:
        blocks.append(console.bold(best(study)))
    summary.print_blocks(out, *blocks)
    for note in filter(None, (telling.on_test(study), telling.left_out(study, "show"))):
        console.stderr().print(note)
    if command := reading.going_on(study):
        console.stderr().print(f"not all has been trained. Go on with: {command}")


def _facts(study: Study) -> Any:
    from rich.console import Group

    from nncli.cli.console import bold, facts_table
    from nncli.spec.page import visible
    from nncli.sweep import reading
    from nncli.words import plural

    facts = {visible(key): _values(values) for key, values in reading.swept(study).items()}
    counts = ", ".join(f"{n} {visible(status)}" for status, n in reading.statuses(study).items())
    facts["trials"] = f"{plural(len(study.trials), 'trial')}: {counts}"
    facts["ranked by"] = study.metric.replace("_", " ")
    return Group(bold(study.path, "bold cyan"), facts_table(facts))


def _values(values: Sequence[Any]) -> str:
    """The values of a key; of many, how many and the ends."""
    from nncli.sweep.values import all_in_words

    texts = all_in_words(values)
    texts = [
        text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…" for text in texts
    ]
    if len(texts) <= MOST_VALUES:
        return ", ".join(texts)
    return f"{len(texts)} values, {texts[0]}, {texts[1]}, …, {texts[-1]}"


def _reasons(study: Study) -> str:
    """A line for each trial that went wrong."""
    from nncli.spec.page import visible
    from nncli.sweep.values import label

    wrong = [trial for trial in study.trials if trial.reason and trial.meaning.wrong]
    return "\n".join(f"{label(trial.point)}: {visible(trial.reason)}" for trial in wrong)


def sweeps_table(studies: Sequence[Study]) -> Table:
    """A line for each sweep: how much of it has been trained, and its best figure."""
    from nncli.cli.console import plain_table
    from nncli.sweep import reading, telling
    from nncli.sweep.values import label
    from nncli.words import words

    table = plain_table("sweep", "trials done", "best", "at", left=4)
    for study in studies:
        short = reading.in_short(study)
        done, best = f"{short['done']} of {short['trials']}", study.best_setting
        if best is None:
            table.add_row(study.path.name, done, "-", "-")
            continue
        value = f"{words(study.metric)} {telling.best_value(study, best)}"
        table.add_row(study.path.name, done, value, label(telling.point(study, best), 4))
    return table
