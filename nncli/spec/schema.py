"""The JSON Schema from which editors complete and check a spec."""

from __future__ import annotations

from typing import Any

from nncli.spec.model import Spec

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """What the models allow; of the rules between keys only that epochs or iterations is there."""
    schema = Spec.model_json_schema()
    length = [{"required": ["epochs"]}, {"required": ["iterations"]}]
    return {"$schema": DIALECT, **schema, "title": "nncli experiment", "anyOf": length}
