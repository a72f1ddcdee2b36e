"""Starts a program that records itself, in the foreground, and keeps what it wrote."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lazyimp.errors import LazyimpError
from lazyimp.running import foreground, store
from lazyimp.running.machine import Watch
from lazyimp.tuning.runs import Command, Trial, environment

FIRST_BATCH = "first-batch"


class NoRecord(LazyimpError):
    """A program that left no record."""

    slug = "no-record"


@dataclass(frozen=True)
class Wish:
    """How a program is run: `mode` as in Trial; `stop` is where it ends by itself, None: at its end."""

    mode: str
    files: bool = False  # what it opens is recorded, too
    stop: str | None = None
    steps: bool = False  # the steps after the first batch are timed, too
    summary: bool = False  # it says one line at its first batch
    limit_s: float | None = None

    def switches(self, record: Path) -> dict[str, str | None]:
        """The variables that tell the program so."""
        return {
            "LAZYIMP_OBSERVE": None,
            "LAZYIMP_PROFILE": os.environ.get("LAZYIMP_PROFILE"),
            "LAZYIMP_RECORD": str(record),
            "LAZYIMP_RECORD_FILES": "1" if self.files else None,
            "LAZYIMP_RECORD_STEPS": "1" if self.steps else None,
            "LAZYIMP_SUMMARY": "1" if self.summary else None,
            "LAZYIMP_STOP": self.stop,
            "LAZYIMP_TRACKERS": os.environ.get("LAZYIMP_TRACKERS"),
        }


def environment_for(wish: Wish, record: Path) -> dict[str, str]:
    """The variables of a recorded run."""
    return environment(os.environ, Trial(wish.mode, env=wish.switches(record)), record)


def run_recorded(
    command: Command, wish: Wish, run: store.Run, *, name: str = store.RECORD, to_stderr: bool = False
) -> tuple[store.Run, foreground.Ended]:
    """Run `command` in the foreground; its record goes into the folder of `run`, which says what came of it."""
    watch = Watch()
    record = run.folder / name
    ended = foreground.run(
        command.argv,
        environment_for(wish, record),
        wish.limit_s,
        to_stderr=to_stderr,
        end_all=wish.stop is not None,
    )
    if record.is_file():
        name_program(record, command)
    facts = {
        "record": name,
        "mode": wish.mode,
        "status": ended.code,
        "in_time": ended.in_time,
        "wall_s": round(ended.wall_s, 6),
        "cpu_s": round(ended.cpu_s, 6),
        "peak_bytes": ended.peak_bytes,
        "machine": watch.facts(ended.cpu_s),
    }
    return store.note(run, facts), ended


def check_recorded(run: store.Run, command: Command) -> None:
    """Raise NoRecord, with what is known of the reason, where a run left no record."""
    if run.record.is_file():
        return
    options = {word for word in command.argv[1:6] if word in ("-E", "-I")}
    if options:
        why = f"{' '.join(sorted(options))} hides the switches that ask for one"
    else:
        why = f"lazyimp is not at work in {command.argv[0]}; install it there"
    raise NoRecord(f"the program left no record: {why}")


def name_program(record: Path, command: Command) -> None:
    """Add to a record what the user called the program, where it was an installed command that `-c` started."""
    name, words = command.shown[0], len(command.shown)
    names_interpreter = words == len(command.argv)  # `python -c ...`: it is what it says
    if name.startswith("-") or names_interpreter or "-c" not in command.argv or command.argv[-words] == name:
        return
    fact = json.dumps(["v", "main", {"kind": "command", "name": os.path.basename(name)}])
    with open(record, "rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        torn = file.read(1) not in (b"\n", b"")  # a process that was killed may leave half a line
        file.write(("\n" if torn else "").encode() + fact.encode() + b"\n")


def copy_record(record: Path, place: Path) -> None:
    """Copy a record, and those of the processes below it, to `place`."""
    forget_record(place)
    for each in parts(record):
        shutil.copyfile(each, place.with_name(place.name + each.name[len(record.name) :]))


def forget_record(place: Path) -> None:
    """Remove a record that is there; the next one would be appended to it."""
    for each in parts(place):
        each.unlink(missing_ok=True)


def parts(record: Path) -> list[Path]:
    """The files of a record: the run's own, and one for each process below it."""
    try:
        names = sorted(os.listdir(record.parent))
    except OSError:
        return []
    rests = {name: name[len(record.name) :] for name in names if name.startswith(record.name)}
    return [
        record.with_name(name)
        for name, rest in rests.items()
        if not rest or (rest[0] == "." and rest[1:].replace(".", "").isdigit())
    ]
