"""The JSON Schema for editors."""

from __future__ import annotations

import json
from typing import Any

from nncli.spec.model import Spec
from nncli.spec.schema import json_schema

SCHEMA = json_schema()


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def test_it_is_closed_and_complete():
    assert set(SCHEMA["properties"]) == set(Spec.model_fields)
    assert SCHEMA["additionalProperties"] is False
    assert set(SCHEMA["required"]) == {"data", "architecture", "batch_size", "eta"}
    assert SCHEMA["anyOf"] == [{"required": ["epochs"]}, {"required": ["iterations"]}]
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_key_says_what_it_is():
    assert [key for key, one in SCHEMA["properties"].items() if not one.get("description")] == []


OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion"]


def test_names_stand_for_mappings():
    short, long = SCHEMA["properties"]["data"]["anyOf"]
    assert short == {
        "type": "string",
        "enum": [
            "mnist",
            "idx",
            "digits",
            "moons",
            "circles",
            "spirals",
            "npz",
            "npy",
            "csv",
            "images",
        ],
    }
    assert len(long["oneOf"]) == len(short["enum"])
    short, long = SCHEMA["properties"]["initializer"]["anyOf"]
    assert "he_normal" in short["enum"]
    assert resolved(long)["additionalProperties"] is False
    assert SCHEMA["properties"]["optimizer"]["anyOf"][0]["enum"] == OPTIMIZERS
