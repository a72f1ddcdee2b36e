"""Options of `ship` and `job run` about what a job needs of its host and may bring back."""

from __future__ import annotations

import argparse
import math

from lazyimp.errors import UsageError
from lazyimp.ship.amounts import bytes_of
from lazyimp.ship.errors import ShipError
from lazyimp.ship.jobfile import JobFile
from lazyimp.ship.values import Resources

WITH_VALUES = ("--accelerator", "--gpus", "--cpus", "--memory", "--output-limit")


def add_needs(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    parser.add_argument(
        "--accelerator",
        default="",
        metavar="NAME",
        help="auto (asks the host), cuda, cpu, one such as cu126, or index",
    )
    parser.add_argument("--gpus", type=int, metavar="N", help="GPUs that no other job there has")
    parser.add_argument("--cpus", type=float, metavar="N", help="processors that have to be there")
    parser.add_argument("--memory", metavar="AMOUNT", help="memory that has to be there, such as 16GB")
    parser.add_argument(
        "--output-limit", metavar="AMOUNT", help="the most that is brought back; 10GB where nothing is said"
    )


def add_to(job: JobFile, options: argparse.Namespace) -> None:
    """Put what the flags say into the job, in place of what a file says; raises UsageError."""
    try:
        memory = bytes_of(options.memory, "--memory") if options.memory else None
        limit = bytes_of(options.output_limit, "--output-limit") if options.output_limit else None
    except ShipError as error:
        raise UsageError(str(error)) from None
    old = job.resources
    wanted = [
        mine if mine is not None else theirs
        for mine, theirs in ((options.gpus, old.gpus), (options.cpus, old.cpus), (memory, old.memory_bytes))
    ]
    if not all(0 <= each < math.inf for each in wanted):
        raise UsageError("--gpus and --cpus are counted from 0 on")
    job.resources = Resources(int(wanted[0]), wanted[1], int(wanted[2]))
    job.accelerator = options.accelerator or job.accelerator
    job.output_limit_bytes = job.output_limit_bytes if limit is None else limit


def pairs(words: list[str], option: str) -> dict[str, str]:
    """NAME=VALUE words as a dict; raises UsageError."""
    found = {}
    for each in words:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {each!r} is not NAME=VALUE")
        found[name] = value
    return found


def add_flags(job: JobFile, options: argparse.Namespace) -> None:
    """Put the other flags into a job that was read from a file: names and limits replace, lists grow."""
    job.to, job.store = options.to or job.to, options.store or job.store
    job.name = options.name or job.name
    job.python = options.python or job.python
    job.env.update(pairs(options.env, "--env"))
    job.secrets += [each for each in options.secret if each not in job.secrets]
    job.outputs += [each for each in options.output if each not in job.outputs]
    job.limit_s = options.limit or job.limit_s
    job.grace_s = job.grace_s if options.grace is None else options.grace
    add_to(job, options)
