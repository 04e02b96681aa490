"""How sure a mean is, what is tied with the best, and in which direction each figure is better."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nncli.network.metrics import ClassTally, LabelTally, RegressionTally
from nncli.sweep import telling
from nncli.sweep.grid import trial_id
from nncli.sweep.settings import Setting, are_tied, rank
from nncli.sweep.study import Study, Trial
from nncli.training.monitor import improves

KEY = "test_accuracy"
NAMES = sorted(
    {name for tally in (ClassTally, LabelTally, RegressionTally) for name in tally.NAMES}
)


def trials(eta: float, *values: float, seeds: bool = True, key: str = KEY) -> list[Trial]:
    points = [{"eta": eta, "seed": n} if seeds else {"eta": eta} for n in range(len(values))]
    return [
        Trial(trial_id(point), point, Path(), status="finished", figures={key: value})
        for point, value in zip(points, values, strict=True)
    ]


def setting(*values: float) -> Setting:
    return Setting({}, tuple(trials(1, *values)))


@pytest.mark.parametrize("sizes", [(5, 5), (2, 3), (1, 4), (30, 3)])
def test_a_tie_is_a_t_statistic_of_at_most_one(sizes):
    rng, seen = np.random.default_rng(0), set()
    for shift in (0.0, 0.5, 2.0) * 20:
        one, other = (rng.normal(0.0, 1.0, n) for n in sizes)
        one = one + shift
        expected = abs(stats.ttest_ind(one, other, equal_var=True).statistic) <= 1
        assert are_tied(setting(*one), setting(*other), KEY) == expected
        seen.add(bool(expected))
    assert seen == {True, False}


def test_the_standard_error_is_that_of_the_mean():
    values = [0.9, 0.7, 0.85, 0.6]
    assert setting(*values).standard_error(KEY) == pytest.approx(stats.sem(values))
    assert setting(0.9).standard_error(KEY) is None


def test_two_single_trials_are_tied_where_they_are_level():
    study = Study(
        Path(),
        (
            *trials(1, 0.9, seeds=False),
            *trials(2, 0.9, seeds=False),
            *trials(3, 0.8999, seeds=False),
        ),
    )
    assert [one.point for one in study.tied()] == [{"eta": 2}]
    assert telling.notes(study) == ["tied with the best in test accuracy, level: eta=2"]


def test_a_lucky_single_seed_is_not_the_best_without_a_word():
    study = Study(Path(), (*trials(1, 0.99), *trials(2, 0.8, 0.82, 0.81)))
    assert study.best_setting.point == {"eta": 1}
    assert telling.mean(study.settings[0], KEY) == "99.00%"
    assert (
        "the best has one seed that finished: nothing says how sure its test accuracy is"
        in telling.notes(study)
    )
    several = Study(Path(), (*trials(1, 0.9, 0.9), *trials(2, 0.8, 0.8)))
    assert telling.notes(several) == [telling.MEAN]


def test_a_setting_that_lost_a_seed_is_not_called_a_tie():
    (lost,) = trials(2, 0.9)
    lost = Trial("x", lost.point | {"seed": 9}, Path(), status="diverged")
    study = Study(Path(), (*trials(1, 0.9, 0.8), *trials(2, 0.9, 0.8), lost))
    assert study.tied() == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_figure_ranks_in_the_direction_in_which_it_improves(split, name):
    key = f"{split}_{name}"
    assert (rank(1.0, key) < rank(2.0, key)) == improves(key, 1.0, 2.0)
    assert (rank(2.0, key) < rank(1.0, key)) == improves(key, 2.0, 1.0)
    assert rank(None, key) > max(rank(value, key) for value in (-1e9, 1e9))


def test_trials_are_ranked_by_what_all_of_them_have():
    """A sweep of an earlier version has trials without validation figures: new ones do not rank above them for that."""
    old, new = trials(1, 0.9, seeds=False), trials(2, 0.8, seeds=False)
    new[0].figures["validation_accuracy"] = 0.99
    study = Study(Path(), (*old, *new))
    assert (study.metric, study.best.point) == (KEY, {"eta": 1})
    assert "ranked by test accuracy" in telling.on_test(study)
    assert telling.on_test(Study(Path(), tuple(new))) == ""
