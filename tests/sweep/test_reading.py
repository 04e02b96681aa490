"""Reading a sweep through its directory: what is listed, what is damaged, values of every kind."""

import json
from pathlib import Path

import pytest
from listed import Told, write_sweep

from nncli.errors import DamagedError, UsageError
from nncli.sweep import reading
from nncli.sweep.reading import open_sweep
from nncli.sweep.values import all_in_words, in_words, label, same

LAYERS = [
    {"input_dim": 2, "output_dim": 8, "activation": "tanh"},
    {"input_dim": 8, "output_dim": 2, "activation": "softmax"},
]


def test_a_sweep_is_read_from_one_file(tmp_path):
    trials = [
        Told({"eta": 0.1}, 0.7),
        Told({"eta": 1}, 0.9),
        Told({"eta": 10}, 0.95, "diverged"),
        Told({"eta": 100}, None, "waiting"),
    ]
    study = open_sweep(write_sweep(tmp_path / "s", trials))
    assert [trial.point["eta"] for trial in study.ranking()] == [1, 0.1, 10, 100]
    assert (study.metric, study.best.id) == ("test_accuracy", "t1")
    assert study.best.path == tmp_path / "s/trials/t1"
    assert reading.statuses(study) == {"finished": 2, "diverged": 1, "waiting": 1}
    short = reading.in_short(study)
    assert (short["done"], short["trials"], short["best"]["value"]) == (3, 4, 0.9)


def test_values_of_a_key_are_in_order_and_each_once(tmp_path):
    values = [10, "full", 0.5, 10.0, None, True, LAYERS, 1e-5]
    study = open_sweep(write_sweep(tmp_path, [Told({"key": value}) for value in values]))
    assert reading.swept(study) == {"key": [1e-5, 0.5, 10.0, "full", None, True, LAYERS]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "trials": []}',
        '{"format": 1, "trials": [3]}',
        '{"format": 7, "trials": [TRIAL]}',
        '{"format": 1, "trials": [TRIAL, {"id": 1}]}',
        '{"format": 1, "trials": [TRIAL OUT]}',
        '{"format": 1, "trials": [TRIAL ROOT]}',
        '{"format": 1, "trials": [TRIAL NAN]}',
        '{"format": 1, "trials": [TRIAL DEEP]}',
        '{"format": 1, "trials": [TRIAL FLAT]}',
    ],
)
def test_what_is_damaged_is_refused_by_name(tmp_path, text):
    trial = {"id": "a", "point": {"eta": 1}, "status": "finished", "run": "trials/a"}
    deep: list = []
    for _ in range(200):
        deep = [deep]
    changes = {
        " OUT": {"run": "trials/../../a"},
        " ROOT": {"run": "/etc"},
        " NAN": {"figures": {"test_loss": float("nan")}},
        " DEEP": {"point": {"eta": deep}},
        " FLAT": {"point": [1]},
    }
    change = next((value for name, value in changes.items() if name in text), {})
    for name in changes:
        text = text.replace(name, "")
    (tmp_path / "sweep.json").write_text(text.replace("TRIAL", json.dumps(trial | change)))
    with pytest.raises(DamagedError, match=r"sweep\.json: (is damaged|has format 7)"):
        open_sweep(tmp_path)


def test_a_folder_that_is_no_sweep(tmp_path):
    for path, message in ((tmp_path, "is not a sweep"), (tmp_path / "no", "no such sweep")):
        with pytest.raises(UsageError, match=message):
            open_sweep(path)


def test_the_best_trial_of_none_that_has_finished(tmp_path):
    write_sweep(tmp_path, [Told({"eta": 1}, 0.5, "diverged"), Told({"eta": 2}, None, "waiting")])
    with pytest.raises(UsageError, match="no trial has finished: 1 diverged, 1 waiting"):
        reading.best_trial(reading.look(tmp_path))


def test_a_list_of_sweeps_reads_one_file_of_each(tmp_path, monkeypatch):
    for name in ("b", "a"):
        write_sweep(tmp_path / name, [Told({"eta": 1}, 0.5)])
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange/sweep.json").write_text("no")
    (tmp_path / "a run").mkdir()
    read = []
    whole = reading.rundir.files.read
    monkeypatch.setattr(
        reading.rundir.files, "read", lambda path, most: read.append(path) or whole(path, most)
    )
    found, strange = reading.list_sweeps(tmp_path)
    assert {study.path.name for study in found} == {"a", "b"}
    assert strange == [tmp_path / "strange"]
    assert {path.name for path in read} == {"sweep.json"}
    assert len(read) == 3
    assert reading.list_sweeps(Path("nowhere")) == ([], [])


def test_values_in_words():
    assert in_words(0.1) == "0.1"
    assert in_words(0.123456, 3) == "0.123"
    assert [in_words(value) for value in (None, True, [1, "a"])] == ["null", "true", '[1,"a"]']
    assert in_words("a\n\x1b[2J") == "a\\n\\x1b[2J"
    assert in_words(10**400, 4) == str(10**400)
    assert in_words(LAYERS) == "2-8-2 tanh/softmax"
    assert in_words([{**LAYERS[0], "dropout": 0.2}, LAYERS[1]]).endswith("softmax dropout 0.2/-")
    wider = [{**LAYERS[0], "output_dim": 9}, {**LAYERS[1], "input_dim": 9}]
    relu = [{**LAYERS[0], "activation": "relu"}, LAYERS[1]]
    assert all_in_words([LAYERS, wider]) == ["2-8-2", "2-9-2"]
    assert all_in_words([LAYERS, relu]) == ["2-8-2 tanh/softmax", "2-8-2 relu/softmax"]
    assert label({"eta": 1, "optimizer.name": "sgd"}) == "eta=1 optimizer.name=sgd"
    assert same(1) == same(1.0) != same(True)
