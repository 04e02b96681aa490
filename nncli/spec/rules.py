"""Rules that look at several keys. They read the plain values, not the models, so that each one speaks even where some
other key is wrong; what is not of the type a rule needs is passed over, for the models refuse it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

from nncli.errors import Problem
from nncli.spec.base import is_whole
from nncli.spec.model import LOSS_OF, ONLY_ACTIVATION, ActivationName, LossName
from nncli.spec.sweep_rules import SWEEP_RULES

Plain = dict[str, Any]

Rule = Callable[[Plain], Iterator[Problem]]


def broken_rules(value: Plain) -> list[Problem]:
    """What the keys of a spec say against each other."""
    return [problem for rule in RULES for problem in rule(value)]


def _layers(value: Plain) -> list[Plain]:
    layers = value.get("architecture")
    return [_mapping(layer) for layer in layers] if isinstance(layers, list | tuple) else []


def _mapping(value: Any) -> Plain:
    return value if isinstance(value, dict) else {}


def layers_join(value: Plain) -> Iterator[Problem]:
    """What one layer puts out, the next one takes in."""
    layers = _layers(value)
    for i in range(1, len(layers)):
        below, here = layers[i - 1].get("output_dim"), layers[i].get("input_dim")
        if is_whole(below, 1) and is_whole(here, 1) and below != here:
            yield Problem(
                ("architecture", i, "input_dim"),
                f"is {here}, but architecture[{i - 1}].output_dim is {below}. Make them equal.",
            )


def auto_is_at_the_ends(value: Plain) -> Iterator[Problem]:
    """The data say how many numbers come in, and how many answers are wanted; between layers nobody does."""
    layers = _layers(value)
    for i, layer in enumerate(layers):
        if i > 0 and layer.get("input_dim") == "auto":
            yield Problem(
                ("architecture", i, "input_dim"),
                f"is auto, which only the first layer may have. Write architecture[{i - 1}].output_dim's number.",
            )
        if i < len(layers) - 1 and layer.get("output_dim") == "auto":
            yield Problem(
                ("architecture", i, "output_dim"),
                "is auto, which only the last layer may have. Write a number of units: 32.",
            )


def softmax_is_last(value: Plain) -> Iterator[Problem]:
    """Softmax has no slope of its own, only one together with its loss; over one output it is always 1."""
    layers = _layers(value)
    for i, layer in enumerate(layers):
        if layer.get("activation") != "softmax":
            continue
        path = ("architecture", i, "activation")
        if i < len(layers) - 1:
            yield Problem(
                path, "is softmax, which only the last layer may have. Use relu or tanh here."
            )
        elif layer.get("output_dim") == 1:
            yield Problem(path, "is softmax, which needs two or more outputs. Use sigmoid for one.")


def last_layer_drops_nothing(value: Plain) -> Iterator[Problem]:
    """The outputs of the last layer are the answer."""
    layers = _layers(value)
    if layers and layers[-1].get("dropout"):
        path = ("architecture", len(layers) - 1, "dropout")
        yield Problem(path, "stands in the last layer, whose outputs are the answer. Remove it.")


def loss_fits(value: Plain) -> Iterator[Problem]:
    """The cross-entropies go with one activation each, and softmax with its cross-entropy only."""
    layers, loss = _layers(value), str(value.get("loss"))
    last = str(layers[-1].get("activation")) if layers else ""
    if loss not in get_args(LossName) or last not in get_args(ActivationName):
        return
    needed = ONLY_ACTIVATION.get(loss)
    if needed == last or (needed is None and last != "softmax"):
        return
    right = LOSS_OF.get(last, "mse")
    other = f", or {needed} as the last activation" if needed else ""
    yield Problem(
        ("loss",),
        f"is {loss}, which does not go with {last} in the last layer. Use {right}{other}.",
    )


def one_length(value: Plain) -> Iterator[Problem]:
    """Exactly one of epochs and iterations."""
    given = [key for key in ("epochs", "iterations") if value.get(key) is not None]
    if not given:
        yield Problem(
            ("epochs",),
            "is missing. Say how long to train: for example `epochs: 30`, or `iterations: 10000`.",
        )
    elif len(given) == 2:
        yield Problem(("iterations",), "cannot stand beside epochs. Keep one of them.")


def std_is_used(value: Plain) -> Iterator[Problem]:
    """No option that does nothing."""
    initializer = _mapping(value.get("initializer"))
    drawn = (initializer.get("weights"), initializer.get("biases"))
    if "std" in initializer and "normal" not in drawn:
        yield Problem(
            ("initializer", "std"),
            "has no effect, because neither weights nor biases are normal. Remove it, or write weights: normal.",
        )


def augment_distorts(value: Plain) -> Iterator[Problem]:
    """No option that does nothing."""
    augment = value.get("augment")
    if isinstance(augment, dict) and not any(augment.values()):
        yield Problem(
            ("augment",),
            "has no effect, because nothing in it is above 0. Remove it, or write for example shift: 1.5.",
        )


def one_start(value: Plain) -> Iterator[Problem]:
    """Parameters are either drawn or read."""
    if value.get("init_from") is not None and "initializer" in value:
        yield Problem(
            ("initializer",),
            "has no effect, because init_from gives the parameters. Keep one of them.",
        )


def one_keeper(value: Plain) -> Iterator[Problem]:
    """What `weights.npz` holds is said once."""
    if "keep" in value and value.get("early_stopping") is not None:
        yield Problem(
            ("keep",),
            "has no effect beside early_stopping, whose restore_best says the same. Remove it.",
        )


def one_cadence(value: Plain) -> Iterator[Problem]:
    """Checkpoints are counted in one way."""
    checkpoint = value.get("checkpoint")
    if not isinstance(checkpoint, dict):
        return
    given = [key for key, number in checkpoint.items() if number is not None]
    if len(given) != 1:
        said = " and ".join(given) or "nothing"
        yield Problem(
            ("checkpoint",),
            f"says {said}, but needs exactly one of every, epochs and batches. Write for example {{every: 10s}}.",
        )


def weights_differ(value: Plain) -> Iterator[Problem]:
    """No option that does nothing."""
    weights = _mapping(value.get("class_weight"))
    if len(weights) > 1 and len({str(weight) for weight in weights.values()}) == 1:
        yield Problem(
            ("class_weight",),
            "weighs all classes alike, which only scales eta. Remove it, or write balanced.",
        )


NETWORK_RULES: tuple[Rule, ...] = (
    layers_join,
    softmax_is_last,
    last_layer_drops_nothing,
    loss_fits,
)
"""What makes layers and a loss a network, also where it is described without a spec."""
RULES: tuple[Rule, ...] = (
    *NETWORK_RULES,
    auto_is_at_the_ends,
    one_length,
    std_is_used,
    augment_distorts,
    one_start,
    one_keeper,
    one_cadence,
    weights_differ,
    *SWEEP_RULES,
)
