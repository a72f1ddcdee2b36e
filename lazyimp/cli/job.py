"""`lazyimp job`: jobs on other machines: run, logs, attach, cancel, ls, get, gc."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from typing import Any

from lazyimp.cli.brief import brief
from lazyimp.cli.ship import add_planning, plan_command, save, show
from lazyimp.cli.ship_follow import cancel, carry_and_follow, follow, write
from lazyimp.cli.ship_needs import add_flags, add_to, pairs
from lazyimp.cli.ship_options import (
    add_access,
    add_job,
    check_report,
    connect,
    destination_of,
    grace_s,
    job_of,
    note,
)
from lazyimp.errors import UsageError, unknown_word
from lazyimp.reports.terminal import Style
from lazyimp.ship.channels.talk import printable
from lazyimp.ship.following import ENDED, Follower, exit_status, fetch
from lazyimp.ship.jobfile import JobFile, check, read_job_file

ACTIONS = {
    "run": "run job.toml, or a command after --",
    "logs": "what a job has written; -f follows it",
    "attach": "follow a job to its end; the status is its own",
    "cancel": "end a job",
    "ls": "the jobs on a host",
    "get": "bring a job's outputs back",
    "gc": "remove old jobs, and environments, code and files that no job uses; old pieces in a --store",
}
NAMED = ("logs", "attach", "cancel", "get")


class Job:
    """Run commands on other machines, and look after them."""

    name = "job"
    parser: argparse.ArgumentParser | None = None

    def split(self, words: list[str]) -> int:
        """All words are ours, up to --; which action it is decides whether a job has to be named."""
        cut = words.index("--") if "--" in words else len(words)
        action = words[0] if words else ""
        parser, self.parser = self.parser, None  # once: errors ask again where our words end
        if parser is not None and (action in NAMED or (action == "run" and cut == len(words))):
            parser.add_argument("job", help="a job's name, or for run its file")
        return cut

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""
        parser.usage = "lazyimp job ACTION [JOB | job.toml] [options]"
        listed = "; ".join(f"{name}: {what}" for name, what in ACTIONS.items())
        parser.add_argument("action", metavar="|".join(ACTIONS), help=listed)
        parser.set_defaults(job="")
        self.parser = parser
        add_access(parser)
        add_job(parser)
        parser.add_argument("--manifest", default="", metavar="FILE", help="run: its environment and code")
        parser.add_argument(
            "--lock",
            default="",
            metavar="FILE",
            help="run: a requirements file of exact lines, or a pylock.toml",
        )
        parser.add_argument("--image", default="", metavar="NAME", help="run: in a container of this image")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=VALUE", help="run: a variable of the job file"
        )
        add_planning(parser)
        parser.add_argument(
            "--input", action="append", default=[], metavar="NAME=FILE", help="run: a file or folder to send"
        )
        parser.add_argument("-f", "--follow", action="store_true", help="logs: go on until the job ends")
        parser.add_argument(
            "--since", type=int, default=0, metavar="BYTES", help="logs, attach: from here on"
        )
        parser.add_argument("--stream", choices=("out", "err"), help="logs: one of the two")
        parser.add_argument("--json", action="store_true", help="ls: as JSON")
        parser.add_argument(
            "--older", type=float, default=14, metavar="DAYS", help="gc: what is older than so many days"
        )

    def run(self, options: argparse.Namespace, rest: list[str]) -> int:
        """Do what the action says."""
        if options.since < 0:
            raise UsageError("--since counts bytes from 0 on")
        if not 0 <= options.older < math.inf:
            raise UsageError("--older counts days from 0 on")
        check_report(options, options.action == "run")
        if options.action not in ACTIONS:
            raise UsageError(unknown_word("action", options.action, tuple(ACTIONS)))
        action: Any = getattr(self, f"_{options.action}")
        with brief():
            return int(action(options, rest[1:]))

    def _run(self, options: argparse.Namespace, rest: list[str]) -> int:
        if options.job:
            job = read_job_file(options.job, pairs(options.set, "--set"))
            add_flags(job, options)
        elif options.set:
            raise UsageError("--set chooses variables of a job file; name the file")
        else:
            job = job_of(options)
            job.command = rest
        named = {name: getattr(options, name) for name in ("manifest", "lock", "image")}
        if any(named.values()):  # in place of what a file names
            job.environment, job.manifest, job.lock, job.image = "", *named.values()
        job.inputs.update(pairs(options.input, "--input"))
        check(job, options.job or "lazyimp job run")
        if not job.to:
            raise UsageError("name a host with --to DEST, or `to` in the job file")
        plan = plan_command(job, options.any_build)
        if options.save_plan:
            save(plan, options)
        return show(plan, options) if options.dry_run else carry_and_follow(plan, options)

    def _logs(self, options: argparse.Namespace, rest: list[str]) -> int:
        follower = _follower(options)
        wanted = (options.stream,) if options.stream else ("out", "err")
        try:
            follower.follow(
                lambda stream, data: write(stream, data) if stream in wanted else None,
                dict.fromkeys(wanted, options.since),
                until_end=options.follow,
            )
        finally:
            follower.close()
        return 0

    def _attach(self, options: argparse.Namespace, rest: list[str]) -> int:
        since = dict.fromkeys(("out", "err"), options.since)
        return follow(
            _follower(options),
            options,
            destination_of(options, options.job),
            None,
            _output_limit(options) if options.into else 0,
            since,
        )

    def _cancel(self, options: argparse.Namespace, rest: list[str]) -> int:
        state = cancel(options, destination_of(options, options.job), options.job, grace_s(options))
        if state["state"] not in ENDED:
            why = printable(str(state.get("why", "it was asked to end")))
            note(f"job {options.job} is {state['state']} still: {why}")
            return 1
        note(f"job {options.job}: {state['state']}, exit status {exit_status(state)}")
        return 0

    def _ls(self, options: argparse.Namespace, rest: list[str]) -> int:
        channel = connect(options, destination_of(options))
        try:
            jobs = channel.ask("list")
        finally:
            channel.close()
        if options.json:
            print(json.dumps(jobs, indent=2, sort_keys=True))
            return 0
        style = Style.of(sys.stdout)
        for each in jobs:
            began = time.strftime("%Y-%m-%d %H:%M", time.localtime(each.get("asked_ns", 0) / 1e9))
            status = "" if each.get("status") is None else str(exit_status(each))
            line = f"{began}  {printable(str(each['state'])):<9} {status:>3}  {printable(str(each['id']))}"
            print(style.plain(line))
        return 0

    def _get(self, options: argparse.Namespace, rest: list[str]) -> int:
        channel = connect(options, destination_of(options, options.job))
        try:
            if options.store:
                from lazyimp.ship.results import Through
                from lazyimp.ship.store import Store  # it loads much, for those who use one

                channel = Through(channel, Store(options.store, os.environ, note))
            into = options.into or options.job
            for name in fetch(channel, options.job, into, most_bytes=_output_limit(options), tell=note):
                print(printable(os.path.join(into, name)))
        finally:
            channel.close()
        return 0

    def _gc(self, options: argparse.Namespace, rest: list[str]) -> int:
        if options.store:
            from lazyimp.ship.store import Store  # it loads much, for those who use one

            for each in Store(options.store, os.environ).sweep(options.older * 86400, time.time()):
                print(each)
            if not options.to:
                return 0
        channel = connect(options, destination_of(options))
        try:
            for each in channel.ask("sweep", older_s=options.older * 86400):
                print(printable(str(each)))
        finally:
            channel.close()
        return 0


def _output_limit(options: argparse.Namespace) -> int:
    job = JobFile()
    add_to(job, options)
    return job.output_limit_bytes


def _follower(options: argparse.Namespace) -> Follower:
    destination = destination_of(options, options.job)
    return Follower(lambda: connect(options, destination), options.job, tell=note)
