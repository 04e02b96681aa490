"""Every optimizer steps as its formula says: by hand, against PyTorch, and stacked as alone."""

import numpy as np
import pytest
from support import spec_of

from nncli.network import calls as network_calls
from nncli.spec.load import parse_spec
from nncli.training.optimizers import BLOCK, OPTIMIZERS, clear_smallest
from nncli.training.step import Network, Step, make_optimizer

DEFAULTS = {
    "sgd": {},
    "momentum": {"mu": 0.9},
    "nesterov": {"mu": 0.9},
    "adagrad": {"initial_accumulator": 0.0, "epsilon": 1e-7},
    "rmsprop": {"rho": 0.9, "epsilon": 1e-7},
    "adam": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    "adamw": {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01},
    "lion": {"beta1": 0.9, "beta2": 0.99, "weight_decay": 0.0},
}


def run(name: str, gradients, start, eta=0.1, **settings):
    """The parameters after each step, for given gradients."""
    optimizer = OPTIMIZERS[name](**(DEFAULTS[name] | settings))
    vector = np.array(start, dtype="float64")
    state, path = optimizer.init(vector), []
    for step, gradient in enumerate(gradients):
        pace, *numbers = optimizer.numbers(eta, step)
        arrays = [np.array(number) for number in numbers]
        network_calls.run(
            optimizer.update(vector, pace * np.array(gradient, "float64"), state, *arrays)
        )
        path.append(vector.copy())
    return path


def test_the_spec_and_the_table_agree():
    base = {
        "data": "moons",
        "architecture": [{"input_dim": 2, "output_dim": 1, "activation": "sigmoid"}],
        "epochs": 1,
        "batch_size": 1,
        "eta": 1,
    }
    assert set(DEFAULTS) == set(OPTIMIZERS)
    for name, defaults in DEFAULTS.items():
        spec = parse_spec(base | {"optimizer": name}, None)
        assert spec.optimizer.model_dump(exclude={"name"}) == defaults


# One parameter from 1, gradients 0.5 and then 0.25, eta 0.1.
BY_HAND = {
    # 1 - 0.05 = 0.95; 0.95 - 0.025 = 0.925
    "sgd": [0.95, 0.925],
    # v = -0.05, w = 0.95; v = -0.045 - 0.025 = -0.07, w = 0.88
    "momentum": [0.95, 0.88],
    # v = -0.05, w = 1 - 0.045 - 0.05 = 0.905; v = -0.07, w = 0.905 - 0.063 - 0.025 = 0.817
    "nesterov": [0.905, 0.817],
    # s = 0.25, w = 1 - 0.05/0.5 = 0.9; s = 0.3125, w = 0.9 - 0.025/sqrt(0.3125)
    "adagrad": [0.9, 0.9 - 0.025 / np.sqrt(0.3125)],
    # s = 0.025, w = 1 - 0.05/sqrt(0.025); s = 0.0225 + 0.00625 = 0.02875
    "rmsprop": [
        1 - 0.05 / np.sqrt(0.025),
        1 - 0.05 / np.sqrt(0.025) - 0.025 / np.sqrt(0.02875),
    ],
    # m' = 0.5, s' = 0.25: w = 0.9. m = 0.045 + 0.025 = 0.07, m' = 0.07/0.19; s = 0.00024975 + 0.0000625, / 0.001999
    "adam": [0.9, 0.9 - 0.1 * (0.07 / 0.19) / np.sqrt(0.00031225 / 0.001999)],
    # the same, after 1 -> 0.999 and 0.899 -> 0.898101
    "adamw": [0.899, 0.898101 - 0.1 * (0.07 / 0.19) / np.sqrt(0.00031225 / 0.001999)],
    # both signs are 1, whatever the size
    "lion": [0.9, 0.8],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_two_steps_by_hand(name):
    path = run(name, [[0.5], [0.25]], [1.0])
    assert [float(w[0]) for w in path] == pytest.approx(BY_HAND[name], rel=1e-6)


def test_adagrad_starts_where_it_is_told():
    # s = 0.75 + 0.25 = 1: w = 1 - 0.1 * 0.5
    assert run("adagrad", [[0.5]], [1.0], initial_accumulator=0.75)[0] == pytest.approx([0.95])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_block_does_not_matter_and_nothing_is_left_out(name):
    rng = np.random.default_rng(0)
    size = 2 * BLOCK + 100
    gradients, start = rng.standard_normal((3, size)), rng.standard_normal(size)
    whole = run(name, gradients, start)[-1]
    alone = run(name, gradients[:, BLOCK : BLOCK + 50], start[BLOCK : BLOCK + 50])[-1]
    assert np.array_equal(whole[BLOCK : BLOCK + 50], alone)
    assert (whole != start).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_stacked_with_an_eta_each_as_alone(name):
    rng = np.random.default_rng(0)
    gradients, start = rng.standard_normal((4, 3, 20)), rng.standard_normal((3, 20))
    etas = np.array([[0.001], [0.1], [10.0]])
    together = run(name, gradients, start, eta=etas)[-1]
    for k in range(3):
        alone = run(name, gradients[:, k], start[k], eta=float(etas[k, 0]))[-1]
        assert np.array_equal(together[k], alone)


def test_lion_follows_a_mean_that_the_gradient_cannot_turn_at_once():
    # m = 0.5: 0.9 x 0.5 + 0.1 x (-1) > 0, then m = 0.99 x 0.5 - 0.01 = 0.485: 0.4365 - 0.5 < 0; 0.2 of decay from 2
    path = run("lion", [[50.0], [-1.0], [-5.0]], [2.0], weight_decay=1.0)
    assert [float(w[0]) for w in path] == pytest.approx([1.7, 1.43, 1.387])


def torch_optimizer(torch, name, parameter, eta):
    """PyTorch's optimizer with our settings."""
    optim = torch.optim
    return {
        "sgd": lambda: optim.SGD([parameter], eta),
        "momentum": lambda: optim.SGD([parameter], eta, momentum=0.9),
        "nesterov": lambda: optim.SGD([parameter], eta, momentum=0.9, nesterov=True),
        "adagrad": lambda: optim.Adagrad([parameter], eta, eps=1e-7),
        "rmsprop": lambda: optim.RMSprop([parameter], eta, alpha=0.9, eps=1e-7),
        "adam": lambda: optim.Adam([parameter], eta),
        "adamw": lambda: optim.AdamW([parameter], eta, weight_decay=0.01),
    }[name]()


@pytest.mark.parametrize("name", [name for name in OPTIMIZERS if name != "lion"])  # it has none
def test_ten_steps_as_pytorch_takes_them(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (torch==2.13.0)")
    rng = np.random.default_rng(1)
    start, gradients = rng.standard_normal(50), rng.standard_normal((10, 50))
    parameter = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch_optimizer(torch, name, parameter, 0.1)
    for gradient, ours in zip(gradients, run(name, gradients, start), strict=True):
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        np.testing.assert_allclose(ours, parameter.detach().numpy(), rtol=1e-10, atol=1e-10)


def test_means_that_fade_are_cleared_before_they_become_denormal():
    smallest = np.finfo("float32").tiny
    state = {
        "mean_square": np.array([1.0, -1.0, 2e4 * smallest, 5e3 * smallest, -smallest], "float32")
    }
    clear_smallest(state)
    assert state["mean_square"].tolist() == [1, -1, np.float32(2e4 * smallest), 0, 0]


@pytest.mark.parametrize("name", ["momentum", "nesterov", "rmsprop", "adam", "adamw", "lion"])
def test_a_parameter_without_gradient_never_works_with_denormals(name):
    """One gradient, then hundreds of zeros: what the state keeps of it is a normal number or 0."""
    spec = spec_of("1-1 identity", optimizer={"name": name}, dtype="float32")
    network = Network.of(spec.architecture, spec.loss, np.ones(2, "float32"))
    network.gradient[:] = 1
    optimizer = make_optimizer(spec)
    step = Step(spec, network, optimizer.init(network.vector))
    lowest = np.finfo("float32").tiny
    for number in range(2000):
        step.prepare(number, optimizer.numbers(0.001, number))
        network_calls.run(step.update_calls)
        network.gradient[:] = 0
        for mean in step.slots.values():
            assert ((mean == 0) | (np.abs(mean) >= lowest)).all(), number
