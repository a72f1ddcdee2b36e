"""Slurm: the way to its login host, and what a job asks of it, as options of sbatch.

`slurm://[user@]host[:port][/folder]?partition=gpu&gpus=2`, or `slurm:FOLDER?...` where sbatch is on this machine.
"""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import parse_qsl

from lazyimp.errors import unknown_word
from lazyimp.ship.channels import Access, Channel, open_channel
from lazyimp.ship.errors import ShipError

SPARE_S = 90  # Slurm looks at time limits twice a minute: ours goes first
PLAIN = r"[A-Za-z0-9_.,@+-]+"
# what a destination may ask for -> (what it has to look like, the option it becomes)
ASKS = {
    "partition": (PLAIN, "--partition={}"),
    "account": (PLAIN, "--account={}"),
    "qos": (PLAIN, "--qos={}"),
    "reservation": (PLAIN, "--reservation={}"),
    "constraint": (r"[A-Za-z0-9_.&|*\[\]()-]+", "--constraint={}"),
    "gpus": (r"([A-Za-z0-9_.-]+:)?[0-9]+", "--gres=gpu:{}"),
    "cpus": (r"[1-9][0-9]*", "--cpus-per-task={}"),
    "memory": (r"[1-9][0-9]*[KMGT]?", "--mem={}"),
    "time": (r"[0-9]+|([0-9]+-)?[0-9]+(:[0-9]+){1,2}|[0-9]+-[0-9]+", "--time={}"),
    "extra": (r"--[a-z][a-z0-9-]*(=[^\n\0]*)?", "{}"),  # any other option; may be given more than once
}
OURS = (
    *(
        "array",
        "chdir",
        "error",
        "export-file",
        "input",
        "job-name",
        "nodes",
        "ntasks",
        "open-mode",
        "output",
    ),
    *("parsable", "requeue", "signal", "test-only", "wait", "wrap", "help", "version", "usage"),
)  # extras that would break what watches over the job


def connect(destination: str, access: Access) -> Channel:
    """Go to the login host; raises ShipError where there is no Slurm."""
    place, _, query = destination.partition("?")
    options = options_of(query)
    rest = place.partition(":")[2]
    if rest.startswith("//"):
        inner = open_channel(f"ssh:{rest}", access)
    else:
        inner = open_channel(f"local:{rest or '~/.lazyimp'}", access)
    try:
        return Slurm(inner, options)
    except BaseException:
        inner.close()
        raise


def options_of(query: str) -> dict[str, list[str]]:
    """The options of sbatch that a destination asks for, by what asks for them; raises ShipError."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in ASKS:
            raise ShipError(f"the destination: {unknown_word('resource', name, tuple(ASKS))}")
        shape, option = ASKS[name]
        if not re.fullmatch(shape, value):
            raise ShipError(f"the destination: {name}={value!r} is nothing that Slurm takes")
        if name == "extra" and value[2:].partition("=")[0] in OURS:
            raise ShipError(f"the destination: {value!r} would break what watches over the job; leave it out")
        if name in found and name != "extra":
            raise ShipError(f"the destination: {name} is there twice")
        found.setdefault(name, []).append(option.format(value))
    return found


def for_job(options: dict[str, list[str]], wish: dict[str, Any]) -> list[str]:
    """All options for one job: what the destination asks for goes before what the job says of its resources."""
    resources, made = wish.get("resources") or {}, dict(options)
    if resources.get("gpus"):
        made.setdefault("gpus", [f"--gres=gpu:{resources['gpus']}"])
    if resources.get("cpus"):
        made.setdefault("cpus", [f"--cpus-per-task={math.ceil(resources['cpus'])}"])
    if resources.get("memory_bytes"):
        made.setdefault("memory", [f"--mem={math.ceil(resources['memory_bytes'] / (1 << 20))}M"])
    if wish.get("limit_s"):
        whole = wish["limit_s"] + wish.get("grace_s", 10) + SPARE_S
        made.setdefault("time", [f"--time={math.ceil(whole / 60)}"])
    return [each for name in ASKS for each in made.get(name, ())]


class Slurm:
    """A login host: files and environments as on any host, jobs by sbatch."""

    scheduler = "Slurm"  # chooses the node

    def __init__(self, inner: Channel, options: dict[str, list[str]]) -> None:
        self.inner, self.options = inner, options
        self.wants_gpus = "gpus" in options
        hello = inner.ask("hello")
        if not hello.get("sbatch"):
            raise ShipError(
                "the host has no sbatch on its PATH, so it is no login host of Slurm; name one, or use ssh:// to run "
                "the job on the host itself"
            )

    def ask(self, command: str, /, **wish: Any) -> Any:
        """What the host part answers; jobs are started with our options for sbatch."""
        if command == "start":
            wish["sbatch"] = for_job(self.options, wish)
        return self.inner.ask(command, **wish)

    def put(self, path: str, place: str, offset: int) -> None:
        """Write a file's bytes from `offset` on into a file there."""
        self.inner.put(path, place, offset)

    def get(self, place: str, path: str, size_bytes: int) -> None:
        """Copy a file from there, and no more of it than it is said to have."""
        self.inner.get(place, path, size_bytes)

    def close(self) -> None:
        """Leave; jobs go on."""
        self.inner.close()
