"""What the trials of faults share: a small training that is saved often, the command line, and what a run comes to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from faulty import Disk, Fault, nothing, recording
from support import SPEC, same_bytes
from typer.main import get_command
from typer.testing import CliRunner, Result

from nncli.cli.app import app
from nncli.runs import rundir

T = TypeVar("T")


def command(*words: object) -> Result:
    """nncli with these words, in this process. A traceback fails the test."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def commands() -> dict[str, Any]:
    """Every command that there is, by what is typed."""
    found, left = {}, [("", get_command(app))]
    while left:
        above, each = left.pop()
        if hasattr(each, "commands"):
            left += [(f"{above} {name}".strip(), one) for name, one in each.commands.items()]
        else:
            found[above] = each
    return found


class Bench:
    """A folder for runs of one spec, an undisturbed one in it, and what that has asked of the disk.

    An epoch has nine batches: five from checkpoint to checkpoint is in the middle of epochs, some with new records and
    some without.
    """

    def __init__(
        self, root: Path, *, epochs: int = 3, checkpoint: str = "{batches: 5}", units: int = 8
    ) -> None:
        self.root, self.spec = root, root / "spec.yaml"
        text = SPEC.replace("epochs: 3", f"epochs: {epochs}").replace("dim: 8", f"dim: {units}")
        self.spec.write_text(f"{text}checkpoint: {checkpoint}\n")
        self.whole = root / "disk/whole"
        self.whole.parent.mkdir()
        result, disk = self.train(self.whole)
        assert (result.exit_code, result.stderr) == (0, "")
        self.trace, self.calls = disk.trace, disk.calls
        self.saved = checkpoints_kept(disk)

    def words(self, run: Path) -> list[object]:
        """The command that trains into `run`."""
        return ["train", self.spec, "--run-dir", run, "--quiet"]

    def train(self, run: Path, fault: Fault = nothing) -> tuple[Result, Disk]:
        """Train on a disk with a fault."""
        with recording(fault) as disk:
            return command(*self.words(run)), disk

    def resume(self, run: Path, fault: Fault = nothing) -> tuple[Result, Disk]:
        """Go on with a run on a disk with a fault."""
        with recording(fault) as disk:
            return command("resume", run, "--quiet"), disk

    def after_an_accident(self, run: Path) -> list[object]:
        """What a person types then: resume, or the same again where the run had not begun."""
        return ["resume", run, "--quiet"] if (run / rundir.RUN).is_file() else self.words(run)

    def ends_well(self, run: Path) -> None:
        """The accident is over: the run comes to the same bytes as the undisturbed one."""
        result = command(*self.after_an_accident(run))
        assert result.exit_code == 0, result.output
        for line in result.stderr.splitlines():
            assert line.endswith("that part is trained again"), line
        assert rundir.open_run(run)["status"] == "finished"
        assert rundir.read_summary(run) is not None
        assert not list(run.glob(".*.tmp")), "a temporary file is left"
        same_bytes(run, self.whole)


def checkpoints_kept(disk: Disk) -> list[bytes]:
    """The checkpoints that were promised to be safe."""
    name = rundir.CHECKPOINT
    return [op.data for op in disk.trace if op.name == "kept" and op.path.name == name]


def dealt(campaign: Any, cases: Sequence[T]) -> list[T]:
    """A campaign part's share of the cases, shuffled: with trials enough, each case is in one part."""
    shuffled = random.Random(0).sample(cases, len(cases))
    return [shuffled[number] for number in campaign.numbers if number < len(cases)]
