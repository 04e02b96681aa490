"""Keys that tables brought: `auto`, columns by name, weights by class, and the environment in paths."""

from __future__ import annotations

import pytest

from nncli.spec.dump import dump_spec
from nncli.spec.model import AUTO
from nncli.spec.schema import json_schema
from nncli.spec.sources import Csv

GOOD = """\
data: {source: csv, path: table.csv, target: kind}
architecture:
  - {input_dim: auto, output_dim: 8, activation: relu}
  - {input_dim: 8, output_dim: auto, activation: softmax}
epochs: 3
batch_size: 10
eta: 0.1
"""


def test_auto_waits_for_the_data(load):
    first, last = load(GOOD).spec.architecture
    assert (first.input_dim, first.output_dim, last.input_dim, last.output_dim) == (
        AUTO,
        8,
        8,
        AUTO,
    )


def test_a_spec_with_auto_is_written_as_it_was_read(load):
    spec = load(GOOD).spec
    written = dump_spec(spec)
    assert written.count("auto") >= 2
    assert load(written).spec == spec


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{input_dim: 8, output_dim: auto",
            "{input_dim: auto, output_dim: auto",
            "spec.yaml:4:6: architecture[1].input_dim: is auto, which only the first layer may have. "
            "Write architecture[0].output_dim's number.",
        ),
        (
            "input_dim: auto, output_dim: 8",
            "input_dim: auto, output_dim: auto",
            "spec.yaml:3:23: architecture[0].output_dim: is auto, which only the last layer may have. "
            "Write a number of units: 32.",
        ),
        (
            "input_dim: auto",
            "input_dim: Auto",
            "spec.yaml:3:6: architecture[0].input_dim: is 'Auto', must be a whole number between 1 and 2147483647, "
            "or `auto` where the data say it",
        ),
        (
            "target: kind",
            "target: [kind, kind]",
            "spec.yaml:1:38: data.target: is a list, must be the name of a column, or a list of different names",
        ),
        (
            "target: kind",
            "target: 3",
            "spec.yaml:1:38: data.target: is 3, must be the name of a column, or a list of different names",
        ),
        (
            "target: kind",
            "target: ['']",
            "spec.yaml:1:38: data.target: is a list, must be the name of a column, or a list of different names",
        ),
        (
            ", target: kind",
            "",
            "spec.yaml:1:1: data.target: is missing. The column to be predicted, or several of them. "
            "Write `target: species`.",
        ),
        (
            "target: kind",
            "target: kind, test: 1.5",
            "spec.yaml:1:52: data.test: is 1.5, must be a number of rows (0, 1000), a fraction between 0 and 1 (0.2), "
            "or a path",
        ),
    ],
)
def test_refused(complaints, old, new, said):
    assert complaints(GOOD.replace(old, new)) == [said]


def test_one_name_is_a_list_of_one(load):
    data = load(GOOD.replace("kind}", "kind, drop: [a, b], key: id}")).spec.data
    assert isinstance(data, Csv)
    assert (data.target, data.drop, data.key, data.features) == (
        ("kind",),
        ("a", "b"),
        ("id",),
        None,
    )


def test_a_test_may_be_rows_or_a_file(load, tmp_path):
    for given, read in (("0", 0), ("0.5", 0.5), ("20", 20), ("t.csv", str(tmp_path / "t.csv"))):
        assert load(GOOD.replace("kind}", f"kind, test: {given}}}")).spec.data.test == read


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("0", "a key must be text, but 0 is not. Put it in quotes."),
        ("1e3", "a key must be text, but 1e3 is not. Put it in quotes."),
        ("null", "a key must be text, but null is not. Put it in quotes."),
        (
            "yes",
            "the key is yes, which some readers take for true or false. Quote it, or write true or false.",
        ),
    ],
)
def test_a_class_whose_name_is_no_text_to_yaml_is_quoted(load, complaints, key, said):
    (line,) = complaints(f"{GOOD}class_weight: {{{key}: 2.0, other: 1}}\n")
    assert line.endswith(said)
    spec = load(f"{GOOD}class_weight: {{'{key}': 2.0, other: 1}}\n").spec
    assert spec.class_weight == {key: 2.0, "other": 1}
    assert load(dump_spec(spec)).spec.class_weight == spec.class_weight


@pytest.mark.parametrize(
    "value", ["{a: 0}", "{a: -1}", "{a: .inf}", "{a: many}", "{}", "3", "even"]
)
def test_a_class_weight_is_a_number_above_zero(complaints, value):
    (line,) = complaints(f"{GOOD}class_weight: {value}\n")
    assert "class_weight" in line


def test_a_path_may_hold_what_the_environment_says(load, complaints, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_TABLES", str(tmp_path / "far"))
    for written in ("$MY_TABLES/t.csv", "${MY_TABLES}/t.csv"):
        data = load(GOOD.replace("table.csv", f"'{written}'")).spec.data
        assert data.path == str(tmp_path / "far" / "t.csv")
    monkeypatch.delenv("MY_TABLES")
    (line,) = complaints(GOOD.replace("table.csv", "$MY_TABLES/t.csv"))
    assert line == (
        "spec.yaml:1:21: data.path: is '$MY_TABLES/t.csv', must be a path that leads somewhere: "
        "the environment has no $MY_TABLES"
    )


def test_the_schema_knows_them(load):
    schema = json_schema()
    width = schema["$defs"]["LayerSpec"]["properties"]["input_dim"]
    assert {"const": "auto"} in width["anyOf"]
    csv = schema["$defs"]["Csv"]["properties"]
    assert set(csv) == set(Csv.model_fields)
    assert [key for key, one in csv.items() if not one.get("description")] == ["source"]
    assert csv["target"]["anyOf"][0] == {"type": "string"}
    assert "class_weight" in schema["properties"]
