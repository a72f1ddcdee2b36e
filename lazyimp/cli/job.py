"""`lazyimp job`: jobs on other machines: run, logs, attach, cancel, ls, get, gc."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from typing import Any

from lazyimp.cli.ship import plan_command
from lazyimp.cli.ship_follow import cancel, carry_and_follow, follow, write
from lazyimp.cli.ship_options import add_access, add_job, connect, destination_of, job_of, note
from lazyimp.errors import UsageError, unknown_word
from lazyimp.reports.terminal import Style
from lazyimp.ship.channels.talk import printable
from lazyimp.ship.following import ENDED, Follower, exit_status, fetch
from lazyimp.ship.jobfile import check, read_job_file

ACTIONS = {
    "run": "run job.toml, or a command after --",
    "logs": "what a job has written; -f follows it",
    "attach": "follow a job to its end; the status is its own",
    "cancel": "end a job",
    "ls": "the jobs on a host",
    "get": "bring a job's outputs back",
    "gc": "remove old jobs, and environments, code and files that no job uses",
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
        parser.add_argument("action", help=listed)
        parser.set_defaults(job="")
        self.parser = parser
        add_access(parser)
        add_job(parser)
        parser.add_argument("--manifest", default="", metavar="FILE", help="run: its environment and code")
        parser.add_argument("--lock", default="", metavar="FILE", help="run: an environment of exact lines")
        parser.add_argument(
            "--input", action="append", default=[], metavar="NAME=FILE", help="run: a file to send"
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
        if options.action not in ACTIONS:
            raise UsageError(unknown_word("action", options.action, tuple(ACTIONS)))
        action: Any = getattr(self, f"_{options.action}")
        return int(action(options, rest[1:]))

    def _run(self, options: argparse.Namespace, rest: list[str]) -> int:
        job = read_job_file(options.job) if options.job else job_of(options)
        if not options.job:
            job.command, job.manifest, job.lock = rest, options.manifest, options.lock
            for each in options.input:
                name, equals, path = each.partition("=")
                if not equals:
                    raise UsageError(f"--input {each!r} is not NAME=FILE")
                job.inputs[name] = path
            check(job, "lazyimp job run")
        job.to = options.to or job.to
        if not job.to:
            raise UsageError("name a host with --to DEST, or `to` in the job file")
        return carry_and_follow(plan_command(job), options)

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
            _follower(options), options, destination_of(options, options.job), None, bool(options.into), since
        )

    def _cancel(self, options: argparse.Namespace, rest: list[str]) -> int:
        state = cancel(options, destination_of(options, options.job), options.job, options.grace)
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
            for name in fetch(channel, options.job, options.into or options.job):
                print(os.path.join(options.into or options.job, name))
        finally:
            channel.close()
        return 0

    def _gc(self, options: argparse.Namespace, rest: list[str]) -> int:
        channel = connect(options, destination_of(options))
        try:
            for each in channel.ask("sweep", older_s=options.older * 86400):
                print(printable(str(each)))
        finally:
            channel.close()
        return 0


def _follower(options: argparse.Namespace) -> Follower:
    destination = destination_of(options, options.job)
    return Follower(lambda: connect(options, destination), options.job, tell=note)
