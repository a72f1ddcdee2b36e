"""Watches over one job: starts it in a process group of its own, keeps its output and its exit status."""

import os
import signal
import subprocess
import time

from .environments import python_of
from .jobs import process_start
from .paths import read_json, write_json


def supervise(root, job):
    """Run the job to its end. Called in a session of its own, whose standard streams lead nowhere."""
    folder = root.place("jobs", job)
    wish = read_json(os.path.join(folder, "job.json"))
    state = {
        "state": "running", "supervisor": os.getpid(), "supervisor_start": process_start(os.getpid()),
        "asked_ns": read_json(os.path.join(folder, "state.json"), {}).get("asked_ns"), "started_ns": time.time_ns(),
    }  # fmt: skip
    note = os.path.join(folder, "state.json")
    signal.signal(signal.SIGUSR1, lambda *_: None)  # wakes the loop below
    try:
        child = _start(root, wish, folder)
    except OSError as error:
        with open(os.path.join(folder, "err.log"), "ab") as file:
            file.write(f"cannot start {wish['command'][0]!r}: {error.strerror}\n".encode())
        write_json(note, {**state, "state": "failed", "status": 127, "ended_ns": time.time_ns()})
        return
    state["group"] = child.pid
    write_json(note, state)
    end = _watch(child, wish, folder)
    _kill_group(child.pid, signal.SIGKILL)  # what the command left running
    status = child.returncode
    word = end or ("done" if status == 0 else "failed")
    write_json(note, {**state, "state": word, "status": status, "ended_ns": time.time_ns()})


def _start(root, wish, folder):
    env = {**os.environ, **wish.get("env", {})}
    secrets = os.path.join(folder, "secrets")
    env.update(read_json(secrets, {}))
    if os.path.exists(secrets):
        os.unlink(secrets)
    code = [root.place("code", digest) for digest in wish.get("code", ())]
    if code:
        env["PYTHONPATH"] = os.pathsep.join([*code, *filter(None, [env.get("PYTHONPATH")])])
    words = list(wish["command"])
    if wish.get("environment"):
        python = python_of(root, wish["environment"])
        env["PATH"] = os.path.dirname(python) + os.pathsep + env.get("PATH", os.defpath)
        env["VIRTUAL_ENV"] = os.path.dirname(os.path.dirname(python))
        words = [python if word == "{python}" else word for word in words]
    words = [word.replace("{code}", code[0]) if code else word for word in words]
    with (
        open(os.path.join(folder, "out.log"), "ab") as out,
        open(os.path.join(folder, "err.log"), "ab") as err,
    ):
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env,
            cwd=os.path.join(folder, "work"), start_new_session=True,
        )  # fmt: skip


def _watch(child, wish, folder):
    """Wait for the command's end; "cancelled" or "timeout" if it was made to end."""
    limit = wish.get("limit_s")
    deadline = time.monotonic() + limit if limit else None
    asked = os.path.join(folder, "cancel")
    pause = 0.01
    while True:
        try:
            child.wait(pause)
            return None
        except subprocess.TimeoutExpired:
            pause = min(pause * 1.5, 0.5)
        if os.path.exists(asked):
            with open(asked) as file:
                _end(child, wish, float(file.read() or 0))
            return "cancelled"
        if deadline is not None and time.monotonic() > deadline:
            _end(child, wish, float(wish.get("grace_s", 10)))
            return "timeout"


def _end(child, wish, grace_s):
    """The wished signal to the whole group, then, after the grace, the one that nobody can refuse."""
    _kill_group(child.pid, getattr(signal, wish.get("signal") or "SIGTERM"))
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        _kill_group(child.pid, signal.SIGKILL)
        child.wait()


def _kill_group(group, number):
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        pass
