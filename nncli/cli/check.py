"""`nncli check`: what a spec would train, without training it."""

from __future__ import annotations

from nncli.cli.options import QuietOption, SetOption, SpecArgument


def check(spec: SpecArgument, set_: SetOption = None, quiet: QuietOption = False) -> None:
    """Say what a spec describes, and refuse what cannot be trained."""
    from nncli import fit, preparation, words
    from nncli.cli import console, summary
    from nncli.cli.fetching import fetching
    from nncli.spec.load import load_spec

    document = load_spec(spec, set_ or [])
    err = console.stderr(quiet)
    with document.places(), fetching(err) as on_progress:
        prepared = preparation.prepare(document.spec, on_progress)
        preparation.initial_vector(document.spec)
    console.print_warnings(prepared.warnings, f"{spec}: ")
    if quiet:
        return
    memory = words.size(fit.memory(prepared.spec, prepared.dataset))
    data = prepared.dataset
    facts = [("memory", f"about {memory}"), ("origin", data.origin)]
    if data.classes:
        facts.append(("classes", ", ".join(data.classes)))
    console.stdout().print(summary.describe(prepared, *facts))
    console.stdout().print(f"\n{spec}: ready. Train it: nncli train {spec}")
