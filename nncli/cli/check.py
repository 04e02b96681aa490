"""`nncli check`: what a spec would train, without training it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nncli.cli.options import QuietOption, SetOption, SpecArgument

if TYPE_CHECKING:
    from nncli.spec.load import Source
    from nncli.spec.model import Spec


def check(spec: SpecArgument, set_: SetOption = None, quiet: QuietOption = False) -> None:
    """Say what a spec describes, and refuse what cannot be trained."""
    from nncli import preparation, words
    from nncli.cli import console, summary
    from nncli.cli.fetching import fetching
    from nncli.spec.load import read_source
    from nncli.spec.sources import drawn
    from nncli.training import memory

    source = read_source(spec).changed(set_ or [])
    document = source.document()
    sweep = _sweep(source, document.spec)
    err = console.stderr(quiet)
    engine = console.compiling(err, document.spec.engine)
    with document.places(), engine, fetching(err) as on_progress:
        prepared = preparation.prepare(document.spec, on_progress)
        preparation.initial_vector(prepared.spec)
    console.print_warnings(prepared.warnings, f"{spec}: ")
    if quiet:
        return
    takes = words.size(memory.of_training(prepared.spec, prepared.dataset))
    data = prepared.dataset
    facts = [("memory", f"about {takes}"), ("origin", data.origin)]
    if split := drawn(prepared.spec.data):
        facts.append(("split", split))
    if data.classes:
        facts.append(("classes", ", ".join(data.classes)))
    if data.labels:
        facts.append(("labels", ", ".join(data.labels)))
    if sweep:
        facts.append(("sweep", sweep))
    console.stdout().print(summary.describe(prepared, *facts))
    console.stdout().print(f"\n{spec}: ready. Train it: nncli train {spec}")


def _sweep(source: Source, spec: Spec) -> str:
    """What `nncli sweep` would go over. Raises SpecError for a trial that the spec refuses."""
    from nncli.sweep.space import MANY, count, describe, space
    from nncli.sweep.specs import trial_specs

    if spec.sweep is None:
        return ""
    if (number := count(spec.sweep)) > MANY:
        return f"{describe(spec.sweep)}; `nncli sweep` asks for --max-trials {number}"
    found = space(spec.sweep, spec.seed)
    for _ in trial_specs(source, found.points):
        pass
    return f"{describe(spec.sweep)}{found.notice and f'; {found.notice}'}"
