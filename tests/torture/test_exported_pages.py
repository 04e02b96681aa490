"""Networks of every shape as pages: a real browser computes what NumPy does."""

from __future__ import annotations

import numpy as np
import pytest
from exported import nncli
from webpages import said_by, said_by_numpy

from nncli.data.encoding import Preprocessing
from nncli.export.browser import write
from nncli.export.browser.packing import PACKERS, packed_as
from nncli.network.activations import ACTIVATIONS
from nncli.runs import weights as weights_file
from nncli.runs.weights import Meta, Weights
from nncli.spec.model import LayerSpec

pytestmark = pytest.mark.browser
HIDDEN = sorted(set(ACTIVATIONS) - {"softmax"})


def random_network(rng) -> Weights:
    """One to four layers of any kind, whose logits are neither tiny nor huge."""
    numbers = np.random.default_rng(rng.randrange(2**32))
    sizes = [rng.choice((1, 2, 3, 7, 40)) for _ in range(rng.randint(2, 5))]
    last = rng.choice([*HIDDEN, "softmax"])
    sizes[-1] = max(sizes[-1], 2) if last == "softmax" else sizes[-1]
    names = [*(rng.choice(HIDDEN) for _ in sizes[2:]), last]
    layers = tuple(
        LayerSpec(input_dim=a, output_dim=b, activation=name)
        for a, b, name in zip(sizes, sizes[1:], names, strict=False)
    )
    dtype = rng.choice(("float32", "float64"))
    params = {}
    for at, layer in enumerate(layers, 1):
        shape = layer.output_dim, layer.input_dim
        size = rng.choice((0.3, 1, 3)) / layer.input_dim**0.5
        params[f"W{at}"] = (size * numbers.standard_normal(shape)).astype(dtype)
        params[f"b{at}"] = numbers.standard_normal(layer.output_dim).astype(dtype)
    classes = tuple(f"<{n}>" for n in range(sizes[-1])) if last == "softmax" else None
    loss = "cross_entropy" if last == "softmax" else "mse"
    scale = rng.choice((1, 255))
    meta = Meta(
        format=1,
        architecture=layers,
        loss=loss,
        preprocessing=Preprocessing(scale=scale),
        classes=classes,
        epoch=1,
        batch=0,
    )
    return Weights(params, meta)


@pytest.mark.campaign(short=4, long=100, torture=3000)
def test_a_browser_computes_what_numpy_does(browser, campaign, tmp_path, monkeypatch):
    file, page = tmp_path / "it.npz", tmp_path / "it.html"
    for trial in campaign.numbers:
        weights = random_network(campaign.rng)
        kind = list(PACKERS)[trial % len(PACKERS)]
        monkeypatch.setattr(write, "pack", lambda it, _, kind=kind: packed_as(kind, it.params))
        weights_file.write(file, weights)
        result = nncli("export", file, "--to", "html", "--out", page)
        assert result.exit_code == 0, (trial, result.output)
        features = weights.meta.architecture[0].input_dim
        rows = np.random.default_rng(trial).normal(0, 3, (200, features)).astype(np.float32)
        wanted = said_by_numpy(page, file, rows, "float64")
        opened = browser.open(page)
        given = said_by(opened.page, rows)
        assert given == pytest.approx(wanted, rel=1e-5, abs=1e-5), trial
        assert (opened.complaints, opened.requests) == ([], []), trial
        opened.page.context.close()
