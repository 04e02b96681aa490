"""`nncli repeat`: train a run's spec again, and say whether the bytes agree."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nncli.cli.options import JsonOption, QuietOption, RunArgument, ThreadsOption

if TYPE_CHECKING:
    from nncli.repetition import Comparison


def repeat(
    run: RunArgument,
    threads: ThreadsOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the same spec once more beside a run, and compare every byte; exit 7 where they differ."""
    from nncli import experiment, repetition
    from nncli.cli import console, ending
    from nncli.cli.fetching import fetching
    from nncli.cli.live import Live
    from nncli.errors import DivergedError
    from nncli.interrupts import graceful
    from nncli.runs.status import INTERRUPTED

    err = console.stderr(quiet)
    with fetching(err) as on_progress:
        prepared = repetition.prepare_again(run, threads, on_progress)
    with graceful() as stop, Live(err) as live, ending.at_once(live):
        try:
            result = experiment.train(
                prepared,
                repetition.folder_for(run),
                command=sys.argv,
                watcher=live,
                stop=stop,
            )
        except DivergedError:  # as the run itself may have, in the same batch
            result = None
    if result and result.status == INTERRUPTED:
        ending.end(prepared, result, stop, plots=False, json=json, quiet=quiet)
    if result:
        console.print_warnings(ending.not_beaten(prepared, result))
    assert live.path is not None, "a training that ended had begun"
    _report(repetition.compare(run, live.path), json)


def _report(comparison: Comparison, json: bool) -> None:
    from nncli.cli import console
    from nncli.errors import NotReachedError

    same = not comparison.differing
    if json:
        console.print_json(comparison.as_json())
    elif same:
        console.stdout().print(f"the same bytes, times aside: {comparison.run} {comparison.repeat}")
    else:
        lines = [*comparison.differing, *(f"({cause})" for cause in comparison.causes)]
        console.stdout().print("\n".join(lines))
    if not same:
        cause = ", ".join(comparison.causes) or "nothing that run.json records was different"
        raise NotReachedError(f"{comparison.repeat}: differs from {comparison.run}: {cause}")
