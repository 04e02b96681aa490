"""Training on distorted images: the same bytes every time, from any batch on, and evaluation as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import blobs, spec_of

from nncli.data.augment import Augmenter
from nncli.errors import DivergedError, SpecError
from nncli.fit import check
from nncli.network.initializers import init_params
from nncli.network.params import flatten
from nncli.spec.dump import plain_spec
from nncli.streams import Purpose, stream
from nncli.training import loop
from nncli.training.memory import of_training
from nncli.training.trainer import Trainer

AUGMENT = {"shift": 0.5, "rotate": 10, "elastic": {"alpha": 8, "sigma": 2}}
TIMES = ("seconds", "samples_per_second")


def images(rows):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (rows, 64), dtype=np.uint8)
    return replace(blobs(x=x, y=np.arange(rows) % 3), image_shape=(8, 8), scale=255.0)


def start(dataset, spec):
    rng = stream(spec.seed, Purpose.INITIAL_WEIGHTS)
    params = init_params(spec.architecture, **spec.initializer.model_dump(), rng=rng)
    return loop.start(spec, dataset, flatten(params, spec.architecture, spec.dtype))


def train(dataset, spec, **kwargs):
    state = start(dataset, spec)
    records = list(loop.train(Trainer.of(spec, dataset, state), **kwargs))
    return state, [{k: v for k, v in record.items() if k not in TIMES} for record in records]


def spec(**keys):
    keys = {"epochs": 2, "batch_size": 3, "augment": AUGMENT, "track": []} | keys
    return spec_of("64-5-3 tanh softmax", **keys)


@pytest.mark.parametrize("sampling", ["shuffled", "sequential", "with_replacement"])
def test_twice_the_same_bytes(sampling):
    dataset = images(300)
    first, records = train(dataset, spec(sampling=sampling))
    second, again = train(dataset, spec(sampling=sampling))
    plain, _ = train(dataset, spec(sampling=sampling, augment=None))
    assert first.vector.tobytes() == second.vector.tobytes() != plain.vector.tobytes()
    assert records == again


@pytest.mark.parametrize("batch_size", [3, 7, "full"])
@pytest.mark.parametrize("stop_after", [1, 37, 64, 65, 99])
def test_stopping_and_going_on_gives_the_same_bytes(batch_size, stop_after):
    dataset = images(300)
    whole, records = train(dataset, spec(batch_size=batch_size))
    state = start(dataset, spec(batch_size=batch_size))
    calls = iter(range(1, 10**6))
    settings = spec(batch_size=batch_size)
    seen = list(
        loop.train(Trainer.of(settings, dataset, state), pause=lambda: next(calls) >= stop_after)
    )
    seen += loop.train(Trainer.of(settings, dataset, state))
    assert state.vector.tobytes() == whole.vector.tobytes()
    assert [{k: v for k, v in record.items() if k not in TIMES} for record in seen] == records


def test_more_iterations_begin_as_fewer():
    """A training that ends inside a block goes on as one that never ended there."""
    dataset = images(300)
    long, _ = train(dataset, spec(epochs=None, iterations=90))
    state = start(dataset, spec())
    list(loop.train(Trainer.of(spec(epochs=None, iterations=40), dataset, state)))
    state.epoch, state.batch = 0, 40
    list(loop.train(Trainer.of(spec(epochs=None, iterations=90), dataset, state)))
    assert state.vector.tobytes() == long.vector.tobytes()


def test_evaluation_sees_the_images_as_they_are():
    """At a rate of almost nothing, the figures of evaluation stay and those of distorted images do not."""
    dataset = images(300)
    dataset = replace(dataset, splits=dict.fromkeys(("train", "test"), dataset.splits["train"]))
    _, records = train(dataset, spec(eta=1e-30, epochs=3, track=["test"]))
    _, plain = train(dataset, spec(eta=1e-30, epochs=3, track=["test"], augment=None))
    assert len({record["test_loss"] for record in [*records, *plain]}) == 1
    assert len({record["train_loss"] for record in records}) == 3


def test_an_epoch_sees_other_images_than_the_one_before(monkeypatch):
    seen = []
    gather = Augmenter.gather

    def watch(self, *args):
        out = gather(self, *args)
        seen.append((args[-1], out.copy()))
        return out

    monkeypatch.setattr(Augmenter, "gather", watch)
    train(images(300), spec(sampling="sequential"))
    assert [place for place, _ in seen] == [(1, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 0)]
    assert (seen[0][1] != seen[2][1]).any(axis=1).all()


def test_the_replay_of_a_block_sees_the_same_images(monkeypatch):
    seen = []
    gather = Augmenter.gather

    def watch(self, *args):
        out = gather(self, *args)
        seen.append(out.tobytes())
        return out

    monkeypatch.setattr(Augmenter, "gather", watch)
    settings = spec_of("64-5-3 identity identity", augment=AUGMENT, batch_size=3, eta=1e12)
    with pytest.raises(DivergedError, match="epoch 1, batch"):
        train(images(300), settings)
    assert len(seen) == 2
    assert seen[0] == seen[1]


def test_only_images_are_distorted():
    with pytest.raises(SpecError, match=r"augment: distorts images, but the rows of this data"):
        check(spec(), replace(images(30), image_shape=None), None)
    with pytest.raises(SpecError, match=r"augment.shift: is 8 pixels, but an image has 8 x 8"):
        check(spec(augment={"shift": 8}), images(30), None)
    check(spec(), images(30), None)
    assert of_training(spec(), images(30)) > of_training(spec(augment=None), images(30))


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        ({}, "augment: has no effect"),
        ({"shift": 0, "elastic": None}, "augment: has no effect"),
        ({"shift": -1}, "augment.shift: is -1, must be a number of pixels from 0 to 1000"),
        ({"rotate": 200}, "augment.rotate: is 200, must be a number of degrees from 0 to 180"),
        ({"scale": 1}, "augment.scale: is 1, must be a fraction from 0 to 0.9"),
        ({"shear": 90}, "augment.shear: is 90, must be a number of degrees from 0 to 60"),
        ({"elastic": {"alpha": 36}}, "augment.elastic.sigma: is missing"),
        (
            {"elastic": {"alpha": 0, "sigma": 5}},
            "augment.elastic.alpha: is 0, must be a number above 0",
        ),
        (
            {"elastic": {"alpha": 1, "sigma": 0.5}},
            "augment.elastic.sigma: is 0.5, must be a number of pixels from 1",
        ),
        ({"rotation": 3}, "augment.rotation: unknown key. Did you mean `rotate`"),
    ],
)
def test_settings_without_sense_are_refused(augment, message):
    with pytest.raises(SpecError, match=message):
        spec(augment=augment)


def test_a_dumped_spec_keeps_its_distortions():
    plain = plain_spec(spec())
    assert plain["augment"] == AUGMENT | {"scale": 0.0, "shear": 0.0}
    assert spec(augment=plain["augment"]) == spec()
    assert "augment" not in plain_spec(spec(augment=None))
