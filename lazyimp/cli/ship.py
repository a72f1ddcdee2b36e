"""`lazyimp ship`: a recorded program, its environment and its code, run on another machine."""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import replace

from lazyimp.cli import manifest as making
from lazyimp.cli.brief import brief
from lazyimp.cli.ship_ahead import go_ahead
from lazyimp.cli.ship_follow import carry_and_follow
from lazyimp.cli.ship_needs import WITH_VALUES
from lazyimp.cli.ship_options import (
    access_of,
    add_access,
    add_job,
    cache,
    check_report,
    connect,
    job_of,
    note,
)
from lazyimp.cli.ship_report import plan_lines
from lazyimp.errors import UsageError
from lazyimp.manifest.index_config import read_config
from lazyimp.manifest.kept import kept
from lazyimp.manifest.values import Manifest, Undecided
from lazyimp.ship.carrying import carrier_for
from lazyimp.ship.channels import anywhere, open_channel
from lazyimp.ship.errors import ShipError
from lazyimp.ship.inputs import inputs_of
from lazyimp.ship.jobfile import JobFile, check
from lazyimp.ship.locks import locked
from lazyimp.ship.planfile import as_json, check_files, read_plan
from lazyimp.ship.planning import OWN, environment_of, named, placed, program_first, program_words
from lazyimp.ship.values import EnvironmentWish, JobWish, Plan

OWN_WITH_VALUES = (
    *("--to", "--store", "--known-hosts", "--identity", "--manifest", "--record", "--plan", "--save-plan"),
    *("--name", "--python", "--env", "--secret", "--output", "--into", "--limit", "--grace", "--report"),
)


# options that a plan is made with, and that cannot change it afterwards
IN_PLANS = (
    *("manifest", "record", "index", "any_build", "name", "python", "env", "secret", "output", "limit"),
    *("accelerator", "gpus", "cpus", "memory", "output_limit"),
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
            place += 2 if words[place] in (*OWN_WITH_VALUES, *WITH_VALUES) else 1
        return min(place, len(words))

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp ship --to DEST [options] script [arguments]"
        add_access(parser)
        parser.add_argument("--plan", metavar="FILE", help="carry out a plan that was saved")
        parser.add_argument(
            "--manifest", metavar="FILE", help="a manifest or a record; else the last run's here"
        )
        parser.add_argument("--record", metavar="FILE", help="the record of a run, in place of a manifest")
        parser.add_argument(
            "--index", action="store_true", help="ask the indexes here for files and their hashes"
        )
        add_planning(parser)
        add_job(parser)

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Plan it, and do it or show it."""
        with brief():
            return self._run(options, rest)

    def _run(self, options: argparse.Namespace, rest: list[str]) -> int:
        check_report(options)
        plan = self._saved(options, rest) if options.plan else self._plan(options, rest)
        if options.store:
            plan = replace(plan, store=options.store)
        if options.save_plan:
            save(plan, options)
        return show(plan, options) if options.dry_run else carry_and_follow(plan, options)

    def _saved(self, options: argparse.Namespace, rest: list[str]) -> Plan:
        if rest:
            raise UsageError(f"a saved plan has its program; leave out {rest[0]!r}")
        for name in IN_PLANS:
            if getattr(options, name):
                raise UsageError(
                    f"a saved plan says that already; make it again with --{name.replace('_', '-')}"
                )
        plan = read_plan(options.plan)
        check_files(plan)
        return replace(plan, destination=anywhere(options.to)) if options.to else plan

    def _plan(self, options: argparse.Namespace, rest: list[str]) -> Plan:
        if not rest:
            raise UsageError("name the script to ship; `lazyimp ship --to DEST train.py`")
        if not options.to:
            raise UsageError("name a host with --to DEST")
        if not os.path.isfile(rest[0]):
            raise UsageError(f"no script {rest[0]!r}")
        if options.record and options.manifest:
            raise UsageError("--record and --manifest both say what was recorded; keep one")
        job = job_of(options)
        job.manifest = options.manifest or options.record or ""
        job.environment, job.command = "auto", ["python"]
        check(job, "lazyimp ship")
        go_ahead(options, job.to, lambda: open_channel(job.to, access_of(options)))
        return plan_program(job, rest[0], rest[1:], options.any_build, options.index)


def add_planning(parser: argparse.ArgumentParser) -> None:
    """Options about plans, which `ship` and `job run` share."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("--save-plan", metavar="FILE", help="write the plan, to be carried out later")
    parser.add_argument("--any-build", action="store_true", help="allow the host to build from sources")


def save(plan: Plan, options: argparse.Namespace) -> None:
    """Write the plan to where --save-plan says."""
    making.write_whole(options.save_plan, as_json(plan), force=True)


def show(plan: Plan, options: argparse.Namespace) -> int:
    """Show what would be done; 1 if something stands in the way."""
    channel = connect(options, plan.destination)
    try:
        plan, lack = carrier_for(channel).look(plan)
        print("\n".join(plan_lines(plan, lack)))
    finally:
        channel.close()
    return 1 if any(each.blocks for each in plan.refused) else 0


def manifest_for(path: str, index: bool = False) -> Manifest:
    """The manifest in a file, or made of a record: that of the last run here where none is named."""
    parser = argparse.ArgumentParser()
    making.MakeManifest().add_options(parser)
    path = path or making.last_record()
    options = parser.parse_args([*(["--index"] if index else []), "--", path])
    if (
        index or not os.path.exists(path) or making.is_manifest(path)
    ):  # what an index says may change any time
        return making.made(options)
    return kept(path, os.path.join(cache(), "manifests"), lambda: making.made(options))


def find_links() -> tuple[str, ...]:
    """Where installers here find wheels without an index."""
    return read_config(os.environ, sys.prefix, os.getcwd()).find_links


def plan_program(
    job: JobFile, script: str, arguments: list[str], any_build: bool = False, index: bool = False
) -> Plan:
    """The plan for a recorded program."""
    manifest = manifest_for(job.manifest, index)
    words, parts = program_words(manifest, script, arguments)
    environment, refused = _environment(job, manifest, any_build)
    if not manifest.complete:
        why = "; ".join(["the recorded run did not end by itself", *manifest.notes])
        note(f"{why}; the manifest may lack something")
    wish = job_wish(job, words, job.name or os.path.splitext(os.path.basename(script))[0])
    wish = replace(wish, place=placed(parts, os.getcwd()), arguments=len(arguments))
    return Plan(
        anywhere(job.to), wish, environment, tuple(parts), (*refused, *_undecided(manifest)), store=job.store,
    )  # fmt: skip


def job_wish(job: JobFile, words: list[str], name: str) -> JobWish:
    """The job as the host gets it."""
    return JobWish(
        command=tuple(words),
        name=name,
        env=job.env,
        secrets=tuple(job.secrets),
        inputs=inputs_of(job.inputs, cache()),
        outputs=tuple(job.outputs),
        limit_s=job.limit_s,
        grace_s=job.grace_s,
        signal=job.signal,
        image=job.image,
        resources=job.resources,
        output_limit_bytes=job.output_limit_bytes,
    )


def plan_command(job: JobFile, any_build: bool = False) -> Plan:
    """The plan for a command: with a manifest's environment and code, a lock's, an image's, or the host's own."""
    wish = job_wish(job, job.command, job.name or os.path.basename(job.command[0]))
    to = anywhere(job.to)
    coded = next((word for word in job.command if re.match(r"\{code\}(/|$)", word)), "")
    if coded and job.environment != "auto" and not job.manifest:
        raise ShipError(f"{coded!r}: the job has no code; name the manifest of its program")
    if job.environment == "lock":
        environment = locked(job.lock, job.python, cache())
        return Plan(to, wish, named(replace(environment, accelerator=job.accelerator)), store=job.store)
    if job.environment == "auto" or job.manifest:
        manifest = manifest_for(job.manifest)
        parts = program_first(manifest)
        wish = replace(wish, place=placed(parts, os.getcwd()))
        if job.environment == "image":  # the image has the distributions; the program's own code travels
            return Plan(to, wish, None, parts, _undecided(manifest), store=job.store)
        environment, refused = _environment(job, manifest, any_build)
        wish = replace(
            wish, env={"LAZYIMP": "1", **wish.env}
        )  # its environment has lazyimp, and it is on there
        return Plan(to, wish, environment, parts, (*refused, *_undecided(manifest)), store=job.store)
    return Plan(to, wish, store=job.store)


def _undecided(manifest: Manifest) -> tuple[Undecided, ...]:
    """What the manifest leaves open, but for lazyimp itself, which is sent in any case."""
    return tuple(each for each in manifest.undecided if each.what != OWN)


def _environment(
    job: JobFile, manifest: Manifest, any_build: bool
) -> tuple[EnvironmentWish, list[Undecided]]:
    return environment_of(manifest, cache(), job.python, any_build, job.accelerator, find_links())
