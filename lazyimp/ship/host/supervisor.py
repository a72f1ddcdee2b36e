"""Watches over one job: starts it in a process group of its own, keeps its output and its exit status."""

import json
import os
import shutil
import signal
import subprocess
import time

from lazyimp.ship.host import containers, processes
from lazyimp.ship.host.environments import python_of
from lazyimp.ship.host.jobs import process_start
from lazyimp.ship.host.paths import Refused, inside, read_json, write_json

SIGNALLED_S = 0.5  # within so much, a signal for all of the job has come to us, too
LAST, LAST_BYTES = "last.json", 4096  # blank, but where a full disk left no other place for the end


def supervise(root, job):
    """Run the job to its end; its exit status as a shell gives it. Called in a session of its own, or by Slurm."""
    asked = []  # by signal: "cancelled" or "timeout"
    signal.signal(signal.SIGTERM, lambda *_: asked.append("cancelled"))
    signal.signal(signal.SIGUSR1, lambda *_: asked.append("timeout"))
    folder = root.place("jobs", job)
    wish = read_json(os.path.join(folder, "job.json"))
    state = {
        "state": "running", "supervisor": os.getpid(), "supervisor_start": process_start(os.getpid()),
        "asked_ns": read_json(os.path.join(folder, "state.json"), {}).get("asked_ns"), "started_ns": time.time_ns(),
        "node": os.uname().nodename,
    }  # fmt: skip
    note = os.path.join(folder, "state.json")
    with open(os.path.join(folder, LAST), "wb") as file:
        file.write(b" " * LAST_BYTES)
    processes.adopt_orphans()
    try:
        child = _start(root, wish, folder)
    except (OSError, Refused) as error:
        why = error.strerror if isinstance(error, OSError) else error
        with open(os.path.join(folder, "err.log"), "ab") as file:
            file.write(f"cannot start {wish['command'][0]!r}: {why}\n".encode())
        _note_end(folder, {**state, "state": "failed", "status": 127, "ended_ns": time.time_ns()})
        return 127
    state.update(group=child.pid, group_start=process_start(child.pid))
    write_json(note, state)
    end = _watch(child, wish, folder, asked)
    processes.kill_all(child.pid)  # what the command left running; its number is kept by the dead leader
    status = child.wait()
    if wish.get("image"):
        containers.remove(containers.name_of(folder))
    word = end or ("done" if status == 0 else "failed")
    _note_end(folder, {**state, "state": word, "status": status, "ended_ns": time.time_ns()})
    return 128 - status if status < 0 else status


def _note_end(folder, state):
    """Write down how the job ended, on a disk that the job has filled, too: there was room for it before."""
    try:
        write_json(os.path.join(folder, "state.json"), state)
    except OSError:
        with open(os.path.join(folder, LAST), "r+b") as file:
            file.write(json.dumps(state).encode().ljust(LAST_BYTES))
            file.flush()
            os.fsync(file.fileno())


def _start(root, wish, folder):
    code = [root.place("code", digest) for digest in wish.get("code", ())]
    python = python_of(root, wish["environment"]) if wish.get("environment") else "python"
    own = python if wish.get("environment") or wish.get("image") or shutil.which(python) else "python3"
    work = os.path.join(folder, "work")
    cut = len(wish["command"]) - wish.get("arguments", 0)
    words = [own if word == "{python}" else word for word in wish["command"][:cut]]
    words = [word.replace("{code}", code[0]) if code else word for word in words]
    words = [word.replace("{work}", work) for word in words] + wish["command"][cut:]
    path = [_on_path(root, wish, digest) for digest in wish.get("code", ())]
    given = _given(wish, folder)
    if wish.get("image"):
        given.update({"PYTHONPATH": os.pathsep.join(path)} if path else {})
        words = containers.container_words(wish, folder, code, given) + words
        env = {**os.environ, **given}
    else:
        env = {**os.environ, **given}
        if (
            "PYTHONDONTWRITEBYTECODE" not in given
        ):  # the host's own say would have every job compile everything
            env.pop("PYTHONDONTWRITEBYTECODE", None)
        env = _in_environment(env, path, python)
    logs = [os.path.join(folder, name) for name in ("out.log", "err.log")]
    with open(logs[0], "ab") as out, open(logs[1], "ab") as err:
        return subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=work, start_new_session=True
        )


def _on_path(root, wish, digest):
    """What of a part goes on sys.path: its folder, or the archive that is all of it."""
    folder, archive = root.place("code", digest), wish.get("archives", {}).get(digest)
    return inside(folder, archive) if archive else folder


def _given(wish, folder):
    """The variables of the job; the file of its secrets is gone after this."""
    secrets = os.path.join(folder, "secrets")
    found = dict(wish.get("env", {}))
    found.update({name: _filled(found[name], folder) for name in found if name.startswith("LAZYIMP_")})
    found.update(read_json(secrets, {}))
    if os.path.exists(secrets):
        os.unlink(secrets)
    return found


def _in_environment(env, code, python):
    """The variables of a command that finds the code and, where it has one of its own, the environment."""
    if code:
        env["PYTHONPATH"] = os.pathsep.join([*code, *filter(None, [env.get("PYTHONPATH")])])
    if python != "python":
        prefix = os.path.dirname(os.path.dirname(python))
        env["PATH"] = os.path.dirname(python) + os.pathsep + env.get("PATH", os.defpath)
        is_conda = os.path.isdir(os.path.join(prefix, "conda-meta"))
        env["CONDA_PREFIX" if is_conda else "VIRTUAL_ENV"] = prefix
    return env


def _filled(value, folder):
    """An environment value of ours: the job's folder, and the time at which the command starts."""
    return value.replace("{job}", folder).replace("{now_ns}", str(time.time_ns()))


def _watch(child, wish, folder, by_signal):
    """Wait for the command's end; "cancelled" or "timeout" if it was made to end, by a file, a signal or its limit."""
    limit, number = wish.get("limit_s"), getattr(signal, wish.get("signal") or "SIGTERM")
    deadline = time.monotonic() + limit if limit else None
    asked = os.path.join(folder, "cancel")
    pause = 0.01
    while True:
        if processes.has_ended(child.pid, pause):
            # whoever signals us may have signalled the command, too, and a little earlier
            if processes.was_ended(child.pid) and not by_signal:
                time.sleep(SIGNALLED_S)
            return by_signal[0] if by_signal else None
        pause = min(pause * 1.5, 0.2)
        if os.path.exists(asked):
            with open(asked) as file:
                processes.end(child.pid, number, float(file.read() or 0))
            return "cancelled"
        if by_signal or (deadline is not None and time.monotonic() > deadline):
            processes.end(child.pid, number, float(wish.get("grace_s", 10)))
            return by_signal[0] if by_signal else "timeout"
