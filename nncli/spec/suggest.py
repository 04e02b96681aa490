"""Did you mean: the nearest of the words that are allowed, by what people call things and by spelling."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SYNONYMS: dict[str, tuple[str, ...]] = {
    # keys
    "eta": ("learning_rate", "lr", "alpha", "step_size"),
    "optimizer": ("optimiser", "algorithm", "solver"),
    "architecture": ("layers", "hidden", "hidden_layers", "network", "model", "net"),
    "epochs": ("epoch", "n_epochs", "num_epochs", "max_epochs"),
    "iterations": ("steps", "max_steps", "iters", "updates", "max_iter"),
    "batch_size": ("batch", "batches", "minibatch", "mini_batch_size"),
    "data": ("dataset", "datasets", "input", "train_data"),
    "initializer": ("init", "initialiser", "initialization", "weight_init", "kernel_initializer"),
    "init_from": ("weights_file", "pretrained", "checkpoint", "load"),
    "seed": ("random_state", "random_seed", "rng"),
    "loss": ("cost", "criterion", "objective", "loss_function"),
    "dtype": ("precision", "type"),
    "threads": ("n_jobs", "workers", "num_threads"),
    "record_every": ("log_every", "eval_every", "log_interval"),
    "sampling": ("shuffle",),
    "sweep": ("grid", "search", "param_grid"),
    "track": ("metrics", "evaluate", "monitor"),
    "input_dim": ("input", "inputs", "in", "in_features", "input_size", "n_in"),
    "output_dim": (
        "output",
        "outputs",
        "out",
        "out_features",
        "output_size",
        "units",
        "n_out",
        "size",
    ),
    "activation": ("act", "nonlinearity", "activation_function"),
    "source": ("name", "type", "kind", "dataset"),
    "path": ("file", "folder", "dir", "directory", "root"),
    "validation": ("val", "valid", "dev", "validation_split", "val_split"),
    "test": ("test_split", "test_size"),
    "samples": ("n_samples", "n", "size", "rows"),
    "std": ("sigma", "stddev", "scale"),
    "weights": ("kernel", "name", "method"),
    "biases": ("bias",),
    # names
    "identity": ("linear", "none", "null", "id"),
    "sigmoid": ("logistic", "sigm", "expit"),
    "relu": ("rectifier", "rectified_linear"),
    "cross_entropy": (
        "crossentropy",
        "categorical_crossentropy",
        "categorical_cross_entropy",
        "sparse_categorical_crossentropy",
        "softmax",
        "nll",
        "ce",
    ),
    "binary_cross_entropy": ("binary_crossentropy", "bce", "log_loss", "logistic"),
    "mse": ("mean_squared_error", "squared_error", "l2", "regression"),
    "sgd": ("gd", "gradient_descent", "stochastic_gradient_descent", "momentum"),
    "glorot_uniform": ("xavier", "xavier_uniform", "glorot"),
    "glorot_normal": ("xavier_normal",),
    "he_normal": ("he", "kaiming", "kaiming_normal"),
    "he_uniform": ("kaiming_uniform",),
    "normal": ("gaussian", "randn", "random_normal"),
    "zeros": ("zero", "constant"),
    "full": ("all", "whole"),
    "float32": ("single", "float", "f32", "fp32"),
    "float64": ("double", "f64", "fp64"),
    "with_replacement": ("replacement", "bootstrap"),
    "shuffled": ("shuffle", "random"),
}
"""What other tools and languages call our keys and names."""


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that was probably meant."""
    known = {plain: name for name in allowed for plain in (_plain(name), *SYNONYMS.get(name, ()))}
    wanted = _plain(word)
    if wanted in known:
        return known[wanted]
    close = get_close_matches(wanted[:100], known, n=1, cutoff=0.7)
    return known[close[0]] if close else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    found = nearest(word, allowed)
    return f" Did you mean `{found}`?" if found else ""


def _plain(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")
