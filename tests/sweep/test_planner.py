"""Which trials train in lockstep."""

from support import spec_of

from nncli.sweep.planner import LARGEST_STACK, plan


def specs(shape="2-8-3 tanh softmax", **keys):
    """One spec for each value of one key."""
    ((key, values),) = [(key, values) for key, values in keys.items() if isinstance(values, list)]
    rest = {name: value for name, value in keys.items() if name != key}
    return [spec_of(shape, **rest, **{key: value}) for value in values]


def test_what_differs_in_numbers_only_goes_together_one_group_for_each_worker():
    assert plan(specs(eta=[0.1, 0.2, 0.3, 0.4, 0.5]), 2) == [[0, 2, 4], [1, 3]]
    assert plan(specs(seed=[0, 1, 2]), 1) == [[0, 1, 2]]
    betas = [{"name": "adam", "beta1": beta} for beta in (0.8, 0.9)]
    assert plan(specs(optimizer=betas), 1) == [[0, 1]]
    assert plan(specs(regularizer=[{"l2": 0.1}, {"l2": 0.2}]), 1) == [[0, 1]]


def test_what_cannot_be_one_network_stays_apart():
    for keys in (
        {"batch_size": [10, 20]},
        {"optimizer": ["sgd", "adam"]},
        {"epochs": [1, 2]},
        {"dtype": ["float32", "float64"]},
        {"gradient": ["numerical", "numerical"]},
        {"regularizer": [{"l2": 0.1}, {"l1": 0.1}]},
        {"regularizer": [{"l2": 0.0}, {"l2": 0.1}]},
        {"regularizer": [{}, {"max_norm": 1.0}]},
        {"optimizer": [{"name": "adamw", "weight_decay": decay} for decay in (0.0, 0.1)]},
        {"average": [None, {"every": 2}]},
    ):
        assert plan(specs(**keys), 1) == [[0], [1]]
    drawn = {"source": "moons", "validation": 0.1, "validation_from": "random"}
    assert plan(specs(data=[drawn, {**drawn, "seed": 1}]), 1) == [[0], [1]]
    assert plan(specs(seed=[0, 1], data=drawn), 1) == [[0, 1]]


def test_a_stack_stays_in_the_cache_and_is_not_endless():
    etas = [0.001 * (i + 1) for i in range(200)]
    assert max(map(len, plan(specs(eta=etas), 1))) <= LARGEST_STACK
    book = plan(specs("784-30-10 sigmoid sigmoid", eta=etas[:16], loss="quadratic"), 1)
    assert 4 <= max(map(len, book)) <= 8
    large = plan(specs("784-512-10 relu softmax", eta=etas[:4]), 1)
    assert large == [[0], [1], [2], [3]]
    groups = plan(specs(eta=etas), 3)
    assert sorted(number for group in groups for number in group) == list(range(200))
    assert max(map(len, groups)) - min(map(len, groups)) <= 1
