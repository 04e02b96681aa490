"""What came out of a sweep, in words: the same in tables, on the page, in pictures and wherever one trial is chosen."""

from __future__ import annotations

from collections import Counter

from nncli.runs.status import MISMATCHED
from nncli.sweep.settings import Setting
from nncli.sweep.study import Study, Trial
from nncli.sweep.values import label
from nncli.words import command, figure, plural, words

MEAN = "mean ± standard error (s / sqrt(n)) over the seeds that finished"


def mean(setting: Setting, key: str) -> str:
    """A figure over the seeds: "91.20% ± 0.16%", "0.1408 ± 0.0029"; without standard error where there is one seed."""
    error, text = setting.standard_error(key), figure(key, setting.mean(key))
    if error is None:
        return text
    return f"{text} ± {figure(key, error) if text.endswith('%') else f'{error:.2g}'}"


def seeds(setting: Setting) -> str:
    """How many seeds finished, and what became of the others: "2 of 3, 1 diverged"."""
    others = Counter(trial.status for trial in setting.trials if not trial.meaning.ranked)
    done = f"{len(setting.finished)} of {len(setting.trials)}"
    return ", ".join([done, *(f"{count} {status}" for status, count in others.items())])


def point(study: Study, setting: Setting) -> dict[str, object]:
    """What the trials of a setting share: its values, and the seed where no other was tried."""
    return setting.point if study.has_seeds else setting.trials[0].point


def places(study: Study) -> dict[str, str]:
    """The id of each trial of the best setting, and of those tied with it -> `best` or `tied`."""
    best = [study.best_setting] if study.best_setting else []
    marked = {"tied": study.tied(), "best": best}
    return {
        trial.id: place
        for place, settings in marked.items()
        for setting in settings
        for trial in setting.trials
    }


def best_value(study: Study, setting: Setting) -> str:
    """How good it is: "91.20% ± 0.16% over 3 seeds"."""
    text = mean(setting, study.metric)
    return f"{text} over {plural(len(setting.finished), 'seed')}" if study.has_seeds else text


def notes(study: Study) -> list[str]:
    """What has to be known of a ranking: what ± is, what is tied, and what nothing tells."""
    best, lines = study.best_setting, [MEAN] if study.has_seeds else []
    if best is None:
        return lines
    return [*filter(None, (*lines, _tie(study), _single(study, best)))]


def _tie(study: Study) -> str:
    tied = study.tied()
    if not tied:
        return ""
    within = "within one standard error of the difference" if study.has_seeds else "level"
    name = words(study.metric)
    few = ", ".join(label(point(study, setting), 4) for setting in tied[:3])
    more = f" and {len(tied) - 3} more" if len(tied) > 3 else ""
    return f"tied with the best in {name}, {within}: {few}{more}"


def _single(study: Study, best: Setting) -> str:
    """That the best has no standard error, where others have one."""
    if not study.has_seeds or len(best.finished) > 1:
        return ""
    return (
        f"the best has one seed that finished: nothing says how sure its {words(study.metric)} is"
    )


def on_test(study: Study) -> str:
    """That test figures did the choosing; "" where they did not."""
    if study.best is None or not study.metric.startswith("test_"):
        return ""
    name = words(study.metric)
    return (
        f"ranked by {name}, for want of validation figures: the {name} of the best is optimistic. "
        "Set data.validation or, where it is set, train anew with --fresh."
    )


def what_best_is(study: Study) -> str:
    """Which trial stands for a sweep."""
    which = "seed of the best setting" if study.has_seeds else "trial"
    return f"the best {which} of {study.path}, by {words(study.metric)}"


def chosen(study: Study, trial: Trial) -> str:
    """The trial that stands for a sweep, where one is wanted."""
    return f"{what_best_is(study)}: {label(trial.point)}  {trial.path}"


def mismatched(study: Study) -> list[str]:
    """A line that names the trials that are not what the sweep asks for, and why the first is not; none where all
    are."""
    trials = [trial for trial in study.trials if trial.status == MISMATCHED]
    if not trials:
        return []
    names = ", ".join(label(trial.point, 4) for trial in trials[1:4])
    more = f" and {len(trials) - 4} more" if len(trials) > 4 else ""
    others = f" Nor is {names}{more}." if names else ""
    return [f"{label(trials[0].point, 4)}: {trials[0].reason}.{others}"]


def left_out(study: Study, verb: str) -> str:
    """That there are more trials in the directory, and which command shows them; "" where there are none."""
    if not study.earlier:
        return ""
    count = plural(len(study.earlier), "trial")
    return f"{count} of earlier commands left out. With them: {command(verb, study.path)} --all"
