"""Counted runs of one command: eager references, and trials under a mode or a profile, judged by them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lazyimp.tuning import runs
from lazyimp.tuning.compare import compare
from lazyimp.tuning.profile_file import script_of
from lazyimp.tuning.runs import HANG, Command, Outcome, Trial
from lazyimp.tuning.state import State

PROFILE_MODE = "1"  # the mode that leaves the mode to the profile
SHOWN = 3

_FRAME = re.compile(rb'File "([^"]+)", line \d+')
_NAMED = re.compile(rb"(?:module|from|partially initialized module|named) '([\w.]+)'")


@dataclass(frozen=True)
class Result:
    """What a trial came to, without its output: `why` it is wrong, `suspects` the modules its failure names.

    `modules` are those at the end, with their files, in order; `used` how many of them by the first batch.
    """

    right: bool
    status: str
    why: tuple[str, ...]
    suspects: tuple[str, ...]
    modules: Mapping[str, str | None]
    used: int | None
    cpu_first_batch_s: float | None
    cpu_s: float
    wall_s: float

    @property
    def used_modules(self) -> frozenset[str]:
        """Those loaded at the first batch, or at the end where there was none."""
        return frozenset(list(self.modules)[: self.used])


@dataclass
class Trials:
    """Runs of `command`, each at most `limit_s` seconds, told to `note` and counted in `made`.

    `check` is a shell command that reads a run's standard output and says by its exit status whether the run
    is right. `votes` is (k, n): what is wrong k times out of n is wrong.
    """

    command: Command
    limit_s: float
    folder: Path
    state: State = field(default_factory=lambda: State(None, {}))
    note: Callable[[str], None] = lambda text: None
    check: str | None = None
    votes: tuple[int, int] = (1, 1)
    normalise: Sequence[str] = ()
    made: int = 0
    varying: frozenset[str] = frozenset()  # kinds of differences that eager runs show, too
    doing: str = ""  # what the runs are for; goes with their numbers
    references: list[Outcome] = field(default_factory=list)
    _asked: dict[str, int] = field(default_factory=dict)

    def tell(self, doing: str) -> None:
        """What the runs from here on are for."""
        self.doing = doing

    # -- runs -------------------------------------------------------------------------------------------

    def eager(self) -> Outcome:
        """One more eager run, as a reference."""
        name, known = self._known(Trial(runs.EAGER), "")
        if known is None:
            outcome = self._run(Trial(runs.EAGER))
            self.state.put(name, packed(outcome))
        else:
            outcome = unpacked(known)
        self.references.append(outcome)
        return outcome

    def mode(self, mode: str) -> Result:
        """One run in a mode, without a profile."""
        return self._judged(Trial(mode, env={"LAZYIMP_PROFILE": "0"}), "")

    def profile(self, text: str) -> Result:
        """One run under a profile."""
        path = self.folder / "trial.lazyimp.toml"
        path.write_text(text, encoding="utf-8")
        return self._judged(Trial(PROFILE_MODE, path), text)

    def is_right(self, one_run: Callable[[], Result]) -> Result:
        """The last of as many runs as it takes to tell right from wrong."""
        wrong, (enough, most) = 0, self.votes
        for made in range(most):
            result = one_run()
            wrong += not result.right
            if wrong >= enough or most - made - 1 < enough - wrong:
                break
        return dataclasses.replace(result, right=wrong < enough)

    def _judged(self, trial: Trial, text: str) -> Result:
        name, known = self._known(trial, text)
        if known is not None:
            return Result(**{**known, "why": tuple(known["why"]), "suspects": tuple(known["suspects"])})
        outcome = self._run(trial)
        result = self._judge(outcome)
        self.state.put(name, dataclasses.asdict(result))
        return result

    def _known(self, trial: Trial, text: str) -> tuple[str, Any]:
        """The name of this run in the state (each of the same kind has its own) and what the state holds."""
        content = hashlib.sha256(f"{trial.mode}\n{text}".encode()).hexdigest()[:24]
        number = self._asked[content] = self._asked.get(content, 0) + 1
        self.made += 1
        name = f"{content}.{number}"
        return name, self.state.get(name)

    def _run(self, trial: Trial) -> Outcome:
        self.note(f"run {self.made}" + (f": {self.doing}" if self.doing else ""))
        return runs.run(self.command, trial, self.limit_s)

    @property
    def modules(self) -> dict[str, str | None]:
        """The eager runs' modules and their files; by its end the interpreter has forgotten the script's."""
        found: dict[str, str | None] = {}
        for outcome in self.references:
            found.update(files_of(outcome))
        if "__main__" in found and found["__main__"] is None:
            found["__main__"] = script_of(self.command)
        return found

    # -- judging ----------------------------------------------------------------------------------------

    def _judge(self, outcome: Outcome) -> Result:
        why, named = self._faults(outcome)
        observation = outcome.observation or {}
        return Result(
            right=not why,
            status=outcome.status,
            why=tuple(why[:SHOWN]),
            suspects=tuple(dict.fromkeys([*self.suspects(outcome), *named])) if why else (),
            modules=files_of(outcome),
            used=observation.get("at_first_batch"),
            cpu_first_batch_s=observation.get("cpu_first_batch_s"),
            cpu_s=outcome.cpu_s,
            wall_s=outcome.wall_s,
        )

    def _faults(self, outcome: Outcome) -> tuple[list[str], list[str]]:
        if self.check is not None:
            return ([] if self.passes_check(outcome) else [f"{self.check!r} says no"]), []
        if len(self.references) < 2:
            return status_fault(self.references, outcome), []
        found = [
            each
            for each in compare(self.references, outcome, self.normalise)
            if each.is_wrong and each.kind not in self.varying
        ]
        return [each.text for each in found], [each.module for each in found if each.module]

    def learn_what_varies(self) -> None:
        """Find the kinds of outcome in which one eager run differs from the others; they prove nothing."""
        found = set()
        for one in self.references:
            others = [each for each in self.references if each is not one]
            found |= {each.kind for each in compare(others, one, self.normalise) if each.is_wrong}
        self.varying = frozenset(found) - {"status"}

    def passes_check(self, outcome: Outcome) -> bool:
        """What the user's own check says of a run."""
        if outcome.status == HANG or self.check is None:
            return False
        done = subprocess.run(
            self.check, shell=True, input=outcome.stdout, capture_output=True, cwd=self.command.folder
        )
        return done.returncode == 0

    def suspects(self, outcome: Outcome) -> list[str]:
        """The modules that a failure's traceback and message name, the innermost first."""
        files = {file: name for name, file in files_of(self.references[0]).items() if file}
        frames = [files.get(path.decode("utf-8", "replace")) for path in _FRAME.findall(outcome.stderr)]
        named = [name.decode() for name in _NAMED.findall(outcome.stderr)]
        found = [name for name in (*reversed(named), *reversed(frames)) if name and name != "__main__"]
        return list(dict.fromkeys(found))


def status_fault(references: Sequence[Outcome], outcome: Outcome) -> list[str]:
    """Whether a run ended differently from the references, in words."""
    expected = sorted({each.status for each in references})
    if outcome.status in expected:
        return []
    last = outcome.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    how = "it hangs" if outcome.status == HANG else f"exit status {outcome.status}"
    return [f"{how} instead of {' or '.join(expected)}" + (f": {last[:200]}" if last else "")]


def files_of(outcome: Outcome) -> dict[str, str | None]:
    """The modules of a run and their files, in order of loading."""
    rows: Iterable[tuple[str, str | None, str]] = (outcome.observation or {}).get("modules", ())
    return {name: origin for name, origin, _ in rows}


def packed(outcome: Outcome) -> dict[str, Any]:
    """A reference as JSON."""
    fields = {name: getattr(outcome, name) for name in outcome.__dataclass_fields__ if name != "trial"}
    for name in ("stdout", "stderr"):
        fields[name] = base64.b64encode(fields[name]).decode("ascii")
    return fields


def unpacked(fields: Mapping[str, Any]) -> Outcome:
    """The reference that `packed` was given."""
    rest = {**fields, "children": tuple(fields["children"])}
    for name in ("stdout", "stderr"):
        rest[name] = base64.b64decode(fields[name])
    return Outcome(trial=Trial(runs.EAGER), **rest)
