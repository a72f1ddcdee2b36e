"""Options that `ship` and `job` share, and what they mean: ways to hosts, jobs, and which host a job is on."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time

from lazyimp.cli.ship_ahead import taken_up
from lazyimp.cli.ship_needs import add_flags, add_needs
from lazyimp.errors import UsageError
from lazyimp.ship.channels import Access, Channel, open_channel
from lazyimp.ship.jobfile import JobFile


def add_access(parser: argparse.ArgumentParser) -> None:
    """How to get to a host."""
    where = "ssh://[user@]host[:port][/folder], slurm:// the same, ray+http://host:port, or local:FOLDER"
    parser.add_argument("--to", metavar="DEST", help=where)
    parser.add_argument(
        "--store",
        default="",
        metavar="URL",
        help="send files through s3://bucket/prefix, gs://, az://, file://",
    )
    parser.add_argument("--known-hosts", default="", metavar="FILE", help="instead of ~/.ssh/known_hosts")
    parser.add_argument("--identity", default="", metavar="FILE", help="the private key to use")
    parser.add_argument(
        "--accept-new", action="store_true", help="trust a host not seen before; shows its fingerprint"
    )


def add_job(parser: argparse.ArgumentParser) -> None:
    """What a job is."""
    parser.add_argument("--name", default="", help="what the job is called; a time is added")
    parser.add_argument("--python", default="", metavar="X.Y.Z", help="the Python there, or its path")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="set a variable")
    parser.add_argument(
        "--secret", action="append", default=[], metavar="NAME", help="pass a variable from here, unseen"
    )
    parser.add_argument(
        "--output", action="append", default=[], metavar="PATTERN", help="files to bring back"
    )
    parser.add_argument("--into", metavar="FOLDER", help="where to; else a folder called as the job")
    parser.add_argument("--limit", type=float, default=0, metavar="SECONDS", help="end it after so long")
    parser.add_argument(
        "--grace", type=float, metavar="SECONDS", help="between asking and killing; 10 where nothing is said"
    )
    parser.add_argument("--detach", action="store_true", help="leave once it runs")
    parser.add_argument("--report", metavar="FILE", help="write where the time went, as JSON")
    parser.add_argument("--quiet", action="store_true", help="the program's output alone")
    add_needs(parser)


def job_of(options: argparse.Namespace) -> JobFile:
    """The job that flags describe, without its command."""
    job = JobFile()
    add_flags(job, options)
    return job


def check_report(options: argparse.Namespace, is_run: bool = True) -> None:
    """Raise UsageError for a report of what is not followed from its start to its end."""
    if options.report and (options.detach or options.dry_run or not is_run):
        raise UsageError("--report is of a run that is followed from its start to its end; leave it out")


def access_of(options: argparse.Namespace) -> Access:
    """How to get in; a new host's fingerprint is shown."""
    return Access(options.known_hosts, options.identity, options.accept_new, note)


def connect(options: argparse.Namespace, destination: str) -> Channel:
    """Go there."""
    return taken_up(options, destination) or open_channel(destination, access_of(options))


def note(text: str) -> None:
    """Show a line beside the program's output."""
    print(f"lazyimp: {text}", file=sys.stderr, flush=True)


def grace_s(options: argparse.Namespace) -> float:
    """--grace, or what it is where nothing is said."""
    return 10.0 if options.grace is None else float(options.grace)


def new_id(name: str) -> str:
    """A name for a job that no other has."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:40] or "job"
    return f"{plain}-{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(2).hex()}"


def cache() -> str:
    """Where we keep what is made here, for one user."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = os.path.join(base, "lazyimp", "ship")
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def remember(job: str, destination: str) -> None:
    """Keep which host a job is on."""
    folder = os.path.join(cache(), "jobs")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    with open(os.path.join(folder, job), "w", encoding="utf-8") as file:
        file.write(destination)


def destination_of(options: argparse.Namespace, job: str = "") -> str:
    """--to, or where the job was started; raises UsageError."""
    if options.to:
        return str(options.to)
    if job and os.path.basename(job) == job:
        try:
            with open(os.path.join(cache(), "jobs", job), encoding="utf-8") as file:
                return file.read()
        except OSError:
            pass
    raise UsageError(f"where is {job!r}? name the host with --to" if job else "name a host with --to DEST")
