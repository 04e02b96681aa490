"""What the command line says of a sweep: `--grid`, `--samples`, `--halving`, `--keep` and `--name`, by the rules of the
file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nncli.errors import KeyPath, Problem, SpecError, UsageError
from nncli.spec.load import Document, load_spec
from nncli.spec.overrides import PLACE
from nncli.spec.sweeps import SweepSpec
from nncli.sweep.grid import read_grid


@dataclass(frozen=True)
class Asked:
    """The options as they were given; `grid` takes the place of the spec's `sweep`, the others change it."""

    grid: Sequence[str] = ()
    samples: int | None = None
    halving: str | None = None
    keep: float | None = None
    name: str | None = None

    def overrides(self) -> list[str]:
        """The options as `--set` takes them."""
        settings = {
            "sweep": json.dumps(read_grid(self.grid)) if self.grid else None,
            "sweep.samples": self.samples,
            "sweep.halving.rungs": None if self.halving is None else f"[{self.halving}]",
            "sweep.halving.keep": self.keep,
            "name": None if self.name is None else json.dumps(self.name),
        }
        return [f"{key}={value}" for key, value in settings.items() if value is not None]

    def load(self, path: Path, overrides: Sequence[str]) -> tuple[Document, SweepSpec]:
        """The spec and what to sweep. Raises SpecError naming the option, UsageError where there is nothing."""
        try:
            document = load_spec(path, [*overrides, *self.overrides()])
        except SpecError as err:
            raise SpecError([self._placed(one) for one in err.problems]) from err
        if document.spec.sweep is None:
            raise UsageError(
                f"{path}: has no `sweep:`. Add one, or say what to sweep: --grid eta=0.1,1,3"
            )
        return document, document.spec.sweep

    def _placed(self, problem: Problem) -> Problem:
        if problem.place != PLACE or problem.path[:1] not in (("sweep",), ("name",)):
            return problem
        return replace(problem, place=self._option(problem.path) or PLACE)

    def _option(self, path: KeyPath) -> str:
        """The option that says what stands at a path."""
        given = {
            "--name": path == ("name",) and self.name is not None,
            "--samples": path[1:2] == ("samples",) and self.samples is not None,
            "--halving": path[1:2] == ("halving",) and path[2:] != ("keep",) and self.halving,
            "--keep": path[1:2] == ("halving",) and self.keep is not None,
            "--grid": path[:1] == ("sweep",) and bool(self.grid),
        }
        return next((option for option, is_given in given.items() if is_given), "")
