"""A 2-2-1 network worked with pencil and paper, and the definitions of losses and metrics."""

import math

import numpy as np
import pytest
from support import Layer

from nncli.network.activations import activate
from nncli.network.calls import constant, run
from nncli.network.losses import output_delta, row_losses, slope
from nncli.network.metrics import ClassTally, Confusion, RegressionTally, classes_of
from nncli.network.params import count, flatten, shapes, views
from nncli.network.propagation import backward, first_not_finite, logits, make_memory

ARCHITECTURE = [Layer(2, 2, "relu"), Layer(2, 1, "identity")]


def hand_network() -> np.ndarray:
    """W1 = [[1, 2], [-1, 1]], b1 = [0, -1]; W2 = [[3, -2]], b2 = [0.5]."""
    return np.array([1.0, 2.0, -1.0, 1.0, 0.0, -1.0, 3.0, -2.0, 0.5])


def test_parameters_are_views_in_order():
    vector = hand_network()
    params = views(vector, ARCHITECTURE)
    assert shapes(ARCHITECTURE) == {"W1": (2, 2), "b1": (2,), "W2": (1, 2), "b2": (1,)}
    assert count(ARCHITECTURE) == len(vector) == 9
    assert params["W1"].tolist() == [[1, 2], [-1, 1]]
    assert params["b2"].tolist() == [0.5]
    params["W2"][0, 1] = 7
    assert vector[7] == 7
    assert flatten(params, ARCHITECTURE, "float64").tolist() == vector.tolist()
    with pytest.raises(ValueError, match="9 parameters, the vector 10"):
        views(np.zeros(10), ARCHITECTURE)


def test_forward_and_backward_by_hand():
    x = np.array([[1.0, 1.0], [-1.0, 2.0]])
    y = np.array([[8.0], [4.0]])
    vector, gradient = hand_network(), np.empty(9)
    params, grads = views(vector, ARCHITECTURE), views(gradient, ARCHITECTURE)
    memory = make_memory(ARCHITECTURE, 2, "float64")
    z = logits(params, ARCHITECTURE, x, memory)
    # Row 1: z1 = (1+2+0, -1+1-1) = (3, -1), a1 = (3, 0), z2 = 9 - 0 + 0.5 = 9.5
    # Row 2: z1 = (-1+4+0, 1+2-1) = (3, 2),  a1 = (3, 2), z2 = 9 - 4 + 0.5 = 5.5
    assert memory["A1"].tolist() == [[3, 0], [3, 2]]
    assert z.tolist() == [[9.5], [5.5]]
    # Quadratic: 1/2 (1.5^2) = 1.125 for both rows, so the mean is 1.125.
    assert row_losses("quadratic", "identity", z, y).tolist() == [1.125, 1.125]
    # delta2 = (a - y)/2 = (0.75, 0.75)
    delta, half = memory["D2"], constant(slope("quadratic", 2, 1), vector)
    run(output_delta("quadratic", "identity", memory["A2"], memory["Z2"], y, delta, half))
    assert delta.tolist() == [[0.75], [0.75]]
    run(backward(params, ARCHITECTURE, x, memory, grads))
    # dW2 = 0.75 (3, 0) + 0.75 (3, 2) = (4.5, 1.5); db2 = 1.5
    # delta1 = 0.75 (3, -2) = (2.25, -1.5), times relu': row 1 keeps (2.25, 0), row 2 (2.25, -1.5)
    # dW1 row 1 = 2.25 (1, 1) + 2.25 (-1, 2) = (0, 6.75); row 2 = -1.5 (-1, 2) = (1.5, -3)
    # db1 = (4.5, -1.5)
    assert gradient.tolist() == [0, 6.75, 1.5, -3, 4.5, -1.5, 4.5, 1.5, 1.5]


def test_losses_by_hand():
    z, y = np.array([[0.0, math.log(3)]]), np.array([[0.0, 1.0]])
    # softmax = (1/4, 3/4); sigmoid = (1/2, 3/4); identity = z
    assert row_losses("cross_entropy", "softmax", z, y)[0] == pytest.approx(-math.log(3 / 4))
    bce = -math.log(1 / 2) - math.log(3 / 4)
    assert row_losses("binary_cross_entropy", "sigmoid", z, y)[0] == pytest.approx(bce)
    quadratic = ((1 / 2) ** 2 + (1 / 4) ** 2) / 2
    assert row_losses("quadratic", "sigmoid", z, y)[0] == pytest.approx(quadratic)
    assert row_losses("mse", "sigmoid", z, y)[0] == pytest.approx(quadratic)  # two outputs: 2/2
    mse3 = row_losses("mse", "identity", np.array([[1.0, 2.0, 3.0]]), np.zeros((1, 3)))
    assert mse3[0] == pytest.approx(14 / 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("large", [37, 800, "largest"])
@pytest.mark.parametrize(
    ("loss", "last"), [("cross_entropy", "softmax"), ("binary_cross_entropy", "sigmoid")]
)
def test_cross_entropies_and_deltas_are_finite_for_any_finite_logits(loss, last, large, dtype):
    size = np.finfo(dtype).max / 4 if large == "largest" else large
    z = np.array([[size, -size, 0], [-size, -size, size]], dtype)
    for target in range(3):
        y = np.eye(3, dtype=dtype)[[target, target]]
        assert np.isfinite(row_losses(loss, last, z, y)).all()
        with np.errstate(over="ignore"):  # infinity on the way is right, and NumPy would warn
            a = activate(last, z)
        assert np.isfinite(a).all()
        delta = np.empty_like(a)
        run(output_delta(loss, last, a, z, y, delta, constant(1, a)))
        assert np.isfinite(delta).all()


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"\(4, 1\) and target \(4,\)"):
        row_losses("mse", "identity", np.zeros((4, 1)), np.zeros(4))


def test_the_first_layer_that_overflows_is_named():
    params = views(hand_network(), ARCHITECTURE)
    x = np.ones((1, 2))
    assert first_not_finite(params, ARCHITECTURE, x) is None
    params["W2"][:] = np.nan
    assert first_not_finite(params, ARCHITECTURE, x) == 2
    params["b1"][:] = np.inf
    assert first_not_finite(params, ARCHITECTURE, x) == 1


def test_class_figures_by_hand():
    z = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.5]])
    y = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    tally = ClassTally()
    tally.add(np.array([1.0, 2.0, 6.0]), z, y, "identity", batch=2)
    assert tally.figures() == {"loss": 3.0, "accuracy": 2 / 3}
    assert classes_of(np.array([[0.4], [0.6]])).tolist() == [0, 1]


def test_sums_do_not_depend_on_how_many_batches_come_at_once():
    rng = np.random.default_rng(0)
    losses, z = rng.random(70), rng.standard_normal((70, 3)).astype("float32")
    y = rng.standard_normal((70, 3)).astype("float32")
    for kind in (ClassTally, RegressionTally):
        at_once, in_pieces = kind(), kind()
        at_once.add(losses, z, y, "tanh", batch=10)
        for piece in (slice(0, 10), slice(10, 40), slice(40, 70)):
            in_pieces.add(losses[piece], z[piece], y[piece], "tanh", batch=10)
        assert at_once.figures() == in_pieces.figures()


def test_regression_figures_by_hand():
    y, answer = np.array([[1.0], [2.0], [3.0]]), np.array([[1.0], [2.0], [5.0]])
    tally = RegressionTally()
    tally.add(np.array([0.0, 0.0, 4.0]), answer, y, "identity", batch=3)
    # SSE = 4, SST = 1 + 0 + 1 = 2, so R^2 = 1 - 4/2 = -1
    expected = {"loss": 4 / 3, "rmse": math.sqrt(4 / 3), "mae": 2 / 3, "r2": -1.0}
    assert tally.figures() == pytest.approx(expected)


def test_confusion_and_per_class_figures_by_hand():
    confusion = Confusion.of(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 0]), 3)
    assert confusion.counts.tolist() == [[1, 1, 0], [1, 2, 0], [0, 0, 0]]
    assert confusion.support.tolist() == [2, 3, 0]
    per_class = confusion.per_class()
    assert per_class["precision"].tolist() == [1 / 2, 2 / 3, 0]
    assert per_class["recall"].tolist() == [1 / 2, 2 / 3, 0]
    assert per_class["f1"].tolist() == [1 / 2, 2 / 3, 0]
