"""`--to safetensors`: parameters that PyTorch loads as the state of a `Sequential`, and in texts all they mean."""

from __future__ import annotations

import json

from nncli.export.subject import Subject, Written
from nncli.runs import tensors

MODULES = {
    "sigmoid": "Sigmoid()",
    "tanh": "Tanh()",
    "relu": "ReLU()",
    "leaky_relu": "LeakyReLU(0.01)",
    "elu": "ELU()",
    "selu": "SELU()",
    "gelu": "GELU('tanh')",
    "silu": "SiLU()",
    "softplus": "Softplus()",
    "softmax": "Softmax(dim=1)",
    "identity": "Identity()",
}
"""Activation -> the module of torch.nn."""
ACTIVATIONS = MODULES.keys()


def write(subject: Subject) -> Written:
    """The file, and how to use it."""
    names = tensors.sequential_names(subject.meta.architecture)
    arrays = {names[ours]: subject.params[ours] for ours in names}
    load = "load_state_dict(safetensors.torch.load_file({path!r}))"
    use = f"in PyTorch: {sequential(subject)}.{load}; {_rows(subject)}"
    return Written(tensors.pack(arrays, _metadata(subject, names)), use)


def sequential(subject: Subject) -> str:
    """The network as torch.nn writes it: Sequential(Linear(2, 3), ReLU(), ...)."""
    parts = []
    for layer in subject.meta.architecture:
        parts += [f"Linear({layer.input_dim}, {layer.output_dim})", MODULES[layer.activation]]
    cast = ".double()" if subject.dtype == "float64" else ""
    return f"Sequential({', '.join(parts)}){cast}"


def _metadata(subject: Subject, names: dict[str, str]) -> dict[str, str]:
    """Everything that a prediction needs beside the parameters, each a text; lists and the like as JSON."""
    meta = subject.meta
    said = {
        "format": "pt",  # what programs around PyTorch look for
        "name": subject.name,
        "version": subject.maker,
        "mapping": json.dumps({theirs: ours for ours, theirs in names.items()}),
        "sequential": sequential(subject),
        "activations": json.dumps([layer.activation for layer in meta.architecture]),
        "preprocessing": meta.preprocessing.model_dump_json(exclude_none=True),
    }
    answers = {"classes": meta.classes, "labels": meta.labels}
    return said | {name: json.dumps(value) for name, value in answers.items() if value}


def _rows(subject: Subject) -> str:
    """What is left to do to rows, and to answers."""
    scale, table = subject.meta.preprocessing.scale, subject.table
    if table and table.centers:
        return "its `preprocessing` says how columns are encoded and in which units the answers are"
    if table:
        return "its `preprocessing` says how columns are encoded"
    return f"divide rows by {scale:g} first" if scale != 1 else "rows are taken as they are"
