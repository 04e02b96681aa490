"""PyTorch as its users write it: Linear layers, autograd, torch.optim; rows picked from a tensor in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks.problem import Problem, Trainer
from nncli.network.params import Arrays

REQUIRES = "torch"
TRIAL = 1000
"""Steps by which the better number of threads is found."""


def make(problem: Problem) -> Trainer:
    """No DataLoader: shuffled row numbers, split into batches, are the fast form."""
    import torch

    model = _model(problem)
    loss_of = _losses()[problem.spec.loss]
    optimizer = torch.optim.SGD(model.parameters(), lr=problem.spec.eta)
    x, y = map(torch.from_numpy, problem.rows())

    def epoch(most: int | None = None) -> None:
        for rows in torch.randperm(len(x)).split(problem.batch_size)[:most]:
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()

    threads = _better_threads(lambda: epoch(TRIAL))
    _set_params(model, problem.params())
    return Trainer(epoch, lambda: _params(model), threads, _note(problem))


def _note(problem: Problem) -> str:
    return f"{problem.spec.dtype} tensor in memory, the faster of 1 and {os.cpu_count()} threads"


def _losses() -> dict[str, Callable[..., Any]]:
    """As nncli defines them: means over rows."""
    from torch.nn import functional

    return {
        "quadratic": lambda a, y: functional.mse_loss(a, y, reduction="sum") / (2 * len(y)),
    }


def _model(problem: Problem) -> Any:
    """A Sequential of Linear layers and activations."""
    import torch

    activations = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
    dtype = getattr(torch, problem.spec.dtype)
    layers: list[Any] = []
    for layer in problem.spec.architecture:
        layers.append(torch.nn.Linear(layer.input_dim, layer.output_dim, dtype=dtype))
        if layer.activation != "identity":
            layers.append(activations[layer.activation]())
    return torch.nn.Sequential(*layers)


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


def _better_threads(run: Callable[[], None]) -> int:
    """One thread or all cores, whichever is faster; set from here on."""
    import torch

    seconds: dict[int, float] = {}
    for threads in (1, os.cpu_count() or 1):
        torch.set_num_threads(threads)
        run()
        begun = perf_counter()
        run()
        seconds[threads] = perf_counter() - begun
    best = min(seconds, key=lambda threads: seconds[threads])
    torch.set_num_threads(best)
    return best
