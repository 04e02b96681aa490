"""`--set key=value`."""

from __future__ import annotations

import pytest

from nncli.errors import KeyPath
from nncli.spec.sources import Mnist

OPTIMIZERS = "sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, lion"
KEYS = "Write it as in optimizer.name=sgd or architecture[0].output_dim=30."
OCTAL = (
    "which some readers take for an octal number. "
    "Write it without the leading 0, or quote it if it is text."
)
COUNT = "must be a whole number between 1 and 2147483647"


def at(value: object, path: KeyPath) -> object:
    for part in path:
        value = value[part] if isinstance(part, int) else getattr(value, part)  # type: ignore[index]
    return value


@pytest.mark.parametrize(
    ("assignment", "path", "value"),
    [
        ("eta=1e-3", ("eta",), 0.001),
        (" eta = 2 ", ("eta",), 2.0),
        ("name='2'", ("name",), "2"),
        ("name=a=b", ("name",), "a=b"),
        ("threads=null", ("threads",), None),
        ("threads=", ("threads",), None),
        ("track=[test, train]", ("track",), ("test", "train")),
        ("architecture[0].activation=relu", ("architecture", 0, "activation"), "relu"),
        ("architecture.1.output_dim=3", ("architecture", 1, "output_dim"), 3),
        ("optimizer.name=sgd", ("optimizer", "name"), "sgd"),
        ("initializer=normal", ("initializer", "weights"), "normal"),
        ("initializer={weights: normal, std: 2}", ("initializer", "std"), 2.0),
        ("initializer.weights=normal", ("initializer", "weights"), "normal"),
        ("data.validation=100", ("data", "validation"), 100),
        ("data={source: moons, noise: 0}", ("data", "noise"), 0.0),
        ("sweep.eta=[1, 2]", ("sweep", "keys"), {"eta": [1, 2]}),
        ("sweep.optimizer.name=[sgd]", ("sweep", "keys"), {"optimizer.name": ["sgd"]}),
    ],
)
def test_sets(load, good, assignment, path, value):
    assert at(load(good, assignment).spec, path) == value


def test_a_name_is_expanded(load, good):
    assert load(good, "data.validation=100").spec.data == Mnist(source="mnist", validation=100)


def test_the_last_one_counts_and_null_takes_a_key_away(load, good):
    spec = load(good, "eta=1", "eta=2", "epochs=null", "iterations=7").spec
    assert (spec.eta, spec.epochs, spec.iterations) == (2.0, None, 7)


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("eta=nan", "eta: is nan, must be a finite number above 0"),
        ("eta=.nan", "eta: is nan, must be a finite number above 0"),
        ("eta=1e400", "eta: is inf, must be a finite number above 0"),
        ("epochs=99999999999999999999", f"epochs: is 99999999999999999999, {COUNT}"),
        ("epochs='3'", f"epochs: is '3' (text), {COUNT}. Remove the quotes."),
        ("architecture[1].output_dim=0", f"architecture[1].output_dim: is 0, {COUNT}, or `auto` where the data say it"),
        ("eta=010", f"eta: is 010, {OCTAL}"),
        ("eta=*a", "eta: anchors (&name) and aliases (*name) are not supported. Write the value out."),
        ("eta=[1", "eta: `,` or `]` is missing here; opened on line 1"),
        ("eta=" + "[" * 60, "eta: is nested more than 50 levels deep"),
        ("eta", "'eta' has no `=`. Write it as key=value, such as eta=0.1."),
        ("=3", f"the key is missing. {KEYS}"),
        ("a..b=3", f"'a..b' is not a key. {KEYS}"),
        ("architecture[-1].output_dim=3", f"'architecture[-1].output_dim' is not a key. {KEYS}"),
        ("architecture[2]=3", "architecture[2]: there is no such element: architecture has 2, counted from 0"),
        ("architecture.x=3", "architecture.x: architecture is a list. Name an element, such as architecture[0]."),
        ("eta.x=3", "eta.x: cannot be set: eta is 3.0, not a mapping"),
        ("data[0]=3", "data[0]: cannot be set: data is a mapping, not a list"),
        ("0=3", "[0]: cannot be set: the spec is a mapping, not a list"),
        ("eta=\ud800", "the character U+D800 is not allowed in YAML"),
        ("optimizer.rho=0.9", f"optimizer.name: is missing. Write one of {OPTIMIZERS}."),
        ("data.path=3", "data.path: is 3, must be a path, as text. Put it in quotes."),
        ("iterations=3", "iterations: cannot stand beside epochs. Keep one of them."),
    ],
)  # fmt: skip
def test_refused(complaints, good, assignment, said):
    assert complaints(good, assignment) == [f"--set: {said}"]


@pytest.mark.parametrize(
    "key", ["a." * 10_000 + "a", "architecture[" + "9" * 5000 + "]", "." * 5000]
)
def test_absurd_keys(complaints, good, key):
    (said,) = complaints(good, f"{key}=1")
    assert "is not a key" in said
    assert len(said) < 200


def test_errors_of_file_and_command_line_come_together(complaints, good):
    lines = complaints(
        good.replace("batch_size: 10", "batch_size: 0"), "eta=0", "architecture[0].output_dim=31"
    )
    assert [line.partition(": ")[0] for line in lines] == [
        "spec.yaml:4:6",
        "spec.yaml:7:1",
        "--set",
    ]


def test_what_is_not_in_the_file_belongs_to_the_command_line(complaints, good):
    (said,) = complaints(good.replace("data: mnist\n", ""), "data.validation=3")
    assert said.startswith("--set: data.source: is missing")


def test_paths_are_relative_to_the_spec(load, good, tmp_path):
    spec = load(good, "data.path=here/../there").spec
    assert spec.data.path == str(tmp_path.resolve() / "there")
    assert load(good, f"data.path={tmp_path}").spec.data.path == str(tmp_path.resolve())


@pytest.mark.parametrize("path", ["~nobody-of-that-name/x", "loop/x", "x" * 256, "y/" * 3000])
def test_paths_that_lead_nowhere(complaints, good, tmp_path, path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    # from Python 3.13 on a loop of links is left as it is
    for said in complaints(good, f"data.path={path}"):
        assert said.startswith(f"--set: data.path: is '{path[:58]}")
        assert ", must be a path that leads somewhere: " in said
        assert len(said) < 300
