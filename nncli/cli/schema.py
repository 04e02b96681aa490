"""`nncli schema`: the JSON Schema of a spec, from which editors complete."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of an experiment spec."""
    import json

    from nncli.cli.console import stdout
    from nncli.spec.schema import json_schema

    stdout().print(json.dumps(json_schema(), indent=2))
