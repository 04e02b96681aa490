"""The moving average of the parameters: `average`."""

from __future__ import annotations

from nncli.network.params import Array
from nncli.spec.schedules import AverageSpec


def kept(decay: float, update: int) -> float:
    """The share of the average that the t-th update keeps, t from 1: decay (1 - decay^(t-1)) / (1 - decay^t).

    It is 0 for the first and comes near `decay` as t grows. So the average after t updates is the mean of the w_i that
    they saw with weights decay^(t-i): (1 - decay) / (1 - decay^t) sum_i decay^(t-i) w_i, without the first parameters
    in it. The same correction for the start as Adam's of its means (Kingma and Ba 2015), put into each update, so that
    the average needs none when it is read.
    """
    return decay * (1 - decay ** (update - 1)) / (1 - decay**update)


def follow(mean: Array, vector: Array, settings: AverageSpec, steps: int) -> None:
    """Take in the parameters after so many steps, in place: mean <- kept mean + (1 - kept) w, every so many steps.

    Until the first update the average is the parameters themselves.
    """
    if steps <= settings.every:
        mean[...] = vector
    elif steps % settings.every == 0:
        share = kept(settings.decay, steps // settings.every)
        mean *= share
        mean += (1 - share) * vector
