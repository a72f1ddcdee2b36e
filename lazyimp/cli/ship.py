"""`lazyimp ship`: a recorded program, its environment and its code, run on another machine."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

from lazyimp.cli import manifest as making
from lazyimp.cli.ship_follow import carry_and_follow
from lazyimp.cli.ship_options import add_access, add_job, cache, connect, job_of, note
from lazyimp.cli.ship_report import plan_lines
from lazyimp.errors import UsageError
from lazyimp.manifest.values import Manifest, Target
from lazyimp.ship.carrying import carrier_for
from lazyimp.ship.jobfile import JobFile, check
from lazyimp.ship.planfile import as_json, read_plan
from lazyimp.ship.planning import blob_of, environment_of, named, placed, program_words
from lazyimp.ship.values import EnvironmentWish, JobWish, Plan

WITH_VALUES = (
    *(
        "--to",
        "--known-hosts",
        "--identity",
        "--manifest",
        "--plan",
        "--save-plan",
        "--name",
        "--python",
        "--env",
    ),
    *("--secret", "--output", "--into", "--limit", "--grace"),
)


class Ship:
    """Run a recorded program on another machine, in an environment made for it."""

    name = "ship"

    def split(self, words: list[str]) -> int:
        """Ours are the options in front of the script."""
        place = 0
        while place < len(words) and words[place].startswith("-"):
            if words[place] == "--":
                return place + 1
            place += 2 if words[place] in WITH_VALUES else 1
        return min(place, len(words))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp ship --to DEST [options] script [arguments]"
        add_access(parser)
        parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
        parser.add_argument("--save-plan", metavar="FILE", help="write the plan, to be carried out later")
        parser.add_argument("--plan", metavar="FILE", help="carry out a plan that was saved")
        parser.add_argument(
            "--manifest", metavar="FILE", help="a manifest or a record; else the last run's here"
        )
        parser.add_argument("--any-build", action="store_true", help="allow the host to build from sources")
        add_job(parser)

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Plan it, and do it or show it."""
        plan = read_plan(options.plan) if options.plan else self._plan(options, rest)
        if options.save_plan:
            making.write_whole(options.save_plan, as_json(plan), force=True)
        if not options.dry_run:
            return carry_and_follow(plan, options)
        channel = connect(options, plan.destination)
        try:
            print("\n".join(plan_lines(plan, carrier_for(channel).look(plan))))
        finally:
            channel.close()
        return 1 if any(each.blocks for each in plan.refused) else 0

    def _plan(self, options: argparse.Namespace, rest: list[str]) -> Plan:
        if not rest:
            raise UsageError("name the script to ship; `lazyimp ship --to DEST train.py`")
        if not options.to:
            raise UsageError("name a host with --to DEST")
        if not os.path.isfile(rest[0]):
            raise UsageError(f"no script {rest[0]!r}")
        job = job_of(options)
        job.manifest = options.manifest or ""
        job.command = ["python"]
        check(job, "lazyimp ship")
        return plan_program(job, rest[0], rest[1:], options.any_build)


def manifest_for(path: str) -> Manifest:
    """The manifest in a file, or made of a record: that of the last run here where none is named."""
    parser = argparse.ArgumentParser()
    making.MakeManifest().add_options(parser)
    return making.made(parser.parse_args([path] if path else []))


def plan_program(job: JobFile, script: str, arguments: list[str], any_build: bool = False) -> Plan:
    """The plan for a recorded program."""
    manifest = manifest_for(job.manifest)
    words, parts = program_words(manifest, script, arguments)
    environment, refused = environment_of(manifest, cache(), job.python, any_build)
    if not manifest.complete:
        note("the recorded run did not end by itself; the manifest may lack something")
    wish = job_wish(job, words, job.name or os.path.splitext(os.path.basename(script))[0])
    place = placed(parts, os.getcwd())
    return Plan(
        job.to, replace(wish, place=place), environment, tuple(parts),
        (*refused, *manifest.undecided),
    )  # fmt: skip


def job_wish(job: JobFile, words: list[str], name: str) -> JobWish:
    """The job as the host gets it."""
    return JobWish(
        command=tuple(words),
        name=name,
        env=job.env,
        secrets=tuple(job.secrets),
        inputs=tuple(blob_of(path, each) for each, path in sorted(job.inputs.items())),
        outputs=tuple(job.outputs),
        limit_s=job.limit_s,
        grace_s=job.grace_s,
        signal=job.signal,
    )


def plan_command(job: JobFile) -> Plan:
    """The plan for a command: with a manifest's environment and code, a lock's environment, or the host's own."""
    wish = job_wish(job, job.command, job.name or os.path.basename(job.command[0]))
    if job.manifest:
        manifest = manifest_for(job.manifest)
        environment, refused = environment_of(manifest, cache(), job.python)
        return Plan(job.to, wish, environment, manifest.local, (*refused, *manifest.undecided))
    return Plan(job.to, wish, locked(job) if job.lock else None)


def locked(job: JobFile) -> EnvironmentWish:
    """The environment of a requirements file, every line exact."""
    try:
        with open(job.lock, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise UsageError(f"cannot read {job.lock!r}: {error.strerror}") from None
    lines = [line.split(" #")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    loose = [line for line in lines if "==" not in line and " @ " not in line]
    if loose:
        raise UsageError(f"{job.lock}: {loose[0]!r} is not exact; write NAME==VERSION")
    wish = EnvironmentWish("", job.python, "".join(f"{line}\n" for line in sorted(lines)))
    return named(wish, Target(job.python))
