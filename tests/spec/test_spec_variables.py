"""Variables of the environment in paths: written as they stand in the spec, expanded where they are used."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from support import spec_of

from nncli.data.files import shown
from nncli.spec.base import NamedPath
from nncli.spec.dump import dump_spec, plain_spec
from nncli.spec.load import load_spec, parse_spec
from nncli.spec.model import Spec
from nncli.spec.sources import AnySource
from nncli.sweep.grid import sweep_id

MODELS: tuple[type[BaseModel], ...] = get_args(AnySource)


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that $SECRET is."""
    folder = tmp_path / "s3cr3t"
    monkeypatch.setenv("SECRET", str(folder))
    return folder


def source_of(model: type[BaseModel], **keys: Any) -> BaseModel | None:
    """A source with these keys; None where it refuses them."""
    needed = {name: "x" for name, field in model.model_fields.items() if field.is_required()}
    name = get_args(model.model_fields["source"].annotation)[0]
    try:
        return model.model_validate(needed | {"source": name} | keys, context={"base": Path()})
    except ValidationError:
        return None


def expanding() -> list[tuple[type[BaseModel], str]]:
    """Every key of a source whose variables are expanded, found by trying all that there are."""
    found = []
    for model in MODELS:
        for key in model.model_fields:
            source = source_of(model, **{key: "$SECRET/x"})
            value = getattr(source, key, None)
            if isinstance(value, str) and "s3cr3t" in value:
                found.append((model, key))
    return found


def test_every_key_that_expands_is_written_as_it_stands(secret):
    keys = expanding()
    assert {key for _, key in keys} == {"path", "y", "x_test", "y_test", "test", "validation"}
    for model, key in keys:
        spec = spec_of("2-1 sigmoid", data="moons").model_copy(
            update={"data": source_of(model, **{key: "$SECRET/x"})}
        )
        assert getattr(spec.data, key) == str(secret / "x")
        assert plain_spec(spec)["data"][key] == "$SECRET/x", (model, key)
        assert "s3cr3t" not in dump_spec(spec), (model, key)
        assert plain_spec(spec, expanded=True)["data"][key] == str(secret / "x")


def test_init_from_is_written_as_it_stands(secret):
    spec = spec_of("2-1 sigmoid", init_from="${SECRET}/w.npz")
    assert spec.init_from == str(secret / "w.npz")
    assert plain_spec(spec)["init_from"] == "${SECRET}/w.npz"


def test_what_is_written_is_the_same_spec_from_every_folder(secret, tmp_path, monkeypatch):
    monkeypatch.setenv("PART", "inner")
    folder = tmp_path / "specs"
    folder.mkdir()
    for path, written in (
        ("$SECRET/a.csv", "$SECRET/a.csv"),
        ("$PART/a.csv", str(folder / "$PART" / "a.csv")),
        ("a.csv", str(folder / "a.csv")),
    ):
        data = {"source": "csv", "path": path, "target": "t"}
        value = {**plain_spec(spec_of("2-1 sigmoid")), "data": data}
        spec = parse_spec(value, folder)
        assert plain_spec(spec)["data"]["path"] == written
        again = parse_spec(plain_spec(spec), tmp_path)
        assert again == spec
        assert again.data.path == spec.data.path


def test_a_copy_of_a_path_keeps_its_name(secret):
    path = copy.deepcopy(spec_of("2-1 sigmoid", init_from="$SECRET/w.npz").init_from)
    assert isinstance(path, NamedPath)
    assert path.written == "$SECRET/w.npz"


def test_messages_name_the_path_and_what_lies_below_it_as_written(secret):
    spec_of("2-1 sigmoid", init_from="$SECRET/data")
    assert shown(secret / "data") == "$SECRET/data"
    assert shown(secret / "data" / "a.csv") == "$SECRET/data/a.csv"
    assert shown(str(secret / "database")) == str(secret / "database")


def test_the_name_of_a_sweep_goes_by_where_a_path_leads(secret, tmp_path, monkeypatch):
    def name() -> str:
        return sweep_id(plain_spec(spec_of("2-1 sigmoid", init_from="$SECRET/w"), expanded=True))

    before = name()
    assert before == sweep_id(plain_spec(spec_of("2-1 sigmoid", init_from=str(secret / "w"))))
    monkeypatch.setenv("SECRET", str(tmp_path / "elsewhere"))
    assert name() != before


def test_the_variable_may_be_unset_where_a_run_is_only_looked_at(monkeypatch):
    monkeypatch.delenv("SECRET", raising=False)
    value = {**plain_spec(spec_of("2-1 sigmoid")), "init_from": "$SECRET/w.npz"}
    del value["initializer"]
    spec: Spec = parse_spec(value, Path(), unset=True)
    assert plain_spec(spec)["init_from"] == "$SECRET/w.npz"


def test_a_spec_file_still_refuses_what_is_not_set(tmp_path, monkeypatch):
    monkeypatch.delenv("SECRET", raising=False)
    (tmp_path / "a.yaml").write_text(json.dumps({"init_from": "$SECRET/w.npz"}))
    with pytest.raises(Exception, match=r"the environment has no \$SECRET"):
        load_spec(tmp_path / "a.yaml")
