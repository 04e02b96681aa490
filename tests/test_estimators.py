"""The estimators: scikit-learn's own checks, and the same bytes as a run of the same spec."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scikit import known_to_fail
from sklearn.base import clone
from sklearn.datasets import load_digits, make_moons, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import nncli
from nncli.errors import DivergedError
from nncli.estimators import DenseClassifier, DenseRegressor

CHECKED = [
    DenseClassifier(),
    DenseRegressor(),
    DenseClassifier(early_stopping=True),
    DenseRegressor(early_stopping=True, dtype="float32"),
]
"""Every other value of every parameter is checked in torture/test_estimators.py."""


@parametrize_with_checks(CHECKED, expected_failed_checks=known_to_fail)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def moons():
    return make_moons(300, noise=0.2, random_state=0)


@pytest.fixture(scope="module")
def line():
    x, y = make_regression(200, 5, noise=1.0, random_state=0)
    return x, y + 1000


def spec_of(path: Path, sizes: tuple[int, ...], last: str, **keys: object) -> dict[str, object]:
    functions = [*["relu"] * (len(sizes) - 2), last]
    layers = [
        {"input_dim": sizes[i], "output_dim": sizes[i + 1], "activation": function}
        for i, function in enumerate(functions)
    ]
    fixed = {"epochs": 5, "batch_size": 16, "eta": 0.01, "optimizer": "adam", "dtype": "float64"}
    data = {"source": "npz", "path": str(path), "scale": 1}
    return {"data": data, "architecture": layers, "seed": 3, "track": ["train"], **fixed, **keys}


@pytest.mark.parametrize("weight", [None, {0: 1.0, 1: 3.0}])
def test_the_weights_are_those_of_a_run(moons, tmp_path, weight):
    x, y = moons
    np.savez(tmp_path / "moons.npz", x=x, y=y)
    keys = {"class_weight": {str(name): each for name, each in weight.items()}} if weight else {}
    spec = spec_of(tmp_path / "moons.npz", (2, 9, 2), "softmax", regularizer={"l2": 0.01}, **keys)
    run = nncli.train(spec, runs_dir=tmp_path)
    fitted = DenseClassifier(
        (9,), epochs=5, batch_size=16, l2=0.01, class_weight=weight, random_state=3
    ).fit(x, y)
    assert fitted.weights_.keys() == run.weights.keys()
    for name, array in run.weights.items():
        np.testing.assert_array_equal(fitted.weights_[name], array)
    np.testing.assert_array_equal(fitted.predict(x), run.predict(x).astype(int))
    np.testing.assert_allclose(fitted.predict_proba(x), run.predict_proba(x), rtol=1e-12)
    assert [record["epoch"] for record in fitted.records_] == [1, 2, 3, 4, 5]
    alike = clone(fitted).set_params(class_weight={0: 1, 1: 1}).fit(x, y).predict_proba(x)
    plain = clone(fitted).set_params(class_weight=None).fit(x, y).predict_proba(x)
    np.testing.assert_array_equal(alike, plain)


def test_targets_keep_their_units(line, tmp_path):
    x, y = line
    np.savez(tmp_path / "line.npz", x=x, y=(y - y.mean()) / y.std())
    run = nncli.train(spec_of(tmp_path / "line.npz", (5, 9, 1), "identity"), runs_dir=tmp_path)
    fitted = DenseRegressor((9,), epochs=5, batch_size=16, random_state=3).fit(x, y)
    np.testing.assert_allclose(fitted.predict(x), run.predict(x) * y.std() + y.mean(), rtol=1e-12)
    both = DenseRegressor(random_state=0).fit(x, np.column_stack([y, -y])).predict(x)
    assert both.shape == (200, 2)
    assert abs(both[:, 0] + both[:, 1]).max() < 0.2 * y.std()


def test_what_it_learns():
    x, y = load_digits(return_X_y=True)
    network = make_pipeline(StandardScaler(), DenseClassifier((30,), epochs=10, random_state=0))
    assert cross_val_score(network, x, y, cv=3).mean() > 0.9


def test_it_fits_into_a_search_and_a_clone(moons):
    x, y = moons
    search = GridSearchCV(
        DenseClassifier((8,), epochs=20, random_state=0), {"eta": [1e-6, 0.02]}, cv=3
    )
    best = search.fit(x, y).best_estimator_
    assert best.eta == 0.02
    again = clone(best).fit(x, y)
    for other in (again, copy.deepcopy(best)):
        np.testing.assert_array_equal(other.predict_proba(x), best.predict_proba(x))


def test_early_stopping_keeps_the_best(moons):
    x, y = moons
    network = DenseClassifier(
        (20,), eta=0.1, epochs=500, early_stopping=True, patience=5, random_state=0
    ).fit(x, y)
    losses = [record["validation_loss"] for record in network.records_]
    assert network.n_iter_ == len(losses) == int(np.argmin(losses)) + 6 < 500
    shorter = clone(network).set_params(epochs=int(np.argmin(losses)) + 1).fit(x, y)
    np.testing.assert_array_equal(shorter.weights_["W1"], network.weights_["W1"])
    with pytest.raises(ValueError, match=r"validation_fraction: is 0\.99, but there are 20"):
        network.set_params(validation_fraction=0.99).fit(x[:20], y[:20])


def test_partial_fit_is_fit_in_pieces(moons):
    """With the same rows each time it takes the very steps of `fit`."""
    x, y = moons
    whole = DenseClassifier((9,), epochs=4, random_state=1).fit(x, y)
    pieces = DenseClassifier((9,), random_state=1)
    for _ in range(4):
        pieces.partial_fit(x, y, classes=[0, 1])
    np.testing.assert_array_equal(pieces.weights_["W1"], whole.weights_["W1"])
    assert (pieces.n_iter_, len(pieces.records_)) == (4, 4)
    before = pieces.loss_
    for part in range(40):
        pieces.partial_fit(x[part % 2 :: 2], y[part % 2 :: 2])
    assert pieces.loss_ < before
    numbers = DenseRegressor((9,), random_state=1)
    for _ in range(4):
        numbers.partial_fit(x, y)
    np.testing.assert_array_equal(
        numbers.predict(x), DenseRegressor((9,), epochs=4, random_state=1).fit(x, y).predict(x)
    )


def test_what_partial_fit_refuses(moons):
    x, y = moons
    network = DenseClassifier((4,), random_state=0)
    with pytest.raises(ValueError, match="classes must be given"):
        network.partial_fit(x, y)
    network.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ValueError, match="y holds 2"):
        network.partial_fit(x, y + 1)
    with pytest.raises(ValueError, match="not those of the first call"):
        network.partial_fit(x, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="architecture has changed"):
        network.set_params(hidden_layers=(5,)).partial_fit(x, y)
    with pytest.raises(ValueError, match="y has 2 targets"):
        DenseRegressor().partial_fit(x, y).partial_fit(x, np.column_stack([y, y]))


WRONG = {
    "hidden_layers": [5.0, "64", None, (0,), (5, 2.5), (5, None), -3, True],
    "activation": ["rellu", "softmax", None, 3],
    "optimizer": ["adm", {"name": "adam", "beta3": 1}, 3],
    "eta": [0, -1.0, float("nan"), float("inf"), "0.1", None],
    "epochs": [0, 2.5, "10", None],
    "batch_size": [0, -1, 2.5, "all", None],
    "l2": [-0.1, float("nan"), "0", None],
    "early_stopping": [1, "yes", None],
    "validation_fraction": [0, 0.0, -0.1, 1, 1.0, 1.5, 300, "0.1", None, float("nan")],
    "patience": [0, -1, 2.5, None],
    "class_weight": [5, "equal", {0: 0, 1: 1}, {0: -1, 1: 1}, {0: "a", 1: 1}, {7: 2}],
    "dtype": ["float16", int, None],
    "random_state": [-1, "seed", 0.5, 2**70],
}
"""Parameter -> values that it may not have."""


@pytest.mark.parametrize("kind", [DenseClassifier, DenseRegressor])
def test_every_parameter_is_refused_by_its_own_name(moons, kind):
    """In `fit` and `partial_fit`, in one line, whether it is used or not; a new one without wrong values fails."""
    x, y = moons
    for name in kind().get_params():
        for value in WRONG[name]:
            model = kind(**{"epochs": 1} | {name: value})
            for fit, classes in ((model.fit, {}), (model.partial_fit, {"classes": [0, 1]})):
                with pytest.raises(ValueError, match=name) as refusal:
                    fit(x, y, **classes if kind is DenseClassifier else {})
                said = str(refusal.value)
                assert said.startswith(name), said
                assert "\n" not in said
                assert "--" not in said


@pytest.mark.parametrize("number", [5, np.int64(5), np.array([5]), [5], range(5, 6)])
def test_one_hidden_layer_is_a_number_too(moons, number):
    x, y = moons
    fitted = DenseClassifier(number, epochs=1, random_state=0).fit(x, y)
    assert fitted.weights_["W1"].shape == (5, 2)
    assert len(fitted.weights_) == 4


SCALES = [1e-300, 1e-160, 1e-30, 1e30, 1e160, 1e200, 1e300]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [0, 1e9])
def test_targets_of_any_size(line, dtype, offset):
    """scikit-learn's MLPRegressor answers 0.29 to targets of 1e200; here they are standardized, whatever their size."""
    x, y = line[0], (line[1] - 1000) / 100 + offset
    model = DenseRegressor((9,), epochs=3, dtype=dtype, random_state=0)
    plain = clone(model).fit(x, y).predict(x)
    for scale in SCALES:
        if offset * scale < 1e305:
            predicted = clone(model).fit(x, y * scale).predict(x)
            np.testing.assert_allclose(predicted / scale, plain, rtol=1e-6, atol=1e-5)
    powers = clone(model).fit(x, np.ldexp(y, 600)).predict(x)
    np.testing.assert_array_equal(powers, np.ldexp(plain, 600))


def test_targets_that_never_vary(line):
    """Their standard deviation is rounding, of which the network would learn."""
    for number in (0.1, 0.0, 1.7e9 + 0.1, 1e-320):
        y = np.full((200, 2), [number, -number])
        fitted = DenseRegressor((9,), epochs=2, random_state=0).fit(line[0], y)
        assert (fitted._center == np.ldexp(y[0], -fitted._power)).all()
        assert (fitted._spread == 1).all()
        assert fitted.loss_ < 10


@pytest.mark.parametrize("kind", [DenseClassifier, DenseRegressor])
def test_inputs_of_any_size_are_learnt_from_or_refused(moons, kind):
    """Never an answer that is not finite, never a warning of NumPy's."""
    x, y = moons
    for scale in SCALES:
        for dtype in ("float32", "float64"):
            model = kind((9,), epochs=2, dtype=dtype, random_state=0)
            try:
                model.fit(x * scale, y)
            except (ValueError, DivergedError) as refusal:
                said = str(refusal)
            else:
                said = ""
                assert np.isfinite(model._outputs(x * scale)).all()
            assert not said or ("StandardScaler" in said and scale > 1)
    fitted = kind((9,), epochs=2, random_state=0).fit(x, y)
    x = x.copy()
    x[7] = 1.7e308
    with pytest.raises(ValueError, match="X: row 7 holds numbers too large"):
        fitted.predict(x)


@pytest.mark.parametrize("weight", ["balanced", {0: 1, 1: 12}])
def test_early_stopping_goes_by_the_weights_of_classes(weight):
    rng = np.random.default_rng(0)
    y = (rng.random(600) < 0.08).astype(int)
    x = rng.standard_normal((600, 2)) + 0.9 * y[:, None]
    keys = {"eta": 0.003, "early_stopping": True, "validation_fraction": 0.3, "random_state": 0}
    fitted = DenseClassifier((8,), class_weight=weight, patience=20, **keys).fit(x, y)
    weighted = [record["validation_weighted_loss"] for record in fitted.records_]
    plain = [record["validation_loss"] for record in fitted.records_]
    assert np.argmin(weighted) != np.argmin(plain), "proves nothing"
    assert fitted.n_iter_ == np.argmin(weighted) + 21 < 100
    shorter = clone(fitted).set_params(epochs=int(np.argmin(weighted)) + 1).fit(x, y)
    np.testing.assert_array_equal(shorter.weights_["W1"], fitted.weights_["W1"])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"eta": -1.0}, "eta: is -1.0, must be"),
        ({"hidden_layers": (0,)}, r"hidden_layers\[0\]: is 0"),
        ({"activation": "rellu"}, "Did you mean `relu`"),
        ({"optimizer": {"name": "adam", "beta3": 1}}, r"optimizer.beta3: unknown key"),
        ({"epochs": 0}, "epochs: is 0"),
        ({"class_weight": {0: 0, 1: 1}}, "class_weight: is a mapping, must be"),
        ({"class_weight": "equal"}, "class_weight: is 'equal', must be"),
        ({"class_weight": {7: 2}}, "are not in class_weight"),
    ],
)
def test_parameters_are_those_of_a_spec(moons, keys, said):
    with pytest.raises(ValueError, match=said):
        DenseClassifier(**keys).fit(*moons)


def test_a_single_class_and_a_divergence_are_said(moons):
    x, y = moons
    with pytest.raises(ValueError, match="needs 2 classes or more, but y holds one class: 0"):
        DenseClassifier().fit(x, np.zeros(len(x), int))
    with pytest.raises(DivergedError, match=r"Try a smaller eta: eta=1e\+08, or scale X, with"):
        DenseRegressor(optimizer="sgd", eta=1e9).fit(x, y)
    with pytest.raises(ValueError, match="n_samples = 1: it needs 2 or more"):
        DenseRegressor(early_stopping=True).fit(x[:1], y[:1])


def test_without_scikit_learn_the_command_that_installs_it():
    code = "import sys; sys.modules['sklearn'] = None; import nncli.estimators"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last == (
        "ImportError: the estimators need scikit-learn 1.6 or later: pip install 'nncli[sklearn]'"
    )


def test_rows_beyond_float32_have_no_answer(moons):
    """1e39 is finite, but not in the network's float32, where tanh would make it 1."""
    X, y = moons
    estimator = DenseClassifier(epochs=1, dtype="float32").fit(X, y)
    with pytest.raises(ValueError, match="too large for float32"):
        estimator.predict_proba([[1e39, 0.0]])
    wide = DenseClassifier(epochs=1).fit(X, y)
    assert np.isfinite(wide.predict_proba([[1e39, 0.0]])).all()
