"""Hands jobs to Slurm on a login host, and learns from Slurm what became of them; the jobs' own files go first."""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time

from lazyimp.ship.host.paths import Refused, read_json, write_json

NOTE = "slurm.json"  # in the job's folder: Slurm's number for it, None while sbatch is asked
LOOK_S = 3  # between two questions to the controller, which all users share
ANSWER_S = 30
LAG_S = 3  # a shared folder may show the job's last words so much later than Slurm forgets the job
HARD_S = 45  # Slurm itself waits 30 s between asking and killing
WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT")
OVER = (
    "BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
    "REVOKED", "TIMEOUT",
)  # fmt: skip
VERDICTS = {"CANCELLED": "cancelled", "TIMEOUT": "timeout", "DEADLINE": "timeout", "OUT_OF_MEMORY": "failed"}
_last: "dict[str, object]" = {}  # the last answer of the controller, and when it came


def submit(root, wish, folder):
    """Have sbatch run the job's supervisor; raises Refused with what sbatch says. `wish["sbatch"]`: its options."""
    words = [
        "sbatch", "--parsable", f"--job-name={_name(wish['id'])}", f"--chdir={folder}", "--no-requeue",
        "--nodes=1", "--ntasks=1", "--open-mode=append",
        f"--output={os.path.join(folder, 'supervisor.log').replace('%', '%%')}",
        f"--signal=B:USR1@{int(wish.get('grace_s', 10)) + 5}",  # before Slurm's own limit ends the job
    ]  # fmt: skip
    for each in wish["sbatch"]:
        if not isinstance(each, str) or not each.startswith("--"):
            raise Refused(f"{each!r} is no option for sbatch")
    run = [sys.executable, "-I", os.path.abspath(sys.argv[0]), root.path, "supervise", wish["id"]]
    script = f"#!/bin/sh\nexec {shlex.join(run)}\n"
    note = os.path.join(folder, NOTE)
    write_json(note, {"id": None})
    said, trouble = _said([*words, *wish["sbatch"]], script)
    if said is None:
        raise Refused(f"Slurm does not take the job: {trouble}")
    found = re.fullmatch(r"(\d+)(;.*)?", (said.strip().splitlines() or [""])[-1])
    if found is None:
        raise Refused(f"sbatch answers {said.strip()[:200]!r}, which is no number of a job")
    write_json(note, {"id": found[1]})
    _last.clear()


def is_ours(folder):
    """Whether the job in this folder was handed to Slurm."""
    return os.path.exists(os.path.join(folder, NOTE))


def state_of(job, folder, state, ended):
    """The job's state: as its supervisor wrote it down, or as Slurm tells of one that waits, or that was cut off."""
    note = read_json(os.path.join(folder, NOTE), {})
    state = {**state, "slurm": note.get("id")}
    if state["state"] in ended:
        return state
    if state["state"] == "starting":
        state["state"] = "queued"
    rows, trouble = _queue()
    if rows is None:
        return {**state, "why": f"Slurm does not answer: {trouble}"}
    known = (note["id"], 0) if note.get("id") else (_name(job), 2)
    row = next((each for each in rows if each[known[1]] == known[0]), None)
    if row is not None and row[1] not in OVER:
        if row[0] != note.get("id"):  # whoever asked sbatch was killed before it could note the number
            write_json(os.path.join(folder, NOTE), {**note, "id": row[0]})
        if row[1] in WAITING and state["state"] == "queued":
            return {**state, "why": f"Slurm: {row[1].lower()} ({row[4]})", "slurm": row[0]}
        if state["state"] == "queued":
            return {**state, "state": "starting", "slurm": row[0]}
        return {**state, "slurm": row[0]}
    if row is None and not note.get("id") and time.time_ns() - state.get("asked_ns", 0) < 2 * ANSWER_S * 1e9:
        return state  # sbatch may be at it
    never_ran = row is not None and not row[3] and state["state"] == "queued"
    return _over(folder, state, note, row[1] if row else "", ended, 0 if never_ran else LAG_S)


def _over(folder, state, note, word, ended, lag_s):
    """Slurm has done with a job whose supervisor has not said how it ended, perhaps not yet."""
    gone_ns = note.get("gone_ns") or time.time_ns()
    if "gone_ns" not in note:
        write_json(os.path.join(folder, NOTE), {**note, "gone_ns": gone_ns})
    if time.time_ns() - gone_ns < lag_s * 1e9:
        return state
    path = os.path.join(folder, "state.json")
    last = read_json(os.path.join(folder, "last.json")) or read_json(path, state)
    if last["state"] in ended:
        return {**last, "slurm": note.get("id")}
    word = word or _accounted(note.get("id"))
    cancelled = os.path.exists(os.path.join(folder, "cancel"))
    hint = ""
    verdict = "cancelled" if cancelled else VERDICTS.get(word, "lost")
    if state["state"] == "queued" and word in ("FAILED", "COMPLETED"):
        verdict = "failed"  # it could not even start its supervisor
        hint = "do its nodes see this folder, and the python3 of this host?"
    why = f"Slurm says {word}" if word else "Slurm knows it no more, and nothing tells how it ended"
    said = _tail(os.path.join(folder, "supervisor.log")) or hint
    last = {**last, "state": verdict, "why": f"{why}: {said}" if said else why, "ended_ns": time.time_ns()}
    write_json(path, last)
    with contextlib.suppress(OSError):  # of a job that never began
        os.unlink(os.path.join(folder, "secrets"))
    return {**last, "slurm": note.get("id")}


def cancel(job, folder, state_of_job, grace_s, ended):
    """End a job that waits, or ask its supervisor to end one that runs; by force after the grace."""
    number = str(read_json(os.path.join(folder, NOTE), {}).get("id") or "")
    chosen = [number] if number else [f"--name={_name(job)}"]
    _said(["scancel", "--state=PENDING", *chosen])
    asked, forced = False, False
    end = time.monotonic() + grace_s + 10
    while True:
        _last.clear()
        state = state_of_job()
        if state["state"] in ended:
            return state
        if state["state"] == "running" and not asked:
            _said(["scancel", "--batch", "--signal=TERM", *chosen])  # it also looks for the file `cancel`
            asked = True
        if time.monotonic() > end:
            if forced:
                return state
            _said(["scancel", *chosen])
            forced, end = True, time.monotonic() + HARD_S
        time.sleep(0.5)


def _name(job):
    return f"lazyimp-{job}"


def _queue():
    """[number, state, name, nodes, reason] of this user's jobs, those that ended just now, too; or the trouble."""
    if not _last or time.monotonic() - _last["at"] > LOOK_S:
        words = [
            "squeue", "--noheader", "--states=all", f"--user={os.geteuid()}", "--format=%i|%T|%j|%N|%r",
        ]  # fmt: skip
        said, trouble = _said(words)
        rows = None
        if said is not None:
            rows = [row for row in (line.split("|") for line in said.splitlines()) if len(row) == 5]
        _last.update(at=time.monotonic(), rows=rows, trouble=trouble)
    return _last["rows"], _last["trouble"]


def _accounted(number):
    """The state that Slurm's accounting has for a job, where there is any."""
    if not number:
        return ""
    said, _ = _said(
        ["sacct", "--noheader", "--parsable2", "--allocations", f"--jobs={number}", "--format=State"]
    )
    return (said or "").strip().split(" ")[0].split("\n")[0]


def _said(words, text=""):
    """What a command of Slurm's prints, or None and the end of what it complains of."""
    try:
        done = subprocess.run(
            words, input=text.encode(), capture_output=True, timeout=ANSWER_S, check=False
        )  # fmt: skip
    except FileNotFoundError:
        return None, f"there is no {words[0]} here"
    except subprocess.TimeoutExpired:
        return None, f"{words[0]} was silent for {ANSWER_S} s"
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"{words[0]} failed"]
        return None, "; ".join(told)[-600:]
    return done.stdout.decode("utf-8", "replace"), ""


def _tail(path):
    with contextlib.suppress(OSError), open(path, "rb") as file:
        file.seek(max(os.path.getsize(path) - 2000, 0))
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1][-300:] if lines else ""
    return ""
