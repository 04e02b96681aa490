"""How long a sweep takes: by what its finished trials took, else by a few timed steps; nothing is written."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from socket import gethostname
from time import monotonic, perf_counter

import numpy as np

from nncli import preparation
from nncli.blas import blas_threads
from nncli.data.dataset import Dataset, Split
from nncli.errors import NncliError
from nncli.fit import with_dims, with_validation
from nncli.network.params import count
from nncli.runs import rundir
from nncli.runs.status import STOPPED
from nncli.spec.model import Spec
from nncli.spec.sweeps import HalvingSpec
from nncli.sweep import planner
from nncli.sweep.study import Study, Trial
from nncli.training import loop
from nncli.training.evaluation import tracked
from nncli.training.length import BLOCK, Length
from nncli.training.stack import Member, Stack
from nncli.words import about

OVERHEAD = 2e5
"""Multiply-adds in whose time the calls of a step are made: so that small and large networks can be compared."""
STARTUP, EACH = 1.0, 0.05
"""Seconds until a worker trains, and to make and close a trial's directory."""
BUDGET, PRODUCTS = 0.05, 5e7
"""What the timed steps may take: seconds, and multiply-adds of one."""
WEIGHTS, TOGETHER = 2**19, 16
"""The largest network, and the most of them, that steps are timed with."""
MANY = 100
"""Finished trials that are looked at."""
NOMINAL = 1000
"""Training rows where trials do not share their data, and it is not read."""


@dataclass(frozen=True)
class Estimate:
    """Seconds from now, and what they follow from."""

    seconds: float
    basis: str

    def __str__(self) -> str:
        return f"{about(self.seconds)}, by {self.basis}"


def estimate(
    study: Study, dataset: Dataset | None, workers: int, halved: HalvingSpec | None = None
) -> Estimate | None:
    """How long what is still to run takes; None where nothing tells. `dataset` is the one that all trials share."""
    todo = [(trial, trial.spec) for trial in study.trials if trial.spec and trial.to_run]
    groups = planner.plan([spec for _, spec in todo], workers)
    try:
        rate = _of_finished((*study.earlier, *study.trials), dataset)
        basis = "what finished trials took"
        if not rate and dataset:
            specs = [todo[number][1] for number in groups[0]] if groups else []
            rate, basis = _measured(specs, dataset), "a few timed steps"
        if not rate:
            return None
        loads = [
            sum(EACH + rate * remaining(*todo[number], dataset) for number in group)
            for group in groups
        ]
    except NncliError:  # a trial that cannot be trained says so itself
        return None
    share = _after_halving(halved, [spec for _, spec in todo])
    return Estimate(STARTUP + share * _makespan(loads, workers), basis)


def _after_halving(halved: HalvingSpec | None, specs: Sequence[Spec]) -> float:
    """The share of all epochs that is trained where only some trials go on from each rung."""
    epochs, going = min((spec.epochs or 0 for spec in specs), default=0), len(specs)
    if halved is None or not epochs:
        return 1.0
    trained, before = 0, 0
    for rung in [*(rung for rung in halved.rungs if rung < epochs), epochs]:
        trained, before = trained + going * (rung - before), rung
        going = ceil(going * halved.keep)
    return trained / (epochs * len(specs))


def _makespan(loads: Sequence[float], workers: int) -> float:
    """When the last worker is done, each taking the next load as it is free."""
    free = [0.0] * workers
    for load in loads:
        heapq.heappush(free, heapq.heappop(free) + load)
    return max(free)


def work(spec: Spec, dataset: Dataset | None) -> float:
    """What a training costs, in multiply-adds: steps, and the evaluation of every record."""
    spec = _resolved(spec, dataset) if dataset else spec
    length = Length.of(spec, len(dataset.splits["train"]) if dataset else NOMINAL)
    weights = count(spec.architecture)
    step = OVERHEAD + 3 * length.batch_size * weights
    if spec.gradient == "numerical":
        step *= 2 * weights
    judged = sum(len(dataset.splits[split]) for split in tracked(spec, dataset)) if dataset else 0
    return length.steps * step + ceil(length.epochs / spec.record_every) * judged * weights


def _resolved(spec: Spec, dataset: Dataset) -> Spec:
    """A trial's spec with what its data say."""
    return with_validation(with_dims(spec, dataset), dataset, compared=True)


def remaining(trial: Trial, spec: Spec, dataset: Dataset | None) -> float:
    """What is left of a trial's work."""
    return work(spec, dataset) * (1 - _share(trial, _epochs(spec, dataset)))


def _epochs(spec: Spec, dataset: Dataset | None) -> int:
    return Length.of(spec, len(dataset.splits["train"]) if dataset else NOMINAL).epochs


def _share(trial: Trial, epochs: int) -> float:
    """How far a trial is."""
    if trial.meaning.over and trial.status != STOPPED:
        return 1.0
    return min(1.0, (trial.figures or {}).get("epoch", 0) / epochs)


# From finished trials ---------------------------------------------------------------------------

Interval = tuple[datetime, datetime]


def _of_finished(trials: Sequence[Trial], dataset: Dataset | None) -> float | None:
    """Seconds per unit of work of one worker, by trials that finished on this machine without a break."""
    finished = [trial.path for trial in trials if trial.meaning.ranked][-MANY:]
    done, busy = 0.0, dict[int, list[Interval]]()
    for path in finished:
        run, summary = rundir.open_run(path), rundir.read_summary(path)
        if run["sessions"] or run["host"] != gethostname() or not (summary and run["ended"]):
            continue
        spec = rundir.spec_of(run, path)
        done += work(spec, dataset) * min(1.0, summary["epochs"] / _epochs(spec, dataset))
        began, ended = (datetime.fromisoformat(run[key]) for key in ("started", "ended"))
        busy.setdefault(run["pid"], []).append((began, ended))
    seconds = sum(map(_covered, busy.values()))
    return seconds / done if done and seconds else None


def _covered(intervals: Sequence[Interval]) -> float:
    """Seconds in at least one of the intervals: a worker trains several trials at once."""
    seconds, until = 0.0, None
    for began, ended in sorted(intervals):
        begin = began if until is None else max(began, until)
        seconds += max(0.0, (ended - begin).total_seconds())
        until = ended if until is None else max(ended, until)
    return seconds


# From a few steps -------------------------------------------------------------------------------


def _measured(specs: Sequence[Spec], dataset: Dataset) -> float | None:
    """Seconds per unit of work of these specs trained in lockstep, by steps on a few rows of the data."""
    if not specs or specs[0].gradient == "numerical":
        return None
    length = preparation.prepare(specs[0], dataset=dataset).length
    narrow = [_narrow(_resolved(spec, dataset)) for spec in specs[:TOGETHER]]
    lead, together, weights = narrow[0], len(narrow), count(narrow[0].architecture)
    if weights > 4 * WEIGHTS:  # the data alone is that wide
        return None
    batch = min(length.batch_size, max(1, int(PRODUCTS / (3 * weights * together))))
    few = _few_rows(dataset, BLOCK * batch, max(100, int(PRODUCTS / weights)))
    with blas_threads(1):
        stack = _stack([_tame(spec, batch) for spec in narrow], few)
        step = _step_seconds(stack) * length.batch_size / batch
        judging = together * sum(_judging_seconds(stack, dataset))
    records = ceil(length.epochs / lead.record_every)
    return (length.steps * step + records * judging) / (together * work(lead, dataset))


def _narrow(spec: Spec) -> Spec:
    """The spec, or where its network is large, one with fewer units: its products are as fast for their size."""
    share = (WEIGHTS / count(spec.architecture)) ** 0.5
    if share >= 1:
        return spec
    layers, below = [], spec.architecture[0].input_dim
    for layer in spec.architecture:
        last = layer is spec.architecture[-1]
        units = layer.output_dim if last else max(1, int(share * layer.output_dim))
        layers.append(layer.model_copy(update={"input_dim": below, "output_dim": units}))
        below = units
    return spec.model_copy(update={"architecture": tuple(layers)})


def _few_rows(dataset: Dataset, train: int, others: int) -> Dataset:
    most: Mapping[str, int] = dict.fromkeys(dataset.splits, others) | {"train": train}
    return replace(
        dataset,
        splits={
            name: Split(split.x[: most[name]], split.y[: most[name]])
            for name, split in dataset.splits.items()
        },
    )


def _tame(spec: Spec, batch: int) -> Spec:
    """The spec with another batch size, and steps that lead nowhere: nothing may diverge."""
    return spec.model_copy(update={"batch_size": batch, "eta": 1e-12})


def _stack(specs: Sequence[Spec], dataset: Dataset) -> Stack:
    """Networks whose weights are all alike: products take as long whatever the numbers are."""
    vectors = [np.full(count(spec.architecture), 0.01, spec.dtype) for spec in specs]
    pairs = zip(specs, vectors, strict=True)
    members = [Member(spec, loop.start(spec, dataset, vector)) for spec, vector in pairs]
    return Stack(members, dataset)


def _step_seconds(stack: Stack) -> float:
    """What a step of the whole stack takes: of whole blocks where there is time for one, else of single steps."""
    orders, stamps, begun = stack.orders(1), list[float](), perf_counter()
    end = begun + BUDGET

    def late() -> bool:
        stamps.append(perf_counter())
        return stamps[-1] > end

    stack.run_block(orders, late)
    if (
        perf_counter() > end
    ):  # the first step makes the buffers: it counts only where there is no other
        first, *others = stamps
        return (others[-1] - first) / len(others) if others else first - begun
    blocks, begun = 0, perf_counter()
    while not blocks or perf_counter() < end:
        for trainer in stack.trainers:
            trainer.state.batch = 0
        stack.run_block(orders, lambda: False)
        blocks += 1
    return (perf_counter() - begun) / (blocks * stack.lead.state.batch)


def _judging_seconds(stack: Stack, dataset: Dataset) -> Iterator[float]:
    """What the evaluation of each tracked split takes for one network."""
    network = stack.lead.step.network
    for split, evaluator in stack.lead.evaluators.items():
        begun = perf_counter()
        evaluator.figures(network.params)
        share = len(dataset.splits[split]) / len(evaluator.split)
        yield (perf_counter() - begun) * share


# While it runs ----------------------------------------------------------------------------------


class TimeLeft:
    """What is left of a sweep that is running, in words: by the estimate at first, then by its own speed."""

    def __init__(
        self,
        study: Study,
        dataset: Dataset | None,
        first: Estimate | None,
        halved: HalvingSpec | None = None,
    ) -> None:
        self._first, self._begun = first, monotonic()
        self._costs: dict[str, tuple[float, int]] = {}
        try:
            for trial in study.trials:
                if trial.spec and trial.to_run:
                    cost = work(trial.spec, dataset), _epochs(trial.spec, dataset)
                    self._costs[trial.id] = cost
        except NncliError:
            self._costs = {}
        share = _after_halving(halved, [t.spec for t in study.trials if t.spec and t.to_run])
        self._total = share * sum(cost for cost, _ in self._costs.values())
        self._at_first = self._done(study)

    def _done(self, study: Study) -> float:
        known = [
            (trial, self._costs[trial.id]) for trial in study.trials if trial.id in self._costs
        ]
        return sum(cost * _share(trial, epochs) for trial, (cost, epochs) in known)

    def __call__(self, study: Study) -> str:
        """ "about 3 min left"; "" while nothing tells."""
        elapsed = monotonic() - self._begun
        done = self._done(study)
        gained = done - self._at_first
        # its own speed counts once a tenth is done: the workers have begun, and epochs have ended
        if gained > 0.1 * self._total:
            return f"{about(elapsed * max(0.0, self._total - done) / gained)} left"
        if self._first and self._first.seconds > elapsed:
            return f"{about(self._first.seconds - elapsed)} left"
        return ""
