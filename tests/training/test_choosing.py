"""What is chosen is chosen on validation rows where there are any; and where it is chosen on test rows, it is said."""

from typing import get_args

import pytest
from support import blobs, spec_of

from nncli import fit, packaged, preparation
from nncli.spec.load import load_spec
from nncli.spec.model import Spec
from nncli.spec.schedules import AnySchedule, EarlyStoppingSpec
from nncli.training.evaluation import figure_names

WITH, WITHOUT = blobs(rows=30, validation=12, test=12), blobs(rows=30, test=12)
CHOOSERS = {
    "early_stopping": ({"early_stopping": {}}, {"early_stopping": {"monitor": "test_loss"}}),
    "schedule": (
        {"schedule": "plateau"},
        {"schedule": {"name": "plateau", "monitor": "test_loss"}},
    ),
    "keep": ({"keep": "best"}, {"keep": "best"}),
}
"""A key by which something is chosen -> as it goes by validation rows, and as it goes by test rows without any."""


def spec(**keys) -> Spec:
    return spec_of("2-3 softmax", **{"track": ["test"], **keys})


def test_every_key_that_watches_a_figure_has_its_case():
    models = {"early_stopping": [EarlyStoppingSpec], "schedule": get_args(AnySchedule)}
    watching = {
        key
        for key, field in Spec.model_fields.items()
        for model in models.get(key, [field.annotation])
        if "monitor" in getattr(model, "model_fields", {})
    }
    told = Spec.model_json_schema()["$defs"]
    assert (
        sum("monitor" in one.get("properties", {}) for one in told.values()) == len(watching) == 2
    )
    assert watching | {"keep"} == {*CHOOSERS}


@pytest.mark.parametrize("key", CHOOSERS)
def test_what_chooses_tracks_validation_rows_where_there_are_any(key):
    by_validation, by_test = CHOOSERS[key]
    prepared = preparation.prepare(spec(**by_validation), dataset=WITH)
    assert prepared.spec.track == ("validation", "test")
    assert prepared.warnings == ()
    prepared = preparation.prepare(spec(**by_test), dataset=WITHOUT)
    assert prepared.spec.track == ("test",)
    (said,) = prepared.warnings
    assert said.startswith(f"{key}: goes by test ")
    assert "optimistic" in said


def test_where_nothing_chooses_the_track_is_as_it_was_written():
    assert preparation.prepare(spec(), dataset=WITH).spec.track == ("test",)
    named = spec(track=["test", "validation"], keep="best")
    assert preparation.prepare(named, dataset=WITH).spec.track == ("test", "validation")
    explicit = spec(early_stopping={"monitor": "test_loss"})
    prepared = preparation.prepare(explicit, dataset=WITH)
    assert prepared.spec.track == ("test",)
    assert prepared.warnings[0].startswith("early_stopping: goes by test loss")
    assert (
        fit.chosen_on_test(spec(track=None, keep="best"), figure_names(spec(track=None), WITH))
        == ()
    )


def test_runs_that_are_compared_track_them_too():
    prepared = preparation.prepare(spec(), dataset=WITH, compared=True)
    assert prepared.spec.track == ("validation", "test")
    assert preparation.prepare(spec(), dataset=WITHOUT, compared=True).spec.track == ("test",)


def test_a_run_that_is_trained_again_stays_as_it_was():
    """One of an earlier version may have chosen on test rows: it goes on so."""
    for keys, _ in CHOOSERS.values():
        if keys.get("keep"):
            prepared = preparation.prepare(spec(**keys), dataset=WITH, again=True)
            assert prepared.spec.track == ("test",)


@pytest.mark.parametrize("name", packaged.names())
def test_packaged_specs_track_the_validation_rows_that_they_have(name, monkeypatch):
    monkeypatch.setenv("NNCLI_DATA", "anywhere")
    found = load_spec(packaged.folder() / f"{name}.yaml").spec
    if getattr(found.data, "validation", None):
        assert found.track == ("validation", "test")
