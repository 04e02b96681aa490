"""PyTorch as its users write it: Linear layers, autograd, torch.optim; rows picked from a tensor in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.problem import Problem, Trainer
from nncli.network.losses import CANONICAL
from nncli.network.params import Arrays
from nncli.spec.model import Spec

REQUIRES = "torch"
TRIAL = 0.5
"""Seconds for each number of threads, to find the better one."""


def make(problem: Problem) -> Trainer:
    """No DataLoader: row numbers, split into batches, are the fast form."""
    import torch

    data = tuple(map(torch.from_numpy, problem.rows()))
    _, trial = _training(problem, *data)
    threads = _better_threads(lambda: trial(50))
    model, epoch = _training(problem, *data)
    return Trainer(epoch, lambda: _params(model), threads, _note(problem))


def _training(problem: Problem, x: Any, y: Any) -> tuple[Any, Callable[..., None]]:
    """A new model, and what trains it for an epoch or for so many steps."""
    spec = problem.spec
    model = _model(spec)
    _set_params(model, problem.params())
    optimizer = _optimizer(spec, model.parameters())
    loss = _losses()[spec.loss]
    y = loss.targets(y)
    batches = _batches(problem)

    def epoch(most: int | None = None) -> None:
        for rows in batches()[:most]:
            optimizer.zero_grad()
            loss.value(model(x[rows]), y[rows]).backward()
            optimizer.step()

    return model, epoch


def _note(problem: Problem) -> str:
    return f"{problem.spec.dtype} tensor in memory, the faster of 1 and {os.cpu_count()} threads"


def _batches(problem: Problem) -> Callable[[], Any]:
    """The row numbers of an epoch's batches; one batch is all rows as they lie."""
    import torch

    length = problem.experiment.length
    rows, size = length.rows, length.batch_size
    samplings: dict[str, Callable[[], Any]] = {
        "shuffled": lambda: torch.randperm(rows),
        "with_replacement": lambda: torch.randint(rows, (rows,)),
        "sequential": lambda: torch.arange(rows),
    }
    draw = samplings[problem.spec.sampling]
    if length.batches == 1 and problem.spec.sampling != "with_replacement":
        return lambda: [slice(None)]
    return lambda: draw().split(size)


class _Loss(NamedTuple):
    value: Callable[..., Any]
    """Of the model's answer and the targets. The cross-entropies take logits."""
    targets: Callable[[Any], Any]
    """What it wants for one-hot targets."""


def _losses() -> dict[str, _Loss]:
    """As nncli defines them: means over rows."""
    from torch.nn import functional as f

    return {
        "quadratic": _Loss(
            lambda a, y: f.mse_loss(a, y, reduction="sum") / (2 * len(y)), lambda y: y
        ),
        "mse": _Loss(f.mse_loss, lambda y: y),
        "cross_entropy": _Loss(f.cross_entropy, lambda y: y.argmax(1)),
        "binary_cross_entropy": _Loss(
            lambda z, y: f.binary_cross_entropy_with_logits(z, y) * y.shape[1], lambda y: y
        ),
    }


def _optimizer(spec: Spec, params: Any) -> Any:
    """One of torch.optim with the spec's settings."""
    from torch import optim

    made: dict[str, Callable[[Any], Any]] = {
        "sgd": lambda one: optim.SGD(params, spec.eta),
        "momentum": lambda one: optim.SGD(params, spec.eta, momentum=one.mu),
        "nesterov": lambda one: optim.SGD(params, spec.eta, momentum=one.mu, nesterov=True),
        "rmsprop": lambda one: optim.RMSprop(params, spec.eta, alpha=one.rho, eps=one.epsilon),
        "adam": lambda one: optim.Adam(params, spec.eta, (one.beta1, one.beta2), one.epsilon),
    }
    return made[spec.optimizer.name](spec.optimizer)


def _model(spec: Spec) -> Any:
    """A Sequential of Linear layers and activations; ends in logits where the loss takes them."""
    import torch
    from torch import nn

    activations = {
        "sigmoid": nn.Sigmoid,
        "tanh": nn.Tanh,
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "softplus": nn.Softplus,
        "softmax": lambda: nn.Softmax(1),
        "identity": nn.Identity,
    }
    layers: list[Any] = []
    for layer in spec.architecture:
        dtype = getattr(torch, spec.dtype)
        layers.append(nn.Linear(layer.input_dim, layer.output_dim, dtype=dtype))
        layers.append(activations[layer.activation]())
    if spec.loss in CANONICAL or spec.architecture[-1].activation == "identity":
        layers.pop()
    return nn.Sequential(*layers)


def _linear(model: Any) -> list[Any]:
    return [layer for layer in model if hasattr(layer, "weight")]


def _set_params(model: Any, params: Arrays) -> None:
    import torch

    with torch.no_grad():
        for number, layer in enumerate(_linear(model), 1):
            layer.weight.copy_(torch.from_numpy(params[f"W{number}"]))
            layer.bias.copy_(torch.from_numpy(params[f"b{number}"]))


def _params(model: Any) -> Arrays:
    learned: Arrays = {}
    for number, layer in enumerate(_linear(model), 1):
        learned[f"W{number}"] = layer.weight.detach().numpy()
        learned[f"b{number}"] = layer.bias.detach().numpy()
    return learned


def _better_threads(run: Callable[[], object]) -> int:
    """One thread or all cores, whichever is faster; set from here on."""
    import torch

    speeds: dict[int, float] = {}
    for threads in (1, os.cpu_count() or 1):
        torch.set_num_threads(threads)
        run()
        speeds[threads] = _speed(run)
    best = max(speeds, key=lambda threads: speeds[threads])
    torch.set_num_threads(best)
    return best


def _speed(run: Callable[[], object]) -> float:
    """How often a second."""
    begun, times = perf_counter(), 0
    while perf_counter() - begun < TRIAL:
        run()
        times += 1
    return times / (perf_counter() - begun)
