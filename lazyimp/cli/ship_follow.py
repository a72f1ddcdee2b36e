"""Starts a planned job, shows its output as it is written, and brings back what it made."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from typing import Any

from lazyimp.cli.manifest import write_whole
from lazyimp.cli.ship_options import connect, grace_s, new_id, note, remember
from lazyimp.cli.ship_report import report_json, show_report, times_of
from lazyimp.ship.carrying import Shipped, carrier_for
from lazyimp.ship.errors import ShipError
from lazyimp.ship.following import ENDED, Follower, exit_status, fetch
from lazyimp.ship.values import Plan

SECOND_INTERRUPT_S = 2.0  # after the first, within which another one cancels
DETACHED = 130


def carry_and_follow(plan: Plan, options: argparse.Namespace) -> int:
    """Do what the plan says; the status is the command's."""
    began = time.time_ns()
    job = new_id(plan.job.name)
    say = (lambda _: None) if options.quiet else note
    store = None
    if plan.store:
        from lazyimp.ship.store import Store  # it loads much, for those who use one

        store = Store(plan.store, os.environ, say)
    channel = connect(options, plan.destination)
    try:
        carrier = carrier_for(channel, say, store)
        done = carrier.carry(plan, job, os.environ, began)
    except KeyboardInterrupt:
        remember(job, plan.destination)
        ls = f"lazyimp job ls --to {shlex.quote(plan.destination)}"
        note(f"interrupted; what was sent stays for the next time. `{ls}` tells whether {job} runs")
        channel.close()
        raise
    except BaseException:
        channel.close()
        raise
    done.asked_ns = began
    remember(job, plan.destination)
    if not options.quiet or options.detach:
        word = "is queued" if done.state.get("state") == "queued" else "runs"
        note(f"job {job} {word} on {plan.destination}; `lazyimp job attach {job}` follows it")
    follower = Follower(lambda: connect(options, plan.destination), job, channel, note)
    if options.detach:
        follower.close()
        return 0
    most = plan.job.output_limit_bytes if plan.job.outputs else 0
    return follow(follower, options, plan.destination, done, most)


def follow(
    follower: Follower,
    options: argparse.Namespace,
    destination: str,
    done: Shipped | None = None,
    output_limit_bytes: int = 0,
    since: dict[str, int] | None = None,
) -> int:
    """Show output to the job's end, then fetch outputs (0: none); Ctrl-C once leaves, twice cancels."""
    try:
        state = follower.follow(write, since)
    except KeyboardInterrupt:
        return _interrupted(follower, options, destination)
    try:
        assert follower.channel is not None
        if output_limit_bytes:
            _bring(follower, options.into or follower.job, output_limit_bytes, state)
        if done is not None and (options.report or not options.quiet):
            times = times_of(follower.channel, done, state)
            if options.report:
                write_whole(options.report, report_json(times, done, state, destination), force=True)
            if not options.quiet:
                show_report(times, done, state)
    finally:
        follower.close()
    if state["state"] not in ("done", "failed"):
        note(f"job {follower.job}: {_words(state)}")
    return exit_status(state)


def _bring(follower: Follower, into: str, most_bytes: int, state: dict[str, Any]) -> None:
    assert follower.channel is not None
    try:
        names = fetch(follower.channel, follower.job, into, most_bytes=most_bytes, tell=note)
    except ShipError as error:
        if "lazyimp job get" in str(error):
            raise
        ended = f"the job has ended ({state['state']}, exit status {exit_status(state)})"
        way = f"{ended}; `lazyimp job get {follower.job}` brings its outputs"
        raise type(error)(f"{error}; {way}") from None
    note(f"{len(names)} output {'file' if len(names) == 1 else 'files'} in {into}")


def write(stream: str, data: bytes) -> None:
    """The job's bytes as they are."""
    target = sys.stdout if stream == "out" else sys.stderr
    target.flush()
    target.buffer.write(data)
    target.buffer.flush()


def cancel(options: argparse.Namespace, destination: str, job: str, grace_s: float) -> dict[str, Any]:
    """Ask the job to end, kill it after the grace; its state."""
    channel = connect(options, destination)
    try:
        state: dict[str, Any] = channel.ask("cancel", id=job, grace_s=grace_s)
    finally:
        channel.close()
    return state


def _interrupted(follower: Follower, options: argparse.Namespace, destination: str) -> int:
    try:  # the second one may come as soon as there is something to read
        note(
            f"job {follower.job} goes on; Ctrl-C again cancels it, `lazyimp job attach {follower.job}` comes back"
        )
        time.sleep(SECOND_INTERRUPT_S)
        follower.close()
    except KeyboardInterrupt:
        note("cancelling")
        state = cancel(options, destination, follower.job, grace_s(options))
        note(f"job {follower.job}: {_words(state)}")
        return exit_status(state) if state["state"] in ENDED else 1
    return DETACHED


def _words(state: dict[str, Any]) -> str:
    return {
        "timeout": "its time was over",
        "lost": "whatever watched over it was killed, so its exit status is not known",
    }.get(state["state"], str(state["state"]))
