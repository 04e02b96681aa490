"""What the pictures of a sweep show: scales, labels, a place for every trial, and marks for those without a figure."""

import itertools

import numpy as np
import pytest
from listed import Told, write_sweep

from nncli.report import against, heatmap, sweeps, trials
from nncli.report.figures import render, style
from nncli.report.keys import Key
from nncli.report.subject import NotDrawnError
from nncli.report.swept import Swept


@pytest.fixture(autouse=True)
def _in_our_style():
    with style():
        yield


@pytest.fixture
def swept(tmp_path):
    """Makes a sweep of trials, without runs or with runs like a given one."""

    def make(*told, **options):
        return Swept(write_sweep(tmp_path / "s", told, **options))

    return make


def lines(axes, gid):
    """The points (x, y) that are drawn under a name."""
    drawn = [line for line in axes.lines if line.get_gid() == gid]
    return [(x, y) for line in drawn for x, y in zip(*line.get_data(), strict=True)]


def ticks(axes, along="x"):
    axes.figure.draw_without_rendering()
    labels = axes.get_xticklabels() if along == "x" else axes.get_yticklabels()
    return [label.get_text() for label in labels]


def legend(figure):
    return [text.get_text() for each in figure.legends for text in each.get_texts()]


def layers(*sizes):
    """An architecture."""
    return [
        {"input_dim": i, "output_dim": o, "activation": "sigmoid"}
        for i, o in itertools.pairwise(sizes)
    ]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((0.001, 0.01, 0.1, 1, 3, 100), "log"),
        ((0.1, 0.3, 1), "log"),
        ((1, 2, 4, 8), "log"),
        ((1, 2, 5, 10), "log"),
        ((0.01, 1.0001), "log"),
        ((10, 20, 30, 40), "linear"),
        ((10, 20), "linear"),
        ((0.5, 0.9, 0.99), "linear"),
        ((-1, 0, 1), "linear"),
        ((0, 0.1, 0.2), "linear"),
        ((0, 1e-4, 1e-3), "steps"),
        ((3,), "linear"),
        ((10, "full"), "text"),
        ((0.1, None), "text"),
        ((True, False), "text"),
        ((1, 10**400), "text"),
        ((1, float("nan")), "text"),
    ],
)
def test_scales_follow_the_values(values, kind):
    assert Key("key", values).kind == kind


def test_one_key_of_numbers(swept):
    etas = (0.001, 0.01, 0.1, 1, 3, 100)
    sweep = swept(*[Told({"eta": eta}, 0.1 + 0.1 * n) for n, eta in enumerate(etas)])
    figure = sweeps.draw(sweep)
    (axes,) = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("eta", "test accuracy")
    assert sorted(lines(axes, "trials")) == sorted(lines(axes, "line"))
    assert sorted(x for x, _ in lines(axes, "trials")) == list(etas)
    assert ticks(axes) == ["0.001", "0.01", "0.1", "1", "3", "100"]
    assert lines(axes, "best") == [(100, pytest.approx(0.6))]
    assert figure.get_suptitle() == "s · test accuracy against eta · 6 trials"
    assert legend(figure) == ["a trial", "best: 60.00% at eta=100"]


def test_seeds_are_points_around_their_mean(swept):
    told = [
        Told({"eta": eta, "seed": seed}, eta + seed / 10) for eta in (0.1, 0.2) for seed in range(3)
    ]
    sweep = swept(*told)
    figure = sweeps.draw(sweep)
    (axes,) = figure.axes
    assert len(lines(axes, "trials")) == 6
    np.testing.assert_allclose(lines(axes, "line"), [(0.1, 0.2), (0.2, 0.3)])
    assert axes.get_xscale() == "linear"
    assert "mean over the seeds" in legend(figure)
    alone = swept(*[Told({"seed": seed}, seed / 10) for seed in range(5)])
    (axes,) = sweeps.draw(alone).axes
    assert (len(lines(axes, "trials")), lines(axes, "line")) == (5, [])


def test_no_trial_is_silently_missing(swept):
    states = {1: "diverged", 10: "failed", 100: "waiting", 1000: "interrupted"}
    values = {1: 0.5, 1000: 0.5}
    told = [Told({"eta": eta}, 0.9 - eta) for eta in (0.01, 0.1)]
    told += [Told({"eta": eta}, values.get(eta), state) for eta, state in states.items()]
    told.append(Told({"eta": 10000}, None))
    figure = sweeps.draw(swept(*told))
    (axes,) = figure.axes
    assert [x for x, _ in lines(axes, "trials")] == [0.01, 0.1]
    edge = {"diverged": 1, "failed": 10, "no figure yet": 100, "no finite figure": 10000}
    for mark, eta in edge.items():
        ((x, y),) = lines(axes, mark)
        assert x == eta
        assert 0 < y < 0.07, "a share of the axes: in the strip at their edge"
        assert f"{mark} (1)" in legend(figure)
    assert lines(axes, "not finished") == [(1000, 0.5)]
    low, high = axes.get_ylim()
    assert low + 0.07 * (high - low) < 0.5, "the strip is below all figures"
    assert len(axes.patches) == 1


def test_a_loss_is_logarithmic_and_the_best_is_low(swept):
    told = [Told({"eta": eta}, 0.01 / eta) for eta in (0.001, 0.01, 0.1)]
    (axes,) = sweeps.draw(swept(*told, metric="test_loss")).axes
    assert axes.get_yscale() == "log"
    assert lines(axes, "best") == [(0.1, pytest.approx(0.1))]


def test_a_hopeless_r2_stands_at_the_edge(swept):
    told = [Told({"eta": 1}, 0.9), Told({"eta": 2}, 0.5), Told({"eta": 3}, -40.0)]
    figure = sweeps.draw(swept(*told, metric="test_r2"))
    assert len(lines(figure.axes[0], "trials")) == 2
    assert "below -1 (1)" in legend(figure)


def test_texts_and_architectures_stand_below_each_other(swept):
    told = [
        Told({"architecture": layers(2, units, 2), "seed": seed}, units / 100 + seed / 50)
        for units in (4, 8, 16)
        for seed in (0, 1)
    ]
    told.append(Told({"architecture": layers(2, 2), "seed": 0}, None, "diverged"))
    figure = sweeps.draw(swept(*told))
    (axes,) = figure.axes
    assert ticks(axes, "y") == ["2-16-2", "2-8-2", "2-4-2", "2-2"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1], "the best on top"
    assert [text.get_text() for text in axes.texts] == ["17.00%", "9.00%", "5.00%", ""]
    assert (len(lines(axes, "trials")), len(lines(axes, "mean"))) == (6, 3)
    assert lines(axes, "diverged")[0][1] == 3
    assert "best: 17.00% ± 1.00% over 2 seeds at architecture=2-16-2" in legend(figure)


def test_of_many_texts_the_best_are_drawn(swept):
    figure = sweeps.draw(swept(*[Told({"init_from": f"file{n}.npz"}, n / 100) for n in range(60)]))
    assert "50 of 60" in figure.get_suptitle()
    assert ticks(figure.axes[0], "y")[0] == "file59.npz"


def test_two_keys_are_a_table(swept):
    pairs = [(1, 10), (0.1, 20), (1, 20), (3, 20)]
    told = [Told({"eta": eta, "batch_size": size}, eta / size) for eta, size in pairs]
    told.append(Told({"eta": 3, "batch_size": 10}, 0.5, "diverged"))
    figure = sweeps.draw(swept(*told))
    axes, bar = figure.axes
    (image,) = axes.images
    cells = np.ma.filled(image.get_array(), np.nan)
    np.testing.assert_allclose(cells, [[np.nan, 0.1, np.nan], [0.005, 0.05, 0.15]])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("eta", "batch_size")
    assert (ticks(axes), ticks(axes, "y")) == (["0.1", "1", "3"], ["10", "20"])
    assert {text.get_text() for text in axes.texts} == {"0.50%", "5.00%", "10.00%", "15.00%"}
    assert lines(axes, "diverged") == [(2, 0)]
    frames = [patch for patch in axes.patches if patch.get_gid() == "best"]
    assert {patch.get_xy() for patch in frames} == {(1.5, 0.5)}
    assert {"not in the sweep", "diverged (1)"} < set(legend(figure))
    assert bar.get_ylabel() == "test accuracy"


def test_the_table_of_a_loss_is_bright_where_it_is_low(swept):
    told = [Told({"a": a, "b": b}, 10.0 ** (a + b)) for a in (0, 1) for b in (0, 1)]
    (image,) = sweeps.draw(swept(*told, metric="test_loss")).axes[0].images
    assert image.cmap.name == "viridis_r"
    assert type(image.norm).__name__ == "LogNorm"


def test_random_pairs_are_dots_in_the_plane(swept):
    rng = np.random.default_rng(0)
    pairs = 10 ** rng.uniform(-4, 0, (20, 2))
    told = [Told({"eta": float(eta), "l2": float(l2)}, float(eta)) for eta, l2 in pairs]
    told.append(Told({"eta": 5.0, "l2": 0.5}, None, "diverged"))
    figure = sweeps.draw(swept(*told))
    axes, _ = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    (dots,) = axes.collections
    assert len(dots.get_offsets()) == 20
    assert lines(axes, "diverged") == [(5.0, 0.5)]
    assert len(lines(axes, "best")) == 1


def test_three_keys_are_a_panel_each(swept):
    told = [
        Told({"eta": eta, "batch_size": size, "optimizer": name}, eta / 10 + size / 100, state)
        for eta in (0.1, 1)
        for size in (1, 2, 3)
        for name, state in (("sgd", "finished"), ("adam", "diverged"))
    ]
    figure = sweeps.draw(swept(*told))
    assert [axes.get_xlabel() for axes in figure.axes] == ["eta", "batch_size", "optimizer"]
    for axes in figure.axes:
        assert (len(lines(axes, "trials")), len(lines(axes, "diverged"))) == (6, 6)
        assert len(lines(axes, "best")) == 1
    eta, size, text = figure.axes
    np.testing.assert_allclose(lines(eta, "line"), [(0.1, 0.04), (1, 0.13)])
    assert len(lines(size, "line")) == 3
    assert lines(text, "line") == []
    assert ticks(text) == ["sgd", "adam"]
    assert eta.get_ylim() == size.get_ylim() == text.get_ylim()


def test_of_many_keys_some_have_panels(swept):
    told = [Told({f"key{k}": n * (k + 1) for k in range(15)}, n / 10) for n in (1, 2)]
    figure = sweeps.draw(swept(*told))
    assert sum(axes.axison for axes in figure.axes) == against.MOST_PANELS
    assert "12 of 15 keys" in figure.get_suptitle()


def test_keys_that_do_not_differ_are_no_axes(swept):
    sweep = swept(Told({"eta": 1, "epochs": 3}, 0.5), Told({"eta": 2, "epochs": 3}, 0.6))
    assert [key.name for key in sweep.keys] == ["eta"]
    (axes,) = sweeps.draw(swept(Told({"eta": 1}, 0.5))).axes
    assert lines(axes, "trials") == [(1, 0.5)]
    with pytest.raises(NotDrawnError, match="no keys"):
        sweeps.draw(swept(Told({}, 0.5)))


def test_a_sweep_that_has_grown_finds_its_values_in_the_specs(swept, moons):
    told = [Told({"eta": 1}, 0.5), Told({"batch_size": 20}, 0.6), Told({"eta": 2}, None, "waiting")]
    sweep = swept(*told, like=moons)  # whose spec has eta 0.5 and batch_size 10
    points = {row.trial.id: row.point for row in sweep.rows}
    assert points["t0"] == {"eta": 1, "batch_size": 10}
    assert points["t1"] == {"batch_size": 20, "eta": 0.5}
    assert points["t2"] == {"eta": 2}
    assert heatmap.applies(sweep)
    assert sweeps.draw(sweep).axes


def test_labels_leave_room_for_each_other(swept):
    told = [Told({"rho": rho}, 0.5) for rho in (0.5, 0.9, 0.99, 0.999, 0.9999)]
    (axes,) = sweeps.draw(swept(*told)).axes
    assert ticks(axes) == ["0.5", "0.9", "0.9999"]
    assert len(axes.xaxis.get_minorticklocs()) == 2
    told = [Told({"eta": float(eta)}, 0.5) for eta in np.geomspace(0.0011, 9, 40)]
    (axes,) = sweeps.draw(swept(*told)).axes
    assert {"0.01", "0.1", "1"} < set(ticks(axes))


def test_curves_of_all_trials(swept, moons):
    told = [Told({"eta": eta}, eta) for eta in (0.1, 0.2, 0.3)]
    told += [Told({"eta": 9}, 0.4, "diverged", 2), Told({"eta": 10}, None, "failed")]
    figure = trials.draw(swept(*told, like=moons))
    (axes,) = figure.axes
    for number, one in enumerate(told[:4]):
        drawn = lines(axes, f"t{number}")
        assert [x for x, _ in drawn] == list(range(1, one.epochs + 1))
        assert drawn[-1][1] == pytest.approx(one.value)
    assert lines(axes, "diverged") == [(2, 0.4)]
    assert lines(axes, "best") == [(3, pytest.approx(0.3))]
    words = [text.get_text() for text in axes.get_legend().get_texts()]
    assert words == ["0.1", "0.2", "0.3", "9", "10"]
    assert {"diverged (1)", "failed (1, no curve)"} < set(legend(figure))
    colors = {line.get_color() for line in axes.lines if str(line.get_gid()).startswith("t")}
    assert len(colors) == 4


def test_many_values_run_along_a_bar_and_texts_are_named(swept, moons):
    told = [Told({"eta": 10.0 ** (n / 4)}, 0.5) for n in range(-6, 6)]
    axes, bar = trials.draw(swept(*told, like=moons)).axes
    assert bar.get_ylabel() == "eta"
    assert bar.get_yscale() == "log"
    assert axes.get_legend() is None


def test_a_second_key_has_dashes(swept, moons):
    told = [Told({"optimizer": o, "eta": e}, 0.5) for o in ("sgd", "adam") for e in (0.1, 0.2)]
    figure = trials.draw(swept(*told, like=moons))
    (axes,) = figure.axes
    drawn = [line for line in axes.lines if str(line.get_gid()).startswith("t")]
    assert len({(line.get_color(), line.get_linestyle()) for line in drawn}) == 4
    assert {"eta=0.1", "eta=0.2"} < set(legend(figure))


def test_strange_names_and_the_same_bytes(swept, moons):
    values = ("_x\n", "$\\frac$", "\x1b[31m", "é" * 99, [1] * 99)
    told = [Told({"$a_b$": value}, 0.5) for value in values]
    sweep = swept(*told, like=moons)
    for draw in (sweeps.draw, trials.draw):
        first, second = (render(draw(sweep), "svg") for _ in range(2))
        assert first == second
        assert first.startswith(b"<?xml")


def test_nothing_to_draw_yet(swept):
    sweep = swept(Told({"eta": 1}, None, "waiting"), Told({"eta": 2}, 0.5, "diverged"))
    with pytest.raises(NotDrawnError, match="no trial has a figure yet"):
        sweeps.draw(sweep)
    with pytest.raises(NotDrawnError, match="no records yet"):
        trials.draw(sweep)
