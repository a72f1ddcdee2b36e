"""Jobs: started in a session of their own, so that they outlive whoever started them; asked about, cancelled, swept."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import time

from lazyimp.ship.host import containers, resources, slurm
from lazyimp.ship.host.leaving import leave
from lazyimp.ship.host.paths import Refused, inside, read_json, write_json

STARTED_WITHIN_S = 20
SPARED_S = 86400  # what was made or asked for since then is not swept, but for jobs that ended
ENDED = ("done", "failed", "cancelled", "timeout", "lost")


def start(root, wish):
    """Start the job `wish["id"]`; returns its state. A job of that id is refused: two clients cannot both start it.

    `wish`: id, command (words), env ({name: value}), secrets ({name: value}, kept in a file of mode 0600 until
    the job has them), environment (its name, or None for `python`), python, code ([digests] in the order of sys.path),
    archives ({digest: the archive that is all of the part, and goes on sys.path itself}), inputs ({path in the
    working folder: blob}), outputs ([patterns]), limit_s, grace_s, signal, arguments (how many words at the command's
    end are taken as they are), image (in place of the environment), resources ({gpus, cpus, memory_bytes}), sbatch
    (options for Slurm, which then runs the job).
    """
    folder = root.place("jobs", wish["id"])
    made = root.temporary("job")
    try:
        if wish.get("sbatch") is None:  # else the node that Slurm chooses is another machine
            resources.refuse_too_much(wish.get("resources") or {})
        _prepare(root, wish, made)
        with _chosen_gpus(root, wish, made):
            os.rename(made, folder)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise Refused(f"job {wish['id']!r} is there already; attach to it, or take another name") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if wish.get("sbatch") is not None:
        try:
            slurm.submit(root, wish, folder)
        except Refused:
            root.discard(folder)
            raise
        return state_of(root, wish["id"])
    leave(root, wish["id"], folder)
    return wait_for(root, wish["id"], lambda state: state["state"] != "starting", STARTED_WITHIN_S)


@contextlib.contextmanager
def _chosen_gpus(root, wish, folder):
    """Give the job its GPUs, alone until others can see which ones."""
    count = (wish.get("resources") or {}).get("gpus", 0)
    if not count or wish.get("sbatch") is not None:
        yield
        return
    with root.lock("gpus"):
        running = [state for state in listing(root) if state["state"] not in ENDED]
        wish["gpu_ids"] = resources.choose_gpus(root, count, running)
        wish["env"] = {**wish.get("env", {}), "CUDA_VISIBLE_DEVICES": ",".join(wish["gpu_ids"])}
        write_json(os.path.join(folder, "job.json"), wish)
        yield


def _prepare(root, wish, folder):
    """Everything a job has before it starts, in a folder that nobody sees yet."""
    work = os.path.join(folder, "work")
    os.makedirs(work, mode=0o700)
    sources = [[root.place("blobs", blob), name] for name, blob in sorted(wish.get("inputs", {}).items())]
    sources += [[inside(root.place("code", digest), name), to] for digest, name, to in wish.get("place", ())]
    for source, name in sources:
        path = inside(work, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(source, path)
    secrets = wish.pop("secrets", None)
    if secrets:
        descriptor = os.open(os.path.join(folder, "secrets"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(secrets, file)
    write_json(os.path.join(folder, "job.json"), wish)
    write_json(os.path.join(folder, "state.json"), {"state": "starting", "asked_ns": time.time_ns()})


def state_of(root, job):
    """The state of a job; one whose supervisor is gone without a word is "lost"."""
    folder = root.place("jobs", job)
    state = read_json(os.path.join(folder, "state.json"))
    if state is None:
        raise Refused(f"there is no job {job!r} on this host")
    if slurm.is_ours(folder):
        state = slurm.state_of(job, folder, state, ENDED)
    elif _is_lost(state):
        state = read_json(os.path.join(folder, "state.json"), state)  # it may have ended just now
        if _is_lost(state):
            state = read_json(os.path.join(folder, "last.json")) or {**state, "state": "lost"}
            with contextlib.suppress(OSError):  # of a job that nobody started
                os.unlink(os.path.join(folder, "secrets"))
    sizes = {name: _size(os.path.join(folder, f"{name}.log")) for name in ("out", "err")}
    return {"id": job, **state, "sizes": sizes}


def _is_lost(state):
    if state["state"] == "starting":
        return time.time_ns() - state["asked_ns"] > 3 * STARTED_WITHIN_S * 1e9
    return state["state"] == "running" and not _alive(state.get("supervisor"), state.get("supervisor_start"))


def wait_for(root, job, is_right, within_s):
    """The state of the job once it is right, or when the time is over."""
    end = time.monotonic() + within_s
    while True:
        state = state_of(root, job)
        if is_right(state) or time.monotonic() > end:
            return state
        time.sleep(0.2 if "slurm" in state else 0.02)  # the folder may be a shared one


def cancel(root, job, grace_s):
    """Ask the job's process group to end, and kill it after `grace_s`; returns its state."""
    folder, state = root.place("jobs", job), state_of(root, job)
    if (
        state["state"] == "lost"
        and "slurm" not in state
        and _alive(state.get("group"), state.get("group_start"))
    ):
        os.killpg(state["group"], signal.SIGKILL)  # nobody is left to wait for it
        if read_json(os.path.join(root.place("jobs", job), "job.json"), {}).get("image"):
            containers.remove(containers.name_of(root.place("jobs", job)))
    if state["state"] in ENDED:
        return state
    with open(os.path.join(folder, "cancel"), "w") as file:
        file.write(str(float(grace_s)))  # the supervisor looks for it
    if "slurm" in state:
        return slurm.cancel(job, folder, lambda: state_of(root, job), float(grace_s), ENDED)
    return wait_for(root, job, lambda state: state["state"] in ENDED, float(grace_s) + 10)


def listing(root):
    """All jobs, the newest first."""
    names = os.listdir(os.path.join(root.path, "jobs"))
    found = []
    for name in names:
        try:
            found.append(state_of(root, name))
        except Refused:
            continue
    return sorted(found, key=lambda each: (-each.get("asked_ns", 0), each["id"]))


def sweep(root, older_s):
    """Remove ended jobs older than `older_s`, and code, environments and blobs that no job left uses; what went."""
    now, gone, used = time.time(), [], set()
    spared_s = max(older_s, SPARED_S)  # somebody may be about to use what is new
    for state in listing(root):
        folder = root.place("jobs", state["id"])
        if state["state"] in ENDED and now - state.get("ended_ns", state.get("asked_ns", 0)) / 1e9 > older_s:
            root.discard(folder)
            gone.append(f"jobs/{state['id']}")
            continue
        wish = read_json(os.path.join(folder, "job.json"), {})
        used.update([wish.get("environment"), *wish.get("code", ()), *wish.get("inputs", {}).values()])
    for kind in ("code", "envs", "blobs", "tmp"):
        for name in sorted(os.listdir(os.path.join(root.path, kind))):
            path = os.path.join(root.path, kind, name)
            if name.split(".json")[0] in used or now - os.lstat(path).st_mtime < spared_s:
                continue
            root.discard(path) if os.path.isdir(path) else os.unlink(path)
            gone.append(f"{kind}/{name}")
    return gone


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _size(path):
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def process_start(pid):
    """When a process started, in the system's ticks: a number used again belongs to another process.

    None where it is not known, and for one that has ended and was not waited for.
    """
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
            return None if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        return None


def _alive(pid, started):
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return started is None or process_start(pid) == started
